#include "ui_drive.h"

/* --- results ------------------------------------------------------------------------------------------- */

bool ok(Ui *ui, bool passed, const char *name, const char *why)
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

HWND item(const Ui *ui, int id)
{
    return GetDlgItem(ui->window, id);
}

LRESULT ask(const Ui *ui, HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)ui;
    DWORD_PTR result = 0;
    SendMessageTimeoutW(hwnd, message, wparam, lparam, SMTO_NORMAL, limit_ms(ANSWER_MS), &result);
    return (LRESULT)result;
}

/* UTF-8; caller frees. */
char *text_of(const Ui *ui, HWND hwnd)
{
    LRESULT length = ask(ui, hwnd, WM_GETTEXTLENGTH, 0, 0);
    size_t size = (size_t)(length < 0 ? 0 : length) + 16;
    wchar_t *wide = mem_array(size, sizeof *wide);
    ask(ui, hwnd, WM_GETTEXT, (WPARAM)size, (LPARAM)wide);
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    return text;
}

bool has_text(const Ui *ui, int id, const char *part)
{
    char *text = text_of(ui, item(ui, id));
    bool found = strstr(text, part) != NULL;
    mem_free(text);
    return found;
}

unsigned count_in_log(const Ui *ui, const char *part)
{
    char *text = text_of(ui, item(ui, IDC_LOG));
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    mem_free(text);
    return count;
}

int rows(const Ui *ui)
{
    return (int)ask(ui, item(ui, IDC_LIST), LVM_GETITEMCOUNT, 0, 0);
}

/* A cell's text, read through memory in the other process. UTF-8; caller frees. */
char *cell_in(const Ui *ui, HWND list, int row, int column)
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
        ask(ui, list, LVM_GETITEMTEXTW, (WPARAM)row, (LPARAM)there);
        ReadProcessMemory(process, there + sizeof(LVITEMW), text, sizeof text, &done);
        VirtualFreeEx(process, there, 0, MEM_RELEASE);
    }
    text[UNITS - 1] = 0;
    return utf8_from_wide(text);
}

char *cell(const Ui *ui, int row, int column)
{
    return cell_in(ui, item(ui, IDC_LIST), row, column);
}

bool cell_is(const Ui *ui, int row, int column, const char *wanted)
{
    char *text = cell(ui, row, column);
    bool same = strcmp(text, wanted) == 0;
    if (!same) {
        printf("# row %d, column %d is \"%s\"\n", row, column, text);
    }
    mem_free(text);
    return same;
}

void click(const Ui *ui, int id)
{
    PostMessageW(item(ui, id), BM_CLICK, 0, 0);
}

void send_command(const Ui *ui, int id)
{
    PostMessageW(ui->window, WM_COMMAND, MAKEWPARAM(id, 0), 0);
}

HWND focus(const Ui *ui)
{
    GUITHREADINFO info = {.cbSize = sizeof info};
    return GetGUIThreadInfo(GetWindowThreadProcessId(ui->window, NULL), &info) ? info.hwndFocus : NULL;
}

/* To the control that has the focus, as the keyboard's messages go. */
void press(const Ui *ui, WPARAM key)
{
    HWND target = focus(ui);
    PostMessageW(target != NULL ? target : ui->window, WM_KEYDOWN, key, 1);
    PostMessageW(target != NULL ? target : ui->window, WM_KEYUP, key, (LPARAM)0xC0000001);
}

/* --- waiting ------------------------------------------------------------------------------------------- */

/* A time limit on a fast, idle machine, for this one: run.py measures how much slower it is. */
DWORD limit_ms(DWORD ms)
{
    const char *scale = getenv("CMMS_TEST_SCALE");
    const double factor = scale != NULL ? strtod(scale, NULL) : 1;
    return factor > 1 ? (DWORD)(ms * factor) : ms;
}

void ping(Ui *ui)
{
    if (ui->window == NULL) {
        return;
    }
    ULONGLONG start = GetTickCount64();
    DWORD_PTR result;
    if (SendMessageTimeoutW(ui->window, WM_NULL, 0, 0, SMTO_NORMAL, limit_ms(ANSWER_MS), &result) != 0) {
        DWORD took = (DWORD)(GetTickCount64() - start);
        ui->longest_ms = took > ui->longest_ms ? took : ui->longest_ms;
    }
}

/* True as soon as the condition holds; false when the time is up, or the program ended without it. */
bool wait_for(Ui *ui, DWORD ms, Condition condition, const void *data)
{
    const ULONGLONG end = GetTickCount64() + limit_ms(ui->late && ms > LATE_MS ? LATE_MS : ms);
    for (;;) {
        bool over = WaitForSingleObject(ui->process.hProcess, LOOK_MS) == WAIT_OBJECT_0;
        ping(ui);
        if (condition(ui, data)) {
            return true;
        }
        if (over || GetTickCount64() > end) {
            ui->late = ui->late || ms >= LATE_MS;
            return false;
        }
    }
}

static bool is_enabled(Ui *ui, const void *id)
{
    return IsWindowEnabled(item(ui, *(const int *)id)) != 0;
}

bool is_disabled(Ui *ui, const void *id)
{
    return !is_enabled(ui, id);
}

bool wait_enabled(Ui *ui, int id, DWORD ms)
{
    return wait_for(ui, ms, is_enabled, &id);
}

typedef struct Text {
    int id;
    const char *part;
} Text;

bool shows(Ui *ui, const void *data)
{
    const Text *text = data;
    return has_text(ui, text->id, text->part);
}

bool wait_text(Ui *ui, int id, const char *part, DWORD ms)
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

bool wait_lines(Ui *ui, const char *part, unsigned count, DWORD ms)
{
    Lines lines = {part, count};
    return wait_for(ui, ms, has_lines, &lines);
}

bool has_rows(Ui *ui, const void *count)
{
    return rows(ui) == *(const int *)count;
}

static bool is_gone(Ui *ui, const void *data)
{
    (void)data;
    return WaitForSingleObject(ui->process.hProcess, 0) == WAIT_OBJECT_0;
}

bool is_saving(Ui *ui, const void *data)
{
    (void)data;
    return ask(ui, item(ui, IDC_PROGRESS), PBM_GETPOS, 0, 0) > 0 && has_text(ui, IDC_PROGRESS_TEXT, " %");
}

bool focus_left(Ui *ui, const void *old)
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

HWND find(const Ui *ui, const wchar_t *class_name)
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

bool box_is_there(Ui *ui, const void *data)
{
    (void)data;
    return find(ui, L"#32770") != NULL;
}

bool box_is_gone(Ui *ui, const void *data)
{
    return !box_is_there(ui, data);
}

static bool box_has_focus(Ui *ui, const void *data)
{
    (void)data;
    HWND box = find(ui, L"#32770");
    HWND now = focus(ui);
    return box != NULL && now != NULL && (now == box || IsChild(box, now)) && GetForegroundWindow() == box;
}

bool box_open(Ui *ui)
{
    return wait_for(ui, SHORT_MS, box_has_focus, NULL);
}

/* A box with a question, and not the system's dialog: it has no edit box. */
bool question_is_there(Ui *ui, const void *data)
{
    (void)data;
    HWND box = find(ui, L"#32770");
    return box != NULL && FindWindowExW(box, NULL, L"SHELLDLL_DefView", NULL) == NULL &&
           GetDlgItem(box, 0x47c) == NULL && FindWindowExW(box, NULL, L"ComboBoxEx32", NULL) == NULL;
}

/* Waits for a box and presses one of its buttons. */
bool answer_box(Ui *ui, int button)
{
    if (!wait_for(ui, SHORT_MS, box_is_there, NULL)) {
        return false;
    }
    PostMessageW(find(ui, L"#32770"), TDM_CLICK_BUTTON, (WPARAM)button, 0);
    return wait_for(ui, SHORT_MS, box_is_gone, NULL);
}

bool other_in_front(Ui *ui, const void *dialog)
{
    HWND front = GetForegroundWindow();
    DWORD process = 0;
    GetWindowThreadProcessId(front, &process);
    return process == ui->process.dwProcessId && front != *(const HWND *)dialog && front != ui->window &&
           IsWindowVisible(front);
}

/* --- the program --------------------------------------------------------------------------------------- */

bool start(const wchar_t *command, PROCESS_INFORMATION *process)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    size_t length = wcslen(command);
    wchar_t *writable = mem_array(length + 1, sizeof *writable);
    memcpy(writable, command, length * sizeof *writable);
    bool started = CreateProcessW(NULL, writable, NULL, NULL, FALSE, 0, NULL, NULL, &startup, process) != 0;
    mem_free(writable);
    return started;
}

bool start_program(Ui *ui)
{
    return ok(ui, start(ui->command, &ui->process), "the program starts", "CreateProcess failed");
}

/* Where no database is named, the assistant opens by itself. */
static bool close_assistant(Ui *ui)
{
    if (ui->keep_dialogs || wcsstr(ui->command, L"\"-h\"") != NULL || wcsstr(ui->command, L"\"--demo\"") != NULL) {
        return true;
    }
    bool opened = wait_dialog(ui, IDC_CONN_STRING, SHORT_MS);
    click_in(ui, IDCANCEL);
    return ok(ui, opened && wait_dialog_gone(ui, IDC_CONN_STRING, SHORT_MS), "the assistant can be left",
              opened ? "it stays" : "it does not open");
}

bool start_window(Ui *ui)
{
    return start_program(ui) &&
           ok(ui, wait_for(ui, SHORT_MS, window_is_there, NULL), "the window opens", "there is none");
}

bool open_window(Ui *ui)
{
    return start_window(ui) &&
           ok(ui, wait_lines(ui, "] Found ", 1, SHORT_MS), "the backup folder is read", "the log is silent") &&
           close_assistant(ui);
}

bool check_exit(Ui *ui, DWORD wanted, const char *name)
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

static bool count_file(void *context, const char *name, const FsInfo *info)
{
    (void)info;
    Leftovers *left = context;
    size_t length = strlen(name);
    left->backups += length > 7 && strcmp(name + length - 7, ".backup") == 0;
    left->partials += length > 8 && strcmp(name + length - 8, ".partial") == 0;
    return true;
}

Leftovers files(const Ui *ui)
{
    Leftovers left = {0, 0};
    Error err = ERROR_INIT;
    if (!fs_list(ui->folder, count_file, &left, &err)) {
        left.backups = left.partials = -1;
    }
    error_clear(&err);
    return left;
}

bool selected_count_is(Ui *ui, const void *count)
{
    return ask(ui, item(ui, IDC_LIST), LVM_GETSELECTEDCOUNT, 0, 0) == *(const int *)count;
}

/* Selects rows from..to-1 and nothing else; the first has the focus. */
void select_rows(Ui *ui, int from, int to)
{
    HWND list = item(ui, IDC_LIST);
    LVITEMW *there =
        VirtualAllocEx(ui->process.hProcess, NULL, sizeof *there, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    SIZE_T done;
    LVITEMW none = {.stateMask = LVIS_SELECTED | LVIS_FOCUSED};
    WriteProcessMemory(ui->process.hProcess, there, &none, sizeof none, &done);
    ask(ui, list, LVM_SETITEMSTATE, (WPARAM)-1, (LPARAM)there);
    for (int i = from; i < to; i++) {
        LVITEMW on = {.state = LVIS_SELECTED | (i == from ? (UINT)LVIS_FOCUSED : 0u),
                      .stateMask = LVIS_SELECTED | LVIS_FOCUSED};
        WriteProcessMemory(ui->process.hProcess, there, &on, sizeof on, &done);
        ask(ui, list, LVM_SETITEMSTATE, (WPARAM)i, (LPARAM)there);
    }
    VirtualFreeEx(ui->process.hProcess, there, 0, MEM_RELEASE);
    int count = to - from;
    wait_for(ui, SHORT_MS, selected_count_is, &count);
}

void select_in(const Ui *ui, HWND list, int row)
{
    LVITEMW *there =
        VirtualAllocEx(ui->process.hProcess, NULL, sizeof *there, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    const LVITEMW on = {.state = LVIS_SELECTED | LVIS_FOCUSED, .stateMask = LVIS_SELECTED | LVIS_FOCUSED};
    SIZE_T done;
    WriteProcessMemory(ui->process.hProcess, there, &on, sizeof on, &done);
    ask(ui, list, LVM_SETITEMSTATE, (WPARAM)row, (LPARAM)there);
    VirtualFreeEx(ui->process.hProcess, there, 0, MEM_RELEASE);
}

void focus_list(Ui *ui)
{
    SetForegroundWindow(ui->window);
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_LIST), TRUE);
    ping(ui);
}

void key(WORD code)
{
    type(&code, 1);
}

void key_with(WORD held, WORD code)
{
    const WORD both[] = {held, code};
    type(both, 2);
}

void type_keys(const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    size_t count = wcslen(wide);
    INPUT *inputs = mem_array(2 * count + 1, sizeof *inputs);
    for (size_t i = 0; i < 2 * count; i++) {
        const DWORD up = i % 2 == 0 ? 0 : KEYEVENTF_KEYUP;
        inputs[i] = (INPUT){.type = INPUT_KEYBOARD, .ki = {.wScan = wide[i / 2], .dwFlags = KEYEVENTF_UNICODE | up}};
    }
    SendInput((UINT)(2 * count), inputs, sizeof *inputs);
    mem_free(inputs);
    mem_free(wide);
}

void type(const WORD *keys, size_t count)
{
    INPUT inputs[8] = {0};
    for (size_t i = 0; i < count; i++) {
        inputs[i] = (INPUT){.type = INPUT_KEYBOARD, .ki = {.wVk = keys[i]}};
        inputs[2 * count - 1 - i] = (INPUT){.type = INPUT_KEYBOARD, .ki = {.wVk = keys[i], .dwFlags = KEYEVENTF_KEYUP}};
    }
    SendInput((UINT)(2 * count), inputs, sizeof inputs[0]);
}

bool job_is_done(Ui *ui, const void *data)
{
    (void)data;
    return !IsWindowEnabled(item(ui, IDC_CANCEL_JOB)) && IsWindowEnabled(item(ui, IDC_REFRESH));
}

bool menu_is_there(Ui *ui, const void *data)
{
    (void)data;
    return find(ui, L"#32768") != NULL;
}

bool menu_is_gone(Ui *ui, const void *data)
{
    return !menu_is_there(ui, data);
}

typedef struct Cell {
    int row, column;
    const char *wanted;
} Cell;

static bool cell_has(Ui *ui, const void *data)
{
    const Cell *wanted = data;
    char *text = cell(ui, wanted->row, wanted->column);
    bool same = strcmp(text, wanted->wanted) == 0;
    mem_free(text);
    return same;
}

bool wait_cell(Ui *ui, int row, int column, const char *wanted)
{
    Cell looked = {row, column, wanted};
    return wait_for(ui, SHORT_MS, cell_has, &looked) || cell_is(ui, row, column, wanted);
}

char *clipboard_text(void)
{
    char *text = NULL;
    if (OpenClipboard(NULL)) {
        HANDLE data = GetClipboardData(CF_UNICODETEXT);
        const wchar_t *wide = data == NULL ? NULL : GlobalLock(data);
        text = wide == NULL ? NULL : utf8_from_wide(wide);
        if (wide != NULL) {
            GlobalUnlock(data);
        }
        CloseClipboard();
    }
    return text == NULL ? mem_strdup("") : text;
}

bool clipboard_has(Ui *ui, const void *part)
{
    (void)ui;
    char *text = clipboard_text();
    bool found = strstr(text, part) != NULL;
    mem_free(text);
    return found;
}
