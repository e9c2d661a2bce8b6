/*
 * source.h: whose backup one is. Host, port and name do not say it: the port may lead to another server tomorrow, two
 * tunnels are both "localhost", and one server has many names. So the server is asked what it is.
 *
 * Two questions, two answers. To *show* (which backups are of the configured database, how it stands), what the server
 * said is enough: one server under two names is one. To *remove* one because of another, both must also have been
 * reached at the same place, because copies of a server (a VM's clone, pg_basebackup) say the same of themselves.
 */
#ifndef CMMS_SOURCE_H
#define CMMS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/cancel.h"
#include "postgres/connection.h"
#include "postgres/pg.h"
#include "store/manifest.h"

typedef struct Source {
    char *key;      /* owned: "system identifier/database oid[/Neon's timeline]"; where the server does not tell,
                       "host:port/database". NULL: not known, which is the same as nothing, not even another such */
    char *place;    /* owned: "host:port", the direct host in lower case; NULL: not known */
    char *database; /* owned, or NULL */
} Source;

void source_init(Source *source);
void source_release(Source *source);
void source_copy(Source *to, const Source *from); /* `to` is initialised; what it holds is replaced */

/* Replace what `source` holds. */
void source_of_manifest(const Manifest *manifest, Source *source);
void source_of_connection(const Connection *connection, Source *source); /* without asking: no key */

/* The same database, for what is shown. */
bool source_same(const Source *a, const Source *b);
/* The same database at the same place, for what is removed. */
bool source_same_place(const Source *a, const Source *b);
/* Whether a manifest's source is what this connection leads to by its words alone: host, port and database. */
bool source_answers(const Source *of_manifest, const Source *of_connection);

/* "cmms on db.example.org", with the port where it is not the usual one; NULL where the database is not known. Caller
 * frees. */
char *source_label(const Source *source);

/* Asks the server: system_identifier, database_oid and timeline of the manifest, and *clock (unix seconds), each NULL
 * or 0 where the server does not tell it. False only when the connection is lost or the job cancelled. */
bool source_ask(Pg *pg, const Cancel *cancel, Manifest *manifest, int64_t *clock, Error *err);

/* Connects and asks; the key, or NULL where it could not be had. Caller frees. */
char *source_ask_key(const Connection *connection, const Cancel *cancel);

/* A sentence where two clocks are more than a day apart, or the server's (0) is not known, so that nothing may be
 * removed by its age; else NULL. Caller frees. */
char *source_clock_differs(int64_t here, int64_t there);

#endif
