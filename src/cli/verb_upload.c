/* verb_upload.c: copy backups to the folder on SharePoint. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/offsite_batch.h"

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
    json_set_bool(entry, "encrypted", result->encrypted);
    json_set_int(entry, "resumed_at", (int64_t)result->resumed_at);
    return entry;
}

typedef struct Uploads {
    Cli *cli;
    const char *const *files; /* as they were named */
    size_t next;
    cJSON *list;
    int code; /* of the first failure */
} Uploads;

static void on_ended(void *context, const OffsiteOutcome *outcome)
{
    Uploads *uploads = context;
    Output *output = &uploads->cli->output;
    const char *file = uploads->files[uploads->next++];
    output_clear_progress(output);
    if (outcome->ok) {
        cJSON_AddItemToArray(uploads->list, uploaded(file, &outcome->result));
        if (output->quiet && !output->json) {
            output_line(output, "%s", file);
        }
        return;
    }
    uploads->code = uploads->code == 0 ? error_exit_code(outcome->error.kind) : uploads->code;
    cJSON *entry = cJSON_CreateObject();
    json_set_string(entry, "file", file);
    cJSON_AddItemToObject(entry, "error", output_error_object(&outcome->error));
    cJSON_AddItemToArray(uploads->list, entry);
    if (!output->json) {
        output_error(output, &outcome->error);
    }
}

/* Each by its path. False: the folder in which a bare name is looked for cannot be used. */
static bool find_files(const Options *options, char **paths, Error *err)
{
    for (size_t i = 0; i < options->file_count; i++) {
        if (!cli_find_file(options, options->files[i], &paths[i], err)) {
            return false;
        }
    }
    return true;
}

static int run_upload(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    Error err = ERROR_INIT;
    OffsiteBatch batch;
    cJSON *document = cJSON_CreateObject();
    Uploads uploads = {.cli = cli, .files = options->files, .list = cJSON_AddArrayToObject(document, "files")};
    char **paths = mem_array(options->file_count, sizeof *paths);
    const OffsiteBatchSpec spec = {.paths = (const char *const *)paths, .count = options->file_count,
                                   .ended = on_ended, .context = &uploads};
    offsite_batch_init(&batch);
    if (!(find_files(options, paths, &err) && offsite_upload_batch(&spec, &sink, cli->cancel, &batch, &err)) &&
        uploads.code == 0) { /* none was tried */
        uploads.code = output_error(&cli->output, &err);
        cJSON_Delete(document);
        document = NULL;
    }
    if (document != NULL && cli->output.json) {
        output_json(&cli->output, document);
    } else {
        cJSON_Delete(document);
    }
    offsite_batch_release(&batch);
    for (size_t i = 0; i < options->file_count; i++) {
        mem_free(paths[i]);
    }
    mem_free(paths);
    error_clear(&err);
    return uploads.code;
}

static const char help[] =
    "Copy backups, with their manifests, to the folder on SharePoint that is set up. A copy gets its name when its\n"
    "size and hash there are those of the file here. An upload that was interrupted goes on where it stood when the\n"
    "same file is uploaded again.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli upload [OPTION]... FILE...\n"
    "\n"
    "FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" OUTPUT_HELP PROGRESS_HELP
    "\n"
    "The exit code is that of the first file that could not be uploaded. The others go on, unless they would fail\n"
    "as well: nobody is signed in, SharePoint is full or is not reached.\n";

const Verb verb_upload = {
    .name = "upload",
    .summary = "copy backups to that folder, and check them there",
    .help = help,
    .takes = {OPTION_FOLDER, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = OPERANDS_ANY,
    .least = 1,
    .missing = "upload takes one backup or more",
    .missing_hint = "Try 'cmms-backup-cli upload --help'.",
    .run = run_upload};
