/* scheduled.h: the run that Task Scheduler starts: no window, nothing asked; what became of it is in the backup
 * folder's log and ledger, and in the exit code, which is that of the console program. Where something is wrong it
 * leaves an icon beside the clock behind (teller.h), when its locks are free again. */
#ifndef CMMS_UI_SCHEDULED_H
#define CMMS_UI_SCHEDULED_H

#include "app_options.h"

int scheduled_main(const AppOptions *options);

#endif
