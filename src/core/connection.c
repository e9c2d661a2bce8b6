/*
 * connection.c: where the database is, from the environment and the profile file, and the environment of the
 * tools. Connection strings are read in connection_string.c.
 */
#include "connection.h"

#include "connection_private.h"
#include "fs.h"
#include "jsonutil.h"
#include "machine.h"
#include "mem.h"
#include "roots.h"
#include "strbuf.h"
#include "utf.h"

#define PROFILE_FILE "connection.json"
#define PROFILE_MAX 65536u /* bytes */

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
    mem_free(connection->sslrootcert);
    mem_free(connection->channel_binding);
    mem_free(connection->options);
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
    copy.sslrootcert = mem_strdup(from->sslrootcert);
    copy.channel_binding = mem_strdup(from->channel_binding);
    copy.options = mem_strdup(from->options);
    secret_copy(&copy.password, &from->password);
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

bool connection_is_port(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && strtol(text, NULL, 10) >= 1 &&
           strtol(text, NULL, 10) <= 65535;
}

void connection_from_env(Connection *connection)
{
    char **const places[] = {&connection->host,    &connection->port,        &connection->user,
                             &connection->database, &connection->sslmode,    &connection->sslrootcert,
                             &connection->channel_binding, &connection->options};
    static const char *const names[] = {"PGHOST",    "PGPORT",        "PGUSER",           "PGDATABASE",
                                        "PGSSLMODE", "PGSSLROOTCERT", "PGCHANNELBINDING", "PGOPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = machine_getenv(names[i]);
        if (value && *value) {
            connection_set(places[i], value);
            connection->pooler_removed = connection->pooler_removed && i != 0;
        }
        mem_free(value);
    }
    char *password = machine_getenv("PGPASSWORD");
    if (password && *password) {
        secret_set(&connection->password, password, strlen(password));
    }
    secret_free_text(password);
}

/* --- profile ------------------------------------------------------------------------------------------- */

static bool profile_text_member(const cJSON *object, const char *name, char **place, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item)) {
        connection_set(place, item->valuestring);
    } else if (item && !cJSON_IsNull(item)) {
        return error_set(err, EK_SETTINGS, "\"%s\" is not a text", name);
    }
    return true;
}

static bool read_profile(Connection *connection, const char *bytes, size_t len, Error *err)
{
    cJSON *object = NULL;
    bool ok = json_parse(bytes, len, &object, err);
    if (ok && !cJSON_IsObject(object)) {
        ok = error_set(err, EK_SETTINGS, "it is not a JSON object");
    }
    if (ok && cJSON_IsString(cJSON_GetObjectItemCaseSensitive(object, "host"))) {
        connection->pooler_removed = false;
    }
    ok = ok && profile_text_member(object, "host", &connection->host, err) &&
         profile_text_member(object, "port", &connection->port, err) &&
         profile_text_member(object, "user", &connection->user, err) &&
         profile_text_member(object, "database", &connection->database, err) &&
         profile_text_member(object, "sslmode", &connection->sslmode, err);
    if (ok && connection->port && !connection_is_port(connection->port)) {
        ok = error_set(err, EK_SETTINGS, "\"port\" is not a number from 1 to 65535");
    }
    if (ok && connection->sslmode && !connection_is_sslmode(connection->sslmode)) {
        ok = error_set(err, EK_SETTINGS, "\"sslmode\" is not one of libpq's words for it");
    }
    cJSON_Delete(object);
    return ok;
}

bool connection_parse_profile(Connection *connection, const char *bytes, size_t len, Error *err)
{
    Connection parsed;
    Error failed = ERROR_INIT;
    connection_init(&parsed);
    connection_copy(&parsed, connection);
    if (!read_profile(&parsed, bytes, len, &failed)) {
        connection_release(&parsed);
        failed.kind = EK_SETTINGS;
        error_context(&failed, "the connection's profile cannot be read");
        error_hint(&failed, "Enter the connection anew and save it.");
        return error_move(err, &failed);
    }
    connection_release(connection);
    *connection = parsed;
    return true;
}

bool connection_read_profile(Connection *connection, const char *path, Error *err)
{
    StrBuf sb;
    Error failed = ERROR_INIT;
    strbuf_init(&sb, PROFILE_MAX);
    bool ok = fs_read_all(path, PROFILE_MAX, &sb, &failed);
    if (ok) {
        ok = connection_parse_profile(connection, sb.buf, sb.len, err);
    } else if (failed.kind == EK_NOT_FOUND) {
        ok = true;
    } else {
        error_context(&failed, "the connection's profile cannot be read");
        error_move(err, &failed);
    }
    error_clear(&failed);
    strbuf_release(&sb);
    return ok;
}

bool connection_write_profile(const Connection *connection, const char *path, Error *err)
{
    cJSON *object = cJSON_CreateObject();
    if (!object) {
        mem_out();
    }
    json_set_string(object, "host", connection->host);
    json_set_string(object, "port", connection->port);
    json_set_string(object, "user", connection->user);
    json_set_string(object, "database", connection->database);
    json_set_string(object, "sslmode", connection->sslmode);
    char *text = json_text(object);
    bool ok = fs_write_atomic(path, text, strlen(text), err) ||
              error_context(err, "the connection's profile cannot be saved");
    mem_free(text);
    cJSON_Delete(object);
    return ok;
}

static char *profile_path(Error *err)
{
    char *dir = machine_local_data_dir();
    char *path = dir ? fs_join(dir, PROFILE_FILE) : NULL;
    mem_free(dir);
    if (!path) {
        error_set(err, EK_SETTINGS, "there is no folder for this user's own files");
    }
    return path;
}

bool connection_load_profile(Connection *connection, Error *err)
{
    char *path = profile_path(err);
    bool ok = path && connection_read_profile(connection, path, err);
    mem_free(path);
    return ok;
}

bool connection_save_profile(const Connection *connection, Error *err)
{
    char *path = profile_path(err);
    bool ok = path && connection_write_profile(connection, path, err);
    mem_free(path);
    return ok;
}

char *connection_secret_target(const Connection *connection)
{
    Connection direct;
    connection_init(&direct);
    connection_copy(&direct, connection); /* the password is the same behind the pooler */
    connection_direct(&direct);
    char *text = connection_text(&direct);
    char *target = mem_printf("AIT CMMS Backup:%s", text);
    mem_free(text);
    connection_release(&direct);
    return target;
}

/* --- what it comes to ---------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text), suffix_len = strlen(suffix);
    return len > suffix_len && !utf8_casecmp(text + len - suffix_len, suffix);
}

void connection_direct(Connection *connection)
{
    static const char pooler[] = "-pooler";
    const size_t pooler_len = sizeof pooler - 1;
    char *host = connection->host;
    if (!host || !ends_with(host, ".neon.tech")) {
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

bool connection_resolve(Connection *connection, Error *err)
{
    if (connection->host && strchr(connection->host, ',')) {
        error_set(err, EK_SETTINGS, "more than one host is named");
        return error_hint(err, "Name the one server whose database is to be backed up.");
    }
    if (connection->port && !connection_is_port(connection->port)) {
        return error_set(err, EK_SETTINGS, "the port is not a number from 1 to 65535");
    }
    if (connection->sslmode && !connection_is_sslmode(connection->sslmode)) {
        return error_set(err, EK_SETTINGS,
                         "sslmode must be disable, allow, prefer, require, verify-ca or verify-full");
    }
    const char *sslmode = connection_sslmode(connection);
    if (!connection->sslrootcert && (!strcmp(sslmode, "verify-ca") || !strcmp(sslmode, "verify-full"))) {
        char *roots = NULL;
        if (!roots_get(&roots, err)) {
            return false;
        }
        if (!strcmp(roots, "system")) {
            connection_set(&connection->sslmode, "verify-full"); /* libpq refuses any other with the system's roots */
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
    return connection_is_loopback(connection) ? "prefer" : "verify-full";
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

char **connection_env(const Connection *connection)
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
    add_env(env, &count, "PGOPTIONS", connection->options);
    add_env(env, &count, "PGCONNECT_TIMEOUT", "15");
    add_env(env, &count, "PGAPPNAME", "cmms-backup");
    add_env(env, &count, "LC_MESSAGES", "C");
    if (secret_is_set(&connection->password)) {
        env[count++] = secret_env("PGPASSWORD", &connection->password);
    } else {
        char *file = machine_getenv("PGPASSFILE"); /* our own sessions read it too */
        add_env(env, &count, "PGPASSFILE", file);
        mem_free(file);
    }
    return env;
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
        "PGDATESTYLE", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR",
        "LC_ALL", /* it would outdo LC_MESSAGES */
        NULL};
    return names;
}

void connection_free_env(char **env)
{
    for (size_t i = 0; env && env[i]; i++) {
        secret_free_text(env[i]);
    }
    mem_free(env);
}
