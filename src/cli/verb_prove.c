#include "verb_prove.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "platform/clock.h"
#include "platform/fs.h"

static cJSON *proven_document(const char *path, const ProveResult *result)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "path", path);
    json_set_bool(document, "proven", result->proven);
    json_set_string(document, "level", level_word(result->manifest.level));
    char *at = result->manifest.proven_at > 0 ? clock_iso_text(result->manifest.proven_at) : NULL;
    json_set_string(document, "proven_at", at);
    mem_free(at);
    json_set_string(document, "sha256", result->manifest.sha256);
    json_set_string(document, "server", result->where);
    json_set_int(document, "tables", (int64_t)result->tables_compared);
    json_set_int(document, "rows", result->rows);
    json_set_int(document, "large_objects", result->large_objects);
    json_set_int(document, "sequences", result->sequences);
    json_set_int(document, "indexes", result->indexes);
    json_set_int(document, "constraints", result->constraints);
    json_set_number(document, "seconds", result->seconds);
    if (result->not_kept) {
        json_set_string(document, "not_kept", result->not_kept);
    }
    cJSON *obstacles = cJSON_AddArrayToObject(document, "not_provable");
    for (size_t i = 0; i < result->not_provable_count; i++) {
        cJSON_AddItemToArray(obstacles, cJSON_CreateString(result->not_provable[i]));
    }
    cJSON *left_out = cJSON_AddArrayToObject(document, "left_out");
    for (size_t i = 0; i < result->left_out_count; i++) {
        cJSON_AddItemToArray(left_out, cJSON_CreateString(result->left_out[i]));
    }
    cJSON *unchecked = cJSON_AddArrayToObject(document, "unchecked");
    for (size_t i = 0; i < result->unchecked_count; i++) {
        cJSON_AddItemToArray(unchecked, cJSON_CreateString(result->unchecked[i]));
    }
    return document;
}

static void show_result(Output *output, const char *path, const ProveResult *result)
{
    if (result->proven) {
        char *line = mem_printf("\xE2\x9C\x85 %s is proven: %zu tables with %s rows came back on %s, as it holds"
                                " them",
                                fs_base_name(path), result->tables_compared, number_text(result->rows).text,
                                result->where);
        if (!output->quiet) {
            output_coloured(output, COLOUR_GOOD, line);
        }
        mem_free(line);
        for (size_t i = 0; !output->quiet && i < result->unchecked_count; i++) {
            output_line(output, "  The rule %s could not be checked: it refuses rows that the table holds.",
                        result->unchecked[i]);
        }
        return;
    }
    char *line = mem_printf("%s cannot be proven here; nothing speaks against it, its level stays %s:",
                            fs_base_name(path), level_name(result->manifest.level));
    output_coloured(output, COLOUR_WARNING, line);
    mem_free(line);
    for (size_t i = 0; i < result->not_provable_count; i++) {
        output_line(output, "  %s", result->not_provable[i]);
    }
    output_line(output, "Prove it on a server that has what is missing: prove --on -h HOST ...");
}

int verb_prove(const char *path, const ProveSpec *spec, Output *output, const Cancel *cancel)
{
    Error err = ERROR_INIT;
    ProveResult result;
    prove_result_init(&result);
    JobSink sink = output_sink(output);
    int code = 0;
    if (!prove_backup(path, spec, &sink, cancel, &result, &err)) {
        code = output_error(output, &err);
    } else {
        code = result.proven ? 0 : error_exit_code(EK_TOOL);
        if (output->json) {
            output_json(output, proven_document(path, &result));
        } else {
            output_clear_progress(output);
            show_result(output, path, &result);
        }
    }
    prove_result_release(&result);
    error_clear(&err);
    return code;
}
