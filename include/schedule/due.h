/*
 * due.h: which slots a schedule has, which of them is due, and when the next comes. Pure: settings, a ledger, a moment
 * and the rules of a time zone in, an answer out.
 *
 * A slot is a date and a time of day by local clocks, and from then on its moment. In the hour that daylight saving
 * skips it is one hour later; in the repeated hour the first. Where two slots fall on one moment they are one.
 *
 * Due is the newest slot alone, and only when nothing began at or after its moment that was done: of slots that were
 * slept over, the newest is caught up and the others are missed. What the ledger has of a later date than now is passed
 * over, because a clock was wrong then, but for DUE_FUTURE: so long a clock that was set back finds its slots done. Of
 * a clock of which the server has said that it was ahead by more than that, nothing of a later date counts: when its
 * days have come, no slot is taken for done because it was done a week before.
 * While the ledger says that it is paused nothing is due, for DUE_PAUSE at most: what is paused for longer is not.
 */
#ifndef CMMS_DUE_H
#define CMMS_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/clock.h"
#include "store/ledger.h"
#include "store/settings.h"

#define DUE_TIMES (1 + SETTINGS_MORE_TIMES) /* a day at most */
#define DUE_MISSED 400                      /* as many are told, the newest */
#define DUE_FUTURE (26 * 3600)              /* seconds */
#define DUE_PAUSE (8 * 86400)               /* seconds */

/* The rules of a zone: clock_local and clock_from_local, or a test's own. */
typedef struct DueZone {
    void (*local)(int64_t unix_seconds, CivilTime *out);
    int64_t (*moment)(const CivilTime *local);
} DueZone;
extern const DueZone due_here; /* this computer's */

typedef struct DuePlan {
    bool on;
    Schedule pattern;
    unsigned weekdays;     /* weekly: bit 0 Sunday … bit 6 Saturday; 0: no slot at all */
    int month_day;         /* monthly: 1..31, where a month is shorter its last; 0: the last */
    int times[DUE_TIMES];  /* minutes since midnight, in any order */
    size_t time_count;
} DuePlan;

typedef struct DueLook {
    bool due;              /* `slot` is to be run now */
    int64_t slot;          /* the newest at or before now; 0: there is none that counts */
    bool done;             /* it was run, or needs not to be */
    const LedgerSlot *entry; /* what the ledger has of it, or NULL; borrowed from the ledger */
    int64_t retry;         /* it failed, and is tried again from then on; 0: it did not */
    int64_t next;          /* the first after now; 0: there is none */
    int64_t paused;        /* nothing is due before; 0: it is not paused */
    int64_t missed[DUE_MISSED]; /* of which the ledger knows nothing yet, oldest first */
    size_t missed_count;
} DueLook;

DuePlan due_plan(const Settings *settings);
/* The first slot after a moment; the last at or before it. 0: there is none within two months. */
int64_t due_after(const DuePlan *plan, const DueZone *zone, int64_t moment);
int64_t due_before(const DuePlan *plan, const DueZone *zone, int64_t moment);
/* A ledger that begins in the future, beyond DUE_FUTURE, was set by a wrong clock, and is looked at as if it had begun
 * before all that. */
void due_look(const DuePlan *plan, const DueZone *zone, const Ledger *ledger, int64_t now, DueLook *look);
/* For who saves it: such a beginning would be believed when its time has come, and slots before it be nobody's. */
void due_forget_since(Ledger *ledger, int64_t now);
/* What the server said of this computer's clock in the run that began then: by how many seconds it was ahead. Beyond
 * DUE_FUTURE the ledger keeps from when on; else the clock is right, and what a wrong one has noted since then counts
 * no longer: slots that are to come are forgotten, those that were done before their time become missed. Returns how
 * many of the latter. To be called before the run's own slot is noted. */
size_t due_note_clock(Ledger *ledger, int64_t began, int64_t ahead);
/* When to look again: the end of the pause, the next try of what failed, or the next slot; 0: never. */
int64_t due_again(const DueLook *look, int64_t now);
/* What the look found missed goes into the ledger; what it borrows from there is no longer to be used. */
void due_note_missed(const DueLook *look, int64_t now, Ledger *ledger);
/* The plan ends now: the newest slot is missed as well, where it was neither run nor tried. */
void due_give_up(DueLook *look);
/* "The scheduled backup of yesterday 02:00 was missed", "3 scheduled backups were missed, the last one that of …": what
 * the look found missed; NULL: nothing. Caller frees. */
char *due_missed_text(const DueLook *look, const DueZone *zone, int64_t now);
/* A slot of the coming day and a half for which there is no such time, because the clocks go forward: "The clocks go
 * forward, so one time of the schedule does not exist: that backup comes tonight 03:30"; NULL: none. Caller frees. */
char *due_skipped_text(const DuePlan *plan, const DueZone *zone, int64_t now);
/* How long after the run that failed as the n-th the next one is tried: 15 minutes, an hour, then every four. */
int64_t due_patience(int attempts);

/* "daily at 02:00", "weekly on Mon and Thu at 02:00 and 14:00", "monthly on the last day at 02:00", "off". Caller
 * frees. */
char *due_plan_text(const DuePlan *plan);
/* A slot as seen from now: "tonight 02:00", "today 14:00", "tomorrow 14:00", "yesterday 14:00", "last night 02:00",
 * "Thu 3 Dec 02:00", with its year where that is another. Caller frees. */
char *due_slot_text(const DueZone *zone, int64_t slot, int64_t now);

#endif
