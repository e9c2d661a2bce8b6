/*
 * hints.h: no room below this one names a command of the console; where there is one for what a hint says is to be
 * done, it stands here.
 */
#ifndef CMMS_CLI_HINTS_H
#define CMMS_CLI_HINTS_H

/* The hint as the console says it, or itself; NULL stays NULL. Static, or borrowed. */
const char *hint_here(const char *hint);

#endif
