/*
 * backup_list.h: the list of backups: an owner-data ListView over a ListModel, sorted by the column that was
 * clicked or chosen. Ten thousand rows cost no more than the rows that are seen. Order and widths of the columns are
 * the user's; until a width is dragged, the name's column takes what the others leave.
 */
#ifndef CMMS_UI_BACKUP_LIST_H
#define CMMS_UI_BACKUP_LIST_H

#include <windows.h>

#include <commctrl.h>

#include <stdbool.h>
#include <stddef.h>

#include "list_model.h"
#include "parts/layout.h"
#include "window_state.h"

typedef struct BackupRow {
    const CatalogEntry *entry; /* borrowed from the catalog */
    size_t index;              /* in it */
    int64_t leaves;            /* ListRow */
    bool selected, focused;    /* kept here while the order changes */
    int column;                /* what the rows are being sorted by; each row carries it for qsort */
    bool descending;
} BackupRow;

typedef struct BackupList {
    HWND control;
    ListModel model; /* owned */
    BackupRow *rows; /* owned: catalog.count of them, in the order shown */
    HIMAGELIST signs;
    int sort_column;
    bool descending;
    bool user_sized; /* the user dragged a column: widths stay as they are */
    bool sizing;     /* we are setting widths ourselves */
    bool changing;   /* we are setting rows and selection ourselves: what they tell is not news */
} BackupList;

void backup_list_init(BackupList *list, HWND control);
void backup_list_release(BackupList *list);
/* Takes over what *model holds, which is empty afterwards. What is selected stays selected. */
void backup_list_take(BackupList *list, ListModel *model);
/* How many rows are selected, and the first of them in the order shown, NULL when there is none (borrowed). */
size_t backup_list_selected_count(const BackupList *list);
const CatalogEntry *backup_list_selected(const BackupList *list);
/* Copies of the names of the selected rows, in the order shown; caller frees with backup_list_free_names. */
char **backup_list_names(const BackupList *list, size_t *count);
void backup_list_free_names(char **names, size_t count);
/* Whether one of the selected rows is pinned, or is not. */
bool backup_list_any(const BackupList *list, bool pinned);
void backup_list_select_all(const BackupList *list);
/* Where a menu that the keyboard asks for shall stand, on the screen. */
POINT backup_list_menu_point(const BackupList *list);
/* Selects the backup of this name alone and shows it; false when it is not there. */
bool backup_list_select(BackupList *list, const char *name);
/* By this column; a second time turns the order round. The selection stays. */
void backup_list_sort(BackupList *list, int column);
/* Column widths for the control's present size and font. */
void backup_list_fit(BackupList *list, const Layout *layout);
/* Once, when font and size are known: the columns as the user left them, of the right widths from the beginning, since
 * each change of one costs dearly under Wine. And as they are. */
void backup_list_add_columns(BackupList *list, const Layout *layout, const WindowState *state, UINT dpi);
void backup_list_get_state(const BackupList *list, UINT dpi, WindowState *state);
/* The signs before the cells, for a new size of the font or other colours. `plain`: high contrast. */
void backup_list_draw_signs(BackupList *list, UINT dpi, bool plain);
/* A WM_NOTIFY of the control or of its header; true when it was handled, with the answer in *result. */
bool backup_list_notify(BackupList *list, const NMHDR *header, LRESULT *result);

#endif
