#include "test_util.h"

#include "base/job.h"
#include "platform/thread.h"

typedef struct Seen {
    unsigned logs;
    unsigned reports;
    LogLevel level;
    char text[200];
    double fraction;
} Seen;

static void see_log(void *context, LogLevel level, const char *text)
{
    Seen *seen = context;
    seen->logs++;
    seen->level = level;
    snprintf(seen->text, sizeof seen->text, "%s", text);
}

static void see_progress(void *context, const Progress *progress)
{
    Seen *seen = context;
    seen->reports++;
    seen->fraction = progress->fraction;
}

static void sink_gets_lines(void **state)
{
    (void)state;
    Seen seen = {0};
    const JobSink sink = {see_log, see_progress, &seen, NULL};
    job_log(&sink, LOG_WARNING, "%d of %s", 3, "many");
    assert_int_equal(seen.logs, 1);
    assert_int_equal(seen.level, LOG_WARNING);
    assert_string_equal(seen.text, "3 of many");
    job_log(&sink, LOG_BAD, "one\ntwo\r\n");
    assert_string_equal(seen.text, "one two");
    char *huge = mem_alloc(100001);
    memset(huge, 'x', 100000);
    job_log(&sink, LOG_INFO, "%s", huge);
    mem_free(huge);
    assert_string_equal(seen.text, "(a line that is too long to show)");
    const Progress progress = {.fraction = 0.5, .step = "Checking"};
    job_progress(&sink, &progress);
    assert_int_equal(seen.reports, 1);
    assert_true(seen.fraction > 0.49 && seen.fraction < 0.51);
}

static void silence_is_allowed(void **state)
{
    (void)state;
    const JobSink deaf = {NULL, NULL, NULL, NULL};
    const Progress progress = {.fraction = 0.5};
    job_log(NULL, LOG_INFO, "x");
    job_log(&deaf, LOG_INFO, "x");
    job_progress(NULL, &progress);
    job_progress(&deaf, &progress);
}

static void count_ring(void *context)
{
    (*(unsigned *)context)++;
}

static void queue_keeps_order_and_newest_progress(void **state)
{
    (void)state;
    unsigned rings = 0;
    JobQueue *queue = jobqueue_new(count_ring, &rings);
    JobSink sink = jobqueue_sink(queue);
    JobEvent *events;
    assert_int_equal(jobqueue_drain(queue, &events), 0);
    jobqueue_free_events(events, 0);

    char step[] = "Saving parts"; /* borrowed for the call only */
    Progress progress = {.fraction = 0.1, .step = step, .bytes = 10, .bytes_per_second = 2, .seconds_left = 9};
    job_progress(&sink, &progress);
    job_log(&sink, LOG_INFO, "first");
    job_log(&sink, LOG_GOOD, "second");
    step[0] = 'R';
    progress.fraction = 0.2;
    job_progress(&sink, &progress);
    step[0] = 'X';
    assert_int_equal(rings, 1);

    size_t count = jobqueue_drain(queue, &events);
    assert_int_equal(count, 3);
    assert_int_equal(events[0].kind, JOB_EVENT_LOG);
    assert_int_equal(events[0].level, LOG_INFO);
    assert_string_equal(events[0].text, "first");
    assert_int_equal(events[1].level, LOG_GOOD);
    assert_string_equal(events[1].text, "second");
    assert_int_equal(events[2].kind, JOB_EVENT_PROGRESS);
    assert_string_equal(events[2].text, "Raving parts");
    assert_ptr_equal(events[2].progress.step, events[2].text);
    assert_true(events[2].progress.fraction > 0.15);
    assert_int_equal(events[2].progress.bytes, 10);
    jobqueue_free_events(events, count);

    progress.step = NULL;
    job_progress(&sink, &progress);
    assert_int_equal(rings, 2); /* the queue was empty again */
    count = jobqueue_drain(queue, &events);
    assert_int_equal(count, 1);
    assert_string_equal(events[0].text, "");
    jobqueue_free_events(events, count);
    jobqueue_free(queue);
}

static void queue_drops_the_oldest(void **state)
{
    (void)state;
    unsigned rings = 0;
    JobQueue *queue = jobqueue_new(count_ring, &rings);
    JobSink sink = jobqueue_sink(queue);
    JobEvent *events;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 10000; i++) {
            job_log(&sink, LOG_INFO, "%d", i);
        }
        size_t count = jobqueue_drain(queue, &events);
        assert_int_equal(count, 10000);
        assert_string_equal(events[0].text, "0");
        jobqueue_free_events(events, count);
    }
    for (int i = 0; i < 10007; i++) {
        job_log(&sink, LOG_INFO, "%d", i);
    }
    assert_int_equal(rings, 3);
    size_t count = jobqueue_drain(queue, &events);
    assert_int_equal(count, 10001);
    assert_int_equal(events[0].level, LOG_WARNING);
    assert_string_equal(events[0].text, "7 earlier lines are not shown");
    assert_string_equal(events[1].text, "7");
    assert_string_equal(events[10000].text, "10006");
    jobqueue_free_events(events, count);
    job_log(&sink, LOG_INFO, "left in the queue");
    jobqueue_free(queue);
    jobqueue_free(NULL);
}

typedef struct Bell {
    Mutex *mutex;
    Cond *rung;
    bool pending; /* under lock */
} Bell;

static void ring_bell(void *context)
{
    Bell *bell = context;
    mutex_lock(bell->mutex);
    bell->pending = true;
    cond_broadcast(bell->rung);
    mutex_unlock(bell->mutex);
}

static void chatter(void *argument)
{
    JobSink sink = jobqueue_sink(argument);
    for (int i = 0; i < 3000; i++) {
        job_log(&sink, LOG_INFO, "%d", i);
        const Progress progress = {.fraction = i / 3000.0, .step = "Saving"};
        job_progress(&sink, &progress);
    }
    job_log(&sink, LOG_GOOD, "end");
}

/* The doorbell is enough: a reader that drains only when it rings misses nothing and keeps the order. */
static void bell_is_enough(void **state)
{
    (void)state;
    Bell bell = {mutex_new(), cond_new(), false};
    JobQueue *queue = jobqueue_new(ring_bell, &bell);
    Thread *thread = thread_start(chatter, queue);
    int next = 0;
    bool ended = false;
    while (!ended) {
        mutex_lock(bell.mutex);
        while (!bell.pending) {
            cond_wait(bell.rung, bell.mutex);
        }
        bell.pending = false;
        mutex_unlock(bell.mutex);
        JobEvent *events;
        size_t count = jobqueue_drain(queue, &events);
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind == JOB_EVENT_LOG && events[i].level == LOG_INFO) {
                assert_int_equal(strtol(events[i].text, NULL, 10), next);
                next++;
            }
            ended = ended || events[i].level == LOG_GOOD;
        }
        jobqueue_free_events(events, count);
    }
    assert_int_equal(next, 3000);
    thread_join(thread);
    jobqueue_free(queue);
    cond_free(bell.rung);
    mutex_free(bell.mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sink_gets_lines),
        cmocka_unit_test(silence_is_allowed),
        cmocka_unit_test(queue_keeps_order_and_newest_progress),
        cmocka_unit_test(queue_drops_the_oldest),
        cmocka_unit_test(bell_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
