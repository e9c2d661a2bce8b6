#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/tray_icon.c"

static void states(void **state)
{
    (void)state;
    static const struct {
        bool works, failed;
        HealthState health;
        TrayState state;
    } rows[] = {
        {false, false, HEALTH_GOOD, TRAY_PROTECTED}, {false, false, HEALTH_WARNING, TRAY_ATTENTION},
        {false, false, HEALTH_BAD, TRAY_FAILED},     {false, true, HEALTH_GOOD, TRAY_FAILED},
        {true, true, HEALTH_BAD, TRAY_WORKING},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(tray_icon_state(rows[i].works, rows[i].failed, rows[i].health), rows[i].state);
    }
}

/* Without the colours: what is drawn at all, or is white. In how many pixels do two signs differ? */
static int difference(const uint32_t *a, const uint32_t *b, int size)
{
    int count = 0;
    for (int i = 0; i < size * size; i++) {
        const bool first = a[i] >> 24 > 0x7F, second = b[i] >> 24 > 0x7F;
        const bool first_white = first && (a[i] & 0xFF) > 0xC0 && (a[i] >> 8 & 0xFF) > 0xC0;
        const bool second_white = second && (b[i] & 0xFF) > 0xC0 && (b[i] >> 8 & 0xFF) > 0xC0;
        count += first != second || first_white != second_white;
    }
    return count;
}

static void shapes(void **state)
{
    (void)state;
    static const int sizes[] = {16, 20, 24, 32, 64};
    static const uint32_t middles[TRAY_STATES] = {0, 0xFF0067C0, 0, 0};
    for (size_t k = 0; k < TEST_COUNT(sizes); k++) {
        const int size = sizes[k];
        uint32_t *signs[TRAY_STATES];
        for (int i = 0; i < TRAY_STATES; i++) {
            signs[i] = mem_array((size_t)(size * size), sizeof **signs);
            tray_icon_draw((TrayState)i, size, signs[i]);
            if (middles[i] != 0) {
                assert_int_equal(signs[i][size / 2 * size + size / 2], middles[i]);
            }
        }
        for (int i = 0; i < TRAY_STATES; i++) {
            for (int j = 0; j < i; j++) {
                const int differs = difference(signs[i], signs[j], size);
                if (differs * 10 < size * size) {
                    fail_msg("at %d pixels signs %d and %d differ in %d pixels only", size, i, j, differs);
                }
            }
        }
        /* The corners: of the square alone. */
        assert_int_equal(signs[TRAY_PROTECTED][0] >> 24, 0);
        assert_int_equal(signs[TRAY_ATTENTION][0] >> 24, 0);
        assert_int_equal(signs[TRAY_FAILED][size / 8 * size + size / 8] >> 24, 0xFF);
        for (int i = 0; i < TRAY_STATES; i++) {
            mem_free(signs[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states), cmocka_unit_test(shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
