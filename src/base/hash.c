#include "base/hash.h"

#include <openssl/evp.h>

#include "base/mem.h"

struct Sha256 {
    EVP_MD_CTX *context;
};

/* libcrypto's SHA-256 fails only when memory is out. */
static void check(int ok)
{
    if (ok != 1) {
        mem_out();
    }
}

Sha256 *sha256_new(void)
{
    Sha256 *hash = mem_alloc(sizeof *hash);
    hash->context = EVP_MD_CTX_new();
    check(hash->context != NULL);
    check(EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL));
    return hash;
}

void sha256_update(Sha256 *hash, const void *bytes, size_t len)
{
    check(EVP_DigestUpdate(hash->context, bytes, len));
}

void sha256_finish(Sha256 *hash, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[32];
    check(EVP_DigestFinal_ex(hash->context, digest, NULL));
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
    sha256_free(hash);
}

void sha256_free(Sha256 *hash)
{
    if (hash) {
        EVP_MD_CTX_free(hash->context);
        mem_free(hash);
    }
}

/*
 * Byte i of the input is rotated by (i * 11) mod 160 bits. That repeats after 160 bytes, but whole bytes are
 * kept in cells of a ring of 160 * 11 = 1760, so that the long run over the input is a plain XOR of
 * neighbouring bytes, eight at a time; the rotation happens once, in quickxor_finish.
 */
void quickxor_init(QuickXor *hash)
{
    memset(hash, 0, sizeof *hash);
}

static void xor_into(uint8_t *cells, const uint8_t *bytes, size_t len)
{
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t a, b; /* memcpy: neither side need be aligned */
        memcpy(&a, cells + i, 8);
        memcpy(&b, bytes + i, 8);
        a ^= b;
        memcpy(cells + i, &a, 8);
    }
    for (; i < len; i++) {
        cells[i] = (uint8_t)(cells[i] ^ bytes[i]);
    }
}

void quickxor_update(QuickXor *hash, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    size_t at = (size_t)(hash->length % sizeof hash->cells);
    hash->length += len;
    while (len > 0) {
        size_t step = sizeof hash->cells - at;
        if (step > len) {
            step = len;
        }
        xor_into(hash->cells + at, p, step);
        p += step;
        len -= step;
        at = 0;
    }
}

void quickxor_finish(const QuickXor *hash, char base64[29])
{
    uint8_t bits[21] = {0}; /* one more than 160 bits: what runs over wraps to the first byte */
    for (size_t i = 0; i < sizeof hash->cells; i++) {
        size_t shift = i * 11 % 160;
        unsigned spread = (unsigned)hash->cells[i] << (shift % 8);
        bits[shift / 8] = (uint8_t)(bits[shift / 8] ^ spread);
        bits[shift / 8 + 1] = (uint8_t)(bits[shift / 8 + 1] ^ (spread >> 8));
    }
    bits[0] ^= bits[20];
    for (size_t i = 0; i < 8; i++) {
        bits[12 + i] = (uint8_t)(bits[12 + i] ^ (hash->length >> (8 * i)));
    }
    EVP_EncodeBlock((unsigned char *)base64, bits, 20);
}

/*
 * XXH64: four lanes take eight bytes each in turn; the tail and the length are mixed in at the end. Words are lowest
 * byte first, as on all machines that this is built for.
 */
#define XXH_1 UINT64_C(0x9E3779B185EBCA87)
#define XXH_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define XXH_3 UINT64_C(0x165667B19E3779F9)
#define XXH_4 UINT64_C(0x85EBCA77C2B2AE63)
#define XXH_5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t xxh_round(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * XXH_2, 31) * XXH_1;
}

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

void xxh64_init(Xxh64 *hash)
{
    memset(hash, 0, sizeof *hash);
    hash->lanes[0] = XXH_1 + XXH_2;
    hash->lanes[1] = XXH_2;
    hash->lanes[3] = 0 - XXH_1;
}

/* Whole stripes of 32 bytes. */
static const uint8_t *xxh_stripes(Xxh64 *hash, const uint8_t *bytes, size_t count)
{
    uint64_t a = hash->lanes[0];
    uint64_t b = hash->lanes[1];
    uint64_t c = hash->lanes[2];
    uint64_t d = hash->lanes[3];
    for (; count > 0; count--, bytes += 32) {
        a = xxh_round(a, word_at(bytes));
        b = xxh_round(b, word_at(bytes + 8));
        c = xxh_round(c, word_at(bytes + 16));
        d = xxh_round(d, word_at(bytes + 24));
    }
    hash->lanes[0] = a;
    hash->lanes[1] = b;
    hash->lanes[2] = c;
    hash->lanes[3] = d;
    return bytes;
}

void xxh64_update(Xxh64 *hash, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const size_t have = (size_t)(hash->length % 32);
    hash->length += len;
    if (have > 0) {
        const size_t step = 32 - have < len ? 32 - have : len;
        memcpy(hash->pending + have, p, step);
        p += step;
        len -= step;
        if (have + step < 32) {
            return;
        }
        xxh_stripes(hash, hash->pending, 1);
    }
    p = xxh_stripes(hash, p, len / 32);
    memcpy(hash->pending, p, len % 32);
}

uint64_t xxh64_value(const Xxh64 *hash)
{
    const uint64_t *lanes = hash->lanes;
    const uint8_t *tail = hash->pending;
    size_t left = (size_t)(hash->length % 32);
    uint64_t value = XXH_5;
    if (hash->length >= 32) {
        value = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (size_t i = 0; i < 4; i++) {
            value = (value ^ xxh_round(0, lanes[i])) * XXH_1 + XXH_4;
        }
    }
    value += hash->length;
    for (; left >= 8; left -= 8, tail += 8) {
        value = rotate(value ^ xxh_round(0, word_at(tail)), 27) * XXH_1 + XXH_4;
    }
    if (left >= 4) {
        uint32_t half;
        memcpy(&half, tail, sizeof half);
        value = rotate(value ^ half * XXH_1, 23) * XXH_2 + XXH_3;
        left -= 4;
        tail += 4;
    }
    for (; left > 0; left--, tail++) {
        value = rotate(value ^ *tail * XXH_5, 11) * XXH_1;
    }
    value = (value ^ value >> 33) * XXH_2;
    value = (value ^ value >> 29) * XXH_3;
    return value ^ value >> 32;
}
