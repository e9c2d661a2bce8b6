#include "words.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "locale_text.h"
#include "texts.h"

char *words_megabytes(uint64_t bytes)
{
    return locale_number((double)bytes / (1024.0 * 1024.0), 2);
}

char *words_size(uint64_t bytes)
{
    const SizeParts parts = size_parts(bytes);
    char *number = locale_number(parts.value, parts.decimals);
    char *text = mem_printf("%s %s", number, parts.unit);
    mem_free(number);
    return text;
}

static void add_time_left(StrBuf *sb, double seconds)
{
    if (seconds < 0) {
        return;
    }
    if (seconds < 10) {
        strbuf_addstr(sb, TEXT_LEFT_FEW);
    } else if (seconds < 90) {
        strbuf_addf(sb, TEXT_LEFT_SECONDS, (int)((seconds + 5) / 10) * 10);
    } else if (seconds < 5400) {
        strbuf_addf(sb, TEXT_LEFT_MINUTES, (int)((seconds + 30) / 60));
    } else if (seconds < 360000) {
        char *hours = locale_number(seconds / 3600, 1);
        strbuf_addf(sb, TEXT_LEFT_HOURS, hours);
        mem_free(hours);
    }
}

static void add_step(StrBuf *sb, const Progress *progress)
{
    if (progress->fraction >= 0) {
        /* 100 % only when the job says that it is done. */
        int percent = progress->fraction >= 1 ? 100 : (int)(progress->fraction * 100);
        strbuf_addf(sb, "%d %% - ", percent);
    }
    strbuf_addstr(sb, progress->step == NULL ? TEXT_WORKING : progress->step);
}

char *words_step(const Progress *progress)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    add_step(&sb, progress);
    return strbuf_detach(&sb);
}

char *words_tip(const char *step, const char *status, const char *next)
{
    return mem_printf("%s%s%s\n%s%s%s", TEXT_TRAY_TIP, step == NULL ? "" : " - ", step == NULL ? "" : step, status,
                      next == NULL ? "" : TEXT_TRAY_NEXT, next == NULL ? "" : next);
}

char *words_progress(const Progress *progress)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    add_step(&sb, progress);
    if (progress->bytes > 0) {
        char *size = words_size(progress->bytes);
        strbuf_addf(&sb, " - %s", size);
        mem_free(size);
    }
    if (progress->bytes_per_second > 0) {
        char *rate = words_size((uint64_t)progress->bytes_per_second);
        strbuf_addf(&sb, " - %s/s", rate);
        mem_free(rate);
    }
    add_time_left(&sb, progress->seconds_left);
    return strbuf_detach(&sb);
}

char *words_database(const Connection *connection, bool configured)
{
    if (!configured) {
        return mem_strdup(TEXT_NO_DATABASE);
    }
    return connection_text(connection);
}

char *words_in_label(const char *text)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    for (const char *c = text; *c != 0; c++) {
        strbuf_addstr(&sb, *c == '&' ? "&" : "");
        strbuf_addch(&sb, *c);
    }
    return strbuf_detach(&sb);
}

/* The text of a label as it is read: without the mark of its access key and the colon at its end. */
static void add_label(StrBuf *sb, const char *label)
{
    for (const char *c = label; *c != 0; c++) {
        if (*c == '&' && c[1] == '&') {
            c++; /* shown as one */
        } else if (*c == '&' || (*c == ':' && c[1] == 0)) {
            continue;
        }
        strbuf_addch(sb, *c);
    }
}

char *words_name_setting(const char *message, const char *key, const char *label)
{
    const char *start = strstr(message, key);
    if (start == NULL) {
        return mem_strdup(message);
    }
    const char *rest = start + strlen(key);
    if (start > message && start[-1] == '"' && rest[0] == '"') {
        start--;
        rest++;
    }
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addf(&sb, "%.*s\"", (int)(start - message), message);
    add_label(&sb, label);
    strbuf_addf(&sb, "\"%s", rest);
    return strbuf_detach(&sb);
}
