/*
 * connection.h: where the database is and how to reach it, as libpq understands it.
 *
 * Sources, later ones win: defaults, the profile file, PG* environment, a connection string, switches.
 */
#ifndef CMMS_CONNECTION_H
#define CMMS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "secret.h"

typedef struct Connection {
    char *host;        /* name, address or (POSIX) socket folder; NULL: localhost */
    char *port;        /* decimal text; NULL: 5432 */
    char *user;        /* NULL: the system user's name */
    char *database;    /* NULL: the user's name */
    char *sslmode;     /* NULL: verify-full, but prefer for loopback (see connection_sslmode) */
    char *sslrootcert; /* PEM file or "system"; NULL: the system's roots (connection_resolve) */
    char *channel_binding; /* NULL: libpq's default */
    char *options;     /* server options, as in PGOPTIONS; NULL: none */
    Secret password;
    bool pooler_removed; /* the host named Neon's pooler; host is the direct one now (connection_direct) */
} Connection;

void connection_init(Connection *connection);
void connection_release(Connection *connection);
void connection_copy(Connection *to, const Connection *from); /* `to` initialised */

/* Reads PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT, PGCHANNELBINDING, PGOPTIONS
 * over what is there. */
void connection_from_env(Connection *connection);

/* Reads `postgresql://user:password@host:port/db?sslmode=…` or `host=… port=… …` over what is there, as libpq
 * does; also with what Neon's pages put around it (`psql '…'`, `DATABASE_URL="…"`, `jdbc:`). What is not understood
 * is EK_USAGE with the name of the part; no value is ever in the message. An address (the first form) must name,
 * or find there, a host and a user. Several hosts are refused. */
bool connection_parse(Connection *connection, const char *text, Error *err);

/* %LOCALAPPDATA%\AIT CMMS\Backup\connection.json: host, port, user, database, sslmode; never the password,
 * which the system keeps (machine_secret_*) under connection_secret_target. A missing file is no error. */
bool connection_load_profile(Connection *connection, Error *err);
bool connection_save_profile(const Connection *connection, Error *err);
/* The same for any file, and for its content. EK_SETTINGS when that is not what we write. */
bool connection_read_profile(Connection *connection, const char *path, Error *err);
bool connection_write_profile(const Connection *connection, const char *path, Error *err);
bool connection_parse_profile(Connection *connection, const char *bytes, size_t len, Error *err);
char *connection_secret_target(const Connection *connection); /* "AIT CMMS Backup:user@host:port/db", direct host */

/* Neon's pooler cannot serve pg_dump: takes "-pooler" out of the first label of an *.neon.tech host. */
void connection_direct(Connection *connection);

/* To be called once when all sources have been read, before connecting: checks what came without a check (from
 * the environment), takes the direct host, and fills sslrootcert with the system's roots (roots_get) where
 * certificates are to be verified and none is named. EK_SETTINGS names what cannot be used. */
bool connection_resolve(Connection *connection, Error *err);

bool connection_is_loopback(const Connection *connection); /* localhost, 127.*, ::1, a socket folder */
const char *connection_host(const Connection *connection);     /* with defaults; borrowed */
const char *connection_port(const Connection *connection);
const char *connection_database(const Connection *connection); /* NULL when neither it nor the user is set */
const char *connection_sslmode(const Connection *connection);
/* The database and user as a connection string in percent form, thus plain ASCII: "postgresql:///cmms?user=ann".
 * For a client tool's --dbname: on Windows a tool reads its environment in the ANSI code page, in which a name such
 * as "données 中" would be lost. Host, port and password stay in the environment. Caller frees; NULL without a
 * database. */
char *connection_tool_string(const Connection *connection);
char *connection_text(const Connection *connection); /* "user@host:port/db" for people; caller frees */

/* The environment of a client tool that is to reach this database: "PGHOST=…" … PGPASSWORD (or else PGPASSFILE as
 * inherited), PGCONNECT_TIMEOUT, NULL-terminated, to be handed to ProcessSpec.env_set; the inherited PG* names are in
 * the second list. Free with connection_free_env, which wipes. */
char **connection_env(const Connection *connection);
const char *const *connection_env_unset(void); /* all PG* variables that libpq knows, and LC_ALL; static */
void connection_free_env(char **env);

#endif
