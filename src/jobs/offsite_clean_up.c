/*
 * offsite_clean_up.c: what lies on SharePoint is made a catalog, and store/retention plans over it; here are the looks
 * before each removal, and the removal.
 *
 * Order. The log's entry comes first ("started"), as with a clean-up here; then the backup, for its own version alone
 * (If-Match), then its manifest, then the outcome. Killed between them: a manifest without a backup there, which nobody
 * takes for one; the next clean-up finds the open entry, looks for the very file that it names (another place may be
 * set up now, somebody may have renamed it), and takes the manifest away if no backup has come back.
 */
#include "jobs/offsite_clean_up.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "jobs/offsite_folder.h"
#include "offsite_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/settings.h"

#define OPERATION "offsite_cleanup"
#define HOLDER "a clean-up on SharePoint" /* of the uploads' lock; no file has that name */
#define SECONDS_A_DAY 86400

void offsite_clean_up_plan_init(OffsiteCleanUpPlan *plan)
{
    *plan = (OffsiteCleanUpPlan){.items = NULL};
}

void offsite_clean_up_plan_release(OffsiteCleanUpPlan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        mem_free(plan->items[i].name);
        mem_free(plan->items[i].computer);
        mem_free(plan->items[i].reason);
    }
    mem_free(plan->items);
    mem_free(plan->place);
    mem_free(plan->stopped);
    offsite_clean_up_plan_init(plan);
}

/* --- what would go ---------------------------------------------------------------------------------------- */

static const Remote *find_remote(const RemoteList *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* A pin that was set here, and an alarm that was looked at here, are not in the manifest that was uploaded before. */
static void take_from_here(Catalog *there, const Catalog *here)
{
    for (size_t i = 0; i < there->count; i++) {
        CatalogEntry *entry = &there->entries[i];
        for (size_t k = 0; entry->has_manifest && k < here->count; k++) {
            const CatalogEntry *own = &here->entries[k];
            if (strcmp(own->name, entry->name) != 0 || own->sha256 == NULL || strcmp(own->sha256, entry->sha256) != 0) {
                continue;
            }
            if (own->pinned && !entry->pinned) {
                entry->pinned = true;
                mem_free(entry->pin_reason);
                entry->pin_reason = mem_strdup(own->pin_reason);
            }
            if (own->confirmed || (own->alarm != NULL && entry->alarm == NULL)) {
                mem_free(entry->alarm);
                entry->alarm = mem_strdup(own->alarm);
                entry->confirmed = own->confirmed;
            }
        }
    }
}

static bool is_ours(const Remote *remote, const OffsiteOwn *own)
{
    const Copy *copy = copies_find(own->copies, remote->name, remote->bytes, remote->manifest.sha256);
    return copy != NULL && copy->state == COPY_THERE && copy->ours && strcmp(copy->drive, own->drive) == 0 &&
           strcmp(copy->item, remote->item) == 0;
}

/* Why it stays, whatever the rules say; NULL: they decide. Static, but for *owned. */
static const char *why_kept(const Remote *remote, const OffsiteOwn *own, char **owned)
{
    if (remote->encrypted && remote->state == REMOTE_SAME) {
        return "it is encrypted, and whether its key is still kept is not known here";
    }
    switch (remote->state) {
    case REMOTE_SAME: break;
    case REMOTE_SAME_SIZE: return "SharePoint has not said its hash yet";
    case REMOTE_OTHER: return "it is not what its manifest says: look at it on SharePoint";
    case REMOTE_NO_MANIFEST: return "it has no manifest there: an upload that is not finished, or somebody else's file";
    case REMOTE_NOT_READ: return "its manifest was not read";
    }
    if (remote->etag == NULL || remote->manifest_etag == NULL) {
        return "SharePoint does not say which version of it lies there";
    }
    const char *maker = remote->manifest.computer;
    if (own != NULL && (maker == NULL || utf8_casecmp(maker, own->computer) != 0)) {
        *owned = mem_printf("made by another computer%s%s, whose settings may say otherwise", maker == NULL ? "" : ", ",
                            maker == NULL ? "" : maker);
        return *owned;
    }
    if (own != NULL && !is_ours(remote, own)) {
        return "this backup folder has not brought it there, and another's pins and settings are not known here";
    }
    return NULL;
}

void offsite_clean_up_judge(const RemoteList *list, const Catalog *here, const RetentionRules *rules,
                            const OffsiteOwn *own, int64_t now, Catalog *there, RetentionPlan *plan)
{
    catalog_release(there);
    for (size_t i = 0; i < list->count; i++) {
        const Remote *remote = &list->items[i];
        const bool counts = remote->state == REMOTE_SAME && !remote->encrypted;
        catalog_add(there, remote->name, remote->bytes, counts ? &remote->manifest : NULL);
    }
    catalog_sort(there, now);
    take_from_here(there, here);
    retention_plan(there, rules, now, plan);
    for (size_t i = 0; i < plan->count; i++) {
        RetentionItem *item = &plan->items[i];
        char *owned = NULL;
        const Remote *remote = find_remote(list, item->entry->name);
        const char *why = remote == NULL ? NULL : why_kept(remote, own, &owned);
        /* What the rules keep by themselves has the better reason; but not "no manifest" for one that has one. */
        if (why != NULL && (item->remove || remote->state != REMOTE_SAME || remote->encrypted)) {
            plan->removals -= item->remove;
            item->remove = false;
            item->leaves = 0;
            mem_free(item->reason);
            item->reason = owned != NULL ? owned : mem_strdup(why);
            owned = NULL;
        }
        mem_free(owned);
    }
}

typedef struct Work {
    const OffsiteCleanUpSpec *spec;
    CloudPlace place;
    PlaceSignIn sign_in;
    Graph *graph;
    RemoteList list;
    Catalog here, there;
    RetentionPlan plan;
    char *stopped;
    const JobSink *sink;
    const Cancel *cancel;
} Work;

static void work_init(Work *work, const OffsiteCleanUpSpec *spec, const JobSink *sink, const Cancel *cancel)
{
    *work = (Work){.spec = spec, .sink = sink, .cancel = cancel};
    place_init(&work->place);
    place_sign_in_init(&work->sign_in, &work->place);
    remote_list_init(&work->list);
    catalog_init(&work->here);
    catalog_init(&work->there);
    retention_plan_init(&work->plan);
}

static void work_release(Work *work)
{
    retention_plan_release(&work->plan);
    catalog_release(&work->there);
    catalog_release(&work->here);
    remote_list_release(&work->list);
    graph_free(work->graph);
    place_sign_in_release(&work->sign_in);
    place_release(&work->place);
    mem_free(work->stopped);
}

static bool open_place(Work *work, Error *err)
{
    char *dir = NULL;
    if (!offsite_folder_load(&dir, err)) {
        return false;
    }
    if (dir != NULL) {
        error_set(err, EK_SETTINGS,
                  "copies go to a folder that OneDrive keeps in step, and nothing is cleaned up there");
        mem_free(dir);
        return error_hint(err, "Remove what is old in that folder yourself; OneDrive removes it on SharePoint then.");
    }
    return place_load(&work->place, err) &&
           offsite_graph(&work->place, &work->sign_in, work->sink, 0, &work->graph, err);
}

/* A sentence where the clocks are too far apart for "older than 30 days" to mean anything, or SharePoint's is not
 * known. Caller frees. */
static char *clock_problem(const OffsiteStatus *status)
{
    const int64_t off = status->clock_ahead < 0 ? -status->clock_ahead : status->clock_ahead;
    if (!status->clock_known) {
        return mem_strdup("SharePoint did not say what time it is there");
    }
    return off <= SECONDS_A_DAY ? NULL
                                : mem_printf("this computer's clock and SharePoint's differ by %lld day(s)",
                                             (long long)(off / SECONDS_A_DAY));
}

/* The defaults of a folder that is new, or another than before, are nobody's word. */
static const char *no_settings(const char *folder)
{
    char *path = fs_join(folder, SETTINGS_FILE);
    const bool there = fs_exists(path);
    mem_free(path);
    return there ? NULL : "no settings were ever saved in this backup folder: save them once";
}

static bool make_plan(Work *work, Error *err)
{
    const char *folder = work->spec->folder;
    const int64_t now = clock_now();
    Settings settings;
    OffsiteStatus status;
    Copies copies;
    copies_init(&copies);
    settings_init(&settings);
    offsite_status_init(&status);
    char *computer = machine_host_name();
    const OffsiteOwn own = {.computer = computer != NULL ? computer : "", .copies = &copies,
                            .drive = work->place.drive};
    char *frozen = retention_frozen(folder);
    const char *unsaved = no_settings(folder);
    bool ok = settings_load(folder, &settings, err) && catalog_load(folder, now, &work->here, err) &&
              copies_load(folder, &copies, err) &&
              offsite_look(work->sink, work->cancel, &status, err) &&
              offsite_list_in(work->graph, &work->place, folder, SIZE_MAX, work->sink, work->cancel, &work->list, err);
    if (ok) {
        if (settings.notice != NULL) {
            job_log(work->sink, LOG_WARNING, "%s", settings.notice);
        }
        char *clock = clock_problem(&status);
        RetentionRules rules = retention_rules(&settings);
        rules.frozen = frozen != NULL ? frozen : clock;
        rules.keep_all = rules.keep_all != NULL ? rules.keep_all : unsaved;
        work->stopped = mem_strdup(rules.frozen != NULL ? rules.frozen : rules.keep_all);
        offsite_clean_up_judge(&work->list, &work->here, &rules, work->spec->all ? NULL : &own, now, &work->there,
                               &work->plan);
        mem_free(clock);
    }
    mem_free(frozen);
    mem_free(computer);
    copies_release(&copies);
    offsite_status_release(&status);
    settings_release(&settings);
    return ok;
}

bool offsite_clean_up_plan(const OffsiteCleanUpSpec *spec, const JobSink *sink, const Cancel *cancel,
                           OffsiteCleanUpPlan *plan, Error *err)
{
    Work work;
    work_init(&work, spec, sink, cancel);
    const bool ok = open_place(&work, err) && make_plan(&work, err);
    if (ok) {
        offsite_clean_up_plan_release(plan);
        plan->items = mem_array(work.plan.count, sizeof *plan->items);
        plan->count = work.plan.count;
        plan->good = work.plan.good;
        plan->removals = work.plan.removals;
        plan->place = place_name(&work.place);
        plan->stopped = mem_strdup(work.stopped);
        for (size_t i = 0; i < plan->count; i++) {
            const RetentionItem *item = &work.plan.items[i];
            const Remote *remote = find_remote(&work.list, item->entry->name);
            plan->items[i] = (OffsiteOld){.name = mem_strdup(item->entry->name),
                                          .computer = remote ? mem_strdup(remote->manifest.computer) : NULL,
                                          .bytes = item->entry->size,
                                          .created = item->entry->created,
                                          .age_days = item->entry->age_days,
                                          .level = item->entry->level,
                                          .remove = item->remove,
                                          .reason = mem_strdup(item->reason)};
        }
    }
    work_release(&work);
    return ok;
}

/* --- removing --------------------------------------------------------------------------------------------- */

/* there: of what is removed, for "started"; or NULL. */
static bool log_entry(const Work *work, const char *status, const char *name, uint64_t bytes, const char *message,
                      const char *there, Error *err)
{
    const AuditEntry logged = {.operation = OPERATION,
                               .status = status,
                               .backup_file = name,
                               .message = message,
                               .file_size = bytes,
                               .seconds = -1,
                               .actor = job_actor(work->sink),
                               .there = there};
    return auditlog_append(work->spec->folder, &logged, err);
}

static char *item_path(const Work *work, const char *item, const char *query)
{
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, work->place.drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, item);
    strbuf_addstr(&path, query);
    return strbuf_detach(&path);
}

bool offsite_is_unchanged(const Remote *remote, const cJSON *item)
{
    const char *hash = graph_item_hash(item), *etag = graph_item_etag(item);
    return strcmp(json_string(item, "id", ""), remote->item) == 0 &&
           strcmp(json_string(item, "name", ""), remote->name) == 0 && etag != NULL && remote->etag != NULL &&
           strcmp(etag, remote->etag) == 0 && graph_item_size(item) == (int64_t)remote->bytes && hash != NULL &&
           remote->quickxor != NULL && strcmp(hash, remote->quickxor) == 0;
}

/* Asks for it once more. *unchanged: it is there as it was listed. */
static bool look_again(const Work *work, const Remote *remote, bool *unchanged, Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    char *path = item_path(work, remote->item, "?$select=id,name,size,file,eTag");
    const GraphRequest request = {.method = "GET", .path = path};
    bool ok = graph_call(work->graph, &request, work->cancel, &answer, err);
    if (ok && answer.status != 200 && answer.status != 404) {
        ok = graph_problem(&answer, "the file could not be looked at on SharePoint", err);
    }
    *unchanged = ok && answer.status == 200 && offsite_is_unchanged(remote, answer.json);
    mem_free(path);
    graph_answer_release(&answer);
    return ok;
}

typedef enum Gone {
    GONE_NOT, /* it is another version now */
    GONE_NOW, /* into the recycle bin */
    GONE_BEFORE /* somebody had moved or removed it; or this did, and the answer was lost */
} Gone;

/* One version of an item goes into the recycle bin. */
static bool recycle(const Work *work, const char *item, const char *etag, Gone *gone, Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    char *path = item_path(work, item, "");
    const GraphRequest request = {.method = "DELETE", .path = path, .if_match = etag};
    bool ok = graph_call(work->graph, &request, work->cancel, &answer, err);
    *gone = !ok ? GONE_NOT : answer.status == 204 ? GONE_NOW : answer.status == 404 ? GONE_BEFORE : GONE_NOT;
    if (ok && *gone == GONE_NOT && answer.status != 412) {
        ok = graph_problem(&answer, "it could not be removed on SharePoint", err);
    }
    mem_free(path);
    graph_answer_release(&answer);
    return ok;
}

/* Whether an item of the library is there, wherever it lies in it and whatever its name is now. */
static bool is_there(const Work *work, const char *item, bool *there, Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    char *path = item_path(work, item, "?$select=id");
    const GraphRequest request = {.method = "GET", .path = path};
    bool ok = graph_call(work->graph, &request, work->cancel, &answer, err);
    if (ok && answer.status != 200 && answer.status != 404) {
        ok = graph_problem(&answer, "the file could not be looked at on SharePoint", err);
    }
    *there = ok && answer.status == 200;
    mem_free(path);
    graph_answer_release(&answer);
    return ok;
}

/* A manifest that has no backup there. Which version it is, is asked first: an upload that brings the backup back since
 * then brings another. */
static bool recycle_left(const Work *work, const char *name, Error *err)
{
    char *id = NULL, *backup = NULL, *manifest_name = folder_manifest_path(name);
    cJSON *item = NULL;
    Gone gone = GONE_NOT;
    bool ok = offsite_find(work->graph, &work->place, manifest_name, work->cancel, &id, &item, err) &&
              offsite_find(work->graph, &work->place, name, work->cancel, &backup, NULL, err);
    if (ok && backup == NULL && id != NULL && graph_item_etag(item) != NULL) {
        ok = recycle(work, id, graph_item_etag(item), &gone, err);
    }
    cJSON_Delete(item);
    mem_free(backup);
    mem_free(id);
    mem_free(manifest_name);
    return ok;
}

/* A removal that was begun, and of which it is not known how it ended. What lies in another library now than it did
 * then cannot be looked at. */
static bool close_entry(const Work *work, const cJSON *entry, Error *err)
{
    const char *file = json_string(entry, "backup_file", ""), *where = json_string(entry, "there", "");
    const char *slash = strrchr(where, '/'), *drive = work->place.drive, *folder = work->spec->folder;
    const uint64_t bytes = (uint64_t)json_int(entry, "file_size", 0);
    bool there = false;
    if (slash == NULL || strlen(drive) != (size_t)(slash - where) || strncmp(where, drive, strlen(drive)) != 0) {
        return log_entry(work, "failed", file, bytes,
                         "Whether it was removed from SharePoint is not known: the program was ended before, and "
                         "another library is set up now", NULL, err);
    }
    const char *item = slash + 1;
    bool ok = is_there(work, item, &there, err);
    if (ok && !there) {
        ok = recycle_left(work, file, err) && copies_forget(folder, file, drive, item, err);
    }
    return ok && log_entry(work, there ? "failed" : "success", file, bytes,
                           there ? "Not removed from SharePoint: the program was ended before"
                                 : "It is no longer on SharePoint; the program was ended before it could say so",
                           NULL, err);
}

/* What the log says as begun and not as ended. */
static bool close_open_entries(const Work *work, Error *err)
{
    cJSON *log = NULL;
    Error why = ERROR_INIT;
    bool ok = auditlog_read(work->spec->folder, AUDITLOG_KEEP, &log, &why) || why.kind == EK_DAMAGED;
    if (!ok) {
        error_context(&why, "nothing was removed");
        return error_move(err, &why);
    }
    error_clear(&why);
    const cJSON *entry, *later;
    cJSON_ArrayForEach(entry, log) {
        const char *file = json_string(entry, "backup_file", NULL);
        bool open = ok && file != NULL && strcmp(json_string(entry, "operation", ""), OPERATION) == 0 &&
                    strcmp(json_string(entry, "status", ""), "started") == 0 && cloud_name_check(file, NULL);
        for (later = entry->next; open && later != NULL; later = later->next) {
            open = strcmp(json_string(later, "operation", ""), OPERATION) != 0 ||
                   strcmp(json_string(later, "backup_file", ""), file) != 0;
        }
        ok = !open || close_entry(work, entry, err);
    }
    cJSON_Delete(log);
    return ok;
}

static bool was_seen(const OffsiteCleanUpSpec *spec, const char *name)
{
    for (size_t i = 0; spec->names != NULL && i < spec->name_count; i++) {
        if (strcmp(spec->names[i], name) == 0) {
            return true;
        }
    }
    return spec->names == NULL;
}

/* What must not have changed. *stop: nothing more may go. */
static bool may_go(const Work *work, const RetentionItem *item, const Remote *remote, bool *stop, bool *stays,
                   Error *err)
{
    const Remote *witness = find_remote(&work->list, item->witness->name);
    bool unchanged = false;
    *stop = true;
    if (witness == NULL || !look_again(work, witness, &unchanged, err)) {
        return false;
    }
    if (!unchanged) {
        error_set(err, EK_BUSY, "nothing more is removed: %s on SharePoint has changed", item->witness->name);
        return error_hint(err, "Look at the list of what is there, then try again.");
    }
    if (!look_again(work, remote, &unchanged, err)) {
        return false;
    }
    *stop = false;
    *stays = !unchanged;
    return true;
}

/* The log has its entry already. *gone: GONE_NOT: it stays. */
static bool take_away(const Work *work, const Remote *remote, Gone *gone, Error *err)
{
    Gone manifest = GONE_NOT;
    if (!recycle(work, remote->item, remote->etag, gone, err)) {
        return error_context(err, "%s", remote->name);
    }
    if (*gone == GONE_NOT) {
        return true;
    }
    if (!recycle(work, remote->manifest_item, remote->manifest_etag, &manifest, err)) {
        return error_context(err, "the manifest of %s", remote->name);
    }
    if (manifest == GONE_NOT) { /* it is theirs */
        job_log(work->sink, LOG_WARNING, "The manifest of %s stays on SharePoint: somebody has changed it",
                remote->name);
    }
    return copies_forget(work->spec->folder, remote->name, work->place.drive, remote->item, err);
}

static void stays(const Work *work, const Remote *remote, const char *why)
{
    job_log(work->sink, LOG_WARNING, "%s stays on SharePoint: %s", remote->name, why);
}

static const char changed[] = "somebody has changed or replaced it since it was looked at";

static bool tell_gone(const Work *work, const RetentionItem *item, const Remote *remote, Gone gone, Error *err)
{
    char *done = NULL;
    if (gone == GONE_NOT) {
        stays(work, remote, changed);
        return log_entry(work, "failed", remote->name, remote->bytes, "Not removed from SharePoint: it was replaced",
                         NULL, err);
    }
    if (gone == GONE_NOW) {
        job_log(work->sink, LOG_INFO, "Moved %s to SharePoint's recycle bin: %s", remote->name, item->reason);
        done = mem_printf("Moved to SharePoint's recycle bin: %s", item->reason);
    } else {
        job_log(work->sink, LOG_INFO, "%s is no longer on SharePoint", remote->name);
        done = mem_strdup("It is no longer on SharePoint: this clean-up, or somebody before it, has removed it");
    }
    const bool ok = log_entry(work, "success", remote->name, remote->bytes, done, NULL, err);
    mem_free(done);
    return ok;
}

static bool remove_one(const Work *work, const RetentionItem *item, bool *stop, size_t *removed, Error *err)
{
    const Remote *remote = find_remote(&work->list, item->entry->name);
    bool kept = false;
    Gone gone = GONE_NOT;
    Error why = ERROR_INIT;
    if (!may_go(work, item, remote, stop, &kept, err)) {
        return false;
    }
    if (kept) {
        stays(work, remote, changed);
        return true;
    }
    char *message = mem_printf("Removing from SharePoint: %s; %s is newer and verified there", item->reason,
                               item->witness->name);
    char *there = mem_printf("%s/%s", work->place.drive, remote->item);
    bool ok = log_entry(work, "started", remote->name, remote->bytes, message, there, err);
    *stop = !ok;
    if (ok && !take_away(work, remote, &gone, &why)) {
        char *text = error_text(&why);
        /* Once the backup has gone its entry stays open, so that the next clean-up takes the manifest. */
        if (gone == GONE_NOT) {
            log_entry(work, "failed", remote->name, remote->bytes, text, NULL, NULL);
        }
        job_log(work->sink, LOG_WARNING, "%s", text);
        mem_free(text);
        *stop = why.kind != EK_IO && why.kind != EK_NOT_FOUND; /* the others would fail as well */
        ok = error_move(err, &why);
    } else if (ok) {
        *removed += gone == GONE_NOW;
        ok = tell_gone(work, item, remote, gone, err);
        *stop = !ok;
    }
    mem_free(there);
    mem_free(message);
    return ok;
}

static bool apply(const Work *work, size_t *removed, Error *err)
{
    Error first = ERROR_INIT;
    bool stop = false;
    for (size_t i = work->plan.count; i > 0 && !stop; i--) {
        const RetentionItem *item = &work->plan.items[i - 1];
        Error why = ERROR_INIT;
        if (!item->remove || !was_seen(work->spec, item->entry->name)) {
            continue;
        }
        if (cancel_requested(work->cancel)) {
            stop = true;
            error_set(&why, EK_CANCELLED, "the clean-up was stopped");
        } else {
            remove_one(work, item, &stop, removed, &why);
        }
        if (first.kind == EK_NONE) {
            error_move(&first, &why);
        }
        error_clear(&why);
    }
    return first.kind == EK_NONE || error_move(err, &first);
}

bool offsite_clean_up(const OffsiteCleanUpSpec *spec, const JobSink *sink, const Cancel *cancel, size_t *removed,
                      Error *err)
{
    Work work;
    FsLock *lock = NULL;
    *removed = 0;
    work_init(&work, spec, sink, cancel);
    /* No upload meanwhile, and no other clean-up: what is found there, and noted here, would not hold. */
    if (!folder_upload_lock(spec->folder, HOLDER, &lock, err)) {
        error_context(err, "nothing was removed");
        work_release(&work);
        return false;
    }
    bool ok = open_place(&work, err) && close_open_entries(&work, err) && make_plan(&work, err) &&
              apply(&work, removed, err);
    fs_unlock(lock);
    if (*removed > 0) {
        job_log(sink, LOG_GOOD, "%zu old backup(s) are in SharePoint's recycle bin now.", *removed);
    }
    work_release(&work);
    return ok;
}
