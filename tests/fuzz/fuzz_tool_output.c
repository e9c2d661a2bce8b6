/*
 * fuzz_tool_output.c: any bytes as what pg_dump says on stderr, as the answer to --version, and as libpq's message
 * for a failed connection. Fed in two pieces, as a pipe may cut anywhere. And as a value in what a server says of a
 * row: nothing of it may come through.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/process.h"
#include "postgres/dump.h"
#include "postgres/pg.h"
#include "postgres/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void on_line(void *context, const char *line)
{
    const DumpSpec *spec = context;
    const char *text = NULL;
    size_t text_len = 0;
    Error err = ERROR_INIT;
    const DumpLine kind = dump_parse_line(line, &text, &text_len);
    if (kind > DUMP_LINE_ERROR || text < line || text_len > strlen(text) || !utf8_valid(line, strlen(line))) {
        abort();
    }
    int major = 0;
    char *version = NULL;
    if (tools_parse_version(line, &major, &version) != (version != NULL) || (version != NULL && major < 1)) {
        abort();
    }
    mem_free(version);
    dump_explain(spec, 1, line, &err);
    if (err.kind == EK_NONE || strchr(err.message, '\n') != NULL) {
        abort();
    }
    error_clear(&err);
}

/* A value of a row, with the bytes before and behind what must not be told. */
static void plant(const char *value)
{
    static const char secret[] = "PLANTED";
    static const char *const forms[] = {
        "ERROR:  x\nDETAIL:  Failing row contains (1, @).\nCONTEXT:  COPY t, line 1: \"@\"",
        "ERROR:  x\nDETAIL:  Key (a)=(@) already exists.\nCONTEXT:  COPY t, line 1: \"@\"",
        "ERROR:  invalid input syntax for type integer: \"@\"\nCONTEXT:  COPY t, line 1, column c: \"@\"",
        "pg_restore: error: COPY failed for table \"t\": ERROR:  value \"@\" is out of range for type bigint\n"
        "Command was: @",
        "ERROR:  syntax error at or near \"@\"\nLINE 1: @"};
    if (strstr(value, secret) != NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        StrBuf text;
        strbuf_init(&text, STRBUF_LARGE);
        for (const char *at = forms[i], *value_at; ; at = value_at + 1) {
            value_at = strchr(at, '@');
            if (value_at == NULL) {
                strbuf_addstr(&text, at);
                break;
            }
            strbuf_add(&text, at, (size_t)(value_at - at));
            strbuf_addstr(&text, value);
            strbuf_addstr(&text, secret);
            strbuf_addstr(&text, value);
        }
        char *shown = redact_words(text.buf);
        if (strstr(shown, secret) != NULL || strpbrk(shown, "\r\n") != NULL) {
            abort();
        }
        mem_free(shown);
        strbuf_release(&text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    Tool tool = {.path = (char *)"pg_dump", .version = (char *)"17.2", .major = 17};
    DumpSpec spec = {.tool = &tool};
    Connection connection;
    connection_init(&connection);
    spec.connection = &connection;
    LineSplitter lines;
    line_splitter_init(&lines, on_line, &spec);
    const size_t half = len / 2;
    line_splitter_feed(&lines, (const char *)bytes, half);
    line_splitter_feed(&lines, (const char *)bytes + half, len - half);
    line_splitter_release(&lines);

    char *message = mem_strndup((const char *)bytes, len);
    plant(message);
    bool passing = false;
    Error err = ERROR_INIT;
    pg_explain_connect(&connection, message, &passing, &err);
    if (err.kind == EK_NONE || err.hint == NULL || (err.detail != NULL && strpbrk(err.detail, "\r\n") != NULL)) {
        abort();
    }
    error_clear(&err);
    mem_free(message);
    connection_release(&connection);
    return 0;
}
