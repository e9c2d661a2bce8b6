/*
 * main_jobs.c: the tasks behind the window: their start, what they say while they run, and their end. The mechanism is
 * told in main_window.c.
 */
#include "main_private.h"

#include "mem.h"
#include "message_box.h"
#include "ui_text.h"

#define EVENTS_MS 40 /* the longest that log lines keep the window from its messages */

void main_ring(void *context)
{
    PostMessageW((HWND)context, WM_APP_BELL, 0, 0);
}

/* --- tasks --------------------------------------------------------------------------------------------- */

TaskSpec main_spec(const MainWindow *w, TaskKind kind)
{
    return (TaskSpec){.kind = kind, .options = w->options, .folder = w->folder, .connection = &w->connection};
}

Task *main_start_task(MainWindow *w, const TaskSpec *spec)
{
    return task_start(spec, jobqueue_sink(w->queue), main_ring, w->hwnd);
}

void main_start_listing(MainWindow *w, bool asked)
{
    w->list_asked = w->list_asked || asked;
    if (w->listing != NULL) {
        w->list_again = true;
        return;
    }
    TaskSpec spec = main_spec(w, TASK_LIST);
    w->listing = main_start_task(w, &spec);
}

/* The words for each kind of job. */
typedef struct JobWords {
    const char *step;      /* shown until it says more itself */
    const char *good;      /* in the line beside the bar */
    const char *cancelled; /* in the log */
    const char *failed;    /* in the log, before the error; NULL: the task has logged each failure itself */
} JobWords;

static const JobWords *words_of(TaskKind kind)
{
    static const JobWords demo = {"Starting", "Ready.", "Setting up the sample database was cancelled.",
                                  "The sample database could not be made"};
    static const JobWords backup = {"Connecting", "Backup successful.", "Backup cancelled. Nothing of it was kept.",
                                    "Backup failed"};
    static const JobWords verify = {"Checking", "Verified.", "The verification was cancelled.", NULL};
    static const JobWords export = {"Copying", "Exported.", "Export cancelled. The unfinished copy was removed.", NULL};
    static const JobWords delete = {"Deleting", "Deleted.", "Deleting was cancelled.", NULL};
    switch (kind) {
    case TASK_BACKUP:
        return &backup;
    case TASK_VERIFY:
        return &verify;
    case TASK_EXPORT:
        return &export;
    case TASK_DELETE:
        return &delete;
    default:
        return &demo;
    }
}

void main_start_job(MainWindow *w, const TaskSpec *spec)
{
    w->job = main_start_task(w, spec);
    if (spec->kind == TASK_BACKUP) {
        ShutdownBlockReasonCreate(w->hwnd, L"A backup of the database is being made.");
    }
    /* The PC does not go to sleep in the middle of it; the display may. */
    SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED);
    Progress progress = {.fraction = -1, .step = words_of(spec->kind)->step, .seconds_left = -1};
    main_show_progress(w, &progress);
    main_show_status(w);
    main_update_controls(w);
}

/* Nothing is under way and all is on the screen: the moment for a picture, or for the window's end. */
void main_look_if_settled(MainWindow *w)
{
    if (w->job != NULL || w->listing != NULL || w->saving != NULL) {
        return;
    }
    if (w->closing) {
        DestroyWindow(w->hwnd);
    } else if (w->options->screenshot != NULL && w->opened) {
        PostMessageW(w->hwnd, WM_APP_SETTLED, 0, 0);
    }
}

void main_tell_error(MainWindow *w, const Error *error)
{
    if (w->options->screenshot != NULL) {
        w->exit_code = error_exit_code(error->kind); /* nobody is there to close a box */
    } else if (!w->closing && !w->asking) {
        message_box_error(w->hwnd, error);
    }
}

static void on_opened(MainWindow *w, TaskResult *result)
{
    if (!result->ok) {
        w->closing = true;
        w->exit_code = error_exit_code(result->error.kind);
        if (w->options->screenshot == NULL) {
            message_box_error(w->hwnd, &result->error);
        }
        return;
    }
    w->opened = true;
    main_show_config(w, &result->config);
    w->folder = result->folder;
    result->folder = NULL;
    connection_copy(&w->connection, &result->connection);
    w->configured = result->configured && !w->options->demo;
    main_show_folder(w);
}

static void finish_listing(MainWindow *w)
{
    TaskResult *result = task_take(w->listing);
    bool asked = w->list_asked;
    w->listing = NULL;
    w->list_asked = false;
    bool first = result->kind == TASK_OPEN;
    if (first) {
        on_opened(w, result);
    }
    if (result->ok) {
        char *found = mem_printf("Found %llu backup(s)", (unsigned long long)result->catalog.count);
        main_show_log(w, LOG_INFO, found);
        mem_free(found);
        backup_list_take(&w->list, &result->catalog);
        if (first && w->options->demo) {
            TaskSpec demo = main_spec(w, TASK_DEMO);
            main_start_job(w, &demo);
        } else if (first && !w->configured) {
            main_show_log(w, LOG_WARNING,
                     "No database is configured yet. Set PGHOST, PGUSER, PGDATABASE and PGPASSWORD, or start "
                     "cmms-backup with -h, -U and -d; --demo shows a sample database.");
        }
        if (first && w->job == NULL) {
            ui_set_text(main_control(w, IDC_PROGRESS_TEXT), "Ready.");
        }
        main_show_status(w);
    } else if (!first) {
        main_show_error_in_log(w, "The list could not be read", &result->error);
        ui_set_text(main_control(w, IDC_STATUS), "⚠ The backup folder cannot be read.");
        if (asked) {
            main_tell_error(w, &result->error);
        }
    }
    task_result_free(result);
    main_update_controls(w);
    if (w->list_again && w->listing == NULL && !w->closing) {
        w->list_again = false;
        main_start_listing(w, false);
    }
    main_look_if_settled(w);
}

static void finish_job(MainWindow *w)
{
    TaskResult *result = task_take(w->job);
    w->job = NULL;
    w->cancelling = false;
    ShutdownBlockReasonDestroy(w->hwnd);
    SetThreadExecutionState(ES_CONTINUOUS);
    const JobWords *words = words_of(result->kind);
    bool cancelled = !result->ok && result->error.kind == EK_CANCELLED;
    if (result->ok && result->kind == TASK_DEMO) {
        connection_copy(&w->connection, &result->connection);
        w->configured = true;
        w->engine = result->engine;
        result->engine = NULL;
    }
    if (cancelled) {
        main_show_log(w, LOG_WARNING, words->cancelled);
    } else if (!result->ok && words->failed != NULL) {
        main_show_error_in_log(w, words->failed, &result->error);
    }
    main_show_idle(w, result->ok ? words->good : cancelled ? "Cancelled." : "Failed.", !result->ok && !cancelled);
    main_show_status(w);
    if (result->kind != TASK_DEMO && !w->closing) {
        main_start_listing(w, false);
    }
    main_update_controls(w);
    if (!result->ok && !cancelled) {
        main_tell_error(w, &result->error);
    }
    task_result_free(result);
    main_look_if_settled(w);
}

static void finish_saving(MainWindow *w)
{
    TaskResult *result = task_take(w->saving);
    w->saving = NULL;
    if (result->ok) {
        main_show_config(w, &result->config);
    } else {
        main_show_error_in_log(w, "The configuration could not be saved", &result->error);
        main_tell_error(w, &result->error);
    }
    task_result_free(result);
    main_look_if_settled(w);
}

/* Shows what waits, for at most a few blinks of time, so that a flood of lines does not stop the window. True when
 * all that waited when it was called is shown. */
static bool show_events(MainWindow *w)
{
    ULONGLONG end = GetTickCount64() + EVENTS_MS;
    bool drained = false;
    bool any = false;
    for (;;) {
        if (w->next_event == w->event_count) {
            jobqueue_free_events(w->events, w->event_count);
            w->events = NULL;
            w->next_event = w->event_count = 0;
            if (!drained) {
                w->event_count = jobqueue_drain(w->queue, &w->events);
                drained = true;
            }
            if (w->event_count == 0) {
                break;
            }
        }
        if (GetTickCount64() > end) {
            break;
        }
        const JobEvent *event = &w->events[w->next_event++];
        if (event->kind == JOB_EVENT_PROGRESS) {
            if (!w->closing && !w->cancelling) {
                main_show_progress(w, &event->progress);
            }
        } else if (w->event_count - w->next_event < LOG_VIEW_LINES) { /* others would only be pushed out */
            if (!any) {
                log_view_begin(&w->log);
                any = true;
            }
            log_view_add(&w->log, event->level, event->text);
        }
    }
    if (any) {
        log_view_end(&w->log);
    }
    return drained && w->event_count == 0;
}

/* Bells are answered by a timer: its message comes only when none of the keyboard, the mouse or the screen waits, so
 * that a job that rings without end does not push these aside. */
void main_on_bell(MainWindow *w)
{
    if (!w->timer_runs) {
        w->timer_runs = SetTimer(w->hwnd, TIMER_EVENTS, USER_TIMER_MINIMUM, NULL) != 0;
    }
}

void main_on_timer(MainWindow *w)
{
    KillTimer(w->hwnd, TIMER_EVENTS);
    w->timer_runs = false;
    /* Asked before draining: what an ended task said is then in what is drained. */
    bool job_done = w->job != NULL && task_finished(w->job);
    bool listing_done = w->listing != NULL && task_finished(w->listing);
    bool saving_done = w->saving != NULL && task_finished(w->saving);
    HWND hwnd = w->hwnd;
    if (!show_events(w)) {
        main_on_bell(w);
        return;
    }
    if (listing_done) {
        finish_listing(w);
    }
    /* A box may have run: the window may be gone, or another bell may have dealt with the task. */
    if (saving_done && IsWindow(hwnd) && w->saving != NULL && task_finished(w->saving)) {
        finish_saving(w);
    }
    if (job_done && IsWindow(hwnd) && w->job != NULL && task_finished(w->job)) {
        finish_job(w);
    }
}

