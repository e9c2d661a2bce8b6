/*
 * wide.h: between our UTF-8 and Windows' UTF-16. Only what is for Windows alone includes it. Results are
 * on the heap, the caller frees them with mem_free.
 */
#ifndef CMMS_WIDE_H
#define CMMS_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* For texts that are shown: what is not valid becomes U+FFFD. NULL gives NULL. */
wchar_t *wide_from_utf8(const char *utf8);
char *utf8_from_wide(const wchar_t *wide);
char *utf8_from_wide_len(const wchar_t *wide, size_t len); /* len UTF-16 units, which need no NUL after them */

/* For texts that name something (a file, an argument, a password), where a replaced character would name
 * something else: false, and *out untouched, when the text is not valid (a lone surrogate, a bad byte). */
bool wide_from_utf8_strict(const char *utf8, wchar_t **out);
bool utf8_from_wide_strict(const wchar_t *wide, char **out);

/* A path as the ...W calls of Windows take it: forward slashes turned, and from about 240 characters on made
 * absolute with the \\?\ prefix (\\?\UNC\ for shares), so that its length does not matter. False when the path
 * is empty or not valid UTF-8. */
bool wide_path(const char *utf8, wchar_t **out, Error *err);

/* The same, always absolute and with the prefix, for a folder below which longer names will be put. */
bool wide_path_long(const char *utf8, wchar_t **out, Error *err);

/* A path from Windows without the \\?\ or \\?\UNC\ prefix. */
char *utf8_from_wide_path(const wchar_t *wide);

#endif
