/*
 * roots_builtin.h: root certificates that Windows trusts without having them. A fresh PC fetches most roots when it
 * first meets a chain that ends in them, which only Windows' own TLS does: libpq would refuse Neon's certificates
 * (Let's Encrypt's) until a browser had been there. See roots_win.c for when they count.
 */
#ifndef CMMS_ROOTS_BUILTIN_H
#define CMMS_ROOTS_BUILTIN_H

#include <stddef.h>

extern const char *const roots_builtin[]; /* base64 of the DER form, without line ends */
extern const size_t roots_builtin_count;

#endif
