#include "test_util.h"

#include "platform/cancel.h"
#include "platform/thread.h"
#include "store/folder.h"

#define WANTED ".cmms-backup.wanted"

typedef struct Other {
    const char *folder;
    Cancel *cancel, *ended; /* the latter may be NULL */
    bool had_it;
    Error why;
    char *told;
} Other;

static void hear(void *context, LogLevel level, const char *text)
{
    Other *other = context;
    assert_int_equal(level, LOG_INFO);
    assert_null(other->told); /* once */
    other->told = mem_strdup(text);
}

static void take(void *context)
{
    Other *other = context;
    const JobSink sink = {.log = hear, .context = other};
    FsLock *lock = NULL;
    other->had_it = folder_lock_wait(other->folder, &sink, other->cancel, &lock, &other->why);
    fs_unlock(lock);
    if (other->ended) {
        cancel_request(other->ended);
    }
}

static void await_mark(const char *dir)
{
    for (unsigned waited = 0; !folder_is_wanted(dir) && waited < test_limit_ms(10000); waited += 20) {
        cancel_wait(NULL, 20);
    }
    assert_true(folder_is_wanted(dir));
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
    await_mark(dir);
    /* Another one who waited takes the mark away with him. */
    char *wanted = fs_join(dir, WANTED);
    fs_remove(wanted, NULL);
    await_mark(dir);
    mem_free(wanted);
    fs_unlock(lock);
    thread_join(thread);
    assert_true(other.had_it);
    assert_string_equal(other.told, "Waiting for a check of the backups in this folder to stop...");
    mem_free(other.told);
    assert_false(folder_is_wanted(dir));
    fs_unlock(checks);
    test_dir_remove(dir);
}

/* Who waits may be stopped; and when the checks have ended, and another job has the folder, there is nothing to wait
 * for. */
static void no_longer_than_needed(void **state)
{
    (void)state;
    for (int stopped = 0; stopped < 2; stopped++) {
        char *dir = test_dir_new();
        Error err = ERROR_INIT;
        FsLock *checks = NULL, *lock = NULL;
        Other other = {.folder = dir, .cancel = cancel_new(), .ended = cancel_new()};
        assert_ok(folder_check_lock(dir, &checks, &err), &err);
        assert_ok(folder_lock(dir, &lock, &err), &err);
        Thread *thread = thread_start(take, &other);
        await_mark(dir);
        if (stopped) {
            cancel_request(other.cancel);
        } else {
            fs_unlock(checks);
            checks = NULL;
        }
        assert_true(cancel_wait(other.ended, (unsigned)test_limit_ms(10000)));
        thread_join(thread);
        assert_false(other.had_it);
        assert_int_equal(other.why.kind, stopped ? EK_CANCELLED : EK_BUSY);
        assert_string_equal(other.why.message, stopped ? "stopped at your request"
                                                       : "another backup job is at work in this folder");
        assert_false(folder_is_wanted(dir));
        error_clear(&other.why);
        mem_free(other.told);
        cancel_free(other.ended);
        cancel_free(other.cancel);
        fs_unlock(lock);
        fs_unlock(checks);
        test_dir_remove(dir);
    }
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
        cmocka_unit_test(no_longer_than_needed),
        cmocka_unit_test(left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
