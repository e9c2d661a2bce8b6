/* task_private.h: what task.c and its parts have in common. */
#ifndef CMMS_TASK_PRIVATE_H
#define CMMS_TASK_PRIVATE_H

#include "platform/cancel.h"
#include "platform/thread.h"
#include "store/retention.h"
#include "task.h"

typedef struct TaskKey TaskKey; /* task_there.c: what is asked and answered; under the mutex */

struct Task {
    /* Set before start, then the worker's. */
    TaskKind kind;
    char *folder, *fallback;
    Connection connection;
    AppOptions options;
    char **files;
    size_t file_count;
    char *target, *proven;
    bool overwrite, on, no_safety, sort_as_live, nobody, in_place, sample, once;
    ConfigValues config;
    Pause pause;
    bool has_source;
    Source source;
    JobSink sink;
    char *actor; /* the sink's */
    void (*ring)(void *context);
    void *context;
    /* The worker's until `finished`, then the window's. */
    TaskResult *result;
    /* Any thread. */
    Cancel *cancel;
    Rate *rate; /* of its uploads */
    TaskKey *key;
    Mutex *mutex;
    Cond *changed;
    bool finished; /* under the mutex */
    /* The window's. */
    Thread *thread;
};

/* What the rows (task_rows.c) do. task.c: */
bool task_open(const Task *task, TaskResult *result, Error *err);
bool task_list(const Task *task, TaskResult *result, Error *err);
bool task_demo(const Task *task, TaskResult *result, Error *err);
bool task_backup(const Task *task, TaskResult *result, Error *err);
bool task_scheduled(const Task *task, TaskResult *result, Error *err);
bool task_recheck(const Task *task, TaskResult *result, Error *err);
bool task_pause_schedule(const Task *task, TaskResult *result, Error *err);
bool task_upload(const Task *task, TaskResult *result, Error *err);
bool task_preview(const Task *task, TaskResult *result, Error *err);
bool task_restore(const Task *task, TaskResult *result, Error *err);
bool task_kept(const Task *task, TaskResult *result, Error *err);
bool task_undo(const Task *task, TaskResult *result, Error *err);
bool task_config(const Task *task, TaskResult *result, Error *err);
bool task_enlist(const Task *task, TaskResult *result, Error *err);
bool task_registration(const Task *task, TaskResult *result, Error *err);
bool task_report(const Task *task, TaskResult *result, Error *err);
bool task_certificate(const Task *task, TaskResult *result, Error *err);
/* With each of its files what the row's run_file does. */
bool task_files(const Task *task, TaskResult *result, Error *err);
bool task_verify_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
bool task_export_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
bool task_delete_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
bool task_prove_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
bool task_pin_file(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
/* task_cleanup.c, here and on SharePoint: */
bool task_plan(const Task *task, TaskResult *result, Error *err);
bool task_clean_up(const Task *task, TaskResult *result, Error *err);
bool task_freeze(const Task *task, TaskResult *result, Error *err);
bool task_unfreeze(const Task *task, TaskResult *result, Error *err);
bool task_plan_there(const Task *task, TaskResult *result, Error *err);
bool task_clean_up_there(const Task *task, TaskResult *result, Error *err);

/* task_there.c: what is on SharePoint, and bringing it back. */
TaskKey *task_key_new(void);
void task_key_free(TaskKey *key);
bool task_list_there(const Task *task, TaskResult *result, Error *err);
bool task_download(const Task *task, TaskResult *result, Error *err);

#endif
