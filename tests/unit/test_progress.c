#include "test_util.h"

#include "progress.h"

typedef struct Seen {
    Progress last;
    char step[64];
    size_t count;
    bool fell;
} Seen;

static void see(void *context, const Progress *progress)
{
    Seen *seen = context;
    seen->fell = seen->fell || progress->fraction < seen->last.fraction;
    seen->last = *progress;
    snprintf(seen->step, sizeof seen->step, "%s", progress->step);
    seen->last.step = NULL;
    seen->count++;
}

static void assert_near(double got, double wanted)
{
    if (got < wanted - 0.001 || got > wanted + 0.001) {
        print_error("%f is not %f\n", got, wanted);
        fail();
    }
}

static void never_falls(void **state)
{
    (void)state;
    Seen seen = {.count = 0};
    const JobSink sink = {NULL, see, &seen};
    ProgressMeter meter;
    progress_init(&meter, &sink, 1000);
    progress_stage(&meter, "One", 0, 0.5, 1000);
    progress_update(&meter, 0.8, 10, 1100);
    assert_near(seen.last.fraction, 0.4);
    progress_update(&meter, 0.2, 20, 1200);
    assert_near(seen.last.fraction, 0.4);
    progress_update(&meter, 7, 30, 1300);
    assert_near(seen.last.fraction, 0.5);
    progress_stage(&meter, "Two", 0.3, 1, 1400);
    assert_near(seen.last.fraction, 0.5);
    assert_string_equal(seen.step, "Two");
    progress_update(&meter, -1, 0, 1500);
    assert_near(seen.last.fraction, 0.5);
    progress_step(&meter, "Two and a half");
    progress_update(&meter, 1, 0, 1600);
    assert_near(seen.last.fraction, 1);
    assert_near(seen.last.seconds_left, 0);
    assert_string_equal(seen.step, "Two and a half");
    assert_false(seen.fell);
    assert_int_equal(seen.count, 7);
    progress_release(&meter);
}

static void tells_rate_and_time_left(void **state)
{
    (void)state;
    Seen seen = {.count = 0};
    const JobSink sink = {NULL, see, &seen};
    ProgressMeter meter;
    progress_init(&meter, &sink, 0);
    progress_stage(&meter, "Saving", 0, 1, 0);
    progress_update(&meter, 0.01, 100, 100);
    assert_near(seen.last.bytes_per_second, 0); /* too early to say */
    assert_true(seen.last.seconds_left < 0);
    for (uint64_t ms = 500; ms <= 10000; ms += 500) {
        progress_update(&meter, (double)ms / 40000, ms * 2, ms);
    }
    assert_near(seen.last.bytes_per_second, 2000);
    assert_near(seen.last.seconds_left, 30);
    assert_int_equal(seen.last.bytes, 20000);
    progress_release(&meter);
}

static void works_without_a_sink(void **state)
{
    (void)state;
    ProgressMeter meter;
    progress_init(&meter, NULL, 0);
    progress_update(&meter, 0.5, 1, 10);
    assert_near(meter.fraction, 0.5);
    progress_release(&meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_falls), cmocka_unit_test(tells_rate_and_time_left),
                                       cmocka_unit_test(works_without_a_sink)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
