/* cli.h: what the verbs of the console program share. */
#ifndef CMMS_CLI_CLI_H
#define CMMS_CLI_CLI_H

#include "jobs/backup.h"
#include "jobs/offsite.h"
#include "jobs/offsite_back.h"
#include "jobs/opening.h"
#include "output.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "schedule/outward.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/heartbeat.h"
#include "store/manifest.h"
#include "store/retention.h"
#include "store/source.h"
#include "verb.h"

#define PASSPHRASE_VARIABLE "CMMS_BACKUP_PASSPHRASE"
#define CLIENT_SECRET_VARIABLE "CMMS_SHAREPOINT_SECRET"

struct Cli {
    const Options *options;
    Output output;
    Cancel *cancel;
    Connection environment; /* what PG* said at the start */
    Secret passphrase;      /* what CMMS_BACKUP_PASSPHRASE said; it is no longer in the environment */
    Secret client_secret;   /* the same of CMMS_SHAREPOINT_SECRET */
};

/* --- connect.c ------------------------------------------------------------------------------------------- */

/* opening.h with the switches; and the password: what the system keeps, else, with somebody at a terminal, what the
 * server asks for. `opening` is initialised. */
bool cli_open(Cli *cli, OpeningFolder use, bool settings, Opening *opening, Error *err);
bool cli_switches(const Options *options, Connection *connection, Error *err);
bool cli_find_password(Cli *cli, Connection *connection, Error *err);
bool cli_has_database(const Connection *connection, Error *err); /* EK_USAGE: it is not named */
/* The database that is meant, without asking it. False: none is named. */
bool cli_find_source(Cli *cli, Source *source);
/* As backup tells it (verb_backup.c). Caller deletes. */
cJSON *cli_backup_document(const BackupResult *result);
void cli_add_offsite(cJSON *document, const OffsiteAfter *after); /* "offsite", null where the settings ask for none */
/* Into the catalog what is known of copies on SharePoint; what cannot be read is a warning, and false. `copies` is
 * initialised (verb_list.c). */
bool cli_add_copies(Cli *cli, const char *folder, Catalog *catalog, Copies *copies);
/* "receivers" and "heartbeats" of documents (verb_notify.c). Caller deletes. */
cJSON *cli_receivers_array(const OutwardState states[RECEIVER_KINDS]);
cJSON *cli_computers_object(const SeenComputers *seen);
void cli_replace_text(char **field, const char *value); /* NULL or empty: it stays */

/* Pages (verb_report.c): with --json one is only written where it is asked for. */
bool cli_wants_page(const Cli *cli);
void cli_show_page(Cli *cli, const char *what, const char *path, cJSON *document); /* takes the document */

/* verb_encryption.c: OffsiteKeys.ask, with the Cli as its context. */
bool cli_ask_key(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err);

/* verb_pin.c: for each operand, which is a name in the folder; the first that fails ends it. `done` is the word for
 * what was done. `read`: what retention_delete has read of one may serve the next. Returns the exit code. */
typedef bool OnName(Cli *cli, const char *folder, const char *name, RetentionRead *read, Error *err);
int cli_on_names(Cli *cli, const char *done, OnName *on_name);

/* Parts of verb_sharepoint.c that have a file of their own. */
int cli_sharepoint_list(Cli *cli);
int cli_sharepoint_clean_up(Cli *cli);

/* --- targets.c ------------------------------------------------------------------------------------------- */

typedef struct Target {
    char *path;
    bool in_folder; /* the outcome is kept there */
} Target;

typedef struct Targets {
    Target *items;
    size_t count;
} Targets;

/* A file is looked for as it is named, and a bare name also in the backup folder. Caller frees *path. */
bool cli_find_file(const Options *options, const char *file, char **path, Error *err);
/* Those that are named, else the newest backup of the folder, or all. Caller frees *folder, which is NULL where there
 * is none: a named file can be read all the same. False: the error was shown, and *code set. */
bool cli_choose_targets(Cli *cli, char **folder, Targets *targets, int *code);
void cli_targets_release(Targets *targets);

#endif
