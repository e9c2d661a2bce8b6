/* pg_names.c: names as SQL has them, and under which the server knows our sessions. */
#include "postgres/pg.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/machine.h"

char *pg_identifier(const char *name)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addch(&sb, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"') {
            strbuf_addch(&sb, '"');
        }
        strbuf_addch(&sb, *name);
    }
    strbuf_addch(&sb, '"');
    return strbuf_detach(&sb);
}

char *pg_table_name(const char *schema, const char *name)
{
    char *left = pg_identifier(schema);
    char *right = pg_identifier(name);
    char *both = mem_printf("%s.%s", left, right);
    mem_free(left);
    mem_free(right);
    return both;
}

/* In what a server keeps of an application name: 63 bytes of ASCII. */
bool pg_name_session(Pg *pg, const char *job, const Cancel *cancel, Error *err)
{
    char *computer = machine_host_name();
    for (char *p = computer; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~') {
            *p = '?';
        }
    }
    char *name = mem_printf(PG_SESSION_PREFIX " %.24s %s", computer, job);
    const char *const params[] = {name};
    const bool ok = pg_query(pg, "SELECT pg_catalog.set_config('application_name', $1, false)", params, 1, cancel, NULL,
                             err);
    mem_free(name);
    mem_free(computer);
    return ok;
}
