/* foreign.c: a table of beginnings, and some words of SQL. */
#include "archive/foreign.h"

#include <string.h>

#define LOOKED_AT 1024u /* bytes in which SQL shows itself */
#define TAR_MAGIC_AT 257u
#define FORMAT_AT 10u    /* in an archive's header */
#define FORMAT_FOLDER 3u /* what pg_dump writes there for its directory format (and tar's): archTar, pg_backup.h */
#define FEW_LINES 8u     /* line ends that may be what they are by chance */

static const char hint_unpack[] = "Unpack it; what is in it may be a backup.";
static const char hint_script[] = "psql reads it: psql -d DATABASE -f FILE. Make backups with this program, or with "
                                  "pg_dump -Fc.";
static const char hint_cluster[] = "psql reads it: psql -d postgres -f FILE. To have one database of it, restore it "
                                   "on a server of its own and make a backup there.";
static const char hint_shell[] = "A shell has written it as text, as PowerShell does with >. Make it again, with "
                                 "pg_dump -Fc -f FILE.";
static const char hint_folder[] = "Restore it: what is in it is shown before anything is done.";
static const char hint_directory[] = "Name its folder, in which this file is called toc.dat and lies beside the files "
                                     "with the data.";
static const char hint_line_ends[] = "docker exec -t does that, and FTP in text mode: make it again without -t, or "
                                     "copy it in binary mode.";
static const char hint_decrypt[] = "Decrypt it first; what is in it may be a backup.";
static const char hint_web[] = "Download it again, signed in.";

static const struct {
    const char *bytes;
    size_t len;
    Foreign foreign;
} beginnings[] = {
    {"\x1f\x8b", 2, {"packed with gzip", hint_unpack}},
    {"\x28\xb5\x2f\xfd", 4, {"packed with zstd", hint_unpack}},
    {"\x04\x22\x4d\x18", 4, {"packed with lz4", hint_unpack}},
    {"\xfd" "7zXZ\0", 6, {"packed with xz", hint_unpack}},
    {"BZh", 3, {"packed with bzip2", hint_unpack}},
    {"PK\x03\x04", 4, {"a zip file", hint_unpack}},
    {"7z\xbc\xaf\x27\x1c", 6, {"a 7-Zip file", hint_unpack}},
    {"Rar!", 4, {"a RAR file", hint_unpack}},
    {"SQLite format 3", 15, {"an SQLite database", NULL}},
    {"TAPE", 4, {"a backup of Microsoft SQL Server", NULL}},
    {"%PDF-", 5, {"a PDF document", NULL}},
    {"\x89PNG\r\n", 6, {"a picture", NULL}},
    {"\xff\xd8\xff", 3, {"a picture", NULL}},
    {"\xd0\xcf\x11\xe0", 4, {"a document of Microsoft Office", NULL}},
    {"MZ\x90\0", 4, {"a Windows program", NULL}},
    {"Salted__", 8, {"encrypted by openssl", hint_decrypt}},
    {"age-encryption.org/", 19, {"encrypted by age", hint_decrypt}},
    {"-----BEGIN PGP", 14, {"encrypted or signed by PGP", hint_decrypt}},
    {"-- MySQL dump", 13, {"a script of MySQL", NULL}},
    {"-- MariaDB dump", 15, {"a script of MariaDB", NULL}},
    {"P\0G\0D\0M\0P\0", 10, {"an archive that was turned into UTF-16 text", hint_shell}},
    {"\xff\xfeP\0G\0D\0M\0P\0", 12, {"an archive that was turned into UTF-16 text", hint_shell}},
    {"\xfe\xff\0P\0G\0D\0M\0P", 12, {"an archive that was turned into UTF-16 text", hint_shell}},
    {"\xef\xbb\xbfPGDMP", 8, {"an archive that was turned into UTF-8 text", hint_shell}},
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Every other byte of UTF-16 that holds plain letters; else the bytes as they are, without a mark of UTF-8. */
static size_t as_text(const uint8_t *head, size_t len, char text[LOOKED_AT + 1], bool *wide)
{
    const bool little = len >= 4 && ((head[0] == 0xff && head[1] == 0xfe) || (head[1] == 0 && head[3] == 0));
    const bool big = len >= 4 && ((head[0] == 0xfe && head[1] == 0xff) || (head[0] == 0 && head[2] == 0));
    size_t at = head[0] >= 0xfe ? 2 : len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t count = 0;
    *wide = little || big;
    while (at < len && is_space(head[at])) {
        at++;
    }
    for (at += big && (at % 2) == 0 ? 1 : 0; at < len && count < LOOKED_AT; at += *wide ? 2 : 1) {
        if (head[at] == 0) {
            break; /* no text */
        }
        text[count++] = lower(head[at]);
    }
    text[count] = '\0';
    return count;
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_script(const char *text)
{
    static const char *const words[] = {"-- postgresql database", "create table ", "create database ", "create schema ",
                                        "create function ", "create extension ", "insert into ", "alter table ",
                                        "set statement_timeout", "set client_encoding", "\\connect ", "\\restrict "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (has(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* No archive is text from its beginning, nor does damage make one so: the numbers of its header are not. */
static bool is_text(const uint8_t *head, size_t len)
{
    const size_t looked = len < LOOKED_AT ? len : LOOKED_AT;
    size_t beyond = 0;
    for (size_t i = 0; i < looked; i++) {
        if ((head[i] < ' ' && !is_space(head[i])) || head[i] == 0x7f) {
            return false;
        }
        beyond += head[i] >= 0x80;
    }
    return looked >= 5 && beyond < looked / 4;
}

static bool is_cut_mark(const uint8_t *head, size_t len)
{
    static const char mark[] = "PGDMP";
    size_t same = 0;
    for (size_t i = 0; i < 5 && i < len; i++) {
        same += head[i] == (uint8_t)mark[i];
    }
    return len >= 5 && same >= 4;
}

bool foreign_kind(const uint8_t *head, size_t len, Foreign *foreign)
{
    char text[LOOKED_AT + 1];
    bool wide = false;
    if (len > FORMAT_AT && memcmp(head, "PGDMP", 5) == 0 && head[FORMAT_AT] == FORMAT_FOLDER) {
        *foreign = (Foreign){"the table of contents of an archive in pg_dump's directory format", hint_directory};
        return true;
    }
    if (is_cut_mark(head, len) || len == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (len >= beginnings[i].len && memcmp(head, beginnings[i].bytes, beginnings[i].len) == 0) {
            *foreign = beginnings[i].foreign;
            return true;
        }
    }
    if (len >= TAR_MAGIC_AT + 5 && memcmp(head + TAR_MAGIC_AT, "ustar", 5) == 0) {
        *foreign = memcmp(head, "toc.dat", 8) == 0 ? (Foreign){"an archive in pg_dump's tar format", hint_folder}
                                                   : (Foreign){"a tar file", hint_unpack};
        return true;
    }
    as_text(head, len, text, &wide);
    if (starts_with(text, "<!doctype html") || starts_with(text, "<html")) {
        *foreign = (Foreign){"a page of a web site", hint_web};
        return true;
    }
    if (!wide && has(text, "-- postgresql database cluster dump")) {
        *foreign = (Foreign){"a plain SQL script of pg_dumpall, with every database of a server", hint_cluster};
        return true;
    }
    if (is_script(text)) {
        *foreign = wide ? (Foreign){"a plain SQL script in UTF-16, not an archive", hint_shell}
                        : (Foreign){"a plain SQL script, not an archive", hint_script};
        return true;
    }
    if (is_text(head, len)) {
        *foreign = (Foreign){"a text, not an archive", NULL};
        return true;
    }
    return false;
}

bool foreign_line_ends(const uint8_t *head, size_t len, Foreign *foreign)
{
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        if (head[i] != '\n') {
            continue;
        }
        if (i == 0 || head[i - 1] != '\r') {
            return false; /* every archive has many such, in its definitions alone */
        }
        lines++;
    }
    if (lines < FEW_LINES) {
        return false;
    }
    *foreign = (Foreign){"an archive whose line ends were changed on its way", hint_line_ends};
    return true;
}
