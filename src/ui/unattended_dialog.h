/* unattended_dialog.h: what a scheduled backup waits for, and what the schedule does about older backups: settings of
 * the backup folder. */
#ifndef CMMS_UI_UNATTENDED_DIALOG_H
#define CMMS_UI_UNATTENDED_DIALOG_H

#include <windows.h>

#include <stdbool.h>

/* True when something was saved. `actor` (may be NULL) is for the audit log. */
bool unattended_dialog_run(HWND owner, const char *folder, const char *actor);

#endif
