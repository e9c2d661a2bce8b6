#include "worker.h"

#include "base/mem.h"
#include "platform/thread.h"

struct Worker {
    /* Set before start. */
    HWND dialog;
    void (*run)(void *job, const Cancel *cancel);
    void *job;
    /* Any thread. */
    Cancel *cancel;
    void (*release)(void *job); /* set before it is left alone */
    volatile LONG parted;       /* the work has ended, or nobody waits for it: whoever comes second frees it */
    /* The dialog's. */
    Thread *thread;
};

static void run(void *argument)
{
    Worker *worker = argument;
    worker->run(worker->job, worker->cancel);
    if (InterlockedExchange(&worker->parted, 1) == 0) {
        PostMessageW(worker->dialog, WM_APP_WORKER, 0, 0);
    } else {
        worker->release(worker->job);
        cancel_free(worker->cancel);
        mem_free(worker);
    }
}

Worker *worker_start(HWND dialog, void (*work)(void *job, const Cancel *cancel), void *job)
{
    Worker *worker = mem_alloc(sizeof *worker);
    worker->dialog = dialog;
    worker->run = work;
    worker->job = job;
    worker->cancel = cancel_new();
    worker->thread = thread_start(run, worker);
    return worker;
}

void worker_cancel(Worker *worker)
{
    cancel_request(worker->cancel);
}

void worker_leave(Worker *worker, void (*release)(void *job))
{
    void *job = worker->job;
    worker->release = release;
    cancel_request(worker->cancel);
    if (InterlockedExchange(&worker->parted, 1) == 1) {
        worker_end(worker);
        release(job);
    }
}

void worker_end(Worker *worker)
{
    if (worker != NULL) {
        thread_join(worker->thread);
        cancel_free(worker->cancel);
        mem_free(worker);
    }
}
