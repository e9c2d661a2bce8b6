#include "jobs/offsite_batch.h"

#include <string.h>

#include "base/mem.h"
#include "jobs/offsite.h"
#include "platform/conditions.h"
#include "platform/fs.h"
#include "store/settings.h"

#define LINE_MS 15000u /* between two looks at a line that is metered */

/* --- what would go ---------------------------------------------------------------------------------------- */

static const CatalogEntry *find_entry(const Catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (strcmp(catalog->entries[i].name, name) == 0) {
            return &catalog->entries[i];
        }
    }
    return NULL;
}

static const char *problem_of(const CatalogEntry *entry)
{
    return entry == NULL                ? "it is no longer in the backup folder"
           : entry->level == LEVEL_BAD  ? "it is damaged"
           : !entry->has_manifest       ? "it has no manifest yet: verify it first"
           : entry->level == LEVEL_NONE ? "it is not what its manifest says: verify it first"
                                        : NULL;
}

void offsite_plan(const Catalog *catalog, const char *const *names, size_t count, OffsitePlan *plan)
{
    *plan = (OffsitePlan){.items = mem_array(count, sizeof *plan->items), .count = count};
    for (size_t i = 0; i < count; i++) {
        const CatalogEntry *entry = find_entry(catalog, names[i]);
        plan->items[i] = (OffsitePlanItem){mem_strdup(names[i]), entry == NULL ? 0 : entry->size, problem_of(entry)};
        if (plan->items[i].problem == NULL) {
            plan->good++;
            plan->bytes += plan->items[i].bytes;
        }
    }
}

void offsite_plan_release(OffsitePlan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        mem_free(plan->items[i].name);
    }
    mem_free(plan->items);
    *plan = (OffsitePlan){.items = NULL};
}

/* --- progress --------------------------------------------------------------------------------------------- */

Progress offsite_batch_progress(uint64_t before, uint64_t size, uint64_t total, const Progress *one)
{
    Progress whole = *one;
    const uint64_t after = total > before + size ? total - before - size : 0;
    if (one->fraction >= 0 && total > 0) {
        whole.fraction = ((double)before + (double)size * one->fraction) / (double)total;
    }
    if (after > 0) {
        const bool uploading = one->step != NULL && strcmp(one->step, "Uploading") == 0;
        const bool known = uploading && one->seconds_left >= 0 && one->bytes_per_second > 0;
        whole.seconds_left = known ? one->seconds_left + (double)after / one->bytes_per_second : -1;
    }
    return whole;
}

typedef struct Share {
    const JobSink *sink;
    uint64_t before, size, total;
} Share;

static void share_log(void *context, LogLevel level, const char *text)
{
    const Share *share = context;
    job_log(share->sink, level, "%s", text);
}

static void share_progress(void *context, const Progress *progress)
{
    const Share *share = context;
    const Progress whole = offsite_batch_progress(share->before, share->size, share->total, progress);
    job_progress(share->sink, &whole);
}

/* --- the uploads ------------------------------------------------------------------------------------------ */

void offsite_batch_init(OffsiteBatch *batch)
{
    *batch = (OffsiteBatch){.files = NULL};
}

void offsite_batch_release(OffsiteBatch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        mem_free(batch->files[i].name);
        upload_result_release(&batch->files[i].result);
        error_clear(&batch->files[i].error);
    }
    mem_free(batch->files);
    offsite_batch_init(batch);
}

/* The next one would meet the same. */
static bool ends_all(ErrorKind kind)
{
    return kind == EK_CANCELLED || kind == EK_BUSY || kind == EK_CONNECT || kind == EK_REFUSED || kind == EK_SPACE ||
           kind == EK_SETTINGS;
}

static uint64_t size_of(const char *path)
{
    FsInfo info;
    return fs_stat(path, &info, NULL) ? info.size : 0;
}

static void copy_error(Error *to, const Error *from)
{
    error_set(to, from->kind, "%s", from->message == NULL ? "" : from->message);
    if (from->detail != NULL) {
        error_detail(to, "%s", from->detail);
    }
    if (from->hint != NULL) {
        error_hint(to, "%s", from->hint);
    }
}

/* Whether the settings let the line be used as it is now; those that cannot be read keep nobody. */
static bool is_metered(const char *path)
{
    char *folder = fs_dir_name(path);
    Settings settings;
    Conditions conditions;
    settings_init(&settings);
    conditions_look(&conditions, true);
    const bool metered = conditions.metered && settings_load(folder, &settings, NULL) && !settings.on_metered;
    settings_release(&settings);
    mem_free(folder);
    return metered;
}

/* The schedule's copies wait in their own way (run.c): there nobody sits and can stop it. */
static bool await_line(const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    for (bool told = false; is_metered(path); told = true) {
        if (!told) {
            job_log(sink, LOG_WARNING, "The network is metered: the upload waits for another one, as the settings "
                                       "say.");
            job_progress(sink, &(Progress){.fraction = -1, .step = "Waiting for another network", .seconds_left = -1});
        }
        if (cancel_wait(cancel, LINE_MS)) {
            return error_set(err, EK_CANCELLED, "cancelled");
        }
    }
    return true;
}

bool offsite_upload_batch(const OffsiteBatchSpec *spec, const JobSink *sink, const Cancel *cancel, OffsiteBatch *batch,
                          Error *err)
{
    Error first = ERROR_INIT;
    uint64_t *sizes = mem_array(spec->count, sizeof *sizes);
    Share share = {.sink = sink};
    Rate *own = spec->rate == NULL ? rate_new() : NULL, *rate = own != NULL ? own : spec->rate;
    const JobSink part = {share_log, share_progress, &share, job_actor(sink)};
    offsite_batch_release(batch);
    batch->files = mem_array(spec->count, sizeof *batch->files);
    for (; batch->count < spec->count; batch->count++) {
        OffsiteOutcome *outcome = &batch->files[batch->count];
        *outcome = (OffsiteOutcome){.name = mem_strdup(fs_base_name(spec->paths[batch->count])), .error = ERROR_INIT};
        upload_result_init(&outcome->result);
        sizes[batch->count] = size_of(spec->paths[batch->count]);
        share.total += sizes[batch->count];
    }
    bool stop = !offsite_is_set_up(&first);
    for (size_t i = 0; i < batch->count && !stop; i++) {
        OffsiteOutcome *outcome = &batch->files[i];
        share.size = sizes[i];
        outcome->tried = true;
        outcome->ok = await_line(spec->paths[i], &part, cancel, &outcome->error) &&
                      offsite_upload_by(spec->paths[i], rate, &part, cancel, &outcome->result, &outcome->error);
        if (outcome->ok) {
            batch->done++;
        } else {
            batch->failed++;
            stop = ends_all(outcome->error.kind);
            if (first.kind == EK_NONE || outcome->error.kind == EK_CANCELLED) {
                copy_error(&first, &outcome->error);
            }
        }
        if (spec->ended != NULL) {
            spec->ended(spec->context, outcome);
        }
        share.before += sizes[i];
    }
    rate_free(own);
    mem_free(sizes);
    return first.kind == EK_NONE || error_move(err, &first);
}

char *offsite_outcome_text(const OffsiteOutcome *outcome)
{
    if (!outcome->tried) {
        return mem_strdup("not tried any more");
    }
    if (!outcome->ok) {
        return error_text(&outcome->error);
    }
    const UploadResult *result = &outcome->result;
    return mem_strdup(result->hash_pending ? "on SharePoint; its size is right, and its hash has not been said yet"
                      : result->was_there  ? "was on SharePoint already, the same"
                                           : "uploaded; size and hash are as recorded");
}
