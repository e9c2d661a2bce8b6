/*
 * sim_server.c: the database server, pg_dump and pg_restore. The server has three tables that grow, and sessions: one
 * whose client was killed stays for hours, with its advisory lock, until a later backup ends it or the server notices.
 * pg_dump writes real archives (unit/archive_builder.h), and now and then it lies: cuts them off, or leaves rows out,
 * and ends well all the same. Only what it wrote honestly and whole is noted as such (Sim.dumps): that is the truth by
 * which everything is judged.
 */
#include "../unit/archive_builder.h"

#include "sim.h"

#include "../../src/archive/archive_private.h"
#include "base/hash.h"
#include "platform/clock.h"
#include "postgres/copywatch.h"
#include "postgres/counting.h"
#include "postgres/dump.h"
#include "postgres/pg.h"
#include "postgres/pgrestore.h"
#include "postgres/snapshot.h"
#include "postgres/tools.h"

PLAY(pg_connect)
PLAY(pg_close)
PLAY(pg_server_version)
PLAY(pg_server_version_text)
PLAY(pg_server_encoding)
PLAY(pg_query)
PLAY(pg_script)
PLAY(pg_set_patience)
PLAY(pg_session_works)
PLAY(pg_value)
PLAY(pg_value_int)
PLAY(pg_row_count)
PLAY(pg_rows_free)
PLAY(pg_lock_database)
PLAY(pg_settle)
PLAY(pg_end_sessions)
PLAY(pg_end_sessions_quickly)
PLAY(snapshot_open)
PLAY(snapshot_look)
PLAY(snapshot_look_again)
PLAY(counting_start)
PLAY(counting_ended)
PLAY(counting_lost)
PLAY(counting_changed)
PLAY(counting_done)
PLAY(counting_rows)
PLAY(counting_stop)
PLAY(counting_end)
PLAY(copywatch_start)
PLAY(tools_find)
PLAY(tools_pick_dump)
PLAY(tools_pick_restore)
PLAY(dump_run)
PLAY(pgrestore_list)
PLAY(archive_scan_source)
PLAY(archive_follow_start)
PLAY(archive_follow_complete)
PLAY(archive_follow_finish)
PLAY(archive_follow_free)

#define GHOST_MOST (4 * SIM_HOUR) /* until a server notices that a client is gone */
#define VERSION_TEXT "17.11"
#define PIECE 16384u
#define WRITTEN 1200u /* bytes at a time, so that a dump has several moments */

static const char *const table_names[SIM_TABLES] = {"assets", "parts", "work_orders"}; /* sorted */

struct Pg {
    Session *session;
};

struct PgRows {
    char *values[3];
};

/* --- sessions --------------------------------------------------------------------------------------------- */

static void forget_ghosts(void)
{
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        Session *session = &sim.sessions[i];
        if (session->there && !session->program && session->until <= sim_now()) {
            session->there = false;
        }
    }
}

static Session *new_session(const char *job)
{
    forget_ghosts();
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        Session *session = &sim.sessions[i];
        if (!session->there) {
            *session = (Session){.there = true, .program = sim.program, .pc = sim_pc()};
            snprintf(session->job, sizeof session->job, "%s", job);
            return session;
        }
    }
    sim_broken("P4", "the server has no more room for sessions: they are left there");
}

void sim_server_release(Program *program)
{
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        Session *session = &sim.sessions[i];
        if (session->there && session->program == program) {
            session->program = NULL;
            session->until = sim_now() + sim_between(0, GHOST_MOST);
            session->there = !session->lost;
        }
    }
}

size_t sim_server_held(const Program *program)
{
    size_t count = 0;
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        count += sim.sessions[i].there && sim.sessions[i].program == program;
    }
    return count;
}

void sim_server_restart(void)
{
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        Session *session = &sim.sessions[i];
        session->lost = session->there;
        session->locked = false;
        session->there = session->there && session->program; /* its client still has to notice */
    }
}

/* --- questions -------------------------------------------------------------------------------------------- */

static bool is_reached(void)
{
    return sim.down_until <= sim_now() && sim.pcs[sim_pc()].offline_until <= sim_now();
}

static bool lost(Error *err)
{
    return error_set(err, EK_CONNECT, "the connection to the server was lost");
}

static bool ask(const Pg *pg, Error *err)
{
    sim.ms += 5;
    sim_call();
    return (is_reached() && !pg->session->lost) || lost(err);
}

bool __wrap_pg_connect(const Connection *connection, const Cancel *cancel, Pg **out, Error *err)
{
    (void)connection;
    sim_call();
    if (!is_reached()) {
        sim_pass(20000); /* three tries */
    }
    if (cancel_requested(cancel)) {
        return error_set(err, EK_CANCELLED, "cancelled");
    }
    if (!is_reached()) {
        return error_set(err, EK_CONNECT, "the server db.example.org cannot be reached");
    }
    if (sim.password_until > sim_now()) {
        return error_set(err, EK_REFUSED, "the password is wrong");
    }
    Pg *pg = mem_alloc(sizeof *pg);
    pg->session = new_session("");
    *out = pg;
    return true;
}

void __wrap_pg_close(Pg *pg)
{
    if (pg) {
        pg->session->there = false;
        mem_free(pg);
    }
}

int __wrap_pg_server_version(const Pg *pg)
{
    (void)pg;
    return 170011;
}

const char *__wrap_pg_server_version_text(const Pg *pg)
{
    (void)pg;
    return VERSION_TEXT;
}

const char *__wrap_pg_server_encoding(const Pg *pg)
{
    (void)pg;
    return "UTF8";
}

/* Only what source_ask asks. */
bool __wrap_pg_query(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
                     PgRows **rows, Error *err)
{
    (void)params;
    (void)param_count;
    (void)cancel;
    if (!ask(pg, err)) {
        return false;
    }
    PgRows *answer = mem_alloc(sizeof *answer);
    if (strstr(sql, "pg_control_system")) {
        answer->values[0] = mem_strdup("7300000000000000001");
    } else if (strstr(sql, "pg_database")) {
        answer->values[0] = mem_strdup("16401");
        answer->values[2] = mem_printf("%lld", (long long)sim_now());
    } else {
        sim_broken("simulation", "the server is asked what it does not play: %s", sql);
    }
    *rows = answer;
    return true;
}

bool __wrap_pg_script(Pg *pg, const char *sql, const Cancel *cancel, Error *err)
{
    (void)sql;
    (void)cancel;
    return ask(pg, err);
}

void __wrap_pg_set_patience(Pg *pg, unsigned seconds)
{
    (void)pg;
    (void)seconds;
}

bool __wrap_pg_session_works(const Connection *connection, const char *application, int64_t number,
                             const Cancel *cancel)
{
    (void)connection;
    (void)application;
    (void)number;
    (void)cancel;
    return is_reached();
}

const char *__wrap_pg_value(const PgRows *rows, size_t row, size_t column)
{
    return row == 0 && column < 3 ? rows->values[column] : NULL;
}

int64_t __wrap_pg_value_int(const PgRows *rows, size_t row, size_t column, int64_t fallback)
{
    const char *value = __wrap_pg_value(rows, row, column);
    return value ? strtoll(value, NULL, 10) : fallback;
}

size_t __wrap_pg_row_count(const PgRows *rows)
{
    (void)rows;
    return 1;
}

void __wrap_pg_rows_free(PgRows *rows)
{
    if (rows) {
        for (size_t i = 0; i < 3; i++) {
            mem_free(rows->values[i]);
        }
        mem_free(rows);
    }
}

bool __wrap_pg_lock_database(Pg *pg, const char *job, const Cancel *cancel, Error *err)
{
    (void)cancel;
    if (!ask(pg, err)) {
        return false;
    }
    forget_ghosts();
    snprintf(pg->session->job, sizeof pg->session->job, "%s", job);
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        const Session *other = &sim.sessions[i];
        if (other->there && other->locked && other != pg->session) {
            return error_set(err, EK_BUSY, "another computer is backing up or restoring this database");
        }
    }
    pg->session->locked = true;
    return true;
}

bool __wrap_pg_settle(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err)
{
    (void)connection;
    (void)cancel;
    return ask(pg, err);
}

static size_t end_sessions(const Pg *pg, const char *job)
{
    size_t count = 0;
    for (size_t i = 0; i < SIM_SESSIONS; i++) {
        Session *session = &sim.sessions[i];
        if (session->there && session != pg->session && !strcmp(session->job, job)) {
            session->lost = true;
            session->locked = false;
            session->there = session->program != NULL;
            count++;
        }
    }
    return count;
}

bool __wrap_pg_end_sessions(Pg *pg, const char *job, const Cancel *cancel, size_t *ended, Error *err)
{
    (void)cancel;
    if (!ask(pg, err)) {
        return false;
    }
    const size_t count = end_sessions(pg, job);
    if (ended) {
        *ended = count;
    }
    return true;
}

void __wrap_pg_end_sessions_quickly(Pg *pg, const char *job)
{
    if (pg && ask(pg, NULL)) {
        end_sessions(pg, job);
    }
}

/* --- the snapshot and the counts ---------------------------------------------------------------------------- */

bool __wrap_snapshot_open(Pg *pg, bool bytes, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err)
{
    (void)bytes;
    (void)cancel;
    if (!ask(pg, err)) {
        return false;
    }
    mem_grow((void **)&sim.snapshots, &sim.snapshot_capacity, sim.snapshot_count + 1, sizeof *sim.snapshots);
    Dump *taken = &sim.snapshots[sim.snapshot_count];
    *taken = (Dump){.moment = sim_now(), .wrong = sim.pcs[sim_pc()].ahead != 0};
    memcpy(taken->rows, sim.rows, sizeof taken->rows);
    snapshot_release(snapshot);
    snapshot->id = mem_printf("%zu", sim.snapshot_count++);
    snapshot->tables = mem_array(SIM_TABLES, sizeof *snapshot->tables);
    snapshot->count = SIM_TABLES;
    for (size_t i = 0; i < SIM_TABLES; i++) {
        snapshot->tables[i] = (SnapshotTable){.schema = mem_strdup("public"),
                                              .name = mem_strdup(table_names[i]),
                                              .bytes = (uint64_t)sim.rows[i] * 100,
                                              .rows = -1,
                                              .about = sim.rows[i]};
        snapshot->table_bytes += snapshot->tables[i].bytes;
    }
    snapshot->database_bytes = snapshot->table_bytes;
    snapshot->large_objects = -1;
    *warning = NULL;
    return true;
}

static const Dump *taken_of(const char *id)
{
    const size_t number = id ? (size_t)strtoull(id, NULL, 10) : SIZE_MAX;
    if (number >= sim.snapshot_count) {
        sim_broken("P3", "a dump of no snapshot");
    }
    return &sim.snapshots[number];
}

bool __wrap_snapshot_look(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, char **changed, Error *err)
{
    (void)snapshot;
    (void)cancel;
    *changed = NULL;
    return ask(pg, err);
}

bool __wrap_snapshot_look_again(Pg *pg, Snapshot *snapshot, const Cancel *cancel, char **warning, Error *err)
{
    (void)cancel;
    *warning = NULL;
    if (!ask(pg, err)) {
        return false;
    }
    if (!sim.calm && sim_chance(80)) {
        snapshot->changed = mem_strdup("the table public.parts was changed");
    }
    return true;
}

struct Counting {
    Pg *pg;
    Snapshot *snapshot;
};

Counting *__wrap_counting_start(Pg *pg, Snapshot *snapshot)
{
    Counting *counting = mem_alloc(sizeof *counting);
    *counting = (Counting){pg, snapshot};
    if (!sim.calm && sim_chance(80)) {
        snapshot->changed = mem_strdup("the table public.assets was changed");
    }
    return counting;
}

bool __wrap_counting_ended(Counting *counting, unsigned ms)
{
    (void)counting;
    (void)ms;
    return true;
}

bool __wrap_counting_lost(Counting *counting)
{
    return counting && (counting->pg->session->lost || !is_reached());
}

bool __wrap_counting_changed(Counting *counting)
{
    return counting && counting->snapshot->changed;
}

size_t __wrap_counting_done(Counting *counting)
{
    return counting ? SIM_TABLES : 0;
}

int64_t __wrap_counting_rows(Counting *counting, const SnapshotTable *table)
{
    (void)counting;
    (void)table;
    return -1;
}

void __wrap_counting_stop(Counting *counting)
{
    (void)counting;
}

bool __wrap_counting_end(Counting *counting, bool stop, char **warning, Error *err)
{
    Snapshot *snapshot = counting->snapshot;
    const bool asked = ask(counting->pg, err);
    (void)warning;
    mem_free(counting);
    if (!asked || stop) {
        return asked && error_set(err, EK_CANCELLED, "cancelled");
    }
    const Dump *taken = taken_of(snapshot->id);
    for (size_t i = 0; i < snapshot->count; i++) {
        snapshot->tables[i].rows = taken->rows[i];
    }
    snapshot->large_objects = 0;
    return true;
}

CopyWatch *__wrap_copywatch_start(const Connection *connection, const char *session, const char *job)
{
    (void)connection;
    (void)session;
    (void)job;
    return NULL;
}

/* --- the tools -------------------------------------------------------------------------------------------- */

static char dump_path[] = "/program/pg_dump", restore_path[] = "/program/pg_restore", tool_version[] = VERSION_TEXT;
static const Tool dump_tool = {dump_path, tool_version, 17, 11, NULL, TOOL_OURS};
static const Tool restore_tool = {restore_path, tool_version, 17, 11, NULL, TOOL_OURS};

bool __wrap_tools_find(Tools *tools, const Cancel *cancel, Error *err)
{
    (void)tools;
    (void)cancel;
    (void)err;
    return true;
}

bool __wrap_tools_pick_dump(Tools *tools, const ToolNeed *need, const Cancel *cancel, const Tool **tool, char **reason,
                            char **warning, Error *err)
{
    (void)tools;
    (void)need;
    (void)cancel;
    (void)err;
    *tool = &dump_tool;
    *reason = mem_strdup("pg_dump " VERSION_TEXT " is used");
    *warning = NULL;
    return true;
}

bool __wrap_tools_pick_restore(Tools *tools, int major, const Cancel *cancel, const Tool **tool, char **reason,
                               Error *err)
{
    (void)tools;
    (void)major;
    (void)cancel;
    (void)err;
    *tool = &restore_tool;
    *reason = mem_strdup("pg_restore " VERSION_TEXT " is used");
    return true;
}

bool __wrap_pgrestore_list(const Tool *restore, const char *path, unsigned stall_seconds, const Cancel *cancel,
                           size_t *table_data, Error *err)
{
    (void)restore;
    (void)stall_seconds;
    (void)cancel;
    FsFile *file = NULL;
    Archive archive;
    archive_init(&archive);
    const bool ok = fs_open_read(path, &file, err) && archive_read_toc(file, &archive, err);
    *table_data = 0;
    for (size_t i = 0; ok && i < archive.entry_count; i++) {
        *table_data += !strcmp(archive.entries[i].desc, "TABLE DATA");
    }
    fs_close(file, NULL);
    archive_release(&archive);
    return ok;
}

typedef enum Lie { HONEST, CUT_OFF, LACKS_ROWS, FAILS, LOSES_SERVER, LIES } Lie;

static Lie draw_lie(void)
{
    return sim.calm || !sim_chance(18) ? HONEST : (Lie)sim_between(CUT_OFF, LIES - 1);
}

/* The first row says of which moment it is, so that no two dumps are alike. */
static char *table_text(int64_t moment, int64_t rows)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    for (int64_t i = 1; i <= rows; i++) {
        if (i == 1) {
            strbuf_addf(&text, "1\tsaved at %lld\n", (long long)moment);
        } else {
            strbuf_addf(&text, "%lld\tpump %lld\n", (long long)i, (long long)(i * 7919 % 1000));
        }
    }
    strbuf_addstr(&text, "\\.\n\n\n");
    return strbuf_detach(&text);
}

static ArchiveCompression compression_of(const char *name)
{
    return !strncmp(name, "zstd", 4)   ? ARCHIVE_ZSTD
           : !strncmp(name, "gzip", 4) ? ARCHIVE_GZIP
           : !strncmp(name, "lz4", 3)  ? ARCHIVE_LZ4
                                       : ARCHIVE_NONE;
}

static void build(const Dump *taken, const char *compression, bool lacks_rows, Built *built)
{
    BuiltEntry entries[2 * SIM_TABLES];
    char *texts[SIM_TABLES];
    for (size_t i = 0; i < SIM_TABLES; i++) {
        const int64_t rows = taken->rows[i] - (lacks_rows && i == 1 ? 1 : 0);
        texts[i] = table_text(taken->moment, rows);
        entries[i] = (BuiltEntry){.kind = BUILT_NO_DATA, .schema = "public", .name = table_names[i], .desc = "TABLE",
                                  .definition = "CREATE TABLE t (a integer, b text);"};
        entries[SIM_TABLES + i] = (BuiltEntry){.kind = BUILT_COPY, .schema = "public", .name = table_names[i],
                                               .data = texts[i]};
    }
    const BuildSpec spec = {.minor = 16, .compression = compression_of(compression), .entries = entries,
                            .count = 2 * SIM_TABLES};
    build_archive(&spec, built);
    for (size_t i = 0; i < SIM_TABLES; i++) {
        mem_free(texts[i]);
    }
}

static bool write_out(const DumpSpec *spec, const char *bytes, size_t len, const Cancel *cancel, Error *err)
{
    for (size_t at = 0, table = 0; at < len; table++) {
        const size_t step = len - at < WRITTEN ? len - at : WRITTEN;
        if (table < SIM_TABLES) {
            char *name = mem_printf("public.%s", table_names[table]);
            spec->table(spec->context, name);
            mem_free(name);
        }
        if (!fs_write(spec->file, bytes + at, step, err)) {
            return false;
        }
        at += step;
        sim_pass(sim_chance(60) ? sim_between(1, 3 * SIM_HOUR) * 1000 : sim_between(100, 20000));
        spec->tick(spec->context, at);
        if (cancel_requested(cancel)) {
            return error_set(err, EK_CANCELLED, "cancelled");
        }
    }
    return true;
}

static void note_dump(const Dump *taken, const Built *built)
{
    mem_grow((void **)&sim.dumps, &sim.dump_capacity, sim.dump_count + 1, sizeof *sim.dumps);
    Dump *dump = &sim.dumps[sim.dump_count++];
    *dump = *taken;
    dump->hash = sim_fnv(built->bytes.buf, built->bytes.len);
    dump->len = built->bytes.len;
    dump->whole = true;
}

static bool dump_into(const DumpSpec *spec, const Cancel *cancel, Lie lie, Error *err)
{
    Built built;
    const Dump taken = *taken_of(spec->snapshot);
    spec->locked(spec->context);
    if (lie == FAILS) {
        error_set(err, EK_TOOL, "pg_dump failed");
        return error_detail(err, "pg_dump: error: out of memory");
    }
    build(&taken, spec->compression, lie == LACKS_ROWS, &built);
    const size_t len = lie == CUT_OFF ? (size_t)sim_below((int64_t)built.bytes.len) : built.bytes.len;
    bool ok = write_out(spec, built.bytes.buf, len, cancel, err);
    if (ok && (lie == LOSES_SERVER || !is_reached())) {
        ok = lost(err);
    }
    if (ok && lie == HONEST) {
        note_dump(&taken, &built);
    }
    built_release(&built);
    return ok;
}

bool __wrap_dump_run(const DumpSpec *spec, const Cancel *cancel, DumpRefusal *refusal, Error *err)
{
    static const char *const words[] = {"", "cuts its archive off", "leaves a row out", "fails", "loses the server"};
    const Lie lie = draw_lie();
    const char *job = strrchr(spec->session, ' ');
    Session *session = new_session(job ? job + 1 : spec->session);
    if (refusal) {
        *refusal = DUMP_REFUSED_NOTHING;
    }
    if (lie != HONEST) {
        sim_say("%s: pg_dump %s", sim.program ? sim.program->what : "?", words[lie]);
    }
    const bool ok = dump_into(spec, cancel, lie, err);
    session->there = false;
    return ok;
}

/* --- reading an archive: the core's own reader, in a row ----------------------------------------------------- */

static bool hash_source(const ArchiveSource *source, ArchiveScan *scan, Error *err)
{
    Sha256 *sha256 = sha256_new();
    QuickXor quickxor;
    uint8_t *piece = mem_alloc(PIECE);
    size_t got = 1;
    bool ok = true;
    quickxor_init(&quickxor);
    while (ok && got > 0) {
        ok = source->read(source->context, quickxor.length, piece, PIECE, &got, err);
        if (ok) {
            sha256_update(sha256, piece, got);
            quickxor_update(&quickxor, piece, got);
        }
    }
    char hex[65];
    sha256_finish(sha256, hex);
    if (ok) {
        memcpy(scan->sha256, hex, sizeof scan->sha256);
        quickxor_finish(&quickxor, scan->quickxor);
        scan->bytes = quickxor.length;
    }
    mem_free(piece);
    return ok;
}

bool __wrap_archive_scan_source(const ArchiveSource *source, unsigned decoders, Archive *archive, ArchiveScan *scan,
                                Error *err)
{
    (void)decoders;
    Error failed = ERROR_INIT;
    archive_release(archive);
    if (!hash_source(source, scan, err)) {
        return false;
    }
    const bool ok = archive_read_source(source, archive, scan->cancel, &failed);
    if (!ok && (failed.kind == EK_IO || failed.kind == EK_CANCELLED)) {
        scan->sha256[0] = '\0';
        scan->quickxor[0] = '\0';
        scan->bytes = 0;
    }
    return ok || error_move(err, &failed);
}

struct ArchiveFollower {
    char *path;
};

ArchiveFollower *__wrap_archive_follow_start(const char *path)
{
    ArchiveFollower *follower = mem_alloc(sizeof *follower);
    follower->path = mem_strdup(path);
    return follower;
}

void __wrap_archive_follow_complete(ArchiveFollower *follower)
{
    (void)follower;
}

bool __wrap_archive_follow_finish(ArchiveFollower *follower, Archive *archive, ArchiveScan *scan, Error *err)
{
    FsFile *file = NULL;
    const bool ok = fs_open_read(follower->path, &file, err) && archive_scan(file, archive, scan, err);
    fs_close(file, NULL);
    return ok;
}

void __wrap_archive_follow_free(ArchiveFollower *follower)
{
    if (follower) {
        mem_free(follower->path);
        mem_free(follower);
    }
}
