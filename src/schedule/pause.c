/* pause.c: one line of the ledger. */
#include "schedule/pause.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "store/auditlog.h"
#include "store/ledger.h"

#define HOUR 3600
#define WEEK (7 * 24 * HOUR)
#define MORNING 8 /* o'clock */

int64_t pause_moment(Pause pause, const DueZone *zone, int64_t now)
{
    CivilTime local;
    switch (pause) {
    case PAUSE_HOUR: return now + HOUR;
    case PAUSE_WEEK: return now + WEEK;
    case PAUSE_MORNING: break;
    case PAUSE_NONE: return 0;
    }
    zone->local(now, &local);
    clock_date(clock_days(local.year, local.month, local.day) + 1, &local);
    local.hour = MORNING;
    return zone->moment(&local);
}

bool pause_set(const char *folder, int64_t until, const char *actor, char **told, Error *err)
{
    FsLock *lock = NULL;
    Ledger ledger;
    ledger_init(&ledger);
    bool ok = ledger_lock_wait(folder, &lock, err) && ledger_load(folder, true, &ledger, err);
    if (ok) {
        ledger.paused_until = until;
        ok = ledger_save(folder, &ledger, err);
    }
    fs_unlock(lock);
    ledger_release(&ledger);
    if (!ok) {
        return false;
    }
    char *when = until != 0 ? due_slot_text(&due_here, until, clock_now()) : NULL;
    char *text = when != NULL ? mem_printf("The schedule is paused until %s", when)
                              : mem_strdup("The schedule is no longer paused");
    const AuditEntry entry = {
        .operation = "schedule", .status = "success", .message = text, .seconds = -1, .actor = actor};
    ok = auditlog_append(folder, &entry, err);
    if (ok && told != NULL) {
        *told = text;
        text = NULL;
    }
    mem_free(text);
    mem_free(when);
    return ok;
}
