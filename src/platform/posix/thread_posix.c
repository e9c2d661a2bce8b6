#include "platform/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

struct Thread {
    pthread_t id;
    void (*run)(void *argument);
    void *argument;
};

struct Mutex {
    pthread_mutex_t mutex;
};

struct Cond {
    pthread_cond_t cond;
};

/* None of these can fail but for want of memory or by a mistake of ours. */
static void check(int result)
{
    if (result != 0) {
        mem_out();
    }
}

static void *thread_main(void *argument)
{
    Thread *thread = argument;
    thread->run(thread->argument);
    return NULL;
}

Thread *thread_start(void (*run)(void *argument), void *argument)
{
    Thread *thread = mem_alloc(sizeof *thread);
    thread->run = run;
    thread->argument = argument;
    check(pthread_create(&thread->id, NULL, thread_main, thread));
    return thread;
}

static void *detached_main(void *argument)
{
    Thread thread = *(Thread *)argument;
    mem_free(argument);
    thread.run(thread.argument);
    return NULL;
}

void thread_start_detached(void (*run)(void *argument), void *argument)
{
    Thread *thread = mem_alloc(sizeof *thread);
    thread->run = run;
    thread->argument = argument;
    pthread_t id;
    check(pthread_create(&id, NULL, detached_main, thread));
    check(pthread_detach(id));
}

void thread_join(Thread *thread)
{
    if (thread) {
        check(pthread_join(thread->id, NULL));
        mem_free(thread);
    }
}

unsigned thread_cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

/* On Linux a thread has a niceness of its own. */
void thread_give_way(bool yes)
{
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), yes ? 10 : 0);
}

Mutex *mutex_new(void)
{
    Mutex *mutex = mem_alloc(sizeof *mutex);
    check(pthread_mutex_init(&mutex->mutex, NULL));
    return mutex;
}

Mutex *thread_process_mutex(void)
{
    static Mutex mutex = {PTHREAD_MUTEX_INITIALIZER};
    return &mutex;
}

void mutex_free(Mutex *mutex)
{
    if (mutex) {
        check(pthread_mutex_destroy(&mutex->mutex));
        mem_free(mutex);
    }
}

void mutex_lock(Mutex *mutex)
{
    check(pthread_mutex_lock(&mutex->mutex));
}

void mutex_unlock(Mutex *mutex)
{
    check(pthread_mutex_unlock(&mutex->mutex));
}

Cond *cond_new(void)
{
    Cond *cond = mem_alloc(sizeof *cond);
    pthread_condattr_t attributes;
    check(pthread_condattr_init(&attributes));
    /* Waits must not stretch or shrink when somebody sets the clock. */
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    check(pthread_cond_init(&cond->cond, &attributes));
    pthread_condattr_destroy(&attributes);
    return cond;
}

void cond_free(Cond *cond)
{
    if (cond) {
        check(pthread_cond_destroy(&cond->cond));
        mem_free(cond);
    }
}

void cond_wait(Cond *cond, Mutex *mutex)
{
    check(pthread_cond_wait(&cond->cond, &mutex->mutex));
}

bool cond_wait_ms(Cond *cond, Mutex *mutex, unsigned ms)
{
    struct timespec until;
    check(clock_gettime(CLOCK_MONOTONIC, &until));
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int result = pthread_cond_timedwait(&cond->cond, &mutex->mutex, &until);
    if (result != ETIMEDOUT) {
        check(result);
    }
    return result == 0;
}

void cond_broadcast(Cond *cond)
{
    check(pthread_cond_broadcast(&cond->cond));
}
