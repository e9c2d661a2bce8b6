/* sealed.h: a secret as text in one of our files (machine_seal, base64). */
#ifndef CMMS_CLOUD_SEALED_H
#define CMMS_CLOUD_SEALED_H

#include "base/error.h"
#include "base/secret.h"

char *sealed_text(const Secret *secret, Error *err); /* caller frees with secret_free_text; NULL: it cannot be sealed */
bool sealed_open(const char *base64, Secret *secret); /* false: another user's, another PC's, or damaged */

#endif
