/*
 * dump.h: one run of pg_dump into an open file, watched: what it says, how the file grows, whether it moves.
 */
#ifndef CMMS_DUMP_H
#define CMMS_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "platform/fs.h"
#include "postgres/connection.h"
#include "postgres/tools.h"

typedef struct DumpSpec {
    const Tool *tool;
    const Connection *connection;
    const char *compression; /* "none", "gzip", "gzip:6", "zstd:1", "lz4"; see dump_compression */
    const char *snapshot;    /* an exported snapshot's name, or NULL */
    const char *encoding;    /* the database's, where the archive is to be UTF-8; NULL: it is to be in the database's */
    const char *session;     /* the application_name under which its session is known on the server */
    FsFile *file;            /* becomes pg_dump's stdout; empty, positioned at its start */
    unsigned stall_seconds;  /* without a byte or a word; 0: never mind */
    /* All are called on the thread of dump_run. */
    void (*locked)(void *context);                     /* all tables are locked: they cannot change their shape */
    void (*table)(void *context, const char *table);   /* the data of "schema.table" begins */
    void (*warning)(void *context, const char *text);
    void (*tick)(void *context, uint64_t file_bytes);  /* about four times a second */
    bool (*still_working)(void *context);              /* a stall: does the server work on it? NULL: no */
    void *context;
} DumpSpec;

typedef enum DumpRefusal {
    DUMP_REFUSED_NOTHING,     /* it did not fail, or for another reason */
    DUMP_REFUSED_COMPRESSION, /* the tool was built without it */
    DUMP_REFUSED_ENCODING,    /* the database holds text that does not exist in UTF-8 */
} DumpRefusal;

/* *refusal (may be NULL) says what another try could do without.
 * Errors: EK_CANCELLED; EK_CONNECT (lost, stalled); EK_SPACE, EK_IO (the file); EK_REFUSED (rights); EK_BUSY (a
 * table stays locked); EK_TOOL. */
bool dump_run(const DumpSpec *spec, const Cancel *cancel, DumpRefusal *refusal, Error *err);

/* What a pg_dump of this major version is asked to use: `wanted`, or when that is NULL zstd:1 from 16 on and
 * gzip before ("none" when `compress` is false). Static or `wanted` itself. */
const char *dump_compression(int major, const char *wanted, bool compress);

/* The arguments, argv[0] first, NULL-terminated; caller frees with dump_free_arguments. */
char **dump_arguments(const DumpSpec *spec);
void dump_free_arguments(char **arguments);

typedef enum DumpLine {
    DUMP_LINE_INFO,
    DUMP_LINE_LOCKED,  /* the first message after the tables were locked */
    DUMP_LINE_TABLE,
    DUMP_LINE_WARNING,
    DUMP_LINE_ERROR,   /* error, detail or hint, or a line that continues one */
} DumpLine;

/* What a line of pg_dump's stderr is. *text: the table's name, or the words without "pg_dump: warning: "; points
 * into line, except that for a table *len leaves out the closing quote. */
DumpLine dump_parse_line(const char *line, const char **text, size_t *len);

/* Whether the server itself has ended pg_dump's connection: it restarts, or is told to. By the lines, or an Error's
 * detail. */
bool dump_was_ended(const char *lines);

/* What an attempt with these last lines was refused. */
DumpRefusal dump_refusal(const DumpSpec *spec, const char *lines);

/* Turns the last error lines and the exit code into an Error; always false. */
bool dump_explain(const DumpSpec *spec, unsigned exit_code, const char *lines, Error *err);

#endif
