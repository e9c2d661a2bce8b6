/*
 * load_feed.c: what pg_restore would have said to the server, said by a session of ours.
 *
 * So that a restore in place is one transaction with what comes before it (the locks, restore_freeze.c) and after it
 * (the count). pg_restore has no server here: it writes its script, which is taken apart (load_script.c) and sent, one
 * statement at a time. Each entry of the archive has a savepoint, so that where one is refused the transaction is as it
 * was before it, and load_clear_away can do what it does elsewhere. Nothing in an archive ends the transaction: such
 * statements are known by their first word, only one is sent at a time, and a function or a DO that tries it is refused
 * by the server itself. Where that did not hold, freeze_commit and the end of restore_in_place find out.
 *
 * All of it runs on the thread of client_run, in its callbacks; while the server works, pg_restore waits.
 */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf.h"
#include "load_script.h"

#define SAVEPOINT "cmms_entry"
#define OUT_OF_ORDER "what is in the backup does not come in the order of its list"

typedef struct LoadFeed {
    Load *run;
    ScriptTaker taker;
    Script script;
    size_t from;  /* the first entry */
    size_t next;  /* the entry that may come next, or one behind it */
    bool entered; /* there is a savepoint */
    long id;      /* of the entry */
    bool failed;
    Error why;
} LoadFeed;

/* Time-outs are for a session of its own; ours has the one that bounds what it waits for. BEGIN and COMMIT alone are
 * pg_restore's own, around its large objects: they are in ours already. */
static bool is_left_out(const char *sql)
{
    static const char *const heads[] = {"SET statement_timeout = ", "SET lock_timeout = ",
                                        "SET idle_in_transaction_session_timeout = ", "SET transaction_timeout = "};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (strncmp(sql, heads[i], strlen(heads[i])) == 0) {
            return true;
        }
    }
    return strcmp(sql, "BEGIN") == 0 || strcmp(sql, "COMMIT") == 0;
}

/* Where that entry is of those that may come now; entry_count: nowhere. A remark in a definition, which may look like
 * pg_restore's own, could have the restore go on elsewhere. */
static size_t place_of(const LoadFeed *feed, size_t from, long id)
{
    const Load *run = feed->run;
    size_t i = from;
    while (i < run->archive.entry_count && !(run->wanted[i] && run->archive.entries[i].id == id)) {
        i++;
    }
    return i;
}

static bool on_entry(void *context, long id, Error *err)
{
    LoadFeed *feed = context;
    const size_t at = place_of(feed, feed->next, id);
    if (at == feed->run->archive.entry_count) { /* had one before been text of a definition, this is the true one */
        return place_of(feed, feed->from, id) >= feed->next || error_set(err, EK_REFUSED, OUT_OF_ORDER);
    }
    const char *sql = feed->entered ? "RELEASE SAVEPOINT " SAVEPOINT "; SAVEPOINT " SAVEPOINT : "SAVEPOINT " SAVEPOINT;
    feed->id = 0;
    if (!pg_script(feed->run->pg, sql, feed->run->cancel, err)) {
        return false;
    }
    feed->entered = true;
    feed->id = id;
    feed->next = at + 1;
    return true;
}

static bool begins_copy(const char *sql)
{
    static const char tail[] = " FROM stdin";
    const size_t len = strlen(sql);
    return strncmp(sql, "COPY ", 5) == 0 && len > sizeof tail && strcmp(sql + len - (sizeof tail - 1), tail) == 0;
}

static bool on_statement(void *context, const char *sql, bool *rows, Error *err)
{
    LoadFeed *feed = context;
    Load *run = feed->run;
    if (is_left_out(sql)) {
        return true;
    }
    if (sql_ends_transaction(sql)) {
        return error_set(err, EK_REFUSED, LOAD_ENDS_TRANSACTION);
    }
    if (begins_copy(sql)) {
        *rows = true;
        return pg_copy_begin(run->pg, sql, run->cancel, err);
    }
    const char *encoding = run->archive.encoding;
    if (encoding == NULL || strcmp(encoding, "UTF8") == 0) {
        return pg_query(run->pg, sql, NULL, 0, run->cancel, NULL, err);
    }
    char *shown = utf8_shown(sql, strlen(sql)); /* as load_speak_as_archive has this session's text */
    const bool ok = pg_query(run->pg, shown, NULL, 0, run->cancel, NULL, err);
    mem_free(shown);
    return ok;
}

static bool on_rows(void *context, const char *bytes, size_t len, Error *err)
{
    const LoadFeed *feed = context;
    return pg_copy_data(feed->run->pg, bytes, len, err);
}

static bool on_rows_end(void *context, Error *err)
{
    const LoadFeed *feed = context;
    return pg_copy_end(feed->run->pg, feed->run->cancel, err);
}

void load_feed_begin(Load *run, size_t from)
{
    LoadFeed *feed = mem_alloc(sizeof *feed);
    *feed = (LoadFeed){.run = run,
                       .from = from,
                       .next = from,
                       .taker = {on_entry, on_statement, on_rows, on_rows_end, feed},
                       .why = ERROR_INIT};
    script_init(&feed->script, &feed->taker);
    run->feed = feed;
    pg_guard(run->pg, false);
}

bool load_feed_take(Load *run, const char *bytes, size_t len)
{
    LoadFeed *feed = run->feed;
    feed->failed = feed->failed || !script_feed(&feed->script, bytes, len, &feed->why);
    return !feed->failed;
}

/* As if the server had said it to pg_restore. */
static void keep_words(Load *run, const Error *why, long id)
{
    mem_free(run->error);
    mem_free(run->detail);
    secret_free_text(run->raw_error);
    run->raw_error = mem_strdup(why->message);
    run->error = mem_strdup(why->message);
    run->detail = why->detail != NULL ? mem_strdup(why->detail) : NULL;
    run->failed_id = id;
}

static bool end_entry(const LoadFeed *feed, bool undo, Error *err)
{
    const Load *run = feed->run;
    const char *sql = !feed->entered ? ""
                      : undo         ? "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT ";"
                                     : "RELEASE SAVEPOINT " SAVEPOINT ";";
    /* As sql_next_statement reads, whatever the archive wants. */
    char *all = mem_printf("%s SET standard_conforming_strings = on", sql);
    const bool ok = pg_script(run->pg, all, run->cancel, err);
    mem_free(all);
    return ok;
}

bool load_feed_end(Load *run, bool whole, bool *failed, Error *err)
{
    LoadFeed *feed = run->feed;
    bool ok = true;
    if (!feed->failed && whole && !script_end(&feed->script, &feed->why)) {
        feed->failed = true;
        feed->id = 0;
    }
    *failed = feed->failed && feed->entered && feed->id > 0 && !load_is_the_end(&feed->why);
    if (feed->failed && !*failed) {
        ok = error_move(err, &feed->why);
    } else if (feed->failed || whole) { /* else pg_restore itself failed, and all of it is to be given up */
        ok = end_entry(feed, *failed, err);
    }
    if (ok && *failed) {
        keep_words(run, &feed->why, feed->id);
    }
    pg_guard(run->pg, true);
    script_release(&feed->script);
    error_clear(&feed->why);
    mem_free(feed);
    run->feed = NULL;
    return ok;
}
