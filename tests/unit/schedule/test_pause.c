#include "test_util.h"

#include "platform/clock.h"
#include "schedule/pause.h"
#include "store/auditlog.h"
#include "store/ledger.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * HOUR + local->minute * 60;
}

static void moments(void **state)
{
    (void)state;
    static const DueZone zone = {to_local, to_moment};
    assert_int_equal(pause_moment(PAUSE_NONE, &zone, NOON), 0);
    assert_int_equal(pause_moment(PAUSE_HOUR, &zone, NOON), NOON + HOUR);
    assert_int_equal(pause_moment(PAUSE_MORNING, &zone, NOON), NOON + 20 * HOUR);
    assert_int_equal(pause_moment(PAUSE_MORNING, &zone, NOON - 5 * HOUR), NOON + 20 * HOUR); /* 07:00: the next day's */
    assert_int_equal(pause_moment(PAUSE_MORNING, &zone, NOON + 30 * DAY + 12 * HOUR), NOON + 31 * DAY + 20 * HOUR);
    assert_int_equal(pause_moment(PAUSE_WEEK, &zone, NOON), NOON + 7 * DAY);
    assert_true(7 * DAY < DUE_PAUSE); /* the longest counts */
}

static void kept_and_logged(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *told = NULL;
    Error err = ERROR_INIT;
    Ledger ledger;
    FsLock *lock = NULL;
    cJSON *log = NULL;
    ledger_init(&ledger);
    ledger.since = NOON - DAY;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    const int64_t until = clock_now() + HOUR;
    assert_ok(pause_set(dir, until, "ann", &told, &err), &err);
    assert_non_null(strstr(told, "The schedule is paused until "));
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.paused_until, until);
    assert_int_equal(ledger.since, NOON - DAY);
    mem_free(told);
    assert_ok(pause_set(dir, 0, NULL, &told, &err), &err);
    assert_text(told, "The schedule is no longer paused");
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.paused_until, 0);

    assert_ok(ledger_lock(dir, &lock, &err), &err);
    assert_fails(pause_set(dir, until, "ann", NULL, &err), &err, EK_BUSY,
                 "another program is at work on the scheduled backup");
    fs_unlock(lock);
    assert_ok(auditlog_read(dir, 10, &log, &err), &err);
    assert_int_equal(cJSON_GetArraySize(log), 2);
    const cJSON *first = cJSON_GetArrayItem(log, 0);
    assert_string_equal(cJSON_GetObjectItem(first, "operation")->valuestring, "schedule");
    assert_string_equal(cJSON_GetObjectItem(first, "actor")->valuestring, "ann");
    cJSON_Delete(log);
    ledger_release(&ledger);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moments), cmocka_unit_test(kept_and_logged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
