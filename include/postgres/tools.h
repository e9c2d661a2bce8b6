/*
 * tools.h: which pg_dump and pg_restore there are, and which is right for a server or an archive.
 *
 * Ours first. The tools that come with the program are what was tested, carry a manifest that says UTF-8 (so that a
 * password or a profile folder beyond the ANSI code page reaches them), and lie where others cannot put theirs. One
 * found on the PC (EDB's installer leaves them in the registry and Program Files; PATH is not looked at, because
 * anybody may have a folder in it) is started only when ours do not do:
 *
 *   1. the server's own major, else the next newer one, ours or found: the archive of a newer major can only be
 *      restored with that, and into that;
 *   2. of one major: one that is at least of the server's minor. A newer minor may keep what an older pg_dump does
 *      not know (pg_attver, November 2026), and has its repairs. That is why a found tool may win over ours here;
 *   3. then ours, then the newest.
 *
 * Where a password or a path holds letters beyond ASCII, found tools come last: on Windows they would not read it.
 */
#ifndef CMMS_TOOLS_H
#define CMMS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "platform/cancel.h"

typedef enum ToolOrigin {
    TOOL_OURS,  /* in the program's own tools\NN, or in a folder that CMMS_BACKUP_TOOLS names */
    TOOL_FOUND, /* installed on this PC */
} ToolOrigin;

typedef struct Tool {
    char *path;    /* full path of the executable */
    char *version; /* "18.6", as `--version` says; NULL when it has not answered */
    int major;     /* 18; 0 when it did not answer */
    int minor;     /* 6; -1 of a beta, and when it did not answer */
    char *problem; /* why it cannot be used ("a DLL that it needs is missing: LIBPQ.dll"), or NULL. Neither version nor
                      problem: it has not been asked yet */
    ToolOrigin origin;
} Tool;

typedef struct Tools {
    Tool *dump;
    size_t dump_count;
    Tool *restore;
    size_t restore_count;
} Tools;

void tools_init(Tools *tools);
void tools_release(Tools *tools);

/* Looks in CMMS_BACKUP_TOOLS (a list of folders; when set, nowhere else), else in the program's own tools\NN folders,
 * the registry and Program Files (POSIX: /usr/lib/postgresql), but not on network drives, which may be dead. Ours are
 * asked for their version, each for at most 20 seconds (or CMMS_TOOL_SECONDS); when they are needed, found ones and
 * those in a folder that is named for a major (tools\NN). An answer is kept for as long as this process runs and the
 * file has the same size and time. */
bool tools_find(Tools *tools, const Cancel *cancel, Error *err);
/* Asks those too that are asked when they are needed: to tell of them. */
bool tools_ask_all(Tools *tools, const Cancel *cancel, Error *err);

/* The same in the folders given, and nowhere else: the first `ours` of them are ours. */
bool tools_find_in(const char *const *dirs, size_t dir_count, size_t ours, Tools *tools, const Cancel *cancel,
                   Error *err);

typedef struct ToolNeed {
    int server_version; /* 170012, as libpq tells it; 0: any */
    bool beyond_ascii;  /* see connection_beyond_ascii */
} ToolNeed;

/* The dump tool for a server. EK_TOOL with a hint when there is none, when the ones found do not start, when the server
 * is newer than all or older than the tool saves, or when the archive would be newer than we can read (archive.h).
 * *reason (caller frees) says why it was chosen, for the log; *warning (caller frees), or NULL, that it is older than
 * the server. Borrowed from tools. */
bool tools_pick_dump(Tools *tools, const ToolNeed *need, const Cancel *cancel, const Tool **tool, char **reason,
                     char **warning, Error *err);
/* A restore tool at least as new as `major`, the nearest, ours first. */
bool tools_pick_restore(Tools *tools, int major, const Cancel *cancel, const Tool **tool, char **reason, Error *err);

/* "pg_dump (PostgreSQL) 18.6" → major 18 and "18.6". False for anything else. */
bool tools_parse_version(const char *line, int *major, char **version);
int tools_minor(const char *version); /* 6 of "18.6"; -1 of "19beta1" */

/* What speaks against a tool's release (releases.h), with its path; NULL: nothing, or it has not answered. `name`:
 * "pg_dump". Caller frees. */
char *tools_complaint(const Tool *tool, const char *name);

#endif
