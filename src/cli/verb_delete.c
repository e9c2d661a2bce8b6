/* verb_delete.c: delete backups. */
#include "cli.h"

#include "store/retention.h"

static bool delete_it(Cli *cli, const char *folder, const char *name, RetentionRead *read, Error *err)
{
    const JobSink sink = output_sink(&cli->output);
    return retention_delete(folder, name, cli->options->force, read, &sink, cli->cancel, err);
}

static int run_delete(Cli *cli)
{
    return cli_on_names(cli, "deleted", delete_it);
}

static const char help[] =
    "Delete backups. The newest verified backup of a database, and any while there is no verified one, are only\n"
    "deleted with --force; pinned ones not at all.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli delete [OPTION]... FILE...\n"
    "\n"
    "FILE is a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --force              also the last good one\n" FOLDER_HELP "\n" OUTPUT_HELP;

const Verb verb_delete = {
    .name = "delete",
    .summary = "delete backups",
    .help = help,
    .takes = {OPTION_FORCE, OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .least = 1,
    .missing = "say which backup to delete",
    .missing_hint = HINT_NAME_BACKUP,
    .run = run_delete};
