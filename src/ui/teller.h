/*
 * teller.h: the icon beside the clock that a scheduled run leaves behind where something is wrong and no window is
 * there to say so: a process of its own, so that the run ends and its exit code with it. It shows what aloud.h keeps,
 * stays until it is clicked, which opens the window, or for TELLER_STAYS_MS, and has nothing else: it reads no folder.
 */
#ifndef CMMS_UI_TELLER_H
#define CMMS_UI_TELLER_H

#include <windows.h>

#include <stdbool.h>

#include "app_options.h"

#define TELLER_CLASS "CmmsBackupTeller"
#define TELLER_STAYS_MS (12u * 3600u * 1000u) /* what fails in the evening is there in the morning */
#define WM_TELLER_TRAY (WM_APP + 1)
#define WM_TELLER_AGAIN (WM_APP + 2) /* a later run has something to say */
#define TIMER_TELLER_END 1

/* From the run: starts it, with the run's folder. One that cannot be started is nobody's failure: log, band and exit
 * code say the same. */
void teller_start(const AppOptions *options);
/* --tell; `key` marks it, as it does the window (main_window.h). Where that window is open it says it itself. */
int teller_main(const AppOptions *options, const wchar_t *key);
/* The other one of that key takes over what is new; false: there is none. */
bool teller_again(const wchar_t *key);
/* The window opens, and says all of it. */
void teller_end(const wchar_t *key);

#endif
