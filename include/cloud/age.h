/*
 * age.h: the file format of age (C2SP, age-encryption.org/v1), which the program `age` reads and writes without us.
 *
 * A header holds the file's own random key, wrapped for whoever may open it: for a public key (X25519, "age1…") or for
 * a passphrase (scrypt). Behind it come 16 random bytes and the content in chunks of 64 KiB (ChaCha20-Poly1305), each
 * with its number and whether it is the last: so nothing can be changed, swapped, cut off or added unnoticed.
 * A file key belongs to one file: nothing here takes one from outside but for reading. The primitives are OpenSSL's.
 * What this program does not write it does not read either: no armor, no plug-ins, no SSH keys.
 */
#ifndef CMMS_AGE_H
#define CMMS_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "platform/cancel.h"

#define AGE_SUFFIX ".age"
#define AGE_FORMAT "age-encryption.org/v1"
#define AGE_KEY 16u          /* bytes of a file key */
#define AGE_NONCE 16u        /* between header and chunks */
#define AGE_CHUNK 65536u     /* bytes of content in one */
#define AGE_TAG 16u          /* that each has more when it is encrypted */
#define AGE_HEADER_MAX 65536u
#define AGE_WORK 18u         /* log2 of scrypt's N, as `age` writes it: about a second and 256 MB */
#define AGE_WORK_MAX 20u     /* that is accepted: a file must not ask for all memory */

/* --- keys ------------------------------------------------------------------------------------------------ */

/* What a file is encrypted for: one of both. Borrowed. */
typedef struct AgeTo {
    const char *recipient;    /* "age1…" */
    const Secret *passphrase;
    unsigned work;            /* 0: AGE_WORK. Tests take less */
} AgeTo;

/* What opens one: an identity, a passphrase, or both. */
typedef struct AgeFrom {
    Secret identity;   /* "AGE-SECRET-KEY-1…" */
    Secret passphrase;
} AgeFrom;
void age_from_init(AgeFrom *from);
void age_from_release(AgeFrom *from);

/* A new key pair. *recipient: caller frees. EK_INTERNAL: no random numbers. */
bool age_pair_new(Secret *identity, char **recipient, Error *err);
/* EK_USAGE: it is no public key; says so where it is a private one. */
bool age_recipient_check(const char *text, Error *err);
/* The content of a key file as `age-keygen` writes it: the one identity among comments and empty lines; *recipient is
 * its public key, caller frees. EK_USAGE: it holds none, several, or something else; its bytes are never told. */
bool age_identity_read(const char *text, size_t len, Secret *identity, char **recipient, Error *err);

/* --- the header ------------------------------------------------------------------------------------------ */

typedef struct AgeStanza {
    char **args;         /* the first is the kind: "X25519", "scrypt" */
    size_t arg_count;    /* at least one */
    unsigned char *body;
    size_t body_len;
} AgeStanza;

typedef struct AgeHeader {
    AgeStanza *stanzas;
    size_t count;         /* at least one */
    unsigned char mac[32];
    size_t len;           /* bytes of it: there the nonce begins */
    size_t signed_len;    /* those that the MAC is over */
} AgeHeader;
void age_header_init(AgeHeader *header);
void age_header_release(AgeHeader *header);
/* The header at the beginning of `bytes`. EK_FOREIGN: no age file of this version. EK_DAMAGED: it is not as the format
 * says, or does not end within `len` or AGE_HEADER_MAX bytes. */
bool age_header_parse(const void *bytes, size_t len, AgeHeader *header, Error *err);
/* Whether it is for a passphrase; otherwise for keys. */
bool age_header_wants_passphrase(const AgeHeader *header);
/* The file key. EK_REFUSED: what opens it is not among `from`. EK_DAMAGED: the key fits, the header was changed. */
bool age_header_open(const void *bytes, const AgeHeader *header, const AgeFrom *from, unsigned char key[AGE_KEY],
                     Error *err);
/* Appends a header that wraps `key`. */
bool age_header_write(const AgeTo *to, const unsigned char key[AGE_KEY], StrBuf *out, Error *err);

/* --- the content ----------------------------------------------------------------------------------------- */

typedef struct AgeStream AgeStream; /* one direction, chunk after chunk, from the first */
AgeStream *age_stream_new(const unsigned char key[AGE_KEY], const unsigned char nonce[AGE_NONCE]);
void age_stream_free(AgeStream *stream); /* wipes; NULL is fine */
/* `len` bytes to len + AGE_TAG; each but the last is AGE_CHUNK, and the last is empty only when it is the first. */
void age_stream_seal(AgeStream *stream, const void *plain, size_t len, bool last, unsigned char *sealed);
/* The other way: sealed_len - AGE_TAG bytes. False: it is not that chunk of that file; nothing is advanced. */
bool age_stream_open(AgeStream *stream, const void *sealed, size_t sealed_len, bool last, unsigned char *plain);

/* --- files ----------------------------------------------------------------------------------------------- */

typedef struct AgeJob { /* borrowed */
    const char *from, *to; /* paths; `to` must not be there, and is not there when it fails */
    const char *name;      /* of the encrypted file, in words */
    /* part: 0..1 of the step; bytes of it so far. NULL where not wanted. */
    void (*progress)(void *context, const char *step, double part, uint64_t bytes);
    void *context;
} AgeJob;

typedef struct AgeMade {
    char plain_sha256[65], sha256[65], quickxor[29]; /* of the content; of the encrypted file */
    uint64_t plain_bytes, bytes;
    char *header; /* owned: the encrypted file's, in base64. No secret: it opens nothing without the key */
} AgeMade;
void age_made_init(AgeMade *made);
void age_made_release(AgeMade *made);

/* Encrypts with a key that is new and in no other place, flushes, reads the file again from the disk and decrypts it:
 * what is told of it is what lies there. EK_IO, EK_SPACE, EK_DAMAGED: the disk gave other bytes than were written. */
bool age_encrypt_file(const AgeJob *job, const AgeTo *to, const Cancel *cancel, AgeMade *made, Error *err);
/* Decrypts, flushes, and reads the content again from the disk: what is told of it is what lies there. EK_REFUSED,
 * EK_DAMAGED, EK_FOREIGN as above: changed, cut off, or with bytes behind its end. EK_IO: the disk gave other bytes. */
bool age_decrypt_file(const AgeJob *job, const AgeFrom *from, const Cancel *cancel, AgeMade *made, Error *err);
/* Where the content of a file of `plain_bytes` would take so much, header not counted. */
uint64_t age_payload_bytes(uint64_t plain_bytes);

/* Standard base64 without "=", in its only form. Caller frees; false: not that, or more than `size` bytes. */
char *age_base64(const unsigned char *bytes, size_t len);
bool age_base64_read(const char *text, size_t len, unsigned char *bytes, size_t size, size_t *got);

#endif
