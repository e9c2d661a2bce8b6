/*
 * whole_text.c: one tooltip for each control, made when there is first something to show: a window that opens has no
 * time for it. Its text is looked up anew whenever the mouse moves, because rows come and go under it; an empty one is
 * not shown.
 *
 * A list's own tips are taken from it: they know its first column alone, or, elsewhere, would stand over ours.
 */
#include "whole_text.h"

#include <commctrl.h>

#include "base/mem.h"
#include "fitting.h"
#include "parts/dpi.h"
#include "ui_text.h"

#define CELL_UNITS 600 /* as much of a cell as is shown */
#define TIP_WIDTH  420 /* at 96 DPI; what is longer goes on in the next line */
#define MARGIN     10  /* the same; a sign may be wider than it is measured */

typedef struct WholeText {
    HWND control, tooltip; /* NULL: not made yet */
    bool list;
    int row, column; /* under the mouse, where it is shown */
    wchar_t *shown;  /* owned: the tooltip's text; empty: none */
} WholeText;

static TTTOOLINFOW tool_of(const WholeText *whole, wchar_t *text)
{
    return (TTTOOLINFOW){.cbSize = sizeof(TTTOOLINFOW),
                         .uFlags = TTF_IDISHWND | TTF_SUBCLASS,
                         .hwnd = GetParent(whole->control),
                         .uId = (UINT_PTR)whole->control,
                         .lpszText = text};
}

static void make_tooltip(WholeText *whole)
{
    wchar_t none[] = L"";
    whole->tooltip =
        CreateWindowExW(WS_EX_TOPMOST, TOOLTIPS_CLASSW, NULL, WS_POPUP | TTS_NOPREFIX, CW_USEDEFAULT, CW_USEDEFAULT,
                        CW_USEDEFAULT, CW_USEDEFAULT, GetParent(whole->control), NULL, GetModuleHandleW(NULL), NULL);
    TTTOOLINFOW tool = tool_of(whole, none);
    SendMessageW(whole->tooltip, TTM_ADDTOOLW, 0, (LPARAM)&tool);
}

/* Takes the text. */
static void show(WholeText *whole, wchar_t *text, int row, int column)
{
    const bool same = row == whole->row && column == whole->column && wcscmp(text, whole->shown) == 0;
    mem_free(same ? text : whole->shown);
    if (same) {
        return;
    }
    whole->shown = text;
    whole->row = row;
    whole->column = column;
    if (whole->tooltip == NULL) {
        if (text[0] == 0) {
            return;
        }
        make_tooltip(whole);
    }
    TTTOOLINFOW tool = tool_of(whole, text);
    const int width = MulDiv(TIP_WIDTH, (int)dpi_of_window(whole->control), 96);
    SendMessageW(whole->tooltip, WM_SETFONT, (WPARAM)SendMessageW(whole->control, WM_GETFONT, 0, 0), FALSE);
    SendMessageW(whole->tooltip, TTM_SETMAXTIPWIDTH, 0, width);
    SendMessageW(whole->tooltip, TTM_POP, 0, 0); /* the next one stands where the mouse is then */
    SendMessageW(whole->tooltip, TTM_UPDATETIPTEXTW, 0, (LPARAM)&tool);
}

static bool is_cut(HWND list, int column, const wchar_t *text)
{
    HIMAGELIST signs = column == 0 ? (HIMAGELIST)SendMessageW(list, LVM_GETIMAGELIST, LVSIL_SMALL, 0) : NULL;
    int sign = 0, height = 0;
    if (signs != NULL) {
        ImageList_GetIconSize(signs, &sign, &height);
    }
    const int margins = 2 * ListView_GetStringWidth(list, L"n");
    return ListView_GetStringWidth(list, text) + margins + sign > ListView_GetColumnWidth(list, column);
}

static void show_cell(WholeText *whole, POINT at)
{
    wchar_t *text = mem_array(CELL_UNITS, sizeof *text);
    LVHITTESTINFO hit = {.pt = at, .iItem = -1};
    SendMessageW(whole->control, LVM_SUBITEMHITTEST, 0, (LPARAM)&hit);
    if (hit.iItem >= 0 && hit.iSubItem >= 0) {
        LVITEMW item = {.iSubItem = hit.iSubItem, .pszText = text, .cchTextMax = CELL_UNITS};
        SendMessageW(whole->control, LVM_GETITEMTEXTW, (WPARAM)hit.iItem, (LPARAM)&item);
        text[CELL_UNITS - 1] = 0;
        if (!is_cut(whole->control, hit.iSubItem, text)) {
            text[0] = 0;
        }
    }
    show(whole, text, hit.iItem, hit.iSubItem);
}

static void show_label(WholeText *whole)
{
    wchar_t *text = ui_get_wide(whole->control);
    RECT rect;
    SIZE size = {0, 0};
    GetClientRect(whole->control, &rect);
    HDC dc = GetDC(whole->control);
    HGDIOBJ old = SelectObject(dc, (HFONT)SendMessageW(whole->control, WM_GETFONT, 0, 0));
    GetTextExtentPoint32W(dc, text, (int)wcslen(text), &size);
    SelectObject(dc, old);
    ReleaseDC(whole->control, dc);
    const int margin = MulDiv(MARGIN, (int)dpi_of_window(whole->control), 96);
    if (fitting_has_room(size.cx, margin, rect.right)) {
        text[0] = 0;
    }
    show(whole, text, 0, 0);
}

static LRESULT CALLBACK whole_text_proc(HWND control, UINT message, WPARAM wparam, LPARAM lparam, UINT_PTR id,
                                        DWORD_PTR data)
{
    WholeText *whole = (WholeText *)data;
    switch (message) {
    case WM_MOUSEMOVE:
        if (whole->list) {
            show_cell(whole, (POINT){(short)LOWORD(lparam), (short)HIWORD(lparam)});
        } else {
            show_label(whole);
        }
        break;
    case WM_SETTEXT: /* what it said is no longer so */
        show(whole, mem_array(1, sizeof(wchar_t)), -1, -1);
        break;
    case WM_NCDESTROY:
        RemoveWindowSubclass(control, whole_text_proc, id);
        mem_free(whole->shown);
        mem_free(whole);
        break;
    default:
        break;
    }
    return DefSubclassProc(control, message, wparam, lparam);
}

static void begin(HWND control, bool list)
{
    WholeText *whole = mem_alloc(sizeof *whole);
    *whole = (WholeText){.control = control, .list = list, .row = -1, .column = -1};
    whole->shown = mem_array(1, sizeof(wchar_t));
    SetWindowSubclass(control, whole_text_proc, 2, (DWORD_PTR)whole);
}

void whole_text_of_list(HWND list)
{
    SendMessageW(list, LVM_SETTOOLTIPS, 0, 0);
    begin(list, true);
}

void whole_text_of_label(HWND label)
{
    begin(label, false);
}
