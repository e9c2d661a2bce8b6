/*
 * waiting.h: whether a slot that is due waits, and for what: the PC is on its battery where that is not wanted, or the
 * charge is low; the network counts bytes where that is not wanted; it is one of the quiet hours. Pure: settings,
 * conditions, a zone's rules and the time in, an answer out.
 *
 * A slot waits for `days` at most, from when the first one began to wait and until one is run: then it is run as if
 * nothing spoke against it, and that is said. What a person asks for waits for nothing: nobody asks here then.
 */
#ifndef CMMS_WAITING_H
#define CMMS_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/conditions.h"
#include "schedule/due.h"
#include "store/ledger.h"
#include "store/settings.h"

#define WAITING_LOOK 900 /* seconds: when to look again at what has no end that is known */
#define WAITING_LATE 3600 /* after that nobody seems to be there who would look */

typedef struct WaitingRules {
    bool on_battery, on_metered;
    int battery_percent; /* below which it waits on battery; 0: at none */
    DayHours quiet;
    int days; /* 0: nothing waits */
} WaitingRules;

typedef struct WaitingLook {
    bool waits;
    char *why;      /* owned: "the battery is at 12 %", also of one that has waited long enough; NULL: nothing speaks
                       against it */
    int64_t since;  /* when it began to wait: to be remembered; 0: nothing waits */
    int64_t latest; /* waits: then it is run in any case */
    int64_t again;  /* waits: when it is worth while to look again */
} WaitingLook;

void waiting_look_init(WaitingLook *look);
void waiting_look_release(WaitingLook *look);

WaitingRules waiting_rules(const Settings *settings);
/* Replaces what look holds. `since`: what the last look at this wait said, 0: there was none. One that is more than
 * DUE_FUTURE ahead of now is of a clock that was wrong, and the wait begins anew. */
void waiting_look(const WaitingRules *rules, const Conditions *conditions, const DueZone *zone, int64_t since,
                  int64_t now, WaitingLook *look);

/* Why a slot waits now; NULL: it does not, or that is of the ledger alone: it has failed since, the longest that one
 * may wait is over, or nobody has looked at it again when that was worth while. Borrowed from the ledger. */
const char *waiting_why(const Ledger *ledger, int days, int64_t slot, int64_t now);

/* Whether the local clock shows one of those hours, and if so the first whole minute at which it does not any more,
 * also in the nights in which clocks change (*end may be NULL). */
bool waiting_in_hours(const DayHours *hours, const DueZone *zone, int64_t now, int64_t *end);
/* "22:00-06:00" as people say it: "22:00 to 06:00". Caller frees. */
char *waiting_hours_text(const DayHours *hours);

#endif
