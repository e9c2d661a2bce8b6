/*
 * ui_sharepoint.c: the folder on SharePoint, exports to it and the page for IT, with the simulator (e2e/graph_sim.py)
 * in Microsoft's place: by mouse (`sharepoint`) and by keyboard alone (`sharepoint-keys`). UITEST_CLOUD has its
 * addresses as the Cloud box takes them. The folder has two good backups and one that nobody has verified, the oldest.
 * The browser is test_dialogs.py, which goes to the address that the dialog shows ("browse ADDRESS").
 */
#include "ui_drive.h"

#include "base/strbuf.h"
#include "platform/machine.h"

#define LINK "https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups"
#define DONE "A tiny file was written to the folder and removed again: it works."

enum { COPIES = 5 };

static char *cloud; /* UITEST_CLOUD */

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

bool begin_sharepoint(Ui *ui, int backups)
{
    ui->keep_dialogs = true;
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "a manager is asked to sign in", "nobody is")) {
        return false;
    }
    ok(ui, !IsWindowEnabled(item(ui, IDC_SHAREPOINT)), "before that nothing can be exported", "it can");
    sign_in(ui, "o'neil", "it's %41");
    return ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_enabled(ui, IDC_REFRESH, SHORT_MS) &&
                      rows(ui) == backups,
              "a manager may, and the backups are listed", "not so");
}

bool browse_sharepoint(Ui *ui)
{
    if (!wait_can(ui, IDC_SP_COPY, LONG_MS)) {
        return ok(ui, false, "the address for the browser is shown", "it is not");
    }
    char *address = dialog_text(ui, IDC_SP_ADDRESS);
    char *step = mem_printf("browse %s", address);
    outside(ui, step, "the browser goes there and comes back");
    mem_free(step);
    mem_free(address);
    return true;
}

static bool status_says(Ui *ui, const char *part, const char *name)
{
    const bool said = wait_dialog_text(ui, IDC_SP_STATUS, part, LONG_MS);
    return ok(ui, said, name, "it does not");
}

static bool visible(Ui *ui, int id)
{
    HWND dialog = dialog_with(ui, id);
    return dialog != NULL && IsWindowVisible(GetDlgItem(dialog, id));
}

/* --- by mouse -------------------------------------------------------------------------------------------- */

static void check_wrong_links(Ui *ui)
{
    static const struct {
        const char *link, *problem;
    } cases[] = {
        {"https://example.org/x", "xample.org is not a SharePoint"}, /* a sentence begins with a capital */
        {"https://contoso.sharepoint.com/:x:/s/M/Eabc", "The link leads to a file or a page"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dialog_set(ui, IDC_SP_LINK, cases[i].link);
        wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
        click_in(ui, IDC_SP_SIGN_IN);
        char *name = mem_printf("%s is told", cases[i].link);
        ok(ui, wait_dialog_text(ui, IDC_SP_STATUS, cases[i].problem, SHORT_MS), name, "it is not");
        mem_free(name);
    }
}

static void close_page(Ui *ui)
{
    PostMessageW(dialog_with(ui, IDC_ASK_PAGE), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_ASK_PAGE, SHORT_MS), "the page for IT can be closed", "it stays");
}

static void check_it_page(Ui *ui, const char *const *parts, size_t count, const char *shot)
{
    if (!ok(ui, wait_dialog(ui, IDC_ASK_PAGE, SHORT_MS), "Ask IT shows a page", "it does not")) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = mem_printf("the page has \"%s\"", parts[i]);
        ok(ui, wait_dialog_text(ui, IDC_ASK_PAGE, parts[i], SHORT_MS), name, "it has not");
        mem_free(name);
    }
    picture(ui, shot);
    click_in(ui, IDC_ASK_COPY);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "\r\nStep 3: it may write to that site"), "Copy copies all of it",
       "it does not");
    close_page(ui);
}

static void check_first(Ui *ui)
{
    int button = IDC_SHAREPOINT;
    select_rows(ui, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, is_disabled, &button), "without a selection nothing can be exported", "it can");
    select_rows(ui, 0, 3);
    wait_enabled(ui, IDC_SHAREPOINT, SHORT_MS);
    click(ui, IDC_SHAREPOINT);
    ok(ui, wait_dialog(ui, IDC_SP_LINK, SHORT_MS), "where nothing is set up, Export to SharePoint sets it up",
       "there is no dialog");
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "No folder is set up yet.", SHORT_MS), "it says how it stands",
       "it does not");
    ok(ui, wait_cannot(ui, IDC_SP_SIGN_IN) && wait_cannot(ui, IDC_SP_DEVICE) &&
               wait_dialog_text(ui, IDC_SP_STATUS, "Paste the link to the folder first", SHORT_MS),
       "without a link nobody signs in, and why is said", "not so");
    ok(ui, wait_cannot(ui, IDC_SP_OUT) && wait_cannot(ui, IDC_SP_FORGET), "there is nothing to leave", "there is");
    ok(ui, visible(ui, IDC_SP_STEPS) && !visible(ui, IDC_SP_CLIENT), "client ID and the like are not shown",
       "they are");
    picture(ui, "sharepoint-first");
    check_wrong_links(ui);
}

static void check_client_id(Ui *ui)
{
    static const char *const parts[] = {"Client ID:  (not known yet: step 1)", "Tenant:     contoso.onmicrosoft.com",
                                        "Step 1: the program is registered, once   <-- this is missing"};
    dialog_set(ui, IDC_SP_LINK, LINK);
    wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
    click_in(ui, IDC_SP_SIGN_IN);
    ok(ui, wait_dialog_text(ui, IDC_SP_STATUS, "The client ID of this program in your organisation is not known.",
                            SHORT_MS) &&
               wait_dialog_text(ui, IDC_SP_STATUS, "Ask IT has a page to send on.", SHORT_MS),
       "without a client ID it says who has it", "it does not");
    ok(ui, visible(ui, IDC_SP_CLIENT) && wait_focus(ui, IDC_SP_CLIENT), "and the cursor is where it goes",
       "it is not");
    picture(ui, "sharepoint-advanced");
    click_in(ui, IDC_SP_ASK);
    check_it_page(ui, parts, sizeof parts / sizeof *parts, "ask-it-app");
}

static void check_refused(Ui *ui)
{
    static const char *const parts[] = {"/v2.0/adminconsent?client_id=client&redirect_uri=http%3A%2F%2Flocalhost&",
                                        "AADSTS90094",
                                        "Step 2: it is approved for the organisation   <-- this is missing",
                                        "sites/contoso.sharepoint.com:/sites/Maintenance"};
    dialog_set(ui, IDC_SP_CLIENT, "client");
    dialog_set(ui, IDC_SP_CLOUD, cloud);
    outside(ui, "refuse", "consent is refused by policy");
    click_in(ui, IDC_SP_SIGN_IN);
    if (!wait_can(ui, IDC_SP_COPY, LONG_MS)) {
        ok(ui, false, "the address for the browser is shown", "it is not");
        return;
    }
    ok(ui, wait_cannot(ui, IDC_SP_SIGN_IN) && wait_cannot(ui, IDC_SP_LINK) && !visible(ui, IDC_SP_CODE),
       "meanwhile nothing else can be entered", "it can");
    picture(ui, "sharepoint-browser");
    browse_sharepoint(ui);
    status_says(ui, "The sign-in was refused: an administrator must approve the program first.",
                "the refusal is told in plain words");
    ok(ui, wait_focus(ui, IDC_SP_ASK), "and the next step is Ask IT", "it is not");
    picture(ui, "sharepoint-refused");
    click_in(ui, IDC_SP_ASK);
    check_it_page(ui, parts, sizeof parts / sizeof *parts, "ask-it");
    outside(ui, "allow", "IT approves");
}

/* Stopped in the browser, then by a code. */
static void check_code(Ui *ui)
{
    click_in(ui, IDC_SP_SIGN_IN);
    wait_can(ui, IDC_SP_COPY, LONG_MS);
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    status_says(ui, "The sign-in was stopped. Nothing was changed.", "Stop stops it, and the dialog stays");
    wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
    outside(ui, "device-waits", "nobody types the code yet");
    click_in(ui, IDC_SP_SIGN_IN);
    wait_can(ui, IDC_SP_COPY, LONG_MS);
    click_in(ui, IDC_SP_DEVICE);
    ok(ui, wait_dialog_text(ui, IDC_SP_CODE, "ABCD-EFGH", LONG_MS) &&
               wait_dialog_text(ui, IDC_SP_ADDRESS, "https://login.microsoft.com/device", SHORT_MS),
       "Use a Code Instead shows a code", "it does not");
    click_in(ui, IDC_SP_COPY);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "ABCD-EFGH"), "Copy copies it", "it does not");
    picture(ui, "sharepoint-code");
    outside(ui, "device-typed", "somebody types it");
    status_says(ui, DONE, "the folder was written to");
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "Backups go to Dokumente/Backups on SharePoint (contoso.", LONG_MS) &&
               wait_dialog_text(ui, IDC_SP_STATE, " are free there.", SHORT_MS) &&
               wait_dialog_text(ui, IDC_SP_STATE, "The sign-in to SharePoint runs out in ", SHORT_MS),
       "and is shown by its name, with the room there and how long the sign-in holds", "it is not");
    ok(ui, wait_can(ui, IDC_SP_OUT, SHORT_MS) && wait_can(ui, IDC_SP_FORGET, SHORT_MS), "now it can be left",
       "it cannot");
    picture(ui, "sharepoint-done");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
}

static void check_question(Ui *ui)
{
    if (!ok(ui, wait_dialog(ui, IDC_UPLOAD_LIST, SHORT_MS), "then it is asked what goes", "it is not")) {
        return;
    }
    ok(ui, wait_dialog_text(ui, IDC_UPLOAD_SUMMARY, "2 backup(s), ", SHORT_MS) &&
               wait_dialog_text(ui, IDC_UPLOAD_SUMMARY, " go to Dokumente/Backups on SharePoint.", SHORT_MS),
       "how many, and where to", "it does not say");
    HWND list = GetDlgItem(dialog_with(ui, IDC_UPLOAD_LIST), IDC_UPLOAD_LIST);
    ok(ui, ask(ui, list, LVM_GETITEMCOUNT, 0, 0) == 3, "with the one that does not go", "without it");
    picture(ui, "upload");
    PostMessageW(dialog_with(ui, IDC_UPLOAD_LIST), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_UPLOAD_LIST, SHORT_MS) && wait_done(ui), "Cancel exports nothing", "it does");
    outside(ui, "nothing-there", "nothing is on SharePoint");
}

static bool open_question(Ui *ui, int from, int to)
{
    select_rows(ui, from, to);
    wait_enabled(ui, IDC_SHAREPOINT, SHORT_MS);
    click(ui, IDC_SHAREPOINT);
    return wait_can(ui, IDC_UPLOAD_GO, SHORT_MS);
}

static void close_result(Ui *ui)
{
    PostMessageW(dialog_with(ui, IDC_RESULT_TEXT), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_RESULT_TEXT, SHORT_MS);
    wait_done(ui);
}

static void check_export(Ui *ui)
{
    ok(ui, open_question(ui, 0, 3), "set up, it asks at once what goes", "it does not");
    click_in(ui, IDC_UPLOAD_GO);
    ok(ui, wait_dialog_text(ui, IDC_RESULT_TEXT, "uploaded; size and hash are as recorded", LONG_MS) &&
               wait_dialog_text(ui, IDC_RESULT_TITLE, "2 backup(s) exported to SharePoint", SHORT_MS),
       "one press exports them, and each is told of", "it does not");
    picture(ui, "upload-result");
    close_result(ui);
    ok(ui, count_in_log(ui, "Uploaded: cmms_backup_") == 2, "also in the log", "it is not");
    ok(ui, wait_cell(ui, 0, COPIES, "This PC, SharePoint") && wait_cell(ui, 2, COPIES, "This PC"),
       "the list knows of the copies", "it does not");
    select_rows(ui, 0, 1);
    click(ui, IDC_DETAILS);
    ok(ui, wait_can(ui, IDC_COPY_DETAILS, SHORT_MS), "details of one", "there are none");
    click_in(ui, IDC_COPY_DETAILS);
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, " on SharePoint, compared "), "tell where its copy is", "they do not");
    PostMessageW(dialog_with(ui, IDC_COPY_DETAILS), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_COPY_DETAILS, SHORT_MS);
    outside(ui, "both-there", "and both are on SharePoint, byte for byte");
    ok(ui, open_question(ui, 0, 1), "it can be done again", "it cannot");
    click_in(ui, IDC_UPLOAD_GO);
    ok(ui, wait_dialog_text(ui, IDC_RESULT_TEXT, "was on SharePoint already, the same", LONG_MS),
       "what is there already is said to be", "it is not");
    close_result(ui);
}

static bool lists_one(Ui *ui, const void *data)
{
    HWND dialog = dialog_with(ui, IDC_CLEANUP_LIST);
    (void)data;
    return dialog != NULL && ask(ui, GetDlgItem(dialog, IDC_CLEANUP_LIST), LVM_GETITEMCOUNT, 0, 0) == 1;
}

static void check_cleanup_there(Ui *ui)
{
    send_command(ui, IDM_CLEANUP_THERE);
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL) && answer_box(ui, IDCLOSE) && wait_done(ui),
       "where nothing is old on SharePoint, that is said", "it is not");
    outside(ui, "age", "one there is old");
    send_command(ui, IDM_CLEANUP_THERE);
    ok(ui, wait_for(ui, LONG_MS, lists_one, NULL) &&
               wait_dialog_text(ui, IDC_CLEANUP_SUMMARY, "1 of 2 backup(s) on SharePoint would go", SHORT_MS),
       "Clean Up on SharePoint shows the one that goes", "it does not");
    char *summary = dialog_text(ui, IDC_CLEANUP_SUMMARY);
    ok(ui, strstr(summary, "B in all. The newest verified one always stays.") != NULL &&
               strstr(summary, "B MB in all") == NULL,
       "with how much that is, in one unit", summary);
    mem_free(summary);
    picture(ui, "cleanup-there");
    press(ui, VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_CLEANUP_LIST, SHORT_MS) && wait_done(ui), "Esc keeps it", "it goes on");
    send_command(ui, IDM_CLEANUP_THERE);
    wait_for(ui, LONG_MS, lists_one, NULL);
    PostMessageW(GetDlgItem(dialog_with(ui, IDC_CLEANUP_LIST), IDOK), BM_CLICK, 0, 0);
    ok(ui, wait_lines(ui, "1 old backup(s) are in SharePoint's recycle bin now.", 1, LONG_MS) && wait_done(ui),
       "then it goes into the recycle bin", "the log does not say so");
    outside(ui, "recycled", "and nothing else");
    ok(ui, wait_cell(ui, 0, COPIES, "This PC, SharePoint"), "the other one is there still, by the list", "it is not");
}

static bool is_uploading(Ui *ui, const void *data)
{
    (void)data;
    return has_text(ui, IDC_PROGRESS_TEXT, " % - Uploading");
}

static void check_cancel(Ui *ui)
{
    outside(ui, "hold", "SharePoint has lost them, and answers to the end of an upload no more");
    open_question(ui, 0, 2);
    click_in(ui, IDC_UPLOAD_GO);
    ok(ui, wait_for(ui, LONG_MS, is_uploading, NULL), "it uploads, with percent", "it does not");
    ok(ui, !IsWindowEnabled(item(ui, IDC_SHAREPOINT)) && IsWindowEnabled(item(ui, IDC_CANCEL_JOB)),
       "meanwhile it can be cancelled", "it cannot");
    picture(ui, "upload-running");
    send_command(ui, IDM_PAUSE_UPLOAD);
    ok(ui, wait_lines(ui, "The export to SharePoint is paused.", 1, SHORT_MS), "it can be paused", "it cannot");
    send_command(ui, IDM_PAUSE_UPLOAD);
    ok(ui, wait_lines(ui, "The export to SharePoint goes on.", 1, SHORT_MS), "and goes on", "it does not");
    ok(ui, ask(ui, ui->window, WM_QUERYENDSESSION, 0, 0) == 0, "the end of the session is put off while it runs",
       "the window agrees to it");
    ok(ui, ask(ui, ui->window, WM_QUERYENDSESSION, 0, (LPARAM)ENDSESSION_CRITICAL) != 0,
       "but not when the system must end", "it is");
    click(ui, IDC_CANCEL_JOB);
    ok(ui, wait_lines(ui, "Export to SharePoint cancelled. What was brought there is kept", 1, SHORT_MS) &&
               wait_done(ui),
       "Cancel ends it, and says that it goes on from there", "it goes on");
    ok(ui, find(ui, L"#32770") == NULL, "which needs no box", "there is one");
    outside(ui, "release", "SharePoint answers again");
    open_question(ui, 0, 2);
    click_in(ui, IDC_UPLOAD_GO);
    ok(ui, wait_dialog_text(ui, IDC_RESULT_TITLE, "2 backup(s) exported to SharePoint", LONG_MS),
       "then it can be exported again", "it cannot");
    close_result(ui);
    outside(ui, "both-there", "and both are there, once");
}

static void check_forbidden(Ui *ui)
{
    static const char *const parts[] = {"Step 3: it may write to that site   <-- this is missing",
                                        "as Microsoft said: status 403, accessDenied"};
    outside(ui, "forbid", "SharePoint does not allow it any more");
    open_question(ui, 0, 1);
    click_in(ui, IDC_UPLOAD_GO);
    wait_dialog_gone(ui, IDC_UPLOAD_LIST, SHORT_MS); /* which is of the same class as a box */
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL), "what IT has to allow is told in a box", "there is none");
    picture(ui, "upload-forbidden");
    PostMessageW(find(ui, L"#32770"), TDM_CLICK_BUTTON, IDYES, 0);
    check_it_page(ui, parts, sizeof parts / sizeof *parts, "ask-it-grant");
    ok(ui, wait_done(ui), "and that is the end of it", "it is not");
    outside(ui, "permit", "SharePoint allows it again");
}

static void check_leaving(Ui *ui)
{
    send_command(ui, IDM_SHAREPOINT);
    ok(ui, wait_dialog(ui, IDC_SP_LINK, SHORT_MS) &&
               wait_dialog_text(ui, IDC_SP_STATE, "Backups go to Dokumente/Backups", LONG_MS),
       "Tools, SharePoint looks whether it can be reached", "it does not");
    click_in(ui, IDC_SP_OUT);
    status_says(ui, "Signed out on this PC.", "Sign Out signs out");
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "nobody has signed in to SharePoint on this computer", LONG_MS) &&
               wait_cannot(ui, IDC_SP_OUT),
       "and the folder cannot be used", "it can");
    click_in(ui, IDC_SP_FORGET);
    ok(ui, wait_box(ui, IDC_SP_FORGET), "Forget asks", "it does not");
    picture(ui, "sharepoint-forget");
    ok(ui, answer_box_over(ui, IDC_SP_FORGET, IDYES), "and can be answered", "it cannot");
    status_says(ui, "The folder and the sign-in are forgotten on this PC.", "then all of it is forgotten");
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "No folder is set up yet.", SHORT_MS) && wait_cannot(ui, IDC_SP_FORGET),
       "and nothing is set up", "something is");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    ok(ui, wait_dialog_gone(ui, IDC_SP_LINK, SHORT_MS), "Close closes it", "it stays");
}

/* A folder that OneDrive keeps in step, in the place of the link. */
static void check_folder(Ui *ui)
{
    char *sync = machine_getenv("UITEST_SYNC");
    send_command(ui, IDM_SHAREPOINT);
    wait_dialog(ui, IDC_SP_LINK, SHORT_MS);
    dialog_set(ui, IDC_SP_LINK, sync);
    wait_can(ui, IDC_SP_SIGN_IN, SHORT_MS);
    click_in(ui, IDC_SP_SIGN_IN);
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "Backups go to the folder ", SHORT_MS) &&
               wait_dialog_text(ui, IDC_SP_STATUS, "Backups are copied to that folder from now on", SHORT_MS),
       "a folder that OneDrive keeps in step does as well, without a sign-in", "it does not");
    picture(ui, "sharepoint-folder");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_SP_LINK, SHORT_MS);
    ok(ui, open_question(ui, 0, 1) && wait_dialog_text(ui, IDC_UPLOAD_SUMMARY, sync, SHORT_MS),
       "and Export to SharePoint goes there", "it does not");
    click_in(ui, IDC_UPLOAD_GO);
    ok(ui, wait_dialog_text(ui, IDC_RESULT_TITLE, "1 backup(s) exported to SharePoint", LONG_MS),
       "it is exported when OneDrive has it", "it is not");
    close_result(ui);
    outside(ui, "synced", "the backup and its manifest are in the folder");
    send_command(ui, IDM_RESTORE_THERE);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "where Explorer has them, Restore from SharePoint says so",
       "it does not");
    picture(ui, "restore-from-sharepoint-folder");
    PostMessageW(find(ui, L"#32770"), TDM_CLICK_BUTTON, IDYES, 0);
    ok(ui, wait_dialog(ui, IDC_FILE_PATH, SHORT_MS), "and goes on to a restore of one of them", "it does not");
    PostMessageW(dialog_with(ui, IDC_FILE_PATH), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_FILE_PATH, SHORT_MS);
    send_command(ui, IDM_SHAREPOINT);
    wait_can(ui, IDC_SP_FORGET, SHORT_MS);
    click_in(ui, IDC_SP_FORGET);
    wait_box(ui, IDC_SP_FORGET);
    answer_box_over(ui, IDC_SP_FORGET, IDYES);
    ok(ui, wait_dialog_text(ui, IDC_SP_STATE, "No folder is set up yet.", SHORT_MS), "it can be forgotten",
       "it cannot");
    PostMessageW(dialog_with(ui, IDC_SP_LINK), WM_COMMAND, IDCANCEL, 0);
    wait_dialog_gone(ui, IDC_SP_LINK, SHORT_MS);
    mem_free(sync);
}

void scenario_sharepoint(Ui *ui)
{
    cloud = machine_getenv("UITEST_CLOUD");
    if (begin_sharepoint(ui, 3)) {
        check_first(ui);
        check_client_id(ui);
        check_refused(ui);
        check_code(ui);
        check_question(ui);
        check_export(ui);
        check_cleanup_there(ui);
        check_cancel(ui);
        check_forbidden(ui);
        check_leaving(ui);
        check_folder(ui);
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
    mem_free(cloud);
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

static void to_first_row(Ui *ui)
{
    int one = 1;
    key_with(VK_MENU, 'V');
    wait_focus(ui, IDC_LIST);
    key(VK_END); /* under Wine Home in the first row leaves the others selected */
    key(VK_HOME);
    wait_for(ui, SHORT_MS, selected_count_is, &one);
    wait_enabled(ui, IDC_SHAREPOINT, SHORT_MS);
}

static void check_keys_set_up(Ui *ui)
{
    to_first_row(ui);
    key_with(VK_CONTROL, 'U');
    if (!ok(ui, wait_focus(ui, IDC_SP_LINK), "Ctrl+U exports; the cursor is where the link goes", "it is not")) {
        return;
    }
    type_keys(LINK);
    key_with(VK_MENU, 'A');
    ok(ui, wait_can(ui, IDC_SP_CLIENT, SHORT_MS), "Alt+A shows what IT knows", "it does not");
    goes_to(ui, 'C', IDC_SP_CLIENT);
    type_keys("client");
    goes_to(ui, 'T', IDC_SP_TENANT);
    goes_to(ui, 'R', IDC_SP_RIGHTS);
    key(VK_DOWN);
    key_with(VK_MENU, 'O');
    type_keys(cloud);
    ok(ui, wait_dialog_text(ui, IDC_SP_CLOUD, cloud, SHORT_MS), "Alt+O goes to the cloud", "it does not");
    goes_to(ui, 'L', IDC_SP_LINK);
    key(VK_RETURN);
    ok(ui, wait_can(ui, IDC_SP_COPY, LONG_MS) && wait_focus(ui, IDC_SP_COPY), "Enter begins the sign-in",
       "it does not");
    goes_to(ui, 'B', IDC_SP_ADDRESS);
    key_with(VK_MENU, 'Y');
    ok(ui, wait_for(ui, SHORT_MS, clipboard_has, "code_challenge_method=S256"), "Alt+Y copies the address",
       "it does not");
    browse_sharepoint(ui);
    status_says(ui, DONE, "the folder was written to");
    outside(ui, "selected", "the sign-in asked for granted sites alone");
    ok(ui, wait_focus(ui, IDCANCEL), "Close has the focus", "it has not");
    key(VK_RETURN);
    ok(ui, wait_focus(ui, IDC_UPLOAD_GO), "Enter closes it, and what goes is asked", "not so");
}

static void check_keys_export(Ui *ui)
{
    goes_to(ui, 'B', IDC_UPLOAD_LIST);
    key_with(VK_MENU, 'F');
    ok(ui, wait_focus(ui, IDC_SP_LINK), "Alt+F changes the folder", "it does not");
    key(VK_ESCAPE);
    ok(ui, wait_focus(ui, IDC_UPLOAD_GO), "Esc comes back to the question", "it does not");
    key(VK_RETURN);
    ok(ui, wait_dialog_text(ui, IDC_RESULT_TEXT, "uploaded; size and hash are as recorded", LONG_MS) &&
               wait_focus(ui, IDC_RESULT_TEXT),
       "Enter exports", "it does not");
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_RESULT_TEXT, SHORT_MS) && wait_done(ui) && wait_for(ui, SHORT_MS, in_front, NULL),
       "Esc closes what came of it", "it stays");
    to_first_row(ui);
    key_with(VK_MENU, 'X');
    ok(ui, wait_focus(ui, IDC_UPLOAD_GO), "Alt+X presses Export to SharePoint", "it does not");
    escape(ui, IDC_UPLOAD_LIST, "Esc leaves it");
    key_with(VK_MENU, 'B');
    choose(ui, 'T');
    ok(ui, wait_focus(ui, IDC_UPLOAD_GO), "Backup, Export to SharePoint opens it", "it does not");
    escape(ui, IDC_UPLOAD_LIST, "and Esc leaves it");
    to_first_row(ui);
    key_with(VK_SHIFT, VK_F10);
    choose(ui, 'T');
    ok(ui, wait_focus(ui, IDC_UPLOAD_GO), "Shift+F10, Export to SharePoint opens it", "it does not");
    escape(ui, IDC_UPLOAD_LIST, "and Esc leaves that");
}

static void check_keys_cleanup(Ui *ui)
{
    key_with(VK_MENU, 'T');
    choose(ui, 'A');
    ok(ui, wait_for(ui, LONG_MS, box_is_there, NULL) && box_open(ui),
       "Tools, Clean Up on SharePoint says that nothing is old there", "it does not");
    key(VK_RETURN); /* Wine's box has no Esc where Close is its only button */
    ok(ui, wait_for(ui, SHORT_MS, box_is_gone, NULL) && wait_done(ui) && wait_for(ui, SHORT_MS, in_front, NULL),
       "Enter closes that", "it stays");
}

static void check_keys_pause(Ui *ui)
{
    outside(ui, "hold", "SharePoint has lost it, and answers to the end of an upload no more");
    to_first_row(ui);
    key_with(VK_MENU, 'X');
    wait_focus(ui, IDC_UPLOAD_GO);
    key(VK_RETURN);
    ok(ui, wait_for(ui, LONG_MS, is_uploading, NULL) && wait_for(ui, SHORT_MS, in_front, NULL), "it uploads",
       "it does not");
    key_with(VK_MENU, 'B');
    choose(ui, 'G');
    ok(ui, wait_lines(ui, "The export to SharePoint is paused.", 1, SHORT_MS), "Backup, Pause Exporting pauses it",
       "it does not");
    key_with(VK_MENU, 'B');
    choose(ui, 'G');
    ok(ui, wait_lines(ui, "The export to SharePoint goes on.", 1, SHORT_MS), "and once more, it goes on",
       "it does not");
    key_with(VK_MENU, 'A');
    ok(ui, wait_lines(ui, "Export to SharePoint cancelled. ", 1, SHORT_MS) && wait_done(ui) &&
               wait_for(ui, SHORT_MS, in_front, NULL),
       "Alt+A cancels it", "it goes on");
    outside(ui, "release", "SharePoint answers again");
}

static bool page_is_saved(Ui *ui, const void *path)
{
    StrBuf text;
    (void)ui;
    strbuf_init(&text, STRBUF_LINE);
    const bool saved = fs_read_all(path, STRBUF_LINE, &text, NULL) && strncmp(text.buf, "To IT: ", 7) == 0;
    strbuf_release(&text);
    return saved;
}

static void check_keys_save(Ui *ui)
{
    char *path = mem_printf("%s\\..\\for IT.txt", ui->folder);
    HWND page = dialog_with(ui, IDC_ASK_PAGE);
    key_with(VK_MENU, 'S');
    ok(ui, wait_for(ui, SHORT_MS, other_in_front, &page), "Alt+S asks for a name", "it does not");
    key(VK_HOME);
    key_with(VK_SHIFT, VK_END);
    type_keys(path);
    key(VK_RETURN);
    ok(ui, wait_for(ui, SHORT_MS, page_is_saved, path) && wait_focus(ui, IDC_ASK_SAVE), "and saves the page",
       "it does not");
    mem_free(path);
}

static void check_keys_leave(Ui *ui)
{
    key_with(VK_MENU, 'T');
    choose(ui, 'P');
    ok(ui, wait_focus(ui, IDC_SP_LINK) && wait_can(ui, IDC_SP_OUT, LONG_MS), "Tools, SharePoint opens it",
       "it does not");
    key_with(VK_MENU, 'K');
    ok(ui, wait_focus(ui, IDC_ASK_COPY), "Alt+K asks IT", "it does not");
    goes_to(ui, 'P', IDC_ASK_PAGE);
    check_keys_save(ui);
    key(VK_ESCAPE);
    ok(ui, wait_dialog_gone(ui, IDC_ASK_PAGE, SHORT_MS) && wait_focus(ui, IDC_SP_ASK), "Esc leaves the page",
       "it stays");
    key_with(VK_MENU, 'F');
    ok(ui, wait_box(ui, IDC_SP_FORGET), "Alt+F asks whether to forget", "it does not");
    key(VK_ESCAPE);
    ok(ui, wait_can(ui, IDC_SP_FORGET, SHORT_MS), "Esc keeps it", "it does not");
    key_with(VK_MENU, 'U');
    status_says(ui, "Signed out on this PC.", "Alt+U signs out");
    key_with(VK_MENU, 'I');
    ok(ui, wait_can(ui, IDC_SP_COPY, LONG_MS) && wait_focus(ui, IDC_SP_COPY), "Alt+I begins a sign-in",
       "it does not");
    key_with(VK_MENU, 'N');
    ok(ui, wait_dialog_text(ui, IDC_SP_CODE, "ABCD-EFGH", LONG_MS), "Alt+N takes a code instead", "it does not");
    goes_to(ui, 'D', IDC_SP_CODE);
    key(VK_ESCAPE);
    status_says(ui, "The sign-in was stopped.", "Esc stops it");
    ok(ui, wait_focus(ui, IDC_SP_SIGN_IN), "and the dialog stays", "it does not");
    escape(ui, IDC_SP_LINK, "Esc leaves it");
}

void scenario_sharepoint_keys(Ui *ui)
{
    cloud = machine_getenv("UITEST_CLOUD");
    if (begin_sharepoint(ui, 3)) {
        check_keys_set_up(ui);
        check_keys_export(ui);
        check_keys_cleanup(ui);
        check_keys_pause(ui);
        outside(ui, "device-waits", "nobody types a code");
        check_keys_leave(ui);
        key_with(VK_MENU, VK_F4);
        check_exit(ui, 0, "Alt+F4 ends the program");
    }
    mem_free(cloud);
}
