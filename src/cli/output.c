#include "output.h"

#include <stdarg.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "console.h"
#include "hints.h"
#include "platform/clock.h"
#include "platform/machine.h"

#define REDRAW_MS 100

static bool colours_wanted(void)
{
    char *no_color = machine_getenv("NO_COLOR");
    char *term = machine_getenv("TERM");
    bool wanted = !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
    mem_free(no_color);
    mem_free(term);
    return wanted;
}

void output_init(Output *output, bool json, bool quiet, bool no_colour)
{
    bool colours = !no_colour && colours_wanted();
    *output = (Output){.json = json,
                       .quiet = quiet,
                       .colour = colours && console_enable_colour(1),
                       .error_colour = colours && console_enable_colour(2),
                       .progress = !quiet && console_is_terminal(2)};
}

static const char *colour_start(Colour colour)
{
    switch (colour) {
    case COLOUR_GOOD: return "\x1b[32m";
    case COLOUR_WARNING: return "\x1b[33m";
    case COLOUR_BAD: return "\x1b[31m";
    case COLOUR_NONE: break;
    }
    return "";
}

static void write_line(Output *output, int fd, bool coloured, Colour colour, const char *text)
{
    output_clear_progress(output);
    bool paint = coloured && colour != COLOUR_NONE;
    char *line = mem_printf("%s%s%s\n", paint ? colour_start(colour) : "", text, paint ? "\x1b[0m" : "");
    console_write(fd, line);
    mem_free(line);
}

void output_line(Output *output, const char *format, ...)
{
    if (output->json) {
        return;
    }
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    va_list args;
    va_start(args, format);
    strbuf_vaddf(&sb, format, args);
    va_end(args);
    write_line(output, 1, false, COLOUR_NONE, sb.buf);
    strbuf_release(&sb);
}

void output_coloured(Output *output, Colour colour, const char *text)
{
    if (!output->json) {
        write_line(output, 1, output->colour, colour, text);
    }
}

void output_log(Output *output, LogLevel level, const char *text)
{
    static const Colour colours[] = {COLOUR_NONE, COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD};
    if (output->json || output->quiet) {
        return;
    }
    char *time = clock_log_text(clock_now());
    char *line = mem_printf("[%s] %s", time, text);
    write_line(output, 1, output->colour, colours[level], line);
    mem_free(line);
    mem_free(time);
}

/* East Asian wide characters and the signs of the guide take two columns. */
static unsigned code_point_columns(uint32_t c)
{
    if (c == 0x200D || c == 0xFE0E || c == 0xFE0F || (c >= 0x300 && c <= 0x36F)) {
        return 0;
    }
    if ((c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
        (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
        (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD) ||
        c == 0x2705 || c == 0x274C || c == 0x23F3) {
        return 2;
    }
    return 1;
}

/* The character at `text`, which is UTF-8; a byte that is not counts as one character. */
static size_t next_char(const char *text, uint32_t *c)
{
    unsigned char lead = (unsigned char)text[0];
    size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    uint32_t value = more == 3 ? lead & 0x07u : more == 2 ? lead & 0x0Fu : more == 1 ? lead & 0x1Fu : lead;
    for (size_t i = 1; i <= more; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0u) != 0x80u) {
            *c = 0xFFFD;
            return 1;
        }
        value = value << 6 | (next & 0x3Fu);
    }
    *c = value;
    return 1 + more;
}

unsigned output_columns(const char *utf8)
{
    unsigned columns = 0;
    while (*utf8) {
        uint32_t c;
        utf8 += next_char(utf8, &c);
        columns += code_point_columns(c);
    }
    return columns;
}

char *output_pad(const char *text, unsigned columns, bool right)
{
    size_t len = 0;
    unsigned used = 0;
    while (text[len]) {
        uint32_t c;
        size_t bytes = next_char(text + len, &c);
        if (used + code_point_columns(c) > columns) {
            break;
        }
        used += code_point_columns(c);
        len += bytes;
    }
    int fill = (int)(columns - used);
    return right ? mem_printf("%*s%.*s", fill, "", (int)len, text) : mem_printf("%.*s%*s", (int)len, text, fill, "");
}

char *output_megabytes(uint64_t bytes)
{
    return mem_strdup(size_text(bytes).text);
}

#define BAR 20

char *output_progress_text(const Progress *progress, unsigned width)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    if (progress->fraction >= 0) {
        double fraction = progress->fraction > 1 ? 1 : progress->fraction;
        int filled = (int)(fraction * BAR);
        strbuf_addch(&sb, '[');
        for (int i = 0; i < BAR; i++) {
            strbuf_addch(&sb, i < filled ? '#' : '-');
        }
        strbuf_addf(&sb, "] %3d%%  ", (int)(fraction * 100));
    }
    strbuf_addstr(&sb, progress->step ? progress->step : "");
    if (progress->bytes > 0) {
        strbuf_addf(&sb, "  %s", size_text(progress->bytes).text);
    }
    if (progress->bytes_per_second > 0) {
        strbuf_addf(&sb, "  %s/s", size_text((uint64_t)progress->bytes_per_second).text);
    }
    if (progress->seconds_left >= 0 && progress->seconds_left < 360000) {
        int64_t left = (int64_t)(progress->seconds_left + 0.5);
        if (left >= 3600) {
            strbuf_addf(&sb, "  %d:%02d:%02d left", (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
        } else {
            strbuf_addf(&sb, "  %d:%02d left", (int)(left / 60), (int)(left % 60));
        }
    }
    unsigned columns = output_columns(sb.buf);
    char *text = output_pad(sb.buf, columns < width ? columns : width, false);
    strbuf_release(&sb);
    return text;
}

/* {"fraction", "step", "bytes", "bytes_per_second", "seconds_left"}, null for what is not known. */
static void write_progress_object(const Progress *progress)
{
    cJSON *object = cJSON_CreateObject();
    if (progress->fraction >= 0) {
        json_set_number(object, "fraction", progress->fraction);
    } else {
        cJSON_AddNullToObject(object, "fraction");
    }
    json_set_string(object, "step", progress->step);
    json_set_int(object, "bytes", (int64_t)progress->bytes);
    json_set_number(object, "bytes_per_second", progress->bytes_per_second);
    if (progress->seconds_left >= 0) {
        json_set_number(object, "seconds_left", progress->seconds_left);
    } else {
        cJSON_AddNullToObject(object, "seconds_left");
    }
    char *text = cJSON_PrintUnformatted(object);
    if (!text) {
        mem_out();
    }
    char *line = mem_printf("%s\n", text);
    console_write(2, line);
    mem_free(line);
    cJSON_free(text);
    cJSON_Delete(object);
}

void output_progress(Output *output, const Progress *progress)
{
    if (output->progress_json) {
        write_progress_object(progress);
        return;
    }
    if (!output->progress) {
        return;
    }
    uint64_t now = clock_monotonic_ms();
    if (output->drawn > 0 && now - output->drawn_at < REDRAW_MS) {
        return;
    }
    unsigned width = console_width();
    char *text = output_progress_text(progress, width > 1 ? width - 1 : 1);
    unsigned columns = output_columns(text);
    unsigned rest = output->drawn > columns ? output->drawn - columns : 0;
    char *line = mem_printf("\r%s%*s", text, (int)rest, "");
    console_write(2, line);
    output->drawn = columns;
    output->drawn_at = now;
    mem_free(line);
    mem_free(text);
}

void output_clear_progress(Output *output)
{
    if (output->drawn > 0) {
        char *line = mem_printf("\r%*s\r", (int)output->drawn, "");
        console_write(2, line);
        mem_free(line);
        output->drawn = 0;
    }
}

void output_json(Output *output, cJSON *document)
{
    output_clear_progress(output);
    char *text = json_text(document);
    console_write(1, text);
    mem_free(text);
    cJSON_Delete(document);
}

cJSON *output_error_object(const Error *err)
{
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "kind", error_kind_name(err->kind));
    json_set_string(object, "message", err->message);
    json_set_string(object, "detail", err->detail);
    json_set_string(object, "hint", hint_here(err->hint));
    json_set_int(object, "exit_code", error_exit_code(err->kind));
    return object;
}

void output_add_time(cJSON *object, const char *name, int64_t unix_seconds)
{
    char *text = unix_seconds > 0 ? clock_iso_text(unix_seconds) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

void output_add_count(cJSON *object, const char *name, int64_t count)
{
    if (count < 0) {
        json_set_string(object, name, NULL);
    } else {
        json_set_int(object, name, count);
    }
}

void output_add_tables(cJSON *object, const Manifest *manifest)
{
    cJSON *tables = cJSON_AddArrayToObject(object, "tables");
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *count = &manifest->tables[i];
        cJSON *table = cJSON_CreateObject();
        json_set_string(table, "schema", count->schema);
        json_set_string(table, "name", count->name);
        json_set_int(table, "rows", count->rows);
        cJSON_AddItemToArray(tables, table);
    }
    output_add_count(object, "large_objects", manifest->large_objects);
}

int output_error(Output *output, const Error *err)
{
    output_clear_progress(output);
    if (output->json) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddItemToObject(document, "error", output_error_object(err));
        output_json(output, document);
    } else {
        char *first = mem_printf("cmms-backup-cli: %s", err->message);
        write_line(output, 2, output->error_colour, COLOUR_BAD, first);
        mem_free(first);
        if (err->detail) {
            char *detail = mem_printf("Detail: %s", err->detail);
            write_line(output, 2, false, COLOUR_NONE, detail);
            mem_free(detail);
        }
        if (err->hint) {
            char *hint = mem_printf("Hint: %s", hint_here(err->hint));
            write_line(output, 2, false, COLOUR_NONE, hint);
            mem_free(hint);
        }
    }
    return error_exit_code(err->kind);
}

static void sink_log(void *context, LogLevel level, const char *text)
{
    output_log(context, level, text);
}

static void sink_progress(void *context, const Progress *progress)
{
    output_progress(context, progress);
}

JobSink output_sink(Output *output)
{
    return (JobSink){sink_log, sink_progress, output, NULL};
}
