#include "test_util.h"

#include "platform/share.h"
#include "test_env.h"

static void by_the_share(void **state)
{
    (void)state;
    static const struct {
        const char *drive, *path, *wanted; /* NULL: it is on no such drive */
    } rows[] = {
        {"Q=\\\\srv\\cmms", "Q:\\b c", "\\\\srv\\cmms\\b c"},
        {"Q=\\\\srv\\cmms", "q:/b", "\\\\srv\\cmms/b"},
        {"q=\\\\srv\\cmms\\", "Q:\\", "\\\\srv\\cmms\\"},
        {"Q=\\\\srv\\cmms", "C:\\b", NULL},
        {"Q=\\\\srv\\cmms", "Q:b", NULL},
        {"Q=\\\\srv\\cmms", "\\\\srv\\cmms\\b", NULL},
        {"Q=\\\\srv\\cmms", "/srv/b", NULL},
        {"Q=\\\\srv\\cmms", "", NULL},
        {"Q=", "Q:\\b", NULL},
        {"Q", "Q:\\b", NULL},
        {"", "C:\\b", NULL},
        {NULL, "C:\\b", NULL}, /* the disk of the system is one */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_setenv("CMMS_BACKUP_FAKE_DRIVE", rows[i].drive);
        char *path = share_path(rows[i].path);
        if (rows[i].wanted != NULL) {
            assert_text(path, rows[i].wanted);
        } else {
            assert_null(path);
        }
    }
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_the_share)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
