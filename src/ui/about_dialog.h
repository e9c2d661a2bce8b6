/* about_dialog.h: what this program is, what it is made of, and under which licences. */
#ifndef CMMS_UI_ABOUT_DIALOG_H
#define CMMS_UI_ABOUT_DIALOG_H

#include <windows.h>

void about_dialog_run(HWND owner);

#endif
