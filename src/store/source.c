/* source.c: see source.h. */
#include "store/source.h"

#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"

#define USUAL_PORT ":5432"
#define SECONDS_A_DAY 86400

void source_init(Source *source)
{
    *source = (Source){NULL, NULL, NULL};
}

void source_release(Source *source)
{
    mem_free(source->key);
    mem_free(source->place);
    mem_free(source->database);
    source_init(source);
}

void source_copy(Source *to, const Source *from)
{
    Source copy = {mem_strdup(from->key), mem_strdup(from->place), mem_strdup(from->database)};
    source_release(to);
    *to = copy;
}

/* Names of hosts know no case. */
static char *place_of(const char *host, const char *port)
{
    char *place = host && port ? mem_printf("%s:%s", host, port) : NULL;
    for (char *c = place; c && *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    return place;
}

void source_of_manifest(const Manifest *manifest, Source *source)
{
    const char *timeline = manifest->timeline && *manifest->timeline ? manifest->timeline : NULL;
    Source made = {NULL, place_of(manifest->host, manifest->port), mem_strdup(manifest->database)};
    if (manifest->system_identifier && manifest->database_oid) {
        made.key = mem_printf("%s/%s%s%s", manifest->system_identifier, manifest->database_oid, timeline ? "/" : "",
                              timeline ? timeline : "");
    } else if (made.place && made.database) {
        made.key = mem_printf("%s/%s", made.place, made.database);
    }
    source_release(source);
    *source = made;
}

void source_of_connection(const Connection *connection, Source *source)
{
    Connection direct;
    connection_init(&direct);
    connection_copy(&direct, connection);
    connection_direct(&direct);
    Source made = {NULL, place_of(connection_host(&direct), connection_port(&direct)),
                   mem_strdup(connection_database(&direct))};
    connection_release(&direct);
    source_release(source);
    *source = made;
}

static bool same_known(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

bool source_same(const Source *a, const Source *b)
{
    return same_known(a->key, b->key);
}

bool source_same_place(const Source *a, const Source *b)
{
    return same_known(a->key, b->key) && same_known(a->place, b->place);
}

bool source_answers(const Source *of_manifest, const Source *of_connection)
{
    return of_manifest->key && same_known(of_manifest->place, of_connection->place) &&
           same_known(of_manifest->database, of_connection->database);
}

char *source_label(const Source *source)
{
    if (!source->database || !source->place) {
        return mem_strdup(source->database);
    }
    const size_t len = strlen(source->place), usual = sizeof USUAL_PORT - 1;
    const bool plain = len > usual && !strcmp(source->place + len - usual, USUAL_PORT);
    return mem_printf("%s on %.*s", source->database, (int)(plain ? len - usual : len), source->place);
}

static char *text_or_null(const PgRows *rows, size_t column)
{
    const char *value = pg_value(rows, 0, column);
    return value && *value ? mem_strdup(value) : NULL;
}

/* One question of its own for each: a server that refuses one (pg_control_system is not for everybody on each hosted
 * server) still answers the others. */
static bool ask(Pg *pg, const char *sql, const Cancel *cancel, PgRows **rows, Error *err)
{
    Error why = ERROR_INIT;
    *rows = NULL;
    if (pg_query(pg, sql, NULL, 0, cancel, rows, &why)) {
        return true;
    }
    if (why.kind == EK_CONNECT || why.kind == EK_CANCELLED) {
        return error_move(err, &why);
    }
    error_clear(&why);
    return true;
}

#define DATABASE_SQL(timeline)                                                                                       \
    "SELECT d.oid::text, " timeline ", extract(epoch FROM pg_catalog.clock_timestamp())::bigint::text"               \
    " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"

bool source_ask(Pg *pg, const Cancel *cancel, Manifest *manifest, int64_t *clock, Error *err)
{
    PgRows *system = NULL, *database = NULL;
    bool ok = ask(pg, "SELECT system_identifier::text FROM pg_catalog.pg_control_system()", cancel, &system, err) &&
              ask(pg, DATABASE_SQL("pg_catalog.current_setting('neon.timeline_id', true)"), cancel, &database, err);
    if (ok && !database) { /* before 9.6 */
        ok = ask(pg, DATABASE_SQL("NULL"), cancel, &database, err);
    }
    if (ok) {
        mem_free(manifest->system_identifier);
        mem_free(manifest->database_oid);
        mem_free(manifest->timeline);
        manifest->system_identifier = system ? text_or_null(system, 0) : NULL;
        manifest->database_oid = database ? text_or_null(database, 0) : NULL;
        manifest->timeline = database ? text_or_null(database, 1) : NULL;
        *clock = database ? pg_value_int(database, 0, 2, 0) : 0;
    }
    pg_rows_free(database);
    pg_rows_free(system);
    return ok;
}

char *source_ask_key(const Connection *connection, const Cancel *cancel)
{
    Pg *pg = NULL;
    Manifest manifest;
    Source source;
    int64_t clock = 0;
    char *key = NULL;
    manifest_init(&manifest);
    source_init(&source);
    if (pg_connect(connection, cancel, &pg, NULL) && source_ask(pg, cancel, &manifest, &clock, NULL)) {
        source_of_manifest(&manifest, &source);
        key = mem_strdup(source.key);
    }
    pg_close(pg);
    source_release(&source);
    manifest_release(&manifest);
    return key;
}

char *source_clock_differs(int64_t here, int64_t there)
{
    const int64_t apart = here > there ? here - there : there - here;
    if (!there) {
        return mem_strdup("The database server did not tell its time: no old backup was removed");
    }
    if (apart <= SECONDS_A_DAY) {
        return NULL;
    }
    char *ours = clock_log_text(here), *theirs = clock_log_text(there);
    char *text = mem_printf("This computer's clock (%s) and the database server's (%s) differ by %lld day(s): no old "
                            "backup was removed. Set the clock", ours, theirs, (long long)(apart / SECONDS_A_DAY));
    mem_free(theirs);
    mem_free(ours);
    return text;
}
