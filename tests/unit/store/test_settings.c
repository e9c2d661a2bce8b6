#include "test_util.h"

#include "base/jsonutil.h"
#include "platform/thread.h"
#include "store/auditlog.h"
#include "store/settings.h"

#define GUIDE \
    "{\n  \"enabled\": true,\n  \"schedule\": \"daily\",\n  \"backup_time\": \"02:00\",\n" \
    "  \"retention_days\": 30,\n  \"max_backups\": 50,\n  \"compress\": true,\n  \"verify_after_backup\": true\n}\n"

static void check_defaults(const Settings *settings)
{
    assert_true(settings->enabled);
    assert_int_equal(settings->schedule, SCHEDULE_DAILY);
    assert_int_equal(settings->backup_hour, 2);
    assert_int_equal(settings->backup_minute, 0);
    assert_int_equal(settings->retention_days, 30);
    assert_int_equal(settings->max_backups, 50);
    assert_true(settings->compress);
    assert_true(settings->verify_after_backup);
    assert_non_null(settings->document);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(schedule_name(SCHEDULE_DAILY), "daily");
    assert_string_equal(schedule_name(SCHEDULE_WEEKLY), "weekly");
    assert_string_equal(schedule_name(SCHEDULE_MONTHLY), "monthly");
}

static void missing_file(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = 7; /* is replaced */
    assert_ok(settings_load(dir, &settings, &err), &err);
    check_defaults(&settings);
    assert_null(settings.notice);
    assert_int_equal(test_dir_count(dir), 0);
    settings_release(&settings);
    test_dir_remove(dir);
}

/* A save of the defaults is the file of the guide, letter by letter. */
static void as_in_the_guide(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    assert_ok(settings_save(dir, &settings, &err), &err);
    assert_text(test_read(path), GUIDE);
    assert_ok(settings_load(dir, &settings, &err), &err);
    check_defaults(&settings);
    assert_null(settings.notice);
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

static void others_survive(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    test_write(path, "\xEF\xBB\xBF{\"theme\":\"d\\u00fcster\",\"retention_days\":14,\"sharepoint\":{\"site\":[1,2.5,"
                     "null]},\"Retention_Days\":9,\"schedule\":\"Weekly\"}");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_null(settings.notice);
    assert_int_equal(settings.retention_days, 14);
    assert_int_equal(settings.schedule, SCHEDULE_WEEKLY);
    settings.retention_days = 21;
    settings.backup_hour = 23;
    settings.backup_minute = 5;
    settings.enabled = false;
    assert_ok(settings_save(dir, &settings, &err), &err);
    assert_text(test_read(path),
                "{\n  \"theme\": \"d\\u00fcster\",\n  \"retention_days\": 21,\n  \"sharepoint\": {\n    \"site\": [\n"
                "      1,\n      2.5,\n      null\n    ]\n  },\n  \"Retention_Days\": 9,\n  \"schedule\": \"weekly\",\n"
                "  \"enabled\": false,\n  \"backup_time\": \"23:05\",\n  \"max_backups\": 50,\n  \"compress\": true,\n"
                "  \"verify_after_backup\": true\n}\n");
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

/* The schedule's rows, which the predecessor's file does not have. */
static void of_the_schedule(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *shown; /* NULL: refused */
        const char *why;
    } rows[] = {
        {"weekdays", "mon", "mon", NULL},
        {"weekdays", "Sun, THU,mon", "mon,thu,sun", NULL},
        {"weekdays", "", NULL, "weekdays must be days such as mon,thu"},
        {"weekdays", "mon,", NULL, "weekdays must be days such as mon,thu"},
        {"weekdays", "monday", NULL, "weekdays must be days such as mon,thu"},
        {"more_times", "", "", NULL},
        {"more_times", "12:00, 8:05", "12:00,08:05", NULL},
        {"more_times", "24:00", NULL, "more_times must be at most 11 times of day such as 12:00,18:30"},
        {"more_times", "1:00,2:00,3:00,4:00,5:00,6:00,7:00,8:00,9:00,10:00,11:00,12:00", NULL,
         "more_times must be at most 11 times of day such as 12:00,18:30"},
        {"month_day", "0", "0", NULL},
        {"month_day", "31", "31", NULL},
        {"month_day", "32", NULL, "month_day must be a whole number from 0 to 31"},
        {"wake", "true", "true", NULL},
        {"on_battery", "no", NULL, "on_battery must be true or false"},
        {"upload_after_backup", "true", "true", NULL},
        {"upload_after_backup", "1", NULL, "upload_after_backup must be true or false"},
        {"upload_limit_kb", "0", "0", NULL},
        {"upload_limit_kb", "500", "500", NULL},
        {"upload_limit_kb", "10000000", "10000000", NULL},
        {"upload_limit_kb", "1000000000", NULL, "upload_limit_kb must be a whole number from 0 to 10000000"},
        {"upload_limit_kb", "10000001", NULL, "upload_limit_kb must be a whole number from 0 to 10000000"},
        {"undo_days", "0", "0", NULL},
        {"undo_days", "3651", NULL, "undo_days must be a whole number from 0 to 3650"},
        {"prove_within_days", "0", "0", NULL},
        {"prove_within_days", "3651", NULL, "prove_within_days must be a whole number from 0 to 3650"},
        {"battery_percent", "0", "0", NULL},
        {"battery_percent", "101", NULL, "battery_percent must be a whole number from 0 to 100"},
        {"on_metered", "false", "false", NULL},
        {"on_metered", "yes", NULL, "on_metered must be true or false"},
        {"quiet_hours", "", "", NULL},
        {"quiet_hours", "8:00 - 17:30", "08:00-17:30", NULL},
        {"quiet_hours", "22:00-06:00", "22:00-06:00", NULL},
        {"quiet_hours", "22:00-22:00", NULL,
         "quiet_hours must be two times of day such as 22:00-06:00, or nothing"},
        {"quiet_hours", "22:00-24:00", NULL,
         "quiet_hours must be two times of day such as 22:00-06:00, or nothing"},
        {"quiet_hours", "22:00", NULL, "quiet_hours must be two times of day such as 22:00-06:00, or nothing"},
        {"quiet_hours", "-06:00", NULL, "quiet_hours must be two times of day such as 22:00-06:00, or nothing"},
        {"quiet_hours", "1:00-2:00-3:00", NULL,
         "quiet_hours must be two times of day such as 22:00-06:00, or nothing"},
        {"wait_days", "0", "0", NULL},
        {"wait_days", "31", NULL, "wait_days must be a whole number from 0 to 30"},
        {"recheck_days", "365", "365", NULL},
        {"recheck_days", "366", NULL, "recheck_days must be a whole number from 0 to 365"},
        {"prove_every_days", "0", "0", NULL},
        {"prove_every_days", "366", NULL, "prove_every_days must be a whole number from 0 to 365"},
        {"check_hours", "", "", NULL},
        {"check_hours", "1:00-5:00", "01:00-05:00", NULL},
        {"check_hours", "night", NULL, "check_hours must be two times of day such as 22:00-06:00, or nothing"},
    };
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Settings settings;
        settings_init(&settings);
        char *before = settings_get(&settings, rows[i].key);
        if (rows[i].shown) {
            assert_ok(settings_set(&settings, rows[i].key, rows[i].value, &err), &err);
            assert_ok(settings_save(dir, &settings, &err), &err);
            assert_ok(settings_load(dir, &settings, &err), &err);
            assert_null(settings.notice);
            assert_text(settings_get(&settings, rows[i].key), rows[i].shown);
        } else {
            assert_fails(settings_set(&settings, rows[i].key, rows[i].value, &err), &err, EK_SETTINGS, rows[i].why);
            assert_text(settings_get(&settings, rows[i].key), before);
        }
        mem_free(before);
        settings_release(&settings);
    }
    /* Edited by hand to nonsense: each is named, and the usual counts. */
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    test_write(path, "{\"weekdays\": 7, \"more_times\": \"noon\", \"month_day\": -1}");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_string_equal(settings.notice, "more_times was \"noon\"; none is used. weekdays was 7; mon is used. "
                                         "month_day was -1; 1 is used");
    test_write(path, "{\"quiet_hours\": 8, \"check_hours\": \"all\", \"battery_percent\": 200}");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_string_equal(settings.notice, "battery_percent was 200; 20 is used. quiet_hours was 8; none is used. "
                                         "check_hours was \"all\"; 20:00-06:00 is used");
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *notice;
        int retention, backups, hour, minute;
        bool enabled;
        Schedule schedule;
    } rows[] = {
        {"{}", NULL, 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":1,\"max_backups\":10000}", NULL, 1, 10000, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":3650,\"max_backups\":1}", NULL, 3650, 1, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":7.0}", NULL, 7, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\"7:30\",\"schedule\":\"monthly\"}", NULL, 30, 50, 7, 30, true, SCHEDULE_MONTHLY},
        {"{\"backup_time\":\"23:59\",\"enabled\":false}", NULL, 30, 50, 23, 59, false, SCHEDULE_DAILY},
        {"{\"retention_days\":\"abc\"}", "retention_days was \"abc\"; 30 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":0}", "retention_days was 0; 30 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":-3}", "retention_days was -3; 30 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":3651}", "retention_days was 3651; 30 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":30.5}", "retention_days was 30.5; 30 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"max_backups\":10001}", "max_backups was 10001; 50 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"max_backups\":null}", "max_backups was null; 50 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"max_backups\":[1]}", "max_backups was [1]; 50 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"enabled\":1}", "enabled was 1; true is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"schedule\":\"hourly\"}", "schedule was \"hourly\"; daily is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"schedule\":3}", "schedule was 3; daily is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\"24:00\"}",
         "backup_time was \"24:00\"; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\"12:60\"}",
         "backup_time was \"12:60\"; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\"12:5\"}",
         "backup_time was \"12:5\"; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\"012:50\"}", "backup_time was \"012:50\"; 02:00 is used", 30, 50, 2, 0, true,
         SCHEDULE_DAILY},
        {"{\"backup_time\":\"1::50\"}",
         "backup_time was \"1::50\"; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":\" 2:00\"}",
         "backup_time was \" 2:00\"; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"backup_time\":2}", "backup_time was 2; 02:00 is used", 30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"retention_days\":\"x\",\"max_backups\":0}",
         "retention_days was \"x\"; 30 is used. max_backups was 0; 50 is used",
         30, 50, 2, 0, true, SCHEDULE_DAILY},
        {"{\"schedule\":\"0123456789012345678901234567890123456789\"}",
         "schedule was \"012345678901234567890123456789012345678…; daily is used", 30, 50, 2, 0, true,
         SCHEDULE_DAILY},
        {"{\"schedule\":\"01234567890123456789012345678901234567\xC3\xBC\"}",
         "schedule was \"01234567890123456789012345678901234567…; daily is used", 30, 50, 2, 0, true,
         SCHEDULE_DAILY},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Settings settings;
        settings_init(&settings);
        assert_ok(settings_parse(rows[i].text, strlen(rows[i].text), &settings, &err), &err);
        if (rows[i].notice) {
            assert_non_null(settings.notice);
            assert_string_equal(settings.notice, rows[i].notice);
        } else {
            assert_null(settings.notice);
        }
        assert_int_equal(settings.retention_days, rows[i].retention);
        assert_int_equal(settings.max_backups, rows[i].backups);
        assert_int_equal(settings.backup_hour, rows[i].hour);
        assert_int_equal(settings.backup_minute, rows[i].minute);
        assert_int_equal(settings.enabled, rows[i].enabled);
        assert_int_equal(settings.schedule, rows[i].schedule);
        settings_release(&settings);
    }
}

typedef struct Found {
    char *name;
} Found;

static bool find_damaged(void *context, const char *name, const FsInfo *info)
{
    Found *found = context;
    (void)info;
    if (!strncmp(name, "backup_config.damaged-", 22)) {
        mem_free(found->name);
        found->name = mem_strdup(name);
    }
    return true;
}

static void damaged_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {{"{\"retention_days\": 14", "the text is not JSON from byte 21 on"},
                {"", "the text is not JSON from byte 0 on"},
                {"[30]", "it is not a JSON object"},
                {"{\"a\":\"\xFF\"}", "the text is not UTF-8 from byte 6 on"}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
        Error err = ERROR_INIT;
        Found found = {NULL};
        Settings settings;
        settings_init(&settings);
        test_write(path, rows[i].text);
        assert_ok(settings_load(dir, &settings, &err), &err);
        check_defaults(&settings);
        assert_false(fs_exists(path));
        assert_ok(fs_list(dir, find_damaged, &found, &err), &err);
        assert_non_null(found.name);
        assert_int_equal(strlen(found.name), strlen("backup_config.damaged-YYYYMMDD_HHMMSS.json"));
        char *kept = fs_join(dir, found.name);
        assert_text(test_read(kept), rows[i].text);
        char *notice = mem_printf("backup_config.json could not be read (%s) and was kept as %s; the default settings "
                                  "are used",
                                  rows[i].why, found.name);
        assert_string_equal(settings.notice, notice);
        assert_string_equal(settings.unsure, "the settings could not be read");
        /* The next load finds no file, and still knows that there was one. */
        assert_ok(settings_load(dir, &settings, &err), &err);
        mem_free(notice);
        notice = mem_printf("backup_config.json is not there, and %s is; the default settings are used, and no old "
                            "backup is removed by them. Save the settings again", found.name);
        assert_string_equal(settings.notice, notice);
        assert_non_null(settings.unsure);
        assert_ok(settings_save(dir, &settings, &err), &err);
        assert_ok(settings_load(dir, &settings, &err), &err);
        assert_null(settings.notice);
        assert_null(settings.unsure);
        mem_free(notice);
        mem_free(kept);
        mem_free(found.name);
        settings_release(&settings);
        mem_free(path);
        test_dir_remove(dir);
    }
}

/* The defaults are nobody's choice where somebody has chosen before, or may have. */
static void defaults_that_are_not_sure(void **state)
{
    (void)state;
    static const struct {
        const char *file, *operation, *unsure;
    } rows[] = {
        {NULL, NULL, NULL},
        {NULL, "backup", NULL},
        {"backup_configuration.txt", NULL, NULL},
        {NULL, "settings", "backup_config.json is not there, although settings were saved in this folder"},
        {NULL, "log", "backup_config.json is not there, although settings were saved in this folder"},
        {"backup_config-PC2.json", NULL, "backup_config.json is not there, and backup_config-PC2.json is"},
        {"Backup_Config (1).json", "backup", "backup_config.json is not there, and Backup_Config (1).json is"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *dir = test_dir_new();
        Error err = ERROR_INIT;
        Settings settings;
        settings_init(&settings);
        if (rows[i].file) {
            char *path = fs_join(dir, rows[i].file);
            test_write(path, "{\"retention_days\": 3650}");
            mem_free(path);
        }
        if (rows[i].operation) {
            const AuditEntry entry = {.operation = rows[i].operation, .status = "success", .seconds = -1};
            assert_ok(auditlog_append(dir, &entry, &err), &err);
        }
        assert_ok(settings_load(dir, &settings, &err), &err);
        check_defaults(&settings);
        if (!rows[i].unsure) {
            assert_null(settings.unsure);
            assert_null(settings.notice);
        } else {
            assert_string_equal(settings.unsure, rows[i].unsure);
            assert_non_null(settings.notice);
        }
        settings_release(&settings);
        test_dir_remove(dir);
    }
}

/* A folder that is not there is not one without settings. */
static void folder_is_gone(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *gone = fs_join(dir, "gone");
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = 7;
    assert_false(settings_load(gone, &settings, &err));
    assert_int_equal(err.kind, EK_IO);
    assert_int_equal(settings.retention_days, 7);
    error_clear(&err);
    settings_release(&settings);
    mem_free(gone);
    test_dir_remove(dir);
}

static bool set_compress(void *context, Settings *settings, Error *err)
{
    return settings_set(settings, context, "false", err);
}

static bool set_days(void *context, Settings *settings, Error *err)
{
    return settings_set(settings, "retention_days", context, err);
}

/* A value that is none is not repaired in silence by saving another: it stays, and nothing is removed, until it is
 * set. */
static void wrong_values_stay(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    test_write(path, "{\"retention_days\": \"3650\", \"theme\": 1}");
    assert_ok(settings_change(dir, set_compress, (char *)"compress", &settings, &err), &err);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 30);
    assert_false(settings.compress);
    assert_string_equal(settings.unsure,
                        "backup_config.json holds a value that cannot be used (retention_days was \"3650\"; 30 is "
                        "used)");
    assert_ok(settings_change(dir, set_days, (char *)"3650", &settings, &err), &err);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 3650);
    assert_null(settings.unsure);
    /* Also where it is the value that was used instead. */
    test_write(path, "{\"retention_days\": null}");
    assert_ok(settings_change(dir, set_days, (char *)"30", &settings, &err), &err);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_null(settings.unsure);
    /* And where the file is gone and what is chosen are the defaults. */
    test_write(path, "no JSON");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_ok(settings_change(dir, set_days, (char *)"30", &settings, &err), &err);
    assert_null(settings.unsure);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_null(settings.unsure);
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

/* Twice in the same second: both are kept. */
static void two_damaged_are_kept(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    for (int i = 0; i < 3; i++) {
        test_write(path, "no JSON");
        assert_ok(settings_load(dir, &settings, &err), &err);
    }
    assert_int_equal(test_dir_count(dir), 3);
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

static void cannot_be_read(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = 7;
    assert_ok(fs_make_dirs(path, &err), &err); /* a folder of that name */
    assert_false(settings_load(dir, &settings, &err));
    assert_int_equal(err.kind, EK_IO);
    assert_int_equal(strncmp(err.message, "the settings cannot be read: ", 29), 0);
    assert_int_equal(settings.retention_days, 7);
    error_clear(&err);
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

static void save_refuses_nonsense(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = 0;
    assert_fails(settings_save(dir, &settings, &err), &err, EK_SETTINGS,
                 "retention_days must be a whole number from 1 to 3650");
    settings.retention_days = 30;
    settings.max_backups = 10001;
    assert_fails(settings_save(dir, &settings, &err), &err, EK_SETTINGS,
                 "max_backups must be a whole number from 1 to 10000");
    settings.max_backups = 50;
    settings.backup_minute = 60;
    assert_fails(settings_save(dir, &settings, &err), &err, EK_SETTINGS,
                 "backup_time must be a time of day from 00:00 to 23:59");
    settings.backup_minute = 0;
    settings.schedule = (Schedule)3;
    assert_fails(settings_save(dir, &settings, &err), &err, EK_SETTINGS,
                 "schedule must be daily, weekly or monthly");
    assert_int_equal(test_dir_count(dir), 0);
    settings_release(&settings);
    test_dir_remove(dir);
}

static void save_fails(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere");
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    assert_false(settings_save(nowhere, &settings, &err));
    assert_int_equal(strncmp(err.message, "the settings cannot be saved: ", 30), 0);
    error_clear(&err);
    settings_release(&settings);
    mem_free(nowhere);
    test_dir_remove(dir);
}

/* Whoever reads while others save sees one of the whole versions. */
static void save_all(void *argument)
{
    const char *dir = argument;
    for (int i = 1; i <= 20; i++) {
        Settings settings;
        settings_init(&settings);
        settings.retention_days = i;
        settings.max_backups = i;
        settings_save(dir, &settings, NULL);
        settings_release(&settings);
    }
}

typedef struct Adder {
    const char *dir;
    bool days; /* else the most backups */
    int failures;
} Adder;

static bool add_one(void *context, Settings *settings, Error *err)
{
    const Adder *adder = context;
    (void)err;
    *(adder->days ? &settings->retention_days : &settings->max_backups) += 1;
    return true;
}

static void add_often(void *argument)
{
    Adder *adder = argument;
    for (int i = 0; i < 20; i++) {
        Settings settings;
        settings_init(&settings);
        adder->failures += !settings_change(adder->dir, add_one, adder, &settings, NULL);
        settings_release(&settings);
    }
}

/* Of two who change different values at once, none loses what the other did. */
static void changes_do_not_overtake(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = settings.max_backups = 100;
    assert_ok(settings_save(dir, &settings, &err), &err);
    Adder adders[2] = {{dir, true, 0}, {dir, false, 0}};
    Thread *threads[2] = {thread_start(add_often, &adders[0]), thread_start(add_often, &adders[1])};
    thread_join(threads[0]);
    thread_join(threads[1]);
    assert_int_equal(adders[0].failures + adders[1].failures, 0);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 120);
    assert_int_equal(settings.max_backups, 120);
    settings_release(&settings);
    test_dir_remove(dir);
}

static bool spoil(void *context, Settings *settings, Error *err)
{
    settings->max_backups = *(int *)context;
    return settings->max_backups != 0 || error_set(err, EK_USAGE, "thought better of it");
}

static void a_refused_change_saves_nothing(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    int value = 0;
    settings_init(&settings);
    settings.retention_days = 7; /* stays as it was */
    assert_fails(settings_change(dir, spoil, &value, &settings, &err), &err, EK_USAGE, "thought better of it");
    value = 99999;
    assert_fails(settings_change(dir, spoil, &value, &settings, &err), &err, EK_SETTINGS,
                 "max_backups must be a whole number from 1 to 10000");
    assert_int_equal(settings.retention_days, 7);
    assert_false(fs_exists(path));
    value = 50; /* what it is by default: there is nothing to save */
    assert_ok(settings_change(dir, spoil, &value, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 30);
    assert_false(fs_exists(path));
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

static void old_or_new(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.retention_days = settings.max_backups = 1;
    assert_ok(settings_save(dir, &settings, &err), &err);
    Thread *threads[2] = {thread_start(save_all, dir), thread_start(save_all, dir)};
    for (int i = 0; i < 40; i++) {
        assert_ok(settings_load(dir, &settings, &err), &err);
        assert_null(settings.notice);
        assert_int_equal(settings.retention_days, settings.max_backups);
    }
    thread_join(threads[0]);
    thread_join(threads[1]);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.retention_days, 20);
    assert_int_equal(test_dir_count(dir), 2); /* the file and the lock file */
    settings_release(&settings);
    test_dir_remove(dir);
}

static void by_key(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *now; /* now NULL: refused */
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {"enabled", "False", "false", EK_NONE, NULL},
        {"enabled", "maybe", NULL, EK_SETTINGS, "enabled must be true or false"},
        {"schedule", "WEEKLY", "weekly", EK_NONE, NULL},
        {"schedule", "hourly", NULL, EK_SETTINGS, "schedule must be daily, weekly or monthly"},
        {"backup_time", "7:30", "07:30", EK_NONE, NULL},
        {"backup_time", "24:00", NULL, EK_SETTINGS, "backup_time must be a time of day from 00:00 to 23:59"},
        {"retention_days", "14", "14", EK_NONE, NULL},
        {"retention_days", "14x", NULL, EK_SETTINGS, "retention_days must be a whole number from 1 to 3650"},
        {"retention_days", "", NULL, EK_SETTINGS, "retention_days must be a whole number from 1 to 3650"},
        {"max_backups", "99999999999", NULL, EK_SETTINGS, "max_backups must be a whole number from 1 to 10000"},
        {"compress", "false", "false", EK_NONE, NULL},
        {"verify_after_backup", "true", "true", EK_NONE, NULL},
        {"keep_monthly", "12", "12", EK_NONE, NULL},
        {"keep_monthly", "121", NULL, EK_SETTINGS, "keep_monthly must be a whole number from 0 to 120"},
        {"shrink_alarm_percent", "0", "0", EK_NONE, NULL},
        {"shrink_alarm_percent", "101", NULL, EK_SETTINGS, "shrink_alarm_percent must be a whole number from 0 to 100"},
        {"compress_with", "GZIP", "gzip", EK_NONE, NULL},
        {"compress_with", "brotli", NULL, EK_SETTINGS, "compress_with must be zstd, gzip or lz4"},
        {"colour", "red", NULL, EK_USAGE, "there is no setting \"colour\""},
    };
    Settings settings;
    settings_init(&settings);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        char *before = settings_get(&settings, rows[i].key);
        bool ok = settings_set(&settings, rows[i].key, rows[i].value, &err);
        if (rows[i].now) {
            assert_ok(ok, &err);
            assert_text(settings_get(&settings, rows[i].key), rows[i].now);
        } else {
            assert_fails(ok, &err, rows[i].kind, rows[i].message);
            if (before) {
                assert_text(settings_get(&settings, rows[i].key), before);
            }
        }
        mem_free(before);
    }
    for (size_t i = 0; settings_key(i); i++) {
        char *value = settings_get(&settings, settings_key(i));
        assert_non_null(value);
        mem_free(value);
    }
    settings_release(&settings);
}

/* Each row of the table: its place in the order, its default, and what is said of a value that is none. */
static void every_row(void **state)
{
    (void)state;
    static const struct {
        const char *key, *usual, *wrong, *must;
    } rows[] = {
        {"enabled", "true", "1", "true or false"},
        {"schedule", "daily", "hourly", "daily, weekly or monthly"},
        {"backup_time", "02:00", "24:00", "a time of day from 00:00 to 23:59"},
        {"retention_days", "30", "0", "a whole number from 1 to 3650"},
        {"max_backups", "50", "10001", "a whole number from 1 to 10000"},
        {"compress", "true", "", "true or false"},
        {"verify_after_backup", "true", "yes", "true or false"},
        {"keep_monthly", "0", "121", "a whole number from 0 to 120"},
        {"shrink_alarm_percent", "30", "101", "a whole number from 0 to 100"},
        {"stall_minutes", "10", "0", "a whole number from 1 to 1440"},
        {"compress_with", "zstd", "zip", "zstd, gzip or lz4"},
        {"more_times", "", "noon", "at most 11 times of day such as 12:00,18:30"},
        {"weekdays", "mon", "", "days such as mon,thu"},
        {"month_day", "1", "32", "a whole number from 0 to 31"},
        {"wake", "false", "0", "true or false"},
        {"on_battery", "true", "0", "true or false"},
        {"prove_within_days", "35", "-1", "a whole number from 0 to 3650"},
        {"upload_after_backup", "false", "on", "true or false"},
        {"undo_days", "14", "3651", "a whole number from 0 to 3650"},
        {"battery_percent", "20", "101", "a whole number from 0 to 100"},
        {"on_metered", "true", "", "true or false"},
        {"quiet_hours", "", "22:00", "two times of day such as 22:00-06:00, or nothing"},
        {"wait_days", "2", "31", "a whole number from 0 to 30"},
        {"recheck_days", "7", "366", "a whole number from 0 to 365"},
        {"prove_every_days", "30", "366", "a whole number from 0 to 365"},
        {"check_hours", "20:00-06:00", "8:00-8:00", "two times of day such as 22:00-06:00, or nothing"},
        {"upload_limit_kb", "0", "", "a whole number from 0 to 10000000"},
    };
    assert_null(settings_key(TEST_COUNT(rows)));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Settings settings;
        settings_init(&settings);
        assert_string_equal(settings_key(i), rows[i].key);
        assert_text(settings_get(&settings, rows[i].key), rows[i].usual);
        char *why = mem_printf("%s must be %s", rows[i].key, rows[i].must);
        assert_fails(settings_set(&settings, rows[i].key, rows[i].wrong, &err), &err, EK_SETTINGS, why);
        assert_text(settings_get(&settings, rows[i].key), rows[i].usual);
        char *text = mem_printf("{\"%s\": []}", rows[i].key);
        char *notice = mem_printf("%s was []; %s is used", rows[i].key, rows[i].usual[0] ? rows[i].usual : "none");
        assert_ok(settings_parse(text, strlen(text), &settings, &err), &err);
        assert_string_equal(settings.notice, notice);
        assert_true(settings.wrong == 1u << i);
        assert_false(settings_knows(&settings, rows[i].key));
        assert_ok(settings_set(&settings, rows[i].key, rows[i].usual, &err), &err);
        assert_true(settings.wrong == 0);
        mem_free(notice);
        mem_free(text);
        mem_free(why);
        settings_release(&settings);
    }
}

/* The settings that the predecessor did not have: in the file only when they are not the default. */
static void ours_alone(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    settings.keep_monthly = 12;
    settings.shrink_alarm_percent = 0;
    settings.stall_minutes = 1440;
    settings.compress_with = METHOD_LZ4;
    assert_ok(settings_save(dir, &settings, &err), &err);
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_int_equal(settings.keep_monthly, 12);
    assert_int_equal(settings.shrink_alarm_percent, 0);
    assert_int_equal(settings.stall_minutes, 1440);
    assert_string_equal(settings_method(&settings), "lz4");
    settings.stall_minutes = 0;
    assert_fails(settings_save(dir, &settings, &err), &err, EK_SETTINGS,
                 "stall_minutes must be a whole number from 1 to 1440");
    test_write(path, "{\"keep_monthly\": -1, \"shrink_alarm_percent\": 101}");
    assert_ok(settings_load(dir, &settings, &err), &err);
    assert_string_equal(settings.notice, "keep_monthly was -1; 0 is used. shrink_alarm_percent was 101; 30 is used");
    settings_release(&settings);
    mem_free(path);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_that_are_not_sure), cmocka_unit_test(folder_is_gone),
        cmocka_unit_test(wrong_values_stay), cmocka_unit_test(by_key), cmocka_unit_test(ours_alone),
        cmocka_unit_test(every_row),

        cmocka_unit_test(names),           cmocka_unit_test(missing_file),  cmocka_unit_test(as_in_the_guide),
        cmocka_unit_test(others_survive),  cmocka_unit_test(of_the_schedule),
        cmocka_unit_test(values),                  cmocka_unit_test(damaged_is_kept),
        cmocka_unit_test(two_damaged_are_kept), cmocka_unit_test(cannot_be_read),
        cmocka_unit_test(save_refuses_nonsense), cmocka_unit_test(save_fails), cmocka_unit_test(old_or_new),
        cmocka_unit_test(changes_do_not_overtake), cmocka_unit_test(a_refused_change_saves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
