/*
 * swap.c: two names, and the states in between.
 *
 * Marks: "kept" on what was or is about to be put aside, "coming" on what is to take the live name, with "whole" when
 * it was restored and counted. The states, in the order of the steps; L is the live name, K the kept one's, C the
 * coming one's:
 *
 *     1  L            C coming             C is being restored
 *     2  L            C coming, whole      ready
 *     3  L kept       C coming, whole      marked, closed to newcomers, sessions being ended
 *     4  K kept       C coming, whole      nobody has the live name
 *     5  K kept       L coming, whole      swapped; the comment and the limits are not yet put right
 *     6  K kept       L                    done
 *
 * Invariants, whatever is killed when:
 *   I1  the data as they were are in exactly one database, L (1-3) or K (4-6), and no step drops or changes it;
 *   I2  what is marked whole was counted before it was marked;
 *   I3  when nobody has the live name (4), there is a K, so the name can be given back: forward when C is whole and
 *       can be renamed, else back;
 *   I4  each step is one statement, so that a server sees a state or the next, and mending can be repeated.
 *
 * Mending is the end of the same road: 3 goes back to 2 (nobody asked for a swap any more), 4 and 5 go on to 6.
 *
 * An undo is the same with a kept one as the coming one: "again" in its mark, beside what the mark said before. Left in
 * state 2 it is marked as kept again, while one that was restored is dropped.
 */
#include "jobs/swap.h"

#include <inttypes.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"

#define MARK "cmms_backup" /* the member by which a mark is known */
#define EMPTY_MS 30000u    /* so long for other sessions to go */
#define EMPTY_STEP_MS 100u
#define RENAME_TRIES 5
#define NAME_MAX_BYTES 63u

typedef struct Database {
    char *name;
    char *comment; /* as it is; NULL: none */
    cJSON *mark;   /* NULL: it has none of ours */
    int64_t oid, limit, bytes;
    bool open;
} Database;

typedef struct Databases {
    Database *items;
    size_t count;
} Databases;

static void databases_free(Databases *all)
{
    for (size_t i = 0; i < all->count; i++) {
        mem_free(all->items[i].name);
        mem_free(all->items[i].comment);
        cJSON_Delete(all->items[i].mark);
    }
    mem_free(all->items);
    *all = (Databases){NULL, 0};
}

/* A comment that is one of our marks for that live name; NULL: it is not. */
static cJSON *parse_mark(const char *comment, const char *live)
{
    cJSON *mark = NULL;
    if (comment == NULL || comment[0] != '{' || !json_parse(comment, strlen(comment), &mark, NULL)) {
        return NULL;
    }
    if (json_string(mark, MARK, NULL) == NULL || strcmp(json_string(mark, "of", ""), live) != 0) {
        cJSON_Delete(mark);
        return NULL;
    }
    return mark;
}

static bool is_marked(const Database *database, const char *kind)
{
    return database != NULL && database->mark != NULL && strcmp(json_string(database->mark, MARK, ""), kind) == 0;
}

/* All that have to do with the live name: it, and those that are marked for it. */
static bool look(Pg *pg, const char *live, const Cancel *cancel, Databases *all, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT d.datname, d.oid::bigint, d.datconnlimit, d.datallowconn::int,"
                  " pg_catalog.shobj_description(d.oid, 'pg_database'),"
                  " CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
                  " THEN pg_catalog.pg_database_size(d.oid) ELSE -1 END"
                  " FROM pg_catalog.pg_database d WHERE NOT d.datistemplate ORDER BY d.oid",
                  NULL, 0, cancel, &rows, err)) {
        return false;
    }
    all->items = mem_array(pg_row_count(rows) + 1, sizeof *all->items);
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const char *name = pg_value(rows, i, 0), *comment = pg_value(rows, i, 4);
        cJSON *mark = parse_mark(comment, live);
        if (mark == NULL && strcmp(name, live) != 0) {
            continue;
        }
        all->items[all->count++] = (Database){.name = mem_strdup(name),
                                              .comment = comment != NULL ? mem_strdup(comment) : NULL,
                                              .mark = mark,
                                              .oid = pg_value_int(rows, i, 1, 0),
                                              .limit = pg_value_int(rows, i, 2, -1),
                                              .open = pg_value_int(rows, i, 3, 1) != 0,
                                              .bytes = pg_value_int(rows, i, 5, -1)};
    }
    pg_rows_free(rows);
    return true;
}

static const Database *find(const Databases *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].name, name) == 0) {
            return &all->items[i];
        }
    }
    return NULL;
}

/* --- statements ------------------------------------------------------------------------------------------- */

/* format() quotes; NULL: SQL NULL. */
static bool run(Pg *pg, const char *format, const char *a, const char *b, const Cancel *cancel, Error *err)
{
    const char *const params[] = {format, a, b};
    PgRows *rows = NULL;
    const bool ok = pg_query(pg, "SELECT pg_catalog.format($1::text, $2::text, $3::text)", params, 3, cancel, &rows,
                             err) &&
                    pg_query(pg, pg_value(rows, 0, 0), NULL, 0, cancel, NULL, err);
    pg_rows_free(rows);
    return ok;
}

static bool set_comment(Pg *pg, const char *name, const char *comment, const Cancel *cancel, Error *err)
{
    return run(pg, "COMMENT ON DATABASE %I IS %L", name, comment, cancel, err);
}

static bool set_mark(Pg *pg, const char *name, const cJSON *mark, const Cancel *cancel, Error *err)
{
    char *text = cJSON_PrintUnformatted(mark);
    if (text == NULL) {
        mem_out();
    }
    const bool ok = set_comment(pg, name, text, cancel, err);
    cJSON_free(text);
    return ok;
}

static cJSON *new_mark(const char *kind, const char *live, const char *from)
{
    cJSON *mark = cJSON_CreateObject();
    if (mark == NULL) {
        mem_out();
    }
    json_set_string(mark, MARK, kind);
    json_set_string(mark, "of", live);
    json_set_string(mark, "from", from);
    return mark;
}

static bool rename_database(Pg *pg, const char *from, const char *to, const Cancel *cancel, Error *err)
{
    return run(pg, "ALTER DATABASE %I RENAME TO %I", from, to, cancel, err);
}

/* Newcomers are kept out; whoever may not forbid it has to be quicker than they are. */
static void shut(Pg *pg, const char *name, bool open, const Cancel *cancel)
{
    run(pg, open ? "ALTER DATABASE %I WITH ALLOW_CONNECTIONS true" : "ALTER DATABASE %I WITH ALLOW_CONNECTIONS false",
        name, NULL, cancel, NULL);
}

static bool server_now(Pg *pg, const Cancel *cancel, int64_t *now, char **stamp, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint,"
                  " pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYYMMDD_HH24MISS')",
                  NULL, 0, cancel, &rows, err)) {
        return false;
    }
    *now = pg_value_int(rows, 0, 0, 0);
    *stamp = mem_strdup(pg_value(rows, 0, 1));
    pg_rows_free(rows);
    return true;
}

/* "cmms_before_20261130_143000": a name takes 63 bytes, and is cut between characters. */
char *swap_name(const char *live, const char *word, const char *stamp)
{
    char *tail = mem_printf("_%s_%s", word, stamp);
    size_t len = strlen(live), room = NAME_MAX_BYTES - strlen(tail);
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)live[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    char *name = mem_printf("%.*s%s", (int)len, live, tail);
    mem_free(tail);
    return name;
}

/* One that no database has: within a second there may be two. Caller frees. */
static bool free_name(Pg *pg, const char *live, const char *stamp, const Cancel *cancel, char **name, Error *err)
{
    bool ok = true, taken = true;
    for (int i = 1; ok && taken; i++) {
        char *numbered = i == 1 ? mem_strdup(stamp) : mem_printf("%s_%d", stamp, i);
        char *wanted = swap_name(live, "before", numbered);
        const char *const params[] = {wanted};
        PgRows *rows = NULL;
        ok = pg_query(pg, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", params, 1, cancel, &rows, err);
        taken = ok && pg_row_count(rows) > 0;
        pg_rows_free(rows);
        mem_free(numbered);
        if (ok && !taken) {
            *name = wanted;
        } else {
            mem_free(wanted);
        }
    }
    return ok;
}

/* --- other people's sessions ------------------------------------------------------------------------------- */

/* Ends them, until nobody is left. EK_BUSY or EK_REFUSED name who stays. */
static bool empty_database(Pg *pg, const Database *database, const Cancel *cancel, Error *err)
{
    char *oid = mem_printf("%" PRId64, database->oid);
    const char *const params[] = {oid};
    const uint64_t end = clock_monotonic_ms() + EMPTY_MS;
    bool ok = true, empty = false;
    Error why = ERROR_INIT;
    while (ok && !empty) {
        PgRows *rows = NULL;
        error_clear(&why);
        pg_query(pg, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                     " WHERE datid = $1::bigint::oid AND pid <> pg_catalog.pg_backend_pid()",
                 params, 1, cancel, NULL, &why);
        ok = pg_query(pg,
                      "SELECT usename, application_name, client_addr::text FROM pg_catalog.pg_stat_activity"
                      " WHERE datid = $1::bigint::oid AND pid <> pg_catalog.pg_backend_pid()",
                      params, 1, cancel, &rows, err);
        empty = ok && pg_row_count(rows) == 0;
        if (ok && !empty && (clock_monotonic_ms() >= end || cancel_wait(cancel, EMPTY_STEP_MS))) {
            const char *user = pg_value(rows, 0, 0), *application = pg_value(rows, 0, 1);
            const char *address = pg_value(rows, 0, 2);
            ok = cancel_requested(cancel)
                     ? error_set(err, EK_CANCELLED, "the restore was stopped")
                     : error_set(err, why.kind == EK_REFUSED ? EK_REFUSED : EK_BUSY,
                                 "%zu session(s) of the database %s could not be ended", pg_row_count(rows),
                                 database->name);
            if (!cancel_requested(cancel)) {
                error_detail(err, "user %s, program \"%s\", from %s", user != NULL ? user : "unknown",
                             application != NULL ? application : "", address != NULL ? address : "this server");
                error_hint(err, "Close the programs that use the database, and try again.");
            }
        }
        pg_rows_free(rows);
    }
    error_clear(&why);
    mem_free(oid);
    return ok;
}

/* A client may come in between where newcomers cannot be kept out, and the server's own workers take a moment. */
static bool empty_and_rename(Pg *pg, const Database *database, const char *to, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    for (int i = 0; i < RENAME_TRIES; i++) {
        error_clear(&why);
        if (!empty_database(pg, database, cancel, err)) {
            return false;
        }
        if (rename_database(pg, database->name, to, cancel, &why)) {
            return true;
        }
        if (why.kind == EK_CONNECT || why.kind == EK_CANCELLED || why.kind == EK_REFUSED) {
            break;
        }
    }
    return error_move(err, &why);
}

/* --- there and back ---------------------------------------------------------------------------------------- */

/* What the one that had the live name said of itself, for the one that has it now. */
static bool put_right(Pg *pg, const char *live, const cJSON *kept_mark, const Cancel *cancel, Error *err)
{
    char *limit = mem_printf("%" PRId64, json_int(kept_mark, "limit", -1));
    const bool ok = run(pg, "ALTER DATABASE %I WITH CONNECTION LIMIT %s", live, limit, cancel, err) &&
                    set_comment(pg, live, json_string(kept_mark, "comment", NULL), cancel, err);
    mem_free(limit);
    return ok;
}

/* State 3 back to 2. */
static void take_back_mark(Pg *pg, const Database *live, const cJSON *mark)
{
    shut(pg, live->name, true, NULL);
    put_right(pg, live->name, mark, NULL, NULL);
}

/* From state 4: forward, else back. Nobody may stop it now. */
static bool give_name(Pg *pg, const char *live, const Database *coming, const char *kept, Error *err)
{
    Error why = ERROR_INIT;
    if (empty_and_rename(pg, coming, live, NULL, &why)) {
        return true;
    }
    Error back = ERROR_INIT;
    if (why.kind != EK_CONNECT && rename_database(pg, kept, live, NULL, &back)) {
        error_context(&why, "the restored database could not take the name %s, and the old one has it again", live);
    } else {
        error_context(&why, "the restored database could not take the name %s, which is nobody's now", live);
        error_hint(&why, "Start this again as soon as the server can be reached: it is brought to its end then.");
    }
    error_clear(&back);
    return error_move(err, &why);
}

static bool mark_ready(Pg *pg, const Database *coming, const char *live, const char *from, const Cancel *cancel,
                       Error *err)
{
    if (!is_marked(coming, "kept")) {
        return swap_mark_coming(pg, coming->name, live, from, true, cancel, err);
    }
    cJSON *mark = cJSON_Duplicate(coming->mark, true);
    if (mark == NULL) {
        mem_out();
    }
    json_set_string(mark, MARK, "coming");
    json_set_bool(mark, "whole", true);
    json_set_bool(mark, "again", true);
    const bool ok = set_mark(pg, coming->name, mark, cancel, err);
    cJSON_Delete(mark);
    return ok;
}

/* An undo that was not carried out: what was to come back is kept as before. */
static bool keep_again(Pg *pg, const Database *coming, const Cancel *cancel, Error *err)
{
    cJSON *mark = cJSON_Duplicate(coming->mark, true);
    if (mark == NULL) {
        mem_out();
    }
    json_set_string(mark, MARK, "kept");
    cJSON_DeleteItemFromObjectCaseSensitive(mark, "whole");
    cJSON_DeleteItemFromObjectCaseSensitive(mark, "again");
    const bool ok = set_mark(pg, coming->name, mark, cancel, err);
    cJSON_Delete(mark);
    return ok;
}

bool swap_run(Pg *pg, const char *live_name, const char *coming_name, const char *from, const JobSink *sink,
              const Cancel *cancel, char **kept, Error *err)
{
    Databases all = {NULL, 0};
    int64_t now = 0;
    char *stamp = NULL, *aside = NULL;
    cJSON *mark = NULL;
    bool ok = look(pg, live_name, cancel, &all, err) && server_now(pg, cancel, &now, &stamp, err);
    const Database *live = find(&all, live_name), *coming = find(&all, coming_name);
    if (ok && (coming == NULL || coming->mark == NULL)) {
        ok = error_set(err, EK_NOT_FOUND, "there is no restored database %s", coming_name);
    }
    ok = ok && (live == NULL || free_name(pg, live_name, stamp, cancel, &aside, err)) &&
         mark_ready(pg, coming, live_name, from, cancel, err);
    if (ok && live != NULL) {
        mark = new_mark("kept", live_name, from);
        json_set_int(mark, "aside", now);
        json_set_int(mark, "limit", live->limit);
        json_set_string(mark, "comment", live->comment);
        ok = set_mark(pg, live_name, mark, cancel, err);
        if (ok) {
            shut(pg, live_name, false, cancel);
            job_log(sink, LOG_INFO, "Ending the sessions of %s", live_name);
            ok = empty_and_rename(pg, live, aside, cancel, err);
            if (!ok) {
                take_back_mark(pg, live, mark);
            }
        }
    }
    if (ok) {
        ok = give_name(pg, live_name, coming, aside, err);
        if (!ok && aside != NULL) {
            take_back_mark(pg, live, mark); /* where it has its name again */
        }
    }
    if (ok) {
        Error why = ERROR_INIT;
        if (!put_right(pg, live_name, mark, NULL, &why)) {
            job_log(sink, LOG_WARNING, "The database's comment and limit were not carried over: %s", why.message);
        }
        error_clear(&why);
        if (aside != NULL) {
            shut(pg, aside, true, NULL);
        }
        *kept = aside;
        aside = NULL;
    }
    cJSON_Delete(mark);
    mem_free(aside);
    mem_free(stamp);
    databases_free(&all);
    return ok;
}

bool swap_mark_coming(Pg *pg, const char *coming, const char *live, const char *from, bool whole, const Cancel *cancel,
                      Error *err)
{
    cJSON *mark = new_mark("coming", live, from);
    json_set_bool(mark, "whole", whole);
    const bool ok = set_mark(pg, coming, mark, cancel, err);
    cJSON_Delete(mark);
    return ok;
}

static const Database *newest_kept(const Databases *all)
{
    const Database *found = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const Database *item = &all->items[i];
        if (is_marked(item, "kept") &&
            (found == NULL || json_int(item->mark, "aside", 0) > json_int(found->mark, "aside", 0))) {
            found = item;
        }
    }
    return found;
}

static const Database *whole_coming(const Databases *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (is_marked(&all->items[i], "coming") && json_bool(all->items[i].mark, "whole", false)) {
            return &all->items[i];
        }
    }
    return NULL;
}

bool swap_mend(Pg *pg, const char *live_name, const JobSink *sink, const Cancel *cancel, char **what, Error *err)
{
    Databases all = {NULL, 0};
    *what = NULL;
    if (!look(pg, live_name, cancel, &all, err)) {
        return false;
    }
    const Database *live = find(&all, live_name), *kept = newest_kept(&all), *coming = whole_coming(&all);
    bool ok = true;
    if (live == NULL && kept != NULL && coming != NULL) {
        ok = give_name(pg, live_name, coming, kept->name, err);
        if (ok) {
            *what = mem_printf("An interrupted restore was brought to its end: %s is the restored database, the old "
                               "one is kept as %s", live_name, kept->name);
        }
        ok = ok && put_right(pg, live_name, kept->mark, cancel, err);
        shut(pg, kept->name, true, NULL);
    } else if (live == NULL && kept != NULL) {
        ok = empty_and_rename(pg, kept, live_name, cancel, err);
        if (ok) {
            *what = mem_printf("An interrupted restore was taken back: %s is the database as it was", live_name);
        }
        if (ok) {
            shut(pg, live_name, true, NULL);
            ok = put_right(pg, live_name, kept->mark, cancel, err);
        }
    } else if (is_marked(live, "kept")) {
        take_back_mark(pg, live, live->mark);
        *what = mem_printf("An interrupted restore was taken back: %s is open again", live_name);
    } else if (is_marked(live, "coming") && kept != NULL) {
        ok = put_right(pg, live_name, kept->mark, cancel, err);
        shut(pg, kept->name, true, NULL);
        *what = ok ? mem_printf("An interrupted restore was brought to its end: %s is the restored database, the old "
                                "one is kept as %s", live_name, kept->name)
                   : NULL;
    }
    if (*what != NULL) {
        job_log(sink, LOG_WARNING, "%s", *what);
    }
    databases_free(&all);
    return ok;
}

bool swap_drop_leftovers(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, Error *err)
{
    Databases all = {NULL, 0};
    bool ok = look(pg, live, cancel, &all, err);
    for (size_t i = 0; ok && i < all.count; i++) {
        const Database *item = &all.items[i];
        /* Not when somebody is connected: then the drop is refused, and a restore may be under way. */
        if (!is_marked(item, "coming") || strcmp(item->name, live) == 0) {
            continue;
        }
        if (json_bool(item->mark, "again", false)) {
            ok = keep_again(pg, item, cancel, err);
        } else if (run(pg, "DROP DATABASE %I", item->name, NULL, cancel, NULL)) {
            job_log(sink, LOG_INFO, "Dropped the database %s, left by an interrupted restore", item->name);
        }
    }
    databases_free(&all);
    return ok;
}

static int newer_first(const void *a, const void *b)
{
    const KeptDatabase *left = a, *right = b;
    return (left->aside < right->aside) - (left->aside > right->aside);
}

bool swap_list(Pg *pg, const char *live, const Cancel *cancel, KeptDatabase **kept, size_t *count, Error *err)
{
    Databases all = {NULL, 0};
    if (!look(pg, live, cancel, &all, err)) {
        return false;
    }
    *kept = mem_array(all.count + 1, sizeof **kept);
    *count = 0;
    for (size_t i = 0; i < all.count; i++) {
        const Database *item = &all.items[i];
        if (is_marked(item, "kept") && strcmp(item->name, live) != 0) {
            const char *from = json_string(item->mark, "from", NULL);
            (*kept)[(*count)++] = (KeptDatabase){.name = mem_strdup(item->name),
                                                 .from = from != NULL ? mem_strdup(from) : NULL,
                                                 .aside = json_int(item->mark, "aside", 0),
                                                 .bytes = item->bytes};
        }
    }
    qsort(*kept, *count, sizeof **kept, newer_first);
    databases_free(&all);
    return true;
}

void swap_list_free(KeptDatabase *kept, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(kept[i].name);
        mem_free(kept[i].from);
    }
    mem_free(kept);
}
