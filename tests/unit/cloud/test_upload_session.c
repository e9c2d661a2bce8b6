/* Where a session's address may lead, and for how long; the conversation itself is e2e/test_upload.py's. */
#include "test_util.h"

#include "cloud/upload_private.h"

static void addresses_lead_to_sharepoint(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good, good_on_loopback;
    } cases[] = {
        {"https://contoso.sharepoint.com/sites/M/_api/v2.0/drives/x/uploadSession?guid='1'&tempauth=x", true, true},
        {"https://contoso.sharepoint.us/x", true, true},
        {"http://contoso.sharepoint.com/x", false, false},
        {"https://contoso.sharepoint.com.evil.example/x", false, false},
        {"https://contoso.sharepoint.com@evil.example/x", false, false},
        {"https://evil.example/?contoso.sharepoint.com", false, false},
        {"https://127.0.0.1:8080/x", false, true},
        {"http://127.0.0.1:8080/x", false, true},
        {"http://127.evil.example/x", false, false},
        {"file:///etc/passwd", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(upload_address_is_good(cases[i].url, false), cases[i].good);
        assert_int_equal(upload_address_is_good(cases[i].url, true), cases[i].good_on_loopback);
    }
}

static void the_last_hour(void **state)
{
    (void)state;
    enum { BEGUN = 1796000000, HOUR = 3600 };
    static const uint64_t gib = 1073741824u;
    const struct {
        int64_t begun, age;
        uint64_t left, fragment, took_len, took_ms;
        bool expected;
    } rows[] = {
        {BEGUN, 0, 200 * gib, gib, gib, 60000, false},
        {BEGUN, 23 * HOUR - 1, 200 * gib, gib, gib, 60000, false},
        {BEGUN, 23 * HOUR, 200 * gib, gib, gib, 60000, true},  /* 200 minutes for an hour */
        {BEGUN, 23 * HOUR, 59 * gib, gib, gib, 60000, false},  /* 59 minutes */
        {BEGUN, 23 * HOUR, 61 * gib, gib, gib, 60000, true},
        {BEGUN, 24 * HOUR - 60, 3 * gib, gib, gib, 60000, true},
        {BEGUN, 24 * HOUR - 60, gib, gib, gib, 60000, false},  /* the last one is worth the try */
        {BEGUN, 23 * HOUR, 2 * gib, gib, 0, 0, true},          /* just resumed: the pace is not known */
        {BEGUN, 23 * HOUR, gib, gib, 0, 0, false},
        {BEGUN, 24 * HOUR, 200 * gib, gib, gib, 60000, false}, /* it still answers, so it is not as we thought */
        {BEGUN, -HOUR, 200 * gib, gib, gib, 60000, false},     /* a clock that was set back */
        {0, 23 * HOUR, 200 * gib, gib, 0, 0, false},           /* an earlier version's journal */
        {BEGUN, 23 * HOUR, 250 * 1000000000ull, gib, 327680, 600000, true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (upload_session_is_too_old(rows[i].begun, rows[i].begun + rows[i].age, rows[i].left, rows[i].fragment,
                                      rows[i].took_len, rows[i].took_ms) != rows[i].expected) {
            fail_msg("row %u", (unsigned)i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_lead_to_sharepoint), cmocka_unit_test(the_last_hour)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
