/*
 * auditlog.h: backup_log.json, the predecessor's array with more members, and its rotation.
 *
 * Each entry: {"timestamp":"YYYY-MM-DD HH:MM:SS","backup_file":…,"status":"started|success|failed|verified",
 * "message":…,"file_size":bytes} as before, and: "operation", "user", "computer", "seconds", "sha256",
 * "level", "actor" (who was signed in, where somebody was; "user" is the system's user), "server", "tables" and
 * "rows" (of a proof: what it was restored on, and what came back), "proven_at" (its moment in UTC), "previous"
 * (SHA-256 of the entry before, as written). The last 1000 stay in the file; older ones move to backup_log_YYYY.json,
 * and none is lost. A damaged file is kept aside as backup_log.damaged-….json and a new one begun, whose first entry
 * (operation "log") says so.
 */
#ifndef CMMS_AUDITLOG_H
#define CMMS_AUDITLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"

#define AUDITLOG_FILE "backup_log.json"
#define AUDITLOG_KEEP 1000
/* The year of a rotated file by its name, "backup_log_2026.json"; -1: it is none. */
int auditlog_year(const char *name);

typedef struct AuditEntry {
    const char *operation;   /* "backup", "verify", "delete", "settings", ... */
    const char *status;      /* "success", "failed", "verified"; "started" is followed by another of the same file, but
                                of "schedule", where a slot waits, and of "restore", where it was killed; of "verify",
                                "success" where the rows were never compared with a database's */
    const char *backup_file; /* base name, or NULL */
    const char *message;     /* no secret */
    uint64_t file_size;
    double seconds;          /* < 0: not told */
    const char *sha256;      /* or NULL */
    const char *level;       /* level_word, or NULL */
    const char *actor;       /* who is signed in, or NULL */
    const char *server;      /* of a proof: what it was restored on, and then what came back; NULL: none of the three */
    int64_t tables, rows;
    const char *there;       /* of a removal on SharePoint: Graph's numbers, "LIBRARY/FILE"; or NULL */
    int64_t proven_at;       /* of a proof that went well: the very moment that the manifest has; 0: not told */
} AuditEntry;

/* Appends under a lock of its own (waits up to ten seconds): two processes may append at once. Time, user and
 * computer are filled in. */
bool auditlog_append(const char *folder, const AuditEntry *entry, Error *err);

/* The newest `last` entries of backup_log.json itself, the oldest of them first, as an array; caller deletes. A
 * missing file gives none, a missing folder is EK_IO. */
bool auditlog_read(const char *folder, size_t last, cJSON **entries, Error *err);

/* Whether any entry is of this operation, or may have been: a log that cannot be read, or was damaged once, hides
 * some. */
bool auditlog_mentions(const char *folder, const char *operation);

/* What still stands by the newest AUDITLOG_KEEP entries: the message of the newest good one of the operation `begins`
 * that no good one of `ends` follows, without the words `lead` at its beginning. An entry of `ends` whose message
 * begins with `spares` ends nothing. NULL: none, or the log cannot be read. Caller frees. */
char *auditlog_standing(const char *folder, const char *begins, const char *lead, const char *ends,
                        const char *spares);

/* SHA-256 of the newest entry, as the next one's "previous" will have it; NULL: there is none, or it cannot be read.
 * Caller frees. */
char *auditlog_newest_hash(const char *folder);

/* Checks the chain of "previous" over rotated files and the current one, and that it still has the entry that was the
 * newest when each backup in the folder was made (its manifest's log_hash): what is cut off at the end leaves a chain
 * that holds. *entries is the number looked at; false with EK_DAMAGED names the first broken link or missing entry. */
bool auditlog_check(const char *folder, size_t *entries, Error *err);
/* One entry, for who goes through all of them. Borrowed for the call. */
typedef struct AuditLink {
    const cJSON *entry;
    const char *file;     /* base name of the file that has it */
    size_t number;        /* its place over all files, from 1 */
    const char *hash;     /* SHA-256 of it, as the next one's "previous" should have it */
    const char *previous; /* what it says of the one before; NULL: an entry of the predecessor's */
    bool follows;         /* and that is so, as far as the chain asks for it (auditlog.c) */
} AuditLink;

/* Goes through the rotated files and the current one, the oldest entry first, each entry once, until `visit` returns
 * false. A link that is broken does not end it. A file that cannot be read does not keep the others: it is the Error at
 * the end. */
bool auditlog_walk(const char *folder, bool (*visit)(void *context, const AuditLink *link), void *context, Error *err);

/* auditlog_check for the content of one file: the fuzzer's way in. */
bool auditlog_check_text(const char *bytes, size_t len, size_t *entries, Error *err);

#endif
