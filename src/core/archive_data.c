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
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { BLOCK_DATA = 1, BLOCK_LARGE_OBJECTS = 3 };

typedef enum DataKind { DATA_COPY, DATA_INSERTS, DATA_LARGE_OBJECT } DataKind;

/* How much of a line "\." has been seen. */
typedef enum LineState { LINE_START, LINE_BACKSLASH, LINE_MARK, LINE_INSIDE } LineState;

/* A set of large objects, by number. */
typedef struct ObjectSet {
    int64_t count;
    uint64_t sum;
} ObjectSet;

typedef struct DataReader {
    ArchiveReader *reader;
    Archive *archive;
    const Cancel *cancel;
    ArchiveStream *stream;
    const ArchiveEntry **by_id; /* of the entries with data, sorted */
    size_t data_count;
    size_t seen_count;
    uint64_t *found_at; /* where each entry's data began, by its place in the TOC */
    ObjectSet objects; /* seen so far */
    /* The stream at hand. */
    DataKind kind;
    uint64_t bytes;
    int64_t rows;
    LineState line;
    bool ended;         /* the line "\." has come */
    unsigned after_end; /* line ends since then; for INSERTs: at the end so far */
    bool cancelled;
    const char *problem;
} DataReader;

/* --- rows ------------------------------------------------------------------------------------------------ */

/* The bytes after "\.\n". */
static bool take_after_end(DataReader *data, const uint8_t *bytes, size_t len)
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

static bool take_copy(DataReader *data, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes;
    const uint8_t *const end = bytes + len;
    while (at < end) {
        if (data->line == LINE_INSIDE) {
            const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
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
    DataReader *data = context;
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
static bool stream_failed(const DataReader *data, const char *problem, Error *err)
{
    if (data->cancelled) {
        return error_set(err, EK_CANCELLED, "the check was cancelled");
    }
    return archive_damaged(data->reader, archive_reader_offset(data->reader), err, "%s",
                           problem != NULL ? problem : data->problem);
}

static bool read_stream(DataReader *data, DataKind kind, Error *err)
{
    ArchiveReader *reader = data->reader;
    const int int_size = data->archive->int_size;
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
        if (!archive_reader_int(reader, int_size, &len, err)) {
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
static void add_object(ObjectSet *set, uint32_t number)
{
    uint64_t mixed = number + UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    set->sum += mixed ^ (mixed >> 31);
    set->count++;
}

static bool read_large_objects(DataReader *data, ArchiveEntry *entry, Error *err)
{
    for (;;) {
        int32_t number = 0;
        if (!archive_reader_int(data->reader, data->archive->int_size, &number, err)) {
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

static bool read_table_data(DataReader *data, ArchiveEntry *entry, Error *err)
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

static bool index_entries(DataReader *data, Error *err)
{
    Archive *archive = data->archive;
    data->by_id = mem_array(archive->entry_count, sizeof(*data->by_id));
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (archive->entries[i].has_data) {
            data->by_id[data->data_count++] = &archive->entries[i];
        }
    }
    if (data->data_count == 0) {
        return true;
    }
    qsort(data->by_id, data->data_count, sizeof(*data->by_id), compare_ids);
    for (size_t i = 1; i < data->data_count; i++) {
        if (data->by_id[i]->id == data->by_id[i - 1]->id) {
            return archive_damaged(data->reader, archive_reader_offset(data->reader), err,
                                   "two entries have the same number (%ld)", (long)data->by_id[i]->id);
        }
    }
    return true;
}

static ArchiveEntry *find_entry(const DataReader *data, int32_t id)
{
    const ArchiveEntry key_entry = {.id = id};
    const ArchiveEntry *key = &key_entry;
    if (data->data_count == 0) {
        return NULL;
    }
    const ArchiveEntry **found =
        bsearch(&key, data->by_id, data->data_count, sizeof(*data->by_id), compare_ids);
    return found == NULL ? NULL : &data->archive->entries[*found - data->archive->entries];
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

static bool read_block(DataReader *data, Error *err)
{
    ArchiveReader *reader = data->reader;
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
    if (!archive_reader_int(reader, data->archive->int_size, &id, err)) {
        return false;
    }
    ArchiveEntry *entry = find_entry(data, id);
    if (entry == NULL) {
        return archive_damaged(reader, offset, err, "there are data that belong to nothing (entry %ld)", (long)id);
    }
    where_in_entry(reader, entry);
    const bool large = strcmp(entry->desc, "BLOBS") == 0;
    if (large != (type == BLOCK_LARGE_OBJECTS)) {
        return archive_damaged(reader, offset, err, "the data are of the wrong kind");
    }
    if (entry->data_seen) {
        return archive_damaged(reader, offset, err, "the data come a second time");
    }
    if (entry->offset >= 0 && (uint64_t)entry->offset != offset) {
        return archive_damaged(reader, offset, err, "the data are not where the table of contents says (byte %lld)",
                               (long long)entry->offset);
    }
    entry->rows = large ? 0 : -1;
    if (!(large ? read_large_objects(data, entry, err) : read_table_data(data, entry, err))) {
        return false;
    }
    entry->data_seen = true;
    data->found_at[entry - data->archive->entries] = offset;
    data->seen_count++;
    return true;
}

/* pg_dump into the shell's `> file` on Unix: PostgreSQL has opened its stdout again for appending, so when it goes
 * back to fill in the offsets the whole TOC lands behind the data instead. The file is good: pg_restore reads the
 * first TOC, without offsets. Nothing else may follow the data, and nothing this copy. A copy begins with the sign
 * of a number, 0, as no block does. */
static bool read_toc_copy(DataReader *data, Error *err)
{
    ArchiveReader *reader = data->reader;
    if (!archive_parse_toc_copy(reader, data->archive, data->found_at, err) || !archive_reader_fill(reader, err)) {
        return false;
    }
    return reader->at_end || archive_damaged(reader, archive_reader_offset(reader), err,
                                             "something follows the second table of contents");
}

static bool may_be_toc_copy(const DataReader *data)
{
    const bool told = data->data_count > 0 && data->by_id[0]->offset >= 0;
    return data->seen_count == data->data_count && !told && data->reader->next[0] == 0;
}

/* --- large objects: those that came are those that are listed -------------------------------------------- */

/* Numbers in words, one a line; the last may lack its line end. */
static void add_listed(ObjectSet *set, const char *lines)
{
    while (*lines != '\0') {
        add_object(set, (uint32_t)strtoul(lines, NULL, 10));
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
}

/* Large objects are also in the TOC: one entry each before 1.16, then lists. Both may be absent (--data-only);
 * where they are there, they must agree with the data. */
static bool check_large_objects(DataReader *data, Error *err)
{
    ObjectSet listed = {0, 0};
    bool have_data = false;
    for (size_t i = 0; i < data->archive->entry_count; i++) {
        const ArchiveEntry *entry = &data->archive->entries[i];
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
    archive_reader_where(data->reader, "in the large objects");
    const uint64_t offset = archive_reader_offset(data->reader);
    if (listed.count != data->objects.count) {
        return archive_damaged(data->reader, offset, err, "there are %lld large objects where %lld are listed",
                               (long long)data->objects.count, (long long)listed.count);
    }
    if (listed.sum != data->objects.sum) {
        return archive_damaged(data->reader, offset, err, "the large objects are not those that are listed");
    }
    return true;
}

bool archive_parse_data(ArchiveReader *reader, Archive *archive, const Cancel *cancel, Error *err)
{
    DataReader data = {.reader = reader, .archive = archive, .cancel = cancel};
    bool ok = false;
    data.stream = archive_stream_new(archive->compression, take, &data);
    data.found_at = mem_array(archive->entry_count, sizeof *data.found_at);
    if (!index_entries(&data, err)) {
        goto out;
    }
    for (;;) {
        if (!archive_reader_fill(reader, err)) {
            goto out;
        }
        if (reader->at_end) {
            break;
        }
        if (may_be_toc_copy(&data)) {
            if (!read_toc_copy(&data, err)) {
                goto out;
            }
            break;
        }
        if (!read_block(&data, err)) {
            goto out;
        }
    }
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        if (entry->has_data && !entry->data_seen) {
            where_in_entry(reader, entry);
            archive_damaged(reader, archive_reader_offset(reader), err, "the data are missing, the file ends");
            goto out;
        }
    }
    ok = check_large_objects(&data, err);
out:
    archive_stream_free(data.stream);
    mem_free(data.by_id);
    mem_free(data.found_at);
    return ok;
}
