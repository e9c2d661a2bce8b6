/*
 * swap_sessions.c: ends other people's sessions of a database.
 *
 * Either until nobody is left (swap_empty), or again and again on a thread with a session of its own, while another
 * session of ours waits for the database's lock (SwapEnder). The thread is given its session before it starts, and
 * nobody else uses that until the thread is joined.
 */
#include "swap_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define EMPTY_MS 30000u /* so long for other sessions to go */
#define EMPTY_STEP_MS 100u
#define END_STEP_MS 50u

/* Those of clients. The server's own workers, which have no user, it ends itself for a rename. */
#define SESSIONS                                                                                                     \
    " FROM pg_catalog.pg_stat_activity WHERE datid = $1::bigint::oid AND usesysid IS NOT NULL"                       \
    " AND pid <> pg_catalog.pg_backend_pid()"

static bool explain_stay(const PgRows *rows, const Database *database, const Error *why, Error *err)
{
    const char *user = pg_value(rows, 0, 1), *application = pg_value(rows, 0, 2), *address = pg_value(rows, 0, 3);
    error_set(err, why->kind == EK_REFUSED ? EK_REFUSED : EK_BUSY,
              "%zu session(s) of the database %s could not be ended", pg_row_count(rows), database->name);
    error_detail(err, "user %s, program \"%s\", from %s", user != NULL ? user : "unknown",
                 application != NULL ? application : "", address != NULL ? address : "this server");
    return error_hint(err, "Close the programs that use the database, and try again.");
}

/* Ends them, until nobody is left. EK_BUSY or EK_REFUSED name who stays. */
bool swap_empty(Pg *pg, const Database *database, const Cancel *cancel, Error *err)
{
    char *oid = mem_printf("%" PRId64, database->oid);
    const char *const params[] = {oid};
    const uint64_t end = clock_monotonic_ms() + EMPTY_MS;
    bool ok = true, empty = false;
    while (ok && !empty) {
        PgRows *rows = NULL;
        Error why = ERROR_INIT;
        ok = pg_query(pg, "SELECT pid, usename, application_name, client_addr::text" SESSIONS, params, 1, cancel, &rows,
                      err);
        empty = ok && pg_row_count(rows) == 0;
        for (size_t i = 0; ok && i < pg_row_count(rows); i++) { /* one that may not be ended shields no other */
            const char *const pid[] = {pg_value(rows, i, 0)};
            ok = pg_query(pg, "SELECT pg_catalog.pg_terminate_backend($1::int)", pid, 1, cancel, NULL, &why) ||
                 (why.kind != EK_CONNECT && why.kind != EK_CANCELLED) || error_move(err, &why);
        }
        if (ok && !empty && clock_monotonic_ms() >= end) {
            ok = explain_stay(rows, database, &why, err);
        } else if (ok && !empty && cancel_wait(cancel, EMPTY_STEP_MS)) {
            ok = error_set(err, EK_CANCELLED, "stopped at your request");
        }
        error_clear(&why);
        pg_rows_free(rows);
    }
    mem_free(oid);
    return ok;
}

bool swap_nobody_stays(Pg *pg, const Database *database, const Error *why, Error *err)
{
    char *oid = mem_printf("%" PRId64, database->oid);
    const char *const params[] = {oid};
    PgRows *rows = NULL;
    bool ok = pg_query(pg, "SELECT pid, usename, application_name, client_addr::text" SESSIONS, params, 1, NULL, &rows,
                       err);
    ok = ok && (pg_row_count(rows) == 0 || explain_stay(rows, database, why, err));
    pg_rows_free(rows);
    mem_free(oid);
    return ok;
}

struct SwapEnder {
    Pg *pg;
    int64_t oids[2]; /* 0: none */
    Cancel *stop;
    Thread *thread;
};

static void end_sessions(void *argument)
{
    SwapEnder *ender = argument;
    Error why = ERROR_INIT;
    do {
        for (size_t i = 0; i < 2; i++) {
            char *oid = mem_printf("%" PRId64, ender->oids[i]);
            const char *const params[] = {oid};
            PgRows *rows = NULL;
            error_clear(&why);
            if (pg_query(ender->pg, "SELECT pid" SESSIONS, params, 1, ender->stop, &rows, &why)) {
                for (size_t row = 0; row < pg_row_count(rows); row++) {
                    const char *const pid[] = {pg_value(rows, row, 0)};
                    pg_query(ender->pg, "SELECT pg_catalog.pg_terminate_backend($1::int)", pid, 1, ender->stop, NULL,
                             NULL);
                }
            }
            pg_rows_free(rows);
            mem_free(oid);
        }
    } while (why.kind != EK_CONNECT && !cancel_wait(ender->stop, END_STEP_MS));
    error_clear(&why);
}

bool swap_ender_start(Pg *pg, const Database *a, const Database *b, const Cancel *cancel, SwapEnder **out, Error *err)
{
    Pg *second = NULL;
    if (!pg_connect_again(pg, cancel, &second, err)) {
        return false;
    }
    SwapEnder *ender = mem_alloc(sizeof *ender);
    *ender = (SwapEnder){.pg = second, .oids = {a != NULL ? a->oid : 0, b->oid}, .stop = cancel_new()};
    ender->thread = thread_start(end_sessions, ender);
    *out = ender;
    return true;
}

void swap_ender_stop(SwapEnder *ender)
{
    if (ender == NULL) {
        return;
    }
    cancel_request(ender->stop);
    thread_join(ender->thread);
    cancel_free(ender->stop);
    pg_close(ender->pg);
    mem_free(ender);
}
