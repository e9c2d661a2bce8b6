#include "test_util.h"

#include "clock.h"

/* The window's parts are in no library: this one is compiled in. */
#include "../../src/ui/words.c"

static void megabytes(void **state)
{
    (void)state;
    assert_text(words_megabytes(0), "0.00");
    assert_text(words_megabytes(1048576), "1.00");
    assert_text(words_megabytes(13012828), "12.41");
    assert_text(words_megabytes(5000000000u), "4768.37");
}

static void progress(void **state)
{
    (void)state;
    static const struct {
        Progress progress;
        const char *text;
    } cases[] = {
        {{-1, "Connecting", 0, 0, -1}, "Connecting"},
        {{-1, NULL, 0, 0, -1}, "Working"},
        {{0, "Saving parts", 0, 0, -1}, "0 % - Saving parts"},
        {{0.4299, "Saving parts", 1048576, 3250586, 120},
         "42 % - Saving parts - 1.00 MB - 3.1 MB/s - about 2 minutes left"},
        {{0.999, "Checking", 0, 0, 0}, "99 % - Checking - a few seconds left"},
        {{0.9999999, "Checking", 0, 0, 9.9}, "99 % - Checking - a few seconds left"},
        {{1, "Done", 0, 0, -1}, "100 % - Done"},
        {{0.5, "x", 0, 0, 10}, "50 % - x - about 10 seconds left"},
        {{0.5, "x", 0, 0, 84}, "50 % - x - about 80 seconds left"},
        {{0.5, "x", 0, 0, 90}, "50 % - x - about 2 minutes left"},
        {{0.5, "x", 0, 0, 5399}, "50 % - x - about 90 minutes left"},
        {{0.5, "x", 0, 0, 5400}, "50 % - x - about 1.5 hours left"},
        {{0.5, "x", 0, 0, 360000}, "50 % - x"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(words_progress(&cases[i].progress), cases[i].text);
    }
}

static void status(void **state)
{
    (void)state;
    CivilTime when = {.year = 2026, .month = 1, .day = 19, .hour = 14, .minute = 30, .second = 52};
    static const struct {
        Level level;
        int age;
        const char *text;
    } cases[] = {
        {LEVEL_VERIFIED, 0, "✅ Last backup: 2026-01-19 14:30 (today) - Verified - 1.00 MB"},
        {LEVEL_PROVEN, 1, "✅ Last backup: 2026-01-19 14:30 (1 day ago) - Proven - 1.00 MB"},
        {LEVEL_LISTED, 2, "⚠ Last backup: 2026-01-19 14:30 (2 days ago) - Listed - 1.00 MB"},
        {LEVEL_NONE, 30, "⚠ Last backup: 2026-01-19 14:30 (30 days ago) - Not verified - 1.00 MB"},
        {LEVEL_BAD, 0, "❌ Last backup: 2026-01-19 14:30 (today) - Damaged - 1.00 MB"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        CatalogEntry entry = {
            .size = 1048576, .created = clock_from_local(&when), .age_days = cases[i].age, .level = cases[i].level};
        Catalog catalog = {&entry, 1};
        assert_text(words_status(&catalog), cases[i].text);
    }
    Catalog none = {NULL, 0};
    assert_text(words_status(&none), "⚠ No backup yet. Create Backup Now makes the first one.");
}

static void database(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    assert_text(words_database(&connection, false),
                "⚠ None is configured yet. Start with PGHOST, PGUSER and PGDATABASE set, with -h, -U and -d, or with "
                "--demo.");
    connection.host = mem_strdup("db.example");
    connection.user = mem_strdup("joe");
    connection.database = mem_strdup("cmms");
    secret_set(&connection.password, "hush", 4);
    assert_text(words_database(&connection, true), "joe@db.example:5432/cmms");
    connection_release(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(megabytes), cmocka_unit_test(progress),
                                       cmocka_unit_test(status), cmocka_unit_test(database)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
