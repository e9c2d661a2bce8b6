/* taskbar.h: the progress that the taskbar's button shows. Without a taskbar (or its COM object) all is silent. */
#ifndef CMMS_UI_TASKBAR_H
#define CMMS_UI_TASKBAR_H

#include <windows.h>

typedef struct Taskbar {
    HWND window;
    void *list; /* ITaskbarList3, once the button exists */
} Taskbar;

typedef enum TaskbarState { TASKBAR_NONE, TASKBAR_WORKING, TASKBAR_RUNNING, TASKBAR_FAILED } TaskbarState;

UINT taskbar_created_message(void);                 /* "TaskbarButtonCreated", registered */
void taskbar_on_created(Taskbar *bar, HWND window); /* call when it arrives; it may arrive again */
/* WORKING has no fraction yet; RUNNING shows it, 0..1; FAILED is red. */
void taskbar_show(const Taskbar *bar, TaskbarState state, double fraction);
void taskbar_release(Taskbar *bar);

#endif
