/*
 * pg_errors.c: what libpq and the server say, in words for a person.
 *
 * Connecting is done with PQERRORS_VERBOSE, so that the SQLSTATE stands in the message ("FATAL:  28P01: …"): it
 * is the same in every language, the words are not. Where libpq itself fails (no server, no TLS) there is no
 * SQLSTATE; its own messages are English, because this program never sets a message locale. The table is read
 * from top to bottom and the first row that fits wins.
 */
#include "postgres/pg.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/machine.h"
#include "postgres/redact.h"

typedef enum Passing { PASSING_NO, PASSING_YES, PASSING_UNLESS_LOOPBACK } Passing;

typedef struct Explanation {
    const char *sqlstate; /* NULL: any or none */
    const char *words;    /* must be in the message; NULL: no matter */
    ErrorKind kind;
    Passing passing;
    const char *message; /* {host} {port} {user} {database} are filled in */
    const char *hint;
} Explanation;

static const char hint_network[] = "Check the internet connection, the server's name and the port.";
static const char hint_local[] =
    "Check that the database server on this computer is running, and that the port is right.";
static const char hint_password[] = "Check the user name and the password.";
static const char message_disabled[] = "the Neon endpoint \"{host}\" is switched off";
static const char hint_disabled[] = "Enable the endpoint in Neon's console.";
static const char hint_plan[] = "Wait for the next month or choose a larger plan in Neon's console.";
static const char hint_wait[] = "Wait a minute and try again.";
static const char hint_certificate[] =
    "Check the server's name. If it is right, somebody may be listening in: ask your IT administrator.";

static const char no_password_words[] = "no password supplied"; /* libpq's own, in English */

static const Explanation explanations[] = {
    {"28P01", NULL, EK_REFUSED, PASSING_NO, "the server refused the password of user \"{user}\"", hint_password},
    {"28000", "pg_hba.conf", EK_REFUSED, PASSING_NO,
     "the server does not let user \"{user}\" into \"{database}\" from this computer",
     "Ask the administrator of the server to allow this computer, or check whether it demands encryption (sslmode)."},
    {"28000", "is not permitted to log in", EK_REFUSED, PASSING_NO, "user \"{user}\" may not log in on the server",
     "Use another user, or ask the administrator of the server."},
    {"28000", "does not exist", EK_REFUSED, PASSING_NO, "there is no user \"{user}\" on the server", hint_password},
    {"28000", NULL, EK_REFUSED, PASSING_NO, "the server refused user \"{user}\"", hint_password},
    {"3D000", NULL, EK_REFUSED, PASSING_NO, "there is no database \"{database}\" on the server",
     "Check the name of the database. If the database was lost, restore it from a backup."},
    /* (While connecting it has no other meaning.) */
    {"55000", NULL, EK_CONNECT, PASSING_NO, "the database \"{database}\" lets nobody in",
     "Ask the administrator of the server who closed it."},
    {"53300", NULL, EK_CONNECT, PASSING_YES, "the server has too many connections", hint_wait},
    {"57P03", NULL, EK_CONNECT, PASSING_YES, "the server is starting up or shutting down", hint_wait},
    {"57P01", NULL, EK_CONNECT, PASSING_YES, "the server ended the connection", hint_wait},
    {"57P02", NULL, EK_CONNECT, PASSING_YES, "the server ended the connection", hint_wait},
    {"42501", NULL, EK_REFUSED, PASSING_NO, "user \"{user}\" may not connect to the database \"{database}\"",
     "Ask the owner of the database for the right to connect."},
    {"0A000", "MULE_INTERNAL", EK_REFUSED, PASSING_NO,
     "the text in the database \"{database}\" cannot be had as UTF-8 (its encoding is MULE_INTERNAL)",
     "Move its data into a database of another encoding."},
    /* Neon's proxy, which answers in the server's stead. */
    {NULL, "endpoint could not be found", EK_REFUSED, PASSING_NO, "Neon knows no endpoint for the server \"{host}\"",
     "Compare the server's name with the one that Neon's console shows."},
    {NULL, "Endpoint ID is not specified", EK_REFUSED, PASSING_NO,
     "Neon cannot tell which endpoint is meant by the server \"{host}\"",
     "Compare the server's name with the one that Neon's console shows; or add options=endpoint%3D and the endpoint's "
     "ID to the connection string."},
    {NULL, "endpoint has been disabled", EK_REFUSED, PASSING_NO, message_disabled, hint_disabled},
    {NULL, "endpoint is disabled", EK_REFUSED, PASSING_NO, message_disabled, hint_disabled},
    {NULL, "compute time quota", EK_REFUSED, PASSING_NO, "the Neon project has used up its compute time", hint_plan},
    {NULL, "data transfer quota", EK_REFUSED, PASSING_NO, "the Neon project has used up its data transfer", hint_plan},
    {NULL, "xceeded the quota", EK_REFUSED, PASSING_NO, "the Neon project has used up what its plan allows", hint_plan},
    {NULL, "too many connections attempts", EK_CONNECT, PASSING_YES, "Neon had too many attempts to connect",
     hint_wait},
    {NULL, "unsupported startup parameter", EK_REFUSED, PASSING_NO,
     "Neon's pooler does not take the options of this connection",
     "Use the direct server's name, the one without \"-pooler\"."},
    {NULL, "ontrol plane request failed", EK_CONNECT, PASSING_YES, "Neon could not start the database", hint_wait},
    {NULL, "ouldn't connect to compute node", EK_CONNECT, PASSING_YES, "Neon could not start the database", hint_wait},
    {NULL, "password authentication failed", EK_REFUSED, PASSING_NO,
     "the server refused the password of user \"{user}\"", hint_password},
    /* libpq. */
    {NULL, no_password_words, EK_REFUSED, PASSING_NO,
     "the server asks for the password of user \"{user}\", and none is set", "Set the password of the connection."},
    /* require_auth, see connection_require_auth */
    {NULL, "server requested a cleartext password", EK_REFUSED, PASSING_NO,
     "the server \"{host}\" asked for the password itself, which was not sent",
     "Ask the administrator of the server to check passwords with scram-sha-256. If the server's name is wrong, "
     "somebody may be listening in."},
    {NULL, "server requested a hashed password", EK_REFUSED, PASSING_NO,
     "the server \"{host}\" asked for the password in the old way (md5), which is too weak where its certificate is "
     "not checked",
     "Ask the administrator of the server to check passwords with scram-sha-256, or let its certificate be checked "
     "(sslmode \"verify-full\")."},
    {NULL, "server did not complete authentication", EK_REFUSED, PASSING_NO,
     "the server \"{host}\" lets user \"{user}\" in without any password, so it may be another than you mean",
     "Ask the administrator of the server to demand a password (scram-sha-256)."},
    {NULL, "authentication method requirement", EK_REFUSED, PASSING_NO,
     "the server \"{host}\" checks passwords in a way that is not safe enough",
     "Ask the administrator of the server to check passwords with scram-sha-256."},
    {NULL, "emporary failure in name resolution", EK_CONNECT, PASSING_YES, "could not find the server \"{host}\"",
     "Check the internet connection."},
    {NULL, "temporary error during hostname resolution", EK_CONNECT, PASSING_YES,
     "could not find the server \"{host}\"", "Check the internet connection."},
    {NULL, "could not translate host name", EK_CONNECT, PASSING_NO, "could not find the server \"{host}\"",
     "Check the server's name and the internet connection."},
    {NULL, "does not match host name", EK_CONNECT, PASSING_NO,
     "the certificate of the server \"{host}\" was made for another name", hint_certificate},
    {NULL, "certificate verify failed", EK_CONNECT, PASSING_NO,
     "the certificate of the server \"{host}\" is not one that this computer trusts, or it has expired",
     "Check the date and time of this computer and the server's name. If they are right, somebody may be listening in: "
     "ask your IT administrator."},
    {NULL, "root certificate file", EK_CONNECT, PASSING_NO,
     "there is no file of trusted certificates with which to check the server \"{host}\"",
     "Set sslrootcert to such a file, or leave it out: then the system's are used."},
    {NULL, "certificate", EK_CONNECT, PASSING_NO, "the certificate of the server \"{host}\" could not be checked",
     hint_certificate},
    {NULL, "server does not support SSL", EK_CONNECT, PASSING_NO,
     "the server \"{host}\" does not offer an encrypted connection",
     "Check the server's name and the port. Only a server on a network that you trust may be used without encryption, "
     "with the setting sslmode \"prefer\"."},
    {NULL, "channel binding", EK_CONNECT, PASSING_NO,
     "the server \"{host}\" could not bind the password to the encrypted connection",
     "Set channel_binding to \"prefer\" if the server is old, else ask your IT administrator."},
    {NULL, "weak sslmode", EK_SETTINGS, PASSING_NO, "sslmode does not fit sslrootcert",
     "Set sslmode to \"verify-full\"."},
    {NULL, "sslmode", EK_SETTINGS, PASSING_NO, "the connection's sslmode cannot be used",
     "Use one of disable, prefer, require, verify-ca and verify-full."},
    {NULL, "invalid port number", EK_SETTINGS, PASSING_NO, "the port \"{port}\" is not a number from 1 to 65535",
     "Correct the port of the connection; PostgreSQL's own is 5432."},
    {NULL, "invalid integer value", EK_SETTINGS, PASSING_NO, "the port \"{port}\" is not a number from 1 to 65535",
     "Correct the port of the connection; PostgreSQL's own is 5432."},
    {NULL, "invalid response to SSL negotiation", EK_CONNECT, PASSING_NO,
     "what answers at {host} port {port} is not PostgreSQL", hint_network},
    {NULL, "expected authentication request from server", EK_CONNECT, PASSING_NO,
     "what answers at {host} port {port} is not PostgreSQL", hint_network},
    {NULL, "unsupported frontend protocol", EK_CONNECT, PASSING_NO,
     "what answers at {host} port {port} is not PostgreSQL", hint_network},
    {NULL, "Connection refused", EK_CONNECT, PASSING_UNLESS_LOOPBACK, "nothing answers at {host} port {port}",
     hint_network},
    {NULL, "10061", EK_CONNECT, PASSING_UNLESS_LOOPBACK, "nothing answers at {host} port {port}", hint_network},
    {NULL, "No such file or directory", EK_CONNECT, PASSING_NO, "nothing answers at {host} port {port}", hint_network},
    {NULL, "imeout expired", EK_CONNECT, PASSING_YES, "{host} port {port} did not answer in time", hint_network},
    {NULL, "timed out", EK_CONNECT, PASSING_YES, "{host} port {port} did not answer in time", hint_network},
    {NULL, "10060", EK_CONNECT, PASSING_YES, "{host} port {port} did not answer in time", hint_network},
    {NULL, "unreachable", EK_CONNECT, PASSING_YES, "there is no way through the network to {host}",
     "Check the internet connection."},
    {NULL, "No route to host", EK_CONNECT, PASSING_YES, "there is no way through the network to {host}",
     "Check the internet connection."},
    {NULL, "10051", EK_CONNECT, PASSING_YES, "there is no way through the network to {host}",
     "Check the internet connection."},
    {NULL, "10065", EK_CONNECT, PASSING_YES, "there is no way through the network to {host}",
     "Check the internet connection."},
    {NULL, "closed the connection unexpectedly", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, "connection has been closed unexpectedly", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, "could not receive data from server", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, "could not send data to server", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, "SSL SYSCALL error", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, "onnection reset", EK_CONNECT, PASSING_YES, "the connection to {host} was lost",
     "Check the internet connection and try again."},
    {NULL, NULL, EK_CONNECT, PASSING_NO, "could not connect to {host} port {port}", hint_network}};

static bool state_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/* The SQLSTATE of the last "FATAL:  XXXXX: " in a message: several addresses of one host may each have had an
 * answer, and a server's answer says more than a closed port. */
static bool find_sqlstate(const char *message, char state[6])
{
    bool found = false;
    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        size_t len = 0;
        while (len < 5 && state_char(code[len])) {
            len++;
        }
        if (len == 5 && code[5] == ':' && code[6] == ' ') {
            memcpy(state, code, 5);
            state[5] = '\0';
            found = true;
        }
    }
    return found;
}

static void fill(StrBuf *sb, const char *form, const Connection *connection)
{
    char *system_user = NULL;
    while (*form != '\0') {
        const char *open = strchr(form, '{');
        const char *close = open == NULL ? NULL : strchr(open, '}');
        if (close == NULL) {
            strbuf_addstr(sb, form);
            break;
        }
        strbuf_add(sb, form, (size_t)(open - form));
        const char *user = connection->user;
        if (user == NULL) {
            if (system_user == NULL) {
                system_user = machine_user_name();
            }
            user = system_user == NULL ? "" : system_user;
        }
        const char *database = connection_database(connection);
        if (strncmp(open, "{host}", 6) == 0) {
            strbuf_addstr(sb, connection_host(connection));
        } else if (strncmp(open, "{port}", 6) == 0) {
            strbuf_addstr(sb, connection_port(connection));
        } else if (strncmp(open, "{user}", 6) == 0) {
            strbuf_addstr(sb, user);
        } else {
            strbuf_addstr(sb, database == NULL ? user : database);
        }
        form = close + 1;
    }
    mem_free(system_user);
}

bool pg_explain_connect(const Connection *connection, const char *message, bool *passing, Error *err)
{
    char state[6] = "";
    const bool has_state = find_sqlstate(message, state);
    const Explanation *row = explanations;
    while ((row->sqlstate != NULL && !(has_state && strcmp(row->sqlstate, state) == 0)) ||
           (row->words != NULL && strstr(message, row->words) == NULL)) {
        row++; /* the last row fits everything */
    }
    if (passing != NULL) {
        *passing = row->passing == PASSING_YES ||
                   (row->passing == PASSING_UNLESS_LOOPBACK && !connection_is_loopback(connection));
    }
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    fill(&text, row->message, connection);
    char *detail = redact_words(message);
    error_set(err, row->kind, "%s", text.buf);
    if (detail[0] != '\0') {
        error_detail(err, "%s", detail);
    }
    error_hint(err, "%s", row->hint);
    if (err != NULL) {
        err->aside = row->sqlstate != NULL || row->words != NULL; /* the catch-all's message says nothing */
    }
    mem_free(detail);
    strbuf_release(&text);
    return pg_fit_hint(connection_is_loopback(connection), err);
}

bool pg_fit_hint(bool loopback, Error *err)
{
    if (loopback && err != NULL && err->hint != NULL && strstr(err->hint, "internet connection") != NULL) {
        error_hint(err, "%s", hint_local);
    }
    return false;
}

bool pg_error_wants_password(const Error *err)
{
    return err->kind == EK_REFUSED && err->detail != NULL && strstr(err->detail, no_password_words) != NULL;
}

bool pg_error_wants_database(const Error *err)
{
    char state[6] = "";
    return err->detail != NULL && find_sqlstate(err->detail, state) &&
           (strcmp(state, "3D000") == 0 || strcmp(state, "55000") == 0);
}

/* The server's words for a failed statement. A function of the database (RAISE, ASSERT: class P0) may say anything. */
static char *statement_words(const char *sqlstate, const char *message)
{
    const bool raised = sqlstate != NULL && strncmp(sqlstate, "P0", 2) == 0;
    return raised ? mem_strdup("a function of the database ended it") : redact_words(message == NULL ? "" : message);
}

/* DETAIL and HINT come without their labels; they are read as what they are. Where the message was cut already, they
 * may be the rest of the value. */
static char *more_words(const char *sqlstate, const char *line, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0' || (sqlstate != NULL && strncmp(sqlstate, "P0", 2) == 0) ||
        strstr(line, redact_mark) != NULL) {
        return NULL;
    }
    char *labelled = mem_printf("%s%s", label, text);
    char *words = redact_words(labelled);
    char *more = mem_strdup(words + strlen(label));
    mem_free(words);
    mem_free(labelled);
    return more;
}

bool pg_explain_statement(const char *sqlstate, const char *message, const char *detail, const char *hint, Error *err)
{
    const char *our_hint = NULL;
    bool is_lost = false;
    char *line = statement_words(sqlstate, message);
    char *more = more_words(sqlstate, line, "DETAIL:  ", detail);
    char *server_hint = more_words(sqlstate, line, "HINT:  ", hint);
    if (sqlstate == NULL || sqlstate[0] == '\0' || strncmp(sqlstate, "08", 2) == 0 || strcmp(sqlstate, "57P01") == 0 ||
        strcmp(sqlstate, "57P02") == 0 || strcmp(sqlstate, "57P03") == 0) {
        error_set(err, EK_CONNECT, "the connection to the server was lost");
        our_hint = "Check the internet connection and try again.";
        is_lost = true;
    } else if (strcmp(sqlstate, "53100") == 0) {
        error_set(err, EK_SPACE, "the disk of the database server is full");
        our_hint = "Make room on the server, or choose a larger plan.";
    } else if (strncmp(sqlstate, "53", 2) == 0) { /* memory, places for locks: its own hint names the setting */
        error_set(err, EK_SPACE, "the database server has no room for what it was asked: %s", line);
        line[0] = '\0';
    } else if (strcmp(sqlstate, "55P03") == 0) {
        error_set(err, EK_BUSY, "another program holds a lock that is needed");
        our_hint = "Try again when the other program is done.";
    } else if (strcmp(sqlstate, "40P01") == 0) {
        error_set(err, EK_BUSY, "another program and this one waited for each other");
        our_hint = "Try again when the other program is done.";
    } else if (strcmp(sqlstate, "42501") == 0) {
        error_set(err, EK_REFUSED, "the server refused a statement: %s", line);
        our_hint = "Use a user with more rights, or ask the owner of the database for this one.";
        line[0] = '\0';
    } else {
        error_set(err, EK_REFUSED, "the server refused a statement: %s", line);
        line[0] = '\0';
    }
    if (more != NULL) {
        error_detail(err, "%s%s%s", line, line[0] == '\0' ? "" : "; ", more);
    } else if (line[0] != '\0') {
        error_detail(err, "%s", line);
    }
    if (err != NULL) {
        err->aside = is_lost;
    }
    if (our_hint != NULL) {
        error_hint(err, "%s", our_hint);
    } else if (server_hint != NULL) {
        error_hint(err, "%s", server_hint);
    }
    mem_free(server_hint);
    mem_free(more);
    mem_free(line);
    return false;
}
