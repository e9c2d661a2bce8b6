/*
 * prove.c: one proof, step by step: read every byte, start an empty server (or make an empty database on the one
 * given), restore, compare, take it away, write down.
 *
 * Clean-up. All that a proof makes lies in one folder, prove-XXXXXXXXXXXXXXXX below the user's data folder, or in
 * one database, cmms_prove_XXXXXXXXXXXXXXXX. The engine's server ends with us, however we end. A lock lets one
 * proof of this user run at a time, so that under it every such folder is one that an interrupted run left. On a
 * server given by the user a database is known as left over by its name, its comment, and by nobody being
 * connected to it: a proof stays connected to its own from the moment it is made. Before it is connected it has no
 * comment yet: then its limit of connections is our mark, and that no other session of ours is there.
 *
 * The server's scratch database is of no value, so it is told not to wait for the disk.
 */
#include "prove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "auditlog.h"
#include "clock.h"
#include "engine.h"
#include "folder.h"
#include "fs.h"
#include "machine.h"
#include "mem.h"
#include "pg.h"
#include "process.h"
#include "progress.h"
#include "prove_private.h"
#include "settings.h"
#include "skew.h"
#include "standstill.h"
#include "tools.h"
#include "verify.h"

#define MEGABYTE (1024.0 * 1024.0)
#define SPACE_RESERVE (128u * 1024u * 1024u) /* an empty cluster, and its log of changes */
#define NEARLY_FULL (16u * 1024u * 1024u)
#define FOLDER_PREFIX "prove-"
#define DATABASE_PREFIX "cmms_prove_"
#define LOCK_FILE "prove.lock"
#define COPY_NAME "restore.backup"
#define DATABASE_MARK "17" /* connections at most; two are needed */
#define DATABASE_COMMENT "made by CMMS Backup to prove a backup; dropped afterwards"
#define REMOVE_TRIES 20
#define REMOVE_WAIT_MS 250u
/* The parts of the whole. */
#define PART_READ 0.15
#define PART_STARTED 0.25
#define PART_RESTORED 0.90
#define PART_COMPARED 0.99

static const char hint_unproven[] = "Its bytes are as they were saved, but do not rely on this file alone: show this "
                                    "to your IT administrator.";

typedef struct Run {
    const char *path;
    const ProveSpec *spec;
    const JobSink *sink;
    const Cancel *cancel;
    ProgressMeter meter;
    uint64_t started_ms;
    FsLock *folder_lock, *prove_lock;
    char *manifest_path;
    Archive archive; /* its TOC */
    ProveResult result;
    Connection connection; /* to the server, and then to the scratch database */
    char *scratch;         /* a folder of our own, also the engine's; NULL: none was made */
    char *copy;            /* in it: the backup without what the server does not know; NULL: it knows everything */
    Engine *engine;
    Pg *server;            /* a session in the server's own database */
    Pg *pg;                /* one in the scratch database */
    char *database;        /* NULL: none was made */
    Tools tools;
    /* While pg_restore runs: */
    LineSplitter lines;
    char *session;         /* under this name the server knows it */
    Standstill still;
    bool stalled;
    char *error, *detail;  /* its own words */
    uint64_t bytes_all, bytes_done, bytes_now; /* of tables, decoded */
} Run;

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
    mem_free(result->where);
    manifest_release(&result->manifest);
    prove_result_init(result);
}

static void stage(Run *run, const char *step, double from, double to)
{
    progress_stage(&run->meter, step, from, to, clock_monotonic_ms());
}

/* --- the backup ------------------------------------------------------------------------------------------ */

static void on_read(void *context, const Progress *progress)
{
    Run *run = context;
    progress_update(&run->meter, progress->fraction, progress->bytes, clock_monotonic_ms());
}

/* Every byte, before anything is started. verify_backup takes the folder's lock itself, so ours comes after; that
 * nothing changed between the two is shown by the manifest that is read again under ours. */
static bool read_backup(Run *run, Error *err)
{
    const JobSink inner = {.progress = on_read, .context = run, .actor = job_actor(run->sink)};
    VerifyResult verified;
    FsFile *file = NULL;
    bool ok = false;
    verify_result_init(&verified);
    stage(run, "Checking every byte", 0, PART_READ);
    if (run->spec->record) {
        char *folder = fs_dir_name(run->path);
        ok = verify_backup(run->path, true, &inner, run->cancel, &verified, err) &&
             folder_lock(folder, &run->folder_lock, err) &&
             manifest_read(run->manifest_path, &run->result.manifest, err);
        mem_free(folder);
        if (ok && strcmp(run->result.manifest.sha256, verified.manifest.sha256) != 0) {
            ok = error_set(err, EK_BUSY, "another job changed %s at the same time", fs_base_name(run->path));
            error_hint(err, "Try again.");
        }
    } else {
        ok = verify_file(run->path, &inner, run->cancel, &verified, err);
        if (ok) {
            run->result.manifest = verified.manifest;
            manifest_init(&verified.manifest);
        }
    }
    ok = ok && fs_open_read(run->path, &file, err) && archive_read_toc(file, &run->archive, err);
    fs_close(file, NULL);
    for (size_t i = 0; ok && i < run->result.manifest.table_count; i++) {
        run->bytes_all += run->result.manifest.tables[i].bytes;
    }
    verify_result_release(&verified);
    return ok;
}

/* --- the engine ------------------------------------------------------------------------------------------ */

typedef struct Leftovers {
    Run *run;
    const char *base;
} Leftovers;

static bool remove_leftover(void *context, const char *name, const FsInfo *info)
{
    const Leftovers *leftovers = context;
    if (info->is_dir && strncmp(name, FOLDER_PREFIX, sizeof FOLDER_PREFIX - 1) == 0) {
        char *path = fs_join(leftovers->base, name);
        Error why = ERROR_INIT;
        if (fs_remove_tree(path, &why)) {
            job_log(leftovers->run->sink, LOG_INFO, "Removed \"%s\", left by an interrupted proof", path);
        } else {
            job_log(leftovers->run->sink, LOG_WARNING, "\"%s\", left by an interrupted proof, stays: %s", path,
                    why.message);
        }
        error_clear(&why);
        mem_free(path);
    }
    return true;
}

static bool check_space(Run *run, const char *base, Error *err)
{
    uint64_t available = 0;
    const double needed = 3.0 * (double)run->result.manifest.bytes + (double)run->bytes_all + SPACE_RESERVE;
    if (!fs_free_space(base, &available, err)) {
        return false;
    }
    if ((double)available < needed) {
        error_set(err, EK_SPACE, "the disk with \"%s\" has %.0f MB free, and to prove this backup takes about %.0f MB",
                  base, (double)available / MEGABYTE, needed / MEGABYTE);
        return error_hint(err, "Free %.0f MB there.", (needed - (double)available) / MEGABYTE);
    }
    return true;
}

static char *random_name(const char *prefix, Error *err)
{
    uint64_t number;
    if (!machine_random(&number, sizeof number)) {
        error_set(err, EK_INTERNAL, "the system gave no random bytes");
        return NULL;
    }
    return mem_printf("%s%016" PRIx64, prefix, number);
}

/* Nothing here has to survive a power failure. */
static const char *const engine_settings[] = {
    "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET max_wal_size = '2GB'", "ALTER SYSTEM SET maintenance_work_mem = '256MB'",
    "SELECT pg_catalog.pg_reload_conf()"};

static bool name_scratch(Run *run, const char *base, Error *err)
{
    char *name = random_name(FOLDER_PREFIX, err);
    run->scratch = name == NULL ? NULL : fs_join(base, name);
    mem_free(name);
    return run->scratch != NULL;
}

static bool start_engine(Run *run, const char *base, Error *err)
{
    if (!name_scratch(run, base, err) ||
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

/* The user's data folder, where scratch folders lie, for as long as the run lasts; *base: caller frees. */
static bool take_data_dir(Run *run, char **base, Error *err)
{
    *base = machine_local_data_dir();
    if (*base == NULL) {
        return error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
    }
    char *lock = fs_join(*base, LOCK_FILE);
    Leftovers leftovers = {run, *base};
    bool ok = fs_lock(lock, &run->prove_lock, err);
    if (!ok && err != NULL && err->kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another backup is being proven on this PC");
        error_hint(err, "Wait until it is done, then try again.");
    }
    ok = ok && fs_list(*base, remove_leftover, &leftovers, err);
    mem_free(lock);
    return ok;
}

static bool prepare_engine(Run *run, Error *err)
{
    char *base = NULL;
    const bool ok = take_data_dir(run, &base, err) && check_space(run, base, err) && start_engine(run, base, err);
    mem_free(base);
    return ok;
}

/* A folder whose server has only just ended may be busy for a moment. */
static void drop_engine(Run *run)
{
    engine_discard(run->engine);
    run->engine = NULL;
    Error why = ERROR_INIT;
    bool gone = run->scratch == NULL || !fs_exists(run->scratch);
    for (int i = 0; !gone && i < REMOVE_TRIES; i++) {
        error_clear(&why);
        gone = fs_remove_tree(run->scratch, &why);
        if (!gone) {
            cancel_wait(NULL, REMOVE_WAIT_MS);
        }
    }
    if (!gone) {
        job_log(run->sink, LOG_WARNING, "\"%s\" stays until the next proof: %s", run->scratch, why.message);
    }
    error_clear(&why);
}

/* --- a server given by the user -------------------------------------------------------------------------- */

static void drop_leftover_databases(Run *run)
{
    PgRows *rows = NULL;
    if (!pg_query(run->server,
                  "SELECT d.datname FROM pg_catalog.pg_database d"
                  " WHERE d.datname ~ '^" DATABASE_PREFIX "[0-9a-f]{16}$'"
                  " AND (pg_catalog.shobj_description(d.oid, 'pg_database') = '" DATABASE_COMMENT "'"
                  " OR (pg_catalog.shobj_description(d.oid, 'pg_database') IS NULL"
                  " AND d.datconnlimit = " DATABASE_MARK " AND NOT EXISTS"
                  " (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.application_name LIKE '" PG_SESSION_PREFIX "%'"
                  " AND a.pid <> pg_catalog.pg_backend_pid())))"
                  " AND pg_catalog.pg_has_role(d.datdba, 'USAGE') AND NOT EXISTS"
                  " (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)",
                  NULL, 0, run->cancel, &rows, NULL)) {
        return; /* what follows will say why */
    }
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        char *name = pg_identifier(pg_value(rows, i, 0));
        char *sql = mem_printf("DROP DATABASE %s", name); /* fails when somebody has connected meanwhile */
        if (pg_query(run->server, sql, NULL, 0, run->cancel, NULL, NULL)) {
            job_log(run->sink, LOG_INFO, "Dropped the database %s, left by an interrupted proof",
                    pg_value(rows, i, 0));
        }
        mem_free(sql);
        mem_free(name);
    }
    pg_rows_free(rows);
}

static bool prepare_server(Run *run, Error *err)
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
        !pg_own_session(run->server, &run->connection, run->cancel, err)) {
        return false;
    }
    drop_leftover_databases(run);
    return true;
}

/* --- the scratch database -------------------------------------------------------------------------------- */

/* Sorts by code point, in the backup's encoding, so that no locale of the system is needed; letters are known as
 * such beyond ASCII where the server can do that by itself. */
static char *create_sql(const Run *run)
{
    char *encoding = prove_encoding(&run->archive);
    char *name = pg_identifier(run->database);
    const int version = pg_server_version(run->server);
    const char *locale = version >= 170000 && strcmp(encoding, "UTF8") == 0
                             ? " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                         : version >= 150000 ? " LOCALE_PROVIDER libc"
                                             : "";
    bool plain = encoding[0] != '\0';
    for (const char *c = encoding; *c != '\0'; c++) {
        plain = plain && ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                          *c == '_' || *c == '-');
    }
    char *sql = mem_printf("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'%s"
                           " CONNECTION LIMIT " DATABASE_MARK, name, plain ? encoding : "UTF8", locale);
    mem_free(name);
    mem_free(encoding);
    return sql;
}

static bool make_database(Run *run, Error *err)
{
    char *name = random_name(DATABASE_PREFIX, err);
    if (name == NULL) {
        return false;
    }
    run->database = name;
    char *sql = create_sql(run);
    char *quoted = pg_identifier(name);
    char *comment = mem_printf("COMMENT ON DATABASE %s IS '" DATABASE_COMMENT "'", quoted);
    bool ok = pg_query(run->server, sql, NULL, 0, run->cancel, NULL, err);
    mem_free(sql);
    if (ok) {
        mem_free(run->connection.database);
        run->connection.database = mem_strdup(name);
        ok = pg_connect(&run->connection, run->cancel, &run->pg, err) &&
             pg_query(run->server, comment, NULL, 0, run->cancel, NULL, err);
    }
    mem_free(comment);
    mem_free(quoted);
    return ok;
}

/* A stop is followed within two seconds, so on a network that is dead nothing is tried; where the server answers it is
 * given the time that it takes. */
static bool drop_on(Run *run, Pg *pg, Error *err)
{
    const bool stop = cancel_requested(run->cancel);
    const Cancel *cancel = stop ? NULL : run->cancel;
    const bool force = pg_server_version(pg) >= 130000;
    const char *const params[] = {run->database};
    if (stop && !pg_answers(pg)) {
        return error_set(err, EK_CONNECT, "the server does not answer");
    }
    if (!force) {
        pg_query(pg, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                     " WHERE datname = $1", params, 1, cancel, NULL, NULL);
    }
    char *quoted = pg_identifier(run->database);
    char *sql = mem_printf("DROP DATABASE IF EXISTS %s%s", quoted, force ? " WITH (FORCE)" : "");
    pg_set_patience(pg, standstill_seconds(PG_SHORT_PATIENCE));
    const bool ok = pg_query(pg, sql, NULL, 0, cancel, NULL, err);
    mem_free(sql);
    mem_free(quoted);
    return ok;
}

static bool connect_again(Run *run, Pg **pg)
{
    Connection connection;
    connection_init(&connection);
    connection_copy(&connection, run->spec->server);
    const bool ok = connection_resolve(&connection, NULL) && pg_connect(&connection, run->cancel, pg, NULL);
    connection_release(&connection);
    return ok;
}

/* Also after a failure or a stop: again, where a stop came meanwhile, or on a fresh connection where the old one is of
 * no use. What stays is the next proof's. */
static void drop_database(Run *run)
{
    const bool reachable = run->pg == NULL || !cancel_requested(run->cancel) || pg_answers(run->pg);
    Error why = ERROR_INIT;
    Pg *again = NULL;
    pg_close(run->pg);
    run->pg = NULL;
    if (run->database == NULL || run->server == NULL || run->engine != NULL) {
        return; /* the engine takes it along */
    }
    bool gone = reachable ? drop_on(run, run->server, &why)
                          : error_set(&why, EK_CONNECT, "the server does not answer");
    if (!gone && reachable && (cancel_requested(run->cancel) || connect_again(run, &again))) {
        error_clear(&why);
        gone = drop_on(run, again == NULL ? run->server : again, &why);
    }
    if (!gone) {
        job_log(run->sink, LOG_WARNING, "The database %s stays on the server until the next proof: %s", run->database,
                why.message);
    }
    error_clear(&why);
    pg_close(again);
}

/* --- restoring ------------------------------------------------------------------------------------------- */

static const char *after(const char *line, const char *prefix)
{
    const size_t len = strlen(prefix);
    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

static void begin_table(Run *run, const char *name, size_t len)
{
    run->bytes_done += run->bytes_now;
    run->bytes_now = 0;
    const char *shown = name;
    for (size_t i = 0; i < run->result.manifest.table_count; i++) {
        const TableCount *table = &run->result.manifest.tables[i];
        char *full = mem_printf("%s.%s", table->schema, table->name);
        const bool same = strlen(full) == len && memcmp(full, name, len) == 0;
        mem_free(full);
        if (same) {
            run->bytes_now = table->bytes;
            if (strcmp(table->schema, "public") == 0) {
                shown = name + strlen("public.");
                len -= strlen("public.");
            }
            break;
        }
    }
    char *step = mem_printf("Restoring %.*s", (int)len, shown);
    progress_step(&run->meter, step);
    mem_free(step);
}

static void on_line(void *context, const char *line)
{
    Run *run = context;
    const char *table = after(line, "pg_restore: processing data for table \"");
    prove_pick_words(line, &run->error, &run->detail);
    if (table != NULL && table[0] != '\0') {
        begin_table(run, table, strlen(table) - 1);
    } else if (after(line, "pg_restore: creating INDEX ") != NULL ||
               after(line, "pg_restore: creating CONSTRAINT ") != NULL) {
        progress_step(&run->meter, "Building the indexes");
    } else if (after(line, "pg_restore: creating FK CONSTRAINT ") != NULL) {
        progress_step(&run->meter, "Checking the references");
    }
}

static bool on_stderr(void *context, const char *bytes, size_t len)
{
    Run *run = context;
    standstill_moved(&run->still, clock_monotonic_ms());
    line_splitter_feed(&run->lines, bytes, len);
    return true;
}

/* A large table or index takes its time, and pg_restore says nothing meanwhile. */
static bool still_working(void *context)
{
    Run *run = context;
    const bool works = pg_session_works(&run->connection, run->session, 0, run->cancel);
    if (works && !cancel_requested(run->cancel)) {
        job_log(run->sink, LOG_INFO, "pg_restore has said nothing for a while, but the server is at work; waiting");
    }
    return works;
}

static bool on_tick(void *context)
{
    Run *run = context;
    /* What comes after the data (indexes, references) is taken for a quarter of the whole. */
    const double part = run->bytes_all == 0 ? 0.5 : 0.75 * (double)run->bytes_done / (double)run->bytes_all;
    const uint64_t now = clock_monotonic_ms();
    progress_update(&run->meter, part, run->bytes_done, now);
    run->stalled = standstill_over(&run->still, now);
    return !run->stalled;
}

/* What the folder's settings say of a dump holds for its counterpart as well. */
static unsigned stall_seconds(const Run *run)
{
    Settings settings;
    char *folder = fs_dir_name(run->path);
    settings_init(&settings);
    if (run->spec->record) {
        settings_load(folder, &settings, NULL);
    }
    const unsigned minutes = (unsigned)settings.stall_minutes;
    settings_release(&settings);
    mem_free(folder);
    return standstill_seconds(60u * minutes);
}

static bool explain_stall(const Run *run, Error *err)
{
    char *time = standstill_text(&run->still);
    error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the proof was ended because nothing moved for %s",
              time);
    mem_free(time);
    if (run->engine == NULL) {
        error_hint(err, "Check the connection to the server and try again.");
        return pg_fit_hint(connection_is_loopback(&run->connection), err);
    }
    return error_hint(err, "Try again. If it fails again, show this to your IT administrator.");
}

/* pg_restore ended with a code that is not 0. */
static bool explain_restore(const Run *run, unsigned exit_code, Error *err)
{
    char *words = process_exit_text(exit_code);
    uint64_t available = UINT64_MAX;
    pg_set_patience(run->pg, standstill_seconds(PG_SHORT_PATIENCE));
    if (run->engine != NULL && fs_free_space(run->scratch, &available, NULL) && available < NEARLY_FULL) {
        error_set(err, EK_SPACE, "the disk became full while the backup was restored to prove it");
        error_hint(err, "Free some space on the disk with \"%s\".", run->scratch);
    } else if (!pg_query(run->pg, "SELECT 1", NULL, 0, run->cancel, NULL, NULL)) {
        error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the server was lost while the backup was restored");
        error_hint(err, "Try again. If it fails again, show this to your IT administrator.");
    } else {
        error_set(err, EK_TOOL, "%s could not be restored: %s", fs_base_name(run->path),
                  words != NULL        ? words
                  : run->error != NULL ? run->error
                                       : "pg_restore did not say why");
        error_hint(err, "%s", hint_unproven);
    }
    if (run->detail != NULL) {
        error_detail(err, "%s", run->detail);
    }
    mem_free(words);
    return false;
}

static bool pick_tool(Run *run, const Tool **tool, Error *err)
{
    char *reason = NULL;
    if (!tools_find(&run->tools, run->cancel, err) ||
        !tools_pick_restore(&run->tools, prove_major(run->archive.tool_version), run->cancel, tool, &reason, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "%s", reason);
    mem_free(reason);
    return true;
}

static void tell_left_out(Run *run, const SkewOption *option)
{
    bool mark = false;
    char *text = skew_text(option, &mark);
    job_log(run->sink, mark ? LOG_INFO : LOG_WARNING, "%s", text);
    mem_free(text);
    ProveResult *result = &run->result;
    result->left_out = mem_resize(result->left_out, result->left_out_count + 1, sizeof *result->left_out);
    result->left_out[result->left_out_count++] =
        mem_printf("%s option %s", option->of_column ? "column" : "table", option->name);
}

/* A copy that the server understands, in a scratch folder that is made where there is none. */
static bool copy_backup(Run *run, const Skew *skew, Error *err)
{
    char *base = NULL;
    uint64_t available = 0;
    bool ok = run->scratch != NULL || (take_data_dir(run, &base, err) && name_scratch(run, base, err) &&
                                       fs_make_dirs(run->scratch, err));
    mem_free(base);
    ok = ok && fs_free_space(run->scratch, &available, err);
    if (ok && available < run->result.manifest.bytes + NEARLY_FULL) {
        ok = error_set(err, EK_SPACE, "the disk with \"%s\" has no room for a copy of the backup", run->scratch);
        error_hint(err, "Free %.0f MB there.",
                   (double)(run->result.manifest.bytes + NEARLY_FULL - available) / MEGABYTE);
    }
    if (ok) {
        run->copy = fs_join(run->scratch, COPY_NAME);
        ok = skew_copy(run->path, &run->archive, skew, run->copy, run->cancel, err);
    }
    return ok;
}

static bool leave_out_unknown(Run *run, Error *err)
{
    Skew skew;
    skew_init(&skew);
    skew_read(&run->archive, &skew);
    bool ok = skew_ask(run->pg, &skew, run->cancel, err);
    for (size_t i = 0; ok && i < skew.count; i++) {
        if (skew.options[i].unknown) {
            tell_left_out(run, &skew.options[i]);
        }
    }
    ok = ok && (skew_count(&skew) == 0 || copy_backup(run, &skew, err));
    skew_release(&skew);
    return ok;
}

/* True also where it stopped at something that the server lacks. */
static bool restore(Run *run, const Tool *tool, Error *err)
{
    run->session = mem_strdup(run->database); /* as random a name as is needed */
    char **env = connection_env(&run->connection, run->session);
    char *target = connection_tool_string(&run->connection);
    char *dbname = mem_printf("--dbname=%s", target);
    const char *const argv[] = {tool->path, "--verbose", "--exit-on-error", "--no-owner", "--no-acl",
                                "--no-publications", "--no-subscriptions", "--no-security-labels",
                                "--no-tablespaces", "--no-password", dbname, NULL};
    ProcessResult result = {0};
    FsFile *file = NULL;
    stage(run, "Restoring", PART_STARTED, PART_RESTORED);
    line_splitter_init(&run->lines, on_line, run);
    run->still = (Standstill){.seconds = stall_seconds(run), .still_working = still_working, .context = run};
    standstill_start(&run->still, clock_monotonic_ms());
    bool ok = fs_open_read(run->copy != NULL ? run->copy : run->path, &file, err);
    if (ok) {
        const ProcessSpec spec = {.program = tool->path,
                                  .argv = argv,
                                  .env_set = (const char *const *)env,
                                  .env_unset = connection_env_unset(),
                                  .stdin_file = file,
                                  .on_stderr = on_stderr,
                                  .on_tick = on_tick,
                                  .context = run};
        ok = process_run(&spec, run->cancel, &result, err);
    }
    line_splitter_release(&run->lines);
    fs_close(file, NULL);
    if (ok && run->stalled) {
        ok = explain_stall(run, err);
    } else if (ok && result.exit_code != 0) {
        char *obstacle = prove_obstacle(run->error);
        if (obstacle != NULL) {
            prove_add_obstacle(&run->result, obstacle);
        } else {
            ok = explain_restore(run, result.exit_code, err);
        }
        mem_free(obstacle);
    }
    mem_free(dbname);
    mem_free(target);
    connection_free_env(env);
    return ok;
}

static void on_counted(void *context, size_t done, size_t all)
{
    Run *run = context;
    progress_update(&run->meter, (double)done / (double)all, 0, clock_monotonic_ms());
}

/* From TRANSACTION_TIMEOUT on, which it sets without a question, pg_restore cannot serve older servers. */
static bool tool_fits(Run *run, const Tool *tool)
{
    if (tool->major >= 17 && pg_server_version(run->server) < 170000) {
        char *text = mem_printf("pg_restore %s cannot restore into PostgreSQL %d", tool->version,
                                pg_server_version(run->server) / 10000);
        prove_add_obstacle(&run->result, text);
        mem_free(text);
    }
    return run->result.not_provable_count == 0;
}

static bool work(Run *run, Error *err)
{
    const Tool *tool = NULL;
    if (!read_backup(run, err) || !pick_tool(run, &tool, err)) {
        return false;
    }
    stage(run, "Starting an empty server", PART_READ, PART_STARTED);
    if (!(run->spec->server == NULL ? prepare_engine(run, err) : prepare_server(run, err))) {
        return false;
    }
    run->result.where = mem_printf("PostgreSQL %s", pg_server_version_text(run->server));
    if (!prove_look_ahead(run->server, &run->archive, run->engine != NULL, run->cancel, &run->result, err)) {
        return false;
    }
    if (!tool_fits(run, tool)) {
        return true;
    }
    job_log(run->sink, LOG_INFO, "Restoring into an empty database of %s", run->result.where);
    if (!make_database(run, err) || !leave_out_unknown(run, err) || !restore(run, tool, err)) {
        return false;
    }
    if (run->result.not_provable_count > 0) {
        return true;
    }
    stage(run, "Counting what came back", PART_RESTORED, PART_COMPARED);
    if (!prove_compare(run->pg, &run->archive, run->cancel, on_counted, run, &run->result, err)) {
        if (err->kind == EK_DAMAGED && err->hint == NULL) {
            error_hint(err, "%s", hint_unproven);
        }
        return false;
    }
    run->result.proven = true;
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

static bool record(Run *run, const char *status, const char *message, Error *err)
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
                              .level = level_word(manifest->level),
                              .actor = job_actor(run->sink)};
    const bool ok = auditlog_append(folder, &entry, err);
    mem_free(folder);
    return ok;
}

static bool settle(Run *run, Error *err)
{
    ProveResult *result = &run->result;
    char *text = NULL;
    bool ok = true;
    run->result.seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000;
    if (result->proven) {
        result->manifest.level = LEVEL_PROVEN;
        result->manifest.proven_at = clock_now();
        text = mem_printf("Proven: restored into an empty database of %s, %zu tables and %" PRId64 " rows counted",
                          result->where, result->tables_compared, result->rows);
        ok = run->folder_lock == NULL || manifest_write(run->manifest_path, &result->manifest, err);
    } else {
        char *obstacles = obstacles_text(result);
        text = mem_printf("could not be proven here: %s", obstacles);
        mem_free(obstacles);
    }
    ok = ok && record(run, result->proven ? "success" : "failed", text, err);
    if (ok) {
        job_log(run->sink, result->proven ? LOG_GOOD : LOG_WARNING, "%s %s", fs_base_name(run->path), text);
        stage(run, "Done", 1, 1);
    }
    mem_free(text);
    return ok;
}

static void release_run(Run *run)
{
    mem_free(run->scratch);
    mem_free(run->copy);
    mem_free(run->database);
    mem_free(run->manifest_path);
    mem_free(run->session);
    mem_free(run->error);
    mem_free(run->detail);
    archive_release(&run->archive);
    tools_release(&run->tools);
    connection_release(&run->connection);
    prove_result_release(&run->result);
    progress_release(&run->meter);
    fs_unlock(run->folder_lock);
}

bool prove_backup(const char *path, const ProveSpec *spec, const JobSink *sink, const Cancel *cancel,
                  ProveResult *result, Error *err)
{
    Run run = {.path = path, .spec = spec, .sink = sink, .cancel = cancel, .started_ms = clock_monotonic_ms()};
    Error why = ERROR_INIT;
    run.manifest_path = folder_manifest_path(path);
    progress_init(&run.meter, sink, run.started_ms);
    prove_result_init(&run.result);
    archive_init(&run.archive);
    connection_init(&run.connection);
    tools_init(&run.tools);
    job_log(sink, LOG_INFO, "Proving %s...", fs_base_name(path));
    bool ok = work(&run, &why);
    drop_database(&run);
    pg_close(run.server);
    drop_engine(&run);
    fs_unlock(run.prove_lock);
    if (ok) {
        ok = settle(&run, &why);
    } else if (why.kind == EK_CANCELLED) {
        error_set(&why, EK_CANCELLED, "the proof was stopped");
    } else {
        if (why.kind == EK_TOOL && why.hint == NULL) { /* one that could not be started */
            error_hint(&why, "Try again. If it fails again, show this to your IT administrator.");
        }
        run.result.seconds = (double)(clock_monotonic_ms() - run.started_ms) / 1000;
        char *text = error_text(&why);
        record(&run, "failed", text, NULL); /* the failure itself is what is reported */
        mem_free(text);
    }
    if (ok) {
        prove_result_release(result);
        *result = run.result;
        prove_result_init(&run.result);
    } else {
        error_move(err, &why);
    }
    release_run(&run);
    return ok;
}
