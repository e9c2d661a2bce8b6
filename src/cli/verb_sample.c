/* verb_sample.c: `sample`, on the bundled server or on one that was named. */
#include "base/jsonutil.h"
#include "base/mem.h"
#include "cli.h"
#include "console.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "postgres/engine.h"
#include "sample/sample.h"

#define STDIN_POLL_MS 200u

static int sample_size(const Options *options)
{
    return options->megabytes > 0 ? options->megabytes : SAMPLE_MEGABYTES;
}

/* On a server that was named. Only switches count: a PGHOST in the environment may be the real database. */
static bool sample_on_server(Cli *cli, Connection *server, Error *err)
{
    char *database = NULL;
    bool made = false;
    bool ok = false;
    JobSink sink = output_sink(&cli->output);
    if (!connection_resolve(server, err) || !cli_find_password(cli, server, err)) {
        goto out;
    }
    /* What is named is the database to make; it is made from "postgres", which every server has. */
    database = mem_strdup(cli->options->database && server->database ? server->database : SAMPLE_DATABASE);
    cli_replace_text(&server->database, "postgres");
    if (!sample_create(server, database, sample_size(cli->options), &sink, cli->cancel, &made, err)) {
        goto out;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "database", database);
        json_set_bool(document, "made", made);
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, made ? "The database %s was made." : "The database %s is there already.", database);
    }
    ok = true;
out:
    mem_free(database);
    return ok;
}

static void show_engine(Cli *cli, const Connection *connection, bool made)
{
    /* The password is shown on purpose: it opens the sample alone, to whoever runs this program. */
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "host", connection_host(connection));
        json_set_string(document, "port", connection_port(connection));
        json_set_string(document, "user", connection->user);
        json_set_string(document, "password", connection->password.bytes);
        json_set_string(document, "database", SAMPLE_DATABASE);
        json_set_bool(document, "made", made);
        output_json(&cli->output, document);
        return;
    }
    output_line(&cli->output, "PGHOST=%s\nPGPORT=%s\nPGUSER=%s\nPGPASSWORD=%s\nPGDATABASE=%s",
                connection_host(connection), connection_port(connection), connection->user, connection->password.bytes,
                SAMPLE_DATABASE);
    if (!cli->output.quiet) {
        output_line(&cli->output, "The server runs until Ctrl+C, or until the input ends.");
    }
}

static bool sample_on_engine(Cli *cli, Error *err)
{
    Engine *engine = NULL;
    char *local = NULL;
    char *data = NULL;
    bool made = false;
    bool ok = false;
    JobSink sink = output_sink(&cli->output);
    if (cli->options->data) {
        data = mem_strdup(cli->options->data);
    } else {
        local = machine_local_data_dir();
        if (!local) {
            error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
            error_hint(err, "Name a folder with --data.");
            goto out;
        }
        data = fs_join(local, "demo");
    }
    if (!engine_start(data, &sink, cli->cancel, &engine, err) ||
        !sample_create(engine_connection(engine), SAMPLE_DATABASE, sample_size(cli->options), &sink, cli->cancel, &made,
                       err)) {
        goto out;
    }
    show_engine(cli, engine_connection(engine), made);
    while (!console_input_ended() && !cancel_wait(cli->cancel, STDIN_POLL_MS)) {
        if (!engine_running(engine)) {
            error_set(err, EK_TOOL, "the sample's server has ended by itself");
            error_hint(err, "See engine.log in \"%s\".", data);
            goto out;
        }
    }
    ok = true;
out:
    engine_stop(engine);
    mem_free(data);
    mem_free(local);
    return ok;
}

static int run_sample(Cli *cli)
{
    const Options *options = cli->options;
    Error err = ERROR_INIT;
    Connection switches; /* what they alone say */
    Connection server;
    int code = 0;
    bool ok = false;
    connection_init(&switches);
    connection_init(&server);
    if (!cli_switches(options, &switches, &err)) {
        goto out;
    }
    if (!switches.host) {
        if (switches.database || switches.port || switches.user) {
            error_set(&err, EK_USAGE, "the server is not named");
            error_hint(&err, "Name it with -h, or leave the other connection options out for the bundled server.");
            goto out;
        }
        ok = sample_on_engine(cli, &err);
    } else if (options->data) {
        error_set(&err, EK_USAGE, "--data and a host do not go together");
        error_hint(&err, "Try 'cmms-backup-cli sample --help'.");
    } else {
        connection_overlay(&server, &cli->environment);
        ok = cli_switches(options, &server, &err) && sample_on_server(cli, &server, &err);
    }
out:
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    }
    connection_release(&server);
    connection_release(&switches);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Make the sample database: the tables of the CMMS with invented data. Nothing that exists is touched.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli sample [--size=MB] [--data=DIR]\n"
    "  cmms-backup-cli sample [--size=MB] -h HOST [CONNECTION OPTION]...\n"
    "\n"
    "Without a host the bundled server is started, for this PC alone and for as long as this program runs; how\n"
    "to reach it is printed as PG* settings. It ends with Ctrl+C, or when stdin is closed. With a host the\n"
    "database is made on that server, and the program ends; -d is then the name of the database to make.\n"
    "\n"
    "Options:\n"
    "      --size=MB            about so many megabytes of data (50)\n"
    "      --data=DIR           where the bundled server keeps its files\n"
    "\n" CONNECTION_HELP "\n" OUTPUT_HELP
    "\n"
    "The CMMS users of the sample are manager (password \"sample\"), tech and parts (the same password).\n";

const Verb verb_sample = {
    .name = "sample",
    .summary = "make the sample database, on a server of its own unless one is named",
    .help = help,
    .takes = {OPTION_SIZE, OPTION_DATA, CONNECTION_OPTIONS, OUTPUT_OPTIONS},
    .run = run_sample};
