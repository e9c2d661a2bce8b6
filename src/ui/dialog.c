/* dialog.c: a template can ask for the middle of the screen (DS_CENTER), not of its owner; so code has to place it. */
#include "dialog.h"

#include "fitting.h"
#include "parts/look.h"

static StateRect state_rect(const RECT *rect)
{
    return (StateRect){rect->left, rect->top, rect->right, rect->bottom};
}

void dialog_begin(HWND dialog)
{
    HWND owner = GetWindow(dialog, GW_OWNER);
    MONITORINFO monitor = {.cbSize = sizeof monitor};
    RECT over, own;
    if (GetMonitorInfoW(MonitorFromWindow(owner != NULL ? owner : dialog, MONITOR_DEFAULTTONEAREST), &monitor) &&
        GetWindowRect(dialog, &own)) {
        const bool seen = owner != NULL && IsWindowVisible(owner) && !IsIconic(owner) && GetWindowRect(owner, &over);
        const StateRect area = state_rect(&monitor.rcWork);
        const StateRect place =
            fitting_over(seen ? state_rect(&over) : area, own.right - own.left, own.bottom - own.top, area);
        SetWindowPos(dialog, NULL, place.left, place.top, 0, 0, SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE);
    }
    look_apply_caption(dialog, look_high_contrast());
}
