/*
 * heartbeats.c: two places, one manner. The clock of the place is that by which it dates what is written there: on
 * SharePoint the one that comes with its answers, in a folder the date of the file that was written just now.
 */
#include "jobs/heartbeats.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "cloud/download.h"
#include "cloud/graph.h"
#include "cloud/place.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/share.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define KNOWN_MAX 1048576u /* bytes of the file of what was seen */
#define FILES_MAX 1000u    /* that are looked at in a place */
#define READS_MAX 220u     /* that are read on SharePoint in one look: somebody may have put many there */
#define LOOK_MS 60000u
#define UNIT_MS 50u        /* nobody waits long for a heartbeat: what fails is tried at the next run */

typedef struct Shared {
    const char *folder;
    bool cloud;
    CloudPlace place;
    PlaceSignIn sign_in;
    Graph *graph;
    unsigned reads;
    uint64_t until; /* on SharePoint: a look takes no longer */
    char *name; /* in SeenComputers */
} Shared;

/* --- where ------------------------------------------------------------------------------------------------ */

static void shared_release(Shared *shared)
{
    graph_free(shared->graph);
    if (shared->cloud) {
        place_sign_in_release(&shared->sign_in);
    }
    place_release(&shared->place);
    mem_free(shared->name);
}

/* Without asking anybody. */
static bool shared_find(Shared *shared, const char *folder, Error *err)
{
    Error why = ERROR_INIT;
    *shared = (Shared){.folder = folder};
    place_init(&shared->place);
    if (place_load(&shared->place, &why)) {
        shared->cloud = true;
        place_sign_in_init(&shared->sign_in, &shared->place);
        shared->name = mem_printf("sharepoint:%s/%s", shared->place.drive, shared->place.folder);
        return true;
    }
    if (why.kind != EK_NOT_FOUND) {
        return error_move(err, &why);
    }
    error_clear(&why);
    char *share = share_path(folder); /* which the task names, and the window may name by its drive */
    shared->name = mem_printf("folder:%s", share != NULL ? share : folder);
    mem_free(share);
    return true;
}

static bool shared_open(Shared *shared, Error *err)
{
    const GraphSetup setup = {.endpoint = shared->place.graph,
                              .unit_ms = UNIT_MS,
                              .seconds = HEARTBEATS_SECONDS,
                              .token = place_token,
                              .context = &shared->sign_in};
    return !shared->cloud || graph_new(&setup, &shared->graph, err);
}

/* --- what was seen ---------------------------------------------------------------------------------------- */

static char *known_path(void)
{
    char *dir = machine_local_data_dir();
    char *path = dir != NULL ? fs_join(dir, HEARTBEATS_FILE) : NULL;
    mem_free(dir);
    return path;
}

/* What is damaged or of another place is as if nothing had been seen. */
static void load_known(const char *place, SeenComputers *seen)
{
    StrBuf text;
    char *path = known_path();
    strbuf_init(&text, KNOWN_MAX);
    seen_release(seen);
    if (path == NULL || !fs_read_all(path, KNOWN_MAX, &text, NULL) || !seen_parse(text.buf, text.len, seen) ||
        seen->place == NULL || strcmp(seen->place, place) != 0) {
        seen_release(seen);
    }
    strbuf_release(&text);
    mem_free(path);
}

static bool save_known(const SeenComputers *seen, Error *err)
{
    char *path = known_path();
    char *text = seen_text(seen);
    const bool ok = path != NULL ? fs_write_atomic(path, text, strlen(text), err)
                                 : error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    mem_free(text);
    mem_free(path);
    return ok;
}

void heartbeats_known(const char *folder, SeenComputers *seen)
{
    Shared shared;
    if (shared_find(&shared, folder, NULL)) {
        load_known(shared.name, seen);
    } else {
        seen_release(seen);
    }
    shared_release(&shared);
}

/* --- SharePoint ------------------------------------------------------------------------------------------- */

static bool put_file(Shared *shared, const char *file, const char *text, const Cancel *cancel, int64_t *now, Error *err)
{
    GraphAnswer answer;
    StrBuf path;
    graph_answer_init(&answer);
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, shared->place.drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, shared->place.folder);
    strbuf_addstr(&path, ":/");
    cloud_encode(&path, file);
    strbuf_addstr(&path, ":/content?@microsoft.graph.conflictBehavior=replace");
    const GraphRequest request = {.method = "PUT", .path = path.buf, .json = text};
    bool ok = graph_send(shared->graph, &request, cancel, &answer, err);
    if (ok && answer.status != 200 && answer.status != 201) {
        ok = graph_problem(&answer, "the heartbeat could not be left on SharePoint", err);
    } else if (ok) {
        *now = answer.date > 0 ? answer.date : clock_now();
    }
    strbuf_release(&path);
    graph_answer_release(&answer);
    return ok;
}

/* "2026-11-30T12:00:00Z", and with fractions of a second. */
static int64_t item_time(const cJSON *item)
{
    int64_t moment = 0;
    const char *text = json_string(item, "lastModifiedDateTime", "");
    char *whole = mem_printf("%.19sZ", text);
    const bool ok = clock_parse_iso(whole, &moment);
    mem_free(whole);
    return ok && moment > 0 ? moment : 0;
}

/* Of that file alone: gone, damaged, rights that are broken on it, checked out. A sign-in that ends meanwhile, or
 * SharePoint that is too busy, says nothing of it: that was no look. */
static bool is_of_file(const Error *why)
{
    const char *status = why->detail != NULL ? why->detail : "";
    return why->kind == EK_NOT_FOUND || why->kind == EK_DAMAGED ||
           (why->kind == EK_REFUSED && strncmp(status, "status 401", 10) != 0) ||
           (why->kind == EK_BUSY && strncmp(status, "status 423", 10) == 0);
}

static bool look_at_item(Shared *shared, const cJSON *item, const Cancel *cancel, SeenLook *look, Error *err)
{
    char computer[HEARTBEAT_NAME];
    const char *file = json_string(item, "name", "");
    const char *id = json_string(item, "id", NULL);
    if (!heartbeat_computer(file, computer) || id == NULL || cJSON_GetObjectItem(item, "folder") != NULL) {
        return true;
    }
    char *tag = mem_printf("%s %s %lld", json_string(item, "eTag", ""), json_string(item, "lastModifiedDateTime", ""),
                           (long long)graph_item_size(item));
    Error why = ERROR_INIT;
    StrBuf text;
    bool ok = true;
    strbuf_init(&text, HEARTBEAT_MAX);
    shared->reads += seen_is_new(look, file, tag);
    if (!seen_is_new(look, file, tag) || shared->reads > READS_MAX) {
        seen_same(look, file);
    } else if (graph_item_size(item) > (int64_t)HEARTBEAT_MAX) {
        seen_file(look, file, tag, item_time(item), NULL, 0);
    } else if (download_text(shared->graph, shared->place.drive, id, file, cancel, &text, &why)) {
        seen_file(look, file, tag, item_time(item), text.buf, text.len);
    } else if (is_of_file(&why)) {
        seen_file(look, file, tag, item_time(item), NULL, 0);
        error_clear(&why);
    } else {
        ok = error_move(err, &why);
    }
    strbuf_release(&text);
    mem_free(tag);
    return ok;
}

static bool look_at_items(Shared *shared, const cJSON *items, bool known, const Cancel *cancel, SeenLook *look,
                          Error *err)
{
    unsigned count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, items) {
        char computer[HEARTBEAT_NAME];
        if (!heartbeat_computer(json_string(item, "name", ""), computer) ||
            (seen_find(look->seen, computer) != NULL) != known) {
            continue;
        }
        if (++count > FILES_MAX) {
            break;
        }
        if (clock_monotonic_ms() > shared->until) { /* what was not looked at is not silent */
            return error_set(err, EK_CONNECT,
                             "the heartbeats of the other computers could not all be read in a minute");
        }
        if (!look_at_item(shared, item, cancel, look, err)) {
            return false;
        }
    }
    return true;
}

static bool look_at_cloud(Shared *shared, const Cancel *cancel, SeenLook *look, Error *err)
{
    cJSON *items = NULL;
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, shared->place.drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, shared->place.folder);
    strbuf_addstr(&path, "/children?$select=id,name,size,folder,eTag,lastModifiedDateTime&$top=200");
    bool ok = graph_list(shared->graph, path.buf, "the heartbeats of the other computers could not be read", cancel,
                         &items, err);
    /* Those that are known first: whatever else somebody puts there keeps nobody from seeing them. */
    ok = ok && look_at_items(shared, items, true, cancel, look, err) &&
         look_at_items(shared, items, false, cancel, look, err);
    cJSON_Delete(items);
    strbuf_release(&path);
    return ok;
}

/* --- a folder --------------------------------------------------------------------------------------------- */

static bool write_file(const Shared *shared, const char *file, const char *text, int64_t *now, Error *err)
{
    char *path = fs_join(shared->folder, file);
    FsInfo info;
    FsLock *lock = NULL;
    /* A clean-up takes unfinished temporary files for what a crash left, unless it sees this lock. */
    const bool ok = folder_files_lock(shared->folder, &lock, err) && fs_write_atomic(path, text, strlen(text), err);
    fs_unlock(lock);
    if (ok) {
        *now = fs_stat(path, &info, NULL) && info.modified > 0 ? info.modified : clock_now();
    } else {
        error_context(err, "the heartbeat could not be left in the backup folder");
    }
    mem_free(path);
    return ok;
}

typedef struct Files {
    char *names[FILES_MAX];
    FsInfo infos[FILES_MAX];
    size_t count;
} Files;

static bool note_file(void *context, const char *name, const FsInfo *info)
{
    Files *files = context;
    char computer[HEARTBEAT_NAME];
    if (!info->is_dir && heartbeat_computer(name, computer)) {
        files->names[files->count] = mem_strdup(name);
        files->infos[files->count++] = *info;
    }
    return files->count < FILES_MAX;
}

static void look_at_file(const Shared *shared, const char *file, const FsInfo *info, SeenLook *look)
{
    char *path = fs_join(shared->folder, file);
    StrBuf text;
    strbuf_init(&text, HEARTBEAT_MAX);
    /* Those of other PCs come as placeholders where a sync client brings them: so few bytes are fetched. One that
     * cannot be had now is there, and says nothing. */
    const bool read = info->size <= HEARTBEAT_MAX && fs_read_all(path, HEARTBEAT_MAX, &text, NULL);
    char *tag = mem_printf("%lld %s", (long long)info->modified, read ? text.buf : "?");
    if ((info->is_offline && !read) || (read && !seen_is_new(look, file, tag))) {
        seen_same(look, file);
    } else {
        seen_file(look, file, tag, info->modified, read ? text.buf : NULL, text.len);
    }
    mem_free(tag);
    strbuf_release(&text);
    mem_free(path);
}

static bool look_at_folder(const Shared *shared, SeenLook *look, Error *err)
{
    Files *files = mem_alloc(sizeof *files);
    const bool ok = fs_list(shared->folder, note_file, files, err);
    for (size_t i = 0; i < files->count; i++) {
        if (ok) {
            look_at_file(shared, files->names[i], &files->infos[i], look);
        }
        mem_free(files->names[i]);
    }
    mem_free(files);
    return ok || error_context(err, "the heartbeats of the other computers could not be read");
}

/* --- both ------------------------------------------------------------------------------------------------- */

static bool leave(Shared *shared, const Heartbeat *beat, const Cancel *cancel, int64_t *now, Error *err)
{
    char *file = heartbeat_file(beat->computer);
    char *text = heartbeat_text(beat);
    const bool ok = shared->cloud ? put_file(shared, file, text, cancel, now, err)
                                  : write_file(shared, file, text, now, err);
    mem_free(text);
    mem_free(file);
    return ok;
}

static void name_of(const char *computer, char name[HEARTBEAT_NAME])
{
    char *file = heartbeat_file(computer);
    if (!heartbeat_computer(file, name)) {
        name[0] = '\0';
    }
    mem_free(file);
}

static bool beat(Shared *shared, const HeartbeatSpec *spec, const Cancel *cancel, SeenComputers *seen, Error *err)
{
    char *host = machine_host_name();
    /* Without its own time it says nothing of backups, which is right where they could not be looked at. */
    Heartbeat own = {.at = spec->good < 0 ? 0 : clock_now(), .good = spec->good < 0 ? 0 : spec->good,
                     .hours = spec->hours};
    int64_t now = 0;
    SeenLook look;
    name_of(host != NULL ? host : "", own.computer);
    mem_free(host);
    if (own.computer[0] == '\0') {
        return error_set(err, EK_INTERNAL, "this computer has no name to leave a heartbeat under");
    }
    if (!shared_open(shared, err) || !leave(shared, &own, cancel, &now, err)) {
        return false;
    }
    shared->until = clock_monotonic_ms() + LOOK_MS;
    seen_begin(seen, shared->name, now, &look);
    const bool ok = shared->cloud ? look_at_cloud(shared, cancel, &look, err) : look_at_folder(shared, &look, err);
    if (ok) {
        seen_end(&look, clock_now());
    } else {
        seen_break_off(&look);
    }
    return ok;
}

bool heartbeats_beat(const HeartbeatSpec *spec, const Cancel *cancel, SeenComputers *seen, Error *err)
{
    Shared shared;
    Error why = ERROR_INIT;
    bool ok = shared_find(&shared, spec->folder, &why);
    if (ok) {
        load_known(shared.name, seen);
        ok = beat(&shared, spec, cancel, seen, &why);
        if (seen->place == NULL) {
            seen->place = mem_strdup(shared.name);
        }
        char *problem = ok ? NULL : error_text(&why);
        mem_free(seen->problem);
        seen->problem = problem;
        if (ok || why.kind != EK_CANCELLED) {
            ok = save_known(seen, ok ? &why : NULL) && ok;
        }
    }
    shared_release(&shared);
    return ok || error_move(err, &why);
}

bool heartbeats_retire(const char *folder, const char *computer, const char *actor, const Cancel *cancel, Error *err)
{
    Shared shared;
    SeenComputers seen;
    int64_t now = 0;
    Heartbeat last = {.at = clock_now(), .retired = true};
    char *host = machine_host_name();
    char own[HEARTBEAT_NAME] = "";
    seen_init(&seen);
    name_of(host != NULL ? host : "", own);
    mem_free(host);
    bool ok = shared_find(&shared, folder, err);
    if (ok) {
        load_known(shared.name, &seen);
        const SeenComputer *known = seen_find(&seen, computer);
        if (known == NULL) {
            ok = error_set(err, EK_NOT_FOUND, "no computer \"%s\" has left a heartbeat here", computer);
        } else if (utf8_casecmp(known->computer, own) == 0) {
            ok = error_set(err, EK_USAGE, "%s is this computer, which leaves a heartbeat at each run", known->computer);
        } else {
            memcpy(last.computer, known->computer, sizeof last.computer);
        }
    }
    ok = ok && shared_open(&shared, err) && leave(&shared, &last, cancel, &now, err);
    if (ok) {
        for (size_t i = 0; i < seen.count; i++) {
            SeenComputer *entry = &seen.computers[i];
            entry->retired = entry->retired || strcmp(entry->computer, last.computer) == 0;
        }
        char *text = mem_printf("%s is retired: nobody waits for its heartbeat", last.computer);
        const AuditEntry entry = {
            .operation = "schedule", .status = "success", .message = text, .seconds = -1, .actor = actor};
        ok = save_known(&seen, err) && auditlog_append(folder, &entry, err);
        mem_free(text);
    }
    shared_release(&shared);
    seen_release(&seen);
    return ok;
}
