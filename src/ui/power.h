/* power.h: keeps the PC from going to sleep while a job runs; the display may. */
#ifndef CMMS_UI_POWER_H
#define CMMS_UI_POWER_H

#include <windows.h>

#include <stdbool.h>

typedef struct Power {
    HANDLE request; /* NULL: none, or the older way is in use */
    bool held;
} Power;

/* Both on one thread. `reason` is shown by powercfg /requests. */
void power_hold(Power *power, const wchar_t *reason);
void power_release(Power *power); /* also when it is not held */

#endif
