/*
 * archive_follow.c: reads an archive while pg_dump still writes it, so that little is left to do when it is done.
 *
 * pg_dump writes header and table of contents (the head), then the data, and at the very end goes back and writes
 * the table of contents again, of the same length, with the offsets. A thread of ours goes behind it:
 *
 *   1. It parses the first head, and decodes and counts the blocks as they come. XXH64 goes over all bytes that it
 *      decoded. It gives way to whoever wants to run: on a busy machine pg_dump and the server come first.
 *   2. When it is told that the file is complete (pg_dump has ended), a second thread reads the file once more from
 *      its start, for SHA-256 and quickXorHash; SHA-256 has to begin with the head, so it cannot be had earlier. A
 *      third thread does SHA-256, which is what takes the time. Meanwhile the first decodes what it has left.
 *   3. XXH64 over the data that were hashed must be that of the data that were decoded, and the head that was hashed
 *      must say what the first one said, with offsets that are the places where the blocks were found.
 *
 * So what was decoded and counted is what SHA-256 names, and what SHA-256 names is what lay in the file when nobody
 * wrote into it any more. XXH64 is not meant against somebody who deceives: it compares two readings of our own.
 * Whatever is not as expected, and be it by chance, makes the threads give up; then archive_follow_finish reads the
 * file as archive_scan does, and that one's words are the error.
 */
#include "archive_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "platform/fs.h"
#include "platform/thread.h"

#define PIECE_SIZE (256u * 1024u)
#define RING_SLOTS 8u
#define MOST_HEAD (16u * 1024u * 1024u) /* a larger head is not kept: no following */
#define LOOK_AGAIN_MS 30u               /* the file does not say when it grows */
#define TELL_EVERY_MS 100u

struct ArchiveFollower {
    /* Set before start. */
    ArchiveSource source; /* its size is known only in the end */
    char *path;           /* these two: of a real file */
    FsFile *file;         /* NULL: could not be opened */
    Mutex *mutex;
    Cond *changed;
    Thread *thread;
    /* Under lock. */
    bool complete; /* the file is: nobody writes into it any more */
    bool stop;
    bool gave_up;    /* what was decoded was not as expected */
    bool gone;       /* the thread has ended */
    size_t head_len; /* 0 until the data begin; set by the thread */
    uint64_t hashed;
    /* The thread's, until it is joined. */
    uint8_t *piece;
    bool gives_way;
    Archive archive;     /* by the first head, with what was counted */
    ArchiveIndex index;
    ArchiveReader reader;
    Xxh64 decoded;       /* of the data that were decoded */
    Archive found;
    bool good;           /* the results hold */
    /* The hashing thread's, until it is joined. */
    uint8_t *head;       /* the one that is hashed; as long as the first one */
    Xxh64 data;          /* of the data that were hashed */
    bool hashed_all;
    ArchiveScan result;
};

static bool read_at(const ArchiveFollower *follower, uint64_t offset, uint8_t *bytes, size_t *got)
{
    return follower->source.read(follower->source.context, offset, bytes, PIECE_SIZE, got, NULL);
}

static bool must_stop(ArchiveFollower *follower, bool *complete)
{
    mutex_lock(follower->mutex);
    const bool stop = follower->stop || follower->gave_up;
    *complete = follower->complete;
    mutex_unlock(follower->mutex);
    return stop;
}

/* --- following ------------------------------------------------------------------------------------------- */

/* The reader's next piece: what has been added to the file; at its end, waits for more. */
static bool next_piece(ArchiveReader *reader, Error *err)
{
    ArchiveFollower *follower = reader->context;
    for (;;) {
        bool complete = false; /* asked before reading: what is written before it is said is read */
        size_t got = 0;
        if (must_stop(follower, &complete)) {
            return error_set(err, EK_CANCELLED, "the check was stopped");
        }
        if (complete && follower->gives_way) {
            follower->gives_way = false;
            thread_give_way(false);
        }
        if (!read_at(follower, reader->piece_end, follower->piece, &got)) {
            return error_set(err, EK_IO, "the file cannot be read"); /* in finish with better words */
        }
        if (got > 0) {
            if (follower->head_len > 0) {
                xxh64_update(&follower->decoded, follower->piece, got);
            }
            reader->next = follower->piece;
            reader->end = follower->piece + got;
            reader->piece_end += got;
            return true;
        }
        if (complete) {
            reader->at_end = true;
            return true;
        }
        mutex_lock(follower->mutex);
        if (!follower->complete && !follower->stop) {
            cond_wait_ms(follower->changed, follower->mutex, LOOK_AGAIN_MS);
        }
        mutex_unlock(follower->mutex);
    }
}

static bool follow(ArchiveFollower *follower)
{
    ArchiveReader *reader = &follower->reader;
    *reader = (ArchiveReader){.size = UINT64_MAX, .more = next_piece, .context = follower};
    if (!archive_parse_toc(reader, &follower->archive, NULL) ||
        !archive_index_init(&follower->index, reader, &follower->archive, NULL)) {
        return false;
    }
    const uint64_t len = archive_reader_offset(reader);
    if (len > MOST_HEAD) {
        return false;
    }
    xxh64_init(&follower->decoded);
    xxh64_update(&follower->decoded, reader->next, (size_t)(reader->end - reader->next));
    mutex_lock(follower->mutex);
    follower->head_len = (size_t)len;
    cond_broadcast(follower->changed);
    mutex_unlock(follower->mutex);
    return archive_parse_blocks(reader, &follower->index, NULL, NULL);
}

/* --- hashing --------------------------------------------------------------------------------------------- */

/* SHA-256 on a thread of its own, over a small ring of pieces. */
typedef struct Ring {
    uint8_t *bytes[RING_SLOTS];
    size_t len[RING_SLOTS];
    Mutex *mutex;
    Cond *changed;
    uint64_t filled, hashed; /* pieces, under lock */
    bool ended;              /* under lock */
    Sha256 *sha256;          /* the thread's, until it is joined */
} Ring;

static void hash_ring(void *argument)
{
    Ring *ring = argument;
    for (;;) {
        mutex_lock(ring->mutex);
        while (ring->hashed == ring->filled && !ring->ended) {
            cond_wait(ring->changed, ring->mutex);
        }
        const bool there = ring->hashed < ring->filled;
        const size_t slot = (size_t)(ring->hashed % RING_SLOTS);
        mutex_unlock(ring->mutex);
        if (!there) {
            break;
        }
        sha256_update(ring->sha256, ring->bytes[slot], ring->len[slot]);
        mutex_lock(ring->mutex);
        ring->hashed++;
        cond_broadcast(ring->changed);
        mutex_unlock(ring->mutex);
    }
}

/* A slot that may be written. */
static uint8_t *ring_slot(Ring *ring)
{
    mutex_lock(ring->mutex);
    while (ring->filled - ring->hashed >= RING_SLOTS) {
        cond_wait(ring->changed, ring->mutex);
    }
    uint8_t **slot = &ring->bytes[ring->filled % RING_SLOTS];
    mutex_unlock(ring->mutex);
    if (*slot == NULL) {
        *slot = mem_alloc(PIECE_SIZE);
    }
    return *slot;
}

static void ring_add(Ring *ring, size_t len)
{
    mutex_lock(ring->mutex);
    ring->len[ring->filled % RING_SLOTS] = len;
    ring->filled++;
    cond_broadcast(ring->changed);
    mutex_unlock(ring->mutex);
}

/* The piece's bytes of the head are kept, the others are data. */
static void sort_piece(ArchiveFollower *follower, uint64_t offset, const uint8_t *bytes, size_t len)
{
    size_t of_head = 0;
    if (offset < follower->head_len) {
        const size_t left = follower->head_len - (size_t)offset;
        of_head = left < len ? left : len;
        memcpy(follower->head + offset, bytes, of_head);
    }
    xxh64_update(&follower->data, bytes + of_head, len - of_head);
}

static bool read_pieces(ArchiveFollower *follower, Ring *ring, QuickXor *quickxor)
{
    for (;;) {
        bool complete = false;
        uint8_t *bytes = ring_slot(ring);
        size_t got = 0;
        if (must_stop(follower, &complete) || !read_at(follower, quickxor->length, bytes, &got)) {
            return false;
        }
        if (got == 0) {
            return true;
        }
        ring_add(ring, got);
        sort_piece(follower, quickxor->length, bytes, got);
        quickxor_update(quickxor, bytes, got);
        mutex_lock(follower->mutex);
        follower->hashed = quickxor->length;
        mutex_unlock(follower->mutex);
    }
}

/* Reads the whole file, which is complete now, for its hashes. */
static bool hash_file(ArchiveFollower *follower)
{
    ArchiveScan *result = &follower->result;
    Ring ring = {.mutex = mutex_new(), .changed = cond_new(), .sha256 = sha256_new()};
    QuickXor quickxor;
    quickxor_init(&quickxor);
    xxh64_init(&follower->data);
    follower->head = mem_alloc(follower->head_len);
    Thread *thread = thread_start(hash_ring, &ring);
    const bool ok = read_pieces(follower, &ring, &quickxor);
    mutex_lock(ring.mutex);
    ring.ended = true;
    cond_broadcast(ring.changed);
    mutex_unlock(ring.mutex);
    thread_join(thread);
    sha256_finish(ring.sha256, result->sha256);
    quickxor_finish(&quickxor, result->quickxor);
    result->bytes = quickxor.length;
    for (size_t i = 0; i < RING_SLOTS; i++) {
        mem_free(ring.bytes[i]);
    }
    cond_free(ring.changed);
    mutex_free(ring.mutex);
    return ok && result->bytes >= follower->head_len;
}

/* The second thread: waits until the file is complete. */
static void hash_when_complete(void *argument)
{
    ArchiveFollower *follower = argument;
    mutex_lock(follower->mutex);
    while (!follower->stop && !follower->gave_up && (!follower->complete || follower->head_len == 0)) {
        cond_wait(follower->changed, follower->mutex);
    }
    const bool go = !follower->stop && !follower->gave_up;
    mutex_unlock(follower->mutex);
    follower->hashed_all = go && hash_file(follower);
}

/* --- the head -------------------------------------------------------------------------------------------- */

static bool no_more(ArchiveReader *reader, Error *err)
{
    (void)err;
    reader->at_end = true;
    return true;
}

/* Parses the head that was hashed. It must say what the first one said, and where the data are or nothing of that. */
static bool parse_head(ArchiveFollower *follower)
{
    const Archive *first = &follower->archive;
    Archive *found = &follower->found;
    ArchiveReader reader = {.next = follower->head, .end = follower->head + follower->head_len,
                            .piece_end = follower->head_len, .size = follower->result.bytes, .more = no_more};
    bool ok = archive_parse_toc(&reader, found, NULL) && archive_reader_offset(&reader) == follower->head_len &&
              reader.toc_bytes == follower->reader.toc_bytes && reader.toc_digest == follower->reader.toc_digest &&
              found->minor == first->minor && found->int_size == first->int_size &&
              found->offset_size == first->offset_size && found->compression == first->compression &&
              found->entry_count == first->entry_count;
    archive_reader_release(&reader);
    for (size_t i = 0; ok && i < found->entry_count; i++) {
        ArchiveEntry *entry = &found->entries[i];
        ok = !entry->has_data || entry->offset < 0 || (uint64_t)entry->offset == follower->index.found_at[i];
        entry->data_seen = first->entries[i].data_seen;
        entry->data_bytes = first->entries[i].data_bytes;
        entry->rows = first->entries[i].rows;
    }
    return ok;
}

/* --- outside --------------------------------------------------------------------------------------------- */

static void run(void *argument)
{
    ArchiveFollower *follower = argument;
    Thread *hashing = thread_start(hash_when_complete, follower); /* first: on Linux it would inherit our niceness */
    follower->piece = mem_alloc(PIECE_SIZE);
    follower->gives_way = true;
    thread_give_way(true);
    const bool decoded = follow(follower);
    mem_free(follower->piece);
    follower->piece = NULL;
    if (!decoded) {
        mutex_lock(follower->mutex);
        follower->gave_up = true;
        cond_broadcast(follower->changed);
        mutex_unlock(follower->mutex);
    }
    thread_join(hashing);
    follower->good = decoded && follower->hashed_all &&
                     xxh64_value(&follower->data) == xxh64_value(&follower->decoded) && parse_head(follower);
    mutex_lock(follower->mutex);
    follower->gone = true;
    cond_broadcast(follower->changed);
    mutex_unlock(follower->mutex);
}

ArchiveFollower *archive_follow_source(const ArchiveSource *source)
{
    ArchiveFollower *follower = mem_alloc(sizeof *follower);
    follower->source = *source;
    follower->mutex = mutex_new();
    follower->changed = cond_new();
    if (source->context != NULL) {
        follower->thread = thread_start(run, follower);
    }
    return follower;
}

static bool read_file(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    return fs_read_at(context, offset, buf, len, got, err);
}

ArchiveFollower *archive_follow_start(const char *path)
{
    FsFile *file = NULL;
    fs_open_read(path, &file, NULL);
    ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){read_file, file, 0});
    follower->file = file;
    follower->path = mem_strdup(path);
    return follower;
}

void archive_follow_free(ArchiveFollower *follower)
{
    if (follower == NULL) {
        return;
    }
    mutex_lock(follower->mutex);
    follower->stop = true;
    cond_broadcast(follower->changed);
    mutex_unlock(follower->mutex);
    thread_join(follower->thread);
    fs_close(follower->file, NULL);
    archive_index_release(&follower->index);
    archive_reader_release(&follower->reader);
    archive_release(&follower->archive);
    archive_release(&follower->found);
    mem_free(follower->head);
    cond_free(follower->changed);
    mutex_free(follower->mutex);
    mem_free(follower->path);
    mem_free(follower);
}

void archive_follow_complete(ArchiveFollower *follower)
{
    mutex_lock(follower->mutex);
    follower->complete = true;
    cond_broadcast(follower->changed);
    mutex_unlock(follower->mutex);
}

bool archive_follow_served(const ArchiveFollower *follower)
{
    return follower->thread == NULL && follower->good;
}

/* Waits for the thread's end; on the way tells how far it is. */
static void await_end(ArchiveFollower *follower, const ArchiveScan *scan, uint64_t total)
{
    uint64_t told = 0;
    mutex_lock(follower->mutex);
    while (!follower->gone) {
        const uint64_t hashed = follower->hashed;
        if (cancel_requested(scan->cancel)) {
            follower->stop = true;
        }
        if (scan->progress != NULL && hashed > told && hashed <= total) {
            told = hashed;
            mutex_unlock(follower->mutex);
            scan->progress(scan->context, hashed, total);
            mutex_lock(follower->mutex);
            continue;
        }
        cond_wait_ms(follower->changed, follower->mutex, TELL_EVERY_MS);
    }
    mutex_unlock(follower->mutex);
}

bool archive_follow_finish_source(ArchiveFollower *follower, uint64_t size, Archive *archive, ArchiveScan *scan,
                                  Error *err)
{
    if (follower->thread != NULL) {
        archive_follow_complete(follower);
        await_end(follower, scan, size);
        thread_join(follower->thread);
        follower->thread = NULL;
    }
    if (cancel_requested(scan->cancel)) {
        return error_set(err, EK_CANCELLED, "the check was cancelled");
    }
    if (!follower->good) {
        follower->source.size = size;
        return archive_scan_source(&follower->source, 0, archive, scan, err);
    }
    archive_release(archive);
    *archive = follower->found;
    archive_init(&follower->found);
    memcpy(scan->sha256, follower->result.sha256, sizeof scan->sha256);
    memcpy(scan->quickxor, follower->result.quickxor, sizeof scan->quickxor);
    scan->bytes = follower->result.bytes;
    return true;
}

bool archive_follow_finish(ArchiveFollower *follower, Archive *archive, ArchiveScan *scan, Error *err)
{
    uint64_t size = 0;
    if (follower->file == NULL) { /* and so there is no thread that reads it */
        if (!fs_open_read(follower->path, &follower->file, err)) {
            return false;
        }
        follower->source.context = follower->file;
    }
    return fs_size(follower->file, &size, err) && archive_follow_finish_source(follower, size, archive, scan, err);
}
