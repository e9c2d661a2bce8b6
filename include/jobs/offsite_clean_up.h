/*
 * offsite_clean_up.h: old backups on SharePoint go into its recycle bin, by the same plan as here (retention.h, P2).
 *
 * The plan is made of what lies there: each backup whose size and hash there are those of its manifest. All else stays,
 * whatever it is: what has no manifest, what differs, what SharePoint has not told the hash of, what other computers
 * made (their settings may say otherwise), what this folder has not brought there (copies.h: pins, the freeze and
 * settings are a folder's, and computers may share a name), what is pinned here or there. As here, nothing goes without
 * a newer verified backup of the same database there, nor while clean-ups are stopped, the settings could not be read
 * or nobody ever saved any, or this computer's clock and SharePoint's differ by more than a day.
 */
#ifndef CMMS_OFFSITE_CLEAN_UP_H
#define CMMS_OFFSITE_CLEAN_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "jobs/offsite_back.h"
#include "platform/cancel.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/manifest.h"
#include "store/retention.h"

typedef struct OffsiteOld {
    char *name;
    char *computer;  /* that made it; NULL: not known */
    uint64_t bytes;
    int64_t created; /* unix seconds; 0: not known */
    int age_days;
    Level level;     /* by a manifest that it fits; else LEVEL_NONE */
    bool remove;
    char *reason;    /* why it would go or stay */
} OffsiteOld;

typedef struct OffsiteCleanUpPlan {
    OffsiteOld *items; /* newest first */
    size_t count, good, removals;
    char *place;       /* "Documents/Backups" */
    char *stopped;     /* why nothing may go at all, or NULL */
} OffsiteCleanUpPlan;
void offsite_clean_up_plan_init(OffsiteCleanUpPlan *plan);
void offsite_clean_up_plan_release(OffsiteCleanUpPlan *plan);

typedef struct OffsiteCleanUpSpec { /* borrowed */
    const char *folder;             /* here: its settings, pins, log */
    bool all;                       /* also what other computers made, or this folder has not brought there: pins that
                                       were set elsewhere after the upload are not known then */
    const char *const *names;       /* only these may go: what somebody has seen; NULL: all that the plan says */
    size_t name_count;
} OffsiteCleanUpSpec;

/* What would go, and why. Nothing is changed. Reads all manifests there. */
bool offsite_clean_up_plan(const OffsiteCleanUpSpec *spec, const JobSink *sink, const Cancel *cancel,
                           OffsiteCleanUpPlan *plan, Error *err);

/* Plans anew and removes, the oldest first. Before each removal both the backup and the one that stands in for it are
 * looked at once more: number, version (eTag), size and hash must be those of the plan, and the removal itself is for
 * that version alone, so that what somebody has replaced meanwhile stays. Each is logged before it is done
 * ("offsite_cleanup"), the backup goes before its manifest, what an interrupted clean-up left is finished first. It
 * holds folder_upload_lock: EK_BUSY while something is uploaded from the folder, or another clean-up there is at work.
 * EK_SETTINGS: copies go to OneDrive's folder (offsite_folder.h). *removed is set in any case: what was moved to the
 * recycle bin by this; the first failure is the Error. */
bool offsite_clean_up(const OffsiteCleanUpSpec *spec, const JobSink *sink, const Cancel *cancel, size_t *removed,
                      Error *err);

typedef struct OffsiteOwn { /* borrowed */
    const char *computer;     /* whose backups may go */
    const Copies *copies;     /* the folder's: of those, what it has brought there */
    const char *drive;        /* the library */
} OffsiteOwn;
/* The part that asks nobody. `here`: the folder's own catalog, whose pins and confirmed alarms count there as well.
 * `own` NULL: all may go. `there` is filled, and must outlive the plan. */
void offsite_clean_up_judge(const RemoteList *list, const Catalog *here, const RetentionRules *rules,
                            const OffsiteOwn *own, int64_t now, Catalog *there, RetentionPlan *plan);
/* Whether an item, as Graph tells it now, is the version that was listed. */
bool offsite_is_unchanged(const Remote *remote, const cJSON *item);

#endif
