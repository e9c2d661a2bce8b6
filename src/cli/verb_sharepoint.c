/*
 * verb_sharepoint.c: `sharepoint set-up LINK`, `sharepoint status`, `sharepoint ask-it [LINK]`, `sharepoint sign-out`,
 * `sharepoint forget`, `upload FILE...`; the way back (`sharepoint list`, `download`): verb_download.c;
 * old backups there (`sharepoint clean-up`): verb_clean_up.c.
 */
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cli.h"
#include "console.h"
#include "jobs/ask_it.h"
#include "jobs/offsite.h"
#include "jobs/offsite_batch.h"
#include "jobs/offsite_folder.h"
#include "platform/clock.h"
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
    json_set_string(document, "rights", place->rights == NULL ? "all" : place->rights);
    json_set_string(document, "by", place->by == NULL ? "person" : place->by);
    json_set_string(document, "certificate", place->certificate);
    output_add_time(document, "set_up", place->set_up);
    mem_free(name);
    return document;
}

static OffsiteSetUp spec_of(Cli *cli)
{
    const Options *options = cli->options;
    return (OffsiteSetUp){.link = options->file_count > 1 ? options->files[1] : NULL,
                          .client_id = options->client_id,
                          .tenant = options->tenant,
                          .graph = options->graph,
                          .login = options->login,
                          .cloud = options->cloud,
                          .rights = options->rights,
                          .certificate = options->certificate,
                          .device_code = options->device_code,
                          .no_browser = options->no_browser,
                          .show = show_address,
                          .context = cli};
}

/* Neither on the command line nor in a file: typed, or in this program's environment. */
static bool find_secret(Cli *cli, Secret *secret, Error *err)
{
    if (secret_is_set(&cli->client_secret)) {
        secret_copy(secret, &cli->client_secret);
        return true;
    }
    if (console_is_terminal(0) && console_ask_secret("Client secret: ", secret)) {
        return true;
    }
    if (cancel_requested(cli->cancel)) {
        return error_set(err, EK_CANCELLED, "stopped at your request");
    }
    error_set(err, EK_USAGE, "the client secret is not known");
    return error_hint(err, "Type it at a terminal, or put it into " CLIENT_SECRET_VARIABLE ".");
}

/* The end of that day, local time. */
static bool read_date(const char *text, int64_t *moment, Error *err)
{
    CivilTime day = {.hour = 23, .minute = 59, .second = 59};
    char *iso = mem_printf("%sT00:00:00Z", text);
    int64_t utc = 0;
    const bool ok = clock_parse_iso(iso, &utc);
    mem_free(iso);
    if (!ok) {
        error_set(err, EK_USAGE, "\"%s\" is no date", text);
        return error_hint(err, "It is written as in --secret-ends=2027-05-31.");
    }
    CivilTime named;
    clock_utc(utc, &named);
    day.year = named.year;
    day.month = named.month;
    day.day = named.day;
    *moment = clock_from_local(&day);
    return true;
}

static bool spec_with_proof(Cli *cli, OffsiteSetUp *spec, Secret *secret, Error *err)
{
    const Options *options = cli->options;
    *spec = spec_of(cli);
    if (options->secret_ends != NULL && !options->secret) {
        error_set(err, EK_USAGE, "--secret-ends goes with --secret");
        return error_hint(err, "Try 'cmms-backup-cli sharepoint --help'.");
    }
    if (options->secret_ends != NULL && !read_date(options->secret_ends, &spec->secret_ends, err)) {
        return false;
    }
    if (options->secret) {
        spec->secret = secret;
        return find_secret(cli, secret, err);
    }
    return true;
}

static int run_set_up(Cli *cli)
{
    OffsiteSetUp spec;
    Secret secret = SECRET_INIT;
    const JobSink sink = output_sink(&cli->output);
    CloudPlace place;
    Error err = ERROR_INIT;
    int code = 0;
    place_init(&place);
    if (!spec_with_proof(cli, &spec, &secret, &err) || !offsite_set_up(&spec, &sink, cli->cancel, &place, &err)) {
        code = output_error(&cli->output, &err);
        if (ask_it_step(&err) != ASK_IT_NOTHING) {
            char *text = mem_printf("What is missing: %s. For IT: cmms-backup-cli sharepoint ask-it\n",
                                    ask_it_words(ask_it_step(&err)));
            console_write(2, text);
            mem_free(text);
        }
    } else if (cli->output.json) {
        output_json(&cli->output, place_document(&place));
    }
    secret_release(&secret);
    place_release(&place);
    error_clear(&err);
    return code;
}

static cJSON *folder_document(const OffsiteFolderLook *look)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "place", look->dir);
    json_set_string(document, "provider", look->provider);
    json_set_string(document, "trouble", cloudsync_words(look->trouble));
    return document;
}

/* The folder that OneDrive keeps in step: chosen just now, or shown. */
static int show_folder(Cli *cli, const char *chosen)
{
    OffsiteFolderLook look = {.dir = NULL};
    Error err = ERROR_INIT;
    int code = 0;
    if ((chosen != NULL && !offsite_folder_choose(chosen, &err)) || !offsite_folder_look(&look, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, folder_document(&look));
    } else {
        output_line(&cli->output, look.runs ? "%s keeps the folder \"%s\" in step with the cloud"
                                            : "%s has the folder \"%s\"; whether it runs now is not known",
                    look.provider, look.dir);
        if (look.trouble != CLOUDSYNC_FINE) {
            char *line = mem_printf("\xE2\x9A\xA0 Attention: %s. %s", cloudsync_words(look.trouble),
                                    cloudsync_remedy(look.trouble));
            output_coloured(&cli->output, COLOUR_WARNING, line);
            mem_free(line);
        }
    }
    offsite_folder_look_release(&look);
    error_clear(&err);
    return code;
}

static bool has_folder(void)
{
    char *folder = NULL;
    const bool has = !offsite_folder_load(&folder, NULL) || folder != NULL; /* a damaged one is told */
    mem_free(folder);
    return has;
}

static int show_place(Cli *cli)
{
    if (has_folder()) {
        return show_folder(cli, NULL);
    }
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
        char *clock = status.clock_known ? offsite_clock_words(status.clock_ahead) : NULL;
        json_set_string(document, "clock", clock);
        mem_free(clock);
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

/* The page for IT, to be sent on. */
static int show_ask_it(Cli *cli)
{
    const OffsiteSetUp spec = spec_of(cli);
    char *page = offsite_ask_it(&spec, NULL);
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "page", page);
        output_json(&cli->output, document);
    } else {
        console_write(1, page);
    }
    mem_free(page);
    return 0;
}

static int leave(Cli *cli, bool forget)
{
    Error err = ERROR_INIT;
    int code = 0;
    if (!(forget ? offsite_forget(cli->cancel, &err) : place_sign_out(cli->cancel, &err))) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, cJSON_CreateObject());
    } else {
        output_line(&cli->output, "%s",
                    forget ? "The folder on SharePoint and the sign-in are forgotten; what was uploaded stays"
                           : "Signed out of SharePoint on this PC; the folder stays set up");
    }
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
    if (strcmp(what, "clean-up") == 0 && options->file_count == 1) {
        return run_sharepoint_clean_up(cli);
    }
    if (strcmp(what, "set-up") == 0 && options->file_count == 2) {
        return run_set_up(cli);
    }
    if (strcmp(what, "use-folder") == 0 && options->file_count == 2) {
        return show_folder(cli, options->files[1]);
    }
    if (strcmp(what, "status") == 0 && options->file_count == 1) {
        return show_place(cli);
    }
    if (strcmp(what, "ask-it") == 0 && options->file_count <= 2) {
        return show_ask_it(cli);
    }
    const bool forget = strcmp(what, "forget") == 0;
    if ((forget || strcmp(what, "sign-out") == 0) && options->file_count == 1) {
        return leave(cli, forget);
    }
    Error err = ERROR_INIT;
    error_set(&err, EK_USAGE, "sharepoint takes 'set-up' and a link, 'use-folder' and a folder, 'status', 'list', "
                                "'clean-up', 'ask-it', 'sign-out' or 'forget'");
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

int run_upload(Cli *cli)
{
    const Options *options = cli->options;
    const JobSink sink = output_sink(&cli->output);
    Error err = ERROR_INIT;
    OffsiteBatch batch;
    if (options->file_count == 0) {
        error_set(&err, EK_USAGE, "upload takes one backup or more");
        error_hint(&err, "Try 'cmms-backup-cli upload --help'.");
        const int code = output_error(&cli->output, &err);
        error_clear(&err);
        return code;
    }
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
