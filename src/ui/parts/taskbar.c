#define COBJMACROS
#include "taskbar.h"

#include <initguid.h>
#include <shobjidl.h>

UINT taskbar_created_message(void)
{
    return RegisterWindowMessageW(L"TaskbarButtonCreated");
}

void taskbar_on_created(Taskbar *bar, HWND window)
{
    taskbar_release(bar);
    ITaskbarList3 *list = NULL;
    HRESULT hr = CoCreateInstance(&CLSID_TaskbarList, NULL, CLSCTX_INPROC_SERVER, &IID_ITaskbarList3, (void **)&list);
    if (FAILED(hr)) {
        return;
    }
    if (FAILED(ITaskbarList3_HrInit(list))) {
        ITaskbarList3_Release(list);
        return;
    }
    bar->window = window;
    bar->list = list;
}

void taskbar_show(const Taskbar *bar, TaskbarState state, double fraction)
{
    ITaskbarList3 *list = bar->list;
    if (list == NULL) {
        return;
    }
    static const TBPFLAG flags[] = {TBPF_NOPROGRESS, TBPF_INDETERMINATE, TBPF_NORMAL, TBPF_ERROR};
    if (state == TASKBAR_RUNNING || state == TASKBAR_FAILED) {
        double value = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
        ITaskbarList3_SetProgressValue(list, bar->window, (ULONGLONG)(value * 1000), 1000);
    }
    ITaskbarList3_SetProgressState(list, bar->window, flags[state]);
}

void taskbar_release(Taskbar *bar)
{
    ITaskbarList3 *list = bar->list;
    if (list != NULL) {
        ITaskbarList3_Release(list);
        bar->list = NULL;
    }
}
