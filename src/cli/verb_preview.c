/* verb_preview.c: what a restore would change, without restoring. */
#include "verb_preview.h"

#include "base/jsonutil.h"
#include "base/mem.h"

void cli_show_preview(Cli *cli, const Preview *preview)
{
    static const char *const signs[] = {[PREVIEW_PLAIN] = "  ", [PREVIEW_GOOD] = "\xE2\x9C\x85",
                                        [PREVIEW_WARNING] = "\xE2\x9A\xA0", [PREVIEW_BAD] = "\xE2\x9D\x8C"};
    static const Colour colours[] = {[PREVIEW_PLAIN] = COLOUR_NONE, [PREVIEW_GOOD] = COLOUR_GOOD,
                                     [PREVIEW_WARNING] = COLOUR_WARNING, [PREVIEW_BAD] = COLOUR_BAD};
    PreviewLine *lines = NULL;
    size_t count = 0;
    preview_lines(preview, NULL, &lines, &count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || lines[i - 1].part != lines[i].part) {
            output_line(&cli->output, "%s", preview_part_title(lines[i].part));
        }
        char *sign = output_pad(signs[lines[i].mark], 2, false);
        char *line = mem_printf("  %s %s", sign, lines[i].text);
        output_coloured(&cli->output, colours[lines[i].mark], line);
        mem_free(line);
        mem_free(sign);
    }
    preview_lines_free(lines, count);
}

static void add_texts(cJSON *document, const char *name, char *const *texts, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(document, name);
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
    }
}

static cJSON *table_object(const PreviewTable *table)
{
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "schema", table->schema);
    json_set_string(object, "name", table->name);
    json_set_string(object, "words", table->words);
    json_set_bool(object, "in_live", table->in_live);
    json_set_bool(object, "in_backup", table->in_backup);
    output_add_count(object, "live", table->live);
    json_set_bool(object, "about", table->about);
    json_set_string(object, "backup_newest", table->backup_newest);
    output_add_count(object, "backup", table->backup);
    output_add_count(object, "made_since", table->made);
    output_add_count(object, "changed_since", table->changed);
    cJSON *newest = cJSON_AddArrayToObject(object, "newest");
    for (size_t i = 0; i < table->newest_count; i++) {
        cJSON *row = cJSON_CreateObject();
        json_set_string(row, "id", table->newest[i].id);
        json_set_string(row, "time", table->newest[i].time);
        cJSON_AddItemToArray(newest, row);
    }
    return object;
}

cJSON *cli_preview_document(const Preview *preview)
{
    static const char *const own[] = {[PREVIEW_OWN_UNKNOWN] = "unknown", [PREVIEW_OWN_SAME] = "same",
                                      [PREVIEW_OWN_EARLIER] = "earlier", [PREVIEW_OWN_DATABASE] = "database",
                                      [PREVIEW_OWN_SERVER] = "server"};
    static const char *const live[] = {[PREVIEW_LIVE_THERE] = "there", [PREVIEW_LIVE_EMPTY] = "empty",
                                       [PREVIEW_LIVE_GONE] = "gone", [PREVIEW_LIVE_CLOSED] = "closed",
                                       [PREVIEW_LIVE_ASIDE] = "aside"};
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "file", preview->file);
    output_add_time(document, "made", preview->made);
    json_set_string(document, "level", level_word(preview->level));
    json_set_string(document, "source", preview->source);
    json_set_string(document, "own", own[preview->own]);
    json_set_bool(document, "foreign", preview->foreign);
    json_set_bool(document, "proven_first", preview->proven);
    json_set_string(document, "sha256", preview->sha256);
    output_add_count(document, "bytes", preview->backup_bytes);
    output_add_count(document, "rows", preview->backup_rows);
    output_add_count(document, "large_objects", preview->backup_objects);
    json_set_string(document, "server_version", preview->server_version);
    json_set_string(document, "database", preview->database);
    json_set_string(document, "to", preview->to);
    json_set_string(document, "live", live[preview->live]);
    output_add_count(document, "live_bytes", preview->live_bytes);
    output_add_count(document, "live_large_objects", preview->live_objects);
    json_set_string(document, "live_version", preview->live_version);
    json_set_bool(document, "safety_backup", preview->safety);
    json_set_bool(document, "safety_proof", preview->proof);
    json_set_bool(document, "in_place", preview->in_place);
    json_set_bool(document, "may_in_place", preview->may_in_place);
    json_set_bool(document, "possible", preview->obstacle_count == 0);
    add_texts(document, "obstacles", preview->obstacles, preview->obstacle_count);
    add_texts(document, "left_out", preview->left_out, preview->left_out_count);
    add_texts(document, "acts", preview->acts, preview->act_count);
    cJSON *tables = cJSON_AddArrayToObject(document, "tables");
    for (size_t i = 0; i < preview->table_count; i++) {
        cJSON_AddItemToArray(tables, table_object(&preview->tables[i]));
    }
    return document;
}

static int run_preview(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    Preview preview;
    char *path = NULL;
    int code = 0;
    opening_init(&opening);
    preview_init(&preview);
    JobSink sink = output_sink(&cli->output);
    const PreviewSpec spec = {.server = &opening.connection, .to = cli->options->to,
                              .no_safety = cli->options->no_safety,
                              .prove_safety = !cli->options->no_safety_proof,
                              .in_place = cli->options->in_place,
                              .unproven = cli->options->foreign};
    const bool ok = cli_find_file(cli->options, cli->options->files[0], &path, &err) &&
                    cli_open(cli, OPENING_NO_FOLDER, false, &opening, &err) &&
                    cli_has_database(&opening.connection, &err) &&
                    preview_run(path, &spec, &sink, cli->cancel, &preview, &err);
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, cli_preview_document(&preview));
    } else {
        cli_show_preview(cli, &preview);
    }
    preview_release(&preview);
    opening_release(&opening);
    mem_free(path);
    error_clear(&err);
    return code;
}

bool cli_check_in_place(const Options *options, Error *err)
{
    if (options->in_place && (options->to != NULL || options->tables != NULL || options->no_safety)) {
        error_set(err, EK_USAGE, "--in-place goes with none of --to, --tables and --no-safety-backup");
        return error_hint(err, "Try 'cmms-backup-cli %s --help'.", options->verb->name);
    }
    return true;
}

static const char help[] =
    "Show what a restore would change, and change nothing: the rows of each table now and then, the newest rows\n"
    "that would be lost, when the backup was made, how good and whose it is, what of it would not come along, and\n"
    "what keeps it from being restored.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli preview [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. One without a manifest, which others may have made, is first\n"
    "restored into the bundled server, as 'prove' does it, and what in it acts is listed. The live database is\n"
    "counted for 20 seconds at most; what is too large for that is told as \"about\".\n"
    "\n"
    "Options:\n"
    "      --to=DBNAME          of a restore into a new database of that name\n"
    "      --in-place           of a restore into the live database itself\n"
    "      --no-safety-backup   of a restore without a backup of the live database first\n"
    "      --no-safety-proof    of one whose safety backup is not proven first\n"
    FOREIGN_HELP FOLDER_HELP "\n"
    CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP "\n" CONNECTION_SOURCES
    "\n"
    "That the backup cannot be restored as it stands is a result, and no error: \"possible\" in the JSON document.\n";

const Verb verb_preview = {
    .name = "preview",
    .summary = "show what a restore of a backup would change, and change nothing",
    .help = help,
    .takes = {OPTION_TO, OPTION_IN_PLACE, OPTION_NO_SAFETY, OPTION_NO_SAFETY_PROOF, OPTION_FOREIGN, OPTION_FOLDER,
              CONNECTION_OPTIONS, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = 1,
    .operand = "file",
    .least = 1,
    .missing = "say which backup to preview",
    .missing_hint = HINT_NAME_FILE,
    .check = cli_check_in_place,
    .run = run_preview};
