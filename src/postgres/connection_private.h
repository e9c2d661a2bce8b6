/* connection_private.h: what connection.c, connection_string.c and connection_paste.c share. */
#ifndef CMMS_CONNECTION_PRIVATE_H
#define CMMS_CONNECTION_PRIVATE_H

#include <stdbool.h>

#include "postgres/connection.h"

/* Replaces an owned text. An empty value stands for the default: NULL. */
void connection_set(char **place, const char *value);
bool connection_is_sslmode(const char *text);
bool connection_is_channel_binding(const char *text);
bool connection_is_port(const char *text); /* 1 to 65535, in decimal */
bool connection_is_host(const char *text); /* may be a name, an address or a socket's folder, and nothing else */
/* May be a user's, a database's or a file's name. A pasted connection string or a piece of one with its password is
 * none: such names are told and logged. */
bool connection_is_name(const char *text);

/* A part by libpq's keyword. `tell`: its name cannot be a piece of a password. */
bool connection_set_part(Connection *connection, const char *name, const char *value, bool tell, Error *err);
bool connection_parse_uri(Connection *connection, const char *text, Error *err); /* what follows "postgresql://" */
bool connection_parse_keywords(Connection *connection, const char *text, Error *err); /* host=… user=… */

#endif
