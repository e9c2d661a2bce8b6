/* restore_private.h: a restore at work. For restore*.c; nobody else includes it. */
#ifndef CMMS_RESTORE_PRIVATE_H
#define CMMS_RESTORE_PRIVATE_H

#include "jobs/restore.h"
#include "load_private.h"
#include "postgres/snapshot.h"

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
    Manifest safety; /* of result->safety, when it was made */
    bool pinned;     /* result->safety, for this restore */
    bool placed;     /* and is what was wanted */
} Restore;

void restore_note(Restore *run, char *text); /* takes the text: told, and in the result */

/* --- restore_server.c --- */
/* A session in a database that is not the live one. `connection` is initialised. */
bool restore_connect_beside(const Connection *server, const char *live, const Cancel *cancel, Connection *connection,
                            Pg **pg, Error *err);
/* Takes the restore lock of that name, and clears away what an interrupted one left. */
bool restore_mend_first(Pg *pg, const char *live, const JobSink *sink, const Cancel *cancel, Error *err);
/* A session in the live database, with the lock that a backup takes as well. */
bool restore_lock_database(const Connection *beside, const char *live, const Cancel *cancel, Pg **pg, Error *err);
bool restore_ask_oid(Pg *pg, const char *name, const Cancel *cancel, int64_t *oid, Error *err); /* 0: there is none */
/* EK_REFUSED: somebody has to sign in first. `pg` is in another database. */
bool restore_check_nobody(Pg *pg, const Connection *server, const char *live, const JobSink *sink,
                          const Cancel *cancel, Error *err);
/* swap_run, with its parameters; where the connection is lost in the middle, on a new one it is found out which it
 * was; where that cannot be, *pg is NULL. */
bool restore_swap_surely(const Connection *server, Pg **pg, const char *live, const char *coming, bool anybodys,
                         const char *from, const JobSink *sink, const Cancel *cancel, char **kept, Error *err);

/* --- restore.c --- */
void restore_record(Restore *run, const char *status, const char *message); /* in the folder's log */
bool restore_name_database(Restore *run, Error *err);                /* load.database: of the new one */
bool restore_load(Restore *run, const Tool *tool, Error *err);       /* fills it by pg_restore */
bool restore_check_unchanged(Restore *run, Error *err);              /* the file is still the one that was checked */
bool restore_make_safety_backup(Restore *run, Error *err);
bool restore_check_safety(Restore *run, Error *err); /* it is there, and what it was when it was made */
bool restore_prove_safety_backup(Restore *run, Error *err);
bool restore_fill(Restore *run, const Tool *tool, Error *err); /* loaded, counted, owners and rights given, analysed */

/* --- restore_in_place.c --- */
/* spec->in_place, when all is looked at; run->in_live has the lock. */
bool restore_in_place(Restore *run, const Tool *tool, Error *err);

/* --- restore_tables.c --- */
typedef struct RestorePick {
    const ArchiveEntry *table;    /* its TABLE */
    const ArchiveEntry **members; /* it and the partitions below it: their schemas and tags */
    size_t member_count;
} RestorePick;

typedef struct RestorePicks { /* zeroed */
    RestorePick *items;
    size_t count;
    bool *only; /* for each entry: what the tables need, and their rows */
} RestorePicks;

/* "work_orders, extra.parts". EK_NOT_FOUND, EK_SETTINGS, EK_USAGE: a name. */
bool restore_pick_tables(const Archive *archive, const char *names, RestorePicks *picks, Error *err);
void restore_picks_release(RestorePicks *picks);
int64_t restore_rows_of(const RestorePick *pick, const Manifest *manifest); /* -1: not known */
/* spec->tables, once the file is read and load.server is connected. */
bool restore_tables(Restore *run, const Tool *tool, Error *err);

/* --- restore_entered.c --- */
/* After a restore with a safety backup: what others entered or deleted since, which is in result->kept alone. Told,
 * noted, and in the mark of that one. What fails is told as well. */
void restore_look_for_entered(Restore *run);
/* "large objects +1, work_orders +3, log -1"; NULL: there are as many as then of each. Caller frees. *rows: how many in
 * all. */
char *restore_entered_words(const Snapshot *now, const Manifest *then, int64_t *rows);

/* --- restore_kept.c --- */
/* After a restore: tells what is kept, and what of it is over its time. What fails is only told. */
void restore_look_after_kept(Restore *run);

/* --- restore_database.c --- */
bool restore_look_at_owners(Restore *run, Error *err); /* fills load.foreign_owners */
bool restore_make_database(Restore *run, Error *err);  /* and connects load.pg to it */
bool restore_prepare_in_place(Restore *run, Error *err); /* the same where load.pg is in the emptied live one */
/* When all of its tables are filled: the schemas' owners; then what has no rows. */
bool restore_give_schemas(Restore *run, Error *err);
bool restore_do_later(Restore *run, Error *err);
/* What belongs to the live database as a database; where there is none, what the backup says of its own. */
bool restore_carry_over(Restore *run, Error *err);
/* Of the backup: `last`: its limit, its comment and its owner; else the rest. */
bool restore_carry_from_backup(Restore *run, const char *name, bool last, Error *err);
/* The same, where it is to be done with the change of names: into the mark of load.database (swap_dress); and whether
 * it was. */
bool restore_dress(Restore *run, Error *err);
bool restore_look_at_dress(Restore *run, Error *err);

#endif
