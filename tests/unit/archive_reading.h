/* archive_reading.h: ways to read an archive from memory, for test_archive.c and test_archive_data.c. */
#ifndef CMMS_ARCHIVE_READING_H
#define CMMS_ARCHIVE_READING_H

#include "test_util.h"

#include "archive/archive_private.h"
#include "archive_builder.h"

/* The data of a table, as COPY sends them and pg_dump ends them. */
#define ROWS(text) text "\\.\n\n\n"

typedef struct Memory {
    const char *bytes;
    size_t len;
    size_t step;  /* 0: all at once */
    size_t at;    /* of the unthreaded reader */
    size_t fails; /* offset at which reading fails; 0: never */
} Memory;

static inline bool memory_read(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    const Memory *memory = context;
    if (memory->fails != 0 && offset >= memory->fails) {
        return error_set(err, EK_IO, "the disk is gone");
    }
    const size_t left = offset < memory->len ? memory->len - (size_t)offset : 0;
    *got = left < len ? left : len;
    if (memory->step != 0 && *got > memory->step) {
        *got = memory->step;
    }
    memcpy(buf, memory->bytes + (offset < memory->len ? (size_t)offset : 0), *got);
    return true;
}

static inline bool memory_more(ArchiveReader *reader, Error *err)
{
    Memory *memory = reader->context;
    (void)err;
    const size_t left = memory->len - memory->at;
    const size_t step = memory->step != 0 && memory->step < left ? memory->step : left;
    reader->at_end = step == 0;
    reader->next = (const uint8_t *)memory->bytes + memory->at;
    reader->end = reader->next + step;
    memory->at += step;
    reader->piece_end = memory->at;
    return true;
}

/* Without threads, in pieces of `step` bytes: fast enough for thousands of variants. */
static inline bool parse_pieces(const char *bytes, size_t len, size_t step, Archive *archive, Error *err)
{
    Memory memory = {bytes, len, step, 0, 0};
    ArchiveReader reader = {.size = len, .more = memory_more, .context = &memory};
    const bool ok = archive_parse_toc(&reader, archive, err) && archive_parse_data(&reader, archive, NULL, err);
    archive_reader_release(&reader);
    return ok;
}

/* As the program does it. */
static inline bool scan_memory(const char *bytes, size_t len, Archive *archive, ArchiveScan *scan, Error *err)
{
    Memory memory = {bytes, len, 0, 0, 0};
    const ArchiveSource source = {memory_read, &memory, len};
    return archive_scan_source(&source, 0, archive, scan, err);
}

/* The bytes are refused with this message. */
static inline void refused(const char *bytes, size_t len, const char *message)
{
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    assert_fails(parse_pieces(bytes, len, 0, &archive, &err), &err, EK_DAMAGED, message);
    archive_release(&archive);
}

static inline void refused_built(const BuildSpec *spec, const char *message)
{
    Built built;
    build_archive(spec, &built);
    refused(built.bytes.buf, built.bytes.len, message);
    built_release(&built);
}

#endif
