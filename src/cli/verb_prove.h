/* verb_prove.h: `prove`, once the file and the server are known. */
#ifndef CMMS_CLI_VERB_PROVE_H
#define CMMS_CLI_VERB_PROVE_H

#include "jobs/prove.h"
#include "output.h"
#include "platform/cancel.h"

/* Proves, and shows the result or the error. Returns the exit code: that of EK_TOOL where it could not be proven on
 * that server. */
int verb_prove(const char *path, const ProveSpec *spec, Output *output, const Cancel *cancel);

#endif
