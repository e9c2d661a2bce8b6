#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/chart_scale.c"

static void ends(void **state)
{
    (void)state;
    static const struct {
        double value, end;
    } cases[] = {{0, 1},     {-3, 1},      {1, 1},       {1.01, 2},    {2, 2},       {2.5, 5},   {5.1, 10},
                 {10, 10},   {99, 100},    {101, 200},   {0.03, 0.05}, {0.011, 0.02}, {1e16, 1}, {4768.37, 5000}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        double end = chart_scale_end(cases[i].value);
        if (end < cases[i].end * 0.999999 || end > cases[i].end * 1.000001) {
            fail_msg("%g gives %g", cases[i].value, end);
        }
    }
}

static void places(void **state)
{
    (void)state;
    assert_int_equal(chart_scale_y(0, 10, 5, 105), 105);
    assert_int_equal(chart_scale_y(10, 10, 5, 105), 5);
    assert_int_equal(chart_scale_y(2.5, 10, 5, 105), 80);
    assert_int_equal(chart_scale_y(11, 10, 5, 105), 5);
    assert_int_equal(chart_scale_y(-1, 10, 5, 105), 105);
    assert_int_equal(chart_scale_y(1, 0, 5, 105), 105);
    assert_int_equal(chart_scale_x(0, 0, 7, 100), 7);
    assert_int_equal(chart_scale_x(0, 3, 10, 110), 10);
    assert_int_equal(chart_scale_x(1, 3, 10, 110), 43);
    assert_int_equal(chart_scale_x(3, 3, 10, 110), 110);
}

static void points(void **state)
{
    (void)state;
    CatalogEntry entries[] = {
        {.size = 4 * 1048576, .created = 400, .seconds = 9, .has_manifest = true, .level = LEVEL_VERIFIED},
        {.size = 9 * 1048576, .created = 350, .seconds = 9, .has_manifest = true, .level = LEVEL_BAD},
        {.size = 3 * 1048576, .created = 300, .seconds = -1, .has_manifest = true, .level = LEVEL_LISTED},
        {.size = 9 * 1048576, .created = 250},
        {.size = 1048576, .created = 200, .seconds = 5, .has_manifest = true, .level = LEVEL_PROVEN},
    };
    Catalog catalog = {entries, TEST_COUNT(entries)};
    size_t count = 0;
    ChartPoint *found = chart_points(&catalog, 10, &count);
    assert_int_equal(count, 3);
    assert_true(found[0].created == 200 && found[1].created == 300 && found[2].created == 400);
    assert_true(found[0].seconds > 4 && found[1].seconds < 0 && found[2].megabytes > 3.9);
    mem_free(found);
    found = chart_points(&catalog, 2, &count);
    assert_int_equal(count, 2);
    assert_true(found[0].created == 300 && found[1].created == 400);
    mem_free(found);
    catalog.count = 0;
    found = chart_points(&catalog, 2, &count);
    assert_int_equal(count, 0);
    mem_free(found);
}

static void steps(void **state)
{
    (void)state;
    /* Each pixel belongs to the step between whose edges it is drawn. */
    for (size_t count = 1; count <= 70; count += 3) {
        for (int x = 10; x < 110; x++) {
            size_t i = chart_scale_index(x, count, 10, 110);
            assert_true(i < count);
            assert_true(x >= chart_scale_x(i, count, 10, 110) && x < chart_scale_x(i + 1, count, 10, 110));
        }
    }
    assert_int_equal(chart_scale_index(9, 5, 10, 110), 5);
    assert_int_equal(chart_scale_index(110, 5, 10, 110), 5);
    assert_int_equal(chart_scale_index(10, 0, 10, 110), 0);
    assert_int_equal(chart_scale_index(10, 3, 10, 10), 3);
}

static void growth(void **state)
{
    (void)state;
    static const struct {
        double first, last;
        int percent;
    } cases[] = {{10, 10, 0}, {10, 11.8, 18}, {10, 8.76, -12}, {3, 0, -100}, {0, 5, 0}, {1e-9, 1e9, 1000000}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const ChartPoint two[] = {{cases[i].first, 1, 0}, {99, 1, 0}, {cases[i].last, 1, 0}};
        assert_int_equal(chart_growth(two, 3), cases[i].percent);
    }
    const ChartPoint one[] = {{5, 1, 0}};
    assert_int_equal(chart_growth(one, 1), 0);
    assert_int_equal(chart_growth(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(places), cmocka_unit_test(points),
                                       cmocka_unit_test(steps), cmocka_unit_test(growth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
