/*
 * swap_mark.c: names, marks, and which state they show; without a server. The states stand in swap.c.
 */
#include "swap_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "jobs/swap.h"

#define MARK "cmms_backup" /* the member by which a mark is known */
#define NAME_MAX_BYTES 63u

char *swap_name(const char *live, const char *word, const char *stamp)
{
    char *tail = mem_printf("_%s_%s", word, stamp);
    const size_t tail_len = strlen(tail);
    size_t len = strlen(live);
    const size_t room = tail_len < NAME_MAX_BYTES ? NAME_MAX_BYTES - tail_len : 0;
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)live[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    char *name = mem_printf("%.*s%s", (int)len, live, tail);
    mem_free(tail);
    return name;
}

/* --- marks ------------------------------------------------------------------------------------------------- */

cJSON *mark_parse(const char *comment, const char *live, int64_t oid)
{
    cJSON *mark = NULL;
    if (comment == NULL || comment[0] != '{' || !json_parse(comment, strlen(comment), &mark, NULL)) {
        return NULL;
    }
    if (json_string(mark, MARK, NULL) == NULL || strcmp(json_string(mark, "of", ""), live) != 0 ||
        json_int(mark, "oid", 0) != oid) {
        cJSON_Delete(mark);
        return NULL;
    }
    return mark;
}

bool mark_is(const Database *database, const char *kind)
{
    return database != NULL && database->mark != NULL && strcmp(json_string(database->mark, MARK, ""), kind) == 0;
}

static cJSON *new_mark(const char *kind, const char *live, const char *from, int64_t oid)
{
    cJSON *mark = cJSON_CreateObject();
    if (mark == NULL) {
        mem_out();
    }
    json_set_string(mark, MARK, kind);
    json_set_string(mark, "of", live);
    json_set_string(mark, "from", from);
    json_set_int(mark, "oid", oid);
    return mark;
}

cJSON *mark_coming(const char *live, const char *from, int64_t oid)
{
    cJSON *mark = new_mark("coming", live, from, oid);
    json_set_bool(mark, "whole", false);
    return mark;
}

static cJSON *copy_mark(const cJSON *mark)
{
    cJSON *copy = cJSON_Duplicate(mark, true);
    if (copy == NULL) {
        mem_out();
    }
    return copy;
}

/* A comment is the bytes of whatever database it was written in. One that is no text here could not be read back with
 * the mark, and then nobody would know the mark. */
static void keep_furniture(cJSON *mark, const Database *live)
{
    const bool is_text = live->comment != NULL && utf8_valid(live->comment, strlen(live->comment));
    json_set_int(mark, "limit", live->limit);
    json_set_string(mark, "comment", is_text ? live->comment : NULL);
}

cJSON *mark_ready(const Database *coming, const Database *live_one, const char *live, const char *from)
{
    const bool again = mark_is(coming, "kept");
    /* With what swap_dress has put into it. */
    cJSON *mark = coming->mark != NULL ? copy_mark(coming->mark) : mark_coming(live, from, coming->oid);
    if (again) {
        json_set_string(mark, MARK, "coming");
        json_set_bool(mark, "again", true);
    } else {
        json_set_string(mark, "been", coming->been);
        json_set_bool(mark, "alone", live_one == NULL);
    }
    if (!again && live_one != NULL) {
        keep_furniture(mark, live_one);
    }
    json_set_bool(mark, "whole", true);
    return mark;
}

cJSON *mark_aside(const Database *live, const char *from, const char *by, int64_t now)
{
    cJSON *mark = new_mark("kept", live->name, from, live->oid);
    json_set_int(mark, "aside", now);
    keep_furniture(mark, live);
    json_set_string(mark, "by", by);
    return mark;
}

cJSON *mark_kept(const cJSON *mark)
{
    static const char *const passing[] = {"whole", "again", "by"};
    cJSON *kept = copy_mark(mark);
    json_set_string(kept, MARK, "kept");
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(kept, passing[i]);
    }
    return kept;
}

/* --- which state it is --------------------------------------------------------------------------------------- */

const Database *swap_find(const Databases *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].name, name) == 0) {
            return &all->items[i];
        }
    }
    return NULL;
}

bool swap_is_untouched(const Database *coming)
{
    const char *then = json_string(coming->mark, "been", NULL);
    return then != NULL && coming->been != NULL && strcmp(then, coming->been) == 0;
}

bool swap_may_drop(const Databases *all, const char *live, const Database *coming)
{
    return !json_bool(coming->mark, "whole", false) ||
           (swap_find(all, live) != NULL && swap_is_untouched(coming));
}

/* One that was restored where there was nothing. Two: somebody has to choose. */
static const Database *find_alone(const Databases *all)
{
    const Database *found = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const Database *item = &all->items[i];
        if (mark_is(item, "coming") && json_bool(item->mark, "whole", false)) {
            if (found != NULL) {
                return NULL;
            }
            found = item;
        }
    }
    return found != NULL && json_bool(found->mark, "alone", false) && swap_is_untouched(found) ? found : NULL;
}

MendStep swap_plan(const Databases *all, const char *live_name, const Database **aside, const Database **coming)
{
    const Database *live = swap_find(all, live_name);
    *aside = *coming = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const Database *item = &all->items[i];
        /* The latest, should there be two: the name is given back once. */
        if (mark_is(item, "kept") && json_string(item->mark, "by", NULL) != NULL &&
            (*aside == NULL || json_int(item->mark, "aside", 0) >= json_int((*aside)->mark, "aside", 0))) {
            *aside = item;
        }
    }
    if (live != NULL && *aside != live && mark_is(live, "coming") && json_bool(live->mark, "whole", false)) {
        *coming = live;
        return MEND_FINISH;
    }
    if (*aside == NULL) {
        *coming = live == NULL ? find_alone(all) : NULL;
        return *coming != NULL ? MEND_ALONE : MEND_NOTHING;
    }
    if (live != NULL) { /* else somebody else has made one of this name meanwhile */
        return *aside == live ? MEND_REOPEN : MEND_FINISH;
    }
    *coming = swap_find(all, json_string((*aside)->mark, "by", ""));
    if (!mark_is(*coming, "coming") || !json_bool((*coming)->mark, "whole", false)) {
        *coming = NULL;
    }
    return *coming != NULL ? MEND_FORWARD : MEND_BACK;
}
