/*
 * ui_restore.c: Restore/Upload Backup and Undo Restore on a real server: by mouse (`restore`), by keyboard alone
 * (`restore-keys`), where the database is gone (`restore-gone`), and where the user may not create databases
 * (`restore-in-place`). The folder has one backup of the database, whose name is in UITEST_DATABASE. What happens on
 * the server meanwhile test_dialogs.py does and looks at (`outside`).
 */
#include "ui_drive.h"

#include "platform/machine.h"
#include "store/retention.h"

#define WRONG_NAME "That is not the name of the database."
#define RESTART "IMPORTANT: Restart the CMMS application on every computer, to refresh all connections."

static char *database; /* UITEST_DATABASE */

void outside(Ui *ui, const char *step, const char *name)
{
    char answer[500] = "nobody answers";
    printf("do %s\n", step);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) != NULL) {
        answer[strcspn(answer, "\r\n")] = 0;
    }
    ok(ui, strcmp(answer, "ok") == 0, name, answer);
}

static bool dialog_cannot(Ui *ui, const void *id)
{
    HWND dialog = dialog_with(ui, *(const int *)id);
    return dialog != NULL && !IsWindowEnabled(GetDlgItem(dialog, *(const int *)id));
}

static bool wait_cannot(Ui *ui, int id)
{
    return wait_for(ui, SHORT_MS, dialog_cannot, &id);
}

static bool wait_done(Ui *ui)
{
    return wait_for(ui, LONG_MS, job_is_done, NULL);
}

/* Signed in, with the backup in the list. */
static bool begin(Ui *ui)
{
    ui->keep_dialogs = true;
    database = machine_getenv("UITEST_DATABASE");
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "a manager is asked to sign in", "nobody is")) {
        return false;
    }
    ok(ui, !IsWindowEnabled(item(ui, IDC_RESTORE)), "before that nothing can be restored", "it can");
    sign_in(ui, "o'neil", "it's %41");
    return ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_enabled(ui, IDC_RESTORE, SHORT_MS) &&
                      rows(ui) == 1,
              "a manager may, and there is a backup", "not so");
}

/* --- by mouse -------------------------------------------------------------------------------------------- */

static bool open_choice(Ui *ui)
{
    click(ui, IDC_RESTORE);
    return wait_dialog(ui, IDC_FILE_PATH, SHORT_MS);
}

/* To the question with the summary. */
static bool open_confirm(Ui *ui)
{
    select_rows(ui, rows(ui) - 1, rows(ui)); /* safety backups are newer */
    if (!open_choice(ui)) {
        return false;
    }
    click_in(ui, IDC_FILE_NEXT);
    return wait_dialog(ui, IDC_RESTORE_NAME, LONG_MS);
}

static void check_choice(Ui *ui)
{
    const char *none = "Z:\\nowhere\\there is none.backup";
    select_rows(ui, 0, 1);
    char *name = cell(ui, 0, 0);
    if (!ok(ui, open_choice(ui), "Restore/Upload Backup asks for the file", "there is no dialog")) {
        return;
    }
    ok(ui, wait_dialog_text(ui, IDC_FILE_PATH, name, SHORT_MS), "it proposes the selected one", "it does not");
    char *warning = dialog_text(ui, IDC_FILE_WARNING);
    ok(ui, strstr(warning, "WARNING: ") != NULL && strstr(warning, database) != NULL, "and warns, naming the database",
       warning);
    mem_free(warning);
    picture(ui, "restore-file");
    dialog_set(ui, IDC_FILE_PATH, "");
    ok(ui, wait_cannot(ui, IDC_FILE_NEXT), "without a file it does not go on", "it does");
    dialog_set(ui, IDC_FILE_PATH, none);
    click_in(ui, IDC_FILE_NEXT);
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL) && wait_lines(ui, "The backup cannot be restored: ", 1, SHORT_MS),
       "a file that is not there is told", "it is not");
    ok(ui, answer_box(ui, IDCLOSE) && wait_done(ui), "in a box", "there is none");
    mem_free(name);
}

static void check_wrong_name(Ui *ui)
{
    if (!ok(ui, open_confirm(ui), "when it is read, it is asked again", "it is not")) {
        return;
    }
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "work orders ", SHORT_MS), "it tells both sides in CMMS words",
       "it does not");
    ok(ui, wait_cannot(ui, IDC_RESTORE_GO), "without the name it cannot be restored", "it can");
    picture(ui, "restore-confirm");
    dialog_set(ui, IDC_RESTORE_NAME, "postgres");
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_PROBLEM, WRONG_NAME, SHORT_MS) && wait_cannot(ui, IDC_RESTORE_GO),
       "a wrong name says so", "it does not");
    picture(ui, "restore-wrong-name");
    PostMessageW(dialog_with(ui, IDC_RESTORE_GO), WM_COMMAND, IDC_RESTORE_GO, 0);
    ping(ui);
    char *half = mem_strndup(database, 3); /* ASCII */
    dialog_set(ui, IDC_RESTORE_NAME, half);
    ok(ui, dialog_with(ui, IDC_RESTORE_GO) != NULL && wait_cannot(ui, IDC_RESTORE_GO),
       "half a name does nothing either", "it does");
    char *problem = dialog_text(ui, IDC_RESTORE_PROBLEM);
    ok(ui, problem[0] == 0, "but is not called wrong", problem);
    mem_free(problem);
    mem_free(half);
    PostMessageW(dialog_with(ui, IDC_RESTORE_GO), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_lines(ui, "The restore was cancelled before it began. Nothing was changed.", 1, SHORT_MS),
       "Cancel leaves it", "it does not");
    outside(ui, "as-changed", "and nothing was changed");
}

static bool is_restoring(Ui *ui, const void *data)
{
    (void)data;
    return has_text(ui, IDC_PROGRESS_TEXT, " % - Restoring");
}

static bool agree(Ui *ui)
{
    dialog_set(ui, IDC_RESTORE_NAME, database);
    if (!ok(ui, wait_can(ui, IDC_RESTORE_GO, SHORT_MS), "with the name it can be restored", "it cannot")) {
        return false;
    }
    click_in(ui, IDC_RESTORE_GO);
    return true;
}

/* What came of it is on the screen. */
static bool told(Ui *ui, const char *what)
{
    return wait_dialog_text(ui, IDC_RESULT_TEXT, what, LONG_MS) && wait_dialog_text(ui, IDC_RESULT_TEXT, RESTART, 0);
}

static void close_result(Ui *ui)
{
    PostMessageW(dialog_with(ui, IDC_RESULT_TEXT), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_RESULT_TEXT, SHORT_MS);
    wait_done(ui);
}

static void check_declined(Ui *ui)
{
    int before = files(ui).backups;
    if (!ok(ui, open_confirm(ui), "it is asked once more", "it is not")) {
        return;
    }
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "A safety backup of ", SHORT_MS), "it tells of the safety backup",
       "it does not");
    click_in(ui, IDC_RESTORE_SAFETY);
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "it was declined", SHORT_MS), "and that it was declined",
       "it does not");
    if (!agree(ui)) {
        return;
    }
    ok(ui, wait_box(ui, IDC_RESTORE_GO), "to go without one is asked a second time", "it is not");
    picture(ui, "restore-unsafe");
    ok(ui, answer_box_over(ui, IDC_RESTORE_GO, IDCANCEL) && wait_can(ui, IDC_RESTORE_GO, SHORT_MS),
       "Back leads back", "it does not");
    outside(ui, "as-changed", "and nothing was done yet");
    click_in(ui, IDC_RESTORE_GO);
    wait_box(ui, IDC_RESTORE_GO);
    PostMessageW(GetLastActivePopup(dialog_with(ui, IDC_RESTORE_GO)), TDM_CLICK_BUTTON, IDYES, 0);
    ok(ui, wait_for(ui, LONG_MS, is_restoring, NULL), "a second yes restores, with percent", "it does not");
    ok(ui, !IsWindowEnabled(item(ui, IDC_RESTORE)) && !IsWindowEnabled(item(ui, IDC_CREATE)),
       "nothing else can be begun meanwhile", "it can");
    picture(ui, "restore-running");
    ok(ui, told(ui, " rows, all counted."), "what came of it is told, and what to do now", "it is not");
    picture(ui, "restore-result");
    close_result(ui);
    ok(ui, count_in_log(ui, "\xE2\x9C\x85 Database restored successfully!") == 1 && count_in_log(ui, RESTART) == 1,
       "also in the log", "it is not");
    ok(ui, count_in_log(ui, " is made: it was declined") == 1 && files(ui).backups == before,
       "which says that the safety backup was declined", "it does not");
    outside(ui, "as-saved", "the database is as it was saved");
}

static void undo_to(Ui *ui)
{
    send_command(ui, IDM_UNDO);
    ok(ui, wait_dialog(ui, IDC_UNDO_NAME, LONG_MS), "Undo Restore lists what is kept", "it does not");
}

static void check_undo(Ui *ui)
{
    undo_to(ui);
    HWND list = GetDlgItem(dialog_with(ui, IDC_UNDO_LIST), IDC_UNDO_LIST);
    ok(ui, ask(ui, list, LVM_GETITEMCOUNT, 0, 0) == 1 && ask(ui, list, LVM_GETSELECTEDCOUNT, 0, 0) == 1,
       "there is one, and it is selected", "not so");
    picture(ui, "undo");
    ok(ui, wait_cannot(ui, IDC_UNDO_GO), "without the name it cannot be undone", "it can");
    dialog_set(ui, IDC_UNDO_NAME, "postgres");
    ok(ui, wait_dialog_text(ui, IDC_UNDO_PROBLEM, WRONG_NAME, SHORT_MS) && wait_cannot(ui, IDC_UNDO_GO),
       "a wrong name says so there too", "it does not");
    dialog_set(ui, IDC_UNDO_NAME, database);
    wait_can(ui, IDC_UNDO_GO, SHORT_MS);
    outside(ui, "hold", "the server lets nobody look at what is kept");
    click_in(ui, IDC_UNDO_GO);
    ok(ui, wait_enabled(ui, IDC_CANCEL_JOB, SHORT_MS), "the undo begins", "it does not");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    ok(ui, answer_box(ui, IDCANCEL) && wait_for(ui, SHORT_MS, box_is_gone, NULL), "closing during it asks",
       "there is no question");
    outside(ui, "let-go", "it lets go");
    ok(ui, told(ui, " is again the one that was kept as "), "it is undone", "it is not");
    picture(ui, "undo-result");
    close_result(ui);
    outside(ui, "as-changed", "the database is as it was before the restore");
}

static void check_cancel(Ui *ui)
{
    int before = files(ui).backups;
    if (!ok(ui, open_confirm(ui), "it can be restored again", "it cannot") || !agree(ui)) {
        return;
    }
    ok(ui, wait_for(ui, LONG_MS, is_restoring, NULL), "it restores", "it does not");
    click(ui, IDC_CANCEL_JOB);
    ok(ui, wait_lines(ui, "The restore was cancelled. The database is as it was.", 1, SHORT_MS) && wait_done(ui),
       "Cancel ends it in the middle", "it goes on");
    ok(ui, files(ui).backups == before + 1, "the safety backup stays", "it does not");
    outside(ui, "nothing-left", "nothing of it is on the server");
    outside(ui, "as-changed", "and the database is as it was");
    ok(ui, wait_enabled(ui, IDC_RESTORE, SHORT_MS), "then it can be begun again", "it cannot");
}

static void check_nothing_to_undo(Ui *ui)
{
    send_command(ui, IDM_UNDO);
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL), "where nothing can be undone a box says so", "there is none");
    picture(ui, "undo-nothing");
    ok(ui, answer_box(ui, IDCLOSE) && wait_done(ui), "which can be closed", "it stays");
}

void scenario_restore(Ui *ui)
{
    if (begin(ui)) {
        outside(ui, "change", "rows are lost on the server");
        check_nothing_to_undo(ui);
        check_choice(ui);
        check_wrong_name(ui);
        check_declined(ui);
        check_undo(ui);
        check_cancel(ui);
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
    mem_free(database);
}

/* --- by keyboard alone ------------------------------------------------------------------------------------ */

static bool in_front(Ui *ui, const void *data)
{
    (void)data;
    return IsWindowEnabled(ui->window) && GetForegroundWindow() == ui->window && focus(ui) != NULL;
}

static bool goes_to(Ui *ui, char letter, int id)
{
    key_with(VK_MENU, (WORD)letter);
    char *name = mem_printf("Alt+%c goes to control %d", letter, id);
    const bool there = ok(ui, wait_focus(ui, id), name, "it does not");
    mem_free(name);
    return there;
}

static void choose(Ui *ui, char entry)
{
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    key((WORD)entry);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

static void escape(Ui *ui, int id, const char *what)
{
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, id, SHORT_MS) && wait_for(ui, SHORT_MS, in_front, NULL), what, "it stays");
}

static void check_ways_in(Ui *ui)
{
    key_with(VK_MENU, 'K');
    ok(ui, wait_focus(ui, IDC_FILE_PATH), "Alt+K presses Restore/Upload Backup", "it does not");
    goes_to(ui, 'F', IDC_FILE_PATH);
    HWND dialog = dialog_with(ui, IDC_FILE_PATH);
    key_with(VK_MENU, 'B');
    ok(ui, wait_for(ui, SHORT_MS, other_in_front, &dialog), "Alt+B asks for the file in the system's dialog",
       "it does not");
    key(VK_ESCAPE);
    ok(ui, wait_focus(ui, IDC_FILE_BROWSE), "Esc leaves that", "it stays");
    escape(ui, IDC_FILE_PATH, "Esc leaves it");
    key_with(VK_MENU, 'B');
    choose(ui, 'K');
    ok(ui, wait_focus(ui, IDC_FILE_PATH), "Backup, Restore/Upload Backup opens it", "it does not");
    escape(ui, IDC_FILE_PATH, "and Esc leaves it");
    key_with(VK_MENU, 'V');
    wait_focus(ui, IDC_LIST);
    key(VK_HOME);
    key(VK_SPACE);
    int one = 1;
    wait_for(ui, SHORT_MS, selected_count_is, &one);
    key_with(VK_SHIFT, VK_F10);
    choose(ui, 'K');
    ok(ui, wait_focus(ui, IDC_FILE_PATH) && wait_dialog_text(ui, IDC_FILE_PATH, ".backup", SHORT_MS),
       "Shift+F10, Restore Backup opens it with the row", "it does not");
}

static void check_keys_restore(Ui *ui)
{
    key(VK_RETURN);
    ok(ui, wait_can(ui, IDC_RESTORE_TEXT, LONG_MS) && wait_focus(ui, IDC_RESTORE_TEXT), "Enter goes on to the summary",
       "it does not");
    goes_to(ui, 'T', IDC_RESTORE_NAME);
    key_with(VK_MENU, 'M');
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "it was declined", SHORT_MS), "Alt+M unticks the safety backup",
       "it does not");
    key_with(VK_MENU, 'M');
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "is made first", SHORT_MS), "and ticks it again", "it does not");
    goes_to(ui, 'W', IDC_RESTORE_TEXT);
    goes_to(ui, 'T', IDC_RESTORE_NAME);
    key(VK_RETURN);
    ok(ui, dialog_with(ui, IDC_RESTORE_GO) != NULL, "Enter does nothing before the name is typed", "it does");
    type_keys(database);
    wait_can(ui, IDC_RESTORE_GO, SHORT_MS);
    key_with(VK_MENU, 'R');
    ok(ui, told(ui, "Safety backup: ") && wait_focus(ui, IDC_RESULT_TEXT), "Alt+R restores", "it does not");
    key(VK_RETURN);
    ok(ui, wait_dialog_gone(ui, IDC_RESULT_TEXT, SHORT_MS) && wait_done(ui) && wait_for(ui, SHORT_MS, in_front, NULL),
       "Enter closes what came of it", "it stays");
    outside(ui, "as-saved", "the database is as it was saved");
    int two = 2;
    ok(ui, wait_for(ui, SHORT_MS, has_rows, &two) && wait_cell(ui, 0, 4, "Verified"),
       "the safety backup is in the list", "it is not");
}

static void check_keys_undo(Ui *ui)
{
    key_with(VK_MENU, 'B');
    choose(ui, 'N');
    ok(ui, wait_dialog(ui, IDC_UNDO_NAME, LONG_MS) && wait_focus(ui, IDC_UNDO_LIST),
       "Backup, Undo Restore lists what is kept", "it does not");
    goes_to(ui, 'T', IDC_UNDO_NAME);
    goes_to(ui, 'K', IDC_UNDO_LIST);
    goes_to(ui, 'T', IDC_UNDO_NAME);
    type_keys(database);
    wait_can(ui, IDC_UNDO_GO, SHORT_MS);
    key(VK_RETURN);
    ok(ui, told(ui, " is again the one that was kept as "), "the name and Enter undo it", "they do not");
    wait_focus(ui, IDC_RESULT_TEXT);
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_RESULT_TEXT, SHORT_MS) && wait_done(ui) && wait_for(ui, SHORT_MS, in_front, NULL),
       "Esc closes it", "it stays");
    outside(ui, "as-changed", "the database is as it was before the restore");
}

void scenario_restore_keys(Ui *ui)
{
    if (begin(ui)) {
        outside(ui, "change", "rows are lost on the server");
        check_ways_in(ui);
        check_keys_restore(ui);
        check_keys_undo(ui);
        key_with(VK_MENU, VK_F4);
        check_exit(ui, 0, "Alt+F4 ends the program");
    }
    mem_free(database);
}

/* --- the disaster ---------------------------------------------------------------------------------------- */

/* What only a manager may do is grey, also on the status band's button. */
static void check_nobody(Ui *ui)
{
    static const char alarm[] = "{\"reason\": \"table parts lost 96 % of its rows (12410 before, 400 now)\"}";
    const int mend = IDC_MEND;
    char *path = fs_join(ui->folder, RETENTION_FROZEN_FILE);
    fs_write_atomic(path, alarm, sizeof alarm - 1, NULL);
    ok(ui, wait_text(ui, IDC_STATUS, "Look at this: ", SHORT_MS) && wait_for(ui, SHORT_MS, is_disabled, &mend),
       "where nobody is signed in the band's button does nothing, and is grey", "it is not");
    fs_remove(path, NULL);
    ok(ui, wait_text(ui, IDC_STATUS, "rotected: last backup", SHORT_MS), "the alarm is over", "it is not");
    mem_free(path);
}

/* The database is gone, so nobody can sign in; it comes and goes meanwhile. */
void scenario_restore_gone(Ui *ui)
{
    ui->keep_dialogs = true;
    database = machine_getenv("UITEST_DATABASE");
    if (!open_window(ui) || !ok(ui, wait_lines(ui, "Nobody can sign in: ", 1, SHORT_MS), "nobody can sign in",
                                "the log does not say so")) {
        return;
    }
    ok(ui, wait_enabled(ui, IDC_RESTORE, SHORT_MS), "but a backup can be restored", "it cannot");
    check_nobody(ui);
    if (!ok(ui, open_confirm(ui), "it is asked", "it is not")) {
        return;
    }
    ok(ui, wait_dialog_text(ui, IDC_RESTORE_WARNING, "There is no database ", SHORT_MS) &&
               wait_cannot(ui, IDC_RESTORE_SAFETY),
       "there is nothing to make a safety backup of", "not so");
    picture(ui, "restore-gone");
    outside(ui, "create", "meanwhile the database comes back");
    agree(ui);
    ok(ui, wait_lines(ui, "Restore failed: the database has managers again", 1, LONG_MS) && answer_box(ui, IDCLOSE) &&
               wait_done(ui),
       "then a manager has to sign in", "it is restored");
    outside(ui, "drop", "it goes again");
    ok(ui, open_confirm(ui) && agree(ui) && told(ui, " rows, all counted."), "and is restored", "it is not");
    PostMessageW(dialog_with(ui, IDC_RESULT_TEXT), WM_COMMAND, IDCANCEL, 0);
    outside(ui, "as-saved", "as it was saved");
    ok(ui, wait_dialog(ui, IDC_SIGN_IN, LONG_MS), "now a manager is asked to sign in", "nobody is");
    click_in(ui, IDCANCEL);
    check_exit(ui, 0, "the program ends");
    mem_free(database);
}

/* --- in place ---------------------------------------------------------------------------------------------- */

/* To the question whether it is to go into the database itself. */
static bool open_offer(Ui *ui)
{
    select_rows(ui, rows(ui) - 1, rows(ui));
    if (!open_choice(ui)) {
        return false;
    }
    click_in(ui, IDC_FILE_NEXT);
    return wait_dialog_gone(ui, IDC_FILE_PATH, SHORT_MS) && wait_for(ui, LONG_MS, question_is_there, NULL);
}

static bool offer_key(Ui *ui, char letter)
{
    HWND none = NULL;
    SetForegroundWindow(GetLastActivePopup(ui->window));
    if (!wait_for(ui, SHORT_MS, other_in_front, &none)) {
        return false;
    }
    key_with(VK_MENU, (WORD)letter);
    return true;
}

/* The user may not create databases. */
void scenario_restore_in_place(Ui *ui)
{
    if (begin(ui)) {
        outside(ui, "change", "rows are lost on the server");
        ok(ui, open_offer(ui), "whether it may go into the database itself is asked first", "it is not");
        picture(ui, "restore-in-place-offer");
        ok(ui, answer_box(ui, IDCANCEL) &&
                   wait_lines(ui, "The restore was cancelled before it began. Nothing was changed.", 1, SHORT_MS),
           "Leave it leaves it", "it does not");
        outside(ui, "as-changed", "and nothing was changed");
        ok(ui, open_offer(ui) && offer_key(ui, 'L') &&
                   wait_lines(ui, "The restore was cancelled before it began. Nothing was changed.", 2, SHORT_MS),
           "and so does Alt+L", "it does not");
        ok(ui, open_offer(ui) && offer_key(ui, 'S') && wait_dialog(ui, IDC_RESTORE_NAME, LONG_MS),
           "Alt+S shows what it would change", "it does not");
        ok(ui, wait_dialog_text(ui, IDC_RESTORE_TEXT, "It cannot be undone: ", SHORT_MS) &&
                   wait_dialog_text(ui, IDC_RESTORE_WARNING, "There is no Undo Restore after that", SHORT_MS),
           "and that it cannot be undone", "it does not");
        ok(ui, wait_cannot(ui, IDC_RESTORE_SAFETY), "its safety backup cannot be declined", "it can");
        picture(ui, "restore-in-place");
        agree(ui);
        ok(ui, told(ui, "What was there before is only in the safety backup now"), "it is restored", "it is not");
        picture(ui, "restore-in-place-result");
        close_result(ui);
        outside(ui, "as-saved", "the database is as it was saved");
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
    mem_free(database);
}
