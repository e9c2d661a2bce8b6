/*
 * restore_server.c: the sessions of a restore and of an undo: one beside the live database, which holds the restore
 * lock of its name, and one in it, with the lock of a backup; what becomes of a swap whose connection was lost, and of
 * one that was left so that nobody can connect to the live database.
 */
#include <string.h>

#include "base/mem.h"
#include "jobs/signin.h"
#include "jobs/swap.h"
#include "platform/clock.h"
#include "restore_private.h"

#define RECONNECT_MS 60000u /* so long for a server that was lost in the middle of the swap */
#define RECONNECT_STEP_MS 500u
#define JOB "restore" /* of our sessions, as the server names them */

bool restore_connect_beside(const Connection *server, const char *live, const Cancel *cancel, Connection *connection,
                            Pg **pg, Error *err)
{
    static const char *const names[] = {"postgres", "template1"};
    connection_copy(connection, server);
    if (!connection_resolve(connection, err)) {
        return false;
    }
    Error why = ERROR_INIT;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && *pg == NULL; i++) {
        if (strcmp(names[i], live) == 0) {
            continue;
        }
        mem_free(connection->database);
        connection->database = mem_strdup(names[i]);
        error_clear(&why);
        if (!pg_connect(connection, cancel, pg, &why) && why.kind != EK_REFUSED && !pg_error_wants_database(&why)) {
            break; /* not for want of that database */
        }
    }
    if (*pg == NULL) {
        return error_move(err, &why);
    }
    error_clear(&why);
    return pg_own_session(*pg, connection, cancel, err) && load_calm(*pg, cancel, err);
}

bool restore_mend_first(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, Error *err)
{
    char *mended = NULL;
    const bool ok = swap_lock(pg, live, cancel, err) && swap_mend(pg, live, sink, cancel, &mended, err) &&
                    swap_drop_leftovers(pg, live, sink, cancel, err);
    mem_free(mended);
    return ok;
}

/* `mend`: and it is mended. */
static bool look_for_left(const Connection *server, const Error *why, bool mend, const JobSink *sink,
                          const Cancel *cancel)
{
    const char *live = server->database;
    Connection connection;
    Error own = ERROR_INIT;
    Pg *pg = NULL;
    char *what = NULL;
    bool left = false;
    if (live == NULL || live[0] == '\0' || !pg_error_wants_database(why)) {
        return false;
    }
    connection_init(&connection);
    const bool known = restore_connect_beside(server, live, cancel, &connection, &pg, &own) &&
                       swap_was_left(pg, live, cancel, &left, &own);
    /* Who holds the lock may be about to end it. */
    if (known && left && mend && !(swap_lock(pg, live, cancel, &own) &&
                                   swap_mend(pg, live, sink, cancel, &what, &own)) && own.kind != EK_BUSY) {
        job_log(sink, LOG_WARNING, "An interrupted restore left %s so that nobody can use it, and that could not be "
                "mended: %s", live, own.message);
    }
    mem_free(what);
    error_clear(&own);
    pg_close(pg);
    connection_release(&connection);
    return left;
}

bool restore_was_left(const Connection *server, const Error *why, const Cancel *cancel)
{
    return look_for_left(server, why, false, NULL, cancel);
}

bool restore_mend_left(const Connection *server, const Error *why, const JobSink *sink, const Cancel *cancel)
{
    return look_for_left(server, why, true, sink, cancel);
}

bool restore_lock_database(const Connection *beside, const char *live, const Cancel *cancel, Pg **pg, Error *err)
{
    Connection connection;
    connection_init(&connection);
    connection_copy(&connection, beside);
    mem_free(connection.database);
    connection.database = mem_strdup(live);
    const bool ok = pg_connect(&connection, cancel, pg, err) && load_calm(*pg, cancel, err) &&
                    pg_lock_database(*pg, JOB, cancel, err);
    connection_release(&connection);
    return ok;
}

bool restore_ask_oid(Pg *pg, const char *name, const Cancel *cancel, int64_t *oid, Error *err)
{
    const char *const params[] = {name};
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = $1", params, 1, cancel, &rows,
                  err)) {
        return false;
    }
    *oid = pg_value_int(rows, 0, 0, 0);
    pg_rows_free(rows);
    return true;
}

/* Without a manager to sign in, whoever has the database's password may bring it back: it is gone, or empty, or has
 * none. That was so when the window looked; a network that was away for a moment is no way past the sign-in. */
bool restore_check_nobody(Pg *pg, const Connection *server, const char *live, const JobSink *sink,
                          const Cancel *cancel, Error *err)
{
    SigninWay way = SIGNIN_NO_USERS;
    Error why = ERROR_INIT;
    int64_t oid = 0;
    bool ok = signin_look(server, cancel, &way, &why);
    if (ok && way == SIGNIN_ASK) {
        error_set(err, EK_REFUSED, "the database has managers again, so one of them has to sign in first");
        ok = error_hint(err, "Choose Lock in the Tools menu, and sign in.");
    } else if (!ok && why.kind == EK_CANCELLED) {
        error_move(err, &why);
    } else if (!ok && restore_ask_oid(pg, live, cancel, &oid, err)) {
        ok = oid == 0;
        if (!ok) {
            error_set(err, EK_REFUSED, "the database is there, but cannot say whether it has a manager to sign in");
            error_detail(err, "%s", why.message);
            error_hint(err, "Try again, or restore with the console program.");
        }
    }
    if (ok) {
        job_log(sink, LOG_WARNING, "Nobody is signed in: the database has no manager who could be");
    }
    error_clear(&why);
    return ok;
}

/* The connection was lost in the middle: whether the one with that oid has the live name. On a new connection, which
 * brings to its end what was begun; where that is not to be had *pg is NULL. `had_live`: another had the name. */
static bool find_out(const Connection *server, Pg **pg, const char *live, int64_t oid, bool had_live,
                     const JobSink *sink, const Cancel *cancel, char **kept, bool *placed)
{
    Connection connection;
    KeptDatabase *all = NULL;
    size_t count = 0;
    int64_t now = 0;
    connection_init(&connection);
    pg_close(*pg);
    *pg = NULL;
    const bool ok = restore_connect_beside(server, live, cancel, &connection, pg, NULL) &&
                    restore_mend_first(*pg, live, sink, cancel, NULL) &&
                    restore_ask_oid(*pg, live, cancel, &now, NULL) &&
                    swap_list(*pg, live, cancel, &all, &count, NULL);
    *placed = ok && now == oid;
    if (*placed && had_live && count > 0) {
        *kept = mem_strdup(all[0].name);
    }
    if (!ok) { /* who does not know, and may not hold the lock, does nothing more there */
        pg_close(*pg);
        *pg = NULL;
    }
    swap_list_free(all, count);
    connection_release(&connection);
    return ok;
}

bool restore_swap_surely(const Connection *server, Pg **pg, const char *live, const char *coming, bool anybodys,
                         const char *from, const JobSink *sink, const Cancel *cancel, char **kept, Error *err)
{
    Error why = ERROR_INIT;
    int64_t oid = 0, before = 0;
    if (!restore_ask_oid(*pg, coming, cancel, &oid, err) || !restore_ask_oid(*pg, live, cancel, &before, err)) {
        return false;
    }
    if (swap_run(*pg, live, coming, anybodys, from, sink, cancel, kept, &why)) {
        return true;
    }
    bool known = why.kind != EK_CONNECT, placed = false;
    const uint64_t end = clock_monotonic_ms() + RECONNECT_MS;
    if (!known) {
        job_log(sink, LOG_WARNING, "The connection was lost in the middle of it; connecting again");
    }
    while (!known && !(known = find_out(server, pg, live, oid, before != 0, sink, cancel, kept, &placed)) &&
           clock_monotonic_ms() < end && !cancel_wait(cancel, RECONNECT_STEP_MS)) {
    }
    if (placed) {
        error_clear(&why);
        return true;
    }
    if (known && why.kind == EK_CONNECT) {
        error_hint(&why, "The database is as it was. Try again.");
    } else if (why.kind == EK_CONNECT) {
        error_context(&why, "it is not known whether the databases changed their names");
        error_hint(&why, RESTORE_LOOK);
    }
    return error_move(err, &why);
}
