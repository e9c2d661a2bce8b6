#include "test_util.h"

#include "archive_reading.h"
#include "base/hash.h"

static const ArchiveEntry *find_data(const Archive *archive, const char *desc, const char *tag)
{
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (strcmp(archive->entries[i].desc, desc) == 0 && strcmp(archive->entries[i].tag, tag) == 0) {
            return &archive->entries[i];
        }
    }
    fail_msg("no %s %s", desc, tag);
    return NULL;
}

/* --- real archives --------------------------------------------------------------------------------------- */

typedef enum Contents { TABLES, INSERTS, OBJECTS, SCHEMA } Contents;

static const struct Corpus {
    const char *file;
    ArchiveCompression compression;
    Contents contents;
    bool piped;
} corpus[] = {
    {"pg17-none-tables.backup", ARCHIVE_NONE, TABLES, false},
    {"pg17-gzip-tables.backup", ARCHIVE_GZIP, TABLES, false},
    {"pg17-lz4-tables.backup", ARCHIVE_LZ4, TABLES, false},
    {"pg17-zstd-tables.backup", ARCHIVE_ZSTD, TABLES, false},
    {"pg17-zstd-piped.backup", ARCHIVE_ZSTD, TABLES, true},
    {"pg17-none-objects.backup", ARCHIVE_NONE, OBJECTS, false},
    {"pg17-gzip-objects.backup", ARCHIVE_GZIP, OBJECTS, false},
    {"pg17-gzip-dataonly.backup", ARCHIVE_GZIP, OBJECTS, false},
    {"pg17-lz4-objects.backup", ARCHIVE_LZ4, OBJECTS, false},
    {"pg17-zstd-objects.backup", ARCHIVE_ZSTD, OBJECTS, false},
    {"pg17-gzip-inserts.backup", ARCHIVE_GZIP, INSERTS, false},
    {"pg17-none-inserts.backup", ARCHIVE_NONE, INSERTS, false},
    {"pg17-none-schema.backup", ARCHIVE_NONE, SCHEMA, false},
    {"pg18-none-tables.backup", ARCHIVE_NONE, TABLES, false},
    {"pg18-gzip-tables.backup", ARCHIVE_GZIP, TABLES, false},
    {"pg18-lz4-tables.backup", ARCHIVE_LZ4, TABLES, false},
    {"pg18-zstd-tables.backup", ARCHIVE_ZSTD, TABLES, false},
    {"pg18-zstd-piped.backup", ARCHIVE_ZSTD, TABLES, true},
    {"pg18-none-objects.backup", ARCHIVE_NONE, OBJECTS, false},
    {"pg18-gzip-objects.backup", ARCHIVE_GZIP, OBJECTS, false},
    {"pg18-gzip-dataonly.backup", ARCHIVE_GZIP, OBJECTS, false},
    {"pg18-lz4-objects.backup", ARCHIVE_LZ4, OBJECTS, false},
    {"pg18-zstd-objects.backup", ARCHIVE_ZSTD, OBJECTS, false},
    {"pg18-gzip-inserts.backup", ARCHIVE_GZIP, INSERTS, false},
    {"pg18-none-inserts.backup", ARCHIVE_NONE, INSERTS, false},
    {"pg18-none-schema.backup", ARCHIVE_NONE, SCHEMA, false},
};

static const struct {
    Contents contents;
    const char *schema, *name;
    int64_t rows;
} corpus_tables[] = {
    {TABLES, "public", "empty", 0},
    {TABLES, "public", "marks", 7},
    {TABLES, "public", "no_columns", 3},
    {TABLES, "public", "plain", 40},
    {TABLES, "public", "quote\"dot.comma,percent%", 5},
    {TABLES, "public", "split_low", 10},
    {TABLES, "public", "split_high", 15},
    {TABLES, "public", "\xC3\x96l_\xD0\xB8_\xE6\xB2\xB9_\xF0\x9F\x9B\xA0", 3},
    {TABLES, "schema with\nline end", "table with\nline end", 2},
    {OBJECTS, "public", "refs", 2},
};

static void check_corpus_tables(const Archive *archive, Contents contents)
{
    size_t tables = 0;
    size_t expected = 0;
    for (size_t i = 0; i < archive->entry_count; i++) {
        tables += strcmp(archive->entries[i].desc, "TABLE DATA") == 0;
        assert_int_equal(archive->entries[i].data_seen, archive->entries[i].has_data);
    }
    for (size_t i = 0; i < TEST_COUNT(corpus_tables); i++) {
        const Contents kind = contents == INSERTS ? TABLES : contents;
        if (corpus_tables[i].contents != kind) {
            continue;
        }
        const ArchiveEntry *entry = find_data(archive, "TABLE DATA", corpus_tables[i].name);
        assert_string_equal(entry->schema, corpus_tables[i].schema);
        assert_int_equal(entry->rows, contents == INSERTS ? -1 : corpus_tables[i].rows);
        assert_true(entry->data_bytes > 0);
        expected++;
    }
    assert_int_equal(tables, expected);
    if (contents == OBJECTS) {
        const ArchiveEntry *blobs = find_data(archive, "BLOBS", "100..3000000000");
        assert_int_equal(blobs->rows, 3);
        assert_int_equal(blobs->data_bytes, 12 + 7 * 200);
    }
}

static void reads_real_archives(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(corpus); i++) {
        Archive archive;
        Error err = ERROR_INIT;
        FsFile *file = NULL;
        StrBuf bytes;
        char *path = corpus_path(corpus[i].file);
        corpus_read(corpus[i].file, &bytes);
        archive_init(&archive);
        assert_ok(fs_open_read(path, &file, &err), &err);

        assert_ok(archive_read_toc(file, &archive, &err), &err);
        assert_int_equal(archive.major, 1);
        assert_int_equal(archive.minor, 16);
        assert_int_equal(archive.int_size, 4);
        assert_int_equal(archive.offset_size, 8);
        assert_int_equal(archive.compression, corpus[i].compression);
        assert_string_equal(archive.database, corpus[i].contents == OBJECTS ? "corpus_objects" : "corpus_tables");
        assert_string_equal(archive.server_version, "17.11 (Debian 17.11-0+deb13u1)");
        assert_memory_equal(archive.tool_version, corpus[i].file + 2, 2);
        /* Made in November 2026; the header has no time zone. */
        assert_true(archive.created >= 1793000000 && archive.created < 1797000000);
        for (size_t k = 0; k < archive.entry_count; k++) {
            assert_false(archive.entries[k].data_seen);
            assert_int_equal(archive.entries[k].offset >= 0, archive.entries[k].has_data && !corpus[i].piped);
            if (strcmp(archive.entries[k].desc, "TABLE DATA") == 0) { /* needs its table, which came before */
                size_t table = 0;
                assert_int_equal(archive.entries[k].need_count, 1);
                while (table < k && archive.entries[table].id != archive.entries[k].needs[0]) {
                    table++;
                }
                assert_string_equal(archive.entries[table].desc, "TABLE");
                assert_string_equal(archive.entries[table].tag, archive.entries[k].tag);
            }
        }

        ArchiveScan scan = {.cancel = NULL};
        assert_ok(archive_scan(file, &archive, &scan, &err), &err);
        check_corpus_tables(&archive, corpus[i].contents);
        assert_int_equal(scan.bytes, bytes.len);
        char hex[65];
        Sha256 *hash = sha256_new();
        sha256_update(hash, bytes.buf, bytes.len);
        sha256_finish(hash, hex);
        assert_string_equal(scan.sha256, hex);
        QuickXor quickxor;
        char base64[29];
        quickxor_init(&quickxor);
        quickxor_update(&quickxor, bytes.buf, bytes.len);
        quickxor_finish(&quickxor, base64);
        assert_string_equal(scan.quickxor, base64);

        assert_ok(fs_close(file, &err), &err);
        archive_release(&archive);
        strbuf_release(&bytes);
        mem_free(path);
    }
}

static void pieces_do_not_matter(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 5, 7, 64, 1000};
    for (size_t i = 0; i < TEST_COUNT(corpus); i++) {
        StrBuf bytes;
        corpus_read(corpus[i].file, &bytes);
        for (size_t k = 0; k < TEST_COUNT(steps); k++) {
            Archive archive;
            Error err = ERROR_INIT;
            archive_init(&archive);
            assert_ok(parse_pieces(bytes.buf, bytes.len, steps[k], &archive, &err), &err);
            check_corpus_tables(&archive, corpus[i].contents);
            archive_release(&archive);
        }
        strbuf_release(&bytes);
    }
}

static void definitions_are_kept(void **state)
{
    (void)state;
    StrBuf bytes;
    Archive archive;
    Error err = ERROR_INIT;
    corpus_read("pg17-none-tables.backup", &bytes);
    archive_init(&archive);
    assert_ok(parse_pieces(bytes.buf, bytes.len, 0, &archive, &err), &err);
    const ArchiveEntry *table = find_data(&archive, "TABLE", "empty");
    assert_string_equal(table->definition, "CREATE TABLE public.empty (\n    id integer\n);\n");
    assert_string_equal(table->owner, "postgres");
    assert_null(table->copy_statement);
    assert_int_equal(table->rows, -1);
    const ArchiveEntry *data = find_data(&archive, "TABLE DATA", "plain");
    assert_string_equal(data->copy_statement, "COPY public.plain (id, name, note) FROM stdin;\n");
    assert_null(find_data(&archive, "DATABASE", "corpus_tables")->schema);
    archive_release(&archive);
    strbuf_release(&bytes);
}

/* --- every version --------------------------------------------------------------------------------------- */

static const BuiltEntry usual[] = {
    {.kind = BUILT_NO_DATA, .name = "t", .desc = "TABLE", .schema = "public", .definition = "CREATE TABLE t (a text);"},
    {.kind = BUILT_COPY, .schema = "public", .name = "t", .data = ROWS("one\ntwo\nthree\n")},
    {.kind = BUILT_OBJECTS, .name = "BLOBS", .data = "an object", .objects = 4},
    {.kind = BUILT_COPY, .schema = "public", .name = "u", .data = ROWS("\n\n")},
    {.kind = BUILT_INSERTS, .schema = "public", .name = "v", .data = "INSERT INTO v VALUES (1);\n\n\n"},
};

static void check_usual(const Archive *archive)
{
    assert_int_equal(archive->entry_count, TEST_COUNT(usual));
    assert_string_equal(archive->entries[0].definition, "CREATE TABLE t (a text);");
    assert_string_equal(archive->entries[0].owner, "keeper");
    assert_int_equal(archive->entries[1].rows, 3);
    assert_int_equal(archive->entries[1].data_bytes, 19);
    assert_int_equal(archive->entries[2].rows, 4);
    assert_int_equal(archive->entries[2].data_bytes, 36);
    assert_int_equal(archive->entries[3].rows, 2);
    assert_int_equal(archive->entries[4].rows, -1);
    assert_int_equal(archive->entries[4].data_bytes, 28);
}

static void reads_every_version(void **state)
{
    (void)state;
    static const struct {
        int int_size, offset_size;
        size_t chunk;
        bool piped;
    } shapes[] = {{4, 8, 0, false}, {4, 4, 1, false}, {8, 8, 3, true}};
    for (int minor = 10; minor <= 16; minor++) {
        for (int method = ARCHIVE_NONE; method <= (minor >= 15 ? ARCHIVE_ZSTD : ARCHIVE_GZIP); method++) {
            for (size_t i = 0; i < TEST_COUNT(shapes); i++) {
                const BuildSpec spec = {minor,           (ArchiveCompression)method, shapes[i].int_size,
                                        shapes[i].offset_size, shapes[i].chunk,      shapes[i].piped,
                                        usual,           TEST_COUNT(usual)};
                Built built;
                Archive archive;
                ArchiveScan scan = {.cancel = NULL};
                Error err = ERROR_INIT;
                build_archive(&spec, &built);
                archive_init(&archive);
                assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, 5, &archive, &err), &err);
                check_usual(&archive);
                archive_release(&archive);
                assert_ok(scan_memory(built.bytes.buf, built.bytes.len, &archive, &scan, &err), &err);
                check_usual(&archive);
                assert_int_equal(archive.minor, minor);
                assert_int_equal(archive.compression, method);
                assert_string_equal(archive.tool_version, "17.11 (test)");
                archive_release(&archive);
                built_release(&built);
            }
        }
    }
}

/* --- damage ---------------------------------------------------------------------------------------------- */

static size_t first_block(const Archive *archive, size_t len)
{
    size_t first = len;
    for (size_t i = 0; i < archive->entry_count; i++) {
        if (archive->entries[i].offset >= 0 && (size_t)archive->entries[i].offset < first) {
            first = (size_t)archive->entries[i].offset;
        }
    }
    return first;
}

/* The head knows nothing of the compression, so it is cut in the archives without any. */
static void refuses_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(corpus); i++) {
        StrBuf bytes;
        Archive archive;
        Error err = ERROR_INIT;
        corpus_read(corpus[i].file, &bytes);
        archive_init(&archive);
        assert_ok(parse_pieces(bytes.buf, bytes.len, 0, &archive, &err), &err);
        const size_t data = corpus[i].piped ? 0 : first_block(&archive, bytes.len);
        archive_release(&archive);
        for (size_t len = corpus[i].compression == ARCHIVE_NONE ? 0 : data; len < bytes.len; len++) {
            if (parse_pieces(bytes.buf, len, 0, &archive, &err)) {
                fail_msg("%s cut to %zu bytes was taken", corpus[i].file, len);
            }
            assert_int_equal(err.kind, EK_DAMAGED);
            error_clear(&err);
            archive_release(&archive);
        }
        strbuf_release(&bytes);
    }
}

/* Each bit of small archives, flipped. What may pass: letters of texts in the TOC; in zlib's streams, which have a
 * checksum, only the unused bits of a stream's last byte, at most seven; in the data of LZ4 and zstd (pg_dump asks
 * for no checksum there) and in plain data more, which is what the manifest's SHA-256 is for. The head, which knows
 * nothing of the compression, once. */
static void finds_flipped_bits(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t may_pass; /* bits in the data blocks that may pass */
        unsigned found;  /* at least so many per cent of all flips must be found; 0: only the data are tried */
    } cases[] = {
        {"pg17-gzip-objects.backup", 4 * 7, 55}, {"pg17-lz4-objects.backup", 350, 0},
        {"pg17-zstd-objects.backup", 350, 0},    {"pg17-none-objects.backup", SIZE_MAX, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StrBuf bytes;
        Archive archive;
        Error err = ERROR_INIT;
        corpus_read(cases[i].file, &bytes);
        archive_init(&archive);
        assert_ok(parse_pieces(bytes.buf, bytes.len, 0, &archive, &err), &err);
        const size_t data = first_block(&archive, bytes.len);
        assert_true(data >= 1000 && data <= bytes.len - 50);
        archive_release(&archive);
        size_t found = 0;
        size_t passed = 0;
        for (size_t at = cases[i].found == 0 ? data : 0; at < bytes.len; at++) {
            for (int bit = 0; bit < 8; bit++) {
                bytes.buf[at] = (char)(bytes.buf[at] ^ (1 << bit));
                if (!parse_pieces(bytes.buf, bytes.len, 0, &archive, &err)) {
                    assert_true(err.kind == EK_DAMAGED || (err.kind == EK_TOOL && (at == 5 || at == 6)) ||
                                (err.kind == EK_FOREIGN && at == 10)); /* another format, or so it says */
                    found++;
                } else if (at >= data) {
                    passed++;
                }
                error_clear(&err);
                archive_release(&archive);
                bytes.buf[at] = (char)(bytes.buf[at] ^ (1 << bit));
            }
        }
        assert_true(passed <= cases[i].may_pass);
        assert_true(found * 100 / (bytes.len * 8) >= cases[i].found);
        strbuf_release(&bytes);
    }
}

static void not_archives(void **state)
{
    (void)state;
    refused("", 0, "the file is empty");
    refused("PGD", 3, "the file ends too early at byte 3, in the header");
    refused("\1hello", 6, "the file does not begin like a PostgreSQL archive");
    refused("PGDMP\x01\x10\0\x04\x08", 10, "the file ends too early at byte 10, in the header");
    refused("PGDMP\x01\x10\0\x04\x08\x05", 11,
            "the format (5) is not pg_dump's custom format at byte 10, in the header");
    refused("PGDMP\x01\x10\0\x03\x08\x01", 11, "the size of a number is impossible (3) at byte 8, in the header");
    refused("PGDMP\x01\x10\0\x04\x20\x01", 11, "the size of an offset is impossible (32) at byte 9, in the header");
    refused("PGDMP\x01\x10\0\x04\x08\x01\x04", 12, "the compression is unknown (4) at byte 11, in the header");
    refused("PGDMP\x01\x09\0\x04\x08\x01", 11, "the archive's version 1.9 is older than 1.10 at byte 5, in the header");
    refused("PGDMP\x01\x0e\0\x04\x08\x01\0\x0a\0\0\0", 16,
            "the compression level is impossible (10) at byte 11, in the header");
}

/* What is known for what it is, is not called damaged. */
static void foreign_files(void **state)
{
    (void)state;
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    assert_false(parse_pieces("-- PostgreSQL database dump\n", 28, 0, &archive, &err));
    assert_non_null(strstr(err.hint, "psql reads it"));
    assert_error(&err, EK_FOREIGN, "the file is a plain SQL script, not an archive");
    archive_release(&archive);
}

static void newer_versions_are_not_damage(void **state)
{
    (void)state;
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    assert_false(parse_pieces("PGDMP\x01\x11\0\x04\x08\x01", 11, 0, &archive, &err));
    assert_string_equal(err.hint, "Update CMMS Backup on this computer.");
    assert_error(&err, EK_TOOL, "the archive's version 1.17 is newer than this program can read (1.16)");
    archive_release(&archive);
}

/* Overwrites an integer (four bytes wide) of a built archive. */
static void set_int(Built *built, size_t at, int sign, uint32_t magnitude)
{
    built->bytes.buf[at] = (char)sign;
    for (size_t i = 1; i <= 4; i++) {
        built->bytes.buf[at + i] = (char)(unsigned char)(magnitude & 0xff);
        magnitude >>= 8;
    }
}

static void giant_lengths(void **state)
{
    (void)state;
    static const struct {
        int where; /* 0 the TOC's count, 1 a text, 2 a chunk, 3 a date */
        int sign;
        uint32_t magnitude;
        const char *message;
    } cases[] = {
        {0, 0, 0x7fffffff, "the number of entries is impossible (2147483647) at byte 83, in the table of contents"},
        {0, 0, 1000000, "the number of entries is impossible (1000000) at byte 83, in the table of contents"},
        {0, 1, 1, "the number of entries is impossible (-1) at byte 83, in the table of contents"},
        {0, 0, 0x80000000, "a number is out of its range at byte 83, in the table of contents"},
        {0, 1, 0x80000001, "a number is out of its range at byte 83, in the table of contents"},
        {0, 2, 1, "a number is out of its range at byte 83, in the table of contents"},
        {1, 0, 0x7fffffff, "the length of a text is impossible (2147483647) at byte 98, in the table of contents"},
        {1, 0, 64 * 1024 * 1024, "the length of a text is impossible (67108864) at byte 98, in the table of contents"},
        {1, 1, 2, "the length of a text is impossible (-2) at byte 98, in the table of contents"},
        {2, 0, 0x7fffffff,
         "the length of a piece of data is impossible (2147483647) at byte 247, in the data of table s.t"},
        {2, 1, 5, "the length of a piece of data is impossible (-5) at byte 247, in the data of table s.t"},
        {2, 0, 13, "the length of a piece of data is impossible (13) at byte 247, in the data of table s.t"},
        {3, 0, 12, "the month is impossible (12) at byte 32, in the header"},
    };
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = ROWS("a\n")};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, &entry, 1};
        Built built;
        build_archive(&spec, &built);
        const size_t places[] = {built.toc, built.toc + 15, built.block[0] + 6, 12 + 4 * 5};
        set_int(&built, places[cases[i].where], cases[i].sign, cases[i].magnitude);
        refused(built.bytes.buf, built.bytes.len, cases[i].message);
        built_release(&built);
    }
}

/* A file that is said to be large: lengths seem possible, so memory must grow with what is really there. */
static void promised_length_is_not_allocated(void **state)
{
    (void)state;
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = ROWS("a\n")};
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, &entry, 1};
    Built built;
    Archive archive;
    Error err = ERROR_INIT;
    build_archive(&spec, &built);
    set_int(&built, built.toc + 15, 0, 60 * 1024 * 1024);
    Memory memory = {built.bytes.buf, built.bytes.len, 0, 0, 0};
    const ArchiveSource source = {memory_read, &memory, (uint64_t)3 << 30};
    archive_init(&archive);
    ArchiveScan scan = {.cancel = NULL};
    char *message =
        mem_printf("the file ends too early at byte %zu, in the table of contents", built.bytes.len);
    assert_fails(archive_scan_source(&source, 0, &archive, &scan, &err), &err, EK_DAMAGED, message);
    assert_fails(archive_read_toc_source(&source, &archive, &err), &err, EK_DAMAGED, message);
    mem_free(message);
    archive_release(&archive);
    built_release(&built);
}

/* Large objects of old releases are an entry each, and a server may have millions: many are not damage. */
static void many_entries(void **state)
{
    (void)state;
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = ROWS("a\n")};
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, &entry, 1};
    static const struct {
        uint32_t count;
        ErrorKind kind;
        const char *words;
    } cases[] = {
        {2000000, EK_DAMAGED, " in the table of contents"}, /* the first of them is there; what follows is not */
        {30000000, EK_TOOL, "the backup lists 30000000 objects, more than this program can list (20000000)"}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Built built;
        Archive archive;
        Error err = ERROR_INIT;
        build_archive(&spec, &built);
        set_int(&built, built.toc, 0, cases[i].count);
        Memory memory = {built.bytes.buf, built.bytes.len, 0, 0, 0};
        const ArchiveSource source = {memory_read, &memory, (uint64_t)3 << 30};
        archive_init(&archive);
        assert_false(archive_read_toc_source(&source, &archive, &err));
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.message, cases[i].words));
        assert_null(strstr(err.message, "the number of entries"));
        error_clear(&err);
        archive_release(&archive);
        built_release(&built);
    }
}

static void exchange(Built *built, const char *from, const char *to)
{
    const size_t len = strlen(from);
    for (size_t i = 0; i + len <= built->bytes.len; i++) {
        if (memcmp(built->bytes.buf + i, from, len) == 0) {
            memcpy(built->bytes.buf + i, to, len);
        }
    }
}

/* A kind of data that only a later pg_dump knows is no damage; the same from one that is known is. */
static void data_of_a_new_kind(void **state)
{
    (void)state;
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = ROWS("a\n")};
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, &entry, 1};
    for (int newer = 0; newer <= 1; newer++) {
        Built built;
        Archive archive;
        Error err = ERROR_INIT;
        build_archive(&spec, &built);
        exchange(&built, "TABLE DATA", "TABLE ZEST");
        if (newer) {
            exchange(&built, "17.11 (test)", "99.11 (test)");
        }
        archive_init(&archive);
        assert_false(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err));
        if (newer) {
            assert_string_equal(err.hint, "Update CMMS Backup on this computer.");
            assert_error(&err, EK_TOOL, "pg_dump 99.11 (test), which made the backup, is newer than this program "
                                        "knows: it keeps data of a new kind (TABLE ZEST)");
        } else {
            assert_int_equal(err.kind, EK_DAMAGED);
            error_clear(&err);
        }
        archive_release(&archive);
        built_release(&built);
    }
}

/* --- the pass -------------------------------------------------------------------------------------------- */

static const BuiltEntry three[] = {
    {.kind = BUILT_COPY, .schema = "s", .name = "a", .data = ROWS("1\n")},
    {.kind = BUILT_COPY, .schema = "s", .name = "b", .data = ROWS("2\n")},
    {.kind = BUILT_COPY, .schema = "s", .name = "c", .data = ROWS("3\n")},
};

static void hashes_what_cannot_be_parsed(void **state)
{
    (void)state;
    /* 12 MB of nothing after a good header: the parser gives up at once, the hash goes on to the end. */
    const size_t len = 12000000;
    char *bytes = mem_alloc(len);
    Archive archive;
    Error err = ERROR_INIT;
    ArchiveScan scan = {.cancel = NULL};
    char hex[65];
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, three, 3};
    Built built;
    build_archive(&spec, &built);
    memcpy(bytes, built.bytes.buf, built.bytes.len);
    Sha256 *hash = sha256_new();
    sha256_update(hash, bytes, len);
    sha256_finish(hash, hex);
    archive_init(&archive);
    assert_fails(scan_memory(bytes, len, &archive, &scan, &err), &err, EK_DAMAGED,
                 "there is something that is no data at byte 616, between the tables' data");
    assert_string_equal(scan.sha256, hex);
    assert_int_equal(scan.bytes, len);
    assert_int_equal(archive.entry_count, 3); /* for a report */
    assert_int_equal(archive.entries[2].rows, 1);
    archive_release(&archive);
    built_release(&built);
    mem_free(bytes);
}

typedef struct Watch {
    uint64_t done, total;
    unsigned calls;
    Cancel *cancel; /* requested at the first call */
} Watch;

static void watch_progress(void *context, uint64_t done, uint64_t total)
{
    Watch *watch = context;
    assert_true(done > watch->done && done <= total);
    watch->done = done;
    watch->total = total;
    watch->calls++;
    if (watch->cancel != NULL) {
        cancel_request(watch->cancel);
    }
}

static void build_large(Built *built, char **rows)
{
    const size_t len = 10000000;
    *rows = mem_alloc(len + 6);
    memset(*rows, 'x', len);
    memcpy(*rows + len, "\n\\.\n\n\n", 6);
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = *rows, .len = len + 6};
    build_archive(&(BuildSpec){16, ARCHIVE_NONE, 0, 0, 0, false, &entry, 1}, built);
}

static void tells_progress_and_stops(void **state)
{
    (void)state;
    Built built;
    char *rows = NULL;
    build_large(&built, &rows);
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);

    Watch watch = {.done = 0};
    ArchiveScan scan = {.progress = watch_progress, .context = &watch};
    assert_ok(scan_memory(built.bytes.buf, built.bytes.len, &archive, &scan, &err), &err);
    assert_int_equal(watch.done, built.bytes.len);
    assert_int_equal(watch.total, built.bytes.len);
    assert_true(watch.calls >= 2 && watch.calls <= 100);
    assert_int_equal(archive.entries[0].rows, 1);

    /* Cancelled on the way: nothing more is read, no hash is told. */
    Watch stop = {.cancel = cancel_new()};
    ArchiveScan stopped = {.progress = watch_progress, .context = &stop, .cancel = stop.cancel};
    assert_fails(scan_memory(built.bytes.buf, built.bytes.len, &archive, &stopped, &err), &err, EK_CANCELLED,
                 "the check was cancelled");
    assert_int_equal(stop.calls, 1);
    assert_string_equal(stopped.sha256, "");
    cancel_free(stop.cancel);

    /* The disk fails on the way: that is the error, not what the parser makes of it. */
    Memory memory = {built.bytes.buf, built.bytes.len, 0, 0, 4000000};
    const ArchiveSource source = {memory_read, &memory, built.bytes.len};
    ArchiveScan broken = {.cancel = NULL};
    assert_fails(archive_scan_source(&source, 0, &archive, &broken, &err), &err, EK_IO, "the disk is gone");
    assert_string_equal(broken.sha256, "");

    /* Short reads are no end. */
    memory = (Memory){built.bytes.buf, built.bytes.len, 99991, 0, 0};
    watch = (Watch){.done = 0};
    assert_ok(archive_scan_source(&source, 0, &archive, &scan, &err), &err);
    assert_int_equal(archive.entries[0].rows, 1);

    archive_release(&archive);
    built_release(&built);
    mem_free(rows);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(archive_compression_name(ARCHIVE_NONE), "none");
    assert_string_equal(archive_compression_name(ARCHIVE_GZIP), "gzip");
    assert_string_equal(archive_compression_name(ARCHIVE_LZ4), "lz4");
    assert_string_equal(archive_compression_name(ARCHIVE_ZSTD), "zstd");
}

/* --- the rows of one table --------------------------------------------------------------------------------- */

typedef struct Lines {
    size_t calls, ends, stop_after; /* stop_after: 0: never */
} Lines;

static bool count_lines(void *context, const uint8_t *bytes, size_t len)
{
    Lines *lines = context;
    lines->calls++;
    for (size_t i = 0; i < len; i++) {
        lines->ends += bytes[i] == '\n';
    }
    return lines->calls != lines->stop_after;
}

static void rows_of_one_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(corpus); i++) {
        char *path = corpus_path(corpus[i].file);
        Error err = ERROR_INIT;
        Archive archive;
        FsFile *file = NULL;
        archive_init(&archive);
        assert_ok(fs_open_read(path, &file, &err), &err);
        assert_ok(archive_read_toc(file, &archive, &err), &err);
        for (size_t t = 0; corpus[i].contents == TABLES && t < TEST_COUNT(corpus_tables); t++) {
            if (corpus_tables[t].contents != TABLES) {
                continue;
            }
            const ArchiveEntry *entry = find_data(&archive, "TABLE DATA", corpus_tables[t].name);
            Lines lines = {.stop_after = 0}, stopped = {.stop_after = 1};
            if (corpus[i].piped) { /* the table of contents does not say where they are */
                assert_false(archive_read_rows(file, &archive, entry, count_lines, &lines, &err));
                assert_int_equal(err.kind, EK_FOREIGN);
                error_clear(&err);
                continue;
            }
            assert_ok(archive_read_rows(file, &archive, entry, count_lines, &lines, &err), &err);
            assert_int_equal(lines.ends, corpus_tables[t].rows + 3); /* the mark's line, and two empty ones */
            assert_ok(archive_read_rows(file, &archive, entry, count_lines, &stopped, &err), &err);
            assert_int_equal(stopped.calls, 1);
        }
        fs_close(file, NULL);
        archive_release(&archive);
        mem_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_real_archives),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(definitions_are_kept),
        cmocka_unit_test(reads_every_version),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(finds_flipped_bits),
        cmocka_unit_test(not_archives),
        cmocka_unit_test(foreign_files),
        cmocka_unit_test(newer_versions_are_not_damage),
        cmocka_unit_test(giant_lengths),
        cmocka_unit_test(rows_of_one_table),
        cmocka_unit_test(promised_length_is_not_allocated),
        cmocka_unit_test(many_entries),
        cmocka_unit_test(data_of_a_new_kind),
        cmocka_unit_test(hashes_what_cannot_be_parsed),
        cmocka_unit_test(tells_progress_and_stops),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
