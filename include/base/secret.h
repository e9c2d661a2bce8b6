/*
 * secret.h: a password or token. It has a type of its own so that it cannot be printed by mistake, and its
 * bytes are overwritten before their memory is given back.
 */
#ifndef CMMS_SECRET_H
#define CMMS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

typedef struct Secret {
    char *bytes; /* NUL-terminated UTF-8, or NULL when there is none */
    size_t len;
} Secret;

#define SECRET_INIT {NULL, 0}

void secret_set(Secret *secret, CMMS_READS(len) const char *bytes, size_t len); /* copies; wipes what was there */
void secret_copy(Secret *to, const Secret *from);
bool secret_is_set(const Secret *secret); /* an empty password is set */
void secret_release(Secret *secret);      /* wipes, frees, empties */

/* Overwrites memory in a way that the compiler keeps. By the platform. */
void secret_wipe(void *memory, size_t len);

/* "NAME=secret" for a child's environment. Caller wipes and frees with secret_free_text. */
CMMS_NEVER_NULL char *secret_env(const char *name, const Secret *secret);
void secret_free_text(char *text); /* wipes up to the NUL, frees; NULL is fine */

#endif
