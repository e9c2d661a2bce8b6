#include "list_model.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "jobs/heartbeats.h"
#include "locale_text.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/wide.h"
#include "schedule/protection.h"
#include "schedule/recheck.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "store/retention.h"
#include "texts.h"
#include "words.h"

void list_model_init(ListModel *model)
{
    *model = (ListModel){.due_hours = 7 * 24, .sign_in = {.days = -1, .warning = -1}};
    catalog_init(&model->catalog);
    ledger_init(&model->ledger);
}

void list_model_release(ListModel *model)
{
    for (size_t i = 0; model->rows != NULL && i < model->catalog.count; i++) {
        mem_free(model->rows[i].cells);
    }
    mem_free(model->rows);
    mem_free(model->frozen);
    mem_free(model->alarm);
    mem_free(model->slot);
    mem_free(model->silent);
    mem_free(model->silent_names);
    offsite_sign_in_release(&model->sign_in);
    mem_free(model->notice);
    mem_free(model->log_notice);
    mem_free(model->copies_notice);
    catalog_release(&model->catalog);
    settings_release(&model->settings);
    ledger_release(&model->ledger);
    list_model_init(model);
}

static char *leaving_text(int64_t leaves, int64_t now)
{
    return leaves == 0     ? mem_strdup(TEXT_LEAVES_NEVER)
           : leaves <= now ? mem_strdup(TEXT_LEAVES_NOW)
                           : locale_date(leaves);
}

/* What was compared there counts more than what the log says, and what waits more than an older export. */
ListPlace list_model_place(const CatalogEntry *entry)
{
    return entry->copy != NULL && entry->copy->state == COPY_THERE     ? PLACE_SHAREPOINT
           : entry->copy != NULL && entry->copy->state == COPY_WAITING ? PLACE_WAITING
           : entry->exported != NULL                                   ? PLACE_EXPORTED
                                                                       : PLACE_HERE;
}

static wchar_t *make_cells(const CatalogEntry *entry, int64_t leaves, int64_t now)
{
    static const char *const places[] = {[PLACE_HERE] = TEXT_COPIES_LOCAL,
                                         [PLACE_WAITING] = TEXT_COPIES_WAITING,
                                         [PLACE_EXPORTED] = TEXT_COPIES_EXPORTED,
                                         [PLACE_SHAREPOINT] = TEXT_COPIES_THERE};
    char *texts[COLUMN_COUNT] = {
        mem_strdup(entry->name),
        words_megabytes(entry->size),
        locale_date_time(entry->created),
        mem_printf("%d", entry->age_days),
        entry->note != NULL ? mem_printf("%s (%s)", level_name(entry->level), entry->note)
                            : mem_strdup(level_name(entry->level)),
        mem_strdup(places[list_model_place(entry)]),
        mem_strdup(entry->pinned ? TEXT_PINNED : ""),
        leaving_text(leaves, now),
    };
    wchar_t *wide[COLUMN_COUNT];
    size_t units = 0;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        wide[i] = wide_from_utf8(texts[i]);
        units += wcslen(wide[i]) + 1;
        mem_free(texts[i]);
    }
    wchar_t *cells = mem_array(units, sizeof *cells);
    size_t at = 0;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        size_t length = wcslen(wide[i]) + 1;
        memcpy(cells + at, wide[i], length * sizeof *cells);
        at += length;
        mem_free(wide[i]);
    }
    return cells;
}

const wchar_t *list_model_cell(const ListModel *model, size_t index, ListColumn column)
{
    ListRow *row = &model->rows[index];
    if (row->cells == NULL) {
        row->cells = make_cells(&model->catalog.entries[index], row->leaves, model->now);
    }
    const wchar_t *cell = row->cells;
    for (int i = 0; i < (int)column; i++) {
        cell += wcslen(cell) + 1;
    }
    return cell;
}

ConfigValues list_model_config(const Settings *settings)
{
    ConfigValues config = {.retention_days = settings->retention_days,
                           .max_backups = settings->max_backups,
                           .verify = settings->verify_after_backup,
                           .compress = settings->compress,
                           .scheduled = settings->enabled,
                           .schedule = settings->schedule,
                           .weekdays = settings->weekdays,
                           .month_day = settings->month_day};
    int length = snprintf(config.times, sizeof config.times, "%02d:%02d", settings->backup_hour,
                          settings->backup_minute);
    for (size_t i = 0; i < settings->more_time_count && length > 0; i++) { /* twelve in all: there is room */
        length += snprintf(config.times + length, sizeof config.times - (size_t)length, ", %02d:%02d",
                           settings->more_times[i] / 60, settings->more_times[i] % 60);
    }
    return config;
}

/* A log that cannot be read only means that exports are not known; one that is damaged is told. */
static void add_exports(const char *folder, ListModel *model)
{
    cJSON *entries = NULL;
    Error err = ERROR_INIT;
    if (auditlog_read(folder, AUDITLOG_KEEP, &entries, &err)) {
        catalog_add_exports(&model->catalog, entries);
        cJSON_Delete(entries);
    } else if (err.kind == EK_DAMAGED) {
        model->log_notice = mem_printf(TEXT_LOG_DAMAGED, err.message);
    }
    error_clear(&err);
}

/* Which of them are on SharePoint, or wait to be. One that cannot be read now only means that it is not known. */
static void add_copies(const char *folder, ListModel *model)
{
    Copies copies;
    copies_init(&copies);
    if (copies_load(folder, &copies, NULL)) {
        catalog_add_copies(&model->catalog, &copies);
        model->copies_notice = mem_strdup(copies.notice);
        model->copies_unread = copies.notice != NULL;
    } else {
        model->copies_unread = true;
    }
    model->uploading = folder_is_uploading(folder);
    copies_release(&copies);
}

/* As the last run of the schedule has seen it; nobody is asked. */
static void add_elsewhere(const char *folder, ListModel *model)
{
    SeenComputers seen;
    char *host = machine_host_name();
    seen_init(&seen);
    heartbeats_known(folder, &seen);
    model->silent = seen_silent_text(&seen, host != NULL ? host : "", &model->silent_names, clock_now());
    seen_release(&seen);
    mem_free(host);
    offsite_sign_in(&model->sign_in);
}

bool list_model_load(const char *folder, ListModel *model, Error *err)
{
    ListModel made;
    RetentionPlan plan;
    const int64_t now = clock_now();
    list_model_init(&made);
    settings_init(&made.settings);
    retention_plan_init(&plan);
    bool ok = catalog_load(folder, now, &made.catalog, err);
    if (ok) {
        /* Settings that cannot be read now (another program has them) are the defaults until they can. */
        Error why = ERROR_INIT;
        Settings *settings = &made.settings;
        made.config_known = settings_load(folder, settings, &why);
        made.config = list_model_config(settings);
        made.notice = made.config_known ? mem_strdup(settings->notice) : error_text(&why);
        error_clear(&why);
        made.now = now;
        made.frozen = retention_frozen(folder);
        made.alarm = retention_alarm(folder);
        made.due_hours = health_due_hours(settings);
        made.space_known = fs_free_space(folder, &made.free_bytes, NULL);
        made.slot = protection_slot_problem(folder, settings, now, &made.slot_at);
        if (made.config_known && ledger_load(folder, false, &made.ledger, NULL)) {
            const DuePlan due = due_plan(settings);
            ledger_drop_after(&made.ledger, now + DUE_FUTURE);
            char *here = machine_host_name();
            keeper_look(&due, &due_here, &made.ledger, here, now, &made.keeper);
            mem_free(here);
        }
        add_exports(folder, &made);
        add_copies(folder, &made);
        add_elsewhere(folder, &made);
        RetentionRules rules = retention_rules(settings);
        rules.frozen = made.frozen;
        rules.keep_all = made.config_known ? rules.keep_all : made.notice;
        retention_plan(&made.catalog, &rules, now, &plan);
        made.removals = plan.removals;
        made.rows = mem_array(made.catalog.count, sizeof *made.rows);
        for (size_t i = 0; i < made.catalog.count; i++) {
            made.rows[i].leaves = plan.items[i].leaves;
        }
        list_model_release(model);
        *model = made;
        list_model_init(&made);
    }
    retention_plan_release(&plan);
    list_model_release(&made);
    return ok;
}

static HealthFacts facts_of(const ListModel *model, const Source *source, bool configured)
{
    return (HealthFacts){.catalog = &model->catalog,
                         .source = source,
                         .configured = configured,
                         .frozen = model->alarm,
                         .stopped = model->alarm == NULL ? model->frozen : NULL,
                         .due_hours = model->due_hours,
                         .removals = model->removals,
                         .space_known = model->space_known,
                         .free_bytes = model->free_bytes,
                         .slot = model->slot,
                         .slot_at = model->slot_at,
                         .silent = model->silent,
                         .copies_unread = model->copies_unread,
                         .uploading = model->uploading,
                         .now = clock_now()};
}

const char *list_model_alarm(const ListModel *model)
{
    const char *alarm = model->alarm;
    for (size_t i = 0; alarm == NULL && i < model->catalog.count; i++) {
        alarm = model->catalog.entries[i].alarm;
    }
    return alarm;
}

/* 0: not known, or now. */
static int64_t next_of(const ListModel *model, int64_t now)
{
    return model->keeper.on && model->keeper.next > now ? model->keeper.next : 0;
}

void list_model_judge(const ListModel *model, const Source *source, bool configured, const char *task, Health *health)
{
    HealthFacts facts = facts_of(model, source, configured);
    facts.task = task;
    Protection protection;
    protection_init(&protection);
    health_judge(&facts, health);
    protection_judge(&facts, &model->settings, &model->ledger, &due_here, &protection);
    protection_tell(&facts, &protection, task, &due_here, next_of(model, facts.now), health);
    protection_release(&protection);
}

int64_t list_model_good(const ListModel *model, const Source *source, bool configured)
{
    const HealthFacts facts = facts_of(model, source, configured);
    const CatalogEntry *good = configured ? health_newest(&facts, true) : NULL;
    return good != NULL ? good->created : 0;
}

const char *list_model_damaged(const ListModel *model, const Source *source, bool configured)
{
    const HealthFacts facts = facts_of(model, source, configured);
    const CatalogEntry *damaged = configured ? health_damaged(&facts) : NULL;
    return damaged != NULL ? damaged->name : NULL;
}

bool list_model_wants_check(const ListModel *model, const Source *source, bool configured)
{
    const RecheckRules rules = recheck_rules(&model->settings);
    Conditions conditions;
    RecheckLook look;
    conditions_look(&conditions, false);
    const RecheckFacts facts = {.catalog = &model->catalog,
                                .source = configured ? source : NULL,
                                .ledger = &model->ledger,
                                .on_battery = conditions.on_battery,
                                .battery_percent = conditions.battery_percent,
                                .now = clock_now()};
    if (!recheck_may(&model->settings, &model->ledger, facts.now)) {
        return false;
    }
    recheck_look_init(&look);
    recheck_look(&rules, &facts, &due_here, &look);
    const bool wants = look.count > 0 || look.proof != NULL;
    recheck_look_release(&look);
    return wants;
}

char *list_model_next(const ListModel *model)
{
    const int64_t now = clock_now(), next = next_of(model, now);
    return next != 0 ? due_slot_text(&due_here, next, now) : NULL;
}
