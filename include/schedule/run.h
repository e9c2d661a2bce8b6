/*
 * run.h: runs the slot that is due, once, and says what became of it: for Task Scheduler, the console and the window.
 *
 * Under the ledger's lock: slots that were missed are noted and logged; the newest that is due is run: the server is
 * awaited (a PC that has just woken up has no network yet), a backup made, and one that failed for a reason that may
 * pass is tried again after 1, 5 and 15 minutes. Before each try the ledger is read anew: another computer may have
 * done the slot meanwhile. Then the ledger gets what became of it; a failure is in the log as well, as "schedule". A
 * run that is cut off or cancelled leaves no trace in the ledger, so the slot is due again. Where a newer slot comes
 * while one is tried, that one has failed, and the newer is run at once.
 *
 * A slot that waits (waiting.h) is left as it is: the ledger and, once, the log say that it does and why, and a newer
 * slot takes its place, as any that was not run. Copies wait as well then.
 *
 * A ledger that cannot be read or written is told, as a warning and in the log, and the slot is run, unless the folder
 * has a backup of the database that was made since.
 *
 * Receivers elsewhere are told when a slot begins to be run and how the run ended, and this PC's heartbeat is left
 * (outward.h); a run that somebody stops tells nothing.
 *
 * When the lock is free again, copies that the settings ask for go to SharePoint (offsite_after): also where nothing
 * was due, so that what waits gets there. Then, where that is wanted (`checks`), older backups are read again and the
 * newest is proven (recheck_run.h). What becomes of these changes nothing of the slot.
 */
#ifndef CMMS_SCHEDULE_RUN_H
#define CMMS_SCHEDULE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "jobs/backup.h"
#include "jobs/offsite.h"
#include "jobs/opening.h"
#include "platform/cancel.h"
#include "platform/conditions.h"
#include "schedule/due.h"
#include "schedule/outward.h"
#include "schedule/recheck_run.h"

typedef enum ScheduledOutcome {
    SCHEDULED_NOTHING,   /* no slot is due */
    SCHEDULED_DONE,      /* the slot's backup was made */
    SCHEDULED_BY_OTHERS, /* another computer has made it while this one waited */
    SCHEDULED_WAITS      /* the slot is due and waits: see `waits` */
} ScheduledOutcome;

typedef struct ScheduledSpec { /* borrowed */
    const char *folder;                 /* as in OpeningSpec */
    const Connection *environment;
    const ConnectionSwitches *switches;
    const Connection *chosen;           /* the same */
    bool once;                          /* neither the server is awaited nor anything tried again */
    bool checks;                        /* also what recheck.h has, afterwards */
} ScheduledSpec;

typedef struct ScheduledResult {
    ScheduledOutcome outcome;
    int64_t slot;        /* the last that was run, waits or is done; 0: none */
    int64_t next;        /* when to look again: the next slot, the next try of one that failed or waits, in an hour
                            where a copy waits; 0: none */
    char *waits;         /* owned; SCHEDULED_WAITS: "The scheduled backup of last night 02:00 waits: the PC is not
                            plugged in; it is made tomorrow 02:00 at the latest" */
    size_t missed;       /* that were found missed just now */
    char *missed_text;   /* owned: due_missed_text of the last that were found, also by an earlier look of a run that
                            stayed; NULL: none were */
    BackupResult backup; /* SCHEDULED_DONE */
    OffsiteAfter offsite;
    RecheckResult checks;
} ScheduledResult;

void scheduled_result_init(ScheduledResult *result);
void scheduled_result_release(ScheduledResult *result);

/* EK_BUSY: another program runs slots of this folder now. Else the error of the last try; `slot`, `next` and `missed`
 * are filled in then too. */
bool scheduled_run(const ScheduledSpec *spec, const JobSink *sink, const Cancel *cancel, ScheduledResult *result,
                   Error *err);

/* scheduled_run for a program that nobody has open: where the slot waits it stays, and looks again when that is worth
 * while, for SCHEDULED_STAY at most; one such program of a user at a time. The PC is kept from going to sleep
 * (`reason`: power.h) while it runs, not while it waits. */
bool scheduled_stay(const ScheduledSpec *spec, const char *reason, const JobSink *sink, const Cancel *cancel,
                    ScheduledResult *result, Error *err);
#define SCHEDULED_STAY (16 * 3600) /* seconds: a night's quiet hours, and the task that started it ends after a day */

/* The exit code of a run that succeeded: that of EK_DAMAGED where its checks found damage, else 0. */
int scheduled_code(const ScheduledResult *result);

/* The checks alone, for a program that runs its slots without them: it must not be kept from its user's jobs. */
bool scheduled_checks(const ScheduledSpec *spec, const JobSink *sink, const Cancel *cancel, RecheckResult *result,
                      Error *err);

/* What tests put others in the place of. */
typedef struct ScheduledWorld {
    int64_t (*now)(void *context);
    bool (*wait)(void *context, unsigned seconds, const Cancel *cancel); /* true: a stop was requested */
    bool (*reach)(void *context, const Connection *connection, const Cancel *cancel, Error *err);
    bool (*backup)(void *context, const BackupSpec *spec, const JobSink *sink, const Cancel *cancel,
                   BackupResult *result, Error *err);
    void (*offsite)(void *context, const OffsiteAfterSpec *spec, const JobSink *sink, const Cancel *cancel,
                    OffsiteAfter *after);
    void (*outward)(void *context, const OutwardSpec *spec, const JobSink *sink, const Cancel *cancel);
    void (*conditions)(void *context, bool network, Conditions *conditions);
    void (*checks)(void *context, const Opening *opening, const JobSink *sink, const Cancel *cancel,
                   RecheckResult *result);
    const DueZone *zone;
    void *context;
} ScheduledWorld;
bool scheduled_run_in(const ScheduledWorld *world, const ScheduledSpec *spec, const JobSink *sink,
                      const Cancel *cancel, ScheduledResult *result, Error *err);
bool scheduled_stay_in(const ScheduledWorld *world, const ScheduledSpec *spec, const char *reason, const JobSink *sink,
                       const Cancel *cancel, ScheduledResult *result, Error *err);

#endif
