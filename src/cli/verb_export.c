/* verb_export.c: copy a backup elsewhere, and check the copy. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/export.h"

static cJSON *exported_document(const ExportResult *result)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "path", result->path);
    json_set_string(document, "sha256", result->sha256);
    json_set_int(document, "bytes", (int64_t)result->bytes);
    json_set_string(document, "level", level_word(result->level));
    json_set_number(document, "seconds", result->seconds);
    cJSON *warnings = cJSON_AddArrayToObject(document, "warnings");
    if (result->warning) {
        cJSON_AddItemToArray(warnings, cJSON_CreateString(result->warning));
    }
    return document;
}

static int run_export(Cli *cli)
{
    const Options *options = cli->options;
    Output *output = &cli->output;
    Error err = ERROR_INIT;
    ExportResult result;
    char *path = NULL;
    int code = 0;
    JobSink sink = output_sink(output);
    export_result_init(&result);
    bool ok = cli_find_file(options, options->files[0], &path, &err);
    if (ok) {
        const ExportSpec spec = {.path = path, .dir = options->files[1], .overwrite = options->overwrite};
        ok = export_backup(&spec, &sink, cli->cancel, &result, &err);
    }
    output_clear_progress(output);
    if (!ok) {
        code = output_error(output, &err);
    } else if (output->json) {
        output_json(output, exported_document(&result));
    } else if (output->quiet) {
        output_line(output, "%s", result.path);
    }
    export_result_release(&result);
    mem_free(path);
    error_clear(&err);
    return code;
}

static bool check_export(const Options *options, Error *err)
{
    if (options->file_count != 2) {
        error_set(err, EK_USAGE, "export takes a backup and a folder");
        return error_hint(err, "Try 'cmms-backup-cli export --help'.");
    }
    return true;
}

static const char help[] =
    "Copy a backup, with its manifest, to another folder, a stick or a share. The copy is read back from there and\n"
    "must have the SHA-256 that was recorded; only then does it take its name.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli export [OPTION]... FILE DIR\n"
    "\n"
    "FILE is a path, or a name in the backup folder. DIR must exist.\n"
    "\n"
    "Options:\n"
    "      --overwrite          replace a file of that name in DIR\n" FOLDER_HELP "\n" OUTPUT_HELP PROGRESS_HELP
    "\n"
    "With --quiet the copy's path is the only line on stdout.\n";

const Verb verb_export = {
    .name = "export",
    .summary = "copy a backup to another folder or a share, and check the copy",
    .help = help,
    .takes = {OPTION_OVERWRITE, OPTION_FOLDER, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = OPERANDS_ANY,
    .check = check_export,
    .run = run_export};
