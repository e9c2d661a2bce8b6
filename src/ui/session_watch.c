#include "session_watch.h"

#include "base/mem.h"
#include "platform/thread.h"

struct SessionWatch {
    const wchar_t *reason;
    Cancel *cancel;
    HANDLE ready, ended; /* the window is there, or cannot be made; the run has ended */
    HWND hwnd;           /* NULL: it could not be made */
    Thread *thread;
};

static LRESULT CALLBACK window_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    const SessionWatch *watch = (const SessionWatch *)GetWindowLongPtrW(hwnd, GWLP_USERDATA);
    if (watch != NULL && message == WM_QUERYENDSESSION) {
        return TRUE;
    }
    if (watch != NULL && message == WM_ENDSESSION && wparam) {
        cancel_request(watch->cancel);
        WaitForSingleObject(watch->ended, SESSION_END_MS);
        return 0;
    }
    if (message == WM_DESTROY) {
        PostQuitMessage(0);
        return 0;
    }
    return DefWindowProcW(hwnd, message, wparam, lparam);
}

static void run(void *argument)
{
    SessionWatch *watch = argument;
    HINSTANCE instance = GetModuleHandleW(NULL);
    const WNDCLASSEXW class = {.cbSize = sizeof class,
                               .lpfnWndProc = window_proc,
                               .hInstance = instance,
                               .lpszClassName = L"" SESSION_WATCH_CLASS};
    RegisterClassExW(&class);
    watch->hwnd = CreateWindowExW(WS_EX_TOOLWINDOW, class.lpszClassName, NULL, WS_POPUP, 0, 0, 0, 0, NULL, NULL,
                                  instance, NULL);
    if (watch->hwnd != NULL) {
        SetWindowLongPtrW(watch->hwnd, GWLP_USERDATA, (LONG_PTR)watch);
        ShutdownBlockReasonCreate(watch->hwnd, watch->reason);
    }
    SetEvent(watch->ready);
    MSG message;
    while (watch->hwnd != NULL && GetMessageW(&message, NULL, 0, 0) > 0) {
        DispatchMessageW(&message);
    }
}

static HANDLE new_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (event == NULL) {
        mem_out();
    }
    return event;
}

SessionWatch *session_watch_start(const wchar_t *reason, Cancel *cancel)
{
    SessionWatch *watch = mem_alloc(sizeof *watch);
    *watch = (SessionWatch){.reason = reason, .cancel = cancel, .ready = new_event(), .ended = new_event()};
    watch->thread = thread_start(run, watch);
    WaitForSingleObject(watch->ready, INFINITE);
    return watch;
}

void session_watch_stop(SessionWatch *watch)
{
    SetEvent(watch->ended);
    if (watch->hwnd != NULL) {
        PostMessageW(watch->hwnd, WM_CLOSE, 0, 0);
    }
    thread_join(watch->thread);
    CloseHandle(watch->ended);
    CloseHandle(watch->ready);
    mem_free(watch);
}
