/*
 * archive_facts.c: what the table of contents says beside the tables. Grants are read from the SQL that pg_dump writes,
 * one statement a line: GRANT … TO role[ WITH GRANT OPTION]; and, for default privileges, ALTER DEFAULT PRIVILEGES …
 * GRANT … TO role. A role is an identifier, quoted where need be, or PUBLIC.
 */
#include "archive/archive.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define MOST_NAMES 4096u /* bytes of either list */

/* Adds `name` to "a, b" unless it is there. */
static void add_name(StrBuf *sb, const char *name)
{
    const char *at = sb->buf;
    size_t len = strlen(name);
    while ((at = strstr(at, name)) != NULL) {
        bool begins = at == sb->buf || at[-1] == ' ', ends = !at[len] || at[len] == ',';
        if (begins && ends) {
            return;
        }
        at += len;
    }
    strbuf_addf(sb, "%s%s", sb->len ? ", " : "", name);
}

char *archive_extensions(const Archive *archive)
{
    StrBuf sb;
    strbuf_init(&sb, MOST_NAMES);
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (!strcmp(archive->entries[i].desc, "EXTENSION") && archive->entries[i].tag) {
            add_name(&sb, archive->entries[i].tag);
        }
    }
    return strbuf_detach(&sb);
}

/* The identifier at `at`, without its quotes; *out is the caller's. */
static const char *take_role(const char *at, char **out)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    if (*at == '"') {
        for (at++; *at && (*at != '"' || at[1] == '"'); at++) {
            at += *at == '"';
            strbuf_addch(&sb, *at);
        }
        at += *at == '"';
    } else {
        size_t len = strcspn(at, " ,;\r\n");
        strbuf_add(&sb, at, len);
        at += len;
    }
    *out = strbuf_detach(&sb);
    return at;
}

static void add_roles(StrBuf *sb, const char *sql, const char *owner)
{
    while (*sql) {
        size_t line = strcspn(sql, "\n");
        char *statement = mem_strndup(sql, line);
        const char *grant = strstr(statement, "GRANT "), *to = NULL;
        for (const char *at = grant; at && (at = strstr(at, " TO ")) != NULL; at += 4) {
            to = at; /* the last: an object's name may hold the word, too */
        }
        if (to) {
            char *role = NULL;
            take_role(to + 4, &role);
            if (role[0] && (!owner || strcmp(role, owner) != 0)) {
                add_name(sb, role);
            }
            mem_free(role);
        }
        mem_free(statement);
        sql += line + (sql[line] == '\n');
    }
}

char *archive_grantees(const Archive *archive)
{
    StrBuf sb;
    strbuf_init(&sb, MOST_NAMES);
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        bool acl = !strcmp(entry->desc, "ACL") || !strcmp(entry->desc, "DEFAULT ACL");
        if (acl && entry->definition) {
            add_roles(&sb, entry->definition, entry->owner);
        }
    }
    return strbuf_detach(&sb);
}

/* `packed`: a compression that older ones cannot read, or NULL. */
static char *needs(int minor, const char *packed)
{
    /* The format's minor that a release brought (pg_backup_archiver.h); older ones read what is older. */
    static const struct {
        int minor, release;
    } releases[] = {{16, 17}, {15, 16}, {14, 12}};
    int release = 10;
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        if (minor >= releases[i].minor) {
            release = releases[i].release;
            break;
        }
    }
    return mem_printf("pg_restore %d or newer%s%s", release, packed ? ", with " : "", packed ? packed : "");
}

char *archive_needs(const Archive *archive)
{
    const bool packed = archive->compression == ARCHIVE_LZ4 || archive->compression == ARCHIVE_ZSTD;
    return needs(archive->minor, packed ? archive_compression_name(archive->compression) : NULL);
}

char *archive_will_need(int tool_major, const char *compression)
{
    const int minor = tool_major >= 17 ? 16 : tool_major == 16 ? 15 : tool_major >= 12 ? 14 : 13;
    return needs(minor, !strncmp(compression, "zstd", 4) ? "zstd" : !strncmp(compression, "lz4", 3) ? "lz4" : NULL);
}
