/* with_windows.h: whether Windows starts this program, beside the clock, when the user signs in (autostart.h). */
#ifndef CMMS_UI_WITH_WINDOWS_H
#define CMMS_UI_WITH_WINDOWS_H

#include <stdbool.h>

#include "base/error.h"

bool with_windows_is_on(void);
bool with_windows_set(bool on, Error *err); /* EK_IO: the system forbids it */

#endif
