/*
 * archive.h: reads PostgreSQL's custom-format archives (pg_dump -Fc), versions 1.10 to 1.16, every byte.
 *
 * The format is PostgreSQL's src/bin/pg_dump/pg_backup_archiver.{c,h} and pg_backup_custom.c: a header, the
 * table of contents (TOC), then one block per entry with data: a type byte (1 data, 3 large objects), the
 * entry's number, and length-prefixed chunks of one compressed stream, ended by a chunk of length 0.
 *
 * All that the file says is doubted: lengths, counts and depths have caps, and what is beyond them is
 * EK_DAMAGED with the offset. An archive of a newer version is EK_TOOL. Peak memory does not depend on the size
 * of the archive, only on its TOC.
 */
#ifndef CMMS_ARCHIVE_H
#define CMMS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "platform/fs.h"

typedef enum ArchiveCompression { ARCHIVE_NONE, ARCHIVE_GZIP, ARCHIVE_LZ4, ARCHIVE_ZSTD } ArchiveCompression;
const char *archive_compression_name(ArchiveCompression compression); /* "none", "gzip", "lz4", "zstd" */

typedef struct ArchiveEntry {
    int32_t id;         /* dump id */
    char *tag;          /* the object's name; texts are UTF-8, or what utf8_shown makes of the archive's bytes */
    char *desc;         /* "TABLE", "TABLE DATA", "BLOBS", "SEQUENCE SET", "EXTENSION", "ACL", ... */
    char *schema;       /* or NULL */
    char *owner;        /* or NULL */
    char *definition;   /* SQL; or NULL */
    uint64_t definition_at; /* where it stands in the file, and how long it is there */
    size_t definition_len;
    char *copy_statement; /* "COPY schema.table (…) FROM stdin;\n" for TABLE DATA, or NULL */
    bool has_data;      /* the TOC says that there is a data block */
    int64_t offset;     /* of its data block as the TOC says; -1: not told */
    /* Filled by archive_scan: */
    bool data_seen;
    uint64_t data_bytes; /* decoded */
    int64_t rows;       /* TABLE DATA: rows of COPY; BLOBS: large objects; -1 where rows cannot be counted
                           (--inserts) or there is no data */
} ArchiveEntry;

typedef struct Archive {
    int major, minor, revision;      /* archive version: 1.16.0 */
    int int_size, offset_size;
    ArchiveCompression compression;
    int64_t created;                 /* unix seconds, from the header's local time */
    char *database;                  /* as the header names it */
    char *server_version;            /* "17.11 (Debian …)" */
    char *tool_version;              /* pg_dump's */
    char *encoding;                  /* of its texts and rows: "UTF8"; NULL: it does not say */
    ArchiveEntry *entries;
    size_t entry_count;
} Archive;

typedef struct ArchiveScan {
    /* Optional: called now and then, on the calling thread, with bytes read so far and the file's size. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
    const Cancel *cancel;
    /* Results. */
    char sha256[65];
    char quickxor[29];
    uint64_t bytes;
} ArchiveScan;

void archive_init(Archive *archive);
void archive_release(Archive *archive);

/* The newest PostgreSQL whose pg_dump is known to write what is read here. */
#define ARCHIVE_NEWEST_TOOL 18

/* Header and TOC only. */
bool archive_read_toc(FsFile *file, Archive *archive, Error *err);

/* The rows of one table as COPY wrote them, decoded, in pieces of any size: its block is read where the TOC says that
 * it is, and nothing of it is checked but what decoding needs. `take` may say no: then no more comes, which is no
 * failure. EK_FOREIGN: the archive does not tell where (offset), or has INSERTs. */
bool archive_read_rows(FsFile *file, const Archive *archive, const ArchiveEntry *entry,
                       bool (*take)(void *context, const uint8_t *bytes, size_t len), void *context, Error *err);

/* "pg_trgm, postgis" and "reader, PUBLIC": the extensions, and the roles beside the owners to whom rights are granted,
 * by the TOC; empty where there are none. Caller frees. */
char *archive_extensions(const Archive *archive);
char *archive_grantees(const Archive *archive);

/* "pg_restore 16 or newer, with zstd": what it takes to read the archive without this program. Caller frees. */
char *archive_needs(const Archive *archive);
/* The same of what a pg_dump of this major will write with this compression ("zstd:1"). Caller frees. */
char *archive_will_need(int tool_major, const char *compression);

/* Header, TOC and every data block: each is decoded to its end and its rows are counted; every entry that
 * should have data must have had it, once, and nothing may follow but a copy of the TOC with the offsets, as
 * `pg_dump -Fc > file` leaves it on Unix. In the same pass over the file SHA-256 and
 * quickXorHash of all of it. On failure `archive` holds what was read (for a report), the rest of the hash is
 * still computed where the file can be read, and err is EK_DAMAGED with the offset and the entry's name: the damage
 * that comes first in the file, however many threads worked (for that a damaged file is read twice). A file
 * that cannot be read to its end (EK_IO) or a cancelled scan leaves the results empty; so does a file that is damaged
 * when it is read once and good when it is read again (EK_IO). */
bool archive_scan(FsFile *file, Archive *archive, ArchiveScan *scan, Error *err);

/* archive_scan of a file that pg_dump is about to write: start when it is still empty, finish when nobody writes into
 * it any more. What could be read on the way has been read; the results and the errors are those of archive_scan,
 * `done` in its progress counts the bytes that are hashed. Start never fails: what cannot be followed is read in
 * finish. Nothing is promised of a file that is removed and made anew in between: free the follower first. */
typedef struct ArchiveFollower ArchiveFollower;
ArchiveFollower *archive_follow_start(const char *path);
void archive_follow_complete(ArchiveFollower *follower); /* it is written: the rest of the work begins. Optional */
bool archive_follow_finish(ArchiveFollower *follower, Archive *archive, ArchiveScan *scan, Error *err); /* once */
void archive_follow_free(ArchiveFollower *follower); /* stops it, closes the file; NULL is fine */

#endif
