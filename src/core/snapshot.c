/*
 * snapshot.c: the list and the counts.
 *
 * TRUNCATE is the one change that a snapshot does not hide. pg_dump locks all its tables before it reads any,
 * so counting begins only when it has (see backup.c), and with the same locks: a TRUNCATE that waits for pg_dump's
 * would else go before a count that comes later in the queue, and the backup would seem to hold rows too many.
 *
 * Row security would hide rows from count(*) in silence; with row_security off the server refuses instead, as
 * it does to pg_dump.
 */
#include "snapshot.h"

#include <inttypes.h>
#include <string.h>

#include "mem.h"
#include "releases.h"
#include "strbuf.h"

#define NAMED_FOREIGN 3u

static const char session_sql[] =
    "SELECT pg_catalog.set_config('search_path', '', false);"
    "SET row_security = off;"
    "SET statement_timeout = 0;"
    "SET lock_timeout = '600s';"
    "SET idle_in_transaction_session_timeout = 0;";

/* The same for time-outs that newer servers have: this session rests while pg_dump works, and its end would take the
 * snapshot and the lock with it. */
static bool set_newer_timeouts(Pg *pg, const Cancel *cancel, Error *err)
{
    const int version = pg_server_version(pg);
    return (version < 140000 || pg_script(pg, "SET idle_session_timeout = 0", cancel, err)) &&
           (version < 170000 || pg_script(pg, "SET transaction_timeout = 0", cancel, err));
}

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
    mem_free(snapshot->tables);
    mem_free(snapshot->foreign);
    mem_free(snapshot->id);
    snapshot_init(snapshot);
}

static uint64_t unsigned_value(const PgRows *rows, size_t row, size_t column)
{
    const int64_t value = pg_value_int(rows, row, column, 0);
    return value < 0 ? 0 : (uint64_t)value;
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

bool snapshot_open(Pg *pg, const Cancel *cancel, Snapshot *snapshot, char **warning, Error *err)
{
    Snapshot found;
    snapshot_init(&found);
    char *why = NULL;
    PgRows *rows = NULL;
    Error refused = ERROR_INIT;
    if (!pg_script(pg, session_sql, cancel, err) || !set_newer_timeouts(pg, cancel, err) ||
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
    if (!list_tables(pg, cancel, &found, err) || !list_others(pg, cancel, &found, err)) {
        mem_free(why);
        snapshot_release(&found);
        return false;
    }
    snapshot_release(snapshot);
    *snapshot = found;
    *warning = why;
    return true;
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
        if (!pg_script(pg, "ROLLBACK TO SAVEPOINT counting", cancel, &lost)) {
            error_clear(&why);
            return error_move(err, &lost);
        }
    }
    return error_move(err, &why);
}

/* False only when nothing more can be asked; what may not be locked cannot be counted either. */
static bool lock_names(Pg *pg, const char *names, const Cancel *cancel, bool *locked, Error *err)
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
    error_clear(&why);
    return pg_script(pg, "ROLLBACK TO SAVEPOINT locking; RELEASE SAVEPOINT locking", cancel, err);
}

/* In one statement; one by one where that is refused. */
static bool lock_tables(Pg *pg, const Snapshot *snapshot, const Cancel *cancel, Error *err)
{
    StrBuf all;
    strbuf_init(&all, STRBUF_LARGE);
    bool locked = true;
    for (size_t i = 0; i < snapshot->count; i++) {
        char *name = pg_table_name(snapshot->tables[i].schema, snapshot->tables[i].name);
        strbuf_addf(&all, "%sONLY %s", i > 0 ? ", " : "", name);
        mem_free(name);
    }
    bool ok = snapshot->count == 0 || lock_names(pg, all.buf, cancel, &locked, err);
    strbuf_release(&all);
    for (size_t i = 0; ok && !locked && i < snapshot->count; i++) {
        char *name = pg_table_name(snapshot->tables[i].schema, snapshot->tables[i].name);
        char *only = mem_printf("ONLY %s", name);
        bool one = false;
        ok = lock_names(pg, only, cancel, &one, err);
        mem_free(only);
        mem_free(name);
    }
    return ok;
}

bool snapshot_count(Pg *pg, Snapshot *snapshot, const Cancel *cancel, void (*counted)(void *context, size_t done),
                    void *context, char **warning, Error *err)
{
    char *first = NULL;
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", NULL, 0, cancel, &rows, err)) {
        return false;
    }
    snapshot->large_objects = pg_value_int(rows, 0, 0, -1);
    pg_rows_free(rows);
    if (!lock_tables(pg, snapshot, cancel, err) || !pg_script(pg, "SAVEPOINT counting", cancel, err)) {
        return false;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        SnapshotTable *table = &snapshot->tables[i];
        char *full_name = pg_table_name(table->schema, table->name);
        char *sql = mem_printf("SELECT count(*) FROM ONLY %s %s", full_name,
                               table->condition == NULL ? "" : table->condition);
        Error why = ERROR_INIT;
        const bool ok = count_one(pg, sql, cancel, &table->rows, &why);
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

static int compare_table(const SnapshotTable *table, const char *schema, const char *name)
{
    const int by_schema = strcmp(table->schema, schema);
    return by_schema != 0 ? by_schema : strcmp(table->name, name);
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
            ok = error_set(err, EK_DAMAGED,
                           "the backup holds %" PRId64 " rows of %s.%s, and the database held %" PRId64,
                           in_backup->rows, table->schema, table->name, table->rows);
        }
    }
    for (size_t i = 0; ok && i < snapshot->count; i++) {
        const SnapshotTable *table = &snapshot->tables[i];
        if (!seen[i] && table->rows > 0 && !table->may_be_missing) {
            ok = error_set(err, EK_DAMAGED, "the backup lacks the table %s.%s with its %" PRId64 " rows",
                           table->schema, table->name, table->rows);
        }
    }
    mem_free(seen);
    manifest->large_objects_expected = snapshot->large_objects;
    if (ok && snapshot->large_objects >= 0 && manifest->large_objects >= 0 &&
        snapshot->large_objects != manifest->large_objects) {
        ok = error_set(err, EK_DAMAGED, "the backup holds %" PRId64 " large objects, and the database held %" PRId64,
                       manifest->large_objects, snapshot->large_objects);
    }
    return ok;
}
