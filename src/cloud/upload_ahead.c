/*
 * upload_ahead.c: a thread that reads what comes next while what came before is hashed or sent. Two pieces: one is
 * filled while the other is used. Who asks for another place than the next one makes it begin anew there.
 */
#include "upload_private.h"

#include <string.h>

#include "base/mem.h"
#include "platform/thread.h"

#define PIECES 2u

typedef enum PieceState { PIECE_FREE, PIECE_FILLING, PIECE_FULL } PieceState;

typedef struct Piece {
    char *bytes; /* the reader's while it is filled */
    uint64_t at;
    size_t len;
    PieceState state;
    unsigned round;
} Piece;

struct UploadAhead {
    FsFile *file;
    uint64_t size;
    Mutex *mutex;
    Cond *changed;
    Thread *thread;
    /* Under the mutex. */
    Piece pieces[PIECES];
    uint64_t next;  /* what is read next */
    unsigned round; /* a piece of another one is of no use any more */
    bool failed, stop;
};

static bool fill(const UploadAhead *ahead, const Piece *piece)
{
    size_t have = 0, got = 1;
    while (have < piece->len && got > 0) {
        if (!fs_read_at(ahead->file, piece->at + have, piece->bytes + have, piece->len - have, &got, NULL)) {
            return false;
        }
        have += got;
    }
    return have == piece->len;
}

/* Under the mutex; NULL: there is nothing to do. */
static Piece *to_fill(UploadAhead *ahead)
{
    for (size_t i = 0; !ahead->failed && ahead->next < ahead->size && i < PIECES; i++) {
        if (ahead->pieces[i].state == PIECE_FREE) {
            return &ahead->pieces[i];
        }
    }
    return NULL;
}

static void read_on(void *argument)
{
    UploadAhead *ahead = argument;
    mutex_lock(ahead->mutex);
    while (!ahead->stop) {
        Piece *piece = to_fill(ahead);
        if (piece == NULL) {
            cond_wait(ahead->changed, ahead->mutex);
            continue;
        }
        const uint64_t left = ahead->size - ahead->next;
        piece->at = ahead->next;
        piece->len = left < UPLOAD_AHEAD ? (size_t)left : UPLOAD_AHEAD;
        piece->round = ahead->round;
        piece->state = PIECE_FILLING;
        ahead->next += piece->len;
        mutex_unlock(ahead->mutex);
        const bool ok = fill(ahead, piece);
        mutex_lock(ahead->mutex);
        const bool wanted = piece->round == ahead->round;
        piece->state = ok && wanted ? PIECE_FULL : PIECE_FREE;
        ahead->failed = ahead->failed || (wanted && !ok);
        cond_broadcast(ahead->changed);
    }
    mutex_unlock(ahead->mutex);
}

UploadAhead *upload_ahead_new(FsFile *file, uint64_t size)
{
    UploadAhead *ahead = mem_alloc(sizeof *ahead);
    ahead->file = file;
    ahead->size = size;
    ahead->mutex = mutex_new();
    ahead->changed = cond_new();
    for (size_t i = 0; i < PIECES; i++) {
        ahead->pieces[i].bytes = mem_alloc(UPLOAD_AHEAD);
    }
    ahead->thread = thread_start(read_on, ahead);
    return ahead;
}

void upload_ahead_free(UploadAhead *ahead)
{
    if (ahead == NULL) {
        return;
    }
    mutex_lock(ahead->mutex);
    ahead->stop = true;
    cond_broadcast(ahead->changed);
    mutex_unlock(ahead->mutex);
    thread_join(ahead->thread);
    for (size_t i = 0; i < PIECES; i++) {
        mem_free(ahead->pieces[i].bytes);
    }
    cond_free(ahead->changed);
    mutex_free(ahead->mutex);
    mem_free(ahead);
}

/* Under the mutex: the piece of this round that has, or will have, the byte. */
static Piece *piece_with(UploadAhead *ahead, uint64_t at)
{
    for (size_t i = 0; i < PIECES; i++) {
        Piece *piece = &ahead->pieces[i];
        if (piece->state != PIECE_FREE && piece->round == ahead->round && at >= piece->at &&
            at - piece->at < piece->len) {
            return piece;
        }
    }
    return NULL;
}

/* Under the mutex: who asks for what comes behind it has passed it over, and it would be in the way for ever. */
static bool any_is_full(const UploadAhead *ahead)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (ahead->pieces[i].state == PIECE_FULL) {
            return true;
        }
    }
    return false;
}

/* Under the mutex. */
static void begin_at(UploadAhead *ahead, uint64_t at)
{
    ahead->round++;
    ahead->failed = false;
    ahead->next = at;
    for (size_t i = 0; i < PIECES; i++) {
        if (ahead->pieces[i].state == PIECE_FULL) {
            ahead->pieces[i].state = PIECE_FREE;
        }
    }
    cond_broadcast(ahead->changed);
}

size_t upload_ahead_take(UploadAhead *ahead, uint64_t at, void *buf, size_t len)
{
    size_t taken = 0;
    if (at >= ahead->size || len == 0) {
        return 0;
    }
    mutex_lock(ahead->mutex);
    if (piece_with(ahead, at) == NULL && (at != ahead->next || any_is_full(ahead))) {
        begin_at(ahead, at);
    }
    Piece *piece = NULL;
    while (((piece = piece_with(ahead, at)) == NULL || piece->state != PIECE_FULL) && !ahead->failed) {
        cond_wait(ahead->changed, ahead->mutex);
    }
    if (piece != NULL && piece->state == PIECE_FULL) {
        const size_t from = (size_t)(at - piece->at), left = piece->len - from;
        taken = len < left ? len : left;
        memcpy(buf, piece->bytes + from, taken);
        if (taken == left) {
            piece->state = PIECE_FREE;
            cond_broadcast(ahead->changed);
        }
    }
    mutex_unlock(ahead->mutex);
    return taken;
}
