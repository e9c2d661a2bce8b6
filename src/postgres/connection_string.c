/*
 * connection_string.c: connection strings, read as libpq reads them; what people paste around them is
 * connection_paste.c's.
 *
 * Errors name a part by its keyword and never quote a value: people paste passwords that hold @ : / or spaces, and a
 * piece of such a password then stands where a host, a port or a keyword should be.
 */
#include "postgres/connection.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "connection_private.h"

#define PERCENT_HINT "Characters such as @ : / ? # and %% in the user name or password are written in percent form " \
                     "(@ is %%40)."
#define PORT_HINT "Write it as a number behind the host (host:5432), or leave it out: then it is 5432."

/* --- parts --------------------------------------------------------------------------------------------- */

static bool set_host(Connection *connection, const char *value, Error *err)
{
    if (strchr(value, ',')) {
        error_set(err, EK_USAGE, "the connection string names more than one host");
        return error_hint(err, "Name the one server whose database is to be backed up.");
    }
    if (!connection_is_host(value)) {
        error_set(err, EK_USAGE, "the host in the connection string is not a host's name");
        return error_hint(err, PERCENT_HINT);
    }
    connection_set(&connection->host, value);
    connection->pooler_removed = false;
    return true;
}

static bool set_port(Connection *connection, const char *value, Error *err)
{
    if (*value && !connection_is_port(value)) {
        error_set(err, EK_USAGE, "the port in the connection string is not a number from 1 to 65535");
        return error_hint(err, PORT_HINT);
    }
    connection_set(&connection->port, value);
    return true;
}

static bool set_name(char **place, const char *value, const char *what, Error *err)
{
    if (!connection_is_name(value)) {
        error_set(err, EK_USAGE, "the %s in the connection string is not a name", what);
        return error_hint(err, PERCENT_HINT);
    }
    connection_set(place, value);
    return true;
}

static bool set_user(Connection *connection, const char *value, Error *err)
{
    return set_name(&connection->user, value, "user", err);
}

static bool set_database(Connection *connection, const char *value, Error *err)
{
    return set_name(&connection->database, value, "database", err);
}

static bool set_password(Connection *connection, const char *value, Error *err)
{
    (void)err;
    if (*value) {
        secret_set(&connection->password, value, strlen(value));
    } else {
        secret_release(&connection->password);
    }
    return true;
}

static bool set_sslmode(Connection *connection, const char *value, Error *err)
{
    if (!strcmp(value, "no-verify")) { /* node-postgres' word */
        value = "require";
    }
    if (*value && !connection_is_sslmode(value)) {
        return error_set(err, EK_USAGE, "sslmode in the connection string must be disable, allow, prefer, require, "
                                        "verify-ca or verify-full");
    }
    connection_set(&connection->string_sslmode, value);
    if (!strcmp(value, "verify-full")) {
        connection_set_sslmode(connection, NULL, NULL); /* an earlier source's weaker word does not stand against it */
    }
    return true;
}

/* "ssl=true", as JDBC writes it and libpq understands it; SQLAlchemy's asyncpg has "ssl=require". */
static bool set_ssl(Connection *connection, const char *value, Error *err)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "1") != 0 && strcmp(value, "require") != 0) {
        return error_set(err, EK_USAGE, "ssl in the connection string can only be true");
    }
    return set_sslmode(connection, "require", err);
}

static bool set_sslrootcert(Connection *connection, const char *value, Error *err)
{
    if (!connection_is_name(value)) { /* libpq tells the file's name when it is not there */
        return error_set(err, EK_USAGE, "sslrootcert in the connection string is not a file's name");
    }
    connection_set(&connection->sslrootcert, value);
    return true;
}

static bool set_channel_binding(Connection *connection, const char *value, Error *err)
{
    if (*value && !connection_is_channel_binding(value)) {
        return error_set(err, EK_USAGE,
                         "channel_binding in the connection string must be disable, prefer or require");
    }
    connection_set(&connection->channel_binding, value);
    return true;
}

static bool set_options(Connection *connection, const char *value, Error *err)
{
    (void)err;
    connection_set(&connection->options, value);
    return true;
}

/* libpq's keywords, and what other libraries add to an address (Prisma, JDBC, node-postgres, Supabase). Those without
 * a setter change nothing that matters here and are passed over; those that are not listed would change to whom or how
 * we connect, so they are refused. */
static const struct Keyword {
    const char *name;
    bool (*set)(Connection *connection, const char *value, Error *err);
} keywords[] = {
    {"host", set_host},
    {"port", set_port},
    {"user", set_user},
    {"dbname", set_database},
    {"password", set_password},
    {"sslmode", set_sslmode},
    {"ssl", set_ssl},
    {"sslrootcert", set_sslrootcert},
    {"channel_binding", set_channel_binding},
    {"options", set_options},
    {"application_name", NULL},
    {"fallback_application_name", NULL},
    {"client_encoding", NULL},
    {"connect_timeout", NULL},
    {"gssencmode", NULL},
    {"keepalives", NULL},
    {"keepalives_count", NULL},
    {"keepalives_idle", NULL},
    {"keepalives_interval", NULL},
    {"load_balance_hosts", NULL},
    {"sslcompression", NULL},
    {"sslnegotiation", NULL},
    {"sslsni", NULL},
    {"target_session_attrs", NULL},
    {"tcp_user_timeout", NULL},
    {"ApplicationName", NULL},
    {"binaryTransfer", NULL},
    {"command_timeout", NULL},
    {"connection_limit", NULL},
    {"connectTimeout", NULL},
    {"currentSchema", NULL},
    {"loginTimeout", NULL},
    {"max_idle_connection_lifetime", NULL},
    {"pgbouncer", NULL},
    {"pool_timeout", NULL},
    {"prepareThreshold", NULL},
    {"prepared_statement_cache_size", NULL},
    {"reWriteBatchedInserts", NULL},
    {"schema", NULL},
    {"search_path", NULL},
    {"single_use_connections", NULL},
    {"socketTimeout", NULL},
    {"socket_timeout", NULL},
    {"sslaccept", NULL},
    {"statement_cache_size", NULL},
    {"supa", NULL},
    {"tcpKeepAlive", NULL},
    {"uselibpqcompat", NULL},
    {"workaround", NULL},
};

static const struct Keyword *find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!strcmp(keywords[i].name, name)) {
            return &keywords[i];
        }
    }
    return NULL;
}

bool connection_set_part(Connection *connection, const char *name, const char *value, bool tell, Error *err)
{
    const struct Keyword *keyword = find_keyword(name);
    if (keyword) {
        return !keyword->set || keyword->set(connection, value, err);
    }
    size_t len = strlen(name);
    if (tell && len >= 1 && len <= 40 && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == len) {
        return error_set(err, EK_USAGE, "the connection string's \"%s\" is not supported", name);
    }
    return error_set(err, EK_USAGE, "the connection string has a part that is not known");
}

/* --- URI ----------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes percent form. *out is the caller's, to be freed with secret_free_text. */
static bool decode(const char *text, size_t len, const char *part, char **out, Error *err)
{
    char *decoded = mem_alloc(len + 1);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            decoded[at++] = text[i];
            continue;
        }
        int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0 || high * 16 + low == 0) {
            goto bad;
        }
        decoded[at++] = (char)(unsigned char)(high * 16 + low);
        i += 2;
    }
    if (!utf8_valid(decoded, at)) {
        goto bad;
    }
    *out = decoded;
    return true;
bad:
    secret_wipe(decoded, len);
    mem_free(decoded);
    error_set(err, EK_USAGE, "the %s in the connection string has a wrong percent form", part);
    return error_hint(err, "A percent sign itself is written %%25.");
}

static bool set_decoded(Connection *connection, const char *name, const char *part, const char *text, size_t len,
                        bool tell, Error *err)
{
    char *value = NULL;
    if (!decode(text, len, part, &value, err)) {
        return false;
    }
    bool ok = connection_set_part(connection, name, value, tell, err);
    secret_free_text(value);
    return ok;
}

static bool parse_user_info(Connection *connection, const char *text, size_t len, Error *err)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;
    return (!user_len || set_decoded(connection, "user", "user name", text, user_len, true, err)) &&
           (!colon || set_decoded(connection, "password", "password", colon + 1, len - user_len - 1, true,
                                   err));
}

static bool parse_host_port(Connection *connection, const char *text, size_t len, Error *err)
{
    const char *host = text, *end = text + len, *rest;
    size_t host_len;
    if (len && *text == '[') {
        const char *bracket = memchr(text, ']', len);
        if (!bracket) {
            return error_set(err, EK_USAGE, "the connection string's \"[\" has no \"]\" after it");
        }
        host = text + 1;
        host_len = (size_t)(bracket - host);
        rest = bracket + 1;
    } else {
        rest = memchr(text, ':', len);
        rest = rest ? rest : end;
        host_len = (size_t)(rest - text);
    }
    if (host_len && !set_decoded(connection, "host", "host", host, host_len, true, err)) {
        return false;
    }
    if (rest == end) {
        return true;
    }
    if (*rest != ':') {
        error_set(err, EK_USAGE, "the host in the connection string is not a host's name");
        return error_hint(err, PERCENT_HINT);
    }
    rest++;
    return rest == end || set_decoded(connection, "port", "port", rest, (size_t)(end - rest), true, err);
}

static bool parse_query(Connection *connection, const char *text, Error *err)
{
    bool after_password = false; /* and so perhaps in it, if it holds an & */
    while (*text) {
        size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        if (!equals || equals == text) {
            return error_set(err, EK_USAGE, "a part after the \"?\" of the connection string has no name or no value");
        }
        char *name = mem_strndup(text, (size_t)(equals - text));
        bool ok = set_decoded(connection, name, find_keyword(name) ? name : "part", equals + 1,
                              len - (size_t)(equals + 1 - text), !after_password, err);
        after_password = after_password || !strcmp(name, "password");
        mem_free(name);
        if (!ok) {
            return false;
        }
        text += len;
        text += *text == '&';
    }
    return true;
}

/* What follows "postgresql://". */
bool connection_parse_uri(Connection *connection, const char *text, Error *err)
{
    /* The user's part ends at the first @ before a slash, as in libpq. Where the host then holds another @, libpq
     * gives up; we take it for one in the password, which people forget to write as %40. */
    size_t to_slash = strcspn(text, "/");
    const char *at = memchr(text, '@', to_slash), *more;
    while (at && (more = memchr(at + 1, '@', strcspn(at + 1, "/?"))) != NULL) {
        at = more;
    }
    const char *host = at ? at + 1 : text;
    size_t host_len = strcspn(host, "/?");
    if (at && !parse_user_info(connection, text, (size_t)(at - text), err)) {
        return false;
    }
    /* Before the host is looked at: this may be a password with a slash, whose start looks like host and port. */
    const char *path = host + host_len;
    size_t path_len = *path == '/' ? strcspn(path, "?") : 0;
    if (memchr(path, '@', path_len)) {
        error_set(err, EK_USAGE, "the connection string has an @ behind the slash of the database's name");
        return error_hint(err, PERCENT_HINT);
    }
    if (!parse_host_port(connection, host, host_len, err) ||
        (path_len > 1 && !set_decoded(connection, "dbname", "database", path + 1, path_len - 1, true, err))) {
        return false;
    }
    path += path_len;
    if (*path == '?' && !parse_query(connection, path + 1, err)) {
        return false;
    }
    if (!connection->host || !connection->user) {
        error_set(err, EK_USAGE, "the connection string names no %s", connection->host ? "user" : "host");
        return error_hint(err, "It has the form postgresql://user:password@host/database.");
    }
    return true;
}

/* --- keyword = value ----------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static const char *skip_space(const char *p)
{
    while (is_space(*p)) {
        p++;
    }
    return p;
}

/* Reads a value, quoted or not, into `value` (room for all of the text); NULL when its quote does not end. */
static const char *take_value(const char *p, char *value)
{
    bool quoted = *p == '\'';
    p += quoted;
    while (*p && (quoted ? *p != '\'' : !is_space(*p))) {
        if (*p == '\\' && p[1]) {
            p++;
        }
        *value++ = *p++;
    }
    *value = '\0';
    if (quoted && *p != '\'') {
        return NULL;
    }
    return p + quoted;
}

bool connection_parse_keywords(Connection *connection, const char *text, Error *err)
{
    size_t size = strlen(text) + 1, place = 0;
    char *name = mem_alloc(size), *value = mem_alloc(size);
    bool ok = true, after_password = false; /* and so perhaps in it, if it holds a space */
    for (const char *p = skip_space(text); ok && *p; p = skip_space(p)) {
        place++;
        size_t len = strcspn(p, "= \t\r\n\f\v");
        memcpy(name, p, len);
        name[len] = '\0';
        p = skip_space(p + len);
        if (*p != '=' || !len) {
            ok = error_set(err, EK_USAGE, "part %zu of the connection string is not of the form name=value", place);
            error_hint(err, "A value that holds a space stands in single quotes.");
            break;
        }
        p = skip_space(p + 1);
        bool quoted = *p == '\'';
        p = take_value(p, value);
        if (!p) {
            ok = error_set(err, EK_USAGE, "a quoted value in the connection string has no end");
            break;
        }
        ok = connection_set_part(connection, name, value, !after_password, err);
        after_password = after_password || (!quoted && !strcmp(name, "password"));
    }
    secret_wipe(name, size);
    secret_wipe(value, size);
    mem_free(name);
    mem_free(value);
    return ok;
}

/* --- for the tools ------------------------------------------------------------------------------------- */

static void add_percent_form(StrBuf *sb, const char *text)
{
    for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++) {
        bool plain = (*byte >= 'a' && *byte <= 'z') || (*byte >= 'A' && *byte <= 'Z') ||
                     (*byte >= '0' && *byte <= '9') || strchr("-._~", *byte) != NULL;
        if (plain) {
            strbuf_addch(sb, (char)*byte);
        } else {
            strbuf_addf(sb, "%%%02X", *byte);
        }
    }
}

char *connection_tool_string(const Connection *connection)
{
    const char *database = connection_database(connection);
    if (database == NULL) {
        return NULL;
    }
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    strbuf_addstr(&sb, "postgresql:///");
    add_percent_form(&sb, database);
    if (connection->user != NULL) {
        strbuf_addstr(&sb, "?user=");
        add_percent_form(&sb, connection->user);
    }
    return strbuf_detach(&sb);
}
