#include "test_util.h"

#include "tools.h"

static void parses_versions(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int major;
        const char *version; /* NULL: refused */
    } cases[] = {{"pg_dump (PostgreSQL) 18.6", 18, "18.6"},
                 {"pg_dump (PostgreSQL) 17.11 (Debian 17.11-0+deb13u1)\n", 17, "17.11"},
                 {"pg_restore (PostgreSQL) 9.6.24\r\n", 9, "9.6.24"},
                 {"pg_dump (PostgreSQL) 19devel", 19, "19devel"},
                 {"pg_dump (PostgreSQL) 18beta2", 18, "18beta2"},
                 {"pg_dump (EnterpriseDB) 18.6", 0, NULL},
                 {"pg_dump (PostgreSQL) ", 0, NULL},
                 {"pg_dump (PostgreSQL) -1", 0, NULL},
                 {"pg_dump (PostgreSQL) x", 0, NULL},
                 {"pg_dump (PostgreSQL) 99999999999999999999", 0, NULL},
                 {"pg_dump (PostgreSQL) 18.6\x1b[2J", 0, NULL},
                 {" (PostgreSQL) 18.6", 0, NULL},
                 {"hello", 0, NULL},
                 {"", 0, NULL}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        int major = -7;
        char *version = NULL;
        const bool ok = tools_parse_version(cases[i].line, &major, &version);
        assert_int_equal(ok, cases[i].version != NULL);
        if (ok) {
            assert_int_equal(major, cases[i].major);
            assert_text(version, cases[i].version);
        } else {
            assert_int_equal(major, -7);
            assert_null(version);
        }
    }
}

static Tool tools_here[] = {
    {"/a/17/pg_dump", "17.9", 17, NULL},   {"/b/17/pg_dump", "17.11", 17, NULL}, {"/c/17/pg_dump", "17.11", 17, NULL},
    {"/d/16/pg_dump", NULL, 0, "it did not answer within 20 seconds"},           {"/e/18/pg_dump", "18.6", 18, NULL},
    {"/f/14/pg_dump", "14.20", 14, NULL}};
static const Tools all_tools = {tools_here, TEST_COUNT(tools_here), tools_here, TEST_COUNT(tools_here)};

static void picks_the_servers_own_major(void **state)
{
    (void)state;
    static const struct {
        int server;
        const char *path, *reason;
    } cases[] = {
        {17, "/b/17/pg_dump", "Using pg_dump 17.11, made for PostgreSQL 17: /b/17/pg_dump"},
        {18, "/e/18/pg_dump", "Using pg_dump 18.6, made for PostgreSQL 18: /e/18/pg_dump"},
        {16, "/b/17/pg_dump", "Using pg_dump 17.11, the nearest to PostgreSQL 16 here: /b/17/pg_dump"},
        {14, "/f/14/pg_dump", "Using pg_dump 14.20, made for PostgreSQL 14: /f/14/pg_dump"},
        {9, "/f/14/pg_dump", "Using pg_dump 14.20, the nearest to PostgreSQL 9 here: /f/14/pg_dump"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const Tool *tool = NULL;
        char *reason = NULL;
        Error err = ERROR_INIT;
        assert_ok(tools_pick_dump(&all_tools, cases[i].server, &tool, &reason, &err), &err);
        assert_string_equal(tool->path, cases[i].path);
        assert_text(reason, cases[i].reason);
    }
}

static void picks_a_restore_tool_new_enough(void **state)
{
    (void)state;
    const Tool *tool = NULL;
    char *reason = NULL;
    Error err = ERROR_INIT;
    assert_ok(tools_pick_restore(&all_tools, 15, &tool, &reason, &err), &err);
    assert_int_equal(tool->major, 17);
    assert_text(reason, "Using pg_restore 17.11: /b/17/pg_dump");
    tool = NULL;
    reason = NULL;
    assert_false(tools_pick_restore(&all_tools, 19, &tool, &reason, &err));
    assert_null(tool);
    assert_null(reason);
    assert_string_equal(err.hint, "Update CMMS Backup.");
    assert_error(&err, EK_TOOL, "the backup needs pg_restore 19, and the newest here is 18.6");
}

static void says_why_there_is_none(void **state)
{
    (void)state;
    const Tool *tool = NULL;
    char *reason = NULL;
    Error err = ERROR_INIT;
    assert_false(tools_pick_dump(&all_tools, 19, &tool, &reason, &err));
    assert_string_equal(err.hint, "Update CMMS Backup.");
    assert_error(&err, EK_TOOL, "the server is PostgreSQL 19, newer than every pg_dump here (newest: 18.6)");

    Tools none;
    tools_init(&none);
    assert_false(tools_pick_dump(&none, 17, &tool, &reason, &err));
    assert_string_equal(err.hint, "Install CMMS Backup again, or install PostgreSQL's command line tools.");
    assert_error(&err, EK_TOOL, "no pg_dump was found");
    assert_fails(tools_pick_restore(&none, 17, &tool, &reason, &err), &err, EK_TOOL, "no pg_restore was found");

    Tool broken[] = {{"C:\\pg\\pg_dump.exe", NULL, 0, "a DLL that it needs is missing: LIBPQ.dll"}};
    const Tools useless = {broken, 1, broken, 1};
    assert_false(tools_pick_dump(&useless, 17, &tool, &reason, &err));
    assert_string_equal(err.detail, "C:\\pg\\pg_dump.exe: a DLL that it needs is missing: LIBPQ.dll");
    assert_error(&err, EK_TOOL, "pg_dump was found, but cannot be used: a DLL that it needs is missing: LIBPQ.dll");
    assert_null(tool);
    assert_null(reason);
}

/* Files of the right name that are no programs, under both systems' names. */
static void keeps_the_reason_of_one_that_does_not_start(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    static const char *const names[] = {"pg_dump", "pg_dump.exe"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char *path = fs_join(dir, names[i]);
        test_write(path, "not a program");
        mem_free(path);
    }
    char *folder = fs_join(dir, "pg_restore");
    char *folder_exe = fs_join(dir, "pg_restore.exe");
    Error err = ERROR_INIT;
    assert_ok(fs_make_dirs(folder, &err), &err);
    assert_ok(fs_make_dirs(folder_exe, &err), &err);
    const char *const dirs[] = {dir, dir};
    Tools tools;
    tools_init(&tools);
    assert_ok(tools_find_in(dirs, 2, &tools, NULL, &err), &err);
    assert_int_equal(tools.dump_count, 1); /* each path once */
    assert_int_equal(tools.restore_count, 0); /* a folder is no tool */
    assert_int_equal(tools.dump[0].major, 0);
    assert_null(tools.dump[0].version);
    assert_non_null(tools.dump[0].problem);
    tools_release(&tools);
    mem_free(folder);
    mem_free(folder_exe);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_versions), cmocka_unit_test(picks_the_servers_own_major),
        cmocka_unit_test(picks_a_restore_tool_new_enough), cmocka_unit_test(says_why_there_is_none),
        cmocka_unit_test(keeps_the_reason_of_one_that_does_not_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
