/* The file of roots, written anew: what is built in is in it, once, and is what was published. */
#include "test_util.h"

#include <openssl/evp.h>

#include "base/hash.h"
#include "platform/machine.h"
#include "platform/roots.h"

static const char *const published[] = {"96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6",
                                        "69729b8e15a86efc177a57afb7171dfc64add28c2fca8cf1507e34453ccb1470"};

/* The SHA-256 of the next certificate's DER form; *at moves behind it. */
static bool next_hash(const char **at, char hex[65])
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    const char *start = strstr(*at, begin), *end = start ? strstr(start, "-----END") : NULL;
    StrBuf base64;
    if (!end) {
        return false;
    }
    strbuf_init(&base64, STRBUF_LARGE);
    for (const char *p = start + sizeof begin - 1; p < end; p++) {
        if (*p != '\n') {
            strbuf_addch(&base64, *p);
        }
    }
    unsigned char *der = mem_alloc(base64.len);
    const int padded = EVP_DecodeBlock(der, (const unsigned char *)base64.buf, (int)base64.len);
    assert_true(padded > 3);
    const size_t padding = (size_t)(base64.buf[base64.len - 1] == '=') + (size_t)(base64.buf[base64.len - 2] == '=');
    Sha256 *hash = sha256_new();
    sha256_update(hash, der, (size_t)padded - padding);
    sha256_finish(hash, hex);
    mem_free(der);
    strbuf_release(&base64);
    *at = end + 1;
    return true;
}

static void holds_what_neon_needs(void **state)
{
    (void)state;
    char *dir = machine_local_data_dir(), *path = fs_join(dir, "roots.pem"), *got = NULL;
    Error err = ERROR_INIT;
    StrBuf pem;
    size_t seen[2] = {0, 0}, all = 0;
    char hex[65];
    strbuf_init(&pem, STRBUF_LARGE);
    assert_ok(fs_remove(path, &err), &err); /* it is kept for a day */
    assert_ok(roots_get(&got, &err), &err);
    assert_string_equal(got, path);
    assert_ok(fs_read_all(path, STRBUF_LARGE, &pem, &err), &err);
    for (const char *at = pem.buf; next_hash(&at, hex); all++) {
        for (size_t i = 0; i < TEST_COUNT(published); i++) {
            seen[i] += strcmp(hex, published[i]) == 0;
        }
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 1);
    assert_true(all >= 2);
    strbuf_release(&pem);
    mem_free(got);
    mem_free(path);
    mem_free(dir);
}

/* A file of roots that no longer serves is written anew, once; another's file is left alone. */
static void renewed(void **state)
{
    (void)state;
    char *got = NULL, *again = NULL;
    Error err = ERROR_INIT;
    assert_ok(roots_get(&got, &err), &err);
    assert_false(roots_renew(got)); /* as it was */
    test_write(got, "no roots");
    assert_ok(roots_get(&again, &err), &err); /* of today: taken as it is */
    assert_false(roots_renew("other.pem"));
    assert_text(test_read(got), "no roots");
    assert_true(roots_renew(got));
    assert_false(roots_renew(got));
    assert_false(roots_renew(NULL));
    mem_free(again);
    mem_free(got);
}

/* Where nobody answers, and for another's file, it ends without having changed anything. */
static void nobody_to_meet(void **state)
{
    (void)state;
    char *got = NULL;
    Error err = ERROR_INIT;
    assert_ok(roots_get(&got, &err), &err);
    roots_fetch(got, "127.0.0.1", "1", NULL);
    roots_fetch("other.pem", "127.0.0.1", "1", NULL);
    roots_fetch(NULL, "127.0.0.1", "1", NULL);
    assert_false(roots_renew(got));
    mem_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_neon_needs), cmocka_unit_test(renewed),
                                       cmocka_unit_test(nobody_to_meet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
