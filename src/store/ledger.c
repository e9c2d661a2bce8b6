/*
 * ledger.c: schedule_ledger.json. What the file says is checked as a whole: one entry that is none makes it damaged,
 * because a slot that is taken for done is a backup that is not made.
 */
#include "store/ledger.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/cancel.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "store/folder.h"

#define LEDGER_MAX (1024u * 1024u) /* bytes of the file */
#define ATTEMPTS_MAX 1000000
#define WAIT_MS 3000u
#define WAIT_STEP_MS 50u

static const char *const state_words[] = {"done", "failed", "missed"};
#define STATE_COUNT (sizeof state_words / sizeof state_words[0])

const char *slot_state_word(SlotState state)
{
    return state_words[(size_t)state < STATE_COUNT ? (size_t)state : 0];
}

bool ledger_begun(const Ledger *ledger)
{
    return ledger->count > 0 || ledger->since > 0 || ledger->begun;
}

void ledger_init(Ledger *ledger)
{
    *ledger = (Ledger){.slots = NULL};
}

static void slot_release(LedgerSlot *slot)
{
    mem_free(slot->computer);
    mem_free(slot->text);
}

static void unread_release(LedgerUnread *unread)
{
    mem_free(unread->file);
    mem_free(unread->why);
}

void ledger_release(Ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        slot_release(&ledger->slots[i]);
    }
    for (size_t i = 0; i < ledger->unread_count; i++) {
        unread_release(&ledger->unread[i]);
    }
    mem_free(ledger->unread);
    mem_free(ledger->slots);
    mem_free(ledger->waits_computer);
    mem_free(ledger->waits_why);
    mem_free(ledger->notice);
    ledger_init(ledger);
}

const LedgerSlot *ledger_find(const Ledger *ledger, int64_t moment)
{
    for (size_t i = ledger->count; i > 0; i--) {
        if (ledger->slots[i - 1].moment == moment) {
            return &ledger->slots[i - 1];
        }
    }
    return NULL;
}

void ledger_note(Ledger *ledger, const LedgerSlot *slot)
{
    /* Copied before anything goes: `slot` may be what is replaced. */
    const LedgerSlot copy = {slot->moment,   slot->state, slot->began, slot->attempts, mem_strdup(slot->computer),
                             mem_strdup(slot->text)};
    LedgerSlot *slots = mem_array(ledger->count + 1, sizeof *slots);
    size_t count = 0;
    bool placed = false;
    for (size_t i = 0; i < ledger->count; i++) {
        LedgerSlot *old = &ledger->slots[i];
        if (!placed && old->moment >= copy.moment) {
            slots[count++] = copy;
            placed = true;
        }
        if (old->moment == copy.moment) {
            slot_release(old);
        } else {
            slots[count++] = *old;
        }
    }
    if (!placed) {
        slots[count++] = copy;
    }
    mem_free(ledger->slots);
    ledger->slots = slots;
    ledger->count = count;
}

void ledger_note_wait(Ledger *ledger, int64_t slot, int64_t since, int64_t again, const char *why)
{
    char *copy = mem_strdup(why); /* may be what is replaced */
    mem_free(ledger->waits_why);
    mem_free(ledger->waits_computer);
    ledger->waits_computer = why ? machine_host_name() : NULL;
    ledger->waits_why = copy;
    ledger->waits_slot = why ? slot : 0;
    ledger->waits_since = why ? since : 0;
    ledger->waits_again = why ? again : 0;
}

const char *ledger_waits(const Ledger *ledger, int64_t slot)
{
    return slot != 0 && ledger->waits_slot == slot ? ledger->waits_why : NULL;
}

const LedgerUnread *ledger_unread(const Ledger *ledger, const char *file)
{
    for (size_t i = 0; i < ledger->unread_count; i++) {
        if (strcmp(ledger->unread[i].file, file) == 0) {
            return &ledger->unread[i];
        }
    }
    return NULL;
}

static void add_unread(Ledger *ledger, const char *file, int64_t since, int64_t tried, const char *why)
{
    const LedgerUnread added = {mem_strdup(file), since, tried, mem_strdup(why)};
    LedgerUnread *all = mem_array(ledger->unread_count + 1, sizeof *all);
    const size_t first = ledger->unread_count >= LEDGER_UNREAD ? 1 : 0; /* by when they were tried */
    size_t count = 0;
    for (size_t i = 0; i < ledger->unread_count; i++) {
        LedgerUnread *old = &ledger->unread[i];
        if (i < first || strcmp(old->file, file) == 0) {
            unread_release(old);
        } else {
            all[count++] = *old;
        }
    }
    all[count++] = added;
    mem_free(ledger->unread);
    ledger->unread = all;
    ledger->unread_count = count;
}

void ledger_note_unread(Ledger *ledger, const char *file, int64_t now, const char *why)
{
    const LedgerUnread *old = ledger_unread(ledger, file);
    if (why != NULL) {
        add_unread(ledger, file, old != NULL && old->since <= now ? old->since : now, now, why);
    } else if (old != NULL) {
        const size_t at = (size_t)(old - ledger->unread);
        unread_release(&ledger->unread[at]);
        ledger->unread_count--;
        memmove(&ledger->unread[at], &ledger->unread[at + 1], (ledger->unread_count - at) * sizeof *ledger->unread);
    }
}

bool ledger_is_ahead(const Ledger *ledger, const LedgerSlot *slot, int64_t now)
{
    return ledger->ahead_from != 0 && slot->began >= ledger->ahead_from && slot->began > now;
}

static size_t drop(Ledger *ledger, bool (*is_wrong)(const Ledger *, const LedgerSlot *, int64_t), int64_t moment)
{
    size_t kept = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        LedgerSlot *slot = &ledger->slots[i];
        if (is_wrong(ledger, slot, moment)) {
            slot_release(slot);
        } else {
            ledger->slots[kept++] = *slot;
        }
    }
    const size_t gone = ledger->count - kept;
    ledger->count = kept;
    ledger->begun = ledger->begun || gone > 0;
    return gone;
}

static bool is_after(const Ledger *ledger, const LedgerSlot *slot, int64_t latest)
{
    (void)ledger;
    return slot->moment > latest || slot->began > latest;
}

size_t ledger_drop_after(Ledger *ledger, int64_t latest)
{
    return drop(ledger, is_after, latest);
}

size_t ledger_drop_ahead(Ledger *ledger, int64_t now)
{
    return drop(ledger, ledger_is_ahead, now);
}

/* --- the file -------------------------------------------------------------------------------------------- */

static bool read_time(const cJSON *object, const char *name, int64_t *moment)
{
    const char *text = json_string(object, name, NULL);
    return text && clock_parse_iso(text, moment);
}

static bool read_if_there(const cJSON *object, const char *name, int64_t *moment)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return !item || cJSON_IsNull(item) || read_time(object, name, moment);
}

/* What cannot be read of these only begins anew. */
static void read_wait(const cJSON *document, Ledger *ledger)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, "waits");
    int64_t slot = 0, since = 0, again = 0;
    if (read_time(item, "slot", &slot) && read_time(item, "since", &since) && read_time(item, "again", &again)) {
        ledger_note_wait(ledger, slot, since, again, json_string(item, "why", NULL));
        mem_free(ledger->waits_computer);
        ledger->waits_computer = mem_strdup(json_string(item, "computer", NULL));
    }
}

static void read_checks(const cJSON *document, Ledger *ledger)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, "checks");
    if (!read_time(item, "files", &ledger->checked)) {
        ledger->checked = 0;
    }
    if (!read_time(item, "proof", &ledger->proof_tried)) {
        ledger->proof_tried = 0;
    }
    const cJSON *unread;
    cJSON_ArrayForEach(unread, cJSON_GetObjectItemCaseSensitive(item, "unread")) {
        int64_t since = 0, tried = 0;
        const char *file = json_string(unread, "file", NULL);
        if (file != NULL && read_time(unread, "since", &since) && read_time(unread, "tried", &tried)) {
            add_unread(ledger, file, since, tried, json_string(unread, "why", "it is not known why"));
        }
    }
}

static bool read_slot(const cJSON *item, Ledger *ledger)
{
    LedgerSlot slot = {.moment = 0};
    const char *word = json_string(item, "state", "");
    size_t state = 0;
    while (state < STATE_COUNT && strcmp(state_words[state], word) != 0) {
        state++;
    }
    const int64_t attempts = json_int(item, "attempts", -1);
    if (state == STATE_COUNT || !read_time(item, "slot", &slot.moment) || !read_time(item, "began", &slot.began) ||
        attempts < 0 || attempts > ATTEMPTS_MAX) {
        return false;
    }
    slot.state = (SlotState)state;
    slot.attempts = (int)attempts;
    slot.computer = mem_strdup(json_string(item, "computer", NULL));
    slot.text = mem_strdup(json_string(item, "text", NULL));
    ledger_note(ledger, &slot);
    slot_release(&slot);
    return true;
}

bool ledger_parse(const char *bytes, size_t len, Ledger *ledger, Error *err)
{
    cJSON *document = NULL;
    Ledger read;
    ledger_init(&read);
    if (!json_parse(bytes, len, &document, err)) {
        return false;
    }
    const cJSON *slots = cJSON_GetObjectItemCaseSensitive(document, "slots"), *item;
    bool ok = cJSON_IsArray(slots) && read_if_there(document, "since", &read.since) &&
              read_if_there(document, "paused_until", &read.paused_until) &&
              read_if_there(document, "ahead_from", &read.ahead_from);
    if (!ok) {
        error_set(err, EK_DAMAGED, "it is no ledger of a schedule");
    } else if (cJSON_GetArraySize(slots) > 2 * LEDGER_KEEP) {
        ok = error_set(err, EK_DAMAGED, "it has too many slots");
    }
    read.begun = json_bool(document, "begun", false);
    size_t number = 0;
    cJSON_ArrayForEach(item, slots) {
        number++;
        if (ok && !read_slot(item, &read)) {
            ok = error_set(err, EK_DAMAGED, "slot %zu is none", number);
        }
    }
    if (ok) {
        read_wait(document, &read);
        read_checks(document, &read);
    }
    cJSON_Delete(document);
    if (!ok) {
        ledger_release(&read);
        return false;
    }
    ledger_release(ledger);
    *ledger = read;
    return true;
}

/* Damaged: empty, and told. */
static bool set_aside(const char *path, bool aside, const Error *why, Ledger *ledger, Error *err)
{
    Error failed = ERROR_INIT;
    char *kept = NULL;
    if (aside && !folder_keep_aside(path, &kept, &failed) && failed.kind != EK_NOT_FOUND) {
        error_context(&failed, "%s is damaged and cannot be kept aside", LEDGER_FILE);
        return error_move(err, &failed);
    }
    ledger_release(ledger);
    ledger->begun = true; /* a window would never run a slot again */
    ledger->notice = kept ? mem_printf("%s could not be read (%s) and was kept as %s; the newest slot counts as not "
                                       "run", LEDGER_FILE, why->message, fs_base_name(kept))
                          : mem_printf("%s cannot be read (%s); the newest slot counts as not run", LEDGER_FILE,
                                       why->message);
    error_clear(&failed);
    mem_free(kept);
    return true;
}

static bool find_damaged(void *context, const char *name, const FsInfo *info)
{
    static const char kept[] = "schedule_ledger.damaged-"; /* folder_keep_aside */
    bool *found = context;
    *found = *found || (!info->is_dir && !strncmp(name, kept, sizeof kept - 1));
    return !*found;
}

/* Whoever put a damaged one aside may have been killed before there was another. */
static bool load_none(const char *folder, Ledger *ledger, Error *err)
{
    bool found = false;
    if (!folder_is_there(folder, err) || !fs_list(folder, find_damaged, &found, err)) {
        return false;
    }
    ledger_release(ledger);
    ledger->begun = found;
    return true;
}

bool ledger_load(const char *folder, bool aside, Ledger *ledger, Error *err)
{
    char *path = fs_join(folder, LEDGER_FILE);
    Error failed = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, LEDGER_MAX);
    bool ok = fs_read_all(path, LEDGER_MAX, &sb, &failed) && ledger_parse(sb.buf, sb.len, ledger, &failed);
    if (!ok && failed.kind == EK_NOT_FOUND) {
        ok = load_none(folder, ledger, err);
    } else if (!ok && failed.kind == EK_DAMAGED) {
        ok = set_aside(path, aside, &failed, ledger, err);
    } else if (!ok) {
        error_context(&failed, "the schedule's ledger cannot be read");
        error_move(err, &failed);
    }
    error_clear(&failed);
    strbuf_release(&sb);
    mem_free(path);
    return ok;
}

static void set_time(cJSON *object, const char *name, int64_t moment)
{
    char *text = clock_iso_text(moment);
    json_set_string(object, name, text);
    mem_free(text);
}

static void add_wait(const Ledger *ledger, cJSON *document)
{
    if (!ledger->waits_why) {
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(document, "waits");
    if (!item) {
        mem_out();
    }
    set_time(item, "slot", ledger->waits_slot);
    set_time(item, "since", ledger->waits_since);
    set_time(item, "again", ledger->waits_again);
    json_set_string(item, "why", ledger->waits_why);
    json_set_string(item, "computer", ledger->waits_computer);
}

static void add_checks(const Ledger *ledger, cJSON *document)
{
    if (ledger->checked == 0 && ledger->proof_tried == 0 && ledger->unread_count == 0) {
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(document, "checks");
    if (!item) {
        mem_out();
    }
    if (ledger->checked) {
        set_time(item, "files", ledger->checked);
    }
    if (ledger->proof_tried) {
        set_time(item, "proof", ledger->proof_tried);
    }
    cJSON *list = ledger->unread_count > 0 ? cJSON_AddArrayToObject(item, "unread") : NULL;
    for (size_t i = 0; i < ledger->unread_count; i++) {
        const LedgerUnread *unread = &ledger->unread[i];
        cJSON *one = cJSON_CreateObject();
        json_set_string(one, "file", unread->file);
        set_time(one, "since", unread->since);
        set_time(one, "tried", unread->tried);
        json_set_string(one, "why", unread->why);
        if (!list || !one || !cJSON_AddItemToArray(list, one)) {
            mem_out();
        }
    }
}

bool ledger_save(const char *folder, const Ledger *ledger, Error *err)
{
    cJSON *document = cJSON_CreateObject();
    if (ledger->since) {
        set_time(document, "since", ledger->since);
    }
    if (ledger->paused_until) {
        set_time(document, "paused_until", ledger->paused_until);
    }
    if (ledger->ahead_from) {
        set_time(document, "ahead_from", ledger->ahead_from);
    }
    add_wait(ledger, document);
    add_checks(ledger, document);
    if (ledger->begun && ledger->since == 0 && ledger->count == 0) {
        json_set_bool(document, "begun", true); /* else the others say it */
    }
    cJSON *slots = cJSON_AddArrayToObject(document, "slots");
    for (size_t i = ledger->count > LEDGER_KEEP ? ledger->count - LEDGER_KEEP : 0; i < ledger->count; i++) {
        const LedgerSlot *slot = &ledger->slots[i];
        cJSON *item = cJSON_CreateObject();
        set_time(item, "slot", slot->moment);
        json_set_string(item, "state", slot_state_word(slot->state));
        set_time(item, "began", slot->began);
        json_set_int(item, "attempts", slot->attempts);
        json_set_string(item, "computer", slot->computer);
        json_set_string(item, "text", slot->text);
        if (!slots || !item || !cJSON_AddItemToArray(slots, item)) {
            mem_out();
        }
    }
    char *text = json_text(document), *path = fs_join(folder, LEDGER_FILE);
    FsLock *lock = NULL;
    /* A clean-up takes unfinished temporary files for what a crash left, unless it sees this lock. */
    bool ok = (folder_files_lock(folder, &lock, err) && fs_write_atomic(path, text, strlen(text), err)) ||
              error_context(err, "the schedule's ledger cannot be saved");
    fs_unlock(lock);
    mem_free(path);
    mem_free(text);
    cJSON_Delete(document);
    return ok;
}

bool ledger_lock(const char *folder, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, LEDGER_LOCK_FILE);
    Error failed = ERROR_INIT;
    bool ok = fs_lock(path, lock, &failed);
    if (!ok && failed.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another program is at work on the scheduled backup");
    } else if (!ok) {
        error_context(&failed, "the schedule cannot be locked");
        error_move(err, &failed);
    }
    error_clear(&failed);
    mem_free(path);
    return ok;
}

bool ledger_lock_wait(const char *folder, FsLock **lock, Error *err)
{
    Error why = ERROR_INIT;
    bool ok = ledger_lock(folder, lock, &why);
    for (unsigned waited = 0; !ok && why.kind == EK_BUSY && waited < WAIT_MS; waited += WAIT_STEP_MS) {
        cancel_wait(NULL, WAIT_STEP_MS);
        error_clear(&why);
        ok = ledger_lock(folder, lock, &why);
    }
    return ok || error_move(err, &why);
}
