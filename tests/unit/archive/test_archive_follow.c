#include "test_util.h"

#include "archive_reading.h"
#include "base/hash.h"
#include "platform/cancel.h"
#include "platform/thread.h"

/* A file in memory that grows while it is followed. Reading beyond its end tells that the follower has all. */
typedef struct Growing {
    Mutex *mutex;
    Cond *changed;
    char *bytes;
    size_t len;     /* so much of it is there */
    bool caught_up; /* somebody has asked for more than that */
} Growing;

static bool growing_read(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    Growing *file = context;
    (void)err;
    mutex_lock(file->mutex);
    const size_t left = offset < file->len ? file->len - (size_t)offset : 0;
    *got = left < len ? left : len;
    if (*got > 0) {
        memcpy(buf, file->bytes + offset, *got);
    } else {
        file->caught_up = true;
        cond_broadcast(file->changed);
    }
    mutex_unlock(file->mutex);
    return true;
}

static void growing_init(Growing *file, const Built *built)
{
    *file = (Growing){mutex_new(), cond_new(), mem_alloc(built->bytes.len), 0, false};
    memcpy(file->bytes, built->bytes.buf, built->bytes.len);
}

static void growing_release(Growing *file)
{
    mem_free(file->bytes);
    cond_free(file->changed);
    mutex_free(file->mutex);
}

static void grow_to(Growing *file, size_t len, bool await)
{
    mutex_lock(file->mutex);
    file->len = len;
    file->caught_up = false;
    while (await && !file->caught_up) {
        cond_wait(file->changed, file->mutex);
    }
    mutex_unlock(file->mutex);
}

static void change(Growing *file, size_t at, const char *bytes, size_t len)
{
    mutex_lock(file->mutex);
    memcpy(file->bytes + at, bytes, len);
    mutex_unlock(file->mutex);
}

/* The offsets in the table of contents, as pg_dump first writes them: not set. */
static void unset_offsets(Growing *file, const Built *built, const BuildSpec *spec)
{
    for (size_t i = 0; i < spec->count; i++) {
        if (built->block[i] != 0) {
            memset(file->bytes + built->offset_at[i], 0, 9);
            file->bytes[built->offset_at[i]] = 1;
        }
    }
}

static void set_offsets(Growing *file, const Built *built)
{
    change(file, built->toc, built->bytes.buf + built->toc, built->block[1] - built->toc);
}

static const BuiltEntry entries[] = {
    {.kind = BUILT_NO_DATA, .name = "t", .desc = "TABLE", .schema = "public", .definition = "CREATE TABLE t (a text);"},
    {.kind = BUILT_COPY, .schema = "public", .name = "t", .data = ROWS("one\ntwo\nthree\n")},
    {.kind = BUILT_OBJECTS, .name = "BLOBS", .data = "an object", .objects = 4},
    {.kind = BUILT_COPY, .schema = "public", .name = "u", .data = ROWS("four\n")},
};

static BuildSpec spec_of(ArchiveCompression compression)
{
    return (BuildSpec){16, compression, 0, 0, 0, false, entries, TEST_COUNT(entries)};
}

/* What archive_scan says of the file as it is now, against what finish said. */
static void as_a_scan(const Growing *file, bool ok, const Archive *archive, const ArchiveScan *scan, Error *err)
{
    Archive expected;
    Error scan_error = ERROR_INIT;
    ArchiveScan expected_scan = {.cancel = NULL};
    archive_init(&expected);
    assert_int_equal(scan_memory(file->bytes, file->len, &expected, &expected_scan, &scan_error), ok);
    assert_int_equal(err->kind, scan_error.kind);
    if (!ok) {
        assert_string_equal(err->message, scan_error.message);
    }
    assert_string_equal(scan->sha256, expected_scan.sha256);
    assert_string_equal(scan->quickxor, expected_scan.quickxor);
    assert_int_equal(scan->bytes, expected_scan.bytes);
    assert_int_equal(archive->entry_count, expected.entry_count);
    for (size_t i = 0; i < expected.entry_count; i++) {
        assert_int_equal(archive->entries[i].offset, expected.entries[i].offset);
        assert_int_equal(archive->entries[i].data_seen, expected.entries[i].data_seen);
        assert_int_equal(archive->entries[i].rows, expected.entries[i].rows);
        assert_int_equal(archive->entries[i].data_bytes, expected.entries[i].data_bytes);
    }
    error_clear(err);
    error_clear(&scan_error);
    archive_release(&expected);
}

/* Finishes, compares with a scan, and says whether following was of use. */
static bool finish(ArchiveFollower *follower, const Growing *file, bool good)
{
    Archive archive;
    ArchiveScan scan = {.cancel = NULL};
    Error err = ERROR_INIT;
    archive_init(&archive);
    const bool ok = archive_follow_finish_source(follower, file->len, &archive, &scan, &err);
    const bool served = archive_follow_served(follower);
    assert_int_equal(ok, good);
    as_a_scan(file, ok, &archive, &scan, &err);
    archive_release(&archive);
    archive_follow_free(follower);
    return served;
}

/* pg_dump's order: a head without offsets, the data, the head again. */
static void grows_in_steps(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 100, 100000};
    for (int compression = ARCHIVE_NONE; compression <= ARCHIVE_ZSTD; compression++) {
        for (size_t i = 0; i < TEST_COUNT(steps); i++) {
            const BuildSpec spec = spec_of((ArchiveCompression)compression);
            Built built;
            Growing file;
            build_archive(&spec, &built);
            growing_init(&file, &built);
            unset_offsets(&file, &built, &spec);
            ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
            for (size_t len = 0; len < built.bytes.len; len += steps[i]) {
                grow_to(&file, len, steps[i] > 7 && len > 0);
            }
            grow_to(&file, built.bytes.len, true);
            set_offsets(&file, &built);
            assert_true(finish(follower, &file, true));
            growing_release(&file);
            built_release(&built);
        }
    }
}

/* Not seekable: the offsets are never set. And a file that was there before anybody looked. */
static void offsets_that_stay(void **state)
{
    (void)state;
    for (int piped = 0; piped < 2; piped++) {
        BuildSpec spec = spec_of(ARCHIVE_ZSTD);
        spec.piped = piped == 1;
        Built built;
        Growing file;
        build_archive(&spec, &built);
        growing_init(&file, &built);
        file.len = built.bytes.len;
        ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
        grow_to(&file, built.bytes.len, true);
        assert_true(finish(follower, &file, true));
        growing_release(&file);
        built_release(&built);
    }
}

/* All real archives, as they are. */
static void real_archives(void **state)
{
    (void)state;
    static const char *const files[] = {"pg17-none-tables.backup",  "pg17-gzip-objects.backup",
                                        "pg18-zstd-objects.backup", "pg18-lz4-tables.backup",
                                        "pg18-zstd-piped.backup",   "pg17-none-schema.backup"};
    for (size_t i = 0; i < TEST_COUNT(files); i++) {
        Built built = {.toc = 0};
        Growing file;
        corpus_read(files[i], &built.bytes);
        growing_init(&file, &built);
        ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
        grow_to(&file, built.bytes.len / 2, true);
        grow_to(&file, built.bytes.len, false);
        assert_true(finish(follower, &file, true));
        growing_release(&file);
        strbuf_release(&built.bytes);
    }
}

/* What was decoded is not what lies there in the end: it is read again, and that decides. */
static void changes_behind_its_back(void **state)
{
    (void)state;
    enum { DATA, MARK, LENGTH, SHORTER, LONGER, NAME, OFFSET, HALF_OF_HEAD, VERSION };
    static const struct {
        int what;
        bool good; /* the file in the end */
    } cases[] = {{DATA, true},   {MARK, false},   {LENGTH, false},       {SHORTER, false}, {LONGER, false},
                 {NAME, true},   {OFFSET, false}, {HALF_OF_HEAD, false}, {VERSION, false}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const BuildSpec spec = spec_of(ARCHIVE_NONE);
        Built built;
        Growing file;
        build_archive(&spec, &built);
        strbuf_add(&built.bytes, "xyz", 3); /* for LONGER */
        const size_t len = built.bytes.len - 3;
        growing_init(&file, &built);
        unset_offsets(&file, &built, &spec);
        ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
        grow_to(&file, len, true);
        set_offsets(&file, &built);
        switch (cases[i].what) {
        case DATA:
            change(&file, built.block[1] + 11, "O", 1); /* "One" */
            break;
        case MARK:
            change(&file, len - 10, "x", 1);
            break;
        case LENGTH:
            change(&file, built.block[1] + 6, "\x01", 1);
            break;
        case SHORTER:
            file.len = len - 20;
            break;
        case LONGER:
            file.len = len + 3;
            break;
        case NAME: /* of the last table in the head: "u" */
            for (size_t at = built.offset_at[2]; at < built.offset_at[3]; at++) {
                if (memcmp(file.bytes + at, "\x01\0\0\0u", 5) == 0) {
                    change(&file, at + 4, "w", 1);
                }
            }
            break;
        case OFFSET:
            change(&file, built.offset_at[1] + 1, "\x01", 1);
            break;
        case HALF_OF_HEAD:
            change(&file, built.offset_at[3], "\x01", 1);
            break;
        case VERSION:
            change(&file, 6, "\x0f", 1);
            break;
        }
        assert_false(finish(follower, &file, cases[i].good));
        growing_release(&file);
        built_release(&built);
    }
}

/* No archive at all, and one that is cut where the data begin. */
static void what_cannot_be_followed(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(ARCHIVE_LZ4);
    Built built;
    build_archive(&spec, &built);
    const size_t lengths[] = {0, 3, built.toc, built.block[1], built.block[2] + 3};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        Growing file;
        growing_init(&file, &built);
        ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
        grow_to(&file, lengths[i], false);
        assert_false(finish(follower, &file, false));
        growing_release(&file);
    }
    built_release(&built);
}

typedef struct Told {
    uint64_t done;
    Cancel *cancel;
} Told;

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    Told *told = context;
    assert_true(done > told->done && done <= total);
    told->done = done;
}

static void stops_and_tells(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(ARCHIVE_ZSTD);
    Built built;
    Growing file;
    build_archive(&spec, &built);
    growing_init(&file, &built);
    /* Freed in the middle, as when pg_dump fails. */
    ArchiveFollower *follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
    grow_to(&file, built.block[1] + 10, true);
    archive_follow_free(follower);
    archive_follow_free(NULL);

    /* Cancelled: no results, nothing is read again. */
    Archive archive;
    Error err = ERROR_INIT;
    Cancel *cancel = cancel_new();
    ArchiveScan scan = {.cancel = cancel};
    archive_init(&archive);
    follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
    grow_to(&file, built.bytes.len, true);
    cancel_request(cancel);
    assert_fails(archive_follow_finish_source(follower, file.len, &archive, &scan, &err), &err, EK_CANCELLED,
                 "the check was cancelled");
    assert_string_equal(scan.sha256, "");
    archive_follow_free(follower);
    cancel_free(cancel);

    Told told = {.done = 0};
    ArchiveScan with_progress = {.progress = on_progress, .context = &told};
    follower = archive_follow_source(&(ArchiveSource){growing_read, &file, 0});
    archive_follow_complete(follower);
    assert_ok(archive_follow_finish_source(follower, file.len, &archive, &with_progress, &err), &err);
    assert_true(told.done <= file.len);
    archive_follow_free(follower);
    archive_release(&archive);
    growing_release(&file);
    built_release(&built);
}

/* A real file, which is written while it is followed, and one that is not there. */
static void follows_a_file(void **state)
{
    (void)state;
    const BuildSpec spec = spec_of(ARCHIVE_GZIP);
    Built built;
    Archive archive;
    Error err = ERROR_INIT;
    FsFile *file = NULL;
    char hex[65];
    char *dir = test_dir_new();
    char *path = fs_join(dir, "x.partial");
    build_archive(&spec, &built);
    archive_init(&archive);
    assert_ok(fs_create_new(path, &file, &err), &err);
    ArchiveFollower *follower = archive_follow_start(path);
    for (size_t at = 0; at < built.bytes.len; at += 50) {
        const size_t left = built.bytes.len - at;
        assert_ok(fs_write(file, built.bytes.buf + at, left < 50 ? left : 50, &err), &err);
    }
    assert_ok(fs_close(file, &err), &err);
    ArchiveScan scan = {.cancel = NULL};
    assert_ok(archive_follow_finish(follower, &archive, &scan, &err), &err);
    assert_true(archive_follow_served(follower));
    assert_int_equal(archive.entries[1].rows, 3);
    Sha256 *hash = sha256_new();
    sha256_update(hash, built.bytes.buf, built.bytes.len);
    sha256_finish(hash, hex);
    assert_string_equal(scan.sha256, hex);
    archive_follow_free(follower);
    archive_release(&archive);
    mem_free(path);

    path = fs_join(dir, "not there");
    follower = archive_follow_start(path);
    archive_follow_complete(follower);
    assert_false(archive_follow_finish(follower, &archive, &scan, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    archive_follow_free(follower);
    mem_free(path);
    built_release(&built);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_in_steps),          cmocka_unit_test(offsets_that_stay),
        cmocka_unit_test(real_archives),           cmocka_unit_test(changes_behind_its_back),
        cmocka_unit_test(what_cannot_be_followed), cmocka_unit_test(stops_and_tells),
        cmocka_unit_test(follows_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
