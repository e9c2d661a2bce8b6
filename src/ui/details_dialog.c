/*
 * details_dialog.c: a worker reads the manifest, the archive's table of contents and the audit log, into facts (name
 * and value) and tables; both are shown in lists, and Copy puts both on the clipboard as text with tabs, as a
 * spreadsheet takes it. A value that is too long for the list stands whole in the box below it.
 *
 * A file that is kept in the cloud only is not read, because that would download all of it. A share that is gone keeps
 * the worker for a minute: the dialog can be closed meanwhile, and leaves it behind.
 */
#include "details_dialog.h"

#include <commctrl.h>

#include <stdlib.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "dialog.h"
#include "jobs/verify.h"
#include "locale_text.h"
#include "message_box.h"
#include "parts/clipboard.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "resource.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"
#include "worker.h"

#define FACT_PERCENT 24 /* of the list's width */

typedef struct Fact {
    const char *name; /* static */
    char *value;      /* owned */
} Fact;

typedef struct Details {
    /* Set before the worker starts. */
    char *folder, *name, *note;
    Copy *copy; /* owned; NULL: none is known */
    uint64_t size;
    Level level;
    /* The worker's until its end. */
    Fact *facts;
    size_t fact_count, fact_capacity;
    Manifest manifest; /* its tables are the second list */
    /* The dialog's. */
    HWND hwnd;
    Worker *worker;
} Details;

/* --- reading --------------------------------------------------------------------------------------------- */

/* Takes the value; NULL or empty is left out. */
static void add_fact(Details *details, const char *name, char *value)
{
    if (value == NULL || value[0] == 0) {
        mem_free(value);
        return;
    }
    mem_grow((void **)&details->facts, &details->fact_capacity, details->fact_count + 1, sizeof *details->facts);
    details->facts[details->fact_count++] = (Fact){name, value};
}

static void add_time(Details *details, const char *name, int64_t unix_seconds)
{
    if (unix_seconds > 0) {
        add_fact(details, name, locale_date_time(unix_seconds));
    }
}

static bool look_into(const char *path, Contents *contents, Error *err)
{
    FsInfo info;
    if (fs_stat(path, &info, NULL) && info.is_offline) {
        return error_set(err, EK_IO, "%s", TEXT_DETAILS_IN_CLOUD);
    }
    return contents_read(path, contents, err);
}

/* The log has local times, which nobody but the log's readers wants in that form. Caller frees. */
static char *event_time(const cJSON *entry)
{
    const char *text = json_string(entry, "timestamp", "?");
    CivilTime local;
    const int64_t at = clock_parse_log(text, &local) ? clock_from_local(&local) : -1;
    return at >= 0 ? locale_date_time(at) : mem_strdup(text);
}

/* "1/19/2026 2:30 PM  verify, verified: every byte read, as its manifest says (o'neil)", the newest first. */
static void add_history(Details *details)
{
    cJSON *entries = NULL;
    Error err = ERROR_INIT;
    if (!auditlog_read(details->folder, AUDITLOG_KEEP, &entries, &err)) {
        add_fact(details, TEXT_DETAILS_HISTORY, error_text(&err));
    }
    for (int i = cJSON_GetArraySize(entries) - 1; i >= 0; i--) {
        const cJSON *entry = cJSON_GetArrayItem(entries, i);
        if (strcmp(json_string(entry, "backup_file", ""), details->name) == 0) {
            char *when = event_time(entry);
            add_fact(details, TEXT_DETAILS_HISTORY,
                     mem_printf(TEXT_DETAILS_EVENT, when, json_string(entry, "operation", "?"),
                                json_string(entry, "status", "?"), json_string(entry, "message", ""),
                                json_string(entry, "actor", json_string(entry, "user", "?"))));
            mem_free(when);
        }
    }
    error_clear(&err);
    cJSON_Delete(entries);
}

static void add_rows(Details *details)
{
    const int64_t rows = manifest_rows(&details->manifest);
    char *number = locale_number(rows > 0 ? (double)rows : 0, 0);
    add_fact(details, TEXT_DETAILS_TABLES, details->manifest.table_count == 0
                                               ? NULL
                                               : mem_printf(TEXT_DETAILS_ROWS_COUNTED,
                                                            (unsigned long long)details->manifest.table_count, number));
    mem_free(number);
    add_fact(details, TEXT_DETAILS_OBJECTS,
             details->manifest.large_objects < 0 ? NULL : locale_number((double)details->manifest.large_objects, 0));
}

/* On one line, as a list shows it and a SQL editor takes it. */
static void add_roles(Details *details)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    for (size_t i = 0; i < details->manifest.role_count; i++) {
        strbuf_addf(&sb, "%s%s", i > 0 ? " " : "", details->manifest.roles[i]);
    }
    add_fact(details, TEXT_DETAILS_ROLES, strbuf_detach(&sb));
}

static void add_file(Details *details, const char *path)
{
    char *size = words_size(details->size);
    char *bytes = locale_number((double)details->size, 0);
    add_fact(details, TEXT_DETAILS_FILE, mem_strdup(path));
    add_fact(details, TEXT_DETAILS_SIZE, mem_printf(TEXT_DETAILS_BYTES, size, bytes));
    mem_free(bytes);
    mem_free(size);
    add_fact(details, TEXT_DETAILS_STATUS,
             details->note == NULL ? mem_strdup(level_name(details->level))
                                   : mem_printf("%s: %s", level_name(details->level), details->note));
}

static void add_copy(Details *details)
{
    const Copy *copy = details->copy;
    if (copy == NULL) {
        return;
    }
    char *when = locale_date_time(copy->when);
    if (copy->state == COPY_THERE) {
        const char *place = copy->place == NULL ? TEXT_DETAILS_COPY_NO_PLACE : copy->place;
        add_fact(details, TEXT_DETAILS_COPY,
                 mem_printf(TEXT_DETAILS_COPY_THERE, place, when, copy->hash ? "" : TEXT_DETAILS_COPY_BY_SIZE));
    } else {
        char *waits = mem_printf(TEXT_DETAILS_COPY_WAITS, when);
        add_fact(details, TEXT_DETAILS_COPY,
                 copy->text == NULL ? mem_strdup(waits) : mem_printf("%s: %s", waits, copy->text));
        mem_free(waits);
    }
    mem_free(when);
}

static void add_manifest(Details *details)
{
    const Manifest *m = &details->manifest;
    add_time(details, TEXT_DETAILS_LISTED, m->listed_at);
    add_time(details, TEXT_DETAILS_VERIFIED, m->verified_at);
    add_time(details, TEXT_DETAILS_PROVEN, m->proven_at);
    if (m->pinned) {
        add_fact(details, TEXT_DETAILS_PINNED,
                 mem_strdup(m->pin_reason == NULL ? TEXT_DETAILS_NO_REASON : m->pin_reason));
    }
    add_fact(details, TEXT_DETAILS_DATABASE, m->database == NULL ? NULL
                                             : m->host == NULL   ? mem_strdup(m->database)
                                                                 : mem_printf(TEXT_DETAILS_AT, m->database, m->host));
    add_time(details, TEXT_DETAILS_STARTED, m->started);
    char *seconds = locale_number(m->seconds, 1);
    add_fact(details, TEXT_DETAILS_TOOK, m->seconds > 0 ? mem_printf(TEXT_DETAILS_SECONDS, seconds) : NULL);
    mem_free(seconds);
    add_fact(details, TEXT_DETAILS_MADE_BY,
             m->user == NULL || m->computer == NULL ? NULL : mem_printf(TEXT_DETAILS_ON, m->user, m->computer));
    add_fact(details, TEXT_DETAILS_SERVER,
             m->server_version == NULL ? NULL : mem_printf("PostgreSQL %s", m->server_version));
    add_fact(details, "pg_dump", mem_strdup(m->tool_version));
    add_fact(details, TEXT_DETAILS_FORMAT, mem_strdup(m->archive_version));
    add_fact(details, TEXT_DETAILS_COMPRESSION, mem_strdup(m->compression));
    add_fact(details, TEXT_DETAILS_PROGRAM,
             m->program_version == NULL ? NULL : mem_printf(TEXT_DETAILS_VERSION, m->program_version));
    add_fact(details, "SHA-256", mem_strdup(m->sha256));
    add_fact(details, "quickXorHash", mem_strdup(m->quickxor));
    add_rows(details);
}

static void run_read(void *context, const Cancel *cancel)
{
    Details *details = context;
    char *path = fs_join(details->folder, details->name);
    char *manifest_path = folder_manifest_path(path);
    Error err = ERROR_INIT, toc_err = ERROR_INIT;
    Contents contents;
    (void)cancel; /* it can be left behind (worker_leave) */
    contents_init(&contents);
    add_file(details, path);
    add_copy(details);
    const bool seen = look_into(path, &contents, &toc_err);
    if (!manifest_read(manifest_path, &details->manifest, &err)) {
        add_fact(details, TEXT_DETAILS_MANIFEST,
                 mem_strdup(err.kind == EK_NOT_FOUND ? TEXT_DETAILS_NO_MANIFEST : TEXT_DETAILS_BAD_MANIFEST));
        if (seen) { /* what the manifest would say */
            manifest_release(&details->manifest);
            details->manifest = contents.manifest;
            manifest_init(&contents.manifest);
        }
    }
    add_manifest(details);
    if (seen) {
        add_fact(details, TEXT_DETAILS_NEEDS, mem_strdup(contents.needs));
        add_fact(details, TEXT_DETAILS_EXTENSIONS, mem_strdup(contents.extensions));
        add_fact(details, TEXT_DETAILS_GRANTS, mem_strdup(contents.grantees));
    } else {
        add_fact(details, TEXT_DETAILS_CONTENTS, error_text(&toc_err));
    }
    add_roles(details);
    for (size_t i = 0; i < details->manifest.warning_count; i++) {
        add_fact(details, TEXT_DETAILS_WARNING, mem_strdup(details->manifest.warnings[i]));
    }
    add_history(details);
    contents_release(&contents);
    error_clear(&toc_err);
    error_clear(&err);
    mem_free(manifest_path);
    mem_free(path);
}

static void free_details(void *job)
{
    Details *details = job;
    for (size_t i = 0; i < details->fact_count; i++) {
        mem_free(details->facts[i].value);
    }
    manifest_release(&details->manifest);
    mem_free(details->facts);
    mem_free(details->folder);
    copy_free(details->copy);
    mem_free(details->note);
    mem_free(details->name);
    mem_free(details);
}

/* --- cells ----------------------------------------------------------------------------------------------- */

enum { TABLE_NAME, TABLE_ROWS, TABLE_EXPECTED, TABLE_SIZE, TABLE_COLUMNS };

static const struct {
    const wchar_t *title;
    int format, percent;
} table_columns[TABLE_COLUMNS] = {
    {L"" TEXT_DETAILS_TABLE, LVCFMT_LEFT, 46},
    {L"" TEXT_DETAILS_ROWS, LVCFMT_RIGHT, 16},
    {L"" TEXT_DETAILS_EXPECTED, LVCFMT_RIGHT, 20},
    {L"" TEXT_DETAILS_DATA, LVCFMT_RIGHT, 18},
};

static char *count_text(int64_t rows)
{
    return rows < 0 ? mem_strdup(TEXT_DETAILS_UNCOUNTED) : locale_number((double)rows, 0);
}

static char *table_cell(const TableCount *table, int column)
{
    switch (column) {
    case TABLE_NAME:
        return table_label(table->schema, table->name);
    case TABLE_ROWS:
        return count_text(table->rows);
    case TABLE_EXPECTED:
        return count_text(table->expected);
    default:
        return table->rows < 0 && table->bytes == 0 ? mem_strdup("") : words_megabytes(table->bytes);
    }
}

static char *details_text(const Details *details)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    for (size_t i = 0; i < details->fact_count; i++) {
        strbuf_addf(&sb, "%s\t%s\r\n", details->facts[i].name, details->facts[i].value);
    }
    strbuf_addstr(&sb, "\r\n" TEXT_DETAILS_TABLE "\t" TEXT_DETAILS_ROWS "\t" TEXT_DETAILS_EXPECTED "\t"
                       TEXT_DETAILS_DATA "\r\n");
    for (size_t i = 0; i < details->manifest.table_count; i++) {
        for (int column = 0; column < TABLE_COLUMNS; column++) {
            char *cell = table_cell(&details->manifest.tables[i], column);
            strbuf_addf(&sb, "%s%s", column > 0 ? "\t" : "", cell);
            mem_free(cell);
        }
        strbuf_addstr(&sb, "\r\n");
    }
    return strbuf_detach(&sb);
}

/* --- the dialog ------------------------------------------------------------------------------------------ */

static void add_column(HWND list, int index, const wchar_t *title, int format, int width)
{
    wchar_t text[32];
    swprintf(text, sizeof text / sizeof *text, L"%ls", title);
    LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT | LVCF_WIDTH, .fmt = format, .cx = width, .pszText = text};
    SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)index, (LPARAM)&column);
}

static void set_cell(HWND list, int row, int column, const char *utf8)
{
    wchar_t *text = wide_from_utf8(utf8);
    LVITEMW item = {.mask = LVIF_TEXT, .iItem = row, .iSubItem = column, .pszText = text};
    SendMessageW(list, column == 0 ? LVM_INSERTITEMW : LVM_SETITEMW, 0, (LPARAM)&item);
    mem_free(text);
}

/* What columns may share: the client area without a scroll bar. */
static int room_in(HWND list)
{
    RECT client;
    GetClientRect(list, &client);
    return client.right - GetSystemMetrics(SM_CXVSCROLL);
}

static void add_columns(HWND facts, HWND tables)
{
    int room = room_in(facts);
    int first = room * FACT_PERCENT / 100;
    add_column(facts, 0, L"" TEXT_DETAILS_FACT, LVCFMT_LEFT, first);
    add_column(facts, 1, L"" TEXT_DETAILS_VALUE, LVCFMT_LEFT, room - first);
    room = room_in(tables);
    for (int i = 0; i < TABLE_COLUMNS; i++) {
        add_column(tables, i, table_columns[i].title, table_columns[i].format, room * table_columns[i].percent / 100);
    }
}

/* The file's path keeps both its ends; of others, the end is what can be missed. */
static void fill_facts(HWND list, const Details *details)
{
    const int room = ListView_GetColumnWidth(list, 1) - 2 * ListView_GetStringWidth(list, L"n");
    HDC dc = GetDC(list);
    HGDIOBJ old = SelectObject(dc, (HFONT)SendMessageW(list, WM_GETFONT, 0, 0));
    for (size_t i = 0; i < details->fact_count; i++) {
        const Fact *fact = &details->facts[i];
        set_cell(list, (int)i, 0, fact->name);
        if (strcmp(fact->name, TEXT_DETAILS_FILE) == 0) {
            wchar_t *fitted = ui_fit_path(dc, fact->value, room);
            ListView_SetItemText(list, (int)i, 1, fitted);
            mem_free(fitted);
        } else {
            set_cell(list, (int)i, 1, fact->value);
        }
    }
    SelectObject(dc, old);
    ReleaseDC(list, dc);
}

static void show_whole_text(const Details *details)
{
    const int row = ListView_GetNextItem(GetDlgItem(details->hwnd, IDC_FACTS), -1, LVNI_SELECTED);
    const bool known = details->worker == NULL && row >= 0 && (size_t)row < details->fact_count;
    ui_set_text(GetDlgItem(details->hwnd, IDC_FACT_TEXT), known ? details->facts[row].value : "");
}

static void fill_tables(HWND list, const Details *details)
{
    ListView_SetItemCount(list, (int)details->manifest.table_count);
    for (size_t i = 0; i < details->manifest.table_count; i++) {
        for (int column = 0; column < TABLE_COLUMNS; column++) {
            char *cell = table_cell(&details->manifest.tables[i], column);
            set_cell(list, (int)i, column, cell);
            mem_free(cell);
        }
    }
}

static void show(const Details *details)
{
    HWND facts = GetDlgItem(details->hwnd, IDC_FACTS);
    HWND tables = GetDlgItem(details->hwnd, IDC_TABLES);
    SendMessageW(facts, WM_SETREDRAW, FALSE, 0);
    ListView_DeleteAllItems(facts);
    fill_facts(facts, details);
    fill_tables(tables, details);
    ListView_SetItemState(facts, 0, LVIS_SELECTED | LVIS_FOCUSED, LVIS_SELECTED | LVIS_FOCUSED);
    show_whole_text(details);
    SendMessageW(facts, WM_SETREDRAW, TRUE, 0);
    InvalidateRect(facts, NULL, TRUE);
    EnableWindow(GetDlgItem(details->hwnd, IDC_COPY_DETAILS), TRUE);
}

static void on_init(HWND hwnd, Details *details)
{
    HWND facts = GetDlgItem(hwnd, IDC_FACTS);
    HWND tables = GetDlgItem(hwnd, IDC_TABLES);
    details->hwnd = hwnd;
    ListView_SetExtendedListViewStyle(facts, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_INFOTIP |
                                                 LVS_EX_LABELTIP);
    ListView_SetExtendedListViewStyle(tables, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_LABELTIP);
    add_columns(facts, tables);
    set_cell(facts, 0, 0, TEXT_DETAILS_READING);
    EnableWindow(GetDlgItem(hwnd, IDC_COPY_DETAILS), FALSE);
    wchar_t *title = ui_wide_printf(TEXT_DETAILS_CAPTION, details->name);
    SetWindowTextW(hwnd, title);
    mem_free(title);
    details->worker = worker_start(hwnd, run_read, details);
    dialog_begin(hwnd);
}

static void on_copy(HWND hwnd, const Details *details)
{
    Error err = ERROR_INIT;
    char *text = details_text(details);
    if (!clipboard_set(hwnd, text, &err)) {
        message_box_error(hwnd, &err);
    }
    error_clear(&err);
    mem_free(text);
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init(hwnd, (Details *)lparam);
        return TRUE;
    }
    Details *details = (Details *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (details == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        worker_end(details->worker);
        details->worker = NULL;
        show(details);
        return TRUE;
    }
    if (message == WM_NOTIFY) {
        const NMHDR *header = (const NMHDR *)lparam;
        if (header->idFrom == IDC_FACTS && header->code == LVN_ITEMCHANGED) {
            show_whole_text(details);
        }
        return FALSE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDC_COPY_DETAILS) {
        if (details->worker == NULL) {
            on_copy(hwnd, details);
        }
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDCANCEL) {
        EndDialog(hwnd, 0);
        return TRUE;
    }
    return FALSE;
}

void details_dialog_show(HWND owner, const char *folder, const CatalogEntry *entry)
{
    Details *details = mem_alloc(sizeof *details);
    details->folder = mem_strdup(folder);
    details->name = mem_strdup(entry->name);
    details->note = mem_strdup(entry->note);
    details->copy = entry->copy == NULL ? NULL : copy_new(entry->copy);
    details->size = entry->size;
    details->level = entry->level;
    manifest_init(&details->manifest);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_DETAILS), owner, dialog_proc, (LPARAM)details);
    if (details->worker != NULL) {
        worker_leave(details->worker, free_details);
    } else {
        free_details(details);
    }
}
