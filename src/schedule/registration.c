/*
 * registration.c: which program the task starts: the window's, which needs no console, where it lies beside this one;
 * else this one.
 */
#include "schedule/registration.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "jobs/opening.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "platform/share.h"
#include "platform/tasks.h"
#include "postgres/userprofile.h"
#include "schedule/due.h"
#include "version.h"

#define ARGUMENTS_MAX (32u * 1024u)
#define DAY_MINUTES (24 * 60)

const char *registration_state_word(RegistrationState state)
{
    static const char *const words[] = {"good", "none", "disabled", "foreign", "moved", "old", "changed", "unknown"};
    return words[state];
}

void registration_init(Registration *registration)
{
    *registration = (Registration){.state = REGISTRATION_NONE};
}

void registration_release(Registration *registration)
{
    mem_free(registration->text);
    mem_free(registration->program);
    registration_init(registration);
}

/* What the task is to be: texts of its own. */
typedef struct Wanted {
    char *program, *directory, *arguments, *description;
    char *xml; /* all of it; NULL: that does not matter */
} Wanted;

static void wanted_release(Wanted *wanted)
{
    mem_free(wanted->program);
    mem_free(wanted->directory);
    mem_free(wanted->arguments);
    mem_free(wanted->description);
    mem_free(wanted->xml);
}

static TaskEvery every(Schedule pattern)
{
    return pattern == SCHEDULE_DAILY ? TASK_EVERY_DAY : pattern == SCHEDULE_WEEKLY ? TASK_EVERY_WEEK : TASK_EVERY_MONTH;
}

/* Each time once, in their order. */
static size_t sort_times(const DuePlan *plan, int *times)
{
    size_t count = 0;
    for (int minute = 0; minute < DAY_MINUTES; minute++) {
        bool has = false;
        for (size_t i = 0; i < plan->time_count; i++) {
            has = has || plan->times[i] == minute;
        }
        if (has) {
            times[count++] = minute;
        }
    }
    return count;
}

/* From today on. */
static TaskSpec spec_of(const Settings *settings, const Wanted *wanted, const char *user, int times[DUE_TIMES])
{
    const DuePlan plan = due_plan(settings);
    TaskSpec spec = {.author = CMMS_PRODUCT,
                     .description = wanted->description,
                     .user = user,
                     .program = wanted->program,
                     .arguments = wanted->arguments,
                     .directory = wanted->directory,
                     .every = every(plan.pattern),
                     .weekdays = plan.weekdays,
                     .month_day = plan.month_day,
                     .times = times,
                     .time_count = sort_times(&plan, times),
                     .wake = settings->wake,
                     .catch_up = true};
    clock_local(clock_now(), &spec.from);
    return spec;
}

static Wanted want(const Settings *settings, const char *folder)
{
    const DuePlan plan = due_plan(settings);
    Wanted wanted = {.directory = machine_program_dir()};
    StrBuf arguments;
    strbuf_init(&arguments, ARGUMENTS_MAX);
    char *window = fs_join(wanted.directory, CMMS_WINDOW_PROGRAM), *text = due_plan_text(&plan);
    if (fs_exists(window)) {
        wanted.program = window;
        strbuf_addstr(&arguments, "--scheduled");
    } else {
        mem_free(window);
        wanted.program = machine_program_path();
        strbuf_addstr(&arguments, "schedule run-due --quiet");
    }
    if (folder != NULL) { /* by its share, if it has one: the drive's letter may not be there when the task starts */
        char *share = share_path(folder);
        strbuf_addstr(&arguments, " --folder ");
        process_quote(&arguments, share != NULL ? share : folder);
        mem_free(share);
    }
    wanted.arguments = strbuf_detach(&arguments);
    wanted.description = mem_printf("Backs up the CMMS database %s%s%s.", text, settings->wake ? ", waking the PC" : "",
                                    settings->on_battery ? "" : ", waiting to be plugged in");
    mem_free(text);
    int times[DUE_TIMES];
    const TaskSpec spec = spec_of(settings, &wanted, NULL, times);
    wanted.xml = tasks_xml(&spec);
    return wanted;
}

static bool is_ours(const TaskInfo *info)
{
    return info->author != NULL && strcmp(info->author, CMMS_PRODUCT) == 0;
}

static void say(Registration *registration, RegistrationState state, char *text)
{
    registration->state = state;
    registration->text = text;
}

/* An earlier release's refuses a start while its upload runs, and slots with it. */
static bool is_of_today(const TaskInfo *info, const Wanted *wanted)
{
    return info->arguments != NULL && strcmp(info->arguments, wanted->arguments) == 0 &&
           (info->instances == NULL || strcmp(info->instances, TASK_INSTANCES) == 0);
}

/* Wine gives a task back without what it starts and when; the description then has to say whether it is the right
 * one. */
static void judge(const TaskInfo *info, const Wanted *wanted, Registration *registration)
{
    char *changed = info->there && info->program != NULL && wanted->xml != NULL
                        ? tasks_difference(info->xml, wanted->xml)
                        : NULL;
    registration->program = mem_strdup(info->program);
    if (!info->there) {
        say(registration, REGISTRATION_NONE, mem_strdup("no task starts it while the window is closed"));
    } else if (!is_ours(info)) {
        say(registration, REGISTRATION_FOREIGN,
            mem_printf("the task \"%s\" in Task Scheduler belongs to another program", CMMS_TASK_NAME));
    } else if (!info->enabled) {
        say(registration, REGISTRATION_DISABLED,
            mem_printf("the task \"%s\" is switched off in Task Scheduler", CMMS_TASK_NAME));
    } else if (info->program != NULL && utf8_casecmp(info->program, wanted->program) != 0) {
        say(registration, REGISTRATION_MOVED,
            !fs_exists(info->program) ? mem_printf("the task starts %s, which is not there any more", info->program)
                                      : mem_printf("the task starts %s, which is not this program", info->program));
    } else if ((info->program != NULL && !is_of_today(info, wanted)) || info->description == NULL ||
               strcmp(info->description, wanted->description) != 0) {
        say(registration, REGISTRATION_OLD, mem_strdup("the task is not as the settings say now"));
    } else if (changed != NULL) {
        say(registration, REGISTRATION_CHANGED, mem_printf("the task is not as it was registered: %s", changed));
    } else {
        say(registration, REGISTRATION_GOOD, mem_strdup("a task starts it while the window is closed"));
    }
    mem_free(changed);
}

static bool look(const Wanted *wanted, Registration *registration, Error *err)
{
    TaskInfo info;
    task_info_init(&info);
    registration_release(registration);
    const bool ok = tasks_look(CMMS_TASK_NAME, &info, err);
    if (ok) {
        judge(&info, wanted, registration);
    }
    task_info_release(&info);
    return ok;
}

void registration_look(const Settings *settings, const char *folder, Registration *registration)
{
    Error err = ERROR_INIT;
    Wanted wanted = want(settings, folder);
    if (!look(&wanted, registration, &err)) {
        char *why = error_text(&err);
        say(registration, REGISTRATION_UNKNOWN, mem_printf("whether a task starts it cannot be seen: %s", why));
        mem_free(why);
        error_clear(&err);
    }
    wanted_release(&wanted);
}

static bool refuse_foreign(const Registration *registration, Error *err)
{
    if (registration->state != REGISTRATION_FOREIGN) {
        return true;
    }
    error_set(err, EK_BUSY, "%s", registration->text);
    return error_hint(err, "Rename or delete that task in Task Scheduler first; it is left as it is.");
}

static bool hand_over(const TaskSpec *spec, Error *err)
{
    char *xml = tasks_xml(spec);
    const bool ok = tasks_register(CMMS_TASK_NAME, xml, err);
    mem_free(xml);
    return ok;
}

/* To start at a sign-in takes rights that some PCs do not give; the times of day are what matters. */
static bool put(const Settings *settings, const Wanted *wanted, char **warning, Error *err)
{
    int times[DUE_TIMES];
    char *user = tasks_user();
    TaskSpec spec = spec_of(settings, wanted, user, times);
    Error why = ERROR_INIT;
    bool ok = hand_over(&spec, &why);
    if (!ok && why.kind == EK_REFUSED) {
        error_clear(&why);
        spec.catch_up = false;
        ok = hand_over(&spec, &why);
        if (ok && warning != NULL) {
            *warning = mem_strdup("Windows does not let the task start at a sign-in. What was slept over is caught up "
                                  "by Task Scheduler alone, or when the window is opened");
        }
    }
    mem_free(user);
    return ok || error_move(err, &why);
}

/* The folder that the user has chosen is looked up when the task runs. */
static void warn_of_drive(const char *named, char **warning)
{
    char *folder = named != NULL ? NULL : userprofile_folder(), *share = folder != NULL ? share_path(folder) : NULL;
    if (share != NULL) {
        char *text = mem_printf("%s%sThe backup folder is on %c:, a network drive, which may not be connected when the "
                                "task runs. Choose the folder by its share, %s", *warning != NULL ? *warning : "",
                                *warning != NULL ? ". " : "", folder[0], share);
        mem_free(*warning);
        *warning = text;
    }
    mem_free(share);
    mem_free(folder);
}

bool registration_install(const Settings *settings, const char *folder, char **warning, Error *err)
{
    Wanted wanted = want(settings, folder);
    Registration registration;
    registration_init(&registration);
    const bool ok = look(&wanted, &registration, err) && refuse_foreign(&registration, err) &&
                    put(settings, &wanted, warning, err);
    if (ok && warning != NULL) {
        warn_of_drive(folder, warning);
    }
    registration_release(&registration);
    wanted_release(&wanted);
    return ok;
}

bool registration_refresh(const Settings *settings, const char *folder, Error *err)
{
    Registration registration;
    registration_init(&registration);
    registration_look(settings, folder, &registration);
    const bool old = registration.state == REGISTRATION_OLD;
    registration_release(&registration);
    return !old || registration_install(settings, folder, NULL, err);
}

bool registration_remove(bool *removed, Error *err)
{
    Registration registration;
    const Wanted nothing = {.program = (char *)"", .arguments = (char *)"", .description = (char *)""};
    registration_init(&registration);
    const bool ok = look(&nothing, &registration, err) && refuse_foreign(&registration, err) &&
                    tasks_remove(CMMS_TASK_NAME, removed, err);
    registration_release(&registration);
    return ok;
}

static bool is_whole(const char *folder)
{
    const bool drive = folder[0] != '\0' && folder[1] == ':' && (folder[2] == '\\' || folder[2] == '/');
    return drive || folder[0] == '/' || (folder[0] == '\\' && folder[1] == '\\');
}

bool registration_enlist(const Settings *settings, const char *folder, bool connected, char **warning, Error *err)
{
    if (folder && !is_whole(folder)) {
        return error_set(err, EK_USAGE, "the folder of a task must be given with its whole path");
    }
    if (!connected) {
        error_set(err, EK_SETTINGS, "no database is saved, so a task would not know which to back up");
        return error_hint(err, "Save the connection in the window first.");
    }
    return registration_install(settings, folder, warning, err);
}

/* What a task would find. */
static bool connection_is_saved(void)
{
    const OpeningSpec spec = {.use = OPENING_NO_FOLDER};
    Opening opening;
    opening_init(&opening);
    const bool saved = opening_open(&spec, NULL, &opening, NULL) && opening.configured;
    opening_release(&opening);
    return saved;
}

static bool take_away(RegistrationState state, RegistrationStep *step, Error *err)
{
    bool removed = false;
    if (state != REGISTRATION_FOREIGN && !registration_remove(&removed, err)) {
        return false;
    }
    *step = removed ? REGISTRATION_TAKEN_AWAY : REGISTRATION_KEPT;
    return true;
}

bool registration_follow(const Settings *settings, const char *folder, RegistrationStep *step, char **warning,
                         Error *err)
{
    Registration registration;
    registration_init(&registration);
    registration_look(settings, folder, &registration);
    const RegistrationState state = registration.state;
    registration_release(&registration);
    if (!settings->enabled) {
        return take_away(state, step, err);
    }
    if (!connection_is_saved()) {
        *step = REGISTRATION_NEEDS_DATABASE;
        return true;
    }
    if (state != REGISTRATION_GOOD && !registration_enlist(settings, folder, true, warning, err)) {
        return false;
    }
    *step = state == REGISTRATION_GOOD ? REGISTRATION_KEPT : REGISTRATION_MADE;
    return true;
}

bool registration_is_wanted(const Settings *settings)
{
    return settings->enabled && connection_is_saved();
}

char *registration_problem(const Settings *settings, const char *folder)
{
    Registration registration;
    char *problem = NULL;
    if (!registration_is_wanted(settings)) {
        return NULL;
    }
    registration_init(&registration);
    registration_look(settings, folder, &registration);
    if (registration.state != REGISTRATION_GOOD) {
        problem = mem_strdup(registration.text);
    }
    registration_release(&registration);
    return problem;
}
