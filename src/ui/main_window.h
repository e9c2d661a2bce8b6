/* main_window.h: the program's window. */
#ifndef CMMS_UI_MAIN_WINDOW_H
#define CMMS_UI_MAIN_WINDOW_H

#include <windows.h>

#include "app_options.h"

/* Shows the window and runs until it is closed. Returns the program's exit code. `key` marks the window for a
 * second start that looks for it; `ready`, when not NULL, is set as soon as it can be found. */
int main_window_run(const AppOptions *options, int show, const wchar_t *key, HANDLE ready);

/* Brings the window of another process with this key to the front; false when there is none. */
bool main_window_show_other(const wchar_t *key);
/* A scheduled run has something to say (aloud.h): that window tells it; false when there is none. */
bool main_window_tell_other(const wchar_t *key);

#endif
