/* verb_report.c: the health report, a page for people. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "schedule/report.h"
#include "store/folder.h"

bool cli_wants_page(const Cli *cli)
{
    return !cli->output.json || cli->options->out != NULL;
}

void cli_show_page(Cli *cli, const char *what, const char *path, cJSON *document)
{
    if (cli->output.json) {
        json_set_string(document, "page", path);
        output_json(&cli->output, document);
    } else if (cli->output.quiet) {
        output_line(&cli->output, "%s", path);
    } else {
        char *line = mem_printf("\xE2\x9C\x85 %s was written to %s", what, path);
        output_coloured(&cli->output, COLOUR_GOOD, line);
        mem_free(line);
    }
}

static int run_report(Cli *cli)
{
    const Options *options = cli->options;
    Error err = ERROR_INIT;
    Report report;
    Source source;
    char *folder = NULL, *path = NULL;
    int code = 0;
    report_init(&report);
    source_init(&source);
    bool ok = folder_find(options->folder, &folder, &err);
    if (ok) {
        const ReportSpec spec = {.folder = folder,
                                 .named_folder = options->folder,
                                 .source = cli_find_source(cli, &source) ? &source : NULL};
        ok = cli_wants_page(cli) ? report_issue(&spec, options->out, &report, &path, &err)
                                 : report_make(&spec, &report, &err);
    }
    if (ok) {
        for (size_t i = 0; i < report.notice_count; i++) {
            output_log(&cli->output, LOG_WARNING, report.notices[i]);
        }
        cli_show_page(cli, "The health report", path, cli->output.json ? report_document(&report) : NULL);
    } else {
        code = output_error(&cli->output, &err);
    }
    source_release(&source);
    report_release(&report);
    mem_free(path);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Write the health report: a page to look at in a browser, to mail and to print. It has a calendar of the last\n"
    "year (backups made, failed, missed), the last good backup and the next, how sizes and times developed, what a\n"
    "restore would take by the last restore or proof, copies, proofs, restores, failures, and which backup goes\n"
    "when. It tells what the folder's log, manifests and schedule have recorded; no server is asked.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli report [OPTION]...\n"
    "\n"
    "Options:\n" OUT_HELP FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "With --json the document has all of it, and a page is only written where --out names one. With --quiet the\n"
    "page's path is the only line on stdout. The exit code does not tell how the backups are.\n";

const Verb verb_report = {
    .name = "report",
    .summary = "write the health report: the last year, how things stand, what is ahead",
    .help = help,
    .takes = {OPTION_OUT, OPTION_FOLDER, OUTPUT_OPTIONS},
    .run = run_report};
