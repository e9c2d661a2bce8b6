#include "platform/power.h"

#include <stddef.h>

Power *power_hold(const char *reason)
{
    (void)reason;
    return NULL;
}

void power_release(Power *power)
{
    (void)power;
}
