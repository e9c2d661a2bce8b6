/*
 * recheck_run.h: does what recheck.h finds: reads backups again and proves the newest, one after the other, while
 * nobody else wants the folder.
 *
 * Each is verify_backup or prove_backup under the folder's lock, so a damaged file is marked in its manifest and told
 * in the log as ever, justifies no removal from then on (retention.h), and nothing is removed here. As soon as another
 * job, of this program or of another, wants the lock, or `cancel` is requested, the one that is read is left, as if it
 * had not been begun, and the run ends; so it does when the PC is unplugged meanwhile, or its battery is low. Only one
 * program does this in a folder at a time.
 *
 * The ledger remembers when it was done, and which files could not be read. Where the ledger has not begun, or the
 * schedule is off or paused, nothing is done.
 */
#ifndef CMMS_RECHECK_RUN_H
#define CMMS_RECHECK_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/job.h"
#include "jobs/opening.h"
#include "jobs/prove.h"
#include "jobs/verify.h"
#include "platform/cancel.h"
#include "platform/conditions.h"
#include "schedule/recheck.h"

typedef struct RecheckResult {
    size_t read;   /* files that were read and are as they should be */
    char **damaged; /* owned: names of those that are not */
    size_t damaged_count;
    char *proven;  /* owned: the backup that was proven, or NULL */
    char *unproven; /* owned: why the newest could not be, a sentence, or NULL */
    size_t unread; /* files that could not be read now, for another reason than damage */
    size_t offline; /* backups that are kept in the cloud only, and are passed over */
    bool stopped;  /* somebody else wanted the folder, or `cancel` */
} RecheckResult;

void recheck_result_init(RecheckResult *result);
void recheck_result_release(RecheckResult *result);

/* What is due now, if anything; `opening` has folder, settings and database. What cannot be read for another reason
 * than damage is a warning, and tried again behind the others; after a week of it protection.h says so. */
void recheck_run(const Opening *opening, const JobSink *sink, const Cancel *cancel, RecheckResult *result);

/* What tests put others in the place of. */
typedef struct RecheckWorld {
    int64_t (*now)(void *context);
    void (*conditions)(void *context, Conditions *conditions); /* of its power; from another thread too */
    bool (*verify)(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err);
    /* *unproven: why it cannot be proven here, or NULL; caller frees. */
    bool (*prove)(void *context, const char *path, const JobSink *sink, const Cancel *cancel, char **unproven,
                  Error *err);
    const DueZone *zone;
    void *context;
} RecheckWorld;
void recheck_run_in(const RecheckWorld *world, const Opening *opening, const JobSink *sink, const Cancel *cancel,
                    RecheckResult *result);

#endif
