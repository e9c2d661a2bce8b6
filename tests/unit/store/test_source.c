#include "test_util.h"

#include "store/source.h"

typedef struct Row {
    const char *host, *port, *database, *identifier, *oid, *timeline;
} Row;

static void of_row(const Row *row, Source *source)
{
    Manifest manifest;
    manifest_init(&manifest);
    manifest.host = mem_strdup(row->host);
    manifest.port = mem_strdup(row->port);
    manifest.database = mem_strdup(row->database);
    manifest.system_identifier = mem_strdup(row->identifier);
    manifest.database_oid = mem_strdup(row->oid);
    manifest.timeline = mem_strdup(row->timeline);
    source_of_manifest(&manifest, source);
    manifest_release(&manifest);
}

/* Who is whose: to show, and to remove. */
static void same(void **state)
{
    (void)state;
    static const struct {
        Row a, b;
        bool shown, removed;
    } rows[] = {
        {{"h", "1", "d", "7", "5", NULL}, {"h", "1", "d", "7", "5", NULL}, true, true},
        {{"h", "1", "d", "7", "5", NULL}, {"H", "1", "d", "7", "5", ""}, true, true},
        /* another server, another database */
        {{"h", "1", "d", "7", "5", NULL}, {"h", "1", "d", "8", "5", NULL}, false, false},
        {{"h", "1", "d", "7", "5", NULL}, {"h", "1", "d", "7", "6", NULL}, false, false},
        /* one server by two names, or its copy on another port: shown as one, but neither removes the other's */
        {{"localhost", "1", "d", "7", "5", NULL}, {"127.0.0.1", "1", "d", "7", "5", NULL}, true, false},
        {{"h", "1", "d", "7", "5", NULL}, {"h", "2", "d", "7", "5", NULL}, true, false},
        /* branches of Neon */
        {{"h", "1", "d", "7", "5", "a"}, {"h", "1", "d", "7", "5", "b"}, false, false},
        {{"h", "1", "d", "7", "5", "a"}, {"h", "1", "d", "7", "5", "a"}, true, true},
        /* a server that does not tell */
        {{"h", "1", "d", NULL, "5", NULL}, {"h", "1", "d", NULL, NULL, NULL}, true, true},
        {{"h", "1", "d", NULL, NULL, NULL}, {"h", "2", "d", NULL, NULL, NULL}, false, false},
        {{"h", "1", "d", NULL, NULL, NULL}, {"h", "1", "e", NULL, NULL, NULL}, false, false},
        {{"h", "1", "d", "7", "5", NULL}, {"h", "1", "d", NULL, NULL, NULL}, false, false},
        /* made before any of this was kept: like nothing, not even the same again */
        {{"h", NULL, "d", NULL, NULL, NULL}, {"h", NULL, "d", NULL, NULL, NULL}, false, false},
        {{NULL, NULL, NULL, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL, NULL}, false, false},
        {{NULL, NULL, "d", NULL, NULL, NULL}, {"h", "1", "d", "7", "5", NULL}, false, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Source a, b;
        source_init(&a);
        source_init(&b);
        of_row(&rows[i].a, &a);
        of_row(&rows[i].b, &b);
        if (source_same(&a, &b) != rows[i].shown || source_same(&b, &a) != rows[i].shown ||
            source_same_place(&a, &b) != rows[i].removed || source_same_place(&b, &a) != rows[i].removed) {
            fail_msg("row %zu: %d %d", i, source_same(&a, &b), source_same_place(&a, &b));
        }
        source_release(&a);
        source_release(&b);
    }
}

static void labels(void **state)
{
    (void)state;
    static const struct {
        Row row;
        const char *label;
    } rows[] = {{{"db.Example.org", "5432", "cmms", NULL, NULL, NULL}, "cmms on db.example.org"},
                {{"::1", "5433", "cmms", "7", "5", NULL}, "cmms on ::1:5433"},
                {{"db", NULL, "cmms", NULL, NULL, NULL}, "cmms"},
                {{NULL, NULL, NULL, NULL, NULL, NULL}, NULL}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Source source;
        source_init(&source);
        of_row(&rows[i].row, &source);
        char *label = source_label(&source);
        if (rows[i].label) {
            assert_text(label, rows[i].label);
        } else {
            assert_null(label);
        }
        source_release(&source);
    }
}

/* What the window knows before it has connected. */
static void by_a_connection(void **state)
{
    (void)state;
    static const struct {
        const char *host, *port, *database;
        bool answers;
    } rows[] = {{"ep-x-pooler.eu-central-1.aws.neon.tech", NULL, "cmms", true},
                {"EP-X.eu-central-1.aws.neon.tech", "5432", "cmms", true},
                {"ep-x.eu-central-1.aws.neon.tech", "5433", "cmms", false},
                {"ep-y.eu-central-1.aws.neon.tech", NULL, "cmms", false},
                {"ep-x.eu-central-1.aws.neon.tech", NULL, "other", false}};
    static const Row made = {"ep-x.eu-central-1.aws.neon.tech", "5432", "cmms", "7", "5", "t"};
    static const Row before = {"ep-x.eu-central-1.aws.neon.tech", NULL, "cmms", NULL, NULL, NULL};
    Source of_manifest, old, copy;
    source_init(&of_manifest);
    source_init(&old);
    source_init(&copy);
    of_row(&made, &of_manifest);
    of_row(&before, &old);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection connection;
        Source source;
        connection_init(&connection);
        source_init(&source);
        connection.host = mem_strdup(rows[i].host);
        connection.port = mem_strdup(rows[i].port);
        connection.database = mem_strdup(rows[i].database);
        source_of_connection(&connection, &source);
        assert_null(source.key);
        assert_int_equal(source_answers(&of_manifest, &source), rows[i].answers);
        assert_false(source_answers(&old, &source));
        source_release(&source);
        connection_release(&connection);
    }
    source_copy(&copy, &of_manifest);
    assert_true(source_same_place(&copy, &of_manifest));
    source_release(&copy);
    source_release(&of_manifest);
    source_release(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same), cmocka_unit_test(labels),
                                       cmocka_unit_test(by_a_connection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
