/* listing.c: pg_restore --list. The archive is its stdin, so that no path passes through a command line. */
#include "postgres/listing.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "postgres/connection.h"
#include "postgres/redact.h"
#include "postgres/standstill.h"

typedef struct Listing {
    LineSplitter lines;
    size_t table_data;
    StrBuf errors;
    Standstill still;
    bool stalled;
} Listing;

static void on_line(void *context, const char *line)
{
    Listing *listing = context;
    if (line[0] != ';' && strstr(line, " TABLE DATA ") != NULL) {
        listing->table_data++;
    }
}

static bool on_stdout(void *context, const char *bytes, size_t len)
{
    Listing *listing = context;
    standstill_moved(&listing->still, clock_monotonic_ms());
    line_splitter_feed(&listing->lines, bytes, len);
    return true;
}

static bool on_stderr(void *context, const char *bytes, size_t len)
{
    Listing *listing = context;
    standstill_moved(&listing->still, clock_monotonic_ms());
    const size_t room = listing->errors.max - listing->errors.len;
    strbuf_add(&listing->errors, bytes, len < room ? len : room);
    return true;
}

static bool on_tick(void *context)
{
    Listing *listing = context;
    listing->stalled = standstill_over(&listing->still, clock_monotonic_ms());
    return !listing->stalled;
}

static bool explain(unsigned exit_code, const StrBuf *errors, Error *err)
{
    char *words = process_exit_text(exit_code);
    char *shown = redact_words(errors->buf);
    if (words != NULL) {
        error_set(err, EK_TOOL, "pg_restore failed: %s", words);
    } else {
        error_set(err, EK_DAMAGED, "pg_restore cannot read the backup that pg_dump wrote");
    }
    if (shown[0] != '\0') {
        error_detail(err, "%s", shown);
    }
    mem_free(shown);
    mem_free(words);
    return false;
}

bool listing_read(const Tool *restore, const char *path, unsigned stall_seconds, const Cancel *cancel,
                  size_t *table_data, Error *err)
{
    const char *const argv[] = {restore->path, "--list", NULL};
    Listing listing = {.still = {.seconds = stall_seconds}};
    FsFile *file = NULL;
    ProcessResult result = {0};
    if (!fs_open_read(path, &file, err)) {
        return false;
    }
    standstill_start(&listing.still, clock_monotonic_ms());
    line_splitter_init(&listing.lines, on_line, &listing);
    strbuf_init(&listing.errors, STRBUF_SMALL);
    ProcessSpec spec = {0};
    spec.program = restore->path;
    spec.argv = argv;
    spec.env_set = connection_env_plain();
    spec.env_unset = connection_env_unset();
    spec.stdin_file = file;
    spec.on_stdout = on_stdout;
    spec.on_stderr = on_stderr;
    spec.on_tick = on_tick;
    spec.context = &listing;
    bool ok = process_run(&spec, cancel, &result, err);
    if (ok && listing.stalled) {
        char *time = standstill_text(&listing.still);
        ok = error_set(err, EK_TOOL, "pg_restore said nothing for %s", time);
        mem_free(time);
        error_hint(err, "Try again. If it fails again, show this to your IT administrator.");
    } else if (ok && result.exit_code != 0) {
        ok = explain(result.exit_code, &listing.errors, err);
    }
    line_splitter_release(&listing.lines); /* hands over a last line */
    if (ok) {
        *table_data = listing.table_data;
    }
    strbuf_release(&listing.errors);
    fs_close(file, NULL);
    return ok;
}
