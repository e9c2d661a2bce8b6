/* copywatch.c: a thread that asks, and keeps the newest answer. */
#include "postgres/copywatch.h"

#include <string.h>

#include "base/mem.h"
#include "platform/thread.h"
#include "postgres/pg.h"

#define EVERY_MS 500u

struct CopyWatch {
    Connection connection; /* set before start */
    char *session;         /* the same */
    Cancel *cancel;
    Thread *thread;
    Mutex *mutex;
    char *schema, *table; /* under the mutex; NULL: no COPY is under way */
    int64_t rows;         /* the same */
};

static const char copy_sql[] =
    "SELECT n.nspname, c.relname, p.tuples_processed"
    " FROM pg_catalog.pg_stat_progress_copy p"
    " JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid"
    " JOIN pg_catalog.pg_class c ON c.oid = p.relid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE a.application_name = $1 AND p.datname = pg_catalog.current_database()";

static void keep(CopyWatch *watch, const PgRows *rows)
{
    mutex_lock(watch->mutex);
    mem_free(watch->schema);
    mem_free(watch->table);
    watch->schema = mem_strdup(pg_value(rows, 0, 0)); /* NULL where there is no row */
    watch->table = mem_strdup(pg_value(rows, 0, 1));
    watch->rows = pg_value_int(rows, 0, 2, -1);
    mutex_unlock(watch->mutex);
}

static void look(void *argument)
{
    CopyWatch *watch = argument;
    const char *const params[] = {watch->session};
    Pg *pg = NULL;
    bool ok = pg_connect(&watch->connection, watch->cancel, &pg, NULL) &&
              pg_script(pg, "SET statement_timeout = '5s'; SET idle_session_timeout = 0", watch->cancel, NULL);
    while (ok) {
        PgRows *rows = NULL;
        ok = pg_query(pg, copy_sql, params, 1, watch->cancel, &rows, NULL);
        if (ok) {
            keep(watch, rows);
        }
        pg_rows_free(rows);
        ok = ok && !cancel_wait(watch->cancel, EVERY_MS);
    }
    pg_close(pg);
}

CopyWatch *copywatch_start(const Connection *connection, const char *session, const char *job)
{
    CopyWatch *watch = mem_alloc(sizeof *watch);
    *watch = (CopyWatch){.session = mem_strdup(session), .rows = -1};
    connection_init(&watch->connection);
    connection_copy(&watch->connection, connection);
    watch->connection.session = mem_printf(PG_SESSION_PREFIX "-watch %s", job);
    watch->cancel = cancel_new();
    watch->mutex = mutex_new();
    watch->thread = thread_start(look, watch);
    return watch;
}

int64_t copywatch_rows(CopyWatch *watch, const char *schema, const char *table)
{
    int64_t rows = -1;
    if (watch == NULL) {
        return -1;
    }
    mutex_lock(watch->mutex);
    if (watch->table != NULL && watch->schema != NULL && strcmp(watch->schema, schema) == 0 &&
        strcmp(watch->table, table) == 0) {
        rows = watch->rows;
    }
    mutex_unlock(watch->mutex);
    return rows;
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
    mem_free(watch->schema);
    mem_free(watch->table);
    mem_free(watch);
}
