/*
 * client.h: one run of a client tool of PostgreSQL (pg_dump, pg_restore, initdb, pg_ctl), from start to end. Every tool
 * is run through here, so what it sees and how it is watched is the same for all of them.
 *
 * Environment. Our own, without the PG* variables that libpq knows (connection_env_unset) and without what chooses a
 * language: a tool's messages are in English (LC_MESSAGES=C), because words are looked for in them. Where a connection
 * is given, all that leads to it is there (connection_env), the password too; none of that belongs into argv.
 *
 * Words. What a tool writes to stderr is handed on as raw text or line by line, or the one line is kept that says why
 * it failed. Raw text and lines may hold what stands in rows: show them through redact_words alone. `words` has been
 * there.
 *
 * Time. A tool shows that it lives by what it writes, to stderr, to stdout, or into stdout_file. One that does not for
 * stall_seconds is ended (standstill.h), as is one that takes longer than limit_seconds in all, and then the result
 * says so: which sentence that deserves is the caller's business, as are exit codes that are not 0.
 *
 * Everything runs on the calling thread (process.h); a cancel request ends the tool within a second.
 */
#ifndef CMMS_CLIENT_H
#define CMMS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "platform/cancel.h"
#include "platform/fs.h"
#include "postgres/connection.h"

/* All is borrowed; what is 0 or NULL is not wanted. */
typedef struct ClientSpec {
    const char *const *argv;      /* NULL-terminated; argv[0] is the program's full path */
    const Connection *connection; /* resolved: which database the tool is to reach */
    const char *session;          /* the application_name under which the server then knows it */
    const char *cwd;              /* NULL: ours */
    FsFile *stdin_file;           /* NULL: an empty stdin */
    FsFile *stdout_file;          /* instead of `answer` and `out`; its growth is a sign of life */
    bool drop_rights;             /* see ProcessSpec */
    /* Where stdout goes: what fits of it, or piece by piece; false from `out` ends the tool. However long `out` took,
     * that was no standstill. */
    StrBuf *answer;
    bool (*out)(void *context, const char *bytes, size_t len);
    /* Where stderr goes: what fits of it, or line by line (LineSplitter). Neither: see ClientResult.words. */
    StrBuf *said;
    void (*line)(void *context, const char *line);
    /* About four times a second; `written`: the bytes in stdout_file so far. */
    void (*tick)(void *context, uint64_t written);
    unsigned stall_seconds;               /* without a sign of life */
    bool (*still_working)(void *context); /* a standstill: does the server work on it? NULL: no */
    unsigned limit_seconds;               /* from start to end */
    void *context;                        /* for all of them */
} ClientSpec;

typedef struct ClientResult {
    unsigned exit_code;
    bool stopped;  /* `out` ended it */
    bool late;     /* it was ended after limit_seconds */
    char *stalled; /* it was ended after a standstill, of so long: "90 seconds"; NULL: it was not */
    char *words;   /* where neither `said` nor `line` took them: the first line that tells of an error, else the last
                      one, without what stands in rows; NULL: it said nothing */
} ClientResult;

/* True when the tool was started and came to an end, with whatever code; *result, which need not be initialised, is
 * then the caller's to release. False leaves it empty: EK_CANCELLED, EK_TOOL (it could not be started), EK_IO
 * (stdout_file's size cannot be asked). */
bool client_run(const ClientSpec *spec, const Cancel *cancel, ClientResult *result, Error *err);
void client_release(ClientResult *result); /* an empty one is fine */

/* Replaces the detail of an Error that is set: what the exit code means, else `words` (as they are; NULL: none), else
 * the bare code. Returns false. */
bool client_exit_detail(unsigned exit_code, const char *words, Error *err);

/* The hint where only trying again may help. */
extern const char client_hint_again[];

#endif
