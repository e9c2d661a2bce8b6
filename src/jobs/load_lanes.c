/*
 * load_lanes.c: what of a load is done by several pg_restores at once, each with a part of the list and a session of
 * its own. Not by one with -j: that takes the archive by its path, through a command line, and would have to be trusted
 * to say afterwards what of it is loaded when one of its sessions was refused something. Each of ours reads the file by
 * a handle of its own, as its stdin; that it was one and the same file is found by its hash, afterwards, as ever.
 *
 *     definitions                               one session
 *     rows of tables                            side by side; what is left of them, one session
 *     primary and other keys                    side by side, a table's by one
 *     indexes, unique ones first                side by side
 *     all else (large objects, sequences,
 *     references, triggers, rules, …)           one session, in pg_dump's order
 *
 * Invariants:
 *
 *  1. What a wave takes needs nothing that comes in it or later, by the archive's own dependencies, so that its order
 *     is of no account (load_may_go_beside). Rows are loaded before there is a key, a reference or a trigger. Where
 *     rows of one table may be looked at by a rule for another's (a CHECK by a function in SQL), the order is
 *     pg_dump's, so all rows go by one session.
 *  2. Two never wait for each other in a circle: each statement locks one table (a key its heirs too, never the other
 *     way); a table's keys are all of one lane; indexes share their table. References lock two, so they are no wave.
 *  3. All decisions are made on the job's thread. A thread runs one pg_restore to its end and touches its own lane.
 *  4. The first that fails for good ends the others, and all of it; what they said then is of no account. Where what
 *     stopped it can be cleared away (load_clear_away) it goes on behind what it has loaded, and so does each that
 *     began before that and has met the same; the others never knew.
 *  5. An entry is loaded once: a COPY is one statement, and pg_restore's code and the entry that it names say which it
 *     did not load. Should that ever be wrong, the count finds it.
 *
 * In place there is one transaction, so one session; so it is for a server that must not hear all (load_feed.c).
 */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/settings.h"

#define USUAL 2u
#define LARGE (32u * 1024u * 1024u)  /* rows, from which on a second session is worth its start */
#define WATCHED (8u * 1024u * 1024u) /* and from which on there is something to see */
#define TICK_MS 100u

/* --- how many ------------------------------------------------------------------------------------------------ */

/* 0: it was not said. */
static unsigned settings_sessions(const Load *run)
{
    Settings settings;
    settings_init(&settings);
    if (run->folder != NULL) {
        settings_load(run->folder, &settings, NULL);
    }
    const unsigned sessions = (unsigned)settings.restore_sessions;
    settings_release(&settings);
    return sessions;
}

/* How many sessions more the server has room for, by the limits of role, database and server: one that is refused a
 * session must not fail where it would not have needed it. Some are left to others. */
static const char room_sql[] =
    "SELECT least(CASE WHEN r.rolsuper OR r.rolconnlimit < 0 THEN 1000 ELSE r.rolconnlimit -"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid) END,"
    " CASE WHEN r.rolsuper OR d.datconnlimit < 0 THEN 1000 ELSE d.datconnlimit -"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) END,"
    " pg_catalog.current_setting('max_connections')::int - 10 -"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid IS NOT NULL))"
    " FROM pg_catalog.pg_roles r, pg_catalog.pg_database d"
    " WHERE r.rolname = CURRENT_USER AND d.datname = pg_catalog.current_database()";

bool load_count_sessions(Load *run, Error *err)
{
    const unsigned said = settings_sessions(run);
    int64_t room = 0;
    run->sessions = said > 0                                               ? said
                    : run->bytes_all >= LARGE && thread_cpu_count() > 1 ? USUAL
                                                                           : 1;
    const bool watched = !run->feeds && (run->bytes_all >= WATCHED || run->sessions > 1);
    if (run->feeds || !watched) {
        run->sessions = 1;
        return true;
    }
    if (!load_ask_number(run->pg, room_sql, NULL, run->cancel, &room, err)) {
        return false;
    }
    if (room < (int64_t)run->sessions) {
        run->sessions = room > 1 ? (unsigned)room : 1;
    }
    if (room > (int64_t)run->sessions) {
        run->watch = copywatch_start_loads(&run->connection, run->session, run->what);
    }
    if (run->sessions > 1) {
        job_log(run->sink, LOG_INFO, "Loading by %u sessions side by side", run->sessions);
    }
    return true;
}

/* --- what ---------------------------------------------------------------------------------------------------- */

static bool is(const ArchiveEntry *entry, const char *desc)
{
    return strcmp(entry->desc, desc) == 0;
}

static bool has(const char *definition, const char *words)
{
    return definition != NULL && strstr(definition, words) != NULL;
}

static bool is_of_wave(const ArchiveEntry *entry, LoadWave wave)
{
    const char *definition = entry->definition;
    switch (wave) {
    case LOAD_ROWS: return is(entry, "TABLE DATA") && entry->copy_statement != NULL; /* INSERTs are many statements */
    case LOAD_KEYS:
        return is(entry, "CONSTRAINT") &&
               (has(definition, " PRIMARY KEY ") || has(definition, " UNIQUE ") || has(definition, " EXCLUDE "));
    default: /* CLUSTER ON and REPLICA IDENTITY come with their index, and lock its table alone */
        return is(entry, "INDEX") && definition != NULL && !has(definition, "\nALTER ");
    }
}

/* Not of a partitioned table: its keys and indexes are joined from those of its parts. */
bool load_may_go_beside(const Load *run, size_t at, LoadWave wave)
{
    const ArchiveEntry *entry = &run->archive.entries[at];
    const LoadPlan *plan = &run->plan;
    const size_t before = wave == LOAD_ROWS ? plan->data : plan->post, table = plan->table[at];
    bool may = run->wanted[at] && !plan->loaded[at] && is_of_wave(entry, wave) && table < before &&
               !has(run->archive.entries[table].definition, "\nPARTITION BY ");
    for (size_t i = 0; may && i < entry->need_count; i++) {
        const size_t need = load_place_of(run, entry->needs[i]);
        may = need == run->archive.entry_count || need < before;
    }
    return may;
}

/* Whether a row may be let in or filled by what is in another table: a rule or a generated column that calls something
 * that was written in SQL or another language of the database. */
static const char order_sql[] =
    "SELECT pg_catalog.count(*) FROM pg_catalog.pg_depend d"
    " LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass"
    " AND o.oid = d.refobjid"
    " JOIN pg_catalog.pg_proc p ON p.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    " THEN d.refobjid ELSE o.oprcode::pg_catalog.oid END"
    " JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')"
    " WHERE (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND EXISTS"
    " (SELECT 1 FROM pg_catalog.pg_constraint co WHERE co.oid = d.objid AND co.contype = 'c'))"
    " OR (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND EXISTS"
    " (SELECT 1 FROM pg_catalog.pg_attrdef ad JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid"
    " AND a.attnum = ad.adnum WHERE ad.oid = d.objid AND pg_catalog.to_jsonb(a) ->> 'attgenerated' <> ''))"
    /* from 14 on a generated column itself depends on what it calls */
    " OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND EXISTS"
    " (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.objid AND a.attnum = d.objsubid"
    " AND d.objsubid > 0 AND pg_catalog.to_jsonb(a) ->> 'attgenerated' <> ''))";

static bool any_order(Load *run, bool *any, Error *err)
{
    int64_t count = 0;
    const bool ok = load_ask_number(run->pg, order_sql, NULL, run->cancel, &count, err);
    *any = ok && count == 0;
    if (ok && count > 0) {
        job_log(run->sink, LOG_INFO, "A rule of a table may look into another: the rows come in their order, by one "
                                     "session");
    }
    return ok;
}

/* --- who does what ---------------------------------------------------------------------------------------------- */

typedef struct Work {
    uint64_t weight;
    size_t number;
} Work;

static int longest_first(const void *a, const void *b)
{
    const Work *left = a, *right = b;
    return left->weight != right->weight ? (left->weight < right->weight ? 1 : -1)
                                         : (left->number > right->number) - (left->number < right->number);
}

void load_share(const uint64_t *weights, size_t count, size_t lanes, size_t *lane_of)
{
    Work *works = mem_array(count + 1, sizeof *works);
    uint64_t *sums = mem_array(lanes + 1, sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        works[i] = (Work){weights[i], i};
    }
    qsort(works, count, sizeof *works, longest_first);
    for (size_t i = 0; i < count; i++) {
        size_t least = 0;
        for (size_t lane = 1; lane < lanes; lane++) {
            least = sums[lane] < sums[least] ? lane : least;
        }
        lane_of[works[i].number] = least;
        sums[least] += works[i].weight;
    }
    mem_free(sums);
    mem_free(works);
}

typedef struct Wave {
    Load *run;
    const Tool *tool;
    LoadEnd *end;
    Cancel *halt;
    LoadLane *lanes;
    size_t count;  /* of lanes */
    size_t *taken; /* places, in the archive's order */
    size_t taken_count;
    unsigned cleared; /* so often something was cleared away */
} Wave;

/* Works: single entries, but the keys of a table are one. *work: for each that is taken. */
static size_t gather(Wave *wave, LoadWave which, size_t *work, uint64_t *weights)
{
    const Load *run = wave->run;
    size_t *first = mem_array(run->archive.entry_count + 1, sizeof *first); /* of a table, by its place: its work + 1 */
    size_t works = 0;
    for (size_t i = 0; i < run->archive.entry_count; i++) {
        if (load_may_go_beside(run, i, which)) {
            const size_t table = run->plan.table[i];
            size_t number = which == LOAD_KEYS && first[table] > 0 ? first[table] - 1 : works++;
            first[table] = number + 1;
            work[wave->taken_count] = number;
            weights[number] += run->plan.weight[i];
            wave->taken[wave->taken_count++] = i;
        }
    }
    mem_free(first);
    return works;
}

static bool comes_first(const Load *run, size_t at, LoadWave which)
{
    return which != LOAD_INDEXES || has(run->archive.entries[at].definition, "CREATE UNIQUE INDEX ");
}

static void deal(Wave *wave, LoadWave which, const size_t *work, const size_t *lane_of)
{
    Load *run = wave->run;
    for (size_t i = 0; i < wave->count; i++) {
        LoadLane *lane = &wave->lanes[i];
        load_lane_init(lane, run, wave->tool, i + 1);
        lane->cancel = wave->halt;
        lane->order = mem_array(wave->taken_count + 1, sizeof *lane->order);
    }
    for (int later = 0; later < 2; later++) {
        for (size_t i = 0; i < wave->taken_count; i++) {
            if (comes_first(run, wave->taken[i], which) == (later == 0)) {
                LoadLane *lane = &wave->lanes[lane_of[work[i]]];
                lane->order[lane->count++] = wave->taken[i];
            }
        }
    }
}

/* False: it is no use. */
static bool make_lanes(Wave *wave, LoadWave which)
{
    Load *run = wave->run;
    const size_t entries = run->archive.entry_count;
    size_t *work = mem_array(entries + 1, sizeof *work), *lane_of = mem_array(entries + 1, sizeof *lane_of);
    uint64_t *weights = mem_array(entries + 1, sizeof *weights);
    wave->taken = mem_array(entries + 1, sizeof *wave->taken);
    const size_t works = gather(wave, which, work, weights);
    if (works > 1) {
        wave->count = works < run->sessions ? works : run->sessions;
        wave->lanes = mem_array(wave->count, sizeof *wave->lanes);
        load_share(weights, works, wave->count, lane_of);
        deal(wave, which, work, lane_of);
    }
    mem_free(weights);
    mem_free(lane_of);
    mem_free(work);
    return works > 1;
}

/* --- at work ------------------------------------------------------------------------------------------------------ */

static void run_lane(void *argument)
{
    LoadLane *lane = argument;
    load_lane_run(lane);
    mutex_lock(lane->run->mutex);
    lane->ended = true;
    mutex_unlock(lane->run->mutex);
}

static bool begin(const Wave *wave, LoadLane *lane, Error *err)
{
    if (lane->count == 0) {
        return true;
    }
    if (!load_lane_prepare(lane, err)) {
        return false;
    }
    lane->cleared = wave->cleared;
    lane->thread = thread_start(run_lane, lane);
    return true;
}

static bool has_ended(LoadLane *lane)
{
    mutex_lock(lane->run->mutex);
    const bool ended = lane->ended, waits = lane->waits;
    lane->waits = false;
    mutex_unlock(lane->run->mutex);
    if (waits) {
        job_log(lane->run->sink, LOG_INFO,
                "pg_restore has said nothing for a while, but the server is at work; waiting");
    }
    return ended;
}

/* Where in its order; count: it is none of it. */
static size_t find(const LoadLane *lane, size_t at)
{
    size_t i = 0;
    while (i < lane->count && lane->order[i] != at) {
        i++;
    }
    return i;
}

/* Whether what stopped it is out of its way. Two may meet the same (a rule of two parts of a table or of a domain, a
 * role): who is looked at second finds nothing more to clear away. */
static bool is_cleared(Wave *wave, const LoadLane *lane, size_t at, Error *err)
{
    const bool late = lane->cleared < wave->cleared;
    const bool now = load_clear_away(wave->run, at, err);
    wave->cleared += now;
    return now || (late && err->kind == EK_NONE);
}

/* Behind what was cleared away, or behind what was left out for it. */
static bool go_on(Wave *wave, LoadLane *lane, size_t found, Error *err)
{
    const Load *run = wave->run;
    load_lane_keep(lane, found);
    wave->end->rounds += run->wanted[lane->order[0]];
    if (!run->wanted[lane->order[0]]) {
        load_lane_keep(lane, 1);
    }
    return begin(wave, lane, err);
}

/* One has come to its end. False with an error where all is to end; true with end->failed too. */
static bool judge(Wave *wave, LoadLane *lane, Error *err)
{
    Load *run = wave->run;
    LoadEnd *end = wave->end;
    Error why = ERROR_INIT;
    load_lane_hand_over(lane);
    if (!lane->ok) {
        return error_move(err, &lane->why);
    }
    if (lane->result.stalled != NULL) {
        return load_explain_stall(run, lane->result.stalled, err);
    }
    if (lane->result.exit_code == 0) {
        load_lane_keep(lane, lane->count);
        return true;
    }
    if (!lane->spoke && run->failed_id <= 0) { /* it was let in by nobody: its part is done afterwards */
        job_log(run->sink, LOG_INFO, "A session beside could not be begun: %s",
                run->error != NULL ? run->error : "pg_restore did not say why");
        lane->count = 0;
        return true;
    }
    const size_t at = load_failed_entry(run), found = find(lane, at);
    if (found < lane->count && end->rounds < LOAD_MOST_ROUNDS && is_cleared(wave, lane, at, &why)) {
        return go_on(wave, lane, found, err);
    }
    if (why.kind != EK_NONE) {
        return error_move(err, &why);
    }
    end->failed = true;
    end->at = at;
    end->code = lane->result.exit_code;
    return true;
}

/* What of them has come to its end; *working: how many have not. */
static bool look(Wave *wave, size_t *working, Error *err)
{
    bool ok = true;
    *working = 0;
    for (size_t i = 0; ok && !wave->end->failed && i < wave->count; i++) {
        LoadLane *lane = &wave->lanes[i];
        if (lane->thread != NULL && has_ended(lane)) {
            thread_join(lane->thread);
            lane->thread = NULL;
            ok = judge(wave, lane, err);
        }
        *working += lane->thread != NULL;
    }
    return ok;
}

static bool work(Wave *wave, Error *err)
{
    bool ok = true;
    size_t working = 0;
    for (size_t i = 0; ok && i < wave->count; i++) {
        ok = begin(wave, &wave->lanes[i], err);
    }
    while (ok) {
        ok = look(wave, &working, err);
        if (!ok || working == 0 || wave->end->failed) {
            break;
        }
        load_tell(wave->run);
        if (cancel_wait(wave->run->cancel, TICK_MS)) {
            ok = error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
    return ok;
}

bool load_side_by_side(Load *run, const Tool *tool, LoadWave which, LoadEnd *end, Error *err)
{
    Wave wave = {.run = run, .tool = tool, .end = end};
    bool ok = true, may = run->sessions > 1 && !end->failed && !end->too_often;
    if (may && which == LOAD_ROWS) {
        ok = any_order(run, &may, err);
    }
    if (ok && may) {
        wave.halt = cancel_new();
        if (make_lanes(&wave, which)) {
            run->lanes = wave.lanes;
            run->lane_count = wave.count;
            ok = work(&wave, err);
        }
        cancel_request(wave.halt);
        for (size_t i = 0; i < wave.count; i++) {
            thread_join(wave.lanes[i].thread);
            load_lane_release(&wave.lanes[i]);
        }
        run->lanes = NULL;
        run->lane_count = 0;
        cancel_free(wave.halt);
    }
    mem_free(wave.lanes);
    mem_free(wave.taken);
    return ok;
}
