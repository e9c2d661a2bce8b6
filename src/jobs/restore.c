/*
 * restore.c: one restore, step by step.
 *
 *     read every byte; look at the target; mend what an interrupted one left; safety backup;
 *     new database, extensions, settings; pg_restore; count; rights and what else has no rows;
 *     what belongs to the live database carried over; ANALYZE; marked whole; swap
 *
 * The live database is not touched before the swap, and the swap has its own way back (swap.c). The session that does
 * all of this is in another database of the server, the maintenance database; a second one is in the live database
 * until the swap and holds its lock, so that no backup and no other restore comes in between. Where the user may not
 * create databases all of it goes another way: restore_in_place.c.
 */
#include "jobs/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "jobs/backup.h"
#include "jobs/prove.h"
#include "jobs/swap.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "restore_private.h"
#include "store/auditlog.h"

#define PART_SAFE 0.30 /* the safety backup, where one is made; its proof is the end of that */
#define PART_SAVED 0.22
#define PART_COUNTED 0.97
#define NAME_MAX_BYTES 63
#define PIECE (1u << 20)

void restore_result_init(RestoreResult *result)
{
    *result = (RestoreResult){.rows = 0};
}

void restore_result_release(RestoreResult *result)
{
    mem_free(result->database);
    mem_free(result->kept);
    mem_free(result->safety);
    mem_free(result->unproven);
    mem_free(result->schema);
    mem_free(result->other_sort);
    load_free_texts(result->notes, result->note_count);
    restore_result_init(result);
}

void restore_note(Restore *run, char *text)
{
    RestoreResult *result = run->result;
    job_log(run->load.sink, LOG_WARNING, "%s", text);
    result->notes = mem_resize(result->notes, result->note_count + 1, sizeof *result->notes);
    result->notes[result->note_count++] = text;
}

bool restore_is_consent(const Connection *server, const char *typed)
{
    return typed != NULL && server->database != NULL && server->database[0] != '\0' &&
           strcmp(typed, server->database) == 0;
}

/* --- the target ------------------------------------------------------------------------------------------ */

static bool lock_live(Restore *run, Error *err)
{
    return restore_lock_database(&run->load.connection, run->live, run->load.cancel, &run->in_live, err);
}

/* What must not be, and cannot be mended by us. (Where the new one cannot be given to the old one's owner, the
 * old one would not be found as kept: swap.c says whose marks count.) */
static bool check_target(Restore *run, Error *err)
{
    Load *load = &run->load;
    const char *const target = run->spec->to != NULL ? run->spec->to : run->live;
    const char *const params[] = {target, load_giving_right(load->server)};
    PgRows *rows = NULL;
    if (!pg_query(load->server,
                  "SELECT (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)::int,"
                  " (d.oid IS NOT NULL)::int, coalesce(d.datistemplate, false)::int,"
                  " coalesce(pg_catalog.pg_has_role(d.datdba, 'USAGE') AND pg_catalog.pg_has_role(d.datdba, $2),"
                  " true)::int,"
                  " pg_catalog.pg_get_userbyid(d.datdba), coalesce(d.datallowconn, true)::int, CURRENT_USER,"
                  " (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)::int,"
                  " (pg_catalog.shobj_description(d.oid, 'pg_database') LIKE '{\"cmms\\_backup\":\"coming\"%')::int"
                  " FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_database d ON d.datname = $1",
                  params, 2, load->cancel, &rows, err)) {
        return false;
    }
    const bool may_create = pg_value_int(rows, 0, 0, 0) != 0, is_there = pg_value_int(rows, 0, 1, 0) != 0;
    const bool template = pg_value_int(rows, 0, 2, 0) != 0, owns = pg_value_int(rows, 0, 3, 0) != 0;
    const bool open = pg_value_int(rows, 0, 5, 1) != 0;
    const char *owner = pg_value(rows, 0, 4), *user = pg_value(rows, 0, 6);
    bool ok = false;
    run->user = mem_strdup(user);
    run->is_super = pg_value_int(rows, 0, 7, 0) != 0;
    run->has_live = is_there && run->spec->to == NULL;
    if (strlen(params[0]) > NAME_MAX_BYTES) {
        error_set(err, EK_SETTINGS, "the name %s is too long for a database: %d bytes at the most", params[0],
                  NAME_MAX_BYTES);
    } else if (!may_create && !run->spec->in_place) {
        error_set(err, EK_REFUSED, "the user %s may not create databases", user);
        error_hint(err, is_there && run->spec->to == NULL
                            ? "Its administrator can allow it: ALTER ROLE ... CREATEDB. Else it can be restored in "
                              "place: into the database itself, and without Undo."
                            : "Its administrator can allow it: ALTER ROLE ... CREATEDB.");
    } else if (run->spec->in_place && may_create) {
        error_set(err, EK_SETTINGS, "the user %s may create databases, so it is not restored in place", user);
        error_hint(err, "A restore into a new database can be undone.");
    } else if (run->spec->in_place && run->spec->no_safety) {
        error_set(err, EK_SETTINGS, "without a safety backup nothing is restored in place");
        error_hint(err, "It is all that has what was there.");
    } else if (run->spec->in_place && run->spec->to != NULL) {
        error_set(err, EK_SETTINGS, "a new database is not the live one, so nothing is restored in place");
    } else if (run->spec->in_place && !is_there) {
        error_set(err, EK_NOT_FOUND, "there is no database %s, and the user %s may not create one", params[0], user);
        error_hint(err, "Have an administrator create it, with this user as its owner.");
    } else if (is_there && run->spec->to != NULL && pg_value_int(rows, 0, 8, 0) != 0) {
        error_set(err, EK_SETTINGS, "the database %s was left by an interrupted restore, and is not whole",
                  run->spec->to);
        error_hint(err, "Drop it, or name another.");
    } else if (is_there && run->spec->to != NULL) {
        error_set(err, EK_SETTINGS, "there is a database %s already", run->spec->to);
        error_hint(err, "Name another: a restore beside the live database never replaces one.");
    } else if (template) {
        error_set(err, EK_SETTINGS, "%s is a template of the server, not a database of an application", params[0]);
    } else if (strcmp(params[0], "postgres") == 0) {
        error_set(err, EK_SETTINGS, "postgres is the server's maintenance database, and cannot be replaced");
        error_hint(err, "Restore into a new database (--to).");
    } else if (!owns && !run->spec->in_place) { /* there its name and its owner stay */
        error_set(err, EK_REFUSED, "the database %s belongs to %s, so %s may not replace it", params[0], owner, user);
        error_hint(err, "Restore as %s, or into a new database.", owner);
    } else if (!open) {
        error_set(err, EK_SETTINGS, "the database %s lets nobody in (ALLOW_CONNECTIONS false)", params[0]);
        error_hint(err, "Ask whoever closed it.");
    } else {
        ok = !run->has_live || swap_obstacles(load->server, run->live, load->cancel, err);
    }
    pg_rows_free(rows);
    return ok;
}

/* A backup is a program: its functions, rules and expressions run while it is restored, here with the user's rights.
 * One that was made by us has its manifest; another is proven first, where it can do no harm. */
static bool check_origin(Restore *run, Error *err)
{
    static const struct {
        const char *desc, *word;
    } kinds[] = {{"FUNCTION", "functions"},         {"PROCEDURE", "procedures"}, {"EVENT TRIGGER", "event triggers"},
                 {"PROCEDURAL LANGUAGE", "languages"}, {"EXTENSION", "extensions"}, {"TRIGGER", "triggers"}};
    const Load *load = &run->load;
    StrBuf text;
    const char *proven = run->spec->proven, *sha256 = load->result.manifest.sha256;
    if (run->spec->foreign || !load->foreign || (proven != NULL && strcmp(proven, sha256) == 0)) {
        return true;
    }
    strbuf_init(&text, STRBUF_LINE);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        strbuf_addf(&text, "%s%s %" PRId64, i == 0 ? "" : ", ", kinds[i].word,
                    load_count_entries(&load->archive, kinds[i].desc));
    }
    error_set(err, EK_REFUSED, "%s was not made by this program, or has lost its manifest", fs_base_name(load->path));
    error_detail(err, "what is in it would run with your rights while it is restored: %s", text.buf);
    error_hint(err, RESTORE_TRUST);
    strbuf_release(&text);
    return false;
}

/* Whether the backup is of this database at all: it has one of its tables. An empty one has been lost. */
static bool check_kinship(Restore *run, Error *err)
{
    Load *load = &run->load;
    PgRows *rows = NULL;
    if (!pg_query(run->in_live,
                  "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                  " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'"
                  " AND n.nspname <> 'information_schema'",
                  NULL, 0, load->cancel, &rows, err)) {
        return false;
    }
    bool kin = pg_row_count(rows) == 0;
    for (size_t i = 0; !kin && i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        for (size_t r = 0; !kin && strcmp(entry->desc, "TABLE") == 0 && r < pg_row_count(rows); r++) {
            kin = entry->schema != NULL && strcmp(entry->schema, pg_value(rows, r, 0)) == 0 &&
                  strcmp(entry->tag, pg_value(rows, r, 1)) == 0;
        }
    }
    pg_rows_free(rows);
    if (!kin) {
        error_set(err, EK_SETTINGS, "%s holds none of the tables of the database %s: it is a backup of another one",
                  fs_base_name(load->path), run->live);
        return error_hint(err, "Restore it beside the live database (--to) to look at it.");
    }
    return true;
}

/* --- step by step ------------------------------------------------------------------------------------------ */

static void log_safety(void *context, LogLevel level, const char *text)
{
    const Load *load = context;
    job_log(load->sink, level, "%s", text);
}

/* Its own progress is a part of ours. */
static void on_safety(void *context, const Progress *progress)
{
    Load *load = context;
    progress_step(&load->meter, progress->step);
    progress_update(&load->meter, progress->fraction, progress->bytes, clock_monotonic_ms());
}

bool restore_make_safety_backup(Restore *run, Error *err)
{
    Load *load = &run->load;
    const JobSink inner = {log_safety, on_safety, load, job_actor(load->sink)};
    /* A clean-up might take the very file that is to be restored. */
    BackupSpec spec = {.keep_all = true, .locked = run->spec->in_place};
    BackupResult made;
    connection_init(&spec.connection);
    connection_copy(&spec.connection, run->spec->server);
    spec.folder = mem_strdup(run->spec->folder);
    backup_result_init(&made);
    job_log(load->sink, LOG_INFO, "Making a safety backup of %s first", run->live);
    load_stage(load, "Making a safety backup", PART_READ, run->spec->prove_safety ? PART_SAVED : PART_SAFE);
    bool ok = backup_run(&spec, &inner, load->cancel, &made, err) ||
              error_context(err, "no safety backup could be made, so nothing was restored");
    if (ok && run->spec->in_place && !level_is_good(made.manifest.level)) { /* it will be all that is left */
        error_set(err, EK_CONNECT, "the safety backup %s is not verified, so nothing was restored",
                  fs_base_name(made.path));
        ok = error_hint(err, "Try again: a connection to the server was lost while its rows were counted.");
    }
    if (ok) {
        run->result->safety = mem_strdup(made.path);
        run->safety = made.manifest;
        manifest_init(&made.manifest);
    }
    backup_result_release(&made);
    connection_release(&spec.connection);
    mem_free(spec.folder);
    return ok;
}

/* What comes back from it and is not what it holds ends the restore. That it cannot be proven on this PC (for want of
 * the server, of room, of an extension) is told: the database itself is kept besides. In place nothing is: there only
 * a PC without the bundled server goes on, and whoever has declined the proof. */
bool restore_prove_safety_backup(Restore *run, Error *err)
{
    Load *load = &run->load;
    const JobSink inner = {log_safety, on_safety, load, job_actor(load->sink)};
    const ProveSpec spec = {.server = NULL, .record = true};
    ProveResult proof;
    Error why = ERROR_INIT;
    if (!run->spec->prove_safety) {
        return true;
    }
    prove_result_init(&proof);
    load_stage(load, "Proving the safety backup", PART_SAVED, PART_SAFE);
    bool ok = prove_backup(run->result->safety, &spec, &inner, load->cancel, &proof, &why);
    if (ok && !proof.proven) {
        run->result->unproven = mem_strdup(proof.not_provable_count > 0 ? proof.not_provable[0] : "it was not tried");
    } else if (!ok && why.kind != EK_DAMAGED && why.kind != EK_CANCELLED) {
        ok = true;
        run->result->unproven = error_text(&why);
    } else if (!ok) {
        error_context(&why, "the safety backup could not be proven, so nothing was restored");
        error_move(err, &why);
    }
    if (ok && run->result->unproven != NULL) {
        job_log(load->sink, LOG_WARNING, "The safety backup could not be proven on this PC: %s",
                run->result->unproven);
    }
    if (ok && run->result->unproven != NULL && run->spec->in_place && load_has_engine()) {
        error_set(err, EK_TOOL, "the safety backup could not be proven, so nothing was restored: %s",
                  run->result->unproven);
        ok = error_hint(err, "After a restore in place it is all that has what was there. Show this to your IT "
                             "administrator.");
    }
    error_clear(&why);
    prove_result_release(&proof);
    return ok;
}

static void on_counted(void *context, size_t done, size_t all)
{
    Load *load = context;
    progress_update(&load->meter, (double)done / (double)all, 0, clock_monotonic_ms());
}

/* What a view held is in no backup, so in place nothing has it any more when it cannot be filled anew. */
static bool views_are_filled(const Restore *run, Error *err)
{
    const ProveResult *result = &run->load.result;
    if (!run->spec->in_place || result->not_provable_count == 0) {
        return true;
    }
    error_set(err, EK_TOOL, "%s, so nothing was restored: what it held is in no backup", result->not_provable[0]);
    return error_hint(err, "Nothing was changed. An administrator can allow this user to create databases: then the "
                           "old database is kept.");
}

static bool count_again(Restore *run, Error *err)
{
    Load *load = &run->load;
    load_stage(load, "Counting what came back", PART_RESTORED, PART_COUNTED);
    if (!load_finish(load, err) || !views_are_filled(run, err) ||
        !load_compare(load->pg, &load->archive, load->cancel, on_counted, load, &load->result, err)) {
        return false;
    }
    for (size_t i = 0; i < load->result.not_provable_count; i++) { /* a view that could not be filled */
        restore_note(run, mem_strdup(load->result.not_provable[i]));
    }
    for (size_t i = 0; i < load->result.unchecked_count; i++) {
        restore_note(run, mem_printf("The rule %s refuses rows that the table holds: it is there for rows to come (NOT "
                                 "VALID)", load->result.unchecked[i]));
    }
    run->result->tables = load->result.tables_compared;
    run->result->rows = load->result.rows;
    run->result->large_objects = load->result.large_objects;
    return load_put_back(load, err);
}

/* Whoever made the backup and may not read what a mapping holds had it without. */
static void note_bare_mappings(Restore *run)
{
    const Load *load = &run->load;
    for (size_t i = 0; i < load->archive.entry_count; i++) {
        const ArchiveEntry *entry = &load->archive.entries[i];
        if (load->wanted[i] && strcmp(entry->desc, "USER MAPPING") == 0 && entry->definition != NULL &&
            strstr(entry->definition, " OPTIONS (") == NULL) {
            restore_note(run, mem_printf("The %s came without options (a password, perhaps): if it had any, whoever "
                                         "made the backup could not read them", entry->tag));
        }
    }
}

bool restore_load(Restore *run, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    /* In place that was asked before: it takes a transaction of its own. */
    if ((!load->in_place && !load_leave_out_unknown(load, err)) || !load_run(load, tool, err)) {
        return false;
    }
    if (load->result.not_provable_count > 0) {
        error_set(err, EK_TOOL, "%s could not be restored: %s", fs_base_name(load->path),
                  load->result.not_provable[0]);
        return error_hint(err, "Nothing was changed. Show this to your IT administrator.");
    }
    for (size_t i = 0; i < load->skipped_count; i++) {
        restore_note(run, mem_strdup(load->skipped[i]));
    }
    note_bare_mappings(run);
    return true;
}

bool restore_fill(Restore *run, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    if (!restore_load(run, tool, err) || !count_again(run, err) || !restore_give_schemas(run, err) ||
        !restore_do_later(run, err)) {
        return false;
    }
    load_stage(load, "Computing statistics", PART_COUNTED, 0.99);
    Error why = ERROR_INIT;
    bool ok = pg_query(load->pg, "ANALYZE", NULL, 0, load->cancel, NULL, &why);
    if (!ok) { /* a function of the database in its statistics; the server computes the others by itself */
        ok = !load_is_the_end(&why) || error_move(err, &why);
        if (ok) {
            restore_note(run, mem_printf("The statistics could not be computed: %s", why.message));
        }
    }
    error_clear(&why);
    return ok;
}

static bool hash_file(const char *path, const Cancel *cancel, char hex[65], Error *err)
{
    Sha256 *hash = sha256_new();
    char *piece = mem_alloc(PIECE);
    FsFile *file = NULL;
    size_t got = 1;
    bool ok = fs_open_read(path, &file, err);
    while (ok && got > 0) {
        ok = fs_read(file, piece, PIECE, &got, err) &&
             (!cancel_requested(cancel) || error_set(err, EK_CANCELLED, "stopped at your request"));
        sha256_update(hash, piece, ok ? got : 0);
    }
    sha256_finish(hash, hex);
    fs_close(file, NULL);
    mem_free(piece);
    return ok;
}

/* The file was read to its last byte before anything was begun; what pg_restore read since is that same file. */
bool restore_check_unchanged(Restore *run, Error *err)
{
    const Load *load = &run->load;
    char hex[65] = "";
    const bool ok = hash_file(load->path, load->cancel, hex, err);
    if (ok && load->result.manifest.sha256 != NULL && strcmp(hex, load->result.manifest.sha256) != 0) {
        error_set(err, EK_BUSY, "another program changed %s while it was restored", fs_base_name(load->path));
        return error_hint(err, "Nothing was changed. Try again.");
    }
    return ok;
}

/* Loading takes its time, in which a file can be moved, removed or put in quarantine, and a share can go. */
bool restore_check_safety(Restore *run, Error *err)
{
    const Load *load = &run->load;
    const char *name = fs_base_name(run->result->safety);
    Error why = ERROR_INIT;
    char hex[65] = "";
    const bool read = hash_file(run->result->safety, load->cancel, hex, &why);
    const bool ok = read && run->safety.sha256 != NULL && strcmp(hex, run->safety.sha256) == 0;
    if (!read && why.kind == EK_CANCELLED) {
        error_move(err, &why);
    } else if (!ok) {
        error_set(err, EK_BUSY, "the safety backup %s %s, so nothing was restored", name,
                  read ? "was changed by another program" : "cannot be read any more");
        if (!read) {
            error_detail(err, "%s", why.message);
        }
        error_hint(err, "Nothing was changed. Find out what moves, removes or changes files in the backup folder, and "
                        "try again.");
    }
    error_clear(&why);
    return ok;
}

static bool put_in_place(Restore *run, Error *err)
{
    Load *load = &run->load;
    pg_close(load->pg);
    load->pg = NULL;
    if (!restore_carry_over(run, err)) {
        return false;
    }
    if (run->spec->to != NULL) {
        run->placed = swap_unmark(load->server, load->database, load->cancel, err) &&
                      restore_carry_from_backup(run, load->database, true, err);
        run->result->database = run->placed ? mem_strdup(load->database) : NULL;
        return run->placed;
    }
    if (!run->has_live && !restore_dress(run, err)) {
        return false;
    }
    run->placed = restore_swap_surely(run->spec->server, &load->server, run->live, load->database, false,
                                      fs_base_name(load->path), load->sink, load->cancel, &run->result->kept, err);
    if (run->placed) {
        run->result->database = mem_strdup(run->live);
        Error why = ERROR_INIT;
        if (!run->has_live && !restore_look_at_dress(run, &why)) {
            restore_note(run, mem_printf("It is not known whose the database is now: %s", why.message));
        }
        error_clear(&why);
    }
    return run->placed;
}

bool restore_name_database(Restore *run, Error *err)
{
    Load *load = &run->load;
    PgRows *rows = NULL;
    if (run->spec->to != NULL) {
        load->database = mem_strdup(run->spec->to);
        return true;
    }
    if (!pg_query(load->server, "SELECT pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYYMMDD_HH24MISS')", NULL, 0,
                  load->cancel, &rows, err)) {
        return false;
    }
    load->database = swap_name(run->live, "restore", pg_value(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

static bool work(Restore *run, Error *err)
{
    Load *load = &run->load;
    const Tool *tool = NULL;
    if (!load_read_backup(load, err) || !check_origin(run, err) || !load_pick_tool(load, &tool, err)) {
        return false;
    }
    if (load_part(&load->archive) != NULL) {
        error_set(err, EK_SETTINGS, "%s holds only a part: %s", fs_base_name(load->path), load_part(&load->archive));
        return error_hint(err, "Only a whole backup can take a database's place.");
    }
    if (!restore_connect_beside(run->spec->server, run->live, load->cancel, &load->connection, &load->server, err)) {
        return false;
    }
    if (run->spec->tables != NULL) {
        return restore_tables(run, tool, err);
    }
    const char *target = run->spec->to != NULL ? run->spec->to : run->live;
    const bool ok = restore_mend_first(load->server, target, load->sink, load->cancel, err) &&
                    (!run->spec->nobody ||
                     restore_check_nobody(load->server, run->spec->server, run->live, load->sink, load->cancel,
                                          err)) &&
                    check_target(run, err) &&
                    (!run->has_live || (lock_live(run, err) && check_kinship(run, err)));
    if (!ok) {
        return false;
    }
    if (run->spec->in_place) {
        return restore_in_place(run, tool, err);
    }
    if (!run->has_live && run->spec->to == NULL) {
        job_log(load->sink, LOG_WARNING, "There is no database %s on the server: it is made anew", run->live);
    }
    if (run->has_live && run->spec->no_safety) {
        job_log(load->sink, LOG_WARNING, "No safety backup of %s is made: it was declined", run->live);
    } else if (run->has_live) {
        pg_close(run->in_live); /* the backup takes the lock itself */
        run->in_live = NULL;
        if (!restore_make_safety_backup(run, err) || !lock_live(run, err) ||
            !restore_prove_safety_backup(run, err)) {
            return false;
        }
    }
    return restore_name_database(run, err) && restore_look_at_owners(run, err) && restore_make_database(run, err) &&
           restore_fill(run, tool, err) && restore_check_unchanged(run, err) && put_in_place(run, err);
}

/* A pg_restore that was ended may have a session there for a moment yet. Nobody else's is ended: who is in it made
 * their way there, and the next restore drops it. (The server itself waits five seconds.) */
static bool drop_on(Restore *run, Error *err)
{
    const Load *load = &run->load;
    const char *const params[] = {load->database, load->session};
    return pg_query(load->server,
                    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1"
                    " AND application_name = $2 AND usename = CURRENT_USER",
                    params, 2, NULL, NULL, err) &&
           load_run_on(load->server, "DROP DATABASE IF EXISTS ", load->database, "", NULL, err);
}

/* Also where our session was lost. Not where it may have the live name by now: find_out looked, or nobody could. */
static void drop_new(Restore *run)
{
    Load *load = &run->load;
    Connection connection;
    Error why = ERROR_INIT;
    pg_close(load->pg);
    load->pg = NULL;
    if (!run->made || run->placed || load->server == NULL) {
        return;
    }
    bool gone = drop_on(run, &why);
    if (!gone && why.kind == EK_CONNECT) {
        error_clear(&why);
        connection_init(&connection);
        pg_close(load->server);
        load->server = NULL;
        gone = restore_connect_beside(run->spec->server, run->live, load->cancel, &connection, &load->server, &why) &&
               drop_on(run, &why);
        connection_release(&connection);
    }
    if (!gone) {
        job_log(load->sink, LOG_WARNING, "The database %s stays on the server until the next restore: %s",
                load->database, why.message);
    }
    error_clear(&why);
}

void restore_record(Restore *run, const char *status, const char *message)
{
    if (run->spec->folder == NULL) {
        return;
    }
    const Manifest *manifest = &run->load.result.manifest;
    const AuditEntry entry = {.operation = "restore",
                              .status = status,
                              .backup_file = fs_base_name(run->load.path),
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = strcmp(status, "started") == 0 ? -1 : run->result->seconds,
                              .sha256 = manifest->sha256,
                              .actor = job_actor(run->load.sink)};
    Error why = ERROR_INIT;
    if (!auditlog_append(run->spec->folder, &entry, &why)) {
        job_log(run->load.sink, LOG_WARNING, "The log could not be written: %s", why.message);
    }
    error_clear(&why);
}

const char restore_restart_words[] =
    "IMPORTANT: Restart the CMMS application on every computer, to refresh all connections.";

const char restore_log_words[] = "Restored into ";

/* What the log keeps. Caller frees. */
static char *success_text(const Restore *run)
{
    const RestoreResult *result = run->result;
    if (result->schema != NULL) {
        return mem_printf("Restored %zu %s with %s rows into the new schema %s of %s; nothing else was touched",
                          result->tables, result->tables == 1 ? "table" : "tables", number_text(result->rows).text,
                          result->schema, result->database);
    }
    char *entered = result->entered == 0  ? mem_strdup("")
                    : result->entered < 0 ? mem_strdup(" (it is not known whether rows were entered in it meanwhile)")
                                          : mem_printf(" (%s rows were entered in it or deleted meanwhile)",
                                                       number_text(result->entered).text);
    char *text = mem_printf("%s%s: %zu tables and %s rows counted%s%s%s%s%s%s%s", restore_log_words, result->database,
                            result->tables, number_text(result->rows).text,
                            result->kept != NULL ? "; the old database is kept as " : "",
                            result->kept != NULL ? result->kept : "", entered,
                            run->has_live && run->spec->no_safety ? "; a safety backup was declined" : "",
                            run->spec->nobody ? "; nobody was signed in" : "",
                            run->spec->in_place ? "; in place, so what was there is only in the safety backup " : "",
                            run->spec->in_place ? fs_base_name(result->safety) : "");
    mem_free(entered);
    return text;
}

bool restore_backup(const char *path, const RestoreSpec *spec, const JobSink *sink, const Cancel *cancel,
                    RestoreResult *result, Error *err)
{
    Restore run = {.load = {.path = path, .what = "restore", .for_good = true, .sink = sink, .cancel = cancel,
                            .started_ms = clock_monotonic_ms()},
                   .spec = spec,
                   .result = result};
    Error why = ERROR_INIT;
    const char *live = spec->server->database != NULL ? spec->server->database : "";
    run.live = mem_strdup(live);
    restore_result_release(result);
    load_init(&run.load);
    manifest_init(&run.safety);
    job_log(sink, LOG_INFO, "Starting database restore: %s", fs_base_name(path));
    job_log(sink, LOG_INFO, "\xE2\x8F\xB3 This may take several minutes...");
    bool ok = work(&run, &why);
    drop_new(&run);
    load_drop_scratch(&run.load);
    if (ok && result->kept != NULL && run.load.server != NULL) {
        restore_look_for_entered(&run);
        restore_look_after_kept(&run);
    }
    pg_close(run.in_live);
    pg_close(run.load.server);
    result->seconds = (double)(clock_monotonic_ms() - run.load.started_ms) / 1000;
    char *text = ok ? success_text(&run) : error_text(&why);
    restore_record(&run, ok ? "success" : "failed", text);
    if (ok) {
        job_log(sink, LOG_GOOD, "%s", spec->tables != NULL ? "\xE2\x9C\x85 Tables restored successfully!"
                                                          : "\xE2\x9C\x85 Database restored successfully!");
        job_log(sink, LOG_INFO, "%s", text);
        if (spec->to == NULL && spec->tables == NULL) {
            job_log(sink, LOG_INFO, "%s", restore_restart_words);
        }
        load_stage(&run.load, "Done", 1, 1);
    } else {
        error_move(err, &why);
    }
    mem_free(text);
    mem_free(run.user);
    manifest_release(&run.safety);
    mem_free(run.live);
    load_release(&run.load);
    return ok;
}
