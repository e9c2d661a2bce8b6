/*
 * load_list.c: which entries of an archive pg_restore is to restore, and in what file it is told so.
 *
 * Left out is what a proof does itself (extensions, beforehand, and what is remarked on them; the contents of
 * materialized views, afterwards, in an order that is found by trying), what is there already (a schema that an
 * extension made, public), what would act on everything that follows (event triggers), and what reaches out of the
 * database (publications, subscriptions). pg_restore reads of each line of a list only the number, and restores in the
 * order of the lines; without rights and in one process nothing is put off to a second pass but event triggers and
 * contents of materialized views. So what failed can be gone on with from there.
 */
#include "load_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"

#define LIST_MAX (64u * 1024u * 1024u)

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_remark_on_what_is_left_out(const ArchiveEntry *entry)
{
    static const char *const kinds[] = {"EXTENSION ", "EVENT TRIGGER ", "PUBLICATION ", "SUBSCRIPTION ", "DATABASE ",
                                        "LANGUAGE ", "PROCEDURAL LANGUAGE "};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (begins(entry->tag, kinds[i])) {
            return true;
        }
    }
    return strcmp(entry->tag, "SCHEMA public") == 0; /* it may be somebody else's here */
}

bool load_is_wanted(const ArchiveEntry *entry)
{
    static const char *const unwanted[] = {"EXTENSION", "EVENT TRIGGER", "MATERIALIZED VIEW DATA", "DATABASE",
                                           "DATABASE PROPERTIES", "PUBLICATION", "PUBLICATION TABLE",
                                           "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE"};
    for (size_t i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++) {
        if (strcmp(entry->desc, unwanted[i]) == 0) {
            return false;
        }
    }
    const bool is_plpgsql = strcmp(entry->desc, "PROCEDURAL LANGUAGE") == 0 && strcmp(entry->tag, "plpgsql") == 0;
    return !is_plpgsql && !(strcmp(entry->desc, "COMMENT") == 0 && is_remark_on_what_is_left_out(entry));
}

/* Rights name roles, event triggers act on what follows, publications and labels reach out of the database: none of it
 * is needed for the rows, each may be refused by a server on which the rest is welcome, and none may keep it out. */
bool load_is_later(const ArchiveEntry *entry)
{
    static const char *const later[] = {"ACL", "DEFAULT ACL", "EVENT TRIGGER", "PUBLICATION", "PUBLICATION TABLE",
                                        "PUBLICATION TABLES IN SCHEMA", "SECURITY LABEL"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strcmp(entry->desc, later[i]) == 0) {
            return !begins(entry->tag, "DATABASE "); /* the database's own rights are carried over from the live one */
        }
    }
    return strcmp(entry->desc, "COMMENT") == 0 && is_remark_on_what_is_left_out(entry) &&
           !begins(entry->tag, "DATABASE ") && !begins(entry->tag, "SUBSCRIPTION ");
}

bool load_has_schema(Pg *pg, const char *name, const Cancel *cancel, bool *has, Error *err)
{
    const char *const params[] = {name};
    PgRows *rows = NULL;
    if (!pg_query(pg, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", params, 1, cancel, &rows, err)) {
        return false;
    }
    *has = pg_row_count(rows) > 0;
    pg_rows_free(rows);
    return true;
}

bool load_choose(Load *run, Error *err)
{
    run->wanted = mem_array(run->archive.entry_count + 1, sizeof *run->wanted);
    for (size_t i = 0; i < run->archive.entry_count; i++) {
        const ArchiveEntry *entry = &run->archive.entries[i];
        bool is_there = false;
        if (strcmp(entry->desc, "SCHEMA") == 0 && !load_has_schema(run->pg, entry->tag, run->cancel, &is_there, err)) {
            return false;
        }
        const bool may = run->only == NULL || run->only[i];
        run->wanted[i] = may && load_is_wanted(entry) && !is_there && !(run->for_good && load_is_later(entry));
        if (strcmp(entry->desc, "EVENT TRIGGER") == 0 && !run->for_good) {
            load_add_left_out(&run->result, "event trigger", entry->tag);
        }
    }
    return true;
}

bool load_write_list(const Load *run, const size_t *order, size_t count, const char *path, Error *err)
{
    StrBuf text;
    bool ok = true;
    strbuf_init(&text, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        ok = strbuf_addf(&text, "%" PRId32 ";\n", run->archive.entries[order[i]].id);
    }
    ok = ok ? fs_write_atomic(path, text.buf != NULL ? text.buf : "", text.len, err)
            : error_set(err, EK_TOOL, "the backup lists more than can be restored");
    strbuf_release(&text);
    return ok;
}
