/* counting.c: a thread around snapshot_count. */
#include "postgres/counting.h"

#include "base/mem.h"
#include "platform/thread.h"

struct Counting {
    Pg *pg;             /* the thread's */
    Snapshot *snapshot; /* its list is read by all, its rows under the mutex, up to `done` */
    Cancel *cancel;
    Thread *thread;
    Mutex *mutex;
    Cond *changed;
    size_t done; /* under the mutex */
    bool ended;  /* the same */
    bool lost;   /* the same */
    bool moved;  /* the same: what is counted is no longer what the snapshot has */
    char *warning; /* the thread's until it is joined */
    Error err;     /* the same */
};

static void on_counted(void *context, size_t done)
{
    Counting *counting = context;
    mutex_lock(counting->mutex);
    counting->done = done;
    cond_broadcast(counting->changed);
    mutex_unlock(counting->mutex);
}

static void count(void *argument)
{
    Counting *counting = argument;
    snapshot_count(counting->pg, counting->snapshot, counting->cancel, on_counted, counting, &counting->warning,
                   &counting->err);
    mutex_lock(counting->mutex);
    counting->ended = true;
    counting->lost = counting->err.kind == EK_CONNECT;
    counting->moved = counting->snapshot->changed != NULL;
    cond_broadcast(counting->changed);
    mutex_unlock(counting->mutex);
}

Counting *counting_start(Pg *pg, Snapshot *snapshot)
{
    Counting *counting = mem_alloc(sizeof *counting);
    *counting = (Counting){.pg = pg, .snapshot = snapshot, .err = ERROR_INIT};
    counting->cancel = cancel_new();
    counting->mutex = mutex_new();
    counting->changed = cond_new();
    counting->thread = thread_start(count, counting);
    return counting;
}

bool counting_ended(Counting *counting, unsigned ms)
{
    if (counting == NULL) {
        return false;
    }
    mutex_lock(counting->mutex);
    if (!counting->ended && ms > 0) {
        cond_wait_ms(counting->changed, counting->mutex, ms);
    }
    const bool ended = counting->ended;
    mutex_unlock(counting->mutex);
    return ended;
}

static bool is_set(Counting *counting, const bool *flag)
{
    mutex_lock(counting->mutex);
    const bool set = *flag;
    mutex_unlock(counting->mutex);
    return set;
}

bool counting_lost(Counting *counting)
{
    return counting != NULL && is_set(counting, &counting->lost);
}

bool counting_changed(Counting *counting)
{
    return counting != NULL && is_set(counting, &counting->moved);
}

size_t counting_done(Counting *counting)
{
    if (counting == NULL) {
        return 0;
    }
    mutex_lock(counting->mutex);
    const size_t done = counting->done;
    mutex_unlock(counting->mutex);
    return done;
}

int64_t counting_rows(Counting *counting, const SnapshotTable *table)
{
    const size_t done = counting_done(counting);
    return done > 0 && (size_t)(table - counting->snapshot->tables) < done ? table->rows : -1;
}

void counting_stop(Counting *counting)
{
    if (counting != NULL) {
        cancel_request(counting->cancel);
    }
}

bool counting_end(Counting *counting, bool stop, char **warning, Error *err)
{
    if (stop) {
        cancel_request(counting->cancel);
    }
    thread_join(counting->thread);
    if (counting->warning != NULL) {
        *warning = counting->warning;
    }
    const bool ok = counting->err.kind == EK_NONE || error_move(err, &counting->err);
    cancel_free(counting->cancel);
    cond_free(counting->changed);
    mutex_free(counting->mutex);
    mem_free(counting);
    return ok;
}
