/* The conversions and paths of the Windows platform, and its words for error codes. */
#include "test_util.h"

#include <wchar.h>

#include "platform/wide.h"

static void strict_conversions_go_both_ways(void **state)
{
    static const struct {
        const char *utf8;
        const wchar_t *wide;
    } table[] = {
        {"", L""},
        {"plain", L"plain"},
        {"Gr\xc3\xbcn", L"Gr\u00fcn"},
        {"\xe4\xb8\xad", L"\u4e2d"},
        {"\xf0\x9f\x94\xa7", L"\xd83d\xdd27"},
        {"\xef\xbf\xbf", L"\xffff"},
        {"\xf4\x8f\xbf\xbf", L"\xdbff\xdfff"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        wchar_t *wide = NULL;
        char *utf8 = NULL;

        assert_true(wide_from_utf8_strict(table[i].utf8, &wide));
        assert_int_equal(wcscmp(wide, table[i].wide), 0);
        assert_true(utf8_from_wide_strict(wide, &utf8));
        assert_string_equal(utf8, table[i].utf8);
        mem_free(utf8);
        mem_free(wide);
    }
}

static void bad_text_is_refused_or_replaced(void **state)
{
    static const char *const bad_utf8[] = {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8"};
    static const wchar_t *const bad_wide[] = {L"\xd83d", L"\xdd27", L"a\xd83d" L"b", L"\xdd27\xd83d"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad_utf8); i++) {
        wchar_t *wide = NULL;

        assert_false(wide_from_utf8_strict(bad_utf8[i], &wide));
        assert_null(wide);
        wide = wide_from_utf8(bad_utf8[i]);
        assert_non_null(wcschr(wide, 0xfffd));
        mem_free(wide);
    }
    for (size_t i = 0; i < TEST_COUNT(bad_wide); i++) {
        char *utf8 = NULL;

        assert_false(utf8_from_wide_strict(bad_wide[i], &utf8));
        assert_null(utf8);
        utf8 = utf8_from_wide(bad_wide[i]);
        assert_non_null(strstr(utf8, "\xef\xbf\xbd"));
        mem_free(utf8);
    }
    assert_null(wide_from_utf8(NULL));
    assert_null(utf8_from_wide(NULL));
    assert_text(utf8_from_wide_len(L"abcdef", 3), "abc");
}

/* A path of `len` characters: the start, then x. Caller frees. */
static char *path_of(const char *start, size_t len)
{
    char *path = mem_alloc(len + 1);

    memset(path, 'x', len);
    memcpy(path, start, strlen(start));
    return path;
}

static void check_path(const char *utf8, const char *want)
{
    Error err = ERROR_INIT;
    wchar_t *wide = NULL;

    assert_ok(wide_path(utf8, &wide, &err), &err);
    assert_text(utf8_from_wide(wide), want);
    mem_free(wide);
}

static void paths_get_the_prefix_when_they_are_long(void **state)
{
    static const struct {
        const char *start;
        const char *prefixed; /* what the start becomes in a long path */
        const char *plain;    /* and in a short one */
    } table[] = {
        {"C:\\", "\\\\?\\C:\\", "C:\\"},
        {"C:/a/", "\\\\?\\C:\\a\\", "C:\\a\\"},
        {"C:/a/../b/./", "\\\\?\\C:\\b\\", "C:\\a\\..\\b\\.\\"},
        {"\\\\server\\share\\", "\\\\?\\UNC\\server\\share\\", "\\\\server\\share\\"},
        {"//server/share/", "\\\\?\\UNC\\server\\share\\", "\\\\server\\share\\"},
        {"\\\\?\\C:\\", "\\\\?\\C:\\", "\\\\?\\C:\\"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        char *path = path_of(table[i].start, 400);
        char *rest = path_of("", 400 - strlen(table[i].start));
        char *want = mem_printf("%s%s", table[i].prefixed, rest);

        check_path(path, want);
        mem_free(path);
        mem_free(rest);
        mem_free(want);
        path = path_of(table[i].start, 30);
        rest = path_of("", 30 - strlen(table[i].start));
        want = mem_printf("%s%s", table[i].plain, rest);
        check_path(path, want);
        mem_free(path);
        mem_free(rest);
        mem_free(want);
    }
}

static void relative_paths_are_made_absolute_when_they_are_long(void **state)
{
    Error err = ERROR_INIT;
    char *path = path_of("sub/", 300);
    wchar_t *wide = NULL;

    (void)state;
    check_path("sub/file", "sub\\file");
    assert_ok(wide_path(path, &wide, &err), &err);
    assert_int_equal(wcsncmp(wide, L"\\\\?\\", 4), 0);
    assert_true(wcslen(wide) > 4 + 3 + 300);
    assert_non_null(wcsstr(wide, L"\\sub\\xxx"));
    mem_free(wide);
    wide = NULL;
    assert_ok(wide_path_long("x", &wide, &err), &err);
    assert_int_equal(wcsncmp(wide, L"\\\\?\\", 4), 0);
    mem_free(wide);
    mem_free(path);
}

static void bad_paths_are_refused(void **state)
{
    Error err = ERROR_INIT;
    wchar_t *wide = NULL;

    (void)state;
    assert_fails(wide_path("", &wide, &err), &err, EK_NOT_FOUND, "the name of a file or folder is empty");
    assert_fails(wide_path("a\xff", &wide, &err), &err, EK_IO, "the name of a file or folder is not valid UTF-8");
    assert_null(wide);
}

static void the_prefix_is_not_shown(void **state)
{
    (void)state;
    assert_text(utf8_from_wide_path(L"\\\\?\\C:\\dir"), "C:\\dir");
    assert_text(utf8_from_wide_path(L"\\\\?\\UNC\\server\\share"), "\\\\server\\share");
    assert_text(utf8_from_wide_path(L"C:\\dir"), "C:\\dir");
}

static void codes_have_words(void **state)
{
    (void)state;
    for (long code = 0; code < 200; code++) {
        char *text = os_error_text(code);
        size_t len = strlen(text);

        assert_true(len > 0);
        assert_null(strpbrk(text, "\r\n"));
        assert_true(text[len - 1] != ' ' && text[len - 1] != '.');
        mem_free(text);
    }
    assert_text(os_error_text(0x2ffffff), "unknown error");
    assert_true(os_error_is_disk_full(112));
    assert_true(os_error_is_disk_full(39));
    assert_true(os_error_is_disk_full(1295));
    assert_false(os_error_is_disk_full(0));
    assert_false(os_error_is_disk_full(5));
}

/* OneDrive's placeholders: neither damaged nor gone, and what to do is said. */
static void what_is_in_the_cloud_is_named(void **state)
{
    static const long codes[] = {362, 388, 395, 426};
    Error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(codes); i++) {
        assert_false(error_set_os(&err, EK_IO, codes[i], "could not read it"));
        assert_string_equal(err.hint, "The file is in the cloud only and cannot be had now. See that its program "
                                      "(OneDrive) runs and is signed in, and have the file kept on this device.");
        assert_error(&err, EK_IO, "could not read it");
    }
    assert_false(error_set_os(&err, EK_IO, 5, "could not read it"));
    assert_null(err.hint);
    error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_conversions_go_both_ways),
        cmocka_unit_test(bad_text_is_refused_or_replaced),
        cmocka_unit_test(paths_get_the_prefix_when_they_are_long),
        cmocka_unit_test(relative_paths_are_made_absolute_when_they_are_long),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(the_prefix_is_not_shown),
        cmocka_unit_test(codes_have_words),
        cmocka_unit_test(what_is_in_the_cloud_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
