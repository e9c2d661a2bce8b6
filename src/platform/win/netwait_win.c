/*
 * netwait_win.c: select() in short slices. Data ends a slice at once; only a request to stop waits for its end.
 *
 * Not WSAPoll: before Windows 10 2004 it does not report a connection that was refused. select tells that in
 * the third set.
 */
#include <winsock2.h>

#include "netwait.h"

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
        const uint64_t slice = left < SLICE_MS ? left : SLICE_MS;
        fd_set reads = {.fd_count = 0}, writes = {.fd_count = 0}, failures = {.fd_count = 0};
        if ((want & NET_READ) != 0) {
            reads.fd_count = 1;
            reads.fd_array[0] = (SOCKET)socket;
        }
        if ((want & NET_WRITE) != 0) {
            writes.fd_count = 1;
            writes.fd_array[0] = (SOCKET)socket;
        }
        failures.fd_count = 1;
        failures.fd_array[0] = (SOCKET)socket;
        const struct timeval limit = {.tv_sec = 0, .tv_usec = (long)slice * 1000};
        if (select(0, &reads, &writes, &failures, &limit) != 0) {
            return true; /* ready, failed, or not a socket any more: the caller's next call tells */
        }
        if (left == 0) {
            return false;
        }
    }
}
