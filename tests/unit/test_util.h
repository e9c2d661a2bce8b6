/*
 * test_util.h: what unit tests share. Includes cmocka with the headers that it wants before it, so a test
 * includes this first, then the headers of what it tests.
 *
 * A test program ends in
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(one), cmocka_unit_test(two)};
 *         return cmocka_run_group_tests(tests, NULL, NULL);
 *     }
 */
#ifndef CMMS_TEST_UTIL_H
#define CMMS_TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"
#include "platform/machine.h"

/* A time limit on a machine that is fast and idle, for this one: run.py measures how much slower it is. */
static inline uint64_t test_limit_ms(uint64_t ms)
{
    const char *scale = getenv("CMMS_TEST_SCALE");
    const double factor = scale ? strtod(scale, NULL) : 1;
    return factor > 1 ? (uint64_t)((double)ms * factor) : ms;
}

#define TEST_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The call succeeds and leaves its Error untouched; else the test fails with the Error's text. */
#define assert_ok(call, err) test_assert_ok((call), (err), #call, __FILE__, __LINE__)

/* The call fails, with exactly this kind and message; the Error is then cleared for the next use. */
#define assert_fails(call, err, kind, message) \
    test_assert_fails((call), (err), (kind), (message), #call, __FILE__, __LINE__)

/* The Error is exactly this; it is then cleared. */
#define assert_error(err, kind, message) test_assert_error((err), (kind), (message), __FILE__, __LINE__)

/* The same for an owned text, which is freed: assert_text(clock_iso_text(0), "1970-01-01T00:00:00Z"). */
#define assert_text(owned, expected) test_assert_text((owned), (expected), __FILE__, __LINE__)

static inline void test_assert_error(Error *err, ErrorKind kind, const char *message, const char *file, int line)
{
    const char *got = err->message ? err->message : "(no error)";
    if (err->kind != kind || strcmp(got, message) != 0) {
        print_error("expected %s: %s\n", error_kind_name(kind), message);
        print_error("     got %s: %s\n", error_kind_name(err->kind), got);
        if (err->detail) {
            print_error("  detail %s\n", err->detail);
        }
        _fail(file, line);
    }
    error_clear(err);
}

static inline void test_assert_ok(bool ok, Error *err, const char *call, const char *file, int line)
{
    if (!ok || err->kind != EK_NONE) {
        char *text = error_text(err);
        print_error("%s %s: %s\n", call, ok ? "succeeded but set its error" : "failed", text);
        mem_free(text);
        _fail(file, line);
    }
}

static inline void test_assert_fails(bool ok, Error *err, ErrorKind kind, const char *message, const char *call,
                                     const char *file, int line)
{
    if (ok) {
        print_error("%s succeeded\n", call);
        _fail(file, line);
    }
    test_assert_error(err, kind, message, file, line);
}

static inline void test_assert_text(char *owned, const char *expected, const char *file, int line)
{
    if (!owned || strcmp(owned, expected) != 0) {
        print_error("expected \"%s\"\n     got \"%s\"\n", expected, owned ? owned : "(NULL)");
        _fail(file, line);
    }
    mem_free(owned);
}

/* A fresh folder of the test's own in the temp folder; the path has a space and a letter beyond ASCII, because
 * users' folders have them too. Ended with test_dir_remove. */
static inline char *test_dir_new(void)
{
    unsigned char bytes[6];
    assert_true(machine_random(bytes, sizeof bytes));
    char *temp = machine_temp_dir();
    assert_non_null(temp);
    char *name = mem_printf("cmms test \xC3\xBC %02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                            bytes[4], bytes[5]);
    char *dir = fs_join(temp, name);
    Error err = ERROR_INIT;
    assert_ok(fs_make_dirs(dir, &err), &err);
    mem_free(name);
    mem_free(temp);
    return dir;
}

/* Removes the folder with all in it and frees the path. Fails the test when something still holds it. */
static inline void test_dir_remove(char *dir)
{
    Error err = ERROR_INIT;
    assert_ok(fs_remove_tree(dir, &err), &err);
    mem_free(dir);
}

static inline void test_write_bytes(const char *path, const void *bytes, size_t len)
{
    Error err = ERROR_INIT;
    assert_ok(fs_write_atomic(path, bytes, len, &err), &err);
}

static inline void test_write(const char *path, const char *text)
{
    test_write_bytes(path, text, strlen(text));
}

/* The whole file as a text; caller frees. */
static inline char *test_read(const char *path)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    Error err = ERROR_INIT;
    assert_ok(fs_read_all(path, STRBUF_LARGE, &sb, &err), &err);
    return strbuf_detach(&sb);
}

static inline bool test_count_entry(void *context, const char *name, const FsInfo *info)
{
    (void)name;
    (void)info;
    (*(size_t *)context)++;
    return true;
}

/* How many files and folders lie directly in a folder: that nothing was left behind. */
static inline size_t test_dir_count(const char *dir)
{
    size_t count = 0;
    Error err = ERROR_INIT;
    assert_ok(fs_list(dir, test_count_entry, &count, &err), &err);
    return count;
}

#endif
