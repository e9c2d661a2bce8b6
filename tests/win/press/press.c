/*
 * press.c: for ./dev run. Waits until the window offers "Create Backup Now", presses it as a mouse would, waits
 * for the backup's end and prints what the window's log says.
 *
 *   press.exe PROCESS_SECONDS
 *
 * Exit code 0 when the log tells of success, 1 when not, 2 when the window did not come or did not get ready.
 */
#include <windows.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "resource.h"

#define LOOK_MS 50u

typedef struct Search {
    HWND window;
    HWND box; /* a box that the program put up: something is wrong, and nobody is there to answer */
} Search;

static BOOL CALLBACK look_at(HWND hwnd, LPARAM data)
{
    Search *search = (Search *)data;
    wchar_t name[64] = L"";
    if (IsWindowVisible(hwnd) && GetClassNameW(hwnd, name, 64) > 0) {
        if (wcscmp(name, L"" MAIN_WINDOW_CLASS) == 0) {
            search->window = hwnd;
        } else if (wcscmp(name, L"#32770") == 0) {
            search->box = hwnd;
        }
    }
    return TRUE;
}

/* Waits until the button is (or is not) enabled; false when the time is up or the window went. */
static bool wait_button(Search *search, bool enabled, ULONGLONG until)
{
    while (GetTickCount64() < until) {
        EnumWindows(look_at, (LPARAM)search);
        if (search->box != NULL || (search->window != NULL && !IsWindow(search->window))) {
            return false;
        }
        if (search->window != NULL && (IsWindowEnabled(GetDlgItem(search->window, IDC_CREATE)) != 0) == enabled) {
            return true;
        }
        Sleep(LOOK_MS);
    }
    return false;
}

static char *log_text(HWND window)
{
    HWND log = GetDlgItem(window, IDC_LOG);
    size_t length = (size_t)SendMessageW(log, WM_GETTEXTLENGTH, 0, 0);
    wchar_t *wide = mem_array(length + 1, sizeof *wide);
    SendMessageW(log, WM_GETTEXT, length + 1, (LPARAM)wide);
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    return text;
}

int main(int argc, char **argv)
{
    ULONGLONG seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
    ULONGLONG until = GetTickCount64() + seconds * 1000;
    Search search = {NULL, NULL};
    if (!wait_button(&search, true, until)) {
        fprintf(stderr, "the window did not get ready%s\n", search.box != NULL ? ": it shows a box" : " in time");
        return 2;
    }
    PostMessageW(GetDlgItem(search.window, IDC_CREATE), BM_CLICK, 0, 0);
    /* The button is off while the job runs. */
    bool ran = wait_button(&search, false, until) && wait_button(&search, true, until);
    char *text = log_text(search.window);
    for (const char *c = text; *c; c++) {
        if (*c != '\r') {
            putchar(*c);
        } else if (c[1] != '\n') {
            putchar('\n');
        }
    }
    putchar('\n');
    bool good = ran && strstr(text, "Backup successful!") != NULL;
    mem_free(text);
    return good ? 0 : 1;
}
