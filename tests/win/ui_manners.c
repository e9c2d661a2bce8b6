/* ui_manners.c: what the window remembers, the icon beside the clock, the log's and the chart's commands. */
#include "ui_drive.h"

#include <shellapi.h>

#define WM_APP_TRAY (WM_APP + 5) /* main_private.h */

enum { SIZE_COLUMN = 1, STATUS_COLUMN = 4, DRAGGED = 140 }; /* of the list; pixels */

static bool is_shown(Ui *ui, const void *id)
{
    return IsWindowVisible(item(ui, *(const int *)id)) != 0;
}

static bool is_hidden(Ui *ui, const void *id)
{
    return !is_shown(ui, id);
}

static int width_of(const Ui *ui, int id)
{
    RECT rect;
    GetWindowRect(item(ui, id), &rect);
    return rect.right - rect.left;
}

/* A tooltip's text for that tool, read through memory in its process; caller frees. */
static char *read_tool(HWND tooltip, HWND parent, HWND tool_window)
{
    enum { UNITS = 300 };
    wchar_t text[UNITS] = L"";
    SIZE_T done;
    DWORD process = 0;
    GetWindowThreadProcessId(tooltip, &process);
    HANDLE program = OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE, FALSE, process);
    size_t size = sizeof(TTTOOLINFOW) + sizeof text;
    unsigned char *there = VirtualAllocEx(program, NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    TTTOOLINFOW tool = {.cbSize = sizeof tool, .hwnd = parent, .uId = (UINT_PTR)tool_window};
    tool.lpszText = (wchar_t *)(there + sizeof tool);
    WriteProcessMemory(program, there, &tool, sizeof tool, &done);
    ask(NULL, tooltip, TTM_GETTEXTW, UNITS, (LPARAM)there);
    ReadProcessMemory(program, there + sizeof tool, text, sizeof text, &done);
    VirtualFreeEx(program, there, 0, MEM_RELEASE);
    CloseHandle(program);
    text[UNITS - 1] = 0;
    return utf8_from_wide(text);
}

typedef struct Tip {
    const Ui *ui;
    int id; /* of the control; 0: the icon beside the clock */
    char *text;
} Tip;

static BOOL CALLBACK read_tip(HWND hwnd, LPARAM data)
{
    Tip *tip = (Tip *)data;
    DWORD process = 0;
    wchar_t name[32] = L"";
    GetWindowThreadProcessId(hwnd, &process);
    GetClassNameW(hwnd, name, 32);
    if ((process == tip->ui->process.dwProcessId) != (tip->id != 0) || wcscmp(name, TOOLTIPS_CLASSW) != 0) {
        return TRUE;
    }
    HWND parent = tip->id != 0 ? tip->ui->window : GetWindow(hwnd, GW_OWNER);
    char *text = read_tool(hwnd, parent, tip->id != 0 ? item(tip->ui, tip->id) : parent);
    if (text[0] != 0) {
        mem_free(tip->text);
        tip->text = text;
    } else {
        mem_free(text);
    }
    return TRUE;
}

static char *tip_at(const Ui *ui, int id, int x, int y)
{
    Tip tip = {ui, id, mem_strdup("")};
    ask(ui, item(ui, id), WM_MOUSEMOVE, 0, MAKELPARAM(x, y));
    EnumWindows(read_tip, (LPARAM)&tip);
    return tip.text;
}

bool tray_tip_is(Ui *ui, const void *pattern)
{
    Tip tip = {ui, 0, mem_strdup("")};
    EnumWindows(read_tip, (LPARAM)&tip);
    const char *part = pattern;
    const bool found = strncmp(tip.text, "CMMS Backup", 11) == 0 && strstr(tip.text, part) != NULL;
    mem_free(tip.text);
    return found;
}

/* Two lines: the name, and what the status band says. */
static void check_tip(Ui *ui)
{
    char *band = text_of(ui, item(ui, IDC_STATUS));
    char *wanted = mem_printf("CMMS Backup\n%s", band);
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, wanted), "the icon's tip says what the status band says", wanted);
    mem_free(wanted);
    mem_free(band);
}

/* Two backups: the older is in the left half. */
static void check_chart(Ui *ui)
{
    char *words = text_of(ui, item(ui, IDC_CHART));
    ok(ui, strstr(words, "; the newest has ") != NULL && strstr(words, " the oldest shown") != NULL,
       "the chart's name says the newest size and the trend", words);
    mem_free(words);
    RECT rect;
    GetClientRect(item(ui, IDC_CHART), &rect);
    char *older = tip_at(ui, IDC_CHART, rect.right / 4, rect.bottom / 2);
    char *newer = tip_at(ui, IDC_CHART, rect.right * 3 / 4, rect.bottom / 2);
    ok(ui, strstr(older, "/20") != NULL && strstr(older, " MB, ") != NULL && strstr(older, " seconds") != NULL,
       "the mouse over a bar tells its backup's date, size and duration", older);
    ok(ui, strstr(newer, " MB") != NULL && strcmp(older, newer) != 0, "over another bar, that one's", newer);
    ok(ui, ask(ui, item(ui, IDC_CHART), WM_NCHITTEST, 0, 0) == HTCLIENT, "the mouse reaches the chart", "it does not");
    mem_free(newer);
    mem_free(older);
}

static bool column_is(Ui *ui, const void *wanted)
{
    return (int)ask(ui, item(ui, IDC_LIST), LVM_GETCOLUMNWIDTH, SIZE_COLUMN, 0) == *(const int *)wanted;
}

/* What a column cuts is in a tooltip; a column that was dragged stays as it is. */
static void check_columns(Ui *ui)
{
    HWND list = item(ui, IDC_LIST);
    HWND header = (HWND)ask(ui, list, LVM_GETHEADER, 0, 0);
    RECT head;
    int before = 0, wanted = DRAGGED;
    GetWindowRect(header, &head);
    for (int i = 0; i < STATUS_COLUMN; i++) {
        before += (int)ask(ui, list, LVM_GETCOLUMNWIDTH, (WPARAM)i, 0);
    }
    const int row = head.bottom - head.top + 8;
    char *whole = tip_at(ui, IDC_LIST, before + 4, row);
    ok(ui, whole[0] == 0, "a status that has room needs no tooltip", whole);
    mem_free(whole);
    const LRESULT width = ask(ui, list, LVM_GETCOLUMNWIDTH, STATUS_COLUMN, 0);
    ask(ui, list, LVM_SETCOLUMNWIDTH, STATUS_COLUMN, 20);
    whole = tip_at(ui, IDC_LIST, before + 5, row);
    ok(ui, strcmp(whole, "Verified") == 0, "one that is cut stands whole in its tooltip", whole);
    mem_free(whole);
    ask(ui, list, LVM_SETCOLUMNWIDTH, STATUS_COLUMN, width);

    const int edge = (int)(ask(ui, list, LVM_GETCOLUMNWIDTH, 0, 0) + ask(ui, list, LVM_GETCOLUMNWIDTH, SIZE_COLUMN, 0));
    const int to = edge + DRAGGED - (int)ask(ui, list, LVM_GETCOLUMNWIDTH, SIZE_COLUMN, 0);
    PostMessageW(header, WM_LBUTTONDOWN, MK_LBUTTON, MAKELPARAM(edge - 1, 8));
    PostMessageW(header, WM_MOUSEMOVE, MK_LBUTTON, MAKELPARAM(to - 1, 8));
    PostMessageW(header, WM_LBUTTONUP, 0, MAKELPARAM(to - 1, 8));
    ok(ui, wait_for(ui, SHORT_MS, column_is, &wanted), "a column's edge can be dragged", "it cannot");
}

/* The third and the fourth change places, as when a title is dragged. */
static void swap_columns(Ui *ui)
{
    static const int order[] = {0, 1, 3, 2, 4, 5, 6, 7};
    void *there = VirtualAllocEx(ui->process.hProcess, NULL, sizeof order, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    SIZE_T done;
    WriteProcessMemory(ui->process.hProcess, there, order, sizeof order, &done);
    ask(ui, item(ui, IDC_LIST), LVM_SETCOLUMNORDERARRAY, sizeof order / sizeof *order, (LPARAM)there);
    VirtualFreeEx(ui->process.hProcess, there, 0, MEM_RELEASE);
}

static const RECT place = {60, 40, 1100, 860};

/* The order is by name, the oldest first; the chart is hidden; the window was moved. */
void check_manners(Ui *ui)
{
    int chart = IDC_CHART;
    int before = width_of(ui, IDC_LOG);
    ok(ui, is_shown(ui, &chart) && has_text(ui, IDC_CHART, " backups, from "), "the chart says in words what it draws",
       "it does not");
    check_chart(ui);
    send_command(ui, IDM_SHOW_CHART);
    ok(ui, wait_for(ui, SHORT_MS, is_hidden, &chart) && width_of(ui, IDC_LOG) > before,
       "Show Chart hides it, and the log has its place", "it does not");
    send_command(ui, IDM_COPY_LOG);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "] Found "), "the log can be copied", "it is not on the clipboard");
    PostMessageW(item(ui, IDC_LOG), WM_CONTEXTMENU, (WPARAM)item(ui, IDC_LOG), -1);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "the log has a menu", "there is none");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
    send_command(ui, IDM_SAVE_LOG);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "Save Log As asks for a name", "there is no dialog");
    PostMessageW(find(ui, L"#32770"), WM_COMMAND, IDCANCEL, 0);
    wait_for(ui, SHORT_MS, box_is_gone, NULL);
    PostMessageW(ui->window, WM_APP_TRAY, MAKEWPARAM(20, 20), WM_CONTEXTMENU);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "the icon beside the clock has a menu", "there is none");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
    check_columns(ui);
    swap_columns(ui);
    HWND header = (HWND)ask(ui, item(ui, IDC_LIST), LVM_GETHEADER, 0, 0);
    PostMessageW(header, WM_LBUTTONDOWN, MK_LBUTTON, MAKELPARAM(20, 8));
    PostMessageW(header, WM_LBUTTONUP, 0, MAKELPARAM(20, 8));
    wait_cell(ui, 0, 0, "cmms_backup_20260118_020000.backup");
    SetWindowPos(ui->window, NULL, place.left, place.top, place.right - place.left, place.bottom - place.top,
                 SWP_NOZORDER | SWP_NOACTIVATE);
    ping(ui);
    send_command(ui, IDM_EXIT);
}

void check_remembered(Ui *ui)
{
    int chart = IDC_CHART;
    RECT rect;
    ok(ui, is_hidden(ui, &chart), "the chart stays hidden", "it is shown");
    ok(ui, cell_is(ui, 0, 0, "cmms_backup_20260118_020000.backup"), "the list's order is remembered", "it is not");
    int wanted = DRAGGED;
    ok(ui, column_is(ui, &wanted), "and the width of a column that was dragged", "it is not");
    HWND header = (HWND)ask(ui, item(ui, IDC_LIST), LVM_GETHEADER, 0, 0);
    ok(ui, ask(ui, header, HDM_ORDERTOINDEX, 2, 0) == 3 && ask(ui, header, HDM_ORDERTOINDEX, 3, 0) == 2,
       "and the place of one that was moved", "it is not");
    GetWindowRect(ui->window, &rect);
    ok(ui, rect.right - rect.left == place.right - place.left && rect.bottom - rect.top == place.bottom - place.top,
       "so is the window's size", "it is not");
    send_command(ui, IDM_EXIT);
}

bool process_has_window(Ui *ui, const void *data)
{
    (void)data;
    DWORD process = 0;
    HWND window = FindWindowW(L"" MAIN_WINDOW_CLASS, NULL);
    if (window == NULL || GetWindowThreadProcessId(window, &process) == 0 || process != ui->process.dwProcessId) {
        return false;
    }
    ui->window = window;
    return true;
}

static bool window_is_shown(Ui *ui, const void *shown)
{
    return (IsWindowVisible(ui->window) != 0) == *(const bool *)shown;
}

void check_tray(Ui *ui)
{
    bool shown = false;
    if (!ok(ui, wait_for(ui, SHORT_MS, process_has_window, NULL), "--tray starts", "there is no window") ||
        !ok(ui, wait_enabled(ui, IDC_REFRESH, SHORT_MS), "the backup folder is read", "it is not")) {
        return;
    }
    ok(ui, window_is_shown(ui, &shown) && find(ui, L"#32770") == NULL, "the window is hidden, and so is all else",
       "it is shown");
    check_tip(ui);
    PostMessageW(ui->window, WM_APP_TRAY, 0, NIN_SELECT);
    shown = true;
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown), "a click on the icon shows it", "it does not");
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "only then does the assistant come", "it does not");
    PostMessageW(find(ui, L"#32770"), WM_COMMAND, IDCANCEL, 0);
    wait_for(ui, SHORT_MS, box_is_gone, NULL);
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    shown = false;
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown), "its cross hides it again", "it does not");
    send_command(ui, IDM_EXIT);
}

static void tray_menu(Ui *ui, char entry)
{
    PostMessageW(ui->window, WM_APP_TRAY, MAKEWPARAM(20, 20), WM_CONTEXTMENU);
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    key((WORD)entry);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

/* With a database: nobody is asked who they are by a box from nowhere. */
void check_tray_signin(Ui *ui)
{
    bool shown = true;
    if (!ok(ui, wait_for(ui, SHORT_MS, process_has_window, NULL), "--tray starts", "there is no window")) {
        return;
    }
    ok(ui, wait_lines(ui, "A manager is asked to sign in when the window is opened", 1, SHORT_MS),
       "hidden, it puts the question off", "the log is silent");
    ok(ui, !IsWindowVisible(ui->window) && find(ui, L"#32770") == NULL, "and shows nothing", "there is a box");
    PostMessageW(ui->window, WM_APP_TRAY, 0, NIN_SELECT);
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown) && wait_dialog(ui, IDC_SIGN_IN, SHORT_MS),
       "a click on the icon shows it, and asks", "it does not");
    sign_in(ui, "o'neil", "it's %41");
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_enabled(ui, IDC_CREATE, SHORT_MS), "a manager signs in",
       "nobody does");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    shown = false;
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown), "its cross hides it", "it does not");
    tray_menu(ui, 'B');
    ok(ui, wait_lines(ui, "Backup successful!", 1, LONG_MS) && wait_for(ui, LONG_MS, job_is_done, NULL),
       "the icon's menu makes a backup", "it does not");
    check_tip(ui);
    tray_menu(ui, 'L');
    ok(ui, wait_lines(ui, "A manager is asked to sign in when the window is opened", 2, SHORT_MS) &&
               find(ui, L"#32770") == NULL,
       "locked from the icon's menu it shows nothing either", "there is a box");
    tray_menu(ui, 'O');
    ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "and asks when it is opened", "it does not");
    click_in(ui, IDCANCEL);
}

static int count_files(const Ui *ui, const char *pattern)
{
    wchar_t *path = NULL;
    WIN32_FIND_DATAW data;
    int count = 0;
    char *all = fs_join(ui->folder, pattern);
    if (wide_path(all, &path, NULL)) {
        HANDLE search = FindFirstFileW(path, &data);
        for (bool more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &data) != 0) {
            count++;
        }
        FindClose(search);
    }
    mem_free(path);
    mem_free(all);
    return count;
}

static void write_file(const Ui *ui, const char *name, const char *text)
{
    char *path = fs_join(ui->folder, name);
    fs_write_atomic(path, text, strlen(text), NULL);
    mem_free(path);
}

/* The folder has a log of 50 MB, which is whole. */
void check_damaged(Ui *ui)
{
    ping(ui);
    ok(ui, count_in_log(ui, "cannot be read") == 0, "a log of 50 MB is nothing to speak of", "there is a warning");
    select_rows(ui, 0, 1);
    send_command(ui, IDM_PIN);
    ok(ui, wait_lines(ui, "Pinned: ", 1, LONG_MS), "an entry can be added to it", "it cannot");
    wait_for(ui, LONG_MS, job_is_done, NULL);
    ok(ui, count_files(ui, "backup_log_20??.json") > 0 && count_files(ui, "backup_log.damaged-*.json") == 0,
       "what is old goes to a file of its own, and nothing is called damaged", "it does not");

    write_file(ui, "backup_config.json", "{\"retention_days\": 3x, nonsense");
    ok(ui,
       wait_lines(ui, "\xE2\x9A\xA0 backup_config.json could not be read (the text is not JSON from byte 20 on) and "
                      "was kept as backup_config.damaged-", 1, SHORT_MS) &&
               count_in_log(ui, ".json; the default settings are used") == 1,
       "settings edited to nonsense are told in one sentence", "they are not");
    ok(ui, count_files(ui, "backup_config.damaged-*.json") == 1, "and kept aside", "they are not");
    write_file(ui, "backup_config.json", "{\"retention_days\": 12, \"max_backups\": 7, \"compress\": false}");
    ok(ui, wait_text(ui, IDC_RETENTION, "12", SHORT_MS) && wait_text(ui, IDC_MAXIMUM, "7", SHORT_MS) &&
               ask(ui, item(ui, IDC_COMPRESS), BM_GETCHECK, 0, 0) == BST_UNCHECKED,
       "settings edited by hand are shown by themselves", "the old ones are");
    ask(ui, item(ui, IDC_RETENTION), WM_SETTEXT, 0, (LPARAM)L"99");
    write_file(ui, "backup_config.json", "{\"retention_days\": -7, \"max_backups\": 5}");
    ok(ui, wait_lines(ui, "retention_days was -7; 30 is used", 1, SHORT_MS), "a value that is nonsense is named",
       "it is not");
    ok(ui, wait_text(ui, IDC_MAXIMUM, "5", SHORT_MS) && has_text(ui, IDC_RETENTION, "99"),
       "what the user is entering stays, the rest is what the file has now", "it is not so");
    unsigned found = count_in_log(ui, "Found ");
    send_command(ui, IDC_REFRESH);
    ok(ui, wait_lines(ui, "Found ", found + 1, SHORT_MS) && count_in_log(ui, "retention_days was -7; 30 is used") == 1,
       "it is named once", "it is named at every reading");
    write_file(ui, "backup_config.json", "nonsense again");
    ok(ui, wait_text(ui, IDC_MAXIMUM, "50", SHORT_MS), "after nonsense the defaults are shown", "the old ones are");

    write_file(ui, "backup_log.json", "[{\"timestamp\": \"2026-");
    send_command(ui, IDC_REFRESH);
    ok(ui,
       wait_lines(ui, "\xE2\x9A\xA0 backup_log.json cannot be read: the text is not JSON from byte 21 on; the next "
                      "entry begins a new log and keeps the old one aside", 1, SHORT_MS),
       "a log edited to nonsense is told", "it is not");
    unsigned before = count_in_log(ui, "Found ");
    send_command(ui, IDC_REFRESH);
    wait_lines(ui, "Found ", before + 1, SHORT_MS);
    ok(ui, count_in_log(ui, "backup_log.json cannot be read: ") == 1, "once", "it is told again and again");
    select_rows(ui, 0, 1);
    send_command(ui, IDM_UNPIN);
    ok(ui, wait_lines(ui, "Unpinned: ", 1, SHORT_MS), "the next entry", "there is none");
    wait_for(ui, LONG_MS, job_is_done, NULL);
    ok(ui, count_files(ui, "backup_log.damaged-*.json") == 1, "keeps it aside", "it does not");
    send_command(ui, IDM_EXIT);
    ok(ui, answer_box(ui, IDCANCEL) && IsWindow(ui->window) && has_text(ui, IDC_RETENTION, "99"),
       "what was entered and is not saved is asked about at the end; a no leaves it", "it is not");
    send_command(ui, IDM_EXIT);
    ok(ui, answer_box(ui, IDYES), "a yes ends the program", "it is not asked again");
}
