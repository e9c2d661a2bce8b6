/*
 * remove.c: the backup goes first and its manifest after it: a manifest that stays alone is cleaned up by the next job,
 * while a backup without one would have lost what is known of it.
 */
#include "remove.h"

#include <string.h>

#include "auditlog.h"
#include "catalog.h"
#include "clock.h"
#include "folder.h"
#include "fs.h"
#include "mem.h"

static bool is_good(const CatalogEntry *entry)
{
    return entry->level == LEVEL_VERIFIED || entry->level == LEVEL_PROVEN;
}

static bool may_go(const Catalog *catalog, const char *name, const CatalogEntry **found, Error *err)
{
    size_t others = 0;
    *found = NULL;
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        if (strcmp(entry->name, name) == 0) {
            *found = entry;
        } else if (is_good(entry)) {
            others++;
        }
    }
    if (*found == NULL) {
        error_set(err, EK_NOT_FOUND, "%s is not there any more", name);
        return error_hint(err, "Read the list again.");
    }
    if (is_good(*found) && others == 0) {
        error_set(err, EK_USAGE, "%s is the only good backup and is not deleted", name);
        return error_hint(err, "Make a new backup first; when it is verified, this one can go.");
    }
    return true;
}

static bool append_log(const char *folder, const CatalogEntry *entry, const Error *failed, Error *err)
{
    char *text = failed != NULL ? error_text(failed) : mem_strdup("deleted by the user");
    const AuditEntry audit = {.operation = "delete",
                              .status = failed != NULL ? "failed" : "success",
                              .backup_file = entry->name,
                              .message = text,
                              .file_size = entry->size,
                              .seconds = -1,
                              .level = level_word(entry->level)};
    const bool ok = auditlog_append(folder, &audit, err);
    mem_free(text);
    return ok;
}

bool backup_remove(const char *path, const JobSink *sink, Error *err)
{
    char *folder = fs_dir_name(path);
    char *manifest_path = folder_manifest_path(path);
    const CatalogEntry *entry = NULL;
    FsLock *lock = NULL;
    FsInfo info;
    Error failed = ERROR_INIT;
    Catalog catalog;
    bool ok = false;
    catalog_init(&catalog);
    if (!fs_stat(folder, &info, err) || !folder_lock(folder, &lock, err) ||
        !catalog_load(folder, clock_now(), &catalog, err) || !may_go(&catalog, fs_base_name(path), &entry, err)) {
        goto out;
    }
    ok = fs_remove(path, &failed);
    if (ok) {
        fs_remove(manifest_path, NULL); /* a lone manifest is cleaned up by the next job */
        job_log(sink, LOG_INFO, "Deleted: %s", entry->name);
        if (!append_log(folder, entry, NULL, &failed)) {
            char *text = error_text(&failed);
            job_log(sink, LOG_WARNING, "The log could not be written: %s", text);
            mem_free(text);
        }
    } else {
        error_context(&failed, "%s could not be deleted", entry->name);
        append_log(folder, entry, &failed, NULL);
        error_move(err, &failed);
    }
out:
    fs_unlock(lock);
    error_clear(&failed);
    catalog_release(&catalog);
    mem_free(manifest_path);
    mem_free(folder);
    return ok;
}
