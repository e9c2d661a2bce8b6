#include "test_env.h"
#include "test_util.h"

#include "cloud/encryption.h"
#include "jobs/offsite_batch.h"
#include "jobs/offsite_folder.h"
#include "store/settings.h"

static void the_plan_leaves_out_what_cannot_go(void **state)
{
    (void)state;
    CatalogEntry entries[] = {
        {.name = "a.backup", .size = 10, .level = LEVEL_VERIFIED, .has_manifest = true},
        {.name = "b.backup", .size = 200, .level = LEVEL_BAD, .has_manifest = true},
        {.name = "c.backup", .size = 3000, .level = LEVEL_NONE},
        {.name = "d.backup", .size = 40000, .level = LEVEL_NONE, .has_manifest = true},
        {.name = "e.backup", .size = 500000, .level = LEVEL_LISTED, .has_manifest = true},
    };
    const Catalog catalog = {entries, TEST_COUNT(entries)};
    static const char *const names[] = {"e.backup", "b.backup", "c.backup", "d.backup", "gone.backup", "a.backup"};
    OffsitePlan plan;
    offsite_plan(&catalog, names, TEST_COUNT(names), &plan);
    assert_int_equal(plan.count, 6);
    assert_int_equal(plan.good, 2);
    assert_true(plan.bytes == 500010);
    assert_string_equal(plan.items[0].name, "e.backup");
    assert_null(plan.items[0].problem);
    assert_string_equal(plan.items[1].problem, "it is damaged");
    assert_string_equal(plan.items[2].problem, "it has no manifest yet: verify it first");
    assert_string_equal(plan.items[3].problem, "it is not what its manifest says: verify it first");
    assert_string_equal(plan.items[4].problem, "it is no longer in the backup folder");
    assert_true(plan.items[4].bytes == 0);
    assert_null(plan.items[5].problem);
    offsite_plan_release(&plan);
}

static void progress_is_that_of_the_whole(void **state)
{
    (void)state;
    const Progress half = {
        .fraction = 0.5, .step = "Uploading", .bytes = 50, .bytes_per_second = 10, .seconds_left = 5};
    Progress whole = offsite_batch_progress(100, 100, 400, &half);
    assert_true(whole.fraction > 0.374 && whole.fraction < 0.376);
    assert_true(whole.seconds_left > 24.9 && whole.seconds_left < 25.1); /* 5, and 200 bytes at 10 a second */
    assert_true(whole.bytes == 50);
    whole = offsite_batch_progress(300, 100, 400, &half);
    assert_true(whole.seconds_left > 4.9 && whole.seconds_left < 5.1); /* the last: its own */
    const Progress reading = {.fraction = 0.01, .step = "Reading", .bytes_per_second = 1e9, .seconds_left = 1};
    assert_true(offsite_batch_progress(0, 100, 400, &reading).seconds_left < 0);
    const Progress unknown = {.fraction = -1, .step = "Uploading", .seconds_left = -1};
    whole = offsite_batch_progress(100, 100, 400, &unknown);
    assert_true(whole.fraction < 0 && whole.seconds_left < 0);
    const Progress done = {.fraction = 1, .step = "Uploaded", .seconds_left = 0};
    assert_true(offsite_batch_progress(0, 100, 400, &done).fraction < 1);
    assert_true(offsite_batch_progress(300, 100, 400, &done).fraction >= 1);
    assert_true(offsite_batch_progress(0, 0, 0, &done).fraction >= 1);
}

static void progress_of_two_at_once(void **state)
{
    (void)state;
    OffsitePart parts[] = {
        {.size = 100, .under_way = true, .uploading = true,
         .now = {.fraction = 0.5, .bytes = 50, .bytes_per_second = 10, .seconds_left = 5}},
        {.size = 200, .under_way = true, .uploading = true,
         .now = {.fraction = 0.1, .bytes = 20, .bytes_per_second = 10, .seconds_left = 18}}};
    Progress whole = offsite_batch_progress_of(100, 800, parts, 2, "Uploading");
    assert_string_equal(whole.step, "Uploading");
    assert_true(whole.fraction > 0.212 && whole.fraction < 0.213); /* 170 of 800 */
    assert_true(whole.bytes == 70 && whole.bytes_per_second > 19.9 && whole.bytes_per_second < 20.1);
    assert_true(whole.seconds_left > 37.9 && whole.seconds_left < 38.1); /* 18, and 400 bytes at 20 a second */
    parts[1].uploading = false; /* it is still read: nobody knows how long it will take */
    whole = offsite_batch_progress_of(100, 800, parts, 2, "Uploading");
    assert_true(whole.seconds_left < 0 && whole.bytes == 50);
    assert_true(whole.bytes_per_second > 9.9 && whole.bytes_per_second < 10.1);
    parts[1].now.fraction = -1;
    whole = offsite_batch_progress_of(100, 800, parts, 2, "Uploading");
    assert_true(whole.fraction > 0.187 && whole.fraction < 0.188); /* 150 */
    parts[0].under_way = false;
    parts[1].under_way = false;
    whole = offsite_batch_progress_of(0, 0, parts, 2, "Reading");
    assert_true(whole.fraction >= 0 && whole.fraction <= 0 && whole.seconds_left < 0);
}

static void outcomes_have_words(void **state)
{
    (void)state;
    OffsiteOutcome outcome = {.error = ERROR_INIT};
    assert_text(offsite_outcome_text(&outcome), "not tried any more");
    outcome.tried = true;
    error_set(&outcome.error, EK_IO, "no");
    error_hint(&outcome.error, "Do.");
    assert_text(offsite_outcome_text(&outcome), "no. Do.");
    error_clear(&outcome.error);
    outcome.ok = true;
    assert_text(offsite_outcome_text(&outcome), "uploaded; size and hash are as recorded");
    outcome.result.was_there = true;
    assert_text(offsite_outcome_text(&outcome), "was on SharePoint already, the same");
    outcome.result.hash_pending = true;
    assert_text(offsite_outcome_text(&outcome), "on SharePoint; its size is right, and its hash has not been said yet");
}

/* Where no folder is set up none is tried. */
static void nothing_is_set_up(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nowhere/a.backup", "/nowhere/b.backup"};
    char *dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    OffsiteBatch batch;
    Error err = ERROR_INIT;
    const OffsiteBatchSpec spec = {.paths = paths, .count = 2};
    offsite_batch_init(&batch);
    assert_fails(offsite_upload_batch(&spec, NULL, NULL, &batch, &err), &err, EK_NOT_FOUND,
                 "no folder on SharePoint is set up");
    assert_int_equal(batch.count, 2);
    assert_string_equal(batch.files[1].name, "b.backup");
    assert_false(batch.files[0].tried || batch.files[1].tried);
    offsite_batch_release(&batch);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

static void hear(void *context, LogLevel level, const char *text)
{
    if (level == LOG_WARNING) {
        strbuf_addf(context, "[%s]", text);
    }
}

/* On a metered line it waits where the settings want that, until somebody stops it; else it goes. */
static void a_metered_line(void **state)
{
    (void)state;
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    char *path = fs_join(dir, "a.backup");
    const char *const paths[] = {path};
    const OffsiteBatchSpec spec = {.paths = paths, .count = 1};
    Cancel *stop = cancel_new();
    OffsiteBatch batch;
    Settings settings;
    StrBuf told;
    Error err = ERROR_INIT;
    strbuf_init(&told, STRBUF_LINE);
    settings_init(&settings);
    offsite_batch_init(&batch);
    const JobSink sink = {.log = hear, .context = &told};
    test_setenv("CMMS_BACKUP_DATA", data);
    test_setenv("CMMS_CONDITIONS", "metered");
    test_write(fake, "provider=OneDrive!x\nengine=0\n");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_ok(offsite_folder_choose(dir, &err), &err);
    assert_false(offsite_upload_batch(&spec, &sink, NULL, &batch, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND); /* it was tried */
    error_clear(&err);
    assert_int_equal(told.len, 0);
    settings.on_metered = false;
    assert_ok(settings_save(dir, &settings, &err), &err);
    cancel_request(stop);
    assert_fails(offsite_upload_batch(&spec, &sink, stop, &batch, &err), &err, EK_CANCELLED, "cancelled");
    assert_string_equal(told.buf, "[The network is metered: the upload waits for another one, as the settings say.]");
    assert_true(batch.files[0].tried && !batch.files[0].ok);
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    test_setenv("CMMS_CONDITIONS", NULL);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    offsite_batch_release(&batch);
    settings_release(&settings);
    strbuf_release(&told);
    cancel_free(stop);
    mem_free(path);
    mem_free(fake);
    test_dir_remove(dir);
    test_dir_remove(data);
}

/* What OneDrive keeps in step would be in the clear. */
static void nothing_goes_in_the_clear(void **state)
{
    (void)state;
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    char *path = fs_join(dir, "a.backup");
    const char *const paths[] = {path};
    const OffsiteBatchSpec spec = {.paths = paths, .count = 1};
    OffsiteBatch batch;
    Encryption encryption;
    Error err = ERROR_INIT;
    offsite_batch_init(&batch);
    encryption_init(&encryption);
    test_setenv("CMMS_BACKUP_DATA", data);
    test_write(fake, "provider=OneDrive!x\nengine=0\n");
    test_write(path, "x");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_ok(offsite_folder_choose(dir, &err), &err);
    encryption.on = true;
    encryption.set_up = 1770000000;
    encryption.mark = encryption_mark_new(&err);
    secret_set(&encryption.passphrase, "correct horse battery", 21);
    assert_ok(encryption_save(&encryption, &err), &err);
    assert_fails(offsite_upload_batch(&spec, NULL, NULL, &batch, &err), &err, EK_SETTINGS,
                 "copies are to be encrypted, and in OneDrive's folder they would not be");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    encryption_release(&encryption);
    offsite_batch_release(&batch);
    mem_free(path);
    mem_free(fake);
    test_dir_remove(dir);
    test_dir_remove(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_leaves_out_what_cannot_go), cmocka_unit_test(progress_is_that_of_the_whole),
        cmocka_unit_test(progress_of_two_at_once),
        cmocka_unit_test(outcomes_have_words), cmocka_unit_test(nothing_is_set_up), cmocka_unit_test(a_metered_line),
        cmocka_unit_test(nothing_goes_in_the_clear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
