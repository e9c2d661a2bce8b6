/*
 * cancel_win.c: a manual-reset event, so that a wait for a child or a pause ends at once. The flag beside it answers
 * cancel_requested without a call of the system, which readers of large files ask thousands of times.
 */
#include "platform/cancel.h"

#include <windows.h>

#include "base/mem.h"
#include "win_private.h"

struct Cancel {
    HANDLE event;            /* set before start; any thread */
    volatile LONG requested; /* any thread; before the event */
};

Cancel *cancel_new(void)
{
    Cancel *cancel = mem_alloc(sizeof *cancel);

    cancel->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (cancel->event == NULL)
        mem_out();
    return cancel;
}

void cancel_free(Cancel *cancel)
{
    if (cancel == NULL)
        return;
    CloseHandle(cancel->event);
    mem_free(cancel);
}

void cancel_request(Cancel *cancel)
{
    InterlockedExchange(&cancel->requested, 1);
    SetEvent(cancel->event);
}

bool cancel_requested(const Cancel *cancel)
{
    return cancel != NULL && InterlockedOr((volatile LONG *)&cancel->requested, 0) != 0;
}

bool cancel_wait(const Cancel *cancel, unsigned ms)
{
    if (cancel == NULL) {
        Sleep(ms);
        return false;
    }
    return WaitForSingleObject(cancel->event, ms) == WAIT_OBJECT_0;
}

void *cancel_event(const Cancel *cancel)
{
    return cancel == NULL ? NULL : cancel->event;
}
