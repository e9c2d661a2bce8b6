#include "test_util.h"

#include <string.h>

#include "age_vectors.h"
#include "cloud/encryption.h"
#include "test_env.h"

static char *begin(void)
{
    char *dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    return dir;
}

static void end(char *dir)
{
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

static void set(Secret *secret, const char *text)
{
    secret_set(secret, text, strlen(text));
}

static void nothing_is_set_up(void **state)
{
    (void)state;
    char *dir = begin();
    Encryption encryption;
    Error err = ERROR_INIT;
    encryption_init(&encryption);
    encryption.on = true;
    encryption.mark = mem_strdup("of before");
    assert_ok(encryption_load(&encryption, &err), &err);
    assert_false(encryption.on);
    assert_null(encryption.mark);
    assert_ok(encryption_forget(&err), &err); /* there is none: no error */
    end(dir);
}

static void what_is_saved_is_read(void **state)
{
    (void)state;
    char *dir = begin(), *path = fs_join(dir, ENCRYPTION_FILE);
    for (int way = 0; way < 3; way++) { /* a public key; with its private key; a passphrase */
        Encryption out, in;
        Error err = ERROR_INIT;
        encryption_init(&out);
        encryption_init(&in);
        out.on = true;
        out.set_up = 1770000000;
        if (way == 2) {
            set(&out.passphrase, "correct horse battery");
            out.mark = encryption_mark_new(&err);
        } else {
            out.recipient = mem_strdup(VECTOR_RECIPIENT);
            out.mark = encryption_mark_of(VECTOR_RECIPIENT);
        }
        if (way == 1) {
            set(&out.identity, VECTOR_IDENTITY);
        }
        assert_int_equal(strlen(out.mark), 19);
        assert_ok(encryption_save(&out, &err), &err);
        char *text = test_read(path);
        assert_null(strstr(text, "SECRET"));
        assert_null(strstr(text, "horse"));
        mem_free(text);
        assert_ok(encryption_load(&in, &err), &err);
        assert_true(in.on);
        assert_true(in.set_up == out.set_up);
        assert_string_equal(in.mark, out.mark);
        assert_int_equal(in.recipient != NULL, way != 2);
        assert_int_equal(secret_is_set(&in.identity), way == 1);
        assert_int_equal(secret_is_set(&in.passphrase), way == 2);
        const AgeTo to = encryption_to(&in);
        assert_true((to.recipient == NULL) == (way == 2) && (to.passphrase == NULL) == (way != 2));
        encryption_release(&in);
        encryption_release(&out);
        assert_ok(encryption_forget(&err), &err);
        assert_false(fs_exists(path));
    }
    mem_free(path);
    end(dir);
}

/* What cannot be used is an error, never "not encrypted". */
static void what_is_damaged_is_told(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"version\": 2, \"recipient\": \"" VECTOR_RECIPIENT "\", \"mark\": \"m\"}",
        "{\"version\": 1, \"recipient\": \"age1\", \"mark\": \"m\"}",
        "{\"version\": 1, \"recipient\": \"" VECTOR_RECIPIENT "\"}",
        "{\"version\": 1, \"mark\": \"m\"}",
        "{\"version\": 1, \"mark\": \"m\", \"passphrase\": \"?\"}",
        "{\"version\": 1, \"recipient\": \"" VECTOR_RECIPIENT "\", \"mark\": \"m\", \"identity\": \"?\"}",
    };
    (void)state;
    char *dir = begin(), *path = fs_join(dir, ENCRYPTION_FILE);
    Encryption encryption;
    Error err = ERROR_INIT;
    encryption_init(&encryption);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        test_write(path, bad[i]);
        assert_fails(encryption_load(&encryption, &err), &err, EK_SETTINGS,
                     "what is saved about the encryption of copies is damaged, or of another PC");
        assert_false(encryption.on);
    }
    mem_free(path);
    end(dir);
}

static void a_mark_names_a_key(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    char *one = encryption_mark_new(&err), *two = encryption_mark_new(&err);
    char *of = encryption_mark_of(VECTOR_RECIPIENT);
    assert_string_not_equal(one, two);
    char *words = encryption_words(VECTOR_RECIPIENT, of);
    assert_non_null(strstr(words, VECTOR_RECIPIENT ", fingerprint "));
    assert_text(encryption_words(NULL, "1f0a 93bc 77e2 40d1"), "the passphrase number 1f0a 93bc 77e2 40d1");
    mem_free(words);
    mem_free(of);
    mem_free(two);
    mem_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_set_up), cmocka_unit_test(what_is_saved_is_read),
                                       cmocka_unit_test(what_is_damaged_is_told),
                                       cmocka_unit_test(a_mark_names_a_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
