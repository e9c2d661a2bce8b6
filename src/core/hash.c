#include "hash.h"

#include <openssl/evp.h>

#include "mem.h"

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
