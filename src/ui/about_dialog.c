/*
 * about_dialog.c: the text is put together in a worker, because the tools are asked for their versions and the notices
 * are read from where they were installed.
 */
#include "about_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "dialog.h"
#include "message_box.h"
#include "parts/dpi.h"
#include "parts/folder_dialog.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "postgres/tools.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "version.h"
#include "worker.h"

#define NOTICES_MAX (1024u * 1024u) /* bytes */
#define LICENCES "licenses"

typedef struct AboutDialog {
    HWND hwnd;
    HFONT title_font;
    Worker *worker;
    bool leaving;
    StrBuf text; /* the worker's until its end */
} AboutDialog;

static void add_tools(StrBuf *text, const Tool *tools, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(text, "%s %s: %s\n", name, tools[i].problem == NULL ? tools[i].version : tools[i].problem,
                    tools[i].path);
    }
}

static char *licence_folder(void)
{
    char *program = machine_program_dir();
    char *folder = program == NULL ? NULL : fs_join(program, LICENCES);
    mem_free(program);
    return folder;
}

static void run_about(void *context, const Cancel *cancel)
{
    AboutDialog *d = context;
    Tools tools;
    char *parts = version_parts_text();
    char *system = machine_os_text();
    tools_init(&tools);
    strbuf_addf(&d->text, "%s\n%s", system == NULL ? "" : system, parts);
    if (tools_find(&tools, cancel, NULL) && tools_ask_all(&tools, cancel, NULL)) {
        add_tools(&d->text, tools.dump, tools.dump_count, "pg_dump");
        add_tools(&d->text, tools.restore, tools.restore_count, "pg_restore");
    }
    char *folder = licence_folder();
    char *notices = folder == NULL ? NULL : fs_join(folder, "THIRD-PARTY-NOTICES.md");
    StrBuf file;
    strbuf_init(&file, NOTICES_MAX);
    strbuf_addstr(&d->text, "\n");
    if (notices != NULL && fs_read_all(notices, NOTICES_MAX, &file, NULL)) {
        utf8_add_lossy(&d->text, file.buf, file.len);
    } else {
        strbuf_addstr(&d->text, TEXT_ABOUT_NO_NOTICES);
    }
    strbuf_release(&file);
    mem_free(notices);
    mem_free(folder);
    tools_release(&tools);
    mem_free(system);
    mem_free(parts);
}

static void open_licences(const AboutDialog *d)
{
    char *folder = licence_folder();
    Error err = ERROR_INIT;
    if (folder != NULL && !folder_dialog_open(d->hwnd, folder, &err)) {
        message_box_error(d->hwnd, &err);
    }
    error_clear(&err);
    mem_free(folder);
}

static void on_init(AboutDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    d->title_font = dpi_message_font(dpi_of_window(hwnd), 140, FW_SEMIBOLD);
    HWND title = GetDlgItem(hwnd, IDC_ABOUT_TITLE);
    SendMessageW(title, WM_SETFONT, (WPARAM)d->title_font, FALSE);
    ui_set_text(title, CMMS_PRODUCT " " CMMS_VERSION);
    ui_set_text(GetDlgItem(hwnd, IDC_ABOUT_TEXT), TEXT_ABOUT_READING);
    d->worker = worker_start(hwnd, run_about, d);
    dialog_begin(hwnd);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((AboutDialog *)lparam, hwnd);
        return TRUE;
    }
    AboutDialog *d = (AboutDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        worker_end(d->worker);
        d->worker = NULL;
        if (d->leaving) {
            EndDialog(hwnd, 0);
        } else {
            ui_set_lines(GetDlgItem(hwnd, IDC_ABOUT_TEXT), d->text.buf, d->text.len);
        }
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDCANCEL) {
        d->leaving = true;
        if (d->worker != NULL) {
            worker_cancel(d->worker);
        } else {
            EndDialog(hwnd, 0);
        }
        return TRUE;
    }
    if (message == WM_NOTIFY) {
        const NMHDR *header = (const NMHDR *)lparam;
        if (header->idFrom == IDC_ABOUT_LINK && (header->code == NM_CLICK || header->code == NM_RETURN)) {
            open_licences(d);
            return TRUE;
        }
    }
    return FALSE;
}

void about_dialog_run(HWND owner)
{
    AboutDialog d = {.leaving = false};
    strbuf_init(&d.text, STRBUF_LARGE);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_ABOUT), owner, dialog_proc, (LPARAM)&d);
    if (d.title_font != NULL) {
        DeleteObject(d.title_font);
    }
    strbuf_release(&d.text);
}
