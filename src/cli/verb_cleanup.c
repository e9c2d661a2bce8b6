/* verb_cleanup.c: remove old backups, or show what would go. It needs neither a server nor its tools. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/backup.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/folder.h"
#include "store/retention.h"
#include "store/settings.h"

static cJSON *plan_document(const char *folder, const RetentionPlan *plan, const char *frozen, const char *unsure)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", folder);
    json_set_string(document, "retention_frozen", frozen);
    json_set_string(document, "nothing_removed", unsure);
    json_set_int(document, "would_remove", (int64_t)plan->removals);
    json_set_int(document, "good", (int64_t)plan->good);
    cJSON *backups = cJSON_AddArrayToObject(document, "backups");
    for (size_t i = 0; i < plan->count; i++) {
        const RetentionItem *item = &plan->items[i];
        cJSON *backup = cJSON_CreateObject();
        json_set_string(backup, "name", item->entry->name);
        json_set_int(backup, "bytes", (int64_t)item->entry->size);
        json_set_string(backup, "level", level_word(item->entry->level));
        json_set_int(backup, "age_days", item->entry->age_days);
        json_set_bool(backup, "remove", item->remove);
        json_set_string(backup, "reason", item->reason);
        cJSON_AddItemToArray(backups, backup);
    }
    return document;
}

/* Why nothing goes: the alarm, or rules of which it is not known that somebody chose them. */
static void show_stopped(Cli *cli, const char *why)
{
    if (why) {
        char *line = mem_printf("\xE2\x9A\xA0 No old backup is removed: %s", why);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
}

static void show_plan(Cli *cli, const RetentionPlan *plan, const char *frozen, const char *unsure)
{
    unsigned width = 1;
    for (size_t i = 0; i < plan->count; i++) {
        unsigned columns = output_columns(plan->items[i].entry->name);
        width = columns > width ? columns : width;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const RetentionItem *item = &plan->items[i];
        char *name = output_pad(item->entry->name, width, false);
        char *line = mem_printf("%s  %s  %-12s  %s", item->remove ? "would go  " : "would stay", name,
                                level_name(item->entry->level), item->reason);
        output_coloured(&cli->output, item->remove ? COLOUR_WARNING : COLOUR_NONE, line);
        mem_free(line);
        mem_free(name);
    }
    show_stopped(cli, frozen);
    show_stopped(cli, unsure);
    output_line(&cli->output, "%zu of %zu backup(s) would be removed.", plan->removals, plan->count);
}

static bool dry_run(Cli *cli, const char *folder, const Settings *settings, Error *err)
{
    Catalog catalog;
    RetentionPlan plan;
    char *frozen = retention_frozen(folder);
    RetentionRules rules = retention_rules(settings);
    const int64_t now = clock_now();
    rules.frozen = frozen;
    catalog_init(&catalog);
    retention_plan_init(&plan);
    bool ok = catalog_load(folder, now, &catalog, err);
    if (ok) {
        retention_plan(&catalog, &rules, now, &plan);
        if (cli->output.json) {
            output_json(&cli->output, plan_document(folder, &plan, frozen, settings->unsure));
        } else {
            show_plan(cli, &plan, frozen, settings->unsure);
        }
    }
    retention_plan_release(&plan);
    catalog_release(&catalog);
    mem_free(frozen);
    return ok;
}

static void tell_removed(void *context, const char *name)
{
    Cli *cli = context;
    char *text = mem_printf("Removed \"%s\", left by an interrupted job", name);
    output_log(&cli->output, LOG_INFO, text);
    mem_free(text);
}

static bool clean_up(Cli *cli, const char *folder, const Settings *settings, Error *err)
{
    FsLock *lock = NULL;
    size_t removed = 0;
    JobSink sink = output_sink(&cli->output);
    char *frozen = NULL;
    bool ok = folder_lock_wait(folder, &sink, cli->cancel, &lock, err);
    if (ok) {
        backup_finish_left(folder, &sink, cli->cancel);
    }
    ok = ok && folder_clean_up(folder, tell_removed, cli, err) &&
              retention_run(folder, settings, NULL, clock_now(), &sink, cli->cancel, &removed, err);
    output_clear_progress(&cli->output);
    fs_unlock(lock);
    if (!ok) {
        return false;
    }
    frozen = retention_frozen(folder);
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "folder", folder);
        json_set_string(document, "retention_frozen", frozen);
        json_set_string(document, "nothing_removed", settings->unsure);
        json_set_int(document, "removed", (int64_t)removed);
        output_json(&cli->output, document);
    } else if (settings->unsure) {
        show_stopped(cli, settings->unsure);
        output_line(&cli->output, "Save the settings again: 'cmms-backup-cli config set retention_days=%d'.",
                    settings->retention_days);
    } else if (frozen) {
        show_stopped(cli, frozen);
        output_line(&cli->output, "Allow it again with 'cmms-backup-cli cleanup --unfreeze'.");
    } else if (removed == 0 && !cli->output.quiet) {
        output_line(&cli->output, "There was nothing to remove.");
    }
    mem_free(frozen);
    return true;
}

/* What the folder says then. */
static bool freeze(Cli *cli, const char *folder, Error *err)
{
    if (!retention_stop(folder, cli->options->reason, NULL, err)) {
        return false;
    }
    char *frozen = retention_frozen(folder);
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "folder", folder);
        json_set_string(document, "retention_frozen", frozen);
        output_json(&cli->output, document);
    } else {
        show_stopped(cli, frozen);
    }
    mem_free(frozen);
    return true;
}

static bool unfreeze(Cli *cli, const char *folder, Error *err)
{
    if (!retention_unfreeze(folder, NULL, NULL, err)) {
        return false;
    }
    char *frozen = retention_frozen(folder); /* an alarm was answered, and somebody's stop stays */
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "folder", folder);
        json_set_string(document, "retention_frozen", frozen);
        output_json(&cli->output, document);
    } else if (frozen) {
        output_line(&cli->output, "The alarm is answered.");
        show_stopped(cli, frozen);
    } else {
        output_line(&cli->output, "Clean-ups are allowed again.");
    }
    mem_free(frozen);
    return true;
}

static bool cleanup(Cli *cli, const char *folder, Settings *settings, Error *err)
{
    if (!settings_load(folder, settings, err)) {
        return false;
    }
    if (settings->notice) {
        output_log(&cli->output, LOG_WARNING, settings->notice);
    }
    return cli->options->freeze     ? freeze(cli, folder, err)
           : cli->options->unfreeze ? unfreeze(cli, folder, err)
           : cli->options->dry_run  ? dry_run(cli, folder, settings, err)
                                    : clean_up(cli, folder, settings, err);
}

static int run_cleanup(Cli *cli)
{
    Error err = ERROR_INIT;
    Settings settings;
    char *folder = NULL;
    int code = 0;
    settings_init(&settings);
    if (!folder_find(cli->options->folder, &folder, &err) || !cleanup(cli, folder, &settings, &err)) {
        code = output_error(&cli->output, &err);
    }
    settings_release(&settings);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static bool check_cleanup(const Options *options, Error *err)
{
    if (options->dry_run + options->freeze + options->unfreeze > 1) {
        error_set(err, EK_USAGE, "one of --dry-run, --freeze and --unfreeze at a time");
        return error_hint(err, "Try 'cmms-backup-cli cleanup --help'.");
    }
    if (options->reason != NULL && !options->freeze) {
        error_set(err, EK_USAGE, "--reason says why --freeze stops clean-ups");
        return error_hint(err, "Try 'cmms-backup-cli cleanup --help'.");
    }
    return true;
}

static const char help[] =
    "Remove old backups, as the settings retention_days, max_backups and keep_monthly say. Only files that this\n"
    "program made go, and only when a newer verified backup of the same database exists, which is read in full\n"
    "first. Pinned backups, the newest verified one and files made by others always stay.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli cleanup [OPTION]...\n"
    "\n"
    "Options:\n"
    "      --dry-run            remove nothing; show what would go or stay, and why\n"
    "      --freeze             stop clean-ups until --unfreeze; remove nothing now\n"
    "      --reason=TEXT        why, for the log and for who looks at it later\n"
    "      --unfreeze           allow clean-ups again, also after a shrink alarm; remove nothing now\n" FOLDER_HELP
    "\n" OUTPUT_HELP
    "\n"
    "A shrink alarm is raised when a table has lost much of its rows since the last good backup\n"
    "(shrink_alarm_percent). That backup is pinned, and nothing is removed until --unfreeze.\n";

const Verb verb_cleanup = {
    .name = "cleanup",
    .summary = "remove old backups, or show what would go and why",
    .help = help,
    .takes = {OPTION_DRY_RUN, OPTION_FREEZE, OPTION_REASON, OPTION_UNFREEZE, OPTION_FOLDER, OUTPUT_OPTIONS},
    .check = check_cleanup,
    .run = run_cleanup};
