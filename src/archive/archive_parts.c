/*
 * archive_parts.c: which parts an archive in several files has: the names that pg_dump gives, and the tar.
 *
 * No name that stands in an archive is ever opened: what is looked for is named by the numbers in the table of
 * contents, and what has another name is none of it. Of a tar nothing is unpacked: it is read in its place. pg_dump
 * writes plain files alone into it, without folders, in POSIX's ustar form with sizes in octal digits or, from 8 GB on,
 * in binary; whatever else a tar can hold (links, devices, folders, long names) is another program's and is refused.
 */
#include "archive_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"

#define BLOCK 512u
/* Of a member's head. */
#define NAME_LEN 100u
#define SIZE_AT 124u
#define SIZE_LEN 12u
#define SUM_AT 148u
#define SUM_LEN 8u
#define TYPE_AT 156u
#define MAGIC_AT 257u
#define PREFIX_AT 345u
#define BINARY_SIZE 0x80u

/* --- names ----------------------------------------------------------------------------------------------- */

static const char *const ends[] = {"", ".gz", ".lz4", ".zst"}; /* as pg_restore tries them: ArchiveCompression */

/* As pg_dump writes a number: without a zero before it. */
static const char *take_number(const char *at, uint32_t *number)
{
    uint64_t value = 0;
    size_t len = 0;
    for (; at[len] >= '0' && at[len] <= '9' && len < 10; len++) {
        value = value * 10 + (uint64_t)(at[len] - '0');
    }
    if (len == 0 || at[0] == '0' || value > UINT32_MAX) {
        return NULL;
    }
    *number = (uint32_t)value;
    return at + len;
}

static const char *take_word(const char *at, const char *word)
{
    const size_t len = strlen(word);
    return at != NULL && strncmp(at, word, len) == 0 ? at + len : NULL;
}

static const char *take_numbered(const char *name, const char *before, const char *after, uint32_t *number)
{
    const char *at = take_word(name, before);
    return at == NULL ? NULL : take_word(take_number(at, number), after);
}

bool archive_part_parse(const char *name, ArchivePart *part)
{
    ArchivePart found = {.kind = PART_TOC};
    if (strcmp(name, "toc.dat") == 0 || strcmp(name, "restore.sql") == 0) {
        found.kind = name[0] == 't' ? PART_TOC : PART_SCRIPT;
        *part = found;
        return true;
    }
    const char *end = NULL;
    if ((end = take_numbered(name, "blob_", ".dat", &found.number)) != NULL) {
        found.kind = PART_OBJECT;
    } else if ((end = take_numbered(name, "blobs_", ".toc", &found.number)) != NULL ||
               (end = take_word(name, "blobs.toc")) != NULL) {
        found.kind = PART_LIST;
    } else if ((end = take_numbered(name, "", ".dat", &found.number)) != NULL) {
        found.kind = PART_DATA;
    } else {
        return false;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(end, ends[i]) == 0) {
            found.packed = (ArchiveCompression)i;
            *part = found;
            return true;
        }
    }
    return false;
}

ArchivePartName archive_part_name(const ArchivePart *part)
{
    ArchivePartName name = {"toc.dat"};
    const unsigned long number = part->number;
    const char *end = ends[part->packed];
    switch (part->kind) {
    case PART_TOC:
        break;
    case PART_DATA:
        snprintf(name.text, sizeof name.text, "%lu.dat%s", number, end);
        break;
    case PART_LIST:
        if (number == 0) {
            snprintf(name.text, sizeof name.text, "blobs.toc%s", end);
        } else {
            snprintf(name.text, sizeof name.text, "blobs_%lu.toc%s", number, end);
        }
        break;
    case PART_OBJECT:
        snprintf(name.text, sizeof name.text, "blob_%lu.dat%s", number, end);
        break;
    case PART_SCRIPT:
        snprintf(name.text, sizeof name.text, "restore.sql");
        break;
    }
    return name;
}

/* --- all of them ----------------------------------------------------------------------------------------- */

void archive_parts_release(ArchiveParts *parts)
{
    mem_free(parts->items);
    *parts = (ArchiveParts){.items = NULL};
}

void archive_parts_add(ArchiveParts *parts, const ArchivePart *part)
{
    void *grown = parts->items;
    mem_grow(&grown, &parts->capacity, parts->count + 1, sizeof *parts->items);
    parts->items = grown;
    parts->items[parts->count++] = *part;
}

static int compare_places(const ArchivePart *a, const ArchivePart *b)
{
    return a->kind != b->kind ? (a->kind > b->kind) - (a->kind < b->kind)
                              : (a->number > b->number) - (a->number < b->number);
}

static int compare_parts(const void *a, const void *b)
{
    const ArchivePart *left = a, *right = b;
    const int order = compare_places(left, right);
    return order != 0 ? order : (left->packed > right->packed) - (left->packed < right->packed);
}

bool archive_parts_settle(ArchiveParts *parts, Error *err)
{
    if (parts->count > 1) {
        qsort(parts->items, parts->count, sizeof *parts->items, compare_parts);
    }
    for (size_t i = 0; i < parts->count; i++) {
        const ArchivePart *part = &parts->items[i];
        if (part->is_link) {
            error_set(err, EK_FOREIGN, "it holds a link, which pg_dump never makes: \"%s\"",
                      archive_part_name(part).text);
            return error_hint(err, "Put the file itself in its place.");
        }
        if (i > 0 && compare_parts(part, part - 1) == 0) {
            return error_set(err, EK_FOREIGN, "the file %s is in it twice", archive_part_name(part).text);
        }
    }
    return true;
}

const ArchivePart *archive_parts_find(const ArchiveParts *parts, ArchivePartKind kind, uint32_t number)
{
    const ArchivePart key = {.kind = kind, .number = number};
    size_t low = 0, high = parts->count;
    while (low < high) { /* the first that is not before it */
        const size_t middle = low + (high - low) / 2;
        if (compare_parts(&parts->items[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < parts->count && compare_places(&parts->items[low], &key) == 0 ? &parts->items[low] : NULL;
}

/* --- a tar ----------------------------------------------------------------------------------------------- */

static bool tar_damaged(uint64_t at, Error *err, const char *problem)
{
    return error_set(err, EK_DAMAGED, "%s at byte %llu of the tar", problem, (unsigned long long)at);
}

static bool read_exactly(const ArchiveSource *tar, uint64_t at, uint8_t *buf, size_t len, Error *err)
{
    size_t done = 0, got = 1;
    while (done < len && got > 0) {
        if (!tar->read(tar->context, at + done, buf + done, len - done, &got, err)) {
            return false;
        }
        done += got;
    }
    return done == len || tar_damaged(at + done, err, "the file ends too early");
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Octal digits, which a space or a zero byte ends. */
static bool take_octal(const uint8_t *field, size_t len, uint64_t *value)
{
    size_t i = 0;
    uint64_t found = 0;
    while (i < len && field[i] == ' ') {
        i++;
    }
    const size_t start = i;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++) {
        found = found << 3 | (uint64_t)(field[i] - '0'); /* twelve digits at most */
    }
    *value = found;
    return i > start && (i == len || field[i] == ' ' || field[i] == 0);
}

static bool take_size(const uint8_t *field, uint64_t *value)
{
    if (field[0] != BINARY_SIZE) {
        return take_octal(field, SIZE_LEN, value);
    }
    uint64_t found = 0;
    for (size_t i = SIZE_LEN - 8; i < SIZE_LEN; i++) {
        found = found << 8 | field[i];
    }
    *value = found;
    return is_zero(field + 1, SIZE_LEN - 9);
}

static bool sum_is_right(const uint8_t *head)
{
    uint64_t told = 0, sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : head[i];
    }
    return take_octal(head + SUM_AT, SUM_LEN, &told) && told == sum;
}

static bool refuse_member(const uint8_t *head, const char *what, Error *err)
{
    size_t len = 0;
    while (len < NAME_LEN && head[len] != 0) {
        len++;
    }
    StrBuf name;
    strbuf_init(&name, STRBUF_LINE);
    utf8_add_lossy(&name, (const char *)head, len);
    for (size_t i = 0; i < name.len; i++) { /* a message is one line */
        name.buf[i] = (char)(name.buf[i] == '\n' || name.buf[i] == '\t' ? ' ' : name.buf[i]);
    }
    error_set(err, EK_FOREIGN, "it holds %s: \"%s\"", what, name.len > 0 ? name.buf : "");
    strbuf_release(&name);
    return error_hint(err, "Another program has made or changed this tar: get the one that pg_dump made.");
}

/* Where its data begin and how long they are. */
static bool take_member(const uint8_t *head, uint64_t at, const ArchiveSource *tar, ArchivePart *part, Error *err)
{
    char name[NAME_LEN + 1] = "";
    uint64_t size = 0;
    if (memcmp(head + MAGIC_AT, "ustar", 5) != 0 || !sum_is_right(head)) {
        return tar_damaged(at, err, "there is something that is no head of a file, or whose checksum is wrong");
    }
    if (head[TYPE_AT] == '1' || head[TYPE_AT] == '2') {
        return refuse_member(head, "a link, which pg_dump never makes", err);
    }
    if (head[TYPE_AT] != '0' && head[TYPE_AT] != 0) {
        return refuse_member(head, "something that is no plain file, which pg_dump never makes", err);
    }
    memcpy(name, head, NAME_LEN);
    if (head[PREFIX_AT] != 0 || !archive_part_parse(name, part)) {
        return refuse_member(head, "a file of a name that pg_dump never gives", err);
    }
    if (!take_size(head + SIZE_AT, &size)) {
        return tar_damaged(at, err, "the size of a file is impossible");
    }
    part->at = at + BLOCK;
    part->size = size;
    if (part->at > tar->size || size > tar->size - part->at) {
        return error_set(err, EK_DAMAGED, "the file ends too early at byte %llu of the tar, in %s of %llu bytes",
                         (unsigned long long)tar->size, archive_part_name(part).text, (unsigned long long)size);
    }
    return true;
}

/* What fills a member's last block. */
static bool skip_filling(const ArchiveSource *tar, const ArchivePart *part, uint64_t *next, Error *err)
{
    uint8_t filling[BLOCK];
    const uint64_t end = part->at + part->size;
    const size_t len = (size_t)((BLOCK - end % BLOCK) % BLOCK);
    *next = end + len;
    return read_exactly(tar, end, filling, len, err) &&
           (is_zero(filling, len) || tar_damaged(end, err, "what fills up a block is not empty"));
}

/* pg_dump ends a tar with two empty blocks; other programs fill it up to a round size. */
static bool check_end(const ArchiveSource *tar, uint64_t at, Error *err)
{
    uint8_t block[BLOCK];
    if (tar->size - at < 2u * BLOCK) {
        return tar_damaged(tar->size, err, "the file ends too early");
    }
    while (at < tar->size) {
        const size_t step = tar->size - at < BLOCK ? (size_t)(tar->size - at) : BLOCK;
        if (!read_exactly(tar, at, block, step, err)) {
            return false;
        }
        if (!is_zero(block, step)) {
            return tar_damaged(at, err, "something follows the end");
        }
        at += step;
    }
    return true;
}

bool archive_parts_of_tar(const ArchiveSource *tar, ArchiveParts *parts, Error *err)
{
    uint8_t head[BLOCK];
    uint64_t at = 0;
    for (;;) {
        ArchivePart part = {.kind = PART_TOC};
        if (!read_exactly(tar, at, head, sizeof head, err)) {
            return false;
        }
        if (is_zero(head, sizeof head)) {
            return check_end(tar, at, err) && archive_parts_settle(parts, err);
        }
        if (!take_member(head, at, tar, &part, err) || !skip_filling(tar, &part, &at, err)) {
            return false;
        }
        archive_parts_add(parts, &part);
    }
}
