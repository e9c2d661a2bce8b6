/* archive.c: the reader's ground floor: bytes in pieces, numbers, messages; and reading on the calling thread. */
#include "archive_private.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"

#define PIECE_SIZE (256u * 1024u)

const char *archive_compression_name(ArchiveCompression compression)
{
    static const char *const names[] = {"none", "gzip", "lz4", "zstd"};
    return names[compression];
}

void archive_init(Archive *archive)
{
    *archive = (Archive){0};
}

void archive_release(Archive *archive)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        ArchiveEntry *entry = &archive->entries[i];
        mem_free(entry->tag);
        mem_free(entry->desc);
        mem_free(entry->schema);
        mem_free(entry->owner);
        mem_free(entry->definition);
        mem_free(entry->copy_statement);
        mem_free(entry->needs);
    }
    mem_free(archive->entries);
    mem_free(archive->database);
    mem_free(archive->server_version);
    mem_free(archive->tool_version);
    mem_free(archive->encoding);
    archive_init(archive);
}

/* --- the parser's view of the bytes ---------------------------------------------------------------------- */

void archive_reader_release(ArchiveReader *reader)
{
    mem_free(reader->where);
    reader->where = NULL;
}

void archive_reader_where(ArchiveReader *reader, const char *format, ...)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    va_list args;
    va_start(args, format);
    if (!strbuf_vaddf(&text, format, args)) {
        strbuf_clear(&text);
        strbuf_addstr(&text, "in an entry with an overlong name");
    }
    va_end(args);
    /* Names may hold line ends and worse: a message is one line. */
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.buf[i];
        if (c < 0x20 || c == 0x7f) {
            text.buf[i] = ' ';
        }
    }
    mem_free(reader->where);
    reader->where = strbuf_detach(&text);
}

uint64_t archive_reader_offset(const ArchiveReader *reader)
{
    return reader->piece_end - (uint64_t)(reader->end - reader->next);
}

uint64_t archive_reader_left(const ArchiveReader *reader)
{
    const uint64_t offset = archive_reader_offset(reader);
    return offset < reader->size ? reader->size - offset : 0;
}

bool archive_damaged(const ArchiveReader *reader, uint64_t offset, Error *err, const char *format, ...)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    va_list args;
    va_start(args, format);
    strbuf_vaddf(&text, format, args);
    va_end(args);
    error_set(err, EK_DAMAGED, "%s at byte %llu, %s", text.buf, (unsigned long long)offset, reader->where);
    strbuf_release(&text);
    return false;
}

bool archive_reader_fill(ArchiveReader *reader, Error *err)
{
    while (reader->next == reader->end && !reader->at_end) {
        if (!reader->more(reader, err)) {
            return false;
        }
    }
    return true;
}

bool archive_reader_bytes(ArchiveReader *reader, void *buf, size_t len, Error *err)
{
    uint8_t *to = buf;
    while (len > 0) {
        if (!archive_reader_fill(reader, err)) {
            return false;
        }
        if (reader->at_end) {
            return archive_damaged(reader, archive_reader_offset(reader), err, "the file ends too early");
        }
        const size_t have = (size_t)(reader->end - reader->next);
        const size_t step = have < len ? have : len;
        memcpy(to, reader->next, step);
        reader->next += step;
        to += step;
        len -= step;
    }
    return true;
}

bool archive_reader_byte(ArchiveReader *reader, uint8_t *byte, Error *err)
{
    if (reader->next < reader->end) {
        *byte = *reader->next++;
        return true;
    }
    return archive_reader_bytes(reader, byte, 1, err);
}

/* An integer is a sign byte and the magnitude, lowest byte first. */
bool archive_reader_int(ArchiveReader *reader, int int_size, int32_t *value, Error *err)
{
    uint8_t bytes[9];
    const size_t len = (size_t)int_size + 1;
    const uint64_t offset = archive_reader_offset(reader);
    if (!archive_reader_bytes(reader, bytes, len, err)) {
        return false;
    }
    uint64_t magnitude = 0;
    for (size_t i = len; i-- > 1;) {
        magnitude = magnitude << 8 | bytes[i];
    }
    /* The lowest number has no positive twin; large objects' numbers above 2^31 are written as negative. */
    if (bytes[0] > 1 || magnitude > (uint64_t)INT32_MAX + bytes[0]) {
        return archive_damaged(reader, offset, err, "a number is out of its range");
    }
    *value = bytes[0] == 0 ? (int32_t)magnitude : (int32_t)-(int64_t)magnitude;
    return true;
}

bool archive_reader_skip(ArchiveReader *reader, uint64_t len, Error *err)
{
    while (len > 0) {
        if (!archive_reader_fill(reader, err)) {
            return false;
        }
        if (reader->at_end) {
            return archive_damaged(reader, archive_reader_offset(reader), err, "the file ends too early");
        }
        const size_t have = (size_t)(reader->end - reader->next);
        const size_t step = have < len ? have : (size_t)len;
        reader->next += step;
        len -= step;
    }
    return true;
}

/* --- on the calling thread ------------------------------------------------------------------------------------- */

typedef struct Direct {
    const ArchiveSource *source;
    uint8_t *buf;
} Direct;

static bool direct_more(ArchiveReader *reader, Error *err)
{
    Direct *direct = reader->context;
    size_t got = 0;
    if (!direct->source->read(direct->source->context, reader->piece_end, direct->buf, PIECE_SIZE, &got, err)) {
        return false;
    }
    reader->next = direct->buf;
    reader->end = direct->buf + got;
    reader->piece_end += got;
    reader->at_end = got == 0;
    return true;
}

static bool read_direct(const ArchiveSource *source, bool data, Archive *archive, const Cancel *cancel, Error *err)
{
    Direct direct = {source, mem_alloc(PIECE_SIZE)};
    ArchiveReader reader = {.size = source->size, .more = direct_more, .context = &direct};
    const bool ok =
        archive_parse_toc(&reader, archive, err) && (!data || archive_parse_data(&reader, archive, cancel, err));
    archive_reader_release(&reader);
    mem_free(direct.buf);
    return ok;
}

bool archive_read_toc_source(const ArchiveSource *source, Archive *archive, Error *err)
{
    Archive found;
    archive_init(&found);
    const bool ok = read_direct(source, false, &found, NULL, err);
    if (ok) {
        archive_release(archive);
        *archive = found;
    } else {
        archive_release(&found);
    }
    return ok;
}

bool archive_read_source(const ArchiveSource *source, Archive *archive, const Cancel *cancel, Error *err)
{
    archive_release(archive);
    return read_direct(source, true, archive, cancel, err);
}

/* --- files ----------------------------------------------------------------------------------------------- */

static bool file_read(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    return fs_read_at(context, offset, buf, len, got, err);
}

bool archive_read_toc(FsFile *file, Archive *archive, Error *err)
{
    ArchiveSource source = {file_read, file, 0};
    return fs_size(file, &source.size, err) && archive_read_toc_source(&source, archive, err);
}

/* Behind the block's head: the chunks of one stream. */
static bool feed_stream(ArchiveReader *reader, int int_size, ArchiveStream *stream, Error *err)
{
    archive_stream_begin(stream);
    for (;;) {
        const uint64_t offset = archive_reader_offset(reader);
        const char *problem = NULL;
        int32_t len = 0;
        if (!archive_reader_int(reader, int_size, &len, err)) {
            return false;
        }
        if (len < 0 || (uint64_t)len > archive_reader_left(reader)) {
            return archive_damaged(reader, offset, err, "the length of a piece of data is impossible (%ld)", (long)len);
        }
        if (len == 0) {
            return archive_stream_end(stream, &problem) || problem == NULL ||
                   archive_damaged(reader, offset, err, "%s", problem);
        }
        for (size_t left = (size_t)len; left > 0;) {
            if (!archive_reader_fill(reader, err)) {
                return false;
            }
            if (reader->at_end) {
                return archive_damaged(reader, archive_reader_offset(reader), err, "the file ends too early");
            }
            const size_t have = (size_t)(reader->end - reader->next), step = have < left ? have : left;
            if (!archive_stream_feed(stream, reader->next, step, &problem)) {
                return problem == NULL || archive_damaged(reader, offset, err, "%s", problem);
            }
            reader->next += step;
            left -= step;
        }
    }
}

bool archive_read_rows(FsFile *file, const Archive *archive, const ArchiveEntry *entry,
                       bool (*take)(void *context, const uint8_t *bytes, size_t len), void *context, Error *err)
{
    ArchiveSource source = {file_read, file, 0};
    uint8_t type = 0;
    int32_t id = 0;
    if (entry->offset <= 0 || entry->copy_statement == NULL) {
        return error_set(err, EK_FOREIGN, "the rows of %s cannot be read by themselves", entry->tag);
    }
    if (!fs_size(file, &source.size, err)) {
        return false;
    }
    Direct direct = {&source, mem_alloc(PIECE_SIZE)};
    ArchiveReader reader = {.piece_end = (uint64_t)entry->offset, .size = source.size, .more = direct_more,
                            .context = &direct};
    ArchiveStream *stream = archive_stream_new(archive->compression, take, context);
    archive_reader_where(&reader, "in the data of table %s", entry->tag);
    bool ok = archive_reader_byte(&reader, &type, err) && archive_reader_int(&reader, archive->int_size, &id, err);
    if (ok && (type != 1 || id != entry->id)) {
        ok = archive_damaged(&reader, (uint64_t)entry->offset, err,
                             "the data are not where the table of contents says");
    }
    ok = ok && feed_stream(&reader, archive->int_size, stream, err);
    archive_stream_free(stream);
    archive_reader_release(&reader);
    mem_free(direct.buf);
    return ok;
}

bool archive_scan(FsFile *file, Archive *archive, ArchiveScan *scan, Error *err)
{
    ArchiveSource source = {file_read, file, 0};
    return fs_size(file, &source.size, err) && archive_scan_source(&source, 0, archive, scan, err);
}
