/* netwait.h: waits for a socket of a library that does its own reading and writing, and for a host's name. */
#ifndef CMMS_NETWAIT_H
#define CMMS_NETWAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "platform/cancel.h"

#define NET_READ 1u
#define NET_WRITE 2u

/* Waits until the socket can be read or written (as `want` says, or both) or has failed, which the next read
 * or write will tell: true. False when `ms` have passed or a stop was requested. */
bool net_wait(intptr_t socket, unsigned want, unsigned ms, const Cancel *cancel);

typedef enum NetLookup { NET_FOUND, NET_NOT_FOUND, NET_TIMED_OUT, NET_STOPPED } NetLookup;

/* Looks a host's name up: NET_FOUND with its addresses as numbers, separated by commas, at most eight; NET_NOT_FOUND
 * with the system's words. Either text is the caller's to free. The system's resolver cannot be interrupted, so it
 * works on a thread of its own, which is left to itself when a stop is requested or the time is up. */
NetLookup net_lookup(const char *host, unsigned ms, const Cancel *cancel, char **text);

/* --- by the platform ------------------------------------------------------------------------------------- */

/* One look of at most `ms`: ready, or failed. */
bool net_ready(intptr_t socket, unsigned want, unsigned ms);
/* Blocks as long as the resolver does. The addresses, or the system's words for why there is none; in both cases the
 * caller frees *text. */
bool net_resolve(const char *host, CMMS_OUT char **text);

#endif
