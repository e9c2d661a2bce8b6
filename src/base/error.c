#include "base/error.h"

#include <assert.h>
#include <stdarg.h>

#include "base/mem.h"
#include "base/strbuf.h"

static char *format_text(const char *format, va_list args)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    if (!strbuf_vaddf(&sb, format, args)) {
        strbuf_addstr(&sb, "(a text that is too long to show)");
    }
    return strbuf_detach(&sb);
}

/* The new texts are made before the old ones are freed: a caller may quote the old message in the new. */
static void replace(Error *err, ErrorKind kind, long os_code, char *message, char *detail)
{
    error_clear(err);
    err->kind = kind;
    err->os_code = os_code;
    err->message = message;
    err->detail = detail;
}

bool error_set(Error *err, ErrorKind kind, const char *format, ...)
{
    assert(kind != EK_NONE);
    if (err) {
        va_list args;
        va_start(args, format);
        char *message = format_text(format, args);
        va_end(args);
        replace(err, kind, 0, message, NULL);
    }
    return false;
}

bool error_set_os(Error *err, ErrorKind kind, long os_code, const char *format, ...)
{
    assert(kind != EK_NONE);
    if (err) {
        va_list args;
        va_start(args, format);
        char *message = format_text(format, args);
        va_end(args);
        char *words = os_error_text(os_code);
        char *detail = mem_printf("%s (error %ld)", words, os_code);
        mem_free(words);
        bool full = os_error_is_disk_full(os_code);
        replace(err, full ? EK_SPACE : kind, os_code, message, detail);
        if (full) {
            error_hint(err, "Free some space on that disk, then try again.");
        } else if (os_error_is_in_cloud(os_code)) {
            error_hint(err, "The file is in the cloud only and cannot be had now. See that its program (OneDrive) runs "
                            "and is signed in, and have the file kept on this device.");
        }
    }
    return false;
}

bool error_detail(Error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        char *detail = format_text(format, args);
        va_end(args);
        mem_free(err->detail);
        err->detail = detail;
        err->aside = false;
    }
    return false;
}

bool error_hint(Error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        char *hint = format_text(format, args);
        va_end(args);
        mem_free(err->hint);
        err->hint = hint;
    }
    return false;
}

bool error_context(Error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        char *context = format_text(format, args);
        va_end(args);
        char *message = mem_printf("%s: %s", context, err->message ? err->message : "");
        mem_free(context);
        mem_free(err->message);
        err->message = message;
    }
    return false;
}

bool error_move(Error *to, Error *from)
{
    if (to == from) {
        return false;
    }
    if (to) {
        error_clear(to);
        *to = *from;
        *from = (Error)ERROR_INIT;
    } else {
        error_clear(from);
    }
    return false;
}

void error_clear(Error *err)
{
    if (err) {
        mem_free(err->message);
        mem_free(err->detail);
        mem_free(err->hint);
        *err = (Error)ERROR_INIT;
    }
}

/* Line ends inside a tool's words become single spaces. */
static void add_on_one_line(StrBuf *sb, const char *text)
{
    bool gap = false;
    for (const char *p = text; *p; p++) {
        if (*p == '\n' || *p == '\r') {
            gap = true;
            continue;
        }
        if (gap && *p != ' ' && sb->len > 0 && sb->buf[sb->len - 1] != ' ') {
            strbuf_addch(sb, ' ');
        }
        gap = false;
        strbuf_addch(sb, *p);
    }
}

char *error_text(const Error *err)
{
    StrBuf sb;
    strbuf_init(&sb, 4u * STRBUF_LINE);
    add_on_one_line(&sb, err->message ? err->message : "");
    if (err->detail && err->detail[0] && !err->aside) {
        strbuf_addstr(&sb, ": ");
        add_on_one_line(&sb, err->detail);
    }
    if (err->hint && err->hint[0]) {
        char last = sb.len > 0 ? sb.buf[sb.len - 1] : '.';
        strbuf_addstr(&sb, last == '.' || last == '!' || last == '?' ? " " : ". ");
        add_on_one_line(&sb, err->hint);
    }
    strbuf_trim(&sb);
    return strbuf_detach(&sb);
}

static const struct {
    const char *name;
    int exit_code;
} kinds[] = {
    [EK_NONE] = {"none", 0},         [EK_INTERNAL] = {"internal", 1},   [EK_USAGE] = {"usage", 2},
    [EK_SETTINGS] = {"settings", 3}, [EK_TOOL] = {"tool", 4},           [EK_CONNECT] = {"connect", 5},
    [EK_REFUSED] = {"refused", 6},   [EK_DAMAGED] = {"damaged", 7},     [EK_IO] = {"io", 8},
    [EK_SPACE] = {"space", 8},       [EK_BUSY] = {"busy", 9},           [EK_NOT_FOUND] = {"not_found", 10},
    [EK_FOREIGN] = {"foreign", 11},  [EK_CANCELLED] = {"cancelled", 130},
};

int error_exit_code(ErrorKind kind)
{
    return kinds[kind].exit_code;
}

const char *error_kind_name(ErrorKind kind)
{
    return kinds[kind].name;
}
