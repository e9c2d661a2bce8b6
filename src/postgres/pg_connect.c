/*
 * pg_connect.c: from a Connection to libpq's own. A host's name is looked up by net_lookup, because libpq would wait
 * for the system's resolver however long that takes; libpq gets the addresses and, for the certificate, the name.
 */
#include "pg_connect.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "pglibrary.h"
#include "platform/clock.h"
#include "platform/netwait.h"
#include "platform/roots.h"
#include "postgres/pg.h"
#include "postgres/standstill.h"

#define CONNECT_TRIES 3
#define LOOKUP_LIMIT_MS 10000u

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* The name as often as it has addresses: libpq wants pairs. Caller frees. */
static char *repeated(const char *host, const char *addresses)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    strbuf_addstr(&sb, host);
    for (const char *comma = strchr(addresses, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        strbuf_addf(&sb, ",%s", host);
    }
    return strbuf_detach(&sb);
}

/* The addresses of the host, for libpq; NULL for a socket's folder. */
static bool look_up(const Connection *connection, const Cancel *cancel, char **addresses, bool *passing, Error *err)
{
    const char *host = connection_host(connection);
    char *text = NULL;
    char *words = NULL;
    if (host[0] == '/' || host[0] == '@') {
        *addresses = NULL;
        return true;
    }
    switch (net_lookup(host, LOOKUP_LIMIT_MS, cancel, &text)) {
    case NET_FOUND:
        *addresses = text;
        return true;
    case NET_STOPPED:
        return error_set(err, EK_CANCELLED, "stopped while connecting to the server");
    case NET_TIMED_OUT:
        text = mem_strdup("temporary failure in name resolution");
        break;
    case NET_NOT_FOUND: break;
    }
    words = mem_printf("could not translate host name \"%s\" to address: %s", host, text);
    pg_explain_connect(connection, words, passing, err);
    mem_free(words);
    mem_free(text);
    return false;
}

static bool connect_to(const Connection *connection, const char *host, const char *addresses, const Cancel *cancel,
                       PGconn **out, bool *passing, Error *err)
{
    enum { KEYWORDS = 20 };
    const char *names[KEYWORDS + 1];
    const char *values[KEYWORDS + 1];
    size_t count = 0;
#define ADD(name, value) (names[count] = (name), values[count] = (value), count++)
    ADD("host", host);
    ADD("hostaddr", addresses);
    ADD("port", connection_port(connection));
    ADD("user", connection->user);
    ADD("dbname", connection_database(connection));
    ADD("password", secret_is_set(&connection->password) ? connection->password.bytes : NULL);
    ADD("sslmode", connection_sslmode(connection));
    ADD("sslrootcert", connection->sslrootcert);
    ADD("channel_binding", connection->channel_binding);
    ADD("require_auth", connection_require_auth(connection));
    ADD("options", connection->options);
    ADD("passfile", connection->passfile);
    ADD("client_encoding", "UTF8");
    ADD("application_name", connection->session != NULL ? connection->session : PG_SESSION_PREFIX);
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
    const unsigned limit = standstill_seconds(PG_CONNECT_SECONDS);
    const uint64_t end =
        clock_monotonic_ms() + 1000u * (uint64_t)(limit < PG_CONNECT_SECONDS ? limit : PG_CONNECT_SECONDS);
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

bool pg_connect_once(const Connection *connection, const Cancel *cancel, PGconn **out, bool *passing, Error *err)
{
    char *addresses = NULL;
    *passing = false;
    if (!pglibrary_ready(err)) {
        return false;
    }
    if (!look_up(connection, cancel, &addresses, passing, err)) {
        return false;
    }
    char *host = repeated(connection_host(connection), addresses == NULL ? "" : addresses);
    const bool ok = connect_to(connection, host, addresses, cancel, out, passing, err);
    mem_free(host);
    mem_free(addresses);
    return ok;
}

bool pg_connect_raw(const Connection *connection, const Cancel *cancel, PGconn **out, Error *err)
{
    bool renewed = false;
    for (int attempt = 1;; attempt++) {
        Error why = ERROR_INIT;
        bool passing = false;
        if (pg_connect_once(connection, cancel, out, &passing, &why)) {
            return true;
        }
        if (why.detail != NULL && strstr(why.detail, "certificate verify failed") != NULL && !renewed) {
            renewed = true;
            roots_fetch(connection->sslrootcert, connection_host(connection), connection_port(connection), cancel);
            if (roots_renew(connection->sslrootcert)) {
                error_clear(&why);
                continue;
            }
        }
        if (!passing || attempt == CONNECT_TRIES) {
            return error_move(err, &why);
        }
        error_clear(&why);
        if (cancel_wait(cancel, attempt == 1 ? 1000 : 3000)) {
            return error_set(err, EK_CANCELLED, "stopped while connecting to the server");
        }
    }
}
