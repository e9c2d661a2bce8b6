/*
 * retention.h: which backups stay and which go, and everything else that takes one away. (P2)
 *
 * The plan is a pure function of the catalog, the rules and the time; it gives a reason in words for each backup. Only
 * a file of our own form with a manifest can go, and only when a newer verified backup of the same database at the
 * same place exists (source.h). So these stay, whatever their age: the newest verified one of each database, pinned
 * ones, files that others made or of which it is not known whose they are, and what is dated in the future.
 *
 * Nothing at all is removed while it is not certain that it should be: when the settings could not be read or hold a
 * wrong value, when this computer's clock and the server's differ by more than a day, and, in a clean-up without a
 * server, nothing of a database whose newest good backup is older than all that is to stay.
 *
 * A shrink alarm (a table lost much of its rows) pins the backup that had them and freezes retention: nothing is
 * removed until retention_unfreeze. The manifest of the backup that raised it says so too, so that it holds even where
 * the freeze could not be written; until a person has confirmed it, that backup justifies no removal.
 */
#ifndef CMMS_RETENTION_H
#define CMMS_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "store/catalog.h"
#include "store/manifest.h"
#include "store/settings.h"

#define RETENTION_FROZEN_FILE "retention_frozen.json" /* there: nothing is removed; says why and since when */

typedef struct RetentionRules {
    int retention_days; /* what is older goes */
    int max_backups;    /* of the verified, unpinned ones, what is beyond the newest so many goes */
    int keep_monthly;   /* the newest of each of so many months, this one included, stays; 0: none */
    const char *frozen; /* why nothing may be removed; NULL: it may. Borrowed */
    const char *keep_all; /* the same where the rules themselves are not known. Borrowed from the settings */
    const char *made;   /* base name of the backup that was made just now, with a clock that the server's confirms; or
                           NULL. Borrowed */
} RetentionRules;

typedef struct RetentionItem {
    const CatalogEntry *entry;   /* borrowed from the catalog */
    bool good;                   /* counts as a verified backup of ours */
    bool remove;
    const CatalogEntry *witness; /* of one that goes: the newest verified backup, which is newer */
    int64_t leaves;              /* from when on it would go, as things stand now (`now`: at the next clean-up); 0: it
                                    stays, if nothing else happens */
    char *reason;                /* owned: "older than 30 days", "pinned: before the upgrade" */
} RetentionItem;

typedef struct RetentionPlan {
    RetentionItem *items; /* one for each of the catalog, in its order */
    size_t count, good, removals;
} RetentionPlan;

void retention_plan_init(RetentionPlan *plan);
void retention_plan_release(RetentionPlan *plan);
/* Replaces what plan holds. The catalog must outlive it. */
void retention_plan(const Catalog *catalog, const RetentionRules *rules, int64_t now, RetentionPlan *plan);
RetentionRules retention_rules(const Settings *settings); /* neither frozen nor made */
/* Whether it may justify that another goes: of our form, verified, without an alarm that waits for a person, and not
 * dated in the future. */
bool retention_counts(const CatalogEntry *entry, int64_t now);

/* Plans and removes; the caller holds the folder's lock. A backup that is to justify a removal is first read in full
 * (but `made`, which has just been); a damaged one is marked so, and the plan made again. The oldest go first; each
 * removal is logged before it is done, the backup goes before its manifest. One that is being uploaded stays. One that
 * cannot be removed is logged as failed and does not keep the rest; the first such failure is the Error, and also when
 * the log cannot be written or `cancel` is requested: then nothing more goes. *removed is set in any case. */
bool retention_run(const char *folder, const Settings *settings, const char *made, int64_t now, const JobSink *sink,
                   const Cancel *cancel, size_t *removed, Error *err);

/* The shrink alarm, before the backup of this manifest is committed; the caller holds the folder's lock. Compares with
 * the most that each table had, and the large objects, in the good backups of the same database: of the last
 * retention_days (35 at least), and of each month that is kept; what raised an alarm counts when a person has confirmed
 * it, and then nothing before it. Where a table lost too much: writes that into `coming`, freezes retention, pins the
 * backup that had the rows, logs it, and *warning gets the words (caller frees; NULL: nothing to warn of). On failure
 * *warning is set too where there was an alarm. */
bool retention_watch(const char *folder, Manifest *coming, const Settings *settings, int64_t now, char **warning,
                     Error *err);
/* The comparison alone: NULL, or "table work_orders lost 96 % of its rows (12410 before, 400 now)". Tables of at least
 * RETENTION_ALARM_ROWS rows that lost more than `percent` of them count, and the large objects as one more table; the
 * worst is named, and *worst (may be NULL) is it in `before`, or NULL for the large objects. Caller frees. */
char *retention_loss(const Manifest *before, const Manifest *now, int percent, const TableCount **worst);
#define RETENTION_ALARM_ROWS 50

/* Why retention is frozen, the alarm before a person's stop, or NULL; caller frees. A file that cannot be read freezes
 * as well; where it is gone, a person's stop that the log has, and nobody has ended, still counts. */
char *retention_frozen(const char *folder);
bool retention_freeze(const char *folder, const char *reason, Error *err);
/* Ends it, and logs that: an alarm, which is confirmed by that, before a person's stop, which stays where both are
 * there (retention_frozen says so). `shown` is what whoever asks was shown of it, NULL: nothing; EK_BUSY where it is
 * frozen for another reason by now. EK_NOT_FOUND when it was not frozen. */
bool retention_unfreeze(const char *folder, const char *shown, const JobSink *sink, Error *err);
/* A person's own stop, beside an alarm too: nothing is removed until retention_unfreeze ends that. Logged; `reason` may
 * be NULL. EK_SETTINGS where somebody has stopped them already. */
bool retention_stop(const char *folder, const char *reason, const JobSink *sink, Error *err);
/* retention_frozen, but NULL where it was a person who stopped it: what there is to look at. Caller frees. */
char *retention_alarm(const char *folder);

/* These take the folder's lock (EK_BUSY) and log what they do, with the sink's actor; the sink may be NULL. `name` is a
 * base name. */

/* EK_NOT_FOUND without the backup; EK_SETTINGS without a manifest to keep the pin in. `reason` may be NULL. */
bool retention_pin(const char *folder, const char *name, bool pinned, const char *reason, const JobSink *sink,
                   Error *err);
/* The backups that were read to their last byte because others were to be deleted: each is read once, however many go.
 * Begin with {NULL, 0}. */
typedef struct RetentionRead {
    char **names; /* owned */
    size_t count;
} RetentionRead;
void retention_read_release(RetentionRead *read);
/* EK_BUSY while it is being uploaded; EK_SETTINGS for a pinned one, and, unless `force`, for the newest good one of its
 * database, or for any while there is no good one. Before a good one goes, the newest good one is read in full, which
 * may take its time; a damaged one is marked so, and the next one counts. */
bool retention_delete(const char *folder, const char *name, bool force, RetentionRead *read, const JobSink *sink,
                      const Cancel *cancel, Error *err);

#endif
