/* report.c: what is recorded, put into days, points and rows. Pure. */
#include "schedule/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/restore.h"
#include "schedule/waiting.h"
#include "store/retention.h"

const char *day_state_word(DayState state)
{
    static const char *const words[] = {"nothing", "good", "weak", "failed", "missed"};
    return words[state];
}

void report_init(Report *report)
{
    *report = (Report){.restore_seconds = -1, .measured_seconds = -1};
    health_init(&report->health);
    protection_init(&report->protection);
}

static void release_events(ReportEvents *events)
{
    for (size_t i = 0; i < events->count; i++) {
        mem_free(events->items[i].when);
        mem_free(events->items[i].operation);
        mem_free(events->items[i].file);
        mem_free(events->items[i].server);
        mem_free(events->items[i].text);
    }
    events->count = events->total = 0;
}

/* All but the notices. */
static void release_built(Report *report)
{
    health_release(&report->health);
    protection_release(&report->protection);
    release_events(&report->proofs);
    release_events(&report->restores);
    release_events(&report->failures);
    for (size_t i = 0; i < report->backup_count; i++) {
        mem_free(report->backups[i].name);
        mem_free(report->backups[i].reason);
    }
    mem_free(report->backups);
    mem_free(report->points);
    mem_free(report->folder);
    mem_free(report->source);
    mem_free(report->last_good);
    mem_free(report->next_text);
    mem_free(report->waits);
    mem_free(report->measured_when);
    mem_free(report->frozen);
    mem_free(report->log_problem);
}

void report_release(Report *report)
{
    release_built(report);
    for (size_t i = 0; i < report->notice_count; i++) {
        mem_free(report->notices[i]);
    }
    mem_free(report->notices);
    report_init(report);
}

void report_notice(Report *report, const char *text)
{
    if (text != NULL) {
        size_t capacity = report->notice_count; /* exactly as many: there are few */
        mem_grow((void **)&report->notices, &capacity, report->notice_count + 1, sizeof *report->notices);
        report->notices[report->notice_count++] = mem_strdup(text);
    }
}

/* --- days ------------------------------------------------------------------------------------------------ */

static int64_t local_day(const DueZone *zone, int64_t moment)
{
    CivilTime t;
    zone->local(moment, &t);
    return clock_days(t.year, t.month, t.day);
}

static void begin_days(const ReportFacts *facts, Report *report)
{
    const int64_t today = local_day(facts->zone, facts->health->now);
    for (int i = 0; i < REPORT_DAYS; i++) {
        report->days[i] = (ReportDay){.day = today - (REPORT_DAYS - 1) + i};
    }
}

/* NULL: it is not of this year. */
static ReportDay *day_of(Report *report, int64_t day)
{
    const int64_t index = day - report->days[0].day;
    return index >= 0 && index < REPORT_DAYS ? &report->days[index] : NULL;
}

/* The best that is known of a day: a backup that was made makes up for a try that failed. */
static void judge_days(Report *report)
{
    for (int i = 0; i < REPORT_DAYS; i++) {
        ReportDay *day = &report->days[i];
        day->state = day->good > 0     ? DAY_GOOD
                     : day->weak > 0   ? DAY_WEAK
                     : day->failed > 0 ? DAY_FAILED
                     : day->missed > 0 ? DAY_MISSED
                                       : DAY_NOTHING;
        report->state_days[day->state]++;
    }
}

static void add_slots(const ReportFacts *facts, Report *report)
{
    for (size_t i = 0; i < facts->ledger->count; i++) {
        const LedgerSlot *slot = &facts->ledger->slots[i];
        ReportDay *day = day_of(report, local_day(facts->zone, slot->moment));
        if (day == NULL) {
            continue;
        }
        if (slot->state == SLOT_MISSED) {
            day->missed++;
        } else if (slot->state == SLOT_FAILED && day->failed == 0) {
            day->failed = 1; /* the log has its tries, but may be gone */
        }
    }
}

/* --- the log --------------------------------------------------------------------------------------------- */

#define SECONDS_MAX 1e9 /* what a log has above that is no duration */

/* Anybody may have written into the file: 0 and -1 where it holds no size and no duration. */
static uint64_t bytes_of(const cJSON *entry)
{
    const int64_t bytes = json_int(entry, "file_size", 0);
    return bytes > 0 ? (uint64_t)bytes : 0;
}

static double seconds_of(const cJSON *entry)
{
    const double seconds = json_number(entry, "seconds", -1);
    return seconds >= 0 && seconds <= SECONDS_MAX ? seconds : -1;
}

/* One entry as it is needed again and again. */
typedef struct Line {
    const cJSON *entry;
    const char *operation, *status, *file; /* file: "" for none */
    int64_t when;
    ReportDay *day;
} Line;

/* False: it is older than a year, or nobody knows when it was: that is counted. What is dated tomorrow was written in
 * another zone: it is of today. */
static bool take_line(const ReportFacts *facts, Report *report, const cJSON *entry, Line *line)
{
    const int64_t today = report->days[REPORT_DAYS - 1].day;
    CivilTime t;
    if (!clock_parse_log(json_string(entry, "timestamp", ""), &t) || clock_days(t.year, t.month, t.day) > today + 1) {
        report->log_odd++;
        return false;
    }
    const int64_t day = clock_days(t.year, t.month, t.day);
    *line = (Line){.entry = entry,
                   .operation = json_string(entry, "operation", "backup"), /* the predecessor knew no other */
                   .status = json_string(entry, "status", ""),
                   .file = json_string(entry, "backup_file", ""),
                   .when = facts->zone->moment(&t),
                   .day = day_of(report, day < today ? day : today)};
    return line->day != NULL;
}

static bool is(const Line *line, const char *operation, const char *status)
{
    return strcmp(line->operation, operation) == 0 && strcmp(line->status, status) == 0;
}

static void add_event(ReportEvents *events, const Line *line)
{
    events->total++;
    if (events->count == REPORT_EVENTS) {
        return;
    }
    events->items[events->count++] = (ReportEvent){
        .when = mem_strdup(json_string(line->entry, "timestamp", NULL)),
        .operation = mem_strdup(line->operation),
        .file = line->file[0] != '\0' ? mem_strdup(line->file) : NULL,
        .server = mem_strdup(json_string(line->entry, "server", NULL)),
        .text = mem_strdup(json_string(line->entry, "message", NULL)),
        .bytes = bytes_of(line->entry),
        .seconds = seconds_of(line->entry),
        .ok = strcmp(line->status, "failed") != 0,
    };
}

/* What went wrong with backups; a sign-in that was refused is no matter of theirs. */
static bool is_failure(const Line *line)
{
    static const char *const operations[] = {"backup", "verify",   "prove",  "restore",  "undo", "export",
                                             "upload", "download", "delete", "schedule", "log"};
    bool known = false;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        known = known || strcmp(line->operation, operations[i]) == 0;
    }
    return known && strcmp(line->status, "failed") == 0;
}

static bool is_whole_restore(const Line *line)
{
    return strncmp(json_string(line->entry, "message", ""), restore_log_words, strlen(restore_log_words)) == 0;
}

/* How long it takes, by an entry that has both: a newer one comes first. */
static void measure(const Line *line, bool by_restore, Report *report)
{
    const double seconds = seconds_of(line->entry);
    const uint64_t bytes = bytes_of(line->entry);
    if (seconds <= 0 || bytes == 0 || (report->measured_when != NULL && (report->by_restore || !by_restore))) {
        return;
    }
    mem_free(report->measured_when);
    report->measured_when = mem_strdup(json_string(line->entry, "timestamp", ""));
    report->measured_seconds = seconds;
    report->measured_bytes = bytes;
    report->by_restore = by_restore;
}

static void add_line(const Line *line, Report *report)
{
    if (is(line, "backup", "failed")) {
        line->day->failed++;
    } else if (is(line, "prove", "success")) {
        line->day->proofs++;
        add_event(&report->proofs, line);
        measure(line, false, report);
    } else if (is(line, "restore", "success")) {
        line->day->restores++;
        add_event(&report->restores, line);
        if (is_whole_restore(line)) {
            measure(line, true, report);
        }
    }
    if (is_failure(line)) {
        add_event(&report->failures, line);
    }
}

/* --- backups --------------------------------------------------------------------------------------------- */

typedef struct Made {
    const char *file;
    bool good; /* as it was logged */
    Line line;
} Made;

typedef struct Backups {
    Made *items; /* those that the log has, by their names */
    size_t count, capacity;
    size_t points; /* capacity of the report's */
} Backups;

static int by_file(const void *a, const void *b)
{
    return strcmp(((const Made *)a)->file, ((const Made *)b)->file);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const CatalogEntry *const *)a)->name, (*(const CatalogEntry *const *)b)->name);
}

static int by_when(const void *a, const void *b)
{
    const int64_t first = ((const ReportPoint *)a)->when, second = ((const ReportPoint *)b)->when;
    return (first > second) - (first < second);
}

static void add_made(Report *report, Backups *backups, ReportDay *day, bool good, const ReportPoint *point)
{
    *(good ? &day->good : &day->weak) += 1;
    if (point->bytes > 0 || point->seconds >= 0) {
        mem_grow((void **)&report->points, &backups->points, report->point_count + 1, sizeof *report->points);
        report->points[report->point_count++] = *point;
    }
}

/* The backup as it is now; NULL: it is gone. `sorted` has all of the catalog by their names. */
static const CatalogEntry *find_entry(const CatalogEntry *const *sorted, size_t count, const char *name)
{
    const CatalogEntry wanted = {.name = (char *)name};
    const CatalogEntry *key = &wanted;
    const CatalogEntry *const *found = count > 0 ? bsearch(&key, sorted, count, sizeof *sorted, by_name) : NULL;
    return found != NULL ? *found : NULL;
}

/* Those that the log has; what lies here still is as good as it is now. */
static void add_logged(Report *report, Backups *backups, const CatalogEntry *const *sorted, size_t count)
{
    for (size_t i = 0; i < backups->count; i++) {
        const Made *made = &backups->items[i];
        const CatalogEntry *entry = find_entry(sorted, count, made->file);
        const ReportPoint point = {made->line.when, bytes_of(made->line.entry), seconds_of(made->line.entry)};
        add_made(report, backups, made->line.day, entry != NULL ? catalog_is_good(entry) : made->good, &point);
    }
}

/* And those that only lie here: brought back from elsewhere, or the log is gone. */
static void add_unlogged(const ReportFacts *facts, Report *report, Backups *backups)
{
    const Catalog *catalog = facts->health->catalog;
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        const Made wanted = {.file = entry->name};
        ReportDay *day = day_of(report, local_day(facts->zone, entry->created));
        if (day != NULL && (backups->count == 0 || bsearch(&wanted, backups->items, backups->count,
                                                           sizeof *backups->items, by_file) == NULL)) {
            const ReportPoint point = {entry->created, entry->size, entry->seconds};
            add_made(report, backups, day, catalog_is_good(entry), &point);
        }
    }
}

static void add_backups(const ReportFacts *facts, Report *report, Backups *backups)
{
    const Catalog *catalog = facts->health->catalog;
    const CatalogEntry **sorted = mem_array(catalog->count, sizeof *sorted);
    for (size_t i = 0; i < catalog->count; i++) {
        sorted[i] = &catalog->entries[i];
    }
    if (catalog->count > 0) {
        qsort((void *)sorted, catalog->count, sizeof *sorted, by_name);
    }
    if (backups->count > 0) {
        qsort(backups->items, backups->count, sizeof *backups->items, by_file);
    }
    add_logged(report, backups, sorted, catalog->count);
    add_unlogged(facts, report, backups);
    if (report->point_count > 0) {
        qsort(report->points, report->point_count, sizeof *report->points, by_when);
    }
    mem_free((void *)sorted);
}

/* From the newest entry to the oldest. */
static void add_log(const ReportFacts *facts, Report *report, Backups *backups)
{
    const cJSON *first = facts->log != NULL ? facts->log->child : NULL;
    const cJSON *entry = first != NULL ? first->prev : NULL; /* cJSON: the first item's prev is the last */
    for (; entry != NULL; entry = entry == first ? NULL : entry->prev) {
        Line line;
        if (!take_line(facts, report, entry, &line)) {
            continue;
        }
        add_line(&line, report);
        if (is(&line, "backup", "success") && line.file[0] != '\0') {
            mem_grow((void **)&backups->items, &backups->capacity, backups->count + 1, sizeof *backups->items);
            backups->items[backups->count++] =
                (Made){line.file, level_is_good(level_from_word(json_string(entry, "level", ""))), line};
        }
    }
}

static bool has_proof(const cJSON *log, const char *file)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, log) {
        if (strcmp(json_string(entry, "operation", ""), "prove") == 0 &&
            strcmp(json_string(entry, "status", ""), "success") == 0 &&
            strcmp(json_string(entry, "backup_file", ""), file) == 0) {
            return true;
        }
    }
    return false;
}

static void add_proven(const ReportFacts *facts, Report *report, const CatalogEntry *entry)
{
    ReportDay *day = entry->proven > 0 ? day_of(report, local_day(facts->zone, entry->proven)) : NULL;
    ReportEvents *proofs = &report->proofs;
    if (day == NULL || has_proof(facts->log, entry->name)) {
        return;
    }
    day->proofs++;
    proofs->total++;
    if (proofs->count < REPORT_EVENTS) {
        CivilTime t;
        facts->zone->local(entry->proven, &t);
        proofs->items[proofs->count++] = (ReportEvent){
            .when = mem_printf("%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second),
            .operation = mem_strdup("prove"),
            .file = mem_strdup(entry->name),
            .text = mem_strdup("Proven, as its manifest says"),
            .bytes = entry->size,
            .seconds = -1,
            .ok = true,
        };
    }
}

/* What the log should have, where it cannot tell. */
static void add_manifests(const ReportFacts *facts, Report *report)
{
    const Catalog *catalog = facts->health->catalog;
    for (size_t i = 0; facts->log_problem != NULL && i < catalog->count; i++) {
        add_proven(facts, report, &catalog->entries[i]);
    }
}

/* --- how things stand ------------------------------------------------------------------------------------ */

static size_t count_sources(const Catalog *catalog)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        bool known = catalog->entries[i].from.key == NULL;
        for (size_t k = 0; k < i && !known; k++) {
            known = source_same(&catalog->entries[k].from, &catalog->entries[i].from);
        }
        count += known ? 0 : 1;
    }
    return count;
}

static void add_standing(const ReportFacts *facts, Report *report)
{
    const HealthFacts *health = facts->health;
    const CatalogEntry *good = health_newest(health, true);
    const DuePlan plan = due_plan(facts->settings);
    DueLook slot;
    due_look(&plan, facts->zone, facts->ledger, health->now, &slot);
    report->made = health->now;
    report->folder = mem_strdup(facts->folder);
    report->source = health->source != NULL ? source_label(health->source) : NULL;
    report->sources = count_sources(health->catalog);
    health_judge(health, &report->health);
    protection_judge(health, facts->settings, facts->ledger, facts->zone, &report->protection);
    report->last_good = mem_strdup(good != NULL ? good->name : NULL);
    report->last_good_at = good != NULL ? good->created : 0;
    report->next = plan.on ? due_after(&plan, facts->zone, health->now) : 0;
    report->next_text = report->next != 0 ? due_slot_text(facts->zone, report->next, health->now) : NULL;
    report->waits = mem_strdup(slot.due ? waiting_why(facts->ledger, facts->settings->wait_days, slot.slot, health->now)
                                          : NULL);
    report->log_entries = facts->log_entries;
    report->log_problem = mem_strdup(facts->log_problem);
    report->log_broken = facts->log_problem != NULL && facts->log_broken;
    if (good != NULL && report->measured_when != NULL) {
        report->restore_seconds = report->measured_seconds * ((double)good->size / (double)report->measured_bytes);
    }
}

static void add_folder(const ReportFacts *facts, Report *report)
{
    RetentionPlan plan;
    RetentionRules rules = retention_rules(facts->settings);
    rules.frozen = facts->frozen;
    retention_plan_init(&plan);
    retention_plan(facts->health->catalog, &rules, facts->health->now, &plan);
    report->frozen = mem_strdup(rules.frozen != NULL ? rules.frozen : rules.keep_all);
    report->backups = mem_array(plan.count, sizeof *report->backups);
    for (; report->backup_count < plan.count; report->backup_count++) {
        const RetentionItem *item = &plan.items[report->backup_count];
        const CatalogEntry *entry = item->entry;
        const Copy *copy = entry->copy;
        const bool offsite = copy != NULL && copy->state == COPY_THERE;
        const bool waiting = copy != NULL && copy->state == COPY_WAITING;
        report->backups[report->backup_count] = (ReportBackup){.name = mem_strdup(entry->name),
                                                               .created = entry->created,
                                                               .proven = entry->proven,
                                                               .bytes = entry->size,
                                                               .seconds = entry->seconds,
                                                               .level = entry->level,
                                                               .pinned = entry->pinned,
                                                               .offsite = offsite,
                                                               .waiting = waiting,
                                                               .leaves = item->leaves,
                                                               .reason = mem_strdup(item->reason)};
        report->here += offsite || facts->copies_unknown ? 0 : 1;
        report->both += offsite ? 1 : 0;
        report->waiting += waiting ? 1 : 0;
    }
    report->copies_known = !facts->copies_unknown;
    retention_plan_release(&plan);
}

/* Copies whose backup is no longer in the folder. */
static void count_there(const ReportFacts *facts, Report *report)
{
    for (size_t i = 0; i < facts->copies->count; i++) {
        const Copy *copy = &facts->copies->items[i];
        bool here = copy->state != COPY_THERE;
        for (size_t k = 0; k < report->backup_count && !here; k++) {
            here = strcmp(report->backups[k].name, copy->file) == 0;
        }
        report->there += here ? 0 : 1;
    }
}

void report_build(const ReportFacts *facts, Report *report)
{
    Backups backups = {0};
    char **notices = report->notices;
    const size_t notice_count = report->notice_count;
    release_built(report);
    report_init(report);
    report->notices = notices;
    report->notice_count = notice_count;
    begin_days(facts, report);
    add_log(facts, report, &backups);
    add_manifests(facts, report);
    if (report->log_odd > 0) {
        char *text = mem_printf("%zu %s of the log %s a time that cannot be: not in here", report->log_odd,
                                report->log_odd == 1 ? "entry" : "entries", report->log_odd == 1 ? "has" : "have");
        report_notice(report, text);
        mem_free(text);
    }
    add_slots(facts, report);
    add_backups(facts, report, &backups);
    judge_days(report);
    add_standing(facts, report);
    add_folder(facts, report);
    count_there(facts, report);
    mem_free(backups.items);
}
