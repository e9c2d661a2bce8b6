#include "layout.h"

#include "mem.h"

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
    layout->design = mem_array(count, sizeof *layout->design);
    for (size_t i = 0; i < count; i++) {
        GetWindowRect(GetDlgItem(dialog, items[i].id), &layout->design[i]);
        MapWindowPoints(NULL, dialog, (POINT *)&layout->design[i], 2);
    }
}

void layout_release(Layout *layout)
{
    mem_free(layout->design);
    layout->design = NULL;
    layout->count = 0;
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
    for (HWND child = GetWindow(layout->dialog, GW_CHILD); child != NULL; child = GetWindow(child, GW_HWNDNEXT)) {
        SendMessageW(child, WM_SETFONT, (WPARAM)font, FALSE);
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
        positions = DeferWindowPos(positions, GetDlgItem(layout->dialog, item->id), NULL, left, top, width, height,
                                   SWP_NOZORDER | SWP_NOACTIVATE);
    }
    if (positions != NULL) {
        EndDeferWindowPos(positions);
    }
}
