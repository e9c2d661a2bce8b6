/*
 * snapshot.c: the list and the counts.
 *
 * A snapshot hides what others change in rows, and not what they do to a table as a whole: what TRUNCATE, a rewriting
 * ALTER TABLE, DROP or a swap of names has done is seen by pg_dump's COPY and by our count alike, so that both agree
 * on a table with no rows. Each such statement gives the table another file, or its name to another table. The
 * catalog that our transaction reads is as old as the snapshot; functions that take an oid (pg_relation_filenode, the
 * output of regclass, pg_get_indexdef, enum_range) answer with what is there now. So one statement compares the two
 * (snapshot_look). It is asked when pg_dump has its locks, because from then on its tables cannot change, and once
 * more when pg_dump has ended, because it locks nothing but tables: values of enumerations and definitions may change
 * until it has read them.
 *
 * Our own locks come later than pg_dump's. A statement that waits for pg_dump's lock in between would go before ours,
 * and the count would find a table that it has emptied; so ours are not waited for longer than a moment, and where
 * they cannot be had all begins again.
 *
 * Row security would hide rows from count(*) in silence; with row_security off the server refuses instead, as
 * it does to pg_dump.
 */
#include "postgres/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "postgres/releases.h"

#define NAMED_FOREIGN 3u

#define COUNTS_HELD 8u /* counts whose locks on indexes are held at the same time: the server has room for few locks */

#define LOCK_MOMENT "5s" /* for our own locks, once pg_dump has its own; and for a look */

static const char session_sql[] =
    "SELECT pg_catalog.set_config('search_path', '', false);"
    "SET row_security = off;"
    "SET lock_timeout = '600s';";

/* The sizes: exact, which waits for tables that somebody has locked; or as of the last VACUUM, which does not. */
#define EXACT_SIZE "pg_catalog.pg_table_size(c.oid)"
#define KNOWN_SIZE                                                                                                   \
    "(c.relpages + coalesce((SELECT t.relpages FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), 0))"       \
    "::bigint * 8192"
/* What belongs to an extension is made anew with it; but see pg_extension_config_dump. */
#define MEMBER                                                                                                       \
    "SELECT 1 FROM pg_catalog.pg_depend d"                                                                           \
    " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'"
#define CONFIG(what)                                                                                                 \
    "(SELECT " what " FROM pg_catalog.pg_extension e, pg_catalog.generate_subscripts(e.extconfig, 1) i"              \
    " WHERE e.extconfig[i] = c.oid LIMIT 1)"
#define LIST_SQL(size)                                                                                               \
    "SELECT n.nspname, c.relname, " size ","                                                                         \
    " EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"                                                                  \
    "  WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e'),"   \
    " c.reltuples::bigint, " CONFIG("e.extcondition[i]") ","                                                          \
    " EXISTS (" MEMBER ")"                                                                                           \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                           \
    " WHERE c.relkind = 'r' AND c.relpersistence <> 't'"                                                             \
    " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"                                                 \
    " AND (NOT EXISTS (" MEMBER ") OR " CONFIG("true") ")"                                                           \
    " ORDER BY 1, 2"

static const char others_sql[] =
    "SELECT c.relkind, n.nspname || '.' || c.relname"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('f', 'm') AND NOT EXISTS (" MEMBER ") ORDER BY 2";

/* The sequences that pg_dump saves and that do not cycle: name, whether they count down. */
static const char sequences_sql[] =
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), s.seqincrement < 0"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid"
    " WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND NOT s.seqcycle"
    " AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT EXISTS (" MEMBER ")";

/* The roles that own something here, are granted something, or that a policy is for; whoever is a member of one, and
 * what these are members of. Predefined ones (pg_…) are on every server. pg_shdepend leaves out the owner that initdb
 * made. What came with PostgreSQL 16 (INHERIT, SET of a membership) is asked for by name, so that older ones answer. */
static const char roles_sql[] =
    "WITH RECURSIVE down(id) AS ("
    "  SELECT d.refobjid FROM pg_catalog.pg_shdepend d, pg_catalog.pg_database h"
    "  WHERE h.datname = pg_catalog.current_database()"
    "  AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass"
    "  AND (d.dbid = h.oid OR d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND d.objid = h.oid)"
    "  UNION SELECT m.member FROM pg_catalog.pg_auth_members m JOIN down ON m.roleid = down.id),"
    " up(id) AS (SELECT id FROM down"
    "  UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN up ON m.member = up.id),"
    " said(step, words) AS ("
    "  SELECT 1, pg_catalog.format('CREATE ROLE %I', r.rolname) || CASE WHEN r.rolcanlogin THEN ' LOGIN' ELSE '' END"
    "   || CASE WHEN r.rolsuper THEN ' SUPERUSER' ELSE '' END || CASE WHEN r.rolcreatedb THEN ' CREATEDB' ELSE '' END"
    "   || CASE WHEN r.rolcreaterole THEN ' CREATEROLE' ELSE '' END"
    "   || CASE WHEN r.rolreplication THEN ' REPLICATION' ELSE '' END"
    "   || CASE WHEN r.rolbypassrls THEN ' BYPASSRLS' ELSE '' END"
    "   || CASE WHEN r.rolinherit THEN '' ELSE ' NOINHERIT' END"
    "   || CASE WHEN r.rolconnlimit < 0 THEN '' ELSE ' CONNECTION LIMIT ' || r.rolconnlimit END || ';'"
    "  FROM up JOIN pg_catalog.pg_roles r ON r.oid = up.id WHERE r.rolname !~ '^pg_'"
    "  UNION"
    "  SELECT 2, pg_catalog.format('GRANT %I TO %I', g.rolname, r.rolname)"
    "   || CASE WHEN o.words = '' THEN '' ELSE ' WITH ' || o.words END || ';'"
    "  FROM pg_catalog.pg_auth_members m JOIN up ON up.id = m.member"
    "  JOIN pg_catalog.pg_roles r ON r.oid = m.member JOIN pg_catalog.pg_roles g ON g.oid = m.roleid,"
    "  LATERAL (SELECT pg_catalog.concat_ws(', ', CASE WHEN m.admin_option THEN 'ADMIN OPTION' END,"
    "   CASE pg_catalog.to_jsonb(m) ->> 'inherit_option' WHEN 'false' THEN 'INHERIT FALSE' END,"
    "   CASE pg_catalog.to_jsonb(m) ->> 'set_option' WHEN 'false' THEN 'SET FALSE' END)) o(words)"
    "  WHERE r.rolname !~ '^pg_')"
    " SELECT words FROM said ORDER BY step, words LIMIT 10000";

/* What is no longer there, or is another file: the catalog as of the snapshot against functions that look now. The text
 * that pg_dump takes from such a function is NULL where its object is gone, and would be saved as nothing. */
#define USERS "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
static const char look_sql[] =
    "SELECT 'the ' || CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'"
    "  WHEN 'f' THEN 'foreign table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END"
    "  || ' ' || n.nspname || '.' || c.relname"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE " USERS " AND c.relpersistence <> 't' AND NOT EXISTS (" MEMBER ")"
    " AND (c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f', 'i', 'I')"
    "  AND c.oid::pg_catalog.regclass::text <> pg_catalog.format('%I.%I', n.nspname, c.relname)"
    "  OR c.relkind IN ('r', 'S') AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)"
    "  OR c.relkind IN ('i', 'I') AND pg_catalog.pg_get_indexdef(c.oid) IS NULL"
    "  OR c.relkind IN ('v', 'm') AND pg_catalog.pg_get_viewdef(c.oid) IS NULL)"
    " UNION ALL"
    " SELECT 'the trigger ' || t.tgname FROM pg_catalog.pg_trigger t"
    " WHERE NOT t.tgisinternal AND pg_catalog.pg_get_triggerdef(t.oid) IS NULL"
    " UNION ALL"
    " SELECT 'the function ' || n.nspname || '.' || p.proname FROM pg_catalog.pg_proc p"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE " USERS " AND p.oid::pg_catalog.regproc::text <> pg_catalog.format('%I.%I', n.nspname, p.proname)"
    " UNION ALL"
    " SELECT 'the type ' || n.nspname || '.' || t.typname FROM pg_catalog.pg_type t"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    " WHERE " USERS " AND t.typtype IN ('c', 'd', 'e', 'm', 'r')"
    " AND t.oid::pg_catalog.regtype::text <> pg_catalog.format('%I.%I', n.nspname, t.typname)"
    " LIMIT 1";

/* For each enumeration a statement that asks for it if a value that it had is no longer there under its name. */
static const char enums_sql[] =
    "SELECT pg_catalog.format('SELECT %L WHERE NOT (SELECT pg_catalog.array_agg(e.enumlabel::text) FROM"
    " pg_catalog.pg_enum e WHERE e.enumtypid = %s) OPERATOR(pg_catalog.<@) pg_catalog.enum_range(NULL::%I.%I)::text[]',"
    " 'the type ' || n.nspname || '.' || t.typname, t.oid, n.nspname, t.typname)"
    " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    " WHERE t.typtype = 'e' AND " USERS
    " AND EXISTS (SELECT 1 FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)";

void snapshot_init(Snapshot *snapshot)
{
    *snapshot = (Snapshot){.large_objects = -1};
}

void snapshot_release(Snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        mem_free(snapshot->tables[i].schema);
        mem_free(snapshot->tables[i].name);
        mem_free(snapshot->tables[i].condition);
    }
    for (size_t i = 0; i < snapshot->sequence_count; i++) {
        mem_free(snapshot->sequences[i].name);
    }
    for (size_t i = 0; i < snapshot->role_count; i++) {
        mem_free(snapshot->roles[i]);
    }
    mem_free(snapshot->roles);
    mem_free(snapshot->tables);
    mem_free(snapshot->sequences);
    mem_free(snapshot->changed);
    mem_free(snapshot->foreign);
    mem_free(snapshot->id);
    snapshot_init(snapshot);
}

static uint64_t unsigned_value(const PgRows *rows, size_t row, size_t column)
{
    const int64_t value = pg_value_int(rows, row, column, 0);
    return value < 0 ? 0 : (uint64_t)value;
}

static int compare_table(const SnapshotTable *table, const char *schema, const char *name)
{
    const int by_schema = strcmp(table->schema, schema);
    return by_schema != 0 ? by_schema : strcmp(table->name, name);
}

static int by_name(const void *a, const void *b)
{
    const SnapshotTable *other = b;
    return compare_table(a, other->schema, other->name);
}

static bool list_tables(Pg *pg, const Cancel *cancel, Snapshot *snapshot, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())", NULL, 0, cancel, &rows,
                  err)) {
        return false;
    }
    snapshot->database_bytes = unsigned_value(rows, 0, 0);
    pg_rows_free(rows);
    rows = NULL;
    Error busy = ERROR_INIT;
    if (!pg_script(pg, "SAVEPOINT sizes; SET LOCAL lock_timeout = '2s'", cancel, err)) {
        return false;
    }
    if (!pg_query(pg, LIST_SQL(EXACT_SIZE), NULL, 0, cancel, &rows, &busy)) {
        if (busy.kind == EK_CANCELLED || busy.kind == EK_CONNECT) {
            return error_move(err, &busy);
        }
        error_clear(&busy);
        if (!pg_script(pg, "ROLLBACK TO SAVEPOINT sizes", cancel, err) ||
            !pg_query(pg, LIST_SQL(KNOWN_SIZE), NULL, 0, cancel, &rows, err)) {
            return false;
        }
    } else if (!pg_script(pg, "ROLLBACK TO SAVEPOINT sizes", cancel, err)) { /* for the time-out of before */
        pg_rows_free(rows);
        return false;
    }
    snapshot->count = pg_row_count(rows);
    snapshot->tables = mem_array(snapshot->count, sizeof *snapshot->tables);
    for (size_t i = 0; i < snapshot->count; i++) {
        SnapshotTable *table = &snapshot->tables[i];
        const char *owned = pg_value(rows, i, 3);
        table->schema = mem_strdup(pg_value(rows, i, 0));
        table->name = mem_strdup(pg_value(rows, i, 1));
        table->bytes = unsigned_value(rows, i, 2);
        table->may_be_missing = owned != NULL && strcmp(owned, "t") == 0;
        table->rows = -1;
        table->about = pg_value_int(rows, i, 4, -1);
        const char *condition = pg_value(rows, i, 5), *member = pg_value(rows, i, 6);
        table->condition = condition == NULL || condition[0] == '\0' ? NULL : mem_strdup(condition);
        table->may_be_missing = table->may_be_missing || (member != NULL && strcmp(member, "t") == 0);
        snapshot->table_bytes += table->bytes;
    }
    pg_rows_free(rows);
    if (snapshot->bytes && snapshot->count > 0) { /* the server has sorted the bytes */
        qsort(snapshot->tables, snapshot->count, sizeof *snapshot->tables, by_name);
    }
    return true;
}

/* What is in the backup without its rows. */
static bool list_others(Pg *pg, const Cancel *cancel, Snapshot *snapshot, Error *err)
{
    PgRows *rows = NULL;
    StrBuf names;
    size_t count = 0;
    if (!pg_query(pg, others_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    strbuf_init(&names, STRBUF_SMALL);
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        if (strcmp(pg_value(rows, i, 0), "m") == 0) {
            snapshot->views++;
        } else if (count++ < NAMED_FOREIGN) {
            strbuf_addf(&names, "%s%s", names.len > 0 ? ", " : "", pg_value(rows, i, 1));
        }
    }
    if (count > NAMED_FOREIGN) {
        strbuf_addf(&names, " and %zu more", count - NAMED_FOREIGN);
    }
    snapshot->foreign = count > 0 ? strbuf_detach(&names) : NULL;
    strbuf_release(&names);
    pg_rows_free(rows);
    return true;
}

/* Runs a statement whose locks are let go at once. *ok: the server did not refuse it; *rows is set then. False only
 * when nothing more can be asked. */
static bool ask_lightly(Pg *pg, const char *sql, const Cancel *cancel, PgRows **rows, bool *ok, Error *err)
{
    Error why = ERROR_INIT;
    if (!pg_script(pg, "SAVEPOINT lightly; SET LOCAL lock_timeout = '" LOCK_MOMENT "'", cancel, err)) {
        return false;
    }
    *ok = pg_query(pg, sql, NULL, 0, cancel, rows, &why);
    if (!*ok && (why.kind == EK_CANCELLED || why.kind == EK_CONNECT || why.kind == EK_SPACE)) {
        return error_move(err, &why); /* that says nothing of what was asked about */
    }
    error_clear(&why);
    if (!pg_script(pg, "ROLLBACK TO SAVEPOINT lightly; RELEASE SAVEPOINT lightly", cancel, err)) {
        if (*ok) {
            pg_rows_free(*rows);
        }
        return false;
    }
    return true;
}

/* For each of these sequences its number, and its value if there is one. They are read as tables: the functions that
 * know the value keep a lock to the end of the transaction, for which TRUNCATE … RESTART IDENTITY would wait. */
static char *values_sql(const SnapshotSequence *sequences, size_t count)
{
    StrBuf sql;
    strbuf_init(&sql, STRBUF_LARGE);
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(&sql, "%sSELECT %zu, CASE WHEN is_called THEN last_value END FROM %s", i > 0 ? " UNION ALL " : "",
                    i, sequences[i].name);
    }
    return strbuf_detach(&sql);
}

/* What cannot be read is not watched: pg_dump will say so itself. */
static bool list_sequences(Pg *pg, const Cancel *cancel, Snapshot *snapshot, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, sequences_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    const size_t count = pg_row_count(rows);
    SnapshotSequence *sequences = mem_array(count, sizeof *sequences);
    for (size_t i = 0; i < count; i++) {
        sequences[i].name = mem_strdup(pg_value(rows, i, 0));
        sequences[i].down = strcmp(pg_value(rows, i, 1), "t") == 0;
    }
    pg_rows_free(rows);
    char *sql = values_sql(sequences, count);
    bool read = false;
    const bool ok = count == 0 || ask_lightly(pg, sql, cancel, &rows, &read, err);
    mem_free(sql);
    snapshot->sequences = mem_array(count, sizeof *snapshot->sequences);
    for (size_t i = 0; read && i < pg_row_count(rows); i++) {
        SnapshotSequence *sequence = &sequences[(size_t)pg_value_int(rows, i, 0, 0)];
        if (pg_value(rows, i, 1) != NULL) {
            sequence->value = pg_value_int(rows, i, 1, 0);
            snapshot->sequences[snapshot->sequence_count++] = *sequence;
            sequence->name = NULL;
        }
    }
    if (read) {
        pg_rows_free(rows);
    }
    for (size_t i = 0; i < count; i++) {
        mem_free(sequences[i].name);
    }
    mem_free(sequences);
    return ok;
}

/* Who may not ask, or a server that does not know all of the question, keeps no backup from being made. */
static bool list_roles(Pg *pg, const Cancel *cancel, Snapshot *snapshot, Error *err)
{
    PgRows *rows = NULL;
    bool read = false;
    if (!ask_lightly(pg, roles_sql, cancel, &rows, &read, err)) {
        return false;
    }
    if (read) {
        snapshot->roles = mem_array(pg_row_count(rows), sizeof *snapshot->roles);
        for (; snapshot->role_count < pg_row_count(rows); snapshot->role_count++) {
            snapshot->roles[snapshot->role_count] = mem_strdup(pg_value(rows, snapshot->role_count, 0));
        }
        pg_rows_free(rows);
    }
    return true;
}

char *snapshot_unsafe_export(int server_version)
{
    const char *mended = NULL;
    if (release_standby_exports(server_version, &mended)) {
        return NULL;
    }
    char *version = release_text(server_version);
    char *text = mem_printf("The rows on the server cannot be counted for comparison: it is a standby of PostgreSQL "
                            "%s, and what it would export to compare with can be wrong before %s",
                            version, mended == NULL ? "a newer PostgreSQL" : mended);
    mem_free(version);
    return text;
}

/* NULL in *why: it may be exported. */
static bool may_export(Pg *pg, const Cancel *cancel, char **why, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT pg_catalog.pg_is_in_recovery()", NULL, 0, cancel, &rows, err)) {
        return false;
    }
    *why = strcmp(pg_value(rows, 0, 0), "t") == 0 ? snapshot_unsafe_export(pg_server_version(pg)) : NULL;
    pg_rows_free(rows);
    return true;
}

/* Through UTF-8 these do not come back as they were. */
static bool is_kept_as_it_is(const char *encoding)
{
    return strcmp(encoding, "SQL_ASCII") == 0 || strcmp(encoding, "EUC_JP") == 0 || strcmp(encoding, "EUC_TW") == 0;
}

static bool open_once(Pg *pg, bool bytes, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err)
{
    Snapshot found;
    snapshot_init(&found);
    found.bytes = bytes;
    char *why = NULL;
    PgRows *rows = NULL;
    Error refused = ERROR_INIT;
    if ((bytes && !pg_use_bytes(pg, "SQL_ASCII", cancel, err)) || !pg_script(pg, session_sql, cancel, err) ||
        !may_export(pg, cancel, &why, err)) {
        return false;
    }
    if (!pg_script(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancel, err)) {
        mem_free(why);
        return false;
    }
    if (why != NULL) {
        found.id = NULL; /* pg_dump then takes a snapshot of its own, which it exports to nobody */
    } else if (pg_query(pg, "SELECT pg_catalog.pg_export_snapshot()", NULL, 0, cancel, &rows, &refused)) {
        found.id = mem_strdup(pg_value(rows, 0, 0));
        pg_rows_free(rows);
    } else if (refused.kind == EK_CANCELLED || refused.kind == EK_CONNECT) {
        return error_move(err, &refused);
    } else {
        why = mem_printf("The rows on the server cannot be counted for comparison: %s", refused.message);
        error_clear(&refused);
        if (!pg_script(pg, "ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancel, err)) {
            mem_free(why);
            return false;
        }
    }
    if (!list_tables(pg, cancel, &found, err) || !list_others(pg, cancel, &found, err) ||
        !list_sequences(pg, cancel, &found, err) || !list_roles(pg, cancel, &found, err)) {
        mem_free(why);
        snapshot_release(&found);
        return false;
    }
    snapshot_release(snapshot);
    *snapshot = found;
    *warning = why;
    return true;
}

bool snapshot_open(Pg *pg, bool bytes, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err)
{
    const char *encoding = pg_server_encoding(pg);
    const bool kept = bytes || is_kept_as_it_is(encoding);
    Error why = ERROR_INIT;
    if (open_once(pg, kept, cancel, snapshot, warning, &why)) {
        return true;
    }
    if (kept || strcmp(encoding, "UTF8") == 0 || why.kind == EK_CANCELLED || why.kind == EK_CONNECT) {
        return error_move(err, &why);
    }
    error_clear(&why); /* perhaps a name that does not exist in UTF-8; if it is something else, it is so again */
    return pg_script(pg, "ROLLBACK", cancel, err) && open_once(pg, true, cancel, snapshot, warning, err);
}

/* Lets go of what the counts have locked beyond their tables, which were locked before the savepoint. */
static bool let_go(Pg *pg, const Cancel *cancel, Error *err)
{
    return pg_script(pg, "ROLLBACK TO SAVEPOINT counting", cancel, err);
}

/* One count(*) at the snapshot; a refusal leaves the transaction usable. */
static bool count_one(Pg *pg, const char *sql, const Cancel *cancel, int64_t *value, Error *err)
{
    PgRows *rows = NULL;
    Error why = ERROR_INIT;
    if (pg_query(pg, sql, NULL, 0, cancel, &rows, &why)) {
        *value = pg_value_int(rows, 0, 0, -1);
        pg_rows_free(rows);
        return true;
    }
    if (why.kind != EK_CANCELLED && why.kind != EK_CONNECT) {
        Error lost = ERROR_INIT;
        if (!let_go(pg, cancel, &lost)) {
            error_clear(&why);
            return error_move(err, &lost);
        }
    }
    return error_move(err, &why);
}

/* False only when nothing more can be asked; what may not be locked cannot be counted either. *busy: somebody waits for
 * pg_dump's lock in order to change such a table. */
static bool lock_names(Pg *pg, const char *names, const Cancel *cancel, bool *locked, bool *busy, Error *err)
{
    char *sql = mem_printf("SAVEPOINT locking; LOCK TABLE %s IN ACCESS SHARE MODE; RELEASE SAVEPOINT locking", names);
    Error why = ERROR_INIT;
    *locked = pg_script(pg, sql, cancel, &why);
    mem_free(sql);
    if (*locked) {
        return true;
    }
    if (why.kind == EK_CANCELLED || why.kind == EK_CONNECT) {
        return error_move(err, &why);
    }
    *busy = why.kind == EK_BUSY;
    error_clear(&why);
    return pg_script(pg, "ROLLBACK TO SAVEPOINT locking; RELEASE SAVEPOINT locking", cancel, err);
}

/* In one statement; one by one where that is refused. */
static bool lock_tables(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, bool *busy, Error *err)
{
    StrBuf all;
    if (!pg_script(pg, "SET LOCAL lock_timeout = '" LOCK_MOMENT "'", cancel, err)) {
        return false;
    }
    strbuf_init(&all, STRBUF_LARGE);
    bool locked = true;
    for (size_t i = 0; i < snapshot->count; i++) {
        char *name = pg_table_name(snapshot->tables[i].schema, snapshot->tables[i].name);
        strbuf_addf(&all, "%sONLY %s", i > 0 ? ", " : "", name);
        mem_free(name);
    }
    bool ok = snapshot->count == 0 || lock_names(pg, all.buf, cancel, &locked, busy, err);
    strbuf_release(&all);
    for (size_t i = 0; ok && !locked && !*busy && i < snapshot->count; i++) {
        char *name = pg_table_name(snapshot->tables[i].schema, snapshot->tables[i].name);
        char *only = mem_printf("ONLY %s", name);
        bool one = false;
        ok = lock_names(pg, only, cancel, &one, busy, err);
        mem_free(only);
        mem_free(name);
    }
    return ok;
}

/* A question whose refusal is an answer as well: what it asks about has changed. The first value of the answer, if
 * there is one, goes to *what (caller frees). */
static bool ask_what(Pg *pg, const char *sql, const Cancel *cancel, const char *refused, char **what, Error *err)
{
    PgRows *rows = NULL;
    bool ok = false;
    if (!ask_lightly(pg, sql, cancel, &rows, &ok, err)) {
        return false;
    }
    if (!ok) {
        *what = mem_strdup(refused);
        return true;
    }
    if (pg_row_count(rows) > 0) {
        *what = mem_strdup(pg_value(rows, 0, 0));
    }
    pg_rows_free(rows);
    return true;
}

static bool look_at_enums(Pg *pg, const Cancel *cancel, char **what, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, enums_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && *what == NULL && i < pg_row_count(rows); i++) {
        ok = ask_what(pg, pg_value(rows, i, 0), cancel, "an enumeration", what, err);
    }
    pg_rows_free(rows);
    return ok;
}

/* A sequence that goes back gives out numbers again that the saved rows have already. */
static bool look_at_sequences(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, char **what, Error *err)
{
    PgRows *rows = NULL;
    bool read = false;
    char *sql = values_sql(snapshot->sequences, snapshot->sequence_count);
    const bool ok = snapshot->sequence_count == 0 || ask_lightly(pg, sql, cancel, &rows, &read, err);
    mem_free(sql);
    if (!ok || snapshot->sequence_count == 0) {
        return ok;
    }
    if (!read) {
        *what = mem_strdup("a sequence");
        return true;
    }
    for (size_t i = 0; *what == NULL && i < pg_row_count(rows); i++) {
        const SnapshotSequence *sequence = &snapshot->sequences[(size_t)pg_value_int(rows, i, 0, 0)];
        const int64_t value = pg_value_int(rows, i, 1, 0);
        if (pg_value(rows, i, 1) == NULL || (sequence->down ? value > sequence->value : value < sequence->value)) {
            *what = mem_printf("the sequence %s", sequence->name);
        }
    }
    pg_rows_free(rows);
    return true;
}

/* A session learns what others have done to its catalog's cache when it takes a lock that it has not; here of a table
 * that nothing else of ours reads, and each time anew, because it is let go. */
static bool be_up_to_date(Pg *pg, const Cancel *cancel, Error *err)
{
    return pg_script(pg, "SAVEPOINT fresh; SELECT 1 FROM pg_catalog.pg_transform LIMIT 1; ROLLBACK TO SAVEPOINT fresh;"
                         "RELEASE SAVEPOINT fresh", cancel, err);
}

static bool look_at_objects(Pg *pg, const Cancel *cancel, char **what, Error *err)
{
    return be_up_to_date(pg, cancel, err) && ask_what(pg, look_sql, cancel, "a table", what, err) &&
           (*what != NULL || look_at_enums(pg, cancel, what, err));
}

bool snapshot_look(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, char **changed, Error *err)
{
    char *what = NULL;
    if (!look_at_objects(pg, cancel, &what, err) ||
        (what == NULL && !look_at_sequences(pg, snapshot, cancel, &what, err))) {
        mem_free(what);
        return false;
    }
    *changed = what == NULL ? NULL : mem_printf("%s was changed", what);
    mem_free(what);
    return true;
}

/* Locks all tables, and looks whether they are still what the snapshot has. */
static bool begin_to_count(Pg *pg, Snapshot *snapshot, const Cancel *cancel, Error *err)
{
    bool busy = false;
    if (!lock_tables(pg, snapshot, cancel, &busy, err)) {
        return false;
    }
    if (!pg_script(pg, "SET LOCAL lock_timeout = '600s'", cancel, err) ||
        !snapshot_look(pg, snapshot, cancel, &snapshot->changed, err)) {
        return false;
    }
    if (busy && snapshot->changed == NULL) {
        snapshot->changed = mem_strdup("another program waits to change a table");
    }
    return true;
}

/* By now pg_dump may have read a sequence before or after it was set back: that is no reason to begin again. */
bool snapshot_look_again(Pg *pg, Snapshot *snapshot, const Cancel *cancel, char **warning, Error *err)
{
    char *object = NULL, *sequence = NULL;
    if (!look_at_objects(pg, cancel, &object, err) || !look_at_sequences(pg, snapshot, cancel, &sequence, err)) {
        mem_free(object);
        return false;
    }
    if (object != NULL) {
        snapshot->changed = mem_printf("%s was changed", object);
        mem_free(object);
    }
    if (sequence != NULL) {
        *warning = mem_printf("While the backup ran %s was set back: after a restore look whether it is beyond the "
                              "highest number in use", sequence);
    }
    mem_free(sequence);
    return true;
}

bool snapshot_count(Pg *pg, Snapshot *snapshot, const Cancel *cancel, void (*counted)(void *context, size_t done),
                    void *context, char **warning, Error *err)
{
    char *first = NULL;
    PgRows *rows = NULL;
    if (!begin_to_count(pg, snapshot, cancel, err)) {
        return false;
    }
    if (snapshot->changed != NULL) {
        return true;
    }
    if (!pg_query(pg, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", NULL, 0, cancel, &rows, err)) {
        return false;
    }
    snapshot->large_objects = pg_value_int(rows, 0, 0, -1);
    pg_rows_free(rows);
    if (!pg_script(pg, "SAVEPOINT counting", cancel, err)) {
        return false;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        SnapshotTable *table = &snapshot->tables[i];
        char *full_name = pg_table_name(table->schema, table->name);
        char *sql = mem_printf("SELECT count(*) FROM ONLY %s %s", full_name,
                               table->condition == NULL ? "" : table->condition);
        Error why = ERROR_INIT;
        const bool ok = (i % COUNTS_HELD != 0 || let_go(pg, cancel, &why)) &&
                        count_one(pg, sql, cancel, &table->rows, &why);
        if (!ok && first == NULL) {
            first = mem_printf("The table %s could not be counted: %s", full_name, why.message);
        }
        mem_free(sql);
        mem_free(full_name);
        if (!ok && (why.kind == EK_CANCELLED || why.kind == EK_CONNECT)) {
            mem_free(first);
            return error_move(err, &why);
        }
        error_clear(&why);
        if (counted != NULL) {
            counted(context, i + 1);
        }
    }
    *warning = first;
    return true;
}

/* The server sorts names as bytes (type name, collation C), and so does strcmp. */
const SnapshotTable *snapshot_find(const Snapshot *snapshot, const char *schema, const char *name)
{
    size_t low = 0;
    size_t high = snapshot->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_table(&snapshot->tables[middle], schema, name);
        if (order == 0) {
            return &snapshot->tables[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

size_t snapshot_needed(const Snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        count += !snapshot->tables[i].may_be_missing;
    }
    return count;
}

void snapshot_give_roles(const Snapshot *snapshot, Manifest *manifest)
{
    for (size_t i = 0; i < snapshot->role_count; i++) {
        manifest_add_role(manifest, snapshot->roles[i]);
    }
}

bool snapshot_compare(const Snapshot *snapshot, Manifest *manifest, Error *err)
{
    bool *seen = mem_array(snapshot->count, sizeof *seen);
    bool ok = true;
    for (size_t i = 0; i < manifest->table_count; i++) {
        TableCount *in_backup = &manifest->tables[i];
        const SnapshotTable *table = snapshot_find(snapshot, in_backup->schema == NULL ? "" : in_backup->schema,
                                                   in_backup->name == NULL ? "" : in_backup->name);
        if (table == NULL) {
            continue; /* made between the listing and the dump */
        }
        seen[table - snapshot->tables] = true;
        in_backup->expected = table->rows;
        if (ok && table->rows >= 0 && in_backup->rows >= 0 && table->rows != in_backup->rows) {
            char *label = table_label(table->schema, table->name);
            ok = error_set(err, EK_DAMAGED, "the backup holds %s rows of %s, and the database held %s",
                           number_text(in_backup->rows).text, label, number_text(table->rows).text);
            mem_free(label);
        }
    }
    for (size_t i = 0; ok && i < snapshot->count; i++) {
        const SnapshotTable *table = &snapshot->tables[i];
        if (!seen[i] && table->rows > 0 && !table->may_be_missing) {
            char *label = table_label(table->schema, table->name);
            ok = error_set(err, EK_DAMAGED, "the backup lacks the table %s with its %s rows", label,
                           number_text(table->rows).text);
            mem_free(label);
        }
    }
    mem_free(seen);
    manifest->large_objects_expected = snapshot->large_objects;
    if (ok && snapshot->large_objects >= 0 && manifest->large_objects >= 0 &&
        snapshot->large_objects != manifest->large_objects) {
        ok = error_set(err, EK_DAMAGED, "the backup holds %s large objects, and the database held %s",
                       number_text(manifest->large_objects).text, number_text(snapshot->large_objects).text);
    }
    return ok;
}
