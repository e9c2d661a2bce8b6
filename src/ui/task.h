/*
 * task.h: the work behind the window, each on a thread of its own: opening, listing, the demo, a backup.
 *
 * A task gets a deep copy of what it needs, reports through a JobSink, and when it is done rings once more. It
 * never sees a window. The window's thread asks task_finished at each ring and then takes the result; all that
 * the task said is in the queue before.
 */
#ifndef CMMS_UI_TASK_H
#define CMMS_UI_TASK_H

#include <stdbool.h>

#include "app_options.h"
#include "backup.h"
#include "catalog.h"
#include "connection.h"
#include "engine.h"
#include "error.h"
#include "job.h"

typedef enum TaskKind {
    TASK_OPEN,  /* choose the folder, put the connection together, list the folder */
    TASK_LIST,  /* list the folder */
    TASK_DEMO,  /* start the bundled server, make the sample database */
    TASK_BACKUP /* make a backup */
} TaskKind;

typedef struct TaskSpec {
    TaskKind kind;
    const AppOptions *options;    /* OPEN, DEMO */
    const char *folder;           /* LIST, BACKUP */
    const Connection *connection; /* BACKUP */
} TaskSpec;

typedef struct TaskResult {
    TaskKind kind;
    bool ok;
    Error error; /* when not ok */
    /* OPEN */
    char *folder;
    bool fallback;   /* it is not the preferred folder */
    bool configured; /* there is a database to connect to */
    /* OPEN, DEMO */
    Connection connection;
    /* OPEN, LIST */
    Catalog catalog;
    /* BACKUP */
    BackupResult backup;
    /* DEMO */
    Engine *engine;
} TaskResult;

typedef struct Task Task;

/* ring(context) is called from the task's thread when it has finished. */
Task *task_start(const TaskSpec *spec, JobSink sink, void (*ring)(void *context), void *context);
TaskKind task_kind(const Task *task);
void task_cancel(Task *task);
bool task_finished(Task *task);
/* Waits for the end; frees the task. Caller: task_result_free. */
TaskResult *task_take(Task *task);
/* Waits at most ms for the end: where the program must end soon. */
bool task_wait(Task *task, unsigned ms);
void task_result_free(TaskResult *result);

#endif
