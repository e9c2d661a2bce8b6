/*
 * retention.c: the plan, which touches no file. retention_run.c carries it out.
 *
 * The rules in the order in which they are asked, for each backup: not ours, no manifest, pinned, made just now, of
 * the future, the newest verified one: stays. Else too old or beyond the maximum? Then: is there a newer
 * verified one (the witness), is it a month's newest, is retention frozen; only what passes all of these goes.
 *
 * A backup that is dated in the future (the clock was wrong then, or is now) never justifies a removal and never
 * goes. One that is damaged or not verified does not count towards the maximum; it goes by its age alone.
 */
#include "retention.h"

#include <string.h>

#include "clock.h"
#include "mem.h"

#define SECONDS_A_DAY 86400

void retention_plan_init(RetentionPlan *plan)
{
    *plan = (RetentionPlan){NULL, 0, 0, 0};
}

void retention_plan_release(RetentionPlan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        mem_free(plan->items[i].reason);
    }
    mem_free(plan->items);
    retention_plan_init(plan);
}

RetentionRules retention_rules(const Settings *settings)
{
    return (RetentionRules){.retention_days = settings->retention_days,
                            .max_backups = settings->max_backups,
                            .keep_monthly = settings->keep_monthly};
}

typedef struct Planner {
    const Catalog *catalog;
    const RetentionRules *rules;
    int64_t now;
    int this_month;
    int *months; /* by entry: months since year 0, local time */
    bool *good;  /* by entry: verified, ours, and not of the future */
} Planner;

static int month_of(int64_t moment)
{
    CivilTime t;
    clock_local(moment, &t);
    return t.year * 12 + t.month - 1;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool is_made(const Planner *p, const CatalogEntry *entry)
{
    return p->rules->made && !strcmp(entry->name, p->rules->made);
}

static bool of_the_future(const Planner *p, const CatalogEntry *entry)
{
    return entry->created > p->now && !is_made(p, entry);
}

/* The newest good backup of the same database, if it comes before entry `at` of the list; else NULL. */
static const CatalogEntry *find_witness(const Planner *p, size_t at)
{
    const CatalogEntry *entries = p->catalog->entries;
    for (size_t i = 0; i < at; i++) {
        if (p->good[i] && same_text(entries[i].source, entries[at].source)) {
            return &entries[i];
        }
    }
    return NULL;
}

static bool newest_of_month(const Planner *p, size_t at)
{
    const CatalogEntry *entries = p->catalog->entries;
    const int back = p->this_month - p->months[at];
    if (!p->good[at] || back < 0 || back >= p->rules->keep_monthly) {
        return false;
    }
    for (size_t i = at; i > 0 && p->months[i - 1] == p->months[at]; i--) {
        if (p->good[i - 1] && same_text(entries[i - 1].source, entries[at].source)) {
            return false;
        }
    }
    return true;
}

/* Why entry `at` is safe without regard to age and number, or NULL. */
static char *why_safe(const Planner *p, size_t at)
{
    const CatalogEntry *entry = &p->catalog->entries[at];
    if (!entry->ours) {
        return mem_strdup("its name is not one that this program gives");
    }
    if (!entry->has_manifest) {
        return mem_strdup("it has no manifest of its own: not made here, or not verified yet");
    }
    if (entry->pinned) {
        return entry->pin_reason ? mem_printf("pinned: %s", entry->pin_reason) : mem_strdup("pinned");
    }
    if (is_made(p, entry)) {
        return mem_strdup("made just now");
    }
    if (of_the_future(p, entry)) {
        return mem_strdup("its date lies in the future");
    }
    if (p->good[at] && !find_witness(p, at)) {
        return mem_strdup("the newest verified backup");
    }
    return NULL;
}

static char *why_go(const RetentionRules *rules, bool old, bool beyond)
{
    return old && beyond ? mem_printf("older than %d day(s), and beyond the newest %d", rules->retention_days,
                                      rules->max_backups)
           : old         ? mem_printf("older than %d day(s)", rules->retention_days)
                         : mem_printf("beyond the newest %d", rules->max_backups);
}

/* From when on entry `at`, for which nothing else speaks, would go: its age, or, for a month's newest, when that month
 * is no longer one of those that are kept. */
static int64_t leaving(const Planner *p, size_t at, bool beyond)
{
    int64_t moment = p->catalog->entries[at].created + (int64_t)p->rules->retention_days * SECONDS_A_DAY + 1;
    if (beyond) {
        moment = p->now;
    }
    if (newest_of_month(p, at)) {
        const int until = p->months[at] + p->rules->keep_monthly;
        const CivilTime first = {.year = until / 12, .month = until % 12 + 1, .day = 1};
        const int64_t start = clock_from_local(&first);
        moment = start > moment ? start : moment;
    }
    return moment > p->now ? moment : p->now;
}

/* `beyond`: more than max_backups good ones are newer. */
static void decide(const Planner *p, size_t at, bool beyond, RetentionItem *item)
{
    const CatalogEntry *entry = item->entry;
    const RetentionRules *rules = p->rules;
    item->reason = why_safe(p, at);
    if (item->reason) {
        return;
    }
    const bool old = p->now - entry->created > (int64_t)rules->retention_days * SECONDS_A_DAY;
    const CatalogEntry *witness = find_witness(p, at);
    item->leaves = witness && !rules->frozen ? leaving(p, at, beyond) : 0;
    if (!old && !beyond) {
        item->reason = p->good[at] ? mem_printf("within %d day(s), and one of the newest %d", rules->retention_days,
                                                rules->max_backups)
                                   : mem_printf("within %d day(s)", rules->retention_days);
        return;
    }
    if (!witness) {
        item->reason = mem_strdup("there is no newer verified backup");
    } else if (newest_of_month(p, at)) {
        item->reason = mem_printf("the newest of %04d-%02d", p->months[at] / 12, p->months[at] % 12 + 1);
    } else if (rules->frozen) {
        char *why = why_go(rules, old, beyond);
        item->reason = mem_printf("%s, but clean-ups are stopped: %s", why, rules->frozen);
        mem_free(why);
    } else {
        item->remove = true;
        item->witness = witness;
        item->reason = why_go(rules, old, beyond);
    }
}

void retention_plan(const Catalog *catalog, const RetentionRules *rules, int64_t now, RetentionPlan *plan)
{
    Planner p = {.catalog = catalog, .rules = rules, .now = now, .this_month = month_of(now)};
    RetentionPlan made = {.items = mem_array(catalog->count, sizeof *made.items), .count = catalog->count};
    size_t counted = 0;
    p.months = mem_array(catalog->count, sizeof *p.months);
    p.good = mem_array(catalog->count, sizeof *p.good);
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        p.months[i] = rules->keep_monthly > 0 ? month_of(entry->created) : 0; /* a system may take its time */
        p.good[i] = entry->ours && entry->has_manifest && !of_the_future(&p, entry) &&
                    (entry->level == LEVEL_VERIFIED || entry->level == LEVEL_PROVEN);
    }
    for (size_t i = 0; i < catalog->count; i++) {
        RetentionItem *item = &made.items[i];
        item->entry = &catalog->entries[i];
        item->good = p.good[i];
        const bool counts = p.good[i] && !item->entry->pinned;
        counted += counts;
        decide(&p, i, counts && counted > (size_t)rules->max_backups, item);
        made.good += item->good;
        made.removals += item->remove;
    }
    mem_free(p.months);
    mem_free(p.good);
    retention_plan_release(plan);
    *plan = made;
}

/* --- the shrink alarm's comparison --------------------------------------------------------------------- */

static const TableCount *find_table(const Manifest *manifest, const TableCount *table)
{
    for (size_t i = 0; i < manifest->table_count; i++) {
        if (!strcmp(manifest->tables[i].name, table->name) && !strcmp(manifest->tables[i].schema, table->schema)) {
            return &manifest->tables[i];
        }
    }
    return NULL;
}

char *retention_loss(const Manifest *before, const Manifest *now, int percent)
{
    const TableCount *worst = NULL;
    double worst_share = 0;
    int64_t worst_left = 0;
    size_t others = 0;
    bool gone = false;
    for (size_t i = 0; percent > 0 && i < before->table_count; i++) {
        const TableCount *table = &before->tables[i], *left = find_table(now, table);
        const int64_t rows = left ? left->rows : 0;
        if (table->rows < RETENTION_ALARM_ROWS || rows < 0 || rows >= table->rows) {
            continue;
        }
        const double share = 100.0 * (double)(table->rows - rows) / (double)table->rows;
        if (share <= percent) {
            continue;
        }
        others += worst != NULL;
        if (!worst || share > worst_share || (share >= worst_share && table->rows > worst->rows)) {
            worst = table;
            worst_share = share;
            worst_left = rows;
            gone = !left;
        }
    }
    if (!worst) {
        return NULL;
    }
    const bool plain = !strcmp(worst->schema, "public") || !worst->schema[0];
    char *more = others ? mem_printf("; %zu more table(s) lost too many", others)
                        : mem_strdup("");
    char *text = gone ? mem_printf("table %s%s%s lost all of its %lld rows: it is gone%s", plain ? "" : worst->schema,
                                   plain ? "" : ".", worst->name, (long long)worst->rows, more)
                      : mem_printf("table %s%s%s lost %.0f %% of its rows (%lld before, %lld now)%s",
                                   plain ? "" : worst->schema, plain ? "" : ".", worst->name, worst_share,
                                   (long long)worst->rows, (long long)worst_left, more);
    mem_free(more);
    return text;
}
