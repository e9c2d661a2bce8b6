/* there_dialog.h: what is on SharePoint: when it was made, by which PC, how it was compared, and whether it is here. */
#ifndef CMMS_UI_THERE_DIALOG_H
#define CMMS_UI_THERE_DIALOG_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

#include "jobs/offsite_back.h"

typedef enum ThereChoice { THERE_NOTHING, THERE_DOWNLOAD, THERE_RESTORE } ThereChoice;

/* *chosen: its index in the list. may_restore: whether a restore could begin now. Runs a message loop. */
ThereChoice there_dialog_ask(HWND owner, const RemoteList *list, bool may_restore, size_t *chosen);

#endif
