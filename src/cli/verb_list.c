/* verb_list.c: the backups in the folder, and how the folder stands. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "schedule/protection.h"
#include "store/auditlog.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/retention.h"
#include "store/settings.h"

static void judge(Cli *cli, const char *folder, const Catalog *catalog, Health *health)
{
    Settings settings;
    settings_init(&settings);
    Source source;
    source_init(&source);
    char *alarm = retention_alarm(folder);
    HealthFacts facts = {.catalog = catalog, .frozen = alarm, .now = clock_now()};
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
    mem_free(alarm);
    source_release(&source);
    settings_release(&settings);
}

bool cli_add_copies(Cli *cli, const char *folder, Catalog *catalog, Copies *copies)
{
    Error why = ERROR_INIT;
    if (!copies_load(folder, copies, &why)) {
        char *text = error_text(&why);
        output_log(&cli->output, LOG_WARNING, text);
        mem_free(text);
    } else if (copies->notice) {
        output_log(&cli->output, LOG_WARNING, copies->notice);
    }
    const bool read = why.kind == EK_NONE && !copies->notice;
    error_clear(&why);
    catalog_add_copies(catalog, copies);
    return read;
}

/* Where a copy is and how it was compared; null for none. */
static cJSON *copy_object(const Copy *copy)
{
    if (copy == NULL || copy->state != COPY_THERE) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    output_add_time(object, "when", copy->when);
    json_set_string(object, "place", copy->place);
    json_set_string(object, "drive", copy->drive);
    json_set_string(object, "item", copy->item);
    json_set_string(object, "web_url", copy->web_url);
    json_set_string(object, "compared", copy->hash ? "size and hash" : "size");
    json_set_string(object, "encrypted_for", copy->key);
    return object;
}

static bool is_here(const Catalog *catalog, const Copy *copy)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (strcmp(catalog->entries[i].name, copy->file) == 0) {
            return true;
        }
    }
    return false;
}

/* Copies whose backup is no longer in the folder. */
static cJSON *there_alone(const Catalog *catalog, const Copies *copies)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = copies->count; i > 0; i--) {
        const Copy *copy = &copies->items[i - 1];
        if (copy->state == COPY_THERE && !is_here(catalog, copy)) {
            cJSON *item = cJSON_CreateObject();
            json_set_string(item, "name", copy->file);
            json_set_int(item, "bytes", (int64_t)copy->bytes);
            output_add_time(item, "created", copy->created);
            json_set_string(item, "level", level_word(copy->level));
            json_set_string(item, "sha256", copy->sha256);
            json_set_string(item, "where", "there");
            cJSON_AddItemToObject(item, "offsite", copy_object(copy));
            cJSON_AddItemToArray(list, item);
        }
    }
    return list;
}

static cJSON *list_document(Cli *cli, const char *folder, const Catalog *catalog, const Copies *copies)
{
    cJSON *document = cJSON_CreateObject();
    char *frozen = retention_frozen(folder);
    json_set_string(document, "folder", folder);
    json_set_string(document, "retention_frozen", frozen);
    Health health;
    health_init(&health);
    judge(cli, folder, catalog, &health);
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
        json_set_string(backup, "where", entry->copy && entry->copy->state == COPY_THERE ? "both" : "here");
        cJSON_AddItemToObject(backup, "offsite", copy_object(entry->copy));
        json_set_bool(backup, "offsite_waiting", entry->copy && entry->copy->state == COPY_WAITING);
        json_set_string(backup, "source", entry->source);
        json_set_string(backup, "contents", entry->contents);
        json_set_string(backup, "note", entry->note);
        cJSON_AddItemToArray(backups, backup);
    }
    cJSON_AddItemToObject(document, "there", there_alone(catalog, copies));
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

static const char *copy_words(const Copy *copy)
{
    return copy == NULL ? "" : copy->state == COPY_THERE ? ", also on SharePoint" : ", waits for its copy";
}

static void list_there_alone(Cli *cli, const Catalog *catalog, const Copies *copies, unsigned width)
{
    for (size_t i = copies->count; i > 0; i--) {
        const Copy *copy = &copies->items[i - 1];
        if (copy->state != COPY_THERE || is_here(catalog, copy)) {
            continue;
        }
        char *name = output_pad(copy->file, width, false);
        char *size = output_megabytes(copy->bytes);
        char *created = copy->created ? clock_log_text(copy->created) : mem_strdup("");
        output_line(&cli->output, "%s  %12s  %-19s  %10s  on SharePoint alone, %s", name, size, created, "",
                    level_name(copy->level));
        mem_free(created);
        mem_free(size);
        mem_free(name);
    }
}

static void list_table(Cli *cli, const char *folder, const Catalog *catalog, const Copies *copies)
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
        char *line = mem_printf("%s  %12s  %-19s  %10d  %s%s%s%s%s", name, size, created, entry->age_days,
                                level_name(entry->level), copy_words(entry->copy), entry->pinned ? ", pinned" : "",
                                entry->note ? ": " : "", entry->note ? entry->note : "");
        output_coloured(&cli->output, level_colour(entry->level), line);
        mem_free(line);
        mem_free(created);
        mem_free(size);
        mem_free(name);
    }
    list_there_alone(cli, catalog, copies, width);
    if (!cli->output.quiet) {
        output_line(&cli->output, "Found %zu backup(s)", catalog->count);
    }
    char *frozen = retention_frozen(folder);
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD};
    Health health;
    health_init(&health);
    judge(cli, folder, catalog, &health);
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

static int run_list(Cli *cli)
{
    Error err = ERROR_INIT;
    Catalog catalog;
    Copies copies;
    char *folder = NULL;
    int code = 0;
    catalog_init(&catalog);
    copies_init(&copies);
    const bool ok = folder_find(cli->options->folder, &folder, &err) &&
                    catalog_load(folder, clock_now(), &catalog, &err);
    if (ok) {
        cli_add_copies(cli, folder, &catalog, &copies);
    }
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *log = NULL;
        if (auditlog_read(folder, AUDITLOG_KEEP, &log, NULL)) {
            catalog_add_exports(&catalog, log);
            cJSON_Delete(log);
        }
        output_json(&cli->output, list_document(cli, folder, &catalog, &copies));
    } else {
        list_table(cli, folder, &catalog, &copies);
    }
    copies_release(&copies);
    catalog_release(&catalog);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Show the backups in the backup folder, the newest first.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli list [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "Status: Verified and Proven are good backups; Read means that every byte was read, but its rows were never\n"
    "all compared with the database's; Listed is the quick check of older versions; Not verified means that\n"
    "nothing is known of the file; Damaged means that it failed a check. What has a copy on SharePoint, waits for\n"
    "one, or is there alone, is said as it was when it was uploaded; nothing is asked of SharePoint now.\n";

const Verb verb_list = {
    .name = "list",
    .summary = "show the backups in the backup folder",
    .help = help,
    .takes = {OPTION_FOLDER, OUTPUT_OPTIONS},
    .run = run_list};
