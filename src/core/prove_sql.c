/* prove_sql.c: names and texts as pg_dump writes them into an archive: read there, written anew in statements of ours. */
#include "prove_private.h"

#include <string.h>

#include "mem.h"
#include "strbuf.h"

/* To the end of a word or of a quoted name ("" inside stands for one quote). */
const char *prove_name_end(const char *at)
{
    if (*at != '"') {
        return at + strcspn(at, " ,;().=\n");
    }
    for (at++; *at != '\0'; at++) {
        if (*at == '"') {
            if (at[1] != '"') {
                return at + 1;
            }
            at++;
        }
    }
    return at;
}

/* Without the quotes around it, and one of two in it. */
static char *unquoted(const char *from, const char *to, char quote, bool backslashes)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    for (; from < to; from++) {
        if ((*from == quote || (backslashes && *from == '\\')) && from + 1 < to) {
            from++;
        }
        strbuf_addch(&text, *from);
    }
    return strbuf_detach(&text);
}

char *prove_take_name(const char **at)
{
    const char *from = *at + strspn(*at, " ");
    const char *to = prove_name_end(from);
    if (to == from) {
        return NULL;
    }
    if (*from == '"' && (to - from < 3 || to[-1] != '"')) {
        return NULL; /* it does not end, or is nothing */
    }
    *at = to;
    return *from == '"' ? unquoted(from + 1, to - 1, '"', false) : mem_strndup(from, (size_t)(to - from));
}

char *prove_take_literal(const char **at)
{
    const char *from = *at + strspn(*at, " ");
    const bool backslashes = *from == 'E';
    from += backslashes;
    if (*from != '\'') {
        return NULL;
    }
    const char *to = from + 1;
    for (; *to != '\0' && (*to != '\'' || to[1] == '\''); to++) {
        if ((*to == '\'' || (backslashes && *to == '\\')) && to[1] != '\0') {
            to++;
        }
    }
    if (*to == '\0') {
        return NULL;
    }
    *at = to + 1;
    return unquoted(from + 1, to, '\'', backslashes);
}

bool prove_take_word(const char **at, const char *word)
{
    const size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

char *prove_literal(const char *text)
{
    StrBuf sql;
    strbuf_init(&sql, STRBUF_LINE);
    strbuf_addstr(&sql, strchr(text, '\\') != NULL ? " E'" : "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') {
            strbuf_addch(&sql, *text);
        }
        strbuf_addch(&sql, *text);
    }
    strbuf_addch(&sql, '\'');
    return strbuf_detach(&sql);
}
