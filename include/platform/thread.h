/* thread.h: threads, mutexes and conditions. Implemented by the platform. */
#ifndef CMMS_THREAD_H
#define CMMS_THREAD_H

#include <stdbool.h>

#include "compiler.h"

typedef struct Thread Thread;
typedef struct Mutex Mutex;
typedef struct Cond Cond;

/* A thread that cannot be started ends the program like memory that cannot be had. */
CMMS_NEVER_NULL Thread *thread_start(void (*run)(void *argument), void *argument);
void thread_join(Thread *thread); /* waits and frees; NULL is fine */
/* One that nobody waits for: it owns what it uses, and may still run when the program ends. */
void thread_start_detached(void (*run)(void *argument), void *argument);
unsigned thread_cpu_count(void);  /* at least 1 */
/* The calling thread runs only while others leave it a processor, or no longer does. A wish: some systems do not let
 * an ordinary user take it back. */
void thread_give_way(bool yes);

CMMS_NEVER_NULL Mutex *mutex_new(void);
void mutex_free(Mutex *mutex);
void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);
/* The one that is always there: for what the whole process shares. Held shortly. */
CMMS_NEVER_NULL Mutex *thread_process_mutex(void);

CMMS_NEVER_NULL Cond *cond_new(void);
void cond_free(Cond *cond);
void cond_wait(Cond *cond, Mutex *mutex); /* may wake without reason: wait in a loop */
bool cond_wait_ms(Cond *cond, Mutex *mutex, unsigned ms); /* false: the time is up */
void cond_broadcast(Cond *cond);

#endif
