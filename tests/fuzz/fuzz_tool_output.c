/*
 * fuzz_tool_output.c: any bytes as what pg_dump says on stderr, as the answer to --version, and as libpq's message
 * for a failed connection. Fed in two pieces, as a pipe may cut anywhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "mem.h"
#include "pg.h"
#include "process.h"
#include "utf.h"

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
