/*
 * swap.h: gives a restored database the live one's name, and back (P5).
 *
 * `live` is the name that the application knows. What is to take it is `coming`: a whole database that was restored and
 * counted, or one that was put aside before (Undo). The live one is put aside under a name of its own and kept. The
 * session is in another database, because a database that somebody is connected to cannot be renamed.
 *
 * Each of ours carries a mark in its comment, a JSON object; what the live one's comment said is kept in it and put
 * back. Marks are how a run that was interrupted is recognised, by whichever of our programs comes next, on whichever
 * PC: see swap.c.
 */
#ifndef CMMS_SWAP_H
#define CMMS_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/pg.h"

typedef struct KeptDatabase {
    char *name;      /* "cmms_before_20261130_143000" */
    char *from;      /* what took its place: the backup's file name; NULL: not told */
    int64_t aside;   /* since when, seconds since 1970 UTC by the server's clock */
    int64_t age;     /* so many seconds by that clock; below 0: it went back, or it is not known */
    int64_t bytes;   /* on the server; -1: may not be asked */
    char *owner;     /* the role that it belongs to */
    int64_t entered; /* rows that were entered in it or deleted since its safety backup; -1: it is not known */
    bool neon;       /* whose operator counts them as storage */
} KeptDatabase;

/* "cmms_before_20261130_143000": a name takes 63 bytes, and is cut between characters. Caller frees. */
char *swap_name(const char *live, const char *word, const char *stamp);

/* Those that were put aside for `live`, the newest first. */
bool swap_list(Pg *pg, const char *live, const Cancel *cancel, KeptDatabase **kept, size_t *count, Error *err);
/* Where there is no live one: those that belong to roles whose marks do not count. Any of them may have been forged, so
 * nothing is done with one unless a person has named it, knowing whose it is. */
bool swap_list_others(Pg *pg, const char *live, const Cancel *cancel, KeptDatabase **kept, size_t *count, Error *err);
void swap_list_free(KeptDatabase *kept, size_t count);
/* Puts that number into the mark of one that is kept. The lock is held. */
bool swap_mark_entered(Pg *pg, const char *live, const char *name, int64_t rows, const Cancel *cancel, Error *err);
/* For good. The lock is held. EK_NOT_FOUND: it is not one of them; EK_BUSY: somebody is in it. */
bool swap_drop_kept(Pg *pg, const char *live, const char *name, const Cancel *cancel, Error *err);

/* One restore, undo or mending of that live database at a time, whichever PC it runs on and whichever database (not the
 * live one) its session is in: held until pg_close. EK_BUSY: another has it. */
bool swap_lock(Pg *pg, const char *live, const Cancel *cancel, Error *err);

/* What would keep the live one from being put aside, or be torn by it: EK_BUSY names it. Clients are none: their
 * sessions are ended. */
bool swap_obstacles(Pg *pg, const char *live, const Cancel *cancel, Error *err);

/* Marks a new database, made WITH CONNECTION LIMIT SWAP_NEW_LIMIT, as one that is being restored for `live` from the
 * backup `from`. It is dropped by whoever finds it, unless its name is a person's choice: `live` is its own then. */
#define SWAP_NEW_LIMIT "1143"
bool swap_mark_coming(Pg *pg, const char *coming, const char *live, const char *from, const Cancel *cancel,
                      Error *err);
/* What it is to get when it has the live name, where there is no live one whose comment, limit and owner it takes over.
 * An owner whom it cannot be given it does not get. NULL: none. */
bool swap_dress(Pg *pg, const char *coming, const char *live, const char *comment, int64_t limit, const char *owner,
                const Cancel *cancel, Error *err);
bool swap_unmark(Pg *pg, const char *name, const Cancel *cancel, Error *err); /* a database like any other */

/* Puts the live one aside and gives its name to `coming`, which was restored and counted, or kept. Other sessions of
 * both are ended. The lock is held. `anybodys`: it may be one of swap_list_others. *kept: the name under which the old
 * one is kept, NULL: there was none; caller frees. On failure both are as they were, or, where the connection was lost
 * in between, swap_mend has to be called; err says which. EK_REFUSED: rights; EK_BUSY: somebody holds on to it. */
bool swap_run(Pg *pg, const char *live, const char *coming, bool anybodys, const char *from, const JobSink *sink,
              const Cancel *cancel, char **kept, Error *err);

/* Whether swap_mend would have something to do. */
bool swap_was_left(Pg *pg, const char *live, const Cancel *cancel, bool *left, Error *err);
/* Brings to its end what an interrupted swap of `live` began: forward where the coming one is whole, else back. True
 * also where there was nothing to mend; *what says what was done, NULL: nothing; caller frees. The lock is held. */
bool swap_mend(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, char **what, Error *err);

/* Drops databases that interrupted restores of `live` left, which never had its name. One that was whole stays, and
 * that is said, where there is no live one or somebody may have been in it since. The lock is held. */
bool swap_drop_leftovers(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, Error *err);

#endif
