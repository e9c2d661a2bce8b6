/*
 * prove.c: one proof, step by step: read every byte, start an empty server (or make an empty database on the one
 * given), restore, compare, take it away, write down.
 *
 * Clean-up. All that a proof makes lies in one folder, prove-XXXXXXXXXXXXXXXX below the user's data folder, or in
 * one database, cmms_prove_XXXXXXXXXXXXXXXX (prove_database.c). The engine's server ends with us, however we end. A
 * lock lets one proof of this user run on the engine at a time, so that under it every such folder is one that an
 * interrupted run left; but for those in which a proof on a server holds a lock: of such there may be several.
 *
 * The server's scratch database is of no value, so it is told not to wait for the disk.
 */
#include "jobs/prove.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "postgres/client.h"
#include "postgres/engine.h"
#include "postgres/pg.h"
#include "postgres/tools.h"
#include "load_private.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define SPACE_RESERVE (128u * 1024u * 1024u) /* an empty cluster, and its log of changes */
#define LOCK_FILE "prove.lock"
#define LOCK_WAIT_MS 60000u
#define LOCK_STEP_MS 100u
/* The parts of the whole. */
#define PART_COMPARED 0.99

void prove_result_init(ProveResult *result)
{
    *result = (ProveResult){.proven = false};
    manifest_init(&result->manifest);
}

void prove_result_release(ProveResult *result)
{
    for (size_t i = 0; i < result->not_provable_count; i++) {
        mem_free(result->not_provable[i]);
    }
    mem_free(result->not_provable);
    for (size_t i = 0; i < result->left_out_count; i++) {
        mem_free(result->left_out[i]);
    }
    mem_free(result->left_out);
    for (size_t i = 0; i < result->unchecked_count; i++) {
        mem_free(result->unchecked[i]);
    }
    mem_free(result->unchecked);
    mem_free(result->where);
    mem_free(result->not_kept);
    manifest_release(&result->manifest);
    prove_result_init(result);
}

/* --- the engine ------------------------------------------------------------------------------------------ */

typedef struct Leftovers {
    const JobSink *sink;
    const char *base;
    bool any; /* only looked for */
} Leftovers;

static bool remove_leftover(void *context, const char *name, const FsInfo *info)
{
    const Leftovers *leftovers = context;
    if (info->is_dir && strncmp(name, PROVE_FOLDER_PREFIX, sizeof PROVE_FOLDER_PREFIX - 1) == 0) {
        char *path = fs_join(leftovers->base, name);
        char *lock_path = mem_printf("%s%s", path, PROVE_LOCK_SUFFIX);
        FsLock *lock = NULL;
        Error why = ERROR_INIT;
        if (!fs_lock(lock_path, &lock, &why) && why.kind == EK_BUSY) {
            error_clear(&why); /* of a proof that goes on, on a server */
            mem_free(lock_path);
            mem_free(path);
            return true;
        }
        error_clear(&why);
        if (fs_remove_tree(path, &why)) {
            job_log(leftovers->sink, LOG_INFO, "Removed \"%s\", left by an interrupted proof", path);
        } else {
            job_log(leftovers->sink, LOG_WARNING, "\"%s\", left by an interrupted proof, stays: %s", path,
                    why.message);
        }
        error_clear(&why);
        fs_unlock(lock);
        fs_remove(lock_path, NULL);
        mem_free(lock_path);
        mem_free(path);
    }
    return true;
}

static bool find_leftover(void *context, const char *name, const FsInfo *info)
{
    Leftovers *leftovers = context;
    leftovers->any = info->is_dir && strncmp(name, PROVE_FOLDER_PREFIX, sizeof PROVE_FOLDER_PREFIX - 1) == 0;
    return !leftovers->any;
}

void prove_clean_up(const JobSink *sink)
{
    char *base = machine_local_data_dir();
    char *path = base == NULL ? NULL : fs_join(base, LOCK_FILE);
    Leftovers leftovers = {.sink = sink, .base = base};
    FsLock *lock = NULL;
    if (base != NULL && fs_list(base, find_leftover, &leftovers, NULL) && leftovers.any && fs_lock(path, &lock, NULL)) {
        fs_list(base, remove_leftover, &leftovers, NULL);
    }
    fs_unlock(lock);
    mem_free(path);
    mem_free(base);
}

static bool check_space(Load *run, const char *base, Error *err)
{
    uint64_t available = 0;
    const double needed = 3.0 * (double)run->result.manifest.bytes + (double)run->bytes_all + SPACE_RESERVE;
    if (!fs_free_space(base, &available, err)) {
        return false;
    }
    if ((double)available < needed) {
        error_set(err, EK_SPACE, "the disk with \"%s\" has %s free, and to prove this backup takes about %s", base,
                  size_text(available).text, size_text((uint64_t)needed).text);
        return error_hint(err, "Free %s there.", size_text((uint64_t)needed - available).text);
    }
    return true;
}

/* Nothing here has to survive a power failure. */
static const char *const engine_settings[] = {
    "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET max_wal_size = '2GB'", "ALTER SYSTEM SET maintenance_work_mem = '256MB'",
    "SELECT pg_catalog.pg_reload_conf()"};

static bool start_engine(Load *run, const char *base, Error *err)
{
    if (!load_name_scratch(run, base, err) ||
        !engine_start(run->scratch, run->sink, run->cancel, &run->engine, err)) {
        return false;
    }
    connection_copy(&run->connection, engine_connection(run->engine));
    if (!pg_connect(&run->connection, run->cancel, &run->server, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof engine_settings / sizeof engine_settings[0]; i++) {
        if (!pg_query(run->server, engine_settings[i], NULL, 0, run->cancel, NULL, err)) {
            return false;
        }
    }
    return true;
}

/* One that was stopped to let this one work has the lock until what it made is taken away. */
static bool lock_proofs(Load *run, const char *path, Error *err)
{
    Error why = ERROR_INIT;
    bool ok = false;
    for (unsigned waited = 0;; waited += LOCK_STEP_MS) {
        error_clear(&why);
        ok = fs_lock(path, &run->prove_lock, &why);
        if (ok || why.kind != EK_BUSY || waited >= LOCK_WAIT_MS || cancel_wait(run->cancel, LOCK_STEP_MS)) {
            break;
        }
    }
    if (!ok && cancel_requested(run->cancel)) {
        error_set(err, EK_CANCELLED, "cancelled");
    } else if (!ok && why.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another backup is being proven on this PC");
        error_hint(err, "Wait until it is done, then try again.");
    } else if (!ok) {
        error_move(err, &why);
    }
    error_clear(&why);
    return ok;
}

/* The user's data folder, where scratch folders lie, for as long as the run lasts; *base: caller frees. */
static bool take_data_dir(Load *run, char **base, Error *err)
{
    *base = machine_local_data_dir();
    if (*base == NULL) {
        return error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
    }
    char *lock = fs_join(*base, LOCK_FILE);
    Leftovers leftovers = {.sink = run->sink, .base = *base};
    const bool ok = lock_proofs(run, lock, err) && fs_list(*base, remove_leftover, &leftovers, err);
    mem_free(lock);
    return ok;
}

static bool prepare_engine(Load *run, Error *err)
{
    char *base = NULL;
    const bool ok = take_data_dir(run, &base, err) && check_space(run, base, err) && start_engine(run, base, err);
    mem_free(base);
    return ok;
}

/* --- a server given by the user -------------------------------------------------------------------------- */

static bool prepare_server(Load *run, Error *err)
{
    connection_copy(&run->connection, run->spec->server);
    if (!connection_resolve(&run->connection, err)) {
        return false;
    }
    char *weakness = connection_tell(&run->connection, run->sink);
    if (weakness != NULL) {
        job_log(run->sink, LOG_WARNING, "%s", weakness);
    }
    mem_free(weakness);
    char *where = connection_text(&run->connection);
    job_log(run->sink, LOG_INFO, "Connecting to %s", where);
    mem_free(where);
    if (!pg_connect(&run->connection, run->cancel, &run->server, err) ||
        !pg_settle(run->server, &run->connection, run->cancel, err)) {
        return false;
    }
    prove_drop_leftovers(run);
    return true;
}

static void on_counted(void *context, size_t done, size_t all)
{
    Load *run = context;
    progress_update(&run->meter, (double)done / (double)all, 0, clock_monotonic_ms());
}

static bool work(Load *run, Error *err)
{
    const Tool *tool = NULL;
    if (!load_read_backup(run, err) || !load_pick_tool(run, &tool, err)) {
        return false;
    }
    load_stage(run, "Starting an empty server", PART_READ, PART_STARTED);
    if (!(run->spec->server == NULL ? prepare_engine(run, err) : prepare_server(run, err))) {
        return false;
    }
    run->result.where = mem_printf("PostgreSQL %s", pg_server_version_text(run->server));
    if (!load_look_ahead(run->server, &run->archive, run->engine != NULL, run->cancel, &run->result, err)) {
        return false;
    }
    if (run->result.not_provable_count > 0) {
        return true;
    }
    job_log(run->sink, LOG_INFO, "Restoring into an empty database of %s", run->result.where);
    if (!prove_make_database(run, err)) {
        return false;
    }
    if (run->result.not_provable_count > 0) {
        return true;
    }
    if (!load_leave_out_unknown(run, err) || !load_run(run, tool, err)) {
        return false;
    }
    if (run->result.not_provable_count > 0) {
        return true;
    }
    if (!load_finish(run, err)) {
        return false;
    }
    load_stage(run, "Counting what came back", PART_RESTORED, PART_COMPARED);
    if (!load_compare(run->pg, &run->archive, run->cancel, on_counted, run, &run->result, err)) {
        if (err->kind == EK_DAMAGED && err->hint == NULL) {
            error_hint(err, "%s", load_hint_unproven);
        }
        return false;
    }
    run->result.proven = run->result.not_provable_count == 0; /* a view may be empty */
    return true;
}

/* --- the outcome ----------------------------------------------------------------------------------------- */

static char *obstacles_text(const ProveResult *result)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    for (size_t i = 0; i < result->not_provable_count; i++) {
        strbuf_addf(&text, "%s%s", i == 0 ? "" : "; ", result->not_provable[i]);
    }
    return strbuf_detach(&text);
}

static char *unchecked_text(const ProveResult *result)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    if (result->unchecked_count > 0) {
        strbuf_addf(&text, "; %zu rule%s could not be checked: ", result->unchecked_count,
                    result->unchecked_count == 1 ? "" : "s");
    }
    for (size_t i = 0; i < result->unchecked_count; i++) {
        strbuf_addf(&text, "%s%s", i == 0 ? "" : ", ", result->unchecked[i]);
    }
    return strbuf_detach(&text);
}

static bool record(Load *run, const char *status, Level level, const char *message, Error *err)
{
    const Manifest *manifest = &run->result.manifest;
    if (run->folder_lock == NULL) {
        return true; /* not wanted, or the check before has written down what it found */
    }
    char *folder = fs_dir_name(run->path);
    const AuditEntry entry = {.operation = "prove",
                              .status = status,
                              .backup_file = fs_base_name(run->path),
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = run->result.seconds,
                              .sha256 = manifest->sha256,
                              .level = level_word(level),
                              .actor = job_actor(run->sink),
                              .server = run->result.proven ? run->result.where : NULL,
                              .tables = (int64_t)run->result.tables_compared,
                              .rows = run->result.rows,
                              .proven_at = run->result.proven ? manifest->proven_at : 0};
    const bool ok = auditlog_append(folder, &entry, err);
    mem_free(folder);
    return ok;
}

static bool settle(Load *run, Error *err)
{
    ProveResult *result = &run->result;
    char *text = NULL;
    bool ok = true;
    run->result.seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000;
    if (result->proven) {
        result->manifest.level = LEVEL_PROVEN;
        result->manifest.proven_at = clock_now();
        char *unchecked = unchecked_text(result);
        text = mem_printf("Proven: restored into an empty database of %s, %zu tables and %s rows counted%s",
                          result->where, result->tables_compared, number_text(result->rows).text, unchecked);
        mem_free(unchecked);
        ok = run->folder_lock == NULL || manifest_write(run->manifest_path, &result->manifest, err);
    } else {
        char *obstacles = obstacles_text(result);
        text = mem_printf("could not be proven here: %s", obstacles);
        mem_free(obstacles);
    }
    ok = ok && record(run, result->proven ? "success" : "failed", result->manifest.level, text, err);
    if (ok) {
        job_log(run->sink, result->proven ? LOG_GOOD : LOG_WARNING, "%s %s", fs_base_name(run->path), text);
        load_stage(run, "Done", 1, 1);
    }
    mem_free(text);
    return ok;
}

bool prove_backup(const char *path, const ProveSpec *spec, const JobSink *sink, const Cancel *cancel,
                  ProveResult *result, Error *err)
{
    Load run = {.path = path, .spec = spec, .record = spec->record, .what = "proof", .sink = sink, .cancel = cancel,
                .started_ms = clock_monotonic_ms()};
    Error why = ERROR_INIT;
    load_init(&run);
    job_log(sink, LOG_INFO, "Proving %s...", fs_base_name(path));
    bool ok = work(&run, &why);
    if (!ok && why.kind == EK_CANCELLED) { /* whoever wants the folder does not wait until all is taken away */
        fs_unlock(run.folder_lock);
        run.folder_lock = NULL;
    }
    prove_drop_database(&run);
    pg_close(run.server);
    load_drop_scratch(&run);
    fs_unlock(run.prove_lock);
    if (ok) {
        ok = settle(&run, &why);
    } else if (why.kind == EK_CANCELLED) {
        error_set(&why, EK_CANCELLED, "the proof was stopped");
    } else {
        if (why.kind == EK_TOOL && why.hint == NULL) { /* one that could not be started */
            error_hint(&why, "%s", client_hint_again);
        }
        run.result.seconds = (double)(clock_monotonic_ms() - run.started_ms) / 1000;
        char *text = error_text(&why);
        /* What speaks against the backup, and not against this PC, says so: a certificate is no longer given then. The
         * failure itself is what is reported. */
        record(&run, "failed", why.kind == EK_DAMAGED ? LEVEL_BAD : run.result.manifest.level, text, NULL);
        mem_free(text);
    }
    if (ok) {
        prove_result_release(result);
        *result = run.result;
        prove_result_init(&run.result);
    } else {
        error_move(err, &why);
    }
    load_release(&run);
    return ok;
}
