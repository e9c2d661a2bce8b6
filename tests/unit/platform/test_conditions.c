#include "test_util.h"

#include "platform/conditions.h"
#include "test_env.h"

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool on_battery;
        int percent;
        bool metered;
    } rows[] = {
        {"", false, -1, false},
        {"mains", false, -1, false},
        {"battery", true, -1, false},
        {"battery=0", true, 0, false},
        {"battery=15,metered", true, 15, true},
        {"metered,battery=100", true, 100, true},
        {"unmetered", false, -1, false},
        {"metered,unmetered", false, -1, false},
        /* What is none of them is passed over. */
        {"battery=", false, -1, false},
        {"battery=101", false, -1, false},
        {"battery=-1", false, -1, false},
        {"battery=15x", false, -1, false},
        {"batteries", false, -1, false},
        {"meter,,metered ,x=1", false, -1, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Conditions found;
        conditions_parse(rows[i].text, &found);
        if (found.on_battery != rows[i].on_battery || found.battery_percent != rows[i].percent ||
            found.metered != rows[i].metered) {
            print_error("\"%s\": battery %d %d, metered %d\n", rows[i].text, found.on_battery, found.battery_percent,
                        found.metered);
            fail();
        }
    }
}

static void the_environment_first(void **state)
{
    (void)state;
    Conditions found;
    test_setenv("CMMS_CONDITIONS", "battery=7,metered");
    conditions_look(&found, false); /* whoever does not want to know it is not told either */
    assert_true(found.on_battery);
    assert_false(found.metered);
    conditions_look(&found, true);
    assert_true(found.on_battery);
    assert_int_equal(found.battery_percent, 7);
    assert_true(found.metered);
    test_setenv("CMMS_CONDITIONS", NULL);
    conditions_look(&found, true); /* whatever this computer says */
    assert_true(found.battery_percent >= -1 && found.battery_percent <= 100);
    assert_true(found.on_battery || found.battery_percent == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(the_environment_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
