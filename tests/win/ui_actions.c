/* ui_actions.c: the buttons, the menu and the keys of the list, and the configuration. */
#include "ui_drive.h"

/* Another row or one less: the list was read again. */
static bool wait_row_count(Ui *ui, int count)
{
    return wait_for(ui, SHORT_MS, has_rows, &count);
}

static int lines_in(Ui *ui, HWND dialog, int id)
{
    return (int)ask(ui, GetDlgItem(dialog, id), LVM_GETITEMCOUNT, 0, 0);
}

static void check_verify(Ui *ui)
{
    select_rows(ui, 0, 1);
    ok(ui, wait_enabled(ui, IDC_VERIFY, SHORT_MS), "a selected backup can be verified", "the button is disabled");
    click(ui, IDC_VERIFY);
    ok(ui, wait_lines(ui, "reads well to its last byte", 1, LONG_MS), "Verify reads it", "the log is silent");
    ok(ui, wait_for(ui, SHORT_MS, job_is_done, NULL), "and ends", "it does not");
    int one = 1;
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &one), "what was selected stays selected", "it does not");
    ok(ui, wait_text(ui, IDC_PROGRESS_TEXT, "Verified.", SHORT_MS), "and it is said", "it is not");
}

/* To a few pixels: a window manager may add its frame. */
static bool is_over_owner(const Ui *ui, HWND dialog)
{
    RECT over, own;
    GetWindowRect(ui->window, &over);
    GetWindowRect(dialog, &own);
    const LONG x = over.left + over.right - own.left - own.right;
    const LONG y = over.top + over.bottom - own.top - own.bottom;
    if (x < -8 || x > 8 || y < -8 || y > 8) {
        printf("# its middle is %ld, %ld half pixels away\n", x, y);
        return false;
    }
    return true;
}

static void check_details(Ui *ui)
{
    select_rows(ui, 0, 1);
    focus_list(ui);
    press(ui, VK_RETURN);
    if (!ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "Enter shows the details", "there is no dialog")) {
        return;
    }
    HWND dialog = find(ui, L"#32770");
    wait_can(ui, IDC_COPY_DETAILS, SHORT_MS); /* read in a worker */
    ok(ui, lines_in(ui, dialog, IDC_FACTS) >= 10, "the details have their facts", "there are too few");
    ok(ui, lines_in(ui, dialog, IDC_TABLES) >= 1, "and the tables", "there are none");
    char *whole = dialog_text(ui, IDC_FACT_TEXT);
    char *name = cell(ui, 0, 0);
    ok(ui, strstr(whole, name) != NULL && strstr(whole, ui->folder) != NULL, "the file's path can be read whole",
       whole);
    mem_free(name);
    mem_free(whole);
    ok(ui, is_over_owner(ui, dialog), "the dialog is in the middle of the window", "it is not");
    PostMessageW(GetDlgItem(dialog, IDC_COPY_DETAILS), BM_CLICK, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "SHA-256\t"), "Copy puts them on the clipboard", "it does not");
    PostMessageW(dialog, WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_for(ui, SHORT_MS, box_is_gone, NULL), "the details can be closed", "they stay");
    click(ui, IDC_DETAILS);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "the button shows them too", "it does not");
    press(ui, VK_ESCAPE);
    ok(ui, wait_for(ui, SHORT_MS, box_is_gone, NULL), "Esc closes them", "they stay");
    select_rows(ui, 0, 2);
    int id = IDC_DETAILS;
    ok(ui, wait_for(ui, SHORT_MS, is_disabled, &id), "two have no common details", "the button is enabled");
}

static void check_menu(Ui *ui)
{
    select_rows(ui, 0, 1);
    focus_list(ui);
    PostMessageW(item(ui, IDC_LIST), WM_CONTEXTMENU, (WPARAM)item(ui, IDC_LIST), -1);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "the list has a menu", "there is none");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_gone, NULL), "which goes away again", "it stays");
    PostMessageW(ui->window, WM_COMMAND, IDM_COPY_PATH, 0);
    char *name = cell(ui, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, name), "Copy Path copies the path", "it is not on the clipboard");
    mem_free(name);
    PostMessageW(ui->window, WM_COMMAND, IDM_SELECT_ALL, 0);
    int all = rows(ui);
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &all), "Select All selects all", "it does not");
}

static BOOL CALLBACK find_edit(HWND hwnd, LPARAM data)
{
    wchar_t name[32] = L"";
    GetClassNameW(hwnd, name, 32);
    if (wcscmp(name, L"Edit") == 0 && IsWindowVisible(hwnd)) {
        *(HWND *)data = hwnd;
        return FALSE;
    }
    return TRUE;
}

/* The system's dialog for a folder: its name is typed, and the button pressed. */
static bool choose_folder(Ui *ui, const char *folder)
{
    if (!wait_for(ui, SHORT_MS, box_is_there, NULL)) {
        return false;
    }
    HWND dialog = find(ui, L"#32770");
    HWND edit = NULL;
    ULONGLONG end = GetTickCount64() + limit_ms(SHORT_MS);
    while (edit == NULL && GetTickCount64() < end) {
        EnumChildWindows(dialog, find_edit, (LPARAM)&edit);
        ping(ui);
    }
    wchar_t *wide = wide_from_utf8(folder);
    ask(ui, edit, WM_SETTEXT, 0, (LPARAM)wide);
    mem_free(wide);
    PostMessageW(dialog, WM_COMMAND, IDOK, 0);
    return edit != NULL;
}

static void check_export(Ui *ui)
{
    char *target = mem_printf("%s\\..\\Ausfuhr \xC3\xB6", ui->folder);
    Error err = ERROR_INIT;
    fs_make_dirs(target, &err);
    select_rows(ui, 0, 2);
    click(ui, IDC_EXPORT);
    ok(ui, choose_folder(ui, target), "Export asks for a folder", "there is no dialog");
    ok(ui, wait_lines(ui, "Exported: ", 2, LONG_MS), "two backups are exported", "the log does not say so");
    ok(ui, wait_for(ui, SHORT_MS, job_is_done, NULL), "and it ends", "it does not");
    char *name = cell(ui, 0, 0);
    char *copy = mem_printf("%s\\%s", target, name);
    char *manifest = mem_printf("%s.manifest.json", copy);
    ok(ui, fs_exists(copy) && fs_exists(manifest), "the copy has its manifest", "a file is missing");
    /* Again, by keyboard: what is there is asked about. */
    select_rows(ui, 0, 1);
    focus_list(ui);
    PostMessageW(ui->window, WM_COMMAND, MAKEWPARAM(IDC_EXPORT, 1), 0);
    choose_folder(ui, target);
    bool asked = wait_for(ui, SHORT_MS, question_is_there, NULL) && answer_box(ui, IDCANCEL);
    ok(ui, asked, "a file that is there is asked about", "it is not");
    ok(ui, count_in_log(ui, "Exported: ") == 2, "and not replaced without a yes", "it is");
    mem_free(manifest);
    mem_free(copy);
    mem_free(name);
    mem_free(target);
    error_clear(&err);
}

static void check_delete(Ui *ui)
{
    int count = rows(ui);
    /* Not in the middle of the screen. */
    SetWindowPos(ui->window, NULL, 0, 0, 0, 0, SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE);
    ping(ui);
    select_rows(ui, 1, 2);
    focus_list(ui);
    press(ui, VK_DELETE);
    wait_for(ui, SHORT_MS, box_is_there, NULL);
    ok(ui, is_over_owner(ui, find(ui, L"#32770")), "a box is in the middle of the window", "it is not");
    ok(ui, answer_box(ui, IDCANCEL), "Del asks", "there is no question");
    ok(ui, rows(ui) == count, "\"Keep\" keeps it", "it is gone");
    click(ui, IDC_DELETE);
    ok(ui, answer_box(ui, IDYES), "the button asks too", "there is no question");
    ok(ui, wait_row_count(ui, count - 1), "\"Delete\" deletes it", "it is still there");
    ok(ui, count_in_log(ui, "Deleted: ") == 1, "the log says so", "it does not");
    wait_for(ui, SHORT_MS, job_is_done, NULL);
    /* Now one good backup is left. */
    select_rows(ui, 0, 1);
    click(ui, IDC_DELETE);
    answer_box(ui, IDYES);
    ok(ui, wait_lines(ui, "is the newest verified backup of ", 1, SHORT_MS), "the last good one is refused",
       "it is not");
    ok(ui, answer_box(ui, IDCLOSE), "and a box says why", "there is none");
    wait_for(ui, SHORT_MS, job_is_done, NULL);
    ok(ui, rows(ui) == count - 1, "it is still there", "it is gone");
}

static void set_text(Ui *ui, int id, const wchar_t *text)
{
    ask(ui, item(ui, id), WM_SETTEXT, 0, (LPARAM)text);
}

static void check_config(Ui *ui)
{
    ok(ui, has_text(ui, IDC_RETENTION, "30") && has_text(ui, IDC_MAXIMUM, "50"), "the configuration is shown",
       "it is not");
    set_text(ui, IDC_RETENTION, L"45");
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, wait_lines(ui, "Configuration saved: retention 45 days", 1, SHORT_MS), "Save Config saves", "it does not");
    char *path = mem_printf("%s\\backup_config.json", ui->folder);
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    ok(ui, fs_read_all(path, STRBUF_LINE, &text, NULL) && strstr(text.buf, "\"retention_days\": 45") != NULL,
       "the file says so", text.buf);
    ok(ui, wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS), "then it can be saved again", "the button stays grey");
    set_text(ui, IDC_RETENTION, L"46");
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_RETENTION), TRUE);
    ping(ui);
    press(ui, VK_RETURN);
    ok(ui, wait_lines(ui, "Configuration saved: retention 46 days", 1, SHORT_MS), "Enter in a box of it saves too",
       "it does not");
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    set_text(ui, IDC_RETENTION, L"45");
    PostMessageW(ui->window, WM_NEXTDLGCTL, (WPARAM)item(ui, IDC_SAVE_CONFIG), TRUE);
    click(ui, IDC_SAVE_CONFIG);
    wait_lines(ui, "Configuration saved: retention 45 days", 2, SHORT_MS);
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    ok(ui, focus(ui) != item(ui, IDC_CREATE), "and the next Enter does not begin a backup", "it would");
    set_text(ui, IDC_RETENTION, L"0");
    click(ui, IDC_SAVE_CONFIG);
    ok(ui, answer_box(ui, IDCLOSE), "nonsense is refused in a box", "there is none");
    ok(ui, count_in_log(ui, "\"Retention (Days)\" must be a whole number from 1 to 3650") == 1,
       "which names the box by its label", "it does not");
    strbuf_clear(&text);
    ok(ui, fs_read_all(path, STRBUF_LINE, &text, NULL) && strstr(text.buf, "\"retention_days\": 45") != NULL,
       "and the file stays", text.buf);
    set_text(ui, IDC_RETENTION, L"45");
    strbuf_release(&text);
    mem_free(path);
}

static bool key_reached(Ui *ui, const void *data)
{
    (void)data;
    return clipboard_has(ui, ".backup\r\n");
}

/* Keys with Ctrl, as typed: posted messages would not hold it down. */
static void check_typed_keys(Ui *ui)
{
    static const WORD all[] = {VK_CONTROL, 'A'};
    static const WORD copy[] = {VK_CONTROL, 'C'};
    static const WORD export[] = {VK_CONTROL, 'E'};
    static const WORD menu[] = {VK_SHIFT, VK_F10};
    select_rows(ui, 0, 1);
    focus_list(ui);
    type(all, 2);
    int count = rows(ui);
    ok(ui, wait_for(ui, SHORT_MS, selected_count_is, &count), "Ctrl+A selects all", "it does not");
    type(copy, 2);
    ok(ui, wait_for(ui, SHORT_MS, key_reached, NULL), "Ctrl+C copies the paths", "it does not");
    type(menu, 2);
    ok(ui, wait_for(ui, SHORT_MS, menu_is_there, NULL), "Shift+F10 opens the menu", "it does not");
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
    type(export, 2);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "Ctrl+E exports", "there is no dialog");
    PostMessageW(find(ui, L"#32770"), WM_COMMAND, IDCANCEL, 0);
    wait_for(ui, SHORT_MS, box_is_gone, NULL);
}

void check_actions(Ui *ui)
{
    check_verify(ui);
    check_details(ui);
    check_menu(ui);
    check_config(ui);
    check_export(ui);
    check_typed_keys(ui);
    check_delete(ui);
}
