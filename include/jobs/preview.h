/*
 * preview.h: what a restore would change, before anything is touched (P5): both sides counted, in the words of the
 * CMMS ("work orders 12,410 → 12,396"), the newest rows that would be lost, whose backup it is and how good, what will
 * not come along, whether the user may do it, and what it costs.
 *
 * The backup's side: its manifest has the rows of each table. A file without one, which others may have made, is read
 * to its last byte and then restored into the bundled server, without rights, and counted there (prove.h), before
 * anything of it comes near the live server. The live side: one read-only transaction, the small tables first, each
 * counted by count(*) until the time is up; for the rest stands what the server guesses, marked as such. Nothing is
 * written on either side, but that a server which an archive sets rare options on is asked about them in a transaction
 * that is rolled back (skew.h).
 *
 * Which rows would be lost is known by time: a table that has an obvious column for it (preview_live.c has the list:
 * created_date, created_at, …; updated_date, …) is asked for those that were made or changed after the backup was
 * begun. Its own newest rows are read from the file as well (for ten seconds at most), but only to be told: what is
 * missing is counted from its beginning. Times without a zone
 * are taken in the zone that the server gives the user. Of a row its number (a key of one column that is a whole
 * number or a UUID) and its time are told, and nothing else of what stands in it.
 *
 * Used in this order: preview_init, preview_run, then either the facts below or preview_lines, preview_release.
 */
#ifndef CMMS_PREVIEW_H
#define CMMS_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "base/number.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "store/manifest.h"

#define PREVIEW_SECONDS 20u /* for counting the live database */
#define PREVIEW_NEWEST 3u   /* rows that are named of a table */

typedef struct PreviewSpec {
    const Connection *server; /* its database is the live one, which need not exist any more */
    const char *to;           /* the name of a new database instead; NULL: the live one is replaced */
    bool no_safety;           /* a safety backup was declined */
    bool prove_safety;        /* it is to be proven on this PC (RestoreSpec) */
    bool in_place;            /* it is to be restored in place (RestoreSpec) */
    bool unproven;            /* a file without a manifest is only read: somebody answers for it */
    unsigned seconds;         /* for counting; 0: PREVIEW_SECONDS */
} PreviewSpec;

/* A row that was made or changed after the backup. */
typedef struct PreviewRow {
    char *id;   /* NULL: the table has no key that may be told */
    char *time; /* "2026-11-30 05:12:44" as the database shows it */
} PreviewRow;

typedef struct PreviewTable {
    char *schema, *name;
    char *words;         /* "work orders"; of a table that is not the CMMS's "schema.name", without "public." */
    bool cmms;           /* it is one of the CMMS's */
    bool in_live, in_backup;
    int64_t live, backup; /* rows; -1: not known, or it is not there */
    char *backup_newest; /* when its newest row in the backup was made, "2026-11-23 01:59:58"; NULL: not known */
    bool about;          /* `live` is the server's guess */
    /* After the backup was made: rows made, and older rows changed; -1: the table does not tell, or time was up. Where
     * it does not tell when a row was made, `changed` counts those as well. */
    int64_t made, changed;
    PreviewRow newest[PREVIEW_NEWEST]; /* of those that were made, else of those that were changed; the newest first */
    size_t newest_count;
} PreviewTable;

typedef enum PreviewLive {
    PREVIEW_LIVE_THERE,
    PREVIEW_LIVE_EMPTY, /* it is there, and has no tables and no large objects */
    PREVIEW_LIVE_GONE,  /* the server has no database of that name */
    PREVIEW_LIVE_CLOSED, /* it is there, and the user may not look at it: `obstacles` says why */
    PREVIEW_LIVE_ASIDE  /* it is not touched and was not looked at: spec.to */
} PreviewLive;

typedef enum PreviewOwn {
    PREVIEW_OWN_UNKNOWN,  /* the file does not say, or the server does not */
    PREVIEW_OWN_SAME,     /* of the live database */
    PREVIEW_OWN_EARLIER,  /* of a database of that name on that server that was replaced since, as by a restore */
    PREVIEW_OWN_DATABASE, /* of another database of that server */
    PREVIEW_OWN_SERVER    /* of another server */
} PreviewOwn;

typedef struct Preview {
    /* The backup. */
    char *file;           /* base name */
    char *source;         /* "cmms on db.example.org", as far as it is known; or NULL */
    PreviewOwn own;
    bool foreign;         /* it has no manifest: others may have made it */
    bool proven;          /* a foreign one: and it was proven just now; else `obstacles` says why not */
    bool unproven;        /* a foreign one: and nobody wanted it proven */
    char *sha256;         /* of its bytes, for RestoreSpec.proven */
    Level level;          /* of a foreign one: as far as it came just now */
    int64_t looked;       /* when this preview was made, unix seconds */
    int64_t made;         /* when it was begun, unix seconds: by the server's clock where that is known; of a foreign
                             one by the clock where it was made, which may have been in another zone; 0: not known */
    int64_t backup_bytes; /* the file's */
    int64_t backup_rows;  /* -1: not known */
    int64_t backup_objects; /* large objects; -1: not known */
    char *server_version; /* that it was made from; or NULL */
    char *alarm;          /* the shrink alarm that it raised, while nobody has confirmed it; or NULL */
    /* The live database. */
    char *database;       /* its name */
    char *to;             /* that of the new one; NULL: the live one is to be replaced */
    char *where;          /* "user@host:port/db" */
    PreviewLive live;
    int64_t live_bytes;   /* on the server's disk; -1: not known */
    int64_t live_objects; /* -1: not known */
    char *live_version;   /* the server's */
    /* Both: the CMMS's tables first, in the order in which people think of them, then others by name. */
    PreviewTable *tables;
    size_t table_count;
    /* What will not come along, a sentence each: owners, rights, extensions, options (skew.h). */
    char **left_out;
    size_t left_out_count;
    /* What keeps the restore from being done, a sentence each: rights, an unfit target. None: it may be done. */
    char **obstacles;
    size_t obstacle_count;
    /* Of a foreign one: what in it acts, by kind: "3 functions: a, b, c". */
    char **acts;
    size_t act_count;
    bool safety;          /* a safety backup will be made first */
    bool proof;           /* and proven: there is a bundled server */
    bool declined;        /* it was declined */
    bool in_place;        /* it will be restored in place */
    bool may_in_place;    /* it cannot be restored for want of a right that this takes none of: it may be offered */
} Preview;

void preview_init(Preview *preview);
void preview_release(Preview *preview);

/* Replaces what `preview` holds. That the restore could not be done is no failure: see `obstacles`. EK_DAMAGED,
 * EK_FOREIGN, EK_NOT_FOUND: the file; EK_BUSY: another proof is under way on this PC; EK_CONNECT, EK_REFUSED: the
 * server cannot be asked; EK_CANCELLED. */
bool preview_run(const char *path, const PreviewSpec *spec, const JobSink *sink, const Cancel *cancel,
                 Preview *preview, Error *err);

/* Whether somebody may be asked for their consent at all. EK_REFUSED: there is an obstacle, which the hint names. */
bool preview_allows(const Preview *preview, Error *err);

/* --- in words ------------------------------------------------------------------------------------------------ */

typedef enum PreviewPart {
    PREVIEW_BACKUP,  /* which it is, when it was made, how good, whose */
    PREVIEW_CHANGE,  /* a line a table: "work orders 12,410 → 12,396" */
    PREVIEW_LOST,    /* what is newer than the backup */
    PREVIEW_LEFT,    /* what will not come along */
    PREVIEW_ACTS,    /* what in a foreign one acts */
    PREVIEW_DOING    /* how it will be done: safety backup, rights, what is in the way */
} PreviewPart;

typedef enum PreviewMark { PREVIEW_PLAIN, PREVIEW_GOOD, PREVIEW_WARNING, PREVIEW_BAD } PreviewMark;

typedef struct PreviewLine {
    PreviewPart part;
    PreviewMark mark;
    char *text;      /* one line, without a sign */
} PreviewLine;

/* How moments, counts and sizes are written: the window has its user's own forms. */
typedef struct PreviewForms {
    char *(*moment)(int64_t unix_seconds); /* caller frees */
    NumberText (*count)(int64_t count);    /* a negative one is not known */
    NumberText (*size)(uint64_t bytes);
} PreviewForms;

/* The whole preview, part after part in the order above; `forms` NULL: as clock.h and number.h have them. A pure
 * function. Caller frees with preview_lines_free. */
void preview_lines(const Preview *preview, const PreviewForms *forms, PreviewLine **lines, size_t *count);
void preview_lines_free(PreviewLine *lines, size_t count);

const char *preview_part_title(PreviewPart part); /* "The backup", "What changes", …; static */

/* "work orders" of public.work_orders; NULL: no table of the CMMS. Static. */
const char *preview_words(const char *schema, const char *name);

#endif
