/*
 * The window. It owns everything that is seen; the work is done by tasks (task.h) on threads of their own, at
 * most two at a time: the `job` (the demo's set-up, a backup) and the `listing` of the folder. They write into
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
#include "main_window.h"

#include <commctrl.h>
#include <richedit.h>
#include <shellapi.h>

#include "../platform/win/utf_win.h"
#include "backup_list.h"
#include "dpi.h"
#include "job.h"
#include "layout.h"
#include "log_view.h"
#include "mem.h"
#include "message_box.h"
#include "resource.h"
#include "screenshot.h"
#include "sign_label.h"
#include "task.h"
#include "taskbar.h"
#include "ui_text.h"
#include "words.h"

#define WM_APP_BELL    (WM_APP + 1)
#define WM_APP_SETTLED (WM_APP + 2)
#define PROGRESS_STEPS 1000
#define TIMER_EVENTS   1
#define TIMER_PICTURE  2
#define EVENTS_MS      40   /* the longest that log lines keep the window from its messages */
#define SESSION_END_MS 4000 /* Windows gives five seconds */

/* Dialog units of the smallest client area. */
#define LEAST_WIDTH  360
#define LEAST_HEIGHT 240

typedef struct MainWindow {
    HWND hwnd;
    const AppOptions *options; /* borrowed */
    HFONT font, status_font;
    UINT dpi;
    Layout layout;
    BackupList list;
    LogView log;
    Taskbar taskbar;
    UINT taskbar_created, show_message;
    HWND tooltip;

    JobQueue *queue;
    JobEvent *events; /* taken from the queue and not all shown yet */
    size_t event_count, next_event;
    bool timer_runs;
    Task *job;
    Task *listing;   /* OPEN or LIST */
    bool list_again; /* the list was asked for while it was being read */
    bool list_asked; /* by the user: a failure is told in a box */

    bool opened;
    char *folder;
    Connection connection;
    bool configured;
    Engine *engine;
    bool cancelling;   /* the job was told to stop */
    bool tried_backup; /* --after-backup */

    bool closing;
    bool asking; /* the question before closing is on the screen */
    int exit_code;
} MainWindow;

static const LayoutItem layout_items[] = {
    {IDC_STATUS, 0, 0, 100, 0},       {IDC_DATABASE_LABEL, 0, 0, 0, 0}, {IDC_DATABASE, 0, 0, 100, 0},
    {IDC_LOCATION_LABEL, 0, 0, 0, 0}, {IDC_LOCATION, 0, 0, 100, 0},     {IDC_CREATE, 0, 0, 0, 0},
    {IDC_REFRESH, 0, 0, 0, 0},        {IDC_CANCEL_JOB, 0, 0, 0, 0},     {IDC_LIST_LABEL, 0, 0, 100, 0},
    {IDC_LIST, 0, 0, 100, 60},        {IDC_PROGRESS, 0, 60, 0, 0},      {IDC_PROGRESS_TEXT, 0, 60, 100, 0},
    {IDC_LOG_GROUP, 0, 60, 100, 40},  {IDC_LOG, 0, 60, 100, 40},
};

static HWND control(const MainWindow *w, int id)
{
    return GetDlgItem(w->hwnd, id);
}

/* --- from the threads ---------------------------------------------------------------------------------- */

static void ring(void *context)
{
    PostMessageW((HWND)context, WM_APP_BELL, 0, 0);
}

/* --- what is shown ------------------------------------------------------------------------------------- */

static void show_log(MainWindow *w, LogLevel level, const char *text)
{
    log_view_begin(&w->log);
    log_view_add(&w->log, level, text);
    log_view_end(&w->log);
}

static void show_error_in_log(MainWindow *w, const char *what, const Error *error)
{
    char *text = error_text(error);
    char *line = mem_printf("%s: %s", what, text);
    show_log(w, LOG_BAD, line);
    mem_free(line);
    mem_free(text);
}

static void show_marquee(MainWindow *w, bool on)
{
    HWND bar = control(w, IDC_PROGRESS);
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

static void show_progress(MainWindow *w, const Progress *progress)
{
    bool known = progress->fraction >= 0;
    show_marquee(w, !known);
    if (known) {
        SendMessageW(control(w, IDC_PROGRESS), PBM_SETPOS, (WPARAM)(progress->fraction * PROGRESS_STEPS), 0);
    }
    taskbar_show(&w->taskbar, known ? TASKBAR_RUNNING : TASKBAR_WORKING, progress->fraction);
    char *text = words_progress(progress);
    ui_set_text(control(w, IDC_PROGRESS_TEXT), text);
    mem_free(text);
}

static void show_idle(MainWindow *w, const char *text, bool failed)
{
    show_marquee(w, false);
    SendMessageW(control(w, IDC_PROGRESS), PBM_SETPOS, 0, 0);
    taskbar_show(&w->taskbar, failed ? TASKBAR_FAILED : TASKBAR_NONE, 1);
    ui_set_text(control(w, IDC_PROGRESS_TEXT), text);
}

static void show_folder(MainWindow *w)
{
    if (w->folder == NULL) {
        return;
    }
    HWND link = control(w, IDC_LOCATION);
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

static void show_status(MainWindow *w)
{
    char *status = words_status(&w->list.catalog);
    ui_set_text(control(w, IDC_STATUS), status);
    mem_free(status);
    char *database = w->job != NULL && task_kind(w->job) == TASK_DEMO
                         ? mem_strdup("⏳ The sample database is being made ready...")
                         : words_database(&w->connection, w->configured);
    ui_set_text(control(w, IDC_DATABASE), database);
    mem_free(database);
}

static void enable(MainWindow *w, int id, bool on)
{
    if (IsWindowEnabled(control(w, id)) != (BOOL)on) {
        EnableWindow(control(w, id), on);
    }
}

/* A control that is disabled while it has the focus would leave the keyboard nowhere. */
static void update_controls(MainWindow *w)
{
    bool create = w->opened && w->configured && w->job == NULL && !w->closing;
    bool cancel = w->job != NULL && !w->closing && !w->cancelling;
    HWND focus = GetFocus();
    bool lost = focus == NULL || focus == w->hwnd || (focus == control(w, IDC_CREATE) && !create) ||
                (focus == control(w, IDC_CANCEL_JOB) && !cancel);
    enable(w, IDC_CREATE, create);
    enable(w, IDC_CANCEL_JOB, cancel);
    enable(w, IDC_REFRESH, w->opened && !w->closing);
    if (lost && GetActiveWindow() == w->hwnd) {
        int next = create ? IDC_CREATE : cancel ? IDC_CANCEL_JOB : IDC_LIST;
        SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)control(w, next), TRUE);
    }
}

/* --- fonts and places ---------------------------------------------------------------------------------- */

static void arrange(MainWindow *w)
{
    layout_apply(&w->layout);
    InvalidateRect(w->hwnd, NULL, TRUE); /* the group's frame leaves traces where it was */
    backup_list_fit(&w->list, &w->layout);
    show_folder(w);
}

static void take_fonts(MainWindow *w)
{
    HFONT font = dpi_message_font(w->dpi, 100, FW_NORMAL);
    HFONT status = dpi_message_font(w->dpi, 130, FW_SEMIBOLD);
    layout_set_font(&w->layout, font);
    SendMessageW(control(w, IDC_STATUS), WM_SETFONT, (WPARAM)status, TRUE);
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

/* --- tasks --------------------------------------------------------------------------------------------- */

static Task *start_task(MainWindow *w, TaskKind kind)
{
    TaskSpec spec = {.kind = kind, .options = w->options, .folder = w->folder, .connection = &w->connection};
    return task_start(&spec, jobqueue_sink(w->queue), ring, w->hwnd);
}

static void start_listing(MainWindow *w, bool asked)
{
    w->list_asked = w->list_asked || asked;
    if (w->listing != NULL) {
        w->list_again = true;
        return;
    }
    w->listing = start_task(w, TASK_LIST);
}

static void start_job(MainWindow *w, TaskKind kind)
{
    w->job = start_task(w, kind);
    if (kind == TASK_BACKUP) {
        ShutdownBlockReasonCreate(w->hwnd, L"A backup of the database is being made.");
    }
    /* The PC does not go to sleep in the middle of it; the display may. */
    SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED);
    Progress progress = {.fraction = -1, .step = kind == TASK_DEMO ? "Starting" : "Connecting", .seconds_left = -1};
    show_progress(w, &progress);
    show_status(w);
    update_controls(w);
}

/* Nothing is under way and all is on the screen: the moment for a picture, or for the window's end. */
static void look_if_settled(MainWindow *w)
{
    if (w->job != NULL || w->listing != NULL) {
        return;
    }
    if (w->closing) {
        DestroyWindow(w->hwnd);
    } else if (w->options->screenshot != NULL && w->opened) {
        PostMessageW(w->hwnd, WM_APP_SETTLED, 0, 0);
    }
}

static void tell_error(MainWindow *w, const Error *error)
{
    if (w->options->screenshot != NULL) {
        w->exit_code = error_exit_code(error->kind); /* nobody is there to close a box */
    } else if (!w->closing && !w->asking) {
        message_box_error(w->hwnd, error);
    }
}

static void on_opened(MainWindow *w, TaskResult *result)
{
    if (!result->ok) {
        w->closing = true;
        w->exit_code = error_exit_code(result->error.kind);
        if (w->options->screenshot == NULL) {
            message_box_error(w->hwnd, &result->error);
        }
        return;
    }
    w->opened = true;
    w->folder = result->folder;
    result->folder = NULL;
    connection_copy(&w->connection, &result->connection);
    w->configured = result->configured && !w->options->demo;
    show_folder(w);
}

static void finish_listing(MainWindow *w)
{
    TaskResult *result = task_take(w->listing);
    bool asked = w->list_asked;
    w->listing = NULL;
    w->list_asked = false;
    bool first = result->kind == TASK_OPEN;
    if (first) {
        on_opened(w, result);
    }
    if (result->ok) {
        char *found = mem_printf("Found %llu backup(s)", (unsigned long long)result->catalog.count);
        show_log(w, LOG_INFO, found);
        mem_free(found);
        backup_list_take(&w->list, &result->catalog);
        if (first && w->options->demo) {
            start_job(w, TASK_DEMO);
        } else if (first && !w->configured) {
            show_log(w, LOG_WARNING,
                     "No database is configured yet. Set PGHOST, PGUSER, PGDATABASE and PGPASSWORD, or start "
                     "cmms-backup with -h, -U and -d; --demo shows a sample database.");
        }
        if (first && w->job == NULL) {
            ui_set_text(control(w, IDC_PROGRESS_TEXT), "Ready.");
        }
        show_status(w);
    } else if (!first) {
        show_error_in_log(w, "The list could not be read", &result->error);
        ui_set_text(control(w, IDC_STATUS), "⚠ The backup folder cannot be read.");
        if (asked) {
            tell_error(w, &result->error);
        }
    }
    task_result_free(result);
    update_controls(w);
    if (w->list_again && w->listing == NULL && !w->closing) {
        w->list_again = false;
        start_listing(w, false);
    }
    look_if_settled(w);
}

static void finish_job(MainWindow *w)
{
    TaskResult *result = task_take(w->job);
    w->job = NULL;
    w->cancelling = false;
    ShutdownBlockReasonDestroy(w->hwnd);
    SetThreadExecutionState(ES_CONTINUOUS);
    bool backup = result->kind == TASK_BACKUP;
    bool cancelled = !result->ok && result->error.kind == EK_CANCELLED;
    if (result->ok && !backup) {
        connection_copy(&w->connection, &result->connection);
        w->configured = true;
        w->engine = result->engine;
        result->engine = NULL;
    }
    if (cancelled) {
        show_log(w, LOG_WARNING,
                 backup ? "Backup cancelled. Nothing of it was kept."
                        : "Setting up the sample database was cancelled.");
    } else if (!result->ok) {
        show_error_in_log(w, backup ? "Backup failed" : "The sample database could not be made", &result->error);
    }
    show_idle(w,
              result->ok  ? (backup ? "Backup successful." : "Ready.")
              : cancelled ? "Cancelled."
                          : "Failed.",
              !result->ok && !cancelled);
    show_status(w);
    if (backup && !w->closing) {
        start_listing(w, false);
    }
    update_controls(w);
    if (!result->ok && !cancelled) {
        tell_error(w, &result->error);
    }
    task_result_free(result);
    look_if_settled(w);
}

/* Shows what waits, for at most a few blinks of time, so that a flood of lines does not stop the window. True when
 * all that waited when it was called is shown. */
static bool show_events(MainWindow *w)
{
    ULONGLONG end = GetTickCount64() + EVENTS_MS;
    bool drained = false;
    bool any = false;
    for (;;) {
        if (w->next_event == w->event_count) {
            jobqueue_free_events(w->events, w->event_count);
            w->events = NULL;
            w->next_event = w->event_count = 0;
            if (!drained) {
                w->event_count = jobqueue_drain(w->queue, &w->events);
                drained = true;
            }
            if (w->event_count == 0) {
                break;
            }
        }
        if (GetTickCount64() > end) {
            break;
        }
        const JobEvent *event = &w->events[w->next_event++];
        if (event->kind == JOB_EVENT_PROGRESS) {
            if (!w->closing && !w->cancelling) {
                show_progress(w, &event->progress);
            }
        } else if (w->event_count - w->next_event < LOG_VIEW_LINES) { /* others would only be pushed out */
            if (!any) {
                log_view_begin(&w->log);
                any = true;
            }
            log_view_add(&w->log, event->level, event->text);
        }
    }
    if (any) {
        log_view_end(&w->log);
    }
    return drained && w->event_count == 0;
}

/* Bells are answered by a timer: its message comes only when none of the keyboard, the mouse or the screen waits, so
 * that a job that rings without end does not push these aside. */
static void on_bell(MainWindow *w)
{
    if (!w->timer_runs) {
        w->timer_runs = SetTimer(w->hwnd, TIMER_EVENTS, USER_TIMER_MINIMUM, NULL) != 0;
    }
}

static void on_timer(MainWindow *w)
{
    KillTimer(w->hwnd, TIMER_EVENTS);
    w->timer_runs = false;
    /* Asked before draining: what an ended task said is then in what is drained. */
    bool job_done = w->job != NULL && task_finished(w->job);
    bool listing_done = w->listing != NULL && task_finished(w->listing);
    HWND hwnd = w->hwnd;
    if (!show_events(w)) {
        on_bell(w);
        return;
    }
    if (listing_done) {
        finish_listing(w);
    }
    /* A box may have run: the window may be gone, or another bell may have dealt with the job. */
    if (job_done && IsWindow(hwnd) && w->job != NULL && task_finished(w->job)) {
        finish_job(w);
    }
}

/* --- commands ------------------------------------------------------------------------------------------ */

static void on_create(MainWindow *w)
{
    if (w->opened && w->configured && w->job == NULL && !w->closing) {
        start_job(w, TASK_BACKUP);
    }
}

static void on_refresh(MainWindow *w)
{
    if (w->opened && !w->closing) {
        start_listing(w, true);
    }
}

static void on_cancel_job(MainWindow *w)
{
    if (w->job != NULL && !w->closing && !w->cancelling) {
        w->cancelling = true;
        ui_set_text(control(w, IDC_PROGRESS_TEXT), "Cancelling...");
        task_cancel(w->job);
        update_controls(w);
    }
}

static void on_open_folder(MainWindow *w)
{
    wchar_t *path = NULL;
    Error err = ERROR_INIT;
    if (!wide_path(w->folder, &path, &err)) {
        tell_error(w, &err);
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
            tell_error(w, &err);
        }
    }
    error_clear(&err);
    mem_free(path);
}

static void on_close(MainWindow *w)
{
    if (w->closing || w->asking) {
        return;
    }
    if (w->job != NULL && task_kind(w->job) == TASK_BACKUP) {
        w->asking = true;
        bool stop = message_box_stop_and_close(w->hwnd);
        w->asking = false;
        if (!stop) {
            return;
        }
    }
    w->closing = true;
    if (w->job != NULL) {
        ui_set_text(control(w, IDC_PROGRESS_TEXT), "Stopping...");
        task_cancel(w->job);
    }
    update_controls(w);
    look_if_settled(w);
}

/* The session is going to end: asked, we name our reason to wait; told, we stop cleanly. */
static bool on_query_end_session(const MainWindow *w, LPARAM flags)
{
    bool must = ((DWORD_PTR)flags & ENDSESSION_CRITICAL) != 0;
    return must || w->job == NULL || task_kind(w->job) != TASK_BACKUP;
}

static void on_end_session(MainWindow *w)
{
    w->closing = true;
    if (w->job != NULL) {
        task_cancel(w->job);
        task_wait(w->job, SESSION_END_MS);
    }
}

static void on_settled(MainWindow *w)
{
    if (w->job != NULL || w->listing != NULL || w->closing) {
        return;
    }
    if (w->options->after_backup && !w->tried_backup && w->configured) {
        w->tried_backup = true;
        start_job(w, TASK_BACKUP);
        return;
    }
    /* The timer's message comes after all that there is to draw. */
    SetTimer(w->hwnd, TIMER_PICTURE, USER_TIMER_MINIMUM, NULL);
}

static void on_picture(MainWindow *w)
{
    KillTimer(w->hwnd, TIMER_PICTURE);
    Error err = ERROR_INIT;
    if (!screenshot_save(w->hwnd, w->options->screenshot, &err)) {
        show_error_in_log(w, "No picture", &err);
        w->exit_code = error_exit_code(err.kind);
        error_clear(&err);
    }
    w->closing = true;
    look_if_settled(w);
}

static void on_show_yourself(const MainWindow *w)
{
    if (IsIconic(w->hwnd)) {
        ShowWindow(w->hwnd, SW_RESTORE);
    }
    SetForegroundWindow(w->hwnd);
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
                        .uId = (UINT_PTR)control(w, IDC_LOCATION),
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
    backup_list_init(&w->list, control(w, IDC_LIST));
    log_view_init(&w->log, control(w, IDC_LOG));
    sign_label_init(control(w, IDC_STATUS));
    sign_label_init(control(w, IDC_DATABASE_LABEL));
    sign_label_init(control(w, IDC_DATABASE));
    sign_label_init(control(w, IDC_LOCATION_LABEL));
    SendMessageW(control(w, IDC_PROGRESS), PBM_SETRANGE32, 0, PROGRESS_STEPS);
    take_fonts(w);
    place(w);
    arrange(w);
    ui_set_text(control(w, IDC_STATUS), "⏳ Reading the backup folder...");
    enable(w, IDC_CREATE, false);
    enable(w, IDC_REFRESH, false);
    w->queue = jobqueue_new(ring, hwnd);
    w->listing = start_task(w, TASK_OPEN);
    SetFocus(control(w, IDC_LIST));
}

static bool on_notify(MainWindow *w, const NMHDR *header)
{
    LRESULT result = 0;
    if (backup_list_notify(&w->list, header, &result)) {
        SetWindowLongPtrW(w->hwnd, DWLP_MSGRESULT, result);
        return true;
    }
    if (header->idFrom == IDC_LOCATION && (header->code == NM_CLICK || header->code == NM_RETURN)) {
        on_open_folder(w);
        return true;
    }
    return false;
}

static bool on_command(MainWindow *w, int id)
{
    switch (id) {
    case IDC_CREATE:
        on_create(w);
        return true;
    case IDC_REFRESH:
        on_refresh(w);
        return true;
    case IDC_CANCEL_JOB:
        on_cancel_job(w);
        return true;
    case IDCANCEL: /* Esc: never in the middle of something */
        if (w->job == NULL) {
            on_close(w);
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
        on_show_yourself(w);
        return TRUE;
    }
    switch (message) {
    case WM_APP_BELL:
        on_bell(w);
        return TRUE;
    case WM_TIMER:
        if (wparam == TIMER_PICTURE) {
            on_picture(w);
        } else {
            on_timer(w);
        }
        return TRUE;
    case WM_APP_SETTLED:
        on_settled(w);
        return TRUE;
    case WM_COMMAND:
        return on_command(w, LOWORD(wparam));
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
        on_close(w);
        return TRUE;
    case WM_QUERYENDSESSION:
        SetWindowLongPtrW(hwnd, DWLP_MSGRESULT, on_query_end_session(w, lparam));
        return TRUE;
    case WM_ENDSESSION:
        if (wparam) {
            on_end_session(w);
        }
        return TRUE;
    case WM_DESTROY:
        PostQuitMessage(w->exit_code);
        return TRUE;
    default:
        return FALSE;
    }
}

static void run_messages(const MainWindow *w, HACCEL keys)
{
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        if (!TranslateAcceleratorW(w->hwnd, keys, &message) && !IsDialogMessageW(w->hwnd, &message)) {
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
        ShowWindow(w.hwnd, show);
        UpdateWindow(w.hwnd);
        run_messages(&w, keys);
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
