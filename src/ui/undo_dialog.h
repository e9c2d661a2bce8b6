/* undo_dialog.h: which of the kept databases gets its name back. */
#ifndef CMMS_UI_UNDO_DIALOG_H
#define CMMS_UI_UNDO_DIALOG_H

#include <windows.h>

#include <stddef.h>

#include "jobs/restore.h"

/* One of `kept`, which are the newest first and at least one, or NULL when the user thinks better of it; borrowed. Runs
 * a message loop. */
const KeptDatabase *undo_dialog_ask(HWND owner, const Connection *server, const KeptDatabase *kept, size_t count);

#endif
