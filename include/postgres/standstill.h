/*
 * standstill.h: how long something may go without a sign of life before it is given up: a tool that says nothing and
 * writes nothing, a statement to which nothing comes back. There is no limit on the time as a whole. Times are given
 * by the caller, in milliseconds of clock_monotonic_ms, so that it can be tested.
 */
#ifndef CMMS_STANDSTILL_H
#define CMMS_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Standstill {
    /* Set before start. */
    unsigned seconds; /* without a sign of life; 0: for ever */
    /* Asked when they are over: does the server work on it? NULL: no. A yes counts as a sign of life, but not for more
     * than six times in a row. */
    bool (*still_working)(void *context);
    void *context;
    /* Its own. */
    uint64_t moved_ms, looked_ms;
    unsigned asked; /* so often in a row */
} Standstill;

void standstill_start(Standstill *still, uint64_t now_ms);
void standstill_moved(Standstill *still, uint64_t now_ms); /* a sign of life */
/* To be called at least every second: whether it is to be given up. While nobody calls, the PC sleeps, or
 * still_working takes its time, and nothing could move: that does not count. */
bool standstill_over(Standstill *still, uint64_t now_ms);
/* How long nothing moved, when it is over: "90 seconds", "10 minutes". Caller frees. */
char *standstill_text(const Standstill *still);

/* The seconds that are usual in some place, or those of CMMS_STALL_SECONDS where that is set: it is for tests, which
 * cannot wait for minutes. */
unsigned standstill_seconds(unsigned usual);

#endif
