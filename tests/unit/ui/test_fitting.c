#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/fitting.c"

static void over(void **state)
{
    (void)state;
    static const struct {
        StateRect owner;
        int width, height;
        StateRect area, result;
    } cases[] = {
        /* In the middle; half a pixel goes to the left. */
        {{100, 100, 500, 400}, 200, 100, {0, 0, 1280, 960}, {200, 200, 400, 300}},
        {{0, 0, 5, 5}, 3, 3, {0, 0, 9, 9}, {1, 1, 4, 4}},
        /* An owner in a corner, or partly outside. */
        {{0, 0, 100, 100}, 300, 200, {0, 0, 1280, 960}, {0, 0, 300, 200}},
        {{1200, 900, 1400, 1000}, 300, 200, {0, 0, 1280, 920}, {980, 720, 1280, 920}},
        /* A monitor left of the first. */
        {{-1900, 20, -900, 720}, 400, 300, {-1920, 0, 0, 1040}, {-1600, 220, -1200, 520}},
        /* Larger than the area: the caption can be reached. */
        {{0, 0, 800, 600}, 900, 700, {10, 20, 810, 620}, {10, 20, 910, 720}},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StateRect r = fitting_over(cases[i].owner, cases[i].width, cases[i].height, cases[i].area);
        const StateRect *wanted = &cases[i].result;
        if (r.left != wanted->left || r.top != wanted->top || r.right != wanted->right || r.bottom != wanted->bottom) {
            fail_msg("case %zu gives %d, %d, %d, %d", i, r.left, r.top, r.right, r.bottom);
        }
    }
}

static void room(void **state)
{
    (void)state;
    assert_true(fitting_has_room(90, 10, 100));
    assert_false(fitting_has_room(91, 10, 100));
    assert_true(fitting_has_room(0, 0, 0));
    assert_false(fitting_has_room(1, 0, 0));
}

static void least_size(void **state)
{
    (void)state;
    assert_int_equal(fitting_least(700, 600, 1040), 700);
    assert_int_equal(fitting_least(700, 600, 700), 700);
    assert_int_equal(fitting_least(700, 600, 650), 650); /* a low screen: what is below it could not be reached */
    assert_int_equal(fitting_least(700, 600, 500), 600);
    assert_int_equal(fitting_least(700, 600, 0), 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(over), cmocka_unit_test(room), cmocka_unit_test(least_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
