/*
 * backup_finish.c: the last step of a backup, its name.
 *
 * A virus scanner, an indexer or a sync client opens a file that was just written, and on Windows what is open cannot
 * be renamed. Hours of work, checked to the last byte, do not end for that: the step waits for minutes, and where the
 * file is held even longer, partial and manifest stay. The next run that has the folder's lock reads the partial once
 * more: if it has the hash that its manifest says, it gets its name; else it is taken away. Killed between manifest and
 * rename is the same state.
 */
#include "backup_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "postgres/standstill.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define HELD_SECONDS 600u
#define AGAIN_MS 1000u
#define PIECE (1024u * 1024u)

bool backup_give_name(Run *run, Error *err)
{
    const uint64_t start = clock_monotonic_ms(), limit = 1000u * (uint64_t)standstill_seconds(HELD_SECONDS);
    Error why = ERROR_INIT;
    bool told = false;
    while (!fs_rename(run->partial, run->path, false, &why)) {
        if (!fs_is_held(&why)) {
            return error_move(err, &why);
        }
        if (!told) {
            job_log(run->sink, LOG_WARNING, "Another program, such as a virus scanner or a sync client, holds the "
                                            "finished backup open; waiting until it lets go");
            progress_step(&run->meter, "Waiting until another program lets go of the backup");
            progress_update(&run->meter, 0.5, run->verified.manifest.bytes, clock_monotonic_ms());
            told = true;
        }
        const bool stopped = cancel_wait(run->cancel, AGAIN_MS);
        if (stopped || clock_monotonic_ms() - start >= limit) {
            run->kept = true;
            job_log(run->sink, LOG_WARNING, "%s is whole and checked, but could not get its name: the next backup or "
                                            "clean-up in this folder gives it", run->name);
            if (stopped) {
                error_set(&why, EK_CANCELLED, "the backup was stopped");
            } else {
                error_hint(&why, "The backup is whole and checked. Close the program that holds it open; the next "
                                 "backup or clean-up in this folder gives it its name.");
            }
            return error_move(err, &why);
        }
        error_clear(&why);
    }
    return true;
}

/* --- what an earlier run left ---------------------------------------------------------------------------- */

typedef struct Left {
    char **names; /* of the backups, owned */
    size_t count, capacity;
} Left;

static bool collect_partial(void *context, const char *name, const FsInfo *info)
{
    Left *left = context;
    const size_t len = strlen(name), tail = sizeof FOLDER_PARTIAL_SUFFIX - 1;
    char *backup = len > tail && !strcmp(name + len - tail, FOLDER_PARTIAL_SUFFIX) ? mem_strndup(name, len - tail)
                                                                                   : NULL;
    if (backup && !info->is_dir && folder_parse_name(backup, NULL)) {
        mem_grow((void **)&left->names, &left->capacity, left->count + 1, sizeof *left->names);
        left->names[left->count++] = backup;
    } else {
        mem_free(backup);
    }
    return true;
}

/* Whether it still is what its manifest says. *same is set when it could be read. */
static bool read_partial(const char *partial, const Manifest *manifest, const Cancel *cancel, bool *same, Error *err)
{
    FsFile *file = NULL;
    uint64_t bytes = 0;
    if (!fs_open_read(partial, &file, err)) {
        return false;
    }
    Sha256 *hash = sha256_new();
    char *piece = mem_alloc(PIECE), hex[65];
    size_t got = 1;
    bool ok = true;
    while (ok && got > 0) {
        ok = cancel_requested(cancel) ? error_set(err, EK_CANCELLED, "cancelled")
                                      : fs_read(file, piece, PIECE, &got, err);
        if (ok) {
            sha256_update(hash, piece, got);
            bytes += got;
        }
    }
    sha256_finish(hash, hex);
    *same = bytes == manifest->bytes && !strcmp(hex, manifest->sha256);
    fs_close(file, NULL);
    mem_free(piece);
    return ok;
}

static void log_finish(const char *folder, const JobSink *sink, const Manifest *manifest, bool whole)
{
    const AuditEntry entry = {
        .operation = "backup",
        .status = whole ? "success" : "failed",
        .backup_file = manifest->file,
        .message = whole ? "finished: an earlier run could not give this backup its name; it was read once more"
                         : "an earlier run could not give this backup its name, and it has changed since it was "
                           "checked: removed",
        .file_size = manifest->bytes,
        .seconds = manifest->seconds,
        .sha256 = manifest->sha256,
        .level = level_word(whole ? manifest->level : LEVEL_BAD),
        .actor = job_actor(sink)};
    auditlog_append(folder, &entry, NULL);
}

/* One partial that has a manifest. Another computer's is another's to finish. */
static void finish_one(const char *folder, const char *name, const JobSink *sink, const Cancel *cancel)
{
    char *path = fs_join(folder, name), *manifest_path = folder_manifest_path(path), *computer = machine_host_name();
    char *partial = mem_printf("%s" FOLDER_PARTIAL_SUFFIX, path);
    Manifest manifest;
    Error why = ERROR_INIT;
    bool same = false;
    manifest_init(&manifest);
    if (!manifest_read(manifest_path, &manifest, NULL) || !computer || !manifest.computer ||
        utf8_casecmp(manifest.computer, computer) != 0 || strcmp(manifest.file, name) != 0) {
        goto out;
    }
    if (!read_partial(partial, &manifest, cancel, &same, &why)) {
        goto told;
    }
    if (same) {
        if (fs_rename(partial, path, false, &why)) {
            job_log(sink, LOG_GOOD, "Finished %s, which an earlier run could not give its name", name);
            log_finish(folder, sink, &manifest, true);
        }
    } else if (fs_remove(partial, &why) && fs_remove(manifest_path, &why)) {
        job_log(sink, LOG_WARNING, "Removed \"%s\", which an earlier run left: it has changed since it was checked",
                fs_base_name(partial));
        log_finish(folder, sink, &manifest, false);
    }
told:
    if (why.kind != EK_NONE && why.kind != EK_CANCELLED) {
        char *text = error_text(&why);
        job_log(sink, LOG_WARNING, "%s, which an earlier run left, stays until the next one: %s", fs_base_name(partial),
                text);
        mem_free(text);
    }
out:
    error_clear(&why);
    manifest_release(&manifest);
    mem_free(partial);
    mem_free(computer);
    mem_free(manifest_path);
    mem_free(path);
}

void backup_finish_left(const char *folder, const JobSink *sink, const Cancel *cancel)
{
    Left left = {NULL, 0, 0};
    fs_list(folder, collect_partial, &left, NULL);
    for (size_t i = 0; i < left.count; i++) {
        char *path = fs_join(folder, left.names[i]);
        if (!fs_exists(path)) {
            finish_one(folder, left.names[i], sink, cancel);
        }
        mem_free(path);
        mem_free(left.names[i]);
    }
    mem_free(left.names);
}
