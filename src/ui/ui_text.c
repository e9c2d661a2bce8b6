#include "ui_text.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/wide.h"
#include "words.h"

wchar_t *ui_get_wide(HWND control)
{
    int length = GetWindowTextLengthW(control);
    size_t size = (size_t)(length < 0 ? 0 : length) + 1;
    wchar_t *text = mem_array(size, sizeof *text);
    GetWindowTextW(control, text, (int)size);
    return text;
}

void ui_set_wide(HWND control, const wchar_t *text)
{
    wchar_t *old = ui_get_wide(control);
    if (wcscmp(old, text) != 0) {
        SetWindowTextW(control, text);
    }
    mem_free(old);
}

void ui_set_text(HWND control, const char *utf8)
{
    wchar_t *text = wide_from_utf8(utf8 == NULL ? "" : utf8);
    ui_set_wide(control, text);
    mem_free(text);
}

void ui_set_lines(HWND control, const char *utf8, size_t len)
{
    StrBuf lines;
    strbuf_init(&lines, STRBUF_LARGE);
    for (size_t i = 0; i < len; i++) {
        if (utf8[i] == '\n') {
            strbuf_addch(&lines, '\r');
        }
        strbuf_addch(&lines, utf8[i]);
    }
    ui_set_text(control, lines.buf);
    strbuf_release(&lines);
}

wchar_t *ui_wide_printf(const char *format, ...)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    va_list args;
    va_start(args, format);
    strbuf_vaddf(&sb, format, args);
    va_end(args);
    wchar_t *text = wide_from_utf8(sb.buf);
    strbuf_release(&sb);
    return text;
}

static int text_width(HDC dc, const wchar_t *text, size_t length)
{
    SIZE size = {0, 0};
    GetTextExtentPoint32W(dc, text, (int)length, &size);
    return size.cx;
}

wchar_t *ui_fit_path(HDC dc, const char *path, int width)
{
    wchar_t *full = wide_from_utf8(path);
    size_t length = wcslen(full);
    if (text_width(dc, full, length) <= width || length < 8) {
        return full;
    }
    /* The start (drive or share) keeps a third of what is kept, the end, which tells folders apart, the rest. */
    wchar_t *cut = mem_array(length + 2, sizeof *cut);
    for (size_t keep = length - 1; keep >= 6; keep--) {
        size_t head = keep / 3;
        size_t tail = keep - head;
        if (IS_LOW_SURROGATE(full[head])) {
            head--;
        }
        if (IS_LOW_SURROGATE(full[length - tail])) {
            tail--;
        }
        memcpy(cut, full, head * sizeof *cut);
        cut[head] = 0x2026;
        memcpy(cut + head + 1, full + length - tail, tail * sizeof *cut);
        cut[head + 1 + tail] = 0;
        if (text_width(dc, cut, head + 1 + tail) <= width) {
            break;
        }
    }
    mem_free(full);
    return cut;
}

bool ui_is_sign(const wchar_t *text, size_t *units)
{
    wchar_t c = text[0];
    size_t n;
    if (c >= 0xD83C && c <= 0xD83E && IS_LOW_SURROGATE(text[1])) {
        n = 2; /* U+1F000..U+1FBFF: the emoji blocks */
    } else if ((c >= 0x2300 && c <= 0x23FF) || (c >= 0x2600 && c <= 0x27BF) || (c >= 0x2B00 && c <= 0x2BFF)) {
        n = 1; /* technical signs, symbols, dingbats, arrows */
    } else {
        return false;
    }
    if (text[n] == 0xFE0F) {
        n++; /* "as an emoji" */
    }
    *units = n;
    return true;
}

void ui_get_secret(HWND control, Secret *secret)
{
    wchar_t *wide = ui_get_wide(control);
    char *text = utf8_from_wide(wide);
    if (text[0] != 0) {
        secret_set(secret, text, strlen(text));
    } else {
        secret_release(secret);
    }
    secret_wipe(wide, wcslen(wide) * sizeof *wide);
    mem_free(wide);
    secret_free_text(text);
}

void ui_set_problem(HWND label, const Error *problem)
{
    char *text = mem_printf("%s.%s%s", problem->message, problem->hint == NULL ? "" : " ",
                            problem->hint == NULL ? "" : problem->hint);
    if (text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    ui_set_text(label, text);
    mem_free(text);
    MessageBeep(MB_ICONWARNING);
}

void ui_name_setting(Error *error, const char *key, HWND box)
{
    if (error->message == NULL || strstr(error->message, key) == NULL) {
        return;
    }
    wchar_t *wide = ui_get_wide(GetWindow(box, GW_HWNDPREV));
    char *label = utf8_from_wide(wide);
    char *message = words_name_setting(error->message, key, label);
    mem_free(error->message);
    error->message = message;
    mem_free(label);
    mem_free(wide);
}
