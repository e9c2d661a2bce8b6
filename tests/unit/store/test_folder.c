#include "test_util.h"

#ifndef _WIN32
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#endif

#include "platform/clock.h"
#include "platform/thread.h"
#include "store/folder.h"
#include "store/settings.h"
#include "test_env.h"

/* --- choosing ------------------------------------------------------------------------------------------ */

static void first_that_can_be_written(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    char *file = fs_join(dir, "a file"), *in_file = fs_join(file, "AIT_CMMS_Backups");
    char *good = fs_join(dir, "b"), *deep = fs_join(good, "c"), *other = fs_join(dir, "d");
    test_write(file, "in the way");
    size_t which = 99;

    const char *first[] = {deep, other};
    assert_ok(folder_choose_among(first, 2, &which, &err), &err);
    assert_int_equal(which, 0);
    assert_true(fs_exists(deep));
    assert_false(fs_exists(other)); /* nothing is made that is not used */

    const char *third[] = {NULL, in_file, other, deep};
    assert_ok(folder_choose_among(third, 4, &which, &err), &err);
    assert_int_equal(which, 2);

    const char *none[] = {in_file, NULL, file};
    which = 99;
    assert_false(folder_choose_among(none, 3, &which, &err));
    assert_int_equal(err.kind, EK_SETTINGS);
    assert_string_equal(err.message, "no folder for the backups can be written to");
    assert_non_null(err.detail);
    assert_string_equal(err.hint, "Name a folder that you may write to in the variable CMMS_BACKUP_FOLDER.");
    assert_int_equal(which, 99);
    assert_int_equal(test_dir_count(deep), 0); /* the trial leaves nothing */
    error_clear(&err);
    mem_free(other);
    mem_free(deep);
    mem_free(good);
    mem_free(in_file);
    mem_free(file);
    test_dir_remove(dir);
}

static void named_outright(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *wanted = fs_join(dir, "wanted"), *from_env = fs_join(dir, "from env");
    char *file = fs_join(dir, "file"), *folder = NULL;
    char *fallback = NULL;
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_FOLDER", from_env);
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    assert_text(folder, from_env);

    assert_ok(folder_choose(wanted, &folder, NULL, &err), &err);
    assert_text(folder, wanted);

    /* There is no fallback from a folder that was named. */
    test_write(file, "in the way");
    folder = NULL;
    assert_false(folder_choose(file, &folder, &fallback, &err));
    char *message = mem_printf("the backup folder \"%s\" cannot be written to", file);
    assert_non_null(err.detail);
    assert_string_equal(err.hint, "Check that the drive is connected and that you may write to this folder, or name "
                                  "another one.");
    assert_error(&err, EK_SETTINGS, message);
    assert_null(folder);
    test_setenv("CMMS_BACKUP_FOLDER", file);
    assert_fails(folder_choose(NULL, &folder, &fallback, &err), &err, EK_SETTINGS, message);
    assert_null(fallback);
    test_setenv("CMMS_BACKUP_FOLDER", NULL);
    mem_free(message);
    mem_free(file);
    mem_free(from_env);
    mem_free(wanted);
    test_dir_remove(dir);
}

/* Whoever only reads: nothing is made, and a file is no folder. */
static void found_for_reading(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere"), *file = fs_join(dir, "file"), *folder = NULL;
    Error err = ERROR_INIT;
    test_write(file, "in the way");
    const size_t before = test_dir_count(dir);
    assert_ok(folder_find(dir, &folder, &err), &err);
    assert_text(folder, dir);
    test_setenv("CMMS_BACKUP_FOLDER", dir);
    assert_ok(folder_find(NULL, &folder, &err), &err);
    assert_text(folder, dir);
    folder = NULL;
    char *message = mem_printf("there is no folder \"%s\"", nowhere);
    assert_fails(folder_find(nowhere, &folder, &err), &err, EK_NOT_FOUND, message);
    test_setenv("CMMS_BACKUP_FOLDER", nowhere);
    assert_fails(folder_find(NULL, &folder, &err), &err, EK_NOT_FOUND, message);
    test_setenv("CMMS_BACKUP_FOLDER", NULL);
    assert_false(folder_find(file, &folder, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    assert_null(folder);
    assert_int_equal(test_dir_count(dir), before);
    mem_free(message);
    mem_free(file);
    mem_free(nowhere);
    test_dir_remove(dir);
}

static void cloud_name(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *dir, *folder;
        bool inside;
    } rows[] = {
        {"OneDrive", "C:\\Users\\Ann\\OneDrive", "c:/users/ann/onedrive/Documents/AIT_CMMS_Backups", true},
        {"OneDriveCommercial", "C:\\Users\\Ann\\OneDrive - AIT\\", "C:\\Users\\Ann\\OneDrive - AIT\\Dokumente", true},
        {"OneDrive", "C:\\Users\\Ann\\OneDrive", "C:\\Users\\Ann\\OneDrive", true},
        {"OneDrive", "C:\\Users\\Ann\\OneDrive", "C:\\Users\\Ann\\OneDrive 2\\x", false},
        {"OneDrive", "C:\\Users\\Ann\\OneDrive", "D:\\Backups", false},
        {"OneDrive", "", "D:\\Backups", false},
    };
    static const char *const variables[] = {"OneDrive", "OneDriveCommercial", "OneDriveConsumer"};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (size_t k = 0; k < TEST_COUNT(variables); k++) {
            test_setenv(variables[k], strcmp(variables[k], rows[i].variable) == 0 ? rows[i].dir : NULL);
        }
        char *name = folder_cloud_name(rows[i].folder);
        if (rows[i].inside) {
            assert_text(name, "OneDrive");
        } else {
            assert_null(name);
        }
        test_setenv(rows[i].variable, NULL);
    }
}

/* What is offered instead of a folder that is copied to the cloud. */
static void alternative(void **state)
{
    (void)state;
    char *home = machine_home_dir();
    char *cloud = fs_join(home, "OneDrive"), *inside = fs_join(cloud, "AIT_CMMS_Backups");
    char *beside = fs_join(home, "AIT_CMMS_Backups");
    const struct {
        const char *cloud, *folder, *offered;
    } rows[] = {
        {cloud, inside, beside},
        {cloud, beside, NULL}, /* it is well where it is */
        {NULL, inside, NULL},
        {home, inside, NULL}, /* all that the user has is copied */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_setenv("OneDrive", rows[i].cloud);
        char *offered = folder_alternative(rows[i].folder);
        if (rows[i].offered != NULL) {
            assert_text(offered, rows[i].offered);
        } else {
            assert_null(offered);
        }
    }
    test_setenv("OneDrive", NULL);
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", "Q=\\\\srv\\cmms");
    assert_text(folder_alternative("Q:\\b"), "\\\\srv\\cmms\\b");
    assert_null(folder_alternative("\\\\srv\\cmms\\b"));
    /* And where it is not there it is said what it is. */
    Error err = ERROR_INIT;
    assert_false(folder_is_there("Q:\\b", &err));
    assert_string_equal(err.hint, "Q: is a network drive, and may not be connected where Windows starts this program. "
                                  "Choose the folder by its share, \\\\srv\\cmms\\b.");
    error_clear(&err);
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", NULL);
    mem_free(beside);
    mem_free(inside);
    mem_free(cloud);
    mem_free(home);
}

#ifndef _WIN32 /* Windows asks the shell where Documents is, and no variable moves it */
static void order(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *documents = fs_join(dir, "Documents"), *folder = NULL;
    char *expected = fs_join(documents, "AIT_CMMS_Backups"), *fallback = NULL;
    char *old_home = machine_getenv("HOME");
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_FOLDER", "");
    test_setenv("HOME", dir);
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    assert_null(fallback);
    assert_text(folder, expected);
    assert_ok(folder_choose(NULL, &folder, NULL, &err), &err);
    mem_free(folder);
    folder = NULL;

    /* No Documents: an error, but where another folder will do; then beside the program, where this test lies. */
    assert_ok(fs_remove_tree(documents, &err), &err);
    test_write(documents, "in the way");
    char *message = mem_printf("the backup folder \"%s\" cannot be written to", expected);
    assert_fails(folder_choose(NULL, &folder, NULL, &err), &err, EK_SETTINGS, message);
    assert_null(folder);
    char *program = machine_program_dir(), *beside = fs_join(program, "backups");
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    char *words = mem_printf("The usual backup folder \"%s\" cannot be used (", expected);
    char *end = mem_printf("): \"%s\" is used instead, apart from the other backups", beside);
    assert_int_equal(strncmp(fallback, words, strlen(words)), 0);
    assert_string_equal(fallback + strlen(fallback) - strlen(end), end);
    mem_free(fallback);
    assert_text(folder, beside);
    assert_ok(fs_remove_tree(beside, &err), &err);

    /* Not there either: home, unless somebody else has made it, or may write in it. */
    test_write(beside, "in the way");
    char *home = fs_join(dir, "AIT_CMMS_Backups");
    struct stat info;
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    assert_text(folder, home);
    mem_free(fallback);
    assert_int_equal(stat(home, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(chmod(home, 0777), 0);
    fallback = NULL;
    folder = NULL;
    assert_fails(folder_choose(NULL, &folder, &fallback, &err), &err, EK_SETTINGS,
                 "no folder for the backups can be written to");
    if (geteuid() == 0) {
        assert_int_equal(chmod(home, 0700), 0);
        assert_int_equal(chown(home, 65534, 65534), 0);
        assert_fails(folder_choose(NULL, &folder, &fallback, &err), &err, EK_SETTINGS,
                     "no folder for the backups can be written to");
    }
    assert_null(folder);
    assert_null(fallback);
    test_setenv("HOME", old_home);
    assert_ok(fs_remove(beside, &err), &err);
    mem_free(end);
    mem_free(words);
    mem_free(message);
    mem_free(home);
    mem_free(beside);
    mem_free(program);
    mem_free(old_home);
    mem_free(expected);
    mem_free(documents);
    test_dir_remove(dir);
}
#endif

/* --- names --------------------------------------------------------------------------------------------- */

static int64_t moment(int year, int month, int day, int hour, int minute, int second)
{
    CivilTime t = {year, month, day, hour, minute, second, 0};
    return clock_from_local(&t);
}

static void names(void **state)
{
    (void)state;
    int64_t at = moment(2026, 1, 19, 14, 30, 52), found = 0;
    assert_text(folder_backup_name(at), "cmms_backup_20260119_143052.backup");
    assert_true(folder_parse_name("cmms_backup_20260119_143052.backup", &found));
    assert_int_equal(found, at);
    assert_true(folder_parse_name("cmms_backup_20240229_000000.backup", NULL));
    assert_true(folder_parse_name("cmms_backup_20380119_031408.backup", NULL)); /* beyond 32 bits */
    assert_text(folder_manifest_path("D:\\x\\a.backup"), "D:\\x\\a.backup.manifest.json");
}

static void not_our_names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "cmms_backup_20260119_143052.backup ", " cmms_backup_20260119_143052.backup",
        "cmms_backup_20260119_143052.backup.partial", "cmms_backup_20260119_143052.Backup",
        "CMMS_backup_20260119_143052.backup", "cmms_backup_20260119-143052.backup",
        "cmms_backup_2026011_1143052.backup", "cmms_backup_20260119_14305x.backup",
        "cmms_backup_dddddddd_dddddd.backup", "cmms_backup_20261319_143052.backup",
        "cmms_backup_20260019_143052.backup", "cmms_backup_20260132_143052.backup",
        "cmms_backup_20260100_143052.backup", "cmms_backup_20250229_143052.backup",
        "cmms_backup_21000229_143052.backup", "cmms_backup_20260119_243052.backup",
        "cmms_backup_20260119_146052.backup", "cmms_backup_20260119_143060.backup",
        "cmms_backup_00000119_143052.backup", "cmms_backup_20260119_143052.backups",
        "cmms_backup_20260119_143052 - Copy.backup", "before_upgrade.backup",
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        int64_t at = 7;
        if (folder_parse_name(bad[i], &at)) {
            print_error("%s was taken for ours\n", bad[i]);
            fail();
        }
        assert_int_equal(at, 7);
    }
    static const char *const copies[] = {"cmms_backup_20260119_143052 - Copy.backup",
                                         "cmms_backup_20260119_143052-PC2.backup",
                                         "cmms_backup_20260119_143052(1).backup"};
    static const char *const others[] = {"cmms_backup_20260119_143052.backup", "cmms_backup_20261319_143052-PC2.backup",
                                         "cmms_backup_20260119_143052b.backup", "before_upgrade.backup", ""};
    for (size_t i = 0; i < TEST_COUNT(copies); i++) {
        assert_true(folder_is_copy_name(copies[i]));
    }
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        assert_false(folder_is_copy_name(others[i]));
    }
}

static void free_name(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    int64_t at = moment(2026, 1, 19, 14, 30, 58);
    static const char *const taken[] = {"cmms_backup_20260119_143058.backup",
                                        "cmms_backup_20260119_143059.backup.partial",
                                        "cmms_backup_20260119_143100.backup.manifest.json"};
    assert_text(folder_free_name(dir, at), "cmms_backup_20260119_143058.backup");
    for (size_t i = 0; i < TEST_COUNT(taken); i++) {
        char *path = fs_join(dir, taken[i]);
        test_write(path, "x");
        mem_free(path);
    }
    assert_text(folder_free_name(dir, at), "cmms_backup_20260119_143101.backup");
    test_dir_remove(dir);
}

static void keep_aside(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "x.json"), *kept = NULL;
    Error err = ERROR_INIT;
    test_write(path, "one");
    assert_ok(folder_keep_aside(path, &kept, &err), &err);
    assert_int_equal(strncmp(fs_base_name(kept), "x.damaged-", 10), 0);
    assert_int_equal(strlen(fs_base_name(kept)), strlen("x.damaged-YYYYMMDD_HHMMSS.json"));
    assert_text(test_read(kept), "one");
    mem_free(kept);
    test_write(path, "two");
    assert_ok(folder_keep_aside(path, NULL, &err), &err);
    assert_int_equal(test_dir_count(dir), 2);
    kept = NULL;
    assert_false(folder_keep_aside(path, &kept, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    assert_null(kept);
    error_clear(&err);
    mem_free(path);
    test_dir_remove(dir);
}

/* --- locks --------------------------------------------------------------------------------------------- */

static void one_job(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere");
    FsLock *lock = NULL, *second = NULL;
    Error err = ERROR_INIT;
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_false(folder_lock(dir, &second, &err));
    assert_null(second);
    char *user = machine_user_name(), *computer = machine_host_name();
    if (user && computer) {
        char *holder = mem_printf("%s on %s, since 20", user, computer);
        assert_non_null(err.detail);
        assert_int_equal(strncmp(err.detail, holder, strlen(holder)), 0);
        mem_free(holder);
    }
    assert_string_equal(err.hint, "Wait until it has finished, then try again.");
    assert_error(&err, EK_BUSY, "another backup job is at work in this folder");
    fs_unlock(lock);
    assert_ok(folder_lock(dir, &lock, &err), &err);
    fs_unlock(lock);
    assert_false(folder_lock(nowhere, &lock, &err));
    assert_int_equal(strncmp(err.message, "the backup folder cannot be locked: ", 36), 0);
    error_clear(&err);
    mem_free(user);
    mem_free(computer);
    mem_free(nowhere);
    test_dir_remove(dir);
}

static void last_job(void **state)
{
    (void)state;
    static const char *const foreign[] = {"",       "{",          "{\"job\":7}", "{\"job\":\"\"}", "{\"job\":\"%\"}",
                                          "{\"job\":\"a'b\"}", "{\"job\":\"aaaaaaaaaabbbbbbbbbbccccccccccddd\"}"};
    char *dir = test_dir_new(), *computer = machine_host_name();
    char *name = mem_printf(".cmms-backup.holder-%s.json", computer), *path = fs_join(dir, name);
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    assert_null(folder_last_job(dir));
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_null(folder_last_job(dir));
    folder_note_job(dir, "9b73cdfa", NULL);
    fs_unlock(lock);
    assert_ok(folder_lock(dir, &lock, &err), &err); /* by whoever comes next, for whatever */
    char *job = folder_last_job(dir);
    assert_string_equal(job, "9b73cdfa");
    mem_free(job);
    fs_unlock(lock);
    for (size_t i = 0; i < TEST_COUNT(foreign); i++) {
        assert_ok(fs_write_atomic(path, foreign[i], strlen(foreign[i]), &err), &err);
        assert_null(folder_last_job(dir));
    }
    mem_free(path);
    mem_free(name);
    mem_free(computer);
    test_dir_remove(dir);
}

typedef struct Holder {
    FsLock *lock;
    Mutex *mutex;
    Cond *cond;
    bool asked; /* under mutex: the other is about to wait for the lock */
} Holder;

static void let_go(void *argument)
{
    Holder *holder = argument;
    mutex_lock(holder->mutex);
    while (!holder->asked) {
        cond_wait(holder->cond, holder->mutex);
    }
    mutex_unlock(holder->mutex);
    fs_unlock(holder->lock);
}

static void files_lock_waits(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    Holder holder = {NULL, mutex_new(), cond_new(), false};
    assert_ok(folder_files_lock(dir, &holder.lock, &err), &err);
    Thread *thread = thread_start(let_go, &holder);
    mutex_lock(holder.mutex);
    holder.asked = true;
    cond_broadcast(holder.cond);
    mutex_unlock(holder.mutex);
    assert_ok(folder_files_lock(dir, &lock, &err), &err);
    fs_unlock(lock);
    thread_join(thread);
    cond_free(holder.cond);
    mutex_free(holder.mutex);
    test_dir_remove(dir);
}

/* What is being uploaded is not removed; what is being removed is waited for. */
static void uploads(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *gone = fs_join(dir, "gone"), *note = fs_join(dir, ".cmms-backup.upload.json");
    Error err = ERROR_INIT;
    FsLock *upload = NULL, *removal = NULL;
    assert_ok(folder_removal_lock(dir, "a.backup", &removal, &err), &err);
    assert_null(removal);
    assert_false(folder_is_uploading(dir));
    assert_int_equal(test_dir_count(dir), 0); /* no file for nothing */
    assert_ok(folder_upload_lock(dir, "a.backup", &upload, &err), &err);
    assert_true(folder_is_uploading(dir));
    assert_fails(folder_removal_lock(dir, "a.backup", &removal, &err), &err, EK_BUSY, "a.backup is being uploaded");
    assert_ok(folder_removal_lock(dir, "b.backup", &removal, &err), &err);
    assert_null(removal);
    assert_ok(fs_remove(note, &err), &err); /* not known which: none goes */
    assert_fails(folder_removal_lock(dir, "b.backup", &removal, &err), &err, EK_BUSY, "b.backup is being uploaded");
    fs_unlock(upload);
    assert_ok(folder_upload_lock(dir, "b.backup", &upload, &err), &err);
    fs_unlock(upload); /* what the note says counts no more */
    assert_false(folder_is_uploading(dir));
    Holder holder = {NULL, mutex_new(), cond_new(), false};
    assert_ok(folder_removal_lock(dir, "b.backup", &holder.lock, &err), &err);
    assert_non_null(holder.lock);
    Thread *thread = thread_start(let_go, &holder);
    mutex_lock(holder.mutex);
    holder.asked = true;
    cond_broadcast(holder.cond);
    mutex_unlock(holder.mutex);
    assert_ok(folder_upload_lock(dir, "b.backup", &upload, &err), &err);
    assert_non_null(upload);
    fs_unlock(upload);
    thread_join(thread);
    cond_free(holder.cond);
    mutex_free(holder.mutex);
    assert_false(folder_upload_lock(gone, "a.backup", &upload, &err));
    assert_int_equal(err.kind, EK_IO);
    error_clear(&err);
    mem_free(note);
    mem_free(gone);
    test_dir_remove(dir);
}

/* --- cleaning up --------------------------------------------------------------------------------------- */

typedef struct Removed {
    size_t count;
    StrBuf names;
} Removed;

static void note_removed(void *context, const char *name)
{
    Removed *removed = context;
    removed->count++;
    strbuf_addf(&removed->names, "%s\n", name);
}

static void make(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    test_write(path, "");
    mem_free(path);
}

static bool has(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    const bool is_there = fs_exists(path);
    mem_free(path);
    return is_there;
}

/* All that is there, and what of it goes; what this computer began last is "…143052". */
static void clean_up(void **state)
{
    (void)state;
    static const char *const goes[] = {
        ".cmms-backup.holder-PC-7.json.tmp-00000001",
        ".cmms-backup.upload.json.tmp-00000002",
        "backup_config.json.tmp-0123abcd",
        "backup_log.json.tmp-ffffffff",
        "backup_log_2025.json.tmp-00000000",
        "before upgrade.backup.manifest.json.tmp-12345678",
        "cmms-write-test.tmp-deadbeef",
        "cmms_backup_20260119_143051.backup.manifest.json", /* the log says that we removed its backup */
        "cmms_backup_20260119_143052.backup.partial",
        "cmms_backup_20260119_143054.backup.manifest.json.tmp-89abcdef",
        "cmms_heartbeat_PC-7.json.tmp-00000005",
        "offsite_copies.json.tmp-00000003",
        "schedule_ledger.json.tmp-00000004",
    };
    static const char *const stays[] = {
        "cmms_backup_20260119_143054.backup",
        "cmms_backup_20260119_143054.backup.manifest.json",
        "cmms_backup_20240101_020000.backup", /* the predecessor's, without a manifest */
        "cmms_backup_20260119_143052.backup.partial.old",
        "cmms_backup_20260119_143052-PC2.backup.partial", /* a sync client's copies */
        "cmms_backup_20260119_143052-PC2.backup.manifest.json",
        "cmms_backup_20260119_143053.backup.manifest.json", /* another computer's, whose backup is on the way */
        "cmms_backup_20260119_143055.backup.partial",
        "cmms_backup_20260119_143057.backup.partial", /* whole, and waits for its name */
        "cmms_backup_20260119_143057.backup.manifest.json",
        "cmms_backup_20260119_143056.backup.manifest.json", /* the log names it, but not as removed */
        "cmms_backup_20260119_1430.backup.partial",
        "cmms_backup_20261319_143052.backup.partial",
        "mine.backup.partial",
        "other.backup.manifest.json",
        "backup_config.json",
        "backup_config.damaged-20260119_143052.json",
        "backup_config.json.tmp-4567ABCD",
        "backup_config.json.tmp-0123abc",
        "backup_config.json.tmp-0123abcde",
        "backup_config.json.tmp",
        "backup_log_2025.json",
        "backup_log_25.json.tmp-00000000",
        "letter.docx.tmp-12345678",
        ".manifest.json.tmp-12345678",
        "tmp-12345678",
    };
    static const char log[] = "[{\"backup_file\":\"cmms_backup_20260119_143051.backup\",\"operation\":\"cleanup\"},"
                              "{\"backup_file\":\"cmms_backup_20260119_143056.backup\",\"operation\":\"backup\"}]";
    char *dir = test_dir_new(), *log_path = fs_join(dir, "backup_log.json");
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(goes) + TEST_COUNT(stays); i++) {
        make(dir, i < TEST_COUNT(goes) ? goes[i] : stays[i - TEST_COUNT(goes)]);
    }
    test_write(log_path, log);
    char *folder = fs_join(dir, "cmms_backup_20260119_143059.backup.partial"); /* a folder, not a file */
    assert_ok(fs_make_dirs(folder, &err), &err);
    folder_note_job(dir, "aa", "cmms_backup_20260119_143052.backup");
    folder_note_job(dir, "bb", NULL); /* the next one has no name yet */

    Removed removed = {.count = 0};
    StrBuf expected;
    strbuf_init(&removed.names, STRBUF_SMALL);
    strbuf_init(&expected, STRBUF_SMALL);
    for (size_t i = 0; i < TEST_COUNT(goes); i++) {
        strbuf_addf(&expected, "%s\n", goes[i]);
    }
    assert_ok(folder_clean_up(dir, note_removed, &removed, &err), &err);
    assert_string_equal(removed.names.buf, expected.buf);
    for (size_t i = 0; i < TEST_COUNT(stays); i++) {
        if (!has(dir, stays[i])) {
            print_error("%s is gone\n", stays[i]);
            fail();
        }
    }
    assert_true(fs_exists(folder));
    assert_int_equal(test_dir_count(dir), TEST_COUNT(stays) + 4); /* the folder, the log, the lock, the holder */

    /* Again, and with nobody to tell: nothing more to do. */
    assert_ok(folder_clean_up(dir, NULL, NULL, &err), &err);
    assert_int_equal(test_dir_count(dir), TEST_COUNT(stays) + 4);
    strbuf_release(&removed.names);
    strbuf_release(&expected);
    mem_free(folder);
    mem_free(log_path);
    test_dir_remove(dir);
}

#ifndef _WIN32 /* a file's time is set by utime, which Windows has not */
static void partial_of_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int days;
        bool goes;
    } rows[] = {{"cmms_backup_20260119_143051.backup.partial", 8, true},
                {"cmms_backup_20260119_143052.backup.partial", 6, false},
                {"cmms_backup_20260119_143053.backup.partial", 8, false}, /* whole: its manifest is there */
                {"cmms_backup_20260119_143053.backup.manifest.json", 8, false},
                {"cmms_backup_20260119_143054.backup.download", 8, true},
                {"cmms_backup_20260119_143055.backup.download", 6, false},
                {"mine.backup.download", 8, false},
                {"mine.backup.partial", 8, false}};
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        make(dir, rows[i].name);
        char *path = fs_join(dir, rows[i].name);
        const time_t then = (time_t)(clock_now() - rows[i].days * 86400);
        assert_int_equal(utime(path, &(struct utimbuf){.actime = then, .modtime = then}), 0);
        mem_free(path);
    }
    assert_ok(folder_clean_up(dir, NULL, NULL, &err), &err);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(has(dir, rows[i].name), !rows[i].goes);
    }
    test_dir_remove(dir);
}
#endif

/* Another computer's word is not ours, though a sync client or a share brings its file. */
static void holders_of_others(void **state)
{
    (void)state;
    static const char other[] = "{\"user\":\"Bea\",\"computer\":\"PC-B\",\"since\":\"2999-01-01 00:00:00\","
                                "\"job\":\"b1\",\"backup\":\"cmms_backup_20260119_143051.backup\"}";
    char *dir = test_dir_new(), *path = fs_join(dir, ".cmms-backup.holder-PC-B.json");
    FsLock *lock = NULL, *second = NULL;
    Error err = ERROR_INIT;
    test_write(path, other);
    make(dir, "cmms_backup_20260119_143051.backup.partial");
    assert_null(folder_last_job(dir));
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_ok(folder_clean_up(dir, NULL, NULL, &err), &err);
    assert_true(has(dir, "cmms_backup_20260119_143051.backup.partial"));
    assert_text(test_read(path), other);
    assert_false(folder_lock(dir, &second, &err)); /* the newest word, whosever it is */
    assert_string_equal(err.detail, "Bea on PC-B, since 2999-01-01 00:00:00");
    error_clear(&err);
    fs_unlock(lock);
    mem_free(path);
    test_dir_remove(dir);
}

static void clean_up_nowhere(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere");
    Error err = ERROR_INIT;
    assert_false(folder_clean_up(nowhere, NULL, NULL, &err));
    assert_int_equal(strncmp(err.message, "what an interrupted job left cannot be cleaned up: ", 51), 0);
    error_clear(&err);
    mem_free(nowhere);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_that_can_be_written), cmocka_unit_test(named_outright), cmocka_unit_test(cloud_name),
        cmocka_unit_test(alternative),
        cmocka_unit_test(found_for_reading),
#ifndef _WIN32
        cmocka_unit_test(order),
#endif
        cmocka_unit_test(names), cmocka_unit_test(not_our_names), cmocka_unit_test(free_name),
        cmocka_unit_test(keep_aside), cmocka_unit_test(one_job), cmocka_unit_test(last_job),
        cmocka_unit_test(files_lock_waits), cmocka_unit_test(uploads),
        cmocka_unit_test(clean_up), cmocka_unit_test(clean_up_nowhere), cmocka_unit_test(holders_of_others),
#ifndef _WIN32
        cmocka_unit_test(partial_of_nobody),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
