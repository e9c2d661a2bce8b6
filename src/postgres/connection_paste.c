/*
 * connection_paste.c: what people paste where a connection is asked for, made into what connection_string.c reads.
 *
 * The forms, tried in this order: an address; ADO.NET's and ODBC's (Host=…;Username=…); lines of an .env file,
 * assignments before a command, a command of PostgreSQL's own (psql -h …); any other text that holds an address (JSON,
 * YAML); libpq's (host=… user=…). Everything is read into a copy, which replaces the connection only
 * when all of it was understood. No error quotes a piece of the text: what is not understood may be a password.
 */
#include "postgres/connection.h"

#include "base/mem.h"
#include "base/utf.h"
#include "connection_private.h"

#define STRING_MAX 8192u /* bytes of a connection string */
#define DEPTH_MAX 2      /* DATABASE_URL="psql '…'" */

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

static bool parse_text(Connection *connection, char *text, int depth, Error *err);

static bool not_understood(Error *err)
{
    error_set(err, EK_USAGE, "the connection string has a part that is not known");
    return error_hint(err, "It has the form postgresql://user:password@host/database.");
}

/* --- pieces of text ------------------------------------------------------------------------------------ */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* In place. */
static char *trim(char *text)
{
    while (is_space(*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len && is_space(text[len - 1])) {
        text[--len] = '\0';
    }
    return text;
}

/* Without case, of ASCII. */
static char *after(char *text, const char *prefix)
{
    while (*prefix) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c != *prefix) {
            return NULL;
        }
        text++;
        prefix++;
    }
    return text;
}

/* What follows "postgresql://" and its kin, as also JDBC and SQLAlchemy ("postgresql+psycopg2://") write it. */
static char *after_scheme(char *text)
{
    char *rest = after(text, "jdbc:");
    text = rest ? rest : text;
    rest = after(text, "postgresql");
    rest = rest ? rest : after(text, "postgres");
    if (rest && *rest == '+') {
        rest++;
        rest += strspn(rest, name_chars);
    }
    return rest ? after(rest, "://") : NULL;
}

/* In place. A quote within is the sign of two quoted words, but in an address it belongs to the password. */
static char *unquote(char *text)
{
    text = trim(text);
    size_t len = strlen(text);
    if (len >= 2 && (*text == '"' || *text == '\'') && text[len - 1] == *text &&
        (strchr(text + 1, *text) == text + len - 1 || after_scheme(text + 1))) {
        text[len - 1] = '\0';
        text = trim(text + 1);
    }
    return text;
}

/* Where a scheme begins, with its "jdbc:". */
static char *find_scheme(char *text)
{
    for (char *p = text; *p; p++) {
        if (after_scheme(p) && (p == text || !strchr(name_chars, p[-1]))) {
            return p;
        }
    }
    return NULL;
}

/* A page's source has & in an address as "&amp;". In place. */
static void undo_html(char *text)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    char *query = strchr(text, '?'), *to = text;
    if (!query || !strstr(query, "&amp;")) {
        return;
    }
    while (*text) {
        size_t i = 0;
        while (i < sizeof entities / sizeof entities[0] &&
               strncmp(text, entities[i].entity, strlen(entities[i].entity)) != 0) {
            i++;
        }
        if (i < sizeof entities / sizeof entities[0]) {
            *to++ = entities[i].c;
            text += strlen(entities[i].entity);
        } else {
            *to++ = *text++;
        }
    }
    secret_wipe(to, (size_t)(text - to));
}

/* Lines that are comments become empty, and a line's end that a shell is to pass over (\ ^ `) a space. In place. */
static void plain_lines(char *text)
{
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        char *end = line + len;
        char *first = line + strspn(line, " \t\r");
        if (*first == '#' || (first[0] == '/' && first[1] == '/')) {
            memset(first, ' ', (size_t)(end > first ? end - first : 0));
        }
        char *last = end;
        while (last > line && is_space(last[-1])) {
            last--;
        }
        if (*end && last > line + 1 && strchr("\\^`", last[-1]) && is_space(last[-2])) {
            last[-1] = ' ';
            *end = ' ';
        }
        line = *end ? end + 1 : end;
    }
}

/* --- addresses ----------------------------------------------------------------------------------------- */

static bool parse_address(Connection *connection, char *text, Error *err)
{
    return connection_parse_uri(connection, after_scheme(text), err);
}

static bool same_text(const char *a, const char *b)
{
    return !a == !b && (!a || !utf8_casecmp(a, b));
}

static bool same_database(const Connection *one, const Connection *other)
{
    return connection_same_host(one, other) && !strcmp(connection_port(one), connection_port(other)) &&
           same_text(one->user, other->user) && same_text(one->database, other->database);
}

/* A second address of the same text must lead to the same database (Neon's come as pooled and direct). */
static bool take_address(Connection *connection, char *text, bool *have, Error *err)
{
    Connection other;
    if (!*have) {
        *have = true;
        return parse_address(connection, text, err);
    }
    connection_init(&other);
    bool ok = parse_address(&other, text, err);
    if (ok && !same_database(connection, &other)) {
        error_set(err, EK_USAGE, "what was pasted names more than one database");
        ok = error_hint(err, "Paste the one address of the database that is to be backed up.");
    }
    connection_release(&other);
    return ok;
}

/* Any text around addresses: each ends with the quote that it stands in, else with its line or the next space. */
static bool parse_around(Connection *connection, char *text, Error *err)
{
    bool have = false;
    for (char *at = find_scheme(text); at; at = find_scheme(text)) {
        char quote = at > text ? at[-1] : '\0';
        bool quoted = quote == '"' || quote == '\'' || quote == '`' || quote == '<';
        const char closing[2] = {quote == '<' ? '>' : quote, '\0'};
        char *end = at + (quoted ? strcspn(at, closing) : strcspn(at, " \t\r\n"));
        char *next = *end ? end + 1 : end;
        *end = '\0';
        while (!quoted && end > at && strchr(",;)", end[-1])) {
            *--end = '\0';
        }
        if (!take_address(connection, at, &have, err)) {
            return false;
        }
        text = next;
    }
    return true;
}

/* --- words of a shell ---------------------------------------------------------------------------------- */

/* Takes the next word out of the text, in place; NULL at the end or where a quote has none (*bad). */
static char *next_word(char **text, bool *bad)
{
    char *from = *text, *to, *word;
    while (is_space(*from)) {
        from++;
    }
    if (!*from) {
        *text = from;
        return NULL;
    }
    word = to = from;
    char quote = '\0';
    while (*from && (quote || !is_space(*from))) {
        if (quote && *from == quote) {
            quote = '\0';
            from++;
        } else if (!quote && (*from == '"' || *from == '\'')) {
            quote = *from++;
        } else {
            if (*from == '\\' && quote != '\'' && from[1] && strchr(" \"'$`\\", from[1])) {
                from++;
            }
            *to++ = *from++;
        }
    }
    *bad = quote != '\0';
    *text = *from ? from + 1 : from;
    *to = '\0';
    return *bad ? NULL : word;
}

/* The length of the name in NAME=…, or 0. Names of variables begin with a capital, or hold one behind "$env:". */
static size_t assignment(const char *word)
{
    size_t len = strspn(word, name_chars);
    return len && strchr(upper, word[0]) && word[len] == '=' ? len : 0;
}

/* psql, pg_dump …, with a path and ".exe". */
static bool is_tool(const char *word)
{
    static const char *const tools[] = {"psql",     "pg_dump", "pg_restore", "pg_isready", "createdb",
                                        "dropdb",   "vacuumdb", "pgcli",     "pg_basebackup"};
    const char *base = word;
    for (const char *p = word; *p; p++) {
        base = *p == '/' || *p == '\\' ? p + 1 : base;
    }
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        size_t len = strlen(tools[i]);
        if (!strncmp(base, tools[i], len) && (!base[len] || !utf8_casecmp(base + len, ".exe"))) {
            return true;
        }
    }
    return false;
}

/* --- variables ----------------------------------------------------------------------------------------- */

/* The part that a variable names, by the end of its name; NULL: none. */
static const char *part_of_variable(const char *name)
{
    static const struct {
        const char *end, *part;
    } known[] = {
        {"PGHOST", "host"}, {"PGPORT", "port"}, {"PGUSER", "user"}, {"PGDATABASE", "dbname"},
        {"PGPASSWORD", "password"}, {"PGSSLMODE", "sslmode"}, {"PGCHANNELBINDING", "channel_binding"},
        {"PGSSLROOTCERT", "sslrootcert"}, {"PGOPTIONS", "options"}, {"PG_HOST", "host"}, {"PG_PORT", "port"},
        {"PG_USER", "user"}, {"PG_DATABASE", "dbname"}, {"PG_PASSWORD", "password"}, {"POSTGRES_HOST", "host"},
        {"POSTGRES_PORT", "port"}, {"POSTGRES_USER", "user"}, {"POSTGRES_PASSWORD", "password"},
        {"POSTGRES_DATABASE", "dbname"}, {"POSTGRES_DB", "dbname"}, {"POSTGRES_SSLMODE", "sslmode"},
        {"DB_HOST", "host"}, {"DB_PORT", "port"}, {"DB_USER", "user"}, {"DB_USERNAME", "user"},
        {"DB_PASSWORD", "password"}, {"DB_PASS", "password"}, {"DB_NAME", "dbname"}, {"DB_DATABASE", "dbname"},
        {"DB_SSLMODE", "sslmode"}, {"DATABASE_HOST", "host"}, {"DATABASE_PORT", "port"}, {"DATABASE_USER", "user"},
        {"DATABASE_USERNAME", "user"}, {"DATABASE_PASSWORD", "password"}, {"DATABASE_NAME", "dbname"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strcmp(name, known[i].end)) {
            return known[i].part;
        }
    }
    return NULL;
}

/* What a text of several assignments has come to. */
typedef struct Variables {
    bool address, parts; /* seen */
    bool one;            /* there is no other assignment: it must be a connection, whatever its name is */
} Variables;

static bool take_variable(Connection *connection, const char *name, char *value, int depth, Variables *seen, Error *err)
{
    const char *part = part_of_variable(name);
    if (after_scheme(value)) {
        return take_address(connection, value, &seen->address, err);
    }
    if (part) {
        seen->parts = true;
        return seen->address || connection_set_part(connection, part, value, false, err);
    }
    if (seen->one) {
        seen->parts = true;
        return parse_text(connection, value, depth + 1, err);
    }
    return true; /* a setting of something else */
}

/* --- a command of PostgreSQL's ------------------------------------------------------------------------- */

static bool is_string(char *text)
{
    return find_scheme(text) || strchr(text, '=') != NULL;
}

static bool take_database(Connection *connection, char *text, int depth, Error *err)
{
    if (!*text) {
        return error_set(err, EK_USAGE, "the connection string is empty");
    }
    return is_string(text) ? parse_text(connection, text, depth + 1, err)
                           : connection_set_part(connection, "dbname", text, false, err);
}

static bool take_option(Connection *connection, char letter, char *value, int depth, Error *err)
{
    switch (letter) {
    case 'h': return connection_set_part(connection, "host", value, false, err);
    case 'p': return connection_set_part(connection, "port", value, false, err);
    case 'U': return connection_set_part(connection, "user", value, false, err);
    case 'd': return take_database(connection, value, depth, err);
    default: return true; /* of no matter here */
    }
}

/* The letter of a long name; '\0': it is none of those that are looked at. */
static char letter_of(const char *name, size_t len)
{
    static const struct {
        const char *name;
        char letter;
    } names[] = {{"host", 'h'}, {"port", 'p'}, {"username", 'U'}, {"dbname", 'd'},
                 {"file", 'f'}, {"format", 'F'}, {"command", 'c'}, {"no-password", 'w'},
                 {"password", 'W'}, {"verbose", 'v'}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == len && !strncmp(names[i].name, name, len)) {
            return names[i].letter;
        }
    }
    return '\0';
}

/* What follows the command's name. */
static bool parse_command(Connection *connection, char *text, int depth, Error *err)
{
    static const char with_value[] = "hpUdfFcjntNTZ", alone[] = "wWvqXxOCba";
    bool bad = false, any = false;
    int operands = 0;
    for (char *word = next_word(&text, &bad); word; word = next_word(&text, &bad)) {
        if (word[0] && strchr("><|;&", word[0])) {
            break; /* the shell's: where the output goes */
        }
        if (word[0] != '-') {
            bool ok = operands == 0   ? take_database(connection, word, depth, err)
                      : operands == 1 ? connection_set_part(connection, "user", word, false, err)
                                      : not_understood(err);
            operands++;
            any = true;
            if (!ok) {
                return false;
            }
            continue;
        }
        bool is_long = word[1] == '-';
        char *equals = is_long ? strchr(word, '=') : NULL;
        char letter = is_long ? letter_of(word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word + 2)) : word[1];
        char *value = equals ? equals + 1 : !is_long && word[1] && word[2] ? word + 2 : NULL;
        if (letter && strchr(alone, letter)) {
            continue;
        }
        if (!letter || !strchr(with_value, letter)) {
            error_set(err, EK_USAGE, "an option of the command that was pasted is not known");
            return error_hint(err, "Leave only -h, -p, -U and -d, or paste the address (postgresql://...).");
        }
        value = value ? value : next_word(&text, &bad);
        if (!value) {
            break;
        }
        any = any || strchr("hpUd", letter);
        if (!take_option(connection, letter, value, depth, err)) {
            return false;
        }
    }
    if (bad) {
        return error_set(err, EK_USAGE, "a quoted value in the connection string has no end");
    }
    return any || not_understood(err);
}

/* --- assignments --------------------------------------------------------------------------------------- */

/* Behind what a shell writes before NAME=: export, set, $env:, a list's dash. */
static char *assignment_start(char *line)
{
    static const char *const before[] = {"export ", "set ", "setx ", "env ", "$env:", "- ", "$ "};
    line = trim(line);
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        char *rest = after(line, before[i]);
        if (rest) {
            line = trim(rest);
            i = (size_t)-1; /* once more from the start: "- export " */
        }
    }
    return line;
}

/* "NAME = value", PowerShell's and some .env files', becomes NAME=value. In place. */
static void close_gap(char *line)
{
    size_t len = strspn(line, name_chars);
    char *equals = line + len + strspn(line + len, " \t");
    if (len && equals > line + len && *equals == '=') {
        memmove(line + len, equals, strlen(equals) + 1);
    }
}

/* As .env files are read: behind a space, or behind a quoted value. In place. */
static char *without_comment(char *value)
{
    value = trim(value);
    size_t from = *value == '"' || *value == '\'' ? 1 : 0;
    if (from) {
        from += strcspn(value + 1, *value == '"' ? "\"" : "'");
    }
    for (char *p = value + from; *p; p++) {
        if (*p == '#' && p > value && is_space(p[-1])) {
            *p = '\0';
            break;
        }
    }
    return value;
}

static bool is_word_line(const char *line)
{
    char *copy = mem_strdup(line), *rest = copy;
    bool bad = false, assigns = true, tool = false;
    int count = 0;
    for (char *word = next_word(&rest, &bad); word && assigns && !tool; word = next_word(&rest, &bad)) {
        tool = is_tool(word);
        assigns = tool || assignment(word) != 0;
        count += !tool;
    }
    secret_wipe(copy, strlen(line));
    mem_free(copy);
    return assigns && !bad && (count > 1 || (count == 1 && tool));
}

/* One line: its assignments, and the command behind them. */
static bool parse_line(Connection *connection, char *line, int depth, Variables *seen, Error *err)
{
    bool bad = false;
    line = assignment_start(line);
    if (!*line) {
        return true;
    }
    close_gap(line);
    size_t len = assignment(line);
    if (len && !is_word_line(line)) { /* its value goes to the line's end, whatever is in it */
        line[len] = '\0';
        return take_variable(connection, line, unquote(without_comment(line + len + 1)), depth, seen, err);
    }
    char *rest = line;
    for (char *word = next_word(&rest, &bad); word; word = next_word(&rest, &bad)) {
        len = assignment(word);
        if (!len) {
            seen->parts = true;
            return is_tool(word) ? parse_command(connection, rest, depth, err) : not_understood(err);
        }
        word[len] = '\0';
        seen->one = false;
        if (!take_variable(connection, word, word + len + 1, depth, seen, err)) {
            return false;
        }
    }
    return true;
}

static bool begins_with_words(char *text)
{
    char *line = mem_strndup(text, strcspn(text, "\n"));
    size_t size = strlen(line);
    char *start = assignment_start(line);
    close_gap(start);
    bool is = assignment(start) != 0;
    if (!is) {
        bool bad = false;
        char *word = next_word(&start, &bad);
        is = word && is_tool(word);
    }
    secret_wipe(line, size);
    mem_free(line);
    return is;
}

static bool parse_lines(Connection *connection, char *text, int depth, Error *err)
{
    Variables seen = {.one = strchr(text, '\n') == NULL};
    while (*text) {
        char *end = text + strcspn(text, "\n");
        bool more = *end != '\0';
        *end = '\0';
        if (!parse_line(connection, text, depth, &seen, err)) {
            return false;
        }
        text = more ? end + 1 : end;
    }
    return seen.address || seen.parts || not_understood(err);
}

/* --- ADO.NET and ODBC ---------------------------------------------------------------------------------- */

/* By the name without spaces, in small letters. An empty part: it is of no matter here. */
static const char *part_of_key(const char *key)
{
    static const struct {
        const char *key, *part;
    } known[] = {
        {"host", "host"}, {"server", "host"}, {"datasource", "host"}, {"servername", "host"}, {"address", "host"},
        {"port", "port"}, {"database", "dbname"}, {"db", "dbname"}, {"initialcatalog", "dbname"},
        {"dbname", "dbname"}, {"username", "user"}, {"userid", "user"}, {"user", "user"}, {"uid", "user"},
        {"password", "password"}, {"pwd", "password"}, {"psw", "password"}, {"pass", "password"},
        {"sslmode", "sslmode"}, {"ssl", "ssl"}, {"rootcertificate", "sslrootcert"}, {"sslrootcert", "sslrootcert"},
        {"channelbinding", "channel_binding"}, {"options", "options"}, {"driver", ""}, {"provider", ""},
        {"pooling", ""}, {"minpoolsize", ""}, {"maxpoolsize", ""}, {"minimumpoolsize", ""}, {"maximumpoolsize", ""},
        {"timeout", ""}, {"connectiontimeout", ""}, {"connecttimeout", ""}, {"commandtimeout", ""},
        {"connectionlifetime", ""}, {"connectionidlelifetime", ""}, {"trustservercertificate", ""},
        {"keepalive", ""}, {"tcpkeepalive", ""}, {"applicationname", ""}, {"includeerrordetail", ""},
        {"includeerrordetails", ""}, {"searchpath", ""}, {"encoding", ""}, {"clientencoding", ""}, {"enlist", ""},
        {"multiplexing", ""}, {"noresetonclose", ""}, {"maxautoprepare", ""}, {"autopreparemin usages", ""},
        {"persistsecurityinfo", ""}, {"loadbalancehosts", ""}, {"sslnegotiation", ""}, {"gssencryptionmode", ""},
        {"timezone", ""}, {"logparameters", ""},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strcmp(key, known[i].key)) {
            return known[i].part;
        }
    }
    return NULL;
}

/* Takes "key=value" and its semicolon out of the text, in place. False where it is not of that form. */
static bool next_pair(char **text, const char **part, char **value)
{
    char *p = *text, *key = p, *to = p;
    while (*p && *p != '=' && *p != ';') {
        if (!is_space(*p)) {
            *to++ = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        }
        p++;
    }
    if (*p != '=') {
        return false;
    }
    p++;
    *to = '\0';
    *part = part_of_key(key);
    while (is_space(*p)) {
        p++;
    }
    char quote = *p == '"' || *p == '\'' ? *p : *p == '{' ? '}' : '\0';
    *value = to = p;
    if (quote) {
        p++;
        while (*p && !(*p == quote && p[1] != quote)) { /* a doubled one stands for itself */
            p += *p == quote;
            *to++ = *p++;
        }
        if (!*p) {
            return false;
        }
        p++;
        while (is_space(*p)) {
            p++;
        }
        if (*p && *p != ';') {
            return false;
        }
    } else {
        char *end = p + strcspn(p, ";");
        to = end;
        while (to > p && is_space(to[-1])) {
            to--;
        }
        p = end;
    }
    *text = *p ? p + 1 : p;
    *to = '\0';
    return *part != NULL;
}

static char *skip_empty(char *text)
{
    while (is_space(*text) || *text == ';') {
        text++;
    }
    return text;
}

/* Whether all of it is key=value with a known key, and semicolons between. */
static bool is_pairs(const char *text)
{
    char *copy = mem_strdup(text), *rest = skip_empty(copy);
    const char *part = NULL;
    char *value = NULL;
    int count = 0;
    while (*rest && next_pair(&rest, &part, &value)) {
        rest = skip_empty(rest);
        count++;
    }
    bool is = !*rest && count > 1;
    secret_wipe(copy, strlen(text));
    mem_free(copy);
    return is;
}

static void small_letters(char *text)
{
    for (char *p = text; *p; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
}

static bool set_pair(Connection *connection, const char *part, char *value, Error *err)
{
    if (!*part) {
        return true;
    }
    if (!strcmp(part, "sslmode") || !strcmp(part, "ssl") || !strcmp(part, "channel_binding")) {
        small_letters(value);
    }
    if (!strcmp(part, "sslmode") && (!strcmp(value, "verifyfull") || !strcmp(value, "verifyca"))) {
        value = value[6] == 'f' ? "verify-full" : "verify-ca";
    }
    char *colon = strchr(value, ':');
    if (!strcmp(part, "host") && colon && !strchr(colon + 1, ':')) { /* Npgsql's host:port */
        *colon = '\0';
        return connection_set_part(connection, "host", value, false, err) &&
               connection_set_part(connection, "port", colon + 1, false, err);
    }
    return connection_set_part(connection, part, value, false, err);
}

static bool parse_pairs(Connection *connection, char *text, Error *err)
{
    const char *part = NULL;
    char *value = NULL;
    for (text = skip_empty(text); *text; text = skip_empty(text)) {
        if (!next_pair(&text, &part, &value)) {
            return not_understood(err);
        }
        if (!set_pair(connection, part, value, err)) {
            return false;
        }
    }
    return true;
}

/* --- whole texts --------------------------------------------------------------------------------------- */

static bool parse_text(Connection *connection, char *text, int depth, Error *err)
{
    text = unquote(text);
    if (!*text) {
        return error_set(err, EK_USAGE, "the connection string is empty");
    }
    if (depth > DEPTH_MAX) {
        return not_understood(err);
    }
    if (after_scheme(text)) {
        return parse_address(connection, text, err);
    }
    if (is_pairs(text)) {
        return parse_pairs(connection, text, err);
    }
    if (begins_with_words(text)) {
        return parse_lines(connection, text, depth, err);
    }
    return find_scheme(text) ? parse_around(connection, text, err) : connection_parse_keywords(connection, text, err);
}

bool connection_is_string(const char *text)
{
    char *copy = mem_strdup(text);
    bool is = strstr(text, "://") || strchr(text, '=') || strstr(text, " -h") || strstr(text, " --host") ||
              (strpbrk(text, " \t\n") && begins_with_words(copy));
    secret_free_text(copy);
    return is;
}

bool connection_parse(Connection *connection, const char *text, Error *err)
{
    size_t len = strlen(text);
    if (len > STRING_MAX) {
        return error_set(err, EK_USAGE, "the connection string is too long");
    }
    if (!utf8_valid(text, len)) {
        return error_set(err, EK_USAGE, "the connection string is not UTF-8");
    }
    char *whole = mem_strdup(text);
    Connection parsed;
    connection_init(&parsed);
    connection_copy(&parsed, connection);
    undo_html(whole);
    plain_lines(whole);
    bool ok = parse_text(&parsed, trim(whole), 0, err);
    if (ok) {
        connection_release(connection);
        *connection = parsed;
    } else {
        connection_release(&parsed);
    }
    secret_wipe(whole, len);
    mem_free(whole);
    return ok;
}
