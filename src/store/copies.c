/*
 * copies.c: offsite_copies.json. What the file says is checked as a whole, as the schedule's ledger is: what is taken
 * for a copy and is none is a backup that nobody uploads.
 */
#include "store/copies.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/folder.h"

#define COPIES_MAX (4u * 1024u * 1024u) /* bytes of the file */

static const char *const state_words[] = {"there", "waiting"};
#define STATE_COUNT (sizeof state_words / sizeof state_words[0])

const char *copy_state_word(CopyState state)
{
    return state_words[(size_t)state < STATE_COUNT ? (size_t)state : 0];
}

static void release_one(Copy *copy)
{
    mem_free(copy->file);
    mem_free(copy->sha256);
    mem_free(copy->drive);
    mem_free(copy->item);
    mem_free(copy->place);
    mem_free(copy->web_url);
    mem_free(copy->key);
    mem_free(copy->text);
}

static Copy duplicate(const Copy *copy)
{
    Copy made = *copy;
    made.file = mem_strdup(copy->file);
    made.sha256 = mem_strdup(copy->sha256);
    made.drive = mem_strdup(copy->drive);
    made.item = mem_strdup(copy->item);
    made.place = mem_strdup(copy->place);
    made.web_url = mem_strdup(copy->web_url);
    made.key = mem_strdup(copy->key);
    made.text = mem_strdup(copy->text);
    return made;
}

Copy *copy_new(const Copy *copy)
{
    Copy *made = mem_alloc(sizeof *made);
    *made = duplicate(copy);
    return made;
}

void copy_free(Copy *copy)
{
    if (copy) {
        release_one(copy);
        mem_free(copy);
    }
}

void copies_init(Copies *copies)
{
    *copies = (Copies){.items = NULL};
}

void copies_release(Copies *copies)
{
    for (size_t i = 0; i < copies->count; i++) {
        release_one(&copies->items[i]);
    }
    mem_free(copies->items);
    mem_free(copies->notice);
    copies_init(copies);
}

static bool is_of(const Copy *copy, const char *file, uint64_t bytes, const char *sha256)
{
    return !strcmp(copy->file, file) && copy->bytes == bytes && sha256 && !strcmp(copy->sha256, sha256);
}

const Copy *copies_find(const Copies *copies, const char *file, uint64_t bytes, const char *sha256)
{
    for (size_t i = copies->count; i > 0; i--) {
        if (is_of(&copies->items[i - 1], file, bytes, sha256)) {
            return &copies->items[i - 1];
        }
    }
    return NULL;
}

/* The same file on SharePoint. */
static bool is_same_there(const Copy *a, const Copy *b)
{
    return a->state == COPY_THERE && b->state == COPY_THERE && a->drive && b->drive && !strcmp(a->drive, b->drive) &&
           a->item && b->item && !strcmp(a->item, b->item);
}

static void take_out(Copies *copies, const char *file)
{
    size_t kept = 0;
    for (size_t i = 0; i < copies->count; i++) {
        if (!strcmp(copies->items[i].file, file)) {
            release_one(&copies->items[i]);
        } else {
            copies->items[kept++] = copies->items[i];
        }
    }
    copies->count = kept;
}

void copies_set(Copies *copies, const Copy *copy)
{
    const Copy *known = copies_find(copies, copy->file, copy->bytes, copy->sha256);
    Copy added = duplicate(copy); /* before anything goes: it may be what is replaced */
    if (known && known->state == COPY_WAITING && added.state == COPY_WAITING) {
        added.when = known->when;
    }
    if (known && known->ours && is_same_there(known, &added)) {
        added.ours = true;
    }
    take_out(copies, added.file);
    copies->items = mem_resize(copies->items, copies->count + 1, sizeof *copies->items);
    copies->items[copies->count++] = added;
}

/* --- the file -------------------------------------------------------------------------------------------- */

/* Null and absent: 0, where it may be. */
static bool read_time(const cJSON *object, const char *name, bool needed, int64_t *moment)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item || cJSON_IsNull(item)) {
        *moment = 0;
        return !needed;
    }
    return cJSON_IsString(item) && clock_parse_iso(item->valuestring, moment);
}

static bool is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool read_copy(const cJSON *item, Copies *copies)
{
    const char *word = json_string(item, "state", ""), *level = json_string(item, "level", NULL);
    const int64_t bytes = json_int(item, "bytes", -1);
    size_t state = 0;
    while (state < STATE_COUNT && strcmp(state_words[state], word) != 0) {
        state++;
    }
    /* Borrowed: copies_set takes its own. */
    Copy copy = {.file = (char *)json_string(item, "file", NULL),
                 .sha256 = (char *)json_string(item, "sha256", NULL),
                 .level = level_from_word(level),
                 .hash = json_bool(item, "hash", false),
                 .ours = json_bool(item, "ours", false),
                 .drive = (char *)json_string(item, "drive", NULL),
                 .item = (char *)json_string(item, "item", NULL),
                 .place = (char *)json_string(item, "place", NULL),
                 .web_url = (char *)json_string(item, "web_url", NULL),
                 .key = (char *)json_string(item, "key", NULL),
                 .text = (char *)json_string(item, "text", NULL)};
    if (state == STATE_COUNT || !copy.file || !*copy.file || !is_hash(copy.sha256) || bytes < 0 || !level ||
        !read_time(item, "created", false, &copy.created) || !read_time(item, "when", true, &copy.when) ||
        !read_time(item, "tried", false, &copy.tried) || (state == COPY_THERE && (!copy.drive || !copy.item))) {
        return false;
    }
    copy.state = (CopyState)state;
    copy.bytes = (uint64_t)bytes;
    copies_set(copies, &copy);
    return true;
}

bool copies_parse(const char *bytes, size_t len, Copies *copies, Error *err)
{
    cJSON *document = NULL;
    Copies read;
    copies_init(&read);
    if (!json_parse(bytes, len, &document, err)) {
        return false;
    }
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(document, "copies"), *item;
    bool ok = true;
    if (!cJSON_IsArray(items)) {
        ok = error_set(err, EK_DAMAGED, "it is no list of copies");
    } else if (cJSON_GetArraySize(items) > 2 * COPIES_KEEP) {
        ok = error_set(err, EK_DAMAGED, "it has too many copies");
    }
    size_t number = 0;
    cJSON_ArrayForEach(item, items) {
        number++;
        if (ok && !read_copy(item, &read)) {
            ok = error_set(err, EK_DAMAGED, "copy %zu is none", number);
        }
    }
    cJSON_Delete(document);
    if (!ok) {
        copies_release(&read);
        return false;
    }
    copies_release(copies);
    *copies = read;
    return true;
}

/* Damaged: none, and told. */
static bool set_aside(const char *path, bool aside, const Error *why, Copies *copies, Error *err)
{
    Error failed = ERROR_INIT;
    char *kept = NULL;
    if (aside && !folder_keep_aside(path, &kept, &failed) && failed.kind != EK_NOT_FOUND) {
        error_context(&failed, "%s is damaged and cannot be kept aside", COPIES_FILE);
        return error_move(err, &failed);
    }
    copies_release(copies);
    copies->notice = mem_printf("%s cannot be read (%s); no copy on SharePoint is known by it", COPIES_FILE,
                                why->message);
    error_clear(&failed);
    mem_free(kept);
    return true;
}

static bool load(const char *folder, bool aside, Copies *copies, Error *err)
{
    char *path = fs_join(folder, COPIES_FILE);
    Error failed = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, COPIES_MAX);
    bool ok = fs_read_all(path, COPIES_MAX, &sb, &failed) && copies_parse(sb.buf, sb.len, copies, &failed);
    if (!ok && failed.kind == EK_NOT_FOUND) {
        ok = folder_is_there(folder, err);
        if (ok) {
            copies_release(copies);
        }
    } else if (!ok && failed.kind == EK_DAMAGED) {
        ok = set_aside(path, aside, &failed, copies, err);
    } else if (!ok) {
        error_context(&failed, "what is known of the copies on SharePoint cannot be read");
        error_move(err, &failed);
    }
    error_clear(&failed);
    strbuf_release(&sb);
    mem_free(path);
    return ok;
}

bool copies_load(const char *folder, Copies *copies, Error *err)
{
    return load(folder, false, copies, err);
}

static void set_time(cJSON *object, const char *name, int64_t moment)
{
    char *text = moment ? clock_iso_text(moment) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

static char *copies_text(const Copies *copies)
{
    cJSON *document = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(document, "copies");
    for (size_t i = copies->count > COPIES_KEEP ? copies->count - COPIES_KEEP : 0; i < copies->count; i++) {
        const Copy *copy = &copies->items[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "file", copy->file);
        json_set_int(item, "bytes", (int64_t)copy->bytes);
        json_set_string(item, "sha256", copy->sha256);
        json_set_string(item, "level", level_word(copy->level));
        set_time(item, "created", copy->created);
        json_set_string(item, "state", copy_state_word(copy->state));
        set_time(item, "when", copy->when);
        if (copy->state == COPY_THERE) {
            json_set_bool(item, "hash", copy->hash);
            json_set_bool(item, "ours", copy->ours);
            json_set_string(item, "drive", copy->drive);
            json_set_string(item, "item", copy->item);
            json_set_string(item, "place", copy->place);
            json_set_string(item, "web_url", copy->web_url);
            if (copy->key) {
                json_set_string(item, "key", copy->key);
            }
        } else {
            set_time(item, "tried", copy->tried);
            json_set_string(item, "text", copy->text);
        }
        if (!items || !cJSON_AddItemToArray(items, item)) {
            mem_out();
        }
    }
    char *text = json_text(document);
    cJSON_Delete(document);
    return text;
}

/* Takes out the one that was there by these numbers. */
static void take_gone(Copies *copies, const Copy *gone)
{
    for (size_t i = 0; i < copies->count; i++) {
        if (!strcmp(copies->items[i].file, gone->file) && is_same_there(&copies->items[i], gone)) {
            take_out(copies, gone->file);
            return;
        }
    }
}

/* Notes `copy`; or `gone`: forgets it. */
static bool change(const char *folder, const Copy *copy, bool gone, Error *err)
{
    char *path = fs_join(folder, COPIES_FILE);
    FsLock *lock = NULL;
    Copies copies;
    copies_init(&copies);
    bool ok = folder_files_lock(folder, &lock, err) && load(folder, true, &copies, err);
    if (ok) {
        if (gone) {
            take_gone(&copies, copy);
        } else {
            copies_set(&copies, copy);
        }
        char *text = copies_text(&copies);
        ok = fs_write_atomic(path, text, strlen(text), err);
        mem_free(text);
    }
    fs_unlock(lock);
    copies_release(&copies);
    mem_free(path);
    return ok || error_context(err, "what became of the copy on SharePoint cannot be kept");
}

bool copies_note(const char *folder, const Copy *copy, Error *err)
{
    return change(folder, copy, false, err);
}

bool copies_forget(const char *folder, const char *file, const char *drive, const char *item, Error *err)
{
    const Copy copy = {.file = (char *)file, .state = COPY_THERE, .drive = (char *)drive, .item = (char *)item};
    return change(folder, &copy, true, err);
}
