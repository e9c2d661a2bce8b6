/*
 * window_state.h: how the user left the window: where it stood, the list's columns, what is shown. Kept in
 * %LOCALAPPDATA%\AIT CMMS\Backup\window.json; a file that cannot be used gives the defaults. Portable.
 */
#ifndef CMMS_UI_WINDOW_STATE_H
#define CMMS_UI_WINDOW_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define STATE_COLUMNS 8 /* COLUMN_COUNT */

typedef struct StateRect {
    int left, top, right, bottom;
} StateRect;

typedef struct WindowState {
    bool placed;    /* `place` is known */
    StateRect place; /* of the window when it is neither maximized nor minimized, in pixels of the whole desktop */
    bool maximized;
    bool hide_chart;
    bool keep;  /* closed, the window stays beside the clock */
    bool offered; /* that the program starts with Windows was offered */
    bool quiet; /* a backup that went well is not told beside the clock */
    bool sized;                 /* the user dragged a column: `widths` count */
    int widths[STATE_COLUMNS];  /* at 96 DPI */
    int order[STATE_COLUMNS];   /* columns from left to right, each once */
    int sort_column;
    bool descending;
} WindowState;

void window_state_init(WindowState *state); /* the defaults */
/* False without an Error worth telling: the file is not there or cannot be used, and state has the defaults. */
bool window_state_load(const char *path, WindowState *state);
bool window_state_parse(const char *bytes, size_t len, WindowState *state);
bool window_state_save(const char *path, const WindowState *state, Error *err);

/* Moves and shrinks a rectangle so that it lies in the area that it overlaps most (the first one for none). */
StateRect window_state_clamp(StateRect rect, const StateRect *areas, size_t count);

#endif
