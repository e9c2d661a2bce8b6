/*
 * ui_upkeep.c: the status band and its button, pins, clean-ups, a proof, pages, and a folder that others change. It
 * has four backups of one database, newest first: not verified, of yesterday, and two of years ago.
 */
#include "ui_drive.h"

#include <wchar.h>

#include "platform/machine.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/manifest.h"
#include "store/retention.h"

enum { NAME = 0, STATUS = 4, COPIES = 5, PINNED = 6, LEAVES = 7 };

static void wait_done(Ui *ui)
{
    wait_for(ui, SHORT_MS * 4, job_is_done, NULL);
}

static bool mend_is_shown(Ui *ui, const void *shown)
{
    return (IsWindowVisible(item(ui, IDC_MEND)) != 0) == *(const bool *)shown;
}

static bool wait_rows(Ui *ui, int count)
{
    return wait_for(ui, SHORT_MS, has_rows, &count);
}

/* By keyboard: the button's access key. */
static void check_band(Ui *ui)
{
    static const WORD mend[] = {VK_MENU, 'W'};
    bool shown = true;
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9A\xA0 The newest backup (1 hour ago) is not verified", SHORT_MS),
       "the band says that the newest is not verified", "it does not");
    ok(ui, wait_for(ui, SHORT_MS, mend_is_shown, &shown) && has_text(ui, IDC_MEND, "Verify No&w"),
       "and has the button that mends it", "it has not");
    focus_list(ui);
    type(mend, 2);
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected: last backup 1 hour ago, verified", SHORT_MS),
       "Alt+W verifies it, and the band is content", "it is not");
    shown = false;
    ok(ui, wait_for(ui, SHORT_MS, mend_is_shown, &shown), "then there is nothing to mend", "the button stays");
    wait_done(ui);
}

static void check_cells(Ui *ui)
{
    ok(ui, wait_cell(ui, 0, STATUS, "Verified") && wait_cell(ui, 0, LEAVES, "stays"),
       "the newest verified one is said to stay", "it is not");
    char *day = cell(ui, 1, LEAVES);
    ok(ui, strchr(day, '/') != NULL, "the next one has the day on which it goes", day);
    mem_free(day);
    ok(ui, wait_cell(ui, 2, LEAVES, "next clean-up") && wait_cell(ui, 3, LEAVES, "next clean-up"),
       "the old ones go at the next clean-up", "they do not");
    ok(ui, wait_cell(ui, 0, COPIES, "This PC"), "the column of copies says where they are", "it does not");
}

static void check_pins(Ui *ui)
{
    select_rows(ui, 3, 4);
    send_command(ui, IDM_UNPIN);
    ping(ui);
    ok(ui, count_in_log(ui, "Unpinned: ") == 0, "what is not pinned cannot be unpinned", "it was");
    send_command(ui, IDM_PIN);
    ok(ui, wait_lines(ui, "\xF0\x9F\x93\x8C Pinned: ", 1, SHORT_MS), "Pin pins", "the log is silent");
    ok(ui, wait_cell(ui, 3, PINNED, "Pinned") && wait_cell(ui, 3, LEAVES, "stays"), "the list shows it", "it does not");
    wait_done(ui);
}

static bool dialog_lists(Ui *ui, const void *count)
{
    HWND dialog = find(ui, L"#32770");
    HWND list = dialog == NULL ? NULL : GetDlgItem(dialog, IDC_CLEANUP_LIST);
    return list != NULL && ask(ui, list, LVM_GETITEMCOUNT, 0, 0) == *(const int *)count;
}

/* No sliver is left beside the last column, and none of it is out of sight. */
static void check_columns(Ui *ui)
{
    HWND list = GetDlgItem(find(ui, L"#32770"), IDC_CLEANUP_LIST);
    RECT client;
    int width = 0;
    GetClientRect(list, &client);
    for (int i = 0; i < 4; i++) {
        width += (int)ask(ui, list, LVM_GETCOLUMNWIDTH, (WPARAM)i, 0);
    }
    char *why = mem_printf("the list has %d, they have %d", (int)client.right, width);
    ok(ui, width == client.right, "its columns fill the list", why);
    mem_free(why);
}

static void check_cleanup(Ui *ui)
{
    int one = 1;
    click(ui, IDC_CLEANUP);
    ok(ui, wait_for(ui, SHORT_MS, dialog_lists, &one), "Cleanup Old Backups shows the one that goes", "it does not");
    check_columns(ui);
    press(ui, VK_ESCAPE);
    ok(ui, wait_for(ui, SHORT_MS, box_is_gone, NULL) && files(ui).backups == 4, "Esc keeps it", "it is gone");
    send_command(ui, IDC_CLEANUP);
    wait_for(ui, SHORT_MS, dialog_lists, &one);
    PostMessageW(GetDlgItem(find(ui, L"#32770"), IDOK), BM_CLICK, 0, 0);
    ok(ui, wait_lines(ui, "\xE2\x9C\x85 Cleanup complete! Removed 1 old backup(s).", 1, SHORT_MS), "then it removes it",
       "the log does not say so");
    ok(ui, wait_rows(ui, 3) && files(ui).backups == 3, "the pinned one stays", "it does not");
    wait_done(ui);
    select_rows(ui, 2, 3);
    send_command(ui, IDM_UNPIN);
    ok(ui, wait_lines(ui, "Unpinned: ", 1, SHORT_MS) && wait_cell(ui, 2, PINNED, ""), "Unpin unpins", "it does not");
    wait_done(ui);
}

static void check_alarm(Ui *ui)
{
    Error err = ERROR_INIT;
    bool shown = true;
    /* As another program's backup leaves it. */
    static const char alarm[] = "{\"reason\": \"table parts lost 96 % of its rows (12410 before, 400 now)\"}";
    char *path = fs_join(ui->folder, RETENTION_FROZEN_FILE);
    fs_write_atomic(path, alarm, sizeof alarm - 1, &err);
    mem_free(path);
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9A\xA0 Look at this: table parts lost 96 % of its rows", SHORT_MS),
       "a shrink alarm is seen by itself", "it is not");
    ok(ui, wait_for(ui, SHORT_MS, mend_is_shown, &shown) && has_text(ui, IDC_MEND, "Sho&w Shrink Alarm..."),
       "the band's button shows it", "it does not");
    click(ui, IDC_CLEANUP);
    ok(ui, answer_box(ui, IDCLOSE), "meanwhile a clean-up says why nothing goes", "there is no box");
    wait_done(ui);
    click(ui, IDC_MEND);
    ok(ui, answer_box(ui, IDCANCEL), "it asks", "there is no question");
    ok(ui, count_in_log(ui, "Clean-ups are allowed again.") == 0, "\"Not now\" leaves it", "it does not");
    click(ui, IDC_MEND);
    answer_box(ui, IDYES);
    ok(ui, wait_lines(ui, "Clean-ups are allowed again.", 1, SHORT_MS), "a yes ends the alarm", "it does not");
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected", SHORT_MS), "and the band is content again", "it is not");
    wait_done(ui);
    error_clear(&err);
}

static char *path_of(Ui *ui, int row)
{
    char *name = cell(ui, row, NAME);
    char *path = fs_join(ui->folder, name);
    mem_free(name);
    return path;
}

/* Clean-ups that a person stops: nothing goes, and the band has nothing to say of it. */
static void check_freeze(Ui *ui)
{
    send_command(ui, IDM_FREEZE);
    ok(ui, answer_box(ui, IDCANCEL), "Stop Clean-ups asks", "it does not");
    ok(ui, wait_cell(ui, 2, LEAVES, "next clean-up"), "a no leaves all as it was", "it does not");
    send_command(ui, IDM_FREEZE);
    answer_box(ui, IDYES);
    ok(ui, wait_lines(ui, "Clean-ups are stopped. Stop Clean-ups in the Tools menu", 1, SHORT_MS), "a yes stops them",
       "the log is silent");
    ok(ui, wait_cell(ui, 2, LEAVES, "stays"), "then the list says that all stay", "it does not");
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected", SHORT_MS), "it is no alarm", "the band warns");
    wait_done(ui);
    click(ui, IDC_CLEANUP);
    ok(ui, answer_box(ui, IDCLOSE), "a clean-up says why nothing goes", "there is no box");
    wait_done(ui);
    send_command(ui, IDM_FREEZE);
    answer_box(ui, IDYES);
    ok(ui, wait_lines(ui, "Clean-ups are allowed again.", 2, SHORT_MS) && wait_cell(ui, 2, LEAVES, "next clean-up"),
       "Stop Clean-ups once more allows them", "it does not");
    wait_done(ui);
}

static void write_settings(Ui *ui, const char *text)
{
    Error err = ERROR_INIT;
    char *path = fs_join(ui->folder, "backup_config.json");
    ok(ui, fs_write_atomic(path, text, strlen(text), &err), "the settings are changed from outside", err.message);
    mem_free(path);
    error_clear(&err);
}

/* As an upload that failed notes it; another program's is seen as well. */
static void check_waiting(Ui *ui)
{
    Error err = ERROR_INIT;
    Manifest manifest;
    char *path = path_of(ui, 0), *manifest_path = folder_manifest_path(path);
    char *noted = fs_join(ui->folder, COPIES_FILE);
    manifest_init(&manifest);
    bool ready = manifest_read(manifest_path, &manifest, &err);
    const Copy copy = {.file = strrchr(path, '\\') + 1, .bytes = manifest.bytes, .sha256 = manifest.sha256,
                       .level = manifest.level, .created = manifest.started, .state = COPY_WAITING,
                       .when = manifest.started};
    ready = ready && copies_note(ui->folder, &copy, &err);
    ok(ui, ready && wait_cell(ui, 0, COPIES, "This PC; waits for SharePoint"), "a copy that waits is in the list",
       ready ? "it is not" : err.message);
    fs_remove(noted, &err);
    ok(ui, wait_cell(ui, 0, COPIES, "This PC"), "and no more when it does not", "it is still");
    manifest_release(&manifest);
    mem_free(noted);
    mem_free(manifest_path);
    mem_free(path);
    error_clear(&err);
}

/* Where a copy off-site is asked for, the band is not content without one. */
static void check_copy(Ui *ui)
{
    bool shown = true;
    check_waiting(ui);
    write_settings(ui, "{\"prove_within_days\": 0, \"upload_after_backup\": true}");
    ok(ui, wait_text(ui, IDC_STATUS, "; its copy is not on SharePoint yet", SHORT_MS), "a copy that is missing is told",
       "it is not");
    ok(ui, wait_for(ui, SHORT_MS, mend_is_shown, &shown) && has_text(ui, IDC_MEND, "Export No&w..."),
       "with the button that mends it", "without");
    write_settings(ui, "{\"prove_within_days\": 0}");
    ok(ui, wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected", SHORT_MS), "where none is asked for, all is well",
       "it is not");
}

static bool first_is_not(Ui *ui, const void *name)
{
    char *now = cell(ui, 0, NAME);
    bool other = strcmp(now, name) != 0;
    mem_free(now);
    return other;
}

static void check_folder(Ui *ui)
{
    Error err = ERROR_INIT;
    int before = rows(ui);
    char *added = mem_printf("%s\\cmms_backup_20240101_000000.backup", ui->folder);
    fs_write_atomic(added, "x", 1, &err);
    ok(ui, wait_rows(ui, before + 1), "a file that comes is seen by itself", "it is not");
    fs_remove(added, &err);
    ok(ui, wait_rows(ui, before), "and one that goes", "it is not");
    mem_free(added);

    char *away = mem_printf("%s away", ui->folder);
    fs_rename(ui->folder, away, false, &err);
    ok(ui, wait_text(ui, IDC_STATUS,
                    "\xE2\x9D\x8C The backup folder cannot be read. It is looked for again by itself.", SHORT_MS),
       "a folder that vanishes is told", "it is not");
    ok(ui, wait_rows(ui, 0) && find(ui, L"#32770") == NULL, "without a box", "there is one");
    ok(ui, wait_text(ui, IDC_CHART, "No backups to draw yet", SHORT_MS), "the chart shows no bars of what is gone",
       "it does");
    fs_rename(away, ui->folder, false, &err);
    ok(ui, wait_rows(ui, before) && wait_text(ui, IDC_STATUS, "\xE2\x9C\x85 Protected", SHORT_MS),
       "when it is back the list is too", "it is not");
    mem_free(away);

    /* Gone between the look and the click. */
    char *path = path_of(ui, 2);
    select_rows(ui, 2, 3);
    fs_remove(path, &err);
    send_command(ui, IDC_VERIFY);
    char *name = mem_printf("\xE2\x9D\x8C %s is no longer in the backup folder", strrchr(path, '\\') + 1);
    ok(ui, wait_lines(ui, name, 1, SHORT_MS), "a file that went meanwhile is told so", name);
    mem_free(name);
    ok(ui, answer_box(ui, IDCLOSE), "also in a box", "there is none");
    ok(ui, wait_rows(ui, before - 1), "and the list has forgotten it", "it has not");
    wait_done(ui);
    mem_free(path);
    error_clear(&err);
}

static void check_prove(Ui *ui)
{
    select_rows(ui, 0, 1);
    send_command(ui, IDM_PROVE);
    int id = IDC_CREATE;
    ok(ui, wait_for(ui, SHORT_MS, is_disabled, &id) && wait_enabled(ui, IDC_CANCEL_JOB, SHORT_MS), "Prove starts",
       "it does not");
    ok(ui, wait_for(ui, SHORT_MS * 2, is_saving, NULL), "its progress is shown", "the bar does not move");
    wait_done(ui);
    ok(ui, wait_cell(ui, 0, STATUS, "Proven"), "the backup is proven", "it is not");
    ok(ui, wait_text(ui, IDC_STATUS, ", proven", SHORT_MS), "and the band says so", "it does not");
}

/* One byte in its middle is another. */
static bool rot(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    const LONG middle = (LONG)(GetFileSize(file, NULL) / 2);
    char byte = 0;
    DWORD done = 0;
    bool rotten = file != INVALID_HANDLE_VALUE && SetFilePointer(file, middle, NULL, FILE_BEGIN) == (DWORD)middle &&
                  ReadFile(file, &byte, 1, &done, NULL);
    byte = (char)~byte;
    rotten = rotten && SetFilePointer(file, middle, NULL, FILE_BEGIN) == (DWORD)middle &&
             WriteFile(file, &byte, 1, &done, NULL);
    CloseHandle(file);
    mem_free(wide);
    return rotten;
}

/* What no press mends is shown by one: the older backup, by the button's key. */
static void check_damaged_one(Ui *ui)
{
    static const WORD show[] = {VK_MENU, 'W'};
    bool shown = true;
    int one = 1;
    char *path = path_of(ui, 1);
    ok(ui, rot(path), "the older backup rots", "it cannot be written");
    select_rows(ui, 1, 2);
    send_command(ui, IDC_VERIFY);
    ok(ui, answer_box(ui, IDCLOSE), "Verify says that it is damaged", "there is no box");
    wait_done(ui);
    ok(ui, wait_cell(ui, 1, STATUS, "Damaged (it failed a check)") &&
               wait_text(ui, IDC_STATUS, "\xE2\x9A\xA0 An older backup is damaged: ", SHORT_MS),
       "and so do the list and the band", "they do not");
    ok(ui, wait_for(ui, SHORT_MS, mend_is_shown, &shown) && has_text(ui, IDC_MEND, "Sho&w It"),
       "whose button shows it", "it does not");
    select_rows(ui, 0, 1);
    SetForegroundWindow(ui->window);
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_RETENTION), TRUE);
    wait_focus(ui, IDC_RETENTION);
    type(show, 2);
    ok(ui, wait_focus(ui, IDC_LIST) && wait_for(ui, SHORT_MS, selected_count_is, &one) &&
               ask(ui, item(ui, IDC_LIST), LVM_GETNEXTITEM, (WPARAM)-1, LVNI_SELECTED) == 1,
       "Alt+W selects it, and the focus is in the list", "it does not");
    mem_free(path);
}

static bool is_written(Ui *ui, const void *path)
{
    (void)ui;
    return fs_exists(path);
}

/* browser.exe, which lies beside this program. */
void be_the_browser(void)
{
    wchar_t own[1024] = L"", command[1100];
    GetModuleFileNameW(NULL, own, 1024);
    wchar_t *name = wcsrchr(own, L'\\');
    *(name != NULL ? name + 1 : own) = L'\0';
    swprintf(command, 1100, L"\"%lsbrowser.exe\" \"%%1\"", own);
    RegSetKeyValueW(HKEY_CLASSES_ROOT, L".html", NULL, REG_SZ, L"cmmspage", sizeof L"cmmspage");
    RegSetKeyValueW(HKEY_CLASSES_ROOT, L"cmmspage\\shell\\open\\command", NULL, REG_SZ, command,
                    (DWORD)((wcslen(command) + 1) * sizeof *command));
}

void check_page(Ui *ui, void (*make)(Ui *ui), const char *name, const char *told)
{
    Error err = ERROR_INIT;
    char *data = machine_local_data_dir(), *pages = fs_join(data, "pages");
    char *page = fs_join(pages, name), *opened = mem_printf("%s.opened", page);
    fs_remove(page, &err);
    fs_remove(opened, &err);
    const unsigned before = count_in_log(ui, told);
    make(ui);
    ok(ui, wait_lines(ui, told, before + 1, SHORT_MS) && fs_exists(page), name, "it is not written");
    ok(ui, wait_for(ui, SHORT_MS, is_written, opened), "it is opened in the browser", "it is not");
    wait_done(ui);
    error_clear(&err);
    mem_free(opened);
    mem_free(page);
    mem_free(pages);
    mem_free(data);
}

static void send_report(Ui *ui)
{
    send_command(ui, IDM_REPORT);
}

static void send_certificate(Ui *ui)
{
    send_command(ui, IDM_CERTIFICATE);
}

/* The newest backup was proven just now, the one below it was not. */
static void check_pages(Ui *ui)
{
    char *newest = cell(ui, 0, NAME);
    char *name = mem_printf("CMMS Backup proof %s.html", newest);
    be_the_browser();
    check_page(ui, send_report, "CMMS Backup health report.html", "The health report was written to ");
    select_rows(ui, 1, 2);
    ask(ui, ui->window, WM_COMMAND, IDM_CERTIFICATE, 0); /* back when it has begun, and the button is grey */
    ok(ui, IsWindowEnabled(item(ui, IDC_CREATE)) != 0, "no certificate of what is not proven", "it is begun");
    select_rows(ui, 0, 1);
    check_page(ui, send_certificate, name, "The certificate of the proof was written to ");

    /* Other bytes of the same length: the list cannot know. */
    char *path = path_of(ui, 0);
    wchar_t *wide = wide_from_utf8(path);
    HANDLE file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD done = 0;
    ok(ui, WriteFile(file, "x", 1, &done, NULL) && CloseHandle(file), "the backup is changed", "it cannot be");
    send_command(ui, IDM_CERTIFICATE);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL) &&
               count_in_log(ui, "its content is no longer what was proven") == 1,
       "a changed file gets no certificate", "it gets one");
    ok(ui, answer_box(ui, IDCLOSE), "which a box says", "there is none");
    wait_done(ui);
    mem_free(wide);
    mem_free(path);
    mem_free(name);
    mem_free(newest);
}

/* The menu bar by keyboard, and its commands. */
static void check_menus(Ui *ui)
{
    static const WORD backup[] = {VK_MENU, 'B'};
    SetForegroundWindow(ui->window);
    focus_list(ui);
    type(backup, 2);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "Alt+B opens the menu", "it does not");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
    unsigned before = count_in_log(ui, "Found ");
    send_command(ui, IDC_REFRESH);
    ok(ui, wait_lines(ui, "Found ", before + 1, SHORT_MS), "the menu's Refresh List refreshes", "it does not");
    char *first = cell(ui, 0, NAME);
    HWND header = (HWND)ask(ui, item(ui, IDC_LIST), LVM_GETHEADER, 0, 0);
    PostMessageW(header, WM_LBUTTONDOWN, MK_LBUTTON, MAKELPARAM(20, 8));
    PostMessageW(header, WM_LBUTTONUP, 0, MAKELPARAM(20, 8));
    ok(ui, wait_for(ui, SHORT_MS, first_is_not, first), "a click on a column's title sorts by it", "it does not");
    mem_free(first);
}

void check_upkeep(Ui *ui)
{
    if (!ok(ui, rows(ui) == 4, "there are four backups", "there are not")) {
        return;
    }
    check_band(ui);
    check_cells(ui);
    check_pins(ui);
    check_cleanup(ui);
    check_alarm(ui);
    check_freeze(ui);
    check_copy(ui);
    check_folder(ui);
    check_prove(ui);
    check_damaged_one(ui);
    check_pages(ui);
    check_menus(ui);
    send_command(ui, IDM_EXIT);
}
