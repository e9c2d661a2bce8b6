/*
 * rate.h: the gate for what uploads send: how much in a second, and whether anything at all (a pause). One Rate is
 * shared by all uploads of a job, whatever their number: together they keep the limit. Any thread.
 */
#ifndef CMMS_RATE_H
#define CMMS_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/cancel.h"

typedef struct Rate Rate;

#define RATE_LEAST 16384u /* bytes a second; a limit that is lower counts as this, or servers would lose patience */

Rate *rate_new(void); /* no limit, not paused */
void rate_free(Rate *rate);
void rate_limit(Rate *rate, uint64_t bytes_per_second); /* 0: none. From now on */
void rate_pause(Rate *rate, bool paused);
bool rate_is_paused(Rate *rate);

/* How many of `wanted` bytes may go now; they count as gone. 0: none, ask again in some 20 ms. At the most a quarter of
 * a second's worth goes at once, so that what was not used before does not come in a flood. now_ms: the monotonic
 * clock. */
size_t rate_take(Rate *rate, size_t wanted, uint64_t now_ms);

/* What one request should send at the most: what goes in twenty seconds, in whole units, one of them at least; `most`
 * where that is less, or nothing limits (rate may be NULL). A request of many minutes is cut by whatever is in between,
 * and then all of it was in vain. */
uint64_t rate_portion(Rate *rate, uint64_t unit, uint64_t most);

/* Waits until nothing is paused. False: cancelled. */
bool rate_await(Rate *rate, const Cancel *cancel);

#endif
