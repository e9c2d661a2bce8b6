/*
 * main_private.h: the window's state and what its files call of each other; for main_*.c only.
 *
 *   main_window.c    what is shown, where it stands, the dialog procedure
 *   main_jobs.c      tasks: their start, what they say, their end
 *   main_commands.c  what buttons, keys and menus do
 */
#ifndef CMMS_UI_MAIN_PRIVATE_H
#define CMMS_UI_MAIN_PRIVATE_H

#include "main_window.h"

#include "backup_list.h"
#include "job.h"
#include "layout.h"
#include "log_view.h"
#include "resource.h"
#include "task.h"
#include "taskbar.h"

#define WM_APP_BELL    (WM_APP + 1)
#define WM_APP_SETTLED (WM_APP + 2)
#define TIMER_EVENTS   1
#define TIMER_PICTURE  2

typedef struct MainWindow {
    HWND hwnd;
    const AppOptions *options; /* borrowed */
    HFONT font, status_font;
    UINT dpi;
    Layout layout;
    BackupList list;
    LogView log;
    Taskbar taskbar;
    UINT taskbar_created, show_message;
    HWND tooltip;

    JobQueue *queue;
    JobEvent *events; /* taken from the queue and not all shown yet */
    size_t event_count, next_event;
    bool timer_runs;
    Task *job;
    Task *listing;   /* OPEN or LIST */
    bool list_again; /* the list was asked for while it was being read */
    bool list_asked; /* by the user: a failure is told in a box */
    Task *saving;    /* CONFIG */

    bool opened;
    char *folder;
    Connection connection;
    bool configured;
    Engine *engine;
    bool cancelling;   /* the job was told to stop */
    bool tried_backup; /* --after-backup */
    char *export_dir;  /* where the last export went */

    bool closing;
    bool asking; /* the question before closing is on the screen */
    int exit_code;
} MainWindow;

static inline HWND main_control(const MainWindow *w, int id)
{
    return GetDlgItem(w->hwnd, id);
}

/* main_window.c */
void main_show_log(MainWindow *w, LogLevel level, const char *text);
void main_show_error_in_log(MainWindow *w, const char *what, const Error *error);
void main_show_progress(MainWindow *w, const Progress *progress);
void main_show_idle(MainWindow *w, const char *text, bool failed);
void main_show_folder(MainWindow *w);
void main_show_status(MainWindow *w);
void main_update_controls(MainWindow *w);
void main_show_config(MainWindow *w, const ConfigValues *config);

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

/* main_commands.c */
void main_on_create(MainWindow *w);
void main_on_refresh(MainWindow *w);
void main_on_cancel_job(MainWindow *w);
void main_on_open_folder(MainWindow *w);
void main_on_close(MainWindow *w);
bool main_on_query_end_session(const MainWindow *w, LPARAM flags);
void main_on_end_session(MainWindow *w);
void main_on_settled(MainWindow *w);
void main_on_picture(MainWindow *w);
void main_on_show_yourself(const MainWindow *w);
void main_on_export(MainWindow *w);
void main_on_details(MainWindow *w);
void main_on_verify(MainWindow *w);
void main_on_delete(MainWindow *w);
void main_on_show_in_folder(MainWindow *w);
void main_on_copy_path(MainWindow *w);
void main_on_save_config(MainWindow *w);
/* At a point of the screen; -1, -1: by the keyboard. */
void main_on_context_menu(MainWindow *w, int x, int y);

#endif
