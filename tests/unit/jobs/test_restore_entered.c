#include "test_util.h"

#include "jobs/restore_private.h"

/* What of it is in words, and how many rows. */
static void what_was_entered(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, counted, saved; /* now; in the safety backup by the server, and by what it holds */
        bool missing, is_new;         /* of an extension's schema; not in the safety backup */
        const char *words;
        int64_t entered;
    } cases[] = {
        {100, 100, 100, false, false, NULL, 0},
        {103, 100, 100, false, false, "work_orders +3", 3},
        {98, 100, 100, false, false, "work_orders -2", 2},
        {12345, 0, 0, false, false, "work_orders +12,345", 12345},
        {103, -1, 100, false, false, "work_orders +3", 3},  /* not counted by the server */
        {103, -1, -1, false, false, NULL, 0},               /* not known */
        {-1, 100, 100, false, false, NULL, 0},
        {2, 0, 0, false, true, "work_orders +2", 2},        /* made meanwhile */
        {0, 0, 0, false, true, NULL, 0},
        {2, 0, 0, true, true, NULL, 0},                     /* no backup has those */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        SnapshotTable table = {.schema = (char *)"public", .name = (char *)"work_orders", .rows = cases[i].rows,
                               .may_be_missing = cases[i].missing};
        TableCount count = {.schema = (char *)"public", .name = (char *)(cases[i].is_new ? "other" : "work_orders"),
                            .rows = cases[i].saved, .expected = cases[i].counted};
        const Snapshot now = {.tables = &table, .count = 1};
        const Manifest then = {.tables = &count, .table_count = 1};
        int64_t entered = 7;
        char *words = restore_entered_words(&now, &then, &entered);
        assert_int_equal(entered, cases[i].entered);
        if (cases[i].words == NULL) {
            assert_null(words);
        } else {
            assert_string_equal(words, cases[i].words);
        }
        mem_free(words);
    }
}

/* A picture that was added is in no table's rows. */
static void large_objects(void **state)
{
    (void)state;
    static const struct {
        int64_t now, counted, saved;
        const char *words;
        int64_t entered;
    } cases[] = {
        {7, 7, 7, NULL, 0},
        {9, 7, 7, "large objects +2", 2},
        {6, 7, 7, "large objects -1", 1},
        {9, -1, 7, "large objects +2", 2}, /* not counted by the server */
        {9, -1, -1, NULL, 0},              /* not known */
        {-1, 7, 7, NULL, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const Snapshot now = {.large_objects = cases[i].now};
        const Manifest then = {.large_objects = cases[i].saved, .large_objects_expected = cases[i].counted};
        int64_t entered = 7;
        char *words = restore_entered_words(&now, &then, &entered);
        assert_int_equal(entered, cases[i].entered);
        if (cases[i].words == NULL) {
            assert_null(words);
        } else {
            assert_string_equal(words, cases[i].words);
        }
        mem_free(words);
    }
}

static void not_all_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    SnapshotTable tables[TEST_COUNT(names)];
    const Manifest then = {.table_count = 0};
    int64_t entered = 0;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        tables[i] = (SnapshotTable){.schema = (char *)(i == 1 ? "extra" : "public"), .name = (char *)names[i],
                                    .rows = 10};
    }
    const Snapshot now = {.tables = tables, .count = TEST_COUNT(names)};
    char *words = restore_entered_words(&now, &then, &entered);
    assert_string_equal(words, "a +10, extra.b +10, c +10, d +10, e +10 and 2 more");
    assert_int_equal(entered, 70);
    mem_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_entered), cmocka_unit_test(large_objects),
                                       cmocka_unit_test(not_all_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
