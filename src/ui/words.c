#include "words.h"

#include <stdio.h>

#include "clock.h"
#include "manifest.h"
#include "mem.h"
#include "strbuf.h"

char *words_megabytes(uint64_t bytes)
{
    return mem_printf("%.2f", (double)bytes / (1024.0 * 1024.0));
}

static void add_time_left(StrBuf *sb, double seconds)
{
    if (seconds < 0) {
        return;
    }
    if (seconds < 10) {
        strbuf_addstr(sb, " - a few seconds left");
    } else if (seconds < 90) {
        strbuf_addf(sb, " - about %d seconds left", (int)((seconds + 5) / 10) * 10);
    } else if (seconds < 5400) {
        strbuf_addf(sb, " - about %d minutes left", (int)((seconds + 30) / 60));
    } else if (seconds < 360000) {
        strbuf_addf(sb, " - about %.1f hours left", seconds / 3600);
    }
}

char *words_progress(const Progress *progress)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    if (progress->fraction >= 0) {
        /* 100 % only when the job says that it is done. */
        int percent = progress->fraction >= 1 ? 100 : (int)(progress->fraction * 100);
        strbuf_addf(&sb, "%d %% - ", percent);
    }
    strbuf_addstr(&sb, progress->step == NULL ? "Working" : progress->step);
    if (progress->bytes > 0) {
        char *size = words_megabytes(progress->bytes);
        strbuf_addf(&sb, " - %s MB", size);
        mem_free(size);
    }
    if (progress->bytes_per_second > 0) {
        strbuf_addf(&sb, " - %.1f MB/s", progress->bytes_per_second / (1024 * 1024));
    }
    add_time_left(&sb, progress->seconds_left);
    return strbuf_detach(&sb);
}

char *words_status(const Catalog *catalog)
{
    if (catalog->count == 0) {
        return mem_strdup("⚠ No backup yet. Create Backup Now makes the first one.");
    }
    const CatalogEntry *newest = &catalog->entries[0];
    const char *sign = newest->level == LEVEL_VERIFIED || newest->level == LEVEL_PROVEN ? "✅"
                       : newest->level == LEVEL_BAD                                     ? "❌"
                                                                                        : "⚠";
    CivilTime t;
    clock_local(newest->created, &t);
    char *size = words_megabytes(newest->size);
    char age[32];
    if (newest->age_days == 0) {
        snprintf(age, sizeof age, "today");
    } else if (newest->age_days == 1) {
        snprintf(age, sizeof age, "1 day ago");
    } else {
        snprintf(age, sizeof age, "%d days ago", newest->age_days);
    }
    char *text = mem_printf("%s Last backup: %04d-%02d-%02d %02d:%02d (%s) - %s - %s MB", sign, t.year, t.month, t.day,
                            t.hour, t.minute, age, level_name(newest->level), size);
    mem_free(size);
    return text;
}

char *words_database(const Connection *connection, bool configured)
{
    if (!configured) {
        return mem_strdup("⚠ None is configured yet. Start with PGHOST, PGUSER and PGDATABASE set, with -h, -U "
                          "and -d, or with --demo.");
    }
    return connection_text(connection);
}
