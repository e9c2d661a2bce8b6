#include "there_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "locale_text.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "whole_text.h"
#include "words.h"

enum {
    THERE_NAME,
    THERE_CREATED,
    THERE_COMPUTER,
    THERE_SIZE,
    THERE_STATUS,
    THERE_COMPARED,
    THERE_WHERE,
    THERE_COLUMNS
};

static const struct {
    const wchar_t *title;
    int format;
    int percent; /* of the list's width; the last gets what is left */
} columns[THERE_COLUMNS] = {
    {L"" TEXT_COLUMN_NAME, LVCFMT_LEFT, 27},     {L"" TEXT_COLUMN_CREATED, LVCFMT_LEFT, 14},
    {L"" TEXT_THERE_COMPUTER, LVCFMT_LEFT, 12},  {L"" TEXT_COLUMN_SIZE, LVCFMT_RIGHT, 9},
    {L"" TEXT_COLUMN_STATUS, LVCFMT_LEFT, 9},    {L"" TEXT_THERE_COMPARED, LVCFMT_LEFT, 15},
    {L"" TEXT_THERE_WHERE, LVCFMT_LEFT, 0},
};

typedef struct ThereDialog {
    HWND hwnd;
    const RemoteList *list;
    bool may_restore;
    size_t chosen; /* list->count: none */
} ThereDialog;

/* Once the rows are in it: a scroll bar takes a part of the width. */
static void fit_columns(HWND list)
{
    RECT client;
    GetClientRect(list, &client);
    int left = client.right;
    for (int i = 0; i < THERE_COLUMNS; i++) {
        const int width = i == THERE_COLUMNS - 1 ? left : MulDiv(client.right, columns[i].percent, 100);
        ListView_SetColumnWidth(list, i, width);
        left -= width;
    }
}

/* What is chosen, and why it cannot come. */
static void show_chosen(ThereDialog *d)
{
    const int row = ListView_GetNextItem(GetDlgItem(d->hwnd, IDC_THERE_LIST), -1, LVNI_SELECTED);
    d->chosen = row < 0 || (size_t)row >= d->list->count ? d->list->count : (size_t)row;
    const Remote *remote = d->chosen == d->list->count ? NULL : &d->list->items[d->chosen];
    Error why = ERROR_INIT;
    const bool can = remote != NULL && remote_can_come(remote, &why);
    char *note = remote == NULL ? mem_strdup("") : can ? remote_text(remote) : error_text(&why);
    ui_set_text(GetDlgItem(d->hwnd, IDC_THERE_NOTE), note);
    EnableWindow(GetDlgItem(d->hwnd, IDC_THERE_GO), can);
    EnableWindow(GetDlgItem(d->hwnd, IDC_THERE_RESTORE), can && d->may_restore);
    mem_free(note);
    error_clear(&why);
}

static void on_init(ThereDialog *d, HWND hwnd)
{
    HWND list = GetDlgItem(hwnd, IDC_THERE_LIST);
    d->hwnd = hwnd;
    ListView_SetExtendedListViewStyle(list, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER);
    whole_text_of_list(list);
    for (int i = 0; i < THERE_COLUMNS; i++) {
        wchar_t title[64];
        swprintf(title, sizeof title / sizeof *title, L"%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT, .fmt = columns[i].format, .pszText = title};
        SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
    }
    ListView_SetItemCountEx(list, (int)d->list->count, 0);
    fit_columns(list);
    char *summary = mem_printf(TEXT_THERE_SUMMARY, (unsigned long long)d->list->count, d->list->place);
    ui_set_text(GetDlgItem(hwnd, IDC_THERE_SUMMARY), summary);
    mem_free(summary);
    const size_t first = remote_list_first(d->list);
    const int row = first < d->list->count ? (int)first : 0;
    ListView_SetItemState(list, row, LVIS_SELECTED | LVIS_FOCUSED, LVIS_SELECTED | LVIS_FOCUSED);
    ListView_EnsureVisible(list, row, FALSE);
    show_chosen(d);
    SetFocus(list);
    dialog_begin(hwnd);
}

static char *cell_of(const Remote *remote, int column)
{
    const char *computer = remote->manifest.computer;
    switch (column) {
    case THERE_NAME:
        return mem_strdup(remote->name);
    case THERE_CREATED:
        return remote->created == 0 ? mem_strdup("") : locale_date_time(remote->created);
    case THERE_COMPUTER:
        return mem_strdup(computer != NULL ? computer : "");
    case THERE_SIZE:
        return words_megabytes(remote->bytes);
    case THERE_STATUS:
        return mem_strdup(remote_was_read(remote) ? level_name(remote->manifest.level) : "");
    case THERE_COMPARED:
        return remote->encrypted ? mem_printf(TEXT_THERE_ENCRYPTED, remote_state_word(remote->state))
                                 : mem_strdup(remote_state_word(remote->state));
    default:
        return mem_strdup(remote->here ? TEXT_COPIES_THERE : TEXT_THERE_ONLY);
    }
}

static void on_get_item(const ThereDialog *d, NMLVDISPINFOW *info)
{
    const size_t index = (size_t)info->item.iItem;
    if ((info->item.mask & LVIF_TEXT) == 0 || info->item.cchTextMax <= 0 || index >= d->list->count) {
        return;
    }
    char *text = cell_of(&d->list->items[index], info->item.iSubItem);
    wchar_t *wide = wide_from_utf8(text);
    size_t length = wcslen(wide);
    const size_t room = (size_t)info->item.cchTextMax - 1;
    length = length > room ? room : length;
    memcpy(info->item.pszText, wide, length * sizeof *wide);
    info->item.pszText[length] = 0;
    mem_free(wide);
    mem_free(text);
}

static INT_PTR on_notify(ThereDialog *d, LPARAM lparam)
{
    const NMHDR *header = (const NMHDR *)lparam;
    if (header->idFrom != IDC_THERE_LIST) {
        return FALSE;
    }
    if (header->code == LVN_GETDISPINFOW) {
        on_get_item(d, (NMLVDISPINFOW *)lparam);
        return TRUE;
    }
    if (header->code == LVN_ITEMCHANGED) {
        show_chosen(d);
        return TRUE;
    }
    return FALSE;
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((ThereDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    ThereDialog *d = (ThereDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_NOTIFY) {
        return on_notify(d, lparam);
    }
    if (message == WM_COMMAND) {
        switch (LOWORD(wparam)) {
        case IDC_THERE_GO:
            EndDialog(hwnd, THERE_DOWNLOAD);
            return TRUE;
        case IDC_THERE_RESTORE:
            EndDialog(hwnd, THERE_RESTORE);
            return TRUE;
        case IDCANCEL:
            EndDialog(hwnd, THERE_NOTHING);
            return TRUE;
        default:
            break;
        }
    }
    return FALSE;
}

ThereChoice there_dialog_ask(HWND owner, const RemoteList *list, bool may_restore, size_t *chosen)
{
    ThereDialog d = {.list = list, .may_restore = may_restore, .chosen = list->count};
    const INT_PTR choice =
        DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_THERE), owner, dialog_proc, (LPARAM)&d);
    if ((choice != THERE_DOWNLOAD && choice != THERE_RESTORE) || d.chosen >= list->count) {
        return THERE_NOTHING;
    }
    *chosen = d.chosen;
    return (ThereChoice)choice;
}
