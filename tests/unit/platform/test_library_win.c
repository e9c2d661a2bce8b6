#include "platform/library.h"

#include "platform/machine.h"
#include "test_util.h"

static void a_dll_that_is_not_there_is_named(void **state)
{
    static const char *const names[] = {"anything"};
    LibraryFunction functions[1] = {NULL};
    Error err = ERROR_INIT;
    (void)state;
    assert_false(library_load("not-there.dll", names, functions, 1, &err));
    assert_int_equal(err.kind, EK_INTERNAL);
    assert_string_equal(err.message, "could not load not-there.dll, which belongs to this program");
    assert_string_equal(err.hint, "Install CMMS Backup again.");
    assert_int_not_equal(err.os_code, 0);
    assert_null(functions[0]);
    error_clear(&err);
}

static void a_dll_of_the_system_is_not_taken(void **state)
{
    static const char *const names[] = {"GetFileVersionInfoW"};
    LibraryFunction functions[1] = {NULL};
    (void)state;
    assert_false(library_load("version.dll", names, functions, 1, NULL));
    assert_null(functions[0]);
}

static void a_function_that_it_lacks_is_a_failure_as_a_whole(void **state)
{
    static const char *const names[] = {"PQlibVersion", "PQnotOneOfThem"};
    LibraryFunction functions[2] = {NULL, NULL};
    Error err = ERROR_INIT;
    (void)state;
    assert_false(library_load("libpq.dll", names, functions, 2, &err));
    assert_null(functions[0]);
    assert_null(functions[1]);
    assert_int_equal(err.os_code, 127); /* ERROR_PROC_NOT_FOUND */
    error_clear(&err);
}

static void it_is_loaded_once_and_then_only_looked_at(void **state)
{
    static const char *const names[] = {"PQlibVersion"};
    LibraryFunction functions[1] = {NULL};
    (void)state;
    assert_true(library_load("libpq.dll", names, functions, 1, NULL));
    assert_true(((int (*)(void))functions[0])() >= 170000);
    assert_true(library_load("not-there.dll", names, functions, 1, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dll_that_is_not_there_is_named),
        cmocka_unit_test(a_dll_of_the_system_is_not_taken),
        cmocka_unit_test(a_function_that_it_lacks_is_a_failure_as_a_whole),
        cmocka_unit_test(it_is_loaded_once_and_then_only_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
