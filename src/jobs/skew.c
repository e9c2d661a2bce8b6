/*
 * skew.c: finds options in the SQL of a table of contents, asks for them, and makes them spaces in a copy.
 *
 * The SQL is pg_dump's own, so little of the grammar is needed; but what it quotes (defaults, checks, names) is
 * anybody's. Hence a scanner that knows strings, quoted names and parentheses, and takes a list of options only where
 * one can stand: ALTER … ALTER COLUMN name SET (list) and CREATE … TABLE/MATERIALIZED VIEW … WITH (list), outside of
 * all parentheses. A list with anything unusual in it is left as it is.
 */
#include "jobs/skew.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"

#define MAX_OPTIONS 64u
#define MAX_WORD 128u /* bytes of a name or a value: names are shorter than 64 */
#define COPY_STEP ((size_t)1024 * 1024)

/*
 * What newer servers keep for themselves, and from which release on. The server is asked all the same: the table only
 * says that there is nothing to warn of.
 */
static const struct {
    const char *name;
    bool of_column;
    const char *words;
} marks[] = {
    /* The releases of 2026-11-12. Tried with 17.12: it keeps the option at every column, lets SET and RESET of it pass
     * without effect, and its own pg_dump leaves it out; older pg_dumps write it. 15.20 is of the same day, its
     * successors of 14, 16 and 18 were not there to try. */
    {"pg_attver", true, "servers keep it for themselves since November 2026 (17.12, 15.20)"},
};

/* --- the scanner ----------------------------------------------------------------------------------------- */

typedef enum TokenKind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_STRING, TOKEN_SIGN } TokenKind;

typedef struct Token {
    TokenKind kind;
    size_t from, to;
} Token;

typedef struct Scanner {
    const char *sql;
    size_t len, at;
} Scanner;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static size_t find(const Scanner *s, size_t at, const char *what, size_t len)
{
    for (; at + len <= s->len; at++) {
        if (memcmp(s->sql + at, what, len) == 0) {
            return at + len;
        }
    }
    return s->len;
}

/* Behind the closing quote of what opens at `at`. */
static size_t quoted_end(const Scanner *s, size_t at, bool backslashes)
{
    const char quote = s->sql[at];
    for (at++; at < s->len; at++) {
        if (backslashes && s->sql[at] == '\\') {
            at++;
        } else if (s->sql[at] == quote) {
            if (at + 1 >= s->len || s->sql[at + 1] != quote) {
                return at + 1;
            }
            at++;
        }
    }
    return s->len;
}

/* The end of $tag$…$tag$; `at` itself where none opens there. */
static size_t dollar_end(const Scanner *s, size_t at)
{
    size_t tag = at + 1;
    while (tag < s->len && is_word(s->sql[tag]) && s->sql[tag] != '$') {
        tag++;
    }
    if (tag >= s->len || s->sql[tag] != '$' || (s->sql[at + 1] >= '0' && s->sql[at + 1] <= '9')) {
        return at;
    }
    return find(s, tag + 1, s->sql + at, tag + 1 - at);
}

static Token next_token(Scanner *s)
{
    const char *sql = s->sql;
    for (;;) {
        while (s->at < s->len && is_space(sql[s->at])) {
            s->at++;
        }
        if (s->at + 1 < s->len && sql[s->at] == '-' && sql[s->at + 1] == '-') {
            s->at = find(s, s->at, "\n", 1);
        } else if (s->at + 1 < s->len && sql[s->at] == '/' && sql[s->at + 1] == '*') {
            s->at = find(s, s->at + 2, "*/", 2);
        } else {
            break;
        }
    }
    Token token = {TOKEN_END, s->at, s->at};
    if (s->at >= s->len) {
        return token;
    }
    const char c = sql[s->at];
    if (c == '\'' || c == '"') {
        token.kind = c == '"' ? TOKEN_NAME : TOKEN_STRING;
        s->at = quoted_end(s, s->at, false);
    } else if (c == '$' && dollar_end(s, s->at) > s->at) {
        token.kind = TOKEN_STRING;
        s->at = dollar_end(s, s->at);
    } else if (is_word(c)) {
        token.kind = TOKEN_WORD;
        while (s->at < s->len && is_word(sql[s->at])) {
            s->at++;
        }
        const bool escape = s->at - token.from == 1 && (c == 'e' || c == 'E');
        if (escape && s->at < s->len && sql[s->at] == '\'') {
            token.kind = TOKEN_STRING;
            s->at = quoted_end(s, s->at, true);
        }
    } else {
        token.kind = TOKEN_SIGN;
        s->at++;
    }
    token.to = s->at;
    return token;
}

static bool is_keyword(const Scanner *s, Token token, const char *word)
{
    return token.kind == TOKEN_WORD && token.to - token.from == strlen(word) &&
           memcmp(s->sql + token.from, word, token.to - token.from) == 0; /* pg_dump writes keywords in capitals */
}

static bool is_sign(const Scanner *s, Token token, char sign)
{
    return token.kind == TOKEN_SIGN && s->sql[token.from] == sign;
}

/* --- lists of options ------------------------------------------------------------------------------------ */

typedef struct Setting {
    size_t from, name_to, value_from, to; /* name[=value]; value_from == to: none */
    size_t comma;                         /* behind it; 0: it is the last */
} Setting;

typedef struct List {
    bool of_column;
    size_t from, to; /* what goes when all of it goes */
    Setting settings[MAX_OPTIONS];
    size_t count;
} List;

typedef void (*TakeList)(void *context, char *sql, const List *list);

/* Behind "(". False: it holds what we do not know, and the scanner stands somewhere in it. */
static bool read_list(Scanner *s, List *list)
{
    list->count = 0;
    for (;;) {
        Token token = next_token(s);
        if (token.kind != TOKEN_WORD || list->count == MAX_OPTIONS) {
            return false;
        }
        Setting *setting = &list->settings[list->count++];
        *setting = (Setting){token.from, token.to, token.to, token.to, 0};
        token = next_token(s);
        if (is_sign(s, token, '.')) { /* toast.name */
            token = next_token(s);
            if (token.kind != TOKEN_WORD) {
                return false;
            }
            setting->name_to = setting->value_from = setting->to = token.to;
            token = next_token(s);
        }
        if (is_sign(s, token, '=')) {
            token = next_token(s);
            setting->value_from = token.from;
            /* A number may have a sign and a point. */
            while (token.kind == TOKEN_WORD || token.kind == TOKEN_STRING || is_sign(s, token, '-') ||
                   is_sign(s, token, '+') || is_sign(s, token, '.')) {
                setting->to = token.to;
                token = next_token(s);
            }
            if (setting->to <= setting->value_from) {
                return false;
            }
        }
        if (is_sign(s, token, ')')) {
            return true;
        }
        if (!is_sign(s, token, ',')) {
            return false;
        }
        setting->comma = token.from;
    }
}

/* One statement, up to its ";" or the end. */
static void scan_statement(Scanner *s, Token token, char *sql, List *list, TakeList take, void *context)
{
    const size_t start = token.from;
    const bool alters = is_keyword(s, token, "ALTER");
    bool creates = is_keyword(s, token, "CREATE"), of_table = false, found = false;
    Token before[3] = {{TOKEN_END, 0, 0}, {TOKEN_END, 0, 0}, {TOKEN_END, 0, 0}};
    int depth = 0;
    for (; token.kind != TOKEN_END; token = next_token(s)) {
        if (depth == 0 && is_sign(s, token, ';')) {
            if (found && list->of_column) {
                list->to = token.to;
            }
            break;
        }
        if (depth == 0) {
            of_table = of_table || is_keyword(s, token, "TABLE") || is_keyword(s, token, "MATERIALIZED");
            creates = creates && !is_keyword(s, token, "AS"); /* a query follows */
            const bool of_column = alters && is_keyword(s, before[0], "SET") && is_keyword(s, before[2], "COLUMN");
            const bool opens = is_sign(s, token, '(') && !found &&
                               (of_column || (creates && of_table && is_keyword(s, before[0], "WITH")));
            if (opens) {
                Scanner inside = *s;
                if (read_list(&inside, list)) {
                    found = true;
                    list->of_column = of_column;
                    list->from = of_column ? start : before[0].from;
                    list->to = inside.at;
                    *s = inside;
                    continue;
                }
            }
        }
        depth += is_sign(s, token, '(') ? 1 : is_sign(s, token, ')') && depth > 0 ? -1 : 0;
        before[2] = before[1];
        before[1] = before[0];
        before[0] = token;
    }
    if (found) {
        take(context, sql, list);
    }
}

/* `sql` is only changed by `take`. */
static void scan(char *sql, size_t len, TakeList take, void *context)
{
    Scanner scanner = {sql, len, 0};
    List *list = mem_alloc(sizeof *list);
    for (Token token = next_token(&scanner); token.kind != TOKEN_END; token = next_token(&scanner)) {
        scan_statement(&scanner, token, sql, list, take, context);
    }
    mem_free(list);
}

static bool may_hold_options(const ArchiveEntry *entry)
{
    return entry->definition != NULL &&
           (strcmp(entry->desc, "TABLE") == 0 || strcmp(entry->desc, "FOREIGN TABLE") == 0 ||
            strcmp(entry->desc, "MATERIALIZED VIEW") == 0);
}

/* --- which there are ------------------------------------------------------------------------------------- */

void skew_init(Skew *skew)
{
    *skew = (Skew){NULL, 0};
}

void skew_release(Skew *skew)
{
    for (size_t i = 0; i < skew->count; i++) {
        mem_free(skew->options[i].name);
        mem_free(skew->options[i].value);
    }
    mem_free(skew->options);
    skew_init(skew);
}

static SkewOption *find_option(const Skew *skew, bool of_column, const char *name, size_t len)
{
    for (size_t i = 0; i < skew->count; i++) {
        SkewOption *option = &skew->options[i];
        if (option->of_column == of_column && strlen(option->name) == len && memcmp(option->name, name, len) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Both go into statements of our own, so they are looked at: a plain name, and a number, a word or a plain string. */
static bool is_plain(const char *text, size_t len, const char *more)
{
    bool plain = len > 0 && len < MAX_WORD;
    for (size_t i = 0; plain && i < len; i++) {
        plain = (is_word(text[i]) && (unsigned char)text[i] < 0x80 && text[i] != '$') ||
                (text[i] != '\0' && strchr(more, text[i]) != NULL);
    }
    return plain;
}

static bool is_plain_value(const char *text, size_t len)
{
    if (len >= 2 && text[0] == '\'' && text[len - 1] == '\'') {
        return len == 2 || is_plain(text + 1, len - 2, "+-. ");
    }
    return is_plain(text, len, "+-.");
}

static void add_options(void *context, char *sql, const List *list)
{
    Skew *skew = context;
    for (size_t i = 0; i < list->count; i++) {
        const Setting *setting = &list->settings[i];
        const char *name = sql + setting->from, *value = sql + setting->value_from;
        const size_t name_len = setting->name_to - setting->from, value_len = setting->to - setting->value_from;
        if (skew->count == MAX_OPTIONS || !is_plain(name, name_len, ".") || (name[0] >= '0' && name[0] <= '9') ||
            (value_len > 0 && !is_plain_value(value, value_len)) ||
            find_option(skew, list->of_column, name, name_len) != NULL) {
            continue;
        }
        skew->options = mem_resize(skew->options, skew->count + 1, sizeof *skew->options);
        skew->options[skew->count++] = (SkewOption){.name = mem_strndup(name, name_len),
                                                    .value = value_len == 0 ? NULL : mem_strndup(value, value_len),
                                                    .of_column = list->of_column};
    }
}

void skew_read(const Archive *archive, Skew *skew)
{
    Skew found;
    skew_init(&found);
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (may_hold_options(entry)) {
            scan(entry->definition, strlen(entry->definition), add_options, &found);
        }
    }
    skew_release(skew);
    *skew = found;
}

/* --- which the server knows ------------------------------------------------------------------------------ */

static bool ask(Pg *pg, SkewOption *option, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    const char *is = option->value == NULL ? "" : "=", *value = option->value == NULL ? "" : option->value;
    char *sql = option->of_column
                    ? mem_printf("ALTER TABLE pg_temp.cmms_ask ALTER COLUMN a SET (%s%s%s)", option->name, is, value)
                    : mem_printf("CREATE TEMPORARY TABLE cmms_ask_more (a text) WITH (%s%s%s)", option->name, is,
                                 value);
    /* A value that the archive holds was right where it came from: whatever is refused here is not known here. */
    const bool known = pg_query(pg, sql, NULL, 0, cancel, NULL, &why);
    mem_free(sql);
    if (!known && why.kind != EK_REFUSED) {
        return error_move(err, &why);
    }
    error_clear(&why);
    option->unknown = !known;
    return pg_query(pg, "ROLLBACK TO SAVEPOINT asking", NULL, 0, cancel, NULL, err);
}

bool skew_ask(Pg *pg, Skew *skew, const Cancel *cancel, Error *err)
{
    Error why = ERROR_INIT;
    if (skew->count == 0) {
        return true;
    }
    bool ok = pg_script(pg, "BEGIN; CREATE TEMPORARY TABLE cmms_ask (a text); SAVEPOINT asking", cancel, &why);
    if (!ok && why.kind == EK_REFUSED) {
        error_clear(&why);
    } else if (!ok) {
        return error_move(err, &why);
    }
    for (size_t i = 0; ok && i < skew->count; i++) {
        if (!ask(pg, &skew->options[i], cancel, err)) {
            return false;
        }
    }
    return pg_query(pg, "ROLLBACK", NULL, 0, cancel, NULL, err);
}

size_t skew_count(const Skew *skew)
{
    size_t count = 0;
    for (size_t i = 0; i < skew->count; i++) {
        count += skew->options[i].unknown;
    }
    return count;
}

char *skew_text(const SkewOption *option, bool *mark)
{
    const char *kind = option->of_column ? "column" : "table";
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i].of_column == option->of_column && strcmp(marks[i].name, option->name) == 0) {
            *mark = true;
            return mem_printf("Restored without the %s option \"%s\": %s", kind, option->name, marks[i].words);
        }
    }
    *mark = false;
    return mem_printf("The server here does not know the %s option \"%s\": restored without it; the rows are whole",
                      kind, option->name);
}

/* --- the copy -------------------------------------------------------------------------------------------- */

static void blank(char *sql, size_t from, size_t to)
{
    memset(sql + from, ' ', to - from);
}

typedef struct Blanking {
    const Skew *skew;
} Blanking;

static void blank_options(void *context, char *sql, const List *list)
{
    const Skew *skew = ((const Blanking *)context)->skew;
    bool goes[MAX_OPTIONS];
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const Setting *setting = &list->settings[i];
        const SkewOption *option =
            find_option(skew, list->of_column, sql + setting->from, setting->name_to - setting->from);
        goes[i] = option != NULL && option->unknown;
        kept += !goes[i];
    }
    if (kept == 0) {
        blank(sql, list->from, list->to);
        return;
    }
    bool any = false; /* kept so far */
    for (size_t i = 0; i < list->count; i++) {
        const Setting *setting = &list->settings[i];
        any = any || !goes[i];
        if (goes[i]) {
            blank(sql, setting->from, setting->to);
        }
        /* Between two that are kept stands one comma: the one before the second. */
        if (i + 1 < list->count && (goes[i + 1] || !any)) {
            blank(sql, setting->comma, setting->comma + 1);
        }
    }
}

typedef struct Copy {
    FsFile *from, *to;
    uint64_t at;
    char *piece;
    const Cancel *cancel;
} Copy;

static bool read_exactly(const Copy *copy, char *buf, size_t len, Error *err)
{
    size_t done = 0, got = 1;
    while (done < len && got > 0) {
        if (!fs_read_at(copy->from, copy->at + done, buf + done, len - done, &got, err)) {
            return false;
        }
        done += got;
    }
    return done == len || error_set(err, EK_BUSY, "the backup became shorter while it was copied");
}

static bool copy_up_to(Copy *copy, uint64_t end, Error *err)
{
    while (copy->at < end) {
        const uint64_t left = end - copy->at;
        const size_t step = left < COPY_STEP ? (size_t)left : COPY_STEP;
        if (cancel_requested(copy->cancel)) {
            return error_set(err, EK_CANCELLED, "cancelled");
        }
        if (!read_exactly(copy, copy->piece, step, err) || !fs_write(copy->to, copy->piece, step, err)) {
            return false;
        }
        copy->at += step;
    }
    return true;
}

static bool copy_definition(Copy *copy, const ArchiveEntry *entry, const Skew *skew, Error *err)
{
    char *sql = mem_alloc(entry->definition_len);
    bool ok = read_exactly(copy, sql, entry->definition_len, err);
    if (ok) {
        Blanking blanking = {skew};
        scan(sql, entry->definition_len, blank_options, &blanking);
        ok = fs_write(copy->to, sql, entry->definition_len, err);
        copy->at += entry->definition_len;
    }
    mem_free(sql);
    return ok;
}

bool skew_copy(const char *from, const Archive *archive, const Skew *skew, const char *to, const Cancel *cancel,
               Error *err)
{
    Copy copy = {.cancel = cancel};
    uint64_t size = 0;
    bool ok = fs_open_read(from, &copy.from, err) && fs_size(copy.from, &size, err) &&
              fs_create_new(to, &copy.to, err);
    const bool made = copy.to != NULL;
    copy.piece = mem_alloc(COPY_STEP);
    for (size_t i = 0; ok && i < archive->entry_count; i++) { /* in the order of the file */
        const ArchiveEntry *entry = &archive->entries[i];
        if (may_hold_options(entry)) {
            ok = copy_up_to(&copy, entry->definition_at, err) && copy_definition(&copy, entry, skew, err);
        }
    }
    ok = ok && copy_up_to(&copy, size, err);
    mem_free(copy.piece);
    fs_close(copy.from, NULL);
    ok = fs_close(copy.to, ok ? err : NULL) && ok;
    if (!ok && made) {
        fs_remove(to, NULL);
    }
    return ok;
}
