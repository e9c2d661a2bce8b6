#include "sealed.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/machine.h"

#define SECRET_MAX 65536u /* bytes, sealed */

char *sealed_text(const Secret *secret, Error *err)
{
    char *base64 = NULL;
    StrBuf sealed;
    strbuf_init(&sealed, SECRET_MAX);
    if (machine_seal(secret, &sealed, err)) {
        base64 = mem_alloc(4 * ((sealed.len + 2) / 3) + 1);
        EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)sealed.buf, (int)sealed.len);
    }
    secret_wipe(sealed.buf, sealed.len);
    strbuf_release(&sealed);
    return base64;
}

bool sealed_open(const char *base64, Secret *secret)
{
    const size_t len = strlen(base64);
    Secret opened = SECRET_INIT;
    if (len == 0 || len % 4 != 0 || len > SECRET_MAX / 3 * 4 + 4) {
        return false;
    }
    unsigned char *sealed = mem_alloc(len / 4 * 3 + 1);
    const int got = EVP_DecodeBlock(sealed, (const unsigned char *)base64, (int)len);
    const size_t padding = (size_t)(base64[len - 1] == '=') + (size_t)(base64[len - 2] == '=');
    bool ok = got > 0 && (size_t)got > padding && machine_unseal(sealed, (size_t)got - padding, &opened);
    secret_wipe(sealed, len / 4 * 3);
    mem_free(sealed);
    ok = ok && strlen(opened.bytes) == opened.len; /* it goes into a request as it is */
    if (ok) {
        secret_release(secret);
        *secret = opened;
    } else {
        secret_release(&opened);
    }
    return ok;
}
