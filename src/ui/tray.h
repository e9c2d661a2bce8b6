/*
 * tray.h: the icon beside the clock. It is put there again when the taskbar starts anew. Its events come as `message`
 * with the event in LOWORD(lParam) and the point in wParam (version 4 of the interface).
 */
#ifndef CMMS_UI_TRAY_H
#define CMMS_UI_TRAY_H

#include <windows.h>

#include <stdbool.h>

#include "tray_icon.h"

typedef struct Tray {
    HWND window;
    UINT message;
    UINT created; /* "TaskbarCreated": call tray_show again */
    bool shown;
    TrayState state;
    HICON icons[TRAY_STATES]; /* owned: made when each is first shown */
    wchar_t tip[128]; /* as much as the system shows */
} Tray;

void tray_init(Tray *tray, HWND window, UINT message);
void tray_show(Tray *tray);
void tray_hide(Tray *tray); /* also frees the icons */
void tray_set_state(Tray *tray, TrayState state);
/* What is too long loses its end. */
void tray_set_tip(Tray *tray, const char *text);
/* A notification beside the clock, which keeps quiet when the user wants quiet. A click on it comes as the event
 * NIN_BALLOONUSERCLICK. */
void tray_notify(const Tray *tray, const char *title, const char *text, bool bad);

#endif
