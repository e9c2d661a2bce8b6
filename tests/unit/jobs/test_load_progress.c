#include "load_world.h"

static void places(void **state)
{
    (void)state;
    Load run;
    world_make(&run);
    for (size_t i = 0; i < AT_COUNT; i++) {
        assert_int_equal(load_place_of(&run, world_entries[i].id), i);
    }
    assert_int_equal(load_place_of(&run, 9999), AT_COUNT);
    assert_int_equal(load_place_of(&run, 0), AT_COUNT);
    assert_int_equal(run.plan.data, AT_ROWS_OTHER);
    assert_int_equal(run.plan.post, AT_ROWS_THEIRS + 1);
    world_release(&run);
}

/* The rows and what is built over them count by their bytes, everything a little. */
static void weights(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint64_t rows, weight;
    } cases[] = {
        {AT_ROWS_ORDERS, ROWS_ORDERS, ROWS_ORDERS + 20000}, {AT_ROWS_PARTS, ROWS_PARTS, ROWS_PARTS + 20000},
        {AT_KEY_ORDERS, ROWS_ORDERS, 1220000},              {AT_INDEX, ROWS_ORDERS, 1220000},
        {AT_REFERENCE, ROWS_PARTS, 220000},                 {AT_TRIGGER, ROWS_ORDERS, 20000},
        {AT_ROWS_THEIRS, 0, 20000},                         {AT_FUNCTION, 0, 20000},
        {AT_OBJECTS, 0, 1020000},
    };
    Load run;
    world_make(&run);
    uint64_t all = 0;
    for (size_t i = 0; i < AT_COUNT; i++) {
        all += run.plan.weight[i];
    }
    assert_int_equal(run.plan.all, all);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(run.plan.rows[cases[i].at], cases[i].rows);
        assert_int_equal(run.plan.weight[cases[i].at], cases[i].weight);
    }
    run.wanted[AT_ROWS_ORDERS] = false;
    load_plan_make(&run);
    assert_int_equal(run.plan.all, all - ROWS_ORDERS - 20000);
    world_release(&run);
}

static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t at; /* AT_COUNT: none */
    } cases[] = {
        {"pg_restore: processing data for table \"public.work orders\"", AT_ROWS_ORDERS},
        {"pg_restore: processing data for table \"Old.parts\"", AT_ROWS_PARTS},
        {"pg_restore: processing data for table \"public.parts\"", AT_COUNT},
        {"pg_restore: processing data for table \"work orders\"", AT_COUNT},
        {"pg_restore: processing BLOBS", AT_OBJECTS},
        {"pg_restore: executing SEQUENCE SET ids", AT_SEQUENCE},
        {"pg_restore: creating TABLE \"Old.parts\"", AT_PARTS},
        {"pg_restore: creating INDEX \"public.by_text\"", AT_INDEX},
        {"pg_restore: creating INDEX \"public.by_text2\"", AT_COUNT},
        {"pg_restore: creating CONSTRAINT \"public.work orders orders_pkey\"", AT_KEY_ORDERS},
        {"pg_restore: creating FK CONSTRAINT \"Old.parts parts_of_fkey\"", AT_REFERENCE},
        {"pg_restore: creating INDEX ATTACH \"public.split_1_pkey\"", AT_ATTACH},
        {"pg_restore: creating FUNCTION \"public.late()\"", AT_LATE},
        {"pg_restore: connecting to database for restore", AT_COUNT},
        {"processing BLOBS", AT_COUNT},
        {"", AT_COUNT},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        for (size_t at = 0; at < AT_COUNT; at++) {
            assert_int_equal(load_line_is(cases[i].line, &world_entries[at]), at == cases[i].at);
        }
    }
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count, at[3];
    } cases[] = {
        {"Restoring work orders", 1, {AT_ROWS_ORDERS}},
        {"Restoring work orders, Old.parts", 2, {AT_ROWS_ORDERS, AT_ROWS_PARTS}},
        {"Building the index by_text, Old.by_name", 2, {AT_INDEX, AT_INDEX_UNIQUE}},
        {"Building the index orders_pkey of work orders", 1, {AT_KEY_ORDERS}},
        {"Checking the reference parts_of_fkey of Old.parts", 1, {AT_REFERENCE}},
        {"Restoring the large objects", 1, {AT_OBJECTS}},
        {"Restoring the definitions", 1, {AT_FUNCTION}},
        {"Restoring the other definitions", 1, {AT_TRIGGER}},
    };
    Load run;
    world_make(&run);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *text = load_words(&run, cases[i].at, cases[i].count);
        assert_string_equal(text, cases[i].text);
        mem_free(text);
    }
    world_release(&run);
}

/* --- what is told ------------------------------------------------------------------------------------------- */

typedef struct Told {
    double fraction;
    uint64_t bytes;
    char step[128];
} Told;

static void on_progress(void *context, const Progress *progress)
{
    Told *told = context;
    assert_true(progress->fraction >= told->fraction);
    told->fraction = progress->fraction;
    told->bytes = progress->bytes;
    snprintf(told->step, sizeof told->step, "%s", progress->step);
}

static double part(const Load *run, uint64_t weight)
{
    return (double)weight / (double)run->plan.all;
}

/* Two of them: what each has behind it, and how much of its table was sent. */
static void several(void **state)
{
    (void)state;
    Told told = {.fraction = 0};
    const JobSink sink = {.progress = on_progress, .context = &told};
    size_t orders[] = {AT_ROWS_ORDERS, AT_ROWS_SPLIT_1}, parts[] = {AT_ROWS_PARTS};
    Load run;
    world_make(&run);
    LoadLane lanes[] = {{.run = &run, .order = orders, .count = 2, .session = (char *)"s-1"},
                        {.run = &run, .order = parts, .count = 1, .session = (char *)"s-2"}};
    progress_init(&run.meter, &sink, 0);
    run.lanes = lanes;
    run.lane_count = 2;
    run.feeds = true; /* so that nobody asks a server */
    load_tell(&run);
    assert_true(told.fraction <= 0);

    load_lane_said(&lanes[0], "pg_restore: connecting to database for restore");
    assert_false(lanes[0].spoke);
    load_lane_said(&lanes[0], "pg_restore: processing data for table \"public.something else\"");
    assert_true(lanes[0].spoke && !lanes[0].begun); /* a name that is written otherwise there */
    load_lane_said(&lanes[0], "pg_restore: processing data for table \"public.work orders\"");
    load_lane_said(&lanes[1], "pg_restore: processing data for table \"Old.parts\"");
    lanes[0].fed = ROWS_ORDERS / 2;
    lanes[1].fed = 5 * ROWS_PARTS; /* more than was thought */
    load_tell(&run);
    assert_string_equal(told.step, "Restoring work orders, Old.parts");
    assert_int_equal(told.bytes, ROWS_ORDERS / 2 + ROWS_PARTS);
    const double half = part(&run, (ROWS_ORDERS + 20000) / 2 + ROWS_PARTS + 20000);
    assert_true(told.fraction > half - 0.001 && told.fraction < half + 0.001);

    load_lane_said(&lanes[0], "pg_restore: processing data for table \"public.split_1\"");
    load_lane_keep(&lanes[1], 1);
    assert_int_equal(lanes[1].count, 0);
    assert_true(run.plan.loaded[AT_ROWS_PARTS] && !run.plan.loaded[AT_ROWS_ORDERS]);
    load_tell(&run);
    assert_string_equal(told.step, "Restoring split_1");
    assert_int_equal(told.bytes, ROWS_ORDERS + ROWS_PARTS);

    load_lane_keep(&lanes[0], 1); /* what it was at failed */
    assert_int_equal(lanes[0].order[0], AT_ROWS_SPLIT_1);
    assert_true(run.plan.loaded[AT_ROWS_ORDERS] && !run.plan.loaded[AT_ROWS_SPLIT_1]);
    load_tell(&run);
    const double both = part(&run, ROWS_ORDERS + ROWS_PARTS + 40000);
    assert_true(told.fraction > both - 0.001 && told.fraction < both + 0.001);
    progress_release(&run.meter);
    world_release(&run);
}

/* One that is fed says by itself at what it is. */
static void fed(void **state)
{
    (void)state;
    Told told = {.fraction = 0};
    const JobSink sink = {.progress = on_progress, .context = &told};
    size_t order[] = {AT_FUNCTION, AT_ROWS_ORDERS, AT_REFERENCE};
    Load run;
    world_make(&run);
    LoadLane lane = {.run = &run, .order = order, .count = 3};
    progress_init(&run.meter, &sink, 0);
    run.lanes = &lane;
    run.lane_count = 1;
    run.feeds = true;
    load_entered(&run, AT_FUNCTION);
    assert_string_equal(told.step, ""); /* nothing that takes its time */
    load_entered(&run, AT_ROWS_ORDERS);
    assert_string_equal(told.step, "Restoring work orders");
    load_fed(&run, ROWS_ORDERS / 4);
    load_fed(&run, ROWS_ORDERS / 4);
    load_tell(&run);
    assert_int_equal(told.bytes, ROWS_ORDERS / 2);
    load_entered(&run, AT_REFERENCE);
    assert_string_equal(told.step, "Checking the reference parts_of_fkey of Old.parts");
    assert_int_equal(told.bytes, ROWS_ORDERS);
    run.lanes = NULL;
    run.lane_count = 0;
    load_fed(&run, 1);
    progress_release(&run.meter);
    world_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places), cmocka_unit_test(weights), cmocka_unit_test(lines),
        cmocka_unit_test(words),  cmocka_unit_test(several), cmocka_unit_test(fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
