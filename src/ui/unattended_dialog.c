/*
 * unattended_dialog.c: settings by their keys, as texts: what is read is shown, and what is entered is handed over,
 * both in a worker; configure_set decides what fits.
 */
#include "unattended_dialog.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "dialog.h"
#include "jobs/configure.h"
#include "message_box.h"
#include "platform/wide.h"
#include "resource.h"
#include "store/settings.h"
#include "ui_text.h"
#include "worker.h"

#define LIMIT 20 /* characters of a field */

/* In the order of the controls. */
static const struct {
    int id;
    const char *key;
    bool tick; /* a box, else a field */
} fields[] = {{IDC_WAIT_BATTERY, "battery_percent", false},   {IDC_WAIT_QUIET, "quiet_hours", false},
              {IDC_WAIT_DAYS, "wait_days", false},            {IDC_WAIT_ON_BATTERY, "on_battery", true},
              {IDC_WAIT_ON_METERED, "on_metered", true},      {IDC_WAIT_RECHECK, "recheck_days", false},
              {IDC_WAIT_PROVE, "prove_every_days", false},    {IDC_WAIT_CHECK, "check_hours", false}};
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

static void release_values(UnattendedJob *job)
{
    for (size_t i = 0; i < FIELDS; i++) {
        mem_free(job->values[i]);
        job->values[i] = NULL;
    }
}

static bool save(UnattendedJob *job, Settings *settings, Error *err)
{
    char *pairs[FIELDS];
    const char *given[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        pairs[i] = mem_printf("%s=%s", fields[i].key, job->values[i]);
        given[i] = pairs[i];
    }
    const bool ok = configure_set(job->folder, given, FIELDS, job->actor, settings, err);
    for (size_t i = 0; i < FIELDS; i++) {
        mem_free(pairs[i]);
    }
    return ok;
}

static void run_job(void *context, const Cancel *cancel)
{
    UnattendedJob *job = context;
    Settings settings;
    (void)cancel;
    settings_init(&settings);
    if (job->save) {
        job->ok = save(job, &settings, &job->error);
    } else {
        job->ok = settings_load(job->folder, &settings, &job->error);
        for (size_t i = 0; job->ok && i < FIELDS; i++) {
            job->values[i] = settings_get(&settings, fields[i].key);
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
    for (size_t i = 0; i < FIELDS; i++) {
        EnableWindow(control(d, fields[i].id), !busy);
    }
    EnableWindow(control(d, IDC_WAIT_SAVE), !busy);
}

static void start(UnattendedDialog *d, bool saving)
{
    d->job.save = saving;
    error_clear(&d->job.error);
    d->worker = worker_start(d->hwnd, run_job, &d->job);
    update(d, true);
}

static char *entered(const UnattendedDialog *d, size_t field)
{
    if (fields[field].tick) {
        const bool on = IsDlgButtonChecked(d->hwnd, fields[field].id) == BST_CHECKED;
        return mem_strdup(on ? "true" : "false");
    }
    StrBuf text;
    wchar_t *wide = ui_get_wide(control(d, fields[field].id));
    char *value = utf8_from_wide(wide);
    strbuf_init(&text, STRBUF_LINE);
    strbuf_addstr(&text, value);
    strbuf_trim(&text);
    mem_free(value);
    mem_free(wide);
    return strbuf_detach(&text);
}

static void on_save(UnattendedDialog *d)
{
    if (d->worker != NULL) {
        return;
    }
    release_values(&d->job);
    for (size_t i = 0; i < FIELDS; i++) {
        d->job.values[i] = entered(d, i);
    }
    start(d, true);
}

static void on_loaded(UnattendedDialog *d)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].tick) {
            const bool on = strcmp(d->job.values[i], "true") == 0;
            CheckDlgButton(d->hwnd, fields[i].id, on ? BST_CHECKED : BST_UNCHECKED);
        } else {
            ui_set_text(control(d, fields[i].id), d->job.values[i]);
        }
    }
    update(d, false);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, fields[0].id), TRUE);
}

static void on_worker(UnattendedDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    if (!d->job.ok && !d->leaving) {
        for (size_t i = 0; i < FIELDS; i++) {
            if (!fields[i].tick) { /* of a box the text is its own, and nothing that it has is wrong */
                ui_name_setting(&d->job.error, fields[i].key, control(d, fields[i].id));
            }
        }
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
    for (size_t i = 0; i < FIELDS; i++) {
        if (!fields[i].tick) {
            SendMessageW(control(d, fields[i].id), EM_LIMITTEXT, LIMIT, 0);
        }
    }
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
    release_values(&d.job);
    error_clear(&d.job.error);
    mem_free(d.job.folder);
    mem_free(d.job.actor);
    return d.saved;
}
