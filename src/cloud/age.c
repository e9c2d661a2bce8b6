/*
 * age.c: keys, and the header.
 *
 * The parser is as strict as the specification: a header has one form only, for what is signed with the MAC are its
 * bytes, and two readers that see different things in them are an attack. What it does not know (other kinds of
 * stanzas) it passes over.
 */
#include "cloud/age.h"

#include <string.h>

#include "age_crypto.h"
#include "base/mem.h"
#include "cloud/bech32.h"
#include "platform/machine.h"

#define RECIPIENT "age"
#define IDENTITY "AGE-SECRET-KEY-"
#define VERSION AGE_FORMAT "\n"
#define COLUMNS 64u   /* of a line of a stanza's body */
#define STANZAS_MAX 64u
#define ARGS_MAX 32u
#define WRAPPED (AGE_KEY + AGE_TAG)
#define SALT 16u
#define INFO_X25519 AGE_FORMAT "/X25519"
#define INFO_SCRYPT AGE_FORMAT "/scrypt"

static const unsigned char no_nonce[12]; /* a wrapping key serves once, so its nonce is zero by the format */

static bool cannot(Error *err)
{
    return error_set(err, EK_INTERNAL, "the encryption library of this program failed");
}

/* --- base64 ---------------------------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *age_base64(const unsigned char *bytes, size_t len)
{
    char *text = mem_array(len / 3 + 1, 4);
    size_t at = 0;
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const unsigned value = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0u) |
                               (left > 2 ? (unsigned)bytes[i + 2] : 0u);
        const size_t count = left > 2 ? 4 : left + 1;
        for (size_t k = 0; k < count; k++) {
            text[at++] = digits[value >> (18 - 6 * k) & 63u];
        }
    }
    text[at] = '\0';
    return text;
}

bool age_base64_read(const char *text, size_t len, unsigned char *bytes, size_t size, size_t *got)
{
    unsigned bits = 0, have = 0;
    size_t at = 0;
    if (len % 4 == 1 || len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1) > size) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0x3fffu;
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes[at++] = (unsigned char)(bits >> have & 0xffu);
        }
    }
    if ((bits & ((1u << have) - 1u)) != 0) {
        return false; /* the same bytes would have another form as well */
    }
    *got = at;
    return true;
}

/* --- keys ------------------------------------------------------------------------------------------------ */

void age_from_init(AgeFrom *from)
{
    *from = (AgeFrom){SECRET_INIT, SECRET_INIT};
}

void age_from_release(AgeFrom *from)
{
    secret_release(&from->identity);
    secret_release(&from->passphrase);
}

/* The 32 bytes of a key with that prefix. */
static bool read_key(const char *text, const char *prefix, unsigned char key[32])
{
    char found[BECH32_MAX];
    unsigned char values[BECH32_MAX], bytes[32];
    size_t count = 0, len = 0;
    const bool ok = bech32_decode(text, found, values, &count) && strcmp(found, prefix) == 0 &&
                    bech32_bytes(values, count, bytes, sizeof bytes, &len) && len == sizeof bytes;
    if (ok) {
        memcpy(key, bytes, sizeof bytes);
    }
    secret_wipe(values, sizeof values);
    secret_wipe(bytes, sizeof bytes);
    return ok;
}

bool age_recipient_check(const char *text, Error *err)
{
    unsigned char point[AGE_POINT];
    if (read_key(text, RECIPIENT, point)) {
        return true;
    }
    if (strncmp(text, IDENTITY, sizeof IDENTITY - 1) == 0) {
        error_set(err, EK_USAGE, "that is the private key, which opens the files");
        return error_hint(err, "The public key is wanted, which begins with \"age1\"; the private one stays with "
                               "whoever may read the copies.");
    }
    error_set(err, EK_USAGE, "that is no public key of age");
    return error_hint(err, "It begins with \"age1\" and has 62 characters; one that is mistyped is noticed. Paste it "
                           "whole.");
}

static char *public_text(const unsigned char point[AGE_POINT])
{
    return bech32_encode(RECIPIENT, point, AGE_POINT);
}

bool age_pair_new(Secret *identity, char **recipient, Error *err)
{
    unsigned char scalar[32], point[AGE_POINT];
    if (!machine_random(scalar, sizeof scalar)) {
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    if (!age_public(scalar, point)) {
        secret_wipe(scalar, sizeof scalar);
        return cannot(err);
    }
    char *text = bech32_encode("age-secret-key-", scalar, sizeof scalar);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    secret_set(identity, text, strlen(text));
    *recipient = public_text(point);
    secret_free_text(text);
    secret_wipe(scalar, sizeof scalar);
    return true;
}

static bool identity_public(const char *text, char **recipient)
{
    unsigned char scalar[32], point[AGE_POINT];
    const bool ok = read_key(text, IDENTITY, scalar) && age_public(scalar, point);
    if (ok) {
        *recipient = public_text(point);
    }
    secret_wipe(scalar, sizeof scalar);
    return ok;
}

static bool no_identity(const char *what, Error *err)
{
    error_set(err, EK_USAGE, "%s", what);
    return error_hint(err, "The key file was saved when the encryption was set up; it has one line of capitals and "
                           "digits, which is the key.");
}

bool age_identity_read(const char *text, size_t len, Secret *identity, char **recipient, Error *err)
{
    Secret found = SECRET_INIT;
    const char *wrong = NULL;
    for (size_t at = 0; at < len && wrong == NULL;) {
        const char *end = memchr(text + at, '\n', len - at);
        const size_t next = end == NULL ? len : (size_t)(end - text) + 1;
        size_t line = (end == NULL ? len : (size_t)(end - text)) - at;
        while (line > 0 && (text[at + line - 1] == '\r' || text[at + line - 1] == ' ')) {
            line--;
        }
        if (line > 0 && text[at] != '#') {
            if (secret_is_set(&found)) {
                wrong = "the key file has more than one key";
            } else if (line > BECH32_MAX || memchr(text + at, '\0', line) != NULL) {
                wrong = "that is no key file of age";
            } else {
                secret_set(&found, text + at, line);
            }
        }
        at = next;
    }
    char *public = NULL;
    if (wrong == NULL && !secret_is_set(&found)) {
        wrong = "the key file has no key";
    } else if (wrong == NULL && !identity_public(found.bytes, &public)) {
        wrong = strncmp(found.bytes, "age1", 4) == 0 ? "that is the public key, which opens nothing"
                                                     : "that is no key file of age";
    }
    if (wrong != NULL) {
        secret_release(&found);
        return no_identity(wrong, err);
    }
    secret_release(identity);
    *identity = found;
    *recipient = public;
    return true;
}

/* --- reading a header ------------------------------------------------------------------------------------ */

void age_header_init(AgeHeader *header)
{
    *header = (AgeHeader){.stanzas = NULL};
}

void age_header_release(AgeHeader *header)
{
    for (size_t i = 0; i < header->count; i++) {
        AgeStanza *stanza = &header->stanzas[i];
        for (size_t k = 0; k < stanza->arg_count; k++) {
            mem_free(stanza->args[k]);
        }
        mem_free((void *)stanza->args);
        mem_free(stanza->body);
    }
    mem_free(header->stanzas);
    age_header_init(header);
}

typedef struct Reader {
    const char *bytes;
    size_t len, at;
} Reader;

/* The next line, without its end; false: there is none that ends. */
static bool next_line(Reader *reader, const char **line, size_t *len)
{
    const char *begin = reader->bytes + reader->at;
    const char *end = memchr(begin, '\n', reader->len - reader->at);
    if (end == NULL) {
        return false;
    }
    *line = begin;
    *len = (size_t)(end - begin);
    reader->at += *len + 1;
    return true;
}

/* "-> KIND ARG ARG" */
static bool take_args(const char *line, size_t len, AgeStanza *stanza)
{
    size_t at = 2;
    if (len < 4 || memcmp(line, "-> ", 3) != 0) {
        return false;
    }
    stanza->args = mem_array(ARGS_MAX, sizeof *stanza->args);
    while (at < len) {
        const size_t begin = at + 1; /* behind the one space */
        at = begin;
        while (at < len && line[at] >= 33 && line[at] <= 126) {
            at++;
        }
        if (at == begin || (at < len && line[at] != ' ') || stanza->arg_count == ARGS_MAX) {
            return false;
        }
        stanza->args[stanza->arg_count++] = mem_strndup(line + begin, at - begin);
    }
    return true;
}

/* Full lines, and a shorter one (which may be empty) at the end. */
static bool take_body(Reader *reader, AgeStanza *stanza)
{
    const char *line = NULL;
    size_t len = COLUMNS, size = 0, capacity = 0;
    void *body = NULL;
    bool ok = true;
    while (ok && len == COLUMNS) {
        size_t got = 0;
        ok = next_line(reader, &line, &len) && len <= COLUMNS;
        if (ok) {
            mem_grow(&body, &capacity, size + COLUMNS, 1);
            ok = age_base64_read(line, len, (unsigned char *)body + size, COLUMNS, &got);
            size += got;
        }
    }
    stanza->body = body;
    stanza->body_len = size;
    return ok;
}

static bool take_stanza(Reader *reader, AgeHeader *header)
{
    const char *line = NULL;
    size_t len = 0;
    if (header->count == STANZAS_MAX || !next_line(reader, &line, &len)) {
        return false;
    }
    AgeStanza *stanza = &header->stanzas[header->count++];
    return take_args(line, len, stanza) && take_body(reader, stanza);
}

/* Behind at least one stanza. */
static bool at_end(const Reader *reader, const AgeHeader *header)
{
    return header->count > 0 && reader->len - reader->at >= 3 && memcmp(reader->bytes + reader->at, "---", 3) == 0;
}

/* "--- MAC" */
static bool take_end(Reader *reader, AgeHeader *header)
{
    const char *line = NULL;
    size_t len = 0, got = 0;
    header->signed_len = reader->at + 3;
    return next_line(reader, &line, &len) && len > 4 && memcmp(line, "--- ", 4) == 0 &&
           age_base64_read(line + 4, len - 4, header->mac, sizeof header->mac, &got) && got == sizeof header->mac;
}

static bool is_scrypt(const AgeStanza *stanza)
{
    return strcmp(stanza->args[0], "scrypt") == 0;
}

bool age_header_wants_passphrase(const AgeHeader *header)
{
    return is_scrypt(&header->stanzas[0]);
}

bool age_header_parse(const void *bytes, size_t len, AgeHeader *header, Error *err)
{
    AgeHeader read;
    Reader reader = {bytes, len < AGE_HEADER_MAX ? len : AGE_HEADER_MAX, 0};
    if (len < sizeof VERSION - 1 || memcmp(bytes, VERSION, sizeof VERSION - 1) != 0) {
        return error_set(err, EK_FOREIGN, "it is no file that age (version 1) has encrypted");
    }
    age_header_init(&read);
    read.stanzas = mem_array(STANZAS_MAX, sizeof *read.stanzas);
    reader.at = sizeof VERSION - 1;
    bool ok = true, passphrase = false;
    while (ok && !at_end(&reader, &read)) {
        ok = take_stanza(&reader, &read);
        passphrase = ok && (passphrase || is_scrypt(&read.stanzas[read.count - 1]));
    }
    ok = ok && take_end(&reader, &read) && (!passphrase || read.count == 1); /* a passphrase stands alone */
    if (!ok) {
        age_header_release(&read);
        return error_set(err, EK_DAMAGED, "its header is damaged or cut off");
    }
    read.len = reader.at;
    age_header_release(header);
    *header = read;
    return true;
}

/* --- opening a header ------------------------------------------------------------------------------------ */

typedef enum Opened { OPENED, NOT_FOR_US, MALFORMED } Opened;

static Opened open_x25519(const AgeStanza *stanza, const unsigned char scalar[32], unsigned char key[AGE_KEY])
{
    unsigned char share[AGE_POINT], shared[32], salt[2 * AGE_POINT], wrapping[32];
    size_t got = 0;
    if (stanza->arg_count != 2 || stanza->body_len != WRAPPED ||
        !age_base64_read(stanza->args[1], strlen(stanza->args[1]), share, sizeof share, &got) || got != sizeof share ||
        !age_shared(scalar, share, shared)) {
        return MALFORMED;
    }
    memcpy(salt, share, sizeof share);
    const bool ok = age_public(scalar, salt + AGE_POINT) &&
                    age_hkdf(shared, sizeof shared, salt, sizeof salt, INFO_X25519, wrapping) &&
                    age_open(wrapping, no_nonce, stanza->body, stanza->body_len, key);
    secret_wipe(shared, sizeof shared);
    secret_wipe(wrapping, sizeof wrapping);
    return ok ? OPENED : NOT_FOR_US;
}

/* A number from 1 to 99 in its only form; 0: it is none. */
static unsigned work_of(const char *text)
{
    const size_t len = strlen(text);
    if (len < 1 || len > 2 || strspn(text, "0123456789") != len || text[0] == '0') {
        return 0;
    }
    return len == 1 ? (unsigned)(text[0] - '0') : (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

static bool scrypt_key(const Secret *passphrase, const unsigned char salt[SALT], unsigned work,
                       unsigned char wrapping[32])
{
    unsigned char labelled[sizeof INFO_SCRYPT - 1 + SALT];
    memcpy(labelled, INFO_SCRYPT, sizeof INFO_SCRYPT - 1);
    memcpy(labelled + sizeof INFO_SCRYPT - 1, salt, SALT);
    return age_scrypt(passphrase, labelled, sizeof labelled, work, wrapping);
}

static bool open_scrypt(const AgeStanza *stanza, const Secret *passphrase, unsigned char key[AGE_KEY], Error *err)
{
    unsigned char salt[SALT], wrapping[32];
    size_t got = 0;
    const unsigned work = stanza->arg_count == 3 ? work_of(stanza->args[2]) : 0;
    if (work == 0 || stanza->body_len != WRAPPED ||
        !age_base64_read(stanza->args[1], strlen(stanza->args[1]), salt, sizeof salt, &got) || got != sizeof salt) {
        return error_set(err, EK_DAMAGED, "its header is damaged or cut off");
    }
    if (work > AGE_WORK_MAX) {
        error_set(err, EK_DAMAGED, "its header asks for more memory than this program gives to it");
        return error_hint(err, "Where you trust the file, the program age opens it.");
    }
    if (!scrypt_key(passphrase, salt, work, wrapping)) {
        return cannot(err);
    }
    const bool ok = age_open(wrapping, no_nonce, stanza->body, stanza->body_len, key);
    secret_wipe(wrapping, sizeof wrapping);
    if (!ok) {
        error_set(err, EK_REFUSED, "the passphrase is not the one that it was encrypted with");
        return error_hint(err, "Capitals and spaces count; the recovery card says from when the passphrase is.");
    }
    return true;
}

static bool open_with_identity(const AgeHeader *header, const Secret *identity, unsigned char key[AGE_KEY], Error *err)
{
    unsigned char scalar[32];
    Opened opened = NOT_FOR_US;
    if (!read_key(identity->bytes, IDENTITY, scalar)) {
        return no_identity("that is no key file of age", err);
    }
    for (size_t i = 0; i < header->count && opened == NOT_FOR_US; i++) {
        if (strcmp(header->stanzas[i].args[0], "X25519") == 0) {
            opened = open_x25519(&header->stanzas[i], scalar, key);
        }
    }
    secret_wipe(scalar, sizeof scalar);
    if (opened == MALFORMED) {
        return error_set(err, EK_DAMAGED, "its header is damaged or cut off");
    }
    if (opened != OPENED) {
        error_set(err, EK_REFUSED, "the key is not the one that it was encrypted for");
        return error_hint(err, "The manifest and the recovery card say which public key that is; the key file that was "
                               "saved with it opens it.");
    }
    return true;
}

static bool header_mac(const void *bytes, const AgeHeader *header, const unsigned char key[AGE_KEY],
                       unsigned char mac[32])
{
    unsigned char signing[32];
    const bool ok = age_hkdf(key, AGE_KEY, NULL, 0, "header", signing) &&
                    age_hmac(signing, bytes, header->signed_len, mac);
    secret_wipe(signing, sizeof signing);
    return ok;
}

bool age_header_open(const void *bytes, const AgeHeader *header, const AgeFrom *from, unsigned char key[AGE_KEY],
                     Error *err)
{
    unsigned char found[AGE_KEY], mac[32];
    const bool passphrase = age_header_wants_passphrase(header);
    if (!secret_is_set(passphrase ? &from->passphrase : &from->identity)) {
        if (passphrase) {
            error_set(err, EK_REFUSED, "it is encrypted with a passphrase, which is needed to read it");
            return error_hint(err, "Whoever set up the encryption has it.");
        }
        error_set(err, EK_REFUSED, "it is encrypted for a public key, whose key file is needed to read it");
        return error_hint(err, "It was saved when the encryption was set up; the recovery card says which it is.");
    }
    bool ok = passphrase ? open_scrypt(&header->stanzas[0], &from->passphrase, found, err)
                         : open_with_identity(header, &from->identity, found, err);
    if (ok && !header_mac(bytes, header, found, mac)) {
        ok = cannot(err);
    } else if (ok && !age_same(mac, header->mac, sizeof mac)) {
        ok = error_set(err, EK_DAMAGED, "its header was changed");
    }
    if (ok) {
        memcpy(key, found, AGE_KEY);
    }
    secret_wipe(found, sizeof found);
    return ok;
}

/* --- writing a header ------------------------------------------------------------------------------------ */

static void add_stanza(StrBuf *out, const char *args, const unsigned char body[WRAPPED])
{
    char *text = age_base64(body, WRAPPED); /* 43 characters: one line, shorter than a full one */
    strbuf_addf(out, "-> %s\n%s\n", args, text);
    mem_free(text);
}

static bool wrap_x25519(const char *recipient, const unsigned char key[AGE_KEY], StrBuf *out, Error *err)
{
    unsigned char ephemeral[32], salt[2 * AGE_POINT], shared[32], wrapping[32], body[WRAPPED];
    if (!read_key(recipient, RECIPIENT, salt + AGE_POINT)) {
        return age_recipient_check(recipient, err);
    }
    if (!machine_random(ephemeral, sizeof ephemeral)) {
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    const bool ok = age_public(ephemeral, salt) && age_shared(ephemeral, salt + AGE_POINT, shared) &&
                    age_hkdf(shared, sizeof shared, salt, sizeof salt, INFO_X25519, wrapping) &&
                    age_seal(wrapping, no_nonce, key, AGE_KEY, body);
    if (ok) {
        char *share = age_base64(salt, AGE_POINT);
        char *args = mem_printf("X25519 %s", share);
        add_stanza(out, args, body);
        mem_free(args);
        mem_free(share);
    }
    secret_wipe(ephemeral, sizeof ephemeral);
    secret_wipe(shared, sizeof shared);
    secret_wipe(wrapping, sizeof wrapping);
    return ok || cannot(err);
}

static bool wrap_scrypt(const AgeTo *to, const unsigned char key[AGE_KEY], StrBuf *out, Error *err)
{
    unsigned char salt[SALT], wrapping[32], body[WRAPPED];
    const unsigned work = to->work == 0 ? AGE_WORK : to->work;
    if (!machine_random(salt, sizeof salt)) {
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    const bool ok = scrypt_key(to->passphrase, salt, work, wrapping) &&
                    age_seal(wrapping, no_nonce, key, AGE_KEY, body);
    if (ok) {
        char *text = age_base64(salt, sizeof salt);
        char *args = mem_printf("scrypt %s %u", text, work);
        add_stanza(out, args, body);
        mem_free(args);
        mem_free(text);
    }
    secret_wipe(wrapping, sizeof wrapping);
    return ok || cannot(err);
}

bool age_header_write(const AgeTo *to, const unsigned char key[AGE_KEY], StrBuf *out, Error *err)
{
    AgeHeader header = {.stanzas = NULL};
    unsigned char mac[32];
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    strbuf_addstr(&text, VERSION);
    bool ok = to->recipient != NULL ? wrap_x25519(to->recipient, key, &text, err) : wrap_scrypt(to, key, &text, err);
    if (ok) {
        strbuf_addstr(&text, "---");
        header.signed_len = text.len;
        ok = header_mac(text.buf, &header, key, mac) || cannot(err);
    }
    if (ok) {
        char *end = age_base64(mac, sizeof mac);
        strbuf_addf(&text, " %s\n", end);
        strbuf_add(out, text.buf, text.len);
        mem_free(end);
    }
    strbuf_release(&text);
    return ok;
}
