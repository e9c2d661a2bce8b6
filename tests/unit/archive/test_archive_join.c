/* test_archive_join.c: folders and tars made into one archive, and every way in which they can be wrong. */
#include "archive/join.h"

#include "test_util.h"

#include "archive_reading.h"
#include "parts_builder.h"

static const BuiltEntry entries[] = {
    {.kind = BUILT_NO_DATA, .schema = "public", .name = "orders", .definition = "CREATE TABLE x (a int);\n",
     .desc = "TABLE"},
    {.kind = BUILT_COPY, .schema = "public", .name = "orders", .data = ROWS("1\tpump\n2\tfan\n")},
    {.kind = BUILT_OBJECTS, .name = "100..101", .data = "a picture", .objects = 3},
    {.kind = BUILT_INSERTS, .schema = "other", .name = "notes", .data = "INSERT INTO notes VALUES (1);\n\n\n"},
};

static BuildSpec spec_of(int minor)
{
    return (BuildSpec){.minor = minor, .compression = ARCHIVE_NONE, .piped = true, .entries = entries,
                       .count = TEST_COUNT(entries)};
}

typedef struct Joined {
    StrBuf bytes;
    uint64_t told;
    const Cancel *cancel;
    bool full;
} Joined;

static bool keep(void *context, const void *bytes, size_t len, Error *err)
{
    Joined *joined = context;
    if (joined->full) {
        return error_set(err, EK_SPACE, "the disk is full");
    }
    strbuf_add(&joined->bytes, bytes, len);
    return true;
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    Joined *joined = context;
    assert_true(done >= joined->told && done <= total);
    joined->told = done;
}

static bool join_memory(const StrBuf *tar, size_t step, Joined *joined, Error *err)
{
    Memory memory = {tar->buf, tar->len, step, 0, 0};
    const ArchiveSource source = {memory_read, &memory, tar->len};
    ArchiveJoin join = {.write = keep, .progress = on_progress, .context = joined, .cancel = joined->cancel};
    strbuf_init(&joined->bytes, STRBUF_LARGE);
    return archive_join_tar(&source, &join, err);
}

static void refused_tar(const StrBuf *tar, ErrorKind kind, const char *message)
{
    Joined joined = {.told = 0};
    Error err = ERROR_INIT;
    assert_fails(join_memory(tar, 0, &joined, &err), &err, kind, message);
    strbuf_release(&joined.bytes);
}

static void refused_parts(const BuiltParts *parts, ErrorKind kind, const char *message)
{
    StrBuf tar;
    build_tar(parts, &tar);
    refused_tar(&tar, kind, message);
    strbuf_release(&tar);
}

static void assert_same(const StrBuf *got, const Built *built)
{
    assert_int_equal(got->len, built->bytes.len);
    assert_memory_equal(got->buf, built->bytes.buf, got->len);
}

/* --- good ones ------------------------------------------------------------------------------------------- */

/* What is made is what pg_dump -Fc would have written into a pipe, without compression. */
static void same_bytes(void **state)
{
    (void)state;
    static const int sizes[][2] = {{4, 8}, {8, 4}, {5, 5}};
    for (int minor = 10; minor <= 16; minor++) {
        for (int packed = ARCHIVE_NONE; packed <= ARCHIVE_ZSTD; packed++) {
            for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
                BuildSpec spec = spec_of(minor);
                BuiltParts parts;
                Built built;
                StrBuf tar;
                Joined joined = {.told = 0};
                Error err = ERROR_INIT;
                spec.int_size = sizes[i][0];
                spec.offset_size = sizes[i][1];
                build_parts(&spec, (ArchiveCompression)packed, &parts, &built);
                build_tar(&parts, &tar);
                assert_ok(join_memory(&tar, 0, &joined, &err), &err);
                assert_same(&joined.bytes, &built);
                strbuf_release(&joined.bytes);
                strbuf_release(&tar);
                built_release(&built);
                parts_release(&parts);
            }
        }
    }
}

/* The other reader takes what was made, and counts its rows. */
static void can_be_read(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    StrBuf tar;
    Joined joined = {.told = 0};
    Archive archive;
    ArchiveScan scan = {.progress = NULL};
    Error err = ERROR_INIT;
    archive_init(&archive);
    build_parts(&spec, ARCHIVE_GZIP, &parts, &built);
    build_tar(&parts, &tar);
    assert_ok(join_memory(&tar, 0, &joined, &err), &err);
    assert_ok(scan_memory(joined.bytes.buf, joined.bytes.len, &archive, &scan, &err), &err);
    assert_int_equal(archive.compression, ARCHIVE_NONE);
    assert_int_equal(archive.entries[1].rows, 2);
    assert_int_equal(archive.entries[2].rows, 3);
    archive_release(&archive);
    strbuf_release(&joined.bytes);
    strbuf_release(&tar);
    built_release(&built);
    parts_release(&parts);
}

static void scan_bytes(const StrBuf *bytes, Archive *archive)
{
    ArchiveScan scan = {.progress = NULL};
    Error err = ERROR_INIT;
    archive_init(archive);
    assert_ok(scan_memory(bytes->buf, bytes->len, archive, &scan, &err), &err);
}

/* PostgreSQL's own archives, as tars (tests/fuzz/make_join_corpus.py): the same entries and the same rows. */
static void real_ones(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"../join/pg17-tables.tar", "pg17-none-tables.backup"},
        {"../join/pg17-objects.tar", "pg17-none-objects.backup"},
        {"../join/pg17-packed.tar", "pg17-none-objects.backup"},
        {"../join/pg17-inserts.tar", "pg17-none-inserts.backup"},
        {"../join/pg17-schema.tar", "pg17-none-schema.backup"},
        {"../join/pg18-tables.tar", "pg18-none-tables.backup"},
        {"../join/pg18-objects.tar", "pg18-none-objects.backup"},
        {"../join/pg18-packed.tar", "pg18-none-objects.backup"},
    };
    for (size_t i = 0; i < TEST_COUNT(pairs); i++) {
        StrBuf tar, bytes;
        Joined joined = {.told = 0};
        Archive got, wanted;
        Error err = ERROR_INIT;
        corpus_read(pairs[i][0], &tar);
        corpus_read(pairs[i][1], &bytes);
        assert_ok(join_memory(&tar, 100, &joined, &err), &err);
        scan_bytes(&joined.bytes, &got);
        scan_bytes(&bytes, &wanted);
        assert_int_equal(got.entry_count, wanted.entry_count);
        for (size_t n = 0; n < got.entry_count; n++) {
            const ArchiveEntry *a = &got.entries[n], *b = &wanted.entries[n];
            assert_int_equal(a->id, b->id);
            assert_string_equal(a->desc, b->desc);
            assert_int_equal(a->rows, b->rows);
            assert_int_equal(a->data_bytes, b->data_bytes);
        }
        archive_release(&got);
        archive_release(&wanted);
        strbuf_release(&joined.bytes);
        strbuf_release(&bytes);
        strbuf_release(&tar);
    }
}

/* Each file may be packed otherwise, and one that is not packed goes before one that is. */
static void mixed(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    StrBuf tar;
    Joined joined = {.told = 0};
    Error err = ERROR_INIT;
    build_parts(&spec, ARCHIVE_NONE, &parts, &built);
    remove_part(&parts, "blob_100.dat");
    add_packed(&parts, ARCHIVE_ZSTD, "blob_100.dat", "a picture");
    remove_part(&parts, "4.dat");
    add_packed(&parts, ARCHIVE_LZ4, "4.dat", entries[3].data);
    add_part(&parts, "2.dat.gz", "no gzip, and not looked at", 26);
    build_tar(&parts, &tar);
    assert_ok(join_memory(&tar, 0, &joined, &err), &err);
    assert_same(&joined.bytes, &built);
    strbuf_release(&joined.bytes);
    strbuf_release(&tar);
    built_release(&built);
    parts_release(&parts);
}

/* pg_dump writes an empty large object as an empty file where it packs by LZ4. */
static void empty_object(void **state)
{
    (void)state;
    BuiltEntry objects[] = {{.kind = BUILT_OBJECTS, .name = "100", .data = "", .objects = 1}};
    const BuildSpec spec = {.minor = 16, .compression = ARCHIVE_NONE, .piped = true, .entries = objects, .count = 1};
    static const struct {
        const char *end, *problem;
    } cases[] = {
        {".lz4", NULL},
        {"", NULL},
        {".gz", "the compressed data are cut off, in the file blob_100.dat.gz (a large object)"},
        {".zst", "the compressed data are cut off, in the file blob_100.dat.zst (a large object)"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        BuiltParts parts;
        Built built;
        StrBuf tar;
        build_parts(&spec, ARCHIVE_NONE, &parts, &built);
        remove_part(&parts, "blob_100.dat");
        char *name = mem_printf("blob_100.dat%s", cases[i].end);
        add_part(&parts, name, "", 0);
        mem_free(name);
        build_tar(&parts, &tar);
        if (cases[i].problem != NULL) {
            refused_tar(&tar, EK_DAMAGED, cases[i].problem);
        } else {
            Joined joined = {.told = 0};
            Error err = ERROR_INIT;
            assert_ok(join_memory(&tar, 0, &joined, &err), &err);
            assert_same(&joined.bytes, &built);
            strbuf_release(&joined.bytes);
        }
        strbuf_release(&tar);
        built_release(&built);
        parts_release(&parts);
    }
}

/* --- wrong ones ------------------------------------------------------------------------------------------ */

typedef void (*Spoil)(BuiltParts *parts);

static void no_table(BuiltParts *parts)
{
    remove_part(parts, "2.dat.gz");
}

static void no_list(BuiltParts *parts)
{
    remove_part(parts, "blobs_3.toc");
}

static void no_object(BuiltParts *parts)
{
    remove_part(parts, "blob_102.dat.gz");
}

static void no_contents(BuiltParts *parts)
{
    remove_part(parts, "toc.dat");
}

static void cut_table(BuiltParts *parts)
{
    part_named(parts, "2.dat.gz")->bytes.len -= 9; /* and gzip's own end */
}

static void cut_checksum(BuiltParts *parts)
{
    part_named(parts, "2.dat.gz")->bytes.len -= 8;
}

static void wrong_checksum(BuiltParts *parts)
{
    StrBuf *bytes = &part_named(parts, "2.dat.gz")->bytes;
    bytes->buf[bytes->len - 7] ^= 1;
}

static void more_behind(BuiltParts *parts)
{
    strbuf_addch(&part_named(parts, "2.dat.gz")->bytes, 'x');
}

static void empty_table(BuiltParts *parts)
{
    part_named(parts, "2.dat.gz")->bytes.len = 0;
}

static void no_gzip(BuiltParts *parts)
{
    strbuf_clear(&part_named(parts, "2.dat.gz")->bytes);
    strbuf_addstr(&part_named(parts, "2.dat.gz")->bytes, "this is none");
}

static void set_list(BuiltParts *parts, const char *text)
{
    StrBuf *bytes = &part_named(parts, "blobs_3.toc")->bytes;
    strbuf_clear(bytes);
    strbuf_addstr(bytes, text);
}

static void list_of_others(BuiltParts *parts)
{
    set_list(parts, "100 blob_100.dat\n101 ../../etc/passwd\n");
}

static void list_that_differs(BuiltParts *parts)
{
    set_list(parts, "100 blob_102.dat\n");
}

static void list_of_zero(BuiltParts *parts)
{
    set_list(parts, "0 blob_0.dat\n");
}

static void list_cut(BuiltParts *parts)
{
    set_list(parts, "100 blob_100.dat\n102 blob_1");
}

static void list_long(BuiltParts *parts)
{
    set_list(parts, "100                                                                    blob_100.dat\n");
}

static void list_endless(BuiltParts *parts)
{
    set_list(parts, "");
    for (int i = 0; i < 100; i++) {
        strbuf_addstr(&part_named(parts, "blobs_3.toc")->bytes, "100 blob_100.dat\n");
    }
}

static void newer_version(BuiltParts *parts)
{
    part_named(parts, "toc.dat")->bytes.buf[6] = 17;
}

static void older_version(BuiltParts *parts)
{
    part_named(parts, "toc.dat")->bytes.buf[6] = 9;
}

static void other_format(BuiltParts *parts)
{
    part_named(parts, "toc.dat")->bytes.buf[10] = 1;
}

static void contents_cut(BuiltParts *parts)
{
    part_named(parts, "toc.dat")->bytes.len = 50;
}

static void contents_empty(BuiltParts *parts)
{
    part_named(parts, "toc.dat")->bytes.len = 0;
}

static void contents_long(BuiltParts *parts)
{
    strbuf_addch(&part_named(parts, "toc.dat")->bytes, 0);
}

static void contents_a_script(BuiltParts *parts)
{
    StrBuf *bytes = &part_named(parts, "toc.dat")->bytes;
    strbuf_clear(bytes);
    strbuf_addstr(bytes, "-- PostgreSQL database dump\nCREATE TABLE t (a int);\n");
}

static void twice(BuiltParts *parts)
{
    add_part(parts, "2.dat.gz", "", 0);
}

static void every_damage_is_named(void **state)
{
    (void)state;
    static const struct {
        Spoil spoil;
        ErrorKind kind;
        const char *message;
    } cases[] = {
        {no_table, EK_DAMAGED, "the file 2.dat is missing (the data of table public.orders)"},
        {no_list, EK_DAMAGED, "the file blobs_3.toc is missing (the list of the large objects)"},
        {no_object, EK_DAMAGED, "the file blob_102.dat is missing (a large object)"},
        {no_contents, EK_DAMAGED, "the file toc.dat is missing (the table of contents)"},
        {cut_table, EK_DAMAGED,
         "the compressed data are cut off, in the file 2.dat.gz (the data of table public.orders)"},
        {cut_checksum, EK_DAMAGED,
         "the compressed data are cut off, in the file 2.dat.gz (the data of table public.orders)"},
        {wrong_checksum, EK_DAMAGED,
         "the compressed data (gzip) cannot be decoded, in the file 2.dat.gz (the data of table public.orders)"},
        {more_behind, EK_DAMAGED,
         "something follows the end of the compressed data, in the file 2.dat.gz (the data of table public.orders)"},
        {empty_table, EK_DAMAGED,
         "the compressed data are cut off, in the file 2.dat.gz (the data of table public.orders)"},
        {no_gzip, EK_DAMAGED,
         "the compressed data (gzip) cannot be decoded, in the file 2.dat.gz (the data of table public.orders)"},
        {list_of_others, EK_DAMAGED, "line 2 of the file blobs_3.toc (the list of the large objects) is none"},
        {list_that_differs, EK_DAMAGED, "line 1 of the file blobs_3.toc (the list of the large objects) is none"},
        {list_of_zero, EK_DAMAGED, "line 1 of the file blobs_3.toc (the list of the large objects) is none"},
        {list_long, EK_DAMAGED, "line 1 of the file blobs_3.toc (the list of the large objects) is none"},
        {list_cut, EK_DAMAGED, "the file blobs_3.toc (the list of the large objects) is cut off"},
        {list_endless, EK_DAMAGED, "line 9 of the file blobs_3.toc (the list of the large objects) is none"},
        {newer_version, EK_TOOL, "toc.dat: the archive's version 1.17 is newer than this program can read (1.16)"},
        {older_version, EK_DAMAGED,
         "toc.dat: the archive's version 1.9 is older than 1.10 at byte 5, in the header"},
        {other_format, EK_DAMAGED,
         "toc.dat: the format (1) is not pg_dump's directory format at byte 10, in the header"},
        {contents_cut, EK_DAMAGED, "toc.dat: the file ends too early at byte 50, in the header"},
        {contents_empty, EK_DAMAGED, "toc.dat: the file is empty"},
        {contents_a_script, EK_FOREIGN, "toc.dat: the file is a plain SQL script, not an archive"},
        {twice, EK_FOREIGN, "the file 2.dat.gz is in it twice"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const BuildSpec spec = spec_of(16);
        BuiltParts parts;
        Built built;
        build_parts(&spec, ARCHIVE_GZIP, &parts, &built);
        cases[i].spoil(&parts);
        refused_parts(&parts, cases[i].kind, cases[i].message);
        built_release(&built);
        parts_release(&parts);
    }
}

static void contents_that_go_on(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    build_parts(&spec, ARCHIVE_NONE, &parts, &built);
    const size_t len = part_named(&parts, "toc.dat")->bytes.len;
    contents_long(&parts);
    char *message = mem_printf("toc.dat: something follows the table of contents at byte %zu, in the table of contents",
                               len);
    refused_parts(&parts, EK_DAMAGED, message);
    mem_free(message);
    built_release(&built);
    parts_release(&parts);
}

/* A name in the table of contents is never opened: only the one that pg_dump gives is taken. */
static void names_in_the_contents(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    build_parts(&spec, ARCHIVE_NONE, &parts, &built);
    StrBuf *toc = &part_named(&parts, "toc.dat")->bytes;
    char *name = NULL;
    for (size_t i = 0; i + 5 <= toc->len; i++) {
        name = memcmp(toc->buf + i, "2.dat", 5) == 0 ? toc->buf + i : name;
    }
    assert_non_null(name);
    memcpy(name, "../ab", 5);
    char *message = mem_printf("toc.dat: the name of a data file is none that pg_dump writes at byte %zu, in the table "
                               "of contents", (size_t)(name - toc->buf) - 5);
    refused_parts(&parts, EK_DAMAGED, message);
    mem_free(message);
    built_release(&built);
    parts_release(&parts);
}

/* Cut anywhere, a tar is refused; a flipped byte of packed data is refused, or changes nothing that is made of it. */
static void truncations_and_flips(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    StrBuf tar;
    build_parts(&spec, ARCHIVE_GZIP, &parts, &built);
    build_tar(&parts, &tar);
    const size_t len = tar.len;
    for (tar.len = 0; tar.len < len; tar.len++) {
        Joined joined = {.told = 0};
        Error err = ERROR_INIT;
        assert_false(join_memory(&tar, 0, &joined, &err));
        assert_int_equal(err.kind, EK_DAMAGED);
        error_clear(&err);
        strbuf_release(&joined.bytes);
    }
    strbuf_release(&tar);
    StrBuf *packed = &part_named(&parts, "2.dat.gz")->bytes;
    for (size_t i = 0; i < packed->len * 8; i++) {
        Joined joined = {.told = 0};
        Error err = ERROR_INIT;
        packed->buf[i / 8] = (char)(packed->buf[i / 8] ^ (1 << i % 8));
        build_tar(&parts, &tar);
        if (join_memory(&tar, 0, &joined, &err)) {
            assert_same(&joined.bytes, &built);
        } else {
            assert_int_equal(err.kind, EK_DAMAGED);
        }
        packed->buf[i / 8] = (char)(packed->buf[i / 8] ^ (1 << i % 8));
        error_clear(&err);
        strbuf_release(&joined.bytes);
        strbuf_release(&tar);
    }
    built_release(&built);
    parts_release(&parts);
}

/* What the disk and the user say goes on as it is. */
static void stopped(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    BuiltParts parts;
    Built built;
    StrBuf tar;
    Error err = ERROR_INIT;
    build_parts(&spec, ARCHIVE_NONE, &parts, &built);
    build_tar(&parts, &tar);
    Joined joined = {.full = true};
    assert_fails(join_memory(&tar, 0, &joined, &err), &err, EK_SPACE, "the disk is full");
    strbuf_release(&joined.bytes);
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    joined = (Joined){.cancel = cancel};
    assert_fails(join_memory(&tar, 0, &joined, &err), &err, EK_CANCELLED, "the check was cancelled");
    strbuf_release(&joined.bytes);
    cancel_free(cancel);
    Memory memory = {tar.buf, tar.len, 0, 0, TAR_BLOCK};
    const ArchiveSource source = {memory_read, &memory, tar.len};
    joined = (Joined){.told = 0};
    strbuf_init(&joined.bytes, STRBUF_LARGE);
    ArchiveJoin join = {.write = keep, .context = &joined};
    assert_fails(archive_join_tar(&source, &join, &err), &err, EK_IO, "the disk is gone");
    strbuf_release(&joined.bytes);
    strbuf_release(&tar);
    built_release(&built);
    parts_release(&parts);
}

/* --- files ----------------------------------------------------------------------------------------------- */

static bool join_path(const char *path, Joined *joined, Error *err)
{
    ArchiveJoin join = {.write = keep, .progress = on_progress, .context = joined};
    strbuf_init(&joined->bytes, STRBUF_LARGE);
    return archive_join(path, archive_form(path), &join, err);
}

static void from_files(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    char *dir = test_dir_new();
    char *folder = fs_join(dir, "dump"), *toc = fs_join(folder, "toc.dat"), *file = fs_join(dir, "dump.tar");
    char *slash = mem_printf("%s/", folder);
    BuiltParts parts;
    Built built;
    StrBuf tar;
    Error err = ERROR_INIT;
    build_parts(&spec, ARCHIVE_ZSTD, &parts, &built);
    build_folder(&parts, folder);
    put_file_in(folder, "notes of ours.txt", "x", 1); /* which is none of it */
    build_tar(&parts, &tar);
    put_file_in(dir, "dump.tar", tar.buf, tar.len);
    assert_int_equal(archive_form(folder), ARCHIVE_FORM_FOLDER);
    assert_int_equal(archive_form(toc), ARCHIVE_FORM_FOLDER);
    assert_int_equal(archive_form(file), ARCHIVE_FORM_TAR);
    assert_text(archive_form_path(folder, ARCHIVE_FORM_FOLDER), folder);
    assert_text(archive_form_path(slash, ARCHIVE_FORM_FOLDER), folder);
    assert_text(archive_form_path(toc, ARCHIVE_FORM_FOLDER), folder);
    assert_text(archive_form_path(file, ARCHIVE_FORM_TAR), file);
    const char *const paths[] = {folder, file};
    for (size_t i = 0; i < TEST_COUNT(paths); i++) {
        Joined joined = {.told = 0};
        assert_ok(join_path(paths[i], &joined, &err), &err);
        assert_same(&joined.bytes, &built);
        strbuf_release(&joined.bytes);
    }
    Joined joined = {.told = 0};
    char *data = fs_join(folder, "2.dat.zst");
    assert_ok(fs_remove(data, &err), &err);
    assert_fails(join_path(folder, &joined, &err), &err, EK_DAMAGED,
                 "the file 2.dat is missing (the data of table public.orders)");
    strbuf_release(&joined.bytes);
    mem_free(data);
    strbuf_release(&tar);
    built_release(&built);
    parts_release(&parts);
    mem_free(slash);
    mem_free(file);
    mem_free(toc);
    mem_free(folder);
    test_dir_remove(dir);
}

typedef struct Changing {
    Joined joined; /* first: keep takes it */
    const char *folder;
    const BuiltPart *other;
} Changing;

static bool keep_and_change(void *context, const void *bytes, size_t len, Error *err)
{
    const Changing *changing = context;
    put_file_in(changing->folder, "toc.dat", changing->other->bytes.buf, changing->other->bytes.len);
    return keep(context, bytes, len, err);
}

/* Another dump takes the place of this one while it is read. */
static void changed_meanwhile(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(16);
    char *dir = test_dir_new();
    BuiltParts parts;
    Built built;
    Changing changing = {.folder = dir};
    ArchiveJoin join = {.write = keep_and_change, .context = &changing};
    Error err = ERROR_INIT;
    build_parts(&spec, ARCHIVE_NONE, &parts, &built);
    build_folder(&parts, dir);
    changing.other = part_named(&parts, "toc.dat");
    changing.other->bytes.buf[12 + 1] ^= 1; /* the second in which it was made */
    strbuf_init(&changing.joined.bytes, STRBUF_LARGE);
    assert_fails(archive_join(dir, ARCHIVE_FORM_FOLDER, &join, &err), &err, EK_BUSY,
                 "another program changed toc.dat while its data were read");
    strbuf_release(&changing.joined.bytes);
    built_release(&built);
    parts_release(&parts);
    test_dir_remove(dir);
}

/* By the first bytes; and a table of contents only where it stands as pg_dump puts it. */
static void known_by_their_beginning(void **state)
{
    (void)state;
    static const char toc[] = "PGDMP\1\x10\0\4\x08\3\1", custom[] = "PGDMP\1\x10\0\4\x08\1\1";
    char *dir = test_dir_new();
    char *empty = fs_join(dir, "empty");
    Error err = ERROR_INIT;
    StrBuf tar, other;
    strbuf_init(&tar, STRBUF_LARGE);
    strbuf_init(&other, STRBUF_LARGE);
    tar_head(&tar, "toc.dat", '0', 0);
    tar_head(&other, "./toc.dat", '0', 0);
    const struct {
        const char *name, *bytes;
        size_t len;
        ArchiveForm form;
    } cases[] = {
        {"toc.dat", toc, sizeof toc, ARCHIVE_FORM_FOLDER},
        {"cmms.backup", toc, sizeof toc, ARCHIVE_FORM_FILE},
        {"toc.dat", custom, sizeof custom, ARCHIVE_FORM_FILE},
        {"toc.dat", "PGDMP", 5, ARCHIVE_FORM_FILE},
        {"cmms.backup", tar.buf, tar.len, ARCHIVE_FORM_TAR},
        {"cmms.tar", other.buf, other.len, ARCHIVE_FORM_FILE},
        {"cmms.tar", tar.buf, 511, ARCHIVE_FORM_FILE},
        {"cmms.tar", "", 0, ARCHIVE_FORM_FILE},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *path = fs_join(dir, cases[i].name);
        put_file_in(dir, cases[i].name, cases[i].bytes, cases[i].len);
        if (archive_form(path) != cases[i].form) {
            fail_msg("case %zu", i);
        }
        assert_ok(fs_remove(path, &err), &err);
        assert_int_equal(archive_form(path), ARCHIVE_FORM_FILE);
        mem_free(path);
    }
    assert_ok(fs_make_dirs(empty, &err), &err);
    assert_int_equal(archive_form(empty), ARCHIVE_FORM_FILE);
    strbuf_release(&other);
    strbuf_release(&tar);
    mem_free(empty);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(can_be_read),
        cmocka_unit_test(real_ones),
        cmocka_unit_test(mixed),
        cmocka_unit_test(empty_object),
        cmocka_unit_test(every_damage_is_named),
        cmocka_unit_test(contents_that_go_on),
        cmocka_unit_test(names_in_the_contents),
        cmocka_unit_test(truncations_and_flips),
        cmocka_unit_test(stopped),
        cmocka_unit_test(from_files),
        cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(known_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
