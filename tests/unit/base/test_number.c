#include "test_util.h"

#include "base/number.h"

static void groups_of_three(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text, *count;
    } cases[] = {
        {0, "0", "0"},
        {9, "9", "9"},
        {999, "999", "999"},
        {1000, "1,000", "1,000"},
        {20864, "20,864", "20,864"},
        {999999, "999,999", "999,999"},
        {1234567, "1,234,567", "1,234,567"},
        {1000000000, "1,000,000,000", "1,000,000,000"},
        {INT64_MAX, "9,223,372,036,854,775,807", "9,223,372,036,854,775,807"},
        {-1, "-1", "?"},
        {-1000, "-1,000", "?"},
        {INT64_MIN, "-9,223,372,036,854,775,808", "?"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_string_equal(number_text(cases[i].number).text, cases[i].text);
        assert_string_equal(count_text(cases[i].number).text, cases[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_of_three)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
