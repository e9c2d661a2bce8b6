/*
 * load_database.c: an empty database for what an archive holds: as it sorted, in its encoding, with its settings. What
 * a proof and a restore do alike; the one makes it for a role without rights and drops it, the other keeps it.
 */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"

/* A statement about one name. */
bool load_run_on(Pg *pg, const char *before, const char *name, const char *after, const Cancel *cancel, Error *err)
{
    char *quoted = pg_identifier(name);
    char *sql = mem_printf("%s%s%s", before, quoted, after);
    const bool ok = pg_query(pg, sql, NULL, 0, cancel, NULL, err);
    mem_free(sql);
    mem_free(quoted);
    return ok;
}

/* One number; `param` may be NULL. */
bool load_ask_number(Pg *pg, const char *sql, const char *param, const Cancel *cancel, int64_t *value, Error *err)
{
    PgRows *rows = NULL;
    const char *const params[] = {param};
    if (!pg_query(pg, sql, params, param != NULL, cancel, &rows, err)) {
        return false;
    }
    *value = pg_row_count(rows) > 0 ? pg_value_int(rows, 0, 0, 0) : 0;
    pg_rows_free(rows);
    return true;
}

/* Whether the session is lost or to be stopped; anything else that a server says is an answer. */
bool load_is_the_end(const Error *err)
{
    return err->kind == EK_CANCELLED || err->kind == EK_CONNECT;
}

const char *load_giving_right(const Pg *pg)
{
    return pg_server_version(pg) >= 160000 ? "SET" : "USAGE";
}

bool load_calm(Pg *pg, const Cancel *cancel, Error *err)
{
    return pg_calm(pg, cancel, err) &&
           pg_script(pg,
                     "SET default_transaction_read_only = off;"
                     "SET standard_conforming_strings = on;" /* as sql_next_statement reads */
                     /* What is told as done has to outlast a crash. (A standby is not waited for.) */
                     "SELECT pg_catalog.set_config('synchronous_commit', 'local', false)"
                     " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'",
                     cancel, err);
}

/* --- what an archive says of its database ------------------------------------------------------------------ */

/* pg_dump writes CREATE EXTENSION IF NOT EXISTS name WITH SCHEMA schema; NULL: it names none. Caller frees. */
char *load_extension_schema(const ArchiveEntry *entry)
{
    const char *at = entry->definition;
    char *schema = NULL;
    if (at != NULL && sql_take_word(&at, "CREATE EXTENSION IF NOT EXISTS ")) {
        char *name = sql_take_name(&at);
        schema = name != NULL && sql_take_word(&at, " WITH SCHEMA ") ? sql_take_name(&at) : NULL;
        mem_free(name);
    }
    return schema;
}

bool load_is_plain(const char *text)
{
    bool plain = text[0] != '\0' && strlen(text) < 64;
    for (const char *c = text; *c != '\0'; c++) {
        plain = plain && ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                          strchr("_-.@", *c) != NULL);
    }
    return plain;
}

static bool is_c(const char *locale)
{
    return locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
}

/* By code point, so that no locale of the system is needed; letters are known as such beyond ASCII where the server can
 * do that by itself. */
char *load_plain_sort(const Load *run, const char *encoding)
{
    const int version = pg_server_version(run->server);
    return mem_printf(" LC_COLLATE 'C' LC_CTYPE 'C'%s",
                      version >= 170000 && strcmp(encoding, "UTF8") == 0
                          ? " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                      : version >= 150000 ? " LOCALE_PROVIDER libc"
                                          : "");
}

/* As the source sorts, by the archive's DATABASE entry, and its name for people; NULL: by code point. The locales of a
 * system are tried where somebody named a server; the engine runs on Windows, whose are others. */
char *load_source_sort(const Load *run, char **name)
{
    const ArchiveEntry *entry = load_first_entry(&run->archive, "DATABASE");
    const char *definition = entry == NULL ? NULL : entry->definition;
    char *provider = sql_option_of(definition, "LOCALE_PROVIDER");
    char *locale = sql_option_of(definition, "LOCALE");
    char *collate = sql_option_of(definition, "LC_COLLATE");
    char *ctype = sql_option_of(definition, "LC_CTYPE");
    char *icu = sql_option_of(definition, "ICU_LOCALE");
    char *rules = sql_option_of(definition, "ICU_RULES");
    const char *sorts = collate != NULL ? collate : locale, *letters = ctype != NULL ? ctype : locale;
    char *sql = NULL;
    if (provider != NULL && strcmp(provider, "icu") == 0) {
        char *tag = sql_literal(icu != NULL ? icu : locale != NULL ? locale : "und");
        char *more = sql_literal(rules != NULL ? rules : "");
        *name = mem_printf("%s (ICU)", icu != NULL ? icu : locale != NULL ? locale : "und");
        sql = mem_printf(" LOCALE_PROVIDER icu ICU_LOCALE %s%s%s LC_COLLATE 'C' LC_CTYPE 'C'", tag,
                         rules != NULL ? " ICU_RULES " : "", rules != NULL ? more : "");
        mem_free(more);
        mem_free(tag);
    } else if ((provider == NULL || strcmp(provider, "libc") == 0) && !(is_c(sorts) && is_c(letters))) {
        *name = mem_strdup(!is_c(sorts) ? sorts : letters);
        if (run->engine == NULL && (sorts == NULL || load_is_plain(sorts)) &&
            (letters == NULL || load_is_plain(letters))) {
            sql = mem_printf(" LC_COLLATE '%s' LC_CTYPE '%s'%s", sorts != NULL ? sorts : "C",
                             letters != NULL ? letters : "C",
                             pg_server_version(run->server) >= 150000 ? " LOCALE_PROVIDER libc" : "");
        }
    }
    mem_free(rules);
    mem_free(icu);
    mem_free(ctype);
    mem_free(collate);
    mem_free(locale);
    mem_free(provider);
    return sql;
}

/* Names and definitions of an archive that is not UTF-8 are its bytes, and so must a session's about them be. Not that
 * of the one who makes the database: there an archive does not choose how quotes are read. */
bool load_speak_as_archive(const Load *run, Error *err)
{
    const char *encoding = run->archive.encoding;
    return encoding == NULL || strcmp(encoding, "UTF8") == 0 || pg_use_bytes(run->pg, encoding, run->cancel, err);
}

/* The settings of the database that was backed up, by the one who restores: what that may not set is not needed. They
 * count for sessions that begin later. */
bool load_apply_settings(Load *run, Error *err)
{
    const ArchiveEntry *entry = load_first_entry(&run->archive, "DATABASE PROPERTIES");
    const char *at = entry == NULL || entry->definition == NULL ? "" : entry->definition;
    bool any = false, ok = true;
    for (char *setting = sql_next_setting(&at); setting != NULL; setting = sql_next_setting(&at)) {
        Error why = ERROR_INIT;
        char *after = mem_printf(" SET %s", setting);
        any = true;
        if (ok && !load_run_on(run->pg, "ALTER DATABASE ", run->database, after, run->cancel, &why)) {
            ok = !load_is_the_end(&why);
            if (ok) {
                job_log(run->sink, LOG_INFO, "The setting %s of the database is left out", setting);
            } else {
                error_move(err, &why);
            }
        }
        error_clear(&why);
        mem_free(after);
        mem_free(setting);
    }
    if (!ok || !any) {
        return ok;
    }
    pg_close(run->pg);
    run->pg = NULL;
    return pg_connect(&run->connection, run->cancel, &run->pg, err) &&
           (!run->for_good || load_calm(run->pg, run->cancel, err));
}
