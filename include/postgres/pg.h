/*
 * pg.h: the libpq adapter. One connection is used by one thread at a time. Every call can be cancelled, and
 * none hangs on a dead server or network: TCP keep-alives are set, a statement to which nothing comes back is given up
 * (pg_set_patience), connecting times out after 15 seconds and is tried
 * three times with back-off where the failure may pass (a compute that wakes up), never for a refusal. A request to
 * stop is followed within two seconds, also while a name is looked up.
 */
#ifndef CMMS_PG_H
#define CMMS_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/connection.h"

typedef struct Pg Pg;
typedef struct PgRows PgRows;

/* Errors: EK_CONNECT (unknown host, closed port, TLS, time-out), EK_REFUSED (password, database, role), each a
 * clear sentence with a hint; the password is never in them. */
bool pg_connect(const Connection *connection, const Cancel *cancel, Pg **out, Error *err);
bool pg_connect_again(const Pg *pg, const Cancel *cancel, Pg **out, Error *err); /* a second session like this one */
void pg_close(Pg *pg); /* NULL is fine */

int pg_server_version(const Pg *pg);              /* 170011 */
const char *pg_server_version_text(const Pg *pg); /* "17.11 (Debian 17.11-0+deb13u1)"; borrowed */
bool pg_uses_tls(const Pg *pg);
const char *pg_server_encoding(const Pg *pg);     /* of the database: "UTF8", "LATIN1", "SQL_ASCII"; borrowed */

/* Text is UTF-8, into which the server converts it. Where that cannot be, this has the session use another encoding,
 * as whose bytes all text goes and comes, which here is what utf8_shown makes of them: statements, parameters, values,
 * messages. "SQL_ASCII" stands for the database's own bytes. To be called between two statements; not for COPY. */
bool pg_use_bytes(Pg *pg, const char *encoding, const Cancel *cancel, Error *err);

/* Runs one statement, with text parameters ($1 …; NULL is SQL NULL). rows may be NULL. */
bool pg_query(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
              PgRows **rows, Error *err);
/* From now on (off: no longer) each pg_query of a transaction stands by itself: one that fails is rolled back alone,
 * and the transaction goes on (a savepoint around each; a lost or stopped session is left as it is; one whose
 * transaction was ended by the statement counts as lost). Not pg_script, not COPY. For work that was written to go on
 * after a refusal, where all of it is to be one transaction. */
void pg_guard(Pg *pg, bool on);
/* Runs a script of several statements without parameters. */
bool pg_script(Pg *pg, const char *sql, const Cancel *cancel, Error *err);

/* How long a statement may stay without a byte from the server: then the server is asked (pg_session_works), and if it
 * does not work on the statement, or cannot be asked, the connection counts as lost. 0: for ever. After pg_connect it
 * is ten minutes. For questions that take no time there is PG_SHORT_PATIENCE. */
#define PG_SHORT_PATIENCE 30u
void pg_set_patience(Pg *pg, unsigned seconds);

/* Whether the server works for a session of this user, known by its application_name or, where that is NULL, by its
 * number. Asks on a connection of its own, for some seconds at most: yes when a statement is under way that does not
 * wait for its client, or when the session got on (another statement, rows of a COPY) between two looks. No when the
 * server cannot be asked. Yes when a stop is requested meanwhile: who asks will look for that himself. */
bool pg_session_works(const Connection *connection, const char *application, int64_t number, const Cancel *cancel);

/* Rolls back, and says whether the server answers at all: after a second at most, and at once where a statement was
 * given up before. */
bool pg_answers(Pg *pg);

size_t pg_row_count(const PgRows *rows);
const char *pg_value(const PgRows *rows, size_t row, size_t column); /* borrowed; NULL is SQL NULL */
int64_t pg_value_int(const PgRows *rows, size_t row, size_t column, int64_t fallback);
void pg_rows_free(PgRows *rows); /* NULL is fine */

/* COPY … FROM STDIN: begin, feed, end. More than one statement is refused. */
bool pg_copy_begin(Pg *pg, const char *sql, const Cancel *cancel, Error *err);
bool pg_copy_data(Pg *pg, const char *bytes, size_t len, Error *err);
bool pg_copy_end(Pg *pg, const Cancel *cancel, Error *err);
/* COPY … TO STDOUT: `take` gets each piece, which are whole rows; where it says no, the COPY is stopped, and err is
 * what it set. The session may be unusable then. Not after pg_use_bytes. */
bool pg_copy_out(Pg *pg, const char *sql, bool (*take)(void *context, const char *bytes, size_t len, Error *err),
                 void *context, const Cancel *cancel, Error *err);

#define PG_SESSION_PREFIX "cmms-backup" /* of the application names of all our sessions, and of the tools' */

/* The session's application name is then "cmms-backup COMPUTER JOB"; `job`: a word of ours. */
bool pg_name_session(Pg *pg, const char *job, const Cancel *cancel, Error *err);
/* One backup or restore of a database at a time, whichever PC it runs on: an advisory lock of the server,
 * held until pg_close. EK_BUSY when another session has it; the detail names that. Names the session too. */
bool pg_lock_database(Pg *pg, const char *job, const Cancel *cancel, Error *err);

/* That the session is ours alone from one statement to the next. A pooler that hands the server's sessions round
 * after each transaction would keep our lock and our settings for whoever comes next: EK_CONNECT says so. Costs a
 * second connection where something stands in between that has a session number of its own (also Neon's proxy,
 * which is harmless), else nothing. */
bool pg_own_session(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err);

/* No time-out of the server ends what this session asks, or the session itself while it rests: server, role and
 * database may have some, for their own programs. Only for a session that is ours alone. */
bool pg_calm(Pg *pg, const Cancel *cancel, Error *err);
/* Both, for a session that is to rest or to get settings of ours: soon after pg_connect. */
bool pg_settle(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err);

/* Has the server end this user's other sessions of that job: whose application name begins with the prefix and ends
 * with its word. A client that was killed, or whose PC has lost its power, keeps its session behind a proxy or on a
 * network that is gone for hours, with all its locks. *ended (may be NULL): how many. They are asked to end; it
 * takes them a moment. */
bool pg_end_sessions(Pg *pg, const char *job, const Cancel *cancel, size_t *ended, Error *err);
/* The same at the end of a job that failed, with a session that may be in a transaction, or lost: rolls back first,
 * takes a second at most, and what cannot be done is no error. NULL is fine. */
void pg_end_sessions_quickly(Pg *pg, const char *job);

char *pg_identifier(const char *name); /* quoted for SQL; caller frees */
char *pg_table_name(const char *schema, const char *name); /* both quoted, with the dot; caller frees */
int pg_library_version(void);          /* libpq's own, 180006; 0: libpq.dll cannot be loaded */

/* Turns what libpq or a client tool says about a failed connection into one of our errors
 * (pg_errors.c). *passing (may be NULL): another try may succeed. Always false. */
bool pg_explain_connect(const Connection *connection, const char *message, bool *passing, Error *err);
/* The same for a statement: its SQLSTATE (NULL or empty: the connection was lost) and the server's words. */
bool pg_explain_statement(const char *sqlstate, const char *message, const char *detail, const char *hint, Error *err);
/* A server on this computer has nothing to do with the internet: puts another hint in the place of one that speaks of
 * it. For errors of the tools as well. Always false. */
bool pg_fit_hint(bool loopback, Error *err);
/* Whether an error of pg_connect says that the server asks for a password and none was set. */
bool pg_error_wants_password(const Error *err);
/* Whether it says that the database is not there, or lets nobody in. */
bool pg_error_wants_database(const Error *err);

#endif
