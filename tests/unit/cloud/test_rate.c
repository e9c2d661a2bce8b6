#include "test_util.h"

#include "cloud/rate.h"

/* So many uploads ask at every step of so many ms, for so many seconds; what went in all. */
static uint64_t sent(Rate *rate, unsigned uploads, size_t wanted, uint64_t step_ms, uint64_t begin, uint64_t seconds)
{
    uint64_t total = 0;
    for (uint64_t now = begin; now < begin + seconds * 1000; now += step_ms) {
        for (unsigned i = 0; i < uploads; i++) {
            total += rate_take(rate, wanted, now);
        }
    }
    return total;
}

static void the_limit_is_kept_together(void **state)
{
    (void)state;
    static const struct {
        uint64_t limit;
        unsigned uploads;
        size_t wanted;
        uint64_t step_ms;
    } rows[] = {{100000, 1, 65536, 20}, {100000, 4, 65536, 20},  {100000, 4, 700, 1},
                {50000000, 3, 2097152, 20}, {16384, 2, 2097152, 7}, {1000000, 1, 2097152, 100}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Rate *rate = rate_new();
        rate_limit(rate, rows[i].limit);
        const uint64_t total = sent(rate, rows[i].uploads, rows[i].wanted, rows[i].step_ms, 5000, 60);
        const uint64_t most = rows[i].limit * 60 + rows[i].limit / 4;
        if (total > most || total < most * 9 / 10) {
            fail_msg("row %zu: %llu of at most %llu", i, (unsigned long long)total, (unsigned long long)most);
        }
        rate_free(rate);
    }
}

/* 20 seconds' worth, in whole units. */
static void a_request_is_no_longer_than_that(void **state)
{
    (void)state;
    static const struct {
        uint64_t limit, unit, most, portion;
    } rows[] = {{0, 327680, 62914560, 62914560},         {51200, 327680, 62914560, 983040},
                {51200, 327680, 655360, 655360},         {16384, 327680, 62914560, 327680},
                {1, 327680, 62914560, 327680},           {100000000, 327680, 62914560, 62914560},
                {1048576, 327680, 62586880, 20971520}};
    assert_true(rate_portion(NULL, 327680, 62914560) == 62914560);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Rate *rate = rate_new();
        rate_limit(rate, rows[i].limit);
        assert_true(rate_portion(rate, rows[i].unit, rows[i].most) == rows[i].portion);
        rate_free(rate);
    }
}

static void nothing_is_saved_up(void **state)
{
    (void)state;
    Rate *rate = rate_new();
    rate_limit(rate, 100000);
    assert_int_equal(rate_take(rate, 1000000, 1000), 25000);
    assert_int_equal(rate_take(rate, 1000000, 1000), 0);
    assert_int_equal(rate_take(rate, 1000000, 3600 * 1000), 25000); /* an hour later */
    rate_free(rate);
}

static void changed_and_paused(void **state)
{
    (void)state;
    Rate *rate = rate_new();
    Cancel *cancel = cancel_new();
    assert_int_equal(rate_take(rate, 1 << 30, 0), 1 << 30); /* no limit */
    rate_limit(rate, 1); /* counts as the least */
    assert_int_equal(rate_take(rate, 1 << 20, 10), RATE_LEAST / 4);
    rate_limit(rate, 0);
    assert_int_equal(rate_take(rate, 1 << 20, 11), 1 << 20);
    rate_pause(rate, true);
    assert_true(rate_is_paused(rate));
    assert_int_equal(rate_take(rate, 1, 12), 0);
    cancel_request(cancel);
    assert_false(rate_await(rate, cancel));
    rate_pause(rate, false);
    assert_int_equal(rate_take(rate, 1, 13), 1);
    assert_true(rate_await(rate, cancel)); /* nothing to wait for */
    cancel_free(cancel);
    rate_free(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_limit_is_kept_together),
                                       cmocka_unit_test(a_request_is_no_longer_than_that),
                                       cmocka_unit_test(nothing_is_saved_up), cmocka_unit_test(changed_and_paused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
