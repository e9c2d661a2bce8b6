/*
 * ui_dialogs.c: the assistant, driven as a person would: by mouse and, a second time, by keyboard alone. The database
 * is named by UITEST_URL, a connection string.
 */
#include "ui_drive.h"

#include "base/strbuf.h"
#include "platform/machine.h"

/* --- dialogs ------------------------------------------------------------------------------------------- */

typedef struct Wanted {
    DWORD process;
    int id;
    HWND dialog;
} Wanted;

static BOOL CALLBACK has_control(HWND hwnd, LPARAM data)
{
    Wanted *wanted = (Wanted *)data;
    DWORD process = 0;
    GetWindowThreadProcessId(hwnd, &process);
    if (process == wanted->process && IsWindowVisible(hwnd) && GetDlgItem(hwnd, wanted->id) != NULL) {
        wanted->dialog = hwnd;
        return FALSE;
    }
    return TRUE;
}

HWND dialog_with(const Ui *ui, int id)
{
    Wanted wanted = {ui->process.dwProcessId, id, NULL};
    EnumWindows(has_control, (LPARAM)&wanted);
    return wanted.dialog;
}

static bool dialog_is_there(Ui *ui, const void *id)
{
    return dialog_with(ui, *(const int *)id) != NULL;
}

static bool dialog_is_gone(Ui *ui, const void *id)
{
    return dialog_with(ui, *(const int *)id) == NULL;
}

bool wait_dialog(Ui *ui, int id, DWORD ms)
{
    return wait_for(ui, ms, dialog_is_there, &id);
}

bool wait_dialog_gone(Ui *ui, int id, DWORD ms)
{
    return wait_for(ui, ms, dialog_is_gone, &id);
}

void dialog_set(const Ui *ui, int id, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    ask(ui, GetDlgItem(dialog_with(ui, id), id), WM_SETTEXT, 0, (LPARAM)wide);
    mem_free(wide);
}

char *dialog_text(const Ui *ui, int id)
{
    HWND dialog = dialog_with(ui, id);
    return dialog == NULL ? mem_strdup("") : text_of(ui, GetDlgItem(dialog, id));
}

void click_in(const Ui *ui, int id)
{
    PostMessageW(GetDlgItem(dialog_with(ui, id), id), BM_CLICK, 0, 0);
}

/* A box over the dialog that has the control: NULL while there is none. */
static HWND box_over(const Ui *ui, int id)
{
    HWND dialog = dialog_with(ui, id);
    HWND popup = dialog == NULL || IsWindowEnabled(dialog) ? NULL : GetLastActivePopup(dialog);
    return popup == dialog ? NULL : popup;
}

static bool box_is_over(Ui *ui, const void *id)
{
    return box_over(ui, *(const int *)id) != NULL;
}

static bool no_box_over(Ui *ui, const void *id)
{
    HWND dialog = dialog_with(ui, *(const int *)id);
    return dialog != NULL && IsWindowEnabled(dialog);
}

bool wait_box(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, box_is_over, &id);
}

bool answer_box_over(Ui *ui, int id, int button)
{
    HWND box = box_over(ui, id);
    PostMessageW(box, TDM_CLICK_BUTTON, (WPARAM)button, 0);
    return wait_for(ui, SHORT_MS, no_box_over, &id);
}

typedef struct Shown {
    int id;
    const char *part;
} Shown;

static bool dialog_shows(Ui *ui, const void *data)
{
    const Shown *shown = data;
    char *text = dialog_text(ui, shown->id);
    bool found = strstr(text, shown->part) != NULL;
    mem_free(text);
    return found;
}

bool wait_dialog_text(Ui *ui, int id, const char *part, DWORD ms)
{
    Shown shown = {id, part};
    bool found = wait_for(ui, ms, dialog_shows, &shown);
    if (!found) {
        char *text = dialog_text(ui, id);
        printf("# control %d says \"%s\"\n", id, text);
        mem_free(text);
    }
    return found;
}

static bool control_can(Ui *ui, const void *data)
{
    int id = *(const int *)data;
    HWND dialog = dialog_with(ui, id);
    HWND control = dialog == NULL ? NULL : GetDlgItem(dialog, id);
    return control != NULL && IsWindowEnabled(control) && IsWindowVisible(control);
}

bool wait_can(Ui *ui, int id, DWORD ms)
{
    return wait_for(ui, ms, control_can, &id);
}

void type_text(const Ui *ui, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    HWND target = focus(ui);
    for (const wchar_t *c = wide; *c != 0; c++) {
        PostMessageW(target, WM_CHAR, *c, 1);
    }
    mem_free(wide);
}

/* Alt and a letter, where the focus is. */
void access_key(const Ui *ui, char letter)
{
    PostMessageW(focus(ui), WM_SYSCHAR, (WPARAM)letter, (LPARAM)0x20000001);
}

static bool focus_is(Ui *ui, const void *id)
{
    HWND now = focus(ui);
    return now != NULL && GetDlgCtrlID(now) == *(const int *)id;
}

bool wait_focus(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, focus_is, &id);
}

/* --- the assistant ------------------------------------------------------------------------------------- */

static void check_problem(Ui *ui, const char *what, const char *problem)
{
    wait_dialog_text(ui, IDC_CONN_PROBLEM, problem, SHORT_MS);
    char *shown = dialog_text(ui, IDC_CONN_PROBLEM);
    char *name = mem_printf("%s: %s", what, problem);
    ok(ui, strcmp(shown, problem) == 0, name, shown);
    mem_free(name);
    mem_free(shown);
}

static void check_bad_strings(Ui *ui)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"postgresql://ann:100%sure@h/d",
         "The password in the connection string has a wrong percent form. A percent sign itself is written %25."},
        {"postgresql://h/d",
         "The connection string names no user. It has the form postgresql://user:password@host/database."},
        {"host='h user=u", "A quoted value in the connection string has no end."},
        {"host=h dbname=d", "The user is not named. It is a part of the connection string that Neon shows."},
        {"postgresql://ann:a\"b%25c@h:99999/d",
         "The port in the connection string is not a number from 1 to 65535. Write it as a number behind the host "
         "(host:5432), or leave it out: then it is 5432."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dialog_set(ui, IDC_CONN_USER, "");
        dialog_set(ui, IDC_CONN_STRING, rows[i].text);
        click_in(ui, IDC_NEXT);
        check_problem(ui, "a bad connection string is explained", rows[i].problem);
    }
    picture(ui, "assistant-problem");
    dialog_set(ui, IDC_CONN_STRING, "postgresql://ann@h/d");
    click_in(ui, IDC_NEXT);
    wait_can(ui, IDC_CHECKS, SHORT_MS);
    click_in(ui, IDC_BACK);
    wait_can(ui, IDC_CONN_PORT, SHORT_MS);
    dialog_set(ui, IDC_CONN_PORT, "70000");
    click_in(ui, IDC_NEXT);
    check_problem(ui, "a bad port in its field is explained",
                  "The port is not a number from 1 to 65535. Correct the port; PostgreSQL's own is 5432.");
    ok(ui, wait_focus(ui, IDC_CONN_PORT), "and the cursor goes there", "it does not");
    dialog_set(ui, IDC_CONN_STRING, "postgresql://o'neil:a%22b%25c@ep-x-1-pooler.eu.aws.neon.tech/d?sslmode=require");
    click_in(ui, IDC_NEXT);
    ok(ui, wait_can(ui, IDC_CHECKS, SHORT_MS), "quotes and percent signs are understood", "they are not");
    click_in(ui, IDC_BACK);
    ok(ui, wait_can(ui, IDC_CONN_USER, SHORT_MS), "Back stops the check", "it goes on");
    char *user = dialog_text(ui, IDC_CONN_USER);
    char *password = dialog_text(ui, IDC_CONN_PASSWORD);
    char *string = dialog_text(ui, IDC_CONN_STRING);
    ok(ui, strcmp(user, "o'neil") == 0 && strcmp(string, "") == 0, "its parts are in the fields, its box is emptied",
       user);
    mem_free(string);
    mem_free(password);
    mem_free(user);
}

static bool other_is_hidden(Ui *ui, const void *data)
{
    (void)data;
    char *note = dialog_text(ui, IDC_FOLDER_NOTE);
    const bool quiet = note[0] == 0;
    mem_free(note);
    return quiet && !control_can(ui, &(int){IDC_FOLDER_OTHER});
}

static void check_sentence(Ui *ui)
{
    char *hint = dialog_text(ui, IDC_CHECK_HINT);
    ok(ui, strchr(hint, ' ') != NULL, "a check is told in a sentence", hint);
    mem_free(hint);
}

static bool open_again(Ui *ui)
{
    PostMessageW(ui->window, WM_COMMAND, IDM_CONNECTION, 0);
    return wait_dialog(ui, IDC_CONN_STRING, SHORT_MS);
}

/* A folder in what OneDrive copies is named, and another is a click away. */
static void check_cloud(Ui *ui)
{
    char *cloud = machine_getenv("OneDrive");
    ok(ui, !control_can(ui, &(int){IDC_FOLDER_OTHER}), "nothing is said against a folder on this PC",
       "a button is there");
    char *inside = mem_printf("%s\\Documents\\AIT_CMMS_Backups", cloud == NULL ? "" : cloud);
    dialog_set(ui, IDC_FOLDER, inside);
    ok(ui, wait_dialog_text(ui, IDC_FOLDER_NOTE, "OneDrive copies this folder to the cloud", SHORT_MS),
       "a folder in OneDrive is named", "it is not");
    char *home = machine_home_dir();
    char *beside = fs_join(home, "AIT_CMMS_Backups");
    ok(ui, wait_dialog_text(ui, IDC_FOLDER_OTHER, "&Keep them in ", SHORT_MS) &&
               wait_dialog_text(ui, IDC_FOLDER_OTHER, beside, SHORT_MS), "another is offered", beside);
    picture(ui, "assistant-onedrive");
    access_key(ui, 'k');
    ok(ui, wait_dialog_text(ui, IDC_FOLDER, beside, SHORT_MS) &&
               wait_for(ui, SHORT_MS, other_is_hidden, NULL) && wait_focus(ui, IDC_FOLDER),
       "Alt+K takes it, and nothing more is said", "it does not");
    mem_free(beside);
    mem_free(home);
    mem_free(inside);
    mem_free(cloud);
}

static bool is_configured(Ui *ui, const void *data)
{
    (void)data;
    return !has_text(ui, IDC_DATABASE, "None is configured");
}

/* The first start: every page, wrong input, cancel, then the real database. */
void scenario_assistant(Ui *ui)
{
    ui->keep_dialogs = true;
    char *url = machine_getenv("UITEST_URL");
    char *silent = machine_getenv("UITEST_SILENT");
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_CONN_STRING, SHORT_MS), "the first start opens the assistant", "it does not")) {
        goto out;
    }
    picture(ui, "assistant-database");
    check_bad_strings(ui);
    click_in(ui, IDCANCEL);
    ok(ui, wait_dialog_gone(ui, IDC_CONN_STRING, SHORT_MS), "Cancel closes it", "it stays");
    ok(ui, wait_lines(ui, "No database is configured yet.", 1, SHORT_MS), "the log says that nothing is configured",
       "it does not");
    ok(ui, open_again(ui), "Connection opens it again", "it does not");

    /* A server that keeps silent: left in the middle. Then one that is not there: looked at to its end. */
    dialog_set(ui, IDC_CONN_STRING, silent == NULL ? "" : silent);
    click_in(ui, IDC_NEXT);
    ok(ui, wait_can(ui, IDC_TEST_PROGRESS, SHORT_MS), "while it checks something moves", "nothing does");
    picture(ui, "assistant-checking");
    click_in(ui, IDC_BACK);
    ok(ui, wait_can(ui, IDC_CONN_STRING, SHORT_MS), "Back leaves a server that keeps silent", "it does not");
    dialog_set(ui, IDC_CONN_STRING, "postgresql://u:p@127.0.0.1:1/d");
    click_in(ui, IDC_NEXT);
    ok(ui, wait_can(ui, IDC_NEXT, LONG_MS), "the check of a server that does not answer ends", "it does not");
    ok(ui, wait_dialog_text(ui, IDC_CHECK_HINT, "Nothing answers at 127.0.0.1 port 1", SHORT_MS),
       "it says what is wrong, and what to do", "it does not");
    picture(ui, "assistant-bad");
    click_in(ui, IDC_NEXT);
    ok(ui, wait_box(ui, IDC_CHECKS), "to go on with it is asked", "it is not");
    picture(ui, "assistant-question");
    ok(ui, answer_box_over(ui, IDC_CHECKS, IDCANCEL), "the question can be answered", "it stays");
    wait_can(ui, IDC_BACK, SHORT_MS);
    click_in(ui, IDC_TEST_AGAIN);
    click_in(ui, IDCANCEL);
    ok(ui, wait_dialog_gone(ui, IDC_CONN_STRING, SHORT_MS), "Cancel ends it in the middle of a check", "it stays");

    ok(ui, open_again(ui), "it can be opened once more", "it cannot");
    dialog_set(ui, IDC_CONN_STRING, url == NULL ? "" : url);
    click_in(ui, IDC_NEXT);
    ok(ui, wait_can(ui, IDC_NEXT, LONG_MS) && wait_can(ui, IDC_CHECKS, SHORT_MS), "the check of the database ends",
       "it does not");
    check_sentence(ui);
    picture(ui, "assistant-good");
    click_in(ui, IDC_NEXT);
    ok(ui, wait_can(ui, IDC_FOLDER, SHORT_MS), "then the folder is asked for", "it is not");
    char *folder = dialog_text(ui, IDC_FOLDER);
    ok(ui, strcmp(folder, ui->folder) == 0, "it shows the one in use", folder);
    mem_free(folder);
    picture(ui, "assistant-folder");
    check_cloud(ui);
    dialog_set(ui, IDC_FOLDER, "Z:\\proc\\nowhere");
    click_in(ui, IDC_NEXT);
    ok(ui, wait_box(ui, IDC_FOLDER), "a folder that cannot be used is told", "it is not");
    picture(ui, "error-box");
    ok(ui, answer_box_over(ui, IDC_FOLDER, IDCLOSE), "the box can be closed", "it stays");
    wait_can(ui, IDC_NEXT, SHORT_MS);
    dialog_set(ui, IDC_FOLDER, ui->folder);
    click_in(ui, IDC_NEXT);
    ok(ui, wait_dialog_gone(ui, IDC_CONN_STRING, SHORT_MS), "Finish saves and closes", "it stays");
    char *command = autostart_command();
    ok(ui, strstr(command, "cmms-backup.exe\" --tray") != NULL, "Windows starts it at the next sign-in", command);
    mem_free(command);
    forget_autostart();
    ok(ui, wait_lines(ui, "The connection was saved.", 1, SHORT_MS), "the log says so", "it does not");
    ok(ui, wait_for(ui, SHORT_MS, is_configured, NULL), "the window shows the database", "it does not");
    ok(ui, wait_dialog(ui, IDC_SIGNIN_NAME, LONG_MS), "then a manager is asked to sign in", "nobody is");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program can be closed from the taskbar meanwhile");
out:
    mem_free(silent);
    mem_free(url);
}

/* The same without a mouse. */
void scenario_keyboard(Ui *ui)
{
    ui->keep_dialogs = true;
    char *url = machine_getenv("UITEST_URL");
    if (!open_window(ui) || !ok(ui, wait_dialog(ui, IDC_CONN_STRING, SHORT_MS), "the assistant opens", "it does not")) {
        goto out;
    }
    ok(ui, wait_focus(ui, IDC_CONN_STRING), "the cursor is where the string goes", "it is not");
    type_text(ui, url == NULL ? "" : url);
    press(ui, VK_TAB);
    ok(ui, wait_focus(ui, IDC_CONN_HOST), "Tab goes on to the host", "it does not");
    ok(ui, wait_dialog_text(ui, IDC_CONN_HOST, "127.0.0.1", SHORT_MS), "leaving the box fills the fields",
       "they are empty");
    static const struct {
        char letter;
        int id;
    } keys[] = {{'o', IDC_CONN_PORT},     {'d', IDC_CONN_DATABASE}, {'u', IDC_CONN_USER},
                {'w', IDC_CONN_PASSWORD}, {'e', IDC_CONN_TLS},      {'s', IDC_CONN_STRING}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        access_key(ui, keys[i].letter);
        char *name = mem_printf("Alt+%c goes to its field", keys[i].letter);
        ok(ui, wait_focus(ui, keys[i].id), name, "it does not");
        mem_free(name);
    }
    press(ui, VK_RETURN);
    ok(ui, wait_can(ui, IDC_CHECKS, SHORT_MS), "Enter goes on", "it does not");
    ok(ui, wait_focus(ui, IDC_NEXT), "when all is well the focus is on Next", "it is not");
    access_key(ui, 'a');
    ok(ui, wait_dialog_text(ui, IDC_CHECK_HINT, "Checking...", SHORT_MS) && wait_focus(ui, IDC_NEXT),
       "Alt+A checks again", "it does not");
    access_key(ui, 'c');
    ok(ui, wait_focus(ui, IDC_CHECKS), "Alt+C goes to the checks", "it does not");
    press(ui, VK_END);
    ok(ui, wait_dialog_text(ui, IDC_CHECK_HINT, "The server is not one of Neon's", SHORT_MS),
       "the arrows tell another check", "they do not");
    press(ui, VK_RETURN);
    ok(ui, wait_focus(ui, IDC_FOLDER), "Enter goes on to the folder", "it does not");
    access_key(ui, 'b');
    ok(ui, wait_can(ui, IDC_CHECKS, SHORT_MS), "Alt+B goes back", "it does not");
    access_key(ui, 'n');
    ok(ui, wait_focus(ui, IDC_FOLDER), "Alt+N goes on", "it does not");
    access_key(ui, 'r');
    ok(ui, wait_box(ui, IDC_FOLDER), "Alt+R asks for the folder", "it does not");
    press(ui, VK_ESCAPE);
    ok(ui, wait_can(ui, IDC_FOLDER, SHORT_MS) && wait_for(ui, SHORT_MS, no_box_over, &(int){IDC_FOLDER}),
       "Esc leaves the question", "it stays");
    access_key(ui, 'l');
    wait_focus(ui, IDC_WITH_WINDOWS);
    access_key(ui, 'f');
    wait_focus(ui, IDC_FOLDER);
    press(ui, VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_CONN_STRING, SHORT_MS), "Enter saves and closes", "it stays");
    char *command = autostart_command();
    ok(ui, command[0] == 0, "Alt+L unticks that it starts with Windows", command);
    mem_free(command);
    forget_autostart();
    ok(ui, wait_for(ui, SHORT_MS, is_configured, NULL), "the window shows the database", "it does not");
    ok(ui, wait_dialog(ui, IDC_SIGNIN_NAME, LONG_MS), "then a manager is asked to sign in", "nobody is");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program can be closed from the taskbar meanwhile");
out:
    mem_free(url);
}
