/*
 * The window. It owns everything that is seen; the work is done by tasks (task.h) on threads of their own, at
 * most three at a time: the `job` (the demo's set-up, a backup, an export, ...), the `listing` of the folder, and the
 * `saving` of the settings. They write into
 * one JobQueue, whose bell, like a task's end, is one empty message. A bell starts a timer, and on its message,
 * which comes when nothing else waits, the window takes what is in the queue, for some milliseconds at a time, and
 * then looks which task has ended. So the window never waits, and no thread but this one touches it.
 *
 * Closing is: ask if a backup runs, cancel, wait for the tasks' ends (the message loop goes on), destroy. The
 * demo's server is stopped after the window is gone.
 *
 * Boxes run a message loop of their own, in which tasks end and bells ring: whatever shows one leaves the state
 * consistent before, and looks again after.
 */
#include "main_private.h"

#include <commctrl.h>
#include <richedit.h>
#include <shellapi.h>

#include "../platform/win/utf_win.h"
#include "dpi.h"
#include "mem.h"
#include "message_box.h"
#include "sign_label.h"
#include "ui_text.h"
#include "words.h"

#define PROGRESS_STEPS 1000

/* Dialog units of the smallest client area. */
#define LEAST_WIDTH  396
#define LEAST_HEIGHT 276

static const LayoutItem layout_items[] = {
    {IDC_STATUS, 0, 0, 100, 0},         {IDC_DATABASE_LABEL, 0, 0, 0, 0},   {IDC_DATABASE, 0, 0, 100, 0},
    {IDC_LOCATION_LABEL, 0, 0, 0, 0},   {IDC_LOCATION, 0, 0, 100, 0},       {IDC_CREATE, 0, 0, 0, 0},
    {IDC_REFRESH, 0, 0, 0, 0},          {IDC_CANCEL_JOB, 0, 0, 0, 0},       {IDC_EXPORT, 0, 0, 0, 0},
    {IDC_DETAILS, 0, 0, 0, 0},          {IDC_VERIFY, 0, 0, 0, 0},           {IDC_DELETE, 0, 0, 0, 0},
    {IDC_LIST_LABEL, 0, 0, 100, 0},     {IDC_LIST, 0, 0, 100, 60},          {IDC_PROGRESS, 0, 60, 0, 0},
    {IDC_PROGRESS_TEXT, 0, 60, 100, 0}, {IDC_CONFIG_GROUP, 0, 60, 100, 0},  {IDC_RETENTION_LABEL, 0, 60, 0, 0},
    {IDC_RETENTION, 0, 60, 0, 0},       {IDC_MAXIMUM_LABEL, 0, 60, 0, 0},   {IDC_MAXIMUM, 0, 60, 0, 0},
    {IDC_COMPRESS, 0, 60, 0, 0},        {IDC_SAVE_CONFIG, 0, 60, 0, 0},     {IDC_LOG_GROUP, 0, 60, 100, 40},
    {IDC_LOG, 0, 60, 100, 40},
};

/* --- what is shown ------------------------------------------------------------------------------------- */

void main_show_log(MainWindow *w, LogLevel level, const char *text)
{
    log_view_begin(&w->log);
    log_view_add(&w->log, level, text);
    log_view_end(&w->log);
}

void main_show_error_in_log(MainWindow *w, const char *what, const Error *error)
{
    char *text = error_text(error);
    char *line = mem_printf("%s: %s", what, text);
    main_show_log(w, LOG_BAD, line);
    mem_free(line);
    mem_free(text);
}

static void show_marquee(MainWindow *w, bool on)
{
    HWND bar = main_control(w, IDC_PROGRESS);
    LONG_PTR style = GetWindowLongPtrW(bar, GWL_STYLE);
    bool is_on = (style & PBS_MARQUEE) != 0;
    if (is_on == on) {
        return;
    }
    if (on) {
        SetWindowLongPtrW(bar, GWL_STYLE, style | PBS_MARQUEE);
        SendMessageW(bar, PBM_SETMARQUEE, TRUE, 0);
    } else {
        SendMessageW(bar, PBM_SETMARQUEE, FALSE, 0);
        SetWindowLongPtrW(bar, GWL_STYLE, style & ~(LONG_PTR)PBS_MARQUEE);
        InvalidateRect(bar, NULL, TRUE);
    }
}

void main_show_progress(MainWindow *w, const Progress *progress)
{
    bool known = progress->fraction >= 0;
    show_marquee(w, !known);
    if (known) {
        SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETPOS, (WPARAM)(progress->fraction * PROGRESS_STEPS), 0);
    }
    taskbar_show(&w->taskbar, known ? TASKBAR_RUNNING : TASKBAR_WORKING, progress->fraction);
    char *text = words_progress(progress);
    ui_set_text(main_control(w, IDC_PROGRESS_TEXT), text);
    mem_free(text);
}

void main_show_idle(MainWindow *w, const char *text, bool failed)
{
    show_marquee(w, false);
    SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETPOS, 0, 0);
    taskbar_show(&w->taskbar, failed ? TASKBAR_FAILED : TASKBAR_NONE, 1);
    ui_set_text(main_control(w, IDC_PROGRESS_TEXT), text);
}

void main_show_folder(MainWindow *w)
{
    if (w->folder == NULL) {
        return;
    }
    HWND link = main_control(w, IDC_LOCATION);
    RECT rect;
    GetClientRect(link, &rect);
    HDC dc = GetDC(link);
    HGDIOBJ old = SelectObject(dc, w->font);
    wchar_t *fitted = ui_fit_path(dc, w->folder, rect.right - layout_x(&w->layout, 4));
    SelectObject(dc, old);
    ReleaseDC(link, dc);
    char *utf8 = utf8_from_wide(fitted);
    wchar_t *markup = ui_wide_printf("<a>%s</a>", utf8); /* < and > cannot be in a path */
    ui_set_wide(link, markup);
    mem_free(markup);
    mem_free(utf8);
    mem_free(fitted);
    wchar_t *full = wide_from_utf8(w->folder);
    TTTOOLINFOW tool = {.cbSize = sizeof tool,
                        .uFlags = TTF_IDISHWND | TTF_SUBCLASS,
                        .hwnd = w->hwnd,
                        .uId = (UINT_PTR)link,
                        .lpszText = full};
    SendMessageW(w->tooltip, TTM_UPDATETIPTEXTW, 0, (LPARAM)&tool);
    mem_free(full);
}

void main_show_status(MainWindow *w)
{
    char *status = words_status(&w->list.catalog);
    ui_set_text(main_control(w, IDC_STATUS), status);
    mem_free(status);
    char *database = w->job != NULL && task_kind(w->job) == TASK_DEMO
                         ? mem_strdup("⏳ The sample database is being made ready...")
                         : words_database(&w->connection, w->configured);
    ui_set_text(main_control(w, IDC_DATABASE), database);
    mem_free(database);
}

static void enable(MainWindow *w, int id, bool on)
{
    if (IsWindowEnabled(main_control(w, id)) != (BOOL)on) {
        EnableWindow(main_control(w, id), on);
    }
}

void main_show_config(MainWindow *w, const ConfigValues *config)
{
    SetDlgItemInt(w->hwnd, IDC_RETENTION, (UINT)config->retention_days, FALSE);
    SetDlgItemInt(w->hwnd, IDC_MAXIMUM, (UINT)config->max_backups, FALSE);
    CheckDlgButton(w->hwnd, IDC_COMPRESS, config->compress ? BST_CHECKED : BST_UNCHECKED);
}

/* A control that is disabled while it has the focus would leave the keyboard nowhere. */
void main_update_controls(MainWindow *w)
{
    bool ready = w->opened && !w->closing;
    bool idle = ready && w->job == NULL;
    bool create = idle && w->configured;
    bool cancel = w->job != NULL && !w->closing && !w->cancelling;
    size_t selected = backup_list_selected_count(&w->list);
    const struct {
        int id;
        bool on;
    } states[] = {
        {IDC_CREATE, create},
        {IDC_CANCEL_JOB, cancel},
        {IDC_REFRESH, ready},
        {IDC_EXPORT, idle && selected > 0},
        {IDC_DETAILS, ready && selected == 1},
        {IDC_VERIFY, idle && selected > 0},
        {IDC_DELETE, idle && selected > 0},
        {IDC_SAVE_CONFIG, ready},
    };
    HWND focus = GetFocus();
    bool lost = focus == NULL || focus == w->hwnd;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        lost = lost || (focus == main_control(w, states[i].id) && !states[i].on);
        enable(w, states[i].id, states[i].on);
    }
    if (lost && GetActiveWindow() == w->hwnd) {
        int next = create ? IDC_CREATE : cancel ? IDC_CANCEL_JOB : IDC_LIST;
        SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)main_control(w, next), TRUE);
    }
}

/* --- fonts and places ---------------------------------------------------------------------------------- */

static void arrange(MainWindow *w)
{
    layout_apply(&w->layout);
    InvalidateRect(w->hwnd, NULL, TRUE); /* the group's frame leaves traces where it was */
    backup_list_fit(&w->list, &w->layout);
    main_show_folder(w);
}

static void take_fonts(MainWindow *w)
{
    HFONT font = dpi_message_font(w->dpi, 100, FW_NORMAL);
    HFONT status = dpi_message_font(w->dpi, 130, FW_SEMIBOLD);
    layout_set_font(&w->layout, font);
    SendMessageW(main_control(w, IDC_STATUS), WM_SETFONT, (WPARAM)status, TRUE);
    SendMessageW(w->tooltip, WM_SETFONT, (WPARAM)font, FALSE);
    /* Only now does no control use the old ones. */
    if (w->font != NULL) {
        DeleteObject(w->font);
        DeleteObject(w->status_font);
    }
    w->font = font;
    w->status_font = status;
}

static SIZE outer_size(const MainWindow *w, SIZE client)
{
    RECT rect = {0, 0, client.cx, client.cy};
    dpi_adjust_rect(&rect, w->hwnd, w->dpi);
    return (SIZE){rect.right - rect.left, rect.bottom - rect.top};
}

/* The design's size, but never more than the monitor has, in its middle. */
static void place(MainWindow *w)
{
    MONITORINFO monitor = {.cbSize = sizeof monitor};
    GetMonitorInfoW(MonitorFromWindow(w->hwnd, MONITOR_DEFAULTTOPRIMARY), &monitor);
    RECT area = monitor.rcWork;
    SIZE size = outer_size(w, layout_design_size(&w->layout));
    int width = size.cx < area.right - area.left ? size.cx : area.right - area.left;
    int height = size.cy < area.bottom - area.top ? size.cy : area.bottom - area.top;
    SetWindowPos(w->hwnd, NULL, area.left + (area.right - area.left - width) / 2,
                 area.top + (area.bottom - area.top - height) / 2, width, height, SWP_NOZORDER | SWP_NOACTIVATE);
}

static void on_dpi_changed(MainWindow *w, UINT dpi, const RECT *suggested)
{
    w->dpi = dpi;
    take_fonts(w);
    SetWindowPos(w->hwnd, NULL, suggested->left, suggested->top, suggested->right - suggested->left,
                 suggested->bottom - suggested->top, SWP_NOZORDER | SWP_NOACTIVATE);
    arrange(w);
    InvalidateRect(w->hwnd, NULL, TRUE);
}

static void on_min_max(const MainWindow *w, MINMAXINFO *info)
{
    SIZE client = {layout_x(&w->layout, LEAST_WIDTH), layout_y(&w->layout, LEAST_HEIGHT)};
    SIZE size = outer_size(w, client);
    info->ptMinTrackSize = (POINT){size.cx, size.cy};
}

/* --- the dialog ---------------------------------------------------------------------------------------- */

static void make_tooltip(MainWindow *w)
{
    w->tooltip =
        CreateWindowExW(WS_EX_TOPMOST, TOOLTIPS_CLASSW, NULL, WS_POPUP | TTS_NOPREFIX, CW_USEDEFAULT, CW_USEDEFAULT,
                        CW_USEDEFAULT, CW_USEDEFAULT, w->hwnd, NULL, GetModuleHandleW(NULL), NULL);
    wchar_t none[] = L"";
    TTTOOLINFOW tool = {.cbSize = sizeof tool,
                        .uFlags = TTF_IDISHWND | TTF_SUBCLASS,
                        .hwnd = w->hwnd,
                        .uId = (UINT_PTR)main_control(w, IDC_LOCATION),
                        .lpszText = none};
    SendMessageW(w->tooltip, TTM_ADDTOOLW, 0, (LPARAM)&tool);
}

static void on_init(MainWindow *w, HWND hwnd)
{
    w->hwnd = hwnd;
    w->dpi = dpi_of_window(hwnd);
    dpi_own_rescaling(hwnd);
    make_tooltip(w);
    layout_init(&w->layout, hwnd, layout_items, sizeof layout_items / sizeof *layout_items);
    backup_list_init(&w->list, main_control(w, IDC_LIST));
    log_view_init(&w->log, main_control(w, IDC_LOG));
    sign_label_init(main_control(w, IDC_STATUS));
    sign_label_init(main_control(w, IDC_DATABASE_LABEL));
    sign_label_init(main_control(w, IDC_DATABASE));
    sign_label_init(main_control(w, IDC_LOCATION_LABEL));
    SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETRANGE32, 0, PROGRESS_STEPS);
    take_fonts(w);
    place(w);
    arrange(w);
    ui_set_text(main_control(w, IDC_STATUS), "⏳ Reading the backup folder...");
    enable(w, IDC_CREATE, false);
    enable(w, IDC_REFRESH, false);
    w->queue = jobqueue_new(main_ring, hwnd);
    SendMessageW(main_control(w, IDC_RETENTION), EM_LIMITTEXT, 5, 0);
    SendMessageW(main_control(w, IDC_MAXIMUM), EM_LIMITTEXT, 6, 0);
    TaskSpec open = main_spec(w, TASK_OPEN);
    w->listing = main_start_task(w, &open);
    SetFocus(main_control(w, IDC_LIST));
}

static bool on_notify(MainWindow *w, const NMHDR *header)
{
    LRESULT result = 0;
    if (backup_list_notify(&w->list, header, &result)) {
        SetWindowLongPtrW(w->hwnd, DWLP_MSGRESULT, result);
        return true;
    }
    if (header->hwndFrom == w->list.control) {
        switch (header->code) {
        case LVN_ITEMCHANGED:
        case LVN_ODSTATECHANGED:
            main_update_controls(w);
            return true;
        case NM_DBLCLK:
            main_on_details(w);
            return true;
        default:
            return false;
        }
    }
    if (header->idFrom == IDC_LOCATION && (header->code == NM_CLICK || header->code == NM_RETURN)) {
        main_on_open_folder(w);
        return true;
    }
    return false;
}

static bool on_command(MainWindow *w, int id)
{
    switch (id) {
    case IDC_CREATE:
        main_on_create(w);
        return true;
    case IDC_REFRESH:
        main_on_refresh(w);
        return true;
    case IDC_CANCEL_JOB:
        main_on_cancel_job(w);
        return true;
    case IDC_EXPORT:
        main_on_export(w);
        return true;
    case IDC_DETAILS:
        main_on_details(w);
        return true;
    case IDC_VERIFY:
        main_on_verify(w);
        return true;
    case IDC_DELETE:
        main_on_delete(w);
        return true;
    case IDM_SHOW_IN_FOLDER:
        main_on_show_in_folder(w);
        return true;
    case IDM_COPY_PATH:
        main_on_copy_path(w);
        return true;
    case IDM_SELECT_ALL:
        backup_list_select_all(&w->list);
        return true;
    case IDC_SAVE_CONFIG:
        main_on_save_config(w);
        return true;
    case IDCANCEL: /* Esc: never in the middle of something */
        if (w->job == NULL) {
            main_on_close(w);
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
        on_init((MainWindow *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    MainWindow *w = (MainWindow *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (w == NULL) {
        return FALSE;
    }
    if (message == w->taskbar_created) {
        taskbar_on_created(&w->taskbar, hwnd);
        return TRUE;
    }
    if (message == w->show_message) {
        main_on_show_yourself(w);
        return TRUE;
    }
    switch (message) {
    case WM_APP_BELL:
        main_on_bell(w);
        return TRUE;
    case WM_TIMER:
        if (wparam == TIMER_PICTURE) {
            main_on_picture(w);
        } else {
            main_on_timer(w);
        }
        return TRUE;
    case WM_APP_SETTLED:
        main_on_settled(w);
        return TRUE;
    case WM_COMMAND:
        return on_command(w, LOWORD(wparam));
    case WM_CONTEXTMENU:
        if ((HWND)wparam == w->list.control) {
            main_on_context_menu(w, (short)LOWORD(lparam), (short)HIWORD(lparam));
            return TRUE;
        }
        return FALSE;
    case WM_NOTIFY:
        return on_notify(w, (const NMHDR *)lparam);
    case WM_SIZE:
        if (wparam != SIZE_MINIMIZED) {
            arrange(w);
        }
        return TRUE;
    case WM_GETMINMAXINFO:
        on_min_max(w, (MINMAXINFO *)lparam);
        return TRUE;
    case WM_DPICHANGED:
        on_dpi_changed(w, HIWORD(wparam), (const RECT *)lparam);
        return TRUE;
    case WM_SETTINGCHANGE:
        if (wparam == SPI_SETNONCLIENTMETRICS) {
            take_fonts(w);
            arrange(w);
        }
        return FALSE;
    case WM_CLOSE:
        main_on_close(w);
        return TRUE;
    case WM_QUERYENDSESSION:
        SetWindowLongPtrW(hwnd, DWLP_MSGRESULT, main_on_query_end_session(w, lparam));
        return TRUE;
    case WM_ENDSESSION:
        if (wparam) {
            main_on_end_session(w);
        }
        return TRUE;
    case WM_DESTROY:
        PostQuitMessage(w->exit_code);
        return TRUE;
    default:
        return FALSE;
    }
}

static void run_messages(const MainWindow *w, HACCEL keys, HACCEL list_keys)
{
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        bool in_list = message.hwnd == w->list.control;
        if (!(in_list && TranslateAcceleratorW(w->hwnd, list_keys, &message)) &&
            !TranslateAcceleratorW(w->hwnd, keys, &message) && !IsDialogMessageW(w->hwnd, &message)) {
            TranslateMessage(&message);
            DispatchMessageW(&message);
        }
    }
}

static UINT show_message(void)
{
    return RegisterWindowMessageW(L"CmmsBackup.Show");
}

int main_window_run(const AppOptions *options, int show, const wchar_t *key, HANDLE ready)
{
    HINSTANCE instance = GetModuleHandleW(NULL);
    WNDCLASSEXW class = {.cbSize = sizeof class,
                         .lpfnWndProc = DefDlgProcW,
                         .cbWndExtra = DLGWINDOWEXTRA,
                         .hInstance = instance,
                         .hIcon = LoadIconW(instance, MAKEINTRESOURCEW(IDI_APP)),
                         .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_ARROW),
                         .lpszClassName = L"" MAIN_WINDOW_CLASS};
    RegisterClassExW(&class);
    HMODULE rich_edit = LoadLibraryExW(L"Msftedit.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    MainWindow w = {.options = options};
    w.taskbar_created = taskbar_created_message();
    w.show_message = show_message();
    connection_init(&w.connection);
    if (CreateDialogParamW(instance, MAKEINTRESOURCEW(IDD_MAIN), NULL, dialog_proc, (LPARAM)&w) == NULL) {
        Error err = ERROR_INIT;
        error_set_os(&err, EK_INTERNAL, (long)GetLastError(), "could not open the window");
        error_hint(&err, "Start the program again; if it happens again, install it anew.");
        message_box_error(NULL, &err);
        w.exit_code = error_exit_code(err.kind);
        error_clear(&err);
    } else {
        SetPropW(w.hwnd, key, (HANDLE)1);
        if (ready != NULL) {
            SetEvent(ready);
        }
        HACCEL keys = LoadAcceleratorsW(instance, MAKEINTRESOURCEW(IDA_MAIN));
        HACCEL list_keys = LoadAcceleratorsW(instance, MAKEINTRESOURCEW(IDA_LIST));
        ShowWindow(w.hwnd, show);
        UpdateWindow(w.hwnd);
        run_messages(&w, keys, list_keys);
    }
    /* The window is gone; the tasks ended before it. */
    engine_stop(w.engine);
    taskbar_release(&w.taskbar);
    layout_release(&w.layout);
    backup_list_release(&w.list);
    jobqueue_free_events(w.events, w.event_count);
    jobqueue_free(w.queue);
    connection_release(&w.connection);
    mem_free(w.folder);
    mem_free(w.export_dir);
    if (w.font != NULL) {
        DeleteObject(w.font);
        DeleteObject(w.status_font);
    }
    if (rich_edit != NULL) {
        FreeLibrary(rich_edit);
    }
    return w.exit_code;
}

static BOOL CALLBACK find_window(HWND hwnd, LPARAM data)
{
    const wchar_t *key = *(const wchar_t *const *)data;
    if (GetPropW(hwnd, key) == NULL) {
        return TRUE;
    }
    DWORD process = 0;
    GetWindowThreadProcessId(hwnd, &process);
    AllowSetForegroundWindow(process);
    PostMessageW(hwnd, show_message(), 0, 0);
    *(const wchar_t **)data = NULL;
    return FALSE;
}

bool main_window_show_other(const wchar_t *key)
{
    const wchar_t *wanted = key;
    EnumWindows(find_window, (LPARAM)&wanted);
    return wanted == NULL;
}
