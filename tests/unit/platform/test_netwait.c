#include "test_util.h"

#include "platform/netwait.h"

static void numbers_are_their_own_address(void **state)
{
    (void)state;
    static const char *const rows[] = {"127.0.0.1", "203.0.113.7"};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *text = NULL;
        assert_int_equal(net_lookup(rows[i], 60000, NULL, &text), NET_FOUND);
        assert_text(text, rows[i]);
    }
    char *text = NULL;
    assert_int_equal(net_lookup("localhost", 60000, NULL, &text), NET_FOUND);
    assert_true(strstr(text, "127.0.0.1") != NULL || strstr(text, "::1") != NULL);
    mem_free(text);
}

static void says_why_there_is_none(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(net_lookup("no such name", 60000, NULL, &text), NET_NOT_FOUND);
    assert_non_null(text);
    assert_true(text[0] != '\0');
    mem_free(text);
}

/* Whatever the resolver does: nobody waits for it any longer. */
static void ends_when_it_must(void **state)
{
    (void)state;
    char *text = NULL;
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_int_equal(net_lookup("localhost", 60000, cancel, &text), NET_STOPPED);
    assert_null(text);
    cancel_free(cancel);
    const NetLookup outcome = net_lookup("localhost", 0, NULL, &text);
    assert_true(outcome == NET_TIMED_OUT || outcome == NET_FOUND); /* whichever is first */
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_are_their_own_address),
                                       cmocka_unit_test(says_why_there_is_none), cmocka_unit_test(ends_when_it_must)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
