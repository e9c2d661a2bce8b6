/*
 * load_obstacle.c: what a server lacks for an archive: looked for beforehand, or known by the words in which pg_restore
 * failed. It says nothing against the archive.
 */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"

#define MAX_OBSTACLES 100u

static const char lacks_icu[] = "the backup sorts by ICU collations, which the server here lacks";

void load_add_obstacle(ProveResult *result, const char *text)
{
    if (result->not_provable_count < MAX_OBSTACLES) {
        result->not_provable =
            mem_resize(result->not_provable, result->not_provable_count + 1, sizeof *result->not_provable);
        result->not_provable[result->not_provable_count++] = mem_strdup(text);
    }
}

static void add_obstacle_owned(ProveResult *result, char *text)
{
    load_add_obstacle(result, text);
    mem_free(text);
}

void load_add_left_out(ProveResult *result, const char *kind, const char *name)
{
    if (result->left_out_count < MAX_OBSTACLES) {
        result->left_out = mem_resize(result->left_out, result->left_out_count + 1, sizeof *result->left_out);
        result->left_out[result->left_out_count++] = mem_printf("%s %s", kind, name);
    }
}

/* `text` is an identifier as the archive writes it: read, and written anew, since this is a superuser's session. */
static bool look_for_role(Pg *pg, const char *text, bool own, const Cancel *cancel, ProveResult *result, Error *err)
{
    const char *at = text;
    char *name = sql_take_name(&at);
    const bool whole = name != NULL && *at == '\0'; /* else it is none that pg_dump wrote */
    PgRows *rows = NULL;
    bool ok = true;
    if (whole) {
        char *role = pg_identifier(name);
        const char *const one[] = {name};
        ok = pg_query(pg, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", one, 1, cancel, &rows, err);
        if (ok && pg_row_count(rows) == 0 && own) {
            char *sql = mem_printf("CREATE ROLE %s", role);
            ok = pg_query(pg, sql, NULL, 0, cancel, NULL, err);
            mem_free(sql);
        } else if (ok && pg_row_count(rows) == 0) {
            char *lacks = mem_printf("the server here lacks the role %s", text);
            bool told = false;
            for (size_t i = 0; i < result->not_provable_count; i++) {
                told = told || strcmp(result->not_provable[i], lacks) == 0;
            }
            if (!told) {
                load_add_obstacle(result, lacks);
            }
            mem_free(lacks);
        }
        mem_free(role);
    }
    pg_rows_free(rows);
    mem_free(name);
    return ok;
}

static bool look_for_roles(Pg *pg, const char *policy, bool own, const Cancel *cancel, ProveResult *result,
                           Error *err)
{
    bool ok = true;
    const char *at = policy;
    for (char *role = load_policy_role(&at, true); role != NULL; role = ok ? load_policy_role(&at, false) : NULL) {
        ok = look_for_role(pg, role, own, cancel, result, err);
        mem_free(role);
    }
    return ok;
}

bool load_look_ahead(Pg *pg, const Archive *archive, bool own, const Cancel *cancel, ProveResult *result,
                      Error *err)
{
    const int from = load_major(archive->server_version);
    const int here = pg_server_version(pg) / 10000;
    int64_t found = 0;
    const char *part = load_part(archive);
    if (part != NULL) {
        load_add_obstacle(result, part);
    }
    if (from > here) {
        add_obstacle_owned(result, mem_printf("the backup is of PostgreSQL %d, and the server here is %s", from,
                                              pg_server_version_text(pg)));
    }
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "POLICY") == 0 && entry->definition != NULL &&
            !look_for_roles(pg, entry->definition, own, cancel, result, err)) {
            return false;
        }
        if (strcmp(entry->desc, "EXTENSION") != 0) {
            continue;
        }
        if (!load_ask_number(pg, "SELECT count(*) FROM pg_catalog.pg_available_extensions WHERE name = $1", entry->tag,
                             cancel, &found, err)) {
            return false;
        }
        if (found == 0) {
            add_obstacle_owned(result, mem_printf("the server here lacks the extension %s", entry->tag));
        }
    }
    if (load_needs_icu(archive)) {
        if (!load_ask_number(pg, "SELECT count(*) FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu'", NULL,
                             cancel, &found, err)) { /* other ones of ICU are listed also where it was built without */
            return false;
        }
        if (found == 0) {
            load_add_obstacle(result, lacks_icu);
        }
    }
    return true;
}

char *load_obstacle(const char *error)
{
    static const struct {
        const char *words, *obstacle;
        bool named; /* what is lacking stands behind the words, up to a quote */
    } known[] = {
        {"ICU is not supported in this build", lacks_icu, false},
        {"unsupported XML feature", "the server here cannot read XML, which the backup holds", false},
        {"could not access file \"", "the server here lacks the library ", true},
        {"could not create locale \"", "the server here lacks the locale ", true},
        {"could not open dictionary file \"", "the server here lacks the dictionary file ", true},
        {"could not open stop-word file \"", "the server here lacks the dictionary file ", true},
        {"could not open synonym file \"", "the server here lacks the dictionary file ", true},
        {"could not open thesaurus file \"", "the server here lacks the dictionary file ", true},
        {"compression method lz4 not supported", "the server here cannot compress with lz4", false},
        {"unrecognized parameter \"", "the server here does not know the option ", true},
        {"unrecognized configuration parameter \"", "the server here does not know the setting ", true},
    };
    for (size_t i = 0; error != NULL && i < sizeof known / sizeof known[0]; i++) {
        const char *found = strstr(error, known[i].words);
        if (found == NULL) {
            continue;
        }
        const char *name = found + strlen(known[i].words);
        return mem_printf("%s%.*s", known[i].obstacle, known[i].named ? (int)strcspn(name, "\"") : 0, name);
    }
    return NULL;
}

bool load_lacks_rights(const char *error)
{
    static const char *const words[] = {
        "permission denied",
        "must be superuser",
        "must be owner of",
        "must be member of role",
        "must be able to SET ROLE",
        "must have privileges of",
        "only superuser",
        "Only superuser",
        "Only roles with",
        "only be created by superuser",
    };
    for (size_t i = 0; error != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strstr(error, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

bool load_depends_on_sort(const ArchiveEntry *entry, const char *error)
{
    static const struct {
        const char *desc, *words, *definition;
    } rows[] = {
        /* Of plain columns it is the bytes that are the same. */
        {"INDEX", "could not create unique index", "(("},
        {"INDEX", "could not create unique index", "(lower("},
        {"INDEX", "could not create unique index", "(upper("},
        {"CONSTRAINT", "could not create exclusion constraint", ""},
        {"TABLE DATA", "violates check constraint", NULL},
        {"TABLE DATA", "violates partition constraint", NULL},
        {"TABLE DATA", "no partition of relation", NULL},
        {"TABLE ATTACH", "empty range bound", ""},
        {"TABLE ATTACH", "would overlap partition", ""},
        {"TABLE ATTACH", "violated by some row", ""},
    };
    for (size_t i = 0; error != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(entry->desc, rows[i].desc) == 0 && strstr(error, rows[i].words) != NULL &&
            (rows[i].definition == NULL ||
             (entry->definition != NULL && strstr(entry->definition, rows[i].definition) != NULL))) {
            return true;
        }
    }
    return false;
}
