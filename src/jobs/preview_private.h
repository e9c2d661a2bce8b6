/* preview_private.h: between preview*.c and their test; nobody else includes it. */
#ifndef CMMS_PREVIEW_PRIVATE_H
#define CMMS_PREVIEW_PRIVATE_H

#include "archive/archive.h"
#include "jobs/preview.h"
#include "postgres/pg.h"

#define PREVIEW_PART_READ 0.5 /* of the whole: reading the file, where it has to be read */

/* When a row was made: the first of these that a table has as a timestamp, in this order. The CMMS's own come first.
 * Between commas, so that a name is found whole. */
#define PREVIEW_MADE                                                                                                 \
    ",created_date,created_at,created_on,created,creation_date,date_created,inserted_at,action_timestamp,"           \
    "transaction_date,login_time,requested_date,recorded_date,entered_date,calculation_date,exported_date,"

/* --- preview_newest.c --- */
/* The newest row of each table of the backup that bears a time, read from the archive for some seconds at most. What
 * cannot be read is left out: whether the file is sound is looked at elsewhere. */
bool preview_find_newest(Preview *preview, const char *path, const Archive *archive, const Cancel *cancel, Error *err);
/* Of COPY's columns the one that tells when a row was made, from 0 on; -1: there is none. */
int preview_made_column(const char *copy_statement);
typedef struct PreviewNewest { /* zeroed but for `column` */
    int column, at;
    char field[40], newest[20]; /* "2026-11-30 05:12:44"; empty: no row had a time */
    size_t len;
} PreviewNewest;
void preview_newest_feed(PreviewNewest *newest, const uint8_t *bytes, size_t len);

/* --- preview_live.c --- */
/* Connected to the live database. Fills live, live_bytes, live_objects and the live side of the tables. */
bool preview_count_live(Pg *pg, Preview *preview, unsigned seconds, const JobSink *sink, const Cancel *cancel,
                        Error *err);

/* --- preview_facts.c --- */
/* What in a file of others acts, into preview->acts. */
void preview_find_acts(Preview *preview, const Archive *archive);
/* What the server lacks of what the archive names, into left_out. `pg` is outside of a transaction, in a database that
 * is not the live one, and its user is `user`. */
bool preview_find_left_out(Pg *pg, const char *user, Preview *preview, const Archive *archive, const Cancel *cancel,
                           Error *err);
/* Whose it is: by what both servers say of themselves. `oid`: the live database's; NULL: it is gone. */
PreviewOwn preview_whose(const Manifest *backup, const Manifest *server, const char *oid, const char *database);

/* --- preview_words.c --- */
/* The table of that name, which is added where there is none yet; its words are set. */
PreviewTable *preview_table(Preview *preview, const char *schema, const char *name);
/* When all tables are there: sorts them, and looks whether the two sides have anything to do with each other. */
void preview_settle(Preview *preview);

char *preview_sentence(const char *text); /* "the user …" with a capital; caller frees */
/* Take the text. */
void preview_add_left_out(Preview *preview, char *text);
void preview_add_obstacle(Preview *preview, char *text);
void preview_add_act(Preview *preview, char *text);

#endif
