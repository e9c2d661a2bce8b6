#include "test_util.h"

#include "archive_reading.h"
#include "base/hash.h"
#include "platform/thread.h"

/* All that a pass finds out, or how it fails, in words. */
static char *outcome(bool ok, const Archive *archive, Error *err)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    strbuf_addf(&text, "%s %s\n", ok ? "good" : error_kind_name(err->kind), err->message != NULL ? err->message : "");
    for (size_t i = 0; i < archive->entry_count; i++) {
        const ArchiveEntry *entry = &archive->entries[i];
        strbuf_addf(&text, "%ld %s %s %d %lld %llu\n", (long)entry->id, entry->desc != NULL ? entry->desc : "",
                    entry->tag != NULL ? entry->tag : "", entry->data_seen, (long long)entry->rows,
                    (unsigned long long)entry->data_bytes);
    }
    error_clear(err);
    return strbuf_detach(&text);
}

/* However many threads: the same as read in a row. */
static void same_outcome(const char *bytes, size_t len, const unsigned *decoders, size_t count, const char *name)
{
    Memory memory = {bytes, len, 0, 0, 0};
    const ArchiveSource source = {memory_read, &memory, len};
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    char *in_a_row = outcome(archive_read_source(&source, &archive, NULL, &err), &archive, &err);
    archive_release(&archive);
    for (size_t i = 0; i < count; i++) {
        ArchiveScan scan = {.cancel = NULL};
        char *got = outcome(archive_scan_source(&source, decoders[i], &archive, &scan, &err), &archive, &err);
        if (strcmp(got, in_a_row) != 0) {
            fail_msg("%s with %u decoders:\n%s\nin a row:\n%s", name, decoders[i], got, in_a_row);
        }
        assert_int_equal(scan.bytes, len);
        assert_int_equal(strlen(scan.sha256), 64);
        mem_free(got);
        archive_release(&archive);
    }
    mem_free(in_a_row);
}

static const unsigned any_number[] = {1, 2, 3, 4};
static const unsigned some_numbers[] = {1, 3};

static bool check_corpus_file(void *context, const char *name, const FsInfo *info)
{
    size_t *files = context;
    if (!info->is_dir) {
        StrBuf bytes;
        corpus_read(name, &bytes);
        const bool real = strncmp(name, "pg", 2) == 0;
        same_outcome(bytes.buf, bytes.len, real ? any_number : some_numbers,
                     real ? TEST_COUNT(any_number) : TEST_COUNT(some_numbers), name);
        strbuf_release(&bytes);
        (*files)++;
    }
    return true;
}

/* Real archives, and what fuzzing has found. */
static void corpus_reads_the_same(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    size_t files = 0;
    char *dir = corpus_path("");
    assert_ok(fs_list(dir, check_corpus_file, &files, &err), &err);
    assert_true(files >= 26);
    mem_free(dir);
}

static void damage_reads_the_same(void **state)
{
    (void)state;
    static const char *const files[] = {"pg17-zstd-tables.backup", "pg17-gzip-objects.backup",
                                        "pg17-none-tables.backup", "pg17-zstd-piped.backup"};
    for (size_t i = 0; i < TEST_COUNT(files); i++) {
        StrBuf bytes;
        corpus_read(files[i], &bytes);
        for (size_t at = 0; at < bytes.len; at += bytes.len / 40 + 1) {
            bytes.buf[at] = (char)(bytes.buf[at] ^ 0x10);
            same_outcome(bytes.buf, bytes.len, some_numbers, TEST_COUNT(some_numbers), files[i]);
            bytes.buf[at] = (char)(bytes.buf[at] ^ 0x10);
            same_outcome(bytes.buf, at, some_numbers, TEST_COUNT(some_numbers), files[i]);
        }
        strbuf_release(&bytes);
    }
}

/* Tables of several pieces each, between small ones. */
#define LONG_ROWS 1200000u

static void build_long(ArchiveCompression compression, bool piped, Built *built)
{
    static const char *const tag[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    char *rows[BUILT_MAX];
    BuiltEntry entries[BUILT_MAX];
    uint32_t random = 1;
    for (size_t i = 0; i < BUILT_MAX; i++) {
        const size_t len = i % 3 == 0 ? 20 : LONG_ROWS;
        rows[i] = mem_alloc(len + 5);
        for (size_t k = 0; k + 1 < len; k++) {
            random = random * 1664525u + 1013904223u;
            rows[i][k] = (random >> 24) == 0 ? '\n' : (char)('a' + (random >> 28));
        }
        memcpy(rows[i] + len - 1, "\n\\.\n\n\n", 6);
        entries[i] = (BuiltEntry){.kind = BUILT_COPY, .schema = "s", .name = tag[i], .data = rows[i], .len = len + 5};
    }
    build_archive(&(BuildSpec){16, compression, 0, 0, 70000, piped, entries, BUILT_MAX}, built);
    for (size_t i = 0; i < BUILT_MAX; i++) {
        mem_free(rows[i]);
    }
}

static void long_archives_read_the_same(void **state)
{
    (void)state;
    for (int compression = ARCHIVE_NONE; compression <= ARCHIVE_ZSTD; compression++) {
        for (int piped = 0; piped < 2; piped++) {
            Built built;
            build_long((ArchiveCompression)compression, piped == 1, &built);
            same_outcome(built.bytes.buf, built.bytes.len, any_number, TEST_COUNT(any_number), "a long archive");
            built_release(&built);
        }
    }
}

/* Two tables are damaged, and the second one is decoded sooner: the first one is told. */
static void first_damage_is_told(void **state)
{
    (void)state;
    Built built;
    build_long(ARCHIVE_NONE, false, &built);
    char *buf = built.bytes.buf;
    buf[built.block_end[4] - 10] = 'x';     /* the mark that ends table e, 1.2 MB behind its start */
    buf[built.block[5] + 20] = 'x'; /* within f: passes */
    buf[built.block_end[6] - 10] = 'x';     /* the small table g's */
    for (size_t i = 0; i < TEST_COUNT(any_number); i++) {
        Memory memory = {buf, built.bytes.len, 0, 0, 0};
        const ArchiveSource source = {memory_read, &memory, built.bytes.len};
        ArchiveScan scan = {.cancel = NULL};
        Archive archive;
        Error err = ERROR_INIT;
        archive_init(&archive);
        char *message = mem_printf("the rows are cut off: the mark that ends them is missing at byte %zu, "
                                   "in the data of table s.e", built.block_end[4]);
        assert_fails(archive_scan_source(&source, any_number[i], &archive, &scan, &err), &err, EK_DAMAGED, message);
        assert_true(archive.entries[3].data_seen);
        assert_false(archive.entries[4].data_seen);
        mem_free(message);
        archive_release(&archive);
    }
    built_release(&built);
}

/* A disk that gives other bytes the first time. */
typedef struct Fickle {
    Memory memory;
    size_t at; /* the wrong byte */
    bool passed; /* it was read */
} Fickle;

static bool fickle_read(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    Fickle *fickle = context;
    if (!memory_read(&fickle->memory, offset, buf, len, got, err)) {
        return false;
    }
    if (!fickle->passed && fickle->at >= offset && fickle->at < offset + *got) {
        ((char *)buf)[fickle->at - offset] ^= 0x55;
        fickle->passed = true;
    }
    return true;
}

static void other_bytes_the_second_time(void **state)
{
    (void)state;
    Built built;
    build_long(ARCHIVE_ZSTD, false, &built);
    Fickle fickle = {{built.bytes.buf, built.bytes.len, 0, 0, 0}, built.block_end[7] - 20, false};
    const ArchiveSource source = {fickle_read, &fickle, built.bytes.len};
    ArchiveScan scan = {.cancel = NULL};
    Archive archive;
    Error err = ERROR_INIT;
    archive_init(&archive);
    assert_false(archive_scan_source(&source, 2, &archive, &scan, &err));
    assert_string_equal(err.hint, "Check the disk or the share.");
    assert_error(&err, EK_IO, "the file was another one when it was read again");
    assert_string_equal(scan.sha256, "");
    assert_int_equal(scan.bytes, 0);
    archive_release(&archive);
    built_release(&built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_reads_the_same),       cmocka_unit_test(damage_reads_the_same),
        cmocka_unit_test(long_archives_read_the_same), cmocka_unit_test(first_damage_is_told),
        cmocka_unit_test(other_bytes_the_second_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
