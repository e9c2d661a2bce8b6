#include "chart_view.h"

#include <commctrl.h>

#include "base/mem.h"
#include "locale_text.h"
#include "parts/dpi.h"
#include "platform/wide.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"

#define MOST_POINTS 60
#define MEGABYTE    (1024.0 * 1024.0)

typedef struct Canvas {
    HDC dc;
    RECT plot;
    int line; /* height of text */
    int unit; /* a pixel at 96 DPI */
    COLORREF bar, dot, grid, text;
} Canvas;

typedef struct Range {
    double least, most;
    bool known;
} Range;

static void widen(Range *range, double value)
{
    if (value >= 0) {
        range->least = range->known && range->least < value ? range->least : value;
        range->most = range->known && range->most > value ? range->most : value;
        range->known = true;
    }
}

static void draw_text(const Canvas *canvas, const char *text, RECT rect, UINT flags)
{
    wchar_t *wide = wide_from_utf8(text);
    DrawTextW(canvas->dc, wide, -1, &rect, flags | DT_SINGLELINE | DT_NOPREFIX | DT_VCENTER | DT_END_ELLIPSIS);
    mem_free(wide);
}

static void fill(const Canvas *canvas, int left, int top, int right, int bottom, COLORREF colour)
{
    RECT rect = {left, top, right, bottom};
    HBRUSH brush = CreateSolidBrush(colour);
    FillRect(canvas->dc, &rect, brush);
    DeleteObject(brush);
}

/* "■ Size (MB) to 20" on the left, "● Time (s) to 5" on the right: what is what, and how much the top is. */
static void draw_legend(const Canvas *canvas, const RECT *client, double megabytes, double seconds, bool timed)
{
    RECT rect = {client->left, client->top, client->right, client->top + canvas->line};
    int side = canvas->line / 2;
    int middle = rect.top + (canvas->line - side) / 2;
    fill(canvas, rect.left, middle, rect.left + side, middle + side, canvas->bar);
    char *end = locale_number(megabytes, megabytes < 1 ? 2 : 0);
    char *text = mem_printf(TEXT_CHART_SIZE, end);
    RECT half = {rect.left + side + 3 * canvas->unit, rect.top, (rect.left + rect.right) / 2, rect.bottom};
    draw_text(canvas, text, half, DT_LEFT);
    mem_free(text);
    mem_free(end);
    if (!timed) {
        return;
    }
    end = locale_number(seconds, seconds < 1 ? 2 : 0);
    text = mem_printf(TEXT_CHART_TIME, end);
    half = (RECT){(rect.left + rect.right) / 2 + side + 3 * canvas->unit, rect.top, rect.right, rect.bottom};
    HBRUSH brush = CreateSolidBrush(canvas->dot);
    HGDIOBJ old_brush = SelectObject(canvas->dc, brush);
    HGDIOBJ old_pen = SelectObject(canvas->dc, GetStockObject(NULL_PEN));
    int left = (rect.left + rect.right) / 2;
    Ellipse(canvas->dc, left, middle, left + side + 1, middle + side + 1);
    SelectObject(canvas->dc, old_pen);
    SelectObject(canvas->dc, old_brush);
    DeleteObject(brush);
    draw_text(canvas, text, half, DT_LEFT);
    mem_free(text);
    mem_free(end);
}

static void draw_times(const Canvas *canvas, const ChartView *view, double end)
{
    HPEN pen = CreatePen(PS_SOLID, 2 * canvas->unit, canvas->dot);
    HBRUSH brush = CreateSolidBrush(canvas->dot);
    HGDIOBJ old_pen = SelectObject(canvas->dc, pen);
    HGDIOBJ old_brush = SelectObject(canvas->dc, brush);
    const RECT *plot = &canvas->plot;
    int radius = 2 * canvas->unit;
    bool begun = false;
    for (size_t i = 0; i < view->count; i++) {
        if (view->points[i].seconds < 0) {
            begun = false;
            continue;
        }
        int x = (chart_scale_x(i, view->count, plot->left, plot->right) +
                 chart_scale_x(i + 1, view->count, plot->left, plot->right)) / 2;
        int y = chart_scale_y(view->points[i].seconds, end, plot->top, plot->bottom);
        if (begun) {
            LineTo(canvas->dc, x, y);
        }
        Ellipse(canvas->dc, x - radius, y - radius, x + radius + 1, y + radius + 1);
        MoveToEx(canvas->dc, x, y, NULL);
        begun = true;
    }
    SelectObject(canvas->dc, old_brush);
    SelectObject(canvas->dc, old_pen);
    DeleteObject(brush);
    DeleteObject(pen);
}

static void draw_chart(Canvas *canvas, const ChartView *view, const RECT *client)
{
    Range sizes = {0, 0, false};
    Range times = {0, 0, false};
    for (size_t i = 0; i < view->count; i++) {
        widen(&sizes, view->points[i].megabytes);
        widen(&times, view->points[i].seconds);
    }
    double megabytes = chart_scale_end(sizes.most);
    double seconds = chart_scale_end(times.most);
    draw_legend(canvas, client, megabytes, seconds, times.known);
    canvas->plot = (RECT){client->left, client->top + canvas->line + 4 * canvas->unit, client->right,
                          client->bottom - canvas->line - 2 * canvas->unit};
    const RECT *plot = &canvas->plot;
    if (plot->top >= plot->bottom) {
        return; /* a window on a low screen: its words are in the tip */
    }
    for (int i = 0; i <= 2; i++) {
        int y = chart_scale_y(i, 2, plot->top, plot->bottom);
        fill(canvas, plot->left, y, plot->right, y + canvas->unit, canvas->grid);
    }
    for (size_t i = 0; i < view->count; i++) {
        int left = chart_scale_x(i, view->count, plot->left, plot->right);
        int right = chart_scale_x(i + 1, view->count, plot->left, plot->right);
        int widest = 40 * canvas->unit;
        int gap = (right - left) / 6;
        if (right - left - 2 * gap > widest) {
            gap = (right - left - widest) / 2;
        }
        fill(canvas, left + gap, chart_scale_y(view->points[i].megabytes, megabytes, plot->top, plot->bottom),
             right - gap, plot->bottom, canvas->bar);
    }
    draw_times(canvas, view, seconds);
    RECT days = {client->left, plot->bottom + 2 * canvas->unit, client->right, client->bottom};
    char *first = locale_date(view->points[0].created);
    char *last = locale_date(view->points[view->count - 1].created);
    draw_text(canvas, first, days, DT_LEFT);
    if (view->count > 1) {
        draw_text(canvas, last, days, DT_RIGHT);
    }
    mem_free(last);
    mem_free(first);
}

/* Into a bitmap first: nothing flickers. */
static void paint(const ChartView *view)
{
    PAINTSTRUCT ps;
    HDC screen = BeginPaint(view->control, &ps);
    RECT client;
    GetClientRect(view->control, &client);
    HDC dc = CreateCompatibleDC(screen);
    HBITMAP bitmap = CreateCompatibleBitmap(screen, client.right > 0 ? client.right : 1,
                                            client.bottom > 0 ? client.bottom : 1);
    HGDIOBJ old_bitmap = SelectObject(dc, bitmap);
    HGDIOBJ old_font = SelectObject(dc, (HFONT)SendMessageW(view->control, WM_GETFONT, 0, 0));
    FillRect(dc, &client, GetSysColorBrush(COLOR_BTNFACE));
    TEXTMETRICW metrics;
    GetTextMetricsW(dc, &metrics);
    UINT dpi = dpi_of_window(view->control);
    Canvas canvas = {.dc = dc, .line = metrics.tmHeight, .unit = dpi >= 192 ? 2 : 1};
    canvas.text = GetSysColor(COLOR_BTNTEXT);
    canvas.grid = GetSysColor(COLOR_BTNSHADOW);
    canvas.bar = view->contrast ? GetSysColor(COLOR_HIGHLIGHT) : RGB(122, 168, 214);
    canvas.dot = view->contrast ? GetSysColor(COLOR_BTNTEXT) : RGB(150, 75, 10);
    SetBkMode(dc, TRANSPARENT);
    SetTextColor(dc, canvas.text);
    if (view->count == 0) {
        draw_text(&canvas, TEXT_CHART_EMPTY, client, DT_CENTER);
    } else {
        draw_chart(&canvas, view, &client);
    }
    BitBlt(screen, 0, 0, client.right, client.bottom, dc, 0, 0, SRCCOPY);
    SelectObject(dc, old_font);
    SelectObject(dc, old_bitmap);
    DeleteObject(bitmap);
    DeleteDC(dc);
    EndPaint(view->control, &ps);
}

/* --- what the mouse is over -------------------------------------------------------------------------------- */

static TTTOOLINFOW tool_of(const ChartView *view, wchar_t *text)
{
    return (TTTOOLINFOW){.cbSize = sizeof(TTTOOLINFOW),
                         .uFlags = TTF_IDISHWND | TTF_SUBCLASS,
                         .hwnd = GetParent(view->control),
                         .uId = (UINT_PTR)view->control,
                         .lpszText = text};
}

static char *point_in_words(const ChartPoint *point)
{
    char *when = locale_date_time(point->created);
    char *size = words_size((uint64_t)(point->megabytes * MEGABYTE));
    char *seconds = locale_number(point->seconds, 1);
    char *time = point->seconds < 0 ? mem_strdup("") : mem_printf(TEXT_CHART_POINT_TIME, seconds);
    char *size_text = mem_printf(TEXT_CHART_POINT, when, size);
    char *text = mem_printf("%s%s", size_text, time);
    mem_free(size_text);
    mem_free(time);
    mem_free(seconds);
    mem_free(size);
    mem_free(when);
    return text;
}

/* An empty text: no tooltip. */
static void show_tip(ChartView *view, size_t hot)
{
    char *text = hot < view->count ? point_in_words(&view->points[hot]) : mem_strdup("");
    wchar_t *wide = wide_from_utf8(text);
    TTTOOLINFOW tool = tool_of(view, wide);
    view->hot = hot;
    SendMessageW(view->tooltip, TTM_POP, 0, 0); /* the next one stands where the mouse is then */
    SendMessageW(view->tooltip, TTM_UPDATETIPTEXTW, 0, (LPARAM)&tool);
    mem_free(wide);
    mem_free(text);
}

static void on_mouse(ChartView *view, int x)
{
    RECT client;
    GetClientRect(view->control, &client);
    const size_t hot = chart_scale_index(x, view->count, client.left, client.right);
    if (hot != view->hot) {
        show_tip(view, hot);
    }
}

static LRESULT CALLBACK chart_proc(HWND control, UINT message, WPARAM wparam, LPARAM lparam, UINT_PTR id,
                                   DWORD_PTR data)
{
    switch (message) {
    case WM_PAINT:
        paint((const ChartView *)data);
        return 0;
    case WM_ERASEBKGND:
        return 1;
    case WM_MOUSEMOVE:
        on_mouse((ChartView *)data, (short)LOWORD(lparam));
        break;
    case WM_SIZE:
        InvalidateRect(control, NULL, FALSE);
        break;
    case WM_SETTEXT: {
        /* The control would draw it at once; it is only to be read out. (Drawing switched on again would also show a
         * hidden control.) */
        if (!IsWindowVisible(control)) {
            break;
        }
        SendMessageW(control, WM_SETREDRAW, FALSE, 0);
        LRESULT result = DefSubclassProc(control, message, wparam, lparam);
        SendMessageW(control, WM_SETREDRAW, TRUE, 0);
        return result;
    }
    case WM_NCDESTROY:
        RemoveWindowSubclass(control, chart_proc, id);
        break;
    default:
        break;
    }
    return DefSubclassProc(control, message, wparam, lparam);
}

static char *growth_in_words(const ChartView *view)
{
    const int percent = chart_growth(view->points, view->count);
    return view->count < 2 ? mem_strdup("")
           : percent > 0   ? mem_printf(TEXT_CHART_MORE, percent)
           : percent < 0   ? mem_printf(TEXT_CHART_LESS, -percent)
                           : mem_strdup(TEXT_CHART_SAME);
}

static char *times_in_words(const Range *times)
{
    char *shortest = locale_number(times->least, 1);
    char *longest = locale_number(times->most, 1);
    char *text = times->known ? mem_printf(TEXT_CHART_TIMES, shortest, longest) : mem_strdup("");
    mem_free(longest);
    mem_free(shortest);
    return text;
}

static char *in_words(const ChartView *view)
{
    Range sizes = {0, 0, false};
    Range times = {0, 0, false};
    if (view->count == 0) {
        return mem_strdup(TEXT_CHART_EMPTY);
    }
    for (size_t i = 0; i < view->count; i++) {
        widen(&sizes, view->points[i].megabytes);
        widen(&times, view->points[i].seconds);
    }
    const ChartPoint *newest = &view->points[view->count - 1];
    char *least = words_size((uint64_t)(sizes.least * MEGABYTE));
    char *most = words_size((uint64_t)(sizes.most * MEGABYTE));
    char *size = words_size((uint64_t)(newest->megabytes * MEGABYTE));
    char *date = locale_date(newest->created);
    char *growth = growth_in_words(view);
    char *took = times_in_words(&times);
    char *words = mem_printf(TEXT_CHART_WORDS, (unsigned long long)view->count, least, most, size, date, growth);
    char *text = mem_printf("%s%s", words, took);
    char *texts[] = {least, most, size, date, growth, took, words};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mem_free(texts[i]);
    }
    return text;
}

void chart_view_init(ChartView *view, HWND control)
{
    wchar_t none[] = L"";
    *view = (ChartView){.control = control};
    view->tooltip =
        CreateWindowExW(WS_EX_TOPMOST, TOOLTIPS_CLASSW, NULL, WS_POPUP | TTS_NOPREFIX, CW_USEDEFAULT, CW_USEDEFAULT,
                        CW_USEDEFAULT, CW_USEDEFAULT, GetParent(control), NULL, GetModuleHandleW(NULL), NULL);
    TTTOOLINFOW tool = tool_of(view, none);
    SendMessageW(view->tooltip, TTM_ADDTOOLW, 0, (LPARAM)&tool);
    SetWindowSubclass(control, chart_proc, 1, (DWORD_PTR)view);
}

void chart_view_set_font(const ChartView *view, HFONT font)
{
    SendMessageW(view->tooltip, WM_SETFONT, (WPARAM)font, FALSE);
}

void chart_view_release(ChartView *view)
{
    mem_free(view->points);
    view->points = NULL;
    view->count = 0;
}

void chart_view_take(ChartView *view, const Catalog *catalog)
{
    chart_view_release(view);
    view->points = chart_points(catalog, MOST_POINTS, &view->count);
    char *text = in_words(view);
    ui_set_text(view->control, text);
    mem_free(text);
    show_tip(view, view->count);
    InvalidateRect(view->control, NULL, FALSE);
}
