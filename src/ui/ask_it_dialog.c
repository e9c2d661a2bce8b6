#include "ask_it_dialog.h"

#include <string.h>

#include "base/mem.h"
#include "dialog.h"
#include "message_box.h"
#include "parts/clipboard.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "resource.h"
#include "save_dialog.h"
#include "texts.h"
#include "ui_text.h"

/* As the box shows it: with the line ends that other programs of Windows want. */
static char *shown_page(HWND hwnd)
{
    wchar_t *wide = ui_get_wide(GetDlgItem(hwnd, IDC_ASK_PAGE));
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    return text;
}

static void on_copy(HWND hwnd)
{
    Error err = ERROR_INIT;
    char *text = shown_page(hwnd);
    if (!clipboard_set(hwnd, text, &err)) {
        message_box_error(hwnd, &err);
    }
    error_clear(&err);
    mem_free(text);
}

static void on_save(HWND hwnd)
{
    Error err = ERROR_INIT;
    char *path = NULL;
    char *text = shown_page(hwnd);
    if (save_dialog_choose(hwnd, L"" TEXT_ASK_SAVE_TITLE, L"" TEXT_ASK_SAVE_NAME, L"" TEXT_LOG_SAVE_FILTER, &path,
                           &err)) {
        fs_write_atomic(path, text, strlen(text), &err);
    }
    if (err.kind != EK_NONE) {
        message_box_error(hwnd, &err);
    }
    error_clear(&err);
    mem_free(text);
    mem_free(path);
}

static void on_init(HWND hwnd, const char *page)
{
    HWND box = GetDlgItem(hwnd, IDC_ASK_PAGE);
    ui_set_text(GetDlgItem(hwnd, IDC_ASK_TITLE), TEXT_ASK_TITLE);
    ui_set_lines(box, page, strlen(page));
    SetFocus(GetDlgItem(hwnd, IDC_ASK_COPY));
    SendMessageW(box, EM_SETSEL, 0, 0);
    dialog_begin(hwnd);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        on_init(hwnd, (const char *)lparam);
        return FALSE; /* the focus is set */
    }
    if (message != WM_COMMAND) {
        return FALSE;
    }
    switch (LOWORD(wparam)) {
    case IDC_ASK_COPY:
        on_copy(hwnd);
        return TRUE;
    case IDC_ASK_SAVE:
        on_save(hwnd);
        return TRUE;
    case IDCANCEL:
        EndDialog(hwnd, 0);
        return TRUE;
    default:
        return FALSE;
    }
}

void ask_it_dialog_show(HWND owner, const char *page)
{
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_ASK_IT), owner, dialog_proc, (LPARAM)page);
}
