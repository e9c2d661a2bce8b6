#include "result_dialog.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "dialog.h"
#include "locale_text.h"
#include "parts/dpi.h"
#include "resource.h"
#include "sign_label.h"
#include "texts.h"
#include "ui_text.h"

typedef struct Shown {
    const char *title, *caption; /* NULL: the template's */
    StrBuf text;
    HFONT font;
} Shown;

static void write_text(Shown *shown, const RestoreResult *result, const char *from, bool undone)
{
    StrBuf *sb = &shown->text;
    char *rows = locale_number((double)result->rows, 0);
    char *seconds = locale_number(result->seconds, 0);
    if (undone) {
        strbuf_addf(sb, TEXT_RESULT_IS_AGAIN, result->database, from);
    } else {
        strbuf_addf(sb, TEXT_RESULT_HOLDS, result->database, from, (unsigned long long)result->tables, rows);
    }
    strbuf_addf(sb, "\n\n%s\n", restore_restart_words);
    if (result->kept != NULL) {
        strbuf_addstr(sb, "\n");
        strbuf_addf(sb, TEXT_RESULT_KEPT, result->kept);
    }
    if (result->in_place) {
        strbuf_addstr(sb, "\n" TEXT_RESULT_IN_PLACE);
    }
    if (result->safety != NULL) {
        strbuf_addstr(sb, "\n");
        strbuf_addf(sb, TEXT_RESULT_SAFETY, result->safety);
    }
    strbuf_addstr(sb, "\n");
    strbuf_addf(sb, TEXT_RESULT_TOOK, seconds);
    for (size_t i = 0; i < result->note_count; i++) {
        strbuf_addf(sb, "%s%s\n !  %s", i == 0 ? "\n\n" : "", i == 0 ? TEXT_RESULT_NOTES : "", result->notes[i]);
    }
    mem_free(seconds);
    mem_free(rows);
}

static void on_init(HWND hwnd, Shown *shown)
{
    HWND title = GetDlgItem(hwnd, IDC_RESULT_TITLE);
    HWND box = GetDlgItem(hwnd, IDC_RESULT_TEXT);
    shown->font = dpi_message_font(dpi_of_window(hwnd), 140, FW_SEMIBOLD);
    SendMessageW(title, WM_SETFONT, (WPARAM)shown->font, FALSE);
    sign_label_init(title);
    if (shown->caption != NULL) {
        ui_set_text(hwnd, shown->caption);
    }
    ui_set_text(title, shown->title);
    ui_set_lines(box, shown->text.buf, shown->text.len);
    SetFocus(box);
    SendMessageW(box, EM_SETSEL, 0, 0);
    dialog_begin(hwnd);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        on_init(hwnd, (Shown *)lparam);
        return FALSE; /* the focus is set */
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDCANCEL) {
        EndDialog(hwnd, 0);
        return TRUE;
    }
    return FALSE;
}

static void run(HWND owner, Shown *shown)
{
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_RESULT), owner, dialog_proc, (LPARAM)shown);
    if (shown->font != NULL) {
        DeleteObject(shown->font);
    }
    strbuf_release(&shown->text);
}

void result_dialog_show(HWND owner, const RestoreResult *result, const char *from, bool undone)
{
    Shown shown = {.title = undone ? TEXT_RESULT_UNDONE : TEXT_RESULT_RESTORED,
                   .caption = undone ? TEXT_UNDO_CAPTION : NULL};
    strbuf_init(&shown.text, STRBUF_LARGE);
    write_text(&shown, result, from, undone);
    run(owner, &shown);
}

void result_dialog_text(HWND owner, const char *caption, const char *title, const char *text)
{
    Shown shown = {.title = title, .caption = caption};
    strbuf_init(&shown.text, STRBUF_LARGE);
    strbuf_addstr(&shown.text, text);
    run(owner, &shown);
}
