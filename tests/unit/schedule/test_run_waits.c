/* What a slot waits for, and what happens behind it; the rest of run.c is in test_run.c. */
#include "schedule_world.h"

#include "platform/machine.h"
#include "store/copies.h"
#include "store/folder.h"

#define LOW "the battery is at 12 %, and below 20 % it waits to be plugged in"

/* A laptop that nobody plugs in: its slot waits, is told once, gives way to the next, and after two days is run. */
static void waits_for_power(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    note(&world, SLOT - DAY, SLOT_DONE, 1);
    world.conditions = "battery=12";
    for (int i = 0; i < 2; i++) { /* and again a quarter of an hour later: nothing is logged twice */
        world.now = NOON + i * 900;
        assert_ok(run(&world, false, &result, &err), &err);
        assert_int_equal(result.outcome, SCHEDULED_WAITS);
        assert_string_equal(result.waits, "The scheduled backup of last night 02:00 waits: " LOW
                                          "; it is made Wed 2 Dec 12:00 at the latest");
        assert_int_equal(result.slot, SLOT);
        assert_int_equal(result.next, world.now + 900);
        assert_int_equal(log_count(&world), 1);
    }
    assert_string_equal(world.told.buf, "[The scheduled backup of last night 02:00 waits: " LOW
                                        "; it is made Wed 2 Dec 12:00 at the latest]");
    assert_int_equal(world.backups, 0);
    assert_int_equal(world.copies.len, 0); /* nor is anything copied or checked */
    assert_int_equal(world.checks, 0);
    world.now = NOON + DAY;
    world.conditions = "battery=11"; /* the next slot: this one is missed, and what for is known */
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(result.missed, 1);
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    assert_int_equal(ledger.count, 2);
    assert_int_equal(ledger.slots[1].state, SLOT_MISSED);
    assert_string_equal(ledger.slots[1].text, "it waited: " LOW);
    assert_int_equal(ledger.waits_since, NOON); /* since the first of them */
    world.now = NOON + 2 * DAY - 1;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(result.next, NOON + 2 * DAY);
    world.now = NOON + 2 * DAY;
    world.script = "rd";
    world.told.len = 0;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_string_equal(world.told.buf, "[The scheduled backup of last night 02:00 has waited long enough and is made "
                                        "all the same: the battery is at 11 %, and below 20 % it waits to be plugged "
                                        "in]");
    assert_int_equal(world.backups, 1);
    assert_int_equal(world.checks, 1);
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    assert_null(ledger.waits_why);
    /* From then on the next may wait, from when it began to. */
    world.now = NOON + 3 * DAY;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    assert_int_equal(ledger.waits_since, NOON + 3 * DAY);
    /* Plugged in. */
    world.conditions = "mains";
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(world.backups, 2);
    assert_false(world.asked_network); /* it may be any */
    ledger_release(&ledger);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* One that has waited and then failed does not wait for its next try from the beginning. */
static void failed_after_waiting(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    world.conditions = "battery=12";
    assert_ok(run(&world, false, &result, &err), &err);
    world.now = NOON + 2 * DAY;
    world.script = "rW";
    assert_fails(run(&world, false, &result, &err), &err, EK_REFUSED, "the password is wrong");
    world.now += 1000;
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* A ledger that was lost begins with the slot that waits: overtaken, that is missed and told. */
static void waits_after_a_damaged_ledger(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world), *path = fs_join(world.folder, LEDGER_FILE);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    test_write(path, "no ledger");
    world.conditions = "battery=12";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(result.missed, 0);
    world.now = NOON + DAY;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(result.missed, 1);
    scheduled_result_release(&result);
    mem_free(path);
    end(&world, dir);
}

/* The quiet hours have an end, and only then it is looked again; a wait that cannot be kept is none. */
static void waits_for_the_hour(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world), *lock = fs_join(world.folder, FOLDER_FILES_LOCK_FILE);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    set(&world, "quiet_hours", "08:00-17:00");
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(result.next, NOON + 5 * 3600);
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    assert_true(ledger_begun(&ledger));
    assert_string_equal(ledger_waits(&ledger, SLOT), "from 08:00 to 17:00 it is quiet");
    ledger_release(&ledger);
    world.now = NOON + 5 * 3600;
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    world.now = NOON + DAY;
    world.script = "rd";
    fs_remove(lock, NULL);
    assert_ok(fs_make_dirs(lock, &err), &err);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    mem_free(lock);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* Where nothing is due, what speaks against a slot keeps copies. */
static void copies_wait_too(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    set(&world, "upload_after_backup", "true");
    set(&world, "on_metered", "false");
    note(&world, SLOT, SLOT_DONE, 1);
    world.conditions = "metered";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(world.copies.len, 0);
    assert_int_equal(result.next, NOON + 900);
    assert_true(world.asked_network);
    /* One has waited for long enough: it goes over whatever network there is. */
    Copy copy = {.file = (char *)"cmms_backup_20261128_020000.backup", .bytes = 1, .level = LEVEL_VERIFIED,
                 .sha256 = (char *)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                 .created = NOON - 2 * DAY, .state = COPY_WAITING, .when = NOON - 2 * DAY + 1};
    char *path = fs_join(world.folder, copy.file);
    assert_ok(copies_note(world.folder, &copy, &err), &err);
    test_write(path, "x");
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(world.copies.len, 0);
    world.now++;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_string_equal(world.copies.buf, "- ");
    strbuf_clear(&world.copies);
    assert_ok(fs_remove(path, &err), &err); /* one that is gone waits for nothing */
    mem_free(path);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(world.copies.len, 0);
    world.conditions = "unmetered";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_string_equal(world.copies.buf, "- ");
    scheduled_result_release(&result);
    end(&world, dir);
}

/* Who is told elsewhere of a slot that begins learns how it ends, also where the one that overtakes it waits. */
static void overtaken_by_one_that_waits(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    set(&world, "backup_time", "11:00");
    set(&world, "more_times", "12:20");
    set(&world, "quiet_hours", "12:15-13:00");
    world.script = "rCrCrC"; /* which is until 12:24 */
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_int_equal(world.backups, 3);
    assert_string_equal(world.outward.buf, "began failed ");
    assert_string_equal(world.last, "The scheduled backup of today 11:00 failed. The scheduled backup of today 12:20 "
                                    "waits: from 12:15 to 13:00 it is quiet; it is made Wed 2 Dec 12:24 at the latest");
    assert_string_equal(strchr(world.cause, ':'), ": the connection was lost");
    /* A slot that waits from the start tells nobody that it begins. */
    strbuf_clear(&world.outward);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_WAITS);
    assert_string_equal(world.outward.buf, "nothing ");
    scheduled_result_release(&result);
    end(&world, dir);
}

/* A program that nobody has open stays until the PC is plugged in, for some hours, and once. */
static void stays(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t plugged; /* after NOON; 0: never */
        bool other; /* one stays already */
        ScheduledOutcome outcome;
        unsigned looks; /* again */
        size_t logged; /* that it waits, however often it is looked at */
        bool missed; /* is known at the end: the looks after that one find nothing of it */
    } rows[] = {
        {"plugged in after an hour", 3600, false, SCHEDULED_DONE, 4, 1, false},
        {"a long night later", 10 * 3600, false, SCHEDULED_DONE, 40, 1, false},
        {"not today", 0, false, SCHEDULED_WAITS, 64, 3, true}, /* sixteen hours: one is missed, and the next waits */
        {"another one waits for it", 3600, true, SCHEDULED_WAITS, 0, 1, false},
    };
    static const ConnectionSwitches switches = {.host = "h", .database = "d"};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world), *data = machine_local_data_dir(), *path = fs_join(data, "schedule-waits.lock");
        Error err = ERROR_INIT;
        FsLock *lock = NULL;
        ScheduledResult result;
        const ScheduledWorld in = world_of(&world);
        const ScheduledSpec spec = {.folder = world.folder, .switches = &switches};
        scheduled_result_init(&result);
        world.script = "rd";
        world.conditions = "battery=5";
        world.plugged = rows[i].plugged ? NOON + rows[i].plugged : 0;
        if (rows[i].other) {
            assert_ok(fs_lock(path, &lock, &err), &err);
        }
        assert_ok(scheduled_stay_in(&in, &spec, "a test", NULL, NULL, &result, &err), &err);
        assert_int_equal(result.outcome, rows[i].outcome);
        unsigned looks = 0;
        for (const char *p = world.waits.buf; *p; p++) {
            looks += *p == ' ';
        }
        if (looks != rows[i].looks) {
            print_error("%s: %u looks: %s\n", rows[i].what, looks, world.waits.buf);
            fail();
        }
        assert_int_equal(world.backups, rows[i].outcome == SCHEDULED_DONE);
        assert_int_equal(log_count(&world), rows[i].logged);
        assert_int_equal(result.missed_text != NULL, rows[i].missed);
        fs_unlock(lock);
        mem_free(path);
        mem_free(data);
        scheduled_result_release(&result);
        end(&world, dir);
    }
}

/* What they find changes nothing of the slot, but the exit code. */
static void older_backups(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(world.checks, 1);
    assert_int_equal(scheduled_code(&result), 0);
    world.damaged = "cmms_backup_20260101_020000.backup";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(scheduled_code(&result), error_exit_code(EK_DAMAGED));
    assert_string_equal(world.outward.buf, "began done nothing nothing "); /* and once more: that is told at once */
    assert_ok(run(&world, true, &result, &err), &err); /* who does not want them */
    assert_int_equal(world.checks, 2);
    scheduled_result_release(&result);
    end(&world, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_power),
        cmocka_unit_test(failed_after_waiting),
        cmocka_unit_test(waits_after_a_damaged_ledger),
        cmocka_unit_test(waits_for_the_hour),
        cmocka_unit_test(copies_wait_too),
        cmocka_unit_test(overtaken_by_one_that_waits),
        cmocka_unit_test(stays),
        cmocka_unit_test(older_backups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
