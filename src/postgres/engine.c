/*
 * engine.c: a PostgreSQL server as a child of ours.
 *
 * The server program is started directly, not by pg_ctl: so it is a child like any other (process.h), which a
 * death of ours takes with it, and pg_ctl's way through a command shell, with its trouble about unusual folder
 * names, is not taken. A thread stays in process_run as long as the server lives; it writes what the server
 * says to engine.log and remembers the last complaint. The server is ready when its postmaster.pid says so.
 * It is ended by pg_ctl's fast stop, and only if that fails by killing it, which costs no data either: the next
 * start recovers.
 *
 * The cluster is made under another name and renamed when it is whole, so that a killed initdb leaves nothing
 * that looks like one. The programs are started in the data folder with relative names, for the sake of the
 * characters that their narrow arguments cannot carry.
 */
#include "postgres/engine.h"

#include <assert.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "postgres/client.h"
#include "postgres/pg.h"
#include "postgres/redact.h"
#include "postgres/standstill.h"
#include "version.h"

#ifdef _WIN32
#define PROGRAM_SUFFIX ".exe"
#else
#define PROGRAM_SUFFIX ""
#endif

#define CLUSTER "cluster"
#define CLUSTER_NEW "cluster.new"
#define SECRET_FILE "engine.secret"
#define LOCK_FILE "engine.lock"
#define LOG_FILE "engine.log"
#define SUPERUSER "postgres"

/* Below the ports that Windows and Linux give out by themselves. */
#define LOWEST_PORT 20000u
#define PORT_COUNT 12768u
#define START_TRIES 3
#define LEAVING_TRIES 20
#define LEAVING_MS 500u
#define CONNECTIONS "20"
/* Its sessions, as many again for their parallel workers, its own processes (eight, and up to 32 that read and write
 * in 18), and what Windows starts beside each program without a window. PostgreSQL makes a process a session: one more
 * than this, and it only refuses that session. */
#define MAX_PROCESSES 96u
#define POLL_MS 50u
#define READY_MS 120000u /* a recovery after a crash may take its time */
#define INITDB_SECONDS 600u  /* without a word */
#define PG_CTL_SECONDS 60u   /* it says something every second, and the server can be killed instead */
#define SECRET_MAX 1024u
#define PIDFILE_MAX 8192u

struct Engine {
    /* Set before the thread starts. */
    char *dir, *bin;
    unsigned port;
    Cancel *kill; /* ends the server at once */
    FsLock *lock;
    FsFile *log; /* the thread's, while it runs */
    Connection connection;
    Thread *thread;
    /* The thread's; to be read when it has been joined. */
    LineSplitter lines;
    char *complaint; /* the last FATAL line, else the last line */
    bool complaint_fatal;
    ProcessResult result;
    Error error;
    /* Under the mutex. */
    Mutex *mutex;
    bool ended;
};

/* --- the programs ---------------------------------------------------------------------------------------- */

static char *program_path(const char *bin, const char *name)
{
    char *file = mem_printf("%s" PROGRAM_SUFFIX, name);
    char *path = fs_join(bin, file);
    mem_free(file);
    return path;
}

static bool has_server(const char *bin)
{
    static const char *const names[] = {"postgres", "initdb", "pg_ctl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = program_path(bin, names[i]);
        bool exists = fs_exists(path);
        mem_free(path);
        if (!exists) {
            return false;
        }
    }
    return true;
}

#ifndef _WIN32
static bool visit_dir(void *context, const char *dir)
{
    char **found = context;
    if (has_server(dir)) {
        *found = mem_strdup(dir);
        return false;
    }
    return true;
}
#endif

bool engine_find(char **bin_dir, Error *err)
{
    char *named = machine_getenv("CMMS_BACKUP_ENGINE");
    if (named && named[0]) {
        if (has_server(named)) {
            *bin_dir = named;
            return true;
        }
        error_set(err, EK_TOOL, "there is no PostgreSQL server in \"%s\"", named);
        error_hint(err, "CMMS_BACKUP_ENGINE must name the folder of postgres, initdb and pg_ctl.");
        mem_free(named);
        return false;
    }
    mem_free(named);
    char *program = machine_program_dir();
    char *engine = fs_join(program ? program : ".", "engine");
    char *bin = fs_join(engine, "bin");
    mem_free(engine);
    mem_free(program);
    if (has_server(bin)) {
        *bin_dir = bin;
        return true;
    }
#ifndef _WIN32
    char *found = NULL;
    machine_visit_tool_dirs(visit_dir, &found);
    if (found) {
        mem_free(bin);
        *bin_dir = found;
        return true;
    }
#endif
    error_set(err, EK_TOOL, "the bundled PostgreSQL server is missing");
    error_detail(err, "there is no postgres, initdb and pg_ctl in \"%s\"", bin);
    error_hint(err, "Install " CMMS_PRODUCT " again.");
    mem_free(bin);
    return false;
}

/* Runs initdb or pg_ctl in the engine's folder to its end; anything but exit code 0 is EK_TOOL, as is a silence of so
 * many seconds. argv[0] is filled in: the full path, by which the programs find each other. */
static bool run_tool(const Engine *engine, const char *name, const char **argv, unsigned seconds, const Cancel *cancel,
                     Error *err)
{
    char *program = program_path(engine->bin, name);
    argv[0] = program;
    const ClientSpec spec = {.argv = argv,
                             .cwd = engine->dir,
                             .stall_seconds = standstill_seconds(seconds),
                             .drop_rights = true};
    ClientResult result;
    bool ok = client_run(&spec, cancel, &result, err);
    if (ok && result.stalled != NULL) {
        ok = error_set(err, EK_TOOL, "%s said nothing for %s and was ended", name, result.stalled);
        error_hint(err, "%s", client_hint_again);
    } else if (ok && result.exit_code != 0) {
        ok = error_set(err, EK_TOOL, "%s failed", name);
        client_exit_detail(result.exit_code, result.words, err);
        error_hint(err, "The server's folder is \"%s\"; it may be deleted when nothing uses it.", engine->dir);
    }
    client_release(&result);
    mem_free(program);
    return ok;
}

/* --- the cluster ----------------------------------------------------------------------------------------- */

static char *in_dir(const Engine *engine, const char *name)
{
    return fs_join(engine->dir, name);
}

static bool exists_in_dir(const Engine *engine, const char *name)
{
    char *path = in_dir(engine, name);
    bool exists = fs_exists(path);
    mem_free(path);
    return exists;
}

/* The password that is there, else a new one. */
static bool load_password(Engine *engine, Error *err)
{
    char *path = in_dir(engine, SECRET_FILE);
    StrBuf text;
    bool ok = false;
    strbuf_init(&text, SECRET_MAX);
    if (fs_exists(path)) {
        ok = fs_read_all(path, SECRET_MAX, &text, err);
        strbuf_trim(&text);
        if (ok && text.len == 0) {
            ok = error_set(err, EK_DAMAGED, "the password file \"%s\" is empty", path);
        }
    } else if (exists_in_dir(engine, CLUSTER)) {
        error_set(err, EK_DAMAGED, "the password file \"%s\" is missing", path);
    } else {
        unsigned char bytes[16];
        if (!machine_random(bytes, sizeof bytes)) {
            error_set(err, EK_INTERNAL, "the system gave no random bytes");
        } else {
            for (size_t i = 0; i < sizeof bytes; i++) {
                strbuf_addf(&text, "%02x", bytes[i]);
            }
            secret_wipe(bytes, sizeof bytes);
            ok = fs_write_atomic(path, text.buf, text.len, err);
        }
    }
    if (ok) {
        secret_set(&engine->connection.password, text.buf, text.len);
    } else if (err->kind == EK_DAMAGED) {
        error_hint(err, "Delete the folder \"%s\": it is made anew.", engine->dir);
    }
    secret_wipe(text.buf, text.len);
    strbuf_release(&text);
    mem_free(path);
    return ok;
}

static bool make_cluster(const Engine *engine, const JobSink *sink, const Cancel *cancel, Error *err)
{
    const char *argv[] = {NULL, "-D", CLUSTER_NEW, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile=" SECRET_FILE,
                          "--no-locale", "-E", "UTF8", "--no-instructions", "--no-sync", NULL};
    char *fresh = in_dir(engine, CLUSTER_NEW);
    char *cluster = in_dir(engine, CLUSTER);
    bool ok = false;
    if (fs_exists(cluster)) {
        ok = true;
        goto out;
    }
    job_log(sink, LOG_INFO, "Preparing the server...");
    ok = (!fs_exists(fresh) || fs_remove_tree(fresh, err)) &&
         run_tool(engine, "initdb", argv, INITDB_SECONDS, cancel, err) && fs_rename(fresh, cluster, false, err);
out:
    mem_free(fresh);
    mem_free(cluster);
    return ok;
}

/* --- postmaster.pid -------------------------------------------------------------------------------------- */

/* Line `number` (from 1) of the server's own state file; empty when there is none. Caller frees. */
static char *state_line(const Engine *engine, int number)
{
    char *path = in_dir(engine, CLUSTER "/postmaster.pid");
    StrBuf text;
    strbuf_init(&text, PIDFILE_MAX);
    const char *p = fs_read_all(path, PIDFILE_MAX, &text, NULL) ? text.buf : "";
    for (int i = 1; i < number && *p; i++) {
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    size_t len = strcspn(p, "\r\n");
    while (len > 0 && p[len - 1] == ' ') {
        len--;
    }
    char *line = mem_strndup(p, len);
    strbuf_release(&text);
    mem_free(path);
    return line;
}

#define STATE_PORT 4   /* LOCK_FILE_LINE_PORT of PostgreSQL's miscadmin.h */
#define STATE_STATUS 8 /* LOCK_FILE_LINE_PM_STATUS */

/* Whether the server on `port` is up, by the file that it writes itself. One left by another start names
 * another port: see choose_port. */
static bool is_ready(const Engine *engine)
{
    char *port = state_line(engine, STATE_PORT);
    char *status = state_line(engine, STATE_STATUS);
    char *ours = mem_printf("%u", engine->port);
    bool ready = strcmp(port, ours) == 0 && strcmp(status, "ready") == 0;
    mem_free(ours);
    mem_free(status);
    mem_free(port);
    return ready;
}

static bool choose_port(Engine *engine, Error *err)
{
    char *stale = state_line(engine, STATE_PORT);
    unsigned old = (unsigned)strtoul(stale, NULL, 10);
    mem_free(stale);
    unsigned last = engine->port;
    do {
        uint32_t random;
        if (!machine_random(&random, sizeof random)) {
            return error_set(err, EK_INTERNAL, "the system gave no random bytes");
        }
        engine->port = LOWEST_PORT + random % PORT_COUNT;
    } while (engine->port == old || engine->port == last);
    char *text = mem_printf("%u", engine->port);
    mem_free(engine->connection.port);
    engine->connection.port = text;
    return true;
}

static bool stop_by_pg_ctl(const Engine *engine, const char *mode, Error *err)
{
    const char *argv[] = {NULL, "stop", "-D", CLUSTER, "-m", mode, "-w", "-t", "30", NULL};
    return run_tool(engine, "pg_ctl", argv, PG_CTL_SECONDS, NULL, err);
}

/* We hold the lock, so a server that still answers to our password has lost its owner. (A process number in a
 * state file proves nothing: it may be somebody else's by now.) */
static bool end_orphan(Engine *engine, const JobSink *sink, const Cancel *cancel, Error *err)
{
    char *port = state_line(engine, STATE_PORT);
    Connection connection;
    Pg *pg = NULL;
    Error nobody = ERROR_INIT;
    bool ok = true;
    connection_init(&connection);
    if (port[0]) {
        connection_copy(&connection, &engine->connection);
        mem_free(connection.port);
        connection.port = mem_strdup(port);
        if (pg_connect(&connection, cancel, &pg, &nobody)) {
            pg_close(pg);
            job_log(sink, LOG_WARNING, "Ending a server that an interrupted run left...");
            ok = stop_by_pg_ctl(engine, "fast", err);
        } else if (cancel_requested(cancel)) {
            ok = error_set(err, EK_CANCELLED, "cancelled");
        }
    }
    error_clear(&nobody);
    connection_release(&connection);
    mem_free(port);
    return ok;
}

/* --- the server ------------------------------------------------------------------------------------------ */

static void server_line(void *context, const char *line)
{
    Engine *engine = context;
    const char *fatal = strstr(line, "FATAL:");
    if (!line[0] || (engine->complaint_fatal && !fatal)) {
        return;
    }
    const char *text = fatal ? fatal + 6 + strspn(fatal + 6, " ") : line;
    mem_free(engine->complaint);
    engine->complaint = redact_words(text);
    engine->complaint_fatal = fatal != NULL;
}

static bool server_said(void *context, const char *bytes, size_t len)
{
    Engine *engine = context;
    fs_write(engine->log, bytes, len, NULL); /* a log that cannot be written is no reason to stop */
    line_splitter_feed(&engine->lines, bytes, len);
    return true;
}

static void server_thread(void *argument)
{
    Engine *engine = argument;
    char *program = program_path(engine->bin, "postgres");
    char *port = mem_printf("port=%u", engine->port);
    const char *const argv[] = {program, "-D", CLUSTER,
                                "-c", port,
                                "-c", "listen_addresses=127.0.0.1",
                                "-c", "unix_socket_directories=",
                                "-c", "max_connections=" CONNECTIONS,
                                "-c", "shared_buffers=64MB",
                                /* What is here can be made again; nothing is replicated. */
                                "-c", "synchronous_commit=off",
                                "-c", "wal_level=minimal",
                                "-c", "max_wal_senders=0",
                                "-c", "lc_messages=C",
                                /* No rows and no statements of somebody's database in its log. */
                                "-c", "log_error_verbosity=terse",
                                "-c", "log_min_error_statement=panic",
                                /* It may hold what somebody else wrote: no library of its choice, no compiler. */
                                "-c", "session_preload_libraries=",
                                "-c", "local_preload_libraries=",
                                "-c", "shared_preload_libraries=",
                                "-c", "jit=off",
                                NULL};
    ProcessSpec spec = {.program = program,
                        .argv = argv,
                        .env_unset = connection_env_unset(),
                        .cwd = engine->dir,
                        .on_stdout = server_said,
                        .on_stderr = server_said,
                        .context = engine,
                        .drop_rights = true,
                        .max_processes = MAX_PROCESSES};
    process_run(&spec, engine->kill, &engine->result, &engine->error);
    line_splitter_release(&engine->lines);
    mutex_lock(engine->mutex);
    engine->ended = true;
    mutex_unlock(engine->mutex);
    mem_free(port);
    mem_free(program);
}

static void join_thread(Engine *engine)
{
    thread_join(engine->thread);
    engine->thread = NULL;
    fs_close(engine->log, NULL);
    engine->log = NULL;
}

static bool start_thread(Engine *engine, Error *err)
{
    char *log = in_dir(engine, LOG_FILE);
    bool ok = fs_remove(log, err) && fs_create_new(log, &engine->log, err);
    mem_free(log);
    if (!ok) {
        return false;
    }
    mem_free(engine->complaint);
    engine->complaint = NULL;
    engine->complaint_fatal = false;
    error_clear(&engine->error);
    engine->ended = false;
    line_splitter_init(&engine->lines, server_line, engine);
    engine->thread = thread_start(server_thread, engine);
    return true;
}

bool engine_running(Engine *engine)
{
    mutex_lock(engine->mutex);
    bool ended = engine->ended;
    mutex_unlock(engine->mutex);
    return !ended;
}

/* Once the thread has been joined: why the server is not there. */
static bool server_failed(Engine *engine, Error *err)
{
    if (engine->error.kind != EK_NONE) {
        return error_move(err, &engine->error);
    }
    error_set(err, EK_TOOL, "the PostgreSQL server did not start");
    client_exit_detail(engine->result.exit_code, engine->complaint, err);
    return error_hint(err, "Its folder is \"%s\"; it may be deleted, and is then made anew.", engine->dir);
}

/* *ended: the server came to an end by itself, and another try on another port may help. */
static bool start_once(Engine *engine, const Cancel *cancel, bool *ended, Error *err)
{
    *ended = false;
    if (!choose_port(engine, err) || !start_thread(engine, err)) {
        return false;
    }
    for (unsigned waited = 0; waited < READY_MS; waited += POLL_MS) {
        if (is_ready(engine)) {
            return true;
        }
        if (!engine_running(engine)) {
            join_thread(engine);
            *ended = true;
            return server_failed(engine, err);
        }
        if (cancel_wait(cancel, POLL_MS)) {
            return error_set(err, EK_CANCELLED, "cancelled");
        }
    }
    error_set(err, EK_TOOL, "the PostgreSQL server was not ready after %u seconds", READY_MS / 1000);
    return error_hint(err, "See " LOG_FILE " in \"%s\".", engine->dir);
}

/* Where the processes of a server that was killed are not all gone yet, the next one refuses for their sake. We
 * hold the lock, so they can only be on their way out. */
static bool predecessor_leaves(const Error *why)
{
    return why->detail && (strstr(why->detail, "postmaster.pid") || strstr(why->detail, "shared memory block"));
}

static bool start_server(Engine *engine, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    for (int attempt = 1;; attempt++) {
        bool ended = false;
        if (start_once(engine, cancel, &ended, &why)) {
            return true;
        }
        const bool leaving = ended && predecessor_leaves(&why);
        if (!ended || attempt >= (leaving ? LEAVING_TRIES : START_TRIES)) {
            return error_move(err, &why);
        }
        error_clear(&why);
        if (leaving && cancel_wait(cancel, LEAVING_MS)) {
            return error_set(err, EK_CANCELLED, "cancelled");
        }
    }
}

bool engine_start(const char *data_dir, const JobSink *sink, const Cancel *cancel, Engine **out, Error *err)
{
    assert(err);
    Engine *engine = mem_alloc(sizeof *engine);
    char *lock = NULL;
    connection_init(&engine->connection);
    engine->connection.host = mem_strdup("127.0.0.1");
    engine->connection.user = mem_strdup(SUPERUSER);
    engine->connection.database = mem_strdup("postgres");
    engine->connection.sslmode = mem_strdup("disable");
    engine->dir = mem_strdup(data_dir);
    engine->kill = cancel_new();
    engine->mutex = mutex_new();
    lock = in_dir(engine, LOCK_FILE);
    bool ok = engine_find(&engine->bin, err) && fs_make_private_dir(data_dir, err);
    if (ok && !fs_lock(lock, &engine->lock, err)) {
        ok = false;
        if (err->kind == EK_BUSY) {
            error_set(err, EK_BUSY, "another program uses the server's folder \"%s\"", data_dir);
            error_hint(err, "End the other program first, or choose another folder.");
        }
    }
    ok = ok && load_password(engine, err) && make_cluster(engine, sink, cancel, err) &&
         end_orphan(engine, sink, cancel, err);
    if (ok) {
        job_log(sink, LOG_INFO, "Starting the server...");
        ok = start_server(engine, cancel, err);
    }
    mem_free(lock);
    if (!ok) {
        engine_stop(engine);
        return false;
    }
    *out = engine;
    return true;
}

const Connection *engine_connection(const Engine *engine)
{
    return &engine->connection;
}

static void end_engine(Engine *engine, const char *mode)
{
    if (!engine) {
        return;
    }
    if (engine->thread) {
        if (engine_running(engine) && (!mode || !stop_by_pg_ctl(engine, mode, NULL))) {
            cancel_request(engine->kill);
        }
        join_thread(engine);
    }
    fs_unlock(engine->lock);
    cancel_free(engine->kill);
    mutex_free(engine->mutex);
    connection_release(&engine->connection);
    error_clear(&engine->error);
    mem_free(engine->complaint);
    mem_free(engine->bin);
    mem_free(engine->dir);
    mem_free(engine);
}

void engine_stop(Engine *engine)
{
    end_engine(engine, "fast");
}

void engine_discard(Engine *engine)
{
#ifdef _WIN32
    end_engine(engine, NULL); /* the job object takes all of its processes at once */
#else
    end_engine(engine, "immediate"); /* a killed one would leave its shared memory */
#endif
}
