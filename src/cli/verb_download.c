/* verb_download.c: bring backups back from the folder on SharePoint. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/offsite_back.h"
#include "store/folder.h"

static cJSON *downloaded(const char *file, const OffsiteBack *back)
{
    cJSON *entry = cJSON_CreateObject();
    json_set_string(entry, "file", file);
    json_set_string(entry, "path", back->path);
    json_set_int(entry, "bytes", (int64_t)back->bytes);
    json_set_string(entry, "sha256", back->sha256);
    json_set_int(entry, "resumed_at", (int64_t)back->resumed_at);
    json_set_bool(entry, "was_here", back->was_here);
    return entry;
}

/* One file; *code is that of the first failure. False: stop. */
static bool download_one(Cli *cli, const char *folder, const char *file, const JobSink *sink, cJSON *files, int *code)
{
    Error err = ERROR_INIT;
    OffsiteBack back;
    offsite_back_init(&back);
    const OffsiteKeys keys = {.ask = cli_ask_key, .context = cli};
    const bool ok = offsite_download_with(folder, file, &keys, sink, cli->cancel, &back, &err);
    const bool go_on = ok || err.kind != EK_CANCELLED;
    output_clear_progress(&cli->output);
    if (ok) {
        cJSON_AddItemToArray(files, downloaded(file, &back));
        if (cli->output.quiet && !cli->output.json) {
            output_line(&cli->output, "%s", back.path);
        }
    } else {
        *code = *code == 0 ? error_exit_code(err.kind) : *code;
        cJSON *entry = cJSON_CreateObject();
        json_set_string(entry, "file", file);
        cJSON_AddItemToObject(entry, "error", output_error_object(&err));
        cJSON_AddItemToArray(files, entry);
        if (!cli->output.json) {
            output_error(&cli->output, &err);
        }
    }
    offsite_back_release(&back);
    error_clear(&err);
    return go_on;
}

static int run_download(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    cJSON *document = cJSON_CreateObject(), *files = cJSON_AddArrayToObject(document, "files");
    Error err = ERROR_INIT;
    char *folder = NULL;
    int code = 0;
    if (!folder_choose(options->folder, &folder, NULL, &err)) {
        code = output_error(&cli->output, &err);
        cJSON_Delete(document);
        document = NULL;
    }
    for (size_t i = 0; document && i < options->file_count &&
                       download_one(cli, folder, options->files[i], &sink, files, &code); i++) {
    }
    if (document && cli->output.json) {
        output_json(&cli->output, document);
    } else {
        cJSON_Delete(document);
    }
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Bring backups back from the folder on SharePoint that is set up. A file gets its name in the backup folder\n"
    "when its size, its hash there and the SHA-256 of its manifest are right; then verify, prove, preview and\n"
    "restore take it like any other. A download that was interrupted goes on where it stood when it is asked for\n"
    "again.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli download [OPTION]... FILE...\n"
    "\n"
    "FILE is a name that 'cmms-backup-cli sharepoint list' shows.\n"
    "\n"
    "Options:\n"
    "      --key-file=FILE      of an encrypted copy: the file with the private key. A passphrase is asked for on\n"
    "                           the terminal, or is in CMMS_BACKUP_PASSPHRASE\n" FOLDER_HELP "\n" OUTPUT_HELP
    PROGRESS_HELP "\n"
    "What was brought back is pinned, so that no clean-up takes it at once. With --quiet the paths of the files are\n"
    "the only lines on stdout. The exit code is that of the first file that did not come.\n";

const Verb verb_download = {
    .name = "download",
    .summary = "bring backups back from that folder",
    .help = help,
    .takes = {OPTION_KEY_FILE, OPTION_FOLDER, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = OPERANDS_ANY,
    .least = 1,
    .missing = "download takes one backup or more",
    .missing_hint = "Try 'cmms-backup-cli download --help'.",
    .run = run_download};
