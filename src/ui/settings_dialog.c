/*
 * settings_dialog.c: both files are read and written in a worker. A save changes only what is shown here, over what the
 * files hold by then.
 */
#include "settings_dialog.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "dialog.h"
#include "jobs/configure.h"
#include "message_box.h"
#include "notify_dialog.h"
#include "platform/wide.h"
#include "postgres/userprofile.h"
#include "resource.h"
#include "setting_fields.h"
#include "texts.h"
#include "ui_text.h"
#include "version.h"
#include "with_windows.h"
#include "worker.h"

/* The order of the list; others that were set by hand are shown as the first, which they come nearest to. */
static const char *const modes[] = {NULL, "require", "disable"};
#define MODE_COUNT ((int)(sizeof modes / sizeof *modes))

/* Of the backup folder; what is of this PC has no row. */
static const SettingField fields[] = {{IDC_SET_MONTHLY, "keep_monthly", false},
                                      {IDC_SET_SHRINK, "shrink_alarm_percent", false},
                                      {IDC_SET_STALL, "stall_minutes", false},
                                      {IDC_SET_UPLOAD, "upload_after_backup", true}};
#define FIELDS (sizeof fields / sizeof *fields)

#define LETTERS 5u /* of a number */
#define LOCK_KEY "lock_minutes"

typedef struct SettingsJob {
    char *folder, *actor;
    char *used; /* connection_text of the one in use */
    bool save, in_use;
    char *values[FIELDS]; /* as settings_get has them, or as they were entered */
    int lock_minutes;
    int mode;
    bool autostart, keep, quiet;
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

static const char *mode_word(const Connection *connection)
{
    return connection->sslmode == NULL ? "default" : connection->sslmode;
}

/* Over what the file holds now; `changes`: what of the profile was. */
static bool save(SettingsJob *job, UserProfile *profile, Settings *settings, StrBuf *changes, Error *err)
{
    if (profile->lock_minutes != job->lock_minutes) {
        strbuf_addf(changes, LOCK_KEY ": %d, was %d", job->lock_minutes, profile->lock_minutes);
        profile->lock_minutes = job->lock_minutes;
    }
    if (job->saved_connection && job->mode != mode_of(&profile->connection)) {
        char *before = mem_strdup(mode_word(&profile->connection));
        connection_set_sslmode(&profile->connection, modes[job->mode], NULL);
        strbuf_addf(changes, "%ssslmode: %s, was %s", changes->len > 0 ? "; " : "", mode_word(&profile->connection),
                    before);
        mem_free(before);
    }
    char *saved = connection_text(&profile->connection);
    job->in_use = job->saved_connection && strcmp(saved, job->used) == 0;
    mem_free(saved);
    return setting_fields_save(fields, FIELDS, job->values, job->folder, job->actor, settings, err) &&
           userprofile_save(profile, err);
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
        StrBuf changes;
        strbuf_init(&changes, STRBUF_LINE);
        job->ok = save(job, &profile, &settings, &changes, &job->error) &&
                  configure_note(job->folder, changes.len > 0 ? changes.buf : "", job->actor, &job->error) &&
                  with_windows_set(job->autostart, &job->error);
        strbuf_release(&changes);
    } else if (job->ok) {
        setting_fields_load(fields, FIELDS, &settings, job->values);
        job->lock_minutes = profile.lock_minutes;
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
    setting_fields_enable(d->hwnd, fields, FIELDS, !busy);
    EnableWindow(control(d, IDC_SET_LOCK), !busy);
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
    /* What is no number is one that no range has. */
    BOOL is_number = FALSE;
    const UINT minutes = GetDlgItemInt(d->hwnd, IDC_SET_LOCK, &is_number, FALSE);
    d->job.lock_minutes = is_number && minutes <= 1000000 ? (int)minutes : -1;
    setting_fields_enter(d->hwnd, fields, FIELDS, d->job.values);
    LRESULT mode = SendMessageW(control(d, IDC_SET_TLS), CB_GETCURSEL, 0, 0);
    d->job.mode = mode < 0 ? 0 : (int)mode;
    d->job.autostart = IsDlgButtonChecked(d->hwnd, IDC_SET_AUTOSTART) == BST_CHECKED;
    d->job.keep = IsDlgButtonChecked(d->hwnd, IDC_SET_KEEP) == BST_CHECKED;
    d->job.quiet = IsDlgButtonChecked(d->hwnd, IDC_SET_TELL) != BST_CHECKED;
    start(d, true);
}

static void on_loaded(SettingsDialog *d)
{
    setting_fields_show(d->hwnd, fields, FIELDS, d->job.values);
    SetDlgItemInt(d->hwnd, IDC_SET_LOCK, (UINT)d->job.lock_minutes, FALSE);
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
        setting_fields_name(d->hwnd, fields, FIELDS, &d->job.error);
        ui_name_setting(&d->job.error, LOCK_KEY, control(d, IDC_SET_LOCK));
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
    setting_fields_init(hwnd, fields, FIELDS, LETTERS);
    SendMessageW(control(d, IDC_SET_LOCK), EM_LIMITTEXT, LETTERS, 0);
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
        *choice = (SettingsChoice){d.job.lock_minutes, d.job.keep, d.job.quiet, d.job.in_use, modes[d.job.mode]};
    }
    setting_fields_release(d.job.values, FIELDS);
    error_clear(&d.job.error);
    mem_free(d.job.folder);
    mem_free(d.job.actor);
    mem_free(d.job.used);
    return d.saved;
}
