/* ui_text.h: texts between our UTF-8 and controls, and the few sentences that the window makes of numbers. */
#ifndef CMMS_UI_TEXT_H
#define CMMS_UI_TEXT_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "catalog.h"
#include "connection.h"
#include "job.h"

/* Sets a control's text, unless it has it already: a text that is set anew flickers and is read out anew. */
void ui_set_text(HWND control, const char *utf8);
void ui_set_wide(HWND control, const wchar_t *text);

/* A control's text; caller frees. */
wchar_t *ui_get_wide(HWND control);

/* A string of two calls' worth: wide_from_utf8(mem_printf(...)). Caller frees. */
wchar_t *ui_wide_printf(const char *format, ...) CMMS_PRINTF(1, 2);

/* The path, or, where it is wider than `width` pixels in the DC's font, its two ends with an ellipsis between.
 * Caller frees. */
wchar_t *ui_fit_path(HDC dc, const char *path, int width);

/* All below: UTF-8, caller frees. */
char *ui_megabytes(uint64_t bytes);               /* "12.41" */
char *ui_progress_text(const Progress *progress); /* "42 % - Saving parts - 3.1 MB/s - about 2 minutes left" */
char *ui_status_text(const Catalog *catalog);     /* the sentence on top: the newest backup and its level */
char *ui_database_text(const Connection *connection, bool configured);

/* Whether a sign (an emoji or a symbol) starts here; *units gets its length in UTF-16 units. */
bool ui_is_sign(const wchar_t *text, size_t *units);

#endif
