#include "test_util.h"

#include "jobs/preview_private.h"

static void columns(void **state)
{
    (void)state;
    static const struct {
        const char *statement;
        int column;
    } cases[] = {
        {"COPY public.work_orders (id, wo_number, created_date) FROM stdin;\n", 2},
        {"COPY public.t (created_at, created_date, id) FROM stdin;\n", 1}, /* the CMMS's own goes before */
        {"COPY \"Odd, (one)\".\"t.t\" (\"a, created_date\", created_at) FROM stdin;\n", 1},
        {"COPY public.t (updated_date, created_dates, xcreated_date) FROM stdin;\n", -1},
        {"COPY public.no_columns  FROM stdin;\n", -1},
        {"COPY public.t () FROM stdin;\n", -1},
        {"INSERT INTO public.t VALUES (1);\n", -1},
        {"", -1},
        {NULL, -1},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(preview_made_column(cases[i].statement), cases[i].column);
    }
}

static void newest(void **state)
{
    (void)state;
    static const struct {
        int column;
        const char *rows, *newest;
    } cases[] = {
        {1, "1\t2026-11-23 01:59:58\n2\t2026-11-22 23:00:00\n\\.\n\n\n", "2026-11-23 01:59:58"},
        {0, "2026-11-23 01:59:58.123456+03\tx\n2025-01-01 00:00:00+03\ty\n\\.\n\n\n", "2026-11-23 01:59:58"},
        {0, "\\N\ninfinity\n-infinity\n2026-11-23\n\n\\.\n\n\n", ""},
        {0, "0044-03-15 00:00:00 BC\n0010-01-01 00:00:00\n", "0010-01-01 00:00:00"},
        {0, "12026-11-23 01:59:58\n", ""},
        {2, "a\\tb\t2030-01-01 00:00:00\t2026-01-01 00:00:00\t2031-01-01 00:00:00\n", "2026-01-01 00:00:00"},
        {0, "2026-11-23 01:59:58 and much more than a time can have behind it\n", ""},
        {3, "1\t2026-11-23 01:59:58\n", ""},
        {0, "", ""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        for (size_t step = 1; step < 40; step += 6) { /* in pieces of any size */
            PreviewNewest found = {.column = cases[i].column};
            const size_t len = strlen(cases[i].rows);
            for (size_t at = 0; at < len; at += step) {
                preview_newest_feed(&found, (const uint8_t *)cases[i].rows + at, len - at < step ? len - at : step);
            }
            assert_string_equal(found.newest, cases[i].newest);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns), cmocka_unit_test(newest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
