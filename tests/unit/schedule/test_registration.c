#include "test_util.h"

#include "platform/tasks.h"
#include "schedule/registration.h"
#include "test_env.h"
#include "version.h"

/* Here the system's scheduler is a folder of files. On Windows it is Task Scheduler, in which the user may have a task
 * of this name: test_tasks_xml.c and e2e/test_schedule.py go through that. */
#ifndef _WIN32

static void looks_like(const Settings *settings, const char *folder, RegistrationState state, const char *text)
{
    Registration registration;
    registration_init(&registration);
    registration_look(settings, folder, &registration);
    assert_string_equal(registration.text, text);
    assert_int_equal(registration.state, state);
    registration_release(&registration);
}

/* Somebody's hand in the task. */
static void edit(const char *from, const char *to)
{
    TaskInfo info;
    Error err = ERROR_INIT;
    task_info_init(&info);
    assert_ok(tasks_look(CMMS_TASK_NAME, &info, &err), &err);
    char *at = strstr(info.xml, from);
    assert_non_null(at);
    char *changed = mem_printf("%.*s%s%s", (int)(at - info.xml), info.xml, to, at + strlen(from));
    assert_ok(tasks_register(CMMS_TASK_NAME, changed, &err), &err);
    mem_free(changed);
    task_info_release(&info);
}

static void what_somebody_did_to_it(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    bool removed = false;
    char *warning = NULL;
    settings_init(&settings);
    test_setenv("CMMS_BACKUP_DATA", dir);
    static const char good[] = "a task starts it while the window is closed";
    static const char none[] = "no task starts it while the window is closed";
    looks_like(&settings, NULL, REGISTRATION_NONE, none);
    assert_ok(registration_refresh(&settings, NULL, &err), &err); /* makes none */
    looks_like(&settings, NULL, REGISTRATION_NONE, none);
    assert_ok(registration_install(&settings, NULL, &warning, &err), &err);
    assert_null(warning);
    looks_like(&settings, NULL, REGISTRATION_GOOD, good);

    /* The settings change, and another folder is meant. */
    settings.backup_hour = 3;
    looks_like(&settings, NULL, REGISTRATION_OLD, "the task is not as the settings say now");
    assert_ok(registration_refresh(&settings, NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_GOOD, good);
    settings.on_battery = false;
    looks_like(&settings, NULL, REGISTRATION_OLD, "the task is not as the settings say now");
    assert_ok(registration_install(&settings, "/srv/a b", NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_OLD, "the task is not as the settings say now");
    looks_like(&settings, "/srv/a b", REGISTRATION_GOOD, good);
    TaskInfo info;
    task_info_init(&info);
    assert_ok(tasks_look(CMMS_TASK_NAME, &info, &err), &err);
    assert_string_equal(info.arguments, "schedule run-due --quiet --folder \"/srv/a b\"");
    assert_string_equal(info.description, "Backs up the CMMS database daily at 03:00, waiting to be plugged in.");
    task_info_release(&info);

    /* A mapped drive: the task has the share, and what the user has chosen is warned of. */
    char *profile = fs_join(dir, "connection.json");
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", "Q=\\\\srv\\cmms");
    assert_ok(registration_install(&settings, "Q:\\b c", &warning, &err), &err);
    assert_null(warning);
    looks_like(&settings, "Q:\\b c", REGISTRATION_GOOD, good);
    looks_like(&settings, "\\\\srv\\cmms\\b c", REGISTRATION_GOOD, good);
    test_write(profile, "{\"folder\":\"Q:\\\\b\"}");
    assert_ok(registration_install(&settings, NULL, &warning, &err), &err);
    assert_text(warning, "The backup folder is on Q:, a network drive, which may not be connected when the task runs. "
                         "Choose the folder by its share, \\\\srv\\cmms\\b");
    warning = NULL;
    test_setenv("CMMS_BACKUP_FAKE_DRIVE", NULL);
    assert_ok(fs_remove(profile, &err), &err);
    mem_free(profile);
    assert_ok(registration_install(&settings, "/srv/a b", NULL, &err), &err);

    edit("    <Enabled>true</Enabled>\n    <Hidden>", "    <Enabled>false</Enabled>\n    <Hidden>");
    looks_like(&settings, "/srv/a b", REGISTRATION_DISABLED,
               "the task \"AIT CMMS Backup\" is switched off in Task Scheduler");
    assert_ok(registration_refresh(&settings, "/srv/a b", &err), &err); /* not behind somebody's back */
    looks_like(&settings, "/srv/a b", REGISTRATION_DISABLED,
               "the task \"AIT CMMS Backup\" is switched off in Task Scheduler");
    assert_ok(registration_install(&settings, NULL, NULL, &err), &err);
    edit("<Command>\"", "<Command>\"/gone");
    Registration moved;
    registration_init(&moved);
    registration_look(&settings, NULL, &moved);
    assert_int_equal(moved.state, REGISTRATION_MOVED);
    assert_non_null(strstr(moved.text, ", which is not there any more"));
    registration_release(&moved);
    assert_ok(registration_install(&settings, NULL, NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_GOOD, good);

    /* An earlier release's lets no slot start while its upload runs: it is made anew. */
    edit("<MultipleInstancesPolicy>Parallel<", "<MultipleInstancesPolicy>IgnoreNew<");
    looks_like(&settings, NULL, REGISTRATION_OLD, "the task is not as the settings say now");
    assert_ok(registration_refresh(&settings, NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_GOOD, good);

    /* Somebody has ticked a box in Task Scheduler: that is said, not undone behind a back, and mended when asked. */
    static const char changed[] = "the task is not as it was registered: it starts only on mains power";
    edit("<DisallowStartIfOnBatteries>false<", "<DisallowStartIfOnBatteries>true<");
    looks_like(&settings, NULL, REGISTRATION_CHANGED, changed);
    assert_ok(registration_refresh(&settings, NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_CHANGED, changed);
    assert_ok(registration_install(&settings, NULL, NULL, &err), &err);
    looks_like(&settings, NULL, REGISTRATION_GOOD, good);
    edit("T03:00:00<", "T04:00:00<");
    looks_like(&settings, NULL, REGISTRATION_CHANGED,
               "the task is not as it was registered: its times are 04:00, not 03:00");
    assert_ok(registration_install(&settings, NULL, NULL, &err), &err);

    /* A task of our name that another program made stays what it is. */
    edit("<Author>CMMS Backup</Author>", "<Author>Contoso</Author>");
    static const char foreign[] = "the task \"AIT CMMS Backup\" in Task Scheduler belongs to another program";
    looks_like(&settings, NULL, REGISTRATION_FOREIGN, foreign);
    assert_fails(registration_install(&settings, NULL, NULL, &err), &err, EK_BUSY, foreign);
    assert_fails(registration_remove(&removed, &err), &err, EK_BUSY, foreign);
    edit("<Author>Contoso</Author>", "<Author>CMMS Backup</Author>");
    assert_ok(registration_remove(&removed, &err), &err);
    assert_true(removed);
    looks_like(&settings, NULL, REGISTRATION_NONE, none);
    assert_ok(registration_remove(&removed, &err), &err);
    assert_false(removed);
    settings_release(&settings);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

static RegistrationStep follow(const Settings *settings)
{
    Error err = ERROR_INIT;
    RegistrationStep step = REGISTRATION_KEPT;
    char *warning = NULL;
    assert_ok(registration_follow(settings, NULL, &step, &warning, &err), &err);
    assert_null(warning);
    return step;
}

/* Save Config: the task is there with the schedule, and goes with it. */
static void it_follows_the_settings(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *profile = fs_join(dir, "connection.json");
    Error err = ERROR_INIT;
    Settings settings;
    RegistrationStep step = REGISTRATION_KEPT;
    settings_init(&settings);
    test_setenv("CMMS_BACKUP_DATA", dir);
    assert_int_equal(follow(&settings), REGISTRATION_NEEDS_DATABASE);
    looks_like(&settings, NULL, REGISTRATION_NONE, "no task starts it while the window is closed");
    assert_fails(registration_enlist(&settings, NULL, false, NULL, &err), &err, EK_SETTINGS,
                 "no database is saved, so a task would not know which to back up");
    assert_fails(registration_enlist(&settings, "b", true, NULL, &err), &err, EK_USAGE,
                 "the folder of a task must be given with its whole path");
    assert_null(registration_problem(&settings, NULL)); /* nothing is saved that a task could back up */
    test_write(profile, "{\"host\":\"h\",\"user\":\"u\",\"database\":\"d\"}");
    assert_text(registration_problem(&settings, NULL), "no task starts it while the window is closed");
    assert_int_equal(follow(&settings), REGISTRATION_MADE);
    assert_null(registration_problem(&settings, NULL));
    assert_int_equal(follow(&settings), REGISTRATION_KEPT);
    settings.backup_hour = 4;
    assert_int_equal(follow(&settings), REGISTRATION_MADE);
    looks_like(&settings, NULL, REGISTRATION_GOOD, "a task starts it while the window is closed");
    settings.enabled = false;
    assert_null(registration_problem(&settings, NULL));
    assert_int_equal(follow(&settings), REGISTRATION_TAKEN_AWAY);
    assert_int_equal(follow(&settings), REGISTRATION_KEPT);

    /* Another program's is in the way only where ours is wanted. */
    settings.enabled = true;
    assert_int_equal(follow(&settings), REGISTRATION_MADE);
    edit("<Author>CMMS Backup</Author>", "<Author>Contoso</Author>");
    settings.enabled = false;
    assert_int_equal(follow(&settings), REGISTRATION_KEPT);
    settings.enabled = true;
    assert_fails(registration_follow(&settings, NULL, &step, NULL, &err), &err, EK_BUSY,
                 "the task \"AIT CMMS Backup\" in Task Scheduler belongs to another program");
    settings_release(&settings);
    mem_free(profile);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

#endif

/* For JSON: a script may hang on them. */
static void words(void **state)
{
    (void)state;
    static const char *const wanted[] = {"good", "none", "disabled", "foreign", "moved", "old", "changed", "unknown"};
    for (int i = REGISTRATION_GOOD; i <= REGISTRATION_UNKNOWN; i++) {
        assert_string_equal(registration_state_word((RegistrationState)i), wanted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
#ifndef _WIN32
        cmocka_unit_test(what_somebody_did_to_it),
        cmocka_unit_test(it_follows_the_settings),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
