/*
 * details_dialog.c: everything is read before the dialog opens, into facts (name and value) and tables; both are shown
 * in lists, and Copy puts both on the clipboard as text with tabs, as a spreadsheet takes it.
 */
#include "details_dialog.h"

#include <commctrl.h>

#include <stdlib.h>
#include <string.h>

#include "../platform/win/utf_win.h"
#include "archive.h"
#include "clipboard.h"
#include "clock.h"
#include "folder.h"
#include "fs.h"
#include "mem.h"
#include "message_box.h"
#include "resource.h"
#include "strbuf.h"
#include "words.h"

#define MAX_FACTS 32
#define FACT_PERCENT 24 /* of the list's width */

typedef struct Fact {
    const char *name; /* static */
    char *value;      /* owned */
} Fact;

typedef struct Details {
    char *name;
    Fact facts[MAX_FACTS];
    size_t fact_count;
    Manifest manifest; /* its tables are the second list */
} Details;

/* --- reading --------------------------------------------------------------------------------------------- */

/* Takes the value; NULL or empty is left out. */
static void add_fact(Details *details, const char *name, char *value)
{
    if (value == NULL || value[0] == 0 || details->fact_count == MAX_FACTS) {
        mem_free(value);
        return;
    }
    details->facts[details->fact_count++] = (Fact){name, value};
}

static void add_time(Details *details, const char *name, int64_t unix_seconds)
{
    if (unix_seconds > 0) {
        add_fact(details, name, clock_log_text(unix_seconds));
    }
}

/* The table of contents, as far as it says what a manifest says. */
static bool read_contents(const char *path, Manifest *manifest, Error *err)
{
    FsFile *file = NULL;
    Archive archive;
    archive_init(&archive);
    bool ok = fs_open_read(path, &file, err) && archive_read_toc(file, &archive, err);
    if (ok) {
        manifest->started = archive.created > 0 ? archive.created : 0;
        manifest->database = mem_strdup(archive.database);
        manifest->server_version = mem_strdup(archive.server_version);
        manifest->tool_version = mem_strdup(archive.tool_version);
        manifest->archive_version = mem_printf("%d.%d", archive.major, archive.minor);
        manifest->compression = mem_strdup(archive_compression_name(archive.compression));
        for (size_t i = 0; i < archive.entry_count; i++) {
            const ArchiveEntry *entry = &archive.entries[i];
            if (strcmp(entry->desc, "TABLE DATA") == 0) {
                manifest_add_table(manifest, entry->schema != NULL ? entry->schema : "", entry->tag, -1, -1, 0);
            }
        }
    }
    fs_close(file, NULL);
    archive_release(&archive);
    return ok;
}

static void add_rows(Details *details)
{
    int64_t rows = 0;
    for (size_t i = 0; i < details->manifest.table_count; i++) {
        int64_t more = details->manifest.tables[i].rows;
        rows += more > 0 ? more : 0;
    }
    add_fact(details, "Tables", details->manifest.table_count == 0
                                    ? NULL
                                    : mem_printf("%llu, with %lld rows counted",
                                                 (unsigned long long)details->manifest.table_count, (long long)rows));
}

static void read_details(const char *folder, const CatalogEntry *entry, Details *details)
{
    char *path = fs_join(folder, entry->name);
    char *manifest_path = folder_manifest_path(path);
    Manifest *m = &details->manifest;
    Error err = ERROR_INIT;
    details->name = mem_strdup(entry->name);
    manifest_init(m);
    add_fact(details, "File", mem_strdup(path));
    char *megabytes = words_megabytes(entry->size);
    add_fact(details, "Size", mem_printf("%s MB (%llu bytes)", megabytes, (unsigned long long)entry->size));
    mem_free(megabytes);
    add_fact(details, "Status", entry->note == NULL ? mem_strdup(level_name(entry->level))
                                                    : mem_printf("%s: %s", level_name(entry->level), entry->note));
    if (!manifest_read(manifest_path, m, &err)) {
        bool none = err.kind == EK_NOT_FOUND;
        error_clear(&err);
        add_fact(details, "Manifest", mem_strdup(none ? "none; Verify reads the file and makes one"
                                                      : "it cannot be used; Verify makes a new one"));
        if (!read_contents(path, m, &err)) {
            add_fact(details, "Contents", error_text(&err));
        }
    }
    add_time(details, "Listed", m->listed_at);
    add_time(details, "Verified", m->verified_at);
    add_time(details, "Proven", m->proven_at);
    add_fact(details, "Database", m->database == NULL ? NULL
                                  : m->host == NULL   ? mem_strdup(m->database)
                                                      : mem_printf("%s at %s", m->database, m->host));
    add_time(details, "Started", m->started);
    add_fact(details, "Took", m->seconds > 0 ? mem_printf("%.1f seconds", m->seconds) : NULL);
    add_fact(details, "Made by", m->user == NULL || m->computer == NULL ? NULL
                                                                        : mem_printf("%s on %s", m->user, m->computer));
    add_fact(details, "Server", m->server_version == NULL ? NULL : mem_printf("PostgreSQL %s", m->server_version));
    add_fact(details, "pg_dump", mem_strdup(m->tool_version));
    add_fact(details, "Archive format", mem_strdup(m->archive_version));
    add_fact(details, "Compression", mem_strdup(m->compression));
    add_fact(details, "Program", m->program_version == NULL ? NULL : mem_printf("CMMS Backup %s", m->program_version));
    add_fact(details, "SHA-256", mem_strdup(m->sha256));
    add_fact(details, "quickXorHash", mem_strdup(m->quickxor));
    add_rows(details);
    for (size_t i = 0; i < m->warning_count; i++) {
        add_fact(details, "Warning", mem_strdup(m->warnings[i]));
    }
    error_clear(&err);
    mem_free(manifest_path);
    mem_free(path);
}

static void release_details(Details *details)
{
    for (size_t i = 0; i < details->fact_count; i++) {
        mem_free(details->facts[i].value);
    }
    manifest_release(&details->manifest);
    mem_free(details->name);
}

/* --- cells ----------------------------------------------------------------------------------------------- */

enum { TABLE_NAME, TABLE_ROWS, TABLE_EXPECTED, TABLE_SIZE, TABLE_COLUMNS };

static const struct {
    const wchar_t *title;
    int format, percent;
} table_columns[TABLE_COLUMNS] = {
    {L"Table", LVCFMT_LEFT, 46},
    {L"Rows", LVCFMT_RIGHT, 16},
    {L"In the database", LVCFMT_RIGHT, 20},
    {L"Data (MB)", LVCFMT_RIGHT, 18},
};

static char *count_text(int64_t rows)
{
    return rows < 0 ? mem_strdup("not counted") : mem_printf("%lld", (long long)rows);
}

static char *table_cell(const TableCount *table, int column)
{
    switch (column) {
    case TABLE_NAME:
        return mem_printf("%s%s%s", table->schema, table->schema[0] != 0 ? "." : "", table->name);
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
    strbuf_addstr(&sb, "\r\nTable\tRows\tRows in the database\tData (MB)\r\n");
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

static void fill_facts(HWND list, const Details *details)
{
    int room = room_in(list);
    int first = room * FACT_PERCENT / 100;
    add_column(list, 0, L"Fact", LVCFMT_LEFT, first);
    add_column(list, 1, L"Value", LVCFMT_LEFT, room - first);
    for (size_t i = 0; i < details->fact_count; i++) {
        set_cell(list, (int)i, 0, details->facts[i].name);
        set_cell(list, (int)i, 1, details->facts[i].value);
    }
}

static void fill_tables(HWND list, const Details *details)
{
    int room = room_in(list);
    for (int i = 0; i < TABLE_COLUMNS; i++) {
        add_column(list, i, table_columns[i].title, table_columns[i].format, room * table_columns[i].percent / 100);
    }
    ListView_SetItemCount(list, (int)details->manifest.table_count);
    for (size_t i = 0; i < details->manifest.table_count; i++) {
        for (int column = 0; column < TABLE_COLUMNS; column++) {
            char *cell = table_cell(&details->manifest.tables[i], column);
            set_cell(list, (int)i, column, cell);
            mem_free(cell);
        }
    }
}

static void on_init(HWND hwnd, const Details *details)
{
    HWND facts = GetDlgItem(hwnd, IDC_FACTS);
    HWND tables = GetDlgItem(hwnd, IDC_TABLES);
    ListView_SetExtendedListViewStyle(facts, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_INFOTIP |
                                                 LVS_EX_LABELTIP);
    ListView_SetExtendedListViewStyle(tables, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_LABELTIP);
    fill_facts(facts, details);
    fill_tables(tables, details);
    char *title = mem_printf("Backup Details - %s", details->name);
    wchar_t *wide = wide_from_utf8(title);
    SetWindowTextW(hwnd, wide);
    mem_free(wide);
    mem_free(title);
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
        on_init(hwnd, (const Details *)lparam);
        return TRUE;
    }
    if (message == WM_COMMAND && LOWORD(wparam) == IDC_COPY_DETAILS) {
        on_copy(hwnd, (const Details *)GetWindowLongPtrW(hwnd, DWLP_USER));
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
    Details details = {.fact_count = 0};
    read_details(folder, entry, &details);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_DETAILS), owner, dialog_proc, (LPARAM)&details);
    release_details(&details);
}
