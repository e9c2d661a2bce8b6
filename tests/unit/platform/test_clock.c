#include "test_util.h"

#include "platform/clock.h"

static const struct {
    int64_t moment;
    const char *iso;
    int weekday;
} moments[] = {
    {0, "1970-01-01T00:00:00Z", 4},          {951782400, "2000-02-29T00:00:00Z", 2},
    {951868800, "2000-03-01T00:00:00Z", 3},  {1768829452, "2026-01-19T13:30:52Z", 1},
    {2147483647, "2038-01-19T03:14:07Z", 2}, {2147483648, "2038-01-19T03:14:08Z", 2},
    {4107542399, "2100-02-28T23:59:59Z", 0}, {4107542400, "2100-03-01T00:00:00Z", 1},
    {253402300799, "9999-12-31T23:59:59Z", 5},
};

static void utc_and_iso(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(moments); i++) {
        CivilTime t;
        clock_utc(moments[i].moment, &t);
        assert_int_equal(t.weekday, moments[i].weekday);
        assert_text(clock_iso_text(moments[i].moment), moments[i].iso);
        int64_t back = -1;
        assert_true(clock_parse_iso(moments[i].iso, &back));
        assert_int_equal(back, moments[i].moment);
    }
}

static void iso_round_trip(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 4200000000; t += 86400 * 3 + 4711) {
        char *text = clock_iso_text(t);
        int64_t back = -1;
        assert_true(clock_parse_iso(text, &back));
        assert_int_equal(back, t);
        mem_free(text);
    }
}

static void iso_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-01-19T13:30:52",
        "2026-01-19T13:30:52z",
        "2026-01-19T13:30:52Z ",
        " 2026-01-19T13:30:52Z",
        "2026-01-19 13:30:52Z",
        "2026-01-19T13:30:52.1Z",
        "2026-01-19T13:30:52+01",
        "2026-1-19T13:30:52Z",
        "2026-00-19T13:30:52Z",
        "2026-13-19T13:30:52Z",
        "2026-01-00T13:30:52Z",
        "2026-01-32T13:30:52Z",
        "2026-02-29T13:30:52Z",
        "2100-02-29T13:30:52Z",
        "2026-04-31T13:30:52Z",
        "2026-01-19T24:00:00Z",
        "2026-01-19T13:60:52Z",
        "2026-01-19T13:30:61Z",
        "0000-01-19T13:30:52Z",
        "-026-01-19T13:30:52Z",
        "2026-01-19T13:30:5\xC2\xB2Z",
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        int64_t t = 42;
        if (clock_parse_iso(bad[i], &t)) {
            print_error("accepted \"%s\"\n", bad[i]);
            fail();
        }
        assert_int_equal(t, 42);
    }
}

static bool same(const CivilTime *a, const CivilTime *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second && a->weekday == b->weekday;
}

/* In whatever zone the test runs: a local time leads to the first moment that shows it. */
static void local_round_trip(void **state)
{
    (void)state;
    for (int64_t t = 1704067200; t < 1704067200 + 3 * 366 * 86400; t += 900) {
        CivilTime local, again;
        clock_local(t, &local);
        int64_t back = clock_from_local(&local);
        assert_true(back <= t && back >= t - 7200);
        clock_local(back, &again);
        assert_true(same(&local, &again));
    }
}

static void local_texts(void **state)
{
    (void)state;
    const CivilTime local = {.year = 2026, .month = 1, .day = 9, .hour = 14, .minute = 3, .second = 5};
    int64_t t = clock_from_local(&local);
    assert_text(clock_log_text(t), "2026-01-09 14:03:05");
    assert_text(clock_stamp_text(t), "20260109_140305");
}

static void what_the_log_writes(void **state)
{
    (void)state;
    CivilTime t = {.year = 7};
    static const char *const bad[] = {"", "2026-01-19", "2026-01-19T14:30:52", "2026-01-19 14:30:5", "\xE4\xB8\xAD",
                                      "2026-01-19 14:30:520", "2026-02-30 14:30:52", "2026-01-19 24:00:00",
                                      "yesterday at 14:30:"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(clock_parse_log(bad[i], &t));
        assert_int_equal(t.year, 7);
    }
    assert_true(clock_parse_log("2028-02-29 23:59:58", &t));
    const CivilTime wanted = {.year = 2028, .month = 2, .day = 29, .hour = 23, .minute = 59, .second = 58,
                              .weekday = 2};
    assert_true(same(&t, &wanted));
    char *text = clock_log_text(clock_from_local(&wanted));
    assert_true(clock_parse_log(text, &t));
    assert_true(same(&t, &wanted));
    mem_free(text);
}

static void no_such_date(void **state)
{
    (void)state;
    static const CivilTime bad[] = {
        {.year = 2026, .month = 2, .day = 30},
        {.year = 2026, .month = 13, .day = 1},
        {.year = 2026, .month = 1, .day = 0},
        {.year = 2026, .month = 1, .day = 1, .hour = 24},
        {.year = 2026, .month = 1, .day = 1, .minute = -1},
        {.year = 0, .month = 1, .day = 1},
        {.year = 2147483647, .month = 1, .day = 1},
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_int_equal(clock_from_local(&bad[i]), -1);
    }
}

static void time_goes_on(void **state)
{
    (void)state;
    assert_true(clock_now() > 1700000000);
    uint64_t start = clock_monotonic_ms(), now = start;
    while (now == start) {
        now = clock_monotonic_ms();
    }
    assert_true(now > start);
}

#ifndef _WIN32
/* Windows takes its zone from the system, where a test cannot change it for itself alone. */
static void in_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
}

static void assert_from_local(int month, int day, int hour, int minute, const char *iso)
{
    const CivilTime local = {.year = 2026, .month = month, .day = day, .hour = hour, .minute = minute};
    assert_text(clock_iso_text(clock_from_local(&local)), iso);
}

static void daylight_saving(void **state)
{
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_from_local(1, 19, 14, 30, "2026-01-19T13:30:00Z");
    assert_from_local(7, 19, 14, 30, "2026-07-19T12:30:00Z");
    assert_from_local(3, 29, 1, 59, "2026-03-29T00:59:00Z");
    assert_from_local(3, 29, 2, 0, "2026-03-29T01:00:00Z"); /* skipped: shown as 03:00 */
    assert_from_local(3, 29, 2, 30, "2026-03-29T01:30:00Z");
    assert_from_local(3, 29, 3, 0, "2026-03-29T01:00:00Z");
    assert_from_local(10, 25, 1, 59, "2026-10-24T23:59:00Z");
    assert_from_local(10, 25, 2, 30, "2026-10-25T00:30:00Z"); /* twice: the first */
    assert_from_local(10, 25, 3, 0, "2026-10-25T02:00:00Z");
    local_round_trip(state);
    in_zone("EST5EDT,M3.2.0,M11.1.0");
    assert_from_local(3, 8, 2, 30, "2026-03-08T07:30:00Z"); /* skipped: shown as 03:30 */
    assert_from_local(11, 1, 1, 30, "2026-11-01T05:30:00Z");
    local_round_trip(state);
    in_zone("LHST-10:30LHDT-11,M10.1.0,M4.1.0"); /* half an hour, southern */
    local_round_trip(state);
    in_zone("UTC0");
    local_round_trip(state);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utc_and_iso),      cmocka_unit_test(iso_round_trip), cmocka_unit_test(iso_is_strict),
        cmocka_unit_test(local_round_trip), cmocka_unit_test(local_texts),    cmocka_unit_test(no_such_date),
        cmocka_unit_test(time_goes_on),     cmocka_unit_test(what_the_log_writes),
#ifndef _WIN32
        cmocka_unit_test(daylight_saving),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
