/*
 * ui_test.c: drives the real window from another process, by messages, as a person would by mouse and keyboard.
 *
 *   ui_test.exe SCENARIO APP.exe ARGS...
 *
 * Scenarios: `actions` (what is done with backups that are there), `upkeep` (what keeps them in order), `manners` and
 * `remembered` (how the window was left), `tray` and `tray-signin` (started beside the clock), `damaged` (logs and
 * settings that are huge or nonsense), `backup` (a database is reached: back up, cancel, close in the middle),
 * `session` (Windows ends during a backup), `plain` (no database is configured), `failure` (one is configured that
 * cannot be reached), `many` (a long list), `usage` (the command line is wrong), `folder` (the backup folder cannot be
 * used); of the dialogs: `assistant`, `keyboard`, `signin`, `nousers`, `idle` (locked after a while), `tenth` (the
 * tenth wrong password), `more` (settings, about, details), `keys` and `sample` (every action, by keyboard alone),
 * `restore`, `restore-keys` and `restore-gone` (there and back; where nothing is left); `hangs` and `details-hang` (a
 * file that does not answer); `sharepoint` and `sharepoint-keys` (the folder, exports to it, the page for IT);
 * `sharepoint-back` and `sharepoint-back-keys` (what is there comes back);
 * `encryption` (of copies: a key pair, a passphrase, off); `schedule`, `schedule-run`, `schedule-failed`,
 * `schedule-told` and `schedule-ended`;
 * `pictures` is for ./dev shot. Each prints lines "ok NAME" or "not ok NAME: why" and, at the end, how long the window
 * took at most to answer an empty message.
 */
#include "ui_drive.h"

/* --- what is checked ----------------------------------------------------------------------------------- */

static void check_words(Ui *ui)
{
    char *title = text_of(ui, ui->window);
    ok(ui, strncmp(title, "Database Backup Manager - CMMS Backup", 37) == 0, "the title", title);
    mem_free(title);
    static const struct {
        int id;
        const char *text;
    } labels[] = {
        {IDC_LOCATION_LABEL, "\xF0\x9F\x93\x81 Backup &Location:"},
        {IDC_CREATE, "&Create Backup Now"},
        {IDC_REFRESH, "&Refresh List"},
        {IDC_CANCEL_JOB, "C&ancel"},
        {IDC_EXPORT, "&Export Selected Backup"},
        {IDC_SHAREPOINT, "E&xport to SharePoint"},
        {IDC_DETAILS, "View Backup &Details"},
        {IDC_DELETE, "Delete &Selected"},
        {IDC_CONFIG_GROUP, "Backup Configuration"},
        {IDC_SCHEDULE_LABEL, "Schedule:"},
        {IDC_RETENTION_LABEL, "Rete&ntion (Days):"},
        {IDC_CLEANUP, "Clean&up Old Backups"},
        {IDC_RESTORE, "Restore/Upload Bac&kup"},
        {IDC_VERIFY_AFTER, "Veri&fy after backup"},
        {IDC_SAVE_CONFIG, "Save C&onfig"},
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

static bool has_focus(Ui *ui, const void *id)
{
    return focus(ui) == item(ui, *(const int *)id);
}

/* From IDC_CREATE on. */
static void check_tab_order(Ui *ui, const int *ids, size_t count)
{
    /* Posted, and so done after what is sent: the focus must have arrived before Tab is pressed. */
    int first = IDC_CREATE;
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, first), TRUE);
    wait_for(ui, SHORT_MS, has_focus, &first);
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
    ok(ui, wait_for(ui, SHORT_MS, tray_tip_is, " % - "), "the icon's tip tells the percent", "it does not");
    press(ui, VK_ESCAPE);
    ping(ui);
    ok(ui, IsWindow(ui->window) && find(ui, L"#32770") == NULL, "Esc does nothing during a backup", "it did");
    if (!ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the backup ends", "it did not")) {
        return;
    }
    ok(ui, count_in_log(ui, "\xE2\x9C\x85 Backup successful!") == successes + 1, "the log says \"Backup successful!\"",
       "it does not");
    ok(ui, count_in_log(ui, "] Starting database backup...") > 0, "the log says what was begun", "it does not");
    ok(ui, count_in_log(ui, "] \xE2\x8F\xB3 This may take several minutes...") > 0, "and that it takes its time",
       "it does not");
    ok(ui, count_in_log(ui, "] \xF0\x9F\x93\x81 Location: ") > 0 && count_in_log(ui, "] \xF0\x9F\x92\xBE Size: ") > 0,
       "the log says where and how large", "it does not");
    int wanted = before + 1;
    if (ok(ui, wait_for(ui, SHORT_MS, has_rows, &wanted), "the list has one row more", "it has not")) {
        ok(ui, cell_is(ui, 0, 4, "Verified"), "its status is \"Verified\"", "it is not");
        ok(ui, cell_is(ui, 0, 3, "0"), "its age is 0 days", "it is not");
    }
    ok(ui,
       wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected: last backup ", SHORT_MS) &&
           has_text(ui, IDC_STATUS, ", verified"),
       "the status band says that the database is protected", "it does not");
    ok(ui, !IsWindowVisible(item(ui, IDC_MEND)), "then it has no button", "it has one");
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
    ok(ui, answer_box(ui, IDCANCEL), "closing during a backup asks", "there is no question");
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
    char *title = text_of(ui, ui->window);
    ok(ui, strstr(title, " - sample database, signed in as ") != NULL, "the sample's manager is signed in", title);
    mem_free(title);
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_CREATE), TRUE);
    check_backup(ui);
    check_refresh(ui);
    static const int order[] = {IDC_REFRESH,   IDC_CLEANUP, IDC_RESTORE,      IDC_LIST,     IDC_SCHEDULE,
                                IDC_SCHEDULE_TIMES, IDC_RETENTION, IDC_MAXIMUM, IDC_VERIFY_AFTER, IDC_COMPRESS,
                                IDC_SAVE_CONFIG, IDC_LOG,     IDC_LOCATION,     IDC_CREATE};
    select_rows(ui, 0, 0);
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

static void scenario_actions(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    if (!ok(ui, rows(ui) >= 2, "there are two backups", "there are not")) {
        return;
    }
    check_actions(ui);
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}

static void scenario_upkeep(Ui *ui)
{
    if (open_window(ui) && ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the database is ready", "it is not")) {
        check_upkeep(ui);
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
}

static void scenario_manners(Ui *ui)
{
    if (open_window(ui)) {
        check_manners(ui);
        check_exit(ui, 0, "Exit ends the program");
    }
}

static void scenario_remembered(Ui *ui)
{
    if (open_window(ui)) {
        check_remembered(ui);
        check_exit(ui, 0, "Exit ends the program");
    }
}

static void scenario_tray(Ui *ui)
{
    if (start_program(ui)) {
        check_tray(ui);
        check_exit(ui, 0, "Exit ends the program");
    }
}

static void scenario_tray_signin(Ui *ui)
{
    if (start_program(ui)) {
        check_tray_signin(ui);
        check_exit(ui, 0, "Exit ends the program");
    }
}

static void scenario_damaged(Ui *ui)
{
    if (open_window(ui)) {
        check_damaged(ui);
        check_exit(ui, 0, "Exit ends the program");
    }
}

static bool first_row_is(Ui *ui, const void *name)
{
    return cell_is(ui, 0, 0, name);
}

/* By size, from the keyboard: the largest comes first, the second time last; its manifest is known. */
static void check_sort_keys(Ui *ui)
{
    static const WORD by_size[] = {VK_CONTROL, '2'};
    static const WORD by_day[] = {VK_CONTROL, '3'};
    char *newest = cell(ui, 0, 0);
    focus_list(ui);
    type(by_size, 2);
    ok(ui, wait_cell(ui, 0, 1, "0.01") && cell_is(ui, 0, 4, "Verified"), "Ctrl+2 sorts by size, the largest first",
       "it does not");
    type(by_size, 2);
    ok(ui, wait_cell(ui, 0, 1, "0.00") && cell_is(ui, 0, 4, "Not verified"), "again: the smallest first", "it is not");
    type(by_day, 2);
    ok(ui, wait_for(ui, SHORT_MS, first_row_is, newest), "Ctrl+3 sorts by day", "it does not");
    mem_free(newest);
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
    check_sort_keys(ui);
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

/* No two controls share a place, but for the groups, which are around theirs. */
static void check_overlaps(Ui *ui)
{
    char *both = NULL;
    for (HWND a = GetWindow(ui->window, GW_CHILD); a != NULL; a = GetWindow(a, GW_HWNDNEXT)) {
        for (HWND b = GetWindow(a, GW_HWNDNEXT); b != NULL; b = GetWindow(b, GW_HWNDNEXT)) {
            const int ids[] = {GetDlgCtrlID(a), GetDlgCtrlID(b)};
            bool group = false;
            for (int i = 0; i < 2; i++) {
                group = group || ids[i] == IDC_CONFIG_GROUP || ids[i] == IDC_LOG_GROUP || ids[i] == IDC_CHART_GROUP;
            }
            RECT first, second, shared;
            GetWindowRect(a, &first);
            GetWindowRect(b, &second);
            if (!group && IsWindowVisible(a) && IsWindowVisible(b) && IntersectRect(&shared, &first, &second)) {
                mem_free(both);
                both = mem_printf("controls %d and %d do", ids[0], ids[1]);
            }
        }
    }
    ok(ui, both == NULL, "at its least size no two controls overlap", both);
    mem_free(both);
}

static void scenario_plain(Ui *ui)
{
    if (!open_window(ui)) {
        return;
    }
    check_words(ui);
    ok(ui, has_text(ui, IDC_STATUS, "\xE2\x9D\x8C Not protected: no database is connected"),
       "the status band says that there is no database", "it does not");
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
    /* Its DPI is 150 %: what it would be at 125 %, of which the taskbar takes 48 pixels. */
    char *high = mem_printf("it would be %ld high", (small.bottom - small.top) * 125 / 150);
    ok(ui, (small.bottom - small.top) * 125 / 150 <= 768 - 48, "which a laptop of 1366 x 768 at 125 % has room for",
       high);
    mem_free(high);
    check_overlaps(ui);
    press(ui, VK_ESCAPE);
    check_exit(ui, 0, "Esc closes the idle window");
}

#define COPY_BUTTON 100 /* message_box.c */

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
    picture(ui, "failed");
    ok(ui, count_in_log(ui, "] \xE2\x9D\x8C Backup failed: ") == 1, "and in the log", "it is not");
    PostMessageW(find(ui, L"#32770"), TDM_CLICK_BUTTON, COPY_BUTTON, 0);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "127.0.0.1") && box_is_there(ui, NULL),
       "its Copy copies it, and leaves it open", "it does not");
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

/* A file in the folder that is opened and never answers, as on a share that is gone. */
static void scenario_hangs(Ui *ui)
{
    if (start_window(ui)) {
        ping(ui);
        ok(ui, count_in_log(ui, "] Found ") == 0, "the folder is still being read", "it has been");
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the window closes all the same");
    }
}

/* The same of a backup's own file: the list does not open it, its details do. */
static void scenario_details_hang(Ui *ui)
{
    if (!open_window(ui) || !ok(ui, rows(ui) == 1, "a backup is listed", "none is")) {
        return;
    }
    select_rows(ui, 0, 1);
    if (!ok(ui, wait_enabled(ui, IDC_DETAILS, SHORT_MS), "its details can be shown", "they cannot")) {
        return;
    }
    send_command(ui, IDC_DETAILS);
    ok(ui, wait_dialog(ui, IDC_COPY_DETAILS, SHORT_MS), "the details open", "they do not");
    HWND copy = GetDlgItem(dialog_with(ui, IDC_COPY_DETAILS), IDC_COPY_DETAILS);
    ok(ui, !IsWindowEnabled(copy), "and are still being read", "they have been");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_COPY_DETAILS, SHORT_MS), "Esc closes them all the same", "they stay");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "and so does the window");
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
        {"hangs", scenario_hangs},   {"details-hang", scenario_details_hang},
        {"many", scenario_many},     {"actions", scenario_actions}, {"assistant", scenario_assistant},
        {"keyboard", scenario_keyboard}, {"signin", scenario_signin}, {"nousers", scenario_nousers},
        {"idle", scenario_idle},     {"upkeep", scenario_upkeep},   {"more", scenario_more},
        {"manners", scenario_manners}, {"remembered", scenario_remembered}, {"tray", scenario_tray},
        {"pictures", scenario_pictures}, {"tray-signin", scenario_tray_signin},
        {"damaged", scenario_damaged}, {"keys", scenario_keys},
        {"tenth", scenario_tenth}, {"sample", scenario_sample}, {"restore", scenario_restore},
        {"restore-keys", scenario_restore_keys}, {"restore-gone", scenario_restore_gone},
        {"restore-in-place", scenario_restore_in_place},
        {"sharepoint", scenario_sharepoint}, {"sharepoint-keys", scenario_sharepoint_keys},
        {"sharepoint-back", scenario_sharepoint_back}, {"sharepoint-back-keys", scenario_sharepoint_back_keys},
        {"encryption", scenario_encryption},
        {"schedule", scenario_schedule}, {"schedule-run", scenario_schedule_run},
        {"schedule-failed", scenario_schedule_failed}, {"schedule-told", scenario_schedule_told},
        {"schedule-ended", scenario_schedule_ended},
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
