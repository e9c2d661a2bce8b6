/* verb_backup.c: make a backup; and how one is told as JSON. */
#include "cli.h"

#include "base/jsonutil.h"
#include "jobs/backup.h"

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

static const char help[] =
    "Make a backup of the database: dump it, read every byte of the result back, and keep it.\n"
    "A file that ends in .backup in the backup folder is whole; an unfinished one never has that name.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli backup [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_HELP
    "      --fallback           where the usual folder cannot be written to, use `backups` beside the program or a\n"
    "                           folder of the user's; without it such a backup fails\n"
    "      --compress=METHOD    none, gzip, lz4 or zstd, with a level if need be: zstd:3\n"
    "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP "\n" CONNECTION_SOURCES
    "\n"
    "Where the setting upload_after_backup is true, the finished backup is then copied to SharePoint (see upload).\n"
    "What keeps it from getting there is a warning, and the next backup or run of the schedule goes on with it.\n"
    "With --quiet the finished file's path is the only line on stdout.\n";

const Verb verb_backup = {
    .name = "backup",
    .summary = "make a backup, check it, and keep it in the backup folder",
    .help = help,
    .takes = {OPTION_FOLDER, OPTION_FALLBACK, OPTION_COMPRESS, CONNECTION_OPTIONS, OUTPUT_OPTIONS,
              OPTION_PROGRESS_JSON},
    .run = run_backup};
