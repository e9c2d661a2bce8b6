#include "test_util.h"

#include "jobs/preview.h"

static void numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text;
    } cases[] = {{-1, "?"}, {0, "0"}, {999, "999"}, {1000, "1,000"}, {12410, "12,410"}, {1234567, "1,234,567"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = preview_number(cases[i].number);
        assert_string_equal(text, cases[i].text);
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
