#include "test_util.h"

#include "postgres/standstill.h"
#include "test_env.h"

typedef struct Server {
    bool works;
    unsigned asked;
} Server;

static bool works(void *context)
{
    Server *server = context;
    server->asked++;
    return server->works;
}

/* Looks every half second from `from` on; the moment at which it is over, or `to`. */
static uint64_t run(Standstill *still, uint64_t from, uint64_t to)
{
    for (uint64_t now = from; now < to; now += 500) {
        if (standstill_over(still, now)) {
            return now;
        }
    }
    return to;
}

static void over_after_its_time(void **state)
{
    (void)state;
    Standstill still = {.seconds = 10};
    standstill_start(&still, 1000);
    assert_int_equal(run(&still, 1000, 60000), 11000);
    assert_text(standstill_text(&still), "10 seconds");
}

static void a_sign_of_life_begins_anew(void **state)
{
    (void)state;
    Standstill still = {.seconds = 10};
    standstill_start(&still, 0);
    assert_int_equal(run(&still, 0, 9500), 9500);
    standstill_moved(&still, 9500);
    assert_int_equal(run(&still, 9500, 60000), 19500);
}

static void never_where_no_time_is_set(void **state)
{
    (void)state;
    Standstill still = {.seconds = 0};
    standstill_start(&still, 0);
    assert_int_equal(run(&still, 0, 10000000), 10000000);
}

static void sleep_does_not_count(void **state)
{
    (void)state;
    Standstill still = {.seconds = 10};
    standstill_start(&still, 0);
    assert_int_equal(run(&still, 0, 5000), 5000);
    assert_int_equal(run(&still, 3600000, 9000000), 3610000);
}

static void a_server_at_work_is_awaited(void **state)
{
    (void)state;
    Server server = {.works = true};
    Standstill still = {.seconds = 60, .still_working = works, .context = &server};
    standstill_start(&still, 0);
    assert_int_equal(run(&still, 0, 290000), 290000);
    assert_int_equal(server.asked, 4);
    server.works = false;
    assert_int_equal(run(&still, 290000, 9000000), 300000);
    assert_text(standstill_text(&still), "5 minutes");
}

static void but_not_for_ever(void **state)
{
    (void)state;
    Server server = {.works = true};
    Standstill still = {.seconds = 60, .still_working = works, .context = &server};
    standstill_start(&still, 0);
    assert_int_equal(run(&still, 0, 9000000), 360000);
    standstill_moved(&still, 360000);
    assert_int_equal(run(&still, 360000, 9000000), 720000);
}

static void seconds_for_tests(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        unsigned seconds;
    } cases[] = {{NULL, 600}, {"3", 3}, {"0", 600}, {"-1", 600}, {"x", 600}, {"86400", 86400}, {"86401", 600}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        test_setenv("CMMS_STALL_SECONDS", cases[i].set);
        assert_int_equal(standstill_seconds(600), cases[i].seconds);
    }
    test_setenv("CMMS_STALL_SECONDS", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_after_its_time),   cmocka_unit_test(a_sign_of_life_begins_anew),
        cmocka_unit_test(never_where_no_time_is_set), cmocka_unit_test(sleep_does_not_count),
        cmocka_unit_test(a_server_at_work_is_awaited), cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(seconds_for_tests)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
