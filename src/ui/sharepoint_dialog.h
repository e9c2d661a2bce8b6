/* sharepoint_dialog.h: the folder on SharePoint: set it up, sign in, see whether it can be reached, leave it. */
#ifndef CMMS_UI_SHAREPOINT_DIALOG_H
#define CMMS_UI_SHAREPOINT_DIALOG_H

#include <windows.h>

#include <stdbool.h>

/* Whether a folder is set up, and somebody signed in to it, when the dialog is left. Runs a message loop. */
bool sharepoint_dialog_run(HWND owner);

#endif
