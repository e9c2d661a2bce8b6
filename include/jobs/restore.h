/*
 * restore.h: brings a backup back, all or nothing (P5).
 *
 * The archive is read to its last byte first. It is restored into a new database beside the live one, with owners and
 * rights, counted there, and only then takes the live one's name (swap.h); the old one is kept, so that it can be
 * undone. Whatever fails before that, the new database is dropped and the live one was never touched. Before anything a
 * safety backup of the live database is made.
 */
#ifndef CMMS_RESTORE_H
#define CMMS_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "jobs/swap.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "store/manifest.h"

typedef struct RestoreSpec {
    const Connection *server; /* its database is the live one, which need not exist any more */
    const char *to;           /* the name of a new database instead: nothing that is there is touched; NULL: replace */
    const char *folder;       /* the backup folder: of the safety backup and of the log */
    bool no_safety;           /* a safety backup was declined */
    bool foreign;             /* a file without a manifest of ours may be restored: what is in it runs with the user's
                                 rights, before anybody has looked at it */
    bool sort_as_live;        /* where the server cannot sort as the source did: as the live database does */
} RestoreSpec;

typedef struct RestoreResult {
    char *database;  /* that holds the backup now */
    char *kept;      /* under which name the one that was live is kept; NULL: there was none, or it was not touched */
    char *safety;    /* the path of the safety backup; NULL: none */
    char **notes;    /* what is otherwise than it was, in words: an owner that is not there, a right that could not be
                        given, a rule that refuses rows it once let in */
    size_t note_count;
    size_t tables;
    int64_t rows, large_objects;
    double seconds;
} RestoreResult;

void restore_result_init(RestoreResult *result);
void restore_result_release(RestoreResult *result);

/* EK_DAMAGED: the archive, or what came back is not what it holds. EK_REFUSED: rights. EK_BUSY: another restore, or
 * somebody who cannot be sent away. EK_SETTINGS: the target cannot be one. EK_TOOL: pg_restore failed. In each case the
 * live database is as it was, unless the error says otherwise. */
bool restore_backup(const char *path, const RestoreSpec *spec, const JobSink *sink, const Cancel *cancel,
                    RestoreResult *result, Error *err);

/* Those that restores of this database replaced and that are kept, the newest first; mends what one left first. */
bool restore_list_kept(const Connection *server, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                       size_t *count, Error *err);

/* Gives the live name back to one that is kept: `kept`, or the newest where that is NULL. The one that had it is kept
 * in its turn: result->kept. */
bool restore_undo(const Connection *server, const char *kept, const char *folder, const JobSink *sink,
                  const Cancel *cancel, RestoreResult *result, Error *err);

#endif
