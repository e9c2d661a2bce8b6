/*
 * doctor.c: the checks, in the order in which a person would repair them. Each is made even if an earlier one
 * failed, unless it cannot be: then it says so and why ("skipped"). "free space" comes early in the list, but
 * what is enough depends on the size of the database: it is filled in at the end.
 */
#include "jobs/doctor.h"

#include <string.h>

#include "archive/archive.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "jobs/offsite_folder.h"
#include "jobs/restore.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/share.h"
#include "postgres/dump.h"
#include "postgres/engine.h"
#include "postgres/pg.h"
#include "postgres/releases.h"
#include "postgres/standstill.h"
#include "postgres/tools.h"
#include "store/catalog.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/settings.h"
#include "version.h"

#define MEGABYTE (1024.0 * 1024.0)
#define ALLOW_US \
    "Allow " CMMS_WINDOW_PROGRAM " and " CMMS_CONSOLE_PROGRAM " in Windows Security, under Ransomware protection"
/* Neon's Free plan */
#define PLAN_STORAGE (512.0 * MEGABYTE)
#define PLAN_EGRESS (5.0 * 1024.0 * MEGABYTE)
#define NEARLY 0.8

typedef enum CheckId {
    ID_FOLDER,
    ID_SETTINGS,
    ID_SPACE,
    ID_TOOLS,
    ID_ENGINE,
    ID_HOST,
    ID_CONNECTION,
    ID_TLS,
    ID_VERSION,
    ID_RIGHTS,
    ID_TABLES,
    ID_POOLER,
    ID_STORAGE,
    ID_EGRESS,
    ID_SHAREPOINT, /* from here on only where a folder there is set up */
    ID_LIBRARY,
    ID_SIGN_IN,
    ID_CLOCK,
    ID_COUNT
} CheckId;

static const char *const names[ID_COUNT] = {"folder", "settings",   "free space", "tools",          "engine",
                                            "host",   "connection", "tls",        "server version", "rights",
                                            "tables", "pooler",     "storage",    "egress",         "sharepoint",
                                            "library", "sign-in",   "clock"};

typedef struct Visit {
    Check *checks; /* ID_COUNT */
    ErrorKind kinds[ID_COUNT];
    const Cancel *cancel;
    char *folder;          /* NULL: there is none */
    Connection connection; /* resolved */
    Tools tools;
    Pg *pg;                /* NULL: not reached */
    int64_t database_bytes; /* -1: not known */
    int64_t table_bytes;    /* what a dump transfers, about; -1: not known */
    Settings settings;      /* the defaults where they cannot be read */
    size_t count;           /* of the checks */
} Visit;

const char *check_state_word(CheckState state)
{
    static const char *const words[] = {"good", "warning", "bad", "skipped"};
    return words[state];
}

void doctor_init(Doctor *doctor)
{
    *doctor = (Doctor){NULL, 0, CHECK_GOOD, EK_NONE};
}

static void release_checks(Check *checks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(checks[i].name);
        mem_free(checks[i].message);
        mem_free(checks[i].hint);
    }
    mem_free(checks);
}

void doctor_release(Doctor *doctor)
{
    release_checks(doctor->checks, doctor->count);
    doctor_init(doctor);
}

/* Both texts are taken over; hint may be NULL. */
static void note(Visit *visit, CheckId id, CheckState state, ErrorKind kind, char *message, char *hint)
{
    Check *check = &visit->checks[id];
    mem_free(check->message);
    mem_free(check->hint);
    check->state = state;
    check->message = message;
    check->hint = hint;
    visit->kinds[id] = kind;
}

static void good(Visit *visit, CheckId id, char *message)
{
    note(visit, id, CHECK_GOOD, EK_NONE, message, NULL);
}

static void skipped(Visit *visit, CheckId id, const char *why)
{
    note(visit, id, CHECK_SKIPPED, EK_NONE, mem_strdup(why), NULL);
}

static void set_check(Check *check, CheckState state, char *message, const char *hint)
{
    mem_free(check->message);
    mem_free(check->hint);
    check->state = state;
    check->message = message;
    check->hint = mem_strdup(hint);
}

/* "message: detail", without the hint, which has its own place. Empties the Error. */
static void failed(Visit *visit, CheckId id, CheckState state, Error *why)
{
    char *hint = why->hint;
    why->hint = NULL;
    note(visit, id, state, why->kind, error_text(why), hint);
    error_clear(why);
}

/* --- this computer --------------------------------------------------------------------------------------- */

/* Looked at, not tried: whoever asks how things stand makes no folder and no file. */
static void check_folder(Visit *visit, const char *wanted)
{
    Error why = ERROR_INIT;
    if (!folder_find(wanted, &visit->folder, &why)) {
        failed(visit, ID_FOLDER, why.kind == EK_NOT_FOUND ? CHECK_WARNING : CHECK_BAD, &why);
    } else if (!fs_dir_may_write(visit->folder, &why)) {
        why.kind = EK_SETTINGS;
        failed(visit, ID_FOLDER, CHECK_BAD, &why);
    } else {
        good(visit, ID_FOLDER, mem_printf("Backups are kept in %s", visit->folder));
    }
    char *other = visit->checks[ID_FOLDER].state == CHECK_GOOD ? folder_alternative(visit->folder) : NULL;
    if (visit->checks[ID_FOLDER].state == CHECK_GOOD && folder_is_guarded(visit->folder)) {
        note(visit, ID_FOLDER, CHECK_BAD, EK_SETTINGS,
             mem_printf("Windows keeps this program from writing in %s (Controlled folder access)", visit->folder),
             other == NULL ? mem_strdup(ALLOW_US ", or choose a folder outside of Documents.")
                           : mem_printf(ALLOW_US ", or choose a folder outside of Documents, such as %s.", other));
    }
    char *cloud = visit->checks[ID_FOLDER].state == CHECK_GOOD ? folder_cloud_name(visit->folder) : NULL;
    if (cloud != NULL) {
        note(visit, ID_FOLDER, CHECK_WARNING, EK_NONE,
             mem_printf("Backups are kept in %s, which %s copies to the cloud", visit->folder, cloud),
             other == NULL ? mem_strdup("It may move backups off this computer: choose a folder outside of it, or set "
                                        "this one to be kept on this device.")
                           : mem_printf("It may move backups off this computer: choose a folder outside of it, such as "
                                        "%s, or set this one to be kept on this device.", other));
    }
    char *share = visit->checks[ID_FOLDER].state == CHECK_GOOD ? share_path(visit->folder) : NULL;
    if (share != NULL) {
        note(visit, ID_FOLDER, CHECK_WARNING, EK_NONE,
             mem_printf("Backups are kept in %s, on a network drive that is there only while it is connected",
                        visit->folder),
             mem_printf("Choose the folder by its share, %s: then the scheduled backup finds it too.", share));
    }
    mem_free(share);
    mem_free(other);
    mem_free(cloud);
}

static void check_schedule(Visit *visit, const char *folder_wanted, DoctorTask *task)
{
    const Settings *settings = &visit->settings;
    char *words = NULL;
    if (task != NULL && task(settings, folder_wanted, &words)) {
        good(visit, ID_SETTINGS,
             mem_printf("Backups are kept for %d days; %s backups at %02d:%02d: %s", settings->retention_days,
                        schedule_name(settings->schedule), settings->backup_hour, settings->backup_minute, words));
    } else {
        note(visit, ID_SETTINGS, CHECK_WARNING, EK_NONE,
             mem_printf("Backups are kept for %d days; %s backups at %02d:%02d are set, but %s",
                        settings->retention_days, schedule_name(settings->schedule), settings->backup_hour,
                        settings->backup_minute,
                        words == NULL ? "whether a task starts them was not looked at" : words),
             mem_strdup(DOCTOR_REGISTER));
    }
    mem_free(words);
}

static void check_settings(Visit *visit, const char *folder_wanted, DoctorTask *task)
{
    if (visit->folder == NULL) {
        skipped(visit, ID_SETTINGS, "There is no folder to read them from");
        return;
    }
    Error why = ERROR_INIT;
    const Settings *settings = &visit->settings;
    if (!settings_load(visit->folder, &visit->settings, &why)) {
        failed(visit, ID_SETTINGS, CHECK_BAD, &why);
    } else if (settings->notice != NULL) {
        note(visit, ID_SETTINGS, CHECK_WARNING, EK_NONE, mem_strdup(settings->notice),
             mem_strdup("Look through the settings and save them."));
    } else if (settings->enabled) {
        check_schedule(visit, folder_wanted, task);
    } else {
        good(visit, ID_SETTINGS, mem_printf("Backups are kept for %d days; scheduled backups are off",
                                            settings->retention_days));
    }
}

static void check_space(Visit *visit)
{
    if (visit->folder == NULL) {
        skipped(visit, ID_SPACE, "There is no folder to look at");
        return;
    }
    Error why = ERROR_INIT;
    uint64_t available = 0;
    if (!fs_free_space(visit->folder, &available, &why)) {
        failed(visit, ID_SPACE, CHECK_BAD, &why);
        return;
    }
    const CatalogLast last = catalog_last(visit->folder, &visit->connection);
    const uint64_t database = visit->database_bytes > 0 ? (uint64_t)visit->database_bytes : 0;
    uint64_t needed = 0;
    const HealthRoom room = health_room(available, last.bytes, database, &needed);
    char *more = last.bytes > 0 ? mem_printf("; the last backup took %s", size_text(last.bytes).text)
                 : database > 0 ? mem_printf("; the database has %s", size_text(database).text)
                                : mem_strdup("");
    char *message = mem_printf("%s are free%s", size_text(available).text, more);
    mem_free(more);
    if (room != ROOM_ENOUGH) {
        note(visit, ID_SPACE, room == ROOM_TOO_LITTLE ? CHECK_BAD : CHECK_WARNING, EK_SPACE, message,
             mem_strdup("Free some space on the disk with the backup folder, or choose another folder."));
    } else {
        good(visit, ID_SPACE, message);
    }
}

static void add_versions(StrBuf *sb, const char *name, const Tool *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = list[i].problem != NULL;
        for (size_t k = 0; k < i && !known; k++) {
            known = list[k].problem == NULL && strcmp(list[k].version, list[i].version) == 0;
        }
        if (!known) {
            strbuf_addf(sb, "%s%s %s", sb->len == 0 ? "" : ", ", name, list[i].version);
        }
    }
}

static const Tool *tool_at(const Tools *tools, size_t index)
{
    return index < tools->dump_count ? &tools->dump[index] : &tools->restore[index - tools->dump_count];
}

/* The first that cannot be used; NULL: all can. */
static const Tool *first_broken(const Tools *tools)
{
    for (size_t i = 0; i < tools->dump_count + tools->restore_count; i++) {
        if (tool_at(tools, i)->problem != NULL) {
            return tool_at(tools, i);
        }
    }
    return NULL;
}

/* What speaks against the releases that are there, each folder once. *ours: against one of ours as well. */
static void add_complaints(StrBuf *sb, const Tools *tools, bool *ours)
{
    for (size_t i = 0; i < tools->dump_count + tools->restore_count; i++) {
        const Tool *tool = tool_at(tools, i);
        char *words = tool->version == NULL ? NULL : release_complaint("release", tool->version);
        char *dir = fs_dir_name(tool->path);
        char *text = mem_printf("; %s: %s", words == NULL ? "" : words, dir);
        if (words != NULL && strstr(sb->buf, text) == NULL) {
            strbuf_addstr(sb, text);
            *ours = *ours || tool->origin == TOOL_OURS;
        }
        mem_free(text);
        mem_free(dir);
        mem_free(words);
    }
}

void doctor_tools(const Tools *tools, Check *check)
{
    StrBuf versions, complaints;
    bool ours = false;
    strbuf_init(&versions, STRBUF_SMALL);
    strbuf_init(&complaints, STRBUF_SMALL);
    add_versions(&versions, "pg_dump", tools->dump, tools->dump_count);
    add_versions(&versions, "pg_restore", tools->restore, tools->restore_count);
    add_complaints(&complaints, tools, &ours);
    const Tool *broken = first_broken(tools);
    if (broken != NULL) {
        set_check(check, CHECK_WARNING,
                  mem_printf("%s cannot be used: %s; there are others: %s%s", broken->path, broken->problem,
                             versions.buf, complaints.buf),
                  "Repair or remove that installation of PostgreSQL's tools.");
    } else {
        set_check(check, complaints.len > 0 ? CHECK_WARNING : CHECK_GOOD,
                  mem_printf("Found %s%s", versions.buf, complaints.buf),
                  complaints.len == 0 ? NULL
                  : ours              ? "Update " CMMS_PRODUCT "."
                                      : "Update or remove that installation of PostgreSQL's tools.");
    }
    strbuf_release(&complaints);
    strbuf_release(&versions);
}

/* False only when cancelled. */
static bool check_tools(Visit *visit, Error *err)
{
    static const ToolNeed any = {0, false};
    Error why = ERROR_INIT;
    if (!tools_find(&visit->tools, visit->cancel, &why) || !tools_ask_all(&visit->tools, visit->cancel, &why)) {
        if (why.kind == EK_CANCELLED) {
            return error_move(err, &why);
        }
        failed(visit, ID_TOOLS, CHECK_BAD, &why);
        return true;
    }
    const Tool *tool = NULL;
    char *reason = NULL, *other = NULL, *warning = NULL;
    if (tools_pick_dump(&visit->tools, &any, visit->cancel, &tool, &reason, &warning, &why) &&
        tools_pick_restore(&visit->tools, 0, visit->cancel, &tool, &other, &why)) {
        doctor_tools(&visit->tools, &visit->checks[ID_TOOLS]);
    } else {
        failed(visit, ID_TOOLS, CHECK_BAD, &why);
    }
    mem_free(warning);
    mem_free(other);
    mem_free(reason);
    return true;
}

static void check_engine(Visit *visit)
{
    Error why = ERROR_INIT;
    char *bin_dir = NULL;
    if (engine_find(&bin_dir, &why)) {
        good(visit, ID_ENGINE, mem_printf("A server to prove backups with is in %s", bin_dir));
        mem_free(bin_dir);
    } else {
        failed(visit, ID_ENGINE, CHECK_WARNING, &why); /* backups can be made and verified without it */
    }
}

/* --- the server ------------------------------------------------------------------------------------------ */

static void skip_server(Visit *visit, const char *why)
{
    skipped(visit, ID_TLS, why);
    skipped(visit, ID_VERSION, why);
    skipped(visit, ID_RIGHTS, why);
    skipped(visit, ID_TABLES, why);
    skipped(visit, ID_STORAGE, why);
    skipped(visit, ID_EGRESS, why);
}

/* Fills host, connection and pooler. False only when cancelled. */
static bool check_connection(Visit *visit, const Connection *wanted, Error *err)
{
    Error why = ERROR_INIT;
    connection_copy(&visit->connection, wanted);
    if (!connection_resolve(&visit->connection, &why)) {
        failed(visit, ID_HOST, CHECK_BAD, &why);
        skipped(visit, ID_CONNECTION, "The connection's settings cannot be used");
        skipped(visit, ID_POOLER, "The connection's settings cannot be used");
        return true;
    }
    if (visit->connection.pooler_removed) {
        good(visit, ID_POOLER, mem_printf("The host names Neon's pooler; the direct host %s is used instead",
                                          connection_host(&visit->connection)));
    } else {
        good(visit, ID_POOLER, mem_strdup("The host is not one of Neon's poolers"));
    }
    char *where = connection_text(&visit->connection);
    if (pg_connect(&visit->connection, visit->cancel, &visit->pg, &why)) {
        pg_set_patience(visit->pg, standstill_seconds(PG_SHORT_PATIENCE));
        good(visit, ID_HOST, mem_printf("%s port %s answers", connection_host(&visit->connection),
                                        connection_port(&visit->connection)));
        good(visit, ID_CONNECTION, mem_printf("Connected to %s", where));
        if (!pg_own_session(visit->pg, &visit->connection, visit->cancel, &why)) {
            failed(visit, ID_POOLER, CHECK_BAD, &why);
        }
    } else if (why.kind == EK_CANCELLED) {
        mem_free(where);
        return error_move(err, &why);
    } else if (why.kind == EK_REFUSED || pg_error_wants_database(&why)) {
        if (restore_was_left(&visit->connection, &why, visit->cancel)) {
            error_hint(&why, "An interrupted restore left it so. Whatever uses it next brings that to its end: a "
                             "backup, a sign-in, Undo Restore.");
        }
        good(visit, ID_HOST, mem_printf("%s port %s answers", connection_host(&visit->connection),
                                        connection_port(&visit->connection)));
        failed(visit, ID_CONNECTION, CHECK_BAD, &why);
    } else {
        failed(visit, ID_HOST, CHECK_BAD, &why);
        skipped(visit, ID_CONNECTION, "The server was not reached");
    }
    mem_free(where);
    return true;
}

static void check_tls(Visit *visit)
{
    char *weakness = connection_weakness(&visit->connection);
    if (weakness != NULL) {
        note(visit, ID_TLS, CHECK_WARNING, EK_NONE,
             mem_printf("%s; the connection is %sencrypted", weakness, pg_uses_tls(visit->pg) ? "" : "not "),
             mem_strdup("Set sslmode to \"verify-full\"."));
    } else if (!connection_is_loopback(&visit->connection)) {
        good(visit, ID_TLS, mem_strdup("The connection is encrypted, and the server's certificate was checked"));
    } else if (pg_uses_tls(visit->pg)) {
        good(visit, ID_TLS, mem_strdup("The connection is encrypted, and does not leave this computer"));
    } else {
        good(visit, ID_TLS, mem_strdup("The connection is not encrypted, and does not leave this computer"));
    }
    mem_free(weakness);
}

static void check_version(Visit *visit)
{
    const ToolNeed need = {pg_server_version(visit->pg), connection_beyond_ascii(&visit->connection)};
    Error why = ERROR_INIT;
    const Tool *dump_tool = NULL, *restore_tool = NULL;
    char *reason = NULL, *other = NULL, *warning = NULL;
    if (!tools_pick_dump(&visit->tools, &need, visit->cancel, &dump_tool, &reason, &warning, &why) ||
        !tools_pick_restore(&visit->tools, dump_tool->major, visit->cancel, &restore_tool, &other, &why)) {
        failed(visit, ID_VERSION, CHECK_BAD, &why);
    } else {
        const Settings *settings = &visit->settings;
        const char *wanted = settings->compress ? settings_method(settings) : NULL;
        char *needs = archive_will_need(dump_tool->major,
                                        dump_compression(dump_tool->major, wanted, settings->compress));
        char *text = mem_printf("PostgreSQL %s, to be backed up with pg_dump %s; without this program a backup is "
                                "read by %s%s%s", pg_server_version_text(visit->pg), dump_tool->version, needs,
                                warning == NULL ? "" : "; ", warning == NULL ? "" : warning);
        mem_free(needs);
        note(visit, ID_VERSION, warning == NULL ? CHECK_GOOD : CHECK_WARNING, EK_NONE, text, NULL);
    }
    mem_free(warning);
    mem_free(reason);
    mem_free(other);
}

#define USER_TABLES                                                                                                  \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                          \
    " WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'"                                               \
    " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"                                                \
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"                                                         \
    "  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')"

/* False only when cancelled. A row, or a failure noted under `id`. */
static bool ask(Visit *visit, CheckId id, const char *sql, PgRows **rows, Error *err)
{
    Error why = ERROR_INIT;
    *rows = NULL;
    if (pg_query(visit->pg, sql, NULL, 0, visit->cancel, rows, &why)) {
        return true;
    }
    if (why.kind == EK_CANCELLED) {
        return error_move(err, &why);
    }
    failed(visit, id, CHECK_BAD, &why);
    return true;
}

/* What a backup reads, by kind: how many of them the user may not read, and the first by name. Materialized views are
 * only listed by pg_dump, and locked all the same. The rows of large objects have no rights of their own before
 * PostgreSQL 18, which has a function for them. */
#define NO_USAGE "NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
#define DENIED_TABLES                                                                                                \
    "SELECT 1, count(*), pg_catalog.min(n.nspname || '.' || c.relname)" USER_TABLES                                  \
    " AND (" NO_USAGE " OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))"
#define DENIED_CONFIGURATION                                                                                         \
    " UNION ALL SELECT 2, count(*), pg_catalog.min(n.nspname || '.' || c.relname)"                                   \
    " FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_class c ON c.oid = ANY (e.extconfig)"                        \
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"                        \
    " AND (" NO_USAGE " OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))"
#define DENIED_SEQUENCES                                                                                             \
    " UNION ALL SELECT 3, count(*), pg_catalog.min(n.nspname || '.' || c.relname)"                                   \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                           \
    " WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"                                     \
    " AND n.nspname <> 'information_schema'"                                                                         \
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"                                                          \
    "  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')"        \
    /* The planner may ask in any order, and the function fails for what is no sequence. */                          \
    " AND CASE WHEN c.relkind = 'S' THEN (" NO_USAGE                                                                 \
    "  OR NOT pg_catalog.has_sequence_privilege(c.oid, 'SELECT')) END"
#define DENIED_OBJECTS " UNION ALL SELECT 4, count(*), pg_catalog.min(m.oid::pg_catalog.int8)::text"                 \
    " FROM pg_catalog.pg_largeobject_metadata m WHERE "
#define BY_FUNCTION "NOT pg_catalog.has_largeobject_privilege(m.oid, 'SELECT')"
#define BY_LISTS                                                                                                     \
    "pg_catalog.current_setting('lo_compat_privileges') = 'off'"                                                     \
    " AND NOT pg_catalog.pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (SELECT 1"                                  \
    " FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'"                                      \
    " AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))"                                            \
    " AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)"

/* *denied: "3 of the tables (public.a), 1 of the sequences (public.s)", or NULL; caller frees. False: cancelled, or
 * noted under ID_RIGHTS (*asked). */
static bool ask_denied(Visit *visit, bool *asked, bool *objects, char **denied, Error *err)
{
    static const char *const kinds[] = {"", "tables", "configuration tables of extensions", "sequences",
                                        "large objects"};
    static const char before_18[] =
        DENIED_TABLES DENIED_CONFIGURATION DENIED_SEQUENCES DENIED_OBJECTS BY_LISTS " ORDER BY 1";
    static const char from_18[] =
        DENIED_TABLES DENIED_CONFIGURATION DENIED_SEQUENCES DENIED_OBJECTS BY_FUNCTION " ORDER BY 1";
    PgRows *rows = NULL;
    StrBuf sb;
    *asked = false;
    *objects = false;
    if (!ask(visit, ID_RIGHTS, pg_server_version(visit->pg) >= 180000 ? from_18 : before_18, &rows, err)) {
        return false;
    }
    if (rows == NULL) {
        return true;
    }
    *asked = true;
    strbuf_init(&sb, STRBUF_SMALL);
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const int64_t kind = pg_value_int(rows, i, 0, 0);
        const int64_t count = pg_value_int(rows, i, 1, 0);
        const char *first = pg_value(rows, i, 2);
        if (count > 0 && kind >= 1 && kind <= 4) {
            strbuf_addf(&sb, "%s%s of the %s (%s)", sb.len > 0 ? ", " : "", number_text(count).text, kinds[kind],
                        first == NULL ? "" : first);
            *objects = *objects || kind == 4;
        }
    }
    pg_rows_free(rows);
    *denied = sb.len > 0 ? strbuf_detach(&sb) : NULL;
    strbuf_release(&sb);
    return true;
}

static bool check_rights(Visit *visit, Error *err)
{
    PgRows *rows = NULL;
    char *denied = NULL;
    bool asked = false;
    bool objects = false;
    if (!ask_denied(visit, &asked, &objects, &denied, err)) {
        return false;
    }
    if (!asked) {
        return true;
    }
    if (!ask(visit, ID_RIGHTS,
             "SELECT r.rolsuper OR r.rolcreatedb, r.rolsuper OR r.rolbypassrls,"
             " (SELECT count(*)" USER_TABLES " AND c.relrowsecurity"
             "  AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')))"
             " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
             &rows, err)) {
        mem_free(denied);
        return false;
    }
    if (rows == NULL) {
        mem_free(denied);
        return true;
    }
    const char *create = pg_value(rows, 0, 0);
    const char *bypass = pg_value(rows, 0, 1);
    const int64_t secured = pg_value_int(rows, 0, 2, 0);
    if (denied != NULL) {
        note(visit, ID_RIGHTS, CHECK_BAD, EK_REFUSED, mem_printf("The user may not read %s", denied),
             mem_strdup(objects ? "Back up with the owner of the database, or let the owners of the large objects "
                                  "grant SELECT on them; pg_read_all_data does not bring that."
                                : "Back up with the owner of the database, or with a user that has pg_read_all_data."));
    } else if (secured > 0 && (bypass == NULL || strcmp(bypass, "t") != 0)) {
        note(visit, ID_RIGHTS, CHECK_BAD, EK_REFUSED,
             mem_printf("Row security hides rows of %s tables from the user", number_text(secured).text),
             mem_strdup("Back up with the owner of the database, or with a user that has BYPASSRLS."));
    } else if (create == NULL || strcmp(create, "t") != 0) {
        note(visit, ID_RIGHTS, CHECK_WARNING, EK_NONE,
             mem_strdup("The user may read all tables, sequences and large objects, but may not create databases: a "
                        "restore has no Undo"),
             mem_strdup("Give the user the right CREATEDB."));
    } else {
        good(visit, ID_RIGHTS,
             mem_strdup("The user may read all tables, sequences and large objects, and create databases"));
    }
    mem_free(denied);
    pg_rows_free(rows);
    return true;
}

static bool check_tables(Visit *visit, Error *err)
{
    PgRows *rows = NULL;
    if (!ask(visit, ID_TABLES,
             "SELECT pg_catalog.pg_database_size(pg_catalog.current_database()), (SELECT count(*)" USER_TABLES "),"
             " (SELECT pg_catalog.sum(pg_catalog.pg_table_size(c.oid))::bigint" USER_TABLES " AND c.relkind <> 'p')",
             &rows, err)) {
        return false;
    }
    if (rows == NULL) {
        return true;
    }
    visit->database_bytes = pg_value_int(rows, 0, 0, -1);
    visit->table_bytes = pg_value_int(rows, 0, 2, 0);
    const int64_t count = pg_value_int(rows, 0, 1, 0);
    if (count == 0) {
        note(visit, ID_TABLES, CHECK_WARNING, EK_NONE, mem_strdup("The database has no tables"),
             mem_strdup("Check the name of the database. If its tables were lost, restore a backup."));
    } else {
        const uint64_t bytes = visit->database_bytes > 0 ? (uint64_t)visit->database_bytes : 0;
        good(visit, ID_TABLES,
             mem_printf("The database has %s tables and %s", number_text(count).text, size_text(bytes).text));
    }
    pg_rows_free(rows);
    return true;
}

void doctor_forecast(int64_t database_bytes, int64_t table_bytes, const Settings *settings, Check *storage,
                     Check *egress)
{
    static const double a_month[] = {30.4, 4.35, 1}; /* daily, weekly, monthly */
    const double size = (double)database_bytes;
    const bool paid = size > PLAN_STORAGE; /* the Free plan would not have let it grow so far */
    const double month = (double)table_bytes * a_month[settings->schedule];
    char *words = mem_printf("The database has %s; Neon's Free plan holds %s%s", size_text((uint64_t)size).text,
                             size_text((uint64_t)PLAN_STORAGE).text, paid ? ", so it is on a paid plan" : "");
    if (!paid && size > PLAN_STORAGE * NEARLY) {
        set_check(storage, CHECK_WARNING, words,
                  "When it is full, nothing can be saved in the database. Remove what is not needed, or change the "
                  "plan.");
    } else {
        set_check(storage, CHECK_GOOD, words, NULL);
    }
    words = mem_printf("A backup transfers about %s, %s backups about %s a month; Neon's Free plan includes %.0f GB",
                       size_text((uint64_t)table_bytes).text, schedule_name(settings->schedule),
                       size_text((uint64_t)month).text, PLAN_EGRESS / MEGABYTE / 1024.0);
    if (!paid && month > PLAN_EGRESS * NEARLY) {
        set_check(egress, CHECK_WARNING, words,
                  "Back up less often, or change the plan: Neon stops the database when the month's transfer is used "
                  "up.");
    } else {
        set_check(egress, CHECK_GOOD, words, NULL);
    }
}

static void check_plan(Visit *visit)
{
    if (!connection_is_neon(&visit->connection)) {
        skipped(visit, ID_STORAGE, "The server is not one of Neon's");
        skipped(visit, ID_EGRESS, "The server is not one of Neon's");
    } else if (visit->database_bytes < 0) {
        skipped(visit, ID_STORAGE, "The size of the database is not known");
        skipped(visit, ID_EGRESS, "The size of the database is not known");
    } else {
        doctor_forecast(visit->database_bytes, visit->table_bytes, &visit->settings, &visit->checks[ID_STORAGE],
                        &visit->checks[ID_EGRESS]);
    }
}

static bool check_server(Visit *visit, Error *err)
{
    if (visit->pg == NULL) {
        skip_server(visit, "There is no connection to the server");
        return true;
    }
    check_tls(visit);
    check_version(visit);
    if (!check_rights(visit, err) || !check_tables(visit, err)) {
        return false;
    }
    check_plan(visit);
    return true;
}

/* --- SharePoint ------------------------------------------------------------------------------------------ */

/* The folder that OneDrive keeps in step stands in for it. */
static void check_offsite_folder(Visit *visit, CheckState state)
{
    static const char used[] = "A folder that OneDrive keeps in step is used instead";
    OffsiteFolderLook look = {.dir = NULL};
    Error why = ERROR_INIT;
    visit->count = ID_COUNT;
    if (!offsite_folder_look(&look, &why)) {
        failed(visit, ID_SHAREPOINT, state, &why);
    } else if (look.trouble != CLOUDSYNC_FINE) {
        error_set(&why, EK_BUSY, "the folder \"%s\" is there, but %s", look.dir, cloudsync_words(look.trouble));
        error_hint(&why, "%s", cloudsync_remedy(look.trouble));
        failed(visit, ID_SHAREPOINT, state, &why);
    } else if (look.runs) {
        good(visit, ID_SHAREPOINT, mem_printf("%s keeps the folder \"%s\" in step with the cloud", look.provider,
                                              look.dir));
    } else {
        good(visit, ID_SHAREPOINT, mem_printf("The folder \"%s\" belongs to %s; whether that runs now is not known",
                                              look.dir, look.provider));
    }
    skipped(visit, ID_LIBRARY, used);
    skipped(visit, ID_SIGN_IN, used);
    skipped(visit, ID_CLOCK, used);
    offsite_folder_look_release(&look);
    error_clear(&why);
}

/* Where no copies are asked for, it keeps nothing from being made: a warning. False only when cancelled. */
static bool check_sharepoint(Visit *visit, Error *err)
{
    const CheckState state = visit->settings.upload_after_backup ? CHECK_BAD : CHECK_WARNING;
    OffsiteStatus status;
    OffsiteSignIn sign_in;
    Error why = ERROR_INIT;
    bool ok = true;
    char *folder = NULL;
    if (!offsite_folder_load(&folder, NULL) || folder != NULL) {
        mem_free(folder);
        check_offsite_folder(visit, state);
        return true;
    }
    offsite_sign_in(&sign_in);
    offsite_status_init(&status);
    const bool reached = offsite_glance(visit->cancel, &status, &why);
    const bool set_up = sign_in.set_up || (!reached && why.kind != EK_NOT_FOUND); /* a damaged one was, too */
    visit->count = set_up || visit->settings.upload_after_backup ? ID_COUNT : ID_SHAREPOINT;
    if (!reached && why.kind == EK_CANCELLED) {
        ok = error_move(err, &why);
    } else if (reached) {
        char *name = place_name(&status.place);
        good(visit, ID_SHAREPOINT, mem_printf("The folder %s on SharePoint can be reached", name));
        mem_free(name);
        offsite_sign_in_release(&sign_in);
        offsite_sign_in(&sign_in); /* it may have been renewed */
    } else {
        failed(visit, ID_SHAREPOINT, state, &why);
    }
    if (ok && sign_in.set_up) {
        const CatalogLast last = visit->folder == NULL ? (CatalogLast){0, 0, 0}
                                                       : catalog_last(visit->folder, &visit->connection);
        doctor_cloud(&status, &sign_in, last.bytes, &visit->checks[ID_LIBRARY], &visit->checks[ID_SIGN_IN],
                     &visit->checks[ID_CLOCK]);
    } else if (ok) {
        skipped(visit, ID_LIBRARY, "No folder on SharePoint is set up");
        skipped(visit, ID_SIGN_IN, "No folder on SharePoint is set up");
        skipped(visit, ID_CLOCK, "No folder on SharePoint is set up");
    }
    error_clear(&why);
    offsite_status_release(&status);
    offsite_sign_in_release(&sign_in);
    return ok;
}

/* --- all of it ------------------------------------------------------------------------------------------- */

static void conclude(const Visit *visit, Doctor *doctor)
{
    doctor->worst = CHECK_GOOD;
    for (size_t i = 0; i < visit->count; i++) {
        const CheckState state = visit->checks[i].state;
        if (state == CHECK_BAD && doctor->worst != CHECK_BAD) {
            doctor->worst_kind = visit->kinds[i];
        }
        if (state != CHECK_SKIPPED && state > doctor->worst) {
            doctor->worst = state;
        }
    }
}

bool doctor_run(const Connection *connection, const char *folder_wanted, DoctorTask *task, const Cancel *cancel,
                Doctor *doctor, Error *err)
{
    Visit visit = {.cancel = cancel, .database_bytes = -1, .table_bytes = -1};
    settings_init(&visit.settings);
    visit.checks = mem_array(ID_COUNT, sizeof *visit.checks);
    for (size_t i = 0; i < ID_COUNT; i++) {
        visit.checks[i].name = mem_strdup(names[i]);
    }
    connection_init(&visit.connection);
    tools_init(&visit.tools);
    check_folder(&visit, folder_wanted);
    check_settings(&visit, folder_wanted, task);
    bool ok = check_tools(&visit, err);
    if (ok) {
        check_engine(&visit);
        ok = check_connection(&visit, connection, err) && check_server(&visit, err) && check_sharepoint(&visit, err);
    }
    if (ok) {
        check_space(&visit);
        doctor_release(doctor);
        doctor->checks = visit.checks;
        for (size_t i = visit.count; i < ID_COUNT; i++) {
            mem_free(visit.checks[i].name);
            mem_free(visit.checks[i].message);
            mem_free(visit.checks[i].hint);
        }
        doctor->count = visit.count;
        conclude(&visit, doctor);
    } else {
        release_checks(visit.checks, ID_COUNT);
    }
    pg_close(visit.pg);
    tools_release(&visit.tools);
    connection_release(&visit.connection);
    settings_release(&visit.settings);
    mem_free(visit.folder);
    return ok;
}
