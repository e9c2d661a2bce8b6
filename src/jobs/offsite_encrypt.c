/*
 * offsite_encrypt.c: copies that are encrypted before they leave this PC.
 *
 * An upload that was interrupted goes on with the same bytes, so the encrypted file lies on this PC until it is there:
 * ENCRYPTED.age, and ENCRYPTED.age.json beside it, which is written when the file is whole and was compared, and says
 * what it is of. Without that the file is removed and made anew, with another key: the file's own key is never kept, so
 * it can serve no second content. The note outlives the file: a copy that is there without its manifest, when the file
 * here has gone, is known by it and gets its manifest. (To derive the same bytes again from a kept key would spare the
 * room, but would need the very same content each time, and a key on this PC that opens the copy.)
 */
#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "offsite_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/folder.h"

#define MEMBER "encrypted"
#define NOTE_VERSION 1
#define NOTE_MAX 262144u
#define FORGOTTEN 604800 /* seconds; an encrypted file that nobody has gone on with for so long */
#define NOTE_FORGOTTEN 34560000 /* the note on it: it is small, and may be all that knows a copy without a manifest */
#define KEY_FILE_MAX 65536u
#define SPARE 1048576u   /* bytes; header and the file system's own */

/* --- what the manifest says ------------------------------------------------------------------------------- */

void sealed_init(Sealed *sealed)
{
    *sealed = (Sealed){.file = NULL};
}

void sealed_release(Sealed *sealed)
{
    mem_free(sealed->file);
    mem_free(sealed->sha256);
    mem_free(sealed->quickxor);
    mem_free(sealed->recipient);
    mem_free(sealed->mark);
    mem_free(sealed->header);
    sealed_init(sealed);
}

static bool is_sha256(const char *text)
{
    return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool sealed_of_json(const cJSON *object, Sealed *sealed)
{
    const char *file = json_string(object, "file", NULL), *sha256 = json_string(object, "sha256", NULL);
    const char *header = json_string(object, "header", NULL), *quickxor = json_string(object, "quickxor", NULL);
    const int64_t bytes = json_int(object, "bytes", -1);
    if (strcmp(json_string(object, "format", ""), AGE_FORMAT) != 0 || file == NULL || !is_sha256(sha256) ||
        header == NULL || quickxor == NULL || strlen(quickxor) != 28 || bytes < 0) {
        return false;
    }
    sealed_release(sealed);
    *sealed = (Sealed){.file = mem_strdup(file),
                       .bytes = (uint64_t)bytes,
                       .sha256 = mem_strdup(sha256),
                       .quickxor = mem_strdup(quickxor),
                       .recipient = mem_strdup(json_string(object, "recipient", NULL)),
                       .mark = mem_strdup(json_string(object, "mark", "?")),
                       .header = mem_strdup(header)};
    return true;
}

static cJSON *sealed_json(const Sealed *sealed)
{
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "format", AGE_FORMAT);
    json_set_string(object, "file", sealed->file);
    json_set_int(object, "bytes", (int64_t)sealed->bytes);
    json_set_string(object, "sha256", sealed->sha256);
    json_set_string(object, "quickxor", sealed->quickxor);
    json_set_string(object, "recipient", sealed->recipient);
    json_set_string(object, "mark", sealed->mark);
    json_set_string(object, "header", sealed->header);
    return object;
}

bool sealed_of_manifest(const Manifest *manifest, Sealed *sealed)
{
    return sealed_of_json(cJSON_GetObjectItem(manifest->others, MEMBER), sealed);
}

void sealed_to_manifest(const Sealed *sealed, Manifest *manifest)
{
    if (manifest->others == NULL) {
        manifest->others = cJSON_CreateObject();
    }
    cJSON_DeleteItemFromObject(manifest->others, MEMBER);
    if (sealed != NULL) {
        cJSON_AddItemToObject(manifest->others, MEMBER, sealed_json(sealed));
    }
}

/* --- the encrypted file on this PC ------------------------------------------------------------------------- */

typedef struct Staged {
    const SealedUpload *spec;
    const Cancel *cancel;
    char *path, *note; /* the file, and what it is of */
    Sealed sealed;
} Staged;

/* One for each content and key. */
static void name_staged(Staged *staged)
{
    char hex[65];
    Sha256 *hash = sha256_new();
    sha256_update(hash, staged->spec->manifest->sha256, 64);
    sha256_update(hash, staged->spec->manifest->file, strlen(staged->spec->manifest->file) + 1);
    sha256_update(hash, staged->spec->encryption->mark, strlen(staged->spec->encryption->mark));
    sha256_finish(hash, hex);
    char *file = mem_printf("encrypted-%.16s" AGE_SUFFIX, hex);
    staged->path = fs_join(staged->spec->dir, file);
    staged->note = mem_printf("%s.json", staged->path);
    mem_free(file);
}

static void drop_staged(const Staged *staged)
{
    fs_remove(staged->note, NULL); /* first: without it the file is nothing */
    fs_remove(staged->path, NULL);
}

/* What an earlier run has finished; the file itself may have gone. */
static bool take_note(Staged *staged)
{
    cJSON *note = NULL;
    StrBuf text;
    strbuf_init(&text, NOTE_MAX);
    const bool ok = fs_read_all(staged->note, NOTE_MAX, &text, NULL) &&
                    json_parse(text.buf, text.len, &note, NULL) && json_int(note, "version", 0) == NOTE_VERSION &&
                    strcmp(json_string(note, "plain_sha256", ""), staged->spec->manifest->sha256) == 0 &&
                    strcmp(json_string(note, "plain_file", ""), staged->spec->manifest->file) == 0 &&
                    sealed_of_json(cJSON_GetObjectItem(note, MEMBER), &staged->sealed) &&
                    strcmp(staged->sealed.mark, staged->spec->encryption->mark) == 0;
    if (!ok) {
        sealed_release(&staged->sealed);
    }
    cJSON_Delete(note);
    strbuf_release(&text);
    return ok;
}

static bool take_staged(Staged *staged)
{
    FsInfo info;
    if (take_note(staged) && fs_stat(staged->path, &info, NULL) && info.size == staged->sealed.bytes) {
        return true;
    }
    sealed_release(&staged->sealed);
    return false;
}

static bool note_staged(const Staged *staged, Error *err)
{
    cJSON *note = cJSON_CreateObject();
    json_set_int(note, "version", NOTE_VERSION);
    json_set_string(note, "plain_file", staged->spec->manifest->file);
    json_set_string(note, "plain_sha256", staged->spec->manifest->sha256);
    cJSON_AddItemToObject(note, MEMBER, sealed_json(&staged->sealed));
    char *text = json_text(note);
    const bool ok = fs_write_atomic(staged->note, text, strlen(text), err);
    mem_free(text);
    cJSON_Delete(note);
    return ok;
}

typedef struct Leavings {
    const char *dir, *own; /* own: the file that is wanted now */
    int64_t now;
} Leavings;

static bool drop_forgotten(void *context, const char *name, const FsInfo *info)
{
    const Leavings *left = context;
    const size_t len = strlen(name);
    const bool note = len > 5 && strcmp(name + len - 5, ".json") == 0;
    if (!info->is_dir && strncmp(name, "encrypted-", 10) == 0 && strncmp(name, left->own, strlen(left->own)) != 0 &&
        left->now - info->modified > (note ? NOTE_FORGOTTEN : FORGOTTEN)) {
        char *path = fs_join(left->dir, name);
        fs_remove(path, NULL);
        mem_free(path);
    }
    return true;
}

static bool enough_room(const Staged *staged, Error *err)
{
    const uint64_t needed = age_payload_bytes(staged->spec->manifest->bytes) + SPARE;
    uint64_t available = 0;
    if (!fs_free_space(staged->spec->dir, &available, NULL) || available >= needed) {
        return true;
    }
    error_set(err, EK_SPACE, "the encrypted copy takes %s on this PC until it is uploaded, and %s are free",
              size_text(needed).text, size_text(available).text);
    return error_hint(err, "Free some space on the disk with your user's data.");
}

static bool make_staged(Staged *staged, Error *err)
{
    const SealedUpload *spec = staged->spec;
    const Manifest *manifest = spec->manifest;
    const AgeTo to = encryption_to(spec->encryption);
    char *name = mem_printf("%s" AGE_SUFFIX, manifest->file);
    const AgeJob job = {.from = spec->path, .to = staged->path, .name = name, .progress = spec->progress,
                        .context = spec->context};
    AgeMade made;
    age_made_init(&made);
    drop_staged(staged);
    bool ok = enough_room(staged, err) && age_encrypt_file(&job, &to, staged->cancel, &made, err);
    if (ok && (strcmp(made.plain_sha256, manifest->sha256) != 0 || made.plain_bytes != manifest->bytes)) {
        error_set(err, EK_DAMAGED, "%s is damaged: its SHA-256 differs from the manifest's", manifest->file);
        ok = error_hint(err, "Do not rely on this file; make a new backup now, or use an older one marked Verified.");
    }
    if (ok) {
        sealed_release(&staged->sealed);
        staged->sealed = (Sealed){.file = mem_strdup(name),
                                  .bytes = made.bytes,
                                  .sha256 = mem_strdup(made.sha256),
                                  .quickxor = mem_strdup(made.quickxor),
                                  .recipient = mem_strdup(spec->encryption->recipient),
                                  .mark = mem_strdup(spec->encryption->mark),
                                  .header = mem_strdup(made.header)};
        ok = note_staged(staged, err);
    }
    if (!ok) {
        drop_staged(staged);
    }
    age_made_release(&made);
    mem_free(name);
    return ok;
}

/* The encrypted file, made now or by an earlier run. One program of this user at a time makes them. */
static bool stage(Staged *staged, Error *err)
{
    FsLock *lock = NULL;
    char *lock_file = fs_join(staged->spec->dir, "encrypt.lock");
    Leavings left = {staged->spec->dir, fs_base_name(staged->path), clock_now()};
    bool ok = fs_make_private_dir(staged->spec->dir, err);
    if (ok && !fs_lock(lock_file, &lock, err)) {
        ok = false;
        if (err != NULL && err->kind == EK_BUSY) {
            error_set(err, EK_BUSY, "another program of this user is encrypting a copy");
            error_hint(err, "Wait until it is done.");
        }
    }
    if (ok) {
        fs_list(staged->spec->dir, drop_forgotten, &left, NULL);
        ok = take_staged(staged) || make_staged(staged, err);
    }
    fs_unlock(lock);
    mem_free(lock_file);
    return ok;
}

/* --- upload ------------------------------------------------------------------------------------------------ */

static bool try_key(const Sealed *sealed, const AgeFrom *from, Error *err)
{
    const size_t size = strlen(sealed->header);
    unsigned char *bytes = mem_alloc(size), key[AGE_KEY];
    size_t len = 0;
    AgeHeader header;
    age_header_init(&header);
    bool ok = age_base64_read(sealed->header, strlen(sealed->header), bytes, size, &len);
    if (!ok) {
        error_set(err, EK_DAMAGED, "what the manifest says of the encryption is damaged");
    }
    ok = ok && age_header_parse(bytes, len, &header, err) && age_header_open(bytes, &header, from, key, err);
    secret_wipe(key, sizeof key);
    age_header_release(&header);
    mem_free(bytes);
    return ok;
}

/* A passphrase that was set up once more has another number, and opens what the first one did. */
bool offsite_sealed_is_for(const Sealed *sealed, const Encryption *encryption)
{
    if (sealed->recipient != NULL || encryption->recipient != NULL) {
        return sealed->recipient != NULL && encryption->recipient != NULL &&
               strcmp(sealed->recipient, encryption->recipient) == 0;
    }
    AgeFrom from;
    age_from_init(&from);
    secret_copy(&from.passphrase, &encryption->passphrase);
    const bool fits = try_key(sealed, &from, NULL);
    age_from_release(&from);
    return fits;
}

static bool is_for_another(const char *name, const char *key, Error *err)
{
    error_set(err, EK_IO, "%s is on SharePoint, encrypted for another key: %s", name, key);
    return error_hint(err, "Whoever has that key can read it. To have one for the key that is set up now, rename that "
                           "copy and its manifest on SharePoint; then upload the backup again.");
}

/* What is there, to `result`. */
static void take_there(const Remote *remote, const Sealed *sealed, UploadResult *result)
{
    upload_result_release(result);
    result->key = encryption_words(sealed->recipient, sealed->mark);
    result->item = mem_strdup(remote->item);
    result->web_url = mem_strdup(remote->web_url);
    result->bytes = remote->bytes;
    memcpy(result->sha256, sealed->sha256, sizeof result->sha256);
    memcpy(result->quickxor, sealed->quickxor, sizeof result->quickxor);
    result->was_there = true;
    result->hash_pending = remote->state == REMOTE_SAME_SIZE;
}

/* A copy of the same content that is there with its manifest: to be encrypted anew would give other bytes. For another
 * key, which may be lost, it is none that helps, and it is not touched: EK_IO. */
static bool look_there(const SealedUpload *spec, const char *name, const Cancel *cancel, Remote *remote, bool *there,
                       UploadResult *result, Error *err)
{
    *there = false;
    bool ok = offsite_find_backup(spec->graph, spec->place, name, spec->sink, cancel, remote, err);
    if (ok && remote->encrypted && (remote->state == REMOTE_SAME || remote->state == REMOTE_SAME_SIZE) &&
        strcmp(remote->manifest.sha256, spec->manifest->sha256) == 0) {
        Sealed sealed;
        sealed_init(&sealed);
        *there = sealed_of_manifest(&remote->manifest, &sealed);
        if (*there && !offsite_sealed_is_for(&sealed, spec->encryption)) {
            char *key = encryption_words(sealed.recipient, sealed.mark);
            *there = false;
            ok = is_for_another(name, key, err);
            mem_free(key);
        } else if (*there) {
            take_there(remote, &sealed, result);
        }
        sealed_release(&sealed);
    }
    return ok;
}

/* A copy whose manifest has not got there, and whose bytes are those that the note here is of: then the file that lay
 * here is not needed, which may have gone since, and could not be made again with the same bytes. */
static bool is_ours(Staged *staged, const Remote *remote)
{
    return remote->item != NULL && remote->encrypted && remote->manifest_item == NULL && remote->quickxor != NULL &&
           take_note(staged) && staged->sealed.bytes == remote->bytes &&
           strcmp(staged->sealed.quickxor, remote->quickxor) == 0 && strcmp(staged->sealed.file, remote->name) == 0;
}

/* A copy of `manifest` that says what the encrypted file is, as a file to be uploaded. */
static bool write_manifest(const Staged *staged, const char *path, Error *err)
{
    char *text = manifest_text(staged->spec->manifest);
    Manifest manifest;
    manifest_init(&manifest);
    const bool ok = manifest_parse(text, strlen(text), &manifest, err);
    mem_free(text);
    if (ok) {
        sealed_to_manifest(&staged->sealed, &manifest);
    }
    const bool written = ok && manifest_write(path, &manifest, err);
    manifest_release(&manifest);
    return written;
}

static bool send_manifest(const Staged *staged, UploadSpec spec, const Cancel *cancel, Error *err)
{
    UploadResult result;
    char *path = mem_printf("%s" FOLDER_MANIFEST_SUFFIX, staged->path);
    char *name = folder_manifest_path(staged->sealed.file);
    upload_result_init(&result);
    spec.path = path;
    spec.name = name;
    spec.sha256 = NULL;
    spec.replace = true;
    spec.progress = NULL;
    const bool ok = write_manifest(staged, path, err) && upload_file(&spec, cancel, &result, err);
    fs_remove(path, NULL);
    upload_result_release(&result);
    mem_free(name);
    mem_free(path);
    return ok;
}

static UploadSpec upload_of(const Staged *staged)
{
    const SealedUpload *spec = staged->spec;
    return (UploadSpec){.graph = spec->graph,
                        .path = staged->path,
                        .name = staged->sealed.file,
                        .drive = spec->place->drive,
                        .folder = spec->place->folder,
                        .sha256 = staged->sealed.sha256,
                        .journal_dir = spec->dir,
                        .rate = spec->rate,
                        .sink = spec->sink,
                        .progress = spec->progress,
                        .context = spec->context};
}

static bool send_staged(Staged *staged, UploadResult *result, Error *err)
{
    const SealedUpload *spec = staged->spec;
    const UploadSpec upload = upload_of(staged);
    Error failed = ERROR_INIT;
    if (!upload_file(&upload, staged->cancel, result, &failed)) {
        if (failed.kind == EK_DAMAGED) { /* the next try makes it anew; nothing is said against the backup */
            drop_staged(staged);
            error_set(&failed, EK_DAMAGED,
                      "the encrypted copy of %s is not what was written, on this PC or on SharePoint",
                      spec->manifest->file);
            error_hint(&failed, "Upload it again: it is encrypted anew then.");
        }
        return error_move(err, &failed);
    }
    /* Encrypted files of one backup have one size, whatever their key. */
    if (result->was_there && result->hash_pending) {
        error_set(err, EK_IO, "%s is on SharePoint already, which has not said whether it is the same", upload.name);
        return error_hint(err, "Try again later. If it stays so, rename that file there.");
    }
    if (!send_manifest(staged, upload, staged->cancel, err)) {
        return false;
    }
    result->key = encryption_words(staged->sealed.recipient, staged->sealed.mark);
    drop_staged(staged);
    return true;
}

bool offsite_upload_sealed(const SealedUpload *spec, const Cancel *cancel, UploadResult *result, Error *err)
{
    Staged staged = {.spec = spec, .cancel = cancel};
    char *name = mem_printf("%s" AGE_SUFFIX, spec->manifest->file);
    bool there = false;
    Remote remote = {.name = NULL};
    manifest_init(&remote.manifest);
    sealed_init(&staged.sealed);
    name_staged(&staged);
    bool ok = look_there(spec, name, cancel, &remote, &there, result, err);
    if (ok && !there && is_ours(&staged, &remote)) {
        there = true;
        ok = send_manifest(&staged, upload_of(&staged), cancel, err);
        if (ok) {
            take_there(&remote, &staged.sealed, result);
        }
    }
    if (ok && there) {
        drop_staged(&staged);
    } else if (ok) {
        ok = stage(&staged, err) && send_staged(&staged, result, err);
    }
    if (ok) {
        result->encrypted = true;
    }
    offsite_remote_release(&remote);
    sealed_release(&staged.sealed);
    mem_free(staged.path);
    mem_free(staged.note);
    mem_free(name);
    return ok;
}

/* --- the way back ------------------------------------------------------------------------------------------- */

static bool opens(const Sealed *sealed, const Encryption *key, AgeFrom *from)
{
    secret_copy(&from->identity, &key->identity);
    secret_copy(&from->passphrase, &key->passphrase);
    if (try_key(sealed, from, NULL)) {
        return true;
    }
    age_from_release(from);
    return false;
}

/* Of now, or of before. */
static bool kept_key(const Sealed *sealed, AgeFrom *from)
{
    Encryption encryption;
    encryption_init(&encryption);
    bool ok = encryption_load(&encryption, NULL) && encryption.on;
    const size_t count = ok ? encryption.earlier_count : 0;
    ok = ok && opens(sealed, &encryption, from);
    for (size_t i = 0; !ok && i < count; i++) {
        ok = opens(sealed, &encryption.earlier[i], from);
    }
    encryption_release(&encryption);
    return ok;
}

/* Of who is there to be asked, and once more where that one can be, until it opens the copy. */
static bool asked_key(const Sealed *sealed, const OffsiteKeys *keys, AgeFrom *from, Error *err)
{
    OffsiteLock lock = {.file = sealed->file, .recipient = sealed->recipient, .mark = sealed->mark};
    Error refused = ERROR_INIT;
    for (;;) {
        const bool answered = keys->ask(keys->context, &lock, from, err);
        error_clear(&refused);
        if (!answered || try_key(sealed, from, &refused)) {
            return answered;
        }
        if (!keys->again || refused.kind != EK_REFUSED) {
            return error_move(err, &refused);
        }
        age_from_release(from);
        lock.refused = &refused;
    }
}

bool offsite_find_key(const Sealed *sealed, const OffsiteKeys *keys, AgeFrom *from, Error *err)
{
    AgeFrom found;
    age_from_init(&found);
    bool ok = kept_key(sealed, &found);
    if (!ok && (keys == NULL || keys->ask == NULL)) {
        ok = try_key(sealed, &found, err); /* says what is needed */
    } else if (!ok) {
        ok = asked_key(sealed, keys, &found, err);
    }
    if (!ok) {
        age_from_release(&found);
        return error_context(err, "%s", sealed->file);
    }
    age_from_release(from);
    *from = found;
    return true;
}

bool offsite_open_sealed(const AgeJob *job, const AgeFrom *from, const Manifest *manifest, const Cancel *cancel,
                         Error *err)
{
    AgeMade made;
    age_made_init(&made);
    bool ok = age_decrypt_file(job, from, cancel, &made, err);
    if (ok && (strcmp(made.plain_sha256, manifest->sha256) != 0 || made.plain_bytes != manifest->bytes)) {
        fs_remove(job->to, NULL);
        error_set(err, EK_DAMAGED, "%s holds another backup than its manifest says", job->name);
        ok = error_hint(err, "Take another backup.");
    }
    age_made_release(&made);
    return ok;
}

/* Into one piece of memory, which does not grow: growing leaves copies behind. */
static bool read_secret_file(const char *path, char *bytes, size_t size, size_t *len, Error *err)
{
    FsFile *file = NULL;
    size_t got = 1;
    bool ok = fs_open_read(path, &file, err);
    *len = 0;
    while (ok && got > 0 && *len < size) {
        ok = fs_read(file, bytes + *len, size - *len, &got, err);
        *len += ok ? got : 0;
    }
    fs_close(file, NULL);
    return ok && (*len < size || error_set(err, EK_DAMAGED, "\"%s\" is larger than such a file can be", path));
}

bool offsite_read_key_file(const char *path, AgeFrom *from, Error *err)
{
    char *bytes = mem_alloc(KEY_FILE_MAX), *recipient = NULL;
    size_t len = 0;
    const bool ok = read_secret_file(path, bytes, KEY_FILE_MAX, &len, err) &&
                    age_identity_read(bytes, len, &from->identity, &recipient, err);
    secret_wipe(bytes, KEY_FILE_MAX);
    mem_free(bytes);
    mem_free(recipient);
    return ok || error_context(err, "\"%s\"", path);
}
