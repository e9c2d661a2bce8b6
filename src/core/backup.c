/*
 * backup.c: one backup, step by step. See backup.h for the order and for what it promises.
 *
 * Threads. Everything runs on the calling thread but the counting: while pg_dump runs, a second thread counts
 * the tables in the session that holds the snapshot. It is started when pg_dump has locked its tables (see
 * snapshot.c), owns the session until it is joined, and is told to stop by a Cancel of its own.
 *
 * Clean-up. What has been made so far is noted in the Run (partial, manifest_path); `finish` removes it unless
 * the rename has committed. A crash between two steps leaves a .partial, or a manifest without a backup: the
 * next run's folder_clean_up takes them away.
 */
#include "backup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditlog.h"
#include "clock.h"
#include "dump.h"
#include "folder.h"
#include "fs.h"
#include "machine.h"
#include "mem.h"
#include "pg.h"
#include "process.h"
#include "progress.h"
#include "retention.h"
#include "settings.h"
#include "snapshot.h"
#include "thread.h"
#include "tools.h"
#include "verify.h"
#include "version.h"

#define MEGABYTE (1024.0 * 1024.0)
#define SPACE_RESERVE (64u * 1024u * 1024u)
#define NEARLY_FULL (16u * 1024u * 1024u)
#define STALL_SECONDS 600u
#define MAX_WARNINGS 100u
/* The parts of the whole. */
#define PART_PREPARED 0.02
#define PART_DUMPED 0.90
#define PART_COUNTED 0.91
#define PART_LISTED 0.92
#define PART_CHECKED 0.99

static const char hint_again[] = "Try again. If it fails again, show this to your IT administrator.";

typedef struct Counter {
    Pg *pg;
    Snapshot *snapshot;
    Cancel *cancel;
    Thread *thread;
    Mutex *mutex;
    Cond *changed;
    size_t done;    /* under mutex */
    bool ended;     /* under mutex */
    char *warning;  /* the thread's until it is joined */
    Error err;      /* the same */
} Counter;

typedef struct Run {
    const JobSink *sink;
    const Cancel *cancel;
    ProgressMeter meter;
    Connection connection; /* resolved */
    Settings settings;
    Tools tools;
    const Tool *dump_tool, *restore_tool; /* borrowed from tools */
    FsLock *lock;
    Pg *pg;
    Snapshot snapshot;
    Counter counter;
    char *session;      /* the dump's application_name */
    const char *compression;
    char *name, *path, *partial, *manifest_path;
    bool partial_made, manifest_made, committed;
    bool keep_all; /* the shrink alarm could not be raised as it should: nothing is removed */
    FsFile *file;
    int64_t started;
    uint64_t started_ms;
    /* While pg_dump runs: */
    uint64_t weight_total, weight_done, weight_now; /* of tables, by the snapshot */
    uint64_t table_start_bytes;                     /* the file when the table began */
    char **warnings;
    size_t warning_count;
    VerifyResult verified;
} Run;

void backup_result_init(BackupResult *result)
{
    result->path = NULL;
    manifest_init(&result->manifest);
}

void backup_result_release(BackupResult *result)
{
    mem_free(result->path);
    manifest_release(&result->manifest);
    backup_result_init(result);
}

/* A warning is logged at once and kept for the manifest. */
static void warn(Run *run, const char *text)
{
    job_log(run->sink, LOG_WARNING, "%s", text);
    if (run->warning_count < MAX_WARNINGS) {
        run->warnings = mem_resize(run->warnings, run->warning_count + 1, sizeof *run->warnings);
        run->warnings[run->warning_count++] = mem_strdup(text);
    }
}

static bool cancelled(const Run *run, Error *err)
{
    return cancel_requested(run->cancel) ? !error_set(err, EK_CANCELLED, "the backup was stopped") : false;
}

/* --- preparing ------------------------------------------------------------------------------------------- */

static void tell_removed(void *context, const char *name)
{
    const Run *run = context;
    job_log(run->sink, LOG_INFO, "Removed \"%s\", left by an interrupted backup", name);
}

static bool prepare_folder(Run *run, const char *folder, Error *err)
{
    Error why = ERROR_INIT;
    if (!folder_lock(folder, &run->lock, err)) {
        return false;
    }
    if (!folder_clean_up(folder, tell_removed, run, &why)) {
        job_log(run->sink, LOG_WARNING, "What an interrupted backup left could not all be removed: %s", why.message);
        error_clear(&why);
    }
    if (!fs_dir_writable(folder, err) || !settings_load(folder, &run->settings, err)) {
        return false;
    }
    if (run->settings.notice != NULL) {
        warn(run, run->settings.notice);
    }
    return true;
}

static bool prepare_tools(Run *run, const char *wanted_compression, Error *err)
{
    char *reason = NULL;
    if (!tools_pick_dump(&run->tools, pg_server_version(run->pg) / 10000, &run->dump_tool, &reason, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "%s", reason);
    mem_free(reason);
    reason = NULL;
    /* Looked for now: a backup that cannot be checked afterwards is not worth beginning. */
    if (!tools_pick_restore(&run->tools, run->dump_tool->major, &run->restore_tool, &reason, err)) {
        return false;
    }
    mem_free(reason);
    run->compression = dump_compression(run->dump_tool->major, wanted_compression, run->settings.compress);
    if (wanted_compression != NULL && strcmp(run->compression, wanted_compression) != 0) {
        char *text = mem_printf("pg_dump %s cannot compress with %s; using %s", run->dump_tool->version,
                                wanted_compression, run->compression);
        warn(run, text);
        mem_free(text);
    }
    return true;
}

static bool check_space(Run *run, const char *folder, Error *err)
{
    uint64_t available = 0;
    if (!fs_free_space(folder, &available, err)) {
        return false;
    }
    const double database = (double)run->snapshot.database_bytes;
    if ((double)available < database * 0.3) {
        error_set(err, EK_SPACE, "the disk with the backup folder has %.0f MB free, too little for a backup of %.0f MB",
                  (double)available / MEGABYTE, database / MEGABYTE);
        return error_hint(err, "Free %.0f MB there, or choose another folder.",
                          (database * 0.7 + SPACE_RESERVE - (double)available) / MEGABYTE);
    }
    if ((double)available < database * 0.7 + SPACE_RESERVE) {
        char *text = mem_printf("The disk with the backup folder has only %.0f MB free; the database has %.0f MB",
                                (double)available / MEGABYTE, database / MEGABYTE);
        warn(run, text);
        mem_free(text);
    }
    return true;
}

static bool prepare_server(Run *run, const BackupSpec *spec, Error *err)
{
    char *warning = NULL;
    progress_stage(&run->meter, "Connecting", 0, PART_PREPARED, clock_monotonic_ms());
    if (!tools_find(&run->tools, run->cancel, err) || !connection_resolve(&run->connection, err)) {
        return false;
    }
    if (run->connection.pooler_removed) {
        job_log(run->sink, LOG_INFO, "Using the direct server %s: Neon's pooler cannot serve a backup",
                connection_host(&run->connection));
    }
    char *where = connection_text(&run->connection);
    job_log(run->sink, LOG_INFO, "Connecting to %s", where);
    mem_free(where);
    if (!pg_connect(&run->connection, run->cancel, &run->pg, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "The server is PostgreSQL %s", pg_server_version_text(run->pg));
    if (!prepare_tools(run, spec->compression, err) ||
        !pg_own_session(run->pg, &run->connection, run->cancel, err) || !pg_lock_database(run->pg, run->cancel, err)) {
        return false;
    }
    progress_step(&run->meter, "Looking at the tables");
    progress_update(&run->meter, 0.5, 0, clock_monotonic_ms());
    if (!snapshot_open(run->pg, run->cancel, &run->snapshot, &warning, err)) {
        return false;
    }
    if (warning != NULL) {
        warn(run, warning);
        mem_free(warning);
    }
    return check_space(run, spec->folder, err);
}

/* --- counting, on a thread of its own -------------------------------------------------------------------- */

static void on_counted(void *context, size_t done)
{
    Counter *counter = context;
    mutex_lock(counter->mutex);
    counter->done = done;
    cond_broadcast(counter->changed);
    mutex_unlock(counter->mutex);
}

static void count_thread(void *argument)
{
    Counter *counter = argument;
    snapshot_count(counter->pg, counter->snapshot, counter->cancel, on_counted, counter, &counter->warning,
                   &counter->err);
    mutex_lock(counter->mutex);
    counter->ended = true;
    cond_broadcast(counter->changed);
    mutex_unlock(counter->mutex);
}

static void counter_start(Run *run)
{
    Counter *counter = &run->counter;
    if (counter->thread != NULL || run->snapshot.id == NULL) {
        return;
    }
    counter->pg = run->pg;
    counter->snapshot = &run->snapshot;
    counter->cancel = cancel_new();
    counter->mutex = mutex_new();
    counter->changed = cond_new();
    counter->thread = thread_start(count_thread, counter);
}

static void counter_end(Run *run, bool stop)
{
    Counter *counter = &run->counter;
    if (counter->thread == NULL) {
        return;
    }
    if (stop) {
        cancel_request(counter->cancel);
    }
    thread_join(counter->thread);
    counter->thread = NULL;
    cancel_free(counter->cancel);
    cond_free(counter->changed);
    mutex_free(counter->mutex);
}

/* Waits for the rest of the counting. A table that could not be counted is a warning: the archive itself is
 * read to its last byte in any case. */
static bool finish_counting(Run *run, Error *err)
{
    Counter *counter = &run->counter;
    if (run->snapshot.id == NULL) {
        return true;
    }
    counter_start(run); /* if pg_dump did not say that it had locked the tables, it has by now */
    progress_stage(&run->meter, "Counting the rows on the server", PART_DUMPED, PART_COUNTED, clock_monotonic_ms());
    mutex_lock(counter->mutex);
    while (!counter->ended && !cancel_requested(run->cancel)) {
        const size_t done = counter->done;
        cond_wait_ms(counter->changed, counter->mutex, 250);
        mutex_unlock(counter->mutex);
        progress_update(&run->meter, run->snapshot.count == 0 ? 1 : (double)done / (double)run->snapshot.count, 0,
                        clock_monotonic_ms());
        mutex_lock(counter->mutex);
    }
    mutex_unlock(counter->mutex);
    counter_end(run, cancel_requested(run->cancel));
    if (cancelled(run, err)) {
        return false;
    }
    if (counter->err.kind != EK_NONE) {
        char *text = mem_printf("The rows on the server could not all be counted: %s", counter->err.message);
        warn(run, text);
        mem_free(text);
    }
    if (counter->warning != NULL) {
        warn(run, counter->warning);
    }
    return true;
}

/* --- dumping --------------------------------------------------------------------------------------------- */

static void on_locked(void *context)
{
    counter_start(context);
}

static void on_table(void *context, const char *table)
{
    Run *run = context;
    run->weight_done += run->weight_now;
    run->weight_now = 0;
    uint64_t bytes = 0;
    if (fs_size(run->file, &bytes, NULL)) {
        run->table_start_bytes = bytes;
    }
    const char *name = table;
    for (const char *dot = strchr(table, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        char *schema = mem_strndup(table, (size_t)(dot - table));
        const SnapshotTable *known = snapshot_find(&run->snapshot, schema, dot + 1);
        mem_free(schema);
        if (known != NULL) {
            run->weight_now = known->bytes;
            name = strcmp(known->schema, "public") == 0 ? known->name : table;
            break;
        }
    }
    char *step = mem_printf("Saving %s", name);
    progress_step(&run->meter, step);
    mem_free(step);
}

static void on_warning(void *context, const char *text)
{
    warn(context, text);
}

/* How far the dump is: the tables that are done, and of the current one what its growth says, reckoned with the
 * compression seen so far. */
static void on_tick(void *context, uint64_t file_bytes)
{
    Run *run = context;
    double part = 0;
    if (run->weight_total > 0) {
        const double ratio = run->weight_done > 0 && run->table_start_bytes > 0
                                 ? (double)run->table_start_bytes / (double)run->weight_done
                                 : 0.3;
        const double written = (double)(file_bytes - run->table_start_bytes);
        const double limit = 0.95 * (double)run->weight_now;
        const double current = ratio > 0 && written / ratio < limit ? written / ratio : limit;
        part = ((double)run->weight_done + current) / (double)run->weight_total;
    }
    progress_update(&run->meter, part, file_bytes, clock_monotonic_ms());
}

/* Whether the server works for pg_dump although nothing arrives: its session is active (and not waiting for us
 * to read), as when it waits for a lock or reads a large index. */
static bool still_working(void *context)
{
    Run *run = context;
    Pg *pg = NULL;
    PgRows *rows = NULL;
    bool works = false;
    const char *const params[] = {run->session};
    if (pg_connect(&run->connection, run->cancel, &pg, NULL) &&
        pg_query(pg,
                 "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND state = 'active'"
                 " AND wait_event IS DISTINCT FROM 'ClientWrite'",
                 params, 1, run->cancel, &rows, NULL)) {
        works = pg_row_count(rows) > 0;
        pg_rows_free(rows);
    }
    pg_close(pg);
    if (works) {
        job_log(run->sink, LOG_INFO, "Nothing has arrived for a while, but the server is at work; waiting");
    }
    return works;
}

static unsigned stall_seconds(void)
{
    char *text = machine_getenv("CMMS_STALL_SECONDS");
    const long seconds = text == NULL ? 0 : strtol(text, NULL, 10);
    mem_free(text);
    return seconds > 0 && seconds <= 86400 ? (unsigned)seconds : STALL_SECONDS;
}

static bool make_partial(Run *run, Error *err)
{
    if (!fs_create_new(run->partial, &run->file, err)) {
        return false;
    }
    run->partial_made = true;
    return true;
}

static bool drop_partial(Run *run, Error *err)
{
    fs_close(run->file, NULL);
    run->file = NULL;
    return fs_remove(run->partial, err);
}

/* pg_dump says "could not write" for many reasons; a disk that is full is the one with a remedy. */
static void explain_disk(const Run *run, const char *folder, Error *why)
{
    uint64_t available = 0;
    if (why->kind == EK_IO && fs_free_space(folder, &available, NULL) && available < NEARLY_FULL) {
        char *detail = mem_strdup(why->detail);
        error_set(why, EK_SPACE, "the disk with the backup folder is full");
        if (detail != NULL) {
            error_detail(why, "%s", detail);
        }
        mem_free(detail);
    }
    if (why->kind == EK_SPACE) {
        error_hint(why, "Free %.0f MB there, or choose another folder.",
                   ((double)run->snapshot.database_bytes * 0.7 + SPACE_RESERVE) / MEGABYTE);
    }
}

static bool dump(Run *run, const char *folder, Error *err)
{
    unsigned char random[4];
    if (!machine_random(random, sizeof random)) {
        return error_set(err, EK_INTERNAL, "the system gave no random numbers");
    }
    run->session = mem_printf("cmms-backup dump %02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
    run->weight_total = run->snapshot.table_bytes;
    DumpSpec spec = {.tool = run->dump_tool,
                     .connection = &run->connection,
                     .snapshot = run->snapshot.id,
                     .session = run->session,
                     .stall_seconds = stall_seconds(),
                     .locked = on_locked,
                     .table = on_table,
                     .warning = on_warning,
                     .tick = on_tick,
                     .still_working = still_working,
                     .context = run};
    progress_stage(&run->meter, "Starting pg_dump", PART_PREPARED, PART_DUMPED, clock_monotonic_ms());
    for (;;) {
        bool no_compression = false;
        Error why = ERROR_INIT;
        if (!make_partial(run, err)) {
            return false;
        }
        spec.file = run->file;
        spec.compression = run->compression;
        if (dump_run(&spec, run->cancel, &no_compression, &why)) {
            return true;
        }
        if (!no_compression || strcmp(run->compression, "gzip") == 0) {
            explain_disk(run, folder, &why);
            return error_move(err, &why);
        }
        job_log(run->sink, LOG_INFO, "This pg_dump was built without %s; using gzip", run->compression);
        error_clear(&why);
        run->compression = "gzip";
        if (!drop_partial(run, err)) {
            return false;
        }
    }
}

/* --- checking -------------------------------------------------------------------------------------------- */

typedef struct Listing {
    LineSplitter lines;
    size_t table_data;
    StrBuf errors;
} Listing;

static void on_list_line(void *context, const char *line)
{
    Listing *listing = context;
    if (line[0] != ';' && strstr(line, " TABLE DATA ") != NULL) {
        listing->table_data++;
    }
}

static bool on_list_stdout(void *context, const char *bytes, size_t len)
{
    Listing *listing = context;
    line_splitter_feed(&listing->lines, bytes, len);
    return true;
}

static bool on_list_stderr(void *context, const char *bytes, size_t len)
{
    Listing *listing = context;
    const size_t room = listing->errors.max - listing->errors.len;
    strbuf_add(&listing->errors, bytes, len < room ? len : room);
    return true;
}

/* The guide's own check: pg_restore can read the table of contents. */
static bool list_archive(Run *run, Error *err)
{
    static const char *const set[] = {"LC_MESSAGES=C", NULL};
    const char *const argv[] = {run->restore_tool->path, "--list", NULL};
    Listing listing = {.table_data = 0};
    FsFile *file = NULL;
    bool ok = false;
    ProcessResult result = {0};
    progress_stage(&run->meter, "Reading the table of contents", PART_COUNTED, PART_LISTED, clock_monotonic_ms());
    line_splitter_init(&listing.lines, on_list_line, &listing);
    strbuf_init(&listing.errors, STRBUF_SMALL);
    if (!fs_open_read(run->partial, &file, err)) {
        goto out;
    }
    ProcessSpec spec = {0};
    spec.program = run->restore_tool->path;
    spec.argv = argv;
    spec.env_set = set;
    spec.env_unset = connection_env_unset();
    spec.stdin_file = file;
    spec.on_stdout = on_list_stdout;
    spec.on_stderr = on_list_stderr;
    spec.context = &listing;
    if (!process_run(&spec, run->cancel, &result, err)) {
        goto out;
    }
    if (result.exit_code != 0) {
        char *words = process_exit_text(result.exit_code);
        strbuf_trim(&listing.errors);
        if (words != NULL) {
            error_set(err, EK_TOOL, "pg_restore failed: %s", words);
        } else {
            error_set(err, EK_DAMAGED, "pg_restore cannot read the backup that pg_dump wrote");
        }
        if (listing.errors.len > 0) {
            error_detail(err, "%s", listing.errors.buf);
        }
        mem_free(words);
        goto out;
    }
    ok = true;
out:
    line_splitter_release(&listing.lines); /* hands over a last line */
    if (ok && listing.table_data == 0 && run->snapshot.count > 0) {
        error_set(err, EK_DAMAGED, "the backup holds no table, and the database has %zu", run->snapshot.count);
        ok = false;
    }
    strbuf_release(&listing.errors);
    fs_close(file, NULL);
    return ok;
}

static void on_verify_progress(void *context, const Progress *progress)
{
    Run *run = context;
    progress_update(&run->meter, progress->fraction, progress->bytes, clock_monotonic_ms());
}

static bool check(Run *run, Error *err)
{
    if (!fs_flush(run->file, err)) {
        return false;
    }
    FsFile *file = run->file;
    run->file = NULL;
    if (!fs_close(file, err) || !finish_counting(run, err)) {
        return false;
    }
    pg_script(run->pg, "ROLLBACK", run->cancel, NULL); /* the snapshot has served; the lock stays */
    if (!list_archive(run, err)) {
        return false;
    }
    const int64_t listed_at = clock_now();
    const JobSink inner = {NULL, on_verify_progress, run};
    progress_stage(&run->meter, "Checking every byte", PART_LISTED, PART_CHECKED, clock_monotonic_ms());
    if (!verify_file(run->partial, &inner, run->cancel, &run->verified, err)) {
        return false;
    }
    run->verified.manifest.listed_at = listed_at;
    return snapshot_compare(&run->snapshot, &run->verified.manifest, err);
}

/* --- committing ------------------------------------------------------------------------------------------ */

static void replace_text(char **place, char *owned)
{
    mem_free(*place);
    *place = owned;
}

/* A warning when the manifest is complete already. */
static void tell_late(Run *run, const char *what, const char *text)
{
    char *warning = what == NULL ? mem_strdup(text) : mem_printf("%s: %s", what, text);
    job_log(run->sink, LOG_WARNING, "%s", warning);
    manifest_add_warning(&run->verified.manifest, warning);
    mem_free(warning);
}

static void complete_manifest(Run *run)
{
    Manifest *manifest = &run->verified.manifest;
    replace_text(&manifest->file, mem_strdup(run->name));
    replace_text(&manifest->database, mem_strdup(connection_database(&run->connection)));
    replace_text(&manifest->host, mem_strdup(connection_host(&run->connection)));
    replace_text(&manifest->user, machine_user_name());
    replace_text(&manifest->computer, machine_host_name());
    replace_text(&manifest->server_version, mem_strdup(pg_server_version_text(run->pg)));
    replace_text(&manifest->tool_version, mem_strdup(run->dump_tool->version));
    replace_text(&manifest->program_version, mem_strdup(CMMS_VERSION));
    manifest->level = LEVEL_VERIFIED;
    manifest->started = run->started;
    manifest->finished = clock_now();
    manifest->seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000;
    for (size_t i = 0; i < run->warning_count; i++) {
        manifest_add_warning(manifest, run->warnings[i]);
    }
}

/* Before the commit: killed after it, the next run would compare with the backup that lost its rows. A failure is a
 * warning; and what is not frozen for certain, this run does not clean up. */
static void watch_for_loss(Run *run, const char *folder)
{
    char *warning = NULL;
    Error why = ERROR_INIT;
    if (!retention_watch(folder, &run->verified.manifest, &run->settings, clock_now(), &warning, &why)) {
        char *text = error_text(&why);
        tell_late(run, "The last good backup could not be protected or compared with", text);
        mem_free(text);
        error_clear(&why);
        run->keep_all = true;
    }
    if (warning != NULL) {
        tell_late(run, NULL, warning);
        mem_free(warning);
    }
}

static bool commit(Run *run, const char *folder, Error *err)
{
    if (cancelled(run, err)) {
        return false;
    }
    complete_manifest(run);
    watch_for_loss(run, folder);
    run->manifest_made = true;
    if (!manifest_write(run->manifest_path, &run->verified.manifest, err) ||
        !fs_rename(run->partial, run->path, false, err)) {
        return false;
    }
    run->committed = true;
    return true;
}

/* A log that cannot be written does not undo a backup that is there; the result tells of it. On a full disk the
 * partial has just been removed, but its room comes back only when the last one that held it open (pg_dump, a virus
 * scanner) has let go: so that is tried again for two seconds. */
static void log_outcome(Run *run, const char *folder, const AuditEntry *entry)
{
    Error why = ERROR_INIT;
    bool logged = auditlog_append(folder, entry, &why);
    for (int tries = 0; !logged && why.kind == EK_SPACE && tries < 8; tries++) {
        cancel_wait(NULL, 250);
        error_clear(&why);
        logged = auditlog_append(folder, entry, &why);
    }
    if (!logged) {
        char *text = error_text(&why);
        tell_late(run, "The log could not be written", text);
        mem_free(text);
        error_clear(&why);
    }
}

static void tell_success(Run *run, const char *folder)
{
    const Manifest *manifest = &run->verified.manifest;
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->table_count; i++) {
        rows += manifest->tables[i].rows > 0 ? manifest->tables[i].rows : 0;
    }
    char *message = mem_printf("Backup successful: %zu tables, %" PRId64 " rows, every byte checked",
                               manifest->table_count, rows);
    const AuditEntry entry = {.operation = "backup",
                              .status = "success",
                              .backup_file = run->name,
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = manifest->seconds,
                              .sha256 = manifest->sha256,
                              .level = level_word(manifest->level)};
    log_outcome(run, folder, &entry);
    mem_free(message);
    progress_stage(&run->meter, "Done", 1, 1, clock_monotonic_ms());
    job_log(run->sink, LOG_GOOD, "\xE2\x9C\x85 Backup successful!");
    job_log(run->sink, LOG_INFO, "\xF0\x9F\x93\x81 Location: %s", run->path);
    job_log(run->sink, LOG_INFO, "\xF0\x9F\x92\xBE Size: %.2f MB", (double)manifest->bytes / MEGABYTE);
}

/* Old backups go only now, when the newer one is there and in the log. What fails here is not the backup's failure. */
static void clean_up_old(Run *run, const char *folder)
{
    Error why = ERROR_INIT;
    size_t removed = 0;
    if (!run->keep_all && !retention_run(folder, &run->settings, run->name, clock_now(), run->sink, run->cancel,
                                         &removed, &why) && why.kind != EK_CANCELLED) {
        char *text = error_text(&why);
        tell_late(run, "Old backups could not all be removed", text);
        mem_free(text);
    }
    error_clear(&why);
}

/* Takes away what a failed run made, and logs the failure. A share that is lost at the wrong moment reports a rename
 * as failed that was done: the backup that is then there keeps its manifest. */
static void clean_up_failure(Run *run, const char *folder, const Error *why)
{
    fs_close(run->file, NULL);
    run->file = NULL;
    Error ignored = ERROR_INIT;
    if ((run->partial_made && !fs_remove(run->partial, &ignored)) ||
        (run->manifest_made && !fs_exists(run->path) && !fs_remove(run->manifest_path, &ignored))) {
        char *text = error_text(&ignored);
        job_log(run->sink, LOG_WARNING, "An unfinished file stays until the next backup: %s", text);
        mem_free(text);
        error_clear(&ignored);
    }
    char *text = error_text(why);
    const AuditEntry entry = {.operation = "backup",
                              .status = "failed",
                              .backup_file = run->name,
                              .message = text,
                              .seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000};
    log_outcome(run, folder, &entry);
    mem_free(text);
}

static void release_run(Run *run)
{
    pg_close(run->pg);
    verify_result_release(&run->verified);
    for (size_t i = 0; i < run->warning_count; i++) {
        mem_free(run->warnings[i]);
    }
    mem_free(run->warnings);
    mem_free(run->counter.warning);
    error_clear(&run->counter.err);
    mem_free(run->session);
    mem_free(run->name);
    mem_free(run->path);
    mem_free(run->partial);
    mem_free(run->manifest_path);
    snapshot_release(&run->snapshot);
    tools_release(&run->tools);
    settings_release(&run->settings);
    connection_release(&run->connection);
    progress_release(&run->meter);
    fs_unlock(run->lock);
}

bool backup_run(const BackupSpec *spec, const JobSink *sink, const Cancel *cancel, BackupResult *result, Error *err)
{
    Run run = {.sink = sink, .cancel = cancel, .started = clock_now(), .started_ms = clock_monotonic_ms()};
    Error why = ERROR_INIT;
    progress_init(&run.meter, sink, run.started_ms);
    connection_init(&run.connection);
    connection_copy(&run.connection, &spec->connection);
    settings_init(&run.settings);
    tools_init(&run.tools);
    snapshot_init(&run.snapshot);
    verify_result_init(&run.verified);

    job_log(sink, LOG_INFO, "Starting database backup...");
    job_log(sink, LOG_INFO, "\xE2\x8F\xB3 This may take several minutes...");
    bool ok = prepare_folder(&run, spec->folder, &why) && prepare_server(&run, spec, &why);
    if (ok) {
        run.name = folder_free_name(spec->folder, clock_now());
        run.path = fs_join(spec->folder, run.name);
        run.partial = mem_printf("%s%s", run.path, FOLDER_PARTIAL_SUFFIX);
        run.manifest_path = folder_manifest_path(run.path);
        ok = dump(&run, spec->folder, &why) && check(&run, &why) && commit(&run, spec->folder, &why);
    }
    counter_end(&run, true);
    if (!ok && why.kind == EK_CANCELLED) {
        error_set(&why, EK_CANCELLED, "the backup was stopped"); /* whichever step it was that stopped */
    } else if (!ok && why.hint == NULL) {
        error_hint(&why, "%s", hint_again);
    }
    if (ok) {
        tell_success(&run, spec->folder);
        clean_up_old(&run, spec->folder);
        backup_result_release(result);
        result->path = mem_strdup(run.path);
        result->manifest = run.verified.manifest;
        manifest_init(&run.verified.manifest);
    } else {
        clean_up_failure(&run, spec->folder, &why);
        error_move(err, &why);
    }
    release_run(&run);
    return ok;
}
