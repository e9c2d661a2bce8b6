/*
 * prove_database.c: the scratch database of a proof: made, dropped, and those that interrupted runs left.
 *
 * On a server given by the user a database is known as left over by its name, its comment, and by nobody being
 * connected to it: a proof stays connected to its own from the moment it is made. Before it is connected it has no
 * comment yet: then its limit of connections is our mark, and that no other session of ours is there.
 */
#include "prove_private.h"

#include <string.h>

#include "mem.h"
#include "standstill.h"

#define DATABASE_PREFIX "cmms_prove_"
#define DATABASE_MARK "17" /* connections at most; two are needed */
#define DATABASE_COMMENT "made by CMMS Backup to prove a backup; dropped afterwards"

void prove_drop_leftovers(ProveRun *run)
{
    PgRows *rows = NULL;
    if (!pg_query(run->server,
                  "SELECT d.datname FROM pg_catalog.pg_database d"
                  " WHERE d.datname ~ '^" DATABASE_PREFIX "[0-9a-f]{16}$'"
                  " AND (pg_catalog.shobj_description(d.oid, 'pg_database') = '" DATABASE_COMMENT "'"
                  " OR (pg_catalog.shobj_description(d.oid, 'pg_database') IS NULL"
                  " AND d.datconnlimit = " DATABASE_MARK " AND NOT EXISTS"
                  " (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.application_name LIKE '" PG_SESSION_PREFIX "%'"
                  " AND a.pid <> pg_catalog.pg_backend_pid())))"
                  " AND pg_catalog.pg_has_role(d.datdba, 'USAGE') AND NOT EXISTS"
                  " (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)",
                  NULL, 0, run->cancel, &rows, NULL)) {
        return; /* what follows will say why */
    }
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        char *name = pg_identifier(pg_value(rows, i, 0));
        char *sql = mem_printf("DROP DATABASE %s", name); /* fails when somebody has connected meanwhile */
        if (pg_query(run->server, sql, NULL, 0, run->cancel, NULL, NULL)) {
            job_log(run->sink, LOG_INFO, "Dropped the database %s, left by an interrupted proof",
                    pg_value(rows, i, 0));
        }
        mem_free(sql);
        mem_free(name);
    }
    pg_rows_free(rows);
}

/* Sorts by code point, in the backup's encoding, so that no locale of the system is needed; letters are known as
 * such beyond ASCII where the server can do that by itself. */
static char *create_sql(const ProveRun *run)
{
    char *encoding = prove_encoding(&run->archive);
    char *name = pg_identifier(run->database);
    const int version = pg_server_version(run->server);
    const char *locale = version >= 170000 && strcmp(encoding, "UTF8") == 0
                             ? " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                         : version >= 150000 ? " LOCALE_PROVIDER libc"
                                             : "";
    bool plain = encoding[0] != '\0';
    for (const char *c = encoding; *c != '\0'; c++) {
        plain = plain && ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                          *c == '_' || *c == '-');
    }
    char *sql = mem_printf("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'%s"
                           " CONNECTION LIMIT " DATABASE_MARK, name, plain ? encoding : "UTF8", locale);
    mem_free(name);
    mem_free(encoding);
    return sql;
}

bool prove_make_database(ProveRun *run, Error *err)
{
    char *name = prove_random_name(DATABASE_PREFIX, err);
    if (name == NULL) {
        return false;
    }
    run->database = name;
    char *sql = create_sql(run);
    char *quoted = pg_identifier(name);
    char *comment = mem_printf("COMMENT ON DATABASE %s IS '" DATABASE_COMMENT "'", quoted);
    bool ok = pg_query(run->server, sql, NULL, 0, run->cancel, NULL, err);
    mem_free(sql);
    if (ok) {
        mem_free(run->connection.database);
        run->connection.database = mem_strdup(name);
        ok = pg_connect(&run->connection, run->cancel, &run->pg, err) &&
             pg_query(run->server, comment, NULL, 0, run->cancel, NULL, err);
    }
    mem_free(comment);
    mem_free(quoted);
    return ok;
}

/* A stop is followed within two seconds, so on a network that is dead nothing is tried; where the server answers it is
 * given the time that it takes. */
static bool drop_on(ProveRun *run, Pg *pg, Error *err)
{
    const bool stop = cancel_requested(run->cancel);
    const Cancel *cancel = stop ? NULL : run->cancel;
    const bool force = pg_server_version(pg) >= 130000;
    const char *const params[] = {run->database};
    if (stop && !pg_answers(pg)) {
        return error_set(err, EK_CONNECT, "the server does not answer");
    }
    if (!force) {
        pg_query(pg, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                     " WHERE datname = $1", params, 1, cancel, NULL, NULL);
    }
    char *quoted = pg_identifier(run->database);
    char *sql = mem_printf("DROP DATABASE IF EXISTS %s%s", quoted, force ? " WITH (FORCE)" : "");
    pg_set_patience(pg, standstill_seconds(PG_SHORT_PATIENCE));
    const bool ok = pg_query(pg, sql, NULL, 0, cancel, NULL, err);
    mem_free(sql);
    mem_free(quoted);
    return ok;
}

static bool connect_again(ProveRun *run, Pg **pg)
{
    Connection connection;
    connection_init(&connection);
    connection_copy(&connection, run->spec->server);
    const bool ok = connection_resolve(&connection, NULL) && pg_connect(&connection, run->cancel, pg, NULL);
    connection_release(&connection);
    return ok;
}

/* Also after a failure or a stop: again, where a stop came meanwhile, or on a fresh connection where the old one is of
 * no use. What stays is the next proof's. */
void prove_drop_database(ProveRun *run)
{
    const bool reachable = run->pg == NULL || !cancel_requested(run->cancel) || pg_answers(run->pg);
    Error why = ERROR_INIT;
    Pg *again = NULL;
    pg_close(run->pg);
    run->pg = NULL;
    if (run->database == NULL || run->server == NULL || run->engine != NULL) {
        return; /* the engine takes it along */
    }
    bool gone = reachable ? drop_on(run, run->server, &why)
                          : error_set(&why, EK_CONNECT, "the server does not answer");
    if (!gone && reachable && (cancel_requested(run->cancel) || connect_again(run, &again))) {
        error_clear(&why);
        gone = drop_on(run, again == NULL ? run->server : again, &why);
    }
    if (!gone) {
        job_log(run->sink, LOG_WARNING, "The database %s stays on the server until the next proof: %s", run->database,
                why.message);
    }
    error_clear(&why);
    pg_close(again);
}
