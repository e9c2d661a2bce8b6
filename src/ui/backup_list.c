#include "backup_list.h"

#include "base/mem.h"
#include "base/utf.h"
#include "parts/sign_image.h"
#include "platform/wide.h"
#include "store/manifest.h"
#include "texts.h"
#include "whole_text.h"

static const struct {
    const wchar_t *title;
    int format;
    int units; /* dialog units; the name gets what is left, but not less than a whole name takes */
} columns[COLUMN_COUNT] = {
    {L"" TEXT_COLUMN_NAME, LVCFMT_LEFT, 0},    {L"" TEXT_COLUMN_SIZE, LVCFMT_RIGHT, 44},
    {L"" TEXT_COLUMN_CREATED, LVCFMT_LEFT, 72},  {L"" TEXT_COLUMN_AGE, LVCFMT_RIGHT, 46},
    {L"" TEXT_COLUMN_STATUS, LVCFMT_LEFT, 50},   {L"" TEXT_COLUMN_COPIES, LVCFMT_LEFT, 78},
    {L"" TEXT_COLUMN_PINNED, LVCFMT_LEFT, 40},   {L"" TEXT_COLUMN_LEAVES, LVCFMT_LEFT, 58},
};

/* The signs before cells: one a level, in its order, and the pin. */
enum { SIGN_PIN = LEVEL_BAD + 1, SIGN_COUNT };
static const SignImage signs[SIGN_COUNT] = {
    [LEVEL_NONE] = {L"\x26A0", RGB(138, 78, 0)},     [LEVEL_LISTED] = {L"\x26A0", RGB(138, 78, 0)},
    [LEVEL_READ] = {L"\x26A0", RGB(138, 78, 0)},
    [LEVEL_VERIFIED] = {L"\x2705", RGB(16, 110, 16)}, [LEVEL_PROVEN] = {L"\x2B50", RGB(16, 110, 16)},
    [LEVEL_BAD] = {L"\x274C", RGB(176, 14, 28)},      [SIGN_PIN] = {L"\xD83D\xDCCC", CLR_DEFAULT},
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
    case LEVEL_READ:
        return 3;
    case LEVEL_VERIFIED:
        return 4;
    case LEVEL_PROVEN:
        return 5;
    }
    return 1;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t leaves_rank(const BackupRow *row)
{
    return row->leaves == 0 ? INT64_MAX : row->leaves;
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
    case COLUMN_COPIES:
        result = order((int)list_model_place(a), (int)list_model_place(b));
        break;
    case COLUMN_PINNED:
        result = order(a->pinned, b->pinned);
        break;
    case COLUMN_LEAVES: /* what stays comes after what goes */
        result = order(leaves_rank(row), leaves_rank(right));
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
    return next >= 0 && (size_t)next < list->model.catalog.count ? next : -1;
}

const CatalogEntry *backup_list_selected(const BackupList *list)
{
    int index = next_selected(list, -1);
    return index >= 0 ? list->rows[index].entry : NULL;
}

char **backup_list_names(const BackupList *list, size_t *count)
{
    char **names = mem_array(list->model.catalog.count, sizeof *names);
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

bool backup_list_any(const BackupList *list, bool pinned)
{
    int i = next_selected(list, -1);
    while (i >= 0 && list->rows[i].entry->pinned != pinned) {
        i = next_selected(list, i);
    }
    return i >= 0;
}

void backup_list_select_all(const BackupList *list)
{
    ListView_SetItemState(list->control, -1, LVIS_SELECTED, LVIS_SELECTED);
}

bool backup_list_select(BackupList *list, const char *name)
{
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        if (strcmp(list->rows[i].entry->name, name) == 0) {
            ListView_SetItemState(list->control, -1, 0, LVIS_SELECTED | LVIS_FOCUSED);
            ListView_SetItemState(list->control, (int)i, LVIS_SELECTED | LVIS_FOCUSED, LVIS_SELECTED | LVIS_FOCUSED);
            ListView_EnsureVisible(list->control, (int)i, FALSE);
            return true;
        }
    }
    return false;
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
    /* All of a long list at once, not row by row. */
    size_t selected = 0;
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        selected += list->rows[i].selected;
    }
    bool all = selected > 0 && selected == list->model.catalog.count;
    if (all) {
        backup_list_select_all(list);
    }
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        const BackupRow *row = &list->rows[i];
        if (row->selected && !all) {
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
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        list->rows[i].column = list->sort_column;
        list->rows[i].descending = list->descending;
    }
    if (list->model.catalog.count > 1) {
        qsort(list->rows, list->model.catalog.count, sizeof *list->rows, compare_rows);
    }
}

static void show_sort_arrow(const BackupList *list)
{
    HWND header = ListView_GetHeader(list->control);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        HDITEMW item = {.mask = HDI_FORMAT};
        SendMessageW(header, HDM_GETITEMW, (WPARAM)i, (LPARAM)&item);
        const int before = item.fmt;
        item.fmt &= ~(HDF_SORTUP | HDF_SORTDOWN);
        if (i == list->sort_column) {
            item.fmt |= list->descending ? HDF_SORTDOWN : HDF_SORTUP;
        }
        if (item.fmt != before) {
            SendMessageW(header, HDM_SETITEMW, (WPARAM)i, (LPARAM)&item);
        }
    }
}

void backup_list_init(BackupList *list, HWND control)
{
    *list = (BackupList){.control = control, .sort_column = COLUMN_CREATED, .descending = true};
    list_model_init(&list->model);
    ListView_SetExtendedListViewStyle(control, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER |
                                                   LVS_EX_HEADERDRAGDROP | LVS_EX_SUBITEMIMAGES);
    whole_text_of_list(control);
}

void backup_list_release(BackupList *list)
{
    mem_free(list->rows);
    list->rows = NULL;
    list_model_release(&list->model);
    if (list->signs != NULL) {
        ImageList_Destroy(list->signs);
        list->signs = NULL;
    }
}

void backup_list_take(BackupList *list, ListModel *model)
{
    size_t count = 0;
    char **names = backup_list_names(list, &count);
    int focus = ListView_GetNextItem(list->control, -1, LVNI_FOCUSED);
    bool has_focus = focus >= 0 && (size_t)focus < list->model.catalog.count;
    char *focused = has_focus ? mem_strdup(list->rows[focus].entry->name) : NULL;
    if (count > 1) {
        qsort(names, count, sizeof *names, compare_texts);
    }
    list->changing = true;
    SendMessageW(list->control, WM_SETREDRAW, FALSE, 0);
    ListView_SetItemState(list->control, -1, 0, LVIS_SELECTED | LVIS_FOCUSED);
    mem_free(list->rows);
    list_model_release(&list->model);
    list->model = *model;
    list_model_init(model);
    list->rows = mem_array(list->model.catalog.count, sizeof *list->rows);
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        char *name = list->model.catalog.entries[i].name;
        list->rows[i].entry = &list->model.catalog.entries[i];
        list->rows[i].index = i;
        list->rows[i].leaves = list->model.rows[i].leaves;
        list->rows[i].selected = count > 0 && bsearch(&name, names, count, sizeof *names, compare_texts) != NULL;
        list->rows[i].focused = focused != NULL && strcmp(focused, name) == 0;
    }
    sort_rows(list);
    ListView_SetItemCountEx(list->control, (int)list->model.catalog.count, 0);
    show_selection(list);
    SendMessageW(list->control, WM_SETREDRAW, TRUE, 0);
    InvalidateRect(list->control, NULL, TRUE);
    list->changing = false;
    mem_free(focused);
    backup_list_free_names(names, count);
}

/* The columns' widths for the control's present size and font. */
static void fitted_widths(const BackupList *list, const Layout *layout, int widths[COLUMN_COUNT])
{
    RECT client;
    GetClientRect(list->control, &client);
    int left = client.right;
    for (int i = COLUMN_NAME + 1; i < COLUMN_COUNT; i++) {
        widths[i] = layout_x(layout, columns[i].units);
        left -= widths[i];
    }
    /* A backup's whole name, its sign and the cell's margins. */
    const int name = ListView_GetStringWidth(list->control, L"cmms_backup_20000000_000000.backup");
    const int least = name + layout_y(layout, 8) + layout_x(layout, 10);
    widths[COLUMN_NAME] = left > least ? left : least;
}

void backup_list_fit(BackupList *list, const Layout *layout)
{
    int widths[COLUMN_COUNT];
    if (list->user_sized) {
        return;
    }
    fitted_widths(list, layout, widths);
    list->sizing = true;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (ListView_GetColumnWidth(list->control, i) != widths[i]) {
            ListView_SetColumnWidth(list->control, i, widths[i]);
        }
    }
    list->sizing = false;
}

_Static_assert(STATE_COLUMNS == COLUMN_COUNT, "window_state.h keeps each column");

void backup_list_add_columns(BackupList *list, const Layout *layout, const WindowState *state, UINT dpi)
{
    int widths[COLUMN_COUNT];
    list->sort_column = state->sort_column;
    list->descending = state->descending;
    list->user_sized = state->sized;
    fitted_widths(list, layout, widths);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        wchar_t title[32];
        swprintf(title, sizeof title / sizeof *title, L"%ls", columns[i].title);
        LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_FMT | LVCF_WIDTH,
                            .fmt = columns[i].format,
                            .cx = state->sized ? MulDiv(state->widths[i], (int)dpi, 96) : widths[i],
                            .pszText = title};
        SendMessageW(list->control, LVM_INSERTCOLUMNW, (WPARAM)i, (LPARAM)&column);
    }
    SendMessageW(list->control, LVM_SETCOLUMNORDERARRAY, COLUMN_COUNT, (LPARAM)state->order);
    show_sort_arrow(list);
}

void backup_list_get_state(const BackupList *list, UINT dpi, WindowState *state)
{
    state->sort_column = list->sort_column;
    state->descending = list->descending;
    state->sized = list->user_sized;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        state->widths[i] = MulDiv(ListView_GetColumnWidth(list->control, i), 96, (int)dpi);
    }
    SendMessageW(list->control, LVM_GETCOLUMNORDERARRAY, COLUMN_COUNT, (LPARAM)state->order);
}

/* The first column has room for a sign in any case: the level's, whose word stands in a column of its own. No sign:
 * -1. */
static int sign_of(const CatalogEntry *entry, int column)
{
    if (column == COLUMN_NAME) {
        return (int)entry->level;
    }
    return column == COLUMN_PINNED && entry->pinned ? SIGN_PIN : -1;
}

static void on_get_item(const BackupList *list, NMLVDISPINFOW *info)
{
    size_t index = (size_t)info->item.iItem;
    int column = info->item.iSubItem;
    if (index >= list->model.catalog.count || column < 0 || column >= COLUMN_COUNT) {
        return;
    }
    if ((info->item.mask & LVIF_IMAGE) != 0) {
        info->item.iImage = sign_of(list->rows[index].entry, column);
    }
    if ((info->item.mask & LVIF_TEXT) == 0 || info->item.cchTextMax <= 0) {
        return;
    }
    const wchar_t *text = list_model_cell(&list->model, list->rows[index].index, (ListColumn)column);
    size_t length = wcslen(text);
    size_t room = (size_t)info->item.cchTextMax - 1;
    if (length > room) {
        length = room;
    }
    memcpy(info->item.pszText, text, length * sizeof *text);
    info->item.pszText[length] = 0;
}

void backup_list_draw_signs(BackupList *list, UINT dpi, bool plain)
{
    HIMAGELIST made = sign_images_make(signs, SIGN_COUNT, MulDiv(16, (int)dpi, 96), plain);
    SendMessageW(list->control, LVM_SETIMAGELIST, LVSIL_SMALL, (LPARAM)made);
    if (list->signs != NULL) {
        ImageList_Destroy(list->signs);
    }
    list->signs = made;
}

void backup_list_sort(BackupList *list, int column)
{
    if (column < 0 || column >= COLUMN_COUNT) {
        return;
    }
    for (size_t i = 0; i < list->model.catalog.count; i++) {
        UINT state = ListView_GetItemState(list->control, (int)i, LVIS_SELECTED | LVIS_FOCUSED);
        list->rows[i].selected = (state & LVIS_SELECTED) != 0;
        list->rows[i].focused = (state & LVIS_FOCUSED) != 0;
    }
    if (column == list->sort_column) {
        list->descending = !list->descending;
    } else {
        list->sort_column = column;
        list->descending = column == COLUMN_SIZE || column == COLUMN_CREATED || column == COLUMN_PINNED;
    }
    list->changing = true;
    ListView_SetItemState(list->control, -1, 0, LVIS_SELECTED | LVIS_FOCUSED);
    sort_rows(list);
    show_sort_arrow(list);
    show_selection(list);
    list->changing = false;
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
    for (size_t n = 0; n < list->model.catalog.count && found < 0; n++) {
        size_t i = (start + n) % list->model.catalog.count;
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
        backup_list_sort(list, ((const NMLISTVIEW *)header)->iSubItem);
        return true;
    case LVN_ODFINDITEMW:
        *result = on_find(list, (const NMLVFINDITEMW *)header);
        return true;
    default:
        return false;
    }
}
