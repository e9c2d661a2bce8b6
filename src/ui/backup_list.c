#include "backup_list.h"

#include "../platform/win/utf_win.h"
#include "clock.h"
#include "manifest.h"
#include "mem.h"
#include "utf.h"
#include "words.h"

enum { COLUMN_NAME, COLUMN_SIZE, COLUMN_CREATED, COLUMN_AGE, COLUMN_STATUS, COLUMN_COUNT };

static const struct {
    const wchar_t *title;
    int format;
    int units; /* dialog units; the name gets what is left, but not less than this */
} columns[COLUMN_COUNT] = {
    {L"File name", LVCFMT_LEFT, 130},  {L"Size (MB)", LVCFMT_RIGHT, 48}, {L"Created", LVCFMT_LEFT, 84},
    {L"Age (days)", LVCFMT_RIGHT, 50}, {L"Status", LVCFMT_LEFT, 116},
};

/* How much a level is worth, for sorting by status: worst first. */
static int level_rank(Level level)
{
    switch (level) {
    case LEVEL_BAD:
        return 0;
    case LEVEL_NONE:
        return 1;
    case LEVEL_LISTED:
        return 2;
    case LEVEL_VERIFIED:
        return 3;
    case LEVEL_PROVEN:
        return 4;
    }
    return 1;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *left, const void *right)
{
    const BackupRow *row = left;
    const CatalogEntry *a = row->entry;
    const CatalogEntry *b = ((const BackupRow *)right)->entry;
    int result = 0;
    switch (row->column) {
    case COLUMN_NAME:
        result = utf8_casecmp(a->name, b->name);
        break;
    case COLUMN_SIZE:
        result = (a->size > b->size) - (a->size < b->size);
        break;
    case COLUMN_AGE:
        result = order(a->age_days, b->age_days);
        break;
    case COLUMN_STATUS:
        result = order(level_rank(a->level), level_rank(b->level));
        break;
    default:
        break;
    }
    if (result == 0) {
        /* By age, the oldest second of the same day still comes after the newer ones. */
        result = row->column == COLUMN_AGE ? order(b->created, a->created) : order(a->created, b->created);
    }
    if (result == 0) {
        result = strcmp(a->name, b->name);
    }
    return row->descending ? -result : result;
}

size_t backup_list_selected_count(const BackupList *list)
{
    return (size_t)ListView_GetSelectedCount(list->control);
}

/* The next selected row after `index`, or -1. */
static int next_selected(const BackupList *list, int index)
{
    int next = ListView_GetNextItem(list->control, index, LVNI_SELECTED);
    return next >= 0 && (size_t)next < list->catalog.count ? next : -1;
}

const CatalogEntry *backup_list_selected(const BackupList *list)
{
    int index = next_selected(list, -1);
    return index >= 0 ? list->rows[index].entry : NULL;
}

char **backup_list_names(const BackupList *list, size_t *count)
{
    char **names = mem_array(list->catalog.count, sizeof *names);
    *count = 0;
    for (int i = next_selected(list, -1); i >= 0; i = next_selected(list, i)) {
        names[(*count)++] = mem_strdup(list->rows[i].entry->name);
    }
    return names;
}

void backup_list_free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(names[i]);
    }
    mem_free(names);
}

void backup_list_select_all(const BackupList *list)
{
    ListView_SetItemState(list->control, -1, LVIS_SELECTED, LVIS_SELECTED);
}

POINT backup_list_menu_point(const BackupList *list)
{
    RECT rect = {0, 0, 0, 0};
    int index = ListView_GetNextItem(list->control, -1, LVNI_FOCUSED);
    POINT point = {8, 8};
    if (index >= 0 && ListView_GetItemRect(list->control, index, &rect, LVIR_LABEL)) {
        RECT client;
        GetClientRect(list->control, &client);
        point.x = rect.left + 8;
        point.y = rect.bottom < client.top ? client.top : rect.bottom > client.bottom ? client.bottom : rect.bottom;
    }
    ClientToScreen(list->control, &point);
    return point;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void show_selection(BackupList *list)
{
    int focused = -1;
    for (size_t i = 0; i < list->catalog.count; i++) {
        const BackupRow *row = &list->rows[i];
        if (row->selected) {
            ListView_SetItemState(list->control, (int)i, LVIS_SELECTED, LVIS_SELECTED);
        }
        if (row->focused) {
            focused = (int)i;
        }
    }
    if (focused >= 0) {
        ListView_SetItemState(list->control, focused, LVIS_FOCUSED, LVIS_FOCUSED);
        ListView_EnsureVisible(list->control, focused, FALSE);
    }
}

static void sort_rows(BackupList *list)
{
    for (size_t i = 0; i < list->catalog.count; i++) {
        list->rows[i].column = list->sort_column;
        list->rows[i].descending = list->descending;
    }
    if (list->catalog.count > 1) {
        qsort(list->rows, list->catalog.count, sizeof *list->rows, compare_rows);
    }
}

static void show_sort_arrow(const BackupList *list)
{
    HWND header = ListView_GetHeader(list->control);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        HDITEMW item = {.mask = HDI_FORMAT};
        SendMessageW(header, HDM_GETITEMW, (WPARAM)i, (LPARAM)&item);
        item.fmt &= ~(HDF_SORTUP | HDF_SORTDOWN);
        if (i == list->sort_column) {
            item.fmt |= list->descending ? HDF_SORTDOWN : HDF_SORTUP;
        }
        SendMessageW(header, HDM_SETITEMW, (WPARAM)i, (LPARAM)&item);
    }
}

void backup_list_init(BackupList *list, HWND control)
{
    *list = (BackupList){.control = control, .sort_column = COLUMN_CREATED, .descending = true};
    catalog_init(&list->catalog);
    ListView_SetExtendedListViewStyle(control, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_LABELTIP |
                                                   LVS_EX_HEADERDRAGDROP);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        wchar_t title[32];
        swprintf(title, sizeof title / sizeof *title, L"%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT | LVCF_WIDTH,
                            .fmt = columns[i].format,
                            .cx = columns[i].units,
                            .pszText = title};
        SendMessageW(control, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
    }
    show_sort_arrow(list);
}

void backup_list_release(BackupList *list)
{
    mem_free(list->rows);
    list->rows = NULL;
    catalog_release(&list->catalog);
}

void backup_list_take(BackupList *list, Catalog *catalog)
{
    size_t count = 0;
    char **names = backup_list_names(list, &count);
    int focus = ListView_GetNextItem(list->control, -1, LVNI_FOCUSED);
    bool has_focus = focus >= 0 && (size_t)focus < list->catalog.count;
    char *focused = has_focus ? mem_strdup(list->rows[focus].entry->name) : NULL;
    if (count > 1) {
        qsort(names, count, sizeof *names, compare_texts);
    }
    SendMessageW(list->control, WM_SETREDRAW, FALSE, 0);
    ListView_SetItemState(list->control, -1, 0, LVIS_SELECTED | LVIS_FOCUSED);
    mem_free(list->rows);
    catalog_release(&list->catalog);
    list->catalog = *catalog;
    catalog_init(catalog);
    list->rows = mem_array(list->catalog.count, sizeof *list->rows);
    for (size_t i = 0; i < list->catalog.count; i++) {
        char *name = list->catalog.entries[i].name;
        list->rows[i].entry = &list->catalog.entries[i];
        list->rows[i].selected = count > 0 && bsearch(&name, names, count, sizeof *names, compare_texts) != NULL;
        list->rows[i].focused = focused != NULL && strcmp(focused, name) == 0;
    }
    sort_rows(list);
    ListView_SetItemCountEx(list->control, (int)list->catalog.count, 0);
    show_selection(list);
    SendMessageW(list->control, WM_SETREDRAW, TRUE, 0);
    InvalidateRect(list->control, NULL, TRUE);
    mem_free(focused);
    backup_list_free_names(names, count);
}

void backup_list_fit(BackupList *list, const Layout *layout)
{
    if (list->user_sized) {
        return;
    }
    RECT client;
    GetClientRect(list->control, &client);
    int left = client.right;
    for (int i = COLUMN_NAME + 1; i < COLUMN_COUNT; i++) {
        left -= layout_x(layout, columns[i].units);
    }
    int least = layout_x(layout, columns[COLUMN_NAME].units);
    list->sizing = true;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        int width = i == COLUMN_NAME ? (left > least ? left : least) : layout_x(layout, columns[i].units);
        ListView_SetColumnWidth(list->control, i, width);
    }
    list->sizing = false;
}

static char *cell_text(const CatalogEntry *entry, int column)
{
    switch (column) {
    case COLUMN_NAME:
        return mem_strdup(entry->name);
    case COLUMN_SIZE:
        return words_megabytes(entry->size);
    case COLUMN_CREATED:
        return clock_log_text(entry->created);
    case COLUMN_AGE:
        return mem_printf("%d", entry->age_days);
    default:
        if (entry->note != NULL) {
            return mem_printf("%s (%s)", level_name(entry->level), entry->note);
        }
        return mem_strdup(level_name(entry->level));
    }
}

static void on_get_item(BackupList *list, NMLVDISPINFOW *info)
{
    size_t index = (size_t)info->item.iItem;
    if ((info->item.mask & LVIF_TEXT) == 0 || info->item.cchTextMax <= 0 || index >= list->catalog.count) {
        return;
    }
    char *text = cell_text(list->rows[index].entry, info->item.iSubItem);
    wchar_t *wide = wide_from_utf8(text);
    size_t length = wcslen(wide);
    size_t room = (size_t)info->item.cchTextMax - 1;
    if (length > room) {
        length = room;
    }
    memcpy(info->item.pszText, wide, length * sizeof *wide);
    info->item.pszText[length] = 0;
    mem_free(wide);
    mem_free(text);
}

static void on_column_click(BackupList *list, int column)
{
    if (column < 0 || column >= COLUMN_COUNT) {
        return;
    }
    for (size_t i = 0; i < list->catalog.count; i++) {
        UINT state = ListView_GetItemState(list->control, (int)i, LVIS_SELECTED | LVIS_FOCUSED);
        list->rows[i].selected = (state & LVIS_SELECTED) != 0;
        list->rows[i].focused = (state & LVIS_FOCUSED) != 0;
    }
    if (column == list->sort_column) {
        list->descending = !list->descending;
    } else {
        list->sort_column = column;
        list->descending = column == COLUMN_SIZE || column == COLUMN_CREATED;
    }
    ListView_SetItemState(list->control, -1, 0, LVIS_SELECTED | LVIS_FOCUSED);
    sort_rows(list);
    show_sort_arrow(list);
    show_selection(list);
    InvalidateRect(list->control, NULL, TRUE);
}

/* Typing a name's beginning goes to it. */
static LRESULT on_find(const BackupList *list, const NMLVFINDITEMW *find)
{
    if ((find->lvfi.flags & (LVFI_STRING | LVFI_PARTIAL)) == 0 || find->lvfi.psz == NULL) {
        return -1;
    }
    size_t length = wcslen(find->lvfi.psz);
    size_t start = find->iStart < 0 ? 0 : (size_t)find->iStart;
    LRESULT found = -1;
    for (size_t n = 0; n < list->catalog.count && found < 0; n++) {
        size_t i = (start + n) % list->catalog.count;
        wchar_t *name = wide_from_utf8(list->rows[i].entry->name);
        if (_wcsnicmp(name, find->lvfi.psz, length) == 0) {
            found = (LRESULT)i;
        }
        mem_free(name);
    }
    return found;
}

bool backup_list_notify(BackupList *list, const NMHDR *header, LRESULT *result)
{
    if (header->hwndFrom == ListView_GetHeader(list->control)) {
        if ((header->code == HDN_ENDTRACKW || header->code == HDN_DIVIDERDBLCLICKW) && !list->sizing) {
            list->user_sized = true;
        }
        return false;
    }
    if (header->hwndFrom != list->control) {
        return false;
    }
    *result = 0;
    switch (header->code) {
    case LVN_GETDISPINFOW:
        on_get_item(list, (NMLVDISPINFOW *)header);
        return true;
    case LVN_COLUMNCLICK:
        on_column_click(list, ((const NMLISTVIEW *)header)->iSubItem);
        return true;
    case LVN_ODFINDITEMW:
        *result = on_find(list, (const NMLVFINDITEMW *)header);
        return true;
    default:
        return false;
    }
}
