/* freeze_private.h: a database that nobody else can change, for a restore in place; restore_freeze.c has how. For
 * restore*.c, freeze*.c and preview.c; nobody else includes it. */
#ifndef CMMS_FREEZE_PRIVATE_H
#define CMMS_FREEZE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "postgres/pg.h"

/* --- what both ask the catalog for: `n` is pg_namespace ----------------------------------------------------- */

#define FREEZE_FIRST_OID "16384" /* of what is not the server's own */
#define USERS "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
#define MEMBER(class, oid)                                                                                           \
    "EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog." class "'::pg_catalog.regclass"     \
    " AND e.objid = " oid " AND e.deptype = 'e')"
/* A schema with something of an extension in it stays. */
#define HOLDS                                                                                                        \
    "(" MEMBER("pg_namespace", "n.oid") " OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension x"                        \
    " WHERE x.extnamespace = n.oid) OR EXISTS (SELECT 1 FROM pg_catalog.pg_depend e JOIN pg_catalog.pg_depend d"     \
    " ON d.classid = e.classid AND d.objid = e.objid WHERE e.deptype = 'e'"                                          \
    " AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid))"
#define IN_SCHEMA(what, table, alias, namespace)                                                                     \
    " UNION ALL SELECT " what " FROM pg_catalog." table " " alias " JOIN pg_catalog.pg_namespace n"                  \
    " ON n.oid = " alias "." namespace " WHERE " USERS " AND NOT " MEMBER(table, alias ".oid")

/* --- the database -------------------------------------------------------------------------------------------- */

typedef struct FreezeWard FreezeWard;

typedef enum FreezeEnd {
    FREEZE_ROLLED_BACK,
    FREEZE_COMMITTED,
    FREEZE_UNKNOWN /* the connection was lost, and the server could not be asked since */
} FreezeEnd;

typedef struct Freeze { /* zeroed */
    const JobSink *sink;
    const Cancel *cancel;
    const char *database;
    Connection connection; /* to it */
    Pg *pg;       /* the transaction */
    Pg *look;     /* a second session there, which sees what is committed */
    char *xid;    /* the transaction's number; NULL: it has not begun */
    char *state;  /* what was in the catalog when it began */
    bool ending;  /* COMMIT was said, */
    FreezeEnd end; /* and this came of it */
    FreezeWard *ward;
    Cancel *halt; /* while there is a ward: what is done meanwhile is to end, for the user's sake or the ward's */
} Freeze;

/* --- freeze_obstacle.c --- */
/* What nothing helps against if `archive` is to replace in place what is in that database, as its user: into *obstacle,
 * which stays EK_NONE where there is nothing. False: it could not be asked. */
bool freeze_obstacle(Pg *pg, const Archive *archive, const Cancel *cancel, Error *obstacle, Error *err);

/* --- restore_freeze.c --- */
/* The sessions. `beside` is resolved, its database another one; *locked, in this one, has the lock that a backup takes
 * as well, and is taken over. */
bool freeze_connect(Freeze *freeze, const Connection *beside, Pg **locked, Error *err);
/* Begins the transaction. From here on nobody else commits a change to a table that is there, but an extension's.
 * EK_BUSY: somebody who cannot be sent away holds one. */
bool freeze_begin(Freeze *freeze, Error *err);
/* While others may read (a backup as well): whoever waits to have a table alone (TRUNCATE, ALTER TABLE) is sent away,
 * because every reader that comes later would wait for them, and they for us. To be ended before freeze_clear. What is
 * done meanwhile ends at freeze->halt; freeze_ward_stop frees it. False with EK_BUSY: that was because of somebody who
 * may not be sent away. */
bool freeze_ward_start(Freeze *freeze, Error *err);
bool freeze_ward_stop(Freeze *freeze, Error *err);
/* Whether anything else of the database was changed since, which nothing keeps from being changed: EK_BUSY. */
bool freeze_look(Freeze *freeze, Error *err);
/* Takes the tables from readers too, and drops, in the transaction, all that is not an extension's. */
bool freeze_clear(Freeze *freeze, Error *err);

/* COMMIT, and which it was, also where the connection was lost. err: why it is not FREEZE_COMMITTED. */
FreezeEnd freeze_commit(Freeze *freeze, Error *err);

/* Where that was not come to, or did not succeed: rolls back, and asks the server which it is. FREEZE_COMMITTED:
 * something that was restored has ended the transaction. Has the server end a session that does not answer any more. */
FreezeEnd freeze_abandon(Freeze *freeze);
void freeze_release(Freeze *freeze); /* what was not committed is rolled back */

#endif
