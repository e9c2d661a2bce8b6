/*
 * task_row.h: what is known of a kind of task, in one row (task_rows.c): what its thread does, what the window says
 * meanwhile and afterwards, and what follows.
 */
#ifndef CMMS_UI_TASK_ROW_H
#define CMMS_UI_TASK_ROW_H

#include <stdbool.h>
#include <wchar.h>

#include "store/retention.h"
#include "task.h"

struct MainWindow;

typedef struct TaskRow {
    /* On the task's thread. */
    bool (*run)(const Task *task, TaskResult *result, Error *err);
    /* The same, with one of its files, where `run` is task_files. */
    bool (*run_file)(const Task *task, const char *path, RetentionRead *read, const JobSink *sink, Error *err);
    /* Of a job of the window; all NULL for a task that runs beside the jobs. */
    const char *step;      /* shown until it says more itself */
    const char *good;      /* in the line beside the bar */
    const char *cancelled; /* in the log */
    const char *failed;    /* in the log, before the error; NULL: the task has logged each failure itself */
    bool looks;            /* nothing that the list shows is changed by it */
    /* What to ask before it is stopped, and what is said to that; NULL: it is stopped without a question. */
    const char *question, *question_content;
    /* For which the end of the session is put off (and `awake`, the same, for which the PC stays awake); NULL: it is
     * not, and the PC stays awake for the words of a backup. */
    const wchar_t *reason;
    const char *awake;
    /* What follows when it ended well, and when it failed (true: that was dealt with); NULL: nothing of its own. */
    void (*ended)(struct MainWindow *w, TaskResult *result);
    bool (*failed_so)(struct MainWindow *w, TaskResult *result);
} TaskRow;

const TaskRow *task_row(TaskKind kind);

#endif
