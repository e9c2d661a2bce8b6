/* verb_export.h: `export FILE DIR`. Returns the exit code, having shown the result or the error. */
#ifndef CMMS_CLI_VERB_EXPORT_H
#define CMMS_CLI_VERB_EXPORT_H

#include "options.h"
#include "output.h"
#include "platform/cancel.h"

int verb_export(const Options *options, Output *output, const Cancel *cancel);

#endif
