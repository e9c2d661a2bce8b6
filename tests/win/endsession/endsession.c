/*
 * endsession.c: starts a program and, as soon as a file is there, tells its hidden window that the session ends, as
 * Windows does when its user signs out.
 *
 *   endsession.exe FILE CLASS PROGRAM [ARGUMENT]...      (no argument holds a quote or ends with a backslash)
 *
 * Exit code: that of the program; 90 when it could not be started, 91 when it has no such window, for which it has some
 * seconds, 92 when the window would not let the session end.
 */
#include <windows.h>

#include <stdbool.h>
#include <wchar.h>

#define LOOK_MS 10u
#define ANSWER_MS 20000u

typedef struct Search {
    DWORD process;
    const wchar_t *class_name;
    HWND window;
} Search;

static BOOL CALLBACK look_at(HWND hwnd, LPARAM data)
{
    Search *search = (Search *)data;
    DWORD process = 0;
    wchar_t name[64] = L"";
    GetWindowThreadProcessId(hwnd, &process);
    GetClassNameW(hwnd, name, 64);
    if (process == search->process && wcscmp(name, search->class_name) == 0) {
        search->window = hwnd;
    }
    return TRUE;
}

int wmain(int argc, wchar_t **argv); /* no header of mingw-w64 declares it */

int wmain(int argc, wchar_t **argv)
{
    wchar_t line[8192] = L"";
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION program;
    DWORD code = 90;
    bool told = false;
    ULONGLONG since = 0; /* the file was there; 0: not yet */
    for (int i = 3; i < argc; i++) {
        const size_t used = wcslen(line);
        swprintf(line + used, sizeof line / sizeof line[0] - used, L"%ls\"%ls\"", i > 3 ? L" " : L"", argv[i]);
    }
    if (argc < 4 || !CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &program)) {
        return 90;
    }
    while (WaitForSingleObject(program.hProcess, LOOK_MS) == WAIT_TIMEOUT) {
        if (told || GetFileAttributesW(argv[1]) == INVALID_FILE_ATTRIBUTES) {
            continue;
        }
        since = since == 0 ? GetTickCount64() : since;
        Search search = {program.dwProcessId, argv[2], NULL};
        DWORD_PTR may = 0;
        EnumWindows(look_at, (LPARAM)&search);
        if (search.window == NULL && GetTickCount64() - since < ANSWER_MS) {
            continue;
        }
        if (search.window == NULL) {
            TerminateProcess(program.hProcess, 91);
        } else if (SendMessageTimeoutW(search.window, WM_QUERYENDSESSION, 0, (LPARAM)ENDSESSION_LOGOFF, SMTO_NORMAL,
                                       ANSWER_MS, &may) == 0 || may == 0) {
            TerminateProcess(program.hProcess, 92);
        } else {
            SendNotifyMessageW(search.window, WM_ENDSESSION, TRUE, (LPARAM)ENDSESSION_LOGOFF);
        }
        told = true;
    }
    GetExitCodeProcess(program.hProcess, &code);
    return (int)code;
}
