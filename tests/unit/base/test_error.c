#include "test_util.h"

static void sets_and_clears(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    assert_false(error_set(&err, EK_TOOL, "could not start %s", "pg_dump"));
    assert_int_equal(err.kind, EK_TOOL);
    assert_int_equal(err.os_code, 0);
    assert_string_equal(err.message, "could not start pg_dump");
    assert_null(err.detail);
    assert_null(err.hint);
    error_clear(&err);
    assert_int_equal(err.kind, EK_NONE);
    assert_null(err.message);
}

static void null_is_fine(void **state)
{
    (void)state;
    assert_false(error_set(NULL, EK_IO, "x"));
    assert_false(error_set_os(NULL, EK_IO, 1, "x"));
    assert_false(error_detail(NULL, "x"));
    assert_false(error_hint(NULL, "x"));
    assert_false(error_context(NULL, "x"));
    Error err = ERROR_INIT;
    error_set(&err, EK_IO, "x");
    assert_false(error_move(NULL, &err));
    assert_null(err.message);
    error_clear(NULL);
}

static void second_set_replaces_all(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    error_set_os(&err, EK_IO, 5, "first");
    error_hint(&err, "Do it.");
    error_set(&err, EK_BUSY, "second, after %s", err.message);
    assert_null(err.detail);
    assert_null(err.hint);
    assert_int_equal(err.os_code, 0);
    assert_error(&err, EK_BUSY, "second, after first");
}

static void system_code_is_the_detail(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    const long code = 5; /* EIO, ERROR_ACCESS_DENIED */
    assert_false(error_set_os(&err, EK_IO, code, "could not read \"%s\"", "a"));
    assert_int_equal(err.os_code, code);
    char *words = os_error_text(code);
    assert_true(strlen(words) > 3);
    assert_null(strpbrk(words, "\r\n"));
    char *expected = mem_printf("%s (error 5)", words);
    assert_string_equal(err.detail, expected);
    mem_free(expected);
    mem_free(words);
    assert_null(err.hint);
    assert_error(&err, EK_IO, "could not read \"a\"");
}

static void full_disk_raises_the_kind(void **state)
{
    (void)state;
    static const long candidates[] = {28, 39, 112, 122, 1295}; /* ENOSPC, EDQUOT; Windows */
    size_t full = 0;
    for (size_t i = 0; i < TEST_COUNT(candidates); i++) {
        Error err = ERROR_INIT;
        error_set_os(&err, EK_IO, candidates[i], "could not write");
        if (os_error_is_disk_full(candidates[i])) {
            full++;
            assert_string_equal(err.hint, "Free some space on that disk, then try again.");
            assert_error(&err, EK_SPACE, "could not write");
        } else {
            assert_null(err.hint);
            assert_error(&err, EK_IO, "could not write");
        }
    }
    assert_true(full == 2 || full == 3); /* two on Linux, three on Windows */
    assert_false(os_error_is_disk_full(0));
    assert_false(os_error_is_disk_full(5));
}

static void context_goes_before(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    error_set(&err, EK_IO, "could not write \"x\"");
    error_detail(&err, "first");
    error_detail(&err, "detail %d", 2);
    assert_false(error_context(&err, "saving the %s", "settings"));
    assert_string_equal(err.detail, "detail 2");
    assert_error(&err, EK_IO, "saving the settings: could not write \"x\"");
}

static void move_empties_the_source(void **state)
{
    (void)state;
    Error from = ERROR_INIT, to = ERROR_INIT;
    error_set(&to, EK_USAGE, "old");
    error_set(&from, EK_SPACE, "new");
    error_hint(&from, "Hint.");
    assert_false(error_move(&to, &from));
    assert_int_equal(from.kind, EK_NONE);
    assert_null(from.message);
    assert_null(from.hint);
    assert_string_equal(to.hint, "Hint.");
    error_move(&to, &to);
    assert_error(&to, EK_SPACE, "new");
}

static void one_line_text(void **state)
{
    (void)state;
    static const struct {
        const char *detail, *hint, *expected;
    } cases[] = {
        {NULL, NULL, "it failed"},
        {"the disk said no", NULL, "it failed: the disk said no"},
        {NULL, "Try again.", "it failed. Try again."},
        {"no", "Try again.", "it failed: no. Try again."},
        {"It said no.", "Try again.", "it failed: It said no. Try again."},
        {"what?", "Try again.", "it failed: what? Try again."},
        {"one\r\ntwo\n\n three\n", NULL, "it failed: one two three"},
        {"\nlate\n", "Try.", "it failed: late. Try."},
        {"", "", "it failed"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Error err = ERROR_INIT;
        error_set(&err, EK_IO, "it failed");
        if (cases[i].detail) {
            error_detail(&err, "%s", cases[i].detail);
        }
        if (cases[i].hint) {
            error_hint(&err, "%s", cases[i].hint);
        }
        assert_text(error_text(&err), cases[i].expected);
        error_clear(&err);
    }
}

static void huge_text_is_capped(void **state)
{
    (void)state;
    char *huge = mem_alloc(200001);
    memset(huge, 'x', 200000);
    Error err = ERROR_INIT;
    error_set(&err, EK_TOOL, "%s", huge);
    mem_free(huge);
    assert_error(&err, EK_TOOL, "(a text that is too long to show)");
}

static void exit_codes_and_names(void **state)
{
    (void)state;
    static const struct {
        ErrorKind kind;
        int code;
        const char *name;
    } cases[] = {
        {EK_NONE, 0, "none"},        {EK_INTERNAL, 1, "internal"}, {EK_USAGE, 2, "usage"},
        {EK_SETTINGS, 3, "settings"}, {EK_TOOL, 4, "tool"},         {EK_CONNECT, 5, "connect"},
        {EK_REFUSED, 6, "refused"},  {EK_DAMAGED, 7, "damaged"},   {EK_IO, 8, "io"},
        {EK_SPACE, 8, "space"},      {EK_BUSY, 9, "busy"},         {EK_NOT_FOUND, 10, "not_found"},
        {EK_FOREIGN, 11, "foreign"},
        {EK_CANCELLED, 130, "cancelled"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(error_exit_code(cases[i].kind), cases[i].code);
        assert_string_equal(error_kind_name(cases[i].kind), cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_clears),
        cmocka_unit_test(null_is_fine),
        cmocka_unit_test(second_set_replaces_all),
        cmocka_unit_test(system_code_is_the_detail),
        cmocka_unit_test(full_disk_raises_the_kind),
        cmocka_unit_test(context_goes_before),
        cmocka_unit_test(move_empties_the_source),
        cmocka_unit_test(one_line_text),
        cmocka_unit_test(huge_text_is_capped),
        cmocka_unit_test(exit_codes_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
