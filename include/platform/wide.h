/*
 * wide.h: between our UTF-8 and Windows' UTF-16. Only what is for Windows alone includes it. Results are
 * on the heap, the caller frees them with mem_free.
 */
#ifndef CMMS_WIDE_H
#define CMMS_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compiler.h"

/* For texts that are shown: what is not valid becomes U+FFFD. NULL gives NULL. */
wchar_t *wide_from_utf8(CMMS_OPT const char *utf8);
char *utf8_from_wide(CMMS_OPT const wchar_t *wide);
/* `len` UTF-16 units, which need no NUL after them. */
CMMS_NEVER_NULL char *utf8_from_wide_len(const wchar_t *wide, size_t len);

/* For texts that name something (a file, an argument, a password), where a replaced character would name
 * something else: false, and *out untouched, when the text is not valid (a lone surrogate, a bad byte). */
CMMS_WHEN_TRUE bool wide_from_utf8_strict(const char *utf8, CMMS_OUT wchar_t **out);
CMMS_WHEN_TRUE bool utf8_from_wide_strict(const wchar_t *wide, CMMS_OUT char **out);

/* A path as the ...W calls of Windows take it: forward slashes turned, and from about 240 characters on made
 * absolute with the \\?\ prefix (\\?\UNC\ for shares), so that its length does not matter. False when the path
 * is empty or not valid UTF-8. */
CMMS_WHEN_TRUE bool wide_path(const char *utf8, CMMS_OUT wchar_t **out, Error *err);

/* The same, always absolute and with the prefix, for a folder below which longer names will be put. */
CMMS_WHEN_TRUE bool wide_path_long(const char *utf8, CMMS_OUT wchar_t **out, Error *err);

/* A path from Windows without the \\?\ or \\?\UNC\ prefix. */
char *utf8_from_wide_path(const wchar_t *wide);

#endif
