/* What of Graph needs no server; the rest is e2e/test_upload.py's and test_sharepoint.py's. */
#include "test_util.h"

#include "cloud/graph.h"

static void next_pages(void **state)
{
    (void)state;
    static const struct {
        const char *link, *path;
    } rows[] = {
        {"https://graph.microsoft.com/v1.0/sites/a,b/drives?$skiptoken=x%26y", "/sites/a,b/drives?$skiptoken=x%26y"},
        {"https://graph.microsoft.com/v1.0", NULL},
        {"https://graph.microsoft.com/v1.0evil/x", NULL},
        {"https://graph.microsoft.com/beta/x", NULL},
        {"https://graph.microsoft.com.evil.org/v1.0/x", NULL},
        {"https://graph.microsoft.com@evil.org/v1.0/x", NULL},
        {"http://graph.microsoft.com/v1.0/x", NULL},
        {"/v1.0/x", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *path = graph_next_path("https://graph.microsoft.com", rows[i].link);
        if (rows[i].path == NULL) {
            assert_null(path);
        } else {
            assert_string_equal(path, rows[i].path);
        }
    }
}

/* Whoever was told a longer time counts. */
static void a_gate(void **state)
{
    (void)state;
    GraphGate *gate = graph_gate_new();
    assert_true(graph_gate_left(gate, 0) == 0);
    graph_gate_close(gate, 5000);
    assert_true(graph_gate_left(gate, 1000) == 4000);
    graph_gate_close(gate, 3000);
    assert_true(graph_gate_left(gate, 1000) == 4000);
    graph_gate_close(gate, 9000);
    assert_true(graph_gate_left(gate, 1000) == 8000);
    assert_true(graph_gate_left(gate, 9000) == 0);
    assert_true(graph_gate_left(gate, 9001) == 0);
    graph_gate_free(gate);
    graph_gate_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(next_pages), cmocka_unit_test(a_gate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
