#include "base/utf.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

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
        size_t step = p[i] < 0x80 ? 1 : sequence_len(p + i, len - i);
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

static const char stand_in[] = "\xEF\xBF\xBD";
#define STAND_IN_LEN (sizeof stand_in - 1)

static bool is_stand_in(const char *p)
{
    return strncmp(p, stand_in, STAND_IN_LEN) == 0;
}

char *utf8_shown(const char *bytes, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t more = 0;
    for (size_t i = 0; i < len;) {
        const size_t step = sequence_len((const unsigned char *)bytes + i, len - i);
        more += step == 0 ? STAND_IN_LEN + 1 : step == STAND_IN_LEN && is_stand_in(bytes + i) ? STAND_IN_LEN : 0;
        i += step == 0 ? 1 : step;
    }
    char *text = mem_alloc(len + more + 1), *to = text;
    for (size_t i = 0; i < len;) {
        const size_t step = sequence_len((const unsigned char *)bytes + i, len - i);
        const bool itself = step == STAND_IN_LEN && is_stand_in(bytes + i);
        if (step == 0 || itself) {
            memcpy(to, stand_in, STAND_IN_LEN);
            to += STAND_IN_LEN;
        }
        if (step == 0) {
            *to++ = digits[(unsigned char)bytes[i] >> 4];
            *to++ = digits[(unsigned char)bytes[i] & 15];
        }
        memcpy(to, bytes + i, step);
        to += step;
        i += step == 0 ? 1 : step;
    }
    return text;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *utf8_unshown(const char *text)
{
    char *bytes = mem_alloc(strlen(text) + 1), *to = bytes;
    while (*text != '\0') {
        const char *behind = is_stand_in(text) ? text + STAND_IN_LEN : NULL;
        if (behind != NULL && is_stand_in(behind)) {
            text = behind;
        } else if (behind != NULL && digit(behind[0]) >= 0 && digit(behind[1]) >= 0) {
            *to++ = (char)(digit(behind[0]) * 16 + digit(behind[1]));
            text = behind + 2;
            continue;
        }
        const size_t step = behind != NULL ? STAND_IN_LEN : 1;
        memcpy(to, text, step);
        to += step;
        text += step;
    }
    *to = '\0';
    return bytes;
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
