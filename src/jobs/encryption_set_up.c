#include "jobs/encryption_set_up.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "jobs/offsite_back.h"
#include "platform/clock.h"
#include "platform/cloudsync.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"
#include "version.h"

#define DAMAGED_MAX 1048576u /* bytes, as of one that can be read */

/* What is true of all of them. */
#define IN_ANY_CASE                                                                                                  \
    "Without the key nobody can read the copies: not IT, not Microsoft, not the makers of this program. Copies that " \
    "are on SharePoint already stay as they are, also those that are not encrypted; those for an earlier key still "  \
    "need that one. The backups in the backup folder stay as they are, and a copy's manifest on SharePoint can be "   \
    "read: names of tables and users, and how many rows there are."

/* --- what is said ----------------------------------------------------------------------------------------- */

const char *encryption_warning(EncryptionWay way)
{
    static const char *const texts[] = {
        "Copies are encrypted for a new public key before they leave this PC. Its private key, which alone can read "
        "them, is written once to the file that you choose: take it away from this PC, to a stick or your "
        "organisation's password safe, in two places, and not to SharePoint. " IN_ANY_CASE,
        "Copies are encrypted for that public key before they leave this PC. Only whoever has its private key can "
        "read them; this PC cannot, and cannot try whether it fits. Bring one copy back with the private key before "
        "you rely on it. " IN_ANY_CASE,
        "Copies are encrypted with the passphrase before they leave this PC. It is kept here, sealed for your Windows "
        "account, so that copies can be made while nobody is at the PC: whoever has your account on this PC can read "
        "them as well. Write it down and keep it in another place. " IN_ANY_CASE,
    };
    return texts[way];
}

char *encryption_state_text(const Encryption *encryption)
{
    if (!encryption->on) {
        return mem_strdup("Copies go to SharePoint as they are, not encrypted");
    }
    char *key = encryption_words(encryption->recipient, encryption->mark);
    char *earlier = encryption->earlier_count == 0
                        ? mem_strdup("")
                        : mem_printf("; %zu earlier key(s) are kept as well", encryption->earlier_count);
    char *text = mem_printf("Copies are encrypted for %s%s%s", key,
                            encryption->recipient == NULL               ? ", which is kept on this PC"
                            : secret_is_set(&encryption->identity) ? "; its private key is kept on this PC"
                                                                    : "; its private key is not on this PC",
                            earlier);
    mem_free(earlier);
    mem_free(key);
    return text;
}

char *encryption_card(const Encryption *encryption, const char *key_file)
{
    char *when = clock_log_text(encryption->set_up), *pc = machine_host_name(), *user = machine_user_name();
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    strbuf_addf(&text, CMMS_PRODUCT ": recovery card for encrypted copies\n"
                       "===============================================\n\n"
                       "Set up on %s on the PC %s by %s.\n\n", when, pc == NULL ? "?" : pc, user == NULL ? "?" : user);
    if (encryption->recipient != NULL) {
        strbuf_addf(&text, "The copies can be read with the private key that belongs to this public key:\n  %s\n"
                           "  fingerprint %s\n\n", encryption->recipient, encryption->mark);
        strbuf_addf(&text, "The private key is in the key file%s%s%s.\n", key_file == NULL ? "" : " \"",
                    key_file == NULL ? " of whoever made it" : fs_base_name(key_file), key_file == NULL ? "" : "\"");
        strbuf_addstr(&text, "Where it is kept (fill in):  1. ______________________  2. ______________________\n\n");
    } else {
        strbuf_addf(&text, "The copies can be read with the passphrase number %s, of that day.\n"
                           "Where it is kept (fill in):  1. ______________________  2. ______________________\n\n",
                    encryption->mark);
    }
    strbuf_addf(&text, "Without it nobody can read the copies: not IT, not Microsoft, not the program's makers.\n\n"
                       "On SharePoint a copy is named NAME.backup" AGE_SUFFIX ". To get one back with " CMMS_PRODUCT
                       ":\n"
                       "download it there and choose the key file, or type the passphrase.\n\n"
                       "Without " CMMS_PRODUCT ": the copies are in the format of age (" AGE_FORMAT ").\n"
                       "Save one with the browser; then, with the program age (https://age-encryption.org):\n"
                       "  age --decrypt %s-o NAME.backup NAME.backup" AGE_SUFFIX "\n"
                       "NAME.backup is an ordinary archive of PostgreSQL: pg_restore reads it.\n",
                encryption->recipient != NULL ? "-i KEYFILE " : "");
    mem_free(user);
    mem_free(pc);
    mem_free(when);
    return strbuf_detach(&text);
}

/* --- what is checked -------------------------------------------------------------------------------------- */

static char *trimmed(const char *text)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addstr(&sb, text == NULL ? "" : text);
    strbuf_trim(&sb);
    return strbuf_detach(&sb);
}

/* Characters; 0: it is not text that can be typed again. */
static size_t passphrase_length(const Secret *passphrase)
{
    size_t count = 0;
    if (!utf8_valid(passphrase->bytes, passphrase->len)) {
        return 0;
    }
    for (size_t i = 0; i < passphrase->len; i++) {
        const unsigned char c = (unsigned char)passphrase->bytes[i];
        if (c < 0x20 || c == 0x7f) {
            return 0;
        }
        count += (c & 0xc0) != 0x80;
    }
    return count;
}

static bool check_passphrase(const EncryptionSetUp *spec, Error *err)
{
    const bool set = spec->passphrase != NULL && secret_is_set(spec->passphrase);
    const size_t length = set ? passphrase_length(spec->passphrase) : 0;
    if (set && length == 0 && spec->passphrase->len > 0) {
        error_set(err, EK_USAGE, "the passphrase has characters that cannot be typed again");
        return error_hint(err, "Take letters, digits, signs and spaces.");
    }
    if (length < ENCRYPTION_PASSPHRASE_MIN) {
        error_set(err, EK_USAGE, "the passphrase is too short: it has fewer than %u characters",
                  ENCRYPTION_PASSPHRASE_MIN);
        return error_hint(err, "Take five or six words that have nothing to do with each other.");
    }
    if (spec->again == NULL || !secret_is_set(spec->again) || spec->again->len != spec->passphrase->len ||
        memcmp(spec->again->bytes, spec->passphrase->bytes, spec->passphrase->len) != 0) {
        error_set(err, EK_USAGE, "the passphrase was typed in two ways");
        return error_hint(err, "Type the same twice.");
    }
    return true;
}

static bool check_new_file(const char *path, const char *what, Error *err)
{
    if (path == NULL || path[0] == '\0') {
        error_set(err, EK_USAGE, "%s has no place to go to", what);
        return error_hint(err, "Choose a file for it, for example on a stick.");
    }
    if (fs_exists(path)) {
        error_set(err, EK_IO, "\"%s\" is there already", path);
        return error_hint(err, "Choose another name: it may hold a key that is still needed.");
    }
    return true;
}

/* Whoever reads the copies in the cloud would have the key there as well. What cannot be looked at is left to who
 * writes the file. */
static bool check_not_in_cloud(const char *path, Error *err)
{
    char *dir = fs_dir_name(path);
    CloudSyncFacts facts;
    cloudsync_facts_init(&facts);
    const bool ok = !cloudsync_look(dir, &facts, NULL) || !cloudsync_is_managed(&facts);
    if (!ok) {
        char *name = cloudsync_name(&facts);
        error_set(err, EK_USAGE, "\"%s\" is brought to the cloud by %s, and the private key must not be there", dir,
                  name);
        error_hint(err, "Choose another place, for example a stick.");
        mem_free(name);
    }
    cloudsync_facts_release(&facts);
    mem_free(dir);
    return ok;
}

bool encryption_check(const EncryptionSetUp *spec, Error *err)
{
    bool ok = true;
    if (spec->way == ENCRYPTION_NEW_PAIR) {
        ok = check_new_file(spec->key_file, "the private key", err) && check_not_in_cloud(spec->key_file, err);
    } else if (spec->way == ENCRYPTION_PASSPHRASE) {
        ok = check_passphrase(spec, err);
    } else {
        char *recipient = trimmed(spec->recipient);
        ok = age_recipient_check(recipient, err);
        mem_free(recipient);
    }
    return ok && (spec->card_file == NULL || check_new_file(spec->card_file, "the recovery card", err));
}

static bool check_confirmed(const char *confirmed, Error *err)
{
    char *typed = trimmed(confirmed);
    const bool ok = utf8_casecmp(typed, ENCRYPTION_CONFIRM) == 0;
    mem_free(typed);
    if (!ok) {
        error_set(err, EK_USAGE, "nothing was changed: it was not confirmed");
        return error_hint(err, "Type \"" ENCRYPTION_CONFIRM "\", when you know where the key will be kept.");
    }
    return true;
}

/* --- what is done ----------------------------------------------------------------------------------------- */

/* As age-keygen writes it. The text is the caller's to wipe. */
static char *key_file_text(const Encryption *encryption, const Secret *identity)
{
    char *when = clock_iso_text(encryption->set_up);
    char *text = mem_printf("# created: %s\n# public key: %s\n# " CMMS_PRODUCT ", fingerprint %s\n%s\n", when,
                            encryption->recipient, encryption->mark, identity->bytes);
    mem_free(when);
    return text;
}

/* A new file, to the disk; removed where that fails. */
static bool write_new(const char *path, const char *text, Error *err)
{
    FsFile *file = NULL;
    if (!fs_create_new(path, &file, err)) {
        return false;
    }
    bool ok = fs_write(file, text, strlen(text), err) && fs_flush(file, err);
    ok = fs_close(file, ok ? err : NULL) && ok;
    if (!ok) {
        fs_remove(path, NULL);
    }
    return ok;
}

/* What lies there is the key, and opens what is encrypted for it. */
static bool try_key_file(const char *path, const char *recipient, Error *err)
{
    static const unsigned char key[AGE_KEY] = "only to be tried";
    const AgeTo to = {.recipient = recipient};
    unsigned char found[AGE_KEY];
    AgeFrom from;
    AgeHeader header;
    StrBuf text;
    age_from_init(&from);
    age_header_init(&header);
    strbuf_init(&text, AGE_HEADER_MAX);
    bool ok = offsite_read_key_file(path, &from, err) && age_header_write(&to, key, &text, err) &&
              age_header_parse(text.buf, text.len, &header, err) &&
              age_header_open(text.buf, &header, &from, found, err);
    if (ok && memcmp(found, key, AGE_KEY) != 0) {
        ok = error_set(err, EK_INTERNAL, "the encryption library of this program failed");
    }
    strbuf_release(&text);
    age_header_release(&header);
    age_from_release(&from);
    return ok;
}

static bool make_pair(const EncryptionSetUp *spec, Encryption *new_one, Error *err)
{
    Secret identity = SECRET_INIT;
    if (!age_pair_new(&identity, &new_one->recipient, err)) {
        return false;
    }
    new_one->mark = encryption_mark_of(new_one->recipient);
    char *text = key_file_text(new_one, &identity);
    bool ok = write_new(spec->key_file, text, err);
    if (ok && !try_key_file(spec->key_file, new_one->recipient, err)) {
        fs_remove(spec->key_file, NULL);
        ok = false;
    }
    if (ok && spec->keep_key) {
        secret_copy(&new_one->identity, &identity);
    }
    secret_free_text(text);
    secret_release(&identity);
    return ok;
}

static bool make_key(const EncryptionSetUp *spec, Encryption *new_one, Error *err)
{
    switch (spec->way) {
    case ENCRYPTION_NEW_PAIR: return make_pair(spec, new_one, err);
    case ENCRYPTION_RECIPIENT:
        new_one->recipient = trimmed(spec->recipient);
        new_one->mark = encryption_mark_of(new_one->recipient);
        return true;
    case ENCRYPTION_PASSPHRASE:
        secret_copy(&new_one->passphrase, spec->passphrase);
        new_one->mark = encryption_mark_new(err);
        return new_one->mark != NULL;
    }
    return error_set(err, EK_INTERNAL, "no way to encrypt was chosen");
}

/* What cannot be read is kept beside it: another Windows account may read it, or whoever mends it. Not renamed: were
 * nothing there when the new one cannot be saved, copies would go in the clear. */
static bool keep_aside(const char *path, Error *err)
{
    StrBuf text;
    char *stamp = clock_stamp_text(clock_now()), *dir = fs_dir_name(path);
    char *name = mem_printf("encryption.damaged-%s.json", stamp), *aside = fs_join(dir, name);
    strbuf_init(&text, DAMAGED_MAX);
    const bool ok = fs_read_all(path, DAMAGED_MAX, &text, err) && fs_write_atomic(aside, text.buf, text.len, err);
    strbuf_release(&text);
    mem_free(aside);
    mem_free(name);
    mem_free(dir);
    mem_free(stamp);
    return ok;
}

/* A key that is kept here may be the only one that there is: the new one does not take its place. */
static bool keep_earlier(Encryption *new_one, Error *err)
{
    Encryption old;
    Error why = ERROR_INIT;
    encryption_init(&old);
    bool ok = encryption_load(&old, &why);
    if (ok) {
        encryption_take_earlier(new_one, &old);
    } else {
        char *data = machine_local_data_dir(), *path = data == NULL ? NULL : fs_join(data, ENCRYPTION_FILE);
        ok = why.kind == EK_SETTINGS && path != NULL ? keep_aside(path, err) : error_move(err, &why);
        mem_free(path);
        mem_free(data);
    }
    error_clear(&why);
    encryption_release(&old);
    return ok;
}

bool encryption_set_up(const EncryptionSetUp *spec, Encryption *made, Error *err)
{
    Encryption new_one;
    bool card = false;
    if (!encryption_check(spec, err) || !check_confirmed(spec->confirmed, err)) {
        return false;
    }
    encryption_init(&new_one);
    new_one.on = true;
    new_one.set_up = clock_now();
    bool ok = make_key(spec, &new_one, err);
    const bool key_file = ok && spec->way == ENCRYPTION_NEW_PAIR;
    if (ok && spec->card_file != NULL) {
        char *text = encryption_card(&new_one, key_file ? spec->key_file : NULL);
        ok = card = write_new(spec->card_file, text, err);
        mem_free(text);
    }
    ok = ok && keep_earlier(&new_one, err) && encryption_save(&new_one, err);
    if (ok) {
        encryption_release(made);
        *made = new_one;
        return true;
    }
    if (card) {
        fs_remove(spec->card_file, NULL);
    }
    if (key_file) {
        fs_remove(spec->key_file, NULL); /* of a key that nothing is encrypted for */
    }
    encryption_release(&new_one);
    return false;
}

bool encryption_switch_off(const char *confirmed, Error *err)
{
    Encryption old;
    encryption_init(&old);
    const bool kept = encryption_load(&old, NULL) && encryption_keeps_key(&old);
    encryption_release(&old);
    return (!kept || check_confirmed(confirmed, err)) && encryption_forget(err);
}
