/*
 * prove_database.c: the scratch database of a proof, and the role that owns it: made, dropped, and those that
 * interrupted runs left.
 *
 * What is in an archive is a program: index expressions, checks, defaults, generated columns, triggers and views run
 * functions while it is restored, and anybody who may make a table in the source may have written them. So it is
 * restored, and counted, by a role that is made for the run, with a random password and no right beyond its own
 * database: not a superuser, no files of the server, no programs. The session of the one who made it (the engine's
 * superuser, or the user that was named) never runs a statement in the scratch database when something of the archive
 * is in it. What does take more, extensions, is made beforehand by statements of our own, of a list of ours. On a
 * server that was named, a user who may not make roles restores with its own rights.
 *
 * On a server given by the user a database is known as left over by its name, its comment, and by nobody being
 * connected to it: a proof stays connected to its own from the moment it is made. Before it is connected it has no
 * comment yet: then its limit of connections is our mark, and that no other session of ours is there. The role has the
 * database's name; it is left over when it has our comment and there is no such database.
 */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "platform/machine.h"
#include "postgres/standstill.h"
#include "version.h"

#define DATABASE_PREFIX "cmms_prove_"
#define DATABASE_MARK "17" /* connections at most; three are needed */
#define DATABASE_COMMENT "made by " CMMS_PRODUCT " to prove a backup; dropped afterwards"
#define ROLE_COMMENT "made by " CMMS_PRODUCT " to own the database of a proof; dropped afterwards"
#define NO_OTHER_OF_OURS                                                                                             \
    " NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.application_name LIKE '" PG_SESSION_PREFIX     \
    "%' AND a.pid <> pg_catalog.pg_backend_pid())"

/* --- what interrupted runs left --------------------------------------------------------------------------- */

static void drop_leftovers(Load *run, const char *question, const char *statement, const char *what)
{
    PgRows *rows = NULL;
    if (!pg_query(run->server, question, NULL, 0, run->cancel, &rows, NULL)) {
        return; /* what follows will say why */
    }
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const char *name = pg_value(rows, i, 0);
        /* Not when somebody has connected since. */
        if (load_run_on(run->server, statement, name, "", run->cancel, NULL)) {
            job_log(run->sink, LOG_INFO, "Dropped the %s %s, left by an interrupted proof", what, name);
        }
    }
    pg_rows_free(rows);
}

void prove_drop_leftovers(Load *run)
{
    drop_leftovers(run,
                   "SELECT d.datname FROM pg_catalog.pg_database d"
                   " WHERE d.datname ~ '^" DATABASE_PREFIX "[0-9a-f]{16}$'"
                   " AND (pg_catalog.shobj_description(d.oid, 'pg_database') = '" DATABASE_COMMENT "'"
                   " OR (pg_catalog.shobj_description(d.oid, 'pg_database') IS NULL"
                   " AND d.datconnlimit = " DATABASE_MARK " AND" NO_OTHER_OF_OURS "))"
                   " AND pg_catalog.pg_has_role(d.datdba, 'USAGE') AND NOT EXISTS"
                   " (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)",
                   "DROP DATABASE ", "database");
    drop_leftovers(run,
                   "SELECT r.rolname FROM pg_catalog.pg_roles r"
                   " WHERE r.rolname ~ '^" DATABASE_PREFIX "[0-9a-f]{16}$'"
                   " AND pg_catalog.shobj_description(r.oid, 'pg_authid') = '" ROLE_COMMENT "'"
                   " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = r.rolname)"
                   " AND" NO_OTHER_OF_OURS,
                   "DROP ROLE ", "role");
}

/* --- the role --------------------------------------------------------------------------------------------- */

static bool ask_rights(Load *run, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(run->server,
                  "SELECT rolsuper::int, rolcreaterole::int FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER",
                  NULL, 0, run->cancel, &rows, err)) {
        return false;
    }
    run->is_super = pg_row_count(rows) > 0 && pg_value_int(rows, 0, 0, 0) != 0;
    run->has_role = run->is_super || (pg_row_count(rows) > 0 && pg_value_int(rows, 0, 1, 0) != 0);
    pg_rows_free(rows);
    return true;
}

/* With the database's name. Commented in the same transaction, so that one without a comment is none of ours. */
static bool make_role(Load *run, Error *err)
{
    unsigned char bytes[16];
    char password[2 * sizeof bytes + 1];
    if (!machine_random(bytes, sizeof bytes)) {
        return error_set(err, EK_INTERNAL, "the system gave no random bytes");
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(password + 2 * i, 3, "%02x", bytes[i]);
    }
    char *name = pg_identifier(run->database);
    char *membership = run->is_super ? mem_printf("ALTER ROLE %s SET lc_messages = 'C'", name)
                                     : mem_printf("GRANT %s TO CURRENT_USER", name); /* to give it the database */
    char *sql = mem_printf("BEGIN; CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '%s';"
                           " COMMENT ON ROLE %s IS '" ROLE_COMMENT "'; %s; COMMIT", name, password, name, membership);
    const bool ok = pg_script(run->server, sql, run->cancel, err);
    if (ok) {
        run->role_made = true;
        mem_free(run->connection.user);
        run->connection.user = mem_strdup(run->database);
        secret_set(&run->connection.password, password, sizeof password - 1);
    } else {
        pg_answers(run->server); /* rolls back */
    }
    secret_wipe(password, sizeof password);
    secret_wipe(bytes, sizeof bytes);
    secret_free_text(sql);
    mem_free(membership);
    mem_free(name);
    return ok;
}

/* --- extensions ------------------------------------------------------------------------------------------- */

/* What a superuser makes for an archive that names it: what comes with PostgreSQL and gives a role without rights
 * none, and what is known as such from elsewhere. Others may hand their tables to somebody who does more (pg_cron). */
static bool is_known_extension(const char *name)
{
    static const char *const names[] = {
        "address_standardizer", "address_standardizer_data_us", "amcheck", "autoinc", "bloom", "btree_gin",
        "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn", "earthdistance", "file_fdw",
        "fuzzystrmatch", "h3", "hll", "hstore", "insert_username", "intagg", "intarray", "ip4r", "isn", "lo", "ltree",
        "moddatetime", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements",
        "pg_trgm", "pg_uuidv7", "pg_visibility", "pg_walinspect", "pgcrypto", "pgrouting", "pgrowlocks",
        "pgstattuple", "plpgsql", "postgis", "postgis_raster", "postgis_sfcgal", "postgis_tiger_geocoder",
        "postgis_topology", "postgres_fdw", "prefix", "refint", "seg", "semver", "sslinfo", "tablefunc", "tcn",
        "tsm_system_rows", "tsm_system_time", "unaccent", "unit", "uuid-ossp", "vector", "xml2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_obstacle(Load *run, const char *before, const char *name, const char *after)
{
    char *text = mem_printf("%s%s%s", before, name, after);
    load_add_obstacle(&run->result, text);
    mem_free(text);
}

/* False only where the session is lost or to be stopped. */
static bool make_extension(Load *run, Pg *pg, const ArchiveEntry *entry, Error *err)
{
    const char *const params[] = {entry->tag};
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = $1", params, 1, run->cancel, &rows, err)) {
        return false;
    }
    const bool is_there = pg_row_count(rows) > 0; /* plpgsql */
    pg_rows_free(rows);
    if (is_there) {
        return true;
    }
    if (run->is_super && !is_known_extension(entry->tag)) {
        add_obstacle(run, "the extension ", entry->tag, " is none that a proof makes");
        return true;
    }
    Error why = ERROR_INIT;
    char *schema = load_extension_schema(entry);
    char *quoted = schema == NULL ? mem_strdup("") : pg_identifier(schema);
    char *owner = pg_identifier(run->connection.user != NULL ? run->connection.user : "");
    char *where = schema == NULL ? mem_strdup("") : mem_printf(" SCHEMA %s", quoted);
    char *authorization = mem_printf("%s%s", run->role_made ? " AUTHORIZATION " : "", run->role_made ? owner : "");
    bool ok = (schema == NULL || strncmp(schema, "pg_", 3) == 0 ||
               load_run_on(pg, "CREATE SCHEMA IF NOT EXISTS ", schema, authorization, run->cancel, &why)) &&
              load_run_on(pg, "CREATE EXTENSION ", entry->tag, where, run->cancel, &why);
    if (!ok && load_is_the_end(&why)) {
        error_move(err, &why);
    } else if (!ok) {
        add_obstacle(run, "the extension ", entry->tag, " could not be made there");
        job_log(run->sink, LOG_INFO, "The extension %s: %s", entry->tag, why.message);
        ok = true;
    }
    error_clear(&why);
    mem_free(authorization);
    mem_free(where);
    mem_free(owner);
    mem_free(quoted);
    mem_free(schema);
    return ok;
}

/* The archive may hold rows of an extension's tables, and servers of its wrapper. */
static bool grant_extensions(Load *run, Pg *pg, Error *err)
{
    const char *const params[] = {run->database};
    PgRows *rows = NULL;
    bool ok = pg_query(pg,
                       "SELECT pg_catalog.format('GRANT ALL ON %s %I.%I TO %I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE'"
                       " ELSE 'TABLE' END, n.nspname, c.relname, $1::text) FROM pg_catalog.pg_class c"
                       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_depend d"
                       " ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid"
                       " AND d.deptype = 'e' WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm')"
                       " UNION ALL SELECT pg_catalog.format('GRANT USAGE ON FOREIGN DATA WRAPPER %I TO %I', fdwname,"
                       " $1::text) FROM pg_catalog.pg_foreign_data_wrapper",
                       params, 1, run->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        ok = pg_query(pg, pg_value(rows, i, 0), NULL, 0, run->cancel, NULL, err);
    }
    pg_rows_free(rows);
    return ok;
}

static bool make_extensions(Load *run, Pg *pg, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < run->archive.entry_count; i++) {
        if (strcmp(run->archive.entries[i].desc, "EXTENSION") == 0) {
            ok = make_extension(run, pg, &run->archive.entries[i], err);
        }
    }
    return ok && (!run->is_super || grant_extensions(run, pg, err));
}

/* --- the database ----------------------------------------------------------------------------------------- */

static bool create(Load *run, const char *encoding, const char *sort, Error *err)
{
    char *name = pg_identifier(run->database);
    char *owner = run->role_made ? mem_printf(" OWNER %s", name) : mem_strdup("");
    char *more = mem_printf("%s TEMPLATE template0 ENCODING '%s'%s CONNECTION LIMIT " DATABASE_MARK, owner,
                            load_is_plain(encoding) ? encoding : "UTF8", sort);
    const bool ok = load_run_on(run->server, "CREATE DATABASE ", run->database, more, run->cancel, err);
    mem_free(more);
    mem_free(owner);
    mem_free(name);
    return ok;
}

/* In the backup's encoding, and as the source sorts, where the server can; else by code point, and how the source does
 * is kept in run->other_sort. */
static bool create_database(Load *run, Error *err)
{
    char *encoding = load_encoding(&run->archive);
    char *plain = load_plain_sort(run, encoding);
    char *sort = load_source_sort(run, &run->other_sort);
    Error why = ERROR_INIT;
    bool ok = sort != NULL && create(run, encoding, sort, &why);
    if (ok) {
        mem_free(run->other_sort);
        run->other_sort = NULL;
    } else if (sort != NULL && load_is_the_end(&why)) {
        error_move(err, &why);
    } else {
        ok = create(run, encoding, plain, err);
    }
    error_clear(&why);
    mem_free(sort);
    mem_free(plain);
    mem_free(encoding);
    return ok;
}

/* In the empty database, by who made it. */
static bool prepare_database(Load *run, Pg *pg, Error *err)
{
    return (!run->role_made ||
            load_run_on(pg, "REVOKE ALL ON DATABASE ", run->database, " FROM PUBLIC", run->cancel, err)) &&
           (!run->is_super ||
            load_run_on(pg, "ALTER SCHEMA public OWNER TO ", run->database, "", run->cancel, err)) &&
           make_extensions(run, pg, err);
}

static bool connect_as_role(Load *run, Error *err)
{
    Error why = ERROR_INIT;
    if (pg_connect(&run->connection, run->cancel, &run->pg, &why)) {
        return true;
    }
    if (why.kind == EK_REFUSED) {
        char *words = why.detail == NULL ? mem_strdup(why.message) : mem_strdup(why.detail);
        error_set(err, EK_REFUSED, "the server does not let in the role that was made for the proof");
        error_detail(err, "%s", words);
        error_hint(err, "Its administrator can let roles whose name begins with " DATABASE_PREFIX " in by a password "
                        "(pg_hba.conf).");
        mem_free(words);
        error_clear(&why);
        return false;
    }
    error_move(err, &why);
    return false;
}

bool prove_make_database(Load *run, Error *err)
{
    Connection maker;
    Pg *pg = NULL;
    run->database = load_random_name(DATABASE_PREFIX, err);
    if (run->database == NULL || !ask_rights(run, err)) {
        return false;
    }
    connection_init(&maker);
    connection_copy(&maker, &run->connection);
    bool ok = !run->has_role || make_role(run, err);
    ok = ok && create_database(run, err);
    if (ok) {
        mem_free(run->connection.database);
        run->connection.database = mem_strdup(run->database);
        mem_free(maker.database);
        maker.database = mem_strdup(run->database);
        ok = pg_connect(&maker, run->cancel, &pg, err) &&
             load_run_on(run->server, "COMMENT ON DATABASE ", run->database, " IS '" DATABASE_COMMENT "'", run->cancel,
                    err) &&
             prepare_database(run, pg, err);
    }
    if (ok && !run->role_made) {
        run->pg = pg;
        pg = NULL;
    }
    ok = ok && (run->pg != NULL || connect_as_role(run, err)) && load_apply_settings(run, err) &&
         load_speak_as_archive(run, err);
    pg_close(pg);
    connection_release(&maker);
    return ok;
}

/* A stop is followed within two seconds, so on a network that is dead nothing is tried; where the server answers it is
 * given the time that it takes. */
static bool drop_on(Load *run, Pg *pg, Error *err)
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
    pg_set_patience(pg, standstill_seconds(PG_SHORT_PATIENCE));
    return load_run_on(pg, "DROP DATABASE IF EXISTS ", run->database, force ? " WITH (FORCE)" : "", cancel, err) &&
           (!run->role_made || load_run_on(pg, "DROP ROLE IF EXISTS ", run->database, "", cancel, err));
}

static bool connect_again(Load *run, Pg **pg)
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
void prove_drop_database(Load *run)
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
