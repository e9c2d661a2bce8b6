/*
 * engine.h: a PostgreSQL server of our own on loopback, in a folder of its own: for the sample database, and
 * for proving a backup. Never a service. It ends with engine_stop, and with our process, however that ends.
 */
#ifndef CMMS_ENGINE_H
#define CMMS_ENGINE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"

typedef struct Engine Engine;

/* The folder of the server's programs: CMMS_BACKUP_ENGINE, else engine\bin beside the program, else (POSIX) the
 * newest /usr/lib/postgresql/NN/bin. Caller frees. EK_TOOL when there is none. */
bool engine_find(char **bin_dir, Error *err);

/* Makes a cluster in `data_dir` if there is none (superuser "postgres", a random password, scram, UTF8, loopback
 * only), and starts the server on a free port. A server that a crash left running there is stopped first. EK_BUSY
 * when another process uses the folder. What is in it:
 *   cluster\       the server's own data folder; cluster.new while it is being made
 *   engine.secret  the password, readable by this user alone
 *   engine.lock    held while the engine runs
 *   engine.log     what the server said since its last start */
bool engine_start(const char *data_dir, const JobSink *sink, const Cancel *cancel, Engine **out, Error *err);
const Connection *engine_connection(const Engine *engine); /* to its database "postgres"; borrowed */
bool engine_running(Engine *engine);                       /* false when the server has ended by itself */
void engine_stop(Engine *engine); /* fast stop, waits; frees; NULL is fine */
/* The same for a cluster that nobody will start again: at once, without bringing it in order. */
void engine_discard(Engine *engine);

#endif
