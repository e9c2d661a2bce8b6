/*
 * redact.h: what a server or a tool says, without what stands in the rows.
 *
 * PostgreSQL quotes values in its messages: "Failing row contains (1, ann@example.org)", "Key (mail)=(…) already
 * exists", "invalid input syntax for type integer: "…"", the line of a COPY, the statement that failed. A log, a
 * window and a mail to the help desk are no places for them. So words that are not this program's own go into an
 * Error, a log or a manifest only through here.
 *
 * What is kept are names (of tables, rules, columns, files, hosts) and the number of the line; the rest is kept only
 * as long as nothing begins that could be a value. From there on nothing is kept: a value may hold line ends, quotes
 * and whatever else would make it look finished. A server may speak another language; what is not known is left out.
 */
#ifndef CMMS_REDACT_H
#define CMMS_REDACT_H

#include <stdbool.h>

/* Stands where something was left out: "invalid input syntax for type integer: (not shown)". */
extern const char redact_mark[];

/* The text (one line or many) on one line, "; " between what were lines. Caller frees. */
char *redact_words(const char *text);

/* A line that says where an error came up: was it a RAISE (ASSERT, or code in another language) of a function of the
 * database? Then the words of the error are that function's own, and may be anything. */
bool redact_is_raised(const char *line);

#endif
