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

/* Who locked what, by the codes; the status is the same. */
static void what_is_locked(void **state)
{
    (void)state;
    static const char file[] = "x: it is locked or checked out by somebody";
    static const struct {
        long status;
        const char *codes;
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {423, "notAllowed", EK_REFUSED, "x: an administrator has locked or archived the site"},
        {423, "notAllowed resourceLocked", EK_BUSY, file},
        {423, "accessDenied", EK_BUSY, file},
        {423, NULL, EK_BUSY, file},
        {403, "notAllowed", EK_REFUSED, "x: SharePoint does not allow it"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        const GraphAnswer answer = {.status = rows[i].status, .codes = (char *)rows[i].codes, .lost = ERROR_INIT};
        assert_fails(graph_problem(&answer, "x", &err), &err, rows[i].kind, rows[i].message);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(next_pages), cmocka_unit_test(what_is_locked),
                                       cmocka_unit_test(a_gate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
