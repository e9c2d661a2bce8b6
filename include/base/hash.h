/* hash.h: SHA-256, Microsoft's quickXorHash and XXH64, streamed. */
#ifndef CMMS_HASH_H
#define CMMS_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

typedef struct Sha256 Sha256; /* on OpenSSL's libcrypto, which comes with libpq */
CMMS_NEVER_NULL Sha256 *sha256_new(void);
void sha256_update(Sha256 *hash, CMMS_READS(len) const void *bytes, size_t len);
void sha256_finish(Sha256 *hash, CMMS_WRITES(65) char hex[65]); /* lower-case hex, NUL; frees the hash */
void sha256_free(Sha256 *hash);                 /* for one that is not finished; NULL is fine */

/* 160 bits; the reference is Microsoft's published C# code: every byte is XORed in at a position that moves by
 * 11 bits. Linear and blind to the order of 160-byte blocks: it is no proof, only what SharePoint offers. */
typedef struct QuickXor {
    uint8_t cells[1760];
    uint64_t length;
} QuickXor;
void quickxor_init(CMMS_OUT QuickXor *hash);
void quickxor_update(QuickXor *hash, CMMS_READS(len) const void *bytes, size_t len);
void quickxor_finish(const QuickXor *hash, CMMS_WRITES(29) char base64[29]); /* 28 characters, NUL */

/* XXH64 with seed 0 (the public algorithm of xxHash): several times faster than SHA-256, for telling whether bytes
 * are still those that were read a moment ago. No protection against somebody who means to deceive. */
typedef struct Xxh64 {
    uint64_t lanes[4];
    uint8_t pending[32];
    uint64_t length;
} Xxh64;
void xxh64_init(CMMS_OUT Xxh64 *hash);
void xxh64_update(Xxh64 *hash, CMMS_READS(len) const void *bytes, size_t len);
uint64_t xxh64_value(const Xxh64 *hash); /* of what came so far */

#endif
