/*
 * main_signin.c: who is at the window, and what they may do.
 *
 * As soon as the database is known it is asked, in a worker, whether it has managers; then a dialog asks for one. Until
 * then, and while the window is locked, nothing can be done in it (ACCESS_NONE), but a job that runs goes on. Where the
 * database cannot say who is a manager (it is not there, empty, or has none: the disaster that backups are for), the
 * window goes on for the Windows user, who has the database's password anyway: backups can be made, listed, checked and
 * exported, but nothing is deleted and no setting changed (ACCESS_LOCAL). Without a database nobody is asked.
 *
 * The idle time is looked at by a timer that never comes more often than once a minute.
 */
#include "main_private.h"

#include "base/mem.h"
#include "jobs/restore.h"
#include "platform/wide.h"
#include "signin_dialog.h"
#include "texts.h"
#include "ui_text.h"

#define MINUTE_MS 60000u

struct LookJob {
    Connection connection;
    char *folder;
    char *lock_reason; /* NULL: nothing was locked */
    SigninUser locked; /* who was signed in */
    SigninWay way;
    char *mended; /* of an interrupted restore; NULL: nothing was */
    bool ok;
    Error error, log_error;
};

static void on_mended(void *context, LogLevel level, const char *text)
{
    LookJob *job = context;
    (void)level;
    mem_free(job->mended);
    job->mended = mem_strdup(text);
}

static void run_look(void *context, const Cancel *cancel)
{
    LookJob *job = context;
    if (job->lock_reason != NULL) {
        signin_log_lock(job->folder, &job->locked, job->lock_reason, &job->log_error);
    }
    job->ok = signin_look(&job->connection, cancel, &job->way, &job->error);
    const JobSink sink = {.log = on_mended, .context = job};
    if (!job->ok && restore_mend_left(&job->connection, &job->error, &sink, cancel)) {
        error_clear(&job->error);
        job->ok = signin_look(&job->connection, cancel, &job->way, &job->error);
    }
}

static void free_look(LookJob *job)
{
    connection_release(&job->connection);
    signin_user_release(&job->locked);
    error_clear(&job->error);
    error_clear(&job->log_error);
    mem_free(job->folder);
    mem_free(job->lock_reason);
    mem_free(job->mended);
    mem_free(job);
}

/* The band's button is grey where what it does is, instead of doing nothing. */
static bool may_mend(const MainWindow *w)
{
    const int command = main_mend_command(w->health.mend);
    return command == IDC_MEND ? w->health.mend != MEND_ALARM : main_may(w, command);
}

bool main_may(const MainWindow *w, int id)
{
    switch (w->access) {
    case ACCESS_NONE:
        return id == IDM_EXIT || id == IDM_ABOUT || id == IDM_HELP || id == IDM_LOCK || id == IDM_TRAY_OPEN;
    case ACCESS_LOCAL:
        return id != IDC_DELETE && id != IDC_SAVE_CONFIG && id != IDM_SETTINGS && id != IDM_UNATTENDED &&
               id != IDC_CLEANUP && id != IDM_FREEZE && id != IDM_UNPIN && id != IDM_SHAREPOINT &&
               id != IDM_ENCRYPTION && id != IDM_CLEANUP_THERE && id != IDM_PAUSE_HOUR &&
               id != IDM_PAUSE_MORNING && id != IDM_PAUSE_WEEK && (id != IDC_MEND || may_mend(w));
    case ACCESS_FULL:
        return true;
    }
    return false;
}

static void show_title(const MainWindow *w)
{
    const char *full = w->user.full_name;
    char *title = full != NULL && w->sample     ? mem_printf(TEXT_TITLE_SAMPLE, full)
                  : full != NULL                ? mem_printf(TEXT_TITLE_SIGNED_IN, full)
                  : w->access == ACCESS_LOCAL   ? mem_strdup(TEXT_TITLE_NOBODY)
                  : w->access == ACCESS_NONE    ? mem_strdup(TEXT_TITLE_LOCKED)
                                                : mem_strdup(TEXT_TITLE);
    ui_set_text(w->hwnd, title);
    mem_free(title);
}

static void set_access(MainWindow *w, Access access)
{
    w->access = access;
    show_title(w);
    main_update_controls(w);
}

/* --- the idle time ------------------------------------------------------------------------------------- */

static void watch_idle(const MainWindow *w, DWORD ms)
{
    SetTimer(w->hwnd, TIMER_IDLE, ms < MINUTE_MS ? MINUTE_MS : ms, NULL);
}

static void lock(MainWindow *w, const char *reason);

void main_watch_idle(MainWindow *w)
{
    if (w->access == ACCESS_FULL && w->user.name != NULL && !w->sample) {
        watch_idle(w, (DWORD)w->lock_minutes * MINUTE_MS);
    }
}

void main_on_idle(MainWindow *w)
{
    LASTINPUTINFO input = {.cbSize = sizeof input};
    const DWORD limit = (DWORD)w->lock_minutes * MINUTE_MS;
    const DWORD idle = GetLastInputInfo(&input) ? GetTickCount() - input.dwTime : 0;
    if (w->access != ACCESS_FULL || w->user.name == NULL || w->sample || w->closing) {
        KillTimer(w->hwnd, TIMER_IDLE);
    } else if (idle < limit) {
        watch_idle(w, limit - idle);
    } else if (w->asking) {
        /* What was left open is left unanswered; at the next look the window is locked. */
        PostMessageW(GetLastActivePopup(w->hwnd), WM_CLOSE, 0, 0);
        watch_idle(w, MINUTE_MS);
    } else {
        char *reason = mem_printf(w->lock_minutes == 1 ? TEXT_LOCK_IDLE_ONE : TEXT_LOCK_IDLE, w->lock_minutes);
        lock(w, reason);
        mem_free(reason);
    }
}

/* --- signing in ---------------------------------------------------------------------------------------- */

static void go_on_locally(MainWindow *w, const char *why)
{
    char *line = mem_printf(TEXT_SIGNIN_LOCAL, why);
    main_show_log(w, LOG_WARNING, line);
    mem_free(line);
    set_access(w, ACCESS_LOCAL);
}

static void on_error(MainWindow *w, const Error *error)
{
    char *text = error_text(error);
    const size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.') { /* the sentence goes on */
        text[length - 1] = 0;
    }
    go_on_locally(w, text);
    mem_free(text);
}

static void signed_in(MainWindow *w)
{
    mem_free(w->user_for);
    w->user_for = connection_text(&w->connection);
    mem_free(w->last_user);
    w->last_user = mem_strdup(w->user.name);
    char *line = mem_printf(TEXT_SIGNED_IN, w->user.full_name);
    main_show_log(w, LOG_GOOD, line);
    mem_free(line);
    set_access(w, ACCESS_FULL);
    main_watch_idle(w);
}

void main_ask_sign_in(MainWindow *w)
{
    if (w->closing || w->asking || w->access != ACCESS_NONE) {
        return;
    }
    w->ask_later = !IsWindowVisible(w->hwnd);
    if (w->ask_later) { /* a box from nowhere, over other work, would only frighten */
        main_show_log(w, LOG_INFO, TEXT_SIGNIN_LATER);
        return;
    }
    Error error = ERROR_INIT;
    const SigninQuestion question = {w->signin, &w->connection, w->folder, w->last_user, w->last_user != NULL};
    w->asking = true;
    w->signing_in = true;
    SigninEnd end = signin_dialog_run(w->hwnd, &question, &w->user, &error);
    w->signing_in = false;
    w->asking = false;
    switch (end) {
    case SIGNIN_DONE:
        signed_in(w);
        break;
    case SIGNIN_NO_ANSWER:
        on_error(w, &error);
        break;
    case SIGNIN_LEFT:
        main_on_close(w);
        if (!w->closing) { /* a job shall go on: behind the lock */
            PostMessageW(w->hwnd, WM_APP_SIGN_IN, 0, 0);
        }
        break;
    }
    error_clear(&error);
}

/* Asks the database whether it has managers; `reason`: why the window is locked, NULL at the start. */
static void start_look(MainWindow *w, const char *reason)
{
    LookJob *job = mem_alloc(sizeof *job);
    connection_init(&job->connection);
    connection_copy(&job->connection, &w->connection);
    job->folder = mem_strdup(w->folder);
    job->lock_reason = mem_strdup(reason);
    job->locked = w->user; /* the window has nobody now */
    signin_user_init(&w->user);
    KillTimer(w->hwnd, TIMER_IDLE);
    w->look_job = job;
    w->look = worker_start(w->hwnd, run_look, job);
    set_access(w, ACCESS_NONE);
}

void main_expect_sign_in(MainWindow *w)
{
    if (w->configured && w->user.name == NULL && !w->options->demo && w->options->screenshot == NULL) {
        set_access(w, ACCESS_NONE);
    }
}

void main_begin_sign_in(MainWindow *w)
{
    if (w->look != NULL || w->closing) {
        return;
    }
    if (w->signin == NULL) {
        w->signin = signin_new(NULL);
    }
    char *database = connection_text(&w->connection);
    const bool same = w->user.name != NULL && w->user_for != NULL && strcmp(w->user_for, database) == 0;
    mem_free(database);
    if (!same) {
        start_look(w, NULL);
    }
}

void main_on_looked(MainWindow *w)
{
    LookJob *job = w->look_job;
    worker_end(w->look);
    w->look = NULL;
    w->look_job = NULL;
    if (job->log_error.kind != EK_NONE) {
        main_show_error_in_log(w, TEXT_LOG_UNWRITTEN, &job->log_error);
    }
    if (job->mended != NULL && !w->closing) {
        main_show_log(w, LOG_WARNING, job->mended);
    }
    if (w->closing) {
        main_look_if_settled(w);
    } else if (!job->ok) {
        on_error(w, &job->error);
    } else if (job->way == SIGNIN_ASK) {
        PostMessageW(w->hwnd, WM_APP_SIGN_IN, 0, 0);
    } else {
        go_on_locally(w, job->way == SIGNIN_NO_USERS ? TEXT_SIGNIN_NO_USERS : TEXT_SIGNIN_NO_MANAGER);
    }
    free_look(job);
}

static void lock(MainWindow *w, const char *reason)
{
    main_show_log(w, LOG_INFO, TEXT_LOCKED);
    start_look(w, reason);
}

void main_on_lock(MainWindow *w)
{
    if (!w->opened || w->closing || w->asking || w->look != NULL || !w->configured) {
        return;
    }
    if (w->sample) {
        main_show_log(w, LOG_INFO, TEXT_SAMPLE_NO_LOCK);
    } else if (w->user.name != NULL) {
        lock(w, TEXT_LOCK_BY_USER);
    } else {
        start_look(w, NULL);
    }
}

/* The sample's window asks nobody. */
void main_take_sample_user(MainWindow *w, SigninUser *user)
{
    signin_user_release(&w->user);
    w->user = *user;
    signin_user_init(user);
    w->sample = true;
    set_access(w, ACCESS_FULL);
}

void main_release_sign_in(MainWindow *w)
{
    worker_end(w->look); /* the window is gone: its message will not come */
    if (w->look_job != NULL) {
        free_look(w->look_job);
    }
    signin_free(w->signin);
    signin_user_release(&w->user);
    mem_free(w->user_for);
    mem_free(w->last_user);
}
