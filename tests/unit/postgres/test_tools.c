#include "test_util.h"

#include "postgres/tools.h"

#ifndef _WIN32
#include <sys/stat.h>
#endif

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

static void reads_the_minor(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        int minor;
    } cases[] = {{"18.6", 6}, {"17.12", 12}, {"9.6.24", 6}, {"19beta1", -1}, {"19devel", -1}, {"18", -1}, {"", -1},
                 {"18.", -1}, {"18.99999999999999999999", 9999}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(tools_minor(cases[i].version), cases[i].minor);
    }
}

#define OURS(at, is, of, number) \
    {.path = (char *)(at), .version = (char *)(is), .major = (of), .minor = (number), .origin = TOOL_OURS}
#define FOUND(at, is, of, number) \
    {.path = (char *)(at), .version = (char *)(is), .major = (of), .minor = (number), .origin = TOOL_FOUND}
#define BROKEN(at, why) {.path = (char *)(at), .problem = (char *)(why), .minor = -1, .origin = TOOL_FOUND}

/* What M of a server is served by which of the tools here: ours first, and what was found only where ours do not do. */
static void picks_by_major_and_minor(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Tool here[5];
        ToolNeed need;
        const char *path, *reason, *warning; /* NULL: none */
    } cases[] = {
        {"ours of the same minor, though a newer one was found",
         {FOUND("/f/17", "17.13", 17, 13), OURS("/o/17", "17.12", 17, 12), OURS("/o/18", "18.7", 18, 7)},
         {170012, false}, "/o/17", "Using pg_dump 17.12, made for PostgreSQL 17: /o/17", NULL},
        {"ours is newer than the server", {OURS("/o/17", "17.12", 17, 12)}, {170004, false}, "/o/17",
         "Using pg_dump 17.12, made for PostgreSQL 17: /o/17", NULL},
        {"ours is of an older minor, a found one is not",
         {OURS("/o/17", "17.11", 17, 11), FOUND("/f/17", "17.12", 17, 12), OURS("/o/18", "18.6", 18, 6)},
         {170012, false}, "/f/17", "Using pg_dump 17.12, made for PostgreSQL 17: /f/17", NULL},
        {"all are of older minors: ours, and said",
         {FOUND("/f/17", "17.12", 17, 12), OURS("/o/17", "17.11", 17, 11), OURS("/p/17", "17.9", 17, 9)},
         {170013, false}, "/o/17", "Using pg_dump 17.11, made for PostgreSQL 17: /o/17",
         "pg_dump 17.11 is older than the server, PostgreSQL 17.13: update CMMS Backup"},
        {"only a found one of the major, and older",
         {OURS("/o/18", "18.6", 18, 6), FOUND("/f/17", "17.9", 17, 9)},
         {170012, false}, "/f/17", "Using pg_dump 17.9, made for PostgreSQL 17: /f/17",
         "pg_dump 17.9 is older than the server, PostgreSQL 17.12: update PostgreSQL's tools on this PC"},
        {"a tenth minor is more than a ninth",
         {OURS("/o/17", "17.9", 17, 9), OURS("/p/17", "17.10", 17, 10)}, {170010, false}, "/p/17",
         "Using pg_dump 17.10, made for PostgreSQL 17: /p/17", NULL},
        {"a beta is older than the first release", {OURS("/o/18", "18beta2", 18, -1)}, {180000, false}, "/o/18",
         "Using pg_dump 18beta2, made for PostgreSQL 18: /o/18",
         "pg_dump 18beta2 is older than the server, PostgreSQL 18.0: update CMMS Backup"},
        {"letters beyond ASCII: not the found one",
         {OURS("/o/17", "17.11", 17, 11), FOUND("/f/17", "17.12", 17, 12)}, {170012, true}, "/o/17",
         "Using pg_dump 17.11, made for PostgreSQL 17: /o/17",
         "pg_dump 17.11 is older than the server, PostgreSQL 17.12: update CMMS Backup"},
        {"letters beyond ASCII: ours of another major",
         {OURS("/o/17", "17.11", 17, 11), FOUND("/f/16", "16.16", 16, 16)}, {160016, true}, "/o/17",
         "Using pg_dump 17.11, the nearest to PostgreSQL 16 here: /o/17", NULL},
        {"letters beyond ASCII, and there is only a found one", {FOUND("/f/17", "17.12", 17, 12)}, {170012, true},
         "/f/17", "Using pg_dump 17.12, made for PostgreSQL 17: /f/17", NULL},
        {"found, of the server's own major", {OURS("/o/17", "17.11", 17, 11), FOUND("/f/16", "16.4", 16, 4)},
         {160004, false}, "/f/16", "Using pg_dump 16.4, made for PostgreSQL 16: /f/16", NULL},
        {"none of the major: the next newer, and ours of it",
         {FOUND("/f/17", "17.12", 17, 12), OURS("/o/18", "18.6", 18, 6), OURS("/o/17", "17.11", 17, 11)},
         {160016, false}, "/o/17", "Using pg_dump 17.11, the nearest to PostgreSQL 16 here: /o/17", NULL},
        {"one that does not start is passed over",
         {BROKEN("/b/17", "it did not answer within 20 seconds"), OURS("/o/17", "17.11", 17, 11)}, {170012, false},
         "/o/17", "Using pg_dump 17.11, made for PostgreSQL 17: /o/17",
         "pg_dump 17.11 is older than the server, PostgreSQL 17.12: update CMMS Backup"},
        {"before 10 the second number is not a minor", {OURS("/o/18", "18.6", 18, 6)}, {90624, false}, "/o/18",
         "Using pg_dump 18.6, the nearest to PostgreSQL 9 here: /o/18", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Tool here[5];
        size_t count = 0;
        for (; count < 5 && cases[i].here[count].path != NULL; count++) {
            here[count] = cases[i].here[count];
        }
        Tools tools = {here, count, here, count};
        const Tool *tool = NULL;
        char *reason = NULL, *warning = NULL;
        Error err = ERROR_INIT;
        assert_ok(tools_pick_dump(&tools, &cases[i].need, NULL, &tool, &reason, &warning, &err), &err);
        if (strcmp(tool->path, cases[i].path) != 0) {
            fail_msg("%s: %s", cases[i].name, tool->path);
        }
        assert_text(reason, cases[i].reason);
        if (cases[i].warning == NULL) {
            assert_null(warning);
        } else {
            assert_text(warning, cases[i].warning);
        }
    }
}

static void picks_a_restore_tool_new_enough(void **state)
{
    (void)state;
    Tool here[] = {FOUND("/f/17", "17.12", 17, 12), OURS("/o/17", "17.11", 17, 11), OURS("/o/18", "18.6", 18, 6),
                   FOUND("/f/16", "16.16", 16, 16)};
    Tools tools = {NULL, 0, here, TEST_COUNT(here)};
    static const struct {
        int major;
        const char *reason;
    } cases[] = {{17, "Using pg_restore 17.11: /o/17"}, {18, "Using pg_restore 18.6: /o/18"},
                 {16, "Using pg_restore 16.16: /f/16"}, {15, "Using pg_restore 16.16: /f/16"},
                 {0, "Using pg_restore 18.6: /o/18"}};
    const Tool *tool = NULL;
    char *reason = NULL;
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_ok(tools_pick_restore(&tools, cases[i].major, NULL, &tool, &reason, &err), &err);
        assert_text(reason, cases[i].reason);
    }
    tool = NULL;
    reason = NULL;
    assert_false(tools_pick_restore(&tools, 19, NULL, &tool, &reason, &err));
    assert_null(tool);
    assert_null(reason);
    assert_string_equal(err.hint, "Update CMMS Backup.");
    assert_error(&err, EK_TOOL, "the backup needs pg_restore 19, and the newest here is 18.6");
}

/* A tool that was only found is not started while ours do: this one would say that it is no program. */
static void starts_a_found_one_only_when_needed(void **state)
{
    (void)state;
    Tool here[] = {OURS("/o/17", "17.11", 17, 11), FOUND("/no/such/pg_dump", NULL, 0, -1)};
    Tools tools = {here, TEST_COUNT(here), here, TEST_COUNT(here)};
    const ToolNeed same = {170011, false}, newer = {170012, false};
    const Tool *tool = NULL;
    char *reason = NULL, *warning = NULL;
    Error err = ERROR_INIT;
    assert_ok(tools_pick_dump(&tools, &same, NULL, &tool, &reason, &warning, &err), &err);
    mem_free(reason);
    assert_null(warning);
    assert_ok(tools_pick_restore(&tools, 17, NULL, &tool, &reason, &err), &err);
    mem_free(reason);
    assert_null(here[1].problem);
    assert_ok(tools_pick_dump(&tools, &newer, NULL, &tool, &reason, &warning, &err), &err);
    mem_free(reason);
    mem_free(warning);
    assert_non_null(here[1].problem);
    assert_string_equal(tool->path, "/o/17");
    mem_free(here[1].problem);
}

static void says_why_there_is_none(void **state)
{
    (void)state;
    const Tool *tool = NULL;
    char *reason = NULL, *warning = NULL;
    Error err = ERROR_INIT;
    Tool here[] = {OURS("/o/17", "17.11", 17, 11), OURS("/o/18", "18.6", 18, 6)};
    Tools all = {here, TEST_COUNT(here), here, TEST_COUNT(here)};
    const ToolNeed new = {190000, false}, usual = {170011, false}, old = {90124, false};
    assert_false(tools_pick_dump(&all, &new, NULL, &tool, &reason, &warning, &err));
    assert_string_equal(err.hint, "Update CMMS Backup.");
    assert_error(&err, EK_TOOL, "the server is PostgreSQL 19, newer than every pg_dump here (newest: 18.6)");
    assert_false(tools_pick_dump(&all, &old, NULL, &tool, &reason, &warning, &err));
    assert_string_equal(err.hint, "Update the server: this PostgreSQL has had no repairs for years.");
    assert_error(&err, EK_TOOL, "the server is PostgreSQL 9.1, older than what pg_dump 17.11 can save (9.2 and newer)");

    /* Before the dump, not after it. */
    Tool future[] = {OURS("/o/19", "19.1", 19, 1)};
    Tools newest = {future, 1, future, 1};
    assert_false(tools_pick_dump(&newest, &new, NULL, &tool, &reason, &warning, &err));
    assert_string_equal(err.hint, "Update CMMS Backup.");
    assert_error(&err, EK_TOOL,
                 "pg_dump 19.1 may write archives that are newer than this program can check (PostgreSQL 18's)");
    assert_fails(tools_pick_dump(&newest, &usual, NULL, &tool, &reason, &warning, &err), &err, EK_TOOL,
                 "pg_dump 19.1 may write archives that are newer than this program can check (PostgreSQL 18's)");

    Tools none;
    tools_init(&none);
    assert_false(tools_pick_dump(&none, &usual, NULL, &tool, &reason, &warning, &err));
    assert_string_equal(err.hint, "Install CMMS Backup again, or install PostgreSQL's command line tools.");
    assert_error(&err, EK_TOOL, "no pg_dump was found");
    assert_fails(tools_pick_restore(&none, 17, NULL, &tool, &reason, &err), &err, EK_TOOL, "no pg_restore was found");

    Tool broken[] = {BROKEN("C:\\pg\\pg_dump.exe", "a DLL that it needs is missing: LIBPQ.dll")};
    Tools useless = {broken, 1, broken, 1};
    assert_false(tools_pick_dump(&useless, &usual, NULL, &tool, &reason, &warning, &err));
    assert_string_equal(err.detail, "C:\\pg\\pg_dump.exe: a DLL that it needs is missing: LIBPQ.dll");
    assert_error(&err, EK_TOOL, "pg_dump was found, but cannot be used: a DLL that it needs is missing: LIBPQ.dll");
    assert_null(tool);
    assert_null(reason);
    assert_null(warning);
}

/* One that would be refused gives way to another. */
static void takes_one_that_is_understood(void **state)
{
    (void)state;
    const Tool *tool = NULL;
    char *reason = NULL, *warning = NULL;
    Error err = ERROR_INIT;
    Tool here[] = {OURS("/o/19", "19.1", 19, 1), FOUND("/f/18", "18.6", 18, 6), FOUND("/f/14", "14.25", 14, 25)};
    Tools all = {here, TEST_COUNT(here), here, TEST_COUNT(here)};
    const ToolNeed new = {150020, false}, old = {90124, false};
    assert_ok(tools_pick_dump(&all, &new, NULL, &tool, &reason, &warning, &err), &err);
    assert_string_equal(tool->version, "18.6");
    mem_free(reason);
    assert_ok(tools_pick_dump(&all, &old, NULL, &tool, &reason, &warning, &err), &err);
    assert_string_equal(tool->version, "14.25");
    mem_free(reason);
}

static void complains_of_a_release(void **state)
{
    (void)state;
    const Tool old = OURS("/o/17/pg_dump", "17.11", 17, 11), safe = OURS("/o/17/pg_dump", "17.12", 17, 12);
    const Tool broken = BROKEN("/b", "it did not say which version it is"), unasked = FOUND("/f", NULL, 0, -1);
    assert_text(tools_complaint(&old, "pg_dump"),
                "pg_dump 17.11 lacks the security repairs of November 2026 (17.12): /o/17/pg_dump");
    assert_null(tools_complaint(&safe, "pg_dump"));
    assert_null(tools_complaint(&broken, "pg_dump"));
    assert_null(tools_complaint(&unasked, "pg_dump"));
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
    assert_ok(tools_find_in(dirs, 2, 2, &tools, NULL, &err), &err);
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

#ifndef _WIN32
static void write_script(const char *path, const char *version, const char *more)
{
    char *text = mem_printf("#!/bin/sh\necho asked >>\"$0.log\"\necho 'pg_dump (PostgreSQL) %s'\n%s", version, more);
    test_write(path, text);
    assert_int_equal(chmod(path, 0755), 0);
    mem_free(text);
}

static size_t times_asked(const char *path)
{
    char *log = mem_printf("%s.log", path);
    StrBuf text;
    Error err = ERROR_INIT;
    strbuf_init(&text, STRBUF_SMALL);
    assert_ok(fs_read_all(log, STRBUF_SMALL, &text, &err), &err);
    const size_t times = text.len / strlen("asked\n");
    strbuf_release(&text);
    mem_free(log);
    return times;
}

/* Of ours the one whose folder is named for the server's major is asked, and the others only when it does not do. */
static void the_folders_name_spares_questions(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    static const char *const names[] = {"17", "18"};
    static const char *const versions[] = {"17.11", "18.6"};
    char *dirs[TEST_COUNT(names)], *paths[TEST_COUNT(names)];
    const Tool *tool = NULL;
    char *reason = NULL, *warning = NULL;
    Tools tools;
    Error err = ERROR_INIT;
    tools_init(&tools);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        dirs[i] = fs_join(dir, names[i]);
        assert_ok(fs_make_dirs(dirs[i], &err), &err);
        paths[i] = fs_join(dirs[i], "pg_dump");
        write_script(paths[i], versions[i], "");
    }
    const char *const both[] = {dirs[0], dirs[1]};
    assert_ok(tools_find_in(both, 2, 2, &tools, NULL, &err), &err);
    assert_null(tools.dump[0].version);
    assert_null(tools.dump[1].version);
    const ToolNeed at_17 = {170011, false}, newer_minor = {170099, false}, at_16 = {160001, false};
    assert_ok(tools_pick_dump(&tools, &at_17, NULL, &tool, &reason, &warning, &err), &err);
    assert_string_equal(tool->version, "17.11");
    assert_null(warning);
    assert_null(tools.dump[1].version);
    mem_free(reason);
    assert_ok(tools_pick_dump(&tools, &newer_minor, NULL, &tool, &reason, &warning, &err), &err);
    assert_string_equal(tool->version, "17.11");
    assert_non_null(warning);
    assert_null(tools.dump[1].version); /* another major is no better */
    mem_free(reason);
    mem_free(warning);
    assert_ok(tools_pick_dump(&tools, &at_16, NULL, &tool, &reason, &warning, &err), &err);
    assert_string_equal(tool->version, "17.11");
    assert_string_equal(tools.dump[1].version, "18.6");
    mem_free(reason);
    tools_release(&tools);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        mem_free(paths[i]);
        mem_free(dirs[i]);
    }
    test_dir_remove(dir);
}

/* A tool is asked once as long as it is the same file; what was only found is not asked at all. (Scripts: not under
 * Windows.) */
static void answers_are_remembered(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char *path = fs_join(dir, "pg_dump");
    const char *const dirs[] = {dir};
    Tools tools;
    Error err = ERROR_INIT;
    tools_init(&tools);
    write_script(path, "17.11", "");
    assert_ok(tools_find_in(dirs, 1, 0, &tools, NULL, &err), &err);
    assert_null(tools.dump[0].version);
    for (int i = 0; i < 3; i++) {
        assert_ok(tools_find_in(dirs, 1, 1, &tools, NULL, &err), &err);
        assert_string_equal(tools.dump[0].version, "17.11");
        assert_int_equal(tools.dump[0].major, 17);
        assert_int_equal(tools.dump[0].minor, 11);
    }
    assert_int_equal(times_asked(path), 1);
    write_script(path, "18.7", "# of another size\n");
    assert_ok(tools_find_in(dirs, 1, 1, &tools, NULL, &err), &err);
    assert_string_equal(tools.dump[0].version, "18.7");
    assert_int_equal(times_asked(path), 2);
    assert_ok(tools_ask_all(&tools, NULL, &err), &err);
    assert_int_equal(times_asked(path), 2);
    tools_release(&tools);
    mem_free(path);
    test_dir_remove(dir);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef _WIN32
        cmocka_unit_test(the_folders_name_spares_questions),
        cmocka_unit_test(answers_are_remembered),
#endif
        cmocka_unit_test(parses_versions), cmocka_unit_test(reads_the_minor),
        cmocka_unit_test(picks_by_major_and_minor), cmocka_unit_test(picks_a_restore_tool_new_enough),
        cmocka_unit_test(starts_a_found_one_only_when_needed), cmocka_unit_test(says_why_there_is_none),
        cmocka_unit_test(takes_one_that_is_understood),
        cmocka_unit_test(complains_of_a_release), cmocka_unit_test(keeps_the_reason_of_one_that_does_not_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
