/* tools.h: which pg_dump and pg_restore there are, and which is right for a server or an archive. */
#ifndef CMMS_TOOLS_H
#define CMMS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "cancel.h"
#include "error.h"

typedef struct Tool {
    char *path;    /* full path of the executable */
    char *version; /* "18.6", as `--version` says */
    int major;     /* 18; 0 when it did not answer */
    char *problem; /* why it cannot be used ("a DLL that it needs is missing: LIBPQ.dll"), or NULL */
} Tool;

typedef struct Tools {
    Tool *dump;
    size_t dump_count;
    Tool *restore;
    size_t restore_count;
} Tools;

void tools_init(Tools *tools);
void tools_release(Tools *tools);

/* Looks in CMMS_BACKUP_TOOLS (a list of folders; when set, nowhere else), the program's own tools\NN folders,
 * the registry, Program Files and PATH, and asks each found once for its version, for at most 20 seconds (or
 * CMMS_TOOL_SECONDS). */
bool tools_find(Tools *tools, const Cancel *cancel, Error *err);

/* The same in the folders given, and nowhere else. */
bool tools_find_in(const char *const *dirs, size_t dir_count, Tools *tools, const Cancel *cancel, Error *err);

/* The dump tool for a server: its own major, else the next newer. EK_TOOL with a hint when there is none, when
 * the ones found do not start, or when the server is newer than all. *reason (caller frees) says why it was
 * chosen, for the log. Borrowed from tools. */
bool tools_pick_dump(const Tools *tools, int server_major, const Tool **tool, char **reason, Error *err);
/* A restore tool at least as new as `major`, the nearest. */
bool tools_pick_restore(const Tools *tools, int major, const Tool **tool, char **reason, Error *err);

/* "pg_dump (PostgreSQL) 18.6" → major 18 and "18.6". False for anything else. */
bool tools_parse_version(const char *line, int *major, char **version);

#endif
