/*
 * load_finish.c: what stands in the way of a restore and is no fault of the backup, cleared away; and what a proof
 * does itself when pg_restore is done. All of it as the role that owns the scratch database; only roles are made by
 * who made that one.
 */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define MAX_ROLES 50u
#define MAX_PASSES 20 /* over the materialized views */

static void add_text(char ***texts, size_t *count, char *text)
{
    *texts = mem_resize(*texts, *count + 1, sizeof **texts);
    (*texts)[(*count)++] = text;
}

/* --- roles ------------------------------------------------------------------------------------------------ */

/* Of `… role "name" does not exist`; NULL: it says something else. Caller frees. */
char *load_missing_role(const char *error)
{
    static const char before[] = "role \"", after[] = "\" does not exist";
    const char *from = error == NULL ? NULL : strstr(error, before);
    const char *to = from == NULL ? NULL : strstr(from, after);
    return to == NULL ? NULL : mem_strndup(from + sizeof before - 1, (size_t)(to - from) - (sizeof before - 1));
}

/* Roles are not of a database, so no backup of one has them. One without any right does. */
static bool make_missing_role(Load *run, Error *err)
{
    char *name = run->engine == NULL || run->roles_made >= MAX_ROLES ? NULL : load_missing_role(run->raw_error);
    if (name == NULL) {
        return false;
    }
    char *quoted = pg_identifier(name);
    char *sql = mem_printf("CREATE ROLE %s", quoted);
    Error why = ERROR_INIT;
    const bool ok = pg_query(run->server, sql, NULL, 0, run->cancel, NULL, &why);
    if (!ok && (why.kind == EK_CANCELLED || why.kind == EK_CONNECT)) {
        error_move(err, &why);
    }
    error_clear(&why);
    run->roles_made += ok;
    mem_free(sql);
    mem_free(quoted);
    mem_free(name);
    return ok;
}

/* --- rules that refuse what they once let in ------------------------------------------------------------------ */

/* The rule in whose words the server refused a row, at the table or domain where it was made: statement that drops it,
 * and its name for people. */
static const char rule_sql[] =
    "WITH RECURSIVE rule AS ("
    "SELECT co.oid, co.conname, co.conrelid, co.contypid, co.coninhcount FROM pg_catalog.pg_constraint co"
    " LEFT JOIN pg_catalog.pg_class c ON c.oid = co.conrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = co.contypid"
    " WHERE co.contype = 'c' AND (pg_catalog.strpos($1, pg_catalog.format("
    "'new row for relation \"%s\" violates check constraint \"%s\"', c.relname, co.conname)) > 0 AND c.oid IS NOT NULL"
    " OR pg_catalog.strpos($1, pg_catalog.format("
    "'value for domain %s violates check constraint \"%s\"', pg_catalog.format_type(t.oid, NULL), co.conname)) > 0"
    " AND t.oid IS NOT NULL)"
    " UNION SELECT co.oid, co.conname, co.conrelid, co.contypid, co.coninhcount FROM rule r"
    " JOIN pg_catalog.pg_inherits i ON i.inhrelid = r.conrelid JOIN pg_catalog.pg_constraint co"
    " ON co.conrelid = i.inhparent AND co.conname = r.conname AND co.contype = 'c' WHERE r.coninhcount > 0)"
    " SELECT CASE WHEN c.oid IS NOT NULL"
    " THEN pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', cn.nspname, c.relname, r.conname)"
    " ELSE pg_catalog.format('ALTER DOMAIN %I.%I DROP CONSTRAINT %I', tn.nspname, t.typname, r.conname) END,"
    " pg_catalog.concat_ws('.', coalesce(cn.nspname, tn.nspname), coalesce(c.relname, t.typname), r.conname)"
    ", pg_catalog.format(CASE WHEN c.oid IS NOT NULL THEN 'ALTER TABLE %1$I.%2$I ADD CONSTRAINT %3$I %4$s'"
    " ELSE 'ALTER DOMAIN %1$I.%2$I ADD CONSTRAINT %3$I %4$s' END, coalesce(cn.nspname, tn.nspname),"
    " coalesce(c.relname, t.typname), r.conname, pg_catalog.pg_get_constraintdef(r.oid) ||"
    " CASE WHEN (SELECT co.convalidated FROM pg_catalog.pg_constraint co WHERE co.oid = r.oid) THEN ' NOT VALID'"
    " ELSE '' END)"
    " FROM rule r LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace)"
    " ON c.oid = r.conrelid LEFT JOIN (pg_catalog.pg_type t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace)"
    " ON t.oid = r.contypid WHERE r.coninhcount = 0"
    " ORDER BY (cn.nspname = $2 AND c.relname = $3) DESC NULLS LAST, 1";

/* A check that was true when the row came, and is no more (a date, a function that was changed): the row is what the
 * backup is there for. COPY has taken none of the table's rows, so it can be begun again. */
static bool put_off_rule(Load *run, const ArchiveEntry *entry, Error *err)
{
    const char *const params[] = {run->raw_error, entry->schema, entry->tag};
    PgRows *rows = NULL;
    if (run->raw_error == NULL || strstr(run->raw_error, "violates check constraint \"") == NULL ||
        strcmp(entry->desc, "TABLE DATA") != 0 || run->other_sort != NULL) {
        return false;
    }
    bool ok = pg_query(run->pg, rule_sql, params, 3, run->cancel, &rows, err) && pg_row_count(rows) > 0 &&
              (!run->for_good || pg_value(rows, 0, 2) != NULL) &&
              pg_query(run->pg, pg_value(rows, 0, 0), NULL, 0, run->cancel, NULL, err);
    if (ok) {
        const char *name = pg_value(rows, 0, 1);
        add_text(&run->result.unchecked, &run->result.unchecked_count, mem_strdup(name));
        if (run->for_good) {
            add_text(&run->put_off, &run->put_off_count, mem_strdup(pg_value(rows, 0, 2)));
        }
        job_log(run->sink, LOG_WARNING, "The rule %s refuses rows that the table holds; a restore has to leave it out "
                                        "until the rows are in", name);
    }
    pg_rows_free(rows);
    return ok;
}

static bool has_role(Load *run, const char *text, bool *has, Error *err)
{
    char *name = sql_take_name(&text);
    const char *const params[] = {name};
    PgRows *rows = NULL;
    const bool ok = pg_query(run->pg, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", params, 1, run->cancel,
                             &rows, err);
    *has = ok && pg_row_count(rows) > 0;
    pg_rows_free(rows);
    mem_free(name);
    return ok;
}

/* For those of its roles that are here: without a restrictive one they would see more than before, without another
 * less. Where none is here, it was about nobody. */
static bool make_policy(Load *run, const ArchiveEntry *entry, Error *err)
{
    const char *at = entry->definition, *from = NULL;
    StrBuf roles;
    size_t count = 0;
    bool ok = at != NULL;
    strbuf_init(&roles, STRBUF_LINE);
    for (char *role = ok ? load_policy_role(&at, true) : NULL; role != NULL;
         role = ok ? load_policy_role(&at, false) : NULL) {
        bool has = false;
        from = from == NULL ? at - strlen(role) : from;
        ok = has_role(run, role, &has, err);
        if (has) {
            strbuf_addf(&roles, "%s%s", count++ == 0 ? "" : ", ", role);
        }
        mem_free(role);
    }
    if (ok && count > 0) {
        char *sql = mem_printf("%.*s%s%s", (int)(from - entry->definition), entry->definition, roles.buf, at);
        ok = pg_query(run->pg, sql, NULL, 0, run->cancel, NULL, err);
        mem_free(sql);
    }
    strbuf_release(&roles);
    return ok && from != NULL;
}

/* What only says what a role may do here, where that role is not. */
static bool leave_out(Load *run, size_t at, Error *err)
{
    const ArchiveEntry *entry = &run->archive.entries[at];
    char *name = run->for_good ? load_missing_role(run->raw_error) : NULL;
    const bool policy = strcmp(entry->desc, "POLICY") == 0;
    const bool may = name != NULL && run->wanted[at] && (policy || strcmp(entry->desc, "USER MAPPING") == 0) &&
                     (!policy || make_policy(run, entry, err));
    if (may) {
        run->wanted[at] = false;
        add_text(&run->skipped, &run->skipped_count,
                 mem_printf("The %s %s was made without the role %s, which is not on this server", entry->desc,
                            entry->tag, name));
    }
    mem_free(name);
    return may;
}

bool load_clear_away(Load *run, size_t at, Error *err)
{
    return make_missing_role(run, err) || (err->kind == EK_NONE && leave_out(run, at, err)) ||
           (err->kind == EK_NONE && put_off_rule(run, &run->archive.entries[at], err));
}

/* --- after pg_restore ---------------------------------------------------------------------------------------- */

/* Its owner is to count all of a table's rows. */
static bool lift_row_security(Load *run, Error *err)
{
    PgRows *rows = NULL;
    bool ok = pg_query(run->pg,
                       "SELECT pg_catalog.format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY', n.nspname,"
                       " c.relname),"
                       " pg_catalog.format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', n.nspname, c.relname)"
                       " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE c.relforcerowsecurity AND n.nspname !~ '^pg_'",
                       NULL, 0, run->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        ok = pg_query(run->pg, pg_value(rows, i, 0), NULL, 0, run->cancel, NULL, err);
        if (ok && run->for_good) {
            add_text(&run->forced, &run->forced_count, mem_strdup(pg_value(rows, i, 1)));
        }
    }
    pg_rows_free(rows);
    return ok;
}

bool load_put_back(Load *run, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < run->forced_count; i++) {
        ok = pg_query(run->pg, run->forced[i], NULL, 0, run->cancel, NULL, err);
    }
    for (size_t i = 0; ok && i < run->put_off_count; i++) {
        ok = pg_query(run->pg, run->put_off[i], NULL, 0, run->cancel, NULL, err);
    }
    return ok;
}

static bool refresh(Load *run, const ArchiveEntry *entry, bool *done, Error *err)
{
    char *name = pg_table_name(entry->schema != NULL ? entry->schema : "public", entry->tag);
    char *sql = mem_printf("REFRESH MATERIALIZED VIEW %s", name);
    Error why = ERROR_INIT;
    *done = pg_query(run->pg, sql, NULL, 0, run->cancel, NULL, &why);
    const bool ok = *done || (why.kind != EK_CANCELLED && why.kind != EK_CONNECT && why.kind != EK_SPACE);
    if (!ok) {
        error_move(err, &why);
    }
    error_clear(&why);
    mem_free(sql);
    mem_free(name);
    return ok;
}

/* pg_dump knows which view reads which, but not what their functions read. So they are filled again and again, as long
 * as one more can be. */
static bool fill_views(Load *run, Error *err)
{
    const Archive *archive = &run->archive;
    bool *done = mem_array(archive->entry_count + 1, sizeof *done);
    bool ok = true, more = true;
    size_t left = 0;
    for (int pass = 0; ok && more && pass < MAX_PASSES; pass++) {
        more = false;
        left = 0;
        for (size_t i = 0; ok && i < archive->entry_count; i++) {
            if (strcmp(archive->entries[i].desc, "MATERIALIZED VIEW DATA") == 0 && !done[i]) {
                ok = refresh(run, &archive->entries[i], &done[i], err);
                more = more || done[i];
                left += !done[i];
            }
        }
        more = more && left > 0;
    }
    for (size_t i = 0; ok && left > 0 && i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "MATERIALIZED VIEW DATA") == 0 && !done[i]) {
            char *label = table_label(entry->schema, entry->tag);
            char *text = mem_printf("the materialized view %s could not be filled", label);
            load_add_obstacle(&run->result, text);
            mem_free(text);
            mem_free(label);
        }
    }
    mem_free(done);
    return ok;
}

bool load_finish(Load *run, Error *err)
{
    return lift_row_security(run, err) && fill_views(run, err);
}
