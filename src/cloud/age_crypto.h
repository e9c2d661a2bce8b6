/* age_crypto.h: the primitives of age.h, each as OpenSSL has it. False: OpenSSL could not (no memory, or a build that
 * lacks it), or, where it says so, the input was refused. */
#ifndef CMMS_AGE_CRYPTO_H
#define CMMS_AGE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"

#define AGE_POINT 32u

/* HKDF-SHA-256 to 32 bytes; salt_len may be 0. */
bool age_hkdf(const unsigned char *secret, size_t len, const unsigned char *salt, size_t salt_len, const char *info,
              unsigned char key[32]);
/* scrypt with N = 2^work, r = 8, p = 1. */
bool age_scrypt(const Secret *passphrase, const unsigned char *salt, size_t salt_len, unsigned work,
                unsigned char key[32]);
bool age_hmac(const unsigned char key[32], const void *bytes, size_t len, unsigned char mac[32]); /* SHA-256 */
/* X25519. False also for a point of low order, which would give a secret that anybody knows. */
bool age_shared(const unsigned char scalar[32], const unsigned char point[AGE_POINT], unsigned char shared[32]);
bool age_public(const unsigned char scalar[32], unsigned char point[AGE_POINT]);
/* ChaCha20-Poly1305 without more data: len bytes and the tag of 16 behind them, and back. `sealed_len` counts it. */
bool age_seal(const unsigned char key[32], const unsigned char nonce[12], const void *plain, size_t len,
              unsigned char *sealed);
bool age_open(const unsigned char key[32], const unsigned char nonce[12], const void *sealed, size_t sealed_len,
              unsigned char *plain);
bool age_same(const void *a, const void *b, size_t len); /* in a time that does not tell where they differ */

#endif
