/*
 * tasks.h: the system's own scheduler, which starts a program when nobody has it open: Task Scheduler on Windows. On
 * POSIX a folder of files stands in its place, for the tests; nothing starts them.
 *
 * A task runs as the user who registered it: while that user is signed in (an interactive token), or always, where the
 * user's password is stored with it. The password is handed to the scheduler, which keeps it encrypted (for Windows:
 * "Task Security Context"); it stands in no XML and no file of ours. Without one a task that runs with nobody signed in
 * has neither a network nor what is encrypted for the user, and so no database.
 */
#ifndef CMMS_TASKS_H
#define CMMS_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "compiler.h"
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
    bool stored;             /* it runs whether the user is signed in or not, with a password that is stored with it */
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
    bool stored;     /* with a password: it runs whether the user is signed in or not */
    int64_t last_run;     /* when it was last started; 0: never, or not known */
    uint32_t last_result; /* and how that ended: our exit code, or the scheduler's words (tasks_result_text) */
} TaskInfo;

void task_info_init(CMMS_OUT TaskInfo *info);
void task_info_release(TaskInfo *info);

/* --- portable (src/platform/common/tasks_xml.c) ----------------------------------------------------------- */

/* What Task Scheduler takes (schema 1.2), as UTF-8; it is handed over as UTF-16, which it names. Nothing is left to
 * that service's defaults: what was missed is started when it can be, also while it runs (TASK_INSTANCES), it does not
 * stop on battery and begins there too (whether a slot waits then is decided by who runs it), and ends after a day.
 * Caller frees. */
CMMS_NEVER_NULL char *tasks_xml(const TaskSpec *spec);
/* What is in such a text: author, description, program, arguments, instances, enabled, stored; `there` is set. */
void tasks_read_xml(const char *xml, TaskInfo *info);
/* What keeps a task as it is registered from starting as the one that is wanted would, both as such a text: "it starts
 * only on mains power"; the first of several; NULL: nothing. Looked at are its times and days, since when and until
 * when it runs, the rules of its start and of its end, as whom it runs, and its folder; not the triggers at a sign-in,
 * which not every PC allows, and nothing of which it does not speak. One with a stored password is as good. Caller
 * frees. */
CMMS_MAY_BE_NULL char *tasks_difference(const char *registered, const char *wanted);
/* src/platform/common/tasks_result.c: what Task Scheduler means by the result of the last start, where that is not the
 * program's own: "its program was not found"; NULL: it is not known here. Static. */
CMMS_MAY_BE_NULL const char *tasks_result_text(uint32_t result);
/* What it has against the password that is to be stored, by the HRESULT: "it is not the right one"; NULL: it is not
 * about the password. Static. */
CMMS_MAY_BE_NULL const char *tasks_password_problem(uint32_t code);

/* --- by the platform --------------------------------------------------------------------------------------- */

/* "PC\ann": the user as whom it will run. Caller frees; NULL: not known. */
CMMS_MAY_BE_NULL char *tasks_user(void);
/* Registers, replacing one of that name. `password` of `user`, for an XML of a task with a stored one; NULL: none.
 * *warning (may be NULL; caller frees): it is registered, but may not start. EK_REFUSED where the system forbids it,
 * EK_SETTINGS where it does not take the password. */
bool tasks_register(const char *name, const char *xml, const char *user, const Secret *password, char **warning,
                    Error *err);
/* `info` is initialised; it is replaced. That there is none is no error. */
bool tasks_look(const char *name, TaskInfo *info, Error *err);
/* *removed (may be NULL): there was one. */
CMMS_WHEN_TRUE bool tasks_remove(const char *name, CMMS_OUT_OPT bool *removed, Error *err);

#endif
