/* key_dialog.c: one question; the passphrase is taken out of its box before the dialog goes. */
#include "key_dialog.h"

#include "base/mem.h"
#include "dialog.h"
#include "message_box.h"
#include "parts/folder_dialog.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"

#define PASSPHRASE_UNITS 256

typedef struct KeyDialog {
    HWND hwnd;
    const KeyQuestion *question;
    char *file;
    Secret passphrase;
    bool given;
} KeyDialog;

static HWND control(const KeyDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static HWND box(const KeyDialog *d)
{
    return control(d, d->question->by_file ? IDC_KEY_FILE : IDC_KEY_PHRASE);
}

static void show_box(const KeyDialog *d)
{
    const int of_file[] = {IDC_KEY_FILE_LABEL, IDC_KEY_FILE, IDC_KEY_BROWSE};
    const int of_phrase[] = {IDC_KEY_PHRASE_LABEL, IDC_KEY_PHRASE};
    for (size_t i = 0; i < sizeof of_file / sizeof *of_file; i++) {
        ShowWindow(control(d, of_file[i]), d->question->by_file ? SW_SHOW : SW_HIDE);
    }
    for (size_t i = 0; i < sizeof of_phrase / sizeof *of_phrase; i++) {
        ShowWindow(control(d, of_phrase[i]), d->question->by_file ? SW_HIDE : SW_SHOW);
    }
}

static void look_at_box(const KeyDialog *d)
{
    EnableWindow(control(d, IDC_KEY_GO), GetWindowTextLengthW(box(d)) > 0);
}

static void on_init(KeyDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    const KeyQuestion *question = d->question;
    char *intro = question->by_file ? mem_printf(TEXT_KEY_INTRO_FILE, question->name, question->which)
                                    : mem_printf(TEXT_KEY_INTRO_PHRASE, question->name, question->which);
    ui_set_text(control(d, IDC_KEY_INTRO), intro);
    mem_free(intro);
    SendMessageW(control(d, IDC_KEY_PHRASE), EM_LIMITTEXT, PASSPHRASE_UNITS, 0);
    if (question->problem.kind != EK_NONE) {
        ui_set_problem(control(d, IDC_KEY_PROBLEM), &question->problem);
    }
    show_box(d);
    look_at_box(d);
    SetFocus(box(d));
    dialog_begin(hwnd);
}

static void on_browse(const KeyDialog *d)
{
    char *path = NULL;
    Error err = ERROR_INIT;
    if (folder_dialog_choose_file(d->hwnd, L"" TEXT_KEY_CHOOSE, L"" TEXT_KEY_KIND, L"*.txt",
                                  L"" TEXT_RESTORE_FILE_ALL, NULL, &path, &err)) {
        ui_set_text(control(d, IDC_KEY_FILE), path);
        SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, IDC_KEY_GO), TRUE);
    } else if (err.kind != EK_NONE) {
        message_box_error(d->hwnd, &err);
    }
    error_clear(&err);
    mem_free(path);
}

static void on_go(KeyDialog *d)
{
    if (d->question->by_file) {
        wchar_t *wide = ui_get_wide(box(d));
        d->file = utf8_from_wide_path(wide);
        mem_free(wide);
        d->given = d->file != NULL && d->file[0] != '\0';
    } else {
        ui_get_secret(box(d), &d->passphrase);
        d->given = secret_is_set(&d->passphrase);
    }
}

static void leave(const KeyDialog *d)
{
    ui_set_text(control(d, IDC_KEY_PHRASE), "");
    EndDialog(d->hwnd, 0);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((KeyDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    KeyDialog *d = (KeyDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL || message != WM_COMMAND) {
        return FALSE;
    }
    switch (LOWORD(wparam)) {
    case IDC_KEY_FILE:
    case IDC_KEY_PHRASE:
        if (HIWORD(wparam) == EN_CHANGE) {
            look_at_box(d);
        }
        return TRUE;
    case IDC_KEY_BROWSE:
        on_browse(d);
        return TRUE;
    case IDC_KEY_GO:
        on_go(d);
        leave(d);
        return TRUE;
    case IDCANCEL:
        leave(d);
        return TRUE;
    default:
        return FALSE;
    }
}

bool key_dialog_ask(HWND owner, const KeyQuestion *question, char **file, Secret *passphrase)
{
    KeyDialog d = {.question = question, .passphrase = SECRET_INIT};
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_KEY), owner, dialog_proc, (LPARAM)&d);
    if (d.given && question->by_file) {
        mem_free(*file);
        *file = d.file;
        d.file = NULL;
    } else if (d.given) {
        secret_copy(passphrase, &d.passphrase);
    }
    secret_release(&d.passphrase);
    mem_free(d.file);
    return d.given;
}
