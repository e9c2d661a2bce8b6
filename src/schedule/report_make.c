/* report_make.c: the look at the folder that a report is made of, and the report as JSON. */
#include "schedule/report.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/offsite.h"
#include "jobs/page.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "schedule/registration.h"
#include "store/auditlog.h"
#include "store/retention.h"

/* --- the look -------------------------------------------------------------------------------------------- */

typedef struct Look {
    const ReportSpec *spec;
    Catalog catalog;
    Settings settings;
    Ledger ledger;
    Copies copies;
    Registration task;
    cJSON *log;
    size_t log_entries;
    char *log_problem, *alarm, *frozen, *slot;
    bool log_broken, copies_unknown; /* as in ReportFacts */
    char oldest[32]; /* as the log writes a time: what is before it is not of the year */
} Look;

static void look_init(Look *look, const ReportSpec *spec)
{
    *look = (Look){.spec = spec, .log = cJSON_CreateArray()};
    if (look->log == NULL) {
        mem_out();
    }
    catalog_init(&look->catalog);
    settings_init(&look->settings);
    ledger_init(&look->ledger);
    copies_init(&look->copies);
    registration_init(&look->task);
}

static void look_release(Look *look)
{
    registration_release(&look->task);
    copies_release(&look->copies);
    ledger_release(&look->ledger);
    settings_release(&look->settings);
    catalog_release(&look->catalog);
    cJSON_Delete(look->log);
    mem_free(look->log_problem);
    mem_free(look->alarm);
    mem_free(look->frozen);
    mem_free(look->slot);
}

/* Only the year's entries are kept, and those of no time: a log may hold many years. */
static bool take_entry(void *context, const AuditLink *link)
{
    Look *look = context;
    const char *when = json_string(link->entry, "timestamp", "");
    CivilTime t;
    if (strcmp(when, look->oldest) >= 0 || !clock_parse_log(when, &t)) {
        cJSON *copy = cJSON_Duplicate(link->entry, true);
        if (copy == NULL || !cJSON_AddItemToArray(look->log, copy)) {
            mem_out();
        }
    }
    return true;
}

/* What cannot be read of the log is told, and the rest serves. */
static void look_at_log(Look *look, int64_t now)
{
    Error why = ERROR_INIT;
    char *oldest = clock_log_text(now - (int64_t)(REPORT_DAYS + 1) * 86400);
    const size_t len = strlen(oldest);
    memcpy(look->oldest, oldest, len < sizeof look->oldest ? len : sizeof look->oldest - 1);
    mem_free(oldest);
    if (!auditlog_check(look->spec->folder, &look->log_entries, &why)) {
        look->log_problem = error_text(&why);
        look->log_broken = why.kind == EK_DAMAGED;
        error_clear(&why);
    }
    if (!auditlog_walk(look->spec->folder, take_entry, look, &why) && look->log_problem == NULL) {
        look->log_problem = error_text(&why);
        look->log_broken = why.kind == EK_DAMAGED;
    }
    error_clear(&why);
}

static void notice_error(Report *report, const Error *why)
{
    char *text = error_text(why);
    report_notice(report, text);
    mem_free(text);
}

static void look_at_records(Look *look, Report *report)
{
    Error why = ERROR_INIT;
    ledger_load(look->spec->folder, false, &look->ledger, NULL); /* protection_slot_problem says what is wrong */
    report_notice(report, look->ledger.notice);
    if (!copies_load(look->spec->folder, &look->copies, &why)) {
        notice_error(report, &why);
        look->copies_unknown = true;
    }
    report_notice(report, look->copies.notice);
    catalog_add_copies(&look->catalog, &look->copies);
    error_clear(&why);
}

bool report_make(const ReportSpec *spec, Report *report, Error *err)
{
    Look look;
    OffsiteSignIn sign_in = {.days = -1, .warning = -1};
    const int64_t now = clock_now();
    look_init(&look, spec);
    bool ok = settings_load(spec->folder, &look.settings, err) && catalog_load(spec->folder, now, &look.catalog, err);
    if (ok) {
        report_release(report);
        report_notice(report, look.settings.notice);
        look_at_records(&look, report);
        look_at_log(&look, now);
        look.alarm = retention_alarm(spec->folder);
        look.frozen = retention_frozen(spec->folder);
        offsite_sign_in(&sign_in);
        HealthFacts health = {.catalog = &look.catalog,
                              .source = spec->source,
                              .configured = spec->source != NULL,
                              .frozen = look.alarm,
                              .stopped = look.alarm == NULL ? look.frozen : NULL,
                              .due_hours = health_due_hours(&look.settings),
                              .copies_known = look.copies.count > 0 || sign_in.set_up,
                              .copies_unread = look.copies_unknown || look.copies.notice != NULL,
                              .now = now};
        health.space_known = fs_free_space(spec->folder, &health.free_bytes, NULL);
        look.slot = protection_slot_problem(spec->folder, &look.settings, now, &health.slot_at);
        health.slot = look.slot;
        registration_look(&look.settings, spec->named_folder, &look.task);
        if (look.task.state != REGISTRATION_GOOD && registration_is_wanted(&look.settings)) {
            health.task = look.task.text;
        }
        const ReportFacts facts = {.folder = spec->folder,
                                   .health = &health,
                                   .settings = &look.settings,
                                   .ledger = &look.ledger,
                                   .copies = &look.copies,
                                   .frozen = look.frozen,
                                   .zone = &due_here,
                                   .log = look.log,
                                   .log_entries = look.log_entries,
                                   .log_problem = look.log_problem,
                                   .log_broken = look.log_broken,
                                   .copies_unknown = look.copies_unknown};
        report_build(&facts, report);
    }
    offsite_sign_in_release(&sign_in);
    look_release(&look);
    return ok;
}

bool report_issue(const ReportSpec *spec, const char *out, Report *report, char **written, Error *err)
{
    StrBuf page;
    char *to = mem_strdup(out);
    strbuf_init(&page, STRBUF_LARGE);
    bool ok = (out == NULL || page_may_be(out, err)) && report_make(spec, report, err) &&
              (to != NULL || page_own_path(REPORT_PAGE, &to, err));
    if (ok) {
        report_page(report, &page);
        ok = page_write(to, &page, err);
    }
    if (ok) {
        *written = to;
        to = NULL;
    }
    strbuf_release(&page);
    mem_free(to);
    return ok;
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

static void set_time(cJSON *object, const char *name, int64_t moment)
{
    char *text = moment > 0 ? clock_iso_text(moment) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

static void set_seconds(cJSON *object, const char *name, double seconds)
{
    if (seconds >= 0) {
        json_set_number(object, name, seconds);
    } else {
        json_set_string(object, name, NULL);
    }
}

static void add_facts(cJSON *document, const Protection *protection)
{
    cJSON *facts = cJSON_AddArrayToObject(document, "facts");
    for (int i = 0; i < FACT_COUNT; i++) {
        const ProtectionFact *fact = &protection->facts[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "name", fact_name((FactKind)i));
        json_set_string(item, "state", fact_state_word(fact->state));
        set_time(item, "when", fact->when);
        json_set_string(item, "text", fact->text);
        json_set_string(item, "mend", fact->mend);
        cJSON_AddItemToArray(facts, item);
    }
}

/* The days of which something is recorded. */
static void add_days(cJSON *document, const Report *report)
{
    cJSON *days = cJSON_AddArrayToObject(document, "days");
    for (int i = 0; i < REPORT_DAYS; i++) {
        const ReportDay *day = &report->days[i];
        if (day->state == DAY_NOTHING && day->proofs + day->restores == 0) {
            continue;
        }
        CivilTime t;
        clock_date(day->day, &t);
        char *date = mem_printf("%04d-%02d-%02d", t.year, t.month, t.day);
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "day", date);
        json_set_string(item, "state", day_state_word(day->state));
        json_set_int(item, "good", day->good);
        json_set_int(item, "weak", day->weak);
        json_set_int(item, "failed", day->failed);
        json_set_int(item, "missed", day->missed);
        json_set_int(item, "proofs", day->proofs);
        json_set_int(item, "restores", day->restores);
        cJSON_AddItemToArray(days, item);
        mem_free(date);
    }
    cJSON *counts = cJSON_AddObjectToObject(document, "day_counts");
    for (int i = 0; i <= DAY_MISSED; i++) {
        json_set_int(counts, day_state_word((DayState)i), report->state_days[i]);
    }
}

static void add_points(cJSON *document, const Report *report)
{
    cJSON *points = cJSON_AddArrayToObject(document, "trend");
    for (size_t i = 0; i < report->point_count; i++) {
        const ReportPoint *point = &report->points[i];
        cJSON *item = cJSON_CreateObject();
        set_time(item, "when", point->when);
        json_set_int(item, "bytes", (int64_t)point->bytes);
        set_seconds(item, "seconds", point->seconds);
        cJSON_AddItemToArray(points, item);
    }
}

static void add_events(cJSON *document, const char *name, const ReportEvents *events)
{
    cJSON *object = cJSON_AddObjectToObject(document, name);
    json_set_int(object, "total", (int64_t)events->total);
    cJSON *list = cJSON_AddArrayToObject(object, "newest");
    for (size_t i = 0; i < events->count; i++) {
        const ReportEvent *event = &events->items[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "when", event->when);
        json_set_string(item, "operation", event->operation);
        json_set_bool(item, "ok", event->ok);
        json_set_string(item, "file", event->file);
        json_set_int(item, "bytes", (int64_t)event->bytes);
        set_seconds(item, "seconds", event->seconds);
        json_set_string(item, "server", event->server);
        json_set_string(item, "text", event->text);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_restore(cJSON *document, const Report *report)
{
    if (report->measured_when == NULL) {
        json_set_string(document, "restore", NULL);
        return;
    }
    cJSON *object = cJSON_AddObjectToObject(document, "restore");
    set_seconds(object, "seconds", report->restore_seconds);
    json_set_string(object, "by", report->by_restore ? "restore" : "proof");
    json_set_string(object, "measured", report->measured_when);
    json_set_number(object, "measured_seconds", report->measured_seconds);
    json_set_int(object, "measured_bytes", (int64_t)report->measured_bytes);
}

static void add_backups(cJSON *document, const Report *report)
{
    if (report->copies_known) {
        cJSON *copies = cJSON_AddObjectToObject(document, "copies");
        json_set_int(copies, "here", (int64_t)report->here);
        json_set_int(copies, "both", (int64_t)report->both);
        json_set_int(copies, "offsite", (int64_t)report->there);
        json_set_int(copies, "waiting", (int64_t)report->waiting);
    } else {
        json_set_string(document, "copies", NULL);
    }
    json_set_string(document, "nothing_removed", report->frozen);
    cJSON *backups = cJSON_AddArrayToObject(document, "backups");
    for (size_t i = 0; i < report->backup_count; i++) {
        const ReportBackup *backup = &report->backups[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "name", backup->name);
        set_time(item, "created", backup->created);
        json_set_int(item, "bytes", (int64_t)backup->bytes);
        set_seconds(item, "seconds", backup->seconds);
        json_set_string(item, "level", level_word(backup->level));
        set_time(item, "proven_at", backup->proven);
        json_set_bool(item, "pinned", backup->pinned);
        json_set_string(item, "where", backup->offsite ? "both" : "here");
        json_set_bool(item, "offsite_waiting", backup->waiting);
        set_time(item, "leaves", backup->leaves);
        json_set_string(item, "reason", backup->reason);
        cJSON_AddItemToArray(backups, item);
    }
}

cJSON *report_document(const Report *report)
{
    static const char *const states[] = {"good", "warning", "bad"};
    cJSON *document = cJSON_CreateObject();
    set_time(document, "made", report->made);
    json_set_string(document, "folder", report->folder);
    json_set_string(document, "source", report->source);
    json_set_int(document, "sources", (int64_t)report->sources);
    json_set_bool(document, "protected", report->protection.holds);
    json_set_string(document, "health", states[report->health.state]);
    json_set_string(document, "health_text", report->health.text);
    add_facts(document, &report->protection);
    json_set_string(document, "last_good", report->last_good);
    set_time(document, "last_good_at", report->last_good_at);
    set_time(document, "next", report->next);
    json_set_string(document, "waits", report->waits);
    add_restore(document, report);
    cJSON *log = cJSON_AddObjectToObject(document, "log");
    if (report->log_problem != NULL && !report->log_broken) {
        json_set_string(log, "holds", NULL); /* it could not be looked at */
    } else {
        json_set_bool(log, "holds", !report->log_broken);
    }
    json_set_int(log, "entries", (int64_t)report->log_entries);
    json_set_int(log, "without_a_time", (int64_t)report->log_odd);
    json_set_string(log, "problem", report->log_problem);
    add_days(document, report);
    add_points(document, report);
    add_events(document, "proofs", &report->proofs);
    add_events(document, "restores", &report->restores);
    add_events(document, "failures", &report->failures);
    add_backups(document, report);
    cJSON *notices = cJSON_AddArrayToObject(document, "notices");
    for (size_t i = 0; i < report->notice_count; i++) {
        cJSON_AddItemToArray(notices, cJSON_CreateString(report->notices[i]));
    }
    return document;
}
