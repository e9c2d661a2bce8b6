/* notify_dialog.h: who is told of the schedule's runs beside this PC's own screen (outward.h); a Test button each. */
#ifndef CMMS_UI_NOTIFY_DIALOG_H
#define CMMS_UI_NOTIFY_DIALOG_H

#include <windows.h>

/* Saves by itself what is chosen there. */
void notify_dialog_run(HWND owner);

#endif
