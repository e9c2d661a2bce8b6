#include "test_util.h"

#include <string.h>

#include "age_vectors.h"
#include "base/mem.h"
#include "cloud/age.h"

static void set(Secret *secret, const char *text)
{
    secret_set(secret, text, strlen(text));
}

/* --- keys ------------------------------------------------------------------------------------------------ */

static void a_pair_fits(void **state)
{
    (void)state;
    Secret identity = SECRET_INIT, again = SECRET_INIT, other = SECRET_INIT;
    char *recipient = NULL, *public = NULL, *third = NULL;
    Error err = ERROR_INIT;
    assert_ok(age_pair_new(&identity, &recipient, &err), &err);
    assert_int_equal(identity.len, 74);
    assert_int_equal(strncmp(identity.bytes, "AGE-SECRET-KEY-1", 16), 0);
    assert_int_equal(strlen(recipient), 62);
    assert_ok(age_recipient_check(recipient, &err), &err);
    assert_ok(age_identity_read(identity.bytes, identity.len, &again, &public, &err), &err);
    assert_string_equal(public, recipient);
    assert_string_equal(again.bytes, identity.bytes);
    assert_ok(age_pair_new(&other, &third, &err), &err);
    assert_string_not_equal(other.bytes, identity.bytes);
    mem_free(third);
    mem_free(public);
    mem_free(recipient);
    secret_release(&other);
    secret_release(&again);
    secret_release(&identity);
}

static void a_public_key_is_known(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "that is no public key of age"},
        {"age1", "that is no public key of age"},
        {"ssh-ed25519 AAAA", "that is no public key of age"},
        {"age1q73he0q5yzfu3d64msd3p6rvksnrwjk3d2598mgtmlqt9wrdr37q2vrn7", "that is no public key of age"},
        {"age1q73he0q5yzfu3d64msd3p6rvksnrwjk3d2598mgtmlqt9wrdr37q2vrn7q", "that is no public key of age"},
        {" " VECTOR_RECIPIENT, "that is no public key of age"},
        {VECTOR_IDENTITY, "that is the private key, which opens the files"},
    };
    (void)state;
    Error err = ERROR_INIT;
    assert_ok(age_recipient_check(VECTOR_RECIPIENT, &err), &err);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_fails(age_recipient_check(cases[i].text, &err), &err, EK_USAGE, cases[i].message);
    }
}

static void a_key_file_is_read(void **state)
{
    static const char *const good[] = {
        VECTOR_IDENTITY,
        VECTOR_IDENTITY "\n",
        "# created: 2026-01-19T14:30:52+01:00\r\n# public key: " VECTOR_RECIPIENT "\r\n\r\n" VECTOR_IDENTITY " \r\n",
    };
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "the key file has no key"},
        {"# " VECTOR_IDENTITY "\n", "the key file has no key"},
        {VECTOR_IDENTITY "\n" VECTOR_IDENTITY "\n", "the key file has more than one key"},
        {VECTOR_RECIPIENT "\n", "that is the public key, which opens nothing"},
        {"age-secret-key-1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqgpqyee", "that is no key file of age"},
        {"AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQGPQYEF", "that is no key file of age"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----", "that is no key file of age"},
    };
    (void)state;
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        Secret identity = SECRET_INIT;
        char *recipient = NULL;
        assert_ok(age_identity_read(good[i], strlen(good[i]), &identity, &recipient, &err), &err);
        assert_string_equal(identity.bytes, VECTOR_IDENTITY);
        assert_string_equal(recipient, VECTOR_RECIPIENT);
        secret_release(&identity);
        mem_free(recipient);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        Secret identity = SECRET_INIT;
        char *recipient = NULL;
        assert_false(age_identity_read(bad[i].text, strlen(bad[i].text), &identity, &recipient, &err));
        assert_null(strstr(err.hint, "QYPQX")); /* no part of a key is told */
        assert_error(&err, EK_USAGE, bad[i].message);
        assert_false(secret_is_set(&identity));
        assert_null(recipient);
    }
    Secret identity = SECRET_INIT;
    char *recipient = NULL;
    assert_fails(age_identity_read("A\0B", 3, &identity, &recipient, &err), &err, EK_USAGE,
                 "that is no key file of age");
}

/* --- headers --------------------------------------------------------------------------------------------- */

static void fill(AgeFrom *from)
{
    age_from_init(from);
    set(&from->identity, VECTOR_IDENTITY);
    set(&from->passphrase, VECTOR_PASSPHRASE);
}

static ErrorKind expected_kind(const char *outcome)
{
    return strcmp(outcome, "foreign") == 0 ? EK_FOREIGN : strcmp(outcome, "damaged") == 0 ? EK_DAMAGED : EK_REFUSED;
}

static void vectors(void **state)
{
    (void)state;
    AgeFrom from;
    fill(&from);
    for (size_t i = 0; i < TEST_COUNT(age_vectors); i++) {
        const AgeVector *vector = &age_vectors[i];
        unsigned char key[AGE_KEY] = "as it was";
        AgeHeader header;
        Error err = ERROR_INIT;
        age_header_init(&header);
        unsigned char *exact = mem_alloc(vector->len); /* so that reading beyond it is seen */
        memcpy(exact, vector->bytes, vector->len);
        const bool parsed = age_header_parse(exact, vector->len, &header, &err);
        const bool opened = parsed && age_header_open(exact, &header, &from, key, &err);
        const bool wanted = strcmp(vector->outcome, "ok") == 0 || strcmp(vector->outcome, "content") == 0;
        if (opened != wanted || (!opened && err.kind != expected_kind(vector->outcome))) {
            print_error("%s: expected %s, got %s\n", vector->name, vector->outcome, error_kind_name(err.kind));
            fail();
        }
        assert_memory_equal(key, opened ? "YELLOW SUBMARINE" : "as it was", opened ? AGE_KEY : 9);
        assert_true(!parsed || (header.len <= vector->len && header.signed_len < header.len));
        error_clear(&err);
        age_header_release(&header);
        mem_free(exact);
    }
    age_from_release(&from);
}

static void what_opens_it_is_asked_for(void **state)
{
    static const struct {
        size_t vector;
        bool identity, passphrase;
        ErrorKind kind;
        const char *message;
    } cases[] = {
        {0, false, false, EK_REFUSED, "it is encrypted for a public key, whose key file is needed to read it"},
        {0, false, true, EK_REFUSED, "it is encrypted for a public key, whose key file is needed to read it"},
        {2, true, false, EK_REFUSED, "it is encrypted with a passphrase, which is needed to read it"},
        {6, true, true, EK_REFUSED, "the key is not the one that it was encrypted for"},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const AgeVector *vector = &age_vectors[cases[i].vector];
        unsigned char key[AGE_KEY];
        AgeFrom from;
        AgeHeader header;
        Error err = ERROR_INIT;
        fill(&from);
        if (!cases[i].identity) {
            secret_release(&from.identity);
        }
        if (!cases[i].passphrase) {
            secret_release(&from.passphrase);
        }
        age_header_init(&header);
        assert_ok(age_header_parse(vector->bytes, vector->len, &header, &err), &err);
        assert_int_equal(age_header_wants_passphrase(&header), cases[i].vector == 2);
        assert_fails(age_header_open(vector->bytes, &header, &from, key, &err), &err, cases[i].kind,
                     cases[i].message);
        age_header_release(&header);
        age_from_release(&from);
    }
}

/* Every byte of it, each of its bits: nothing that was changed is taken, and no key comes of it. */
static void every_flipped_bit(void **state)
{
    (void)state;
    const AgeVector *vector = &age_vectors[3]; /* for two keys */
    AgeFrom from;
    AgeHeader header;
    Error err = ERROR_INIT;
    fill(&from);
    age_header_init(&header);
    assert_ok(age_header_parse(vector->bytes, vector->len, &header, &err), &err);
    const size_t len = header.len;
    unsigned char *changed = mem_alloc(vector->len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        unsigned char key[AGE_KEY];
        memcpy(changed, vector->bytes, vector->len);
        changed[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (age_header_parse(changed, vector->len, &header, NULL) &&
            age_header_open(changed, &header, &from, key, NULL)) {
            print_error("bit %u of byte %u\n", (unsigned)(bit % 8), (unsigned)(bit / 8));
            fail();
        }
    }
    mem_free(changed);
    age_header_release(&header);
    age_from_release(&from);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    AgeFrom from;
    Error err = ERROR_INIT;
    fill(&from);
    for (int passphrase = 0; passphrase < 2; passphrase++) {
        const AgeTo to = {.recipient = passphrase ? NULL : VECTOR_RECIPIENT,
                          .passphrase = passphrase ? &from.passphrase : NULL,
                          .work = 2};
        static const unsigned char key[AGE_KEY] = "sixteen letters";
        unsigned char found[AGE_KEY];
        StrBuf one, two;
        AgeHeader header;
        age_header_init(&header);
        strbuf_init(&one, AGE_HEADER_MAX);
        strbuf_init(&two, AGE_HEADER_MAX);
        assert_ok(age_header_write(&to, key, &one, &err), &err);
        assert_ok(age_header_write(&to, key, &two, &err), &err);
        assert_string_not_equal(one.buf, two.buf); /* new randomness each time */
        assert_ok(age_header_parse(one.buf, one.len, &header, &err), &err);
        assert_int_equal(header.len, one.len);
        assert_int_equal(header.count, 1);
        assert_ok(age_header_open(one.buf, &header, &from, found, &err), &err);
        assert_memory_equal(found, key, AGE_KEY);
        assert_null(strstr(one.buf, "sixteen"));
        age_header_release(&header);
        strbuf_release(&two);
        strbuf_release(&one);
    }
    const AgeTo nobody = {.recipient = "age1"};
    StrBuf out;
    strbuf_init(&out, AGE_HEADER_MAX);
    assert_fails(age_header_write(&nobody, (const unsigned char *)"0123456789abcdef", &out, &err), &err, EK_USAGE,
                 "that is no public key of age");
    assert_int_equal(out.len, 0);
    strbuf_release(&out);
    age_from_release(&from);
}

static void base64_has_one_form(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t len;
    } good[] = {{"", "", 0}, {"Zg", "f", 1}, {"Zm8", "fo", 2}, {"Zm9v", "foo", 3}, {"Zm9vYg", "foob", 4},
                {"Zm9vYmE", "fooba", 5}, {"Zm9vYmFy", "foobar", 6}, {"+/+/", "\xFB\xFF\xBF", 3}};
    static const char *const bad[] = {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm8=", "Zm9v=", "Zm 9v", "-_-_", "Zm9vYmFyZg"};
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        unsigned char bytes[6];
        size_t len = 99;
        assert_text(age_base64((const unsigned char *)good[i].bytes, good[i].len), good[i].text);
        assert_true(age_base64_read(good[i].text, strlen(good[i].text), bytes, sizeof bytes, &len));
        assert_int_equal(len, good[i].len);
        assert_memory_equal(bytes, good[i].bytes, len);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        unsigned char bytes[6];
        size_t len = 99;
        assert_false(age_base64_read(bad[i], strlen(bad[i]), bytes, sizeof bytes, &len));
        assert_int_equal(len, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pair_fits),
                                       cmocka_unit_test(a_public_key_is_known),
                                       cmocka_unit_test(a_key_file_is_read),
                                       cmocka_unit_test(vectors),
                                       cmocka_unit_test(what_opens_it_is_asked_for),
                                       cmocka_unit_test(every_flipped_bit),
                                       cmocka_unit_test(what_is_written_is_read),
                                       cmocka_unit_test(base64_has_one_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
