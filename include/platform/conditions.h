/*
 * conditions.h: what speaks against work that nobody waits for: the PC runs on its battery, its network counts each
 * byte. What the system does not tell is not known, and nothing waits for it.
 *
 * CMMS_CONDITIONS in the environment is the answer instead of the system's, for the tests: words with commas between,
 * "battery=15" (on battery with 15 % left), "battery" (how much is not known), "mains", "metered", "unmetered".
 */
#ifndef CMMS_CONDITIONS_H
#define CMMS_CONDITIONS_H

#include <stdbool.h>

typedef struct Conditions {
    bool on_battery;     /* not plugged in, and it has a battery */
    int battery_percent; /* what is left in it; -1: not known */
    bool metered;        /* the user's plan counts bytes, is used up, or it roams */
} Conditions;

/* As they are now; without `network` that one is not asked, which may take long, and is as if it were not known. */
void conditions_look(Conditions *conditions, bool network);

/* --- portable (src/platform/common/conditions_common.c) ---------------------------------------------------- */

/* The words above; what is none of them is passed over. */
void conditions_parse(const char *text, Conditions *conditions);

/* --- by the platform --------------------------------------------------------------------------------------- */

/* The system's own answer. `conditions` is initialised: nothing is known. POSIX: nothing is. */
void conditions_ask(Conditions *conditions, bool network);

#endif
