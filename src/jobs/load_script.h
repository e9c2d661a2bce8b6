/* load_script.h: the SQL that pg_restore writes where it is given no server, taken apart as psql does: statements, the
 * rows between COPY and \., and the entries of the archive by the remarks before them. For load_feed.c and the test. */
#ifndef CMMS_LOAD_SCRIPT_H
#define CMMS_LOAD_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

#define SCRIPT_STATEMENT_MAX (1024u * 1024u * 1024u) /* with --inserts a row is a statement */

typedef struct ScriptTaker {
    /* An entry begins: the number of "-- TOC entry 215 (class 1259 OID 16385)". */
    bool (*entry)(void *context, long id, Error *err);
    /* One statement, without its semicolon, ended by NUL. *rows: rows follow. */
    bool (*statement)(void *context, const char *sql, bool *rows, Error *err);
    bool (*rows)(void *context, const char *bytes, size_t len, Error *err);
    bool (*rows_end)(void *context, Error *err);
    void *context;
} ScriptTaker;

typedef enum ScriptState {
    SCRIPT_TOP,
    SCRIPT_TEXT,    /* '…' */
    SCRIPT_ESCAPED, /* E'…' */
    SCRIPT_ESCAPE,  /* behind its backslash */
    SCRIPT_ENDED,   /* behind a quote in it, which may be the first of two */
    SCRIPT_NAME,    /* "…" */
    SCRIPT_TAG,     /* $tag */
    SCRIPT_DOLLAR,  /* $tag$…$tag$ */
    SCRIPT_REMARK,  /* -- … */
    SCRIPT_BLOCK,   /* a remark between slashes and stars */
    SCRIPT_META,    /* \restrict … */
    SCRIPT_BEFORE,  /* the rest of the line with COPY */
    SCRIPT_ROWS
} ScriptState;

typedef struct Script {
    const ScriptTaker *taker;
    ScriptState state;
    StrBuf pending; /* the statement so far */
    StrBuf line;    /* a remark, or a line with a backslash */
    size_t word_at; /* where the word that stands at the end of `pending` begins; its length: word_len */
    size_t word_len;
    size_t words;   /* that went before it in the statement */
    bool creates, routine, begins; /* CREATE; … FUNCTION or PROCEDURE; the last word was BEGIN */
    unsigned parens, blocks;       /* open */
    size_t tag_at, body_at;        /* of a text in dollars */
    unsigned depth;                /* of remarks, and the byte before this one in them */
    char before;
    bool escapes;                  /* standard_conforming_strings is off */
    unsigned held;                 /* of a line of rows: how much of \. has been seen */
    bool line_begins;
    size_t head;    /* of the first line: how much of it is as text mode writes it */
    bool looked, text_mode; /* at it; and \n comes as \r\n */
    bool held_cr;   /* a \r was the last byte of the piece before */
} Script;

void script_init(Script *script, const ScriptTaker *taker);
void script_release(Script *script);
bool script_feed(Script *script, const char *bytes, size_t len, Error *err);
bool script_end(const Script *script, Error *err); /* EK_TOOL: it ended in the middle of something */

#endif
