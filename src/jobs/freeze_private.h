/* freeze_private.h: a database that nobody else can change, for a restore in place; restore_freeze.c has how. For
 * restore*.c and preview.c; nobody else includes it. */
#ifndef CMMS_FREEZE_PRIVATE_H
#define CMMS_FREEZE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "postgres/pg.h"

typedef struct FreezeWard FreezeWard;

typedef struct Freeze { /* zeroed */
    const JobSink *sink;
    const Cancel *cancel;
    const char *database;
    Connection connection; /* to it */
    Pg *pg;       /* the transaction */
    Pg *look;     /* a second session there, which sees what is committed */
    char *xid;    /* the transaction's number; NULL: it has not begun */
    char *state;  /* what was in the catalog when it began */
    FreezeWard *ward;
} Freeze;

/* What of that database the user of `pg` could not replace, in a sentence; NULL: nothing. Caller frees. */
bool freeze_obstacle(Pg *pg, const Cancel *cancel, char **text, Error *err);

/* The sessions. `beside` is resolved, its database another one; *locked, in this one, has the lock that a backup takes
 * as well, and is taken over. */
bool freeze_connect(Freeze *freeze, const Connection *beside, Pg **locked, Error *err);
/* Begins the transaction. From here on nobody else commits a change to a table or a large object that is there.
 * EK_BUSY: somebody who cannot be sent away holds one. */
bool freeze_begin(Freeze *freeze, Error *err);
/* While others of ours read (a backup): whoever waits to have a table alone (TRUNCATE, ALTER TABLE) is sent away,
 * because every reader that comes later would wait for them, and they for us. To be ended before freeze_clear. */
bool freeze_ward_start(Freeze *freeze, Error *err);
void freeze_ward_stop(Freeze *freeze);
/* Whether anything else of the database was changed since, which nothing keeps from being changed: EK_BUSY. */
bool freeze_look(Freeze *freeze, Error *err);
/* Takes the tables from readers too, and drops, in the transaction, all that is not an extension's. */
bool freeze_clear(Freeze *freeze, Error *err);

typedef enum FreezeEnd {
    FREEZE_COMMITTED,
    FREEZE_ROLLED_BACK,
    FREEZE_UNKNOWN /* the connection was lost at the COMMIT, and the server could not be asked since */
} FreezeEnd;
/* COMMIT, and which it was, also where the connection was lost. err: why it is not FREEZE_COMMITTED. */
FreezeEnd freeze_commit(Freeze *freeze, Error *err);

/* When the connection was lost before: has the server end what it still has of the transaction, if it can be asked. */
void freeze_give_up(const Freeze *freeze);
void freeze_release(Freeze *freeze); /* what was not committed is rolled back */

#endif
