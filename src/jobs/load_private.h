/* load_private.h: what a proof and a restore share: an archive, loaded into an empty database and counted there.
 * For load*.c, prove*.c, restore*.c, preview*.c and their tests; nobody else includes it. */
#ifndef CMMS_LOAD_PRIVATE_H
#define CMMS_LOAD_PRIVATE_H

#include "archive/archive.h"
#include "base/progress.h"
#include "jobs/prove.h"
#include "platform/fs.h"
#include "postgres/engine.h"
#include "postgres/pg.h"
#include "postgres/tools.h"

#define PROVE_FOLDER_PREFIX "prove-" /* of a scratch folder, of a restore too: prove_clean_up knows it by that */
#define PROVE_LOCK_SUFFIX ".lock" /* of a scratch folder: beside it, and held before the folder is made */
/* Of the whole. */
#define PART_READ 0.15
#define PART_STARTED 0.25
#define PART_RESTORED 0.90

extern const char load_hint_unproven[];

typedef struct Load {
    const char *path;
    const ProveSpec *spec; /* of a proof */
    const char *what;      /* "proof", "restore" */
    bool record;           /* in the backup's manifest and in the log of its folder */
    bool foreign;          /* the backup has no manifest, or one that it got when it was adopted */
    bool for_good;         /* a restore: owners and rights are kept, and what was lifted is put back */
    const JobSink *sink;
    const Cancel *cancel;
    ProgressMeter meter;
    uint64_t started_ms;
    FsLock *folder_lock, *prove_lock;
    FsLock *scratch_lock; /* of the scratch folder of a proof on a server, of which there may be several */
    char *manifest_path;
    Archive archive; /* its TOC */
    ProveResult result;
    Connection connection; /* to the server, and then to the scratch database */
    char *scratch;         /* a folder of our own, also the engine's; NULL: none was made */
    char *copy;            /* in it: the backup without what the server does not know; NULL: it knows everything */
    Engine *engine;
    Pg *server;            /* a session in the server's own database */
    Pg *pg;                /* one in the scratch database */
    char *database;        /* NULL: none was made; a role of this name owns it where one was made */
    bool is_super, has_role; /* who makes it: a superuser; one who may make roles */
    bool role_made;        /* then run->connection is the role's */
    Tools tools;
    /* While pg_restore runs: */
    char *session;         /* under this name the server knows it */
    char *error, *detail;  /* its own words, without what stands in rows */
    char *raw_error;       /* with it: to be looked at, never to be shown */
    long failed_id;        /* the entry's at which it failed; 0: it did not say */
    size_t roles_made;     /* that the archive names, on the engine */
    char *other_sort;      /* how the source sorts, where the scratch database does not; NULL: as the source */
    const bool *only;      /* for each entry: it may be wanted; NULL: all may. Borrowed */
    bool *wanted;          /* for each entry: pg_restore is to restore it */
    uint64_t bytes_all, bytes_done, bytes_now; /* of tables, decoded */
    /* Of a restore: */
    bool *foreign_owners;  /* for each entry: its owner is not there, or may not be made one by us */
    char **forced;         /* statements that force row security again where it was lifted for the count */
    size_t forced_count;
    char **skipped;        /* in words: what was left out, and why */
    size_t skipped_count;
    char **put_off;        /* statements that add rules again, for rows to come */
    size_t put_off_count;
    bool in_place;         /* run->pg is in a transaction that is to hold all of it */
    bool feeds;            /* pg_restore writes, and we send (load_feed.c) */
    struct LoadFeed *feed; /* while it does */
} Load;

/* --- load.c --- */
void load_init(Load *run); /* path, sink and started_ms are set */
void load_release(Load *run);
void load_stage(Load *run, const char *step, double from, double to);
bool load_read_backup(Load *run, Error *err); /* every byte; then the archive's table of contents */
char *load_random_name(const char *prefix, Error *err); /* NULL: the system gave no random bytes; caller frees */
bool load_name_scratch(Load *run, const char *base, Error *err); /* a folder in `base`; it is not made */
void load_drop_scratch(Load *run); /* the scratch folder, and the engine in it */
void load_free_texts(char **texts, size_t count);

/* --- load_database.c --- */
bool load_run_on(Pg *pg, const char *before, const char *name, const char *after, const Cancel *cancel, Error *err);
/* One number; `param`: $1, or NULL. */
bool load_ask_number(Pg *pg, const char *sql, const char *param, const Cancel *cancel, int64_t *value, Error *err);
bool load_is_the_end(const Error *err);
/* What pg_has_role has to grant of a role to which something may be given, besides USAGE. Static. */
const char *load_giving_right(const Pg *pg);
/* No limit that was set for the user's sessions may end one of ours, and what one of ours commits is on the disk. */
bool load_calm(Pg *pg, const Cancel *cancel, Error *err);
bool load_is_plain(const char *text); /* needs no quotes */
char *load_extension_schema(const ArchiveEntry *entry);
/* Options of CREATE DATABASE, caller frees. As the source sorts, and *name its name for people: NULL: by code point. */
char *load_plain_sort(const Load *run, const char *encoding);
char *load_source_sort(const Load *run, char **name);
bool load_speak_as_archive(const Load *run, Error *err); /* run->pg */
bool load_apply_settings(Load *run, Error *err);         /* connects run->pg anew */

/* --- prove_database.c --- */
void prove_drop_leftovers(Load *run); /* of interrupted proofs, on run->server */
bool prove_make_database(Load *run, Error *err); /* and connects run->pg to it */
void prove_drop_database(Load *run);

/* --- load_tool.c --- */
bool load_has_engine(void); /* this PC can prove */
bool load_pick_tool(Load *run, const Tool **tool, Error *err);
bool load_leave_out_unknown(Load *run, Error *err); /* makes the scratch folder, and in it a copy without what this
                                                           server does not know (skew.h) */
/* True also where it stopped at something that the server lacks. */
bool load_run(Load *run, const Tool *tool, Error *err);
/* One line of what pg_restore says: keeps the first error and the detail that follows it. Caller frees both. */
void load_pick_words(const char *line, char **error, char **detail);

/* --- load_feed.c: pg_restore's script, into the transaction of run->pg or by a session of its own --- */
/* from: the first entry that may come. load_feed_end comes behind it, whatever it says. */
bool load_feed_begin(Load *run, size_t from, Error *err);
bool load_feed_take(Load *run, const char *bytes, size_t len); /* false: it failed, and no more is wanted */
/* Behind the last byte (`whole`: pg_restore itself succeeded). True with *failed where the server refused an entry:
 * that one is undone, what came before it stays, and run->error and run->failed_id say which and why, as pg_restore
 * would have. False: the transaction is lost, or to be. */
bool load_feed_end(Load *run, bool whole, bool *failed, Error *err);

/* --- load_finish.c --- */
char *load_missing_role(const char *error); /* that the server's words name; NULL: none; caller frees */
/* Whether what made pg_restore stop at that entry is out of its way now, and it can go on from there. False with an
 * error only where the session is lost or was stopped. */
bool load_clear_away(Load *run, size_t at, Error *err);
/* Fills the materialized views; those that cannot be filled are noted as not provable. The owner sees all rows then. */
bool load_finish(Load *run, Error *err);
/* Of a restore, after the count: what was lifted or put off is put back. */
bool load_put_back(Load *run, Error *err);

/* --- load_list.c --- */
bool load_has_schema(Pg *pg, const char *name, const Cancel *cancel, bool *has, Error *err);
bool load_is_wanted(const ArchiveEntry *entry);
bool load_is_later(const ArchiveEntry *entry); /* a restore does it itself, when the rows are counted */
bool load_choose(Load *run, Error *err); /* fills run->wanted, and what is left out into the result */
/* The entries from `from` on, before `to`. */
bool load_write_list(const Load *run, size_t from, size_t to, const char *path, Error *err);

/* --- load_sql.c: pg_dump's text. *at moves behind what was taken; NULL or false: it is not there; caller frees --- */
const char *sql_name_end(const char *at);
char *sql_take_name(const char **at);    /* an identifier, without its quotes */
char *sql_take_literal(const char **at); /* 'text' or E'text', likewise */
bool sql_take_word(const char **at, const char *word);
char *sql_literal(const char *text); /* for SQL of our own */
/* An option of CREATE DATABASE: "ICU_LOCALE". */
char *sql_option_of(const char *definition, const char *name);
/* The next of several statements, without what ends it; whatever stands in texts, names and remarks. */
char *sql_next_statement(const char **at);
/* COMMIT and its like, by the first word, in capitals or not; remarks before it are none. */
bool sql_ends_transaction(const char *sql);
#define LOAD_ENDS_TRANSACTION "the backup holds a statement that would end the transaction"
/* A statement about a database (… DATABASE old …), about another one; NULL: it is none. */
char *sql_for_database(const char *sql, const char *name);
/* The next setting of DATABASE PROPERTIES on which the meaning of a value or a rule may depend, for ALTER DATABASE …
 * SET: "TimeZone" TO 'Europe/Istanbul'. */
char *sql_next_setting(const char **at);

/* --- load_obstacle.c --- */

/* What the server lacks for this archive, into result->not_provable. On a server of our own (`own`) roles that row
 * policies name are made instead. */
bool load_look_ahead(Pg *pg, const Archive *archive, bool own, const Cancel *cancel, ProveResult *result,
                      Error *err);
void load_add_obstacle(ProveResult *result, const char *text);

void load_add_left_out(ProveResult *result, const char *kind, const char *name);

/* Whether pg_restore failed for a right that was not given. */
bool load_lacks_rights(const char *error);
/* Whether what pg_restore failed at depends on how text is sorted or on what its letters are. */
bool load_depends_on_sort(const ArchiveEntry *entry, const char *error);
/* What a server lacks in whose words pg_restore failed; NULL: that is no such failure. Caller frees. */
char *load_obstacle(const char *error);

/* --- load_compare.c --- */

/* 17 of "17.11 (Debian …)"; 0 when it begins otherwise. NULL is 0. */
int load_major(const char *version);

/* The name of the encoding that the database had: of its DATABASE entry, else of ENCODING, else "UTF8". Caller
 * frees. */
char *load_encoding(const Archive *archive);

/* Whether something in it sorts by ICU. */
bool load_needs_icu(const Archive *archive);

/* How many objects of a kind the TOC lists: "SEQUENCE", "INDEX", … */
int64_t load_count_entries(const Archive *archive, const char *desc);
/* The large objects that the TOC lists; -1 when it does not (--data-only). */
int64_t load_listed_objects(const Archive *archive);

/* Whether that constraint of a table or domain was made without a look at the rows that were there. */
bool load_unchecked_by_design(const Archive *archive, const char *schema, const char *table, const char *constraint);

/* The table into which the rows of an entry are loaded where that is another one: pg_dump loads the rows of partitions
 * whose hash may differ elsewhere through their root. False: its own. Caller frees both. */
bool load_loads_elsewhere(const ArchiveEntry *entry, char **schema, char **table);

const ArchiveEntry *load_first_entry(const Archive *archive, const char *desc); /* NULL: none */

/* What an archive holds if it is a part: NULL: definitions and rows. Static. */
const char *load_part(const Archive *archive);

/* The next role that CREATE POLICY names, as it is written there: *at, at first the whole definition, moves on.
 * NULL: no other; caller frees. */
char *load_policy_role(const char **at, bool first);

/* Compares the restored database with the archive and the counts in result->manifest; fills the result's numbers. */
bool load_compare(Pg *pg, const Archive *archive, const Cancel *cancel,
                   void (*counted)(void *context, size_t done, size_t all), void *context, ProveResult *result,
                   Error *err);

#endif
