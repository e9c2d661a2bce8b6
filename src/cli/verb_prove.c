/* verb_prove.c: restore a backup into an empty database, and count what comes back. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "jobs/prove.h"
#include "platform/clock.h"
#include "platform/fs.h"

static cJSON *proven_document(const char *path, const ProveResult *result)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "path", path);
    json_set_bool(document, "proven", result->proven);
    json_set_string(document, "level", level_word(result->manifest.level));
    char *at = result->manifest.proven_at > 0 ? clock_iso_text(result->manifest.proven_at) : NULL;
    json_set_string(document, "proven_at", at);
    mem_free(at);
    json_set_string(document, "sha256", result->manifest.sha256);
    json_set_string(document, "server", result->where);
    json_set_int(document, "tables", (int64_t)result->tables_compared);
    json_set_int(document, "rows", result->rows);
    json_set_int(document, "large_objects", result->large_objects);
    json_set_int(document, "sequences", result->sequences);
    json_set_int(document, "indexes", result->indexes);
    json_set_int(document, "constraints", result->constraints);
    json_set_number(document, "seconds", result->seconds);
    if (result->not_kept) {
        json_set_string(document, "not_kept", result->not_kept);
    }
    cJSON *obstacles = cJSON_AddArrayToObject(document, "not_provable");
    for (size_t i = 0; i < result->not_provable_count; i++) {
        cJSON_AddItemToArray(obstacles, cJSON_CreateString(result->not_provable[i]));
    }
    cJSON *left_out = cJSON_AddArrayToObject(document, "left_out");
    for (size_t i = 0; i < result->left_out_count; i++) {
        cJSON_AddItemToArray(left_out, cJSON_CreateString(result->left_out[i]));
    }
    cJSON *unchecked = cJSON_AddArrayToObject(document, "unchecked");
    for (size_t i = 0; i < result->unchecked_count; i++) {
        cJSON_AddItemToArray(unchecked, cJSON_CreateString(result->unchecked[i]));
    }
    return document;
}

static void show_result(Output *output, const char *path, const ProveResult *result)
{
    if (result->proven) {
        char *line = mem_printf("\xE2\x9C\x85 %s is proven: %zu tables with %s rows came back on %s, as it holds"
                                " them",
                                fs_base_name(path), result->tables_compared, number_text(result->rows).text,
                                result->where);
        if (!output->quiet) {
            output_coloured(output, COLOUR_GOOD, line);
        }
        mem_free(line);
        for (size_t i = 0; !output->quiet && i < result->unchecked_count; i++) {
            output_line(output, "  The rule %s could not be checked: it refuses rows that the table holds.",
                        result->unchecked[i]);
        }
        return;
    }
    char *line = mem_printf("%s cannot be proven here; nothing speaks against it, its level stays %s:",
                            fs_base_name(path), level_name(result->manifest.level));
    output_coloured(output, COLOUR_WARNING, line);
    mem_free(line);
    for (size_t i = 0; i < result->not_provable_count; i++) {
        output_line(output, "  %s", result->not_provable[i]);
    }
    output_line(output, "Prove it on a server that has what is missing: prove --on -h HOST ...");
}

/* Returns the exit code: that of EK_TOOL where it could not be proven on that server. */
static int prove_it(const char *path, const ProveSpec *spec, Output *output, const Cancel *cancel)
{
    Error err = ERROR_INIT;
    ProveResult result;
    prove_result_init(&result);
    JobSink sink = output_sink(output);
    int code = 0;
    if (!prove_backup(path, spec, &sink, cancel, &result, &err)) {
        code = output_error(output, &err);
    } else {
        code = result.proven ? 0 : error_exit_code(EK_TOOL);
        if (output->json) {
            output_json(output, proven_document(path, &result));
        } else {
            output_clear_progress(output);
            show_result(output, path, &result);
        }
    }
    prove_result_release(&result);
    error_clear(&err);
    return code;
}

/* Only a host that a switch names will do: that of the profile or of PGHOST may be the real database's. */
static bool prove_connection(Cli *cli, Connection *connection, Error *err)
{
    const Options *options = cli->options;
    bool ok = false;
    Connection switches;
    connection_init(&switches);
    if (!cli_switches(options, &switches, err)) {
        goto out;
    }
    if (!options->on && (switches.host || switches.database || switches.port || switches.user)) {
        error_set(err, EK_USAGE, "the connection options of prove go with --on");
        error_hint(err, "Without them the bundled server is used; see 'cmms-backup-cli prove --help'.");
        goto out;
    }
    if (options->on && !switches.host) {
        error_set(err, EK_USAGE, "the server is not named");
        error_hint(err, "Name it with -h.");
        goto out;
    }
    if (options->on) {
        connection_overlay(connection, &cli->environment);
        if (!switches.database) { /* not the one of the environment: any will do to make another */
            cli_replace_text(&connection->database, "postgres");
        }
        ok = cli_switches(options, connection, err) && cli_find_password(cli, connection, err);
    } else {
        ok = true;
    }
out:
    connection_release(&switches);
    return ok;
}

static int run_prove(Cli *cli)
{
    Error err = ERROR_INIT;
    Targets targets = {NULL, 0};
    Connection connection;
    char *folder = NULL;
    int code = 0;
    connection_init(&connection);
    if (!prove_connection(cli, &connection, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    if (!cli_choose_targets(cli, &folder, &targets, &code)) {
        goto out;
    }
    const ProveSpec spec = {cli->options->on ? &connection : NULL, targets.items[0].in_folder};
    code = prove_it(targets.items[0].path, &spec, &cli->output, cli->cancel);
out:
    output_clear_progress(&cli->output);
    cli_targets_release(&targets);
    connection_release(&connection);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Prove a backup: read every byte, restore it into an empty database of the bundled server, count the rows of\n"
    "each table, look at constraints and indexes, and take it all away again. The database that was backed up is\n"
    "not touched. The outcome is kept for backups in the backup folder. What is in a backup runs with no right but\n"
    "to that empty database; what takes more is named, and nothing is said against the backup then.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli prove [OPTION]... [FILE]\n"
    "  cmms-backup-cli prove --on -h HOST [CONNECTION OPTION]... [FILE]\n"
    "\n"
    "Without FILE the newest backup in the backup folder. FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --on                 on the server that -h names, in a database of its own that is dropped afterwards\n"
    FOLDER_HELP "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP
    "\n"
    "With --on, -d names a database to connect to first (postgres); it is not touched. The exit code is 4 when\n"
    "the backup cannot be proven on that server, for example for an extension that the server lacks.\n";

const Verb verb_prove = {
    .name = "prove",
    .summary = "restore a backup into an empty database, and count what comes back",
    .help = help,
    .takes = {OPTION_ON, OPTION_FOLDER, CONNECTION_OPTIONS, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = 1,
    .operand = "file",
    .run = run_prove};
