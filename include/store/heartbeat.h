/*
 * heartbeat.h: the sign of life that each PC leaves in the place that all of them see, one small file a PC:
 * cmms_heartbeat_PC-07.json; and what is to be said of those that have fallen silent. Pure but for the file of what was
 * seen (heartbeats.h moves the files about).
 *
 * Nobody's clock is trusted. What counts is that the file of a PC has changed since it was last looked at: it lived
 * between that look and this one. When in between, the file's date and the moment in it say, the newer of the two, but
 * never a moment outside of that. `now` is by the clock of the place where there is one (that of SharePoint, of the
 * server with the share), so that a PC with a wrong clock neither seems silent nor finds others so. What was once seen
 * is remembered: a file that is removed or damaged makes a PC silent, and not unknown.
 *
 * Nothing is said of a time at which nobody looked: a PC has been silent until the last look.
 *
 * One that lives but fails is told as well: its heartbeat says when its newest good backup was. How old that was when
 * it beat is by its own clock alone, so a wrong one does not matter; of one that has none it counts since it was first
 * seen so, by the clock of the place.
 */
#ifndef CMMS_HEARTBEAT_H
#define CMMS_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define HEARTBEAT_MAX 4096u        /* bytes of a file */
#define HEARTBEAT_COMPUTERS 200u   /* that are watched */
#define HEARTBEAT_NAME 64u         /* bytes of a PC's name, with the NUL */
/* Seconds; longer where a PC's own schedule has longer gaps. A long weekend is shorter: a PC that was off from Thursday
 * evening to Monday, or has beaten on Friday morning and is next used on Tuesday, is not silent. */
#define HEARTBEAT_SILENT (9 * 86400 / 2)

typedef struct Heartbeat {
    char computer[HEARTBEAT_NAME]; /* letters, digits, - . _ */
    int64_t at;        /* when it was left, by that PC's clock; 0: it does not say, and says nothing of `good` then */
    int64_t good;      /* its newest good backup, by the same; 0: none, or not said */
    int hours;         /* after so many without a backup one is overdue there (health_due_hours); 0: it does not say */
    bool retired;      /* a person has said that the PC is no longer */
} Heartbeat;

/* The file's name for a PC, and the PC of a name (HEARTBEAT_NAME bytes; false: another file). What cannot be in a name
 * becomes "_", and then, or where it is too long, a hash of it follows. Caller frees. */
char *heartbeat_file(const char *computer);
bool heartbeat_computer(const char *file, char computer[HEARTBEAT_NAME]);
char *heartbeat_text(const Heartbeat *beat); /* the file's content; caller frees */
/* EK_DAMAGED: it is none, or that of another PC than `computer`. */
bool heartbeat_parse(const char *bytes, size_t len, const char *computer, Heartbeat *beat, Error *err);

/* --- what was seen ---------------------------------------------------------------------------------------- */

typedef struct SeenComputer {
    char computer[HEARTBEAT_NAME];
    char print[65];   /* of the content and the date of its file when it was last looked at */
    int64_t last;     /* when it lived, at the latest that is known */
    int hours;        /* as in Heartbeat */
    int64_t without;  /* seconds for which it had no good backup when it last beat; 0: that is not known, or none */
    int64_t bare;     /* since when its heartbeats say that it has none at all; 0: they do not */
    bool retired;
    bool damaged;     /* its file could not be understood at the last look; or is not there any more */
} SeenComputer;

typedef struct SeenComputers {
    char *place;      /* owned: whose heartbeats these are: another place has others; NULL: none was looked at */
    int64_t looked;   /* the last look that saw them, by the clock of the place; 0: none */
    int64_t looked_here; /* the same by this PC's clock */
    SeenComputer *computers; /* by their names */
    size_t count, capacity;
    unsigned strange; /* files of that kind of which nothing could be made: not of any PC that was ever seen, or too
                         many */
    char *problem;    /* owned: why the last look, or this PC's own heartbeat, failed; NULL: it did not */
} SeenComputers;

void seen_init(SeenComputers *seen);
void seen_release(SeenComputers *seen);
/* What is damaged is as if nothing had been seen: false. */
bool seen_parse(const char *bytes, size_t len, SeenComputers *seen);
char *seen_text(const SeenComputers *seen); /* caller frees */
const SeenComputer *seen_find(const SeenComputers *seen, const char *computer); /* borrowed; NULL */

/* A look: begin, each file that lies there, end. Another place than before begins anew. */
typedef struct SeenLook {
    SeenComputers *seen;
    int64_t now;    /* by the clock of the place */
    int64_t before; /* the look before this one */
    bool *there;    /* owned: of each of `computers`, whether its file is */
    size_t there_count;
} SeenLook;
void seen_begin(SeenComputers *seen, const char *place, int64_t now, SeenLook *look);
/* Whether the content has to be read: what it would be told by is new. `tag`: what changes when the file does. */
bool seen_is_new(const SeenLook *look, const char *file, const char *tag);
/* `bytes` NULL: the file could not be read, or is too large. `modified`: the file's date; 0: not known. */
void seen_file(SeenLook *look, const char *file, const char *tag, int64_t modified, const char *bytes, size_t len);
void seen_same(SeenLook *look, const char *file); /* it is there, and as it was */
void seen_end(SeenLook *look, int64_t now_here);
void seen_break_off(SeenLook *look); /* in the place of seen_end: not all could be looked at, so it was no look */

/* How long it was silent at the last look; 0: not for long enough to say so, or it is retired, or this PC. */
int64_t seen_silence(const SeenComputers *seen, const SeenComputer *computer, const char *here);
/* For how long it had no good backup when it last beat; 0: not for longer than its own schedule allows, or it is
 * silent, retired, or this PC. */
int64_t seen_without(const SeenComputers *seen, const SeenComputer *computer, const char *here);
/* "PC-07 has been silent for 4 days"; of several "PC-07 and PC-09 have been silent for 4 days or more"; "PC-08 has had
 * no good backup for 9 days"; both with "; " between them; NULL: none.
 * Where the look was a day before `now_here` (by this PC's clock; 0: it was just made) or longer, ", as of 3 days ago".
 * *names (may be NULL): "PC-07 PC-09 PC-08!", the last kind with a sign. Caller frees both. */
char *seen_silent_text(const SeenComputers *seen, const char *here, char **names, int64_t now_here);

#endif
