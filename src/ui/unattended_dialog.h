/* unattended_dialog.h: what a scheduled backup waits for, and what the schedule does about older backups: settings of
 * the backup folder; and whether it is made while nobody is signed in. */
#ifndef CMMS_UI_UNATTENDED_DIALOG_H
#define CMMS_UI_UNATTENDED_DIALOG_H

#include <windows.h>

#include <stdbool.h>

typedef struct UnattendedSpec { /* all borrowed */
    const char *folder;
    const char *named; /* the folder, where whoever started the program named it: then a task has to as well; or NULL */
    const char *actor; /* for the audit log; or NULL */
    bool sample;       /* no task backs that up */
} UnattendedSpec;

/* True when something was saved. */
bool unattended_dialog_run(HWND owner, const UnattendedSpec *spec);

#endif
