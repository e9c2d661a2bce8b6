/* recheck.c: what is due by its own date, then whether the hour lets it. */
#include "schedule/recheck.h"

#include <stdlib.h>

#include "base/mem.h"
#include "schedule/waiting.h"
#include "store/health.h"

#define DAY ((int64_t)86400)

void recheck_look_init(RecheckLook *look)
{
    *look = (RecheckLook){.files = NULL};
}

void recheck_look_release(RecheckLook *look)
{
    mem_free(look->files);
    recheck_look_init(look);
}

RecheckRules recheck_rules(const Settings *settings)
{
    const int every = settings->prove_every_days, within = settings->prove_within_days;
    return (RecheckRules){settings->recheck_days, every > 0 && within > 0 && within < every ? within : every,
                          settings->check_hours, settings->wait_days, settings->battery_percent};
}

bool recheck_may(const Settings *settings, const Ledger *ledger, int64_t now)
{
    const int64_t paused = ledger->paused_until;
    return settings->enabled && ledger_begun(ledger) && !(paused > now && paused <= now + DUE_PAUSE);
}

static bool is_low(const RecheckRules *rules, bool on_battery, int percent)
{
    return on_battery && percent >= 0 && percent < rules->battery_percent;
}

bool recheck_goes_on(const RecheckRules *rules, bool began_on_battery, const Conditions *now)
{
    return (began_on_battery || !now->on_battery) && !is_low(rules, now->on_battery, now->battery_percent);
}

/* A moment that counts: 0 for one of a wrong clock. */
static int64_t past(int64_t moment, int64_t now)
{
    return moment <= now + DUE_FUTURE ? moment : 0;
}

/* From when on that is to be read again. */
static int64_t due_of(const CatalogEntry *entry, const RecheckRules *rules, int64_t now)
{
    const int64_t made = past(entry->created, now), read = past(entry->read, now);
    return (read > made ? read : made) + rules->days * DAY;
}

/* What is due since then is done now. */
static bool may_begin(const RecheckRules *rules, const RecheckFacts *facts, const DueZone *zone, int64_t due)
{
    const bool any = rules->hours.from == rules->hours.to;
    const int64_t patience = (rules->wait_days > 0 ? rules->wait_days : RECHECK_PATIENCE) * DAY;
    if (due > facts->now || is_low(rules, facts->on_battery, facts->battery_percent)) {
        return false;
    }
    return due + patience <= facts->now ||
           (!facts->on_battery && (any || waiting_in_hours(&rules->hours, zone, facts->now, NULL)));
}

static bool is_checkable(const CatalogEntry *entry)
{
    /* LEVEL_NONE: its size differs, which is to be told. */
    return entry->has_manifest && entry->level != LEVEL_BAD && !entry->offline;
}

typedef struct Item {
    const CatalogEntry *entry;
    int64_t due;
    int64_t turn; /* as `due`; one that could not be read comes behind those that nobody has tried for longer */
} Item;

static int by_turn(const void *a, const void *b)
{
    const Item *left = a, *right = b;
    return left->turn < right->turn   ? -1
           : left->turn > right->turn ? 1
                                      : strcmp(left->entry->name, right->entry->name);
}

static void look_for_files(const RecheckRules *rules, const RecheckFacts *facts, const DueZone *zone, RecheckLook *look)
{
    const Catalog *catalog = facts->catalog;
    const int64_t last = past(facts->ledger->checked, facts->now);
    if (rules->days == 0 || catalog->count == 0 || (last > 0 && facts->now < last + RECHECK_STEP)) {
        return;
    }
    Item *items = mem_array(catalog->count, sizeof *items);
    uint64_t all = 0, taken = 0;
    size_t count = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        if (is_checkable(entry)) {
            const LedgerUnread *unread = ledger_unread(facts->ledger, entry->name);
            const int64_t due = due_of(entry, rules, facts->now);
            const int64_t again = unread ? past(unread->tried, facts->now) + rules->days * DAY : 0;
            items[count++] = (Item){entry, due, again > due ? again : due};
            all += entry->size;
        }
    }
    if (count > 1) {
        qsort(items, count, sizeof *items, by_turn);
    }
    const uint64_t share = all / (uint64_t)rules->days;
    look->files = mem_array(catalog->count, sizeof *look->files);
    for (size_t i = 0; i < count; i++) {
        if (!may_begin(rules, facts, zone, items[i].due)) {
            continue; /* the last ones, and among them those that could not be read are due */
        }
        if (look->count > 0 && taken + items[i].entry->size > share) {
            break;
        }
        taken += items[i].entry->size;
        look->files[look->count++] = items[i].entry;
    }
    mem_free(items);
}

/* When the schedule began here, as far as that is known; 0: it did not. */
static int64_t began(const Ledger *ledger)
{
    return ledger->since > 0 ? ledger->since : ledger->count > 0 ? ledger->slots[0].began : 0;
}

static void look_for_proof(const RecheckRules *rules, const RecheckFacts *facts, const DueZone *zone, RecheckLook *look)
{
    const int64_t now = facts->now, tried = past(facts->ledger->proof_tried, now);
    const HealthFacts health = {.catalog = facts->catalog, .source = facts->source, .configured = true, .now = now};
    if (rules->prove_days == 0 || facts->source == NULL || (tried > 0 && now < tried + RECHECK_PROOF_STEP)) {
        return;
    }
    const CatalogEntry *good = health_newest(&health, true), *proof = health_newest_proof(&health);
    const int64_t first = past(began(facts->ledger), now);
    const int64_t due = proof ? proof->proven + rules->prove_days * DAY : first + RECHECK_FIRST_PROOF;
    if (good && !good->offline && (proof || first > 0) && may_begin(rules, facts, zone, due)) {
        look->proof = good;
    }
}

void recheck_look(const RecheckRules *rules, const RecheckFacts *facts, const DueZone *zone, RecheckLook *look)
{
    recheck_look_release(look);
    for (size_t i = 0; rules->days > 0 && i < facts->catalog->count; i++) {
        look->offline += facts->catalog->entries[i].offline ? 1 : 0;
    }
    look_for_files(rules, facts, zone, look);
    look_for_proof(rules, facts, zone, look);
}
