/*
 * retention_run.c: takes backups away, pins them, freezes. retention.c decides.
 *
 * Order. The log's entry comes first ("started: Removing"): nothing disappears without one, and what cannot be logged
 * stays. Then the backup, then its manifest, then the outcome ("success", "failed"). Killed between them: a manifest
 * without a backup, which folder_clean_up removes, because the log says so; or an entry without an outcome, which the
 * next clean-up writes by looking whether the file is there (`close_open_entries`).
 *
 * Before each removal the witness is looked at once more: there, and of its size. Everything runs under the folder's
 * lock, so no other program of ours changes the folder meanwhile. An upload does not hold it, for it may take hours:
 * what is being uploaded is asked for by itself (folder_removal_lock), and stays until the next clean-up.
 */
#include "store/retention.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/source.h"

#define FROZEN_MAX 65536u /* bytes of the file */
#define BY_HAND    "by_hand" /* `reason` is a person's */
#define STOPPED    "stopped" /* a person's words beside an alarm */
#define STOP_SAID  "Clean-ups are stopped: " /* how it begins in the log; and how there an alarm ends that is not it */
#define ANSWERED   "The alarm was answered: "
#define BASELINE_DAYS 35  /* at least: the alarm compares with the most that a table had in so many days */
#define BASELINE_MOST 96u /* manifests that are read for it: there may be a dozen a day, so of most days one is */
#define EACH_DAYS 2       /* but all of the last */
#define SECONDS_A_DAY 86400

static bool log_entry(const char *folder, const JobSink *sink, const char *operation, const char *status,
                      const CatalogEntry *entry, const char *message, Error *err)
{
    const AuditEntry logged = {.operation = operation, .status = status, .message = message, .seconds = -1,
                               .backup_file = entry ? entry->name : NULL,
                               .file_size = entry ? entry->size : 0,
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

/* Each has its own end: who answers an alarm ends no stop that somebody asked for. */
typedef struct Frozen {
    char *alarm; /* owned: what is to be looked at, or NULL */
    char *stop;  /* owned: in which words a person stopped it, or NULL */
} Frozen;

static void frozen_release(Frozen *frozen)
{
    mem_free(frozen->alarm);
    mem_free(frozen->stop);
}

static void read_frozen(const char *folder, Frozen *frozen)
{
    char *path = fs_join(folder, RETENTION_FROZEN_FILE);
    cJSON *document = NULL;
    Error why = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, FROZEN_MAX);
    *frozen = (Frozen){NULL, NULL};
    if (fs_read_all(path, FROZEN_MAX, &sb, &why) && json_parse(sb.buf, sb.len, &document, &why)) {
        char *reason = mem_strdup(json_string(document, "reason", "no reason is recorded"));
        if (json_bool(document, BY_HAND, false)) {
            frozen->stop = reason;
        } else {
            frozen->alarm = reason;
            frozen->stop = mem_strdup(json_string(document, STOPPED, NULL));
        }
    } else if (why.kind != EK_NOT_FOUND || !folder_is_there(folder, &why)) {
        frozen->alarm = mem_printf("%s cannot be read: %s", RETENTION_FROZEN_FILE, why.message);
    } else { /* a sync client, or somebody, may have taken the file away; an alarm is in its manifest as well */
        frozen->stop = auditlog_standing(folder, "freeze", STOP_SAID, "unfreeze", ANSWERED);
    }
    error_clear(&why);
    cJSON_Delete(document);
    strbuf_release(&sb);
    mem_free(path);
}

static char *reason_of(const char *folder, bool also_stop)
{
    Frozen frozen;
    read_frozen(folder, &frozen);
    char *reason = mem_strdup(frozen.alarm || !also_stop ? frozen.alarm : frozen.stop);
    frozen_release(&frozen);
    return reason;
}

char *retention_frozen(const char *folder)
{
    return reason_of(folder, true);
}

char *retention_alarm(const char *folder)
{
    return reason_of(folder, false);
}

/* Neither: it is frozen no more. */
static bool write_frozen(const char *folder, const char *alarm, const char *stop, Error *err)
{
    char *path = fs_join(folder, RETENTION_FROZEN_FILE);
    if (!alarm && !stop) {
        const bool gone = fs_remove(path, err);
        mem_free(path);
        return gone;
    }
    char *since = clock_log_text(clock_now());
    cJSON *document = cJSON_CreateObject();
    if (!document) {
        mem_out();
    }
    json_set_string(document, "reason", alarm ? alarm : stop);
    json_set_string(document, "since", since);
    if (!alarm) {
        json_set_bool(document, BY_HAND, true);
    } else if (stop) {
        json_set_string(document, STOPPED, stop);
    }
    char *text = json_text(document);
    bool ok = fs_write_atomic(path, text, strlen(text), err) || error_context(err, "clean-ups could not be stopped");
    mem_free(text);
    cJSON_Delete(document);
    mem_free(since);
    mem_free(path);
    return ok;
}

bool retention_freeze(const char *folder, const char *reason, Error *err)
{
    Frozen there;
    read_frozen(folder, &there);
    const bool ok = write_frozen(folder, reason, there.stop, err);
    frozen_release(&there);
    return ok;
}

/* The stop before its entry in the log: without the entry it still keeps everything. */
bool retention_stop(const char *folder, const char *reason, const JobSink *sink, Error *err)
{
    FsLock *lock = NULL;
    Frozen there = {NULL, NULL};
    bool ok = folder_lock(folder, &lock, err);
    if (ok) {
        read_frozen(folder, &there);
    }
    char *user = machine_user_name();
    const char *actor = job_actor(sink);
    char *words = mem_printf("%s asked for it%s%s%s", actor ? actor : user, reason ? " (" : "", reason ? reason : "",
                             reason ? ")" : "");
    char *message = mem_printf(STOP_SAID "%s", words);
    if (there.stop) {
        ok = error_set(err, EK_SETTINGS, "clean-ups are stopped already: %s", there.stop);
    }
    ok = ok && write_frozen(folder, there.alarm, words, err) &&
         log_entry(folder, sink, "freeze", "success", NULL, message, err);
    fs_unlock(lock);
    mem_free(message);
    mem_free(words);
    mem_free(user);
    frozen_release(&there);
    return ok;
}

/* Says in the manifest of each backup with an alarm, from that one on to older ones, who has looked at it. */
static bool confirm_alarms(const char *folder, const Catalog *catalog, size_t first, const JobSink *sink, Error *err)
{
    char *user = machine_user_name(), *when = clock_log_text(clock_now());
    const char *actor = job_actor(sink);
    char *words = mem_printf("%s, %s", actor ? actor : user, when);
    bool ok = true;
    for (size_t i = first; ok && i < catalog->count; i++) {
        if (!catalog->entries[i].alarm) {
            continue;
        }
        char *backup = fs_join(folder, catalog->entries[i].name), *path = folder_manifest_path(backup);
        Manifest manifest;
        manifest_init(&manifest);
        ok = manifest_read(path, &manifest, err);
        if (ok) {
            mem_free(manifest.alarm_confirmed);
            manifest.alarm_confirmed = mem_strdup(words);
            ok = manifest_write(path, &manifest, err);
        }
        manifest_release(&manifest);
        mem_free(path);
        mem_free(backup);
    }
    mem_free(words);
    mem_free(when);
    mem_free(user);
    return ok;
}

/* The newest backup with that alarm, or (NULL) with any; the catalog's count: there is none. */
static size_t find_alarm(const Catalog *catalog, const char *alarm)
{
    size_t i = 0;
    while (i < catalog->count && (!catalog->entries[i].alarm ||
                                  (alarm && strcmp(catalog->entries[i].alarm, alarm) != 0))) {
        i++;
    }
    return i;
}

static bool is_shown(const char *shown, const char *reason)
{
    return reason && (!shown || strcmp(shown, reason) == 0);
}

/* Ends the alarm; a person's stop stays. */
static bool answer_alarm(const char *folder, const Catalog *catalog, size_t first, const Frozen *there,
                         const JobSink *sink, Error *err)
{
    const char *alarm = there->alarm ? there->alarm : catalog->entries[first].alarm;
    char *message = there->stop ? mem_printf(ANSWERED "%s; clean-ups stay stopped: %s", alarm, there->stop)
                                : mem_printf("Clean-ups are allowed again; they were stopped because %s", alarm);
    const bool ok = log_entry(folder, sink, "unfreeze", "success", NULL, message, err) &&
                    confirm_alarms(folder, catalog, first, sink, err) &&
                    write_frozen(folder, NULL, there->stop, err);
    mem_free(message);
    return ok;
}

/* An alarm that came meanwhile stays. */
static bool end_stop(const char *folder, const Frozen *there, const JobSink *sink, Error *err)
{
    char *message = mem_printf("Clean-ups are allowed again; they were stopped because %s", there->stop);
    const bool ok = log_entry(folder, sink, "unfreeze", "success", NULL, message, err) &&
                    write_frozen(folder, there->alarm, NULL, err);
    mem_free(message);
    return ok;
}

bool retention_unfreeze(const char *folder, const char *shown, const JobSink *sink, Error *err)
{
    FsLock *lock = NULL;
    Catalog catalog;
    Frozen there = {NULL, NULL};
    catalog_init(&catalog);
    bool ok = folder_lock(folder, &lock, err) && catalog_load(folder, clock_now(), &catalog, err);
    if (ok) {
        read_frozen(folder, &there);
        const size_t any = find_alarm(&catalog, NULL), first = there.alarm ? any : find_alarm(&catalog, shown);
        if (there.alarm ? is_shown(shown, there.alarm) : first < catalog.count) {
            ok = answer_alarm(folder, &catalog, first, &there, sink, err);
        } else if (is_shown(shown, there.stop)) {
            ok = end_stop(folder, &there, sink, err);
        } else if (there.alarm || there.stop || any < catalog.count) {
            ok = error_set(err, EK_BUSY, "clean-ups were stopped for another reason meanwhile: %s",
                           there.alarm ? there.alarm : any < catalog.count ? catalog.entries[any].alarm : there.stop);
        } else {
            ok = error_set(err, EK_NOT_FOUND, "clean-ups are not stopped");
        }
    }
    fs_unlock(lock);
    catalog_release(&catalog);
    frozen_release(&there);
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
        error_hint(err, "Verify it first: that makes one.");
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
    return error_hint(err, "Name one of the backups that are in the list.");
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

/* The most that each table had, the large objects as well, and in which backup. */
typedef struct Baseline {
    Manifest most;                 /* its tables, sorted as by_table has them */
    const CatalogEntry **of_table; /* the backup of each */
    const CatalogEntry *of_objects;
} Baseline;

typedef struct Had {
    const TableCount *table;
    const CatalogEntry *entry;
} Had;

static int by_table(const void *a, const void *b)
{
    const Had *x = a, *y = b;
    const int schema = strcmp(x->table->schema, y->table->schema);
    const int order = schema ? schema : strcmp(x->table->name, y->table->name);
    return order ? order : (x->table->rows < y->table->rows) - (x->table->rows > y->table->rows);
}

/* Of each table the row with the most. */
static void take_most(Had *had, size_t count, Baseline *base)
{
    if (count) {
        qsort(had, count, sizeof *had, by_table);
    }
    base->of_table = mem_array(count, sizeof *base->of_table);
    for (size_t i = 0; i < count; i++) {
        const TableCount *table = had[i].table;
        if (i > 0 && !strcmp(table->schema, had[i - 1].table->schema) && !strcmp(table->name, had[i - 1].table->name)) {
            continue;
        }
        base->of_table[base->most.table_count] = had[i].entry;
        manifest_add_table(&base->most, table->schema, table->name, table->rows, table->expected, 0);
    }
}

/* The good backups of the source whose counts the coming one is measured by: of the last weeks one a day (or of the
 * future: to be warned once more does no harm), and each month's newest that is kept, back to an alarm that a person
 * has confirmed. Newest first; caller frees. */
static const CatalogEntry **measures(const Catalog *catalog, const Source *source, const Settings *settings,
                                     int64_t now, size_t *count)
{
    const CatalogEntry **found = mem_array(BASELINE_MOST, sizeof *found);
    int last_month = -1, last_day = -1;
    *count = 0;
    for (size_t i = 0; i < catalog->count && *count < BASELINE_MOST; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        if (!retention_counts(entry, entry->created) || !source_same(&entry->from, source)) {
            continue;
        }
        CivilTime t;
        clock_local(entry->created, &t);
        const int month = t.year * 12 + t.month, day = month * 31 + t.day;
        const int64_t age = (now - entry->created) / SECONDS_A_DAY;
        const bool recent = age < EACH_DAYS || (age <= BASELINE_DAYS && day != last_day);
        const bool kept = settings->keep_monthly > 0 || age <= settings->retention_days;
        if (*count == 0 || recent || (kept && month != last_month)) {
            found[(*count)++] = entry;
        }
        last_month = month;
        last_day = day;
        if (entry->confirmed) {
            break;
        }
    }
    return found;
}

bool retention_watch(const char *folder, Manifest *coming, const Settings *settings, int64_t now, char **warning,
                     Error *err)
{
    Catalog catalog;
    Source source;
    Baseline base = {.of_table = NULL};
    Manifest *manifests = NULL;
    Had *had = NULL;
    const CatalogEntry **found = NULL;
    size_t count = 0, tables = 0;
    catalog_init(&catalog);
    source_init(&source);
    manifest_init(&base.most);
    source_of_manifest(coming, &source);
    bool ok = catalog_load(folder, now, &catalog, err);
    if (ok) {
        found = measures(&catalog, &source, settings, now, &count);
        manifests = mem_array(count, sizeof *manifests);
    }
    for (size_t i = 0; i < count; i++) {
        char *backup = fs_join(folder, found[i]->name), *path = folder_manifest_path(backup);
        Error why = ERROR_INIT;
        manifest_init(&manifests[i]);
        if (!manifest_read(path, &manifests[i], &why) && ok) {
            ok = error_move(err, &why);
        }
        error_clear(&why);
        tables += manifests[i].table_count;
        if (manifests[i].large_objects > base.most.large_objects) {
            base.most.large_objects = manifests[i].large_objects;
            base.of_objects = found[i];
        }
        mem_free(path);
        mem_free(backup);
    }
    had = mem_array(tables, sizeof *had);
    tables = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < manifests[i].table_count; k++) {
            had[tables++] = (Had){&manifests[i].tables[k], found[i]};
        }
    }
    take_most(had, tables, &base);
    const TableCount *worst = NULL;
    char *loss = retention_loss(&base.most, coming, settings->shrink_alarm_percent, &worst);
    if (loss) {
        const CatalogEntry *entry = worst ? base.of_table[worst - base.most.tables] : base.of_objects;
        char *reason = mem_printf("%s since %s", loss, entry->name);
        Error why = ERROR_INIT;
        mem_free(coming->alarm); /* whatever else fails: while nobody confirms it, nothing of this source goes */
        coming->alarm = mem_strdup(reason);
        if (!raise_alarm(folder, entry, reason, &why) && ok) {
            ok = error_move(err, &why);
        }
        error_clear(&why);
        *warning = mem_printf("Shrink alarm: %s. That backup is pinned, and no old backup is removed until you allow "
                              "clean-ups again",
                              reason);
        mem_free(reason);
    }
    for (size_t i = 0; i < count; i++) {
        manifest_release(&manifests[i]);
    }
    mem_free(loss);
    mem_free(had);
    mem_free(manifests);
    mem_free((void *)found);
    mem_free((void *)base.of_table);
    manifest_release(&base.most);
    source_release(&source);
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

/* What the log says as begun and not as ended: whether the file is there says how it went. */
static bool close_open_entries(const char *folder, const JobSink *sink, Error *err)
{
    cJSON *log = NULL;
    Error why = ERROR_INIT;
    bool ok = auditlog_read(folder, AUDITLOG_KEEP, &log, &why) || why.kind == EK_DAMAGED; /* that will be kept aside */
    const cJSON *entry, *later;
    if (!ok) {
        error_context(&why, "nothing was removed");
        return error_move(err, &why);
    }
    error_clear(&why);
    cJSON_ArrayForEach(entry, log) {
        const char *file = json_string(entry, "backup_file", NULL), *operation = json_string(entry, "operation", "");
        /* The predecessor's backups begin with such an entry, too. */
        bool open = ok && file && !strcmp(json_string(entry, "status", ""), "started") &&
                    (!strcmp(operation, "cleanup") || !strcmp(operation, "delete"));
        for (later = entry->next; open && later; later = later->next) {
            const char *other = json_string(later, "backup_file", NULL);
            open = !other || strcmp(other, file) != 0;
        }
        if (!open) {
            continue;
        }
        char *path = fs_join(folder, file);
        const bool there = fs_exists(path);
        const AuditEntry closing = {.operation = operation, .backup_file = file, .seconds = -1,
                                    .status = there ? "failed" : "success", .actor = job_actor(sink),
                                    .message = there ? "Not removed: the program was ended before"
                                                     : "Removed; the program was ended before it could say so",
                                    .file_size = (uint64_t)json_int(entry, "file_size", 0)};
        ok = auditlog_append(folder, &closing, err);
        mem_free(path);
    }
    cJSON_Delete(log);
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

/* Where copies are asked for, a removal says what it leaves: the copy there, or none. */
static const char *where_else(const CatalogEntry *entry, bool asked)
{
    const bool there = entry->copy && entry->copy->state == COPY_THERE;
    return there ? "; a copy was brought to SharePoint" : asked ? "; it had no copy on SharePoint" : "";
}

/* One removal. False with *stop: nothing more may go; without: this one stayed. */
static bool remove_one(const char *folder, const RetentionItem *item, bool asked, const JobSink *sink, bool *stop,
                       size_t *removed, Error *err)
{
    const CatalogEntry *entry = item->entry;
    const char *copy = where_else(entry, asked);
    FsLock *upload = NULL;
    Error uploading = ERROR_INIT;
    if (!folder_removal_lock(folder, entry->name, &upload, &uploading)) {
        *stop = false;
        if (uploading.kind != EK_BUSY) {
            return error_move(err, &uploading);
        }
        job_log(sink, LOG_INFO, "%s stays until the next clean-up: it is being uploaded", entry->name);
        error_clear(&uploading);
        return true;
    }
    char *message = mem_printf("Removing: %s%s; %s is newer and verified", item->reason, copy, item->witness->name);
    bool ok = still_there(folder, item->witness, err) &&
              log_entry(folder, sink, "cleanup", "started", entry, message, err);
    *stop = !ok;
    if (ok) {
        Error why = ERROR_INIT;
        ok = remove_files(folder, entry->name, &why);
        if (ok) {
            char *done = mem_printf("Removed: %s%s", item->reason, copy);
            (*removed)++;
            job_log(sink, LOG_INFO, "Removed %s: %s%s", entry->name, item->reason, copy);
            ok = log_entry(folder, sink, "cleanup", "success", entry, done, err);
            *stop = !ok; /* the next clean-up writes it */
            mem_free(done);
        } else {
            error_context(&why, "%s could not be removed", entry->name);
            char *text = error_text(&why);
            job_log(sink, LOG_WARNING, "%s", text);
            log_entry(folder, sink, "cleanup", "failed", entry, text, NULL);
            mem_free(text);
            error_move(err, &why);
        }
    }
    fs_unlock(upload);
    mem_free(message);
    return ok;
}

static bool apply(const char *folder, const RetentionPlan *plan, bool asked, const JobSink *sink, const Cancel *cancel,
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
        } else {
            remove_one(folder, &plan->items[i - 1], asked, sink, &stop, removed, &why);
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

/* For words alone: what cannot be read says nothing, and keeps nothing from going. */
static void add_copies(const char *folder, Catalog *catalog)
{
    Copies copies;
    copies_init(&copies);
    if (copies_load(folder, &copies, NULL)) {
        catalog_add_copies(catalog, &copies);
    }
    copies_release(&copies);
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
    bool ok = catalog_load(folder, now, &catalog, err);
    if (ok) {
        add_copies(folder, &catalog);
    }
    ok = ok && close_open_entries(folder, sink, err) &&
         plan_surely(folder, &catalog, &rules, now, sink, cancel, &plan, err) &&
         apply(folder, &plan, settings->upload_after_backup, sink, cancel, removed, err);
    if (*removed > 0) {
        job_log(sink, LOG_GOOD, "\xE2\x9C\x85 Cleanup complete! Removed %zu old backup(s).", *removed);
    }
    retention_plan_release(&plan);
    catalog_release(&catalog);
    mem_free(frozen);
    return ok;
}

/* --- deleting one by name ------------------------------------------------------------------------------ */

/* Whether that one, being good, may take the place of this one. Of one whose source is not known only the database's
 * name can be compared. */
static bool stands_for(const CatalogEntry *good, const CatalogEntry *entry)
{
    if (entry->from.key) {
        return source_same_place(&good->from, &entry->from);
    }
    return good == entry || (good->from.database && entry->from.database &&
                             !strcmp(good->from.database, entry->from.database));
}

static size_t newest_that_stands_for(const Catalog *catalog, const CatalogEntry *entry)
{
    const int64_t now = clock_now();
    for (size_t i = 0; i < catalog->count; i++) {
        if (retention_counts(&catalog->entries[i], now) && stands_for(&catalog->entries[i], entry)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool is_read(const RetentionRead *read, const CatalogEntry *entry)
{
    for (size_t i = 0; i < read->count; i++) {
        if (!strcmp(read->names[i], entry->name)) {
            return true;
        }
    }
    return false;
}

void retention_read_release(RetentionRead *read)
{
    for (size_t i = 0; i < read->count; i++) {
        mem_free(read->names[i]);
    }
    mem_free(read->names);
    *read = (RetentionRead){NULL, 0};
}

/* The good one that would be left is read to its last byte before another goes, once for all that go together. Found
 * damaged, it is no longer the newest good one. */
static bool surely_left(const char *folder, Catalog *catalog, const CatalogEntry *entry, RetentionRead *read,
                        const JobSink *sink, const Cancel *cancel, Error *err)
{
    const JobSink quiet = {.progress = sink ? sink->progress : NULL, .context = sink ? sink->context : NULL};
    const bool counts = retention_counts(entry, entry->created); /* of the future it may be the last */
    for (;;) {
        const size_t at = newest_that_stands_for(catalog, entry);
        CatalogEntry *left = at == SIZE_MAX ? NULL : &catalog->entries[at];
        if (!left && !counts) {
            return true; /* and there are others */
        }
        if (!left || left == entry) {
            error_set(err, EK_SETTINGS, "%s is the newest verified backup%s%s", entry->name,
                      entry->source ? " of " : "", entry->source ? entry->source : "");
            return error_hint(err, "Make a newer backup first.");
        }
        if (!counts) {
            return true;
        }
        if (is_read(read, left)) {
            return still_there(folder, left, err);
        }
        char *path = fs_join(folder, left->name);
        VerifyResult result;
        Error why = ERROR_INIT;
        verify_result_init(&result);
        bool good = verify_file(path, &quiet, cancel, &result, &why);
        verify_result_release(&result);
        mem_free(path);
        if (good) {
            read->names = mem_resize(read->names, read->count + 1, sizeof *read->names);
            read->names[read->count++] = mem_strdup(left->name);
            return true;
        }
        if (why.kind != EK_DAMAGED) {
            error_context(&why, "%s was not deleted, because %s could not be checked", entry->name, left->name);
            return error_move(err, &why);
        }
        mark_damaged(folder, left, sink, &why);
        error_clear(&why);
    }
}

static bool may_delete(const char *folder, Catalog *catalog, const CatalogEntry *entry, bool force, RetentionRead *read,
                       const JobSink *sink, const Cancel *cancel, Error *err)
{
    if (entry->pinned) {
        error_set(err, EK_SETTINGS, "%s is pinned", entry->name);
        if (entry->pin_reason) {
            error_detail(err, "%s", entry->pin_reason);
        }
        return error_hint(err, "If it may go, unpin it first.");
    }
    if (force) {
        return true;
    }
    bool any = false;
    for (size_t i = 0; i < catalog->count; i++) {
        any = any || retention_counts(&catalog->entries[i], clock_now());
    }
    if (!any) {
        error_set(err, EK_SETTINGS, "there is no verified backup that could take the place of %s", entry->name);
        return error_hint(err, "Make a backup first, or verify the ones that are there.");
    }
    return surely_left(folder, catalog, entry, read, sink, cancel, err);
}

bool retention_delete(const char *folder, const char *name, bool force, RetentionRead *read, const JobSink *sink,
                      const Cancel *cancel, Error *err)
{
    FsLock *lock = NULL, *upload = NULL;
    Catalog catalog;
    catalog_init(&catalog);
    bool ok = folder_lock_wait(folder, sink, cancel, &lock, err) &&
              catalog_load(folder, clock_now(), &catalog, err);
    if (ok) {
        const CatalogEntry *entry = find_entry(&catalog, name);
        ok = entry ? may_delete(folder, &catalog, entry, force, read, sink, cancel, err) &&
                         folder_removal_lock(folder, name, &upload, err) &&
                         log_entry(folder, sink, "delete", "started", entry,
                                   force ? "Deleting, although it may be the last good one" : "Deleting", err)
                   : no_backup(folder, name, err);
        if (ok && !remove_files(folder, name, err)) {
            ok = error_context(err, "%s could not be deleted", name);
            log_entry(folder, sink, "delete", "failed", entry, err ? err->message : NULL, NULL);
        } else if (ok) {
            ok = log_entry(folder, sink, "delete", "success", entry,
                           force ? "Deleted, although it may be the last good one" : "Deleted", err);
        }
    }
    catalog_release(&catalog);
    fs_unlock(upload);
    fs_unlock(lock);
    return ok;
}
