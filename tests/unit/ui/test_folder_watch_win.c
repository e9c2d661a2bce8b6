/* The watch of the backup folder: what makes it ring. That none is left behind, ui_keys.c asks of the window. */
#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/folder_watch.c"

#define WAIT_MS 30000u

static void note(void *context)
{
    SetEvent((HANDLE)context);
}

/* A watch takes a moment to be at work: what is changed is changed again until it rings. */
static void rings_for(const char *path, HANDLE rang)
{
    const ULONGLONG end = GetTickCount64() + WAIT_MS;
    do {
        test_write(path, "x");
    } while (WaitForSingleObject(rang, 2 * QUIET_MS) != WAIT_OBJECT_0 && GetTickCount64() < end);
    assert_true(GetTickCount64() < end);
}

static void tells_a_folder_that_goes_and_comes(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char *folder = fs_join(dir, "backups");
    char *away = fs_join(dir, "away");
    char *backup = fs_join(folder, "cmms_backup_20260119_020000.backup");
    Error err = ERROR_INIT;
    HANDLE rang = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_ok(fs_make_dirs(folder, &err), &err);
    FolderWatch *watch = folder_watch_start(folder, note, rang);
    rings_for(backup, rang);
    while (WaitForSingleObject(rang, 4 * QUIET_MS) == WAIT_OBJECT_0) { /* the last of the writes */
    }
    assert_ok(fs_rename(folder, away, false, &err), &err);
    assert_int_equal(WaitForSingleObject(rang, WAIT_MS), WAIT_OBJECT_0);
    assert_ok(fs_rename(away, folder, false, &err), &err);
    assert_int_equal(WaitForSingleObject(rang, WAIT_MS), WAIT_OBJECT_0);
    folder_watch_stop(watch);
    CloseHandle(rang);
    mem_free(backup);
    mem_free(away);
    mem_free(folder);
    test_dir_remove(dir);
}

static void tells_what_matters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool shown;
    } rows[] = {
        {"cmms_backup_20260119_020000.backup", true},  {"X.BACKUP", true},
        {"a.backup.manifest.json", true},              {"backup_config.json", true},
        {"retention_frozen.json", true},               {"cmms_backup_20260119_020000.backup.partial", false},
        {"schedule_ledger.json", true},                {".schedule.lock", false},
        {"backup_log.json", false},                    {"", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(is_shown(rows[i].name), rows[i].shown);
    }
    assert_true(matters(NULL, 0)); /* more happened than the buffer holds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_what_matters),
                                       cmocka_unit_test(tells_a_folder_that_goes_and_comes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
