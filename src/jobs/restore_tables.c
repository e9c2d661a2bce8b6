/*
 * restore_tables.c: selected tables of a backup, into a new schema of a database that stays as it is.
 *
 * What a table needs (types, functions, the partitions below it) is known to pg_restore alone, and it makes things
 * under the names that they had. To make them under other names its SQL would have to be edited, and an edit that
 * misses one name touches the live table. So the backup is loaded where names cannot meet: into a database beside, as a
 * restore does, but of the rows only those of the tables that were asked for, and nothing that comes after the rows
 * (indexes, rules, triggers, policies). There each table is counted and copied out, and in the other database into a
 * table that is made from the catalog, by columns and types alone; all of that in one transaction that makes the schema
 * as well. The database beside is dropped.
 *
 * The new tables are there to be looked at: they have no keys, defaults or rights, and the schema is its maker's. A
 * type that is the old database's own is not made again: such a column is text.
 */
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "restore_private.h"

#define NAME_MAX_BYTES 63
#define PIECE 65536u /* rows go on in pieces of this size */
#define NAMED 20u /* tables that are told where one is not in the backup */

/* --- which ------------------------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* What stands before the first row: all that follows it is made of the rows, or about them. */
static size_t rows_begin(const Archive *archive)
{
    static const char *const kinds[] = {"TABLE DATA", "BLOB", "BLOBS", "BLOB METADATA", "SEQUENCE SET",
                                        "STATISTICS DATA", "MATERIALIZED VIEW DATA", "INDEX", "CONSTRAINT",
                                        "FK CONSTRAINT", "CHECK CONSTRAINT", "TRIGGER", "RULE", "POLICY",
                                        "ROW SECURITY"};
    for (size_t i = 0; i < archive->entry_count; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (strcmp(archive->entries[i].desc, kinds[k]) == 0) {
                return i;
            }
        }
    }
    return archive->entry_count;
}

/* "schema.name", or a name: public's, else the only one. NULL: there is none, or *many. */
static const ArchiveEntry *find_table(const Archive *archive, const char *name, bool *many)
{
    const ArchiveEntry *found = NULL;
    *many = false;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "TABLE") != 0 || entry->schema == NULL) {
            continue;
        }
        const size_t len = strlen(entry->schema);
        if (strncmp(name, entry->schema, len) == 0 && name[len] == '.' && strcmp(name + len + 1, entry->tag) == 0) {
            *many = false;
            return entry;
        }
        if (strcmp(name, entry->tag) == 0) {
            const bool better = found == NULL || strcmp(entry->schema, "public") == 0;
            *many = found != NULL && !better && strcmp(found->schema, "public") != 0;
            found = better ? entry : found;
        }
    }
    return *many ? NULL : found;
}

static bool no_such_table(const Archive *archive, const char *name, bool many, Error *err)
{
    StrBuf names;
    size_t count = 0;
    if (many) {
        error_set(err, EK_SETTINGS, "several schemas of the backup have a table %s", name);
        return error_hint(err, "Name it with its schema: schema.%s.", name);
    }
    strbuf_init(&names, STRBUF_LINE);
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "TABLE") == 0 && count++ < NAMED) {
            strbuf_addf(&names, "%s%s.%s", count > 1 ? ", " : "", entry->schema != NULL ? entry->schema : "",
                        entry->tag);
        }
    }
    error_set(err, EK_NOT_FOUND, "the backup holds no table %s", name);
    error_detail(err, "it holds %s%s", count == 0 ? "none" : names.buf, count > NAMED ? ", and others" : "");
    strbuf_release(&names);
    return error_hint(err, "Give the names as the database has them, with commas between.");
}

/* Takes the table itself and, where it has some, the partitions below it, one after the other. */
static void add_members(const Archive *archive, RestorePick *pick)
{
    pick->members = mem_array(archive->entry_count + 1, sizeof *pick->members);
    pick->members[pick->member_count++] = pick->table;
    for (size_t m = 0; m < pick->member_count; m++) {
        for (size_t i = 0; i < archive->entry_count; i++) {
            const ArchiveEntry *entry = &archive->entries[i];
            const char *at = entry->definition;
            if (strcmp(entry->desc, "TABLE ATTACH") != 0 || at == NULL || !sql_take_word(&at, "ALTER TABLE ONLY ")) {
                continue;
            }
            char *schema = sql_take_name(&at);
            char *name = schema != NULL && sql_take_word(&at, ".") ? sql_take_name(&at) : NULL;
            if (same(schema, pick->members[m]->schema) && same(name, pick->members[m]->tag) &&
                pick->member_count < archive->entry_count) {
                pick->members[pick->member_count++] = entry; /* its schema and its tag are the partition's */
            }
            mem_free(name);
            mem_free(schema);
        }
    }
}

static bool is_member(const RestorePick *pick, const char *schema, const char *name)
{
    for (size_t m = 0; m < pick->member_count; m++) {
        if (same(pick->members[m]->schema, schema) && same(pick->members[m]->tag, name)) {
            return true;
        }
    }
    return false;
}

/* Rows of a partition that go in through the table above it may come to lie in another partition. */
static bool check_way_in(const RestorePick *pick, const ArchiveEntry *data, Error *err)
{
    char *schema = NULL, *table = NULL;
    const bool elsewhere = load_loads_elsewhere(data, &schema, &table);
    const bool ok = !elsewhere || is_member(pick, schema, table);
    if (!ok) {
        error_set(err, EK_SETTINGS, "%s is a part of %s, and only comes back with it", pick->table->tag, table);
        error_hint(err, "Name %s.", table);
    }
    mem_free(table);
    mem_free(schema);
    return ok;
}

static bool want_rows(const Archive *archive, const RestorePick *pick, bool *only, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "TABLE DATA") == 0 && is_member(pick, entry->schema, entry->tag)) {
            only[i] = true;
            ok = check_way_in(pick, entry, err);
        }
    }
    return ok;
}

static bool add_pick(const Archive *archive, const char *name, RestorePicks *picks, Error *err)
{
    bool many = false;
    const ArchiveEntry *table = find_table(archive, name, &many);
    if (table == NULL) {
        return no_such_table(archive, name, many, err);
    }
    for (size_t i = 0; i < picks->count; i++) {
        if (picks->items[i].table == table) {
            return true;
        }
        if (strcmp(picks->items[i].table->tag, table->tag) == 0) {
            return error_set(err, EK_SETTINGS, "two tables named %s cannot be in one schema", table->tag);
        }
    }
    picks->items = mem_resize(picks->items, picks->count + 1, sizeof *picks->items);
    RestorePick *pick = &picks->items[picks->count++];
    *pick = (RestorePick){.table = table};
    add_members(archive, pick);
    return want_rows(archive, pick, picks->only, err);
}

bool restore_pick_tables(const Archive *archive, const char *names, RestorePicks *picks, Error *err)
{
    const size_t begin = rows_begin(archive);
    bool ok = true;
    picks->only = mem_array(archive->entry_count + 1, sizeof *picks->only);
    for (size_t i = 0; i < begin; i++) {
        picks->only[i] = true;
    }
    for (const char *at = names; ok && *at != '\0';) {
        const char *end = at + strcspn(at, ",");
        StrBuf name;
        strbuf_init(&name, STRBUF_SMALL);
        strbuf_add(&name, at, (size_t)(end - at));
        strbuf_trim(&name);
        ok = name.len == 0 || add_pick(archive, name.buf, picks, err);
        strbuf_release(&name);
        at = *end == ',' ? end + 1 : end;
    }
    if (ok && picks->count == 0) {
        ok = error_set(err, EK_USAGE, "no table is named");
    }
    return ok;
}

void restore_picks_release(RestorePicks *picks)
{
    for (size_t i = 0; i < picks->count; i++) {
        mem_free((void *)picks->items[i].members);
    }
    mem_free(picks->items);
    mem_free(picks->only);
    *picks = (RestorePicks){.count = 0};
}

int64_t restore_rows_of(const RestorePick *pick, const Manifest *manifest)
{
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->table_count && rows >= 0; i++) {
        const TableCount *table = &manifest->tables[i];
        if (is_member(pick, table->schema, table->name)) {
            const int64_t held = table->rows >= 0 ? table->rows : table->expected;
            rows = held < 0 ? -1 : rows + held;
        }
    }
    return rows;
}

/* --- where to ---------------------------------------------------------------------------------------------- */

/* Nothing but a right is needed there: no object that exists is touched. */
static bool check_target(Restore *run, Error *err)
{
    Load *load = &run->load;
    const char *const params[] = {run->live};
    PgRows *rows = NULL;
    if (!pg_query(load->server,
                  "SELECT r.rolname, r.rolsuper::int, (r.rolsuper OR r.rolcreatedb)::int, (d.oid IS NOT NULL)::int,"
                  " coalesce(pg_catalog.has_database_privilege(d.oid, 'CREATE'), false)::int"
                  " FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_database d ON d.datname = $1"
                  " WHERE r.rolname = CURRENT_USER",
                  params, 1, load->cancel, &rows, err)) {
        return false;
    }
    const bool may_make = pg_value_int(rows, 0, 2, 0) != 0;
    bool ok = false;
    run->user = mem_strdup(pg_value(rows, 0, 0));
    run->is_super = pg_value_int(rows, 0, 1, 0) != 0;
    run->has_live = pg_value_int(rows, 0, 3, 0) != 0;
    if (!run->has_live) {
        error_set(err, EK_NOT_FOUND, "there is no database %s on the server", run->live);
        error_hint(err, "Tables go into a database that is there; the whole backup can be restored.");
    } else if (!may_make) {
        error_set(err, EK_REFUSED, "the user %s may not create databases", run->user);
        error_hint(err, "The tables are restored into one beside first. Its administrator can allow it: ALTER ROLE ... "
                        "CREATEDB.");
    } else if (pg_value_int(rows, 0, 4, 0) == 0) {
        error_set(err, EK_REFUSED, "the user %s may not make a schema in the database %s", run->user, run->live);
        error_hint(err, "Its owner can allow it: GRANT CREATE ON DATABASE.");
    } else {
        ok = true;
    }
    pg_rows_free(rows);
    return ok;
}

static bool connect_to(const Load *load, const char *database, Pg **pg, Error *err)
{
    Connection connection;
    connection_init(&connection);
    connection_copy(&connection, &load->connection);
    mem_free(connection.database);
    connection.database = mem_strdup(database);
    /* As text is written in one database it has to be read in the other. */
    const bool ok = pg_connect(&connection, load->cancel, pg, err) && load_calm(*pg, load->cancel, err) &&
                    pg_script(*pg,
                              "SET search_path = ''; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres';"
                              "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C';"
                              "SET xmloption = 'content'; SET row_security = off",
                              load->cancel, err);
    connection_release(&connection);
    return ok;
}

/* By the moment that the rows are of: restored_20261123_020000. */
static bool choose_schema(Restore *run, char **schema, Error *err)
{
    const Manifest *manifest = &run->load.result.manifest;
    const int64_t made = manifest->server_time > 0 ? manifest->server_time
                         : manifest->started > 0   ? manifest->started
                                                   : run->load.archive.created;
    char *stamp = clock_stamp_text(made);
    char *wanted = run->spec->to_schema != NULL ? mem_strdup(run->spec->to_schema) : mem_printf("restored_%s", stamp);
    bool has = true;
    bool ok = load_has_schema(run->in_live, wanted, run->load.cancel, &has, err);
    for (int i = 2; ok && has && run->spec->to_schema == NULL; i++) {
        mem_free(wanted);
        wanted = mem_printf("restored_%s_%d", stamp, i);
        ok = load_has_schema(run->in_live, wanted, run->load.cancel, &has, err);
    }
    if (ok && strlen(wanted) > NAME_MAX_BYTES) {
        ok = error_set(err, EK_SETTINGS, "the name %s is too long for a schema: %d bytes at the most", wanted,
                       NAME_MAX_BYTES);
    } else if (ok && has) {
        ok = error_set(err, EK_SETTINGS, "the database %s has a schema %s already", run->live, wanted);
        error_hint(err, "Name another: what is there is never touched.");
    }
    mem_free(stamp);
    if (ok) {
        *schema = wanted;
    } else {
        mem_free(wanted);
    }
    return ok;
}

/* --- the copy ---------------------------------------------------------------------------------------------- */

/* Of a domain, what it is over. Text: what another database does not have, or reads otherwise. */
static const char columns_sql[] =
    "WITH RECURSIVE base AS (SELECT a.attnum, a.attname, a.atttypid AS type, a.atttypmod AS typmod"
    " FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped"
    " UNION ALL SELECT b.attnum, b.attname, t.typbasetype, t.typtypmod FROM base b"
    " JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd')"
    " SELECT s.attname, CASE WHEN s.known THEN pg_catalog.format_type(s.type, s.typmod) ELSE 'text' END,"
    " (NOT s.known)::int FROM (SELECT b.*, t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace"
    " AND t.typtype IN ('b', 'r', 'm') AND t.typname !~ '^_?(reg|aclitem|pg_)' AS known FROM base b"
    " JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype <> 'd') s ORDER BY s.attnum";

/* In the session that speaks as the archive does: the table as the catalog knows it. */
static bool ask_table(Restore *run, const ArchiveEntry *table, char **oid, bool *parted, Error *err)
{
    const char *const params[] = {table->schema, table->tag};
    PgRows *rows = NULL;
    bool ok = pg_query(run->load.pg,
                       "SELECT c.oid, (c.relkind = 'p')::int FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                       " ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
                       params, 2, run->load.cancel, &rows, err);
    if (ok && pg_row_count(rows) == 0) {
        char *label = table_label(table->schema, table->tag);
        ok = error_set(err, EK_DAMAGED, "the table %s did not come back as a table", label);
        mem_free(label);
    } else if (ok) {
        *oid = mem_strdup(pg_value(rows, 0, 0));
        *parted = pg_value_int(rows, 0, 1, 0) != 0;
    }
    pg_rows_free(rows);
    return ok;
}

typedef struct Copy {
    Restore *run;
    Pg *from, *to;
    char *source, *target; /* "ONLY schema.table", and the new one, quoted */
    char *name;            /* of the table, for people */
    StrBuf piece;          /* rows that wait for more */
} Copy;

static bool send_piece(Copy *copy, Error *err)
{
    const bool ok = copy->piece.len == 0 || pg_copy_data(copy->to, copy->piece.buf, copy->piece.len, err);
    strbuf_clear(&copy->piece);
    return ok;
}

static bool take_rows(void *context, const char *bytes, size_t len, Error *err)
{
    Copy *copy = context;
    Load *load = &copy->run->load;
    load->bytes_done += len;
    const double part = load->bytes_all == 0 ? 0.5 : (double)load->bytes_done / (double)load->bytes_all;
    progress_update(&load->meter, part < 1 ? part : 1, load->bytes_done, clock_monotonic_ms());
    if (copy->piece.len + len > PIECE && !send_piece(copy, err)) {
        return false;
    }
    return len > PIECE ? pg_copy_data(copy->to, bytes, len, err) : strbuf_add(&copy->piece, bytes, len);
}

static bool count(Pg *pg, const char *what, const Cancel *cancel, int64_t *rows, Error *err)
{
    char *sql = mem_printf("SELECT count(*) FROM %s", what);
    PgRows *found = NULL;
    const bool ok = pg_query(pg, sql, NULL, 0, cancel, &found, err);
    *rows = ok ? pg_value_int(found, 0, 0, -1) : -1;
    pg_rows_free(found);
    mem_free(sql);
    return ok;
}

/* Makes it, and "a, b" for the SELECT. */
static bool make_table(Copy *copy, const char *oid, char **select, Error *err)
{
    const char *const params[] = {oid};
    const Cancel *cancel = copy->run->load.cancel;
    PgRows *rows = NULL;
    StrBuf columns, names, texts;
    if (!pg_query(copy->from, columns_sql, params, 1, cancel, &rows, err)) {
        return false;
    }
    strbuf_init(&columns, STRBUF_LARGE);
    strbuf_init(&names, STRBUF_LARGE);
    strbuf_init(&texts, STRBUF_LINE);
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        char *name = pg_identifier(pg_value(rows, i, 0));
        strbuf_addf(&columns, "%s%s %s", i > 0 ? ", " : "", name, pg_value(rows, i, 1));
        strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", name);
        if (pg_value_int(rows, i, 2, 0) != 0) {
            strbuf_addf(&texts, "%s%s", texts.len > 0 ? ", " : "", pg_value(rows, i, 0));
        }
        mem_free(name);
    }
    if (texts.len > 0) {
        restore_note(copy->run, mem_printf("In %s these columns are text, because their types are the old database's "
                                           "own: %s", copy->name, texts.buf));
    }
    char *sql = mem_printf("CREATE TABLE %s (%s)", copy->target, columns.buf);
    const bool ok = pg_query(copy->to, sql, NULL, 0, cancel, NULL, err);
    mem_free(sql);
    strbuf_release(&texts);
    strbuf_release(&columns);
    *select = strbuf_detach(&names);
    pg_rows_free(rows);
    return ok;
}

static bool copy_rows(Copy *copy, const char *oid, Error *err)
{
    const Cancel *cancel = copy->run->load.cancel;
    char *select = NULL;
    bool ok = make_table(copy, oid, &select, err);
    if (ok) {
        char *out = mem_printf("COPY (SELECT %s FROM %s) TO STDOUT", select, copy->source);
        char *in = mem_printf("COPY %s FROM STDIN", copy->target);
        ok = pg_copy_begin(copy->to, in, cancel, err) &&
             pg_copy_out(copy->from, out, take_rows, copy, cancel, err) && send_piece(copy, err) &&
             pg_copy_end(copy->to, cancel, err);
        mem_free(in);
        mem_free(out);
    }
    mem_free(select);
    return ok;
}

/* As many as the backup holds, and as many again in the new table. */
static bool copy_table(Copy *copy, const RestorePick *pick, const char *schema, Error *err)
{
    Load *load = &copy->run->load;
    const int64_t held = restore_rows_of(pick, &load->result.manifest);
    int64_t came = 0, copied = 0;
    bool parted = false;
    char *oid = NULL;
    PgRows *rows = NULL;
    bool ok = ask_table(copy->run, pick->table, &oid, &parted, err);
    const char *const params[] = {oid};
    ok = ok && pg_query(copy->from,
                        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                        " ON n.oid = c.relnamespace WHERE c.oid = $1::bigint::oid",
                        params, 1, load->cancel, &rows, err);
    if (ok) {
        char *full = pg_table_name(pg_value(rows, 0, 0), pg_value(rows, 0, 1));
        copy->source = mem_printf("%s%s", parted ? "" : "ONLY ", full);
        copy->target = pg_table_name(schema, pg_value(rows, 0, 1));
        copy->name = mem_strdup(pg_value(rows, 0, 1));
        mem_free(full);
        char *step = mem_printf("Copying %s", copy->name);
        progress_step(&load->meter, step);
        mem_free(step);
        ok = count(copy->from, copy->source, load->cancel, &came, err);
    }
    if (ok && held >= 0 && came != held) {
        ok = error_set(err, EK_DAMAGED, "%s rows of %s came back, and the backup holds %s", number_text(came).text,
                       copy->name, number_text(held).text);
    }
    ok = ok && copy_rows(copy, oid, err) && count(copy->to, copy->target, load->cancel, &copied, err);
    if (ok && copied != came) {
        ok = error_set(err, EK_DAMAGED, "%s rows of %s were copied, and there are %s", number_text(copied).text,
                       copy->name, number_text(came).text);
    }
    if (ok) {
        copy->run->result->tables++;
        copy->run->result->rows += copied;
    }
    pg_rows_free(rows);
    mem_free(copy->name);
    mem_free(copy->target);
    mem_free(copy->source);
    copy->name = copy->target = copy->source = NULL;
    mem_free(oid);
    return ok;
}

/* One transaction: the schema with all of it, or none. */
static bool copy_all(Restore *run, const RestorePicks *picks, const char *schema, Error *err)
{
    Load *load = &run->load;
    Copy copy = {.run = run, .to = run->in_live};
    strbuf_init(&copy.piece, PIECE);
    load->bytes_done = 0;
    load_stage(load, "Copying the tables", PART_RESTORED, 0.99);
    bool ok = connect_to(load, load->database, &copy.from, err) &&
              pg_query(copy.to, "BEGIN", NULL, 0, load->cancel, NULL, err) &&
              load_run_on(copy.to, "CREATE SCHEMA ", schema, "", load->cancel, err);
    for (size_t i = 0; ok && i < picks->count; i++) {
        ok = copy_table(&copy, &picks->items[i], schema, err);
    }
    /* Nobody may stop the COMMIT: a stop would not say whether it was done. */
    ok = ok && restore_check_unchanged(run, err) && pg_query(copy.to, "COMMIT", NULL, 0, NULL, NULL, err);
    pg_close(copy.from);
    strbuf_release(&copy.piece);
    if (!ok) {
        run->result->tables = 0;
        run->result->rows = 0;
    }
    return ok;
}

bool restore_tables(Restore *run, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    RestorePicks picks = {.count = 0};
    char *schema = NULL;
    bool ok = restore_pick_tables(&load->archive, run->spec->tables, &picks, err) &&
              restore_mend_first(load->server, run->live, load->sink, load->cancel, err) && check_target(run, err) &&
              connect_to(load, run->live, &run->in_live, err) && choose_schema(run, &schema, err) &&
              restore_name_database(run, err);
    if (ok) {
        load->only = picks.only;
        load->foreign_owners = mem_array(load->archive.entry_count + 1, sizeof *load->foreign_owners);
        for (size_t i = 0; i < load->archive.entry_count; i++) {
            load->foreign_owners[i] = true; /* all of it is dropped again: whose it is does not matter */
        }
        load->bytes_all = 0;
        for (size_t i = 0; i < load->result.manifest.table_count; i++) {
            const TableCount *table = &load->result.manifest.tables[i];
            bool wanted = false;
            for (size_t p = 0; !wanted && p < picks.count; p++) {
                wanted = is_member(&picks.items[p], table->schema, table->name);
            }
            load->bytes_all += wanted ? table->bytes : 0;
        }
        ok = restore_make_database(run, err) && restore_load(run, tool, err) && copy_all(run, &picks, schema, err);
    }
    load->only = NULL;
    if (ok) {
        run->result->database = mem_strdup(run->live);
        run->result->schema = schema;
        schema = NULL;
    }
    mem_free(schema);
    restore_picks_release(&picks);
    return ok;
}
