#include "test_util.h"

#include "version.h"

/* One line a part, and every library that is linked is among them with a version. */
static void every_part_is_named(void **state)
{
    (void)state;
    static const char *const parts[] = {"libpq ", "OpenSSL ", "curl ", "zlib ", "zstd ", "lz4 ", "cJSON "};
    char *text = version_parts_text();
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (size_t i = 0; i < TEST_COUNT(parts); i++) {
        const char *line = text;
        while (line && strncmp(line, parts[i], strlen(parts[i])) != 0) {
            line = strchr(line, '\n');
            line = line && line[1] ? line + 1 : NULL;
        }
        if (!line) {
            fail_msg("%sis not in:\n%s", parts[i], text);
        }
        const char *version = line + strlen(parts[i]);
        assert_true(version[0] >= '0' && version[0] <= '9');
        assert_true(strcspn(version, ".") < strcspn(version, "\n"));
    }
    mem_free(text);
}

static void the_numbers_agree(void **state)
{
    (void)state;
    const int numbers[] = {CMMS_VERSION_NUMBERS};
    assert_int_equal(TEST_COUNT(numbers), 4);
    assert_text(mem_printf("%d.%d.%d", numbers[0], numbers[1], numbers[2]), CMMS_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_named),
        cmocka_unit_test(the_numbers_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
