/*
 * preview.c: one preview, step by step: the file; the server, from a session beside the live database, as a restore has
 * one; whose the backup is and what of it will not come along (preview_facts.c); the live database (preview_live.c).
 */
#include "jobs/preview.h"

#include <string.h>

#include "base/mem.h"
#include "jobs/swap.h"
#include "jobs/verify.h"
#include "freeze_private.h"
#include "load_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "preview_private.h"
#include "store/folder.h"
#include "store/source.h"

void preview_init(Preview *preview)
{
    *preview = (Preview){.backup_rows = -1, .backup_objects = -1, .live_bytes = -1, .live_objects = -1};
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(texts[i]);
    }
    mem_free(texts);
}

void preview_release(Preview *preview)
{
    for (size_t i = 0; i < preview->table_count; i++) {
        PreviewTable *table = &preview->tables[i];
        for (size_t r = 0; r < table->newest_count; r++) {
            mem_free(table->newest[r].id);
            mem_free(table->newest[r].time);
        }
        mem_free(table->schema);
        mem_free(table->name);
        mem_free(table->words);
        mem_free(table->backup_newest);
    }
    mem_free(preview->tables);
    mem_free(preview->file);
    mem_free(preview->source);
    mem_free(preview->server_version);
    mem_free(preview->sha256);
    mem_free(preview->alarm);
    mem_free(preview->database);
    mem_free(preview->to);
    mem_free(preview->where);
    mem_free(preview->live_version);
    free_texts(preview->left_out, preview->left_out_count);
    free_texts(preview->obstacles, preview->obstacle_count);
    free_texts(preview->acts, preview->act_count);
    preview_init(preview);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

typedef struct Run {
    const char *path;
    const PreviewSpec *spec;
    const JobSink *sink;
    const Cancel *cancel;
    Preview *preview;
    Manifest manifest;
    Archive archive;
    Connection connection;
    Pg *beside; /* a session in a database that is not the live one */
    Pg *live;
    char *user; /* by whose rights it is done */
    char *oid;  /* of the live database; NULL: it is gone */
} Run;

static void on_read(void *context, const Progress *progress)
{
    const Run *run = context;
    Progress told = *progress;
    told.fraction *= PREVIEW_PART_READ;
    job_progress(run->sink, &told);
}

static void on_log(void *context, LogLevel level, const char *text)
{
    const Run *run = context;
    job_log(run->sink, level, "%s", text);
}

static void take_manifest(Run *run, Manifest *found)
{
    manifest_release(&run->manifest);
    run->manifest = *found;
    manifest_init(found);
}

static bool only_read(Run *run, Error *err)
{
    const JobSink inner = {.progress = on_read, .context = run};
    VerifyResult verified;
    verify_result_init(&verified);
    const bool ok = verify_file(run->path, &inner, run->cancel, &verified, err);
    if (ok) {
        take_manifest(run, &verified.manifest);
    }
    verify_result_release(&verified);
    return ok;
}

/* True also where it could not be proven here: then that is in the way. */
static bool prove_first(Run *run, Error *err)
{
    const JobSink inner = {.log = on_log, .progress = on_read, .context = run, .actor = job_actor(run->sink)};
    const ProveSpec spec = {.server = NULL, .record = false};
    ProveResult result;
    Error why = ERROR_INIT;
    prove_result_init(&result);
    bool ok = prove_backup(run->path, &spec, &inner, run->cancel, &result, &why);
    if (ok) {
        run->preview->proven = result.proven;
        for (size_t i = 0; !result.proven && i < result.not_provable_count; i++) {
            preview_add_obstacle(run->preview, mem_printf("It cannot be proven on this PC first: %s",
                                                          result.not_provable[i]));
        }
        take_manifest(run, &result.manifest);
    } else if (why.kind == EK_TOOL) { /* for want of the bundled server, say */
        preview_add_obstacle(run->preview, mem_printf("It cannot be proven on this PC first: %s", why.message));
        ok = only_read(run, err);
    } else {
        error_move(err, &why);
    }
    error_clear(&why);
    prove_result_release(&result);
    return ok;
}

/* Its manifest, where that can be this file's. One that is there and cannot be is compared with every byte. */
static bool read_manifest(Run *run, Error *err)
{
    FsInfo info;
    Error why = ERROR_INIT;
    char *path = folder_manifest_path(run->path);
    bool ok = fs_stat(run->path, &info, err) || error_context(err, "%s could not be looked at",
                                                              fs_base_name(run->path));
    const bool there = ok && manifest_read(path, &run->manifest, &why);
    run->preview->foreign = ok && (there ? manifest_is_adopted(&run->manifest) : why.kind == EK_NOT_FOUND);
    run->preview->unproven = run->preview->foreign && run->spec->unproven;
    mem_free(path);
    error_clear(&why);
    if (!ok || (there && !run->preview->foreign && !info.is_dir && info.size == run->manifest.bytes)) {
        return ok;
    }
    return run->preview->foreign && !run->spec->unproven ? prove_first(run, err) : only_read(run, err);
}

static bool read_file(Run *run, Error *err)
{
    Preview *preview = run->preview;
    FsFile *file = NULL;
    Source source;
    if (!read_manifest(run, err)) {
        return false;
    }
    bool ok = fs_open_read(run->path, &file, err) && archive_read_toc(file, &run->archive, err);
    fs_close(file, NULL);
    if (!ok) {
        return error_context(err, "%s could not be read", fs_base_name(run->path));
    }
    const Manifest *manifest = &run->manifest;
    source_init(&source);
    source_of_manifest(manifest, &source);
    preview->source = source_label(&source);
    source_release(&source);
    preview->level = manifest->level;
    preview->sha256 = mem_strdup(manifest->sha256);
    preview->made = manifest->server_time > 0 ? manifest->server_time : manifest->started;
    preview->backup_bytes = (int64_t)manifest->bytes;
    preview->backup_objects = manifest->large_objects;
    preview->backup_rows = 0;
    preview->server_version = mem_strdup(manifest->server_version);
    preview->alarm = manifest->alarm_confirmed == NULL ? mem_strdup(manifest->alarm) : NULL;
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *count = &manifest->tables[i];
        PreviewTable *table = preview_table(preview, count->schema, count->name);
        table->in_backup = true;
        table->backup = count->rows;
        preview->backup_rows = count->rows < 0 || preview->backup_rows < 0 ? -1 : preview->backup_rows + count->rows;
    }
    if (preview->foreign) {
        preview_find_acts(preview, &run->archive);
    }
    if (!preview_find_newest(preview, run->path, &run->archive, run->cancel, err)) {
        return false;
    }
    if (load_part(&run->archive) != NULL) {
        preview_add_obstacle(preview, mem_printf("%s holds only a part: %s", preview->file, load_part(&run->archive)));
    }
    return true;
}

/* --- the server -------------------------------------------------------------------------------------------- */

static bool connect_to(Run *run, const char *database, Pg **pg, Error *err)
{
    mem_free(run->connection.database);
    run->connection.database = mem_strdup(database);
    return pg_connect(&run->connection, run->cancel, pg, err);
}

/* As a restore does it. */
static bool connect_beside(Run *run, Error *err)
{
    static const char *const names[] = {"postgres", "template1"};
    Error why = ERROR_INIT;
    if (!connection_resolve(&run->connection, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0] && run->beside == NULL; i++) {
        if (strcmp(names[i], run->preview->database) == 0) {
            continue;
        }
        error_clear(&why);
        if (!connect_to(run, names[i], &run->beside, &why) && why.kind != EK_REFUSED) {
            break;
        }
    }
    if (run->beside == NULL) {
        return error_move(err, &why);
    }
    error_clear(&why);
    return true;
}

static void add_obstacle(Preview *preview, bool is_one, char *text)
{
    if (is_one) {
        preview_add_obstacle(preview, text);
    } else {
        mem_free(text);
    }
}

/* What a restore refuses (restore.c), in its words, and all of it at once. */
static bool look_at_target(Run *run, Error *err)
{
    Preview *preview = run->preview;
    const char *target = preview->to != NULL ? preview->to : preview->database;
    const char *const params[] = {target, preview->database, load_giving_right(run->beside)};
    PgRows *rows = NULL;
    if (!pg_query(run->beside,
                  "SELECT (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)::int,"
                  " (d.oid IS NOT NULL)::int, coalesce(d.datistemplate, false)::int,"
                  " coalesce(pg_catalog.pg_has_role(d.datdba, 'USAGE') AND pg_catalog.pg_has_role(d.datdba, $3),"
                  " true)::int, pg_catalog.pg_get_userbyid(d.datdba), CURRENT_USER,"
                  " (SELECT l.oid::text FROM pg_catalog.pg_database l WHERE l.datname = $2)"
                  " FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_database d ON d.datname = $1",
                  params, 3, run->cancel, &rows, err)) {
        return false;
    }
    const bool is_there = pg_value_int(rows, 0, 1, 0) != 0, replaces = is_there && preview->to == NULL;
    run->user = mem_strdup(pg_value(rows, 0, 5));
    run->oid = mem_strdup(pg_value(rows, 0, 6));
    const bool may_create = pg_value_int(rows, 0, 0, 0) != 0;
    preview->in_place = run->spec->in_place;
    preview->may_in_place = !may_create && replaces && !preview->in_place && !run->spec->no_safety;
    add_obstacle(preview, !may_create && !preview->in_place,
                 mem_printf("The user %s may not create databases", run->user));
    add_obstacle(preview, may_create && preview->in_place,
                 mem_printf("The user %s may create databases, so it is not restored in place", run->user));
    add_obstacle(preview, !may_create && preview->in_place && !is_there,
                 mem_printf("There is no database %s, and the user %s may not create one", target, run->user));
    add_obstacle(preview, preview->in_place && run->spec->no_safety,
                 mem_strdup("Without a safety backup nothing is restored in place"));
    add_obstacle(preview, is_there && !replaces, mem_printf("There is a database %s already", target));
    add_obstacle(preview, replaces && pg_value_int(rows, 0, 2, 0) != 0,
                 mem_printf("%s is a template of the server, not a database of an application", target));
    add_obstacle(preview, preview->to == NULL && strcmp(target, "postgres") == 0,
                 mem_strdup("postgres is the server's maintenance database, and cannot be replaced"));
    add_obstacle(preview, replaces && pg_value_int(rows, 0, 3, 0) == 0 && may_create,
                 mem_printf("The database %s belongs to %s, so %s may not replace it", target,
                            is_there ? pg_value(rows, 0, 4) : "", run->user));
    pg_rows_free(rows);
    Error why = ERROR_INIT;
    if (replaces && !swap_obstacles(run->beside, target, run->cancel, &why)) {
        if (why.kind != EK_BUSY) {
            return error_move(err, &why);
        }
        preview_add_obstacle(preview, preview_sentence(why.message));
        error_clear(&why);
    }
    return true;
}

static bool look_at_source(Run *run, Error *err)
{
    Preview *preview = run->preview;
    Manifest server;
    int64_t clock = 0;
    manifest_init(&server);
    const bool ok = source_ask(run->beside, run->cancel, &server, &clock, err);
    if (ok) {
        preview->own = preview_whose(&run->manifest, &server, run->oid, preview->database);
    }
    if (ok && preview->own == PREVIEW_OWN_UNKNOWN && run->oid != NULL) { /* what the connection says of itself */
        Source backup, live;
        source_init(&backup);
        source_init(&live);
        source_of_manifest(&run->manifest, &backup);
        source_of_connection(run->spec->server, &live);
        preview->own = source_answers(&backup, &live) ? PREVIEW_OWN_SAME : PREVIEW_OWN_UNKNOWN;
        source_release(&live);
        source_release(&backup);
    }
    manifest_release(&server);
    return ok;
}

/* What only stands in the way where it goes into the database itself. */
static bool look_at_owners(Run *run, Error *err)
{
    Error obstacle = ERROR_INIT;
    if (!run->preview->in_place && !run->preview->may_in_place) {
        return true;
    }
    const bool ok = freeze_obstacle(run->live, &run->archive, run->cancel, &obstacle, err);
    if (obstacle.kind != EK_NONE) {
        preview_add_obstacle(run->preview, preview_sentence(obstacle.message));
        run->preview->may_in_place = false;
    }
    error_clear(&obstacle);
    return ok;
}

static bool look_at_live(Run *run, Error *err)
{
    Preview *preview = run->preview;
    const unsigned seconds = run->spec->seconds > 0 ? run->spec->seconds : PREVIEW_SECONDS;
    preview->live = preview->to != NULL ? PREVIEW_LIVE_ASIDE : PREVIEW_LIVE_GONE;
    preview->declined = run->spec->no_safety;
    if (preview->to != NULL || run->oid == NULL) {
        return true;
    }
    preview->safety = !run->spec->no_safety;
    preview->proof = preview->safety && run->spec->prove_safety && load_has_engine();
    Error why = ERROR_INIT;
    if (!connect_to(run, preview->database, &run->live, &why)) {
        if (why.kind != EK_REFUSED) {
            return error_move(err, &why);
        }
        preview->live = PREVIEW_LIVE_CLOSED;
        preview->may_in_place = false;
        preview_add_obstacle(preview, mem_printf("The database %s refuses us: %s", preview->database, why.message));
        error_clear(&why);
        return true;
    }
    return pg_settle(run->live, &run->connection, run->cancel, err) && look_at_owners(run, err) &&
           preview_count_live(run->live, preview, seconds, run->sink, run->cancel, err);
}

static bool look_at_server(Run *run, Error *err)
{
    Preview *preview = run->preview;
    connection_copy(&run->connection, run->spec->server);
    preview->where = connection_text(run->spec->server);
    if (!connect_beside(run, err) || !pg_settle(run->beside, &run->connection, run->cancel, err)) {
        return false;
    }
    preview->live_version = mem_strdup(pg_server_version_text(run->beside));
    return look_at_target(run, err) && look_at_source(run, err) &&
           preview_find_left_out(run->beside, run->user, preview, &run->archive, run->cancel, err) &&
           look_at_live(run, err);
}

bool preview_run(const char *path, const PreviewSpec *spec, const JobSink *sink, const Cancel *cancel,
                 Preview *preview, Error *err)
{
    Preview found;
    Run run = {.path = path, .spec = spec, .sink = sink, .cancel = cancel, .preview = &found};
    preview_init(&found);
    manifest_init(&run.manifest);
    archive_init(&run.archive);
    connection_init(&run.connection);
    found.file = mem_strdup(fs_base_name(path));
    found.database = mem_strdup(spec->server->database != NULL ? spec->server->database : "");
    found.to = mem_strdup(spec->to);
    found.looked = clock_now();
    const bool ok = read_file(&run, err) && look_at_server(&run, err);
    if (ok) {
        preview_settle(&found);
        job_progress(sink, &(Progress){.fraction = 1, .step = "Done", .seconds_left = 0});
        preview_release(preview);
        *preview = found;
        preview_init(&found);
    }
    pg_close(run.live);
    pg_close(run.beside);
    mem_free(run.user);
    mem_free(run.oid);
    connection_release(&run.connection);
    archive_release(&run.archive);
    manifest_release(&run.manifest);
    preview_release(&found);
    return ok;
}
