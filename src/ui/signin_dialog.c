/*
 * signin_dialog.c: the try runs in a worker, which has the count of wrong passwords (signin.h) to itself meanwhile. The
 * wait after wrong passwords needs no timer here: the next try says how long it still is.
 */
#include "signin_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "parts/dpi.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "worker.h"

typedef struct TryJob {
    const SigninQuestion *question;
    Connection connection;
    char *folder, *name;
    Secret password;
    SigninUser user;
    bool ok;
    Error error;
} TryJob;

typedef struct SigninDialog {
    HWND hwnd;
    HFONT title_font;
    const SigninQuestion *question;
    Worker *worker;
    bool leaving;
    TryJob job;
    SigninEnd end;
} SigninDialog;

static void run_try(void *context, const Cancel *cancel)
{
    TryJob *job = context;
    job->ok = signin_try(job->question->signin, &job->connection, job->folder, job->name, &job->password, signin_now(),
                         cancel, &job->user, &job->error);
}

static void update(const SigninDialog *d)
{
    const bool busy = d->worker != NULL;
    EnableWindow(GetDlgItem(d->hwnd, IDC_SIGN_IN), !busy);
    EnableWindow(GetDlgItem(d->hwnd, IDC_SIGNIN_NAME), !busy);
    EnableWindow(GetDlgItem(d->hwnd, IDC_SIGNIN_PASSWORD), !busy);
    EnableWindow(GetDlgItem(d->hwnd, IDCANCEL), !d->leaving);
    ShowWindow(GetDlgItem(d->hwnd, IDC_SIGNIN_PROGRESS), busy ? SW_SHOW : SW_HIDE);
}

static void focus_on(const SigninDialog *d, int id)
{
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)GetDlgItem(d->hwnd, id), TRUE);
}

static void on_sign_in(SigninDialog *d)
{
    if (d->worker != NULL) {
        return;
    }
    wchar_t *name = ui_get_wide(GetDlgItem(d->hwnd, IDC_SIGNIN_NAME));
    mem_free(d->job.name);
    d->job.name = utf8_from_wide(name);
    mem_free(name);
    ui_get_secret(GetDlgItem(d->hwnd, IDC_SIGNIN_PASSWORD), &d->job.password);
    ui_set_text(GetDlgItem(d->hwnd, IDC_SIGNIN_PROBLEM), "");
    d->worker = worker_start(d->hwnd, run_try, &d->job);
    update(d);
}

static void leave(SigninDialog *d, SigninEnd end)
{
    d->end = end;
    EndDialog(d->hwnd, 0);
}

static void on_cancel(SigninDialog *d)
{
    if (d->worker == NULL) {
        leave(d, SIGNIN_LEFT);
    } else if (!d->leaving) {
        d->leaving = true;
        worker_cancel(d->worker);
        update(d);
    }
}

static void on_tried(SigninDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    update(d);
    secret_release(&d->job.password);
    if (d->job.ok) {
        leave(d, SIGNIN_DONE);
    } else if (d->leaving) {
        leave(d, SIGNIN_LEFT);
    } else if (d->job.error.kind != EK_REFUSED && d->job.error.kind != EK_BUSY) {
        leave(d, SIGNIN_NO_ANSWER);
    } else {
        ui_set_problem(GetDlgItem(d->hwnd, IDC_SIGNIN_PROBLEM), &d->job.error);
        SetDlgItemTextW(d->hwnd, IDC_SIGNIN_PASSWORD, L"");
        focus_on(d, IDC_SIGNIN_PASSWORD);
        error_clear(&d->job.error);
    }
}

static void on_init(SigninDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    d->title_font = dpi_message_font(dpi_of_window(hwnd), 140, FW_SEMIBOLD);
    HWND title = GetDlgItem(hwnd, IDC_SIGNIN_TITLE);
    SendMessageW(title, WM_SETFONT, (WPARAM)d->title_font, FALSE);
    ui_set_text(title, d->question->locked ? TEXT_SIGNIN_LOCKED : TEXT_SIGNIN_TITLE);
    char *where = connection_text(d->question->connection);
    char *text = mem_printf(TEXT_SIGNIN_WHERE, where);
    ui_set_text(GetDlgItem(hwnd, IDC_SIGNIN_WHERE), text);
    mem_free(text);
    mem_free(where);
    SendDlgItemMessageW(hwnd, IDC_SIGNIN_NAME, EM_LIMITTEXT, 128, 0);
    SendDlgItemMessageW(hwnd, IDC_SIGNIN_PASSWORD, EM_LIMITTEXT, 1024, 0);
    SendDlgItemMessageW(hwnd, IDC_SIGNIN_PROGRESS, PBM_SETMARQUEE, TRUE, 0);
    ui_set_text(GetDlgItem(hwnd, IDC_SIGNIN_NAME), d->question->name == NULL ? "" : d->question->name);
    update(d);
    focus_on(d, d->question->name == NULL ? IDC_SIGNIN_NAME : IDC_SIGNIN_PASSWORD);
    dialog_begin(hwnd);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((SigninDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    SigninDialog *d = (SigninDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        on_tried(d);
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDC_SIGN_IN) {
        on_sign_in(d);
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDCANCEL) {
        on_cancel(d);
        return TRUE;
    }
    return FALSE;
}

SigninEnd signin_dialog_run(HWND owner, const SigninQuestion *question, SigninUser *user, Error *err)
{
    SigninDialog d = {.question = question, .end = SIGNIN_LEFT};
    d.job.question = question;
    d.job.folder = mem_strdup(question->folder);
    connection_init(&d.job.connection);
    connection_copy(&d.job.connection, question->connection);
    signin_user_init(&d.job.user);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_SIGNIN), owner, dialog_proc, (LPARAM)&d);
    if (d.end == SIGNIN_DONE) {
        signin_user_release(user);
        *user = d.job.user;
        signin_user_init(&d.job.user);
    } else if (d.end == SIGNIN_NO_ANSWER) {
        error_move(err, &d.job.error);
    }
    if (d.title_font != NULL) {
        DeleteObject(d.title_font);
    }
    error_clear(&d.job.error);
    signin_user_release(&d.job.user);
    secret_release(&d.job.password);
    connection_release(&d.job.connection);
    mem_free(d.job.folder);
    mem_free(d.job.name);
    return d.end;
}
