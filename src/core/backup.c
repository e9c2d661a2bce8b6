/*
 * backup.c: one backup, step by step. See backup.h for the order and for what it promises.
 *
 * Threads. Everything runs on the calling thread but the follower, which reads and decodes what pg_dump writes
 * (archive.h), so that the check has little left to do afterwards, the counting (counting.h) and, for progress, the
 * watch over pg_dump's COPY (copywatch.h). The counting is started when pg_dump has locked its tables (see
 * snapshot.c) and owns the session that holds the snapshot until it is ended.
 *
 * Clean-up. What has been made so far is noted in the Run (partial, manifest_path); `finish` removes it unless
 * the rename has committed. A crash between two steps leaves a .partial, or a manifest without a backup: the
 * next run's folder_clean_up takes them away.
 */
#include "backup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "auditlog.h"
#include "catalog.h"
#include "clock.h"
#include "copywatch.h"
#include "counting.h"
#include "dump.h"
#include "folder.h"
#include "fs.h"
#include "listing.h"
#include "machine.h"
#include "mem.h"
#include "pg.h"
#include "progress.h"
#include "retention.h"
#include "settings.h"
#include "snapshot.h"
#include "standstill.h"
#include "tools.h"
#include "verify.h"
#include "version.h"

#define MEGABYTE (1024.0 * 1024.0)
#define SPACE_RESERVE (64u * 1024u * 1024u)
#define NEARLY_FULL (16u * 1024u * 1024u)
#define MAX_WARNINGS 100u
#define COPY_PROGRESS_VERSION 140000
#define WATCH_AFTER_MS 1000u /* a shorter dump is not worth a connection more */
#define LOCK_AGAIN_MS 10000u
#define MOST_BEGINNINGS 3u /* of one backup, where the tables change each time */
#define LOCK_AGAIN_STEP_MS 100u
/* The parts of the whole. */
#define PART_PREPARED 0.02
#define PART_DUMPED 0.90
#define PART_COUNTED 0.91
#define PART_LISTED 0.92
#define PART_CHECKED 0.99

static const char hint_again[] = "Try again. If it fails again, show this to your IT administrator.";

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
    int server_version;
    Snapshot snapshot;
    Counting *counting; /* NULL: has not begun, or has ended */
    char *weakness;     /* of the connection, or NULL */
    char *job;          /* our word for this run: the sessions' names end with it */
    char *session;      /* the dump's application_name */
    const char *compression;
    char *name, *path, *partial, *manifest_path;
    bool partial_made, manifest_made, committed;
    bool keep_all; /* the shrink alarm could not be raised as it should: nothing is removed */
    FsFile *file;
    ArchiveFollower *follower; /* reads the partial while pg_dump writes it */
    int64_t started;
    uint64_t started_ms;
    bool repeated;  /* the dump was begun again */
    bool lost;      /* once because the session was lost */
    unsigned begun; /* how often, where the tables had changed */
    bool dumped;    /* pg_dump succeeded */
    bool uncounted; /* the counts were lost: the backup is not Verified */
    double expected_seconds; /* what the last backup of this database took; 0: not known */
    /* While pg_dump runs: */
    Cancel *stop;  /* its own: requested when the run's is, or when the counts are lost */
    CopyWatch *copies;
    TableMeter tables;
    const SnapshotTable *table; /* that is being saved; NULL: none that is known */
    uint64_t dump_ms;           /* when it began */
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

static unsigned stall_seconds(const Run *run)
{
    return standstill_seconds(60u * (unsigned)run->settings.stall_minutes);
}

static bool connect_run(Run *run, Error *err)
{
    if (!pg_connect(&run->connection, run->cancel, &run->pg, err)) {
        return false;
    }
    pg_set_patience(run->pg, stall_seconds(run));
    return true;
}

/* From here on a question that takes no time: nobody wants to wait for its answer as long as for a count. */
static void be_impatient(Run *run)
{
    const unsigned seconds = stall_seconds(run);
    pg_set_patience(run->pg, seconds < PG_SHORT_PATIENCE ? seconds : PG_SHORT_PATIENCE);
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
    const ToolNeed need = {pg_server_version(run->pg), connection_beyond_ascii(&run->connection)};
    char *reason = NULL, *warning = NULL;
    if (!tools_pick_dump(&run->tools, &need, run->cancel, &run->dump_tool, &reason, &warning, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "%s", reason);
    mem_free(reason);
    reason = NULL;
    if (warning != NULL) {
        warn(run, warning);
        mem_free(warning);
    }
    /* Looked for now: a backup that cannot be checked afterwards is not worth beginning. */
    if (!tools_pick_restore(&run->tools, run->dump_tool->major, run->cancel, &run->restore_tool, &reason, err)) {
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

static bool open_snapshot(Run *run, Error *err)
{
    char *warning = NULL;
    if (!snapshot_open(run->pg, run->cancel, &run->snapshot, &warning, err)) {
        return false;
    }
    if (warning != NULL) {
        warn(run, warning);
        mem_free(warning);
    }
    if (run->snapshot.foreign != NULL && !run->repeated) {
        char *text = mem_printf("The rows of foreign tables are on another server and not in this backup: %s",
                                run->snapshot.foreign);
        warn(run, text);
        mem_free(text);
    }
    if (run->snapshot.views > 0 && !run->repeated) {
        job_log(run->sink, LOG_INFO, "The rows of %" PRId64 " materialized view(s) are not in the backup: a restore "
                                     "computes them anew", run->snapshot.views);
    }
    return true;
}

static bool name_job(Run *run, Error *err)
{
    unsigned char random[4];
    if (!machine_random(random, sizeof random)) {
        return error_set(err, EK_INTERNAL, "the system gave no random numbers");
    }
    run->job = mem_printf("%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
    run->session = mem_printf(PG_SESSION_PREFIX "-dump %s", run->job);
    return true;
}

/* Ends what the server still has of that job, which has ended, and takes the database's lock, which it may have had.
 * Our own word is noted before there is a session of that name, and after the other's have been told to end, so that a
 * kill in between forgets none. */
static bool lock_database(Run *run, const char *folder, const char *ended_job, Error *err)
{
    Error why = ERROR_INIT;
    size_t ended = 0;
    if (ended_job != NULL && !pg_end_sessions(run->pg, ended_job, run->cancel, &ended, &why)) {
        if (why.kind == EK_CONNECT || why.kind == EK_CANCELLED) {
            return error_move(err, &why);
        }
        error_clear(&why); /* a server where this is not allowed */
    }
    if (ended > 0 && !run->repeated) { /* else they are our own */
        job_log(run->sink, LOG_INFO, "Ended %zu session(s) that an interrupted backup had left on the server", ended);
    }
    folder_note_job(folder, run->job);
    for (unsigned waited = 0; !pg_lock_database(run->pg, run->job, run->cancel, &why); waited += LOCK_AGAIN_STEP_MS) {
        if (why.kind != EK_BUSY || ended == 0 || waited >= LOCK_AGAIN_MS ||
            cancel_wait(run->cancel, LOCK_AGAIN_STEP_MS)) {
            return error_move(err, &why);
        }
        error_clear(&why);
    }
    return true;
}

/* We have the folder's lock, so its last job has ended, however. */
static bool take_over(Run *run, const char *folder, Error *err)
{
    char *last = folder_last_job(folder);
    const bool ok = name_job(run, err) && lock_database(run, folder, last, err);
    mem_free(last);
    return ok;
}

static bool prepare_server(Run *run, const BackupSpec *spec, Error *err)
{
    progress_stage(&run->meter, "Connecting", 0, PART_PREPARED, clock_monotonic_ms());
    if (!tools_find(&run->tools, run->cancel, err) || !connection_resolve(&run->connection, err)) {
        return false;
    }
    run->weakness = connection_tell(&run->connection, run->sink);
    if (run->weakness != NULL) {
        warn(run, run->weakness);
    }
    char *where = connection_text(&run->connection);
    job_log(run->sink, LOG_INFO, "Connecting to %s", where);
    mem_free(where);
    if (!connect_run(run, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "The server is PostgreSQL %s", pg_server_version_text(run->pg));
    run->server_version = pg_server_version(run->pg);
    if (!prepare_tools(run, spec->compression, err) ||
        !pg_own_session(run->pg, &run->connection, run->cancel, err) || !take_over(run, spec->folder, err)) {
        return false;
    }
    progress_step(&run->meter, "Looking at the tables");
    progress_update(&run->meter, 0.5, 0, clock_monotonic_ms());
    run->expected_seconds = catalog_last_seconds(spec->folder, &run->connection);
    return open_snapshot(run, err) && check_space(run, spec->folder, err);
}

/* --- counting -------------------------------------------------------------------------------------------- */

static void start_counting(Run *run)
{
    if (run->counting == NULL && run->snapshot.id != NULL) {
        run->counting = counting_start(run->pg, &run->snapshot);
    }
}

/* Ends the counting; what it did not manage is a warning, except that its session was lost: that is for `take`. */
static bool stop_counting(Run *run, bool stop, Error *err)
{
    Counting *counting = run->counting;
    char *warning = NULL;
    Error why = ERROR_INIT;
    if (counting == NULL) {
        return true;
    }
    run->counting = NULL;
    const bool ok = counting_end(counting, stop, &warning, &why);
    if (!ok && why.kind == EK_CONNECT) {
        mem_free(warning);
        return error_move(err, &why);
    }
    if (!ok && why.kind != EK_CANCELLED) {
        char *text = mem_printf("The rows on the server could not all be counted: %s", why.message);
        warn(run, text);
        mem_free(text);
    }
    if (warning != NULL) {
        warn(run, warning);
        mem_free(warning);
    }
    error_clear(&why);
    return true;
}

/* Waits for the rest of the counting. A table that could not be counted is a warning: the archive itself is
 * read to its last byte in any case. */
static bool finish_counting(Run *run, Error *err)
{
    start_counting(run); /* if pg_dump did not say that it had locked the tables, it has by now */
    if (run->counting == NULL) {
        return true;
    }
    progress_stage(&run->meter, "Counting the rows on the server", PART_DUMPED, PART_COUNTED, clock_monotonic_ms());
    while (!counting_ended(run->counting, 250) && !cancel_requested(run->cancel)) {
        const size_t count = run->snapshot.count, done = counting_done(run->counting);
        progress_update(&run->meter, count == 0 ? 1 : (double)done / (double)count, 0, clock_monotonic_ms());
    }
    return stop_counting(run, cancel_requested(run->cancel), err) && !cancelled(run, err);
}

/* --- dumping --------------------------------------------------------------------------------------------- */

static void on_locked(void *context)
{
    start_counting(context);
}

static void on_table(void *context, const char *table)
{
    Run *run = context;
    uint64_t bytes = 0;
    const char *name = table;
    run->table = NULL;
    for (const char *dot = strchr(table, '.'); dot != NULL && run->table == NULL; dot = strchr(dot + 1, '.')) {
        char *schema = mem_strndup(table, (size_t)(dot - table));
        run->table = snapshot_find(&run->snapshot, schema, dot + 1);
        mem_free(schema);
    }
    if (run->table != NULL && strcmp(run->table->schema, "public") == 0) {
        name = run->table->name;
    }
    fs_size(run->file, &bytes, NULL);
    table_meter_next(&run->tables, run->table == NULL ? 0 : run->table->bytes, bytes);
    char *step = mem_printf("Saving %s", name);
    progress_step(&run->meter, step);
    progress_update(&run->meter, table_meter_part(&run->tables, bytes), bytes, clock_monotonic_ms());
    mem_free(step);
}

static void on_warning(void *context, const char *text)
{
    warn(context, text);
}

/* A dump whose counts are lost begins again (see `take`), so it is not awaited. */
static void on_tick(void *context, uint64_t file_bytes)
{
    Run *run = context;
    const uint64_t now = clock_monotonic_ms();
    if (cancel_requested(run->cancel) || (counting_lost(run->counting) && !run->lost) ||
        counting_changed(run->counting)) {
        cancel_request(run->stop);
        counting_stop(run->counting); /* both take their time on a dead network: side by side */
    }
    if (run->copies == NULL && run->server_version >= COPY_PROGRESS_VERSION && now - run->dump_ms >= WATCH_AFTER_MS) {
        run->copies = copywatch_start(&run->connection, run->session);
    }
    if (run->table != NULL) {
        const int64_t counted = counting_rows(run->counting, run->table);
        table_meter_rows(&run->tables, copywatch_rows(run->copies, run->table->schema, run->table->name),
                         counted >= 0 ? counted : run->table->about);
    }
    progress_update(&run->meter, table_meter_part(&run->tables, file_bytes), file_bytes, now);
}

/* Whether the server works for pg_dump although nothing arrives: its session is active (and not waiting for us
 * to read), as when it waits for a lock or reads a large index. */
static bool still_working(void *context)
{
    Run *run = context;
    const bool works = pg_session_works(&run->connection, run->session, 0, run->cancel);
    if (works && !cancel_requested(run->cancel)) {
        job_log(run->sink, LOG_INFO, "Nothing has arrived for a while, but the server is at work; waiting");
    }
    return works;
}

static bool make_partial(Run *run, Error *err)
{
    if (!fs_create_new(run->partial, &run->file, err)) {
        return false;
    }
    run->partial_made = true;
    run->follower = archive_follow_start(run->partial);
    return true;
}

static void stop_following(Run *run)
{
    archive_follow_free(run->follower);
    run->follower = NULL;
}

static bool drop_partial(Run *run, Error *err)
{
    stop_following(run);
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

/* One run of pg_dump, or two where it turns out not to know the compression. */
static bool dump(Run *run, const char *folder, Error *err)
{
    DumpSpec spec = {.tool = run->dump_tool,
                     .connection = &run->connection,
                     .snapshot = run->snapshot.id,
                     .session = run->session,
                     .stall_seconds = stall_seconds(run),
                     .locked = on_locked,
                     .table = on_table,
                     .warning = on_warning,
                     .tick = on_tick,
                     .still_working = still_working,
                     .context = run};
    progress_stage(&run->meter, "Starting pg_dump", PART_PREPARED, PART_DUMPED, clock_monotonic_ms());
    progress_expect(&run->meter, run->expected_seconds, clock_monotonic_ms());
    for (;;) {
        bool no_compression = false;
        Error why = ERROR_INIT;
        if (!make_partial(run, err)) {
            return false;
        }
        spec.file = run->file;
        spec.compression = run->compression;
        table_meter_start(&run->tables, run->snapshot.table_bytes);
        run->table = NULL;
        run->dump_ms = clock_monotonic_ms();
        if (dump_run(&spec, run->stop, &no_compression, &why)) {
            return true;
        }
        if (!no_compression || strcmp(run->compression, "gzip") == 0) {
            explain_disk(run, folder, &why);
            pg_fit_hint(connection_is_loopback(&run->connection), &why);
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

static bool dump_and_count(Run *run, const char *folder, Error *err)
{
    run->dumped = false;
    run->stop = cancel_new();
    run->dumped = dump(run, folder, err);
    copywatch_stop(run->copies);
    run->copies = NULL;
    cancel_free(run->stop);
    run->stop = NULL;
    if (run->dumped) {
        archive_follow_complete(run->follower); /* its rest goes on beside the rest of the counting */
    }
    return run->dumped && finish_counting(run, err);
}

/* Whether the session with the snapshot, which rests, is gone. */
static bool session_lost(Run *run)
{
    Error why = ERROR_INIT;
    if (run->snapshot.id == NULL) {
        return false;
    }
    be_impatient(run);
    const bool answers = pg_script(run->pg, "SELECT 1", run->cancel, &why) || why.kind != EK_CONNECT;
    error_clear(&why);
    return !answers;
}

/* What has changed since the snapshot, so that a dump of it is worth nothing: found by the counting, or, where pg_dump
 * has failed, perhaps the reason for it. Caller frees; NULL: nothing that is known. */
static char *what_changed(Run *run, const Error *why)
{
    /* What pg_dump says where an object that it has in its list is gone or has another name now. */
    static const char *const vanished[] = {" does not exist", "could not open relation with OID", "cache lookup failed"};
    char *changed = NULL;
    if (run->snapshot.changed != NULL) {
        return mem_strdup(run->snapshot.changed);
    }
    if (run->dumped || why->kind != EK_TOOL || why->detail == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof vanished / sizeof vanished[0]; i++) {
        if (strstr(why->detail, vanished[i]) != NULL) {
            return mem_strdup("something that pg_dump was to save was changed");
        }
    }
    if (run->snapshot.id != NULL) {
        be_impatient(run);
        snapshot_look(run->pg, &run->snapshot, run->cancel, &changed, NULL);
    }
    return changed;
}

/* A new session, lock and snapshot. The server may not have noticed yet that the old session and pg_dump's have no
 * client any more: they are ended there, so that they let go of their locks. */
static bool begin_again(Run *run, const char *folder, Error *err)
{
    run->repeated = true;
    pg_close(run->pg);
    run->pg = NULL;
    snapshot_release(&run->snapshot);
    return drop_partial(run, err) && connect_run(run, err) &&
           pg_own_session(run->pg, &run->connection, run->cancel, err) && lock_database(run, folder, run->job, err) &&
           open_snapshot(run, err);
}

/* Whether it is worth beginning again; else the reason in words. Takes `changed`. */
static bool may_begin_again(Run *run, char *changed, Error *err)
{
    const bool may = ++run->begun < MOST_BEGINNINGS;
    if (may) {
        job_log(run->sink, LOG_WARNING, "Since the backup began, %s; the backup begins again", changed);
    } else {
        error_set(err, EK_BUSY, "no backup was made: %u times another program was rebuilding tables when it began (the "
                                "last time %s)", run->begun, changed);
        error_hint(err, "Try again when the import, the update or the maintenance that does this has ended.");
    }
    mem_free(changed);
    return may;
}

/* The dump and the counts of one snapshot. Where something has changed that a snapshot does not hide (see snapshot.c),
 * all begins again, twice. Where the session that holds it is lost on the way (a restart of the server, an
 * administrator, the network), the advisory lock is lost as well, and pg_dump may go on alone: then all of it begins
 * again, once. Lost again, the dump is kept if it succeeded, but it is not called Verified. */
static bool take(Run *run, const char *folder, Error *err)
{
    for (;;) {
        Error why = ERROR_INIT;
        const bool done = dump_and_count(run, folder, &why);
        if (done && run->snapshot.changed == NULL) {
            return true;
        }
        if (cancel_requested(run->cancel)) {
            return error_move(err, &why);
        }
        const bool lost = counting_lost(run->counting);
        stop_counting(run, true, NULL);
        char *changed = lost ? NULL : what_changed(run, &why);
        if (changed != NULL) {
            error_clear(&why);
            if (!may_begin_again(run, changed, err) || !begin_again(run, folder, err)) {
                return false;
            }
            continue;
        }
        if (!(lost || session_lost(run)) || (run->lost && !run->dumped)) {
            return error_move(err, &why);
        }
        error_clear(&why);
        if (run->lost) {
            run->uncounted = true;
            warn(run, "The connection that counts the rows was lost twice: this backup is not verified, because its "
                      "rows could not all be compared with the database");
            return true;
        }
        run->lost = true;
        job_log(run->sink, LOG_WARNING, "The connection that holds the snapshot was lost; the backup begins again");
        if (!begin_again(run, folder, err)) {
            return false;
        }
    }
}

/* --- checking -------------------------------------------------------------------------------------------- */

static bool list_archive(Run *run, Error *err)
{
    size_t table_data = 0;
    progress_stage(&run->meter, "Reading the table of contents", PART_COUNTED, PART_LISTED, clock_monotonic_ms());
    if (!listing_read(run->restore_tool, run->partial, stall_seconds(run), run->cancel, &table_data, err)) {
        return false;
    }
    return table_data > 0 || run->snapshot.count == 0 ||
           error_set(err, EK_DAMAGED, "the backup holds no table, and the database has %zu", run->snapshot.count);
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
    if (!fs_close(file, err)) {
        return false;
    }
    be_impatient(run);
    pg_script(run->pg, "ROLLBACK", run->cancel, NULL); /* the snapshot has served; the lock stays */
    if (!list_archive(run, err)) {
        return false;
    }
    const int64_t listed_at = clock_now();
    const JobSink inner = {.progress = on_verify_progress, .context = run, .actor = job_actor(run->sink)};
    progress_stage(&run->meter, "Checking every byte", PART_LISTED, PART_CHECKED, clock_monotonic_ms());
    if (!verify_followed(run->partial, run->follower, &inner, run->cancel, &run->verified, err)) {
        return false;
    }
    stop_following(run);
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
    manifest->level = run->uncounted ? LEVEL_LISTED : LEVEL_VERIFIED;
    if (run->uncounted) {
        manifest->verified_at = 0;
    }
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
    char *message = mem_printf("Backup successful: %zu tables, %" PRId64 " rows, %s%s%s", manifest->table_count, rows,
                               run->uncounted ? "but not verified: the rows could not be compared with the database"
                                              : "every byte checked",
                               run->weakness == NULL ? "" : "; ", run->weakness == NULL ? "" : run->weakness);
    const AuditEntry entry = {.operation = "backup",
                              .status = "success",
                              .backup_file = run->name,
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = manifest->seconds,
                              .sha256 = manifest->sha256,
                              .level = level_word(manifest->level),
                              .actor = job_actor(run->sink)};
    log_outcome(run, folder, &entry);
    mem_free(message);
    progress_stage(&run->meter, "Done", 1, 1, clock_monotonic_ms());
    if (run->uncounted) {
        job_log(run->sink, LOG_WARNING, "\xE2\x9A\xA0 A backup was made, but it is not verified. Make another.");
    } else {
        job_log(run->sink, LOG_GOOD, "\xE2\x9C\x85 Backup successful!");
    }
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

/* Takes away what a failed run made, here and on the server, and logs the failure. A share that is lost at the wrong
 * moment reports a rename as failed that was done: the backup that is then there keeps its manifest. */
static void clean_up_failure(Run *run, const char *folder, const Error *why)
{
    if (run->job != NULL && !run->dumped) {
        pg_end_sessions_quickly(run->pg, run->job); /* pg_dump was killed, or has failed */
    }
    stop_following(run);
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
                              .seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000,
                              .actor = job_actor(run->sink)};
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
    mem_free(run->weakness);
    mem_free(run->job);
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
        run.name = folder_free_name(spec->folder, run.started);
        run.path = fs_join(spec->folder, run.name);
        run.partial = mem_printf("%s%s", run.path, FOLDER_PARTIAL_SUFFIX);
        run.manifest_path = folder_manifest_path(run.path);
        ok = take(&run, spec->folder, &why) && check(&run, &why) && commit(&run, spec->folder, &why);
    }
    stop_counting(&run, true, NULL);
    if (!ok && why.kind == EK_CANCELLED) {
        error_set(&why, EK_CANCELLED, "the backup was stopped"); /* whichever step it was that stopped */
    } else if (!ok && why.kind == EK_DAMAGED) { /* of a file that nobody will see */
        error_context(&why, "no backup was made, because what pg_dump wrote is not whole");
        error_hint(&why, "%s", hint_again);
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
