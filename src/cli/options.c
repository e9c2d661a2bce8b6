#include "options.h"

#include <limits.h>

#include "base/mem.h"
#include "postgres/connection.h"
#include "sample/sample.h"

#define BIT(verb) (1u << (verb))
#define ANY (~0u)
#define RESTORING (BIT(VERB_PREVIEW) | BIT(VERB_RESTORE) | BIT(VERB_UNDO))
#define WITH_SERVER \
    (BIT(VERB_BACKUP) | BIT(VERB_PROVE) | RESTORING | BIT(VERB_DOCTOR) | BIT(VERB_SAMPLE) | BIT(VERB_SCHEDULE))
#define PAGES (BIT(VERB_REPORT) | BIT(VERB_CERTIFICATE))
#define UPKEEP (BIT(VERB_CLEANUP) | BIT(VERB_PIN) | BIT(VERB_DELETE) | BIT(VERB_LOG) | BIT(VERB_CONFIG))
#define WITH_FOLDER \
    (BIT(VERB_BACKUP) | BIT(VERB_LIST) | BIT(VERB_VERIFY) | BIT(VERB_PROVE) | BIT(VERB_DOCTOR) | BIT(VERB_EXPORT) | \
     RESTORING | BIT(VERB_UPLOAD) | BIT(VERB_DOWNLOAD) | BIT(VERB_SHAREPOINT) | UPKEEP | BIT(VERB_SCHEDULE) |          \
     BIT(VERB_STATUS) | BIT(VERB_NOTIFY) | PAGES)
#define WORKING (WITH_SERVER | WITH_FOLDER | BIT(VERB_ENCRYPTION))
#define WITH_OPERANDS \
    (BIT(VERB_VERIFY) | BIT(VERB_PROVE) | RESTORING | BIT(VERB_EXPORT) | BIT(VERB_UPLOAD) | BIT(VERB_DOWNLOAD) | \
     BIT(VERB_SHAREPOINT) | BIT(VERB_ENCRYPTION) | BIT(VERB_PIN) | BIT(VERB_DELETE) | BIT(VERB_CONFIG) |              \
     BIT(VERB_SCHEDULE) | BIT(VERB_CERTIFICATE) | BIT(VERB_NOTIFY))
#define LAST_MAX 1000

typedef enum Id {
    ID_ALL,
    ID_CARD,
    ID_CERTIFICATE,
    ID_CHECK,
    ID_CLEAN_UP,
    ID_CLIENT_ID,
    ID_CLOUD,
    ID_COMPRESS,
    ID_CONFIRM,
    ID_DATA,
    ID_DATABASE,
    ID_DEVICE_CODE,
    ID_DROP,
    ID_DRY_RUN,
    ID_FALLBACK,
    ID_FOLDER,
    ID_FORCE,
    ID_FOREIGN,
    ID_FREEZE,
    ID_GRAPH,
    ID_HELP,
    ID_HOST,
    ID_IN_PLACE,
    ID_JSON,
    ID_KEEP_KEY,
    ID_KEY_FILE,
    ID_LAST,
    ID_LIST,
    ID_LOGIN,
    ID_NO_BROWSER,
    ID_NO_COLOR,
    ID_NO_PASSWORD,
    ID_NO_SAFETY,
    ID_NO_SAFETY_PROOF,
    ID_NO_WAIT,
    ID_OFF,
    ID_ON,
    ID_OUT,
    ID_OVERWRITE,
    ID_PASSPHRASE,
    ID_PORT,
    ID_PROGRESS_JSON,
    ID_QUIET,
    ID_REASON,
    ID_RECIPIENT,
    ID_RIGHTS,
    ID_SECRET,
    ID_SECRET_ENDS,
    ID_SIZE,
    ID_SORT_AS_LIVE,
    ID_SSLMODE,
    ID_TABLES,
    ID_TENANT,
    ID_TO,
    ID_TO_SCHEMA,
    ID_UNFREEZE,
    ID_USER,
    ID_VERBOSE,
    ID_VERSION,
    ID_YES
} Id;

typedef struct Rule {
    Id id;
    const char *name;
    char letter;
    bool takes_value;
    unsigned verbs; /* for which it means something */
} Rule;

static const Rule rules[] = {
    {ID_ALL, "all", 0, false, BIT(VERB_VERIFY) | BIT(VERB_SHAREPOINT)},
    {ID_CARD, "card", 0, true, BIT(VERB_ENCRYPTION)},
    {ID_CERTIFICATE, "certificate", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_CHECK, "check", 0, false, BIT(VERB_LOG)},
    {ID_CLEAN_UP, "clean-up", 0, false, BIT(VERB_UNDO)},
    {ID_CLIENT_ID, "client-id", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_CLOUD, "cloud", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_COMPRESS, "compress", 0, true, BIT(VERB_BACKUP)},
    {ID_CONFIRM, "confirm", 0, true, BIT(VERB_ENCRYPTION)},
    {ID_DATA, "data", 0, true, BIT(VERB_SAMPLE)},
    {ID_DATABASE, "dbname", 'd', true, WITH_SERVER},
    {ID_DEVICE_CODE, "device-code", 0, false, BIT(VERB_SHAREPOINT)},
    {ID_DROP, "drop", 0, true, BIT(VERB_UNDO)},
    {ID_DRY_RUN, "dry-run", 0, false, BIT(VERB_CLEANUP)},
    {ID_FALLBACK, "fallback", 0, false, BIT(VERB_BACKUP)},
    {ID_FOLDER, "folder", 0, true, WITH_FOLDER},
    {ID_FORCE, "force", 0, false, BIT(VERB_DELETE)},
    {ID_FOREIGN, "foreign", 0, false, BIT(VERB_PREVIEW) | BIT(VERB_RESTORE)},
    {ID_FREEZE, "freeze", 0, false, BIT(VERB_CLEANUP)},
    {ID_GRAPH, "graph", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_HELP, "help", '?', false, ANY},
    {ID_HOST, "host", 'h', true, WITH_SERVER},
    {ID_IN_PLACE, "in-place", 0, false, BIT(VERB_PREVIEW) | BIT(VERB_RESTORE)},
    {ID_JSON, "json", 0, false, WORKING},
    {ID_KEEP_KEY, "keep-key", 0, false, BIT(VERB_ENCRYPTION)},
    {ID_KEY_FILE, "key-file", 0, true, BIT(VERB_ENCRYPTION) | BIT(VERB_DOWNLOAD)},
    {ID_LAST, "last", 0, true, BIT(VERB_LOG) | BIT(VERB_SHAREPOINT)},
    {ID_LIST, "list", 0, false, BIT(VERB_UNDO)},
    {ID_LOGIN, "login", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_NO_BROWSER, "no-browser", 0, false, BIT(VERB_SHAREPOINT)},
    {ID_NO_COLOR, "no-color", 0, false, WORKING},
    {ID_NO_PASSWORD, "no-password", 'w', false, WITH_SERVER},
    {ID_NO_SAFETY, "no-safety-backup", 0, false, BIT(VERB_PREVIEW) | BIT(VERB_RESTORE)},
    {ID_NO_SAFETY_PROOF, "no-safety-proof", 0, false, BIT(VERB_PREVIEW) | BIT(VERB_RESTORE)},
    {ID_NO_WAIT, "no-wait", 0, false, BIT(VERB_SCHEDULE)},
    {ID_OFF, "off", 0, false, BIT(VERB_PIN)},
    {ID_ON, "on", 0, false, BIT(VERB_PROVE)},
    {ID_OUT, "out", 0, true, PAGES},
    {ID_OVERWRITE, "overwrite", 0, false, BIT(VERB_EXPORT)},
    {ID_PASSPHRASE, "passphrase", 0, false, BIT(VERB_ENCRYPTION)},
    {ID_PORT, "port", 'p', true, WITH_SERVER},
    {ID_PROGRESS_JSON, "progress-json", 0, false,
     BIT(VERB_BACKUP) | BIT(VERB_VERIFY) | BIT(VERB_PROVE) | RESTORING | BIT(VERB_EXPORT) | BIT(VERB_UPLOAD) |
         BIT(VERB_DOWNLOAD) | BIT(VERB_SCHEDULE)},
    {ID_QUIET, "quiet", 'q', false, WORKING},
    {ID_REASON, "reason", 0, true, BIT(VERB_PIN) | BIT(VERB_CLEANUP)},
    {ID_RECIPIENT, "recipient", 0, true, BIT(VERB_ENCRYPTION)},
    {ID_RIGHTS, "rights", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_SECRET, "secret", 0, false, BIT(VERB_SHAREPOINT)},
    {ID_SECRET_ENDS, "secret-ends", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_SIZE, "size", 0, true, BIT(VERB_SAMPLE)},
    {ID_SORT_AS_LIVE, "sort-as-live", 0, false, BIT(VERB_RESTORE)},
    {ID_SSLMODE, "sslmode", 0, true, WITH_SERVER},
    {ID_TABLES, "tables", 0, true, BIT(VERB_RESTORE)},
    {ID_TENANT, "tenant", 0, true, BIT(VERB_SHAREPOINT)},
    {ID_TO, "to", 0, true, BIT(VERB_PREVIEW) | BIT(VERB_RESTORE)},
    {ID_TO_SCHEMA, "to-schema", 0, true, BIT(VERB_RESTORE)},
    {ID_UNFREEZE, "unfreeze", 0, false, BIT(VERB_CLEANUP)},
    {ID_USER, "username", 'U', true, WITH_SERVER},
    {ID_VERBOSE, "verbose", 0, false, BIT(VERB_NONE)},
    {ID_VERSION, "version", 'V', false, ANY},
    {ID_YES, "yes", 'y', false, BIT(VERB_RESTORE) | BIT(VERB_UNDO) | BIT(VERB_SHAREPOINT)},
};
#define RULE_COUNT (sizeof rules / sizeof rules[0])

static const struct {
    Verb verb;
    const char *name;
} verbs[] = {
    {VERB_BACKUP, "backup"}, {VERB_LIST, "list"},     {VERB_VERIFY, "verify"},
    {VERB_DOCTOR, "doctor"}, {VERB_SAMPLE, "sample"}, {VERB_CLEANUP, "cleanup"},
    {VERB_PIN, "pin"},       {VERB_DELETE, "delete"}, {VERB_LOG, "log"},
    {VERB_CONFIG, "config"}, {VERB_PROVE, "prove"},   {VERB_EXPORT, "export"},
    {VERB_RESTORE, "restore"}, {VERB_UNDO, "undo"},   {VERB_PREVIEW, "preview"},
    {VERB_UPLOAD, "upload"}, {VERB_DOWNLOAD, "download"}, {VERB_SHAREPOINT, "sharepoint"},
    {VERB_ENCRYPTION, "encryption"},
    {VERB_SCHEDULE, "schedule"}, {VERB_STATUS, "status"}, {VERB_REPORT, "report"},
    {VERB_CERTIFICATE, "certificate"}, {VERB_NOTIFY, "notify"}, {VERB_HELP, "help"},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

const char *verb_name(Verb verb)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (verbs[i].verb == verb) {
            return verbs[i].name;
        }
    }
    return "";
}

static bool verb_from_name(const char *name, Verb *verb)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            *verb = verbs[i].verb;
            return true;
        }
    }
    return false;
}

void options_init(Options *options)
{
    *options = (Options){.verb = VERB_NONE, .help_about = VERB_NONE};
}

void options_release(Options *options)
{
    mem_free((void *)options->files);
    options_init(options);
}

bool options_want_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

static bool point_to_help(Error *err)
{
    return error_hint(err, "Try 'cmms-backup-cli --help'.");
}

static bool parse_size(const char *text, int *megabytes, Error *err)
{
    char *end = NULL;
    long value = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    if (!end || *end != '\0' || value < 1 || value > SAMPLE_MEGABYTES_MAX) {
        error_set(err, EK_USAGE, "--size is a whole number of megabytes from 1 to %d, not \"%s\"",
                  SAMPLE_MEGABYTES_MAX, text);
        return point_to_help(err);
    }
    *megabytes = (int)value;
    return true;
}

static bool parse_last(const char *text, int *last, Error *err)
{
    size_t digits = strspn(text, "0123456789");
    long value = digits >= 1 && digits <= 4 && !text[digits] ? strtol(text, NULL, 10) : 0;
    if (value < 1 || value > LAST_MAX) {
        error_set(err, EK_USAGE, "--last is a whole number from 1 to %d, not \"%s\"", LAST_MAX, text);
        return point_to_help(err);
    }
    *last = (int)value;
    return true;
}

/* What pg_dump itself understands of --compress: METHOD or METHOD:LEVEL. */
static bool check_compression(const char *text, Error *err)
{
    static const struct {
        const char *name;
        long lowest, highest; /* levels; 0, 0: takes none */
    } methods[] = {{"none", 0, 0}, {"gzip", 1, 9}, {"lz4", 1, 12}, {"zstd", 1, 22}};
    size_t len = strcspn(text, ":");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strlen(methods[i].name) != len || memcmp(methods[i].name, text, len) != 0) {
            continue;
        }
        if (text[len] == '\0') {
            return true;
        }
        if (methods[i].highest == 0) {
            error_set(err, EK_USAGE, "the compression \"none\" has no level");
            return error_hint(err, "Use --compress none.");
        }
        const char *level = text + len + 1;
        char *end = NULL;
        long value = level[0] >= '0' && level[0] <= '9' ? strtol(level, &end, 10) : 0;
        if (!end || *end != '\0' || value < methods[i].lowest || value > methods[i].highest) {
            error_set(err, EK_USAGE, "the level of %s is a number from %ld to %ld, not \"%s\"", methods[i].name,
                      methods[i].lowest, methods[i].highest, level);
            return error_hint(err, "Use for example --compress %s:1.", methods[i].name);
        }
        return true;
    }
    error_set(err, EK_USAGE, "unknown compression \"%s\"", text);
    return error_hint(err, "Use none, gzip, lz4 or zstd, with a level if need be, as in zstd:3.");
}

/* A connection string in the wrong place would be told and logged as a folder, a file or an option. */
static bool refuse_string(Error *err)
{
    error_set(err, EK_USAGE, "a connection string stands where none is expected");
    return error_hint(err, "It is given behind -d (--dbname), in quotes.");
}

static bool may_be_string(Id id)
{
    return id == ID_DATABASE || id == ID_HOST || id == ID_PORT || id == ID_USER; /* looked at where they are used */
}

static bool apply(Options *options, const Rule *rule, const char *value, Error *err)
{
    if (value && !may_be_string(rule->id) && connection_holds_password(value)) {
        return refuse_string(err);
    }
    switch (rule->id) {
    case ID_ALL: options->all = true; break;
    case ID_CARD: options->card = value; break;
    case ID_CERTIFICATE: options->certificate = value; break;
    case ID_CHECK: options->check = true; break;
    case ID_CLEAN_UP: options->clean_up = true; break;
    case ID_CLIENT_ID: options->client_id = value; break;
    case ID_CLOUD: options->cloud = value; break;
    case ID_COMPRESS: options->compress = value; return check_compression(value, err);
    case ID_CONFIRM: options->confirm = value; break;
    case ID_DATA: options->data = value; break;
    case ID_DATABASE: options->database = value; break;
    case ID_DEVICE_CODE: options->device_code = true; break;
    case ID_DROP: options->drop = value; break;
    case ID_DRY_RUN: options->dry_run = true; break;
    case ID_FOLDER: options->folder = value; break;
    case ID_FORCE: options->force = true; break;
    case ID_GRAPH: options->graph = value; break;
    case ID_HELP: options->help = true; break;
    case ID_HOST: options->host = value; break;
    case ID_IN_PLACE: options->in_place = true; break;
    case ID_JSON: options->json = true; break;
    case ID_KEEP_KEY: options->keep_key = true; break;
    case ID_KEY_FILE: options->key_file = value; break;
    case ID_LAST: return parse_last(value, &options->last, err);
    case ID_LIST: options->list = true; break;
    case ID_LOGIN: options->login = value; break;
    case ID_NO_BROWSER: options->no_browser = true; break;
    case ID_NO_COLOR: options->no_color = true; break;
    case ID_NO_PASSWORD: options->no_password = true; break;
    case ID_NO_SAFETY: options->no_safety = true; break;
    case ID_NO_SAFETY_PROOF: options->no_safety_proof = true; break;
    case ID_NO_WAIT: options->no_wait = true; break;
    case ID_OFF: options->off = true; break;
    case ID_ON: options->on = true; break;
    case ID_OUT: options->out = value; break;
    case ID_FALLBACK: options->fallback = true; break;
    case ID_OVERWRITE: options->overwrite = true; break;
    case ID_PASSPHRASE: options->passphrase = true; break;
    case ID_PORT: options->port = value; break;
    case ID_PROGRESS_JSON: options->progress_json = true; break;
    case ID_QUIET: options->quiet = true; break;
    case ID_REASON: options->reason = value; break;
    case ID_RECIPIENT: options->recipient = value; break;
    case ID_RIGHTS: options->rights = value; break;
    case ID_SECRET: options->secret = true; break;
    case ID_SECRET_ENDS: options->secret_ends = value; break;
    case ID_SIZE: return parse_size(value, &options->megabytes, err);
    case ID_FOREIGN: options->foreign = true; break;
    case ID_SORT_AS_LIVE: options->sort_as_live = true; break;
    case ID_SSLMODE: options->sslmode = value; break;
    case ID_TABLES: options->tables = value; break;
    case ID_TENANT: options->tenant = value; break;
    case ID_TO: options->to = value; break;
    case ID_TO_SCHEMA: options->to_schema = value; break;
    case ID_UNFREEZE: options->unfreeze = true; break;
    case ID_FREEZE: options->freeze = true; break;
    case ID_USER: options->user = value; break;
    case ID_VERBOSE: options->verbose = true; break;
    case ID_VERSION: options->version = true; break;
    case ID_YES: options->yes = true; break;
    }
    return true;
}

/* Where the parser stands. */
typedef struct Parser {
    int argc, next;
    char *const *argv;
    bool seen[RULE_COUNT];
    const char **operands;
    size_t operand_count;
} Parser;

static bool take(Parser *parser, Options *options, size_t index, const char *shown, const char *value, Error *err)
{
    const Rule *rule = &rules[index];
    if (rule->takes_value && !value) {
        if (parser->next >= parser->argc) {
            error_set(err, EK_USAGE, "the option %s needs a value", shown);
            return point_to_help(err);
        }
        value = parser->argv[parser->next++];
    }
    if (!rule->takes_value && value) {
        error_set(err, EK_USAGE, "the option %s takes no value", shown);
        return point_to_help(err);
    }
    parser->seen[index] = true;
    return apply(options, rule, value, err);
}

static bool take_long(Parser *parser, Options *options, const char *text, Error *err)
{
    size_t len = strcspn(text, "=");
    char *shown = mem_printf("--%.*s", (int)(len < 200 ? len : 200), text);
    bool ok = false;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strlen(rules[i].name) == len && memcmp(rules[i].name, text, len) == 0) {
            ok = take(parser, options, i, shown, text[len] == '=' ? text + len + 1 : NULL, err);
            goto out;
        }
    }
    error_set(err, EK_USAGE, "unknown option %s", shown);
    point_to_help(err);
out:
    mem_free(shown);
    return ok;
}

static bool take_short(Parser *parser, Options *options, const char *text, Error *err)
{
    for (const char *p = text; *p; p++) {
        size_t i = 0;
        while (i < RULE_COUNT && rules[i].letter != *p) {
            i++;
        }
        if (i == RULE_COUNT) {
            /* A letter beyond ASCII is shown whole, with all that follows it. */
            bool ascii = (unsigned char)*p < 0x80;
            error_set(err, EK_USAGE, "unknown option -%.*s", ascii ? 1 : 200, p);
            return point_to_help(err);
        }
        char shown[3] = {'-', *p, '\0'};
        if (rules[i].takes_value) {
            return take(parser, options, i, shown, p[1] ? p + 1 : NULL, err);
        }
        if (!take(parser, options, i, shown, NULL, err)) {
            return false;
        }
    }
    return true;
}

static bool take_operands(const Parser *parser, Options *options, Error *err)
{
    size_t used = 0;
    if (parser->operand_count > 0) {
        if (!verb_from_name(parser->operands[0], &options->verb)) {
            error_set(err, EK_USAGE, "unknown verb \"%s\"", parser->operands[0]);
            return point_to_help(err);
        }
        used = 1;
    }
    if (options->verb == VERB_HELP && parser->operand_count > used) {
        if (!verb_from_name(parser->operands[used], &options->help_about)) {
            error_set(err, EK_USAGE, "unknown verb \"%s\"", parser->operands[used]);
            return point_to_help(err);
        }
        used++;
    }
    if (options->verb != VERB_NONE && (WITH_OPERANDS & BIT(options->verb))) {
        options->file_count = parser->operand_count - used;
        if ((BIT(options->verb) & (BIT(VERB_PROVE) | RESTORING | BIT(VERB_CERTIFICATE))) && options->file_count > 1) {
            error_set(err, EK_USAGE, "%s takes one %s", verb_name(options->verb),
                      options->verb == VERB_UNDO ? "database" : "file");
            return point_to_help(err);
        }
        options->files = mem_array(options->file_count, sizeof *options->files);
        for (size_t i = 0; i < options->file_count; i++) {
            if (connection_holds_password(parser->operands[used])) {
                return refuse_string(err);
            }
            options->files[i] = parser->operands[used++];
        }
    }
    if (parser->operand_count > used) {
        error_set(err, EK_USAGE, "unexpected argument \"%s\"", parser->operands[used]);
        return point_to_help(err);
    }
    return true;
}

/* What can only be judged when all is read. */
static bool check_whole(const Parser *parser, const Options *options, Error *err)
{
    if (options->help || options->version || options->verb == VERB_HELP) {
        return true;
    }
    if (options->verb == VERB_NONE) {
        error_set(err, EK_USAGE, "say what to do");
        return point_to_help(err);
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (parser->seen[i] && !(rules[i].verbs & BIT(options->verb))) {
            error_set(err, EK_USAGE, "%s has no option --%s", verb_name(options->verb), rules[i].name);
            return error_hint(err, "Try 'cmms-backup-cli %s --help'.", verb_name(options->verb));
        }
    }
    if ((options->verb == VERB_PIN || options->verb == VERB_DELETE) && options->file_count == 0) {
        error_set(err, EK_USAGE, "say which backup to %s", verb_name(options->verb));
        return error_hint(err, "Name one of the backups that 'cmms-backup-cli list' shows.");
    }
    if (options->verb == VERB_CLEANUP && options->dry_run + options->freeze + options->unfreeze > 1) {
        error_set(err, EK_USAGE, "one of --dry-run, --freeze and --unfreeze at a time");
        return error_hint(err, "Try 'cmms-backup-cli cleanup --help'.");
    }
    if (options->verb == VERB_CLEANUP && options->reason != NULL && !options->freeze) {
        error_set(err, EK_USAGE, "--reason says why --freeze stops clean-ups");
        return error_hint(err, "Try 'cmms-backup-cli cleanup --help'.");
    }
    if ((options->off && options->reason) || (options->check && options->last)) {
        error_set(err, EK_USAGE, "%s do not go together",
                  options->off ? "--off and --reason" : "--check and --last");
        return error_hint(err, "Try 'cmms-backup-cli %s --help'.", verb_name(options->verb));
    }
    if (options->list + options->clean_up + (options->drop != NULL) + (int)options->file_count > 1 &&
        options->verb == VERB_UNDO) {
        error_set(err, EK_USAGE, "one of --list, --drop, --clean-up and a database at a time");
        return error_hint(err, "Try 'cmms-backup-cli undo --help'.");
    }
    if (options->in_place && (options->to != NULL || options->tables != NULL || options->no_safety)) {
        error_set(err, EK_USAGE, "--in-place goes with none of --to, --tables and --no-safety-backup");
        return error_hint(err, "Try 'cmms-backup-cli %s --help'.", verb_name(options->verb));
    }
    if (options->tables != NULL && options->to != NULL) {
        error_set(err, EK_USAGE, "--tables and --to do not go together");
        return error_hint(err, "Tables go into a new schema of the database that -d names.");
    }
    if (options->to_schema != NULL && (options->tables == NULL || options->to_schema[0] == '\0')) {
        error_set(err, EK_USAGE, "--to-schema names a new schema for the tables of --tables");
        return error_hint(err, "Try 'cmms-backup-cli restore --help'.");
    }
    if ((options->verb == VERB_RESTORE || options->verb == VERB_PREVIEW) && options->file_count != 1) {
        error_set(err, EK_USAGE, "say which backup to %s", verb_name(options->verb));
        return error_hint(err, "Name a file, or one of the backups that 'cmms-backup-cli list' shows.");
    }
    if (options->verb == VERB_CERTIFICATE && options->file_count != 1) {
        error_set(err, EK_USAGE, "say which backup's proof to certify");
        return error_hint(err, "Name a file, or one of the backups that 'cmms-backup-cli list' shows.");
    }
    if (options->verb == VERB_EXPORT && options->file_count != 2) {
        error_set(err, EK_USAGE, "export takes a backup and a folder");
        return error_hint(err, "Try 'cmms-backup-cli export --help'.");
    }
    if (options->all && options->verb == VERB_VERIFY && options->file_count > 0) {
        error_set(err, EK_USAGE, "--all and file names do not go together");
        return point_to_help(err);
    }
    return true;
}

bool options_parse(int argc, char *const *argv, Options *options, Error *err)
{
    Parser parser = {.argc = argc, .next = 1, .argv = argv};
    Options parsed;
    bool ok = false;
    options_init(&parsed);
    parser.operands = mem_array((size_t)(argc > 0 ? argc : 1), sizeof *parser.operands);
    bool only_operands = false;
    while (parser.next < argc) {
        const char *text = argv[parser.next++];
        if (only_operands || text[0] != '-' || text[1] == '\0') {
            parser.operands[parser.operand_count++] = text;
        } else if (strcmp(text, "--") == 0) {
            only_operands = true;
        } else if (text[1] == '-') {
            if (!take_long(&parser, &parsed, text + 2, err)) {
                goto out;
            }
        } else if (!take_short(&parser, &parsed, text + 1, err)) {
            goto out;
        }
    }
    if (!take_operands(&parser, &parsed, err) || !check_whole(&parser, &parsed, err)) {
        goto out;
    }
    options_release(options);
    *options = parsed;
    options_init(&parsed);
    ok = true;
out:
    if (!ok && err && !connection_may_be_told(err->message)) {
        refuse_string(err);
    }
    mem_free((void *)parser.operands);
    options_release(&parsed);
    return ok;
}
