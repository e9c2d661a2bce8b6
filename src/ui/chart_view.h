/*
 * chart_view.h: sizes (bars) and durations (dots on a line) of the backups over time, drawn into a static control with
 * SS_NOTIFY. Its text, which is not drawn, says the same in words for a screen reader; a tooltip says it of the backup
 * under the mouse.
 */
#ifndef CMMS_UI_CHART_VIEW_H
#define CMMS_UI_CHART_VIEW_H

#include <windows.h>

#include <stdbool.h>

#include "chart_scale.h"

typedef struct ChartView {
    HWND control;
    ChartPoint *points; /* owned, oldest first */
    size_t count;
    HWND tooltip;
    size_t hot; /* the point that the tooltip is about; count: none */
    bool contrast; /* the system's colours alone */
} ChartView;

/* `view` stays where it is while the control lives. */
void chart_view_init(ChartView *view, HWND control);
void chart_view_release(ChartView *view);
void chart_view_take(ChartView *view, const Catalog *catalog);
void chart_view_set_font(const ChartView *view, HFONT font);

#endif
