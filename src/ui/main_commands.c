/*
 * main_commands.c: what buttons, keys and menus do. Each looks itself whether it may: keys reach a command also while
 * its button is disabled.
 */
#include "main_private.h"

#include <shellapi.h>
#include <shlobj.h>

#include "../platform/win/utf_win.h"
#include "clipboard.h"
#include "details_dialog.h"
#include "folder_dialog.h"
#include "fs.h"
#include "mem.h"
#include "message_box.h"
#include "screenshot.h"
#include "ui_text.h"

#define SESSION_END_MS 4000 /* Windows gives five seconds */

/* --- commands ------------------------------------------------------------------------------------------ */

void main_on_create(MainWindow *w)
{
    if (w->opened && w->configured && w->job == NULL && !w->closing) {
        TaskSpec spec = main_spec(w, TASK_BACKUP);
        main_start_job(w, &spec);
    }
}

void main_on_refresh(MainWindow *w)
{
    if (w->opened && !w->closing) {
        main_start_listing(w, true);
    }
}

void main_on_cancel_job(MainWindow *w)
{
    if (w->job != NULL && !w->closing && !w->cancelling) {
        w->cancelling = true;
        ui_set_text(main_control(w, IDC_PROGRESS_TEXT), "Cancelling...");
        task_cancel(w->job);
        main_update_controls(w);
    }
}

void main_on_open_folder(MainWindow *w)
{
    wchar_t *path = NULL;
    Error err = ERROR_INIT;
    if (!wide_path(w->folder, &path, &err)) {
        main_tell_error(w, &err);
    } else {
        SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                                  .fMask = SEE_MASK_ASYNCOK | SEE_MASK_FLAG_NO_UI,
                                  .hwnd = w->hwnd,
                                  .lpVerb = L"open",
                                  .lpFile = path,
                                  .nShow = SW_SHOWNORMAL};
        if (!ShellExecuteExW(&info)) {
            error_set_os(&err, EK_IO, (long)GetLastError(), "could not open the folder %s", w->folder);
            error_hint(&err, "Look whether the folder is still there.");
            main_tell_error(w, &err);
        }
    }
    error_clear(&err);
    mem_free(path);
}

/* What to ask before a job is stopped; NULL: nothing. */
static const char *close_question(TaskKind kind)
{
    switch (kind) {
    case TASK_BACKUP:
        return "A backup is being made. Stop it and close?";
    case TASK_VERIFY:
        return "A backup is being verified. Stop it and close?";
    case TASK_EXPORT:
        return "A backup is being exported. Stop it and close?";
    default:
        return NULL;
    }
}

void main_on_close(MainWindow *w)
{
    if (w->closing || w->asking) {
        return;
    }
    if (w->job != NULL && close_question(task_kind(w->job)) != NULL) {
        w->asking = true;
        bool stop = message_box_stop_and_close(w->hwnd, close_question(task_kind(w->job)),
                                               "What is unfinished is removed. The backups that you have stay as they "
                                               "are.");
        w->asking = false;
        if (!stop) {
            return;
        }
    }
    w->closing = true;
    if (w->job != NULL) {
        ui_set_text(main_control(w, IDC_PROGRESS_TEXT), "Stopping...");
        task_cancel(w->job);
    }
    main_update_controls(w);
    main_look_if_settled(w);
}

/* The session is going to end: asked, we name our reason to wait; told, we stop cleanly. */
bool main_on_query_end_session(const MainWindow *w, LPARAM flags)
{
    bool must = ((DWORD_PTR)flags & ENDSESSION_CRITICAL) != 0;
    return must || w->job == NULL || task_kind(w->job) != TASK_BACKUP;
}

void main_on_end_session(MainWindow *w)
{
    w->closing = true;
    if (w->job != NULL) {
        task_cancel(w->job);
        task_wait(w->job, SESSION_END_MS);
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
        main_show_error_in_log(w, "No picture", &err);
        w->exit_code = error_exit_code(err.kind);
        error_clear(&err);
    }
    w->closing = true;
    main_look_if_settled(w);
}

void main_on_show_yourself(const MainWindow *w)
{
    if (IsIconic(w->hwnd)) {
        ShowWindow(w->hwnd, SW_RESTORE);
    }
    SetForegroundWindow(w->hwnd);
}


/* --- with the selected backups --------------------------------------------------------------------------- */

static bool may_work(const MainWindow *w)
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

void main_on_verify(MainWindow *w)
{
    if (may_work(w) && backup_list_selected_count(&w->list) > 0) {
        size_t count = 0;
        char **names = backup_list_names(&w->list, &count);
        start_with_files(w, TASK_VERIFY, names, count, NULL, false);
        backup_list_free_names(names, count);
    }
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
    char *question = there == 1 ? mem_printf("%s is there already. Replace it?", one)
                                : mem_printf("%llu files are there already. Replace them?", (unsigned long long)there);
    bool yes = message_box_ask(w->hwnd, question, dir, L"Replace", L"Cancel");
    mem_free(question);
    return yes;
}

void main_on_export(MainWindow *w)
{
    if (!may_work(w) || backup_list_selected_count(&w->list) == 0) {
        return;
    }
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count); /* the list may change while the dialog is open */
    char *dir = NULL;
    bool overwrite = false;
    Error err = ERROR_INIT;
    w->asking = true;
    bool chosen = folder_dialog_choose(w->hwnd, L"Export to", w->export_dir, &dir, &err) &&
                  ask_overwrite(w, dir, names, count, &overwrite);
    w->asking = false;
    if (err.kind != EK_NONE) {
        main_tell_error(w, &err);
    }
    if (chosen && may_work(w)) {
        start_with_files(w, TASK_EXPORT, names, count, dir, overwrite);
        mem_free(w->export_dir);
        w->export_dir = dir;
        dir = NULL;
    }
    error_clear(&err);
    mem_free(dir);
    backup_list_free_names(names, count);
}

void main_on_delete(MainWindow *w)
{
    if (!may_work(w) || backup_list_selected_count(&w->list) == 0) {
        return;
    }
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count);
    char *question = count == 1 ? mem_printf("Delete %s?", names[0])
                                : mem_printf("Delete %llu backups?", (unsigned long long)count);
    w->asking = true;
    bool yes = message_box_ask(w->hwnd, question,
                               "It cannot be brought back. The last good backup is never deleted.", L"Delete", L"Keep");
    w->asking = false;
    if (yes && may_work(w)) {
        start_with_files(w, TASK_DELETE, names, count, NULL, false);
    }
    mem_free(question);
    backup_list_free_names(names, count);
}

void main_on_details(MainWindow *w)
{
    if (w->opened && !w->closing && !w->asking && backup_list_selected_count(&w->list) == 1) {
        w->asking = true;
        details_dialog_show(w->hwnd, w->folder, backup_list_selected(&w->list));
        w->asking = false;
    }
}

void main_on_show_in_folder(MainWindow *w)
{
    const CatalogEntry *entry = w->opened ? backup_list_selected(&w->list) : NULL;
    if (entry == NULL) {
        return;
    }
    Error err = ERROR_INIT;
    wchar_t *wide = NULL;
    PIDLIST_ABSOLUTE item = NULL;
    char *path = fs_join(w->folder, entry->name);
    if (wide_path(path, &wide, &err)) {
        HRESULT hr = SHParseDisplayName(wide, NULL, &item, 0, NULL);
        if (SUCCEEDED(hr)) {
            hr = SHOpenFolderAndSelectItems(item, 0, NULL, 0);
        }
        if (FAILED(hr)) {
            error_set_os(&err, EK_IO, (long)hr, "could not show %s in its folder", entry->name);
            error_hint(&err, "Look whether the file is still there.");
        }
    }
    if (err.kind != EK_NONE) {
        main_tell_error(w, &err);
    }
    CoTaskMemFree(item);
    mem_free(wide);
    mem_free(path);
    error_clear(&err);
}

void main_on_copy_path(MainWindow *w)
{
    size_t count = 0;
    if (!w->opened || backup_list_selected_count(&w->list) == 0) {
        return;
    }
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
    size_t selected = backup_list_selected_count(&w->list);
    HMENU bar = LoadMenuW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDR_LIST_MENU));
    if (bar == NULL || !w->opened || w->closing) {
        DestroyMenu(bar);
        return;
    }
    const struct {
        UINT id;
        bool on;
    } states[] = {
        {IDC_EXPORT, selected > 0 && w->job == NULL}, {IDC_DETAILS, selected == 1},
        {IDC_VERIFY, selected > 0 && w->job == NULL}, {IDC_DELETE, selected > 0 && w->job == NULL},
        {IDM_SHOW_IN_FOLDER, selected == 1},          {IDM_COPY_PATH, selected > 0},
    };
    HMENU menu = GetSubMenu(bar, 0);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        EnableMenuItem(menu, states[i].id, (UINT)MF_BYCOMMAND | (states[i].on ? (UINT)MF_ENABLED : (UINT)MF_GRAYED));
    }
    POINT point = {x, y};
    if (x == -1 && y == -1) {
        point = backup_list_menu_point(&w->list);
    }
    /* The choice comes as WM_COMMAND, after the menu is gone. */
    TrackPopupMenu(menu, TPM_RIGHTBUTTON, point.x, point.y, 0, w->hwnd, NULL);
    DestroyMenu(bar);
}

/* --- the settings ---------------------------------------------------------------------------------------- */

void main_on_save_config(MainWindow *w)
{
    if (!w->opened || w->closing || w->saving != NULL) {
        return;
    }
    TaskSpec spec = main_spec(w, TASK_CONFIG);
    /* What is no number is 0, which settings_save refuses with the range in words. */
    spec.config.retention_days = (int)GetDlgItemInt(w->hwnd, IDC_RETENTION, NULL, FALSE);
    spec.config.max_backups = (int)GetDlgItemInt(w->hwnd, IDC_MAXIMUM, NULL, FALSE);
    spec.config.compress = IsDlgButtonChecked(w->hwnd, IDC_COMPRESS) == BST_CHECKED;
    w->saving = main_start_task(w, &spec);
}
