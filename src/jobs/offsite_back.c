/*
 * offsite_back.c: the catalog there, and the way back.
 *
 * A backup there counts when its manifest lies beside it, for that is uploaded last. What the manifest says is believed
 * as it is here: the bytes must have its SHA-256. The name here is given as a backup gets its own: compared, manifest,
 * rename (P1), under the folder's lock, because a clean-up takes a manifest without a backup that the log says was
 * removed.
 */
#include "jobs/offsite_back.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "cloud/download.h"
#include "offsite_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/folder.h"

#define MANIFEST_BYTES (16u * 1024u * 1024u)
#define READ_PART 0.95      /* of the time is the download */
#define READ_ENCRYPTED 0.9 /* of it, where what came is then decrypted */
#define DECRYPTED 0.97      /* and that is read again */
#define LOCK_PAUSE_MS 1000u

const char *remote_state_word(RemoteState state)
{
    static const char *const words[] = {"size and hash", "size", "differs", "no manifest", "not read"};
    return words[state];
}

void remote_list_init(RemoteList *list)
{
    *list = (RemoteList){.items = NULL};
}

void offsite_remote_release(Remote *remote)
{
    mem_free(remote->name);
    mem_free(remote->file);
    mem_free(remote->item);
    mem_free(remote->web_url);
    mem_free(remote->manifest_item);
    mem_free(remote->etag);
    mem_free(remote->manifest_etag);
    mem_free(remote->quickxor);
    manifest_release(&remote->manifest);
}

void remote_list_release(RemoteList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        offsite_remote_release(&list->items[i]);
    }
    mem_free(list->items);
    mem_free(list->place);
    remote_list_init(list);
}

void offsite_back_init(OffsiteBack *back)
{
    *back = (OffsiteBack){.path = NULL};
}

void offsite_back_release(OffsiteBack *back)
{
    mem_free(back->path);
    offsite_back_init(back);
}

/* --- the catalog there ------------------------------------------------------------------------------------ */

/* SharePoint's names know no case. */
static bool ends_with(const char *name, const char *suffix)
{
    const size_t len = strlen(name), tail = strlen(suffix);
    return len > tail && utf8_casecmp(name + len - tail, suffix) == 0;
}

static int newest_first(const void *a, const void *b)
{
    return -strcmp(((const Remote *)a)->name, ((const Remote *)b)->name);
}

static bool is_here(const char *folder, const char *name)
{
    char *path = folder == NULL ? NULL : fs_join(folder, name);
    const bool here = path != NULL && fs_exists(path);
    mem_free(path);
    return here;
}

static int by_name(const void *a, const void *b)
{
    const char *x = json_string(*(const cJSON *const *)a, "name", "");
    const char *y = json_string(*(const cJSON *const *)b, "name", "");
    return utf8_casecmp(x, y);
}

/* The item of a name among the sorted ones. */
static const cJSON *find_item(const cJSON *const *sorted, size_t count, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = utf8_casecmp(json_string(sorted[middle], "name", ""), name);
        if (order == 0) {
            return sorted[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* The name that it has here; NULL: it is none of a backup, or of no file here. Caller frees. */
static char *name_here(const char *name)
{
    const size_t tail = ends_with(name, AGE_SUFFIX) ? sizeof AGE_SUFFIX - 1 : 0;
    char *file = mem_strndup(name, strlen(name) - tail);
    if (!ends_with(file, ".backup") || !cloud_name_check(name, NULL) || strpbrk(name, "/\\:") != NULL) {
        mem_free(file);
        return NULL;
    }
    return file;
}

static bool is_file(const cJSON *item)
{
    return cJSON_GetObjectItem(item, "folder") == NULL && json_string(item, "id", NULL) != NULL &&
           graph_item_size(item) >= 0;
}

void remote_list_take(RemoteList *list, const cJSON *items, const char *folder)
{
    const size_t total = (size_t)cJSON_GetArraySize(items);
    const cJSON **sorted = mem_array(total, sizeof *sorted);
    const cJSON *item;
    size_t at = 0;
    cJSON_ArrayForEach(item, items) {
        sorted[at++] = item;
    }
    if (total > 0) {
        qsort((void *)sorted, total, sizeof *sorted, by_name);
    }
    remote_list_release(list);
    list->items = mem_array(total, sizeof *list->items);
    cJSON_ArrayForEach(item, items) {
        char *file = is_file(item) ? name_here(json_string(item, "name", "")) : NULL;
        if (file == NULL) {
            continue;
        }
        Remote *remote = &list->items[list->count++];
        char *manifest_name = folder_manifest_path(json_string(item, "name", ""));
        const cJSON *manifest = find_item(sorted, total, manifest_name);
        *remote = (Remote){.name = mem_strdup(json_string(item, "name", "")),
                           .file = file,
                           .encrypted = ends_with(json_string(item, "name", ""), AGE_SUFFIX),
                           .item = mem_strdup(json_string(item, "id", "")),
                           .web_url = mem_strdup(json_string(item, "webUrl", NULL)),
                           .quickxor = mem_strdup(graph_item_hash(item)),
                           .etag = mem_strdup(graph_item_etag(item)),
                           .bytes = (uint64_t)graph_item_size(item),
                           .state = manifest == NULL ? REMOTE_NO_MANIFEST : REMOTE_NOT_READ};
        remote->manifest_item = manifest == NULL ? NULL : mem_strdup(json_string(manifest, "id", NULL));
        remote->manifest_etag = manifest == NULL ? NULL : mem_strdup(graph_item_etag(manifest));
        remote->here = is_here(folder, remote->file);
        manifest_init(&remote->manifest);
        folder_parse_name(remote->file, &remote->created);
        mem_free(manifest_name);
    }
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof *list->items, newest_first);
    }
    mem_free((void *)sorted);
}

static RemoteState compare_encrypted(const Remote *remote, const Manifest *manifest)
{
    Sealed sealed;
    sealed_init(&sealed);
    RemoteState state = REMOTE_OTHER;
    if (sealed_of_manifest(manifest, &sealed) && strcmp(manifest->file, remote->file) == 0 &&
        strcmp(sealed.file, remote->name) == 0 && sealed.bytes == remote->bytes) {
        state = remote->quickxor == NULL                           ? REMOTE_SAME_SIZE
                : strcmp(sealed.quickxor, remote->quickxor) == 0 ? REMOTE_SAME
                                                                  : REMOTE_OTHER;
    }
    sealed_release(&sealed);
    return state;
}

RemoteState remote_compare(const Remote *remote, const Manifest *manifest)
{
    if (remote->encrypted) {
        return compare_encrypted(remote, manifest);
    }
    if (strcmp(manifest->file, remote->name) != 0 || manifest->bytes != remote->bytes) {
        return REMOTE_OTHER;
    }
    if (manifest->quickxor == NULL || remote->quickxor == NULL) {
        return REMOTE_SAME_SIZE;
    }
    return strcmp(manifest->quickxor, remote->quickxor) == 0 ? REMOTE_SAME : REMOTE_OTHER;
}

bool remote_was_read(const Remote *remote)
{
    return remote->state != REMOTE_NO_MANIFEST && remote->state != REMOTE_NOT_READ;
}

bool remote_can_come(const Remote *remote, Error *err)
{
    if (remote->state == REMOTE_NO_MANIFEST) {
        error_set(err, EK_NOT_FOUND, "%s has no manifest on SharePoint to compare it with", remote->name);
        return error_hint(err, "Its upload may not be finished, or others have put it there. With the browser it can "
                               "be saved and then verified.");
    }
    if (remote->state == REMOTE_OTHER) {
        error_set(err, EK_DAMAGED, "%s on SharePoint is not what its manifest says", remote->name);
        return error_hint(err, "Take another backup.");
    }
    return true;
}

size_t remote_list_first(const RemoteList *list)
{
    size_t i = 0;
    while (i < list->count && !remote_can_come(&list->items[i], NULL)) {
        i++;
    }
    return i;
}

const char *remote_where(const Remote *remote)
{
    return remote->here ? "both" : "there";
}

static void add_key(StrBuf *text, const Remote *remote)
{
    Sealed sealed;
    sealed_init(&sealed);
    if (remote->encrypted && sealed_of_manifest(&remote->manifest, &sealed)) {
        char *key = encryption_words(sealed.recipient, sealed.mark);
        strbuf_addf(text, " It is encrypted for %s.", key);
        mem_free(key);
    } else if (remote->encrypted) {
        strbuf_addstr(text, " It is encrypted.");
    }
    sealed_release(&sealed);
}

char *remote_text(const Remote *remote)
{
    const Manifest *manifest = &remote->manifest;
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    strbuf_addstr(&text, remote->name);
    if (manifest->database == NULL) { /* it was not read, or there is none */
        strbuf_addstr(&text, ": its manifest was not read yet.");
    } else {
        strbuf_addf(&text, ": of the database %s", manifest->database);
        if (manifest->computer != NULL) {
            strbuf_addf(&text, ", made on %s", manifest->computer);
        }
        if (manifest->user != NULL) {
            strbuf_addf(&text, " by %s", manifest->user);
        }
        strbuf_addstr(&text, ".");
    }
    add_key(&text, remote);
    char *made = mem_strdup(text.buf);
    strbuf_release(&text);
    return made;
}

/* One that cannot be used is as if it were not there; what keeps it from being asked for is an error. */
static bool read_manifest(Graph *graph, const CloudPlace *place, Remote *remote, const JobSink *sink,
                          const Cancel *cancel, Error *err)
{
    StrBuf text;
    Error failed = ERROR_INIT;
    char *name = folder_manifest_path(remote->name);
    strbuf_init(&text, MANIFEST_BYTES);
    bool ok = download_text(graph, place->drive, remote->manifest_item, name, cancel, &text, &failed);
    if (ok && !manifest_parse(text.buf, text.len, &remote->manifest, &failed)) {
        job_log(sink, LOG_WARNING, "The manifest of %s on SharePoint cannot be used: %s", remote->name,
                failed.message);
        remote->state = REMOTE_NO_MANIFEST;
        error_clear(&failed);
    } else if (ok) {
        remote->state = remote_compare(remote, &remote->manifest);
        remote->created = remote->manifest.started ? remote->manifest.started : remote->created;
    } else if (failed.kind == EK_NOT_FOUND) { /* gone since the listing */
        remote->state = REMOTE_NO_MANIFEST;
        error_clear(&failed);
        ok = true;
    } else {
        error_move(err, &failed);
    }
    strbuf_release(&text);
    mem_free(name);
    return ok;
}

static bool list_folder(Graph *graph, const CloudPlace *place, const char *folder, const Cancel *cancel,
                        RemoteList *list, Error *err)
{
    cJSON *items = NULL;
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, place->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, place->folder);
    strbuf_addstr(&path, "/children?$select=id,name,size,file,folder,webUrl,eTag&$top=200");
    const bool ok = graph_list(graph, path.buf, "the folder could not be read", cancel, &items, err);
    if (ok) {
        remote_list_take(list, items, folder);
        list->place = place_name(place);
    }
    cJSON_Delete(items);
    strbuf_release(&path);
    return ok;
}

bool offsite_list_in(Graph *graph, const CloudPlace *place, const char *folder, size_t most, const JobSink *sink,
                     const Cancel *cancel, RemoteList *list, Error *err)
{
    bool ok = list_folder(graph, place, folder, cancel, list, err);
    for (size_t i = 0; ok && i < list->count && i < most; i++) {
        if (list->items[i].manifest_item != NULL) {
            ok = read_manifest(graph, place, &list->items[i], sink, cancel, err);
        }
    }
    return ok;
}

bool offsite_list(const char *folder, size_t most, const JobSink *sink, const Cancel *cancel, RemoteList *list,
                  Error *err)
{
    CloudPlace place;
    PlaceSignIn sign_in;
    Graph *graph = NULL;
    place_init(&place);
    if (!place_load(&place, err)) {
        return false;
    }
    place_sign_in_init(&sign_in, &place);
    const bool ok = offsite_graph(&place, &sign_in, sink, 0, &graph, err) &&
                    offsite_list_in(graph, &place, folder, most, sink, cancel, list, err);
    graph_free(graph);
    place_sign_in_release(&sign_in);
    place_release(&place);
    return ok;
}

/* --- the way back ----------------------------------------------------------------------------------------- */

typedef struct Work {
    const char *folder;
    char *path, *manifest_path;
    Remote remote;
    CloudPlace place;
    ProgressMeter meter;
    const char *step;
    FsLock *lock;
    bool manifest_made;
    Sealed sealed;           /* of an encrypted one */
    const OffsiteKeys *keys; /* NULL: nobody to ask */
    AgeFrom key;
    const JobSink *sink;
    const Cancel *cancel;
} Work;

static void on_progress(void *context, const char *step, double part, uint64_t bytes)
{
    Work *work = context;
    if (work->step == NULL || strcmp(work->step, step) != 0) {
        const double read = work->remote.encrypted ? READ_ENCRYPTED : 1;
        const bool comparing = strcmp(step, "Comparing") == 0, decrypting = strcmp(step, "Decrypting") == 0;
        const bool checking = strcmp(step, "Checking") == 0;
        progress_stage(&work->meter, step,
                       checking ? DECRYPTED : decrypting ? read : comparing ? READ_PART * read : 0,
                       checking ? 1 : decrypting ? DECRYPTED : comparing ? read : READ_PART * read,
                       clock_monotonic_ms());
        work->step = step;
    }
    progress_update(&work->meter, part, bytes, clock_monotonic_ms());
}

static bool no_backup(const char *name, const CloudPlace *place, Error *err)
{
    char *where = place_name(place);
    error_set(err, EK_NOT_FOUND, "there is no backup %s on SharePoint, %s", name, where);
    mem_free(where);
    return error_hint(err, OFFSITE_NAME_ONE);
}

bool offsite_find(Graph *graph, const CloudPlace *place, const char *name, const Cancel *cancel, char **id,
                  cJSON **item, Error *err)
{
    GraphAnswer answer;
    StrBuf path;
    graph_answer_init(&answer);
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, place->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, place->folder);
    strbuf_addstr(&path, ":/");
    cloud_encode(&path, name);
    strbuf_addstr(&path, ":?$select=id,name,size,file,folder,webUrl,eTag");
    const GraphRequest request = {.method = "GET", .path = path.buf};
    bool ok = graph_call(graph, &request, cancel, &answer, err);
    const char *found = ok ? json_string(answer.json, "id", NULL) : NULL;
    if (ok && answer.status != 404 && (answer.status != 200 || found == NULL)) {
        ok = graph_problem(&answer, "the file could not be looked at on SharePoint", err);
    } else if (ok && answer.status == 200) {
        *id = mem_strdup(found);
        if (item != NULL) {
            *item = answer.json;
            answer.json = NULL;
        }
    }
    strbuf_release(&path);
    graph_answer_release(&answer);
    return ok;
}

/* The item of that very name; remote->item stays NULL where there is none. */
static bool find_named(Graph *graph, const CloudPlace *place, const char *name, const Cancel *cancel, Remote *remote,
                       Error *err)
{
    char *id = NULL;
    cJSON *item = NULL, *items = cJSON_CreateArray();
    RemoteList list;
    remote_list_init(&list);
    const bool ok = offsite_find(graph, place, name, cancel, &id, &item, err);
    if (ok && item != NULL) {
        cJSON_AddItemToArray(items, item);
        remote_list_take(&list, items, NULL);
    }
    if (list.count == 1) {
        offsite_remote_release(remote);
        *remote = list.items[0];
        list.count = 0;
    }
    cJSON_Delete(items);
    remote_list_release(&list);
    mem_free(id);
    return ok;
}

bool offsite_find_backup(Graph *graph, const CloudPlace *place, const char *name, const JobSink *sink,
                         const Cancel *cancel, Remote *remote, Error *err)
{
    Remote found = {.state = REMOTE_NO_MANIFEST};
    char *manifest_name = NULL, *encrypted = ends_with(name, AGE_SUFFIX) ? NULL : mem_printf("%s" AGE_SUFFIX, name);
    manifest_init(&found.manifest);
    bool ok = find_named(graph, place, name, cancel, &found, err) &&
              (found.item != NULL || encrypted == NULL ||
               find_named(graph, place, encrypted, cancel, &found, err));
    if (ok && found.item != NULL) {
        manifest_name = folder_manifest_path(found.name);
        ok = offsite_find(graph, place, manifest_name, cancel, &found.manifest_item, NULL, err) &&
             (found.manifest_item == NULL || read_manifest(graph, place, &found, sink, cancel, err));
    }
    if (ok) {
        offsite_remote_release(remote);
        *remote = found;
    } else {
        offsite_remote_release(&found);
    }
    mem_free(manifest_name);
    mem_free(encrypted);
    return ok;
}

static bool find_remote(Work *work, Graph *graph, const char *name, Error *err)
{
    const bool ok = offsite_find_backup(graph, &work->place, name, work->sink, work->cancel, &work->remote, err);
    if (ok && work->remote.item == NULL) {
        return no_backup(name, &work->place, err);
    }
    if (ok) {
        work->path = fs_join(work->folder, work->remote.file); /* as it is written there */
        work->manifest_path = folder_manifest_path(work->path);
    }
    return ok && remote_can_come(&work->remote, err);
}

/* Another file of that name is not replaced; the same one need not come. */
static bool look_here(const Work *work, bool *was_here, Error *err)
{
    Manifest manifest;
    FsInfo info;
    *was_here = false;
    if (!fs_exists(work->path)) {
        return true;
    }
    manifest_init(&manifest);
    *was_here = fs_stat(work->path, &info, NULL) && info.size == work->remote.manifest.bytes &&
                manifest_read(work->manifest_path, &manifest, NULL) &&
                strcmp(manifest.sha256, work->remote.manifest.sha256) == 0 && manifest.level != LEVEL_BAD;
    manifest_release(&manifest);
    if (*was_here) {
        return true;
    }
    error_set(err, EK_IO, "another file named %s is in \"%s\"", work->remote.file, work->folder);
    return error_hint(err, "If it is damaged, rename it or move it away; then try again.");
}

static bool enough_room(const Work *work, Error *err)
{
    char *partial = mem_printf("%s" DOWNLOAD_SUFFIX, work->path);
    uint64_t available = 0;
    FsInfo info = {.size = 0};
    fs_stat(partial, &info, NULL);
    mem_free(partial);
    uint64_t needed = work->remote.bytes > info.size ? work->remote.bytes - info.size : 0;
    needed += work->remote.encrypted ? work->remote.manifest.bytes : 0; /* both are there at the end */
    if (!fs_free_space(work->folder, &available, NULL) || available >= needed) {
        return true;
    }
    error_set(err, EK_SPACE, "the disk with the backup folder has %s free, and %s are to come",
              size_text(available).text, size_text(needed).text);
    return error_hint(err, "Free some space there, or choose another backup folder.");
}

static bool await_lock(Work *work, Error *err)
{
    bool told = false;
    for (;;) {
        Error why = ERROR_INIT;
        if (folder_lock_wait(work->folder, work->sink, work->cancel, &work->lock, &why)) {
            return true;
        }
        if (why.kind != EK_BUSY) {
            return error_move(err, &why);
        }
        if (!told) {
            job_log(work->sink, LOG_INFO, "The file is here; waiting until %s", why.message);
            told = true;
        }
        error_clear(&why);
        if (cancel_wait(work->cancel, LOCK_PAUSE_MS)) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
}

/* The manifest before the name. */
static bool commit(void *context, Error *err)
{
    Work *work = context;
    Manifest *manifest = &work->remote.manifest;
    if (!await_lock(work, err)) {
        return false;
    }
    if (!manifest->pinned) {
        char *when = clock_log_text(clock_now());
        manifest->pinned = true;
        mem_free(manifest->pin_reason);
        manifest->pin_reason = mem_printf("brought back from SharePoint on %s", when);
        mem_free(when);
    }
    sealed_to_manifest(NULL, manifest); /* here it is as it was made */
    work->manifest_made = true;
    return manifest_write(work->manifest_path, manifest, err);
}

/* What came is decrypted, and that gets the name. A partial of this name is an earlier try's: the backup itself is
 * finished, for its copy is on SharePoint. */
static bool place_decrypted(void *context, const char *came, Error *err)
{
    Work *work = context;
    char *partial = mem_printf("%s" FOLDER_PARTIAL_SUFFIX, work->path);
    const AgeJob job = {.from = came, .to = partial, .name = work->remote.name, .progress = on_progress,
                        .context = work};
    Error failed = ERROR_INIT;
    bool ok = fs_remove(partial, &failed) &&
              offsite_open_sealed(&job, &work->key, &work->remote.manifest, work->cancel, &failed);
    if (ok && !(commit(work, &failed) && fs_rename(partial, work->path, false, &failed))) {
        fs_remove(partial, NULL);
        ok = false;
    }
    if (failed.kind == EK_REFUSED) { /* the key fits the header that the manifest has */
        error_set(&failed, EK_DAMAGED, "%s: its header was changed", work->remote.name);
        error_hint(&failed, "Take another backup.");
    }
    if (ok || failed.kind == EK_DAMAGED || failed.kind == EK_FOREIGN) {
        fs_remove(came, NULL);
    }
    mem_free(partial);
    return ok || error_move(err, &failed);
}

/* A key for it, before anything comes. */
static bool find_key(Work *work, Error *err)
{
    return !work->remote.encrypted || offsite_find_key(&work->sealed, work->keys, &work->key, err);
}

static void log_outcome(const Work *work, double seconds, const Error *failed)
{
    char *place = place_name(&work->place);
    char *text = failed != NULL ? error_text(failed) : mem_printf("brought back from SharePoint, %s", place);
    Error not_kept = ERROR_INIT;
    const Manifest *manifest = &work->remote.manifest;
    const AuditEntry entry = {.operation = "download",
                              .status = failed != NULL ? "failed" : "success",
                              .backup_file = work->remote.file,
                              .message = text,
                              .file_size = manifest->bytes,
                              .seconds = seconds,
                              .sha256 = failed != NULL ? NULL : manifest->sha256,
                              .level = failed != NULL ? NULL : level_word(manifest->level),
                              .actor = job_actor(work->sink)};
    if (!auditlog_append(work->folder, &entry, &not_kept) && failed == NULL) {
        job_log(work->sink, LOG_WARNING, "The log could not be written: %s", not_kept.message);
    }
    error_clear(&not_kept);
    mem_free(text);
    mem_free(place);
}

/* It is there, and was compared there just now. */
static void note_copy(const Work *work)
{
    char *place = place_name(&work->place);
    char *key = work->sealed.mark == NULL ? NULL : encryption_words(work->sealed.recipient, work->sealed.mark);
    const Manifest *manifest = &work->remote.manifest;
    const Copy copy = {.file = work->remote.file,
                       .bytes = manifest->bytes,
                       .sha256 = manifest->sha256,
                       .level = manifest->level,
                       .created = manifest->started,
                       .state = COPY_THERE,
                       .when = clock_now(),
                       .hash = true,
                       .drive = work->place.drive,
                       .item = work->remote.item,
                       .place = place,
                       .web_url = work->remote.web_url,
                       .key = key};
    Error not_kept = ERROR_INIT;
    if (!copies_note(work->folder, &copy, &not_kept)) {
        job_log(work->sink, LOG_WARNING, "%s", not_kept.message);
    }
    error_clear(&not_kept);
    mem_free(key);
    mem_free(place);
}

static bool bring(Work *work, Graph *graph, OffsiteBack *back, Error *err)
{
    const bool encrypted = work->remote.encrypted && sealed_of_manifest(&work->remote.manifest, &work->sealed);
    const DownloadSpec spec = {.graph = graph,
                               .drive = work->place.drive,
                               .item = work->remote.item,
                               .path = work->path,
                               .sha256 = encrypted ? work->sealed.sha256 : work->remote.manifest.sha256,
                               .bytes = work->remote.bytes,
                               .progress = on_progress,
                               .context = work,
                               .commit = commit,
                               .place = encrypted ? place_decrypted : NULL};
    DownloadResult result;
    if (!look_here(work, &back->was_here, err)) {
        return false;
    }
    if (back->was_here) {
        job_log(work->sink, LOG_INFO, "%s is here already.", work->remote.file);
        return true;
    }
    if (!find_key(work, err)) {
        return false;
    }
    job_log(work->sink, LOG_INFO, "Downloading %s from SharePoint...", work->remote.name);
    const uint64_t started = clock_monotonic_ms();
    Error failed = ERROR_INIT;
    const bool ok = enough_room(work, &failed) && download_file(&spec, work->cancel, &result, &failed);
    if (!ok && work->manifest_made && !fs_exists(work->path)) {
        fs_remove(work->manifest_path, NULL); /* of a file that did not get its name */
    }
    fs_unlock(work->lock);
    work->lock = NULL;
    const double seconds = (double)(clock_monotonic_ms() - started) / 1000.0;
    if (ok) {
        back->resumed_at = result.resumed_at;
        log_outcome(work, seconds, NULL);
        note_copy(work);
        job_log(work->sink, LOG_GOOD, "Brought back: %s, %sand its SHA-256 is as recorded; it is pinned",
                work->remote.file, encrypted ? "decrypted, " : "");
        job_progress(work->sink, &(Progress){.fraction = 1, .step = "Brought back", .bytes = work->remote.bytes,
                                             .seconds_left = 0});
        return true;
    }
    if (failed.kind != EK_CANCELLED) {
        log_outcome(work, seconds, &failed);
    }
    return error_move(err, &failed);
}

bool offsite_download(const char *folder, const char *name, const JobSink *sink, const Cancel *cancel,
                      OffsiteBack *back, Error *err)
{
    return offsite_download_with(folder, name, NULL, sink, cancel, back, err);
}

bool offsite_download_with(const char *folder, const char *name, const OffsiteKeys *keys, const JobSink *sink,
                           const Cancel *cancel, OffsiteBack *back, Error *err)
{
    Work work = {.folder = folder, .keys = keys, .sink = sink, .cancel = cancel};
    PlaceSignIn sign_in;
    Graph *graph = NULL;
    OffsiteBack made;
    bool ok = false;
    offsite_back_init(&made);
    place_init(&work.place);
    sealed_init(&work.sealed);
    age_from_init(&work.key);
    manifest_init(&work.remote.manifest);
    progress_init(&work.meter, sink, clock_monotonic_ms());
    if (!cloud_name_check(name, err) || !place_load(&work.place, err)) {
        goto out;
    }
    place_sign_in_init(&sign_in, &work.place);
    ok = offsite_graph(&work.place, &sign_in, sink, 0, &graph, err) && find_remote(&work, graph, name, err) &&
         bring(&work, graph, &made, err);
    graph_free(graph);
    place_sign_in_release(&sign_in);
    if (ok) {
        made.path = mem_strdup(work.path);
        made.bytes = work.remote.manifest.bytes;
        memcpy(made.sha256, work.remote.manifest.sha256, sizeof made.sha256); /* 64 digits: manifest_read */
        offsite_back_release(back);
        *back = made;
    }
out:
    progress_release(&work.meter);
    age_from_release(&work.key);
    sealed_release(&work.sealed);
    offsite_remote_release(&work.remote);
    place_release(&work.place);
    mem_free(work.manifest_path);
    mem_free(work.path);
    return ok;
}
