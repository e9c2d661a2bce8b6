/* ui_more.c: settings, about and details, by a manager (see ui_signin.c) with a backup in the list. */
#include "ui_drive.h"

#include "platform/machine.h"

static void open_menu(Ui *ui, int command, int control, const char *what)
{
    PostMessageW(ui->window, WM_COMMAND, (WPARAM)command, 0);
    char *name = mem_printf("%s opens", what);
    ok(ui, wait_can(ui, control, SHORT_MS), name, "it does not");
    mem_free(name);
}

static void check_value(Ui *ui, int id, const char *wanted)
{
    char *text = dialog_text(ui, id);
    char *name = mem_printf("the settings' control %d shows %s", id, wanted);
    ok(ui, strcmp(text, wanted) == 0, name, text);
    mem_free(name);
    mem_free(text);
}

static bool copies_are_asked_for(Ui *ui)
{
    HWND box = GetDlgItem(dialog_with(ui, IDC_SET_SAVE), IDC_SET_UPLOAD);
    return ask(ui, box, BM_GETCHECK, 0, 0) == BST_CHECKED;
}

static void check_settings(Ui *ui)
{
    open_menu(ui, IDM_SETTINGS, IDC_SET_SAVE, "Settings");
    check_value(ui, IDC_SET_LOCK, "15");
    check_value(ui, IDC_SET_STALL, "10");
    check_value(ui, IDC_SET_MONTHLY, "0");
    check_value(ui, IDC_SET_SHRINK, "30");
    picture(ui, "settings");
    dialog_set(ui, IDC_SET_STALL, "99999");
    click_in(ui, IDC_SET_SAVE);
    ok(ui, wait_box(ui, IDC_SET_SAVE), "nonsense is told", "it is not");
    picture(ui, "settings-nonsense");
    ok(ui, answer_box_over(ui, IDC_SET_SAVE, IDCLOSE), "the box can be closed", "it stays");
    wait_can(ui, IDC_SET_SAVE, SHORT_MS);
    dialog_set(ui, IDC_SET_STALL, "20");
    dialog_set(ui, IDC_SET_MONTHLY, "12");
    dialog_set(ui, IDC_SET_LOCK, "30");
    ok(ui, !copies_are_asked_for(ui), "copies are not asked for", "they are");
    click_in(ui, IDC_SET_UPLOAD);

    /* By keyboard: Alt+A to the last number, a digit over it, Enter saves. */
    access_key(ui, 'a');
    ok(ui, wait_focus(ui, IDC_SET_SHRINK), "Alt+A goes to its field", "it does not");
    ask(ui, focus(ui), EM_SETSEL, 0, -1);
    type_text(ui, "0");
    press(ui, VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_SET_SAVE, SHORT_MS), "Enter saves", "the dialog stays");
    ok(ui, wait_lines(ui, "The settings were saved.", 1, SHORT_MS), "the log says so", "it does not");
    open_menu(ui, IDM_SETTINGS, IDC_SET_SAVE, "Settings again");
    check_value(ui, IDC_SET_LOCK, "30");
    check_value(ui, IDC_SET_STALL, "20");
    check_value(ui, IDC_SET_MONTHLY, "12");
    check_value(ui, IDC_SET_SHRINK, "0");
    ok(ui, copies_are_asked_for(ui), "copies are asked for now", "they are not");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_SET_SAVE, SHORT_MS), "Esc closes them", "they stay");
}

/* What each button sends is taken, or told; the boxes are left empty. */
static void check_tests(Ui *ui)
{
    static const struct {
        int box, button;
        const char *text;
    } rows[] = {{IDC_NOTIFY_PING, IDC_NOTIFY_TEST_PING, "Ping address has taken a test notice."},
                {IDC_NOTIFY_WEBHOOK, IDC_NOTIFY_TEST_WEBHOOK, "Webhook has taken a test notice."},
                {IDC_NOTIFY_TEAMS, IDC_NOTIFY_TEST_TEAMS, "Teams has taken a test notice."}};
    char *hook = machine_getenv("UITEST_HOOK");
    for (size_t i = 0; hook != NULL && i < sizeof rows / sizeof *rows; i++) {
        dialog_set(ui, rows[i].box, hook);
        click_in(ui, rows[i].button);
        ok(ui, wait_dialog_text(ui, IDC_NOTIFY_NOTE, rows[i].text, SHORT_MS), rows[i].text, "it has not");
        wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS);
        dialog_set(ui, rows[i].box, "");
    }
    mem_free(hook);
    dialog_set(ui, IDC_NOTIFY_SERVER, "smtps://127.0.0.1:1");
    dialog_set(ui, IDC_NOTIFY_FROM, "backup@example.com");
    dialog_set(ui, IDC_NOTIFY_TO, "manager@example.com");
    click_in(ui, IDC_NOTIFY_TEST_SMTP);
    ok(ui, wait_dialog_text(ui, IDC_NOTIFY_NOTE, "127.0.0.1", SHORT_MS), "a mail server that is not there is told",
       "it is not");
    wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS);
    dialog_set(ui, IDC_NOTIFY_SERVER, "");
    dialog_set(ui, IDC_NOTIFY_FROM, "");
    dialog_set(ui, IDC_NOTIFY_TO, "");
}

/* Out of the settings: a test that fails is told, what cannot be used is not saved, and no address is shown again. */
static void check_notices(Ui *ui)
{
    open_menu(ui, IDM_SETTINGS, IDC_SET_NOTIFY, "Settings for the notices");
    click_in(ui, IDC_SET_NOTIFY);
    ok(ui, wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS), "the notices elsewhere open", "they do not");
    picture(ui, "notices");
    check_tests(ui);
    dialog_set(ui, IDC_NOTIFY_PING, "http://127.0.0.1:1/5ec4e7");
    click_in(ui, IDC_NOTIFY_TEST_PING);
    ok(ui, wait_dialog_text(ui, IDC_NOTIFY_NOTE, "Nothing answers at 127.0.0.1", SHORT_MS), "a test that fails is told",
       "it is not");
    picture(ui, "notices-failed");
    wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS);
    dialog_set(ui, IDC_NOTIFY_GRAPH, "nobody");
    click_in(ui, IDC_NOTIFY_SAVE);
    ok(ui, wait_box(ui, IDC_NOTIFY_SAVE), "nonsense is told", "it is not");
    ok(ui, answer_box_over(ui, IDC_NOTIFY_SAVE, IDCLOSE), "the box can be closed", "it stays");
    wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS);
    dialog_set(ui, IDC_NOTIFY_GRAPH, "");
    click_in(ui, IDC_NOTIFY_SAVE);
    ok(ui, wait_dialog_gone(ui, IDC_NOTIFY_SAVE, SHORT_MS), "Save closes them", "they stay");
    wait_can(ui, IDC_SET_NOTIFY, SHORT_MS);
    click_in(ui, IDC_SET_NOTIFY);
    wait_can(ui, IDC_NOTIFY_SAVE, SHORT_MS);
    char *shown = dialog_text(ui, IDC_NOTIFY_PING);
    ok(ui, strcmp(shown, "http://127.0.0.1:1/\xE2\x80\xA6") == 0, "the address is shown shortened", shown);
    mem_free(shown);
    dialog_set(ui, IDC_NOTIFY_PING, "");
    click_in(ui, IDC_NOTIFY_SAVE);
    ok(ui, wait_dialog_gone(ui, IDC_NOTIFY_SAVE, SHORT_MS), "an empty box takes it away", "the dialog stays");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_SET_SAVE, SHORT_MS), "Esc closes the settings", "they stay");
}

static bool is_ticked(Ui *ui, int id)
{
    return ask(ui, GetDlgItem(dialog_with(ui, IDC_WAIT_SAVE), id), BM_GETCHECK, 0, 0) == BST_CHECKED;
}

/* What the schedule waits for, and what it does about older backups. */
static void check_unattended(Ui *ui)
{
    const unsigned saved = count_in_log(ui, "The settings were saved.");
    open_menu(ui, IDM_UNATTENDED, IDC_WAIT_SAVE, "Waiting and Checks");
    check_value(ui, IDC_WAIT_BATTERY, "20");
    check_value(ui, IDC_WAIT_QUIET, "");
    check_value(ui, IDC_WAIT_DAYS, "2");
    check_value(ui, IDC_WAIT_RECHECK, "7");
    check_value(ui, IDC_WAIT_PROVE, "30");
    check_value(ui, IDC_WAIT_CHECK, "20:00-06:00");
    ok(ui, is_ticked(ui, IDC_WAIT_ON_BATTERY) && is_ticked(ui, IDC_WAIT_ON_METERED), "both boxes are ticked",
       "they are not");
    picture(ui, "unattended");
    dialog_set(ui, IDC_WAIT_QUIET, "all night");
    click_in(ui, IDC_WAIT_SAVE);
    ok(ui, wait_box(ui, IDC_WAIT_SAVE), "hours that are none are told", "they are not");
    picture(ui, "unattended-nonsense");
    ok(ui, answer_box_over(ui, IDC_WAIT_SAVE, IDCLOSE), "the box can be closed", "it stays");
    wait_can(ui, IDC_WAIT_SAVE, SHORT_MS);
    dialog_set(ui, IDC_WAIT_QUIET, " 8:00-17:30 ");
    dialog_set(ui, IDC_WAIT_DAYS, "3");
    dialog_set(ui, IDC_WAIT_CHECK, "");
    click_in(ui, IDC_WAIT_ON_METERED);
    ping(ui);
    /* By keyboard: Alt+B to the first number, a digit over it, Enter saves. */
    access_key(ui, 'b');
    ok(ui, wait_focus(ui, IDC_WAIT_BATTERY), "Alt+B goes to its field", "it does not");
    ask(ui, focus(ui), EM_SETSEL, 0, -1);
    type_text(ui, "5");
    press(ui, VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_WAIT_SAVE, SHORT_MS), "Enter saves", "the dialog stays");
    ok(ui, wait_lines(ui, "The settings were saved.", saved + 1, SHORT_MS), "the log says so", "it does not");
    open_menu(ui, IDM_UNATTENDED, IDC_WAIT_SAVE, "Waiting and Checks again");
    check_value(ui, IDC_WAIT_BATTERY, "5");
    check_value(ui, IDC_WAIT_QUIET, "08:00-17:30");
    check_value(ui, IDC_WAIT_DAYS, "3");
    check_value(ui, IDC_WAIT_CHECK, "");
    ok(ui, is_ticked(ui, IDC_WAIT_ON_BATTERY) && !is_ticked(ui, IDC_WAIT_ON_METERED), "one box is ticked now",
       "it is not");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_WAIT_SAVE, SHORT_MS), "Esc closes it", "it stays");
}

static void check_about(Ui *ui)
{
    open_menu(ui, IDM_ABOUT, IDC_ABOUT_TEXT, "About");
    static const char *const parts[] = {"libpq 18", "OpenSSL ", "zstd ", "pg_dump 18", "pg_restore 17", "PostgreSQL"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *name = mem_printf("it names %s", parts[i]);
        ok(ui, wait_dialog_text(ui, IDC_ABOUT_TEXT, parts[i], SHORT_MS), name, "it does not");
        mem_free(name);
    }
    picture(ui, "about");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_ABOUT_TEXT, SHORT_MS), "Esc closes it", "it stays");
}

static void check_help(Ui *ui)
{
    open_menu(ui, IDM_HELP, IDC_HELP_TEXT, "View Help");
    picture(ui, "help");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_HELP_TEXT, SHORT_MS), "Esc closes it", "it stays");
}

static void check_details(Ui *ui)
{
    select_rows(ui, 0, 1);
    open_menu(ui, IDC_DETAILS, IDC_COPY_DETAILS, "View Backup Details"); /* Copy waits until all is read */
    picture(ui, "details");
    click_in(ui, IDC_COPY_DETAILS);
    static const char *const parts[] = {"SHA-256\t",      "Server\tPostgreSQL ", "History\t",
                                        "backup, success", "(o'neil)",           "Rights for\treader",
                                        "Table\tRows\tIn the database"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *name = mem_printf("the details, copied, have \"%s\"", parts[i]);
        bool there = wait_for(ui, SHORT_MS, clipboard_has, parts[i]);
        char *text = there ? NULL : clipboard_text();
        ok(ui, there, name, text);
        mem_free(text);
        mem_free(name);
    }
    char *copied = clipboard_text();
    ok(ui, strstr(copied, "History\t20") == NULL, "its history has times as the user writes them", copied);
    mem_free(copied);
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_COPY_DETAILS, SHORT_MS), "Esc closes them", "they stay");
}

void scenario_more(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui)) {
        return;
    }
    sign_in(ui, "o'neil", "it's %41");
    if (!ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && rows(ui) > 0, "a manager signs in", "nobody does")) {
        return;
    }
    check_settings(ui);
    check_notices(ui);
    check_unattended(ui);
    check_about(ui);
    check_help(ui);
    check_details(ui);
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}
