/*
 * heartbeats.h: leaves this PC's heartbeat where the other PCs see it, and looks at theirs: in the folder on SharePoint
 * that is set up, else in the backup folder, which may be a share. What was seen is in heartbeats.json in
 * machine_local_data_dir(). What it means: heartbeat.h.
 */
#ifndef CMMS_HEARTBEATS_H
#define CMMS_HEARTBEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "store/heartbeat.h"

#define HEARTBEATS_FILE "heartbeats.json"
#define HEARTBEATS_SECONDS 20 /* that one request to SharePoint may take */

typedef struct HeartbeatSpec { /* borrowed */
    const char *folder; /* the backup folder */
    int hours;          /* health_due_hours */
    int64_t good;       /* the newest good backup; 0: none; below 0: they could not be looked at */
} HeartbeatSpec;

/* At each run of the schedule. `seen` (initialised) gets what is known then, also on failure: what failed is in its
 * `problem` and is kept, so that status can say it. EK_CONNECT, EK_REFUSED, EK_BUSY, EK_IO, EK_CANCELLED. */
bool heartbeats_beat(const HeartbeatSpec *spec, const Cancel *cancel, SeenComputers *seen, Error *err);
/* What was seen the last time, in the place that `folder` and SharePoint make now; nothing is asked. */
void heartbeats_known(const char *folder, SeenComputers *seen);
/* A person says that a PC is no longer: its heartbeat says so from then on, to all PCs, until it beats again. It is in
 * the log. EK_NOT_FOUND: no such PC was seen; EK_USAGE: it is this one. */
bool heartbeats_retire(const char *folder, const char *computer, const char *actor, const Cancel *cancel, Error *err);

#endif
