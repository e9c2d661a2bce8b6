/*
 * The queue between a worker and the window. Log lines wait in a ring; progress is one place that each newer
 * report overwrites. Everything is under one mutex that is held for a few instructions only, so that neither
 * side waits for the other; the doorbell rings outside of it, so that a handler which drains at once cannot
 * deadlock.
 */
#include "base/job.h"

#include <stdarg.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/thread.h"

#define MAX_LINES 10000u

typedef struct Line {
    LogLevel level;
    char *text; /* owned */
} Line;

struct JobQueue {
    void (*ring)(void *context); /* set before start */
    void *context;
    Mutex *mutex;
    /* under lock */
    Line *lines;  /* a ring of `capacity` */
    size_t capacity;
    size_t first; /* the oldest line's place */
    size_t count;
    size_t dropped;
    bool has_progress;
    Progress progress;
    char *step; /* owned */
};

void job_log(const JobSink *sink, LogLevel level, const char *format, ...)
{
    if (!sink || !sink->log) {
        return;
    }
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    va_list args;
    va_start(args, format);
    if (!strbuf_vaddf(&sb, format, args)) {
        strbuf_addstr(&sb, "(a line that is too long to show)");
    }
    va_end(args);
    strbuf_trim(&sb);
    for (char *p = sb.buf; *p; p++) {
        if (*p == '\n' || *p == '\r') {
            *p = ' ';
        }
    }
    sink->log(sink->context, level, sb.buf);
    strbuf_release(&sb);
}

const char *job_actor(const JobSink *sink)
{
    return sink ? sink->actor : NULL;
}

void job_progress(const JobSink *sink, const Progress *progress)
{
    if (sink && sink->progress) {
        sink->progress(sink->context, progress);
    }
}

JobQueue *jobqueue_new(void (*ring)(void *context), void *context)
{
    JobQueue *queue = mem_alloc(sizeof *queue);
    queue->ring = ring;
    queue->context = context;
    queue->mutex = mutex_new();
    return queue;
}

void jobqueue_free(JobQueue *queue)
{
    if (!queue) {
        return;
    }
    for (size_t i = 0; i < queue->count; i++) {
        mem_free(queue->lines[(queue->first + i) % queue->capacity].text);
    }
    mem_free(queue->lines);
    mem_free(queue->step);
    mutex_free(queue->mutex);
    mem_free(queue);
}

static bool is_empty(const JobQueue *queue)
{
    return queue->count == 0 && !queue->has_progress;
}

/* Makes the ring larger, its oldest line first in the new memory. */
static void grow(JobQueue *queue)
{
    size_t capacity = queue->capacity > 0 ? queue->capacity * 2 : 64;
    if (capacity > MAX_LINES) {
        capacity = MAX_LINES;
    }
    Line *lines = mem_array(capacity, sizeof *lines);
    for (size_t i = 0; i < queue->count; i++) {
        lines[i] = queue->lines[(queue->first + i) % queue->capacity];
    }
    mem_free(queue->lines);
    queue->lines = lines;
    queue->capacity = capacity;
    queue->first = 0;
}

static void finish_emit(JobQueue *queue, bool was_empty)
{
    mutex_unlock(queue->mutex);
    if (was_empty && queue->ring) {
        queue->ring(queue->context);
    }
}

static void emit_log(void *context, LogLevel level, const char *text)
{
    JobQueue *queue = context;
    char *copy = mem_strdup(text);
    mutex_lock(queue->mutex);
    bool was_empty = is_empty(queue);
    if (queue->count == MAX_LINES) {
        mem_free(queue->lines[queue->first].text);
        queue->first = (queue->first + 1) % queue->capacity;
        queue->count--;
        queue->dropped++;
    } else if (queue->count == queue->capacity) {
        grow(queue);
    }
    queue->lines[(queue->first + queue->count) % queue->capacity] = (Line){level, copy};
    queue->count++;
    finish_emit(queue, was_empty);
}

static void emit_progress(void *context, const Progress *progress)
{
    JobQueue *queue = context;
    char *step = mem_strdup(progress->step ? progress->step : "");
    mutex_lock(queue->mutex);
    bool was_empty = is_empty(queue);
    char *old = queue->step;
    queue->progress = *progress;
    queue->step = step;
    queue->has_progress = true;
    mem_free(old);
    finish_emit(queue, was_empty);
}

JobSink jobqueue_sink(JobQueue *queue)
{
    return (JobSink){emit_log, emit_progress, queue, NULL};
}

size_t jobqueue_drain(JobQueue *queue, JobEvent **events)
{
    mutex_lock(queue->mutex);
    size_t total = queue->count + (queue->dropped > 0 ? 1 : 0) + (queue->has_progress ? 1 : 0);
    JobEvent *out = mem_array(total, sizeof *out);
    size_t n = 0;
    if (queue->dropped > 0) {
        out[n++] = (JobEvent){.kind = JOB_EVENT_LOG,
                              .level = LOG_WARNING,
                              .text = mem_printf("%zu earlier lines are not shown", queue->dropped)};
    }
    for (size_t i = 0; i < queue->count; i++) {
        const Line *line = &queue->lines[(queue->first + i) % queue->capacity];
        out[n++] = (JobEvent){.kind = JOB_EVENT_LOG, .level = line->level, .text = line->text};
    }
    if (queue->has_progress) {
        out[n] = (JobEvent){.kind = JOB_EVENT_PROGRESS, .text = queue->step, .progress = queue->progress};
        out[n].progress.step = out[n].text;
        n++;
    }
    queue->first = queue->count = queue->dropped = 0;
    queue->has_progress = false;
    queue->step = NULL;
    mutex_unlock(queue->mutex);
    *events = out;
    return n;
}

void jobqueue_free_events(JobEvent *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(events[i].text);
    }
    mem_free(events);
}
