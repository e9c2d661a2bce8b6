/*
 * ui_back.c: what is on SharePoint comes back, with the simulator (e2e/graph_sim.py) in Microsoft's place: by mouse
 * (`sharepoint-back`) and, after the set-up, by keyboard alone (`sharepoint-back-keys`). The folder is empty; another
 * PC has brought three backups there: the oldest as it is, one encrypted for the key of the file UITEST_KEY, the newest
 * with a passphrase.
 */
#include "ui_drive.h"

#include "platform/machine.h"

#define LINK "https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups"
#define PASSPHRASE "correct horse battery staple"

/* The rows of what is there, and the columns of that list; of the window's own the one that says where. */
enum { BY_PASSPHRASE, BY_KEY, PLAIN };
enum { THERE_STATUS = 4, THERE_COMPARED, THERE_WHERE };
enum { COPIES = 5 };

static bool cannot(Ui *ui, const void *id)
{
    HWND dialog = dialog_with(ui, *(const int *)id);
    return dialog != NULL && !IsWindowEnabled(GetDlgItem(dialog, *(const int *)id));
}

static bool wait_cannot(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, cannot, &id);
}

static bool wait_done(Ui *ui)
{
    return wait_for(ui, LONG_MS, job_is_done, NULL);
}

static bool visible(Ui *ui, int id)
{
    HWND dialog = dialog_with(ui, id);
    return dialog != NULL && IsWindowVisible(GetDlgItem(dialog, id));
}

/* --- by mouse -------------------------------------------------------------------------------------------- */

static bool there_is(Ui *ui, int row, int column, const char *wanted)
{
    HWND dialog = dialog_with(ui, IDC_THERE_LIST);
    char *text = dialog == NULL ? mem_strdup("") : cell_in(ui, GetDlgItem(dialog, IDC_THERE_LIST), row, column);
    const bool same = strcmp(text, wanted) == 0;
    if (!same) {
        printf("# row %d, column %d of what is there is \"%s\"\n", row, column, text);
    }
    mem_free(text);
    return same;
}

static bool choose_there(Ui *ui, int row)
{
    send_command(ui, IDM_RESTORE_THERE);
    if (!wait_dialog(ui, IDC_THERE_LIST, LONG_MS)) {
        return ok(ui, false, "what is on SharePoint is listed", "it is not");
    }
    select_in(ui, GetDlgItem(dialog_with(ui, IDC_THERE_LIST), IDC_THERE_LIST), row);
    return wait_dialog_text(ui, IDC_THERE_NOTE, row == PLAIN ? ".backup" : ".backup.age", SHORT_MS);
}

/* Presses one of its buttons, and waits until it is gone. */
static void take(Ui *ui, int button)
{
    wait_can(ui, button, SHORT_MS);
    click_in(ui, button);
    wait_dialog_gone(ui, IDC_THERE_LIST, SHORT_MS);
}

static bool close_box(Ui *ui)
{
    return wait_for(ui, LONG_MS, box_is_there, NULL) && answer_box(ui, IDCLOSE) && wait_done(ui);
}

static void forget_here(Ui *ui)
{
    int none = 0;
    outside(ui, "lose", "the folder is emptied");
    ok(ui, wait_for(ui, SHORT_MS, has_rows, &none), "and the list with it", "it is not");
}

/* What Restore from SharePoint begins with where nothing is set up; then it goes on. */
static bool set_up_and_list(Ui *ui)
{
    if (!ok(ui, wait_dialog(ui, IDC_SP_LINK, SHORT_MS), "where nothing is set up, it sets it up", "it does not")) {
        return false;
    }
    dialog_set(ui, IDC_SP_LINK, LINK);
    wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
    click_in(ui, IDC_SP_SIGN_IN);
    wait_dialog_text(ui, IDC_SP_STATUS, "The client ID of this program", SHORT_MS);
    dialog_set(ui, IDC_SP_CLIENT, "client");
    char *cloud = machine_getenv("UITEST_CLOUD");
    dialog_set(ui, IDC_SP_CLOUD, cloud);
    mem_free(cloud);
    wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
    click_in(ui, IDC_SP_SIGN_IN);
    browse_sharepoint(ui);
    ok(ui, wait_dialog_text(ui, IDC_SP_STATUS, "A tiny file was written to the folder", LONG_MS),
       "the folder was found", "it was not");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    return ok(ui, wait_dialog(ui, IDC_THERE_LIST, LONG_MS), "and goes on to what is there", "it does not");
}

static void check_there(Ui *ui)
{
    send_command(ui, IDM_RESTORE_THERE);
    if (!set_up_and_list(ui)) {
        return;
    }
    HWND list = GetDlgItem(dialog_with(ui, IDC_THERE_LIST), IDC_THERE_LIST);
    ok(ui, ask(ui, list, LVM_GETITEMCOUNT, 0, 0) == 3 &&
               wait_dialog_text(ui, IDC_THERE_SUMMARY, "3 backup(s) in Dokumente/Backups on SharePoint.", SHORT_MS),
       "all that is there is listed", "it is not");
    ok(ui, there_is(ui, PLAIN, THERE_STATUS, "Verified") && there_is(ui, PLAIN, THERE_COMPARED, "size and hash") &&
               there_is(ui, PLAIN, THERE_WHERE, "SharePoint"),
       "each with its status, how it was compared, and where it is", "not so");
    ok(ui, there_is(ui, BY_KEY, THERE_COMPARED, "size and hash, encrypted") &&
               wait_dialog_text(ui, IDC_THERE_NOTE, "It is encrypted for the passphrase number ", SHORT_MS),
       "and which key it takes", "it is not said");
    picture(ui, "restore-from-sharepoint");
    PostMessageW(dialog_with(ui, IDC_THERE_LIST), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_THERE_LIST, SHORT_MS) && wait_done(ui), "Cancel brings nothing", "it does");
    outside(ui, "nothing-back", "nothing is in the folder");
}

static void check_download(Ui *ui)
{
    choose_there(ui, PLAIN);
    take(ui, IDC_THERE_GO);
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL), "Download brings one, and says so", "it does not");
    picture(ui, "restore-from-sharepoint-done");
    close_box(ui);
    ok(ui, count_in_log(ui, "Brought back: cmms_backup_") == 1, "also in the log", "it is not");
    outside(ui, "plain-back", "it is what it was, with its manifest, which pins it");
    ok(ui, wait_cell(ui, 0, COPIES, "This PC, SharePoint"), "the list has it", "it has not");
    choose_there(ui, PLAIN);
    ok(ui, there_is(ui, PLAIN, THERE_WHERE, "This PC, SharePoint"), "now it is at both places", "it is not");
    take(ui, IDC_THERE_GO);
    ok(ui, close_box(ui) && count_in_log(ui, " is here already.") == 1, "once more, nothing is fetched", "it is");
}

static bool is_downloading(Ui *ui, const void *data)
{
    (void)data;
    return has_text(ui, IDC_PROGRESS_TEXT, " % - Downloading");
}

static void check_stopped_download(Ui *ui)
{
    forget_here(ui);
    choose_there(ui, PLAIN);
    outside(ui, "hold-download", "half of it comes, then nothing");
    take(ui, IDC_THERE_GO);
    outside(ui, "held", "SharePoint is asked for the rest");
    ok(ui, wait_for(ui, LONG_MS, is_downloading, NULL), "it downloads, with percent", "it does not");
    picture(ui, "restore-from-sharepoint-running");
    click(ui, IDC_CANCEL_JOB);
    ok(ui, wait_lines(ui, "The download was cancelled. What has come is kept", 1, LONG_MS) && wait_done(ui),
       "Cancel ends it, and says that it goes on from there", "it goes on");
    ok(ui, find(ui, L"#32770") == NULL, "which needs no box", "there is one");
    outside(ui, "half-back", "half of it is kept");
    choose_there(ui, PLAIN);
    take(ui, IDC_THERE_GO);
    ok(ui, close_box(ui), "then it is downloaded again", "it is not");
    outside(ui, "resumed", "the other half alone was fetched");
}

static void check_damaged_there(Ui *ui)
{
    forget_here(ui);
    outside(ui, "damage", "SharePoint sends other bytes, and does not know it");
    choose_there(ui, PLAIN);
    take(ui, IDC_THERE_GO);
    ok(ui, close_box(ui) && wait_lines(ui, "The download failed", 1, SHORT_MS) &&
               count_in_log(ui, "the copy on SharePoint is damaged") == 1,
       "a copy that is damaged there is told in a box", "it is not");
    outside(ui, "nothing-back", "and nothing of it is here");
    outside(ui, "replace", "somebody replaces it there");
    choose_there(ui, PLAIN);
    ok(ui, there_is(ui, PLAIN, THERE_COMPARED, "differs") && wait_cannot(ui, IDC_THERE_GO) &&
               wait_cannot(ui, IDC_THERE_RESTORE) &&
               wait_dialog_text(ui, IDC_THERE_NOTE, " on SharePoint is not what its manifest says.", SHORT_MS),
       "what differs from its manifest cannot be chosen, and why is said", "it can");
    select_in(ui, GetDlgItem(dialog_with(ui, IDC_THERE_LIST), IDC_THERE_LIST), BY_KEY);
    ok(ui, wait_can(ui, IDC_THERE_GO, SHORT_MS) && wait_can(ui, IDC_THERE_RESTORE, SHORT_MS), "another can",
       "it cannot");
    PostMessageW(dialog_with(ui, IDC_THERE_LIST), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_THERE_LIST, SHORT_MS);
    outside(ui, "mend", "it is as it was");
}

static void check_key_file(Ui *ui)
{
    char *path = machine_getenv("UITEST_KEY"), *wrong = mem_printf("%s2", path);
    choose_there(ui, BY_KEY);
    take(ui, IDC_THERE_GO);
    ok(ui, wait_dialog(ui, IDC_KEY_INTRO, LONG_MS) &&
               wait_dialog_text(ui, IDC_KEY_INTRO, ".backup.age is encrypted for the public key age1", SHORT_MS) &&
               visible(ui, IDC_KEY_FILE) && !visible(ui, IDC_KEY_PHRASE),
       "the key file of an encrypted copy is asked for", "it is not");
    ok(ui, wait_cannot(ui, IDC_KEY_GO), "which is needed", "it is not");
    picture(ui, "restore-from-sharepoint-key");
    PostMessageW(dialog_with(ui, IDC_KEY_INTRO), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_KEY_INTRO, SHORT_MS) && wait_done(ui) &&
               wait_lines(ui, "The download was cancelled.", 2, SHORT_MS),
       "without it nothing is downloaded", "it is");
    outside(ui, "nothing-back", "and nothing is here");
    choose_there(ui, BY_KEY);
    take(ui, IDC_THERE_GO);
    wait_dialog(ui, IDC_KEY_INTRO, LONG_MS);
    dialog_set(ui, IDC_KEY_FILE, wrong);
    wait_can(ui, IDC_KEY_GO, SHORT_MS);
    click_in(ui, IDC_KEY_GO);
    ok(ui, wait_dialog_text(ui, IDC_KEY_PROBLEM, wrong, LONG_MS), "a file that is not there is told", "it is not");
    dialog_set(ui, IDC_KEY_FILE, path);
    wait_can(ui, IDC_KEY_GO, SHORT_MS);
    click_in(ui, IDC_KEY_GO);
    wait_dialog_gone(ui, IDC_KEY_INTRO, SHORT_MS);
    ok(ui, close_box(ui), "with the right one it comes", "it does not");
    outside(ui, "key-back", "decrypted, as it was made");
    mem_free(wrong);
    mem_free(path);
}

static void type_passphrase(Ui *ui, const char *passphrase)
{
    dialog_set(ui, IDC_KEY_PHRASE, passphrase);
    wait_can(ui, IDC_KEY_GO, SHORT_MS);
    click_in(ui, IDC_KEY_GO);
}

/* A copy that takes a passphrase, to be restored: it goes on as any restore does. */
static void check_restore_there(Ui *ui)
{
    choose_there(ui, BY_PASSPHRASE);
    take(ui, IDC_THERE_RESTORE);
    ok(ui, wait_dialog_text(ui, IDC_KEY_INTRO, "is encrypted with the passphrase number ", LONG_MS) &&
               visible(ui, IDC_KEY_PHRASE) && !visible(ui, IDC_KEY_FILE),
       "a passphrase is asked for", "it is not");
    type_passphrase(ui, "battery");
    ok(ui, wait_dialog_text(ui, IDC_KEY_PROBLEM, "The passphrase is not the one that it was encrypted with.", LONG_MS),
       "another one is told, and it is asked again", "it is not");
    picture(ui, "restore-from-sharepoint-passphrase");
    type_passphrase(ui, PASSPHRASE);
    ok(ui, wait_dialog_text(ui, IDC_FILE_PATH, "cmms_backup_", LONG_MS), "what came goes on to the restore",
       "it does not");
    outside(ui, "passphrase-back", "it is decrypted in the folder");
    wait_can(ui, IDC_FILE_NEXT, SHORT_MS);
    click_in(ui, IDC_FILE_NEXT);
    ok(ui, wait_dialog(ui, IDC_RESTORE_TEXT, LONG_MS), "it is read, and what would change is shown", "it is not");
    PostMessageW(dialog_with(ui, IDC_RESTORE_TEXT), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_lines(ui, "The restore was cancelled before it began.", 1, SHORT_MS) && wait_done(ui),
       "and may be left", "it may not");
}

void scenario_sharepoint_back(Ui *ui)
{
    if (begin_sharepoint(ui, 0)) {
        check_there(ui);
        check_download(ui);
        check_stopped_download(ui);
        check_damaged_there(ui);
        check_key_file(ui);
        check_restore_there(ui);
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
}

/* --- by keyboard ------------------------------------------------------------------------------------------ */

static bool in_front(Ui *ui, const void *data)
{
    (void)data;
    return IsWindowEnabled(ui->window) && GetForegroundWindow() == ui->window && focus(ui) != NULL;
}

static void goes_to(Ui *ui, char letter, int id)
{
    key_with(VK_MENU, (WORD)letter);
    char *name = mem_printf("Alt+%c goes to control %d", letter, id);
    ok(ui, wait_focus(ui, id), name, "it does not");
    mem_free(name);
}

static void from_the_menu(Ui *ui)
{
    wait_for(ui, SHORT_MS, in_front, NULL);
    key_with(VK_MENU, 'T');
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    key('F');
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

void scenario_sharepoint_back_keys(Ui *ui)
{
    char *path = machine_getenv("UITEST_KEY");
    if (begin_sharepoint(ui, 0)) {
        from_the_menu(ui);
        set_up_and_list(ui);
        ok(ui, wait_focus(ui, IDC_THERE_LIST), "Tools, Restore from SharePoint goes to the list", "it does not");
        key(VK_ESCAPE);
        ok(ui, wait_dialog_gone(ui, IDC_THERE_LIST, SHORT_MS), "Esc leaves it", "it stays");
        from_the_menu(ui);
        wait_focus(ui, IDC_THERE_LIST);
        key(VK_END);
        ok(ui, wait_dialog_text(ui, IDC_THERE_NOTE, ".backup: of the database ", SHORT_MS), "End goes to the oldest",
           "it does not");
        key(VK_RETURN);
        ok(ui, wait_dialog_gone(ui, IDC_THERE_LIST, SHORT_MS) && wait_for(ui, LONG_MS, box_is_there, NULL),
           "Enter downloads it", "it does not");
        box_open(ui);
        key(VK_RETURN); /* Wine's box has no Esc where Close is its only button */
        wait_done(ui);
        outside(ui, "plain-back", "it is what it was");
        from_the_menu(ui);
        wait_focus(ui, IDC_THERE_LIST);
        key(VK_HOME);
        key(VK_DOWN);
        wait_dialog_text(ui, IDC_THERE_NOTE, "It is encrypted for the public key age1", SHORT_MS);
        key_with(VK_MENU, 'R');
        ok(ui, wait_focus(ui, IDC_KEY_FILE), "Alt+R restores; the cursor is where the key file goes", "it is not");
        type_keys(path);
        goes_to(ui, 'K', IDC_KEY_FILE);
        key_with(VK_MENU, 'G');
        ok(ui, wait_focus(ui, IDC_FILE_PATH), "Alt+G goes on, to the restore of what came", "it does not");
        outside(ui, "key-back", "it is decrypted in the folder");
        key(VK_ESCAPE);
        ok(ui, wait_dialog_gone(ui, IDC_FILE_PATH, SHORT_MS) && wait_for(ui, SHORT_MS, in_front, NULL),
           "Esc leaves it", "it stays");
        from_the_menu(ui);
        wait_focus(ui, IDC_THERE_LIST);
        key(VK_HOME);
        key_with(VK_MENU, 'D');
        ok(ui, wait_focus(ui, IDC_KEY_PHRASE), "Alt+D downloads; the cursor is where the passphrase goes",
           "it is not");
        goes_to(ui, 'P', IDC_KEY_PHRASE);
        key(VK_ESCAPE);
        ok(ui, wait_dialog_gone(ui, IDC_KEY_PHRASE, SHORT_MS) && wait_done(ui), "Esc gives none", "it stays");
        wait_for(ui, SHORT_MS, in_front, NULL);
        key_with(VK_MENU, VK_F4);
        check_exit(ui, 0, "Alt+F4 ends the program");
    }
    mem_free(path);
}
