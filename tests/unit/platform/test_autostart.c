#include "test_util.h"

#include "platform/autostart.h"
#include "test_env.h"

static void set_and_taken_out(void **state)
{
    (void)state;
    static const char name[] = "CMMS Backup unit test"; /* not the user's own */
    static const char command[] = "\"C:\\M\xC3\xBCller & Co\\cmms-backup.exe\" --tray";
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", dir);
    assert_ok(autostart_set(name, NULL, &err), &err);
    assert_null(autostart_look(name));
    assert_ok(autostart_set(name, "x", &err), &err);
    assert_ok(autostart_set(name, command, &err), &err);
    assert_text(autostart_look(name), command);
    assert_ok(autostart_set(name, NULL, &err), &err);
    assert_null(autostart_look(name));
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(set_and_taken_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
