/* verb_pin.c: keep a backup whatever its age; and what pin and delete do with each of their operands. */
#include "cli.h"

#include "base/mem.h"
#include "platform/fs.h"
#include "store/folder.h"
#include "store/retention.h"

int cli_on_names(Cli *cli, const char *done, OnName *on_name)
{
    Error err = ERROR_INIT;
    char *folder = NULL;
    int code = 0;
    RetentionRead read = {NULL, 0};
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, done);
    bool ok = folder_find(cli->options->folder, &folder, &err);
    for (size_t i = 0; ok && i < cli->options->file_count; i++) {
        const char *name = cli->options->files[i];
        if (strcmp(fs_base_name(name), name) != 0) {
            error_set(&err, EK_USAGE, "\"%s\" is not a name in the backup folder", name);
            ok = error_hint(&err, "Name one of the backups that 'cmms-backup-cli list' shows, without its folder.");
        } else {
            ok = on_name(cli, folder, name, &read, &err);
        }
        output_clear_progress(&cli->output);
        if (ok) {
            cJSON_AddItemToArray(files, cJSON_CreateString(name));
            output_line(&cli->output, "%s was %s.", name, done);
        }
    }
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, document);
        document = NULL;
    }
    cJSON_Delete(document);
    retention_read_release(&read);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static bool pin(Cli *cli, const char *folder, const char *name, RetentionRead *read, Error *err)
{
    (void)read;
    return retention_pin(folder, name, !cli->options->off, cli->options->reason, NULL, err);
}

static int run_pin(Cli *cli)
{
    return cli_on_names(cli, cli->options->off ? "unpinned" : "pinned", pin);
}

static bool check_pin(const Options *options, Error *err)
{
    if (options->off && options->reason && options->file_count > 0) { /* that none is named is said first */
        error_set(err, EK_USAGE, "--off and --reason do not go together");
        return error_hint(err, "Try 'cmms-backup-cli pin --help'.");
    }
    return true;
}

static const char help[] =
    "Keep a backup whatever its age: no clean-up removes it, and it cannot be deleted until it is unpinned.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli pin [--reason=TEXT] FILE...\n"
    "  cmms-backup-cli pin --off FILE...\n"
    "\n"
    "FILE is a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --off                unpin\n"
    "      --reason=TEXT        why; shown wherever the backup is shown\n" FOLDER_HELP "\n" OUTPUT_HELP;

const Verb verb_pin = {
    .name = "pin",
    .summary = "keep a backup whatever its age",
    .help = help,
    .takes = {OPTION_OFF, OPTION_REASON, OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .least = 1,
    .missing = "say which backup to pin",
    .missing_hint = HINT_NAME_BACKUP,
    .check = check_pin,
    .run = run_pin};
