/*
 * retention_run.c: takes backups away, pins them, freezes. retention.c decides.
 *
 * Order. The log's entry comes first: nothing disappears without one, and what cannot be logged stays. Then the
 * backup, then its manifest. Killed between them: a manifest without a backup, which folder_clean_up removes; or
 * an entry for a file that is still there, which the next clean-up logs and removes again.
 *
 * Before each removal the witness is looked at once more: there, and of its size. Everything runs under the folder's
 * lock, so no other program of ours changes the folder meanwhile.
 */
#include "retention.h"

#include <string.h>

#include "auditlog.h"
#include "clock.h"
#include "folder.h"
#include "fs.h"
#include "jsonutil.h"
#include "mem.h"
#include "strbuf.h"
#include "verify.h"

#define FROZEN_MAX 65536u /* bytes of the file */

static bool log_entry(const char *folder, const JobSink *sink, const char *operation, const char *status,
                      const CatalogEntry *entry, const char *message, Error *err)
{
    const AuditEntry logged = {.operation = operation,
                               .status = status,
                               .backup_file = entry ? entry->name : NULL,
                               .message = message,
                               .file_size = entry ? entry->size : 0,
                               .seconds = -1,
                               .level = entry ? level_word(entry->level) : NULL,
                               .actor = job_actor(sink)};
    return auditlog_append(folder, &logged, err);
}

static const CatalogEntry *find_entry(const Catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (!strcmp(catalog->entries[i].name, name)) {
            return &catalog->entries[i];
        }
    }
    return NULL;
}

/* --- frozen -------------------------------------------------------------------------------------------- */

char *retention_frozen(const char *folder)
{
    char *path = fs_join(folder, RETENTION_FROZEN_FILE), *reason = NULL;
    cJSON *document = NULL;
    Error why = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, FROZEN_MAX);
    if (fs_read_all(path, FROZEN_MAX, &sb, &why) && json_parse(sb.buf, sb.len, &document, &why)) {
        reason = mem_strdup(json_string(document, "reason", "no reason is recorded"));
    } else if (why.kind != EK_NOT_FOUND) {
        reason = mem_printf("%s cannot be read: %s", RETENTION_FROZEN_FILE, why.message);
    }
    error_clear(&why);
    cJSON_Delete(document);
    strbuf_release(&sb);
    mem_free(path);
    return reason;
}

bool retention_freeze(const char *folder, const char *reason, Error *err)
{
    char *path = fs_join(folder, RETENTION_FROZEN_FILE), *since = clock_log_text(clock_now());
    cJSON *document = cJSON_CreateObject();
    if (!document) {
        mem_out();
    }
    json_set_string(document, "reason", reason);
    json_set_string(document, "since", since);
    char *text = json_text(document);
    bool ok = fs_write_atomic(path, text, strlen(text), err) || error_context(err, "clean-ups could not be stopped");
    mem_free(text);
    cJSON_Delete(document);
    mem_free(since);
    mem_free(path);
    return ok;
}

bool retention_unfreeze(const char *folder, const JobSink *sink, Error *err)
{
    char *path = fs_join(folder, RETENTION_FROZEN_FILE), *reason = retention_frozen(folder), *message = NULL;
    bool ok = false;
    if (!reason) {
        error_set(err, EK_NOT_FOUND, "clean-ups are not stopped");
        goto out;
    }
    message = mem_printf("Clean-ups are allowed again; they were stopped because %s", reason);
    ok = log_entry(folder, sink, "unfreeze", "success", NULL, message, err) && fs_remove(path, err);
out:
    mem_free(message);
    mem_free(reason);
    mem_free(path);
    return ok;
}

/* --- pins ---------------------------------------------------------------------------------------------- */

/* Changes the manifest; the folder's lock is held. */
static bool set_pin(const char *folder, const char *name, bool pinned, const char *reason, Error *err)
{
    char *backup = fs_join(folder, name), *path = folder_manifest_path(backup);
    Manifest manifest;
    Error why = ERROR_INIT;
    manifest_init(&manifest);
    bool ok = manifest_read(path, &manifest, &why);
    if (!ok && why.kind == EK_NOT_FOUND) {
        error_set(err, EK_SETTINGS, "%s has no manifest that could hold the pin", name);
        error_hint(err, "Verify it first: 'cmms-backup-cli verify %s'.", name);
    } else if (!ok) {
        error_context(&why, "the manifest of %s cannot be used", name);
        error_move(err, &why);
    } else {
        mem_free(manifest.pin_reason);
        manifest.pinned = pinned;
        manifest.pin_reason = pinned ? mem_strdup(reason) : NULL;
        ok = manifest_write(path, &manifest, err);
    }
    error_clear(&why);
    manifest_release(&manifest);
    mem_free(path);
    mem_free(backup);
    return ok;
}

static bool no_backup(const char *folder, const char *name, Error *err)
{
    error_set(err, EK_NOT_FOUND, "there is no backup %s in \"%s\"", name, folder);
    return error_hint(err, "Name one of the backups that 'cmms-backup-cli list' shows.");
}

bool retention_pin(const char *folder, const char *name, bool pinned, const char *reason, const JobSink *sink,
                   Error *err)
{
    FsLock *lock = NULL;
    Catalog catalog;
    catalog_init(&catalog);
    bool ok = folder_lock(folder, &lock, err) && catalog_load(folder, clock_now(), &catalog, err);
    if (ok) {
        const CatalogEntry *entry = find_entry(&catalog, name);
        char *message = pinned ? mem_printf("Pinned: %s", reason ? reason : "no reason was given")
                               : mem_strdup("No longer pinned");
        ok = entry ? set_pin(folder, name, pinned, reason, err) &&
                         log_entry(folder, sink, pinned ? "pin" : "unpin", "success", entry, message, err)
                   : no_backup(folder, name, err);
        mem_free(message);
    }
    catalog_release(&catalog);
    fs_unlock(lock);
    return ok;
}

/* --- the shrink alarm ---------------------------------------------------------------------------------- */

/* The newest good backup of the database. */
static const CatalogEntry *last_good(const Catalog *catalog, const char *source)
{
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        if (entry->ours && entry->has_manifest && (entry->level == LEVEL_VERIFIED || entry->level == LEVEL_PROVEN) &&
            source && entry->source && !strcmp(entry->source, source)) {
            return entry;
        }
    }
    return NULL;
}

/* Freezes before it pins: a freeze alone keeps everything. The first failure is told, the rest is done. */
static bool raise_alarm(const char *folder, const CatalogEntry *entry, const char *reason, Error *err)
{
    Error first = ERROR_INIT, why = ERROR_INIT;
    char *message = mem_printf("Shrink alarm: %s. The backup is pinned, and no old backup is removed", reason);
    bool ok = retention_freeze(folder, reason, &first);
    if (!entry->pinned && !set_pin(folder, entry->name, true, reason, ok ? &first : &why)) {
        ok = false;
    }
    if (!log_entry(folder, NULL, "alarm", "success", entry, message, ok ? &first : &why)) {
        ok = false;
    }
    if (!ok) {
        error_move(err, &first);
    }
    error_clear(&why);
    mem_free(message);
    return ok;
}

bool retention_watch(const char *folder, const Manifest *coming, const Settings *settings, int64_t now, char **warning,
                     Error *err)
{
    Catalog catalog;
    Manifest before;
    char *source = catalog_source(coming), *backup = NULL, *path = NULL, *loss = NULL;
    catalog_init(&catalog);
    manifest_init(&before);
    bool ok = catalog_load(folder, now, &catalog, err);
    const CatalogEntry *entry = ok ? last_good(&catalog, source) : NULL;
    if (entry) {
        backup = fs_join(folder, entry->name);
        path = folder_manifest_path(backup);
        ok = manifest_read(path, &before, err);
        loss = ok ? retention_loss(&before, coming, settings->shrink_alarm_percent) : NULL;
    }
    if (loss) {
        char *reason = mem_printf("%s since %s", loss, entry->name);
        ok = raise_alarm(folder, entry, reason, err);
        *warning = mem_printf("Shrink alarm: %s. That backup is pinned, and no old backup is removed until you say so "
                              "(cmms-backup-cli cleanup --unfreeze)",
                              reason);
        mem_free(reason);
    }
    mem_free(loss);
    mem_free(path);
    mem_free(backup);
    mem_free(source);
    manifest_release(&before);
    catalog_release(&catalog);
    return ok;
}

/* --- removing ------------------------------------------------------------------------------------------ */

static bool remove_files(const char *folder, const char *name, Error *err)
{
    char *path = fs_join(folder, name), *manifest = folder_manifest_path(path);
    bool ok = fs_remove(path, err);
    if (ok) {
        fs_remove(manifest, NULL); /* if it stays, folder_clean_up takes it */
    }
    mem_free(manifest);
    mem_free(path);
    return ok;
}

static bool still_there(const char *folder, const CatalogEntry *witness, Error *err)
{
    char *path = fs_join(folder, witness->name);
    FsInfo info;
    bool ok = fs_stat(path, &info, err);
    if (ok && info.size != witness->size) {
        ok = error_set(err, EK_DAMAGED, "%s has changed", witness->name);
    }
    mem_free(path);
    return ok || error_context(err, "nothing more is removed");
}

/* One removal. False with *stop: nothing more may go; without: this one stayed. */
static bool remove_one(const char *folder, const RetentionItem *item, const JobSink *sink, bool *stop, Error *err)
{
    const CatalogEntry *entry = item->entry;
    char *message = mem_printf("Removed: %s; %s is newer and verified", item->reason, item->witness->name);
    bool ok = still_there(folder, item->witness, err) &&
              log_entry(folder, sink, "cleanup", "success", entry, message, err);
    *stop = !ok;
    if (ok) {
        Error why = ERROR_INIT;
        ok = remove_files(folder, entry->name, &why);
        if (ok) {
            job_log(sink, LOG_INFO, "Removed %s: %s", entry->name, item->reason);
        } else {
            error_context(&why, "%s could not be removed", entry->name);
            char *text = error_text(&why);
            job_log(sink, LOG_WARNING, "%s", text);
            log_entry(folder, sink, "cleanup", "failed", entry, text, NULL);
            mem_free(text);
            error_move(err, &why);
        }
    }
    mem_free(message);
    return ok;
}

static bool apply(const char *folder, const RetentionPlan *plan, const JobSink *sink, const Cancel *cancel,
                  size_t *removed, Error *err)
{
    Error first = ERROR_INIT;
    bool ok = true, stop = false;
    for (size_t i = plan->count; i > 0 && !stop; i--) {
        Error why = ERROR_INIT;
        if (!plan->items[i - 1].remove) {
            continue;
        }
        if (cancel_requested(cancel)) {
            stop = true;
            error_set(&why, EK_CANCELLED, "the clean-up was stopped");
        } else if (remove_one(folder, &plan->items[i - 1], sink, &stop, &why)) {
            (*removed)++;
        }
        ok = ok && why.kind == EK_NONE;
        if (first.kind == EK_NONE) {
            error_move(&first, &why);
        }
        error_clear(&why);
    }
    if (!ok) {
        error_move(err, &first);
    }
    return ok;
}

static void mark_damaged(const char *folder, CatalogEntry *entry, const JobSink *sink, const Error *why)
{
    char *backup = fs_join(folder, entry->name), *path = folder_manifest_path(backup), *text = error_text(why);
    Manifest manifest;
    manifest_init(&manifest);
    entry->level = LEVEL_BAD;
    if (manifest_read(path, &manifest, NULL)) {
        manifest.level = LEVEL_BAD;
        manifest_write(path, &manifest, NULL); /* the plan knows it in any case */
    }
    job_log(sink, LOG_BAD, "%s is damaged and justifies no removal: %s", entry->name, text);
    log_entry(folder, sink, "verify", "failed", entry, text, NULL);
    manifest_release(&manifest);
    mem_free(text);
    mem_free(path);
    mem_free(backup);
}

/* A witness that has not been read yet, or SIZE_MAX. */
static size_t unread_witness(const Catalog *catalog, const RetentionPlan *plan, const bool *read)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].remove) {
            const size_t at = (size_t)(plan->items[i].witness - catalog->entries);
            if (!read[at]) {
                return at;
            }
        }
    }
    return SIZE_MAX;
}

/* Plans until each witness has been read to its last byte. */
static bool plan_surely(const char *folder, Catalog *catalog, const RetentionRules *rules, int64_t now,
                        const JobSink *sink, const Cancel *cancel, RetentionPlan *plan, Error *err)
{
    const JobSink quiet = {.progress = sink ? sink->progress : NULL, .context = sink ? sink->context : NULL};
    bool *read = mem_array(catalog->count, sizeof *read), ok = true;
    for (size_t i = 0; i < catalog->count; i++) {
        read[i] = rules->made && !strcmp(catalog->entries[i].name, rules->made);
    }
    for (;;) {
        retention_plan(catalog, rules, now, plan);
        const size_t at = unread_witness(catalog, plan, read);
        if (at == SIZE_MAX) {
            break;
        }
        char *path = fs_join(folder, catalog->entries[at].name);
        VerifyResult result;
        Error why = ERROR_INIT;
        verify_result_init(&result);
        read[at] = true;
        if (!verify_file(path, &quiet, cancel, &result, &why)) {
            if (why.kind == EK_DAMAGED) {
                mark_damaged(folder, &catalog->entries[at], sink, &why);
            } else {
                error_context(&why, "nothing was removed, because %s could not be checked", catalog->entries[at].name);
                ok = error_move(err, &why);
            }
        }
        error_clear(&why);
        verify_result_release(&result);
        mem_free(path);
        if (!ok) {
            break;
        }
    }
    mem_free(read);
    return ok;
}

bool retention_run(const char *folder, const Settings *settings, const char *made, int64_t now, const JobSink *sink,
                   const Cancel *cancel, size_t *removed, Error *err)
{
    Catalog catalog;
    RetentionPlan plan;
    char *frozen = retention_frozen(folder);
    RetentionRules rules = retention_rules(settings);
    rules.frozen = frozen;
    rules.made = made;
    *removed = 0;
    catalog_init(&catalog);
    retention_plan_init(&plan);
    bool ok = catalog_load(folder, now, &catalog, err) &&
              plan_surely(folder, &catalog, &rules, now, sink, cancel, &plan, err) &&
              apply(folder, &plan, sink, cancel, removed, err);
    if (*removed > 0) {
        job_log(sink, LOG_GOOD, "\xE2\x9C\x85 Cleanup complete! Removed %zu old backup(s).", *removed);
    }
    retention_plan_release(&plan);
    catalog_release(&catalog);
    mem_free(frozen);
    return ok;
}

/* --- deleting one by name ------------------------------------------------------------------------------ */

static bool may_delete(const Catalog *catalog, const CatalogEntry *entry, bool force, Error *err)
{
    if (entry->pinned) {
        error_set(err, EK_SETTINGS, "%s is pinned", entry->name);
        if (entry->pin_reason) {
            error_detail(err, "%s", entry->pin_reason);
        }
        return error_hint(err, "If it may go, unpin it first: 'cmms-backup-cli pin %s --off'.", entry->name);
    }
    if (force) {
        return true;
    }
    RetentionPlan plan;
    const RetentionRules rules = {.retention_days = 1, .max_backups = 1};
    retention_plan_init(&plan);
    retention_plan(catalog, &rules, clock_now(), &plan);
    const bool none_good = plan.good == 0;
    retention_plan_release(&plan);
    if (none_good) {
        error_set(err, EK_SETTINGS, "there is no verified backup that could take the place of %s", entry->name);
        return error_hint(err, "Make a backup first, or verify the ones that are there.");
    }
    if (entry->source && last_good(catalog, entry->source) == entry) {
        error_set(err, EK_SETTINGS, "%s is the newest verified backup of %s", entry->name, entry->source);
        return error_hint(err, "Make a newer backup first.");
    }
    return true;
}

bool retention_delete(const char *folder, const char *name, bool force, const JobSink *sink, Error *err)
{
    FsLock *lock = NULL;
    Catalog catalog;
    catalog_init(&catalog);
    bool ok = folder_lock(folder, &lock, err) && catalog_load(folder, clock_now(), &catalog, err);
    if (ok) {
        const CatalogEntry *entry = find_entry(&catalog, name);
        ok = entry ? may_delete(&catalog, entry, force, err) &&
                         log_entry(folder, sink, "delete", "success", entry,
                                   force ? "Deleted, although it may be the last good one" : "Deleted", err)
                   : no_backup(folder, name, err);
        if (ok && !remove_files(folder, name, err)) {
            ok = error_context(err, "%s could not be deleted", name);
            log_entry(folder, sink, "delete", "failed", entry, err ? err->message : NULL, NULL);
        }
    }
    catalog_release(&catalog);
    fs_unlock(lock);
    return ok;
}
