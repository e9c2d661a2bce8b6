#include "test_util.h"

#include "platform/cancel.h"
#include "platform/thread.h"
#include "store/folder.h"

#define WANTED ".cmms-backup.wanted"

typedef struct Other {
    const char *folder;
    bool had_it;
} Other;

static void take(void *context)
{
    Other *other = context;
    FsLock *lock = NULL;
    other->had_it = folder_lock(other->folder, &lock, NULL);
    fs_unlock(lock);
}

/* Who has the lock without checks is not waited for, as ever; and nothing is left lying there for it. */
static void without_checks(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *check = fs_join(dir, FOLDER_CHECK_LOCK_FILE);
    Error err = ERROR_INIT;
    FsLock *lock = NULL, *second = NULL;
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_fails(folder_lock(dir, &second, &err), &err, EK_BUSY, "another backup job is at work in this folder");
    assert_false(fs_exists(check));
    assert_false(folder_is_wanted(dir));
    fs_unlock(lock);
    /* Nor where there were checks once. */
    assert_ok(folder_check_lock(dir, &lock, &err), &err);
    fs_unlock(lock);
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_fails(folder_lock(dir, &second, &err), &err, EK_BUSY, "another backup job is at work in this folder");
    assert_false(folder_is_wanted(dir));
    fs_unlock(lock);
    mem_free(check);
    test_dir_remove(dir);
}

static void checks_are_asked(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    FsLock *checks = NULL, *lock = NULL, *second = NULL;
    Other other = {.folder = dir};
    assert_ok(folder_check_lock(dir, &checks, &err), &err);
    assert_fails(folder_check_lock(dir, &second, &err), &err, EK_BUSY,
                 "another program is checking the backups in this folder");
    assert_false(folder_is_taken(dir));
    assert_ok(folder_lock(dir, &lock, &err), &err); /* of the file that is read */
    assert_true(folder_is_taken(dir));
    assert_false(folder_is_wanted(dir));
    Thread *thread = thread_start(take, &other);
    for (unsigned waited = 0; !folder_is_wanted(dir) && waited < test_limit_ms(10000); waited += 20) {
        cancel_wait(NULL, 20);
    }
    assert_true(folder_is_wanted(dir));
    fs_unlock(lock);
    thread_join(thread);
    assert_true(other.had_it);
    assert_false(folder_is_wanted(dir));
    fs_unlock(checks);
    test_dir_remove(dir);
}

/* What a crash left stops nobody. */
static void left_over(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *wanted = fs_join(dir, WANTED);
    Error err = ERROR_INIT;
    FsLock *checks = NULL;
    test_write(wanted, "\n");
    assert_true(folder_is_wanted(dir));
    assert_ok(folder_check_lock(dir, &checks, &err), &err);
    assert_false(folder_is_wanted(dir));
    fs_unlock(checks);
    mem_free(wanted);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_checks),
        cmocka_unit_test(checks_are_asked),
        cmocka_unit_test(left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
