#include "task.h"

#include "auditlog.h"
#include "cancel.h"
#include "clock.h"
#include "export.h"
#include "folder.h"
#include "fs.h"
#include "machine.h"
#include "mem.h"
#include "retention.h"
#include "sample.h"
#include "settings.h"
#include "thread.h"
#include "verify.h"

struct Task {
    /* Set before start, then the worker's. */
    TaskKind kind;
    char *folder;
    Connection connection;
    AppOptions options;
    char **files;
    size_t file_count;
    char *target;
    bool overwrite;
    ConfigValues config;
    JobSink sink;
    void (*ring)(void *context);
    void *context;
    /* The worker's until `finished`, then the window's. */
    TaskResult *result;
    /* Any thread. */
    Cancel *cancel;
    Mutex *mutex;
    Cond *changed;
    bool finished; /* under the mutex */
    /* The window's. */
    Thread *thread;
};

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
    to->database = mem_strdup(from->database);
}

static void replace(char **text, const char *with)
{
    if (with != NULL) {
        mem_free(*text);
        *text = mem_strdup(with);
    }
}

/* Profile, environment, switches: later ones win. The password comes from the environment, a connection string
 * or, failing these, from what the system keeps for this user. */
static bool find_connection(const AppOptions *options, const JobSink *sink, Connection *connection, Error *err)
{
    Error problem = ERROR_INIT;
    if (!connection_load_profile(connection, &problem)) {
        /* The environment and the switches may still say it all. */
        char *text = error_text(&problem);
        job_log(sink, LOG_WARNING, "%s", text);
        mem_free(text);
        error_clear(&problem);
    }
    connection_from_env(connection);
    if (options->database != NULL && (strchr(options->database, '=') != NULL || strstr(options->database, "://"))) {
        if (!connection_parse(connection, options->database, err)) {
            return error_context(err, "-d");
        }
    } else {
        replace(&connection->database, options->database);
    }
    replace(&connection->host, options->host);
    replace(&connection->port, options->port);
    replace(&connection->user, options->user);
    if (!secret_is_set(&connection->password)) {
        char *target = connection_secret_target(connection);
        machine_secret_load(target, &connection->password);
        mem_free(target);
    }
    return true;
}

static ConfigValues config_of(const Settings *settings)
{
    return (ConfigValues){settings->retention_days, settings->max_backups, settings->compress};
}

static bool run_open(const Task *task, TaskResult *result, Error *err)
{
    Settings settings;
    settings_init(&settings);
    bool ok = folder_choose(task->options.folder, &result->folder, &result->fallback, err) &&
              settings_load(result->folder, &settings, err) &&
              find_connection(&task->options, &task->sink, &result->connection, err);
    if (ok) {
        const Connection *c = &result->connection;
        result->config = config_of(&settings);
        result->configured = c->host != NULL || c->database != NULL;
        if (settings.notice != NULL) {
            job_log(&task->sink, LOG_WARNING, "%s", settings.notice);
        }
        if (result->fallback) {
            job_log(&task->sink, LOG_WARNING, "The Documents folder cannot be written to; backups are kept in %s",
                    result->folder);
        }
        ok = catalog_load(result->folder, clock_now(), &result->catalog, err);
    }
    settings_release(&settings);
    return ok;
}

static bool run_demo(const Task *task, TaskResult *result, Error *err)
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
            error_set(err, EK_SETTINGS, "there is no folder for the program's own data");
            error_hint(err, "Name one with --demo-data.");
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
    job_log(&task->sink, LOG_GOOD, made ? "The sample database is ready." : "The sample database is there already.");
    result->engine = engine;
    engine = NULL;
    ok = true;
out:
    engine_stop(engine);
    mem_free(data);
    return ok;
}

static bool run_backup(const Task *task, TaskResult *result, Error *err)
{
    BackupSpec spec = {.folder = task->folder};
    connection_init(&spec.connection);
    connection_copy(&spec.connection, &task->connection);
    bool ok = backup_run(&spec, &task->sink, task->cancel, &result->backup, err);
    connection_release(&spec.connection);
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

static bool run_file(const Task *task, const char *path, const JobSink *sink, Error *err)
{
    if (task->kind == TASK_DELETE) {
        char *folder = fs_dir_name(path);
        bool gone = retention_delete(folder, fs_base_name(path), false, err);
        if (gone) {
            job_log(sink, LOG_INFO, "Deleted: %s", fs_base_name(path));
        }
        mem_free(folder);
        return gone;
    }
    if (task->kind == TASK_VERIFY) {
        VerifyResult result;
        verify_result_init(&result);
        bool ok = verify_backup(path, true, sink, task->cancel, &result, err);
        verify_result_release(&result);
        return ok;
    }
    ExportResult result;
    const ExportSpec spec = {.path = path, .dir = task->target, .overwrite = task->overwrite};
    export_result_init(&result);
    bool ok = export_backup(&spec, sink, task->cancel, &result, err);
    export_result_release(&result);
    return ok;
}

/* A file that fails does not keep the others, unless the place to copy to is what fails. */
static bool run_files(const Task *task, TaskResult *result, Error *err)
{
    Error first = ERROR_INIT;
    bool stop = false;
    for (size_t i = 0; i < task->file_count && !stop; i++) {
        Share share = {&task->sink, i, task->file_count};
        const JobSink sink = {share_log, share_progress, &share};
        Error failed = ERROR_INIT;
        char *path = fs_join(task->folder, task->files[i]);
        if (run_file(task, path, &sink, &failed)) {
            result->done++;
        } else {
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
    return first.kind == EK_NONE || error_move(err, &first);
}

/* --- the settings ---------------------------------------------------------------------------------------- */

/* Over what the file holds now: it may have been changed by hand since it was read. */
static bool run_config(const Task *task, TaskResult *result, Error *err)
{
    Settings settings;
    settings_init(&settings);
    bool ok = settings_load(task->folder, &settings, err);
    if (ok) {
        settings.retention_days = task->config.retention_days;
        settings.max_backups = task->config.max_backups;
        settings.compress = task->config.compress;
        ok = settings_save(task->folder, &settings, err);
    }
    if (ok) {
        result->config = config_of(&settings);
        char *text = mem_printf("retention %d days, at most %d backups, %s", settings.retention_days,
                                settings.max_backups, settings.compress ? "compressed" : "not compressed");
        const AuditEntry entry = {.operation = "settings", .status = "success", .message = text, .seconds = -1};
        if (settings.notice != NULL) {
            job_log(&task->sink, LOG_WARNING, "%s", settings.notice);
        }
        job_log(&task->sink, LOG_GOOD, "Configuration saved: %s", text);
        Error failed = ERROR_INIT;
        if (!auditlog_append(task->folder, &entry, &failed)) {
            char *why = error_text(&failed);
            job_log(&task->sink, LOG_WARNING, "The log could not be written: %s", why);
            mem_free(why);
            error_clear(&failed);
        }
        mem_free(text);
    }
    settings_release(&settings);
    return ok;
}

static void run(void *argument)
{
    Task *task = argument;
    TaskResult *result = task->result;
    Error err = ERROR_INIT;
    switch (task->kind) {
    case TASK_OPEN:
        result->ok = run_open(task, result, &err);
        break;
    case TASK_LIST:
        result->ok = catalog_load(task->folder, clock_now(), &result->catalog, &err);
        break;
    case TASK_DEMO:
        result->ok = run_demo(task, result, &err);
        break;
    case TASK_BACKUP:
        result->ok = run_backup(task, result, &err);
        break;
    case TASK_VERIFY:
    case TASK_EXPORT:
    case TASK_DELETE:
        result->ok = run_files(task, result, &err);
        break;
    case TASK_CONFIG:
        result->ok = run_config(task, result, &err);
        break;
    }
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
    task->overwrite = spec->overwrite;
    task->config = spec->config;
    task->sink = sink;
    task->ring = ring;
    task->context = context;
    task->result = mem_alloc(sizeof *task->result);
    task->result->kind = spec->kind;
    connection_init(&task->result->connection);
    catalog_init(&task->result->catalog);
    backup_result_init(&task->result->backup);
    task->cancel = cancel_new();
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
    cancel_free(task->cancel);
    app_options_release(&task->options);
    connection_release(&task->connection);
    for (size_t i = 0; i < task->file_count; i++) {
        mem_free(task->files[i]);
    }
    mem_free(task->files);
    mem_free(task->target);
    mem_free(task->folder);
    mem_free(task);
    return result;
}

void task_result_free(TaskResult *result)
{
    if (result == NULL) {
        return;
    }
    error_clear(&result->error);
    mem_free(result->folder);
    connection_release(&result->connection);
    catalog_release(&result->catalog);
    backup_result_release(&result->backup);
    engine_stop(result->engine);
    mem_free(result);
}
