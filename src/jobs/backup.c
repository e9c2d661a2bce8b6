/*
 * backup.c: one backup, step by step. See backup.h for the order and for what it promises.
 *
 * Threads. Everything runs on the calling thread but the follower, which reads and decodes what pg_dump writes
 * (archive.h), so that the check has little left to do afterwards, the counting (counting.h) and, for progress, the
 * watch over pg_dump's COPY (copywatch.h). The counting is started when pg_dump has locked its tables (see
 * snapshot.c) and owns the session that holds the snapshot until it is ended.
 *
 * Clean-up. What has been made so far is noted in the Run (partial, manifest_path); `finish` removes it unless
 * the rename has committed. A crash between two steps leaves a .partial, which the next run's folder_clean_up takes
 * away; or one with its manifest, which it finishes (backup_finish.c).
 */
#include "backup_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "jobs/restore.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "postgres/client.h"
#include "postgres/dump.h"
#include "postgres/pgrestore.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/retention.h"
#include "version.h"

#define SECONDS_AN_HOUR 3600
#define SECONDS_A_DAY 86400

void backup_result_init(BackupResult *result)
{
    result->path = NULL;
    manifest_init(&result->manifest);
}

void backup_result_release(BackupResult *result)
{
    mem_free(result->path);
    manifest_release(&result->manifest);
    backup_result_init(result);
}

/* --- preparing ------------------------------------------------------------------------------------------- */

static void tell_removed(void *context, const char *name)
{
    const Run *run = context;
    job_log(run->sink, LOG_INFO, "Removed \"%s\", left by an interrupted backup", name);
}

static bool prepare_folder(Run *run, const char *folder, Error *err)
{
    Error why = ERROR_INIT;
    if (!folder_lock_wait(folder, run->sink, run->cancel, &run->lock, err)) {
        return false;
    }
    backup_finish_left(folder, run->sink, run->cancel);
    if (!folder_clean_up(folder, tell_removed, run, &why)) {
        job_log(run->sink, LOG_WARNING, "What an interrupted backup left could not all be removed: %s", why.message);
        error_clear(&why);
    }
    if (!fs_dir_writable(folder, err) || !settings_load(folder, &run->settings, err)) {
        return false;
    }
    if (run->settings.notice != NULL) {
        backup_warn(run, run->settings.notice);
    }
    return true;
}

static bool prepare_tools(Run *run, const char *wanted_compression, Error *err)
{
    if (wanted_compression == NULL && run->settings.compress && run->settings.compress_with != METHOD_ZSTD) {
        wanted_compression = settings_method(&run->settings);
    }
    const ToolNeed need = {pg_server_version(run->pg), connection_beyond_ascii(&run->connection)};
    char *reason = NULL, *warning = NULL;
    if (!tools_pick_dump(&run->tools, &need, run->cancel, &run->dump_tool, &reason, &warning, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "%s", reason);
    mem_free(reason);
    reason = NULL;
    if (warning != NULL) {
        backup_warn(run, warning);
        mem_free(warning);
    }
    /* Looked for now: a backup that cannot be checked afterwards is not worth beginning. */
    if (!tools_pick_restore(&run->tools, run->dump_tool->major, run->cancel, &run->restore_tool, &reason, err)) {
        return false;
    }
    mem_free(reason);
    run->compression = dump_compression(run->dump_tool->major, wanted_compression, run->settings.compress);
    if (wanted_compression != NULL && strcmp(run->compression, wanted_compression) != 0) {
        char *text = mem_printf("pg_dump %s cannot compress with %s; using %s", run->dump_tool->version,
                                wanted_compression, run->compression);
        backup_warn(run, text);
        mem_free(text);
    }
    return true;
}

/* Where it is not known that there is too little, the disk decides: one that becomes full is no harm. */
static bool check_space(Run *run, const char *folder, Error *err)
{
    uint64_t available = UINT64_MAX;
    Error why = ERROR_INIT;
    char *warning = NULL;
    if (!fs_free_space(folder, &available, &why)) {
        warning = mem_printf("How much room the disk with the backup folder has cannot be seen: %s", why.message);
        error_clear(&why);
    }
    const bool known = run->last.bytes > 0;
    const HealthRoom room = health_room(available, run->last.bytes, run->snapshot.database_bytes, &run->room);
    const char *what = known ? "the last backup took" : "the database has";
    const NumberText here = size_text(available);
    const NumberText size = size_text(known ? run->last.bytes : run->snapshot.database_bytes);
    if (room == ROOM_TOO_LITTLE) {
        error_set(err, EK_SPACE, "the disk with the backup folder has %s free, too little: %s %s", here.text, what,
                  size.text);
        return error_hint(err, "Free %s there, or choose another folder.", size_text(run->room - available).text);
    }
    if (room == ROOM_LITTLE) {
        warning = mem_printf("The disk with the backup folder has only %s free; %s %s", here.text, what,
                             size.text);
    }
    if (warning != NULL) {
        backup_warn(run, warning);
        mem_free(warning);
    }
    return true;
}

static bool name_job(Run *run, Error *err)
{
    unsigned char random[4];
    if (!machine_random(random, sizeof random)) {
        return error_set(err, EK_INTERNAL, "the system gave no random numbers");
    }
    run->job = mem_printf("%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
    run->session = mem_printf(PG_SESSION_PREFIX "-dump %s", run->job);
    return true;
}

/* We have the folder's lock, so its last job has ended, however. */
static bool take_over(Run *run, const char *folder, Error *err)
{
    char *last = folder_last_job(folder);
    const bool ok = name_job(run, err) && backup_lock_database(run, folder, last, err);
    mem_free(last);
    return ok;
}

/* Whose the backup will be, and what time it is there: old backups go by their age, so nothing goes by a clock that is
 * wrong. */
static bool ask_server(Run *run, Error *err)
{
    int64_t there = 0;
    if (!source_ask(run->pg, run->cancel, &run->origin, &there, err)) {
        return false;
    }
    char *differs = source_clock_differs(clock_now(), there);
    run->origin.server_time = there ? there - (clock_now() - run->started) : 0;
    if (differs != NULL) {
        run->keep_all = true;
        backup_warn(run, differs);
        mem_free(differs);
    }
    return true;
}

static bool server_is_here(const Run *run)
{
    char *computer = machine_host_name();
    const bool here = connection_is_here(&run->connection, computer);
    mem_free(computer);
    return here;
}

/* Where the server is on this computer its clock is this one, which nobody else vouches for. One that has jumped shows
 * in how long ago the last backup was made: longer than backups are kept, and than one may be awaited. */
static void doubt_clock(Run *run)
{
    const int64_t apart = run->started - run->last.created;
    const int64_t kept = (int64_t)run->settings.retention_days * SECONDS_A_DAY;
    const int64_t due = (int64_t)health_due_hours(&run->settings) * SECONDS_AN_HOUR;
    if (run->keep_all || run->last.created <= 0 || apart <= kept || apart <= due || !server_is_here(run)) {
        return;
    }
    char *text = mem_printf("By this computer's clock, which is the database server's as well, the last backup was "
                            "made %lld days ago: no old backup was removed, in case the clock is wrong",
                            (long long)(apart / SECONDS_A_DAY));
    run->keep_all = true;
    backup_warn(run, text);
    mem_free(text);
}

/* Nobody can use a database that an interrupted restore left without its name, until somebody comes and mends it. */
static bool connect_or_mend(Run *run, const BackupSpec *spec, Error *err)
{
    Error why = ERROR_INIT;
    if (backup_connect(run, &why)) {
        return true;
    }
    if (restore_mend_left(&spec->connection, &why, run->sink, run->cancel)) {
        error_clear(&why);
        return backup_connect(run, err);
    }
    return error_move(err, &why);
}

static bool prepare_server(Run *run, const BackupSpec *spec, Error *err)
{
    progress_stage(&run->meter, "Connecting", 0, PART_PREPARED, clock_monotonic_ms());
    if (!tools_find(&run->tools, run->cancel, err) || !connection_resolve(&run->connection, err)) {
        return false;
    }
    run->weakness = connection_tell(&run->connection, run->sink);
    if (run->weakness != NULL) {
        backup_warn(run, run->weakness);
    }
    char *where = connection_text(&run->connection);
    job_log(run->sink, LOG_INFO, "Connecting to %s", where);
    mem_free(where);
    if (!connect_or_mend(run, spec, err)) {
        return false;
    }
    job_log(run->sink, LOG_INFO, "The server is PostgreSQL %s", pg_server_version_text(run->pg));
    run->server_version = pg_server_version(run->pg);
    /* Settled before the tools are looked for: it rests meanwhile. */
    if (!ask_server(run, err) || !pg_settle(run->pg, &run->connection, run->cancel, err) ||
        !prepare_tools(run, spec->compression, err) || !take_over(run, spec->folder, err)) {
        return false;
    }
    progress_step(&run->meter, "Looking at the tables");
    progress_update(&run->meter, 0.5, 0, clock_monotonic_ms());
    run->last = catalog_last(spec->folder, &run->connection);
    doubt_clock(run);
    return backup_open_snapshot(run, err) && check_space(run, spec->folder, err);
}

/* --- checking -------------------------------------------------------------------------------------------- */

static bool list_archive(Run *run, Error *err)
{
    size_t table_data = 0;
    progress_stage(&run->meter, "Reading the table of contents", PART_COUNTED, PART_LISTED, clock_monotonic_ms());
    if (!pgrestore_list(run->restore_tool, run->partial, backup_stall_seconds(run), run->cancel, &table_data, err)) {
        return false;
    }
    const size_t needed = snapshot_needed(&run->snapshot);
    return table_data > 0 || needed == 0 ||
           error_set(err, EK_DAMAGED, "the backup holds no table, and the database has %zu", needed);
}

static void on_verify_progress(void *context, const Progress *progress)
{
    Run *run = context;
    progress_update(&run->meter, progress->fraction, progress->bytes, clock_monotonic_ms());
}

static bool check(Run *run, Error *err)
{
    if (!fs_flush(run->file, err)) {
        return false;
    }
    FsFile *file = run->file;
    run->file = NULL;
    if (!fs_close(file, err)) {
        return false;
    }
    backup_be_impatient(run);
    pg_script(run->pg, "ROLLBACK", run->cancel, NULL); /* the snapshot has served; the lock stays */
    if (!list_archive(run, err)) {
        return false;
    }
    const int64_t listed_at = clock_now();
    const JobSink inner = {.progress = on_verify_progress, .context = run, .actor = job_actor(run->sink)};
    progress_stage(&run->meter, "Checking every byte", PART_LISTED, PART_CHECKED, clock_monotonic_ms());
    if (!verify_followed(run->partial, run->follower, &inner, run->cancel, &run->verified, err)) {
        return false;
    }
    backup_stop_following(run);
    run->verified.manifest.listed_at = listed_at;
    return snapshot_compare(&run->snapshot, &run->verified.manifest, err);
}

/* --- committing ------------------------------------------------------------------------------------------ */

static void replace_text(char **place, char *owned)
{
    mem_free(*place);
    *place = owned;
}

/* A warning when the manifest is complete already. */
static void tell_late(Run *run, const char *what, const char *text)
{
    char *warning = what == NULL ? mem_strdup(text) : mem_printf("%s: %s", what, text);
    job_log(run->sink, LOG_WARNING, "%s", warning);
    manifest_add_warning(&run->verified.manifest, warning);
    mem_free(warning);
}

static void complete_manifest(Run *run, const char *folder)
{
    Manifest *manifest = &run->verified.manifest;
    replace_text(&manifest->log_hash, auditlog_newest_hash(folder));
    replace_text(&manifest->file, mem_strdup(run->name));
    replace_text(&manifest->database, mem_strdup(connection_database(&run->connection)));
    replace_text(&manifest->host, mem_strdup(connection_host(&run->connection)));
    replace_text(&manifest->port, mem_strdup(connection_port(&run->connection)));
    replace_text(&manifest->system_identifier, mem_strdup(run->origin.system_identifier));
    replace_text(&manifest->database_oid, mem_strdup(run->origin.database_oid));
    replace_text(&manifest->timeline, mem_strdup(run->origin.timeline));
    replace_text(&manifest->contents, NULL); /* an empty database is whole, too */
    manifest->server_time = run->origin.server_time;
    replace_text(&manifest->user, machine_user_name());
    replace_text(&manifest->computer, machine_host_name());
    replace_text(&manifest->server_version, mem_strdup(pg_server_version_text(run->pg)));
    replace_text(&manifest->tool_version, mem_strdup(run->dump_tool->version));
    replace_text(&manifest->program_version, mem_strdup(CMMS_VERSION));
    manifest->level = run->uncounted ? LEVEL_READ : manifest_level(manifest);
    manifest->verified_at = level_is_good(manifest->level) ? manifest->read_at : 0;
    manifest->fallback = run->fallback;
    manifest->started = run->started;
    manifest->finished = clock_now();
    manifest->seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000;
    for (size_t i = 0; i < run->warning_count; i++) {
        manifest_add_warning(manifest, run->warnings[i]);
    }
    snapshot_give_roles(&run->snapshot, manifest);
}

/* Before the commit: killed after it, the next run would compare with the backup that lost its rows. A failure is a
 * warning; and what is not frozen for certain, this run does not clean up. */
static void watch_for_loss(Run *run, const char *folder)
{
    char *warning = NULL;
    Error why = ERROR_INIT;
    if (!retention_watch(folder, &run->verified.manifest, &run->settings, clock_now(), &warning, &why)) {
        char *text = error_text(&why);
        tell_late(run, "The last good backup could not be protected or compared with", text);
        mem_free(text);
        error_clear(&why);
        run->keep_all = true;
    }
    if (warning != NULL) {
        tell_late(run, NULL, warning);
        mem_free(warning);
    }
}

static bool commit(Run *run, const char *folder, Error *err)
{
    if (backup_cancelled(run, err)) {
        return false;
    }
    complete_manifest(run, folder);
    watch_for_loss(run, folder);
    run->manifest_made = true;
    if (!manifest_write(run->manifest_path, &run->verified.manifest, err) ||
        !backup_give_name(run, err)) {
        return false;
    }
    run->committed = true;
    return true;
}

/* A log that cannot be written does not undo a backup that is there; the result tells of it. On a full disk the
 * partial has just been removed, but its room comes back only when the last one that held it open (pg_dump, a virus
 * scanner) has let go: so that is tried again for two seconds. */
static void log_outcome(Run *run, const char *folder, const AuditEntry *entry)
{
    Error why = ERROR_INIT;
    bool logged = auditlog_append(folder, entry, &why);
    for (int tries = 0; !logged && why.kind == EK_SPACE && tries < 8; tries++) {
        cancel_wait(NULL, 250);
        error_clear(&why);
        logged = auditlog_append(folder, entry, &why);
    }
    if (!logged) {
        char *text = error_text(&why);
        tell_late(run, "The log could not be written", text);
        mem_free(text);
        error_clear(&why);
    }
}

static void tell_success(Run *run, const char *folder)
{
    const Manifest *manifest = &run->verified.manifest;
    const int64_t rows = manifest_rows(manifest);
    const bool unverified = !level_is_good(manifest->level);
    char *message = mem_printf("Backup successful: %zu tables, %s rows, %s%s%s", manifest->table_count,
                               number_text(rows > 0 ? rows : 0).text,
                               unverified ? "but not verified: the rows could not be compared with the database"
                                              : "every byte checked",
                               run->weakness == NULL ? "" : "; ", run->weakness == NULL ? "" : run->weakness);
    const AuditEntry entry = {.operation = "backup",
                              .status = "success",
                              .backup_file = run->name,
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = manifest->seconds,
                              .sha256 = manifest->sha256,
                              .level = level_word(manifest->level),
                              .actor = job_actor(run->sink)};
    log_outcome(run, folder, &entry);
    mem_free(message);
    progress_stage(&run->meter, "Done", 1, 1, clock_monotonic_ms());
    if (unverified) {
        job_log(run->sink, LOG_WARNING, "\xE2\x9A\xA0 A backup was made, but it is not verified. Make another.");
    } else {
        job_log(run->sink, LOG_GOOD, "\xE2\x9C\x85 Backup successful!");
    }
    job_log(run->sink, LOG_INFO, "\xF0\x9F\x93\x81 Location: %s", run->path);
    job_log(run->sink, LOG_INFO, "\xF0\x9F\x92\xBE Size: %.2f MB", (double)manifest->bytes / MEGABYTE);
}

/* Old backups go only now, when the newer one is there and in the log. What fails here is not the backup's failure. */
static void clean_up_old(Run *run, const char *folder)
{
    Error why = ERROR_INIT;
    size_t removed = 0;
    if (!run->keep_all && !retention_run(folder, &run->settings, run->name, clock_now(), run->sink, run->cancel,
                                         &removed, &why) && why.kind != EK_CANCELLED) {
        char *text = error_text(&why);
        tell_late(run, "Old backups could not all be removed", text);
        mem_free(text);
    }
    error_clear(&why);
}

/* Takes away what a failed run made, here and on the server, and logs the failure. A share that is lost at the wrong
 * moment reports a rename as failed that was done: the backup that is then there keeps its manifest. */
static void clean_up_failure(Run *run, const char *folder, const Error *why)
{
    if (run->job != NULL && !run->dumped) {
        pg_end_sessions_quickly(run->pg, run->job); /* pg_dump was killed, or has failed */
    }
    backup_stop_following(run);
    fs_close(run->file, NULL);
    run->file = NULL;
    Error ignored = ERROR_INIT;
    if (!run->kept && ((run->partial_made && !fs_remove(run->partial, &ignored)) ||
                       (run->manifest_made && !fs_exists(run->path) && !fs_remove(run->manifest_path, &ignored)))) {
        char *text = error_text(&ignored);
        job_log(run->sink, LOG_WARNING, "An unfinished file stays until the next backup: %s", text);
        mem_free(text);
        error_clear(&ignored);
    }
    char *text = error_text(why);
    const AuditEntry entry = {.operation = "backup",
                              .status = "failed",
                              .backup_file = run->name,
                              .message = text,
                              .seconds = (double)(clock_monotonic_ms() - run->started_ms) / 1000,
                              .actor = job_actor(run->sink)};
    log_outcome(run, folder, &entry);
    mem_free(text);
}

static void release_run(Run *run)
{
    pg_close(run->pg);
    verify_result_release(&run->verified);
    for (size_t i = 0; i < run->warning_count; i++) {
        mem_free(run->warnings[i]);
    }
    mem_free(run->warnings);
    manifest_release(&run->origin);
    mem_free(run->weakness);
    mem_free(run->job);
    mem_free(run->session);
    mem_free(run->name);
    mem_free(run->path);
    mem_free(run->partial);
    mem_free(run->manifest_path);
    snapshot_release(&run->snapshot);
    tools_release(&run->tools);
    settings_release(&run->settings);
    connection_release(&run->connection);
    progress_release(&run->meter);
    fs_unlock(run->lock);
}

bool backup_run(const BackupSpec *spec, const JobSink *sink, const Cancel *cancel, BackupResult *result, Error *err)
{
    Run run = {.sink = sink, .cancel = cancel, .started = clock_now(), .started_ms = clock_monotonic_ms(),
               .keep_all = spec->keep_all, .locked = spec->locked};
    Error why = ERROR_INIT;
    progress_init(&run.meter, sink, run.started_ms);
    connection_init(&run.connection);
    connection_copy(&run.connection, &spec->connection);
    settings_init(&run.settings);
    tools_init(&run.tools);
    snapshot_init(&run.snapshot);
    verify_result_init(&run.verified);
    manifest_init(&run.origin);

    job_log(sink, LOG_INFO, "Starting database backup...");
    job_log(sink, LOG_INFO, "\xE2\x8F\xB3 This may take several minutes...");
    if (spec->fallback != NULL) {
        backup_warn(&run, spec->fallback);
        run.fallback = true;
    }
    bool ok = prepare_folder(&run, spec->folder, &why) && prepare_server(&run, spec, &why);
    if (ok) {
        run.name = folder_free_name(spec->folder, run.started);
        folder_note_job(spec->folder, run.job, run.name); /* before there is a file of that name */
        run.path = fs_join(spec->folder, run.name);
        run.partial = mem_printf("%s%s", run.path, FOLDER_PARTIAL_SUFFIX);
        run.manifest_path = folder_manifest_path(run.path);
        ok = backup_take(&run, spec->folder, &why) && check(&run, &why) && commit(&run, spec->folder, &why);
    }
    backup_stop_counting(&run, true, NULL);
    if (!ok && why.kind == EK_CANCELLED) {
        error_set(&why, EK_CANCELLED, "the backup was stopped"); /* whichever step it was that stopped */
    } else if (!ok && why.kind == EK_DAMAGED) { /* of a file that nobody will see */
        error_context(&why, "no backup was made, because what pg_dump wrote is not whole");
        error_hint(&why, "%s", client_hint_again);
    } else if (!ok && why.hint == NULL) {
        error_hint(&why, "%s", client_hint_again);
    }
    if (ok) {
        tell_success(&run, spec->folder);
        clean_up_old(&run, spec->folder);
        backup_result_release(result);
        result->path = mem_strdup(run.path);
        result->manifest = run.verified.manifest;
        manifest_init(&run.verified.manifest);
    } else {
        clean_up_failure(&run, spec->folder, &why);
        error_move(err, &why);
    }
    release_run(&run);
    return ok;
}
