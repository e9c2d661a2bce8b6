/*
 * process.h: a child process, from start to its last byte.
 *
 * process_run starts the program, hands over exactly the handles named here and no others, drains stdout and
 * stderr until both are closed, and only then reports the exit code. Everything runs on the calling thread:
 * the callbacks need no locks. When it returns, or when our own process dies, however it dies, neither the
 * child nor any child of its own is left (a job object on Windows; a process group, a death signal
 * and a guardian on Linux).
 *
 * Arguments are an array; quoting happens once, inside, after the rules of the C runtime. No shell, no
 * cmd.exe. The program is a full path.
 */
#ifndef CMMS_PROCESS_H
#define CMMS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "compiler.h"
#include "platform/cancel.h"
#include "platform/fs.h"

typedef struct ProcessSpec {
    const char *program;        /* full path */
    const char *const *argv;    /* NULL-terminated; argv[0] is the program's name */
    const char *const *env_set; /* "NAME=value", NULL-terminated, on top of our own environment; or NULL */
    const char *const *env_unset; /* names, NULL-terminated, taken out of it; or NULL */
    const char *cwd;            /* or NULL for ours */
    FsFile *stdin_file;         /* handed over as stdin, positioned at its start; or NULL for an empty stdin */
    FsFile *stdout_file;        /* handed over as stdout instead of the pipe; or NULL */
    /* Called with what the child writes, as it comes, in pieces of any size; NULL throws it away. Returning
     * false ends the child; the result then says `stopped`. */
    bool (*on_stdout)(void *context, const char *bytes, size_t len);
    bool (*on_stderr)(void *context, const char *bytes, size_t len);
    /* Called at least every tick_ms while the child runs, for progress; NULL where not wanted. Returning false
     * ends the child. */
    bool (*on_tick)(void *context);
    unsigned tick_ms; /* 0 means 250 */
    void *context;    /* for all three */
    /* Windows: the child gets a token without the rights of an administrator, which a PostgreSQL server refuses
     * to run with. Nothing elsewhere. */
    bool drop_rights;
    /* Windows: how many processes there may be at a time, the child and all that come of it; more are refused to who
     * starts them. 0: any number. Nothing elsewhere. */
    unsigned max_processes;
} ProcessSpec;

typedef struct ProcessResult {
    unsigned exit_code; /* the child's; on POSIX 128 + signal */
    bool stopped;       /* a callback ended it */
} ProcessResult;

/* False with EK_CANCELLED when cancelled (the child is then gone within a second), EK_TOOL when the program
 * could not be started. A non-zero exit code is not an error here. Exit code 0xC0000135 (a DLL is missing)
 * and its relatives are the caller's to explain: see process_exit_text. */
CMMS_WHEN_TRUE bool process_run(const ProcessSpec *spec, const Cancel *cancel, CMMS_OUT ProcessResult *result,
                                Error *err);

/* Words for the exit codes that say more than "failed": a missing DLL, a crash, a kill. NULL for others.
 * Caller frees. Portable. */
CMMS_MAY_BE_NULL char *process_exit_text(unsigned exit_code);

/* One argument quoted for a Windows command line: only where needed, `"` as `\"`, backslashes before a quote
 * or before the closing quote doubled. Appends to what is there; the space between two arguments is the
 * caller's. False, and nothing appended, when the cap is met. Portable, so that it is tested everywhere. */
bool process_quote(StrBuf *command_line, const char *argument);

/* Splits a stream into lines: feed it pieces, it calls `line` with each whole line, decoded leniently
 * (utf8_add_lossy), without its end; lines longer than 64 KB are cut. Portable. */
typedef struct LineSplitter {
    StrBuf pending;
    void (*line)(void *context, const char *line);
    void *context;
    bool skipping; /* inside a line that was too long */
} LineSplitter;

void line_splitter_init(LineSplitter *splitter, void (*line)(void *context, const char *line), void *context);
void line_splitter_feed(LineSplitter *splitter, CMMS_READS(len) const char *bytes, size_t len);
void line_splitter_release(LineSplitter *splitter); /* hands over an unfinished last line first */

#endif
