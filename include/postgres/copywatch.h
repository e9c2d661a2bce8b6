/*
 * copywatch.h: how far the server is with the table that pg_dump reads (pg_stat_progress_copy, from PostgreSQL 14
 * on), or with what several pg_restores load (that, and pg_stat_progress_create_index, from 12 on). For progress only:
 * a watch that cannot connect or may not look says that it does not know.
 */
#ifndef CMMS_COPYWATCH_H
#define CMMS_COPYWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "postgres/connection.h"

typedef struct CopyWatch CopyWatch;

/* Looks twice a second, on a connection and a thread of its own, at the session of this application_name. Its own
 * session has the job in its name from the first moment on, so that pg_end_sessions finds it as well. */
CopyWatch *copywatch_start(const Connection *connection, const char *session, const char *job);
/* The rows of this table that were read so far; -1: not known. */
int64_t copywatch_rows(CopyWatch *watch, const char *schema, const char *table); /* NULL is fine */

/* The same for all sessions whose application_name begins so; it asks in nothing but SELECTs. */
CopyWatch *copywatch_start_loads(const Connection *connection, const char *sessions, const char *job);
/* What the session of this name does, by a question that was put after that moment (clock_monotonic_ms), so that it
 * is not about what came before: the bytes of a COPY that came so far, or -1; of an index that it builds the
 * thousandths, or -1. False: neither, or not known. */
bool copywatch_load(CopyWatch *watch, const char *session, uint64_t after_ms, int64_t *bytes, int64_t *thousandths);

void copywatch_stop(CopyWatch *watch); /* within two seconds; NULL is fine */

#endif
