/*
 * snapshot.h: what a backup must contain, as the server sees it at one moment.
 *
 * A session opens a REPEATABLE READ READ ONLY transaction and exports its snapshot; pg_dump reads at the same
 * snapshot, and meanwhile each table is counted in this session. The session stays open until pg_dump ends.
 */
#ifndef CMMS_SNAPSHOT_H
#define CMMS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cancel.h"
#include "error.h"
#include "manifest.h"
#include "pg.h"

typedef struct SnapshotTable {
    char *schema, *name;
    uint64_t bytes;      /* on the server's disk, with TOAST: a weight, not a promise */
    int64_t rows;        /* -1: not counted */
    bool may_be_missing; /* lies in a schema that an extension owns: pg_dump may leave it out */
    int64_t about;       /* rows as the server guesses them; -1: it has none. For progress only. */
    char *condition;     /* "WHERE …" where pg_dump saves only these rows (an extension's own table); else NULL */
} SnapshotTable;

typedef struct Snapshot {
    char *id;             /* for pg_dump's --snapshot; NULL when it could not be exported */
    SnapshotTable *tables; /* those whose rows pg_dump writes: ordinary and unlogged ones, also partitions; of an
                              extension's only those that it marks as its user's data. By name. */
    size_t count;
    uint64_t database_bytes;
    uint64_t table_bytes;  /* the sum */
    int64_t large_objects; /* -1: not counted */
    char *foreign;         /* "public.a, public.b and 3 more": tables whose rows are on another server; or NULL */
    int64_t views;         /* materialized views, which a restore fills anew */
} Snapshot;

void snapshot_init(Snapshot *snapshot);
void snapshot_release(Snapshot *snapshot);

/* Opens the transaction, exports, lists. *warning (caller frees) says why there is no exported snapshot; then
 * nothing can be counted that pg_dump is sure to see. A standby is not even asked for one before the releases of
 * November 2026, which mended it (releases.h): snapshot_unsafe_export is what is said then, NULL where it may. */
bool snapshot_open(Pg *pg, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err);

char *snapshot_unsafe_export(int server_version); /* caller frees */

/* Counts the large objects and every table; `counted` (may be NULL) is called after each with how many are done.
 * A table that cannot be counted stays at -1, and *warning (caller frees) names the first such and why. False
 * when cancelled or when the connection is lost. */
bool snapshot_count(Pg *pg, Snapshot *snapshot, const Cancel *cancel, void (*counted)(void *context, size_t done),
                    void *context, char **warning, Error *err);

const SnapshotTable *snapshot_find(const Snapshot *snapshot, const char *schema, const char *name);

/* Sets `expected` of the manifest's tables and large objects, and compares. EK_DAMAGED names the first table whose
 * rows differ, or that has rows on the server and is not in the backup. */
bool snapshot_compare(const Snapshot *snapshot, Manifest *manifest, Error *err);

#endif
