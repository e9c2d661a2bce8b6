#include "test_util.h"

#include "archive/archive.h"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *desc, *tag, *owner, *definition;
    } rows[] = {
        {"EXTENSION", "pg_trgm", "", "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;\n"},
        {"EXTENSION", "postgis", "", NULL},
        {"TABLE", "gifts", "ann", "CREATE TABLE public.gifts (\"GRANT ALL TO x\" text);\n"},
        {"ACL", "TABLE gifts", "ann",
         "REVOKE ALL ON TABLE public.gifts FROM ann;\nGRANT ALL ON TABLE public.gifts TO ann;\n"
         "GRANT SELECT ON TABLE public.gifts TO reader;\nGRANT SELECT ON TABLE public.gifts TO PUBLIC;\n"},
        {"ACL", "TABLE \"a TO b\"", "ann",
         "GRANT SELECT ON TABLE public.\"a TO b\" TO \"Big \"\"Boss\" WITH GRANT OPTION;\n"},
        {"DEFAULT ACL", "x", "ann",
         "ALTER DEFAULT PRIVILEGES FOR ROLE ann IN SCHEMA public GRANT SELECT ON TABLES TO reader;\n"},
        {"ACL", "empty", "ann", NULL},
        {"ACL", "cut", "ann", "GRANT SELECT ON TABLE x TO "},
    };
    ArchiveEntry entries[TEST_COUNT(rows)];
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        entries[i].desc = mem_strdup(rows[i].desc);
        entries[i].tag = mem_strdup(rows[i].tag);
        entries[i].owner = mem_strdup(rows[i].owner);
        entries[i].definition = mem_strdup(rows[i].definition);
    }
    const Archive archive = {.entries = entries, .entry_count = TEST_COUNT(rows)};
    assert_text(archive_extensions(&archive), "pg_trgm, postgis");
    assert_text(archive_grantees(&archive), "reader, PUBLIC, Big \"Boss");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        mem_free(entries[i].desc);
        mem_free(entries[i].tag);
        mem_free(entries[i].owner);
        mem_free(entries[i].definition);
    }
    const Archive empty = {.entry_count = 0};
    assert_text(archive_extensions(&empty), "");
    assert_text(archive_grantees(&empty), "");
}

static void what_reads_it(void **state)
{
    (void)state;
    static const struct {
        int minor;
        ArchiveCompression compression;
        const char *needs;
    } cases[] = {{16, ARCHIVE_ZSTD, "pg_restore 17 or newer, with zstd"},
                 {15, ARCHIVE_LZ4, "pg_restore 16 or newer, with lz4"},
                 {15, ARCHIVE_GZIP, "pg_restore 16 or newer"},
                 {14, ARCHIVE_GZIP, "pg_restore 12 or newer"},
                 {10, ARCHIVE_NONE, "pg_restore 10 or newer"}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const Archive archive = {.major = 1, .minor = cases[i].minor, .compression = cases[i].compression};
        assert_text(archive_needs(&archive), cases[i].needs);
    }
    assert_text(archive_will_need(18, "zstd:1"), "pg_restore 17 or newer, with zstd");
    assert_text(archive_will_need(17, "gzip:6"), "pg_restore 17 or newer");
    assert_text(archive_will_need(16, "lz4"), "pg_restore 16 or newer, with lz4");
    assert_text(archive_will_need(15, "gzip"), "pg_restore 12 or newer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(what_reads_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
