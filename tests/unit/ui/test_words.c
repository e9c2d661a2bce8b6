#include "test_util.h"

/* The window's parts are in no library: this one is compiled in, with plain numbers in place of the user's form. */
#include "ui/words.c"

char *locale_number(double value, int decimals)
{
    return mem_printf("%.*f", decimals, value);
}

static void megabytes(void **state)
{
    (void)state;
    assert_text(words_megabytes(0), "0.00");
    assert_text(words_megabytes(1048576), "1.00");
    assert_text(words_megabytes(13012828), "12.41");
    assert_text(words_megabytes(5000000000u), "4768.37");
    assert_text(words_size(13012828), "12.4 MB");
    assert_text(words_size(5000000000u), "4.66 GB");
    assert_text(words_size((uint64_t)1 << 40), "1.00 TB");
}

static void in_label(void **state)
{
    (void)state;
    assert_text(words_in_label(""), "");
    assert_text(words_in_label("cmms & \xC3\xB6"), "cmms && \xC3\xB6");
    assert_text(words_in_label("&&x"), "&&&&x");
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
         "42 % - Saving parts - 1.00 MB - 3.10 MB/s - about 2 minutes left"},
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

static void tip(void **state)
{
    (void)state;
    const Progress saving = {0.4299, "Saving parts", 1048576, 3250586, 120};
    const Progress begun = {-1, NULL, 0, 0, -1};
    assert_text(words_step(&saving), "42 % - Saving parts");
    assert_text(words_step(&begun), "Working");
    assert_text(words_tip("42 % - Saving parts", "✅ Protected: last backup 3 hours ago, verified", NULL),
                "CMMS Backup - 42 % - Saving parts\n✅ Protected: last backup 3 hours ago, verified");
    assert_text(words_tip(NULL, "❌ Not protected: there is no backup yet", NULL),
                "CMMS Backup\n❌ Not protected: there is no backup yet");
    assert_text(words_tip(NULL, "❌ Not protected: there is no backup yet", "tonight 02:00"),
                "CMMS Backup\n❌ Not protected: there is no backup yet\nNext backup: tonight 02:00");
}

static void database(void **state)
{
    (void)state;
    Connection connection;
    connection_init(&connection);
    assert_text(words_database(&connection, false),
                "⚠ None is configured yet. Choose Connection in the Tools menu.");
    connection.host = mem_strdup("db.example");
    connection.user = mem_strdup("joe");
    connection.database = mem_strdup("cmms");
    secret_set(&connection.password, "hush", 4);
    assert_text(words_database(&connection, true), "joe@db.example:5432/cmms");
    connection_release(&connection);
}

static void named_setting(void **state)
{
    (void)state;
    static const struct {
        const char *message, *key, *label, *named;
    } cases[] = {
        {"\"retention_days\" must be a whole number from 1 to 3650", "retention_days", "Rete&ntion (Days):",
         "\"Retention (Days)\" must be a whole number from 1 to 3650"},
        {"retention_days must be a number", "retention_days", "Rete&ntion (Days):",
         "\"Retention (Days)\" must be a number"},
        {"the value of \"max_backups\"", "max_backups", "&Maximum backups:", "the value of \"Maximum backups\""},
        {"it is max_backups", "max_backups", "at: &last", "it is \"at: last\""},
        {"a\"max_backups is open", "max_backups", "Status && Lo&gs:", "a\"\"Status & Logs\" is open"},
        {"max_backups", "max_backups", "&&:", "\"&\""},
        {"max_backups", "max_backups", "", "\"\""},
        {"the disk is full", "max_backups", "&Maximum backups:", "the disk is full"},
        {"", "max_backups", "&Maximum backups:", ""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(words_name_setting(cases[i].message, cases[i].key, cases[i].label), cases[i].named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(megabytes),
        cmocka_unit_test(in_label),
        cmocka_unit_test(progress),
        cmocka_unit_test(tip),
        cmocka_unit_test(database),
        cmocka_unit_test(named_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
