/*
 * offsite_batch.h: several backups to the folder on SharePoint that is set up, two of a folder side by side, each as
 * offsite_upload does it: what would go, how far it is, what came of each.
 */
#ifndef CMMS_OFFSITE_BATCH_H
#define CMMS_OFFSITE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "cloud/upload.h"
#include "platform/cancel.h"
#include "store/catalog.h"

typedef struct OffsitePlanItem {
    char *name;
    uint64_t bytes;
    const char *problem; /* why it will not be uploaded, in words; NULL: it will. Static */
} OffsitePlanItem;

typedef struct OffsitePlan {
    OffsitePlanItem *items;
    size_t count;
    size_t good;    /* how many will be */
    uint64_t bytes; /* of those */
} OffsitePlan;

/* By what the list knows; the upload itself looks again. The order is that of the names. */
void offsite_plan(const Catalog *catalog, const char *const *names, size_t count, OffsitePlan *plan);
void offsite_plan_release(OffsitePlan *plan);

typedef struct OffsiteOutcome {
    char *name;
    bool tried; /* false: something before it ended the whole */
    bool ok;
    UploadResult result;
    Error error; /* when tried and not ok */
} OffsiteOutcome;

typedef struct OffsiteBatch {
    OffsiteOutcome *files; /* in the order of the paths */
    size_t count, done, failed;
} OffsiteBatch;

void offsite_batch_init(OffsiteBatch *batch);
void offsite_batch_release(OffsiteBatch *batch);

typedef struct OffsiteBatchSpec {
    const char *const *paths;
    size_t count;
    Rate *rate; /* of all of them together, which somebody may close (rate.h); NULL: one of its own. Borrowed */
    /* Each file's outcome, in the order of the paths: when it is there and those before it are. Never two at once, but
     * from any thread, as what goes to the sink does. May be NULL. */
    void (*ended)(void *context, const OffsiteOutcome *outcome);
    void *context;
} OffsiteBatchSpec;

/* Two go side by side (each in a session of its own, the fragments of one in their order), where all are of one folder,
 * go to SharePoint itself and are not encrypted: they share the limit, the pause, the wait that SharePoint asks for,
 * and the locks. A file that fails does not keep the others, unless they would fail as well: nobody is signed in,
 * SharePoint is not reached, is full or busy, or it was cancelled; what is under way then comes to its own end. On a
 * line that is metered each waits for another where the settings do not want that (on_metered), says so, and can be
 * cancelled. False: with the first failure; `batch` is filled in either case. */
bool offsite_upload_batch(const OffsiteBatchSpec *spec, const JobSink *sink, const Cancel *cancel, OffsiteBatch *batch,
                          Error *err);

/* What came of one, in words: "uploaded; size and hash are as recorded". Caller frees. */
char *offsite_outcome_text(const OffsiteOutcome *outcome);

/* How far a file is that goes beside others. */
typedef struct OffsitePart {
    uint64_t size;
    bool under_way;
    Progress now; /* its own; `step` is not looked at */
    bool uploading;
} OffsitePart;
/* The progress of several that are under way: as below, with the rates added up; the step is `step`. */
Progress offsite_batch_progress_of(uint64_t before, uint64_t total, const OffsitePart *parts, size_t count,
                                   const char *step);

/* The progress of one file as a part of the whole: `before` bytes of other files come first, its own are `size` of
 * `total`. The time left is that of all of them, where its rate is known; the rate of reading says nothing. */
Progress offsite_batch_progress(uint64_t before, uint64_t size, uint64_t total, const Progress *one);

#endif
