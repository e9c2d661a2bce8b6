/* connection_private.h: what connection.c and connection_string.c share. */
#ifndef CMMS_CONNECTION_PRIVATE_H
#define CMMS_CONNECTION_PRIVATE_H

#include <stdbool.h>

/* Replaces an owned text. An empty value stands for the default: NULL. */
void connection_set(char **place, const char *value);
bool connection_is_sslmode(const char *text);
bool connection_is_port(const char *text); /* 1 to 65535, in decimal */
bool connection_is_host(const char *text); /* may be a name, an address or a socket's folder: holds no @ / or space */

#endif
