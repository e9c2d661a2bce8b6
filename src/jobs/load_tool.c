/* load_tool.c: pg_restore's part: which one, with what, how far it is, and what it said. */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/secret.h"
#include "jobs/skew.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "postgres/client.h"
#include "postgres/pgrestore.h"
#include "postgres/redact.h"
#include "postgres/standstill.h"
#include "store/folder.h"
#include "store/settings.h"

#define COPY_NAME "restore.backup"
#define LIST_NAME "restore.list" /* plain ASCII: pg_restore is told it by its argument, beside which it runs */

static const char *after(const char *line, const char *prefix)
{
    const size_t len = strlen(prefix);
    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

/* --- pg_restore's words ---------------------------------------------------------------------------------- */

/* The first line of CONTEXT: which row it was; or that the words are those of a function of the database. */
static void pick_place(const char *line, char **error, char **detail)
{
    if (redact_is_raised(line)) {
        const char *words = strstr(*error, "ERROR:");
        char *plain = mem_printf("%.*sa function of the database ended it",
                                 words == NULL ? 0 : (int)(words - *error), *error);
        mem_free(*error);
        mem_free(*detail);
        *error = plain;
        *detail = mem_strdup("");
        return;
    }
    char *row = redact_words(line);
    if (row[0] != '\0') {
        char *both = mem_printf("%s%s%s", *detail == NULL ? "" : *detail, *detail == NULL ? "" : "; ", row);
        mem_free(*detail);
        *detail = both;
    }
    mem_free(row);
}

void load_pick_words(const char *line, char **error, char **detail)
{
    static const char prefix[] = "pg_restore: error: ";
    static const char label[] = "DETAIL:  ";
    if (*error == NULL && strncmp(line, prefix, sizeof prefix - 1) == 0) {
        *error = redact_words(line + sizeof prefix - 1);
    } else if (*error != NULL && *detail == NULL && strncmp(line, label, sizeof label - 1) == 0 &&
               strstr(*error, redact_mark) == NULL) {
        char *words = redact_words(line);
        *detail = mem_strdup(words + sizeof label - 1);
        mem_free(words);
    } else if (*error != NULL && (*detail == NULL || strstr(*detail, " of its rows") == NULL) &&
               strncmp(line, "CONTEXT:", 8) == 0) {
        pick_place(line, error, detail);
    }
}

/* --- while it runs ------------------------------------------------------------------------------------------ */

static void on_line(void *context, const char *line)
{
    LoadLane *lane = context;
    const char *number = after(line, "pg_restore: from TOC entry ");
    if (number != NULL && lane->error == NULL) {
        lane->failed_id = strtol(number, NULL, 10);
    }
    if (lane->error == NULL && after(line, "pg_restore: error: ") != NULL) {
        lane->raw_error = mem_strdup(line);
    }
    load_pick_words(line, &lane->error, &lane->detail);
    if (!lane->run->feeds) { /* what it writes is not done yet */
        load_lane_said(lane, line);
    }
}

/* What it would have said to the server. */
static bool on_script(void *context, const char *bytes, size_t len)
{
    const LoadLane *lane = context;
    return load_feed_take(lane->run, bytes, len);
}

/* A large table or index takes its time, and pg_restore says nothing meanwhile. */
static bool still_working(void *context)
{
    LoadLane *lane = context;
    Load *run = lane->run;
    if (run->feeds) { /* it has no session; ours is not waited for while it is at work (load_feed_take) */
        return false;
    }
    const bool works = pg_session_works(&run->connection, lane->session, 0, lane->cancel);
    if (works && !cancel_requested(lane->cancel)) {
        mutex_lock(run->mutex);
        lane->waits = true;
        mutex_unlock(run->mutex);
    }
    return works;
}

/* One that works alone does so on the job's thread; of several somebody else tells. */
static void on_tick(void *context, uint64_t written)
{
    LoadLane *lane = context;
    (void)written;
    if (lane->cancel != lane->run->cancel) {
        return;
    }
    if (lane->waits) {
        lane->waits = false;
        job_log(lane->run->sink, LOG_INFO,
                "pg_restore has said nothing for a while, but the server is at work; waiting");
    }
    load_tell(lane->run);
}

/* What the folder's settings say of a dump holds for its counterpart as well. */
static unsigned stall_seconds(const Load *run)
{
    Settings settings;
    char *folder = fs_dir_name(run->path);
    settings_init(&settings);
    if (run->record) {
        settings_load(folder, &settings, NULL);
    }
    const unsigned minutes = (unsigned)settings.stall_minutes;
    settings_release(&settings);
    mem_free(folder);
    return standstill_seconds(60u * minutes);
}

bool load_explain_stall(const Load *run, const char *time, Error *err)
{
    error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the %s was ended because nothing moved for %s",
              run->what, time);
    if (run->engine == NULL) {
        error_hint(err, "Check the connection to the server and try again.");
        return pg_fit_hint(connection_is_loopback(&run->connection), err);
    }
    return error_hint(err, "%s", client_hint_again);
}

/* By the words of the C library in the server's own; pg_restore does not tell the SQLSTATE. */
static bool server_is_full(const Load *run)
{
    const char *words = run->raw_error;
    return words != NULL && (strstr(words, "No space left on device") != NULL ||
                             strstr(words, "Disk quota exceeded") != NULL || strstr(words, ": wrote only ") != NULL);
}

/* Rows may name roles (regrole), which no backup of a database has; only a proof makes them itself. */
static void hint_after_refusal(const Load *run, Error *err)
{
    char *role = run->for_good ? load_missing_role(run->error) : NULL;
    if (role != NULL) {
        error_hint(err, "Nothing was changed. Create the role %s on the server (CREATE ROLE), and try again.", role);
    } else {
        error_hint(err, "%s", run->for_good ? "Nothing was changed. Show this to your IT administrator."
                                            : load_hint_unproven);
    }
    mem_free(role);
}

/* pg_restore ended with a code that is not 0. */
static bool explain_restore(const Load *run, unsigned exit_code, Error *err)
{
    char *words = process_exit_text(exit_code);
    uint64_t available = UINT64_MAX;
    pg_set_patience(run->pg, standstill_seconds(PG_SHORT_PATIENCE));
    if (run->engine != NULL && (server_is_full(run) || (fs_free_space(run->scratch, &available, NULL) &&
                                                        available < FS_NEARLY_FULL))) {
        error_set(err, EK_SPACE, "the disk became full while the backup was restored to prove it");
        error_hint(err, "Free some space on the disk with \"%s\".", run->scratch);
    } else if (!run->in_place && !pg_query(run->pg, "SELECT 1", NULL, 0, run->cancel, NULL, NULL)) {
        error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the server was lost while the backup was restored");
        error_hint(err, "%s", client_hint_again);
    } else if (run->engine == NULL && server_is_full(run)) {
        pg_explain_statement("53100", run->error, NULL, NULL, err);
    } else {
        error_set(err, EK_TOOL, "%s could not be restored: %s", fs_base_name(run->path),
                  words != NULL        ? words
                  : run->error != NULL ? run->error
                                       : "pg_restore did not say why");
        hint_after_refusal(run, err);
    }
    if (run->detail != NULL) {
        error_detail(err, "%s", run->detail);
    }
    mem_free(words);
    return false;
}

bool load_has_engine(void)
{
    char *bin = NULL;
    const bool has = engine_find(&bin, NULL);
    mem_free(bin);
    return has;
}

bool load_pick_tool(Load *run, const Tool **tool, Error *err)
{
    char *reason = NULL;
    if (!tools_find(&run->tools, run->cancel, err) ||
        !tools_pick_restore(&run->tools, load_major(run->archive.tool_version), run->cancel, tool, &reason, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "%s", reason);
    mem_free(reason);
    return true;
}

static void tell_left_out(Load *run, const SkewOption *option)
{
    bool mark = false;
    char *text = skew_text(option, &mark);
    job_log(run->sink, mark ? LOG_INFO : LOG_WARNING, "%s", text);
    mem_free(text);
    load_add_left_out(&run->result, option->of_column ? "column option" : "table option", option->name);
}

/* In the engine's place, or where a server was named one for what pg_restore is handed. */
static bool make_scratch(Load *run, Error *err)
{
    if (run->scratch != NULL) {
        return true;
    }
    char *base = machine_local_data_dir();
    if (base == NULL) {
        return error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
    }
    bool ok = fs_make_dirs(base, err) && load_name_scratch(run, base, err);
    char *lock = ok ? mem_printf("%s%s", run->scratch, PROVE_LOCK_SUFFIX) : NULL;
    ok = ok && fs_lock(lock, &run->scratch_lock, err) && fs_make_dirs(run->scratch, err);
    mem_free(lock);
    mem_free(base);
    return ok;
}

/* A copy that the server understands. */
static bool copy_backup(Load *run, const Skew *skew, Error *err)
{
    uint64_t available = 0;
    bool ok = fs_free_space(run->scratch, &available, err);
    if (ok && available < run->result.manifest.bytes + FS_NEARLY_FULL) {
        ok = error_set(err, EK_SPACE, "the disk with \"%s\" has no room for a copy of the backup", run->scratch);
        error_hint(err, "Free %s there.", size_text(run->result.manifest.bytes + FS_NEARLY_FULL - available).text);
    }
    if (ok) {
        run->copy = fs_join(run->scratch, COPY_NAME);
        ok = skew_copy(run->path, &run->archive, skew, run->copy, run->cancel, err);
    }
    return ok;
}

bool load_leave_out_unknown(Load *run, Error *err)
{
    Skew skew;
    skew_init(&skew);
    skew_read(&run->archive, &skew);
    bool ok = skew_ask(run->pg, &skew, run->cancel, err);
    for (size_t i = 0; ok && i < skew.count; i++) {
        if (skew.options[i].unknown) {
            tell_left_out(run, &skew.options[i]);
        }
    }
    ok = ok && make_scratch(run, err) && (skew_count(&skew) == 0 || copy_backup(run, &skew, err));
    skew_release(&skew);
    return ok;
}

/* --- where it stopped ------------------------------------------------------------------------------------- */

size_t load_failed_entry(const Load *run)
{
    size_t i = 0;
    while (i < run->archive.entry_count && (run->failed_id <= 0 || run->archive.entries[i].id != run->failed_id)) {
        i++;
    }
    return i;
}

/* What stopped it is nothing that speaks against the backup. */
static bool note_obstacle(Load *run, size_t at)
{
    char *obstacle = load_obstacle(run->error);
    char *role = load_missing_role(run->error);
    if (obstacle == NULL && role != NULL) {
        obstacle = mem_printf("the server here lacks the role %s", role);
    }
    mem_free(role);
    if (obstacle == NULL && load_lacks_rights(run->error) && at < run->archive.entry_count) {
        const ArchiveEntry *entry = &run->archive.entries[at];
        const bool told = after(entry->tag, entry->desc) != NULL; /* TRANSFORM FOR integer LANGUAGE sql */
        const char *schema = entry->schema != NULL && !told ? entry->schema : "";
        obstacle = mem_printf("the %s%s%s%s%s takes rights that a proof does not give a backup",
                              told ? "" : entry->desc, told ? "" : " ", schema,
                              schema[0] != '\0' ? "." : "", entry->tag);
    }
    if (obstacle == NULL && run->other_sort != NULL && at < run->archive.entry_count &&
        load_depends_on_sort(&run->archive.entries[at], run->error)) {
        obstacle = mem_printf("the database sorts by %s, which the server here does not", run->other_sort);
    }
    if (obstacle != NULL) {
        load_add_obstacle(&run->result, obstacle);
    }
    mem_free(obstacle);
    return obstacle != NULL;
}

/* --- one pg_restore --------------------------------------------------------------------------------------- */

void load_lane_init(LoadLane *lane, Load *run, const Tool *tool, size_t number)
{
    *lane = (LoadLane){.run = run, .tool = tool, .cancel = run->cancel, .why = ERROR_INIT};
    lane->session = number == 0 ? mem_strdup(run->session) : mem_printf("%s-%zu", run->session, number);
    lane->list = number == 0 ? mem_strdup(LIST_NAME) : mem_printf("%s-%zu", LIST_NAME, number);
    lane->stall_seconds = stall_seconds(run);
}

static void forget(LoadLane *lane)
{
    mem_free(lane->error);
    mem_free(lane->detail);
    secret_free_text(lane->raw_error);
    lane->error = lane->detail = lane->raw_error = NULL;
    lane->failed_id = 0;
    lane->spoke = lane->ended = lane->ok = false;
    client_release(&lane->result);
    error_clear(&lane->why);
}

void load_lane_release(LoadLane *lane)
{
    forget(lane);
    mem_free(lane->order);
    mem_free(lane->session);
    mem_free(lane->list);
}

bool load_lane_prepare(LoadLane *lane, Error *err)
{
    char *path = fs_join(lane->run->scratch, lane->list);
    forget(lane);
    const bool ok = load_write_list(lane->run, lane->order, lane->count, path, err);
    mem_free(path);
    return ok;
}

void load_lane_run(LoadLane *lane)
{
    const Load *run = lane->run;
    const PgRestoreSpec spec = {.tool = lane->tool,
                                .path = run->copy != NULL ? run->copy : run->path,
                                .connection = &run->connection,
                                .session = lane->session,
                                .cwd = run->scratch,
                                .list = lane->list,
                                .owners = lane->owners,
                                .script = run->feeds ? on_script : NULL,
                                .line = on_line,
                                .tick = on_tick,
                                .stall_seconds = lane->stall_seconds,
                                .still_working = still_working,
                                .context = lane};
    lane->ok = pgrestore_run(&spec, lane->cancel, &lane->result, &lane->why);
}

void load_lane_hand_over(LoadLane *lane)
{
    Load *run = lane->run;
    mem_free(run->error);
    mem_free(run->detail);
    secret_free_text(run->raw_error);
    run->error = lane->error;
    run->detail = lane->detail;
    run->raw_error = lane->raw_error;
    run->failed_id = lane->failed_id;
    lane->error = lane->detail = lane->raw_error = NULL;
}

/* --- one run after another ---------------------------------------------------------------------------------- */

/* What the server refused counts as a failure of the tool. `ok`: that was not stopped, nor lost. */
static bool end_feed(Load *run, bool ok, unsigned *exit_code, Error *err)
{
    bool failed = false;
    Error why = ERROR_INIT;
    const bool ended = load_feed_end(run, ok && *exit_code == 0, &failed, &why);
    if (ok && !ended) {
        return error_move(err, &why);
    }
    error_clear(&why);
    *exit_code = failed ? 1 : *exit_code;
    return ok;
}

/* True when it ended by itself, with that code; then run has its words. */
static bool run_lane(LoadLane *lane, unsigned *exit_code, Error *err)
{
    Load *run = lane->run;
    *exit_code = 0;
    run->lanes = lane;
    run->lane_count = 1;
    bool ok = load_lane_prepare(lane, err) && (!run->feeds || load_feed_begin(run, lane->order[0], err));
    if (ok) {
        load_lane_run(lane);
        ok = lane->ok || error_move(err, &lane->why);
        *exit_code = lane->result.exit_code;
    }
    load_lane_hand_over(lane);
    if (run->feed != NULL) {
        ok = end_feed(run, ok, exit_code, err);
    }
    run->lanes = NULL;
    run->lane_count = 0;
    return ok && (lane->result.stalled == NULL || load_explain_stall(run, lane->result.stalled, err));
}

/* Before which entry the kind of owner changes: those that may be given are; the rest belongs to whoever restores. */
static size_t same_owners(const Load *run, size_t from, size_t end)
{
    size_t to = from;
    if (!run->for_good) {
        return end;
    }
    while (to < end && run->foreign_owners[to] == run->foreign_owners[from]) {
        to++;
    }
    return to;
}

/* One run, of what is left of these. What failed at the place of end->at is none of what it has loaded. */
static bool run_once(Load *run, const Tool *tool, size_t from, size_t to, LoadEnd *end, Error *err)
{
    LoadLane lane;
    load_lane_init(&lane, run, tool, 0);
    lane.owners = run->for_good && !run->foreign_owners[from];
    lane.order = mem_array(to - from + 1, sizeof *lane.order);
    for (size_t i = from; i < to; i++) {
        if (run->wanted[i] && !run->plan.loaded[i]) {
            lane.order[lane.count++] = i;
        }
    }
    end->code = 0;
    bool ok = lane.count == 0 || run_lane(&lane, &end->code, err);
    if (ok) {
        size_t done = 0;
        end->at = end->code == 0 ? run->archive.entry_count : load_failed_entry(run);
        while (done < lane.count && lane.order[done] != end->at) {
            done++;
        }
        load_lane_keep(&lane, end->code == 0 || done < lane.count ? done : 0);
    }
    load_lane_release(&lane);
    return ok;
}

/* One run for each stretch of owners alike, and one more for each entry that was refused and is not any more. */
static bool load_stretch(Load *run, const Tool *tool, size_t from, size_t last, LoadEnd *end, Error *err)
{
    bool ok = true;
    while (ok && !end->failed && from < last) {
        const size_t to = same_owners(run, from, last);
        Error why = ERROR_INIT;
        end->too_often = end->rounds >= LOAD_MOST_ROUNDS;
        if (end->too_often) {
            break;
        }
        ok = run_once(run, tool, from, to, end, err);
        if (!ok || end->code == 0) {
            from = to;
        } else if (end->at >= from && end->at < to && load_clear_away(run, end->at, &why)) {
            from = end->at;
            end->rounds += run->wanted[from]; /* what was left out does not come again */
        } else {
            end->failed = true;
            ok = why.kind == EK_NONE || error_move(err, &why);
        }
    }
    return ok;
}

/* Since 17 pg_restore says SET transaction_timeout to whatever server it has, and to one before 17 that is an error. */
static bool knows_too_much(const Load *run, const Tool *tool)
{
    return tool->major >= 17 && pg_server_version(run->pg) < 170000;
}

static bool load_all(Load *run, const Tool *tool, LoadEnd *end, Error *err)
{
    const size_t all = run->archive.entry_count, data = run->plan.data, post = run->plan.post;
    if (run->sessions < 2) {
        return load_stretch(run, tool, 0, all, end, err);
    }
    return load_stretch(run, tool, 0, data, end, err) && load_side_by_side(run, tool, LOAD_ROWS, end, err) &&
           load_stretch(run, tool, data, post, end, err) && load_side_by_side(run, tool, LOAD_KEYS, end, err) &&
           load_side_by_side(run, tool, LOAD_INDEXES, end, err) && load_stretch(run, tool, post, all, end, err);
}

/* True also where it stopped at something that the server lacks. */
bool load_run(Load *run, const Tool *tool, Error *err)
{
    LoadEnd end = {.rounds = 0};
    run->feeds = run->in_place || knows_too_much(run, tool);
    run->session = load_random_name("cmms-load-", err);
    load_stage(run, "Restoring", PART_STARTED, PART_RESTORED);
    /* Our session is as pg_restore's: functions that do not name their schemas fail in a restore as well, and the
     * server names types in full. */
    bool ok = run->session != NULL &&
              pg_query(run->pg, "SELECT pg_catalog.set_config('search_path', '', false)", NULL, 0, run->cancel, NULL,
                       err) &&
              load_choose(run, err) && load_count_sessions(run, err);
    if (ok) {
        load_plan_make(run);
        ok = load_all(run, tool, &end, err);
    }
    copywatch_stop(run->watch);
    run->watch = NULL;
    if (ok && end.failed) {
        ok = (!run->for_good && note_obstacle(run, end.at)) || explain_restore(run, end.code, err);
    }
    /* Else it would pass for restored. */
    if (ok && end.too_often && run->result.not_provable_count == 0) {
        load_add_obstacle(&run->result, "more of it has to be cleared away before it restores than is tried");
    }
    return ok;
}
