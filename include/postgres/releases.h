/*
 * releases.h: what is known of PostgreSQL's releases by their numbers. The one place for it: a new round of releases
 * changes the table in src/postgres/releases.c and nothing else.
 */
#ifndef CMMS_RELEASES_H
#define CMMS_RELEASES_H

#include <stdbool.h>

/* What speaks against a program of that release, in words for `doctor` and `--version --verbose`: "pg_dump 17.11 lacks
 * the security repairs of November 2026 (17.12)". `version` is "17.11", as `--version` says. NULL: nothing is known
 * against it. Caller frees. */
char *release_complaint(const char *program, const char *version);

/* Whether a server of that version (170011, as libpq tells it) exports a snapshot that can be trusted while it is a
 * standby. *mended: the first that does ("17.12"), or NULL where none does; borrowed. */
bool release_standby_exports(int server_version, const char **mended);

/* The oldest server that a pg_dump of this major saves, as libpq's number (90200). */
int release_oldest_server(int tool_major);

/* "9.1" of 90124, "17.11" of 170011. Caller frees. */
char *release_text(int server_version);

#endif
