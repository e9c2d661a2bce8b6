/* encryption_dialog.h: whether copies are encrypted before they leave this PC, and for whom. */
#ifndef CMMS_UI_ENCRYPTION_DIALOG_H
#define CMMS_UI_ENCRYPTION_DIALOG_H

#include <windows.h>

/* Runs a message loop. What is set up when it is left, is saved. */
void encryption_dialog_run(HWND owner);

#endif
