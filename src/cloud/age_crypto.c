/*
 * age_crypto.c: the derivations go through EVP_KDF, so that what a build of OpenSSL lacks is an error at run time, told
 * in words, and not a program that cannot be built.
 */
#include "age_crypto.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define TAG 16
#define NONCE 12
#define BLOCK 8u /* scrypt's r */

static bool derive(const char *name, const OSSL_PARAM *params, unsigned char key[32])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    const bool ok = context != NULL && EVP_KDF_derive(context, key, 32, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return ok;
}

/* OpenSSL's parameters are not const, though nothing is written to these. */
static OSSL_PARAM octets(const char *name, const void *bytes, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes, len);
}

bool age_hkdf(const unsigned char *secret, size_t len, const unsigned char *salt, size_t salt_len, const char *info,
              unsigned char key[32])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[5];
    size_t at = 0;
    params[at++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[at++] = octets(OSSL_KDF_PARAM_KEY, secret, len);
    if (salt_len > 0) {
        params[at++] = octets(OSSL_KDF_PARAM_SALT, salt, salt_len);
    }
    params[at++] = octets(OSSL_KDF_PARAM_INFO, info, strlen(info));
    params[at] = OSSL_PARAM_construct_end();
    return derive("HKDF", params, key);
}

bool age_scrypt(const Secret *passphrase, const unsigned char *salt, size_t salt_len, unsigned work,
                unsigned char key[32])
{
    uint64_t n = UINT64_C(1) << work;
    uint32_t r = BLOCK, p = 1;
    uint64_t memory = 128 * BLOCK * n + 16 * 1024 * 1024; /* what it takes, and some for the rest */
    OSSL_PARAM params[7];
    params[0] = octets(OSSL_KDF_PARAM_PASSWORD, passphrase->bytes, passphrase->len);
    params[1] = octets(OSSL_KDF_PARAM_SALT, salt, salt_len);
    params[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
    params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
    params[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
    params[5] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
    params[6] = OSSL_PARAM_construct_end();
    return derive("SCRYPT", params, key);
}

bool age_hmac(const unsigned char key[32], const void *bytes, size_t len, unsigned char mac[32])
{
    unsigned got = 0;
    return HMAC(EVP_sha256(), key, 32, bytes, len, mac, &got) != NULL && got == 32;
}

bool age_public(const unsigned char scalar[32], unsigned char point[AGE_POINT])
{
    size_t len = AGE_POINT;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, 32);
    const bool ok = key != NULL && EVP_PKEY_get_raw_public_key(key, point, &len) == 1 && len == AGE_POINT;
    EVP_PKEY_free(key);
    return ok;
}

bool age_shared(const unsigned char scalar[32], const unsigned char point[AGE_POINT], unsigned char shared[32])
{
    static const unsigned char zeros[32];
    size_t len = 32;
    EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, 32);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, AGE_POINT);
    EVP_PKEY_CTX *context = ours == NULL ? NULL : EVP_PKEY_CTX_new(ours, NULL);
    const bool ok = context != NULL && theirs != NULL && EVP_PKEY_derive_init(context) == 1 &&
                    EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                    EVP_PKEY_derive(context, shared, &len) == 1 && len == 32 && !age_same(shared, zeros, 32);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    return ok;
}

bool age_seal(const unsigned char key[32], const unsigned char nonce[NONCE], const void *plain, size_t len,
              unsigned char *sealed)
{
    EVP_CIPHER_CTX *context = len > INT_MAX ? NULL : EVP_CIPHER_CTX_new();
    int got = 0, end = 0;
    const bool ok = context != NULL &&
                    EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
                    (len == 0 || EVP_EncryptUpdate(context, sealed, &got, plain, (int)len) == 1) &&
                    EVP_EncryptFinal_ex(context, sealed + got, &end) == 1 && (size_t)got + (size_t)end == len &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, sealed + len) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

bool age_open(const unsigned char key[32], const unsigned char nonce[NONCE], const void *sealed, size_t sealed_len,
              unsigned char *plain)
{
    unsigned char tag[TAG], nothing[TAG];
    int got = 0, end = 0;
    if (sealed_len < TAG || sealed_len > INT_MAX) {
        return false;
    }
    const size_t len = sealed_len - TAG;
    memcpy(tag, (const unsigned char *)sealed + len, TAG);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool ok = context != NULL &&
                    EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
                    (len == 0 || EVP_DecryptUpdate(context, plain, &got, sealed, (int)len) == 1) &&
                    EVP_DecryptFinal_ex(context, len == 0 ? nothing : plain + got, &end) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

bool age_same(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
