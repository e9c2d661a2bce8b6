/*
 * restore_kept.c: the databases that restores replaced: which they are, one brought back (Undo), and their end.
 *
 * A database is dropped for good only here, and only by a person who named it, or who asked for the end of those whose
 * time is over by the setting undo_days. What is dropped by time is never the newest, and nothing where anything is in
 * doubt: no live database, settings of which it is not known that somebody chose them, a clock that went back, somebody
 * in it, rows that were entered while it was restored and are in no backup. A restore only tells what is over its time:
 * where its safety backup was declined, what it put aside is in nothing else, and the setting is one PC's, not the
 * server's.
 */
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "jobs/swap.h"
#include "platform/clock.h"
#include "restore_private.h"
#include "store/auditlog.h"
#include "store/settings.h"

#define DAY_SECONDS 86400

static bool list(const Connection *server, bool others, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                 size_t *count, Error *err)
{
    Connection connection;
    Pg *pg = NULL;
    Error why = ERROR_INIT;
    const char *live = server->database != NULL ? server->database : "";
    connection_init(&connection);
    bool ok = restore_connect_beside(server, live, cancel, &connection, &pg, err);
    if (ok && !restore_mend_first(pg, live, sink, cancel, &why)) {
        ok = why.kind == EK_BUSY || error_move(err, &why); /* one is under way, and needs no mending */
    }
    ok = ok && (others ? swap_list_others : swap_list)(pg, live, cancel, kept, count, err);
    error_clear(&why);
    pg_close(pg);
    connection_release(&connection);
    return ok;
}

bool restore_list_kept(const Connection *server, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                       size_t *count, Error *err)
{
    return list(server, false, sink, cancel, kept, count, err);
}

bool restore_list_others(const Connection *server, const JobSink *sink, const Cancel *cancel, KeptDatabase **kept,
                         size_t *count, Error *err)
{
    return list(server, true, sink, cancel, kept, count, err);
}

static const KeptDatabase *find_kept(const KeptDatabase *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    return NULL;
}

bool restore_undo(const UndoSpec *spec, const JobSink *sink, const Cancel *cancel, RestoreResult *result, Error *err)
{
    const Connection *server = spec->server;
    const char *kept = spec->kept;
    Connection connection;
    Pg *pg = NULL, *in_live = NULL;
    KeptDatabase *all = NULL;
    size_t count = 0;
    int64_t live_oid = 0;
    Error why = ERROR_INIT;
    const char *live = server->database != NULL ? server->database : "";
    const uint64_t started = clock_monotonic_ms();
    restore_result_release(result);
    connection_init(&connection);
    bool ok = restore_connect_beside(server, live, cancel, &connection, &pg, &why) &&
              restore_mend_first(pg, live, sink, cancel, &why) &&
              (!spec->nobody || restore_check_nobody(pg, server, live, sink, cancel, &why)) &&
              swap_list(pg, live, cancel, &all, &count, &why);
    const KeptDatabase *chosen = !ok || count == 0 ? NULL : kept == NULL ? &all[0] : find_kept(all, count, kept);
    const bool others = ok && chosen == NULL && kept != NULL && spec->others;
    if (others) {
        swap_list_free(all, count);
        all = NULL;
        count = 0;
        ok = swap_list_others(pg, live, cancel, &all, &count, &why);
        chosen = ok ? find_kept(all, count, kept) : NULL;
    }
    if (ok && chosen == NULL) {
        ok = kept == NULL ? error_set(&why, EK_NOT_FOUND, "no restore of %s can be undone: no older database is kept",
                                      live)
                          : error_set(&why, EK_NOT_FOUND, "no database %s is kept for %s", kept, live);
    }
    ok = ok && swap_obstacles(pg, live, cancel, &why) && restore_ask_oid(pg, live, cancel, &live_oid, &why) &&
         (live_oid == 0 || restore_lock_database(&connection, live, cancel, &in_live, &why)) &&
         restore_swap_surely(server, &pg, live, chosen->name, others, NULL, sink, cancel, &result->kept, &why);
    result->seconds = (double)(clock_monotonic_ms() - started) / 1000;
    char *text = NULL;
    if (ok) {
        result->database = mem_strdup(live);
        text = mem_printf("Undone: %s is again the database that was kept as %s; what it replaced is kept as %s", live,
                          chosen->name, result->kept != NULL ? result->kept : "nothing");
        job_log(sink, LOG_GOOD, "%s", text);
        job_log(sink, LOG_INFO, "%s", restore_restart_words);
    } else {
        text = error_text(&why);
    }
    if (spec->folder != NULL && (ok || chosen != NULL)) {
        const AuditEntry entry = {.operation = "undo",
                                  .status = ok ? "success" : "failed",
                                  .message = text,
                                  .seconds = result->seconds,
                                  .actor = job_actor(sink)};
        auditlog_append(spec->folder, &entry, NULL);
    }
    if (!ok) {
        error_move(err, &why);
    }
    mem_free(text);
    swap_list_free(all, count);
    pg_close(in_live);
    pg_close(pg);
    connection_release(&connection);
    return ok;
}

/* --- their end --------------------------------------------------------------------------------------------- */

size_t restore_plan_kept(const KeptDatabase *kept, size_t count, int days, bool *goes)
{
    size_t going = 0;
    bool sure = days > 0;
    for (size_t i = 0; i < count; i++) {
        goes[i] = false;
        sure = sure && kept[i].age >= 0;
    }
    for (size_t i = 1; sure && i < count; i++) {
        goes[i] = kept[i].age > (int64_t)days * DAY_SECONDS && kept[i].entered == 0;
        going += goes[i];
    }
    return going;
}

char *restore_kept_text(const KeptDatabase *kept, size_t count)
{
    int64_t bytes = 0;
    bool all = true;
    if (count == 0) {
        return mem_strdup("No older database is kept");
    }
    for (size_t i = 0; i < count; i++) {
        bytes += kept[i].bytes > 0 ? kept[i].bytes : 0;
        all = all && kept[i].bytes >= 0;
    }
    return mem_printf("%zu older %s kept, for undo: %s%s on the server%s", count,
                      count == 1 ? "database is" : "databases are", all ? "" : "at least ",
                      size_text((uint64_t)bytes).text,
                      kept[0].neon ? ". Neon counts them to the project's storage: of the Free plan's 0.5 GB, or by "
                                     "the month"
                                   : "");
}

int restore_undo_days(const char *folder, char **why)
{
    Settings settings;
    Error err = ERROR_INIT;
    int days = 0;
    settings_init(&settings);
    if (folder == NULL || !settings_load(folder, &settings, &err)) {
        *why = mem_strdup(err.message != NULL ? err.message : "there are no settings");
    } else if (settings.unsure != NULL) {
        *why = mem_strdup(settings.unsure);
    } else {
        days = settings.undo_days;
    }
    error_clear(&err);
    settings_release(&settings);
    return days;
}

void restore_drop_release(DropResult *result)
{
    load_free_texts(result->names, result->count);
    mem_free(result->nothing);
    *result = (DropResult){.count = 0};
}

static bool drop_one(Pg *pg, const char *live, const KeptDatabase *kept, const char *folder, const JobSink *sink,
                     const Cancel *cancel, DropResult *result, Error *err)
{
    Error why = ERROR_INIT;
    char *since = clock_log_text(kept->aside);
    const bool ok = swap_drop_kept(pg, live, kept->name, cancel, &why);
    char *failure = ok ? NULL : error_text(&why);
    char *text = ok ? mem_printf("Dropped %s, which was kept for undo since %s (%s)", kept->name, since,
                                 size_text(kept->bytes > 0 ? (uint64_t)kept->bytes : 0).text)
                    : mem_printf("%s, kept for undo since %s, could not be dropped: %s", kept->name, since, failure);
    const AuditEntry entry = {.operation = "drop",
                              .status = ok ? "success" : "failed",
                              .message = text,
                              .seconds = -1,
                              .actor = job_actor(sink)};
    if (folder != NULL) {
        auditlog_append(folder, &entry, NULL);
    }
    if (ok) {
        job_log(sink, LOG_INFO, "%s", text);
        result->names = mem_resize(result->names, result->count + 1, sizeof *result->names);
        result->names[result->count++] = mem_strdup(kept->name);
        result->bytes += kept->bytes > 0 ? kept->bytes : 0;
    } else {
        error_move(err, &why);
    }
    error_clear(&why);
    mem_free(text);
    mem_free(failure);
    mem_free(since);
    return ok;
}

/* Those whose time is over, and that stay all the same. True: there are such. */
static bool tell_entered(const KeptDatabase *kept, size_t count, int days, const JobSink *sink)
{
    bool any = false;
    for (size_t i = 1; i < count; i++) {
        if (kept[i].entered != 0 && kept[i].age > (int64_t)days * DAY_SECONDS) {
            any = true;
            job_log(sink, LOG_WARNING, "%s stays: rows %s in it after its safety backup, and are in no other. When "
                    "nobody needs them, drop it by its name", kept[i].name,
                    kept[i].entered > 0 ? "were entered or deleted" : "may have been entered");
        }
    }
    return any;
}

/* While somebody makes up their mind another's time may be over, or another restore makes the newest an older one. */
static bool is_agreed(const DropSpec *spec, const char *name)
{
    bool is = spec->agreed == NULL;
    for (size_t i = 0; !is && spec->agreed[i] != NULL; i++) {
        is = strcmp(spec->agreed[i], name) == 0;
    }
    return is;
}

/* One that cannot be dropped now keeps the others from nothing. False only where the session is lost. */
static bool drop_outdated(Pg *pg, const char *live, const DropSpec *spec, const JobSink *sink, const Cancel *cancel,
                          DropResult *result, Error *err)
{
    KeptDatabase *kept = NULL;
    size_t count = 0;
    const int days = restore_undo_days(spec->folder, &result->nothing);
    if (days == 0) {
        result->nothing = result->nothing != NULL ? result->nothing
                                                  : mem_strdup("they are kept for ever (undo_days is 0)");
        return true;
    }
    bool ok = swap_list(pg, live, cancel, &kept, &count, err);
    bool *goes = mem_array(count + 1, sizeof *goes);
    if (ok && restore_plan_kept(kept, count, days, goes) == 0) {
        result->nothing = mem_printf("none but the newest is older than %d days%s", days,
                                     tell_entered(kept, count, days, sink) ? " and has nothing that is in no backup"
                                                                           : "");
    } else if (ok) {
        tell_entered(kept, count, days, sink);
    }
    for (size_t i = count; ok && i > 0; i--) { /* the oldest first */
        Error why = ERROR_INIT;
        if (goes[i - 1] && is_agreed(spec, kept[i - 1].name) &&
            !drop_one(pg, live, &kept[i - 1], spec->folder, sink, cancel, result, &why)) {
            job_log(sink, LOG_WARNING, "%s, kept for undo, could not be dropped now: %s", kept[i - 1].name,
                    why.message);
            ok = !load_is_the_end(&why) || error_move(err, &why);
        }
        error_clear(&why);
    }
    mem_free(goes);
    swap_list_free(kept, count);
    return ok;
}

static bool drop_named(Pg *pg, const char *live, const DropSpec *spec, const JobSink *sink, const Cancel *cancel,
                       DropResult *result, Error *err)
{
    KeptDatabase *all = NULL;
    size_t count = 0;
    bool ok = swap_list(pg, live, cancel, &all, &count, err);
    const KeptDatabase *chosen = ok ? find_kept(all, count, spec->kept) : NULL;
    if (ok && chosen == NULL) {
        ok = error_set(err, EK_NOT_FOUND, "no database %s is kept for %s", spec->kept, live);
    } else if (ok && count == 1 && !spec->last) {
        ok = error_set(err, EK_REFUSED, "%s is the last one that is kept for %s", spec->kept, live);
        error_hint(err, "Without it no restore can be undone any more; somebody has to agree to that.");
    }
    ok = ok && drop_one(pg, live, chosen, spec->folder, sink, cancel, result, err);
    swap_list_free(all, count);
    return ok;
}

bool restore_drop_kept(const DropSpec *spec, const JobSink *sink, const Cancel *cancel, DropResult *result, Error *err)
{
    const Connection *server = spec->server;
    const char *live = server->database != NULL ? server->database : "";
    Connection connection;
    Pg *pg = NULL;
    int64_t oid = 0;
    restore_drop_release(result);
    connection_init(&connection);
    bool ok = restore_connect_beside(server, live, cancel, &connection, &pg, err) &&
              restore_mend_first(pg, live, sink, cancel, err) && restore_ask_oid(pg, live, cancel, &oid, err);
    if (ok && oid == 0) {
        ok = error_set(err, EK_REFUSED, "there is no database %s now: what is kept may be all that is left of it",
                       live);
        error_hint(err, "Bring one back first (undo).");
    }
    ok = ok && (spec->kept != NULL ? drop_named(pg, live, spec, sink, cancel, result, err)
                                   : drop_outdated(pg, live, spec, sink, cancel, result, err));
    pg_close(pg);
    connection_release(&connection);
    return ok;
}

void restore_look_after_kept(Restore *run)
{
    Load *load = &run->load;
    Error why = ERROR_INIT;
    KeptDatabase *kept = NULL;
    size_t count = 0;
    if (swap_list(load->server, run->live, load->cancel, &kept, &count, &why)) {
        char *text = restore_kept_text(kept, count), *nothing = NULL;
        const int days = restore_undo_days(run->spec->folder, &nothing);
        bool *goes = mem_array(count + 1, sizeof *goes);
        const size_t over = restore_plan_kept(kept, count, days, goes);
        job_log(load->sink, LOG_INFO, "%s", text);
        if (over > 0) {
            job_log(load->sink, LOG_WARNING, "%zu of them %s older than %d days, and may be dropped when you no longer "
                    "need %s", over, over == 1 ? "is" : "are", days, over == 1 ? "it" : "them");
        }
        mem_free(goes);
        mem_free(nothing);
        for (size_t i = 0; i < count; i++) {
            run->result->kept_bytes += kept[i].bytes > 0 ? kept[i].bytes : 0;
        }
        run->result->kept_count = count;
        mem_free(text);
    } else {
        job_log(load->sink, LOG_WARNING, "What is kept for undo could not be looked after: %s", why.message);
    }
    swap_list_free(kept, count);
    error_clear(&why);
}
