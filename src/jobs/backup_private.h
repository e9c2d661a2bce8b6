/*
 * backup_private.h: one backup's state, shared by backup.c, which has the order of the steps, and backup_take.c, which
 * takes the dump and the counts of one moment; nobody else includes it.
 */
#ifndef CMMS_BACKUP_PRIVATE_H
#define CMMS_BACKUP_PRIVATE_H

#include "archive/archive.h"
#include "base/progress.h"
#include "jobs/backup.h"
#include "jobs/verify.h"
#include "platform/fs.h"
#include "postgres/copywatch.h"
#include "postgres/counting.h"
#include "postgres/pg.h"
#include "postgres/snapshot.h"
#include "postgres/tools.h"
#include "store/catalog.h"
#include "store/settings.h"
#include "store/source.h"

#define MEGABYTE (1024.0 * 1024.0)
/* The parts of the whole. */
#define PART_PREPARED 0.02
#define PART_DUMPED 0.90
#define PART_COUNTED 0.91
#define PART_LISTED 0.92
#define PART_CHECKED 0.99

typedef struct Run {
    const JobSink *sink;
    const Cancel *cancel;
    ProgressMeter meter;
    Connection connection; /* resolved */
    Settings settings;
    Tools tools;
    const Tool *dump_tool, *restore_tool; /* borrowed from tools */
    FsLock *lock;
    Pg *pg;
    int server_version;
    Snapshot snapshot;
    Counting *counting; /* NULL: has not begun, or has ended */
    char *weakness;     /* of the connection, or NULL */
    char *job;          /* our word for this run: the sessions' names end with it */
    char *session;      /* the dump's application_name */
    const char *compression;
    char *name, *path, *partial, *manifest_path;
    bool partial_made, manifest_made, committed;
    bool fallback; /* it is not in the folder that was wanted */
    bool kept; /* all but its name is done, and the next run gives it */
    bool keep_all; /* the shrink alarm could not be raised as it should, or a clock is wrong: nothing is removed */
    Manifest origin; /* whose it is, as the server says (source_ask) */
    FsFile *file;
    ArchiveFollower *follower; /* reads the partial while pg_dump writes it */
    int64_t started;
    uint64_t started_ms;
    bool repeated;  /* the dump was begun again */
    bool lost;      /* once because the session was lost */
    unsigned begun; /* how often, where the tables had changed */
    bool dumped;    /* pg_dump succeeded */
    bool bytes;     /* the archive is to be in the database's own encoding, though it is none of those (snapshot.h) */
    bool locked;    /* the caller has the database's lock */
    bool uncounted; /* the counts were lost: the backup is not Verified */
    CatalogLast last;    /* the last backup of this database */
    uint64_t room;       /* bytes that should be free for this one */
    /* While pg_dump runs: */
    Cancel *stop;  /* its own: requested when the run's is, or when the counts are lost */
    CopyWatch *copies;
    TableMeter tables;
    const SnapshotTable *table; /* that is being saved; NULL: none that is known */
    uint64_t dump_ms;           /* when it began */
    char **warnings;
    size_t warning_count;
    VerifyResult verified;
} Run;

/* A warning is logged at once and kept for the manifest. */
void backup_warn(Run *run, const char *text);
unsigned backup_stall_seconds(const Run *run);
bool backup_cancelled(const Run *run, Error *err);

bool backup_connect(Run *run, Error *err);
/* From here on a question that takes no time: nobody wants to wait for its answer as long as for a count. */
void backup_be_impatient(Run *run);
/* Ends what the server still has of that job, which has ended, and takes the database's lock, which it may have had. */
bool backup_lock_database(Run *run, const char *folder, const char *ended_job, Error *err);
bool backup_open_snapshot(Run *run, Error *err);

/* The dump and the counts of one snapshot; see backup_take.c. */
bool backup_take(Run *run, const char *folder, Error *err);
/* Ends the counting, if there is one; what it did not manage is a warning, except that its session was lost. */
bool backup_stop_counting(Run *run, bool stop, Error *err);
void backup_stop_following(Run *run);

/* Renames the partial, and waits for minutes for a program that holds it open; see backup_finish.c. */
bool backup_give_name(Run *run, Error *err);

#endif
