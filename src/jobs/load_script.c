/*
 * load_script.c: takes pg_restore's script apart, byte by byte, in pieces of any size.
 *
 * As psql does it (src/fe_utils/psqlscan.l): texts, names, texts in dollars, remarks; a semicolon within parentheses
 * (CREATE RULE) or within BEGIN ATOMIC … END of a routine ends nothing. In there END belongs to it or to a CASE, which
 * are reserved words, while BEGIN is none: the server writes a column of that name without quotes. A mistake here would
 * hand the server something that is no statement, or more than one; each is sent as one statement (pg_query,
 * pg_copy_begin), so the server refuses either.
 *
 * On Windows pg_restore's output is in text mode: it sets only its input to binary where it reads an archive, and the C
 * library does not heed the "b" of fdopen. Each \n that it writes comes as \r\n then, also those in the body of a
 * function and in a text, and its own \r\n as \r\r\n. So where the first line, which is "--", ends that way, one \r
 * before each \n is taken away again.
 */
#include "load_script.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LINE_MAX 4096u

void script_init(Script *script, const ScriptTaker *taker)
{
    *script = (Script){.taker = taker, .state = SCRIPT_TOP};
    strbuf_init(&script->pending, SCRIPT_STATEMENT_MAX);
    strbuf_init(&script->line, LINE_MAX);
}

void script_release(Script *script)
{
    strbuf_release(&script->pending);
    strbuf_release(&script->line);
}

bool script_end(const Script *script, Error *err)
{
    return (script->state == SCRIPT_TOP && script->pending.len == 0 && !script->held_cr) ||
           error_set(err, EK_TOOL, "what pg_restore wrote ends in the middle of a statement");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static bool add(Script *script, char c, Error *err)
{
    return strbuf_addch(&script->pending, c) ||
           error_set(err, EK_TOOL, "the backup holds a statement that is too long to be restored in one transaction");
}

static bool word_is(const Script *script, const char *word)
{
    const char *at = script->pending.buf + script->word_at;
    const size_t len = strlen(word);
    if (script->word_len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = at[i] >= 'a' && at[i] <= 'z' ? (char)(at[i] - 'a' + 'A') : at[i];
        if (c != word[i]) {
            return false;
        }
    }
    return true;
}

/* What the word that has just ended means for the next semicolon. */
static void end_word(Script *script)
{
    if (script->word_len == 0) {
        return;
    }
    if (script->words == 0) {
        script->creates = word_is(script, "CREATE");
    } else if (script->creates && (script->words == 1 || script->words == 3)) { /* CREATE [OR REPLACE] FUNCTION */
        script->routine = script->routine || word_is(script, "FUNCTION") || word_is(script, "PROCEDURE");
    }
    if (script->routine && script->parens == 0) {
        if (script->blocks == 0 && script->begins && word_is(script, "ATOMIC")) {
            script->blocks = 1;
        } else if (script->blocks > 0 && word_is(script, "CASE")) {
            script->blocks++;
        } else if (script->blocks > 0 && word_is(script, "END")) {
            script->blocks--;
        }
    }
    script->begins = word_is(script, "BEGIN");
    script->words++;
    script->word_len = 0;
}

static void begin_statement(Script *script)
{
    strbuf_clear(&script->pending);
    script->word_at = script->word_len = script->words = 0;
    script->creates = script->routine = script->begins = false;
    script->parens = script->blocks = 0;
    script->state = SCRIPT_TOP;
}

static bool take_statement(Script *script, Error *err)
{
    bool rows = false;
    strbuf_trim(&script->pending);
    const bool ok = script->pending.len == 0 ||
                    script->taker->statement(script->taker->context, script->pending.buf, &rows, err);
    if (ok && strncmp(script->pending.buf, "SET standard_conforming_strings = ", 34) == 0) {
        script->escapes = strcmp(script->pending.buf + 34, "off") == 0;
    }
    begin_statement(script);
    script->state = rows ? SCRIPT_BEFORE : SCRIPT_TOP;
    return ok;
}

/* pending ends with "$…$" of a tag. */
static bool closes(const Script *script)
{
    const size_t len = script->body_at - script->tag_at;
    const StrBuf *pending = &script->pending;
    return pending->len >= script->body_at + len &&
           memcmp(pending->buf + pending->len - len, pending->buf + script->tag_at, len) == 0;
}

static bool at_top(Script *script, char c, Error *err)
{
    StrBuf *pending = &script->pending;
    const char last = pending->len > 0 ? pending->buf[pending->len - 1] : '\0';
    if (pending->len == 0 && (is_blank(c) || c == ';')) {
        return true;
    }
    if (pending->len == 0 && c == '\\') {
        strbuf_clear(&script->line);
        script->state = SCRIPT_META;
        return true;
    }
    if (is_letter(c) || ((is_digit(c) || c == '$') && script->word_len > 0)) {
        script->word_at = script->word_len == 0 ? pending->len : script->word_at;
        script->word_len++;
        return add(script, c, err);
    }
    const bool escaped = c == '\'' && (script->escapes || (script->word_len == 1 && (last == 'E' || last == 'e')));
    end_word(script);
    if (c == ';' && script->parens == 0 && script->blocks == 0) {
        return take_statement(script, err);
    }
    if (c == '-' && last == '-') {
        strbuf_setlen(pending, pending->len - 1);
        strbuf_clear(&script->line);
        script->state = SCRIPT_REMARK;
        return true;
    }
    script->parens += c == '(';
    script->parens -= c == ')' && script->parens > 0;
    if (c == '\'') {
        script->state = escaped ? SCRIPT_ESCAPED : SCRIPT_TEXT;
    } else if (c == '"') {
        script->state = SCRIPT_NAME;
    } else if (c == '$') {
        script->tag_at = pending->len;
        script->state = SCRIPT_TAG;
    } else if (c == '*' && last == '/') {
        strbuf_setlen(pending, pending->len - 1);
        script->depth = 1;
        script->before = ' ';
        script->state = SCRIPT_BLOCK;
        return true;
    }
    return add(script, c, err);
}

static bool in_tag(Script *script, char c, Error *err)
{
    if (c == '$') {
        script->body_at = script->pending.len + 1;
        script->state = SCRIPT_DOLLAR;
        return add(script, c, err);
    }
    if (is_letter(c) || (is_digit(c) && script->pending.len > script->tag_at + 1)) {
        return add(script, c, err);
    }
    script->state = SCRIPT_TOP; /* $1 */
    return at_top(script, c, err);
}

/* The server needs none of it but a blank. */
static bool in_block(Script *script, char c, Error *err)
{
    const bool opens = c == '*' && script->before == '/', ends = c == '/' && script->before == '*';
    script->depth += opens;
    script->depth -= ends;
    script->before = opens || ends ? ' ' : c; /* it belongs to no other pair */
    if (script->depth > 0) {
        return true;
    }
    script->state = SCRIPT_TOP;
    return script->pending.len == 0 || add(script, ' ', err);
}

static bool end_remark(Script *script, Error *err)
{
    static const char head[] = " TOC entry ";
    script->state = SCRIPT_TOP;
    if (script->pending.len > 0) {
        return add(script, '\n', err);
    }
    const char *text = script->line.buf;
    if (strncmp(text, head, sizeof head - 1) != 0) {
        return true;
    }
    char *end = NULL;
    const long id = strtol(text + sizeof head - 1, &end, 10);
    return id <= 0 || strncmp(end, " (", 2) != 0 || script->taker->entry(script->taker->context, id, err);
}

/* \restrict and \unrestrict are for psql alone; anything else is none that pg_restore writes without --create. */
static bool end_meta(Script *script, Error *err)
{
    script->state = SCRIPT_TOP;
    return strncmp(script->line.buf, "restrict ", 9) == 0 || strncmp(script->line.buf, "unrestrict ", 11) == 0 ||
           error_set(err, EK_TOOL, "the backup holds a line that is no SQL");
}

static bool take_byte(Script *script, char c, Error *err)
{
    switch (script->state) {
    case SCRIPT_TEXT:
        script->state = c == '\'' ? SCRIPT_TOP : SCRIPT_TEXT; /* two quotes are two texts side by side */
        return add(script, c, err);
    case SCRIPT_ESCAPED:
        script->state = c == '\\' ? SCRIPT_ESCAPE : c == '\'' ? SCRIPT_ENDED : SCRIPT_ESCAPED;
        return add(script, c, err);
    case SCRIPT_ESCAPE: script->state = SCRIPT_ESCAPED; return add(script, c, err);
    case SCRIPT_ENDED:
        script->state = c == '\'' ? SCRIPT_ESCAPED : SCRIPT_TOP;
        return c == '\'' ? add(script, c, err) : at_top(script, c, err);
    case SCRIPT_NAME:
        script->state = c == '"' ? SCRIPT_TOP : SCRIPT_NAME;
        return add(script, c, err);
    case SCRIPT_TAG: return in_tag(script, c, err);
    case SCRIPT_DOLLAR:
        if (!add(script, c, err)) {
            return false;
        }
        script->state = c == '$' && closes(script) ? SCRIPT_TOP : SCRIPT_DOLLAR;
        return true;
    case SCRIPT_BLOCK: return in_block(script, c, err);
    case SCRIPT_REMARK:
    case SCRIPT_META:
        if (c != '\n') {
            strbuf_addch(&script->line, c); /* of a long one the beginning is enough */
            return true;
        }
        return script->state == SCRIPT_REMARK ? end_remark(script, err) : end_meta(script, err);
    case SCRIPT_BEFORE:
        script->state = c == '\n' ? SCRIPT_ROWS : SCRIPT_BEFORE;
        script->line_begins = true;
        script->held = 0;
        return is_blank(c) || error_set(err, EK_TOOL, "what pg_restore wrote holds rows where none can be");
    default: return at_top(script, c, err);
    }
}

/* Takes rows up to the end of the piece, or to a line with \. alone; *taken: how many bytes that were. A row has no
 * such line: COPY writes a backslash as two. */
static bool take_rows(Script *script, const char *bytes, size_t len, size_t *taken, Error *err)
{
    const ScriptTaker *taker = script->taker;
    size_t at = 0;
    while (at < len) {
        const char c = bytes[at];
        if (script->line_begins && script->held < 2 && c == "\\."[script->held]) {
            script->held++;
            at++;
            continue;
        }
        if (script->held == 2 && (c == '\n' || c == '\r')) {
            script->state = SCRIPT_TOP;
            *taken = at;
            return taker->rows_end(taker->context, err);
        }
        if (script->held > 0 && !taker->rows(taker->context, "\\.", script->held, err)) {
            return false;
        }
        script->held = 0;
        const char *end = memchr(bytes + at, '\n', len - at);
        const char *next = end;
        while (next != NULL && next + 1 < bytes + len && next[1] != '\\') { /* as many lines as there are at once */
            end = next;
            next = memchr(next + 1, '\n', (size_t)(bytes + len - next - 1));
        }
        end = next != NULL ? next : end;
        const bool whole = next != NULL || (end != NULL && end + 1 == bytes + len);
        const size_t piece = whole ? (size_t)(end + 1 - (bytes + at)) : len - at;
        if (!taker->rows(taker->context, bytes + at, piece, err)) {
            return false;
        }
        script->line_begins = whole;
        at += piece;
    }
    *taken = len;
    return true;
}

static bool take(Script *script, const char *bytes, size_t len, Error *err)
{
    bool ok = true;
    for (size_t at = 0; ok && at < len;) {
        size_t taken = 1;
        ok = script->state == SCRIPT_ROWS ? take_rows(script, bytes + at, len - at, &taken, err)
                                          : take_byte(script, bytes[at], err);
        at += taken;
    }
    return ok;
}

/* The first line has no meaning: it may be taken before it is known how it ends. *taken: of it. */
static bool take_head(Script *script, const char *bytes, size_t len, size_t *taken, Error *err)
{
    static const char head[] = "--\r\n";
    while (!script->looked && *taken < len && bytes[*taken] == head[script->head]) {
        script->head++;
        ++*taken;
        script->looked = script->text_mode = script->head == sizeof head - 1;
    }
    script->looked = script->looked || *taken < len;
    return take(script, bytes, *taken, err);
}

/* What was written before text mode made it of it. A \r is held until it is known what follows. */
static bool take_text(Script *script, const char *bytes, size_t len, Error *err)
{
    char *plain = mem_alloc(len + 1);
    size_t plain_len = 0;
    for (size_t i = 0; i < len; i++) {
        if (script->held_cr && bytes[i] != '\n') {
            plain[plain_len++] = '\r';
        }
        script->held_cr = bytes[i] == '\r';
        if (!script->held_cr) {
            plain[plain_len++] = bytes[i];
        }
    }
    const bool ok = take(script, plain, plain_len, err);
    mem_free(plain);
    return ok;
}

bool script_feed(Script *script, const char *bytes, size_t len, Error *err)
{
    size_t at = 0;
    return take_head(script, bytes, len, &at, err) &&
           (script->text_mode ? take_text(script, bytes + at, len - at, err)
                              : take(script, bytes + at, len - at, err));
}
