/*
 * autostart.h: a program that starts when this user signs in: a value under HKCU\Software\Microsoft\Windows\
 * CurrentVersion\Run on Windows, which needs no rights and which Settings, Apps, Startup shows. On POSIX a file in the
 * user's own folder stands in its place, for the tests; nothing reads it. Implemented by the platform.
 */
#ifndef CMMS_AUTOSTART_H
#define CMMS_AUTOSTART_H

#include <stdbool.h>

#include "base/error.h"
#include "compiler.h"

/* The command line of that name; NULL: there is none. Caller frees. */
CMMS_MAY_BE_NULL char *autostart_look(const char *name);
/* NULL: no longer. That there was none is no error. EK_IO: the system forbids it. */
bool autostart_set(const char *name, const char *command, Error *err);

#endif
