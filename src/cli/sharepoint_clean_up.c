/* sharepoint_clean_up.c: `sharepoint clean-up`: what is old on SharePoint, and its removal. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/offsite_clean_up.h"
#include "store/folder.h"

static cJSON *plan_document(const char *folder, const OffsiteCleanUpPlan *plan)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", folder);
    json_set_string(document, "place", plan->place);
    json_set_string(document, "stopped", plan->stopped);
    json_set_int(document, "would_remove", (int64_t)plan->removals);
    json_set_int(document, "good", (int64_t)plan->good);
    cJSON *backups = cJSON_AddArrayToObject(document, "backups");
    for (size_t i = 0; i < plan->count; i++) {
        const OffsiteOld *item = &plan->items[i];
        cJSON *backup = cJSON_CreateObject();
        json_set_string(backup, "name", item->name);
        json_set_int(backup, "bytes", (int64_t)item->bytes);
        output_add_time(backup, "created", item->created);
        json_set_string(backup, "computer", item->computer);
        json_set_string(backup, "level", level_word(item->level));
        json_set_int(backup, "age_days", item->age_days);
        json_set_bool(backup, "remove", item->remove);
        json_set_string(backup, "reason", item->reason);
        cJSON_AddItemToArray(backups, backup);
    }
    return document;
}

static void show_plan(Cli *cli, const OffsiteCleanUpPlan *plan)
{
    unsigned width = 1;
    for (size_t i = 0; i < plan->count; i++) {
        const unsigned columns = output_columns(plan->items[i].name);
        width = columns > width ? columns : width;
    }
    output_line(&cli->output, "SharePoint: %s", plan->place);
    for (size_t i = 0; i < plan->count; i++) {
        const OffsiteOld *item = &plan->items[i];
        char *name = output_pad(item->name, width, false);
        char *line = mem_printf("%s  %s  %-12s  %s", item->remove ? "would go  " : "would stay", name,
                                level_name(item->level), item->reason);
        output_coloured(&cli->output, item->remove ? COLOUR_WARNING : COLOUR_NONE, line);
        mem_free(line);
        mem_free(name);
    }
    if (plan->stopped != NULL) {
        char *line = mem_printf("\xE2\x9A\xA0 No old backup is removed: %s", plan->stopped);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
    output_line(&cli->output, "%zu of %zu backup(s) would go into SharePoint's recycle bin.", plan->removals,
                plan->count);
    if (plan->removals > 0) {
        output_line(&cli->output, "To do it: cmms-backup-cli sharepoint clean-up%s --yes",
                    cli->options->all ? " --all" : "");
    }
}

static bool preview(Cli *cli, const OffsiteCleanUpSpec *spec, const JobSink *sink, Error *err)
{
    OffsiteCleanUpPlan plan;
    offsite_clean_up_plan_init(&plan);
    const bool ok = offsite_clean_up_plan(spec, sink, cli->cancel, &plan, err);
    output_clear_progress(&cli->output);
    if (ok && cli->output.json) {
        output_json(&cli->output, plan_document(spec->folder, &plan));
    } else if (ok) {
        show_plan(cli, &plan);
    }
    offsite_clean_up_plan_release(&plan);
    return ok;
}

static bool clean_up(Cli *cli, const OffsiteCleanUpSpec *spec, const JobSink *sink, Error *err)
{
    size_t removed = 0;
    const bool ok = offsite_clean_up(spec, sink, cli->cancel, &removed, err);
    output_clear_progress(&cli->output);
    if (ok && cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "folder", spec->folder);
        json_set_int(document, "removed", (int64_t)removed);
        output_json(&cli->output, document);
    } else if (ok && removed == 0 && !cli->output.quiet) {
        output_line(&cli->output, "There was nothing to remove.");
    }
    return ok;
}

int cli_sharepoint_clean_up(Cli *cli)
{
    const JobSink sink = output_sink(&cli->output);
    char *folder = NULL;
    Error err = ERROR_INIT;
    int code = 0;
    bool ok = folder_find(cli->options->folder, &folder, &err);
    if (ok) {
        const OffsiteCleanUpSpec spec = {.folder = folder, .all = cli->options->all};
        ok = cli->options->yes ? clean_up(cli, &spec, &sink, &err) : preview(cli, &spec, &sink, &err);
    }
    if (!ok) {
        code = output_error(&cli->output, &err);
    }
    mem_free(folder);
    error_clear(&err);
    return code;
}
