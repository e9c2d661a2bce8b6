/*
 * settings_dialog.c: both files are read and written in a worker. A save changes only what is shown here, over what the
 * files hold by then.
 */
#include "settings_dialog.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "dialog.h"
#include "message_box.h"
#include "notify_dialog.h"
#include "platform/wide.h"
#include "postgres/userprofile.h"
#include "resource.h"
#include "store/auditlog.h"
#include "store/settings.h"
#include "texts.h"
#include "ui_text.h"
#include "version.h"
#include "with_windows.h"
#include "worker.h"

/* The order of the list; others that were set by hand are shown as the first, which they come nearest to. */
static const char *const modes[] = {NULL, "require", "disable"};
#define MODE_COUNT ((int)(sizeof modes / sizeof *modes))

/* The numbers, in the order of the controls. */
enum { LOCK, STALL, MONTHLY, SHRINK, NUMBERS };
static const int boxes[NUMBERS] = {IDC_SET_LOCK, IDC_SET_STALL, IDC_SET_MONTHLY, IDC_SET_SHRINK};
static const char *const keys[NUMBERS] = {"lock_minutes", "stall_minutes", "keep_monthly", "shrink_alarm_percent"};

typedef struct SettingsJob {
    char *folder, *actor;
    char *used; /* connection_text of the one in use */
    bool save, in_use;
    int values[NUMBERS];
    int mode;
    bool upload, autostart, keep, quiet;
    bool saved_connection;
    bool ok;
    Error error;
} SettingsJob;

typedef struct SettingsDialog {
    HWND hwnd;
    Worker *worker;
    bool leaving, saved;
    SettingsJob job;
} SettingsDialog;

/* --- the worker ---------------------------------------------------------------------------------------- */

static int mode_of(const Connection *connection)
{
    int mode = 0;
    for (int i = 1; i < MODE_COUNT; i++) {
        mode = connection->sslmode != NULL && strcmp(connection->sslmode, modes[i]) == 0 ? i : mode;
    }
    return mode;
}

static void log_change(SettingsJob *job, const char *text)
{
    const AuditEntry entry = {
        .operation = "settings", .status = "success", .message = text, .seconds = -1, .actor = job->actor};
    Error why = ERROR_INIT;
    if (!auditlog_append(job->folder, &entry, &why)) {
        job->ok = false;
        error_context(&why, TEXT_LOG_UNWRITTEN);
        error_move(&job->error, &why);
    }
}

/* Over what the file holds now. */
static bool set_values(void *context, Settings *settings, Error *err)
{
    const SettingsJob *job = context;
    static const char *const shown[] = {"stall_minutes", "keep_monthly", "shrink_alarm_percent",
                                        "upload_after_backup"};
    (void)err;
    settings->stall_minutes = job->values[STALL];
    settings->keep_monthly = job->values[MONTHLY];
    settings->shrink_alarm_percent = job->values[SHRINK];
    settings->upload_after_backup = job->upload;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        settings_chosen(settings, shown[i]);
    }
    return true;
}

static bool save(SettingsJob *job, UserProfile *profile, Settings *settings, Error *err)
{
    profile->lock_minutes = job->values[LOCK];
    if (job->saved_connection && job->mode != mode_of(&profile->connection)) {
        connection_set_sslmode(&profile->connection, modes[job->mode], NULL);
    }
    char *saved = connection_text(&profile->connection);
    job->in_use = job->saved_connection && strcmp(saved, job->used) == 0;
    mem_free(saved);
    return settings_change(job->folder, set_values, job, settings, err) && userprofile_save(profile, err);
}

static void run_job(void *context, const Cancel *cancel)
{
    SettingsJob *job = context;
    UserProfile profile;
    Settings settings;
    (void)cancel;
    userprofile_init(&profile);
    settings_init(&settings);
    job->ok = userprofile_load(&profile, &job->error) && settings_load(job->folder, &settings, &job->error);
    if (job->ok && job->save) {
        job->ok = save(job, &profile, &settings, &job->error) && with_windows_set(job->autostart, &job->error);
        if (job->ok) {
            char *text = mem_printf("lock_minutes=%d, stall_minutes=%d, keep_monthly=%d, shrink_alarm_percent=%d, "
                                    "upload_after_backup=%s%s%s",
                                    job->values[LOCK], job->values[STALL], job->values[MONTHLY], job->values[SHRINK],
                                    job->upload ? "true" : "false",
                                    job->saved_connection ? ", sslmode=" : "",
                                    !job->saved_connection            ? ""
                                    : profile.connection.sslmode == NULL ? "default"
                                                                         : profile.connection.sslmode);
            log_change(job, text);
            mem_free(text);
        }
    } else if (job->ok) {
        job->values[LOCK] = profile.lock_minutes;
        job->values[STALL] = settings.stall_minutes;
        job->values[MONTHLY] = settings.keep_monthly;
        job->values[SHRINK] = settings.shrink_alarm_percent;
        job->upload = settings.upload_after_backup;
        job->saved_connection = userprofile_is_configured(&profile.connection);
        job->mode = mode_of(&profile.connection);
        job->autostart = with_windows_is_on();
    }
    settings_release(&settings);
    userprofile_release(&profile);
}

/* --- the dialog ---------------------------------------------------------------------------------------- */

static HWND control(const SettingsDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static void update(const SettingsDialog *d, bool busy)
{
    for (int i = 0; i < NUMBERS; i++) {
        EnableWindow(control(d, boxes[i]), !busy);
    }
    EnableWindow(control(d, IDC_SET_UPLOAD), !busy);
    EnableWindow(control(d, IDC_SET_AUTOSTART), !busy);
    EnableWindow(control(d, IDC_SET_KEEP), !busy);
    EnableWindow(control(d, IDC_SET_TELL), !busy);
    EnableWindow(control(d, IDC_SET_TLS), !busy && d->job.saved_connection);
    EnableWindow(control(d, IDC_SET_NOTIFY), !busy);
    EnableWindow(control(d, IDC_SET_SAVE), !busy);
}

static void show_note(const SettingsDialog *d)
{
    LRESULT mode = SendMessageW(control(d, IDC_SET_TLS), CB_GETCURSEL, 0, 0);
    ui_set_text(control(d, IDC_SET_NOTE), !d->job.saved_connection ? TEXT_SETTINGS_NO_CONNECTION
                                          : mode > 0               ? TEXT_SETTINGS_WEAK
                                                                   : "");
}

static void start(SettingsDialog *d, bool saving)
{
    d->job.save = saving;
    error_clear(&d->job.error);
    d->worker = worker_start(d->hwnd, run_job, &d->job);
    update(d, true);
}

static void on_save(SettingsDialog *d)
{
    if (d->worker != NULL) {
        return;
    }
    for (int i = 0; i < NUMBERS; i++) {
        /* What is no number is one that no range has. */
        BOOL is_number = FALSE;
        UINT value = GetDlgItemInt(d->hwnd, boxes[i], &is_number, FALSE);
        d->job.values[i] = is_number && value <= 1000000 ? (int)value : -1;
    }
    LRESULT mode = SendMessageW(control(d, IDC_SET_TLS), CB_GETCURSEL, 0, 0);
    d->job.mode = mode < 0 ? 0 : (int)mode;
    d->job.upload = IsDlgButtonChecked(d->hwnd, IDC_SET_UPLOAD) == BST_CHECKED;
    d->job.autostart = IsDlgButtonChecked(d->hwnd, IDC_SET_AUTOSTART) == BST_CHECKED;
    d->job.keep = IsDlgButtonChecked(d->hwnd, IDC_SET_KEEP) == BST_CHECKED;
    d->job.quiet = IsDlgButtonChecked(d->hwnd, IDC_SET_TELL) != BST_CHECKED;
    start(d, true);
}

static void on_loaded(SettingsDialog *d)
{
    for (int i = 0; i < NUMBERS; i++) {
        SetDlgItemInt(d->hwnd, boxes[i], (UINT)d->job.values[i], FALSE);
    }
    CheckDlgButton(d->hwnd, IDC_SET_UPLOAD, d->job.upload ? BST_CHECKED : BST_UNCHECKED);
    CheckDlgButton(d->hwnd, IDC_SET_AUTOSTART, d->job.autostart ? BST_CHECKED : BST_UNCHECKED);
    CheckDlgButton(d->hwnd, IDC_SET_KEEP, d->job.keep ? BST_CHECKED : BST_UNCHECKED);
    CheckDlgButton(d->hwnd, IDC_SET_TELL, d->job.quiet ? BST_UNCHECKED : BST_CHECKED);
    SendMessageW(control(d, IDC_SET_TLS), CB_SETCURSEL, (WPARAM)d->job.mode, 0);
    update(d, false);
    show_note(d);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, IDC_SET_LOCK), TRUE);
}

static void on_worker(SettingsDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    if (!d->job.ok && !d->leaving) {
        for (int i = 0; i < NUMBERS; i++) {
            ui_name_setting(&d->job.error, keys[i], control(d, boxes[i]));
        }
        message_box_error(d->hwnd, &d->job.error);
    }
    if (d->leaving || (!d->job.ok && !d->job.save)) {
        EndDialog(d->hwnd, 0);
    } else if (d->job.save && d->job.ok) {
        d->saved = true;
        EndDialog(d->hwnd, 0);
    } else if (d->job.save) {
        update(d, false);
    } else {
        on_loaded(d);
    }
}

static void on_init(SettingsDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    SendMessageW(control(d, IDC_SET_TLS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_VERIFY);
    SendMessageW(control(d, IDC_SET_TLS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_REQUIRE);
    SendMessageW(control(d, IDC_SET_TLS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_DISABLE);
    for (int i = 0; i < NUMBERS; i++) {
        SendMessageW(control(d, boxes[i]), EM_LIMITTEXT, 5, 0);
    }
    start(d, false);
    dialog_begin(hwnd);
}

static bool on_command(SettingsDialog *d, int id, int code)
{
    switch (id) {
    case IDC_SET_SAVE:
        on_save(d);
        return true;
    case IDC_SET_TLS:
        if (code == CBN_SELCHANGE) {
            show_note(d);
        }
        return true;
    case IDC_SET_NOTIFY:
        if (d->worker == NULL) {
            notify_dialog_run(d->hwnd, d->job.folder, d->job.actor); /* it saves by itself */
        }
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
        on_init((SettingsDialog *)lparam, hwnd);
        return TRUE;
    }
    SettingsDialog *d = (SettingsDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        on_worker(d);
        return TRUE;
    }
    return message == WM_COMMAND && on_command(d, LOWORD(wparam), HIWORD(wparam));
}

bool settings_dialog_run(HWND owner, const char *folder, const Connection *connection, const char *actor,
                         SettingsChoice *choice)
{
    SettingsDialog d = {.saved = false};
    d.job.folder = mem_strdup(folder);
    d.job.actor = mem_strdup(actor);
    d.job.used = connection_text(connection);
    d.job.keep = choice->keep;
    d.job.quiet = choice->quiet;
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_SETTINGS), owner, dialog_proc, (LPARAM)&d);
    if (d.saved) {
        *choice = (SettingsChoice){d.job.values[LOCK], d.job.keep, d.job.quiet, d.job.in_use, modes[d.job.mode]};
    }
    error_clear(&d.job.error);
    mem_free(d.job.folder);
    mem_free(d.job.actor);
    mem_free(d.job.used);
    return d.saved;
}
