/*
 * connection.h: where the database is and how to reach it, as libpq understands it. userprofile.h decides
 * which of several sources counts.
 *
 * The server's certificate and name are checked (verify-full) for every host but loopback. Only a setting of ours
 * can weaken that: "sslmode" in the saved connection, PGSSLMODE or --sslmode; each job then names it in its log.
 * What a connection string says cannot: Neon's own strings say sslmode=require, which checks nothing, so that is
 * raised. On loopback the string is followed.
 *
 * Of the caller's environment only the variables below count, for our own sessions and for the tools alike. All
 * other PG* variables act on neither: connection_take_env removes them from this process, connection_env_unset from
 * the tools'. Those that would choose another server, another credential or more safety (PGSERVICE, PGHOSTADDR,
 * PGSSLCERT, PGREQUIREAUTH, ...) are refused by name when a server is to be asked: to pass over them might save the
 * wrong database.
 */
#ifndef CMMS_CONNECTION_H
#define CMMS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/job.h"
#include "base/secret.h"

typedef struct Connection {
    char *host;        /* name, address or (POSIX) socket folder; NULL: localhost */
    char *port;        /* decimal text; NULL: 5432 */
    char *user;        /* NULL: the system user's name */
    char *database;    /* NULL: the user's name */
    char *sslmode;     /* set by us: profile, PGSSLMODE, --sslmode. NULL: see connection_sslmode */
    const char *sslmode_from; /* static: where sslmode comes from, "PGSSLMODE"; NULL: the saved connection */
    char *string_sslmode; /* what a connection string says; counts on loopback, and when it is verify-full */
    char *session;     /* its application name; NULL: as pg_connect has it */
    char *sslrootcert; /* PEM file or "system"; NULL: the system's roots (connection_resolve) */
    char *channel_binding; /* NULL: libpq's default */
    char *options;     /* server options, as in PGOPTIONS; NULL: none */
    char *passfile;    /* a file of passwords, as in PGPASSFILE; NULL: libpq's own */
    Secret password;
    const char *unsupported; /* static: a PG* variable that was set and is refused (connection_resolve); NULL: none */
    bool pooler_removed; /* the host named Neon's pooler; host is the direct one now (connection_direct) */
} Connection;

void connection_init(Connection *connection);
void connection_release(Connection *connection);
void connection_copy(Connection *to, const Connection *from); /* `to` initialised */

/* Reads PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSSLROOTCERT, PGCHANNELBINDING and
 * PGOPTIONS over what is there, and takes all variables that libpq knows out of this process's environment, so that
 * nothing but a Connection says where to connect; also those of OpenSSL (machine_restrict_openssl). Once, at the
 * start of a program, before it has threads. */
void connection_take_env(Connection *connection);
/* Lays what `over` has over what is there. */
void connection_overlay(Connection *connection, const Connection *over);
/* One of our settings: a word of libpq's, or NULL or empty for the default. `from` is static: "--sslmode". */
void connection_set_sslmode(Connection *connection, const char *sslmode, const char *from);

/* Reads `postgresql://user:password@host:port/db?sslmode=…` or `host=… port=… …` over what is there, as libpq does, and
 * what else people have at hand: an address with something around it (`psql '…'`, `DATABASE_URL="…"`, `jdbc:`, JSON,
 * `&amp;` for &), the lines of an .env file (PGHOST=…, DB_HOST=…), `psql -h … -U … -d …`, and ADO.NET's
 * `Host=…;Username=…;Password=…;Database=…`. What is not understood is EK_USAGE with the name of the part; no value is
 * ever in the message, and nothing that may be a password becomes a host, a user or a database. An address must name,
 * or find there, a host and a user. Several hosts or databases are refused. */
bool connection_parse(Connection *connection, const char *text, Error *err);
/* Whether what stands in the place of a database's name is to be read by connection_parse. */
bool connection_is_string(const char *text);
/* For what stands where no connection belongs, an argument or a file's name: whether it is a connection string with a
 * password; and whether a message that quotes it may be told, which is doubtful sooner ("ann:secret@db"). */
bool connection_holds_password(const char *text);
bool connection_may_be_told(const char *text);

/* What a form's fields do not show, where they still name the host of `from`: sslrootcert, channel_binding, options. */
void connection_keep_unshown(Connection *connection, const Connection *from);

/* Under what name the system keeps its password (machine_secret_*): "AIT CMMS Backup:user@host:port/db", with the
 * direct host. Caller frees. */
char *connection_secret_target(const Connection *connection);

/* Whether a person has said all that is needed: host, database, user, and a port that is one. EK_USAGE names what
 * lacks. */
bool connection_is_complete(const Connection *connection, Error *err);

/* Neon's pooler cannot serve pg_dump: takes "-pooler" out of the first label of an *.neon.tech host. */
void connection_direct(Connection *connection);
/* The pooler's name and the direct one are the same host; case does not count. */
bool connection_same_host(const Connection *one, const Connection *other);

/* To be called once when all sources have been read, before connecting: checks what came without a check (from
 * the environment), takes the direct host, and fills sslrootcert with the system's roots (roots_get) where
 * certificates are to be verified and none is named. EK_SETTINGS names what cannot be used. */
bool connection_resolve(Connection *connection, Error *err);

bool connection_is_neon(const Connection *connection);     /* *.neon.tech */
bool connection_is_loopback(const Connection *connection); /* localhost, 127.*, ::1, a socket folder */
/* That, or by this computer's own name (machine_host_name; NULL: not known), with its domain or without. */
bool connection_is_here(const Connection *connection, const char *computer);
const char *connection_host(const Connection *connection);     /* with defaults; borrowed */
const char *connection_port(const Connection *connection);
const char *connection_database(const Connection *connection); /* NULL when neither it nor the user is set */
const char *connection_sslmode(const Connection *connection);
/* How a server may ask for the password, libpq's require_auth; static. NULL on loopback: in any way. Elsewhere never
 * for the password itself, and never not at all; where its certificate and name were checked "md5" will do (servers
 * before PostgreSQL 14), and what a domain does without a password. Neon speaks scram-sha-256. */
const char *connection_require_auth(const Connection *connection);
/* What must be known about the safety of a connection, for the log of a job: "sslmode is \"require\" (PGSSLMODE): the
 * server's certificate is not checked". NULL where certificate and name are checked, or the host is loopback. */
char *connection_weakness(const Connection *connection); /* caller frees */
/* Logs what was done to a resolved connection: the pooler that was stepped around, a string's sslmode that was
 * raised; and returns connection_weakness, for the caller to warn of. */
char *connection_tell(const Connection *connection, const JobSink *sink);
/* The database and user as a connection string in percent form, thus plain ASCII: "postgresql:///cmms?user=ann".
 * For a client tool's --dbname: on Windows a tool reads its environment in the ANSI code page, in which a name such
 * as "données 中" would be lost. Host, port and password stay in the environment. Caller frees; NULL without a
 * database. */
char *connection_tool_string(const Connection *connection);
/* Whether a client tool gets something in its environment that is not plain ASCII (its password, a path): on Windows
 * only a tool whose manifest says UTF-8 can read that. */
bool connection_beyond_ascii(const Connection *connection);
char *connection_text(const Connection *connection); /* "user@host:port/db" for people; caller frees */

/* The environment of a client tool that is to reach this database: "PGHOST=…" … PGPASSWORD (or else PGPASSFILE),
 * PGREQUIREAUTH, PGCONNECT_TIMEOUT, PGAPPNAME (`session`, by which the server knows it; NULL: none), NULL-terminated,
 * for client.h to hand over; the inherited PG* names, which it takes out, are in the second list. Free with
 * connection_free_env, which wipes. */
char **connection_env(const Connection *connection, const char *session);
const char *const *connection_env_unset(void); /* all PG* variables that libpq knows, LC_ALL and LANGUAGE; static */
const char *const *connection_env_plain(void); /* env_set of a tool that reaches no database; static */
void connection_free_env(char **env);

#endif
