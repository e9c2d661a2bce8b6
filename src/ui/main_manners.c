/* main_manners.c: where the window stands, the icon beside the clock, colours: what the desk expects of a window. */
#include "main_private.h"

#include <shellapi.h>

#include "base/mem.h"
#include "parts/look.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "texts.h"

#define MOST_MONITORS 16

/* --- how the user left it -------------------------------------------------------------------------------- */

void main_load_state(MainWindow *w)
{
    window_state_init(&w->state);
    if (w->options->state != NULL) {
        w->state_path = mem_strdup(w->options->state);
    } else if (w->options->screenshot == NULL) { /* pictures show the design */
        char *dir = machine_local_data_dir();
        w->state_path = dir == NULL ? NULL : fs_join(dir, "window.json");
        mem_free(dir);
    }
    if (w->state_path != NULL) {
        window_state_load(w->state_path, &w->state);
    }
}

/* One that cannot be kept costs nothing but itself, so nobody is bothered. */
void main_save_state(MainWindow *w)
{
    WINDOWPLACEMENT placement = {.length = sizeof placement};
    if (w->state_path == NULL || !GetWindowPlacement(w->hwnd, &placement)) {
        return;
    }
    RECT rect = placement.rcNormalPosition;
    /* The placement is told from the work area's corner, not the desktop's. */
    MONITORINFO monitor = {.cbSize = sizeof monitor};
    GetMonitorInfoW(MonitorFromWindow(w->hwnd, MONITOR_DEFAULTTONEAREST), &monitor);
    OffsetRect(&rect, monitor.rcWork.left - monitor.rcMonitor.left, monitor.rcWork.top - monitor.rcMonitor.top);
    w->state.place = (StateRect){rect.left, rect.top, rect.right, rect.bottom};
    w->state.placed = true;
    w->state.maximized = placement.showCmd == SW_SHOWMAXIMIZED ||
                         (placement.showCmd == SW_SHOWMINIMIZED && (placement.flags & WPF_RESTORETOMAXIMIZED) != 0);
    backup_list_get_state(&w->list, w->dpi, &w->state);
    window_state_save(w->state_path, &w->state, NULL);
}

typedef struct Monitors {
    StateRect areas[MOST_MONITORS];
    size_t count;
} Monitors;

static BOOL CALLBACK add_monitor(HMONITOR handle, HDC dc, RECT *rect, LPARAM data)
{
    (void)dc;
    (void)rect;
    Monitors *monitors = (Monitors *)data;
    MONITORINFO info = {.cbSize = sizeof info};
    if (monitors->count < MOST_MONITORS && GetMonitorInfoW(handle, &info)) {
        monitors->areas[monitors->count++] =
            (StateRect){info.rcWork.left, info.rcWork.top, info.rcWork.right, info.rcWork.bottom};
    }
    return TRUE;
}

void main_place(MainWindow *w, SIZE size)
{
    Monitors monitors = {.count = 0};
    EnumDisplayMonitors(NULL, NULL, add_monitor, (LPARAM)&monitors);
    StateRect rect = w->state.place;
    if (!w->state.placed) {
        MONITORINFO monitor = {.cbSize = sizeof monitor};
        GetMonitorInfoW(MonitorFromWindow(w->hwnd, MONITOR_DEFAULTTOPRIMARY), &monitor);
        RECT area = monitor.rcWork;
        rect.left = area.left + (area.right - area.left - size.cx) / 2;
        rect.top = area.top + (area.bottom - area.top - size.cy) / 2;
        rect.right = rect.left + size.cx;
        rect.bottom = rect.top + size.cy;
    }
    rect = window_state_clamp(rect, monitors.areas, monitors.count);
    SetWindowPos(w->hwnd, NULL, rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top,
                 SWP_NOZORDER | SWP_NOACTIVATE);
}

/* --- colours --------------------------------------------------------------------------------------------- */

void main_look_changed(MainWindow *w)
{
    w->contrast = w->options->high_contrast || look_high_contrast();
    w->chart.contrast = w->contrast;
    look_apply_caption(w->hwnd, w->contrast);
    log_view_set_plain(&w->log, w->contrast);
    RedrawWindow(w->hwnd, NULL, NULL, RDW_INVALIDATE | RDW_ERASE | RDW_FRAME | RDW_ALLCHILDREN);
}

/* --- the icon beside the clock --------------------------------------------------------------------------- */

void main_on_show_yourself(MainWindow *w)
{
    if (!IsWindowVisible(w->hwnd)) {
        ShowWindow(w->hwnd, w->state.maximized ? SW_SHOWMAXIMIZED : SW_SHOW);
    }
    if (IsIconic(w->hwnd)) {
        ShowWindow(w->hwnd, SW_RESTORE);
    }
    SetForegroundWindow(w->hwnd);
    if (w->greet) {
        w->greet = false;
        PostMessageW(w->hwnd, WM_COMMAND, IDM_CONNECTION, 0);
    } else if (w->ask_later) {
        PostMessageW(w->hwnd, WM_APP_SIGN_IN, 0, 0);
    }
}

static void show_tray_menu(MainWindow *w, int x, int y)
{
    HMENU bar = LoadMenuW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDR_TRAY_MENU));
    HMENU menu = GetSubMenu(bar, 0);
    SetMenuDefaultItem(menu, IDM_TRAY_OPEN, FALSE);
    /* Without these two the menu would not close when the user clicks elsewhere. */
    SetForegroundWindow(w->hwnd);
    TrackPopupMenu(menu, TPM_RIGHTBUTTON, x, y, 0, w->hwnd, NULL);
    PostMessageW(w->hwnd, WM_NULL, 0, 0);
    DestroyMenu(bar);
}

void main_on_tray(MainWindow *w, UINT event, int x, int y)
{
    switch (event) {
    case NIN_SELECT:
    case NIN_KEYSELECT:
        main_on_show_yourself(w);
        break;
    case NIN_BALLOONUSERCLICK:
        main_on_balloon(w);
        break;
    case WM_CONTEXTMENU:
        show_tray_menu(w, x, y);
        break;
    default:
        break;
    }
}

void main_notify_end(const MainWindow *w, const char *text, bool bad)
{
    if (!main_is_seen(w)) {
        tray_notify(&w->tray, TEXT_TRAY_TIP, text, bad);
    }
}
