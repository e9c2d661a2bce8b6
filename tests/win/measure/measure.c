/*
 * measure.c: for ./dev bench. How soon is a window there, what does it hold, how quickly does it answer?
 *
 *     measure.exe start CLASS ITEMS IDLE_SECONDS PROGRAM [ARGUMENT...]
 *         Starts the program, waits for its window of that class, and, where ITEMS is not 0, until its list holds
 *         as many; then leaves it alone for a while and closes it. Prints start_ms, working_kb, and the
 *         process's id before the idle time begins ("idle PID") and "woke" after it.
 *     measure.exe answer PROGRAM [ARGUMENT...]
 *         Starts our window, makes a backup by its button, then verifies the newest; pings the window all the
 *         time. Prints for each job how many pings, the mean and the longest answer in microseconds.
 *
 * Exit code 0, or 2 with a sentence where the window did not do what was waited for.
 */
#include <windows.h>

#include <commctrl.h>
#include <psapi.h>
#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#include "base/mem.h"
#include "resource.h"

#define LIMIT_MS 300000u
#define LOOK_MS  1u
#define PING_MS  5u

typedef struct Target {
    PROCESS_INFORMATION process;
    const wchar_t *class_name;
    HWND window;
} Target;

static double now_us(void)
{
    LARGE_INTEGER ticks;
    LARGE_INTEGER frequency;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);
    return (double)ticks.QuadPart * 1e6 / (double)frequency.QuadPart;
}

static BOOL CALLBACK look_at(HWND hwnd, LPARAM data)
{
    Target *target = (Target *)data;
    DWORD process = 0;
    wchar_t name[64] = L"";
    GetWindowThreadProcessId(hwnd, &process);
    if (process == target->process.dwProcessId && IsWindowVisible(hwnd) && GetClassNameW(hwnd, name, 64) > 0 &&
        wcscmp(name, target->class_name) == 0) {
        target->window = hwnd;
        return FALSE;
    }
    return TRUE;
}

/* The rest of our own command line from its nth argument on, as it was written. */
static wchar_t *rest_of_command(int skip)
{
    const wchar_t *at = GetCommandLineW();
    for (int i = 0; i < skip; i++) {
        bool quoted = false;
        for (; *at != 0 && (quoted || *at != L' '); at++) {
            quoted = quoted != (*at == L'"');
        }
        while (*at == L' ') {
            at++;
        }
    }
    wchar_t *copy = mem_array(wcslen(at) + 1, sizeof *copy);
    wmemcpy(copy, at, wcslen(at));
    return copy;
}

static bool start(Target *target, int skip)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    wchar_t *command = rest_of_command(skip);
    const bool started = CreateProcessW(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &target->process);
    mem_free(command);
    if (!started) {
        fprintf(stderr, "the program does not start (error %lu)\n", GetLastError());
        return false;
    }
    const ULONGLONG until = GetTickCount64() + LIMIT_MS;
    while (target->window == NULL && GetTickCount64() < until) {
        EnumWindows(look_at, (LPARAM)target);
        if (target->window == NULL && WaitForSingleObject(target->process.hProcess, LOOK_MS) == WAIT_OBJECT_0) {
            fputs("the program ended\n", stderr);
            return false;
        }
    }
    if (target->window == NULL) {
        fputs("the window did not come\n", stderr);
    }
    return target->window != NULL;
}

static int finish(const Target *target)
{
    PostMessageW(target->window, WM_CLOSE, 0, 0);
    if (WaitForSingleObject(target->process.hProcess, LIMIT_MS) != WAIT_OBJECT_0) {
        fputs("the program does not end\n", stderr);
        return 2;
    }
    return 0;
}

static BOOL CALLBACK is_drawn(HWND hwnd, LPARAM data)
{
    *(bool *)data = !IsWindowVisible(hwnd) || !GetUpdateRect(hwnd, NULL, FALSE);
    return *(bool *)data;
}

static bool all_drawn(HWND window)
{
    bool drawn = true;
    if (is_drawn(window, (LPARAM)&drawn)) {
        EnumChildWindows(window, is_drawn, (LPARAM)&drawn);
    }
    return drawn;
}

static int measure_start(int argc, wchar_t **argv)
{
    if (argc < 6) {
        return 2;
    }
    Target target = {.class_name = argv[2]};
    const int items = (int)wcstol(argv[3], NULL, 10);
    const DWORD idle_ms = (DWORD)wcstol(argv[4], NULL, 10) * 1000;
    /* Wine loads its display driver when a window is first asked for; that is not the other program's time. */
    HWND own = CreateWindowExW(0, L"STATIC", L"", WS_POPUP, 0, 0, 1, 1, NULL, NULL, NULL, NULL);
    const double begin = now_us();
    if (!start(&target, 5)) {
        return 2;
    }
    HWND list = GetDlgItem(target.window, IDC_LIST);
    const ULONGLONG until = GetTickCount64() + LIMIT_MS;
    while (items > 0 && SendMessageW(list, LVM_GETITEMCOUNT, 0, 0) < items && GetTickCount64() < until) {
        Sleep(LOOK_MS);
    }
    /* A message that is sent overtakes the painting, so that is waited for by itself. */
    while (!all_drawn(target.window) && GetTickCount64() < until) {
        Sleep(LOOK_MS);
    }
    const double shown = now_us();
    printf("start_ms=%.1f\nidle %lu\n", (shown - begin) / 1000, target.process.dwProcessId);
    fflush(stdout);
    Sleep(idle_ms); /* the idle time is what is measured */
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    GetProcessMemoryInfo(target.process.hProcess, &memory, sizeof memory);
    printf("woke\nworking_kb=%llu\n", (unsigned long long)memory.WorkingSetSize / 1024);
    DestroyWindow(own);
    return finish(&target);
}

static bool wait_button(const Target *target, int id, bool enabled)
{
    const ULONGLONG until = GetTickCount64() + LIMIT_MS;
    while (GetTickCount64() < until && IsWindow(target->window)) {
        if ((IsWindowEnabled(GetDlgItem(target->window, id)) != 0) == enabled) {
            return true;
        }
        Sleep(LOOK_MS);
    }
    fprintf(stderr, "control %d does not become %s\n", id, enabled ? "enabled" : "disabled");
    return false;
}

/* Presses a button and pings until the job that it began has ended. */
static bool measure_job(const Target *target, int id, const char *name)
{
    if (!wait_button(target, id, true)) {
        return false;
    }
    PostMessageW(GetDlgItem(target->window, id), BM_CLICK, 0, 0);
    double longest = 0;
    double sum = 0;
    unsigned count = 0;
    bool ran = false;
    const ULONGLONG until = GetTickCount64() + LIMIT_MS;
    while (GetTickCount64() < until) {
        const double begin = now_us();
        if (!SendMessageTimeoutW(target->window, WM_NULL, 0, 0, SMTO_NORMAL, 10000, NULL)) {
            fputs("the window did not answer for ten seconds\n", stderr);
            return false;
        }
        const double took = now_us() - begin;
        longest = took > longest ? took : longest;
        sum += took;
        count++;
        const bool runs = IsWindowEnabled(GetDlgItem(target->window, IDC_CANCEL_JOB));
        ran = ran || runs;
        if (ran && !runs) {
            printf("%s pings=%u mean_us=%.0f longest_us=%.0f\n", name, count, sum / count, longest);
            return true;
        }
        Sleep(PING_MS);
    }
    fputs("the job does not end\n", stderr);
    return false;
}

static int measure_answer(void)
{
    Target target = {.class_name = L"" MAIN_WINDOW_CLASS};
    if (!start(&target, 2)) {
        return 2;
    }
    bool good = measure_job(&target, IDC_CREATE, "backup");
    if (good) {
        HWND list = GetDlgItem(target.window, IDC_LIST);
        PostMessageW(list, WM_KEYDOWN, VK_HOME, 0);
        PostMessageW(list, WM_KEYDOWN, VK_SPACE, 0);
        good = measure_job(&target, IDC_VERIFY, "verify");
    }
    const int code = finish(&target);
    return good ? code : 2;
}

int wmain(int argc, wchar_t **argv); /* the entry of -municode; no header has it */

int wmain(int argc, wchar_t **argv)
{
    int code = 2;
    if (argc > 1 && wcscmp(argv[1], L"start") == 0) {
        code = measure_start(argc, argv);
    } else if (argc > 2 && wcscmp(argv[1], L"answer") == 0) {
        code = measure_answer();
    }
    return code;
}
