/* fs_win.c: what only Windows has. test_fs.c has what both platforms promise. */
#include "test_util.h"

#include <windows.h>

#include "platform/cancel.h"
#include "platform/thread.h"
#include "platform/win/win_private.h"
#include "test_env.h"

typedef struct Fixture {
    char *dir;
    Error err;
} Fixture;

static int set_up(void **state)
{
    Fixture *f = mem_alloc(sizeof *f);

    f->dir = test_dir_new();
    f->err = (Error)ERROR_INIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;

    test_dir_remove(f->dir);
    error_clear(&f->err);
    mem_free(f);
    return 0;
}

static FsFile *create(Fixture *f, const char *path)
{
    FsFile *file = NULL;

    assert_ok(fs_create_new(path, &file, &f->err), &f->err);
    return file;
}

static void close_handle_after_a_while(void *argument)
{
    cancel_wait(NULL, 300);
    CloseHandle(argument);
}

/* A scanner opens a file so that it may be removed meanwhile, and so keeps its name. Not everywhere: newer versions of
 * Windows give the name back at once on NTFS. */
static void creating_waits_for_a_name_that_is_being_removed(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "held");
    wchar_t *wide = test_widen(path);
    FsFile *file = create(f, path);
    HANDLE scanner;
    Thread *thread;

    fs_close(file, NULL);
    scanner = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                          OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    assert_ptr_not_equal(scanner, INVALID_HANDLE_VALUE);
    assert_ok(fs_remove(path, &f->err), &f->err);
    if (GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES || GetLastError() != ERROR_ACCESS_DENIED) {
        CloseHandle(scanner);
        mem_free(wide);
        mem_free(path);
        skip();
    }
    thread = thread_start(close_handle_after_a_while, scanner);
    file = create(f, path);
    thread_join(thread);
    fs_close(file, NULL);
    assert_true(fs_exists(path));
    mem_free(wide);
    mem_free(path);
}

/* What serves where byte locks are unknown keeps out, and is kept out by, the usual lock as well: one folder may be
 * reached in two ways. */
static void a_file_that_is_open_for_one_alone_is_a_lock_too(void **state)
{
    bool (*const take[])(const char *path, FsLock **out, Error *err) = {fs_lock, fs_lock_alone};
    Fixture *f = *state;
    char *path = fs_join(f->dir, ".lock");
    char *busy = mem_printf("\"%s\" is locked by another job", path);

    for (size_t i = 0; i < 4; i++) {
        FsLock *first = NULL;
        FsLock *second = NULL;

        assert_ok(take[i / 2](path, &first, &f->err), &f->err);
        assert_fails(take[i % 2](path, &second, &f->err), &f->err, EK_BUSY, busy);
        assert_null(second);
        fs_unlock(first);
        assert_ok(take[i % 2](path, &second, &f->err), &f->err);
        fs_unlock(second);
    }
    mem_free(busy);
    mem_free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(creating_waits_for_a_name_that_is_being_removed),
        TEST(a_file_that_is_open_for_one_alone_is_a_lock_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
