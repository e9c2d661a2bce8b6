/*
 * smtp.h: one mail by libcurl, always over TLS: smtps, or smtp where the server offers STARTTLS before anything else is
 * said. Certificates are checked as by http.h.
 */
#ifndef CMMS_SMTP_H
#define CMMS_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "platform/cancel.h"

typedef struct SmtpMail { /* borrowed */
    const char *address;    /* "smtp://host[:port]", "smtps://host[:port]" */
    const char *user;       /* NULL: without a sign-in */
    const Secret *password; /* or NULL */
    const char *from;
    const char *to;         /* with commas between */
    const char *text;       /* the whole mail: headers and body, lines end in CR LF */
    const char *ca_file;    /* a PEM file to trust instead of the system's roots (tests); or NULL */
    long seconds;           /* at most */
} SmtpMail;

/* Whether libcurl was built with SMTP: of one that was not, mail cannot be sent. */
bool smtp_available(void);
/* Whether it is an address as above; EK_SETTINGS says why not. */
bool smtp_address_check(const char *address, Error *err);
/* EK_SETTINGS: libcurl has no SMTP, or the address is none. EK_CONNECT: no connection, no TLS, in time. EK_REFUSED: the
 * password, the sender or a recipient is not taken. */
bool smtp_send(const SmtpMail *mail, const Cancel *cancel, Error *err);

#endif
