/* clipboard.h: a text for other programs. */
#ifndef CMMS_UI_CLIPBOARD_H
#define CMMS_UI_CLIPBOARD_H

#include <windows.h>

#include <stdbool.h>

#include "base/error.h"

bool clipboard_set(HWND owner, const char *utf8, Error *err);

#endif
