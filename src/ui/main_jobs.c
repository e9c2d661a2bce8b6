/*
 * main_jobs.c: the tasks behind the window: their start, what they say while they run, and their end. The mechanism is
 * told in main_window.c.
 */
#include "main_private.h"

#include "base/mem.h"
#include "message_box.h"
#include "task_row.h"
#include "texts.h"
#include "ui_text.h"

#define SILENCE_MS 100 /* after which a bell is answered at once */
#define EVENTS_MS 40 /* the longest that log lines keep the window from its messages */

/* From the tasks' threads, of which the first begins before there is a window. */
void main_ring(void *context)
{
    MainWindow *w = context;
    HWND hwnd = InterlockedCompareExchangePointer(&w->bell, NULL, NULL);
    if (hwnd != NULL) {
        PostMessageW(hwnd, WM_APP_BELL, 0, 0);
    }
}

/* --- tasks --------------------------------------------------------------------------------------------- */

TaskSpec main_spec(const MainWindow *w, TaskKind kind)
{
    return (TaskSpec){.kind = kind, .options = w->options, .folder = w->folder, .fallback = w->fallback,
                      .connection = &w->connection};
}

Task *main_start_task(MainWindow *w, const TaskSpec *spec)
{
    JobSink sink = jobqueue_sink(w->queue);
    sink.actor = w->user.name;
    return task_start(spec, sink, main_ring, w);
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

void main_start_job(MainWindow *w, const TaskSpec *spec)
{
    const TaskRow *row = task_row(spec->kind);
    w->job = main_start_task(w, spec);
    if (row->reason != NULL) {
        ShutdownBlockReasonCreate(w->hwnd, row->reason);
    }
    /* The PC does not go to sleep in the middle of it; the display may. */
    power_release(w->power);
    w->power = power_hold(row->awake != NULL ? row->awake : TEXT_SHUTDOWN_REASON);
    Progress progress = {.fraction = -1, .step = row->step, .seconds_left = -1};
    main_show_progress(w, &progress);
    main_show_status(w);
    main_update_controls(w);
}

/* Nothing is under way and all is on the screen: the moment for a picture, or for the window's end, which waits for no
 * listing (task_leave). */
void main_look_if_settled(MainWindow *w)
{
    if (w->job != NULL || (w->listing != NULL && !w->closing) || w->saving != NULL || w->looking != NULL ||
        w->checking != NULL || w->look != NULL) {
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

/* From the watch's thread. */
static void ring_changed(void *context)
{
    PostMessageW((HWND)context, WM_APP_CHANGED, 0, 0);
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
    w->config_shown = false;
    mem_free(w->folder);
    w->folder = result->folder;
    result->folder = NULL;
    mem_free(w->fallback);
    w->fallback = result->fallback;
    result->fallback = NULL;
    connection_copy(&w->connection, &result->connection);
    w->configured = result->configured && !w->options->demo;
    w->lock_minutes = result->lock_minutes;
    main_show_folder(w);
    folder_watch_stop(w->watch); /* it may be another folder's */
    w->watch = folder_watch_start(w->folder, ring_changed, w->hwnd);
}

/* A job reads the list itself when it has ended. */
void main_on_folder_changed(MainWindow *w)
{
    if (w->opened && !w->closing && w->job == NULL) {
        main_start_listing(w, false);
    }
}

void main_on_clock(MainWindow *w)
{
    if (w->opened && !w->closing) {
        main_show_status(w);
        main_tell(w, NULL, NULL);
    }
}

/* What stays so until somebody mends it is not told at each reading. */
static void tell_if_new(MainWindow *w, const char *notice, const char *before)
{
    if (notice != NULL && (before == NULL || strcmp(notice, before) != 0)) {
        main_show_log(w, LOG_WARNING, notice);
    }
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
        /* What the watch finds is told only where it is news. */
        bool told = first || asked || w->unreadable || result->model.catalog.count != w->list.model.catalog.count;
        w->unreadable = false;
        if (told) {
            char *found = mem_printf(TEXT_FOUND, (unsigned long long)result->model.catalog.count);
            main_show_log(w, LOG_INFO, found);
            mem_free(found);
        }
        tell_if_new(w, result->model.notice, w->list.model.notice);
        tell_if_new(w, result->model.log_notice, w->list.model.log_notice);
        tell_if_new(w, result->model.copies_notice, w->list.model.copies_notice);
        if (result->model.config_known) {
            main_take_config(w, &result->model.config);
        }
        backup_list_take(&w->list, &result->model);
        backup_list_fit(&w->list, &w->layout); /* a scroll bar came or went */
        chart_view_take(&w->chart, &w->list.model.catalog);
        main_take_keeper(w);
        if (first) {
            main_enlist(w);
        }
        if (first && w->options->demo) {
            TaskSpec demo = main_spec(w, TASK_DEMO);
            main_start_job(w, &demo);
        }
        if (first && w->job == NULL) {
            ui_set_text(main_control(w, IDC_PROGRESS_TEXT), TEXT_READY);
        }
        main_show_status(w);
        main_tell(w, NULL, NULL);
    } else if (!first) {
        if (!w->unreadable || asked) {
            main_show_error_in_log(w, TEXT_LIST_FAILED, &result->error);
        }
        w->unreadable = true;
        ListModel none;
        list_model_init(&none);
        backup_list_take(&w->list, &none);
        chart_view_take(&w->chart, &w->list.model.catalog);
        main_show_status(w);
        if (asked) {
            main_tell_error(w, &result->error);
        }
    }
    const bool opened = result->ok;
    task_result_free(result);
    main_update_controls(w);
    if (w->list_again && w->listing == NULL && !w->closing) {
        w->list_again = false;
        main_start_listing(w, false);
    }
    if (first && opened) {
        main_expect_sign_in(w);
        PostMessageW(w->hwnd, WM_APP_OPENED, 0, 0); /* the window may not be shown yet */
    } else {
        main_after_listing(w, false);
        main_keep_schedule(w);
    }
    main_look_if_settled(w);
}

void main_on_opened(MainWindow *w)
{
    if (w->options->screenshot == NULL) {
        SetTimer(w->hwnd, TIMER_LATER, USER_TIMER_MINIMUM, NULL); /* comes when all is drawn and nothing else waits */
    } else {
        main_on_drawn(w);
    }
}

void main_on_drawn(MainWindow *w)
{
    KillTimer(w->hwnd, TIMER_LATER);
    main_tell(w, NULL, NULL); /* the icon is there now */
    main_look_at_task(w);
    main_keep_schedule(w); /* not before it is known whether the window is seen */
    main_after_listing(w, true);
}

static void finish_job(MainWindow *w)
{
    TaskResult *result = task_take(w->job);
    w->job = NULL;
    w->cancelling = false;
    ShutdownBlockReasonDestroy(w->hwnd);
    power_release(w->power);
    w->power = NULL;
    const TaskRow *row = task_row(result->kind);
    bool cancelled = !result->ok && result->error.kind == EK_CANCELLED;
    bool quiet = false; /* it failed, but nothing is amiss */
    const bool unverified = result->kind == TASK_BACKUP && !level_is_good(result->backup.manifest.level);
    const char *good = result->kind == TASK_SCHEDULED ? main_scheduled_ended(w, result, &quiet)
                       : unverified                   ? TEXT_BACKUP_UNVERIFIED
                                                      : row->good;
    if (result->ok && result->kind == TASK_DEMO) {
        connection_copy(&w->connection, &result->connection);
        w->configured = true;
        w->engine = result->engine;
        result->engine = NULL;
        mem_free(w->sample_key);
        w->sample_key = result->key;
        result->key = NULL;
        main_take_sample_user(w, &result->user);
    }
    if (cancelled) {
        main_show_log(w, LOG_WARNING, row->cancelled);
    } else if (!result->ok && row->failed != NULL && !quiet) {
        main_show_error_in_log(w, row->failed, &result->error);
    }
    main_show_idle(w, result->ok || quiet ? good : cancelled ? TEXT_CANCELLED : TEXT_FAILED,
                   !result->ok && !cancelled && !quiet);
    main_show_status(w);
    if (result->kind == TASK_BACKUP || result->kind == TASK_SCHEDULED) {
        if (!quiet) {
            main_tell_backup(w, result, good);
        }
    } else if ((result->kind == TASK_RESTORE || result->kind == TASK_UNDO) && !cancelled) {
        main_notify_end(w, result->ok ? good : row->failed, !result->ok);
    }
    if (!row->looks && !w->closing) {
        main_start_listing(w, false);
    }
    main_update_controls(w);
    /* A slot's failure is told by log, band and icon: nobody has pressed a button and waits for a box. */
    if (!result->ok && !cancelled && result->kind != TASK_SCHEDULED) {
        if (row->failed_so == NULL || !row->failed_so(w, result)) {
            main_tell_error(w, &result->error);
        }
    } else if (result->ok && !w->closing && row->ended != NULL) {
        row->ended(w, result);
    }
    task_result_free(result);
    main_keep_schedule(w);
    main_look_if_settled(w);
}

static void finish_saving(MainWindow *w)
{
    TaskResult *result = task_take(w->saving);
    w->saving = NULL;
    const bool undone = result->saved || result->kind == TASK_ENLIST; /* the task alone was not made */
    if (result->saved) {
        main_show_config(w, &result->config);
    }
    if (!result->ok) {
        ui_name_setting(&result->error, "retention_days", main_control(w, IDC_RETENTION));
        ui_name_setting(&result->error, "max_backups", main_control(w, IDC_MAXIMUM));
        ui_name_setting(&result->error, "weekdays", main_control(w, IDC_SCHEDULE_DAY)); /* as the label before it */
        ui_name_setting(&result->error, "backup_time", main_control(w, IDC_SCHEDULE_TIMES));
        ui_name_setting(&result->error, "more_times", main_control(w, IDC_SCHEDULE_TIMES));
        main_show_error_in_log(w, undone ? TEXT_TASK_UNDONE : TEXT_CONFIG_FAILED, &result->error);
        main_update_controls(w);
        main_tell_error(w, &result->error);
    }
    const bool saved = result->saved || result->kind == TASK_ENLIST;
    const bool offer = result->saved && result->enlisted; /* the assistant has asked already */
    task_result_free(result);
    main_update_controls(w);
    if (saved && !w->closing) {
        main_start_listing(w, false); /* when the next backup comes, and what goes, depend on them */
        main_look_at_task(w);
        if (offer) {
            main_offer_start(w);
        }
    }
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

static void look_soon(MainWindow *w)
{
    if (!w->timer_runs) {
        w->timer_runs = SetTimer(w->hwnd, TIMER_EVENTS, USER_TIMER_MINIMUM, NULL) != 0;
    }
}

/* The first bell after a silence is answered at once, others by a timer: its message comes only when none of the
 * keyboard, the mouse or the screen waits, so that a job that rings without end does not push these aside. */
void main_on_bell(MainWindow *w)
{
    if (!w->timer_runs && GetTickCount64() - w->looked > SILENCE_MS) {
        main_on_timer(w);
    } else {
        look_soon(w);
    }
}

void main_on_timer(MainWindow *w)
{
    if (w->timer_runs) {
        KillTimer(w->hwnd, TIMER_EVENTS);
        w->timer_runs = false;
    }
    /* Asked before draining: what an ended task said is then in what is drained. */
    bool job_done = w->job != NULL && task_finished(w->job);
    bool listing_done = w->listing != NULL && task_finished(w->listing);
    bool saving_done = w->saving != NULL && task_finished(w->saving);
    bool looking_done = w->looking != NULL && task_finished(w->looking);
    bool checking_done = w->checking != NULL && task_finished(w->checking);
    HWND hwnd = w->hwnd;
    bool drained = show_events(w);
    w->looked = w->opened ? GetTickCount64() : 0; /* the first listing's end is not kept waiting */
    if (!drained) {
        look_soon(w);
        return;
    }
    if (listing_done) {
        finish_listing(w);
    }
    /* A box may have run: the window may be gone, or another bell may have dealt with the task. */
    if (looking_done && IsWindow(hwnd) && w->looking != NULL && task_finished(w->looking)) {
        main_on_looked_at_task(w);
    }
    if (checking_done && IsWindow(hwnd) && w->checking != NULL && task_finished(w->checking)) {
        main_on_checked(w);
    }
    if (saving_done && IsWindow(hwnd) && w->saving != NULL && task_finished(w->saving)) {
        finish_saving(w);
    }
    if (job_done && IsWindow(hwnd) && w->job != NULL && task_finished(w->job)) {
        finish_job(w);
    } else if (IsWindow(hwnd)) {
        main_on_key_wanted(w);
    }
}

