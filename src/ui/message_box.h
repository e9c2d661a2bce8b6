/*
 * message_box.h: what is said in a box of its own: errors, and the questions before something is given up.
 * Boxes run a message loop: the caller's state may have changed when they return.
 */
#ifndef CMMS_UI_MESSAGE_BOX_H
#define CMMS_UI_MESSAGE_BOX_H

#include <windows.h>

#include <stdbool.h>

#include "base/error.h"

/* What happened, what to do about it, and, folded away, what the system said. owner may be NULL. */
void message_box_error(HWND owner, const Error *error);
void message_box_info(HWND owner, const char *instruction, const char *content);
/* "A backup is being made": true when it shall be stopped and the window closed. */
bool message_box_stop_and_close(HWND owner, const char *instruction, const char *content);
/* A question with two answers of its own; true for the first. The second is the default. */
bool message_box_ask(HWND owner, const char *instruction, const char *content, const wchar_t *yes, const wchar_t *no);

#endif
