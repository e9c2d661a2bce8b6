#include "test_util.h"

#include "platform/thread.h"

typedef struct Shared {
    Mutex *mutex;
    Cond *changed;
    /* under lock */
    unsigned count;
    bool go;
    bool seen;
} Shared;

static void shared_init(Shared *shared)
{
    *shared = (Shared){.mutex = mutex_new(), .changed = cond_new()};
}

static void shared_release(Shared *shared)
{
    cond_free(shared->changed);
    mutex_free(shared->mutex);
}

static void add_many(void *argument)
{
    Shared *shared = argument;
    for (unsigned i = 0; i < 20000; i++) {
        mutex_lock(shared->mutex);
        shared->count++;
        mutex_unlock(shared->mutex);
    }
}

static void mutex_excludes(void **state)
{
    (void)state;
    Shared shared;
    shared_init(&shared);
    Thread *threads[4];
    for (size_t i = 0; i < TEST_COUNT(threads); i++) {
        threads[i] = thread_start(add_many, &shared);
    }
    for (size_t i = 0; i < TEST_COUNT(threads); i++) {
        thread_join(threads[i]);
    }
    assert_int_equal(shared.count, 80000);
    shared_release(&shared);
    thread_join(NULL);
}

static void answer(void *argument)
{
    Shared *shared = argument;
    mutex_lock(shared->mutex);
    while (!shared->go) {
        cond_wait(shared->changed, shared->mutex);
    }
    shared->seen = true;
    cond_broadcast(shared->changed);
    mutex_unlock(shared->mutex);
}

static void conditions_wake(void **state)
{
    (void)state;
    Shared shared;
    shared_init(&shared);
    Thread *thread = thread_start(answer, &shared);
    mutex_lock(shared.mutex);
    shared.go = true;
    cond_broadcast(shared.changed);
    bool in_time = true;
    while (!shared.seen && in_time) {
        in_time = cond_wait_ms(shared.changed, shared.mutex, 60000);
    }
    assert_true(shared.seen);
    mutex_unlock(shared.mutex);
    thread_join(thread);
    shared_release(&shared);
}

static void wait_times_out(void **state)
{
    (void)state;
    Shared shared;
    shared_init(&shared);
    mutex_lock(shared.mutex);
    while (cond_wait_ms(shared.changed, shared.mutex, 1)) {
        /* a wake without reason is allowed */
    }
    mutex_unlock(shared.mutex);
    shared_release(&shared);
}

static void counts_processors(void **state)
{
    (void)state;
    assert_true(thread_cpu_count() >= 1 && thread_cpu_count() <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutex_excludes),
        cmocka_unit_test(conditions_wake),
        cmocka_unit_test(wait_times_out),
        cmocka_unit_test(counts_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
