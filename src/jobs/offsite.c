/* offsite.c: uploads; offsite_set_up.c has what comes before the first. */
#include "jobs/offsite.h"

#include <inttypes.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/progress.h"
#include "cloud/address.h"
#include "jobs/offsite_folder.h"
#include "offsite_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/manifest.h"
#include "store/settings.h"

#define READ_PART 0.05 /* of the time; the rest is uploading */
#define SEALED_PART 0.1 /* what encrypting and comparing take, where that is on */
#define SENT_PART 0.97
#define CLOCK_SECONDS 300 /* that a clock may be wrong by */
#define MINUTE 60
#define GLANCE_UNIT_MS 50u /* of the waits before a try that failed is made again */

char *offsite_clock_words(int64_t ahead)
{
    const int64_t off = ahead < 0 ? -ahead : ahead;
    if (off <= CLOCK_SECONDS) {
        return NULL;
    }
    return mem_printf("This computer's clock is %" PRId64 " minutes %s SharePoint's", off / MINUTE,
                      ahead > 0 ? "ahead of" : "behind");
}

void offsite_tell_clock(const JobSink *sink, int64_t date)
{
    char *words = date > 0 ? offsite_clock_words(clock_now() - date) : NULL;
    if (words != NULL) {
        job_log(sink, LOG_WARNING, "%s. " OFFSITE_CLOCK_HINT, words);
    }
    mem_free(words);
}

void offsite_status_init(OffsiteStatus *status)
{
    place_init(&status->place);
    status->total = -1;
    status->remaining = -1;
    status->clock_known = false;
    status->clock_ahead = 0;
}

void offsite_status_release(OffsiteStatus *status)
{
    place_release(&status->place);
    offsite_status_init(status);
}

bool offsite_graph(const CloudPlace *place, PlaceSignIn *sign_in, const JobSink *sink, unsigned unit_ms, Graph **graph,
                   Error *err)
{
    const GraphSetup setup = {.endpoint = place->graph, .sink = sink, .unit_ms = unit_ms, .token = place_token,
                              .context = sign_in};
    return graph_new(&setup, graph, err);
}

static bool ask_folder(Graph *graph, OffsiteStatus *status, const JobSink *sink, const Cancel *cancel, Error *err)
{
    const CloudPlace *place = &status->place;
    GraphAnswer answer;
    StrBuf path;
    graph_answer_init(&answer);
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, place->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, place->folder);
    strbuf_addstr(&path, "?$select=id,name,folder,webUrl");
    const GraphRequest request = {.method = "GET", .path = path.buf};
    bool ok = graph_call(graph, &request, cancel, &answer, err);
    if (ok && answer.date > 0) {
        status->clock_known = true;
        status->clock_ahead = clock_now() - answer.date;
        offsite_tell_clock(sink, answer.date);
    }
    if (ok && (answer.status != 200 || json_string(answer.json, "id", NULL) == NULL)) {
        ok = graph_problem(&answer, "the folder could not be reached", err);
    }
    strbuf_release(&path);
    graph_answer_release(&answer);
    return ok;
}

static bool ask_quota(Graph *graph, OffsiteStatus *status, const Cancel *cancel, Error *err)
{
    GraphAnswer answer;
    StrBuf path;
    graph_answer_init(&answer);
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, status->place.drive);
    strbuf_addstr(&path, "?$select=id,quota");
    const GraphRequest request = {.method = "GET", .path = path.buf};
    bool ok = graph_call(graph, &request, cancel, &answer, err);
    if (ok && answer.status != 200) {
        ok = graph_problem(&answer, "the library could not be reached", err);
    } else if (ok) {
        const cJSON *quota = cJSON_GetObjectItem(answer.json, "quota");
        status->total = json_int(quota, "total", -1);
        status->remaining = json_int(quota, "remaining", -1);
    }
    strbuf_release(&path);
    graph_answer_release(&answer);
    return ok;
}

static bool look(unsigned unit_ms, const JobSink *sink, const Cancel *cancel, OffsiteStatus *status, Error *err)
{
    Graph *graph = NULL;
    PlaceSignIn sign_in;
    if (!place_load(&status->place, err)) {
        return false;
    }
    place_sign_in_init(&sign_in, &status->place);
    const bool ok = offsite_graph(&status->place, &sign_in, sink, unit_ms, &graph, err) &&
                    ask_folder(graph, status, sink, cancel, err) && ask_quota(graph, status, cancel, err);
    graph_free(graph);
    place_sign_in_release(&sign_in);
    return ok;
}

bool offsite_look(const JobSink *sink, const Cancel *cancel, OffsiteStatus *status, Error *err)
{
    return look(0, sink, cancel, status, err);
}

bool offsite_glance(const Cancel *cancel, OffsiteStatus *status, Error *err)
{
    return look(GLANCE_UNIT_MS, NULL, cancel, status, err);
}

bool offsite_is_set_up(Error *err)
{
    CloudPlace place;
    char *folder = NULL;
    place_init(&place);
    const bool ok = offsite_folder_load(&folder, err) && (folder != NULL || place_load(&place, err));
    place_release(&place);
    mem_free(folder);
    return ok;
}

char *offsite_where(void)
{
    char *name = NULL;
    CloudPlace place;
    OauthTokens tokens;
    if (!offsite_folder_load(&name, NULL)) {
        return NULL;
    }
    place_init(&place);
    oauth_tokens_init(&tokens);
    if (name == NULL && place_load(&place, NULL) && place_find_tokens(&place, &tokens)) {
        name = place_name(&place);
    }
    oauth_tokens_release(&tokens);
    place_release(&place);
    return name;
}

bool offsite_can_pause(void)
{
    char *folder = offsite_folder();
    const bool can = folder == NULL;
    mem_free(folder);
    return can;
}

bool offsite_forget(const Cancel *cancel, Error *err)
{
    return offsite_folder_forget(err) && place_forget(cancel, err);
}

/* --- an upload -------------------------------------------------------------------------------------------- */

typedef struct Work {
    const char *path, *name; /* name: borrowed from path */
    char *manifest_path;
    Manifest manifest;
    char *dir;       /* that OneDrive keeps in step; NULL: it goes to `place` */
    CloudPlace place;
    Encryption encryption;
    char *where;     /* for people */
    ProgressMeter meter;
    const char *step;
    Rate *rate;
    const JobSink *sink;
    const Cancel *cancel;
} Work;

static bool read_manifest(Work *work, Error *err)
{
    Error failed = ERROR_INIT;
    FsInfo info;
    if (!fs_stat(work->path, &info, err)) {
        return false;
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
    if (strcmp(manifest->file, work->name) != 0 || manifest->sha256 == NULL || manifest->bytes != info.size) {
        error_set(err, EK_DAMAGED, "the manifest of %s does not fit it", work->name);
        return error_hint(err, "Verify the backup first.");
    }
    if (manifest->level == LEVEL_BAD) {
        error_set(err, EK_DAMAGED, "%s is damaged and is not uploaded", work->name);
        return error_hint(err, "Upload another backup, one that is marked Verified.");
    }
    return true;
}

/* What is to be encrypted is in the clear in no cloud: what OneDrive keeps in step is not encrypted by us. */
static bool may_go(const Work *work, Error *err)
{
    if (work->dir == NULL || !work->encryption.on) {
        return true;
    }
    error_set(err, EK_SETTINGS, "copies are to be encrypted, and in OneDrive's folder they would not be");
    return error_hint(err, "Have the copies go to the folder on SharePoint itself, or switch their encryption off.");
}

static void on_progress(void *context, const char *step, double part, uint64_t bytes)
{
    Work *work = context;
    if (work->step == NULL || strcmp(work->step, step) != 0) {
        const double before = work->encryption.on ? SEALED_PART : 0; /* encrypted first, and compared */
        const bool sealing = strcmp(step, "Encrypting") == 0, comparing = strcmp(step, "Comparing") == 0;
        const bool reading = strcmp(step, "Reading") == 0;
        const double from = sealing ? 0 : comparing ? before / 2 : reading ? before : before + READ_PART;
        const double to = sealing ? before / 2 : comparing ? before : reading ? before + READ_PART : SENT_PART;
        progress_stage(&work->meter, step, from, to, clock_monotonic_ms());
        work->step = step;
    }
    progress_update(&work->meter, part, bytes, clock_monotonic_ms());
}

static bool send_as_it_is(Work *work, Graph *graph, const char *journals, UploadResult *result, Error *err)
{
    UploadResult manifest;
    UploadSpec spec = {.graph = graph,
                       .path = work->path,
                       .name = work->name,
                       .drive = work->place.drive,
                       .folder = work->place.folder,
                       .sha256 = work->manifest.sha256,
                       .journal_dir = journals,
                       .rate = work->rate,
                       .sink = work->sink,
                       .progress = on_progress,
                       .context = work};
    if (!upload_file(&spec, work->cancel, result, err)) {
        return false;
    }
    /* Last: who sees the manifest there may rely on the backup. */
    upload_result_init(&manifest);
    spec.path = work->manifest_path;
    spec.name = fs_base_name(work->manifest_path);
    spec.sha256 = NULL;
    spec.replace = true;
    spec.progress = NULL;
    const bool ok = upload_file(&spec, work->cancel, &manifest, err);
    upload_result_release(&manifest);
    return ok;
}

static bool send_sealed(Work *work, Graph *graph, const char *journals, UploadResult *result, Error *err)
{
    const SealedUpload spec = {.graph = graph,
                               .place = &work->place,
                               .encryption = &work->encryption,
                               .path = work->path,
                               .manifest = &work->manifest,
                               .dir = journals,
                               .rate = work->rate,
                               .sink = work->sink,
                               .progress = on_progress,
                               .context = work};
    return offsite_upload_sealed(&spec, work->cancel, result, err);
}

static bool send_files(Work *work, UploadResult *result, Error *err)
{
    Graph *graph = NULL;
    PlaceSignIn sign_in;
    char *data = machine_local_data_dir();
    if (data == NULL) {
        return error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    }
    char *journals = fs_join(data, "uploads");
    place_sign_in_init(&sign_in, &work->place);
    const bool ok = offsite_graph(&work->place, &sign_in, work->sink, 0, &graph, err) &&
                    (work->encryption.on ? send_sealed(work, graph, journals, result, err)
                                         : send_as_it_is(work, graph, journals, result, err));
    graph_free(graph);
    place_sign_in_release(&sign_in);
    mem_free(journals);
    mem_free(data);
    return ok;
}

/* result->key: of the copy that is there, which need not be what is set up now. */
static void log_outcome(const Work *work, const char *folder, double seconds, const UploadResult *result,
                        const Error *failed)
{
    const char *key = result->key;
    char *text = failed != NULL ? error_text(failed)
                                : mem_printf("uploaded to SharePoint, %s%s%s", work->where,
                                             key == NULL ? "" : ", encrypted for ", key == NULL ? "" : key);
    Error not_kept = ERROR_INIT;
    const AuditEntry entry = {.operation = "upload",
                              .status = failed != NULL ? "failed" : "success",
                              .backup_file = work->name,
                              .message = text,
                              .file_size = work->manifest.bytes,
                              .seconds = seconds,
                              .sha256 = failed != NULL ? NULL : work->manifest.sha256,
                              .level = failed != NULL ? NULL : level_word(work->manifest.level),
                              .actor = job_actor(work->sink)};
    if (!auditlog_append(folder, &entry, &not_kept) && failed == NULL) {
        job_log(work->sink, LOG_WARNING, "The copy is good, but the log could not be written: %s", not_kept.message);
    }
    error_clear(&not_kept);
    mem_free(text);
}

/* What list, status and the next run go by. */
static void note_copy(const Work *work, const char *folder, const UploadResult *result)
{
    static const char onedrive[] = OFFSITE_FOLDER_DRIVE;
    Error not_kept = ERROR_INIT;
    const Manifest *manifest = &work->manifest;
    const Copy copy = {.file = manifest->file,
                       .bytes = manifest->bytes,
                       .sha256 = manifest->sha256,
                       .level = manifest->level,
                       .created = manifest->started,
                       .state = COPY_THERE,
                       .when = clock_now(),
                       .hash = !result->hash_pending,
                       .ours = true,
                       .drive = work->dir != NULL ? (char *)onedrive : work->place.drive,
                       .item = result->item,
                       .place = work->where,
                       .web_url = result->web_url,
                       .key = result->key};
    if (!copies_note(folder, &copy, &not_kept)) {
        job_log(work->sink, LOG_WARNING, "The copy is good, but %s", not_kept.message);
    }
    error_clear(&not_kept);
}

static void mark_damaged(Work *work)
{
    work->manifest.level = LEVEL_BAD;
    manifest_write(work->manifest_path, &work->manifest, NULL); /* the damage itself is what is reported */
}

/* Settings that cannot be read limit nothing. */
static void set_limit(const Work *work, const char *folder, Rate *rate)
{
    Settings settings;
    settings_init(&settings);
    if (settings_load(folder, &settings, NULL)) {
        rate_limit(rate, (uint64_t)settings.upload_limit_kb * 1024);
        if (work->dir != NULL && settings.upload_limit_kb > 0) {
            job_log(work->sink, LOG_WARNING,
                    "The limit of %d KB a second does not hold: OneDrive sends the copy, by its own settings",
                    settings.upload_limit_kb);
        }
    }
    settings_release(&settings);
}

bool offsite_upload(const char *path, const JobSink *sink, const Cancel *cancel, UploadResult *result, Error *err)
{
    Rate *rate = rate_new();
    const bool ok = offsite_upload_by(path, rate, sink, cancel, result, err);
    rate_free(rate);
    return ok;
}

bool offsite_upload_by(const char *path, Rate *rate, const JobSink *sink, const Cancel *cancel, UploadResult *result,
                       Error *err)
{
    const uint64_t started = clock_monotonic_ms();
    char *folder = fs_dir_name(path);
    FsLock *lock = NULL;
    Error failed = ERROR_INIT;
    Work work = {.path = path, .name = fs_base_name(path), .rate = rate, .sink = sink, .cancel = cancel};
    work.manifest_path = folder_manifest_path(path);
    manifest_init(&work.manifest);
    place_init(&work.place);
    encryption_init(&work.encryption);
    progress_init(&work.meter, sink, started);
    bool ok = offsite_folder_load(&work.dir, &failed) && (work.dir != NULL || place_load(&work.place, &failed)) &&
              encryption_load(&work.encryption, &failed) &&
              may_go(&work, &failed) && read_manifest(&work, &failed) &&
              folder_upload_lock(folder, work.name, &lock, &failed);
    if (!ok) {
        error_move(err, &failed);
        goto out;
    }
    work.where = work.dir != NULL ? mem_strdup(work.dir) : place_name(&work.place);
    set_limit(&work, folder, rate);
    job_log(sink, LOG_INFO, "Uploading %s to SharePoint, %s%s...", work.name, work.where,
            work.encryption.on ? ", encrypted" : "");
    ok = work.dir != NULL ? offsite_folder_upload(work.dir, path, work.manifest.sha256, work.manifest.bytes, sink,
                                                  cancel, result, &failed)
                          : send_files(&work, result, &failed);
    const double seconds = (double)(clock_monotonic_ms() - started) / 1000.0;
    if (ok) {
        note_copy(&work, folder, result);
        log_outcome(&work, folder, seconds, result, NULL);
        if (result->resumed_at > 0) {
            job_log(sink, LOG_INFO, "%s of it had been brought there before.",
                    size_text((uint64_t)result->resumed_at).text);
        }
        job_log(sink, LOG_GOOD, work.dir != NULL && result->hash_pending
                                    ? "Uploaded: %s; OneDrive says that it is in the cloud, and its size is right; it "
                                      "is online-only, so its bytes were not read"
                                : work.dir != NULL
                                    ? "Uploaded: %s; OneDrive has brought it to the cloud, its SHA-256 is as recorded"
                                : result->hash_pending
                                    ? "Uploaded: %s; its size is right, and SharePoint has not said its hash yet"
                                    : "Uploaded: %s, and SharePoint's hash of it is as recorded", work.name);
        job_progress(sink, &(Progress){.fraction = 1, .step = "Uploaded", .bytes = result->bytes, .seconds_left = 0});
    } else {
        if (failed.kind == EK_DAMAGED && strstr(failed.message, "differs from the manifest") != NULL) {
            mark_damaged(&work);
        }
        if (failed.kind != EK_CANCELLED) {
            log_outcome(&work, folder, seconds, result, &failed);
        }
        error_move(err, &failed);
    }
out:
    fs_unlock(lock);
    error_clear(&failed);
    progress_release(&work.meter);
    encryption_release(&work.encryption);
    place_release(&work.place);
    manifest_release(&work.manifest);
    mem_free(work.where);
    mem_free(work.dir);
    mem_free(work.manifest_path);
    mem_free(folder);
    return ok;
}
