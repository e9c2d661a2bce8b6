/*
 * restore.h: brings a backup back, all or nothing (P5).
 *
 * The archive is read to its last byte first. It is restored into a new database beside the live one, with owners and
 * rights, counted there, and only then takes the live one's name (swap.h); the old one is kept, so that it can be
 * undone. Whatever fails before that, the new database is dropped and the live one was never touched. Before anything a
 * safety backup of the live database is made.
 *
 * Where the user may not create databases, and only where that was asked for (in_place): nobody can change the live
 * database any more, a safety backup is made, pinned and proven, and in the transaction that keeps the others out all
 * of it is dropped, loaded and counted. What the backup does not have is gone then, and only the safety backup has it.
 * What cannot be kept still or made again (large objects, what is somebody else's, …) is refused beforehand.
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

/* Hints that the console says in its own words (cli/hints.c). */
#define RESTORE_TRUST "If you know who made it and trust them, allow it. A proof restores it where it can do no harm."
#define RESTORE_LOOK \
    "As soon as the server can be reached, the list of the kept databases says it, and brings to its end what was " \
    "begun."

typedef struct RestoreSpec {
    const Connection *server; /* its database is the live one, which need not exist any more */
    const char *to;           /* the name of a new database instead: nothing that is there is touched; NULL: replace */
    const char *tables;       /* only these, "a, schema.b", into a new schema of the live database, where nothing that
                                 is there is touched. NULL: all of the backup */
    const char *to_schema;    /* its name; NULL: restored_ and the backup's moment */
    bool in_place;            /* the user may not create databases: into the live one itself, all of it or nothing, with
                                 a safety backup and without Undo */
    const char *folder;       /* the backup folder: of the safety backup and of the log */
    bool no_safety;           /* a safety backup was declined; the log says so */
    bool prove_safety;        /* the safety backup is proven on the bundled server (prove.h) before anything goes on */
    bool nobody;              /* nobody is signed in, for want of a manager who could be: looked at again */
    bool foreign;             /* a file without a manifest of ours may be restored: what is in it runs with the user's
                                 rights, before anybody has looked at it */
    const char *proven;       /* or one with this SHA-256, because it was proven first (preview.h); NULL: none was */
    bool sort_as_live;        /* where the server cannot sort as the source did: as the live database does */
} RestoreSpec;

typedef struct RestoreResult {
    char *database;  /* that holds the backup now */
    char *schema;    /* of it, that holds the tables now; NULL: all of it was restored */
    char *kept;      /* under which name the one that was live is kept; NULL: there was none, or it was not touched */
    char *safety;    /* the path of the safety backup; NULL: none */
    bool in_place;   /* so that only `safety` has what was there */
    char *unproven;  /* why that could not be proven here; NULL: it was, or was not to be */
    char *other_sort; /* when it failed because this server cannot sort as the source did (by this), and with
                         sort_as_live would not have; else NULL */
    char **notes;    /* what is otherwise than it was, in words: an owner that is not there, a right that could not be
                        given, a rule that refuses rows it once let in */
    size_t note_count;
    size_t tables;
    int64_t rows, large_objects;
    double seconds;
    int64_t entered;    /* rows that others entered or deleted after the safety backup: they are in `kept` alone, and
                           one of `notes` says so. -1: it is not known */
    size_t kept_count;  /* after a restore: of all that are kept for undo */
    int64_t kept_bytes; /* and what they take on the server */
} RestoreResult;

/* What the guide tells whoever has restored. */
extern const char restore_restart_words[];
/* How the log's entry of a restore of all that a backup holds begins; that of single tables does not. */
extern const char restore_log_words[];

void restore_result_init(RestoreResult *result);
void restore_result_release(RestoreResult *result);

/* Whoever replaces a live database types its name: the one consent for every front end. */
bool restore_is_consent(const Connection *server, const char *typed);

/* EK_DAMAGED: the archive, or what came back is not what it holds. EK_REFUSED: rights. EK_BUSY: another restore, or
 * somebody who cannot be sent away. EK_SETTINGS: the target cannot be one. EK_TOOL: pg_restore failed. In each case the
 * live database is as it was, unless the error says otherwise. */
bool restore_backup(const char *path, const RestoreSpec *spec, const JobSink *sink, const Cancel *cancel,
                    RestoreResult *result, Error *err);

/* When pg_connect to the live database failed (`why`): whether an interrupted restore left it without its name, or
 * closed. restore_mend_left brings that to its end, and says so in the log; true: it is worth connecting again. */
bool restore_was_left(const Connection *server, const Error *why, const Cancel *cancel);
bool restore_mend_left(const Connection *server, const Error *why, const JobSink *sink, const Cancel *cancel);

/* Those that restores of this database replaced and that are kept, the newest first; mends what one left first. */
bool restore_list_kept(const Connection *server, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                       size_t *count, Error *err);

/* And those that are kept by their marks, but belong to roles of whom that is not believed (swap.h). */
bool restore_list_others(const Connection *server, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                         size_t *count, Error *err);

typedef struct UndoSpec {
    const Connection *server;
    const char *kept;   /* NULL: the newest */
    bool others;        /* `kept` may be one of restore_list_others: somebody named it, and was told whose it is */
    const char *folder; /* of the log; NULL: none is written */
    bool nobody;        /* as in RestoreSpec */
} UndoSpec;

/* Gives the live name back to one that is kept. The one that had it is kept in its turn: result->kept. */
bool restore_undo(const UndoSpec *spec, const JobSink *sink, const Cancel *cancel, RestoreResult *result, Error *err);

/* --- how long they are kept ---------------------------------------------------------------------------------- */

/* By the folder's setting undo_days; 0: for ever, also where it is not known that somebody chose these settings: *why
 * says so (caller frees), else it is as it was. folder may be NULL. */
int restore_undo_days(const char *folder, char **why);

/* Which of those that restore_list_kept gave are to be dropped after so many days: never the newest, none in which rows
 * were entered that are in no backup, and none at all where an age is in doubt. goes: `count` of them. Returns how
 * many. A pure function. */
size_t restore_plan_kept(const KeptDatabase *kept, size_t count, int days, bool *goes);

/* "2 older databases are kept, for undo: 345.67 MB on the server", and what that means on Neon. Caller frees. */
char *restore_kept_text(const KeptDatabase *kept, size_t count);

typedef struct DropSpec {
    const Connection *server;
    const char *kept;   /* the one to drop; NULL: those whose time is over */
    const char *const *agreed; /* of those alone these, of which somebody was told; ends with NULL. NULL: all */
    bool last;          /* also where it is the last one: somebody was asked */
    const char *folder; /* of the settings and of the log; NULL: nothing is outdated, and no log is written */
} DropSpec;

typedef struct DropResult {
    char **names;
    size_t count;
    int64_t bytes; /* that they took */
    char *nothing; /* why none is outdated; NULL: some were, or one was named */
} DropResult;

/* For good. `result` is zeroed. EK_NOT_FOUND: none of that name is kept; EK_REFUSED: it is the last one, or the live
 * database is gone, so that it may be all that is left; EK_BUSY: somebody is in it, or another restore at work. */
bool restore_drop_kept(const DropSpec *spec, const JobSink *sink, const Cancel *cancel, DropResult *result, Error *err);
void restore_drop_release(DropResult *result);

#endif
