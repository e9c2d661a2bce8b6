/*
 * restore_dialog.h: the two dialogs before a restore, in the guide's order: the warning and the file; then, when every
 * byte of it was read, what changes, the safety backup (in place none can be declined), and the name of the database as
 * the consent. Each runs a
 * message loop.
 */
#ifndef CMMS_UI_RESTORE_DIALOG_H
#define CMMS_UI_RESTORE_DIALOG_H

#include <windows.h>

#include <stdbool.h>

#include "jobs/preview.h"
#include "postgres/connection.h"

/* *path: proposed (or NULL), then what was chosen; owned by the caller. False: the user thinks better of it. */
bool restore_dialog_choose(HWND owner, const Connection *server, const char *folder, char **path);

/* True when it is to be done; *no_safety: a safety backup was declined, twice. `preview` is changed as the user
 * chooses. */
bool restore_dialog_confirm(HWND owner, const Connection *server, Preview *preview, bool *no_safety);

#endif
