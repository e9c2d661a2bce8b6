/*
 * options.h: the command line of the console program: VERB [options] [FILE...].
 *
 * The switches are PostgreSQL's own where it has them, spelled as its programs take them: --name VALUE,
 * --name=VALUE, -p VALUE, -pVALUE; short ones without a value may be joined (-wU NAME); after -- all is an
 * operand. As there, -h is the host: help is --help or -?.
 */
#ifndef CMMS_CLI_OPTIONS_H
#define CMMS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct Verb Verb; /* verb.h */

typedef enum OptionId {
    OPTION_NONE,
    OPTION_ALL,
    OPTION_CARD,
    OPTION_CERTIFICATE,
    OPTION_CHECK,
    OPTION_CLEAN_UP,
    OPTION_CLIENT_ID,
    OPTION_CLOUD,
    OPTION_COMPRESS,
    OPTION_CONFIRM,
    OPTION_DATA,
    OPTION_DATABASE,
    OPTION_DEVICE_CODE,
    OPTION_DROP,
    OPTION_DRY_RUN,
    OPTION_FALLBACK,
    OPTION_FOLDER,
    OPTION_FORCE,
    OPTION_FOREIGN,
    OPTION_FREEZE,
    OPTION_GRAPH,
    OPTION_HELP,
    OPTION_HOST,
    OPTION_IN_PLACE,
    OPTION_JSON,
    OPTION_KEEP_KEY,
    OPTION_KEY_FILE,
    OPTION_LAST,
    OPTION_LIST,
    OPTION_LOGIN,
    OPTION_NO_BROWSER,
    OPTION_NO_COLOR,
    OPTION_NO_PASSWORD,
    OPTION_NO_SAFETY,
    OPTION_NO_SAFETY_PROOF,
    OPTION_NO_WAIT,
    OPTION_OFF,
    OPTION_ON,
    OPTION_OUT,
    OPTION_OVERWRITE,
    OPTION_PASSPHRASE,
    OPTION_PORT,
    OPTION_PROGRESS_JSON,
    OPTION_QUIET,
    OPTION_REASON,
    OPTION_RECIPIENT,
    OPTION_RIGHTS,
    OPTION_SECRET,
    OPTION_SECRET_ENDS,
    OPTION_SIZE,
    OPTION_SORT_AS_LIVE,
    OPTION_SSLMODE,
    OPTION_TABLES,
    OPTION_TENANT,
    OPTION_TO,
    OPTION_TO_SCHEMA,
    OPTION_UNFREEZE,
    OPTION_USER,
    OPTION_VERBOSE,
    OPTION_VERSION,
    OPTION_YES,
    OPTION_COUNT
} OptionId;

/* Which verb takes what, the verb says (verb.h); which option is kept where, options.c. Texts are borrowed from argv,
 * and NULL where the option is not there. */
typedef struct Options {
    const Verb *verb;       /* NULL: none is named, only --help or --version */
    const Verb *help_about; /* help VERB; NULL: of the program */
    const char **files;     /* owned array: the operands of the verb */
    size_t file_count;
    bool help, version, verbose;
    bool json, quiet, no_color, progress_json;
    const char *host, *port, *user, *database, *sslmode;
    bool no_password;
    const char *folder;
    bool all, check, clean_up, device_code, dry_run, fallback, force, foreign, freeze, in_place, keep_key, list;
    bool no_browser, no_safety, no_safety_proof, no_wait, off, on, overwrite, passphrase, secret, sort_as_live;
    bool unfreeze, yes;
    const char *card, *certificate, *client_id, *cloud, *compress, *confirm, *data, *drop, *graph, *key_file, *login;
    const char *out, *reason, *recipient, *rights, *secret_ends, *tables, *tenant, *to, *to_schema;
    int last;      /* 0: not given */
    int megabytes; /* --size; 0: not given */
} Options;

void options_init(Options *options);
void options_release(Options *options);

/* EK_USAGE, with a hint that points to --help, for what is not understood. */
bool options_parse(int argc, char *const *argv, Options *options, Error *err);

/* Whether --json is among the arguments: so that also a usage error can be told as JSON. */
bool options_want_json(int argc, char *const *argv);

const char *option_name(OptionId id); /* "folder" of --folder. Static */

#endif
