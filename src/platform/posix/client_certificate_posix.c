/* client_certificate_posix.c: PEM files in the place of a store, for the tests of what Windows does with its own. */
#include "platform/client_certificate.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "base/secret.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define FILE_MAX 65536u
#define SALT_BYTES 32

static bool open_file(const char *thumbprint, BIO **bio, Error *err)
{
    char *data = machine_local_data_dir(), *dir = data == NULL ? NULL : fs_join(data, "certificates");
    char *name = mem_printf("%s.pem", thumbprint), *path = dir == NULL ? NULL : fs_join(dir, name);
    StrBuf text;
    Error why = ERROR_INIT;
    strbuf_init(&text, FILE_MAX);
    bool ok = path != NULL && fs_read_all(path, FILE_MAX, &text, &why);
    if (ok) {
        *bio = BIO_new(BIO_s_mem());
        ok = *bio != NULL && BIO_write(*bio, text.buf, (int)text.len) == (int)text.len;
        if (!ok) {
            mem_out();
        }
    } else {
        error_set(err, EK_NOT_FOUND, "there is no certificate %s on this computer for this user", thumbprint);
        error_hint(err, "Import it, with its private key, or choose another one.");
    }
    secret_wipe(text.buf, text.len);
    strbuf_release(&text);
    error_clear(&why);
    mem_free(path);
    mem_free(name);
    mem_free(dir);
    mem_free(data);
    return ok;
}

static bool unusable(const char *thumbprint, Error *err)
{
    error_set(err, EK_REFUSED, "the private key of the certificate %s cannot be used", thumbprint);
    return error_hint(err, "It must be there, an RSA key, and this user must be allowed to use it.");
}

static int64_t moment(const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    const int64_t now = clock_now();
    return ASN1_TIME_diff(&days, &seconds, NULL, time) == 1 ? now + (int64_t)days * 86400 + seconds : 0;
}

bool certificate_find(const char *thumbprint, CertificateFacts *facts, Error *err)
{
    BIO *bio = NULL;
    if (!open_file(thumbprint, &bio, err)) {
        return false;
    }
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned len = 0;
    CertificateFacts found = {.begins = 0};
    const bool ok = certificate != NULL && X509_digest(certificate, EVP_sha256(), found.sha256, &len) == 1;
    if (ok) {
        found.begins = moment(X509_get0_notBefore(certificate));
        found.ends = moment(X509_get0_notAfter(certificate));
        *facts = found;
    } else {
        unusable(thumbprint, err);
    }
    X509_free(certificate);
    BIO_free(bio);
    return ok;
}

static bool sign(EVP_PKEY *key, CertificateScheme scheme, const void *bytes, size_t len, StrBuf *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *settings = NULL;
    size_t size = 0;
    unsigned char *made = NULL;
    bool ok = context != NULL && EVP_DigestSignInit(context, &settings, EVP_sha256(), NULL, key) == 1 &&
              (scheme == CERTIFICATE_PKCS1 ||
               (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, SALT_BYTES) == 1)) &&
              EVP_DigestSign(context, NULL, &size, bytes, len) == 1;
    if (ok) {
        made = mem_alloc(size);
        ok = EVP_DigestSign(context, made, &size, bytes, len) == 1 && strbuf_add(signature, (const char *)made, size);
    }
    mem_free(made);
    EVP_MD_CTX_free(context);
    return ok;
}

bool certificate_sign(const char *thumbprint, CertificateScheme scheme, const void *bytes, size_t len,
                      StrBuf *signature, Error *err)
{
    BIO *bio = NULL;
    if (!open_file(thumbprint, &bio, err)) {
        return false;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool ok = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && sign(key, scheme, bytes, len, signature);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok || unusable(thumbprint, err);
}
