/* waiting.c: the reasons in the order in which a person can do something about them. */
#include "schedule/waiting.h"

#include "base/mem.h"

#define MINUTE 60
#define DAY 86400
#define DAY_MINUTES (24 * 60)
#define LONGEST (2 * DAY_MINUTES) /* minutes: with a day that a zone has twice */

void waiting_look_init(WaitingLook *look)
{
    *look = (WaitingLook){.waits = false};
}

void waiting_look_release(WaitingLook *look)
{
    mem_free(look->why);
    waiting_look_init(look);
}

WaitingRules waiting_rules(const Settings *settings)
{
    return (WaitingRules){settings->on_battery, settings->on_metered, settings->battery_percent, settings->quiet_hours,
                          settings->wait_days};
}

static bool has_minute(const DayHours *hours, const DueZone *zone, int64_t moment)
{
    CivilTime local;
    zone->local(moment, &local);
    const int minute = local.hour * 60 + local.minute;
    return hours->from < hours->to ? minute >= hours->from && minute < hours->to
                                   : hours->from != hours->to && (minute >= hours->from || minute < hours->to);
}

bool waiting_in_hours(const DayHours *hours, const DueZone *zone, int64_t now, int64_t *end)
{
    if (!has_minute(hours, zone, now)) {
        return false;
    }
    /* Minute by minute: an hour that is skipped may take the end with it, one that is repeated has both again. */
    int64_t moment = now - now % MINUTE + MINUTE;
    for (int i = 0; i < LONGEST && has_minute(hours, zone, moment); i++) {
        moment += MINUTE;
    }
    if (end) {
        *end = moment;
    }
    return true;
}

char *waiting_hours_text(const DayHours *hours)
{
    return mem_printf("%02d:%02d to %02d:%02d", hours->from / 60, hours->from % 60, hours->to / 60, hours->to % 60);
}

/* NULL: nothing speaks against it. *again: when to look next. Caller frees. */
static char *reason(const WaitingRules *rules, const Conditions *conditions, const DueZone *zone, int64_t now,
                    int64_t *again)
{
    const int percent = conditions->battery_percent;
    int64_t end = 0;
    *again = now + WAITING_LOOK;
    if (conditions->on_battery && percent >= 0 && percent < rules->battery_percent) {
        return mem_printf("the battery is at %d %%, and below %d %% it waits to be plugged in", percent,
                          rules->battery_percent);
    }
    if (conditions->on_battery && !rules->on_battery) {
        return mem_strdup("the PC is not plugged in");
    }
    if (conditions->metered && !rules->on_metered) {
        return mem_strdup("the network is metered");
    }
    if (waiting_in_hours(&rules->quiet, zone, now, &end)) {
        char *hours = waiting_hours_text(&rules->quiet);
        char *text = mem_printf("from %s it is quiet", hours);
        mem_free(hours);
        *again = end;
        return text;
    }
    return NULL;
}

void waiting_look(const WaitingRules *rules, const Conditions *conditions, const DueZone *zone, int64_t since,
                  int64_t now, WaitingLook *look)
{
    waiting_look_release(look);
    if (rules->days == 0) {
        return;
    }
    look->why = reason(rules, conditions, zone, now, &look->again);
    if (look->why == NULL) {
        look->again = 0;
        return;
    }
    look->since = since > 0 && since <= now + DUE_FUTURE ? since : now;
    look->latest = look->since + (int64_t)rules->days * DAY;
    look->waits = now < look->latest;
    if (look->again > look->latest) {
        look->again = look->latest;
    }
}

const char *waiting_why(const Ledger *ledger, int days, int64_t slot, int64_t now)
{
    const LedgerSlot *entry = ledger_find(ledger, slot);
    const bool failed = entry != NULL && entry->state == SLOT_FAILED;
    return !failed && now <= ledger->waits_again + WAITING_LATE && now <= ledger->waits_since + (int64_t)days * DAY
               ? ledger_waits(ledger, slot)
               : NULL;
}
