#include "test_util.h"

#include "base/progress.h"

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
    const JobSink sink = {NULL, see, &seen, NULL};
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
    const JobSink sink = {NULL, see, &seen, NULL};
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

/* What an earlier run took is told until this one can be reckoned, and counts down meanwhile. */
static void starts_with_what_is_remembered(void **state)
{
    (void)state;
    Seen seen = {.count = 0};
    const JobSink sink = {NULL, see, &seen, NULL};
    ProgressMeter meter;
    progress_init(&meter, &sink, 1000);
    progress_stage(&meter, "One", 0, 1, 1000);
    assert_near(seen.last.seconds_left, -1);
    progress_expect(&meter, 60, 1000);
    progress_update(&meter, 0, 0, 1100);
    assert_near(seen.last.seconds_left, 60);
    progress_update(&meter, 0.005, 0, 2000);
    assert_near(seen.last.seconds_left, 59);
    /* After four seconds a tenth is done: 36 are left by that, and it is approached. */
    progress_update(&meter, 0.1, 0, 5000);
    assert_near(seen.last.seconds_left, 56 + (36 - 56) * 0.2);
    progress_expect(&meter, 0, 5000);
    assert_near(meter.seconds_left, -1);
    progress_release(&meter);
}

static void reckons_a_dump_by_its_tables(void **state)
{
    (void)state;
    TableMeter meter;
    table_meter_start(&meter, 0);
    assert_near(table_meter_part(&meter, 1000), 0); /* an empty database */
    table_meter_start(&meter, 1000);
    assert_near(table_meter_part(&meter, 500), 0);
    table_meter_next(&meter, 400, 0);
    /* Nothing is known of its rows: the file's growth, at the usual ratio, but never to its end. */
    assert_near(table_meter_part(&meter, 60), 0.2);
    assert_near(table_meter_part(&meter, 100000), 0.38);
    table_meter_rows(&meter, -1, 100);
    table_meter_rows(&meter, 10, 0);
    table_meter_rows(&meter, 10, -1);
    assert_near(table_meter_part(&meter, 60), 0.2);
    /* The server's word goes before. */
    table_meter_rows(&meter, 25, 100);
    assert_near(table_meter_part(&meter, 60), 0.1);
    table_meter_rows(&meter, 20, 100); /* it never falls */
    assert_near(table_meter_part(&meter, 60), 0.1);
    table_meter_rows(&meter, 500, 100); /* the guess was too small */
    assert_near(table_meter_part(&meter, 60), 0.396);
    /* The next one: the first is done, and its compression is known: 80 bytes for 400. */
    table_meter_next(&meter, 600, 80);
    assert_near(table_meter_part(&meter, 80), 0.4);
    assert_near(table_meter_part(&meter, 140), 0.7);
    assert_near(table_meter_part(&meter, 10), 0.4); /* a file that is smaller than it was counts for nothing */
    table_meter_next(&meter, 0, 200);
    assert_near(table_meter_part(&meter, 300), 1);
    table_meter_next(&meter, 50, 200); /* a table more than was known */
    assert_near(table_meter_part(&meter, 300), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_falls), cmocka_unit_test(starts_with_what_is_remembered),
                                       cmocka_unit_test(reckons_a_dump_by_its_tables),
                                       cmocka_unit_test(tells_rate_and_time_left),
                                       cmocka_unit_test(works_without_a_sink)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
