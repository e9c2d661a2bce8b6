/*
 * fuzz_age.c: any bytes as the header of an age file and as a key file. What is taken as a header lies within them, and
 * its only form is the one that was read; no key comes of one that was not made for ours.
 */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "cloud/age.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The header anew from its parts, but for the MAC. */
static void is_its_only_form(const AgeHeader *header, const uint8_t *bytes)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    strbuf_addstr(&text, AGE_FORMAT "\n");
    for (size_t i = 0; i < header->count; i++) {
        const AgeStanza *stanza = &header->stanzas[i];
        assert(stanza->arg_count > 0);
        strbuf_addstr(&text, "->");
        for (size_t k = 0; k < stanza->arg_count; k++) {
            strbuf_addf(&text, " %s", stanza->args[k]);
        }
        char *body = age_base64(stanza->body, stanza->body_len);
        const size_t body_len = strlen(body);
        for (size_t at = 0; at <= body_len; at += 64) {
            strbuf_addf(&text, "\n%.64s", body + at);
        }
        strbuf_addstr(&text, "\n");
        mem_free(body);
    }
    strbuf_addstr(&text, "---");
    assert(text.len == header->signed_len && memcmp(text.buf, bytes, text.len) == 0);
    strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char identity[] = "AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQGPQYEE";
    AgeHeader header;
    AgeFrom from;
    Error err = ERROR_INIT;
    unsigned char key[AGE_KEY];
    char *recipient = NULL;
    age_header_init(&header);
    age_from_init(&from);
    if (age_header_parse(bytes, len, &header, &err)) {
        assert(header.count > 0 && header.len <= len && header.signed_len < header.len);
        is_its_only_form(&header, bytes);
        secret_set(&from.identity, identity, sizeof identity - 1); /* no passphrase: scrypt takes its time */
        if (!age_header_open(bytes, &header, &from, key, &err)) {
            assert(err.kind == EK_REFUSED || err.kind == EK_DAMAGED);
        }
    } else {
        assert((err.kind == EK_FOREIGN || err.kind == EK_DAMAGED) && header.count == 0);
    }
    error_clear(&err);
    age_from_release(&from);
    if (age_identity_read((const char *)bytes, len, &from.identity, &recipient, &err)) {
        assert(secret_is_set(&from.identity) && age_recipient_check(recipient, NULL));
    } else {
        assert(err.kind == EK_USAGE && recipient == NULL);
    }
    mem_free(recipient);
    error_clear(&err);
    age_from_release(&from);
    age_header_release(&header);
    return 0;
}
