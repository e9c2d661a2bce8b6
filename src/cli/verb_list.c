/* verb_list.c: the backups in the folder, and how the folder stands. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "schedule/protection.h"
#include "store/auditlog.h"
#include "store/catalog.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/retention.h"
#include "store/settings.h"

static void judge(Cli *cli, const char *folder, const Catalog *catalog, const char *frozen, Health *health)
{
    Settings settings;
    settings_init(&settings);
    Source source;
    source_init(&source);
    HealthFacts facts = {.catalog = catalog, .frozen = frozen, .now = clock_now()};
    facts.configured = cli_find_source(cli, &source);
    facts.source = facts.configured ? &source : NULL;
    const bool loaded = settings_load(folder, &settings, NULL); /* else the defaults serve */
    if (loaded && settings.notice) {
        output_log(&cli->output, LOG_WARNING, settings.notice);
    }
    facts.due_hours = health_due_hours(&settings);
    facts.space_known = fs_free_space(folder, &facts.free_bytes, NULL);
    char *slot = protection_slot_problem(folder, &settings, facts.now, &facts.slot_at);
    facts.slot = slot;
    health_judge(&facts, health);
    mem_free(slot);
    source_release(&source);
    settings_release(&settings);
}

static cJSON *list_document(Cli *cli, const char *folder, const Catalog *catalog)
{
    cJSON *document = cJSON_CreateObject();
    char *frozen = retention_frozen(folder);
    json_set_string(document, "folder", folder);
    json_set_string(document, "retention_frozen", frozen);
    Health health;
    health_init(&health);
    judge(cli, folder, catalog, frozen, &health);
    static const char *const states[] = {"good", "warning", "bad"};
    json_set_string(document, "health", states[health.state]);
    json_set_string(document, "health_text", health.text);
    health_release(&health);
    mem_free(frozen);
    cJSON *backups = cJSON_AddArrayToObject(document, "backups");
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        cJSON *backup = cJSON_CreateObject();
        json_set_string(backup, "name", entry->name);
        json_set_int(backup, "bytes", (int64_t)entry->size);
        output_add_time(backup, "created", entry->created);
        json_set_int(backup, "age_days", entry->age_days);
        json_set_string(backup, "level", level_word(entry->level));
        output_add_count(backup, "rows", entry->rows);
        output_add_count(backup, "large_objects", entry->large_objects);
        json_set_bool(backup, "pinned", entry->pinned);
        json_set_string(backup, "pin_reason", entry->pin_reason);
        json_set_string(backup, "exported", entry->exported);
        json_set_string(backup, "source", entry->source);
        json_set_string(backup, "contents", entry->contents);
        json_set_string(backup, "note", entry->note);
        cJSON_AddItemToArray(backups, backup);
    }
    return document;
}

static Colour level_colour(Level level)
{
    switch (level) {
    case LEVEL_VERIFIED:
    case LEVEL_PROVEN: return COLOUR_GOOD;
    case LEVEL_NONE:
    case LEVEL_LISTED:
    case LEVEL_READ: return COLOUR_WARNING;
    case LEVEL_BAD: break;
    }
    return COLOUR_BAD;
}

static void list_table(Cli *cli, const char *folder, const Catalog *catalog)
{
    unsigned width = 9;
    for (size_t i = 0; i < catalog->count; i++) {
        unsigned columns = output_columns(catalog->entries[i].name);
        width = columns > width ? columns : width;
    }
    output_line(&cli->output, "\xF0\x9F\x93\x81 Backup Location: %s", folder);
    if (catalog->count > 0) {
        char *name = output_pad("File name", width, false);
        output_line(&cli->output, "%s  %12s  %-19s  %10s  %s", name, "Size", "Created", "Age (days)", "Status");
        mem_free(name);
    }
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        char *name = output_pad(entry->name, width, false);
        char *size = output_megabytes(entry->size);
        char *created = clock_log_text(entry->created);
        char *line = mem_printf("%s  %12s  %-19s  %10d  %s%s%s%s", name, size, created, entry->age_days,
                                level_name(entry->level), entry->pinned ? ", pinned" : "", entry->note ? ": " : "",
                                entry->note ? entry->note : "");
        output_coloured(&cli->output, level_colour(entry->level), line);
        mem_free(line);
        mem_free(created);
        mem_free(size);
        mem_free(name);
    }
    if (!cli->output.quiet) {
        output_line(&cli->output, "Found %zu backup(s)", catalog->count);
    }
    char *frozen = retention_frozen(folder);
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD};
    Health health;
    health_init(&health);
    judge(cli, folder, catalog, frozen, &health);
    char *line = mem_printf("%s %s", health_sign(health.state), health.text);
    output_coloured(&cli->output, colours[health.state], line);
    mem_free(line);
    health_release(&health);
    if (frozen) {
        line = mem_printf("\xE2\x9A\xA0 No old backup is removed: %s", frozen);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
        mem_free(frozen);
    }
}

int run_list(Cli *cli)
{
    Error err = ERROR_INIT;
    Catalog catalog;
    char *folder = NULL;
    int code = 0;
    catalog_init(&catalog);
    if (!folder_find(cli->options->folder, &folder, &err) ||
        !catalog_load(folder, clock_now(), &catalog, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *log = NULL;
        if (auditlog_read(folder, AUDITLOG_KEEP, &log, NULL)) {
            catalog_add_exports(&catalog, log);
            cJSON_Delete(log);
        }
        output_json(&cli->output, list_document(cli, folder, &catalog));
    } else {
        list_table(cli, folder, &catalog);
    }
    catalog_release(&catalog);
    mem_free(folder);
    error_clear(&err);
    return code;
}
