/*
 * export.c: see the header for the order of the steps.
 *
 * The source is hashed while it is copied, and that hash must be the manifest's: damage is not carried away. The
 * copy is then closed, opened again and hashed by itself: a share or a stick that lost a write is found here and not
 * on the day of the restore. With `overwrite` the manifest that was there is kept in memory until the rename has
 * happened; when that fails, the old file gets its old manifest back.
 *
 * A partial that an interrupted export left is removed by the next export of that backup: under the folder's lock
 * nobody else of this folder can be writing it, and a file that another PC holds open cannot be removed.
 */
#include "jobs/export.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/progress.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define PIECE (1024u * 1024u)
#define SPARE_BYTES (1024u * 1024u)           /* for the manifest and the folder's own needs */
#define OLD_MANIFEST_MAX (64u * 1024u * 1024u) /* as manifest_read takes */
#define COPY_PART 0.6                          /* of the time; the rest is reading back */
#define CHECK_PART 0.99

void export_result_init(ExportResult *result)
{
    *result = (ExportResult){.path = NULL};
}

void export_result_release(ExportResult *result)
{
    mem_free(result->path);
    mem_free(result->sha256);
    mem_free(result->warning);
    export_result_init(result);
}

typedef struct Work {
    const ExportSpec *spec;
    const Cancel *cancel;
    ProgressMeter meter;
    const char *name; /* borrowed from spec->path */
    const char *actor;
    char *manifest_path;
    char *target, *partial, *target_manifest;
    Manifest manifest;
    bool partial_made;
    unsigned char *piece;
} Work;

/* --- before anything is written -------------------------------------------------------------------------- */

static bool read_source_manifest(Work *work, Error *err)
{
    Error failed = ERROR_INIT;
    FsInfo info;
    if (!fs_stat(work->spec->path, &info, &failed)) {
        if (failed.kind == EK_NOT_FOUND) {
            error_hint(&failed, "It may have been removed meanwhile; read the list again.");
        }
        return error_move(err, &failed);
    }
    if (!manifest_read(work->manifest_path, &work->manifest, &failed)) {
        if (failed.kind == EK_NOT_FOUND) {
            error_set(&failed, EK_NOT_FOUND, "%s has no manifest to compare the copy with", work->name);
            error_hint(&failed, "Verify the backup first; when it reads well it gets one.");
        } else {
            error_context(&failed, "the manifest of %s cannot be used", work->name);
        }
        return error_move(err, &failed);
    }
    const Manifest *manifest = &work->manifest;
    if (strcmp(manifest->file, work->name) != 0 || manifest->sha256 == NULL) {
        error_set(err, EK_DAMAGED, "the manifest of %s is that of another file", work->name);
        return error_hint(err, "Verify the backup first.");
    }
    if (manifest->level == LEVEL_BAD) {
        error_set(err, EK_DAMAGED, "%s is damaged and is not exported", work->name);
        return error_hint(err, "Export another backup, one that is marked Verified.");
    }
    if (manifest->bytes != info.size) {
        error_set(err, EK_DAMAGED, "%s is %llu bytes long where its manifest says %llu", work->name,
                  (unsigned long long)info.size, (unsigned long long)manifest->bytes);
        return error_hint(err, "Verify the backup, and export another one that is marked Verified.");
    }
    return true;
}

static bool check_destination(const Work *work, Error *err)
{
    const char *dir = work->spec->dir;
    Error failed = ERROR_INIT;
    FsInfo info;
    if (!fs_stat(dir, &info, &failed)) {
        if (failed.kind == EK_NOT_FOUND) {
            error_set(&failed, EK_NOT_FOUND, "the folder \"%s\" is not there", dir);
            error_hint(&failed, "Look whether the drive or the share is connected, or choose another folder.");
        }
        return error_move(err, &failed);
    }
    if (!info.is_dir) {
        error_set(err, EK_IO, "\"%s\" is not a folder", dir);
        return error_hint(err, "Choose a folder to export to.");
    }
    if (fs_exists(work->target) && !work->spec->overwrite) {
        error_set(err, EK_IO, "there is already a file %s in \"%s\"", work->name, dir);
        return error_hint(err, "Choose another folder, or say that it may be overwritten.");
    }
    uint64_t room = 0;
    /* Where the system cannot tell, the writing will. */
    if (fs_free_space(dir, &room, NULL) && room < work->manifest.bytes + SPARE_BYTES) {
        error_set(err, EK_SPACE, "there is not enough room in \"%s\": %s are needed and %s are free", dir,
                  size_text(work->manifest.bytes + SPARE_BYTES).text, size_text(room).text);
        return error_hint(err, "Make room there, or choose another folder.");
    }
    return true;
}

/* What an export of this backup that was killed left of its manifest. Its partial is written anew. */
static bool remove_leftover(void *context, const char *name, const FsInfo *info)
{
    const Work *work = context;
    const char *manifest = fs_base_name(work->target_manifest);
    const size_t len = strlen(manifest);
    if (!info->is_dir && strncmp(name, manifest, len) == 0 && strncmp(name + len, ".tmp-", 5) == 0) {
        char *path = fs_join(work->spec->dir, name);
        fs_remove(path, NULL);
        mem_free(path);
    }
    return true;
}

/* --- copying --------------------------------------------------------------------------------------------- */

/* Reads `from` to its end, hashing, and writes what it reads to `to` when that is not NULL. */
static bool pump(Work *work, FsFile *from, FsFile *to, char hex[65], uint64_t *bytes, Error *err)
{
    Sha256 *hash = sha256_new();
    const uint64_t total = work->manifest.bytes;
    *bytes = 0;
    for (;;) {
        size_t got = 0;
        if (cancel_requested(work->cancel)) {
            sha256_free(hash);
            return error_set(err, EK_CANCELLED, "cancelled");
        }
        if (!fs_read(from, work->piece, PIECE, &got, err) ||
            (got > 0 && to != NULL && !fs_write(to, work->piece, got, err))) {
            sha256_free(hash);
            return false;
        }
        if (got == 0) {
            break;
        }
        sha256_update(hash, work->piece, got);
        *bytes += got;
        const double part = total > 0 ? (double)*bytes / (double)total : 1;
        progress_update(&work->meter, part < 1 ? part : 1, *bytes, clock_monotonic_ms());
    }
    sha256_finish(hash, hex);
    return true;
}

/* The source is not what it was: remembered, so that the list and retention know it too. */
static bool source_is_damaged(Work *work, Error *err)
{
    work->manifest.level = LEVEL_BAD;
    manifest_write(work->manifest_path, &work->manifest, NULL); /* the damage itself is what is reported */
    error_set(err, EK_DAMAGED, "%s is damaged: its SHA-256 differs from the manifest's", work->name);
    return error_hint(err, "Do not rely on this file; make a new backup now, or use an older one marked Verified.");
}

static bool write_partial(Work *work, Error *err)
{
    FsFile *source = NULL;
    FsFile *copy = NULL;
    char hex[65];
    uint64_t bytes = 0;
    bool ok = false;
    if (!fs_open_read(work->spec->path, &source, err) || !fs_remove(work->partial, err) ||
        !fs_create_new(work->partial, &copy, err)) {
        goto out;
    }
    work->partial_made = true;
    progress_stage(&work->meter, "Copying", 0, COPY_PART, clock_monotonic_ms());
    if (!pump(work, source, copy, hex, &bytes, err)) {
        goto out;
    }
    if (bytes != work->manifest.bytes || strcmp(hex, work->manifest.sha256) != 0) {
        ok = source_is_damaged(work, err);
        goto out;
    }
    ok = fs_flush(copy, err);
out:
    fs_close(source, NULL);
    /* What was delayed may fail only now. */
    if (!fs_close(copy, ok ? err : NULL)) {
        ok = false;
    }
    return ok;
}

static bool read_back(Work *work, char hex[65], Error *err)
{
    FsFile *copy = NULL;
    uint64_t bytes = 0;
    bool ok = false;
    progress_stage(&work->meter, "Checking the copy", COPY_PART, CHECK_PART, clock_monotonic_ms());
    if (!fs_open_read(work->partial, &copy, err) || !pump(work, copy, NULL, hex, &bytes, err)) {
        goto out;
    }
    if (bytes != work->manifest.bytes || strcmp(hex, work->manifest.sha256) != 0) {
        error_set(err, EK_DAMAGED, "the copy in \"%s\" is not what was written", work->spec->dir);
        error_hint(err, "The drive or the share there loses data: export to another place.");
        goto out;
    }
    ok = true;
out:
    fs_close(copy, NULL);
    return ok;
}

/* The manifest first: from the rename on, the file and what it must be are both there. */
static bool commit(Work *work, Error *err)
{
    StrBuf old;
    strbuf_init(&old, OLD_MANIFEST_MAX);
    const bool had_old = fs_read_all(work->target_manifest, OLD_MANIFEST_MAX, &old, NULL);
    bool ok = manifest_write(work->target_manifest, &work->manifest, err);
    if (ok && !fs_rename(work->partial, work->target, work->spec->overwrite, err)) {
        ok = false;
        if (had_old) {
            fs_write_atomic(work->target_manifest, old.buf, old.len, NULL);
        } else {
            fs_remove(work->target_manifest, NULL);
        }
    }
    work->partial_made = work->partial_made && !ok;
    strbuf_release(&old);
    return ok;
}

static bool run(Work *work, char hex[65], Error *err)
{
    if (!read_source_manifest(work, err) || !check_destination(work, err)) {
        return false;
    }
    fs_list(work->spec->dir, remove_leftover, work, NULL);
    Error failed = ERROR_INIT;
    if (write_partial(work, &failed) && read_back(work, hex, &failed) && commit(work, &failed)) {
        return true;
    }
    if (work->partial_made) {
        fs_remove(work->partial, NULL); /* the failure itself is what is reported */
    }
    if (failed.kind == EK_IO || failed.kind == EK_SPACE) {
        error_context(&failed, "%s could not be copied to \"%s\"", work->name, work->spec->dir);
        if (failed.hint == NULL) {
            error_hint(&failed, "Look whether the drive or the share is connected and may be written to.");
        }
    }
    return error_move(err, &failed);
}

/* --- the whole ------------------------------------------------------------------------------------------- */

static bool append_log(const Work *work, const char *folder, const char *hex, double seconds, const Error *failed,
                       Error *err)
{
    char *text = failed != NULL ? error_text(failed) : mem_printf("copied to %s", work->target);
    const AuditEntry entry = {.operation = "export",
                              .status = failed != NULL ? "failed" : "success",
                              .backup_file = work->name,
                              .message = text,
                              .file_size = work->manifest.bytes,
                              .seconds = seconds,
                              .sha256 = failed != NULL ? NULL : hex,
                              .level = failed != NULL ? NULL : level_word(work->manifest.level),
                              .actor = work->actor};
    const bool ok = auditlog_append(folder, &entry, err);
    mem_free(text);
    return ok;
}

static void settle(const Work *work, const char *hex, double seconds, ExportResult *result)
{
    export_result_release(result);
    result->path = mem_strdup(work->target);
    result->sha256 = mem_strdup(hex);
    result->bytes = work->manifest.bytes;
    result->level = work->manifest.level;
    result->seconds = seconds;
}

bool export_backup(const ExportSpec *spec, const JobSink *sink, const Cancel *cancel, ExportResult *result, Error *err)
{
    const uint64_t started = clock_monotonic_ms();
    char *folder = fs_dir_name(spec->path);
    FsLock *lock = NULL;
    char *not_kept = NULL;
    Error failed = ERROR_INIT;
    char hex[65] = "";
    bool ok = false;
    Work work = {.spec = spec, .cancel = cancel, .name = fs_base_name(spec->path), .actor = job_actor(sink)};
    work.manifest_path = folder_manifest_path(spec->path);
    work.target = fs_join(spec->dir, work.name);
    work.partial = mem_printf("%s" FOLDER_PARTIAL_SUFFIX, work.target);
    work.target_manifest = folder_manifest_path(work.target);
    work.piece = mem_alloc(PIECE);
    manifest_init(&work.manifest);
    progress_init(&work.meter, sink, started);
    FsInfo info;
    if (!fs_stat(folder, &info, &failed) ||
        !folder_lock_or_read(folder, sink, cancel, &lock, &not_kept, &failed)) {
        error_move(err, &failed);
        goto out;
    }
    job_log(sink, LOG_INFO, "Exporting %s to %s...", work.name, spec->dir);
    ok = run(&work, hex, &failed);
    const double seconds = (double)(clock_monotonic_ms() - started) / 1000.0;
    if (!ok) {
        if (failed.kind != EK_CANCELLED && failed.kind != EK_NOT_FOUND && lock != NULL) {
            append_log(&work, folder, hex, seconds, &failed, NULL);
        }
        error_move(err, &failed);
        goto out;
    }
    settle(&work, hex, seconds, result);
    if (not_kept != NULL || !append_log(&work, folder, hex, seconds, NULL, &failed)) {
        char *text = not_kept != NULL ? mem_strdup(not_kept) : error_text(&failed);
        result->warning = mem_printf("The copy is good, but the log could not be written: %s", text);
        job_log(sink, LOG_WARNING, "%s", result->warning);
        mem_free(text);
    }
    job_log(sink, LOG_GOOD, "Exported: %s, read back and its SHA-256 is as recorded", work.target);
    job_progress(sink, &(Progress){.fraction = 1, .step = "Exported", .bytes = result->bytes, .seconds_left = 0});
out:
    fs_unlock(lock);
    error_clear(&failed);
    progress_release(&work.meter);
    manifest_release(&work.manifest);
    mem_free(work.piece);
    mem_free(work.target_manifest);
    mem_free(work.partial);
    mem_free(work.target);
    mem_free(work.manifest_path);
    mem_free(not_kept);
    mem_free(folder);
    return ok;
}
