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

typedef enum Verb {
    VERB_NONE,
    VERB_BACKUP,
    VERB_LIST,
    VERB_VERIFY,
    VERB_PROVE,
    VERB_PREVIEW,
    VERB_RESTORE,
    VERB_UNDO,
    VERB_EXPORT,
    VERB_SHAREPOINT,
    VERB_UPLOAD,
    VERB_DOWNLOAD,
    VERB_ENCRYPTION,
    VERB_DOCTOR,
    VERB_SAMPLE,
    VERB_CLEANUP,
    VERB_PIN,
    VERB_DELETE,
    VERB_LOG,
    VERB_CONFIG,
    VERB_SCHEDULE,
    VERB_STATUS,
    VERB_REPORT,
    VERB_CERTIFICATE,
    VERB_NOTIFY,
    VERB_HELP
} Verb;

/* Texts are borrowed from argv; NULL where the switch is not there. */
typedef struct Options {
    Verb verb;
    bool help, version, verbose;
    const char *host, *port, *user, *database, *sslmode;
    bool no_password; /* -w */
    const char *folder;
    const char *compress;
    const char *data; /* sample --data */
    int megabytes;    /* sample --size; 0: not given */
    bool json, quiet, no_color, all;
    bool progress_json; /* backup, verify, prove, preview, restore, undo, export */
    bool fallback;          /* backup */
    bool dry_run, freeze, unfreeze; /* cleanup */
    bool off;               /* pin */
    const char *reason;     /* pin, cleanup */
    bool force;             /* delete */
    bool check;             /* log */
    int last;               /* log, sharepoint list --last; 0: not given */
    bool on;                /* prove */
    bool overwrite;         /* export */
    const char *out;        /* report, certificate */
    bool no_wait;           /* schedule run-due */
    const char *to;         /* preview, restore */
    bool yes;               /* restore, undo */
    bool no_safety, no_safety_proof, foreign; /* preview, restore */
    bool sort_as_live;      /* restore */
    bool in_place;          /* preview, restore */
    const char *tables, *to_schema; /* restore */
    bool list, clean_up;    /* undo */
    const char *drop;       /* undo */
    const char *client_id, *tenant, *graph, *login, *cloud, *rights; /* sharepoint */
    const char *certificate, *secret_ends;          /* sharepoint */
    bool device_code, no_browser, secret;           /* sharepoint */
    const char *key_file;   /* encryption, download */
    const char *recipient, *card, *confirm; /* encryption */
    bool passphrase, keep_key; /* encryption */
    Verb help_about;        /* help VERB */
    const char **files;     /* owned array: the operands of the verbs that take some */
    size_t file_count;
} Options;

void options_init(Options *options);
void options_release(Options *options);

/* EK_USAGE, with a hint that points to --help, for what is not understood. */
bool options_parse(int argc, char *const *argv, Options *options, Error *err);

/* Whether --json is among the arguments: so that also a usage error can be told as JSON. */
bool options_want_json(int argc, char *const *argv);

/* The help of a verb, or of the program for VERB_NONE. Static. */
const char *help_text(Verb verb);
const char *verb_name(Verb verb); /* static; "" for VERB_NONE */

#endif
