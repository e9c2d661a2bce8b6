/*
 * freeze_obstacle.c: what a restore in place cannot do, asked beforehand: in the preview, and before anybody is kept
 * from their tables.
 *
 * Large objects: others can add to one whatever we hold. Nothing is locked when one is opened or written to, a new page
 * of it waits for nobody (src/backend/storage/large_object/inv_api.c), and pg_largeobject itself only a superuser may
 * lock. So bytes could be committed that are neither in the safety backup nor, afterwards, in the database.
 *
 * Rows in an extension's own tables that the extension calls the user's (pg_extension_config_dump): the extension and
 * its tables stay, and the backup's rows would come on top of theirs.
 *
 * User mappings of others: what they hold (passwords) only a superuser may read, so it is in no backup of this user's,
 * and they go with their server.
 *
 * Schemas: each but public is made anew, which takes CREATE on the database.
 *
 * Locks: the transaction has one on everything it drops and makes, and one table of the server has room for those of
 * all its databases. Where it is full the others' sessions fail as well, so half of it is the most that is taken.
 */
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "freeze_private.h"
#include "load_private.h"

#define LOCKS_OF_TABLE 3 /* itself, what holds its long values, and the index of that */

static const char hint_create[] = "An administrator can allow this user to create databases: then it is restored "
                                  "beside the live one.";

/* --- whose it is --------------------------------------------------------------------------------------------- */

static const char others_sql[] =
    "SELECT o.what, pg_catalog.pg_get_userbyid(o.owner), count(*) OVER (), CURRENT_USER FROM ("
    "SELECT 'the schema ' || n.nspname AS what, n.nspowner AS owner FROM pg_catalog.pg_namespace n"
    " WHERE " USERS " AND n.nspname <> 'public' AND NOT " HOLDS
    IN_SCHEMA("'the ' || CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'view ' WHEN 'S' THEN 'sequence '"
              " ELSE 'table ' END || n.nspname || '.' || c.relname, c.relowner", "pg_class", "c", "relnamespace")
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'"
    IN_SCHEMA("'the function ' || n.nspname || '.' || p.proname, p.proowner", "pg_proc", "p", "pronamespace")
    IN_SCHEMA("'the type ' || n.nspname || '.' || t.typname, t.typowner", "pg_type", "t", "typnamespace")
    " AND t.typrelid = 0 AND t.typcategory <> 'A'"
    IN_SCHEMA("'the operator ' || n.nspname || '.' || p.oprname, p.oprowner", "pg_operator", "p", "oprnamespace")
    IN_SCHEMA("'the collation ' || n.nspname || '.' || c.collname, c.collowner", "pg_collation", "c", "collnamespace")
    IN_SCHEMA("'the text search ' || n.nspname || '.' || t.cfgname, t.cfgowner", "pg_ts_config", "t", "cfgnamespace")
    " UNION ALL SELECT 'the publication ' || p.pubname, p.pubowner FROM pg_catalog.pg_publication p"
    " UNION ALL SELECT 'the server ' || s.srvname, s.srvowner FROM pg_catalog.pg_foreign_server s"
    " WHERE NOT " MEMBER("pg_foreign_server", "s.oid")
    /* It would go with its function, and nobody but a superuser makes it again. */
    " UNION ALL SELECT 'the event trigger ' || t.evtname, t.evtowner FROM pg_catalog.pg_event_trigger t"
    " WHERE NOT " MEMBER("pg_event_trigger", "t.oid")
    ") o WHERE NOT pg_catalog.pg_has_role(o.owner, 'USAGE') ORDER BY 1 LIMIT 1";

static bool look_at_owners(Pg *pg, const Cancel *cancel, Error *obstacle, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, others_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    if (pg_row_count(rows) > 0) {
        const int64_t more = pg_value_int(rows, 0, 2, 1) - 1;
        char *others = more == 0 ? mem_strdup("") : mem_printf(" (and so it is with %d more)", (int)more);
        error_set(obstacle, EK_REFUSED, "%s belongs to %s%s, so %s may not replace what is in the database",
                  pg_value(rows, 0, 0), pg_value(rows, 0, 1), others, pg_value(rows, 0, 3));
        error_hint(obstacle, "Restore as a user who owns all of it, or as one who may create databases.");
        mem_free(others);
    }
    pg_rows_free(rows);
    return true;
}

/* --- what cannot be kept still ------------------------------------------------------------------------------- */

static bool ask_count(Pg *pg, const char *sql, const Cancel *cancel, int64_t *count, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    *count = pg_value_int(rows, 0, 0, 0);
    pg_rows_free(rows);
    return true;
}

static bool look_at_large_objects(Pg *pg, const Cancel *cancel, Error *obstacle, Error *err)
{
    int64_t count = 0;
    if (!ask_count(pg, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", cancel, &count, err)) {
        return false;
    }
    if (count > 0) {
        error_set(obstacle, EK_REFUSED, "the database holds %s large object%s, and no lock keeps other programs from "
                                        "writing to %s, so it is not restored in place", number_text(count).text,
                  count == 1 ? "" : "s", count == 1 ? "it" : "them");
        error_hint(obstacle, "%s", hint_create);
    }
    return true;
}

/* --- what extensions hold for the user ----------------------------------------------------------------------- */

static const char config_sql[] =
    "SELECT n.nspname || '.' || c.relname, x.extname, pg_catalog.format('SELECT count(*) FROM (SELECT 1 FROM %I.%I %s"
    " LIMIT 1) one', n.nspname, c.relname, coalesce(x.extcondition[s.i], '')) FROM pg_catalog.pg_extension x"
    " CROSS JOIN LATERAL pg_catalog.generate_subscripts(x.extconfig, 1) AS s (i)"
    " JOIN pg_catalog.pg_class c ON c.oid = x.extconfig[s.i]"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') ORDER BY 1";

static bool look_at_extensions(Pg *pg, const Cancel *cancel, Error *obstacle, Error *err)
{
    PgRows *rows = NULL;
    bool ok = pg_query(pg, config_sql, NULL, 0, cancel, &rows, err);
    for (size_t i = 0; ok && obstacle->kind == EK_NONE && i < pg_row_count(rows); i++) {
        int64_t any = 0;
        Error why = ERROR_INIT; /* one that may not be read is none that a backup can be made of */
        ok = ask_count(pg, pg_value(rows, i, 2), cancel, &any, &why) || !load_is_the_end(&why) || error_move(err, &why);
        if (ok && why.kind != EK_NONE) {
            error_move(obstacle, &why);
        } else if (any > 0) {
            error_set(obstacle, EK_REFUSED, "the table %s of the extension %s holds rows of this database, which "
                                            "cannot be replaced in place", pg_value(rows, i, 0), pg_value(rows, i, 1));
            error_hint(obstacle, "%s", hint_create);
        }
    }
    pg_rows_free(rows);
    return ok;
}

/* --- what no backup of this user's has ----------------------------------------------------------------------- */

static const char mappings_sql[] =
    "SELECT u.usename, u.srvname FROM pg_catalog.pg_user_mappings u JOIN pg_catalog.pg_foreign_server s"
    " ON s.oid = u.srvid WHERE NOT " MEMBER("pg_foreign_server", "s.oid")
    " AND u.umoptions IS NULL AND u.umuser <> 0 AND u.usename <> CURRENT_USER ORDER BY 1, 2 LIMIT 1";

static bool look_at_mappings(Pg *pg, const Cancel *cancel, Error *obstacle, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, mappings_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    if (pg_row_count(rows) > 0) {
        error_set(obstacle, EK_REFUSED, "what the mapping of the user %s for the server %s holds only a superuser may "
                                        "read, so no backup has it, and nothing is restored in place",
                  pg_value(rows, 0, 0), pg_value(rows, 0, 1));
        error_hint(obstacle, "%s", hint_create);
    }
    pg_rows_free(rows);
    return true;
}

/* --- schemas ------------------------------------------------------------------------------------------------- */

static const char staying_sql[] =
    "SELECT n.nspname, pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::int, CURRENT_USER,"
    " pg_catalog.current_database() FROM pg_catalog.pg_namespace n WHERE NOT (" USERS ") OR n.nspname = 'public' OR "
    HOLDS;

static bool look_at_schemas(Pg *pg, const Archive *archive, const Cancel *cancel, Error *obstacle, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, staying_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    const bool may = pg_value_int(rows, 0, 1, 0) != 0;
    for (size_t i = 0; !may && obstacle->kind == EK_NONE && i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        bool stays = strcmp(entry->desc, "SCHEMA") != 0;
        for (size_t r = 0; !stays && r < pg_row_count(rows); r++) {
            stays = strcmp(pg_value(rows, r, 0), entry->tag) == 0;
        }
        if (!stays) {
            error_set(obstacle, EK_REFUSED, "the backup holds the schema %s, and %s may not create schemas in the "
                                            "database %s", entry->tag, pg_value(rows, 0, 2), pg_value(rows, 0, 3));
            error_hint(obstacle, "Its owner can allow it: GRANT CREATE ON DATABASE.");
        }
    }
    pg_rows_free(rows);
    return true;
}

/* --- locks --------------------------------------------------------------------------------------------------- */

/* What depends on something is what is locked when it is dropped. */
static const char locks_sql[] =
    "SELECT (SELECT count(*) FROM (SELECT DISTINCT d.classid, d.objid FROM pg_catalog.pg_depend d"
    " WHERE d.objid >= " FREEZE_FIRST_OID ") o), pg_catalog.current_setting('max_locks_per_transaction')::bigint *"
    " (pg_catalog.current_setting('max_connections')::bigint +"
    " pg_catalog.current_setting('max_prepared_transactions')::bigint)";

static bool look_at_locks(Pg *pg, const Archive *archive, const Cancel *cancel, Error *obstacle, Error *err)
{
    static const char *const kinds[] = {"SEQUENCE", "VIEW", "INDEX", "CONSTRAINT"};
    const int64_t objects = load_listed_objects(archive);
    PgRows *rows = NULL;
    if (!pg_query(pg, locks_sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    int64_t needed = pg_value_int(rows, 0, 0, 0) + (objects > 0 ? objects : 0);
    needed += LOCKS_OF_TABLE * (load_count_entries(archive, "TABLE") +
                                load_count_entries(archive, "MATERIALIZED VIEW"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        needed += load_count_entries(archive, kinds[i]);
    }
    const int64_t room = pg_value_int(rows, 0, 1, 0);
    if (needed > room / 2) {
        error_set(obstacle, EK_REFUSED, "a restore in place takes about %s locks at once, more than half of the %s "
                                        "that the server has room for", number_text(needed).text,
                  number_text(room).text);
        error_hint(obstacle, "Its administrator can raise max_locks_per_transaction, or allow this user to create "
                             "databases.");
    }
    pg_rows_free(rows);
    return true;
}

bool freeze_obstacle(Pg *pg, const Archive *archive, const Cancel *cancel, Error *obstacle, Error *err)
{
    return look_at_owners(pg, cancel, obstacle, err) &&
           (obstacle->kind != EK_NONE || look_at_large_objects(pg, cancel, obstacle, err)) &&
           (obstacle->kind != EK_NONE || look_at_extensions(pg, cancel, obstacle, err)) &&
           (obstacle->kind != EK_NONE || look_at_mappings(pg, cancel, obstacle, err)) &&
           (obstacle->kind != EK_NONE || look_at_schemas(pg, archive, cancel, obstacle, err)) &&
           (obstacle->kind != EK_NONE || look_at_locks(pg, archive, cancel, obstacle, err));
}
