/*
 * preview_facts.c: what the archive's table of contents says about a restore: what in it acts, what the server lacks,
 * whose it is.
 */
#include "preview_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "jobs/skew.h"
#include "load_private.h"

#define NAMED 5u /* of a kind */

static bool is(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

/* --- what acts --------------------------------------------------------------------------------------------- */

static const struct {
    const char *desc, *one, *many;
} acting[] = {
    {"FUNCTION", "function", "functions"},
    {"PROCEDURE", "procedure", "procedures"},
    {"AGGREGATE", "aggregate", "aggregates"},
    {"TRIGGER", "trigger", "triggers"},
    {"RULE", "rule", "rules"},
    {"EVENT TRIGGER", "event trigger", "event triggers"},
    {"EXTENSION", "extension", "extensions"},
    {"PROCEDURAL LANGUAGE", "language", "languages"},
    {"POLICY", "row policy", "row policies"},
    {"SERVER", "foreign server", "foreign servers"},
    {"PUBLICATION", "publication", "publications"},
    {"SUBSCRIPTION", "subscription", "subscriptions"},
};

/* "3 functions: a(), b(), c()". The tag of what belongs to a table begins with that. */
static void add_kind(Preview *preview, const Archive *archive, const char *desc, const char *one, const char *many)
{
    StrBuf names;
    size_t count = 0;
    strbuf_init(&names, STRBUF_LINE);
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (!is(entry->desc, desc) || entry->tag == NULL || (is(desc, "PROCEDURAL LANGUAGE") &&
                                                             is(entry->tag, "plpgsql"))) {
            continue;
        }
        if (count++ < NAMED) {
            strbuf_addf(&names, "%s%s", count > 1 ? ", " : "", entry->tag);
        }
    }
    if (count > NAMED) {
        strbuf_addf(&names, " and %zu more", count - NAMED);
    }
    if (count > 0) {
        preview_add_act(preview, mem_printf("%zu %s: %s", count, count == 1 ? one : many, names.buf));
    }
    strbuf_release(&names);
}

/* The owners, each once. */
static size_t owners_of(const Archive *archive, const char ***owners)
{
    size_t count = 0;
    *owners = mem_array(archive->entry_count + 1, sizeof **owners);
    for (size_t i = 0; i < archive->entry_count; i++) {
        const char *owner = archive->entries[i].owner;
        bool told = owner == NULL || owner[0] == '\0';
        for (size_t k = 0; !told && k < count; k++) {
            told = strcmp((*owners)[k], owner) == 0;
        }
        if (!told) {
            (*owners)[count++] = owner;
        }
    }
    return count;
}

void preview_find_acts(Preview *preview, const Archive *archive)
{
    for (size_t i = 0; i < sizeof acting / sizeof acting[0]; i++) {
        add_kind(preview, archive, acting[i].desc, acting[i].one, acting[i].many);
    }
    const char **owners = NULL;
    StrBuf names;
    strbuf_init(&names, STRBUF_LINE);
    const size_t count = owners_of(archive, &owners);
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", owners[i]);
    }
    char *grantees = archive_grantees(archive);
    if (count > 0) {
        preview_add_act(preview, mem_printf("what is in it belongs to %s", names.buf));
    }
    if (grantees[0] != '\0') {
        preview_add_act(preview, mem_printf("it gives rights to %s", grantees));
    }
    mem_free(grantees);
    strbuf_release(&names);
    mem_free((void *)owners);
}

/* --- what the server lacks --------------------------------------------------------------------------------- */

static bool has_role(const PgRows *roles, const char *name, bool must_act)
{
    for (size_t r = 0; r < pg_row_count(roles); r++) {
        if (is(pg_value(roles, r, 0), name)) {
            return !must_act || is(pg_value(roles, r, 1), "t");
        }
    }
    return false;
}

static void look_at_owners(Preview *preview, const Archive *archive, const PgRows *roles, const char *user)
{
    const char **owners = NULL;
    const size_t count = owners_of(archive, &owners);
    for (size_t i = 0; i < count; i++) {
        if (!has_role(roles, owners[i], true)) {
            preview_add_left_out(preview, mem_printf("What belongs to %s will belong to %s: %s", owners[i], user,
                                                     has_role(roles, owners[i], false)
                                                         ? "the user may not act for that role"
                                                         : "this server has no such role"));
        }
    }
    mem_free((void *)owners);
}

static void look_at_rights(Preview *preview, const Archive *archive, const PgRows *roles)
{
    char *grantees = archive_grantees(archive);
    for (char *name = grantees; name != NULL && name[0] != '\0';) {
        char *end = strstr(name, ", ");
        if (end != NULL) {
            *end = '\0';
        }
        if (strcmp(name, "PUBLIC") != 0 && !has_role(roles, name, false)) {
            preview_add_left_out(preview, mem_printf("The rights of %s will not come along: this server has no such "
                                                     "role", name));
        }
        name = end != NULL ? end + 2 : NULL;
    }
    mem_free(grantees);
}

/* What acts beyond the database. */
static void look_at_kinds(Preview *preview, const Archive *archive, bool is_super)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (is(entry->desc, "EVENT TRIGGER") && !is_super) {
            preview_add_left_out(preview, mem_printf("The event trigger %s may not come along: it can take a superuser "
                                                     "to make one", entry->tag));
        } else if (is(entry->desc, "SUBSCRIPTION")) {
            preview_add_left_out(preview, mem_printf("The subscription %s will not come along: it fetches rows from "
                                                     "another server", entry->tag));
        }
    }
}

/* Extensions, the roles of row policies, ICU, an older server: as a proof looks for them. What needs one of them keeps
 * a restore from being done, and whether something does is only known then. */
static bool look_ahead(Pg *pg, Preview *preview, const Archive *archive, const Cancel *cancel, Error *err)
{
    ProveResult lacking;
    prove_result_init(&lacking);
    const bool ok = load_look_ahead(pg, archive, false, cancel, &lacking, err);
    for (size_t i = 0; ok && i < lacking.not_provable_count; i++) {
        if (load_part(archive) == NULL || strcmp(lacking.not_provable[i], load_part(archive)) != 0) {
            char *text = preview_sentence(lacking.not_provable[i]);
            preview_add_left_out(preview, mem_printf("%s: the restore stops where that is needed", text));
            mem_free(text);
        }
    }
    prove_result_release(&lacking);
    return ok;
}

static bool look_at_options(Pg *pg, Preview *preview, const Archive *archive, const Cancel *cancel, Error *err)
{
    Skew skew;
    skew_init(&skew);
    skew_read(archive, &skew);
    const bool ok = skew_ask(pg, &skew, cancel, err);
    for (size_t i = 0; ok && i < skew.count; i++) {
        if (skew.options[i].unknown) {
            preview_add_left_out(preview, mem_printf("The %s option \"%s\" will not come along: this server does not "
                                                     "know it; the rows are whole without it",
                                                     skew.options[i].of_column ? "column" : "table",
                                                     skew.options[i].name));
        }
    }
    skew_release(&skew);
    return ok;
}

bool preview_find_left_out(Pg *pg, const char *user, Preview *preview, const Archive *archive, const Cancel *cancel,
                           Error *err)
{
    PgRows *roles = NULL, *self = NULL;
    bool ok = pg_query(pg, "SELECT rolname, pg_catalog.pg_has_role(oid, 'MEMBER') FROM pg_catalog.pg_roles", NULL, 0,
                       cancel, &roles, err) &&
              pg_query(pg, "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER", NULL, 0, cancel,
                       &self, err);
    if (ok) {
        look_at_owners(preview, archive, roles, user);
        look_at_rights(preview, archive, roles);
        look_at_kinds(preview, archive, pg_row_count(self) > 0 && is(pg_value(self, 0, 0), "t"));
        ok = look_ahead(pg, preview, archive, cancel, err) && look_at_options(pg, preview, archive, cancel, err);
    }
    pg_rows_free(self);
    pg_rows_free(roles);
    return ok;
}

/* --- whose it is ------------------------------------------------------------------------------------------- */

/* A database that took another's name has another number, and is the same to people; Neon's branches are each a server
 * of their own to them, though they all say the same of themselves. */
PreviewOwn preview_whose(const Manifest *backup, const Manifest *server, const char *oid, const char *database)
{
    if (backup->system_identifier == NULL || server->system_identifier == NULL) {
        return PREVIEW_OWN_UNKNOWN;
    }
    if (!is(backup->system_identifier, server->system_identifier)) {
        return PREVIEW_OWN_SERVER;
    }
    if (backup->timeline != NULL && server->timeline != NULL && !is(backup->timeline, server->timeline)) {
        return PREVIEW_OWN_SERVER;
    }
    return oid != NULL && is(backup->database_oid, oid) ? PREVIEW_OWN_SAME
           : is(backup->database, database)             ? PREVIEW_OWN_EARLIER
                                                        : PREVIEW_OWN_DATABASE;
}
