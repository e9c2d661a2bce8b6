/*
 * layout.h: where a resizable dialog's controls stand.
 *
 * The dialog template is the design: layout_init remembers it in units of the dialog's font. From then on the
 * controls' places are a function of three things only: the design, the font in use, and the client size. Each
 * control says how much of the extra width and height moves it and how much makes it grow, in percent. A new
 * font (another monitor, another text size) is thus a new computation, not a scaling of rounded pixels.
 */
#ifndef CMMS_UI_LAYOUT_H
#define CMMS_UI_LAYOUT_H

#include <windows.h>

#include <stddef.h>

typedef struct LayoutItem {
    int id;
    int move_x, move_y, grow_x, grow_y; /* percent of the extra */
} LayoutItem;

typedef struct Layout {
    HWND dialog;
    const LayoutItem *items; /* borrowed: static tables */
    size_t count;
    HWND *controls; /* owned: each item's window, looked up once: under Wine each look-up is two calls of its server */
    RECT *design;   /* owned: each item's rectangle in the template */
    SIZE design_client;
    SIZE design_base; /* the dialog's base units (average width, height of a character) in the template */
    SIZE base;        /* those of the font in use */
} Layout;

void layout_init(Layout *layout, HWND dialog, const LayoutItem *items, size_t count);
void layout_release(Layout *layout);
HWND layout_control(const Layout *layout, int id); /* an item's; NULL: it is none */
/* Gives the font to every item and takes its base units. */
void layout_set_font(Layout *layout, HFONT font);
/* The client size of the design with the font in use. */
SIZE layout_design_size(const Layout *layout);
/* Dialog units to pixels with the font in use. */
int layout_x(const Layout *layout, int units);
int layout_y(const Layout *layout, int units);
void layout_apply(const Layout *layout);

#endif
