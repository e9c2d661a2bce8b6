/*
 * job.h: what a running job tells the front end.
 *
 * A job runs on one worker thread and calls sink->emit with each event. The sink copies what it needs; the
 * texts are borrowed for the call. It must not block. The console's sink prints; the window's is a JobQueue.
 */
#ifndef CMMS_JOB_H
#define CMMS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

typedef enum LogLevel { LOG_INFO, LOG_GOOD, LOG_WARNING, LOG_BAD } LogLevel;

typedef struct Progress {
    double fraction;       /* 0..1, never falls within a job; 1 only when the job is done. < 0: not known yet */
    const char *step;      /* "Connecting", "Saving work_orders", "Checking", ... */
    uint64_t bytes;        /* written or read so far in this step */
    double bytes_per_second; /* 0: not known */
    double seconds_left;   /* < 0: not known */
} Progress;

typedef struct JobSink {
    void (*log)(void *context, LogLevel level, const char *text); /* one line, no time stamp */
    void (*progress)(void *context, const Progress *progress);
    void *context;
    const char *actor; /* who is signed in (signin.h), for the audit log; NULL: nobody. Borrowed */
} JobSink;

/* Helpers; a NULL sink, or one with a NULL function, is silence. Line ends inside the text become spaces. */
void job_log(CMMS_OPT const JobSink *sink, LogLevel level, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(3, 4);
void job_progress(CMMS_OPT const JobSink *sink, const Progress *progress);
CMMS_MAY_BE_NULL const char *job_actor(CMMS_OPT const JobSink *sink);

/* The window's sink: a bounded queue between the worker and the window's thread. `ring` is called, without
 * the lock, when something was added to an empty queue: it posts one message (the doorbell). Of progress only
 * the newest is kept (it comes last); of log lines the oldest are dropped when 10,000 wait, and the count is told. */
typedef struct JobQueue JobQueue;
typedef struct JobEvent {
    enum { JOB_EVENT_LOG, JOB_EVENT_PROGRESS } kind;
    LogLevel level;
    char *text; /* owned: the log line, or the step */
    Progress progress;
} JobEvent;

JobQueue *jobqueue_new(void (*ring)(void *context), void *context);
void jobqueue_free(JobQueue *queue);
JobSink jobqueue_sink(JobQueue *queue); /* may be called from any thread */
/* Takes all that waits; caller frees with jobqueue_free_events. */
size_t jobqueue_drain(JobQueue *queue, CMMS_OUT JobEvent **events);
void jobqueue_free_events(JobEvent *events, size_t count);

#endif
