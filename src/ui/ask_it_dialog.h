/* ask_it_dialog.h: the page for IT (jobs/ask_it.h), to be copied or saved. */
#ifndef CMMS_UI_ASK_IT_DIALOG_H
#define CMMS_UI_ASK_IT_DIALOG_H

#include <windows.h>

/* Runs a message loop. */
void ask_it_dialog_show(HWND owner, const char *page);

#endif
