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
#define MAX_ROUNDS 200

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

static void begin_table(Load *run, const char *name, size_t len)
{
    run->bytes_done += run->bytes_now;
    run->bytes_now = 0;
    const char *shown = name;
    for (size_t i = 0; i < run->result.manifest.table_count; i++) {
        const TableCount *table = &run->result.manifest.tables[i];
        char *full = mem_printf("%s.%s", table->schema, table->name);
        const bool same = strlen(full) == len && memcmp(full, name, len) == 0;
        mem_free(full);
        if (same) {
            run->bytes_now = table->bytes;
            if (strcmp(table->schema, "public") == 0) {
                shown = name + strlen("public.");
                len -= strlen("public.");
            }
            break;
        }
    }
    char *step = mem_printf("Restoring %.*s", (int)len, shown);
    progress_step(&run->meter, step);
    mem_free(step);
}

static void on_line(void *context, const char *line)
{
    Load *run = context;
    const char *table = after(line, "pg_restore: processing data for table \"");
    const char *number = after(line, "pg_restore: from TOC entry ");
    if (number != NULL && run->error == NULL) {
        run->failed_id = strtol(number, NULL, 10);
    }
    if (run->error == NULL && after(line, "pg_restore: error: ") != NULL) {
        run->raw_error = mem_strdup(line);
    }
    load_pick_words(line, &run->error, &run->detail);
    if (table != NULL && table[0] != '\0') {
        begin_table(run, table, strlen(table) - 1);
    } else if (after(line, "pg_restore: creating INDEX ") != NULL ||
               after(line, "pg_restore: creating CONSTRAINT ") != NULL) {
        progress_step(&run->meter, "Building the indexes");
    } else if (after(line, "pg_restore: creating FK CONSTRAINT ") != NULL) {
        progress_step(&run->meter, "Checking the references");
    }
}

/* What it would have said to the server. */
static bool on_script(void *context, const char *bytes, size_t len)
{
    return load_feed_take(context, bytes, len);
}

/* A large table or index takes its time, and pg_restore says nothing meanwhile. */
static bool still_working(void *context)
{
    Load *run = context;
    if (run->feeds) { /* it has no session; ours is not waited for while it is at work (load_feed_take) */
        return false;
    }
    const bool works = pg_session_works(&run->connection, run->session, 0, run->cancel);
    if (works && !cancel_requested(run->cancel)) {
        job_log(run->sink, LOG_INFO, "pg_restore has said nothing for a while, but the server is at work; waiting");
    }
    return works;
}

static void on_tick(void *context, uint64_t written)
{
    Load *run = context;
    (void)written;
    /* What comes after the data (indexes, references) is taken for a quarter of the whole. */
    const double part = run->bytes_all == 0 ? 0.5 : 0.75 * (double)run->bytes_done / (double)run->bytes_all;
    progress_update(&run->meter, part, run->bytes_done, clock_monotonic_ms());
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

static bool explain_stall(const Load *run, const char *time, Error *err)
{
    error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the %s was ended because nothing moved for %s",
              run->what, time);
    if (run->engine == NULL) {
        error_hint(err, "Check the connection to the server and try again.");
        return pg_fit_hint(connection_is_loopback(&run->connection), err);
    }
    return error_hint(err, "%s", client_hint_again);
}

/* pg_restore ended with a code that is not 0. */
static bool explain_restore(const Load *run, unsigned exit_code, Error *err)
{
    char *words = process_exit_text(exit_code);
    uint64_t available = UINT64_MAX;
    pg_set_patience(run->pg, standstill_seconds(PG_SHORT_PATIENCE));
    if (run->engine != NULL && fs_free_space(run->scratch, &available, NULL) && available < FS_NEARLY_FULL) {
        error_set(err, EK_SPACE, "the disk became full while the backup was restored to prove it");
        error_hint(err, "Free some space on the disk with \"%s\".", run->scratch);
    } else if (!run->in_place && !pg_query(run->pg, "SELECT 1", NULL, 0, run->cancel, NULL, NULL)) {
        error_set(err, run->engine != NULL ? EK_TOOL : EK_CONNECT, "the server was lost while the backup was restored");
        error_hint(err, "%s", client_hint_again);
    } else {
        error_set(err, EK_TOOL, "%s could not be restored: %s", fs_base_name(run->path),
                  words != NULL        ? words
                  : run->error != NULL ? run->error
                                       : "pg_restore did not say why");
        error_hint(err, "%s", run->for_good ? "Nothing was changed. Show this to your IT administrator."
                                            : load_hint_unproven);
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

/* The entry at which pg_restore stopped; entry_count where it did not say. */
static size_t failed_entry(const Load *run)
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

/* True when it ended by itself, with that code. */
static bool run_restore(Load *run, const Tool *tool, size_t from, unsigned *exit_code, Error *err)
{
    const PgRestoreSpec spec = {.tool = tool,
                                .path = run->copy != NULL ? run->copy : run->path,
                                .connection = &run->connection,
                                .session = run->session,
                                .cwd = run->scratch,
                                .list = LIST_NAME,
                                .owners = run->for_good && !run->foreign_owners[from],
                                .script = run->feeds ? on_script : NULL,
                                .line = on_line,
                                .tick = on_tick,
                                .stall_seconds = stall_seconds(run),
                                .still_working = still_working,
                                .context = run};
    ClientResult result = {0};
    mem_free(run->error);
    mem_free(run->detail);
    secret_free_text(run->raw_error);
    run->error = run->detail = run->raw_error = NULL;
    run->failed_id = 0;
    bool ok = !run->feeds || load_feed_begin(run, from, err);
    *exit_code = 0;
    if (ok) {
        ok = pgrestore_run(&spec, run->cancel, &result, err);
        *exit_code = result.exit_code;
    }
    if (run->feed != NULL) {
        ok = end_feed(run, ok, exit_code, err);
    }
    ok = ok && (result.stalled == NULL || explain_stall(run, result.stalled, err));
    client_release(&result);
    return ok;
}

/* Before which entry the kind of owner changes: those that may be given are; the rest belongs to whoever restores. */
static size_t same_owners(const Load *run, size_t from)
{
    size_t to = from;
    if (!run->for_good) {
        return run->archive.entry_count;
    }
    while (to < run->archive.entry_count && run->foreign_owners[to] == run->foreign_owners[from]) {
        to++;
    }
    return to;
}

static bool any_wanted(const Load *run, size_t from, size_t to)
{
    while (from < to && !run->wanted[from]) {
        from++;
    }
    return from < to;
}

/* Since 17 pg_restore says SET transaction_timeout to whatever server it has, and to one before 17 that is an error. */
static bool knows_too_much(const Load *run, const Tool *tool)
{
    return tool->major >= 17 && pg_server_version(run->pg) < 170000;
}

/* True also where it stopped at something that the server lacks. */
bool load_run(Load *run, const Tool *tool, Error *err)
{
    run->feeds = run->in_place || knows_too_much(run, tool);
    unsigned code = 0;
    size_t from = 0;
    run->session = mem_strdup(run->database); /* as random a name as is needed */
    load_stage(run, "Restoring", PART_STARTED, PART_RESTORED);
    char *list = fs_join(run->scratch, LIST_NAME);
    /* Our session is as pg_restore's: functions that do not name their schemas fail in a restore as well, and the
     * server names types in full. */
    bool ok = pg_query(run->pg, "SELECT pg_catalog.set_config('search_path', '', false)", NULL, 0, run->cancel, NULL,
                       err) &&
              load_choose(run, err);
    for (int rounds = 0; ok && rounds < MAX_ROUNDS && from < run->archive.entry_count;) {
        const size_t to = same_owners(run, from);
        if (!any_wanted(run, from, to)) {
            from = to;
            continue;
        }
        ok = load_write_list(run, from, to, list, err) &&
             run_restore(run, tool, from, &code, err);
        if (ok && code != 0) {
            Error why = ERROR_INIT;
            const size_t at = failed_entry(run);
            if (at >= from && at < to && load_clear_away(run, at, &why)) {
                from = at;
                rounds += run->wanted[at]; /* what was left out does not come again */
                continue;
            }
            ok = why.kind == EK_NONE;
            if (!ok) {
                error_move(err, &why);
            }
            ok = ok && ((!run->for_good && note_obstacle(run, at)) || explain_restore(run, code, err));
            break;
        }
        from = to;
    }
    /* Else it would pass for restored. */
    if (ok && from < run->archive.entry_count && run->result.not_provable_count == 0) {
        load_add_obstacle(&run->result, "more of it has to be cleared away before it restores than is tried");
    }
    mem_free(list);
    return ok;
}
