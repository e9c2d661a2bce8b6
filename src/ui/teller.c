#include "teller.h"

#include <shellapi.h>

#include "base/mem.h"
#include "main_window.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "platform/wide.h"
#include "resource.h"
#include "schedule/aloud.h"
#include "texts.h"
#include "tray.h"

#define COMMAND_MAX 32766u /* characters, by CreateProcessW */

typedef BOOL(WINAPI *WatchSessionFn)(HWND window, DWORD flags);

typedef struct Teller {
    HWND hwnd;
    const AppOptions *options; /* borrowed */
    Tray tray;
    Aloud aloud;
} Teller;

/* --- other processes --------------------------------------------------------------------------------------- */

/* This program once more, with the same folder. Out of the job that Task Scheduler runs a task in, where that is
 * allowed: what ends the task is not to end the icon. And not with a task's priority (7 is below normal), which a
 * child has from its parent unless it is said otherwise: what is done in the window is somebody's wish. */
static void launch(const AppOptions *options, const char *word)
{
    static const DWORD flags[] = {NORMAL_PRIORITY_CLASS | CREATE_BREAKAWAY_FROM_JOB, NORMAL_PRIORITY_CLASS};
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process = {.hProcess = NULL};
    char *program = machine_program_path();
    StrBuf command;
    strbuf_init(&command, COMMAND_MAX);
    process_quote(&command, program);
    if (word != NULL) {
        strbuf_addf(&command, " %s", word);
    }
    if (options->folder != NULL) {
        strbuf_addstr(&command, " --folder ");
        process_quote(&command, options->folder);
    }
    wchar_t *path = wide_from_utf8(program), *line = wide_from_utf8(command.buf);
    bool started = false;
    for (size_t i = 0; i < sizeof flags / sizeof *flags && !started; i++) {
        started = CreateProcessW(path, line, NULL, NULL, FALSE, flags[i], NULL, NULL, &startup, &process) != 0;
    }
    if (started) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    mem_free(line);
    mem_free(path);
    strbuf_release(&command);
    mem_free(program);
}

void teller_start(const AppOptions *options)
{
    launch(options, "--tell");
}

static HWND find_other(const wchar_t *key)
{
    HWND found = NULL;
    do {
        found = FindWindowExW(NULL, found, L"" TELLER_CLASS, NULL);
    } while (found != NULL && GetPropW(found, key) == NULL);
    return found;
}

bool teller_again(const wchar_t *key)
{
    HWND other = find_other(key);
    return other != NULL && PostMessageW(other, WM_TELLER_AGAIN, 0, 0) != 0;
}

void teller_end(const wchar_t *key)
{
    HWND other = find_other(key);
    if (other != NULL) {
        PostMessageW(other, WM_CLOSE, 0, 0);
    }
}

/* --- the icon ---------------------------------------------------------------------------------------------- */

static TrayState sign_of(NoticeKind kind)
{
    const bool warns = kind == NOTICE_MISSED || kind == NOTICE_SIGN_IN || kind == NOTICE_SILENT ||
                       kind == NOTICE_DONE; /* which is told of what is not verified alone */
    return warns ? TRAY_ATTENTION : TRAY_FAILED;
}

static void notify(const Teller *teller)
{
    tray_notify(&teller->tray, notice_title(teller->aloud.kind), teller->aloud.text, true);
}

static void show(Teller *teller)
{
    aloud_read(&teller->aloud);
    if (teller->aloud.kind == NOTICE_NONE) { /* somebody has taken the file away */
        DestroyWindow(teller->hwnd);
        return;
    }
    char *tip = mem_printf(TEXT_TELLER_TIP, notice_title(teller->aloud.kind), teller->aloud.text);
    tray_set_state(&teller->tray, sign_of(teller->aloud.kind));
    tray_set_tip(&teller->tray, tip);
    mem_free(tip);
    if (!teller->tray.shown) {
        tray_show(&teller->tray);
    }
    notify(teller);
    SetTimer(teller->hwnd, TIMER_TELLER_END, TELLER_STAYS_MS, NULL);
}

static void open_window(const Teller *teller)
{
    launch(teller->options, NULL);
    DestroyWindow(teller->hwnd);
}

static void ask_by_menu(const Teller *teller, int x, int y)
{
    HMENU menu = CreatePopupMenu();
    AppendMenuW(menu, MF_STRING, IDM_TRAY_OPEN, L"" TEXT_TELLER_OPEN);
    AppendMenuW(menu, MF_STRING, IDM_EXIT, L"" TEXT_TELLER_LEAVE);
    SetMenuDefaultItem(menu, IDM_TRAY_OPEN, FALSE);
    SetForegroundWindow(teller->hwnd); /* else the menu would not close when the user clicks elsewhere */
    const UINT chosen = (UINT)TrackPopupMenu(menu, TPM_RIGHTBUTTON | TPM_RETURNCMD, x, y, 0, teller->hwnd, NULL);
    DestroyMenu(menu);
    if (chosen == IDM_TRAY_OPEN) {
        open_window(teller);
    } else if (chosen == IDM_EXIT) {
        DestroyWindow(teller->hwnd);
    }
}

static void on_tray(const Teller *teller, UINT event, int x, int y)
{
    if (event == NIN_SELECT || event == NIN_KEYSELECT || event == NIN_BALLOONUSERCLICK) {
        open_window(teller);
    } else if (event == WM_CONTEXTMENU) {
        ask_by_menu(teller, x, y);
    }
}

static LRESULT CALLBACK window_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    Teller *teller = (Teller *)GetWindowLongPtrW(hwnd, GWLP_USERDATA);
    if (teller == NULL) {
        return DefWindowProcW(hwnd, message, wparam, lparam);
    }
    if (message == teller->tray.created) {
        const bool first = !teller->tray.shown; /* there was none when the run ended: right after the sign-in */
        tray_show(&teller->tray);
        if (first) {
            notify(teller);
        }
        return 0;
    }
    switch (message) {
    case WM_TELLER_TRAY:
        on_tray(teller, LOWORD(lparam), (short)LOWORD(wparam), (short)HIWORD(wparam));
        return 0;
    case WM_TELLER_AGAIN:
        show(teller);
        return 0;
    case WM_WTSSESSION_CHANGE: /* who comes back to a PC that was locked has not seen it */
        if (wparam == WTS_SESSION_UNLOCK) {
            notify(teller);
        }
        return 0;
    case WM_TIMER: /* there is but one */
        DestroyWindow(hwnd);
        return 0;
    case WM_DESTROY:
        tray_hide(&teller->tray);
        PostQuitMessage(0);
        return 0;
    default:
        return DefWindowProcW(hwnd, message, wparam, lparam);
    }
}

/* Its DLL is not linked: each start of the program would wait for it. It stays loaded. */
static void watch_session(HWND hwnd)
{
    HMODULE library = LoadLibraryExW(L"wtsapi32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    const WatchSessionFn watch =
        library == NULL ? NULL
                        : (WatchSessionFn)(void (*)(void))GetProcAddress(library, "WTSRegisterSessionNotification");
    if (watch != NULL) {
        watch(hwnd, 0 /* NOTIFY_FOR_THIS_SESSION */);
    }
}

int teller_main(const AppOptions *options, const wchar_t *key)
{
    if (main_window_tell_other(key)) {
        return 0;
    }
    HINSTANCE instance = GetModuleHandleW(NULL);
    Teller teller = {.options = options};
    const WNDCLASSEXW class = {.cbSize = sizeof class,
                               .lpfnWndProc = window_proc,
                               .hInstance = instance,
                               .hIcon = LoadIconW(instance, MAKEINTRESOURCEW(IDI_APP)),
                               .lpszClassName = L"" TELLER_CLASS};
    aloud_init(&teller.aloud);
    RegisterClassExW(&class);
    /* Never shown; not one for messages alone, which would not hear of a new taskbar. */
    teller.hwnd = CreateWindowExW(WS_EX_TOOLWINDOW, class.lpszClassName, L"" TEXT_TRAY_TIP, WS_POPUP, 0, 0, 0, 0, NULL,
                                  NULL, instance, NULL);
    if (teller.hwnd == NULL) {
        return error_exit_code(EK_INTERNAL);
    }
    tray_init(&teller.tray, teller.hwnd, WM_TELLER_TRAY);
    SetWindowLongPtrW(teller.hwnd, GWLP_USERDATA, (LONG_PTR)&teller);
    SetPropW(teller.hwnd, key, (HANDLE)1);
    watch_session(teller.hwnd);
    show(&teller);
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
    aloud_release(&teller.aloud);
    return 0;
}
