/*
 * output.h: all that the console program prints.
 *
 * Results and log lines go to stdout, errors and the progress line to stderr. With --json stdout holds one
 * document; log lines are then not shown (they are in the document's warnings and the backup log).
 * On a terminal the progress is one line that is drawn anew; otherwise there is none, unless as JSON lines.
 */
#ifndef CMMS_CLI_OUTPUT_H
#define CMMS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/job.h"
#include "compiler.h"
#include "store/manifest.h"

typedef enum Colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD } Colour;

typedef struct Output {
    bool json, quiet;
    bool colour;      /* stdout may be coloured */
    bool error_colour; /* stderr too */
    bool progress;    /* stderr is a terminal that shows a progress line */
    bool progress_json; /* instead: one JSON object a line on stderr; set after output_init */
    unsigned drawn;   /* columns of the progress line that stand there now */
    uint64_t drawn_at; /* clock_monotonic_ms of the last drawing */
    char drawn_step[64]; /* the beginning of the words that stand there: others are drawn at once */
} Output;

void output_init(Output *output, bool json, bool quiet, bool no_colour);

/* One line of the result on stdout; nothing with --json. */
void output_line(Output *output, const char *format, ...) CMMS_PRINTF(2, 3);
/* The same with a sign of its own colour in front. */
void output_coloured(Output *output, Colour colour, const char *text);
/* One log line: "[time] text"; nothing with --json or --quiet. */
void output_log(Output *output, LogLevel level, const char *text);
void output_progress(Output *output, const Progress *progress);
void output_clear_progress(Output *output);
/* The document. Takes and frees it. */
void output_json(Output *output, cJSON *document);
/* The error, for people on stderr or as a document on stdout; returns the exit code. */
int output_error(Output *output, const Error *err);
/* Parts of documents: a moment, null for none; the tables with their rows. */
void output_add_time(cJSON *object, const char *name, int64_t unix_seconds);
void output_add_count(cJSON *object, const char *name, int64_t count); /* below 0: null */
void output_add_tables(cJSON *object, const Manifest *manifest);
/* {"kind", "message", "detail", "hint", "exit_code"}; caller deletes. */
cJSON *output_error_object(const Error *err);

JobSink output_sink(Output *output); /* borrows output */

/* --- texts, portable and without a terminal: for the tests ------------------------------------------------ */

char *output_megabytes(uint64_t bytes); /* size_text: "12.3 MB"; caller frees */
/* "[#####-----]  50%  Saving work_orders  12.3 MB  4.50 MB/s  0:42 left", cut to `width` columns. Caller frees. */
char *output_progress_text(const Progress *progress, unsigned width);
unsigned output_columns(const char *utf8); /* that a text takes on a terminal */
/* `text`, cut or filled with spaces to `columns`; right: spaces in front. Caller frees. */
char *output_pad(const char *text, unsigned columns, bool right);

#endif
