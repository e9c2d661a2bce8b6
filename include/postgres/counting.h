/*
 * counting.h: counts a snapshot's tables, on a thread of its own, while pg_dump reads at the same snapshot.
 *
 * From counting_start to counting_end the session and the snapshot's rows belong to the thread; what others may
 * know of them, they ask here.
 */
#ifndef CMMS_COUNTING_H
#define CMMS_COUNTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "postgres/pg.h"
#include "postgres/snapshot.h"

typedef struct Counting Counting;

/* Both are borrowed until counting_end. */
Counting *counting_start(Pg *pg, Snapshot *snapshot);
/* Of the calls below all but counting_end take NULL for a counting that has not begun. */
bool counting_ended(Counting *counting, unsigned ms); /* waits so long at most */
bool counting_lost(Counting *counting);               /* it has ended because the session is gone */
bool counting_changed(Counting *counting);            /* it has ended because something is not as in the snapshot */
size_t counting_done(Counting *counting);             /* so many tables */
int64_t counting_rows(Counting *counting, const SnapshotTable *table); /* -1: not counted yet, or not at all */

void counting_stop(Counting *counting);               /* asks it to end, and does not wait */

/* Waits for its end, having told it to stop if `stop`, and frees. *warning (caller frees) names a table that could not
 * be counted, else stays. False with EK_CONNECT when the session was lost, or EK_CANCELLED. */
bool counting_end(Counting *counting, bool stop, char **warning, Error *err);

#endif
