/*
 * encryption.h: whether copies are encrypted before they leave this PC, and for whom. encryption.json in
 * machine_local_data_dir(); a passphrase, and a private key that is to stay here, are sealed in it (machine_seal).
 * Those that were kept here before another key was set up stay in it: copies that were made for them still need them.
 */
#ifndef CMMS_ENCRYPTION_H
#define CMMS_ENCRYPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "cloud/age.h"

#define ENCRYPTION_FILE "encryption.json"

typedef struct Encryption {
    bool on;           /* false: copies go as they are, and the rest is empty */
    char *recipient;   /* "age1…"; NULL: it is by passphrase */
    Secret passphrase; /* set where it is by passphrase: each copy is encrypted with it anew */
    Secret identity;   /* the private key, only where it was asked to stay on this PC */
    char *mark;        /* which key it is, for people: of a public key its fingerprint, "1f0a 93bc 77e2 40d1"; of a
                          passphrase a random number, for a hash of it would help to guess it */
    int64_t set_up;    /* unix seconds */
    struct Encryption *earlier; /* owned: what was set up before, each with a secret that is kept here; it has none */
    size_t earlier_count;
} Encryption;

void encryption_init(Encryption *encryption);
void encryption_release(Encryption *encryption);
bool encryption_keeps_key(const Encryption *encryption); /* one that opens copies: of now, or of before */
/* What `old` keeps that opens copies goes over to `to`, as its earlier ones. */
void encryption_take_earlier(Encryption *to, Encryption *old);

/* Where nothing is set up `on` is false. EK_SETTINGS: what is saved is damaged, or sealed by another user or PC; then
 * nobody may go on as if nothing were set up: a copy would leave this PC in the clear. EK_IO. */
bool encryption_load(Encryption *encryption, Error *err);
bool encryption_parse(const char *bytes, size_t len, Encryption *encryption, Error *err);
bool encryption_save(const Encryption *encryption, Error *err); /* atomic */
/* Copies go as they are from now on. Those that are encrypted stay so. */
bool encryption_forget(Error *err);

char *encryption_mark_of(const char *recipient); /* its fingerprint; caller frees */
char *encryption_mark_new(Error *err);           /* a random one; NULL: no random numbers */
/* "the public key age1…, fingerprint …" or "the passphrase number …"; caller frees. */
char *encryption_words(const char *recipient, const char *mark);
AgeTo encryption_to(const Encryption *encryption); /* borrowed from it */

#endif
