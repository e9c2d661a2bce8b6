/*
 * pgrestore.h: pg_restore reads an archive: to list what is in it (the guide's own check of a backup), or to restore
 * it. The archive is its stdin, so that its path does not pass through a command line. How it is watched: client.h.
 */
#ifndef CMMS_PGRESTORE_H
#define CMMS_PGRESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/client.h"
#include "postgres/connection.h"
#include "postgres/tools.h"

/* *table_data: so many tables with data are listed. EK_DAMAGED when pg_restore refuses the file, EK_TOOL when it fails
 * by itself, or says nothing for `stall_seconds`. */
bool pgrestore_list(const Tool *restore, const char *path, unsigned stall_seconds, const Cancel *cancel,
                    size_t *table_data, Error *err);

/* All is borrowed. */
typedef struct PgRestoreSpec {
    const Tool *tool;
    const char *path;             /* of the archive */
    const Connection *connection; /* resolved: the database that is filled */
    const char *session;          /* its application_name there */
    const char *cwd;              /* the folder of `list` */
    const char *list;             /* its file's name, plain ASCII: which entries, in which order */
    bool owners;                  /* entries are given their owners; their rights never */
    /* What it would say to the server, which it is not led to then; false ends it. NULL: it restores by itself. */
    bool (*script)(void *context, const char *bytes, size_t len);
    void (*line)(void *context, const char *line); /* as it came: redact_words */
    void (*tick)(void *context, uint64_t written); /* 0: it writes no file */
    unsigned stall_seconds;
    bool (*still_working)(void *context);
    void *context;
} PgRestoreSpec;

/* It stops at the first error, and says by lines where and why. As client_run: true when it ended, with whatever code.
 * False also where the archive cannot be opened (fs_open_read). */
bool pgrestore_run(const PgRestoreSpec *spec, const Cancel *cancel, ClientResult *result, Error *err);

#endif
