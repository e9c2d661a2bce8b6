#include "test_util.h"

#include <string.h>

#include "age_vectors.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cloud/age.h"

typedef struct Place {
    char *dir, *plain, *sealed, *back;
} Place;

static void place_new(Place *place)
{
    place->dir = test_dir_new();
    place->plain = fs_join(place->dir, "a.backup");
    place->sealed = fs_join(place->dir, "a.backup.age");
    place->back = fs_join(place->dir, "a.backup.partial");
}

static void place_end(Place *place)
{
    mem_free(place->plain);
    mem_free(place->sealed);
    mem_free(place->back);
    test_dir_remove(place->dir);
}

static void clear(const Place *place)
{
    Error err = ERROR_INIT;
    assert_ok(fs_remove(place->sealed, &err), &err);
    assert_ok(fs_remove(place->back, &err), &err);
}

static void fill(AgeFrom *from)
{
    age_from_init(from);
    secret_set(&from->identity, VECTOR_IDENTITY, strlen(VECTOR_IDENTITY));
    secret_set(&from->passphrase, VECTOR_PASSPHRASE, strlen(VECTOR_PASSPHRASE));
}

static const AgeTo to_key = {.recipient = VECTOR_RECIPIENT};

static AgeJob job_of(const char *from, const char *to)
{
    return (AgeJob){.from = from, .to = to, .name = "a.backup.age"};
}

static char *content(size_t len)
{
    char *bytes = mem_alloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(i * 7 + i / 65536);
    }
    return bytes;
}

static void hash_of(const void *bytes, size_t len, char hex[65])
{
    Sha256 *hash = sha256_new();
    sha256_update(hash, bytes, len);
    sha256_finish(hash, hex);
}

static void sizes_around_a_chunk(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 400000};
    (void)state;
    Place place;
    AgeFrom from;
    place_new(&place);
    fill(&from);
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        Error err = ERROR_INIT;
        AgeMade made, back;
        char hex[65];
        StrBuf sealed;
        age_made_init(&made);
        age_made_init(&back);
        strbuf_init(&sealed, STRBUF_LARGE);
        char *bytes = content(sizes[i]);
        test_write_bytes(place.plain, bytes, sizes[i]);
        const AgeJob encrypt = job_of(place.plain, place.sealed), decrypt = job_of(place.sealed, place.back);
        assert_ok(age_encrypt_file(&encrypt, &to_key, NULL, &made, &err), &err);
        hash_of(bytes, sizes[i], hex);
        assert_string_equal(made.plain_sha256, hex);
        assert_true(made.plain_bytes == sizes[i]);
        assert_ok(fs_read_all(place.sealed, STRBUF_LARGE, &sealed, &err), &err);
        hash_of(sealed.buf, sealed.len, hex);
        assert_string_equal(made.sha256, hex);
        assert_true(made.bytes == sealed.len);
        unsigned char header[512];
        size_t header_len = 0;
        assert_true(age_base64_read(made.header, strlen(made.header), header, sizeof header, &header_len));
        assert_memory_equal(header, sealed.buf, header_len);
        assert_true(header_len + age_payload_bytes(sizes[i]) == sealed.len);
        assert_ok(age_decrypt_file(&decrypt, &from, NULL, &back, &err), &err);
        assert_string_equal(back.plain_sha256, made.plain_sha256);
        assert_string_equal(back.sha256, made.sha256);
        assert_string_equal(back.quickxor, made.quickxor);
        assert_string_equal(back.header, made.header);
        strbuf_clear(&sealed);
        assert_ok(fs_read_all(place.back, STRBUF_LARGE, &sealed, &err), &err);
        assert_int_equal(sealed.len, sizes[i]);
        assert_memory_equal(sealed.buf, bytes, sizes[i]);
        strbuf_release(&sealed);
        age_made_release(&back);
        age_made_release(&made);
        mem_free(bytes);
        clear(&place);
    }
    age_from_release(&from);
    place_end(&place);
}

/* The same content twice gives two files that have nothing in common but the first line: another key each time. */
static void no_key_twice(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    AgeMade one, two;
    place_new(&place);
    age_made_init(&one);
    age_made_init(&two);
    test_write(place.plain, "the same");
    const AgeJob job = job_of(place.plain, place.sealed);
    assert_ok(age_encrypt_file(&job, &to_key, NULL, &one, &err), &err);
    assert_ok(fs_remove(place.sealed, &err), &err);
    assert_ok(age_encrypt_file(&job, &to_key, NULL, &two, &err), &err);
    assert_string_equal(one.plain_sha256, two.plain_sha256);
    assert_string_not_equal(one.sha256, two.sha256);
    assert_string_not_equal(one.header, two.header);
    /* One that is there is not written over. */
    assert_false(age_encrypt_file(&job, &to_key, NULL, &one, &err));
    error_clear(&err);
    assert_true(fs_exists(place.sealed));
    age_made_release(&two);
    age_made_release(&one);
    place_end(&place);
}

static void vectors(void **state)
{
    (void)state;
    Place place;
    AgeFrom from;
    place_new(&place);
    fill(&from);
    for (size_t i = 0; i < TEST_COUNT(age_vectors); i++) {
        const AgeVector *vector = &age_vectors[i];
        const bool wanted = strcmp(vector->outcome, "ok") == 0;
        AgeMade made;
        Error err = ERROR_INIT;
        age_made_init(&made);
        test_write_bytes(place.sealed, vector->bytes, vector->len);
        const AgeJob job = job_of(place.sealed, place.back);
        const bool ok = age_decrypt_file(&job, &from, NULL, &made, &err);
        if (ok != wanted) {
            print_error("%s: expected %s\n", vector->name, vector->outcome);
            fail();
        }
        assert_int_equal(fs_exists(place.back), ok);
        if (ok) {
            assert_text(test_read(place.back), strstr(vector->name, "empty content") ? "" : VECTOR_CONTENT);
        } else if (strcmp(vector->outcome, "content") == 0) {
            assert_int_equal(err.kind, EK_DAMAGED);
        }
        error_clear(&err);
        age_made_release(&made);
        clear(&place);
    }
    age_from_release(&from);
    place_end(&place);
}

#define BYTES 140000u /* three chunks */

typedef struct Sealed {
    Place place;
    AgeFrom from;
    StrBuf bytes;
    size_t header; /* bytes of it */
} Sealed;

static void sealed_new(Sealed *s)
{
    Error err = ERROR_INIT;
    AgeMade made;
    AgeHeader header;
    place_new(&s->place);
    fill(&s->from);
    age_made_init(&made);
    age_header_init(&header);
    strbuf_init(&s->bytes, STRBUF_LARGE);
    char *bytes = content(BYTES);
    test_write_bytes(s->place.plain, bytes, BYTES);
    const AgeJob job = job_of(s->place.plain, s->place.sealed);
    assert_ok(age_encrypt_file(&job, &to_key, NULL, &made, &err), &err);
    assert_ok(fs_read_all(s->place.sealed, STRBUF_LARGE, &s->bytes, &err), &err);
    assert_ok(age_header_parse(s->bytes.buf, s->bytes.len, &header, &err), &err);
    s->header = header.len;
    age_header_release(&header);
    age_made_release(&made);
    mem_free(bytes);
}

static void sealed_end(Sealed *s)
{
    strbuf_release(&s->bytes);
    age_from_release(&s->from);
    place_end(&s->place);
}

/* That it is refused, with nothing left; the words. Caller clears. */
static void refused(Sealed *s, const void *bytes, size_t len, Error *err)
{
    AgeMade made;
    age_made_init(&made);
    test_write_bytes(s->place.sealed, bytes, len);
    const AgeJob job = job_of(s->place.sealed, s->place.back);
    assert_false(age_decrypt_file(&job, &s->from, NULL, &made, err));
    assert_false(fs_exists(s->place.back));
    assert_null(made.header);
}

static void cut_off_and_longer(void **state)
{
    static const char changed[] = "a.backup.age was changed or cut off: what it holds does not decrypt";
    static const char cut[] = "a.backup.age is cut off: its end is missing";
    (void)state;
    Sealed s;
    Error err = ERROR_INIT;
    sealed_new(&s);
    const size_t whole = s.bytes.len, chunk = AGE_CHUNK + AGE_TAG, first = s.header + AGE_NONCE;
    const struct {
        size_t len;
        const char *message;
    } cases[] = {{first + 2 * chunk, cut}, {first + chunk, cut}, {whole - 1, changed}, {first + chunk + 1, changed},
                 {first, changed}, {first - 1, cut}, {s.header, cut}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        refused(&s, s.bytes.buf, cases[i].len, &err);
        assert_error(&err, EK_DAMAGED, cases[i].message);
    }
    refused(&s, s.bytes.buf, s.header - 1, &err);
    assert_error(&err, EK_DAMAGED, "a.backup.age: its header is damaged or cut off");
    strbuf_addch(&s.bytes, '\0');
    refused(&s, s.bytes.buf, s.bytes.len, &err);
    assert_error(&err, EK_DAMAGED, changed);
    sealed_end(&s);
}

/* A whole last chunk and something behind it. */
static void bytes_behind_a_full_end(void **state)
{
    (void)state;
    Sealed s;
    AgeMade made;
    Error err = ERROR_INIT;
    sealed_new(&s);
    clear(&s.place);
    age_made_init(&made);
    char *bytes = content(AGE_CHUNK);
    test_write_bytes(s.place.plain, bytes, AGE_CHUNK);
    const AgeJob job = job_of(s.place.plain, s.place.sealed);
    assert_ok(age_encrypt_file(&job, &to_key, NULL, &made, &err), &err);
    strbuf_clear(&s.bytes);
    assert_ok(fs_read_all(s.place.sealed, STRBUF_LARGE, &s.bytes, &err), &err);
    strbuf_addstr(&s.bytes, "more");
    refused(&s, s.bytes.buf, s.bytes.len, &err);
    assert_error(&err, EK_DAMAGED, "a.backup.age has bytes behind its end");
    age_made_release(&made);
    mem_free(bytes);
    sealed_end(&s);
}

static void flipped_and_swapped(void **state)
{
    (void)state;
    Sealed s;
    Error err = ERROR_INIT;
    sealed_new(&s);
    const size_t first = s.header + AGE_NONCE, chunk = AGE_CHUNK + AGE_TAG;
    const size_t places[] = {s.header, first - 1, first, first + AGE_CHUNK, first + chunk - 1, first + chunk,
                             first + 2 * chunk, s.bytes.len - AGE_TAG - 1, s.bytes.len - 1};
    for (size_t i = 0; i < TEST_COUNT(places); i++) {
        s.bytes.buf[places[i]] ^= 1;
        refused(&s, s.bytes.buf, s.bytes.len, &err);
        assert_error(&err, EK_DAMAGED, "a.backup.age was changed or cut off: what it holds does not decrypt");
        s.bytes.buf[places[i]] ^= 1;
    }
    char *other = mem_alloc(chunk);
    memcpy(other, s.bytes.buf + first, chunk); /* the first two chunks in the other order */
    memmove(s.bytes.buf + first, s.bytes.buf + first + chunk, chunk);
    memcpy(s.bytes.buf + first + chunk, other, chunk);
    refused(&s, s.bytes.buf, s.bytes.len, &err);
    assert_error(&err, EK_DAMAGED, "a.backup.age was changed or cut off: what it holds does not decrypt");
    mem_free(other);
    sealed_end(&s);
}

typedef struct Spoiled {
    const char *path;
    bool done;
} Spoiled;

static void spoil(void *context, const char *step, double part, uint64_t bytes)
{
    Spoiled *spoiled = context;
    (void)part;
    (void)bytes;
    if (strcmp(step, "Checking") == 0 && !spoiled->done) { /* it is written, flushed and closed */
        StrBuf text;
        Error err = ERROR_INIT;
        strbuf_init(&text, STRBUF_LARGE);
        assert_ok(fs_read_all(spoiled->path, STRBUF_LARGE, &text, &err), &err);
        text.buf[7] = (char)(text.buf[7] ^ 1);
        test_write_bytes(spoiled->path, text.buf, text.len);
        strbuf_release(&text);
        spoiled->done = true;
    }
}

/* What was decrypted is read again before it counts. */
static void a_disk_that_lies(void **state)
{
    (void)state;
    Sealed s;
    AgeMade made;
    Error err = ERROR_INIT;
    sealed_new(&s);
    age_made_init(&made);
    Spoiled spoiled = {s.place.back, false};
    const AgeJob job = {.from = s.place.sealed, .to = s.place.back, .name = "a.backup.age", .progress = spoil,
                        .context = &spoiled};
    assert_fails(age_decrypt_file(&job, &s.from, NULL, &made, &err), &err, EK_IO,
                 "what was decrypted of a.backup.age is not on the disk as it was written");
    assert_true(spoiled.done);
    assert_false(fs_exists(s.place.back));
    assert_null(made.header);
    sealed_end(&s);
}

static void what_cannot_be_done_leaves_nothing(void **state)
{
    (void)state;
    Place place;
    AgeMade made;
    Error err = ERROR_INIT;
    place_new(&place);
    age_made_init(&made);
    const AgeJob job = job_of(place.plain, place.sealed);
    assert_false(age_encrypt_file(&job, &to_key, NULL, &made, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    assert_false(fs_exists(place.sealed));
    test_write(place.plain, "x");
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_fails(age_encrypt_file(&job, &to_key, cancel, &made, &err), &err, EK_CANCELLED, "stopped at your request");
    assert_false(fs_exists(place.sealed));
    cancel_free(cancel);
    const AgeTo nobody = {.recipient = "age1"};
    assert_fails(age_encrypt_file(&job, &nobody, NULL, &made, &err), &err, EK_USAGE, "that is no public key of age");
    assert_false(fs_exists(place.sealed));
    place_end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_around_a_chunk),
                                       cmocka_unit_test(no_key_twice),
                                       cmocka_unit_test(vectors),
                                       cmocka_unit_test(cut_off_and_longer),
                                       cmocka_unit_test(bytes_behind_a_full_end),
                                       cmocka_unit_test(flipped_and_swapped),
                                       cmocka_unit_test(a_disk_that_lies),
                                       cmocka_unit_test(what_cannot_be_done_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
