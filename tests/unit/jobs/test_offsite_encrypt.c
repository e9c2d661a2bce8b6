/* What a manifest says of an encrypted copy, and the key for it; the uploads are e2e/test_encryption.py's. */
#include "test_util.h"

#include <string.h>

#include "age_vectors.h"
#include "jobs/offsite_private.h"
#include "test_env.h"

#define NAME "cmms_backup_20261130_020000.backup"
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define QUICK "AAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void fill(Sealed *sealed, size_t vector)
{
    AgeHeader header;
    Error err = ERROR_INIT;
    age_header_init(&header);
    sealed_init(sealed);
    assert_ok(age_header_parse(age_vectors[vector].bytes, age_vectors[vector].len, &header, &err), &err);
    *sealed = (Sealed){.file = mem_strdup(NAME ".age"),
                       .bytes = 208,
                       .sha256 = mem_strdup(SHA),
                       .quickxor = mem_strdup(QUICK),
                       .recipient = mem_strdup(vector == 0 ? VECTOR_RECIPIENT : NULL),
                       .mark = mem_strdup("1f0a 93bc 77e2 40d1"),
                       .header = age_base64((const unsigned char *)age_vectors[vector].bytes, header.len)};
    age_header_release(&header);
}

static void the_manifest_keeps_it(void **state)
{
    (void)state;
    Manifest manifest, read;
    Sealed out, in;
    Error err = ERROR_INIT;
    fill(&out, 0);
    sealed_init(&in);
    manifest_init(&manifest);
    manifest_init(&read);
    manifest.file = mem_strdup(NAME);
    manifest.sha256 = mem_strdup(SHA);
    manifest.bytes = 8;
    manifest.level = LEVEL_VERIFIED;
    assert_false(sealed_of_manifest(&manifest, &in));
    sealed_to_manifest(&out, &manifest);
    sealed_to_manifest(&out, &manifest); /* once, not twice */
    char *text = manifest_text(&manifest);
    assert_ok(manifest_parse(text, strlen(text), &read, &err), &err);
    assert_true(sealed_of_manifest(&read, &in));
    assert_string_equal(in.file, NAME ".age");
    assert_true(in.bytes == 208);
    assert_string_equal(in.sha256, SHA);
    assert_string_equal(in.quickxor, QUICK);
    assert_string_equal(in.recipient, VECTOR_RECIPIENT);
    assert_string_equal(in.mark, out.mark);
    assert_string_equal(in.header, out.header);
    assert_string_equal(read.sha256, SHA);
    /* What is there is compared with it. */
    Remote remote = {.name = (char *)NAME ".age", .file = (char *)NAME, .encrypted = true, .bytes = 208,
                     .quickxor = (char *)QUICK};
    assert_int_equal(remote_compare(&remote, &read), REMOTE_SAME);
    remote.quickxor = NULL;
    assert_int_equal(remote_compare(&remote, &read), REMOTE_SAME_SIZE);
    remote.bytes = 8; /* that of the content */
    assert_int_equal(remote_compare(&remote, &read), REMOTE_OTHER);
    sealed_to_manifest(NULL, &read);
    assert_false(sealed_of_manifest(&read, &in));
    remote.bytes = 208;
    assert_int_equal(remote_compare(&remote, &read), REMOTE_OTHER); /* a manifest of another */
    mem_free(text);
    manifest_release(&read);
    manifest_release(&manifest);
    sealed_release(&in);
    sealed_release(&out);
}

typedef struct Asked {
    size_t count;
    const char *identity, *passphrase;
    char *recipient, *mark;
} Asked;

static bool ask(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err)
{
    Asked *asked = context;
    (void)err;
    asked->count++;
    assert_string_equal(lock->file, NAME ".age");
    assert_string_equal(lock->mark, "1f0a 93bc 77e2 40d1");
    if (asked->identity != NULL) {
        secret_set(&from->identity, asked->identity, strlen(asked->identity));
    }
    if (asked->passphrase != NULL) {
        secret_set(&from->passphrase, asked->passphrase, strlen(asked->passphrase));
    }
    return true;
}

/* First a wrong one, then the right one, then none. */
static bool ask_again(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err)
{
    Asked *asked = context;
    const char *passphrase = asked->count == 0 ? "battery" : asked->passphrase;
    assert_int_equal(lock->refused != NULL, asked->count > 0);
    if (lock->refused != NULL) {
        assert_string_equal(lock->refused->message, "the passphrase is not the one that it was encrypted with");
    }
    assert_false(secret_is_set(&from->passphrase));
    asked->count++;
    if (passphrase == NULL) {
        return error_set(err, EK_CANCELLED, "cancelled");
    }
    secret_set(&from->passphrase, passphrase, strlen(passphrase));
    return true;
}

static void a_wrong_key_is_asked_for_again(void **state)
{
    static const char *const passphrases[] = {VECTOR_PASSPHRASE, NULL};
    (void)state;
    char *dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    for (size_t i = 0; i < TEST_COUNT(passphrases); i++) {
        Asked asked = {.passphrase = passphrases[i]};
        const OffsiteKeys keys = {.ask = ask_again, .context = &asked, .again = true};
        Sealed sealed;
        AgeFrom from;
        Error err = ERROR_INIT;
        fill(&sealed, 2);
        age_from_init(&from);
        assert_int_equal(offsite_find_key(&sealed, &keys, &from, &err), passphrases[i] != NULL);
        assert_int_equal(asked.count, 2);
        if (passphrases[i] == NULL) {
            assert_error(&err, EK_CANCELLED, NAME ".age: cancelled");
        }
        error_clear(&err);
        age_from_release(&from);
        sealed_release(&sealed);
    }
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

static void a_key_is_asked_for_and_tried(void **state)
{
    static const struct {
        size_t vector;
        const char *identity, *passphrase, *message;
    } cases[] = {
        {0, VECTOR_IDENTITY, NULL, NULL},
        {0, NULL, NULL, NAME ".age: it is encrypted for a public key, whose key file is needed to read it"},
        {2, NULL, VECTOR_PASSPHRASE, NULL},
        {2, NULL, "battery", NAME ".age: the passphrase is not the one that it was encrypted with"},
        {6, VECTOR_IDENTITY, NULL, NAME ".age: the key is not the one that it was encrypted for"},
    };
    (void)state;
    char *dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Asked asked = {.identity = cases[i].identity, .passphrase = cases[i].passphrase};
        const OffsiteKeys keys = {.ask = ask, .context = &asked};
        Sealed sealed;
        AgeFrom from;
        Error err = ERROR_INIT;
        fill(&sealed, cases[i].vector);
        age_from_init(&from);
        const bool ok = offsite_find_key(&sealed, &keys, &from, &err);
        assert_int_equal(asked.count, 1);
        assert_int_equal(ok, cases[i].message == NULL);
        if (!ok) {
            assert_error(&err, EK_REFUSED, cases[i].message);
        }
        assert_int_equal(secret_is_set(&from.identity) || secret_is_set(&from.passphrase), ok);
        age_from_release(&from);
        sealed_release(&sealed);
    }
    /* What this PC keeps is not asked for. */
    Encryption kept;
    Sealed sealed;
    AgeFrom from;
    Asked asked = {.count = 0};
    const OffsiteKeys keys = {.ask = ask, .context = &asked};
    Error err = ERROR_INIT;
    encryption_init(&kept);
    age_from_init(&from);
    kept.on = true;
    kept.recipient = mem_strdup(VECTOR_RECIPIENT);
    kept.mark = encryption_mark_of(VECTOR_RECIPIENT);
    secret_set(&kept.identity, VECTOR_IDENTITY, strlen(VECTOR_IDENTITY));
    assert_ok(encryption_save(&kept, &err), &err);
    fill(&sealed, 0);
    assert_ok(offsite_find_key(&sealed, &keys, &from, &err), &err);
    assert_int_equal(asked.count, 0);
    /* Nor what it kept before another key was set up. */
    Encryption later;
    encryption_init(&later);
    later.on = true;
    later.mark = encryption_mark_new(&err);
    secret_set(&later.passphrase, "another passphrase", 18);
    encryption_take_earlier(&later, &kept);
    assert_null(kept.recipient);
    assert_ok(encryption_save(&later, &err), &err);
    assert_ok(offsite_find_key(&sealed, &keys, &from, &err), &err);
    assert_int_equal(asked.count, 0);
    encryption_release(&later);
    assert_ok(encryption_forget(&err), &err);
    assert_false(offsite_find_key(&sealed, NULL, &from, &err)); /* nobody to ask */
    assert_error(&err, EK_REFUSED,
                 NAME ".age: it is encrypted for a public key, whose key file is needed to read it");
    mem_free(sealed.header);
    sealed.header = mem_strdup("?");
    assert_false(offsite_find_key(&sealed, NULL, &from, &err));
    assert_error(&err, EK_DAMAGED, NAME ".age: what the manifest says of the encryption is damaged");
    age_from_release(&from);
    encryption_release(&kept);
    sealed_release(&sealed);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

/* A copy for a key that was set up before is none for the key of now. */
static void whose_copy_it_is(void **state)
{
    static const struct {
        size_t vector;
        const char *recipient, *passphrase;
        bool is;
    } cases[] = {
        {0, VECTOR_RECIPIENT, NULL, true},
        {0, "age1another", NULL, false},
        {0, NULL, VECTOR_PASSPHRASE, false},
        {2, NULL, VECTOR_PASSPHRASE, true}, /* whatever its number */
        {2, NULL, "battery", false},
        {2, VECTOR_RECIPIENT, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Encryption now;
        Sealed sealed;
        encryption_init(&now);
        fill(&sealed, cases[i].vector);
        now.recipient = mem_strdup(cases[i].recipient);
        now.mark = mem_strdup("0000 0000 0000 0000");
        if (cases[i].passphrase != NULL) {
            secret_set(&now.passphrase, cases[i].passphrase, strlen(cases[i].passphrase));
        }
        assert_int_equal(offsite_sealed_is_for(&sealed, &now), cases[i].is);
        sealed_release(&sealed);
        encryption_release(&now);
    }
}

static void what_was_decrypted_is_compared(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *came = fs_join(dir, "came"), *partial = fs_join(dir, "partial");
    AgeFrom from;
    Error err = ERROR_INIT;
    Manifest manifest;
    const AgeJob job = {.from = came, .to = partial, .name = NAME ".age"};
    manifest_init(&manifest);
    age_from_init(&from);
    secret_set(&from.identity, VECTOR_IDENTITY, strlen(VECTOR_IDENTITY));
    manifest.sha256 = mem_strdup(SHA);
    manifest.bytes = 8;
    test_write_bytes(came, age_vectors[0].bytes, age_vectors[0].len);
    assert_fails(offsite_open_sealed(&job, &from, &manifest, NULL, &err), &err, EK_DAMAGED,
                 NAME ".age holds another backup than its manifest says");
    assert_false(fs_exists(partial));
    age_from_release(&from);
    manifest_release(&manifest);
    mem_free(partial);
    mem_free(came);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_manifest_keeps_it),
                                       cmocka_unit_test(a_key_is_asked_for_and_tried),
                                       cmocka_unit_test(a_wrong_key_is_asked_for_again),
                                       cmocka_unit_test(whose_copy_it_is),
                                       cmocka_unit_test(what_was_decrypted_is_compared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
