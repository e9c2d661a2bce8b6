#include "verb.h"

#include "base/mem.h"
#include "postgres/connection.h"
#include "sample/sample.h"

#define LAST_MAX 1000

/* What an option takes, and how that is kept. */
typedef enum Kind { KIND_SWITCH, KIND_WORD, KIND_LAST, KIND_SIZE, KIND_COMPRESSION } Kind;

typedef struct Rule {
    OptionId id;
    const char *name;
    char letter;
    Kind kind;
    size_t at; /* in Options */
} Rule;

/* A field that is not as large as its kind does not compile: it would be divided by zero. */
#define AT(field, type) (offsetof(Options, field) / (sizeof(((Options *)0)->field) == sizeof(type)))
#define SWITCH(field) KIND_SWITCH, AT(field, bool)
#define WORD(field) KIND_WORD, AT(field, const char *)

static const Rule rules[] = {
    {OPTION_ALL, "all", 0, SWITCH(all)},
    {OPTION_CARD, "card", 0, WORD(card)},
    {OPTION_CERTIFICATE, "certificate", 0, WORD(certificate)},
    {OPTION_CHECK, "check", 0, SWITCH(check)},
    {OPTION_CLEAN_UP, "clean-up", 0, SWITCH(clean_up)},
    {OPTION_CLIENT_ID, "client-id", 0, WORD(client_id)},
    {OPTION_CLOUD, "cloud", 0, WORD(cloud)},
    {OPTION_COMPRESS, "compress", 0, KIND_COMPRESSION, AT(compress, const char *)},
    {OPTION_CONFIRM, "confirm", 0, WORD(confirm)},
    {OPTION_DATA, "data", 0, WORD(data)},
    {OPTION_DATABASE, "dbname", 'd', WORD(database)},
    {OPTION_DEVICE_CODE, "device-code", 0, SWITCH(device_code)},
    {OPTION_DROP, "drop", 0, WORD(drop)},
    {OPTION_DRY_RUN, "dry-run", 0, SWITCH(dry_run)},
    {OPTION_FALLBACK, "fallback", 0, SWITCH(fallback)},
    {OPTION_FOLDER, "folder", 0, WORD(folder)},
    {OPTION_FORCE, "force", 0, SWITCH(force)},
    {OPTION_FOREIGN, "foreign", 0, SWITCH(foreign)},
    {OPTION_FREEZE, "freeze", 0, SWITCH(freeze)},
    {OPTION_GRAPH, "graph", 0, WORD(graph)},
    {OPTION_HELP, "help", '?', SWITCH(help)},
    {OPTION_HOST, "host", 'h', WORD(host)},
    {OPTION_IN_PLACE, "in-place", 0, SWITCH(in_place)},
    {OPTION_JSON, "json", 0, SWITCH(json)},
    {OPTION_KEEP_KEY, "keep-key", 0, SWITCH(keep_key)},
    {OPTION_KEY_FILE, "key-file", 0, WORD(key_file)},
    {OPTION_LAST, "last", 0, KIND_LAST, AT(last, int)},
    {OPTION_LIST, "list", 0, SWITCH(list)},
    {OPTION_LOGIN, "login", 0, WORD(login)},
    {OPTION_NO_BROWSER, "no-browser", 0, SWITCH(no_browser)},
    {OPTION_NO_COLOR, "no-color", 0, SWITCH(no_color)},
    {OPTION_NO_PASSWORD, "no-password", 'w', SWITCH(no_password)},
    {OPTION_NO_SAFETY, "no-safety-backup", 0, SWITCH(no_safety)},
    {OPTION_NO_SAFETY_PROOF, "no-safety-proof", 0, SWITCH(no_safety_proof)},
    {OPTION_NO_WAIT, "no-wait", 0, SWITCH(no_wait)},
    {OPTION_OFF, "off", 0, SWITCH(off)},
    {OPTION_ON, "on", 0, SWITCH(on)},
    {OPTION_OUT, "out", 0, WORD(out)},
    {OPTION_OVERWRITE, "overwrite", 0, SWITCH(overwrite)},
    {OPTION_PASSPHRASE, "passphrase", 0, SWITCH(passphrase)},
    {OPTION_PORT, "port", 'p', WORD(port)},
    {OPTION_PROGRESS_JSON, "progress-json", 0, SWITCH(progress_json)},
    {OPTION_QUIET, "quiet", 'q', SWITCH(quiet)},
    {OPTION_REASON, "reason", 0, WORD(reason)},
    {OPTION_RECIPIENT, "recipient", 0, WORD(recipient)},
    {OPTION_RIGHTS, "rights", 0, WORD(rights)},
    {OPTION_SECRET, "secret", 0, SWITCH(secret)},
    {OPTION_SECRET_ENDS, "secret-ends", 0, WORD(secret_ends)},
    {OPTION_SIZE, "size", 0, KIND_SIZE, AT(megabytes, int)},
    {OPTION_SORT_AS_LIVE, "sort-as-live", 0, SWITCH(sort_as_live)},
    {OPTION_SSLMODE, "sslmode", 0, WORD(sslmode)},
    {OPTION_TABLES, "tables", 0, WORD(tables)},
    {OPTION_TENANT, "tenant", 0, WORD(tenant)},
    {OPTION_TO, "to", 0, WORD(to)},
    {OPTION_TO_SCHEMA, "to-schema", 0, WORD(to_schema)},
    {OPTION_UNFREEZE, "unfreeze", 0, SWITCH(unfreeze)},
    {OPTION_USER, "username", 'U', WORD(user)},
    {OPTION_VERBOSE, "verbose", 0, SWITCH(verbose)},
    {OPTION_VERSION, "version", 'V', SWITCH(version)},
    {OPTION_YES, "yes", 'y', SWITCH(yes)},
};
#define RULE_COUNT (sizeof rules / sizeof rules[0])

const char *option_name(OptionId id)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (rules[i].id == id) {
            return rules[i].name;
        }
    }
    return "";
}

bool verb_takes(const Verb *verb, OptionId id)
{
    for (size_t i = 0; i < VERB_OPTIONS_MAX && verb->takes[i] != OPTION_NONE; i++) {
        if (verb->takes[i] == id) {
            return true;
        }
    }
    return false;
}

static const Verb *verb_named(const char *name)
{
    for (size_t i = 0; all_verbs[i] != NULL; i++) {
        if (strcmp(all_verbs[i]->name, name) == 0) {
            return all_verbs[i];
        }
    }
    return NULL;
}

void options_init(Options *options)
{
    *options = (Options){.verb = NULL};
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

static bool may_be_string(OptionId id)
{
    /* These are looked at where they are used. */
    return id == OPTION_DATABASE || id == OPTION_HOST || id == OPTION_PORT || id == OPTION_USER;
}

static bool apply(Options *options, const Rule *rule, const char *value, Error *err)
{
    void *field = (char *)options + rule->at;
    if (value && !may_be_string(rule->id) && connection_holds_password(value)) {
        return refuse_string(err);
    }
    switch (rule->kind) {
    case KIND_SWITCH: *(bool *)field = true; break;
    case KIND_WORD: *(const char **)field = value; break;
    case KIND_LAST: return parse_last(value, field, err);
    case KIND_SIZE: return parse_size(value, field, err);
    case KIND_COMPRESSION: *(const char **)field = value; return check_compression(value, err);
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
    if (rule->kind != KIND_SWITCH && !value) {
        if (parser->next >= parser->argc) {
            error_set(err, EK_USAGE, "the option %s needs a value", shown);
            return point_to_help(err);
        }
        value = parser->argv[parser->next++];
    }
    if (rule->kind == KIND_SWITCH && value) {
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
        if (rules[i].kind != KIND_SWITCH) {
            return take(parser, options, i, shown, p[1] ? p + 1 : NULL, err);
        }
        if (!take(parser, options, i, shown, NULL, err)) {
            return false;
        }
    }
    return true;
}

/* The next operand, if there is one, names a verb. */
static bool take_verb(const Parser *parser, size_t *used, const Verb **verb, Error *err)
{
    if (*used == parser->operand_count) {
        return true;
    }
    const char *name = parser->operands[(*used)++];
    *verb = verb_named(name);
    if (*verb == NULL) {
        error_set(err, EK_USAGE, "unknown verb \"%s\"", name);
        return point_to_help(err);
    }
    return true;
}

static bool take_operands(const Parser *parser, Options *options, Error *err)
{
    size_t used = 0;
    if (!take_verb(parser, &used, &options->verb, err) ||
        (options->verb == &verb_help && !take_verb(parser, &used, &options->help_about, err))) {
        return false;
    }
    const Verb *verb = options->verb;
    if (verb != NULL && verb->most > 0) {
        const size_t rest = parser->operand_count - used;
        if (verb->most == 1 && rest > 1) {
            error_set(err, EK_USAGE, "%s takes one %s", verb->name, verb->operand);
            return point_to_help(err);
        }
        options->file_count = rest < verb->most ? rest : verb->most;
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
    const Verb *verb = options->verb;
    if (options->help || options->version || verb == &verb_help) {
        return true;
    }
    if (verb == NULL) {
        error_set(err, EK_USAGE, "say what to do");
        return point_to_help(err);
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (parser->seen[i] && !verb_takes(verb, rules[i].id)) {
            error_set(err, EK_USAGE, "%s has no option --%s", verb->name, rules[i].name);
            return error_hint(err, "Try 'cmms-backup-cli %s --help'.", verb->name);
        }
    }
    if (verb->check != NULL && !verb->check(options, err)) {
        return false;
    }
    if (options->file_count < verb->least) {
        error_set(err, EK_USAGE, "%s", verb->missing);
        return error_hint(err, "%s", verb->missing_hint);
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
