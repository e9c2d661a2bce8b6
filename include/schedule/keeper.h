/*
 * keeper.h: when a program that stays open (the window, also hidden beside the clock) runs the slot that is due itself.
 * Pure: what was found, and the time, in; whether to run, and when to look again, out. The ledger is what makes each
 * slot run once (run.h); this only keeps runs apart that come to nothing, and the timer from being a poll.
 *
 * A slot is run only where the ledger has begun: somebody has set the schedule for this folder, or a task runs it.
 * After a run there is none for KEEPER_PAUSE, whatever came of it, and after one that somebody has stopped for
 * KEEPER_STOPPED: a slot that was stopped is due again at once, and so is one that could not be noted.
 */
#ifndef CMMS_KEEPER_H
#define CMMS_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "schedule/due.h"

#define KEEPER_PAUSE 900     /* seconds, these */
#define KEEPER_STOPPED 3600
#define KEEPER_CHECKS 3600   /* between two looks at older backups */
#define KEEPER_LEAST 60      /* of a timer */
#define KEEPER_MOST 3600     /* the clock may be set meanwhile */

typedef struct Keeper {
    bool on;            /* there are slots to run here */
    int64_t next;       /* when something is due, or was; 0: never */
    int64_t not_before; /* of the last run's end; 0: there was none */
    int64_t checked;    /* when older backups were looked at last (recheck_run.h); 0: never */
} Keeper;

/* What settings and ledger say, of a slot that waits on this computer (`here`: its name; NULL: not known) when to look
 * at it again; what is remembered of the last run stays. */
void keeper_look(const DuePlan *plan, const DueZone *zone, const Ledger *ledger, const char *here, int64_t now,
                 Keeper *keeper);
/* Takes over what another one has found. */
void keeper_take(Keeper *keeper, const Keeper *found);
bool keeper_is_due(const Keeper *keeper, int64_t now);
/* A run has ended; `next` is ScheduledResult's. */
void keeper_ended(Keeper *keeper, bool stopped, int64_t next, int64_t now);
/* Whether it is time to look at older backups; and that it was done, or tried. */
bool keeper_may_check(const Keeper *keeper, int64_t now);
void keeper_checked(Keeper *keeper, int64_t now);
/* In so many seconds it is worth while to ask again. */
unsigned keeper_wait(const Keeper *keeper, int64_t now);

#endif
