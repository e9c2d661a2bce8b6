#include "base/secret.h"

#include "base/mem.h"

void secret_set(Secret *secret, const char *bytes, size_t len)
{
    char *copy = mem_strndup(bytes, len); /* first: the bytes may be the old secret's own */
    secret_release(secret);
    secret->bytes = copy;
    secret->len = len;
}

void secret_copy(Secret *to, const Secret *from)
{
    if (from->bytes) {
        secret_set(to, from->bytes, from->len);
    } else {
        secret_release(to);
    }
}

bool secret_is_set(const Secret *secret)
{
    return secret->bytes != NULL;
}

void secret_release(Secret *secret)
{
    if (secret->bytes) {
        secret_wipe(secret->bytes, secret->len);
        mem_free(secret->bytes);
    }
    *secret = (Secret)SECRET_INIT;
}

char *secret_env(const char *name, const Secret *secret)
{
    /* Built by hand: a formatter or a growing buffer would leave copies behind. */
    size_t name_len = strlen(name);
    char *text = mem_alloc(name_len + 1 + secret->len + 1);
    memcpy(text, name, name_len);
    text[name_len] = '=';
    if (secret->len > 0) {
        memcpy(text + name_len + 1, secret->bytes, secret->len);
    }
    return text;
}

void secret_free_text(char *text)
{
    if (text) {
        secret_wipe(text, strlen(text));
        mem_free(text);
    }
}
