/* Thumbprints as people paste them; and on POSIX the file that stands in for Windows' store. */
#include "test_env.h"
#include "test_util.h"

#include "platform/client_certificate.h"

#define DIGITS "0123456789ABCDEF0123456789ABCDEF01234567"

static void thumbprints(void **state)
{
    (void)state;
    static const char *const good[] = {
        DIGITS, "0123456789abcdef0123456789abcdef01234567",
        "\xE2\x80\x8E" "01 23 45 67 89 ab cd ef 01 23 45 67 89 ab cd ef 01 23 45 67",
        "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67"};
    static const char *const bad[] = {"", "0123", DIGITS "0", "g123456789ABCDEF0123456789ABCDEF01234567",
                                      DIGITS "/", "..\\" DIGITS, "\xE2\x80\x8F" DIGITS};
    char digits[CERTIFICATE_DIGITS + 1] = "as it was";
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_fails(certificate_thumbprint(bad[i], digits, &err), &err, EK_USAGE,
                     "that is no thumbprint of a certificate");
        assert_string_equal(digits, "as it was");
    }
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_ok(certificate_thumbprint(good[i], digits, &err), &err);
        assert_string_equal(digits, DIGITS);
    }
}

static void one_that_is_not_there(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    CertificateFacts facts = {.ends = 7};
    StrBuf signature;
    Error err = ERROR_INIT;
    static const char none[] = "there is no certificate " DIGITS " on this computer for this user";
    test_setenv("CMMS_BACKUP_DATA", dir);
    strbuf_init(&signature, STRBUF_LINE);
    assert_fails(certificate_find(DIGITS, &facts, &err), &err, EK_NOT_FOUND, none);
    assert_int_equal(facts.ends, 7);
    assert_fails(certificate_sign(DIGITS, CERTIFICATE_PSS, "x", 1, &signature, &err), &err, EK_NOT_FOUND, none);
    assert_int_equal(signature.len, 0);
    strbuf_release(&signature);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(thumbprints), cmocka_unit_test(one_that_is_not_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
