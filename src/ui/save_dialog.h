/* save_dialog.h: the system's dialog for the name of a new file. It runs a message loop. */
#ifndef CMMS_UI_SAVE_DIALOG_H
#define CMMS_UI_SAVE_DIALOG_H

#include <windows.h>

#include <stdbool.h>

#include "base/error.h"

/* For a text file; `name` is proposed. False without an Error when the user thinks better of it. Caller frees *path. */
bool save_dialog_choose(HWND owner, const wchar_t *title, const wchar_t *name, const wchar_t *kind, char **path,
                        Error *err);

#endif
