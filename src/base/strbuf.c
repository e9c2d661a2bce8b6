#include "base/strbuf.h"

#include <stdint.h>

#include "base/mem.h"

void strbuf_init(StrBuf *sb, size_t max)
{
    sb->buf = mem_alloc(1);
    sb->len = 0;
    sb->cap = 1;
    sb->max = max < SIZE_MAX ? max : SIZE_MAX - 1;
    sb->full = false;
}

void strbuf_release(StrBuf *sb)
{
    mem_free(sb->buf);
    *sb = (StrBuf){NULL, 0, 0, 0, false};
}

void strbuf_clear(StrBuf *sb)
{
    strbuf_setlen(sb, 0);
    sb->full = false;
}

char *strbuf_detach(StrBuf *sb)
{
    char *text = sb->buf;
    sb->buf = NULL;
    strbuf_release(sb);
    return text;
}

/* Room for `extra` more bytes and the NUL; false when the cap forbids them. */
static bool reserve(StrBuf *sb, size_t extra)
{
    if (extra > sb->max - sb->len) {
        sb->full = true;
        return false;
    }
    void *memory = sb->buf;
    mem_grow(&memory, &sb->cap, sb->len + extra + 1, 1);
    sb->buf = memory;
    return true;
}

bool strbuf_add(StrBuf *sb, const void *bytes, size_t len)
{
    if (!reserve(sb, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(sb->buf + sb->len, bytes, len);
    }
    sb->len += len;
    sb->buf[sb->len] = '\0';
    return true;
}

bool strbuf_addstr(StrBuf *sb, const char *text)
{
    return strbuf_add(sb, text, strlen(text));
}

bool strbuf_addch(StrBuf *sb, char c)
{
    return strbuf_add(sb, &c, 1);
}

bool strbuf_addf(StrBuf *sb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = strbuf_vaddf(sb, format, args);
    va_end(args);
    return ok;
}

bool strbuf_vaddf(StrBuf *sb, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0 || !reserve(sb, (size_t)len)) {
        sb->full = true;
        return false;
    }
    vsnprintf(sb->buf + sb->len, (size_t)len + 1, format, args);
    sb->len += (size_t)len;
    return true;
}

void strbuf_setlen(StrBuf *sb, size_t len)
{
    if (len < sb->len) {
        sb->len = len;
    }
    sb->buf[sb->len] = '\0';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void strbuf_trim(StrBuf *sb)
{
    size_t end = sb->len;
    while (end > 0 && is_space(sb->buf[end - 1])) {
        end--;
    }
    size_t start = 0;
    while (start < end && is_space(sb->buf[start])) {
        start++;
    }
    memmove(sb->buf, sb->buf + start, end - start);
    strbuf_setlen(sb, end - start);
}
