/*
 * main_there.c: Restore from SharePoint: the folder, if none is set up → TASK_LIST_THERE → what is there, and which of
 * it → TASK_DOWNLOAD, which may want a key → it is in the folder; and where it is to be restored, on in main_restore.c
 * as with any other file of the folder. As there, it is asked anew before each step whether it may be done.
 */
#include "main_private.h"

#include "base/mem.h"
#include "jobs/offsite.h"
#include "jobs/offsite_folder.h"
#include "key_dialog.h"
#include "message_box.h"
#include "platform/fs.h"
#include "sharepoint_dialog.h"
#include "texts.h"
#include "there_dialog.h"

/* Whoever has lost the database with the PC cannot sign in; and where nothing is set up, no copy can be led astray. */
static bool set_up(const MainWindow *w)
{
    Error err = ERROR_INIT;
    const bool none = !offsite_is_set_up(&err) && err.kind == EK_NOT_FOUND;
    error_clear(&err);
    if (none || main_may(w, IDM_SHAREPOINT)) {
        return sharepoint_dialog_run(w->hwnd);
    }
    message_box_info(w->hwnd, TEXT_THERE_SIGNED_OUT, TEXT_THERE_SIGNED_OUT_WHY);
    return false;
}

static bool may_begin(MainWindow *w)
{
    const bool may = main_can(w, IDM_RESTORE_THERE);
    if (!may && !w->closing) {
        main_show_log(w, LOG_WARNING, TEXT_THERE_BUSY);
    }
    return may;
}

/* In a folder that OneDrive keeps in step they are files like any others. */
static void offer_folder(MainWindow *w, const char *dir)
{
    char *content = mem_printf(TEXT_THERE_FOLDER_WHY, dir);
    const bool may_restore = main_can(w, IDC_RESTORE);
    bool choose = false;
    w->asking = true;
    if (may_restore) {
        choose = message_box_ask(w->hwnd, TEXT_THERE_FOLDER, content, L"" TEXT_THERE_FOLDER_YES,
                                 L"" TEXT_THERE_FOLDER_NO);
    } else {
        message_box_info(w->hwnd, TEXT_THERE_FOLDER, content);
    }
    w->asking = false;
    mem_free(content);
    if (choose) {
        main_restore_from(w, NULL, dir);
    }
}

void main_on_restore_there(MainWindow *w)
{
    char *place = offsite_where();
    bool known = place != NULL;
    mem_free(place);
    if (!known) {
        w->asking = true;
        known = set_up(w);
        w->asking = false;
    }
    if (!known || !may_begin(w)) {
        return;
    }
    char *dir = offsite_folder();
    if (dir != NULL) {
        offer_folder(w, dir);
    } else {
        const TaskSpec spec = main_spec(w, TASK_LIST_THERE);
        main_start_job(w, &spec);
    }
    mem_free(dir);
}

void main_on_listed_there(MainWindow *w, TaskResult *result)
{
    const RemoteList *list = &result->there;
    ThereChoice choice = THERE_NOTHING;
    size_t chosen = 0;
    if (w->options->screenshot != NULL || !may_begin(w)) {
        return;
    }
    const bool may_restore = main_can(w, IDC_RESTORE);
    w->asking = true;
    if (list->count == 0) {
        char *why = mem_printf(TEXT_THERE_NOTHING_WHY, list->place);
        message_box_info(w->hwnd, TEXT_THERE_NOTHING, why);
        mem_free(why);
    } else {
        choice = there_dialog_ask(w->hwnd, list, may_restore, &chosen);
    }
    w->asking = false;
    main_update_controls(w);
    if (choice != THERE_NOTHING && may_begin(w)) {
        TaskSpec spec = main_spec(w, TASK_DOWNLOAD);
        spec.target = list->items[chosen].name;
        spec.to_restore = choice == THERE_RESTORE;
        main_start_job(w, &spec);
    }
}

/* For who is signed in; it is asked again when a dialog is closed, or the lock opened (task_wants_key). */
void main_on_key_wanted(MainWindow *w)
{
    KeyQuestion question = {.problem = ERROR_INIT};
    if (w->job == NULL || w->cancelling || w->asking || w->closing || w->options->screenshot != NULL ||
        !main_may(w, IDM_RESTORE_THERE) || !task_wants_key(w->job, &question)) {
        return;
    }
    char *file = NULL;
    Secret passphrase = SECRET_INIT;
    w->asking = true;
    const bool given = key_dialog_ask(w->hwnd, &question, &file, &passphrase);
    w->asking = false;
    main_update_controls(w);
    if (w->job != NULL) {
        task_give_key(w->job, file, given && file == NULL ? &passphrase : NULL);
    }
    secret_release(&passphrase);
    mem_free(file);
    key_question_release(&question);
}

void main_on_downloaded(MainWindow *w, TaskResult *result)
{
    const OffsiteBack *back = &result->back;
    if (result->to_restore) {
        main_restore_from(w, back->path, w->folder);
    } else if (w->options->screenshot == NULL && !w->closing && !w->asking) {
        char *title = mem_printf(back->was_here ? TEXT_THERE_WAS_HERE : TEXT_THERE_BACK, fs_base_name(back->path));
        w->asking = true;
        message_box_info(w->hwnd, title, back->was_here ? TEXT_THERE_WAS_HERE_WHY : TEXT_THERE_BACK_WHY);
        w->asking = false;
        main_update_controls(w);
        mem_free(title);
    }
}
