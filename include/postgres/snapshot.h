/*
 * snapshot.h: what a backup must contain, as the server sees it at one moment.
 *
 * A session opens a REPEATABLE READ READ ONLY transaction and exports its snapshot; pg_dump reads at the same
 * snapshot, and meanwhile each table is counted in this session. The session stays open until pg_dump ends.
 *
 * Not everything is hidden by a snapshot (PostgreSQL's manual, "Caveats" of its chapter on concurrency): a table that
 * is emptied by TRUNCATE, rewritten by ALTER TABLE, dropped, or replaced by another of its name reads as if it had had
 * no rows, or other ones. Until pg_dump has its locks this can happen at any time, so it is looked for afterwards.
 */
#ifndef CMMS_SNAPSHOT_H
#define CMMS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/pg.h"
#include "store/manifest.h"

typedef struct SnapshotTable {
    char *schema, *name;
    uint64_t bytes;      /* on the server's disk, with TOAST: a weight, not a promise */
    int64_t rows;        /* -1: not counted */
    bool may_be_missing; /* lies in a schema that an extension owns: pg_dump may leave it out */
    int64_t about;       /* rows as the server guesses them; -1: it has none. For progress only. */
    char *condition;     /* "WHERE …" where pg_dump saves only these rows (an extension's own table); else NULL */
} SnapshotTable;

typedef struct SnapshotSequence {
    char *name;    /* quoted, with its schema */
    int64_t value; /* the last one given out */
    bool down;     /* the next will be lower */
} SnapshotSequence;

typedef struct Snapshot {
    bool bytes;           /* names are what utf8_shown makes of the database's own bytes, as the archive's must be */
    char *id;             /* for pg_dump's --snapshot; NULL when it could not be exported */
    SnapshotTable *tables; /* those whose rows pg_dump writes: ordinary and unlogged ones, also partitions; of an
                              extension's only those that it marks as its user's data. By name. */
    size_t count;
    uint64_t database_bytes;
    uint64_t table_bytes;  /* the sum */
    int64_t large_objects; /* -1: not counted */
    char *foreign;         /* "public.a, public.b and 3 more": tables whose rows are on another server; or NULL */
    int64_t views;         /* materialized views, which a restore fills anew */
    SnapshotSequence *sequences; /* those that are in use and do not cycle, as far as they may be read */
    size_t sequence_count;
    char **roles;          /* statements that make the roles which the database names, and their members, anew: no dump
                              of one database holds them. Without passwords. */
    size_t role_count;
    char *changed;         /* after snapshot_count: what is no longer as the snapshot has it ("the table public.a was
                              changed"); the dump is worth nothing then. NULL: nothing */
} Snapshot;

void snapshot_init(Snapshot *snapshot);
void snapshot_release(Snapshot *snapshot);

/* Opens the transaction, exports, lists. The session is settled (pg_settle): it rests while pg_dump works, and its end
 * would take the snapshot and the lock with it.
 *
 * A backup is UTF-8, whatever the database is, so that names are text. But the database's own bytes are kept where they
 * would not come back: SQL_ASCII has no encoding; in EUC_JP and EUC_TW some characters have two codes, of which UTF-8
 * leaves only one; and any database may hold bytes that are no character. `bytes` asks for it, because pg_dump has met
 * some; where names hold some, it is found here.
 *
 * *warning (caller frees) says why there is no exported snapshot; then
 * nothing can be counted that pg_dump is sure to see. A standby is not even asked for one before the releases of
 * November 2026, which mended it (releases.h): snapshot_unsafe_export is what is said then, NULL where it may. */
bool snapshot_open(Pg *pg, bool bytes, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err);

char *snapshot_unsafe_export(int server_version); /* caller frees */

/* To be called when pg_dump has its locks. Looks whether all is still as the snapshot has it, and counts the large
 * objects and every table; where something has changed it ends at once, with `changed` set. `counted` (may be NULL) is
 * called after each table with how many are done. A table that cannot be counted stays at -1, and *warning (caller
 * frees) names the first such and why. False when cancelled or when the connection is lost. */
bool snapshot_count(Pg *pg, Snapshot *snapshot, const Cancel *cancel, void (*counted)(void *context, size_t done),
                    void *context, char **warning, Error *err);

/* What in the database a snapshot does not hide and is no longer as this one has it: a table, a sequence, the values of
 * an enumeration, or something whose definition pg_dump would no longer find. *changed (caller frees) says it as
 * Snapshot.changed does, or is NULL. */
bool snapshot_look(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, char **changed, Error *err);

/* The same when pg_dump has ended, into `changed`. *warning (caller frees) names a sequence that was set back
 * meanwhile, else stays. */
bool snapshot_look_again(Pg *pg, Snapshot *snapshot, const Cancel *cancel, char **warning, Error *err);

const SnapshotTable *snapshot_find(const Snapshot *snapshot, const char *schema, const char *name);

/* How many of its tables must be in a backup. */
size_t snapshot_needed(const Snapshot *snapshot);

/* Gives the manifest the statements for the roles. */
void snapshot_give_roles(const Snapshot *snapshot, Manifest *manifest);

/* Sets `expected` of the manifest's tables and large objects, and compares. EK_DAMAGED names the first table whose
 * rows differ, or that has rows on the server and is not in the backup. */
bool snapshot_compare(const Snapshot *snapshot, Manifest *manifest, Error *err);

#endif
