#include "test_util.h"

#include "jobs/configure.h"
#include "platform/clock.h"
#include "schedule/protection.h"
#include "store/auditlog.h"
#include "store/ledger.h"

#define SET(...) \
    configure_set(dir, (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
                  "ann", &settings, &err)

static void set_and_logged(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *ledger_file = fs_join(dir, LEDGER_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    Ledger ledger;
    cJSON *log = NULL;
    settings_init(&settings);
    ledger_init(&ledger);
    assert_ok(SET("retention_days=14", "compress=true"), &err);
    assert_int_equal(settings.retention_days, 14);
    assert_false(fs_exists(ledger_file)); /* nothing of the schedule has changed */
    assert_ok(SET("retention_days=14"), &err); /* no change, no entry */

    configure_begin(dir);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_true(ledger.since > 0);
    ledger.since = 7;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    configure_begin(dir); /* it has */
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.since, 7);
    assert_ok(fs_remove(ledger_file, &err), &err);

    const int64_t now = clock_now();
    assert_ok(SET("backup_time=02:00"), &err); /* the usual one, but chosen: a ledger begins */
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_true(ledger.since >= now);
    ledger.since = 7;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(SET("backup_time=02:00", "retention_days=14"), &err); /* as it is */
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.since, 7);
    assert_ok(SET("more_times=12:00", "schedule=weekly"), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_true(ledger.since >= now && ledger.since <= now + 60);
    assert_int_equal(ledger.count, 400); /* since 1970: what was not run is told before it is nobody's */
    assert_int_equal(ledger.slots[399].state, SLOT_MISSED);
    Settings usual;
    settings_init(&usual);
    const DuePlan before = due_plan(&usual);
    assert_int_equal(ledger.slots[399].moment, due_before(&before, &due_here, ledger.since)); /* the newest as well */
    settings_release(&usual);

    assert_ok(auditlog_read(dir, 10, &log, &err), &err);
    assert_int_equal(cJSON_GetArraySize(log), 3);
    const cJSON *first = cJSON_GetArrayItem(log, 0), *second = cJSON_GetArrayItem(log, 2);
    const char missed[] = "400 scheduled backups were missed, the last one that of ";
    assert_int_equal(strncmp(cJSON_GetObjectItem(cJSON_GetArrayItem(log, 1), "message")->valuestring, missed,
                             sizeof missed - 1), 0);
    assert_string_equal(cJSON_GetObjectItem(first, "message")->valuestring, "retention_days: 14, was 30");
    assert_string_equal(cJSON_GetObjectItem(first, "actor")->valuestring, "ann");
    assert_string_equal(cJSON_GetObjectItem(second, "message")->valuestring,
                        "more_times: 12:00, was none; schedule: weekly, was daily");
    cJSON_Delete(log);

    /* What is of this PC is told in the same words, and nothing is nothing. */
    log = NULL;
    assert_ok(configure_note(dir, "", "ann", &err), &err);
    assert_ok(configure_note(dir, "lock_minutes: 30, was 15", "ann", &err), &err);
    assert_ok(auditlog_read(dir, 10, &log, &err), &err);
    assert_int_equal(cJSON_GetArraySize(log), 4);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(log, 3), "operation")->valuestring, "settings");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(log, 3), "message")->valuestring,
                        "lock_minutes: 30, was 15");
    cJSON_Delete(log);

    /* A day's times in one. */
    assert_ok(SET("times= 3:30 , 12:00,18:30"), &err);
    assert_text(settings_get(&settings, "backup_time"), "03:30");
    assert_text(settings_get(&settings, "more_times"), "12:00,18:30");
    assert_ok(SET("times=04:00"), &err);
    assert_text(settings_get(&settings, "more_times"), "");
    assert_fails(SET("times="), &err, EK_SETTINGS, "backup_time must be a time of day from 00:00 to 23:59");
    assert_fails(SET("times=04:00,noon"), &err, EK_SETTINGS,
                 "more_times must be at most 11 times of day such as 12:00,18:30");
    assert_text(settings_get(&settings, "backup_time"), "04:00");
    assert_true(configure_is_schedule("times"));
    assert_false(configure_is_schedule("retention_days"));

    /* All or none. */
    assert_fails(SET("retention_days=15", "max_backups"), &err, EK_USAGE,
                 "\"max_backups\" is not of the form KEY=VALUE");
    assert_fails(SET("retention_days=15", "max_backups=0"), &err, EK_SETTINGS,
                 "max_backups must be a whole number from 1 to 10000");
    assert_fails(SET("colour=red"), &err, EK_USAGE, "there is no setting \"colour\"");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 14);
    ledger_release(&ledger);
    settings_release(&settings);
    mem_free(ledger_file);
    test_dir_remove(dir);
}

/* Another schedule is no absolution: what failed has failed, and status and the band say so. */
static void what_failed_stays(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    Ledger ledger;
    int64_t at = 0;
    settings_init(&settings);
    ledger_init(&ledger);
    const DuePlan plan = due_plan(&settings);
    const int64_t slot = due_before(&plan, &due_here, clock_now());
    const LedgerSlot failed = {slot, SLOT_FAILED, slot, 1, NULL, (char *)"no route"};
    ledger_note(&ledger, &failed);
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(SET("schedule=monthly", "month_day=1"), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.count, 1);
    assert_int_equal(ledger.slots[0].state, SLOT_FAILED);
    assert_true(ledger.since >= slot);
    char *problem = protection_slot_problem(dir, &settings, clock_now(), &at);
    assert_non_null(problem);
    assert_non_null(strstr(problem, " failed: no route"));
    assert_int_equal(at, slot);
    mem_free(problem);
    ledger_release(&ledger);
    settings_release(&settings);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(set_and_logged), cmocka_unit_test(what_failed_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
