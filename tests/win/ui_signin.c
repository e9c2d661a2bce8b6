/*
 * ui_signin.c: signing in, on a real server with the sample's users and one more, o'neil, whose password is "it's %41".
 */
#include "ui_drive.h"

#define WRONG "The user name or the password is wrong."

typedef struct Title {
    const char *part;
} Title;

static bool title_has(Ui *ui, const void *data)
{
    const Title *title = data;
    char *text = text_of(ui, ui->window);
    bool found = strstr(text, title->part) != NULL;
    mem_free(text);
    return found;
}

static bool wait_title(Ui *ui, const char *part)
{
    Title title = {part};
    return wait_for(ui, SHORT_MS, title_has, &title);
}

void sign_in(Ui *ui, const char *name, const char *password)
{
    wait_can(ui, IDC_SIGN_IN, SHORT_MS);
    if (name != NULL) {
        dialog_set(ui, IDC_SIGNIN_NAME, name);
    }
    dialog_set(ui, IDC_SIGNIN_PASSWORD, password);
    click_in(ui, IDC_SIGN_IN);
}

static void refused(Ui *ui, const char *name, const char *password, const char *words)
{
    char *title = mem_printf("%s is refused: %s", name, words);
    sign_in(ui, name, password);
    ok(ui, wait_dialog_text(ui, IDC_SIGNIN_PROBLEM, words, SHORT_MS) && wait_can(ui, IDC_SIGN_IN, SHORT_MS), title,
       "it is not");
    mem_free(title);
    char *left = dialog_text(ui, IDC_SIGNIN_PASSWORD);
    ok(ui, left[0] == 0, "the password's box is emptied", "it is not");
    mem_free(left);
}

static bool let_in(Ui *ui, const void *data)
{
    (void)data;
    HWND dialog = dialog_with(ui, IDC_SIGN_IN);
    if (dialog != NULL && IsWindowEnabled(GetDlgItem(dialog, IDC_SIGN_IN))) {
        dialog_set(ui, IDC_SIGNIN_PASSWORD, "it's %41");
        ask(ui, GetDlgItem(dialog, IDC_SIGN_IN), BM_CLICK, 0, 0);
    }
    return dialog == NULL;
}

static bool lock_now(Ui *ui)
{
    PostMessageW(ui->window, WM_COMMAND, IDM_LOCK, 0);
    return wait_dialog(ui, IDC_SIGN_IN, SHORT_MS);
}

static bool is_running(Ui *ui, const void *data)
{
    (void)data;
    return IsWindowEnabled(item(ui, IDC_CANCEL_JOB)) && has_text(ui, IDC_PROGRESS_TEXT, " %");
}

/* A job goes on behind the lock. */
static void check_lock_in_job(Ui *ui)
{
    unsigned before = count_in_log(ui, "Backup successful!");
    click(ui, IDC_CREATE);
    ok(ui, wait_for(ui, LONG_MS, is_running, NULL), "a backup runs", "it does not");
    ok(ui, lock_now(ui), "the window can be locked meanwhile", "it cannot");
    picture(ui, "signin-locked");
    ok(ui, !IsWindowEnabled(ui->window), "nothing can be done in it", "it can");
    char *name = dialog_text(ui, IDC_SIGNIN_NAME);
    ok(ui, strcmp(name, "o'neil") == 0, "the name is filled in", name);
    mem_free(name);
    ok(ui, wait_lines(ui, "Backup successful!", before + 1, LONG_MS), "the backup goes on to its end", "it does not");
    ok(ui, dialog_with(ui, IDC_SIGN_IN) != NULL, "the window stays locked", "it does not");

    /* By keyboard alone: the cursor is in the password. */
    ok(ui, wait_focus(ui, IDC_SIGNIN_PASSWORD), "the cursor is where the password goes", "it is not");
    type_text(ui, "it's %41");
    press(ui, VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_title(ui, " - signed in as Pat O'Neil"),
       "typing it and Enter unlocks", "they do not");
}

void scenario_signin(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "a manager is asked to sign in", "nobody is")) {
        return;
    }
    picture(ui, "signin");
    ok(ui, wait_title(ui, " - locked"), "the title says that it is locked", "it does not");
    ok(ui, !IsWindowEnabled(item(ui, IDC_CREATE)), "nothing can be done before", "it can");
    refused(ui, "nobody' OR '1'='1", "sample", WRONG);
    picture(ui, "signin-refused");
    refused(ui, "o'neil", "sample", WRONG);
    sign_in(ui, " o'neil ", "it's %41");
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS), "a manager with an apostrophe is let in", "nobody is");
    ok(ui, wait_title(ui, " - signed in as Pat O'Neil"), "the title names the user", "it does not");
    ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "now backups can be made", "they cannot");
    picture(ui, "signed-in");
    check_lock_in_job(ui);

    ok(ui, lock_now(ui), "it can be locked again", "it cannot");
    refused(ui, "technician", "sample", "This user is not a manager.");
    refused(ui, "leaver", "sample", "This user is no longer active in the CMMS.");
    refused(ui, "o'neil", "wrong", WRONG);
    refused(ui, "o'neil", "it's %41", "Too many wrong passwords; the next try is possible in ");
    picture(ui, "signin-wait");
    dialog_set(ui, IDC_SIGNIN_NAME, "o'neil");
    ok(ui, wait_for(ui, SHORT_MS, let_in, NULL), "after the wait the right password is taken", "it is not");

    ok(ui, wait_title(ui, " - signed in as Pat O'Neil") && lock_now(ui), "it can be locked once more", "it cannot");
    click_in(ui, IDCANCEL);
    check_exit(ui, 0, "Exit ends the program");
}

/* Nine wrong passwords are counted already, in an earlier run. */
void scenario_tenth(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui)) {
        return;
    }
    refused(ui, "o'neil", "wrong", WRONG);
    refused(ui, "o'neil", "it's %41",
            "Too many wrong passwords; the next try is possible in 11 minutes. The wait grows with each wrong "
            "password.");
    click_in(ui, IDCANCEL);
    check_exit(ui, 0, "Exit ends the program");
}

/* A database without users: the Windows user goes on, but deletes nothing. */
void scenario_nousers(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui)) {
        return;
    }
    ok(ui, wait_lines(ui, "Nobody can sign in: ", 1, SHORT_MS), "the log says that nobody can sign in", "it does not");
    ok(ui, wait_title(ui, " - nobody is signed in"), "the title says that nobody is signed in", "it does not");
    ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "backups can be made", "they cannot");
    ok(ui, !IsWindowEnabled(item(ui, IDC_SAVE_CONFIG)), "settings cannot be changed", "they can");
    if (rows(ui) > 0) {
        select_rows(ui, 0, 1);
        ok(ui, wait_enabled(ui, IDC_VERIFY, SHORT_MS) && !IsWindowEnabled(item(ui, IDC_DELETE)),
           "a backup can be verified, but not deleted", "it can");
        ask(ui, ui->window, WM_COMMAND, IDC_DELETE, 0);
        ok(ui, find(ui, L"#32770") == NULL, "not by the key either", "there is a question");
    }
    picture(ui, "nobody");
    ask(ui, ui->window, WM_COMMAND, IDM_SHAREPOINT, 0);
    ok(ui, find(ui, L"#32770") == NULL, "where copies go cannot be changed", "it can");
    send_command(ui, IDM_RESTORE_THERE);
    ok(ui, wait_dialog(ui, IDC_SP_LINK, SHORT_MS), "but where nothing is set up, a copy can be brought back",
       "it cannot");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_SP_LINK, SHORT_MS) && wait_enabled(ui, IDC_REFRESH, SHORT_MS),
       "and nothing is done without a set-up", "something is");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}

/* The profile says one minute. */
void scenario_idle(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui)) {
        return;
    }
    sign_in(ui, "o'neil", "it's %41");
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS), "a manager signs in", "nobody does");
    ok(ui, wait_dialog(ui, IDC_SIGN_IN, LONG_MS), "after a minute without input the window is locked", "it is not");
    ok(ui, wait_title(ui, " - locked"), "the title says so", "it does not");
    click_in(ui, IDCANCEL);
    check_exit(ui, 0, "the program ends");
}
