/*
 * backup.h: makes one backup: preflight, dump, check, commit.
 *
 * The order is the promise (P1, P3, P4): lock the folder, clean up what an interrupted run left, check
 * settings, tools, server and space; pg_dump writes NAME.backup.partial, whose handle is its stdout, and our own
 * reader follows it, decodes every block and counts; flush; pg_restore --list reads it; the reader hashes it and
 * makes sure that it is what was decoded; the manifest is written;
 * the rename to NAME.backup commits. Anything before the rename that fails removes the partial and the
 * manifest, writes a `failed` entry to the log and returns an Error. Is the partial held open by another program, the
 * rename waits up to ten minutes; then both stay, and the next run finishes them.
 *
 * A backup that is made is LEVEL_VERIFIED; but LEVEL_LISTED, with a warning, where the session that counts was lost
 * twice, so that its rows could not be compared with the database's. Its name and `started` are one moment.
 */
#ifndef CMMS_BACKUP_H
#define CMMS_BACKUP_H

#include <stdbool.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "store/manifest.h"

typedef struct BackupSpec {
    Connection connection;
    char *folder;          /* chosen with folder_choose */
    char *fallback;        /* its words, where another was wanted: a warning that stays in the manifest; or NULL */
    bool keep_all;         /* no clean-up afterwards */
    bool locked;           /* the caller has a session with the database's lock (pg_lock_database) */
    const char *compression; /* NULL: by the settings and the tool; else "zstd:1", "gzip", "none", … static */
} BackupSpec;

typedef struct BackupResult {
    char *path;            /* the finished backup */
    Manifest manifest;
} BackupResult;

void backup_result_init(BackupResult *result);
void backup_result_release(BackupResult *result);

/* Under the folder's lock: gives its name to a backup of this computer that was whole but was held open by another
 * program when it was to get it; one that has changed since is removed. What became of it is told and logged, and what
 * cannot be done now stays for the next time. Before folder_clean_up, which leaves such pairs. */
void backup_finish_left(const char *folder, const JobSink *sink, const Cancel *cancel);

bool backup_run(const BackupSpec *spec, const JobSink *sink, const Cancel *cancel, BackupResult *result, Error *err);

#endif
