/*
 * sign_label.h: a static label whose text may begin with a sign (an emoji). The control stays an ordinary one,
 * with its whole text for screen readers; only the drawing is ours, so that the sign comes out whatever the
 * system's font fallback does.
 */
#ifndef CMMS_UI_SIGN_LABEL_H
#define CMMS_UI_SIGN_LABEL_H

#include <windows.h>

void sign_label_init(HWND label);

#endif
