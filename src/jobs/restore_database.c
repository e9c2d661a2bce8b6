/*
 * restore_database.c: the database that a restore fills, and what belongs to it beside its contents.
 *
 * Made as the source was made; owners and rights are given where the server has the roles and the user may give them.
 * Each that may not is a note, and keeps nothing else out.
 */
#include "restore_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "jobs/swap.h"
#include "platform/fs.h"

/* --- the new database ------------------------------------------------------------------------------------ */

/* Of each entry: whether its owner may be given. Those that may not are named once. */
bool restore_look_at_owners(Restore *run, Error *err)
{
    Load *load = &run->load;
    PgRows *rows = NULL;
    load->foreign_owners = mem_array(load->archive.entry_count + 1, sizeof *load->foreign_owners);
    /* Whose objects we may make over to them, and go on working with. */
    if (!pg_query(load->server,
                  pg_server_version(load->server) >= 160000
                      ? "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'USAGE')"
                        " AND pg_catalog.pg_has_role(oid, 'SET')"
                      : "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'USAGE')",
                  NULL, 0, load->cancel, &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < load->archive.entry_count; i++) {
        const char *owner = load->archive.entries[i].owner;
        bool may = owner == NULL || owner[0] == '\0';
        for (size_t r = 0; !may && r < pg_row_count(rows); r++) {
            may = strcmp(pg_value(rows, r, 0), owner) == 0;
        }
        load->foreign_owners[i] = !may;
        bool told = may;
        for (size_t before = 0; !told && before < i; before++) {
            const char *other = load->archive.entries[before].owner;
            told = load->foreign_owners[before] && other != NULL && strcmp(other, owner) == 0;
        }
        if (!told) {
            restore_note(run, mem_printf("What belonged to %s belongs to %s: there is no such role here, or %s may not "
                                         "act for it", owner, run->user, run->user));
        }
    }
    pg_rows_free(rows);
    return true;
}

/* The options of CREATE DATABASE by which the live one sorts. NULL: an error. Caller frees. */
static char *live_sort(Restore *run, Error *err)
{
    const char *const params[] = {run->live};
    PgRows *rows = NULL;
    char *sort = NULL;
    if (pg_query(run->load.server,
                 "SELECT pg_catalog.format(' LC_COLLATE %L LC_CTYPE %L', datcollate, datctype) ||"
                 " CASE pg_catalog.to_jsonb(d) ->> 'datlocprovider'"
                 " WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce("
                 "pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'))"
                 " WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L',"
                 " pg_catalog.to_jsonb(d) ->> 'datlocale') WHEN 'c' THEN ' LOCALE_PROVIDER libc' ELSE '' END"
                 " FROM pg_catalog.pg_database d WHERE datname = $1",
                 params, 1, run->load.cancel, &rows, err) &&
        pg_row_count(rows) > 0) {
        sort = mem_strdup(pg_value(rows, 0, 0));
    }
    pg_rows_free(rows);
    return sort;
}

/* What a proof may take for the like, an application may not: C of the system's library, or the server's own. */
static char *source_sort(Restore *run, char **name)
{
    Load *load = &run->load;
    const ArchiveEntry *entry = load_first_entry(&load->archive, "DATABASE");
    char *sort = load_source_sort(load, name);
    if (sort != NULL || entry == NULL) {
        return sort;
    }
    const int version = pg_server_version(load->server);
    char *provider = sql_option_of(entry->definition, "LOCALE_PROVIDER");
    if (provider != NULL && strcmp(provider, "builtin") == 0) {
        char *locale = sql_option_of(entry->definition, "BUILTIN_LOCALE");
        char *literal = sql_literal(locale != NULL ? locale : "C");
        *name = mem_printf("%s (builtin)", locale != NULL ? locale : "C");
        sort = mem_printf(" LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE %s", literal);
        mem_free(literal);
        mem_free(locale);
    } else if (*name == NULL) {
        *name = mem_strdup("C");
        sort = mem_printf(" LC_COLLATE 'C' LC_CTYPE 'C'%s", version >= 150000 ? " LOCALE_PROVIDER libc" : "");
    }
    mem_free(provider);
    return sort;
}

/* " TABLESPACE x" of the live one, "" where it has none of its own. NULL: an error. Caller frees. */
static char *live_tablespace(Restore *run, Error *err)
{
    const char *const params[] = {run->live};
    PgRows *rows = NULL;
    char *text = NULL;
    if (!run->has_live) {
        return mem_strdup("");
    }
    if (pg_query(run->load.server,
                 "SELECT pg_catalog.format(' TABLESPACE %I', t.spcname) FROM pg_catalog.pg_database d"
                 " JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace"
                 " WHERE d.datname = $1 AND t.spcname <> 'pg_default'",
                 params, 1, run->load.cancel, &rows, err)) {
        text = mem_strdup(pg_row_count(rows) > 0 ? pg_value(rows, 0, 0) : "");
    }
    pg_rows_free(rows);
    return text;
}

static bool create(Restore *run, const char *sort, Error *err)
{
    Load *load = &run->load;
    char *place = live_tablespace(run, err);
    if (place == NULL) {
        return false;
    }
    char *encoding = load_encoding(&load->archive);
    char *more = mem_printf(" TEMPLATE template0 ENCODING '%s'%s %s CONNECTION LIMIT " SWAP_NEW_LIMIT,
                            load_is_plain(encoding) ? encoding : "UTF8", sort, place);
    const bool ok = load_run_on(load->server, "CREATE DATABASE ", load->database, more, load->cancel, err);
    mem_free(more);
    mem_free(encoding);
    mem_free(place);
    return ok;
}

/* As the source sorted. Another order would change answers of the application, so it is asked for, never taken. */
static bool create_database(Restore *run, Error *err)
{
    Load *load = &run->load;
    char *encoding = load_encoding(&load->archive);
    char *sort = run->spec->sort_as_live && run->has_live ? live_sort(run, err)
                                                           : source_sort(run, &load->other_sort);
    char *plain = load_plain_sort(load, encoding);
    Error why = ERROR_INIT;
    bool ok = create(run, sort != NULL ? sort : plain, &why);
    if (!ok && sort != NULL && load->other_sort != NULL && !load_is_the_end(&why)) {
        error_set(err, EK_SETTINGS, "this server cannot sort as the database did: by %s", load->other_sort);
        error_detail(err, "%s", why.message);
        run->result->other_sort = run->has_live ? mem_strdup(load->other_sort) : NULL;
        error_hint(err, run->has_live ? "Restore on a server that can, or say that it is to sort as the live database "
                                        "does."
                                      : "Restore on a server that can.");
    } else if (!ok) {
        error_move(err, &why);
    }
    error_clear(&why);
    mem_free(load->other_sort);
    load->other_sort = NULL;
    mem_free(plain);
    mem_free(sort);
    mem_free(encoding);
    run->made = ok;
    return ok;
}

/* --- schemas, and the rights to own something in them --------------------------------------------------------- */

/* What a new owner has to have where no superuser makes him one; it is taken back before the backup's own rights are
 * given. */
static bool lend(Restore *run, bool give, const char *on, const char *name, const char *role, Error *err)
{
    Load *load = &run->load;
    char *quoted = pg_identifier(name), *to = pg_identifier(role);
    char *sql = mem_printf("%s CREATE ON %s %s %s %s", give ? "GRANT" : "REVOKE", on, quoted, give ? "TO" : "FROM", to);
    Error why = ERROR_INIT;
    const bool ok = pg_query(load->pg, sql, NULL, 0, load->cancel, NULL, &why) || !load_is_the_end(&why);
    if (!ok) {
        error_move(err, &why);
    }
    error_clear(&why);
    mem_free(sql);
    mem_free(to);
    mem_free(quoted);
    return ok;
}

/* For each role to which something will belong: on the database, and on each schema that something of it is in. */
static bool lend_rights(Restore *run, bool give, Error *err)
{
    const Archive *archive = &run->load.archive;
    bool ok = true;
    for (size_t i = 0; ok && !run->is_super && i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        const bool is_schema = strcmp(entry->desc, "SCHEMA") == 0;
        const char *schema = is_schema ? entry->tag : entry->schema;
        bool done = run->load.foreign_owners[i] || entry->owner == NULL || entry->owner[0] == '\0' || schema == NULL ||
                    schema[0] == '\0' || strcmp(entry->owner, run->user) == 0;
        for (size_t before = 0; !done && before < i; before++) {
            const ArchiveEntry *other = &archive->entries[before];
            const char *there = strcmp(other->desc, "SCHEMA") == 0 ? other->tag : other->schema;
            done = other->owner != NULL && there != NULL && strcmp(other->owner, entry->owner) == 0 &&
                   strcmp(there, schema) == 0;
        }
        /* Of the live database it would be taken from whoever had it before. */
        ok = done || ((run->spec->in_place || lend(run, give, "DATABASE", run->load.database, entry->owner, err)) &&
                      lend(run, give, "SCHEMA", schema, entry->owner, err));
    }
    return ok;
}

/* IF NOT EXISTS asks for the right to make it before it looks whether it is there. */
static bool make_schema(const Load *load, const char *name, Error *err)
{
    bool is_there = false;
    return load_has_schema(load->pg, name, load->cancel, &is_there, err) &&
           (is_there || load_run_on(load->pg, "CREATE SCHEMA ", name, "", load->cancel, err));
}

/* Beforehand, so that something may belong to others in them; and public is there already. */
static bool make_schemas(Restore *run, Error *err)
{
    Load *load = &run->load;
    bool ok = true;
    for (size_t i = 0; ok && i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        if (strcmp(entry->desc, "SCHEMA") == 0) {
            ok = make_schema(load, entry->tag, err);
        }
    }
    return ok && lend_rights(run, true, err);
}

/* When nothing is to be made in them any more. */
bool restore_give_schemas(Restore *run, Error *err)
{
    Load *load = &run->load;
    bool ok = lend_rights(run, false, err);
    for (size_t i = 0; ok && i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        if (strcmp(entry->desc, "SCHEMA") != 0 || load->foreign_owners[i] || entry->owner == NULL ||
            entry->owner[0] == '\0') {
            continue;
        }
        Error why = ERROR_INIT;
        char *owner = pg_identifier(entry->owner), *to = mem_printf(" OWNER TO %s", owner);
        if (!load_run_on(load->pg, "ALTER SCHEMA ", entry->tag, to, load->cancel, &why)) {
            ok = !load_is_the_end(&why) || error_move(err, &why);
            if (ok) {
                restore_note(run, mem_printf("The schema %s does not belong to %s: %s", entry->tag, entry->owner,
                                         why.message));
            }
        }
        error_clear(&why);
        mem_free(to);
        mem_free(owner);
    }
    return ok;
}

/* By the user's own rights; what it may not make may be there in another form, so the restore goes on and pg_restore
 * decides. */
static bool make_extensions(Restore *run, Error *err)
{
    Load *load = &run->load;
    bool ok = true;
    for (size_t i = 0; ok && i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        if (strcmp(entry->desc, "EXTENSION") != 0) {
            continue;
        }
        Error why = ERROR_INIT;
        char *schema = load_extension_schema(entry);
        char *quoted = schema == NULL ? mem_strdup("") : pg_identifier(schema);
        char *where = schema == NULL ? mem_strdup("") : mem_printf(" SCHEMA %s", quoted);
        if (!((schema == NULL || strncmp(schema, "pg_", 3) == 0 || make_schema(load, schema, &why)) &&
              load_run_on(load->pg, "CREATE EXTENSION IF NOT EXISTS ", entry->tag, where, load->cancel, &why))) {
            ok = !load_is_the_end(&why);
            if (ok) {
                restore_note(run, mem_printf("The extension %s could not be made: %s", entry->tag, why.message));
            } else {
                error_move(err, &why);
            }
        }
        error_clear(&why);
        mem_free(where);
        mem_free(quoted);
        mem_free(schema);
    }
    return ok;
}

/* While it is filled it is nobody else's: what they entered between the count and the change of names would pass for
 * the backup's. (Superusers come in all the same.) restore_carry_over opens it. */
static bool open_to_all(Restore *run, bool open, Error *err)
{
    Load *load = &run->load;
    return load_run_on(load->server, open ? "GRANT CONNECT ON DATABASE " : "REVOKE CONNECT ON DATABASE ",
                       load->database, open ? " TO PUBLIC" : " FROM PUBLIC", load->cancel, err);
}

bool restore_make_database(Restore *run, Error *err)
{
    Load *load = &run->load;
    if (!create_database(run, err) || !open_to_all(run, false, err) ||
        !swap_mark_coming(load->server, load->database, run->spec->to != NULL ? run->spec->to : run->live,
                          fs_base_name(load->path), load->cancel, err)) {
        return false;
    }
    mem_free(load->connection.database);
    load->connection.database = mem_strdup(load->database);
    return pg_connect(&load->connection, load->cancel, &load->pg, err) && load_calm(load->pg, load->cancel, err) &&
           make_schemas(run, err) && make_extensions(run, err) &&
           load_apply_settings(load, err) && load_speak_as_archive(load, err);
}

/* The live database keeps its own settings; those of the backup are there while its rows come in. */
static bool set_for_rows(Restore *run, Error *err)
{
    Load *load = &run->load;
    const ArchiveEntry *entry = load_first_entry(&load->archive, "DATABASE PROPERTIES");
    const char *at = entry == NULL || entry->definition == NULL ? "" : entry->definition;
    bool ok = true;
    for (char *setting = sql_next_setting(&at); setting != NULL; setting = ok ? sql_next_setting(&at) : NULL) {
        Error why = ERROR_INIT;
        char *sql = mem_printf("SET LOCAL %s", setting);
        ok = pg_query(load->pg, sql, NULL, 0, load->cancel, NULL, &why) || !load_is_the_end(&why) ||
             error_move(err, &why);
        error_clear(&why);
        mem_free(sql);
        mem_free(setting);
    }
    return ok;
}

bool restore_prepare_in_place(Restore *run, Error *err)
{
    return load_speak_as_archive(&run->load, err) && make_schemas(run, err) && make_extensions(run, err) &&
           set_for_rows(run, err);
}

/* --- what has no rows -------------------------------------------------------------------------------------- */

/* Statement by statement: what one right lacks, the others need not. */
static bool run_later(Restore *run, const ArchiveEntry *entry, Error *err)
{
    Load *load = &run->load;
    const char *at = entry->definition == NULL ? "" : entry->definition;
    bool ok = true;
    for (char *sql = sql_next_statement(&at); sql != NULL; sql = ok ? sql_next_statement(&at) : NULL) {
        Error why = ERROR_INIT;
        if (load->in_place && sql_ends_transaction(sql)) {
            error_set(err, EK_TOOL, "%s could not be restored: %s", fs_base_name(load->path), LOAD_ENDS_TRANSACTION);
            ok = error_hint(err, "Nothing was changed. Show this to your IT administrator.");
        } else if (!pg_query(load->pg, sql, NULL, 0, load->cancel, NULL, &why)) {
            ok = !load_is_the_end(&why) || error_move(err, &why);
            if (ok) {
                restore_note(run, mem_printf("%s of %s was not carried over: %s", entry->desc, entry->tag,
                                             why.message));
            }
        }
        error_clear(&why);
        mem_free(sql);
    }
    return ok;
}

/* What pg_restore would have made over to its owner. An event trigger takes a superuser for one. */
static bool own_later(Restore *run, size_t at, Error *err)
{
    Load *load = &run->load;
    const ArchiveEntry *entry = &load->archive.entries[at];
    const bool owned = strcmp(entry->desc, "EVENT TRIGGER") == 0 || strcmp(entry->desc, "PUBLICATION") == 0;
    if (!owned || load->foreign_owners[at] || entry->owner == NULL || entry->owner[0] == '\0' ||
        strcmp(entry->owner, run->user) == 0) {
        return true;
    }
    Error why = ERROR_INIT;
    char *alter = mem_printf("ALTER %s ", entry->desc), *owner = pg_identifier(entry->owner);
    char *to = mem_printf(" OWNER TO %s", owner);
    bool ok = load_run_on(load->pg, alter, entry->tag, to, load->cancel, &why);
    if (!ok) {
        ok = !load_is_the_end(&why) || error_move(err, &why);
        if (ok) {
            restore_note(run, mem_printf("%s %s does not belong to %s: %s", entry->desc, entry->tag, entry->owner,
                                         why.message));
        }
    }
    error_clear(&why);
    mem_free(to);
    mem_free(owner);
    mem_free(alter);
    return ok;
}

/* A new database has the schema public, and pg_dump does not say that the source had none. The live one tells. */
static bool drop_public(Restore *run, Error *err)
{
    Load *load = &run->load;
    PgRows *rows = NULL;
    for (size_t i = 0; i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        if ((entry->schema != NULL && strcmp(entry->schema, "public") == 0) ||
            (strcmp(entry->desc, "SCHEMA") == 0 && strcmp(entry->tag, "public") == 0)) {
            return true;
        }
    }
    if (!run->has_live || run->in_live == NULL) {
        return true;
    }
    bool ok = pg_query(run->in_live, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'public'", NULL, 0,
                       load->cancel, &rows, err);
    if (ok && pg_row_count(rows) == 0) {
        Error why = ERROR_INIT; /* an extension may be in it: then it stays */
        ok = pg_query(load->pg, "DROP SCHEMA IF EXISTS public", NULL, 0, load->cancel, NULL, &why) ||
             !load_is_the_end(&why) || error_move(err, &why);
        error_clear(&why);
    }
    pg_rows_free(rows);
    return ok;
}

bool restore_do_later(Restore *run, Error *err)
{
    const Archive *archive = &run->load.archive;
    bool ok = true;
    for (size_t i = 0; ok && i < archive->entry_count; i++) {
        if (load_is_later(&archive->entries[i])) {
            ok = run_later(run, &archive->entries[i], err) && own_later(run, i, err);
        }
    }
    return ok && drop_public(run, err);
}

/* What the live database has as a database: rights and owner. */
static const char carry_sql[] =
    "SELECT sql FROM ("
    "SELECT 0 AS place, pg_catalog.format('ALTER DATABASE %I RESET ALL', $2::text) AS sql"
    " UNION ALL SELECT 2, pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text)"
    " FROM pg_catalog.pg_database WHERE datname = $1 AND datacl IS NOT NULL"
    " UNION ALL SELECT 3, pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2::text,"
    " CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
    " CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
    " FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a WHERE d.datname = $1"
    " UNION ALL SELECT 4, pg_catalog.format('ALTER DATABASE %I OWNER TO %I', $2::text,"
    " pg_catalog.pg_get_userbyid(datdba)) FROM pg_catalog.pg_database WHERE datname = $1) s ORDER BY place";

/* Its settings, and those of roles in it. A list is kept as it is written in SQL, quotes and all, so it is set in a
 * session of ours and taken from there; see pg_dump's variable_is_guc_list_quote. */
static const char settings_sql[] =
    "SELECT CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END,"
    " pg_catalog.split_part(c, '=', 1), pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1),"
    " (pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) IN ('local_preload_libraries', 'search_path',"
    " 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'))::int"
    " FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c"
    " WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = $1)";

/* app.user: each part by itself. */
static char *setting_name(const char *name)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    for (const char *at = name; *at != '\0';) {
        const size_t len = strcspn(at, ".");
        char *part = mem_strndup(at, len);
        char *quoted = pg_identifier(part);
        strbuf_addf(&text, "%s%s", quoted, at[len] == '.' ? "." : "");
        at += len + (at[len] == '.');
        mem_free(quoted);
        mem_free(part);
    }
    return strbuf_detach(&text);
}

static bool carry_setting(Restore *run, const PgRows *rows, size_t i, Error *err)
{
    Load *load = &run->load;
    const char *role = pg_value(rows, i, 0), *raw = pg_value(rows, i, 1), *value = pg_value(rows, i, 2);
    const bool list = pg_value_int(rows, i, 3, 0) != 0;
    const char *const params[] = {raw, value};
    char *name = setting_name(raw), *database = pg_identifier(load->database);
    char *who = role != NULL ? pg_identifier(role) : NULL;
    char *literal = sql_literal(value);
    char *sql = mem_printf("ALTER %s%s%s %s SET %s %s%s", who != NULL ? "ROLE " : "DATABASE", who != NULL ? who : "",
                           who != NULL ? " IN DATABASE" : "", database, name, list ? "FROM CURRENT" : "TO ",
                           list ? "" : literal);
    Error why = ERROR_INIT;
    bool ok = (!list || pg_query(load->server, "SELECT pg_catalog.set_config($1, $2, false)", params, 2, load->cancel,
                                 NULL, &why)) &&
              pg_query(load->server, sql, NULL, 0, load->cancel, NULL, &why);
    if (!ok) {
        ok = !load_is_the_end(&why) || error_move(err, &why);
        if (ok) {
            restore_note(run, mem_printf("The setting %s of the live database was not carried over: %s", raw,
                                         why.message));
        }
    }
    error_clear(&why);
    mem_free(sql);
    mem_free(literal);
    mem_free(who);
    mem_free(database);
    mem_free(name);
    return ok;
}

static bool carry_settings(Restore *run, Error *err)
{
    Load *load = &run->load;
    const char *const params[] = {run->live};
    PgRows *rows = NULL;
    bool ok = pg_query(load->server, settings_sql, params, 1, load->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        ok = carry_setting(run, rows, i, err);
    }
    pg_rows_free(rows);
    return ok && pg_query(load->server, "SELECT pg_catalog.set_config('search_path', '', false)", NULL, 0, load->cancel,
                          NULL, err);
}

/* Of the statements about the database: its comment and its limit. Caller frees. */
static char *last_words(const Archive *archive, int64_t *limit)
{
    static const char word[] = " CONNECTION LIMIT = ";
    char *comment = NULL;
    *limit = -1;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        const bool about = strcmp(entry->desc, "COMMENT") == 0 && strncmp(entry->tag, "DATABASE ", 9) == 0;
        const bool properties = strcmp(entry->desc, "DATABASE PROPERTIES") == 0;
        const char *at = (about || properties) && entry->definition != NULL ? entry->definition : "";
        for (char *sql = sql_next_statement(&at); sql != NULL; sql = sql_next_statement(&at)) {
            const char *rest = sql, *number = properties ? strstr(sql, word) : NULL;
            char *name = about && sql_take_word(&rest, "COMMENT ON DATABASE ") ? sql_take_name(&rest) : NULL;
            if (name != NULL && comment == NULL && sql_take_word(&rest, " IS ")) {
                comment = sql_take_literal(&rest);
            }
            if (number != NULL) {
                *limit = strtol(number + sizeof word - 1, NULL, 10);
            }
            mem_free(name);
            mem_free(sql);
        }
    }
    return comment;
}

/* NULL: it is not told, or not here. */
static const char *backup_owner(const Restore *run)
{
    const Load *load = &run->load;
    const ArchiveEntry *entry = load_first_entry(&load->archive, "DATABASE");
    return entry == NULL || entry->owner == NULL || entry->owner[0] == '\0' ||
                   load->foreign_owners[entry - load->archive.entries]
               ? NULL
               : entry->owner;
}

/* Last of all: a database of somebody else's is none that a swap takes (swap.c: look). */
static bool own_by_backup(Restore *run, const char *name, Error *err)
{
    Load *load = &run->load;
    const char *wanted = backup_owner(run);
    if (wanted == NULL) {
        return true;
    }
    Error why = ERROR_INIT;
    char *owner = pg_identifier(wanted), *to = mem_printf(" OWNER TO %s", owner);
    bool ok = load_run_on(load->server, "ALTER DATABASE ", name, to, load->cancel, &why);
    if (!ok) {
        ok = !load_is_the_end(&why) || error_move(err, &why);
        if (ok) {
            restore_note(run, mem_printf("The database does not belong to %s: %s", wanted, why.message));
        }
    }
    error_clear(&why);
    mem_free(to);
    mem_free(owner);
    return ok;
}

bool restore_dress(Restore *run, Error *err)
{
    Load *load = &run->load;
    int64_t limit = -1;
    char *comment = last_words(&load->archive, &limit);
    const bool ok = swap_dress(load->server, load->database, run->live, comment, limit, backup_owner(run),
                               load->cancel, err);
    mem_free(comment);
    return ok;
}

bool restore_look_at_dress(Restore *run, Error *err)
{
    const char *const params[] = {run->live};
    const char *owner = backup_owner(run);
    PgRows *rows = NULL;
    const bool ok = owner == NULL ||
                    pg_query(run->load.server,
                             "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = $1",
                             params, 1, run->load.cancel, &rows, err);
    const char *now = ok && owner != NULL ? pg_value(rows, 0, 0) : NULL;
    if (now != NULL && strcmp(now, owner) != 0) {
        restore_note(run, mem_printf("The database belongs to %s, not to %s: it could not be given", now, owner));
    }
    pg_rows_free(rows);
    return ok;
}

/* Where there is no live database: what the backup says of its own. `last`, of a new one beside: its limit, its comment
 * and its owner; the mark stands for them until then. */
bool restore_carry_from_backup(Restore *run, const char *name, bool last, Error *err)
{
    Load *load = &run->load;
    bool ok = true;
    for (size_t i = 0; ok && i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        const bool about = strncmp(entry->tag, "DATABASE ", 9) == 0;
        const bool of_database = strcmp(entry->desc, "DATABASE PROPERTIES") == 0 ||
                                 (about && (strcmp(entry->desc, "ACL") == 0 || strcmp(entry->desc, "COMMENT") == 0));
        const char *at = of_database && entry->definition != NULL ? entry->definition : "";
        for (char *one = sql_next_statement(&at); one != NULL; one = ok ? sql_next_statement(&at) : NULL) {
            char *sql = sql_for_database(one, name);
            const bool is_last = strcmp(entry->desc, "COMMENT") == 0 || strstr(one, " CONNECTION LIMIT = ") != NULL;
            Error why = ERROR_INIT;
            if (sql != NULL && is_last == last && strstr(one, " IS_TEMPLATE = ") == NULL &&
                !pg_query(load->server, sql, NULL, 0, load->cancel, NULL, &why)) {
                ok = !load_is_the_end(&why) || error_move(err, &why);
                if (ok) {
                    restore_note(run, mem_printf("Of the database itself this was not brought back: %s", why.message));
                }
            }
            error_clear(&why);
            mem_free(sql);
            mem_free(one);
        }
    }
    return ok && (!last || own_by_backup(run, name, err));
}

bool restore_carry_over(Restore *run, Error *err)
{
    Load *load = &run->load;
    const char *const params[] = {run->live, load->database};
    PgRows *rows = NULL;
    if (!open_to_all(run, true, err)) {
        return false;
    }
    if (!run->has_live) {
        return restore_carry_from_backup(run, load->database, false, err);
    }
    bool ok = pg_query(load->server, carry_sql, params, 2, load->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        Error why = ERROR_INIT;
        if (!pg_query(load->server, pg_value(rows, i, 0), NULL, 0, load->cancel, NULL, &why)) {
            ok = !load_is_the_end(&why);
            if (ok) {
                restore_note(run, mem_printf("Of the live database this was not carried over: %s", why.message));
            } else {
                error_move(err, &why);
            }
        }
        error_clear(&why);
    }
    pg_rows_free(rows);
    return ok && carry_settings(run, err);
}
