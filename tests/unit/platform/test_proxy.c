/* What is made of the proxies that Windows' settings name. */
#include "test_env.h"
#include "test_util.h"

#include "platform/cancel.h"
#include "platform/proxy.h"

static void picks(void **state)
{
    (void)state;
    static const struct {
        const char *list, *expected;
    } rows[] = {
        {NULL, NULL},
        {"", NULL},
        {" ; ", NULL},
        {"proxy:8080", "http://proxy:8080"},
        {"proxy", "http://proxy:80"}, /* not libcurl's 1080 */
        {"https=proxy/", "http://proxy:80"},
        {"[fd00::1]", "http://[fd00::1]:80"},
        {"http://proxy:8080/", "http://proxy:8080"},
        {"HTTP://proxy:8080", "http://proxy:8080"},
        {"one:1;two:2", "http://one:1"}, /* of a script: the next ones are for when the first is away */
        {"one:1 two:2", "http://one:1"},
        {"http=one:80;https=two:443", "http://two:443"},
        {"HTTPS=two:443", "http://two:443"},
        {"one:1;https=two:443", "http://two:443"},
        {"http=one:80", NULL},
        {"http=one:80;socks=two:1080", NULL},
        {"https=http://two:443/", "http://two:443"},
        {"https=https://two:443", NULL}, /* a kind that we do not know: straight, as Windows' own programs go */
        {"name:word@proxy:8080", NULL},
        {"https=;one:1", "http://one:1"},
        {"[fd00::1]:8080", "http://[fd00::1]:8080"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *picked = proxy_pick(rows[i].list);
        if ((picked == NULL) != (rows[i].expected == NULL) ||
            (picked != NULL && strcmp(picked, rows[i].expected) != 0)) {
            fail_msg("row %u: %s", (unsigned)i, picked == NULL ? "none" : picked);
        }
        mem_free(picked);
    }
}

static void bypasses(void **state)
{
    (void)state;
    static const struct {
        const char *bypass, *host;
        bool expected;
    } rows[] = {
        {NULL, "contoso.sharepoint.com", false},
        {"", "contoso.sharepoint.com", false},
        {"contoso.sharepoint.com", "contoso.sharepoint.com", true},
        {"CONTOSO.sharepoint.com", "contoso.SharePoint.com", true},
        {"sharepoint.com", "contoso.sharepoint.com", false},
        {"*.sharepoint.com", "contoso.sharepoint.com", true},
        {"*.sharepoint.com", "sharepoint.com", false},
        {"*sharepoint.com", "sharepoint.com", true},
        {"*.sharepoint.com", "sharepoint.com.evil.example", false},
        {"con*point.com", "contoso.sharepoint.com", true},
        {"a;b; *.sharepoint.com", "contoso.sharepoint.com", true},
        {"https://*.sharepoint.com", "contoso.sharepoint.com", true},
        {"10.*", "10.1.2.3", true},
        {"10.*", "110.1.2.3", false},
        {"<local>", "server", true},
        {"<LOCAL>", "server", true},
        {"<local>", "server.example", false},
        {"<local>", "fd00::1", false},
        {"*", "contoso.sharepoint.com", true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (proxy_is_bypassed(rows[i].bypass, rows[i].host) != rows[i].expected) {
            fail_msg("row %u", (unsigned)i);
        }
    }
}

static int no_environment(void **state)
{
    (void)state;
    test_setenv("https_proxy", NULL);
    test_setenv("HTTPS_PROXY", NULL);
    test_setenv("all_proxy", NULL);
    test_setenv("ALL_PROXY", NULL);
    test_setenv("CMMS_PROXY", NULL);
    return 0;
}

static void for_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *fake, *url, *expected;
    } rows[] = {
        {"proxy:8080", "https://graph.microsoft.com/v1.0/x?y=https://z", "http://proxy:8080"},
        {"proxy:8080", "HTTPS://graph.microsoft.com", "http://proxy:8080"},
        {"proxy:8080", "http://127.0.0.1:1/", NULL},
        {"proxy:8080", "nonsense", NULL},
        {"proxy:8080", "https://", NULL},
        {"proxy:8080|graph.microsoft.com", "https://graph.microsoft.com:443/x", NULL},
        {"proxy:8080|graph.microsoft.com", "https://graph.microsoft.com?x", NULL},
        {"proxy:8080|graph.microsoft.com", "https://login.microsoftonline.com/", "http://proxy:8080"},
        {"proxy:8080|fd00::1", "https://[fd00::1]:443/", NULL},
        {"proxy:8080|evil.example", "https://graph.microsoft.com@evil.example/", NULL},
        {"socks=proxy:1080", "https://graph.microsoft.com/", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_setenv("CMMS_PROXY", rows[i].fake);
        char *proxy = proxy_for(rows[i].url, NULL);
        if ((proxy == NULL) != (rows[i].expected == NULL) ||
            (proxy != NULL && strcmp(proxy, rows[i].expected) != 0)) {
            fail_msg("row %u: %s", (unsigned)i, proxy == NULL ? "none" : proxy);
        }
        mem_free(proxy);
    }
}

/* libcurl reads it by itself, with its own exceptions. */
static void the_environment_goes_first(void **state)
{
    (void)state;
    test_setenv("CMMS_PROXY", "proxy:8080");
    test_setenv("https_proxy", "http://other:3128");
    assert_null(proxy_for("https://graph.microsoft.com/", NULL));
    test_setenv("https_proxy", NULL);
    assert_text(proxy_for("https://graph.microsoft.com/", NULL), "http://proxy:8080");
}

/* Whatever the system says, it ends, and whoever was stopped does not wait for it. */
static void the_system_is_asked(void **state)
{
    (void)state;
    Cancel *cancel = cancel_new();
    test_setenv("CMMS_PROXY", NULL);
    mem_free(proxy_for("https://one.example/", NULL));
    mem_free(proxy_for("https://one.example/", NULL));
    for (unsigned i = 0; i < 20; i++) {
        char *url = mem_printf("https://host%u.example/", i);
        if (i == 10) {
            cancel_request(cancel);
        }
        char *proxy = i < 10 ? NULL : proxy_for(url, cancel);
        assert_null(proxy);
        mem_free(url);
    }
    cancel_free(cancel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(picks, no_environment), cmocka_unit_test_setup(bypasses, no_environment),
        cmocka_unit_test_setup(for_an_address, no_environment),
        cmocka_unit_test_setup(the_environment_goes_first, no_environment),
        cmocka_unit_test_setup(the_system_is_asked, no_environment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
