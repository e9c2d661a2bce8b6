/*
 * health.h: how the database's safety stands, in one sentence, and the one thing that would mend it. A pure function
 * of what a listing of the folder found; the window's status band and the console's list show it.
 */
#ifndef CMMS_HEALTH_H
#define CMMS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/catalog.h"
#include "store/settings.h"

typedef enum HealthState { HEALTH_GOOD, HEALTH_WARNING, HEALTH_BAD } HealthState;

typedef enum HealthMend {
    MEND_NOTHING,
    MEND_BACKUP,  /* make a backup */
    MEND_VERIFY,  /* verify health.name */
    MEND_CONNECT, /* say which database */
    MEND_ALARM,   /* look at the shrink alarm, and allow clean-ups again */
    MEND_CLEANUP, /* let retention remove what it would */
    MEND_SPACE,   /* make room on the disk */
    MEND_PROVE,   /* prove health.name (protection.h, as the next two) */
    MEND_COPY,    /* bring health.name to SharePoint */
    MEND_SCHEDULE, /* switch the schedule on */
    MEND_SHOW,    /* no press mends it: look at health.name */
    MEND_SETTINGS /* look after another computer, or say that it is no longer (protection.h) */
} HealthMend;

typedef struct HealthFacts {
    const Catalog *catalog; /* borrowed */
    const Source *source;   /* the configured database, by its connection (source_of_connection): others' backups
                               protect nothing of it, nor do those of which it is not known whose they are. NULL: any */
    bool configured;        /* a database is known */
    const char *frozen;     /* retention_alarm, or NULL: a person's own stop is none */
    const char *stopped;    /* retention_frozen where it is that, or NULL */
    int due_hours;          /* health_due_hours */
    size_t removals;        /* how many retention would remove now */
    bool space_known;
    uint64_t free_bytes;    /* on the folder's disk */
    const char *slot;       /* what is wrong with the newest slot of the schedule, a sentence; NULL: nothing */
    int64_t slot_at;        /* and when that was: a good backup since then makes up for it; INT64_MAX: none does */
    const char *task;       /* what is wrong with the task that starts the schedule (registration.h), or NULL; this and
                               the next two for protection.h alone */
    const char *silent;     /* which other computers have fallen silent, a sentence (heartbeat.h), or NULL */
    bool copies_known;      /* copies off-site were made from here, or a place for them is set up */
    bool copies_unread;     /* what is known of them could not be read now, so that the catalog has none */
    bool uploading;         /* one is being made just now */
    int64_t now;
} HealthFacts;

typedef struct Health {
    HealthState state;
    HealthMend mend;
    char *text; /* owned: "Protected: last backup 3 hours ago, verified" */
    char *name; /* owned: the backup that `mend` is about, or NULL */
} Health;

void health_init(Health *health);
void health_release(Health *health);
/* Replaces what health holds. What is wrong is told worst first, and only the worst. */
void health_judge(const HealthFacts *facts, Health *health);

/* The newest backup that protects that database, of those that are good where that is asked; NULL: there is none.
 * Borrowed from the catalog. And the newest proof of one, by its date. */
const CatalogEntry *health_newest(const HealthFacts *facts, bool good);
const CatalogEntry *health_newest_proof(const HealthFacts *facts);
/* The newest of them that is damaged, and stays so until somebody deletes it; NULL: none is. */
const CatalogEntry *health_damaged(const HealthFacts *facts);

/* Whether the next backup finds room on the folder's disk, by the last one of its database (`last` bytes); where there
 * is none, by the database's size on the server, which says little (indexes, bloat, how well it compresses), so that
 * then only a disk that is full is too little; 0: not known. *needed: so much should be free. */
typedef enum HealthRoom { ROOM_ENOUGH, ROOM_LITTLE, ROOM_TOO_LITTLE } HealthRoom;
HealthRoom health_room(uint64_t free_bytes, uint64_t last, uint64_t database, uint64_t *needed);

/* After how many hours without a backup one is overdue: one and a half times the schedule's step; a week without. */
int health_due_hours(const Settings *settings);
const char *health_sign(HealthState state); /* "✅", "⚠", "❌" */
/* "a moment ago", "5 minutes ago", "1 hour ago", "12 days ago". Caller frees. */
char *health_ago(int64_t seconds);

#endif
