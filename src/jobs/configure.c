/* configure.c: settings by their keys. */
#include "jobs/configure.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "schedule/due.h"
#include "store/auditlog.h"
#include "store/ledger.h"

#define TIMES "times"

typedef struct Changing {
    const char *const *pairs;
    size_t count;
    StrBuf changes; /* in words */
    bool schedule, schedule_changed; /* one of its keys was named; it has another value now */
    DuePlan plan;                    /* as it was before */
} Changing;

bool configure_is_schedule(const char *key)
{
    static const char *const keys[] = {"enabled",  "schedule",  "backup_time", "more_times",
                                       "weekdays", "month_day", TIMES};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static bool change_one(Settings *settings, const char *text, Changing *changing, Error *err)
{
    const char *sign = strchr(text, '=');
    if (sign == NULL) {
        return error_set(err, EK_USAGE, "\"%s\" is not of the form KEY=VALUE", text);
    }
    char *key = mem_strndup(text, (size_t)(sign - text));
    char *before = settings_get(settings, key);
    bool ok = settings_set(settings, key, sign + 1, err);
    if (ok) {
        char *now = settings_get(settings, key);
        if (strcmp(before, now) != 0) {
            strbuf_addf(&changing->changes, "%s%s: %s, was %s", changing->changes.len > 0 ? "; " : "", key,
                        *now ? now : "none", *before ? before : "none");
            changing->schedule_changed = changing->schedule_changed || configure_is_schedule(key);
        }
        changing->schedule = changing->schedule || configure_is_schedule(key);
        mem_free(now);
    }
    mem_free(before);
    mem_free(key);
    return ok;
}

/* The first of the times, and the others. */
static bool change_times(Settings *settings, const char *times, Changing *changing, Error *err)
{
    const char *comma = strchr(times, ',');
    StrBuf first;
    strbuf_init(&first, STRBUF_LINE);
    strbuf_add(&first, times, comma ? (size_t)(comma - times) : strlen(times));
    strbuf_trim(&first);
    char *time = mem_printf("backup_time=%s", first.buf), *more = mem_printf("more_times=%s", comma ? comma + 1 : "");
    const bool ok = change_one(settings, time, changing, err) && change_one(settings, more, changing, err);
    mem_free(more);
    mem_free(time);
    strbuf_release(&first);
    return ok;
}

static bool change(void *context, Settings *settings, Error *err)
{
    Changing *changing = context;
    bool ok = true;
    changing->plan = due_plan(settings);
    for (size_t i = 0; ok && i < changing->count; i++) {
        const char *pair = changing->pairs[i];
        ok = strncmp(pair, TIMES "=", sizeof TIMES) == 0 ? change_times(settings, pair + sizeof TIMES, changing, err)
                                                         : change_one(settings, pair, changing, err);
    }
    return ok;
}

/* What of the schedule so far was not run is missed: from now on nobody would look for it. What failed stays so. Caller
 * frees what is to be told; NULL: nothing. */
static char *note_missed(const DuePlan *plan, int64_t now, Ledger *ledger)
{
    DueLook look;
    if (ledger->count == 0 && ledger->since == 0) {
        return NULL; /* nothing is known of it */
    }
    due_look(plan, &due_here, ledger, now, &look);
    due_give_up(&look);
    due_note_missed(&look, now, ledger);
    return due_missed_text(&look, &due_here, now);
}

/* A ledger that cannot be changed now (a scheduled backup is at work) is no failure: then a slot that has just passed
 * may be run once more. `before`: the schedule was changed, and was that. */
static void begin_anew(const char *folder, const DuePlan *before, const char *actor)
{
    FsLock *lock = NULL;
    Ledger ledger;
    char *path = fs_join(folder, LEDGER_FILE);
    const bool first = !fs_exists(path);
    mem_free(path);
    if (before == NULL && !first) {
        return;
    }
    ledger_init(&ledger);
    if (ledger_lock_wait(folder, &lock, NULL) && ledger_load(folder, true, &ledger, NULL)) {
        const int64_t now = clock_now();
        char *missed = before == NULL ? NULL : note_missed(before, now, &ledger);
        ledger.since = now;
        if (ledger_save(folder, &ledger, NULL) && missed != NULL) {
            const AuditEntry entry = {
                .operation = "schedule", .status = "failed", .message = missed, .seconds = -1, .actor = actor};
            auditlog_append(folder, &entry, NULL);
        }
        mem_free(missed);
    }
    fs_unlock(lock);
    ledger_release(&ledger);
}

void configure_begin(const char *folder)
{
    begin_anew(folder, NULL, NULL);
}

bool configure_note(const char *folder, const char *changes, const char *actor, Error *err)
{
    const AuditEntry entry = {
        .operation = "settings", .status = "success", .message = changes, .seconds = -1, .actor = actor};
    return changes[0] == '\0' || auditlog_append(folder, &entry, err);
}

bool configure_set(const char *folder, const char *const *pairs, size_t count, const char *actor, Settings *settings,
                   Error *err)
{
    Changing changing = {.pairs = pairs, .count = count};
    strbuf_init(&changing.changes, STRBUF_SMALL);
    bool ok = settings_change(folder, change, &changing, settings, err);
    if (ok && changing.schedule) {
        begin_anew(folder, changing.schedule_changed ? &changing.plan : NULL, actor);
    }
    ok = ok && configure_note(folder, changing.changes.len > 0 ? changing.changes.buf : "", actor, err);
    strbuf_release(&changing.changes);
    return ok;
}
