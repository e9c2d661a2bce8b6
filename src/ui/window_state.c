#include "window_state.h"

#include <stdint.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/fs.h"

#define FILE_MAX     65536u
#define MOST_PIXELS  100000
#define WIDEST       4000
#define CREATED      2 /* COLUMN_CREATED */

void window_state_init(WindowState *state)
{
    *state = (WindowState){.sort_column = CREATED, .descending = true};
    for (int i = 0; i < STATE_COLUMNS; i++) {
        state->order[i] = i;
    }
}

/* A whole number in its range; *ok becomes false otherwise. */
static int number(const cJSON *object, const char *name, int least, int most, bool *ok)
{
    int64_t value = json_int(object, name, INT64_MIN);
    if (value < least || value > most) {
        *ok = false;
        return 0;
    }
    return (int)value;
}

static bool read_numbers(const cJSON *array, int least, int most, int *numbers)
{
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) != STATE_COLUMNS) {
        return false;
    }
    int count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (!cJSON_IsNumber(item) || item->valuedouble < least || item->valuedouble > most) {
            return false;
        }
        numbers[count++] = (int)item->valuedouble;
    }
    return true;
}

static bool each_once(const int *order)
{
    bool seen[STATE_COLUMNS] = {false};
    for (int i = 0; i < STATE_COLUMNS; i++) {
        if (seen[order[i]]) {
            return false;
        }
        seen[order[i]] = true;
    }
    return true;
}

bool window_state_parse(const char *bytes, size_t len, WindowState *state)
{
    WindowState read;
    cJSON *document = NULL;
    window_state_init(state);
    window_state_init(&read);
    bool ok = json_parse(bytes, len, &document, NULL) && cJSON_IsObject(document);
    if (ok) {
        const cJSON *place = cJSON_GetObjectItemCaseSensitive(document, "place");
        const cJSON *columns = cJSON_GetObjectItemCaseSensitive(document, "columns");
        if (cJSON_IsObject(place)) {
            read.place.left = number(place, "left", -MOST_PIXELS, MOST_PIXELS, &ok);
            read.place.top = number(place, "top", -MOST_PIXELS, MOST_PIXELS, &ok);
            read.place.right = number(place, "right", -MOST_PIXELS, MOST_PIXELS, &ok);
            read.place.bottom = number(place, "bottom", -MOST_PIXELS, MOST_PIXELS, &ok);
            read.placed = read.place.right > read.place.left && read.place.bottom > read.place.top;
            read.maximized = json_bool(place, "maximized", false);
        }
        if (cJSON_IsObject(columns)) {
            read.sort_column = number(columns, "sort", 0, STATE_COLUMNS - 1, &ok);
            read.descending = json_bool(columns, "descending", true);
            read.sized = json_bool(columns, "sized", false);
            ok = ok && read_numbers(cJSON_GetObjectItemCaseSensitive(columns, "widths"), 0, WIDEST, read.widths) &&
                 read_numbers(cJSON_GetObjectItemCaseSensitive(columns, "order"), 0, STATE_COLUMNS - 1, read.order) &&
                 each_once(read.order);
        }
        read.hide_chart = json_bool(document, "hide_chart", false);
        read.keep = json_bool(document, "keep_beside_clock", false);
        read.quiet = json_bool(document, "quiet", false);
        read.offered = json_bool(document, "start_offered", false);
    }
    if (ok) {
        *state = read;
    }
    cJSON_Delete(document);
    return ok;
}

bool window_state_load(const char *path, WindowState *state)
{
    StrBuf sb;
    strbuf_init(&sb, FILE_MAX);
    window_state_init(state);
    bool ok = fs_read_all(path, FILE_MAX, &sb, NULL) && window_state_parse(sb.buf, sb.len, state);
    strbuf_release(&sb);
    return ok;
}

bool window_state_save(const char *path, const WindowState *state, Error *err)
{
    cJSON *document = cJSON_CreateObject();
    if (state->placed) {
        cJSON *place = cJSON_AddObjectToObject(document, "place");
        json_set_int(place, "left", state->place.left);
        json_set_int(place, "top", state->place.top);
        json_set_int(place, "right", state->place.right);
        json_set_int(place, "bottom", state->place.bottom);
        json_set_bool(place, "maximized", state->maximized);
    }
    cJSON *columns = cJSON_AddObjectToObject(document, "columns");
    json_set_int(columns, "sort", state->sort_column);
    json_set_bool(columns, "descending", state->descending);
    json_set_bool(columns, "sized", state->sized);
    cJSON_AddItemToObject(columns, "widths", cJSON_CreateIntArray(state->widths, STATE_COLUMNS));
    cJSON_AddItemToObject(columns, "order", cJSON_CreateIntArray(state->order, STATE_COLUMNS));
    json_set_bool(document, "hide_chart", state->hide_chart);
    json_set_bool(document, "keep_beside_clock", state->keep);
    json_set_bool(document, "quiet", state->quiet);
    json_set_bool(document, "start_offered", state->offered);
    char *text = json_text(document);
    bool ok = fs_write_atomic(path, text, strlen(text), err);
    mem_free(text);
    cJSON_Delete(document);
    return ok;
}

static int64_t overlap(const StateRect *a, const StateRect *b)
{
    int left = a->left > b->left ? a->left : b->left;
    int right = a->right < b->right ? a->right : b->right;
    int top = a->top > b->top ? a->top : b->top;
    int bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    return right > left && bottom > top ? (int64_t)(right - left) * (bottom - top) : 0;
}

static void fit(int *from, int *to, int least, int most)
{
    int size = *to - *from;
    size = size > most - least ? most - least : size;
    int start = *from < least ? least : *from;
    start = start > most - size ? most - size : start;
    *from = start;
    *to = start + size;
}

StateRect window_state_clamp(StateRect rect, const StateRect *areas, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (overlap(&rect, &areas[i]) > overlap(&rect, &areas[best])) {
            best = i;
        }
    }
    if (count > 0) {
        fit(&rect.left, &rect.right, areas[best].left, areas[best].right);
        fit(&rect.top, &rect.bottom, areas[best].top, areas[best].bottom);
    }
    return rect;
}
