/*
 * archive_toc.c: the header and the table of contents, in all versions from 1.10 (PostgreSQL 8.0) to 1.16.
 *
 * What changed in between, as in pg_backup_archiver.h: 1.11 the section; 1.14 the table access method; 1.15 a
 * byte that names the compression, where an integer level stood before (0 none, anything else zlib); 1.16 the
 * kind of relation, and large objects in several entries. All that pg_dump cannot have written is refused, also
 * where pg_restore would not look: the sooner a wrong byte is seen the better.
 *
 * Texts are in the encoding that the entry ENCODING names, which comes first. Ours are UTF-8 as far as the database can
 * be had in it (snapshot.h); those of another archive are what utf8_shown makes of their bytes.
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>

#include "archive/foreign.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "version.h"

#define OLDEST_MINOR 10
#define NEWEST_MINOR 16
#define SMALLEST_ENTRY 40u /* fewer bytes cannot hold an entry, whatever the version */

enum { FORMAT_CUSTOM = 1 };
enum { OFFSET_NOT_SET = 1, OFFSET_SET = 2, OFFSET_NO_DATA = 3 };

typedef struct TocReader {
    ArchiveReader *reader;
    Archive *archive;
    size_t kept; /* bytes of texts that are kept */
    bool bytes;  /* texts are not UTF-8 */
    StrBuf text;
    uint64_t digest; /* of all numbers and texts so far: FNV-1a, to know a copy by */
} TocReader;

#define DIGEST_START 0xcbf29ce484222325u

static void digest(TocReader *toc, const void *bytes, size_t len)
{
    const uint8_t *next = bytes;
    for (size_t i = 0; i < len; i++) {
        toc->digest = (toc->digest ^ next[i]) * 0x100000001b3u;
    }
}

static bool read_int(TocReader *toc, int32_t *value, Error *err)
{
    if (!archive_reader_int(toc->reader, toc->archive->int_size, value, err)) {
        return false;
    }
    digest(toc, value, sizeof *value);
    return true;
}

/* An integer between two bounds; what it is goes into the message. */
static bool read_ranged(TocReader *toc, int32_t low, int32_t high, const char *what, int32_t *value, Error *err)
{
    const uint64_t offset = archive_reader_offset(toc->reader);
    int32_t found = 0;
    if (!read_int(toc, &found, err)) {
        return false;
    }
    if (found < low || found > high) {
        return archive_damaged(toc->reader, offset, err, "%s is impossible (%ld)", what, (long)found);
    }
    *value = found;
    return true;
}

/* Reads a string into toc->text; *is_null when the file says that there is none. The memory grows with what is
 * really there, not with what the length promises. */
static bool read_text(TocReader *toc, bool *is_null, Error *err)
{
    const uint64_t offset = archive_reader_offset(toc->reader);
    int32_t len = 0;
    strbuf_clear(&toc->text);
    if (!read_int(toc, &len, err)) {
        return false;
    }
    *is_null = len == -1;
    if (len == -1) {
        return true;
    }
    if (len < 0 || len > ARCHIVE_MAX_TEXT || (uint64_t)len > archive_reader_left(toc->reader)) {
        return archive_damaged(toc->reader, offset, err, "the length of a text is impossible (%ld)", (long)len);
    }
    size_t left = (size_t)len;
    while (left > 0) {
        char step[4096];
        const size_t now = left < sizeof(step) ? left : sizeof(step);
        if (!archive_reader_bytes(toc->reader, step, now, err)) {
            return false;
        }
        if (memchr(step, '\0', now) != NULL) {
            return archive_damaged(toc->reader, offset, err, "a text holds a zero byte");
        }
        strbuf_add(&toc->text, step, now);
        digest(toc, step, now);
        left -= now;
    }
    return true;
}

/* A copy of toc->text as UTF-8; an empty one is NULL. */
static bool keep_text(TocReader *toc, bool is_null, char **out, Error *err)
{
    if (is_null || toc->text.len == 0) {
        mem_free(*out);
        *out = NULL;
        return true;
    }
    toc->kept += toc->text.len;
    if (toc->kept > ARCHIVE_MAX_TOC_TEXT) {
        return archive_damaged(toc->reader, archive_reader_offset(toc->reader), err, "the texts are too many");
    }
    mem_free(*out);
    *out = !toc->bytes && utf8_valid(toc->text.buf, toc->text.len) ? mem_strndup(toc->text.buf, toc->text.len)
                                                                   : utf8_shown(toc->text.buf, toc->text.len);
    return true;
}

static bool read_kept(TocReader *toc, char **out, Error *err)
{
    bool is_null = false;
    return read_text(toc, &is_null, err) && keep_text(toc, is_null, out, err);
}

static bool skip_text(TocReader *toc, Error *err)
{
    bool is_null = false;
    return read_text(toc, &is_null, err);
}

static bool read_definition(TocReader *toc, ArchiveEntry *entry, Error *err)
{
    if (!read_kept(toc, &entry->definition, err)) {
        return false;
    }
    entry->definition_len = toc->text.len;
    entry->definition_at = archive_reader_offset(toc->reader) - toc->text.len;
    return true;
}

/* A number as text, as catalog numbers and dependencies are written. */
static bool read_digits(TocReader *toc, bool may_be_null, bool *is_null, Error *err)
{
    const uint64_t offset = archive_reader_offset(toc->reader);
    if (!read_text(toc, is_null, err)) {
        return false;
    }
    if (*is_null && may_be_null) {
        return true;
    }
    if (toc->text.len == 0 || toc->text.len > 10 || strspn(toc->text.buf, "0123456789") != toc->text.len) {
        return archive_damaged(toc->reader, offset, err, "a number in words is impossible");
    }
    return true;
}

/* --- the header ------------------------------------------------------------------------------------------ */

static bool read_created(TocReader *toc, Error *err)
{
    int32_t second = 0;
    int32_t minute = 0;
    int32_t hour = 0;
    int32_t day = 0;
    int32_t month = 0;
    int32_t year = 0;
    int32_t is_summer = 0;
    if (!read_ranged(toc, 0, 61, "the second", &second, err) || !read_ranged(toc, 0, 59, "the minute", &minute, err) ||
        !read_ranged(toc, 0, 23, "the hour", &hour, err) || !read_ranged(toc, 1, 31, "the day", &day, err) ||
        !read_ranged(toc, 0, 11, "the month", &month, err) || !read_ranged(toc, 70, 8099, "the year", &year, err) ||
        !read_ranged(toc, -1, 1, "the daylight saving", &is_summer, err)) {
        return false;
    }
    const CivilTime local = {.year = year + 1900,
                             .month = month + 1,
                             .day = day,
                             .hour = hour,
                             .minute = minute,
                             .second = second > 59 ? 59 : second};
    toc->archive->created = clock_from_local(&local);
    return true;
}

static bool read_compression(TocReader *toc, Error *err)
{
    Archive *archive = toc->archive;
    if (archive->minor >= 15) {
        const uint64_t offset = archive_reader_offset(toc->reader);
        uint8_t byte = 0;
        if (!archive_reader_byte(toc->reader, &byte, err)) {
            return false;
        }
        if (byte > ARCHIVE_ZSTD) {
            return archive_damaged(toc->reader, offset, err, "the compression is unknown (%u)", (unsigned)byte);
        }
        archive->compression = (ArchiveCompression)byte;
        return true;
    }
    int32_t level = 0;
    if (!read_ranged(toc, -1, 9, "the compression level", &level, err)) {
        return false;
    }
    archive->compression = level == 0 ? ARCHIVE_NONE : ARCHIVE_GZIP;
    return true;
}

/* Does not return true; what the reader has of the file's first bytes is enough to name it. */
static bool refuse_foreign(const uint8_t *head, size_t len, Error *err)
{
    Foreign foreign;
    if (foreign_kind(head, len, &foreign)) {
        error_set(err, EK_FOREIGN, "the file is %s", foreign.what);
        return foreign.hint != NULL ? error_hint(err, "%s", foreign.hint) : false;
    }
    return error_set(err, EK_DAMAGED, "the file does not begin like a PostgreSQL archive");
}

static bool read_header(TocReader *toc, Error *err)
{
    ArchiveReader *reader = toc->reader;
    Archive *archive = toc->archive;
    uint8_t fixed[11];
    archive_reader_where(reader, "in the header");
    if (!archive_reader_fill(reader, err)) {
        return false;
    }
    if (reader->at_end) {
        return error_set(err, EK_DAMAGED, "the file is empty");
    }
    const size_t have = (size_t)(reader->end - reader->next);
    uint8_t head[FOREIGN_HEAD];
    const size_t head_len = have < sizeof head ? have : sizeof head;
    memcpy(head, reader->next, head_len); /* the reader may go on to its next piece */
    if (!archive_reader_bytes(reader, fixed, 5, err)) {
        return false;
    }
    Foreign foreign;
    if (memcmp(fixed, "PGDMP", 5) != 0 || foreign_kind(head, head_len, &foreign)) {
        return refuse_foreign(head, head_len, err);
    }
    if (!archive_reader_bytes(reader, fixed + 5, 6, err)) {
        return false;
    }
    if (fixed[5] > 1 || (fixed[5] == 1 && fixed[6] > NEWEST_MINOR)) {
        /* Not damaged: pg_dump will have newer versions. */
        error_set(err, EK_TOOL, "the archive's version %u.%u is newer than this program can read (1.%d)",
                  (unsigned)fixed[5], (unsigned)fixed[6], NEWEST_MINOR);
        return error_hint(err, "Update " CMMS_PRODUCT " on this computer.");
    }
    if (fixed[5] < 1 || fixed[6] < OLDEST_MINOR) {
        return archive_damaged(reader, 5, err, "the archive's version %u.%u is older than 1.%d", (unsigned)fixed[5],
                               (unsigned)fixed[6], OLDEST_MINOR);
    }
    archive->major = fixed[5];
    archive->minor = fixed[6];
    archive->revision = fixed[7];
    archive->int_size = fixed[8];
    archive->offset_size = fixed[9];
    if (archive->int_size < 4 || archive->int_size > 8) {
        return archive_damaged(reader, 8, err, "the size of a number is impossible (%d)", archive->int_size);
    }
    if (archive->offset_size < 4 || archive->offset_size > 8) {
        return archive_damaged(reader, 9, err, "the size of an offset is impossible (%d)", archive->offset_size);
    }
    if (fixed[10] != FORMAT_CUSTOM) {
        return archive_damaged(reader, 10, err, "the format (%u) is not pg_dump's custom format", (unsigned)fixed[10]);
    }
    return read_compression(toc, err) && read_created(toc, err) && read_kept(toc, &archive->database, err) &&
           read_kept(toc, &archive->server_version, err) && read_kept(toc, &archive->tool_version, err);
}

/* --- entries --------------------------------------------------------------------------------------------- */

static long tool_major(const Archive *archive)
{
    return archive->tool_version == NULL ? 0 : strtol(archive->tool_version, NULL, 10);
}

static bool read_offset(TocReader *toc, ArchiveEntry *entry, Error *err)
{
    const uint64_t at = archive_reader_offset(toc->reader);
    uint8_t flag = 0;
    uint8_t bytes[8];
    const size_t len = (size_t)toc->archive->offset_size;
    if (!archive_reader_byte(toc->reader, &flag, err) || !archive_reader_bytes(toc->reader, bytes, len, err)) {
        return false;
    }
    uint64_t offset = 0;
    for (size_t i = len; i-- > 0;) {
        offset = offset << 8 | bytes[i];
    }
    if (flag < OFFSET_NOT_SET || flag > OFFSET_NO_DATA) {
        return archive_damaged(toc->reader, at, err, "the state of an offset is impossible (%u)", (unsigned)flag);
    }
    if (entry->has_data != (flag != OFFSET_NO_DATA)) {
        return archive_damaged(toc->reader, at, err, "an entry contradicts itself about its data");
    }
    if (flag != OFFSET_SET) {
        entry->offset = -1;
        return true;
    }
    if (offset >= toc->reader->size) {
        return archive_damaged(toc->reader, at, err, "the file is too short for what is listed");
    }
    entry->offset = (int64_t)offset;
    return true;
}

/* "true" or "false": WITH OIDS, which PostgreSQL 12 gave up. */
static bool read_with_oids(TocReader *toc, Error *err)
{
    const uint64_t offset = archive_reader_offset(toc->reader);
    if (!skip_text(toc, err)) {
        return false;
    }
    if (strcmp(toc->text.buf, "true") != 0 && strcmp(toc->text.buf, "false") != 0) {
        return archive_damaged(toc->reader, offset, err, "a yes or no is neither");
    }
    return true;
}

static bool read_entry(TocReader *toc, ArchiveEntry *entry, Error *err)
{
    ArchiveReader *reader = toc->reader;
    const int minor = toc->archive->minor;
    const uint64_t offset = archive_reader_offset(reader);
    bool is_null = false;
    int32_t number = 0;
    if (!read_ranged(toc, 1, INT32_MAX, "an entry's number", &entry->id, err) ||
        !read_ranged(toc, 0, 1, "an entry's mark for data", &number, err)) {
        return false;
    }
    entry->has_data = number == 1;
    if (!read_digits(toc, false, &is_null, err) || !read_digits(toc, false, &is_null, err) ||
        !read_kept(toc, &entry->tag, err) || !read_kept(toc, &entry->desc, err)) {
        return false;
    }
    if (entry->desc == NULL) {
        return archive_damaged(reader, offset, err, "an entry does not say what it is");
    }
    if (entry->tag == NULL) {
        entry->tag = mem_strdup("");
    }
    if ((minor >= 11 && !read_ranged(toc, 1, 4, "an entry's section", &number, err)) ||
        !read_definition(toc, entry, err) || !skip_text(toc, err) || /* the DROP statement */
        !read_kept(toc, &entry->copy_statement, err) || !read_kept(toc, &entry->schema, err) ||
        !skip_text(toc, err) ||                  /* tablespace */
        (minor >= 14 && !skip_text(toc, err)) || /* table access method */
        (minor >= 16 && !read_ranged(toc, 0, 127, "a kind of relation", &number, err)) ||
        !read_kept(toc, &entry->owner, err) || !read_with_oids(toc, err)) {
        return false;
    }
    do { /* dependencies, up to a missing text */
        if (!read_digits(toc, true, &is_null, err)) {
            return false;
        }
    } while (!is_null);
    if (!read_offset(toc, entry, err)) {
        return false;
    }
    const bool of_data = strcmp(entry->desc, "TABLE DATA") == 0 || strcmp(entry->desc, "BLOBS") == 0;
    if (of_data != entry->has_data && tool_major(toc->archive) > ARCHIVE_NEWEST_TOOL) {
        error_set(err, EK_TOOL,
                  "pg_dump %s, which made the backup, is newer than this program knows: it keeps data of a new kind "
                  "(%s)",
                  toc->archive->tool_version, entry->desc);
        return error_hint(err, "Update " CMMS_PRODUCT " on this computer.");
    }
    if (of_data != entry->has_data) {
        return archive_damaged(reader, offset, err, "an entry's kind contradicts its data");
    }
    return true;
}

/* SET client_encoding = 'LATIN1'; */
static void take_encoding(TocReader *toc, const ArchiveEntry *entry)
{
    static const char words[] = "client_encoding = '";
    const char *at = entry->definition == NULL ? NULL : strstr(entry->definition, words);
    if (strcmp(entry->desc, "ENCODING") == 0 && at != NULL) {
        at += sizeof words - 1;
        mem_free(toc->archive->encoding);
        toc->archive->encoding = mem_strndup(at, strcspn(at, "'"));
        toc->bytes = strcmp(toc->archive->encoding, "UTF8") != 0 && strcmp(toc->archive->encoding, "UNICODE") != 0;
    }
}

/* The number of entries, and the entries. */
static bool read_entries(TocReader *toc, Error *err)
{
    ArchiveReader *reader = toc->reader;
    Archive *archive = toc->archive;
    int32_t count = 0;
    size_t capacity = 0;
    bool told = false;
    bool untold = false;
    archive_reader_where(reader, "in the table of contents");
    const uint64_t offset = archive_reader_offset(reader);
    toc->digest = DIGEST_START;
    if (!read_ranged(toc, 0, INT32_MAX, "the number of entries", &count, err)) {
        return false;
    }
    if ((uint64_t)count * SMALLEST_ENTRY > archive_reader_left(reader)) {
        return archive_damaged(reader, offset, err, "the number of entries is impossible (%ld)", (long)count);
    }
    if (count > ARCHIVE_MAX_ENTRIES) {
        return error_set(err, EK_TOOL, "the backup lists %ld objects, more than this program can list (%d)",
                         (long)count, ARCHIVE_MAX_ENTRIES);
    }
    for (int32_t i = 0; i < count; i++) {
        void *grown = archive->entries;
        mem_grow(&grown, &capacity, archive->entry_count + 1, sizeof(ArchiveEntry));
        archive->entries = grown;
        ArchiveEntry *entry = &archive->entries[archive->entry_count];
        *entry = (ArchiveEntry){.offset = -1, .rows = -1};
        archive->entry_count++;
        if (!read_entry(toc, entry, err)) {
            return false;
        }
        take_encoding(toc, entry);
        told = told || (entry->has_data && entry->offset >= 0);
        untold = untold || (entry->has_data && entry->offset < 0);
    }
    /* pg_dump goes back to fill in all offsets, or (into a pipe) none. */
    return !(told && untold) || archive_damaged(reader, archive_reader_offset(reader), err, "some offsets are missing");
}

bool archive_parse_toc(ArchiveReader *reader, Archive *archive, Error *err)
{
    TocReader toc = {.reader = reader, .archive = archive};
    strbuf_init(&toc.text, ARCHIVE_MAX_TEXT);
    bool ok = read_header(&toc, err);
    const uint64_t start = archive_reader_offset(reader);
    ok = ok && read_entries(&toc, err);
    reader->toc_bytes = archive_reader_offset(reader) - start;
    reader->toc_digest = toc.digest;
    strbuf_release(&toc.text);
    return ok;
}

bool archive_parse_toc_copy(ArchiveReader *reader, const Archive *archive, const uint64_t *offsets, Error *err)
{
    Archive copy = {.major = archive->major, .minor = archive->minor, .int_size = archive->int_size,
                    .offset_size = archive->offset_size};
    TocReader toc = {.reader = reader, .archive = &copy};
    const uint64_t start = archive_reader_offset(reader);
    strbuf_init(&toc.text, ARCHIVE_MAX_TEXT);
    bool ok = read_entries(&toc, err);
    if (ok && (archive_reader_offset(reader) - start != reader->toc_bytes || toc.digest != reader->toc_digest)) {
        ok = archive_damaged(reader, start, err, "what follows the data is not the same table of contents again");
    }
    for (size_t i = 0; ok && i < copy.entry_count; i++) {
        const ArchiveEntry *entry = &copy.entries[i];
        if (entry->has_data && (entry->offset < 0 || (uint64_t)entry->offset != offsets[i])) {
            ok = archive_damaged(reader, start, err, "the table of contents after the data has a wrong offset (%lld)",
                                 (long long)entry->offset);
        }
    }
    archive_release(&copy);
    strbuf_release(&toc.text);
    return ok;
}
