/* copywatch.c: a thread that asks, and keeps the newest answer. */
#include "postgres/copywatch.h"

#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "postgres/pg.h"

#define EVERY_MS 500u

struct CopyWatch {
    Connection connection; /* set before start */
    char *session;         /* the same */
    Cancel *cancel;
    Thread *thread;
    bool loads;            /* the same: what is asked is load_sql */
    Mutex *mutex;
    PgRows *rows;      /* under the mutex: the newest answer; NULL: there was none */
    uint64_t asked_ms; /* the same: when it was asked for */
};

static const char copy_sql[] =
    "SELECT n.nspname, c.relname, p.tuples_processed"
    " FROM pg_catalog.pg_stat_progress_copy p"
    " JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid"
    " JOIN pg_catalog.pg_class c ON c.oid = p.relid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE a.application_name = $1 AND p.datname = pg_catalog.current_database()";

/* The database may be one that an archive has made, also what its names mean. */
static const char load_set_sql[] = "SELECT pg_catalog.set_config('statement_timeout', '5s', false),"
                                   " pg_catalog.set_config('search_path', '', false)";

/* A large index is read from its table (a little more than half of the time), sorted, and written. Only b-trees tell
 * these apart. The 1 for 0 is for tables of which nothing is known yet. */
#define INDEX_SQL                                                                                                    \
    "SELECT a.application_name, -1::bigint,"                                                                        \
    " CASE WHEN p.phase LIKE '%loading tuples%'"                                                                     \
    " THEN 700 + 300 * p.tuples_done / greatest(p.tuples_total, p.tuples_done, 1)"                                   \
    " WHEN p.phase LIKE '%sorting%' THEN 600"                                                                        \
    " WHEN p.phase LIKE 'building%' THEN 600 * p.blocks_done / greatest(p.blocks_total, p.blocks_done, 1) ELSE 0 END" \
    " FROM pg_catalog.pg_stat_progress_create_index p JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid"           \
    " WHERE pg_catalog.strpos(a.application_name, $1) = 1 AND p.datname = pg_catalog.current_database()"

static const char index_sql[] = INDEX_SQL;
static const char load_sql[] =
    "SELECT a.application_name, p.bytes_processed, -1::bigint"
    " FROM pg_catalog.pg_stat_progress_copy p JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid"
    " WHERE pg_catalog.strpos(a.application_name, $1) = 1 AND p.datname = pg_catalog.current_database()"
    " UNION ALL " INDEX_SQL;

/* NULL: this server cannot tell. */
static const char *question(const CopyWatch *watch, const Pg *pg)
{
    const int version = pg_server_version(pg);
    return !watch->loads ? copy_sql : version >= 140000 ? load_sql : version >= 120000 ? index_sql : NULL;
}

static void keep(CopyWatch *watch, PgRows *rows, uint64_t asked_ms)
{
    mutex_lock(watch->mutex);
    watch->asked_ms = asked_ms;
    pg_rows_free(watch->rows);
    watch->rows = rows;
    mutex_unlock(watch->mutex);
}

static void look(void *argument)
{
    CopyWatch *watch = argument;
    const char *const params[] = {watch->session};
    Pg *pg = NULL;
    bool ok = pg_connect(&watch->connection, watch->cancel, &pg, NULL) &&
              (watch->loads ? pg_query(pg, load_set_sql, NULL, 0, watch->cancel, NULL, NULL)
                            : pg_script(pg, "SET statement_timeout = '5s'; SET idle_session_timeout = 0",
                                        watch->cancel, NULL));
    const char *sql = ok ? question(watch, pg) : NULL;
    while (sql != NULL) {
        PgRows *rows = NULL;
        const uint64_t now = clock_monotonic_ms();
        ok = pg_query(pg, sql, params, 1, watch->cancel, &rows, NULL);
        keep(watch, ok ? rows : NULL, now);
        sql = ok && !cancel_wait(watch->cancel, EVERY_MS) ? sql : NULL;
    }
    pg_close(pg);
}

static CopyWatch *start(const Connection *connection, const char *session, const char *job, bool loads)
{
    CopyWatch *watch = mem_alloc(sizeof *watch);
    *watch = (CopyWatch){.session = mem_strdup(session), .loads = loads};
    connection_init(&watch->connection);
    connection_copy(&watch->connection, connection);
    watch->connection.session = mem_printf(PG_SESSION_PREFIX "-watch %s", job);
    watch->cancel = cancel_new();
    watch->mutex = mutex_new();
    watch->thread = thread_start(look, watch);
    return watch;
}

CopyWatch *copywatch_start(const Connection *connection, const char *session, const char *job)
{
    return start(connection, session, job, false);
}

CopyWatch *copywatch_start_loads(const Connection *connection, const char *sessions, const char *job)
{
    return start(connection, sessions, job, true);
}

static bool is(const PgRows *rows, size_t row, size_t column, const char *text)
{
    const char *value = pg_value(rows, row, column);
    return value != NULL && strcmp(value, text) == 0;
}

int64_t copywatch_rows(CopyWatch *watch, const char *schema, const char *table)
{
    int64_t rows = -1;
    if (watch == NULL) {
        return -1;
    }
    mutex_lock(watch->mutex);
    if (watch->rows != NULL && pg_row_count(watch->rows) > 0 && is(watch->rows, 0, 0, schema) &&
        is(watch->rows, 0, 1, table)) {
        rows = pg_value_int(watch->rows, 0, 2, -1);
    }
    mutex_unlock(watch->mutex);
    return rows;
}

bool copywatch_load(CopyWatch *watch, const char *session, uint64_t after_ms, int64_t *bytes, int64_t *thousandths)
{
    bool found = false;
    if (watch == NULL) {
        return false;
    }
    mutex_lock(watch->mutex);
    const size_t count = watch->rows != NULL && watch->asked_ms > after_ms ? pg_row_count(watch->rows) : 0;
    for (size_t i = 0; !found && i < count; i++) {
        found = is(watch->rows, i, 0, session);
        if (found) {
            *bytes = pg_value_int(watch->rows, i, 1, -1);
            *thousandths = pg_value_int(watch->rows, i, 2, -1);
        }
    }
    mutex_unlock(watch->mutex);
    return found;
}

void copywatch_stop(CopyWatch *watch)
{
    if (watch == NULL) {
        return;
    }
    cancel_request(watch->cancel);
    thread_join(watch->thread);
    cancel_free(watch->cancel);
    mutex_free(watch->mutex);
    connection_release(&watch->connection);
    mem_free(watch->session);
    pg_rows_free(watch->rows);
    mem_free(watch);
}
