/*
 * connection.c: where the database is, from the environment, and the environment of the tools. Connection strings are
 * read in connection_string.c, what the user has saved in userprofile.c.
 */
#include "postgres/connection.h"

#include "base/mem.h"
#include "base/utf.h"
#include "connection_private.h"
#include "platform/machine.h"
#include "platform/roots.h"
#include "version.h"

#define HOST_MOST 255u  /* bytes: what DNS allows, and more than a socket's path may have */
#define NAME_MOST 1023u /* a server cuts names at 63; a file's may be longer */

static const char *const sslmodes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

void connection_init(Connection *connection)
{
    *connection = (Connection){.password = SECRET_INIT};
}

void connection_release(Connection *connection)
{
    mem_free(connection->host);
    mem_free(connection->port);
    mem_free(connection->user);
    mem_free(connection->database);
    mem_free(connection->sslmode);
    mem_free(connection->string_sslmode);
    mem_free(connection->session);
    mem_free(connection->sslrootcert);
    mem_free(connection->channel_binding);
    mem_free(connection->options);
    mem_free(connection->passfile);
    secret_release(&connection->password);
    connection_init(connection);
}

void connection_copy(Connection *to, const Connection *from)
{
    Connection copy;
    connection_init(&copy);
    copy.host = mem_strdup(from->host);
    copy.port = mem_strdup(from->port);
    copy.user = mem_strdup(from->user);
    copy.database = mem_strdup(from->database);
    copy.sslmode = mem_strdup(from->sslmode);
    copy.sslmode_from = from->sslmode_from;
    copy.string_sslmode = mem_strdup(from->string_sslmode);
    copy.session = mem_strdup(from->session);
    copy.sslrootcert = mem_strdup(from->sslrootcert);
    copy.channel_binding = mem_strdup(from->channel_binding);
    copy.options = mem_strdup(from->options);
    copy.passfile = mem_strdup(from->passfile);
    secret_copy(&copy.password, &from->password);
    copy.unsupported = from->unsupported;
    copy.pooler_removed = from->pooler_removed;
    connection_release(to);
    *to = copy;
}

void connection_set(char **place, const char *value)
{
    mem_free(*place);
    *place = *value ? mem_strdup(value) : NULL;
}

bool connection_is_sslmode(const char *text)
{
    for (size_t i = 0; i < sizeof sslmodes / sizeof sslmodes[0]; i++) {
        if (!strcmp(sslmodes[i], text)) {
            return true;
        }
    }
    return false;
}

bool connection_is_channel_binding(const char *text)
{
    return !strcmp(text, "disable") || !strcmp(text, "prefer") || !strcmp(text, "require");
}

bool connection_is_port(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && strtol(text, NULL, 10) >= 1 &&
           strtol(text, NULL, 10) <= 65535;
}

/* Allowed is what a host's name or address can hold, rather than forbidden what a password might: whatever stands in
 * a host's place is told and logged. */
bool connection_is_host(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const size_t len = strlen(text);
    if (len > HOST_MOST) {
        return false;
    }
    if (text[0] == '/' || text[0] == '@') { /* a socket's folder, and one that is in no folder */
        return connection_is_name(text) && !strpbrk(text + 1, "@;=&?'\"<>\\");
    }
    const char *colon = strchr(text, ':');
    if (colon) { /* an IPv6 address, with its zone */
        size_t address = strspn(text, "0123456789abcdefABCDEF:.");
        return strchr(colon + 1, ':') && (!text[address] || (text[address] == '%' && text[address + 1] &&
                                                             !text[address + 1 + strspn(text + address + 1, letters)]));
    }
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x80 && !strchr(letters, *c)) {
            return false;
        }
    }
    return true;
}

/* "password=" and its like, in whatever case and with spaces. */
static bool has_mark(const char *text)
{
    static const char *const marks[] = {"password=", "passwd=", "passwort=", "pwd=", "pass=", "psw="};
    char *plain = mem_strdup(text), *to = plain;
    bool has = false;
    for (const char *c = text; *c; c++) {
        if (*c != ' ' && *c != '\t') {
            *to++ = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        }
    }
    *to = '\0';
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        has = has || strstr(plain, marks[i]) != NULL;
    }
    secret_wipe(plain, strlen(text));
    mem_free(plain);
    return has;
}

bool connection_is_name(const char *text)
{
    const char *semicolon = strchr(text, ';');
    bool is = strlen(text) <= NAME_MOST && !(semicolon && strchr(semicolon, '=')) && !strstr(text, "://");
    for (const char *c = text; *c; c++) {
        is = is && (unsigned char)*c >= ' ' && *c != 0x7f;
    }
    return is && !has_mark(text);
}

bool connection_holds_password(const char *text)
{
    const char *scheme = strstr(text, "://");
    return (scheme && strchr(scheme, '@')) || has_mark(text);
}

bool connection_may_be_told(const char *text)
{
    const char *colon = strchr(text, ':');
    return !strstr(text, "://") && !(colon && strchr(colon, '@')) && !has_mark(text);
}

void connection_set_sslmode(Connection *connection, const char *sslmode, const char *from)
{
    connection_set(&connection->sslmode, sslmode ? sslmode : "");
    connection->sslmode_from = connection->sslmode ? from : NULL;
}

void connection_overlay(Connection *connection, const Connection *over)
{
    char **const places[] = {&connection->host,        &connection->port,     &connection->user,
                             &connection->database,    &connection->sslmode,  &connection->string_sslmode,
                             &connection->sslrootcert, &connection->passfile, &connection->channel_binding,
                             &connection->options};
    const char *const values[] = {over->host,        over->port,     over->user,
                                  over->database,    over->sslmode,  over->string_sslmode,
                                  over->sslrootcert, over->passfile, over->channel_binding,
                                  over->options};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i]) {
            connection_set(places[i], values[i]);
        }
    }
    if (over->sslmode) {
        connection->sslmode_from = over->sslmode_from;
    }
    if (over->unsupported) {
        connection->unsupported = over->unsupported;
    }
    if (over->host) {
        connection->pooler_removed = over->pooler_removed;
    }
    if (secret_is_set(&over->password)) {
        secret_copy(&connection->password, &over->password);
    }
}

void connection_keep_unshown(Connection *connection, const Connection *from)
{
    Connection one, other;
    connection_init(&one);
    connection_init(&other);
    connection_copy(&one, connection);
    connection_copy(&other, from);
    connection_direct(&one);
    connection_direct(&other);
    if (one.host && other.host && !utf8_casecmp(one.host, other.host)) {
        connection_set(&connection->sslrootcert, from->sslrootcert ? from->sslrootcert : "");
        connection_set(&connection->channel_binding, from->channel_binding ? from->channel_binding : "");
        connection_set(&connection->options, from->options ? from->options : "");
    }
    connection_release(&one);
    connection_release(&other);
}

/* The first variable that is set, is not one of ours, and would change to whom or how we connect; with a value that
 * asks for nothing it does not. */
static const char *find_unsupported(void)
{
    static const char *const names[] = {
        "PGSERVICE", "PGHOSTADDR", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE", "PGSSLCRL", "PGSSLCRLDIR",
        "PGREQUIREPEER", "PGREQUIREAUTH", "PGTARGETSESSIONATTRS", "PGSSLMINPROTOCOLVERSION",
        "PGSSLMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGGSSENCMODE"};
    static const char *const harmless[] = {"any", "allow", "prefer", "disable", "TLSv1.2", "3.0", "latest"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        char *value = machine_getenv(names[i]);
        found = value && *value ? names[i] : NULL;
        for (size_t j = 0; j < sizeof harmless / sizeof harmless[0] && found; j++) {
            found = !strcmp(value, harmless[j]) ? NULL : found;
        }
        mem_free(value);
    }
    return found;
}

static void read_env(Connection *env)
{
    char **const places[] = {&env->host,    &env->port,        &env->user,        &env->database,
                             &env->sslmode, &env->sslrootcert, &env->channel_binding, &env->options, &env->passfile};
    static const char *const names[] = {"PGHOST",    "PGPORT",        "PGUSER",           "PGDATABASE",
                                        "PGSSLMODE", "PGSSLROOTCERT", "PGCHANNELBINDING", "PGOPTIONS", "PGPASSFILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = machine_getenv(names[i]);
        connection_set(places[i], value ? value : "");
        mem_free(value);
    }
    env->sslmode_from = env->sslmode ? "PGSSLMODE" : NULL;
    char *password = machine_getenv("PGPASSWORD");
    if (password && *password) {
        secret_set(&env->password, password, strlen(password));
    }
    secret_free_text(password);
    env->unsupported = find_unsupported();
}

void connection_take_env(Connection *connection)
{
    Connection env;
    connection_init(&env);
    read_env(&env);
    connection_overlay(connection, &env);
    connection_release(&env);
    machine_restrict_openssl();
    for (const char *const *name = connection_env_unset(); *name; name++) {
        if (!strncmp(*name, "PG", 2)) {
            machine_unsetenv(*name);
        }
    }
}

/* --- what it comes to ---------------------------------------------------------------------------------- */

char *connection_secret_target(const Connection *connection)
{
    Connection direct;
    connection_init(&direct);
    connection_copy(&direct, connection); /* the password is the same behind the pooler */
    connection_direct(&direct);
    char *text = connection_text(&direct);
    char *target = mem_printf(CMMS_SECRET_PREFIX "%s", text);
    mem_free(text);
    connection_release(&direct);
    return target;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text), suffix_len = strlen(suffix);
    return len > suffix_len && !utf8_casecmp(text + len - suffix_len, suffix);
}

static bool has_good_port(const Connection *connection, ErrorKind kind, Error *err)
{
    if (!connection->port || connection_is_port(connection->port)) {
        return true;
    }
    error_set(err, kind, "the port is not a number from 1 to 65535");
    return error_hint(err, "Correct the port; PostgreSQL's own is 5432.");
}

/* Not quoted: a connection string with its password may have been pasted there. */
static bool has_good_names(const Connection *connection, ErrorKind kind, Error *err)
{
    if (connection->host && !connection_is_host(connection->host)) {
        error_set(err, kind, "what is given as the server is not a host's name");
        return error_hint(err, "Name the server alone. A whole connection string (postgresql://...) is given in the "
                               "place of the database's name.");
    }
    const char *what = connection->user && !connection_is_name(connection->user)           ? "user"
                       : connection->database && !connection_is_name(connection->database) ? "database"
                                                                                           : NULL;
    if (what) {
        error_set(err, kind, "what is given as the %s is not a name", what);
        return error_hint(err, "A connection string (postgresql://...) stands alone in the place of the database's "
                               "name, on the command line behind -d.");
    }
    return has_good_port(connection, kind, err);
}

bool connection_is_complete(const Connection *connection, Error *err)
{
    const char *lacks = !connection->host       ? "host"
                        : !connection->database ? "database"
                        : !connection->user     ? "user"
                                                : NULL;
    if (lacks) {
        error_set(err, EK_USAGE, "the %s is not named", lacks);
        return error_hint(err, "It is a part of the connection string that Neon shows.");
    }
    return has_good_names(connection, EK_USAGE, err);
}

bool connection_is_neon(const Connection *connection)
{
    return connection->host && ends_with(connection->host, ".neon.tech");
}

void connection_direct(Connection *connection)
{
    static const char pooler[] = "-pooler";
    const size_t pooler_len = sizeof pooler - 1;
    char *host = connection->host;
    if (!connection_is_neon(connection)) {
        return;
    }
    size_t label = strcspn(host, ".");
    if (label <= pooler_len) {
        return;
    }
    char *tail = mem_strndup(host + label - pooler_len, pooler_len);
    if (!utf8_casecmp(tail, pooler)) {
        memmove(host + label - pooler_len, host + label, strlen(host + label) + 1);
        connection->pooler_removed = true;
    }
    mem_free(tail);
}

bool connection_same_host(const Connection *one, const Connection *other)
{
    Connection a, b;
    connection_init(&a);
    connection_init(&b);
    connection_copy(&a, one);
    connection_copy(&b, other);
    connection_direct(&a);
    connection_direct(&b);
    const bool same = !utf8_casecmp(connection_host(&a), connection_host(&b));
    connection_release(&a);
    connection_release(&b);
    return same;
}

bool connection_resolve(Connection *connection, Error *err)
{
    if (!connection->host && !connection->database && !connection->user) {
        error_set(err, EK_SETTINGS, "no database is configured yet");
        return error_hint(err, "Enter the connection of the database: the address that its provider shows, of the form "
                               "postgresql://user:password@host/database.");
    }
    if (connection->unsupported) {
        error_set(err, EK_SETTINGS, "the environment variable %s is not supported", connection->unsupported);
        return error_hint(err, "Unset it, and name the server with -h, -p, -U and -d or in the window.");
    }
    if (connection->host && strchr(connection->host, ',')) {
        error_set(err, EK_SETTINGS, "more than one host is named");
        return error_hint(err, "Name the one server whose database is to be backed up.");
    }
    if (!has_good_names(connection, EK_SETTINGS, err)) {
        return false;
    }
    if (connection->sslmode && !connection_is_sslmode(connection->sslmode)) {
        return error_set(err, EK_SETTINGS,
                         "sslmode must be disable, allow, prefer, require, verify-ca or verify-full");
    }
    const char *sslmode = connection_sslmode(connection);
    const bool is_system = connection->sslrootcert && !strcmp(connection->sslrootcert, "system");
    if (is_system) { /* on Windows OpenSSL's own idea of it is a folder that anybody may make */
        connection_set(&connection->sslrootcert, "");
    }
    if (!connection->sslrootcert && (is_system || !strcmp(sslmode, "verify-ca") || !strcmp(sslmode, "verify-full"))) {
        char *roots = NULL;
        if (!roots_get(&roots, err)) {
            return false;
        }
        if (!strcmp(roots, "system")) {
            connection_set_sslmode(connection, "verify-full", NULL); /* libpq takes no other with the system's roots */
        }
        connection->sslrootcert = roots;
    }
    connection_direct(connection);
    return true;
}

bool connection_is_loopback(const Connection *connection)
{
    const char *host = connection_host(connection);
    if (host[0] == '/' || host[0] == '@' || !utf8_casecmp(host, "localhost") || !strcmp(host, "::1")) {
        return true;
    }
    /* 127.0.0.1 and its like, but not 127.example.org */
    size_t dots = 0, len = strlen(host);
    for (size_t i = 0; i < len; i++) {
        dots += host[i] == '.';
    }
    return !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == len && dots == 3;
}

bool connection_is_here(const Connection *connection, const char *computer)
{
    char *name = mem_strndup(connection_host(connection), strcspn(connection_host(connection), "."));
    const bool own = computer && name[0] != '\0' && !utf8_casecmp(name, computer);
    mem_free(name);
    return own || connection_is_loopback(connection);
}

const char *connection_host(const Connection *connection)
{
    return connection->host ? connection->host : "localhost";
}

const char *connection_port(const Connection *connection)
{
    return connection->port ? connection->port : "5432";
}

const char *connection_database(const Connection *connection)
{
    return connection->database ? connection->database : connection->user;
}

const char *connection_sslmode(const Connection *connection)
{
    if (connection->sslmode) {
        return connection->sslmode;
    }
    if (!connection_is_loopback(connection)) {
        return "verify-full";
    }
    return connection->string_sslmode ? connection->string_sslmode : "prefer";
}

const char *connection_require_auth(const Connection *connection)
{
    if (connection_is_loopback(connection)) {
        return NULL;
    }
    return !strcmp(connection_sslmode(connection), "verify-full") ? "scram-sha-256,md5,gss,sspi" : "scram-sha-256";
}

char *connection_weakness(const Connection *connection)
{
    const char *sslmode = connection_sslmode(connection);
    if (connection_is_loopback(connection) || !strcmp(sslmode, "verify-full")) {
        return NULL;
    }
    const char *what = "the connection may not be encrypted, and no certificate is checked";
    if (!strcmp(sslmode, "verify-ca")) {
        what = "the server's name is not checked";
    } else if (!strcmp(sslmode, "require")) {
        what = "the server's certificate is not checked";
    } else if (!strcmp(sslmode, "disable")) {
        what = "nothing is encrypted";
    }
    return mem_printf("sslmode is \"%s\" (%s): %s", sslmode,
                      connection->sslmode_from ? connection->sslmode_from : "the saved connection", what);
}

char *connection_tell(const Connection *connection, const JobSink *sink)
{
    if (connection->pooler_removed) {
        job_log(sink, LOG_INFO, "Using the direct server %s: Neon's pooler cannot serve a backup",
                connection_host(connection));
    }
    const char *said = connection->string_sslmode, *sslmode = connection_sslmode(connection);
    if (said && strcmp(said, sslmode) != 0 && !strcmp(sslmode, "verify-full")) {
        job_log(sink, LOG_INFO, "The connection string's sslmode \"%s\" is raised to \"verify-full\": the server's "
                                "certificate and name are checked", said);
    }
    return connection_weakness(connection);
}

char *connection_text(const Connection *connection)
{
    const char *host = connection_host(connection), *database = connection_database(connection);
    bool bracket = host[0] != '/' && strchr(host, ':');
    return mem_printf("%s%s%s%s%s:%s%s%s", connection->user ? connection->user : "", connection->user ? "@" : "",
                      bracket ? "[" : "", host, bracket ? "]" : "", connection_port(connection), database ? "/" : "",
                      database ? database : "");
}

/* --- for the tools ------------------------------------------------------------------------------------- */

static void add_env(char **env, size_t *count, const char *name, const char *value)
{
    if (value) {
        env[(*count)++] = mem_printf("%s=%s", name, value);
    }
}

#define ENGLISH "LC_MESSAGES=C" /* what a tool says is read */

char **connection_env(const Connection *connection, const char *session)
{
    char **env = mem_array(16, sizeof *env);
    size_t count = 0;
    add_env(env, &count, "PGHOST", connection_host(connection));
    add_env(env, &count, "PGPORT", connection_port(connection));
    add_env(env, &count, "PGUSER", connection->user);
    add_env(env, &count, "PGDATABASE", connection_database(connection));
    add_env(env, &count, "PGSSLMODE", connection_sslmode(connection));
    add_env(env, &count, "PGSSLROOTCERT", connection->sslrootcert);
    add_env(env, &count, "PGCHANNELBINDING", connection->channel_binding);
    add_env(env, &count, "PGREQUIREAUTH", connection_require_auth(connection));
    add_env(env, &count, "PGOPTIONS", connection->options);
    add_env(env, &count, "PGCONNECT_TIMEOUT", "15");
    add_env(env, &count, "PGAPPNAME", session);
    env[count++] = mem_strdup(ENGLISH);
    if (secret_is_set(&connection->password)) {
        env[count++] = secret_env("PGPASSWORD", &connection->password);
    } else {
        add_env(env, &count, "PGPASSFILE", connection->passfile);
    }
    return env;
}

bool connection_beyond_ascii(const Connection *connection)
{
    /* User and database go in percent form: connection_tool_string. */
    const char *const texts[] = {connection_host(connection), connection->sslrootcert, connection->options,
                                 connection->passfile, connection->password.bytes};
    bool beyond = false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (const char *c = texts[i]; c != NULL && *c != '\0'; c++) {
            beyond = beyond || (unsigned char)*c >= 0x80;
        }
    }
    return beyond;
}

const char *const *connection_env_unset(void)
{
    static const char *const names[] = {
        "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGREQUIREAUTH",
        "PGCHANNELBINDING", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGAPPNAME", "PGSSLMODE", "PGREQUIRESSL",
        "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR",
        "PGSSLSNI", "PGSSLNEGOTIATION", "PGREQUIREPEER", "PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION",
        "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGKRBSRVNAME", "PGGSSLIB",
        "PGGSSDELEGATION", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS",
        "PGDATESTYLE", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR", "PGOAUTHDEBUG",
        "LC_ALL", "LANGUAGE", /* they would outdo LC_MESSAGES */
        NULL};
    return names;
}

const char *const *connection_env_plain(void)
{
    static const char *const set[] = {ENGLISH, NULL};
    return set;
}

void connection_free_env(char **env)
{
    for (size_t i = 0; env && env[i]; i++) {
        secret_free_text(env[i]);
    }
    mem_free(env);
}
