/*
 * ui_schedule.c: the schedule in the window. `schedule`: its boxes, Save Config, the icon beside the clock and how the
 * program starts and stays, without a database. `schedule-run`: on a real server the window runs the slot that is due
 * itself, registers the task and takes it away, and is paused. `schedule-failed`: hidden, a slot fails.
 * `schedule-told`: the task's own run fails, with no window there, and leaves an icon. `schedule-ended`: the session
 * ends in the middle of such a run. What lies in the folder and in
 * Task Scheduler meanwhile test_dialogs.py makes and looks at (`outside`).
 */
#include "ui_drive.h"

#include <shellapi.h>

#include "version.h"

#define WM_APP_TRAY (WM_APP + 5) /* main_private.h */
#define TELLER L"CmmsBackupTeller" /* teller.h, these */
#define WM_TELLER_TRAY (WM_APP + 1)
#define TIMER_TELLER_END 1
#define RUN_CLASS L"CmmsBackupRun" /* session_watch.h */
#define RUN_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Run"

enum { OFF, DAILY, WEEKLY, MONTHLY };

static bool is_shown(Ui *ui, const void *id)
{
    return IsWindowVisible(item(ui, *(const int *)id)) != 0;
}

static bool is_hidden(Ui *ui, const void *id)
{
    return !is_shown(ui, id);
}

static bool wait_shown(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, is_shown, &id);
}

static bool wait_hidden(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, is_hidden, &id);
}

static int chosen(const Ui *ui, int list)
{
    return (int)ask(ui, item(ui, list), CB_GETCURSEL, 0, 0);
}

typedef struct Choice {
    int list, index;
} Choice;

static bool is_chosen(Ui *ui, const void *data)
{
    const Choice *choice = data;
    return chosen(ui, choice->list) == choice->index;
}

/* As its list tells it. */
static void choose(Ui *ui, int list, int index)
{
    HWND control = item(ui, list);
    ask(ui, control, CB_SETCURSEL, (WPARAM)index, 0);
    ask(ui, ui->window, WM_COMMAND, MAKEWPARAM(list, CBN_SELCHANGE), (LPARAM)control);
}

static bool is_ticked(const Ui *ui, int id)
{
    return ask(ui, item(ui, id), BM_GETCHECK, 0, 0) == BST_CHECKED;
}

static void set_text(Ui *ui, int id, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    ask(ui, item(ui, id), WM_SETTEXT, 0, (LPARAM)wide);
    mem_free(wide);
}

/* Saved, and what the log says of the schedule. */
static void save(Ui *ui, const char *schedule, const char *name)
{
    char *line = mem_printf(", schedule %s", schedule);
    const unsigned before = count_in_log(ui, line);
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, wait_lines(ui, line, before + 1, SHORT_MS), name, "the log does not say so");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    mem_free(line);
}

static bool file_has(const Ui *ui, const char *name, const char *part)
{
    char *path = fs_join(ui->folder, name);
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    const bool has = fs_read_all(path, STRBUF_LINE, &text, NULL) && strstr(text.buf, part) != NULL;
    strbuf_release(&text);
    mem_free(path);
    return has;
}

static bool config_has(const Ui *ui, const char *part)
{
    return file_has(ui, "backup_config.json", part);
}

static void write_config(const Ui *ui, const char *text)
{
    char *path = fs_join(ui->folder, "backup_config.json");
    fs_write_atomic(path, text, strlen(text), NULL);
    mem_free(path);
}

/* --- the boxes ------------------------------------------------------------------------------------------- */

static void check_weekly(Ui *ui)
{
    ok(ui, chosen(ui, IDC_SCHEDULE) == DAILY && has_text(ui, IDC_SCHEDULE_TIMES, "02:00"),
       "at first it is daily at 02:00", "it is not");
    ok(ui, wait_hidden(ui, IDC_SCHEDULE_MON) && wait_hidden(ui, IDC_SCHEDULE_DAY), "and has no days", "it has");
    choose(ui, IDC_SCHEDULE, WEEKLY);
    ok(ui, wait_shown(ui, IDC_SCHEDULE_MON) && wait_shown(ui, IDC_SCHEDULE_SUN) && wait_hidden(ui, IDC_SCHEDULE_DAY),
       "weekly has the days of a week", "it has not");
    ok(ui, is_ticked(ui, IDC_SCHEDULE_MON) && !is_ticked(ui, IDC_SCHEDULE_THU), "of which Monday is ticked",
       "it is not");
    picture(ui, "schedule-weekly");
    click(ui, IDC_SCHEDULE_THU);
    ping(ui);
    set_text(ui, IDC_SCHEDULE_TIMES, " 2:00 ,12:00");
    save(ui, "weekly on Mon and Thu at 02:00 and 12:00", "it is saved with its days and times");
    ok(ui, config_has(ui, "\"weekdays\": \"mon,thu\"") && config_has(ui, "\"backup_time\": \"02:00\"") &&
               config_has(ui, "\"more_times\": \"12:00\"") && config_has(ui, "\"schedule\": \"weekly\""),
       "the file has them", "it has not");
    ok(ui, wait_text(ui, IDC_SCHEDULE_TIMES, "02:00, 12:00", SHORT_MS), "the box has them as they are kept",
       "it has not");
    ok(ui, count_in_log(ui, "The schedule begins when a database is saved") == 1,
       "without a database it is said that nothing can begin", "it is not");
    ok(ui, file_has(ui, "schedule_ledger.json", "\"since\""), "the ledger begins", "it does not");
}

static void refused(Ui *ui, const char *message, const char *name)
{
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, answer_box(ui, IDCLOSE) && count_in_log(ui, message) == 1, name, "it is not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
}

static void check_nonsense(Ui *ui)
{
    click(ui, IDC_SCHEDULE_MON);
    click(ui, IDC_SCHEDULE_THU);
    ping(ui);
    refused(ui, "\"Days\" must be days such as mon,thu", "a week without a day is refused in one sentence");
    click(ui, IDC_SCHEDULE_FRI);
    ping(ui);
    set_text(ui, IDC_SCHEDULE_TIMES, "25:00");
    refused(ui, "\"Times\" must be a time of day from 00:00 to 23:59", "so is a time that there is not");
    set_text(ui, IDC_SCHEDULE_TIMES, "01:00, noon");
    refused(ui, "\"Times\" must be at most 11 times of day such as 12:00,18:30", "and one among others");
    ok(ui, config_has(ui, "\"weekdays\": \"mon,thu\""), "the file stays", "it does not");
}

static void check_monthly_and_off(Ui *ui)
{
    choose(ui, IDC_SCHEDULE, MONTHLY);
    ok(ui, wait_shown(ui, IDC_SCHEDULE_DAY) && wait_hidden(ui, IDC_SCHEDULE_MON), "monthly has the days of a month",
       "it has not");
    ok(ui, chosen(ui, IDC_SCHEDULE_DAY) == 1, "of which the first is chosen", "it is not");
    picture(ui, "schedule-monthly");
    choose(ui, IDC_SCHEDULE_DAY, 0);
    set_text(ui, IDC_SCHEDULE_TIMES, "02:00");
    save(ui, "monthly on the last day at 02:00", "it is saved with its day");
    ok(ui, config_has(ui, "\"month_day\": 0"), "the file has it", "it has not");
    choose(ui, IDC_SCHEDULE, OFF);
    int times = IDC_SCHEDULE_TIMES;
    ok(ui, wait_for(ui, SHORT_MS, is_disabled, &times) && wait_hidden(ui, IDC_SCHEDULE_DAY), "off has nothing more",
       "it has");
    save(ui, "off", "it can be switched off");
    ok(ui, config_has(ui, "\"enabled\": false"), "the file has it", "it has not");
}

static void check_other_hand(Ui *ui)
{
    const Choice daily = {IDC_SCHEDULE, DAILY};
    write_config(ui, "{\"enabled\": true, \"schedule\": \"daily\", \"backup_time\": \"03:30\"}");
    ok(ui, wait_text(ui, IDC_SCHEDULE_TIMES, "03:30", SHORT_MS) && wait_for(ui, SHORT_MS, is_chosen, &daily),
       "what another hand has set is shown by itself", "it is not");
    set_text(ui, IDC_SCHEDULE_TIMES, "04:00");
    write_config(ui, "{\"retention_days\": 12, \"backup_time\": \"03:45\"}");
    ok(ui, wait_text(ui, IDC_RETENTION, "12", SHORT_MS) && has_text(ui, IDC_SCHEDULE_TIMES, "04:00"),
       "but not over what is being entered", "it is");
    save(ui, "daily at 04:00", "which can be saved then");
}

static void check_keyboard(Ui *ui)
{
    SetForegroundWindow(ui->window);
    focus_list(ui);
    key_with(VK_MENU, 'T');
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    key('D');
    ok(ui, wait_focus(ui, IDC_SCHEDULE), "Tools, Schedule goes to it", "it does not");
    key(VK_DOWN);
    ok(ui, wait_shown(ui, IDC_SCHEDULE_MON), "the arrows choose another", "they do not");
    key(VK_TAB);
    ok(ui, wait_focus(ui, IDC_SCHEDULE_MON), "Tab goes on to the days", "it does not");
    key(VK_TAB);
    wait_focus(ui, IDC_SCHEDULE_TUE);
    key(VK_SPACE);
    key(VK_RETURN);
    ok(ui, wait_lines(ui, ", schedule weekly on Mon and Tue at 04:00", 1, SHORT_MS), "Space ticks, Enter saves",
       "they do not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
}

/* --- beside the clock ------------------------------------------------------------------------------------ */

static void check_taskbar(Ui *ui)
{
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, ""), "the icon is beside the clock", "it is not");
    ask(ui, ui->window, RegisterWindowMessageW(L"TaskbarCreated"), 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, ""), "when the taskbar starts anew it is put there again", "it is not");
    PostMessageW(ui->window, WM_APP_TRAY, MAKEWPARAM(20, 20), WM_CONTEXTMENU);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "it has a menu", "there is none");
    key('P');
    picture(ui, "tray-menu");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
    send_command(ui, IDM_PAUSE_HOUR);
    ping(ui);
    ok(ui, !file_has(ui, "schedule_ledger.json", "paused_until"), "where no slot is run none is paused", "it is");
}

char *autostart_command(void)
{
    wchar_t value[1000] = L"", *name = wide_from_utf8(CMMS_AUTOSTART_NAME);
    DWORD size = sizeof value;
    const LSTATUS status = RegGetValueW(HKEY_CURRENT_USER, RUN_KEY, name, RRF_RT_REG_SZ, NULL, value, &size);
    mem_free(name);
    return status == ERROR_SUCCESS ? utf8_from_wide(value) : mem_strdup("");
}

void forget_autostart(void)
{
    wchar_t *name = wide_from_utf8(CMMS_AUTOSTART_NAME);
    RegDeleteKeyValueW(HKEY_CURRENT_USER, RUN_KEY, name);
    mem_free(name);
}

static void set_manners(Ui *ui, const char *name)
{
    const unsigned before = count_in_log(ui, "The settings were saved.");
    send_command(ui, IDM_SETTINGS);
    wait_can(ui, IDC_SET_SAVE, SHORT_MS);
    click_in(ui, IDC_SET_AUTOSTART);
    click_in(ui, IDC_SET_KEEP);
    ping(ui);
    picture(ui, "settings-clock");
    click_in(ui, IDC_SET_SAVE);
    ok(ui, wait_dialog_gone(ui, IDC_SET_SAVE, SHORT_MS) &&
               wait_lines(ui, "The settings were saved.", before + 1, SHORT_MS),
       name, "it is not");
}

static bool window_is_shown(Ui *ui, const void *shown)
{
    return (IsWindowVisible(ui->window) != 0) == *(const bool *)shown;
}

static void check_stays(Ui *ui)
{
    bool shown = false;
    set_manners(ui, "that it starts with Windows and stays beside the clock can be set");
    char *command = autostart_command();
    ok(ui, strstr(command, "cmms-backup.exe\" --tray") != NULL, "Windows starts it at the next sign-in", command);
    mem_free(command);
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown) &&
               WaitForSingleObject(ui->process.hProcess, 0) == WAIT_TIMEOUT,
       "then its cross hides the window", "it does not");
    PostMessageW(ui->window, WM_APP_TRAY, 0, NIN_SELECT);
    shown = true;
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown), "a click on the icon shows it", "it does not");
    set_manners(ui, "it can be set otherwise again");
    command = autostart_command();
    ok(ui, command[0] == 0, "Windows starts it no more", command);
    mem_free(command);
    forget_autostart();
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "and its cross ends the program");
}

void scenario_schedule(Ui *ui)
{
    if (open_window(ui)) {
        check_weekly(ui);
        check_nonsense(ui);
        check_monthly_and_off(ui);
        check_other_hand(ui);
        check_keyboard(ui);
        check_taskbar(ui);
        check_stays(ui);
    }
}

/* --- on a server ----------------------------------------------------------------------------------------- */

/* The icon's menu, and its letters. */
static void tray_keys(Ui *ui, const char *letters)
{
    PostMessageW(ui->window, WM_APP_TRAY, MAKEWPARAM(20, 20), WM_CONTEXTMENU);
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    for (; *letters != 0; letters++) {
        key((WORD)*letters);
    }
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

/* What the window knows of the ledger is of now: what its menus have depends on it. */
static void refresh(Ui *ui)
{
    const unsigned found = count_in_log(ui, "] Found ");
    wait_for(ui, LONG_MS, job_is_done, NULL);
    send_command(ui, IDC_REFRESH);
    wait_lines(ui, "] Found ", found + 1, SHORT_MS);
}

static void check_pause(Ui *ui)
{
    refresh(ui);
    send_command(ui, IDM_PAUSE_MORNING);
    ok(ui, wait_lines(ui, "The schedule is paused until tomorrow 08:00", 1, SHORT_MS), "it can be paused",
       "it cannot");
    outside(ui, "paused", "the ledger keeps it");
    refresh(ui);
    tray_keys(ui, "R");
    ok(ui, wait_lines(ui, "The schedule is no longer paused", 2, SHORT_MS), "the icon's menu and R resume it",
       "they do not");
    refresh(ui);
    tray_keys(ui, "PH");
    ok(ui, wait_lines(ui, "The schedule is paused until ", 2, SHORT_MS) && wait_for(ui, LONG_MS, job_is_done, NULL),
       "P and H pause it for an hour", "they do not");
    outside(ui, "paused", "the ledger keeps that");
}

/* The folder's slot is due since an hour, and is paused. */
static void check_run(Ui *ui)
{
    ok(ui, count_in_log(ui, " is due.") == 0, "while it is paused no slot is run", "one is");
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9D\x8C Not protected: there is no backup yet", SHORT_MS),
       "the band says how it stands", "it does not");
    send_command(ui, IDM_RESUME);
    ok(ui, wait_lines(ui, "The schedule is no longer paused", 1, SHORT_MS), "it can be resumed", "it cannot");
    ok(ui, wait_lines(ui, " is due.", 1, SHORT_MS) && wait_lines(ui, "Backup successful!", 1, LONG_MS) &&
               wait_for(ui, LONG_MS, job_is_done, NULL),
       "then the window runs the slot itself", "it does not");
    int one = 1;
    ok(ui, wait_for(ui, SHORT_MS, has_rows, &one), "and the list has the backup", "it has not");
    outside(ui, "done", "the ledger has the slot as done");
    ask(ui, ui->window, WM_POWERBROADCAST, PBT_APMRESUMEAUTOMATIC, 0);
    const unsigned found = count_in_log(ui, "] Found ");
    send_command(ui, IDC_REFRESH);
    ok(ui, wait_lines(ui, "] Found ", found + 1, SHORT_MS) && count_in_log(ui, " is due.") == 1 && rows(ui) == 1,
       "when the PC wakes up nothing is run twice", "it is");
}

static void check_proof(Ui *ui)
{
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9A\xA0 Not quite protected: last backup ", SHORT_MS) &&
               wait_text(ui, IDC_STATUS, "; no backup of this database was proven yet", SHORT_MS) &&
               wait_shown(ui, IDC_MEND) && has_text(ui, IDC_MEND, "Prove No&w"),
       "the band says that a proof is missing, and has the button", "it does not");
    picture(ui, "band-proof");
    click(ui, IDC_MEND);
    ok(ui, wait_cell(ui, 0, 4, "Proven") && wait_for(ui, LONG_MS, job_is_done, NULL), "which makes it", "it does not");
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected: last backup ", SHORT_MS) &&
               wait_text(ui, IDC_STATUS, ", proven; next ", SHORT_MS) && wait_hidden(ui, IDC_MEND),
       "then it is protected, and it is said when the next comes", "it is not");
}

static void check_task(Ui *ui)
{
    ok(ui, count_in_log(ui, "The schedule: no task starts it while the window is closed. Save Config mends it.") == 1 &&
               wait_text(ui, IDC_STATUS, "; the schedule: no task starts it while the window is closed", SHORT_MS),
       "that Windows does not start it is said, once", "it is not");
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, wait_lines(ui, "Windows starts the scheduled backup also while the window is closed.", 1, SHORT_MS),
       "Save Config registers the task", "it does not");
    char *command = autostart_command();
    ok(ui, answer_box(ui, IDCANCEL) && command[0] == 0, "that the program starts with Windows is offered", "it is not");
    mem_free(command);
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    outside(ui, "task-there", "Task Scheduler has it");
    const int pattern = chosen(ui, IDC_SCHEDULE);
    choose(ui, IDC_SCHEDULE, OFF);
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, wait_lines(ui, "Windows no longer starts a scheduled backup.", 1, SHORT_MS),
       "with the schedule off it is taken away", "it is not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    outside(ui, "task-gone", "Task Scheduler has it no more");
    ok(ui, wait_text(ui, IDC_STATUS, "; the schedule is switched off", SHORT_MS) &&
               has_text(ui, IDC_MEND, "Sho&w Schedule"),
       "the band says that it is off", "it does not");
    click(ui, IDC_MEND);
    ok(ui, wait_focus(ui, IDC_SCHEDULE), "its button leads to it", "it does not");
    choose(ui, IDC_SCHEDULE, pattern);
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, wait_lines(ui, "Windows starts the scheduled backup also while the window is closed.", 2, SHORT_MS),
       "on again, it is there again", "it is not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
}

void scenario_schedule_run(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "a manager is asked to sign in", "nobody is")) {
        return;
    }
    sign_in(ui, "o'neil", "it's %41");
    if (!ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_enabled(ui, IDC_CREATE, SHORT_MS),
            "a manager signs in", "nobody does")) {
        return;
    }
    check_run(ui);
    check_task(ui);
    check_proof(ui);
    check_pause(ui);
    tray_keys(ui, "X");
    check_exit(ui, 0, "the icon's menu and X end the program");
}

/* Started beside the clock, with a password that the server refuses. */
void scenario_schedule_failed(Ui *ui)
{
    bool shown = true;
    if (!start_program(ui) ||
        !ok(ui, wait_for(ui, SHORT_MS, process_has_window, NULL), "--tray starts", "there is no window")) {
        return;
    }
    ok(ui, wait_lines(ui, "The scheduled backup failed: ", 1, LONG_MS) && wait_for(ui, LONG_MS, job_is_done, NULL),
       "a slot that fails is in the log", "it is not");
    ok(ui, !IsWindowVisible(ui->window) && find(ui, L"#32770") == NULL, "no box comes from nowhere", "there is one");
    outside(ui, "failed", "and in the ledger");
    PostMessageW(ui->window, WM_APP_TRAY, 0, NIN_BALLOONUSERCLICK);
    ok(ui, wait_for(ui, SHORT_MS, window_is_shown, &shown) && wait_for(ui, SHORT_MS, box_is_there, NULL),
       "a click on the notification opens the window and tells the cause", "it does not");
    picture(ui, "schedule-failed");
    ok(ui, answer_box(ui, IDCLOSE), "which can be closed", "it stays");
    send_command(ui, IDM_EXIT);
    check_exit(ui, 0, "Exit ends the program");
}

/* --- the task's own run, without a window ------------------------------------------------------------------ */

static bool run_has_ended(Ui *ui, const void *data)
{
    (void)data;
    return WaitForSingleObject(ui->process.hProcess, 0) == WAIT_OBJECT_0;
}

/* The windows of that class, one after the other; *count: how many. */
static HWND find_class(const wchar_t *class_name, int *count)
{
    HWND found = NULL, last = NULL;
    *count = 0;
    while ((found = FindWindowExW(NULL, found, class_name, NULL)) != NULL) {
        last = found;
        *count += 1;
    }
    return last;
}

/* wait_for ends with the program that it watches; these come and go in others. */
static HWND wait_class(const wchar_t *class_name, int wanted)
{
    const ULONGLONG end = GetTickCount64() + limit_ms(SHORT_MS);
    int count = 0;
    HWND found = find_class(class_name, &count);
    while (count != wanted && GetTickCount64() < end) {
        Sleep(LOOK_MS);
        found = find_class(class_name, &count);
    }
    return count == wanted ? found : NULL;
}

/* Its program is from now on the one that is watched. */
static void take_over(Ui *ui, HWND window)
{
    DWORD process = 0;
    GetWindowThreadProcessId(window, &process);
    CloseHandle(ui->process.hProcess);
    ui->process.hProcess = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE | PROCESS_QUERY_INFORMATION, FALSE, process);
    ui->process.dwProcessId = process;
}

static bool start_with(Ui *ui, const wchar_t *more)
{
    const size_t length = wcslen(ui->command), extra = wcslen(more) + 1;
    wchar_t *command = mem_array(length + extra, sizeof *command);
    memcpy(command, ui->command, length * sizeof *command);
    memcpy(command + length, more, extra * sizeof *command);
    CloseHandle(ui->process.hProcess);
    const bool started = start(command, &ui->process);
    mem_free(command);
    return ok(ui, started, "the program starts once more", "CreateProcess failed");
}

static bool run_ends(Ui *ui, DWORD code, const char *name)
{
    wait_for(ui, LONG_MS, run_has_ended, NULL);
    return check_exit(ui, code, name);
}

/* What it says is in its tip; a click opens the window. */
static void check_teller(Ui *ui, HWND teller)
{
    take_over(ui, teller);
    ok(ui, !IsWindowVisible(teller), "nothing but the icon is seen of it", "there is a window");
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, "Backup failed: "), "its tip says what is wrong", "it does not");
    ask(ui, teller, RegisterWindowMessageW(L"TaskbarCreated"), 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, "Backup failed: "), "when the taskbar starts anew it is put there again",
       "it is not");
    picture(ui, "schedule-told");
    HANDLE slow = OpenProcess(PROCESS_SET_INFORMATION, FALSE, ui->process.dwProcessId);
    SetPriorityClass(slow, BELOW_NORMAL_PRIORITY_CLASS); /* as a task's child has it */
    CloseHandle(slow);
    PostMessageW(teller, WM_TELLER_TRAY, 0, NIN_BALLOONUSERCLICK);
    check_exit(ui, 0, "a click takes it away");
    HWND window = wait_class(L"" MAIN_WINDOW_CLASS, 1);
    if (ok(ui, window != NULL, "and opens the window", "there is none")) {
        take_over(ui, window);
        const HANDLE opened = ui->process.hProcess;
        ok(ui, GetPriorityClass(opened) == NORMAL_PRIORITY_CLASS, "which is no slower than any other", "it is");
        int tellers = 0;
        ui->process.hProcess = NULL;
        start_with(ui, L" --tell");
        check_exit(ui, 0, "where the window is open it says it itself");
        find_class(TELLER, &tellers);
        ok(ui, tellers == 0, "and there is no second icon", "there is");
        TerminateProcess(opened, 0); /* it asks who it is; that is another scenario's */
        WaitForSingleObject(opened, limit_ms(SHORT_MS));
        CloseHandle(opened);
    }
}

/* --scheduled, with a password that the server refuses. */
void scenario_schedule_told(Ui *ui)
{
    if (!start_program(ui) || !run_ends(ui, 6, "the run that failed ends, with its exit code")) {
        return;
    }
    HWND teller = wait_class(TELLER, 1);
    if (!ok(ui, teller != NULL, "it leaves an icon behind", "there is none")) {
        return;
    }
    outside(ui, "failed", "the ledger has the slot as failed");
    outside(ui, "told", "what was told is kept");
    start_with(ui, L"");
    run_ends(ui, 0, "another run finds nothing due");
    outside(ui, "told-once", "and tells nothing anew");
    ok(ui, wait_class(TELLER, 1) == teller, "the icon stays", "it does not");
    check_teller(ui, teller);
    start_with(ui, L" --tell");
    teller = wait_class(TELLER, 1);
    if (ok(ui, teller != NULL, "once more", "there is no icon")) {
        PostMessageW(teller, WM_TIMER, TIMER_TELLER_END, 0);
        check_exit(ui, 0, "when its time is up it goes by itself");
    }
}

/* --scheduled, which waits for a lock that test_dialogs.py holds. */
void scenario_schedule_ended(Ui *ui)
{
    if (!start_program(ui)) {
        return;
    }
    outside(ui, "begun", "the run has begun a backup");
    HWND window = wait_class(RUN_CLASS, 1);
    if (!ok(ui, window != NULL && !IsWindowVisible(window), "it hears of the session's end, and is not seen",
            "it does not")) {
        return;
    }
    ok(ui, ask(ui, window, WM_QUERYENDSESSION, 0, 0) != 0, "the end is not put off", "it is");
    ask(ui, window, WM_ENDSESSION, FALSE, 0);
    outside(ui, "begun", "where it does not end after all the backup goes on");
    ask(ui, window, WM_ENDSESSION, TRUE, 0);
    run_ends(ui, 130, "told to end, the run ends itself");
    ok(ui, files(ui).partials == 0 && files(ui).backups == 0, "nothing unfinished is left", "it is");
    outside(ui, "undecided", "and the slot is due again");
    int tellers = 0;
    find_class(TELLER, &tellers);
    ok(ui, tellers == 0, "and nothing is told of it", "it is");
}
