/*
 * main_commands.c: what buttons, keys and menus do. Each looks itself whether it may: keys reach a command also while
 * its button is disabled.
 */
#include "main_private.h"

#include <shellapi.h>
#include <shlobj.h>

#include "base/mem.h"
#include "cleanup_dialog.h"
#include "details_dialog.h"
#include "message_box.h"
#include "parts/clipboard.h"
#include "parts/folder_dialog.h"
#include "parts/screenshot.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "save_dialog.h"
#include "schedule_fields.h"
#include "session_watch.h"
#include "task_row.h"
#include "texts.h"
#include "ui_text.h"


/* --- commands ------------------------------------------------------------------------------------------ */

static void on_create(MainWindow *w)
{
    TaskSpec spec = main_spec(w, TASK_BACKUP);
    main_start_job(w, &spec);
}

static void on_refresh(MainWindow *w)
{
    main_start_listing(w, true);
}

static void on_cancel_job(MainWindow *w)
{
    w->cancelling = true;
    ui_set_text(main_control(w, IDC_PROGRESS_TEXT), TEXT_CANCELLING);
    task_cancel(w->job);
    main_update_controls(w);
}

void main_on_open_folder(MainWindow *w)
{
    Error err = ERROR_INIT;
    if (!folder_dialog_open(w->hwnd, w->folder, &err)) {
        main_tell_error(w, &err);
    }
    error_clear(&err);
}

/* What was entered in the Backup Configuration, and not saved, would be lost. */
static bool may_forget(MainWindow *w)
{
    if (w->access != ACCESS_FULL || w->saving != NULL || !IsWindowVisible(w->hwnd) || !main_config_entered(w)) {
        return true;
    }
    w->asking = true;
    const bool yes = message_box_ask(w->hwnd, TEXT_UNSAVED_QUESTION, TEXT_UNSAVED_CONTENT, L"" TEXT_UNSAVED_YES,
                                     L"" TEXT_UNSAVED_NO);
    w->asking = false;
    if (!yes) {
        main_update_controls(w);
    }
    return yes;
}

void main_on_close(MainWindow *w)
{
    if (w->signing_in) { /* asked from outside, by the taskbar for one */
        PostMessageW(GetLastActivePopup(w->hwnd), WM_COMMAND, IDCANCEL, 0);
    }
    if (w->closing || w->asking) {
        return;
    }
    const TaskRow *row = w->job != NULL ? task_row(task_kind(w->job)) : NULL;
    if (row != NULL && row->question != NULL) {
        w->asking = true;
        bool stop = message_box_stop_and_close(w->hwnd, row->question, row->question_content);
        w->asking = false;
        if (!stop) {
            main_update_controls(w);
            return;
        }
    }
    if (!may_forget(w)) {
        return;
    }
    w->closing = true;
    if (w->job != NULL) {
        ui_set_text(main_control(w, IDC_PROGRESS_TEXT), TEXT_STOPPING);
        task_cancel(w->job);
    }
    if (w->checking != NULL) {
        task_cancel(w->checking);
    }
    if (w->look != NULL) {
        worker_cancel(w->look);
    }
    main_update_controls(w);
    main_look_if_settled(w);
}

void main_on_cross(MainWindow *w)
{
    const bool keep = w->state.keep && w->tray.shown && !w->asking && w->options->screenshot == NULL;
    if ((w->options->tray || keep) && !w->closing) {
        ShowWindow(w->hwnd, SW_HIDE);
        if (!w->options->tray && !w->told_hidden) {
            w->told_hidden = true;
            tray_notify(&w->tray, TEXT_TRAY_TIP, TEXT_TRAY_STAYS, false);
        }
    } else {
        main_on_close(w);
    }
}

/* The session is going to end: asked, we name our reason to wait; told, we stop cleanly. */
bool main_on_query_end_session(MainWindow *w, LPARAM flags)
{
    bool must = ((DWORD_PTR)flags & ENDSESSION_CRITICAL) != 0;
    if (!must && w->job != NULL && !IsWindowVisible(w->hwnd)) {
        ShowWindow(w->hwnd, SW_SHOWNA); /* only a window that is seen can put the end off */
    }
    return must || w->job == NULL || task_row(task_kind(w->job))->reason == NULL;
}

void main_on_end_session(MainWindow *w)
{
    const uint64_t until = clock_monotonic_ms() + SESSION_END_MS;
    w->closing = true;
    if (w->checking != NULL) {
        task_cancel(w->checking);
    }
    if (w->job != NULL) {
        task_cancel(w->job);
        task_wait(w->job, SESSION_END_MS);
    }
    const uint64_t now = clock_monotonic_ms();
    if (w->checking != NULL && now < until) { /* a proof has a server, and a copy of the rows, to take away */
        task_wait(w->checking, (unsigned)(until - now));
    }
}

void main_on_settled(MainWindow *w)
{
    if (w->job != NULL || w->listing != NULL || w->saving != NULL || w->closing) {
        return;
    }
    if (w->options->after_backup && !w->tried_backup && w->configured) {
        w->tried_backup = true;
        TaskSpec spec = main_spec(w, TASK_BACKUP);
        main_start_job(w, &spec);
        return;
    }
    /* The timer's message comes after all that there is to draw. */
    SetTimer(w->hwnd, TIMER_PICTURE, USER_TIMER_MINIMUM, NULL);
}

void main_on_picture(MainWindow *w)
{
    KillTimer(w->hwnd, TIMER_PICTURE);
    Error err = ERROR_INIT;
    if (!screenshot_save(w->hwnd, w->options->screenshot, &err)) {
        main_show_error_in_log(w, TEXT_NO_PICTURE, &err);
        w->exit_code = error_exit_code(err.kind);
        error_clear(&err);
    }
    w->closing = true;
    main_look_if_settled(w);
}

/* --- with the selected backups --------------------------------------------------------------------------- */

bool main_is_free(const MainWindow *w)
{
    return w->opened && w->job == NULL && !w->closing && !w->asking;
}

static void start_with_files(MainWindow *w, TaskKind kind, char **names, size_t count, const char *target,
                             bool overwrite)
{
    TaskSpec spec = main_spec(w, kind);
    spec.files = (const char *const *)names;
    spec.file_count = count;
    spec.target = target;
    spec.overwrite = overwrite;
    main_start_job(w, &spec);
}

/* With all that is selected, without a question. */
static void start_with_selected(MainWindow *w, TaskKind kind, bool on)
{
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count);
    TaskSpec spec = main_spec(w, kind);
    spec.files = (const char *const *)names;
    spec.file_count = count;
    spec.on = on;
    main_start_job(w, &spec);
    backup_list_free_names(names, count);
}

static void on_verify(MainWindow *w)
{
    start_with_selected(w, TASK_VERIFY, false);
}

static void on_prove(MainWindow *w)
{
    start_with_selected(w, TASK_PROVE, false);
}

static void on_pin(MainWindow *w)
{
    start_with_selected(w, TASK_PIN, true);
}

static void on_unpin(MainWindow *w)
{
    start_with_selected(w, TASK_PIN, false);
}

/* Whether what is there may be replaced: asked only where there is something. */
static bool ask_overwrite(const MainWindow *w, const char *dir, char *const *names, size_t count, bool *overwrite)
{
    size_t there = 0;
    const char *one = NULL;
    for (size_t i = 0; i < count; i++) {
        char *path = fs_join(dir, names[i]);
        if (fs_exists(path)) {
            there++;
            one = names[i];
        }
        mem_free(path);
    }
    *overwrite = there > 0;
    if (there == 0) {
        return true;
    }
    char *question = there == 1 ? mem_printf(TEXT_REPLACE_ONE, one)
                                : mem_printf(TEXT_REPLACE_MANY, (unsigned long long)there);
    bool yes = message_box_ask(w->hwnd, question, dir, L"" TEXT_REPLACE_YES, L"" TEXT_REPLACE_NO);
    mem_free(question);
    return yes;
}

static void on_export(MainWindow *w)
{
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count); /* the list may change while the dialog is open */
    char *dir = NULL;
    bool overwrite = false;
    Error err = ERROR_INIT;
    w->asking = true;
    bool chosen = folder_dialog_choose(w->hwnd, L"" TEXT_EXPORT_TO, w->export_dir, &dir, &err) &&
                  ask_overwrite(w, dir, names, count, &overwrite);
    w->asking = false;
    if (err.kind != EK_NONE) {
        main_tell_error(w, &err);
    }
    if (chosen && main_is_free(w)) {
        start_with_files(w, TASK_EXPORT, names, count, dir, overwrite);
        mem_free(w->export_dir);
        w->export_dir = dir;
        dir = NULL;
    }
    error_clear(&err);
    mem_free(dir);
    backup_list_free_names(names, count);
}

static void on_delete(MainWindow *w)
{
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count);
    char *question = count == 1 ? mem_printf(TEXT_DELETE_ONE, names[0])
                                : mem_printf(TEXT_DELETE_MANY, (unsigned long long)count);
    w->asking = true;
    bool yes = message_box_ask(w->hwnd, question, TEXT_DELETE_CONTENT, L"" TEXT_DELETE_YES, L"" TEXT_DELETE_NO);
    w->asking = false;
    if (yes && main_is_free(w)) {
        start_with_files(w, TASK_DELETE, names, count, NULL, false);
    }
    mem_free(question);
    backup_list_free_names(names, count);
}

static void on_details(MainWindow *w)
{
    w->asking = true;
    details_dialog_show(w->hwnd, w->folder, backup_list_selected(&w->list));
    w->asking = false;
}

static void on_show_in_folder(MainWindow *w)
{
    const CatalogEntry *entry = backup_list_selected(&w->list);
    Error err = ERROR_INIT;
    wchar_t *wide = NULL;
    PIDLIST_ABSOLUTE item = NULL;
    /* Explorer's call pumps messages: a listing that ends meanwhile frees the entry. */
    char *name = mem_strdup(entry->name);
    char *path = fs_join(w->folder, name);
    if (wide_path(path, &wide, &err)) {
        HRESULT hr = SHParseDisplayName(wide, NULL, &item, 0, NULL);
        if (SUCCEEDED(hr)) {
            hr = SHOpenFolderAndSelectItems(item, 0, NULL, 0);
        }
        if (FAILED(hr)) {
            error_set_os(&err, EK_IO, (long)hr, TEXT_SHOW_FILE_FAILED, name);
            error_hint(&err, TEXT_SHOW_FILE_HINT);
        }
    }
    if (err.kind != EK_NONE) {
        main_tell_error(w, &err);
    }
    CoTaskMemFree(item);
    mem_free(wide);
    mem_free(path);
    mem_free(name);
    error_clear(&err);
}

static void on_copy_path(MainWindow *w)
{
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count);
    Error err = ERROR_INIT;
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    for (size_t i = 0; i < count; i++) {
        char *path = fs_join(w->folder, names[i]);
        strbuf_addf(&text, "%s%s", i > 0 ? "\r\n" : "", path);
        mem_free(path);
    }
    if (!clipboard_set(w->hwnd, text.buf, &err)) {
        main_tell_error(w, &err);
    }
    strbuf_release(&text);
    backup_list_free_names(names, count);
    error_clear(&err);
}

void main_on_context_menu(MainWindow *w, int x, int y)
{
    HMENU bar = LoadMenuW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDR_LIST_MENU));
    if (bar == NULL || !w->opened || w->closing) {
        DestroyMenu(bar);
        return;
    }
    HMENU menu = GetSubMenu(bar, 0);
    POINT point = {x, y};
    if (x == -1 && y == -1) {
        point = backup_list_menu_point(&w->list);
    }
    /* What is grey is decided when it opens (WM_INITMENUPOPUP). The choice comes as WM_COMMAND, after it is gone. */
    TrackPopupMenu(menu, TPM_RIGHTBUTTON, point.x, point.y, 0, w->hwnd, NULL);
    DestroyMenu(bar);
}

/* --- log and chart --------------------------------------------------------------------------------------- */

void main_on_log_menu(MainWindow *w, int x, int y)
{
    HMENU bar = LoadMenuW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDR_LOG_MENU));
    POINT point = {x, y};
    if (x == -1 && y == -1) {
        point = (POINT){8, 8};
        ClientToScreen(w->log.control, &point);
    }
    TrackPopupMenu(GetSubMenu(bar, 0), TPM_RIGHTBUTTON, point.x, point.y, 0, w->hwnd, NULL);
    DestroyMenu(bar);
}

static void on_copy_log(MainWindow *w)
{
    log_view_copy(&w->log);
}

static void on_select_log(MainWindow *w)
{
    log_view_select_all(&w->log);
    SetFocus(w->log.control);
}

static void on_save_log(MainWindow *w)
{
    char *path = NULL;
    Error err = ERROR_INIT;
    w->asking = true;
    bool chosen = save_dialog_choose(w->hwnd, L"" TEXT_LOG_SAVE_TITLE, L"" TEXT_LOG_SAVE_NAME,
                                     L"" TEXT_LOG_SAVE_FILTER, &path, &err);
    w->asking = false;
    if (chosen && log_view_save(&w->log, path, &err)) {
        char *text = mem_printf(TEXT_LOG_SAVED, path);
        main_show_log(w, LOG_INFO, text);
        mem_free(text);
    }
    if (err.kind != EK_NONE) {
        main_tell_error(w, &err);
    }
    error_clear(&err);
    mem_free(path);
}

static void on_show_chart(MainWindow *w)
{
    w->state.hide_chart = !w->state.hide_chart;
    main_arrange(w);
}

/* --- the settings ---------------------------------------------------------------------------------------- */

static void on_save_config(MainWindow *w)
{
    TaskSpec spec = main_spec(w, TASK_CONFIG);
    /* What is no number is 0, which settings_save refuses with the range in words. */
    spec.config.retention_days = (int)GetDlgItemInt(w->hwnd, IDC_RETENTION, NULL, FALSE);
    spec.config.max_backups = (int)GetDlgItemInt(w->hwnd, IDC_MAXIMUM, NULL, FALSE);
    spec.config.verify = IsDlgButtonChecked(w->hwnd, IDC_VERIFY_AFTER) == BST_CHECKED;
    spec.config.compress = IsDlgButtonChecked(w->hwnd, IDC_COMPRESS) == BST_CHECKED;
    schedule_fields_read(w->hwnd, &spec.config);
    spec.sample = w->sample || w->options->demo;
    w->saving = main_start_task(w, &spec);
}

/* --- clean-ups ------------------------------------------------------------------------------------------- */

static void on_cleanup(MainWindow *w)
{
    TaskSpec spec = main_spec(w, TASK_PLAN);
    main_start_job(w, &spec);
}

void main_on_plan(MainWindow *w, TaskResult *plan)
{
    if (w->options->screenshot != NULL || w->asking) {
        return;
    }
    w->asking = true;
    bool go = false;
    if (plan->frozen != NULL) {
        const bool alarm = w->list.model.alarm != NULL;
        char *why = alarm ? mem_printf(TEXT_CLEANUP_FROZEN, plan->frozen)
                          : mem_printf(TEXT_CLEANUP_STOPPED, plan->frozen);
        message_box_info(w->hwnd, TEXT_CLEANUP_NOTHING, why);
        mem_free(why);
    } else if (plan->plan_count == 0) {
        message_box_info(w->hwnd, TEXT_CLEANUP_NOTHING, TEXT_CLEANUP_NOTHING_WHY);
    } else {
        go = cleanup_dialog_ask(w->hwnd, plan->plan, plan->plan_count, plan->plan_total, false);
    }
    w->asking = false;
    main_update_controls(w);
    if (go && main_is_free(w)) {
        TaskSpec spec = main_spec(w, TASK_CLEANUP);
        main_start_job(w, &spec);
    }
}

/* Asks; with a yes the task begins. `target`: the task's. */
static void ask_and_start(MainWindow *w, TaskKind kind, const char *target, const char *question, const char *content,
                          const wchar_t *yes, const wchar_t *no)
{
    w->asking = true;
    bool go = message_box_ask(w->hwnd, question, content, yes, no);
    w->asking = false;
    if (go && main_is_free(w)) {
        TaskSpec spec = main_spec(w, kind);
        spec.target = target;
        main_start_job(w, &spec);
    }
}

static void on_alarm(MainWindow *w)
{
    char *alarm = mem_strdup(list_model_alarm(&w->list.model)); /* the list may be read anew while it is asked */
    if (alarm == NULL) {
        return;
    }
    char *content = mem_printf(TEXT_ALARM_CONTENT, alarm);
    ask_and_start(w, TASK_UNFREEZE, alarm, TEXT_ALARM_QUESTION, content, L"" TEXT_ALARM_YES, L"" TEXT_ALARM_NO);
    mem_free(content);
    mem_free(alarm);
}

/* Stops clean-ups, or allows them again; an alarm has a question of its own. */
static void on_freeze(MainWindow *w)
{
    const ListModel *model = &w->list.model;
    if (list_model_alarm(model) != NULL) {
        on_alarm(w);
    } else if (model->frozen != NULL) {
        char *shown = mem_strdup(model->frozen), *content = mem_printf(TEXT_ALLOW_CONTENT, shown);
        ask_and_start(w, TASK_UNFREEZE, shown, TEXT_ALLOW_QUESTION, content, L"" TEXT_ALLOW_YES, L"" TEXT_ALLOW_NO);
        mem_free(content);
        mem_free(shown);
    } else {
        ask_and_start(w, TASK_FREEZE, NULL, TEXT_FREEZE_QUESTION, TEXT_FREEZE_CONTENT, L"" TEXT_FREEZE_YES,
                      L"" TEXT_FREEZE_NO);
    }
}

/* --- what can be done, and doing it ---------------------------------------------------------------------- */

/* The status band's button: as the command that mends, on the backup that is meant. */
static void on_mend(MainWindow *w)
{
    if (w->health.mend == MEND_ALARM) {
        on_alarm(w);
        return;
    }
    const bool show = w->health.mend == MEND_SHOW;
    const bool of_one = w->health.mend == MEND_VERIFY || w->health.mend == MEND_PROVE || w->health.mend == MEND_COPY;
    if ((show || of_one) && (w->health.name == NULL || !backup_list_select(&w->list, w->health.name))) {
        return;
    }
    if (show) {
        SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)w->list.control, TRUE);
        return;
    }
    main_do(w, main_mend_command(w->health.mend));
}

int main_mend_command(HealthMend mend)
{
    switch (mend) {
    case MEND_BACKUP:
        return IDC_CREATE;
    case MEND_VERIFY:
        return IDC_VERIFY;
    case MEND_ALARM:
    case MEND_SHOW:
        return IDC_MEND; /* the button alone does it */
    case MEND_CLEANUP:
        return IDC_CLEANUP;
    case MEND_SPACE:
        return IDM_OPEN_FOLDER;
    case MEND_PROVE:
        return IDM_PROVE;
    case MEND_COPY:
        return IDC_SHAREPOINT;
    case MEND_SCHEDULE:
        return IDM_SCHEDULE;
    case MEND_CONNECT:
        return IDM_CONNECTION;
    case MEND_SETTINGS:
        return IDM_SETTINGS;
    case MEND_NOTHING:
        break;
    }
    return 0;
}

static void on_select_all(MainWindow *w)
{
    backup_list_select_all(&w->list);
}

/* The columns' commands, in the columns' order: what a click on a title does, for the keyboard. */
static const int sort_commands[COLUMN_COUNT] = {IDM_SORT_NAME,   IDM_SORT_SIZE,   IDM_SORT_CREATED, IDM_SORT_AGE,
                                                IDM_SORT_STATUS, IDM_SORT_COPIES, IDM_SORT_PINNED,  IDM_SORT_LEAVES};

int main_sort_column(int id)
{
    int column = 0;
    while (column < COLUMN_COUNT && sort_commands[column] != id) {
        column++;
    }
    return column < COLUMN_COUNT ? column : -1;
}

/* What a command needs before it can be done; main_may (main_signin.c) says who may. */
enum {
    NEEDS_IDLE = 1,       /* no job runs */
    NEEDS_JOB = 2,        /* one does, and was not told to stop */
    NEEDS_DATABASE = 4,   /* one is configured */
    NEEDS_SELECTION = 8,  /* at least one row */
    NEEDS_ONE = 16,       /* exactly one row */
    NEEDS_PINNED = 32,    /* one that is pinned among them */
    NEEDS_UNPINNED = 64,  /* one that is not */
    NEEDS_NO_SAVING = 128, /* the settings are not being written */
    NEEDS_SCHEDULE = 256, /* slots are run here */
    NEEDS_PAUSED = 512,   /* but not now */
    NEEDS_PROVEN = 1024,  /* the one row is */
    NEEDS_UPLOAD = 2048   /* that job is an export to SharePoint */
};

static const struct {
    int id;
    unsigned needs;
    void (*run)(MainWindow *w);
} commands[] = {
    {IDC_CREATE, NEEDS_IDLE | NEEDS_DATABASE, on_create},
    {IDC_CANCEL_JOB, NEEDS_JOB, on_cancel_job},
    {IDC_REFRESH, 0, on_refresh},
    {IDC_CLEANUP, NEEDS_IDLE, on_cleanup},
    {IDM_FREEZE, NEEDS_IDLE, on_freeze},
    {IDC_RESTORE, NEEDS_IDLE | NEEDS_DATABASE, main_on_restore},
    {IDM_UNDO, NEEDS_IDLE | NEEDS_DATABASE, main_on_undo},
    {IDC_MEND, NEEDS_IDLE, on_mend},
    {IDC_EXPORT, NEEDS_IDLE | NEEDS_SELECTION, on_export},
    {IDC_SHAREPOINT, NEEDS_IDLE | NEEDS_SELECTION, main_on_upload},
    {IDM_SHAREPOINT, NEEDS_IDLE, main_on_sharepoint},
    {IDM_ENCRYPTION, NEEDS_IDLE, main_on_encryption},
    {IDM_PAUSE_UPLOAD, NEEDS_JOB | NEEDS_UPLOAD, main_on_pause_upload},
    {IDM_CLEANUP_THERE, NEEDS_IDLE, main_on_cleanup_there},
    {IDM_RESTORE_THERE, NEEDS_IDLE, main_on_restore_there},
    {IDC_DETAILS, NEEDS_ONE, on_details},
    {IDC_VERIFY, NEEDS_IDLE | NEEDS_SELECTION, on_verify},
    {IDM_PROVE, NEEDS_IDLE | NEEDS_SELECTION, on_prove},
    {IDM_CERTIFICATE, NEEDS_IDLE | NEEDS_ONE | NEEDS_PROVEN, main_on_certificate},
    {IDM_REPORT, NEEDS_IDLE, main_on_report},
    {IDM_PIN, NEEDS_IDLE | NEEDS_UNPINNED, on_pin},
    {IDM_UNPIN, NEEDS_IDLE | NEEDS_PINNED, on_unpin},
    {IDC_DELETE, NEEDS_IDLE | NEEDS_SELECTION, on_delete},
    {IDM_SHOW_IN_FOLDER, NEEDS_ONE, on_show_in_folder},
    {IDM_COPY_PATH, NEEDS_SELECTION, on_copy_path},
    {IDM_SELECT_ALL, 0, on_select_all},
    {IDM_OPEN_FOLDER, 0, main_on_open_folder},
    {IDC_SAVE_CONFIG, NEEDS_NO_SAVING, on_save_config},
    {IDM_COPY_LOG, 0, on_copy_log},
    {IDM_SELECT_LOG, 0, on_select_log},
    {IDM_SAVE_LOG, 0, on_save_log},
    {IDM_SHOW_CHART, 0, on_show_chart},
    {IDM_TRAY_OPEN, 0, main_on_show_yourself},
    {IDM_PAUSE_HOUR, NEEDS_IDLE | NEEDS_SCHEDULE, main_on_pause_hour},
    {IDM_PAUSE_MORNING, NEEDS_IDLE | NEEDS_SCHEDULE, main_on_pause_morning},
    {IDM_PAUSE_WEEK, NEEDS_IDLE | NEEDS_SCHEDULE, main_on_pause_week},
    {IDM_RESUME, NEEDS_IDLE | NEEDS_PAUSED, main_on_resume},
    {IDM_SCHEDULE, 0, main_on_schedule},
    {IDM_CONNECTION, NEEDS_IDLE, main_on_connection},
    {IDM_SETTINGS, NEEDS_NO_SAVING, main_on_settings},
    {IDM_UNATTENDED, NEEDS_NO_SAVING, main_on_unattended},
    {IDM_HELP, 0, main_on_help},
    {IDM_ABOUT, 0, main_on_about},
    {IDM_LOCK, NEEDS_DATABASE, main_on_lock},
    {IDM_EXIT, 0, main_on_close},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static size_t find_command(int id)
{
    size_t i = 0;
    while (i < COMMAND_COUNT && commands[i].id != id) {
        i++;
    }
    return i;
}

bool main_can(const MainWindow *w, int id)
{
    if (main_sort_column(id) >= 0) {
        return w->opened && !w->closing && !w->asking && main_may(w, id);
    }
    size_t i = find_command(id);
    if (i == COMMAND_COUNT || !w->opened || w->closing || w->asking || !main_may(w, id)) {
        return false;
    }
    unsigned needs = commands[i].needs;
    size_t selected = (needs & (NEEDS_SELECTION | NEEDS_ONE)) != 0 ? backup_list_selected_count(&w->list) : 0;
    return !((needs & NEEDS_IDLE) != 0 && w->job != NULL) &&
           !((needs & NEEDS_JOB) != 0 && (w->job == NULL || w->cancelling)) &&
           !((needs & NEEDS_UPLOAD) != 0 && (w->job == NULL || task_kind(w->job) != TASK_UPLOAD)) &&
           !((needs & NEEDS_DATABASE) != 0 && !w->configured) && !((needs & NEEDS_SELECTION) != 0 && selected == 0) &&
           !((needs & NEEDS_ONE) != 0 && selected != 1) && !((needs & NEEDS_NO_SAVING) != 0 && w->saving != NULL) &&
           !((needs & NEEDS_SCHEDULE) != 0 && !w->keeper.on) && !((needs & NEEDS_PAUSED) != 0 && !main_is_paused(w)) &&
           !((needs & NEEDS_PINNED) != 0 && !backup_list_any(&w->list, true)) &&
           !((needs & NEEDS_UNPINNED) != 0 && !backup_list_any(&w->list, false)) &&
           !((needs & NEEDS_PROVEN) != 0 && !main_is_proven(w));
}

bool main_do(MainWindow *w, int id)
{
    const int column = main_sort_column(id);
    if (column >= 0) {
        if (main_can(w, id)) {
            backup_list_sort(&w->list, column);
        }
        return true;
    }
    size_t i = find_command(id);
    if (i == COMMAND_COUNT) {
        return false;
    }
    if (main_can(w, id)) {
        HWND hwnd = w->hwnd;
        commands[i].run(w);
        if (IsWindow(hwnd)) {
            main_update_controls(w); /* it may have asked, and all is grey meanwhile */
        }
    }
    return true;
}
