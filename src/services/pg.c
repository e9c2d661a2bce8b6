/*
 * pg.c: libpq, never blocking.
 *
 * libpq's connections are put in non-blocking mode, and all waiting happens here, in net_wait, which ends at
 * once when a stop is requested. Then the server is told as well (PQcancel…, encrypted like the connection
 * itself, at most two seconds), and what the statement still sends is read for at most one second more. A
 * connection that did not come to rest in that time is broken: only pg_close may follow. Looking up a host's
 * name is the one thing that libpq does without us, and may take as long as the system's resolver.
 *
 * A dead server is found by TCP keep-alives: 30 + 3 × 10 s.
 */
#include "pg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "clock.h"
#include "mem.h"
#include "netwait.h"
#include "strbuf.h"

#define CONNECT_LIMIT_MS 15000u
#define CONNECT_TRIES 3
#define CANCEL_LIMIT_MS 2000u
#define DRAIN_LIMIT_MS 1000u
#define WAIT_MS 1000u
#define COPY_PIECE 65536u

/* "CMMS", in the upper half of the advisory lock's key; the database's oid is the lower half. */
#define LOCK_CLASS "1129139539"

struct Pg {
    PGconn *conn;
    const Cancel *copy_cancel; /* while a COPY runs */
    bool copying;
    bool broken; /* something is still under way on it */
};

struct PgRows {
    PGresult *result;
};

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static bool lost(Pg *pg, Error *err)
{
    return pg_explain_statement(NULL, PQerrorMessage(pg->conn), NULL, NULL, err);
}

/* --- connecting ------------------------------------------------------------------------------------------ */

static bool connect_once(const Connection *connection, const Cancel *cancel, PGconn **out, bool *passing, Error *err)
{
    enum { KEYWORDS = 17 };
    const char *names[KEYWORDS + 1];
    const char *values[KEYWORDS + 1];
    size_t count = 0;
    *passing = false;
#define ADD(name, value) (names[count] = (name), values[count] = (value), count++)
    ADD("host", connection_host(connection));
    ADD("port", connection_port(connection));
    ADD("user", connection->user);
    ADD("dbname", connection_database(connection));
    ADD("password", secret_is_set(&connection->password) ? connection->password.bytes : NULL);
    ADD("sslmode", connection_sslmode(connection));
    ADD("sslrootcert", connection->sslrootcert);
    ADD("channel_binding", connection->channel_binding);
    ADD("options", connection->options);
    ADD("client_encoding", "UTF8");
    ADD("application_name", "cmms-backup");
    ADD("keepalives", "1");
    ADD("keepalives_idle", "30");
    ADD("keepalives_interval", "10");
    ADD("keepalives_count", "3");
    ADD("tcp_user_timeout", "60000");
    ADD(NULL, NULL);
#undef ADD
    PGconn *conn = PQconnectStartParams(names, values, 0);
    if (conn == NULL) {
        mem_out();
    }
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* for the SQLSTATE; see pg_errors.c */
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    const uint64_t end = clock_monotonic_ms() + CONNECT_LIMIT_MS;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING; /* as the manual says */
    while (PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        const uint64_t now = clock_monotonic_ms();
        if (cancel_requested(cancel)) {
            PQfinish(conn);
            return error_set(err, EK_CANCELLED, "stopped while connecting to the server");
        }
        if (now >= end) {
            PQfinish(conn);
            return pg_explain_connect(connection, "timeout expired", passing, err);
        }
        const unsigned want = state == PGRES_POLLING_READING ? NET_READ : NET_WRITE;
        if (net_wait((intptr_t)PQsocket(conn), want, (unsigned)(end - now), cancel)) {
            state = PQconnectPoll(conn);
        }
    }
    if (PQstatus(conn) != CONNECTION_OK) {
        pg_explain_connect(connection, PQerrorMessage(conn), passing, err);
        PQfinish(conn);
        return false;
    }
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    if (PQsetnonblocking(conn, 1) != 0) {
        PQfinish(conn);
        return error_set(err, EK_INTERNAL, "could not make the connection non-blocking");
    }
    *out = conn;
    return true;
}

bool pg_connect(const Connection *connection, const Cancel *cancel, Pg **out, Error *err)
{
    PGconn *conn = NULL;
    for (int attempt = 1;; attempt++) {
        Error why = ERROR_INIT;
        bool passing = false;
        if (connect_once(connection, cancel, &conn, &passing, &why)) {
            break;
        }
        if (!passing || attempt == CONNECT_TRIES) {
            return error_move(err, &why);
        }
        if (cancel_wait(cancel, attempt == 1 ? 1000 : 3000)) {
            error_clear(&why);
            return error_set(err, EK_CANCELLED, "stopped while connecting to the server");
        }
        error_clear(&why);
    }
    Pg *pg = mem_alloc(sizeof *pg);
    pg->conn = conn;
    *out = pg;
    return true;
}

void pg_close(Pg *pg)
{
    if (pg == NULL) {
        return;
    }
    PQfinish(pg->conn);
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
    stop_statement(pg);
    return error_set(err, EK_CANCELLED, "stopped at your request");
}

/* Sends what is queued and waits for the next result; *result NULL means that there is no other. */
static bool next_result(Pg *pg, const Cancel *cancel, PGresult **result, Error *err)
{
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
        const unsigned want = unsent == 0 ? NET_READ : NET_READ | NET_WRITE;
        if (net_wait((intptr_t)PQsocket(pg->conn), want, WAIT_MS, cancel) && PQconsumeInput(pg->conn) == 0) {
            return lost(pg, err);
        }
    }
}

static bool result_error(Pg *pg, const PGresult *result, Error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL) {
        message = PQresultErrorMessage(result);
    }
    if (PQstatus(pg->conn) == CONNECTION_BAD && state != NULL && strncmp(state, "57", 2) != 0) {
        state = NULL;
    }
    return pg_explain_statement(state, message, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
                                PQresultErrorField(result, PG_DIAG_MESSAGE_HINT), err);
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
        *rows = mem_alloc(sizeof **rows);
        (*rows)->result = keep;
    } else {
        PQclear(keep);
    }
    return true;
}

bool pg_query(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
              PgRows **rows, Error *err)
{
    if (!usable(pg, err)) {
        return false;
    }
    if (param_count > 65535) {
        return error_set(err, EK_INTERNAL, "a statement has too many parameters");
    }
    if (PQsendQueryParams(pg->conn, sql, (int)param_count, NULL, params, NULL, NULL, 0) == 0) {
        return lost(pg, err);
    }
    return collect(pg, cancel, rows, err);
}

bool pg_script(Pg *pg, const char *sql, const Cancel *cancel, Error *err)
{
    if (!usable(pg, err)) {
        return false;
    }
    if (PQsendQuery(pg->conn, sql) == 0) {
        return lost(pg, err);
    }
    return collect(pg, cancel, NULL, err);
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
    return PQgetvalue(rows->result, (int)row, (int)column);
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
        PQclear(rows->result);
        mem_free(rows);
    }
}

/* --- poolers --------------------------------------------------------------------------------------------- */

static bool backend_number(Pg *pg, const Cancel *cancel, int64_t *number, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT pg_catalog.pg_backend_pid()", NULL, 0, cancel, &rows, err)) {
        return false;
    }
    *number = pg_value_int(rows, 0, 0, 0);
    pg_rows_free(rows);
    return true;
}

/* While `other` is in a transaction: whether the two ever had the same session, or the first one changed. Asks the
 * first again only when it must: a pool of one would let it wait. */
static bool sessions_mix(Pg *pg, Pg *other, int64_t first, const Cancel *cancel, bool *mix, Error *err)
{
    int64_t theirs = 0;
    int64_t ours = first;
    if (!pg_script(other, "BEGIN", cancel, err) || !backend_number(other, cancel, &theirs, err)) {
        return false;
    }
    for (int i = 0; i < 3 && ours == first && ours != theirs; i++) {
        if (!backend_number(pg, cancel, &ours, err)) {
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
    if (!backend_number(pg, cancel, &first, err)) {
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

/* --- COPY … FROM STDIN ----------------------------------------------------------------------------------- */

bool pg_copy_begin(Pg *pg, const char *sql, const Cancel *cancel, Error *err)
{
    if (!usable(pg, err)) {
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
        if (net_wait((intptr_t)PQsocket(pg->conn), NET_READ | NET_WRITE, WAIT_MS, cancel) &&
            PQconsumeInput(pg->conn) == 0) {
            return lost(pg, err);
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

/* --- and others ------------------------------------------------------------------------------------------ */

bool pg_lock_database(Pg *pg, const Cancel *cancel, Error *err)
{
    static const char sql[] = "SELECT pg_catalog.pg_try_advisory_lock((" LOCK_CLASS "::bigint << 32) | oid::bigint)"
                              " FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
    PgRows *rows = NULL;
    if (!pg_query(pg, sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    const char *value = pg_value(rows, 0, 0);
    const bool locked = value != NULL && strcmp(value, "t") == 0;
    pg_rows_free(rows);
    if (!locked) {
        error_set(err, EK_BUSY, "another computer is backing up or restoring this database");
        return error_hint(err, "Try again when it is done.");
    }
    return true;
}

char *pg_identifier(const char *name)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addch(&sb, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"') {
            strbuf_addch(&sb, '"');
        }
        strbuf_addch(&sb, *name);
    }
    strbuf_addch(&sb, '"');
    return strbuf_detach(&sb);
}

char *pg_table_name(const char *schema, const char *name)
{
    char *left = pg_identifier(schema);
    char *right = pg_identifier(name);
    char *both = mem_printf("%s.%s", left, right);
    mem_free(left);
    mem_free(right);
    return both;
}

int pg_library_version(void)
{
    return PQlibVersion();
}
