/*
 * pause.h: a person wants no scheduled backup for a while (a presentation, a slow line, work on the server). The ledger
 * keeps it, so the window, the task and every computer that sees the folder leave the slots alone until then; the
 * newest of those that passed is caught up afterwards, the others are missed (due.h). A backup by hand is always made.
 */
#ifndef CMMS_PAUSE_H
#define CMMS_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "schedule/due.h"

typedef enum Pause { PAUSE_NONE, PAUSE_HOUR, PAUSE_MORNING, PAUSE_WEEK } Pause;

/* Until when: an hour from now, tomorrow at 08:00 by local clocks, a week from now; 0: PAUSE_NONE. */
int64_t pause_moment(Pause pause, const DueZone *zone, int64_t now);
/* Until that moment; 0: no longer. It is in the log. *told (may be NULL; caller frees): "The schedule is paused until
 * tomorrow 08:00". EK_BUSY: a slot is being run. */
bool pause_set(const char *folder, int64_t until, const char *actor, char **told, Error *err);

#endif
