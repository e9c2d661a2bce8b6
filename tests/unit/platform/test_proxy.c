/* What Windows' settings of proxies mean. That they are read is Windows' part, by hand (ARCHITECTURE.md). */
#include "test_util.h"

#include "platform/proxy.h"

static void chosen(void **state)
{
    (void)state;
    static const struct {
        const char *list, *bypass, *host, *proxy;
    } rows[] = {
        {NULL, NULL, "graph.microsoft.com", NULL},
        {"", "", "graph.microsoft.com", NULL},
        {"proxy:8080", NULL, "graph.microsoft.com", "proxy:8080"},
        {"http://proxy:8080", NULL, "graph.microsoft.com", "proxy:8080"},
        {"http=a:1;https=b:2;ftp=c:3", NULL, "graph.microsoft.com", "b:2"},
        {"http=a:1 HTTPS=b:2", NULL, "graph.microsoft.com", "b:2"},
        {"http=a:1", NULL, "graph.microsoft.com", NULL}, /* not for https */
        {"http=a:1;d:4", NULL, "graph.microsoft.com", "d:4"},
        {"a:1;b:2", NULL, "graph.microsoft.com", "a:1"},
        {"https=", NULL, "graph.microsoft.com", NULL},
        {"proxy:8080", "*.microsoft.com", "graph.microsoft.com", NULL},
        {"proxy:8080", "*.MICROSOFT.com;10.*", "Graph.Microsoft.COM", NULL},
        {"proxy:8080", "*.microsoft.com", "microsoft.com", "proxy:8080"},
        {"proxy:8080", "*microsoft.com", "microsoft.com", NULL},
        {"proxy:8080", "10.*; 192.168.*", "192.168.1.2", NULL},
        {"proxy:8080", "10.*; 192.168.*", "172.16.1.2", "proxy:8080"},
        {"proxy:8080", "<local>", "intranet", NULL},
        {"proxy:8080", "<LOCAL>;x", "intranet.example.org", "proxy:8080"},
        {"proxy:8080", "https://a.example.org:443", "a.example.org", NULL},
        {"proxy:8080", "*", "anything.example.org", NULL},
        {"proxy:8080", "*.a.*.org", "x.a.b.a.c.org", NULL},
        {"proxy:8080", "a*b", "aXc", "proxy:8080"}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *proxy = proxy_choose(rows[i].list, rows[i].bypass, rows[i].host);
        if (rows[i].proxy == NULL) {
            assert_null(proxy);
        } else {
            assert_non_null(proxy);
            assert_string_equal(proxy, rows[i].proxy);
        }
        mem_free(proxy);
    }
}

/* Whatever is set here. */
static void asked(void **state)
{
    (void)state;
    mem_free(proxy_for("graph.microsoft.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chosen), cmocka_unit_test(asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
