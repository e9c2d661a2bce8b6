/*
 * roots_win.c: the ROOT stores of user and machine as one PEM file.
 *
 * The user's store shows the machine's certificates as well, but a policy can hide them there, so both are
 * read; the same certificate is written once. What has expired is left out. What the administrator has put
 * into the Disallowed store is left out too: Windows itself would not trust it.
 *
 * The roots that are built in (roots_builtin.h) are added under the conditions under which Windows would fetch them by
 * itself: nobody has disallowed them, and no policy has turned the updating of roots off. Others it fetches when it
 * meets a certificate that needs them (roots_meet.c).
 */
#include "platform/roots.h"

#include <windows.h>

#include <wincrypt.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "roots_builtin.h"
#include "win_private.h"

#define MOST_ROOTS 4096u
#define HASH_BYTES 20u /* SHA-1, as Windows names certificates by */
#define DAY_SECONDS 86400
#define LINE_BYTES 48u /* 64 characters of base64 */

typedef struct Seen {
    BYTE (*hashes)[HASH_BYTES];
    size_t count;
    size_t cap;
} Seen;

/* True the first time. */
static bool remember(Seen *seen, const BYTE *hash)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->hashes[i], hash, HASH_BYTES) == 0)
            return false;
    }
    mem_grow((void **)&seen->hashes, &seen->cap, seen->count + 1, sizeof *seen->hashes);
    memcpy(seen->hashes[seen->count++], hash, HASH_BYTES);
    return true;
}

static bool hash_of(const CERT_CONTEXT *certificate, BYTE hash[HASH_BYTES])
{
    DWORD size = HASH_BYTES;

    return CertGetCertificateContextProperty(certificate, CERT_SHA1_HASH_PROP_ID, hash, &size) && size == HASH_BYTES;
}

static HCERTSTORE open_store(DWORD location, const wchar_t *name)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                         location | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG, name);
}

/* Not CryptBinaryToStringA: its line ends are not the same in every version of Windows (and of Wine). */
static void add_pem(StrBuf *pem, const CERT_CONTEXT *certificate)
{
    strbuf_addstr(pem, "-----BEGIN CERTIFICATE-----\n");
    for (DWORD at = 0; at < certificate->cbCertEncoded; at += LINE_BYTES) {
        unsigned char line[LINE_BYTES / 3 * 4 + 1];
        DWORD left = certificate->cbCertEncoded - at;

        EVP_EncodeBlock(line, certificate->pbCertEncoded + at, (int)(left < LINE_BYTES ? left : LINE_BYTES));
        strbuf_addf(pem, "%s\n", (const char *)line);
    }
    strbuf_addstr(pem, "-----END CERTIFICATE-----\n");
}

/* Windows trusts some roots for other things only, such as signatures of programs. */
static bool is_for_servers(const CERT_CONTEXT *certificate)
{
    DWORD size = 0;
    CERT_ENHKEY_USAGE *usage = NULL;
    bool is = true;

    if (!CertGetEnhancedKeyUsage(certificate, CERT_FIND_PROP_ONLY_ENHKEY_USAGE_FLAG, NULL, &size) || size == 0)
        return true; /* nothing is said: for all */
    usage = mem_alloc(size);
    if (CertGetEnhancedKeyUsage(certificate, CERT_FIND_PROP_ONLY_ENHKEY_USAGE_FLAG, usage, &size)) {
        /* None: for all where the property is missing, else for nothing. */
        is = usage->cUsageIdentifier == 0 && GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
        for (DWORD i = 0; i < usage->cUsageIdentifier; i++)
            is = is || strcmp(usage->rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH) == 0;
    }
    mem_free(usage);
    return is;
}

/* Marks the certificates of a store as seen, and with `pem` writes those that are valid now. */
static void read_store(DWORD location, const wchar_t *name, Seen *seen, StrBuf *pem)
{
    HCERTSTORE store = open_store(location, name);
    const CERT_CONTEXT *certificate = NULL;
    BYTE hash[HASH_BYTES];

    if (store == NULL)
        return;
    while ((certificate = CertEnumCertificatesInStore(store, certificate)) != NULL) {
        if (seen->count >= MOST_ROOTS || !hash_of(certificate, hash) || !remember(seen, hash) || pem == NULL)
            continue;
        if (CertVerifyTimeValidity(NULL, certificate->pCertInfo) == 0 && is_for_servers(certificate))
            add_pem(pem, certificate);
    }
    CertCloseStore(store, 0);
}

/* The policy "Turn off Automatic Root Certificates Update". */
static bool updates_are_off(void)
{
    DWORD value = 0;
    DWORD size = sizeof value;

    return RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\AuthRoot",
                        L"DisableRootAutoUpdate", RRF_RT_REG_DWORD, NULL, &value, &size) == ERROR_SUCCESS &&
           value != 0;
}

static void add_builtin(const char *base64, Seen *seen, StrBuf *pem)
{
    const size_t len = strlen(base64);
    unsigned char *der = mem_alloc(len / 4 * 3 + 1);
    const int padded = EVP_DecodeBlock(der, (const unsigned char *)base64, (int)len);
    const int padding = (base64[len - 1] == '=') + (base64[len - 2] == '=');
    BYTE hash[HASH_BYTES];
    const CERT_CONTEXT *certificate =
        padded <= padding ? NULL : CertCreateCertificateContext(X509_ASN_ENCODING, der, (DWORD)(padded - padding));

    if (certificate != NULL && hash_of(certificate, hash) && remember(seen, hash) &&
        CertVerifyTimeValidity(NULL, certificate->pCertInfo) == 0)
        add_pem(pem, certificate);
    if (certificate != NULL)
        CertFreeCertificateContext(certificate);
    mem_free(der);
}

static bool is_fresh(const char *path)
{
    FsInfo info;
    int64_t now = clock_now();

    return fs_stat(path, &info, NULL) && !info.is_dir && info.size > 0 && info.modified <= now &&
           now - info.modified < DAY_SECONDS;
}

bool roots_get(char **sslrootcert, Error *err)
{
    char *dir = machine_local_data_dir();
    char *path = NULL;
    Seen seen = {NULL, 0, 0};
    StrBuf pem;
    bool ok = false;

    strbuf_init(&pem, STRBUF_LARGE);
    if (dir == NULL) {
        error_set(err, EK_SETTINGS, "the folder for local data cannot be made");
        goto out;
    }
    path = fs_join(dir, "roots.pem");
    if (!is_fresh(path)) {
        read_store(CERT_SYSTEM_STORE_CURRENT_USER, L"Disallowed", &seen, NULL);
        read_store(CERT_SYSTEM_STORE_LOCAL_MACHINE, L"Disallowed", &seen, NULL);
        read_store(CERT_SYSTEM_STORE_CURRENT_USER, L"ROOT", &seen, &pem);
        read_store(CERT_SYSTEM_STORE_LOCAL_MACHINE, L"ROOT", &seen, &pem);
        for (size_t i = 0; i < roots_builtin_count && !updates_are_off(); i++)
            add_builtin(roots_builtin[i], &seen, &pem);
        if (pem.len == 0) {
            error_set(err, EK_SETTINGS, "Windows trusts no root certificate");
            error_hint(err, "Run Windows Update, or ask the administrator to check the store of trusted root "
                            "certification authorities.");
            goto out;
        }
        if (!fs_write_atomic(path, pem.buf, pem.len, err))
            goto out;
    }
    *sslrootcert = path;
    path = NULL;
    ok = true;
out:
    strbuf_release(&pem);
    mem_free(seen.hashes);
    mem_free(path);
    mem_free(dir);
    return ok;
}

void roots_fetch(const char *sslrootcert, const char *host, const char *port, const Cancel *cancel)
{
    char *dir = machine_local_data_dir();
    char *path = dir == NULL ? NULL : fs_join(dir, "roots.pem");

    if (path != NULL && sslrootcert != NULL && strcmp(path, sslrootcert) == 0 && !updates_are_off())
        roots_meet(host, port, cancel);
    mem_free(path);
    mem_free(dir);
}

bool roots_renew(const char *sslrootcert)
{
    char *dir = machine_local_data_dir();
    char *path = dir == NULL ? NULL : fs_join(dir, "roots.pem");
    char *got = NULL;
    StrBuf before, after;
    bool changed = false;

    strbuf_init(&before, STRBUF_LARGE);
    strbuf_init(&after, STRBUF_LARGE);
    if (path != NULL && sslrootcert != NULL && strcmp(path, sslrootcert) == 0 &&
        fs_read_all(path, STRBUF_LARGE, &before, NULL) && fs_remove(path, NULL) && roots_get(&got, NULL) &&
        fs_read_all(path, STRBUF_LARGE, &after, NULL))
        changed = before.len != after.len || memcmp(before.buf, after.buf, after.len) != 0;
    strbuf_release(&after);
    strbuf_release(&before);
    mem_free(got);
    mem_free(path);
    mem_free(dir);
    return changed;
}
