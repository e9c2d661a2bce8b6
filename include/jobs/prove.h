/*
 * prove.h: restores a backup into an empty database that nobody else uses, counts what came back, and takes all of
 * it away again. The database that was backed up is never touched.
 */
#ifndef CMMS_PROVE_H
#define CMMS_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "store/manifest.h"

typedef struct ProveSpec {
    /* NULL: the bundled engine, in a folder of its own below machine_local_data_dir that is removed afterwards.
     * Else a server on which a database with a random name is made, and dropped afterwards whatever happens. */
    const Connection *server;
    /* The outcome is kept in the manifest (made for a file without one) and in the folder's log, under the folder's
     * lock; in a folder that may only be read see not_kept. Else the file is only read. */
    bool record;
} ProveSpec;

typedef struct ProveResult {
    bool proven;
    /* What keeps the backup from being restored on that server, in words ("the extension postgis is not part of
     * ..."); nothing is known against the backup then, and its level stays what it was. */
    char **not_provable;
    size_t not_provable_count;
    char **left_out; /* options of columns and tables that the server does not know (skew.h): "column option foo"; and
                        what nothing may set off while it is restored: "event trigger foo" */
    size_t left_out_count;
    char **unchecked; /* rules that refuse rows which the source holds, so that no restore can check them:
                         "public.orders.due_check"; left out, it was restored and counted all the same */
    size_t unchecked_count;
    Manifest manifest;      /* as it is now */
    char *where;            /* "PostgreSQL 18.1" */
    size_t tables_compared; /* counted after the restore, and as many rows as the backup holds */
    int64_t rows;           /* in them */
    int64_t large_objects, sequences, indexes, constraints; /* found there */
    double seconds;
    char *not_kept; /* why the outcome could not be written down; NULL: it was, or was not to be */
} ProveResult;

void prove_result_init(ProveResult *result);
void prove_result_release(ProveResult *result);

/* An archive in several files (verify_file) is proven as well, and nothing of it is kept (not_kept).
 * True also where it could not be proven on that server: see result->proven. Every byte of the file is read first
 * (verify.h), and one that is damaged is refused before anything is started. EK_DAMAGED: it was restored, and what
 * came back is not what it holds. EK_TOOL: pg_restore failed, or the server did not start. EK_BUSY: another job has
 * the folder, or another backup is being proven on the engine by this user. EK_SPACE: too little room for the restored
 * database. What an interrupted run left is removed at the start. */
bool prove_backup(const char *path, const ProveSpec *spec, const JobSink *sink, const Cancel *cancel,
                  ProveResult *result, Error *err);

/* Removes the folders that interrupted proofs of this user left: each holds a copy of a database. Nothing where a proof
 * is under way, or where there is none. For the start of a program; what cannot be removed is only told. */
void prove_clean_up(const JobSink *sink);

#endif
