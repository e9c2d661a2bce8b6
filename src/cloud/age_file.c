/*
 * age_file.c: the content, chunk after chunk, so that memory does not depend on its size.
 *
 * A chunk's nonce is its number and whether it is the last, under a key that is derived from the file key and the
 * random bytes behind the header. A file key is made in age_encrypt_file, for one file, and wiped there; what is
 * interrupted is removed and begun anew with another. So no key and nonce ever meet two contents, whatever is killed
 * and resumed.
 */
#include "cloud/age.h"

#include <string.h>

#include "age_crypto.h"
#include "base/hash.h"
#include "base/mem.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define SEALED (AGE_CHUNK + AGE_TAG)

/* --- chunks ---------------------------------------------------------------------------------------------- */

struct AgeStream {
    unsigned char key[32];
    uint64_t number; /* of the next chunk */
};

AgeStream *age_stream_new(const unsigned char key[AGE_KEY], const unsigned char nonce[AGE_NONCE])
{
    AgeStream *stream = mem_alloc(sizeof *stream);
    if (!age_hkdf(key, AGE_KEY, nonce, AGE_NONCE, "payload", stream->key)) {
        mem_out(); /* it is all that HKDF can fail with: every build has it */
    }
    return stream;
}

void age_stream_free(AgeStream *stream)
{
    if (stream != NULL) {
        secret_wipe(stream, sizeof *stream);
        mem_free(stream);
    }
}

/* Eleven bytes of number, the highest first, and one that says whether it is the last. */
static void chunk_nonce(const AgeStream *stream, bool last, unsigned char nonce[12])
{
    memset(nonce, 0, 12);
    for (unsigned i = 0; i < 8; i++) {
        nonce[10 - i] = (unsigned char)(stream->number >> 8 * i);
    }
    nonce[11] = last ? 1 : 0;
}

void age_stream_seal(AgeStream *stream, const void *plain, size_t len, bool last, unsigned char *sealed)
{
    unsigned char nonce[12];
    chunk_nonce(stream, last, nonce);
    if (!age_seal(stream->key, nonce, plain, len, sealed)) {
        mem_out();
    }
    stream->number++;
}

bool age_stream_open(AgeStream *stream, const void *sealed, size_t sealed_len, bool last, unsigned char *plain)
{
    unsigned char nonce[12];
    chunk_nonce(stream, last, nonce);
    const bool ok = sealed_len >= AGE_TAG && (sealed_len > AGE_TAG || (last && stream->number == 0)) &&
                    sealed_len <= SEALED && age_open(stream->key, nonce, sealed, sealed_len, plain);
    stream->number += ok;
    return ok;
}

uint64_t age_payload_bytes(uint64_t plain_bytes)
{
    const uint64_t chunks = plain_bytes == 0 ? 1 : (plain_bytes - 1) / AGE_CHUNK + 1;
    return AGE_NONCE + plain_bytes + chunks * AGE_TAG;
}

/* --- a file ---------------------------------------------------------------------------------------------- */

void age_made_init(AgeMade *made)
{
    *made = (AgeMade){.header = NULL};
}

void age_made_release(AgeMade *made)
{
    mem_free(made->header);
    age_made_init(made);
}

typedef struct Work {
    const AgeJob *job;
    const Cancel *cancel;
    FsFile *in, *out;       /* out: NULL where the content is only compared */
    uint64_t size, at;      /* of `in` */
    Sha256 *plain;          /* of the content */
    Sha256 *sealed;         /* of the encrypted file */
    QuickXor quick;         /* the same */
    uint64_t plain_bytes;
    unsigned char *from, *to; /* a chunk each, SEALED bytes */
} Work;

static void begin(Work *work)
{
    work->plain = sha256_new();
    work->sealed = sha256_new();
    quickxor_init(&work->quick);
    work->from = mem_alloc(SEALED);
    work->to = mem_alloc(SEALED);
    work->at = 0;
    work->plain_bytes = 0;
}

/* made gets what was seen, where it was all. */
static void end(Work *work, AgeMade *made)
{
    AgeMade seen = {.header = NULL};
    sha256_finish(work->plain, seen.plain_sha256);
    sha256_finish(work->sealed, seen.sha256);
    quickxor_finish(&work->quick, seen.quickxor);
    seen.plain_bytes = work->plain_bytes;
    seen.bytes = work->size;
    secret_wipe(work->from, SEALED);
    secret_wipe(work->to, SEALED);
    mem_free(work->from);
    mem_free(work->to);
    if (made != NULL) {
        seen.header = made->header;
        *made = seen;
    }
}

static bool go_on(const Work *work, const char *step, Error *err)
{
    const AgeJob *job = work->job;
    if (cancel_requested(work->cancel)) {
        return error_set(err, EK_CANCELLED, "stopped at your request");
    }
    if (job->progress != NULL) {
        job->progress(job->context, step, work->size == 0 ? 1 : (double)work->at / (double)work->size, work->at);
    }
    return true;
}

/* All of `len` bytes. */
static bool read_some(Work *work, unsigned char *bytes, size_t len, Error *err)
{
    while (len > 0) {
        size_t got = 0;
        if (!fs_read(work->in, bytes, len, &got, err)) {
            return false;
        }
        if (got == 0) {
            return error_set(err, EK_IO, "\"%s\" became shorter while it was read", work->job->from);
        }
        bytes += got;
        len -= got;
        work->at += got;
    }
    return true;
}

static void see_sealed(Work *work, const void *bytes, size_t len)
{
    sha256_update(work->sealed, bytes, len);
    quickxor_update(&work->quick, bytes, len);
}

/* --- encrypting ------------------------------------------------------------------------------------------ */

static bool seal_all(Work *work, AgeStream *stream, Error *err)
{
    bool last = false, ok = true;
    while (ok && !last) {
        const uint64_t left = work->size - work->at;
        const size_t len = left < AGE_CHUNK ? (size_t)left : AGE_CHUNK;
        last = len == left;
        ok = go_on(work, "Encrypting", err) && read_some(work, work->from, len, err);
        if (ok) {
            sha256_update(work->plain, work->from, len);
            work->plain_bytes += len;
            age_stream_seal(stream, work->from, len, last, work->to);
            ok = fs_write(work->out, work->to, len + AGE_TAG, err);
        }
    }
    return ok;
}

static bool write_all(Work *work, const StrBuf *header, const unsigned char key[AGE_KEY], Error *err)
{
    unsigned char nonce[AGE_NONCE];
    if (!machine_random(nonce, sizeof nonce)) {
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    AgeStream *stream = age_stream_new(key, nonce);
    const bool ok = fs_write(work->out, header->buf, header->len, err) &&
                    fs_write(work->out, nonce, sizeof nonce, err) && seal_all(work, stream, err) &&
                    fs_flush(work->out, err);
    age_stream_free(stream);
    return ok;
}

/* --- decrypting ------------------------------------------------------------------------------------------ */

static bool is_damaged(const Work *work, const char *how, Error *err)
{
    error_set(err, EK_DAMAGED, "%s %s", work->job->name, how);
    return error_hint(err, "Take another copy of it, or another backup.");
}

/* What a chunk is that does not open. */
static bool no_chunk(const Work *work, AgeStream *stream, size_t len, bool last, Error *err)
{
    const bool otherwise = age_stream_open(stream, work->from, len, !last, work->to);
    return is_damaged(work, !otherwise ? "was changed or cut off: what it holds does not decrypt"
                            : last     ? "is cut off: its end is missing"
                                       : "has bytes behind its end",
                      err);
}

static bool open_all(Work *work, AgeStream *stream, const char *step, Error *err)
{
    bool last = false, ok = true;
    while (ok && !last) {
        const uint64_t left = work->size - work->at;
        const size_t len = left < SEALED ? (size_t)left : SEALED;
        last = len == left;
        ok = go_on(work, step, err) && read_some(work, work->from, len, err);
        if (ok && !age_stream_open(stream, work->from, len, last, work->to)) {
            return no_chunk(work, stream, len, last, err);
        }
        if (ok) {
            const size_t plain = len - AGE_TAG;
            see_sealed(work, work->from, len);
            sha256_update(work->plain, work->to, plain);
            work->plain_bytes += plain;
            ok = work->out == NULL || fs_write(work->out, work->to, plain, err);
        }
    }
    return ok;
}

/* From the nonce on. */
static bool read_content(Work *work, const unsigned char key[AGE_KEY], const char *step, Error *err)
{
    unsigned char nonce[AGE_NONCE];
    if (work->size - work->at < sizeof nonce) {
        return is_damaged(work, "is cut off: its end is missing", err);
    }
    if (!read_some(work, nonce, sizeof nonce, err)) {
        return false;
    }
    see_sealed(work, nonce, sizeof nonce);
    AgeStream *stream = age_stream_new(key, nonce);
    const bool ok = open_all(work, stream, step, err);
    age_stream_free(stream);
    return ok;
}

static bool open_in(Work *work, const char *path, Error *err)
{
    return fs_open_read(path, &work->in, err) && fs_size(work->in, &work->size, err);
}

/* The header's bytes to `text`, as many as it has. */
static bool read_header(Work *work, AgeHeader *header, StrBuf *text, Error *err)
{
    const size_t most = work->size < AGE_HEADER_MAX ? (size_t)work->size : AGE_HEADER_MAX;
    char *bytes = mem_alloc(most);
    size_t got = 0, some = 1;
    bool ok = true;
    while (ok && got < most && some > 0) {
        ok = fs_read_at(work->in, got, bytes + got, most - got, &some, err);
        got += ok ? some : 0;
    }
    ok = ok && age_header_parse(bytes, got, header, err);
    if (ok) {
        strbuf_add(text, bytes, header->len);
        unsigned char *skipped = mem_alloc(header->len);
        ok = read_some(work, skipped, header->len, err); /* the file's own place moves */
        mem_free(skipped);
        see_sealed(work, text->buf, text->len);
    }
    mem_free(bytes);
    return ok;
}

/* The encrypted file as it lies on the disk, with the key that it was written with. */
static bool read_again(const AgeJob *job, const StrBuf *header, const unsigned char key[AGE_KEY], const Cancel *cancel,
                       AgeMade *made, Error *err)
{
    const AgeJob again = {.from = job->to, .name = job->name, .progress = job->progress, .context = job->context};
    Work work = {.job = &again, .cancel = cancel};
    AgeHeader parsed;
    StrBuf text;
    age_header_init(&parsed);
    strbuf_init(&text, AGE_HEADER_MAX);
    begin(&work);
    bool ok = open_in(&work, job->to, err) && read_header(&work, &parsed, &text, err);
    if (ok && (text.len != header->len || memcmp(text.buf, header->buf, text.len) != 0)) {
        ok = is_damaged(&work, "is not on the disk as it was written", err);
    }
    ok = ok && read_content(&work, key, "Comparing", err);
    fs_close(work.in, NULL);
    end(&work, ok ? made : NULL);
    strbuf_release(&text);
    age_header_release(&parsed);
    return ok;
}

bool age_encrypt_file(const AgeJob *job, const AgeTo *to, const Cancel *cancel, AgeMade *made, Error *err)
{
    Work work = {.job = job, .cancel = cancel};
    unsigned char key[AGE_KEY];
    AgeMade read, written = {.header = NULL};
    StrBuf header;
    bool created = false, ok = false;
    age_made_init(&read);
    strbuf_init(&header, AGE_HEADER_MAX);
    begin(&work);
    if (!machine_random(key, sizeof key)) {
        error_set(err, EK_INTERNAL, "the system gives no random numbers");
        goto out;
    }
    if (!age_header_write(to, key, &header, err) || !open_in(&work, job->from, err) ||
        !fs_create_new(job->to, &work.out, err)) {
        goto out;
    }
    created = true;
    ok = write_all(&work, &header, key, err);
    FsFile *closed = work.out;
    work.out = NULL;
    ok = fs_close(closed, ok ? err : NULL) && ok;
    ok = ok && read_again(job, &header, key, cancel, &read, err);
out:
    secret_wipe(key, sizeof key);
    fs_close(work.in, NULL);
    end(&work, &written);
    if (ok && (strcmp(read.plain_sha256, written.plain_sha256) != 0 || read.plain_bytes != written.plain_bytes)) {
        ok = is_damaged(&work, "is not on the disk as it was written", err);
    }
    if (ok) {
        age_made_release(made);
        *made = read;
        made->header = age_base64((const unsigned char *)header.buf, header.len);
    } else if (created) {
        fs_remove(job->to, NULL);
    }
    strbuf_release(&header);
    return ok;
}

/* What was decrypted, as it lies on the disk: it is the last look at it before it gets its name. (P1) */
static bool read_plain(const AgeJob *job, const AgeMade *made, const Cancel *cancel, Error *err)
{
    const AgeJob again = {.from = job->to, .name = job->name, .progress = job->progress, .context = job->context};
    Work work = {.job = &again, .cancel = cancel};
    AgeMade read = {.header = NULL};
    begin(&work);
    if (job->progress != NULL) {
        job->progress(job->context, "Checking", 0, 0); /* before it is opened */
    }
    bool ok = open_in(&work, job->to, err);
    while (ok && work.at < work.size) {
        const uint64_t left = work.size - work.at;
        const size_t len = left < AGE_CHUNK ? (size_t)left : AGE_CHUNK;
        ok = go_on(&work, "Checking", err) && read_some(&work, work.from, len, err);
        if (ok) {
            sha256_update(work.plain, work.from, len);
            work.plain_bytes += len;
        }
    }
    fs_close(work.in, NULL);
    end(&work, &read);
    if (ok && (strcmp(read.plain_sha256, made->plain_sha256) != 0 || read.plain_bytes != made->plain_bytes)) {
        error_set(err, EK_IO, "what was decrypted of %s is not on the disk as it was written", job->name);
        ok = error_hint(err, "Look after that disk, or choose another folder; then try again.");
    }
    return ok;
}

bool age_decrypt_file(const AgeJob *job, const AgeFrom *from, const Cancel *cancel, AgeMade *made, Error *err)
{
    Work work = {.job = job, .cancel = cancel};
    unsigned char key[AGE_KEY];
    AgeHeader header;
    AgeMade read;
    StrBuf text;
    bool created = false;
    age_header_init(&header);
    age_made_init(&read);
    strbuf_init(&text, AGE_HEADER_MAX);
    begin(&work);
    bool ok = open_in(&work, job->from, err);
    if (ok && !(read_header(&work, &header, &text, err) && age_header_open(text.buf, &header, from, key, err))) {
        ok = error_context(err, "%s", job->name);
    }
    if (ok) {
        ok = created = fs_create_new(job->to, &work.out, err);
    }
    ok = ok && read_content(&work, key, "Decrypting", err) && fs_flush(work.out, err);
    secret_wipe(key, sizeof key);
    fs_close(work.in, NULL);
    ok = fs_close(work.out, ok ? err : NULL) && ok;
    end(&work, ok ? &read : NULL);
    ok = ok && read_plain(job, &read, cancel, err);
    if (ok) {
        age_made_release(made);
        *made = read;
        made->header = age_base64((const unsigned char *)text.buf, text.len);
    } else if (created) {
        fs_remove(job->to, NULL);
    }
    strbuf_release(&text);
    age_header_release(&header);
    return ok;
}
