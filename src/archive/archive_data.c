/*
 * archive_data.c: the data blocks, which follow the TOC until the file's end.
 *
 * A block is a type byte (1 table data, 3 large objects), its entry's number, and streams: one of table data, or
 * for large objects each one's number and stream, ended by a zero number. A stream comes in chunks, each after
 * its length, ended by a zero length. Without compression a chunk is what the server sent, so it may be one row
 * of up to a gigabyte: a chunk is decoded as it comes and never gathered.
 *
 * Rows of COPY are counted by their line ends. In COPY's text format a line end is always the end of a row, as
 * one within a value is written as backslash and n, and the data end with the line "\." and two empty lines,
 * which pg_dump adds. So a table whose data were cut shows it, whatever the compression.
 *
 * archive_parse_data reads all that from the first block to the last. archive_split_data only hops from length to
 * length and tells where blocks begin, so that others may decode several at once (archive_scan.c); both read the
 * head of a block with the same lines, and whose blocks they are stands in the ArchiveIndex.
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_DATA = 1, BLOCK_LARGE_OBJECTS = 3 };

typedef enum DataKind { DATA_COPY, DATA_INSERTS, DATA_LARGE_OBJECT } DataKind;

/* How much of a line "\." has been seen. */
typedef enum LineState { LINE_START, LINE_BACKSLASH, LINE_MARK, LINE_INSIDE } LineState;

struct ArchiveDecoder {
    ArchiveReader *reader;
    int int_size;
    const Cancel *cancel;
    ArchiveStream *stream;
    ArchiveObjects objects; /* seen so far */
    /* The stream at hand. */
    DataKind kind;
    uint64_t bytes;
    int64_t rows;
    LineState line;
    bool ended;         /* the line "\." has come */
    unsigned after_end; /* line ends since then; for INSERTs: at the end so far */
    bool cancelled;
    const char *problem;
};

/* --- rows ------------------------------------------------------------------------------------------------ */

/* Not 0 where one of the eight bytes is a line end. */
static uint64_t line_end_in(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    word ^= UINT64_C(0x0a0a0a0a0a0a0a0a);
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* memchr(at, '\n', …), which looks at single bytes in some of Windows' C libraries and would then take longer than
 * decoding. */
static const uint8_t *find_line_end(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 32 &&
           (line_end_in(at) | line_end_in(at + 8) | line_end_in(at + 16) | line_end_in(at + 24)) == 0) {
        at += 32;
    }
    while (end - at >= 8 && line_end_in(at) == 0) {
        at += 8;
    }
    while (at < end && *at != '\n') {
        at++;
    }
    return at < end ? at : NULL;
}

/* The bytes after "\.\n". */
static bool take_after_end(ArchiveDecoder *data, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n' || data->after_end == 2) {
            data->problem = "something follows the mark that ends the rows";
            return false;
        }
        data->after_end++;
    }
    return true;
}

static bool take_copy(ArchiveDecoder *data, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes;
    const uint8_t *const end = bytes + len;
    while (at < end) {
        if (data->line == LINE_INSIDE) {
            const uint8_t *line_end = find_line_end(at, end);
            if (line_end == NULL) {
                return true;
            }
            data->rows++;
            data->line = LINE_START;
            at = line_end + 1;
            continue;
        }
        const uint8_t c = *at++;
        if (c == '\n') {
            if (data->line == LINE_MARK) {
                data->ended = true;
                return take_after_end(data, at, (size_t)(end - at));
            }
            data->rows++;
            data->line = LINE_START;
        } else if (data->line == LINE_START && c == '\\') {
            data->line = LINE_BACKSLASH;
        } else if (data->line == LINE_BACKSLASH && c == '.') {
            data->line = LINE_MARK;
        } else {
            data->line = LINE_INSIDE;
        }
    }
    return true;
}

static bool take(void *context, const uint8_t *bytes, size_t len)
{
    ArchiveDecoder *data = context;
    data->bytes += len;
    if (cancel_requested(data->cancel)) {
        data->cancelled = true;
        return false;
    }
    switch (data->kind) {
    case DATA_COPY:
        return data->ended ? take_after_end(data, bytes, len) : take_copy(data, bytes, len);
    case DATA_INSERTS:
        /* These end with two empty lines; of the rows nothing is known without reading SQL. */
        for (size_t i = len > 2 ? len - 2 : 0; i < len; i++) {
            data->after_end = bytes[i] == '\n' ? data->after_end + 1 : 0;
        }
        return true;
    case DATA_LARGE_OBJECT:
        break;
    }
    return true;
}

/* --- streams --------------------------------------------------------------------------------------------- */

/* What stopped the stream, as an Error. */
static bool stream_failed(const ArchiveDecoder *data, const char *problem, Error *err)
{
    if (data->cancelled) {
        return error_set(err, EK_CANCELLED, "the check was cancelled");
    }
    return archive_damaged(data->reader, archive_reader_offset(data->reader), err, "%s",
                           problem != NULL ? problem : data->problem);
}

static bool read_stream(ArchiveDecoder *data, DataKind kind, Error *err)
{
    ArchiveReader *reader = data->reader;
    const char *problem = NULL;
    data->kind = kind;
    data->bytes = 0;
    data->rows = 0;
    data->line = LINE_START;
    data->ended = false;
    data->after_end = 0;
    archive_stream_begin(data->stream);
    for (;;) {
        const uint64_t offset = archive_reader_offset(reader);
        int32_t len = 0;
        if (!archive_reader_int(reader, data->int_size, &len, err)) {
            return false;
        }
        if (len == 0) {
            break;
        }
        if (len < 0 || (uint64_t)len > archive_reader_left(reader)) {
            return archive_damaged(reader, offset, err, "the length of a piece of data is impossible (%ld)", (long)len);
        }
        size_t left = (size_t)len;
        while (left > 0) {
            if (!archive_reader_fill(reader, err)) {
                return false;
            }
            if (reader->at_end) {
                return archive_damaged(reader, archive_reader_offset(reader), err, "the file ends too early");
            }
            const size_t have = (size_t)(reader->end - reader->next);
            const size_t step = have < left ? have : left;
            if (!archive_stream_feed(data->stream, reader->next, step, &problem)) {
                return stream_failed(data, problem, err);
            }
            reader->next += step;
            left -= step;
        }
    }
    if (!archive_stream_end(data->stream, &problem)) {
        return stream_failed(data, problem, err);
    }
    const bool whole = kind == DATA_LARGE_OBJECT || data->after_end >= 2;
    if (!whole || (kind == DATA_COPY && !data->ended)) {
        return stream_failed(data, "the rows are cut off: the mark that ends them is missing", err);
    }
    return true;
}

/* Sums of mixed numbers are equal, but for an incredible chance, only for equal sets in whatever order. */
static void add_object(ArchiveObjects *set, uint32_t number)
{
    uint64_t mixed = number + UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    set->sum += mixed ^ (mixed >> 31);
    set->count++;
}

static bool read_large_objects(ArchiveDecoder *data, ArchiveEntry *entry, Error *err)
{
    for (;;) {
        int32_t number = 0;
        if (!archive_reader_int(data->reader, data->int_size, &number, err)) {
            return false;
        }
        if (number == 0) {
            return true;
        }
        if (!read_stream(data, DATA_LARGE_OBJECT, err)) {
            return false;
        }
        entry->rows++;
        entry->data_bytes += data->bytes;
        add_object(&data->objects, (uint32_t)number);
    }
}

static bool read_table_data(ArchiveDecoder *data, ArchiveEntry *entry, Error *err)
{
    const DataKind kind = entry->copy_statement != NULL ? DATA_COPY : DATA_INSERTS;
    if (!read_stream(data, kind, err)) {
        return false;
    }
    entry->data_bytes = data->bytes;
    entry->rows = kind == DATA_COPY ? data->rows : -1;
    return true;
}

/* --- blocks ---------------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    const ArchiveEntry *const *left = a;
    const ArchiveEntry *const *right = b;
    return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

bool archive_index_init(ArchiveIndex *index, const ArchiveReader *reader, Archive *archive, Error *err)
{
    *index = (ArchiveIndex){.archive = archive};
    index->by_id = mem_array(archive->entry_count, sizeof(*index->by_id));
    index->found_at = mem_array(archive->entry_count, sizeof *index->found_at);
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (archive->entries[i].has_data) {
            index->by_id[index->data_count++] = &archive->entries[i];
        }
    }
    if (index->data_count == 0) {
        return true;
    }
    qsort(index->by_id, index->data_count, sizeof(*index->by_id), compare_ids);
    for (size_t i = 1; i < index->data_count; i++) {
        if (index->by_id[i]->id == index->by_id[i - 1]->id) {
            return archive_damaged(reader, archive_reader_offset(reader), err,
                                   "two entries have the same number (%ld)", (long)index->by_id[i]->id);
        }
    }
    return true;
}

void archive_index_release(ArchiveIndex *index)
{
    mem_free(index->by_id);
    mem_free(index->found_at);
    *index = (ArchiveIndex){.archive = NULL};
}

static ArchiveEntry *find_entry(const ArchiveIndex *index, int32_t id)
{
    const ArchiveEntry key_entry = {.id = id};
    const ArchiveEntry *key = &key_entry;
    if (index->data_count == 0) {
        return NULL;
    }
    const ArchiveEntry **found =
        bsearch(&key, index->by_id, index->data_count, sizeof(*index->by_id), compare_ids);
    return found == NULL ? NULL : &index->archive->entries[*found - index->archive->entries];
}

static bool of_large_objects(const ArchiveEntry *entry)
{
    return strcmp(entry->desc, "BLOBS") == 0;
}

static void where_in_entry(ArchiveReader *reader, const ArchiveEntry *entry)
{
    if (strcmp(entry->desc, "BLOBS") == 0) {
        archive_reader_where(reader, "in the large objects");
    } else {
        archive_reader_where(reader, "in the data of table %s%s%s", entry->schema != NULL ? entry->schema : "",
                             entry->schema != NULL ? "." : "", entry->tag);
    }
}

/* The type and the number of a block, and whether it is one that may come now and here. */
static bool read_block_head(ArchiveReader *reader, ArchiveIndex *index, ArchiveEntry **out, Error *err)
{
    const uint64_t offset = archive_reader_offset(reader);
    uint8_t type = 0;
    int32_t id = 0;
    archive_reader_where(reader, "between the tables' data");
    if (!archive_reader_byte(reader, &type, err)) {
        return false;
    }
    if (type != BLOCK_DATA && type != BLOCK_LARGE_OBJECTS) {
        return archive_damaged(reader, offset, err, "there is something that is no data");
    }
    if (!archive_reader_int(reader, index->archive->int_size, &id, err)) {
        return false;
    }
    ArchiveEntry *entry = find_entry(index, id);
    if (entry == NULL) {
        return archive_damaged(reader, offset, err, "there are data that belong to nothing (entry %ld)", (long)id);
    }
    where_in_entry(reader, entry);
    if (of_large_objects(entry) != (type == BLOCK_LARGE_OBJECTS)) {
        return archive_damaged(reader, offset, err, "the data are of the wrong kind");
    }
    uint64_t *found_at = &index->found_at[entry - index->archive->entries];
    if (*found_at != 0) {
        return archive_damaged(reader, offset, err, "the data come a second time");
    }
    if (entry->offset >= 0 && (uint64_t)entry->offset != offset) {
        return archive_damaged(reader, offset, err, "the data are not where the table of contents says (byte %lld)",
                               (long long)entry->offset);
    }
    *found_at = offset;
    index->seen_count++;
    *out = entry;
    return true;
}

bool archive_decode_block(ArchiveDecoder *data, ArchiveEntry *entry, Error *err)
{
    const bool large = of_large_objects(entry);
    where_in_entry(data->reader, entry);
    entry->rows = large ? 0 : -1;
    if (!(large ? read_large_objects(data, entry, err) : read_table_data(data, entry, err))) {
        return false;
    }
    entry->data_seen = true;
    return true;
}

/* pg_dump into the shell's `> file` on Unix: PostgreSQL has opened its stdout again for appending, so when it goes
 * back to fill in the offsets the whole TOC lands behind the data instead. The file is good: pg_restore reads the
 * first TOC, without offsets. Nothing else may follow the data, and nothing this copy. A copy begins with the sign
 * of a number, 0, as no block does. */
static bool read_toc_copy(ArchiveReader *reader, const ArchiveIndex *index, Error *err)
{
    if (!archive_parse_toc_copy(reader, index->archive, index->found_at, err) || !archive_reader_fill(reader, err)) {
        return false;
    }
    return reader->at_end || archive_damaged(reader, archive_reader_offset(reader), err,
                                             "something follows the second table of contents");
}

static bool may_be_toc_copy(const ArchiveReader *reader, const ArchiveIndex *index)
{
    const bool told = index->data_count > 0 && index->by_id[0]->offset >= 0;
    return index->seen_count == index->data_count && !told && reader->next[0] == 0;
}

/* --- large objects: those that came are those that are listed -------------------------------------------- */

/* Numbers in words, one a line; the last may lack its line end. */
static void add_listed(ArchiveObjects *set, const char *lines)
{
    while (*lines != '\0') {
        add_object(set, (uint32_t)strtoul(lines, NULL, 10));
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
}

/* Large objects are also in the TOC: one entry each before 1.16, then lists. Both may be absent (--data-only);
 * where they are there, they must agree with the data. */
bool archive_check_objects(ArchiveReader *reader, const Archive *archive, const ArchiveObjects *objects, Error *err)
{
    ArchiveObjects listed = {0, 0};
    bool have_data = false;
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (strcmp(entry->desc, "BLOBS") == 0) {
            have_data = true;
        } else if (strcmp(entry->desc, "BLOB") == 0) {
            add_listed(&listed, entry->tag);
        } else if (strcmp(entry->desc, "BLOB METADATA") == 0 && entry->definition != NULL) {
            add_listed(&listed, entry->definition);
        }
    }
    if (!have_data || listed.count == 0) {
        return true;
    }
    archive_reader_where(reader, "in the large objects");
    const uint64_t offset = archive_reader_offset(reader);
    if (listed.count != objects->count) {
        return archive_damaged(reader, offset, err, "there are %lld large objects where %lld are listed",
                               (long long)objects->count, (long long)listed.count);
    }
    if (listed.sum != objects->sum) {
        return archive_damaged(reader, offset, err, "the large objects are not those that are listed");
    }
    return true;
}

/* Goes from block to block, up to the file's end; `block` reads what follows a block's head. */
static bool each_block(ArchiveReader *reader, ArchiveIndex *index,
                       bool (*block)(void *context, ArchiveEntry *entry, Error *err), void *context, Error *err)
{
    for (;;) {
        ArchiveEntry *entry = NULL;
        if (!archive_reader_fill(reader, err)) {
            return false;
        }
        if (reader->at_end) {
            break;
        }
        if (may_be_toc_copy(reader, index)) {
            if (!read_toc_copy(reader, index, err)) {
                return false;
            }
            break;
        }
        if (!read_block_head(reader, index, &entry, err) || !block(context, entry, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < index->archive->entry_count; i++) {
        const ArchiveEntry *entry = &index->archive->entries[i];
        if (entry->has_data && index->found_at[i] == 0) {
            where_in_entry(reader, entry);
            return archive_damaged(reader, archive_reader_offset(reader), err, "the data are missing, the file ends");
        }
    }
    return true;
}

static bool decode(void *context, ArchiveEntry *entry, Error *err)
{
    return archive_decode_block(context, entry, err);
}

ArchiveDecoder *archive_decoder_new(ArchiveReader *reader, const Archive *archive, const Cancel *cancel)
{
    ArchiveDecoder *data = mem_alloc(sizeof *data);
    data->reader = reader;
    data->int_size = archive->int_size;
    data->cancel = cancel;
    data->stream = archive_stream_new(archive->compression, take, data);
    return data;
}

const ArchiveObjects *archive_decoder_objects(const ArchiveDecoder *data)
{
    return &data->objects;
}

void archive_decoder_free(ArchiveDecoder *data)
{
    if (data != NULL) {
        archive_stream_free(data->stream);
        mem_free(data);
    }
}

bool archive_parse_blocks(ArchiveReader *reader, ArchiveIndex *index, const Cancel *cancel, Error *err)
{
    ArchiveDecoder *decoder = archive_decoder_new(reader, index->archive, cancel);
    const bool ok = each_block(reader, index, decode, decoder, err) &&
                    archive_check_objects(reader, index->archive, &decoder->objects, err);
    archive_decoder_free(decoder);
    return ok;
}

bool archive_parse_data(ArchiveReader *reader, Archive *archive, const Cancel *cancel, Error *err)
{
    ArchiveIndex index;
    const bool ok = archive_index_init(&index, reader, archive, err) &&
                    archive_parse_blocks(reader, &index, cancel, err);
    archive_index_release(&index);
    return ok;
}

/* --- hopping --------------------------------------------------------------------------------------------- */

typedef struct Splitter {
    ArchiveReader *reader;
    int int_size;
    void (*found)(void *context, ArchiveEntry *entry, uint64_t offset);
    void *context;
} Splitter;

static bool hop_stream(const Splitter *splitter, Error *err)
{
    for (;;) {
        const uint64_t offset = archive_reader_offset(splitter->reader);
        int32_t len = 0;
        if (!archive_reader_int(splitter->reader, splitter->int_size, &len, err)) {
            return false;
        }
        if (len == 0) {
            return true;
        }
        if (len < 0) {
            return archive_damaged(splitter->reader, offset, err, "a length is impossible");
        }
        if (!archive_reader_skip(splitter->reader, (uint64_t)len, err)) {
            return false;
        }
    }
}

static bool hop_block(void *context, ArchiveEntry *entry, Error *err)
{
    const Splitter *splitter = context;
    splitter->found(splitter->context, entry, archive_reader_offset(splitter->reader));
    if (!of_large_objects(entry)) {
        return hop_stream(splitter, err);
    }
    for (;;) {
        int32_t number = 0;
        if (!archive_reader_int(splitter->reader, splitter->int_size, &number, err)) {
            return false;
        }
        if (number == 0) {
            return true;
        }
        if (!hop_stream(splitter, err)) {
            return false;
        }
    }
}

bool archive_split_data(ArchiveReader *reader, ArchiveIndex *index,
                        void (*found)(void *context, ArchiveEntry *entry, uint64_t offset), void *context, Error *err)
{
    Splitter splitter = {reader, index->archive->int_size, found, context};
    return each_block(reader, index, hop_block, &splitter, err);
}
