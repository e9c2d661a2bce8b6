/*
 * strbuf.h: a growing string with a cap.
 *
 * Always ends in NUL, also when empty; bytes may hold NULs of their own. `max` is the largest len it may
 * reach: what would go beyond is refused as a whole, the call returns false, and `full` stays set. Callers
 * that build a text from our own parts may ignore the result; callers that take outside data may not.
 */
#ifndef CMMS_STRBUF_H
#define CMMS_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

typedef struct StrBuf {
    char *buf;  /* never NULL after init */
    size_t len; /* bytes, without the NUL */
    size_t cap; /* bytes allocated */
    size_t max; /* largest len */
    bool full;  /* something was refused */
} StrBuf;

#define STRBUF_SMALL 4096u
#define STRBUF_LINE 65536u
#define STRBUF_LARGE (64u * 1024u * 1024u)

void strbuf_init(CMMS_OUT StrBuf *sb, size_t max);
void strbuf_release(StrBuf *sb);        /* frees; the StrBuf must be initialised again before use */
void strbuf_clear(StrBuf *sb);          /* empties, keeps the memory, clears `full` */
CMMS_NEVER_NULL char *strbuf_detach(StrBuf *sb); /* caller frees; the StrBuf is released */
bool strbuf_add(StrBuf *sb, CMMS_READS(len) const void *bytes, size_t len);
bool strbuf_addstr(StrBuf *sb, const char *text);
bool strbuf_addch(StrBuf *sb, char c);
bool strbuf_addf(StrBuf *sb, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(2, 3);
bool strbuf_vaddf(StrBuf *sb, CMMS_FORMAT const char *format, va_list args);
void strbuf_setlen(StrBuf *sb, size_t len); /* shortens */
void strbuf_trim(StrBuf *sb);           /* white space at both ends */

#endif
