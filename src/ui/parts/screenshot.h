/* screenshot.h: a picture of a window as a file, for the documentation and for looking. */
#ifndef CMMS_UI_SCREENSHOT_H
#define CMMS_UI_SCREENSHOT_H

#include <windows.h>

#include <stdbool.h>

#include "base/error.h"

/* By the name's end: .png (through the Windows Imaging Component) or .bmp. */
bool screenshot_save(HWND window, const char *path, Error *err);

#endif
