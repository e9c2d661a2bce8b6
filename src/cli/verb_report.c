/* verb_report.c: pages for people: the health report, and the certificate of a proof. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/certificate.h"
#include "jobs/page.h"
#include "schedule/report.h"
#include "store/folder.h"

/* With --json a page is only written where one is asked for. */
static bool wants_page(const Cli *cli)
{
    return !cli->output.json || cli->options->out != NULL;
}

static void show(Cli *cli, const char *what, const char *path, cJSON *document)
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

int run_report(Cli *cli)
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
        ok = wants_page(cli) ? report_issue(&spec, options->out, &report, &path, &err)
                             : report_make(&spec, &report, &err);
    }
    if (ok) {
        for (size_t i = 0; i < report.notice_count; i++) {
            output_log(&cli->output, LOG_WARNING, report.notices[i]);
        }
        show(cli, "The health report", path, cli->output.json ? report_document(&report) : NULL);
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

int run_certificate(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    Error err = ERROR_INIT;
    Certificate certificate;
    char *file = NULL, *path = NULL;
    int code = 0;
    certificate_init(&certificate);
    bool ok = cli_find_file(options, options->files[0], &file, &err);
    if (ok && wants_page(cli)) {
        ok = certificate_issue(file, options->out, &sink, cli->cancel, &certificate, &path, &err);
    } else if (ok) {
        ok = certificate_make(file, &sink, cli->cancel, &certificate, &err);
    }
    output_clear_progress(&cli->output);
    if (ok) {
        char *what = mem_printf("The certificate of %s", certificate.file);
        show(cli, what, path, cli->output.json ? certificate_document(&certificate) : NULL);
        mem_free(what);
    } else {
        code = output_error(&cli->output, &err);
    }
    certificate_release(&certificate);
    mem_free(path);
    mem_free(file);
    error_clear(&err);
    return code;
}
