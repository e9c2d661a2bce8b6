/* dispatch.c: the table of dispatch.h, row by row. */
#include "schedule/dispatch.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "platform/clock.h"

#define VERSION 1
#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define PINGS_A_DAY (10 * DISPATCH_A_DAY)
#define SENDING 300 /* seconds: nothing is sent for longer */
#define WHY_MAX 500u /* bytes of a reason in the file */

typedef struct Row {
    const char *word, *title;
    bool bad;
    bool pings;    /* a ping address gets it, each time */
    bool others;
    bool standing; /* it holds until it is mended, and is then told anew; else it has just happened */
    int64_t again; /* the same cause; 0: each time */
} Row;

static const Row rows[OUT_EVENTS] = {
    {"start", "Backup begins", false, true, false, false, 0},
    {"done", "Backup done", false, true, true, false, 0},
    {"failed", "Backup failed", true, true, true, false, 6 * HOUR},
    {"unverified", "Backup not verified", true, true, true, false, 0},
    {"unseen", "Schedule not looked at", true, false, true, true, DAY},
    {"overdue", "Backup overdue", true, false, true, true, DAY},
    {"shrink", "Rows were lost", true, false, true, true, DAY},
    {"damaged", "Backup damaged", true, false, true, true, 7 * DAY},
    {"sign_in", "Sign-in runs out", true, false, true, true, 7 * DAY},
    {"silent", "Another computer", true, false, true, true, DAY},
    {"test", "Test", false, true, true, false, 0},
};

const char *out_event_word(OutEvent event)
{
    return rows[event].word;
}

const char *out_event_title(OutEvent event)
{
    return rows[event].title;
}

bool out_event_is_bad(OutEvent event)
{
    return rows[event].bad;
}

void dispatch_memory_init(DispatchMemory *memory)
{
    *memory = (DispatchMemory){.failed = {0}};
}

void dispatch_memory_release(DispatchMemory *memory)
{
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        mem_free(memory->why[i]);
    }
    dispatch_memory_init(memory);
}

void dispatch_forget(DispatchMemory *memory, ReceiverKind kind)
{
    static const DispatchTold nothing[OUT_EVENTS];
    memcpy(memory->told[kind], nothing, sizeof nothing);
    mem_free(memory->why[kind]);
    memory->why[kind] = NULL;
    memory->failed[kind] = 0;
    memory->sent[kind] = 0;
}

/* The texts themselves are not kept. */
static void hash_cause(const char *text, char cause[DISPATCH_CAUSE])
{
    char hex[65];
    Sha256 *hash = sha256_new();
    sha256_update(hash, text, strlen(text));
    sha256_finish(hash, hex);
    memcpy(cause, hex, DISPATCH_CAUSE - 1);
    cause[DISPATCH_CAUSE - 1] = '\0';
}

/* What was sent in the future was so by a wrong clock. */
static bool long_ago(int64_t then, int64_t now, int64_t least)
{
    return then == 0 || then > now || now - then >= least;
}

static bool is_mended(const DispatchFacts *facts, size_t event)
{
    return rows[event].standing && facts->text[event] == NULL && !facts->unknown[event];
}

static void forget_mended(const DispatchFacts *facts, DispatchMemory *memory)
{
    for (size_t to = 0; to < RECEIVER_KINDS; to++) {
        for (size_t event = 0; event < OUT_EVENTS; event++) {
            DispatchTold *told = &memory->told[to][event];
            if (is_mended(facts, event) || (event == OUT_FAILED && facts->text[OUT_DONE] != NULL)) {
                told->last = 0;
                told->cause[0] = '\0';
            }
        }
    }
}

static bool is_for(const Receiver *receiver, ReceiverKind to, OutEvent event)
{
    if (!receiver->set || event == OUT_TEST) {
        return false;
    }
    return to == RECEIVER_PING ? rows[event].pings : rows[event].others && !(event == OUT_DONE && receiver->quiet);
}

/* Of the day that began with the first of them. */
static bool has_room(DispatchTold *told, ReceiverKind to, int64_t now)
{
    if (long_ago(told->day, now, DAY)) {
        told->day = now;
        told->count = 0;
    }
    return told->count < (to == RECEIVER_PING ? PINGS_A_DAY : DISPATCH_A_DAY);
}

static bool is_due(const DispatchTold *told, ReceiverKind to, OutEvent event, const char *cause, int64_t now)
{
    return to == RECEIVER_PING || rows[event].again == 0 || strcmp(told->cause, cause) != 0 ||
           long_ago(told->last, now, rows[event].again);
}

size_t dispatch_decide(const DispatchFacts *facts, const Receivers *receivers, DispatchMemory *memory,
                       Dispatch out[DISPATCH_MAX])
{
    size_t count = 0;
    forget_mended(facts, memory);
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        const ReceiverKind to = (ReceiverKind)i;
        /* What stands can wait for a receiver that did not answer a moment ago; what has just happened is tried. */
        const bool rests = memory->failed[to] != 0 && !long_ago(memory->failed[to], facts->now, DISPATCH_REST);
        for (size_t j = 0; j < OUT_EVENTS; j++) {
            const OutEvent event = (OutEvent)j;
            const char *text = facts->text[event];
            DispatchTold *told = &memory->told[to][event];
            char cause[DISPATCH_CAUSE];
            if (text == NULL || !is_for(&receivers->of[to], to, event) || (rests && rows[event].standing)) {
                continue;
            }
            if (told->sending != 0 && long_ago(told->sending, facts->now, SENDING)) { /* nobody does any more */
                told->last = told->sending = 0;
                told->cause[0] = '\0';
            }
            hash_cause(facts->cause[event] != NULL ? facts->cause[event] : text, cause);
            const DispatchTold before = *told;
            if (is_due(told, to, event, cause, facts->now) && has_room(told, to, facts->now)) {
                out[count++] = (Dispatch){to, event, text, before};
                memcpy(told->cause, cause, sizeof cause);
                told->last = told->sending = facts->now;
                told->count++;
            }
        }
    }
    return count;
}

void dispatch_ended(DispatchMemory *memory, const Dispatch *dispatch, int64_t now, const char *why)
{
    const ReceiverKind to = dispatch->to;
    const size_t len = why == NULL ? 0 : strlen(why);
    mem_free(memory->why[to]);
    memory->why[to] = why == NULL ? NULL : mem_strndup(why, utf8_valid_prefix(why, len < WHY_MAX ? len : WHY_MAX));
    memory->failed[to] = why != NULL ? now : 0;
    DispatchTold *told = &memory->told[to][dispatch->event];
    told->sending = 0;
    if (why == NULL) {
        memory->sent[to] = now;
    } else if (dispatch->event != OUT_TEST) {
        told->last = dispatch->before.last;
        memcpy(told->cause, dispatch->before.cause, sizeof told->cause);
        told->count -= told->count > 0 ? 1 : 0; /* a receiver that is away is not one that has had enough */
    }
}

/* --- the file --------------------------------------------------------------------------------------------- */

static void add_time(cJSON *object, const char *name, int64_t moment)
{
    if (moment > 0) {
        char *text = clock_iso_text(moment);
        json_set_string(object, name, text);
        mem_free(text);
    }
}

static int64_t take_time(const cJSON *object, const char *name)
{
    int64_t moment = 0;
    const char *text = json_string(object, name, NULL);
    return text != NULL && clock_parse_iso(text, &moment) && moment > 0 ? moment : 0;
}

char *dispatch_memory_text(const DispatchMemory *memory)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    cJSON *list = cJSON_AddArrayToObject(document, "receivers");
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        json_set_string(item, "kind", receiver_word((ReceiverKind)i));
        add_time(item, "sent", memory->sent[i]);
        add_time(item, "failed", memory->failed[i]);
        if (memory->why[i] != NULL) {
            json_set_string(item, "why", memory->why[i]);
        }
        cJSON *events = cJSON_AddArrayToObject(item, "told");
        for (size_t j = 0; j < OUT_EVENTS; j++) {
            const DispatchTold *told = &memory->told[i][j];
            if (told->last == 0 && told->count == 0 && told->day == 0) {
                continue;
            }
            cJSON *event = cJSON_CreateObject();
            cJSON_AddItemToArray(events, event);
            json_set_string(event, "event", rows[j].word);
            add_time(event, "last", told->last);
            add_time(event, "sending", told->sending);
            json_set_string(event, "cause", told->cause);
            add_time(event, "day", told->day);
            json_set_int(event, "count", told->count);
        }
    }
    char *text = json_text(document);
    cJSON_Delete(document);
    return text;
}

static void take_told(const cJSON *item, DispatchTold told[OUT_EVENTS])
{
    const cJSON *event;
    cJSON_ArrayForEach(event, cJSON_GetObjectItem(item, "told")) {
        const char *word = json_string(event, "event", "");
        const char *cause = json_string(event, "cause", "");
        const int64_t count = json_int(event, "count", 0);
        for (size_t j = 0; j < OUT_EVENTS; j++) {
            if (strcmp(word, rows[j].word) == 0) {
                told[j] = (DispatchTold){.last = take_time(event, "last"),
                                         .sending = take_time(event, "sending"),
                                         .day = take_time(event, "day")};
                told[j].count = count >= 0 && count <= PINGS_A_DAY ? (int)count : 0;
                if (strlen(cause) < DISPATCH_CAUSE) {
                    memcpy(told[j].cause, cause, strlen(cause) + 1);
                }
            }
        }
    }
}

bool dispatch_memory_parse(const char *bytes, size_t len, DispatchMemory *memory)
{
    cJSON *document = NULL;
    const bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION;
    if (ok) {
        const cJSON *item;
        dispatch_memory_release(memory);
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(document, "receivers")) {
            ReceiverKind kind;
            const char *why = json_string(item, "why", NULL);
            if (!receiver_from_word(json_string(item, "kind", ""), &kind)) {
                continue;
            }
            dispatch_forget(memory, kind);
            memory->sent[kind] = take_time(item, "sent");
            memory->failed[kind] = take_time(item, "failed");
            memory->why[kind] = why != NULL && strlen(why) <= WHY_MAX ? mem_strdup(why) : NULL;
            take_told(item, memory->told[kind]);
        }
    }
    cJSON_Delete(document);
    return ok;
}
