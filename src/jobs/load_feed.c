/*
 * load_feed.c: what pg_restore would have said to the server, said by a session of ours. pg_restore has no server
 * here: it writes its script, which is taken apart (load_script.c) and sent, one statement at a time.
 *
 * In place, so that a restore is one transaction with what comes before it (the locks, restore_freeze.c) and after it
 * (the count): by run->pg. Each entry of the archive has a savepoint, so that where one is refused the transaction is
 * as it was before it, and load_clear_away can do what it does elsewhere. Nothing in an archive ends the transaction:
 * such statements are known by their first word, only one is sent at a time, and a function or a DO that tries it is
 * refused by the server itself. Where that did not hold, freeze_commit and the end of restore_in_place find out.
 *
 * Alone, so that a server hears nothing that it does not know (load_tool.c says which): by a session as pg_restore's
 * own would be, which ends with the run. Each entry is a transaction.
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
    Pg *pg;     /* run->pg, or a session of its own */
    bool alone; /* the latter */
    ScriptTaker taker;
    Script script;
    size_t from;  /* the first entry */
    size_t next;  /* the entry that may come next, or one behind it */
    bool entered; /* there is a savepoint; alone: a transaction */
    long id;      /* of the entry */
    bool failed;
    Error why;
} LoadFeed;

/* Time-outs are for a session of its own; ours has those that bound what it waits for, and the last of them is unknown
 * to servers before 17. BEGIN and COMMIT alone are pg_restore's own, around its large objects: they are in ours
 * already. */
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

/* Where that fails it is the entry before that failed: at what is put off until the end of its transaction. */
static bool enter_alone(LoadFeed *feed, Error *err)
{
    if (feed->entered && !pg_script(feed->pg, "COMMIT", feed->run->cancel, err)) {
        return false;
    }
    feed->id = 0;
    return pg_script(feed->pg, "BEGIN", feed->run->cancel, err);
}

static bool enter_within(LoadFeed *feed, Error *err)
{
    const char *sql = feed->entered ? "RELEASE SAVEPOINT " SAVEPOINT "; SAVEPOINT " SAVEPOINT : "SAVEPOINT " SAVEPOINT;
    feed->id = 0;
    return pg_script(feed->pg, sql, feed->run->cancel, err);
}

static bool on_entry(void *context, long id, Error *err)
{
    LoadFeed *feed = context;
    const size_t at = place_of(feed, feed->next, id);
    if (at == feed->run->archive.entry_count) { /* had one before been text of a definition, this is the true one */
        return place_of(feed, feed->from, id) >= feed->next || error_set(err, EK_REFUSED, OUT_OF_ORDER);
    }
    if (!(feed->alone ? enter_alone : enter_within)(feed, err)) {
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
    const LoadFeed *feed = context;
    const Load *run = feed->run;
    if (is_left_out(sql)) {
        return true;
    }
    if (sql_ends_transaction(sql)) {
        return error_set(err, EK_REFUSED, LOAD_ENDS_TRANSACTION);
    }
    if (begins_copy(sql)) {
        *rows = true;
        return pg_copy_begin(feed->pg, sql, run->cancel, err);
    }
    const char *encoding = run->archive.encoding;
    if (encoding == NULL || strcmp(encoding, "UTF8") == 0) {
        return pg_query(feed->pg, sql, NULL, 0, run->cancel, NULL, err);
    }
    char *shown = utf8_shown(sql, strlen(sql)); /* as load_speak_as_archive has this session's text */
    const bool ok = pg_query(feed->pg, shown, NULL, 0, run->cancel, NULL, err);
    mem_free(shown);
    return ok;
}

static bool on_rows(void *context, const char *bytes, size_t len, Error *err)
{
    const LoadFeed *feed = context;
    return pg_copy_data(feed->pg, bytes, len, err);
}

static bool on_rows_end(void *context, Error *err)
{
    const LoadFeed *feed = context;
    return pg_copy_end(feed->pg, feed->run->cancel, err);
}

/* As load_speak_as_archive has run->pg, and named as pg_restore's own would be: by that name its end is seen to where
 * the connection was lost (restore.c: drop_on). */
static bool connect_alone(LoadFeed *feed, Error *err)
{
    const Load *run = feed->run;
    const char *encoding = run->archive.encoding;
    const char *const name[] = {run->session};
    return pg_connect(&run->connection, run->cancel, &feed->pg, err) && load_calm(feed->pg, run->cancel, err) &&
           pg_query(feed->pg, "SELECT pg_catalog.set_config('application_name', $1, false)", name, 1, run->cancel, NULL,
                    err) &&
           (encoding == NULL || strcmp(encoding, "UTF8") == 0 ||
            pg_use_bytes(feed->pg, encoding, run->cancel, err));
}

bool load_feed_begin(Load *run, size_t from, Error *err)
{
    LoadFeed *feed = mem_alloc(sizeof *feed);
    *feed = (LoadFeed){.run = run,
                       .alone = !run->in_place,
                       .from = from,
                       .next = from,
                       .taker = {on_entry, on_statement, on_rows, on_rows_end, feed},
                       .why = ERROR_INIT};
    script_init(&feed->script, &feed->taker);
    run->feed = feed;
    if (feed->alone) {
        return connect_alone(feed, err);
    }
    feed->pg = run->pg;
    pg_guard(feed->pg, false);
    return true;
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
    if (feed->alone) { /* what is to be kept is committed already (load_feed_end) */
        return !undo || pg_script(feed->pg, "ROLLBACK", run->cancel, err);
    }
    const char *sql = !feed->entered ? ""
                      : undo         ? "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT ";"
                                     : "RELEASE SAVEPOINT " SAVEPOINT ";";
    /* As sql_next_statement reads, whatever the archive wants. */
    char *all = mem_printf("%s SET standard_conforming_strings = on", sql);
    const bool ok = pg_script(feed->pg, all, run->cancel, err);
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
    if (feed->alone && feed->entered && !feed->failed && whole) {
        feed->failed = !pg_script(feed->pg, "COMMIT", run->cancel, &feed->why);
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
    if (feed->alone) {
        pg_close(feed->pg);
    } else {
        pg_guard(feed->pg, true);
    }
    script_release(&feed->script);
    error_clear(&feed->why);
    mem_free(feed);
    run->feed = NULL;
    return ok;
}
