/* verb_preview.h: a preview on the console; restore shows it as well, and takes --in-place as it does. */
#ifndef CMMS_CLI_VERB_PREVIEW_H
#define CMMS_CLI_VERB_PREVIEW_H

#include "cli.h"
#include "jobs/preview.h"

void cli_show_preview(Cli *cli, const Preview *preview);     /* nothing with --json */
cJSON *cli_preview_document(const Preview *preview);         /* caller deletes */
bool cli_check_in_place(const Options *options, Error *err); /* Verb.check, of both */

#endif
