/*
 * userprofile.h: what this user has chosen on this PC, without secrets: the database, the backup folder, how soon the
 * window locks. It is connection.json in machine_local_data_dir(); the password is the system's (machine_secret_*),
 * under connection_secret_target.
 *
 * A file that is not what we write is renamed to connection.damaged-YYYYMMDD_HHMMSS.json and told in `notice`; then it
 * is as if nothing had been saved.
 */
#ifndef CMMS_USERPROFILE_H
#define CMMS_USERPROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "postgres/connection.h"

#define USERPROFILE_FILE "connection.json"
#define USERPROFILE_LOCK_MINUTES 15
#define USERPROFILE_LOCK_MOST 1440

typedef struct UserProfile {
    Connection connection; /* host, port, user, database, what protects it, options; sslmode where it is not the
                            * default; no password */
    char *folder;          /* for the backups; NULL: the usual one (folder_choose) */
    int lock_minutes;      /* without a key or the mouse, 1..USERPROFILE_LOCK_MOST; default 15 */
    char *notice;          /* what the user should be told about the load, or NULL; not saved */
} UserProfile;

void userprofile_init(UserProfile *profile); /* nothing is configured */
void userprofile_release(UserProfile *profile);

/* Replaces what profile holds. A missing file gives an empty profile. EK_IO, EK_SETTINGS: it is there and cannot be
 * read, or is damaged and cannot be renamed, or there is no folder for it. */
bool userprofile_load(UserProfile *profile, Error *err);
/* Atomic (P6). EK_SETTINGS names a value that cannot be used. */
bool userprofile_save(const UserProfile *profile, Error *err);
/* The same for any file, and for its content: then EK_SETTINGS says what is wrong with it. */
bool userprofile_read(const char *path, UserProfile *profile, Error *err);
bool userprofile_write(const char *path, const UserProfile *profile, Error *err);
bool userprofile_parse(const char *bytes, size_t len, UserProfile *profile, Error *err);

/* What a command line says about the database; NULL where it says nothing. */
typedef struct ConnectionSwitches {
    const char *host, *port, *user, *sslmode;
    const char *database; /* a name, or a whole connection string */
} ConnectionSwitches;

/* The switches alone, over what is there. */
bool userprofile_add_switches(const ConnectionSwitches *switches, Connection *connection, Error *err);

/* Which database is meant: the profile's; over it the PG* environment, as connection_take_env read it at the program's
 * start; over that the switches, a connection string first. A profile is one whole: where another host is named than
 * its own, nothing of it counts. The password is what these say, else what the system keeps for the result.
 * `connection` is initialised; it is replaced. */
bool userprofile_connection(const UserProfile *profile, const Connection *environment,
                            const ConnectionSwitches *switches, Connection *connection, Error *err);

/* The folder that is saved, NULL where none is or the file cannot be read; caller frees. */
char *userprofile_folder(void);

/* Whether anything says where the database is. */
bool userprofile_is_configured(const Connection *connection);

#endif
