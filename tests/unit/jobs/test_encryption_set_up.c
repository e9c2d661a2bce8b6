#include "test_util.h"

#include <string.h>

#include "age_vectors.h"
#include "jobs/encryption_set_up.h"
#include "jobs/offsite_back.h"
#include "test_env.h"

typedef struct Desk {
    char *dir, *data, *key_file, *card, *saved;
} Desk;

static void begin(Desk *desk)
{
    Error err = ERROR_INIT;
    desk->dir = test_dir_new();
    desk->data = fs_join(desk->dir, "data");
    desk->key_file = fs_join(desk->dir, "key.txt");
    desk->card = fs_join(desk->dir, "card.txt");
    desk->saved = fs_join(desk->data, ENCRYPTION_FILE);
    assert_ok(fs_make_dirs(desk->data, &err), &err);
    test_setenv("CMMS_BACKUP_DATA", desk->data);
}

static void end(Desk *desk)
{
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(desk->data);
    mem_free(desk->key_file);
    mem_free(desk->card);
    mem_free(desk->saved);
    test_dir_remove(desk->dir);
}

static void a_new_pair(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        Desk desk;
        Encryption made;
        AgeFrom from;
        Error err = ERROR_INIT;
        begin(&desk);
        encryption_init(&made);
        age_from_init(&from);
        const EncryptionSetUp spec = {.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file, .keep_key = keep != 0,
                                      .card_file = desk.card, .confirmed = " Without the KEY nothing\n"};
        assert_ok(encryption_set_up(&spec, &made, &err), &err);
        char *key = test_read(desk.key_file), *card = test_read(desk.card), *saved = test_read(desk.saved);
        assert_non_null(strstr(key, "AGE-SECRET-KEY-1"));
        assert_non_null(strstr(key, made.recipient));
        assert_non_null(strstr(card, made.recipient));
        assert_non_null(strstr(card, made.mark));
        assert_non_null(strstr(card, "\"key.txt\""));
        assert_non_null(strstr(card, "age --decrypt -i KEYFILE"));
        assert_null(strstr(card, "AGE-SECRET"));
        assert_null(strstr(saved, "AGE-SECRET"));
        assert_int_equal(strstr(saved, "identity") != NULL, keep);
        assert_ok(offsite_read_key_file(desk.key_file, &from, &err), &err);
        assert_int_equal(secret_is_set(&made.identity), keep);
        assert_non_null(strstr(key, from.identity.bytes));
        /* Once more: neither the key file nor the card is written over. */
        assert_false(encryption_set_up(&spec, &made, &err));
        assert_int_equal(err.kind, EK_IO);
        error_clear(&err);
        assert_text(test_read(desk.key_file), key);
        mem_free(saved);
        mem_free(card);
        mem_free(key);
        age_from_release(&from);
        encryption_release(&made);
        end(&desk);
    }
}

static void what_others_made(void **state)
{
    (void)state;
    Desk desk;
    Encryption made;
    Error err = ERROR_INIT;
    begin(&desk);
    encryption_init(&made);
    const EncryptionSetUp spec = {.way = ENCRYPTION_RECIPIENT, .recipient = "  " VECTOR_RECIPIENT "\r\n",
                                  .card_file = desk.card, .confirmed = ENCRYPTION_CONFIRM};
    assert_ok(encryption_set_up(&spec, &made, &err), &err);
    assert_string_equal(made.recipient, VECTOR_RECIPIENT);
    char *text = encryption_state_text(&made);
    assert_non_null(strstr(text, "its private key is not on this PC"));
    mem_free(text);
    assert_ok(encryption_switch_off(NULL, &err), &err); /* nothing goes with it that opens a copy */
    assert_false(fs_exists(desk.saved));
    encryption_release(&made);
    end(&desk);
}

static void a_passphrase(void **state)
{
    (void)state;
    Desk desk;
    Encryption made;
    Error err = ERROR_INIT;
    Secret one = SECRET_INIT;
    begin(&desk);
    encryption_init(&made);
    secret_set(&one, "f\xC3\xBCnf oder sechs", 16);
    const EncryptionSetUp spec = {.way = ENCRYPTION_PASSPHRASE, .passphrase = &one, .again = &one,
                                  .card_file = desk.card, .confirmed = ENCRYPTION_CONFIRM};
    assert_ok(encryption_set_up(&spec, &made, &err), &err);
    char *card = test_read(desk.card);
    assert_null(strstr(card, "sechs"));
    assert_non_null(strstr(card, made.mark));
    mem_free(card);
    assert_fails(encryption_switch_off("", &err), &err, EK_USAGE, "nothing was changed: it was not confirmed");
    assert_true(fs_exists(desk.saved));
    assert_ok(encryption_switch_off(ENCRYPTION_CONFIRM, &err), &err);
    assert_false(fs_exists(desk.saved));
    secret_release(&one);
    encryption_release(&made);
    end(&desk);
}

static bool find_aside(void *context, const char *name, const FsInfo *info)
{
    char **found = context;
    (void)info;
    if (strncmp(name, "encryption.damaged-", 19) == 0) {
        mem_free(*found);
        *found = mem_strdup(name);
    }
    return true;
}

/* A key that is kept here stays when another is set up; only switching off takes it away, and what cannot be read is
 * kept beside it. */
static void an_earlier_key_stays(void **state)
{
    (void)state;
    Desk desk;
    Encryption made, now;
    Error err = ERROR_INIT;
    Secret one = SECRET_INIT;
    char *aside = NULL;
    begin(&desk);
    encryption_init(&made);
    encryption_init(&now);
    secret_set(&one, "correct horse", 13);
    const EncryptionSetUp phrase = {.way = ENCRYPTION_PASSPHRASE, .passphrase = &one, .again = &one,
                                    .confirmed = ENCRYPTION_CONFIRM};
    const EncryptionSetUp pair = {.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file, .keep_key = true,
                                  .confirmed = ENCRYPTION_CONFIRM};
    const EncryptionSetUp public = {.way = ENCRYPTION_RECIPIENT, .recipient = VECTOR_RECIPIENT,
                                    .confirmed = ENCRYPTION_CONFIRM};
    assert_ok(encryption_set_up(&phrase, &made, &err), &err);
    assert_ok(encryption_set_up(&pair, &made, &err), &err);
    assert_ok(encryption_set_up(&public, &made, &err), &err);
    assert_ok(encryption_set_up(&public, &made, &err), &err); /* which keeps nothing of its own */
    assert_ok(encryption_load(&now, &err), &err);
    assert_string_equal(now.recipient, VECTOR_RECIPIENT);
    assert_int_equal(now.earlier_count, 2);
    assert_string_equal(now.earlier[0].passphrase.bytes, "correct horse");
    assert_true(secret_is_set(&now.earlier[1].identity));
    char *text = encryption_state_text(&now), *saved = test_read(desk.saved);
    assert_non_null(strstr(text, "; its private key is not on this PC; 2 earlier key(s) are kept as well"));
    assert_null(strstr(saved, "horse"));
    assert_null(strstr(saved, "AGE-SECRET"));
    mem_free(saved);
    mem_free(text);
    assert_fails(encryption_switch_off(NULL, &err), &err, EK_USAGE, "nothing was changed: it was not confirmed");
    test_write(desk.saved, "{ damaged");
    assert_ok(encryption_set_up(&public, &made, &err), &err);
    fs_list(desk.data, find_aside, &aside, NULL);
    assert_non_null(aside);
    char *path = fs_join(desk.data, aside);
    assert_text(test_read(path), "{ damaged");
    mem_free(path);
    mem_free(aside);
    secret_release(&one);
    encryption_release(&now);
    encryption_release(&made);
    end(&desk);
}

/* The copies are in the cloud: the key must not be. */
static void the_key_does_not_go_to_the_cloud(void **state)
{
    (void)state;
    Desk desk;
    Encryption made;
    Error err = ERROR_INIT;
    begin(&desk);
    encryption_init(&made);
    char *fake = fs_join(desk.data, "fake");
    char *words = mem_printf("\"%s\" is brought to the cloud by OneDrive, and the private key must not be there",
                             desk.dir);
    const EncryptionSetUp pair = {.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file,
                                  .confirmed = ENCRYPTION_CONFIRM};
    test_write(fake, "provider=OneDrive!x\n");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_fails(encryption_set_up(&pair, &made, &err), &err, EK_USAGE, words);
    assert_false(fs_exists(desk.key_file) || fs_exists(desk.saved));
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    assert_ok(encryption_set_up(&pair, &made, &err), &err);
    encryption_release(&made);
    mem_free(words);
    mem_free(fake);
    end(&desk);
}

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    Desk desk;
    Error err = ERROR_INIT;
    Secret good = SECRET_INIT, other = SECRET_INIT, small = SECRET_INIT, strange = SECRET_INIT, umlauts = SECRET_INIT;
    begin(&desk);
    secret_set(&good, "correct horse", 13);
    secret_set(&other, "correct house", 13);
    secret_set(&small, "eleven char", 11);
    secret_set(&strange, "with a \x01 in it", 14);
    secret_set(&umlauts, "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 12); /* six characters */
    char *nowhere = fs_join(desk.dir, "none/key.txt");
    const struct {
        EncryptionSetUp spec;
        ErrorKind kind;
        const char *message; /* NULL: the system's */
    } cases[] = {
        {{.way = ENCRYPTION_NEW_PAIR, .confirmed = ENCRYPTION_CONFIRM}, EK_USAGE,
         "the private key has no place to go to"},
        {{.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file}, EK_USAGE,
         "nothing was changed: it was not confirmed"},
        {{.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file, .confirmed = "yes"}, EK_USAGE,
         "nothing was changed: it was not confirmed"},
        {{.way = ENCRYPTION_NEW_PAIR, .key_file = nowhere, .confirmed = ENCRYPTION_CONFIRM}, EK_NOT_FOUND, NULL},
        {{.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file, .card_file = nowhere,
          .confirmed = ENCRYPTION_CONFIRM}, EK_NOT_FOUND, NULL},
        {{.way = ENCRYPTION_NEW_PAIR, .key_file = desk.key_file, .card_file = desk.key_file,
          .confirmed = ENCRYPTION_CONFIRM}, EK_IO, NULL},
        {{.way = ENCRYPTION_RECIPIENT, .confirmed = ENCRYPTION_CONFIRM}, EK_USAGE, "that is no public key of age"},
        {{.way = ENCRYPTION_RECIPIENT, .recipient = VECTOR_IDENTITY, .confirmed = ENCRYPTION_CONFIRM}, EK_USAGE,
         "that is the private key, which opens the files"},
        {{.way = ENCRYPTION_PASSPHRASE, .passphrase = &small, .again = &small, .confirmed = ENCRYPTION_CONFIRM},
         EK_USAGE, "the passphrase is too short: it has fewer than 12 characters"},
        {{.way = ENCRYPTION_PASSPHRASE, .passphrase = &umlauts, .again = &umlauts, .confirmed = ENCRYPTION_CONFIRM},
         EK_USAGE, "the passphrase is too short: it has fewer than 12 characters"},
        {{.way = ENCRYPTION_PASSPHRASE, .passphrase = &strange, .again = &strange, .confirmed = ENCRYPTION_CONFIRM},
         EK_USAGE, "the passphrase has characters that cannot be typed again"},
        {{.way = ENCRYPTION_PASSPHRASE, .passphrase = &good, .again = &other, .confirmed = ENCRYPTION_CONFIRM},
         EK_USAGE, "the passphrase was typed in two ways"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Encryption made;
        encryption_init(&made);
        assert_false(encryption_set_up(&cases[i].spec, &made, &err));
        if (cases[i].message != NULL) {
            assert_error(&err, cases[i].kind, cases[i].message);
        } else {
            assert_true(err.kind == EK_IO || err.kind == cases[i].kind);
            error_clear(&err);
        }
        assert_false(made.on);
        assert_false(fs_exists(desk.key_file));
        assert_false(fs_exists(desk.saved));
    }
    mem_free(nowhere);
    secret_release(&umlauts);
    secret_release(&strange);
    secret_release(&small);
    secret_release(&other);
    secret_release(&good);
    end(&desk);
}

/* Each way says what losing the key means. */
static void the_warning(void **state)
{
    (void)state;
    for (int way = ENCRYPTION_NEW_PAIR; way <= ENCRYPTION_PASSPHRASE; way++) {
        const char *text = encryption_warning((EncryptionWay)way);
        assert_non_null(strstr(text, "Without the key nobody can read the copies"));
        assert_non_null(strstr(text, "manifest on SharePoint can be read"));
        assert_non_null(strstr(text, "stay as they are, also those that are not encrypted"));
    }
    const Encryption off = {.on = false};
    assert_text(encryption_state_text(&off), "Copies go to SharePoint as they are, not encrypted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_new_pair), cmocka_unit_test(what_others_made),
                                       cmocka_unit_test(a_passphrase),
                                       cmocka_unit_test(an_earlier_key_stays),
                                       cmocka_unit_test(the_key_does_not_go_to_the_cloud),
                                       cmocka_unit_test(what_is_refused_changes_nothing),
                                       cmocka_unit_test(the_warning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
