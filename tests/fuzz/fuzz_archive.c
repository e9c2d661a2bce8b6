/*
 * fuzz_archive.c: any bytes as an archive. The parser reads them in pieces whose size depends on the input, as
 * borders between pieces are where such parsers break, without threads, so that a run is fast and repeats.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/core/archive_private.h"
#include "mem.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const size_t steps[] = {1, 3, 16, 100, 4096, 65536};
    Pieces pieces = {.bytes = bytes, .len = len, .step = steps[len % (sizeof steps / sizeof steps[0])]};
    ArchiveReader reader = {.size = len, .more = next_piece, .context = &pieces};
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    const bool ok = archive_parse_toc(&reader, &archive, &err) && archive_parse_data(&reader, &archive, NULL, &err);
    if (ok != (err.kind == EK_NONE) || (!ok && err.kind != EK_DAMAGED && err.kind != EK_TOOL)) {
        abort();
    }
    if (ok) { /* a good archive was read to its end, and each entry with data had them */
        if (archive_reader_offset(&reader) != len) {
            abort();
        }
        for (size_t i = 0; i < archive.entry_count; i++) {
            if (archive.entries[i].has_data != archive.entries[i].data_seen) {
                abort();
            }
        }
    }
    archive_release(&archive);
    archive_reader_release(&reader);
    error_clear(&err);
    mem_free(pieces.copy);
    return 0;
}
