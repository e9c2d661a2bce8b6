/* thread_win.c: threads, slim locks and condition variables. CreateThread, not _beginthreadex: today's C runtimes
 * make and free their per-thread data by themselves, and <process.h> would be our own. */
#include "platform/thread.h"

#include <windows.h>

#include "base/mem.h"

struct Thread {
    HANDLE handle;
    void (*run)(void *argument);
    void *argument;
};

struct Mutex {
    SRWLOCK lock;
};

struct Cond {
    CONDITION_VARIABLE variable;
};

static DWORD WINAPI thread_main(void *argument)
{
    Thread *thread = argument;

    thread->run(thread->argument);
    return 0;
}

Thread *thread_start(void (*run)(void *argument), void *argument)
{
    Thread *thread = mem_alloc(sizeof *thread);

    thread->run = run;
    thread->argument = argument;
    thread->handle = CreateThread(NULL, 0, thread_main, thread, 0, NULL);
    if (thread->handle == NULL)
        mem_out();
    return thread;
}

static DWORD WINAPI detached_main(void *argument)
{
    Thread thread = *(Thread *)argument;

    mem_free(argument);
    thread.run(thread.argument);
    return 0;
}

void thread_start_detached(void (*run)(void *argument), void *argument)
{
    Thread *thread = mem_alloc(sizeof *thread);
    HANDLE handle;

    thread->run = run;
    thread->argument = argument;
    handle = CreateThread(NULL, 0, detached_main, thread, 0, NULL);
    if (handle == NULL)
        mem_out();
    CloseHandle(handle);
}

void thread_join(Thread *thread)
{
    if (thread == NULL)
        return;
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    mem_free(thread);
}

unsigned thread_cpu_count(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);

    return count > 0 ? (unsigned)count : 1;
}

void thread_give_way(bool yes)
{
    SetThreadPriority(GetCurrentThread(), yes ? THREAD_PRIORITY_BELOW_NORMAL : THREAD_PRIORITY_NORMAL);
}

Mutex *mutex_new(void)
{
    Mutex *mutex = mem_alloc(sizeof *mutex);

    InitializeSRWLock(&mutex->lock);
    return mutex;
}

Mutex *thread_process_mutex(void)
{
    static Mutex mutex = {SRWLOCK_INIT};

    return &mutex;
}

void mutex_free(Mutex *mutex)
{
    mem_free(mutex);
}

void mutex_lock(Mutex *mutex)
{
    AcquireSRWLockExclusive(&mutex->lock);
}

void mutex_unlock(Mutex *mutex)
{
    ReleaseSRWLockExclusive(&mutex->lock);
}

Cond *cond_new(void)
{
    Cond *cond = mem_alloc(sizeof *cond);

    InitializeConditionVariable(&cond->variable);
    return cond;
}

void cond_free(Cond *cond)
{
    mem_free(cond);
}

void cond_wait(Cond *cond, Mutex *mutex)
{
    SleepConditionVariableSRW(&cond->variable, &mutex->lock, INFINITE, 0);
}

bool cond_wait_ms(Cond *cond, Mutex *mutex, unsigned ms)
{
    return SleepConditionVariableSRW(&cond->variable, &mutex->lock, ms, 0) != 0;
}

void cond_broadcast(Cond *cond)
{
    WakeAllConditionVariable(&cond->variable);
}
