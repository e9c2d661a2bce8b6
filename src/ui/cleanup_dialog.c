#include "cleanup_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "whole_text.h"
#include "words.h"

enum { CLEANUP_NAME, CLEANUP_SIZE, CLEANUP_AGE, CLEANUP_REASON, CLEANUP_COLUMNS };

static const struct {
    const wchar_t *title;
    int format;
    int percent; /* of the list's width; the last gets what is left */
} columns[CLEANUP_COLUMNS] = {
    {L"" TEXT_COLUMN_NAME, LVCFMT_LEFT, 42},
    {L"" TEXT_COLUMN_SIZE, LVCFMT_RIGHT, 13},
    {L"" TEXT_COLUMN_AGE, LVCFMT_RIGHT, 13},
    {L"" TEXT_CLEANUP_REASON, LVCFMT_LEFT, 0},
};

typedef struct Cleanup {
    const CleanupItem *items;
    size_t count, total;
    bool there;
} Cleanup;

/* Once the rows are in it: a scroll bar takes a part of the width. */
static void fit_columns(HWND list)
{
    RECT client;
    GetClientRect(list, &client);
    int left = client.right;
    for (int i = 0; i < CLEANUP_COLUMNS; i++) {
        const int width = i == CLEANUP_COLUMNS - 1 ? left : MulDiv(client.right, columns[i].percent, 100);
        ListView_SetColumnWidth(list, i, width);
        left -= width;
    }
}

static void on_init(HWND dialog, const Cleanup *cleanup)
{
    HWND list = GetDlgItem(dialog, IDC_CLEANUP_LIST);
    ListView_SetExtendedListViewStyle(list, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER);
    whole_text_of_list(list);
    for (int i = 0; i < CLEANUP_COLUMNS; i++) {
        wchar_t title[64];
        swprintf(title, sizeof title / sizeof *title, L"%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT, .fmt = columns[i].format, .pszText = title};
        SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
    }
    ListView_SetItemCountEx(list, (int)cleanup->count, 0);
    fit_columns(list);
    uint64_t bytes = 0;
    for (size_t i = 0; i < cleanup->count; i++) {
        bytes += cleanup->items[i].size;
    }
    char *size = words_size(bytes);
    const unsigned long long count = cleanup->count, total = cleanup->total;
    char *summary = cleanup->there ? mem_printf(TEXT_CLEANUP_THERE_SUMMARY, count, total, size)
                                   : mem_printf(TEXT_CLEANUP_SUMMARY, count, total, size);
    char *remove = mem_printf(TEXT_CLEANUP_REMOVE, count);
    if (cleanup->there) {
        ui_set_text(dialog, TEXT_CLEANUP_THERE_CAPTION);
    }
    ui_set_text(GetDlgItem(dialog, IDC_CLEANUP_SUMMARY), summary);
    ui_set_text(GetDlgItem(dialog, IDOK), remove);
    mem_free(remove);
    mem_free(summary);
    mem_free(size);
    SetFocus(GetDlgItem(dialog, IDCANCEL));
    dialog_begin(dialog);
}

static void on_get_item(const Cleanup *cleanup, NMLVDISPINFOW *info)
{
    size_t index = (size_t)info->item.iItem;
    if ((info->item.mask & LVIF_TEXT) == 0 || info->item.cchTextMax <= 0 || index >= cleanup->count) {
        return;
    }
    const CleanupItem *item = &cleanup->items[index];
    char *text = info->item.iSubItem == CLEANUP_NAME   ? mem_strdup(item->name)
                 : info->item.iSubItem == CLEANUP_SIZE ? words_megabytes(item->size)
                 : info->item.iSubItem == CLEANUP_AGE  ? mem_printf("%d", item->age_days)
                                                       : mem_strdup(item->reason);
    wchar_t *wide = wide_from_utf8(text);
    size_t length = wcslen(wide);
    size_t room = (size_t)info->item.cchTextMax - 1;
    length = length > room ? room : length;
    memcpy(info->item.pszText, wide, length * sizeof *wide);
    info->item.pszText[length] = 0;
    mem_free(wide);
    mem_free(text);
}

static INT_PTR CALLBACK dialog_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(dialog, DWLP_USER, lparam);
        on_init(dialog, (const Cleanup *)lparam);
        return FALSE; /* the focus is set */
    }
    const Cleanup *cleanup = (const Cleanup *)GetWindowLongPtrW(dialog, DWLP_USER);
    if (message == WM_NOTIFY && cleanup != NULL) {
        const NMHDR *header = (const NMHDR *)lparam;
        if (header->idFrom == IDC_CLEANUP_LIST && header->code == LVN_GETDISPINFOW) {
            on_get_item(cleanup, (NMLVDISPINFOW *)lparam);
            return TRUE;
        }
    }
    if (message == WM_COMMAND && (LOWORD(wparam) == IDOK || LOWORD(wparam) == IDCANCEL)) {
        EndDialog(dialog, LOWORD(wparam));
        return TRUE;
    }
    return FALSE;
}

bool cleanup_dialog_ask(HWND owner, const CleanupItem *items, size_t count, size_t total, bool there)
{
    const Cleanup cleanup = {items, count, total, there};
    return DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_CLEANUP), owner, dialog_proc,
                           (LPARAM)&cleanup) == IDOK;
}
