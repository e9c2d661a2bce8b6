/*
 * verb_sharepoint.c: `sharepoint set-up LINK`, `use-folder DIR`, `status`, `ask-it [LINK]`, `sign-out`, `forget`; what
 * is there (`sharepoint list`): sharepoint_list.c; old backups there (`sharepoint clean-up`): sharepoint_clean_up.c.
 */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "console.h"
#include "jobs/ask_it.h"
#include "jobs/offsite.h"
#include "jobs/offsite_folder.h"
#include "platform/clock.h"

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

static int run_sharepoint(Cli *cli)
{
    const Options *options = cli->options;
    const char *what = options->file_count > 0 ? options->files[0] : "";
    if (strcmp(what, "list") == 0 && options->file_count == 1) {
        return cli_sharepoint_list(cli);
    }
    if (strcmp(what, "clean-up") == 0 && options->file_count == 1) {
        return cli_sharepoint_clean_up(cli);
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

static const char help[] =
    "Set up a folder on SharePoint for copies of backups: sign in with the browser, find the folder, try it with a\n"
    "small file that is removed again. Or show what is set up, and whether it can be reached; or what is there.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli sharepoint set-up [OPTION]... LINK\n"
    "  cmms-backup-cli sharepoint use-folder DIR\n"
    "  cmms-backup-cli sharepoint status\n"
    "  cmms-backup-cli sharepoint list [--last=N]\n"
    "  cmms-backup-cli sharepoint clean-up [--all] [--yes]\n"
    "  cmms-backup-cli sharepoint ask-it [OPTION]... [LINK]\n"
    "  cmms-backup-cli sharepoint sign-out | forget\n"
    "\n"
    "list shows the backups there, the newest first: which PC made them, how good they are, and whether their size\n"
    "and hash there are what their manifests say.\n"
    "\n"
    "clean-up shows which backups there are old by the settings of the backup folder, and why; with --yes they go\n"
    "into SharePoint's recycle bin. As here, only what this program made goes, and only when a newer verified\n"
    "backup of the same database is there; what is pinned, has changed, was made by another computer or brought\n"
    "there from another folder stays.\n"
    "\n"
    "LINK is the address of a library or a folder, as in the browser's address line, or a sharing link to a folder.\n"
    "\n"
    "use-folder needs no administrator: DIR is a folder of this PC that OneDrive keeps in step with a library (Sync\n"
    "on the library's page makes one). Backups are copied there; they count as off-site when Windows says that\n"
    "OneDrive has brought them to the cloud.\n"
    "\n"
    "Options:\n"
    "      --client-id=ID       the number that IT gets when it registers this program in your organisation's\n"
    "                           Entra (public client, redirect http://localhost)\n"
    "      --tenant=NAME        the organisation; otherwise what the link says (contoso.onmicrosoft.com)\n"
    "      --no-browser         only show the address for the sign-in, do not open it\n"
    "      --device-code        sign in with a browser elsewhere; many organisations do not allow it\n"
    "      --rights=RIGHTS      what the sign-in asks for: all (what the person may do), selected (only sites that\n"
    "                           IT has granted to this program), or list (only one library that it has granted)\n"
    "      --certificate=NUMBER the program signs in as itself, for runs without a person: with the key of the\n"
    "                           certificate of this thumbprint in the user's or computer's Windows store\n"
    "      --secret             the same with a client secret, where a certificate cannot be had: it is asked for,\n"
    "                           or taken from CMMS_SHAREPOINT_SECRET\n"
    "      --secret-ends=DATE   when IT has said that it runs out: 2027-05-31\n"
    "      --cloud=NAME         global, gcc-high, dod or china; otherwise what the link says\n"
    "      --graph=URL          another Microsoft Graph and another sign-in than those of the link's cloud\n"
    "      --login=URL\n"
    "      --all                of clean-up: also what other computers made, or other folders brought there; pins\n"
    "                           that were set there later are not known then\n"
    "  -y, --yes                of clean-up: do it\n"
    "      --last=N             of list: read so many manifests (100); of older ones only name and size are shown\n"
    FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "All of this is kept for the next time, but who signs in is said each time. The sign-in is kept for this user\n"
    "on this PC, protected by Windows.\n"
    "ask-it prints a page to send to IT: how the program is registered, approved and granted the site. sign-out\n"
    "removes the sign-in from this PC, forget the folder as well; neither touches what is on SharePoint.\n";

const Verb verb_sharepoint = {
    .name = "sharepoint",
    .summary = "set up a folder on SharePoint, or see whether it can be reached",
    .help = help,
    .takes = {OPTION_CLIENT_ID, OPTION_TENANT, OPTION_NO_BROWSER, OPTION_DEVICE_CODE, OPTION_RIGHTS,
              OPTION_CERTIFICATE, OPTION_SECRET, OPTION_SECRET_ENDS, OPTION_CLOUD, OPTION_GRAPH, OPTION_LOGIN,
              OPTION_ALL, OPTION_YES, OPTION_LAST, OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .run = run_sharepoint};
