#include "upload_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "whole_text.h"
#include "words.h"

enum { UPLOAD_NAME, UPLOAD_SIZE, UPLOAD_STATE, UPLOAD_COLUMNS };

static const struct {
    const wchar_t *title;
    int format;
    int percent; /* of the list's width; the last gets what is left */
} columns[UPLOAD_COLUMNS] = {
    {L"" TEXT_COLUMN_NAME, LVCFMT_LEFT, 48},
    {L"" TEXT_COLUMN_SIZE, LVCFMT_RIGHT, 14},
    {L"" TEXT_UPLOAD_STATE, LVCFMT_LEFT, 0},
};

typedef struct UploadDialog {
    const OffsitePlan *plan;
    const char *place;
} UploadDialog;

static void add_columns(HWND list)
{
    RECT client;
    GetClientRect(list, &client);
    int left = client.right - GetSystemMetrics(SM_CXVSCROLL);
    const int whole = left;
    for (int i = 0; i < UPLOAD_COLUMNS; i++) {
        const int width = i == UPLOAD_COLUMNS - 1 ? left : MulDiv(whole, columns[i].percent, 100);
        wchar_t *title = ui_wide_printf("%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT | LVCF_WIDTH, .fmt = columns[i].format, .pszText = title,
                            .cx = width};
        SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
        mem_free(title);
        left -= width;
    }
}

static void set_cell(HWND list, int row, int column, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    LVITEMW item = {.mask = LVIF_TEXT, .iItem = row, .iSubItem = column, .pszText = wide};
    SendMessageW(list, column == 0 ? LVM_INSERTITEMW : LVM_SETITEMW, 0, (LPARAM)&item);
    mem_free(wide);
}

static void fill(HWND list, const OffsitePlan *plan)
{
    for (int i = 0; i < (int)plan->count; i++) {
        const OffsitePlanItem *item = &plan->items[i];
        char *size = words_megabytes(item->bytes);
        set_cell(list, i, UPLOAD_NAME, item->name);
        set_cell(list, i, UPLOAD_SIZE, size);
        set_cell(list, i, UPLOAD_STATE, item->problem == NULL ? TEXT_UPLOAD_GOES : item->problem);
        mem_free(size);
    }
}

static void on_init(HWND hwnd, const UploadDialog *dialog)
{
    const OffsitePlan *plan = dialog->plan;
    HWND list = GetDlgItem(hwnd, IDC_UPLOAD_LIST);
    ListView_SetExtendedListViewStyle(list, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER);
    whole_text_of_list(list);
    add_columns(list);
    fill(list, plan);
    char *size = words_size(plan->bytes);
    char *summary = plan->good == 0 ? mem_strdup(TEXT_UPLOAD_NOTHING)
                                    : mem_printf(TEXT_UPLOAD_SUMMARY, (unsigned long long)plan->good, size,
                                                 dialog->place);
    ui_set_text(GetDlgItem(hwnd, IDC_UPLOAD_SUMMARY), summary);
    ui_set_text(GetDlgItem(hwnd, IDC_UPLOAD_NOTE), TEXT_UPLOAD_NOTE);
    EnableWindow(GetDlgItem(hwnd, IDC_UPLOAD_GO), plan->good > 0);
    SetFocus(GetDlgItem(hwnd, plan->good > 0 ? IDC_UPLOAD_GO : IDC_UPLOAD_LIST));
    dialog_begin(hwnd);
    mem_free(summary);
    mem_free(size);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        on_init(hwnd, (const UploadDialog *)lparam);
        return FALSE; /* the focus is set */
    }
    if (message != WM_COMMAND) {
        return FALSE;
    }
    switch (LOWORD(wparam)) {
    case IDC_UPLOAD_GO:
        EndDialog(hwnd, UPLOAD_GO);
        return TRUE;
    case IDC_UPLOAD_CHANGE:
        EndDialog(hwnd, UPLOAD_CHANGE);
        return TRUE;
    case IDCANCEL:
        EndDialog(hwnd, UPLOAD_CANCELLED);
        return TRUE;
    default:
        return FALSE;
    }
}

UploadChoice upload_dialog_ask(HWND owner, const OffsitePlan *plan, const char *place)
{
    const UploadDialog dialog = {plan, place};
    const INT_PTR choice =
        DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_UPLOAD), owner, dialog_proc, (LPARAM)&dialog);
    return choice == UPLOAD_GO || choice == UPLOAD_CHANGE ? (UploadChoice)choice : UPLOAD_CANCELLED;
}
