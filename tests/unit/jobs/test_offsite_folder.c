/* One look at a file that OneDrive is to bring to the cloud; the copies are e2e/test_onedrive.py's. */
#include "test_env.h"
#include "test_util.h"

#include "cloud/place.h"
#include "jobs/offsite.h"
#include "jobs/offsite_folder.h"

static void one_look(void **state)
{
    (void)state;
    static const char not_yet[] = "the copy is in the folder, but OneDrive has not brought it to the cloud yet";
    static const struct {
        int64_t state, engine_of_file, engine_of_folder;
        bool managed;
        SyncWait wait;
        SyncStep step;
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {2, -1, -1, true, {.in_sync = 3000, .settle = 3000}, SYNC_STEP_DONE, EK_NONE, NULL},
        {2, -1, -1, true, {.in_sync = 2999, .settle = 3000}, SYNC_STEP_WAIT, EK_NONE, NULL}, /* of the old name? */
        {2, -1, -1, true, {.settle = 0}, SYNC_STEP_DONE, EK_NONE, NULL},
        {2, 256, 256, true, {.in_sync = 3000, .settle = 3000}, SYNC_STEP_DONE, EK_NONE, NULL}, /* paused afterwards */
        {2, -1, 256, true, {.in_sync = 0, .settle = 3000}, SYNC_STEP_FAILED, EK_BUSY,
         "the copy is in the folder, but not in the cloud yet: OneDrive is paused"},
        {4, -1, -1, true, {.waited = 900000, .still = 599999}, SYNC_STEP_WAIT, EK_NONE, NULL},
        {4, -1, -1, true, {.still = 600000}, SYNC_STEP_FAILED, EK_BUSY, not_yet},
        {6, -1, -1, true, {.waited = 900000, .still = 600000, .most = 900001}, SYNC_STEP_WAIT, EK_NONE, NULL},
        {6, -1, -1, true, {.waited = 900000, .most = 900000}, SYNC_STEP_FAILED, EK_BUSY,
         "the copy is in the folder, and for 15 minutes OneDrive has said that it is on its way"},
        {4, -1, 256, true, {0}, SYNC_STEP_FAILED, EK_BUSY,
         "the copy is in the folder, but not in the cloud yet: OneDrive is paused"},
        {4, 2, -1, true, {0}, SYNC_STEP_FAILED, EK_SPACE,
         "the copy is in the folder, but not in the cloud yet: the space that OneDrive has in the cloud is used up"},
        {6, -1, 4, true, {0}, SYNC_STEP_FAILED, EK_REFUSED,
         "the copy is in the folder, but not in the cloud yet: OneDrive is signed out"},
        {4, -1, 128, true, {0}, SYNC_STEP_FAILED, EK_CONNECT,
         "the copy is in the folder, but not in the cloud yet: OneDrive does not reach Microsoft"},
        {7, -1, -1, true, {0}, SYNC_STEP_FAILED, EK_IO,
         "the copy is in the folder, but OneDrive has an error with it or leaves it out"},
        {-1, -1, -1, false, {0}, SYNC_STEP_FAILED, EK_SETTINGS,
         "the copy is in the folder, but no sync client looks after it any more"},
        {-1, -1, -1, true, {0}, SYNC_STEP_WAIT, EK_NONE, NULL}, /* it has not seen the file yet */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const CloudSyncFacts file = {-1, rows[i].state, -1, rows[i].engine_of_file, NULL};
        const CloudSyncFacts folder = {rows[i].managed ? 11 : 0, -1, -1, rows[i].engine_of_folder, NULL};
        Error err = ERROR_INIT;
        assert_int_equal(offsite_folder_step(&file, &folder, &rows[i].wait, &err), rows[i].step);
        if (rows[i].message != NULL) {
            assert_error(&err, rows[i].kind, rows[i].message);
        } else {
            assert_int_equal(err.kind, EK_NONE);
        }
        error_clear(&err);
    }
}

static void how_long_it_may_take(void **state)
{
    (void)state;
    assert_true(offsite_folder_most_ms(0) == 600000);
    assert_true(offsite_folder_most_ms(51200u * 60) == 660000);
    assert_true(offsite_folder_most_ms(UINT64_C(51200) * 360000) == UINT64_C(360600000)); /* 17 GB */
}

/* What cannot be read is not the same as none: copies would go to a place of before. */
static void damaged(void **state)
{
    (void)state;
    static const char why[] = "what is saved about the folder that OneDrive keeps in step is damaged";
    static const char *const texts[] = {"", "{", "[]", "{\"set_up\":1}", "{\"folder\":7}"};
    char *data = test_dir_new(), *own = fs_join(data, OFFSITE_FOLDER_FILE), *place = fs_join(data, PLACE_FILE);
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", data);
    test_write(place, "{\"version\":1,\"graph\":\"https://graph.microsoft.com\"}"); /* of before; not looked at */
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        char *dir = NULL;
        OffsiteFolderLook look = {.dir = NULL};
        UploadResult result;
        upload_result_init(&result);
        test_write(own, texts[i]);
        assert_fails(offsite_folder_load(&dir, &err), &err, EK_SETTINGS, why);
        assert_null(dir);
        assert_fails(offsite_folder_look(&look, &err), &err, EK_SETTINGS, why);
        assert_fails(offsite_is_set_up(&err), &err, EK_SETTINGS, why);
        assert_fails(offsite_upload(place, NULL, NULL, &result, &err), &err, EK_SETTINGS, why);
        assert_null(offsite_where());
        upload_result_release(&result);
    }
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(place);
    mem_free(own);
    test_dir_remove(data);
}

/* Other clients, and an account that is nobody's but somebody's own. */
static void whose_folder_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *before, *after; /* the folder's name */
    } rows[] = {
        {"OneDrive!S-1-5-21-1!Business1|a", NULL, NULL},
        {"OneDrive!x", NULL, NULL}, /* it does not say more */
        {"OneDrive!S-1-5-21-1!Personal|a", "", " belongs to somebody's private OneDrive"},
        {"Dropbox!a", "Dropbox looks after ", ", and copies go to OneDrive alone"},
    };
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", data);
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *text = mem_printf("provider=%s\n", rows[i].provider);
        test_write(fake, text);
        mem_free(text);
        if (rows[i].before == NULL) {
            assert_ok(offsite_folder_choose(dir, &err), &err);
            assert_ok(offsite_folder_forget(&err), &err);
            continue;
        }
        char *words = mem_printf("%s\"%s\"%s", rows[i].before, dir, rows[i].after);
        assert_fails(offsite_folder_choose(dir, &err), &err, EK_SETTINGS, words);
        assert_null(offsite_folder());
        mem_free(words);
    }
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(fake);
    test_dir_remove(dir);
    test_dir_remove(data);
}

static void chosen_and_forgotten(void **state)
{
    (void)state;
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    OffsiteFolderLook look = {.dir = NULL};
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", data);
    assert_null(offsite_folder());
    assert_true(offsite_can_pause());
    assert_fails(offsite_folder_look(&look, &err), &err, EK_NOT_FOUND,
                 "no folder that OneDrive keeps in step is chosen");
    char *refused = mem_printf("no sync client looks after \"%s\"", dir);
    assert_fails(offsite_folder_choose(dir, &err), &err, EK_SETTINGS, refused);
    assert_null(offsite_folder());
    test_write(fake, "provider=OneDrive!x\nengine=256\n");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_ok(offsite_folder_choose(dir, &err), &err);
    assert_text(offsite_folder(), dir);
    assert_false(offsite_can_pause()); /* OneDrive goes on */
    assert_ok(offsite_folder_look(&look, &err), &err);
    assert_string_equal(look.provider, "OneDrive");
    assert_int_equal(look.trouble, CLOUDSYNC_PAUSED);
    assert_true(look.runs);
    test_write(fake, "provider=OneDrive!x\n"); /* also when it was ended */
    assert_ok(offsite_folder_look(&look, &err), &err);
    assert_false(look.runs);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_look), cmocka_unit_test(how_long_it_may_take),
                                       cmocka_unit_test(damaged), cmocka_unit_test(whose_folder_it_is),
                                       cmocka_unit_test(chosen_and_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
