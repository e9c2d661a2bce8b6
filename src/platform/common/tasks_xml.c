/*
 * tasks_xml.c: the task as a text. The order of the elements is the schema's, which is strict: of a trigger first what
 * all have (StartBoundary, Enabled), then its own.
 *
 * A month's day beyond the 28th gets "Last" beside it, because Task Scheduler passes over a month that has no such day.
 * Where a month has both, the program is started on both, and finds nothing due on one of them.
 */
#include "platform/tasks.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"

#define XML_MAX (256u * 1024u)

void task_info_init(TaskInfo *info)
{
    *info = (TaskInfo){.there = false};
}

void task_info_release(TaskInfo *info)
{
    mem_free(info->author);
    mem_free(info->description);
    mem_free(info->program);
    mem_free(info->arguments);
    mem_free(info->instances);
    mem_free(info->xml);
    task_info_init(info);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static void add_escaped(StrBuf *xml, const char *text)
{
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&': strbuf_addstr(xml, "&amp;"); break;
        case '<': strbuf_addstr(xml, "&lt;"); break;
        case '>': strbuf_addstr(xml, "&gt;"); break;
        default: strbuf_addch(xml, *p); break;
        }
    }
}

static void add_element(StrBuf *xml, const char *indent, const char *name, const char *text)
{
    if (text != NULL) {
        strbuf_addf(xml, "%s<%s>", indent, name);
        add_escaped(xml, text);
        strbuf_addf(xml, "</%s>\n", name);
    }
}

static void add_flag(StrBuf *xml, const char *name, bool value)
{
    add_element(xml, "    ", name, value ? "true" : "false");
}

static void add_days(StrBuf *xml, const TaskSpec *spec)
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    switch (spec->every) {
    case TASK_EVERY_DAY:
        strbuf_addstr(xml, "      <ScheduleByDay>\n        <DaysInterval>1</DaysInterval>\n      </ScheduleByDay>\n");
        return;
    case TASK_EVERY_WEEK:
        strbuf_addstr(xml, "      <ScheduleByWeek>\n        <WeeksInterval>1</WeeksInterval>\n        <DaysOfWeek>\n");
        for (unsigned i = 0; i < 7; i++) {
            if (spec->weekdays & 1u << i) {
                strbuf_addf(xml, "          <%s />\n", days[i]);
            }
        }
        strbuf_addstr(xml, "        </DaysOfWeek>\n      </ScheduleByWeek>\n");
        return;
    case TASK_EVERY_MONTH: break;
    }
    strbuf_addstr(xml, "      <ScheduleByMonth>\n        <DaysOfMonth>\n");
    if (spec->month_day != 0) {
        strbuf_addf(xml, "          <Day>%d</Day>\n", spec->month_day);
    }
    if (spec->month_day == 0 || spec->month_day > 28) {
        strbuf_addstr(xml, "          <Day>Last</Day>\n");
    }
    strbuf_addstr(xml, "        </DaysOfMonth>\n        <Months>\n");
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        strbuf_addf(xml, "          <%s />\n", months[i]);
    }
    strbuf_addstr(xml, "        </Months>\n      </ScheduleByMonth>\n");
}

static void add_triggers(StrBuf *xml, const TaskSpec *spec)
{
    strbuf_addstr(xml, "  <Triggers>\n");
    for (size_t i = 0; i < spec->time_count; i++) {
        strbuf_addf(xml, "    <CalendarTrigger>\n      <StartBoundary>%04d-%02d-%02dT%02d:%02d:00</StartBoundary>\n"
                         "      <Enabled>true</Enabled>\n", spec->from.year, spec->from.month, spec->from.day,
                    spec->times[i] / 60, spec->times[i] % 60);
        add_days(xml, spec);
        strbuf_addstr(xml, "    </CalendarTrigger>\n");
    }
    if (spec->catch_up) {
        strbuf_addstr(xml, "    <LogonTrigger>\n      <Enabled>true</Enabled>\n");
        add_element(xml, "      ", "UserId", spec->user);
        strbuf_addstr(xml, "      <Delay>PT2M</Delay>\n    </LogonTrigger>\n"
                           "    <SessionStateChangeTrigger>\n      <Enabled>true</Enabled>\n");
        add_element(xml, "      ", "UserId", spec->user);
        strbuf_addstr(xml, "      <Delay>PT1M</Delay>\n      <StateChange>SessionUnlock</StateChange>\n"
                           "    </SessionStateChangeTrigger>\n");
    }
    strbuf_addstr(xml, "  </Triggers>\n");
}

static void add_settings(StrBuf *xml, const TaskSpec *spec)
{
    strbuf_addstr(xml, "  <Settings>\n");
    add_element(xml, "    ", "MultipleInstancesPolicy", TASK_INSTANCES);
    add_flag(xml, "DisallowStartIfOnBatteries", false);
    add_flag(xml, "StopIfGoingOnBatteries", false);
    add_flag(xml, "AllowHardTerminate", true);
    add_flag(xml, "StartWhenAvailable", true);
    add_flag(xml, "RunOnlyIfNetworkAvailable", false);
    strbuf_addstr(xml, "    <IdleSettings>\n      <StopOnIdleEnd>false</StopOnIdleEnd>\n"
                       "      <RestartOnIdle>false</RestartOnIdle>\n    </IdleSettings>\n");
    add_flag(xml, "AllowStartOnDemand", true);
    add_flag(xml, "Enabled", true);
    add_flag(xml, "Hidden", false);
    add_flag(xml, "RunOnlyIfIdle", false);
    add_flag(xml, "WakeToRun", spec->wake);
    add_element(xml, "    ", "ExecutionTimeLimit", "P1D");
    add_element(xml, "    ", "Priority", "7");
    strbuf_addstr(xml, "  </Settings>\n");
}

char *tasks_xml(const TaskSpec *spec)
{
    StrBuf xml;
    strbuf_init(&xml, XML_MAX);
    strbuf_addstr(&xml, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"
                        "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n"
                        "  <RegistrationInfo>\n");
    add_element(&xml, "    ", "Author", spec->author);
    add_element(&xml, "    ", "Description", spec->description);
    strbuf_addstr(&xml, "  </RegistrationInfo>\n");
    add_triggers(&xml, spec);
    strbuf_addstr(&xml, "  <Principals>\n    <Principal id=\"Author\">\n");
    add_element(&xml, "      ", "UserId", spec->user);
    strbuf_addstr(&xml, "      <LogonType>InteractiveToken</LogonType>\n      <RunLevel>LeastPrivilege</RunLevel>\n"
                        "    </Principal>\n  </Principals>\n");
    add_settings(&xml, spec);
    strbuf_addstr(&xml, "  <Actions Context=\"Author\">\n    <Exec>\n");
    char *quoted = mem_printf("\"%s\"", spec->program); /* a path with spaces */
    add_element(&xml, "      ", "Command", quoted);
    mem_free(quoted);
    add_element(&xml, "      ", "Arguments", spec->arguments);
    add_element(&xml, "      ", "WorkingDirectory", spec->directory);
    strbuf_addstr(&xml, "    </Exec>\n  </Actions>\n</Task>\n");
    return strbuf_detach(&xml);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

/* The text of the first element of that name, from `xml` on; NULL: there is none. Caller frees. Not a parser: of what
 * Task Scheduler gives out, which is canonical, and shown or compared only. */
static char *text_of(const char *xml, const char *name)
{
    static const struct {
        const char *escape;
        char plain;
    } escapes[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *open = mem_printf("<%s>", name), *close = mem_printf("</%s>", name);
    const char *start = xml != NULL ? strstr(xml, open) : NULL;
    const char *p = start != NULL ? start + strlen(open) : NULL, *end = p != NULL ? strstr(p, close) : NULL;
    StrBuf text;
    strbuf_init(&text, XML_MAX);
    while (end != NULL && p < end) {
        size_t i = 0;
        while (i < sizeof escapes / sizeof *escapes && strncmp(p, escapes[i].escape, strlen(escapes[i].escape)) != 0) {
            i++;
        }
        const bool plain = i == sizeof escapes / sizeof *escapes;
        strbuf_addch(&text, plain ? *p : escapes[i].plain);
        p += plain ? 1 : strlen(escapes[i].escape);
    }
    mem_free(close);
    mem_free(open);
    if (end == NULL) {
        strbuf_release(&text);
        return NULL;
    }
    return text.len > 0 ? strbuf_detach(&text) : (strbuf_release(&text), mem_strdup(""));
}

static char *without_quotes(char *text)
{
    const size_t len = text != NULL ? strlen(text) : 0;
    if (len < 2 || text[0] != '"' || text[len - 1] != '"') {
        return text;
    }
    char *inner = mem_strndup(text + 1, len - 2);
    mem_free(text);
    return inner;
}

void tasks_read_xml(const char *xml, TaskInfo *info)
{
    task_info_release(info);
    info->there = true;
    info->xml = mem_strdup(xml);
    info->author = text_of(xml, "Author");
    info->description = text_of(xml, "Description");
    info->program = without_quotes(text_of(xml, "Command"));
    info->arguments = text_of(xml, "Arguments");
    info->instances = text_of(xml, "MultipleInstancesPolicy");
    char *enabled = text_of(strstr(xml, "<Settings>"), "Enabled");
    info->enabled = enabled == NULL || strcmp(enabled, "false") != 0; /* true is the schema's default */
    mem_free(enabled);
}

/* --- comparing --------------------------------------------------------------------------------------------- */

/* The next element of that name, without its tags, and *xml goes on behind it; NULL: there is none. Caller frees. */
static char *next_element(const char **xml, const char *name)
{
    char *open = mem_printf("<%s", name), *close = mem_printf("</%s>", name), *inner = NULL;
    const char *p = strstr(*xml, open);
    while (p != NULL && inner == NULL) {
        const char *behind = p + strlen(open);
        const char *start = *behind == '>' || *behind == ' ' ? strchr(behind, '>') : NULL;
        const char *end = start != NULL ? strstr(start, close) : NULL;
        if (end != NULL) {
            inner = mem_strndup(start + 1, (size_t)(end - start - 1));
            *xml = end + strlen(close);
        }
        p = strstr(behind, open);
    }
    mem_free(close);
    mem_free(open);
    return inner;
}

typedef struct Starts {
    StrBuf times, days;  /* "02:00, 12:00"; the elements of all triggers */
    char *begins, *ends; /* owned: the latest day on which one begins to count; one after which one does not */
    bool off;            /* one is switched off */
} Starts;

static void starts_release(Starts *starts)
{
    strbuf_release(&starts->times);
    strbuf_release(&starts->days);
    mem_free(starts->begins);
    mem_free(starts->ends);
}

/* "2026-11-30T02:00:00" and, where it is not by local time, what stands behind that. */
static void add_boundary(Starts *starts, const char *boundary)
{
    const size_t len = strlen(boundary);
    if (len < 19 || boundary[10] != 'T') {
        strbuf_addstr(&starts->times, "?");
        return;
    }
    strbuf_addf(&starts->times, "%s%.5s%s", starts->times.len > 0 ? ", " : "", boundary + 11, boundary + 19);
    char *day = mem_strndup(boundary, 10);
    if (starts->begins == NULL || strcmp(day, starts->begins) > 0) {
        mem_free(starts->begins);
        starts->begins = day;
    } else {
        mem_free(day);
    }
}

static void add_trigger(Starts *starts, const char *trigger)
{
    char *enabled = text_of(trigger, "Enabled"), *from = text_of(trigger, "StartBoundary");
    char *until = text_of(trigger, "EndBoundary");
    starts->off = starts->off || (enabled != NULL && strcmp(enabled, "false") == 0);
    add_boundary(starts, from != NULL ? from : "");
    const char *days = strstr(trigger, "<ScheduleBy");
    for (const char *p = days != NULL ? days : ""; *p != '\0'; p++) {
        if (strchr(" \t\r\n", *p) == NULL) {
            strbuf_addch(&starts->days, *p);
        }
    }
    if (until != NULL && starts->ends == NULL) {
        starts->ends = mem_strndup(until, strlen(until) < 10 ? strlen(until) : 10);
    }
    mem_free(until);
    mem_free(from);
    mem_free(enabled);
}

static void read_starts(const char *xml, Starts *starts)
{
    char *trigger;
    *starts = (Starts){.off = false};
    strbuf_init(&starts->times, XML_MAX);
    strbuf_init(&starts->days, XML_MAX);
    while ((trigger = next_element(&xml, "CalendarTrigger")) != NULL) {
        add_trigger(starts, trigger);
        mem_free(trigger);
    }
}

static char *starts_difference(const char *registered, const char *wanted)
{
    Starts is, should;
    read_starts(registered, &is);
    read_starts(wanted, &should);
    char *text = NULL;
    if (is.off) {
        text = mem_strdup("one of its times is switched off");
    } else if (is.times.len == 0) {
        text = mem_strdup("it has no times");
    } else if (strcmp(is.times.buf, should.times.buf) != 0) {
        text = mem_printf("its times are %s, not %s", is.times.buf, should.times.buf);
    } else if (strcmp(is.days.buf, should.days.buf) != 0) {
        text = mem_strdup("its days are others than the schedule's");
    } else if (is.ends != NULL) {
        text = mem_printf("it ends on %s", is.ends);
    } else if (is.begins != NULL && should.begins != NULL && strcmp(is.begins, should.begins) > 0) {
        text = mem_printf("it begins only on %s", is.begins);
    }
    starts_release(&should);
    starts_release(&is);
    return text;
}

static bool differs(const char *registered, const char *wanted, const char *part, const char *name, char **value)
{
    const char *from = registered, *to = wanted;
    char *is_part = next_element(&from, part), *should_part = next_element(&to, part);
    char *should = text_of(should_part, name);
    *value = text_of(is_part, name);
    const bool other = *value != NULL && should != NULL && utf8_casecmp(*value, should) != 0; /* a path */
    mem_free(should);
    mem_free(should_part);
    mem_free(is_part);
    return other;
}

char *tasks_difference(const char *registered, const char *wanted)
{
    static const struct {
        const char *part, *name, *text;
        const char *as_good; /* another value that does no harm */
    } rows[] = {
        {"Settings", "DisallowStartIfOnBatteries", "it starts only on mains power", NULL},
        {"Settings", "StopIfGoingOnBatteries", "it is stopped when the PC goes on battery", NULL},
        {"Settings", "StartWhenAvailable", "it is not started later where its time was slept over", NULL},
        {"Settings", "RunOnlyIfNetworkAvailable", "it starts only while Windows sees a network", NULL},
        {"Settings", "RunOnlyIfIdle", "it starts only while nobody uses the PC", NULL},
        {"Settings", "WakeToRun", "whether it wakes the PC is not as the settings say", NULL},
        {"Settings", "ExecutionTimeLimit", "it is ended after another time than a day", NULL},
        {"Principal", "LogonType", "it runs without the rights of whoever is signed in", "Password"},
        {"Principal", "RunLevel", "it runs with an administrator's rights", NULL},
        {"Exec", "WorkingDirectory", "it starts in another folder", NULL},
    };
    char *text = starts_difference(registered, wanted);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && text == NULL; i++) {
        char *value = NULL;
        if (differs(registered, wanted, rows[i].part, rows[i].name, &value) &&
            (rows[i].as_good == NULL || strcmp(value, rows[i].as_good) != 0)) {
            text = mem_strdup(rows[i].text);
        }
        mem_free(value);
    }
    return text;
}
