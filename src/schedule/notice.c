/* notice.c: the table of notice.h, row by row. */
#include "schedule/notice.h"

#include <string.h>

#include "base/mem.h"

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
    notice_memory_init(memory);
}

const char *notice_title(NoticeKind kind)
{
    static const char *const titles[NOTICE_KINDS] = {"", "Rows were lost", "Backup failed", "Backup damaged",
                                                     "Backup overdue", "Sign-in runs out", "A computer is silent",
                                                     "Backup done"};
    return titles[kind];
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
    if (!is_overdue(facts)) {
        memory->told[NOTICE_OVERDUE] = 0;
    }
    if (facts->unknown) {
        return;
    }
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
