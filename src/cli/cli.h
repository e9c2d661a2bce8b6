/* cli.h: what the verbs of the console program share. */
#ifndef CMMS_CLI_CLI_H
#define CMMS_CLI_CLI_H

#include "jobs/backup.h"
#include "jobs/offsite.h"
#include "jobs/offsite_back.h"
#include "jobs/opening.h"
#include "options.h"
#include "output.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "schedule/outward.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/heartbeat.h"
#include "store/manifest.h"
#include "store/source.h"

#define PASSPHRASE_VARIABLE "CMMS_BACKUP_PASSPHRASE"
#define CLIENT_SECRET_VARIABLE "CMMS_SHAREPOINT_SECRET"

typedef struct Cli {
    const Options *options;
    Output output;
    Cancel *cancel;
    Connection environment; /* what PG* said at the start */
    Secret passphrase;      /* what CMMS_BACKUP_PASSPHRASE said; it is no longer in the environment */
    Secret client_secret;   /* the same of CMMS_SHAREPOINT_SECRET */
} Cli;

/* --- connect.c ------------------------------------------------------------------------------------------- */

/* opening.h with the switches; and the password: what the system keeps, else, with somebody at a terminal, what the
 * server asks for. `opening` is initialised. */
bool cli_open(Cli *cli, OpeningFolder use, bool settings, Opening *opening, Error *err);
bool cli_switches(const Options *options, Connection *connection, Error *err);
bool cli_find_password(Cli *cli, Connection *connection, Error *err);
bool cli_has_database(const Connection *connection, Error *err); /* EK_USAGE: it is not named */
/* The database that is meant, without asking it. False: none is named. */
bool cli_find_source(Cli *cli, Source *source);
/* As backup tells it (main.c). Caller deletes. */
cJSON *cli_backup_document(const BackupResult *result);
void cli_add_offsite(cJSON *document, const OffsiteAfter *after); /* "offsite", null where the settings ask for none */
/* Into the catalog what is known of copies on SharePoint; what cannot be read is a warning, and false. `copies` is
 * initialised (verb_list.c). */
bool cli_add_copies(Cli *cli, const char *folder, Catalog *catalog, Copies *copies);
/* "receivers" and "heartbeats" of documents (verb_notify.c). Caller deletes. */
cJSON *cli_receivers_array(const OutwardState states[RECEIVER_KINDS]);
cJSON *cli_computers_object(const SeenComputers *seen);
void cli_replace_text(char **field, const char *value); /* NULL or empty: it stays */

/* verb_sharepoint.c: a file is looked for as it is named, and a bare name also in the backup folder. */
bool cli_is_of_folder(const char *file); /* such a name, of what is not here */
bool cli_find_file(const Options *options, const char *file, char **path, Error *err);

/* verb_encryption.c: OffsiteKeys.ask, with the Cli as its context. */
bool cli_ask_key(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err);

/* --- the verbs. Each returns the exit code, having shown its result or its error. ------------------------- */

int run_list(Cli *cli);   /* verb_list.c */
int run_verify(Cli *cli); /* read.c */
int run_prove(Cli *cli);
int run_preview(Cli *cli); /* verb_preview.c */
int run_restore(Cli *cli); /* verb_restore.c */
int run_undo(Cli *cli);
int run_sample(Cli *cli); /* verb_sample.c */
int run_cleanup(Cli *cli); /* upkeep.c */
int run_pin(Cli *cli);
int run_delete(Cli *cli);
int run_log(Cli *cli);
int run_config(Cli *cli);
int run_sharepoint(Cli *cli); /* verb_sharepoint.c */
int run_upload(Cli *cli);
int run_sharepoint_list(Cli *cli); /* verb_download.c */
int run_download(Cli *cli);
int run_sharepoint_clean_up(Cli *cli); /* verb_clean_up.c */
int run_encryption(Cli *cli); /* verb_encryption.c */
int run_schedule(Cli *cli); /* verb_schedule.c */
int run_status(Cli *cli); /* verb_status.c */
int run_report(Cli *cli); /* verb_report.c */
int run_certificate(Cli *cli);
int run_notify(Cli *cli); /* verb_notify.c */

#endif
