/*
 * session.h: the end of the user's session (sign-out, restart). On Windows a program that has loaded user32.dll, as
 * ours have through their libraries, is told of it by messages to a window alone (SetConsoleCtrlHandler's
 * documentation, "Remarks"). Elsewhere this does nothing: there SIGTERM and SIGHUP serve (console.h). Implemented by
 * the platform.
 */
#ifndef CMMS_SESSION_H
#define CMMS_SESSION_H

#include "platform/cancel.h"

/* For a program without a window: the end of the session requests `cancel`, and the system waits some seconds for the
 * process's own end. Once in a process; `cancel` stays for as long as that does. What ends within a second is not
 * watched. */
void session_watch(Cancel *cancel);

#endif
