/* verb_schedule.c: when backups are made, what became of the last slots, and the one that is due. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/configure.h"
#include "platform/clock.h"
#include "schedule/due.h"
#include "schedule/registration.h"
#include "schedule/run.h"
#include "schedule/waiting.h"
#include "store/folder.h"
#include "store/ledger.h"

#define SHOWN 10 /* of the last slots */

static bool point_to_help(Error *err)
{
    return err->hint != NULL ? false : error_hint(err, "Try 'cmms-backup-cli schedule --help'.");
}

/* --- show, set ------------------------------------------------------------------------------------------- */

static void show_slot(Cli *cli, const LedgerSlot *slot, int64_t now)
{
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_BAD, COLOUR_WARNING};
    char *when = due_slot_text(&due_here, slot->moment, now);
    char *line = mem_printf("  %-22s %-6s  %s", when, slot_state_word(slot->state), slot->text ? slot->text : "");
    output_coloured(&cli->output, colours[slot->state], line);
    mem_free(line);
    mem_free(when);
}

static cJSON *slots_document(const Ledger *ledger, size_t from)
{
    cJSON *slots = cJSON_CreateArray();
    for (size_t i = from; i < ledger->count; i++) {
        cJSON *item = cJSON_CreateObject();
        output_add_time(item, "slot", ledger->slots[i].moment);
        json_set_string(item, "state", slot_state_word(ledger->slots[i].state));
        output_add_time(item, "began", ledger->slots[i].began);
        json_set_int(item, "attempts", ledger->slots[i].attempts);
        json_set_string(item, "computer", ledger->slots[i].computer);
        json_set_string(item, "text", ledger->slots[i].text);
        cJSON_AddItemToArray(slots, item);
    }
    return slots;
}

static bool show(Cli *cli, const char *folder, const Settings *settings, Error *err)
{
    Ledger ledger;
    Registration task;
    DueLook look;
    const int64_t now = clock_now();
    ledger_init(&ledger);
    if (!ledger_load(folder, false, &ledger, err)) {
        return false;
    }
    if (ledger.notice) {
        output_log(&cli->output, LOG_WARNING, ledger.notice);
    }
    registration_init(&task);
    registration_look(settings, cli->options->folder, &task);
    const DuePlan plan = due_plan(settings);
    due_look(&plan, &due_here, &ledger, now, &look);
    due_note_missed(&look, now, &ledger); /* shown, not saved */
    look.entry = NULL;
    const char *waits = waiting_why(&ledger, settings->wait_days, look.slot, now);
    char *text = due_plan_text(&plan);
    char *next = look.next ? due_slot_text(&due_here, look.next, now) : NULL;
    const size_t from = ledger.count > SHOWN ? ledger.count - SHOWN : 0;
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "folder", folder);
        json_set_bool(document, "enabled", plan.on);
        json_set_string(document, "text", text);
        output_add_time(document, "next", look.next);
        json_set_string(document, "next_text", next);
        json_set_bool(document, "due", look.due);
        output_add_time(document, "slot", look.slot);
        output_add_time(document, "paused_until", look.paused);
        json_set_string(document, "waits", look.due ? waits : NULL);
        json_set_string(document, "task", registration_state_word(task.state));
        json_set_string(document, "task_text", task.text);
        json_set_string(document, "task_program", task.program);
        cJSON_AddItemToObject(document, "slots", slots_document(&ledger, from));
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, "Schedule: %s", text);
        output_line(&cli->output, "Next: %s", next ? next : "none");
        if (look.paused) {
            char *until = due_slot_text(&due_here, look.paused, now);
            char *line = mem_printf("\xE2\x9A\xA0 Paused until %s", until);
            output_coloured(&cli->output, COLOUR_WARNING, line);
            mem_free(line);
            mem_free(until);
        }
        char *told = mem_printf("%sTask: %s", task.state == REGISTRATION_GOOD ? "" : "\xE2\x9A\xA0 ", task.text);
        output_coloured(&cli->output, task.state == REGISTRATION_GOOD ? COLOUR_NONE : COLOUR_WARNING, told);
        mem_free(told);
        for (size_t i = from; i < ledger.count; i++) {
            show_slot(cli, &ledger.slots[i], now);
        }
        if (look.due) {
            char *slot = due_slot_text(&due_here, look.slot, now);
            char *line = mem_printf("\xE2\x9A\xA0 The backup of %s is due%s%s", slot, waits ? " and waits: " : "",
                                    waits ? waits : "");
            output_coloured(&cli->output, COLOUR_WARNING, line);
            mem_free(line);
            mem_free(slot);
        }
    }
    mem_free(next);
    mem_free(text);
    registration_release(&task);
    ledger_release(&ledger);
    return true;
}

/* A task that is there follows the settings. */
static void refresh_task(Cli *cli, const Settings *settings)
{
    Error err = ERROR_INIT;
    if (!registration_refresh(settings, cli->options->folder, &err)) {
        char *text = error_text(&err);
        output_log(&cli->output, LOG_WARNING, text);
        mem_free(text);
        error_clear(&err);
    }
}

/* Of how its slots are run, which makes none of them another. */
static bool is_manner(const char *key)
{
    static const char *const keys[] = {"wake",      "on_battery",   "battery_percent",  "on_metered", "quiet_hours",
                                       "wait_days", "recheck_days", "prove_every_days", "check_hours"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static int run_show(Cli *cli, bool set)
{
    Error err = ERROR_INIT;
    Settings settings;
    const Options *options = cli->options;
    char *folder = NULL;
    int code = 0;
    settings_init(&settings);
    bool ok = set ? folder_choose(options->folder, &folder, NULL, &err) : folder_find(options->folder, &folder, &err);
    for (size_t i = 1; ok && set && i < options->file_count; i++) {
        char *key = mem_strndup(options->files[i], strcspn(options->files[i], "="));
        if (!configure_is_schedule(key) && !is_manner(key)) {
            ok = error_set(&err, EK_USAGE, "\"%s\" is no setting of the schedule", key);
        }
        mem_free(key);
    }
    ok = ok && (set ? configure_set(folder, options->files + 1, options->file_count - 1, NULL, &settings, &err)
                    : settings_load(folder, &settings, &err));
    if (ok && settings.notice) {
        output_log(&cli->output, LOG_WARNING, settings.notice);
    }
    if (ok && set) {
        refresh_task(cli, &settings);
    }
    if (!ok || !show(cli, folder, &settings, &err)) {
        if (err.kind == EK_USAGE) {
            point_to_help(&err);
        }
        code = output_error(&cli->output, &err);
    }
    settings_release(&settings);
    mem_free(folder);
    error_clear(&err);
    return code;
}

/* --- run-due --------------------------------------------------------------------------------------------- */

static const char *outcome_word(ScheduledOutcome outcome)
{
    return outcome == SCHEDULED_DONE        ? "done"
           : outcome == SCHEDULED_BY_OTHERS ? "by_others"
           : outcome == SCHEDULED_WAITS     ? "waits"
                                            : "nothing_due";
}

static cJSON *checks_document(const RecheckResult *checks)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "read", (int64_t)checks->read);
    cJSON *damaged = cJSON_AddArrayToObject(document, "damaged");
    for (size_t i = 0; i < checks->damaged_count; i++) {
        cJSON_AddItemToArray(damaged, cJSON_CreateString(checks->damaged[i]));
    }
    json_set_string(document, "proven", checks->proven);
    json_set_string(document, "unproven", checks->unproven);
    json_set_int(document, "unread", (int64_t)checks->unread);
    json_set_int(document, "in_cloud_only", (int64_t)checks->offline);
    json_set_bool(document, "stopped", checks->stopped);
    return document;
}

static void tell_outcome(Cli *cli, const ScheduledResult *result)
{
    const int64_t now = clock_now();
    char *next = result->next ? due_slot_text(&due_here, result->next, now) : mem_strdup("none");
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "outcome", outcome_word(result->outcome));
        output_add_time(document, "slot", result->slot);
        output_add_time(document, "next", result->next);
        json_set_int(document, "missed", (int64_t)result->missed);
        json_set_string(document, "waits", result->outcome == SCHEDULED_WAITS ? result->waits : NULL);
        cJSON_AddItemToObject(document, "backup", result->outcome == SCHEDULED_DONE
                                                      ? cli_backup_document(&result->backup)
                                                      : cJSON_CreateNull());
        cli_add_offsite(document, &result->offsite);
        cJSON_AddItemToObject(document, "checks", checks_document(&result->checks));
        output_json(&cli->output, document);
    } else if (cli->output.quiet) {
        if (result->outcome == SCHEDULED_DONE) {
            output_line(&cli->output, "%s", result->backup.path);
        }
    } else if (result->outcome == SCHEDULED_WAITS) {
        output_line(&cli->output, "%s. Looked at again: %s", result->waits, next);
    } else if (result->outcome == SCHEDULED_NOTHING) {
        output_line(&cli->output, "No backup is due. Next: %s", next);
    } else {
        output_line(&cli->output, "%sNext: %s",
                    result->outcome == SCHEDULED_DONE ? "" : "Another computer has made the backup. ", next);
    }
    mem_free(next);
}

static int run_due(Cli *cli)
{
    Error err = ERROR_INIT;
    ScheduledResult result;
    int code = 0;
    const Options *options = cli->options;
    const ConnectionSwitches switches = {options->host, options->port, options->user, options->sslmode,
                                         options->database};
    const ScheduledSpec spec = {.folder = options->folder,
                                .environment = &cli->environment,
                                .switches = &switches,
                                .once = options->no_wait,
                                .checks = !options->no_wait};
    const JobSink sink = output_sink(&cli->output);
    scheduled_result_init(&result);
    const bool ok = scheduled_run(&spec, &sink, cli->cancel, &result, &err);
    output_clear_progress(&cli->output);
    if (ok) {
        tell_outcome(cli, &result);
        code = scheduled_code(&result);
    } else {
        code = output_error(&cli->output, &err);
    }
    scheduled_result_release(&result);
    error_clear(&err);
    return code;
}

/* --- install, remove ------------------------------------------------------------------------------------- */

static int run_install(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    const OpeningSpec spec = {.use = OPENING_WRITES, .folder = cli->options->folder, .settings = true};
    const JobSink sink = output_sink(&cli->output);
    int code = 0;
    opening_init(&opening);
    char *warning = NULL;
    /* The saved connection must do, so nothing of this terminal's is asked for it. */
    bool ok = opening_open(&spec, &sink, &opening, &err) &&
              registration_enlist(&opening.settings, cli->options->folder, opening.configured, &warning, &err);
    if (warning) {
        output_log(&cli->output, LOG_WARNING, warning);
    }
    if (!ok || !show(cli, opening.folder, &opening.settings, &err)) {
        code = output_error(&cli->output, &err);
    }
    mem_free(warning);
    opening_release(&opening);
    error_clear(&err);
    return code;
}

static int run_remove(Cli *cli)
{
    Error err = ERROR_INIT;
    bool removed = false;
    int code = 0;
    if (!registration_remove(&removed, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_bool(document, "removed", removed);
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, removed ? "The task was removed." : "There was no task.");
    }
    error_clear(&err);
    return code;
}

/* --- which of them ---------------------------------------------------------------------------------------- */

static int refuse(Cli *cli, const char *message, const char *what)
{
    Error err = ERROR_INIT;
    error_set(&err, EK_USAGE, message, what);
    point_to_help(&err);
    const int code = output_error(&cli->output, &err);
    error_clear(&err);
    return code;
}

static int run_schedule(Cli *cli)
{
    static const char *const verbs[] = {"show", "set", "run-due", "install", "remove"};
    const Options *options = cli->options;
    const char *what = options->file_count ? options->files[0] : verbs[0];
    size_t which = 0;
    while (which < sizeof verbs / sizeof *verbs && strcmp(what, verbs[which]) != 0) {
        which++;
    }
    if (which == sizeof verbs / sizeof *verbs) {
        return refuse(cli, "schedule takes \"show\", \"set\", \"run-due\", \"install\" or \"remove\", not \"%s\"",
                      what);
    }
    if (which != 2 && (options->host || options->port || options->user || options->database || options->sslmode ||
                       options->no_password || options->no_wait)) {
        return refuse(cli, "the connection options and --no-wait of schedule go with %s", verbs[2]);
    }
    if (which == 1 && options->file_count < 2) {
        return refuse(cli, "say what to %s", "set");
    }
    if (which != 1 && options->file_count > 1) {
        return refuse(cli, "unexpected argument \"%s\"", options->files[1]);
    }
    switch (which) {
    case 2: return run_due(cli);
    case 3: return run_install(cli);
    case 4: return run_remove(cli);
    default: return run_show(cli, which == 1);
    }
}

static const char help[] =
    "Show or change when backups are made, or make the one that is due.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli schedule [show]\n"
    "  cmms-backup-cli schedule set KEY=VALUE...\n"
    "  cmms-backup-cli schedule run-due [--no-wait] [CONNECTION OPTION]...\n"
    "  cmms-backup-cli schedule install\n"
    "  cmms-backup-cli schedule remove\n"
    "\n"
    "Keys: enabled, schedule (daily, weekly, monthly), backup_time (02:00), more_times (12:00,18:30), times (both\n"
    "in one: 02:00,12:00), weekdays (mon,thu: of a weekly schedule), month_day (1 to 31, where a month is shorter\n"
    "its last; 0: the last), wake (wake the PC for it).\n"
    "A slot waits while on_battery is false and the PC is not plugged in, or its battery is below battery_percent\n"
    "(20; 0: it does not); while on_metered is false and the network is metered; in the quiet_hours (22:00-06:00;\n"
    "none). It is told, and run after wait_days (2; 0: none waits) in any case. A backup that somebody asks for,\n"
    "with 'cmms-backup-cli backup' or in the window, never waits.\n"
    "Each backup is read again to its last byte after recheck_days (7; 0: never), one share a run, those that\n"
    "nobody has looked at for the longest first; the newest good one is proven after prove_every_days (30; 0: not\n"
    "by itself). That is done in the check_hours (20:00-06:00; none: at any hour) while the PC is plugged in, or\n"
    "what has waited wait_days (where that is 0, two) for them at once, but not on a battery below\n"
    "battery_percent, and makes way for any other job. What is damaged is marked and told.\n"
    "\n"
    "run-due makes the backup of the newest slot, once, whoever calls it and however often: where nothing is due it\n"
    "does nothing. Slots that were slept over are missed, and told; the newest is caught up. The server is awaited\n"
    "for ten minutes, and what may pass is tried again after 1, 5 and 15 minutes; then the slot has failed, and is\n"
    "due again after 15 minutes, an hour, and every four hours. No password is asked for.\n"
    "\n"
    "install has Task Scheduler do that while nobody has the window open: at the times of the schedule, when the\n"
    "user signs in and when the PC is unlocked, as the user who calls it and with the connection that is saved.\n"
    "set keeps such a task in step. show says when somebody has deleted it or switched it off.\n"
    "\n"
    "Options:\n"
    "      --no-wait            one try, at once; no older backup is read or proven. A slot that waits (for\n"
    "                           power, the network or the quiet hours) waits all the same: exit code 0\n" FOLDER_HELP
    "\n"
    CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP
    "\n"
    "The exit code of run-due is 0 when nothing is due, it waits or the backup was made, 7 when an older backup was\n"
    "found damaged, 9 when another program is at work on it, else that of the backup. Where upload_after_backup is\n"
    "true, copies go to SharePoint after it, also when nothing was due; whether they get there changes nothing of\n"
    "the exit code.\n";

const Verb verb_schedule = {
    .name = "schedule",
    .summary = "show or change when backups are made, or make the one that is due",
    .help = help,
    .takes = {OPTION_NO_WAIT, OPTION_FOLDER, CONNECTION_OPTIONS, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = OPERANDS_ANY,
    .run = run_schedule};
