/*
 * cancel_win.c: a manual-reset event, so that a wait for a child or a pause ends at once. The event itself is
 * the state: there is nothing else to keep in step with it.
 */
#include "cancel.h"

#include <windows.h>

#include "mem.h"
#include "win_private.h"

struct Cancel {
    HANDLE event; /* set before start; any thread */
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
    SetEvent(cancel->event);
}

bool cancel_requested(const Cancel *cancel)
{
    return cancel != NULL && WaitForSingleObject(cancel->event, 0) == WAIT_OBJECT_0;
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
