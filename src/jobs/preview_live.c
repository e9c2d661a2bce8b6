/*
 * preview_live.c: the live side of a preview: one REPEATABLE READ READ ONLY transaction, in which each table is
 * counted, the smallest first, until the time is up. One statement a table counts its rows and those that are newer
 * than the backup; nothing of the database's own code runs in it: no view, and with row_security off no policy.
 */
#include "preview_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "postgres/snapshot.h"

/* When it was changed last; PREVIEW_MADE has when it was made. */
#define CHANGED                                                                                                      \
    ",updated_date,last_updated,updated_at,updated_on,updated,modified_date,modified_at,modified_on,modified,"       \
    "last_modified,"

#define COLUMN(names)                                                                                                \
    "(SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"                     \
    " AND NOT a.attisdropped AND a.atttypid IN ('timestamp'::pg_catalog.regtype,"                                    \
    " 'timestamptz'::pg_catalog.regtype) AND pg_catalog.strpos('" names "', ',' || a.attname || ',') > 0"            \
    " ORDER BY pg_catalog.strpos('" names "', ',' || a.attname || ',') LIMIT 1)"
#define KEY                                                                                                          \
    "(SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid"         \
    " AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1"                     \
    " AND a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype,"        \
    " 'uuid'::pg_catalog.regtype))"

static const char columns_sql[] =
    "SELECT n.nspname, c.relname, " COLUMN(PREVIEW_MADE) ", " COLUMN(CHANGED) ", " KEY
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    " ORDER BY 1, 2";

typedef struct Count {
    const SnapshotTable *from;
    const char *made, *changed, *key; /* columns, borrowed; NULL: it has none */
} Count;

typedef struct Counter {
    Pg *pg;
    Preview *preview;
    const Cancel *cancel;
    uint64_t until_ms;
} Counter;

static int by_bytes(const void *a, const void *b)
{
    const Count *left = a, *right = b;
    return left->from->bytes < right->from->bytes ? -1 : left->from->bytes > right->from->bytes;
}

/* The columns of the snapshot's tables. Both lists are in the order of the server's names. */
static void add_columns(Count *counts, const Snapshot *snapshot, const PgRows *columns)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        counts[i].from = &snapshot->tables[i];
    }
    for (size_t r = 0; r < pg_row_count(columns); r++) {
        const SnapshotTable *table = snapshot_find(snapshot, pg_value(columns, r, 0), pg_value(columns, r, 1));
        if (table != NULL) {
            Count *count = &counts[table - snapshot->tables];
            count->made = pg_value(columns, r, 2);
            count->changed = pg_value(columns, r, 3);
            count->key = pg_value(columns, r, 4);
        }
    }
}

/* A statement within what is left of the time. *rows NULL: the server refused it, or the time was up. False only when
 * nothing more can be asked. */
static bool ask(Counter *counter, const char *sql, PgRows **rows, Error *err)
{
    const uint64_t now = clock_monotonic_ms();
    *rows = NULL;
    if (now >= counter->until_ms) {
        return true;
    }
    Error why = ERROR_INIT;
    /* Lets go of what the one before has locked, and of its refusal. */
    char *begin = mem_printf("ROLLBACK TO SAVEPOINT asking; SET LOCAL statement_timeout = %" PRIu64,
                             counter->until_ms - now);
    bool ok = pg_script(counter->pg, begin, counter->cancel, err);
    mem_free(begin);
    if (ok && !pg_query(counter->pg, sql, NULL, 0, counter->cancel, rows, &why) &&
        (why.kind == EK_CANCELLED || why.kind == EK_CONNECT)) {
        ok = error_move(err, &why);
    }
    error_clear(&why);
    return ok;
}

/* "… > the moment": of a row without a time, or of one that never ends, nothing is known. The backup's moment is the
 * whole of its second. */
static char *newer(const char *column, int64_t made)
{
    char *name = pg_identifier(column);
    char *sql = mem_printf("(%s > pg_catalog.to_timestamp(%" PRId64 ") AND %s < 'infinity')", name, made + 1, name);
    mem_free(name);
    return sql;
}

static bool name_newest(Counter *counter, const Count *count, PreviewTable *table, const char *name, Error *err)
{
    const char *column = table->made > 0 ? count->made : count->changed;
    char *time = pg_identifier(column), *is_newer = newer(column, counter->preview->made);
    char *key = count->key != NULL ? pg_identifier(count->key) : mem_strdup("NULL");
    char *sql = mem_printf("SELECT %s::text, pg_catalog.to_char(%s, 'YYYY-MM-DD HH24:MI:SS') FROM ONLY %s WHERE %s"
                           " ORDER BY (%s, %s) DESC LIMIT %u", key, time, name, is_newer, time, key, PREVIEW_NEWEST);
    PgRows *rows = NULL;
    const bool ok = ask(counter, sql, &rows, err);
    for (size_t i = 0; rows != NULL && i < pg_row_count(rows) && i < PREVIEW_NEWEST; i++) {
        table->newest[table->newest_count++] =
            (PreviewRow){mem_strdup(pg_value(rows, i, 0)), mem_strdup(pg_value(rows, i, 1))};
    }
    pg_rows_free(rows);
    mem_free(sql);
    mem_free(key);
    mem_free(is_newer);
    mem_free(time);
    return ok;
}

static bool count_table(Counter *counter, const Count *count, Error *err)
{
    const SnapshotTable *from = count->from;
    const bool timed = counter->preview->made > 0 && from->condition == NULL;
    PreviewTable *table = preview_table(counter->preview, from->schema, from->name);
    char *name = pg_table_name(from->schema, from->name);
    char *made = timed && count->made != NULL ? newer(count->made, counter->preview->made) : mem_strdup("false");
    char *changed = timed && count->changed != NULL ? newer(count->changed, counter->preview->made)
                                                    : mem_strdup("false");
    char *sql = mem_printf("SELECT count(*), count(CASE WHEN %s THEN 1 END),"
                           " count(CASE WHEN %s AND (%s) IS NOT TRUE THEN 1 END) FROM ONLY %s %s",
                           made, changed, made, name, from->condition != NULL ? from->condition : "");
    PgRows *rows = NULL;
    bool ok = ask(counter, sql, &rows, err);
    table->in_live = true;
    if (rows != NULL) {
        table->live = pg_value_int(rows, 0, 0, -1);
        table->made = timed && count->made != NULL ? pg_value_int(rows, 0, 1, -1) : -1;
        table->changed = timed && count->changed != NULL ? pg_value_int(rows, 0, 2, -1) : -1;
        ok = (table->made <= 0 && table->changed <= 0) || name_newest(counter, count, table, name, err);
    } else {
        /* Servers before 14 say 0 of a table that was never looked at. */
        table->live = from->about > 0 || from->bytes == 0 ? from->about : -1;
        table->about = true;
    }
    pg_rows_free(rows);
    mem_free(sql);
    mem_free(changed);
    mem_free(made);
    mem_free(name);
    return ok;
}

static bool count_objects(Counter *counter, Error *err)
{
    PgRows *rows = NULL;
    const bool ok = ask(counter, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", &rows, err);
    counter->preview->live_objects = rows != NULL ? pg_value_int(rows, 0, 0, -1) : -1;
    pg_rows_free(rows);
    return ok;
}

static bool count_all(Counter *counter, const Snapshot *snapshot, const JobSink *sink, Error *err)
{
    PgRows *columns = NULL;
    if (!pg_query(counter->pg, columns_sql, NULL, 0, counter->cancel, &columns, err)) {
        return false;
    }
    if (!pg_script(counter->pg, "SET LOCAL lock_timeout = '2s'; SAVEPOINT asking", counter->cancel, err)) {
        pg_rows_free(columns);
        return false;
    }
    Count *counts = mem_array(snapshot->count + 1, sizeof *counts);
    add_columns(counts, snapshot, columns);
    if (snapshot->count > 1) {
        qsort(counts, snapshot->count, sizeof *counts, by_bytes);
    }
    bool ok = count_objects(counter, err);
    for (size_t i = 0; ok && i < snapshot->count; i++) {
        const double part = (double)i / (double)snapshot->count;
        job_progress(sink, &(Progress){.fraction = PREVIEW_PART_READ + (1 - PREVIEW_PART_READ) * part,
                                       .step = "Counting the live database", .seconds_left = -1});
        ok = count_table(counter, &counts[i], err);
    }
    mem_free(counts);
    pg_rows_free(columns);
    return ok;
}

bool preview_count_live(Pg *pg, Preview *preview, unsigned seconds, const JobSink *sink, const Cancel *cancel,
                        Error *err)
{
    Snapshot snapshot;
    char *warning = NULL; /* that no other session may read at the same moment is nothing to us */
    Counter counter = {.pg = pg, .preview = preview, .cancel = cancel,
                       .until_ms = clock_monotonic_ms() + 1000u * (uint64_t)seconds};
    snapshot_init(&snapshot);
    const bool ok = snapshot_open(pg, false, cancel, &snapshot, &warning, err) &&
                    count_all(&counter, &snapshot, sink, err);
    if (ok) {
        preview->live_bytes = (int64_t)snapshot.database_bytes;
        preview->live = snapshot.count == 0 && preview->live_objects == 0 ? PREVIEW_LIVE_EMPTY : PREVIEW_LIVE_THERE;
    }
    mem_free(warning);
    snapshot_release(&snapshot);
    return ok;
}
