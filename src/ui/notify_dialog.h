/*
 * notify_dialog.h: who is told of the schedule's runs beside this PC's own screen (outward.h), a Test button each; and
 * the other computers that leave a heartbeat, of which one that is no longer can be retired (heartbeats.h).
 */
#ifndef CMMS_UI_NOTIFY_DIALOG_H
#define CMMS_UI_NOTIFY_DIALOG_H

#include <windows.h>

/* Saves by itself what is chosen there. `actor` (may be NULL) is for the audit log. */
void notify_dialog_run(HWND owner, const char *folder, const char *actor);

#endif
