/*
 * whole_text.h: what a column or a label cuts can be read whole: in a tooltip, under the mouse. (By keyboard a
 * backup's details have its status, and its folder's path.)
 */
#ifndef CMMS_UI_WHOLE_TEXT_H
#define CMMS_UI_WHOLE_TEXT_H

#include <windows.h>

/* Once for a list in report view, and for a static with SS_NOTIFY and SS_ENDELLIPSIS; what is needed for it goes with
 * the control. */
void whole_text_of_list(HWND list);
void whole_text_of_label(HWND label);

#endif
