/* power.h: keeps the PC from going to sleep while a job runs; the display may. Elsewhere than on Windows it does
 * nothing: there the system's own means serve (systemd-inhibit). Implemented by the platform. */
#ifndef CMMS_POWER_H
#define CMMS_POWER_H

typedef struct Power Power;

/* Both on one thread. `reason` is shown by powercfg /requests. */
Power *power_hold(const char *reason);
void power_release(Power *power); /* NULL: nothing is held */

#endif
