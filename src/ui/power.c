/*
 * A power request names its reason and is the process's; where it cannot be had (older systems, Wine) the thread's
 * execution state serves, which ends with the thread at the latest.
 */
#include "power.h"

void power_hold(Power *power, const wchar_t *reason)
{
    if (power->held) {
        return;
    }
    power->held = true;
    wchar_t text[128];
    swprintf(text, sizeof text / sizeof *text, L"%ls", reason);
    REASON_CONTEXT context = {.Version = POWER_REQUEST_CONTEXT_VERSION, .Flags = POWER_REQUEST_CONTEXT_SIMPLE_STRING};
    context.Reason.SimpleReasonString = text;
    HANDLE request = PowerCreateRequest(&context);
    if (request != INVALID_HANDLE_VALUE && request != NULL) {
        if (PowerSetRequest(request, PowerRequestSystemRequired)) {
            power->request = request;
            return;
        }
        CloseHandle(request);
    }
    SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED);
}

void power_release(Power *power)
{
    if (!power->held) {
        return;
    }
    power->held = false;
    if (power->request != NULL) {
        PowerClearRequest(power->request, PowerRequestSystemRequired);
        CloseHandle(power->request);
        power->request = NULL;
    } else {
        SetThreadExecutionState(ES_CONTINUOUS);
    }
}
