#include "log_view.h"

#include <commctrl.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "texts.h"
#include "ui_text.h"

#define DROPPED_AT_ONCE 100  /* lines: to take them away one by one costs much more */
#define LONGEST_LINE    8000 /* characters: a tool's flood does not become one endless paragraph */

/* In a dialog a multiline RichEdit keeps Tab, Enter and Esc for itself, and who came in by keyboard cannot get
 * out again. Read-only, it needs only the arrows. */
static LRESULT CALLBACK log_proc(HWND control, UINT message, WPARAM wparam, LPARAM lparam, UINT_PTR id, DWORD_PTR data)
{
    (void)data;
    switch (message) {
    case WM_GETDLGCODE: {
        /* But Enter is not for the dialog: who reads the log would press its default button, and begin a backup. */
        const MSG *key = (const MSG *)lparam;
        const bool enter = key != NULL && key->message == WM_KEYDOWN && key->wParam == VK_RETURN;
        return DLGC_WANTARROWS | DLGC_WANTCHARS | (enter ? DLGC_WANTMESSAGE : 0);
    }
    case WM_RBUTTONUP: { /* the control has no menu of its own */
        POINT point = {(short)LOWORD(lparam), (short)HIWORD(lparam)};
        ClientToScreen(control, &point);
        SendMessageW(GetParent(control), WM_CONTEXTMENU, (WPARAM)control, MAKELPARAM(point.x, point.y));
        return 0;
    }
    case WM_CONTEXTMENU: /* by keyboard */
        SendMessageW(GetParent(control), WM_CONTEXTMENU, (WPARAM)control, lparam);
        return 0;
    case WM_NCDESTROY:
        RemoveWindowSubclass(control, log_proc, id);
        break;
    default:
        break;
    }
    return DefSubclassProc(control, message, wparam, lparam);
}

void log_view_init(LogView *view, HWND control)
{
    *view = (LogView){.control = control};
    SetWindowSubclass(control, log_proc, 1, 0);
    SendMessageW(control, EM_EXLIMITTEXT, 0, LOG_VIEW_LINES * LONGEST_LINE);
    SendMessageW(control, EM_SETUIANAME, 0, (LPARAM)(L"" TEXT_LOG_NAME));
    SendMessageW(control, EM_SETTEXTMODE, TM_RICHTEXT | TM_SINGLELEVELUNDO, 0);
    SendMessageW(control, EM_SETUNDOLIMIT, 0, 0);
}

void log_view_set_plain(LogView *view, bool plain)
{
    view->plain = plain;
    SendMessageW(view->control, EM_SETBKGNDCOLOR, TRUE, 0);
    if (plain) {
        CHARFORMAT2W format = {.cbSize = sizeof format, .dwMask = CFM_COLOR, .dwEffects = CFE_AUTOCOLOR};
        SendMessageW(view->control, EM_SETCHARFORMAT, SCF_ALL, (LPARAM)&format);
    }
}

void log_view_select_all(const LogView *view)
{
    CHARRANGE all = {0, -1};
    SendMessageW(view->control, EM_EXSETSEL, 0, (LPARAM)&all);
}

void log_view_copy(const LogView *view)
{
    CHARRANGE range = {0, 0};
    SendMessageW(view->control, EM_EXGETSEL, 0, (LPARAM)&range);
    if (range.cpMin == range.cpMax) {
        log_view_select_all(view);
    }
    SendMessageW(view->control, WM_COPY, 0, 0);
    if (range.cpMin == range.cpMax) {
        SendMessageW(view->control, EM_EXSETSEL, 0, (LPARAM)&range);
    }
}

bool log_view_save(const LogView *view, const char *path, Error *err)
{
    wchar_t *wide = ui_get_wide(view->control);
    char *text = utf8_from_wide(wide);
    bool ok = fs_write_atomic(path, text, strlen(text), err);
    mem_free(text);
    mem_free(wide);
    return ok;
}

static bool end_in_sight(HWND control)
{
    SCROLLINFO info = {.cbSize = sizeof info, .fMask = SIF_RANGE | SIF_PAGE | SIF_POS};
    if (!GetScrollInfo(control, SB_VERT, &info) || info.nPage == 0) {
        return true;
    }
    /* A line's worth of slack: the last line may be cut by the box's height. */
    return info.nPos + (int)info.nPage >= info.nMax - 24;
}

void log_view_begin(LogView *view)
{
    view->dropped = 0;
    view->follow = end_in_sight(view->control);
    SendMessageW(view->control, EM_GETSCROLLPOS, 0, (LPARAM)&view->scroll);
    SendMessageW(view->control, EM_EXGETSEL, 0, (LPARAM)&view->selection);
    view->format = (CHARFORMAT2W){.cbSize = sizeof view->format};
    SendMessageW(view->control, EM_GETCHARFORMAT, SCF_DEFAULT, (LPARAM)&view->format);
    view->format.dwMask = CFM_COLOR | CFM_FACE;
    SendMessageW(view->control, WM_SETREDRAW, FALSE, 0);
}

static void set_colour(const LogView *view, LogLevel level, CHARFORMAT2W *format)
{
    static const COLORREF colours[] = {0, RGB(16, 110, 16), RGB(138, 78, 0), RGB(176, 14, 28)};
    format->crTextColor = colours[level];
    format->dwEffects = view->plain || level == LOG_INFO ? CFE_AUTOCOLOR : 0;
}

static void append(LogView *view, const wchar_t *text, const CHARFORMAT2W *format)
{
    CHARRANGE end = {view->total, view->total};
    SendMessageW(view->control, EM_EXSETSEL, 0, (LPARAM)&end);
    SendMessageW(view->control, EM_SETCHARFORMAT, SCF_SELECTION, (LPARAM)format);
    SendMessageW(view->control, EM_REPLACESEL, FALSE, (LPARAM)text);
    view->total += (LONG)wcslen(text);
}

/* Signs are set in the font that has them: the control's own search for one differs between its versions. */
static void append_with_signs(LogView *view, wchar_t *text, const CHARFORMAT2W *format)
{
    CHARFORMAT2W sign = *format;
    sign.dwMask |= CFM_FACE;
    swprintf(sign.szFaceName, LF_FACESIZE, L"%ls", L"Segoe UI Emoji");
    size_t start = 0;
    size_t i = 0;
    while (text[i] != 0) {
        size_t units = 0;
        if (!ui_is_sign(text + i, &units)) {
            i++;
            continue;
        }
        wchar_t kept = text[i];
        text[i] = 0;
        if (i > start) {
            append(view, text + start, format);
        }
        text[i] = kept;
        kept = text[i + units];
        text[i + units] = 0;
        append(view, text + i, &sign);
        text[i + units] = kept;
        i += units;
        start = i;
    }
    if (i > start) {
        append(view, text + start, format);
    }
}

static void drop_oldest(LogView *view)
{
    LONG length = 0;
    for (size_t i = 0; i < DROPPED_AT_ONCE; i++) {
        length += view->lengths[view->first] + 1; /* with the break after it */
        view->first = (view->first + 1) % LOG_VIEW_LINES;
        view->count--;
    }
    CHARRANGE range = {0, length};
    POINTL before = {0, 0};
    POINTL after = {0, 0};
    if (!view->follow) {
        SendMessageW(view->control, EM_POSFROMCHAR, (WPARAM)&before, length);
    }
    SendMessageW(view->control, EM_EXSETSEL, 0, (LPARAM)&range);
    SendMessageW(view->control, EM_REPLACESEL, FALSE, (LPARAM)L"");
    if (!view->follow) {
        SendMessageW(view->control, EM_POSFROMCHAR, (WPARAM)&after, 0);
        view->scroll.y -= before.y - after.y;
    }
    view->total -= length;
    view->dropped += length;
}

void log_view_add(LogView *view, LogLevel level, const char *text)
{
    if (view->count == LOG_VIEW_LINES) {
        drop_oldest(view);
    }
    static const char *const signs[] = {"", "✅ ", "⚠ ", "❌ "};
    wchar_t *line = wide_from_utf8(text);
    if (wcslen(line) > LONGEST_LINE) {
        line[LONGEST_LINE] = 0;
    }
    for (wchar_t *c = line; *c != 0; c++) {
        if (*c < L' ') {
            *c = L' '; /* one line is one paragraph; and what the control makes of others is its own affair */
        }
    }
    char *now = clock_log_text(clock_now());
    size_t units;
    wchar_t *stamp = ui_wide_printf("[%s] %s", now, ui_is_sign(line, &units) ? "" : signs[level]);
    CHARFORMAT2W format = view->format;
    set_colour(view, level, &format);
    if (view->count > 0) {
        append(view, L"\r", &format);
    }
    LONG before = view->total;
    append_with_signs(view, stamp, &format);
    append_with_signs(view, line, &format);
    view->lengths[(view->first + view->count) % LOG_VIEW_LINES] = view->total - before;
    view->count++;
    mem_free(stamp);
    mem_free(line);
    mem_free(now);
}

void log_view_end(LogView *view)
{
    LONG start = view->selection.cpMin - view->dropped;
    LONG stop = view->selection.cpMax - view->dropped;
    CHARRANGE selection = {start > 0 ? start : 0, stop > 0 ? stop : 0};
    if (view->follow && view->selection.cpMin == view->selection.cpMax) {
        selection.cpMin = selection.cpMax = view->total;
    }
    SendMessageW(view->control, EM_EXSETSEL, 0, (LPARAM)&selection);
    /* Only with drawing on again, and once drawn, does the control know how far it can scroll. With the frame: the
     * scroll bar may have come meanwhile. */
    SendMessageW(view->control, WM_SETREDRAW, TRUE, 0);
    RedrawWindow(view->control, NULL, NULL, RDW_INVALIDATE | RDW_ERASE | RDW_FRAME | RDW_UPDATENOW);
    if (view->follow) {
        SendMessageW(view->control, WM_VSCROLL, SB_BOTTOM, 0);
    } else {
        if (view->scroll.y < 0) {
            view->scroll.y = 0;
        }
        SendMessageW(view->control, EM_SETSCROLLPOS, 0, (LPARAM)&view->scroll);
    }
}
