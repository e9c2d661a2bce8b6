/*
 * ui_keys.c: every action of the window by keyboard alone, on a real server. From the start to the exit all input is
 * SendInput, to whatever has the focus; messages are only asked, never sent to do something. What another program does
 * (a shrink alarm, the folder's window that is closed) is done by file or to that program's window.
 *
 * The folder has four backups of the database: not verified, of yesterday, and two of years ago.
 */
#include "ui_drive.h"

#include <tlhelp32.h>

#include "store/retention.h"

enum { NAME = 0, STATUS = 4, PINNED = 6 };

/* --- keys ---------------------------------------------------------------------------------------------- */

static void alt(char letter)
{
    key_with(VK_MENU, (WORD)letter);
}

static void ctrl(char letter)
{
    key_with(VK_CONTROL, (WORD)letter);
}

/* What is in a box goes, the text comes. */
static void type_over(const char *text)
{
    key(VK_HOME);
    key_with(VK_SHIFT, VK_END);
    type_keys(text);
}

static bool choose(Ui *ui, char entry)
{
    bool there = wait_for(ui, SHORT_MS, menu_is_there, NULL);
    key((WORD)entry);
    return there && wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

/* Alt and the bar's letter, then the entry's. */
static bool menu(Ui *ui, char bar, char entry)
{
    alt(bar);
    return choose(ui, entry);
}

/* Who has closed another program's window goes on in ours, by Alt+Tab where the system has not chosen it: it chooses
 * some time after the other has gone. */
static bool our_turn(Ui *ui, const void *data)
{
    (void)data;
    DWORD process = 0;
    GetWindowThreadProcessId(GetForegroundWindow(), &process);
    if (process != ui->process.dwProcessId) {
        SetForegroundWindow(GetLastActivePopup(ui->window));
    }
    return process == ui->process.dwProcessId;
}

static bool go_to(Ui *ui, char letter, int id)
{
    wait_for(ui, SHORT_MS, our_turn, NULL);
    alt(letter);
    const bool there = wait_focus(ui, id);
    if (!there) {
        HWND front = GetForegroundWindow();
        printf("# Alt+%c: the focus is in %d; in front is %s\n", letter, GetDlgCtrlID(focus(ui)),
               front == ui->window ? "the window" : front == NULL ? "none" : "another");
        fflush(stdout);
    }
    return there;
}

/* Goes to the list and selects that row alone; what is to be done with it may be done then, because no listing runs
 * (one follows each job, and a key that comes meanwhile finds its button grey). */
static bool go_to_row(Ui *ui, int row)
{
    int one = 1;
    bool there = go_to(ui, 'V', IDC_LIST);
    key(VK_END); /* under Wine Home in the first row leaves the others selected */
    key(VK_HOME);
    for (int i = 0; i < row; i++) {
        key(VK_DOWN);
    }
    for (DWORD end = GetTickCount() + limit_ms(SHORT_MS); there && GetTickCount() < end; ping(ui)) {
        if (ask(ui, item(ui, IDC_LIST), LVM_GETNEXTITEM, (WPARAM)-1, LVNI_FOCUSED) == row) {
            return wait_for(ui, SHORT_MS, selected_count_is, &one) && wait_enabled(ui, IDC_VERIFY, SHORT_MS);
        }
    }
    return false;
}

static bool list_menu(Ui *ui, int row, char entry)
{
    bool there = go_to_row(ui, row);
    key_with(VK_SHIFT, VK_F10);
    return there && choose(ui, entry);
}

/* --- what came of them --------------------------------------------------------------------------------- */

static bool wait_done(Ui *ui)
{
    return wait_for(ui, LONG_MS, job_is_done, NULL);
}

static bool window_in_front(Ui *ui, const void *data)
{
    (void)data;
    return IsWindowEnabled(ui->window) && GetForegroundWindow() == ui->window && focus(ui) != NULL;
}

/* The box is gone, and the keys go to the window again. */
static bool box_left(Ui *ui)
{
    return wait_for(ui, SHORT_MS, box_is_gone, NULL) && wait_for(ui, SHORT_MS, window_in_front, NULL);
}

static bool question_open(Ui *ui)
{
    return wait_for(ui, SHORT_MS, question_is_there, NULL) && box_open(ui);
}

static bool escape_box(Ui *ui)
{
    bool there = box_open(ui);
    key(VK_ESCAPE);
    return there && box_left(ui);
}

typedef struct Shown {
    DWORD own;
    const char *part;
    HWND window;
} Shown;

static BOOL CALLBACK look_for_title(HWND hwnd, LPARAM data)
{
    Shown *shown = (Shown *)data;
    DWORD process = 0;
    wchar_t title[300] = L"";
    GetWindowThreadProcessId(hwnd, &process);
    GetWindowTextW(hwnd, title, 300);
    char *text = utf8_from_wide(title);
    if (process != shown->own && IsWindowVisible(hwnd) && strstr(text, shown->part) != NULL) {
        shown->window = hwnd;
    }
    mem_free(text);
    return shown->window == NULL;
}

static HWND folder_window(const Ui *ui, const char *part)
{
    Shown shown = {ui->process.dwProcessId, part, NULL};
    EnumWindows(look_for_title, (LPARAM)&shown);
    return shown.window;
}

static bool folder_is_shown(Ui *ui, const void *part)
{
    return folder_window(ui, part) != NULL;
}

static bool folder_is_closed(Ui *ui, const void *part)
{
    return folder_window(ui, part) == NULL;
}

/* The system's window of a folder: another program's, closed as its user would. */
static bool folder_opens(Ui *ui, const char *part)
{
    bool shown = wait_for(ui, SHORT_MS, folder_is_shown, part);
    PostMessageW(folder_window(ui, part), WM_CLOSE, 0, 0);
    return wait_for(ui, SHORT_MS, folder_is_closed, part) && wait_for(ui, SHORT_MS, our_turn, NULL) && shown;
}

static bool row_count_is(Ui *ui, int count)
{
    return wait_for(ui, SHORT_MS, has_rows, &count);
}

/* --- the checks ---------------------------------------------------------------------------------------- */

static void check_sign_in(Ui *ui)
{
    ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS) && wait_can(ui, IDC_SIGN_IN, SHORT_MS) &&
               wait_focus(ui, IDC_SIGNIN_NAME),
       "the cursor is where the name goes", "it is not");
    type_keys("o'neil");
    key(VK_TAB);
    ok(ui, wait_focus(ui, IDC_SIGNIN_PASSWORD), "Tab goes on to the password", "it does not");
    type_keys("it's %41");
    key(VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_for(ui, SHORT_MS, window_in_front, NULL),
       "Enter signs in", "it does not");
    wait_enabled(ui, IDC_CREATE, SHORT_MS);
}

static void check_help(Ui *ui)
{
    key(VK_F1);
    ok(ui, wait_dialog_text(ui, IDC_HELP_TEXT, "THE KEYS\r\nF1: this help\r\n", SHORT_MS), "F1 opens the help",
       "it does not");
    wait_focus(ui, IDC_HELP_TEXT);
    key(VK_F1);
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_HELP_TEXT, SHORT_MS) && box_left(ui), "Esc leaves it, and F1 in it opened no other",
       "it stays");
    menu(ui, 'H', 'H');
    ok(ui, wait_focus(ui, IDC_HELP_TEXT) && escape_box(ui), "Help, View Help opens it too", "it does not");
}

static void check_band(Ui *ui)
{
    alt('W');
    ok(ui, wait_cell(ui, 0, STATUS, "Verified") && wait_done(ui), "Alt+W presses the status band's button",
       "the newest is not verified");
}

/* Two are left of the four. */
static void check_backup(Ui *ui)
{
    ctrl('N');
    ok(ui, wait_lines(ui, "Backup successful!", 1, LONG_MS) && wait_done(ui) && row_count_is(ui, 3),
       "Ctrl+N makes a backup", "it does not");
    alt('C');
    ok(ui, wait_lines(ui, "Backup successful!", 2, LONG_MS) && wait_done(ui) && row_count_is(ui, 4),
       "Alt+C presses Create Backup Now", "it does not");
    menu(ui, 'B', 'C');
    ok(ui, wait_lines(ui, "Backup successful!", 3, LONG_MS) && wait_done(ui) && row_count_is(ui, 5),
       "Backup, Create Backup Now makes one", "it does not");
    unsigned found = count_in_log(ui, "] Found ");
    alt('R');
    ok(ui, wait_lines(ui, "] Found ", found + 1, SHORT_MS), "Alt+R presses Refresh List", "it does not");
    key(VK_F5);
    ok(ui, wait_lines(ui, "] Found ", found + 2, SHORT_MS), "F5 reads the list", "it does not");
    menu(ui, 'T', 'R');
    ok(ui, wait_lines(ui, "] Found ", found + 3, SHORT_MS), "Tools, Refresh List reads it", "it does not");
}

static bool is_proving(Ui *ui, const void *data)
{
    (void)data;
    return IsWindowEnabled(item(ui, IDC_CANCEL_JOB)) && !IsWindowEnabled(item(ui, IDC_CREATE));
}

/* A proof takes its time: to be cancelled, and to be kept from the window's end. */
static void check_prove(Ui *ui)
{
    ok(ui, go_to_row(ui, 0) && menu(ui, 'B', 'R') && wait_for(ui, SHORT_MS, is_proving, NULL),
       "Backup, Prove begins a proof", "it does not");
    key_with(VK_MENU, VK_F4);
    ok(ui, question_open(ui), "Alt+F4 asks meanwhile", "it does not");
    alt('K');
    ok(ui, box_left(ui) && IsWindow(ui->window), "Alt+K keeps it running", "it does not");
    alt('A');
    ok(ui, wait_lines(ui, "The proof was cancelled.", 1, SHORT_MS) && wait_done(ui), "Alt+A presses Cancel",
       "it goes on");
    ok(ui, list_menu(ui, 0, 'R') && wait_cell(ui, 0, STATUS, "Proven") && wait_done(ui),
       "Shift+F10, Prove proves a backup", "it does not");
}

static void report_by_menu(Ui *ui)
{
    menu(ui, 'T', 'H');
}

static void certificate_by_menu(Ui *ui)
{
    go_to_row(ui, 0);
    menu(ui, 'B', 'F');
}

static void certificate_by_list_menu(Ui *ui)
{
    list_menu(ui, 0, 'F');
}

/* The newest was proven just now. */
static void check_pages(Ui *ui)
{
    static const char written[] = "The certificate of the proof was written to ";
    char *newest = cell(ui, 0, NAME), *name = mem_printf("CMMS Backup proof %s.html", newest);
    be_the_browser();
    check_page(ui, report_by_menu, "CMMS Backup health report.html", "The health report was written to ");
    check_page(ui, certificate_by_menu, name, written);
    check_page(ui, certificate_by_list_menu, name, written);
    wait_for(ui, SHORT_MS, our_turn, NULL);
    mem_free(name);
    mem_free(newest);
}

static void check_verify(Ui *ui)
{
    ok(ui, go_to_row(ui, 1), "Alt+V goes to the list, the arrows to a row", "they do not");
    alt('Y');
    ok(ui, wait_lines(ui, "reads well to its last byte", 2, LONG_MS) && wait_done(ui), "Alt+Y presses Verify",
       "it does not");
    list_menu(ui, 1, 'V');
    ok(ui, wait_lines(ui, "reads well to its last byte", 3, LONG_MS) && wait_done(ui), "Shift+F10, Verify verifies",
       "it does not");
    go_to_row(ui, 1);
    menu(ui, 'B', 'V');
    ok(ui, wait_lines(ui, "reads well to its last byte", 4, LONG_MS) && wait_done(ui), "Backup, Verify verifies",
       "it does not");
}

typedef struct Part {
    char letter;
    int id;
} Part;

/* In the dialog that has the focus. */
static void check_parts(Ui *ui, const char *where, const Part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *name = mem_printf("%s: Alt+%c goes to control %d", where, parts[i].letter, parts[i].id);
        ok(ui, go_to(ui, parts[i].letter, parts[i].id), name, "it does not");
        mem_free(name);
    }
}

#define CHECK_PARTS(ui, where, parts) check_parts(ui, where, parts, sizeof parts / sizeof *parts)

static bool details_open(Ui *ui)
{
    return wait_can(ui, IDC_COPY_DETAILS, SHORT_MS) && box_open(ui);
}

static void check_details(Ui *ui)
{
    static const Part parts[] = {{'F', IDC_FACTS}, {'W', IDC_FACT_TEXT}, {'T', IDC_TABLES}};
    go_to_row(ui, 0);
    key(VK_RETURN);
    ok(ui, details_open(ui), "Enter shows the details", "it does not");
    CHECK_PARTS(ui, "details", parts);
    alt('F');
    wait_focus(ui, IDC_FACTS);
    key(VK_HOME);
    key(VK_DOWN);
    ok(ui, wait_dialog_text(ui, IDC_FACT_TEXT, " MB (", SHORT_MS), "the arrows tell another fact", "they do not");
    alt('C');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "SHA-256\t"), "Alt+C copies them", "it does not");
    ok(ui, escape_box(ui), "Esc leaves them", "they stay");
    alt('D');
    ok(ui, details_open(ui), "Alt+D presses View Backup Details", "it does not");
    key(VK_RETURN);
    ok(ui, box_left(ui), "Enter presses Close", "it does not");
    go_to_row(ui, 0);
    menu(ui, 'B', 'D');
    ok(ui, details_open(ui) && escape_box(ui), "Backup, View Backup Details shows them", "it does not");
    list_menu(ui, 0, 'D');
    ok(ui, details_open(ui) && escape_box(ui), "Shift+F10, View Details shows them", "it does not");
}

/* In the system's dialog the cursor is where the folder goes. */
static void choose_folder(Ui *ui, const char *folder)
{
    box_open(ui);
    type_over(folder);
    key(VK_RETURN);
}

static void check_export(Ui *ui)
{
    Error err = ERROR_INIT;
    char *target = mem_printf("%s\\..\\exported", ui->folder);
    fs_make_dirs(target, &err);
    go_to_row(ui, 0);
    alt('E');
    choose_folder(ui, target);
    ok(ui, wait_lines(ui, "Exported: ", 1, LONG_MS) && wait_done(ui), "Alt+E presses Export Selected Backup",
       "it does not");
    go_to_row(ui, 0);
    ctrl('E');
    choose_folder(ui, target);
    ok(ui, question_open(ui), "Ctrl+E exports; what is there is asked about", "there is no question");
    alt('C');
    ok(ui, box_left(ui) && count_in_log(ui, "Exported: ") == 1, "Alt+C does not replace it", "it does");
    list_menu(ui, 0, 'E');
    choose_folder(ui, target);
    question_open(ui);
    alt('R');
    ok(ui, wait_lines(ui, "Exported: ", 2, LONG_MS) && wait_done(ui), "Shift+F10, Export, Alt+R replaces it",
       "it does not");
    go_to_row(ui, 0);
    menu(ui, 'B', 'E');
    ok(ui, escape_box(ui), "Backup, Export asks for a folder; Esc leaves it", "it does not");
    error_clear(&err);
    mem_free(target);
}

static void check_pins(Ui *ui)
{
    list_menu(ui, 2, 'P');
    ok(ui, wait_cell(ui, 2, PINNED, "Pinned") && wait_done(ui), "Shift+F10, Pin pins", "it does not");
    list_menu(ui, 2, 'U');
    ok(ui, wait_cell(ui, 2, PINNED, "") && wait_done(ui), "Shift+F10, Unpin unpins", "it does not");
    go_to_row(ui, 2);
    menu(ui, 'B', 'P');
    ok(ui, wait_cell(ui, 2, PINNED, "Pinned") && wait_done(ui), "Backup, Pin pins", "it does not");
    go_to_row(ui, 2);
    menu(ui, 'B', 'U');
    ok(ui, wait_cell(ui, 2, PINNED, "") && wait_done(ui), "Backup, Unpin unpins", "it does not");
}

static void check_paths(Ui *ui)
{
    int all = rows(ui);
    char *name = cell(ui, 0, NAME);
    list_menu(ui, 0, 'C');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, name), "Shift+F10, Copy Path copies it", "it does not");
    list_menu(ui, 0, 'A');
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &all), "Shift+F10, Select All selects all", "it does not");
    ctrl('C');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, ".backup\r\n"), "Ctrl+C copies all paths", "it does not");
    go_to_row(ui, 1);
    ctrl('A');
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &all), "Ctrl+A selects all", "it does not");
    go_to_row(ui, 0);
    menu(ui, 'B', 'O');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, name), "Backup, Copy Path copies it", "it does not");
    menu(ui, 'B', 'A');
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &all), "Backup, Select All selects all", "it does not");
    mem_free(name);
}

static void check_folders(Ui *ui)
{
    const char *name = strrchr(ui->folder, '\\') + 1;
    ok(ui, go_to(ui, 'L', IDC_LOCATION), "Alt+L goes to the folder's link", "it does not");
    key(VK_RETURN);
    ok(ui, folder_opens(ui, name), "Enter on it shows the folder", "it does not");
    menu(ui, 'T', 'O');
    ok(ui, folder_opens(ui, name), "Tools, Open Backup Folder shows it", "it does not");
    list_menu(ui, 0, 'S');
    ok(ui, folder_opens(ui, name), "Shift+F10, Show in Folder shows it", "it does not");
    go_to_row(ui, 0);
    menu(ui, 'B', 'S');
    ok(ui, folder_opens(ui, name), "Backup, Show in Folder shows it", "it does not");
}

static void check_delete(Ui *ui)
{
    int before = rows(ui);
    go_to_row(ui, 2);
    key(VK_DELETE);
    ok(ui, question_open(ui), "Del asks", "there is no question");
    key(VK_RETURN);
    ok(ui, box_left(ui) && rows(ui) == before, "Enter keeps the backup", "it is gone");
    go_to_row(ui, 2);
    alt('S');
    question_open(ui);
    alt('D');
    ok(ui, row_count_is(ui, before - 1) && wait_done(ui), "Alt+S presses Delete Selected; Alt+D deletes",
       "it does not");
    list_menu(ui, 2, 'L');
    ok(ui, question_open(ui) && escape_box(ui) && rows(ui) == before - 1, "Shift+F10, Delete asks; Esc keeps it",
       "it does not");
    go_to_row(ui, 2);
    menu(ui, 'B', 'L');
    ok(ui, question_open(ui), "Backup, Delete asks", "it does not");
    alt('K');
    ok(ui, box_left(ui) && rows(ui) == before - 1, "Alt+K keeps it", "it does not");
}

static bool cleanup_open(Ui *ui)
{
    return wait_can(ui, IDC_CLEANUP_LIST, SHORT_MS) && box_open(ui);
}

/* The two of years ago. */
static void check_cleanup(Ui *ui)
{
    int before = rows(ui);
    alt('U');
    ok(ui, cleanup_open(ui) && go_to(ui, 'L', IDC_CLEANUP_LIST),
       "Alt+U presses Cleanup Old Backups; Alt+L goes to the list", "it does not");
    ok(ui, escape_box(ui) && rows(ui) == before, "Esc removes nothing", "it does");
    wait_done(ui);
    menu(ui, 'T', 'U');
    cleanup_open(ui);
    alt('R');
    ok(ui, row_count_is(ui, before - 2) && wait_done(ui), "Tools, Cleanup, Alt+R removes them", "it does not");
    box_left(ui);
}

static void check_alarm(Ui *ui)
{
    static const char alarm[] = "{\"reason\": \"table parts lost 96 % of its rows (12410 before, 400 now)\"}";
    char *path = fs_join(ui->folder, RETENTION_FROZEN_FILE);
    fs_write_atomic(path, alarm, sizeof alarm - 1, NULL);
    mem_free(path);
    wait_text(ui, IDC_STATUS, "Look at this: ", SHORT_MS);
    alt('W');
    ok(ui, question_open(ui), "Alt+W shows the shrink alarm", "it does not");
    alt('N');
    ok(ui, box_left(ui) && count_in_log(ui, "Clean-ups are allowed again.") == 0, "Alt+N leaves it", "it does not");
    alt('W');
    question_open(ui);
    alt('Y');
    ok(ui, wait_lines(ui, "Clean-ups are allowed again.", 1, SHORT_MS) && wait_done(ui) && box_left(ui),
       "Alt+Y ends it", "it does not");
}

static void check_freeze(Ui *ui)
{
    menu(ui, 'T', 'T');
    ok(ui, question_open(ui), "Tools, Stop Clean-ups asks", "it does not");
    alt('S');
    ok(ui, wait_lines(ui, "Clean-ups are stopped.", 1, SHORT_MS) && wait_done(ui) && box_left(ui), "Alt+S stops them",
       "it does not");
    menu(ui, 'T', 'T');
    question_open(ui);
    alt('A');
    ok(ui, wait_lines(ui, "Clean-ups are allowed again.", 2, SHORT_MS) && wait_done(ui) && box_left(ui),
       "once more, and Alt+A allows them", "it does not");
}

static void check_config(Ui *ui)
{
    ok(ui, go_to(ui, 'N', IDC_RETENTION), "Alt+N goes to Retention", "it does not");
    type_over("44");
    ok(ui, go_to(ui, 'M', IDC_MAXIMUM), "Alt+M goes to Maximum backups", "it does not");
    type_over("20");
    ok(ui, go_to(ui, 'F', IDC_VERIFY_AFTER) && go_to(ui, 'P', IDC_COMPRESS), "Alt+F and Alt+P tick", "they do not");
    alt('O');
    ok(ui,
       wait_lines(ui, "Configuration saved: retention 44 days, at most 20 backups, not verified after a backup, not "
                      "compressed", 1, SHORT_MS),
       "Alt+O presses Save Config", "it does not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    go_to(ui, 'F', IDC_VERIFY_AFTER);
    key(VK_SPACE);
    go_to(ui, 'P', IDC_COMPRESS);
    key(VK_SPACE);
    key(VK_RETURN);
    ok(ui, wait_lines(ui, "not verified after a backup, not compressed", 2, SHORT_MS), "Space ticks, Enter saves",
       "they do not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
}

static void check_log(Ui *ui)
{
    char *path = mem_printf("%s\\..\\saved log.txt", ui->folder);
    ok(ui, go_to(ui, 'G', IDC_LOG), "Alt+G goes to the log", "it does not");
    ctrl('A');
    ctrl('C');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "] Found "), "Ctrl+A, Ctrl+C copy it", "they do not");
    key_with(VK_SHIFT, VK_F10);
    ok(ui, choose(ui, 'A'), "Shift+F10, Select All", "there is no menu");
    key_with(VK_SHIFT, VK_F10);
    choose(ui, 'C');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "Backup successful!"), "Shift+F10, Copy copies it", "it does not");
    key_with(VK_SHIFT, VK_F10);
    choose(ui, 'S');
    box_open(ui);
    type_over(path);
    key(VK_RETURN);
    ok(ui, wait_lines(ui, "The log was saved as ", 1, SHORT_MS) && box_left(ui) && fs_exists(path),
       "Shift+F10, Save As saves it", "it does not");
    menu(ui, 'T', 'G');
    ok(ui, escape_box(ui), "Tools, Save Log As asks for a name; Esc leaves it", "it does not");
    mem_free(path);
}

static bool sorted_by(Ui *ui, const void *column)
{
    HWND header = (HWND)ask(ui, item(ui, IDC_LIST), LVM_GETHEADER, 0, 0);
    HDITEMW look = {.mask = HDI_FORMAT};
    HDITEMW *there =
        VirtualAllocEx(ui->process.hProcess, NULL, sizeof *there, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    SIZE_T done;
    WriteProcessMemory(ui->process.hProcess, there, &look, sizeof look, &done);
    ask(ui, header, HDM_GETITEMW, (WPARAM) * (const int *)column, (LPARAM)there);
    ReadProcessMemory(ui->process.hProcess, there, &look, sizeof look, &done);
    VirtualFreeEx(ui->process.hProcess, there, 0, MEM_RELEASE);
    return (look.fmt & (HDF_SORTUP | HDF_SORTDOWN)) != 0;
}

static bool chart_is_hidden(Ui *ui, const void *data)
{
    (void)data;
    return !IsWindowVisible(item(ui, IDC_CHART));
}

static bool chart_is_shown(Ui *ui, const void *data)
{
    return !chart_is_hidden(ui, data);
}

static void check_view(Ui *ui)
{
    static const char entries[] = "NSCATOPR"; /* as in the menu */
    for (int i = 0; i < 8; i++) {
        int column = (i + 1) % 8; /* each is another than the one before */
        ctrl((char)('1' + column));
        char *name = mem_printf("Ctrl+%d sorts by column %d", column + 1, column);
        ok(ui, wait_for(ui, SHORT_MS, sorted_by, &column), name, "it does not");
        mem_free(name);
    }
    for (int i = 0; i < 8; i++) {
        int column = (i + 1) % 8;
        menu(ui, 'I', entries[column]);
        char *name = mem_printf("View, %c sorts by column %d", entries[column], column);
        ok(ui, wait_for(ui, SHORT_MS, sorted_by, &column), name, "it does not");
        mem_free(name);
    }
    int created = 2;
    ctrl('3');
    wait_for(ui, SHORT_MS, sorted_by, &created);
    menu(ui, 'I', 'H');
    ok(ui, wait_for(ui, SHORT_MS, chart_is_hidden, NULL), "View, Show Chart hides it", "it does not");
    menu(ui, 'I', 'H');
    ok(ui, wait_for(ui, SHORT_MS, chart_is_shown, NULL), "and shows it again", "it does not");
}

static void check_dialogs(Ui *ui)
{
    static const struct {
        char letter;
        int id;
        const char *value;
    } settings[] = {{'L', IDC_SET_LOCK, "20"}, {'B', IDC_SET_STALL, "12"}, {'K', IDC_SET_MONTHLY, "3"},
                    {'A', IDC_SET_SHRINK, "25"}};
    menu(ui, 'T', 'S');
    wait_can(ui, IDC_SET_SAVE, SHORT_MS);
    box_open(ui);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char *name = mem_printf("in the settings Alt+%c goes to control %d", settings[i].letter, settings[i].id);
        ok(ui, go_to(ui, settings[i].letter, settings[i].id), name, "it does not");
        type_over(settings[i].value);
        mem_free(name);
    }
    alt('S');
    ok(ui, wait_lines(ui, "The settings were saved.", 1, SHORT_MS) && box_left(ui), "Alt+S saves them", "it does not");
    menu(ui, 'T', 'S');
    wait_can(ui, IDC_SET_SAVE, SHORT_MS);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char *name = mem_printf("control %d has what was typed", settings[i].id);
        ok(ui, wait_dialog_text(ui, settings[i].id, settings[i].value, SHORT_MS), name, "it has not");
        mem_free(name);
    }
    ok(ui, escape_box(ui), "Esc leaves the settings", "they stay");
    menu(ui, 'H', 'A');
    ok(ui, wait_dialog_text(ui, IDC_ABOUT_TEXT, "pg_dump 18", SHORT_MS), "Help, About shows what it is made of",
       "it does not");
    ok(ui, go_to(ui, 'L', IDC_ABOUT_LINK), "Alt+L goes to the licences' link", "it does not");
    key(VK_RETURN);
    ok(ui, folder_opens(ui, "licenses"), "Enter shows them", "it does not");
    ok(ui, escape_box(ui), "Esc leaves it", "it stays");
    menu(ui, 'T', 'C');
    ok(ui, wait_can(ui, IDC_CONN_STRING, SHORT_MS) && escape_box(ui), "Tools, Connection opens it; Esc leaves it",
       "it does not");
    menu(ui, 'T', 'L');
    ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS) && wait_can(ui, IDC_SIGN_IN, SHORT_MS) &&
               wait_focus(ui, IDC_SIGNIN_PASSWORD),
       "Tools, Lock locks", "it does not");
    key(VK_F1);
    ok(ui, wait_focus(ui, IDC_HELP_TEXT), "F1 opens the help also there", "it does not");
    key(VK_ESCAPE);
    wait_dialog_gone(ui, IDC_HELP_TEXT, SHORT_MS);
    wait_focus(ui, IDC_SIGNIN_PASSWORD);
    type_keys("it's %41");
    alt('S');
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && box_left(ui), "Alt+S presses Sign In", "it does not");
}

static bool is_ticked(Ui *ui, const void *id)
{
    const int box = *(const int *)id;
    return ask(ui, GetDlgItem(dialog_with(ui, box), box), BM_GETCHECK, 0, 0) == BST_CHECKED;
}

static bool is_unticked(Ui *ui, const void *id)
{
    return !is_ticked(ui, id);
}

/* And the same again puts the tick back. */
static void check_ticks(Ui *ui, const char *where, const Part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *name = mem_printf("%s: Alt+%c ticks control %d", where, parts[i].letter, parts[i].id);
        const bool before = is_ticked(ui, &parts[i].id);
        alt(parts[i].letter);
        const bool there = wait_for(ui, SHORT_MS, before ? is_unticked : is_ticked, &parts[i].id);
        alt(parts[i].letter);
        ok(ui, there && wait_for(ui, SHORT_MS, before ? is_ticked : is_unticked, &parts[i].id), name, "it does not");
        mem_free(name);
    }
}

#define CHECK_TICKS(ui, where, parts) check_ticks(ui, where, parts, sizeof parts / sizeof *parts)

static void check_unattended(Ui *ui)
{
    static const Part boxes[] = {{'B', IDC_WAIT_BATTERY}, {'Q', IDC_WAIT_QUIET}, {'D', IDC_WAIT_DAYS},
                                 {'R', IDC_WAIT_RECHECK}, {'V', IDC_WAIT_PROVE}, {'H', IDC_WAIT_CHECK}};
    static const Part ticks[] = {{'P', IDC_WAIT_ON_BATTERY}, {'M', IDC_WAIT_ON_METERED}};
    const unsigned saved = count_in_log(ui, "The settings were saved.");
    menu(ui, 'T', 'W');
    ok(ui, wait_can(ui, IDC_WAIT_SAVE, SHORT_MS) && box_open(ui), "Tools, Waiting and Checks opens", "it does not");
    CHECK_PARTS(ui, "waiting and checks", boxes);
    CHECK_TICKS(ui, "waiting and checks", ticks);
    go_to(ui, 'B', IDC_WAIT_BATTERY);
    type_over("15");
    alt('S');
    ok(ui, wait_lines(ui, "The settings were saved.", saved + 1, SHORT_MS) && box_left(ui), "Alt+S saves them",
       "it does not");
}

/* The system's dialog for a file's name, over the one that has the control; Esc leaves it. */
static void check_file_dialog(Ui *ui, char letter, int id)
{
    HWND dialog = dialog_with(ui, id);
    alt(letter);
    const bool there = wait_for(ui, SHORT_MS, other_in_front, &dialog);
    key(VK_ESCAPE);
    ok(ui, wait_focus(ui, id) && there, "its button's letter asks for a file, and Esc leaves that", "it does not");
}

static void check_encryption(Ui *ui)
{
    static const Part always[] = {{'W', IDC_ENC_WARNING}, {'H', IDC_ENC_HOW}};
    static const Part pair[] = {{'K', IDC_ENC_FILE}, {'R', IDC_ENC_CARD}, {'T', IDC_ENC_TYPED}, {'H', IDC_ENC_HOW}};
    static const Part given[] = {{'P', IDC_ENC_PUBLIC}, {'H', IDC_ENC_HOW}};
    static const Part passphrase[] = {{'A', IDC_ENC_PASSPHRASE}, {'M', IDC_ENC_AGAIN}};
    menu(ui, 'T', 'E');
    ok(ui, wait_can(ui, IDC_ENC_HOW, SHORT_MS) && box_open(ui), "Tools, Encryption of Copies opens", "it does not");
    CHECK_PARTS(ui, "encryption", always);
    key(VK_DOWN);
    wait_can(ui, IDC_ENC_FILE, SHORT_MS);
    check_ticks(ui, "encryption", &(const Part){'E', IDC_ENC_KEEP}, 1);
    CHECK_PARTS(ui, "a key pair", pair);
    check_file_dialog(ui, 'C', IDC_ENC_CHOOSE);
    check_file_dialog(ui, 'O', IDC_ENC_CHOOSE_CARD);
    alt('S');
    ok(ui, wait_dialog_text(ui, IDC_ENC_PROBLEM, "The private key has no place to go to", SHORT_MS),
       "Alt+S would set it up", "it does not");
    go_to(ui, 'H', IDC_ENC_HOW);
    key(VK_DOWN);
    wait_can(ui, IDC_ENC_PUBLIC, SHORT_MS);
    CHECK_PARTS(ui, "a public key", given);
    key(VK_DOWN);
    wait_can(ui, IDC_ENC_PASSPHRASE, SHORT_MS);
    CHECK_PARTS(ui, "a passphrase", passphrase);
    ok(ui, escape_box(ui), "Esc leaves it, and nothing is set up", "it stays");
}

/* What check_dialogs has not gone to. (How the connection is encrypted is given here on the command line.) */
static void check_settings(Ui *ui)
{
    static const Part ticks[] = {{'Y', IDC_SET_UPLOAD}, {'W', IDC_SET_AUTOSTART}, {'C', IDC_SET_KEEP},
                                 {'T', IDC_SET_TELL}};
    static const Part notices[] = {
        {'P', IDC_NOTIFY_PING}, {'W', IDC_NOTIFY_WEBHOOK},  {'E', IDC_NOTIFY_TEAMS}, {'V', IDC_NOTIFY_SERVER},
        {'U', IDC_NOTIFY_USER}, {'R', IDC_NOTIFY_PASSWORD}, {'F', IDC_NOTIFY_FROM},  {'O', IDC_NOTIFY_TO},
        {'M', IDC_NOTIFY_GRAPH}};
    menu(ui, 'T', 'S');
    wait_can(ui, IDC_SET_SAVE, SHORT_MS);
    box_open(ui);
    CHECK_TICKS(ui, "settings", ticks);
    alt('N');
    ok(ui, wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS) && wait_focus(ui, IDC_NOTIFY_PING),
       "Alt+N opens Notices elsewhere, the cursor is in the first box", "it does not");
    CHECK_PARTS(ui, "notices elsewhere", notices);
    check_ticks(ui, "notices elsewhere", &(const Part){'A', IDC_NOTIFY_TELL}, 1);
    go_to(ui, 'P', IDC_NOTIFY_PING);
    type_keys("http://127.0.0.1:1/5ec4e7");
    alt('1');
    ok(ui, wait_dialog_text(ui, IDC_NOTIFY_NOTE, "Nothing answers at 127.0.0.1", SHORT_MS) &&
               wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS),
       "Alt+1 tests the address", "it does not");
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_NOTIFY_SAVE, SHORT_MS) && wait_can(ui, IDC_SET_NOTIFY, SHORT_MS),
       "Esc leaves them", "they stay");
    ok(ui, escape_box(ui), "and Esc the settings", "they stay");
}

static int thread_count(const Ui *ui)
{
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 thread = {.dwSize = sizeof thread};
    int count = 0;
    for (BOOL more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread)) {
        count += thread.th32OwnerProcessID == ui->process.dwProcessId;
    }
    CloseHandle(all);
    return count;
}

static bool threads_are(Ui *ui, const void *most)
{
    return thread_count(ui) <= *(const int *)most;
}

/* The assistant once more, to its end: the folder is watched anew. */
static void connect_again(Ui *ui)
{
    unsigned saved = count_in_log(ui, "The connection was saved.");
    unsigned found = count_in_log(ui, "Found ");
    const int count = rows(ui);
    menu(ui, 'T', 'C');
    wait_can(ui, IDC_CONN_STRING, SHORT_MS);
    box_open(ui);
    key(VK_RETURN);
    wait_focus(ui, IDC_NEXT);
    key(VK_RETURN);
    wait_focus(ui, IDC_FOLDER);
    key(VK_RETURN);
    ok(ui, wait_lines(ui, "The connection was saved.", saved + 1, LONG_MS) && box_left(ui),
       "Tools, Connection and Enter on every page saves it", "it does not");
    ok(ui, wait_lines(ui, "Found ", found + 1, SHORT_MS) && rows(ui) == count, "the folder stays", "it is another");
}

static void check_connection(Ui *ui)
{
    connect_again(ui);
    int before = thread_count(ui);
    connect_again(ui);
    connect_again(ui);
    bool same = wait_for(ui, SHORT_MS, threads_are, &before);
    char *why = mem_printf("there were %d and are %d", before, thread_count(ui));
    ok(ui, same, "saved again and again it leaves no thread behind", why);
    mem_free(why);
}

/* The first start, for who only wants to look. */
void scenario_sample(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui) || !wait_can(ui, IDC_SAMPLE, SHORT_MS) || !box_open(ui)) {
        return;
    }
    alt('T');
    ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "Alt+T tries it with a sample database", "it does not");
    char *title = text_of(ui, ui->window);
    ok(ui, strstr(title, " - sample database, signed in as ") != NULL, "its manager is signed in", title);
    mem_free(title);
    ctrl('N');
    ok(ui, wait_lines(ui, "Backup successful!", 1, LONG_MS) && wait_done(ui), "Ctrl+N backs it up", "it does not");
    key_with(VK_MENU, VK_F4);
    check_exit(ui, 0, "Alt+F4 ends the program");
}

void scenario_keys(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui)) {
        return;
    }
    check_sign_in(ui);
    if (!ok(ui, rows(ui) == 4, "there are four backups", "there are not")) {
        return;
    }
    check_help(ui);
    check_band(ui);
    check_cleanup(ui);
    check_backup(ui);
    check_prove(ui);
    check_pages(ui);
    check_verify(ui);
    check_details(ui);
    check_export(ui);
    check_pins(ui);
    check_paths(ui);
    check_folders(ui);
    check_delete(ui);
    check_alarm(ui);
    check_freeze(ui);
    check_config(ui);
    check_log(ui);
    check_view(ui);
    check_dialogs(ui);
    check_unattended(ui);
    check_encryption(ui);
    check_settings(ui);
    check_connection(ui);
    menu(ui, 'B', 'X');
    check_exit(ui, 0, "Backup, Exit ends the program");
}
