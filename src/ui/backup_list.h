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
    bool selected, focused;    /* kept here while the order changes */
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
/* Takes over what *catalog holds, which is empty afterwards. What is selected stays selected. */
void backup_list_take(BackupList *list, Catalog *catalog);
/* How many rows are selected, and the first of them in the order shown, NULL when there is none (borrowed). */
size_t backup_list_selected_count(const BackupList *list);
const CatalogEntry *backup_list_selected(const BackupList *list);
/* Copies of the names of the selected rows, in the order shown; caller frees with backup_list_free_names. */
char **backup_list_names(const BackupList *list, size_t *count);
void backup_list_free_names(char **names, size_t count);
void backup_list_select_all(const BackupList *list);
/* Where a menu that the keyboard asks for shall stand, on the screen. */
POINT backup_list_menu_point(const BackupList *list);
/* Column widths for the control's present size and font. */
void backup_list_fit(BackupList *list, const Layout *layout);
/* A WM_NOTIFY of the control or of its header; true when it was handled, with the answer in *result. */
bool backup_list_notify(BackupList *list, const NMHDR *header, LRESULT *result);

#endif
