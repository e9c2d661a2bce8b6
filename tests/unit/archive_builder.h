/*
 * archive_builder.h: makes archives of any version in memory, as pg_dump writes them, also wrong ones; and reads
 * the real ones of tests/fuzz/corpus/archive. For test_archive.c and test_verify.c.
 */
#ifndef CMMS_ARCHIVE_BUILDER_H
#define CMMS_ARCHIVE_BUILDER_H

#include "test_util.h"

#define ZLIB_CONST
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "archive/archive.h"

#define BUILT_MAX 8

typedef enum BuiltKind { BUILT_COPY, BUILT_INSERTS, BUILT_OBJECTS, BUILT_NO_DATA } BuiltKind;

typedef struct BuiltEntry {
    BuiltKind kind;
    const char *schema, *name; /* of objects and entries without data: the tag and the kind */
    const char *data;          /* of a table: all, with the end mark; of objects: of each */
    size_t len;                /* 0: strlen(data) */
    int objects;               /* how many */
    const char *definition;    /* or NULL */
    const char *desc;          /* of BUILT_NO_DATA */
} BuiltEntry;

typedef struct BuildSpec {
    int minor;
    ArchiveCompression compression;
    int int_size, offset_size; /* 0: 4 and 8 */
    size_t chunk;              /* 0: one chunk a stream */
    bool piped;                /* no offsets in the TOC */
    const BuiltEntry *entries;
    size_t count;
} BuildSpec;

typedef struct Built {
    StrBuf bytes;
    size_t toc;                                  /* where the number of entries stands */
    size_t offset_at[BUILT_MAX];                 /* where each entry's offset state stands */
    size_t block[BUILT_MAX], block_end[BUILT_MAX]; /* each entry's data; 0: none */
} Built;

static inline void put_byte(StrBuf *out, int byte)
{
    strbuf_addch(out, (char)(unsigned char)byte);
}

static inline void put_int(StrBuf *out, const BuildSpec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? (uint64_t)-value : (uint64_t)value;
    put_byte(out, value < 0);
    for (int i = 0; i < (spec->int_size != 0 ? spec->int_size : 4); i++) {
        put_byte(out, (int)(magnitude & 0xff));
        magnitude >>= 8;
    }
}

static inline void put_text(StrBuf *out, const BuildSpec *spec, const char *text)
{
    if (text == NULL) {
        put_int(out, spec, -1);
        return;
    }
    put_int(out, spec, (int64_t)strlen(text));
    strbuf_addstr(out, text);
}

/* One stream, compressed. */
static inline void compress_stream(ArchiveCompression compression, const char *data, size_t len, StrBuf *out)
{
    const size_t room = len + 4096;
    unsigned char *packed = mem_alloc(room);
    size_t made = 0;
    switch (compression) {
    case ARCHIVE_NONE:
        memcpy(packed, data, len);
        made = len;
        break;
    case ARCHIVE_GZIP: {
        uLongf size = (uLongf)room;
        assert_int_equal(compress2(packed, &size, (const Bytef *)data, (uLong)len, 6), Z_OK);
        made = size;
        break;
    }
    case ARCHIVE_LZ4:
        made = LZ4F_compressFrame(packed, room, data, len, NULL);
        assert_false(LZ4F_isError(made));
        break;
    case ARCHIVE_ZSTD:
        made = ZSTD_compress(packed, room, data, len, 3);
        assert_false(ZSTD_isError(made));
        break;
    }
    strbuf_add(out, packed, made);
    mem_free(packed);
}

static inline void put_chunks(StrBuf *out, const BuildSpec *spec, const char *bytes, size_t len)
{
    const size_t chunk = spec->chunk != 0 ? spec->chunk : len;
    for (size_t at = 0; at < len; at += chunk) {
        const size_t step = len - at < chunk ? len - at : chunk;
        put_int(out, spec, (int64_t)step);
        strbuf_add(out, bytes + at, step);
    }
    put_int(out, spec, 0);
}

static inline void put_stream(StrBuf *out, const BuildSpec *spec, const char *data, size_t len)
{
    StrBuf packed;
    strbuf_init(&packed, STRBUF_LARGE);
    compress_stream(spec->compression, data, len, &packed);
    put_chunks(out, spec, packed.buf, packed.len);
    strbuf_release(&packed);
}

static inline void put_header(StrBuf *out, const BuildSpec *spec)
{
    static const int moment[] = {52, 30, 14, 19, 0, 126, 0}; /* 2026-01-19 14:30:52 */
    strbuf_add(out, "PGDMP", 5);
    put_byte(out, 1);
    put_byte(out, spec->minor);
    put_byte(out, 0);
    put_byte(out, spec->int_size != 0 ? spec->int_size : 4);
    put_byte(out, spec->offset_size != 0 ? spec->offset_size : 8);
    put_byte(out, 1);
    if (spec->minor >= 15) {
        put_byte(out, (int)spec->compression);
    } else {
        put_int(out, spec, spec->compression == ARCHIVE_NONE ? 0 : -1);
    }
    for (size_t i = 0; i < TEST_COUNT(moment); i++) {
        put_int(out, spec, moment[i]);
    }
    put_text(out, spec, "cmms");
    put_text(out, spec, "17.11");
    put_text(out, spec, "17.11 (test)");
}

static inline void put_entry(Built *built, const BuildSpec *spec, size_t index)
{
    const BuiltEntry *entry = &spec->entries[index];
    StrBuf *out = &built->bytes;
    const bool has_data = entry->kind != BUILT_NO_DATA;
    put_int(out, spec, (int64_t)index + 1);
    put_int(out, spec, has_data);
    put_text(out, spec, "0");
    put_text(out, spec, "0");
    put_text(out, spec, entry->name);
    put_text(out, spec, entry->kind == BUILT_OBJECTS ? "BLOBS" : has_data ? "TABLE DATA" : entry->desc);
    if (spec->minor >= 11) {
        put_int(out, spec, 3);
    }
    put_text(out, spec, entry->definition);
    put_text(out, spec, NULL);
    put_text(out, spec, entry->kind == BUILT_COPY ? "COPY t (a) FROM stdin;\n" : NULL);
    put_text(out, spec, entry->schema);
    put_text(out, spec, NULL);
    if (spec->minor >= 14) {
        put_text(out, spec, "heap");
    }
    if (spec->minor >= 16) {
        put_int(out, spec, 'r');
    }
    put_text(out, spec, "keeper");
    put_text(out, spec, "false");
    put_text(out, spec, "01"); /* depends on the first entry, as data do on their table */
    put_text(out, spec, NULL);
    built->offset_at[index] = out->len;
    put_byte(out, has_data ? 1 : 3);
    for (int i = 0; i < (spec->offset_size != 0 ? spec->offset_size : 8); i++) {
        put_byte(out, 0);
    }
}

static inline void put_block(Built *built, const BuildSpec *spec, size_t index)
{
    const BuiltEntry *entry = &spec->entries[index];
    StrBuf *out = &built->bytes;
    const size_t len = entry->len != 0 ? entry->len : entry->data != NULL ? strlen(entry->data) : 0;
    built->block[index] = out->len;
    put_byte(out, entry->kind == BUILT_OBJECTS ? 3 : 1);
    put_int(out, spec, (int64_t)index + 1);
    if (entry->kind == BUILT_OBJECTS) {
        for (int i = 0; i < entry->objects; i++) {
            put_int(out, spec, i % 2 == 0 ? 100 + i : -(100 + i)); /* numbers above 2^31 are written as negative */
            put_stream(out, spec, entry->data, len);
        }
        put_int(out, spec, 0);
    } else {
        put_stream(out, spec, entry->data, len);
    }
    built->block_end[index] = out->len;
}

/* Built must be released with built_release. */
static inline void build_archive(const BuildSpec *spec, Built *built)
{
    *built = (Built){.toc = 0};
    assert_true(spec->count <= BUILT_MAX);
    strbuf_init(&built->bytes, STRBUF_LARGE);
    put_header(&built->bytes, spec);
    built->toc = built->bytes.len;
    put_int(&built->bytes, spec, (int64_t)spec->count);
    for (size_t i = 0; i < spec->count; i++) {
        put_entry(built, spec, i);
    }
    for (size_t i = 0; i < spec->count; i++) {
        if (spec->entries[i].kind == BUILT_NO_DATA) {
            continue;
        }
        put_block(built, spec, i);
        if (!spec->piped) {
            char *at = built->bytes.buf + built->offset_at[i];
            size_t offset = built->block[i];
            *at++ = 2;
            for (; offset != 0; offset >>= 8) {
                *at++ = (char)(unsigned char)(offset & 0xff);
            }
        }
    }
    assert_false(built->bytes.full);
}

static inline void built_release(Built *built)
{
    strbuf_release(&built->bytes);
}

/* --- the real ones --------------------------------------------------------------------------------------- */

static inline char *corpus_path(const char *name)
{
    char *here = fs_dir_name(__FILE__);
    char *path = mem_printf("%s/../fuzz/corpus/archive/%s", here, name);
    mem_free(here);
    return path;
}

static inline void corpus_read(const char *name, StrBuf *bytes)
{
    char *path = corpus_path(name);
    Error err = ERROR_INIT;
    strbuf_init(bytes, STRBUF_LARGE);
    assert_ok(fs_read_all(path, STRBUF_LARGE, bytes, &err), &err);
    mem_free(path);
}

#endif
