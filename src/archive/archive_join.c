/*
 * archive_join.c: a folder or a tar of pg_dump as one archive of the custom format, in one pass and in the order of the
 * table of contents, so that it can be written into something that only takes bytes.
 *
 * The table of contents is copied but for three things: the format's number, the compression (none), and each entry's
 * end, where an offset that is not told takes the place of a file's name; an archive that pg_dump writes into a pipe
 * has no other. Each part's data are decoded as they come and become the chunks of a block. Why they are not copied as
 * they are packed: gzip's files have another wrapper than the custom format's streams, every file may be packed
 * otherwise (PostgreSQL's own manual has people do it), and decoding compares the checksums that the files have.
 */
#include "archive_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf.h"
#include "platform/fs.h"

#define PIECE (256u * 1024u)
#define PROGRESS_STEP (1024u * 1024u)
#define HEAD 512u /* of a file, to know it by */
#define FORMAT_AT 10u
#define TAR_MAGIC_AT 257u
#define LONGEST_LINE 64u /* "4294967295 blob_4294967295.dat" has 30 */

enum { BLOCK_DATA = 1, BLOCK_LARGE_OBJECTS = 3 };
enum { FORMAT_CUSTOM = 1, FORMAT_PARTS = 3, OFFSET_NOT_SET = 1, OFFSET_NO_DATA = 3 };

typedef struct Joiner {
    const ArchivePartsFrom *from;
    ArchiveJoin *join;
    Archive archive;
    ArchiveSplice splice;
    uint8_t *piece;  /* of a part */
    uint8_t *out;    /* what is not written yet */
    size_t out_len;
    uint64_t done, told; /* bytes read */
    Error *err;      /* while a part's bytes come: what stopped them, already set */
    bool failed;
} Joiner;

/* --- what is made ---------------------------------------------------------------------------------------- */

static bool flush(Joiner *joiner, Error *err)
{
    const size_t len = joiner->out_len;
    joiner->out_len = 0;
    return len == 0 || joiner->join->write(joiner->join->context, joiner->out, len, err);
}

static bool put(Joiner *joiner, const void *bytes, size_t len, Error *err)
{
    if (len > PIECE - joiner->out_len && !flush(joiner, err)) {
        return false;
    }
    if (len > PIECE) {
        return joiner->join->write(joiner->join->context, bytes, len, err);
    }
    memcpy(joiner->out + joiner->out_len, bytes, len);
    joiner->out_len += len;
    return true;
}

static bool put_byte(Joiner *joiner, int byte, Error *err)
{
    const uint8_t one = (uint8_t)byte;
    return put(joiner, &one, 1, err);
}

/* A sign byte and the magnitude, lowest byte first. */
static bool put_int(Joiner *joiner, int32_t value, Error *err)
{
    uint8_t bytes[9] = {value < 0};
    uint64_t magnitude = value < 0 ? (uint64_t)-(int64_t)value : (uint64_t)value;
    for (int i = 1; i <= joiner->archive.int_size; i++) {
        bytes[i] = (uint8_t)(magnitude & 0xff);
        magnitude >>= 8;
    }
    return put(joiner, bytes, (size_t)joiner->archive.int_size + 1, err);
}

/* --- the parts ------------------------------------------------------------------------------------------- */

static bool advance(Joiner *joiner, size_t len, Error *err)
{
    ArchiveJoin *join = joiner->join;
    joiner->done += len;
    if (join->progress != NULL && joiner->done - joiner->told >= PROGRESS_STEP) {
        joiner->told = joiner->done;
        join->progress(join->context, joiner->done < join->bytes ? joiner->done : join->bytes, join->bytes);
    }
    return !cancel_requested(join->cancel) || error_set(err, EK_CANCELLED, "the check was cancelled");
}

static bool open_part(const Joiner *joiner, const ArchivePart *part, ArchiveSource *source, Error *err)
{
    return joiner->from->open(joiner->from->context, part, source, err);
}

static void close_part(const Joiner *joiner, ArchiveSource *source)
{
    if (joiner->from->close != NULL) {
        joiner->from->close(joiner->from->context, source);
    }
}

/* Decoded, to `take`, which sets joiner->failed and fills joiner->err when it says no. */
static bool decode_part(Joiner *joiner, const ArchivePart *part, const char *of, ArchiveTake take, void *context,
                        Error *err)
{
    ArchiveSource source;
    const char *problem = NULL;
    size_t got = 1;
    if (!open_part(joiner, part, &source, err)) {
        return false;
    }
    ArchiveStream *stream = archive_stream_new_file(part->packed, take, context);
    joiner->err = err;
    joiner->failed = false;
    archive_stream_begin(stream);
    bool ok = true, decoded = true;
    uint64_t at = 0;
    while (ok && decoded && got > 0) {
        ok = source.read(source.context, at, joiner->piece, PIECE, &got, err) && advance(joiner, got, err);
        decoded = !ok || archive_stream_feed(stream, joiner->piece, got, &problem);
        at += got;
    }
    /* pg_dump writes not a byte of LZ4 where there is none to pack: an empty large object. */
    const bool is_empty = at == 0 && part->packed == ARCHIVE_LZ4;
    decoded = decoded && (!ok || is_empty || archive_stream_end(stream, &problem));
    if (ok && !decoded && !joiner->failed) {
        error_set(err, EK_DAMAGED, "%s, in the file %s (%s)", problem != NULL ? problem : "it cannot be decoded",
                  archive_part_name(part).text, of);
    }
    archive_stream_free(stream);
    close_part(joiner, &source);
    return ok && decoded;
}

static bool take_chunk(void *context, const uint8_t *bytes, size_t len)
{
    Joiner *joiner = context;
    joiner->failed = len > 0 && !(put_int(joiner, (int32_t)len, joiner->err) && put(joiner, bytes, len, joiner->err));
    return !joiner->failed;
}

static bool join_stream(Joiner *joiner, const ArchivePart *part, const char *of, Error *err)
{
    return decode_part(joiner, part, of, take_chunk, joiner, err) && put_int(joiner, 0, err);
}

static bool part_is_missing(const Joiner *joiner, ArchivePartKind kind, uint32_t number, const char *of,
                            const ArchivePart **part, Error *err)
{
    const ArchivePart wanted = {.kind = kind, .number = number};
    *part = archive_parts_find(joiner->from->parts, kind, number);
    if (*part == NULL) {
        error_set(err, EK_DAMAGED, "the file %s is missing (%s)", archive_part_name(&wanted).text, of);
    }
    return *part == NULL;
}

static bool join_table(Joiner *joiner, const ArchiveEntry *entry, Error *err)
{
    const ArchivePart *part = NULL;
    char *of = mem_printf("the data of table %s%s%s", entry->schema != NULL ? entry->schema : "",
                          entry->schema != NULL ? "." : "", entry->tag);
    for (char *at = of; *at != '\0'; at++) { /* a message is one line */
        *at = (char)((unsigned char)*at < ' ' ? ' ' : *at);
    }
    const bool ok = !part_is_missing(joiner, PART_DATA, (uint32_t)entry->id, of, &part, err) &&
                    put_byte(joiner, BLOCK_DATA, err) && put_int(joiner, entry->id, err) &&
                    join_stream(joiner, part, of, err);
    mem_free(of);
    return ok;
}

/* --- large objects --------------------------------------------------------------------------------------- */

/* "16412 blob_16412.dat", a line each. */
typedef struct ObjectList {
    Joiner *joiner;
    const ArchivePart *part;
    uint32_t *numbers;
    size_t count, capacity;
    char line[LONGEST_LINE];
    size_t len;
} ObjectList;

static bool list_is_damaged(ObjectList *list)
{
    list->joiner->failed = true;
    return error_set(list->joiner->err, EK_DAMAGED, "line %zu of the file %s (the list of the large objects) is none",
                     list->count + 1, archive_part_name(list->part).text);
}

static bool end_line(ObjectList *list)
{
    ArchivePart object = {.kind = PART_TOC};
    char *name = memchr(list->line, ' ', list->len);
    list->line[list->len] = '\0';
    if (name == NULL || !archive_part_parse(name + 1, &object) || object.kind != PART_OBJECT ||
        object.packed != ARCHIVE_NONE) {
        return list_is_damaged(list);
    }
    char *same = mem_printf("%lu %s", (unsigned long)object.number, archive_part_name(&object).text);
    const bool is_one = strcmp(same, list->line) == 0;
    mem_free(same);
    /* As many as there are files at most: what is listed twice is not there twice. */
    if (!is_one || list->count >= list->joiner->from->parts->count) {
        return list_is_damaged(list);
    }
    void *grown = list->numbers;
    mem_grow(&grown, &list->capacity, list->count + 1, sizeof *list->numbers);
    list->numbers = grown;
    list->numbers[list->count++] = object.number;
    list->len = 0;
    return true;
}

static bool take_list(void *context, const uint8_t *bytes, size_t len)
{
    ObjectList *list = context;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            if (!end_line(list)) {
                return false;
            }
        } else if (bytes[i] == 0 || list->len + 1 >= sizeof list->line) {
            return list_is_damaged(list);
        } else {
            list->line[list->len++] = (char)bytes[i];
        }
    }
    return true;
}

static bool join_objects(Joiner *joiner, const ArchiveEntry *entry, Error *err)
{
    static const char of_list[] = "the list of the large objects", of_object[] = "a large object";
    ObjectList list = {.joiner = joiner};
    const uint32_t number = joiner->archive.minor >= 16 ? (uint32_t)entry->id : 0;
    bool ok = !part_is_missing(joiner, PART_LIST, number, of_list, &list.part, err) &&
              decode_part(joiner, list.part, of_list, take_list, &list, err);
    if (ok && list.len > 0) {
        ok = error_set(err, EK_DAMAGED, "the file %s (%s) is cut off", archive_part_name(list.part).text, of_list);
    }
    ok = ok && put_byte(joiner, BLOCK_LARGE_OBJECTS, err) && put_int(joiner, entry->id, err);
    for (size_t i = 0; ok && i < list.count; i++) {
        const ArchivePart *part = NULL;
        ok = !part_is_missing(joiner, PART_OBJECT, list.numbers[i], of_object, &part, err) &&
             put_int(joiner, (int32_t)list.numbers[i], err) && join_stream(joiner, part, of_object, err);
    }
    mem_free(list.numbers);
    return ok && put_int(joiner, 0, err);
}

/* --- the table of contents ------------------------------------------------------------------------------- */

typedef struct Contents {
    Joiner *joiner;
    ArchiveSource source;
} Contents;

static bool next_piece(ArchiveReader *reader, Error *err)
{
    const Contents *contents = reader->context;
    size_t got = 0;
    if (!contents->source.read(contents->source.context, reader->piece_end, contents->joiner->piece, PIECE, &got,
                               err)) {
        return false;
    }
    reader->next = contents->joiner->piece;
    reader->end = reader->next + got;
    reader->piece_end += got;
    reader->at_end = got == 0;
    return !cancel_requested(contents->joiner->join->cancel) || error_set(err, EK_CANCELLED, "the check was cancelled");
}

static bool read_contents(Contents *contents, Error *err)
{
    Joiner *joiner = contents->joiner;
    ArchiveReader reader = {.size = contents->source.size, .more = next_piece, .context = contents};
    const bool ok = archive_parse_toc_parts(&reader, &joiner->archive, &joiner->splice, err);
    archive_reader_release(&reader);
    if (!ok && err != NULL && (err->kind == EK_DAMAGED || err->kind == EK_FOREIGN || err->kind == EK_TOOL)) {
        error_context(err, "toc.dat");
    }
    return ok;
}

static bool copy_range(const Contents *contents, uint64_t *at, uint64_t end, Error *err)
{
    Joiner *joiner = contents->joiner;
    while (*at < end) {
        const size_t wanted = end - *at < PIECE ? (size_t)(end - *at) : PIECE;
        size_t got = 0;
        if (!contents->source.read(contents->source.context, *at, joiner->piece, wanted, &got, err)) {
            return false;
        }
        if (got == 0) {
            return error_set(err, EK_BUSY, "another program changed toc.dat while it was read");
        }
        if (!put(joiner, joiner->piece, got, err)) {
            return false;
        }
        *at += got;
    }
    return true;
}

static bool put_zeros(Joiner *joiner, size_t len, Error *err)
{
    static const uint8_t zeros[16];
    return len <= sizeof zeros && put(joiner, zeros, len, err);
}

static bool write_contents(const Contents *contents, Error *err)
{
    Joiner *joiner = contents->joiner;
    const ArchiveSplice *splice = &joiner->splice;
    uint64_t at = 0;
    bool ok = copy_range(contents, &at, FORMAT_AT, err) && put_byte(joiner, FORMAT_CUSTOM, err) &&
              put_zeros(joiner, splice->compression_len, err); /* "none" in all versions */
    at = splice->compression_at + splice->compression_len;
    for (size_t i = 0; ok && i < splice->count; i++) {
        const ArchiveEntry *entry = &joiner->archive.entries[i];
        ok = copy_range(contents, &at, splice->names[i].at, err) &&
             put_byte(joiner, entry->has_data ? OFFSET_NOT_SET : OFFSET_NO_DATA, err) &&
             put_zeros(joiner, (size_t)joiner->archive.offset_size, err);
        at += splice->names[i].len;
    }
    return ok && copy_range(contents, &at, contents->source.size, err);
}

static bool hash_contents(const Contents *contents, char hex[65], Error *err)
{
    Sha256 *hash = sha256_new();
    uint64_t at = 0;
    size_t got = 1;
    bool ok = true;
    while (ok && got > 0) {
        ok = contents->source.read(contents->source.context, at, contents->joiner->piece, PIECE, &got, err);
        sha256_update(hash, contents->joiner->piece, ok ? got : 0);
        at += got;
    }
    sha256_finish(hash, hex);
    return ok;
}

/* --- all of it ------------------------------------------------------------------------------------------- */

static bool join_data(Joiner *joiner, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < joiner->archive.entry_count; i++) {
        const ArchiveEntry *entry = &joiner->archive.entries[i];
        if (entry->has_data) {
            ok = strcmp(entry->desc, "BLOBS") == 0 ? join_objects(joiner, entry, err) : join_table(joiner, entry, err);
        }
    }
    return ok && flush(joiner, err);
}

static bool join_contents(Joiner *joiner, const ArchivePart *toc, char hex[65], Error *err)
{
    Contents contents = {.joiner = joiner};
    if (!open_part(joiner, toc, &contents.source, err)) {
        return false;
    }
    const bool ok = hash_contents(&contents, hex, err) && read_contents(&contents, err) &&
                    write_contents(&contents, err);
    close_part(joiner, &contents.source);
    return ok;
}

/* Another dump may have taken the place of this one while its data were read. */
static bool is_the_same(Joiner *joiner, const ArchivePart *toc, const char *before, Error *err)
{
    Contents contents = {.joiner = joiner};
    char after[65] = "";
    if (!open_part(joiner, toc, &contents.source, err)) {
        return false;
    }
    const bool ok = hash_contents(&contents, after, err);
    close_part(joiner, &contents.source);
    return ok && (strcmp(before, after) == 0 ||
                  error_set(err, EK_BUSY, "another program changed toc.dat while its data were read"));
}

bool archive_join_parts(const ArchivePartsFrom *from, ArchiveJoin *join, Error *err)
{
    Joiner joiner = {.from = from, .join = join};
    const ArchivePart *toc = archive_parts_find(from->parts, PART_TOC, 0);
    char hex[65] = "";
    if (toc == NULL) {
        return error_set(err, EK_DAMAGED, "the file toc.dat is missing (the table of contents)");
    }
    join->bytes = 0;
    for (size_t i = 0; i < from->parts->count; i++) {
        join->bytes += from->parts->items[i].size;
    }
    archive_init(&joiner.archive);
    joiner.piece = mem_alloc(PIECE);
    joiner.out = mem_alloc(PIECE);
    const bool ok = join_contents(&joiner, toc, hex, err) && join_data(&joiner, err) &&
                    is_the_same(&joiner, toc, hex, err);
    mem_free(joiner.out);
    mem_free(joiner.piece);
    mem_free(joiner.splice.names);
    archive_release(&joiner.archive);
    return ok;
}

/* --- from a tar ------------------------------------------------------------------------------------------ */

typedef struct Member {
    const ArchiveSource *tar;
    uint64_t at, size;
} Member;

static bool read_member(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    const Member *member = context;
    const uint64_t left = offset < member->size ? member->size - offset : 0;
    *got = 0;
    return left == 0 || member->tar->read(member->tar->context, member->at + offset, buf,
                                          left < len ? (size_t)left : len, got, err);
}

static bool open_member(void *context, const ArchivePart *part, ArchiveSource *source, Error *err)
{
    (void)err;
    Member *member = mem_alloc(sizeof *member);
    *member = (Member){context, part->at, part->size};
    *source = (ArchiveSource){read_member, member, part->size};
    return true;
}

static void close_member(void *context, ArchiveSource *source)
{
    (void)context;
    mem_free(source->context);
}

bool archive_join_tar(const ArchiveSource *tar, ArchiveJoin *join, Error *err)
{
    ArchiveParts parts = {.items = NULL};
    ArchiveSource whole = *tar;
    const ArchivePartsFrom from = {open_member, close_member, &whole, &parts};
    const bool ok = archive_parts_of_tar(tar, &parts, err) && archive_join_parts(&from, join, err);
    archive_parts_release(&parts);
    return ok;
}

/* --- from files ------------------------------------------------------------------------------------------ */

static bool read_file(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    return fs_read_at(context, offset, buf, len, got, err);
}

static bool open_file(void *context, const ArchivePart *part, ArchiveSource *source, Error *err)
{
    char *path = fs_join(context, archive_part_name(part).text);
    FsFile *file = NULL;
    uint64_t size = 0;
    const bool ok = fs_open_read(path, &file, err) && fs_size(file, &size, err);
    mem_free(path);
    if (!ok) {
        fs_close(file, NULL);
        return false;
    }
    *source = (ArchiveSource){read_file, file, size};
    return true;
}

static void close_file(void *context, ArchiveSource *source)
{
    (void)context;
    fs_close(source->context, NULL);
}

static bool find_part(void *context, const char *name, const FsInfo *info)
{
    ArchivePart part = {.kind = PART_TOC};
    if (!info->is_dir && archive_part_parse(name, &part) && part.kind != PART_SCRIPT) {
        part.size = info->size;
        part.is_link = info->is_link;
        archive_parts_add(context, &part);
    }
    return true;
}

static bool join_folder(const char *path, ArchiveJoin *join, Error *err)
{
    ArchiveParts parts = {.items = NULL};
    char *folder = mem_strdup(path);
    const ArchivePartsFrom from = {open_file, close_file, folder, &parts};
    const bool ok = fs_list(path, find_part, &parts, err) && archive_parts_settle(&parts, err) &&
                    archive_join_parts(&from, join, err);
    archive_parts_release(&parts);
    mem_free(folder);
    return ok;
}

bool archive_join(const char *path, ArchiveForm form, ArchiveJoin *join, Error *err)
{
    FsFile *file = NULL;
    if (form == ARCHIVE_FORM_FOLDER) {
        return join_folder(path, join, err);
    }
    ArchiveSource tar = {read_file, NULL, 0};
    bool ok = fs_open_read(path, &file, err) && fs_size(file, &tar.size, err);
    tar.context = file;
    ok = ok && archive_join_tar(&tar, join, err);
    fs_close(file, NULL);
    return ok;
}

/* --- what is there --------------------------------------------------------------------------------------- */

/* The first bytes, zeros behind them; none of what cannot be read. */
static size_t read_head(const char *path, uint8_t head[HEAD])
{
    FsFile *file = NULL;
    size_t got = 0;
    memset(head, 0, HEAD);
    if (fs_open_read(path, &file, NULL) && !fs_read_at(file, 0, head, HEAD, &got, NULL)) {
        got = 0;
    }
    fs_close(file, NULL);
    return got;
}

ArchiveForm archive_form(const char *path)
{
    uint8_t head[HEAD];
    FsInfo info;
    if (!fs_stat(path, &info, NULL)) {
        return ARCHIVE_FORM_FILE;
    }
    if (info.is_dir) {
        char *toc = fs_join(path, "toc.dat");
        const bool is_one = fs_stat(toc, &info, NULL) && !info.is_dir;
        mem_free(toc);
        return is_one ? ARCHIVE_FORM_FOLDER : ARCHIVE_FORM_FILE;
    }
    const size_t len = read_head(path, head);
    if (len > FORMAT_AT && memcmp(head, "PGDMP", 5) == 0 && head[FORMAT_AT] == FORMAT_PARTS) {
        return utf8_casecmp(fs_base_name(path), "toc.dat") == 0 ? ARCHIVE_FORM_FOLDER : ARCHIVE_FORM_FILE;
    }
    const bool is_tar = len == HEAD && memcmp(head + TAR_MAGIC_AT, "ustar", 5) == 0 && memcmp(head, "toc.dat", 8) == 0;
    return is_tar ? ARCHIVE_FORM_TAR : ARCHIVE_FORM_FILE;
}

char *archive_form_path(const char *path, ArchiveForm form)
{
    FsInfo info;
    char *plain = path[0] != '\0' && fs_base_name(path)[0] == '\0' ? fs_dir_name(path) : mem_strdup(path);
    if (form == ARCHIVE_FORM_FOLDER && fs_stat(plain, &info, NULL) && !info.is_dir) {
        char *folder = fs_dir_name(plain);
        mem_free(plain);
        return folder;
    }
    return plain;
}
