/*
 * The sign is drawn in the emoji font through Uniscribe, which, unlike plain GDI text, puts the two halves of a
 * character beyond U+FFFF together on every system. The rest is drawn as the control would, access key included.
 */
#include "sign_label.h"

#include <commctrl.h>
#include <usp10.h>

#include "base/mem.h"
#include "ui_text.h"

static int draw_sign(HDC dc, HFONT base, const wchar_t *sign, size_t units, const RECT *rect)
{
    LOGFONTW font;
    GetObjectW(base, sizeof font, &font);
    font.lfWeight = FW_NORMAL;
    swprintf(font.lfFaceName, LF_FACESIZE, L"%ls", L"Segoe UI Emoji");
    HFONT emoji = CreateFontIndirectW(&font);
    TEXTMETRICW text_metrics;
    TEXTMETRICW sign_metrics;
    GetTextMetricsW(dc, &text_metrics);
    HGDIOBJ old = SelectObject(dc, emoji);
    GetTextMetricsW(dc, &sign_metrics);
    /* On the text's base line. */
    int top = rect->top + (rect->bottom - rect->top - text_metrics.tmHeight) / 2 + text_metrics.tmAscent -
              sign_metrics.tmAscent;
    int width = 0;
    SCRIPT_STRING_ANALYSIS analysis = NULL;
    if (SUCCEEDED(ScriptStringAnalyse(dc, sign, (int)units, (int)units * 3 + 16, -1, SSA_GLYPHS | SSA_FALLBACK, 0, NULL,
                                      NULL, NULL, NULL, NULL, &analysis))) {
        const SIZE *size = ScriptString_pSize(analysis);
        width = size == NULL ? 0 : size->cx;
        ScriptStringOut(analysis, rect->left, top, 0, NULL, 0, 0, FALSE);
        ScriptStringFree(&analysis);
    }
    SelectObject(dc, old);
    DeleteObject(emoji);
    return width;
}

static void paint(HWND label)
{
    PAINTSTRUCT ps;
    HDC dc = BeginPaint(label, &ps);
    RECT rect;
    GetClientRect(label, &rect);
    HBRUSH background = (HBRUSH)SendMessageW(GetParent(label), WM_CTLCOLORSTATIC, (WPARAM)dc, (LPARAM)label);
    FillRect(dc, &rect, background != NULL ? background : GetSysColorBrush(COLOR_BTNFACE));
    SetBkMode(dc, TRANSPARENT);
    HFONT font = (HFONT)SendMessageW(label, WM_GETFONT, 0, 0);
    HGDIOBJ old = SelectObject(dc, font);
    wchar_t *text = ui_get_wide(label);
    size_t units = 0;
    if (ui_is_sign(text, &units)) {
        rect.left += draw_sign(dc, font, text, units, &rect);
    }
    DWORD style = (DWORD)GetWindowLongPtrW(label, GWL_STYLE);
    UINT flags = DT_SINGLELINE | DT_VCENTER | DT_END_ELLIPSIS;
    if ((style & SS_NOPREFIX) != 0) {
        flags |= DT_NOPREFIX;
    } else if ((SendMessageW(label, WM_QUERYUISTATE, 0, 0) & UISF_HIDEACCEL) != 0) {
        flags |= DT_HIDEPREFIX;
    }
    DrawTextW(dc, text + units, -1, &rect, flags);
    mem_free(text);
    SelectObject(dc, old);
    EndPaint(label, &ps);
}

static LRESULT CALLBACK label_proc(HWND label, UINT message, WPARAM wparam, LPARAM lparam, UINT_PTR id, DWORD_PTR data)
{
    (void)data;
    switch (message) {
    case WM_PAINT:
        paint(label);
        return 0;
    case WM_ERASEBKGND:
        return 1;
    case WM_SETTEXT: {
        LRESULT result = DefSubclassProc(label, message, wparam, lparam);
        InvalidateRect(label, NULL, TRUE);
        return result;
    }
    case WM_UPDATEUISTATE:
        InvalidateRect(label, NULL, TRUE);
        break;
    case WM_NCDESTROY:
        RemoveWindowSubclass(label, label_proc, id);
        break;
    default:
        break;
    }
    return DefSubclassProc(label, message, wparam, lparam);
}

void sign_label_init(HWND label)
{
    SetWindowSubclass(label, label_proc, 1, 0);
}
