/* verb_log.c: the log of the backup folder, or whether anybody changed it. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define LOG_SHOWN 20

static bool check_log(Cli *cli, const char *folder, Error *err)
{
    size_t entries = 0;
    if (!auditlog_check(folder, &entries, err)) {
        return false;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_bool(document, "ok", true);
        json_set_int(document, "entries", (int64_t)entries);
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, "\xE2\x9C\x85 %zu entries of the log follow from one another.", entries);
    }
    return true;
}

static bool show_entries(Cli *cli, const char *folder, Error *err)
{
    cJSON *entries = NULL;
    const cJSON *entry;
    if (!auditlog_read(folder, cli->options->last ? (size_t)cli->options->last : LOG_SHOWN, &entries, err)) {
        return false;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddItemToObject(document, "entries", entries);
        output_json(&cli->output, document);
        return true;
    }
    cJSON_ArrayForEach(entry, entries) {
        const char *status = json_string(entry, "status", "?"), *file = json_string(entry, "backup_file", NULL);
        char *line = mem_printf("%s  %-8s  %-8s  %s%s%s", json_string(entry, "timestamp", "(no time)          "),
                                json_string(entry, "operation", "backup"), status, file ? file : "", file ? ": " : "",
                                json_string(entry, "message", ""));
        output_coloured(&cli->output, strcmp(status, "failed") == 0 ? COLOUR_BAD : COLOUR_NONE, line);
        mem_free(line);
    }
    cJSON_Delete(entries);
    return true;
}

static int run_log(Cli *cli)
{
    Error err = ERROR_INIT;
    char *folder = NULL;
    int code = 0;
    if (!folder_find(cli->options->folder, &folder, &err) ||
        !(cli->options->check ? check_log(cli, folder, &err) : show_entries(cli, folder, &err))) {
        code = output_error(&cli->output, &err);
    }
    mem_free(folder);
    error_clear(&err);
    return code;
}

static bool check_options(const Options *options, Error *err)
{
    if (options->check && options->last) {
        error_set(err, EK_USAGE, "--check and --last do not go together");
        return error_hint(err, "Try 'cmms-backup-cli log --help'.");
    }
    return true;
}

static const char help[] =
    "Show the newest entries of the backup folder's log, or check that its entries follow from one another.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli log [OPTION]...\n"
    "\n"
    "Options:\n"
    "      --check              check the chain over all files of the log; the first broken link is named\n"
    "      --last=N             so many entries (20)\n" FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "The exit code of --check is 7 when an entry was changed, added or removed.\n";

const Verb verb_log = {
    .name = "log",
    .summary = "show the log of the backup folder, or check that nobody changed it",
    .help = help,
    .takes = {OPTION_CHECK, OPTION_LAST, OPTION_FOLDER, OUTPUT_OPTIONS},
    .check = check_options,
    .run = run_log};
