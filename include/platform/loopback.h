/*
 * loopback.h: a port of this computer at which its own browser comes back from a sign-in. Implemented by the platform.
 */
#ifndef CMMS_LOOPBACK_H
#define CMMS_LOOPBACK_H

#include <stdbool.h>

#include "base/error.h"
#include "compiler.h"
#include "platform/cancel.h"

typedef struct Loopback Loopback;

/* Listens on 127.0.0.1 at a port that the system chooses. */
CMMS_WHEN_TRUE bool loopback_open(CMMS_OUT Loopback **out, CMMS_OUT unsigned *port, Error *err);
void loopback_close(Loopback *loopback); /* NULL is fine */

/* What `on_request` makes of a request: its page is the answer (HTML, static); done ends the waiting. */
typedef struct LoopbackAnswer {
    const char *page;
    bool done;
} LoopbackAnswer;

/* Answers GET requests until on_request is done. `target` is "/?code=…", at most 8 KB. EK_CONNECT after `seconds`
 * without the one that is waited for, EK_CANCELLED. */
bool loopback_serve(Loopback *loopback, unsigned seconds,
                    LoopbackAnswer (*on_request)(void *context, const char *target), void *context,
                    const Cancel *cancel, Error *err);

/* Shows an https address (or one of http to this computer) in the user's browser; false where there is none. */
bool loopback_browse(const char *url);

#endif
