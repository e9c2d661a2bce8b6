#include "test_util.h"

#include "auditlog.h"
#include "folder.h"
#include "manifest.h"
#include "remove.h"

#define OLD "cmms_backup_20260118_020000.backup"
#define NEW "cmms_backup_20260119_020000.backup"

/* A file of seven bytes whose manifest says the level; LEVEL_NONE: without one. Caller frees the path. */
static char *put_backup(const char *dir, const char *name, Level level)
{
    Error err = ERROR_INIT;
    char *path = fs_join(dir, name);
    test_write(path, "content");
    if (level != LEVEL_NONE) {
        Manifest manifest;
        char *manifest_path = folder_manifest_path(path);
        manifest_init(&manifest);
        manifest.file = mem_strdup(name);
        manifest.bytes = 7;
        manifest.sha256 = mem_strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        manifest.level = level;
        assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
        manifest_release(&manifest);
        mem_free(manifest_path);
    }
    return path;
}

static void deletes_only_what_can_be_spared(void **state)
{
    (void)state;
    static const struct {
        Level level, other;
        bool allowed;
    } cases[] = {
        {LEVEL_VERIFIED, LEVEL_VERIFIED, true}, {LEVEL_VERIFIED, LEVEL_PROVEN, true},
        {LEVEL_VERIFIED, LEVEL_NONE, false},    {LEVEL_VERIFIED, LEVEL_LISTED, false},
        {LEVEL_PROVEN, LEVEL_BAD, false},       {LEVEL_NONE, LEVEL_NONE, true},
        {LEVEL_BAD, LEVEL_VERIFIED, true},      {LEVEL_LISTED, LEVEL_NONE, true},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Error err = ERROR_INIT;
        char *dir = test_dir_new();
        char *path = put_backup(dir, NEW, cases[i].level);
        char *other = put_backup(dir, OLD, cases[i].other);
        char *manifest = folder_manifest_path(path);
        char *log = fs_join(dir, AUDITLOG_FILE);
        if (cases[i].allowed) {
            assert_ok(backup_remove(path, NULL, &err), &err);
            char *text = test_read(log);
            assert_non_null(strstr(text, "\"delete\""));
            assert_non_null(strstr(text, "\"" NEW "\""));
            mem_free(text);
        } else {
            const bool ok = backup_remove(path, NULL, &err);
            assert_string_equal(err.hint, "Make a new backup first; when it is verified, this one can go.");
            assert_fails(ok, &err, EK_USAGE, NEW " is the only good backup and is not deleted");
            assert_false(fs_exists(log));
        }
        assert_int_equal(fs_exists(path), !cases[i].allowed);
        assert_int_equal(fs_exists(manifest), !cases[i].allowed);
        assert_true(fs_exists(other));
        mem_free(log);
        mem_free(manifest);
        mem_free(other);
        mem_free(path);
        test_dir_remove(dir);
    }
}

static void gone_or_busy_is_told(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    char *dir = test_dir_new();
    char *path = put_backup(dir, NEW, LEVEL_NONE);
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_fails(backup_remove(path, NULL, &err), &err, EK_BUSY, "another backup job is at work in this folder");
    fs_unlock(lock);
    assert_true(fs_exists(path));
    assert_ok(backup_remove(path, NULL, &err), &err);
    assert_fails(backup_remove(path, NULL, &err), &err, EK_NOT_FOUND, NEW " is not there any more");
    mem_free(path);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletes_only_what_can_be_spared),
        cmocka_unit_test(gone_or_busy_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
