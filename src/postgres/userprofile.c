#include "postgres/userprofile.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "connection_private.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"

#define USERPROFILE_MAX 65536u /* bytes */

void userprofile_init(UserProfile *profile)
{
    *profile = (UserProfile){.lock_minutes = USERPROFILE_LOCK_MINUTES};
    connection_init(&profile->connection);
}

void userprofile_release(UserProfile *profile)
{
    connection_release(&profile->connection);
    mem_free(profile->folder);
    mem_free(profile->notice);
    userprofile_init(profile);
}

/* --- reading ------------------------------------------------------------------------------------------- */

static bool text_member(const cJSON *object, const char *name, char **place, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item)) {
        connection_set(place, item->valuestring);
    } else if (item && !cJSON_IsNull(item)) {
        return error_set(err, EK_SETTINGS, "\"%s\" is not a text", name);
    }
    return true;
}

static bool check_values(const UserProfile *profile, Error *err)
{
    const Connection *c = &profile->connection;
    if (c->port && !connection_is_port(c->port)) {
        return error_set(err, EK_SETTINGS, "\"port\" is not a number from 1 to 65535");
    }
    if (c->sslmode && !connection_is_sslmode(c->sslmode)) {
        return error_set(err, EK_SETTINGS, "\"sslmode\" is not one of libpq's words for it");
    }
    if (c->channel_binding && !connection_is_channel_binding(c->channel_binding)) {
        return error_set(err, EK_SETTINGS, "\"channel_binding\" is not disable, prefer or require");
    }
    return (profile->lock_minutes >= 1 && profile->lock_minutes <= USERPROFILE_LOCK_MOST) ||
           error_set(err, EK_SETTINGS, "\"lock_minutes\" is not a number from 1 to %d", USERPROFILE_LOCK_MOST);
}

static bool read_members(const cJSON *object, UserProfile *profile, Error *err)
{
    Connection *c = &profile->connection;
    if (!cJSON_IsObject(object)) {
        return error_set(err, EK_SETTINGS, "it is not a JSON object");
    }
    if (cJSON_GetObjectItemCaseSensitive(object, "lock_minutes")) {
        int64_t minutes = json_int(object, "lock_minutes", 0);
        profile->lock_minutes = minutes >= 1 && minutes <= USERPROFILE_LOCK_MOST ? (int)minutes : 0;
    }
    return text_member(object, "host", &c->host, err) && text_member(object, "port", &c->port, err) &&
           text_member(object, "user", &c->user, err) && text_member(object, "database", &c->database, err) &&
           text_member(object, "sslmode", &c->sslmode, err) &&
           text_member(object, "sslrootcert", &c->sslrootcert, err) &&
           text_member(object, "channel_binding", &c->channel_binding, err) &&
           text_member(object, "options", &c->options, err) && text_member(object, "folder", &profile->folder, err) &&
           check_values(profile, err);
}

bool userprofile_parse(const char *bytes, size_t len, UserProfile *profile, Error *err)
{
    UserProfile parsed;
    Error failed = ERROR_INIT;
    cJSON *object = NULL;
    userprofile_init(&parsed);
    bool ok = json_parse(bytes, len, &object, &failed) && read_members(object, &parsed, &failed);
    cJSON_Delete(object);
    if (!ok) {
        userprofile_release(&parsed);
        failed.kind = EK_SETTINGS;
        error_context(&failed, "the saved connection cannot be read");
        error_hint(&failed, "Enter the connection anew and save it.");
        return error_move(err, &failed);
    }
    userprofile_release(profile);
    *profile = parsed;
    return true;
}

/* Empties `why`. */
static bool keep_aside(const char *path, Error *why, UserProfile *profile, Error *err)
{
    char *kept = NULL;
    if (!folder_keep_aside(path, &kept, err)) {
        error_clear(why);
        return error_context(err, "the saved connection is damaged, and cannot be kept aside");
    }
    userprofile_release(profile);
    profile->notice = mem_printf("%s; the file was kept as %s. Enter the connection anew and save it.", why->message,
                                 fs_base_name(kept));
    if (profile->notice[0] >= 'a' && profile->notice[0] <= 'z') {
        profile->notice[0] = (char)(profile->notice[0] - 'a' + 'A');
    }
    error_clear(why);
    mem_free(kept);
    return true;
}

bool userprofile_read(const char *path, UserProfile *profile, Error *err)
{
    StrBuf sb;
    Error failed = ERROR_INIT;
    strbuf_init(&sb, USERPROFILE_MAX);
    bool ok = false;
    if (fs_read_all(path, USERPROFILE_MAX, &sb, &failed)) {
        ok = userprofile_parse(sb.buf, sb.len, profile, &failed) || keep_aside(path, &failed, profile, err);
    } else if (failed.kind == EK_NOT_FOUND) {
        userprofile_release(profile);
        ok = true;
    } else if (failed.kind == EK_DAMAGED) { /* it is too large */
        ok = keep_aside(path, &failed, profile, err);
    } else {
        error_context(&failed, "the saved connection cannot be read");
        error_move(err, &failed);
    }
    error_clear(&failed);
    strbuf_release(&sb);
    return ok;
}

/* --- writing ------------------------------------------------------------------------------------------- */

bool userprofile_write(const char *path, const UserProfile *profile, Error *err)
{
    const Connection *c = &profile->connection;
    if (!check_values(profile, err)) {
        return error_context(err, "the connection cannot be saved");
    }
    cJSON *object = cJSON_CreateObject();
    if (!object) {
        mem_out();
    }
    json_set_string(object, "host", c->host);
    json_set_string(object, "port", c->port);
    json_set_string(object, "user", c->user);
    json_set_string(object, "database", c->database);
    json_set_string(object, "sslmode", c->sslmode);
    json_set_string(object, "sslrootcert", c->sslrootcert);
    json_set_string(object, "channel_binding", c->channel_binding);
    json_set_string(object, "options", c->options);
    json_set_string(object, "folder", profile->folder);
    json_set_int(object, "lock_minutes", profile->lock_minutes);
    char *text = json_text(object);
    bool ok = fs_write_atomic(path, text, strlen(text), err) || error_context(err, "the connection cannot be saved");
    mem_free(text);
    cJSON_Delete(object);
    return ok;
}

static char *own_path(Error *err)
{
    char *dir = machine_local_data_dir();
    char *path = dir ? fs_join(dir, USERPROFILE_FILE) : NULL;
    mem_free(dir);
    if (!path) {
        error_set(err, EK_SETTINGS, "there is no folder for this user's own files");
    }
    return path;
}

bool userprofile_load(UserProfile *profile, Error *err)
{
    char *path = own_path(err);
    bool ok = path && userprofile_read(path, profile, err);
    mem_free(path);
    return ok;
}

bool userprofile_save(const UserProfile *profile, Error *err)
{
    char *path = own_path(err);
    bool ok = path && userprofile_write(path, profile, err);
    mem_free(path);
    return ok;
}

char *userprofile_folder(void)
{
    StrBuf sb;
    UserProfile profile;
    char *path = own_path(NULL);
    userprofile_init(&profile);
    strbuf_init(&sb, USERPROFILE_MAX);
    char *folder = NULL;
    if (path && fs_read_all(path, USERPROFILE_MAX, &sb, NULL) && userprofile_parse(sb.buf, sb.len, &profile, NULL)) {
        folder = mem_strdup(profile.folder);
    }
    userprofile_release(&profile);
    strbuf_release(&sb);
    mem_free(path);
    return folder;
}

/* --- which database ------------------------------------------------------------------------------------ */

static void replace(char **field, const char *value)
{
    if (value && *value) {
        connection_set(field, value);
    }
}

bool userprofile_add_switches(const ConnectionSwitches *switches, Connection *connection, Error *err)
{
    if (switches->database && connection_is_string(switches->database)) {
        if (!connection_parse(connection, switches->database, err)) {
            return false;
        }
    } else {
        replace(&connection->database, switches->database);
    }
    replace(&connection->host, switches->host);
    replace(&connection->port, switches->port);
    replace(&connection->user, switches->user);
    if (switches->sslmode) {
        connection_set_sslmode(connection, switches->sslmode, "--sslmode");
    }
    return true;
}

static bool apply(const Connection *environment, const ConnectionSwitches *switches, Connection *connection, Error *err)
{
    connection_overlay(connection, environment);
    return userprofile_add_switches(switches, connection, err);
}

bool userprofile_connection(const UserProfile *profile, const Connection *environment,
                            const ConnectionSwitches *switches, Connection *connection, Error *err)
{
    Connection found;
    Error failed = ERROR_INIT;
    connection_init(&found);
    connection_copy(&found, &profile->connection);
    bool ok = apply(environment, switches, &found, &failed);
    if (ok && !connection_same_host(&found, &profile->connection)) {
        connection_release(&found);
        ok = apply(environment, switches, &found, &failed);
    }
    if (!ok) {
        connection_release(&found);
        return error_move(err, &failed);
    }
    if (!secret_is_set(&found.password)) {
        char *target = connection_secret_target(&found);
        machine_secret_load(target, &found.password);
        mem_free(target);
    }
    connection_release(connection);
    *connection = found;
    return true;
}

bool userprofile_is_configured(const Connection *connection)
{
    return connection->host || connection->database;
}
