/* pg_connect.h: what pg.c needs of pg_connect.c. */
#ifndef CMMS_SERVICES_PG_CONNECT_H
#define CMMS_SERVICES_PG_CONNECT_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/connection.h"

#define PG_CONNECT_SECONDS 15u

/* One try; *passing: another may go better. */
bool pg_connect_once(const Connection *connection, const Cancel *cancel, PGconn **out, bool *passing, Error *err);
/* As pg_connect; *out is non-blocking, to be ended with PQfinish. */
bool pg_connect_raw(const Connection *connection, const Cancel *cancel, PGconn **out, Error *err);

#endif
