/*
 * dispatch.h: which notice goes to which receiver (receiver.h), and when again. Pure: the facts, who is set, and what
 * was sent before, in; what is to be sent, out. outward.h sends it. notice.h is the same for this PC's own screen.
 *
 * | event   | a ping address gets | the others get it when                                      | again            |
 * |---------|---------------------|-------------------------------------------------------------|------------------|
 * | start   | …/start             | never                                                       |                  |
 * | done    | the address         | a scheduled backup was made, unless that is not wanted      | each time        |
 * | failed  | …/fail              | one has failed                                              | another cause;   |
 * |         |                     |                                                             | the same: 6 h    |
 * | unveri- | …/fail              | one was made, and is not verified                           | each time        |
 * | fied    |                     |                                                             |                  |
 * | unseen  | nothing             | whether one is due could not be looked at                   | another; a day   |
 * | overdue | nothing: it sees    | the newest good backup is older than the schedule allows    | a day            |
 * | shrink  | that nothing comes, | the shrink alarm waits for a person                         | another; a day   |
 * | damaged | or it is not of the | a backup that lies there was found damaged                  | another; a week  |
 * | sign_in | run                 | the sign-in to SharePoint runs out or has                   | another mark;    |
 * |         |                     |                                                             | a week           |
 * | silent  |                     | another PC has left no heartbeat for long, or says that it  | other PCs; a day |
 * |         |                     | has no good backup                                          |                  |
 *
 * Of one event a receiver gets DISPATCH_A_DAY in a day at most (a ping address ten times as many), so that nothing that
 * goes wrong over and over fills a mailbox. What is mended is told at once when it comes again. What a receiver did not
 * take counts as not sent: what still holds comes with the next look, but not before DISPATCH_REST. So does what a
 * program was sending that ended before it knew what became of it.
 */
#ifndef CMMS_DISPATCH_H
#define CMMS_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cloud/receiver.h"

typedef enum OutEvent {
    OUT_START,
    OUT_DONE,
    OUT_FAILED,
    OUT_UNVERIFIED,
    OUT_UNSEEN,
    OUT_OVERDUE,
    OUT_SHRINK,
    OUT_DAMAGED,
    OUT_SIGN_IN,
    OUT_SILENT,
    OUT_TEST /* somebody asks for it: never decided here */
} OutEvent;

#define OUT_EVENTS (OUT_TEST + 1)
#define DISPATCH_A_DAY 24
#define DISPATCH_REST 900 /* seconds */
#define DISPATCH_MAX (RECEIVER_KINDS * OUT_EVENTS)

typedef struct DispatchFacts { /* borrowed */
    int64_t now;
    const char *text[OUT_EVENTS];  /* a sentence, without a secret and without a row's contents; NULL: it is not so */
    const char *cause[OUT_EVENTS]; /* what makes it another one; NULL: the text */
    bool unknown[OUT_EVENTS];      /* whether it is so could not be looked at: it is not mended by that */
} DispatchFacts;

#define DISPATCH_CAUSE 17 /* hex digits of a hash, with the NUL */

typedef struct DispatchTold {
    int64_t last; /* 0: never, or not since it was mended */
    char cause[DISPATCH_CAUSE];
    int64_t sending; /* since when a program sends it; 0: none does */
    int64_t day;  /* when the day began of which `count` is */
    int count;
} DispatchTold;

typedef struct DispatchMemory {
    DispatchTold told[RECEIVER_KINDS][OUT_EVENTS];
    int64_t failed[RECEIVER_KINDS]; /* when a receiver did not take something; 0: the last was taken */
    int64_t sent[RECEIVER_KINDS];   /* when it last took something; 0: never */
    char *why[RECEIVER_KINDS];      /* owned: why it did not, or NULL */
} DispatchMemory;

typedef struct Dispatch {
    ReceiverKind to;
    OutEvent event;
    const char *text;    /* borrowed from the facts */
    DispatchTold before; /* for dispatch_ended */
} Dispatch;

void dispatch_memory_init(DispatchMemory *memory);
void dispatch_memory_release(DispatchMemory *memory);

/* What is to be sent now, which counts as sent from then on; how many. */
size_t dispatch_decide(const DispatchFacts *facts, const Receivers *receivers, DispatchMemory *memory,
                       Dispatch out[DISPATCH_MAX]);
/* What became of it: `why` NULL: it was taken. Else it counts as not sent. */
void dispatch_ended(DispatchMemory *memory, const Dispatch *dispatch, int64_t now, const char *why);
/* A receiver was removed, or set anew: nothing is known of it. */
void dispatch_forget(DispatchMemory *memory, ReceiverKind kind);

const char *out_event_word(OutEvent event);  /* "start", "done", …, "damaged", "sign_in", "silent", "test"; static */
const char *out_event_title(OutEvent event); /* "Backup failed"; static */
bool out_event_is_bad(OutEvent event);

/* The memory as a file's content. What is damaged, or of another version, is as if nothing had been sent: false. */
char *dispatch_memory_text(const DispatchMemory *memory); /* caller frees */
bool dispatch_memory_parse(const char *bytes, size_t len, DispatchMemory *memory);

#endif
