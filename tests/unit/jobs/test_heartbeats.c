#include "test_util.h"

#include "jobs/heartbeats.h"
#include "platform/clock.h"
#include "test_env.h"

static char *dir, *own, *folder;

static int begin(void **state)
{
    Error err = ERROR_INIT;
    (void)state;
    dir = test_dir_new();
    own = fs_join(dir, "own");
    folder = fs_join(dir, "b");
    assert_ok(fs_make_dirs(folder, &err), &err);
    test_setenv("CMMS_BACKUP_DATA", own);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(own);
    mem_free(folder);
    test_dir_remove(dir);
    return 0;
}

static char *own_name(void)
{
    char *host = machine_host_name();
    char *file = heartbeat_file(host);
    char name[HEARTBEAT_NAME];
    assert_true(heartbeat_computer(file, name));
    mem_free(file);
    mem_free(host);
    return mem_strdup(name);
}

static void leave(const char *computer, int64_t at)
{
    Heartbeat beat = {.at = at, .hours = 36};
    memcpy(beat.computer, computer, strlen(computer) + 1);
    char *file = heartbeat_file(computer);
    char *path = fs_join(folder, file);
    char *text = heartbeat_text(&beat);
    test_write(path, text);
    mem_free(text);
    mem_free(path);
    mem_free(file);
}

static void beat(SeenComputers *seen)
{
    const HeartbeatSpec spec = {folder, 36, 0};
    Error err = ERROR_INIT;
    assert_ok(heartbeats_beat(&spec, NULL, seen, &err), &err);
}

static void left_and_seen(void **state)
{
    (void)state;
    SeenComputers seen;
    char *name = own_name();
    char *file = heartbeat_file(name);
    char *path = fs_join(folder, file);
    seen_init(&seen);
    leave("PC-07", clock_now() - 60);
    beat(&seen);
    assert_true(fs_exists(path));
    assert_non_null(seen_find(&seen, "PC-07"));
    assert_non_null(seen_find(&seen, name));
    assert_int_equal(seen.count, 2);
    assert_null(seen.problem);
    seen_release(&seen);
    heartbeats_known(folder, &seen); /* nothing is asked */
    assert_int_equal(seen.count, 2);
    heartbeats_known(dir, &seen); /* another place */
    assert_int_equal(seen.count, 0);
    seen_release(&seen);
    mem_free(path);
    mem_free(file);
    mem_free(name);
}

/* "No good backup" is said of those that were looked at. */
static void of_backups_that_could_not_be_read(void **state)
{
    (void)state;
    static const struct {
        int64_t good, said;
        bool tells;
    } rows[] = {{-1, 0, false}, {0, 0, true}, {1796040000, 1796040000, true}};
    char *name = own_name(), *file = heartbeat_file(name), *path = fs_join(folder, file);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const HeartbeatSpec spec = {folder, 36, rows[i].good};
        Error err = ERROR_INIT;
        SeenComputers seen;
        Heartbeat left;
        seen_init(&seen);
        assert_ok(heartbeats_beat(&spec, NULL, &seen, &err), &err);
        char *text = test_read(path);
        assert_ok(heartbeat_parse(text, strlen(text), name, &left, &err), &err);
        assert_int_equal(left.good, rows[i].said);
        assert_int_equal(left.at > 0, rows[i].tells);
        assert_int_equal(left.hours, 36);
        mem_free(text);
        seen_release(&seen);
    }
    mem_free(path);
    mem_free(file);
    mem_free(name);
}

/* The task has a folder on a mapped drive by its share, the window perhaps by the drive: what one has seen the other
 * knows. */
static void a_folder_by_two_names(void **state)
{
    (void)state;
    static const struct {
        const char *named;
        size_t count;
    } rows[] = {{"Z:\\b", 1}, {"z:\\b", 1}, {"\\\\server\\share\\b", 1}, {"Z:\\c", 0}, {"C:\\b", 0}};
    SeenComputers seen;
    SeenLook look;
    char *file = heartbeat_file("PC-07"), *path = fs_join(own, HEARTBEATS_FILE);
    Heartbeat beat = {.at = clock_now(), .hours = 36};
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", "Z=\\\\server\\share");
    seen_init(&seen);
    memcpy(beat.computer, "PC-07", sizeof "PC-07");
    char *text = heartbeat_text(&beat);
    seen_begin(&seen, "folder:\\\\server\\share\\b", clock_now(), &look);
    seen_file(&look, file, "1", clock_now(), text, strlen(text));
    seen_end(&look, clock_now());
    mem_free(text);
    text = seen_text(&seen);
    assert_ok(fs_make_dirs(own, &err), &err);
    test_write(path, text);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        heartbeats_known(rows[i].named, &seen);
        if (seen.count != rows[i].count) {
            fail_msg("%s: %u", rows[i].named, (unsigned)seen.count);
        }
    }
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", NULL);
    seen_release(&seen);
    mem_free(text);
    mem_free(path);
    mem_free(file);
}

static void what_is_no_heartbeat(void **state)
{
    (void)state;
    static const char *const names[] = {"cmms_heartbeat_PC-66.json", "cmms_heartbeat_.json", "cmms_heartbeat_x.txt"};
    SeenComputers seen;
    Error err = ERROR_INIT;
    seen_init(&seen);
    char *large = mem_alloc(HEARTBEAT_MAX + 2);
    memset(large, 'x', HEARTBEAT_MAX + 1);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char *path = fs_join(folder, names[i]);
        test_write(path, large);
        mem_free(path);
    }
    char *inside = fs_join(folder, "cmms_heartbeat_PC-67.json");
    assert_ok(fs_make_dirs(inside, &err), &err); /* a folder of that name */
    beat(&seen);
    assert_null(seen_find(&seen, "PC-66"));
    assert_null(seen_find(&seen, "PC-67"));
    assert_int_equal(seen.strange, 1);
    seen_release(&seen);
    mem_free(inside);
    mem_free(large);
}

static void retired(void **state)
{
    (void)state;
    SeenComputers seen;
    Error err = ERROR_INIT;
    char *name = own_name();
    char *own_words = mem_printf("%s is this computer, which leaves a heartbeat at each run", name);
    seen_init(&seen);
    leave("PC-08", clock_now());
    beat(&seen);
    assert_fails(heartbeats_retire(folder, "PC-99", NULL, NULL, &err), &err, EK_NOT_FOUND,
                 "no computer \"PC-99\" has left a heartbeat here");
    assert_fails(heartbeats_retire(folder, name, NULL, NULL, &err), &err, EK_USAGE, own_words);
    assert_ok(heartbeats_retire(folder, "pc-08", "ann", NULL, &err), &err);
    heartbeats_known(folder, &seen);
    assert_true(seen_find(&seen, "PC-08")->retired);
    beat(&seen);
    assert_true(seen_find(&seen, "PC-08")->retired); /* as all others read it */
    leave("PC-08", clock_now());
    beat(&seen);
    assert_false(seen_find(&seen, "PC-08")->retired); /* it lives */
    seen_release(&seen);
    mem_free(own_words);
    mem_free(name);
}

/* What failed is kept for status; what was seen before stays. */
static void a_folder_that_is_gone(void **state)
{
    (void)state;
    SeenComputers seen;
    Error err = ERROR_INIT;
    seen_init(&seen);
    leave("PC-07", clock_now());
    beat(&seen);
    char *away = fs_join(dir, "away");
    assert_ok(fs_rename(folder, away, false, &err), &err);
    const HeartbeatSpec spec = {folder, 36, 0};
    assert_false(heartbeats_beat(&spec, NULL, &seen, &err));
    assert_true(strncmp(err.message, "the heartbeat could not be left in the backup folder: ", 54) == 0);
    error_clear(&err);
    heartbeats_known(folder, &seen);
    assert_non_null(seen.problem);
    assert_non_null(seen_find(&seen, "PC-07"));
    assert_ok(fs_rename(away, folder, false, &err), &err);
    beat(&seen);
    heartbeats_known(folder, &seen);
    assert_null(seen.problem);
    seen_release(&seen);
    mem_free(away);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(left_and_seen),
        cmocka_unit_test(what_is_no_heartbeat),
        cmocka_unit_test(retired),
        cmocka_unit_test(a_folder_that_is_gone),
        cmocka_unit_test(of_backups_that_could_not_be_read),
        cmocka_unit_test(a_folder_by_two_names),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
