#include "test_util.h"

#include "jobs/doctor.h"
#include "platform/machine.h"
#include "test_env.h"

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
    static const char *const names[] = {"folder",     "settings", "free space",     "tools",   "engine",
                                        "host",       "connection", "tls",          "server version", "rights",
                                        "tables",     "pooler",   "storage",        "egress"};
    static const char *const skipped[] = {"connection", "tls", "server version", "rights", "tables", "storage",
                                          "egress"};
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
    assert_ok(doctor_run(&connection, folder, NULL, NULL, &doctor, &err), &err);
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
    assert_int_equal(check_named(&doctor, "settings")->state, CHECK_WARNING);
    assert_string_equal(check_named(&doctor, "settings")->message,
                        "Backups are kept for 14 days; weekly backups at 03:30 are set, but whether a task starts them "
                        "was not looked at");
    const Check *host = check_named(&doctor, "host");
    assert_int_equal(host->state, CHECK_BAD);
    assert_string_equal(host->message, "nothing answers at 127.0.0.1 port 1");
    assert_string_equal(host->hint,
                        "Check that the database server on this computer is running, and that the port is right.");
    assert_int_equal(doctor.worst, CHECK_BAD);
    doctor_release(&doctor);
    assert_int_equal(doctor.count, 0);
    connection_release(&connection);
    mem_free(settings);
    test_dir_remove(folder);
}

static bool a_task(const Settings *settings, const char *folder, char **words)
{
    assert_non_null(folder);
    *words = mem_strdup("as the task says");
    return settings->backup_hour == 3;
}

/* Whether a task starts the backups is said only by who can see it, and good only then. */
static void asks_for_the_task(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        CheckState state;
        const char *words;
    } rows[] = {
        {"{\"backup_time\":\"03:30\"}", CHECK_GOOD,
         "Backups are kept for 30 days; daily backups at 03:30: as the task says"},
        {"{\"backup_time\":\"04:30\"}", CHECK_WARNING,
         "Backups are kept for 30 days; daily backups at 04:30 are set, but as the task says"},
        {"{\"enabled\":false}", CHECK_GOOD, "Backups are kept for 30 days; scheduled backups are off"},
    };
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_strdup("1");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *folder = test_dir_new(), *path = fs_join(folder, "backup_config.json");
        Doctor doctor;
        Error err = ERROR_INIT;
        test_write(path, rows[i].settings);
        doctor_init(&doctor);
        assert_ok(doctor_run(&connection, folder, a_task, NULL, &doctor, &err), &err);
        const Check *check = check_named(&doctor, "settings");
        assert_int_equal(check->state, rows[i].state);
        assert_string_equal(check->message, rows[i].words);
        doctor_release(&doctor);
        mem_free(path);
        test_dir_remove(folder);
    }
    connection_release(&connection);
}

/* A folder that a service copies to the cloud is named, with one that it does not copy. */
static void a_folder_in_the_cloud(void **state)
{
    (void)state;
    char *folder = test_dir_new(), *home = machine_home_dir(), *beside = fs_join(home, "AIT_CMMS_Backups");
    Connection connection;
    Doctor doctor;
    Error err = ERROR_INIT;
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_strdup("1");
    doctor_init(&doctor);
    test_setenv("OneDrive", folder);
    assert_ok(doctor_run(&connection, folder, a_task, NULL, &doctor, &err), &err);
    test_setenv("OneDrive", NULL);
    const Check *check = check_named(&doctor, "folder");
    assert_int_equal(check->state, CHECK_WARNING);
    char *message = mem_printf("Backups are kept in %s, which OneDrive copies to the cloud", folder);
    char *hint = mem_printf("It may move backups off this computer: choose a folder outside of it, such as %s, or set "
                            "this one to be kept on this device.", beside);
    assert_string_equal(check->message, message);
    assert_string_equal(check->hint, hint);
    mem_free(hint);
    mem_free(message);
    doctor_release(&doctor);
    connection_release(&connection);
    mem_free(beside);
    mem_free(home);
    test_dir_remove(folder);
}

/* Neon's Free plan: 0.5 GB stored, 5 GB a month transferred. */
static void forecasts(void **state)
{
    (void)state;
    static const struct {
        double database_mb, tables_mb;
        Schedule schedule;
        CheckState storage, egress;
        const char *storage_words, *egress_words;
    } rows[] = {
        {200, 150, SCHEDULE_DAILY, CHECK_GOOD, CHECK_WARNING,
         "The database has 200 MB; Neon's Free plan holds 512 MB",
         "A backup transfers about 150 MB, daily backups about 4.45 GB a month; Neon's Free plan includes 5 GB"},
        {200, 150, SCHEDULE_WEEKLY, CHECK_GOOD, CHECK_GOOD, "The database has 200 MB; Neon's Free plan holds 512 MB",
         "A backup transfers about 150 MB, weekly backups about 652 MB a month; Neon's Free plan includes 5 GB"},
        {500, 100, SCHEDULE_MONTHLY, CHECK_WARNING, CHECK_GOOD,
         "The database has 500 MB; Neon's Free plan holds 512 MB",
         "A backup transfers about 100 MB, monthly backups about 100 MB a month; Neon's Free plan includes 5 GB"},
        {900, 800, SCHEDULE_DAILY, CHECK_GOOD, CHECK_GOOD,
         "The database has 900 MB; Neon's Free plan holds 512 MB, so it is on a paid plan",
         "A backup transfers about 800 MB, daily backups about 23.8 GB a month; Neon's Free plan includes 5 GB"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Settings settings;
        Check storage = {.name = NULL}, egress = {.name = NULL};
        settings_init(&settings);
        settings.schedule = rows[i].schedule;
        doctor_forecast((int64_t)(rows[i].database_mb * 1024 * 1024), (int64_t)(rows[i].tables_mb * 1024 * 1024),
                        &settings, &storage, &egress);
        assert_int_equal(storage.state, rows[i].storage);
        assert_int_equal(egress.state, rows[i].egress);
        assert_int_equal(storage.hint != NULL, storage.state == CHECK_WARNING);
        assert_int_equal(egress.hint != NULL, egress.state == CHECK_WARNING);
        mem_free(storage.hint);
        mem_free(egress.hint);
        assert_text(storage.message, rows[i].storage_words);
        assert_text(egress.message, rows[i].egress_words);
        settings_release(&settings);
    }
}

static void names_old_tools(void **state)
{
    (void)state;
#define TOOL(at, is, of, is_minor, from) \
    {.path = (char *)(at), .version = (char *)(is), .major = (of), .minor = (is_minor), .origin = (from)}
    static const struct {
        Tool tools[3];
        CheckState state;
        const char *message, *hint;
    } rows[] = {
        {{TOOL("/o/18/pg", "18.7", 18, 7, TOOL_OURS), TOOL("/o/17/pg", "17.12", 17, 12, TOOL_OURS)}, CHECK_GOOD,
         "Found pg_dump 18.7, pg_dump 17.12, pg_restore 18.7, pg_restore 17.12", NULL},
        {{TOOL("/o/18/pg", "18.6", 18, 6, TOOL_OURS), TOOL("/o/17/pg", "17.11", 17, 11, TOOL_OURS)}, CHECK_WARNING,
         "Found pg_dump 18.6, pg_dump 17.11, pg_restore 18.6, pg_restore 17.11; release 18.6 lacks the security "
         "repairs of November 2026 (18.7): /o/18; release 17.11 lacks the security repairs of November 2026 "
         "(17.12): /o/17",
         "Update CMMS Backup."},
        {{TOOL("/o/17/pg", "17.12", 17, 12, TOOL_OURS), TOOL("/f/12/pg", "12.1", 12, 1, TOOL_FOUND)}, CHECK_WARNING,
         "Found pg_dump 17.12, pg_dump 12.1, pg_restore 17.12, pg_restore 12.1; release 12.1 is of a PostgreSQL that "
         "gets no security repairs any more: /f/12",
         "Update or remove that installation of PostgreSQL's tools."},
        {{TOOL("/o/17/pg", "17.12", 17, 12, TOOL_OURS), {.path = (char *)"/b", .problem = (char *)"it hangs"}},
         CHECK_WARNING, "/b cannot be used: it hangs; there are others: pg_dump 17.12, pg_restore 17.12",
         "Repair or remove that installation of PostgreSQL's tools."},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Tool here[3];
        size_t count = 0;
        for (; count < 3 && rows[i].tools[count].path != NULL; count++) {
            here[count] = rows[i].tools[count];
        }
        const Tools tools = {here, count, here, count};
        Check check = {.name = NULL};
        doctor_tools(&tools, &check);
        assert_int_equal(check.state, rows[i].state);
        assert_text(check.message, rows[i].message);
        if (rows[i].hint == NULL) {
            assert_null(check.hint);
        } else {
            assert_text(check.hint, rows[i].hint);
        }
    }
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
    assert_false(doctor_run(&connection, folder, NULL, cancel, &doctor, &err));
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
                                       cmocka_unit_test(stops_when_told), cmocka_unit_test(forecasts),
                                       cmocka_unit_test(asks_for_the_task), cmocka_unit_test(names_old_tools),
                                       cmocka_unit_test(a_folder_in_the_cloud)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
