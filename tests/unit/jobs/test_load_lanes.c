#include "load_world.h"

/* What may be loaded in any order, and what may not. */
static void who_goes_beside(void **state)
{
    (void)state;
    static const struct {
        LoadWave wave;
        size_t at[6]; /* AT_COUNT: no more */
    } cases[] = {
        /* Not: what needs other rows, rows as INSERTs, those of a table that the archive does not make. */
        {LOAD_ROWS, {AT_ROWS_ORDERS, AT_ROWS_PARTS, AT_ROWS_SPLIT_1, AT_COUNT}},
        /* Not: of a partitioned table, and what is no key. */
        {LOAD_KEYS, {AT_KEY_ORDERS, AT_UNIQUE_ORDERS, AT_KEY_PARTS, AT_COUNT}},
        /* Not: with a second statement, of a partitioned table, of a view, by a function that comes later. */
        {LOAD_INDEXES, {AT_INDEX, AT_INDEX_UNIQUE, AT_COUNT}},
    };
    Load run;
    world_make(&run);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const size_t *next = cases[i].at;
        for (size_t at = 0; at < AT_COUNT; at++) {
            const bool may = load_may_go_beside(&run, at, cases[i].wave);
            if (may != (*next == at)) {
                print_error("wave %d: %s %s\n", (int)i, world_entries[at].desc, world_entries[at].tag);
            }
            assert_int_equal(may, *next == at);
            next += may;
        }
        run.wanted[cases[i].at[0]] = false;
        assert_false(load_may_go_beside(&run, cases[i].at[0], cases[i].wave));
        run.plan.loaded[cases[i].at[1]] = true;
        assert_false(load_may_go_beside(&run, cases[i].at[1], cases[i].wave));
    }
    world_release(&run);
}

static void who_does_what(void **state)
{
    (void)state;
    static const struct {
        size_t count, lanes;
        uint64_t weights[6];
        size_t lane_of[6];
    } cases[] = {
        {2, 2, {1, 1}, {0, 1}},
        {5, 2, {1, 2, 9, 3, 2}, {1, 1, 0, 1, 1}}, /* the large one alone */
        {4, 2, {5, 4, 3, 2}, {0, 1, 1, 0}},
        {6, 3, {6, 5, 4, 3, 2, 1}, {0, 1, 2, 2, 1, 0}},
        {3, 1, {1, 2, 3}, {0, 0, 0}},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        size_t lane_of[6] = {0};
        load_share(cases[i].weights, cases[i].count, cases[i].lanes, lane_of);
        for (size_t k = 0; k < cases[i].count; k++) {
            assert_int_equal(lane_of[k], cases[i].lane_of[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_goes_beside),
        cmocka_unit_test(who_does_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
