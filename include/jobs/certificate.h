/*
 * certificate.h: the certificate of a proof: one page that says which file was restored, where, when, by whom, what
 * came back, and on which entry of the log that stands.
 *
 * It is given for what holds now: the manifest says that the backup is proven, the file is read to its last byte and
 * has the SHA-256 that was proven, the log has the entry of that proof and none behind it that says that these bytes
 * are damaged, and the log's chain holds to its newest entry. Else it is refused. It is no signature: who may write
 * into the folder could write all of this; but whoever has the page has the entry's hash, which nobody can change
 * afterwards without its being seen.
 */
#ifndef CMMS_CERTIFICATE_H
#define CMMS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/job.h"
#include "base/strbuf.h"
#include "platform/cancel.h"
#include "store/manifest.h"

/* The entry of the log, as auditlog_walk found it. */
typedef struct CertificateEntry {
    cJSON *entry;     /* owned */
    char *file;       /* owned: which file of the log has it */
    char *hash;       /* owned: its SHA-256 */
    size_t number;    /* its place, from 1 */
    size_t entries;   /* how many the log has */
    char *newest;     /* owned: the SHA-256 of the newest; or NULL */
    cJSON *against;   /* owned: an entry behind it by which a proof or a check of these bytes failed: the newest, or the
                         one that says that they are damaged; or NULL */
    size_t linked;    /* the first that says which one was before it, from 1; 0: none does */
    char *anew;       /* owned: when the log was begun anew, having been damaged; or NULL */
} CertificateEntry;

typedef struct CertificateFacts { /* all borrowed */
    const char *name;          /* of the file: its base name */
    const Manifest *manifest;
    const char *sha256;        /* of the file, as it was read just now */
    uint64_t bytes;
    const CertificateEntry *proof; /* of the newest proof of these bytes; entry NULL: there is none */
    const Error *log;          /* what is wrong with the log's chain; EK_NONE: nothing */
} CertificateFacts;

typedef struct Certificate {
    char *file, *sha256;
    uint64_t bytes;
    int64_t made;              /* when the backup was, unix seconds */
    char *source;              /* of which database, in words; or NULL */
    char *made_with;           /* "PostgreSQL 17.5, pg_dump 17.5"; or NULL */
    char *proven;              /* as the log has it: "2026-01-19 14:30:52", by that computer's clock */
    int64_t proven_at;         /* as the manifest has it, unix seconds */
    double seconds;            /* that it took, reading the file included; -1: not known */
    char *server;              /* the engine: "PostgreSQL 18.1"; NULL: that proof's entry has it in its words alone */
    int64_t tables, rows;      /* that came back; -1 where server is NULL */
    char *words;               /* the entry's */
    char *since;               /* that it failed later, for a reason that may not be its own; or NULL */
    char *user, *computer;     /* who, and where */
    char *actor;               /* who was signed in; or NULL */
    char *log_file;            /* the entry's place in the log */
    size_t number, entries;
    char *hash, *previous;     /* of the entry, and of the one before it */
    char *newest;              /* of the newest entry when this was issued */
    size_t linked;             /* as in CertificateEntry */
    char *anew;
    int64_t issued;
} Certificate;

void certificate_init(Certificate *certificate);
void certificate_release(Certificate *certificate);

/* Pure. EK_FOREIGN: the file is not proven. EK_DAMAGED: it is not what was proven, or the log does not bear it out.
 * Replaces what it holds. */
bool certificate_judge(const CertificateFacts *facts, int64_t now, Certificate *certificate, Error *err);

/* Reads the file to its last byte and the log beside it. `certificate` is initialised. Changes nothing. EK_NOT_FOUND
 * and EK_IO as well. */
bool certificate_make(const char *path, const JobSink *sink, const Cancel *cancel, Certificate *certificate,
                      Error *err);

/* The page; `page` is initialised. */
void certificate_page(const Certificate *certificate, StrBuf *page);
/* "CMMS Backup proof NAME.html". Caller frees. */
char *certificate_page_name(const char *file);
/* For JSON; caller deletes. */
cJSON *certificate_document(const Certificate *certificate);

/* All of it: makes it and writes the page to `out`; NULL: to the user's own pages. *written (caller frees) is where. */
bool certificate_issue(const char *path, const char *out, const JobSink *sink, const Cancel *cancel,
                       Certificate *certificate, char **written, Error *err);

#endif
