#include "test_util.h"

#include <openssl/evp.h>
#include <zstd.h>

#include "base/hash.h"

static void assert_sha(const char *bytes, size_t len, const char *expected)
{
    char hex[65];
    Sha256 *hash = sha256_new();
    sha256_update(hash, bytes, len);
    sha256_finish(hash, hex);
    assert_string_equal(hex, expected);
    hash = sha256_new(); /* and byte by byte */
    for (size_t i = 0; i < len; i++) {
        sha256_update(hash, bytes + i, 1);
    }
    sha256_finish(hash, hex);
    assert_string_equal(hex, expected);
}

static void sha256_vectors(void **state)
{
    (void)state;
    assert_sha("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha256_free(sha256_new());
    sha256_free(NULL);
}

static void assert_quickxor(const uint8_t *bytes, size_t len, const char *expected)
{
    static const size_t steps[] = {SIZE_MAX, 1, 7, 160, 1759, 1760, 1761, 65536};
    for (size_t i = 0; i < TEST_COUNT(steps); i++) {
        QuickXor hash;
        char base64[29];
        quickxor_init(&hash);
        for (size_t at = 0; at < len;) {
            size_t step = steps[i] < len - at ? steps[i] : len - at;
            quickxor_update(&hash, bytes + at, step);
            at += step;
        }
        quickxor_finish(&hash, base64);
        assert_string_equal(base64, expected);
    }
}

/* From Microsoft's reference implementation. */
static void quickxor_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *input, *hash;
    } in_base64[] = {
        {"", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="},
        {"2fuxhBJXtpWFe8dOfdGeHw==", "O9tHLAghgSvYohKFyMMxnNCHaHg="},
        {"T6LYJIfDh81JrAK309H2JMJTXis=", "zBTHrspn3mEcohlJdIUAbjGNaNg="},
        {"aGVsbG8gd29ybGQ=", "aCgDG9jwBhDc4Q1yawMZAAAAAAA="}, /* hello world */
    };
    for (size_t i = 0; i < TEST_COUNT(in_base64); i++) {
        const char *input = in_base64[i].input;
        size_t len = strlen(input);
        size_t padding = len - strcspn(input, "=");
        unsigned char bytes[64];
        assert_int_equal(EVP_DecodeBlock(bytes, (const unsigned char *)input, (int)len), (int)(len / 4 * 3));
        assert_quickxor(bytes, len / 4 * 3 - padding, in_base64[i].hash);
    }
}

static void quickxor_long_vectors(void **state)
{
    (void)state;
    const size_t max = 1048577;
    uint8_t *bytes = mem_alloc(max);
    assert_quickxor(bytes, 1048576, "AAAAAAAAAAAAAAAAAAAQAAAAAAA=");
    for (size_t i = 0; i < 1761; i++) {
        bytes[i] = (uint8_t)(i & 255);
    }
    assert_quickxor(bytes, 256, "QkGEfSisZcA7k+FCh71r2dbCayY=");
    assert_quickxor(bytes, 1761, "5D/xkO5tZir6yE5vcoQd9QEWudE=");
    for (size_t i = 0; i < max; i++) {
        bytes[i] = (uint8_t)((i * 31 + 7) & 255);
    }
    assert_quickxor(bytes, max, "TnEi02+12yWlVIof+lQGHHjEZfU=");
    mem_free(bytes);
}

/* Looking at the hash on the way does not end it. */
static void quickxor_finish_is_repeatable(void **state)
{
    (void)state;
    QuickXor hash;
    char base64[29];
    quickxor_init(&hash);
    quickxor_update(&hash, "hello ", 6);
    quickxor_finish(&hash, base64);
    quickxor_update(&hash, "world", 5);
    quickxor_finish(&hash, base64);
    assert_string_equal(base64, "aCgDG9jwBhDc4Q1yawMZAAAAAAA=");
}

/* zstd ends a frame with the lower half of its content's XXH64. */
static uint32_t xxh64_by_zstd(const void *bytes, size_t len)
{
    const size_t room = ZSTD_compressBound(len);
    uint8_t *frame = mem_alloc(room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    const size_t made = ZSTD_compress2(context, frame, room, bytes, len);
    assert_false(ZSTD_isError(made));
    uint32_t sum;
    memcpy(&sum, frame + made - 4, sizeof sum);
    ZSTD_freeCCtx(context);
    mem_free(frame);
    return sum;
}

static void xxh64_in_any_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } known[] = {{"", 0xef46db3751d8e999}, {"a", 0xd24ec4f1a98c6e5b}, {"abc", 0x44bc2cf5ad770999}};
    static const size_t steps[] = {1, 3, 31, 32, 33, 1000};
    uint8_t bytes[1000];
    Xxh64 hash;
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        xxh64_init(&hash);
        xxh64_update(&hash, known[i].text, strlen(known[i].text));
        assert_true(xxh64_value(&hash) == known[i].value);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * i * 31 + i);
    }
    for (size_t len = 0; len <= sizeof bytes; len += len < 70 ? 1 : 93) {
        const uint32_t expected = xxh64_by_zstd(bytes, len);
        for (size_t i = 0; i < TEST_COUNT(steps); i++) {
            xxh64_init(&hash);
            for (size_t at = 0; at < len; at += steps[i]) {
                xxh64_update(&hash, bytes + at, len - at < steps[i] ? len - at : steps[i]);
            }
            assert_int_equal((uint32_t)xxh64_value(&hash), expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(quickxor_vectors),
        cmocka_unit_test(quickxor_long_vectors),
        cmocka_unit_test(quickxor_finish_is_repeatable),
        cmocka_unit_test(xxh64_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
