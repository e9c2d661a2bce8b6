/*
 * ui_test.c: drives the real window from another process, by messages, as a person would by mouse and keyboard.
 *
 *   ui_test.exe SCENARIO APP.exe ARGS...
 *
 * Scenarios: `backup` (a database is reached: back up, cancel, close in the middle), `session` (Windows ends during a
 * backup), `plain` (no database is configured), `failure` (one is configured that cannot be reached), `many` (a long
 * list), `usage` (the command line is wrong), `folder` (the backup folder cannot be used). Each prints lines "ok NAME"
 * or "not ok NAME: why" and, at the end, how long the window took at most to answer an empty message.
 *
 * Nothing is timed: every wait is for a condition, looked at every few milliseconds, with a bound that only a
 * broken program reaches.
 */
#include <windows.h>

#include <commctrl.h>
#include <richedit.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../src/platform/win/utf_win.h"
#include "fs.h"
#include "mem.h"
#include "resource.h"

#define LONG_MS   300000u /* for what a server or a tool does */
#define SHORT_MS  30000u  /* for what the window alone does */
#define ANSWER_MS 20000u
#define LOOK_MS   10u

#ifndef TDM_CLICK_BUTTON
#define TDM_CLICK_BUTTON (WM_USER + 102)
#endif

typedef struct Ui {
    PROCESS_INFORMATION process;
    HWND window;
    char *folder; /* --folder of the arguments */
    wchar_t *command;
    DWORD longest_ms; /* the slowest answer */
    unsigned failures;
} Ui;

/* --- results ------------------------------------------------------------------------------------------- */

static bool ok(Ui *ui, bool passed, const char *name, const char *why)
{
    if (passed) {
        printf("ok %s\n", name);
    } else {
        printf("not ok %s: %s\n", name, why);
        ui->failures++;
    }
    fflush(stdout);
    return passed;
}

/* --- reading and acting -------------------------------------------------------------------------------- */

static HWND item(const Ui *ui, int id)
{
    return GetDlgItem(ui->window, id);
}

static LRESULT ask(const Ui *ui, HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)ui;
    DWORD_PTR result = 0;
    SendMessageTimeoutW(hwnd, message, wparam, lparam, SMTO_NORMAL, ANSWER_MS, &result);
    return (LRESULT)result;
}

/* UTF-8; caller frees. */
static char *text_of(const Ui *ui, HWND hwnd)
{
    LRESULT length = ask(ui, hwnd, WM_GETTEXTLENGTH, 0, 0);
    size_t size = (size_t)(length < 0 ? 0 : length) + 16;
    wchar_t *wide = mem_array(size, sizeof *wide);
    ask(ui, hwnd, WM_GETTEXT, (WPARAM)size, (LPARAM)wide);
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    return text;
}

static bool has_text(const Ui *ui, int id, const char *part)
{
    char *text = text_of(ui, item(ui, id));
    bool found = strstr(text, part) != NULL;
    mem_free(text);
    return found;
}

static unsigned count_in_log(const Ui *ui, const char *part)
{
    char *text = text_of(ui, item(ui, IDC_LOG));
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    mem_free(text);
    return count;
}

static int rows(const Ui *ui)
{
    return (int)ask(ui, item(ui, IDC_LIST), LVM_GETITEMCOUNT, 0, 0);
}

/* A cell's text, read through memory in the other process. UTF-8; caller frees. */
static char *cell(const Ui *ui, int row, int column)
{
    enum { UNITS = 512 };
    wchar_t text[UNITS] = L"";
    size_t size = sizeof(LVITEMW) + sizeof text;
    HANDLE process = ui->process.hProcess;
    unsigned char *there = VirtualAllocEx(process, NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (there != NULL) {
        LVITEMW wanted = {.iSubItem = column, .cchTextMax = UNITS, .pszText = (wchar_t *)(there + sizeof(LVITEMW))};
        SIZE_T done;
        WriteProcessMemory(process, there, &wanted, sizeof wanted, &done);
        ask(ui, item(ui, IDC_LIST), LVM_GETITEMTEXTW, (WPARAM)row, (LPARAM)there);
        ReadProcessMemory(process, there + sizeof(LVITEMW), text, sizeof text, &done);
        VirtualFreeEx(process, there, 0, MEM_RELEASE);
    }
    text[UNITS - 1] = 0;
    return utf8_from_wide(text);
}

static bool cell_is(const Ui *ui, int row, int column, const char *wanted)
{
    char *text = cell(ui, row, column);
    bool same = strcmp(text, wanted) == 0;
    if (!same) {
        printf("# row %d, column %d is \"%s\"\n", row, column, text);
    }
    mem_free(text);
    return same;
}

static void click(const Ui *ui, int id)
{
    PostMessageW(item(ui, id), BM_CLICK, 0, 0);
}

static HWND focus(const Ui *ui)
{
    GUITHREADINFO info = {.cbSize = sizeof info};
    return GetGUIThreadInfo(GetWindowThreadProcessId(ui->window, NULL), &info) ? info.hwndFocus : NULL;
}

/* To the control that has the focus, as the keyboard's messages go. */
static void press(const Ui *ui, WPARAM key)
{
    HWND target = focus(ui);
    PostMessageW(target != NULL ? target : ui->window, WM_KEYDOWN, key, 1);
    PostMessageW(target != NULL ? target : ui->window, WM_KEYUP, key, (LPARAM)0xC0000001);
}

/* --- waiting ------------------------------------------------------------------------------------------- */

static void ping(Ui *ui)
{
    if (ui->window == NULL) {
        return;
    }
    ULONGLONG start = GetTickCount64();
    DWORD_PTR result;
    if (SendMessageTimeoutW(ui->window, WM_NULL, 0, 0, SMTO_NORMAL, ANSWER_MS, &result) != 0) {
        DWORD took = (DWORD)(GetTickCount64() - start);
        ui->longest_ms = took > ui->longest_ms ? took : ui->longest_ms;
    }
}

typedef bool (*Condition)(Ui *ui, const void *data);

/* True as soon as the condition holds; false when the time is up, or the program ended without it. */
static bool wait_for(Ui *ui, DWORD ms, Condition condition, const void *data)
{
    ULONGLONG end = GetTickCount64() + ms;
    for (;;) {
        bool over = WaitForSingleObject(ui->process.hProcess, LOOK_MS) == WAIT_OBJECT_0;
        ping(ui);
        if (condition(ui, data)) {
            return true;
        }
        if (over || GetTickCount64() > end) {
            return false;
        }
    }
}

static bool is_enabled(Ui *ui, const void *id)
{
    return IsWindowEnabled(item(ui, *(const int *)id)) != 0;
}

static bool is_disabled(Ui *ui, const void *id)
{
    return !is_enabled(ui, id);
}

static bool wait_enabled(Ui *ui, int id, DWORD ms)
{
    return wait_for(ui, ms, is_enabled, &id);
}

typedef struct Text {
    int id;
    const char *part;
} Text;

static bool shows(Ui *ui, const void *data)
{
    const Text *text = data;
    return has_text(ui, text->id, text->part);
}

static bool wait_text(Ui *ui, int id, const char *part, DWORD ms)
{
    Text text = {id, part};
    return wait_for(ui, ms, shows, &text);
}

typedef struct Lines {
    const char *part;
    unsigned count;
} Lines;

static bool has_lines(Ui *ui, const void *data)
{
    const Lines *lines = data;
    return count_in_log(ui, lines->part) >= lines->count;
}

static bool wait_lines(Ui *ui, const char *part, unsigned count, DWORD ms)
{
    Lines lines = {part, count};
    return wait_for(ui, ms, has_lines, &lines);
}

static bool has_rows(Ui *ui, const void *count)
{
    return rows(ui) == *(const int *)count;
}

static bool is_gone(Ui *ui, const void *data)
{
    (void)data;
    return WaitForSingleObject(ui->process.hProcess, 0) == WAIT_OBJECT_0;
}

static bool is_saving(Ui *ui, const void *data)
{
    (void)data;
    return ask(ui, item(ui, IDC_PROGRESS), PBM_GETPOS, 0, 0) > 0 && has_text(ui, IDC_PROGRESS_TEXT, " %");
}

static bool focus_left(Ui *ui, const void *old)
{
    HWND now = focus(ui);
    return now != NULL && now != *(const HWND *)old;
}

typedef struct Found {
    DWORD process;
    const wchar_t *class_name;
    HWND window;
} Found;

static BOOL CALLBACK look_at(HWND hwnd, LPARAM data)
{
    Found *found = (Found *)data;
    DWORD process = 0;
    wchar_t name[64] = L"";
    GetWindowThreadProcessId(hwnd, &process);
    GetClassNameW(hwnd, name, 64);
    if (process == found->process && IsWindowVisible(hwnd) && wcscmp(name, found->class_name) == 0) {
        found->window = hwnd;
        return FALSE;
    }
    return TRUE;
}

static HWND find(const Ui *ui, const wchar_t *class_name)
{
    Found found = {ui->process.dwProcessId, class_name, NULL};
    EnumWindows(look_at, (LPARAM)&found);
    return found.window;
}

static bool window_is_there(Ui *ui, const void *data)
{
    (void)data;
    return (ui->window = find(ui, L"" MAIN_WINDOW_CLASS)) != NULL;
}

static bool box_is_there(Ui *ui, const void *data)
{
    (void)data;
    return find(ui, L"#32770") != NULL;
}

static bool box_is_gone(Ui *ui, const void *data)
{
    return !box_is_there(ui, data);
}

/* Waits for a box and presses one of its buttons. */
static bool answer_box(Ui *ui, int button)
{
    if (!wait_for(ui, SHORT_MS, box_is_there, NULL)) {
        return false;
    }
    PostMessageW(find(ui, L"#32770"), TDM_CLICK_BUTTON, (WPARAM)button, 0);
    return wait_for(ui, SHORT_MS, box_is_gone, NULL);
}

/* --- the program --------------------------------------------------------------------------------------- */

static bool start(const wchar_t *command, PROCESS_INFORMATION *process)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    size_t length = wcslen(command);
    wchar_t *writable = mem_array(length + 1, sizeof *writable);
    memcpy(writable, command, length * sizeof *writable);
    bool started = CreateProcessW(NULL, writable, NULL, NULL, FALSE, 0, NULL, NULL, &startup, process) != 0;
    mem_free(writable);
    return started;
}

static bool start_program(Ui *ui)
{
    return ok(ui, start(ui->command, &ui->process), "the program starts", "CreateProcess failed");
}

static bool open_window(Ui *ui)
{
    return start_program(ui) &&
           ok(ui, wait_for(ui, SHORT_MS, window_is_there, NULL), "the window opens", "there is none") &&
           ok(ui, wait_enabled(ui, IDC_REFRESH, SHORT_MS), "the backup folder is read", "Refresh List stays disabled");
}

static bool check_exit(Ui *ui, DWORD wanted, const char *name)
{
    bool ended = wait_for(ui, SHORT_MS * 2, is_gone, NULL);
    DWORD code = 999;
    GetExitCodeProcess(ui->process.hProcess, &code);
    char *why = mem_printf(ended ? "it ended with %lu, not %lu" : "it did not end (%lu, %lu)", (unsigned long)code,
                           (unsigned long)wanted);
    bool passed = ok(ui, ended && code == wanted, name, why);
    mem_free(why);
    return passed;
}

typedef struct Leftovers {
    int backups, partials;
} Leftovers;

static bool count_file(void *context, const char *name, const FsInfo *info)
{
    (void)info;
    Leftovers *left = context;
    size_t length = strlen(name);
    left->backups += length > 7 && strcmp(name + length - 7, ".backup") == 0;
    left->partials += length > 8 && strcmp(name + length - 8, ".partial") == 0;
    return true;
}

static Leftovers files(const Ui *ui)
{
    Leftovers left = {0, 0};
    Error err = ERROR_INIT;
    if (!fs_list(ui->folder, count_file, &left, &err)) {
        left.backups = left.partials = -1;
    }
    error_clear(&err);
    return left;
}

/* --- what is checked ----------------------------------------------------------------------------------- */

static void check_words(Ui *ui)
{
    char *title = text_of(ui, ui->window);
    ok(ui, strcmp(title, "Database Backup Manager - CMMS Backup") == 0, "the title", title);
    mem_free(title);
    static const struct {
        int id;
        const char *text;
    } labels[] = {
        {IDC_LOCATION_LABEL, "\xF0\x9F\x93\x81 Backup &Location:"},
        {IDC_CREATE, "&Create Backup Now"},
        {IDC_REFRESH, "&Refresh List"},
        {IDC_CANCEL_JOB, "C&ancel"},
        {IDC_LOG_GROUP, "Status && Lo&gs"},
    };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        char *text = text_of(ui, item(ui, labels[i].id));
        char *name = mem_printf("the label \"%s\"", labels[i].text);
        ok(ui, strcmp(text, labels[i].text) == 0, name, text);
        mem_free(name);
        mem_free(text);
    }
}

static void check_tab_order(Ui *ui, const int *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        HWND before = focus(ui);
        press(ui, VK_TAB);
        bool moved = wait_for(ui, SHORT_MS, focus_left, &before);
        HWND now = focus(ui);
        int id = now == NULL ? 0 : GetDlgCtrlID(now);
        char *name = mem_printf("Tab goes on to control %d", ids[i]);
        char *why = mem_printf("it went to %d", id);
        bool passed = ok(ui, moved && id == ids[i], name, why);
        mem_free(why);
        mem_free(name);
        if (!passed) {
            return;
        }
    }
}

static void check_refresh(Ui *ui)
{
    unsigned before = count_in_log(ui, "Found ");
    click(ui, IDC_REFRESH);
    ok(ui, wait_lines(ui, "Found ", before + 1, SHORT_MS), "Refresh List reads the folder again", "the log is silent");
    press(ui, VK_F5);
    ok(ui, wait_lines(ui, "Found ", before + 2, SHORT_MS), "F5 refreshes", "the log is silent");
}

static bool first_row_changed(Ui *ui, const void *old)
{
    char *now = cell(ui, 0, 0);
    bool changed = strcmp(now, old) != 0;
    mem_free(now);
    return changed;
}

/* A click on the header of the first column, then again: the order turns round. */
static void check_sorting(Ui *ui)
{
    HWND header = (HWND)ask(ui, item(ui, IDC_LIST), LVM_GETHEADER, 0, 0);
    LPARAM point = MAKELPARAM(20, 8);
    char *newest = cell(ui, 0, 0);
    for (int i = 0; i < 2; i++) {
        char *before = cell(ui, 0, 0);
        PostMessageW(header, WM_LBUTTONDOWN, MK_LBUTTON, point);
        PostMessageW(header, WM_LBUTTONUP, 0, point);
        ok(ui, wait_for(ui, SHORT_MS, first_row_changed, before),
           i == 0 ? "a click on a column's title sorts by it" : "a second click turns the order round",
           "the first row stays");
        mem_free(before);
    }
    char *now = cell(ui, 0, 0);
    ok(ui, strcmp(newest, now) == 0, "names sort as their dates", now);
    mem_free(now);
    mem_free(newest);
}

static bool start_backup(Ui *ui, const char *name)
{
    click(ui, IDC_CREATE);
    int id = IDC_CREATE;
    return ok(ui, wait_for(ui, SHORT_MS, is_disabled, &id) && wait_enabled(ui, IDC_CANCEL_JOB, SHORT_MS), name,
              "the buttons do not change");
}

static void check_backup(Ui *ui)
{
    int before = rows(ui);
    unsigned successes = count_in_log(ui, "\xE2\x9C\x85 Backup successful!");
    if (!start_backup(ui, "Create Backup Now starts a backup")) {
        return;
    }
    ok(ui, wait_for(ui, LONG_MS, is_saving, NULL), "progress is shown with percent", "the bar does not move");
    press(ui, VK_ESCAPE);
    ping(ui);
    ok(ui, IsWindow(ui->window) && find(ui, L"#32770") == NULL, "Esc does nothing during a backup", "it did");
    if (!ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the backup ends", "it did not")) {
        return;
    }
    ok(ui, count_in_log(ui, "\xE2\x9C\x85 Backup successful!") == successes + 1, "the log says \"Backup successful!\"",
       "it does not");
    ok(ui, count_in_log(ui, "] Starting database backup...") > 0, "the log says what was begun", "it does not");
    ok(ui, count_in_log(ui, "] \xF0\x9F\x93\x81 Location: ") > 0 && count_in_log(ui, "] \xF0\x9F\x92\xBE Size: ") > 0,
       "the log says where and how large", "it does not");
    int wanted = before + 1;
    if (ok(ui, wait_for(ui, SHORT_MS, has_rows, &wanted), "the list has one row more", "it has not")) {
        ok(ui, cell_is(ui, 0, 4, "Verified"), "its status is \"Verified\"", "it is not");
        ok(ui, cell_is(ui, 0, 3, "0"), "its age is 0 days", "it is not");
    }
    ok(ui, wait_text(ui, IDC_STATUS, "Verified", SHORT_MS), "the status line says Verified", "it does not");
    ok(ui, has_text(ui, IDC_STATUS, "\xE2\x9C\x85 Last backup: "), "the status line has its sign", "it has not");
}

static void check_cancel(Ui *ui)
{
    Leftovers before = files(ui);
    if (!start_backup(ui, "another backup starts")) {
        return;
    }
    wait_for(ui, LONG_MS, is_saving, NULL);
    click(ui, IDC_CANCEL_JOB);
    ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "Cancel ends the backup", "it goes on");
    ok(ui, wait_lines(ui, "Backup cancelled.", 1, SHORT_MS), "the log says that it was cancelled", "it does not");
    Leftovers after = files(ui);
    ok(ui, after.backups == before.backups && after.partials == 0, "a cancelled backup leaves no file", "it does");
    ok(ui, find(ui, L"#32770") == NULL, "a cancelled backup needs no box", "there is one");
}

static void check_close_in_backup(Ui *ui)
{
    Leftovers before = files(ui);
    if (!start_backup(ui, "a third backup starts")) {
        return;
    }
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    ok(ui, answer_box(ui, IDNO), "closing during a backup asks", "there is no question");
    ok(ui, IsWindow(ui->window) != 0, "\"Keep running\" keeps the window", "it is gone");
    if (!wait_enabled(ui, IDC_CREATE, 0)) {
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        ok(ui, answer_box(ui, IDYES), "closing asks again", "there is no question");
    } else {
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
    }
    check_exit(ui, 0, "the program ends");
    Leftovers after = files(ui);
    ok(ui, after.partials == 0 && after.backups - before.backups <= 1, "it leaves nothing unfinished", "it does");
}

/* A person asks Windows to end the session while a backup is being made, and then insists. */
static void check_session_end(Ui *ui)
{
    if (!start_backup(ui, "a backup starts")) {
        return;
    }
    wait_for(ui, LONG_MS, is_saving, NULL);
    ok(ui, ask(ui, ui->window, WM_QUERYENDSESSION, 0, 0) == 0, "the end of the session is put off while it runs",
       "the window agrees to it");
    ok(ui, ask(ui, ui->window, WM_QUERYENDSESSION, 0, (LPARAM)ENDSESSION_CRITICAL) != 0,
       "but not when the system must end", "it is");
    ask(ui, ui->window, WM_ENDSESSION, TRUE, 0);
    ok(ui, files(ui).partials == 0, "told to end, the backup has cleaned up at once", "an unfinished file is there");
    check_exit(ui, 0, "the program ends");
}

/* --- scenarios ----------------------------------------------------------------------------------------- */

static void scenario_backup(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    check_words(ui);
    Leftovers before = files(ui);
    ok(ui, rows(ui) == before.backups, "the list shows the backups that are there", "it does not");
    if (!ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the database is ready", "Create Backup Now stays disabled")) {
        return;
    }
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_CREATE), TRUE);
    check_backup(ui);
    check_refresh(ui);
    static const int order[] = {IDC_REFRESH, IDC_LIST, IDC_LOG, IDC_LOCATION, IDC_CREATE};
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_CREATE), TRUE);
    ping(ui);
    check_tab_order(ui, order, sizeof order / sizeof *order);
    if (rows(ui) > 1) {
        check_sorting(ui);
    }
    check_cancel(ui);
    check_close_in_backup(ui);
}

/* The window is moved to a monitor of one and a half times the DPI: as there is none, only told so. */
static void check_other_monitor(Ui *ui)
{
    RECT window, before, after, client, log;
    UINT dpi = (UINT)GetDeviceCaps(GetDC(NULL), LOGPIXELSY) * 3 / 2;
    GetWindowRect(ui->window, &window);
    GetWindowRect(item(ui, IDC_CREATE), &before);
    window.right = window.left + (window.right - window.left) * 3 / 2;
    window.bottom = window.top + (window.bottom - window.top) * 3 / 2;
    RECT *there = VirtualAllocEx(ui->process.hProcess, NULL, sizeof *there, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    SIZE_T done;
    WriteProcessMemory(ui->process.hProcess, there, &window, sizeof window, &done);
    ask(ui, ui->window, WM_DPICHANGED, MAKEWPARAM(dpi, dpi), (LPARAM)there);
    VirtualFreeEx(ui->process.hProcess, there, 0, MEM_RELEASE);
    GetWindowRect(item(ui, IDC_CREATE), &after);
    int old_height = before.bottom - before.top;
    int new_height = after.bottom - after.top;
    char *why = mem_printf("a button was %d pixels high and is %d", old_height, new_height);
    ok(ui, new_height * 100 >= old_height * 135 && new_height * 100 <= old_height * 165,
       "another monitor's DPI scales the controls", why);
    mem_free(why);
    GetWindowRect(ui->window, &client);
    GetWindowRect(item(ui, IDC_LOG), &log);
    ok(ui, log.right < client.right && log.bottom < client.bottom && log.bottom - log.top > new_height * 2,
       "and they stay inside the window", "they do not");
}

static void scenario_session(Ui *ui)
{
    if (open_window(ui) && ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the database is ready", "it is not")) {
        check_session_end(ui);
    }
}

static void scenario_many(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    int count = files(ui).backups;
    ok(ui, count > 1000 && rows(ui) == count, "a long list is shown whole", "rows are missing");
    ask(ui, item(ui, IDC_LIST), LVM_ENSUREVISIBLE, (WPARAM)(count - 1), FALSE);
    char *last = cell(ui, count - 1, 0);
    ok(ui, strlen(last) > 0, "its last row can be seen", "it is empty");
    mem_free(last);
    check_sorting(ui);
    check_refresh(ui);
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}

static void check_second_start(Ui *ui)
{
    PROCESS_INFORMATION second;
    if (!ok(ui, start(ui->command, &second), "a second start", "CreateProcess failed")) {
        return;
    }
    DWORD code = 999;
    bool ended = WaitForSingleObject(second.hProcess, SHORT_MS) == WAIT_OBJECT_0;
    GetExitCodeProcess(second.hProcess, &code);
    ok(ui, ended && code == 0, "a second start ends at once, with 0", "it did not");
    ok(ui, IsWindow(ui->window) != 0, "the first window stays", "it is gone");
    if (!ended) {
        TerminateProcess(second.hProcess, 1);
    }
    CloseHandle(second.hThread);
    CloseHandle(second.hProcess);
}

static void scenario_plain(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    check_words(ui);
    ok(ui, has_text(ui, IDC_STATUS, "No backup yet"), "the status line says that there is no backup", "it does not");
    ok(ui, has_text(ui, IDC_DATABASE, "None is configured yet"), "it says that no database is configured",
       "it does not");
    ok(ui, !IsWindowEnabled(item(ui, IDC_CREATE)), "Create Backup Now waits for a database", "it is enabled");
    check_refresh(ui);
    check_second_start(ui);
    check_other_monitor(ui);
    /* The window keeps a least size. */
    SetWindowPos(ui->window, NULL, 0, 0, 50, 50, SWP_NOMOVE | SWP_NOZORDER | SWP_NOACTIVATE);
    RECT small;
    GetWindowRect(ui->window, &small);
    ok(ui, small.right - small.left > 300 && small.bottom - small.top > 200, "the window has a least size",
       "it can be made tiny");
    press(ui, VK_ESCAPE);
    check_exit(ui, 0, "Esc closes the idle window");
}

static void scenario_failure(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    if (!ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "a backup can be tried", "Create Backup Now is disabled")) {
        return;
    }
    click(ui, IDC_CREATE);
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL), "a failure is told in a box", "there is none");
    ok(ui, count_in_log(ui, "] \xE2\x9D\x8C Backup failed: ") == 1, "and in the log", "it is not");
    ok(ui, answer_box(ui, IDCLOSE), "the box can be closed", "it stays");
    ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "then it can be tried again", "Create Backup Now stays disabled");
    Leftovers after = files(ui);
    ok(ui, after.backups == 0 && after.partials == 0, "a failed backup leaves no file", "it does");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}

static void scenario_usage(Ui *ui)
{
    if (start_program(ui)) {
        ok(ui, answer_box(ui, IDCLOSE), "a wrong command line is told in a box", "there is none");
        check_exit(ui, 2, "it ends with 2");
    }
}

static void scenario_folder(Ui *ui)
{
    if (start_program(ui)) {
        ok(ui, answer_box(ui, IDCLOSE), "a folder that cannot be used is told in a box", "there is none");
        check_exit(ui, 3, "it ends with 3");
    }
}

static void append_argument(StrBuf *sb, const char *argument)
{
    /* The arguments of the tests hold neither quotes nor backslashes at their end. */
    strbuf_addf(sb, "%s\"%s\"", sb->len > 0 ? " " : "", argument);
}

int wmain(int argc, wchar_t **argv); /* the entry of -municode; no header has it */

int wmain(int argc, wchar_t **argv)
{
    static const struct {
        const char *name;
        void (*run)(Ui *ui);
    } scenarios[] = {
        {"backup", scenario_backup}, {"plain", scenario_plain},   {"failure", scenario_failure},
        {"usage", scenario_usage},   {"folder", scenario_folder}, {"session", scenario_session},
        {"many", scenario_many},
    };
    Ui ui = {0};
    StrBuf command;
    strbuf_init(&command, STRBUF_LINE);
    for (int i = 2; i < argc; i++) {
        char *argument = utf8_from_wide(argv[i]);
        append_argument(&command, argument);
        if (wcscmp(argv[i - 1], L"--folder") == 0) {
            ui.folder = mem_strdup(argument);
        }
        mem_free(argument);
    }
    ui.command = wide_from_utf8(command.buf);
    strbuf_release(&command);
    bool known = false;
    char *wanted = argc > 2 ? utf8_from_wide(argv[1]) : mem_strdup("");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(scenarios[i].name, wanted) == 0) {
            known = true;
            scenarios[i].run(&ui);
        }
    }
    mem_free(wanted);
    if (!known) {
        fprintf(stderr, "usage: ui_test SCENARIO APP.exe ARGS...\n");
        return 2;
    }
    if (ui.process.hProcess != NULL && WaitForSingleObject(ui.process.hProcess, 0) != WAIT_OBJECT_0) {
        TerminateProcess(ui.process.hProcess, 99); /* a failed test may have left it */
    }
    printf("# the window's longest answer took %lu ms\n", (unsigned long)ui.longest_ms);
    mem_free(ui.command);
    mem_free(ui.folder);
    return ui.failures == 0 ? 0 : 1;
}
