/*
 * restore_freeze.c: keeps a database still, and is the one who changes it.
 *
 * One session of ours holds one transaction. It locks every table in EXCLUSIVE mode, which lets others read (pg_dump,
 * the counting) and nobody write. A lock is granted when whoever wrote before has committed; so what a snapshot that is
 * taken afterwards does not show is written by nobody until this transaction ends. The same transaction takes the
 * tables from readers later and drops them: at no moment are they anybody else's. Large objects know no such lock: a
 * database that has any is refused (freeze_obstacle.c), and one that is made meanwhile stays.
 *
 * What no lock of a plain role keeps still is looked at: that nobody made, dropped, renamed or redefined anything that
 * is dropped (a table, a sequence, a view, a function, a type, a schema, a publication) or the rights to it is asked
 * from a second session, which sees what is committed, when all is dropped and nobody can get at it any more. What was
 * made after the locks is seen then, and all of it is
 * rolled back. Sequences can be neither locked nor compared: numbers that are drawn meanwhile are in no row, since no
 * row can be written; the safety backup may not know that they were drawn.
 *
 * Threads. While the safety backup is made and proven a thread with a session of its own sends those away who wait for
 * a table of ours to have it alone (freeze_ward_start); nobody else uses that session, and it is joined before the
 * transaction goes on. Who may not be sent away has all of it stopped, because whoever reads would wait behind them.
 *
 * Others' sessions are ended where the user may: a client that stays in a transaction would keep the lock from us, and
 * one that waits for ours would wait for a table that is dropped. Nobody is kept from connecting: that takes a change
 * of the database itself, which would have to be taken back by somebody if we are killed.
 */
#include "freeze_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "load_private.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define SAVEPOINT "cmms_freeze" /* freeze is a word of SQL */
#define TRIES 8
#define TRY_MS 250u
#define WARD_STEP_MS 500u
#define LOCK_WAIT "3s"        /* of one try */
#define LOCK_WAIT_LATER "60s" /* when the tables are ours: for what is no table */
#define FIND_OUT_MS 60000u    /* so long for a server that was lost at the COMMIT */
#define FIND_OUT_STEP_MS 500u
#define ABANDON_TRIES 10 /* such steps, for a session that is to be ended */

/* --- the sessions -------------------------------------------------------------------------------------------- */

/* A server that does not notice that we are gone keeps the tables locked. What it does not know, or not on its system,
 * it does without. */
static bool be_noticed(Pg *pg, const Cancel *cancel, Error *err)
{
    static const char *const settings[] = {"SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10",
                                           "SET tcp_keepalives_count = 3",
                                           "SET client_connection_check_interval = '10s'"};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof settings / sizeof settings[0]; i++) {
        Error why = ERROR_INIT;
        ok = pg_query(pg, settings[i], NULL, 0, cancel, NULL, &why) || !load_is_the_end(&why) || error_move(err, &why);
        error_clear(&why);
    }
    return ok;
}

bool freeze_connect(Freeze *freeze, const Connection *beside, Pg **locked, Error *err)
{
    connection_init(&freeze->connection);
    connection_copy(&freeze->connection, beside);
    mem_free(freeze->connection.database);
    freeze->connection.database = mem_strdup(freeze->database);
    freeze->pg = *locked;
    *locked = NULL;
    return be_noticed(freeze->pg, freeze->cancel, err) &&
           pg_connect(&freeze->connection, freeze->cancel, &freeze->look, err) &&
           load_calm(freeze->look, freeze->cancel, err);
}

void freeze_release(Freeze *freeze)
{
    freeze_ward_stop(freeze, NULL);
    pg_close(freeze->pg); /* the server rolls back */
    pg_close(freeze->look);
    if (freeze->database != NULL) {
        connection_release(&freeze->connection);
    }
    mem_free(freeze->xid);
    mem_free(freeze->state);
    *freeze = (Freeze){.pg = NULL};
}

/* One value, as text; NULL stays NULL. Caller frees. */
static bool ask_text(Pg *pg, const char *sql, const char *param, const Cancel *cancel, char **text, Error *err)
{
    const char *const params[] = {param};
    PgRows *rows = NULL;
    if (!pg_query(pg, sql, params, param != NULL, cancel, &rows, err)) {
        return false;
    }
    *text = mem_strdup(pg_value(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

/* Who cannot be ended stays: the lock says whether that matters. */
static bool end_others(Freeze *freeze, Error *err)
{
    char *ours = NULL;
    PgRows *rows = NULL;
    bool ok = ask_text(freeze->pg, "SELECT pg_catalog.pg_backend_pid()", NULL, freeze->cancel, &ours, err);
    const char *const params[] = {ours};
    ok = ok && pg_query(freeze->look,
                        "SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
                        " AND usesysid IS NOT NULL AND pid NOT IN (pg_catalog.pg_backend_pid(), $1::int)",
                        params, 1, freeze->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        const char *const pid[] = {pg_value(rows, i, 0)};
        Error why = ERROR_INIT;
        ok = pg_query(freeze->look, "SELECT pg_catalog.pg_terminate_backend($1::int)", pid, 1, freeze->cancel, NULL,
                      &why) ||
             !load_is_the_end(&why) || error_move(err, &why);
        error_clear(&why);
    }
    pg_rows_free(rows);
    mem_free(ours);
    return ok;
}

/* Who holds a lock on a table that is in the way (`readers`: of those as well), as the detail; as much as the server
 * tells this user. */
static void name_holder(Freeze *freeze, bool readers, Error *why)
{
    const char *const params[] = {readers ? "t" : "f"};
    PgRows *rows = NULL;
    if (pg_query(freeze->look,
                 "SELECT coalesce(a.usename, '?'), a.application_name, coalesce(a.client_addr::text, '?')"
                 " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                 " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
                 " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                 " WHERE l.granted AND l.locktype = 'relation' AND a.datname = pg_catalog.current_database()"
                 " AND " USERS " AND ($1::bool OR l.mode <> 'AccessShareLock')"
                 " AND a.application_name NOT LIKE '" PG_SESSION_PREFIX "%' ORDER BY a.xact_start NULLS LAST LIMIT 1",
                 params, 1, freeze->cancel, &rows, NULL)) {
        if (pg_row_count(rows) > 0) {
            error_detail(why, "user %s, program \"%s\", from %s", pg_value(rows, 0, 0), pg_value(rows, 0, 1),
                         pg_value(rows, 0, 2));
        }
        pg_rows_free(rows);
    }
}

/* --- the ward -------------------------------------------------------------------------------------------------- */

struct FreezeWard {
    Pg *pg;
    const Cancel *cancel; /* the user's */
    Cancel *halt, *stop;  /* freeze->halt; and of the ward itself */
    char *user, *from;    /* who may not be sent away; read when the thread is joined */
    Thread *thread;
};

/* False: somebody has to be left where they are. */
static bool send_away(FreezeWard *ward, const PgRows *rows)
{
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const char *const pid[] = {pg_value(rows, i, 0)};
        Error why = ERROR_INIT;
        pg_query(ward->pg, "SELECT pg_catalog.pg_terminate_backend($1::int)", pid, 1, ward->cancel, NULL, &why);
        const bool refused = why.kind == EK_REFUSED;
        error_clear(&why);
        if (refused) {
            ward->user = mem_strdup(pg_value(rows, i, 1));
            ward->from = mem_printf("program \"%s\", from %s", pg_value(rows, i, 2), pg_value(rows, i, 3));
            return false;
        }
    }
    return true;
}

/* It sleeps on the user's stop, which it hands on. Where its session is lost the others' may be as well: that is theirs
 * to find. */
static void send_waiters_away(void *argument)
{
    FreezeWard *ward = argument;
    bool lost = false;
    do {
        PgRows *rows = NULL;
        Error why = ERROR_INIT;
        if (!lost && pg_query(ward->pg,
                              "SELECT DISTINCT l.pid, coalesce(a.usename, '?'), coalesce(a.application_name, '?'),"
                              " coalesce(a.client_addr::text, '?') FROM pg_catalog.pg_locks l"
                              " JOIN pg_catalog.pg_database d ON d.oid = l.database"
                              " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                              " WHERE l.locktype = 'relation' AND NOT l.granted AND l.mode = 'AccessExclusiveLock'"
                              " AND d.datname = pg_catalog.current_database()",
                              NULL, 0, ward->cancel, &rows, &why) &&
            !send_away(ward, rows)) {
            cancel_request(ward->halt);
        }
        lost = lost || why.kind == EK_CONNECT;
        error_clear(&why);
        pg_rows_free(rows);
    } while (ward->user == NULL && !cancel_requested(ward->stop) && !cancel_wait(ward->cancel, WARD_STEP_MS));
    if (cancel_requested(ward->cancel)) {
        cancel_request(ward->halt);
    }
}

bool freeze_ward_start(Freeze *freeze, Error *err)
{
    Pg *pg = NULL;
    if (!pg_connect(&freeze->connection, freeze->cancel, &pg, err)) {
        return false;
    }
    pg_set_patience(pg, PG_SHORT_PATIENCE);
    freeze->halt = cancel_new();
    freeze->ward = mem_alloc(sizeof *freeze->ward);
    *freeze->ward = (FreezeWard){.pg = pg, .cancel = freeze->cancel, .halt = freeze->halt, .stop = cancel_new()};
    freeze->ward->thread = thread_start(send_waiters_away, freeze->ward);
    return true;
}

bool freeze_ward_stop(Freeze *freeze, Error *err)
{
    FreezeWard *ward = freeze->ward;
    if (ward == NULL) {
        return true;
    }
    cancel_request(ward->stop);
    thread_join(ward->thread);
    const bool all = ward->user == NULL;
    if (!all) {
        error_set(err, EK_BUSY, "a session of %s waits to have a table to itself, and may not be ended by you, so "
                                "nothing was restored", ward->user);
        error_detail(err, "%s", ward->from);
        error_hint(err, "Try again when it has ended.");
    }
    cancel_free(ward->stop);
    cancel_free(freeze->halt);
    pg_close(ward->pg);
    mem_free(ward->from);
    mem_free(ward->user);
    mem_free(ward);
    freeze->ward = NULL;
    freeze->halt = NULL;
    return all;
}

/* --- still --------------------------------------------------------------------------------------------------- */

/* What others can still do to what is dropped, which takes no lock that conflicts with ours. An oid is not given twice,
 * and xmin is the number of who wrote the row last; of a row that the server writes as well, what can be changed. */
#define ROW(letter, alias) "'" letter "' || " alias ".oid || ':' || " alias ".xmin"
#define LINES(what) "SELECT pg_catalog.string_agg(s.line, ',' ORDER BY s.line COLLATE \"C\") FROM (" what ") s"
static const char *const state_sql[] = {
    LINES("SELECT " ROW("n", "n") " AS line FROM pg_catalog.pg_namespace n WHERE " USERS
    IN_SCHEMA("'c' || c.oid || c.relkind::text || pg_catalog.md5(pg_catalog.concat_ws('/', c.relnamespace, c.relname,"
              " c.relowner, c.relacl, c.reloptions))", "pg_class", "c", "relnamespace")
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND c.relpersistence <> 't'"
    IN_SCHEMA(ROW("p", "p"), "pg_proc", "p", "pronamespace")
    IN_SCHEMA(ROW("t", "t"), "pg_type", "t", "typnamespace")
    " AND t.typrelid = 0"
    IN_SCHEMA(ROW("o", "o"), "pg_operator", "o", "oprnamespace")
    IN_SCHEMA(ROW("oc", "o"), "pg_opclass", "o", "opcnamespace")
    IN_SCHEMA(ROW("of", "o"), "pg_opfamily", "o", "opfnamespace")
    IN_SCHEMA(ROW("co", "c"), "pg_collation", "c", "collnamespace")
    IN_SCHEMA(ROW("cv", "c"), "pg_conversion", "c", "connamespace")
    IN_SCHEMA(ROW("tc", "t"), "pg_ts_config", "t", "cfgnamespace")
    IN_SCHEMA(ROW("td", "t"), "pg_ts_dict", "t", "dictnamespace")),
    LINES("SELECT " ROW("r", "r") " AS line FROM pg_catalog.pg_rewrite r"
    " JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE " USERS
    " UNION ALL SELECT 'q' || q.seqrelid || ':' || q.xmin FROM pg_catalog.pg_sequence q"
    " JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid WHERE c.relpersistence <> 't'"
    " UNION ALL SELECT 'a' || a.attrelid || '.' || a.attnum || pg_catalog.md5(a.attacl::text)"
    " FROM pg_catalog.pg_attribute a WHERE a.attacl IS NOT NULL AND a.attrelid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("ca", "c") " FROM pg_catalog.pg_cast c WHERE c.oid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("d", "d") " FROM pg_catalog.pg_default_acl d"
    " UNION ALL SELECT " ROW("pu", "p") " FROM pg_catalog.pg_publication p"
    " UNION ALL SELECT 'pd' || d.classid || ':' || d.objid FROM pg_catalog.pg_depend d" /* what is in publications */
    " WHERE d.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass"
    " UNION ALL SELECT " ROW("s", "s") " FROM pg_catalog.pg_foreign_server s"
    " UNION ALL SELECT 'u' || u.umid || ':' || pg_catalog.md5(pg_catalog.concat_ws('/', u.umuser, u.umoptions))"
    " FROM pg_catalog.pg_user_mappings u"),
    /* What belongs to one of these, and is changed without it. (Of a table all of this waits for its lock.) */
    LINES("SELECT " ROW("e", "e") " AS line FROM pg_catalog.pg_enum e"
    " UNION ALL SELECT " ROW("dc", "c") " FROM pg_catalog.pg_constraint c WHERE c.contypid <> 0 AND c.oid >= "
    FREEZE_FIRST_OID
    " UNION ALL SELECT 'at' || a.attrelid || '.' || a.attnum || pg_catalog.md5(pg_catalog.concat_ws('/', a.attname,"
    " a.atttypid, a.atttypmod, a.attnotnull, a.attisdropped, a.attoptions, a.attfdwoptions))"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " WHERE c.relkind IN ('c', 'f', 'v') AND a.attnum > 0 AND c.oid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("ad", "d") " FROM pg_catalog.pg_attrdef d"
    " UNION ALL SELECT 'ft' || f.ftrelid || ':' || f.xmin FROM pg_catalog.pg_foreign_table f"
    " UNION ALL SELECT " ROW("tr", "t") " FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal"
    " UNION ALL SELECT " ROW("ao", "o") " FROM pg_catalog.pg_amop o WHERE o.oid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("ap", "p") " FROM pg_catalog.pg_amproc p WHERE p.oid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("la", "l") " FROM pg_catalog.pg_language l WHERE l.oid >= " FREEZE_FIRST_OID
    " UNION ALL SELECT " ROW("se", "s") " FROM pg_catalog.pg_statistic_ext s"
    " UNION ALL SELECT 'tm' || m.mapcfg || '.' || m.maptokentype || '.' || m.mapseqno || '.' || m.mapdict"
    " FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg >= " FREEZE_FIRST_OID
    " UNION ALL SELECT 'de' || d.classoid || '.' || d.objoid || '.' || d.objsubid || pg_catalog.md5(d.description)"
    " FROM pg_catalog.pg_description d WHERE d.objoid >= " FREEZE_FIRST_OID
    " OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass"
    " UNION ALL SELECT 'sl' || l.classoid || '.' || l.objoid || '.' || l.objsubid || pg_catalog.md5(l.provider || '/'"
    " || l.label) FROM pg_catalog.pg_seclabel l")};

/* Of an extension's tables nothing is dropped, and what the user may not lock they may not drop either. */
static const char tables_sql[] =
    "SELECT pg_catalog.string_agg(pg_catalog.format('ONLY %I.%I', t.nspname, t.relname), ', ' ORDER BY t.oid) FROM ("
    "SELECT NULL::name AS nspname, NULL::name AS relname, NULL::oid AS oid WHERE false"
    IN_SCHEMA("n.nspname, c.relname, c.oid", "pg_class", "c", "relnamespace")
    " AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't') t";

static bool lock_tables(Freeze *freeze, const char *mode, Error *err)
{
    char *tables = NULL;
    bool ok = ask_text(freeze->pg, tables_sql, NULL, freeze->cancel, &tables, err);
    if (ok && tables != NULL) {
        char *sql = mem_printf("LOCK TABLE %s IN %s MODE", tables, mode);
        ok = pg_query(freeze->pg, sql, NULL, 0, freeze->cancel, NULL, err);
        mem_free(sql);
    }
    mem_free(tables);
    return ok;
}

static bool ask_state(Freeze *freeze, char **state, Error *err)
{
    char *all = mem_strdup("");
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof state_sql / sizeof state_sql[0]; i++) {
        char *one = NULL;
        ok = ask_text(freeze->look, state_sql[i], NULL, freeze->cancel, &one, err);
        char *longer = mem_printf("%s;%s", all, one != NULL ? one : "");
        mem_free(all);
        mem_free(one);
        all = longer;
    }
    if (ok) {
        *state = all;
    } else {
        mem_free(all);
    }
    return ok;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool hold_still(Freeze *freeze, Error *err)
{
    char *before = NULL;
    mem_free(freeze->state);
    freeze->state = NULL;
    bool ok = ask_state(freeze, &before, err) && lock_tables(freeze, "EXCLUSIVE", err) &&
              ask_state(freeze, &freeze->state, err);
    if (ok && !same(before, freeze->state)) { /* a table that was made before the locks is among those */
        ok = error_set(err, EK_BUSY, "the tables of %s are being changed by another program", freeze->database);
    }
    mem_free(before);
    return ok;
}

/* Whether another try may find it otherwise: somebody was in the way, or changed what we were about to take. The last
 * are the server's own words to itself, in English on every server. */
static bool passes(const Error *why)
{
    static const char *const words[] = {"tuple concurrently ", "cache lookup failed", "could not open relation"};
    bool any = why->kind == EK_BUSY;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        any = any || (why->message != NULL && strstr(why->message, words[i]) != NULL);
    }
    return any;
}

/* Again and again, each try in a savepoint: whoever came in between is sent away, and a deadlock costs one try. What is
 * no matter of time is an answer. */
static bool try_often(Freeze *freeze, bool (*act)(Freeze *freeze, Error *err), bool readers, Error *err)
{
    Error why = ERROR_INIT;
    for (int i = 0; i < TRIES; i++) {
        error_clear(&why);
        if (!end_others(freeze, err) || !pg_script(freeze->pg, "SAVEPOINT " SAVEPOINT, freeze->cancel, err)) {
            return false;
        }
        if (act(freeze, &why)) {
            return pg_script(freeze->pg, "RELEASE SAVEPOINT " SAVEPOINT, freeze->cancel, err);
        }
        if (load_is_the_end(&why)) {
            return error_move(err, &why);
        }
        if (why.kind == EK_BUSY) {
            name_holder(freeze, readers, &why);
        }
        if (!pg_script(freeze->pg, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT, freeze->cancel,
                       err)) {
            error_clear(&why);
            return false;
        }
        if (!passes(&why)) {
            error_context(&why, readers ? "what is in %s could not be taken out, so nothing was restored"
                                        : "the tables of %s could not be locked, so nothing was restored",
                          freeze->database);
            return error_move(err, &why);
        }
        if (cancel_wait(freeze->cancel, TRY_MS)) {
            error_clear(&why);
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
    error_context(&why, "the database %s could not be kept still, so nothing was restored", freeze->database);
    if (why.kind == EK_BUSY) {
        error_hint(&why, "Close the programs that use the database, and try again.");
    }
    return error_move(err, &why);
}

bool freeze_begin(Freeze *freeze, Error *err)
{
    job_log(freeze->sink, LOG_INFO, "Locking the tables of %s: nobody can change them until this is done",
            freeze->database);
    return pg_script(freeze->pg,
                     "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '" LOCK_WAIT "';"
                     "SET LOCAL synchronous_commit = on; SET LOCAL row_security = off;"
                     "SET LOCAL client_min_messages = warning",
                     freeze->cancel, err) &&
           ask_text(freeze->pg, "SELECT pg_catalog.txid_current()", NULL, freeze->cancel, &freeze->xid, err) &&
           try_often(freeze, hold_still, false, err);
}

bool freeze_look(Freeze *freeze, Error *err)
{
    char *now = NULL;
    bool ok = ask_state(freeze, &now, err);
    if (ok && !same(now, freeze->state)) {
        error_set(err, EK_BUSY, "while the safety backup was made another program changed what there is in %s",
                  freeze->database);
        ok = error_hint(err, "Nothing was changed. Try again when the import, the update or the maintenance that does "
                             "this has ended.");
    }
    mem_free(now);
    return ok;
}

/* --- empty --------------------------------------------------------------------------------------------------- */

/* What is in no schema, and the schemas. */
static const char drop_sql[] =
    "SELECT pg_catalog.format('DROP PUBLICATION %I', p.pubname) FROM pg_catalog.pg_publication p"
    " UNION ALL SELECT pg_catalog.format('DROP SERVER %I CASCADE', s.srvname) FROM pg_catalog.pg_foreign_server s"
    " WHERE NOT " MEMBER("pg_foreign_server", "s.oid")
    " UNION ALL SELECT pg_catalog.format('DROP SCHEMA %I CASCADE', n.nspname) FROM pg_catalog.pg_namespace n"
    " WHERE " USERS " AND n.nspname <> 'public' AND NOT " HOLDS;

/* What is in schemas that stay, in this order: a sequence of an identity column goes with its table alone. */
static const struct {
    const char *table, *schema, *condition;
} kinds[] = {
    {"pg_class", "relnamespace", "o.relkind IN ('r', 'p') AND o.relpersistence <> 't'"},
    {"pg_class", "relnamespace", "o.relkind IN ('v', 'm', 'f') AND o.relpersistence <> 't'"},
    {"pg_class", "relnamespace", "o.relkind IN ('S', 'c') AND o.relpersistence <> 't'"},
    {"pg_proc", "pronamespace", "true"},
    {"pg_operator", "oprnamespace", "true"},
    {"pg_opclass", "opcnamespace", "true"},
    {"pg_opfamily", "opfnamespace", "true"},
    {"pg_type", "typnamespace", "o.typrelid = 0 AND o.typtype IN ('b', 'd', 'e', 'r')"
                                " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type a WHERE a.typarray = o.oid)"},
    {"pg_collation", "collnamespace", "true"},
    {"pg_conversion", "connamespace", "true"},
    {"pg_ts_config", "cfgnamespace", "true"},
    {"pg_ts_dict", "dictnamespace", "true"},
};

/* The statements that drop those of one kind. Caller frees. */
static char *kind_sql(size_t kind)
{
    const char *table = kinds[kind].table;
    return mem_printf(
        "SELECT pg_catalog.format('DROP %%s IF EXISTS %%s CASCADE', CASE WHEN i.type IN ('function', 'procedure',"
        " 'aggregate') THEN 'ROUTINE' WHEN i.type = 'composite type' THEN 'TYPE' ELSE pg_catalog.upper(i.type) END,"
        " i.identity) FROM pg_catalog.%s o JOIN pg_catalog.pg_namespace n ON n.oid = o.%s,"
        " LATERAL pg_catalog.pg_identify_object('pg_catalog.%s'::pg_catalog.regclass, o.oid, 0) i WHERE " USERS
        " AND %s AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e' AND e.objid = o.oid"
        " AND e.classid = 'pg_catalog.%s'::pg_catalog.regclass) ORDER BY o.oid",
        table, kinds[kind].schema, table, kinds[kind].condition, table);
}

/* Default privileges would add to the rights of what is made now, and pg_dump counts on there being none: those of the
 * backup are given when all is made. */
#define DEFAULT_FOR                                                                                                  \
    "pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s ', pg_catalog.pg_get_userbyid(d.defaclrole),"         \
    " CASE WHEN n.oid IS NULL THEN '' ELSE pg_catalog.format(' IN SCHEMA %I', n.nspname) END)"
#define DEFAULT_KIND                                                                                                 \
    "CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'"                \
    " WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END"
#define DEFAULT_FROM                                                                                                 \
    " FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace"
static const char defaults_sql[] =
    "SELECT " DEFAULT_FOR " || 'REVOKE ALL ON ' || " DEFAULT_KIND " || ' FROM ' || CASE WHEN a.grantee = 0"
    " THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END" DEFAULT_FROM
    ", LATERAL (SELECT DISTINCT x.grantee FROM pg_catalog.aclexplode(d.defaclacl) x) a"
    " WHERE a.grantee <> d.defaclrole AND pg_catalog.pg_has_role(d.defaclrole, 'USAGE')"
    " AND NOT (n.oid IS NULL AND a.grantee = 0 AND d.defaclobjtype IN ('f', 'T'))"
    /* What everybody has from the beginning, where that was taken away. */
    " UNION ALL SELECT " DEFAULT_FOR " || CASE d.defaclobjtype WHEN 'f' THEN 'GRANT EXECUTE ON FUNCTIONS TO PUBLIC'"
    " ELSE 'GRANT USAGE ON TYPES TO PUBLIC' END" DEFAULT_FROM
    " WHERE n.oid IS NULL AND d.defaclobjtype IN ('f', 'T') AND pg_catalog.pg_has_role(d.defaclrole, 'USAGE')"
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.aclexplode(d.defaclacl) x WHERE x.grantee = 0)";

/* What CASCADE is not to reach. */
static const char stays_sql[] =
    "SELECT pg_catalog.string_agg(s.name, ',' ORDER BY s.name COLLATE \"C\") FROM ("
    "SELECT 'x' || extname AS name FROM pg_catalog.pg_extension"
    " UNION ALL SELECT 'e' || evtname FROM pg_catalog.pg_event_trigger) s";

static bool run_each(Freeze *freeze, const char *sql, Error *err)
{
    PgRows *rows = NULL;
    bool ok = pg_query(freeze->pg, sql, NULL, 0, freeze->cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        ok = pg_query(freeze->pg, pg_value(rows, i, 0), NULL, 0, freeze->cancel, NULL, err);
    }
    pg_rows_free(rows);
    return ok;
}

static bool drop_kinds(Freeze *freeze, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof kinds / sizeof kinds[0]; i++) {
        char *sql = kind_sql(i);
        ok = run_each(freeze, sql, err);
        mem_free(sql);
    }
    return ok;
}

static bool take_and_drop(Freeze *freeze, Error *err)
{
    char *before = NULL, *after = NULL;
    bool ok = lock_tables(freeze, "ACCESS EXCLUSIVE", err) &&
              ask_text(freeze->pg, stays_sql, NULL, freeze->cancel, &before, err) &&
              run_each(freeze, drop_sql, err) && drop_kinds(freeze, err) &&
              run_each(freeze, defaults_sql, err) &&
              ask_text(freeze->pg, stays_sql, NULL, freeze->cancel, &after, err);
    if (ok && !same(before, after)) {
        ok = error_set(err, EK_REFUSED, "an extension of %s depends on what would have to be dropped",
                       freeze->database);
    }
    mem_free(before);
    mem_free(after);
    return ok;
}

bool freeze_clear(Freeze *freeze, Error *err)
{
    /* The last look: what was made since the locks would have been dropped with the rest. */
    return try_often(freeze, take_and_drop, true, err) && freeze_look(freeze, err) &&
           pg_script(freeze->pg, "SET LOCAL lock_timeout = '" LOCK_WAIT_LATER "'", freeze->cancel, err);
}

/* --- the end ------------------------------------------------------------------------------------------------- */

/* "committed", "aborted", "in progress", NULL: the server does not know any more. Caller frees. */
static bool ask_status(Pg *pg, const Freeze *freeze, char **status, Error *err)
{
    return ask_text(pg, "SELECT pg_catalog.txid_status($1::bigint)", freeze->xid, NULL, status, err);
}

/* By the number of the transaction, so it is nobody else's session. */
static bool end_session(Pg *pg, const Freeze *freeze)
{
    const char *const params[] = {freeze->xid};
    return pg_query(pg,
                    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                    " WHERE backend_xid::text::bigint = ($1::bigint & 4294967295) AND usename = CURRENT_USER",
                    params, 1, NULL, NULL, NULL);
}

/* NULL: it is neither yet, or cannot be asked. */
static const char *is_final(const char *status)
{
    return same(status, "committed") || same(status, "aborted") ? status : NULL;
}

FreezeEnd freeze_abandon(Freeze *freeze)
{
    Pg *again = NULL;
    char *status = NULL;
    if (freeze->ending || freeze->xid == NULL) {
        return freeze->end;
    }
    pg_guard(freeze->pg, false);
    const bool answers = pg_answers(freeze->pg); /* then it has rolled back */
    if (!answers) {
        pg_close(freeze->pg);
        freeze->pg = NULL;
    }
    pg_set_patience(freeze->look, PG_SHORT_PATIENCE);
    if (!(answers && ask_status(freeze->look, freeze, &status, NULL)) &&
        !pg_connect(&freeze->connection, NULL, &again, NULL)) {
        return FREEZE_UNKNOWN;
    }
    Pg *pg = again != NULL ? again : freeze->look;
    pg_set_patience(pg, PG_SHORT_PATIENCE);
    for (int i = 0; is_final(status) == NULL && i < ABANDON_TRIES; i++) {
        mem_free(status);
        status = NULL;
        if (!ask_status(pg, freeze, &status, NULL)) {
            break;
        }
        if (is_final(status) == NULL) {
            end_session(pg, freeze);
            cancel_wait(NULL, FIND_OUT_STEP_MS);
        }
    }
    const FreezeEnd end = is_final(status) == NULL    ? FREEZE_UNKNOWN
                          : same(status, "committed") ? FREEZE_COMMITTED
                                                      : FREEZE_ROLLED_BACK;
    pg_close(again);
    mem_free(status);
    return end;
}

/* On a new connection. While the server has not noticed that our session has no client any more, it is in progress: it
 * is ended, and is one or the other then. */
static FreezeEnd find_out(Freeze *freeze)
{
    const uint64_t end = clock_monotonic_ms() + FIND_OUT_MS;
    FreezeEnd how = FREEZE_UNKNOWN;
    job_log(freeze->sink, LOG_WARNING, "The connection was lost at the end of it; connecting again");
    pg_close(freeze->pg);
    freeze->pg = NULL;
    do {
        Pg *pg = NULL;
        char *status = NULL;
        if (pg_connect(&freeze->connection, NULL, &pg, NULL) && ask_status(pg, freeze, &status, NULL)) {
            how = same(status, "committed") ? FREEZE_COMMITTED
                  : same(status, "aborted") ? FREEZE_ROLLED_BACK
                                            : FREEZE_UNKNOWN;
            if (how == FREEZE_UNKNOWN) {
                end_session(pg, freeze);
            }
        }
        mem_free(status);
        pg_close(pg);
    } while (how == FREEZE_UNKNOWN && clock_monotonic_ms() < end && !cancel_wait(NULL, FIND_OUT_STEP_MS));
    return how;
}

FreezeEnd freeze_commit(Freeze *freeze, Error *err)
{
    Error why = ERROR_INIT;
    char *status = NULL, *now = NULL;
    pg_guard(freeze->pg, false);
    if (!ask_text(freeze->pg, "SELECT pg_catalog.txid_current_if_assigned()", NULL, freeze->cancel, &now, err)) {
        return FREEZE_ROLLED_BACK;
    }
    const bool whole = same(now, freeze->xid);
    mem_free(now);
    if (!whole) {
        error_set(err, EK_INTERNAL, "the transaction of the restore was ended by something in the backup");
        return FREEZE_ROLLED_BACK;
    }
    freeze->ending = true;
    /* Nobody may stop it: a stop would not say whether it was done. And COMMIT of a transaction that had failed is no
     * error: so it is asked in any case. */
    const bool sent = pg_query(freeze->pg, "COMMIT", NULL, 0, NULL, NULL, &why);
    const bool asked = sent && ask_status(freeze->pg, freeze, &status, &why);
    FreezeEnd how = same(status, "committed") ? FREEZE_COMMITTED : FREEZE_ROLLED_BACK;
    if (asked && how == FREEZE_ROLLED_BACK) {
        error_set(&why, EK_INTERNAL, "the server rolled the transaction back");
    } else if (!asked && (sent || why.kind == EK_CONNECT)) {
        how = find_out(freeze);
    }
    mem_free(status);
    freeze->end = how;
    if (how == FREEZE_COMMITTED) {
        error_clear(&why);
    } else {
        error_move(err, &why);
    }
    return how;
}
