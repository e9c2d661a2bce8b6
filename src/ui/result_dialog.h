/* result_dialog.h: what came of a job, in a title and lines: of a restore or an undo, and what is to be done now. */
#ifndef CMMS_UI_RESULT_DIALOG_H
#define CMMS_UI_RESULT_DIALOG_H

#include <windows.h>

#include "jobs/restore.h"

/* `from`: the backup's file name, or, of an undo, the name under which the database was kept. Runs a message loop. */
void result_dialog_show(HWND owner, const RestoreResult *result, const char *from, bool undone);
/* The same with texts of the caller's; lines end as ours do. */
void result_dialog_text(HWND owner, const char *caption, const char *title, const char *text);

#endif
