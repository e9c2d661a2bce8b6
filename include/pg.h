/*
 * pg.h: the libpq adapter. One connection is used by one thread at a time. Every call can be cancelled, and
 * none hangs on a dead server: TCP keep-alives are set, connecting times out after 15 seconds and is tried
 * three times with back-off where the failure may pass (a compute that wakes up), never for a refusal.
 */
#ifndef CMMS_PG_H
#define CMMS_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cancel.h"
#include "connection.h"
#include "error.h"

typedef struct Pg Pg;
typedef struct PgRows PgRows;

/* Errors: EK_CONNECT (unknown host, closed port, TLS, time-out), EK_REFUSED (password, database, role), each a
 * clear sentence with a hint; the password is never in them. */
bool pg_connect(const Connection *connection, const Cancel *cancel, Pg **out, Error *err);
void pg_close(Pg *pg); /* NULL is fine */

int pg_server_version(const Pg *pg);              /* 170011 */
const char *pg_server_version_text(const Pg *pg); /* "17.11 (Debian 17.11-0+deb13u1)"; borrowed */
bool pg_uses_tls(const Pg *pg);

/* Runs one statement, with text parameters ($1 …; NULL is SQL NULL). rows may be NULL. */
bool pg_query(Pg *pg, const char *sql, const char *const *params, size_t param_count, const Cancel *cancel,
              PgRows **rows, Error *err);
/* Runs a script of several statements without parameters. */
bool pg_script(Pg *pg, const char *sql, const Cancel *cancel, Error *err);

size_t pg_row_count(const PgRows *rows);
const char *pg_value(const PgRows *rows, size_t row, size_t column); /* borrowed; NULL is SQL NULL */
int64_t pg_value_int(const PgRows *rows, size_t row, size_t column, int64_t fallback);
void pg_rows_free(PgRows *rows); /* NULL is fine */

/* COPY … FROM STDIN: begin, feed, end. */
bool pg_copy_begin(Pg *pg, const char *sql, const Cancel *cancel, Error *err);
bool pg_copy_data(Pg *pg, const char *bytes, size_t len, Error *err);
bool pg_copy_end(Pg *pg, const Cancel *cancel, Error *err);

/* One backup or restore of a database at a time, whichever PC it runs on: an advisory lock of the server,
 * held until pg_close. EK_BUSY when another session has it. */
bool pg_lock_database(Pg *pg, const Cancel *cancel, Error *err);

/* That the session is ours alone from one statement to the next. A pooler that hands the server's sessions round
 * after each transaction would keep our lock and our settings for whoever comes next: EK_CONNECT says so. Costs a
 * second connection where something stands in between that has a session number of its own (also Neon's proxy,
 * which is harmless), else nothing. */
bool pg_own_session(Pg *pg, const Connection *connection, const Cancel *cancel, Error *err);

char *pg_identifier(const char *name); /* quoted for SQL; caller frees */
char *pg_table_name(const char *schema, const char *name); /* both quoted, with the dot; caller frees */
int pg_library_version(void);          /* libpq's own, 180006 */

/* Turns what libpq or a client tool says about a failed connection into one of our errors (src/services/
 * pg_errors.c). *passing (may be NULL): another try may succeed. Always false. */
bool pg_explain_connect(const Connection *connection, const char *message, bool *passing, Error *err);
/* The same for a statement: its SQLSTATE (NULL or empty: the connection was lost) and the server's words. */
bool pg_explain_statement(const char *sqlstate, const char *message, const char *detail, const char *hint, Error *err);
/* Whether an error of pg_connect says that the server asks for a password and none was set. */
bool pg_error_wants_password(const Error *err);

#endif
