/*
 * ui_encryption.c: the dialog for the encryption of copies: a key pair, a passphrase, off again (`encryption`). The key
 * file goes to the backup folder here, where test_dialogs.py looks at it afterwards; a person takes a stick.
 */
#include "ui_drive.h"

#define CONFIRM "without the key nothing"
#define PASSPHRASE "correct horse battery"

enum { OFF, PAIR, PUBLIC, BY_PASSPHRASE };

static void choose(Ui *ui, int how)
{
    HWND dialog = dialog_with(ui, IDC_ENC_HOW), box = GetDlgItem(dialog, IDC_ENC_HOW);
    ask(ui, box, CB_SETCURSEL, (WPARAM)how, 0);
    PostMessageW(dialog, WM_COMMAND, MAKEWPARAM(IDC_ENC_HOW, CBN_SELCHANGE), (LPARAM)box);
}

static bool says(Ui *ui, const char *part, const char *name)
{
    return ok(ui, wait_dialog_text(ui, IDC_ENC_PROBLEM, part, SHORT_MS), name, "it does not");
}

static void set_up(Ui *ui)
{
    click_in(ui, IDC_ENC_GO);
}

static void check_pair(Ui *ui)
{
    char *file = fs_join(ui->folder, "key.txt"), *card = fs_join(ui->folder, "card.txt");
    choose(ui, PAIR);
    ok(ui, wait_can(ui, IDC_ENC_FILE, SHORT_MS) &&
               wait_dialog_text(ui, IDC_ENC_WARNING, "Without the key nobody can read the copies", SHORT_MS),
       "what losing the key means is said before", "it is not");
    access_key(ui, 'k');
    ok(ui, wait_focus(ui, IDC_ENC_FILE), "Alt+K goes to the key file", "it does not");
    set_up(ui);
    says(ui, "The private key has no place to go to", "a key without a file is refused");
    dialog_set(ui, IDC_ENC_FILE, file);
    dialog_set(ui, IDC_ENC_CARD, card);
    set_up(ui);
    says(ui, "Nothing was changed: it was not confirmed", "without the words nothing is set up");
    ok(ui, !fs_exists(file) && !fs_exists(card), "and nothing is written", "there is a file");
    dialog_set(ui, IDC_ENC_TYPED, CONFIRM);
    picture(ui, "encryption");
    set_up(ui);
    says(ui, "Take the key file away from this PC now", "with them it is");
    ok(ui, wait_dialog_text(ui, IDC_ENC_STATE, "Copies are encrypted for the public key age1", SHORT_MS) &&
               wait_dialog_text(ui, IDC_ENC_STATE, "its private key is not on this PC", SHORT_MS),
       "and the dialog says so", "it does not");
    ok(ui, fs_exists(file) && fs_exists(card), "key file and card are there", "they are not");
    dialog_set(ui, IDC_ENC_TYPED, CONFIRM);
    set_up(ui);
    says(ui, "is there already", "a key file is never written over");
    mem_free(card);
    mem_free(file);
}

static void check_public(Ui *ui)
{
    choose(ui, PUBLIC);
    wait_can(ui, IDC_ENC_PUBLIC, SHORT_MS);
    dialog_set(ui, IDC_ENC_CARD, "");
    dialog_set(ui, IDC_ENC_PUBLIC, "age1abc");
    set_up(ui);
    says(ui, "That is no public key of age", "a mistyped key is told");
}

static bool is_empty(Ui *ui, const void *id)
{
    char *text = dialog_text(ui, *(const int *)id);
    const bool empty = text[0] == 0;
    mem_free(text);
    return empty;
}

static void check_passphrase(Ui *ui)
{
    int box = IDC_ENC_PASSPHRASE;
    choose(ui, BY_PASSPHRASE);
    wait_can(ui, IDC_ENC_PASSPHRASE, SHORT_MS);
    dialog_set(ui, IDC_ENC_PASSPHRASE, "too short");
    set_up(ui);
    says(ui, "it has fewer than 12 characters", "a short passphrase is refused");
    dialog_set(ui, IDC_ENC_PASSPHRASE, PASSPHRASE);
    set_up(ui);
    says(ui, "The passphrase was typed in two ways", "one that was typed once as well");
    dialog_set(ui, IDC_ENC_AGAIN, PASSPHRASE);
    dialog_set(ui, IDC_ENC_TYPED, CONFIRM);
    set_up(ui);
    ok(ui, wait_dialog_text(ui, IDC_ENC_STATE, "Copies are encrypted for the passphrase number", SHORT_MS),
       "a good one is taken", "it is not");
    ok(ui, wait_for(ui, SHORT_MS, is_empty, &box), "and does not stay in its box", "it does");
}

static void check_off(Ui *ui)
{
    choose(ui, OFF);
    ok(ui, wait_dialog_text(ui, IDC_ENC_WARNING, "The key that is kept on this PC is removed", SHORT_MS),
       "switching it off says what goes with it", "it does not");
    set_up(ui);
    says(ui, "Nothing was changed: it was not confirmed", "and wants the words");
    dialog_set(ui, IDC_ENC_TYPED, CONFIRM);
    set_up(ui);
    says(ui, "Copies go as they are from now on.", "then it is off");
    ok(ui, wait_dialog_text(ui, IDC_ENC_STATE, "not encrypted", SHORT_MS), "and the dialog says so", "it does not");
}

void scenario_encryption(Ui *ui)
{
    ui->keep_dialogs = true;
    if (!open_window(ui) ||
        !ok(ui, wait_dialog(ui, IDC_SIGN_IN, SHORT_MS), "a manager is asked to sign in", "nobody is")) {
        return;
    }
    sign_in(ui, "o'neil", "it's %41");
    ok(ui, wait_dialog_gone(ui, IDC_SIGN_IN, SHORT_MS) && wait_enabled(ui, IDC_REFRESH, SHORT_MS), "and does", "no");
    send_command(ui, IDM_ENCRYPTION);
    if (ok(ui, wait_dialog(ui, IDC_ENC_HOW, SHORT_MS), "Tools, Encryption of Copies opens", "it does not")) {
        ok(ui, wait_dialog_text(ui, IDC_ENC_STATE, "Copies go to SharePoint as they are, not encrypted", SHORT_MS),
           "at first copies are not encrypted", "something else is said");
        check_pair(ui);
        check_public(ui);
        check_passphrase(ui);
        check_off(ui);
        PostMessageW(dialog_with(ui, IDC_ENC_HOW), WM_COMMAND, IDCANCEL, 0);
        ok(ui, wait_dialog_gone(ui, IDC_ENC_HOW, SHORT_MS), "Close closes it", "it stays");
    }
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    check_exit(ui, 0, "the program ends");
}
