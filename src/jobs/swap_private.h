/* swap_private.h: the marks in the databases' comments, and what follows from them. For swap*.c and their tests. */
#ifndef CMMS_SWAP_PRIVATE_H
#define CMMS_SWAP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jsonutil.h"
#include "platform/cancel.h"
#include "postgres/pg.h"

/* So many connections has a database that was made and is not yet marked: no other has just this number. */
#define COMING_LIMIT 1143 /* SWAP_NEW_LIMIT */

typedef struct Database {
    char *name;
    char *comment; /* as it is; NULL: none */
    cJSON *mark;   /* NULL: it has none of ours */
    int64_t oid, limit;
    char *owner;
    bool counts; /* its mark does, also where nobody named it */
    char *been;  /* another text when somebody has been in it; NULL: the server does not say */
} Database;

typedef struct Databases {
    Database *items;
    size_t count;
} Databases;

/* A comment that is one of our marks for that live name, made for the database with that oid: a dump may carry it to
 * another. NULL: it is none. */
cJSON *mark_parse(const char *comment, const char *live, int64_t oid);
bool mark_is(const Database *database, const char *kind); /* "kept", "coming"; NULL has none */

/* Never NULL; the caller deletes them. */
cJSON *mark_coming(const char *live, const char *from, int64_t oid);
/* One that is whole: a restored one, which gets the comment and the limit of the live one (NULL: there is none), or one
 * that was put aside before, which gets its own again. */
cJSON *mark_ready(const Database *coming, const Database *live_one, const char *live, const char *from);
/* Of the live one, which is about to be put aside by `by`. */
cJSON *mark_aside(const Database *live, const char *from, const char *by, int64_t now);
cJSON *mark_kept(const cJSON *mark); /* what was put aside, for good; also one that was to come back and did not */

typedef enum MendStep {
    MEND_NOTHING,
    MEND_ALONE,   /* state 2, where there was no live one: who is to have the name is whole, and was left alone */
    MEND_REOPEN,  /* state 3: the live one was not yet put aside */
    MEND_FORWARD, /* state 4: nobody has the name, and who is to have it is whole */
    MEND_BACK,    /* state 4, without that one */
    MEND_FINISH   /* state 5 or 6 */
} MendStep;

/* aside: the one that an interrupted swap put aside or was about to; coming: that was to take its place, or has. NULL
 * where there is none. */
MendStep swap_plan(const Databases *all, const char *live, const Database **aside, const Database **coming);
const Database *swap_find(const Databases *all, const char *name);
/* Nobody has been in it since it was marked as whole. False also where that is not known. */
bool swap_is_untouched(const Database *coming);
/* One that is marked as coming, and that an interrupted restore left. */
bool swap_may_drop(const Databases *all, const char *live, const Database *coming);

/* --- swap_sessions.c --- */

/* Ends the clients' sessions of the database until nobody is left. EK_BUSY or EK_REFUSED name who stays. */
bool swap_empty(Pg *pg, const Database *database, const Cancel *cancel, Error *err);
/* The same error where somebody is there; `why`: the failure of which that is the reason. */
bool swap_nobody_stays(Pg *pg, const Database *database, const Error *why, Error *err);

/* Ends them again and again, from a session of its own, until it is stopped. a may be NULL. */
typedef struct SwapEnder SwapEnder;
bool swap_ender_start(Pg *pg, const Database *a, const Database *b, const Cancel *cancel, SwapEnder **ender,
                      Error *err);
void swap_ender_stop(SwapEnder *ender); /* NULL is fine */

#endif
