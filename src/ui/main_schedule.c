/*
 * main_schedule.c: the slots that the window runs itself while it is open, shown or hidden, and what is told beside the
 * clock. When a slot is due, and which notification is, the core decides (keeper.h, notice.h); that a slot runs once,
 * whoever else looks at it, is the ledger's affair (run.h). Nobody needs to be signed in: the schedule acts for the
 * Windows user, as the task does that Windows starts.
 *
 * It is looked at after each listing and each job, when the PC wakes up or its clock is set, and by one timer, which
 * never comes more often than once a minute. A dialog that waits for an answer is not disturbed, but for the sign-in.
 */
#include "main_private.h"

#include "base/mem.h"
#include "message_box.h"
#include "platform/clock.h"
#include "schedule/aloud.h"
#include "store/source.h"
#include "texts.h"
#include "with_windows.h"

#define SECOND_MS 1000u

/* The sample's window and one that only takes a picture run nothing. */
static bool runs_slots(const MainWindow *w)
{
    return w->configured && !w->sample && !w->options->demo && w->options->screenshot == NULL;
}

void main_take_keeper(MainWindow *w)
{
    Keeper *found = &w->list.model.keeper;
    found->on = found->on && runs_slots(w);
    keeper_take(&w->keeper, found);
}

/* Beside any job: it makes way for them, and what it finds is told when the list is read. */
static void start_checks(MainWindow *w, int64_t now)
{
    Source source;
    if (w->job != NULL || w->listing != NULL || w->checking != NULL || w->saving != NULL || w->unreadable ||
        !runs_slots(w) || !keeper_may_check(&w->keeper, now)) {
        return;
    }
    source_init(&source);
    source_of_connection(&w->connection, &source);
    if (list_model_wants_check(&w->list.model, &source, w->configured)) {
        TaskSpec spec = main_spec(w, TASK_RECHECK);
        w->checking = main_start_task(w, &spec);
    }
    keeper_checked(&w->keeper, now);
    source_release(&source);
}

void main_keep_schedule(MainWindow *w)
{
    const int64_t now = clock_now();
    if (!w->opened || w->closing || w->options->screenshot != NULL) {
        return;
    }
    if (w->job == NULL && w->listing == NULL && w->saving == NULL && !w->unreadable && (!w->asking || w->signing_in) &&
        runs_slots(w) && keeper_is_due(&w->keeper, now)) {
        TaskSpec spec = main_spec(w, TASK_SCHEDULED);
        /* Whoever opens the window because the server is gone is not kept from the buttons by a run that awaits it for
         * half an hour: that slot has failed, and is tried again in a quarter of an hour. */
        spec.once = main_is_seen(w);
        main_start_job(w, &spec);
    }
    start_checks(w, now);
    SetTimer(w->hwnd, TIMER_SLOT, keeper_wait(&w->keeper, now) * SECOND_MS, NULL);
}

void main_on_checked(MainWindow *w)
{
    TaskResult *result = task_take(w->checking);
    w->checking = NULL;
    if (!w->closing && (result->checks.read > 0 || result->checks.damaged_count > 0 || result->checks.proven != NULL)) {
        main_start_listing(w, false);
    }
    task_result_free(result);
    main_look_if_settled(w);
}

void main_enlist(MainWindow *w)
{
    if (w->enlist && w->saving == NULL && !w->open_again && !w->closing && runs_slots(w)) {
        TaskSpec spec = main_spec(w, TASK_ENLIST);
        w->enlist = false;
        w->saving = main_start_task(w, &spec);
        main_update_controls(w);
    }
}

void main_offer_start(MainWindow *w)
{
    if (w->state.offered || w->asking || !main_is_seen(w) || with_windows_is_on()) {
        return;
    }
    w->state.offered = true;
    main_save_state(w);
    w->asking = true;
    main_update_controls(w);
    const bool wanted = message_box_ask(w->hwnd, TEXT_START_OFFER, TEXT_START_OFFER_CONTENT, L"" TEXT_START_OFFER_YES,
                                        L"" TEXT_START_OFFER_NO);
    Error err = ERROR_INIT;
    if (wanted && with_windows_set(true, &err)) {
        main_show_log(w, LOG_GOOD, TEXT_START_SET);
    } else if (wanted) {
        main_show_error_in_log(w, TEXT_START_FAILED, &err);
        message_box_error(w->hwnd, &err);
    }
    error_clear(&err);
    w->asking = false;
    main_update_controls(w);
}

/* Somebody may have deleted it or switched it off since. */
void main_look_at_task(MainWindow *w)
{
    if (w->looking == NULL && w->opened && !w->closing && w->keeper.on && runs_slots(w)) {
        TaskSpec spec = main_spec(w, TASK_REGISTRATION);
        w->looking = main_start_task(w, &spec);
    }
}

void main_on_looked_at_task(MainWindow *w)
{
    TaskResult *result = task_take(w->looking);
    w->looking = NULL;
    if (result->problem != NULL && (w->task_problem == NULL || strcmp(result->problem, w->task_problem) != 0)) {
        char *line = mem_printf(TEXT_TASK_PROBLEM, result->problem);
        main_show_log(w, LOG_WARNING, line);
        mem_free(line);
    }
    if (result->ok) {
        mem_free(w->task_problem);
        w->task_problem = result->problem;
        result->problem = NULL;
    }
    task_result_free(result);
    if (!w->closing) {
        main_show_status(w);
        main_update_controls(w);
    }
    main_look_if_settled(w);
}

void main_on_woken(MainWindow *w)
{
    if (w->opened && !w->closing) {
        main_look_at_task(w);
        main_start_listing(w, false); /* and then it is looked what is due */
    }
}

const char *main_scheduled_ended(MainWindow *w, const TaskResult *result, bool *quiet)
{
    const bool cancelled = !result->ok && result->error.kind == EK_CANCELLED;
    keeper_ended(&w->keeper, cancelled, result->scheduled.next, clock_now());
    /* Somebody else has the ledger: nothing was looked at. */
    *quiet = !result->ok && result->error.kind == EK_BUSY && result->scheduled.slot == 0;
    if (*quiet) {
        main_show_log(w, LOG_INFO, TEXT_SCHEDULED_BUSY);
        return TEXT_READY;
    }
    if (result->ok && result->scheduled.outcome == SCHEDULED_BY_OTHERS) {
        main_show_log(w, LOG_GOOD, TEXT_SCHEDULED_OTHERS);
    }
    if (result->ok && result->scheduled.outcome != SCHEDULED_DONE) {
        *quiet = true;
        return TEXT_READY;
    }
    return result->ok && !level_is_good(result->scheduled.backup.manifest.level) ? TEXT_BACKUP_UNVERIFIED
                                                                                 : TEXT_BACKUP_GOOD;
}

/* --- what is told beside the clock ------------------------------------------------------------------------ */

bool main_is_seen(const MainWindow *w)
{
    return IsWindowVisible(w->hwnd) && !IsIconic(w->hwnd);
}

/* What the last listing that could be read says of the newest good backup. */
static void look_how_old(MainWindow *w)
{
    if (w->unreadable || !w->opened) {
        return;
    }
    Source source;
    source_init(&source);
    source_of_connection(&w->connection, &source);
    w->good = list_model_good(&w->list.model, w->configured ? &source : NULL, w->configured);
    w->good_since = w->list.model.ledger.since;
    const char *damaged = list_model_damaged(&w->list.model, w->configured ? &source : NULL, w->configured);
    mem_free(w->damaged);
    w->damaged = mem_strdup(damaged);
    w->good_hours = w->list.model.due_hours;
    source_release(&source);
    if (w->good > w->failed_at) { /* the task, another computer or the console has made one since */
        error_clear(&w->failure);
    }
}

void main_tell(MainWindow *w, const char *done, const char *failed)
{
    look_how_old(w);
    main_show_tray(w);
    if (!w->tray.shown) {
        return; /* it would count as told */
    }
    const OffsiteSignIn *sign_in = &w->list.model.sign_in;
    const NoticeFacts facts = {.now = clock_now(),
                               .seen = main_is_seen(w),
                               .quiet = w->state.quiet,
                               .done = done,
                               .failed = failed,
                               .configured = w->good_hours > 0 && runs_slots(w),
                               .good = w->good,
                               .since = w->good_since,
                               .due_hours = w->good_hours,
                               .damaged = w->damaged,
                               .unknown = w->unreadable,
                               .alarm = w->list.model.alarm,
                               .sign_in = sign_in->warning >= 0 ? sign_in->text : NULL,
                               .sign_in_mark = sign_in->warning,
                               .silent = w->list.model.silent,
                               .silent_names = w->list.model.silent_names};
    char *text = NULL;
    const NoticeKind kind = notice_look(&facts, &w->notices, &text);
    if (kind != NOTICE_NONE) {
        tray_notify(&w->tray, notice_title(kind), text, notice_is_bad(kind));
    }
    mem_free(text);
}

static void copy_error(const Error *from, Error *to)
{
    error_set(to, from->kind, "%s", from->message);
    if (from->detail != NULL) {
        error_detail(to, "%s", from->detail);
    }
    if (from->hint != NULL) {
        error_hint(to, "%s", from->hint);
    }
}

void main_tell_backup(MainWindow *w, const TaskResult *result, const char *good)
{
    if (result->ok) {
        error_clear(&w->failure);
        main_tell(w, good, NULL);
    } else if (result->error.kind != EK_CANCELLED) {
        char *why = error_text(&result->error);
        copy_error(&result->error, &w->failure);
        w->failed_at = clock_now();
        main_tell(w, NULL, why);
        mem_free(why);
    }
}

void main_on_told(const MainWindow *w)
{
    Aloud aloud;
    aloud_init(&aloud);
    aloud_read(&aloud);
    if (aloud.kind != NOTICE_NONE && !main_is_seen(w)) {
        tray_notify(&w->tray, notice_title(aloud.kind), aloud.text, notice_is_bad(aloud.kind));
    }
    aloud_release(&aloud);
}

void main_on_balloon(MainWindow *w)
{
    main_on_show_yourself(w);
    /* Locked, it first asks who it is; the log has the cause too. */
    if (w->failure.kind != EK_NONE && w->access != ACCESS_NONE && !w->asking && !w->closing) {
        Error failure = ERROR_INIT;
        copy_error(&w->failure, &failure); /* a backup may end meanwhile */
        w->asking = true;
        message_box_error(w->hwnd, &failure);
        w->asking = false;
        error_clear(&failure);
        main_update_controls(w);
    }
}

void main_show_tray(MainWindow *w)
{
    const bool failed = w->unreadable || w->failure.kind != EK_NONE;
    tray_set_state(&w->tray, tray_icon_state(w->step != NULL || !w->opened, failed, w->health.state));
}

/* --- commands -------------------------------------------------------------------------------------------- */

static void start_pause(MainWindow *w, Pause pause)
{
    TaskSpec spec = main_spec(w, TASK_PAUSE);
    spec.pause = pause;
    main_start_job(w, &spec);
}

void main_on_pause_hour(MainWindow *w)
{
    start_pause(w, PAUSE_HOUR);
}

void main_on_pause_morning(MainWindow *w)
{
    start_pause(w, PAUSE_MORNING);
}

void main_on_pause_week(MainWindow *w)
{
    start_pause(w, PAUSE_WEEK);
}

void main_on_resume(MainWindow *w)
{
    start_pause(w, PAUSE_NONE);
}

bool main_is_paused(const MainWindow *w)
{
    return w->keeper.on && w->list.model.ledger.paused_until > clock_now();
}

void main_on_schedule(MainWindow *w)
{
    main_on_show_yourself(w);
    SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)main_control(w, IDC_SCHEDULE), TRUE);
}
