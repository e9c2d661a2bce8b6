/*
 * parts_builder.h: the archives of archive_builder.h as pg_dump makes them of several files: toc.dat, 2.dat,
 * blobs_3.toc, blob_100.dat, in a folder or in a tar, also wrong ones.
 */
#ifndef CMMS_PARTS_BUILDER_H
#define CMMS_PARTS_BUILDER_H

#include <stdio.h>

#include "archive_builder.h"

#define PARTS_MAX 16
#define TAR_BLOCK 512u

typedef struct BuiltPart {
    char name[48];
    StrBuf bytes;
} BuiltPart;

typedef struct BuiltParts {
    BuiltPart items[PARTS_MAX];
    size_t count;
} BuiltParts;

static inline BuiltPart *add_part(BuiltParts *parts, const char *name, const char *bytes, size_t len)
{
    assert_true(parts->count < PARTS_MAX);
    BuiltPart *part = &parts->items[parts->count++];
    snprintf(part->name, sizeof part->name, "%s", name);
    strbuf_init(&part->bytes, STRBUF_LARGE);
    strbuf_add(&part->bytes, bytes, len);
    return part;
}

static inline void parts_release(BuiltParts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        strbuf_release(&parts->items[i].bytes);
    }
    parts->count = 0;
}

static inline BuiltPart *part_named(BuiltParts *parts, const char *name)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (strcmp(parts->items[i].name, name) == 0) {
            return &parts->items[i];
        }
    }
    fail_msg("no part %s", name);
    return NULL;
}

static inline void remove_part(BuiltParts *parts, const char *name)
{
    BuiltPart *part = part_named(parts, name);
    strbuf_release(&part->bytes);
    *part = parts->items[--parts->count];
}


/* As `gzip`, `lz4` and `zstd` make files. */
static inline void pack_file(ArchiveCompression packed, const char *bytes, size_t len, StrBuf *out)
{
    if (packed != ARCHIVE_GZIP) {
        compress_stream(packed, bytes, len, out);
        return;
    }
    unsigned char room[4096];
    z_stream stream = {.next_in = (const Bytef *)bytes, .avail_in = (uInt)len, .next_out = room,
                       .avail_out = sizeof room};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    strbuf_add(out, room, sizeof room - stream.avail_out);
    deflateEnd(&stream);
}

static inline void add_packed(BuiltParts *parts, ArchiveCompression packed, const char *name, const char *bytes)
{
    static const char *const ends[] = {"", ".gz", ".lz4", ".zst"};
    char *full = mem_printf("%s%s", name, ends[packed]);
    BuiltPart *part = add_part(parts, full, "", 0);
    pack_file(packed, bytes, strlen(bytes), &part->bytes);
    mem_free(full);
}

static inline void add_objects(BuiltParts *parts, const BuildSpec *spec, size_t index, ArchiveCompression packed)
{
    const BuiltEntry *entry = &spec->entries[index];
    char list[48];
    StrBuf lines;
    strbuf_init(&lines, STRBUF_LARGE);
    for (int i = 0; i < entry->objects; i++) {
        char name[48];
        const uint32_t number = (uint32_t)(i % 2 == 0 ? 100 + i : -(100 + i));
        snprintf(name, sizeof name, "blob_%lu.dat", (unsigned long)number);
        strbuf_addf(&lines, "%lu %s\n", (unsigned long)number, name);
        add_packed(parts, packed, name, entry->data);
    }
    if (spec->minor >= 16) {
        snprintf(list, sizeof list, "blobs_%zu.toc", index + 1);
    } else {
        snprintf(list, sizeof list, "blobs.toc");
    }
    add_part(parts, list, lines.buf, lines.len);
    strbuf_release(&lines);
}

/* Of an archive that was built piped and not compressed: its table of contents, with names in the place of offsets. */
static inline void add_toc(BuiltParts *parts, const BuildSpec *spec, const Built *built)
{
    const size_t offset_len = 1 + (size_t)(spec->offset_size != 0 ? spec->offset_size : 8);
    StrBuf *out = &add_part(parts, "toc.dat", "", 0)->bytes;
    size_t at = 0;
    for (size_t i = 0; i < spec->count; i++) {
        const BuiltKind kind = spec->entries[i].kind;
        char name[48] = "";
        if (kind == BUILT_OBJECTS && spec->minor >= 16) {
            snprintf(name, sizeof name, "blobs_%zu.toc", i + 1);
        } else if (kind != BUILT_NO_DATA) {
            snprintf(name, sizeof name, "%zu.dat", i + 1);
        }
        strbuf_add(out, built->bytes.buf + at, built->offset_at[i] - at);
        put_text(out, spec, name);
        at = built->offset_at[i] + offset_len;
    }
    out->buf[10] = 3; /* the format */
}

/* `built` is what joining the parts must give, byte for byte. */
static inline void build_parts(const BuildSpec *spec, ArchiveCompression packed, BuiltParts *parts, Built *built)
{
    assert_true(spec->piped && spec->compression == ARCHIVE_NONE);
    *parts = (BuiltParts){.count = 0};
    build_archive(spec, built);
    add_toc(parts, spec, built);
    for (size_t i = 0; i < spec->count; i++) {
        const BuiltEntry *entry = &spec->entries[i];
        char name[48];
        snprintf(name, sizeof name, "%zu.dat", i + 1);
        if (entry->kind == BUILT_OBJECTS) {
            add_objects(parts, spec, i, packed);
        } else if (entry->kind != BUILT_NO_DATA) {
            add_packed(parts, packed, name, entry->data);
        }
    }
}

/* --- a tar ----------------------------------------------------------------------------------------------- */

static inline void tar_seal(char *head)
{
    unsigned sum = 0;
    memset(head + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += (unsigned char)head[i];
    }
    snprintf(head + 148, 8, "%06o", sum);
    head[155] = ' ';
}

static inline void tar_head(StrBuf *tar, const char *name, char type, uint64_t size)
{
    char head[TAR_BLOCK] = "";
    memcpy(head, name, strlen(name));
    snprintf(head + 100, 8, "%07o", 0600u);
    snprintf(head + 124, 13, "%011llo ", (unsigned long long)size); /* the byte behind it is the next field's */
    snprintf(head + 136, 12, "%011o", 0u);
    head[156] = type;
    memcpy(head + 257, "ustar\00000", 8);
    tar_seal(head);
    strbuf_add(tar, head, sizeof head);
}

static inline void tar_member(StrBuf *tar, const char *name, char type, const char *bytes, size_t len)
{
    static const char zeros[TAR_BLOCK];
    tar_head(tar, name, type, len);
    strbuf_add(tar, bytes, len);
    strbuf_add(tar, zeros, (TAR_BLOCK - len % TAR_BLOCK) % TAR_BLOCK);
}

static inline void tar_end(StrBuf *tar)
{
    static const char zeros[2 * TAR_BLOCK];
    strbuf_add(tar, zeros, sizeof zeros);
}

static inline void build_tar(const BuiltParts *parts, StrBuf *tar)
{
    static const char script[] = "-- what nobody reads\n";
    strbuf_init(tar, STRBUF_LARGE);
    for (size_t i = 0; i < parts->count; i++) {
        tar_member(tar, parts->items[i].name, '0', parts->items[i].bytes.buf, parts->items[i].bytes.len);
    }
    tar_member(tar, "restore.sql", '0', script, sizeof script - 1);
    tar_end(tar);
}

/* --- a folder -------------------------------------------------------------------------------------------- */

static inline void put_file_in(const char *folder, const char *name, const char *bytes, size_t len)
{
    char *path = fs_join(folder, name);
    Error err = ERROR_INIT;
    FsFile *file = NULL;
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(fs_create_new(path, &file, &err), &err);
    assert_ok(fs_write(file, bytes, len, &err), &err);
    assert_ok(fs_close(file, &err), &err);
    mem_free(path);
}

static inline void build_folder(const BuiltParts *parts, const char *folder)
{
    Error err = ERROR_INIT;
    assert_ok(fs_make_dirs(folder, &err), &err);
    for (size_t i = 0; i < parts->count; i++) {
        put_file_in(folder, parts->items[i].name, parts->items[i].bytes.buf, parts->items[i].bytes.len);
    }
}

#endif
