/*
 * load_compare.c: what an archive says of itself, and whether a restored database is what it holds.
 *
 * That each object exists is shown by pg_restore's exit code, which ran with --exit-on-error; here is looked at what
 * that cannot show: how many rows each table has, and whether the server itself takes each constraint and index for
 * checked and complete.
 */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"

#define USER_SCHEMAS " n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
#define NOT_OF_EXTENSION(class, oid)                                                                                 \
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog." class "'::pg_catalog."    \
    "regclass AND d.objid = " oid " AND d.deptype = 'e')"

/* --- the archive ----------------------------------------------------------------------------------------- */

int load_major(const char *version)
{
    if (version == NULL || version[0] < '1' || version[0] > '9') {
        return 0;
    }
    const long major = strtol(version, NULL, 10);
    return major < 1000 ? (int)major : 0;
}

/* The text in quotes after `key`, as in ENCODING = 'UTF8'. NULL when it is not there; caller frees. */
static char *quoted_after(const char *text, const char *key)
{
    const char *at = text == NULL ? NULL : strstr(text, key);
    at = at == NULL ? NULL : strchr(at, '\'');
    const char *end = at == NULL ? NULL : strchr(at + 1, '\'');
    return end == NULL ? NULL : mem_strndup(at + 1, (size_t)(end - at - 1));
}

const ArchiveEntry *load_first_entry(const Archive *archive, const char *desc)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (strcmp(archive->entries[i].desc, desc) == 0) {
            return &archive->entries[i];
        }
    }
    return NULL;
}

char *load_encoding(const Archive *archive)
{
    const ArchiveEntry *database = load_first_entry(archive, "DATABASE");
    const ArchiveEntry *encoding = load_first_entry(archive, "ENCODING");
    char *name = database == NULL ? NULL : quoted_after(database->definition, "ENCODING = ");
    if (name == NULL && encoding != NULL) {
        name = quoted_after(encoding->definition, "client_encoding = ");
    }
    return name == NULL ? mem_strdup("UTF8") : name;
}

bool load_needs_icu(const Archive *archive)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        const char *definition = entry->definition;
        if (definition != NULL && (strstr(definition, "-x-icu\"") != NULL ||
                                   (strcmp(entry->desc, "COLLATION") == 0 &&
                                    strstr(definition, "provider = icu") != NULL))) {
            return true;
        }
    }
    return false;
}

int64_t load_count_entries(const Archive *archive, const char *desc)
{
    int64_t count = 0;
    for (size_t i = 0; i < archive->entry_count; i++) {
        count += strcmp(archive->entries[i].desc, desc) == 0;
    }
    return count;
}

int64_t load_listed_objects(const Archive *archive)
{
    int64_t count = load_count_entries(archive, "BLOB");
    bool have_data = false;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        have_data = have_data || strcmp(entry->desc, "BLOBS") == 0;
        if (strcmp(entry->desc, "BLOB METADATA") != 0 || entry->definition == NULL) {
            continue;
        }
        for (const char *line = entry->definition; *line != '\0'; line += *line == '\n') { /* a number a line */
            count++;
            line += strcspn(line, "\n");
        }
    }
    return count == 0 && have_data ? -1 : count;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Behind CONSTRAINT name in a definition; NULL: it does not make that one. */
static const char *behind_constraint(const char *definition, const char *constraint)
{
    static const char word[] = "CONSTRAINT ";
    for (const char *at = strstr(definition, word); at != NULL; at = strstr(at, word)) {
        at += sizeof word - 1;
        const char *end = at;
        char *name = sql_take_name(&end);
        const bool found = same(name, constraint);
        mem_free(name);
        if (found) {
            return end;
        }
    }
    return NULL;
}

bool load_unchecked_by_design(const Archive *archive, const char *schema, const char *table, const char *constraint)
{
    char *tag = mem_printf("%s %s", table, constraint); /* of an entry of its own */
    bool found = false;
    for (size_t i = 0; !found && i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (entry->definition != NULL && same(entry->schema, schema) &&
            (same(entry->tag, tag) || same(entry->tag, table))) {
            const char *rest = behind_constraint(entry->definition, constraint);
            found = rest != NULL && (strstr(rest, " NOT VALID") != NULL || strstr(rest, " NOT ENFORCED") != NULL);
        }
    }
    mem_free(tag);
    return found;
}

bool load_loads_elsewhere(const ArchiveEntry *entry, char **schema, char **table)
{
    const char *at = entry->copy_statement;
    if (strcmp(entry->desc, "TABLE DATA") != 0 || at == NULL || !sql_take_word(&at, "COPY ")) {
        return false;
    }
    char *in = sql_take_name(&at);
    char *name = in != NULL && sql_take_word(&at, ".") ? sql_take_name(&at) : NULL;
    if (name == NULL || (same(in, entry->schema) && same(name, entry->tag))) {
        mem_free(in);
        mem_free(name);
        return false;
    }
    *schema = in;
    *table = name;
    return true;
}

const char *load_part(const Archive *archive)
{
    bool tables = false, holding = false, rows = false;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        const bool table = strcmp(entry->desc, "TABLE") == 0;
        tables = tables || table;
        const bool partitioned = entry->definition != NULL && strstr(entry->definition, "\nPARTITION BY ") != NULL;
        holding = holding || (table && !partitioned);
        rows = rows || strcmp(entry->desc, "TABLE DATA") == 0;
    }
    return holding && !rows  ? "it holds no rows, only what the tables look like (pg_dump --schema-only)"
           : rows && !tables ? "it holds rows, but not the tables for them (pg_dump --data-only)"
                             : NULL;
}

/* pg_dump writes CREATE POLICY name ON table [AS …] [FOR …] [TO role, role] [USING (…)] [WITH CHECK (…)]; */
char *load_policy_role(const char **at, bool first)
{
    const char *next = *at;
    if (first) {
        bool found = false;
        while (!found && *next != '\0' && *next != '(') {
            const char *end = *next == '"' ? sql_name_end(next) : next + 1;
            found = strncmp(next, " TO ", 4) == 0;
            next = found ? next + 4 : end;
        }
        if (!found) {
            return NULL;
        }
    } else {
        if (strncmp(next, ", ", 2) != 0) {
            return NULL;
        }
        next += 2;
    }
    const char *end = sql_name_end(next);
    *at = end;
    return end == next ? NULL : mem_strndup(next, (size_t)(end - next));
}

/* --- what came back -------------------------------------------------------------------------------------- */

/* A table of an extension may hold what the extension's own script put there. */
static bool is_of_extension(Pg *pg, const TableCount *table, const Cancel *cancel, bool *is, Error *err)
{
    const char *const params[] = {table->schema, table->name};
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                  " JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
                  " AND d.objid = c.oid AND d.deptype = 'e' WHERE n.nspname = $1 AND c.relname = $2",
                  params, 2, cancel, &rows, err)) {
        return false;
    }
    *is = pg_row_count(rows) > 0;
    pg_rows_free(rows);
    return true;
}

static bool compare_table(Pg *pg, TableCount *table, const Cancel *cancel, ProveResult *result, Error *err)
{
    const int64_t wanted = table->rows >= 0 ? table->rows : table->expected;
    if (wanted < 0) {
        return true; /* nothing to compare with */
    }
    char *name = pg_table_name(table->schema, table->name), *label = table_label(table->schema, table->name);
    char *sql = mem_printf("SELECT count(*) FROM ONLY %s", name);
    int64_t found = 0;
    bool of_extension = false;
    bool ok = load_ask_number(pg, sql, NULL, cancel, &found, err);
    if (!ok && err->kind != EK_CANCELLED && err->kind != EK_CONNECT) {
        char *why = mem_strdup(err->message);
        error_set(err, EK_DAMAGED, "the table %s did not come back as a table", label);
        error_detail(err, "%s", why);
        mem_free(why);
    }
    if (ok && found != wanted) {
        ok = is_of_extension(pg, table, cancel, &of_extension, err);
        if (ok && !(of_extension && found > wanted)) {
            ok = error_set(err, EK_DAMAGED, "%s rows of %s came back, and the backup holds %s",
                           number_text(found).text, label, number_text(wanted).text);
        }
    }
    if (ok) {
        result->tables_compared++;
        result->rows += found;
    }
    mem_free(sql);
    mem_free(label);
    mem_free(name);
    return ok;
}

/* Entries whose rows come back in other tables than they were in. */
typedef struct Moved {
    const ArchiveEntry *entry;
    char *schema, *table; /* into which they are loaded */
    bool compared;
} Moved;

static Moved *moved_tables(const Archive *archive, size_t *count)
{
    Moved *moved = NULL;
    *count = 0;
    for (size_t i = 0; i < archive->entry_count; i++) {
        Moved one = {.entry = &archive->entries[i]};
        if (load_loads_elsewhere(one.entry, &one.schema, &one.table)) {
            moved = mem_resize(moved, *count + 1, sizeof *moved);
            moved[(*count)++] = one;
        }
    }
    return moved;
}

static Moved *find_moved(Moved *moved, size_t count, const TableCount *table)
{
    for (size_t i = 0; i < count; i++) {
        if (same(moved[i].entry->schema, table->schema) && same(moved[i].entry->tag, table->name)) {
            return &moved[i];
        }
    }
    return NULL;
}

static const TableCount *find_table(const Manifest *manifest, const char *schema, const char *name)
{
    for (size_t i = 0; i < manifest->table_count; i++) {
        if (same(manifest->tables[i].schema, schema) && same(manifest->tables[i].name, name)) {
            return &manifest->tables[i];
        }
    }
    return NULL;
}

/* All tables below a root together. */
static bool compare_root(Pg *pg, const char *schema, const char *root, const Cancel *cancel, ProveResult *result,
                         Error *err)
{
    const char *const params[] = {schema, root};
    PgRows *rows = NULL;
    int64_t wanted = 0, all = 0;
    bool known = true;
    bool ok = pg_query(pg,
                       "WITH RECURSIVE below AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                       " ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 UNION"
                       " SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN below b ON i.inhparent = b.oid)"
                       " SELECT n.nspname, c.relname FROM below b JOIN pg_catalog.pg_class c ON c.oid = b.oid"
                       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'",
                       params, 2, cancel, &rows, err);
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        const TableCount *table = find_table(&result->manifest, pg_value(rows, i, 0), pg_value(rows, i, 1));
        char *name = pg_table_name(pg_value(rows, i, 0), pg_value(rows, i, 1));
        char *sql = mem_printf("SELECT count(*) FROM ONLY %s", name);
        int64_t found = 0;
        ok = load_ask_number(pg, sql, NULL, cancel, &found, err);
        mem_free(sql);
        mem_free(name);
        const int64_t held = table == NULL ? 0 : table->rows >= 0 ? table->rows : table->expected;
        known = known && held >= 0;
        wanted += held;
        all += found;
    }
    if (ok && known && all != wanted) {
        char *label = table_label(schema, root);
        ok = error_set(err, EK_DAMAGED, "%s rows of %s and its partitions came back, and the backup holds %s",
                       number_text(all).text, label, number_text(wanted).text);
        mem_free(label);
    }
    pg_rows_free(rows);
    return ok;
}

static bool compare_tables(Pg *pg, const Archive *archive, const Cancel *cancel,
                           void (*counted)(void *context, size_t done, size_t all), void *context, ProveResult *result,
                           Error *err)
{
    size_t count = 0;
    Moved *moved = moved_tables(archive, &count);
    bool ok = true;
    for (size_t i = 0; ok && i < result->manifest.table_count; i++) {
        TableCount *table = &result->manifest.tables[i];
        Moved *elsewhere = find_moved(moved, count, table);
        if (elsewhere == NULL) {
            ok = compare_table(pg, table, cancel, result, err);
        } else {
            for (size_t k = 0; k < count; k++) {
                elsewhere->compared = elsewhere->compared ||
                                      (moved[k].compared && same(moved[k].schema, elsewhere->schema) &&
                                       same(moved[k].table, elsewhere->table));
            }
            ok = elsewhere->compared ||
                 compare_root(pg, elsewhere->schema, elsewhere->table, cancel, result, err);
            elsewhere->compared = true;
            result->tables_compared++;
            result->rows += table->rows >= 0 ? table->rows : 0;
        }
        counted(context, i + 1, result->manifest.table_count);
    }
    for (size_t k = 0; k < count; k++) {
        mem_free(moved[k].schema);
        mem_free(moved[k].table);
    }
    mem_free(moved);
    return ok;
}

/* The first row of the answer names what is wrong. */
static bool check_none(Pg *pg, const char *sql, const char *what, const Cancel *cancel, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg, sql, NULL, 0, cancel, &rows, err)) {
        return false;
    }
    const bool ok = pg_row_count(rows) == 0 ||
                    error_set(err, EK_DAMAGED, "the %s %s came back invalid", what, pg_value(rows, 0, 0));
    pg_rows_free(rows);
    return ok;
}

static bool check_constraints(Pg *pg, const Archive *archive, const Cancel *cancel, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT co.conname, n.nspname, coalesce(c.relname, t.typname) FROM pg_catalog.pg_constraint co"
                  " JOIN pg_catalog.pg_namespace n ON n.oid = co.connamespace LEFT JOIN pg_catalog.pg_class c"
                  " ON c.oid = co.conrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = co.contypid"
                  /* Those that a table has of its parent go with that one's. */
                  " WHERE NOT co.convalidated AND co.conparentid = 0 AND co.conislocal AND" USER_SCHEMAS,
                  NULL, 0, cancel, &rows, err)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < pg_row_count(rows); i++) {
        const char *name = pg_value(rows, i, 0);
        if (!load_unchecked_by_design(archive, pg_value(rows, i, 1), pg_value(rows, i, 2), name)) {
            ok = error_set(err, EK_DAMAGED, "the constraint %s.%s came back without being checked",
                           pg_value(rows, i, 1), name);
        }
    }
    pg_rows_free(rows);
    return ok;
}

/* At least so many as the archive lists; constraints of partitions and the like come on top. */
static bool check_number(int64_t found, int64_t listed, const char *what, Error *err)
{
    return found >= listed || error_set(err, EK_DAMAGED, "%s %s came back, and the backup holds %s",
                                        number_text(found).text, what, number_text(listed).text);
}

bool load_compare(Pg *pg, const Archive *archive, const Cancel *cancel,
                   void (*counted)(void *context, size_t done, size_t all), void *context, ProveResult *result,
                   Error *err)
{
    const int64_t objects = load_listed_objects(archive);
    const int64_t constraints = load_count_entries(archive, "CONSTRAINT") +
                                load_count_entries(archive, "FK CONSTRAINT") +
                                load_count_entries(archive, "CHECK CONSTRAINT") -
                                (int64_t)result->unchecked_count;
    if (!compare_tables(pg, archive, cancel, counted, context, result, err)) {
        return false;
    }
    if (!check_none(pg,
                    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i"
                    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
                    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                    /* One of a partitioned table is invalid until each partition has its own: so it was dumped. */
                    " WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind = 'i' AND" USER_SCHEMAS " ORDER BY 1",
                    "index", cancel, err) ||
        !check_constraints(pg, archive, cancel, err) ||
        !load_ask_number(pg,
                         "SELECT count(*) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
                         " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE" USER_SCHEMAS,
                         NULL, cancel, &result->indexes, err) ||
        !load_ask_number(pg,
                         "SELECT count(*) FROM pg_catalog.pg_constraint co JOIN pg_catalog.pg_namespace n"
                         " ON n.oid = co.connamespace WHERE" USER_SCHEMAS,
                         NULL, cancel, &result->constraints, err) ||
        !load_ask_number(pg,
                         "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                         " ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND" USER_SCHEMAS
                             NOT_OF_EXTENSION("pg_class", "c.oid"),
                         NULL, cancel, &result->sequences, err) ||
        !load_ask_number(pg, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", NULL, cancel,
                         &result->large_objects, err)) {
        return false;
    }
    return check_number(result->indexes, load_count_entries(archive, "INDEX"), "indexes", err) &&
           check_number(result->constraints, constraints, "constraints", err) &&
           check_number(result->sequences, load_count_entries(archive, "SEQUENCE"), "sequences", err) &&
           check_number(result->large_objects, objects < 0 ? 0 : objects, "large objects", err);
}
