/*
 * desktop.c: has a window that nobody sees, until it is ended. Wine's desktop is a program (explorer.exe) that the
 * first one with a window starts, that gets its output, and that ends with the last one. So without this it would be
 * started by a test, and hold that test's pipes open for as long as others have windows: who reads them sees no end.
 */
#include <windows.h>

int main(void)
{
    MSG message;
    if (CreateWindowExW(WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE, L"STATIC", L"", WS_POPUP, 0, 0, 0, 0, NULL, NULL,
                        GetModuleHandleW(NULL), NULL) == NULL) {
        return 1;
    }
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        DispatchMessageW(&message);
    }
    return 0;
}
