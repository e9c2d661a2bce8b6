/* stored_dialog.h: the task that makes the backups also while nobody is signed in: with the password of the Windows
 * account, which goes to Task Scheduler and stays nowhere here. */
#ifndef CMMS_UI_STORED_DIALOG_H
#define CMMS_UI_STORED_DIALOG_H

#include <windows.h>

#include <stdbool.h>

/* `folder`: whose settings say when; `named`: what the task is told of it (registration.h), or NULL. True when the task
 * was registered. Runs a message loop. */
bool stored_dialog_run(HWND owner, const char *folder, const char *named);

#endif
