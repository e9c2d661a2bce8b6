/* task_cleanup.c: what would go, what goes, and what keeps it. */
#include "task_private.h"

#include "base/mem.h"
#include "jobs/backup.h"
#include "jobs/offsite_clean_up.h"
#include "platform/clock.h"
#include "store/catalog.h"
#include "store/folder.h"
#include "store/retention.h"
#include "store/settings.h"
#include "texts.h"

/* The core's dry run, fresh: the list on the screen may be older than the folder. */
bool task_plan(const Task *task, TaskResult *result, Error *err)
{
    Catalog catalog;
    Settings settings;
    RetentionPlan plan;
    catalog_init(&catalog);
    settings_init(&settings);
    retention_plan_init(&plan);
    const int64_t now = clock_now();
    bool ok = settings_load(task->folder, &settings, err) && catalog_load(task->folder, now, &catalog, err);
    if (ok) {
        if (settings.notice != NULL) {
            job_log(&task->sink, LOG_WARNING, "%s", settings.notice);
        }
        result->frozen = retention_frozen(task->folder);
        RetentionRules rules = retention_rules(&settings);
        rules.frozen = result->frozen;
        retention_plan(&catalog, &rules, now, &plan);
        result->plan_total = plan.count;
        result->plan = mem_array(plan.removals, sizeof *result->plan);
        for (size_t i = plan.count; i > 0; i--) {
            const RetentionItem *item = &plan.items[i - 1];
            if (item->remove) {
                result->plan[result->plan_count++] =
                    (CleanupItem){mem_strdup(item->entry->name), mem_strdup(item->reason), item->entry->size,
                                  item->entry->age_days};
            }
        }
    }
    retention_plan_release(&plan);
    settings_release(&settings);
    catalog_release(&catalog);
    return ok;
}

static void tell_left_over(void *context, const char *name)
{
    job_log(context, LOG_INFO, TEXT_LEFT_OVER, name);
}

bool task_clean_up(const Task *task, TaskResult *result, Error *err)
{
    FsLock *lock = NULL;
    Settings settings;
    JobSink sink = task->sink;
    settings_init(&settings);
    bool ok = folder_lock_wait(task->folder, &task->sink, task->cancel, &lock, err) &&
              settings_load(task->folder, &settings, err);
    if (ok) {
        backup_finish_left(task->folder, &task->sink, task->cancel);
    }
    ok = ok && folder_clean_up(task->folder, tell_left_over, &sink, err) &&
              retention_run(task->folder, &settings, NULL, clock_now(), &task->sink, task->cancel, &result->removed,
                            err);
    fs_unlock(lock);
    settings_release(&settings);
    return ok;
}

bool task_freeze(const Task *task, TaskResult *result, Error *err)
{
    (void)result;
    bool ok = retention_stop(task->folder, NULL, &task->sink, err);
    if (ok) {
        job_log(&task->sink, LOG_INFO, "%s", TEXT_FROZEN_NOW);
    }
    return ok;
}

bool task_plan_there(const Task *task, TaskResult *result, Error *err)
{
    const OffsiteCleanUpSpec spec = {.folder = task->folder};
    OffsiteCleanUpPlan plan;
    offsite_clean_up_plan_init(&plan);
    const bool ok = offsite_clean_up_plan(&spec, &task->sink, task->cancel, &plan, err);
    if (ok) {
        result->frozen = mem_strdup(plan.stopped);
        result->plan_total = plan.count;
        result->plan = mem_array(plan.removals, sizeof *result->plan);
        for (size_t i = plan.count; i > 0; i--) {
            const OffsiteOld *item = &plan.items[i - 1];
            if (item->remove) {
                result->plan[result->plan_count++] =
                    (CleanupItem){mem_strdup(item->name), mem_strdup(item->reason), item->bytes, item->age_days};
            }
        }
    }
    offsite_clean_up_plan_release(&plan);
    return ok;
}

bool task_clean_up_there(const Task *task, TaskResult *result, Error *err)
{
    const OffsiteCleanUpSpec spec = {.folder = task->folder, .names = (const char *const *)task->files,
                                     .name_count = task->file_count};
    return offsite_clean_up(&spec, &task->sink, task->cancel, &result->removed, err);
}

bool task_unfreeze(const Task *task, TaskResult *result, Error *err)
{
    (void)result;
    bool ok = retention_unfreeze(task->folder, task->target, &task->sink, err);
    char *frozen = ok ? retention_frozen(task->folder) : NULL;
    if (frozen) {
        job_log(&task->sink, LOG_INFO, TEXT_STILL_FROZEN, frozen);
    } else if (ok) {
        job_log(&task->sink, LOG_GOOD, "%s", TEXT_UNFROZEN);
    }
    mem_free(frozen);
    return ok;
}
