/*
 * task.h: the work behind the window, each on a thread of its own: opening, listing, the demo, a backup,
 * and what is done with backups that are there.
 *
 * A task gets a deep copy of what it needs, reports through a JobSink, and when it is done rings once more. It
 * never sees a window. The window's thread asks task_finished at each ring and then takes the result; all that
 * the task said is in the queue before.
 */
#ifndef CMMS_UI_TASK_H
#define CMMS_UI_TASK_H

#include <stdbool.h>

#include "app_options.h"
#include "base/error.h"
#include "base/job.h"
#include "base/secret.h"
#include "jobs/backup.h"
#include "jobs/offsite_back.h"
#include "jobs/offsite_batch.h"
#include "jobs/preview.h"
#include "jobs/restore.h"
#include "jobs/signin.h"
#include "list_model.h"
#include "postgres/connection.h"
#include "postgres/engine.h"
#include "schedule/pause.h"
#include "schedule/run.h"
#include "store/source.h"

typedef enum TaskKind {
    TASK_OPEN,  /* choose the folder, put the connection together, list the folder */
    TASK_LIST,  /* list the folder */
    TASK_DEMO,  /* start the bundled server, make the sample database */
    TASK_BACKUP, /* make a backup */
    TASK_SCHEDULED, /* that of the slot that is due */
    TASK_VERIFY, /* the files: read every byte */
    TASK_EXPORT, /* the files: copy them to a folder */
    TASK_UPLOAD, /* the files: copy them to the folder on SharePoint that is set up */
    TASK_DELETE, /* the files */
    TASK_PROVE,  /* the files: restore them into an empty database on the bundled server */
    TASK_PIN,    /* the files: keep them whatever their age, or no longer (`on`) */
    TASK_PLAN,   /* what a clean-up would remove */
    TASK_CLEANUP, /* remove it */
    TASK_PLAN_THERE,    /* the same on SharePoint */
    TASK_CLEANUP_THERE, /* of the files what still would go */
    TASK_LIST_THERE,    /* what is on SharePoint */
    TASK_DOWNLOAD,      /* bring one of that back into the folder; may want a key (task_wants_key) */
    TASK_PREVIEW, /* read every byte of a backup, and look what its restore would change */
    TASK_RESTORE, /* do it */
    TASK_KEPT,    /* which databases restores have replaced and that are kept */
    TASK_UNDO,    /* one of them gets its name back */
    TASK_FREEZE,   /* stop clean-ups */
    TASK_REPORT,   /* write the health report */
    TASK_CERTIFICATE, /* write the certificate of a backup's proof */
    TASK_UNFREEZE, /* end that stop, or the one that a shrink alarm made */
    TASK_PAUSE,    /* leave the schedule's slots alone for a while, or no longer */
    TASK_CONFIG, /* write the settings, and have the system's task follow them */
    TASK_ENLIST, /* a database was just connected: the schedule begins, by the settings that are there */
    TASK_RECHECK, /* read older backups again, prove the newest, as the schedule does; makes way for any other job */
    TASK_REGISTRATION /* whether Windows' task is as they want it */
} TaskKind;

/* One backup that a clean-up would remove. */
typedef struct CleanupItem {
    char *name, *reason; /* owned */
    uint64_t size;
    int age_days;
} CleanupItem;

typedef struct TaskSpec {
    TaskKind kind;
    const AppOptions *options;    /* OPEN, DEMO */
    const char *folder;           /* all but OPEN, DEMO */
    const char *fallback;         /* BACKUP: as OPEN found it */
    const Connection *connection; /* BACKUP, SCHEDULED, RECHECK, PREVIEW, RESTORE, KEPT, UNDO; OPEN: where it is known
                                     already */
    const char *const *files;     /* VERIFY, EXPORT, UPLOAD, DELETE, PROVE, PIN: names in the folder;
                                     CLEANUP_THERE: those that somebody has seen */
    size_t file_count;
    const char *target;  /* EXPORT: the folder to copy to; PREVIEW, RESTORE, CERTIFICATE: the backup's path; UNDO:
                            the kept one; UNFREEZE: what was shown of it; DOWNLOAD: its name there */
    bool to_restore;     /* DOWNLOAD: for a restore */
    bool no_safety, sort_as_live, nobody; /* RESTORE: RestoreSpec; UNDO: `nobody` */
    bool in_place;       /* PREVIEW, RESTORE: RestoreSpec */
    const char *proven;  /* RESTORE: RestoreSpec */
    bool overwrite;      /* EXPORT */
    bool on;             /* PIN */
    ConfigValues config; /* CONFIG */
    bool sample;         /* CONFIG: of the sample database, which no task backs up */
    Pause pause;         /* PAUSE */
    bool once;           /* SCHEDULED: ScheduledSpec */
    const Source *source; /* REPORT: the database that is connected; NULL: none is */
} TaskSpec;

typedef struct TaskResult {
    TaskKind kind;
    bool ok;
    Error error; /* when not ok */
    /* OPEN */
    char *folder;
    char *fallback;  /* the words for a folder that is not the one that was wanted; NULL: it is */
    bool configured; /* there is a database to connect to */
    int lock_minutes; /* userprofile.h */
    /* OPEN, DEMO */
    Connection connection;
    /* CONFIG: they are in the file, as they are there now; what failed then is the task's registration */
    bool saved;
    bool enlisted; /* CONFIG, ENLIST: the task was made just now */
    ConfigValues config;
    /* VERIFY, EXPORT, DELETE, PROVE, PIN: of the files; the error is the first failure, each is in the log */
    size_t done, failed;
    /* OPEN, LIST */
    ListModel model;
    /* PLAN, PLAN_THERE: what would go, oldest first, why nothing may go (or NULL), and how many backups there are */
    CleanupItem *plan;
    size_t plan_count, plan_total;
    char *frozen;
    /* CLEANUP, CLEANUP_THERE */
    size_t removed;
    /* PREVIEW, RESTORE, UNDO: the spec's */
    char *target, *proven;
    bool no_safety;
    /* PREVIEW */
    Preview preview;
    /* LIST_THERE */
    RemoteList there;
    /* DOWNLOAD; `to_restore`: the spec's */
    OffsiteBack back;
    bool to_restore;
    /* UPLOAD: each is in the log; the error is the first failure */
    OffsiteBatch uploads;
    /* RESTORE, UNDO */
    RestoreResult restore;
    /* KEPT: the newest first */
    KeptDatabase *kept;
    size_t kept_count;
    /* BACKUP */
    BackupResult backup;
    /* SCHEDULED */
    ScheduledResult scheduled;
    /* RECHECK */
    RecheckResult checks;
    /* REGISTRATION: what is wrong with it, or NULL */
    char *problem;
    /* REPORT, CERTIFICATE: where it was written */
    char *page;
    /* DEMO */
    Engine *engine;
    char *key; /* TASK_DEMO: what its server says of itself, whose port is another each time (source.h); or NULL */
    SigninUser user; /* the sample's manager */
} TaskResult;

/* A key that opens an encrypted copy is wanted; what is owned goes with key_question_release. */
typedef struct KeyQuestion {
    char *name;    /* of the copy */
    char *which;   /* "the public key age1…, fingerprint …", "the passphrase number …" */
    bool by_file;  /* of its key file, the path; else a passphrase */
    Error problem; /* with the last answer; EK_NONE: it is the first time */
} KeyQuestion;
void key_question_release(KeyQuestion *question);

typedef struct Task Task;

/* ring(context) is called from the task's thread when it has finished. */
Task *task_start(const TaskSpec *spec, JobSink sink, void (*ring)(void *context), void *context);
TaskKind task_kind(const Task *task);
void task_cancel(Task *task);
/* UPLOAD: sends nothing more, or goes on. */
void task_pause(Task *task, bool paused);
bool task_is_paused(const Task *task);
/* DOWNLOAD: whether it waits for a key. It rings again and again until it is answered: the path of a key file, or a
 * passphrase, which is copied; neither: there is none. */
bool task_wants_key(Task *task, KeyQuestion *question);
void task_give_key(Task *task, const char *file, const Secret *passphrase);
bool task_finished(Task *task);
/* Waits for the end; frees the task. Caller: task_result_free. */
TaskResult *task_take(Task *task);
/* When the window is gone. A listing may hang for minutes, on a share that does not answer; it only reads. Waits a
 * moment for its end, and frees the task; else ends the program at once with this code. NULL is fine. */
void task_leave(Task *task, int exit_code);
/* Waits at most ms for the end: where the program must end soon. */
bool task_wait(Task *task, unsigned ms);
void task_result_free(TaskResult *result);

#endif
