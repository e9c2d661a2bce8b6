/*
 * fuzz_archive.c: any bytes as an archive. The parser reads them in pieces whose size depends on the input, as
 * borders between pieces are where such parsers break, without threads, so that a run is fast and repeats. What is good
 * when it is decoded must also be good when only the lengths are followed, as archive_scan.c does beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/archive_private.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct Pieces {
    const uint8_t *bytes;
    size_t len, at, step;
    uint8_t *copy; /* of the piece at hand, so that reading beyond it is seen */
} Pieces;

static bool next_piece(ArchiveReader *reader, Error *err)
{
    Pieces *pieces = reader->context;
    (void)err;
    const size_t left = pieces->len - pieces->at;
    const size_t step = left < pieces->step ? left : pieces->step;
    if (step == 0) {
        reader->at_end = true;
        return true;
    }
    mem_free(pieces->copy);
    pieces->copy = mem_alloc(step);
    memcpy(pieces->copy, pieces->bytes + pieces->at, step);
    pieces->at += step;
    reader->next = pieces->copy;
    reader->end = pieces->copy + step;
    reader->piece_end = pieces->at;
    return true;
}

static void count_block(void *context, ArchiveEntry *entry, uint64_t offset)
{
    (void)entry;
    (void)offset;
    (*(size_t *)context)++;
}

/* Hops through it; false when it is refused. */
static bool hop(Pieces *pieces, size_t *blocks)
{
    ArchiveReader reader = {.size = pieces->len, .more = next_piece, .context = pieces};
    ArchiveIndex index = {.archive = NULL};
    Archive archive;
    archive_init(&archive);
    pieces->at = 0;
    const bool ok = archive_parse_toc(&reader, &archive, NULL) && archive_index_init(&index, &reader, &archive, NULL) &&
                    archive_split_data(&reader, &index, count_block, blocks, NULL);
    archive_index_release(&index);
    archive_release(&archive);
    archive_reader_release(&reader);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const size_t steps[] = {1, 3, 16, 100, 4096, 65536};
    Pieces pieces = {.bytes = bytes, .len = len, .step = steps[len % (sizeof steps / sizeof steps[0])]};
    ArchiveReader reader = {.size = len, .more = next_piece, .context = &pieces};
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    const bool ok = archive_parse_toc(&reader, &archive, &err) && archive_parse_data(&reader, &archive, NULL, &err);
    if (ok != (err.kind == EK_NONE) || (!ok && err.kind != EK_DAMAGED && err.kind != EK_TOOL &&
                                          err.kind != EK_FOREIGN)) {
        abort();
    }
    if (ok) { /* a good archive was read to its end, and each entry with data had them */
        if (archive_reader_offset(&reader) != len) {
            abort();
        }
        size_t blocks = 0;
        size_t with_data = 0;
        for (size_t i = 0; i < archive.entry_count; i++) {
            if (archive.entries[i].has_data != archive.entries[i].data_seen) {
                abort();
            }
            with_data += archive.entries[i].has_data;
        }
        if (!hop(&pieces, &blocks) || blocks != with_data) {
            abort();
        }
    }
    archive_release(&archive);
    archive_reader_release(&reader);
    error_clear(&err);
    mem_free(pieces.copy);
    return 0;
}
