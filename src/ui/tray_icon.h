/*
 * tray_icon.h: how the icon beside the clock says how things stand: four signs, each of a shape of its own, so that
 * they are told apart without their colours too. Portable: numbers in, pixels out.
 */
#ifndef CMMS_UI_TRAY_ICON_H
#define CMMS_UI_TRAY_ICON_H

#include <stdbool.h>
#include <stdint.h>

#include "store/health.h"

typedef enum TrayState {
    TRAY_PROTECTED, /* a green disc with a tick */
    TRAY_WORKING,   /* a blue ring around a dot */
    TRAY_ATTENTION, /* an amber triangle with a stroke and a point */
    TRAY_FAILED     /* a red square with a cross */
} TrayState;

#define TRAY_STATES (TRAY_FAILED + 1)

/* `works`: a job runs, or it is not known yet how things stand; `failed`: the last backup did, or the folder cannot be
 * read. */
TrayState tray_icon_state(bool works, bool failed, HealthState health);
/* size * size pixels, the upper left one first, 0xAARRGGBB; the colour is not multiplied with the opacity. */
void tray_icon_draw(TrayState state, int size, uint32_t *pixels);

#endif
