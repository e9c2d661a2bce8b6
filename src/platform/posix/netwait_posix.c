/*
 * netwait_posix.c: poll() in short slices. Data ends a slice at once; only a request to stop waits for its end.
 */
#include "netwait.h"

#include <errno.h>
#include <poll.h>

#include "clock.h"

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
        struct pollfd poll_for = {.fd = (int)socket, .events = 0, .revents = 0};
        if ((want & NET_READ) != 0) {
            poll_for.events = (short)(poll_for.events | POLLIN);
        }
        if ((want & NET_WRITE) != 0) {
            poll_for.events = (short)(poll_for.events | POLLOUT);
        }
        const int ready = poll(&poll_for, 1, (int)(left < SLICE_MS ? left : SLICE_MS));
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true;
        }
        if (left == 0) {
            return false;
        }
    }
}
