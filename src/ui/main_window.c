/*
 * The window. It owns everything that is seen; the work is done by tasks (task.h) on threads of their own, at
 * most five at a time: the `job` (the demo's set-up, a backup, an export, ...), the `listing` of the folder, the
 * `saving` of the settings, `looking` at Windows' task, and `checking` of older backups. They write into one JobQueue,
 * whose bell, like a task's end, is one empty message. A bell starts a timer, and on its message, which comes when
 * nothing else waits, the window takes what is in the queue, for some milliseconds at a time, and then looks which task
 * has ended. So the window never waits, and no thread but this one touches it.
 *
 * One thread more watches the folder (folder_watch.h) and rings when the list is to be read again.
 *
 * Closing is: ask if a backup runs, cancel, wait for the tasks' ends (the message loop goes on), destroy. The
 * demo's server is stopped after the window is gone.
 *
 * The start: the folder is read (TASK_OPEN) while the window is made, and the window is filled before it is shown if
 * that is ready by then. Once it is drawn (TIMER_LATER) comes the question who it is, for which libpq is loaded. Until
 * then nothing may be done where a sign-in is to be expected.
 *
 * Boxes run a message loop of their own, in which tasks end and bells ring: whatever shows one leaves the state
 * consistent before, and looks again after.
 */
#include "main_private.h"

#include <commctrl.h>
#include <richedit.h>
#include <shellapi.h>

#include "base/mem.h"
#include "fitting.h"
#include "message_box.h"
#include "parts/dpi.h"
#include "parts/look.h"
#include "parts/sign_image.h"
#include "platform/wide.h"
#include "schedule_fields.h"
#include "sign_label.h"
#include "texts.h"
#include "ui_text.h"
#include "whole_text.h"

#define CLOCK_MS 300000 /* how often "3 hours ago" is written anew */

/* Dialog units of the smallest client area. */
#define LEAST_WIDTH  564 /* the settings stand side by side */
#define LEAST_HEIGHT 256 /* has room on 1366 x 768 at 125 %: list and log have some lines */
#define LEAST_LOW    240 /* where even that has none */

static const LayoutItem layout_items[] = {
    {IDC_STATUS, 0, 0, 100, 0},         {IDC_MEND, 100, 0, 0, 0},          {IDC_DATABASE_LABEL, 0, 0, 0, 0},
    {IDC_DATABASE, 0, 0, 100, 0},       {IDC_LOCATION_LABEL, 0, 0, 0, 0},  {IDC_LOCATION, 0, 0, 100, 0},
    {IDC_CREATE, 0, 0, 0, 0},           {IDC_REFRESH, 0, 0, 0, 0},         {IDC_CLEANUP, 0, 0, 0, 0},
    {IDC_RESTORE, 0, 0, 0, 0},          {IDC_CANCEL_JOB, 100, 60, 0, 0},   {IDC_EXPORT, 0, 0, 0, 0},
    {IDC_SHAREPOINT, 0, 0, 0, 0},       {IDC_DETAILS, 0, 0, 0, 0},
    {IDC_VERIFY, 0, 0, 0, 0},           {IDC_DELETE, 0, 0, 0, 0},          {IDC_LIST_LABEL, 0, 0, 100, 0},
    {IDC_LIST, 0, 0, 100, 60},          {IDC_PROGRESS, 0, 60, 0, 0},       {IDC_PROGRESS_TEXT, 0, 60, 100, 0},
    {IDC_CONFIG_GROUP, 0, 60, 100, 0},  {IDC_SCHEDULE_LABEL, 0, 60, 0, 0}, {IDC_SCHEDULE, 0, 60, 0, 0},
    {IDC_SCHEDULE_DAYS_LABEL, 0, 60, 0, 0}, {IDC_SCHEDULE_DAY, 0, 60, 0, 0}, {IDC_SCHEDULE_MON, 0, 60, 0, 0},
    {IDC_SCHEDULE_TUE, 0, 60, 0, 0},    {IDC_SCHEDULE_WED, 0, 60, 0, 0},   {IDC_SCHEDULE_THU, 0, 60, 0, 0},
    {IDC_SCHEDULE_FRI, 0, 60, 0, 0},    {IDC_SCHEDULE_SAT, 0, 60, 0, 0},   {IDC_SCHEDULE_SUN, 0, 60, 0, 0},
    {IDC_SCHEDULE_TIMES_LABEL, 0, 60, 0, 0}, {IDC_SCHEDULE_TIMES, 0, 60, 0, 0},
    {IDC_RETENTION_LABEL, 0, 60, 0, 0}, {IDC_RETENTION, 0, 60, 0, 0},
    {IDC_MAXIMUM_LABEL, 0, 60, 0, 0},   {IDC_MAXIMUM, 0, 60, 0, 0},        {IDC_VERIFY_AFTER, 0, 60, 0, 0},
    {IDC_COMPRESS, 0, 60, 0, 0},        {IDC_SAVE_CONFIG, 100, 60, 0, 0},  {IDC_LOG_GROUP, 0, 60, 60, 40},
    {IDC_LOG, 0, 60, 60, 40},           {IDC_CHART_GROUP, 60, 60, 40, 40}, {IDC_CHART, 60, 60, 40, 40},
};

/* --- fonts and places ---------------------------------------------------------------------------------- */

/* Without the chart the log has its place too. */
static void show_chart(const MainWindow *w)
{
    HWND chart[] = {main_control(w, IDC_CHART_GROUP), main_control(w, IDC_CHART)};
    HWND log[] = {main_control(w, IDC_LOG_GROUP), main_control(w, IDC_LOG)};
    for (int i = 0; i < 2; i++) {
        RECT left, right;
        ShowWindow(chart[i], w->state.hide_chart ? SW_HIDE : SW_SHOWNA);
        GetWindowRect(log[i], &left);
        GetWindowRect(chart[i], &right);
        if (w->state.hide_chart) {
            SetWindowPos(log[i], NULL, 0, 0, right.right - left.left, left.bottom - left.top,
                         SWP_NOMOVE | SWP_NOZORDER | SWP_NOACTIVATE);
        }
    }
}

void main_arrange(MainWindow *w)
{
    RECT client;
    GetClientRect(w->hwnd, &client);
    w->arranged = (SIZE){client.right, client.bottom};
    layout_apply(&w->layout);
    show_chart(w);
    InvalidateRect(w->hwnd, NULL, TRUE); /* the group's frame leaves traces where it was */
    backup_list_fit(&w->list, &w->layout);
    main_fit_status(w);
    main_show_folder(w);
}

/* The guide's signs before the buttons' texts. */
static const struct {
    int id;
    const wchar_t *sign;
} button_signs[] = {
    {IDC_CREATE, L"\xD83D\xDCE5"},  {IDC_EXPORT, L"\xD83D\xDCC2"}, {IDC_DETAILS, L"\xD83D\xDCCB"},
    {IDC_RESTORE, L"\xD83D\xDCE4"}, {IDC_DELETE, L"\xD83D\xDDD1"},  {IDC_CLEANUP, L"\xD83D\xDDD1"},
    {IDC_REFRESH, L"\xD83D\xDD04"}, {IDC_SHAREPOINT, L"\x2601"},
};

static void set_button_signs(const MainWindow *w)
{
    for (size_t i = 0; i < sizeof button_signs / sizeof *button_signs; i++) {
        sign_image_set_button(main_control(w, button_signs[i].id), button_signs[i].sign, MulDiv(16, (int)w->dpi, 96));
    }
}

static void clear_button_signs(const MainWindow *w)
{
    for (size_t i = 0; i < sizeof button_signs / sizeof *button_signs; i++) {
        sign_image_clear_button(main_control(w, button_signs[i].id));
    }
}

static void take_fonts(MainWindow *w)
{
    HFONT font = dpi_message_font(w->dpi, 100, FW_NORMAL);
    HFONT status = dpi_message_font(w->dpi, 130, FW_SEMIBOLD);
    layout_set_font(&w->layout, font);
    SendMessageW(main_control(w, IDC_STATUS), WM_SETFONT, (WPARAM)status, TRUE);
    SendMessageW(w->tooltip, WM_SETFONT, (WPARAM)font, FALSE);
    chart_view_set_font(&w->chart, font);
    backup_list_draw_signs(&w->list, w->dpi, w->contrast);
    set_button_signs(w);
    /* Only now does no control use the old ones. */
    if (w->font != NULL) {
        DeleteObject(w->font);
        DeleteObject(w->status_font);
    }
    w->font = font;
    w->status_font = status;
    main_fit_status(w);
}

static SIZE outer_size(const MainWindow *w, SIZE client)
{
    RECT rect = {0, 0, client.cx, client.cy};
    dpi_adjust_rect(&rect, w->hwnd, w->dpi);
    return (SIZE){rect.right - rect.left, rect.bottom - rect.top};
}

static void on_dpi_changed(MainWindow *w, UINT dpi, const RECT *suggested)
{
    w->dpi = dpi;
    take_fonts(w);
    SetWindowPos(w->hwnd, NULL, suggested->left, suggested->top, suggested->right - suggested->left,
                 suggested->bottom - suggested->top, SWP_NOZORDER | SWP_NOACTIVATE);
    main_arrange(w);
    InvalidateRect(w->hwnd, NULL, TRUE);
}

static void on_min_max(const MainWindow *w, MINMAXINFO *info)
{
    const int width = layout_x(&w->layout, LEAST_WIDTH);
    const SIZE size = outer_size(w, (SIZE){width, layout_y(&w->layout, LEAST_HEIGHT)});
    const SIZE low = outer_size(w, (SIZE){width, layout_y(&w->layout, LEAST_LOW)});
    MONITORINFO monitor = {.cbSize = sizeof monitor};
    GetMonitorInfoW(MonitorFromWindow(w->hwnd, MONITOR_DEFAULTTONEAREST), &monitor);
    const int room = (int)(monitor.rcWork.bottom - monitor.rcWork.top);
    info->ptMinTrackSize = (POINT){size.cx, fitting_least((int)size.cy, (int)low.cy, room)};
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
    w->contrast = w->options->high_contrast || look_high_contrast();
    health_init(&w->health);
    dpi_own_rescaling(hwnd);
    layout_init(&w->layout, hwnd, layout_items, sizeof layout_items / sizeof *layout_items);
    make_tooltip(w);
    backup_list_init(&w->list, main_control(w, IDC_LIST));
    main_load_state(w);
    log_view_init(&w->log, main_control(w, IDC_LOG));
    chart_view_init(&w->chart, main_control(w, IDC_CHART));
    sign_label_init(main_control(w, IDC_STATUS));
    sign_label_init(main_control(w, IDC_DATABASE_LABEL));
    sign_label_init(main_control(w, IDC_DATABASE));
    sign_label_init(main_control(w, IDC_LOCATION_LABEL));
    whole_text_of_label(main_control(w, IDC_STATUS));
    whole_text_of_label(main_control(w, IDC_DATABASE));
    whole_text_of_label(main_control(w, IDC_PROGRESS_TEXT));
    SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETRANGE32, 0, PROGRESS_STEPS);
    take_fonts(w);
    main_look_changed(w);
    main_place(w, outer_size(w, layout_design_size(&w->layout)));
    layout_apply(&w->layout);
    backup_list_add_columns(&w->list, &w->layout, &w->state, w->dpi);
    main_arrange(w);
    ui_set_text(main_control(w, IDC_STATUS), TEXT_READING_FOLDER);
    main_update_controls(w);
    tray_init(&w->tray, hwnd, WM_APP_TRAY);
    SetTimer(hwnd, TIMER_CLOCK, CLOCK_MS, NULL);
    SendMessageW(main_control(w, IDC_RETENTION), EM_LIMITTEXT, 5, 0);
    SendMessageW(main_control(w, IDC_MAXIMUM), EM_LIMITTEXT, 6, 0);
    schedule_fields_init(hwnd);
    SetFocus(main_control(w, IDC_LIST));
    InterlockedExchangePointer(&w->bell, hwnd);
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
            if (!w->list.changing) {
                main_update_controls(w);
            }
            return true;
        case NM_DBLCLK:
            main_do(w, IDC_DETAILS);
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

/* Enter is for what the focus is in: in the settings' boxes it saves them, and does not begin a backup. */
static void on_config_focus(const MainWindow *w, int id, int code)
{
    const bool list = schedule_fields_is_list(id);
    if (list ? code == CBN_SETFOCUS : code == EN_SETFOCUS || code == BN_SETFOCUS) {
        SendMessageW(w->hwnd, DM_SETDEFID, IDC_SAVE_CONFIG, 0);
    } else if (list ? code == CBN_KILLFOCUS : code == EN_KILLFOCUS || code == BN_KILLFOCUS) {
        SendMessageW(w->hwnd, DM_SETDEFID, IDC_CREATE, 0);
    }
}

static bool on_command(MainWindow *w, int id, int code)
{
    if (id == IDC_RETENTION || id == IDC_MAXIMUM || id == IDC_VERIFY_AFTER || id == IDC_COMPRESS ||
        schedule_fields_has(id)) {
        if (id == IDC_SCHEDULE && code == CBN_SELCHANGE) {
            schedule_fields_update(w->hwnd);
        }
        on_config_focus(w, id, code);
        return true;
    }
    if (id == IDCANCEL) { /* Esc: never in the middle of something */
        if (w->job == NULL) {
            main_on_cross(w);
        }
        return true;
    }
    return main_do(w, id);
}

/* A menu is about to be shown, also where a key is looked up in it: what cannot be done now is grey. */
static void on_menu(const MainWindow *w, HMENU menu)
{
    for (int i = 0; i < GetMenuItemCount(menu); i++) {
        UINT id = GetMenuItemID(menu, i);
        if (id == IDM_SHOW_CHART) {
            CheckMenuItem(menu, id, (UINT)MF_BYCOMMAND | (w->state.hide_chart ? (UINT)MF_UNCHECKED : (UINT)MF_CHECKED));
        } else if (id == IDM_FREEZE) {
            CheckMenuItem(menu, id,
                          (UINT)MF_BYCOMMAND | (w->list.model.frozen != NULL ? (UINT)MF_CHECKED : (UINT)MF_UNCHECKED));
        } else if (id == IDM_PAUSE_UPLOAD) {
            const bool paused = w->job != NULL && task_kind(w->job) == TASK_UPLOAD && task_is_paused(w->job);
            CheckMenuItem(menu, id, (UINT)MF_BYCOMMAND | (paused ? (UINT)MF_CHECKED : (UINT)MF_UNCHECKED));
        } else if (main_sort_column((int)id) >= 0 && main_sort_column((int)id) == w->list.sort_column) {
            CheckMenuRadioItem(menu, id, id, id, MF_BYCOMMAND);
        }
        if (id != 0 && id != (UINT)-1) {
            UINT state = main_can(w, (int)id) ? (UINT)MF_ENABLED : (UINT)MF_GRAYED;
            EnableMenuItem(menu, (UINT)i, (UINT)MF_BYPOSITION | state);
        }
    }
}

/* The status band says by its colour what its sign and words say. */
static HBRUSH on_status_colour(const MainWindow *w, HDC dc)
{
    static const COLORREF colours[] = {RGB(16, 110, 16), RGB(138, 78, 0), RGB(176, 14, 28)};
    bool own = !w->contrast && w->opened && (w->unreadable || w->health.text != NULL);
    SetTextColor(dc, own ? colours[w->health.state] : GetSysColor(COLOR_BTNTEXT));
    SetBkColor(dc, GetSysColor(COLOR_BTNFACE));
    return GetSysColorBrush(COLOR_BTNFACE);
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
    if (message == w->tray.created) {
        if (w->tray.shown) {
            tray_show(&w->tray); /* the taskbar started anew */
        }
        return TRUE;
    }
    if (message == w->show_message) {
        main_on_show_yourself(w);
        return TRUE;
    }
    if (message == w->tell_message) {
        main_on_told(w);
        return TRUE;
    }
    switch (message) {
    case WM_APP_BELL:
        main_on_bell(w);
        return TRUE;
    case WM_TIMER:
        if (wparam == TIMER_PICTURE) {
            main_on_picture(w);
        } else if (wparam == TIMER_LATER) {
            main_on_drawn(w);
        } else if (wparam == TIMER_CLOCK) {
            main_on_clock(w);
        } else if (wparam == TIMER_IDLE) {
            main_on_idle(w);
        } else if (wparam == TIMER_SLOT) {
            main_keep_schedule(w);
        } else {
            main_on_timer(w);
        }
        return TRUE;
    case WM_POWERBROADCAST:
        if (wparam == PBT_APMRESUMEAUTOMATIC || wparam == PBT_APMRESUMESUSPEND) {
            main_on_woken(w);
        }
        return TRUE;
    case WM_TIMECHANGE:
        main_on_woken(w);
        return TRUE;
    case WM_APP_CHANGED:
        main_on_folder_changed(w);
        return TRUE;
    case WM_APP_TRAY:
        main_on_tray(w, LOWORD(lparam), (short)LOWORD(wparam), (short)HIWORD(wparam));
        return TRUE;
    case WM_INITMENUPOPUP:
        on_menu(w, (HMENU)wparam);
        return TRUE;
    case WM_CTLCOLORSTATIC:
        return (HWND)lparam == main_control(w, IDC_STATUS) ? (INT_PTR)on_status_colour(w, (HDC)wparam) : FALSE;
    case WM_APP_OPENED:
        main_on_opened(w);
        return TRUE;
    case WM_APP_WORKER:
        main_on_looked(w);
        return TRUE;
    case WM_APP_SIGN_IN:
        main_ask_sign_in(w);
        return TRUE;
    case WM_APP_SETTLED:
        main_on_settled(w);
        return TRUE;
    case WM_COMMAND:
        return on_command(w, LOWORD(wparam), HIWORD(wparam));
    case WM_CONTEXTMENU:
        if ((HWND)wparam == w->list.control) {
            main_on_context_menu(w, (short)LOWORD(lparam), (short)HIWORD(lparam));
            return TRUE;
        }
        if ((HWND)wparam == w->log.control) {
            main_on_log_menu(w, (short)LOWORD(lparam), (short)HIWORD(lparam));
            return TRUE;
        }
        return FALSE;
    case WM_NOTIFY:
        return on_notify(w, (const NMHDR *)lparam);
    case WM_SIZE:
        /* To be shown is no change of size. */
        if (wparam != SIZE_MINIMIZED && (LOWORD(lparam) != w->arranged.cx || HIWORD(lparam) != w->arranged.cy)) {
            main_arrange(w);
        }
        return TRUE;
    case WM_HELP: /* F1, also in a dialog of ours */
        if (!w->closing) {
            main_on_help(w);
        }
        return TRUE;
    case WM_GETMINMAXINFO:
        on_min_max(w, (MINMAXINFO *)lparam);
        return TRUE;
    case WM_DPICHANGED:
        on_dpi_changed(w, HIWORD(wparam), (const RECT *)lparam);
        return TRUE;
    case WM_SETTINGCHANGE:
        if (wparam == SPI_SETNONCLIENTMETRICS || wparam == SPI_SETHIGHCONTRAST) {
            main_look_changed(w);
            take_fonts(w);
            main_arrange(w);
        } else if (lparam != 0 && wcscmp((const wchar_t *)lparam, L"ImmersiveColorSet") == 0) {
            main_look_changed(w);
        }
        return FALSE;
    case WM_SYSCOLORCHANGE:
    case WM_THEMECHANGED:
        if (message == WM_SYSCOLORCHANGE) { /* only windows at the top are told */
            SendMessageW(w->list.control, message, wparam, lparam);
            SendMessageW(main_control(w, IDC_PROGRESS), message, wparam, lparam);
            SendMessageW(w->tooltip, message, wparam, lparam);
        }
        main_look_changed(w);
        take_fonts(w); /* the signs have the new colours */
        return FALSE;
    case WM_CLOSE:
        main_on_cross(w);
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
        main_save_state(w);
        tray_hide(&w->tray);
        clear_button_signs(w);
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

static UINT tell_message(void)
{
    return RegisterWindowMessageW(L"CmmsBackup.Tell");
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
    w.tell_message = tell_message();
    connection_init(&w.connection);
    /* The folder is read while the window is made. */
    w.queue = jobqueue_new(main_ring, &w);
    TaskSpec open = main_spec(&w, TASK_OPEN);
    w.listing = main_start_task(&w, &open);
    if (CreateDialogParamW(instance, MAKEINTRESOURCEW(IDD_MAIN), NULL, dialog_proc, (LPARAM)&w) == NULL) {
        Error err = ERROR_INIT;
        error_set_os(&err, EK_INTERNAL, (long)GetLastError(), TEXT_WINDOW_FAILED);
        error_hint(&err, TEXT_WINDOW_FAILED_HINT);
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
        /* What rang until the window was there was not heard. If the folder has been read by now, the window shows it
         * from its first moment. */
        main_on_timer(&w);
        /* When its words are known, and not later: where icons have a window of their own, it would take the focus. */
        if (options->screenshot == NULL && IsWindow(w.hwnd)) {
            tray_show(&w.tray);
        }
        if (!options->tray && IsWindow(w.hwnd)) {
            ShowWindow(w.hwnd, w.state.maximized ? SW_SHOWMAXIMIZED : show);
        }
        run_messages(&w, keys, list_keys);
    }
    /* The window is gone; the tasks ended before it, but perhaps a listing. */
    engine_stop(w.engine);
    task_leave(w.listing, w.exit_code);
    folder_watch_stop(w.watch);
    health_release(&w.health);
    notice_memory_release(&w.notices);
    error_clear(&w.failure);
    mem_free(w.task_problem);
    mem_free(w.damaged);
    power_release(w.power);
    chart_view_release(&w.chart);
    mem_free(w.state_path);
    main_release_sign_in(&w);
    taskbar_release(&w.taskbar);
    layout_release(&w.layout);
    backup_list_release(&w.list);
    jobqueue_free_events(w.events, w.event_count);
    jobqueue_free(w.queue);
    connection_release(&w.connection);
    mem_free(w.folder);
    mem_free(w.fallback);
    mem_free(w.sample_key);
    mem_free(w.export_dir);
    mem_free(w.step);
    if (w.font != NULL) {
        DeleteObject(w.font);
        DeleteObject(w.status_font);
    }
    if (rich_edit != NULL) {
        FreeLibrary(rich_edit);
    }
    return w.exit_code;
}

typedef struct Other {
    const wchar_t *key;
    HWND found;
} Other;

/* The class as well: the icon of a scheduled run has the same key (teller.h). */
static BOOL CALLBACK find_window(HWND hwnd, LPARAM data)
{
    Other *other = (Other *)data;
    wchar_t name[64] = L"";
    if (GetPropW(hwnd, other->key) == NULL || GetClassNameW(hwnd, name, 64) == 0 ||
        wcscmp(name, L"" MAIN_WINDOW_CLASS) != 0) {
        return TRUE;
    }
    other->found = hwnd;
    return FALSE;
}

static HWND other_window(const wchar_t *key)
{
    Other other = {.key = key};
    EnumWindows(find_window, (LPARAM)&other);
    return other.found;
}

bool main_window_show_other(const wchar_t *key)
{
    HWND hwnd = other_window(key);
    DWORD process = 0;
    if (hwnd == NULL) {
        return false;
    }
    GetWindowThreadProcessId(hwnd, &process);
    AllowSetForegroundWindow(process);
    PostMessageW(hwnd, show_message(), 0, 0);
    return true;
}

bool main_window_tell_other(const wchar_t *key)
{
    HWND hwnd = other_window(key);
    return hwnd != NULL && PostMessageW(hwnd, tell_message(), 0, 0) != 0;
}
