#include "cloud/encryption.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "sealed.h"

#define VERSION 1
#define FILE_MAX 1048576u
#define MARK_DIGITS 16u

void encryption_init(Encryption *encryption)
{
    *encryption = (Encryption){.passphrase = SECRET_INIT, .identity = SECRET_INIT};
}

void encryption_release(Encryption *encryption)
{
    for (size_t i = 0; i < encryption->earlier_count; i++) {
        encryption_release(&encryption->earlier[i]); /* those have none of their own */
    }
    mem_free(encryption->earlier);
    mem_free(encryption->recipient);
    mem_free(encryption->mark);
    secret_release(&encryption->passphrase);
    secret_release(&encryption->identity);
    encryption_init(encryption);
}

bool encryption_keeps_key(const Encryption *encryption)
{
    return secret_is_set(&encryption->passphrase) || secret_is_set(&encryption->identity) ||
           encryption->earlier_count > 0;
}

void encryption_take_earlier(Encryption *to, Encryption *old)
{
    to->earlier = mem_resize(to->earlier, to->earlier_count + old->earlier_count + 1, sizeof *to->earlier);
    for (size_t i = 0; i < old->earlier_count; i++) {
        to->earlier[to->earlier_count++] = old->earlier[i];
    }
    mem_free(old->earlier);
    old->earlier = NULL;
    old->earlier_count = 0;
    if (encryption_keeps_key(old)) {
        to->earlier[to->earlier_count++] = *old;
        encryption_init(old);
    }
}

/* --- names ------------------------------------------------------------------------------------------------ */

static char *in_fours(const char *hex)
{
    return mem_printf("%.4s %.4s %.4s %.4s", hex, hex + 4, hex + 8, hex + 12);
}

char *encryption_mark_of(const char *recipient)
{
    char hex[65];
    Sha256 *hash = sha256_new();
    sha256_update(hash, recipient, strlen(recipient));
    sha256_finish(hash, hex);
    return in_fours(hex);
}

char *encryption_mark_new(Error *err)
{
    unsigned char random[MARK_DIGITS / 2];
    StrBuf hex;
    if (!machine_random(random, sizeof random)) {
        error_set(err, EK_INTERNAL, "the system gives no random numbers");
        return NULL;
    }
    strbuf_init(&hex, STRBUF_SMALL);
    for (size_t i = 0; i < sizeof random; i++) {
        strbuf_addf(&hex, "%02x", random[i]);
    }
    char *mark = in_fours(hex.buf);
    strbuf_release(&hex);
    return mark;
}

char *encryption_words(const char *recipient, const char *mark)
{
    return recipient == NULL ? mem_printf("the passphrase number %s", mark)
                             : mem_printf("the public key %s, fingerprint %s", recipient, mark);
}

AgeTo encryption_to(const Encryption *encryption)
{
    return encryption->recipient != NULL ? (AgeTo){.recipient = encryption->recipient}
                                         : (AgeTo){.passphrase = &encryption->passphrase};
}

/* --- the file --------------------------------------------------------------------------------------------- */

static bool own_file(char **path, Error *err)
{
    char *dir = machine_local_data_dir();
    if (dir == NULL) {
        return error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    }
    *path = fs_join(dir, ENCRYPTION_FILE);
    mem_free(dir);
    return true;
}

/* A member that is sealed; one that is not there is no failure. */
static bool open_member(const cJSON *document, const char *name, Secret *secret)
{
    const char *text = json_string(document, name, NULL);
    return text == NULL || sealed_open(text, secret);
}

static bool take_key(const cJSON *document, Encryption *read)
{
    read->recipient = mem_strdup(json_string(document, "recipient", NULL));
    read->mark = mem_strdup(json_string(document, "mark", NULL));
    read->set_up = json_int(document, "set_up", 0);
    read->on = true;
    if (!open_member(document, "passphrase", &read->passphrase) ||
        !open_member(document, "identity", &read->identity) || read->mark == NULL) {
        return false;
    }
    return read->recipient != NULL ? age_recipient_check(read->recipient, NULL) && !secret_is_set(&read->passphrase)
                                   : secret_is_set(&read->passphrase) && read->passphrase.len > 0;
}

static bool take(const cJSON *document, Encryption *read)
{
    const cJSON *earlier = cJSON_GetObjectItem(document, "earlier"), *item;
    bool ok = take_key(document, read) && (earlier == NULL || cJSON_IsArray(earlier));
    cJSON_ArrayForEach(item, earlier) {
        Encryption key;
        encryption_init(&key);
        ok = ok && take_key(item, &key) && encryption_keeps_key(&key);
        if (ok) {
            encryption_take_earlier(read, &key);
        }
        encryption_release(&key);
    }
    return ok;
}

bool encryption_parse(const char *bytes, size_t len, Encryption *encryption, Error *err)
{
    cJSON *document = NULL;
    Encryption read;
    encryption_init(&read);
    const bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION &&
                    take(document, &read);
    if (ok) {
        encryption_release(encryption);
        *encryption = read;
    } else {
        encryption_release(&read);
        error_set(err, EK_SETTINGS, "what is saved about the encryption of copies is damaged, or of another PC");
        error_hint(err, "Nothing is copied in the clear instead. Set the encryption up again, or switch it off.");
    }
    cJSON_Delete(document);
    return ok;
}

bool encryption_load(Encryption *encryption, Error *err)
{
    char *path = NULL;
    StrBuf text;
    Error failed = ERROR_INIT;
    strbuf_init(&text, FILE_MAX);
    bool ok = own_file(&path, &failed) && fs_read_all(path, FILE_MAX, &text, &failed);
    if (ok) {
        ok = encryption_parse(text.buf, text.len, encryption, err);
    } else if (failed.kind == EK_NOT_FOUND) {
        encryption_release(encryption);
        error_clear(&failed);
        ok = true;
    } else {
        error_move(err, &failed);
    }
    secret_wipe(text.buf, text.len);
    strbuf_release(&text);
    mem_free(path);
    return ok;
}

/* False: it cannot be sealed. */
static bool add_sealed(cJSON *document, const char *name, const Secret *secret, Error *err)
{
    if (!secret_is_set(secret)) {
        return true;
    }
    char *text = sealed_text(secret, err);
    if (text != NULL) {
        json_set_string(document, name, text);
    }
    const bool ok = text != NULL;
    secret_free_text(text);
    return ok;
}

static bool add_key(cJSON *document, const Encryption *encryption, Error *err)
{
    json_set_string(document, "recipient", encryption->recipient);
    json_set_string(document, "mark", encryption->mark);
    json_set_int(document, "set_up", encryption->set_up);
    return add_sealed(document, "passphrase", &encryption->passphrase, err) &&
           add_sealed(document, "identity", &encryption->identity, err);
}

bool encryption_save(const Encryption *encryption, Error *err)
{
    char *path = NULL;
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    bool ok = add_key(document, encryption, err) && own_file(&path, err);
    cJSON *earlier = ok && encryption->earlier_count > 0 ? cJSON_AddArrayToObject(document, "earlier") : NULL;
    for (size_t i = 0; ok && i < encryption->earlier_count; i++) {
        cJSON *key = cJSON_CreateObject();
        ok = add_key(key, &encryption->earlier[i], err);
        cJSON_AddItemToArray(earlier, key);
    }
    if (ok) {
        char *text = json_text(document);
        ok = fs_write_atomic(path, text, strlen(text), err);
        secret_free_text(text);
    }
    mem_free(path);
    cJSON_Delete(document);
    return ok;
}

bool encryption_forget(Error *err)
{
    char *path = NULL;
    const bool ok = own_file(&path, err) && fs_remove(path, err);
    mem_free(path);
    return ok;
}
