#include "help_dialog.h"

#include "base/mem.h"
#include "dialog.h"
#include "resource.h"
#include "ui_text.h"

static void on_init(HWND hwnd)
{
    HINSTANCE instance = GetModuleHandleW(NULL);
    HWND box = GetDlgItem(hwnd, IDC_HELP_TEXT);
    HRSRC found = FindResourceW(instance, MAKEINTRESOURCEW(IDR_HELP), RT_RCDATA);
    const char *text = found == NULL ? NULL : LockResource(LoadResource(instance, found));
    if (text != NULL) {
        ui_set_lines(box, text, SizeofResource(instance, found));
    }
    SetFocus(box);
    SendMessageW(box, EM_SETSEL, 0, 0);
    dialog_begin(hwnd);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)lparam;
    switch (message) {
    case WM_INITDIALOG:
        on_init(hwnd);
        return FALSE; /* the focus is set */
    case WM_HELP:
        return TRUE; /* it is open */
    case WM_COMMAND:
        if (LOWORD(wparam) == IDCANCEL) {
            EndDialog(hwnd, 0);
        }
        return TRUE;
    default:
        return FALSE;
    }
}

void help_dialog_run(HWND owner)
{
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_HELP), owner, dialog_proc, 0);
}
