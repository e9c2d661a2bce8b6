/*
 * due.c: slots are looked for day by day around a moment. By their moments they are not always in the order of their
 * local times: 02:30 in the night in which 02:00 becomes 03:00 is at 03:30, after the slot of 03:00. Where the hour
 * before midnight is skipped, that reaches over to the next day, so the days beside one that has a slot are looked at
 * too.
 */
#include "schedule/due.h"

#include "base/mem.h"
#include "base/strbuf.h"

#define HOUR   3600
#define GRACE  300 /* seconds: clocks of two PCs differ */
#define SEARCH 64  /* days: a month's slot is at most so far away */
#define NIGHT  5   /* hours after midnight that people call the night before's */
#define EVENING 18
#define ALL_DAYS 0x7Fu
#define SOON   (36 * HOUR)

const DueZone due_here = {clock_local, clock_from_local};

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

DuePlan due_plan(const Settings *settings)
{
    DuePlan plan = {.on = settings->enabled,
                    .pattern = settings->schedule,
                    .weekdays = settings->weekdays,
                    .month_day = settings->month_day,
                    .times = {settings->backup_hour * 60 + settings->backup_minute},
                    .time_count = 1};
    for (size_t i = 0; i < settings->more_time_count; i++) {
        plan.times[plan.time_count++] = settings->more_times[i];
    }
    return plan;
}

static bool has_day(const DuePlan *plan, const CivilTime *date)
{
    switch (plan->pattern) {
    case SCHEDULE_DAILY: return true;
    case SCHEDULE_WEEKLY: return (plan->weekdays & ALL_DAYS & 1u << date->weekday) != 0;
    case SCHEDULE_MONTHLY: break;
    }
    const int last = clock_days_in_month(date->year, date->month);
    return date->day == (plan->month_day == 0 || plan->month_day > last ? last : plan->month_day);
}

/* The slot of that day that is nearest to the moment: the first after it, or the last that is not. 0: none. */
static int64_t nearest_of_day(const DuePlan *plan, const DueZone *zone, int64_t day, int64_t moment, bool after)
{
    int64_t best = 0;
    CivilTime date;
    clock_date(day, &date);
    for (size_t i = 0; i < plan->time_count && has_day(plan, &date); i++) {
        date.hour = plan->times[i] / 60;
        date.minute = plan->times[i] % 60;
        const int64_t slot = zone->moment(&date);
        if (slot > 0 && (after ? slot > moment && (best == 0 || slot < best) : slot <= moment && slot > best)) {
            best = slot;
        }
    }
    return best;
}

static int64_t nearest(const DuePlan *plan, const DueZone *zone, int64_t moment, bool after)
{
    CivilTime local;
    zone->local(moment, &local);
    const int64_t today = clock_days(local.year, local.month, local.day), step = after ? 1 : -1;
    int64_t best = 0;
    int left = 3; /* a day on the other side; then so many beside the one that has it */
    for (int64_t i = -1; plan->on && i <= SEARCH && (best == 0 || left > 0); i++) {
        const int64_t slot = nearest_of_day(plan, zone, today + i * step, moment, after);
        if (slot != 0 && (best == 0 || (after ? slot < best : slot > best))) {
            best = slot;
        }
        left -= best != 0 ? 1 : 0;
    }
    return best;
}

int64_t due_after(const DuePlan *plan, const DueZone *zone, int64_t moment)
{
    return nearest(plan, zone, moment, true);
}

int64_t due_before(const DuePlan *plan, const DueZone *zone, int64_t moment)
{
    return nearest(plan, zone, moment, false);
}

int64_t due_patience(int attempts)
{
    return attempts <= 1 ? HOUR / 4 : attempts == 2 ? HOUR : 4 * HOUR;
}

/* Its own run, or any that began at or after it: what that one saved is what the slot was to save. */
static bool is_done(const Ledger *ledger, int64_t slot, int64_t now)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const LedgerSlot *entry = &ledger->slots[i];
        if (entry->state == SLOT_DONE && entry->began <= now + DUE_FUTURE && !ledger_is_ahead(ledger, entry, now) &&
            (entry->moment == slot || (entry->began >= slot && entry->began <= now + GRACE))) {
            return true;
        }
    }
    return false;
}

/* From where on slots of which nothing is known were missed: the newest of which something is; 0: there is none. */
static int64_t known_until(const Ledger *ledger, int64_t since, int64_t slot)
{
    int64_t until = since;
    for (size_t i = 0; i < ledger->count; i++) {
        const int64_t moment = ledger->slots[i].moment;
        until = moment < slot && moment > until ? moment : until;
    }
    return until;
}

static void look_for_missed(const DuePlan *plan, const DueZone *zone, const Ledger *ledger, int64_t since,
                            int64_t now, DueLook *look)
{
    const int64_t until = known_until(ledger, since, look->slot);
    int64_t slot = until > 0 ? due_before(plan, zone, look->slot - 1) : 0;
    for (; slot > until && look->missed_count < DUE_MISSED; slot = due_before(plan, zone, slot - 1)) {
        if (!is_done(ledger, slot, now)) {
            look->missed[look->missed_count++] = slot;
        }
    }
    for (size_t i = 0; i < look->missed_count / 2; i++) { /* they were found newest first */
        const int64_t kept = look->missed[i];
        look->missed[i] = look->missed[look->missed_count - 1 - i];
        look->missed[look->missed_count - 1 - i] = kept;
    }
}

/* Set by a clock that was ahead, and not set back since: taken at its word, the slots until then were nobody's. */
static bool is_ahead(const Ledger *ledger, int64_t now)
{
    return ledger->since > now + DUE_FUTURE;
}

void due_forget_since(Ledger *ledger, int64_t now)
{
    if (is_ahead(ledger, now)) {
        ledger->since = 0;
        ledger->begun = true;
    }
}

size_t due_note_clock(Ledger *ledger, int64_t began, int64_t ahead)
{
    size_t early = 0;
    if (ahead > DUE_FUTURE) {
        ledger->ahead_from = ledger->ahead_from == 0 || began < ledger->ahead_from ? began : ledger->ahead_from;
        return 0;
    }
    if (ledger->ahead_from == 0 || ahead < -DUE_FUTURE) {
        return 0;
    }
    ledger_drop_ahead(ledger, began);
    for (size_t i = 0; i < ledger->count; i++) {
        LedgerSlot *entry = &ledger->slots[i];
        if (entry->state == SLOT_DONE && entry->began >= ledger->ahead_from) {
            entry->state = SLOT_MISSED;
            mem_free(entry->text);
            entry->text = mem_strdup("its backup was made before, by a clock that was ahead");
            early++;
        }
    }
    ledger->ahead_from = 0;
    return early;
}

void due_look(const DuePlan *plan, const DueZone *zone, const Ledger *ledger, int64_t now, DueLook *look)
{
    const int64_t since = is_ahead(ledger, now) ? 0 : ledger->since;
    *look = (DueLook){.next = due_after(plan, zone, now), .slot = due_before(plan, zone, now)};
    if (ledger->paused_until > now && ledger->paused_until <= now + DUE_PAUSE) {
        look->paused = ledger->paused_until;
    }
    if (look->slot <= since) {
        look->slot = 0;
    }
    if (look->slot == 0) {
        return;
    }
    look->entry = ledger_find(ledger, look->slot);
    look->done = is_done(ledger, look->slot, now);
    if (!look->done && look->entry && look->entry->state == SLOT_FAILED) {
        const int64_t patience = due_patience(look->entry->attempts);
        look->retry = look->entry->began + patience;
        if (look->retry > now + patience) { /* the clock was set back since */
            look->retry = now;
        }
    }
    look->due = !look->done && look->retry <= now && look->paused == 0;
    look_for_missed(plan, zone, ledger, since, now, look);
}

int64_t due_again(const DueLook *look, int64_t now)
{
    return look->paused != 0 ? look->paused : look->retry > now ? look->retry : look->next;
}

void due_note_missed(const DueLook *look, int64_t now, Ledger *ledger)
{
    for (size_t i = 0; i < look->missed_count; i++) {
        const LedgerSlot slot = {.moment = look->missed[i], .state = SLOT_MISSED, .began = now};
        ledger_note(ledger, &slot);
    }
}

void due_give_up(DueLook *look)
{
    if (look->slot == 0 || look->done || look->entry != NULL) {
        return;
    }
    if (look->missed_count == DUE_MISSED) { /* the newest are told */
        look->missed_count--;
        memmove(look->missed, look->missed + 1, look->missed_count * sizeof look->missed[0]);
    }
    look->missed[look->missed_count++] = look->slot;
}

/* --- in words -------------------------------------------------------------------------------------------- */

static void add_listed(StrBuf *text, const char *item, size_t index, size_t count)
{
    strbuf_addf(text, "%s%s", index == 0 ? "" : index + 1 == count ? " and " : ", ", item);
}

static void add_days(StrBuf *text, unsigned weekdays)
{
    size_t count = 0, at = 0;
    for (unsigned i = 0; i < 7; i++) {
        count += (weekdays & 1u << i) != 0;
    }
    for (unsigned i = 1; i <= 7; i++) { /* from Monday on */
        if (weekdays & 1u << i % 7) {
            add_listed(text, days[i % 7], at++, count);
        }
    }
    if (count == 0) {
        strbuf_addstr(text, "no day");
    }
}

char *due_plan_text(const DuePlan *plan)
{
    if (!plan->on) {
        return mem_strdup("off");
    }
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    strbuf_addstr(&text, schedule_name(plan->pattern));
    if (plan->pattern == SCHEDULE_WEEKLY) {
        strbuf_addstr(&text, " on ");
        add_days(&text, plan->weekdays);
    } else if (plan->pattern == SCHEDULE_MONTHLY && plan->month_day == 0) {
        strbuf_addstr(&text, " on the last day");
    } else if (plan->pattern == SCHEDULE_MONTHLY) {
        strbuf_addf(&text, " on day %d%s", plan->month_day, plan->month_day > 28 ? " or the last" : "");
    }
    strbuf_addstr(&text, " at ");
    bool told[24 * 60] = {false};
    size_t count = 0, at = 0;
    for (size_t i = 0; i < plan->time_count; i++) {
        count += told[plan->times[i]] ? 0 : 1;
        told[plan->times[i]] = true;
    }
    for (int i = 0; i < 24 * 60; i++) {
        if (told[i]) {
            char *time = mem_printf("%02d:%02d", i / 60, i % 60);
            add_listed(&text, time, at++, count);
            mem_free(time);
        }
    }
    return strbuf_detach(&text);
}

char *due_slot_text(const DueZone *zone, int64_t slot, int64_t now)
{
    CivilTime at, today;
    zone->local(slot, &at);
    zone->local(now, &today);
    const int64_t ahead = clock_days(at.year, at.month, at.day) - clock_days(today.year, today.month, today.day);
    const bool night = at.hour < NIGHT, coming = slot > now;
    const char *day = NULL;
    if (ahead == 0) {
        day = coming && (night || at.hour >= EVENING) ? "tonight" : night ? "last night" : "today";
    } else if (ahead == 1) {
        day = night && today.hour >= NIGHT ? "tonight" : "tomorrow";
    } else if (ahead == -1) {
        day = at.hour >= EVENING ? "last night" : "yesterday";
    }
    if (day) {
        return mem_printf("%s %02d:%02d", day, at.hour, at.minute);
    }
    char *year = at.year == today.year ? mem_strdup("") : mem_printf(" %d", at.year);
    char *text = mem_printf("%s %d %s%s %02d:%02d", days[at.weekday], at.day, months[at.month - 1], year, at.hour,
                            at.minute);
    mem_free(year);
    return text;
}

char *due_missed_text(const DueLook *look, const DueZone *zone, int64_t now)
{
    const size_t count = look->missed_count;
    if (count == 0) {
        return NULL;
    }
    char *last = due_slot_text(zone, look->missed[count - 1], now);
    char *text = count == 1 ? mem_printf("The scheduled backup of %s was missed", last)
                            : mem_printf("%zu scheduled backups were missed, the last one that of %s", count, last);
    mem_free(last);
    return text;
}

char *due_skipped_text(const DuePlan *plan, const DueZone *zone, int64_t now)
{
    int64_t slot = due_after(plan, zone, now);
    for (; slot != 0 && slot - now <= SOON; slot = due_after(plan, zone, slot)) {
        CivilTime at;
        bool planned = false;
        zone->local(slot, &at);
        for (size_t i = 0; i < plan->time_count; i++) {
            planned = planned || plan->times[i] == at.hour * 60 + at.minute;
        }
        if (!planned) {
            char *when = due_slot_text(zone, slot, now);
            char *text = mem_printf("The clocks go forward, so one time of the schedule does not exist: that backup "
                                    "comes %s", when);
            mem_free(when);
            return text;
        }
    }
    return NULL;
}
