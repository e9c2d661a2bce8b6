/*
 * backup_list.h: the list of backups: an owner-data ListView over a Catalog, sorted by the column that was
 * clicked. Ten thousand rows cost no more than the rows that are seen.
 */
#ifndef CMMS_UI_BACKUP_LIST_H
#define CMMS_UI_BACKUP_LIST_H

#include <windows.h>

#include <commctrl.h>

#include <stdbool.h>
#include <stddef.h>

#include "catalog.h"
#include "layout.h"

typedef struct BackupRow {
    const CatalogEntry *entry; /* borrowed from the catalog */
    int column;                /* what the rows are being sorted by; each row carries it for qsort */
    bool descending;
} BackupRow;

typedef struct BackupList {
    HWND control;
    Catalog catalog; /* owned */
    BackupRow *rows; /* owned: catalog.count of them, in the order shown */
    int sort_column;
    bool descending;
    bool user_sized; /* the user dragged a column: widths stay as they are */
    bool sizing;     /* we are setting widths ourselves */
} BackupList;

void backup_list_init(BackupList *list, HWND control);
void backup_list_release(BackupList *list);
/* Takes over what *catalog holds, which is empty afterwards. The selected backup stays selected. */
void backup_list_take(BackupList *list, Catalog *catalog);
/* Column widths for the control's present size and font. */
void backup_list_fit(BackupList *list, const Layout *layout);
/* A WM_NOTIFY of the control or of its header; true when it was handled, with the answer in *result. */
bool backup_list_notify(BackupList *list, const NMHDR *header, LRESULT *result);

#endif
