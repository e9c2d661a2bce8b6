/* One look at a file that OneDrive is to bring to the cloud; the copies are e2e/test_onedrive.py's. */
#include "test_env.h"
#include "test_util.h"

#include "jobs/offsite_folder.h"

static void one_look(void **state)
{
    (void)state;
    static const char not_yet[] = "the copy is in the folder, but OneDrive has not brought it to the cloud yet";
    static const struct {
        int64_t state, engine_of_file, engine_of_folder;
        bool managed;
        uint64_t waited;
        SyncStep step;
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {2, -1, -1, true, 0, SYNC_STEP_DONE, EK_NONE, NULL},
        {2, 256, 256, true, 0, SYNC_STEP_DONE, EK_NONE, NULL}, /* paused afterwards */
        {4, -1, -1, true, 599999, SYNC_STEP_WAIT, EK_NONE, NULL},
        {4, -1, -1, true, 600000, SYNC_STEP_FAILED, EK_BUSY, not_yet},
        {6, -1, -1, true, 0, SYNC_STEP_WAIT, EK_NONE, NULL},
        {4, -1, 256, true, 0, SYNC_STEP_FAILED, EK_BUSY,
         "the copy is in the folder, but not in the cloud yet: OneDrive is paused"},
        {4, 2, -1, true, 0, SYNC_STEP_FAILED, EK_SPACE,
         "the copy is in the folder, but not in the cloud yet: the space that OneDrive has in the cloud is used up"},
        {6, -1, 4, true, 0, SYNC_STEP_FAILED, EK_REFUSED,
         "the copy is in the folder, but not in the cloud yet: OneDrive is signed out"},
        {4, -1, 128, true, 0, SYNC_STEP_FAILED, EK_CONNECT,
         "the copy is in the folder, but not in the cloud yet: OneDrive does not reach Microsoft"},
        {7, -1, -1, true, 0, SYNC_STEP_FAILED, EK_IO,
         "the copy is in the folder, but OneDrive has an error with it or leaves it out"},
        {-1, -1, -1, false, 0, SYNC_STEP_FAILED, EK_SETTINGS,
         "the copy is in the folder, but no sync client looks after it any more"},
        {-1, -1, -1, true, 0, SYNC_STEP_WAIT, EK_NONE, NULL}, /* it has not seen the file yet */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const CloudSyncFacts file = {-1, rows[i].state, -1, rows[i].engine_of_file, NULL};
        const CloudSyncFacts folder = {rows[i].managed ? 11 : 0, -1, -1, rows[i].engine_of_folder, NULL};
        Error err = ERROR_INIT;
        assert_int_equal(offsite_folder_step(&file, &folder, rows[i].waited, &err), rows[i].step);
        if (rows[i].message != NULL) {
            assert_error(&err, rows[i].kind, rows[i].message);
        } else {
            assert_int_equal(err.kind, EK_NONE);
        }
        error_clear(&err);
    }
}

static void chosen_and_forgotten(void **state)
{
    (void)state;
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    OffsiteFolderLook look = {.dir = NULL};
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", data);
    assert_null(offsite_folder());
    assert_fails(offsite_folder_look(&look, &err), &err, EK_NOT_FOUND,
                 "no folder that OneDrive keeps in step is chosen");
    char *refused = mem_printf("no sync client looks after \"%s\"", dir);
    assert_fails(offsite_folder_choose(dir, &err), &err, EK_SETTINGS, refused);
    assert_null(offsite_folder());
    test_write(fake, "provider=OneDrive!x\nengine=256\n");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_ok(offsite_folder_choose(dir, &err), &err);
    assert_text(offsite_folder(), dir);
    assert_ok(offsite_folder_look(&look, &err), &err);
    assert_string_equal(look.provider, "OneDrive");
    assert_int_equal(look.trouble, CLOUDSYNC_PAUSED);
    assert_ok(offsite_folder_forget(&err), &err);
    assert_ok(offsite_folder_forget(&err), &err);
    assert_null(offsite_folder());
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    offsite_folder_look_release(&look);
    mem_free(refused);
    mem_free(fake);
    test_dir_remove(dir);
    test_dir_remove(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_look), cmocka_unit_test(chosen_and_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
