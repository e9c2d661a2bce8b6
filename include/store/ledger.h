/*
 * ledger.h: schedule_ledger.json in the backup folder: what became of each slot of the schedule, so that every slot
 * runs once, whichever program, task or computer looks at it. (P8)
 *
 * A slot is known by its moment. A ledger that is damaged is renamed to schedule_ledger.damaged-….json and is as if it
 * were empty, but for that it has begun: then the newest slot is run once more rather than not at all. Whoever runs
 * slots holds ledger_lock.
 */
#ifndef CMMS_LEDGER_H
#define CMMS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/fs.h"

#define LEDGER_FILE "schedule_ledger.json"
#define LEDGER_LOCK_FILE ".schedule.lock"
#define LEDGER_KEEP 800 /* slots; older ones go */
#define LEDGER_UNREAD 100 /* that were tried least lately go */

typedef enum SlotState { SLOT_DONE, SLOT_FAILED, SLOT_MISSED } SlotState;

typedef struct LedgerSlot {
    int64_t moment; /* the slot's, unix seconds */
    SlotState state;
    int64_t began;  /* when the run that decided it began; MISSED: when it was seen */
    int attempts;   /* runs that were tried, 1 or more; MISSED: 0 */
    char *computer; /* owned: whose run it was, or NULL */
    char *text;     /* owned: DONE: the backup's name; else why, without a secret; or NULL */
} LedgerSlot;

typedef struct LedgerUnread { /* a backup that was to be read again and could not be, which says nothing of it */
    char *file;    /* owned */
    int64_t since; /* when that was so first */
    int64_t tried; /* and last */
    char *why;     /* owned */
} LedgerUnread;

typedef struct Ledger {
    LedgerSlot *slots; /* by their moments, oldest first, no two alike */
    size_t count;
    int64_t since;     /* slots before it are nobody's: the schedule was set then; 0: not known */
    int64_t paused_until; /* somebody wants no slot run before; 0: they are run */
    int64_t ahead_from; /* what began from then on was noted by a clock that was days ahead (due_note_clock); 0: none */
    /* The newest slot that waited (waiting.h); 0: none did since one was done. */
    int64_t waits_slot;
    int64_t waits_since; /* when the first one began to */
    int64_t waits_again; /* when it is worth while to look again */
    char *waits_why;     /* owned */
    char *waits_computer; /* owned: which one it waits on, or NULL */
    /* What the schedule did about backups that lie there (recheck.h); 0: never. */
    int64_t checked;     /* when files were last read again, or that was tried */
    int64_t proof_tried; /* when a proof was last begun */
    LedgerUnread *unread; /* owned; LEDGER_UNREAD at most */
    size_t unread_count;
    bool begun;        /* something is known of it that is lost: it was damaged, or dated in the future */
    char *notice;      /* owned: what the user should be told about the load, or NULL; not saved */
} Ledger;

void ledger_init(Ledger *ledger);
void ledger_release(Ledger *ledger);
/* Replaces what `ledger` holds. A missing file gives an empty one. With `aside` a damaged file is kept aside, else (for
 * who only looks) only told. EK_IO: it is there and cannot be read, or the folder is not there. */
bool ledger_load(const char *folder, bool aside, Ledger *ledger, Error *err);
/* Atomic (P6). */
bool ledger_save(const char *folder, const Ledger *ledger, Error *err);
/* Bytes as the file's content. EK_DAMAGED says what is wrong with it. */
bool ledger_parse(const char *bytes, size_t len, Ledger *ledger, Error *err);

/* The slot of that moment, NULL: nothing is known of it. Borrowed. */
const LedgerSlot *ledger_find(const Ledger *ledger, int64_t moment);
/* Notes what became of a slot, over what was known of it. Copies. */
void ledger_note(Ledger *ledger, const LedgerSlot *slot);
/* Notes that a slot waits, on this computer; `why` NULL: nothing does, of whatever was noted. Copies. */
void ledger_note_wait(Ledger *ledger, int64_t slot, int64_t since, int64_t again, const char *why);
/* Why that slot waits; NULL: it does not. Borrowed. */
const char *ledger_waits(const Ledger *ledger, int64_t slot);
/* Notes that a backup could not be read now; `why` NULL: it could, or it is gone. Copies. */
void ledger_note_unread(Ledger *ledger, const char *file, int64_t now, const char *why);
/* NULL: none of that name. Borrowed. */
const LedgerUnread *ledger_unread(const Ledger *ledger, const char *file);
/* Takes out what is dated after `latest`: a clock was wrong when it was written. Returns how many. */
size_t ledger_drop_after(Ledger *ledger, int64_t latest);
/* Whether a clock that was days ahead has noted it, as seen from a clock that is not there any more. */
bool ledger_is_ahead(const Ledger *ledger, const LedgerSlot *slot, int64_t now);
/* Takes those out. Returns how many. */
size_t ledger_drop_ahead(Ledger *ledger, int64_t now);
const char *slot_state_word(SlotState state); /* "done", "failed", "missed"; static */
/* Somebody has set the schedule here, or a slot was run, also where no more than that is known: until then nothing is
 * missed, and an open window runs nothing. */
bool ledger_begun(const Ledger *ledger);

/* Of all who run slots of this folder, one at a time; released by a crash. EK_BUSY otherwise, with words. */
bool ledger_lock(const char *folder, FsLock **lock, Error *err);
/* The same; waits some seconds for who only notes something. */
bool ledger_lock_wait(const char *folder, FsLock **lock, Error *err);

#endif
