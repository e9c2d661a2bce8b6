/*
 * outward.h: the runs of the schedule, told elsewhere: what dispatch.h decides is sent to the receivers, this PC's
 * heartbeat is left, and those of the others are looked at. Nothing of it makes a run fail: a receiver that does not
 * take a notice is told as a warning, kept (notify-state.json in machine_local_data_dir()), and shown by status.
 */
#ifndef CMMS_OUTWARD_H
#define CMMS_OUTWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "schedule/dispatch.h"
#include "store/settings.h"

#define OUTWARD_STATE_FILE "notify-state.json"

typedef enum OutwardWhat {
    OUTWARD_BEGAN,  /* a slot begins to be run */
    OUTWARD_DONE,   /* its backup was made */
    OUTWARD_FAILED,
    OUTWARD_NOTHING, /* nothing was due, or older backups were read: only what stands is looked at */
    OUTWARD_UNSEEN,  /* whether a slot is due could not be looked at, as the folder cannot be used */
    OUTWARD_UNVERIFIED /* the slot's backup was made, and nobody can say that it is good */
} OutwardWhat;

typedef struct OutwardSpec { /* borrowed */
    OutwardWhat what;
    const char *text;     /* of all but NOTHING: a sentence, without a secret */
    const char *cause;    /* FAILED, UNSEEN: what makes it another one (dispatch.h); NULL: the text */
    const char *folder;   /* the backup folder; NULL: it could not be opened */
    const Settings *settings; /* NULL as well then */
    const Connection *connection; /* the database that is meant; NULL: none is known */
    int64_t since;        /* from when on there should be backups (Ledger); 0: not known */
} OutwardSpec;

/* At the begin of a slot's run, and at the end of each run. */
void outward_tell(const OutwardSpec *spec, const JobSink *sink, const Cancel *cancel);

/* One message to a receiver, which need not be saved: somebody has pressed Test. What became of it is kept where the
 * receiver is the one that is saved. Errors: receiver_send. */
bool outward_test(ReceiverKind kind, const Receiver *receiver, const Cancel *cancel, Error *err);
/* Sets or removes one (receiver->set) and saves it; nothing is remembered of what it got before. EK_SETTINGS: it
 * cannot be used; EK_IO. Secrets that are not set in `receiver` are those that are saved for that kind. */
bool outward_set(ReceiverKind kind, const Receiver *receiver, Error *err);

/* For status and lists: how it stands with one. */
typedef struct OutwardState {
    bool set;
    char *shown;       /* owned: receiver_shown; NULL: !set */
    bool quiet;
    int64_t sent;      /* when it last took something; 0: never */
    int64_t failed;    /* when it did not take the last; 0: it did */
    char *problem;     /* owned: "Teams: … does not take the message …", or NULL */
} OutwardState;
/* All kinds, in their order. EK_SETTINGS, EK_IO: what is saved cannot be read; then none is set. */
bool outward_look(OutwardState states[RECEIVER_KINDS], Error *err);
void outward_states_release(OutwardState states[RECEIVER_KINDS]);

#endif
