/*
 * upload.c: what comes before the bytes and after them. The rename at the end is the only commit point: until then
 * nothing has the name, and before it size and hash were compared.
 *
 * The order of the journal's states, each written before what it allows: the partial's name before a request that could
 * make it; the session's address before a fragment; the finished partial's number before the rename. So whenever we are
 * killed, the next run finds what is ours, and takes nothing else for it.
 */
#include "cloud/upload.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "upload_private.h"

#define PIECE 1048576u
#define ROUNDS 5u      /* sessions from the start */
#define BAD_HASHES 2u
#define TRIES 6u
#define BUSY_TRIES 12u

void upload_result_init(UploadResult *result)
{
    *result = (UploadResult){.item = NULL};
}

void upload_result_release(UploadResult *result)
{
    mem_free(result->item);
    mem_free(result->web_url);
    mem_free(result->key);
    upload_result_init(result);
}

static void tell_step(const Upload *u, const char *step, uint64_t bytes)
{
    if (u->spec->progress != NULL) {
        u->spec->progress(u->spec->context, step, u->size == 0 ? 1 : (double)bytes / (double)u->size, bytes);
    }
}

/* --- the file here ---------------------------------------------------------------------------------------- */

bool upload_read(void *context, uint64_t at, void *buf, size_t len, Error *err)
{
    Upload *u = context;
    char *bytes = buf;
    while (len > 0) {
        size_t got = 0;
        if (!fs_read_at(u->file, u->base + at, bytes, len, &got, err)) {
            return false;
        }
        if (got == 0) {
            return error_set(err, EK_IO, "\"%s\" became shorter while it was uploaded", u->spec->path);
        }
        bytes += got;
        at += got;
        len -= got;
    }
    return true;
}

void upload_sent(void *context, uint64_t bytes)
{
    const Upload *u = context;
    tell_step(u, "Uploading", u->base + bytes);
}

size_t upload_allow(void *context, size_t wanted)
{
    const Upload *u = context;
    return u->spec->rate == NULL ? wanted : rate_take(u->spec->rate, wanted, clock_monotonic_ms());
}

bool upload_await(const Upload *u, Error *err)
{
    return u->spec->rate == NULL || rate_await(u->spec->rate, u->cancel) ||
           error_set(err, EK_CANCELLED, "stopped at your request");
}

/* What all of it is, before anything is sent: a copy of a damaged file is no copy. */
static bool read_through(Upload *u, Error *err)
{
    Sha256 *sha = sha256_new();
    QuickXor quick;
    char *piece = mem_alloc(PIECE);
    uint64_t at = 0;
    bool ok = true;
    quickxor_init(&quick);
    u->base = 0;
    while (ok && at < u->size) {
        const size_t len = u->size - at < PIECE ? (size_t)(u->size - at) : PIECE;
        ok = upload_read(u, at, piece, len, err);
        if (ok && cancel_requested(u->cancel)) {
            ok = error_set(err, EK_CANCELLED, "stopped at your request");
        }
        if (ok) {
            sha256_update(sha, piece, len);
            quickxor_update(&quick, piece, len);
            at += len;
            tell_step(u, "Reading", at);
        }
    }
    sha256_finish(sha, u->sha256);
    quickxor_finish(&quick, u->quickxor);
    mem_free(piece);
    if (ok && u->spec->sha256 != NULL && strcmp(u->sha256, u->spec->sha256) != 0) {
        error_set(err, EK_DAMAGED, "%s is damaged: its SHA-256 differs from the manifest's", u->spec->name);
        return error_hint(err, "Do not rely on this file; make a new backup now, or use an older one marked Verified.");
    }
    return ok;
}

static bool still_the_same(const Upload *u)
{
    FsInfo info;
    return fs_stat(u->spec->path, &info, NULL) && info.size == u->size && info.modified == u->modified;
}

/* --- the file there --------------------------------------------------------------------------------------- */

char *upload_target(const Upload *u, const char *name, const char *action)
{
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, u->spec->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, u->spec->folder);
    strbuf_addstr(&path, ":/");
    cloud_encode(&path, name);
    strbuf_addf(&path, ":%s%s", action[0] == '\0' ? "" : "/", action);
    return strbuf_detach(&path);
}

#define SELECT "?$select=id,name,size,file,webUrl,eTag,publication"

static char *item_path(const Upload *u, const char *id, const char *query)
{
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, u->spec->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, id);
    strbuf_addstr(&path, query);
    return strbuf_detach(&path);
}

bool upload_take_item(Upload *u, GraphAnswer *answer)
{
    if (json_string(answer->json, "id", NULL) == NULL || graph_item_size(answer->json) < 0) {
        return false;
    }
    cJSON_Delete(u->item);
    u->item = answer->json;
    answer->json = NULL;
    return true;
}

static void forget_item(Upload *u)
{
    cJSON_Delete(u->item);
    u->item = NULL;
}

Sameness upload_compare(const Upload *u, const cJSON *item)
{
    const char *hash = graph_item_hash(item);
    if (graph_item_size(item) != (int64_t)u->size) {
        return OTHER;
    }
    return hash == NULL ? UNSURE : strcmp(hash, u->quickxor) == 0 ? SAME : OTHER;
}

/* u->item, or NULL where the answer is 404. */
static bool get_item(Upload *u, const char *path, Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "GET", .path = path};
    bool ok = graph_call(u->spec->graph, &request, u->cancel, &answer, err);
    if (ok && answer.status == 404) {
        forget_item(u);
    } else if (ok && (answer.status != 200 || !upload_take_item(u, &answer))) {
        ok = graph_problem(&answer, "the file could not be looked at on SharePoint", err);
    }
    graph_answer_release(&answer);
    return ok;
}

bool upload_find(Upload *u, const char *name, Error *err)
{
    char *target = upload_target(u, name, "");
    char *path = mem_printf("%s" SELECT, target);
    const bool ok = get_item(u, path, err);
    mem_free(path);
    mem_free(target);
    return ok;
}

/* SharePoint reckons the hash after the file has come. */
static bool await_hash(Upload *u, Sameness *same, Error *err)
{
    static const unsigned waits[] = {1, 2, 4, 8, 16, 30};
    for (size_t i = 0;; i++) {
        *same = u->item == NULL ? OTHER : upload_compare(u, u->item);
        if (*same != UNSURE || i == sizeof waits / sizeof waits[0]) {
            return true;
        }
        char *path = item_path(u, json_string(u->item, "id", ""), SELECT);
        const bool ok = graph_wait_units(u->spec->graph, waits[i], u->cancel, err) && get_item(u, path, err);
        mem_free(path);
        if (!ok) {
            return false;
        }
    }
}

static bool delete_item(Upload *u, const char *id, Error *err)
{
    char *path = item_path(u, id, "");
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "DELETE", .path = path};
    bool ok = graph_call(u->spec->graph, &request, u->cancel, &answer, err);
    if (ok && answer.status != 204 && answer.status != 404) {
        ok = graph_problem(&answer, "a file on SharePoint could not be removed", err);
    }
    graph_answer_release(&answer);
    mem_free(path);
    return ok;
}

static bool enough_room(Upload *u, Error *err)
{
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, u->spec->drive);
    strbuf_addstr(&path, "?$select=id,quota");
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "GET", .path = path.buf};
    bool ok = graph_call(u->spec->graph, &request, u->cancel, &answer, err);
    if (ok && answer.status != 200) {
        ok = graph_problem(&answer, "the library could not be read", err);
    } else if (ok) {
        const int64_t left = json_int(cJSON_GetObjectItem(answer.json, "quota"), "remaining", -1);
        if (left >= 0 && (uint64_t)left < u->size) {
            error_set(err, EK_SPACE, "the SharePoint library is full: %s are needed and %s are free",
                      size_text(u->size).text, size_text((uint64_t)left).text);
            ok = error_hint(err, "Make room there: old files, and the recycle bin of the site.");
        }
    }
    graph_answer_release(&answer);
    strbuf_release(&path);
    return ok;
}

/* --- one request ------------------------------------------------------------------------------------------ */

/* What a failed PUT says. TRANSFER_GO_ON: try again. */
static Transfer after_put(Upload *u, GraphAnswer *answer, const char *name, unsigned *busy, unsigned *tries, Error *err)
{
    const bool throttled = graph_is_throttled(answer);
    if (throttled ? ++*busy >= BUSY_TRIES : ++*tries >= TRIES) {
        graph_problem(answer, "the upload failed", err);
        return TRANSFER_FAILED;
    }
    if (throttled) {
        return TRANSFER_GO_ON;
    }
    if (answer->status == 423 && *tries >= 3 && !u->spec->replace) {
        return TRANSFER_NEW_NAME;
    }
    if (graph_is_fault(answer) || answer->status == 409 || answer->status == 200 || answer->status == 201) {
        if (!upload_find(u, name, err)) {
            return TRANSFER_FAILED;
        }
        const Sameness same = u->item == NULL ? OTHER : upload_compare(u, u->item);
        if (same == SAME || (same == UNSURE && !u->spec->replace)) {
            return TRANSFER_DONE;
        }
        if (answer->status == 409 && !u->spec->replace) {
            return TRANSFER_NEW_NAME;
        }
    } else if (answer->status != 404 && answer->status != 412 && answer->status != 423) {
        graph_problem(answer, "the upload failed", err);
        return TRANSFER_FAILED;
    }
    return graph_pause(u->spec->graph, *tries - 1, u->cancel, err) ? TRANSFER_GO_ON : TRANSFER_FAILED;
}

static Transfer put_whole(Upload *u, const char *name, const char *conflict, Error *err)
{
    char *target = upload_target(u, name, "content");
    char *path = mem_printf("%s?@microsoft.graph.conflictBehavior=%s", target, conflict);
    const HttpBody stream = {upload_read, upload_sent, u, upload_allow};
    const GraphRequest request = {.method = "PUT", .path = path, .stream = &stream, .stream_len = (size_t)u->size};
    Transfer outcome = TRANSFER_GO_ON;
    unsigned busy = 0;
    unsigned tries = 0;
    GraphAnswer answer;
    graph_answer_init(&answer);
    u->base = 0;
    while (outcome == TRANSFER_GO_ON) {
        if (!upload_await(u, err) || !graph_send(u->spec->graph, &request, u->cancel, &answer, err)) {
            outcome = TRANSFER_FAILED;
        } else if ((answer.status == 200 || answer.status == 201) && upload_take_item(u, &answer)) {
            outcome = TRANSFER_DONE;
        } else {
            outcome = after_put(u, &answer, name, &busy, &tries, err);
        }
    }
    graph_answer_release(&answer);
    mem_free(path);
    mem_free(target);
    return outcome;
}

/* --- the partial ------------------------------------------------------------------------------------------ */

static bool choose_partial(Upload *u, bool another, Error *err)
{
    unsigned char random[4];
    if (!another && u->journal.partial != NULL) {
        return true;
    }
    mem_free(u->journal.partial);
    if (!another) {
        u->journal.partial = mem_printf("%s.partial", u->spec->name);
    } else {
        if (!machine_random(random, sizeof random)) {
            u->journal.partial = NULL;
            return error_set(err, EK_INTERNAL, "the system gives no random numbers");
        }
        u->journal.partial = mem_printf("%s.%02x%02x%02x%02x.partial", u->spec->name, random[0], random[1], random[2],
                                        random[3]);
    }
    return cloud_name_check(u->journal.partial, err) && journal_save(u->journal_file, &u->journal, err);
}

static bool note_item(Upload *u, const char *id, Error *err)
{
    char *copy = mem_strdup(id); /* it may be the one that goes */
    mem_free(u->journal.item);
    u->journal.item = copy;
    secret_release(&u->journal.session);
    return journal_save(u->journal_file, &u->journal, err);
}

/* All of it to the partial: u->item and the journal have it. */
static bool transfer(Upload *u, Error *err)
{
    bool another = false;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (!choose_partial(u, another, err)) {
            return false;
        }
        const uint64_t most = u->spec->single_max == 0 ? UPLOAD_SINGLE_MAX : u->spec->single_max;
        const uint64_t single = rate_portion(u->spec->rate, UPLOAD_UNIT, most);
        const Transfer outcome = u->size == 0 || u->size <= single ? put_whole(u, u->journal.partial, "fail", err)
                                                                   : upload_by_session(u, err);
        switch (outcome) {
        case TRANSFER_DONE: return note_item(u, json_string(u->item, "id", ""), err);
        case TRANSFER_NEW_NAME:
            another = true;
            if (!upload_end_session(u, err)) {
                return false;
            }
            break;
        case TRANSFER_GO_ON:
        case TRANSFER_AGAIN:
            another = false;
            job_log(u->spec->sink, LOG_WARNING, "SharePoint has given up the upload of %s; it begins again.",
                    u->spec->name);
            break;
        case TRANSFER_ANEW: another = false; break;
        case TRANSFER_FAILED: return false;
        }
        u->resumed_at = 0;
    }
    error_set(err, EK_CONNECT, "the upload did not come to its end: SharePoint gave it up %u times", ROUNDS);
    return error_hint(err, "Try again later.");
}

/* --- the name --------------------------------------------------------------------------------------------- */

typedef enum Naming { NAMED, GONE, NOT_NAMED } Naming;

static bool is_named(const Upload *u, const char *id)
{
    return u->item != NULL && strcmp(json_string(u->item, "id", ""), id) == 0 &&
           strcmp(json_string(u->item, "name", ""), u->spec->name) == 0;
}

static bool another_is_there(const Upload *u, Error *err)
{
    error_set(err, EK_IO, "another file named %s is on SharePoint", u->spec->name);
    return error_hint(err, "Rename or remove it there, or upload to another folder.");
}

static Naming name_is_taken(Upload *u, const char *id, Error *err)
{
    if (!upload_find(u, u->spec->name, err)) {
        return NOT_NAMED;
    }
    if (is_named(u, id)) {
        return NAMED; /* the answer to an earlier try was lost */
    }
    Sameness same = OTHER;
    if (u->item != NULL && !await_hash(u, &same, err)) {
        return NOT_NAMED;
    }
    if (same == SAME) {
        return delete_item(u, id, err) ? NAMED : NOT_NAMED;
    }
    another_is_there(u, err);
    return NOT_NAMED;
}

/* u->item was looked at once more, after an answer of that status: the version that is to get the name. A service that
 * says of the very version that it is another one is not asked for it again. */
static void take_version(const Upload *u, long status, char **etag)
{
    const char *now = graph_item_etag(u->item);
    const bool same = now != NULL && *etag != NULL && strcmp(now, *etag) == 0;
    char *next = status == 412 && same ? NULL : mem_strdup(now);
    mem_free(*etag);
    *etag = next;
}

/* The version that was compared, and no other: somebody may exchange the partial meanwhile. */
static Naming rename_partial(Upload *u, Error *err)
{
    char *id = mem_strdup(u->journal.item);
    char *path = item_path(u, id, "");
    char *look = item_path(u, id, SELECT);
    cJSON *body = cJSON_CreateObject();
    json_set_string(body, "name", u->spec->name);
    json_set_string(body, "@microsoft.graph.conflictBehavior", "fail");
    char *json = json_text(body);
    char *etag = mem_strdup(graph_item_etag(u->item));
    Naming naming = NOT_NAMED;
    GraphAnswer answer;
    graph_answer_init(&answer);
    for (unsigned tries = 0; tries < BUSY_TRIES; tries++) {
        const GraphRequest request = {.method = "PATCH", .path = path, .json = json, .if_match = etag};
        if (!graph_send(u->spec->graph, &request, u->cancel, &answer, err)) {
            break;
        }
        if (answer.status == 200 && upload_take_item(u, &answer) && is_named(u, id)) {
            naming = NAMED;
            break;
        }
        if (answer.status == 409) {
            naming = name_is_taken(u, id, err);
            break;
        }
        if (answer.status == 404) {
            naming = GONE;
            break;
        }
        const bool again = graph_is_throttled(&answer) || graph_is_fault(&answer) || answer.status == 200 ||
                           answer.status == 412 || answer.status == 423;
        if (!again || tries + 1 == BUSY_TRIES || (!graph_is_throttled(&answer) && tries >= TRIES)) {
            graph_problem(&answer, "the uploaded file could not be given its name", err);
            break;
        }
        if (!graph_is_throttled(&answer) &&
            (!graph_pause(u->spec->graph, tries, u->cancel, err) || !get_item(u, look, err))) {
            break;
        }
        if (is_named(u, id)) {
            naming = NAMED;
            break;
        }
        if (u->item == NULL || upload_compare(u, u->item) == OTHER) {
            naming = GONE;
            break;
        }
        take_version(u, answer.status, &etag);
    }
    graph_answer_release(&answer);
    cJSON_Delete(body);
    mem_free(etag);
    mem_free(json);
    mem_free(look);
    mem_free(path);
    mem_free(id);
    return naming;
}

/* It has its name. Others see it where the library wants no check-out, or once it is checked in. GONE: somebody has
 * removed or renamed it since. */
static Naming show_it(Upload *u, Error *err)
{
    if (!graph_item_tells_level(u->item)) {
        char *path = item_path(u, json_string(u->item, "id", ""), SELECT);
        const bool ok = get_item(u, path, err);
        mem_free(path);
        if (!ok) {
            return NOT_NAMED;
        }
        if (u->item == NULL || utf8_casecmp(json_string(u->item, "name", ""), u->spec->name) != 0) {
            return GONE;
        }
        if (!u->spec->replace && upload_compare(u, u->item) == OTHER) {
            another_is_there(u, err);
            return NOT_NAMED;
        }
    }
    return graph_check_in(u->spec->graph, u->spec->drive, u->item, u->cancel, err) ? NAMED : NOT_NAMED;
}

static bool is_shown(Upload *u, Error *err)
{
    const Naming naming = show_it(u, err);
    if (naming == GONE) {
        error_set(err, EK_IO, "%s was removed from SharePoint while it was uploaded", u->spec->name);
        return error_hint(err, "Upload it again.");
    }
    return naming == NAMED;
}

/* --- the whole -------------------------------------------------------------------------------------------- */

/* Only while it has the partial's name: it may have been renamed, by us or by somebody. */
static bool delete_partial(Upload *u, Error *err)
{
    char *id = mem_strdup(u->journal.item);
    char *path = item_path(u, id, SELECT);
    bool ok = get_item(u, path, err);
    if (ok && u->item != NULL && u->journal.partial != NULL &&
        strcmp(json_string(u->item, "name", ""), u->journal.partial) == 0) {
        ok = delete_item(u, id, err);
    }
    forget_item(u);
    mem_free(path);
    mem_free(id);
    return ok;
}

static bool to_partial_and_rename(Upload *u, UploadResult *result, Error *err)
{
    unsigned bad = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (u->journal.item != NULL) {
            char *path = item_path(u, u->journal.item, SELECT);
            const bool ok = get_item(u, path, err);
            mem_free(path);
            if (!ok || (u->item == NULL && !note_item(u, NULL, err))) {
                return false;
            }
        }
        Sameness same = UNSURE;
        if (u->journal.item == NULL && !transfer(u, err)) {
            return false;
        }
        if (!await_hash(u, &same, err)) {
            return false;
        }
        if (u->item == NULL) {
            if (!note_item(u, NULL, err)) {
                return false;
            }
            continue; /* somebody removed it */
        }
        if (same == OTHER) {
            if (!delete_partial(u, err) || !note_item(u, NULL, err)) {
                return false;
            }
            if (!still_the_same(u)) {
                error_set(err, EK_IO, "%s was changed while it was uploaded", u->spec->name);
                return error_hint(err, "Upload it again.");
            }
            if (++bad >= BAD_HASHES) {
                error_set(err, EK_DAMAGED, "SharePoint has other bytes of %s than were sent", u->spec->name);
                return error_hint(err, "Something on the way changes files. Ask your IT administrator.");
            }
            continue;
        }
        Naming naming = rename_partial(u, err);
        if (naming == NAMED) {
            naming = show_it(u, err);
        }
        if (naming == GONE) {
            if (!note_item(u, NULL, err)) {
                return false;
            }
            continue;
        }
        result->hash_pending = same == UNSURE;
        return naming == NAMED;
    }
    error_set(err, EK_IO, "the uploaded file disappears from SharePoint again and again");
    return error_hint(err, "Look whether a rule or a program there removes new files.");
}

/* The same has come there by another way: ours is not wanted any more. u->item stays what it is. */
static bool drop_partial(Upload *u, Error *err)
{
    if (u->journal.item == NULL || strcmp(u->journal.item, json_string(u->item, "id", "")) == 0) {
        return true;
    }
    cJSON *there = u->item;
    u->item = NULL;
    const bool ok = delete_partial(u, err);
    u->item = there;
    return ok;
}

/* What is there already under the name. *done: nothing more is to be done. */
static bool look_there(Upload *u, UploadResult *result, bool *done, Error *err)
{
    Sameness same = OTHER;
    *done = false;
    if (!upload_find(u, u->spec->name, err) || (u->item != NULL && !await_hash(u, &same, err))) {
        return false;
    }
    if (u->item == NULL) {
        return true;
    }
    if (same == SAME || (same == UNSURE && !u->spec->replace)) {
        *done = true;
        result->was_there = true;
        result->hash_pending = same == UNSURE;
        return true;
    }
    return u->spec->replace || another_is_there(u, err);
}

/* Whole or not at all, as one request is. */
static bool replace_whole(Upload *u, UploadResult *result, Error *err)
{
    Sameness same = OTHER;
    if (put_whole(u, u->spec->name, "replace", err) != TRANSFER_DONE) {
        return false;
    }
    if (!await_hash(u, &same, err)) {
        return false;
    }
    if (same == OTHER) {
        error_set(err, EK_DAMAGED, "SharePoint has other bytes of %s than were sent", u->spec->name);
        return error_hint(err, "Try again.");
    }
    result->hash_pending = same == UNSURE;
    return is_shown(u, err);
}

/* A journal of other bytes under the same name is not of this upload: its session is ended, its partial removed. */
static bool take_journal(Upload *u, Error *err)
{
    UploadJournal *journal = &u->journal;
    if (journal_load(u->journal_file, journal) && strcmp(journal->drive, u->spec->drive) == 0 &&
        strcmp(journal->folder, u->spec->folder) == 0 && strcmp(journal->name, u->spec->name) == 0) {
        if (journal->size == u->size && strcmp(journal->sha256, u->sha256) == 0) {
            u->resuming = true;
            return true;
        }
        if (!upload_end_session(u, err) || (journal->item != NULL && !delete_partial(u, err))) {
            return false;
        }
    }
    journal_release(journal);
    journal->drive = mem_strdup(u->spec->drive);
    journal->folder = mem_strdup(u->spec->folder);
    journal->name = mem_strdup(u->spec->name);
    journal->sha256 = mem_strdup(u->sha256);
    journal->size = u->size;
    return true;
}

static bool run(Upload *u, UploadResult *result, Error *err)
{
    bool done = false;
    if (!read_through(u, err)) {
        return false;
    }
    if (u->spec->replace) {
        if (!look_there(u, result, &done, err)) {
            return false;
        }
        return done ? is_shown(u, err) : replace_whole(u, result, err);
    }
    if (!take_journal(u, err) || !look_there(u, result, &done, err)) {
        return false;
    }
    if (done) {
        if (!upload_end_session(u, err) || !drop_partial(u, err) || !is_shown(u, err)) {
            return false;
        }
        fs_remove(u->journal_file, NULL);
        return true;
    }
    if ((!u->resuming && !enough_room(u, err)) || !to_partial_and_rename(u, result, err)) {
        return false;
    }
    fs_remove(u->journal_file, NULL); /* one that stays finds the file there, next time */
    return true;
}

static uint64_t fragment_of(uint64_t wanted, uint64_t otherwise)
{
    const uint64_t size = wanted == 0 ? otherwise : wanted;
    const uint64_t whole = size / UPLOAD_UNIT * UPLOAD_UNIT;
    return whole < UPLOAD_UNIT ? UPLOAD_UNIT : whole > UPLOAD_FRAGMENT_MAX ? UPLOAD_FRAGMENT_MAX : whole;
}

bool upload_file(const UploadSpec *spec, const Cancel *cancel, UploadResult *result, Error *err)
{
    Upload u = {.spec = spec, .cancel = cancel, .loopback = graph_is_loopback(spec->graph)};
    UploadResult made;
    FsLock *lock = NULL;
    FsInfo info;
    char *lock_file = NULL;
    bool ok = false;
    journal_init(&u.journal);
    upload_result_init(&made);
    u.fragment_max = rate_portion(spec->rate, UPLOAD_UNIT, fragment_of(spec->fragment_max, UPLOAD_FRAGMENT_MAX));
    u.fragment = fragment_of(spec->fragment_first, UPLOAD_FRAGMENT_FIRST);
    u.fragment = u.fragment > u.fragment_max ? u.fragment_max : u.fragment;
    u.journal_file = journal_path(spec->journal_dir, spec->drive, spec->folder, spec->name);
    lock_file = fs_join(spec->journal_dir, "uploads.lock");
    if (!cloud_name_check(spec->name, err) || !fs_make_private_dir(spec->journal_dir, err) ||
        !fs_open_read(spec->path, &u.file, err) || !fs_stat(spec->path, &info, err) ||
        !fs_size(u.file, &u.size, err)) {
        goto out;
    }
    if (!fs_lock(lock_file, &lock, err)) {
        if (err != NULL && err->kind == EK_BUSY) {
            error_set(err, EK_BUSY, "another program of this user is uploading");
            error_hint(err, "Wait until it is done.");
        }
        goto out;
    }
    u.modified = info.modified;
    ok = run(&u, &made, err);
    if (ok) {
        made.item = mem_strdup(json_string(u.item, "id", ""));
        made.web_url = mem_strdup(json_string(u.item, "webUrl", NULL));
        memcpy(made.sha256, u.sha256, sizeof made.sha256);
        memcpy(made.quickxor, u.quickxor, sizeof made.quickxor);
        made.bytes = u.size;
        made.resumed_at = u.resumed_at;
        upload_result_release(result);
        *result = made;
    }
out:
    fs_unlock(lock);
    fs_close(u.file, NULL);
    cJSON_Delete(u.item);
    journal_release(&u.journal);
    mem_free(u.journal_file);
    mem_free(lock_file);
    return ok;
}
