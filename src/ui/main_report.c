/*
 * main_report.c: pages for people: the health report, and the certificate of a proof. A task makes them (report.h,
 * certificate.h), the user's browser shows them.
 */
#include "main_private.h"

#include "base/mem.h"
#include "parts/folder_dialog.h"
#include "platform/fs.h"
#include "texts.h"

void main_on_report(MainWindow *w)
{
    Source source;
    TaskSpec spec = main_spec(w, TASK_REPORT);
    source_init(&source);
    main_take_source(w, &source);
    spec.source = w->configured ? &source : NULL;
    main_start_job(w, &spec);
    source_release(&source);
}

bool main_is_proven(const MainWindow *w)
{
    const CatalogEntry *entry = backup_list_selected(&w->list);
    return entry != NULL && entry->level == LEVEL_PROVEN;
}

void main_on_certificate(MainWindow *w)
{
    TaskSpec spec = main_spec(w, TASK_CERTIFICATE);
    char *path = fs_join(w->folder, backup_list_selected(&w->list)->name);
    spec.target = path;
    main_start_job(w, &spec);
    mem_free(path);
}

/* Where it is stands in the log, also when nothing opens it. While the job ran the window may have been locked, or told
 * to close: then nobody is shown a page over it. */
void main_on_page(MainWindow *w, TaskResult *result)
{
    Error err = ERROR_INIT;
    char *told = mem_printf(result->kind == TASK_REPORT ? TEXT_REPORT_WRITTEN : TEXT_CERTIFICATE_WRITTEN, result->page);
    main_show_log(w, LOG_GOOD, told);
    mem_free(told);
    const bool may = w->options->screenshot == NULL && !w->closing &&
                     main_may(w, result->kind == TASK_REPORT ? IDM_REPORT : IDM_CERTIFICATE);
    if (may && !folder_dialog_open_page(w->hwnd, result->page, &err)) {
        main_tell_error(w, &err);
    }
    error_clear(&err);
}
