/* archive_private.h: shared by archive*.c, its tests and its fuzzer; nobody else includes it. */
#ifndef CMMS_ARCHIVE_PRIVATE_H
#define CMMS_ARCHIVE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/join.h"
#include "base/error.h"
#include "compiler.h"
#include "platform/cancel.h"

/* Caps on what a file may ask for. Real archives stay far below. */
#define ARCHIVE_MAX_ENTRIES 20000000 /* more would not fit into memory */
#define ARCHIVE_MAX_TEXT (64 * 1024 * 1024)       /* one string of the TOC */
#define ARCHIVE_MAX_TOC_TEXT (256u * 1024u * 1024u) /* all that are kept */

/* --- where bytes come from ------------------------------------------------------------------------------- */

/* A file or a piece of memory, read from its start to its end. */
typedef struct ArchiveSource {
    bool (*read)(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err);
    void *context;
    uint64_t size;
} ArchiveSource;

/* The parser's view: a current piece of bytes, and a way to the next one. One thread. */
typedef struct ArchiveReader ArchiveReader;
struct ArchiveReader {
    const uint8_t *next, *end; /* what is left of the piece */
    uint64_t piece_end;        /* the file's offset of `end` */
    uint64_t size;             /* of the file */
    bool at_end;               /* no piece follows */
    /* Sets next, end and piece_end to the following piece, or at_end. False: the file cannot be read, or the
     * work was stopped. */
    bool (*more)(ArchiveReader *reader, Error *err);
    void *context;
    char *where; /* owned: what is being read, for messages: "in the table of contents" */
    uint64_t toc_bytes, toc_digest; /* of the entries but for their offsets; archive_toc.c alone */
};

void archive_reader_release(ArchiveReader *reader);
void archive_reader_where(ArchiveReader *reader, const char *format, ...) CMMS_PRINTF(2, 3);
uint64_t archive_reader_offset(const ArchiveReader *reader);
uint64_t archive_reader_left(const ArchiveReader *reader); /* bytes to the end of the file */
/* Makes next < end, unless the file is at its end (at_end). */
bool archive_reader_fill(ArchiveReader *reader, Error *err);
/* These fail with EK_DAMAGED when the file ends. */
bool archive_reader_byte(ArchiveReader *reader, uint8_t *byte, Error *err);
bool archive_reader_bytes(ArchiveReader *reader, void *buf, size_t len, Error *err);
bool archive_reader_int(ArchiveReader *reader, int int_size, int32_t *value, Error *err);
bool archive_reader_skip(ArchiveReader *reader, uint64_t len, Error *err);
/* EK_DAMAGED, "PROBLEM at byte OFFSET, WHERE". Returns false. */
bool archive_damaged(const ArchiveReader *reader, uint64_t offset, Error *err, const char *format, ...)
    CMMS_PRINTF(4, 5);

/* --- the parts of the parser ----------------------------------------------------------------------------- */

bool archive_parse_toc(ArchiveReader *reader, Archive *archive, Error *err);  /* archive_toc.c */
/* That of a folder or a tar, toc.dat, to its end: no entry has an offset. */
typedef struct ArchiveSpan {
    uint64_t at;
    size_t len;
} ArchiveSpan;
typedef struct ArchiveSplice { /* zeroed; what is otherwise in a file of its own */
    uint64_t compression_at;
    size_t compression_len;
    ArchiveSpan *names; /* one an entry: the name of its file. The caller frees them, also on failure */
    size_t count, capacity;
} ArchiveSplice;
bool archive_parse_toc_parts(ArchiveReader *reader, Archive *archive, ArchiveSplice *splice, Error *err);
/* The second copy of the entries that may follow the data (archive_data.c says when): the same but for the offsets,
 * which are `offsets`, one an entry; of those without data it does not matter. */
bool archive_parse_toc_copy(ArchiveReader *reader, const Archive *archive, const uint64_t *offsets, Error *err);
bool archive_parse_data(ArchiveReader *reader, Archive *archive, const Cancel *cancel, Error *err); /* archive_data.c */

/* Header and TOC, or all of it, on the calling thread. */
bool archive_read_toc_source(const ArchiveSource *source, Archive *archive, Error *err);
bool archive_read_source(const ArchiveSource *source, Archive *archive, const Cancel *cancel, Error *err);

/* The threaded pass behind archive_scan (archive_scan.c), with so many threads that decode; 0: as the machine has. */
bool archive_scan_source(const ArchiveSource *source, unsigned decoders, Archive *archive, ArchiveScan *scan,
                         Error *err);

/* archive_follow.c over something else than a file; `read` is called on any thread. A source without a context is
 * one that could not be opened. served: the results are the follower's, and not of a second reading of everything. */
ArchiveFollower *archive_follow_source(const ArchiveSource *source);
bool archive_follow_finish_source(ArchiveFollower *follower, uint64_t size, Archive *archive, ArchiveScan *scan,
                                  Error *err);
bool archive_follow_served(const ArchiveFollower *follower);

/* --- data blocks, for those that do not read them in a row (archive_data.c) ------------------------------- */

/* Which entry a block belongs to, and which blocks have come. Release it also when init failed. */
typedef struct ArchiveIndex {
    Archive *archive;
    const ArchiveEntry **by_id; /* of the entries with data, sorted */
    size_t data_count;
    size_t seen_count;
    uint64_t *found_at; /* where each entry's block begins, by its place in the TOC; 0: not seen */
} ArchiveIndex;
bool archive_index_init(ArchiveIndex *index, const ArchiveReader *reader, Archive *archive, Error *err);
void archive_index_release(ArchiveIndex *index);

/* Decodes all blocks in their order; archive_parse_data is this with an index of its own. */
bool archive_parse_blocks(ArchiveReader *reader, ArchiveIndex *index, const Cancel *cancel, Error *err);

/* Only follows the lengths: `found` is called with each block's entry and the offset behind the block's head. What
 * it refuses archive_parse_blocks refuses too, with better words. */
bool archive_split_data(ArchiveReader *reader, ArchiveIndex *index,
                        void (*found)(void *context, ArchiveEntry *entry, uint64_t offset), void *context, Error *err);

/* A set of large objects, by number. */
typedef struct ArchiveObjects {
    int64_t count;
    uint64_t sum;
} ArchiveObjects;

/* Decodes one block, where the reader stands behind its head. */
typedef struct ArchiveDecoder ArchiveDecoder;
ArchiveDecoder *archive_decoder_new(ArchiveReader *reader, const Archive *archive, const Cancel *cancel);
void archive_decoder_free(ArchiveDecoder *decoder); /* NULL is fine */
bool archive_decode_block(ArchiveDecoder *decoder, ArchiveEntry *entry, Error *err);
const ArchiveObjects *archive_decoder_objects(const ArchiveDecoder *decoder); /* of all its blocks */
/* Those that came are those that are listed. */
bool archive_check_objects(ArchiveReader *reader, const Archive *archive, const ArchiveObjects *objects, Error *err);

/* --- one compressed stream (archive_stream.c) ------------------------------------------------------------ */

typedef struct ArchiveStream ArchiveStream;
/* Takes decoded bytes; false stops. */
typedef bool (*ArchiveTake)(void *context, const uint8_t *bytes, size_t len);

ArchiveStream *archive_stream_new(ArchiveCompression compression, ArchiveTake take, void *context);
/* The same of a file of its own (5.dat.gz): zlib's stream has gzip's wrapper there. */
ArchiveStream *archive_stream_new_file(ArchiveCompression compression, ArchiveTake take, void *context);
void archive_stream_free(ArchiveStream *stream); /* NULL is fine */
void archive_stream_begin(ArchiveStream *stream);
/* False: *problem is a static text, or NULL when `take` said stop. */
bool archive_stream_feed(ArchiveStream *stream, const uint8_t *bytes, size_t len, const char **problem);
bool archive_stream_end(ArchiveStream *stream, const char **problem);

/* --- archives in several files: archive_parts.c, archive_join.c -------------------------------------------- */

typedef enum ArchivePartKind {
    PART_TOC,    /* toc.dat */
    PART_DATA,   /* 5.dat: of the entry 5 */
    PART_LIST,   /* blobs_5.toc, or blobs.toc (0), as before 1.16: which large objects an entry has */
    PART_OBJECT, /* blob_5.dat: the large object 5 */
    PART_SCRIPT  /* restore.sql: of a tar; nobody reads it */
} ArchivePartKind;

typedef struct ArchivePart {
    ArchivePartKind kind;
    uint32_t number;
    ArchiveCompression packed; /* by the end of its name: .gz, .lz4, .zst */
    uint64_t at, size;         /* at: in the tar */
    bool is_link;
} ArchivePart;

typedef struct ArchiveParts { /* zeroed */
    ArchivePart *items;
    size_t count, capacity;
} ArchiveParts;

/* Kind, number and packing by the name; false: it is none that pg_dump writes. */
bool archive_part_parse(const char *name, ArchivePart *part);
typedef struct ArchivePartName {
    char text[40];
} ArchivePartName;
ArchivePartName archive_part_name(const ArchivePart *part);

void archive_parts_release(ArchiveParts *parts);
void archive_parts_add(ArchiveParts *parts, const ArchivePart *part);
/* Behind the last one: sorted, to be found. EK_FOREIGN: one is there twice, or is a link. */
bool archive_parts_settle(ArchiveParts *parts, Error *err);
/* The least packed one, as pg_restore takes it; NULL: it is not there. */
const ArchivePart *archive_parts_find(const ArchiveParts *parts, ArchivePartKind kind, uint32_t number);

/* The members of a tar that pg_dump wrote, settled, every header and what is between them. EK_DAMAGED; EK_FOREIGN: it
 * holds what pg_dump never writes: links, names with a path. */
bool archive_parts_of_tar(const ArchiveSource *tar, ArchiveParts *parts, Error *err);

/* Where the parts are. */
typedef struct ArchivePartsFrom {
    /* The bytes of a part, until `close`, which may be NULL. */
    bool (*open)(void *context, const ArchivePart *part, ArchiveSource *source, Error *err);
    void (*close)(void *context, ArchiveSource *source);
    void *context;
    const ArchiveParts *parts;
} ArchivePartsFrom;
bool archive_join_parts(const ArchivePartsFrom *from, ArchiveJoin *join, Error *err);
bool archive_join_tar(const ArchiveSource *tar, ArchiveJoin *join, Error *err);

#endif
