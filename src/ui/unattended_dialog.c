/*
 * unattended_dialog.c: the settings of waiting and checks (setting_fields.h), read and saved in a worker.
 */
#include "unattended_dialog.h"

#include "base/mem.h"
#include "dialog.h"
#include "message_box.h"
#include "resource.h"
#include "setting_fields.h"
#include "worker.h"

#define LIMIT 20 /* characters of a field */

/* In the order of the controls. */
static const SettingField fields[] = {
    {IDC_WAIT_BATTERY, "battery_percent", false}, {IDC_WAIT_QUIET, "quiet_hours", false},
    {IDC_WAIT_DAYS, "wait_days", false},          {IDC_WAIT_ON_BATTERY, "on_battery", true},
    {IDC_WAIT_ON_METERED, "on_metered", true},    {IDC_WAIT_RECHECK, "recheck_days", false},
    {IDC_WAIT_PROVE, "prove_every_days", false},  {IDC_WAIT_CHECK, "check_hours", false}};
#define FIELDS (sizeof fields / sizeof *fields)

typedef struct UnattendedJob {
    char *folder, *actor;
    bool save;
    char *values[FIELDS]; /* as settings_get has them, or as they were entered */
    bool ok;
    Error error;
} UnattendedJob;

typedef struct UnattendedDialog {
    HWND hwnd;
    Worker *worker;
    bool leaving, saved;
    UnattendedJob job;
} UnattendedDialog;

/* --- the worker ---------------------------------------------------------------------------------------- */

static void run_job(void *context, const Cancel *cancel)
{
    UnattendedJob *job = context;
    Settings settings;
    (void)cancel;
    settings_init(&settings);
    if (job->save) {
        job->ok = setting_fields_save(fields, FIELDS, job->values, job->folder, job->actor, &settings, &job->error);
    } else {
        job->ok = settings_load(job->folder, &settings, &job->error);
        if (job->ok) {
            setting_fields_load(fields, FIELDS, &settings, job->values);
        }
    }
    settings_release(&settings);
}

/* --- the dialog ---------------------------------------------------------------------------------------- */

static HWND control(const UnattendedDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static void update(const UnattendedDialog *d, bool busy)
{
    setting_fields_enable(d->hwnd, fields, FIELDS, !busy);
    EnableWindow(control(d, IDC_WAIT_SAVE), !busy);
}

static void start(UnattendedDialog *d, bool saving)
{
    d->job.save = saving;
    error_clear(&d->job.error);
    d->worker = worker_start(d->hwnd, run_job, &d->job);
    update(d, true);
}

static void on_save(UnattendedDialog *d)
{
    if (d->worker != NULL) {
        return;
    }
    setting_fields_enter(d->hwnd, fields, FIELDS, d->job.values);
    start(d, true);
}

static void on_loaded(UnattendedDialog *d)
{
    setting_fields_show(d->hwnd, fields, FIELDS, d->job.values);
    update(d, false);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, fields[0].id), TRUE);
}

static void on_worker(UnattendedDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    if (!d->job.ok && !d->leaving) {
        setting_fields_name(d->hwnd, fields, FIELDS, &d->job.error);
        message_box_error(d->hwnd, &d->job.error);
    }
    d->saved = d->job.save && d->job.ok;
    if (d->leaving || d->saved || (!d->job.ok && !d->job.save)) {
        EndDialog(d->hwnd, 0);
    } else if (d->job.save) {
        update(d, false);
    } else {
        on_loaded(d);
    }
}

static void on_init(UnattendedDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    setting_fields_init(hwnd, fields, FIELDS, LIMIT);
    start(d, false);
    dialog_begin(hwnd);
}

static bool on_command(UnattendedDialog *d, int id)
{
    switch (id) {
    case IDC_WAIT_SAVE:
        on_save(d);
        return true;
    case IDCANCEL:
        d->leaving = true;
        if (d->worker == NULL) {
            EndDialog(d->hwnd, 0);
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
        on_init((UnattendedDialog *)lparam, hwnd);
        return TRUE;
    }
    UnattendedDialog *d = (UnattendedDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        on_worker(d);
        return TRUE;
    }
    return message == WM_COMMAND && on_command(d, LOWORD(wparam));
}

bool unattended_dialog_run(HWND owner, const char *folder, const char *actor)
{
    UnattendedDialog d = {.saved = false};
    d.job.folder = mem_strdup(folder);
    d.job.actor = mem_strdup(actor);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_UNATTENDED), owner, dialog_proc, (LPARAM)&d);
    setting_fields_release(d.job.values, FIELDS);
    error_clear(&d.job.error);
    mem_free(d.job.folder);
    mem_free(d.job.actor);
    return d.saved;
}
