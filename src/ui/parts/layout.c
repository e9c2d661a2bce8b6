#include "layout.h"

#include "base/mem.h"

static size_t index_of(const Layout *layout, int id)
{
    size_t i = 0;
    while (i < layout->count && layout->items[i].id != id) {
        i++;
    }
    return i;
}

static BOOL CALLBACK note_control(HWND control, LPARAM data)
{
    Layout *layout = (Layout *)data;
    const size_t i = GetParent(control) == layout->dialog ? index_of(layout, GetDlgCtrlID(control)) : layout->count;
    if (i < layout->count) {
        layout->controls[i] = control;
        GetWindowRect(control, &layout->design[i]);
        MapWindowPoints(NULL, layout->dialog, (POINT *)&layout->design[i], 2);
    }
    return TRUE;
}

void layout_init(Layout *layout, HWND dialog, const LayoutItem *items, size_t count)
{
    RECT unit = {0, 0, 4, 8};
    MapDialogRect(dialog, &unit);
    RECT client;
    GetClientRect(dialog, &client);
    *layout = (Layout){.dialog = dialog, .items = items, .count = count};
    layout->design_base = (SIZE){unit.right, unit.bottom};
    layout->base = layout->design_base;
    layout->design_client = (SIZE){client.right, client.bottom};
    layout->controls = mem_array(count, sizeof *layout->controls);
    layout->design = mem_array(count, sizeof *layout->design);
    EnumChildWindows(dialog, note_control, (LPARAM)layout);
}

void layout_release(Layout *layout)
{
    mem_free(layout->controls);
    mem_free(layout->design);
    layout->controls = NULL;
    layout->design = NULL;
    layout->count = 0;
}

HWND layout_control(const Layout *layout, int id)
{
    const size_t i = index_of(layout, id);
    return i < layout->count ? layout->controls[i] : NULL;
}

/* The base units as the dialog manager computes them for a font. */
static SIZE base_units(HWND window, HFONT font)
{
    static const wchar_t letters[] = L"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    HDC dc = GetDC(window);
    HGDIOBJ old = SelectObject(dc, font);
    TEXTMETRICW metrics;
    SIZE size;
    SIZE base = {7, 15};
    if (GetTextMetricsW(dc, &metrics) && GetTextExtentPoint32W(dc, letters, 52, &size)) {
        base = (SIZE){(size.cx / 26 + 1) / 2, metrics.tmHeight};
    }
    SelectObject(dc, old);
    ReleaseDC(window, dc);
    return base;
}

void layout_set_font(Layout *layout, HFONT font)
{
    for (size_t i = 0; i < layout->count; i++) {
        SendMessageW(layout->controls[i], WM_SETFONT, (WPARAM)font, FALSE);
    }
    layout->base = base_units(layout->dialog, font);
}

static int scale(int value, int to, int from)
{
    return from == 0 ? value : MulDiv(value, to, from);
}

SIZE layout_design_size(const Layout *layout)
{
    return (SIZE){scale(layout->design_client.cx, layout->base.cx, layout->design_base.cx),
                  scale(layout->design_client.cy, layout->base.cy, layout->design_base.cy)};
}

int layout_x(const Layout *layout, int units)
{
    return MulDiv(units, layout->base.cx, 4);
}

int layout_y(const Layout *layout, int units)
{
    return MulDiv(units, layout->base.cy, 8);
}

void layout_apply(const Layout *layout)
{
    RECT client;
    GetClientRect(layout->dialog, &client);
    SIZE design = layout_design_size(layout);
    int extra_x = client.right - design.cx;
    int extra_y = client.bottom - design.cy;
    HDWP positions = BeginDeferWindowPos((int)layout->count);
    for (size_t i = 0; i < layout->count && positions != NULL; i++) {
        const LayoutItem *item = &layout->items[i];
        const RECT *r = &layout->design[i];
        /* Edges are computed, not widths: what is flush in the template stays flush. */
        int left = scale(r->left, layout->base.cx, layout->design_base.cx) + MulDiv(extra_x, item->move_x, 100);
        int top = scale(r->top, layout->base.cy, layout->design_base.cy) + MulDiv(extra_y, item->move_y, 100);
        int right = scale(r->right, layout->base.cx, layout->design_base.cx) +
                    MulDiv(extra_x, item->move_x + item->grow_x, 100);
        int bottom = scale(r->bottom, layout->base.cy, layout->design_base.cy) +
                     MulDiv(extra_y, item->move_y + item->grow_y, 100);
        int width = right > left ? right - left : 0;
        int height = bottom > top ? bottom - top : 0;
        HWND control = layout->controls[i];
        RECT now;
        GetWindowRect(control, &now);
        MapWindowPoints(NULL, layout->dialog, (POINT *)&now, 2);
        /* Most stand where the template put them, when the window is made. */
        if (now.left != left || now.top != top || now.right - now.left != width || now.bottom - now.top != height) {
            positions =
                DeferWindowPos(positions, control, NULL, left, top, width, height, SWP_NOZORDER | SWP_NOACTIVATE);
        }
    }
    if (positions != NULL) {
        EndDeferWindowPos(positions);
    }
}
