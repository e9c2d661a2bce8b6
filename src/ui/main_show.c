/* main_show.c: what the window shows of its state: status band, database, folder, progress, settings, buttons. */
#include "main_private.h"

#include <commctrl.h>

#include "base/mem.h"
#include "fitting.h"
#include "platform/wide.h"
#include "schedule_fields.h"
#include "store/catalog.h"
#include "store/source.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"

void main_show_log(MainWindow *w, LogLevel level, const char *text)
{
    log_view_begin(&w->log);
    log_view_add(&w->log, level, text);
    log_view_end(&w->log);
}

void main_show_error_in_log(MainWindow *w, const char *what, const Error *error)
{
    char *text = error_text(error);
    char *line = mem_printf("%s: %s", what, text);
    main_show_log(w, LOG_BAD, line);
    mem_free(line);
    mem_free(text);
}

static void show_marquee(MainWindow *w, bool on)
{
    HWND bar = main_control(w, IDC_PROGRESS);
    LONG_PTR style = GetWindowLongPtrW(bar, GWL_STYLE);
    bool is_on = (style & PBS_MARQUEE) != 0;
    if (is_on == on) {
        return;
    }
    if (on) {
        SetWindowLongPtrW(bar, GWL_STYLE, style | PBS_MARQUEE);
        SendMessageW(bar, PBM_SETMARQUEE, TRUE, 0);
    } else {
        SendMessageW(bar, PBM_SETMARQUEE, FALSE, 0);
        SetWindowLongPtrW(bar, GWL_STYLE, style & ~(LONG_PTR)PBS_MARQUEE);
        InvalidateRect(bar, NULL, TRUE);
    }
}

/* What is known also where the window is hidden. */
static void show_tip(MainWindow *w)
{
    wchar_t *wide = ui_get_wide(main_control(w, IDC_STATUS));
    char *status = utf8_from_wide(wide);
    char *next = w->health.state != HEALTH_GOOD ? list_model_next(&w->list.model) : NULL; /* else the band says it */
    char *tip = words_tip(w->step, status, next);
    tray_set_tip(&w->tray, tip);
    main_show_tray(w);
    mem_free(tip);
    mem_free(next);
    mem_free(status);
    mem_free(wide);
}

void main_show_progress(MainWindow *w, const Progress *progress)
{
    bool known = progress->fraction >= 0;
    show_marquee(w, !known);
    if (known) {
        SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETPOS, (WPARAM)(progress->fraction * PROGRESS_STEPS), 0);
    }
    taskbar_show(&w->taskbar, known ? TASKBAR_RUNNING : TASKBAR_WORKING, progress->fraction);
    char *text = words_progress(progress);
    ui_set_text(main_control(w, IDC_PROGRESS_TEXT), text);
    mem_free(text);
    mem_free(w->step);
    w->step = words_step(progress);
    show_tip(w);
}

void main_show_idle(MainWindow *w, const char *text, bool failed)
{
    show_marquee(w, false);
    SendMessageW(main_control(w, IDC_PROGRESS), PBM_SETPOS, 0, 0);
    taskbar_show(&w->taskbar, failed ? TASKBAR_FAILED : TASKBAR_NONE, 1);
    ui_set_text(main_control(w, IDC_PROGRESS_TEXT), text);
    mem_free(w->step);
    w->step = NULL;
    show_tip(w);
}

void main_show_folder(MainWindow *w)
{
    if (w->folder == NULL) {
        return;
    }
    HWND link = main_control(w, IDC_LOCATION);
    RECT rect;
    GetClientRect(link, &rect);
    HDC dc = GetDC(link);
    HGDIOBJ old = SelectObject(dc, w->font);
    wchar_t *fitted = ui_fit_path(dc, w->folder, rect.right - layout_x(&w->layout, 4));
    SelectObject(dc, old);
    ReleaseDC(link, dc);
    char *utf8 = utf8_from_wide(fitted);
    wchar_t *markup = ui_wide_printf("<a>%s</a>", utf8); /* < and > cannot be in a path */
    ui_set_wide(link, markup);
    mem_free(markup);
    mem_free(utf8);
    mem_free(fitted);
    wchar_t *full = wide_from_utf8(w->folder);
    TTTOOLINFOW tool = {.cbSize = sizeof tool,
                        .uFlags = TTF_IDISHWND | TTF_SUBCLASS,
                        .hwnd = w->hwnd,
                        .uId = (UINT_PTR)link,
                        .lpszText = full};
    SendMessageW(w->tooltip, TTM_UPDATETIPTEXTW, 0, (LPARAM)&tool);
    mem_free(full);
}

static const char *mend_label(HealthMend mend)
{
    switch (mend) {
    case MEND_BACKUP:
        return TEXT_MEND_BACKUP;
    case MEND_VERIFY:
        return TEXT_MEND_VERIFY;
    case MEND_CONNECT:
        return TEXT_MEND_CONNECT;
    case MEND_ALARM:
        return TEXT_MEND_ALARM;
    case MEND_CLEANUP:
        return TEXT_MEND_CLEANUP;
    case MEND_SPACE:
        return TEXT_MEND_SPACE;
    case MEND_PROVE:
        return TEXT_MEND_PROVE;
    case MEND_COPY:
        return TEXT_MEND_COPY;
    case MEND_SCHEDULE:
        return TEXT_MEND_SCHEDULE;
    case MEND_SHOW:
        return TEXT_MEND_SHOW;
    case MEND_SETTINGS:
        return TEXT_MEND_SETTINGS;
    case MEND_NOTHING:
        break;
    }
    return "";
}

static void show_mend(MainWindow *w, HealthMend mend)
{
    HWND button = main_control(w, IDC_MEND);
    bool shown = mend != MEND_NOTHING && main_mend_command(mend) != 0;
    if (shown) {
        ui_set_text(button, mend_label(mend));
    }
    if (!shown && GetFocus() == button) {
        SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)w->list.control, TRUE);
    }
    ShowWindow(button, shown ? SW_SHOWNA : SW_HIDE);
}

void main_fit_status(const MainWindow *w)
{
    HWND band = main_control(w, IDC_STATUS);
    wchar_t *text = ui_get_wide(band);
    RECT rect;
    SIZE size = {0, 0};
    GetClientRect(band, &rect);
    HDC dc = GetDC(band);
    HGDIOBJ old = SelectObject(dc, w->status_font);
    GetTextExtentPoint32W(dc, text, (int)wcslen(text), &size);
    SelectObject(dc, old);
    ReleaseDC(band, dc);
    mem_free(text);
    /* A sign may be of another font, and wider. */
    const bool large = fitting_has_room(size.cx, layout_x(&w->layout, 6), rect.right);
    HFONT font = large ? w->status_font : w->font;
    if ((HFONT)SendMessageW(band, WM_GETFONT, 0, 0) != font) {
        SendMessageW(band, WM_SETFONT, (WPARAM)font, TRUE);
    }
}

/* The sample's server has another port each time: its newest backup says at which it was met last. */
static void take_sample_place(const MainWindow *w, Source *source)
{
    const Catalog *catalog = &w->list.model.catalog;
    for (size_t i = 0; w->sample_key != NULL && i < catalog->count; i++) {
        const Source *from = &catalog->entries[i].from;
        if (from->key != NULL && strcmp(from->key, w->sample_key) == 0) {
            source_copy(source, from);
            return;
        }
    }
}

void main_take_source(const MainWindow *w, Source *source)
{
    source_of_connection(&w->connection, source);
    take_sample_place(w, source);
}

void main_show_status(MainWindow *w)
{
    bool preparing = w->job != NULL && task_kind(w->job) == TASK_DEMO;
    char *database = preparing ? mem_strdup(TEXT_DEMO_PREPARING) : words_database(&w->connection, w->configured);
    ui_set_text(main_control(w, IDC_DATABASE), database);
    mem_free(database);
    if (w->unreadable) {
        w->health.state = HEALTH_BAD;
        w->health.mend = MEND_NOTHING;
        ui_set_text(main_control(w, IDC_STATUS), TEXT_FOLDER_UNREADABLE);
    } else {
        Source source;
        source_init(&source);
        main_take_source(w, &source);
        list_model_judge(&w->list.model, w->configured ? &source : NULL, w->configured || preparing,
                         w->keeper.on ? w->task_problem : NULL, &w->health);
        source_release(&source);
        char *text = mem_printf("%s %s", health_sign(w->health.state), w->health.text);
        ui_set_text(main_control(w, IDC_STATUS), text);
        mem_free(text);
    }
    main_fit_status(w);
    show_mend(w, preparing ? MEND_NOTHING : w->health.mend);
    InvalidateRect(main_control(w, IDC_STATUS), NULL, TRUE); /* its colour may be another */
    show_tip(w);
}

static void enable(MainWindow *w, int id, bool on)
{
    if (IsWindowEnabled(main_control(w, id)) != (BOOL)on) {
        EnableWindow(main_control(w, id), on);
    }
}

void main_show_config(MainWindow *w, const ConfigValues *config)
{
    SetDlgItemInt(w->hwnd, IDC_RETENTION, (UINT)config->retention_days, FALSE);
    SetDlgItemInt(w->hwnd, IDC_MAXIMUM, (UINT)config->max_backups, FALSE);
    CheckDlgButton(w->hwnd, IDC_VERIFY_AFTER, config->verify ? BST_CHECKED : BST_UNCHECKED);
    CheckDlgButton(w->hwnd, IDC_COMPRESS, config->compress ? BST_CHECKED : BST_UNCHECKED);
    schedule_fields_show(w->hwnd, config);
    w->config = *config;
    w->config_shown = true;
}

static void take_number(const MainWindow *w, int id, int before, int now)
{
    BOOL is_number = FALSE;
    if (now != before && GetDlgItemInt(w->hwnd, id, &is_number, FALSE) == (UINT)before && is_number) {
        SetDlgItemInt(w->hwnd, id, (UINT)now, FALSE);
    }
}

static void take_tick(const MainWindow *w, int id, bool before, bool now)
{
    if (now != before && (IsDlgButtonChecked(w->hwnd, id) == BST_CHECKED) == before) {
        CheckDlgButton(w->hwnd, id, now ? BST_CHECKED : BST_UNCHECKED);
    }
}

void main_take_config(MainWindow *w, const ConfigValues *config)
{
    if (!w->config_shown) {
        main_show_config(w, config);
        return;
    }
    take_number(w, IDC_RETENTION, w->config.retention_days, config->retention_days);
    take_number(w, IDC_MAXIMUM, w->config.max_backups, config->max_backups);
    take_tick(w, IDC_VERIFY_AFTER, w->config.verify, config->verify);
    take_tick(w, IDC_COMPRESS, w->config.compress, config->compress);
    ConfigValues entered = w->config;
    schedule_fields_read(w->hwnd, &entered);
    if (schedule_fields_same(&entered, &w->config) && !schedule_fields_same(&w->config, config)) {
        schedule_fields_show(w->hwnd, config);
    }
    w->config = *config;
}

bool main_config_entered(const MainWindow *w)
{
    const ConfigValues *config = &w->config;
    if (!w->config_shown) {
        return false;
    }
    ConfigValues entered = *config;
    schedule_fields_read(w->hwnd, &entered);
    return GetDlgItemInt(w->hwnd, IDC_RETENTION, NULL, FALSE) != (UINT)config->retention_days ||
           GetDlgItemInt(w->hwnd, IDC_MAXIMUM, NULL, FALSE) != (UINT)config->max_backups ||
           (IsDlgButtonChecked(w->hwnd, IDC_VERIFY_AFTER) == BST_CHECKED) != config->verify ||
           (IsDlgButtonChecked(w->hwnd, IDC_COMPRESS) == BST_CHECKED) != config->compress ||
           !schedule_fields_same(&entered, config);
}

/* A control that is disabled while it has the focus would leave the keyboard nowhere. */
void main_update_controls(MainWindow *w)
{
    static const int buttons[] = {IDC_CREATE,  IDC_REFRESH, IDC_CLEANUP, IDC_RESTORE,     IDC_CANCEL_JOB, IDC_EXPORT,
                                  IDC_DETAILS, IDC_VERIFY,  IDC_DELETE,  IDC_SAVE_CONFIG, IDC_MEND,
                                  IDC_SHAREPOINT};
    HWND focus = GetFocus();
    bool lost = focus == NULL || focus == w->hwnd;
    for (size_t i = 0; i < sizeof buttons / sizeof *buttons; i++) {
        bool on = main_can(w, buttons[i]);
        lost = lost || (focus == main_control(w, buttons[i]) && !on);
        enable(w, buttons[i], on);
    }
    if (lost && GetActiveWindow() == w->hwnd) {
        /* After Save Config the next Enter shall not begin a backup. */
        int next = w->saving != NULL                 ? IDC_RETENTION
                   : main_can(w, IDC_CREATE)         ? IDC_CREATE
                   : main_can(w, IDC_CANCEL_JOB)     ? IDC_CANCEL_JOB
                                                     : IDC_LIST;
        SendMessageW(w->hwnd, WM_NEXTDLGCTL, (WPARAM)main_control(w, next), TRUE);
    }
}
