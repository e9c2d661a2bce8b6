/*
 * preview_newest.c: when the newest row of each table in a backup was made, from the rows as COPY wrote them: fields
 * between tabs, rows between line ends, both escaped within a value. pg_dump writes times in ISO's form, so they are in
 * the order of their letters; of a time with a zone the zone is not looked at, as one dump has one.
 */
#include <string.h>

#include "base/mem.h"
#include "load_private.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "preview_private.h"

#define NEWEST_MS 10000u
#define TIME_LEN 19u /* 2026-11-30 05:12:44 */

int preview_made_column(const char *copy_statement)
{
    const char *at = copy_statement, *best = NULL;
    int index = 0, found = -1;
    if (at == NULL || !sql_take_word(&at, "COPY ")) {
        return -1;
    }
    mem_free(sql_take_name(&at));
    if (sql_take_word(&at, ".")) {
        mem_free(sql_take_name(&at));
    }
    for (bool more = sql_take_word(&at, " ("); more; more = sql_take_word(&at, ", ")) {
        char *name = sql_take_name(&at);
        char *wanted = mem_printf(",%s,", name != NULL ? name : "");
        const char *place = name != NULL ? strstr(PREVIEW_MADE, wanted) : NULL;
        if (place != NULL && (best == NULL || place < best)) {
            best = place;
            found = index;
        }
        mem_free(wanted);
        mem_free(name);
        index++;
    }
    return found;
}

/* Neither NULL nor infinity, and of a year of four digits after Christ. */
static bool is_time(const PreviewNewest *newest)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd";
    const char *field = newest->field;
    if (newest->len < TIME_LEN || newest->len >= sizeof newest->field || field[newest->len - 1] == 'C') {
        return false;
    }
    for (size_t i = 0; i < TIME_LEN; i++) {
        if (form[i] == 'd' ? field[i] < '0' || field[i] > '9' : field[i] != form[i]) {
            return false;
        }
    }
    return true;
}

static void end_field(PreviewNewest *newest)
{
    if (newest->at == newest->column && is_time(newest) && memcmp(newest->field, newest->newest, TIME_LEN) > 0) {
        memcpy(newest->newest, newest->field, TIME_LEN);
        newest->newest[TIME_LEN] = '\0';
    }
    newest->len = 0;
}

void preview_newest_feed(PreviewNewest *newest, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = bytes[i];
        if (c == '\t' || c == '\n') {
            end_field(newest);
            newest->at = c == '\t' ? newest->at + 1 : 0;
        } else if (newest->at == newest->column && newest->len < sizeof newest->field) {
            newest->field[newest->len++] = (char)c;
        }
    }
}

typedef struct Search {
    PreviewNewest newest;
    const Cancel *cancel;
    uint64_t until_ms;
    bool stopped;
} Search;

static bool take(void *context, const uint8_t *bytes, size_t len)
{
    Search *search = context;
    search->stopped = clock_monotonic_ms() >= search->until_ms || cancel_requested(search->cancel);
    if (!search->stopped) {
        preview_newest_feed(&search->newest, bytes, len);
    }
    return !search->stopped;
}

bool preview_find_newest(Preview *preview, const char *path, const Archive *archive, const Cancel *cancel, Error *err)
{
    FsFile *file = NULL;
    Search search = {.cancel = cancel, .until_ms = clock_monotonic_ms() + NEWEST_MS};
    if (!fs_open_read(path, &file, err)) {
        return false;
    }
    for (size_t i = 0; i < archive->entry_count && !search.stopped; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        const int column = strcmp(entry->desc, "TABLE DATA") == 0 && entry->schema != NULL && entry->offset > 0
                               ? preview_made_column(entry->copy_statement)
                               : -1;
        if (column < 0) {
            continue;
        }
        search.newest = (PreviewNewest){.column = column};
        if (archive_read_rows(file, archive, entry, take, &search, NULL) && !search.stopped &&
            search.newest.newest[0] != '\0') {
            PreviewTable *table = preview_table(preview, entry->schema, entry->tag);
            mem_free(table->backup_newest);
            table->backup_newest = mem_strdup(search.newest.newest);
        }
    }
    fs_close(file, NULL);
    return !cancel_requested(cancel) || error_set(err, EK_CANCELLED, "stopped at your request");
}
