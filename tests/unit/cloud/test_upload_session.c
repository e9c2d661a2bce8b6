/* Where a session's address may lead; the conversation itself is e2e/test_upload.py's. */
#include "test_util.h"

#include "cloud/upload.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_lead_to_sharepoint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
