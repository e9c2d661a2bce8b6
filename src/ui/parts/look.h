/* look.h: what the user has chosen for the look of windows. */
#ifndef CMMS_UI_LOOK_H
#define CMMS_UI_LOOK_H

#include <windows.h>

#include <stdbool.h>

bool look_high_contrast(void);
/* A dark caption where the user wants dark windows, except in high contrast, which has colours of its own. */
void look_apply_caption(HWND window, bool contrast);

#endif
