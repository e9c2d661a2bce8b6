/*
 * swap.c: two names, and what there may be in between.
 *
 * On a server of PostgreSQL's own both renames, the marks and the limits are one transaction (swap_at_once): a rename
 * takes the database's lock and then waits five seconds for its sessions to go, while a second session of ours ends
 * them; who comes meanwhile waits for the lock, and finds the new one under the name. So there is nothing between 2 and
 * 7: what is killed before the COMMIT has not happened. When the connection is lost at the COMMIT only a look tells
 * which.
 *
 * Neon's control plane, which hears of each database's name at the COMMIT, is to be told one at a time (swap_in_steps).
 * There the marks tell whoever comes next what to mend, and this is about them:
 *
 * Marks: "kept" on what was put aside, with "by" as long as it is being done; "coming" on what is to take the live
 * name, with "whole" when it was restored and counted, "alone" where there was no live one then, and "been": how often
 * somebody had been in it (swap_is_untouched). The states, in the order of the steps; L is the live name, K
 * the kept one's, C the coming one's:
 *
 *     1  L              C coming             C is being restored
 *     2  L              C coming, whole      ready
 *     3  L kept by C    C coming, whole      marked, closed to newcomers, sessions being ended
 *     4  K kept by C    C coming, whole      nobody has the live name
 *     5  K kept by C    L coming, whole      swapped; K is still closed
 *     6  K kept         L coming, whole      the limit and the comment of L are not yet put right
 *     7  K kept         L                    done
 *
 * Invariants, whatever is killed when:
 *   I1  (both ways) the data as they were are in exactly one database, L (1-3) or K (4-7), and no step drops or
 *       changes it;
 *   I2  what is marked whole was counted before it was marked;
 *   I3  when nobody has the live name (4), there is a K that says by whom, so the name can be given: forward when that
 *       one is whole and can be renamed, else back. A K without "by" was put aside long ago, and is nobody's successor:
 *       where the live one is gone for another reason, only a person may bring it back (Undo);
 *   I4  each step is one statement, so that a server sees a state or the next, and mending can be repeated;
 *   I5  from 3 to 7, and while a state is mended, a session of ours holds the restore lock of L (swap_lock), alone on
 *       the server, whichever database it is in; so no state but 7 is seen by another of our programs unless it was
 *       left;
 *   I6  a whole C is dropped only where L is there and nobody has been in C since it was marked: it may be what
 *       somebody works with, or all that there is.
 *
 * Mending is the end of the same road: 3 goes back to 2 (nobody asked for a swap any more), 4 to 6 go on to 7, and so
 * does 2 where there was no L in the first place and nobody has been in C. What else is left in 1 and 2 is dropped, but
 * for I6 (swap_drop_leftovers). An undo is the same with a kept one as the coming one, "again" in its mark; left in 2,
 * it is marked as kept again.
 */
#include "jobs/swap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "swap_private.h"

#define RENAME_TRIES 5
#define LOCK_STEP_MS 100u
#define LOCK_MS 3000u /* so long does the server take at the most to find out that a client was killed */
#define STAMP_LEN 15u /* 20261130_143000 */

typedef struct Swap {
    const char *name;             /* the live one's */
    const Database *live, *coming; /* live: NULL: nobody has the name */
    char *aside;                  /* the name that the live one gets; NULL with it */
    cJSON *ready, *mark;          /* the marks of the coming one and of the live one */
} Swap;

static void databases_free(Databases *all)
{
    for (size_t i = 0; i < all->count; i++) {
        mem_free(all->items[i].name);
        mem_free(all->items[i].comment);
        mem_free(all->items[i].owner);
        mem_free(all->items[i].been);
        cJSON_Delete(all->items[i].mark);
    }
    mem_free(all->items);
    *all = (Databases){NULL, 0};
}

/* Whether a restore of `live` gave it that name: "cmms_restore_20261130_143000". */
static bool is_named_coming(const char *name, const char *live)
{
    char *stamped = swap_name(live, "restore", "00000000_000000");
    const size_t len = strlen(stamped);
    const bool is = strlen(name) == len && strncmp(name, stamped, len - STAMP_LEN) == 0 &&
                    strspn(name + len - STAMP_LEN, "0123456789_") == STAMP_LEN;
    mem_free(stamped);
    return is;
}

/* The live one's own comment; where it is no text in this database's encoding, it is as if there were none. */
static bool ask_comment(Pg *pg, Database *database, const Cancel *cancel, Error *err)
{
    const char *const params[] = {database->name};
    PgRows *rows = NULL;
    Error why = ERROR_INIT;
    bool ok = pg_query(pg,
                       "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database"
                       " WHERE datname = $1",
                       params, 1, cancel, &rows, &why);
    if (ok) {
        database->comment = mem_strdup(pg_value(rows, 0, 0));
    } else {
        ok = (why.kind != EK_CONNECT && why.kind != EK_CANCELLED) || error_move(err, &why);
    }
    error_clear(&why);
    pg_rows_free(rows);
    return ok;
}

/* All that have to do with the live name: it, and those that are marked for it, or were to be when their restore ended
 * (COMING_LIMIT). Whoever owns a database may write into its comment what he likes, so a mark counts only on one that
 * belongs to the live one's owner, to the user or to a superuser; where there is no live one, also to a role that the
 * user, who is no superuser, was given. `anybodys`: then all others too, for a person who chooses among them. */
static bool look(Pg *pg, const char *live, bool anybodys, const Cancel *cancel, Databases *all, Error *err)
{
    const char *const params[] = {live, anybodys ? "true" : "false"};
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT d.datname, d.oid::bigint, d.datconnlimit,"
                  /* Others' comments are nobody's business, and may be no text in this database's encoding. */
                  " CASE WHEN pg_catalog.shobj_description(d.oid, 'pg_database') LIKE '{\"cmms\\_backup\"%'"
                  " THEN pg_catalog.shobj_description(d.oid, 'pg_database') END,"
                  " pg_catalog.pg_get_userbyid(d.datdba), d.counts::int,"
                  /* (Sessions are counted since 14. When the second moment is another, it was begun anew.) */
                  " (SELECT (pg_catalog.to_jsonb(s) ->> 'sessions') || '/' ||"
                  " coalesce(pg_catalog.date_part('epoch', s.stats_reset)::text, '') || '/' ||"
                  " coalesce((SELECT pg_catalog.date_part('epoch', b.stats_reset)::text"
                  " FROM pg_catalog.pg_stat_bgwriter b), '')"
                  " FROM pg_catalog.pg_stat_database s WHERE s.datid = d.oid)"
                  " FROM (SELECT d.oid, d.datname, d.datconnlimit, d.datdba, d.datistemplate,"
                  " coalesce(d.datdba = l.datdba OR d.datdba = me.oid OR"
                  " (l.oid IS NULL AND NOT me.rolsuper AND pg_catalog.pg_has_role(d.datdba, 'USAGE')) OR"
                  " (SELECT o.rolsuper FROM pg_catalog.pg_roles o WHERE o.oid = d.datdba), false) AS counts,"
                  " l.oid IS NULL AS gone"
                  " FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_database l ON l.datname = $1"
                  " JOIN pg_catalog.pg_roles me ON me.rolname = CURRENT_USER) d"
                  " WHERE NOT d.datistemplate AND (d.counts OR (d.gone AND $2::bool)) ORDER BY d.oid",
                  params, 2, cancel, &rows, err)) {
        return false;
    }
    all->items = mem_array(pg_row_count(rows) + 1, sizeof *all->items);
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const char *name = pg_value(rows, i, 0), *comment = pg_value(rows, i, 3);
        const int64_t oid = pg_value_int(rows, i, 1, 0), limit = pg_value_int(rows, i, 2, -1);
        cJSON *mark = mark_parse(comment, live, oid);
        if (comment == NULL && limit == COMING_LIMIT && is_named_coming(name, live)) {
            mark = mark_coming(live, NULL, oid);
        }
        if (mark == NULL && strcmp(name, live) != 0) {
            continue;
        }
        all->items[all->count++] = (Database){.name = mem_strdup(name),
                                              .comment = mem_strdup(comment),
                                              .owner = mem_strdup(pg_value(rows, i, 4)),
                                              .been = mem_strdup(pg_value(rows, i, 6)),
                                              .counts = pg_value_int(rows, i, 5, 0) != 0,
                                              .mark = mark,
                                              .oid = oid,
                                              .limit = limit};
    }
    pg_rows_free(rows);
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].mark == NULL && !ask_comment(pg, &all->items[i], cancel, err)) {
            return false;
        }
    }
    return true;
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

/* Takes the mark. */
static bool set_mark(Pg *pg, const char *name, cJSON *mark, const Cancel *cancel, Error *err)
{
    char *text = cJSON_PrintUnformatted(mark);
    if (text == NULL) {
        mem_out();
    }
    const bool ok = set_comment(pg, name, text, cancel, err);
    cJSON_free(text);
    cJSON_Delete(mark);
    return ok;
}

/* Nobody may stop it: it is done or not, and a stop would not say which. */
static bool rename_database(Pg *pg, const char *from, const char *to, Error *err)
{
    return run(pg, "ALTER DATABASE %I RENAME TO %I", from, to, NULL, err);
}

static bool set_open(Pg *pg, const char *name, bool open, const Cancel *cancel, Error *err)
{
    return run(pg, open ? "ALTER DATABASE %I WITH ALLOW_CONNECTIONS true"
                        : "ALTER DATABASE %I WITH ALLOW_CONNECTIONS false", name, NULL, cancel, err);
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

/* A client may come in between where newcomers cannot be kept out, and the server's own workers take a moment. */
static bool empty_and_rename(Pg *pg, const Database *database, const char *to, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    for (int i = 0; i < RENAME_TRIES && why.kind != EK_CONNECT; i++) {
        error_clear(&why);
        if (!swap_empty(pg, database, cancel, err)) {
            return false;
        }
        if (rename_database(pg, database->name, to, &why)) {
            return true;
        }
    }
    return error_move(err, &why);
}

/* --- what has to be out of the way ------------------------------------------------------------------------- */

bool swap_obstacles(Pg *pg, const char *live, const Cancel *cancel, Error *err)
{
    const char *const params[] = {live};
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT (SELECT count(*) FROM pg_catalog.pg_prepared_xacts p WHERE p.database = $1),"
                  " (SELECT min(s.slot_name) FROM pg_catalog.pg_replication_slots s WHERE s.database = $1),"
                  " (SELECT min(u.subname) FROM pg_catalog.pg_subscription u JOIN pg_catalog.pg_database d"
                  " ON d.oid = u.subdbid WHERE d.datname = $1 AND u.subenabled),"
                  " (SELECT min(a.usename) FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r"
                  " ON r.oid = a.usesysid JOIN pg_catalog.pg_roles me ON me.rolname = CURRENT_USER"
                  " WHERE a.datname = $1 AND NOT me.rolsuper AND (r.rolsuper OR NOT (pg_catalog.pg_has_role(r.oid,"
                  " 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))))",
                  params, 1, cancel, &rows, err)) {
        return false;
    }
    const int64_t prepared = pg_value_int(rows, 0, 0, 0);
    const char *slot = pg_value(rows, 0, 1), *subscription = pg_value(rows, 0, 2), *user = pg_value(rows, 0, 3);
    bool ok = true;
    if (prepared > 0) {
        ok = error_set(err, EK_BUSY, "the database %s has %" PRId64 " prepared transaction(s)", live, prepared);
        error_hint(err, "Commit them or roll them back (pg_prepared_xacts lists them), and try again.");
    } else if (slot != NULL) {
        ok = error_set(err, EK_BUSY, "the replication slot %s reads from the database %s", slot, live);
        error_hint(err, "Whoever follows it would lose its place: drop the slot (pg_drop_replication_slot), and try "
                        "again.");
    } else if (subscription != NULL) {
        ok = error_set(err, EK_BUSY, "the subscription %s brings rows into the database %s", subscription, live);
        error_hint(err, "It would go on in the old database alone: disable it (ALTER SUBSCRIPTION ... DISABLE), and "
                        "try again.");
    } else if (user != NULL) {
        ok = error_set(err, EK_REFUSED, "a session of %s is in the database %s, and may not be ended by you", user,
                       live);
        error_hint(err, "Close that program, and try again.");
    }
    pg_rows_free(rows);
    return ok;
}

/* --- one at a time ----------------------------------------------------------------------------------------- */

#define LOCK_KEY "pg_catalog.hashtextextended('cmms-backup restore ' || $1::text, 0)"
#define IS_LOCK                                                                                                      \
    "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND"                                                   \
    " ((l.classid::bigint << 32) | l.objid::bigint) = " LOCK_KEY

static void name_lock_holder(Pg *pg, const char *live, Error *err)
{
    const char *const params[] = {live};
    PgRows *rows = NULL;
    if (pg_query(pg,
                 "SELECT coalesce(a.usename, '?'), coalesce(pg_catalog.host(a.client_addr), '?')"
                 " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                 " WHERE " IS_LOCK,
                 params, 1, NULL, &rows, NULL) &&
        pg_row_count(rows) > 0) {
        error_detail(err, "of user %s, from %s", pg_value(rows, 0, 0), pg_value(rows, 0, 1));
    }
    pg_rows_free(rows);
}

static bool ask_bool(Pg *pg, const char *sql, const char *live, const Cancel *cancel, bool *answer, Error *err)
{
    const char *const params[] = {live};
    PgRows *rows = NULL;
    const bool ok = pg_query(pg, sql, params, 1, cancel, &rows, err);
    *answer = ok && pg_value_int(rows, 0, 0, 0) != 0;
    pg_rows_free(rows);
    return ok;
}

/* Such a lock is its database's, and sessions of ours may be in two: whoever may not connect to postgres is in
 * template1. But all of a server's locks are there for everybody to see. So who got it looks whether somebody has it
 * elsewhere, and gives it back then: of two, the one who got it later sees the other. */
static bool try_lock(Pg *pg, const char *live, const Cancel *cancel, bool *locked, Error *err)
{
    bool elsewhere = false;
    if (!ask_bool(pg, "SELECT pg_catalog.pg_try_advisory_lock(" LOCK_KEY ")::int", live, cancel, locked, err)) {
        return false;
    }
    if (!*locked) {
        return true;
    }
    if (!ask_bool(pg,
                  "SELECT (count(*) > 0)::int FROM pg_catalog.pg_locks l WHERE " IS_LOCK
                  " AND l.pid <> pg_catalog.pg_backend_pid()",
                  live, cancel, &elsewhere, err)) {
        return false;
    }
    *locked = !elsewhere;
    return !elsewhere ||
           ask_bool(pg, "SELECT pg_catalog.pg_advisory_unlock(" LOCK_KEY ")::int", live, cancel, &elsewhere, err);
}

bool swap_lock(Pg *pg, const char *live, const Cancel *cancel, Error *err)
{
    const uint64_t end = clock_monotonic_ms() + LOCK_MS;
    for (;;) {
        bool locked = false;
        if (!try_lock(pg, live, cancel, &locked, err)) {
            return false;
        }
        if (locked) {
            return true;
        }
        if (clock_monotonic_ms() >= end) {
            error_set(err, EK_BUSY, "another restore of %s is at work", live);
            name_lock_holder(pg, live, err);
            return error_hint(err, "Try again when it is done.");
        }
        /* Not in step with another that gave it back as well. */
        if (cancel_wait(cancel, LOCK_STEP_MS + (unsigned)(clock_monotonic_ms() % LOCK_STEP_MS))) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
}

/* --- there and back ---------------------------------------------------------------------------------------- */

/* Where that is refused it belongs to whoever restored it. (Without a transaction there is no savepoint, and none is
 * needed.) */
static void give_owner(Pg *pg, const char *name, const char *owner)
{
    if (owner != NULL) {
        pg_query(pg, "SAVEPOINT owner", NULL, 0, NULL, NULL, NULL);
        if (!run(pg, "ALTER DATABASE %I OWNER TO %I", name, owner, NULL, NULL)) {
            pg_query(pg, "ROLLBACK TO SAVEPOINT owner", NULL, 0, NULL, NULL, NULL);
        }
    }
}

/* What the mark says that it is to have as a database; without a mark there is nothing to do. The mark goes last. */
static bool put_right(Pg *pg, const char *name, const cJSON *mark, Error *err)
{
    give_owner(pg, name, json_string(mark, "owner", NULL));
    char *limit = mem_printf("%" PRId64, json_int(mark, "limit", -1));
    const bool ok = run(pg, "ALTER DATABASE %I WITH CONNECTION LIMIT %s", name, limit, NULL, err) &&
                    set_comment(pg, name, json_string(mark, "comment", NULL), NULL, err);
    mem_free(limit);
    return ok;
}

/* State 3 back to 2, and what has its name again after 4. */
static bool reopen(Pg *pg, const char *live, const cJSON *mark, Error *err)
{
    return set_open(pg, live, true, NULL, err) && put_right(pg, live, mark, err);
}

/* An undo that was not carried out: what was to come back is kept as before. */
static bool keep_again(Pg *pg, const Database *coming, Error *err)
{
    return set_mark(pg, coming->name, mark_kept(coming->mark), NULL, err);
}

/* From state 5 or 6 to the end. aside and its mark: NULL: there is none; mark: of the one that has the name now. */
static bool finish(Pg *pg, const char *live, const cJSON *mark, const char *aside, const cJSON *aside_mark, Error *err)
{
    return (aside == NULL ||
            (set_open(pg, aside, true, NULL, err) && set_mark(pg, aside, mark_kept(aside_mark), NULL, err))) &&
           (mark == NULL || put_right(pg, live, mark, err));
}

/* From state 4: forward, else back. Nobody may stop it now. *back: it has its old name again. */
static bool give_name(Pg *pg, const char *live, const Database *coming, const char *aside, const cJSON *aside_mark,
                      bool *back, Error *err)
{
    Error why = ERROR_INIT, ignored = ERROR_INIT;
    *back = false;
    if (empty_and_rename(pg, coming, live, NULL, &why)) {
        return true;
    }
    if (aside == NULL) {
        return error_move(err, &why);
    }
    if (why.kind != EK_CONNECT && rename_database(pg, aside, live, &ignored)) {
        *back = true;
        reopen(pg, live, aside_mark, &ignored); /* else the next start does */
        error_context(&why, "the restored database could not take the name %s, and the old one has it again", live);
    } else {
        error_context(&why, "nobody has the name %s now", live);
        error_hint(&why, "Start this again as soon as the server can be reached: it is brought to its end then.");
    }
    error_clear(&ignored);
    return error_move(err, &why);
}

/* State 2 to 4. Where it fails the live one is as it was. */
static bool put_aside(Pg *pg, const Database *live, const char *aside, const cJSON *mark, const JobSink *sink,
                      const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT, ignored = ERROR_INIT;
    job_log(sink, LOG_INFO, "Ending the sessions of %s", live->name);
    if (set_mark(pg, live->name, cJSON_Duplicate(mark, true), NULL, &why) &&
        set_open(pg, live->name, false, NULL, &why) && empty_and_rename(pg, live, aside, cancel, &why)) {
        return true;
    }
    if (why.kind == EK_CONNECT) {
        error_hint(&why, "Start this again as soon as the server can be reached: what was begun is brought to its end "
                         "then, or taken back.");
    } else {
        reopen(pg, live->name, mark, &ignored);
    }
    error_clear(&ignored);
    return error_move(err, &why);
}

/* One state after the other. */
static bool swap_in_steps(Pg *pg, const Swap *swap, const JobSink *sink, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    bool back = false;
    if (!set_mark(pg, swap->coming->name, cJSON_Duplicate(swap->ready, true), cancel, err) ||
        (swap->live != NULL && !put_aside(pg, swap->live, swap->aside, swap->mark, sink, cancel, err)) ||
        !give_name(pg, swap->name, swap->coming, swap->aside, swap->mark, &back, err)) {
        return false;
    }
    if (!finish(pg, swap->name, swap->ready, swap->aside, swap->mark, &why)) {
        job_log(sink, LOG_WARNING, "The comment and the limit of %s are put right at the next start: %s", swap->name,
                why.message);
    }
    error_clear(&why);
    return true;
}

/* Nobody may stop it: a stop would not say whether it was done. */
static bool in_transaction(Pg *pg, const Swap *swap, Error *err)
{
    return pg_query(pg, "BEGIN", NULL, 0, NULL, NULL, err) &&
           (swap->live == NULL || (rename_database(pg, swap->live->name, swap->aside, err) &&
                                   set_mark(pg, swap->aside, mark_kept(swap->mark), NULL, err))) &&
           rename_database(pg, swap->coming->name, swap->name, err) && put_right(pg, swap->name, swap->ready, err) &&
           pg_query(pg, "COMMIT", NULL, 0, NULL, NULL, err);
}

static bool swap_at_once(Pg *pg, const Swap *swap, const JobSink *sink, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    SwapEnder *ender = NULL;
    bool done = false;
    /* Whole from here on, whoever has to decide what becomes of it. An undo's is kept as before until the COMMIT. */
    if (!json_bool(swap->ready, "again", false) &&
        !set_mark(pg, swap->coming->name, cJSON_Duplicate(swap->ready, true), cancel, err)) {
        return false;
    }
    job_log(sink, LOG_INFO, "Ending the sessions of %s", swap->name);
    bool ok = swap_ender_start(pg, swap->live, swap->coming, cancel, &ender, err);
    for (int i = 0; ok && !done && i < RENAME_TRIES && why.kind != EK_CONNECT; i++) {
        error_clear(&why);
        ok = !cancel_requested(cancel) || error_set(err, EK_CANCELLED, "stopped at your request");
        done = ok && in_transaction(pg, swap, &why);
        if (ok && !done && why.kind != EK_CONNECT) {
            ok = pg_query(pg, "ROLLBACK", NULL, 0, NULL, NULL, err);
        }
    }
    swap_ender_stop(ender);
    if (ok && !done && why.kind != EK_CONNECT) { /* who does not go is the reason, where somebody is there */
        ok = swap->live == NULL || swap_nobody_stays(pg, swap->live, &why, err);
    }
    if (ok && !done) {
        error_move(err, &why);
    }
    error_clear(&why);
    return ok && done;
}

static bool is_neon(Pg *pg, const Cancel *cancel, bool *is, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT (coalesce(pg_catalog.current_setting('neon.timeline_id', true), '') <> '')::int", NULL, 0,
                  cancel, &rows, err)) {
        return false;
    }
    *is = pg_value_int(rows, 0, 0, 0) != 0;
    pg_rows_free(rows);
    return true;
}

static bool swap_names(Pg *pg, Swap *swap, const char *from, const JobSink *sink, const Cancel *cancel, Error *err)
{
    int64_t now = 0;
    char *stamp = NULL;
    bool one_by_one = false;
    bool ok = is_neon(pg, cancel, &one_by_one, err) && server_now(pg, cancel, &now, &stamp, err) &&
              (swap->live == NULL || free_name(pg, swap->name, stamp, cancel, &swap->aside, err));
    if (ok) {
        swap->ready = mark_ready(swap->coming, swap->live, swap->name, from);
        swap->mark = swap->live != NULL ? mark_aside(swap->live, from, swap->coming->name, now) : NULL;
        ok = (one_by_one ? swap_in_steps : swap_at_once)(pg, swap, sink, cancel, err);
    }
    cJSON_Delete(swap->ready);
    cJSON_Delete(swap->mark);
    mem_free(stamp);
    return ok;
}

bool swap_run(Pg *pg, const char *live_name, const char *coming_name, bool anybodys, const char *from,
              const JobSink *sink, const Cancel *cancel, char **kept, Error *err)
{
    Databases all = {NULL, 0};
    Swap swap = {.name = live_name};
    bool ok = swap_obstacles(pg, live_name, cancel, err) && look(pg, live_name, anybodys, cancel, &all, err);
    const Database *coming = swap_find(&all, coming_name);
    swap.live = swap_find(&all, live_name);
    swap.coming = coming;
    if (ok && (coming == NULL || coming->mark == NULL)) {
        ok = error_set(err, EK_NOT_FOUND, "there is no restored database %s", coming_name);
    } else if (ok) {
        Error why = ERROR_INIT, ignored = ERROR_INIT;
        ok = swap_names(pg, &swap, from, sink, cancel, &why);
        if (!ok && why.kind != EK_CONNECT && mark_is(coming, "kept")) {
            keep_again(pg, coming, &ignored);
        }
        error_clear(&ignored);
        if (!ok) {
            error_move(err, &why);
        }
    }
    if (ok) {
        *kept = swap.aside;
    } else {
        mem_free(swap.aside);
    }
    databases_free(&all);
    return ok;
}

bool swap_mark_coming(Pg *pg, const char *coming, const char *live, const char *from, const Cancel *cancel,
                      Error *err)
{
    const char *const params[] = {coming};
    PgRows *rows = NULL;
    const bool ok = pg_query(pg, "SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = $1", params, 1, cancel,
                             &rows, err) &&
                    set_mark(pg, coming, mark_coming(live, from, pg_value_int(rows, 0, 0, 0)), cancel, err);
    pg_rows_free(rows);
    return ok;
}

bool swap_dress(Pg *pg, const char *coming, const char *live, const char *comment, int64_t limit, const char *owner,
                const Cancel *cancel, Error *err)
{
    Databases all = {NULL, 0};
    bool ok = look(pg, live, false, cancel, &all, err);
    const Database *item = ok ? swap_find(&all, coming) : NULL;
    if (ok && !mark_is(item, "coming")) {
        ok = error_set(err, EK_NOT_FOUND, "there is no restored database %s", coming);
    } else if (ok) {
        json_set_string(item->mark, "comment", comment);
        json_set_int(item->mark, "limit", limit);
        json_set_string(item->mark, "owner", owner);
        ok = set_mark(pg, coming, cJSON_Duplicate(item->mark, true), cancel, err);
    }
    databases_free(&all);
    return ok;
}

bool swap_unmark(Pg *pg, const char *name, const Cancel *cancel, Error *err)
{
    return run(pg, "ALTER DATABASE %I WITH CONNECTION LIMIT -1", name, NULL, cancel, err) &&
           set_comment(pg, name, NULL, cancel, err);
}

/* --- what an interrupted one left ---------------------------------------------------------------------------- */

static char *text_of_end(const char *live, const Database *aside)
{
    return mem_printf("An interrupted restore was brought to its end: %s is the restored database%s%s", live,
                      aside == NULL ? "" : ", the old one is kept as ", aside == NULL ? "" : aside->name);
}

/* State 2, where there was no live one. Where it cannot have the name it keeps its own (swap_drop_leftovers). */
static bool mend_alone(Pg *pg, const char *live, const Database *coming, char **what, Error *err)
{
    Error why = ERROR_INIT;
    bool back = false;
    bool ok = give_name(pg, live, coming, NULL, NULL, &back, &why);
    if (ok) {
        *what = text_of_end(live, NULL);
        ok = finish(pg, live, coming->mark, NULL, NULL, err);
    } else {
        ok = (why.kind != EK_CONNECT && why.kind != EK_CANCELLED) || error_move(err, &why);
    }
    error_clear(&why);
    return ok;
}

/* State 4. */
static bool mend_name(Pg *pg, const char *live, const Database *aside, const Database *coming, char **what, Error *err)
{
    Error why = ERROR_INIT;
    bool back = false;
    bool ok = coming != NULL && give_name(pg, live, coming, aside->name, aside->mark, &back, &why);
    if (ok) {
        ok = finish(pg, live, coming->mark, aside->name, aside->mark, err);
        *what = text_of_end(live, aside);
    } else {
        ok = back || (coming == NULL && empty_and_rename(pg, aside, live, NULL, &why) &&
                      reopen(pg, live, aside->mark, &why));
        *what = ok ? mem_printf("An interrupted restore was taken back: %s is the database as it was", live) : NULL;
        if (!ok) {
            error_move(err, &why);
        }
    }
    error_clear(&why);
    return ok;
}

static bool mend(Pg *pg, const char *live_name, const Databases *all, char **what, Error *err)
{
    const Database *aside = NULL, *coming = NULL;
    switch (swap_plan(all, live_name, &aside, &coming)) {
    case MEND_REOPEN:
        *what = mem_printf("An interrupted restore was taken back: %s is open again", live_name);
        return reopen(pg, live_name, aside->mark, err);
    case MEND_ALONE: return mend_alone(pg, live_name, coming, what, err);
    case MEND_FORWARD:
    case MEND_BACK:
        return mend_name(pg, live_name, aside, coming, what, err);
    case MEND_FINISH:
        *what = coming != NULL ? text_of_end(live_name, aside)
                               : mem_printf("What an interrupted restore of %s put aside is kept as %s", live_name,
                                            aside->name);
        return finish(pg, live_name, coming != NULL ? coming->mark : NULL, aside != NULL ? aside->name : NULL,
                      aside != NULL ? aside->mark : NULL, err);
    case MEND_NOTHING:
        break;
    }
    return true;
}

bool swap_was_left(Pg *pg, const char *live, const Cancel *cancel, bool *left, Error *err)
{
    Databases all = {NULL, 0};
    const Database *aside = NULL, *coming = NULL;
    const bool ok = look(pg, live, false, cancel, &all, err);
    *left = ok && swap_plan(&all, live, &aside, &coming) != MEND_NOTHING;
    databases_free(&all);
    return ok;
}

bool swap_mend(Pg *pg, const char *live_name, const JobSink *sink, const Cancel *cancel, char **what, Error *err)
{
    Databases all = {NULL, 0};
    *what = NULL;
    if (!look(pg, live_name, false, cancel, &all, err)) {
        return false;
    }
    const bool ok = mend(pg, live_name, &all, what, err);
    databases_free(&all);
    if (ok && *what != NULL) {
        job_log(sink, LOG_WARNING, "%s", *what);
    } else if (!ok) {
        mem_free(*what);
        *what = NULL;
    }
    return ok;
}

/* Left in state 2 by an undo. */
static bool take_back_undo(Pg *pg, const Database *coming, const JobSink *sink, Error *err)
{
    if (!keep_again(pg, coming, err)) {
        return false;
    }
    job_log(sink, LOG_WARNING, "An interrupted restore was taken back: %s is kept as before", coming->name);
    return true;
}

/* A whole one, of which only a person knows whether it is needed. */
static void tell_stays(const Database *item, bool has_live, const char *live, const JobSink *sink)
{
    char *why = has_live ? mem_strdup("somebody may have worked in it since")
                         : mem_printf("there is no database %s", live);
    job_log(sink, LOG_WARNING, "The database %s is whole, and was left by an interrupted restore. It stays, because "
            "%s: drop it when nobody needs it", item->name, why);
    mem_free(why);
}

bool swap_drop_leftovers(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, Error *err)
{
    Databases all = {NULL, 0};
    bool ok = look(pg, live, false, cancel, &all, err);
    for (size_t i = 0; ok && i < all.count; i++) {
        const Database *item = &all.items[i];
        Error why = ERROR_INIT;
        if (!mark_is(item, "coming")) {
            continue;
        }
        if (json_bool(item->mark, "again", false)) {
            ok = strcmp(item->name, live) == 0 || take_back_undo(pg, item, sink, err);
        } else if (!is_named_coming(item->name, live)) {
            continue; /* whatever became of it, the name is somebody's choice */
        } else if (!swap_may_drop(&all, live, item)) {
            tell_stays(item, swap_find(&all, live) != NULL, live, sink);
        } else if (run(pg, "DROP DATABASE %I", item->name, NULL, cancel, &why)) {
            /* (The server waits five seconds for a pg_restore that outlives its parent.) */
            job_log(sink, LOG_WARNING, "Dropped the database %s, left by an interrupted restore", item->name);
        } else if (why.kind == EK_CONNECT || why.kind == EK_CANCELLED) {
            ok = error_move(err, &why);
        } else {
            job_log(sink, LOG_WARNING, "The database %s, left by an interrupted restore, stays: %s", item->name,
                    why.message);
        }
        error_clear(&why);
    }
    databases_free(&all);
    return ok;
}

static int newer_first(const void *a, const void *b)
{
    const KeptDatabase *left = a, *right = b;
    return (left->aside < right->aside) - (left->aside > right->aside);
}

/* Its size takes the server a while: it has to look at each file. */
static bool measure(Pg *pg, int64_t oid, KeptDatabase *kept, const Cancel *cancel, Error *err)
{
    char *number = mem_printf("%" PRId64, oid), *aside = mem_printf("%" PRId64, kept->aside);
    const char *const params[] = {number, aside};
    PgRows *rows = NULL;
    const bool ok = pg_query(pg,
                             "SELECT CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
                             " THEN pg_catalog.pg_database_size(d.oid) ELSE -1 END,"
                             " pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint - $2::bigint"
                             " FROM pg_catalog.pg_database d WHERE d.oid = $1::bigint::oid",
                             params, 2, cancel, &rows, err);
    if (ok) {
        kept->bytes = pg_value_int(rows, 0, 0, -1);
        kept->age = kept->aside > 0 ? pg_value_int(rows, 0, 1, -1) : -1;
    }
    pg_rows_free(rows);
    mem_free(aside);
    mem_free(number);
    return ok;
}

static bool is_kept(const Database *item, const char *live)
{
    return mark_is(item, "kept") && strcmp(item->name, live) != 0;
}

static bool list(Pg *pg, const char *live, bool others, const Cancel *cancel, KeptDatabase **kept, size_t *count,
                 Error *err)
{
    Databases all = {NULL, 0};
    bool neon = false;
    if (!is_neon(pg, cancel, &neon, err) || !look(pg, live, others, cancel, &all, err)) {
        databases_free(&all);
        return false;
    }
    KeptDatabase *found = mem_array(all.count + 1, sizeof *found);
    size_t found_count = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < all.count; i++) {
        const Database *item = &all.items[i];
        if (is_kept(item, live) && item->counts != others) {
            KeptDatabase *one = &found[found_count++];
            *one = (KeptDatabase){.name = mem_strdup(item->name),
                                  .from = mem_strdup(json_string(item->mark, "from", NULL)),
                                  .owner = mem_strdup(item->owner),
                                  .aside = json_int(item->mark, "aside", 0),
                                  .entered = json_int(item->mark, "entered", 0),
                                  .neon = neon};
            ok = measure(pg, item->oid, one, cancel, err);
        }
    }
    databases_free(&all);
    if (!ok) {
        swap_list_free(found, found_count);
        return false;
    }
    qsort(found, found_count, sizeof *found, newer_first);
    *kept = found;
    *count = found_count;
    return true;
}

bool swap_list(Pg *pg, const char *live, const Cancel *cancel, KeptDatabase **kept, size_t *count, Error *err)
{
    return list(pg, live, false, cancel, kept, count, err);
}

bool swap_list_others(Pg *pg, const char *live, const Cancel *cancel, KeptDatabase **kept, size_t *count, Error *err)
{
    return list(pg, live, true, cancel, kept, count, err);
}

bool swap_mark_entered(Pg *pg, const char *live, const char *name, int64_t rows, const Cancel *cancel, Error *err)
{
    Databases all = {NULL, 0};
    bool ok = look(pg, live, false, cancel, &all, err);
    const Database *item = ok ? swap_find(&all, name) : NULL;
    if (ok && !is_kept(item, live)) {
        ok = error_set(err, EK_NOT_FOUND, "no database %s is kept for %s", name, live);
    } else if (ok) {
        json_set_int(item->mark, "entered", rows);
        ok = set_mark(pg, name, cJSON_Duplicate(item->mark, true), cancel, err);
    }
    databases_free(&all);
    return ok;
}

bool swap_drop_kept(Pg *pg, const char *live, const char *name, const Cancel *cancel, Error *err)
{
    Databases all = {NULL, 0};
    bool ok = look(pg, live, false, cancel, &all, err);
    const Database *item = ok ? swap_find(&all, name) : NULL;
    if (ok && (item == NULL || !is_kept(item, live) || json_string(item->mark, "by", NULL) != NULL)) {
        ok = error_set(err, EK_NOT_FOUND, "no database %s is kept for %s", name, live);
    }
    /* Without FORCE: who is in it wants it. */
    ok = ok && run(pg, "DROP DATABASE %I", name, NULL, NULL, err);
    databases_free(&all);
    return ok;
}

void swap_list_free(KeptDatabase *kept, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(kept[i].name);
        mem_free(kept[i].from);
        mem_free(kept[i].owner);
    }
    mem_free(kept);
}
