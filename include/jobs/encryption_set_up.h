/*
 * encryption_set_up.h: setting up the encryption of copies (encryption.h): what is said before, what must be typed, the
 * key file, the recovery card.
 */
#ifndef CMMS_ENCRYPTION_SET_UP_H
#define CMMS_ENCRYPTION_SET_UP_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "cloud/encryption.h"

/* What somebody must type who has read what losing the key means. Capitals do not count. */
#define ENCRYPTION_CONFIRM "without the key nothing"
#define ENCRYPTION_PASSPHRASE_MIN 12u /* characters */

typedef enum EncryptionWay {
    ENCRYPTION_NEW_PAIR,  /* a key pair is made; its private key goes to key_file */
    ENCRYPTION_RECIPIENT, /* a public key that somebody has made elsewhere */
    ENCRYPTION_PASSPHRASE
} EncryptionWay;

typedef struct EncryptionSetUp { /* borrowed */
    EncryptionWay way;
    const char *key_file;     /* NEW_PAIR: where the private key goes; must not be there */
    bool keep_key;            /* NEW_PAIR: on this PC as well, sealed: then it can read the copies */
    const char *recipient;    /* RECIPIENT: "age1…"; white space around it does not count */
    const Secret *passphrase; /* PASSPHRASE */
    const Secret *again;      /* PASSPHRASE: the same once more */
    const char *card_file;    /* the recovery card, a text; must not be there. NULL: none is written */
    const char *confirmed;    /* what was typed */
} EncryptionSetUp;

/* What is to be told before it is set up: what losing the key means, who can read what, what stays readable. Static. */
const char *encryption_warning(EncryptionWay way);

/* Whether it can be set up, but for the typing: EK_USAGE says what is missing. Nothing is changed. */
bool encryption_check(const EncryptionSetUp *spec, Error *err);
/* Writes key file and card, reads the key file again, tries the key on a header, and only then saves it: what was set
 * up before stays until then. `made` gets it. EK_USAGE: as above, or `confirmed` is something else; EK_IO: a file
 * cannot be written, or is there already. On failure the files that it wrote are removed. */
bool encryption_set_up(const EncryptionSetUp *spec, Encryption *made, Error *err);

/* Copies go as they are from now on. Where a passphrase or a private key is kept on this PC, it is gone then, and
 * `confirmed` must be as above (may be NULL otherwise): EK_USAGE. What is damaged goes as well. */
bool encryption_switch_off(const char *confirmed, Error *err);

/* The recovery card: no secret is on it. Caller frees. */
char *encryption_card(const Encryption *encryption, const char *key_file);
/* "Copies are encrypted for …" or "Copies go to SharePoint as they are"; caller frees. */
char *encryption_state_text(const Encryption *encryption);

#endif
