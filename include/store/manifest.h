/*
 * manifest.h: NAME.backup.manifest.json, which lies beside each backup and says what it must be. It is on the
 * disk before the backup takes its name.
 */
#ifndef CMMS_MANIFEST_H
#define CMMS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"

/* What a backup is known to be. Words, never colour alone. */
typedef enum Level {
    LEVEL_NONE,     /* "Not verified": no manifest, or it does not match */
    LEVEL_LISTED,   /* "Listed": pg_restore --list reads it (the predecessor's check) */
    LEVEL_READ,     /* "Read": every byte decoded, but not all of its rows were ever compared with the database's: what
                       others made, and what could not be counted there. Justifies no removal. */
    LEVEL_VERIFIED, /* "Verified": the same, and its rows are those that the database had */
    LEVEL_PROVEN,   /* "Proven": restored into an empty database and counted */
    LEVEL_BAD       /* "Damaged": it failed a check */
} Level;
const char *level_name(Level level); /* "Not verified", "Listed", "Read", "Verified", "Proven", "Damaged" */
const char *level_word(Level level); /* for JSON: "none", "listed", "read", "verified", "proven", "damaged" */
Level level_from_word(const char *word);
bool level_is_good(Level level); /* verified or proven: it may justify the removal of an older one */

typedef struct TableCount {
    char *schema, *name; /* owned */
    int64_t rows;        /* in the archive; -1: not counted */
    int64_t expected;    /* at the dump's snapshot; -1: not counted there */
    uint64_t bytes;      /* of its data in the archive, decoded */
} TableCount;

typedef struct Manifest {
    char *file;            /* the backup's base name */
    uint64_t bytes;
    char *sha256;          /* 64 hex digits */
    char *quickxor;        /* base64, or NULL */
    int64_t started, finished; /* unix seconds */
    double seconds;
    Level level;
    int64_t listed_at, read_at, verified_at, proven_at; /* unix seconds; 0: never */
    char *database, *host; /* the host without credentials */
    /* Whose it is (source.h): what the server says of itself. NULL: not asked, or made before this was kept. */
    char *port, *system_identifier, *database_oid;
    char *timeline;        /* Neon's, which tells its branches apart */
    int64_t server_time;   /* the server's clock at `started`; 0: not known */
    char *user;            /* who ran it */
    char *computer;
    char *server_version, *tool_version, *archive_version, *compression;
    char *program_version;
    TableCount *tables;    /* in the archive's order */
    size_t table_count;
    int64_t large_objects, large_objects_expected; /* as rows and expected of a table; absent in a file: -1 */
    char **warnings;
    size_t warning_count;
    char **roles;          /* statements that make the database's roles anew (Snapshot.roles); absent in a file: none */
    size_t role_count;
    bool pinned;           /* retention leaves it alone; absent in a file: false */
    char *pin_reason;      /* or NULL */
    char *alarm;           /* the shrink alarm that it raised, or NULL */
    char *alarm_confirmed; /* who has looked at that, and when; NULL: nobody */
    char *contents;        /* "schema" or "data" where an archive of others holds only that; NULL: all */
    char *restore_with;    /* which pg_restore reads it: "pg_restore 16 or newer, with zstd"; or NULL */
    char *tool_path;       /* the pg_dump, where it was not ours; or NULL */
    char *log_hash;        /* of the log's newest entry when this was first written (auditlog.h); NULL: not noted */
    bool fallback;         /* it is not in the folder that was wanted */
    cJSON *others;         /* owned: members that this version does not know, kept when it is rewritten; or NULL */
} Manifest;

void manifest_init(Manifest *manifest);
void manifest_release(Manifest *manifest);
void manifest_add_table(Manifest *manifest, const char *schema, const char *name, int64_t rows, int64_t expected,
                        uint64_t bytes);
void manifest_add_warning(Manifest *manifest, const char *text);
void manifest_add_role(Manifest *manifest, const char *statement);

/* How a table is named to people: "schema.name", without "public.", on one line. `schema` may be NULL. Caller frees. */
char *table_label(const char *schema, const char *name);

/* How many rows in all: the sum of what was counted, at most INT64_MAX; -1 when none of its tables was. */
int64_t manifest_rows(const Manifest *manifest);

/* What its counts entitle it to, once every byte was read and its hash is as recorded: LEVEL_PROVEN where its proof
 * holds, LEVEL_VERIFIED where every table and the large objects are as many as the database had, else LEVEL_READ. */
Level manifest_level(const Manifest *manifest);

/* Made for a file that had none, of which nobody knows where it comes from, and that was not proven since. */
bool manifest_is_adopted(const Manifest *manifest);

/* Atomic (P6). */
bool manifest_write(const char *path, const Manifest *manifest, Error *err);
/* EK_NOT_FOUND when there is none, EK_DAMAGED when it is not what we write, EK_TOOL when a newer version wrote it. */
bool manifest_read(const char *path, Manifest *manifest, Error *err);
bool manifest_parse(const char *bytes, size_t len, Manifest *manifest, Error *err);
char *manifest_text(const Manifest *manifest); /* JSON; caller frees */

#endif
