#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/window_state.c"

static void assert_defaults(const WindowState *state)
{
    assert_false(state->placed || state->maximized || state->sized || state->hide_chart);
    assert_false(state->keep || state->quiet || state->offered);
    assert_int_equal(state->sort_column, 2);
    assert_true(state->descending);
    for (int i = 0; i < STATE_COLUMNS; i++) {
        assert_int_equal(state->order[i], i);
    }
}

static void round_trip(void **test)
{
    (void)test;
    char *dir = test_dir_new();
    char *path = fs_join(dir, "window.json");
    Error err = ERROR_INIT;
    WindowState saved, read;
    assert_false(window_state_load(path, &read));
    assert_defaults(&read);
    window_state_init(&saved);
    saved.placed = saved.maximized = saved.sized = saved.hide_chart = saved.keep = saved.quiet = saved.offered = true;
    saved.place = (StateRect){-1900, 20, -900, 720};
    saved.sort_column = 4;
    saved.descending = false;
    for (int i = 0; i < STATE_COLUMNS; i++) {
        saved.widths[i] = 50 + i;
        saved.order[i] = STATE_COLUMNS - 1 - i;
    }
    assert_ok(window_state_save(path, &saved, &err), &err);
    assert_true(window_state_load(path, &read));
    assert_memory_equal(&read.place, &saved.place, sizeof read.place);
    assert_memory_equal(read.widths, saved.widths, sizeof read.widths);
    assert_memory_equal(read.order, saved.order, sizeof read.order);
    assert_true(read.placed && read.maximized && read.sized && read.hide_chart && !read.descending);
    assert_true(read.keep && read.quiet && read.offered);
    assert_int_equal(read.sort_column, 4);
    mem_free(path);
    test_dir_remove(dir);
}

static void damaged(void **test)
{
    (void)test;
    static const char *const texts[] = {
        "",
        "[]",
        "{\"place\":",
        "{\"place\":{\"left\":0,\"top\":0,\"right\":1e9,\"bottom\":5}}",
        "{\"place\":{\"left\":0,\"top\":0,\"right\":5}}",
        "{\"columns\":{\"sort\":8,\"widths\":[1,1,1,1,1,1,1,1],\"order\":[0,1,2,3,4,5,6,7]}}",
        "{\"columns\":{\"sort\":1,\"widths\":[1,1,1,1,1,1,1],\"order\":[0,1,2,3,4,5,6,7]}}",
        "{\"columns\":{\"sort\":1,\"widths\":[1,1,1,1,1,1,1,-1],\"order\":[0,1,2,3,4,5,6,7]}}",
        "{\"columns\":{\"sort\":1,\"widths\":[1,1,1,1,1,1,1,1],\"order\":[0,1,2,3,4,5,6,6]}}",
        "{\"columns\":{\"sort\":1,\"widths\":[1,1,1,1,1,1,1,1],\"order\":[0,1,2,3,4,5,6,\"7\"]}}",
        "{\"columns\":{\"sort\":1,\"widths\":[1,1,1,1,1,1,1,1],\"order\":[0,1,2,3,4,5,6,8]}}",
    };
    WindowState state;
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        if (window_state_parse(texts[i], strlen(texts[i]), &state)) {
            fail_msg("text %zu is taken", i);
        }
        assert_defaults(&state);
    }
    static const char turned[] = "{\"place\":{\"left\":9,\"top\":0,\"right\":5,\"bottom\":5}}";
    assert_true(window_state_parse(turned, sizeof turned - 1, &state));
    assert_defaults(&state);
}

static void clamped(void **test)
{
    (void)test;
    static const StateRect areas[] = {{0, 0, 1920, 1040}, {1920, 0, 3200, 984}};
    static const struct {
        StateRect rect, result;
    } cases[] = {
        {{100, 100, 900, 700}, {100, 100, 900, 700}},           /* as it was */
        {{2000, 100, 2800, 700}, {2000, 100, 2800, 700}},       /* on the second */
        {{-500, -20, 300, 580}, {0, 0, 800, 600}},              /* half out */
        {{9000, 9000, 9800, 9600}, {1120, 440, 1920, 1040}},    /* the monitor is gone */
        {{0, 0, 5000, 4000}, {0, 0, 1920, 1040}},               /* larger than any */
        {{1800, 500, 3000, 1200}, {1920, 284, 3120, 984}},      /* mostly on the second */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StateRect result = window_state_clamp(cases[i].rect, areas, 2);
        if (memcmp(&result, &cases[i].result, sizeof result) != 0) {
            fail_msg("case %zu: %d %d %d %d", i, result.left, result.top, result.right, result.bottom);
        }
    }
    StateRect same = window_state_clamp(cases[0].rect, NULL, 0);
    assert_memory_equal(&same, &cases[0].rect, sizeof same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(damaged),
                                       cmocka_unit_test(clamped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
