/*
 * log_view.h: the "Status & Logs" box: a read-only RichEdit that holds the newest lines, at most LOG_VIEW_LINES.
 *
 * A line is "[2026-01-19 14:30:52] text". Good news, warnings and errors begin with a sign as well as having a
 * colour. The view follows new lines only while its end is in sight: who reads further up is left in peace.
 */
#ifndef CMMS_UI_LOG_VIEW_H
#define CMMS_UI_LOG_VIEW_H

#include <windows.h>

#include <richedit.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/job.h"

#define LOG_VIEW_LINES 2000

typedef struct LogView {
    HWND control;
    LONG lengths[LOG_VIEW_LINES]; /* ring: characters of each line, without the break after it */
    size_t first, count;
    LONG total; /* characters in the control */
    /* Between begin and end: */
    bool follow;         /* the end was in sight */
    POINT scroll;        /* where the view stood */
    CHARRANGE selection; /* what was selected */
    LONG dropped;        /* characters taken away at the top */
    CHARFORMAT2W format; /* of plain text */
    bool plain;          /* no colours of our own: high contrast */
} LogView;

void log_view_init(LogView *view, HWND control);
/* In high contrast the system's colours alone; what is there already loses its own. */
void log_view_set_plain(LogView *view, bool plain);
void log_view_copy(const LogView *view); /* what is selected, else all, to the clipboard */
void log_view_select_all(const LogView *view);
bool log_view_save(const LogView *view, const char *path, Error *err); /* UTF-8 */
/* Lines are added between begin and end, which redraws once. */
void log_view_begin(LogView *view);
void log_view_add(LogView *view, LogLevel level, const char *text);
void log_view_end(LogView *view);

#endif
