/*
 * verify.c: one pass over the file (archive_scan), then the comparison with its manifest.
 *
 * The order of the findings is the order of their weight: what cannot be decoded is said first, then the size,
 * the hashes, and the rows of each table. A matching hash alone would do for a file that was verified once; the
 * rows are compared all the same, because the manifest may be of another file, and because they show in the
 * manager's own terms what is there. What was never compared with the database's rows stays *Read*, however often it is
 * verified (manifest_level).
 */
#include "jobs/verify.h"

#include <stdlib.h>
#include <string.h>

#include "archive/foreign.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "version.h"

#define DAMAGED_HINT "Do not rely on this file; make a new backup now, or use an older one marked Verified."

void verify_result_init(VerifyResult *result)
{
    *result = (VerifyResult){.had_manifest = false};
    manifest_init(&result->manifest);
}

void verify_result_release(VerifyResult *result)
{
    manifest_release(&result->manifest);
    mem_free(result->renamed_from);
    mem_free(result->not_kept);
    verify_result_init(result);
}

/* --- progress -------------------------------------------------------------------------------------------- */

typedef struct Meter {
    const JobSink *sink;
    uint64_t started_ms;
} Meter;

static void meter_show(void *context, uint64_t done, uint64_t total)
{
    const Meter *meter = context;
    Progress progress = {.step = "Checking", .bytes = done, .seconds_left = -1};
    const double seconds = (double)(clock_monotonic_ms() - meter->started_ms) / 1000.0;
    /* The last per cent is the comparison. */
    progress.fraction = total > 0 ? 0.99 * (double)done / (double)total : 0;
    if (seconds > 0) {
        progress.bytes_per_second = (double)done / seconds;
        if (done > 0) {
            progress.seconds_left = (double)(total - done) / progress.bytes_per_second;
        }
    }
    job_progress(meter->sink, &progress);
}

/* --- comparing ------------------------------------------------------------------------------------------- */

static int compare_tables(const void *a, const void *b)
{
    const TableCount *const *left = a;
    const TableCount *const *right = b;
    const int order = strcmp((*left)->schema, (*right)->schema);
    return order != 0 ? order : strcmp((*left)->name, (*right)->name);
}

static TableCount **sorted_tables(const Manifest *manifest)
{
    TableCount **sorted = mem_array(manifest->table_count, sizeof *sorted);
    for (size_t i = 0; i < manifest->table_count; i++) {
        sorted[i] = &manifest->tables[i];
    }
    if (manifest->table_count > 1) {
        qsort(sorted, manifest->table_count, sizeof *sorted, compare_tables);
    }
    return sorted;
}

static bool table_differs(const TableCount *table, const char *what, Error *err)
{
    char *label = table_label(table->schema, table->name);
    error_set(err, EK_DAMAGED, "table %s %s", label, what);
    mem_free(label);
    return false;
}

/* One table of the file against the same one of the manifest. */
static bool compare_rows(const TableCount *found, TableCount *recorded, Error *err)
{
    char *label = NULL;
    bool ok = true;
    if (found->rows >= 0 && recorded->rows >= 0) {
        if (found->rows != recorded->rows) {
            label = table_label(found->schema, found->name);
            ok = error_set(err, EK_DAMAGED, "table %s holds %s rows where the manifest says %s", label,
                           number_text(found->rows).text, number_text(recorded->rows).text);
            goto out;
        }
    }
    if (found->rows >= 0 && recorded->expected >= 0 && found->rows != recorded->expected) {
        label = table_label(found->schema, found->name);
        ok = error_set(err, EK_DAMAGED, "table %s holds %s rows where the database held %s", label,
                       number_text(found->rows).text, number_text(recorded->expected).text);
        goto out;
    }
    recorded->rows = found->rows;
    recorded->bytes = found->bytes;
out:
    mem_free(label);
    return ok;
}

static bool compare_objects(const Manifest *found, Manifest *recorded, Error *err)
{
    if (recorded->large_objects >= 0 && found->large_objects != recorded->large_objects) {
        return error_set(err, EK_DAMAGED, "it holds %s large objects where the manifest says %s",
                         number_text(found->large_objects).text, number_text(recorded->large_objects).text);
    }
    if (recorded->large_objects_expected >= 0 && found->large_objects != recorded->large_objects_expected) {
        return error_set(err, EK_DAMAGED, "it holds %s large objects where the database held %s",
                         number_text(found->large_objects).text,
                         number_text(recorded->large_objects_expected).text);
    }
    if (recorded->large_objects < 0 && found->large_objects > 0) {
        recorded->large_objects = found->large_objects;
    }
    return true;
}

/* Every table of the one must be in the other. Fills what `recorded` does not know. */
static bool compare_counts(const Manifest *found, Manifest *recorded, Error *err)
{
    TableCount **here = sorted_tables(found);
    TableCount **there = sorted_tables(recorded);
    size_t i = 0;
    size_t k = 0;
    bool ok = true;
    while (ok && (i < found->table_count || k < recorded->table_count)) {
        const int order = i == found->table_count      ? 1
                          : k == recorded->table_count ? -1
                                                       : compare_tables(&here[i], &there[k]);
        if (order > 0) {
            ok = table_differs(there[k], "is missing from it", err);
        } else if (order < 0) {
            ok = table_differs(here[i], "is in it, but not in its manifest", err);
        } else {
            ok = compare_rows(here[i++], there[k++], err);
        }
    }
    mem_free(here);
    mem_free(there);
    return ok && compare_objects(found, recorded, err);
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool compare_bytes(const Manifest *found, const Manifest *recorded, Error *err)
{
    if (found->bytes != recorded->bytes) {
        return error_set(err, EK_DAMAGED, "it is %llu bytes long where its manifest says %llu",
                         (unsigned long long)found->bytes, (unsigned long long)recorded->bytes);
    }
    if (!same_text(found->sha256, recorded->sha256)) {
        return error_set(err, EK_DAMAGED, "its SHA-256 differs from the manifest's");
    }
    if (recorded->quickxor != NULL && !same_text(found->quickxor, recorded->quickxor)) {
        return error_set(err, EK_DAMAGED, "its quickXorHash differs from the manifest's");
    }
    return true;
}

/* --- the check ------------------------------------------------------------------------------------------- */

/* The table of contents, and what was counted of it, as far as it says what a manifest says. */
static void describe_contents(const Archive *archive, Manifest *manifest)
{
    manifest->started = archive->created > 0 ? archive->created : 0;
    manifest->database = mem_strdup(archive->database);
    manifest->server_version = mem_strdup(archive->server_version);
    manifest->tool_version = mem_strdup(archive->tool_version);
    manifest->archive_version = mem_printf("%d.%d", archive->major, archive->minor);
    manifest->compression = mem_strdup(archive_compression_name(archive->compression));
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "TABLE DATA") == 0) {
            manifest_add_table(manifest, entry->schema != NULL ? entry->schema : "", entry->tag, entry->rows, -1,
                               entry->data_bytes);
        }
    }
}

void contents_init(Contents *contents)
{
    *contents = (Contents){.needs = NULL};
    manifest_init(&contents->manifest);
}

void contents_release(Contents *contents)
{
    manifest_release(&contents->manifest);
    mem_free(contents->needs);
    mem_free(contents->extensions);
    mem_free(contents->grantees);
    contents_init(contents);
}

bool contents_read(const char *path, Contents *contents, Error *err)
{
    FsFile *file = NULL;
    Archive archive;
    archive_init(&archive);
    const bool ok = fs_open_read(path, &file, err) && archive_read_toc(file, &archive, err);
    fs_close(file, NULL);
    if (ok) {
        describe_contents(&archive, &contents->manifest);
        contents->needs = archive_needs(&archive);
        contents->extensions = archive_extensions(&archive);
        contents->grantees = archive_grantees(&archive);
    }
    archive_release(&archive);
    return ok;
}

/* What a scan found, as a manifest. */
static void describe(const char *path, const Archive *archive, const ArchiveScan *scan, Manifest *manifest)
{
    manifest->file = mem_strdup(fs_base_name(path));
    manifest->bytes = scan->bytes;
    manifest->sha256 = mem_strdup(scan->sha256);
    manifest->quickxor = mem_strdup(scan->quickxor);
    describe_contents(archive, manifest);
    manifest->finished = manifest->started;
    manifest->restore_with = archive_needs(archive);
    manifest->program_version = mem_strdup(CMMS_VERSION);
    manifest->large_objects = 0;
    size_t tables = 0;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "BLOBS") == 0) {
            manifest->large_objects += entry->rows > 0 ? entry->rows : 0;
        }
        tables += strcmp(entry->desc, "TABLE") == 0;
    }
    if ((tables > 0) != (manifest->table_count > 0)) {
        manifest->contents = mem_strdup(tables > 0 ? "schema" : "data");
    }
}

/* What is known of a file, also when the check failed. */
typedef struct Check {
    Manifest found;      /* empty when the file could not be decoded */
    Manifest recorded;
    bool had_manifest;
    bool had_bad_manifest; /* there is a file of that name which cannot be used */
    bool newer_manifest;   /* that a newer version wrote */
    bool followed;         /* pg_dump has just written it */
    ArchiveScan scan;
} Check;

static void check_init(Check *check)
{
    *check = (Check){.had_manifest = false};
    manifest_init(&check->found);
    manifest_init(&check->recorded);
}

static void check_release(Check *check)
{
    manifest_release(&check->found);
    manifest_release(&check->recorded);
}

/* Adds to a decoding error what the hash says; see the head of this file. */
static bool weigh_scan_error(const Check *check, Error *failed, Error *err)
{
    const bool read = check->scan.sha256[0] != '\0';
    const bool ours = check->had_manifest || check->had_bad_manifest || check->newer_manifest || check->followed;
    if (failed->kind == EK_FOREIGN && ours) {
        char *what = mem_strdup(failed->message); /* a file of ours that holds something else now */
        error_set(failed, EK_DAMAGED, "%s", what);
        mem_free(what);
    }
    const bool differs = read && check->had_manifest && !same_text(check->scan.sha256, check->recorded.sha256);
    if (differs && failed->kind == EK_TOOL) {
        return error_set(err, EK_DAMAGED, "its SHA-256 differs from the manifest's");
    }
    if (differs && failed->kind == EK_DAMAGED) {
        error_detail(failed, "its SHA-256 differs from the manifest's as well");
    }
    return error_move(err, failed);
}

/* What cannot be read may be what a terminal made of it. */
static void name_line_ends(const char *path, Error *failed)
{
    static const size_t enough = 64u * 1024u; /* far beyond the header: the definitions of some tables */
    FsFile *file = NULL;
    uint8_t *head = mem_alloc(enough);
    size_t got = 0;
    Foreign foreign;
    if (fs_open_read(path, &file, NULL) && fs_read_at(file, 0, head, enough, &got, NULL) &&
        foreign_line_ends(head, got, &foreign)) {
        error_set(failed, EK_FOREIGN, "the file is %s", foreign.what);
        error_hint(failed, "%s", foreign.hint);
    }
    fs_close(file, NULL);
    mem_free(head);
}

/* A folder, which people name when it holds a backup in another format. False, with the error, when it is one. */
static bool is_file(const char *path, Error *err)
{
    FsInfo info;
    if (!fs_stat(path, &info, NULL) || !info.is_dir) {
        return true; /* or it cannot be seen: opening it will say why */
    }
    char *contents = fs_join(path, "toc.dat");
    const bool archive = fs_exists(contents);
    mem_free(contents);
    error_set(err, EK_FOREIGN, archive ? "it is an archive in pg_dump's directory format" : "it is a folder");
    return error_hint(err, archive ? "pg_restore reads it; this program reads the custom format, pg_dump -Fc."
                                   : "Name a file that is in it.");
}

/* The whole file, or with a follower what that has left to do. */
static bool scan_file(const char *path, ArchiveFollower *follower, Archive *archive, ArchiveScan *scan, Error *err)
{
    FsFile *file = NULL;
    if (follower != NULL) {
        return archive_follow_finish(follower, archive, scan, err);
    }
    const bool ok = is_file(path, err) && fs_open_read(path, &file, err) && archive_scan(file, archive, scan, err);
    fs_close(file, NULL);
    return ok;
}

static bool find_name(void *context, const char *name, const FsInfo *info)
{
    const char **wanted = context;
    (void)info;
    if (*wanted != NULL && utf8_casecmp(name, *wanted) == 0) {
        *wanted = NULL;
    }
    return true;
}

/* Before another takes its place: a share that blinks also says of a file that it is not there. */
static bool surely_absent(const char *manifest_path, Error *err)
{
    char *folder = fs_dir_name(manifest_path);
    const char *name = fs_base_name(manifest_path);
    const bool listed = fs_list(folder, find_name, &name, err);
    mem_free(folder);
    return listed ? name != NULL || error_set(err, EK_IO, "its manifest is there, but cannot be read")
                  : error_context(err, "whether it has a manifest cannot be seen");
}

static bool check_contents(const char *path, ArchiveFollower *follower, bool adopt, Meter *meter, const Cancel *cancel,
                           Check *check, Error *err)
{
    Error failed = ERROR_INIT;
    Error manifest_error = ERROR_INIT;
    Archive archive;
    char *manifest_path = folder_manifest_path(path);
    bool ok = false;
    archive_init(&archive);
    check->had_manifest = manifest_read(manifest_path, &check->recorded, &manifest_error);
    check->followed = follower != NULL;
    check->had_bad_manifest = manifest_error.kind == EK_DAMAGED;
    check->newer_manifest = manifest_error.kind == EK_TOOL;
    if (!check->had_manifest && !check->had_bad_manifest && !check->newer_manifest &&
        manifest_error.kind != EK_NOT_FOUND) {
        error_move(err, &manifest_error);
        error_context(err, "its manifest cannot be read");
        goto out;
    }
    check->scan = (ArchiveScan){.progress = meter_show, .context = meter, .cancel = cancel};
    if (!scan_file(path, follower, &archive, &check->scan, &failed)) {
        if (failed.kind == EK_DAMAGED && follower == NULL) {
            name_line_ends(path, &failed);
        }
        ok = weigh_scan_error(check, &failed, err);
        goto out;
    }
    describe(path, &archive, &check->scan, &check->found);
    if (check->newer_manifest || (check->had_bad_manifest && !adopt)) {
        error_move(err, &manifest_error);
        error_context(err, "its manifest cannot be used");
        if (err != NULL && err->hint == NULL) {
            error_hint(err, "Its data read well; adopt it to give it a new manifest.");
        }
        goto out;
    }
    if (!check->had_manifest && !check->had_bad_manifest && adopt && !surely_absent(manifest_path, err)) {
        goto out;
    }
    ok = !check->had_manifest || (compare_bytes(&check->found, &check->recorded, err) &&
                                  compare_counts(&check->found, &check->recorded, err));
out:
    error_clear(&failed);
    error_clear(&manifest_error);
    archive_release(&archive);
    mem_free(manifest_path);
    return ok;
}

/* check_contents, with the file's name and the remedy in the error. */
static bool check_file(const char *path, ArchiveFollower *follower, bool adopt, const JobSink *sink,
                       const Cancel *cancel, Check *check, Error *err)
{
    Error failed = ERROR_INIT;
    Meter meter = {sink, clock_monotonic_ms()};
    if (check_contents(path, follower, adopt, &meter, cancel, check, &failed)) {
        return true;
    }
    if (failed.kind == EK_DAMAGED) {
        error_context(&failed, "%s is damaged", fs_base_name(path));
        if (failed.hint == NULL) {
            error_hint(&failed, "%s", DAMAGED_HINT);
        }
    } else if (failed.kind == EK_FOREIGN) {
        error_context(&failed, "%s is no backup of this kind", fs_base_name(path));
    } else if (failed.kind != EK_CANCELLED) {
        error_context(&failed, "%s could not be checked", fs_base_name(path));
    }
    return error_move(err, &failed);
}

/* The outcome of a good check. Takes the manifest out of `check`. */
static void settle(const char *path, Check *check, VerifyResult *result)
{
    verify_result_release(result);
    result->had_manifest = check->had_manifest;
    result->could_not_compare_hash = !check->had_manifest;
    Manifest *from = check->had_manifest ? &check->recorded : &check->found;
    result->manifest = *from;
    manifest_init(from);
    if (result->manifest.quickxor == NULL) {
        result->manifest.quickxor = mem_strdup(check->scan.quickxor);
    }
    Manifest *manifest = &result->manifest;
    for (size_t i = 0; i < manifest->table_count; i++) {
        result->uncompared += manifest->tables[i].expected < 0;
    }
    result->uncompared_objects = manifest->large_objects > 0 && manifest->large_objects_expected < 0;
    if (strcmp(manifest->file, fs_base_name(path)) != 0) {
        result->renamed_from = manifest->file;
        manifest->file = mem_strdup(fs_base_name(path));
    }
    manifest->read_at = clock_now();
    /* The hash is the one that was proven, so a proof holds. */
    manifest->level = manifest_level(manifest);
    if (level_is_good(manifest->level)) {
        manifest->verified_at = manifest->read_at;
    }
}

static void show_done(const JobSink *sink, uint64_t bytes)
{
    job_progress(sink, &(Progress){.fraction = 1, .step = "Checking", .bytes = bytes, .seconds_left = 0});
}

bool verify_file(const char *path, const JobSink *sink, const Cancel *cancel, VerifyResult *result, Error *err)
{
    return verify_followed(path, NULL, sink, cancel, result, err);
}

bool verify_followed(const char *path, ArchiveFollower *follower, const JobSink *sink, const Cancel *cancel,
                     VerifyResult *result, Error *err)
{
    Check check;
    check_init(&check);
    const bool ok = check_file(path, follower, false, sink, cancel, &check, err);
    if (ok) {
        settle(path, &check, result);
        show_done(sink, check.scan.bytes);
    }
    check_release(&check);
    return ok;
}

/* --- the check that is remembered ------------------------------------------------------------------------ */

/* A file that failed: told in its manifest, which otherwise stays what it was, and in the log. */
static void record_failure(const char *folder, const JobSink *sink, const char *path, const char *manifest_path,
                           Check *check, double seconds, const Error *failed)
{
    const bool bad = failed->kind == EK_DAMAGED;
    if (failed->kind == EK_CANCELLED || failed->kind == EK_NOT_FOUND || failed->kind == EK_FOREIGN) {
        return;
    }
    if (bad && check->had_manifest) {
        check->recorded.level = LEVEL_BAD;
        manifest_write(manifest_path, &check->recorded, NULL); /* the failure itself is what is reported */
    }
    char *text = error_text(failed);
    const AuditEntry entry = {.operation = "verify",
                              .status = "failed",
                              .backup_file = fs_base_name(path),
                              .message = text,
                              .file_size = check->scan.bytes,
                              .seconds = seconds,
                              .sha256 = check->scan.sha256[0] != '\0' ? check->scan.sha256 : NULL,
                              .level = bad ? level_word(LEVEL_BAD) : NULL,
                              .actor = job_actor(sink)};
    auditlog_append(folder, &entry, NULL);
    mem_free(text);
}

static bool record_success(const char *folder, const JobSink *sink, const char *path, const char *manifest_path,
                           bool adopt, bool replace_manifest, const VerifyResult *result, double seconds, Error *err)
{
    const Manifest *manifest = &result->manifest;
    if (replace_manifest && !folder_keep_aside(manifest_path, NULL, err)) {
        return false;
    }
    if ((result->had_manifest || adopt) && !manifest_write(manifest_path, manifest, err)) {
        return false;
    }
    const bool recorded = result->had_manifest || adopt;
    char *message = result->renamed_from
                        ? mem_printf("every byte read, as its manifest says, which was that of %s",
                                     result->renamed_from)
                    : replace_manifest
                        ? mem_strdup("every byte read; its manifest was damaged and was kept aside, and it is pinned")
                        : mem_strdup(result->had_manifest ? "every byte read, as its manifest says"
                                     : adopt              ? "every byte read; it had no manifest and got one"
                                                          : "every byte read; it has no manifest to compare with");
    const AuditEntry entry = {.operation = "verify",
                              .status = level_is_good(manifest->level) ? "verified" : "success",
                              .backup_file = fs_base_name(path),
                              .message = message,
                              .file_size = manifest->bytes,
                              .seconds = seconds,
                              .sha256 = manifest->sha256,
                              .level = recorded ? level_word(manifest->level) : NULL,
                              .actor = job_actor(sink)};
    const bool ok = auditlog_append(folder, &entry, err);
    mem_free(message);
    return ok;
}

/* What was known of it is lost: it may have been pinned, and somebody may have relied on that. */
static void adopt_manifest(Manifest *manifest, bool had_bad_manifest)
{
    manifest_add_warning(manifest, "This file was adopted without a manifest: how many rows the database held when it "
                                   "was made is not known.");
    if (had_bad_manifest) {
        manifest->pinned = true;
        manifest->pin_reason = mem_strdup("its manifest was damaged (kept beside it); unpin it when you have looked");
    }
}

bool verify_backup(const char *path, bool adopt, const JobSink *sink, const Cancel *cancel, VerifyResult *result,
                   Error *err)
{
    char *folder = fs_dir_name(path);
    char *manifest_path = folder_manifest_path(path);
    const uint64_t started = clock_monotonic_ms();
    FsLock *lock = NULL;
    char *not_kept = NULL;
    Error failed = ERROR_INIT;
    VerifyResult found;
    Check check;
    bool ok = false;
    verify_result_init(&found);
    check_init(&check);
    if (!folder_lock_or_read(folder, sink, cancel, &lock, &not_kept, err)) {
        goto out;
    }
    ok = check_file(path, NULL, adopt, sink, cancel, &check, &failed);
    const double seconds = (double)(clock_monotonic_ms() - started) / 1000.0;
    if (not_kept != NULL) {
        job_log(sink, LOG_WARNING, "What is found out about %s is not kept: %s", fs_base_name(path), not_kept);
    }
    if (!ok) {
        if (lock != NULL) {
            record_failure(folder, sink, path, manifest_path, &check, seconds, &failed);
        }
        error_move(err, &failed);
        goto out;
    }
    settle(path, &check, &found);
    if (lock == NULL) {
        found.not_kept = not_kept;
        not_kept = NULL;
    } else {
        if (adopt && !found.had_manifest) {
            adopt_manifest(&found.manifest, check.had_bad_manifest);
        }
        ok = record_success(folder, sink, path, manifest_path, adopt, check.had_bad_manifest, &found, seconds, err);
    }
    if (ok) {
        job_log(sink, LOG_GOOD, "%s reads well to its last byte: %zu tables", fs_base_name(path),
                found.manifest.table_count);
        show_done(sink, check.scan.bytes);
        verify_result_release(result);
        *result = found;
        verify_result_init(&found);
    }
out:
    fs_unlock(lock);
    error_clear(&failed);
    verify_result_release(&found);
    check_release(&check);
    mem_free(not_kept);
    mem_free(folder);
    mem_free(manifest_path);
    return ok;
}
