/*
 * aloud.h: what a run that nobody sees (the task's) has to say on this PC's own screen. notice.h decides; each run is a
 * program of its own, so what was told is kept in ALOUD_FILE in machine_local_data_dir(), beside the notice that was
 * told last. The run ends at once: whoever shows it (the window's program, started with --tell, or the window that is
 * open) reads it there.
 *
 * What went well is not told; a backup that is not verified is, as NOTICE_DONE. Of a run that somebody stopped, or that
 * found another one at work, only what stands is looked at. Two runs that end at the same moment may tell the same
 * twice.
 */
#ifndef CMMS_ALOUD_H
#define CMMS_ALOUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "schedule/notice.h"
#include "schedule/run.h"

#define ALOUD_FILE "screen-state.json"

typedef struct Aloud {
    NoticeKind kind;  /* NOTICE_NONE: none was told */
    char *text;       /* owned: its words, without a secret; NULL: NOTICE_NONE */
    int64_t when;     /* when the run said so */
} Aloud;

void aloud_init(Aloud *aloud);
void aloud_release(Aloud *aloud);
/* After a run of `spec`: what became of it, and why it failed (NULL: it did not). True: there is something to show,
 * which counts as told from now on; where that cannot be kept nothing could be read, and nothing is to be shown. */
bool aloud_look(const ScheduledSpec *spec, const ScheduledResult *result, const Error *failed);
/* Replaces what it holds by what was told last. */
void aloud_read(Aloud *aloud);

/* For tests: of a run whose facts are known. `memory` is the file's content, or NULL; the caller frees what is
 * returned, the new content. `aloud` (initialised) gets what is to be shown; NOTICE_NONE: nothing. */
char *aloud_decide(const NoticeFacts *facts, const char *memory, Aloud *aloud);

#endif
