#include "test_util.h"

#include "platform/thread.h"
#include "schedule/recheck_run.h"
#include "store/folder.h"
#include "store/manifest.h"

#define DAY ((int64_t)86400)
#define NIGHT ((int64_t)1796083200) /* 2026-12-01 00:00 UTC */

/* What becomes of each file that is read, a letter each: "g" good, "d" damaged, "i" it cannot be read now, "n" it is
 * gone, "b" another job is at work, "p" the PC is unplugged meanwhile, "w" another job wants the folder meanwhile; of
 * the proof "g", "u" unprovable here, "d". */
typedef struct World {
    const char *script;
    int64_t now;
    const char *conditions;
    StrBuf done, told;
    char *folder;
    Thread *other;
    bool other_had_it;
    Opening opening;
} World;

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * 3600 + local->minute * 60;
}

static const DueZone zone = {to_local, to_moment};

static int64_t now(void *context)
{
    return ((World *)context)->now;
}

static void conditions(void *context, Conditions *found)
{
    conditions_parse(((World *)context)->conditions, found);
}

static void take_folder(void *context)
{
    World *world = context;
    FsLock *lock = NULL;
    world->other_had_it = folder_lock(world->folder, &lock, NULL);
    fs_unlock(lock);
}

static bool verify(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    World *world = context;
    FsLock *lock = NULL;
    bool stopped = false;
    (void)sink;
    strbuf_addf(&world->done, "%.2s ", fs_base_name(path) + 18); /* the day */
    switch (*world->script ? *world->script++ : 'g') {
    case 'p':
        world->conditions = "battery=90"; /* somebody takes the plug with him */
        return true;
    case 'd': return error_set(err, EK_DAMAGED, "it is damaged");
    case 'i': return error_set(err, EK_IO, "the disk does not answer");
    case 'n': return error_set(err, EK_NOT_FOUND, "it is gone");
    case 'b': return error_set(err, EK_BUSY, "another job is at work");
    case 'w':
        assert_ok(folder_lock(world->folder, &lock, err), err);
        world->other = thread_start(take_folder, world);
        stopped = cancel_wait(cancel, (unsigned)test_limit_ms(10000));
        fs_unlock(lock);
        return !stopped || error_set(err, EK_CANCELLED, "cancelled");
    default: return true;
    }
}

static bool prove(void *context, const char *path, const JobSink *sink, const Cancel *cancel, char **unproven,
                  Error *err)
{
    World *world = context;
    Ledger ledger;
    Error why = ERROR_INIT;
    (void)sink;
    (void)cancel;
    ledger_init(&ledger);
    assert_ok(ledger_load(world->folder, true, &ledger, &why), &why);
    assert_int_equal(ledger.proof_tried, world->now); /* noted before it begins */
    ledger_release(&ledger);
    strbuf_addf(&world->done, "proof %.2s ", fs_base_name(path) + 18);
    switch (*world->script ? *world->script++ : 'g') {
    case 'u': *unproven = mem_strdup("the extension postgis is not part of it"); return true;
    case 'd': return error_set(err, EK_DAMAGED, "it holds less than it should");
    default: return true;
    }
}

static void hear(void *context, LogLevel level, const char *text)
{
    World *world = context;
    if (level != LOG_INFO) {
        strbuf_addf(&world->told, "[%s]", text);
    }
}

/* Of the database that is connected; proven so many days ago, or (0) only verified. */
static void put_backup(const World *world, const char *name, int64_t started, int64_t proven)
{
    char *path = fs_join(world->folder, name), *manifest_path = folder_manifest_path(path);
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    test_write(path, "x");
    manifest.file = mem_strdup(name);
    manifest.bytes = 1;
    manifest.sha256 = mem_strdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    manifest.level = proven ? LEVEL_PROVEN : LEVEL_VERIFIED;
    manifest.proven_at = proven ? NIGHT - proven * DAY : 0;
    manifest.host = mem_strdup("h");
    manifest.port = mem_strdup("5432");
    manifest.database = mem_strdup("d");
    manifest.started = started;
    assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
    manifest_release(&manifest);
    mem_free(manifest_path);
    mem_free(path);
}

/* Three backups, of the 1st, the 11th and the 21st of November, and a schedule that has run for long. */
static char *begin(World *world)
{
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Ledger ledger;
    *world = (World){.script = "", .now = NIGHT, .conditions = "mains", .folder = fs_join(dir, "b")};
    assert_ok(fs_make_dirs(world->folder, &err), &err);
    strbuf_init(&world->done, STRBUF_SMALL);
    strbuf_init(&world->told, STRBUF_SMALL);
    put_backup(world, "cmms_backup_20261111_000000.backup", NIGHT - 20 * DAY, 0);
    put_backup(world, "cmms_backup_20261121_000000.backup", NIGHT - 10 * DAY, 2);
    put_backup(world, "cmms_backup_20261101_000000.backup", NIGHT - 30 * DAY, 0);
    ledger_init(&ledger);
    ledger.since = NIGHT - 90 * DAY;
    assert_ok(ledger_save(world->folder, &ledger, &err), &err);
    ledger_release(&ledger);
    opening_init(&world->opening);
    world->opening.folder = mem_strdup(world->folder);
    world->opening.configured = true;
    world->opening.connection.host = mem_strdup("h");
    world->opening.connection.database = mem_strdup("d");
    world->opening.settings.recheck_days = 1; /* so that a share is all of them */
    return dir;
}

static void end(World *world, char *dir)
{
    opening_release(&world->opening);
    strbuf_release(&world->told);
    strbuf_release(&world->done);
    mem_free(world->folder);
    test_dir_remove(dir);
}

static void run(World *world, const Cancel *cancel, RecheckResult *result)
{
    const RecheckWorld in = {now, conditions, verify, prove, &zone, world};
    const JobSink sink = {.log = hear, .context = world};
    recheck_run_in(&in, &world->opening, &sink, cancel, result);
}

static int64_t checked(const World *world)
{
    Error err = ERROR_INIT;
    Ledger ledger;
    ledger_init(&ledger);
    assert_ok(ledger_load(world->folder, true, &ledger, &err), &err);
    const int64_t moment = ledger.checked;
    ledger_release(&ledger);
    return moment;
}

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *script, *done, *told;
        size_t read;
        const char *damaged;
        bool stopped, noted;
    } rows[] = {
        {"ggg", "01 11 21 ", "", 3, NULL, false, true},
        {"gdg", "01 11 21 ", "[The weekly check found a damaged backup: it is damaged]", 2,
         "cmms_backup_20261111_000000.backup", false, true},
        {"igg", "01 11 21 ", "[The weekly check could not read a backup: the disk does not answer]", 2, NULL, false,
         true},
        {"ngg", "01 11 21 ", "", 2, NULL, false, true},
        {"gb", "01 11 ", "", 1, NULL, true, true},
        {"b", "01 ", "", 0, NULL, true, false},
        {"p", "01 ", "", 1, NULL, true, true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        RecheckResult result;
        recheck_result_init(&result);
        world.script = rows[i].script;
        run(&world, NULL, &result);
        assert_string_equal(world.done.buf, rows[i].done);
        assert_string_equal(world.told.len ? world.told.buf : "", rows[i].told);
        assert_int_equal(result.read, rows[i].read);
        assert_int_equal(result.damaged_count, rows[i].damaged != NULL);
        if (rows[i].damaged) {
            assert_string_equal(result.damaged[0], rows[i].damaged);
        }
        assert_int_equal(result.stopped, rows[i].stopped);
        assert_int_equal(checked(&world), rows[i].noted ? NIGHT : 0);
        assert_null(result.proven); /* it was not long ago */
        recheck_result_release(&result);
        end(&world, dir);
    }
}

/* What could not be read is remembered, since when too, and comes behind the others. */
static void unread(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    RecheckResult result;
    Ledger ledger;
    Error err = ERROR_INIT;
    recheck_result_init(&result);
    ledger_init(&ledger);
    world.script = "igg";
    run(&world, NULL, &result);
    assert_int_equal(result.unread, 1);
    world.now += DAY;
    world.script = "ggi";
    run(&world, NULL, &result);
    assert_string_equal(world.done.buf, "01 11 21 11 21 01 ");
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    const LedgerUnread *found = ledger_unread(&ledger, "cmms_backup_20261101_000000.backup");
    assert_int_equal(ledger.unread_count, 1);
    assert_int_equal(found->since, NIGHT);
    assert_int_equal(found->tried, NIGHT + DAY);
    assert_string_equal(found->why, "the disk does not answer");
    world.now += DAY;
    run(&world, NULL, &result); /* it can be again */
    assert_int_equal(result.unread, 0);
    assert_ok(ledger_load(world.folder, true, &ledger, &err), &err);
    assert_int_equal(ledger.unread_count, 0);
    ledger_release(&ledger);
    recheck_result_release(&result);
    end(&world, dir);
}

/* Whoever wants the folder gets it at once, and what was read is left as if nobody had begun. */
static void gives_way(void **state)
{
    (void)state;
    World world;
    char *dir = begin(&world);
    RecheckResult result;
    recheck_result_init(&result);
    world.script = "w";
    run(&world, NULL, &result);
    thread_join(world.other);
    assert_true(world.other_had_it);
    assert_true(result.stopped);
    assert_int_equal(result.read, 0);
    assert_string_equal(world.done.buf, "01 ");
    assert_int_equal(checked(&world), 0);
    assert_false(folder_is_wanted(world.folder)); /* nothing is left of it */
    /* The next run begins with the same one. */
    run(&world, NULL, &result);
    assert_string_equal(world.done.buf, "01 01 11 21 ");
    /* Whoever started it may stop it too. */
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    world.now += 3 * DAY;
    run(&world, cancel, &result);
    assert_string_equal(world.done.buf, "01 01 11 21 ");
    cancel_free(cancel);
    recheck_result_release(&result);
    end(&world, dir);
}

static void not_now(void **state)
{
    (void)state;
    static const char *const cases[] = {"off", "not begun", "paused", "another is at it", "by day", "on battery",
                                        "not wanted", "a job has the folder", "low"};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        World world;
        char *dir = begin(&world);
        Error err = ERROR_INIT;
        RecheckResult result;
        Ledger ledger;
        FsLock *lock = NULL;
        recheck_result_init(&result);
        ledger_init(&ledger);
        ledger.since = i == 1 ? 0 : NIGHT - 90 * DAY;
        ledger.paused_until = i == 2 ? NIGHT + 60 : 0;
        assert_ok(ledger_save(world.folder, &ledger, &err), &err);
        world.opening.settings.enabled = i != 0;
        if (i == 3) {
            assert_ok(folder_check_lock(world.folder, &lock, &err), &err);
        }
        if (i == 7) {
            assert_ok(folder_lock(world.folder, &lock, &err), &err);
        }
        world.opening.settings.wait_days = 30; /* or they would be done at any hour */
        world.now = i == 4 ? NIGHT + DAY / 2 : NIGHT;
        world.conditions = i == 5 ? "battery=90" : i == 8 ? "battery=19" : "mains";
        if (i == 8) {
            world.opening.settings.wait_days = 1; /* for which the oldest has waited long ago */
        }
        world.opening.settings.recheck_days = i == 6 ? 0 : 1;
        run(&world, NULL, &result);
        if (world.done.len > 0) {
            print_error("%s: %s\n", cases[i], world.done.buf);
            fail();
        }
        assert_int_equal(result.read, 0);
        assert_int_equal(result.stopped, i == 7);
        assert_false(folder_is_wanted(world.folder));
        fs_unlock(lock);
        recheck_result_release(&result);
        ledger_release(&ledger);
        end(&world, dir);
    }
}

static void proofs(void **state)
{
    (void)state;
    static const struct {
        const char *script, *told, *unproven;
        bool proven;
        size_t damaged;
    } rows[] = {
        {"g", "", NULL, true, 0},
        {"u", "", "the extension postgis is not part of it", false, 0},
        {"d", "[The monthly proof failed: it holds less than it should]", "it holds less than it should", false, 1},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        char *dir = begin(&world);
        RecheckResult result;
        recheck_result_init(&result);
        world.opening.settings.recheck_days = 0;
        put_backup(&world, "cmms_backup_20261121_000000.backup", NIGHT - 10 * DAY, 31);
        world.script = rows[i].script;
        run(&world, NULL, &result);
        assert_string_equal(world.done.buf, "proof 21 ");
        assert_string_equal(world.told.len ? world.told.buf : "", rows[i].told);
        assert_int_equal(result.proven != NULL, rows[i].proven);
        assert_int_equal(result.unproven != NULL, rows[i].unproven != NULL);
        if (rows[i].unproven) {
            assert_string_equal(result.unproven, rows[i].unproven);
        }
        assert_int_equal(result.damaged_count, rows[i].damaged);
        world.now += 3600; /* whatever became of it, it is not begun again today */
        run(&world, NULL, &result);
        assert_string_equal(world.done.buf, "proof 21 ");
        recheck_result_release(&result);
        end(&world, dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(unread),
        cmocka_unit_test(gives_way),
        cmocka_unit_test(not_now),
        cmocka_unit_test(proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
