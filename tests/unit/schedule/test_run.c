#include "schedule_world.h"

#include "store/folder.h"
#include "store/manifest.h"

static void tries(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        bool once;
        ErrorKind kind;
        ScheduledOutcome outcome;
        unsigned backups;
        const char *waits;
        int known; /* the slot's state in the ledger afterwards; -1: nothing */
        int attempts;
    } rows[] = {
        {"rd", false, EK_NONE, SCHEDULED_DONE, 1, "", SLOT_DONE, 1},
        {"cccrd", false, EK_NONE, SCHEDULED_DONE, 1, "15 15 15 ", SLOT_DONE, 1},
        {"rCrBrd", false, EK_NONE, SCHEDULED_DONE, 3, "60 300 ", SLOT_DONE, 1},
        {"rCrCrCrC", false, EK_CONNECT, SCHEDULED_NOTHING, 4, "60 300 900 ", SLOT_FAILED, 1},
        {"C", true, EK_CONNECT, SCHEDULED_NOTHING, 1, "", SLOT_FAILED, 1},
        {"W", false, EK_REFUSED, SCHEDULED_NOTHING, 1, "", SLOT_FAILED, 1},
        {"rS", false, EK_CANCELLED, SCHEDULED_NOTHING, 1, "", -1, 0},
        {"ro", false, EK_NONE, SCHEDULED_BY_OTHERS, 1, "60 ", SLOT_DONE, 1},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        Error err = ERROR_INIT;
        ScheduledResult result;
        Ledger ledger;
        scheduled_result_init(&result);
        ledger_init(&ledger);
        world.script = rows[i].script;
        const bool ok = run(&world, rows[i].once, &result, &err);
        assert_int_equal(ok, rows[i].kind == EK_NONE);
        assert_int_equal(err.kind, rows[i].kind);
        assert_int_equal(result.outcome, rows[i].outcome);
        assert_int_equal(result.slot, SLOT);
        assert_int_equal(world.backups, rows[i].backups);
        assert_string_equal(world.waits.len ? world.waits.buf : "", rows[i].waits);
        assert_ok(ledger_load(world.folder, true, &ledger, &err), (error_clear(&err), &err));
        const LedgerSlot *entry = ledger_find(&ledger, SLOT);
        assert_int_equal(entry ? (int)entry->state : -1, rows[i].known);
        assert_int_equal(entry ? entry->attempts : 0, rows[i].attempts);
        if (rows[i].known == SLOT_FAILED) {
            assert_int_equal(result.next, NOON + 15 * 60);
            assert_true(auditlog_mentions(world.folder, "schedule"));
        } else {
            assert_int_equal(result.next, SLOT + DAY);
            assert_false(auditlog_mentions(world.folder, "schedule"));
        }
        /* At once another: a slot that was done is not run again, one that failed waits, one that was stopped runs. */
        const unsigned before = world.backups;
        world.now = NOON + 60;
        world.script = "rd";
        error_clear(&err);
        assert_ok(run(&world, false, &result, &err), &err);
        assert_int_equal(world.backups - before, rows[i].known < 0);
        ledger_release(&ledger);
        scheduled_result_release(&result);
        end(&world, dir);
    }
}

/* Nothing says which database: no guess is made, and the slot has failed. */
static void no_database(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    const ScheduledWorld in = world_of(&world);
    const ScheduledSpec spec = {.folder = world.folder};
    scheduled_result_init(&result);
    assert_fails(scheduled_run_in(&in, &spec, NULL, NULL, &result, &err), &err, EK_SETTINGS,
                 "no database is connected");
    assert_int_equal(world.backups, 0);
    assert_true(auditlog_mentions(world.folder, "schedule"));
    scheduled_result_release(&result);
    end(&world, dir);
}

/* A hopeless server is not awaited for ever. */
static void the_server_is_awaited_for_ten_minutes(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    world.script = "ccccccccccccccccccccccccccccccccccccccccW"; /* 40 times 15 seconds */
    assert_fails(run(&world, false, &result, &err), &err, EK_REFUSED, "the password is wrong");
    assert_int_equal(world.backups, 1);
    assert_int_equal(world.now, NOON + 660);
    scheduled_result_release(&result);
    end(&world, dir);
}

static void missed_and_caught_up(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    cJSON *log = NULL;
    scheduled_result_init(&result);
    note(&world, SLOT - 4 * DAY, SLOT_DONE, 1);
    world.script = "rW";
    assert_fails(run(&world, false, &result, &err), &err, EK_REFUSED, "the password is wrong");
    assert_int_equal(result.missed, 3);
    assert_string_equal(world.told.buf,
                        "[3 scheduled backups were missed, the last one that of yesterday 02:00]");
    /* Again the next morning, for the new slot: the one that failed is told already, and is no longer run. */
    world.now = NOON + DAY;
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.missed, 0);
    assert_int_equal(result.slot, SLOT + DAY);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_ok(auditlog_read(world.folder, 10, &log, &err), &err);
    assert_int_equal(cJSON_GetArraySize(log), 2);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(log, 1), "message")->valuestring,
                        "The scheduled backup of last night 02:00 failed: the password is wrong");
    cJSON_Delete(log);
    scheduled_result_release(&result);
    end(&world, dir);
}

static void a_ledger_from_the_future(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    note(&world, SLOT + 400 * DAY, SLOT_DONE, 1);
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_string_equal(world.told.buf, "[1 slot(s) of the schedule's ledger are dated in the future and do not count: "
                                        "this computer's clock was or is wrong]");
    world.told.len = 0;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(world.backups, 1);
    assert_int_equal(world.told.len, 0);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* While a clock was months ahead it filled the ledger, and paused as it is nothing is run that would be noted: what is
 * not run from now on is told as missed all the same (seed 30 of the simulation). */
static void a_ledger_of_nothing_but_the_future(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    note(&world, SLOT + 100 * DAY, SLOT_MISSED, 0);
    assert_ok(ledger_load(world.folder, false, &ledger, &err), &err);
    ledger.paused_until = NOON + 5 * DAY;
    assert_ok(ledger_save(world.folder, &ledger, &err), &err);
    ledger_release(&ledger);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.missed, 0);
    world.now = NOON + 2 * DAY;
    world.told.len = 0;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.missed, 2);
    assert_string_equal(world.told.buf,
                        "[2 scheduled backups were missed, the last one that of yesterday 02:00]");
    assert_int_equal(world.backups, 0);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* What was done by a clock that was a week ahead is kept as such, and not taken for done when its day has come. */
static void a_clock_that_was_a_week_ahead(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    world.script = "rdrdrd";
    world.ahead = 7 * DAY;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_ok(run(&world, false, &result, &err), &err); /* as long as it is wrong: once */
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_ok(ledger_load(world.folder, false, &ledger, &err), &err);
    assert_int_equal(ledger.ahead_from, NOON);
    /* The PC was off until the slot's own day; then its clock is right. */
    world.now = SLOT;
    world.ahead = 1;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(result.slot, SLOT);
    assert_int_equal(world.backups, 2);
    assert_string_equal(world.told.buf, "[1 slot(s) of the schedule's ledger are dated in the future and do not count: "
                                        "this computer's clock was or is wrong]");
    assert_ok(ledger_load(world.folder, false, &ledger, &err), &err);
    assert_int_equal(ledger.count, 1);
    assert_int_equal(ledger.slots[0].state, SLOT_DONE);
    assert_int_equal(ledger.slots[0].began, SLOT);
    assert_int_equal(ledger.ahead_from, 0);

    /* Or until its moments were past: the next run says it. */
    ledger.ahead_from = SLOT;
    assert_ok(ledger_save(world.folder, &ledger, &err), &err);
    world.told.len = 0;
    world.now = NOON + DAY;
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_string_equal(world.told.buf, "[1 slot(s) of the schedule count as missed: their backup was made days "
                                        "before, while this computer's clock was ahead]");
    assert_true(auditlog_mentions(world.folder, "schedule"));
    assert_ok(ledger_load(world.folder, false, &ledger, &err), &err);
    assert_int_equal(ledger.count, 2);
    assert_int_equal(ledger.slots[0].state, SLOT_MISSED);
    assert_int_equal(ledger.slots[1].state, SLOT_DONE);
    ledger_release(&ledger);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* Copies go whatever became of the slot, behind the lock, and change nothing of it. */
static void copies(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        bool once;
        size_t waiting;
        ErrorKind kind;
        const char *copies;
        int64_t next;
    } rows[] = {
        {"rd", false, 0, EK_NONE, "cmms_backup_20261130_120000.backup ", SLOT + DAY},
        {"rd", false, 2, EK_NONE, "cmms_backup_20261130_120000.backup ", NOON + 60 + 3600},
        {"d", true, 0, EK_NONE, "cmms_backup_20261130_120000.backup! ", SLOT + DAY},
        {"rW", false, 0, EK_REFUSED, "- ", NOON + 15 * 60},
        {"rW", false, 1, EK_REFUSED, "- ", NOON + 15 * 60},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        Error err = ERROR_INIT;
        ScheduledResult result;
        scheduled_result_init(&result);
        world.script = rows[i].script;
        world.waiting = rows[i].waiting;
        assert_int_equal(run(&world, rows[i].once, &result, &err), rows[i].kind == EK_NONE);
        assert_int_equal(err.kind, rows[i].kind);
        assert_string_equal(world.copies.buf, rows[i].copies);
        assert_int_equal(result.next, rows[i].next);
        assert_int_equal(result.offsite.waiting, rows[i].waiting);
        error_clear(&err);
        /* Nothing is due: what waits goes all the same. */
        world.copies.len = 0;
        assert_ok(run(&world, false, &result, &err), &err);
        assert_int_equal(result.outcome, SCHEDULED_NOTHING);
        assert_string_equal(world.copies.buf, "- ");
        scheduled_result_release(&result);
        end(&world, dir);
    }
}

static void two_programs(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    ScheduledResult result;
    scheduled_result_init(&result);
    assert_ok(ledger_lock(world.folder, &lock, &err), &err);
    assert_fails(run(&world, false, &result, &err), &err, EK_BUSY,
                 "another program is at work on the scheduled backup");
    assert_int_equal(world.copies.len, 0); /* that one does it */
    fs_unlock(lock);
    assert_int_equal(world.backups, 0);
    /* Off: nothing is due, whatever the ledger says. */
    Settings settings;
    settings_init(&settings);
    settings.enabled = false;
    assert_ok(settings_save(world.folder, &settings, &err), &err);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(result.next, 0);
    settings_release(&settings);
    end(&world, dir);
}

/* Somebody wants none now: the slot stays, and is made up for. */
static void paused(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    ledger.since = SLOT - DAY;
    ledger.paused_until = NOON + 600;
    assert_ok(ledger_save(world.folder, &ledger, &err), &err);
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(result.next, NOON + 600);
    assert_int_equal(world.backups, 0);
    world.now = NOON + 600;
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(result.slot, SLOT);
    ledger_release(&ledger);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* Later it would be believed, and the slots until then be nobody's. */
static void set_by_a_clock_that_was_ahead(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Ledger ledger;
    scheduled_result_init(&result);
    ledger_init(&ledger);
    ledger.since = NOON + 5 * DAY;
    assert_ok(ledger_save(world.folder, &ledger, &err), &err);
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(result.slot, SLOT);
    assert_ok(ledger_load(world.folder, false, &ledger, &err), &err);
    assert_int_equal(ledger.since, 0);
    assert_true(ledger_begun(&ledger));
    ledger_release(&ledger);
    scheduled_result_release(&result);
    end(&world, dir);
}

static void set_times(const World *world, const char *first, const char *more)
{
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    assert_ok(settings_set(&settings, "backup_time", first, &err), &err);
    assert_ok(settings_set(&settings, "more_times", more, &err), &err);
    assert_ok(settings_save(world->folder, &settings, &err), &err);
    settings_release(&settings);
}

/* A slot that is overtaken while it is tried has failed; the newest is run at once, and one between them was missed. */
static void overtaken(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        ErrorKind kind;
        SlotState newest;
    } rows[] = {{"rCrCrCrd", EK_NONE, SLOT_DONE}, {"rCrCrCrW", EK_REFUSED, SLOT_FAILED}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        Error err = ERROR_INIT;
        ScheduledResult result;
        Ledger ledger;
        cJSON *log = NULL;
        scheduled_result_init(&result);
        ledger_init(&ledger);
        set_times(&world, "11:00", "12:10,12:20");
        world.script = rows[i].script;
        assert_int_equal(run(&world, false, &result, &err), rows[i].kind == EK_NONE);
        assert_int_equal(err.kind, rows[i].kind);
        error_clear(&err);
        assert_string_equal(world.waits.buf, "60 300 900 "); /* which is until 12:24 */
        assert_int_equal(world.backups, 4);
        assert_int_equal(result.slot, NOON + 20 * 60);
        assert_int_equal(result.missed, 1);
        assert_int_equal(result.outcome, rows[i].newest == SLOT_DONE ? SCHEDULED_DONE : SCHEDULED_NOTHING);
        assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
        assert_int_equal(ledger.count, 3);
        assert_int_equal(ledger.slots[0].moment, NOON - 3600);
        assert_int_equal(ledger.slots[0].state, SLOT_FAILED);
        assert_string_equal(ledger.slots[0].text, "the connection was lost");
        assert_int_equal(ledger.slots[1].state, SLOT_MISSED);
        assert_int_equal(ledger.slots[2].state, rows[i].newest);
        assert_non_null(strstr(world.told.buf, "[The scheduled backup of today 11:00 failed: the connection was lost]"
                                               "[The scheduled backup of today 12:10 was missed]"));
        assert_ok(auditlog_read(world.folder, 10, &log, &err), &err);
        assert_int_equal(cJSON_GetArraySize(log), rows[i].newest == SLOT_DONE ? 2 : 3);
        assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(log, 0), "message")->valuestring,
                            "The scheduled backup of today 11:00 failed: the connection was lost");
        cJSON_Delete(log);
        ledger_release(&ledger);
        scheduled_result_release(&result);
        end(&world, dir);
    }
}

/* Its moment is the manifest's: names are of local time. */
static void put_backup(const World *world, const char *name, int64_t started, const char *database)
{
    char *path = fs_join(world->folder, name), *manifest_path = folder_manifest_path(path);
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    test_write(path, "x");
    manifest.file = mem_strdup(name);
    manifest.bytes = 1;
    manifest.sha256 = mem_strdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    manifest.level = LEVEL_VERIFIED;
    manifest.host = mem_strdup("h");
    manifest.port = mem_strdup("5432");
    manifest.database = mem_strdup(database);
    manifest.started = started;
    assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
    manifest_release(&manifest);
    mem_free(manifest_path);
    mem_free(path);
}

/* It keeps no backup from being made; and no start makes another where the folder has one. */
static void a_ledger_that_cannot_be_read(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world), *path = fs_join(world.folder, LEDGER_FILE);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    assert_ok(fs_make_dirs(path, &err), &err); /* no file */
    put_backup(&world, "cmms_backup_20261130_030000.backup", SLOT + 3600, "other");
    put_backup(&world, "cmms_backup_20261129_030000.backup", SLOT - DAY + 3600, "d");
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(world.backups, 1);
    assert_non_null(strstr(world.told.buf, "[the schedule's ledger cannot be read"));
    assert_true(auditlog_mentions(world.folder, "schedule"));
    put_backup(&world, "cmms_backup_20261130_040000.backup", SLOT + 7200, "d");
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(result.slot, SLOT);
    assert_int_equal(result.next, SLOT + DAY);
    assert_int_equal(world.backups, 1);
    scheduled_result_release(&result);
    mem_free(path);
    end(&world, dir);
}

static void a_ledger_that_cannot_be_written(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world), *lock = fs_join(world.folder, FOLDER_FILES_LOCK_FILE);
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    note(&world, SLOT - 2 * DAY, SLOT_DONE, 1);
    fs_remove(lock, NULL);
    assert_ok(fs_make_dirs(lock, &err), &err); /* nor can anything else of the folder's small files */
    world.script = "rd";
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    assert_int_equal(result.missed, 1);
    assert_int_equal(world.backups, 1);
    assert_non_null(strstr(world.told.buf, "[the schedule's ledger cannot be saved"));
    put_backup(&world, "cmms_backup_20261130_040000.backup", SLOT + 7200, "d");
    assert_ok(run(&world, false, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_NOTHING);
    assert_int_equal(world.backups, 1);
    scheduled_result_release(&result);
    mem_free(lock);
    end(&world, dir);
}

/* The database that was chosen in the window just now goes before all that is saved or said elsewhere. */
static void chosen(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    Error err = ERROR_INIT;
    ScheduledResult result;
    Connection connection;
    static const ConnectionSwitches switches = {.host = "elsewhere", .database = "d"};
    const ScheduledWorld in = world_of(&world);
    connection_init(&connection);
    connection.host = mem_strdup("h"); /* which reach() wants */
    connection.user = mem_strdup("u");
    connection.database = mem_strdup("d");
    const ScheduledSpec spec = {.folder = world.folder, .switches = &switches, .chosen = &connection};
    scheduled_result_init(&result);
    world.script = "rd";
    assert_ok(scheduled_run_in(&in, &spec, NULL, NULL, &result, &err), &err);
    assert_int_equal(result.outcome, SCHEDULED_DONE);
    connection_release(&connection);
    scheduled_result_release(&result);
    end(&world, dir);
}

/* What receivers elsewhere are told: what begins ends, but for what somebody stops. */
static void told_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *script, *outward, *last, *cause; /* the latter ends so, without the slot; NULL: it has none */
    } rows[] = {
        {"rd", "began done ",
         "The scheduled backup of last night 02:00 was made and verified: cmms_backup_20261130_120000.backup", NULL},
        {"rU", "began unverified ",
         "The scheduled backup of last night 02:00 was made, and is not verified: cmms_backup_20261130_120000.backup",
         NULL},
        {"rW", "began failed ", "The scheduled backup of last night 02:00 failed: the password is wrong",
         ": the password is wrong"},
        {"rCrCrCrC", "began failed ", "The scheduled backup of last night 02:00 failed: the connection was lost",
         ": the connection was lost"},
        /* No backup was made, whatever the clock says: that is no success. */
        {"rP", "began failed ", "The scheduled backup of last night 02:00 failed: the connection was lost",
         ": the connection was lost"},
        {"ro", "began done ", "Another computer has made the scheduled backup of last night 02:00", NULL},
        {"rS", "began ", "The scheduled backup of last night 02:00 begins", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        Error err = ERROR_INIT;
        ScheduledResult result;
        scheduled_result_init(&result);
        world.script = rows[i].script;
        run(&world, false, &result, &err);
        assert_string_equal(world.outward.buf, rows[i].outward);
        assert_string_equal(world.last, rows[i].last);
        assert_int_equal(world.cause == NULL, rows[i].cause == NULL);
        if (rows[i].cause) {
            assert_string_equal(strchr(world.cause, ':'), rows[i].cause);
        }
        error_clear(&err);
        if (strcmp(rows[i].script, "rd") == 0) { /* and where nothing is due, what stands is looked at */
            strbuf_clear(&world.outward);
            assert_ok(run(&world, false, &result, &err), &err);
            assert_string_equal(world.outward.buf, "nothing ");
        }
        scheduled_result_release(&result);
        end(&world, dir);
    }
}

/* A folder that is not there is told too: whoever only looks at the mail sees no run at all otherwise. That a backup
 * failed is not said: none may be due. */
static void a_folder_that_is_gone_is_told(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    char *file = fs_join(dir, "file"), *gone = fs_join(file, "folder");
    Error err = ERROR_INIT;
    ScheduledResult result;
    const ScheduledWorld in = world_of(&world);
    const ScheduledSpec spec = {.folder = gone};
    scheduled_result_init(&result);
    test_write(file, "no folder");
    assert_false(scheduled_run_in(&in, &spec, NULL, NULL, &result, &err));
    assert_string_equal(world.outward.buf, "unseen ");
    assert_true(strncmp(world.last, "Whether a scheduled backup is due could not be looked at: ", 58) == 0);
    assert_non_null(world.cause);
    error_clear(&err);
    scheduled_result_release(&result);
    mem_free(gone);
    mem_free(file);
    end(&world, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries),
        cmocka_unit_test(set_by_a_clock_that_was_ahead),
        cmocka_unit_test(no_database),
        cmocka_unit_test(the_server_is_awaited_for_ten_minutes),
        cmocka_unit_test(missed_and_caught_up),
        cmocka_unit_test(a_ledger_from_the_future),
        cmocka_unit_test(a_ledger_of_nothing_but_the_future),
        cmocka_unit_test(a_clock_that_was_a_week_ahead),
        cmocka_unit_test(copies),
        cmocka_unit_test(two_programs),
        cmocka_unit_test(paused),
        cmocka_unit_test(chosen),
        cmocka_unit_test(told_elsewhere),
        cmocka_unit_test(a_folder_that_is_gone_is_told),
        cmocka_unit_test(overtaken),
        cmocka_unit_test(a_ledger_that_cannot_be_read),
        cmocka_unit_test(a_ledger_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
