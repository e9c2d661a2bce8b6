/*
 * encryption_dialog.c: one page. What may be set up, what is said before it, and what is to be typed, is decided in
 * jobs/encryption_set_up.h. A passphrase is taken out of its boxes as soon as it is set up, and when the page is left.
 */
#include "encryption_dialog.h"

#include "base/mem.h"
#include "base/secret.h"
#include "dialog.h"
#include "jobs/encryption_set_up.h"
#include "message_box.h"
#include "platform/wide.h"
#include "resource.h"
#include "save_dialog.h"
#include "texts.h"
#include "ui_text.h"

#define PASSPHRASE_UNITS 256

/* The lines of the box, in its order. */
enum { HOW_OFF, HOW_PAIR, HOW_PUBLIC, HOW_PASSPHRASE, HOW_COUNT };

static const struct {
    const wchar_t *text;
    EncryptionWay way; /* of HOW_OFF: none */
} ways[HOW_COUNT] = {
    {L"" TEXT_ENC_OFF, ENCRYPTION_NEW_PAIR},
    {L"" TEXT_ENC_PAIR, ENCRYPTION_NEW_PAIR},
    {L"" TEXT_ENC_PUBLIC, ENCRYPTION_RECIPIENT},
    {L"" TEXT_ENC_PASSPHRASE, ENCRYPTION_PASSPHRASE},
};

typedef struct EncDialog {
    HWND hwnd;
    Encryption now; /* what is set up */
    bool damaged;   /* what is saved cannot be used: it can be set up anew, or switched off */
} EncDialog;

static HWND control(const EncDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static char *read_text(const EncDialog *d, int id)
{
    wchar_t *wide = ui_get_wide(control(d, id));
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    return text;
}

static int chosen(const EncDialog *d)
{
    const LRESULT at = SendMessageW(control(d, IDC_ENC_HOW), CB_GETCURSEL, 0, 0);
    return at > 0 && at < HOW_COUNT ? (int)at : HOW_OFF;
}

/* --- what is shown --------------------------------------------------------------------------------------- */

static void show_state(const EncDialog *d)
{
    char *state = d->damaged ? mem_strdup(TEXT_ENC_DAMAGED) : encryption_state_text(&d->now);
    ui_set_text(control(d, IDC_ENC_STATE), state);
    mem_free(state);
}

static bool is_secret_here(const EncDialog *d)
{
    return encryption_keeps_key(&d->now);
}

/* Which boxes mean something for what is chosen. */
static void show_choice(const EncDialog *d)
{
    const int how = chosen(d);
    const struct {
        int id;
        bool enabled;
    } controls[] = {
        {IDC_ENC_FILE, how == HOW_PAIR},          {IDC_ENC_CHOOSE, how == HOW_PAIR},
        {IDC_ENC_KEEP, how == HOW_PAIR},          {IDC_ENC_PUBLIC, how == HOW_PUBLIC},
        {IDC_ENC_PASSPHRASE, how == HOW_PASSPHRASE}, {IDC_ENC_AGAIN, how == HOW_PASSPHRASE},
        {IDC_ENC_CARD, how != HOW_OFF},           {IDC_ENC_CHOOSE_CARD, how != HOW_OFF},
        {IDC_ENC_TYPED, how != HOW_OFF || is_secret_here(d)},
        {IDC_ENC_GO, how != HOW_OFF || d->now.on || d->damaged},
    };
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        EnableWindow(control(d, controls[i].id), controls[i].enabled);
    }
    const char *warning = how != HOW_OFF        ? encryption_warning(ways[how].way)
                          : is_secret_here(d) ? TEXT_ENC_OFF_KEY
                                                : TEXT_ENC_OFF_WARNING;
    ui_set_text(control(d, IDC_ENC_WARNING), warning);
    ui_set_text(control(d, IDC_ENC_GO), how == HOW_OFF ? TEXT_ENC_GO_OFF : TEXT_ENC_GO);
}

static void clear_secrets(const EncDialog *d)
{
    ui_set_text(control(d, IDC_ENC_PASSPHRASE), "");
    ui_set_text(control(d, IDC_ENC_AGAIN), "");
}

static void on_init(EncDialog *d, HWND hwnd)
{
    Error err = ERROR_INIT;
    d->hwnd = hwnd;
    for (int i = 0; i < HOW_COUNT; i++) {
        SendMessageW(control(d, IDC_ENC_HOW), CB_ADDSTRING, 0, (LPARAM)ways[i].text);
    }
    d->damaged = !encryption_load(&d->now, &err);
    if (d->damaged) {
        ui_set_problem(control(d, IDC_ENC_PROBLEM), &err);
    }
    const int how = !d->now.on                   ? HOW_OFF
                    : d->now.recipient == NULL ? HOW_PASSPHRASE
                                                 : HOW_PAIR;
    SendMessageW(control(d, IDC_ENC_HOW), CB_SETCURSEL, (WPARAM)how, 0);
    SendMessageW(control(d, IDC_ENC_PASSPHRASE), EM_LIMITTEXT, PASSPHRASE_UNITS, 0);
    SendMessageW(control(d, IDC_ENC_AGAIN), EM_LIMITTEXT, PASSPHRASE_UNITS, 0);
    char *label = mem_printf(TEXT_ENC_TYPE, ENCRYPTION_CONFIRM);
    ui_set_text(control(d, IDC_ENC_TYPED_LABEL), label);
    mem_free(label);
    show_state(d);
    show_choice(d);
    SetFocus(control(d, IDC_ENC_HOW));
    dialog_begin(hwnd);
    error_clear(&err);
}

/* --- what is done ---------------------------------------------------------------------------------------- */

static void on_choose(const EncDialog *d, int id, const wchar_t *title, const wchar_t *name)
{
    Error err = ERROR_INIT;
    char *path = NULL;
    if (save_dialog_choose(d->hwnd, title, name, L"" TEXT_LOG_SAVE_FILTER, &path, &err)) {
        ui_set_text(control(d, id), path);
    } else if (err.kind != EK_NONE) {
        message_box_error(d->hwnd, &err);
    }
    error_clear(&err);
    mem_free(path);
}

static bool switch_off(EncDialog *d, Error *err)
{
    char *typed = read_text(d, IDC_ENC_TYPED);
    const bool ok = encryption_switch_off(typed, err);
    if (ok) {
        encryption_release(&d->now);
    }
    mem_free(typed);
    return ok;
}

static bool set_up(EncDialog *d, int how, Error *err)
{
    char *key_file = read_text(d, IDC_ENC_FILE), *card = read_text(d, IDC_ENC_CARD);
    char *recipient = read_text(d, IDC_ENC_PUBLIC), *typed = read_text(d, IDC_ENC_TYPED);
    Secret passphrase = SECRET_INIT, again = SECRET_INIT;
    ui_get_secret(control(d, IDC_ENC_PASSPHRASE), &passphrase);
    ui_get_secret(control(d, IDC_ENC_AGAIN), &again);
    const EncryptionSetUp spec = {
        .way = ways[how].way,
        .key_file = key_file,
        .keep_key = IsDlgButtonChecked(d->hwnd, IDC_ENC_KEEP) == BST_CHECKED,
        .recipient = recipient,
        .passphrase = &passphrase,
        .again = &again,
        .card_file = card[0] == '\0' ? NULL : card,
        .confirmed = typed,
    };
    const bool ok = encryption_set_up(&spec, &d->now, err);
    secret_release(&passphrase);
    secret_release(&again);
    mem_free(typed);
    mem_free(recipient);
    mem_free(card);
    mem_free(key_file);
    return ok;
}

static void on_go(EncDialog *d)
{
    Error err = ERROR_INIT;
    const int how = chosen(d);
    if (how == HOW_OFF ? switch_off(d, &err) : set_up(d, how, &err)) {
        d->damaged = false;
        clear_secrets(d);
        ui_set_text(control(d, IDC_ENC_TYPED), "");
        ui_set_text(control(d, IDC_ENC_PROBLEM), how == HOW_OFF    ? TEXT_ENC_DONE_OFF
                                                 : how == HOW_PAIR ? TEXT_ENC_DONE_PAIR
                                                                   : TEXT_ENC_DONE);
        show_state(d);
        show_choice(d);
    } else {
        ui_set_problem(control(d, IDC_ENC_PROBLEM), &err);
    }
    error_clear(&err);
}

static bool on_command(EncDialog *d, int id, int code)
{
    switch (id) {
    case IDC_ENC_HOW:
        if (code == CBN_SELCHANGE) {
            ui_set_text(control(d, IDC_ENC_PROBLEM), "");
            show_choice(d);
        }
        return true;
    case IDC_ENC_CHOOSE:
        on_choose(d, IDC_ENC_FILE, L"" TEXT_ENC_KEY_TITLE, L"" TEXT_ENC_KEY_NAME);
        return true;
    case IDC_ENC_CHOOSE_CARD:
        on_choose(d, IDC_ENC_CARD, L"" TEXT_ENC_CARD_TITLE, L"" TEXT_ENC_CARD_NAME);
        return true;
    case IDC_ENC_GO:
        on_go(d);
        return true;
    case IDCANCEL:
        clear_secrets(d);
        EndDialog(d->hwnd, 0);
        return true;
    default:
        return false;
    }
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((EncDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    EncDialog *d = (EncDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL || message != WM_COMMAND) {
        return FALSE;
    }
    return on_command(d, LOWORD(wparam), HIWORD(wparam));
}

void encryption_dialog_run(HWND owner)
{
    EncDialog d = {.hwnd = NULL};
    encryption_init(&d.now);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_ENCRYPTION), owner, dialog_proc, (LPARAM)&d);
    encryption_release(&d.now);
}
