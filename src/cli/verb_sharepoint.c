/* verb_sharepoint.c: `sharepoint set-up LINK`, `sharepoint status`, `upload FILE...`; the way back: verb_download.c. */
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cli.h"
#include "console.h"
#include "jobs/offsite.h"
#include "platform/fs.h"
#include "store/folder.h"

/* On stderr, also with --json and --quiet: without it nobody can sign in. */
static void show_address(void *context, const char *address, const char *code)
{
    Cli *cli = context;
    output_clear_progress(&cli->output);
    char *text = code == NULL
                     ? mem_printf("Sign in at this address, with the browser of this computer:\n%s\n", address)
                     : mem_printf("Sign in at %s with a browser anywhere; the code is %s\n", address, code);
    console_write(2, text);
    mem_free(text);
}

static cJSON *place_document(const CloudPlace *place)
{
    cJSON *document = cJSON_CreateObject();
    char *name = place_name(place);
    json_set_string(document, "place", name);
    json_set_string(document, "web_url", place->web_url);
    json_set_string(document, "tenant", place->tenant);
    json_set_string(document, "client_id", place->client_id);
    output_add_time(document, "set_up", place->set_up);
    mem_free(name);
    return document;
}

static int run_set_up(Cli *cli)
{
    const Options *options = cli->options;
    const OffsiteSetUp spec = {.link = options->files[1],
                               .client_id = options->client_id,
                               .tenant = options->tenant,
                               .graph = options->graph,
                               .login = options->login,
                               .device_code = options->device_code,
                               .no_browser = options->no_browser,
                               .show = show_address,
                               .context = cli};
    const JobSink sink = output_sink(&cli->output);
    CloudPlace place;
    Error err = ERROR_INIT;
    int code = 0;
    place_init(&place);
    if (!offsite_set_up(&spec, &sink, cli->cancel, &place, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, place_document(&place));
    }
    place_release(&place);
    error_clear(&err);
    return code;
}

static int show_place(Cli *cli)
{
    const JobSink sink = output_sink(&cli->output);
    OffsiteStatus status;
    Error err = ERROR_INIT;
    int code = 0;
    offsite_status_init(&status);
    const bool ok = offsite_look(&sink, cli->cancel, &status, &err);
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *document = place_document(&status.place);
        output_add_count(document, "bytes", status.total);
        output_add_count(document, "bytes_free", status.remaining);
        output_json(&cli->output, document);
    } else {
        char *name = place_name(&status.place);
        char *left = status.remaining >= 0 ? output_megabytes((uint64_t)status.remaining) : NULL;
        output_line(&cli->output, "SharePoint: %s can be reached%s%s%s", name, left == NULL ? "" : "; ",
                    left == NULL ? "" : left, left == NULL ? "" : " are free");
        if (status.place.web_url != NULL) {
            output_line(&cli->output, "%s", status.place.web_url);
        }
        mem_free(left);
        mem_free(name);
    }
    offsite_status_release(&status);
    error_clear(&err);
    return code;
}

int run_sharepoint(Cli *cli)
{
    const Options *options = cli->options;
    const char *what = options->file_count > 0 ? options->files[0] : "";
    if (strcmp(what, "list") == 0 && options->file_count == 1) {
        return run_sharepoint_list(cli);
    }
    if (strcmp(what, "set-up") == 0 && options->file_count == 2) {
        return run_set_up(cli);
    }
    if (strcmp(what, "status") == 0 && options->file_count == 1) {
        return show_place(cli);
    }
    Error err = ERROR_INIT;
    error_set(&err, EK_USAGE, "sharepoint takes 'set-up' and a link, 'status', or 'list'");
    error_hint(&err, "Try 'cmms-backup-cli sharepoint --help'.");
    const int code = output_error(&cli->output, &err);
    error_clear(&err);
    return code;
}

/* --- upload ----------------------------------------------------------------------------------------------- */

bool cli_find_file(const Options *options, const char *file, char **path, Error *err)
{
    char *folder = NULL;
    if (strcmp(fs_base_name(file), file) != 0 || fs_exists(file)) {
        *path = mem_strdup(file);
        return true;
    }
    if (!folder_find(options->folder, &folder, err)) {
        return false;
    }
    *path = fs_join(folder, file);
    mem_free(folder);
    return true;
}

static cJSON *uploaded(const char *file, const UploadResult *result)
{
    cJSON *entry = cJSON_CreateObject();
    json_set_string(entry, "file", file);
    json_set_string(entry, "web_url", result->web_url);
    json_set_int(entry, "bytes", (int64_t)result->bytes);
    json_set_string(entry, "sha256", result->sha256);
    json_set_string(entry, "quickxor", result->quickxor);
    json_set_bool(entry, "hash_pending", result->hash_pending);
    json_set_bool(entry, "was_there", result->was_there);
    json_set_int(entry, "resumed_at", (int64_t)result->resumed_at);
    return entry;
}

/* One file; *code is that of the first failure. False: stop. */
static bool upload_one(Cli *cli, const char *file, const JobSink *sink, cJSON *files, int *code)
{
    Error err = ERROR_INIT;
    UploadResult result;
    char *path = NULL;
    upload_result_init(&result);
    const bool ok = cli_find_file(cli->options, file, &path, &err) &&
                    offsite_upload(path, sink, cli->cancel, &result, &err);
    const bool go_on = ok || err.kind != EK_CANCELLED;
    output_clear_progress(&cli->output);
    if (ok) {
        cJSON_AddItemToArray(files, uploaded(file, &result));
        if (cli->output.quiet && !cli->output.json) {
            output_line(&cli->output, "%s", file);
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
    upload_result_release(&result);
    mem_free(path);
    error_clear(&err);
    return go_on;
}

int run_upload(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, "files");
    int code = 0;
    if (options->file_count == 0) {
        Error err = ERROR_INIT;
        error_set(&err, EK_USAGE, "upload takes one backup or more");
        error_hint(&err, "Try 'cmms-backup-cli upload --help'.");
        code = output_error(&cli->output, &err);
        error_clear(&err);
        cJSON_Delete(document);
        return code;
    }
    for (size_t i = 0; i < options->file_count && upload_one(cli, options->files[i], &sink, files, &code); i++) {
    }
    if (cli->output.json) {
        output_json(&cli->output, document);
    } else {
        cJSON_Delete(document);
    }
    return code;
}
