/*
 * sample.c: puts the sample database on a server, in one transaction: it is there whole, with its marker, or the
 * database is empty, and the next try fills it. A database that holds anything else is never touched.
 */
#include "sample/sample.h"

#include <assert.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "postgres/pg.h"
#include "sample_data.h"

#define FEED_BYTES (256u * 1024u)
#define MARKER "sample_info"

typedef struct Work {
    Pg *pg;
    int megabytes;
    const JobSink *sink;
    const Cancel *cancel;
    double total, done; /* bytes, about */
} Work;

static bool database_exists(Pg *pg, const char *name, const Cancel *cancel, bool *exists, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT 1 FROM pg_database WHERE datname = $1", &name, 1, cancel, &rows, err)) {
        return false;
    }
    *exists = pg_row_count(rows) > 0;
    pg_rows_free(rows);
    return true;
}

static bool make_database(const Connection *server, const char *name, const Cancel *cancel, Error *err)
{
    Pg *pg = NULL;
    bool exists = false;
    bool ok = pg_connect(server, cancel, &pg, err) && database_exists(pg, name, cancel, &exists, err);
    if (ok && !exists) {
        char *quoted = pg_identifier(name);
        char *sql = mem_printf("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", quoted);
        ok = pg_query(pg, sql, NULL, 0, cancel, NULL, err);
        if (!ok && err->kind != EK_CANCELLED) {
            error_context(err, "could not create the database \"%s\"", name);
        }
        mem_free(sql);
        mem_free(quoted);
    }
    pg_close(pg);
    return ok;
}

/* *whole: the sample is there, of this size. Not *whole: the database is empty. Else an error. */
static bool look(const Work *work, const char *database, bool *whole, Error *err)
{
    PgRows *rows = NULL;
    bool ok = false;
    /* to_regclass gives NULL for what is not there; so the second query is only run when it may be. */
    if (!pg_query(work->pg,
                  "SELECT to_regclass('public." MARKER "') IS NOT NULL, count(*) FROM pg_class c JOIN pg_namespace n "
                  "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT LIKE "
                  "'pg\\_%' AND n.nspname <> 'information_schema'",
                  NULL, 0, work->cancel, &rows, err)) {
        return false;
    }
    bool marked = strcmp(pg_value(rows, 0, 0), "t") == 0;
    int64_t relations = pg_value_int(rows, 0, 1, -1);
    pg_rows_free(rows);
    rows = NULL;
    if (!marked) {
        *whole = false;
        if (relations == 0) {
            return true;
        }
        error_set(err, EK_REFUSED, "the database \"%s\" is there already, and is not a sample database", database);
        return error_hint(err, "Nothing in it was changed. Name another database.");
    }
    if (!pg_query(work->pg, "SELECT megabytes FROM public." MARKER, NULL, 0, work->cancel, &rows, err)) {
        return false;
    }
    int64_t megabytes = pg_row_count(rows) == 1 ? pg_value_int(rows, 0, 0, -1) : -1;
    pg_rows_free(rows);
    if (megabytes == work->megabytes) {
        *whole = true;
        ok = true;
    } else {
        error_set(err, EK_REFUSED, "the sample database \"%s\" is there already, with %lld MB instead of %d",
                  database, (long long)megabytes, work->megabytes);
        error_hint(err, "Name another database, or delete this one.");
    }
    return ok;
}

static bool run_scripts(const Work *work, const char *const *scripts, Error *err)
{
    for (; *scripts; scripts++) {
        if (!pg_script(work->pg, *scripts, work->cancel, err)) {
            return false;
        }
    }
    return true;
}

static void show_progress(const Work *work, const char *step)
{
    Progress progress = {.fraction = work->done / work->total * 0.95, /* the rest is the indexes */
                         .step = step,
                         .bytes = (uint64_t)work->done,
                         .seconds_left = -1};
    job_progress(work->sink, &progress);
}

static bool fill_table(Work *work, const SampleTable *table, Error *err)
{
    const int64_t count = sample_row_count(table, work->megabytes);
    char *sql = mem_printf("COPY %s (%s) FROM STDIN", table->name, table->columns);
    char *step = mem_printf("Filling %s", table->name);
    StrBuf lines;
    strbuf_init(&lines, STRBUF_LARGE);
    bool ok = pg_copy_begin(work->pg, sql, work->cancel, err);
    bool begun = ok;
    for (int64_t i = 0; ok && i < count; i++) {
        table->row(&lines, work->megabytes, i);
        strbuf_addch(&lines, '\n');
        assert(!lines.full);
        work->done += (double)table->row_bytes;
        if (lines.len >= FEED_BYTES) {
            ok = pg_copy_data(work->pg, lines.buf, lines.len, err);
            strbuf_clear(&lines);
            show_progress(work, step);
        }
    }
    ok = ok && (lines.len == 0 || pg_copy_data(work->pg, lines.buf, lines.len, err));
    if (begun && ok) {
        ok = pg_copy_end(work->pg, work->cancel, err);
    }
    show_progress(work, step);
    strbuf_release(&lines);
    mem_free(step);
    mem_free(sql);
    return ok;
}

static bool fill(Work *work, Error *err)
{
    for (size_t i = 0; i < sample_table_count; i++) {
        work->total += (double)(sample_tables[i].row_bytes * sample_row_count(&sample_tables[i], work->megabytes));
    }
    if (!pg_query(work->pg, "BEGIN", NULL, 0, work->cancel, NULL, err) || !run_scripts(work, sample_schema, err)) {
        return false;
    }
    for (size_t i = 0; i < sample_table_count; i++) {
        if (!fill_table(work, &sample_tables[i], err)) {
            return false;
        }
    }
    show_progress(work, "Making the indexes");
    char *marker = mem_printf("CREATE TABLE " MARKER " (megabytes integer NOT NULL);\n"
                              "INSERT INTO " MARKER " VALUES (%d);\n"
                              "COMMENT ON TABLE " MARKER " IS 'This database is a sample: its data are invented';\n",
                              work->megabytes);
    bool ok = run_scripts(work, sample_finish, err) && pg_script(work->pg, marker, work->cancel, err) &&
              pg_query(work->pg, "COMMIT", NULL, 0, work->cancel, NULL, err) &&
              pg_query(work->pg, "ANALYZE", NULL, 0, work->cancel, NULL, err);
    mem_free(marker);
    return ok;
}

bool sample_create(const Connection *server, const char *database, int megabytes, const JobSink *sink,
                   const Cancel *cancel, bool *made, Error *err)
{
    assert(megabytes >= 1 && megabytes <= SAMPLE_MEGABYTES_MAX && err);
    Connection connection;
    Work work = {.megabytes = megabytes, .sink = sink, .cancel = cancel};
    bool whole = false;
    connection_init(&connection);
    connection_copy(&connection, server);
    mem_free(connection.database);
    connection.database = mem_strdup(database);
    bool ok = make_database(server, database, cancel, err) && pg_connect(&connection, cancel, &work.pg, err) &&
              look(&work, database, &whole, err);
    if (ok && !whole) {
        job_log(sink, LOG_INFO, "Making the sample database \"%s\" (about %d MB)...", database, megabytes);
        ok = fill(&work, err);
    }
    if (ok) {
        *made = !whole;
        Progress progress = {.fraction = 1, .step = "Done", .seconds_left = 0};
        job_progress(sink, &progress);
    }
    pg_close(work.pg); /* what was not committed is gone with it */
    connection_release(&connection);
    return ok;
}
