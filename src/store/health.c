/*
 * health.c: the questions are asked worst first, and the first that finds something wrong gives the sentence: is a
 * database known, is there a backup, does the alarm wait for a person, is the newest backup sound, was the newest
 * slot of the schedule run, is the backup young enough, is an older one damaged, is there room for the next.
 *
 * A backup that is dated in the future says nothing about how old the newest is, so it is passed over.
 */
#include "store/health.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define GRACE  300                    /* seconds: clocks of two PCs differ */
#define FULL   (1u << 20)             /* bytes: a disk with less has no room for anything */
#define FIRST  (64u << 20)            /* beside the first backup of a database */
#define USUAL  (1u << 30)             /* for a backup of which nothing is known */

void health_init(Health *health)
{
    *health = (Health){HEALTH_GOOD, MEND_NOTHING, NULL, NULL};
}

void health_release(Health *health)
{
    mem_free(health->text);
    mem_free(health->name);
    health_init(health);
}

int health_due_hours(const Settings *settings)
{
    if (!settings->enabled) {
        return 7 * 24;
    }
    switch (settings->schedule) {
    case SCHEDULE_DAILY: return 36;
    case SCHEDULE_WEEKLY: return 7 * 36;
    case SCHEDULE_MONTHLY: break;
    }
    return 31 * 36;
}

HealthRoom health_room(uint64_t free_bytes, uint64_t last, uint64_t database, uint64_t *needed)
{
    *needed = last > 0       ? last + last / 2 + FULL
              : database > 0 ? database / 10 * 7 + FIRST
                             : USUAL;
    return free_bytes < FULL || free_bytes < last ? ROOM_TOO_LITTLE : free_bytes < *needed ? ROOM_LITTLE : ROOM_ENOUGH;
}

const char *health_sign(HealthState state)
{
    static const char *const signs[] = {"\xE2\x9C\x85", "\xE2\x9A\xA0", "\xE2\x9D\x8C"};
    return signs[state];
}

char *health_ago(int64_t seconds)
{
    static const struct {
        int64_t unit;
        const char *name;
    } units[] = {{DAY, "day"}, {HOUR, "hour"}, {MINUTE, "minute"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const int64_t count = seconds / units[i].unit;
        if (count > 0) {
            return mem_printf("%lld %s%s ago", (long long)count, units[i].name, count == 1 ? "" : "s");
        }
    }
    return mem_strdup("a moment ago");
}

/* What the server at this place said of itself when it was last asked; NULL: nobody asked yet. */
static const Source *last_met(const HealthFacts *facts)
{
    for (size_t i = 0; i < facts->catalog->count; i++) {
        const Source *from = &facts->catalog->entries[i].from;
        if (source_answers(from, facts->source)) {
            return from;
        }
    }
    return NULL;
}

/* Of the database that is asked about (`met`: see last_met), and not of the future. */
static bool counts(const HealthFacts *facts, const Source *met, const CatalogEntry *entry)
{
    return entry->created <= facts->now + GRACE && (!facts->source || (met && source_same(&entry->from, met)));
}

static const CatalogEntry *newest(const HealthFacts *facts, const Source *met, bool good)
{
    for (size_t i = 0; i < facts->catalog->count; i++) {
        const CatalogEntry *entry = &facts->catalog->entries[i];
        if (counts(facts, met, entry) && (!good || catalog_is_good(entry))) {
            return entry;
        }
    }
    return NULL;
}

const CatalogEntry *health_newest(const HealthFacts *facts, bool good)
{
    return newest(facts, facts->source ? last_met(facts) : NULL, good);
}

const CatalogEntry *health_newest_proof(const HealthFacts *facts)
{
    const Source *met = facts->source ? last_met(facts) : NULL;
    const CatalogEntry *best = NULL;
    for (size_t i = 0; i < facts->catalog->count; i++) {
        const CatalogEntry *entry = &facts->catalog->entries[i];
        if (entry->level == LEVEL_PROVEN && entry->proven > 0 && entry->proven <= facts->now + GRACE &&
            counts(facts, met, entry) && (!best || entry->proven > best->proven)) {
            best = entry;
        }
    }
    return best;
}

const CatalogEntry *health_damaged(const HealthFacts *facts)
{
    const Source *met = facts->source ? last_met(facts) : NULL;
    for (size_t i = 0; i < facts->catalog->count; i++) {
        if (facts->catalog->entries[i].level == LEVEL_BAD && counts(facts, met, &facts->catalog->entries[i])) {
            return &facts->catalog->entries[i];
        }
    }
    return NULL;
}

static char *ago(const HealthFacts *facts, const CatalogEntry *entry)
{
    return health_ago(entry->created < facts->now ? facts->now - entry->created : 0);
}

/* Takes the text. */
static void say(Health *health, HealthState state, HealthMend mend, char *text)
{
    health->state = state;
    health->mend = mend;
    health->text = text;
}

static void judge_without_database(const HealthFacts *facts, const CatalogEntry *good, Health *health)
{
    if (!good) {
        say(health, HEALTH_BAD, MEND_CONNECT,
            mem_strdup("Not protected: no database is connected, and there is no good backup"));
        return;
    }
    char *when = ago(facts, good);
    say(health, HEALTH_WARNING, MEND_CONNECT, mem_printf("No database is connected; last good backup %s", when));
    mem_free(when);
}

static void judge_newest(const HealthFacts *facts, const CatalogEntry *last, const CatalogEntry *good, Health *health)
{
    char *when = ago(facts, last);
    char *before = good ? ago(facts, good) : NULL;
    if (last->level == LEVEL_BAD) {
        say(health, HEALTH_BAD, MEND_BACKUP,
            good ? mem_printf("The newest backup is damaged; the last good one was made %s", before)
                 : mem_strdup("Not protected: the newest backup is damaged, and there is no good one"));
    } else if (last->level == LEVEL_READ) { /* reading it once more would not help */
        say(health, good ? HEALTH_WARNING : HEALTH_BAD, MEND_BACKUP,
            good ? mem_printf("The newest backup (%s) could not be compared with the database; the last verified one "
                              "was made %s", when, before)
                 : mem_printf("No backup could be compared with the database; the newest was made %s", when));
    } else if (good) {
        say(health, HEALTH_WARNING, MEND_VERIFY,
            mem_printf("The newest backup (%s) is not verified; the last verified one was made %s", when, before));
    } else {
        say(health, HEALTH_BAD, MEND_VERIFY, mem_printf("No backup is verified; the newest was made %s", when));
    }
    health->name = mem_strdup(last->name);
    mem_free(before);
    mem_free(when);
}

/* That retention is frozen, or should be: the backup that raised the alarm says so as well. */
static const char *alarm_of(const HealthFacts *facts, const Source *met)
{
    for (size_t i = 0; i < facts->catalog->count && !facts->frozen; i++) {
        const CatalogEntry *entry = &facts->catalog->entries[i];
        if (entry->alarm && counts(facts, met, entry)) {
            return entry->alarm;
        }
    }
    return facts->frozen;
}

void health_judge(const HealthFacts *facts, Health *health)
{
    const Source *met = facts->source ? last_met(facts) : NULL;
    const char *alarm = alarm_of(facts, met);
    const CatalogEntry *last = newest(facts, met, false);
    const CatalogEntry *good = newest(facts, met, true);
    uint64_t needed = 0;
    health_release(health);
    if (!facts->configured) {
        judge_without_database(facts, good, health);
    } else if (!last) {
        say(health, HEALTH_BAD, MEND_BACKUP, mem_strdup("Not protected: there is no backup yet"));
    } else if (alarm) {
        say(health, HEALTH_WARNING, MEND_ALARM, mem_printf("Look at this: %s. Old backups are kept", alarm));
    } else if (last != good) {
        judge_newest(facts, last, good, health);
    } else if (facts->slot && good->created < facts->slot_at) {
        say(health, HEALTH_WARNING, MEND_BACKUP, mem_strdup(facts->slot));
    } else if (facts->now - good->created > (int64_t)facts->due_hours * HOUR) {
        char *when = ago(facts, good);
        say(health, HEALTH_WARNING, MEND_BACKUP, mem_printf("A backup is due: the last was made %s", when));
        mem_free(when);
    } else if (health_damaged(facts)) { /* the newest is good: else it was told before */
        const CatalogEntry *damaged = health_damaged(facts);
        say(health, HEALTH_WARNING, MEND_SHOW,
            mem_printf("An older backup is damaged: %s. The newest is good; have the disk looked at, then delete the "
                       "damaged one", damaged->name));
        health->name = mem_strdup(damaged->name);
    } else if (facts->space_known && health_room(facts->free_bytes, good->size, 0, &needed) != ROOM_ENOUGH) {
        say(health, HEALTH_WARNING, facts->removals ? MEND_CLEANUP : MEND_SPACE,
            mem_printf("The disk is nearly full: %s free, the last backup took %s%s%s",
                       size_text(facts->free_bytes).text, size_text(good->size).text,
                       facts->stopped ? "; clean-ups are stopped: " : "", facts->stopped ? facts->stopped : ""));
    } else {
        char *when = ago(facts, good);
        say(health, HEALTH_GOOD, MEND_NOTHING,
            mem_printf("Protected: last backup %s, %s", when, good->level == LEVEL_PROVEN ? "proven" : "verified"));
        mem_free(when);
    }
}
