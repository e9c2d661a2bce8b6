/*
 * main.c: the console program, and the list of its verbs. Everything runs on the main thread; Ctrl+C requests the one
 * Cancel.
 *
 * The Cancel is never freed: the system may call the interrupt handler at any moment until the process ends.
 */
#include "base/mem.h"
#include "cli.h"
#include "console.h"
#include "jobs/prove.h"
#include "platform/machine.h"
#include "platform/power.h"
#include "postgres/connection.h"
#include "postgres/tools.h"
#include "version.h"

/* A verb is a file, verb_NAME.c, which defines verb_NAME. In the order of the program's help. */
#define VERBS(verb)                                                                                                  \
    verb(backup) verb(list) verb(verify) verb(prove) verb(preview) verb(restore) verb(undo) verb(export)             \
    verb(sharepoint) verb(upload) verb(download) verb(encryption) verb(doctor) verb(sample) verb(cleanup) verb(pin)  \
    verb(delete) verb(log) verb(config) verb(schedule) verb(status) verb(report) verb(certificate) verb(notify)      \
    verb(help)
#define DECLARE(name) extern const Verb verb_##name;
#define POINT(name) &verb_##name,

VERBS(DECLARE)

const Verb *const all_verbs[] = {VERBS(POINT) NULL};

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
    return cli->options->verb->run(cli);
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
    } else if (options.help || options.verb == &verb_help) {
        char *text = help_text(options.verb == &verb_help ? options.help_about : options.verb);
        console_write(1, text);
        mem_free(text);
    } else if (options.version) {
        show_version(&options);
    } else {
        output_init(&cli.output, options.json, options.quiet, options.no_color);
        cli.output.progress_json = options.progress_json;
        cli.cancel = cancel_new();
        console_cancel_on_interrupt(cli.cancel);
        database = take_database(argc, argv, &options);
        warn_of_password(&cli);
        Power *power = power_hold(CMMS_PRODUCT " is at work.");
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
