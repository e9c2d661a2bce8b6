/*
 * A cancel is an eventfd that is written once and never read, so it stays readable: process_run and cancel_wait
 * poll it. The flag beside it answers cancel_requested without a system call. Both are safe in a signal handler.
 */
#include "platform/cancel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "posix_private.h"

struct Cancel {
    atomic_bool requested; /* any thread */
    int fd;                /* set before start */
};

Cancel *cancel_new(void)
{
    Cancel *cancel = mem_alloc(sizeof *cancel);
    atomic_init(&cancel->requested, false);
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0) {
        mem_out();
    }
    return cancel;
}

void cancel_free(Cancel *cancel)
{
    if (cancel) {
        close(cancel->fd);
        mem_free(cancel);
    }
}

void cancel_request(Cancel *cancel)
{
    int saved = errno; /* a signal handler must not change it */
    const uint64_t one = 1;
    atomic_store(&cancel->requested, true);
    /* It can only fail when it was written 2^64 times before; then it is readable already. */
    ssize_t written = write(cancel->fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

bool cancel_requested(const Cancel *cancel)
{
    return cancel && atomic_load(&cancel->requested);
}

bool cancel_wait(const Cancel *cancel, unsigned ms)
{
    uint64_t until = clock_monotonic_ms() + ms;
    while (!cancel_requested(cancel)) {
        uint64_t now = clock_monotonic_ms();
        if (now >= until) {
            return false;
        }
        uint64_t left = until - now;
        struct pollfd wait = {cancel_fd(cancel), POLLIN, 0};
        poll(&wait, 1, left < INT_MAX ? (int)left : INT_MAX);
    }
    return true;
}

int cancel_fd(const Cancel *cancel)
{
    return cancel ? cancel->fd : -1;
}
