/*
 * signin.h: who may use the window: a user of the CMMS database with the role Manager who is active, by name and
 * password. `users` holds the password's SHA-256 in lower-case hex; the password itself never leaves this computer.
 *
 * Wrong passwords cost time: after the third in a row 5 seconds, then twice as long each time, at most 15 minutes. The
 * count is kept for the Windows user in signin.json (machine_local_data_dir), written before a password is looked at,
 * so that neither a restart nor a kill resets it. It is a lock against trying; whoever has this Windows account also
 * has the stored password of the database and the files.
 *
 * Successes, refusals and locks go to the audit log. A name that is not a user's is not written down: it may be a
 * password in the wrong box.
 */
#ifndef CMMS_SIGNIN_H
#define CMMS_SIGNIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "platform/cancel.h"
#include "postgres/connection.h"

#define SIGNIN_FREE_TRIES 3
#define SIGNIN_FIRST_DELAY 5 /* seconds */
#define SIGNIN_LONGEST_DELAY 900

typedef struct Signin Signin; /* used by one thread at a time */

typedef struct SigninUser {
    char *name;      /* as in the database */
    char *full_name; /* the name where there is none */
} SigninUser;

/* The time of a try: both clocks, so that neither a restart nor a clock that is put forward helps. */
typedef struct SigninTime {
    int64_t wall;       /* unix seconds */
    uint64_t monotonic; /* milliseconds */
} SigninTime;

typedef enum SigninWay {
    SIGNIN_ASK,       /* there is an active manager */
    SIGNIN_NO_USERS,  /* no table "users" with a name, a password and a role */
    SIGNIN_NO_MANAGER /* nobody in it could sign in */
} SigninWay;

void signin_user_init(SigninUser *user);
void signin_user_release(SigninUser *user);

/* `path` of the count; NULL: the usual one. */
Signin *signin_new(const char *path);
void signin_free(Signin *signin);
SigninTime signin_now(void);

/* Whether this database can say who is a manager. Fails when it cannot be asked. */
bool signin_look(const Connection *connection, const Cancel *cancel, SigninWay *way, Error *err);

/* The active manager with the lowest id, for the sample database, whose window asks nobody. EK_NOT_FOUND: none. */
bool signin_first_manager(const Connection *connection, const Cancel *cancel, SigninUser *user, Error *err);

/* EK_REFUSED, in the same words for an unknown user and a wrong password; other words only when the password is right.
 * EK_BUSY: too many wrong passwords, with the seconds to wait. `folder` is the backup folder, for the audit log; *user
 * is initialised. A failure of the connection counts as no try. */
bool signin_try(Signin *signin, const Connection *connection, const char *folder, const char *name,
                const Secret *password, SigninTime now, const Cancel *cancel, SigninUser *user, Error *err);

/* "lock" in the audit log. */
bool signin_log_lock(const char *folder, const SigninUser *user, const char *why, Error *err);

/* The parts of it that need no server. */

/* Seconds until the next try may be made; 0: now. */
unsigned signin_wait(Signin *signin, SigninTime now);
void signin_count_try(Signin *signin, SigninTime now); /* a wrong one, until signin_forget or signin_take_back */
void signin_take_back(Signin *signin);                 /* the last one did not count */
void signin_forget(Signin *signin);                    /* after a success */
unsigned signin_delay(unsigned failures);              /* seconds */
/* The verdict on what the database says of a user; NULLs where there is no such user. */
bool signin_judge(const char *hash, const char *role, bool active, const Secret *password, Error *err);

#endif
