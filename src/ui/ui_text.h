/* ui_text.h: texts between our UTF-8 and controls. */
#ifndef CMMS_UI_TEXT_H
#define CMMS_UI_TEXT_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "compiler.h"

/* Sets a control's text, unless it has it already: a text that is set anew flickers and is read out anew. */
void ui_set_text(HWND control, const char *utf8);
void ui_set_wide(HWND control, const wchar_t *text);

/* The same for lines that end as ours do: an edit box wants both characters. */
void ui_set_lines(HWND control, const char *utf8, size_t len);

/* A control's text; caller frees. */
wchar_t *ui_get_wide(HWND control);

/* The same as a secret, unset when it is empty; what it passes through is wiped. */
void ui_get_secret(HWND control, Secret *secret);

/* What is wrong with the input, as a sentence with its remedy. */
void ui_set_problem(HWND label, const Error *problem);

/* Where the message names a setting by its key in the file, it names it as the label before its box does. */
void ui_name_setting(Error *error, const char *key, HWND box);

/* A string of two calls' worth: wide_from_utf8(mem_printf(...)). Caller frees. */
wchar_t *ui_wide_printf(const char *format, ...) CMMS_PRINTF(1, 2);

/* The path, or, where it is wider than `width` pixels in the DC's font, its two ends with an ellipsis between.
 * Caller frees. */
wchar_t *ui_fit_path(HDC dc, const char *path, int width);

/* Whether a sign (an emoji or a symbol) starts here; *units gets its length in UTF-16 units. */
bool ui_is_sign(const wchar_t *text, size_t *units);

#endif
