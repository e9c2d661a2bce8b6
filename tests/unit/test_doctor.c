#include "test_util.h"

#include "doctor.h"

static void words(void **state)
{
    (void)state;
    assert_string_equal(check_state_word(CHECK_GOOD), "good");
    assert_string_equal(check_state_word(CHECK_WARNING), "warning");
    assert_string_equal(check_state_word(CHECK_BAD), "bad");
    assert_string_equal(check_state_word(CHECK_SKIPPED), "skipped");
}

static const Check *check_named(const Doctor *doctor, const char *name)
{
    for (size_t i = 0; i < doctor->count; i++) {
        if (strcmp(doctor->checks[i].name, name) == 0) {
            return &doctor->checks[i];
        }
    }
    fail_msg("there is no check \"%s\"", name);
    return NULL;
}

static void reports_without_a_server(void **state)
{
    (void)state;
    static const char *const names[] = {"folder",     "settings", "free space",     "tools",  "engine", "host",
                                        "connection", "tls",      "server version", "rights", "tables", "pooler"};
    static const char *const skipped[] = {"connection", "tls", "server version", "rights", "tables"};
    char *folder = test_dir_new();
    char *settings = fs_join(folder, "backup_config.json");
    test_write(settings, "{\"schedule\":\"weekly\",\"backup_time\":\"03:30\",\"retention_days\":14}");
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_strdup("1");
    connection.user = mem_strdup("ann");
    secret_set(&connection.password, "hunter2", 7);
    Doctor doctor;
    doctor_init(&doctor);
    Error err = ERROR_INIT;
    assert_ok(doctor_run(&connection, folder, NULL, &doctor, &err), &err);
    assert_int_equal(doctor.count, TEST_COUNT(names));
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_string_equal(doctor.checks[i].name, names[i]);
        assert_non_null(doctor.checks[i].message);
        assert_null(strstr(doctor.checks[i].message, "hunter2"));
    }
    for (size_t i = 0; i < TEST_COUNT(skipped); i++) {
        assert_int_equal(check_named(&doctor, skipped[i])->state, CHECK_SKIPPED);
    }
    assert_int_equal(check_named(&doctor, "folder")->state, CHECK_GOOD);
    assert_string_equal(check_named(&doctor, "settings")->message,
                        "Backups are scheduled weekly at 03:30 and kept for 14 days");
    const Check *host = check_named(&doctor, "host");
    assert_int_equal(host->state, CHECK_BAD);
    assert_int_equal(strncmp(host->message, "nothing answers at 127.0.0.1 port 1: ", 37), 0);
    assert_string_equal(host->hint, "Check the internet connection, the server's name and the port.");
    assert_int_equal(doctor.worst, CHECK_BAD);
    doctor_release(&doctor);
    assert_int_equal(doctor.count, 0);
    connection_release(&connection);
    mem_free(settings);
    test_dir_remove(folder);
}

static void stops_when_told(void **state)
{
    (void)state;
    char *folder = test_dir_new();
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_strdup("1");
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    Doctor doctor;
    doctor_init(&doctor);
    Error err = ERROR_INIT;
    assert_false(doctor_run(&connection, folder, cancel, &doctor, &err));
    assert_int_equal(err.kind, EK_CANCELLED);
    assert_int_equal(doctor.count, 0);
    error_clear(&err);
    cancel_free(cancel);
    connection_release(&connection);
    test_dir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(reports_without_a_server),
                                       cmocka_unit_test(stops_when_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
