/*
 * skew.h: what an archive asks of a server that this server does not know. Within one major a newer minor may bring
 * options of columns and tables; an archive that holds them cannot be restored as it is on a server that is older.
 * The rows need none of it: it is left out, and said.
 *
 * Whether the server knows an option is not guessed from version numbers: it is asked, in a transaction that is rolled
 * back. For each restore:
 *
 *     skew_read     lists the options that the archive's table of contents sets, each once
 *     skew_ask      asks the server that it is to be restored on
 *     skew_copy     where skew_count > 0: a copy of the archive without them, for pg_restore
 *
 * The copy has the same length and all offsets hold, because what is left out becomes spaces: pg_restore may read it in
 * parallel, in one transaction or by a list, as the archive itself. It costs the archive's size on the disk while the
 * restore runs.
 *
 * Looked at are the options of columns (ALTER TABLE … ALTER COLUMN … SET (…)) and the storage parameters of tables and
 * materialized views (WITH (…)). Those of views are not: some of them guard the rows. Those of indexes are not either.
 */
#ifndef CMMS_SKEW_H
#define CMMS_SKEW_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"
#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/pg.h"

typedef struct SkewOption {
    char *name;     /* "pg_attver", "toast.autovacuum_enabled" */
    char *value;    /* the first that the archive sets, as SQL writes it; NULL: none */
    bool of_column; /* else of a table */
    bool unknown;   /* the server does not take it */
} SkewOption;

typedef struct Skew {
    SkewOption *options;
    size_t count;
} Skew;

void skew_init(Skew *skew);
void skew_release(Skew *skew);

/* Of an archive whose TOC has been read. At most 64 options; others are left as they are. */
void skew_read(const Archive *archive, Skew *skew);

/* Sets `unknown`. `pg` must be outside of a transaction, in a database where a temporary table may be made; where it
 * may not, all count as known. False only when cancelled or when the connection is lost. */
bool skew_ask(Pg *pg, Skew *skew, const Cancel *cancel, Error *err);

size_t skew_count(const Skew *skew); /* of the unknown ones */

/* What is told about one that is unknown. *mark: it is one that newer servers keep for themselves, by the table in
 * src/jobs/skew.c, and nobody misses it; else it is worth a warning. Caller frees. */
char *skew_text(const SkewOption *option, bool *mark);

/* Writes the copy to `to`, which must not exist, without the unknown options; on failure it is removed. `archive` is
 * the TOC of `from`. */
bool skew_copy(const char *from, const Archive *archive, const Skew *skew, const char *to, const Cancel *cancel,
               Error *err);

#endif
