/* redact.c: reads until something could be a value. Names are known by the noun in front of them. */
#include "postgres/redact.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define LONGEST_NAME 600u /* "schema.table" in quotes, each 63 bytes, or a path */

const char redact_mark[] = "(not shown)";

typedef enum LineKind {
    LINE_WORDS,  /* an error, a warning, or a line of a tool */
    LINE_MORE,   /* DETAIL, HINT: quotes values more freely */
    LINE_PLACE,  /* CONTEXT */
    LINE_SOURCE, /* LOCATION: of no interest */
    LINE_REST    /* the statement, or in a language that is not known: nothing from here on */
} LineKind;

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "ERROR:", "ZEILE 1:", "ПОДРОБНОСТИ:": no small letters before the colon, and a gap behind it. */
static bool has_label(const char *line)
{
    const size_t len = strcspn(line, ":\r\n");
    if (len < 3 || line[len] != ':' || line[len + 1] != ' ') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!((line[i] >= 'A' && line[i] <= 'Z') || is_digit(line[i]) || line[i] == ' ' || (line[i] & 0x80) != 0)) {
            return false;
        }
    }
    return true;
}

static LineKind kind_of(const char *line, bool first)
{
    static const char *const words[] = {"ERROR:", "FATAL:", "PANIC:", "WARNING:", "NOTICE:", "LOG:"};
    static const char *const rest[] = {"STATEMENT:", "QUERY:", "LINE ", "Command was:", "Query was:",
                                       "detail: Command was:", "detail: Query was:"};
    if (starts_with(line, "DETAIL:") || starts_with(line, "HINT:")) {
        return LINE_MORE;
    }
    if (starts_with(line, "CONTEXT:")) {
        return LINE_PLACE;
    }
    if (starts_with(line, "LOCATION:")) {
        return LINE_SOURCE;
    }
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        if (starts_with(line, rest[i])) {
            return LINE_REST;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (starts_with(line, words[i])) {
            return LINE_WORDS;
        }
    }
    return !first && has_label(line) ? LINE_REST : LINE_WORDS;
}

/* Is what stands in the quotes at `quote` a name? Looks at the noun before it. */
static bool is_name(const char *line, const char *quote)
{
    static const char *const nouns[] = {
        "relation", "table", "view", "index", "sequence", "column", "constraint", "type", "domain", "function",
        "procedure", "aggregate", "operator", "schema", "role", "user", "group", "database", "extension", "language",
        "trigger", "rule", "policy", "publication", "subscription", "collation", "encoding", "tablespace", "parameter",
        "method", "class", "family", "dictionary", "configuration", "wrapper", "server", "file", "library",
        "directory", "module", "host", "socket", "server at", "host name", "certificate for", "partition", "object",
        "locale", "provider", "statistics", "contents of", "data for"};
    if (quote == line || quote[-1] != ' ') {
        return false;
    }
    const size_t before = (size_t)(quote - line) - 1;
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        const size_t len = strlen(nouns[i]);
        if (before >= len && memcmp(quote - 1 - len, nouns[i], len) == 0 &&
            (before == len || !is_letter(quote[-2 - (ptrdiff_t)len]))) {
            return true;
        }
    }
    return false;
}

/* Quotes as other languages set them. */
static bool is_other_quote(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    return (c[0] == 0xC2 && (c[1] == 0xAB || c[1] == 0xBB)) ||
           (c[0] == 0xE2 && c[1] == 0x80 && ((c[2] >= 0x98 && c[2] <= 0x9F) || c[2] == 0xB9 || c[2] == 0xBA)) ||
           (c[0] == 0xE3 && c[1] == 0x80 && c[2] >= 0x8A && c[2] <= 0x9F) || (c[0] == 0xEF && c[1] == 0xBC);
}

/* What follows a value at the very end of its line, and holds none itself; "" where it is not known. */
static const char *known_end(const char *from, const char *end)
{
    static const char *const ends[] = {" is out of range for type integer", " is out of range for type bigint",
                                       " is out of range for type smallint", " is out of range for type oid",
                                       " is out of range for type double precision",
                                       " is out of range for type real", " already exists.", " is duplicated."};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t len = strlen(ends[i]);
        if ((size_t)(end - from) >= len && memcmp(end - len, ends[i], len) == 0) {
            return ends[i];
        }
    }
    return "";
}

static const char *find(const char *from, const char *end, const char *words)
{
    const size_t len = strlen(words);
    for (; (size_t)(end - from) >= len; from++) {
        if (memcmp(from, words, len) == 0) {
            return from;
        }
    }
    return NULL;
}

static bool word_before(const char *line, const char *at, const char *word)
{
    const size_t len = strlen(word);
    return (size_t)(at - line) >= len && memcmp(at - len, word, len) == 0;
}

/* Where something begins that could be a value, or the end. */
static const char *safe_end(const char *line, const char *end, LineKind kind)
{
    for (const char *at = line; at < end; at++) {
        const char c = *at;
        if (c == '"') {
            const char *close = is_name(line, at) ? memchr(at + 1, '"', (size_t)(end - at) - 1) : NULL;
            if (close == NULL || (size_t)(close - at) > LONGEST_NAME) {
                return at;
            }
            at = close;
        } else if (c == '\'') {
            if (at == line || !is_letter(at[-1]) || at + 1 == end || !is_letter(at[1])) {
                return at; /* not as in "server's" */
            }
        } else if (c == '`' || c == '{' || c == '\t' || is_other_quote(at)) {
            return at;
        } else if (c == '(' && (kind == LINE_MORE || word_before(line, at, "=") || word_before(line, at, "= ") ||
                                word_before(line, at, "contains "))) {
            return at;
        } else if (c == ':' && kind == LINE_MORE) {
            return at;
        } else if (c == 'C' && (size_t)(end - at) >= 12 && memcmp(at, "Command was:", 12) == 0) {
            return at;
        } else if (c == 'Q' && (size_t)(end - at) >= 10 && memcmp(at, "Query was:", 10) == 0) {
            return at;
        }
    }
    return end;
}

static void begin_line(StrBuf *sb)
{
    if (sb->len > 0) {
        strbuf_addstr(sb, "; ");
    }
}

/* False: nothing more may be kept. */
static bool add_words(StrBuf *sb, const char *line, const char *words, const char *end, LineKind kind)
{
    const char *stop = words;
    const char *key = kind == LINE_MORE && starts_with(words, "Key (") ? find(words, end, ")=(") : NULL;
    if (key != NULL && (size_t)(key - words) <= LONGEST_NAME) {
        stop = key + 1; /* "Key (a, b)" */
        begin_line(sb);
        strbuf_add(sb, line, (size_t)(stop - line));
        strbuf_addstr(sb, known_end(stop, end));
        return false;
    }
    stop = safe_end(words, end, kind);
    if (stop > line) {
        begin_line(sb);
        strbuf_add(sb, line, (size_t)(stop - line));
    }
    if (stop == end) {
        return true;
    }
    strbuf_addstr(sb, sb->len == 0 || strchr(" (", sb->buf[sb->len - 1]) != NULL ? "" : " ");
    strbuf_addstr(sb, redact_mark);
    strbuf_addstr(sb, known_end(stop, end));
    return false;
}

/* "CONTEXT:  COPY wo, line 7, column due: …": the number, and nothing else. */
static void add_line_number(StrBuf *sb, const char *line, const char *end)
{
    static const char words[] = ", line ";
    const char *at = line + strlen("CONTEXT:");
    while (at < end && *at == ' ') {
        at++;
    }
    const char *found = end - at > 5 && memcmp(at, "COPY ", 5) == 0 ? find(at, end, words) : NULL;
    if (found == NULL) {
        return;
    }
    found += sizeof words - 1;
    const char *stop = found;
    while (stop < end && stop - found < 18 && is_digit(*stop)) {
        stop++;
    }
    if (stop > found) {
        begin_line(sb);
        strbuf_addf(sb, "in line %.*s of its rows", (int)(stop - found), found);
    }
}

char *redact_words(const char *text)
{
    StrBuf sb;
    bool keeps = true;
    bool placed = false;
    strbuf_init(&sb, STRBUF_LARGE);
    for (const char *line = text; *line != '\0';) {
        const char *end = line + strcspn(line, "\r\n");
        const char *next = end + strspn(end, "\r\n");
        while (line < end && (*line == ' ' || *line == '\t')) {
            line++;
        }
        while (end > line && end[-1] == ' ') {
            end--;
        }
        const LineKind kind = kind_of(line, sb.len == 0);
        if (kind == LINE_PLACE && !placed) {
            placed = true;
            add_line_number(&sb, line, end);
        }
        if (kind == LINE_PLACE || kind == LINE_REST) {
            keeps = false;
        } else if (keeps && kind != LINE_SOURCE && line < end) {
            const char *words = line;
            if (kind == LINE_MORE) {
                words += strcspn(words, ":") + 1;
                words += strspn(words, " ");
            }
            keeps = add_words(&sb, line, words, end, kind);
        }
        line = next;
    }
    return strbuf_detach(&sb);
}

bool redact_is_raised(const char *line)
{
    const size_t len = strlen(line);
    const char *at = line + (starts_with(line, "CONTEXT:") ? strlen("CONTEXT:") : 0);
    at += strspn(at, " ");
    const bool of_plpgsql = starts_with(at, "PL/pgSQL ");
    return (len > 6 && strcmp(line + len - 6, " RAISE") == 0) || (len > 7 && strcmp(line + len - 7, " ASSERT") == 0) ||
           (starts_with(at, "PL/") && !of_plpgsql);
}
