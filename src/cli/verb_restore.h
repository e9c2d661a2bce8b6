/* verb_restore.h: what restore and undo have in common: what they tell, and the name that is typed. */
#ifndef CMMS_CLI_VERB_RESTORE_H
#define CMMS_CLI_VERB_RESTORE_H

#include "cli.h"
#include "jobs/restore.h"

/* Warnings, also for the document: what an interrupted one left and what was mended is said there alone. */
typedef struct Told {
    Output *output;
    cJSON *warnings; /* an array */
} Told;

JobSink told_sink(Told *told);               /* borrows it */
void told_show(Told *told, cJSON *document); /* takes and frees the document, with the warnings in it */
cJSON *cli_restored_document(const RestoreResult *result); /* caller deletes */

/* False: cancelled, or nobody is there to be asked whether `where` may be `done`. *typed: caller frees; NULL: --yes. */
bool cli_ask_consent(Cli *cli, const char *what, const char *where, const char *done, char **typed, Error *err);
/* The name, typed, is the consent. */
bool cli_consent(Cli *cli, const Connection *connection, const char *what, Error *err);
bool cli_not_its_name(Error *err); /* false */

#endif
