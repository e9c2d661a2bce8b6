/*
 * session_win.c: a hidden window, for the messages with which Windows ends a session. It is top-level, as message-only
 * windows are not told, and on a thread of its own, which ends with the process.
 */
#include "platform/session.h"

#include <windows.h>

#define WINDOW_CLASS L"CmmsBackupSession"
#define FIRST_MS 1000u  /* most runs are over by then, and a window is not for nothing */
#define GRACE_MS 10000u /* Windows ends us after five seconds anyway */

/* That the session may end is not asked of us: whoever is asked may still say no. */
static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_NCCREATE) {
        const CREATESTRUCTW *made = (const CREATESTRUCTW *)lparam;

        SetWindowLongPtrW(window, GWLP_USERDATA, (LONG_PTR)made->lpCreateParams);
    } else if (message == WM_ENDSESSION && wparam != 0) {
        cancel_request((Cancel *)GetWindowLongPtrW(window, GWLP_USERDATA));
        Sleep(GRACE_MS); /* the process may be ended when this returns */
        return 0;
    }
    return DefWindowProcW(window, message, wparam, lparam);
}

static DWORD WINAPI watch(void *cancel)
{
    const WNDCLASSW class = {
        .lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = WINDOW_CLASS};
    MSG message;

    Sleep(FIRST_MS);
    if (RegisterClassW(&class) == 0 ||
        CreateWindowExW(WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE, class.lpszClassName, L"", WS_POPUP, 0, 0, 0, 0, NULL,
                        NULL, class.hInstance, cancel) == NULL)
        return 1; /* then Windows ends us when its time is up, and the next run cleans up */
    while (GetMessageW(&message, NULL, 0, 0) > 0)
        DispatchMessageW(&message);
    return 0;
}

void session_watch(Cancel *cancel)
{
    HANDLE thread = CreateThread(NULL, 0, watch, cancel, 0, NULL);

    if (thread != NULL)
        CloseHandle(thread);
}
