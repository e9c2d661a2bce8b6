/*
 * main_dialogs.c: the dialogs that the window opens by itself or from its menu. Each runs a message loop, in which jobs
 * go on and end: `asking` is set meanwhile, and the state is looked at again afterwards.
 */
#include "main_private.h"

#include "about_dialog.h"
#include "assistant_dialog.h"
#include "base/mem.h"
#include "help_dialog.h"
#include "settings_dialog.h"
#include "texts.h"
#include "unattended_dialog.h"

/* The folder, the settings and the list are read again, with what is known of the connection. */
static void reopen(MainWindow *w)
{
    if (w->listing != NULL) {
        w->open_again = true;
        return;
    }
    AppOptions options = *w->options; /* deep-copied by the task */
    TaskSpec spec = main_spec(w, TASK_OPEN);
    options.folder = w->folder;
    spec.options = &options;
    w->open_again = false;
    w->listing = main_start_task(w, &spec);
}

static void run_assistant(MainWindow *w, bool first)
{
    w->asking = true;
    AssistantEnd end = assistant_dialog_run(w->hwnd, first, &w->connection, &w->folder);
    w->asking = false;
    if (end == ASSISTANT_SAVED) {
        w->configured = true;
        w->sample = false;
        w->enlist = true;
        main_show_log(w, LOG_GOOD, TEXT_CONNECTION_SAVED);
        reopen(w);
    } else if (end == ASSISTANT_SAMPLE && w->job == NULL) {
        TaskSpec demo = main_spec(w, TASK_DEMO);
        main_start_job(w, &demo);
    } else if (first) {
        main_show_log(w, LOG_WARNING, TEXT_NO_DATABASE_LOG);
    }
    main_show_folder(w);
    main_show_status(w);
    main_update_controls(w);
}

void main_on_connection(MainWindow *w)
{
    run_assistant(w, !w->configured);
}

void main_on_settings(MainWindow *w)
{
    SettingsChoice choice = {.lock_minutes = w->lock_minutes, .keep = w->state.keep, .quiet = w->state.quiet};
    w->asking = true;
    bool saved = settings_dialog_run(w->hwnd, w->folder, &w->connection, w->user.name, &choice);
    w->asking = false;
    if (saved) {
        main_show_log(w, LOG_GOOD, TEXT_SETTINGS_SAVED);
        w->lock_minutes = choice.lock_minutes;
        w->state.keep = choice.keep;
        w->state.quiet = choice.quiet;
        main_save_state(w);
        main_watch_idle(w);
        if (choice.in_use) {
            connection_set_sslmode(&w->connection, choice.sslmode, NULL);
        }
        main_start_listing(w, false); /* retention's days depend on them */
    }
}

void main_on_unattended(MainWindow *w)
{
    const UnattendedSpec spec = {.folder = w->folder,
                                 .named = w->options->folder != NULL ? w->folder : NULL,
                                 .actor = w->user.name,
                                 .sample = w->sample};
    w->asking = true;
    const bool saved = unattended_dialog_run(w->hwnd, &spec);
    w->asking = false;
    main_look_at_task(w);
    if (saved) {
        main_show_log(w, LOG_GOOD, TEXT_SETTINGS_SAVED);
        w->enlist = w->keeper.on; /* the task's description says what it waits for */
        main_enlist(w);
        main_start_listing(w, false);
    }
}

void main_on_about(MainWindow *w)
{
    w->asking = true;
    about_dialog_run(w->hwnd);
    w->asking = false;
}

/* Over a dialog as well, where F1 was pressed in one: its owner is asked. */
void main_on_help(MainWindow *w)
{
    const bool asking = w->asking;
    w->asking = true;
    help_dialog_run(GetLastActivePopup(w->hwnd));
    w->asking = asking;
}

/* What follows a listing, once the window is as it should be. */
void main_after_listing(MainWindow *w, bool first)
{
    if (w->open_again && w->listing == NULL && !w->closing) {
        reopen(w);
    } else if (first && !w->options->demo && w->options->screenshot == NULL && !w->closing) {
        if (w->configured) {
            main_begin_sign_in(w);
        } else if (IsWindowVisible(w->hwnd)) {
            PostMessageW(w->hwnd, WM_COMMAND, IDM_CONNECTION, 0);
        } else {
            w->greet = true;
        }
    }
}
