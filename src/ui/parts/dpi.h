/*
 * dpi.h: sizes and fonts for the monitor that a window is on.
 *
 * The calls that know of monitors came with Windows 10 1607; before it, and where they lack, the system's one
 * DPI is the answer.
 */
#ifndef CMMS_UI_DPI_H
#define CMMS_UI_DPI_H

#include <windows.h>

UINT dpi_of_window(HWND window);
/* The message font at a DPI, its height times percent/100, weight FW_NORMAL or heavier. Caller: DeleteObject. */
HFONT dpi_message_font(UINT dpi, int percent, LONG weight);
/* Adds the frame of a window of this style to a client size. */
void dpi_adjust_rect(RECT *rect, HWND window, UINT dpi);
/* Tells the dialog manager to leave rescaling to us: layout.h does it from the dialog units. */
void dpi_own_rescaling(HWND dialog);

#endif
