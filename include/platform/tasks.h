/*
 * tasks.h: the system's own scheduler, which starts a program when nobody has it open: Task Scheduler on Windows. On
 * POSIX a folder of files stands in its place, for the tests; nothing starts them.
 *
 * A task runs as the user who registered it, while that user is signed in (an interactive token: a task that runs
 * without a stored password has no network, and so no database).
 */
#ifndef CMMS_TASKS_H
#define CMMS_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "platform/clock.h"

typedef enum TaskEvery { TASK_EVERY_DAY, TASK_EVERY_WEEK, TASK_EVERY_MONTH } TaskEvery;

typedef struct TaskSpec { /* all borrowed */
    const char *author;      /* by which ours is known */
    const char *description;
    const char *user;        /* tasks_user */
    const char *program, *arguments, *directory; /* full paths */
    CivilTime from;          /* the day from which on it runs */
    TaskEvery every;
    unsigned weekdays;       /* TASK_EVERY_WEEK: bit 0 Sunday */
    int month_day;           /* TASK_EVERY_MONTH: 1..31, where a month is shorter its last; 0: the last */
    const int *times;        /* minutes since midnight, each once */
    size_t time_count;
    bool wake;               /* the PC is woken for it */
    bool catch_up;           /* also when the user signs in or unlocks the PC */
} TaskSpec;

/* A start while it runs is one more run: an upload behind a backup may take hours, and the slots meanwhile are not to
 * wait for it. The ledger's lock keeps two from running slots at once. */
#define TASK_INSTANCES "Parallel"

typedef struct TaskInfo {
    bool there;
    bool enabled;
    char *author;    /* owned, these; NULL where the task says nothing of it */
    char *description;
    char *program;
    char *arguments;
    char *instances; /* what becomes of a start while it runs: TASK_INSTANCES is ours. Wine says "IgnoreNew" of any */
    char *xml;       /* as it is registered */
} TaskInfo;

void task_info_init(TaskInfo *info);
void task_info_release(TaskInfo *info);

/* --- portable (src/platform/common/tasks_xml.c) ----------------------------------------------------------- */

/* What Task Scheduler takes (schema 1.2), as UTF-8; it is handed over as UTF-16, which it names. Nothing is left to
 * that service's defaults: what was missed is started when it can be, also while it runs (TASK_INSTANCES), it does not
 * stop on battery and begins there too (whether a slot waits then is decided by who runs it), and ends after a day.
 * Caller frees. */
char *tasks_xml(const TaskSpec *spec);
/* What is in such a text: author, description, program, arguments, instances, enabled; `there` is set.
 */
void tasks_read_xml(const char *xml, TaskInfo *info);
/* What keeps a task as it is registered from starting as the one that is wanted would, both as such a text: "it starts
 * only on mains power"; the first of several; NULL: nothing. Looked at are its times and days, since when and until
 * when it runs, the rules of its start and of its end, as whom it runs, and its folder; not the triggers at a sign-in,
 * which not every PC allows, and nothing of which it does not speak. One with a stored password is as good. Caller
 * frees. */
char *tasks_difference(const char *registered, const char *wanted);

/* --- by the platform --------------------------------------------------------------------------------------- */

/* "PC\ann": the user as whom it will run. Caller frees; NULL: not known. */
char *tasks_user(void);
/* Registers, replacing one of that name. EK_REFUSED where the system forbids it. */
bool tasks_register(const char *name, const char *xml, Error *err);
/* `info` is initialised; it is replaced. That there is none is no error. */
bool tasks_look(const char *name, TaskInfo *info, Error *err);
/* *removed (may be NULL): there was one. */
bool tasks_remove(const char *name, bool *removed, Error *err);

#endif
