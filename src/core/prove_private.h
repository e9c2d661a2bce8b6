/* prove_private.h: shared by prove*.c and their tests; nobody else includes it. */
#ifndef CMMS_PROVE_PRIVATE_H
#define CMMS_PROVE_PRIVATE_H

#include "archive.h"
#include "pg.h"
#include "prove.h"

/* 17 of "17.11 (Debian …)"; 0 when it begins otherwise. NULL is 0. */
int prove_major(const char *version);

/* The name of the encoding that the database had: of its DATABASE entry, else of ENCODING, else "UTF8". Caller
 * frees. */
char *prove_encoding(const Archive *archive);

/* Whether something in it sorts by ICU. */
bool prove_needs_icu(const Archive *archive);

/* How many objects of a kind the TOC lists: "SEQUENCE", "INDEX", … */
int64_t prove_count_entries(const Archive *archive, const char *desc);
/* The large objects that the TOC lists; -1 when it does not (--data-only). */
int64_t prove_listed_objects(const Archive *archive);

/* Whether a constraint of that name was made without a look at the rows that were there. */
bool prove_unchecked_by_design(const Archive *archive, const char *constraint);

/* The next role that CREATE POLICY names, as it is written there: *at, at first the whole definition, moves on.
 * NULL: no other; caller frees. */
char *prove_policy_role(const char **at, bool first);

/* What the server lacks for this archive, into result->not_provable. On a server of our own (`own`) roles that row
 * policies name are made instead. */
bool prove_look_ahead(Pg *pg, const Archive *archive, bool own, const Cancel *cancel, ProveResult *result,
                      Error *err);
void prove_add_obstacle(ProveResult *result, const char *text);

/* What a server lacks in whose words pg_restore failed; NULL: that is no such failure. Caller frees. */
char *prove_obstacle(const char *error);

/* Compares the restored database with the archive and the counts in result->manifest; fills the result's numbers. */
bool prove_compare(Pg *pg, const Archive *archive, const Cancel *cancel,
                   void (*counted)(void *context, size_t done, size_t all), void *context, ProveResult *result,
                   Error *err);

/* One line of what pg_restore says: keeps the first error and the detail that follows it. Caller frees both. */
void prove_pick_words(const char *line, char **error, char **detail);

#endif
