/*
 * client_certificate.h: a certificate with which the program itself signs in to Microsoft: in the Windows store of
 * this user or of this computer, found by its thumbprint. Its private key need not be exportable: it signs where it is
 * (CNG).
 *
 * POSIX, where tests run, has no such store: there it is a PEM file of certificate and RSA key,
 * "certificates/THUMBPRINT.pem" in machine_local_data_dir().
 */
#ifndef CMMS_CLIENT_CERTIFICATE_H
#define CMMS_CLIENT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "compiler.h"

#define CERTIFICATE_DIGITS 40 /* of a thumbprint: the SHA-1 by which Windows and Entra name a certificate */

typedef struct CertificateFacts {
    unsigned char sha256[32]; /* of its bytes */
    int64_t begins, ends;     /* unix seconds */
} CertificateFacts;

/* What people paste, with spaces, in small letters, with the invisible mark that Windows' own dialog puts in front of
 * it: 40 digits in capitals. EK_USAGE: it is none. */
CMMS_WHEN_TRUE bool certificate_thumbprint(
    const char *text, CMMS_WRITES(CERTIFICATE_DIGITS + 1) char digits[CERTIFICATE_DIGITS + 1], Error *err);

/* EK_NOT_FOUND: this user finds no such certificate on this computer. */
CMMS_WHEN_TRUE bool certificate_find(const char *thumbprint, CMMS_OUT CertificateFacts *facts, Error *err);

typedef enum CertificateScheme {
    CERTIFICATE_PSS,  /* RSASSA-PSS with SHA-256 and 32 bytes of salt: "PS256" */
    CERTIFICATE_PKCS1 /* RSASSA-PKCS1-v1_5 with SHA-256: "RS256", for keys that cannot do the other */
} CertificateScheme;

/* Appends the signature. Nobody is asked for a PIN. EK_NOT_FOUND as above; EK_REFUSED: its key cannot be used by this
 * user, or not for this scheme. */
bool certificate_sign(const char *thumbprint, CertificateScheme scheme, CMMS_READS(len) const void *bytes, size_t len,
                      StrBuf *signature, Error *err);

#endif
