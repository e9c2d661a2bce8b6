#include "test_util.h"

#include "dead_server.h"
#include "platform/cancel.h"
#include "platform/clock.h"
#include "postgres/pg.h"

typedef struct ConnectCase {
    const char *words;   /* what libpq says */
    ErrorKind kind;
    bool passing;        /* for a host elsewhere */
    const char *message;
} ConnectCase;

static const ConnectCase connect_cases[] = {
    {"connection to server at \"db.example.org\" (203.0.113.5), port 5433 failed: FATAL:  28P01: password "
     "authentication failed for user \"ann\"\nLOCATION:  auth_failed, auth.c:321\n",
     EK_REFUSED, false, "the server refused the password of user \"ann\""},
    {"connection to server at \"db.example.org\" (203.0.113.5), port 5433 failed: FATAL:  28P01: "
     "Passwort-Authentifizierung für Benutzer »ann« fehlgeschlagen\n",
     EK_REFUSED, false, "the server refused the password of user \"ann\""},
    {"failed: FATAL:  28000: role \"ann\" does not exist\n", EK_REFUSED, false,
     "there is no user \"ann\" on the server"},
    {"failed: FATAL:  28000: role \"ann\" is not permitted to log in\n", EK_REFUSED, false,
     "user \"ann\" may not log in on the server"},
    {"failed: FATAL:  28000: no pg_hba.conf entry for host \"203.0.113.9\", user \"ann\", database \"cmms\", no "
     "encryption\n",
     EK_REFUSED, false, "the server does not let user \"ann\" into \"cmms\" from this computer"},
    {"failed: FATAL:  3D000: database \"cmms\" does not exist\n", EK_REFUSED, false,
     "there is no database \"cmms\" on the server"},
    {"failed: FATAL:  55000: database \"cmms\" is not currently accepting connections\n", EK_CONNECT, false,
     "the database \"cmms\" lets nobody in"},
    {"failed: FATAL:  42501: permission denied for database \"cmms\"\nDETAIL:  User does not have CONNECT privilege.\n",
     EK_REFUSED, false, "user \"ann\" may not connect to the database \"cmms\""},
    {"failed: FATAL:  53300: sorry, too many clients already\n", EK_CONNECT, true,
     "the server has too many connections"},
    {"failed: FATAL:  57P03: the database system is starting up\n", EK_CONNECT, true,
     "the server is starting up or shutting down"},
    {"failed: FATAL:  57P01: terminating connection due to administrator command\n", EK_CONNECT, true,
     "the server ended the connection"},
    {"failed: ERROR:  XX000: The requested endpoint could not be found, or you don't have access to it.\n", EK_REFUSED,
     false, "Neon knows no endpoint for the server \"db.example.org\""},
    {"failed: ERROR:  password authentication failed for user 'ann'\n", EK_REFUSED, false,
     "the server refused the password of user \"ann\""},
    {"failed: ERROR:  XX000: Your account or project has exceeded the data transfer quota. Upgrade your plan.\n",
     EK_REFUSED, false, "the Neon project has used up its data transfer"},
    {"failed: ERROR:  XX000: Your account or project has exceeded the quota. Upgrade your plan.\n", EK_REFUSED, false,
     "the Neon project has used up what its plan allows"},
    {"failed: ERROR:  XX000: The endpoint has been disabled. Enable it using Neon API and retry.\n", EK_REFUSED, false,
     "the Neon endpoint \"db.example.org\" is switched off"},
    {"failed: ERROR:  endpoint is disabled. Enable it using Neon API and retry.\n", EK_REFUSED, false,
     "the Neon endpoint \"db.example.org\" is switched off"},
    {"failed: FATAL:  0A000: conversion between UTF8 and MULE_INTERNAL is not supported\n", EK_REFUSED, false,
     "the text in the database \"cmms\" cannot be had as UTF-8 (its encoding is MULE_INTERNAL)"},
    {"failed: ERROR:  too many connections attempts, retry later\n", EK_CONNECT, true,
     "Neon had too many attempts to connect"},
    {"failed: ERROR:  unsupported startup parameter in options: statement_timeout\n", EK_REFUSED, false,
     "Neon's pooler does not take the options of this connection"},
    {"failed: authentication method requirement \"scram-sha-256\" failed: server requested a cleartext password\n",
     EK_REFUSED, false, "the server \"db.example.org\" asked for the password itself, which was not sent"},
    {"failed: authentication method requirement \"scram-sha-256\" failed: server requested a hashed password\n",
     EK_REFUSED, false,
     "the server \"db.example.org\" asked for the password in the old way (md5), which is too weak where its "
     "certificate is not checked"},
    {"failed: authentication method requirement \"scram-sha-256\" failed: server did not complete authentication\n",
     EK_REFUSED, false,
     "the server \"db.example.org\" lets user \"ann\" in without any password, so it may be another than you mean"},
    {"failed: ERROR:  XX000: Your account or project has exceeded the compute time quota. Upgrade your plan.\n",
     EK_REFUSED, false, "the Neon project has used up its compute time"},
    {"failed: ERROR:  Control plane request failed\n", EK_CONNECT, true, "Neon could not start the database"},
    {"failed: fe_sendauth: no password supplied\n", EK_REFUSED, false,
     "the server asks for the password of user \"ann\", and none is set"},
    {"could not translate host name \"db.example.org\" to address: Name or service not known\n", EK_CONNECT, false,
     "could not find the server \"db.example.org\""},
    {"could not translate host name \"db.example.org\" to address: Unknown host\n", EK_CONNECT, false,
     "could not find the server \"db.example.org\""},
    {"could not translate host name \"db.example.org\" to address: Temporary failure in name resolution\n", EK_CONNECT,
     true, "could not find the server \"db.example.org\""},
    {"failed: server certificate for \"*.example.com\" does not match host name \"db.example.org\"\n", EK_CONNECT,
     false, "the certificate of the server \"db.example.org\" was made for another name"},
    {"failed: SSL error: certificate verify failed\n", EK_CONNECT, false,
     "the certificate of the server \"db.example.org\" is not one that this computer trusts, or it has expired"},
    {"root certificate file \"/home/a/.postgresql/root.crt\" does not exist\nEither provide the file, use the system's "
     "trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification.\n",
     EK_CONNECT, false,
     "there is no file of trusted certificates with which to check the server \"db.example.org\""},
    {"failed: server does not support SSL, but SSL was required\n", EK_CONNECT, false,
     "the server \"db.example.org\" does not offer an encrypted connection"},
    {"failed: received invalid response to SSL negotiation: H\n", EK_CONNECT, false,
     "what answers at db.example.org port 5433 is not PostgreSQL"},
    {"failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n", EK_CONNECT,
     true, "nothing answers at db.example.org port 5433"},
    {"failed: Connection refused (0x0000274D/10061)\n", EK_CONNECT, true,
     "nothing answers at db.example.org port 5433"},
    {"failed: Verbindungsaufbau abgelehnt (0x0000274D/10061)\n", EK_CONNECT, true,
     "nothing answers at db.example.org port 5433"},
    {"timeout expired", EK_CONNECT, true, "db.example.org port 5433 did not answer in time"},
    {"failed: Connection timed out (0x0000274C/10060)\n", EK_CONNECT, true,
     "db.example.org port 5433 did not answer in time"},
    {"failed: Network is unreachable\n", EK_CONNECT, true, "there is no way through the network to db.example.org"},
    {"failed: server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n",
     EK_CONNECT, true, "the connection to db.example.org was lost"},
    {"failed: SSL connection has been closed unexpectedly\n", EK_CONNECT, true,
     "the connection to db.example.org was lost"},
    {"weak sslmode \"prefer\" may not be used with sslrootcert=system (use \"verify-full\")\n", EK_SETTINGS, false,
     "sslmode does not fit sslrootcert"},
    {"failed: something that nobody foresaw\n", EK_CONNECT, false, "could not connect to db.example.org port 5433"},
    {"", EK_CONNECT, false, "could not connect to db.example.org port 5433"}};

static void set_text(char **place, const char *text)
{
    mem_free(*place);
    *place = mem_strdup(text);
}

static void explains_failed_connections(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    set_text(&connection.host, "db.example.org");
    set_text(&connection.port, "5433");
    set_text(&connection.user, "ann");
    set_text(&connection.database, "cmms");
    for (size_t i = 0; i < TEST_COUNT(connect_cases); i++) {
        const ConnectCase *c = &connect_cases[i];
        Error err = ERROR_INIT;
        bool passing = !c->passing;
        assert_false(pg_explain_connect(&connection, c->words, &passing, &err));
        assert_non_null(err.hint);
        if (passing != c->passing) {
            print_error("passing is %d for: %s\n", passing, c->words);
            fail();
        }
        assert_error(&err, c->kind, c->message);
    }
    connection_release(&connection);
}

static void detail_is_one_line(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    Error err = ERROR_INIT;
    pg_explain_connect(&connection,
                       "connection failed: FATAL:  3D000: no such thing\r\n\tsecond\nLOCATION:  x, y.c:1\n\n", NULL,
                       &err);
    assert_string_equal(err.detail, "connection failed: FATAL:  3D000: no such thing; second");
    assert_true(pg_error_wants_database(&err));
    error_clear(&err);
    static const struct {
        const char *message;
        bool wants;
    } cases[] = {{"failed: FATAL:  55000: it is closed\n", true},
                 {"failed: FATAL:  28P01: no such password 3D000\n", false},
                 {"failed: Connection refused\n", false}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        pg_explain_connect(&connection, cases[i].message, NULL, &err);
        assert_int_equal(pg_error_wants_database(&err), cases[i].wants);
        error_clear(&err);
    }
    assert_false(pg_error_wants_database(&err));
    connection_release(&connection);
}

/* The words of a library are kept, but not shown in the one line that tells of the failure; what only they say is. */
static void raw_words_are_set_aside(void **state)
{
    (void)state;
    Connection connection;
    Error err = ERROR_INIT;
    connection_init(&connection);
    set_text(&connection.host, "db.example.org");
    pg_explain_connect(&connection, "failed: Connection refused (0x0000274D/10061)\n", NULL, &err);
    assert_string_equal(err.detail, "failed: Connection refused (0x0000274D/10061)");
    assert_text(error_text(&err), "nothing answers at db.example.org port 5432. Check the internet connection, the "
                                  "server's name and the port.");
    pg_explain_connect(&connection, "failed: something new\n", NULL, &err);
    assert_text(error_text(&err), "could not connect to db.example.org port 5432: failed: something new. Check the "
                                  "internet connection, the server's name and the port.");
    /* A server on this computer is not reached through the internet. */
    set_text(&connection.host, "127.0.0.1");
    pg_explain_connect(&connection, "failed: Connection refused\n", NULL, &err);
    assert_text(error_text(&err), "nothing answers at 127.0.0.1 port 5432. Check that the database server on this "
                                  "computer is running, and that the port is right.");
    pg_explain_statement(NULL, "server closed the connection unexpectedly\n", NULL, NULL, &err);
    assert_text(error_text(&err),
                "the connection to the server was lost. Check the internet connection and try again.");
    pg_fit_hint(true, &err);
    assert_text(error_text(&err), "the connection to the server was lost. Check that the database server on this "
                                  "computer is running, and that the port is right.");
    error_clear(&err);
    connection_release(&connection);
}

/* Of several addresses of one host the answer of a server counts more than a closed port. */
static void last_answer_counts(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    set_text(&connection.user, "ann");
    Error err = ERROR_INIT;
    bool passing = true;
    assert_fails(pg_explain_connect(&connection,
                                    "connection to server at \"localhost\" (::1), port 5432 failed: "
                                    "Connection refused\n"
                                    "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: "
                                    "FATAL:  28P01: password authentication failed for user \"ann\"\n",
                                    &passing, &err),
                 &err, EK_REFUSED, "the server refused the password of user \"ann\"");
    assert_false(passing);
    connection_release(&connection);
}

static void closed_loopback_port_is_final(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    set_text(&connection.host, "127.0.0.1");
    set_text(&connection.port, "1");
    Error err = ERROR_INIT;
    bool passing = true;
    assert_fails(pg_explain_connect(&connection, "failed: Connection refused\n", &passing, &err), &err, EK_CONNECT,
                 "nothing answers at 127.0.0.1 port 1");
    assert_false(passing);
    connection_release(&connection);
}

typedef struct StatementCase {
    const char *sqlstate, *words, *more;
    ErrorKind kind;
    const char *message, *detail;
} StatementCase;

static const StatementCase statement_cases[] = {
    {"42P01", "relation \"x\" does not exist", NULL, EK_REFUSED,
     "the server refused a statement: relation \"x\" does not exist", NULL},
    {"42501", "permission denied for table x", NULL, EK_REFUSED,
     "the server refused a statement: permission denied for table x", NULL},
    {"23505", "duplicate key", "Key (id)=(1) already exists.", EK_REFUSED,
     "the server refused a statement: duplicate key", "Key (id) already exists."},
    {"22P02", "invalid input syntax for type integer: \"SECRET\"", "SECRET", EK_REFUSED,
     "the server refused a statement: invalid input syntax for type integer: (not shown)", NULL},
    {"P0001", "a SECRET", "another SECRET", EK_REFUSED,
     "the server refused a statement: a function of the database ended it", NULL},
    {"53100", "could not extend file: No space left on device", NULL, EK_SPACE,
     "the disk of the database server is full", "could not extend file: No space left on device"},
    {"53200", "out of shared memory", NULL, EK_SPACE,
     "the database server has no room for what it was asked: out of shared memory", NULL},
    {"40P01", "deadlock detected", NULL, EK_BUSY, "another program and this one waited for each other",
     "deadlock detected"},
    {"55P03", "canceling statement due to lock timeout", NULL, EK_BUSY, "another program holds a lock that is needed",
     "canceling statement due to lock timeout"},
    {"57P01", "terminating connection due to administrator command", NULL, EK_CONNECT,
     "the connection to the server was lost", "terminating connection due to administrator command"},
    {"08006", "gone", NULL, EK_CONNECT, "the connection to the server was lost", "gone"},
    {NULL, "server closed the connection unexpectedly\n\tThis probably means\n", NULL, EK_CONNECT,
     "the connection to the server was lost", "server closed the connection unexpectedly; This probably means"},
    {"", NULL, NULL, EK_CONNECT, "the connection to the server was lost", NULL}};

static void explains_failed_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(statement_cases); i++) {
        const StatementCase *c = &statement_cases[i];
        Error err = ERROR_INIT;
        assert_false(pg_explain_statement(c->sqlstate, c->words, c->more, NULL, &err));
        if (c->detail == NULL) {
            assert_null(err.detail);
        } else {
            assert_string_equal(err.detail, c->detail);
        }
        assert_error(&err, c->kind, c->message);
    }
}

static void quotes_names(void **state)
{
    (void)state;
    assert_text(pg_identifier("equipment"), "\"equipment\"");
    assert_text(pg_identifier("Name with \"quotes\""), "\"Name with \"\"quotes\"\"\"");
    assert_text(pg_identifier(""), "\"\"");
    assert_text(pg_table_name("public", "a.b"), "\"public\".\"a.b\"");
}

static void refuses_a_closed_port_at_once(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    set_text(&connection.host, "127.0.0.1");
    set_text(&connection.port, "1");
    set_text(&connection.user, "ann");
    secret_set(&connection.password, "hunter2", 7);
    Pg *pg = NULL;
    Error err = ERROR_INIT;
    assert_false(pg_connect(&connection, NULL, &pg, &err));
    assert_null(pg);
    assert_null(strstr(err.detail, "hunter2"));
    assert_error(&err, EK_CONNECT, "nothing answers at 127.0.0.1 port 1");
    connection_release(&connection);
}

static void stops_before_it_connects(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    set_text(&connection.host, "127.0.0.1");
    set_text(&connection.port, "1");
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    Pg *pg = NULL;
    Error err = ERROR_INIT;
    assert_fails(pg_connect(&connection, cancel, &pg, &err), &err, EK_CANCELLED,
                 "stopped while connecting to the server");
    cancel_free(cancel);
    connection_release(&connection);
}

/* A session whose network dies; *took: how long `ask` waited then. */
static bool on_a_dead_network(bool (*ask)(Pg *pg, const DeadServer *server, Error *err), uint64_t *took, Error *err)
{
    DeadServer *server = dead_server_new(true);
    Connection connection = dead_server_connection(server);
    Pg *pg = NULL;
    assert_ok(pg_connect(&connection, NULL, &pg, err), err);
    assert_string_equal(pg_server_version_text(pg), "17.0");
    const uint64_t began = clock_monotonic_ms();
    const bool ok = ask(pg, server, err);
    *took = clock_monotonic_ms() - began;
    pg_close(pg);
    connection_release(&connection);
    dead_server_free(server);
    return ok;
}

static bool does_it_answer(Pg *pg, const DeadServer *server, Error *err)
{
    (void)server;
    (void)err;
    return pg_answers(pg);
}

static bool does_it_answer_again(Pg *pg, const DeadServer *server, Error *err)
{
    return does_it_answer(pg, server, err) || pg_answers(pg);
}

static bool end_sessions(Pg *pg, const DeadServer *server, Error *err)
{
    (void)server;
    (void)err;
    pg_end_sessions_quickly(pg, "0badcafe");
    return true;
}

static bool query_until_stopped(Pg *pg, const DeadServer *server, Error *err)
{
    return pg_query(pg, "SELECT 1", NULL, 0, server->stop, NULL, err);
}

/* A short question takes a second, and none where one was given up before; a stop is followed within two, and one more
 * when a machine is busy. */
static void dead_network_takes_no_time(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    uint64_t took;
    assert_false(on_a_dead_network(does_it_answer, &took, &err));
    assert_true(took >= 1000 && took < test_limit_ms(2000));
    assert_false(on_a_dead_network(does_it_answer_again, &took, &err));
    assert_true(took < test_limit_ms(2000));
    assert_true(on_a_dead_network(end_sessions, &took, &err));
    assert_true(took < test_limit_ms(2000));
    assert_fails(on_a_dead_network(query_until_stopped, &took, &err), &err, EK_CANCELLED, "stopped at your request");
    assert_true(took < test_limit_ms(3000));
    pg_end_sessions_quickly(NULL, "0badcafe"); /* a job that failed before it connected */
}

static void library_is_new_enough(void **state)
{
    (void)state;
    assert_true(pg_library_version() >= 170000); /* PQcancelCreate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_failed_connections), cmocka_unit_test(detail_is_one_line),
        cmocka_unit_test(raw_words_are_set_aside),
        cmocka_unit_test(last_answer_counts),          cmocka_unit_test(closed_loopback_port_is_final),
        cmocka_unit_test(explains_failed_statements),  cmocka_unit_test(quotes_names),
        cmocka_unit_test(refuses_a_closed_port_at_once), cmocka_unit_test(stops_before_it_connects),
        cmocka_unit_test(dead_network_takes_no_time),  cmocka_unit_test(library_is_new_enough)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
