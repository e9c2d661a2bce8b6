/*
 * backup_take.c: the dump and the counts of one moment of the database.
 *
 * pg_dump and our own session read at the same snapshot. What a snapshot does not hide (snapshot.c) and what a lost
 * session takes along lets all of it begin again: `backup_take` has the rules.
 */
#include "backup_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "platform/clock.h"
#include "postgres/dump.h"
#include "postgres/standstill.h"
#include "store/folder.h"

#define COPY_PROGRESS_VERSION 140000
#define WATCH_AFTER_MS 1000u /* a shorter dump is not worth a connection more */
#define LOCK_AGAIN_MS 10000u
#define MOST_BEGINNINGS 3u /* of one backup, where the tables change each time */
#define LOCK_AGAIN_STEP_MS 100u
#define MAX_WARNINGS 100u

/* A warning is logged at once and kept for the manifest. */
void backup_warn(Run *run, const char *text)
{
    job_log(run->sink, LOG_WARNING, "%s", text);
    if (run->warning_count < MAX_WARNINGS) {
        run->warnings = mem_resize(run->warnings, run->warning_count + 1, sizeof *run->warnings);
        run->warnings[run->warning_count++] = mem_strdup(text);
    }
}

unsigned backup_stall_seconds(const Run *run)
{
    return standstill_seconds(60u * (unsigned)run->settings.stall_minutes);
}

bool backup_connect(Run *run, Error *err)
{
    if (!pg_connect(&run->connection, run->cancel, &run->pg, err)) {
        return false;
    }
    pg_set_patience(run->pg, backup_stall_seconds(run));
    return true;
}

/* From here on a question that takes no time: nobody wants to wait for its answer as long as for a count. */
void backup_be_impatient(Run *run)
{
    const unsigned seconds = backup_stall_seconds(run);
    pg_set_patience(run->pg, seconds < PG_SHORT_PATIENCE ? seconds : PG_SHORT_PATIENCE);
}

bool backup_cancelled(const Run *run, Error *err)
{
    return cancel_requested(run->cancel) ? !error_set(err, EK_CANCELLED, "the backup was stopped") : false;
}

/* --- the session with the snapshot ---------------------------------------------------------------------- */

/* Ends what the server still has of that job, which has ended, and takes the database's lock, which it may have had.
 * Our own word is noted before there is a session of that name, and after the other's have been told to end, so that a
 * kill in between forgets none. */
bool backup_lock_database(Run *run, const char *folder, const char *ended_job, Error *err)
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
    folder_note_job(folder, run->job, run->name);
    if (run->locked) {
        return pg_name_session(run->pg, run->job, run->cancel, err);
    }
    for (unsigned waited = 0; !pg_lock_database(run->pg, run->job, run->cancel, &why); waited += LOCK_AGAIN_STEP_MS) {
        if (why.kind != EK_BUSY || ended == 0 || waited >= LOCK_AGAIN_MS ||
            cancel_wait(run->cancel, LOCK_AGAIN_STEP_MS)) {
            return error_move(err, &why);
        }
        error_clear(&why);
    }
    return true;
}

bool backup_open_snapshot(Run *run, Error *err)
{
    char *warning = NULL;
    if (!snapshot_open(run->pg, run->bytes, run->cancel, &run->snapshot, &warning, err)) {
        return false;
    }
    if (run->snapshot.bytes && !run->repeated) {
        job_log(run->sink, LOG_INFO, "The backup keeps the database's own encoding, %s: not all of it is sure to come "
                                     "back from UTF-8", pg_server_encoding(run->pg));
    }
    if (warning != NULL) {
        backup_warn(run, warning);
        mem_free(warning);
    }
    if (run->snapshot.foreign != NULL && !run->repeated) {
        char *text = mem_printf("The rows of foreign tables are on another server and not in this backup: %s",
                                run->snapshot.foreign);
        backup_warn(run, text);
        mem_free(text);
    }
    if (run->snapshot.views > 0 && !run->repeated) {
        job_log(run->sink, LOG_INFO, "The rows of %s materialized view(s) are not in the backup: a restore "
                                     "computes them anew", number_text(run->snapshot.views).text);
    }
    return true;
}

/* --- counting -------------------------------------------------------------------------------------------- */

static void start_counting(Run *run)
{
    if (run->counting == NULL && run->snapshot.id != NULL) {
        run->counting = counting_start(run->pg, &run->snapshot);
    }
}

/* Ends the counting; what it did not manage is a warning, except that its session was lost: that is for `take`. */
bool backup_stop_counting(Run *run, bool stop, Error *err)
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
        backup_warn(run, text);
        mem_free(text);
    }
    if (warning != NULL) {
        backup_warn(run, warning);
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
    return backup_stop_counting(run, cancel_requested(run->cancel), err) && !backup_cancelled(run, err);
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
    backup_warn(context, text);
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
        run->copies = copywatch_start(&run->connection, run->session, run->job);
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

void backup_stop_following(Run *run)
{
    archive_follow_free(run->follower);
    run->follower = NULL;
}

static bool drop_partial(Run *run, Error *err)
{
    backup_stop_following(run);
    fs_close(run->file, NULL);
    run->file = NULL;
    return fs_remove(run->partial, err);
}

/* pg_dump says "could not write" for many reasons; a disk that is full is the one with a remedy. */
static void explain_disk(const Run *run, const char *folder, Error *why)
{
    uint64_t available = 0;
    if (why->kind == EK_IO && fs_free_space(folder, &available, NULL) && available < FS_NEARLY_FULL) {
        char *detail = mem_strdup(why->detail);
        error_set(why, EK_SPACE, "the disk with the backup folder is full");
        if (detail != NULL) {
            error_detail(why, "%s", detail);
        }
        mem_free(detail);
    }
    if (why->kind == EK_SPACE) {
        error_hint(why, "Free %s there, or choose another folder.", size_text(run->room).text);
    }
}

/* One run of pg_dump, or two where it turns out not to know the compression. */
static bool dump(Run *run, const char *folder, Error *err)
{
    DumpSpec spec = {.tool = run->dump_tool,
                     .connection = &run->connection,
                     .snapshot = run->snapshot.id,
                     .encoding = run->snapshot.bytes ? NULL : pg_server_encoding(run->pg),
                     .session = run->session,
                     .stall_seconds = backup_stall_seconds(run),
                     .locked = on_locked,
                     .table = on_table,
                     .warning = on_warning,
                     .tick = on_tick,
                     .still_working = still_working,
                     .context = run};
    progress_stage(&run->meter, "Starting pg_dump", PART_PREPARED, PART_DUMPED, clock_monotonic_ms());
    progress_expect(&run->meter, run->last.seconds, clock_monotonic_ms());
    for (;;) {
        DumpRefusal refusal = DUMP_REFUSED_NOTHING;
        Error why = ERROR_INIT;
        if (!make_partial(run, err)) {
            return false;
        }
        spec.file = run->file;
        spec.compression = run->compression;
        table_meter_start(&run->tables, run->snapshot.table_bytes);
        run->table = NULL;
        run->dump_ms = clock_monotonic_ms();
        if (dump_run(&spec, run->stop, &refusal, &why)) {
            return true;
        }
        run->bytes = run->bytes || refusal == DUMP_REFUSED_ENCODING;
        if (refusal != DUMP_REFUSED_COMPRESSION || strcmp(run->compression, "gzip") == 0) {
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

static bool look_again(Run *run, Error *err)
{
    char *warning = NULL;
    if (run->snapshot.id == NULL || run->snapshot.changed != NULL) {
        return true;
    }
    if (!snapshot_look_again(run->pg, &run->snapshot, run->cancel, &warning, err)) {
        return false;
    }
    if (warning != NULL) {
        backup_warn(run, warning);
        mem_free(warning);
    }
    return true;
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
    return run->dumped && finish_counting(run, err) && look_again(run, err);
}

/* Whether the session with the snapshot, which rests, is gone. */
static bool session_lost(Run *run)
{
    Error why = ERROR_INIT;
    if (run->snapshot.id == NULL) {
        return false;
    }
    backup_be_impatient(run);
    const bool answers = pg_script(run->pg, "SELECT 1", run->cancel, &why) || why.kind != EK_CONNECT;
    error_clear(&why);
    return !answers;
}

/* The server ended pg_dump's session, and perhaps not the one that rests. */
static bool dump_ended(const Run *run, const Error *why)
{
    return !run->dumped && why->kind == EK_CONNECT && why->detail != NULL && dump_was_ended(why->detail);
}

/* What has changed since the snapshot, so that a dump of it is worth nothing: found by the counting, or, where pg_dump
 * has failed, perhaps the reason for it. Caller frees; NULL: nothing that is known. */
static char *what_changed(Run *run, const Error *why)
{
    /* What pg_dump says where an object that it has in its list is gone or has another name now. */
    static const char *const vanished[] = {" does not exist", "could not open relation with OID",
                                           "cache lookup failed"};
    char *changed = NULL;
    if (run->snapshot.changed != NULL) {
        return mem_strdup(run->snapshot.changed);
    }
    /* pg_dump's own words, in English; the server's may be in any language. */
    if (run->dumped || why->kind != EK_TOOL || why->detail == NULL ||
        (strstr(why->detail, "query failed") == NULL && strstr(why->detail, "message from server") == NULL)) {
        return NULL; /* the server had nothing against it: pg_dump was killed, or could not go on */
    }
    for (size_t i = 0; i < sizeof vanished / sizeof vanished[0]; i++) {
        if (strstr(why->detail, vanished[i]) != NULL) {
            return mem_strdup("something that pg_dump was to save was changed");
        }
    }
    if (run->snapshot.id != NULL) {
        backup_be_impatient(run);
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
    return drop_partial(run, err) && backup_connect(run, err) &&
           pg_settle(run->pg, &run->connection, run->cancel, err) &&
           backup_lock_database(run, folder, run->job, err) && backup_open_snapshot(run, err);
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
bool backup_take(Run *run, const char *folder, Error *err)
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
        backup_stop_counting(run, true, NULL);
        if (run->bytes && !run->snapshot.bytes) {
            job_log(run->sink, LOG_INFO, "The database holds text that does not exist in UTF-8; the backup begins "
                                         "again, in the database's own encoding, %s", pg_server_encoding(run->pg));
            error_clear(&why);
            if (!begin_again(run, folder, err)) {
                return false;
            }
            continue;
        }
        char *changed = lost ? NULL : what_changed(run, &why);
        if (changed != NULL) {
            error_clear(&why);
            if (!may_begin_again(run, changed, err) || !begin_again(run, folder, err)) {
                return false;
            }
            continue;
        }
        if (!(lost || session_lost(run) || dump_ended(run, &why)) || (run->lost && !run->dumped)) {
            return error_move(err, &why);
        }
        error_clear(&why);
        if (run->lost) {
            run->uncounted = true;
            backup_warn(run, "The connection that counts the rows was lost twice: this backup is not verified, because "
                             "its rows could not all be compared with the database");
            return true;
        }
        run->lost = true;
        job_log(run->sink, LOG_WARNING, "A connection to the server was lost; the backup begins again");
        if (!begin_again(run, folder, err)) {
            return false;
        }
    }
}
