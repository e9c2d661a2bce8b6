/*
 * console_win.c: wmain and the console.
 *
 * A Windows console is written to in UTF-16 (WriteConsoleW), whatever its code page; a file or a pipe gets the
 * UTF-8 bytes. The control handler runs on a thread that Windows makes; it has no context argument, so the
 * Cancel it sets is a global here, exchanged atomically. The second Ctrl+C ends the program at once. The other
 * global is the state of the thread that reads stdin to its end.
 */
#include "console.h"

#include <windows.h>

#include <wchar.h>

#include "base/mem.h"
#include "platform/session.h"
#include "platform/wide.h"

#define CONSOLE_PIECE 8192u  /* characters a call: a console refuses much more */
#define LONGEST_SECRET 1024u /* characters */
#define CLOSE_GRACE_MS 10000u /* Windows ends us after five seconds anyway */

static void *volatile interrupt_cancel;

/* Of the thread that reads stdin to its end. */
enum { INPUT_UNTOUCHED, INPUT_READING, INPUT_ENDED };
static volatile LONG input_state = INPUT_UNTOUCHED;

static HANDLE std_handle(int fd)
{
    return GetStdHandle(fd == 0 ? STD_INPUT_HANDLE : fd == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
}

bool console_is_terminal(int fd)
{
    DWORD mode;

    return GetConsoleMode(std_handle(fd), &mode) != 0;
}

bool console_enable_colour(int fd)
{
    HANDLE handle = std_handle(fd);
    DWORD mode;

    return GetConsoleMode(handle, &mode) && SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

/* Reads stdin to its end, on a thread that nobody waits for: it ends with the process. */
static DWORD WINAPI read_input(void *unused)
{
    HANDLE input = std_handle(0);
    char waste[4096];
    DWORD got = 0;

    (void)unused;
    while (ReadFile(input, waste, sizeof waste, &got, NULL) && got > 0) {
        /* thrown away */
    }
    InterlockedExchange(&input_state, INPUT_ENDED);
    return 0;
}

/* Whether a pipe has ended cannot be asked without reading from it: PeekNamedPipe takes only some kinds of
 * handles, and Wine gives programs others. */
bool console_input_ended(void)
{
    if (console_is_terminal(0))
        return false;
    if (InterlockedCompareExchange(&input_state, INPUT_READING, INPUT_UNTOUCHED) == INPUT_UNTOUCHED) {
        HANDLE thread = CreateThread(NULL, 0, read_input, NULL, 0, NULL);

        if (thread == NULL)
            return true;
        CloseHandle(thread);
    }
    return InterlockedCompareExchange(&input_state, INPUT_ENDED, INPUT_ENDED) == INPUT_ENDED;
}

unsigned console_width(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    for (int fd = 1; fd <= 2; fd++) {
        if (GetConsoleScreenBufferInfo(std_handle(fd), &info) && info.srWindow.Right > info.srWindow.Left)
            return (unsigned)(info.srWindow.Right - info.srWindow.Left) + 1;
    }
    return 80;
}

static void write_console(HANDLE console, const char *utf8)
{
    wchar_t *wide = wide_from_utf8(utf8);
    size_t len = wcslen(wide);
    size_t done = 0;

    while (done < len) {
        DWORD piece = len - done > CONSOLE_PIECE ? CONSOLE_PIECE : (DWORD)(len - done);
        DWORD part = 0;

        /* Not between the halves of a surrogate pair. */
        if (done + piece < len && piece > 1 && IS_HIGH_SURROGATE(wide[done + piece - 1]))
            piece--;
        if (!WriteConsoleW(console, wide + done, piece, &part, NULL) || part == 0)
            break;
        done += part;
    }
    mem_free(wide);
}

void console_write(int fd, const char *utf8)
{
    HANDLE handle = std_handle(fd);
    size_t len = strlen(utf8);
    size_t done = 0;

    if (console_is_terminal(fd)) {
        write_console(handle, utf8);
        return;
    }
    while (done < len) {
        DWORD piece = len - done > 65536u ? 65536u : (DWORD)(len - done);
        DWORD part = 0;

        if (!WriteFile(handle, utf8 + done, piece, &part, NULL) || part == 0)
            return;
        done += part;
    }
}

static BOOL WINAPI on_control(DWORD event)
{
    Cancel *cancel = InterlockedCompareExchangePointer(&interrupt_cancel, NULL, NULL);

    if (cancel == NULL || (cancel_requested(cancel) && (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT)))
        return FALSE;
    cancel_request(cancel);
    /* After a close, a log-off or a shutdown Windows ends the process as soon as this returns: stay until the
     * main thread has cleaned up and exited. */
    if (event == CTRL_CLOSE_EVENT || event == CTRL_LOGOFF_EVENT || event == CTRL_SHUTDOWN_EVENT)
        Sleep(CLOSE_GRACE_MS);
    return TRUE;
}

void console_cancel_on_interrupt(Cancel *cancel)
{
    InterlockedExchangePointer(&interrupt_cancel, cancel);
    SetConsoleCtrlHandler(on_control, cancel != NULL);
    if (cancel != NULL)
        session_watch(cancel); /* of a log-off and a shutdown the handler is not told */
}

bool console_ask_secret(const char *prompt, Secret *secret)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE output = INVALID_HANDLE_VALUE;
    wchar_t line[LONGEST_SECRET + 2] = {0};
    DWORD mode = 0;
    DWORD len = 0;
    bool ok = false;

    if (!GetConsoleMode(input, &mode))
        return false;
    /* The console itself: stdout may be a file. */
    output = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_EXISTING, 0, NULL);
    if (output == INVALID_HANDLE_VALUE)
        return false;
    if (!SetConsoleMode(input, ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT))
        goto out;
    write_console(output, prompt);
    /* Fails or brings nothing at Ctrl+C. */
    ok = ReadConsoleW(input, line, LONGEST_SECRET + 1, &len, NULL) && len > 0 && len <= LONGEST_SECRET;
    SetConsoleMode(input, mode);
    write_console(output, "\n");
    if (ok) {
        char *utf8 = NULL;

        while (len > 0 && (line[len - 1] == L'\r' || line[len - 1] == L'\n'))
            len--;
        line[len] = L'\0';
        ok = utf8_from_wide_strict(line, &utf8);
        if (ok)
            secret_set(secret, utf8, strlen(utf8));
        secret_free_text(utf8);
    }
out:
    secret_wipe(line, sizeof line);
    CloseHandle(output);
    return ok;
}

bool console_ask_line(const char *prompt, char **line)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE output = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, 0, NULL);
    wchar_t text[LONGEST_SECRET + 2] = {0};
    DWORD mode = 0;
    DWORD len = 0;
    bool ok = false;

    if (output == INVALID_HANDLE_VALUE)
        return false;
    if (GetConsoleMode(input, &mode)) {
        write_console(output, prompt);
        ok = ReadConsoleW(input, text, LONGEST_SECRET + 1, &len, NULL) && len > 0 && len <= LONGEST_SECRET;
    }
    CloseHandle(output);
    while (ok && len > 0 && (text[len - 1] == L'\r' || text[len - 1] == L'\n'))
        len--;
    text[len] = L'\0';
    if (ok)
        *line = utf8_from_wide(text);
    return ok;
}

int wmain(int argc, wchar_t **wide_argv); /* no header of mingw-w64 declares it */

int wmain(int argc, wchar_t **wide_argv)
{
    char **argv = mem_array((size_t)argc + 1, sizeof *argv);
    int code;

    /* Children inherit it: a tool whose DLL is missing must end, not wait in a box for somebody at 02:00. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    for (int i = 0; i < argc; i++)
        argv[i] = utf8_from_wide(wide_argv[i]);
    for (int i = 1; i < argc; i++) /* may hold a password; the block that Windows itself keeps stays */
        secret_wipe(wide_argv[i], wcslen(wide_argv[i]) * sizeof(wchar_t));
    code = cli_main(argc, argv);
    for (int i = 0; i < argc; i++)
        secret_free_text(argv[i]);
    mem_free(argv);
    return code;
}
