/*
 * netwait_common.c: waiting in short slices, with a look for a request to stop between them. Data ends a slice at
 * once; only a request to stop waits for its end.
 *
 * A lookup is shared by the one who waits and the thread that resolves; whoever lets go last frees it.
 */
#include "platform/netwait.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define SLICE_MS 50u

bool net_wait(intptr_t socket, unsigned want, unsigned ms, const Cancel *cancel)
{
    const uint64_t end = clock_monotonic_ms() + ms;
    for (;;) {
        if (cancel_requested(cancel)) {
            return false;
        }
        const uint64_t now = clock_monotonic_ms();
        const uint64_t left = now < end ? end - now : 0;
        if (net_ready(socket, want, left < SLICE_MS ? (unsigned)left : SLICE_MS)) {
            return true;
        }
        if (left == 0) {
            return false;
        }
    }
}

typedef struct Lookup {
    char *host; /* set before start */
    Mutex *mutex;
    Cond *changed;
    /* Under the mutex: */
    bool done, found;
    char *text;
    bool shared; /* both still hold it */
} Lookup;

/* Called with the mutex, which it releases. */
static void let_go(Lookup *lookup)
{
    const bool last = !lookup->shared;
    lookup->shared = false;
    mutex_unlock(lookup->mutex);
    if (last) {
        mutex_free(lookup->mutex);
        cond_free(lookup->changed);
        mem_free(lookup->text);
        mem_free(lookup->host);
        mem_free(lookup);
    }
}

static void resolve(void *argument)
{
    Lookup *lookup = argument;
    char *text = NULL;
    const bool found = net_resolve(lookup->host, &text);
    mutex_lock(lookup->mutex);
    lookup->done = true;
    lookup->found = found;
    lookup->text = text;
    cond_broadcast(lookup->changed);
    let_go(lookup);
}

NetLookup net_lookup(const char *host, unsigned ms, const Cancel *cancel, char **text)
{
    const uint64_t end = clock_monotonic_ms() + ms;
    NetLookup outcome = NET_TIMED_OUT;
    Lookup *lookup = mem_alloc(sizeof *lookup);
    *lookup = (Lookup){.host = mem_strdup(host), .mutex = mutex_new(), .changed = cond_new(), .shared = true};
    thread_start_detached(resolve, lookup);
    mutex_lock(lookup->mutex);
    while (!lookup->done && !cancel_requested(cancel) && clock_monotonic_ms() < end) {
        cond_wait_ms(lookup->changed, lookup->mutex, SLICE_MS);
    }
    if (cancel_requested(cancel)) {
        outcome = NET_STOPPED;
    } else if (lookup->done) {
        outcome = lookup->found ? NET_FOUND : NET_NOT_FOUND;
        *text = lookup->text;
        lookup->text = NULL;
    }
    let_go(lookup);
    return outcome;
}
