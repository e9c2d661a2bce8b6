/* What a host says about its tenant; the rest is e2e/test_sharepoint.py's. */
#include "test_util.h"

#include "jobs/offsite.h"

static void a_host_says_its_tenant(void **state)
{
    (void)state;
    static const struct {
        const char *host, *tenant;
    } cases[] = {{"contoso.sharepoint.com", "contoso.onmicrosoft.com"},
                 {"contoso-my.sharepoint.com", "contoso.onmicrosoft.com"},
                 {"my-firm.sharepoint.com", "my-firm.onmicrosoft.com"},
                 {"contoso.sharepoint.us", "contoso.onmicrosoft.us"},
                 {"contoso.sharepoint.cn", "contoso.partner.onmschina.cn"},
                 {"127.0.0.1:80", NULL},
                 {"example.org", NULL}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *tenant = offsite_tenant_of(cases[i].host);
        if (cases[i].tenant == NULL) {
            assert_null(tenant);
        } else {
            assert_text(tenant, cases[i].tenant);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_host_says_its_tenant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
