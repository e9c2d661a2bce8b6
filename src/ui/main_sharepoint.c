/*
 * main_sharepoint.c: Export to SharePoint: the folder, if none is set up → what goes, and where → TASK_UPLOAD → what
 * came of each. Clean Up on SharePoint: TASK_PLAN_THERE → what would go, and why → TASK_CLEANUP_THERE. While
 * dialogs are open the list may be read anew: what goes is a copy of what was selected.
 */
#include "main_private.h"

#include "ask_it_dialog.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cleanup_dialog.h"
#include "encryption_dialog.h"
#include "jobs/ask_it.h"
#include "jobs/offsite.h"
#include "message_box.h"
#include "result_dialog.h"
#include "sharepoint_dialog.h"
#include "texts.h"
#include "upload_dialog.h"

void main_on_sharepoint(MainWindow *w)
{
    w->asking = true;
    sharepoint_dialog_run(w->hwnd);
    w->asking = false;
}

void main_on_encryption(MainWindow *w)
{
    w->asking = true;
    encryption_dialog_run(w->hwnd);
    w->asking = false;
}

/* False: there is no folder, and none was set up. */
static bool set_up(const MainWindow *w)
{
    if (main_may(w, IDM_SHAREPOINT)) {
        return sharepoint_dialog_run(w->hwnd);
    }
    message_box_info(w->hwnd, TEXT_UPLOAD_ONLY_MANAGER, TEXT_UPLOAD_ONLY_MANAGER_WHY);
    return false;
}

static bool ask(const MainWindow *w, const OffsitePlan *plan)
{
    for (;;) {
        char *place = offsite_where();
        if (place == NULL) {
            if (!set_up(w)) {
                return false;
            }
            continue;
        }
        const UploadChoice choice = upload_dialog_ask(w->hwnd, plan, place);
        mem_free(place);
        if (choice != UPLOAD_CHANGE) {
            return choice == UPLOAD_GO;
        }
        set_up(w); /* whatever comes of it, it is asked again */
        place = offsite_where();
        const bool left = place == NULL;
        mem_free(place);
        if (left) {
            return false;
        }
    }
}

void main_on_upload(MainWindow *w)
{
    size_t count = 0;
    char **names = backup_list_names(&w->list, &count);
    OffsitePlan plan;
    offsite_plan(&w->list.model.catalog, (const char *const *)names, count, &plan);
    backup_list_free_names(names, count);
    w->asking = true;
    const bool go = ask(w, &plan);
    w->asking = false;
    if (go && main_is_free(w) && main_may(w, IDC_SHAREPOINT)) {
        const char **good = mem_array(plan.good, sizeof *good);
        TaskSpec spec = main_spec(w, TASK_UPLOAD);
        for (size_t i = 0; i < plan.count; i++) {
            if (plan.items[i].problem == NULL) {
                good[spec.file_count++] = plan.items[i].name;
            }
        }
        spec.files = good;
        main_start_job(w, &spec);
        mem_free((void *)good);
    } else if (go) {
        main_show_log(w, LOG_WARNING, TEXT_UPLOAD_BUSY);
    }
    offsite_plan_release(&plan);
}

void main_on_pause_upload(MainWindow *w)
{
    if (!offsite_can_pause()) {
        main_show_log(w, LOG_INFO, TEXT_UPLOAD_BY_ONEDRIVE);
        return;
    }
    const bool paused = !task_is_paused(w->job);
    task_pause(w->job, paused);
    main_show_log(w, LOG_INFO, paused ? TEXT_UPLOAD_PAUSED : TEXT_UPLOAD_GOES_ON);
}

/* --- what came of it ------------------------------------------------------------------------------------- */

static bool may_tell(const MainWindow *w)
{
    return w->options->screenshot == NULL && !w->closing && !w->asking;
}

static void show_outcomes(MainWindow *w, const OffsiteBatch *batch)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    for (size_t i = 0; i < batch->count; i++) {
        const OffsiteOutcome *outcome = &batch->files[i];
        char *words = offsite_outcome_text(outcome);
        strbuf_addf(&text, "%s%s\n    %s%s\n", i == 0 ? "" : "\n", outcome->name, outcome->ok ? "" : " !  ", words);
        mem_free(words);
    }
    char *title = batch->done == batch->count
                      ? mem_printf(TEXT_UPLOAD_ALL, (unsigned long long)batch->done)
                      : mem_printf(TEXT_UPLOAD_SOME, (unsigned long long)batch->done, (unsigned long long)batch->count);
    w->asking = true;
    result_dialog_text(w->hwnd, TEXT_UPLOAD_CAPTION, title, text.buf);
    w->asking = false;
    main_update_controls(w);
    mem_free(title);
    strbuf_release(&text);
}

void main_on_uploaded(MainWindow *w, TaskResult *result)
{
    if (may_tell(w)) {
        show_outcomes(w, &result->uploads);
    }
}

static void ask_it(MainWindow *w, const Error *error)
{
    char *content = mem_printf("%s%s%s", error->message, error->hint == NULL ? "" : "\n\n",
                               error->hint == NULL ? "" : error->hint);
    w->asking = true;
    if (message_box_ask(w->hwnd, TEXT_ASK_QUESTION, content, L"" TEXT_ASK_YES, L"" TEXT_ASK_NO)) {
        const OffsiteSetUp spec = {.link = NULL};
        char *page = offsite_ask_it(&spec, error);
        ask_it_dialog_show(w->hwnd, page);
        mem_free(page);
    }
    w->asking = false;
    main_update_controls(w);
    mem_free(content);
}

bool main_on_upload_failed(MainWindow *w, TaskResult *result)
{
    const bool back = result->kind == TASK_LIST_THERE || result->kind == TASK_DOWNLOAD;
    if (!may_tell(w)) {
        return false;
    }
    /* On the way back settings may be those of the folder here, which IT need not mend. */
    const bool needs_it =
        ask_it_step(&result->error) != ASK_IT_NOTHING && (!back || result->error.kind == EK_REFUSED);
    if (result->uploads.count > 1) {
        show_outcomes(w, &result->uploads);
    } else if (!needs_it) {
        return false; /* told as any error is */
    }
    if (needs_it && may_tell(w)) {
        ask_it(w, &result->error);
    }
    return true;
}

/* --- clean-ups there ------------------------------------------------------------------------------------- */

void main_on_cleanup_there(MainWindow *w)
{
    TaskSpec spec = main_spec(w, TASK_PLAN_THERE);
    main_start_job(w, &spec);
}

void main_on_plan_there(MainWindow *w, TaskResult *plan)
{
    bool go = false;
    if (!may_tell(w)) {
        return;
    }
    w->asking = true;
    if (plan->frozen != NULL) {
        char *why = mem_printf(TEXT_CLEANUP_THERE_STOPPED, plan->frozen);
        message_box_info(w->hwnd, TEXT_CLEANUP_THERE_NOTHING, why);
        mem_free(why);
    } else if (plan->plan_count == 0) {
        message_box_info(w->hwnd, TEXT_CLEANUP_THERE_NOTHING, TEXT_CLEANUP_THERE_NOTHING_WHY);
    } else {
        go = cleanup_dialog_ask(w->hwnd, plan->plan, plan->plan_count, plan->plan_total, true);
    }
    w->asking = false;
    main_update_controls(w);
    if (go && main_is_free(w) && main_may(w, IDM_CLEANUP_THERE)) {
        const char **seen = mem_array(plan->plan_count, sizeof *seen);
        TaskSpec spec = main_spec(w, TASK_CLEANUP_THERE);
        for (; spec.file_count < plan->plan_count; spec.file_count++) {
            seen[spec.file_count] = plan->plan[spec.file_count].name;
        }
        spec.files = seen;
        main_start_job(w, &spec);
        mem_free((void *)seen);
    }
}
