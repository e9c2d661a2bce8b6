/*
 * cancel.h: the one way to say "stop" to a job. Any thread may request, any may ask; it cannot be taken back.
 * The platform implements it with something that can be waited for (an event, a pipe).
 */
#ifndef CMMS_CANCEL_H
#define CMMS_CANCEL_H

#include <stdbool.h>

#include "compiler.h"

typedef struct Cancel Cancel;

CMMS_NEVER_NULL Cancel *cancel_new(void);
void cancel_free(Cancel *cancel);                    /* NULL is fine */
void cancel_request(Cancel *cancel);                 /* safe in a console handler or a signal handler */
bool cancel_requested(const Cancel *cancel);         /* NULL: false */
bool cancel_wait(const Cancel *cancel, unsigned ms); /* sleeps at most ms; true as soon as requested */

#endif
