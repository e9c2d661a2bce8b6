#include "task_private.h"

#include "base/mem.h"
#include "jobs/certificate.h"
#include "jobs/configure.h"
#include "jobs/export.h"
#include "jobs/offsite.h"
#include "jobs/opening.h"
#include "jobs/prove.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "postgres/userprofile.h"
#include "sample/sample.h"
#include "schedule/registration.h"
#include "schedule/report.h"
#include "store/catalog.h"
#include "store/folder.h"
#include "store/retention.h"
#include "store/settings.h"
#include "task_row.h"
#include "texts.h"

#define LEAVE_MS 2000

static void copy_options(AppOptions *to, const AppOptions *from)
{
    app_options_init(to);
    to->demo = from->demo;
    to->demo_data = mem_strdup(from->demo_data);
    to->demo_megabytes = from->demo_megabytes;
    to->folder = mem_strdup(from->folder);
    to->host = mem_strdup(from->host);
    to->port = mem_strdup(from->port);
    to->user = mem_strdup(from->user);
    to->sslmode = mem_strdup(from->sslmode);
    to->database = mem_strdup(from->database);
    connection_copy(&to->environment, &from->environment);
}

static void replace(char **text, const char *with)
{
    if (with != NULL) {
        mem_free(*text);
        *text = mem_strdup(with);
    }
}

/* The sample database's backups are not among the real one's, where nobody has named a folder. Caller frees; NULL: the
 * usual one. */
static char *demo_folder(const AppOptions *options)
{
    char *named = machine_getenv("CMMS_BACKUP_FOLDER");
    char *local = options->demo && (named == NULL || named[0] == '\0') ? machine_local_data_dir() : NULL;
    char *folder = local != NULL ? fs_join(local, "demo-backups") : NULL;
    mem_free(local);
    mem_free(named);
    return folder;
}

bool task_open(const Task *task, TaskResult *result, Error *err)
{
    const AppOptions *options = &task->options;
    char *demo = options->folder == NULL ? demo_folder(options) : NULL;
    const ConnectionSwitches switches = {options->host, options->port, options->user, options->sslmode,
                                         options->database};
    /* Whoever opens the window may only want to read, so a folder that is there will do as it is. */
    const OpeningSpec spec = {.use = OPENING_TAKES_ANY,
                              .folder = demo != NULL ? demo : options->folder,
                              .environment = &options->environment,
                              .switches = &switches,
                              .chosen = &task->connection,
                              .without_database = true};
    Opening opening;
    opening_init(&opening);
    bool ok = opening_open(&spec, &task->sink, &opening, err);
    mem_free(demo);
    prove_clean_up(&task->sink);
    if (ok) {
        result->folder = opening.folder;
        result->fallback = opening.fallback;
        opening.folder = NULL;
        opening.fallback = NULL;
        connection_copy(&result->connection, &opening.connection);
        result->configured = opening.configured;
        result->lock_minutes = opening.lock_minutes;
        if (options->database != NULL && connection_holds_password(options->database) &&
            !userprofile_is_configured(&task->connection)) {
            job_log(&task->sink, LOG_WARNING, TEXT_PASSWORD_SEEN);
        }
        if (result->fallback) {
            job_log(&task->sink, LOG_WARNING, "%s", result->fallback);
        }
        ok = list_model_load(result->folder, &result->model, err);
    }
    opening_release(&opening);
    return ok;
}

bool task_list(const Task *task, TaskResult *result, Error *err)
{
    return list_model_load(task->folder, &result->model, err);
}

bool task_demo(const Task *task, TaskResult *result, Error *err)
{
    char *data = NULL;
    Engine *engine = NULL;
    bool made = false;
    bool ok = false;
    if (task->options.demo_data != NULL) {
        data = mem_strdup(task->options.demo_data);
    } else {
        char *local = machine_local_data_dir();
        if (local == NULL) {
            error_set(err, EK_SETTINGS, TEXT_NO_OWN_FOLDER);
            error_hint(err, TEXT_NO_OWN_FOLDER_HINT);
            goto out;
        }
        /* One for each size: a sample database of another size would be in the way. */
        char *name = task->options.demo_megabytes == SAMPLE_MEGABYTES
                         ? mem_strdup("demo")
                         : mem_printf("demo-%d", task->options.demo_megabytes);
        data = fs_join(local, name);
        mem_free(name);
        mem_free(local);
    }
    if (!engine_start(data, &task->sink, task->cancel, &engine, err) ||
        !sample_create(engine_connection(engine), SAMPLE_DATABASE, task->options.demo_megabytes, &task->sink,
                       task->cancel, &made, err)) {
        goto out;
    }
    connection_copy(&result->connection, engine_connection(engine));
    replace(&result->connection.database, SAMPLE_DATABASE);
    job_log(&task->sink, LOG_GOOD, "%s", made ? TEXT_SAMPLE_READY : TEXT_SAMPLE_THERE);
    result->engine = engine;
    engine = NULL;
    result->key = source_ask_key(&result->connection, task->cancel);
    signin_first_manager(&result->connection, task->cancel, &result->user, NULL);
    ok = true;
out:
    engine_stop(engine);
    mem_free(data);
    return ok;
}

bool task_backup(const Task *task, TaskResult *result, Error *err)
{
    BackupSpec spec = {.folder = task->folder, .fallback = task->fallback};
    connection_init(&spec.connection);
    connection_copy(&spec.connection, &task->connection);
    const bool ok = backup_run(&spec, &task->sink, task->cancel, &result->backup, err);
    connection_release(&spec.connection);
    if (ok) { /* whatever becomes of the copy, the backup is made */
        OffsiteAfter offsite;
        const OffsiteAfterSpec after = {.folder = task->folder, .made = result->backup.path};
        offsite_after_init(&offsite);
        offsite_after(&after, &task->sink, task->cancel, &offsite);
        offsite_after_release(&offsite);
    }
    return ok;
}

/* As Task Scheduler's run does it, but with the database that the window uses. `switches` is filled for it. */
static ScheduledSpec spec_of_schedule(const Task *task, ConnectionSwitches *switches)
{
    const AppOptions *options = &task->options;
    *switches = (ConnectionSwitches){options->host, options->port, options->user, options->sslmode, options->database};
    return (ScheduledSpec){.folder = task->folder,
                           .environment = &options->environment,
                           .switches = switches,
                           .chosen = &task->connection,
                           .once = task->once};
}

bool task_scheduled(const Task *task, TaskResult *result, Error *err)
{
    ConnectionSwitches switches;
    const ScheduledSpec spec = spec_of_schedule(task, &switches);
    return scheduled_run(&spec, &task->sink, task->cancel, &result->scheduled, err);
}

bool task_recheck(const Task *task, TaskResult *result, Error *err)
{
    ConnectionSwitches switches;
    const ScheduledSpec spec = spec_of_schedule(task, &switches);
    /* The bar belongs to the job that somebody waits for. */
    const JobSink quiet = {.log = task->sink.log, .context = task->sink.context, .actor = task->sink.actor};
    return scheduled_checks(&spec, &quiet, task->cancel, &result->checks, err);
}

bool task_pause_schedule(const Task *task, TaskResult *result, Error *err)
{
    char *told = NULL;
    (void)result;
    const bool ok = pause_set(task->folder, pause_moment(task->pause, &due_here, clock_now()), task->actor, &told, err);
    if (ok) {
        job_log(&task->sink, task->pause == PAUSE_NONE ? LOG_GOOD : LOG_WARNING, "%s", told);
    }
    mem_free(told);
    return ok;
}

/* --- what is done with files, one after the other -------------------------------------------------------- */

/* The progress of one of several files as a part of the whole. */
typedef struct Share {
    const JobSink *sink;
    size_t index, count;
} Share;

static void share_log(void *context, LogLevel level, const char *text)
{
    const Share *share = context;
    share->sink->log(share->sink->context, level, text);
}

static void share_progress(void *context, const Progress *progress)
{
    const Share *share = context;
    Progress whole = *progress;
    if (whole.fraction >= 0) {
        whole.fraction = ((double)share->index + whole.fraction) / (double)share->count;
    }
    if (share->count > 1) {
        whole.seconds_left = -1; /* only that of this file is known */
    }
    share->sink->progress(share->sink->context, &whole);
}

/* What cannot be proven on the bundled server is no failure, and nothing is known against the backup; prove_backup
 * logs each outcome itself. */
bool task_prove_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err)
{
    const ProveSpec spec = {.record = true};
    ProveResult result;
    (void)read;
    prove_result_init(&result);
    bool ok = prove_backup(path, &spec, sink, task->cancel, &result, err);
    prove_result_release(&result);
    return ok;
}

bool task_delete_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err)
{
    char *folder = fs_dir_name(path);
    bool gone = retention_delete(folder, fs_base_name(path), false, read, sink, task->cancel, err);
    if (gone) {
        job_log(sink, LOG_INFO, TEXT_DELETED, fs_base_name(path));
    }
    mem_free(folder);
    return gone;
}

bool task_pin_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err)
{
    (void)read;
    bool done = retention_pin(task->folder, fs_base_name(path), task->on, NULL, sink, err);
    if (done) {
        job_log(sink, LOG_INFO, task->on ? TEXT_PINNED_NOW : TEXT_UNPINNED, fs_base_name(path));
    }
    return done;
}

bool task_verify_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err)
{
    VerifyResult result;
    (void)read;
    verify_result_init(&result);
    bool ok = verify_backup(path, true, sink, task->cancel, &result, err);
    verify_result_release(&result);
    return ok;
}

bool task_export_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err)
{
    ExportResult result;
    const ExportSpec spec = {.path = path, .dir = task->target, .overwrite = task->overwrite};
    (void)read;
    export_result_init(&result);
    bool ok = export_backup(&spec, sink, task->cancel, &result, err);
    export_result_release(&result);
    return ok;
}

/* A file that fails does not keep the others, unless the place to copy to is what fails. */
bool task_files(const Task *task, TaskResult *result, Error *err)
{
    Error first = ERROR_INIT;
    RetentionRead read = {NULL, 0};
    bool stop = false;
    for (size_t i = 0; i < task->file_count && !stop; i++) {
        Share share = {&task->sink, i, task->file_count};
        const JobSink sink = {share_log, share_progress, &share, task->actor};
        Error failed = ERROR_INIT;
        char *path = fs_join(task->folder, task->files[i]);
        if (task_row(task->kind)->run_file(task, path, &read, &sink, &failed)) {
            result->done++;
        } else {
            if (failed.kind == EK_NOT_FOUND && !fs_exists(path)) {
                error_set(&failed, EK_NOT_FOUND, TEXT_FILE_GONE, task->files[i]);
                error_hint(&failed, "%s", TEXT_FILE_GONE_HINT);
            }
            stop = failed.kind == EK_CANCELLED || failed.kind == EK_BUSY ||
                   (task->kind == TASK_EXPORT && (failed.kind == EK_SPACE || failed.kind == EK_IO));
            result->failed++;
            if (failed.kind != EK_CANCELLED) {
                char *text = error_text(&failed);
                job_log(&task->sink, LOG_BAD, "%s", text);
                mem_free(text);
            }
            if (first.kind == EK_NONE || failed.kind == EK_CANCELLED) {
                error_move(&first, &failed);
            }
        }
        error_clear(&failed);
        mem_free(path);
    }
    retention_read_release(&read);
    return first.kind == EK_NONE || error_move(err, &first);
}

static void log_upload(void *context, const OffsiteOutcome *outcome)
{
    if (!outcome->ok && outcome->error.kind != EK_CANCELLED) {
        char *text = error_text(&outcome->error);
        job_log(context, LOG_BAD, "%s", text);
        mem_free(text);
    }
}

bool task_upload(const Task *task, TaskResult *result, Error *err)
{
    JobSink sink = task->sink;
    char **paths = mem_array(task->file_count, sizeof *paths);
    for (size_t i = 0; i < task->file_count; i++) {
        paths[i] = fs_join(task->folder, task->files[i]);
    }
    const OffsiteBatchSpec spec = {.paths = (const char *const *)paths, .count = task->file_count,
                                   .rate = task->rate,
                                   .ended = log_upload, .context = &sink};
    const bool ok = offsite_upload_batch(&spec, &task->sink, task->cancel, &result->uploads, err);
    for (size_t i = 0; i < task->file_count; i++) {
        mem_free(paths[i]);
    }
    mem_free(paths);
    return ok;
}

/* --- restores -------------------------------------------------------------------------------------------- */

/* The reading is half of what is shown of both. */
bool task_preview(const Task *task, TaskResult *result, Error *err)
{
    Share shares[] = {{&task->sink, 0, 2}, {&task->sink, 1, 2}};
    const JobSink reading = {share_log, share_progress, &shares[0], task->actor};
    const JobSink counting = {share_log, share_progress, &shares[1], task->actor};
    const PreviewSpec spec = {
        .server = &task->connection, .in_place = task->in_place, .prove_safety = task->in_place};
    VerifyResult read;
    verify_result_init(&read);
    const bool ok = verify_file(task->target, &reading, task->cancel, &read, err) &&
                    preview_run(task->target, &spec, &counting, task->cancel, &result->preview, err);
    verify_result_release(&read);
    return ok;
}

bool task_restore(const Task *task, TaskResult *result, Error *err)
{
    const RestoreSpec spec = {.server = &task->connection,
                              .folder = task->folder,
                              .in_place = task->in_place,
                              .prove_safety = task->in_place, /* it will be all that has what was there */
                              .no_safety = task->no_safety,
                              .proven = task->proven,
                              .sort_as_live = task->sort_as_live,
                              .nobody = task->nobody};
    return restore_backup(task->target, &spec, &task->sink, task->cancel, &result->restore, err);
}

bool task_kept(const Task *task, TaskResult *result, Error *err)
{
    return restore_list_kept(&task->connection, &task->sink, task->cancel, &result->kept, &result->kept_count, err);
}

bool task_undo(const Task *task, TaskResult *result, Error *err)
{
    const UndoSpec spec = {
        .server = &task->connection, .kept = task->target, .folder = task->folder, .nobody = task->nobody};
    return restore_undo(&spec, &task->sink, task->cancel, &result->restore, err);
}

/* --- the settings ---------------------------------------------------------------------------------------- */

#define CONFIG_PAIRS 9

/* By their keys in the file; the days only of the pattern that has them. Caller frees them. */
static size_t config_pairs(const ConfigValues *config, char **pairs)
{
    size_t count = 0;
    pairs[count++] = mem_printf("retention_days=%d", config->retention_days);
    pairs[count++] = mem_printf("max_backups=%d", config->max_backups);
    pairs[count++] = mem_printf("verify_after_backup=%s", config->verify ? "true" : "false");
    pairs[count++] = mem_printf("compress=%s", config->compress ? "true" : "false");
    pairs[count++] = mem_printf("enabled=%s", config->scheduled ? "true" : "false");
    if (config->scheduled) {
        pairs[count++] = mem_printf("schedule=%s", schedule_name(config->schedule));
        pairs[count++] = mem_printf("times=%s", config->times);
    }
    if (config->scheduled && config->schedule == SCHEDULE_WEEKLY) {
        const Settings days = {.weekdays = config->weekdays};
        char *text = settings_get(&days, "weekdays");
        pairs[count++] = mem_printf("weekdays=%s", text);
        mem_free(text);
    } else if (config->scheduled && config->schedule == SCHEDULE_MONTHLY) {
        pairs[count++] = mem_printf("month_day=%d", config->month_day);
    }
    return count;
}

static void tell_saved(const Task *task, const Settings *settings)
{
    const DuePlan plan = due_plan(settings);
    char *schedule = due_plan_text(&plan);
    if (settings->notice != NULL) {
        job_log(&task->sink, LOG_WARNING, "%s", settings->notice);
    }
    char *text = mem_printf(TEXT_CONFIG_VALUES, settings->retention_days, settings->max_backups,
                            settings->verify_after_backup ? TEXT_CONFIG_VERIFIED : TEXT_CONFIG_NOT_VERIFIED,
                            settings->compress ? TEXT_CONFIG_COMPRESSED : TEXT_CONFIG_NOT_COMPRESSED, schedule);
    job_log(&task->sink, LOG_GOOD, TEXT_CONFIG_SAVED, text);
    mem_free(text);
    char *skipped = due_skipped_text(&plan, &due_here, clock_now());
    if (skipped != NULL) {
        job_log(&task->sink, LOG_WARNING, "%s", skipped);
    }
    mem_free(skipped);
    mem_free(schedule);
}

/* Whoever named the folder when the window was started has to name it to the task too. */
static const char *named_folder(const Task *task)
{
    return task->options.folder != NULL ? task->folder : NULL;
}

/* What starts the schedule while the window is closed. */
static bool follow_config(const Task *task, const Settings *settings, TaskResult *result, Error *err)
{
    RegistrationStep step = REGISTRATION_KEPT;
    char *warning = NULL;
    if (task->sample) {
        job_log(&task->sink, LOG_INFO, TEXT_TASK_SAMPLE);
        return true;
    }
    const bool ok = registration_follow(settings, named_folder(task), &step, &warning, err);
    if (warning != NULL) {
        job_log(&task->sink, LOG_WARNING, "%s", warning);
    }
    mem_free(warning);
    if (!ok) {
        return error_context(err, TEXT_TASK_FAILED);
    }
    switch (step) {
    case REGISTRATION_MADE:
        result->enlisted = true;
        job_log(&task->sink, LOG_GOOD, TEXT_TASK_MADE);
        break;
    case REGISTRATION_TAKEN_AWAY:
        job_log(&task->sink, LOG_INFO, TEXT_TASK_TAKEN_AWAY);
        break;
    case REGISTRATION_NEEDS_DATABASE:
        job_log(&task->sink, LOG_WARNING, TEXT_TASK_NO_DATABASE);
        break;
    case REGISTRATION_KEPT:
        break;
    }
    return true;
}

/* Over what the file holds now: it may have been changed by hand since it was read. */
bool task_config(const Task *task, TaskResult *result, Error *err)
{
    Settings settings;
    char *pairs[CONFIG_PAIRS];
    settings_init(&settings);
    const size_t count = config_pairs(&task->config, pairs);
    result->saved = configure_set(task->folder, (const char *const *)pairs, count, task->actor, &settings, err);
    for (size_t i = 0; i < count; i++) {
        mem_free(pairs[i]);
    }
    if (result->saved) {
        result->config = list_model_config(&settings);
        tell_saved(task, &settings);
    }
    const bool ok = result->saved && follow_config(task, &settings, result, err);
    settings_release(&settings);
    return ok;
}

bool task_registration(const Task *task, TaskResult *result, Error *err)
{
    Settings settings;
    settings_init(&settings);
    const bool ok = settings_load(task->folder, &settings, err);
    result->problem = ok ? registration_problem(&settings, named_folder(task)) : NULL;
    settings_release(&settings);
    return ok;
}

bool task_enlist(const Task *task, TaskResult *result, Error *err)
{
    Settings settings;
    (void)result;
    settings_init(&settings);
    bool ok = settings_load(task->folder, &settings, err);
    if (ok && settings.enabled) {
        configure_begin(task->folder);
        ok = follow_config(task, &settings, result, err);
    }
    settings_release(&settings);
    return ok;
}

/* --- pages for people ------------------------------------------------------------------------------------ */

bool task_report(const Task *task, TaskResult *result, Error *err)
{
    Report report;
    const ReportSpec spec = {.folder = task->folder,
                             .named_folder = named_folder(task),
                             .source = task->has_source ? &task->source : NULL};
    report_init(&report);
    const bool ok = report_issue(&spec, NULL, &report, &result->page, err);
    for (size_t i = 0; ok && i < report.notice_count; i++) {
        job_log(&task->sink, LOG_WARNING, "%s", report.notices[i]);
    }
    report_release(&report);
    return ok;
}

bool task_certificate(const Task *task, TaskResult *result, Error *err)
{
    Certificate certificate;
    certificate_init(&certificate);
    const bool ok = certificate_issue(task->target, NULL, &task->sink, task->cancel, &certificate, &result->page, err);
    certificate_release(&certificate);
    return ok;
}

static void run(void *argument)
{
    Task *task = argument;
    TaskResult *result = task->result;
    Error err = ERROR_INIT;
    result->ok = task_row(task->kind)->run(task, result, &err);
    if (!result->ok) {
        error_move(&result->error, &err);
    }
    mutex_lock(task->mutex);
    task->finished = true;
    cond_broadcast(task->changed);
    mutex_unlock(task->mutex);
    /* From here the window may take the result, but it joins this thread before it frees the task. */
    task->ring(task->context);
}

Task *task_start(const TaskSpec *spec, JobSink sink, void (*ring)(void *context), void *context)
{
    Task *task = mem_alloc(sizeof *task);
    task->kind = spec->kind;
    task->folder = mem_strdup(spec->folder);
    task->fallback = mem_strdup(spec->fallback);
    connection_init(&task->connection);
    if (spec->connection != NULL) {
        connection_copy(&task->connection, spec->connection);
    }
    app_options_init(&task->options);
    if (spec->options != NULL) {
        copy_options(&task->options, spec->options);
    }
    task->files = mem_array(spec->file_count, sizeof *task->files);
    for (; task->file_count < spec->file_count; task->file_count++) {
        task->files[task->file_count] = mem_strdup(spec->files[task->file_count]);
    }
    task->target = mem_strdup(spec->target);
    task->proven = mem_strdup(spec->proven);
    task->overwrite = spec->overwrite;
    task->on = spec->on;
    task->no_safety = spec->no_safety;
    task->sort_as_live = spec->sort_as_live;
    task->in_place = spec->in_place;
    task->nobody = spec->nobody;
    task->config = spec->config;
    task->sample = spec->sample;
    task->pause = spec->pause;
    source_init(&task->source);
    task->has_source = spec->source != NULL;
    if (task->has_source) {
        source_copy(&task->source, spec->source);
    }
    task->once = spec->once;
    task->sink = sink;
    task->actor = mem_strdup(sink.actor);
    task->sink.actor = task->actor;
    task->ring = ring;
    task->context = context;
    task->result = mem_alloc(sizeof *task->result);
    task->result->kind = spec->kind;
    connection_init(&task->result->connection);
    list_model_init(&task->result->model);
    backup_result_init(&task->result->backup);
    scheduled_result_init(&task->result->scheduled);
    recheck_result_init(&task->result->checks);
    preview_init(&task->result->preview);
    restore_result_init(&task->result->restore);
    offsite_batch_init(&task->result->uploads);
    remote_list_init(&task->result->there);
    offsite_back_init(&task->result->back);
    task->result->to_restore = spec->to_restore;
    task->result->target = mem_strdup(spec->target);
    task->result->proven = mem_strdup(spec->proven);
    task->result->no_safety = spec->no_safety;
    task->cancel = cancel_new();
    task->rate = rate_new();
    task->key = task_key_new();
    task->mutex = mutex_new();
    task->changed = cond_new();
    task->thread = thread_start(run, task);
    return task;
}

TaskKind task_kind(const Task *task)
{
    return task->kind;
}

void task_cancel(Task *task)
{
    cancel_request(task->cancel);
}

void task_pause(Task *task, bool paused)
{
    rate_pause(task->rate, paused);
}

bool task_is_paused(const Task *task)
{
    return rate_is_paused(task->rate);
}

bool task_finished(Task *task)
{
    mutex_lock(task->mutex);
    bool finished = task->finished;
    mutex_unlock(task->mutex);
    return finished;
}

bool task_wait(Task *task, unsigned ms)
{
    uint64_t end = clock_monotonic_ms() + ms;
    mutex_lock(task->mutex);
    while (!task->finished) {
        uint64_t now = clock_monotonic_ms();
        if (now >= end) {
            break;
        }
        cond_wait_ms(task->changed, task->mutex, (unsigned)(end - now));
    }
    bool finished = task->finished;
    mutex_unlock(task->mutex);
    return finished;
}

TaskResult *task_take(Task *task)
{
    thread_join(task->thread);
    TaskResult *result = task->result;
    cond_free(task->changed);
    mutex_free(task->mutex);
    rate_free(task->rate);
    task_key_free(task->key);
    cancel_free(task->cancel);
    app_options_release(&task->options);
    connection_release(&task->connection);
    source_release(&task->source);
    for (size_t i = 0; i < task->file_count; i++) {
        mem_free(task->files[i]);
    }
    mem_free(task->files);
    mem_free(task->target);
    mem_free(task->proven);
    mem_free(task->actor);
    mem_free(task->folder);
    mem_free(task->fallback);
    mem_free(task);
    return result;
}

void task_leave(Task *task, int exit_code)
{
    if (task != NULL && !task_wait(task, LEAVE_MS)) {
        _Exit(exit_code);
    }
    if (task != NULL) {
        task_result_free(task_take(task));
    }
}

void task_result_free(TaskResult *result)
{
    if (result == NULL) {
        return;
    }
    error_clear(&result->error);
    mem_free(result->folder);
    mem_free(result->fallback);
    signin_user_release(&result->user);
    connection_release(&result->connection);
    list_model_release(&result->model);
    for (size_t i = 0; i < result->plan_count; i++) {
        mem_free(result->plan[i].name);
        mem_free(result->plan[i].reason);
    }
    mem_free(result->plan);
    mem_free(result->frozen);
    mem_free(result->key);
    backup_result_release(&result->backup);
    scheduled_result_release(&result->scheduled);
    recheck_result_release(&result->checks);
    mem_free(result->problem);
    mem_free(result->page);
    preview_release(&result->preview);
    restore_result_release(&result->restore);
    offsite_batch_release(&result->uploads);
    remote_list_release(&result->there);
    offsite_back_release(&result->back);
    swap_list_free(result->kept, result->kept_count);
    mem_free(result->target);
    mem_free(result->proven);
    engine_stop(result->engine);
    mem_free(result);
}
