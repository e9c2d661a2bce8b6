#include "test_util.h"

static void memory_is_zeroed(void **state)
{
    (void)state;
    unsigned char *a = mem_alloc(1000);
    unsigned char *b = mem_array(100, 10);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(a[i], 0);
        assert_int_equal(b[i], 0);
    }
    mem_free(a);
    mem_free(b);
}

static void nothing_is_a_unique_pointer(void **state)
{
    (void)state;
    void *a = mem_alloc(0), *b = mem_array(0, 8), *c = mem_array(8, 0), *d = mem_resize(NULL, 0, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_non_null(d);
    assert_ptr_not_equal(a, b);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(d);
    mem_free(NULL);
}

static void resize_keeps_the_content(void **state)
{
    (void)state;
    int *numbers = mem_array(2, sizeof *numbers);
    numbers[1] = 42;
    numbers = mem_resize(numbers, 1000, sizeof *numbers);
    assert_int_equal(numbers[1], 42);
    mem_free(numbers);
}

static void texts(void **state)
{
    (void)state;
    assert_null(mem_strdup(NULL));
    assert_text(mem_strdup(""), "");
    assert_text(mem_strdup("abc"), "abc");
    assert_text(mem_strndup("abcdef", 3), "abc");
    assert_text(mem_strndup(NULL, 0), "");
    assert_text(mem_printf("%s-%d-%zu-%llu", "a", -1, (size_t)2, 18446744073709551615ull),
                "a--1-2-18446744073709551615");
    assert_text(mem_printf("%s", ""), "");
}

static void grow_doubles(void **state)
{
    (void)state;
    void *array = NULL;
    size_t capacity = 0;
    mem_grow(&array, &capacity, 0, 4);
    assert_null(array);
    mem_grow(&array, &capacity, 1, 4);
    assert_true(capacity >= 1);
    size_t first = capacity;
    mem_grow(&array, &capacity, first, 4);
    assert_int_equal(capacity, first);
    mem_grow(&array, &capacity, first + 1, 4);
    assert_int_equal(capacity, 2 * first);
    mem_grow(&array, &capacity, 100000, 4);
    assert_int_equal(capacity, 100000);
    memset(array, 1, 400000); /* the sanitizer looks */
    mem_free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed), cmocka_unit_test(nothing_is_a_unique_pointer),
        cmocka_unit_test(resize_keeps_the_content), cmocka_unit_test(texts), cmocka_unit_test(grow_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
