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

static void sizes(void **state)
{
    (void)state;
    static const uint64_t mb = 1024 * 1024, gb = 1024 * mb, tb = 1024 * gb;
    const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0.00 MB"},
        {1, "0.00 MB"},
        {393216, "0.38 MB"},
        {mb, "1.00 MB"},
        {10 * mb - 5243, "9.99 MB"},
        {10 * mb - 5242, "10.0 MB"}, /* not "10.00" */
        {100 * mb - 52429, "99.9 MB"},
        {100 * mb - 52428, "100 MB"},
        {512 * mb, "512 MB"},
        {999 * mb, "999 MB"},
        {1000 * mb, "0.98 GB"},
        {gb, "1.00 GB"},
        {25 * gb + gb / 2, "25.5 GB"},
        {tb, "1.00 TB"}, /* as SharePoint's library: was "1,048,576.00 MB" */
        {999 * tb, "999 TB"},
        {1500 * tb, "1,500 TB"},
        {UINT64_MAX, "16,777,216 TB"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_string_equal(size_text(cases[i].bytes).text, cases[i].text);
    }
    const SizeParts parts = size_parts(3 * gb / 2);
    assert_true(parts.value == 1.5 && parts.decimals == 2);
    assert_string_equal(parts.unit, "GB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_of_three), cmocka_unit_test(sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
