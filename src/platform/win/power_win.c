/*
 * A power request names its reason and is the process's; where it cannot be had (older systems, Wine) the thread's
 * execution state serves, which ends with the thread at the latest.
 */
#include "platform/power.h"

#include <windows.h>

#include <stdbool.h>

#include "base/mem.h"
#include "platform/wide.h"

struct Power {
    HANDLE request; /* NULL: the older way is in use */
};

Power *power_hold(const char *reason)
{
    Power *power = mem_alloc(sizeof *power);
    wchar_t *text = wide_from_utf8(reason);
    REASON_CONTEXT context = {.Version = POWER_REQUEST_CONTEXT_VERSION, .Flags = POWER_REQUEST_CONTEXT_SIMPLE_STRING};
    HANDLE request;

    context.Reason.SimpleReasonString = text;
    request = PowerCreateRequest(&context);
    if (request != INVALID_HANDLE_VALUE && request != NULL) {
        if (PowerSetRequest(request, PowerRequestSystemRequired))
            power->request = request;
        else
            CloseHandle(request);
    }
    if (power->request == NULL)
        SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED);
    mem_free(text);
    return power;
}

void power_release(Power *power)
{
    if (power == NULL)
        return;
    if (power->request != NULL) {
        PowerClearRequest(power->request, PowerRequestSystemRequired);
        CloseHandle(power->request);
    } else {
        SetThreadExecutionState(ES_CONTINUOUS);
    }
    mem_free(power);
}
