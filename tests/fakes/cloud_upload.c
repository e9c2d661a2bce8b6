/*
 * cloud_upload.c: upload.h on a command line, for the simulator of Graph (e2e/test_upload.py):
 * cloud_upload GRAPH CA DRIVE FOLDER JOURNALS UNIT-MS SINGLE FIRST MAX FILE [replace]. "-" for no CA. The token is
 * "token-1", and "token-2" once that was refused. What came of it on stdout, or the error on stderr.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "cloud/upload.h"
#include "platform/fs.h"

static bool token(void *context, bool refused, const Cancel *cancel, Secret *secret, Error *err)
{
    bool *second = context;
    (void)cancel;
    (void)err;
    *second = *second || refused;
    secret_set(secret, *second ? "token-2" : "token-1", 7);
    return true;
}

static void log_line(void *context, LogLevel level, const char *text)
{
    (void)context;
    (void)level;
    printf("log: %s\n", text);
}

int main(int argc, char **argv)
{
    Error err = ERROR_INIT;
    UploadResult result;
    Graph *graph = NULL;
    bool second = false;
    const JobSink sink = {.log = log_line};
    if (argc < 11) {
        return 2;
    }
    upload_result_init(&result);
    const GraphSetup setup = {.endpoint = argv[1],
                              .ca_file = argv[2][0] == '-' ? NULL : argv[2],
                              .sink = &sink,
                              .unit_ms = (unsigned)strtoul(argv[6], NULL, 10),
                              .token = token,
                              .context = &second};
    bool ok = graph_new(&setup, &graph, &err);
    if (ok) {
        const UploadSpec spec = {.graph = graph,
                                 .path = argv[10],
                                 .name = fs_base_name(argv[10]),
                                 .drive = argv[3],
                                 .folder = argv[4],
                                 .journal_dir = argv[5],
                                 .replace = argc > 11,
                                 .single_max = strtoull(argv[7], NULL, 10),
                                 .fragment_first = strtoull(argv[8], NULL, 10),
                                 .fragment_max = strtoull(argv[9], NULL, 10),
                                 .sink = &sink};
        ok = upload_file(&spec, NULL, &result, &err);
    }
    if (ok) {
        printf("done: %s %llu resumed %llu%s%s\n", result.quickxor, (unsigned long long)result.bytes,
               (unsigned long long)result.resumed_at, result.was_there ? " was-there" : "",
               result.hash_pending ? " pending" : "");
    } else {
        char *text = error_text(&err);
        fprintf(stderr, "%s\n", text);
        mem_free(text);
    }
    const int code = ok ? 0 : error_exit_code(err.kind);
    upload_result_release(&result);
    graph_free(graph);
    error_clear(&err);
    return code;
}
