/* cleanup_dialog.h: what a clean-up would remove, and why, before it does. */
#ifndef CMMS_UI_CLEANUP_DIALOG_H
#define CMMS_UI_CLEANUP_DIALOG_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

#include "task.h"

/* True when the user lets them go. `total`: how many backups there are; `there`: on SharePoint, not in the folder. Runs
 * a message loop. */
bool cleanup_dialog_ask(HWND owner, const CleanupItem *items, size_t count, size_t total, bool there);

#endif
