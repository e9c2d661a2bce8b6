#include "test_util.h"

#include "platform/tasks.h"
#include "test_env.h"

#define HEAD                                                                                        \
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"                                                 \
    "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n"      \
    "  <RegistrationInfo>\n"                                                                        \
    "    <Author>CMMS Backup</Author>\n"                                                            \
    "    <Description>Backs &lt;up&gt; &amp; checks</Description>\n"                                \
    "  </RegistrationInfo>\n"                                                                       \
    "  <Triggers>\n"
#define TRIGGER(time, days)                                                                         \
    "    <CalendarTrigger>\n"                                                                       \
    "      <StartBoundary>2026-11-30T" time ":00</StartBoundary>\n"                                 \
    "      <Enabled>true</Enabled>\n" days                                                          \
    "    </CalendarTrigger>\n"
#define CATCH_UP                                                                                    \
    "    <LogonTrigger>\n"                                                                          \
    "      <Enabled>true</Enabled>\n"                                                               \
    "      <UserId>PC\\ann</UserId>\n"                                                              \
    "      <Delay>PT2M</Delay>\n"                                                                   \
    "    </LogonTrigger>\n"                                                                         \
    "    <SessionStateChangeTrigger>\n"                                                             \
    "      <Enabled>true</Enabled>\n"                                                               \
    "      <UserId>PC\\ann</UserId>\n"                                                              \
    "      <Delay>PT1M</Delay>\n"                                                                   \
    "      <StateChange>SessionUnlock</StateChange>\n"                                              \
    "    </SessionStateChangeTrigger>\n"
#define TAIL(wake)                                                                                  \
    "  </Triggers>\n"                                                                               \
    "  <Principals>\n"                                                                              \
    "    <Principal id=\"Author\">\n"                                                               \
    "      <UserId>PC\\ann</UserId>\n"                                                              \
    "      <LogonType>InteractiveToken</LogonType>\n"                                               \
    "      <RunLevel>LeastPrivilege</RunLevel>\n"                                                   \
    "    </Principal>\n"                                                                            \
    "  </Principals>\n"                                                                             \
    "  <Settings>\n"                                                                                \
    "    <MultipleInstancesPolicy>Parallel</MultipleInstancesPolicy>\n"                             \
    "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n"                         \
    "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n"                                  \
    "    <AllowHardTerminate>true</AllowHardTerminate>\n"                                           \
    "    <StartWhenAvailable>true</StartWhenAvailable>\n"                                           \
    "    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>\n"                            \
    "    <IdleSettings>\n"                                                                          \
    "      <StopOnIdleEnd>false</StopOnIdleEnd>\n"                                                  \
    "      <RestartOnIdle>false</RestartOnIdle>\n"                                                  \
    "    </IdleSettings>\n"                                                                         \
    "    <AllowStartOnDemand>true</AllowStartOnDemand>\n"                                           \
    "    <Enabled>true</Enabled>\n"                                                                 \
    "    <Hidden>false</Hidden>\n"                                                                  \
    "    <RunOnlyIfIdle>false</RunOnlyIfIdle>\n"                                                    \
    "    <WakeToRun>" wake "</WakeToRun>\n"                                                         \
    "    <ExecutionTimeLimit>P1D</ExecutionTimeLimit>\n"                                            \
    "    <Priority>7</Priority>\n"                                                                  \
    "  </Settings>\n"                                                                               \
    "  <Actions Context=\"Author\">\n"                                                              \
    "    <Exec>\n"                                                                                  \
    "      <Command>\"C:\\M\xC3\xBCller &amp; Co\\cmms-backup.exe\"</Command>\n"                    \
    "      <Arguments>--scheduled --folder \"D:\\b\"</Arguments>\n"                                 \
    "      <WorkingDirectory>C:\\M\xC3\xBCller &amp; Co</WorkingDirectory>\n"                       \
    "    </Exec>\n"                                                                                 \
    "  </Actions>\n"                                                                                \
    "</Task>\n"
#define BY_DAY "      <ScheduleByDay>\n        <DaysInterval>1</DaysInterval>\n      </ScheduleByDay>\n"
#define BY_WEEK                                                                                     \
    "      <ScheduleByWeek>\n        <WeeksInterval>1</WeeksInterval>\n        <DaysOfWeek>\n"      \
    "          <Sunday />\n          <Thursday />\n"                                                \
    "        </DaysOfWeek>\n      </ScheduleByWeek>\n"
#define BY_MONTH(days)                                                                              \
    "      <ScheduleByMonth>\n        <DaysOfMonth>\n" days "        </DaysOfMonth>\n        <Months>\n" \
    "          <January />\n          <February />\n          <March />\n          <April />\n"     \
    "          <May />\n          <June />\n          <July />\n          <August />\n"             \
    "          <September />\n          <October />\n          <November />\n          <December />\n" \
    "        </Months>\n      </ScheduleByMonth>\n"

static const int times[] = {120, 1110};

static TaskSpec usual(void)
{
    return (TaskSpec){.author = "CMMS Backup",
                      .description = "Backs <up> & checks",
                      .user = "PC\\ann",
                      .program = "C:\\M\xC3\xBCller & Co\\cmms-backup.exe",
                      .arguments = "--scheduled --folder \"D:\\b\"",
                      .directory = "C:\\M\xC3\xBCller & Co",
                      .from = {.year = 2026, .month = 11, .day = 30},
                      .every = TASK_EVERY_DAY,
                      .times = times,
                      .time_count = 1,
                      .catch_up = true};
}

static void byte_for_byte(void **state)
{
    (void)state;
    TaskSpec spec = usual();
    assert_text(tasks_xml(&spec), HEAD TRIGGER("02:00", BY_DAY) CATCH_UP TAIL("false"));
    spec.time_count = 2;
    spec.every = TASK_EVERY_WEEK;
    spec.weekdays = 1u | 1u << 4;
    spec.wake = true;
    spec.catch_up = false;
    assert_text(tasks_xml(&spec), HEAD TRIGGER("02:00", BY_WEEK) TRIGGER("18:30", BY_WEEK) TAIL("true"));
    spec.time_count = 1;
    spec.every = TASK_EVERY_MONTH;
    spec.month_day = 28;
    assert_text(tasks_xml(&spec), HEAD TRIGGER("02:00", BY_MONTH("          <Day>28</Day>\n")) TAIL("true"));
    spec.month_day = 29;
    assert_text(tasks_xml(&spec), HEAD TRIGGER("02:00", BY_MONTH("          <Day>29</Day>\n"
                                                                 "          <Day>Last</Day>\n")) TAIL("true"));
    spec.month_day = 0;
    assert_text(tasks_xml(&spec), HEAD TRIGGER("02:00", BY_MONTH("          <Day>Last</Day>\n")) TAIL("true"));
}

/* One place of the text is another. */
static char *edited(const char *xml, const char *from, const char *to)
{
    const char *at = strstr(xml, from);
    assert_non_null(at);
    return mem_printf("%.*s%s%s", (int)(at - xml), xml, to, at + strlen(from));
}

static void what_somebody_has_changed(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        const char *text; /* NULL: nothing that matters */
    } rows[] = {
        {"T02:00:00", "T03:00:00", "its times are 03:00, 18:30, not 02:00, 18:30"},
        {"T18:30:00", "T18:30:00Z", "its times are 02:00, 18:30Z, not 02:00, 18:30"},
        {"T02:00:00", "", "its times are ?, 18:30, not 02:00, 18:30"},
        {"2026-11-30T02:00:00", "2030-01-01T02:00:00", "it begins only on 2030-01-01"},
        {"2026-11-30T02:00:00", "2026-01-01T02:00:00", NULL},
        {":00</StartBoundary>", ":00</StartBoundary><EndBoundary>2026-12-24T00:00:00</EndBoundary>",
         "it ends on 2026-12-24"},
        {"      <Enabled>true</Enabled>\n      <ScheduleByWeek>",
         "      <Enabled>false</Enabled>\n      <ScheduleByWeek>", "one of its times is switched off"},
        {"<Thursday />", "<Friday />", "its days are others than the schedule's"},
        {"<Thursday />", "<Thursday/>", NULL},
        {"<WeeksInterval>1<", "<WeeksInterval>2<", "its days are others than the schedule's"},
        {"<DisallowStartIfOnBatteries>false", "<DisallowStartIfOnBatteries>true", "it starts only on mains power"},
        {"    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n", "", NULL},
        {"<StopIfGoingOnBatteries>false", "<StopIfGoingOnBatteries>true",
         "it is stopped when the PC goes on battery"},
        {"<StartWhenAvailable>true", "<StartWhenAvailable>false",
         "it is not started later where its time was slept over"},
        {"<RunOnlyIfNetworkAvailable>false", "<RunOnlyIfNetworkAvailable>true",
         "it starts only while Windows sees a network"},
        {"<RunOnlyIfIdle>false", "<RunOnlyIfIdle>true", "it starts only while nobody uses the PC"},
        {"<WakeToRun>false", "<WakeToRun>true", "whether it wakes the PC is not as the settings say"},
        {"<ExecutionTimeLimit>P1D", "<ExecutionTimeLimit>PT1H", "it is ended after another time than a day"},
        {"<LogonType>InteractiveToken", "<LogonType>S4U", "it runs without the rights of whoever is signed in"},
        {"<LogonType>InteractiveToken", "<LogonType>Password", NULL},
        {"<RunLevel>LeastPrivilege", "<RunLevel>HighestAvailable", "it runs with an administrator's rights"},
        {"Co</WorkingDirectory>", "Co\\engine</WorkingDirectory>", "it starts in another folder"},
        {"<WorkingDirectory>C:", "<WorkingDirectory>c:", NULL},
        {"<Priority>7", "<Priority>4", NULL},
        {"<UserId>PC\\ann", "<UserId>S-1-5-21-1", NULL},
        {"<Delay>PT2M", "<Delay>PT9M", NULL},
        {"<CalendarTrigger>", "<CalendarTrigger id=\"1\">", NULL},
    };
    TaskSpec spec = usual();
    spec.every = TASK_EVERY_WEEK;
    spec.weekdays = 1u << 4;
    spec.time_count = 2;
    char *wanted = tasks_xml(&spec);
    assert_null(tasks_difference(wanted, wanted));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *xml = edited(wanted, rows[i].from, rows[i].to), *text = tasks_difference(xml, wanted);
        if ((text == NULL) != (rows[i].text == NULL) || (text != NULL && strcmp(text, rows[i].text) != 0)) {
            print_error("%s: %s\n", rows[i].to, text != NULL ? text : "(nothing)");
            fail();
        }
        mem_free(text);
        mem_free(xml);
    }
    assert_text(tasks_difference("<Task><Triggers /><Settings /></Task>", wanted), "it has no times");
    assert_text(tasks_difference("<CalendarTrigger", wanted), "it has no times"); /* cut off */
    mem_free(wanted);
}

static void what_it_says(void **state)
{
    (void)state;
    const TaskSpec spec = usual();
    TaskInfo info;
    task_info_init(&info);
    char *xml = tasks_xml(&spec);
    tasks_read_xml(xml, &info);
    assert_true(info.there && info.enabled);
    assert_string_equal(info.author, spec.author);
    assert_string_equal(info.description, spec.description);
    assert_string_equal(info.program, spec.program);
    assert_string_equal(info.arguments, spec.arguments);
    assert_string_equal(info.instances, "Parallel");
    assert_string_equal(info.xml, xml);
    mem_free(xml);
    /* Of others: without quotes, without arguments, switched off; a trigger that is off is not the task. */
    tasks_read_xml("<Task><Triggers><LogonTrigger><Enabled>false</Enabled></LogonTrigger></Triggers><Settings>"
                   "<Hidden>true</Hidden></Settings><Actions><Exec><Command>C:\\a b.exe</Command></Exec></Actions>"
                   "</Task>", &info);
    assert_true(info.there && info.enabled);
    assert_null(info.author);
    assert_null(info.arguments);
    assert_null(info.instances);
    assert_string_equal(info.program, "C:\\a b.exe");
    tasks_read_xml("<Task><Settings><Enabled>false</Enabled></Settings><Command>\"</Command><Author>x", &info);
    assert_false(info.enabled);
    assert_null(info.author);
    assert_string_equal(info.program, "\"");
    tasks_read_xml("", &info);
    assert_true(info.there);
    assert_null(info.program);
    task_info_release(&info);
}

static void reads_as(const TaskInfo *info, const TaskSpec *spec)
{
    static const char *const kept[] = {
        "<DisallowStartIfOnBatteries>false<", "<StopIfGoingOnBatteries>false<", "<StartWhenAvailable>true<",
        "<ExecutionTimeLimit>P1D<",
    };
    for (size_t i = 0; i < TEST_COUNT(kept); i++) {
        assert_non_null(strstr(info->xml, kept[i]));
    }
    assert_non_null(strstr(info->xml, spec->wake ? "<WakeToRun>true<" : "<WakeToRun>false<"));
    assert_string_equal(info->author, spec->author);
    assert_string_equal(info->description, spec->description);
#ifdef _WIN32
    /* Wine 10 reads a task's triggers and actions, and gives back neither; and knows one policy of instances only. */
    if (info->program == NULL) {
        return;
    }
#endif
    assert_string_equal(info->program, spec->program);
    assert_string_equal(info->arguments, spec->arguments);
    assert_string_equal(info->instances, TASK_INSTANCES);
}

/* The system's own: registered, read back, replaced, removed. On Windows that is Task Scheduler, so its name is one
 * that only this test has. */
static void registered(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    unsigned char bytes[4];
    Error err = ERROR_INIT;
    TaskInfo info;
    bool removed = true;
    task_info_init(&info);
    test_setenv("CMMS_BACKUP_DATA", dir);
    assert_true(machine_random(bytes, sizeof bytes));
    char *name = mem_printf("CMMS Backup test %02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    char *user = tasks_user();
    assert_non_null(user);
    TaskSpec spec = usual();
    spec.user = user;
    /* Without signs that XML knows: Wine's service writes them unescaped. */
    spec.description = "Backs up";
    spec.program = "C:\\M\xC3\xBCller\\cmms-backup.exe";
    spec.directory = "C:\\M\xC3\xBCller";
    char *xml = tasks_xml(&spec);
    assert_ok(tasks_look(name, &info, &err), &err);
    assert_false(info.there);
    assert_ok(tasks_register(name, xml, &err), &err);
    assert_ok(tasks_look(name, &info, &err), &err);
    assert_true(info.there && info.enabled);
    reads_as(&info, &spec);
    mem_free(xml);
    spec.arguments = "--other";
    spec.description = "Backs up more";
    spec.wake = true;
    xml = tasks_xml(&spec);
    assert_ok(tasks_register(name, xml, &err), &err);
    assert_ok(tasks_look(name, &info, &err), &err);
    reads_as(&info, &spec);
    assert_ok(tasks_remove(name, &removed, &err), &err);
    assert_true(removed);
    assert_ok(tasks_look(name, &info, &err), &err);
    assert_false(info.there);
    assert_ok(tasks_remove(name, &removed, &err), &err);
    assert_false(removed);
    mem_free(xml);
    mem_free(user);
    mem_free(name);
    task_info_release(&info);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_for_byte), cmocka_unit_test(what_somebody_has_changed),
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
