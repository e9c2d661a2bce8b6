/*
 * archive.c: the reader's ground floor, and the pass over a whole archive.
 *
 * A scan is a pipeline of three threads over a small ring of buffers. The caller's thread reads the file from
 * start to end. One worker hashes each buffer; the other parses and decodes it (archive_toc.c, archive_data.c,
 * archive_stream.c). Both look at the same bytes and a buffer is used again when both are done with it:
 *
 *     produced   buffers read so far                          under lock
 *     hashed     buffers that the hasher is done with         under lock
 *     parsed     the same for the parser; it jumps to the end when parsing failed, so that the rest of the
 *                file is still read and hashed                under lock
 *
 * A slot belongs to the reader while produced - min(hashed, parsed) < RING_SLOTS, and is read-only otherwise.
 * The parser is ordinary sequential code: it asks for its next piece and sleeps until there is one.
 */
#include "archive_private.h"

#include "fs.h"
#include "hash.h"
#include "mem.h"
#include "strbuf.h"
#include "thread.h"

#define PIECE_SIZE (1024u * 1024u)
#define RING_SLOTS 8u

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
    }
    mem_free(archive->entries);
    mem_free(archive->database);
    mem_free(archive->server_version);
    mem_free(archive->tool_version);
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

/* --- header and TOC only --------------------------------------------------------------------------------- */

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

bool archive_read_toc_source(const ArchiveSource *source, Archive *archive, Error *err)
{
    Direct direct = {source, mem_alloc(PIECE_SIZE)};
    ArchiveReader reader = {.size = source->size, .more = direct_more, .context = &direct};
    Archive found;
    archive_init(&found);
    const bool ok = archive_parse_toc(&reader, &found, err);
    if (ok) {
        archive_release(archive);
        *archive = found;
    } else {
        archive_release(&found);
    }
    archive_reader_release(&reader);
    mem_free(direct.buf);
    return ok;
}

/* --- the pass over the whole file ------------------------------------------------------------------------ */

typedef struct Slot {
    uint8_t *bytes;
    size_t len;
} Slot;

typedef struct Scan {
    /* Set before start. */
    const ArchiveSource *source;
    const Cancel *cancel;
    Mutex *mutex;
    Cond *cond;
    Slot slots[RING_SLOTS];
    /* Under lock. */
    uint64_t produced, hashed, parsed;
    bool ended;   /* nothing more will be produced */
    bool stopped; /* the read failed or the user cancelled: the workers stop where they are */
    bool parser_gone;
    /* Parser only, until it is joined. */
    ArchiveReader reader;
    uint64_t taken; /* pieces handed to the parser */
    Archive *archive;
    bool parsed_well;
    Error error;
    /* Hasher only, until it is joined. */
    char sha256[65];
    char quickxor[29];
} Scan;

/* Waits for slot number `index`; false at the end or when stopped. */
static bool await_slot(Scan *scan, uint64_t index, bool *stopped)
{
    mutex_lock(scan->mutex);
    while (scan->produced <= index && !scan->ended && !scan->stopped) {
        cond_wait(scan->cond, scan->mutex);
    }
    *stopped = scan->stopped;
    const bool there = scan->produced > index && !scan->stopped;
    mutex_unlock(scan->mutex);
    return there;
}

static void hash_all(void *argument)
{
    Scan *scan = argument;
    Sha256 *sha256 = sha256_new();
    QuickXor quickxor;
    quickxor_init(&quickxor);
    bool stopped = false;
    for (uint64_t index = 0; await_slot(scan, index, &stopped); index++) {
        const Slot *slot = &scan->slots[index % RING_SLOTS];
        sha256_update(sha256, slot->bytes, slot->len);
        quickxor_update(&quickxor, slot->bytes, slot->len);
        mutex_lock(scan->mutex);
        scan->hashed = index + 1;
        cond_broadcast(scan->cond);
        mutex_unlock(scan->mutex);
    }
    if (stopped) {
        sha256_free(sha256);
    } else {
        sha256_finish(sha256, scan->sha256);
        quickxor_finish(&quickxor, scan->quickxor);
    }
}

static bool ring_more(ArchiveReader *reader, Error *err)
{
    Scan *scan = reader->context;
    mutex_lock(scan->mutex);
    scan->parsed = scan->taken; /* the piece before is done with */
    cond_broadcast(scan->cond);
    mutex_unlock(scan->mutex);
    bool stopped = false;
    if (await_slot(scan, scan->taken, &stopped)) {
        const Slot *slot = &scan->slots[scan->taken % RING_SLOTS];
        reader->next = slot->bytes;
        reader->end = slot->bytes + slot->len;
        reader->piece_end += slot->len;
        scan->taken++;
        return true;
    }
    if (stopped) {
        return error_set(err, EK_CANCELLED, "the check was stopped");
    }
    reader->at_end = true;
    return true;
}

static void parse_all(void *argument)
{
    Scan *scan = argument;
    scan->parsed_well = archive_parse_toc(&scan->reader, scan->archive, &scan->error) &&
                        archive_parse_data(&scan->reader, scan->archive, scan->cancel, &scan->error);
    mutex_lock(scan->mutex);
    scan->parser_gone = true;
    cond_broadcast(scan->cond);
    mutex_unlock(scan->mutex);
}

static uint64_t done_with(const Scan *scan)
{
    return scan->parser_gone || scan->hashed < scan->parsed ? scan->hashed : scan->parsed;
}

/* Waits until slot number `index` may be written. */
static Slot *free_slot(Scan *scan, uint64_t index)
{
    mutex_lock(scan->mutex);
    while (index - done_with(scan) >= RING_SLOTS) {
        cond_wait(scan->cond, scan->mutex);
    }
    mutex_unlock(scan->mutex);
    Slot *slot = &scan->slots[index % RING_SLOTS];
    if (slot->bytes == NULL) {
        slot->bytes = mem_alloc(PIECE_SIZE);
    }
    slot->len = 0;
    return slot;
}

/* Reads the whole file into the ring, on the caller's thread. */
static bool produce(Scan *scan, ArchiveScan *request, uint64_t *total, Error *err)
{
    uint64_t offset = 0;
    for (uint64_t index = 0;; index++) {
        if (cancel_requested(scan->cancel)) {
            return error_set(err, EK_CANCELLED, "the check was cancelled");
        }
        Slot *slot = free_slot(scan, index);
        size_t got = 0;
        do {
            if (!scan->source->read(scan->source->context, offset, slot->bytes + slot->len, PIECE_SIZE - slot->len,
                                    &got, err)) {
                return false;
            }
            slot->len += got;
            offset += got;
        } while (got > 0 && slot->len < PIECE_SIZE);
        if (slot->len == 0) {
            *total = offset;
            return true;
        }
        mutex_lock(scan->mutex);
        scan->produced = index + 1;
        cond_broadcast(scan->cond);
        mutex_unlock(scan->mutex);
        if (request->progress != NULL) {
            request->progress(request->context, offset, scan->source->size > offset ? scan->source->size : offset);
        }
    }
}

bool archive_scan_source(const ArchiveSource *source, Archive *archive, ArchiveScan *request, Error *err)
{
    Scan *scan = mem_alloc(sizeof *scan);
    scan->source = source;
    scan->cancel = request->cancel;
    scan->mutex = mutex_new();
    scan->cond = cond_new();
    scan->reader = (ArchiveReader){.size = source->size, .more = ring_more, .context = scan};
    scan->archive = archive;
    archive_release(archive);

    Thread *hasher = thread_start(hash_all, scan);
    Thread *parser = thread_start(parse_all, scan);
    uint64_t total = 0;
    bool ok = produce(scan, request, &total, err);
    mutex_lock(scan->mutex);
    scan->ended = true;
    scan->stopped = !ok;
    cond_broadcast(scan->cond);
    mutex_unlock(scan->mutex);
    thread_join(hasher);
    thread_join(parser);
    if (ok) {
        memcpy(request->sha256, scan->sha256, sizeof(request->sha256));
        memcpy(request->quickxor, scan->quickxor, sizeof(request->quickxor));
        request->bytes = total;
        if (!scan->parsed_well) {
            ok = error_move(err, &scan->error);
        }
    }
    error_clear(&scan->error);
    archive_reader_release(&scan->reader);
    for (size_t i = 0; i < RING_SLOTS; i++) {
        mem_free(scan->slots[i].bytes);
    }
    cond_free(scan->cond);
    mutex_free(scan->mutex);
    mem_free(scan);
    return ok;
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

bool archive_scan(FsFile *file, Archive *archive, ArchiveScan *scan, Error *err)
{
    ArchiveSource source = {file_read, file, 0};
    return fs_size(file, &source.size, err) && archive_scan_source(&source, archive, scan, err);
}
