/*
 * main.c: the console program, and its verbs backup and doctor. Everything runs on the main thread; Ctrl+C
 * requests the one Cancel.
 *
 * A verb returns the exit code, having shown its result or its error. The Cancel is never freed: the system may
 * call the interrupt handler at any moment until the process ends.
 */
#include "base/jsonutil.h"
#include "base/mem.h"
#include "cli.h"
#include "console.h"
#include "jobs/backup.h"
#include "jobs/doctor.h"
#include "jobs/prove.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/power.h"
#include "postgres/connection.h"
#include "postgres/tools.h"
#include "schedule/registration.h"
#include "verb_export.h"
#include "version.h"

/* --- backup ---------------------------------------------------------------------------------------------- */

cJSON *cli_backup_document(const BackupResult *result)
{
    const Manifest *manifest = &result->manifest;
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "path", result->path);
    json_set_string(document, "sha256", manifest->sha256);
    json_set_string(document, "quickxor", manifest->quickxor);
    json_set_int(document, "bytes", (int64_t)manifest->bytes);
    json_set_number(document, "seconds", manifest->seconds);
    output_add_time(document, "started", manifest->started);
    output_add_time(document, "finished", manifest->finished);
    json_set_string(document, "level", level_word(manifest->level));
    json_set_string(document, "database", manifest->database);
    output_add_tables(document, manifest);
    json_set_string(document, "server_version", manifest->server_version);
    json_set_string(document, "tool_version", manifest->tool_version);
    json_set_bool(document, "fallback", manifest->fallback);
    cJSON *warnings = cJSON_AddArrayToObject(document, "warnings");
    for (size_t i = 0; i < manifest->warning_count; i++) {
        cJSON_AddItemToArray(warnings, cJSON_CreateString(manifest->warnings[i]));
    }
    return document;
}

void cli_add_offsite(cJSON *document, const OffsiteAfter *after)
{
    cJSON *object = cJSON_CreateNull();
    if (after->asked || after->warning != NULL) {
        cJSON_Delete(object);
        object = cJSON_CreateObject();
        json_set_int(object, "uploaded", (int64_t)after->uploaded);
        json_set_int(object, "waiting", (int64_t)after->waiting);
        json_set_string(object, "warning", after->warning);
    }
    cJSON_AddItemToObject(document, "offsite", object);
}

static int run_backup(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    BackupResult result;
    OffsiteAfter offsite;
    int code = 0;
    opening_init(&opening);
    backup_result_init(&result);
    offsite_after_init(&offsite);
    JobSink sink = output_sink(&cli->output);
    if (!cli_open(cli, cli->options->fallback ? OPENING_WRITES_ANYWHERE : OPENING_WRITES, false, &opening, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    /* What the spec has is the opening's. */
    const BackupSpec spec = {.connection = opening.connection,
                             .folder = opening.folder,
                             .fallback = opening.fallback,
                             .compression = cli->options->compress};
    if (!backup_run(&spec, &sink, cli->cancel, &result, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    /* Whatever becomes of the copy, the backup is made. */
    const OffsiteAfterSpec after = {.folder = opening.folder, .made = result.path};
    offsite_after(&after, &sink, cli->cancel, &offsite);
    if (cli->output.json) {
        cJSON *document = cli_backup_document(&result);
        cli_add_offsite(document, &offsite);
        output_json(&cli->output, document);
    } else if (cli->output.quiet) {
        output_line(&cli->output, "%s", result.path);
    }
out:
    output_clear_progress(&cli->output);
    offsite_after_release(&offsite);
    backup_result_release(&result);
    opening_release(&opening);
    error_clear(&err);
    return code;
}

/* --- doctor ---------------------------------------------------------------------------------------------- */

static void show_check(Cli *cli, const Check *check)
{
    static const char *const signs[] = {"\xE2\x9C\x85", "\xE2\x9A\xA0", "\xE2\x9D\x8C", "\xE2\x9E\x96"};
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD, COLOUR_NONE};
    char *sign = output_pad(signs[check->state], 2, false);
    char *line = mem_printf("%s %-7s  %-14s  %s", sign, check_state_word(check->state), check->name, check->message);
    if (!cli->output.quiet || check->state == CHECK_BAD || check->state == CHECK_WARNING) {
        output_coloured(&cli->output, colours[check->state], line);
        if (check->hint) {
            output_line(&cli->output, "%28s%s", "", check->hint);
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
            json_set_string(check, "hint", doctor.checks[i].hint);
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

/* --- the program ----------------------------------------------------------------------------------------- */

static void show_tools(const Tool *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        char *complaint = tools_complaint(&list[i], name);
        char *line = complaint != NULL ? mem_printf("%s\n", complaint)
                                       : mem_printf("%s %s: %s\n", name,
                                                    list[i].problem == NULL ? list[i].version : list[i].problem,
                                                    list[i].path);
        console_write(1, line);
        mem_free(line);
        mem_free(complaint);
    }
}

static void show_version(const Options *options)
{
    console_write(1, "cmms-backup-cli (" CMMS_PRODUCT ") " CMMS_VERSION "\n");
    if (options->verbose) {
        char *parts = version_parts_text();
        console_write(1, parts);
        mem_free(parts);
        Tools tools;
        tools_init(&tools);
        if (tools_find(&tools, NULL, NULL) && tools_ask_all(&tools, NULL, NULL)) {
            show_tools(tools.dump, tools.dump_count, "pg_dump");
            show_tools(tools.restore, tools.restore_count, "pg_restore");
        }
        tools_release(&tools);
    }
}

static int run_verb(Cli *cli)
{
    const JobSink sink = output_sink(&cli->output);
    prove_clean_up(&sink);
    switch (cli->options->verb) {
    case VERB_BACKUP: return run_backup(cli);
    case VERB_LIST: return run_list(cli);
    case VERB_VERIFY: return run_verify(cli);
    case VERB_PROVE: return run_prove(cli);
    case VERB_PREVIEW: return run_preview(cli);
    case VERB_RESTORE: return run_restore(cli);
    case VERB_UNDO: return run_undo(cli);
    case VERB_EXPORT: return verb_export(cli->options, &cli->output, cli->cancel);
    case VERB_SHAREPOINT: return run_sharepoint(cli);
    case VERB_UPLOAD: return run_upload(cli);
    case VERB_DOWNLOAD: return run_download(cli);
    case VERB_ENCRYPTION: return run_encryption(cli);
    case VERB_DOCTOR: return run_doctor(cli);
    case VERB_SAMPLE: return run_sample(cli);
    case VERB_CLEANUP: return run_cleanup(cli);
    case VERB_PIN: return run_pin(cli);
    case VERB_DELETE: return run_delete(cli);
    case VERB_LOG: return run_log(cli);
    case VERB_CONFIG: return run_config(cli);
    case VERB_SCHEDULE: return run_schedule(cli);
    case VERB_STATUS: return run_status(cli);
    case VERB_REPORT: return run_report(cli);
    case VERB_CERTIFICATE: return run_certificate(cli);
    case VERB_NOTIFY: return run_notify(cli);
    case VERB_NONE:
    case VERB_HELP: break;
    }
    return error_exit_code(EK_INTERNAL);
}

/* A connection string behind -d may hold a password, and other users may read a program's arguments: it is taken out of
 * them, as far as they are ours, and there is a warning. The copy is the caller's, to be wiped. */
static char *take_database(int argc, char **argv, Options *options)
{
    char *copy = NULL;
    for (int i = 1; i < argc && options->database && connection_is_string(options->database) && !copy; i++) {
        const size_t len = strlen(argv[i]);
        if (options->database >= argv[i] && options->database <= argv[i] + len) {
            char *value = argv[i] + (options->database - argv[i]);
            copy = mem_strdup(value);
            secret_wipe(value, strlen(value));
            options->database = copy;
        }
    }
    return copy;
}

/* No child of ours is to have it. */
static void take_secret(const char *variable, Secret *secret)
{
    char *text = machine_getenv(variable);
    if (text != NULL) {
        secret_set(secret, text, strlen(text));
        secret_free_text(text);
        machine_unsetenv(variable);
    }
}

static void warn_of_password(Cli *cli)
{
    Connection said;
    connection_init(&said);
    if (cli->options->database && connection_is_string(cli->options->database) &&
        connection_parse(&said, cli->options->database, NULL) && secret_is_set(&said.password)) {
        output_log(&cli->output, LOG_WARNING,
                   "A password on the command line can be seen by others on this computer. Leave it out: it is asked "
                   "for, or comes from PGPASSWORD, a password file, or the connection that the window saves.");
    }
    connection_release(&said);
}

int cli_main(int argc, char **argv)
{
    Error err = ERROR_INIT;
    Options options;
    Cli cli = {.options = &options};
    char *database = NULL;
    int code = 0;
    options_init(&options);
    connection_init(&cli.environment);
    connection_take_env(&cli.environment);
    take_secret(PASSPHRASE_VARIABLE, &cli.passphrase);
    take_secret(CLIENT_SECRET_VARIABLE, &cli.client_secret);
    if (!options_parse(argc, argv, &options, &err)) {
        output_init(&cli.output, options_want_json(argc, argv), false, false);
        code = output_error(&cli.output, &err);
    } else if (options.help || options.verb == VERB_HELP) {
        console_write(1, help_text(options.verb == VERB_HELP ? options.help_about : options.verb));
    } else if (options.version) {
        show_version(&options);
    } else {
        output_init(&cli.output, options.json, options.quiet, options.no_color);
        cli.output.progress_json = options.progress_json;
        cli.cancel = cancel_new();
        console_cancel_on_interrupt(cli.cancel);
        database = take_database(argc, argv, &options);
        warn_of_password(&cli);
        Power *power = power_hold("CMMS Backup is at work.");
        code = run_verb(&cli);
        power_release(power);
    }
    secret_free_text(database);
    connection_release(&cli.environment);
    secret_release(&cli.passphrase);
    secret_release(&cli.client_secret);
    options_release(&options);
    error_clear(&err);
    return code;
}
