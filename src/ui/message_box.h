/*
 * message_box.h: what is said in a box of its own: errors, and the question before a running backup is given
 * up. Boxes run a message loop: the caller's state may have changed when they return.
 */
#ifndef CMMS_UI_MESSAGE_BOX_H
#define CMMS_UI_MESSAGE_BOX_H

#include <windows.h>

#include <stdbool.h>

#include "error.h"

/* What happened, what to do about it, and, folded away, what the system said. owner may be NULL. */
void message_box_error(HWND owner, const Error *error);
void message_box_info(HWND owner, const char *instruction, const char *content);
/* "A backup is being made": true when it shall be stopped and the window closed. */
bool message_box_stop_and_close(HWND owner);

#endif
