#include "test_util.h"

#include "cloud/upload_private.h"

#define MIB 1048576u
#define SIZE (5u * MIB + 3u)

typedef struct Fixture {
    char *dir, *path, *bytes, *got;
    FsFile *file;
    UploadAhead *ahead;
} Fixture;

/* `more`: what the reader believes the file to have beside what it has. */
static void begin(Fixture *f, uint64_t more)
{
    Error err = ERROR_INIT;
    StrBuf text;
    f->dir = test_dir_new();
    f->path = fs_join(f->dir, "file");
    f->bytes = mem_alloc(SIZE);
    f->got = mem_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        f->bytes[i] = (char)(i * 7 + i / 251 + i / 65521);
    }
    strbuf_init(&text, SIZE + 1);
    assert_true(strbuf_add(&text, f->bytes, SIZE));
    assert_ok(fs_write_atomic(f->path, text.buf, text.len, &err), &err);
    strbuf_release(&text);
    assert_ok(fs_open_read(f->path, &f->file, &err), &err);
    f->ahead = upload_ahead_new(f->file, SIZE + more);
}

static void end(Fixture *f)
{
    upload_ahead_free(f->ahead);
    fs_close(f->file, NULL);
    mem_free(f->got);
    mem_free(f->bytes);
    mem_free(f->path);
    test_dir_remove(f->dir);
}

/* From `at`, at the most `len` at once; until `end` is reached. */
static void assert_read(Fixture *f, uint64_t at, size_t len, uint64_t until)
{
    while (at < until) {
        const size_t want = until - at < len ? (size_t)(until - at) : len;
        const size_t got = upload_ahead_take(f->ahead, at, f->got, want);
        assert_true(got > 0 && got <= want);
        assert_memory_equal(f->got, f->bytes + at, got);
        at += got;
    }
}

static void in_order(void **state)
{
    (void)state;
    static const size_t lengths[] = {65537, MIB, UPLOAD_AHEAD, SIZE};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        Fixture f;
        begin(&f, 0);
        assert_read(&f, 0, lengths[i], SIZE);
        assert_int_equal(upload_ahead_take(f.ahead, SIZE, f.got, 1), 0);
        assert_read(&f, 0, lengths[i], SIZE); /* and again, as the hash and then the upload do */
        end(&f);
    }
}

/* Where the server says that it stands somewhere else, or the connection begins again. */
static void elsewhere(void **state)
{
    (void)state;
    static const uint64_t places[] = {3 * MIB, 0, 4 * MIB, 2 * MIB, 2 * MIB, SIZE - 1, 1, 4 * MIB, 2 * MIB + 1, 0};
    Fixture f;
    begin(&f, 0);
    for (size_t i = 0; i < TEST_COUNT(places); i++) {
        const uint64_t until = places[i] + 70000 < SIZE ? places[i] + 70000 : SIZE;
        assert_read(&f, places[i], 33333, until);
    }
    assert_read(&f, 0, 1, 1);
    for (unsigned i = 0; i < 50; i++) { /* behind what is read already, which nobody asks for any more */
        assert_read(&f, 0, 1000, 1000);
        assert_read(&f, 4 * (uint64_t)MIB, 1000, 4 * (uint64_t)MIB + 1000);
    }
    end(&f);
}

/* Nothing is made up: the caller reads itself then, and says why. */
static void a_file_that_became_shorter(void **state)
{
    (void)state;
    Fixture f;
    begin(&f, 4 * MIB);
    assert_read(&f, 0, MIB, 4 * (uint64_t)MIB); /* the third piece is not whole */
    assert_int_equal(upload_ahead_take(f.ahead, 4 * (uint64_t)MIB, f.got, 1000), 0);
    assert_int_equal(upload_ahead_take(f.ahead, 4 * (uint64_t)MIB, f.got, 1000), 0);
    assert_read(&f, 0, MIB, 4 * (uint64_t)MIB);
    end(&f);
}

/* Whoever stops in the middle waits for nothing. */
static void let_go_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        Fixture f;
        begin(&f, 0);
        if (i % 2 != 0) {
            assert_read(&f, i * MIB / 8, 1000, i * MIB / 8 + 1000);
        }
        end(&f);
    }
    upload_ahead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(elsewhere),
                                       cmocka_unit_test(a_file_that_became_shorter),
                                       cmocka_unit_test(let_go_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
