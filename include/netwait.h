/* netwait.h: waits for a socket of a library that does its own reading and writing. By the platform. */
#ifndef CMMS_NETWAIT_H
#define CMMS_NETWAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "cancel.h"

#define NET_READ 1u
#define NET_WRITE 2u

/* Waits until the socket can be read or written (as `want` says, or both) or has failed, which the next read
 * or write will tell: true. False when `ms` have passed or a stop was requested. */
bool net_wait(intptr_t socket, unsigned want, unsigned ms, const Cancel *cancel);

#endif
