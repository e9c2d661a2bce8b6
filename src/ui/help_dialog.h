/* help_dialog.h: how to use the program, on a page. The text is res/help.txt, within the program. */
#ifndef CMMS_UI_HELP_DIALOG_H
#define CMMS_UI_HELP_DIALOG_H

#include <windows.h>

void help_dialog_run(HWND owner);

#endif
