/*
 * session_watch.h: the end of the user's session, for a run that has no window. Windows ends such a program after some
 * seconds, whatever it answers, so the end is never put off: told to end, the run is cancelled, and has those seconds
 * to end its tools and to take away what is unfinished. The slot is due again, and made at the next sign-in.
 *
 * A window that is never shown, on a thread of its own: only those at the top are asked.
 */
#ifndef CMMS_UI_SESSION_WATCH_H
#define CMMS_UI_SESSION_WATCH_H

#include <windows.h>

#include "platform/cancel.h"

#define SESSION_WATCH_CLASS "CmmsBackupRun"
#define SESSION_END_MS 4000 /* Windows gives five seconds */

typedef struct SessionWatch SessionWatch;

/* `cancel` is borrowed until session_watch_stop. `reason` is what Windows may show meanwhile; static. */
SessionWatch *session_watch_start(const wchar_t *reason, Cancel *cancel);
/* The run has ended. Waits for the thread, and frees. */
void session_watch_stop(SessionWatch *watch);

#endif
