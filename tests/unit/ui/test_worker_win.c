/* Work behind a dialog that waits for it, or leaves it alone. No window: the message goes nowhere. */
#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/worker.c"

#define WAIT_MS 30000u

typedef struct Job {
    HANDLE go;      /* the work lasts until this */
    HANDLE worked;  /* it has */
    HANDLE released;
    bool cancelled; /* that was asked for when it ended */
} Job;

static void work(void *job, const Cancel *cancel)
{
    Job *j = job;
    WaitForSingleObject(j->go, WAIT_MS);
    j->cancelled = cancel_requested(cancel);
    SetEvent(j->worked);
}

static void release(void *job)
{
    SetEvent(((Job *)job)->released);
}

static int set_up(void **state)
{
    Job *job = mem_alloc(sizeof *job);
    job->go = CreateEventW(NULL, TRUE, FALSE, NULL);
    job->worked = CreateEventW(NULL, TRUE, FALSE, NULL);
    job->released = CreateEventW(NULL, TRUE, FALSE, NULL);
    *state = job;
    return 0;
}

static int tear_down(void **state)
{
    Job *job = *state;
    CloseHandle(job->go);
    CloseHandle(job->worked);
    CloseHandle(job->released);
    mem_free(job);
    return 0;
}

static bool is_set(HANDLE event, DWORD ms)
{
    return WaitForSingleObject(event, ms) == WAIT_OBJECT_0;
}

/* The end of the work has been noted. */
static void wait_for_end(const Worker *worker)
{
    const ULONGLONG end = GetTickCount64() + WAIT_MS;
    while (worker->parted == 0 && GetTickCount64() < end) {
        Sleep(1);
    }
    assert_int_equal(worker->parted, 1);
}

static void one_that_is_waited_for(void **state)
{
    Job *job = *state;
    Worker *worker = worker_start(NULL, work, job);
    SetEvent(job->go);
    worker_end(worker);
    assert_true(is_set(job->worked, 0));
    assert_false(job->cancelled);
    assert_false(is_set(job->released, 0));
}

/* It hangs: nobody waits for it, and when it ends at last it frees what it had. */
static void one_that_is_left_frees_its_job(void **state)
{
    Job *job = *state;
    Worker *worker = worker_start(NULL, work, job);
    worker_leave(worker, release);
    assert_false(is_set(job->released, 0));
    SetEvent(job->go);
    assert_true(is_set(job->released, WAIT_MS));
    assert_true(job->cancelled);
}

/* It has just ended, and its message is on the way to a dialog that goes. */
static void one_that_has_ended_is_freed_at_once(void **state)
{
    Job *job = *state;
    Worker *worker = worker_start(NULL, work, job);
    SetEvent(job->go);
    wait_for_end(worker);
    worker_leave(worker, release);
    assert_true(is_set(job->released, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(one_that_is_waited_for), TEST(one_that_is_left_frees_its_job),
                                       TEST(one_that_has_ended_is_freed_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
