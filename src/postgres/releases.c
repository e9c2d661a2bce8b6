/* releases.c: one row a major. */
#include "postgres/releases.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * The least safe minor: none of its predecessors should be used, neither as a tool nor as a server. Since
 * 2026-11-12: 42 CVEs, among them pg_restore hardened against archives that were made to harm. Before that 2026-08-13
 * (18.6, 17.11: pg_dump's memory) and 2026-05-14 (18.4, 17.10: a hostile server overwrites pg_dump's stack), by the
 * release notes of 18.6 and 17.11.
 *
 * 17.12 and 15.20 are known as the releases of that day. 14.25 and 16.16 are derived: their numbers have gone in step
 * with those of 15 and 17. Of 18 only the August release, 18.6, was there to look at (18.5 never was one): what
 * followed is newer than that, whatever its number, and so 18.7 here. 14 ended on that day; 13 a year before.
 *
 * The same releases are the first whose standbys export snapshots that can be trusted.
 */
static const struct {
    int major, safe;
    const char *text;
} rows[] = {{14, 25, "14.25"}, {15, 20, "15.20"}, {16, 16, "16.16"}, {17, 12, "17.12"}, {18, 7, "18.7"}};
#define ROUND "November 2026"
#define OLDEST_MAJOR 14 /* older ones get no repairs any more */

static int row_of(int major)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].major == major) {
            return (int)i;
        }
    }
    return -1;
}

char *release_complaint(const char *program, const char *version)
{
    char *end = NULL;
    errno = 0;
    const long major = strtol(version, &end, 10);
    if (errno != 0 || end == version || major < 1) {
        return NULL;
    }
    if (major < OLDEST_MAJOR) {
        return mem_printf("%s %s is of a PostgreSQL that gets no security repairs any more", program, version);
    }
    const int row = major > 999 ? -1 : row_of((int)major);
    /* A beta has no minor: it is older than all of them. */
    const long minor = *end == '.' ? strtol(end + 1, NULL, 10) : -1;
    if (row < 0 || minor >= rows[row].safe) {
        return NULL;
    }
    return mem_printf("%s %s lacks the security repairs of " ROUND " (%s)", program, version, rows[row].text);
}

bool release_standby_exports(int server_version, const char **mended)
{
    const int row = row_of(server_version / 10000);
    *mended = row < 0 ? NULL : rows[row].text;
    if (row < 0) {
        return server_version / 10000 > OLDEST_MAJOR;
    }
    return server_version % 10000 >= rows[row].safe;
}

int release_oldest_server(int tool_major)
{
    return tool_major >= 15 ? 90200 : 80000; /* pg_dump.c: minRemoteVersion */
}

char *release_text(int server_version)
{
    if (server_version >= 100000) {
        return mem_printf("%d.%d", server_version / 10000, server_version % 10000);
    }
    return mem_printf("%d.%d", server_version / 10000, server_version / 100 % 100);
}
