#include "restore_dialog.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "consent.h"
#include "dialog.h"
#include "locale_text.h"
#include "message_box.h"
#include "parts/dpi.h"
#include "parts/folder_dialog.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"

/* A title in larger letters; the caller deletes the font. */
static HFONT set_title(HWND title, const char *text)
{
    HFONT font = dpi_message_font(dpi_of_window(title), 140, FW_SEMIBOLD);
    SendMessageW(title, WM_SETFONT, (WPARAM)font, FALSE);
    ui_set_text(title, text);
    return font;
}

/* --- which file ------------------------------------------------------------------------------------------ */

typedef struct Choice {
    HWND hwnd;
    HFONT font;
    const Connection *server;
    const char *folder;
    char *path;
    bool chosen;
} Choice;

static void take_path(Choice *choice)
{
    wchar_t *wide = ui_get_wide(GetDlgItem(choice->hwnd, IDC_FILE_PATH));
    mem_free(choice->path);
    choice->path = utf8_from_wide_path(wide);
    mem_free(wide);
}

static void look_at_path(Choice *choice)
{
    take_path(choice);
    EnableWindow(GetDlgItem(choice->hwnd, IDC_FILE_NEXT), choice->path != NULL && choice->path[0] != 0);
}

static void on_browse(Choice *choice)
{
    char *path = NULL;
    Error err = ERROR_INIT;
    if (folder_dialog_choose_file(choice->hwnd, L"" TEXT_RESTORE_FILE_CHOOSE, L"" TEXT_RESTORE_FILE_KIND,
                                  L"*.backup", L"" TEXT_RESTORE_FILE_ALL, choice->folder, &path, &err)) {
        ui_set_text(GetDlgItem(choice->hwnd, IDC_FILE_PATH), path);
        SendMessageW(choice->hwnd, WM_NEXTDLGCTL, (WPARAM)GetDlgItem(choice->hwnd, IDC_FILE_NEXT), TRUE);
    } else if (err.kind != EK_NONE) {
        message_box_error(choice->hwnd, &err);
    }
    error_clear(&err);
    mem_free(path);
}

static void on_choice_init(Choice *choice, HWND hwnd)
{
    choice->hwnd = hwnd;
    choice->font = set_title(GetDlgItem(hwnd, IDC_FILE_TITLE), TEXT_RESTORE_FILE_TITLE);
    char *where = connection_text(choice->server);
    char *warning = mem_printf(TEXT_RESTORE_FILE_WARNING, where);
    ui_set_text(GetDlgItem(hwnd, IDC_FILE_WARNING), warning);
    ui_set_text(GetDlgItem(hwnd, IDC_FILE_PATH), choice->path == NULL ? "" : choice->path);
    look_at_path(choice);
    SendDlgItemMessageW(hwnd, IDC_FILE_PATH, EM_SETSEL, 0, -1);
    SetFocus(GetDlgItem(hwnd, IDC_FILE_PATH));
    dialog_begin(hwnd);
    mem_free(warning);
    mem_free(where);
}

static INT_PTR CALLBACK choice_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_choice_init((Choice *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    Choice *choice = (Choice *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (choice == NULL || message != WM_COMMAND) {
        return FALSE;
    }
    switch (LOWORD(wparam)) {
    case IDC_FILE_PATH:
        if (HIWORD(wparam) == EN_CHANGE) {
            look_at_path(choice);
        }
        return TRUE;
    case IDC_FILE_BROWSE:
        on_browse(choice);
        return TRUE;
    case IDC_FILE_NEXT:
        choice->chosen = true;
        EndDialog(hwnd, 0);
        return TRUE;
    case IDCANCEL:
        EndDialog(hwnd, 0);
        return TRUE;
    default:
        return FALSE;
    }
}

bool restore_dialog_choose(HWND owner, const Connection *server, const char *folder, char **path)
{
    Choice choice = {.server = server, .folder = folder, .path = *path};
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_RESTORE_FILE), owner, choice_proc, (LPARAM)&choice);
    *path = choice.path;
    if (choice.font != NULL) {
        DeleteObject(choice.font);
    }
    return choice.chosen;
}

/* --- what changes, and the consent ------------------------------------------------------------------------ */

typedef struct Confirm {
    Consent consent;
    HFONT font;
    Preview *preview;
    bool no_safety, confirmed;
} Confirm;

/* Takes the text; one that has no room, of no real number, gives way to the other. */
static NumberText taken(char *text, NumberText otherwise)
{
    const size_t length = strlen(text);
    if (length < sizeof otherwise.text) {
        memcpy(otherwise.text, text, length + 1);
    }
    mem_free(text);
    return otherwise;
}

static NumberText count_here(int64_t count)
{
    const NumberText plain = count_text(count);
    return count < 0 ? plain : taken(locale_number((double)count, 0), plain);
}

static NumberText size_here(uint64_t bytes)
{
    return taken(words_size(bytes), size_text(bytes));
}

static void show_lines(const Confirm *confirm)
{
    static const PreviewForms forms = {locale_date_time, count_here, size_here};
    /* Signs that every font has: an edit box would take another font for the words beside it as well. */
    static const char *const signs[] = {"    ", "    ", " !  ", " \xC3\x97  "};
    PreviewLine *lines = NULL;
    size_t count = 0;
    StrBuf text;
    preview_lines(confirm->preview, &forms, &lines, &count);
    strbuf_init(&text, STRBUF_LARGE);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || lines[i].part != lines[i - 1].part) {
            strbuf_addf(&text, "%s%s\n", i == 0 ? "" : "\n", preview_part_title(lines[i].part));
        }
        strbuf_addf(&text, "%s%s\n", signs[lines[i].mark], lines[i].text);
    }
    ui_set_lines(GetDlgItem(confirm->consent.dialog, IDC_RESTORE_TEXT), text.buf, text.len);
    strbuf_release(&text);
    preview_lines_free(lines, count);
}

static void look_at_consent(const Confirm *confirm)
{
    consent_look(&confirm->consent, preview_allows(confirm->preview, NULL));
}

static void on_safety(Confirm *confirm)
{
    confirm->no_safety = IsDlgButtonChecked(confirm->consent.dialog, IDC_RESTORE_SAFETY) != BST_CHECKED;
    confirm->preview->safety = !confirm->no_safety;
    confirm->preview->declined = confirm->no_safety;
    show_lines(confirm);
}

static void on_confirm_init(Confirm *confirm, HWND hwnd)
{
    const Preview *preview = confirm->preview;
    confirm->consent.dialog = hwnd;
    char *title = mem_printf(TEXT_RESTORE_TITLE, preview->file);
    char *warning = mem_printf(preview->in_place                    ? TEXT_RESTORE_IN_PLACE
                               : preview->live == PREVIEW_LIVE_GONE ? TEXT_RESTORE_GONE
                                                                    : TEXT_RESTORE_WARNING,
                               preview->database);
    confirm->font = set_title(GetDlgItem(hwnd, IDC_RESTORE_TITLE), title);
    ui_set_text(GetDlgItem(hwnd, IDC_RESTORE_WARNING), warning);
    CheckDlgButton(hwnd, IDC_RESTORE_SAFETY, preview->safety ? BST_CHECKED : BST_UNCHECKED);
    EnableWindow(GetDlgItem(hwnd, IDC_RESTORE_SAFETY), preview->safety && !preview->in_place);
    show_lines(confirm);
    consent_init(&confirm->consent);
    Error why = ERROR_INIT;
    if (!preview_allows(preview, &why)) {
        ui_set_problem(GetDlgItem(hwnd, IDC_RESTORE_PROBLEM), &why);
        EnableWindow(GetDlgItem(hwnd, IDC_RESTORE_NAME), FALSE);
    }
    error_clear(&why);
    SetFocus(GetDlgItem(hwnd, IDC_RESTORE_TEXT));
    SendDlgItemMessageW(hwnd, IDC_RESTORE_TEXT, EM_SETSEL, 0, 0);
    dialog_begin(hwnd);
    mem_free(warning);
    mem_free(title);
}

/* A safety backup that there was something to make of is declined only with a second yes. */
static void on_go(Confirm *confirm)
{
    if (!consent_is_given(&confirm->consent) || !preview_allows(confirm->preview, NULL)) {
        return;
    }
    if (confirm->no_safety && !message_box_ask(confirm->consent.dialog, TEXT_UNSAFE_QUESTION, TEXT_UNSAFE_CONTENT,
                                               L"" TEXT_UNSAFE_YES, L"" TEXT_UNSAFE_NO)) {
        return;
    }
    confirm->confirmed = true;
    EndDialog(confirm->consent.dialog, 0);
}

static INT_PTR CALLBACK confirm_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_confirm_init((Confirm *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    Confirm *confirm = (Confirm *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (confirm == NULL || message != WM_COMMAND) {
        return FALSE;
    }
    switch (LOWORD(wparam)) {
    case IDC_RESTORE_NAME:
        if (HIWORD(wparam) == EN_CHANGE) {
            look_at_consent(confirm);
        }
        return TRUE;
    case IDC_RESTORE_SAFETY:
        on_safety(confirm);
        return TRUE;
    case IDC_RESTORE_GO:
        on_go(confirm);
        return TRUE;
    case IDCANCEL:
        EndDialog(hwnd, 0);
        return TRUE;
    default:
        return FALSE;
    }
}

bool restore_dialog_confirm(HWND owner, const Connection *server, Preview *preview, bool *no_safety)
{
    Confirm confirm = {.consent = {.server = server,
                                   .label = IDC_RESTORE_NAME_LABEL,
                                   .name = IDC_RESTORE_NAME,
                                   .problem = IDC_RESTORE_PROBLEM,
                                   .go = IDC_RESTORE_GO},
                       .preview = preview};
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_RESTORE), owner, confirm_proc, (LPARAM)&confirm);
    if (confirm.font != NULL) {
        DeleteObject(confirm.font);
    }
    *no_safety = confirm.no_safety;
    return confirm.confirmed;
}
