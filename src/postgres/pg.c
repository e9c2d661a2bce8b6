/*
 * pg.c: libpq, never blocking.
 *
 * libpq's connections are put in non-blocking mode, and all waiting happens here, in net_wait, which ends at
 * once when a stop is requested. Then the server is told as well (PQcancel…, encrypted like the connection
 * itself), and what the statement still sends is read; both together take less than two seconds. A
 * connection that did not come to rest in that time is broken: only pg_close may follow. Connecting is
 * pg_connect.c's.
 *
 * A dead server is found by TCP keep-alives: 30 + 3 × 10 s (Windows: 10 × 10 s). They do not find one that is dead
 * behind something that answers them, a proxy or a VPN: for that there is the connection's patience.
 */
#include "postgres/pg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "pg_connect.h"
#include "pglibrary.h"
#include "platform/clock.h"
#include "platform/netwait.h"
#include "postgres/standstill.h"

#define CANCEL_LIMIT_MS 1200u /* with the next one: within two seconds */
#define DRAIN_LIMIT_MS 600u
#define END_LIMIT_SECONDS 1u
#define WAIT_MS 1000u
#define COPY_PIECE 65536u
#define PATIENCE_SECONDS 600u
#define LOOKS 4
#define LOOK_MS 500u

/* "CMMS", in the upper half of the advisory lock's key; the database's oid is the lower half. */
#define LOCK_CLASS "1129139539"

struct Pg {
    PGconn *conn;
    const Cancel *copy_cancel; /* while a COPY runs */
    bool copying;
    bool broken; /* something is still under way on it */
    bool loopback;
    bool bytes;  /* its text is not UTF-8: pg_use_bytes */
    bool guarded; /* pg_guard */
    unsigned patience;     /* seconds */
    bool asks;             /* its statement is about another session: the server is not asked about it */
    int64_t number;        /* what session_number found last; 0: it was not asked */
    Connection connection; /* to ask about this one */
};

struct PgRows {
    PGresult *result;
    char **texts; /* of a session whose text is not UTF-8: what stands for the values, row by row; else NULL */
};

static bool lost(Pg *pg, Error *err)
{
    pg_explain_statement(NULL, PQerrorMessage(pg->conn), NULL, NULL, err);
    return pg_fit_hint(pg->loopback, err);
}

/* --- connections ----------------------------------------------------------------------------------------- */

static Pg *wrap(PGconn *conn, const Connection *connection)
{
    Pg *pg = mem_alloc(sizeof *pg);
    pg->conn = conn;
    pg->loopback = connection_is_loopback(connection);
    pg->patience = standstill_seconds(PATIENCE_SECONDS);
    connection_init(&pg->connection);
    connection_copy(&pg->connection, connection);
    return pg;
}

bool pg_connect(const Connection *connection, const Cancel *cancel, Pg **out, Error *err)
{
    PGconn *conn = NULL;
    if (!pg_connect_raw(connection, cancel, &conn, err)) {
        return false;
    }
    *out = wrap(conn, connection);
    return true;
}

bool pg_connect_again(const Pg *pg, const Cancel *cancel, Pg **out, Error *err)
{
    return pg_connect(&pg->connection, cancel, out, err);
}

void pg_close(Pg *pg)
{
    if (pg == NULL) {
        return;
    }
    PQfinish(pg->conn);
    connection_release(&pg->connection);
    mem_free(pg);
}

int pg_server_version(const Pg *pg)
{
    return PQserverVersion(pg->conn);
}

const char *pg_server_version_text(const Pg *pg)
{
    const char *text = PQparameterStatus(pg->conn, "server_version");
    return text == NULL ? "" : text;
}

const char *pg_server_encoding(const Pg *pg)
{
    const char *name = PQparameterStatus(pg->conn, "server_encoding");
    return name == NULL ? "" : name;
}

bool pg_uses_tls(const Pg *pg)
{
    return PQsslInUse(pg->conn) != 0;
}

/* --- statements ------------------------------------------------------------------------------------------ */

/* Asks the server to stop what it does for us, and reads until it has. */
static void stop_statement(Pg *pg)
{
    PGcancelConn *request = PQcancelCreate(pg->conn);
    if (request != NULL && PQcancelStart(request) == 1) {
        const uint64_t end = clock_monotonic_ms() + CANCEL_LIMIT_MS;
        PostgresPollingStatusType state = PGRES_POLLING_WRITING;
        uint64_t now = clock_monotonic_ms();
        while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED && now < end) {
            const unsigned want = state == PGRES_POLLING_READING ? NET_READ : NET_WRITE;
            if (net_wait((intptr_t)PQcancelSocket(request), want, (unsigned)(end - now), NULL)) {
                state = PQcancelPoll(request);
            }
            now = clock_monotonic_ms();
        }
    }
    PQcancelFinish(request);
    const uint64_t end = clock_monotonic_ms() + DRAIN_LIMIT_MS;
    pg->broken = true;
    for (uint64_t now = clock_monotonic_ms(); now < end; now = clock_monotonic_ms()) {
        if (PQflush(pg->conn) < 0 || PQconsumeInput(pg->conn) == 0) {
            return;
        }
        if (!PQisBusy(pg->conn)) {
            PGresult *result = PQgetResult(pg->conn);
            if (result == NULL) {
                pg->broken = false;
                return;
            }
            const ExecStatusType status = PQresultStatus(result);
            PQclear(result);
            if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
                return;
            }
            continue;
        }
        net_wait((intptr_t)PQsocket(pg->conn), NET_READ, (unsigned)(end - now), NULL);
    }
}

static bool stopped(Pg *pg, Error *err)
{
    if (pg->asks) {
        pg->broken = true; /* its statements are short: not worth the time */
    } else {
        stop_statement(pg);
    }
    return error_set(err, EK_CANCELLED, "stopped at your request");
}

void pg_set_patience(Pg *pg, unsigned seconds)
{
    pg->patience = seconds;
}

/* A wait for the server, for what one call sends and gets. */
typedef struct Wait {
    Pg *pg;
    const Cancel *cancel;
    Standstill still;
} Wait;

static bool still_working(void *context)
{
    const Wait *wait = context;
    const int64_t number = wait->pg->number != 0 ? wait->pg->number : PQbackendPID(wait->pg->conn);
    return pg_session_works(&wait->pg->connection, NULL, number, wait->cancel);
}

static void begin_wait(Wait *wait, Pg *pg, const Cancel *cancel)
{
    *wait = (Wait){.pg = pg, .cancel = cancel};
    wait->still = (Standstill){.seconds = pg->patience, .still_working = pg->asks ? NULL : still_working,
                               .context = wait};
    standstill_start(&wait->still, clock_monotonic_ms());
}

/* Waits, and reads what has come. Also where nothing seems to have: TLS may have read more than it has handed over. */
static bool wait_for_server(Wait *wait, unsigned want, Error *err)
{
    Pg *pg = wait->pg;
    if (net_wait((intptr_t)PQsocket(pg->conn), want, WAIT_MS, wait->cancel)) {
        standstill_moved(&wait->still, clock_monotonic_ms());
    }
    if (PQconsumeInput(pg->conn) == 0) {
        return lost(pg, err);
    }
    if (standstill_over(&wait->still, clock_monotonic_ms())) {
        char *time = standstill_text(&wait->still);
        pg->broken = true;
        error_set(err, EK_CONNECT, "the server has not answered for %s", time);
        error_hint(err, "Check the internet connection and try again.");
        mem_free(time);
        return pg_fit_hint(pg->loopback, err);
    }
    return true;
}

/* Sends what is queued and waits for the next result; *result NULL means that there is no other. */
static bool next_result(Pg *pg, const Cancel *cancel, PGresult **result, Error *err)
{
    Wait wait;
    begin_wait(&wait, pg, cancel);
    for (;;) {
        if (cancel_requested(cancel)) {
            return stopped(pg, err);
        }
        const int unsent = PQflush(pg->conn);
        if (unsent < 0) {
            return lost(pg, err);
        }
        if (unsent == 0 && !PQisBusy(pg->conn)) {
            *result = PQgetResult(pg->conn);
            return true;
        }
        if (!wait_for_server(&wait, unsent == 0 ? NET_READ : NET_READ | NET_WRITE, err)) {
            return false;
        }
    }
}

/* What came, as UTF-8; NULL stays NULL. Caller frees. */
static char *text_of(const Pg *pg, const char *bytes)
{
    return bytes == NULL || !pg->bytes ? mem_strdup(bytes) : utf8_shown(bytes, strlen(bytes));
}

static bool result_error(Pg *pg, const PGresult *result, Error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char *message = text_of(pg, primary == NULL ? PQresultErrorMessage(result) : primary);
    char *detail = text_of(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    char *hint = text_of(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    if (PQstatus(pg->conn) == CONNECTION_BAD && state != NULL && strncmp(state, "57", 2) != 0) {
        state = NULL;
    }
    pg_explain_statement(state, message, detail, hint, err);
    mem_free(message);
    mem_free(detail);
    mem_free(hint);
    return pg_fit_hint(pg->loopback, err);
}

/* Takes the result. */
static PgRows *rows_of(const Pg *pg, PGresult *result)
{
    PgRows *rows = mem_alloc(sizeof *rows);
    *rows = (PgRows){.result = result};
    if (!pg->bytes) {
        return rows;
    }
    const int count = PQntuples(result), fields = PQnfields(result);
    rows->texts = mem_array((size_t)count * (size_t)fields, sizeof *rows->texts);
    for (int row = 0; row < count; row++) {
        for (int column = 0; column < fields; column++) {
            rows->texts[row * fields + column] =
                PQgetisnull(result, row, column) != 0 ? NULL : text_of(pg, PQgetvalue(result, row, column));
        }
    }
    return rows;
}

static bool usable(const Pg *pg, Error *err)
{
    if (pg->broken) {
        return error_set(err, EK_CONNECT, "the connection to the server was given up");
    }
    if (pg->copying) {
        return error_set(err, EK_INTERNAL, "a COPY is still under way on this connection");
    }
    return true;
}

/* Reads every result of what was sent. The last one with rows is handed over. */
static bool collect(Pg *pg, const Cancel *cancel, PgRows **rows, Error *err)
{
    Error first = ERROR_INIT;
    PGresult *keep = NULL;
    bool ok = true;
    for (;;) {
        PGresult *result = NULL;
        if (!next_result(pg, cancel, &result, err)) {
            PQclear(keep);
            error_clear(&first);
            return false;
        }
        if (result == NULL) {
            break;
        }
        switch (PQresultStatus(result)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            PQclear(keep);
            keep = result;
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            PQclear(result);
            PQclear(keep);
            error_clear(&first);
            stop_statement(pg);
            return error_set(err, EK_INTERNAL, "a statement started a COPY where none was expected");
        default:
            if (ok) {
                ok = result_error(pg, result, &first);
            }
            PQclear(result);
            break;
        }
    }
    if (!ok) {
        PQclear(keep);
        return error_move(err, &first);
    }
    if (rows != NULL) {
        *rows = rows_of(pg, keep);
    } else {
        PQclear(keep);
    }
    return true;
}

static bool send_as_bytes(Pg *pg, const char *sql, const char *const *params, size_t param_count)
{
    char *statement = utf8_unshown(sql);
    char **values = mem_array(param_count + 1, sizeof *values);
    for (size_t i = 0; i < param_count; i++) {
        values[i] = params[i] == NULL ? NULL : utf8_unshown(params[i]);
    }
    const bool sent = PQsendQueryParams(pg->conn, statement, (int)param_count, NULL, (const char *const *)values, NULL,
                                        NULL, 0) != 0;
    for (size_t i = 0; i < param_count; i++) {
        mem_free(values[i]);
    }
    mem_free(values);
    mem_free(statement);
    return sent;
}

static bool ask(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
                PgRows **rows, Error *err)
{
    if (!usable(pg, err)) {
        return false;
    }
    if (param_count > 65535) {
        return error_set(err, EK_INTERNAL, "a statement has too many parameters");
    }
    const bool sent = pg->bytes ? send_as_bytes(pg, sql, params, param_count)
                                : PQsendQueryParams(pg->conn, sql, (int)param_count, NULL, params, NULL, NULL, 0) != 0;
    return sent ? collect(pg, cancel, rows, err) : lost(pg, err);
}

void pg_guard(Pg *pg, bool on)
{
    pg->guarded = on;
}

/* Where the savepoint is gone the statement has ended the transaction, and what goes on would be in none. */
static bool transaction_lost(Pg *pg, Error *why, Error *err)
{
    if (why->kind == EK_CONNECT || why->kind == EK_CANCELLED) {
        return error_move(err, why);
    }
    error_clear(why);
    pg->broken = true;
    return error_set(err, EK_CONNECT, "a statement ended the transaction that it was in");
}

bool pg_query(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
              PgRows **rows, Error *err)
{
    Error why = ERROR_INIT;
    if (!pg->guarded) {
        return ask(pg, sql, params, param_count, cancel, rows, err);
    }
    if (!ask(pg, "SAVEPOINT guard", NULL, 0, cancel, NULL, err)) {
        return false;
    }
    if (ask(pg, sql, params, param_count, cancel, rows, &why)) {
        if (ask(pg, "RELEASE SAVEPOINT guard", NULL, 0, cancel, NULL, &why)) {
            return true;
        }
        if (rows != NULL) {
            pg_rows_free(*rows);
            *rows = NULL;
        }
        return transaction_lost(pg, &why, err);
    }
    if (why.kind != EK_CONNECT && why.kind != EK_CANCELLED) { /* else nothing of it is left anyway */
        Error second = ERROR_INIT;
        if (!pg_script(pg, "ROLLBACK TO SAVEPOINT guard; RELEASE SAVEPOINT guard", cancel, &second)) {
            error_clear(&why);
            return transaction_lost(pg, &second, err);
        }
    }
    return error_move(err, &why);
}

bool pg_script(Pg *pg, const char *sql, const Cancel *cancel, Error *err)
{
    if (!usable(pg, err)) {
        return false;
    }
    char *bytes = pg->bytes ? utf8_unshown(sql) : NULL;
    const bool sent = PQsendQuery(pg->conn, bytes == NULL ? sql : bytes) != 0;
    mem_free(bytes);
    return sent ? collect(pg, cancel, NULL, err) : lost(pg, err);
}

bool pg_use_bytes(Pg *pg, const char *encoding, const Cancel *cancel, Error *err)
{
    const char *const params[] = {encoding};
    static const char sql[] = "SELECT pg_catalog.set_config('client_encoding', $1, false)";
    pg->bytes = pg_query(pg, sql, params, 1, cancel, NULL, err);
    return pg->bytes;
}

bool pg_answers(Pg *pg)
{
    const unsigned patience = pg->patience;
    pg->patience = END_LIMIT_SECONDS;
    pg->asks = true;
    const bool ok = pg_script(pg, "ROLLBACK", NULL, NULL);
    pg->asks = false;
    pg->patience = patience;
    return ok;
}

size_t pg_row_count(const PgRows *rows)
{
    return rows->result == NULL ? 0 : (size_t)PQntuples(rows->result);
}

const char *pg_value(const PgRows *rows, size_t row, size_t column)
{
    if (row >= pg_row_count(rows) || column >= (size_t)PQnfields(rows->result) ||
        PQgetisnull(rows->result, (int)row, (int)column) != 0) {
        return NULL;
    }
    return rows->texts != NULL ? rows->texts[row * (size_t)PQnfields(rows->result) + column]
                               : PQgetvalue(rows->result, (int)row, (int)column);
}

int64_t pg_value_int(const PgRows *rows, size_t row, size_t column, int64_t fallback)
{
    const char *text = pg_value(rows, row, column);
    if (text == NULL || text[0] == '\0') {
        return fallback;
    }
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    return errno != 0 || *end != '\0' ? fallback : (int64_t)value;
}

void pg_rows_free(PgRows *rows)
{
    if (rows != NULL) {
        const size_t values = rows->texts == NULL ? 0 : pg_row_count(rows) * (size_t)PQnfields(rows->result);
        for (size_t i = 0; i < values; i++) {
            mem_free(rows->texts[i]);
        }
        mem_free(rows->texts);
        PQclear(rows->result);
        mem_free(rows);
    }
}

/* --- poolers --------------------------------------------------------------------------------------------- */

/* The server's own number of the session. */
static bool session_number(Pg *pg, const Cancel *cancel, int64_t *number, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT pg_catalog.pg_backend_pid()", NULL, 0, cancel, &rows, err)) {
        return false;
    }
    *number = pg->number = pg_value_int(rows, 0, 0, 0);
    pg_rows_free(rows);
    return true;
}

bool pg_end_sessions(Pg *pg, const char *job, const Cancel *cancel, size_t *ended, Error *err)
{
    const char *const params[] = {job};
    PgRows *rows = NULL;
    pg->asks = true;
    const bool ok = pg_query(pg, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                                 " WHERE application_name LIKE '" PG_SESSION_PREFIX "% ' || $1"
                                 " AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()",
                             params, 1, cancel, &rows, err);
    pg->asks = false;
    if (ended != NULL) {
        *ended = ok ? pg_row_count(rows) : 0;
    }
    pg_rows_free(rows);
    return ok;
}

void pg_end_sessions_quickly(Pg *pg, const char *job)
{
    if (pg != NULL && pg_answers(pg)) {
        const unsigned patience = pg->patience;
        pg->patience = END_LIMIT_SECONDS;
        pg_end_sessions(pg, job, NULL, NULL, NULL);
        pg->patience = patience;
    }
}

/* The session as it is now: whether it works, and what changes when it gets on. False: it cannot be asked. */
static bool look_at(Pg *pg, const char *application, int64_t number, const Cancel *cancel, bool *works, char **state)
{
    char *text = mem_printf("%" PRId64, number);
    const char *const params[] = {application, text};
    const bool copies = PQserverVersion(pg->conn) >= 140000;
    char *sql = mem_printf("SELECT a.state = 'active' AND a.wait_event_type IS DISTINCT FROM 'Client',"
                           " concat_ws(' ', a.query_start, a.state_change%s) FROM pg_catalog.pg_stat_activity a%s"
                           " WHERE a.pid <> pg_catalog.pg_backend_pid()"
                           " AND (a.application_name = $1 OR ($1 IS NULL AND a.pid = $2::int))",
                           copies ? ", p.tuples_processed, p.bytes_processed" : "",
                           copies ? " LEFT JOIN pg_catalog.pg_stat_progress_copy p ON p.pid = a.pid" : "");
    PgRows *rows = NULL;
    const bool ok = pg_query(pg, sql, params, 2, cancel, &rows, NULL);
    if (ok) {
        const char *active = pg_value(rows, 0, 0);
        *works = active != NULL && strcmp(active, "t") == 0;
        *state = mem_strdup(pg_value(rows, 0, 1));
        pg_rows_free(rows);
    }
    mem_free(sql);
    mem_free(text);
    return ok;
}

bool pg_session_works(const Connection *connection, const char *application, int64_t number, const Cancel *cancel)
{
    PGconn *conn = NULL;
    bool passing = false;
    bool works = false;
    char *before = NULL;
    if (!pg_connect_once(connection, cancel, &conn, &passing, NULL)) {
        return cancel_requested(cancel);
    }
    Pg *pg = wrap(conn, connection);
    pg->asks = true;
    pg->patience = standstill_seconds(PG_CONNECT_SECONDS);
    for (int i = 0; i < LOOKS && !works && !cancel_requested(cancel); i++) {
        char *now = NULL;
        if ((i > 0 && cancel_wait(cancel, LOOK_MS)) || !look_at(pg, application, number, cancel, &works, &now)) {
            break;
        }
        works = works || (before != NULL && now != NULL && strcmp(before, now) != 0);
        mem_free(before);
        before = now;
    }
    mem_free(before);
    pg_close(pg);
    return works || cancel_requested(cancel);
}

/* While `other` is in a transaction: whether the two ever had the same session, or the first one changed. Asks the
 * first again only when it must: a pool of one would let it wait. */
static bool sessions_mix(Pg *pg, Pg *other, int64_t first, const Cancel *cancel, bool *mix, Error *err)
{
    int64_t theirs = 0;
    int64_t ours = first;
    if (!pg_script(other, "BEGIN", cancel, err) || !session_number(other, cancel, &theirs, err)) {
        return false;
    }
    for (int i = 0; i < 3 && ours == first && ours != theirs; i++) {
        if (!session_number(pg, cancel, &ours, err)) {
            return false;
        }
    }
    *mix = ours != first || ours == theirs;
    return pg_script(other, "ROLLBACK", cancel, err);
}

bool pg_own_session(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err)
{
    int64_t first = 0;
    bool mix = false;
    Pg *other = NULL;
    if (!session_number(pg, cancel, &first, err)) {
        return false;
    }
    if (first == PQbackendPID(pg->conn)) {
        return true;
    }
    const bool ok = pg_connect(connection, cancel, &other, err) && sessions_mix(pg, other, first, cancel, &mix, err);
    pg_close(other);
    if (ok && mix) {
        error_set(err, EK_CONNECT, "a connection pooler stands before the database and mixes the sessions of its "
                                   "clients");
        return error_hint(err, "Give the database server's own host and port, or those of a pool in session mode.");
    }
    return ok;
}

bool pg_calm(Pg *pg, const Cancel *cancel, Error *err)
{
    const int version = pg_server_version(pg);
    char *sql = mem_printf("SET statement_timeout = 0; SET lock_timeout = 0;"
                           " SET idle_in_transaction_session_timeout = 0%s%s",
                           version < 140000 ? "" : "; SET idle_session_timeout = 0",
                           version < 170000 ? "" : "; SET transaction_timeout = 0");
    const bool ok = pg_script(pg, sql, cancel, err);
    mem_free(sql);
    return ok;
}

bool pg_settle(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err)
{
    return pg_own_session(pg, connection, cancel, err) && pg_calm(pg, cancel, err);
}

/* --- COPY … FROM STDIN ----------------------------------------------------------------------------------- */

/* It goes by the simple protocol, which takes several statements; the other one refuses that, and is asked first. (It
 * could not be sent by that: where it fails before its first row an answer too many is left.) */
bool pg_copy_begin(Pg *pg, const char *sql, const Cancel *cancel, Error *err)
{
    if (!usable(pg, err) ||
        !(PQsendPrepare(pg->conn, "", sql, 0, NULL) != 0 ? collect(pg, cancel, NULL, err) : lost(pg, err))) {
        return false;
    }
    if (PQsendQuery(pg->conn, sql) == 0) {
        return lost(pg, err);
    }
    PGresult *result = NULL;
    if (!next_result(pg, cancel, &result, err)) {
        return false;
    }
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        PQclear(result);
        pg->copying = true;
        pg->copy_cancel = cancel;
        return true;
    }
    if (result == NULL || PQresultStatus(result) != PGRES_FATAL_ERROR) {
        error_set(err, EK_INTERNAL, "a statement that was to start a COPY did not");
    } else {
        result_error(pg, result, err);
    }
    PQclear(result);
    Error ignored = ERROR_INIT;
    if (!collect(pg, NULL, NULL, &ignored)) {
        error_clear(&ignored);
    }
    return false;
}

/* Waits until everything that is queued has been handed to the system: memory stays bounded. */
static bool send_all(Pg *pg, const Cancel *cancel, Error *err)
{
    Wait wait;
    begin_wait(&wait, pg, cancel);
    for (;;) {
        const int unsent = PQflush(pg->conn);
        if (unsent == 0) {
            return true;
        }
        if (unsent < 0) {
            return lost(pg, err);
        }
        if (cancel_requested(cancel)) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
        if (!wait_for_server(&wait, NET_READ | NET_WRITE, err)) {
            return false;
        }
    }
}

static bool copy_stopped(Pg *pg, Error *err)
{
    pg->copying = false;
    PQputCopyEnd(pg->conn, "stopped");
    return stopped(pg, err);
}

bool pg_copy_data(Pg *pg, const char *bytes, size_t len, Error *err)
{
    if (!pg->copying) {
        return error_set(err, EK_INTERNAL, "no COPY is under way on this connection");
    }
    while (len > 0) {
        const size_t piece = len < COPY_PIECE ? len : COPY_PIECE;
        if (cancel_requested(pg->copy_cancel)) {
            return copy_stopped(pg, err);
        }
        const int queued = PQputCopyData(pg->conn, bytes, (int)piece);
        if (queued < 0) {
            pg->copying = false;
            pg->broken = true;
            return lost(pg, err);
        }
        if (queued > 0) {
            bytes += piece;
            len -= piece;
        }
        Error why = ERROR_INIT;
        if (!send_all(pg, pg->copy_cancel, &why)) {
            if (why.kind == EK_CANCELLED) {
                error_clear(&why);
                return copy_stopped(pg, err);
            }
            pg->copying = false;
            pg->broken = true;
            return error_move(err, &why);
        }
    }
    return true;
}

bool pg_copy_end(Pg *pg, const Cancel *cancel, Error *err)
{
    if (!pg->copying) {
        return error_set(err, EK_INTERNAL, "no COPY is under way on this connection");
    }
    pg->copying = false;
    for (;;) {
        const int queued = PQputCopyEnd(pg->conn, NULL);
        if (queued > 0) {
            return collect(pg, cancel, NULL, err);
        }
        if (queued < 0 || !send_all(pg, cancel, err)) {
            pg->broken = true;
            return queued < 0 ? lost(pg, err) : false;
        }
    }
}

/* --- COPY … TO STDOUT -------------------------------------------------------------------------------------- */

/* The next row. *bytes NULL: there is no other. libpq's, to be freed by PQfreemem. */
static bool next_row(Pg *pg, const Cancel *cancel, char **bytes, int *len, Error *err)
{
    Wait wait;
    begin_wait(&wait, pg, cancel);
    for (;;) {
        *bytes = NULL;
        *len = PQgetCopyData(pg->conn, bytes, 1);
        if (*len != 0) {
            return *len >= -1 || lost(pg, err);
        }
        if (cancel_requested(cancel)) {
            return stopped(pg, err);
        }
        if (!wait_for_server(&wait, NET_READ, err)) {
            return false;
        }
    }
}

bool pg_copy_out(Pg *pg, const char *sql, bool (*take)(void *context, const char *bytes, size_t len, Error *err),
                 void *context, const Cancel *cancel, Error *err)
{
    PGresult *result = NULL;
    if (!usable(pg, err)) {
        return false;
    }
    if (PQsendQuery(pg->conn, sql) == 0) {
        return lost(pg, err);
    }
    if (!next_result(pg, cancel, &result, err)) {
        return false;
    }
    const bool begun = PQresultStatus(result) == PGRES_COPY_OUT;
    if (!begun && result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR) {
        result_error(pg, result, err);
    } else if (!begun) {
        error_set(err, EK_INTERNAL, "a statement that was to start a COPY did not");
    }
    PQclear(result);
    bool ok = begun;
    char *bytes = NULL;
    int len = 0;
    while (ok && (ok = next_row(pg, cancel, &bytes, &len, err)) && bytes != NULL) {
        ok = take(context, bytes, (size_t)len, err);
        PQfreemem(bytes);
        if (!ok) {
            stop_statement(pg);
        }
    }
    if (ok) {
        return collect(pg, cancel, NULL, err);
    }
    if (!begun) { /* the session goes on */
        Error ignored = ERROR_INIT;
        collect(pg, NULL, NULL, &ignored);
        error_clear(&ignored);
    }
    return false;
}

/* --- and others ------------------------------------------------------------------------------------------ */

/* Who has the lock, as the detail; as much as the server tells this user. */
static void name_lock_holder(Pg *pg, const Cancel *cancel, Error *err)
{
    static const char sql[] =
        "SELECT coalesce(nullif(a.application_name, ''), '?'), coalesce(a.usename, '?'),"
        " coalesce(host(a.client_addr), '?'), extract(epoch FROM a.backend_start)::bigint"
        " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        " JOIN pg_catalog.pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = " LOCK_CLASS
        " AND l.objid = d.oid AND l.objsubid = 1 AND d.datname = pg_catalog.current_database()";
    PgRows *rows = NULL;
    if (!pg_query(pg, sql, NULL, 0, cancel, &rows, NULL)) {
        return;
    }
    const int64_t started = pg_value_int(rows, 0, 3, 0);
    if (pg_row_count(rows) > 0 && started > 0) {
        char *since = clock_log_text(started);
        error_detail(err, "%s, of user %s, from %s, since %s", pg_value(rows, 0, 0), pg_value(rows, 0, 1),
                     pg_value(rows, 0, 2), since);
        mem_free(since);
    }
    pg_rows_free(rows);
}

bool pg_lock_database(Pg *pg, const char *job, const Cancel *cancel, Error *err)
{
    static const char sql[] = "SELECT pg_catalog.pg_try_advisory_lock((" LOCK_CLASS "::bigint << 32) | oid::bigint)"
                              " FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
    PgRows *rows = NULL;
    if (!pg_name_session(pg, job, cancel, err) || !pg_query(pg, sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    const char *value = pg_value(rows, 0, 0);
    const bool locked = value != NULL && strcmp(value, "t") == 0;
    pg_rows_free(rows);
    if (!locked) {
        error_set(err, EK_BUSY, "another computer is backing up or restoring this database");
        name_lock_holder(pg, cancel, err);
        return error_hint(err, "Try again when it is done.");
    }
    return true;
}

int pg_library_version(void)
{
    return pglibrary_ready(NULL) ? PQlibVersion() : 0;
}
