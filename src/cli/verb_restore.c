/* verb_restore.c: bring a backup back. Whoever replaces a live database types its name, or says --yes beforehand. */
#include "verb_restore.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "console.h"
#include "verb_preview.h"

static void on_log(void *context, LogLevel level, const char *text)
{
    const Told *told = context;
    if (level == LOG_WARNING) {
        cJSON_AddItemToArray(told->warnings, cJSON_CreateString(text));
    }
    output_log(told->output, level, text);
}

static void on_progress(void *context, const Progress *progress)
{
    const Told *told = context;
    output_progress(told->output, progress);
}

JobSink told_sink(Told *told)
{
    return (JobSink){on_log, on_progress, told, NULL};
}

void told_show(Told *told, cJSON *document)
{
    cJSON_AddItemToObject(document, "warnings", told->warnings);
    told->warnings = NULL;
    output_json(told->output, document);
}

cJSON *cli_restored_document(const RestoreResult *result)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "database", result->database);
    json_set_string(document, "schema", result->schema);
    json_set_string(document, "kept", result->kept);
    json_set_bool(document, "in_place", result->in_place);
    json_set_string(document, "safety_backup", result->safety);
    json_set_string(document, "safety_unproven", result->unproven);
    json_set_int(document, "tables", (int64_t)result->tables);
    json_set_int(document, "rows", result->rows);
    json_set_int(document, "large_objects", result->large_objects);
    json_set_number(document, "seconds", result->seconds);
    json_set_int(document, "entered", result->entered);
    json_set_int(document, "kept_count", (int64_t)result->kept_count);
    json_set_int(document, "kept_bytes", result->kept_bytes);
    cJSON *notes = cJSON_AddArrayToObject(document, "notes");
    for (size_t i = 0; i < result->note_count; i++) {
        cJSON_AddItemToArray(notes, cJSON_CreateString(result->notes[i]));
    }
    return document;
}

bool cli_ask_consent(Cli *cli, const char *what, const char *where, const char *done, char **typed, Error *err)
{
    char *prompt = mem_printf("%s\nType the name of the database to go on: ", what);
    bool ok = cli->options->yes;
    if (!ok && !console_is_terminal(0)) {
        error_set(err, EK_USAGE, "nobody is there to be asked whether %s may be %s", where, done);
        error_hint(err, "Say --yes if it may.");
    } else if (!ok && !console_ask_line(prompt, typed)) {
        error_set(err, EK_CANCELLED, "cancelled");
    } else {
        ok = true;
    }
    mem_free(prompt);
    return ok;
}

bool cli_not_its_name(Error *err)
{
    return error_set(err, EK_CANCELLED, "that is not its name; nothing was changed");
}

bool cli_consent(Cli *cli, const Connection *connection, const char *what, Error *err)
{
    char *where = connection_text(connection), *typed = NULL;
    const bool ok = cli_ask_consent(cli, what, where, "replaced", &typed, err) &&
                    (typed == NULL || restore_is_consent(connection, typed) || cli_not_its_name(err));
    mem_free(typed);
    mem_free(where);
    return ok;
}

static void show_restored(Cli *cli, const RestoreResult *result)
{
    if (result->kept != NULL) { /* the rest is in the log's lines */
        output_line(&cli->output, "'cmms-backup-cli undo' brings the old database back.");
    } else if (result->in_place) {
        output_line(&cli->output, "What was there before is in %s alone, which is pinned.", result->safety);
    }
}

/* Never done unasked: it is another thing, and cannot be undone. */
static bool offer_in_place(const Preview *preview, Error *err)
{
    return preview->may_in_place ? error_hint(err, "%s. See --in-place: it goes into the database itself, and there is "
                                                   "no undo.", preview->obstacles[0])
                                 : false;
}

static int run_restore(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    RestoreResult result;
    Preview preview;
    char *path = NULL;
    int code = 0;
    preview_init(&preview);
    opening_init(&opening);
    restore_result_init(&result);
    Told told = {&cli->output, cJSON_CreateArray()};
    const JobSink sink = told_sink(&told);
    bool ok = cli_find_file(cli->options, cli->options->files[0], &path, &err) &&
              cli_open(cli, cli->options->to != NULL ? OPENING_NO_FOLDER : OPENING_WRITES, false, &opening, &err) &&
              cli_has_database(&opening.connection, &err);
    const PreviewSpec before = {.server = &opening.connection, .to = cli->options->to,
                                .no_safety = cli->options->no_safety,
                                .prove_safety = !cli->options->no_safety_proof,
                                .in_place = cli->options->in_place,
                                .unproven = cli->options->foreign};
    const bool whole = cli->options->tables == NULL; /* else nothing is changed that could be shown */
    ok = ok && (!whole || preview_run(path, &before, &sink, cli->cancel, &preview, &err));
    if (ok && whole && !(cli->options->yes && cli->output.quiet)) {
        cli_show_preview(cli, &preview);
    }
    /* Whoever has said --yes hears what is in the way from the restore itself. */
    ok = ok && (cli->options->yes || preview_allows(&preview, &err) || offer_in_place(&preview, &err));
    if (ok && whole && cli->options->to == NULL) {
        char *where = connection_text(&opening.connection);
        char *what = mem_printf("%s will be replaced by what %s holds. %s", where, path,
                                cli->options->in_place ? "It is NOT kept: only the safety backup has it then."
                                                       : "It is kept under another name.");
        ok = cli_consent(cli, &opening.connection, what, &err);
        mem_free(what);
        mem_free(where);
    }
    const RestoreSpec spec = {.server = &opening.connection,
                              .to = cli->options->to,
                              .tables = cli->options->tables,
                              .to_schema = cli->options->to_schema,
                              .in_place = cli->options->in_place,
                              .folder = opening.folder,
                              .no_safety = cli->options->no_safety,
                              .prove_safety = !cli->options->no_safety_proof,
                              .foreign = cli->options->foreign,
                              .proven = preview.proven ? preview.sha256 : NULL,
                              .sort_as_live = cli->options->sort_as_live};
    ok = ok && restore_backup(path, &spec, &sink, cli->cancel, &result, &err);
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *document = cli_restored_document(&result);
        if (whole) {
            cJSON_AddItemToObject(document, "preview", cli_preview_document(&preview));
        }
        told_show(&told, document);
    } else {
        show_restored(cli, &result);
    }
    cJSON_Delete(told.warnings);
    preview_release(&preview);
    restore_result_release(&result);
    opening_release(&opening);
    mem_free(path);
    error_clear(&err);
    return code;
}

static bool check_restore(const Options *options, Error *err)
{
    if (!cli_check_in_place(options, err)) {
        return false;
    }
    if (options->tables != NULL && options->to != NULL) {
        error_set(err, EK_USAGE, "--tables and --to do not go together");
        return error_hint(err, "Tables go into a new schema of the database that -d names.");
    }
    if (options->to_schema != NULL && (options->tables == NULL || options->to_schema[0] == '\0')) {
        error_set(err, EK_USAGE, "--to-schema names a new schema for the tables of --tables");
        return error_hint(err, "Try 'cmms-backup-cli restore --help'.");
    }
    return true;
}

static const char help[] =
    "Restore a backup: read every byte, make a safety backup of the live database and prove it where the bundled\n"
    "server can, restore into a new database, count the rows of each table, and only then let it take the live\n"
    "one's name. The old database is kept, for undo. When anything fails before that, the live database is as it\n"
    "was.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli restore [OPTION]... FILE\n"
    "  cmms-backup-cli restore --tables=NAME,... [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. Unless --yes is given, the name of the database that is to be\n"
    "replaced is asked for. What the restore changes is shown first, as 'preview' shows it; a file without a\n"
    "manifest is proven before it comes near the server.\n"
    "\n"
    "Options:\n"
    "      --to=DBNAME          into a new database of that name; the live one is not touched\n"
    "      --tables=NAME,...    only these tables, into a new schema of the database, to look at them; nothing that\n"
    "                           is there is touched. A name is the database's: work_orders, or schema.name. The new\n"
    "                           tables have the rows alone, without keys, defaults and rights\n"
    "      --to-schema=NAME     the name of that schema; otherwise restored_ and the moment of the backup\n"
    "      --in-place           for a user who may not create databases: into the live one itself, all of it or\n"
    "                           nothing. All programs are disconnected, nobody can change anything there\n"
    "                           meanwhile, and there is no undo: what was there is only in the safety backup then,\n"
    "                           which is pinned. Not where the database has large objects\n"
    "      --no-safety-backup   make no backup of the live database first\n"
    "      --no-safety-proof    do not prove that backup on the bundled server before going on\n"
    FOREIGN_HELP
    "      --sort-as-live       where the server cannot sort as the source did: as the live database does\n"
    "  -y, --yes                do not ask\n" FOLDER_HELP "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP "\n"
    CONNECTION_SOURCES;

const Verb verb_restore = {
    .name = "restore",
    .summary = "bring a backup back: into a new database that then takes the place of the live one",
    .help = help,
    .takes = {OPTION_TO, OPTION_TABLES, OPTION_TO_SCHEMA, OPTION_IN_PLACE, OPTION_NO_SAFETY, OPTION_NO_SAFETY_PROOF,
              OPTION_FOREIGN, OPTION_SORT_AS_LIVE, OPTION_YES, OPTION_FOLDER, CONNECTION_OPTIONS, OUTPUT_OPTIONS,
              OPTION_PROGRESS_JSON},
    .most = 1,
    .operand = "file",
    .least = 1,
    .missing = "say which backup to restore",
    .missing_hint = HINT_NAME_FILE,
    .check = check_restore,
    .run = run_restore};
