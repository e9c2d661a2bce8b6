#include "test_util.h"

#include "archive_reading.h"

/* --- rows ------------------------------------------------------------------------------------------------ */

static void counts_rows(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        int64_t rows;
    } cases[] = {
        {ROWS(""), 0},
        {ROWS("\n"), 1},
        {ROWS("a\n"), 1},
        {ROWS("a\nb\n\nc\n"), 4},
        {ROWS("a\\nb\n"), 1},         /* a line end in a value */
        {ROWS("\\\\.\n"), 1},         /* the value \. */
        {ROWS("\\N\n\\N\t\\N\n"), 2}, /* NULLs */
        {ROWS(".\n\\\\\n"), 2},
        {ROWS("x\\.\n"), 1}, /* not at the start of its line: no mark */
        {ROWS("\\.x\n"), 1},
        {ROWS("\\..\n\\\n"), 2},
        {ROWS("1\t2\t3\n4\t5\t6\n"), 2},
    };
    static const size_t chunks[] = {0, 1, 2, 3, 4, 5};
    for (int method = ARCHIVE_NONE; method <= ARCHIVE_ZSTD; method++) {
        for (size_t i = 0; i < TEST_COUNT(cases); i++) {
            for (size_t k = 0; k < TEST_COUNT(chunks); k++) {
                const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = cases[i].data};
                const BuildSpec spec = {16, (ArchiveCompression)method, 0, 0, chunks[k], false, &entry, 1};
                Built built;
                Archive archive;
                Error err = ERROR_INIT;
                build_archive(&spec, &built);
                archive_init(&archive);
                assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, k, &archive, &err), &err);
                assert_int_equal(archive.entries[0].rows, cases[i].rows);
                assert_int_equal(archive.entries[0].data_bytes, strlen(cases[i].data));
                archive_release(&archive);
                built_release(&built);
            }
        }
    }
}

static void rows_without_their_end(void **state)
{
    (void)state;
    static const char missing[] = "the rows are cut off: the mark that ends them is missing at byte ";
    static const char follows[] = "something follows the mark that ends the rows at byte ";
    static const struct {
        BuiltKind kind;
        const char *data;
        const char *message; /* up to the offset */
    } cases[] = {
        {BUILT_COPY, "", missing},
        {BUILT_COPY, "a\nb\n", missing},
        {BUILT_COPY, "a\nb", missing},
        {BUILT_COPY, "a\n\\.", missing},
        {BUILT_COPY, "a\n\\.\n", missing},
        {BUILT_COPY, "a\n\\.\n\n", missing},
        {BUILT_COPY, "a\n\\.\n\n\n\n", follows},
        {BUILT_COPY, "a\n\\.\nb\n\\.\n\n\n", follows},
        {BUILT_COPY, "a\n\\.\n\n\nb", follows},
        {BUILT_COPY, "a\\.\n\n\n", missing},
        {BUILT_INSERTS, "", missing},
        {BUILT_INSERTS, "INSERT;\n", missing},
        {BUILT_INSERTS, "INSERT;\n\n\nI", missing},
    };
    for (int method = ARCHIVE_NONE; method <= ARCHIVE_ZSTD; method++) {
        for (size_t i = 0; i < TEST_COUNT(cases); i++) {
            for (size_t chunk = 0; chunk < 3; chunk++) {
                const BuiltEntry entry = {.kind = cases[i].kind, .schema = "s", .name = "t", .data = cases[i].data};
                const BuildSpec spec = {16, (ArchiveCompression)method, 0, 0, chunk, false, &entry, 1};
                Built built;
                Archive archive;
                Error err = ERROR_INIT;
                build_archive(&spec, &built);
                archive_init(&archive);
                assert_false(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err));
                assert_int_equal(err.kind, EK_DAMAGED);
                assert_memory_equal(err.message, cases[i].message, strlen(cases[i].message));
                assert_non_null(strstr(err.message, ", in the data of table s.t"));
                assert_false(archive.entries[0].data_seen);
                error_clear(&err);
                archive_release(&archive);
                built_release(&built);
            }
        }
    }
}

static void counts_across_buffers(void **state)
{
    (void)state;
    /* 5 MB of rows of all lengths, one of them longer than a buffer, in one chunk and in many. */
    static const size_t chunks[] = {0, 8191};
    StrBuf data;
    strbuf_init(&data, STRBUF_LARGE);
    int64_t rows = 0;
    char *wide = mem_alloc(1500000);
    memset(wide, 'w', 1500000);
    while (data.len < 5000000) {
        strbuf_add(&data, wide, (size_t)(rows * 7919 % 3001));
        if (rows == 500) {
            strbuf_add(&data, wide, 1500000);
        }
        strbuf_addch(&data, '\n');
        rows++;
    }
    strbuf_addstr(&data, "\\.\n\n\n");
    for (int method = ARCHIVE_NONE; method <= ARCHIVE_ZSTD; method++) {
        for (size_t i = 0; i < TEST_COUNT(chunks); i++) {
            const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "s", .name = "t", .data = data.buf,
                                      .len = data.len};
            const BuildSpec spec = {16, (ArchiveCompression)method, 0, 0, chunks[i], false, &entry, 1};
            Built built;
            Archive archive;
            ArchiveScan scan = {.cancel = NULL};
            Error err = ERROR_INIT;
            build_archive(&spec, &built);
            archive_init(&archive);
            assert_ok(scan_memory(built.bytes.buf, built.bytes.len, &archive, &scan, &err), &err);
            assert_int_equal(archive.entries[0].rows, rows);
            assert_int_equal(archive.entries[0].data_bytes, data.len);
            archive_release(&archive);
            built_release(&built);
        }
    }
    mem_free(wide);
    strbuf_release(&data);
}

/* --- streams --------------------------------------------------------------------------------------------- */

typedef enum Spoil { SPOIL_CUT, SPOIL_GARBAGE, SPOIL_TWICE, SPOIL_EMPTY, SPOIL_SKIPPABLE } Spoil;

static void streams_end_where_they_should(void **state)
{
    (void)state;
    static const char *const messages[] = {
        [SPOIL_CUT] = "the compressed data are cut off",
        [SPOIL_GARBAGE] = "something follows the end of the compressed data",
        [SPOIL_TWICE] = "something follows the end of the compressed data",
        [SPOIL_EMPTY] = "the compressed data are cut off",
        [SPOIL_SKIPPABLE] = "the compressed data do not begin as they should",
    };
    static const struct {
        Spoil spoil;
        ArchiveCompression compression;
    } cases[] = {
        {SPOIL_CUT, ARCHIVE_GZIP},       {SPOIL_CUT, ARCHIVE_LZ4},       {SPOIL_CUT, ARCHIVE_ZSTD},
        {SPOIL_GARBAGE, ARCHIVE_GZIP},   {SPOIL_GARBAGE, ARCHIVE_LZ4},   {SPOIL_GARBAGE, ARCHIVE_ZSTD},
        {SPOIL_TWICE, ARCHIVE_GZIP},     {SPOIL_TWICE, ARCHIVE_LZ4},     {SPOIL_TWICE, ARCHIVE_ZSTD},
        {SPOIL_EMPTY, ARCHIVE_GZIP},     {SPOIL_EMPTY, ARCHIVE_LZ4},     {SPOIL_EMPTY, ARCHIVE_ZSTD},
        {SPOIL_SKIPPABLE, ARCHIVE_LZ4},  {SPOIL_SKIPPABLE, ARCHIVE_ZSTD},
    };
    static const char skippable[] = "\x50\x2a\x4d\x18\x04\0\0\0abcd";
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        /* A large object: its data have no end mark of their own, so only the stream itself can tell. */
        const BuiltEntry entry = {.kind = BUILT_OBJECTS, .name = "BLOBS", .data = "", .objects = 0};
        const BuildSpec spec = {16, cases[i].compression, 0, 0, 0, false, &entry, 1};
        Built built;
        StrBuf packed;
        build_archive(&spec, &built);
        strbuf_init(&packed, STRBUF_SMALL);
        compress_stream(cases[i].compression, "some bytes of a large object", 28, &packed);
        switch (cases[i].spoil) {
        case SPOIL_CUT:
            strbuf_setlen(&packed, packed.len - 1);
            break;
        case SPOIL_GARBAGE:
            strbuf_addch(&packed, '\0');
            break;
        case SPOIL_TWICE:
            compress_stream(cases[i].compression, "more", 4, &packed);
            break;
        case SPOIL_EMPTY:
            strbuf_setlen(&packed, 0);
            break;
        case SPOIL_SKIPPABLE:
            strbuf_setlen(&packed, 0);
            strbuf_add(&packed, skippable, sizeof skippable - 1);
            break;
        }
        strbuf_setlen(&built.bytes, built.bytes.len - 5); /* the zero number at the end */
        put_int(&built.bytes, &spec, 77);
        put_chunks(&built.bytes, &spec, packed.buf, packed.len);
        put_int(&built.bytes, &spec, 0);
        /* At the stream's first byte, which was not taken, or behind its end. */
        const size_t begin = built.block[0] + 6 + 5 + 5;
        char *message = mem_printf("%s at byte %zu, in the large objects", messages[cases[i].spoil],
                                   cases[i].spoil == SPOIL_CUT ? begin + packed.len + 5 : begin);
        refused(built.bytes.buf, built.bytes.len, message);
        mem_free(message);
        strbuf_release(&packed);
        built_release(&built);
    }
}

/* --- blocks ---------------------------------------------------------------------------------------------- */

static const BuiltEntry three[] = {
    {.kind = BUILT_COPY, .schema = "s", .name = "a", .data = ROWS("1\n")},
    {.kind = BUILT_COPY, .schema = "s", .name = "b", .data = ROWS("2\n")},
    {.kind = BUILT_COPY, .schema = "s", .name = "c", .data = ROWS("3\n")},
};

/* Builds the three tables, then lets the blocks stand in the order given (0 to 2; -1 leaves out). */
static void build_reordered(bool piped, const int order[4], Built *built)
{
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, piped, three, 3};
    build_archive(&spec, built);
    StrBuf blocks;
    strbuf_init(&blocks, STRBUF_SMALL);
    for (int i = 0; i < 4; i++) {
        if (order[i] >= 0) {
            const size_t k = (size_t)order[i];
            strbuf_add(&blocks, built->bytes.buf + built->block[k], built->block_end[k] - built->block[k]);
        }
    }
    strbuf_setlen(&built->bytes, built->block[0]);
    strbuf_add(&built->bytes, blocks.buf, blocks.len);
    strbuf_release(&blocks);
}

static void blocks_that_are_not_as_told(void **state)
{
    (void)state;
    static const struct {
        bool piped;
        int order[4];
        const char *message; /* NULL: it is good */
    } cases[] = {
        {false, {0, 1, 2, -1}, NULL},
        {true, {0, 1, 2, -1}, NULL},
        {true, {2, 0, 1, -1}, NULL}, /* pg_restore finds blocks by their number */
        {false, {1, 0, 2, -1},
         "the data are not where the table of contents says (byte 570) at byte 547, in the data of table s.b"},
        {false, {0, 2, -1, -1},
         "the file is too short for what is listed at byte 538, in the table of contents"},
        {false, {0, 1, -1, -1}, "the file is too short for what is listed at byte 538, in the table of contents"},
        {true, {0, 2, -1, -1}, "the data are missing, the file ends at byte 593, in the data of table s.b"},
        {true, {-1, -1, -1, -1}, "the data are missing, the file ends at byte 547, in the data of table s.a"},
        {true, {0, 1, 2, 1}, "the data come a second time at byte 616, in the data of table s.b"},
        {false, {0, 1, 2, 0}, "the data come a second time at byte 616, in the data of table s.a"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Built built;
        build_reordered(cases[i].piped, cases[i].order, &built);
        if (cases[i].message != NULL) {
            refused(built.bytes.buf, built.bytes.len, cases[i].message);
        } else {
            Archive archive;
            Error err = ERROR_INIT;
            archive_init(&archive);
            assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err), &err);
            archive_release(&archive);
        }
        built_release(&built);
    }
}

static void patched_blocks(void **state)
{
    (void)state;
    static const struct {
        size_t block, at; /* which byte, from the start of which block (9: from the file's end) */
        int byte;
        const char *message;
    } cases[] = {
        {1, 0, 2, "there is something that is no data at byte 570, between the tables' data"},
        {1, 0, 3, "the data are of the wrong kind at byte 570, in the data of table s.b"},
        {1, 2, 9, "there are data that belong to nothing (entry 9) at byte 570, between the tables' data"},
        {9, 0, 0, "there is something that is no data at byte 616, between the tables' data"},
        {9, 0, 1, "the file ends too early at byte 617, between the tables' data"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, three, 3};
        Built built;
        build_archive(&spec, &built);
        if (cases[i].block == 9) {
            put_byte(&built.bytes, cases[i].byte);
        } else {
            built.bytes.buf[built.block[cases[i].block] + cases[i].at] = (char)cases[i].byte;
        }
        refused(built.bytes.buf, built.bytes.len, cases[i].message);
        built_release(&built);
    }
}

static void contradictions_in_the_toc(void **state)
{
    (void)state;
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, three, 3};
    Built built;

    build_archive(&spec, &built);
    built.bytes.buf[built.offset_at[0]] = 4;
    refused(built.bytes.buf, built.bytes.len,
            "the state of an offset is impossible (4) at byte 232, in the table of contents");
    built.bytes.buf[built.offset_at[0]] = 3;
    refused(built.bytes.buf, built.bytes.len,
            "an entry contradicts itself about its data at byte 232, in the table of contents");
    built.bytes.buf[built.offset_at[0]] = 1;
    refused(built.bytes.buf, built.bytes.len, "some offsets are missing at byte 547, in the table of contents");
    built.bytes.buf[built.offset_at[0]] = 2;
    built.bytes.buf[built.offset_at[0] + 3] = 1;
    refused(built.bytes.buf, built.bytes.len,
            "the file is too short for what is listed at byte 232, in the table of contents");
    built_release(&built);

    build_archive(&spec, &built);
    built.bytes.buf[built.toc + 6] = 2; /* the first entry takes the second one's number */
    refused(built.bytes.buf, built.bytes.len,
            "two entries have the same number (2) at byte 547, in the table of contents");
    built.bytes.buf[built.toc + 6] = 0;
    refused(built.bytes.buf, built.bytes.len,
            "an entry's number is impossible (0) at byte 88, in the table of contents");
    built_release(&built);

    build_archive(&spec, &built);
    built.bytes.buf[built.toc + 32] = '\0'; /* the first entry's name, which is one letter */
    refused(built.bytes.buf, built.bytes.len, "a text holds a zero byte at byte 110, in the table of contents");
    built_release(&built);

    const BuiltEntry no_data = {.kind = BUILT_NO_DATA, .schema = "s", .name = "t", .desc = "TABLE DATA"};
    refused_built(&(BuildSpec){16, ARCHIVE_NONE, 0, 0, 0, false, &no_data, 1},
                  "an entry's kind contradicts its data at byte 88, in the table of contents");
    const BuiltEntry unnamed = {.kind = BUILT_NO_DATA, .schema = "s", .name = "t", .desc = NULL};
    refused_built(&(BuildSpec){16, ARCHIVE_NONE, 0, 0, 0, false, &unnamed, 1},
                  "an entry does not say what it is at byte 88, in the table of contents");
}

static void large_objects_are_those_listed(void **state)
{
    (void)state;
    static const struct {
        int minor;
        const char *first, *second; /* listed; as tags before 1.16 */
        const char *message;
    } cases[] = {
        {16, "100\n4294967195\n102\n", "100\n", NULL},
        {16, "100\n4294967195\n", "100\n102", NULL},
        {16, "100\n4294967195\n102\n", NULL, "there are 4 large objects where 3 are listed"},
        {16, "100\n4294967195\n102\n", "101\n", "the large objects are not those that are listed"},
        {14, "100", "4294967195", "there are 4 large objects where 2 are listed"},
        {16, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const bool tags = cases[i].minor < 16;
        const char *desc = tags ? "BLOB" : "BLOB METADATA";
        const BuiltEntry entries[] = {
            {.kind = BUILT_NO_DATA, .name = tags ? cases[i].first : "a", .desc = desc, .definition = cases[i].first},
            {.kind = BUILT_NO_DATA, .name = tags ? cases[i].second : "b", .desc = desc, .definition = cases[i].second},
            {.kind = BUILT_OBJECTS, .name = "a", .data = "x", .objects = 3},
            {.kind = BUILT_OBJECTS, .name = "b", .data = "x", .objects = 1},
        };
        const BuildSpec spec = {cases[i].minor, ARCHIVE_NONE, 0, 0, 0, false, entries, 4};
        Built built;
        build_archive(&spec, &built);
        if (cases[i].message != NULL) {
            char *message = mem_printf("%s at byte %zu, in the large objects", cases[i].message, built.bytes.len);
            refused(built.bytes.buf, built.bytes.len, message);
            mem_free(message);
        } else {
            Archive archive;
            Error err = ERROR_INIT;
            archive_init(&archive);
            assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err), &err);
            assert_int_equal(archive.entries[2].rows, 3);
            archive_release(&archive);
        }
        built_release(&built);
    }
}

static void odd_names_make_plain_messages(void **state)
{
    (void)state;
    const BuiltEntry odd = {.kind = BUILT_COPY, .schema = "a\nb", .name = "c\x1b[31m\rd", .data = "x\n"};
    refused_built(&(BuildSpec){16, ARCHIVE_NONE, 0, 0, 0, true, &odd, 1},
                  "the rows are cut off: the mark that ends them is missing at byte 268, "
                  "in the data of table a b.c [31m d");
    /* Latin-1, from a database of another encoding, is repaired. */
    const BuiltEntry latin = {.kind = BUILT_COPY, .schema = "s", .name = "\xD6l", .data = ROWS("x\n")};
    const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, &latin, 1};
    Built built;
    Archive archive;
    Error err = ERROR_INIT;
    build_archive(&spec, &built);
    archive_init(&archive);
    assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err), &err);
    assert_string_equal(archive.entries[0].tag, "\xEF\xBF\xBD" "D6l");
    archive_release(&archive);
    built_release(&built);
}

/* A dump into a file that is only appended to: the TOC with the offsets stands behind the data. */
static void a_second_toc_may_follow(void **state)
{
    (void)state;
    static const BuiltEntry entries[] = {
        {.kind = BUILT_NO_DATA, .name = "t", .desc = "TABLE", .schema = "public", .definition = "CREATE TABLE t ();"},
        {.kind = BUILT_COPY, .schema = "public", .name = "t", .data = ROWS("1\n2\n")},
        {.kind = BUILT_OBJECTS, .name = "BLOBS", .data = "x", .objects = 2},
    };
    for (size_t count = 1; count <= TEST_COUNT(entries); count++) {
        BuildSpec spec = {16, ARCHIVE_GZIP, 0, 0, 0, true, entries, count};
        Built built;
        Built told; /* the same with offsets, from which the copy is taken */
        Archive archive;
        Error err = ERROR_INIT;
        build_archive(&spec, &built);
        spec.piped = false;
        build_archive(&spec, &told);
        const size_t data_end = built.bytes.len;
        const size_t toc_end = count > 1 ? built.block[1] : data_end;
        strbuf_add(&built.bytes, told.bytes.buf + built.toc, toc_end - built.toc);
        archive_init(&archive);
        assert_ok(parse_pieces(built.bytes.buf, built.bytes.len, 7, &archive, &err), &err);
        assert_int_equal(archive.entry_count, count);
        archive_release(&archive);
        /* Cut anywhere: damaged. */
        for (size_t len = data_end + 1; len < built.bytes.len; len++) {
            assert_false(parse_pieces(built.bytes.buf, len, 0, &archive, &err));
            assert_int_equal(err.kind, EK_DAMAGED);
            error_clear(&err);
            archive_release(&archive);
        }
        /* Any of its bytes changed: damaged. */
        for (size_t i = data_end; i < built.bytes.len; i++) {
            const bool unused = (size_t)(i - data_end) + built.toc >= built.offset_at[0] + 1 &&
                                (size_t)(i - data_end) + built.toc < built.offset_at[0] + 9;
            built.bytes.buf[i] = (char)(built.bytes.buf[i] ^ 4);
            if (!unused) { /* the offset of an entry without data says nothing */
                assert_false(parse_pieces(built.bytes.buf, built.bytes.len, 0, &archive, &err));
                assert_int_equal(err.kind, EK_DAMAGED);
                error_clear(&err);
                archive_release(&archive);
            }
            built.bytes.buf[i] = (char)(built.bytes.buf[i] ^ 4);
        }
        /* Something behind it; and where the first TOC has the offsets it may not be. */
        char *message = mem_printf("something follows the second table of contents at byte %zu, "
                                   "in the table of contents", built.bytes.len);
        strbuf_addch(&built.bytes, '\0');
        refused(built.bytes.buf, built.bytes.len, message);
        mem_free(message);
        if (count > 1) {
            strbuf_add(&told.bytes, built.bytes.buf + data_end, toc_end - built.toc);
            message = mem_printf("there is something that is no data at byte %zu, between the tables' data", data_end);
            refused(told.bytes.buf, told.bytes.len, message);
            mem_free(message);
        }
        built_release(&told);
        built_release(&built);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_toc_may_follow),
        cmocka_unit_test(counts_rows),
        cmocka_unit_test(rows_without_their_end),
        cmocka_unit_test(counts_across_buffers),
        cmocka_unit_test(streams_end_where_they_should),
        cmocka_unit_test(blocks_that_are_not_as_told),
        cmocka_unit_test(patched_blocks),
        cmocka_unit_test(contradictions_in_the_toc),
        cmocka_unit_test(large_objects_are_those_listed),
        cmocka_unit_test(odd_names_make_plain_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
