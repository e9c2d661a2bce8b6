/* pg_names.c: names as SQL has them. */
#include "postgres/pg.h"

#include "base/mem.h"
#include "base/strbuf.h"

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
