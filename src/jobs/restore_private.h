/* restore_private.h: a restore at work. For restore*.c; nobody else includes it. */
#ifndef CMMS_RESTORE_PRIVATE_H
#define CMMS_RESTORE_PRIVATE_H

#include "jobs/restore.h"
#include "load_private.h"

typedef struct Restore {
    Load load;
    const RestoreSpec *spec;
    RestoreResult *result;
    char *live;      /* the live database's name */
    Pg *in_live;     /* a session there, with its lock; NULL: it does not exist, or is not touched */
    bool has_live;
    char *user;      /* as whom the server knows us */
    bool is_super;
    bool made;       /* load.database is on the server */
    bool placed;     /* and is what was wanted */
} Restore;

void restore_note(Restore *run, char *text); /* takes the text: told, and in the result */

/* --- restore_database.c --- */
bool restore_look_at_owners(Restore *run, Error *err); /* fills load.foreign_owners */
bool restore_make_database(Restore *run, Error *err);  /* and connects load.pg to it */
/* When all of its tables are filled: the schemas' owners; then what has no rows. */
bool restore_give_schemas(Restore *run, Error *err);
bool restore_do_later(Restore *run, Error *err);
/* What belongs to the live database as a database; where there is none, what the backup says of its own. */
bool restore_carry_over(Restore *run, Error *err);
/* Of the backup: `last`: its limit, its comment and its owner; else the rest. */
bool restore_carry_from_backup(Restore *run, const char *name, bool last, Error *err);

#endif
