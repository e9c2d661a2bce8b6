#include "utf.h"

#include <stdint.h>

/* The length of the valid sequence at the start of the bytes, 0 when there is none (Unicode, table 3-7). */
static size_t sequence_len(const unsigned char *p, size_t len)
{
    unsigned char lead = p[0];
    unsigned char low = 0x80, high = 0xBF; /* what the second byte may be */
    size_t need;
    if (lead < 0x80) {
        return 1;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
        need = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        need = 3;
        low = lead == 0xE0 ? 0xA0 : low;   /* overlong */
        high = lead == 0xED ? 0x9F : high; /* surrogates */
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        need = 4;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high; /* above U+10FFFF */
    } else {
        return 0;
    }
    if (len < need || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return need;
}

size_t utf8_valid_prefix(const char *bytes, size_t len)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < len) {
        size_t step = sequence_len(p + i, len - i);
        if (step == 0) {
            break;
        }
        i += step;
    }
    return i;
}

bool utf8_valid(const char *bytes, size_t len)
{
    return utf8_valid_prefix(bytes, len) == len;
}

/* C0 but tab and line feed, DEL, and C1 (U+0080..U+009F, which some consoles obey like escape sequences). */
static bool is_control(const unsigned char *p, size_t len)
{
    return len == 1 ? (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n') || p[0] == 0x7F
                    : len == 2 && p[0] == 0xC2 && p[1] < 0xA0;
}

bool utf8_add_lossy(StrBuf *sb, const char *bytes, size_t len)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t start = 0; /* of the plain bytes that are not added yet */
    size_t i = 0;
    while (i < len) {
        size_t step = sequence_len(p + i, len - i);
        if (step > 0 && !is_control(p + i, step)) {
            i += step;
            continue;
        }
        if (!strbuf_add(sb, bytes + start, i - start) || !strbuf_addstr(sb, step > 0 ? " " : "\xEF\xBF\xBD")) {
            return false;
        }
        i += step > 0 ? step : 1;
        start = i;
    }
    return strbuf_add(sb, bytes + start, i - start);
}

static int fold(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int utf8_casecmp(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a;
    const unsigned char *y = (const unsigned char *)b;
    while (*x && fold(*x) == fold(*y)) {
        x++;
        y++;
    }
    return fold(*x) - fold(*y);
}
