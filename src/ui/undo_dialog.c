#include "undo_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "consent.h"
#include "dialog.h"
#include "locale_text.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "whole_text.h"
#include "words.h"

enum { UNDO_NAME, UNDO_SINCE, UNDO_SIZE, UNDO_FROM, UNDO_COLUMNS };

static const struct {
    const wchar_t *title;
    int format;
    int percent; /* of the list's width; the last gets what is left */
} columns[UNDO_COLUMNS] = {
    {L"" TEXT_UNDO_NAME, LVCFMT_LEFT, 36},
    {L"" TEXT_UNDO_SINCE, LVCFMT_LEFT, 18},
    {L"" TEXT_UNDO_SIZE, LVCFMT_RIGHT, 12},
    {L"" TEXT_UNDO_FROM, LVCFMT_LEFT, 0},
};

typedef struct Undo {
    Consent consent;
    const KeptDatabase *kept;
    size_t count;
    int chosen;
} Undo;

static char *cell_of(const KeptDatabase *kept, int column)
{
    switch (column) {
    case UNDO_NAME:
        return mem_strdup(kept->name);
    case UNDO_SINCE:
        return locale_date_time(kept->aside);
    case UNDO_SIZE:
        return kept->bytes < 0 ? mem_strdup(TEXT_UNDO_UNKNOWN) : words_megabytes((uint64_t)kept->bytes);
    default:
        return mem_strdup(kept->from != NULL ? kept->from : TEXT_UNDO_BY_UNDO);
    }
}

static void fill(HWND list, const Undo *undo)
{
    RECT client;
    for (size_t row = 0; row < undo->count; row++) {
        for (int column = 0; column < UNDO_COLUMNS; column++) {
            char *text = cell_of(&undo->kept[row], column);
            wchar_t *wide = wide_from_utf8(text);
            LVITEMW item = {.mask = LVIF_TEXT, .iItem = (int)row, .iSubItem = column, .pszText = wide};
            SendMessageW(list, column == 0 ? LVM_INSERTITEMW : LVM_SETITEMW, 0, (LPARAM)&item);
            mem_free(wide);
            mem_free(text);
        }
    }
    /* Once the rows are in it: a scroll bar takes a part of the width. */
    GetClientRect(list, &client);
    int left = client.right;
    for (int i = 0; i < UNDO_COLUMNS; i++) {
        const int width = i == UNDO_COLUMNS - 1 ? left : MulDiv(client.right, columns[i].percent, 100);
        ListView_SetColumnWidth(list, i, width);
        left -= width;
    }
    ListView_SetItemState(list, 0, LVIS_SELECTED | LVIS_FOCUSED, LVIS_SELECTED | LVIS_FOCUSED);
}

static int selected(const Undo *undo)
{
    return ListView_GetNextItem(GetDlgItem(undo->consent.dialog, IDC_UNDO_LIST), -1, LVNI_SELECTED);
}

static void on_init(HWND dialog, Undo *undo)
{
    HWND list = GetDlgItem(dialog, IDC_UNDO_LIST);
    undo->consent.dialog = dialog;
    ListView_SetExtendedListViewStyle(list, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER);
    whole_text_of_list(list);
    for (int i = 0; i < UNDO_COLUMNS; i++) {
        wchar_t title[64];
        swprintf(title, sizeof title / sizeof *title, L"%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT, .fmt = columns[i].format, .pszText = title};
        SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
    }
    fill(list, undo);
    char *intro = mem_printf(TEXT_UNDO_INTRO, connection_database(undo->consent.server));
    ui_set_text(GetDlgItem(dialog, IDC_UNDO_INTRO), intro);
    mem_free(intro);
    consent_init(&undo->consent);
    SetFocus(list);
    dialog_begin(dialog);
}

static INT_PTR CALLBACK dialog_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(dialog, DWLP_USER, lparam);
        on_init(dialog, (Undo *)lparam);
        return FALSE; /* the focus is set */
    }
    Undo *undo = (Undo *)GetWindowLongPtrW(dialog, DWLP_USER);
    if (undo == NULL) {
        return FALSE;
    }
    const NMHDR *header = (const NMHDR *)lparam;
    const bool list_changed =
        message == WM_NOTIFY && header->idFrom == IDC_UNDO_LIST && header->code == LVN_ITEMCHANGED;
    if (list_changed || (message == WM_COMMAND && LOWORD(wparam) == IDC_UNDO_NAME && HIWORD(wparam) == EN_CHANGE)) {
        consent_look(&undo->consent, selected(undo) >= 0);
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDC_UNDO_GO && consent_is_given(&undo->consent)) {
        undo->chosen = selected(undo);
        EndDialog(dialog, 0);
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDCANCEL) {
        undo->chosen = -1;
        EndDialog(dialog, 0);
        return TRUE;
    }
    return FALSE;
}

const KeptDatabase *undo_dialog_ask(HWND owner, const Connection *server, const KeptDatabase *kept, size_t count)
{
    Undo undo = {.consent = {.server = server,
                             .label = IDC_UNDO_NAME_LABEL,
                             .name = IDC_UNDO_NAME,
                             .problem = IDC_UNDO_PROBLEM,
                             .go = IDC_UNDO_GO},
                 .kept = kept,
                 .count = count,
                 .chosen = -1};
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_UNDO), owner, dialog_proc, (LPARAM)&undo);
    return undo.chosen < 0 || (size_t)undo.chosen >= count ? NULL : &kept[undo.chosen];
}
