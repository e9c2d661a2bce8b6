/*
 * stored_dialog.c: one question. The task is registered in a worker, because Windows asks whoever knows the account
 * whether the password is right, which may be a server; the box is emptied before the dialog goes.
 */
#include "stored_dialog.h"

#include "base/mem.h"
#include "dialog.h"
#include "message_box.h"
#include "platform/tasks.h"
#include "resource.h"
#include "schedule/registration.h"
#include "store/settings.h"
#include "texts.h"
#include "ui_text.h"
#include "worker.h"

#define PASSWORD_UNITS 256

typedef struct StoredJob {
    const char *folder, *named; /* borrowed */
    bool without;               /* the task is to need nobody's password, and somebody who is signed in */
    Secret password;
    bool ok;
    char *warning;
    Error error;
} StoredJob;

typedef struct StoredDialog {
    HWND hwnd;
    Worker *worker;
    bool leaving, registered;
    StoredJob job;
} StoredDialog;

static void run_job(void *context, const Cancel *cancel)
{
    StoredJob *job = context;
    Settings settings;
    (void)cancel;
    settings_init(&settings);
    job->ok = settings_load(job->folder, &settings, &job->error);
    if (job->ok && !settings.enabled) {
        job->ok = error_set(&job->error, EK_SETTINGS, "%s", TEXT_STORED_OFF);
    }
    job->ok = job->ok && registration_enlist(&settings, job->named, registration_is_wanted(&settings),
                                             job->without ? NULL : &job->password, &job->warning, &job->error);
    settings_release(&settings);
}

static HWND control(const StoredDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static void update(const StoredDialog *d)
{
    const bool idle = d->worker == NULL;
    EnableWindow(control(d, IDC_STORED_PASSWORD), idle);
    EnableWindow(control(d, IDC_STORED_WITHOUT), idle);
    EnableWindow(control(d, IDC_STORED_GO), idle && GetWindowTextLengthW(control(d, IDC_STORED_PASSWORD)) > 0);
}

static void on_init(StoredDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    char *user = tasks_user(), *intro = mem_printf(TEXT_STORED_INTRO, user != NULL ? user : "?");
    ui_set_text(control(d, IDC_STORED_INTRO), intro);
    mem_free(intro);
    mem_free(user);
    SendMessageW(control(d, IDC_STORED_PASSWORD), EM_LIMITTEXT, PASSWORD_UNITS, 0);
    update(d);
    SetFocus(control(d, IDC_STORED_PASSWORD));
    dialog_begin(hwnd);
}

static void start(StoredDialog *d, bool without)
{
    if (d->worker != NULL) {
        return;
    }
    d->job.without = without;
    error_clear(&d->job.error);
    ui_get_secret(control(d, IDC_STORED_PASSWORD), &d->job.password);
    ui_set_text(control(d, IDC_STORED_PROBLEM), TEXT_STORED_ASKS);
    d->worker = worker_start(d->hwnd, run_job, &d->job);
    update(d);
}

static void leave(StoredDialog *d)
{
    ui_set_text(control(d, IDC_STORED_PASSWORD), "");
    EndDialog(d->hwnd, 0);
}

static void on_worker(StoredDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    secret_release(&d->job.password);
    d->registered = d->registered || d->job.ok;
    if (d->job.ok && d->job.warning != NULL && !d->leaving) {
        message_box_info(d->hwnd, TEXT_STORED_DONE, d->job.warning);
    }
    mem_free(d->job.warning);
    d->job.warning = NULL;
    if (d->job.ok || d->leaving) {
        leave(d);
        return;
    }
    ui_set_problem(control(d, IDC_STORED_PROBLEM), &d->job.error);
    update(d);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, IDC_STORED_PASSWORD), TRUE);
}

static bool on_command(StoredDialog *d, int id, int code)
{
    switch (id) {
    case IDC_STORED_PASSWORD:
        if (code == EN_CHANGE) {
            update(d);
        }
        return true;
    case IDC_STORED_GO:
        start(d, false);
        return true;
    case IDC_STORED_WITHOUT:
        start(d, true);
        return true;
    case IDCANCEL:
        d->leaving = true;
        if (d->worker == NULL) {
            leave(d);
        }
        return true;
    default:
        return false;
    }
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((StoredDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    StoredDialog *d = (StoredDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        on_worker(d);
        return TRUE;
    }
    return message == WM_COMMAND && on_command(d, LOWORD(wparam), HIWORD(wparam));
}

bool stored_dialog_run(HWND owner, const char *folder, const char *named)
{
    StoredDialog d = {.job = {.folder = folder, .named = named, .password = SECRET_INIT}};
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_STORED), owner, dialog_proc, (LPARAM)&d);
    secret_release(&d.job.password);
    error_clear(&d.job.error);
    return d.registered;
}
