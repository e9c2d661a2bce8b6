/*
 * archive_scan.c: the pass over a whole archive, on several threads.
 *
 * The caller's thread reads the file from start to end, once, into a ring of pieces, and hashes each. The splitter
 * parses the table of contents and then hops from length to length; where it finds a block it says so. Decoders
 * take one block after the other and decode them, several at once where they lie near enough together to be in the
 * ring. So the memory is bounded and the disk is read in a row, however large the file and wherever its blocks lie.
 * (One large table is one compressed stream and takes one decoder, however many there are.)
 *
 * Whoever looks at the ring says which piece is the first that he may still look at (`holds`); blocks that nobody has
 * taken yet hold theirs. A slot is used again when nobody holds its piece. That cannot lock up: whoever holds the
 * oldest piece has all that he asks for until he reaches the newest.
 *
 * These threads only find out whether all is well. What is wrong, and where first, would depend on which of them came
 * first; so when any has a doubt, all but the hashing stops, and the archive is read again in a row up to the damage:
 * its words are the error, the same whatever the number of threads.
 */
#include "archive_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "platform/thread.h"

#define PIECE_SIZE (256u * 1024u)
#define RING_SLOTS 64u
#define ROOM_AT_ONCE 8u /* the reader sleeps until so many slots are free, not to be woken for each */
#define MOST_DECODERS 4u
#define NOTHING UINT64_MAX

typedef struct Slot {
    uint8_t *bytes;
    size_t len; /* PIECE_SIZE but for the last */
} Slot;

typedef struct Block {
    ArchiveEntry *entry;
    uint64_t offset; /* behind its head */
} Block;

typedef struct Scan Scan;

/* One who looks at the ring: the splitter or a decoder. */
typedef struct Viewer {
    Scan *scan;
    Thread *thread;
    ArchiveReader reader; /* the thread's own */
    uint64_t next_piece;  /* the same */
    uint64_t holds;       /* under lock */
    ArchiveObjects objects; /* a decoder's, until it is joined */
} Viewer;

struct Scan {
    /* Set before start. */
    const ArchiveSource *source;
    const Cancel *cancel;
    Archive *archive; /* the splitter's; then each block's entry is its decoder's */
    Mutex *mutex;
    Cond *more; /* for viewers: a piece, a block, the end */
    Cond *room; /* for the reader */
    Slot slots[RING_SLOTS]; /* read-only while held */
    Viewer splitter;
    Viewer decoders[MOST_DECODERS];
    unsigned decoder_count;
    /* Under lock. */
    uint64_t produced; /* pieces read so far */
    bool ended;        /* nothing more will be produced */
    bool doubt;        /* something is not as it should be, or reading stopped: viewers leave */
    bool reader_waits;
    unsigned viewers_wait;
    Block *blocks;
    size_t block_count, block_capacity, block_next;
    bool split; /* no more blocks */
};

/* --- under lock ------------------------------------------------------------------------------------------ */

/* The first piece that somebody holds. */
static uint64_t first_held(const Scan *scan)
{
    uint64_t first = scan->produced;
    if (!scan->doubt && scan->block_next < scan->block_count) {
        const uint64_t piece = scan->blocks[scan->block_next].offset / PIECE_SIZE;
        first = piece < first ? piece : first;
    }
    first = scan->splitter.holds < first ? scan->splitter.holds : first;
    for (unsigned i = 0; i < scan->decoder_count; i++) {
        first = scan->decoders[i].holds < first ? scan->decoders[i].holds : first;
    }
    return first;
}

static void hold(Viewer *viewer, uint64_t piece)
{
    Scan *scan = viewer->scan;
    viewer->holds = piece;
    if (scan->reader_waits && RING_SLOTS - (scan->produced - first_held(scan)) >= ROOM_AT_ONCE) {
        scan->reader_waits = false;
        cond_broadcast(scan->room);
    }
}

static void wake_viewers(Scan *scan)
{
    if (scan->viewers_wait > 0) {
        cond_broadcast(scan->more);
    }
}

static void wait_for_more(Scan *scan)
{
    scan->viewers_wait++;
    cond_wait(scan->more, scan->mutex);
    scan->viewers_wait--;
}

/* A viewer's end. */
static void leave(Viewer *viewer, bool well)
{
    Scan *scan = viewer->scan;
    mutex_lock(scan->mutex);
    scan->doubt = scan->doubt || !well;
    scan->split = scan->split || viewer == &scan->splitter;
    hold(viewer, NOTHING);
    wake_viewers(scan);
    mutex_unlock(scan->mutex);
}

/* --- viewers --------------------------------------------------------------------------------------------- */

static bool next_piece(ArchiveReader *reader, Error *err)
{
    Viewer *viewer = reader->context;
    Scan *scan = viewer->scan;
    mutex_lock(scan->mutex);
    hold(viewer, viewer->next_piece); /* the piece before is done with */
    while (scan->produced <= viewer->next_piece && !scan->ended && !scan->doubt) {
        wait_for_more(scan);
    }
    const bool doubt = scan->doubt;
    const bool there = scan->produced > viewer->next_piece;
    mutex_unlock(scan->mutex);
    if (doubt) {
        return error_set(err, EK_CANCELLED, "the check was stopped");
    }
    if (there) {
        const Slot *slot = &scan->slots[viewer->next_piece % RING_SLOTS];
        reader->next = slot->bytes;
        reader->end = slot->bytes + slot->len;
        reader->piece_end = viewer->next_piece * PIECE_SIZE + slot->len;
        viewer->next_piece++;
    } else {
        reader->at_end = true;
    }
    return true;
}

/* Sets the reader to a place in the file whose piece it holds. */
static bool go_to(Viewer *viewer, uint64_t offset)
{
    ArchiveReader *reader = &viewer->reader;
    const size_t inside = (size_t)(offset % PIECE_SIZE);
    viewer->next_piece = offset / PIECE_SIZE;
    reader->next = NULL;
    reader->end = NULL;
    reader->piece_end = viewer->next_piece * PIECE_SIZE;
    reader->at_end = false;
    if (inside == 0) {
        return true;
    }
    if (!archive_reader_fill(reader, NULL) || reader->at_end || (size_t)(reader->end - reader->next) < inside) {
        return false;
    }
    reader->next += inside;
    return true;
}

static void found_block(void *context, ArchiveEntry *entry, uint64_t offset)
{
    Scan *scan = context;
    mutex_lock(scan->mutex);
    void *grown = scan->blocks;
    mem_grow(&grown, &scan->block_capacity, scan->block_count + 1, sizeof *scan->blocks);
    scan->blocks = grown;
    scan->blocks[scan->block_count++] = (Block){entry, offset};
    wake_viewers(scan);
    mutex_unlock(scan->mutex);
}

static void split_all(void *argument)
{
    Viewer *viewer = argument;
    Scan *scan = viewer->scan;
    ArchiveIndex index = {.archive = NULL};
    const bool ok = archive_parse_toc(&viewer->reader, scan->archive, NULL) &&
                    archive_index_init(&index, &viewer->reader, scan->archive, NULL) &&
                    archive_split_data(&viewer->reader, &index, found_block, scan, NULL);
    archive_index_release(&index);
    leave(viewer, ok);
}

static bool take_block(Viewer *viewer, Block *block)
{
    Scan *scan = viewer->scan;
    mutex_lock(scan->mutex);
    hold(viewer, NOTHING);
    while (scan->block_next == scan->block_count && !scan->split && !scan->doubt) {
        wait_for_more(scan);
    }
    const bool taken = scan->block_next < scan->block_count && !scan->doubt;
    if (taken) {
        *block = scan->blocks[scan->block_next++];
        hold(viewer, block->offset / PIECE_SIZE);
    }
    mutex_unlock(scan->mutex);
    return taken;
}

static void decode_all(void *argument)
{
    Viewer *viewer = argument;
    Scan *scan = viewer->scan;
    ArchiveDecoder *decoder = NULL;
    Block block;
    bool ok = true;
    while (ok && take_block(viewer, &block)) {
        if (decoder == NULL) { /* the compression is known now */
            decoder = archive_decoder_new(&viewer->reader, scan->archive, scan->cancel);
        }
        ok = go_to(viewer, block.offset) && archive_decode_block(decoder, block.entry, NULL);
    }
    if (decoder != NULL) {
        viewer->objects = *archive_decoder_objects(decoder);
    }
    archive_decoder_free(decoder);
    leave(viewer, ok);
}

static void init_viewer(Scan *scan, Viewer *viewer)
{
    viewer->scan = scan;
    viewer->reader = (ArchiveReader){.size = scan->source->size, .more = next_piece, .context = viewer};
    viewer->holds = viewer == &scan->splitter ? 0 : NOTHING;
}

static void end_viewer(Viewer *viewer)
{
    thread_join(viewer->thread);
    archive_reader_release(&viewer->reader);
}

/* --- the reader ------------------------------------------------------------------------------------------ */

static Slot *free_slot(Scan *scan)
{
    mutex_lock(scan->mutex);
    while (scan->produced - first_held(scan) >= RING_SLOTS) {
        scan->reader_waits = true;
        cond_wait(scan->room, scan->mutex);
    }
    Slot *slot = &scan->slots[scan->produced % RING_SLOTS]; /* only this thread changes `produced` */
    mutex_unlock(scan->mutex);
    if (slot->bytes == NULL) {
        slot->bytes = mem_alloc(PIECE_SIZE);
    }
    slot->len = 0;
    return slot;
}

/* Reads and hashes the whole file, on the caller's thread. */
static bool produce(Scan *scan, const ArchiveScan *request, Sha256 *sha256, QuickXor *quickxor, Error *err)
{
    uint64_t offset = 0;
    for (;;) {
        if (cancel_requested(scan->cancel)) {
            return error_set(err, EK_CANCELLED, "the check was cancelled");
        }
        Slot *slot = free_slot(scan);
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
            return true;
        }
        mutex_lock(scan->mutex);
        scan->produced++;
        wake_viewers(scan);
        mutex_unlock(scan->mutex);
        /* Nobody writes into the slot before this thread comes by again. */
        sha256_update(sha256, slot->bytes, slot->len);
        quickxor_update(quickxor, slot->bytes, slot->len);
        if (request->progress != NULL) {
            request->progress(request->context, offset, scan->source->size > offset ? scan->source->size : offset);
        }
    }
}

/* --- the pass -------------------------------------------------------------------------------------------- */

static bool all_well(Scan *scan)
{
    ArchiveObjects objects = {0, 0};
    for (unsigned i = 0; i < scan->decoder_count; i++) {
        objects.count += scan->decoders[i].objects.count;
        objects.sum += scan->decoders[i].objects.sum;
    }
    ArchiveReader nowhere = {.size = 0};
    const bool ok = !scan->doubt && archive_check_objects(&nowhere, scan->archive, &objects, NULL);
    archive_reader_release(&nowhere);
    return ok;
}

/* Reads in a row, for the words. */
static bool explain(const ArchiveSource *source, Archive *archive, const Cancel *cancel, Error *err)
{
    if (!archive_read_source(source, archive, cancel, err)) {
        return false;
    }
    error_set(err, EK_IO, "the file was another one when it was read again");
    return error_hint(err, "Check the disk or the share.");
}

bool archive_scan_source(const ArchiveSource *source, unsigned decoders, Archive *archive, ArchiveScan *request,
                         Error *err)
{
    Scan *scan = mem_alloc(sizeof *scan);
    Sha256 *sha256 = sha256_new();
    QuickXor quickxor;
    Error failed = ERROR_INIT;
    const unsigned wanted = decoders > 0 ? decoders : thread_cpu_count();
    quickxor_init(&quickxor);
    scan->source = source;
    scan->cancel = request->cancel;
    scan->archive = archive;
    scan->mutex = mutex_new();
    scan->more = cond_new();
    scan->room = cond_new();
    scan->decoder_count = wanted < MOST_DECODERS ? wanted : MOST_DECODERS;
    archive_release(archive);

    init_viewer(scan, &scan->splitter);
    for (unsigned i = 0; i < scan->decoder_count; i++) {
        init_viewer(scan, &scan->decoders[i]);
    }
    scan->splitter.thread = thread_start(split_all, &scan->splitter);
    for (unsigned i = 0; i < scan->decoder_count; i++) {
        scan->decoders[i].thread = thread_start(decode_all, &scan->decoders[i]);
    }
    bool ok = produce(scan, request, sha256, &quickxor, &failed);
    mutex_lock(scan->mutex);
    scan->ended = true;
    scan->doubt = scan->doubt || !ok;
    cond_broadcast(scan->more);
    mutex_unlock(scan->mutex);
    end_viewer(&scan->splitter);
    for (unsigned i = 0; i < scan->decoder_count; i++) {
        end_viewer(&scan->decoders[i]);
    }
    if (ok && !all_well(scan)) {
        ok = explain(source, archive, request->cancel, &failed);
    }
    char hex[65];
    sha256_finish(sha256, hex);
    if (ok || (failed.kind != EK_IO && failed.kind != EK_CANCELLED)) {
        memcpy(request->sha256, hex, sizeof(request->sha256));
        quickxor_finish(&quickxor, request->quickxor);
        request->bytes = quickxor.length;
    }
    for (size_t i = 0; i < RING_SLOTS; i++) {
        mem_free(scan->slots[i].bytes);
    }
    mem_free(scan->blocks);
    cond_free(scan->room);
    cond_free(scan->more);
    mutex_free(scan->mutex);
    mem_free(scan);
    return ok || error_move(err, &failed);
}
