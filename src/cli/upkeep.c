/*
 * upkeep.c: the verbs that look after what is in the backup folder: cleanup, pin, delete, log, config. They need
 * neither a server nor its tools.
 */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/backup.h"
#include "jobs/configure.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "store/retention.h"
#include "store/settings.h"

#define LOG_SHOWN 20

/* The folder; caller frees. None of these verbs has anything to do in one that is not there. False: the error was
 * shown, and *code set. */
static bool find_folder(Cli *cli, char **folder, int *code)
{
    Error err = ERROR_INIT;
    if (!folder_find(cli->options->folder, folder, &err)) {
        *code = output_error(&cli->output, &err);
        error_clear(&err);
        return false;
    }
    return true;
}

/* --- cleanup --------------------------------------------------------------------------------------------- */

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

/* Settings may be chosen before there is a backup. */
static bool set_folder(Cli *cli, char **folder, int *code)
{
    Error err = ERROR_INIT;
    if (!folder_choose(cli->options->folder, folder, NULL, &err)) {
        *code = output_error(&cli->output, &err);
        error_clear(&err);
        return false;
    }
    return true;
}

/* With the folder and settings that are still the defaults. */
static int run_with_settings(Cli *cli, bool (*run)(Cli *cli, const char *folder, Settings *settings, Error *err))
{
    Error err = ERROR_INIT;
    Settings settings;
    char *folder = NULL;
    int code = 0;
    settings_init(&settings);
    const Options *options = cli->options;
    const bool sets = options->verb == VERB_CONFIG && options->file_count > 0 && strcmp(options->files[0], "set") == 0;
    if ((sets ? set_folder(cli, &folder, &code) : find_folder(cli, &folder, &code)) &&
        !run(cli, folder, &settings, &err)) {
        code = output_error(&cli->output, &err);
    }
    settings_release(&settings);
    mem_free(folder);
    error_clear(&err);
    return code;
}

int run_cleanup(Cli *cli)
{
    return run_with_settings(cli, cleanup);
}

/* --- pin, delete ----------------------------------------------------------------------------------------- */

/* One file of the operands, which are names in the folder. */
static bool treat(Cli *cli, const char *folder, const char *name, RetentionRead *read, Error *err)
{
    if (strcmp(fs_base_name(name), name) != 0) {
        error_set(err, EK_USAGE, "\"%s\" is not a name in the backup folder", name);
        return error_hint(err, "Name one of the backups that 'cmms-backup-cli list' shows, without its folder.");
    }
    const JobSink sink = output_sink(&cli->output);
    return cli->options->verb == VERB_PIN
               ? retention_pin(folder, name, !cli->options->off, cli->options->reason, NULL, err)
               : retention_delete(folder, name, cli->options->force, read, &sink, cli->cancel, err);
}

/* For each operand; the first that fails ends it. */
static int run_on_files(Cli *cli, const char *what, const char *member)
{
    Error err = ERROR_INIT;
    char *folder = NULL;
    int code = 0;
    RetentionRead read = {NULL, 0};
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, member);
    bool ok = find_folder(cli, &folder, &code);
    for (size_t i = 0; ok && i < cli->options->file_count; i++) {
        const char *name = cli->options->files[i];
        ok = treat(cli, folder, name, &read, &err);
        output_clear_progress(&cli->output);
        if (ok) {
            cJSON_AddItemToArray(files, cJSON_CreateString(name));
            output_line(&cli->output, "%s was %s.", name, what);
        } else {
            code = output_error(&cli->output, &err);
        }
    }
    if (ok && cli->output.json) {
        output_json(&cli->output, document);
        document = NULL;
    }
    cJSON_Delete(document);
    retention_read_release(&read);
    mem_free(folder);
    error_clear(&err);
    return code;
}

int run_pin(Cli *cli)
{
    return cli->options->off ? run_on_files(cli, "unpinned", "unpinned") : run_on_files(cli, "pinned", "pinned");
}

int run_delete(Cli *cli)
{
    return run_on_files(cli, "deleted", "deleted");
}

/* --- log ------------------------------------------------------------------------------------------------- */

static bool check_log(Cli *cli, const char *folder, Error *err)
{
    size_t entries = 0;
    if (!auditlog_check(folder, &entries, err)) {
        return false;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_bool(document, "ok", true);
        json_set_int(document, "entries", (int64_t)entries);
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, "\xE2\x9C\x85 %zu entries of the log follow from one another.", entries);
    }
    return true;
}

static bool show_entries(Cli *cli, const char *folder, Error *err)
{
    cJSON *entries = NULL;
    const cJSON *entry;
    if (!auditlog_read(folder, cli->options->last ? (size_t)cli->options->last : LOG_SHOWN, &entries, err)) {
        return false;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddItemToObject(document, "entries", entries);
        output_json(&cli->output, document);
        return true;
    }
    cJSON_ArrayForEach(entry, entries) {
        const char *status = json_string(entry, "status", "?"), *file = json_string(entry, "backup_file", NULL);
        char *line = mem_printf("%s  %-8s  %-8s  %s%s%s", json_string(entry, "timestamp", "(no time)          "),
                                json_string(entry, "operation", "backup"), status, file ? file : "", file ? ": " : "",
                                json_string(entry, "message", ""));
        output_coloured(&cli->output, strcmp(status, "failed") == 0 ? COLOUR_BAD : COLOUR_NONE, line);
        mem_free(line);
    }
    cJSON_Delete(entries);
    return true;
}

int run_log(Cli *cli)
{
    Error err = ERROR_INIT;
    char *folder = NULL;
    int code = 0;
    if (find_folder(cli, &folder, &code) &&
        !(cli->options->check ? check_log(cli, folder, &err) : show_entries(cli, folder, &err))) {
        code = output_error(&cli->output, &err);
    }
    mem_free(folder);
    error_clear(&err);
    return code;
}

/* --- config ---------------------------------------------------------------------------------------------- */

static void show_settings(Cli *cli, const char *folder, const Settings *settings)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", folder);
    for (size_t i = 0; settings_key(i); i++) {
        const char *key = settings_key(i);
        char *value = settings_get(settings, key);
        /* Numbers, true and false as such; a time begins with a number. */
        cJSON *item = strchr(value, ':') ? NULL : cJSON_Parse(value);
        cJSON_AddItemToObject(document, key, item ? item : cJSON_CreateString(value));
        output_line(&cli->output, "%s = %s", key, value);
        mem_free(value);
    }
    json_set_string(document, "notice", settings->notice);
    if (cli->output.json) {
        output_json(&cli->output, document);
    } else {
        cJSON_Delete(document);
        if (settings->notice) {
            output_log(&cli->output, LOG_WARNING, settings->notice);
        }
    }
}

static bool set_settings(Cli *cli, const char *folder, Settings *settings, Error *err)
{
    const Options *options = cli->options;
    if (options->file_count < 2) {
        error_set(err, EK_USAGE, "say what to set");
        return error_hint(err, "Try 'cmms-backup-cli config --help'.");
    }
    if (!configure_set(folder, options->files + 1, options->file_count - 1, NULL, settings, err)) {
        return err->kind == EK_USAGE && !err->hint ? error_hint(err, "Try 'cmms-backup-cli config --help'.") : false;
    }
    return true;
}

static bool config(Cli *cli, const char *folder, Settings *settings, Error *err)
{
    const Options *options = cli->options;
    const char *what = options->file_count ? options->files[0] : "show";
    const bool show = strcmp(what, "show") == 0;
    bool ok;
    if (strcmp(what, "set") == 0) {
        ok = set_settings(cli, folder, settings, err);
    } else if (show && options->file_count <= 1) {
        ok = settings_load(folder, settings, err);
    } else {
        error_set(err, EK_USAGE, "config takes \"show\" or \"set\", not \"%s\"", options->files[show ? 1 : 0]);
        ok = error_hint(err, "Try 'cmms-backup-cli config --help'.");
    }
    if (ok) {
        show_settings(cli, folder, settings);
    }
    return ok;
}

int run_config(Cli *cli)
{
    return run_with_settings(cli, config);
}
