/* notice.c: the table of notice.h, row by row. */
#include "schedule/notice.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/clock.h"

#define VERSION 1
#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define CAUSE_AGAIN (6 * HOUR)

void notice_memory_init(NoticeMemory *memory)
{
    *memory = (NoticeMemory){.cause = NULL};
}

void notice_memory_release(NoticeMemory *memory)
{
    mem_free(memory->cause);
    mem_free(memory->alarm);
    mem_free(memory->silent);
    mem_free(memory->damaged);
    mem_free(memory->unseen);
    mem_free(memory->missed);
    notice_memory_init(memory);
}

const char *notice_title(NoticeKind kind)
{
    static const char *const titles[NOTICE_KINDS] = {"", "Rows were lost", "Backup failed",
                                                     "Schedule not looked at", "Backup missed", "Backup damaged",
                                                     "Backup overdue", "Sign-in runs out", "Another computer",
                                                     "Backup done"};
    return titles[kind];
}

const char *notice_word(NoticeKind kind)
{
    static const char *const words[NOTICE_KINDS] = {"none",    "shrink",  "failed",  "unseen", "missed",
                                                    "damaged", "overdue", "sign_in", "silent", "done"};
    return words[kind];
}

NoticeKind notice_of_word(const char *word)
{
    NoticeKind found = NOTICE_NONE;
    for (int i = 0; i < NOTICE_KINDS; i++) {
        found = strcmp(notice_word((NoticeKind)i), word) == 0 ? (NoticeKind)i : found;
    }
    return found;
}

bool notice_is_bad(NoticeKind kind)
{
    return kind != NOTICE_NONE && kind != NOTICE_DONE;
}

/* Whether it is so long ago that it was told, or never was; what is told in the future was so by a wrong clock. */
static bool long_ago(const NoticeMemory *memory, NoticeKind kind, int64_t now, int64_t least)
{
    const int64_t told = memory->told[kind];
    return told == 0 || told > now || now - told >= least;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool shrink_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->alarm != NULL &&
           (!same(facts->alarm, memory->alarm) || long_ago(memory, NOTICE_SHRINK, facts->now, DAY));
}

static bool failed_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->failed != NULL &&
           (!same(facts->failed, memory->cause) || long_ago(memory, NOTICE_FAILED, facts->now, CAUSE_AGAIN));
}

static bool unseen_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->unseen != NULL &&
           (!same(facts->unseen, memory->unseen) || long_ago(memory, NOTICE_UNSEEN, facts->now, DAY));
}

static bool missed_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->missed != NULL &&
           (!same(facts->missed, memory->missed) || long_ago(memory, NOTICE_MISSED, facts->now, DAY));
}

static bool damaged_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->damaged != NULL &&
           (!same(facts->damaged, memory->damaged) || long_ago(memory, NOTICE_DAMAGED, facts->now, 7 * DAY));
}

/* For how long there was no good backup; 0: that is not known. */
static int64_t without(const NoticeFacts *facts)
{
    const int64_t from = facts->good != 0 ? facts->good : facts->since;
    return facts->configured && from != 0 && from < facts->now ? facts->now - from : 0;
}

static bool is_overdue(const NoticeFacts *facts)
{
    return without(facts) > facts->due_hours * HOUR;
}

static bool overdue_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return is_overdue(facts) && long_ago(memory, NOTICE_OVERDUE, facts->now, DAY);
}

static bool sign_in_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->sign_in != NULL && (facts->sign_in_mark != memory->sign_in_mark ||
                                      long_ago(memory, NOTICE_SIGN_IN, facts->now, 7 * DAY));
}

static bool silent_is_due(const NoticeFacts *facts, const NoticeMemory *memory)
{
    return facts->silent != NULL && (!same(facts->silent_names, memory->silent) ||
                                     long_ago(memory, NOTICE_SILENT, facts->now, DAY));
}

char *notice_shrink_text(const char *alarm)
{
    return mem_printf("Look at this: %s. Old backups are kept", alarm);
}

char *notice_damaged_text(const char *name)
{
    return mem_printf("%s can no longer be read to its end. The others stay", name);
}

char *notice_overdue_text(const NoticeFacts *facts)
{
    if (!is_overdue(facts)) {
        return NULL;
    }
    const int64_t hours = without(facts) / HOUR, days = hours / 24;
    return facts->good == 0 ? mem_strdup("There is no good backup yet")
           : days >= 2      ? mem_printf("No good backup for %lld days", (long long)days)
                            : mem_printf("No good backup for %lld hours", (long long)hours);
}

static void remember(char **text, const char *now)
{
    char *copy = mem_strdup(now);
    mem_free(*text);
    *text = copy;
}

/* What is mended is told at once when it comes again. */
static void forget(const NoticeFacts *facts, NoticeMemory *memory)
{
    if (facts->done != NULL) {
        remember(&memory->cause, NULL);
    }
    if (!is_overdue(facts) && (facts->configured || !facts->unknown)) {
        memory->told[NOTICE_OVERDUE] = 0;
    }
    if (facts->unknown) {
        return;
    }
    remember(&memory->unseen, NULL);
    if (facts->alarm == NULL) {
        remember(&memory->alarm, NULL);
    }
    if (facts->sign_in == NULL) {
        memory->told[NOTICE_SIGN_IN] = 0;
    }
    if (facts->silent == NULL) {
        remember(&memory->silent, NULL);
    }
}

NoticeKind notice_look(const NoticeFacts *facts, NoticeMemory *memory, char **text)
{
    forget(facts, memory);
    if (facts->seen) {
        return NOTICE_NONE;
    }
    NoticeKind kind = NOTICE_NONE;
    char *told = NULL;
    if (shrink_is_due(facts, memory)) {
        kind = NOTICE_SHRINK;
        told = notice_shrink_text(facts->alarm);
        remember(&memory->alarm, facts->alarm);
    } else if (failed_is_due(facts, memory)) {
        kind = NOTICE_FAILED;
        told = mem_strdup(facts->failed);
        remember(&memory->cause, facts->failed);
    } else if (unseen_is_due(facts, memory)) {
        kind = NOTICE_UNSEEN;
        told = mem_strdup(facts->unseen);
        remember(&memory->unseen, facts->unseen);
    } else if (missed_is_due(facts, memory)) {
        kind = NOTICE_MISSED;
        told = mem_strdup(facts->missed);
        remember(&memory->missed, facts->missed);
    } else if (damaged_is_due(facts, memory)) {
        kind = NOTICE_DAMAGED;
        told = notice_damaged_text(facts->damaged);
        remember(&memory->damaged, facts->damaged);
    } else if (overdue_is_due(facts, memory)) {
        kind = NOTICE_OVERDUE;
        told = notice_overdue_text(facts);
    } else if (sign_in_is_due(facts, memory)) {
        kind = NOTICE_SIGN_IN;
        told = mem_printf("Attention: %s", facts->sign_in);
        memory->sign_in_mark = facts->sign_in_mark;
    } else if (silent_is_due(facts, memory)) {
        kind = NOTICE_SILENT;
        told = mem_strdup(facts->silent);
        remember(&memory->silent, facts->silent_names);
    } else if (facts->done != NULL && !facts->quiet) {
        kind = NOTICE_DONE;
        told = mem_strdup(facts->done);
    } else {
        return NOTICE_NONE;
    }
    memory->told[kind] = facts->now;
    *text = told;
    return kind;
}

/* --- the file --------------------------------------------------------------------------------------------- */

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL) {
        json_set_string(object, name, text);
    }
}

char *notice_memory_text(const NoticeMemory *memory)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    cJSON *told = cJSON_AddObjectToObject(document, "told");
    for (int i = NOTICE_NONE + 1; i < NOTICE_KINDS; i++) {
        if (memory->told[i] > 0) {
            char *when = clock_iso_text(memory->told[i]);
            json_set_string(told, notice_word((NoticeKind)i), when);
            mem_free(when);
        }
    }
    add_text(document, "cause", memory->cause);
    add_text(document, "alarm", memory->alarm);
    add_text(document, "damaged", memory->damaged);
    add_text(document, "silent", memory->silent);
    add_text(document, "unseen", memory->unseen);
    add_text(document, "missed", memory->missed);
    json_set_int(document, "sign_in_mark", memory->sign_in_mark);
    char *text = json_text(document);
    cJSON_Delete(document);
    return text;
}

static void take_text(const cJSON *object, const char *name, char **text)
{
    remember(text, json_string(object, name, NULL));
}

bool notice_memory_parse(const char *bytes, size_t len, NoticeMemory *memory)
{
    cJSON *document = NULL;
    const bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION;
    notice_memory_release(memory);
    if (ok) {
        const cJSON *told = cJSON_GetObjectItem(document, "told");
        const int64_t mark = json_int(document, "sign_in_mark", 0);
        for (int i = NOTICE_NONE + 1; i < NOTICE_KINDS; i++) {
            const char *when = json_string(told, notice_word((NoticeKind)i), NULL);
            int64_t moment = 0;
            memory->told[i] = when != NULL && clock_parse_iso(when, &moment) && moment > 0 ? moment : 0;
        }
        take_text(document, "cause", &memory->cause);
        take_text(document, "alarm", &memory->alarm);
        take_text(document, "damaged", &memory->damaged);
        take_text(document, "silent", &memory->silent);
        take_text(document, "unseen", &memory->unseen);
        take_text(document, "missed", &memory->missed);
        memory->sign_in_mark = mark >= 0 && mark <= 365 ? (int)mark : 0;
    }
    cJSON_Delete(document);
    return ok;
}
