/*
 * cJSON is lenient (raw control characters, text after the value, \u0000 that cuts a string short) and says
 * the same "no" to bad input and to lack of memory. So the text is checked first, by a small strict reader
 * without recursion that knows RFC 8259; what passes it and still fails can only be memory. The checks also
 * cover cJSON's own limits (63 characters a number).
 */
#include "base/jsonutil.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"

#define MAX_DEPTH 64u
#define MAX_NUMBER 63u
#define MAX_WHOLE 9007199254740992.0 /* 2^53 */

typedef struct Reader {
    const char *bytes;
    size_t len;
    size_t at;
} Reader;

static int peek(const Reader *r)
{
    return r->at < r->len ? (unsigned char)r->bytes[r->at] : -1;
}

static bool take(Reader *r, char c)
{
    if (peek(r) != c) {
        return false;
    }
    r->at++;
    return true;
}

static void skip_space(Reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r') {
        r->at++;
    }
}

static bool take_word(Reader *r, const char *word)
{
    for (; *word; word++) {
        if (!take(r, *word)) {
            return false;
        }
    }
    return true;
}

static bool take_digits(Reader *r)
{
    size_t start = r->at;
    while (peek(r) >= '0' && peek(r) <= '9') {
        r->at++;
    }
    return r->at > start;
}

static bool take_number(Reader *r)
{
    size_t start = r->at;
    take(r, '-');
    if (!take(r, '0') && !take_digits(r)) {
        return false;
    }
    if (take(r, '.') && !take_digits(r)) {
        return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+')) {
            take(r, '-');
        }
        if (!take_digits(r)) {
            return false;
        }
    }
    return r->at - start <= MAX_NUMBER;
}

static bool take_hex4(Reader *r, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(r);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return false;
        }
        *value = *value * 16 + (unsigned)digit;
        r->at++;
    }
    return true;
}

/* After the backslash. Surrogates come in pairs, and no string holds a NUL. */
static bool take_escape(Reader *r)
{
    int c = peek(r);
    if (c > 0 && strchr("\"\\/bfnrt", c)) {
        r->at++;
        return true;
    }
    unsigned code, low;
    if (!take(r, 'u') || !take_hex4(r, &code) || code == 0) {
        return false;
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        return take(r, '\\') && take(r, 'u') && take_hex4(r, &low) && low >= 0xDC00 && low <= 0xDFFF;
    }
    return code < 0xDC00 || code > 0xDFFF;
}

static bool take_string(Reader *r)
{
    if (!take(r, '"')) {
        return false;
    }
    for (;;) {
        int c = peek(r);
        if (c < 0x20) {
            return false;
        }
        r->at++;
        if (c == '"') {
            return true;
        }
        if (c == '\\' && !take_escape(r)) {
            return false;
        }
    }
}

static bool take_name(Reader *r)
{
    skip_space(r);
    if (!take_string(r)) {
        return false;
    }
    skip_space(r);
    return take(r, ':');
}

static bool take_scalar(Reader *r)
{
    switch (peek(r)) {
    case '"':
        return take_string(r);
    case 't':
        return take_word(r, "true");
    case 'f':
        return take_word(r, "false");
    case 'n':
        return take_word(r, "null");
    default:
        return take_number(r);
    }
}

/* One value and nothing after it. r->at tells where it stopped. */
static bool take_document(Reader *r)
{
    bool is_object[MAX_DEPTH];
    size_t depth = 0;
    for (;;) {
        skip_space(r);
        bool object = peek(r) == '{';
        if (object || peek(r) == '[') {
            if (depth == MAX_DEPTH) {
                return false;
            }
            r->at++;
            skip_space(r);
            is_object[depth++] = object;
            if (peek(r) != (object ? '}' : ']')) {
                if (object && !take_name(r)) {
                    return false;
                }
                continue; /* with the first member's value */
            }
        } else if (!take_scalar(r)) {
            return false;
        }
        /* After a value: close what ends here, or go on to the next member. */
        for (;;) {
            skip_space(r);
            if (depth == 0) {
                return r->at == r->len;
            }
            if (take(r, is_object[depth - 1] ? '}' : ']')) {
                depth--;
                continue;
            }
            if (!take(r, ',') || (is_object[depth - 1] && !take_name(r))) {
                return false;
            }
            break;
        }
    }
}

bool json_parse(const char *bytes, size_t len, cJSON **out, Error *err)
{
    size_t valid = utf8_valid_prefix(bytes, len);
    if (valid < len) {
        return error_set(err, EK_DAMAGED, "the text is not UTF-8 from byte %zu on", valid);
    }
    bool marked = len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0; /* the mark that Notepad puts first */
    Reader r = {bytes, len, marked ? 3 : 0};
    if (!take_document(&r)) {
        return error_set(err, EK_DAMAGED, "the text is not JSON from byte %zu on", r.at);
    }
    /* Without the mark: cJSON takes it only before two bytes or more. */
    size_t skip = marked ? 3 : 0;
    cJSON *value = cJSON_ParseWithLength(bytes + skip, len - skip);
    if (!value) {
        mem_out();
    }
    *out = value;
    return true;
}

static cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_string(const cJSON *object, const char *name, const char *fallback)
{
    const char *value = cJSON_GetStringValue(member(object, name));
    return value ? value : fallback;
}

bool json_bool(const cJSON *object, const char *name, bool fallback)
{
    const cJSON *value = member(object, name);
    return cJSON_IsBool(value) ? cJSON_IsTrue(value) : fallback;
}

/* Not isfinite: mingw's takes the number as a float in one branch, which -Wconversion refuses. */
static bool is_finite(double number)
{
    return fabs(number) <= DBL_MAX;
}

static bool is_whole(double number)
{
    return fabs(number) <= MAX_WHOLE && floor(number) == number;
}

int64_t json_int(const cJSON *object, const char *name, int64_t fallback)
{
    const cJSON *value = member(object, name);
    return cJSON_IsNumber(value) && is_whole(value->valuedouble) ? (int64_t)value->valuedouble : fallback;
}

double json_number(const cJSON *object, const char *name, double fallback)
{
    const cJSON *value = member(object, name);
    return cJSON_IsNumber(value) && is_finite(value->valuedouble) ? value->valuedouble : fallback;
}

/* Takes the value over. */
static void set(cJSON *object, const char *name, cJSON *value)
{
    if (!value) {
        mem_out();
    }
    bool ok = member(object, name) ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
                                   : cJSON_AddItemToObject(object, name, value);
    if (!ok) {
        mem_out();
    }
}

void json_set_string(cJSON *object, const char *name, const char *value)
{
    set(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void json_set_bool(cJSON *object, const char *name, bool value)
{
    set(object, name, cJSON_CreateBool(value));
}

void json_set_int(cJSON *object, const char *name, int64_t value)
{
    set(object, name, cJSON_CreateNumber((double)value));
}

void json_set_number(cJSON *object, const char *name, double value)
{
    set(object, name, cJSON_CreateNumber(value));
}

/* The next character of valid UTF-8; *at moves behind it. */
static unsigned next_character(const unsigned char *p, size_t *at)
{
    unsigned lead = p[*at];
    size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    unsigned code = more == 0 ? lead : lead & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        code = code << 6 | (p[*at + i] & 0x3Fu);
    }
    *at += more + 1;
    return code;
}

/* How many bytes from there on stand for themselves. */
static size_t plain_length(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] >= 0x20 && text[i] < 0x7F && text[i] != '"' && text[i] != '\\') {
        i++;
    }
    return i;
}

static void add_string(StrBuf *sb, const char *text)
{
    static const char controls[] = "\b\f\n\r\t";
    StrBuf repaired; /* a file must never become unreadable because of one text in it */
    strbuf_init(&repaired, SIZE_MAX);
    size_t len = strlen(text);
    if (!utf8_valid(text, len)) {
        utf8_add_lossy(&repaired, text, len);
        text = repaired.buf;
        len = repaired.len;
    }
    strbuf_addch(sb, '"');
    for (size_t at = 0; at < len;) {
        const size_t plain = plain_length(text + at, len - at);
        strbuf_add(sb, text + at, plain);
        at += plain;
        if (at == len) {
            break;
        }
        unsigned code = next_character((const unsigned char *)text, &at);
        const char *control = code > 0 && code < 0x20 ? strchr(controls, (int)code) : NULL;
        if (code == '"' || code == '\\') {
            strbuf_addf(sb, "\\%c", (int)code);
        } else if (control) {
            strbuf_addf(sb, "\\%c", "bfnrt"[control - controls]);
        } else if (code < 0x10000) {
            strbuf_addf(sb, "\\u%04x", code);
        } else {
            strbuf_addf(sb, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
        }
    }
    strbuf_addch(sb, '"');
    strbuf_release(&repaired);
}

static void add_number(StrBuf *sb, double number)
{
    if (!is_finite(number)) {
        strbuf_addstr(sb, "null"); /* JSON has no word for it */
    } else if (is_whole(number)) {
        strbuf_addf(sb, "%lld", (long long)number);
    } else {
        char text[40];
        snprintf(text, sizeof text, "%.15g", number);
        if (strtod(text, NULL) < number || strtod(text, NULL) > number) {
            snprintf(text, sizeof text, "%.17g", number); /* fifteen digits do not give the same number back */
        }
        strbuf_addstr(sb, text);
    }
}

static void add_line(StrBuf *sb, unsigned depth)
{
    strbuf_addch(sb, '\n');
    for (unsigned i = 0; i < depth; i++) {
        strbuf_addstr(sb, "  ");
    }
}

static void add_value(StrBuf *sb, const cJSON *value, unsigned depth)
{
    if (cJSON_IsString(value)) {
        add_string(sb, value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        add_number(sb, value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        strbuf_addstr(sb, cJSON_IsTrue(value) ? "true" : "false");
    } else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        bool object = cJSON_IsObject(value);
        strbuf_addch(sb, object ? '{' : '[');
        for (const cJSON *child = value->child; child; child = child->next) {
            add_line(sb, depth + 1);
            if (object) {
                add_string(sb, child->string);
                strbuf_addstr(sb, ": ");
            }
            add_value(sb, child, depth + 1);
            if (child->next) {
                strbuf_addch(sb, ',');
            }
        }
        if (value->child) {
            add_line(sb, depth);
        }
        strbuf_addch(sb, object ? '}' : ']');
    } else {
        strbuf_addstr(sb, "null");
    }
}

char *json_text(const cJSON *value)
{
    StrBuf sb;
    strbuf_init(&sb, SIZE_MAX);
    add_value(&sb, value, 0);
    strbuf_addch(&sb, '\n');
    return strbuf_detach(&sb);
}
