/*
 * recheck.h: which backups that lie there are to be read again to their last byte now (bit rot), and whether the newest
 * good one is to be proven. Pure: a catalog, rules, the ledger's memory and the time in, an answer out. recheck_run.h
 * does it.
 *
 * A file is to be read again when so many days have passed since it was read or made. Those that nobody has looked at
 * for the longest come first, or tried to, so that one which cannot be read keeps nobody from the others; and a run
 * takes one share: what makes the whole folder in so many days at one run a day, but one file at least. Passed over is
 * what is known to be damaged, what has no manifest to compare with, and what is kept in the cloud only: to read it
 * would bring all of it back to a disk from which somebody has taken it.
 *
 * It is done in the hours that the settings have for it and while the PC is plugged in; what has waited for that for
 * more than `wait_days` is done all the same, but not on a battery that is low. A date that is ahead of now is of a
 * wrong clock and says nothing.
 */
#ifndef CMMS_RECHECK_H
#define CMMS_RECHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/conditions.h"
#include "schedule/due.h"
#include "store/catalog.h"
#include "store/ledger.h"
#include "store/settings.h"
#include "store/source.h"

#define RECHECK_STEP (20 * 3600)   /* seconds between two shares */
#define RECHECK_PROOF_STEP 86400   /* between two tries to prove */
#define RECHECK_FIRST_PROOF 86400  /* after the schedule has begun */
#define RECHECK_PATIENCE 2         /* days: no slot waits, but nobody waits for these */

typedef struct RecheckRules {
    int days;       /* 0: no file is read again */
    int prove_days; /* 0: nothing is proven */
    DayHours hours;
    int wait_days;       /* 0: RECHECK_PATIENCE */
    int battery_percent; /* below which nothing is done on battery, however long it has waited; 0: that is no matter */
} RecheckRules;

typedef struct RecheckFacts { /* borrowed */
    const Catalog *catalog;
    const Source *source;   /* of the database that is connected (source_of_connection); NULL: none, and nothing is
                               proven */
    const Ledger *ledger;
    bool on_battery;
    int battery_percent;    /* -1: not known */
    int64_t now;
} RecheckFacts;

typedef struct RecheckLook {
    const CatalogEntry **files; /* owned array of what the catalog has, in the order in which they are to be read */
    size_t count;
    const CatalogEntry *proof;  /* to be proven, or NULL; borrowed from the catalog */
    size_t offline; /* that are kept in the cloud only, where files are read again at all */
} RecheckLook;

void recheck_look_init(RecheckLook *look);
void recheck_look_release(RecheckLook *look);
/* The shorter of the two spans of a proof counts: what the settings ask to be no older, and how often one is made. */
RecheckRules recheck_rules(const Settings *settings);
/* Whether anything is done at all: the schedule is on, was used here, and is not paused. */
bool recheck_may(const Settings *settings, const Ledger *ledger, int64_t now);
/* Whether what was begun goes on: it began on battery, or the PC is still plugged in; and the battery is not low. */
bool recheck_goes_on(const RecheckRules *rules, bool began_on_battery, const Conditions *now);
/* Replaces what look holds. */
void recheck_look(const RecheckRules *rules, const RecheckFacts *facts, const DueZone *zone, RecheckLook *look);

#endif
