/* cli.h: what the verbs of the console program share. */
#ifndef CMMS_CLI_CLI_H
#define CMMS_CLI_CLI_H

#include "cancel.h"
#include "options.h"
#include "output.h"

typedef struct Cli {
    const Options *options;
    Output output;
    Cancel *cancel;
} Cli;

/* upkeep.c. Each returns the exit code, having shown its result or its error. */
int run_cleanup(Cli *cli);
int run_pin(Cli *cli);
int run_delete(Cli *cli);
int run_log(Cli *cli);
int run_config(Cli *cli);

#endif
