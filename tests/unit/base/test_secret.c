#include "test_util.h"

#include "base/secret.h"

static void set_and_release(void **state)
{
    (void)state;
    Secret secret = SECRET_INIT;
    assert_false(secret_is_set(&secret));
    secret_set(&secret, "geheim!", 6);
    assert_true(secret_is_set(&secret));
    assert_int_equal(secret.len, 6);
    assert_string_equal(secret.bytes, "geheim");
    secret_set(&secret, secret.bytes + 2, 4); /* from its own bytes */
    assert_string_equal(secret.bytes, "heim");
    secret_release(&secret);
    assert_false(secret_is_set(&secret));
    secret_release(&secret);
}

static void empty_is_set(void **state)
{
    (void)state;
    Secret secret = SECRET_INIT;
    secret_set(&secret, "", 0);
    assert_true(secret_is_set(&secret));
    assert_string_equal(secret.bytes, "");
    secret_release(&secret);
}

static void copies(void **state)
{
    (void)state;
    Secret a = SECRET_INIT, b = SECRET_INIT;
    secret_set(&a, "x\0y", 3);
    secret_copy(&b, &a);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.bytes, "x\0y", 4);
    assert_ptr_not_equal(a.bytes, b.bytes);
    secret_release(&a);
    secret_copy(&b, &a); /* none is copied as none */
    assert_false(secret_is_set(&b));
}

static void wipes(void **state)
{
    (void)state;
    char bytes[8] = "abcdefg";
    secret_wipe(bytes, 5);
    assert_memory_equal(bytes, "\0\0\0\0\0fg", 8);
    secret_wipe(NULL, 0);
}

static void environment_entry(void **state)
{
    (void)state;
    Secret secret = SECRET_INIT;
    secret_set(&secret, "p=w %", 5);
    char *entry = secret_env("PGPASSWORD", &secret);
    assert_string_equal(entry, "PGPASSWORD=p=w %");
    secret_free_text(entry);
    secret_release(&secret);
    entry = secret_env("PGPASSWORD", &secret);
    assert_string_equal(entry, "PGPASSWORD=");
    secret_free_text(entry);
    secret_free_text(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_and_release), cmocka_unit_test(empty_is_set),      cmocka_unit_test(copies),
        cmocka_unit_test(wipes),           cmocka_unit_test(environment_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
