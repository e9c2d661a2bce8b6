/*
 * main_restore.c: restores and their undoing. Each is a chain of questions with a job between two of them:
 *
 *     Restore/Upload Backup: the warning and the file → TASK_PREVIEW, every byte read, both sides counted → what
 *     changes, safety backup, the typed name → TASK_RESTORE → what came of it; where the user may not create databases,
 *     before that: whether it is to go into the database itself → TASK_PREVIEW of that
 *     Restore from SharePoint: main_there.c, and then the first of these with what it has brought
 *     Undo Restore: TASK_KEPT → which one, the typed name → TASK_UNDO → what came of it
 *
 * While a job runs the window may be locked, hidden or told to close. So before each question it is asked anew whether
 * the command may be done; what began the chain may not end it for somebody else.
 */
#include "main_private.h"

#include "base/mem.h"
#include "message_box.h"
#include "platform/fs.h"
#include "restore_dialog.h"
#include "result_dialog.h"
#include "texts.h"
#include "undo_dialog.h"

static TaskSpec spec_for(const MainWindow *w, TaskKind kind, const char *target)
{
    TaskSpec spec = main_spec(w, kind);
    spec.target = target;
    spec.nobody = w->access == ACCESS_LOCAL;
    return spec;
}

/* The chain may go on; else, where that was not the user's own doing, it is told. */
static bool may_go_on(MainWindow *w, int id)
{
    if (w->options->screenshot != NULL || w->closing) {
        return false;
    }
    if (!main_can(w, id)) {
        main_show_log(w, LOG_WARNING, TEXT_RESTORE_LOCKED);
        return false;
    }
    return true;
}

void main_restore_from(MainWindow *w, const char *file, const char *folder)
{
    if (!may_go_on(w, IDC_RESTORE)) {
        return;
    }
    char *path = mem_strdup(file);
    w->asking = true;
    const bool chosen = restore_dialog_choose(w->hwnd, &w->connection, folder, &path);
    w->asking = false;
    main_update_controls(w);
    if (chosen && main_can(w, IDC_RESTORE)) {
        const TaskSpec spec = spec_for(w, TASK_PREVIEW, path);
        main_start_job(w, &spec);
    }
    mem_free(path);
}

void main_on_restore(MainWindow *w)
{
    const CatalogEntry *entry = backup_list_selected_count(&w->list) == 1 ? backup_list_selected(&w->list) : NULL;
    char *path = entry == NULL ? NULL : fs_join(w->folder, entry->name);
    main_restore_from(w, path, w->folder);
    mem_free(path);
}

/* The user may not create databases: asked before anything is shown as if it were the usual way. */
static void offer_in_place(MainWindow *w, const TaskResult *result)
{
    char *content = mem_printf(TEXT_IN_PLACE_CONTENT, result->preview.database);
    w->asking = true;
    const bool yes = message_box_ask(w->hwnd, TEXT_IN_PLACE_QUESTION, content, L"" TEXT_IN_PLACE_YES,
                                     L"" TEXT_IN_PLACE_NO);
    w->asking = false;
    mem_free(content);
    main_update_controls(w);
    if (yes && main_can(w, IDC_RESTORE)) {
        TaskSpec spec = spec_for(w, TASK_PREVIEW, result->target);
        spec.in_place = true;
        main_start_job(w, &spec);
    } else if (!yes) {
        main_show_log(w, LOG_INFO, TEXT_PREVIEW_CANCELLED);
    }
}

void main_on_preview(MainWindow *w, TaskResult *result)
{
    if (!may_go_on(w, IDC_RESTORE)) {
        return;
    }
    bool no_safety = false;
    if (result->preview.may_in_place) {
        offer_in_place(w, result);
        return;
    }
    w->asking = true;
    const bool confirmed = restore_dialog_confirm(w->hwnd, &w->connection, &result->preview, &no_safety);
    w->asking = false;
    main_update_controls(w);
    if (confirmed && main_can(w, IDC_RESTORE)) {
        TaskSpec spec = spec_for(w, TASK_RESTORE, result->target);
        spec.no_safety = no_safety;
        spec.in_place = result->preview.in_place;
        spec.proven = result->preview.proven ? result->preview.sha256 : NULL;
        main_start_job(w, &spec);
    } else if (!confirmed) {
        main_show_log(w, LOG_INFO, TEXT_PREVIEW_CANCELLED);
    }
}

bool main_on_restore_failed(MainWindow *w, TaskResult *result)
{
    if (result->restore.other_sort == NULL || w->options->screenshot != NULL || !main_can(w, IDC_RESTORE)) {
        return false;
    }
    char *content = mem_printf(TEXT_SORT_CONTENT, result->restore.other_sort);
    w->asking = true;
    const bool yes = message_box_ask(w->hwnd, TEXT_SORT_QUESTION, content, L"" TEXT_SORT_YES, L"" TEXT_SORT_NO);
    w->asking = false;
    mem_free(content);
    main_update_controls(w);
    if (yes && main_can(w, IDC_RESTORE)) {
        TaskSpec spec = spec_for(w, TASK_RESTORE, result->target);
        spec.no_safety = result->no_safety;
        spec.proven = result->proven;
        spec.sort_as_live = true;
        main_start_job(w, &spec);
    }
    return true;
}

void main_on_undo(MainWindow *w)
{
    const TaskSpec spec = spec_for(w, TASK_KEPT, NULL);
    main_start_job(w, &spec);
}

void main_on_kept(MainWindow *w, TaskResult *result)
{
    if (!may_go_on(w, IDM_UNDO)) {
        return;
    }
    const KeptDatabase *chosen = NULL;
    w->asking = true;
    if (result->kept_count == 0) {
        message_box_info(w->hwnd, TEXT_UNDO_NONE, TEXT_UNDO_NONE_WHY);
    } else {
        chosen = undo_dialog_ask(w->hwnd, &w->connection, result->kept, result->kept_count);
    }
    w->asking = false;
    main_update_controls(w);
    if (chosen != NULL && main_can(w, IDM_UNDO)) {
        const TaskSpec spec = spec_for(w, TASK_UNDO, chosen->name);
        main_start_job(w, &spec);
    }
}

/* Told over a window that anybody may see: nothing can be done in it but to read it. */
void main_on_restored(MainWindow *w, TaskResult *result)
{
    if (w->options->screenshot == NULL && !w->asking) {
        const bool undone = result->kind == TASK_UNDO;
        w->asking = true;
        result_dialog_show(w->hwnd, &result->restore, undone ? result->target : fs_base_name(result->target), undone);
        w->asking = false;
        main_update_controls(w);
    }
    if (w->access == ACCESS_LOCAL && !w->closing) {
        main_begin_sign_in(w); /* now there may be managers */
    }
}
