/* load_sql.c: names and texts as pg_dump writes them into an archive: read there, written anew in our statements. */
#include "load_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

/* To the end of a word or of a quoted name ("" inside stands for one quote). */
const char *sql_name_end(const char *at)
{
    if (*at != '"') {
        return at + strcspn(at, " ,;().='/\t\r\n\v\f");
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

char *sql_take_name(const char **at)
{
    const char *from = *at + strspn(*at, " ");
    const char *to = sql_name_end(from);
    if (to == from) {
        return NULL;
    }
    if (*from == '"' && (to - from < 3 || to[-1] != '"')) {
        return NULL; /* it does not end, or is nothing */
    }
    *at = to;
    return *from == '"' ? unquoted(from + 1, to - 1, '"', false) : mem_strndup(from, (size_t)(to - from));
}

char *sql_take_literal(const char **at)
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

bool sql_take_word(const char **at, const char *word)
{
    const size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

char *sql_literal(const char *text)
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

char *sql_option_of(const char *definition, const char *name)
{
    const char *at = definition;
    if (at == NULL || !sql_take_word(&at, "CREATE DATABASE ")) {
        return NULL;
    }
    mem_free(sql_take_name(&at));
    sql_take_word(&at, " WITH");
    while (*at == ' ') {
        char *key = sql_take_name(&at);
        char *value = key != NULL && sql_take_word(&at, " = ") ? sql_take_literal(&at) : NULL;
        value = value == NULL && key != NULL ? sql_take_name(&at) : value; /* a word */
        const bool found = key != NULL && value != NULL && strcmp(key, name) == 0;
        const bool over = value == NULL;
        mem_free(key);
        if (found) {
            return value;
        }
        mem_free(value);
        if (over) {
            break;
        }
    }
    return NULL;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

/* Behind a text that begins with $tag$ and ends with it; `at` where it begins with none. */
static const char *dollar_end(const char *at)
{
    const char *tag = at + 1;
    while (is_word(*tag) && *tag != '$') {
        tag++;
    }
    if (*tag != '$') {
        return at;
    }
    const size_t len = (size_t)(tag + 1 - at);
    const char *end = tag + 1;
    while (*end != '\0' && strncmp(end, at, len) != 0) {
        end++;
    }
    return *end == '\0' ? end : end + len;
}

static const char *remark_end(const char *at)
{
    int depth = 0;
    do {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            depth--;
            at += 2;
        } else {
            at++;
        }
    } while (depth > 0 && *at != '\0');
    return at;
}

/* Behind what begins at `at`: a text, a name in quotes, a remark, else one byte. `first`: it is not within a word. */
static const char *token_end(const char *at, bool first)
{
    if ((*at == 'E' || *at == 'e') && at[1] == '\'' && first) {
        for (at += 2; *at != '\0' && (*at != '\'' || at[1] == '\''); at++) {
            at += (*at == '\\' || *at == '\'') && at[1] != '\0';
        }
        return *at == '\0' ? at : at + 1;
    }
    if (*at == '\'') {
        for (at++; *at != '\0' && *at != '\''; at++) {
        }
        return *at == '\0' ? at : at + 1; /* two quotes are two texts side by side */
    }
    if (*at == '"') {
        return sql_name_end(at);
    }
    if (at[0] == '-' && at[1] == '-') {
        return at + strcspn(at, "\n");
    }
    if (at[0] == '/' && at[1] == '*') {
        return remark_end(at);
    }
    const char *end = *at == '$' && first ? dollar_end(at) : at;
    return end != at ? end : at + 1;
}

char *sql_next_statement(const char **at)
{
    const char *from = *at + strspn(*at, " \t\r\n;"), *to = from;
    bool first = true;
    while (*to != '\0' && *to != ';') {
        const char *end = token_end(to, first);
        first = !is_word(end[-1]);
        to = end;
    }
    *at = to;
    return to == from ? NULL : mem_strndup(from, (size_t)(to - from));
}

/* Behind blanks and remarks. */
static const char *skip_remarks(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n\f\v;");
        if (strncmp(at, "--", 2) == 0) {
            at += strcspn(at, "\r\n");
        } else if (strncmp(at, "/*", 2) == 0) {
            at = token_end(at, true);
        } else {
            return at;
        }
    }
}

bool sql_ends_transaction(const char *sql)
{
    static const char *const words[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE",
                                        "PREPARE"};
    char word[16] = "";
    sql = skip_remarks(sql);
    for (size_t i = 0; i + 1 < sizeof word; i++) {
        const char c = sql[i] >= 'a' && sql[i] <= 'z' ? (char)(sql[i] - 'a' + 'A') : sql[i];
        if (c < 'A' || c > 'Z') {
            break;
        }
        word[i] = c;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

char *sql_for_database(const char *sql, const char *name)
{
    static const char *const heads[] = {"ALTER DATABASE ", "ALTER ROLE ", "GRANT ", "REVOKE ", "COMMENT ON DATABASE "};
    bool known = false;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        known = known || strncmp(sql, heads[i], strlen(heads[i])) == 0;
    }
    if (!known) {
        return NULL;
    }
    static const char word[] = " DATABASE ";
    const char *at = sql;
    while (*at != '\0' && strncmp(at, word, sizeof word - 1) != 0) {
        at = token_end(at, at == sql || !is_word(at[-1]));
    }
    if (*at == '\0') {
        return NULL;
    }
    const char *rest = at + sizeof word - 1;
    char *old = sql_take_name(&rest);
    if (old == NULL) {
        return NULL;
    }
    char *quoted = pg_identifier(name);
    char *text = mem_printf("%.*s%s%s%s", (int)(at - sql), sql, word, quoted, rest);
    mem_free(quoted);
    mem_free(old);
    return text;
}

/* What a value or a rule may mean by. Nothing that limits, logs, loads or switches off. */
static bool is_of_meaning(const char *setting)
{
    static const char *const names[] = {
        "DateStyle", "IntervalStyle", "TimeZone", "array_nulls", "bytea_output", "default_text_search_config",
        "default_toast_compression", "extra_float_digits", "lc_monetary", "lc_numeric", "lc_time",
        "timezone_abbreviations", "transform_null_equals", "xmlbinary", "xmloption"};
    bool found = strchr(setting, '.') != NULL; /* the application's own */
    for (size_t i = 0; !found && i < sizeof names / sizeof names[0]; i++) {
        found = strcmp(names[i], setting) == 0;
    }
    return found;
}

/* Behind ALTER DATABASE; NULL: none that is wanted. */
static char *take_setting(const char **at)
{
    char *database = sql_take_name(at);
    char *name = database != NULL && sql_take_word(at, " SET ") ? sql_take_name(at) : NULL;
    StrBuf sql;
    strbuf_init(&sql, STRBUF_LINE);
    bool ok = name != NULL && is_of_meaning(name) && sql_take_word(at, " TO ");
    if (ok) {
        char *quoted = pg_identifier(name);
        strbuf_addf(&sql, "%s TO ", quoted);
        mem_free(quoted);
    }
    for (bool first = true; ok && (first || sql_take_word(at, ", ")); first = false) {
        char *text = sql_take_literal(at);
        char *literal = text == NULL ? NULL : sql_literal(text);
        ok = literal != NULL && strbuf_addf(&sql, "%s%s", first ? "" : ", ", literal);
        mem_free(literal);
        mem_free(text);
    }
    ok = ok && **at == ';';
    mem_free(name);
    mem_free(database);
    if (!ok) {
        strbuf_release(&sql);
        return NULL;
    }
    return strbuf_detach(&sql);
}

char *sql_next_setting(const char **at)
{
    while (**at != '\0') {
        char *sql = sql_take_word(at, "ALTER DATABASE ") ? take_setting(at) : NULL;
        const char *end = strchr(*at, '\n');
        *at = end == NULL ? *at + strlen(*at) : end + 1;
        if (sql != NULL) {
            return sql;
        }
    }
    return NULL;
}
