/*
 * main_private.h: the window's state and what its files call of each other; for main_*.c, and task_rows.c, only.
 *
 *   main_window.c    where things stand, the dialog procedure
 *   main_show.c      what is shown of the state
 *   main_jobs.c      tasks: their start, what they say, their end
 *   main_manners.c   placement, tray, colours
 *   main_commands.c  what buttons, keys and menus do
 *   main_restore.c   restores and their undoing: one question after the other
 *   main_sharepoint.c  the folder on SharePoint, exports to it, clean-ups there
 *   main_there.c     what is on SharePoint, and bringing it back
 *   main_schedule.c  the slots that it runs itself, and what is told beside the clock
 *   main_report.c    the health report, the certificate of a proof
 *   main_dialogs.c   the dialogs: connection, settings, help, about
 *   main_signin.c    who is signed in, the lock, what may be done
 */
#ifndef CMMS_UI_MAIN_PRIVATE_H
#define CMMS_UI_MAIN_PRIVATE_H

#include "main_window.h"

#include "backup_list.h"
#include "base/job.h"
#include "chart_view.h"
#include "folder_watch.h"
#include "jobs/signin.h"
#include "log_view.h"
#include "parts/layout.h"
#include "parts/taskbar.h"
#include "platform/power.h"
#include "resource.h"
#include "schedule/keeper.h"
#include "schedule/notice.h"
#include "store/health.h"
#include "task.h"
#include "tray.h"
#include "window_state.h"
#include "worker.h"

#define WM_APP_BELL    (WM_APP + 1)
#define WM_APP_SETTLED (WM_APP + 2)
#define WM_APP_CHANGED (WM_APP + 3)
#define WM_APP_SIGN_IN (WM_APP + 4)
#define WM_APP_TRAY    (WM_APP + 5)
#define WM_APP_OPENED  (WM_APP + 6)
#define TIMER_EVENTS   1
#define TIMER_PICTURE  2
#define TIMER_CLOCK    3
#define TIMER_IDLE     4
#define TIMER_LATER    5
#define TIMER_SLOT     6
#define PROGRESS_STEPS 1000 /* of the bar */

/* What may be done; see main_signin.c. */
typedef enum Access { ACCESS_FULL, ACCESS_LOCAL, ACCESS_NONE } Access;
typedef struct LookJob LookJob;

typedef struct MainWindow {
    HWND hwnd;
    const AppOptions *options; /* borrowed */
    HFONT font, status_font;
    UINT dpi;
    bool contrast; /* the system's colours alone */
    Layout layout;
    BackupList list;
    LogView log;
    ChartView chart;
    Tray tray;
    Power *power; /* while a job runs */
    WindowState state;
    char *state_path; /* NULL: not kept */
    Taskbar taskbar;
    UINT taskbar_created, show_message, tell_message;
    HWND tooltip;
    SIZE arranged; /* the client area for which the controls were placed last */

    PVOID volatile bell; /* any thread, see main_ring: the window, once it can take messages */
    JobQueue *queue;
    JobEvent *events; /* taken from the queue and not all shown yet */
    size_t event_count, next_event;
    bool timer_runs;
    ULONGLONG looked; /* when the queue was looked at last */
    Task *job;
    Task *listing;   /* OPEN or LIST */
    bool list_again; /* the list was asked for while it was being read */
    bool list_asked; /* by the user: a failure is told in a box */
    Task *saving;    /* CONFIG or ENLIST */
    Task *looking;   /* REGISTRATION */
    Task *checking;  /* RECHECK */
    char *task_problem; /* what it found; NULL: nothing */

    FolderWatch *watch;
    Health health;   /* what the status band says */
    bool unreadable; /* the folder could not be listed */
    bool greet;      /* started beside the clock: the assistant comes when the window is first shown */
    bool ask_later;  /* hidden: who it is will be asked when the window is shown */

    Keeper keeper;   /* of the schedule's slots */
    NoticeMemory notices;
    Error failure;   /* of the last backup, until one goes well, whoever makes it; and when that was */
    int64_t failed_at;
    int64_t good, good_since; /* NoticeFacts, these, of the last listing that could be read */
    int good_hours;  /* 0: there was none */
    char *damaged;   /* the same; NULL: none is */
    bool told_hidden; /* that the window's cross does not end the program */

    bool opened;
    bool config_shown; /* `config` is what the settings' boxes were last given */
    ConfigValues config;
    char *folder;
    char *fallback; /* why it is not the one that was wanted; NULL: it is */
    Connection connection;
    bool configured;
    Engine *engine;
    char *sample_key; /* the engine's: see TaskResult.key */
    char *step;        /* what the job is at, in words; NULL: none runs */
    bool cancelling;   /* the job was told to stop */
    bool tried_backup; /* --after-backup */
    char *export_dir;  /* where the last export went */

    Access access;
    bool sample;      /* the sample database: its manager, without being asked */
    Signin *signin;
    SigninUser user;  /* who is signed in; no name: nobody */
    char *user_for;   /* the database that knows them */
    char *last_user;  /* who was signed in before the lock */
    int lock_minutes;
    Worker *look;     /* whether the database has managers */
    LookJob *look_job;

    bool open_again; /* the connection or the folder changed while the list was being read */
    bool enlist;     /* a connection was saved: the schedule begins when its folder is read */

    bool closing;
    bool asking; /* a question or a dialog of ours is on the screen */
    bool signing_in; /* the sign-in dialog is: to close the window means to leave it */
    int exit_code;
} MainWindow;

static inline HWND main_control(const MainWindow *w, int id)
{
    return layout_control(&w->layout, id);
}

/* main_window.c */
void main_arrange(MainWindow *w); /* everything to its place for the present size */

/* main_show.c */
void main_show_log(MainWindow *w, LogLevel level, const char *text);
void main_show_error_in_log(MainWindow *w, const char *what, const Error *error);
void main_show_progress(MainWindow *w, const Progress *progress);
void main_show_idle(MainWindow *w, const char *text, bool failed);
void main_show_folder(MainWindow *w);
void main_take_source(const MainWindow *w, Source *source); /* the database that is connected; it is initialised */
void main_show_status(MainWindow *w);
void main_fit_status(const MainWindow *w); /* the band's letters are large where the sentence has room */
void main_update_controls(MainWindow *w);
void main_show_config(MainWindow *w, const ConfigValues *config);
/* What the file holds now, perhaps changed by another program: shown where the user has entered nothing else. */
void main_take_config(MainWindow *w, const ConfigValues *config);
bool main_config_entered(const MainWindow *w); /* something else, which is not saved */

/* main_jobs.c */
void main_ring(void *context); /* from any thread */
/* A spec with the kind, the folder, the options and the connection filled in. */
TaskSpec main_spec(const MainWindow *w, TaskKind kind);
Task *main_start_task(MainWindow *w, const TaskSpec *spec);
void main_start_job(MainWindow *w, const TaskSpec *spec);
void main_start_listing(MainWindow *w, bool asked);
void main_look_if_settled(MainWindow *w);
void main_tell_error(MainWindow *w, const Error *error);
void main_on_bell(MainWindow *w);
void main_on_timer(MainWindow *w);
void main_on_opened(MainWindow *w);
void main_on_drawn(MainWindow *w);
void main_on_folder_changed(MainWindow *w);
void main_on_clock(MainWindow *w); /* time went by: the words that tell ages */
/* What is there to remove was looked for: shows it and asks. */
void main_on_plan(MainWindow *w, TaskResult *plan);

/* main_manners.c: what the system and the desk expect of a window. */
void main_load_state(MainWindow *w);
void main_save_state(MainWindow *w);
void main_place(MainWindow *w, SIZE size); /* as it was left, else of this size in the middle */
void main_look_changed(MainWindow *w);     /* colours, contrast, dark or light */
void main_on_tray(MainWindow *w, UINT event, int x, int y);
void main_on_show_yourself(MainWindow *w);
void main_notify_end(const MainWindow *w, const char *text, bool bad); /* where the window is not seen */

/* main_schedule.c */
void main_take_keeper(MainWindow *w);   /* a listing has ended */
void main_keep_schedule(MainWindow *w); /* runs the slot that is due, if it may be now; when not, later */
void main_look_at_task(MainWindow *w);  /* whether Windows' task is as the settings want it */
void main_on_looked_at_task(MainWindow *w);
void main_on_checked(MainWindow *w);
void main_on_woken(MainWindow *w);      /* the PC has slept, or its clock was set */
void main_offer_start(MainWindow *w);   /* the task was made: once, that the program starts with Windows */
void main_enlist(MainWindow *w);        /* a connection was just saved: the schedule begins, its task is made */
/* A run of a slot has ended: the words for the line beside the bar. `quiet`: it was none, so nobody is told. */
const char *main_scheduled_ended(MainWindow *w, const TaskResult *result, bool *quiet);
bool main_is_seen(const MainWindow *w);
/* Shows the notification that is due: a backup was just made (how it went), or has just failed (why); NULL: not. */
void main_tell(MainWindow *w, const char *done, const char *failed);
void main_tell_backup(MainWindow *w, const TaskResult *result, const char *good); /* BACKUP and SCHEDULED ended */
void main_on_told(const MainWindow *w); /* a scheduled run has something to say (aloud.h) */
void main_on_balloon(MainWindow *w); /* a click on it: the cause */
void main_show_tray(MainWindow *w);  /* the icon's sign */
void main_on_pause_hour(MainWindow *w);
void main_on_pause_morning(MainWindow *w);
void main_on_pause_week(MainWindow *w);
void main_on_resume(MainWindow *w);
bool main_is_paused(const MainWindow *w);
void main_on_schedule(MainWindow *w); /* to the schedule's boxes */

/* main_restore.c */
void main_on_restore(MainWindow *w);
/* The first question, with a file (or NULL) and the folder that Browse shows first. */
void main_restore_from(MainWindow *w, const char *file, const char *folder);
void main_on_undo(MainWindow *w);
/* What the tasks of it found: the next question, or what came of it. */
void main_on_preview(MainWindow *w, TaskResult *result);
void main_on_kept(MainWindow *w, TaskResult *result);
void main_on_restored(MainWindow *w, TaskResult *result);
/* It failed; true when that was dealt with. */
bool main_on_restore_failed(MainWindow *w, TaskResult *result);

/* main_sharepoint.c */
void main_on_sharepoint(MainWindow *w);
void main_on_encryption(MainWindow *w);
void main_on_upload(MainWindow *w);
void main_on_uploaded(MainWindow *w, TaskResult *result);
void main_on_pause_upload(MainWindow *w);
void main_on_cleanup_there(MainWindow *w);
void main_on_plan_there(MainWindow *w, TaskResult *plan);
/* An export, or one of main_there.c's tasks; true when that was dealt with. */
bool main_on_upload_failed(MainWindow *w, TaskResult *result);

/* main_there.c */
void main_on_restore_there(MainWindow *w);
void main_on_listed_there(MainWindow *w, TaskResult *result);
void main_on_key_wanted(MainWindow *w); /* the job may wait for a key: asks for it, if somebody may be asked now */
void main_on_downloaded(MainWindow *w, TaskResult *result);

/* main_report.c */
void main_on_report(MainWindow *w);
void main_on_certificate(MainWindow *w);
bool main_is_proven(const MainWindow *w); /* the selected backup */
void main_on_page(MainWindow *w, TaskResult *result); /* one was made */

/* main_dialogs.c */
void main_on_connection(MainWindow *w);
void main_on_settings(MainWindow *w);
void main_on_unattended(MainWindow *w);
void main_on_about(MainWindow *w);
void main_on_help(MainWindow *w);
void main_after_listing(MainWindow *w, bool first);

/* main_signin.c */
bool main_may(const MainWindow *w, int id);
void main_expect_sign_in(MainWindow *w); /* it will begin in a moment: nothing may be done until then */
void main_begin_sign_in(MainWindow *w);
void main_on_looked(MainWindow *w);
void main_ask_sign_in(MainWindow *w);
void main_on_lock(MainWindow *w);
void main_on_idle(MainWindow *w);
void main_watch_idle(MainWindow *w); /* the idle time may have changed */
void main_take_sample_user(MainWindow *w, SigninUser *user); /* takes it over */
void main_release_sign_in(MainWindow *w);

/* main_commands.c */
/* Whether the command of a button, menu or key can be done now. */
bool main_can(const MainWindow *w, int id);
bool main_is_free(const MainWindow *w); /* no job runs and nothing is asked */
/* Does it, if it can be done; true when it is one of ours. */
bool main_do(MainWindow *w, int id);
/* The list's column that a command sorts by; -1: it is another command. */
int main_sort_column(int id);
/* The command that mends; 0: none. */
int main_mend_command(HealthMend mend);
void main_on_close(MainWindow *w);
bool main_on_query_end_session(MainWindow *w, LPARAM flags);
void main_on_end_session(MainWindow *w);
void main_on_settled(MainWindow *w);
void main_on_picture(MainWindow *w);
void main_on_open_folder(MainWindow *w);
/* At a point of the screen; -1, -1: by the keyboard. */
void main_on_context_menu(MainWindow *w, int x, int y);
void main_on_log_menu(MainWindow *w, int x, int y);
/* The window's own cross: ends the program, or hides the window that was started beside the clock, or is to stay
 * there. */
void main_on_cross(MainWindow *w);

#endif
