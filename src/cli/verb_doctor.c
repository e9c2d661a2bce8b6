/* verb_doctor.c: everything that a backup needs. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "hints.h"
#include "jobs/doctor.h"
#include "schedule/registration.h"

static void show_check(Cli *cli, const Check *check)
{
    static const char *const signs[] = {"\xE2\x9C\x85", "\xE2\x9A\xA0", "\xE2\x9D\x8C", "\xE2\x9E\x96"};
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD, COLOUR_NONE};
    char *sign = output_pad(signs[check->state], 2, false);
    char *line = mem_printf("%s %-7s  %-14s  %s", sign, check_state_word(check->state), check->name, check->message);
    if (!cli->output.quiet || check->state == CHECK_BAD || check->state == CHECK_WARNING) {
        output_coloured(&cli->output, colours[check->state], line);
        if (check->hint) {
            output_line(&cli->output, "%28s%s", "", hint_here(check->hint));
        }
    }
    mem_free(line);
    mem_free(sign);
}

static bool look_at_task(const Settings *settings, const char *folder_wanted, char **words)
{
    Registration task;
    registration_init(&task);
    registration_look(settings, folder_wanted, &task);
    const bool good = task.state == REGISTRATION_GOOD;
    *words = mem_strdup(task.text);
    registration_release(&task);
    return good;
}

static int run_doctor(Cli *cli)
{
    Error err = ERROR_INIT;
    Doctor doctor;
    Opening opening;
    int code = 0;
    doctor_init(&doctor);
    opening_init(&opening);
    if (!cli_open(cli, OPENING_NO_FOLDER, false, &opening, &err) ||
        !doctor_run(&opening.connection, cli->options->folder, look_at_task, cli->cancel, &doctor, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    code = doctor.worst == CHECK_BAD ? error_exit_code(doctor.worst_kind) : 0;
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        cJSON *checks = cJSON_AddArrayToObject(document, "checks");
        for (size_t i = 0; i < doctor.count; i++) {
            cJSON *check = cJSON_CreateObject();
            json_set_string(check, "name", doctor.checks[i].name);
            json_set_string(check, "state", check_state_word(doctor.checks[i].state));
            json_set_string(check, "message", doctor.checks[i].message);
            json_set_string(check, "hint", hint_here(doctor.checks[i].hint));
            cJSON_AddItemToArray(checks, check);
        }
        json_set_string(document, "worst", check_state_word(doctor.worst));
        json_set_int(document, "exit_code", code);
        output_json(&cli->output, document);
    } else {
        for (size_t i = 0; i < doctor.count; i++) {
            show_check(cli, &doctor.checks[i]);
        }
    }
out:
    doctor_release(&doctor);
    opening_release(&opening);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Look at everything that a backup needs: folder, settings, disk, tools, host, connection, rights; and at the\n"
    "folder on SharePoint, where one is set up: whether it can be reached, its room, the sign-in, the clock.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli doctor [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" CONNECTION_HELP "\n" OUTPUT_HELP "\n" CONNECTION_SOURCES
    "\n"
    "The exit code is that of the first bad check; warnings do not change it.\n";

const Verb verb_doctor = {
    .name = "doctor",
    .summary = "look at everything that a backup needs, and say what is wrong",
    .help = help,
    .takes = {OPTION_FOLDER, CONNECTION_OPTIONS, OUTPUT_OPTIONS},
    .run = run_doctor};
