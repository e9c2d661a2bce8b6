/*
 * copywatch.h: how far the server is with the table that pg_dump reads (pg_stat_progress_copy, from PostgreSQL 14
 * on). For progress only: a watch that cannot connect or may not look says that it does not know.
 */
#ifndef CMMS_COPYWATCH_H
#define CMMS_COPYWATCH_H

#include <stdint.h>

#include "postgres/connection.h"

typedef struct CopyWatch CopyWatch;

/* Looks twice a second, on a connection and a thread of its own, at the session of this application_name. Its own
 * session has the job in its name from the first moment on, so that pg_end_sessions finds it as well. */
CopyWatch *copywatch_start(const Connection *connection, const char *session, const char *job);
/* The rows of this table that were read so far; -1: not known. */
int64_t copywatch_rows(CopyWatch *watch, const char *schema, const char *table); /* NULL is fine */
void copywatch_stop(CopyWatch *watch); /* within two seconds; NULL is fine */

#endif
