#include "verb_export.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cli.h"
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

int verb_export(const Options *options, Output *output, const Cancel *cancel)
{
    Error err = ERROR_INIT;
    ExportResult result;
    char *path = NULL;
    int code = 0;
    JobSink sink = output_sink(output);
    export_result_init(&result);
    bool ok = cli_find_file(options, options->files[0], &path, &err);
    if (ok) {
        const ExportSpec spec = {.path = path, .dir = options->files[1], .overwrite = options->overwrite};
        ok = export_backup(&spec, &sink, cancel, &result, &err);
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
