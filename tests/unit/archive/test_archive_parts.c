/* test_archive_parts.c: the names that pg_dump gives, and what a tar may and may not be. */
#include "test_util.h"

#include "archive_reading.h"
#include "parts_builder.h"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool known;
        ArchivePartKind kind;
        uint32_t number;
        ArchiveCompression packed;
    } cases[] = {
        {"toc.dat", true, PART_TOC, 0, ARCHIVE_NONE},
        {"restore.sql", true, PART_SCRIPT, 0, ARCHIVE_NONE},
        {"5.dat", true, PART_DATA, 5, ARCHIVE_NONE},
        {"3456.dat.gz", true, PART_DATA, 3456, ARCHIVE_GZIP},
        {"3456.dat.lz4", true, PART_DATA, 3456, ARCHIVE_LZ4},
        {"3456.dat.zst", true, PART_DATA, 3456, ARCHIVE_ZSTD},
        {"blob_4294967295.dat", true, PART_OBJECT, 4294967295u, ARCHIVE_NONE},
        {"blob_16412.dat.zst", true, PART_OBJECT, 16412, ARCHIVE_ZSTD},
        {"blobs.toc", true, PART_LIST, 0, ARCHIVE_NONE},
        {"blobs.toc.gz", true, PART_LIST, 0, ARCHIVE_GZIP},
        {"blobs_17.toc", true, PART_LIST, 17, ARCHIVE_NONE},
        {"blobs_17.toc.lz4", true, PART_LIST, 17, ARCHIVE_LZ4},
        {"", false, PART_TOC, 0, ARCHIVE_NONE},
        {"toc.dat.gz", false, PART_TOC, 0, ARCHIVE_NONE},
        {"toc.data", false, PART_TOC, 0, ARCHIVE_NONE},
        {"TOC.DAT", false, PART_TOC, 0, ARCHIVE_NONE},
        {"./toc.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"../5.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"/5.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"C:5.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"5.dat.bz2", false, PART_TOC, 0, ARCHIVE_NONE},
        {"5.dat.gz.gz", false, PART_TOC, 0, ARCHIVE_NONE},
        {"5.dat/../6.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"0.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"05.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"-5.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"+5.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {".dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"4294967296.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"99999999999999999999.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"blob_.dat", false, PART_TOC, 0, ARCHIVE_NONE},
        {"blob_5.toc", false, PART_TOC, 0, ARCHIVE_NONE},
        {"blobs_.toc", false, PART_TOC, 0, ARCHIVE_NONE},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        ArchivePart part = {.kind = PART_SCRIPT, .number = 77};
        const bool known = archive_part_parse(cases[i].name, &part);
        if (known != cases[i].known) {
            fail_msg("\"%s\"", cases[i].name);
        }
        if (!known) {
            assert_int_equal(part.number, 77);
            continue;
        }
        assert_int_equal(part.kind, cases[i].kind);
        assert_int_equal(part.number, cases[i].number);
        assert_int_equal(part.packed, cases[i].packed);
        assert_string_equal(archive_part_name(&part).text, cases[i].name);
    }
}

static void found(void **state)
{
    (void)state;
    static const char *const all[] = {"9.dat.gz",    "blob_9.dat", "9.dat.zst", "toc.dat",
                                      "blobs_9.toc", "7.dat",      "9.dat.lz4"};
    ArchiveParts parts = {.items = NULL};
    Error err = ERROR_INIT;
    assert_null(archive_parts_find(&parts, PART_TOC, 0));
    for (size_t i = 0; i < TEST_COUNT(all); i++) {
        ArchivePart part;
        assert_true(archive_part_parse(all[i], &part));
        archive_parts_add(&parts, &part);
    }
    assert_ok(archive_parts_settle(&parts, &err), &err);
    assert_string_equal(archive_part_name(archive_parts_find(&parts, PART_DATA, 9)).text, "9.dat.gz");
    assert_string_equal(archive_part_name(archive_parts_find(&parts, PART_DATA, 7)).text, "7.dat");
    assert_string_equal(archive_part_name(archive_parts_find(&parts, PART_LIST, 9)).text, "blobs_9.toc");
    assert_non_null(archive_parts_find(&parts, PART_TOC, 0));
    assert_non_null(archive_parts_find(&parts, PART_OBJECT, 9));
    assert_null(archive_parts_find(&parts, PART_DATA, 8));
    assert_null(archive_parts_find(&parts, PART_LIST, 0));
    assert_null(archive_parts_find(&parts, PART_SCRIPT, 0));
    const ArchivePart link = {.kind = PART_DATA, .number = 8, .is_link = true};
    archive_parts_add(&parts, &link);
    assert_fails(archive_parts_settle(&parts, &err), &err, EK_FOREIGN,
                 "it holds a link, which pg_dump never makes: \"8.dat\"");
    archive_parts_release(&parts);
}

static bool look(const StrBuf *tar, ArchiveParts *parts, Error *err)
{
    Memory memory = {tar->buf, tar->len, 0, 0, 0};
    const ArchiveSource source = {memory_read, &memory, tar->len};
    return archive_parts_of_tar(&source, parts, err);
}

static void refused_at(const StrBuf *tar, ErrorKind kind, const char *message)
{
    ArchiveParts parts = {.items = NULL};
    Error err = ERROR_INIT;
    assert_fails(look(tar, &parts, &err), &err, kind, message);
    archive_parts_release(&parts);
}

static void a_tar(void **state)
{
    (void)state;
    ArchiveParts parts = {.items = NULL};
    StrBuf tar;
    Error err = ERROR_INIT;
    strbuf_init(&tar, STRBUF_LARGE);
    tar_member(&tar, "toc.dat", '0', "PGDMP", 5);
    tar_member(&tar, "5.dat", 0, "1\n\\.\n\n\n", 7); /* as the oldest tars mark a plain file */
    tar_end(&tar);
    tar_end(&tar); /* other programs fill up to a round size */
    assert_ok(look(&tar, &parts, &err), &err);
    assert_int_equal(parts.count, 2);
    const ArchivePart *part = archive_parts_find(&parts, PART_DATA, 5);
    assert_int_equal(part->at, 3 * TAR_BLOCK);
    assert_int_equal(part->size, 7);
    archive_parts_release(&parts);
    strbuf_addch(&tar, 'x');
    refused_at(&tar, EK_DAMAGED, "something follows the end at byte 4096 of the tar");
    strbuf_release(&tar);
}

/* Whatever else a tar can hold. */
static void what_pg_dump_never_writes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char type;
        const char *message;
    } cases[] = {
        {"5.dat", '2', "it holds a link, which pg_dump never makes: \"5.dat\""},
        {"5.dat", '1', "it holds a link, which pg_dump never makes: \"5.dat\""},
        {"5.dat", '5', "it holds something that is no plain file, which pg_dump never makes: \"5.dat\""},
        {"5.dat", 'L', "it holds something that is no plain file, which pg_dump never makes: \"5.dat\""},
        {"../5.dat", '0', "it holds a file of a name that pg_dump never gives: \"../5.dat\""},
        {"/etc/passwd", '0', "it holds a file of a name that pg_dump never gives: \"/etc/passwd\""},
        {"..\\x.exe", '0', "it holds a file of a name that pg_dump never gives: \"..\\x.exe\""},
        {"", '0', "it holds a file of a name that pg_dump never gives: \"\""},
        {"a\x1b[2J\n\t", '0', "it holds a file of a name that pg_dump never gives: \"a [2J  \""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StrBuf tar;
        strbuf_init(&tar, STRBUF_LARGE);
        tar_member(&tar, "toc.dat", '0', "PGDMP", 5);
        tar_member(&tar, cases[i].name, cases[i].type, "x", 1);
        tar_end(&tar);
        refused_at(&tar, EK_FOREIGN, cases[i].message);
        strbuf_release(&tar);
    }
}

/* A path before the name, and a name as long as the field. */
static void long_names(void **state)
{
    (void)state;
    char name[101];
    StrBuf tar;
    memset(name, '7', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    strbuf_init(&tar, STRBUF_LARGE);
    tar_member(&tar, name, '0', "x", 1);
    tar_end(&tar);
    char *message = mem_printf("it holds a file of a name that pg_dump never gives: \"%s\"", name);
    refused_at(&tar, EK_FOREIGN, message);
    mem_free(message);
    strbuf_clear(&tar);
    tar_member(&tar, "5.dat", '0', "x", 1);
    tar_end(&tar);
    memcpy(tar.buf + 345, "..", 2);
    tar_seal(tar.buf);
    refused_at(&tar, EK_FOREIGN, "it holds a file of a name that pg_dump never gives: \"5.dat\"");
    strbuf_release(&tar);
}

static void set_size(StrBuf *tar, const char *field)
{
    memcpy(tar->buf + 124, field, 12);
    tar_seal(tar->buf);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *field; /* 12 bytes */
        const char *message;
    } cases[] = {
        {"00000000001 ", NULL},
        {"         01 ", NULL},
        {"00000000001\0", NULL},
        {"000000000001", NULL},
        {"\x80\0\0\0\0\0\0\0\0\0\0\x01", NULL},
        {"77777777777 ", "the file ends too early at byte 2048 of the tar, in 5.dat of 8589934591 bytes"},
        {"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
         "the file ends too early at byte 2048 of the tar, in 5.dat of 9223372036854775807 bytes"},
        {"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
         "the file ends too early at byte 2048 of the tar, in 5.dat of 18446744073709551615 bytes"},
        {"\x80\0\0\x01\0\0\0\0\0\0\0\0", "the size of a file is impossible at byte 0 of the tar"},
        {"\x81\0\0\0\0\0\0\0\0\0\0\x01", "the size of a file is impossible at byte 0 of the tar"},
        {"00000000008 ", "the size of a file is impossible at byte 0 of the tar"},
        {"            ", "the size of a file is impossible at byte 0 of the tar"},
        {"-0000000001 ", "the size of a file is impossible at byte 0 of the tar"},
        {"\0\0\0\0\0\0\0\0\0\0\0\0", "the size of a file is impossible at byte 0 of the tar"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        ArchiveParts parts = {.items = NULL};
        Error err = ERROR_INIT;
        StrBuf tar;
        strbuf_init(&tar, STRBUF_LARGE);
        tar_member(&tar, "5.dat", '0', "x", 1);
        tar_end(&tar);
        set_size(&tar, cases[i].field);
        if (cases[i].message != NULL) {
            refused_at(&tar, EK_DAMAGED, cases[i].message);
        } else {
            assert_ok(look(&tar, &parts, &err), &err);
            assert_int_equal(parts.items[0].size, 1);
        }
        archive_parts_release(&parts);
        strbuf_release(&tar);
    }
}

/* Every byte of a head is under its checksum, and what fills up is empty. */
static void every_flip(void **state)
{
    (void)state;
    StrBuf tar;
    strbuf_init(&tar, STRBUF_LARGE);
    tar_member(&tar, "5.dat", '0', "x", 1);
    tar_end(&tar);
    for (size_t i = 0; i < tar.len; i++) {
        ArchiveParts parts = {.items = NULL};
        Error err = ERROR_INIT;
        tar.buf[i] = (char)(tar.buf[i] ^ 0x41);
        const bool taken = look(&tar, &parts, &err);
        /* The member's one byte, and what stands behind the checksum's digits. */
        if (taken != (i == TAR_BLOCK || i == 155)) {
            fail_msg("byte %zu", i);
        }
        tar.buf[i] = (char)(tar.buf[i] ^ 0x41);
        error_clear(&err);
        archive_parts_release(&parts);
    }
    strbuf_release(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(found),
        cmocka_unit_test(a_tar),
        cmocka_unit_test(what_pg_dump_never_writes),
        cmocka_unit_test(long_names),
        cmocka_unit_test(sizes),
        cmocka_unit_test(every_flip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
