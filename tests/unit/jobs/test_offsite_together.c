#include "test_util.h"

#include "jobs/offsite_private.h"
#include "platform/fs.h"
#include "store/folder.h"

static void assert_stays(const char *dir, const char *name)
{
    FsLock *removal = NULL;
    Error err = ERROR_INIT;
    char *words = mem_printf("%s is being uploaded", name);
    assert_fails(folder_removal_lock(dir, name, &removal, &err), &err, EK_BUSY, words);
    mem_free(words);
}

static void assert_may_go(const char *dir, const char *name)
{
    FsLock *removal = NULL;
    Error err = ERROR_INIT;
    assert_ok(folder_removal_lock(dir, name, &removal, &err), &err);
    fs_unlock(removal);
}

/* Each that is under way stays, and only those; the lock is held as long as there is one. */
static void one_lock_of_the_folder(void **state)
{
    (void)state;
    static const char a[] = "a.backup", b[] = "b.backup", c[] = "c.backup";
    char *dir = test_dir_new(), *other = test_dir_new();
    Error err = ERROR_INIT;
    OffsiteTogether *together = offsite_together_new(NULL);
    assert_null(offsite_together_rate(together));
    assert_non_null(offsite_together_gate(together));
    assert_ok(offsite_together_enter(together, dir, a, &err), &err);
    assert_stays(dir, a);
    assert_may_go(dir, b);
    assert_ok(offsite_together_enter(together, dir, b, &err), &err);
    assert_stays(dir, a);
    assert_stays(dir, b);
    assert_may_go(dir, c);
    assert_fails(offsite_together_enter(together, dir, c, &err), &err, EK_INTERNAL, "too many uploads side by side");
    offsite_together_leave(together, a);
    assert_may_go(dir, a);
    assert_stays(dir, b);
    assert_fails(offsite_together_enter(together, other, c, &err), &err, EK_INTERNAL, "too many uploads side by side");
    assert_ok(offsite_together_enter(together, dir, c, &err), &err);
    offsite_together_leave(together, b);
    assert_true(folder_is_uploading(dir));
    offsite_together_leave(together, c);
    assert_false(folder_is_uploading(dir));
    assert_ok(offsite_together_enter(together, other, c, &err), &err); /* the next may be of another */
    assert_true(folder_is_uploading(other));
    offsite_together_leave(together, c);
    offsite_together_free(together);
    offsite_together_free(NULL);
    test_dir_remove(other);
    test_dir_remove(dir);
}

static void one_lock_of_the_user(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *journals = fs_join(dir, "uploads");
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    OffsiteTogether *together = offsite_together_new(NULL), *stranger = offsite_together_new(NULL);
    assert_ok(offsite_together_hold(together, journals, &err), &err);
    assert_ok(offsite_together_hold(together, journals, &err), &err);
    assert_fails(upload_lock(journals, &lock, &err), &err, EK_BUSY, "another program of this user is uploading");
    offsite_together_drop(together);
    assert_fails(offsite_together_hold(stranger, journals, &err), &err, EK_BUSY,
                 "another program of this user is uploading");
    offsite_together_drop(together);
    assert_ok(upload_lock(journals, &lock, &err), &err);
    fs_unlock(lock);
    offsite_together_free(stranger);
    offsite_together_free(together);
    mem_free(journals);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_lock_of_the_folder),
                                       cmocka_unit_test(one_lock_of_the_user)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
