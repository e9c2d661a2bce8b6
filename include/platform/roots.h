/*
 * roots.h: the certificates that the system trusts, for libpq and its tools, which on Windows cannot read the
 * system's store (sslrootcert=system fails in EDB's builds).
 */
#ifndef CMMS_ROOTS_H
#define CMMS_ROOTS_H

#include <stdbool.h>

#include "base/error.h"
#include "platform/cancel.h"

/* What to give as sslrootcert: on Windows the path of roots.pem in machine_local_data_dir(), written anew when it
 * is older than a day, atomically, from the ROOT stores of user and machine, and with those that Neon needs even where
 * Windows has not fetched them yet; on POSIX "system". Caller frees. */
bool roots_get(char **sslrootcert, Error *err);

/* A server's certificate was not trusted with this sslrootcert: where it is roots_get's file, shows Windows the
 * server's certificates, so that it fetches a root that it trusts and does not have yet. That takes some seconds;
 * nothing is sent to the server but the beginning of a connection. */
void roots_fetch(const char *sslrootcert, const char *host, const char *port, const Cancel *cancel);

/* After that: where it is roots_get's file, writes that anew, since Windows may have fetched or lost a root since. True
 * when it is another now, so that one more try is worth it. */
bool roots_renew(const char *sslrootcert);

#endif
