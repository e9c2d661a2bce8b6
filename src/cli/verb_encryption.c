/* verb_encryption.c: `encryption [status]`, `encryption set-up`, `encryption off`; the key for a download. */
#include "cli.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "console.h"
#include "jobs/encryption_set_up.h"
#include "jobs/offsite_back.h"

static cJSON *state_document(const Encryption *encryption)
{
    cJSON *document = cJSON_CreateObject();
    json_set_bool(document, "encrypted", encryption->on);
    json_set_string(document, "recipient", encryption->recipient);
    json_set_bool(document, "passphrase", encryption->on && encryption->recipient == NULL);
    json_set_string(document, "mark", encryption->mark);
    json_set_bool(document, "key_kept_here", encryption->on && (encryption->recipient == NULL ||
                                                                secret_is_set(&encryption->identity)));
    output_add_time(document, "set_up", encryption->set_up);
    return document;
}

static void show(Cli *cli, const Encryption *encryption)
{
    if (cli->output.json) {
        output_json(&cli->output, state_document(encryption));
    } else {
        char *text = encryption_state_text(encryption);
        output_line(&cli->output, "%s", text);
        mem_free(text);
    }
}

static int fail(Cli *cli, Error *err)
{
    const int code = output_error(&cli->output, err);
    error_clear(err);
    return code;
}

static int run_state(Cli *cli)
{
    Encryption encryption;
    Error err = ERROR_INIT;
    encryption_init(&encryption);
    if (!encryption_load(&encryption, &err)) {
        return fail(cli, &err);
    }
    show(cli, &encryption);
    encryption_release(&encryption);
    return 0;
}

/* --- set-up ------------------------------------------------------------------------------------------------ */

static bool nobody_there(const char *what, const char *how, Error *err)
{
    error_set(err, EK_USAGE, "nobody is there to be asked for %s", what);
    return error_hint(err, "%s", how);
}

/* From the environment, where a script has put it; else from somebody at a terminal, `twice` where it is a new one. */
static bool find_passphrase(Cli *cli, const char *prompt, bool twice, Secret *one, Secret *two, Error *err)
{
    if (secret_is_set(&cli->passphrase)) {
        secret_copy(one, &cli->passphrase);
        secret_copy(two, &cli->passphrase);
        return true;
    }
    if (!console_is_terminal(0) || !console_ask_secret(prompt, one) ||
        (twice && !console_ask_secret("The same once more: ", two))) {
        return cancel_requested(cli->cancel)
                   ? error_set(err, EK_CANCELLED, "cancelled")
                   : nobody_there("the passphrase", "In a script it is in CMMS_BACKUP_PASSPHRASE.", err);
    }
    return true;
}

/* What losing the key means, and the words that say that it was read. Caller frees *typed. */
static bool ask_confirmed(Cli *cli, const char *warning, char **typed, Error *err)
{
    if (cli->options->confirm != NULL) {
        *typed = mem_strdup(cli->options->confirm);
        return true;
    }
    if (!console_is_terminal(0)) {
        return nobody_there("the confirmation", "Say --confirm=\"" ENCRYPTION_CONFIRM "\" when it was read.", err);
    }
    char *prompt = mem_printf("%s\n\nType \"%s\" to go on: ", warning, ENCRYPTION_CONFIRM);
    const bool ok = console_ask_line(prompt, typed) || error_set(err, EK_CANCELLED, "cancelled");
    mem_free(prompt);
    return ok;
}

static bool choose_way(const Options *options, EncryptionWay *way, Error *err)
{
    if (options->passphrase && options->recipient != NULL) {
        error_set(err, EK_USAGE, "--passphrase and --recipient do not go together");
        return error_hint(err, "Try 'cmms-backup-cli encryption --help'.");
    }
    *way = options->passphrase            ? ENCRYPTION_PASSPHRASE
           : options->recipient != NULL ? ENCRYPTION_RECIPIENT
                                          : ENCRYPTION_NEW_PAIR;
    if (*way != ENCRYPTION_NEW_PAIR && (options->key_file != NULL || options->keep_key)) {
        error_set(err, EK_USAGE, "--key-file and --keep-key are for a new key pair");
        return error_hint(err, "Try 'cmms-backup-cli encryption --help'.");
    }
    return true;
}

static int run_set_up(Cli *cli)
{
    const Options *options = cli->options;
    Secret one = SECRET_INIT, two = SECRET_INIT;
    Encryption made;
    Error err = ERROR_INIT;
    char *typed = NULL;
    EncryptionWay way = ENCRYPTION_NEW_PAIR;
    encryption_init(&made);
    bool ok = choose_way(options, &way, &err) &&
              (way != ENCRYPTION_PASSPHRASE || find_passphrase(cli, "Passphrase: ", true, &one, &two, &err));
    EncryptionSetUp spec = {.way = way, .key_file = options->key_file, .keep_key = options->keep_key,
                            .recipient = options->recipient, .passphrase = &one, .again = &two,
                            .card_file = options->card};
    ok = ok && encryption_check(&spec, &err) && ask_confirmed(cli, encryption_warning(way), &typed, &err);
    spec.confirmed = typed;
    if (ok) {
        ok = encryption_set_up(&spec, &made, &err);
    }
    if (ok) {
        show(cli, &made);
    }
    if (ok && !cli->output.json && !cli->output.quiet && way == ENCRYPTION_NEW_PAIR) {
        output_line(&cli->output, "The private key is in %s; take it away from this PC, in two copies.",
                    options->key_file);
    }
    secret_release(&one);
    secret_release(&two);
    encryption_release(&made);
    mem_free(typed);
    return ok ? 0 : fail(cli, &err);
}

static int run_off(Cli *cli)
{
    Error err = ERROR_INIT;
    Encryption old, off;
    char *typed = NULL;
    encryption_init(&old);
    encryption_init(&off);
    const bool kept = encryption_load(&old, NULL) && encryption_keeps_key(&old);
    encryption_release(&old);
    const bool ok = (!kept || ask_confirmed(cli, "What is kept of keys on this PC goes as well. Copies that were made "
                                                 "for them can be read only by who has it elsewhere.", &typed, &err)) &&
                    encryption_switch_off(typed, &err);
    if (ok) {
        show(cli, &off);
    }
    mem_free(typed);
    return ok ? 0 : fail(cli, &err);
}

static int run_encryption(Cli *cli)
{
    const Options *options = cli->options;
    const char *what = options->file_count > 0 ? options->files[0] : "status";
    Error err = ERROR_INIT;
    if (options->file_count <= 1 && strcmp(what, "status") == 0) {
        return run_state(cli);
    }
    if (options->file_count == 1 && strcmp(what, "set-up") == 0) {
        return run_set_up(cli);
    }
    if (options->file_count == 1 && strcmp(what, "off") == 0) {
        return run_off(cli);
    }
    error_set(&err, EK_USAGE, "encryption takes 'status', 'set-up' or 'off'");
    error_hint(&err, "Try 'cmms-backup-cli encryption --help'.");
    return fail(cli, &err);
}

/* --- the key for a download -------------------------------------------------------------------------------- */

bool cli_ask_key(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err)
{
    Cli *cli = context;
    if (lock->recipient != NULL) {
        if (cli->options->key_file != NULL) {
            return offsite_read_key_file(cli->options->key_file, from, err);
        }
        error_set(err, EK_REFUSED, "it is encrypted for the public key %s, and its private key is not on this PC",
                  lock->recipient);
        return error_hint(err, "Name its key file with --key-file.");
    }
    Secret unused = SECRET_INIT;
    output_clear_progress(&cli->output);
    char *prompt = mem_printf("Passphrase number %s: ", lock->mark);
    const bool ok = find_passphrase(cli, prompt, false, &from->passphrase, &unused, err);
    secret_release(&unused);
    mem_free(prompt);
    return ok;
}

static const char help[] =
    "Show whether copies of backups are encrypted before they leave this PC; set that up, or switch it off.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli encryption [status]\n"
    "  cmms-backup-cli encryption set-up --key-file=FILE [--keep-key] [--card=FILE]\n"
    "  cmms-backup-cli encryption set-up --recipient=KEY [--card=FILE]\n"
    "  cmms-backup-cli encryption set-up --passphrase [--card=FILE]\n"
    "  cmms-backup-cli encryption off\n"
    "\n"
    "The format is that of age (age-encryption.org/v1), which the program age reads without this one. With a key\n"
    "pair this PC cannot read the copies that it makes. Whoever loses the key loses the copies; what that means is\n"
    "shown, and must be confirmed.\n"
    "\n"
    "Options:\n"
    "      --key-file=FILE      make a key pair; its private key goes to this file and is not kept on this PC\n"
    "      --keep-key           keep the private key on this PC as well: then it can read the copies\n"
    "      --recipient=KEY      for a public key that was made elsewhere (age1...)\n"
    "      --passphrase         with a passphrase, asked for twice on the terminal, or in CMMS_BACKUP_PASSPHRASE\n"
    "      --card=FILE          write a recovery card, without a secret, to be printed\n"
    "      --confirm=TEXT       what is otherwise typed when the warning was read: \"without the key nothing\"\n"
    "\n" OUTPUT_HELP
    "\n"
    "Copies that are there already stay as they are. Backups in the backup folder are never encrypted. The manifest\n"
    "of an encrypted copy is not: names of tables and users, and how many rows there are, can be read.\n"
    "A key that is kept on this PC stays there when another is set up. off takes all of them away with it, and\n"
    "wants the same confirmation then.\n";

const Verb verb_encryption = {
    .name = "encryption",
    .summary = "whether copies are encrypted before they leave this PC, and for whom",
    .help = help,
    .takes = {OPTION_KEY_FILE, OPTION_KEEP_KEY, OPTION_RECIPIENT, OPTION_PASSPHRASE, OPTION_CARD, OPTION_CONFIRM,
              OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .run = run_encryption};
