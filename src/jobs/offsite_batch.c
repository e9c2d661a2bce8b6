/*
 * offsite_batch.c: two threads take the files in their order, each its next one; the caller's is one of them. What they
 * tell goes through one mutex, so that front ends hear one job. The outcomes are told in the order of the files.
 */
#include "jobs/offsite_batch.h"

#include <string.h>

#include "base/mem.h"
#include "offsite_private.h"
#include "platform/conditions.h"
#include "platform/fs.h"
#include "platform/thread.h"
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

Progress offsite_batch_progress_of(uint64_t before, uint64_t total, const OffsitePart *parts, size_t count,
                                   const char *step)
{
    Progress whole = {.fraction = -1, .step = step, .seconds_left = -1};
    uint64_t sizes = 0;
    double done = (double)before, longest = 0;
    bool known = true;
    for (size_t i = 0; i < count; i++) {
        const OffsitePart *part = &parts[i];
        if (part->under_way) {
            sizes += part->size;
            done += part->now.fraction > 0 ? (double)part->size * part->now.fraction : 0;
            known = known && part->uploading && part->now.seconds_left >= 0 && part->now.bytes_per_second > 0;
            longest = part->now.seconds_left > longest ? part->now.seconds_left : longest;
            whole.bytes += part->uploading ? part->now.bytes : 0;
            whole.bytes_per_second += part->uploading ? part->now.bytes_per_second : 0;
        }
    }
    const uint64_t after = total > before + sizes ? total - before - sizes : 0;
    whole.fraction = total > 0 ? done / (double)total : 0;
    if (known && whole.bytes_per_second > 0) {
        whole.seconds_left = longest + (double)after / whole.bytes_per_second;
    }
    return whole;
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

/* --- side by side ----------------------------------------------------------------------------------------- */

typedef struct Run {
    const OffsiteBatchSpec *spec;
    const JobSink *sink;
    const Cancel *cancel;
    OffsiteBatch *batch;
    OffsiteTogether *together;
    uint64_t total;
    uint64_t *sizes;
    Mutex *turn;  /* whose it is to take the next file; held while a metered line is waited for */
    Mutex *mutex; /* the rest, and around the sink and `ended` */
    size_t next, told;
    bool *ended;
    uint64_t before; /* bytes of those that have ended */
    OffsitePart parts[OFFSITE_SIDE_BY_SIDE];
    bool stop;
    Error first;
} Run;

typedef struct Worker {
    Run *run;
    OffsitePart *part;
} Worker;

static void run_log(void *context, LogLevel level, const char *text)
{
    Run *run = context;
    mutex_lock(run->mutex);
    job_log(run->sink, level, "%s", text);
    mutex_unlock(run->mutex);
}

/* Of who waits for the line: a file that is under way has something to say itself. */
static void run_progress(void *context, const Progress *progress)
{
    Run *run = context;
    mutex_lock(run->mutex);
    bool quiet = true;
    for (size_t i = 0; i < OFFSITE_SIDE_BY_SIDE; i++) {
        quiet = quiet && !run->parts[i].under_way;
    }
    if (quiet) {
        job_progress(run->sink, progress);
    }
    mutex_unlock(run->mutex);
}

static void worker_log(void *context, LogLevel level, const char *text)
{
    const Worker *worker = context;
    run_log(worker->run, level, text);
}

static void worker_progress(void *context, const Progress *progress)
{
    const Worker *worker = context;
    Run *run = worker->run;
    mutex_lock(run->mutex);
    worker->part->now = *progress;
    worker->part->uploading = progress->step != NULL && strcmp(progress->step, "Uploading") == 0;
    size_t under_way = 0;
    bool uploading = false;
    for (size_t i = 0; i < OFFSITE_SIDE_BY_SIDE; i++) {
        under_way += run->parts[i].under_way;
        uploading = uploading || (run->parts[i].under_way && run->parts[i].uploading);
    }
    const Progress whole =
        under_way > 1 ? offsite_batch_progress_of(run->before, run->total, run->parts, OFFSITE_SIDE_BY_SIDE,
                                                  uploading ? "Uploading" : progress->step)
                      : offsite_batch_progress(run->before, worker->part->size, run->total, progress);
    job_progress(run->sink, &whole);
    mutex_unlock(run->mutex);
}

/* Under the mutex. */
static void settle(Run *run, size_t index)
{
    OffsiteOutcome *outcome = &run->batch->files[index];
    if (outcome->ok) {
        run->batch->done++;
    } else {
        run->batch->failed++;
        run->stop = run->stop || ends_all(outcome->error.kind);
        if (run->first.kind == EK_NONE || outcome->error.kind == EK_CANCELLED) {
            copy_error(&run->first, &outcome->error);
        }
    }
    run->before += run->sizes[index];
    run->ended[index] = true;
    for (; run->told < run->batch->count && run->ended[run->told]; run->told++) {
        if (run->spec->ended != NULL) {
            run->spec->ended(run->spec->context, &run->batch->files[run->told]);
        }
    }
}

/* The next file, and the line is one that it may use. False: there is none, or nothing is begun any more. */
static bool take_next(Run *run, OffsitePart *part, size_t *index)
{
    const JobSink sink = {run_log, run_progress, run, job_actor(run->sink)};
    bool taken = false;
    mutex_lock(run->turn);
    mutex_lock(run->mutex);
    bool more = !run->stop && run->next < run->batch->count;
    *index = run->next;
    mutex_unlock(run->mutex);
    if (more) {
        OffsiteOutcome *outcome = &run->batch->files[*index];
        const bool may = await_line(run->spec->paths[*index], &sink, run->cancel, &outcome->error);
        mutex_lock(run->mutex);
        if (!run->stop) { /* by another, meanwhile */
            run->next++;
            outcome->tried = true;
            taken = may;
            if (may) {
                *part = (OffsitePart){.size = run->sizes[*index], .under_way = true,
                                      .now = {.fraction = -1, .seconds_left = -1}};
            } else {
                settle(run, *index);
            }
        }
        mutex_unlock(run->mutex);
    }
    mutex_unlock(run->turn);
    return taken;
}

static void work(void *argument)
{
    Worker *worker = argument;
    Run *run = worker->run;
    const JobSink sink = {worker_log, worker_progress, worker, job_actor(run->sink)};
    size_t index = 0;
    while (take_next(run, worker->part, &index)) {
        OffsiteOutcome *outcome = &run->batch->files[index];
        outcome->ok = offsite_upload_in(run->together, run->spec->paths[index], &sink, run->cancel, &outcome->result,
                                        &outcome->error);
        mutex_lock(run->mutex);
        worker->part->under_way = false;
        settle(run, index);
        mutex_unlock(run->mutex);
    }
}

/* Those that go side by side hold the lock of one folder. */
static bool of_one_folder(const OffsiteBatchSpec *spec)
{
    bool same = true;
    char *first = spec->count > 0 ? fs_dir_name(spec->paths[0]) : NULL;
    for (size_t i = 1; same && i < spec->count; i++) {
        char *dir = fs_dir_name(spec->paths[i]);
        same = strcmp(first, dir) == 0;
        for (size_t j = 0; same && j < i; j++) {
            same = strcmp(spec->paths[i], spec->paths[j]) != 0; /* one journal */
        }
        mem_free(dir);
    }
    mem_free(first);
    return same;
}

static void run_all(Run *run)
{
    Worker workers[OFFSITE_SIDE_BY_SIDE];
    Thread *threads[OFFSITE_SIDE_BY_SIDE] = {NULL};
    size_t count = of_one_folder(run->spec) ? offsite_side_by_side() : 1;
    count = count < run->spec->count ? count : run->spec->count;
    for (size_t i = 0; i < count; i++) {
        workers[i] = (Worker){run, &run->parts[i]};
        if (i > 0) {
            threads[i] = thread_start(work, &workers[i]);
        }
    }
    if (count > 0) {
        work(&workers[0]);
    }
    for (size_t i = 1; i < count; i++) {
        thread_join(threads[i]);
    }
}

bool offsite_upload_batch(const OffsiteBatchSpec *spec, const JobSink *sink, const Cancel *cancel, OffsiteBatch *batch,
                          Error *err)
{
    Rate *own = spec->rate == NULL ? rate_new() : NULL;
    Run run = {.spec = spec, .sink = sink, .cancel = cancel, .batch = batch, .first = ERROR_INIT};
    offsite_batch_release(batch);
    batch->files = mem_array(spec->count, sizeof *batch->files);
    run.sizes = mem_array(spec->count, sizeof *run.sizes);
    run.ended = mem_array(spec->count, sizeof *run.ended);
    for (; batch->count < spec->count; batch->count++) {
        OffsiteOutcome *outcome = &batch->files[batch->count];
        *outcome = (OffsiteOutcome){.name = mem_strdup(fs_base_name(spec->paths[batch->count])), .error = ERROR_INIT};
        upload_result_init(&outcome->result);
        run.sizes[batch->count] = size_of(spec->paths[batch->count]);
        run.total += run.sizes[batch->count];
    }
    if (offsite_is_set_up(&run.first)) {
        run.together = offsite_together_new(own != NULL ? own : spec->rate);
        run.turn = mutex_new();
        run.mutex = mutex_new();
        run_all(&run);
        mutex_free(run.mutex);
        mutex_free(run.turn);
        offsite_together_free(run.together);
    }
    rate_free(own);
    mem_free(run.ended);
    mem_free(run.sizes);
    return run.first.kind == EK_NONE || error_move(err, &run.first);
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
