/*
 * client_certificate_win.c: the MY stores of user and computer, the user's first.
 *
 * Keys are asked for through CNG alone: it reaches the software, smart card and TPM providers, and the keys that the
 * older CryptoAPI made in its own containers too. Silent throughout: a scheduled run has nobody to ask.
 */
#include "platform/client_certificate.h"

#include <windows.h>

#include <bcrypt.h>
#include <ncrypt.h>
#include <wincrypt.h>

#include "base/mem.h"

#define SHA1_BYTES 20u
#define SHA256_BYTES 32u
#define SIGNATURE_MAX 2048u /* bytes; of an RSA key of 16384 bits */

static const CERT_CONTEXT *find_in(DWORD location, const CRYPT_HASH_BLOB *hash)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                                     location | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG, L"MY");
    if (store == NULL) {
        return NULL;
    }
    const CERT_CONTEXT *found =
        CertFindCertificateInStore(store, X509_ASN_ENCODING | PKCS_7_ASN_ENCODING, 0, CERT_FIND_SHA1_HASH, hash, NULL);
    CertCloseStore(store, 0); /* what was found keeps what it needs */
    return found;
}

static BYTE digit(char c)
{
    return (BYTE)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* `thumbprint` is of the form that certificate_thumbprint makes. Caller: CertFreeCertificateContext. */
static bool find(const char *thumbprint, const CERT_CONTEXT **found, Error *err)
{
    BYTE bytes[SHA1_BYTES];
    CRYPT_HASH_BLOB hash = {sizeof bytes, bytes};
    char digits[CERTIFICATE_DIGITS + 1];
    if (!certificate_thumbprint(thumbprint, digits, err)) {
        return false;
    }
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        bytes[i] = (BYTE)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    }
    *found = find_in(CERT_SYSTEM_STORE_CURRENT_USER, &hash);
    if (*found == NULL) {
        *found = find_in(CERT_SYSTEM_STORE_LOCAL_MACHINE, &hash);
    }
    if (*found == NULL) {
        error_set(err, EK_NOT_FOUND, "there is no certificate %s on this computer for this user", thumbprint);
        return error_hint(err, "Import it, with its private key, or choose another one.");
    }
    return true;
}

static int64_t moment(const FILETIME *time)
{
    const uint64_t ticks = (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
    return (int64_t)(ticks / 10000000u) - INT64_C(11644473600);
}

bool certificate_find(const char *thumbprint, CertificateFacts *facts, Error *err)
{
    const CERT_CONTEXT *certificate = NULL;
    CertificateFacts found = {.begins = 0};
    DWORD size = sizeof found.sha256;
    if (!find(thumbprint, &certificate, err)) {
        return false;
    }
    const bool ok = CryptHashCertificate2(BCRYPT_SHA256_ALGORITHM, 0, NULL, certificate->pbCertEncoded,
                                          certificate->cbCertEncoded, found.sha256, &size) &&
                    size == sizeof found.sha256;
    if (ok) {
        found.begins = moment(&certificate->pCertInfo->NotBefore);
        found.ends = moment(&certificate->pCertInfo->NotAfter);
        *facts = found;
    } else {
        error_set_os(err, EK_REFUSED, (long)GetLastError(), "the certificate %s cannot be read", thumbprint);
    }
    CertFreeCertificateContext(certificate);
    return ok;
}

static bool sign_hash(NCRYPT_KEY_HANDLE key, CertificateScheme scheme, BYTE *hash, BYTE *signature, DWORD *size,
                      long *code)
{
    BCRYPT_PSS_PADDING_INFO pss = {BCRYPT_SHA256_ALGORITHM, SHA256_BYTES};
    BCRYPT_PKCS1_PADDING_INFO pkcs1 = {BCRYPT_SHA256_ALGORITHM};
    const bool by_pss = scheme == CERTIFICATE_PSS;
    const SECURITY_STATUS status =
        NCryptSignHash(key, by_pss ? (void *)&pss : (void *)&pkcs1, hash, SHA256_BYTES, signature, SIGNATURE_MAX, size,
                       (by_pss ? BCRYPT_PAD_PSS : BCRYPT_PAD_PKCS1) | NCRYPT_SILENT_FLAG);
    *code = (long)status;
    return status == ERROR_SUCCESS;
}

bool certificate_sign(const char *thumbprint, CertificateScheme scheme, const void *bytes, size_t len,
                      StrBuf *signature, Error *err)
{
    const CERT_CONTEXT *certificate = NULL;
    HCRYPTPROV_OR_NCRYPT_KEY_HANDLE key = 0;
    DWORD spec = 0, size = SHA256_BYTES;
    BOOL ours = FALSE;
    BYTE hash[SHA256_BYTES], made[SIGNATURE_MAX];
    long code = 0;
    if (!find(thumbprint, &certificate, err)) {
        return false;
    }
    bool ok = CryptHashCertificate2(BCRYPT_SHA256_ALGORITHM, 0, NULL, bytes, (DWORD)len, hash, &size) &&
              size == sizeof hash;
    ok = ok && CryptAcquireCertificatePrivateKey(certificate,
                                                 CRYPT_ACQUIRE_ONLY_NCRYPT_KEY_FLAG | CRYPT_ACQUIRE_SILENT_FLAG, NULL,
                                                 &key, &spec, &ours);
    code = ok ? 0 : (long)GetLastError();
    if (ok) {
        ok = sign_hash((NCRYPT_KEY_HANDLE)key, scheme, hash, made, &size, &code) &&
             strbuf_add(signature, (const char *)made, size);
        if (ours) {
            NCryptFreeObject((NCRYPT_HANDLE)key);
        }
    }
    if (!ok) {
        error_set_os(err, EK_REFUSED, code, "the private key of the certificate %s cannot be used", thumbprint);
        error_hint(err, "It must be there, an RSA key, and this user must be allowed to use it.");
    }
    CertFreeCertificateContext(certificate);
    return ok;
}
