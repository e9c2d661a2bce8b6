/*
 * verb.h: what a verb of the console program is. Each is one file, which says all of it: its name, what it takes, its
 * help, how it runs. main.c has the list; options.c and help.c know none of them by name (CONTRIBUTING.md: add a verb).
 *
 * What several verbs take stands here with its part of their help: X_OPTIONS for `takes`, X_HELP for `help`. That the
 * two say the same in each verb, tests/unit/cli/test_options.c looks at.
 */
#ifndef CMMS_CLI_VERB_H
#define CMMS_CLI_VERB_H

#include <stdint.h>

#include "options.h"

#define VERB_OPTIONS_MAX 32 /* the compiler says when one takes more */
#define OPERANDS_ANY SIZE_MAX

typedef struct Cli Cli; /* cli.h */

struct Verb {
    const char *name;                 /* as it is typed */
    const char *summary;              /* what it does: its line in the help of the program */
    const char *help;                 /* what VERB --help prints */
    OptionId takes[VERB_OPTIONS_MAX]; /* beside --version */
    size_t most;                      /* operands; 0: it takes none */
    const char *operand;              /* where that is 1, its word: "restore takes one file" */
    size_t least;
    const char *missing, *missing_hint; /* what is said of fewer */
    /* What goes with what, or NULL; fewer operands than `least` are not refused yet. EK_USAGE, with a hint. */
    bool (*check)(const Options *options, Error *err);
    /* Returns the exit code, having shown its result or its error. */
    int (*run)(Cli *cli);
};

extern const Verb *const all_verbs[]; /* main.c: in the order of the program's help; ends with NULL */
extern const Verb verb_help;          /* help.c: the one that is not run */

bool verb_takes(const Verb *verb, OptionId id); /* options.c */

/* The help of a verb; of the program for NULL and for verb_help. Caller frees. (help.c) */
char *help_text(const Verb *verb);

#define HINT_NAME_BACKUP "Name one of the backups that 'cmms-backup-cli list' shows."
#define HINT_NAME_FILE "Name a file, or one of the backups that 'cmms-backup-cli list' shows."

#define OUTPUT_OPTIONS OPTION_JSON, OPTION_QUIET, OPTION_NO_COLOR, OPTION_HELP
#define OUTPUT_HELP                                                                                                  \
    "Output options:\n"                                                                                              \
    "      --json               one JSON document on stdout, and nothing else there\n"                               \
    "  -q, --quiet              no progress and no log lines: only the result and errors\n"                          \
    "      --no-color           no colours on a terminal\n"                                                          \
    "  -?, --help               show this text\n"

/* OPTION_PROGRESS_JSON */
#define PROGRESS_HELP \
    "      --progress-json      progress as JSON on stderr, an object a line: fraction (0 to 1), step, bytes,\n" \
    "                           bytes_per_second, seconds_left\n"

/* OPTION_FOLDER */
#define FOLDER_HELP                                                                                                  \
    "      --folder=DIR         backup folder; otherwise CMMS_BACKUP_FOLDER, else Documents/AIT_CMMS_Backups\n"

#define CONNECTION_OPTIONS \
    OPTION_HOST, OPTION_PORT, OPTION_USER, OPTION_DATABASE, OPTION_SSLMODE, OPTION_NO_PASSWORD
#define CONNECTION_HELP                                                                                              \
    "Connection options:\n"                                                                                          \
    "  -h, --host=HOST          server's name or address\n"                                                          \
    "  -p, --port=PORT          its port\n"                                                                          \
    "  -U, --username=NAME      user name at the server\n"                                                           \
    "  -d, --dbname=DBNAME      database, or a connection string:\n"                                                 \
    "                           postgresql://USER@HOST:PORT/DBNAME?sslmode=..., or host=HOST dbname=DBNAME ...\n"    \
    "      --sslmode=MODE       disable, allow, prefer, require, verify-ca or verify-full (the default but for\n"     \
    "                           this computer itself); a connection string's own sslmode cannot weaken it\n"         \
    "  -w, --no-password        never ask for a password\n"

#define CONNECTION_SOURCES                                                                                           \
    "Where nothing is given, the saved profile and PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, PGSSLROOTCERT,\n"  \
    "PGCHANNELBINDING and PGOPTIONS count. Others that would choose a server or credential (PGSERVICE,\n"             \
    "PGHOSTADDR, PGSSLCERT, ...) are refused; the rest is not looked at, also not by pg_dump.\n"                      \
    "The password comes from PGPASSWORD or the connection string, a password file (PGPASSFILE), or what the\n"       \
    "system keeps for this user; otherwise it is asked for on the terminal. There is no option for it.\n"

/* OPTION_FOREIGN */
#define FOREIGN_HELP \
    "      --foreign            a file without a manifest is not proven first: what is in it runs with your rights.\n" \
    "                           (A manifest is no signature: who may write into the folder can write one.)\n"

/* OPTION_OUT */
#define OUT_HELP                                                                                                 \
    "      --out=FILE           where the page goes: a name that ends in .html; one that is there is replaced.\n"    \
    "                           Otherwise it goes to a folder of this user's, and it is told where\n"

#endif
