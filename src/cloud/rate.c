#include "cloud/rate.h"

#include "base/mem.h"
#include "platform/thread.h"

#define PARTS 4u /* of a second that may go at once */
#define PAUSE_MS 100u
#define PORTION_S 20u
#define SECOND 1000000u /* microseconds */

struct Rate {
    Mutex *mutex;
    /* Under the mutex. */
    uint64_t limit;   /* bytes a second; 0: none */
    uint64_t full_at; /* when what is saved up is a whole part again; microseconds */
    bool paused;
};

Rate *rate_new(void)
{
    Rate *rate = mem_alloc(sizeof *rate);
    rate->mutex = mutex_new();
    return rate;
}

void rate_free(Rate *rate)
{
    if (rate != NULL) {
        mutex_free(rate->mutex);
        mem_free(rate);
    }
}

void rate_limit(Rate *rate, uint64_t bytes_per_second)
{
    mutex_lock(rate->mutex);
    const uint64_t limit = bytes_per_second > 0 && bytes_per_second < RATE_LEAST ? RATE_LEAST : bytes_per_second;
    if (limit != rate->limit) {
        rate->limit = limit;
        rate->full_at = 0;
    }
    mutex_unlock(rate->mutex);
}

void rate_pause(Rate *rate, bool paused)
{
    mutex_lock(rate->mutex);
    rate->paused = paused;
    mutex_unlock(rate->mutex);
}

bool rate_is_paused(Rate *rate)
{
    mutex_lock(rate->mutex);
    const bool paused = rate->paused;
    mutex_unlock(rate->mutex);
    return paused;
}

size_t rate_take(Rate *rate, size_t wanted, uint64_t now_ms)
{
    size_t taken = wanted;
    mutex_lock(rate->mutex);
    if (rate->paused) {
        taken = 0;
    } else if (rate->limit > 0) {
        /* What is missing of a whole part is what the time until full_at brings. */
        const uint64_t now = now_ms * 1000, until = rate->full_at > now ? rate->full_at - now : 0;
        const uint64_t part = rate->limit / PARTS, missing = rate->limit * until / SECOND;
        const uint64_t left = missing < part ? part - missing : 0;
        taken = wanted < left ? wanted : (size_t)left;
        rate->full_at = now + until + ((uint64_t)taken * SECOND + rate->limit - 1) / rate->limit;
    }
    mutex_unlock(rate->mutex);
    return taken;
}

uint64_t rate_portion(Rate *rate, uint64_t unit, uint64_t most)
{
    uint64_t limit = 0;
    if (rate != NULL) {
        mutex_lock(rate->mutex);
        limit = rate->limit;
        mutex_unlock(rate->mutex);
    }
    const uint64_t portion = limit * PORTION_S / unit * unit;
    return limit == 0 || portion >= most ? most : portion < unit ? unit : portion;
}

bool rate_await(Rate *rate, const Cancel *cancel)
{
    while (rate_is_paused(rate)) {
        if (cancel_wait(cancel, PAUSE_MS)) {
            return false;
        }
    }
    return true;
}
