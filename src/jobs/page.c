#include "jobs/page.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define PAGES "pages" /* below the user's own data */

/* Everything that a page shows is in it, so the browser need load nothing, and may not. */
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>";

static const char rules[] =
    "</title>\n"
    "<style>\n"
    "@page { size: A4; margin: 14mm; }\n"
    "body { font: 10.5pt/1.4 'Segoe UI', sans-serif; color: #111; background: #fff; max-width: 182mm;\n"
    "       margin: 1em auto; -webkit-print-color-adjust: exact; print-color-adjust: exact; }\n"
    "h1 { font-size: 18pt; margin: 0 0 2mm; } h2 { font-size: 12.5pt; margin: 6mm 0 2mm; break-after: avoid; }\n"
    "p { margin: 0 0 2mm; } .small { font-size: 8.5pt; color: #444; }\n"
    "table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; }\n"
    "th, td { text-align: left; vertical-align: top; padding: 1mm 2mm; border-bottom: 0.2mm solid #ccc; }\n"
    "td { overflow-wrap: anywhere; } th { font-weight: 600; } td.number, th.number { text-align: right; }\n"
    ".mono { font-family: Consolas, monospace; font-size: 9pt; }\n"
    "svg { display: block; width: 100%; height: auto; break-inside: avoid; }\n";

void page_begin(StrBuf *page, const char *title, const char *style)
{
    strbuf_addstr(page, head);
    page_text(page, title);
    strbuf_addstr(page, rules);
    strbuf_addstr(page, style);
    strbuf_addstr(page, "</style>\n</head>\n<body>\n");
}

void page_end(StrBuf *page)
{
    strbuf_addstr(page, "</body>\n</html>\n");
}

/* --- texts ----------------------------------------------------------------------------------------------- */

/* The characters by which a text says in which direction what follows is written, by their UTF-8: a name with one of
 * them reads otherwise than it is ("gnp.exe" for "exe.png"). 0: the bytes begin none. */
static unsigned direction_mark(const unsigned char *bytes, size_t *len)
{
    if (bytes[0] == 0xD8 && bytes[1] == 0x9C) {
        *len = 2;
        return 0x061C;
    }
    if (bytes[0] != 0xE2 || (bytes[1] != 0x80 && bytes[1] != 0x81)) {
        return 0;
    }
    const unsigned code = 0x2000u + ((bytes[1] & 0x3Fu) << 6) + (bytes[2] & 0x3Fu);
    *len = 3;
    return code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                   (code >= 0x2066 && code <= 0x2069)
               ? code
               : 0;
}

static void add_escaped(StrBuf *page, const char *text)
{
    while (*text != '\0') {
        size_t len = 1;
        const unsigned mark = direction_mark((const unsigned char *)text, &len);
        if (mark != 0) {
            strbuf_addf(page, "[U+%04X]", mark);
            text += len;
            continue;
        }
        switch (*text) {
        case '&': strbuf_addstr(page, "&amp;"); break;
        case '<': strbuf_addstr(page, "&lt;"); break;
        case '>': strbuf_addstr(page, "&gt;"); break;
        case '"': strbuf_addstr(page, "&quot;"); break;
        case '\'': strbuf_addstr(page, "&#39;"); break;
        case '\t':
        case '\n': strbuf_addch(page, ' '); break;
        default: strbuf_addch(page, *text); break;
        }
        text++;
    }
}

void page_text(StrBuf *page, const char *text)
{
    if (text == NULL) {
        return;
    }
    const size_t len = strlen(text);
    StrBuf clean;
    strbuf_init(&clean, STRBUF_LARGE);
    if (!utf8_add_lossy(&clean, text, len)) {
        page->full = true; /* so much is not a text any more */
    }
    add_escaped(page, clean.buf);
    strbuf_release(&clean);
}

void page_name(StrBuf *page, const char *text)
{
    strbuf_addstr(page, "<bdi>");
    page_text(page, text);
    strbuf_addstr(page, "</bdi>");
}

void page_row(StrBuf *page, const char *what, const char *text)
{
    if (text == NULL) {
        return;
    }
    strbuf_addstr(page, "<tr><th scope=\"row\">");
    page_text(page, what);
    strbuf_addstr(page, "</th><td>");
    page_name(page, text);
    strbuf_addstr(page, "</td></tr>\n");
}

char *page_size(uint64_t bytes)
{
    return mem_strdup(size_text(bytes).text);
}

char *page_duration(double seconds)
{
    const int64_t whole = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : (int64_t)(seconds + 0.5);
    return whole < 1      ? mem_strdup("less than 1 s")
           : whole < 60   ? mem_printf("%d s", (int)whole)
           : whole < 3600 ? mem_printf("%d min %02d s", (int)(whole / 60), (int)(whole % 60))
                          : mem_printf("%lld h %02d min", (long long)(whole / 3600), (int)(whole / 60 % 60));
}

/* --- files ----------------------------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *suffix)
{
    const size_t len = strlen(path), tail = strlen(suffix);
    return len > tail && utf8_casecmp(path + len - tail, suffix) == 0;
}

bool page_may_be(const char *path, Error *err)
{
    if (ends_in(path, ".html") || ends_in(path, ".htm")) {
        return true;
    }
    error_set(err, EK_USAGE, "a page cannot be written to \"%s\"", path);
    return error_hint(err, "Name a file that ends in .html: one that is there is replaced.");
}

bool page_own_path(const char *name, char **path, Error *err)
{
    char *data = machine_local_data_dir();
    if (data == NULL) {
        error_set(err, EK_SETTINGS, "this user has no folder for the program's own data");
        return error_hint(err, "Say to which file the page is to be written.");
    }
    char *folder = fs_join(data, PAGES);
    const bool ok = fs_make_private_dir(folder, err);
    if (ok) {
        *path = fs_join(folder, name);
    }
    mem_free(folder);
    mem_free(data);
    return ok;
}

bool page_write(const char *path, const StrBuf *page, Error *err)
{
    if (page->full) {
        return error_set(err, EK_INTERNAL, "the page has become too large to be written");
    }
    return fs_write_atomic(path, page->buf, page->len, err) || error_context(err, "the page cannot be written");
}
