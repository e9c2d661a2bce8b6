/* test_foreign.c: files that people bring. */
#include "archive/foreign.h"

#include <string.h>

#include "test_util.h"

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *bytes;
    size_t len;
    const char *what;
} cases[] = {
    {BYTES("--\n-- PostgreSQL database dump\n--\n"), "a plain SQL script, not an archive"},
    {BYTES("--\n-- PostgreSQL database cluster dump\n--\n\n\\restrict x\n"),
     "a plain SQL script of pg_dumpall, with every database of a server"},
    {BYTES("\xff\xfe-\0-\0 \0P\0o\0s\0t\0g\0r\0e\0S\0Q\0L\0 \0d\0a\0t\0a\0b\0a\0s\0e\0 \0c\0l\0u\0s\0t\0e\0r\0"),
     "a plain SQL script in UTF-16, not an archive"},
    {BYTES("\r\n\r\nSET statement_timeout = 0;\r\n"), "a plain SQL script, not an archive"},
    {BYTES("\xef\xbb\xbf" "CREATE TABLE t (a int);"), "a plain SQL script, not an archive"},
    {BYTES("-\0-\0 \0P\0o\0s\0t\0g\0r\0e\0S\0Q\0L\0 \0d\0a\0t\0a\0b\0a\0s\0e\0"),
     "a plain SQL script in UTF-16, not an archive"},
    {BYTES("\xff\xfeI\0n\0s\0e\0r\0t\0 \0i\0n\0t\0o\0 \0t\0"), "a plain SQL script in UTF-16, not an archive"},
    {BYTES("\xfe\xff\0I\0n\0s\0e\0r\0t\0 \0i\0n\0t\0o\0 \0t"), "a plain SQL script in UTF-16, not an archive"},
    {BYTES("\xff\xfeP\0G\0D\0M\0P\0\1\0\x10\0"), "an archive that was turned into UTF-16 text"},
    {BYTES("P\0G\0D\0M\0P\0\1\0"), "an archive that was turned into UTF-16 text"},
    {BYTES("\x1f\x8b\x08\0\0"), "packed with gzip"},
    {BYTES("\x28\xb5\x2f\xfd\0"), "packed with zstd"},
    {BYTES("PK\x03\x04xxxxxx"), "a zip file"},
    {BYTES("<!DOCTYPE html><html>"), "a page of a web site"},
    {BYTES("\n <HTML><body>sign in"), "a page of a web site"},
    {BYTES("-- MySQL dump 10.13"), "a script of MySQL"},
    {BYTES("TAPE\0\0\3\0"), "a backup of Microsoft SQL Server"},
    {BYTES("PGDMP\1\x10\0\4\x08\3\1"), "the table of contents of an archive in pg_dump's directory format"},
    {BYTES("hello"), "a text, not an archive"},
    {BYTES("id;name\r\n7;J\xc3\xbcrgen\r\n"), "a text, not an archive"},
    {BYTES("%PDF-1.7\n"), "a PDF document"},
    {BYTES("\x89PNG\r\n\x1a\n"), "a picture"},
    {BYTES("MZ\x90\0\3"), "a Windows program"},
    {BYTES("\xd0\xcf\x11\xe0\xa1"), "a document of Microsoft Office"},
    {BYTES("Salted__\1\2"), "encrypted by openssl"},
    {BYTES("age-encryption.org/v1\n"), "encrypted by age"},
    {BYTES("-----BEGIN PGP MESSAGE-----\n"), "encrypted or signed by PGP"},
    /* Nothing that is known; or one of ours that was damaged. */
    {BYTES("PGDMP\1\x10\0"), NULL},
    {BYTES("PGDMP\1\x10\0\4\x08\1\1"), NULL},
    {BYTES("PGDLP\1\x10\0 create table "), NULL},
    {BYTES("hell\1"), NULL},
    {BYTES("hell\x7f"), NULL},
    {BYTES("hell"), NULL},
    {BYTES("PGDM"), NULL},
    {BYTES("PGDMP"), NULL},
    {BYTES("\xe4\xf6\xfc\xdfpasta"), NULL},
    {BYTES("\0\0\0\0\0\0\0\0"), NULL},
    {BYTES("\xff"), NULL},
    {BYTES("P"), NULL},
    {"", 0, NULL},
};

static void are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Foreign foreign = {NULL, NULL};
        assert_int_equal(foreign_kind((const uint8_t *)cases[i].bytes, cases[i].len, &foreign), cases[i].what != NULL);
        if (cases[i].what == NULL) {
            assert_null(foreign.what);
        } else {
            assert_string_equal(foreign.what, cases[i].what);
        }
    }
}

static void tar(void **state)
{
    (void)state;
    uint8_t head[512] = "toc.dat";
    Foreign foreign = {NULL, NULL};
    memcpy(head + 257, "ustar", 5);
    assert_true(foreign_kind(head, sizeof head, &foreign));
    assert_string_equal(foreign.what, "an archive in pg_dump's tar format");
    memcpy(head, "backup/", 8);
    assert_true(foreign_kind(head, sizeof head, &foreign));
    assert_string_equal(foreign.what, "a tar file");
    assert_false(foreign_kind(head, 260, &foreign));
}

static void line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool changed;
    } rows[] = {
        {"PGDMP\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n", true},
        {"PGDMP\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7", false}, /* may be chance */
        {"PGDMP\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\n", false},
        {"\n\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n", false},
        {"PGDMP\r\r\r\r\r\r\r\r", false},
        {"", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Foreign foreign = {NULL, NULL};
        assert_int_equal(foreign_line_ends((const uint8_t *)rows[i].text, strlen(rows[i].text), &foreign),
                         rows[i].changed);
        assert_true((foreign.hint != NULL) == rows[i].changed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(are_named), cmocka_unit_test(tar), cmocka_unit_test(line_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
