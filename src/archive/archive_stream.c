/*
 * archive_stream.c: decodes one compressed stream of an archive, fed in pieces of any size.
 *
 * pg_dump writes exactly one zlib stream, LZ4 frame or zstd frame per table or large object, without zlib's
 * gzip wrapper. A stream must therefore end when the archive says so, neither earlier nor later: a cut stream
 * decodes without complaint up to the cut, and bytes after the end would be skipped in silence by pg_restore.
 * Skippable frames, which LZ4 and zstd allow and which decode to nothing, are never written and are refused
 * by their first bytes. The library contexts are made once and reset for each stream.
 */
#include "archive_private.h"

#define ZLIB_CONST
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"

#define OUT_SIZE (256u * 1024u)
#define ZSTD_WINDOW_LOG_MAX 27 /* 128 MB: what `zstd --long` may ask for; pg_dump's default needs 2 MB */

struct ArchiveStream {
    ArchiveCompression compression;
    ArchiveTake take;
    void *context;
    uint8_t *out;
    uint64_t fed;  /* bytes of this stream so far */
    bool finished; /* its end was decoded */
    z_stream zlib;
    bool zlib_ready;
    LZ4F_dctx *lz4;
    ZSTD_DStream *zstd;
};

static const uint8_t lz4_magic[4] = {0x04, 0x22, 0x4d, 0x18};
static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};

#define GZIP_WRAPPER 16 /* beside the size of the window: zlib's sign for it */

static ArchiveStream *stream_new(ArchiveCompression compression, int wrapper, ArchiveTake take, void *context)
{
    ArchiveStream *stream = mem_alloc(sizeof *stream);
    stream->compression = compression;
    stream->take = take;
    stream->context = context;
    if (compression != ARCHIVE_NONE) {
        stream->out = mem_alloc(OUT_SIZE);
    }
    /* The libraries fail here only for lack of memory. */
    switch (compression) {
    case ARCHIVE_NONE:
        break;
    case ARCHIVE_GZIP:
        if (inflateInit2(&stream->zlib, MAX_WBITS + wrapper) != Z_OK) {
            mem_out();
        }
        stream->zlib_ready = true;
        break;
    case ARCHIVE_LZ4:
        if (LZ4F_isError(LZ4F_createDecompressionContext(&stream->lz4, LZ4F_VERSION))) {
            mem_out();
        }
        break;
    case ARCHIVE_ZSTD:
        stream->zstd = ZSTD_createDStream();
        if (stream->zstd == NULL ||
            ZSTD_isError(ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX))) {
            mem_out();
        }
        break;
    }
    return stream;
}

ArchiveStream *archive_stream_new(ArchiveCompression compression, ArchiveTake take, void *context)
{
    return stream_new(compression, 0, take, context);
}

ArchiveStream *archive_stream_new_file(ArchiveCompression compression, ArchiveTake take, void *context)
{
    return stream_new(compression, GZIP_WRAPPER, take, context);
}

void archive_stream_free(ArchiveStream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->zlib_ready) {
        inflateEnd(&stream->zlib);
    }
    LZ4F_freeDecompressionContext(stream->lz4);
    ZSTD_freeDStream(stream->zstd);
    mem_free(stream->out);
    mem_free(stream);
}

void archive_stream_begin(ArchiveStream *stream)
{
    stream->fed = 0;
    stream->finished = false;
    switch (stream->compression) {
    case ARCHIVE_NONE:
        break;
    case ARCHIVE_GZIP:
        inflateReset(&stream->zlib);
        break;
    case ARCHIVE_LZ4:
        LZ4F_resetDecompressionContext(stream->lz4);
        break;
    case ARCHIVE_ZSTD:
        ZSTD_DCtx_reset(stream->zstd, ZSTD_reset_session_only);
        break;
    }
}

static bool refuse(const char **problem, const char *text)
{
    *problem = text;
    return false;
}

/* A library that has no memory must not be taken for damage: a good backup would be marked so.
 * One step of the library: takes up to `in` bytes, leaves up to OUT_SIZE bytes in stream->out. */
static bool decode_step(ArchiveStream *stream, const uint8_t *bytes, size_t in, size_t *used, size_t *made,
                        const char **problem)
{
    switch (stream->compression) {
    case ARCHIVE_GZIP: {
        const uInt step = in > 0x40000000u ? 0x40000000u : (uInt)in;
        stream->zlib.next_in = bytes;
        stream->zlib.avail_in = step;
        stream->zlib.next_out = stream->out;
        stream->zlib.avail_out = OUT_SIZE;
        const int state = inflate(&stream->zlib, Z_NO_FLUSH);
        if (state == Z_MEM_ERROR) {
            mem_out();
        }
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
            return refuse(problem, "the compressed data (gzip) cannot be decoded");
        }
        *used = step - stream->zlib.avail_in;
        *made = OUT_SIZE - stream->zlib.avail_out;
        stream->finished = state == Z_STREAM_END;
        return true;
    }
    case ARCHIVE_LZ4: {
        *used = in;
        *made = OUT_SIZE;
        const size_t state = LZ4F_decompress(stream->lz4, stream->out, made, bytes, used, NULL);
        if (LZ4F_isError(state)) {
            if (strcmp(LZ4F_getErrorName(state), "ERROR_allocation_failed") == 0) {
                mem_out();
            }
            return refuse(problem, "the compressed data (LZ4) cannot be decoded");
        }
        stream->finished = state == 0;
        return true;
    }
    case ARCHIVE_ZSTD: {
        ZSTD_inBuffer from = {bytes, in, 0};
        ZSTD_outBuffer to = {stream->out, OUT_SIZE, 0};
        const size_t state = ZSTD_decompressStream(stream->zstd, &to, &from);
        if (ZSTD_isError(state)) {
            if (ZSTD_getErrorCode(state) == ZSTD_error_memory_allocation) {
                mem_out();
            }
            return refuse(problem, "the compressed data (zstd) cannot be decoded");
        }
        *used = from.pos;
        *made = to.pos;
        stream->finished = state == 0;
        return true;
    }
    case ARCHIVE_NONE:
        break;
    }
    return refuse(problem, "the compression is unknown");
}

static bool begins_well(const ArchiveStream *stream, const uint8_t *bytes, size_t len)
{
    const uint8_t *magic = stream->compression == ARCHIVE_LZ4 ? lz4_magic : zstd_magic;
    if (stream->compression == ARCHIVE_GZIP) {
        return true; /* zlib's header has a check of its own, and no skippable frames */
    }
    for (size_t i = 0; i < len && stream->fed + i < 4; i++) {
        if (bytes[i] != magic[stream->fed + i]) {
            return false;
        }
    }
    return true;
}

bool archive_stream_feed(ArchiveStream *stream, const uint8_t *bytes, size_t len, const char **problem)
{
    if (stream->compression == ARCHIVE_NONE) {
        stream->fed += len;
        return stream->take(stream->context, bytes, len) || refuse(problem, NULL);
    }
    if (stream->fed < 4 && !begins_well(stream, bytes, len)) {
        return refuse(problem, "the compressed data do not begin as they should");
    }
    stream->fed += len;
    /* A full output buffer means that the library may hold more, also when the input is used up. */
    size_t made = 0;
    while (len > 0 || made == OUT_SIZE) {
        if (stream->finished) {
            if (len > 0) {
                return refuse(problem, "something follows the end of the compressed data");
            }
            break;
        }
        size_t used = 0;
        made = 0;
        if (!decode_step(stream, bytes, len, &used, &made, problem)) {
            return false;
        }
        if (made > 0 && !stream->take(stream->context, stream->out, made)) {
            return refuse(problem, NULL);
        }
        if (used == 0 && made == 0 && len > 0 && !stream->finished) {
            return refuse(problem, "the compressed data cannot be decoded any further");
        }
        bytes += used;
        len -= used;
    }
    return true;
}

bool archive_stream_end(ArchiveStream *stream, const char **problem)
{
    if (stream->compression == ARCHIVE_NONE || stream->finished) {
        return true;
    }
    return refuse(problem, "the compressed data are cut off");
}
