/* pgrestore.c: what pg_restore is given, and what its list says. */
#include "postgres/pgrestore.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "postgres/redact.h"

/* --- the archive as its stdin ------------------------------------------------------------------------------ */

static bool run_on(const char *path, ClientSpec *client, const Cancel *cancel, ClientResult *result, Error *err)
{
    FsFile *file = NULL;
    *result = (ClientResult){0};
    if (!fs_open_read(path, &file, err)) {
        return false;
    }
    client->stdin_file = file;
    const bool ok = client_run(client, cancel, result, err);
    client->stdin_file = NULL;
    fs_close(file, NULL);
    return ok;
}

/* --- its list ---------------------------------------------------------------------------------------------- */

typedef struct Listing {
    LineSplitter lines;
    size_t table_data;
} Listing;

static void on_line(void *context, const char *line)
{
    Listing *listing = context;
    if (line[0] != ';' && strstr(line, " TABLE DATA ") != NULL) {
        listing->table_data++;
    }
}

static bool on_list(void *context, const char *bytes, size_t len)
{
    Listing *listing = context;
    line_splitter_feed(&listing->lines, bytes, len);
    return true;
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

bool pgrestore_list(const Tool *restore, const char *path, unsigned stall_seconds, const Cancel *cancel,
                    size_t *table_data, Error *err)
{
    const char *const argv[] = {restore->path, "--list", NULL};
    Listing listing = {.table_data = 0};
    StrBuf errors;
    ClientSpec client = {.argv = argv,
                         .out = on_list,
                         .said = &errors,
                         .stall_seconds = stall_seconds,
                         .context = &listing};
    ClientResult result;
    line_splitter_init(&listing.lines, on_line, &listing);
    strbuf_init(&errors, STRBUF_SMALL);
    bool ok = run_on(path, &client, cancel, &result, err);
    if (ok && result.stalled != NULL) {
        ok = error_set(err, EK_TOOL, "pg_restore said nothing for %s", result.stalled);
        error_hint(err, "%s", client_hint_again);
    } else if (ok && result.exit_code != 0) {
        ok = explain(result.exit_code, &errors, err);
    }
    line_splitter_release(&listing.lines); /* hands over a last line */
    if (ok) {
        *table_data = listing.table_data;
    }
    client_release(&result);
    strbuf_release(&errors);
    return ok;
}

/* --- a restore --------------------------------------------------------------------------------------------- */

bool pgrestore_run(const PgRestoreSpec *spec, const Cancel *cancel, ClientResult *result, Error *err)
{
    char *target = connection_tool_string(spec->connection);
    char *output = spec->script != NULL ? mem_strdup("--file=-") : mem_printf("--dbname=%s", target);
    char *list = mem_printf("--use-list=%s", spec->list);
    const char *const argv[] = {spec->tool->path, "--verbose", "--exit-on-error", "--no-acl",
                                "--no-publications", "--no-subscriptions", "--no-security-labels",
                                "--no-tablespaces", "--no-password", list, output,
                                spec->owners ? NULL : "--no-owner", NULL};
    ClientSpec client = {.argv = argv,
                         .connection = spec->connection,
                         .session = spec->session,
                         .cwd = spec->cwd,
                         .out = spec->script,
                         .line = spec->line,
                         .tick = spec->tick,
                         .stall_seconds = spec->stall_seconds,
                         .still_working = spec->still_working,
                         .context = spec->context};
    const bool ok = run_on(spec->path, &client, cancel, result, err);
    mem_free(list);
    mem_free(output);
    mem_free(target);
    return ok;
}
