#include "platform/process.h"

#include "base/mem.h"
#include "base/utf.h"

char *process_exit_text(unsigned exit_code)
{
    static const struct {
        unsigned code;
        const char *text;
    } known[] = {
        /* NTSTATUS values with which Windows ends a process */
        {0xC0000005u, "it crashed (access violation)"},
        {0xC0000017u, "there was not enough memory to start it"},
        {0xC000001Du, "it crashed (illegal instruction)"},
        {0xC000007Bu, "it or one of its DLLs is built for another kind of processor"},
        {0xC00000FDu, "it crashed (stack overflow)"},
        {0xC000012Du, "there was not enough memory to start it"},
        {0xC0000135u, "a DLL that it needs is missing"},
        {0xC0000138u, "a DLL that it needs is of the wrong version"},
        {0xC0000139u, "a DLL that it needs is of the wrong version"},
        {0xC000013Au, "it was interrupted"},
        {0xC0000142u, "a DLL that it needs could not start"},
        {0xC0000374u, "it crashed (heap corruption)"},
        {0xC0000409u, "it crashed (it ended itself)"},
        {0x40010004u, "it was ended from outside"},
        /* 128 + signal */
        {128 + 2, "it was interrupted"},
        {128 + 4, "it crashed (illegal instruction)"},
        {128 + 6, "it crashed (it ended itself)"},
        {128 + 7, "it crashed (bus error)"},
        {128 + 8, "it crashed (arithmetic error)"},
        {128 + 9, "it was ended from outside"},
        {128 + 11, "it crashed (access violation)"},
        {128 + 15, "it was ended from outside"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].code == exit_code) {
            return mem_strdup(known[i].text);
        }
    }
    return NULL;
}

bool process_quote(StrBuf *command_line, const char *argument)
{
    size_t before = command_line->len;
    bool quote = argument[0] == '\0' || strpbrk(argument, " \t\n\v\"") != NULL;
    bool ok = !quote || strbuf_addch(command_line, '"');
    size_t backslashes = 0; /* just before p */
    for (const char *p = argument; ok && *p; p++) {
        if (*p == '\\') {
            backslashes++;
        } else {
            for (; ok && *p == '"' && backslashes > 0; backslashes--) {
                ok = strbuf_addch(command_line, '\\');
            }
            ok = ok && (*p != '"' || strbuf_addch(command_line, '\\'));
            backslashes = 0;
        }
        ok = ok && strbuf_addch(command_line, *p);
    }
    for (; ok && quote && backslashes > 0; backslashes--) {
        ok = strbuf_addch(command_line, '\\');
    }
    ok = ok && (!quote || strbuf_addch(command_line, '"'));
    if (!ok) {
        strbuf_setlen(command_line, before);
    }
    return ok;
}

void line_splitter_init(LineSplitter *splitter, void (*line)(void *context, const char *line), void *context)
{
    strbuf_init(&splitter->pending, STRBUF_LINE);
    splitter->line = line;
    splitter->context = context;
    splitter->skipping = false;
}

static void hand_over(LineSplitter *splitter)
{
    StrBuf *pending = &splitter->pending;
    if (pending->len > 0 && pending->buf[pending->len - 1] == '\r') {
        strbuf_setlen(pending, pending->len - 1);
    }
    StrBuf text;
    strbuf_init(&text, 3u * STRBUF_LINE); /* each bad byte becomes three */
    utf8_add_lossy(&text, pending->buf, pending->len);
    splitter->line(splitter->context, text.buf);
    strbuf_release(&text);
    strbuf_clear(pending);
    splitter->skipping = false;
}

void line_splitter_feed(LineSplitter *splitter, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t piece = end ? (size_t)(end - bytes) : len;
        if (!splitter->skipping) {
            size_t room = splitter->pending.max - splitter->pending.len;
            strbuf_add(&splitter->pending, bytes, piece < room ? piece : room);
            splitter->skipping = piece > room;
        }
        if (end) {
            hand_over(splitter);
            piece++;
        }
        bytes += piece;
        len -= piece;
    }
}

void line_splitter_release(LineSplitter *splitter)
{
    if (splitter->pending.len > 0) {
        hand_over(splitter);
    }
    strbuf_release(&splitter->pending);
}
