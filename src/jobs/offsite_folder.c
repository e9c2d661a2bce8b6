/*
 * offsite_folder.c: the copy is export.c's. What lies there already, the same, is not copied again: a sync client would
 * take it for a new version and send all of it anew.
 *
 * A file that is online-only is not read, which would fetch it: its size is compared, and the manifest beside it, which
 * was written when its bytes had been read back.
 */
#include "jobs/offsite_folder.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/export.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"
#include "store/manifest.h"

#define FILE_MAX 65536u
#define PIECE (1024u * 1024u)
#define LOOK_MS 1000u
#define PATIENCE_MS 600000u /* for a file that does not move */
#define TOLD_MS 5000u
#define SETTLE_MS 3000u     /* of a new name: what is said at once may be of the file before it was renamed */
#define SLOWEST 51200u      /* bytes a second; OneDrive may say for days that a file is on its way */

/* --- which folder ----------------------------------------------------------------------------------------- */

static char *own_file(void)
{
    char *data = machine_local_data_dir(), *path = data == NULL ? NULL : fs_join(data, OFFSITE_FOLDER_FILE);
    mem_free(data);
    return path;
}

bool offsite_folder_is_path(const char *text)
{
    const bool drive = ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z')) && text[1] == ':' &&
                       (text[2] == '\\' || text[2] == '/');
    return drive || text[0] == '/' || (text[0] == '\\' && text[1] == '\\');
}

bool offsite_folder_load(char **dir, Error *err)
{
    char *path = own_file();
    cJSON *document = NULL;
    StrBuf text;
    Error failed = ERROR_INIT;
    strbuf_init(&text, FILE_MAX);
    *dir = NULL;
    bool ok = path == NULL || fs_read_all(path, FILE_MAX, &text, &failed);
    if (ok && path != NULL) {
        json_parse(text.buf, text.len, &document, NULL);
        *dir = mem_strdup(json_string(document, "folder", NULL));
        ok = *dir != NULL;
    } else if (failed.kind == EK_NOT_FOUND) {
        ok = true;
    } else if (failed.kind != EK_DAMAGED && !ok) { /* longer than it can be */
        error_context(&failed, "which folder copies go to cannot be read");
        error_move(err, &failed);
        goto out;
    }
    if (!ok) {
        error_set(err, EK_SETTINGS, "what is saved about the folder that OneDrive keeps in step is damaged");
        error_hint(err, "Choose it again: SharePoint in the Tools menu.");
    }
out:
    error_clear(&failed);
    cJSON_Delete(document);
    strbuf_release(&text);
    mem_free(path);
    return ok;
}

char *offsite_folder(void)
{
    char *dir = NULL;
    return offsite_folder_load(&dir, NULL) ? dir : NULL;
}

static bool save(const char *dir, Error *err)
{
    char *path = own_file();
    if (path == NULL) {
        return error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    }
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", dir);
    json_set_int(document, "set_up", clock_now());
    char *text = json_text(document);
    const bool ok = fs_write_atomic(path, text, strlen(text), err);
    mem_free(text);
    cJSON_Delete(document);
    mem_free(path);
    return ok;
}

static bool check_dir(const char *dir, Error *err)
{
    FsInfo info;
    if (!fs_stat(dir, &info, err)) {
        return error_hint(err, "Look whether OneDrive still keeps it in step with this PC, or choose another folder.");
    }
    return info.is_dir || error_set(err, EK_IO, "\"%s\" is not a folder", dir);
}

/* "OneDrive!S-1-…!Business1|…"; what it does not tell is not held against it. */
static bool check_client(const char *dir, const CloudSyncFacts *facts, Error *err)
{
    if (!cloudsync_is_managed(facts)) {
        error_set(err, EK_SETTINGS, "no sync client looks after \"%s\"", dir);
        return error_hint(err, "Open the library on SharePoint in the browser, press Sync there, and choose the folder "
                               "that OneDrive makes.");
    }
    char *name = facts->provider == NULL ? NULL : cloudsync_name(facts);
    const bool another = name != NULL && strcmp(name, "OneDrive") != 0;
    const bool private = !another && name != NULL && strstr(facts->provider, "!Personal") != NULL;
    if (another) {
        error_set(err, EK_SETTINGS, "%s looks after \"%s\", and copies go to OneDrive alone", name, dir);
    } else if (private) {
        error_set(err, EK_SETTINGS, "\"%s\" belongs to somebody's private OneDrive", dir);
    }
    mem_free(name);
    return (!another && !private) ||
           error_hint(err, "Choose a folder of your organisation's: press Sync on the library's page on SharePoint.");
}

bool offsite_folder_choose(const char *dir, Error *err)
{
    CloudSyncFacts facts;
    cloudsync_facts_init(&facts);
    const bool ok = check_dir(dir, err) && fs_dir_writable(dir, err) && cloudsync_look(dir, &facts, err) &&
                    check_client(dir, &facts, err);
    cloudsync_facts_release(&facts);
    return ok && save(dir, err);
}

bool offsite_folder_forget(Error *err)
{
    char *path = own_file();
    const bool ok = path == NULL || fs_remove(path, err);
    mem_free(path);
    return ok;
}

void offsite_folder_look_release(OffsiteFolderLook *look)
{
    mem_free(look->dir);
    mem_free(look->provider);
    *look = (OffsiteFolderLook){.dir = NULL};
}

bool offsite_folder_look(OffsiteFolderLook *look, Error *err)
{
    CloudSyncFacts facts;
    char *dir = NULL;
    if (!offsite_folder_load(&dir, err)) {
        return false;
    }
    if (dir == NULL) {
        return error_set(err, EK_NOT_FOUND, "no folder that OneDrive keeps in step is chosen");
    }
    cloudsync_facts_init(&facts);
    const bool ok = check_dir(dir, err) && cloudsync_look(dir, &facts, err);
    if (ok) {
        offsite_folder_look_release(look);
        look->dir = mem_strdup(dir);
        look->provider = cloudsync_name(&facts);
        look->trouble = cloudsync_trouble(&facts);
        look->runs = facts.engine >= 0;
    }
    cloudsync_facts_release(&facts);
    mem_free(dir);
    return ok;
}

/* --- the copy --------------------------------------------------------------------------------------------- */

static bool hash_file(const char *path, const Cancel *cancel, char hex[65], Error *err)
{
    FsFile *file = NULL;
    if (!fs_open_read(path, &file, err)) {
        return false;
    }
    Sha256 *sha = sha256_new();
    char *piece = mem_alloc(PIECE);
    size_t got = 1;
    bool ok = true;
    while (ok && got > 0) {
        ok = fs_read(file, piece, PIECE, &got, err);
        if (ok && cancel_requested(cancel)) {
            ok = error_set(err, EK_CANCELLED, "stopped at your request");
        }
        if (ok) {
            sha256_update(sha, piece, got);
        }
    }
    sha256_finish(sha, hex);
    mem_free(piece);
    fs_close(file, NULL);
    return ok;
}

typedef struct Found {
    bool there; /* some file of that name is */
    bool same;  /* size and SHA-256 of what lies there are the backup's, and its manifest says so */
    bool read;  /* and its bytes were read; else it is online-only */
} Found;

static bool is_same(const char *target, const char *sha256, uint64_t bytes, const Cancel *cancel, Found *found,
                    Error *err)
{
    char *manifest_path = folder_manifest_path(target), hex[65] = "";
    Manifest manifest;
    FsInfo info;
    CloudSyncFacts facts;
    cloudsync_facts_init(&facts);
    manifest_init(&manifest);
    *found = (Found){.there = fs_stat(target, &info, NULL)};
    found->same = found->there && info.size == bytes && manifest_read(manifest_path, &manifest, NULL) &&
                  strcmp(manifest.sha256, sha256) == 0 && manifest.bytes == bytes;
    const bool online = found->same && (info.is_offline || (cloudsync_look(target, &facts, NULL) &&
                                                            cloudsync_is_online_only(&facts)));
    bool ok = true;
    if (found->same && !online) {
        ok = hash_file(target, cancel, hex, err);
        found->same = found->read = ok && strcmp(hex, sha256) == 0;
    }
    cloudsync_facts_release(&facts);
    manifest_release(&manifest);
    mem_free(manifest_path);
    return ok;
}

static bool copy(const char *dir, const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    const ExportSpec spec = {.path = path, .dir = dir};
    ExportResult result;
    export_result_init(&result);
    const bool ok = export_backup(&spec, sink, cancel, &result, err);
    export_result_release(&result);
    return ok;
}

/* --- waiting ---------------------------------------------------------------------------------------------- */

static ErrorKind kind_of(CloudSyncTrouble trouble)
{
    return trouble == CLOUDSYNC_FULL || trouble == CLOUDSYNC_DISK_FULL       ? EK_SPACE
           : trouble == CLOUDSYNC_SIGNED_OUT || trouble == CLOUDSYNC_POLICY ? EK_REFUSED
           : trouble == CLOUDSYNC_UNAVAILABLE                               ? EK_CONNECT
                                                                            : EK_BUSY;
}

uint64_t offsite_folder_most_ms(uint64_t bytes)
{
    return PATIENCE_MS + bytes / SLOWEST * 1000;
}

SyncStep offsite_folder_step(const CloudSyncFacts *file, const CloudSyncFacts *folder, const SyncWait *wait,
                             Error *err)
{
    const CloudSyncState state = cloudsync_state(file);
    CloudSyncTrouble trouble = cloudsync_trouble(file);
    trouble = trouble == CLOUDSYNC_FINE ? cloudsync_trouble(folder) : trouble;
    if (state == CLOUDSYNC_DONE && wait->in_sync >= wait->settle) {
        return SYNC_STEP_DONE;
    }
    if (trouble != CLOUDSYNC_FINE) {
        error_set(err, kind_of(trouble), "the copy is in the folder, but not in the cloud yet: %s",
                  cloudsync_words(trouble));
        error_hint(err, "%s", cloudsync_remedy(trouble));
        return SYNC_STEP_FAILED;
    }
    if (state == CLOUDSYNC_NONE && !cloudsync_is_managed(folder)) {
        error_set(err, EK_SETTINGS, "the copy is in the folder, but no sync client looks after it any more");
        error_hint(err, "Start OneDrive, or choose another folder.");
        return SYNC_STEP_FAILED;
    }
    if (state == CLOUDSYNC_FAILED) {
        error_set(err, EK_IO, "the copy is in the folder, but OneDrive has an error with it or leaves it out");
        error_hint(err, "Click its cloud beside the clock: it says why.");
        return SYNC_STEP_FAILED;
    }
    if (state == CLOUDSYNC_DONE) {
        return SYNC_STEP_WAIT;
    }
    if (state == CLOUDSYNC_MOVING && wait->waited >= wait->most) {
        error_set(err, EK_BUSY,
                  "the copy is in the folder, and for %llu minutes OneDrive has said that it is on its way",
                  (unsigned long long)(wait->waited / 60000));
        error_hint(err, "Look what OneDrive says: its cloud beside the clock. To start it again may help.");
        return SYNC_STEP_FAILED;
    }
    if (state != CLOUDSYNC_MOVING && wait->still >= PATIENCE_MS) {
        error_set(err, EK_BUSY, "the copy is in the folder, but OneDrive has not brought it to the cloud yet");
        error_hint(err, "Look whether OneDrive runs: its cloud beside the clock.");
        return SYNC_STEP_FAILED;
    }
    return SYNC_STEP_WAIT;
}

/* bytes: of the file; settle: it was renamed, now or before a pause of OneDrive. */
static bool await_sync(const char *dir, const char *target, uint64_t bytes, bool settle, const JobSink *sink,
                       const Cancel *cancel, Error *err)
{
    uint64_t moved = clock_monotonic_ms(), in_sync = 0; /* since when; 0: it is not */
    const uint64_t begun = moved;
    SyncStep step = SYNC_STEP_WAIT;
    bool told = false;
    CloudSyncFacts file, folder;
    cloudsync_facts_init(&file);
    cloudsync_facts_init(&folder);
    while (step == SYNC_STEP_WAIT) {
        if (!cloudsync_look(target, &file, err) || !cloudsync_look(dir, &folder, err)) {
            step = SYNC_STEP_FAILED;
            break;
        }
        const uint64_t now = clock_monotonic_ms();
        moved = cloudsync_state(&file) == CLOUDSYNC_MOVING ? now : moved;
        in_sync = cloudsync_state(&file) != CLOUDSYNC_DONE ? 0 : in_sync == 0 ? now : in_sync;
        const SyncWait wait = {.waited = now - begun, .still = now - moved, .in_sync = in_sync == 0 ? 0 : now - in_sync,
                               .most = offsite_folder_most_ms(bytes), .settle = settle ? SETTLE_MS : 0};
        step = offsite_folder_step(&file, &folder, &wait, err);
        if (step == SYNC_STEP_WAIT && !told && now - begun > TOLD_MS) {
            job_log(sink, LOG_INFO, "Waiting for OneDrive to bring %s to the cloud...", fs_base_name(target));
            told = true;
        }
        if (step == SYNC_STEP_WAIT && cancel_wait(cancel, LOOK_MS)) {
            error_set(err, EK_CANCELLED, "stopped at your request");
            step = SYNC_STEP_FAILED;
        }
    }
    cloudsync_facts_release(&folder);
    cloudsync_facts_release(&file);
    return step == SYNC_STEP_DONE;
}

bool offsite_folder_upload(const char *dir, const char *path, const char *sha256, uint64_t bytes, const JobSink *sink,
                           const Cancel *cancel, UploadResult *result, Error *err)
{
    char *target = fs_join(dir, fs_base_name(path)), *manifest = folder_manifest_path(target);
    Found found = {.there = false};
    bool ok = check_dir(dir, err) && is_same(target, sha256, bytes, cancel, &found, err);
    if (ok && found.there && !found.same) {
        error_set(err, EK_IO, "another file named %s is in \"%s\"", fs_base_name(path), dir);
        ok = error_hint(err, "Rename or remove what is there.");
    }
    const bool was_there = found.same;
    ok = ok && (was_there || copy(dir, path, sink, cancel, err)) &&
         await_sync(dir, manifest, 0, false, sink, cancel, err) &&
         await_sync(dir, target, bytes, true, sink, cancel, err);
    /* It was brought there as it is now: nobody has changed it meanwhile. */
    ok = ok && is_same(target, sha256, bytes, cancel, &found, err);
    if (ok && !found.same) {
        error_set(err, EK_DAMAGED, "%s in \"%s\" was changed while OneDrive sent it", fs_base_name(path), dir);
        ok = error_hint(err, "Remove it there, and upload it again.");
    }
    if (ok) {
        upload_result_release(result);
        result->item = mem_strdup(target);
        memcpy(result->sha256, sha256, sizeof result->sha256); /* 64 digits: manifest_read */
        result->bytes = bytes;
        result->was_there = was_there;
        result->hash_pending = !found.read;
    }
    mem_free(manifest);
    mem_free(target);
    return ok;
}
