/* verb_notify.c: who is told of the schedule's runs beside this PC's own screen, and which PCs have fallen silent. */
#include "cli.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cloud/receiver.h"
#include "console.h"
#include "jobs/heartbeats.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "schedule/outward.h"
#include "store/folder.h"
#include "store/health.h"

#define ENV_ADDRESS "CMMS_BACKUP_NOTIFY_ADDRESS"
#define ENV_PASSWORD "CMMS_BACKUP_NOTIFY_PASSWORD"

static bool point_to_help(Error *err)
{
    return err->hint != NULL ? false : error_hint(err, "Try 'cmms-backup-cli notify --help'.");
}

/* --- what status and list have in common ------------------------------------------------------------------ */

cJSON *cli_receivers_array(const OutwardState states[RECEIVER_KINDS])
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        if (!states[i].set) {
            continue;
        }
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "kind", receiver_word((ReceiverKind)i));
        json_set_string(item, "address", states[i].shown);
        json_set_bool(item, "quiet", states[i].quiet);
        output_add_time(item, "sent", states[i].sent);
        output_add_time(item, "failed", states[i].failed);
        json_set_string(item, "problem", states[i].problem);
        cJSON_AddItemToArray(array, item);
    }
    return array;
}

cJSON *cli_computers_object(const SeenComputers *seen)
{
    cJSON *object = cJSON_CreateObject();
    char *host = machine_host_name();
    char *text = seen_silent_text(seen, host != NULL ? host : "", NULL, clock_now());
    output_add_time(object, "looked", seen->looked);
    json_set_string(object, "problem", seen->problem);
    json_set_string(object, "text", text);
    json_set_int(object, "strange", (int64_t)seen->strange);
    cJSON *array = cJSON_AddArrayToObject(object, "computers");
    for (size_t i = 0; i < seen->count; i++) {
        const SeenComputer *computer = &seen->computers[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "computer", computer->computer);
        output_add_time(item, "last", computer->last);
        json_set_int(item, "silent_days", seen_silence(seen, computer, host != NULL ? host : "") / 86400);
        json_set_bool(item, "retired", computer->retired);
        json_set_bool(item, "damaged", computer->damaged);
        cJSON_AddItemToArray(array, item);
    }
    mem_free(text);
    mem_free(host);
    return object;
}

/* --- list ------------------------------------------------------------------------------------------------- */

static void show_receiver(Cli *cli, ReceiverKind kind, const OutwardState *state, int64_t now)
{
    char *when = state->sent != 0 ? health_ago(now - state->sent) : NULL;
    output_line(&cli->output, "%-8s  %s%s; %s%s", receiver_word(kind), state->shown, state->quiet ? ", quiet" : "",
                when != NULL ? "it last took a notice " : "it has had no notice yet", when != NULL ? when : "");
    if (state->problem != NULL) {
        char *line = mem_printf("\xE2\x9A\xA0 %s", state->problem);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
    mem_free(when);
}

static void show_computers(Cli *cli, const SeenComputers *seen)
{
    char *host = machine_host_name();
    for (size_t i = 0; i < seen->count; i++) {
        const SeenComputer *computer = &seen->computers[i];
        char *when = health_ago(seen->looked > computer->last ? seen->looked - computer->last : 0);
        const bool silent = seen_silence(seen, computer, host != NULL ? host : "") > 0;
        char *line = mem_printf("%s%s: %sheartbeat %s", silent ? "\xE2\x9A\xA0 " : "", computer->computer,
                                computer->retired ? "retired; " : "", when);
        output_coloured(&cli->output, silent ? COLOUR_WARNING : COLOUR_NONE, line);
        mem_free(line);
        mem_free(when);
    }
    mem_free(host);
}

static bool list(Cli *cli, const char *folder, Error *err)
{
    OutwardState states[RECEIVER_KINDS];
    SeenComputers seen;
    const bool ok = outward_look(states, err);
    seen_init(&seen);
    if (folder != NULL) {
        heartbeats_known(folder, &seen);
    }
    if (ok && cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddItemToObject(document, "receivers", cli_receivers_array(states));
        cJSON_AddItemToObject(document, "heartbeats", cli_computers_object(&seen));
        output_json(&cli->output, document);
    } else if (ok) {
        bool any = false;
        for (size_t i = 0; i < RECEIVER_KINDS; i++) {
            any = any || states[i].set;
            if (states[i].set) {
                show_receiver(cli, (ReceiverKind)i, &states[i], clock_now());
            }
        }
        if (!any) {
            output_line(&cli->output, "Nobody is notified beside this computer's own screen.");
        }
        show_computers(cli, &seen);
    }
    seen_release(&seen);
    outward_states_release(states);
    return ok;
}

/* --- set, test, remove ------------------------------------------------------------------------------------ */

static bool find_kind(const char *word, ReceiverKind *kind, Error *err)
{
    return receiver_from_word(word, kind) ||
           error_set(err, EK_USAGE, "\"%s\" is none of ping, webhook, teams, smtp and graph", word);
}

static bool take_key(ReceiverKind kind, const char *text, Receiver *receiver, Error *err)
{
    const size_t len = strcspn(text, "=");
    char *key = mem_strndup(text, len);
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    const bool smtp = kind == RECEIVER_SMTP, mail = smtp || kind == RECEIVER_GRAPH;
    bool ok = true;
    if (value != NULL && strcmp(key, "quiet") == 0 && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)) {
        receiver->quiet = value[0] == 't';
    } else if (value != NULL && mail && strcmp(key, "to") == 0) {
        cli_replace_text(&receiver->to, value);
    } else if (value != NULL && smtp && strcmp(key, "from") == 0) {
        cli_replace_text(&receiver->from, value);
    } else if (value != NULL && smtp && strcmp(key, "user") == 0) {
        mem_free(receiver->user);
        receiver->user = value[0] != '\0' ? mem_strdup(value) : NULL;
    } else if (value != NULL && smtp && strcmp(key, "address") == 0) {
        secret_set(&receiver->address, value, strlen(value));
    } else if (value == NULL || strcmp(key, "password") == 0 || strcmp(key, "address") == 0) {
        ok = error_set(err, EK_USAGE,
                       "an address or a password does not belong on a command line, where others see it");
        error_hint(err, "Leave it out: it is asked for, or comes from " ENV_ADDRESS " and " ENV_PASSWORD ".");
    } else {
        ok = error_set(err, EK_USAGE, "%s has no \"%s\" that can be set so", receiver_word(kind), key);
    }
    mem_free(key);
    return ok;
}

/* From the environment, which no child of ours gets then; else, with somebody at a terminal, asked for. */
static bool ask_secret(Cli *cli, const char *variable, const char *prompt, bool needed, Secret *secret, Error *err)
{
    char *said = machine_getenv(variable);
    machine_unsetenv(variable);
    if (said != NULL && said[0] != '\0') {
        secret_set(secret, said, strlen(said));
    } else if (needed && console_is_terminal(0) && !console_ask_secret(prompt, secret) &&
               cancel_requested(cli->cancel)) {
        secret_free_text(said);
        return error_set(err, EK_CANCELLED, "cancelled");
    }
    secret_free_text(said);
    return true;
}

/* What is saved, with what is said now; secrets that are not said stay as they are saved. */
static bool gather(Cli *cli, ReceiverKind kind, Receiver *receiver, Error *err)
{
    const Options *options = cli->options;
    Receivers saved;
    receivers_init(&saved);
    (void)receivers_load(&saved, NULL); /* outward_set says what is wrong with it */
    const Receiver *old = &saved.of[kind];
    const bool known = old->set && !old->broken;
    char *old_user = mem_strdup(old->user);
    receiver->quiet = old->quiet;
    receiver->user = mem_strdup(old->user);
    receiver->from = mem_strdup(old->from);
    receiver->to = mem_strdup(old->to);
    receivers_release(&saved);
    receiver->set = true;
    bool ok = true;
    for (size_t i = 2; ok && i < options->file_count; i++) {
        ok = take_key(kind, options->files[i], receiver, err);
    }
    const bool only_keys = known && options->file_count > 2;
    if (ok && kind != RECEIVER_SMTP && kind != RECEIVER_GRAPH) {
        ok = ask_secret(cli, ENV_ADDRESS, "Address: ", !only_keys, &receiver->address, err);
    } else if (ok && kind == RECEIVER_SMTP && receiver->user != NULL) {
        const bool same = known && old_user != NULL && strcmp(old_user, receiver->user) == 0 &&
                          !secret_is_set(&receiver->address);
        ok = ask_secret(cli, ENV_PASSWORD, "Password for the mail server: ", !same, &receiver->password, err);
    }
    mem_free(old_user);
    return ok;
}

static bool set(Cli *cli, ReceiverKind kind, const char *folder, Error *err)
{
    Receiver receiver;
    receiver_init(&receiver);
    const bool ok = gather(cli, kind, &receiver, err) && outward_set(kind, &receiver, err);
    receiver_release(&receiver);
    return ok && list(cli, folder, err);
}

static bool remove_one(Cli *cli, ReceiverKind kind, const char *folder, Error *err)
{
    Receiver nothing;
    receiver_init(&nothing);
    return outward_set(kind, &nothing, err) && list(cli, folder, err);
}

static bool test_one(Cli *cli, ReceiverKind kind, Error *err)
{
    Receivers saved;
    receivers_init(&saved);
    bool ok = receivers_load(&saved, err);
    if (ok && !saved.of[kind].set) {
        ok = error_set(err, EK_NOT_FOUND, "%s is not set", receiver_title(kind));
    }
    ok = ok && outward_test(kind, &saved.of[kind], cli->cancel, err);
    if (ok) {
        output_line(&cli->output, "\xE2\x9C\x85 %s has taken a test notice", receiver_title(kind));
    }
    receivers_release(&saved);
    return ok || error_context(err, "%s", receiver_word(kind));
}

/* Without a kind all that are set; the first that fails is what the exit code says. */
static bool test(Cli *cli, const char *word, Error *err)
{
    OutwardState states[RECEIVER_KINDS];
    ReceiverKind kind;
    if (word != NULL) {
        return find_kind(word, &kind, err) && test_one(cli, kind, err);
    }
    bool ok = outward_look(states, err);
    bool any = false;
    for (size_t i = 0; ok && i < RECEIVER_KINDS; i++) {
        any = any || states[i].set;
    }
    if (ok && !any) {
        ok = error_set(err, EK_NOT_FOUND, "no receiver is set");
    }
    Error first = ERROR_INIT;
    for (size_t i = 0; ok && i < RECEIVER_KINDS; i++) {
        Error why = ERROR_INIT;
        if (states[i].set && !test_one(cli, (ReceiverKind)i, &why)) {
            char *text = error_text(&why);
            output_log(&cli->output, LOG_WARNING, text);
            mem_free(text);
            if (first.kind == EK_NONE) {
                error_move(&first, &why);
            }
            error_clear(&why);
        }
    }
    outward_states_release(states);
    return ok && first.kind == EK_NONE ? true : ok ? error_move(err, &first) : false;
}

/* --- which of them ---------------------------------------------------------------------------------------- */

static bool act(Cli *cli, Error *err)
{
    const Options *options = cli->options;
    const char *what = options->file_count > 0 ? options->files[0] : "list";
    const char *word = options->file_count > 1 ? options->files[1] : NULL;
    const bool sets = strcmp(what, "set") == 0;
    char *folder = NULL;
    ReceiverKind kind;
    bool ok = true;
    if (!sets && options->file_count > 2) {
        return error_set(err, EK_USAGE, "unexpected argument \"%s\"", options->files[2]);
    }
    if (strcmp(what, "test") == 0) {
        ok = test(cli, word, err);
        if (ok && cli->output.json) {
            cJSON *document = cJSON_CreateObject();
            json_set_bool(document, "sent", true);
            output_json(&cli->output, document);
        }
        return ok;
    }
    if (strcmp(what, "list") == 0) {
        (void)folder_find(options->folder, &folder, NULL); /* receivers are this user's, whatever the folder */
        ok = word == NULL ? list(cli, folder, err) : error_set(err, EK_USAGE, "unexpected argument \"%s\"", word);
    } else if (!sets && strcmp(what, "remove") != 0 && strcmp(what, "retire") != 0) {
        ok = error_set(err, EK_USAGE, "notify takes \"list\", \"set\", \"test\", \"remove\" or \"retire\", not \"%s\"",
                       what);
    } else if (word == NULL) {
        ok = error_set(err, EK_USAGE, "say %s to %s", strcmp(what, "retire") == 0 ? "which computer" : "which receiver",
                       what);
    } else if (strcmp(what, "retire") == 0) {
        ok = folder_find(options->folder, &folder, err) &&
             heartbeats_retire(folder, word, NULL, cli->cancel, err) && list(cli, folder, err);
    } else {
        (void)folder_find(options->folder, &folder, NULL);
        ok = find_kind(word, &kind, err) &&
             (sets ? set(cli, kind, folder, err) : remove_one(cli, kind, folder, err));
    }
    mem_free(folder);
    return ok;
}

static int run_notify(Cli *cli)
{
    Error err = ERROR_INIT;
    int code = 0;
    if (!act(cli, &err)) {
        if (err.kind == EK_USAGE) {
            point_to_help(&err);
        }
        code = output_error(&cli->output, &err);
    }
    error_clear(&err);
    return code;
}

static const char help[] =
    "Show or change who is told of the schedule's runs, beside this computer's own screen; and the computers that\n"
    "leave a heartbeat in the same place.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli notify [list]\n"
    "  cmms-backup-cli notify set ping|webhook|teams [quiet=true]\n"
    "  cmms-backup-cli notify set smtp address=smtps://SERVER from=ADDRESS to=ADDRESS,... [user=NAME] [quiet=true]\n"
    "  cmms-backup-cli notify set graph to=ADDRESS,... [quiet=true]\n"
    "  cmms-backup-cli notify test [RECEIVER]\n"
    "  cmms-backup-cli notify remove RECEIVER\n"
    "  cmms-backup-cli notify retire COMPUTER\n"
    "\n"
    "ping is an address in the manner of healthchecks: it gets /start when a slot of the schedule begins to be\n"
    "run, the address itself when its backup is made, and /fail when it is not, or is not verified. webhook gets a\n"
    "JSON object, teams (a workflow for a Teams channel) a card. smtp is mail by a server of your own, smtps:// or\n"
    "smtp:// with STARTTLS; graph is mail by the sign-in to SharePoint, for which IT has to allow Mail.Send.\n"
    "\n"
    "These addresses, and the password for the mail server, are asked for, or come from\n"
    "CMMS_BACKUP_NOTIFY_ADDRESS and CMMS_BACKUP_NOTIFY_PASSWORD; they are kept sealed, for this user on this PC.\n"
    "What is told: a backup was made (not with quiet=true), is not verified, failed, or is overdue; the backup\n"
    "folder cannot be used, so that nobody knows; a shrink alarm; an old backup that is damaged; the sign-in to\n"
    "SharePoint runs out; another computer has been silent for four and a half days (a long weekend is shorter), or\n"
    "for longer where its schedule has longer gaps. The same again: a failure after six hours, the others after a\n"
    "day or a week. A receiver that fails keeps no backup from being made.\n"
    "\n"
    "Each run of the schedule leaves a heartbeat in the folder on SharePoint, else in the backup folder. retire\n"
    "says that a computer is no longer, until it leaves one again.\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" OUTPUT_HELP;

const Verb verb_notify = {
    .name = "notify",
    .summary = "show or change who is told of the schedule's runs; test it; retire a computer",
    .help = help,
    .takes = {OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .run = run_notify};
