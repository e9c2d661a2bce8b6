/* verb_certificate.c: the certificate of a proof, a page for people. */
#include "cli.h"

#include "base/mem.h"
#include "jobs/certificate.h"

static int run_certificate(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    Error err = ERROR_INIT;
    Certificate certificate;
    char *file = NULL, *path = NULL;
    int code = 0;
    certificate_init(&certificate);
    bool ok = cli_find_file(options, options->files[0], &file, &err);
    if (ok && cli_wants_page(cli)) {
        ok = certificate_issue(file, options->out, &sink, cli->cancel, &certificate, &path, &err);
    } else if (ok) {
        ok = certificate_make(file, &sink, cli->cancel, &certificate, &err);
    }
    output_clear_progress(&cli->output);
    if (ok) {
        char *what = mem_printf("The certificate of %s", certificate.file);
        cli_show_page(cli, what, path, cli->output.json ? certificate_document(&certificate) : NULL);
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

static const char help[] =
    "Write the certificate of a proof: one page with the file and its SHA-256, when, where and by whom it was\n"
    "restored, which tables and rows came back, and the entry of the log on which that stands, with its hashes.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli certificate [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. It is read to its last byte. There is no certificate for a\n"
    "file that is not proven, whose content is no longer what was proven, or whose proof is not in the log of its\n"
    "folder, or of which the log says later that it is damaged; nor while that log does not hold (see log).\n"
    "\n"
    "Options:\n" OUT_HELP FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "With --json the document has all of it, and a page is only written where --out names one. With --quiet the\n"
    "page's path is the only line on stdout. Exit code 11: it is not proven; 7: the file or the log is not what it\n"
    "was.\n";

const Verb verb_certificate = {
    .name = "certificate",
    .summary = "write the certificate of a proof, one page",
    .help = help,
    .takes = {OPTION_OUT, OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = 1,
    .operand = "file",
    .least = 1,
    .missing = "say which backup's proof to certify",
    .missing_hint = HINT_NAME_FILE,
    .run = run_certificate};
