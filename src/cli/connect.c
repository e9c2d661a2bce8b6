/* connect.c: the console's way in: opening.h with its switches, and somebody at a terminal who knows the password. */
#include "cli.h"

#include "base/mem.h"
#include "console.h"
#include "platform/machine.h"
#include "postgres/pg.h"

void cli_replace_text(char **field, const char *value)
{
    if (value && value[0]) {
        mem_free(*field);
        *field = mem_strdup(value);
    }
}

bool cli_has_database(const Connection *connection, Error *err)
{
    if (connection->database != NULL && connection->database[0] != '\0') {
        return true;
    }
    error_set(err, EK_USAGE, "the database is not named");
    return error_hint(err, "Name it with -d.");
}

static ConnectionSwitches switches_of(const Options *options)
{
    return (ConnectionSwitches){options->host, options->port, options->user, options->sslmode, options->database};
}

bool cli_switches(const Options *options, Connection *connection, Error *err)
{
    const ConnectionSwitches switches = switches_of(options);
    return userprofile_add_switches(&switches, connection, err);
}

/* What the system keeps; else, with somebody at a terminal, what the server asks for. A connection that fails
 * for another reason is left to the verb to report. */
bool cli_find_password(Cli *cli, Connection *connection, Error *err)
{
    if (secret_is_set(&connection->password)) {
        return true;
    }
    char *target = connection_secret_target(connection);
    bool kept = machine_secret_load(target, &connection->password);
    mem_free(target);
    if (kept || cli->options->no_password || !console_is_terminal(0)) {
        return true;
    }
    Pg *pg = NULL;
    Error why = ERROR_INIT;
    bool ok = true;
    if (!connection_resolve(connection, &why)) {
        /* the verb will say so */
    } else if (pg_connect(connection, cli->cancel, &pg, &why)) {
        pg_close(pg);
    } else if (why.kind == EK_CANCELLED) {
        ok = error_move(err, &why);
    } else if (pg_error_wants_password(&why)) {
        char *text = connection_text(connection);
        char *prompt = mem_printf("Password for %s: ", text);
        if (!console_ask_secret(prompt, &connection->password) && cancel_requested(cli->cancel)) {
            ok = error_set(err, EK_CANCELLED, "cancelled");
        }
        mem_free(prompt);
        mem_free(text);
    }
    error_clear(&why);
    return ok;
}

bool cli_open(Cli *cli, OpeningFolder use, bool settings, Opening *opening, Error *err)
{
    const ConnectionSwitches switches = switches_of(cli->options);
    const OpeningSpec spec = {.use = use,
                              .folder = cli->options->folder,
                              .settings = settings,
                              .environment = &cli->environment,
                              .switches = &switches};
    const JobSink sink = output_sink(&cli->output);
    return opening_open(&spec, &sink, opening, err) && cli_find_password(cli, &opening->connection, err);
}

bool cli_find_source(Cli *cli, Source *source)
{
    Opening opening;
    const OpeningSpec spec = {.environment = &cli->environment, .without_database = true};
    opening_init(&opening);
    const bool named = opening_open(&spec, NULL, &opening, NULL) && opening.configured;
    if (named) {
        source_of_connection(&opening.connection, source);
    }
    opening_release(&opening);
    return named;
}
