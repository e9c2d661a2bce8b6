/* details_dialog.h: all that is known of one backup: versions, level with times, SHA-256, tables with their rows. */
#ifndef CMMS_UI_DETAILS_DIALOG_H
#define CMMS_UI_DETAILS_DIALOG_H

#include <windows.h>

#include "store/catalog.h"

/* Runs until it is closed; the entry is copied before. Without a usable manifest the file itself is asked: its table of
 * contents, not its data. */
void details_dialog_show(HWND owner, const char *folder, const CatalogEntry *entry);

#endif
