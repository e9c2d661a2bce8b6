/*
 * retention.c: the plan, which touches no file. retention_run.c carries it out.
 *
 * The rules in the order in which they are asked, for each backup: not ours, no manifest, pinned, made just now, of
 * the future, nobody's, the newest verified one: stays. Else too old or beyond the maximum? Then: is there a newer
 * verified one (the witness) of the same database at the same place, is it a month's newest, does anything stop
 * clean-ups (`why_stopped`); only what passes all of these goes.
 *
 * Whose a backup is, source.h says. One whose source is not known justifies no removal, and nothing justifies its own.
 *
 * A backup that is dated in the future (the clock was wrong then, or is now) never justifies a removal and never
 * goes. One that is damaged or not verified does not count towards the maximum; it goes by its age alone.
 */
#include "store/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "platform/clock.h"

#define SECONDS_A_DAY 86400
#define NOBODYS SIZE_MAX

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
                            .keep_monthly = settings->keep_monthly,
                            .keep_all = settings->unsure};
}

/* What the backups of one source have in common. */
typedef struct Group {
    size_t newest, newest_good; /* entries, or NOBODYS; `newest` also if it is of the future */
    size_t counted;             /* towards the maximum so far */
    const char *alarm;          /* that waits for a person, or NULL */
} Group;

typedef struct Planner {
    const Catalog *catalog;
    const RetentionRules *rules;
    int64_t now;
    int this_month;
    int *months;     /* by entry: months since year 0, local time */
    bool *good;      /* by entry: verified, ours, not of the future, without an alarm that waits for a person */
    size_t *group;   /* by entry: those of one source have one number; NOBODYS where the source is not known */
    Group *groups;
} Planner;

static int month_of(int64_t moment)
{
    CivilTime t;
    clock_local(moment, &t);
    return t.year * 12 + t.month - 1;
}

static bool is_made(const Planner *p, const CatalogEntry *entry)
{
    return p->rules->made && !strcmp(entry->name, p->rules->made);
}

static bool of_the_future(const Planner *p, const CatalogEntry *entry)
{
    return entry->created > p->now && !is_made(p, entry);
}

static bool is_verified(const CatalogEntry *entry)
{
    return entry->ours && catalog_is_good(entry);
}

bool retention_counts(const CatalogEntry *entry, int64_t now)
{
    return is_verified(entry) && !entry->alarm && entry->created <= now;
}

/* --- whose they are ------------------------------------------------------------------------------------ */

static int by_source(const void *a, const void *b)
{
    const CatalogEntry *x = *(const CatalogEntry *const *)a, *y = *(const CatalogEntry *const *)b;
    const int order = strcmp(x->from.key, y->from.key);
    return order ? order : strcmp(x->from.place, y->from.place);
}

/* Numbers the sources: one needs to be known by what the server says of itself and by where it was reached. */
static void find_groups(Planner *p)
{
    const CatalogEntry *entries = p->catalog->entries, **known = mem_array(p->catalog->count, sizeof *known);
    size_t count = 0, groups = 0;
    for (size_t i = 0; i < p->catalog->count; i++) {
        p->group[i] = NOBODYS;
        if (entries[i].from.key && entries[i].from.place) {
            known[count++] = &entries[i];
        }
    }
    if (count) {
        qsort(known, count, sizeof *known, by_source);
    }
    for (size_t i = 0; i < count; i++) {
        groups += i == 0 || !source_same_place(&known[i]->from, &known[i - 1]->from);
        p->group[known[i] - entries] = groups - 1;
    }
    p->groups = mem_array(groups, sizeof *p->groups);
    for (size_t i = 0; i < groups; i++) {
        p->groups[i] = (Group){.newest = NOBODYS, .newest_good = NOBODYS};
    }
    mem_free((void *)known);
}

static void look_at_groups(Planner *p)
{
    for (size_t i = 0; i < p->catalog->count; i++) {
        const CatalogEntry *entry = &p->catalog->entries[i];
        if (p->group[i] == NOBODYS) {
            continue;
        }
        Group *group = &p->groups[p->group[i]];
        if (group->newest == NOBODYS && is_verified(entry)) {
            group->newest = i;
        }
        if (group->newest_good == NOBODYS && p->good[i]) {
            group->newest_good = i;
        }
        if (!group->alarm) {
            group->alarm = entry->alarm;
        }
    }
}

/* The newest good backup of the same database, if it comes before entry `at` of the list; else NULL. */
static const CatalogEntry *find_witness(const Planner *p, size_t at)
{
    const size_t newest = p->group[at] == NOBODYS ? NOBODYS : p->groups[p->group[at]].newest_good;
    return newest < at ? &p->catalog->entries[newest] : NULL;
}

static bool newest_of_month(const Planner *p, size_t at)
{
    const int back = p->this_month - p->months[at];
    if (!p->good[at] || back < 0 || back >= p->rules->keep_monthly) {
        return false;
    }
    for (size_t i = at; i > 0 && p->months[i - 1] == p->months[at]; i--) {
        if (p->good[i - 1] && p->group[i - 1] == p->group[at]) {
            return false;
        }
    }
    return true;
}

/* --- what is decided ----------------------------------------------------------------------------------- */

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
    if (p->group[at] == NOBODYS) {
        return mem_strdup("whose it is is not known: made elsewhere, or before servers were told apart");
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

static int64_t term(const RetentionRules *rules)
{
    return (int64_t)rules->retention_days * SECONDS_A_DAY;
}

/* Why nothing of the source of entry `at` may go now, or NULL. Where no server was asked for the time, a clock that is
 * wrong shows in the newest backup: it is older than all that is to stay, or dated ahead. */
static char *why_stopped(const Planner *p, size_t at, const CatalogEntry *witness)
{
    const RetentionRules *rules = p->rules;
    const Group *group = &p->groups[p->group[at]];
    const CatalogEntry *newest = &p->catalog->entries[group->newest];
    if (rules->frozen) {
        return mem_printf("clean-ups are stopped: %s", rules->frozen);
    }
    if (rules->keep_all) {
        return mem_printf("nothing is removed: %s", rules->keep_all);
    }
    if (group->alarm) {
        return mem_printf("clean-ups are stopped: %s", group->alarm);
    }
    if (!rules->made && newest->created - p->now > SECONDS_A_DAY) {
        return mem_printf("the newest backup is dated %lld day(s) ahead: look at this computer's clock",
                          (long long)((newest->created - p->now) / SECONDS_A_DAY));
    }
    if (!rules->made && p->now - witness->created > term(rules)) {
        return mem_printf("the newest good backup is %lld day(s) old: make one first",
                          (long long)((p->now - witness->created) / SECONDS_A_DAY));
    }
    return NULL;
}

/* From when on entry `at`, for which nothing else speaks, would go: its age, or, for a month's newest, when that month
 * is no longer one of those that are kept. 0: by then the witness would be too old to trust the clock. */
static int64_t leaving(const Planner *p, size_t at, bool beyond, const CatalogEntry *witness)
{
    int64_t moment = p->catalog->entries[at].created + term(p->rules) + 1;
    if (beyond) {
        moment = p->now;
    }
    if (newest_of_month(p, at)) {
        const int until = p->months[at] + p->rules->keep_monthly;
        const CivilTime first = {.year = until / 12, .month = until % 12 + 1, .day = 1};
        const int64_t start = clock_from_local(&first);
        moment = start > moment ? start : moment;
    }
    moment = moment > p->now ? moment : p->now;
    return !p->rules->made && moment - witness->created > term(p->rules) ? 0 : moment;
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
    const bool old = p->now - entry->created > term(rules);
    const CatalogEntry *witness = find_witness(p, at);
    char *stopped = witness ? why_stopped(p, at, witness) : NULL;
    item->leaves = witness && !stopped ? leaving(p, at, beyond, witness) : 0;
    if (!old && !beyond) {
        item->reason = p->good[at] ? mem_printf("within %d day(s), and one of the newest %d", rules->retention_days,
                                                rules->max_backups)
                                   : mem_printf("within %d day(s)", rules->retention_days);
    } else if (!witness) {
        item->reason = mem_strdup("there is no newer verified backup");
    } else if (newest_of_month(p, at)) {
        item->reason = mem_printf("the newest of %04d-%02d", p->months[at] / 12, p->months[at] % 12 + 1);
    } else if (stopped) {
        char *why = why_go(rules, old, beyond);
        item->reason = mem_printf("%s, but %s", why, stopped);
        mem_free(why);
    } else {
        item->remove = true;
        item->witness = witness;
        item->reason = why_go(rules, old, beyond);
    }
    mem_free(stopped);
}

void retention_plan(const Catalog *catalog, const RetentionRules *rules, int64_t now, RetentionPlan *plan)
{
    Planner p = {.catalog = catalog, .rules = rules, .now = now, .this_month = month_of(now)};
    RetentionPlan made = {.items = mem_array(catalog->count, sizeof *made.items), .count = catalog->count};
    p.months = mem_array(catalog->count, sizeof *p.months);
    p.good = mem_array(catalog->count, sizeof *p.good);
    p.group = mem_array(catalog->count, sizeof *p.group);
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        p.months[i] = rules->keep_monthly > 0 ? month_of(entry->created) : 0; /* a system may take its time */
        p.good[i] = retention_counts(entry, is_made(&p, entry) ? entry->created : now);
    }
    find_groups(&p);
    look_at_groups(&p);
    for (size_t i = 0; i < catalog->count; i++) {
        RetentionItem *item = &made.items[i];
        item->entry = &catalog->entries[i];
        item->good = p.good[i];
        bool beyond = false;
        if (p.good[i] && !item->entry->pinned && p.group[i] != NOBODYS) { /* each database has its own maximum */
            beyond = ++p.groups[p.group[i]].counted > (size_t)rules->max_backups;
        }
        decide(&p, i, beyond, item);
        made.good += item->good;
        made.removals += item->remove;
    }
    mem_free(p.months);
    mem_free(p.good);
    mem_free(p.group);
    mem_free(p.groups);
    retention_plan_release(plan);
    *plan = made;
}

/* --- the shrink alarm's comparison --------------------------------------------------------------------- */

static int by_table(const void *a, const void *b)
{
    const TableCount *x = *(const TableCount *const *)a, *y = *(const TableCount *const *)b;
    const int order = strcmp(x->schema, y->schema);
    return order ? order : strcmp(x->name, y->name);
}

static const TableCount **sorted_tables(const Manifest *manifest)
{
    const TableCount **sorted = mem_array(manifest->table_count, sizeof *sorted);
    for (size_t i = 0; i < manifest->table_count; i++) {
        sorted[i] = &manifest->tables[i];
    }
    if (manifest->table_count > 1) {
        qsort(sorted, manifest->table_count, sizeof *sorted, by_table);
    }
    return sorted;
}

typedef struct Loss {
    const TableCount *worst; /* one without a name: the large objects */
    double share;
    int64_t left;
    size_t others;
    bool gone;
} Loss;

/* `rows`: how many are left. */
static void weigh(Loss *loss, const TableCount *table, int64_t rows, bool gone, int percent)
{
    if (table->rows < RETENTION_ALARM_ROWS || rows < 0 || rows >= table->rows) {
        return;
    }
    const double share = 100.0 * (double)(table->rows - rows) / (double)table->rows;
    if (share <= percent) {
        return;
    }
    loss->others += loss->worst != NULL;
    if (!loss->worst || share > loss->share || (share >= loss->share && table->rows > loss->worst->rows)) {
        loss->worst = table;
        loss->share = share;
        loss->left = rows;
        loss->gone = gone;
    }
}

static char *loss_text(const Loss *loss)
{
    const TableCount *worst = loss->worst;
    char *label = worst->name ? table_label(worst->schema, worst->name) : NULL;
    char *more = loss->others ? mem_printf("; %zu more table(s) lost too many", loss->others) : mem_strdup("");
    char *text = !worst->name
                     ? mem_printf("the large objects lost %.0f %% of their number (%s before, %s now)%s",
                                  loss->share, count_text(worst->rows).text, count_text(loss->left).text, more)
                 : loss->gone
                     ? mem_printf("table %s lost all of its %s rows: it is gone%s", label,
                                  count_text(worst->rows).text, more)
                     : mem_printf("table %s lost %.0f %% of its rows (%s before, %s now)%s", label, loss->share,
                                  count_text(worst->rows).text, count_text(loss->left).text, more);
    mem_free(more);
    mem_free(label);
    return text;
}

char *retention_loss(const Manifest *before, const Manifest *now, int percent, const TableCount **worst)
{
    Loss loss = {NULL, 0, 0, 0, false};
    if (percent <= 0) {
        return NULL;
    }
    const TableCount **had = sorted_tables(before), **has = sorted_tables(now);
    for (size_t i = 0, k = 0; i < before->table_count; i++) {
        while (k < now->table_count && by_table(&has[k], &had[i]) < 0) {
            k++;
        }
        const bool there = k < now->table_count && by_table(&has[k], &had[i]) == 0;
        weigh(&loss, had[i], there ? has[k]->rows : 0, !there, percent);
    }
    const TableCount objects = {.rows = before->large_objects};
    weigh(&loss, &objects, now->large_objects, false, percent);
    mem_free((void *)had);
    mem_free((void *)has);
    if (!loss.worst) {
        return NULL;
    }
    if (worst) {
        *worst = loss.worst == &objects ? NULL : loss.worst;
    }
    return loss_text(&loss);
}
