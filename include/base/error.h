/*
 * error.h: how a function says what went wrong.
 *
 * A function that can fail returns bool and takes an Error as its last argument. On success the Error is
 * untouched; on failure it is filled and the function's other outputs are as they were. The Error belongs to
 * the caller, who starts it with ERROR_INIT and ends it with error_clear. Only a front end shows it.
 *
 * The text has three parts, as in PostgreSQL's own style:
 *   message  what happened, one short sentence without a full stop: "could not start pg_dump"
 *   detail   what the system or the tool said (may be NULL)
 *   hint     what to do about it, a full sentence (may be NULL)
 * None of them may hold a secret.
 */
#ifndef CMMS_ERROR_H
#define CMMS_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

/* What kind of thing went wrong. It decides the exit code of the console program (see error_exit_code). */
typedef enum ErrorKind {
    EK_NONE = 0,
    EK_INTERNAL,  /* ours: a bug, or something nobody foresaw                         exit 1 */
    EK_USAGE,     /* the command line or an argument                                  exit 2 */
    EK_SETTINGS,  /* a setting, the profile or the backup folder cannot be used       exit 3 */
    EK_TOOL,      /* pg_dump or pg_restore is missing, will not start, or failed      exit 4 */
    EK_CONNECT,   /* the server cannot be reached: name, port, TLS, lost on the way   exit 5 */
    EK_REFUSED,   /* the server says no: password, role, database, rights             exit 6 */
    EK_DAMAGED,   /* a backup or another file is not what it should be                exit 7 */
    EK_IO,        /* a file cannot be read, written, flushed or renamed               exit 8 */
    EK_SPACE,     /* the disk is full                                                 exit 8 */
    EK_BUSY,      /* another job is at work on the same folder or database            exit 9 */
    EK_NOT_FOUND, /* a file that was named does not exist                             exit 10 */
    EK_FOREIGN,   /* a file was never a backup of this kind: a script, another archive exit 11 */
    EK_CANCELLED  /* the user said stop                                               exit 130 */
} ErrorKind;

typedef struct Error {
    ErrorKind kind;
    long os_code;  /* GetLastError() or errno, 0 where the system was not involved */
    char *message; /* owned, UTF-8; NULL while kind is EK_NONE */
    char *detail;  /* owned, UTF-8, or NULL */
    char *hint;    /* owned, UTF-8, or NULL */
    bool aside;    /* the detail is a library's raw words for what the message says: not in error_text */
} Error;

#define ERROR_INIT {EK_NONE, 0, NULL, NULL, NULL, false}

/* Fills *err, freeing what it held. Returns false, so that `return error_set(...)` reads well. err may be
 * NULL: then nothing is recorded. */
CMMS_RETURNS_FALSE bool error_set(Error *err, ErrorKind kind, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(3, 4);

/* The same, with the system's code and its text (number and words) as the detail. The kind is raised to
 * EK_SPACE, with a hint, where the code says that the disk is full. Capture the code at once: GetLastError() or
 * errno. */
CMMS_RETURNS_FALSE bool error_set_os(Error *err, ErrorKind kind, long os_code, CMMS_FORMAT const char *format, ...)
    CMMS_PRINTF(4, 5);

/* Replaces the detail or the hint of an Error that is set. Both return false. */
CMMS_RETURNS_FALSE bool error_detail(Error *err, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(2, 3);
CMMS_RETURNS_FALSE bool error_hint(Error *err, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(2, 3);

/* Puts "context: " before the message, on the way up. Returns false. */
CMMS_RETURNS_FALSE bool error_context(Error *err, CMMS_FORMAT const char *format, ...) CMMS_PRINTF(2, 3);

/* Moves *from into *to (freeing what *to held); *from is empty afterwards. Returns false. */
CMMS_RETURNS_FALSE bool error_move(Error *to, Error *from);

/* Frees the texts and empties the Error. */
void error_clear(Error *err);

/* The one text for a log or a box: "message: detail. Hint" on one line, without a detail that is set aside. Caller
 * frees. */
CMMS_NEVER_NULL char *error_text(const Error *err);

/* The exit code of the console program for a kind: the numbers above. */
int error_exit_code(ErrorKind kind);

/* A stable lower-case word for JSON: "internal", "usage", "settings", "tool", "connect", "refused",
 * "damaged", "io", "space", "busy", "not_found", "foreign", "cancelled". Static. */
CMMS_NEVER_NULL const char *error_kind_name(ErrorKind kind);

/* The system's own text for a code, without line ends, in English where it can be had. Caller frees.
 * Implemented by the platform. */
CMMS_NEVER_NULL char *os_error_text(long os_code);

/* Whether a code means "no space left" (errno ENOSPC, EDQUOT; Windows 112, 39, 1295). By the platform. */
bool os_error_is_disk_full(long os_code);
/* Whether a code means "only in the cloud, and not to be had now" (Windows 362, 388, 395, 426 and their like). By the
 * platform. */
bool os_error_is_in_cloud(long os_code);

#endif
