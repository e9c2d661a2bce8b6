/*
 * assistant_dialog.c: three pages in one dialog. The template holds all of them, one after the other; a page's controls
 * are those between two markers in the tab order, and only one page's are shown.
 *
 * The check (doctor.h) and the saving run in a worker. While it runs, Back and Cancel stop it first and are done when
 * it has ended (`then`). Passwords go from the box into a Secret; what they passed through is wiped.
 */
#include "assistant_dialog.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "jobs/doctor.h"
#include "message_box.h"
#include "parts/dpi.h"
#include "parts/folder_dialog.h"
#include "platform/machine.h"
#include "platform/share.h"
#include "platform/wide.h"
#include "postgres/userprofile.h"
#include "resource.h"
#include "schedule/registration.h"
#include "store/folder.h"
#include "texts.h"
#include "ui_text.h"
#include "with_windows.h"
#include "words.h"
#include "worker.h"

typedef enum Page { PAGE_DATABASE, PAGE_CHECK, PAGE_FOLDER, PAGE_COUNT } Page;
typedef enum Then { THEN_NOTHING, THEN_BACK, THEN_CLOSE } Then;

typedef struct CheckJob {
    Connection connection;
    char *folder;
    Doctor doctor;
    bool ok;
} CheckJob;

typedef struct SaveJob {
    Connection connection;
    char *wanted;
    bool changed; /* what was not changed is not laid down: Documents may move */
    char *folder; /* the one it came to */
    bool with_windows, with_windows_before;
    bool ok;
    Error error;
} SaveJob;

typedef struct Assistant {
    HWND hwnd;
    HFONT title_font;
    bool first;
    Page page;
    Connection connection;
    Connection pasted; /* what was pasted, or was there: it may have parts that no field shows */
    const char *folder_before; /* borrowed */
    Worker *worker;
    Then then;
    bool saving; /* the worker saves, else it checks */
    CheckJob check;
    SaveJob save;
    bool checked; /* the check has ended */
    AssistantEnd end;
} Assistant;

static HWND control(const Assistant *a, int id)
{
    return GetDlgItem(a->hwnd, id);
}

/* --- pages --------------------------------------------------------------------------------------------- */

static const struct {
    int first; /* the control with which it begins */
    const wchar_t *title, *intro;
} pages[PAGE_COUNT] = {
    {IDC_CONN_STRING_LABEL, L"" TEXT_ASSISTANT_DATABASE, L"" TEXT_ASSISTANT_DATABASE_INTRO},
    {IDC_CHECKS_LABEL, L"" TEXT_ASSISTANT_CHECK, L"" TEXT_ASSISTANT_CHECK_INTRO},
    {IDC_FOLDER_LABEL, L"" TEXT_ASSISTANT_FOLDER, L"" TEXT_ASSISTANT_FOLDER_INTRO},
};

static void enable(const Assistant *a, int id, bool on)
{
    EnableWindow(control(a, id), on);
}

static void update(const Assistant *a)
{
    const bool busy = a->worker != NULL;
    const bool stopping = a->then != THEN_NOTHING;
    enable(a, IDC_BACK, a->page != PAGE_DATABASE && !a->saving && !stopping);
    enable(a, IDC_NEXT, !busy && (a->page != PAGE_CHECK || a->checked));
    enable(a, IDC_TEST_AGAIN, !busy);
    enable(a, IDCANCEL, !stopping && !a->saving);
    ShowWindow(control(a, IDC_SAMPLE), a->first && a->page == PAGE_DATABASE ? SW_SHOW : SW_HIDE);
    ShowWindow(control(a, IDC_TEST_PROGRESS), busy && a->page == PAGE_CHECK ? SW_SHOW : SW_HIDE);
    SetDlgItemTextW(a->hwnd, IDC_NEXT, a->page == PAGE_FOLDER ? L"" TEXT_ASSISTANT_FINISH : L"" TEXT_ASSISTANT_NEXT);
}

static void focus_on(const Assistant *a, int id)
{
    SendMessageW(a->hwnd, WM_NEXTDLGCTL, (WPARAM)control(a, id), TRUE);
}

static void show_page(Assistant *a, Page page)
{
    static const int focus[PAGE_COUNT] = {IDC_CONN_STRING, IDC_CHECKS, IDC_FOLDER};
    int at = -1; /* of the frame */
    a->page = page;
    for (HWND c = GetWindow(a->hwnd, GW_CHILD); c != NULL; c = GetWindow(c, GW_HWNDNEXT)) {
        int id = GetDlgCtrlID(c);
        for (int i = 0; i < PAGE_COUNT; i++) {
            at = id == pages[i].first ? i : at;
        }
        at = id == IDC_SAMPLE ? -1 : at;
        if (at >= 0) {
            ShowWindow(c, at == (int)page ? SW_SHOW : SW_HIDE);
        }
    }
    ui_set_wide(control(a, IDC_ASSISTANT_TITLE), pages[page].title);
    ui_set_wide(control(a, IDC_ASSISTANT_INTRO), pages[page].intro);
    update(a);
    focus_on(a, focus[page]);
}

/* --- the database -------------------------------------------------------------------------------------- */

static const char *const encryptions[] = {NULL, "require", "disable"}; /* as in the list */

static void show_secret(HWND box, const Secret *secret)
{
    wchar_t *wide = wide_from_utf8(secret_is_set(secret) ? secret->bytes : "");
    SetWindowTextW(box, wide);
    secret_wipe(wide, wcslen(wide) * sizeof *wide);
    mem_free(wide);
}

static void show_connection(const Assistant *a, const Connection *c)
{
    ui_set_text(control(a, IDC_CONN_HOST), c->host == NULL ? "" : c->host);
    ui_set_text(control(a, IDC_CONN_PORT), connection_port(c));
    ui_set_text(control(a, IDC_CONN_DATABASE), c->database == NULL ? "" : c->database);
    ui_set_text(control(a, IDC_CONN_USER), c->user == NULL ? "" : c->user);
    show_secret(control(a, IDC_CONN_PASSWORD), &c->password);
    int choice = 0;
    for (int i = 1; i < (int)(sizeof encryptions / sizeof *encryptions); i++) {
        choice = c->sslmode != NULL && strcmp(c->sslmode, encryptions[i]) == 0 ? i : choice;
    }
    SendMessageW(control(a, IDC_CONN_TLS), CB_SETCURSEL, (WPARAM)choice, 0);
}

static char *read_text(const Assistant *a, int id)
{
    wchar_t *wide = ui_get_wide(control(a, id));
    char *text = utf8_from_wide(wide);
    mem_free(wide);
    char *trimmed = text + strspn(text, " \t\r\n");
    size_t len = strlen(trimmed);
    while (len > 0 && strchr(" \t\r\n", trimmed[len - 1]) != NULL) {
        len--;
    }
    char *result = len == 0 ? NULL : mem_strndup(trimmed, len);
    mem_free(text);
    return result;
}

/* What was pasted goes into the fields, and the box is emptied: it holds a password. */
static bool take_string(Assistant *a)
{
    HWND box = control(a, IDC_CONN_STRING);
    if (GetWindowTextLengthW(box) == 0) {
        return true;
    }
    Error why = ERROR_INIT;
    Connection parsed;
    Secret text = SECRET_INIT;
    connection_init(&parsed);
    ui_get_secret(box, &text);
    bool ok = connection_parse(&parsed, text.bytes, &why);
    secret_release(&text);
    if (ok) {
        connection_copy(&a->pasted, &parsed);
        secret_release(&a->pasted.password); /* the field has it now */
        show_connection(a, &parsed);
        SetWindowTextW(box, L"");
        ui_set_text(control(a, IDC_CONN_PROBLEM), TEXT_ASSISTANT_TAKEN);
    } else {
        ui_set_problem(control(a, IDC_CONN_PROBLEM), &why);
    }
    error_clear(&why);
    connection_release(&parsed);
    return ok;
}

static bool take_database(Assistant *a)
{
    if (!take_string(a)) {
        focus_on(a, IDC_CONN_STRING);
        return false;
    }
    Error why = ERROR_INIT;
    Connection c;
    connection_init(&c);
    c.host = read_text(a, IDC_CONN_HOST);
    c.port = read_text(a, IDC_CONN_PORT);
    c.database = read_text(a, IDC_CONN_DATABASE);
    c.user = read_text(a, IDC_CONN_USER);
    connection_keep_unshown(&c, &a->pasted);
    ui_get_secret(control(a, IDC_CONN_PASSWORD), &c.password);
    LRESULT choice = SendMessageW(control(a, IDC_CONN_TLS), CB_GETCURSEL, 0, 0);
    if (choice > 0 && choice < (LRESULT)(sizeof encryptions / sizeof *encryptions)) {
        connection_set_sslmode(&c, encryptions[choice], NULL);
    }
    bool ok = connection_is_complete(&c, &why);
    if (ok) {
        ui_set_text(control(a, IDC_CONN_PROBLEM), "");
        connection_direct(&c);
        connection_copy(&a->connection, &c);
    } else {
        ui_set_problem(control(a, IDC_CONN_PROBLEM), &why);
        focus_on(a, c.host == NULL ? IDC_CONN_HOST : c.database == NULL ? IDC_CONN_DATABASE
                                                 : c.user == NULL       ? IDC_CONN_USER
                                                                        : IDC_CONN_PORT);
    }
    connection_release(&c);
    error_clear(&why);
    return ok;
}

/* --- the check ----------------------------------------------------------------------------------------- */

/* What follows a connection that was saved (main_enlist) registers it, so that there is none yet, or an old one, is
 * nothing amiss; one that somebody has switched off, or that is not ours, is. */
static bool task_to_come(const Settings *settings, const char *folder, char **words)
{
    Registration task;
    registration_init(&task);
    registration_look(settings, folder, &task);
    const bool wrong = task.state == REGISTRATION_DISABLED || task.state == REGISTRATION_FOREIGN ||
                       task.state == REGISTRATION_MOVED;
    *words = mem_strdup(wrong || task.state == REGISTRATION_GOOD ? task.text : TEXT_ASSISTANT_TASK);
    registration_release(&task);
    return !wrong;
}

static void run_check(void *context, const Cancel *cancel)
{
    CheckJob *job = context;
    job->ok = doctor_run(&job->connection, job->folder, task_to_come, cancel, &job->doctor, NULL);
}

static const wchar_t *const state_words[] = {L"" TEXT_CHECK_GOOD, L"" TEXT_CHECK_WARNING, L"" TEXT_CHECK_BAD,
                                             L"" TEXT_CHECK_SKIPPED};

static void set_cell(HWND list, int row, int column, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    if (column == 0) {
        LVITEMW item = {.mask = LVIF_TEXT, .iItem = row, .pszText = wide};
        ListView_InsertItem(list, &item);
    } else {
        ListView_SetItemText(list, row, column, wide);
    }
    mem_free(wide);
}

/* Its first letter becomes a capital. */
static void begin_sentence(char *text)
{
    text[0] = text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0];
}

static void show_checks(const Assistant *a)
{
    HWND list = control(a, IDC_CHECKS);
    int worst = 0;
    ListView_DeleteAllItems(list);
    for (int i = 0; i < (int)a->check.doctor.count; i++) {
        const Check *check = &a->check.doctor.checks[i];
        char *state = utf8_from_wide(state_words[check->state]);
        set_cell(list, i, 0, state);
        char *name = mem_strdup(strcmp(check->name, "tls") == 0 ? "TLS" : check->name);
        begin_sentence(name);
        set_cell(list, i, 1, name);
        mem_free(name);
        char *result = mem_strdup(check->message);
        begin_sentence(result);
        set_cell(list, i, 2, result);
        mem_free(result);
        mem_free(state);
        if (check->state != CHECK_SKIPPED && check->state > a->check.doctor.checks[worst].state) {
            worst = i;
        }
    }
    if (a->check.doctor.count > 0) {
        ListView_SetItemState(list, worst, LVIS_SELECTED | LVIS_FOCUSED, LVIS_SELECTED | LVIS_FOCUSED);
        ListView_EnsureVisible(list, worst, FALSE);
    }
}

/* The whole sentence of the selected check, and what to do. */
static void show_hint(const Assistant *a)
{
    int row = ListView_GetNextItem(control(a, IDC_CHECKS), -1, LVNI_SELECTED);
    if (row < 0 || row >= (int)a->check.doctor.count) {
        return;
    }
    const Check *check = &a->check.doctor.checks[row];
    const char *end = strchr(".?!", check->message[strlen(check->message) - 1]) != NULL ? "" : ".";
    char *text = mem_printf("%s%s %s", check->message, end, check->hint == NULL ? "" : check->hint);
    begin_sentence(text);
    ui_set_text(control(a, IDC_CHECK_HINT), text);
    mem_free(text);
}

static void start_check(Assistant *a)
{
    doctor_release(&a->check.doctor);
    connection_copy(&a->check.connection, &a->connection);
    mem_free(a->check.folder);
    a->check.folder = read_text(a, IDC_FOLDER);
    a->checked = false;
    show_checks(a);
    ui_set_text(control(a, IDC_CHECK_HINT), TEXT_ASSISTANT_CHECKING);
    a->worker = worker_start(a->hwnd, run_check, &a->check);
    update(a);
}

static void on_checked(Assistant *a)
{
    if (!a->check.ok) { /* stopped */
        ui_set_text(control(a, IDC_CHECK_HINT), "");
        update(a);
        return;
    }
    a->checked = true;
    show_checks(a);
    show_hint(a);
    update(a);
    focus_on(a, a->check.doctor.worst == CHECK_BAD ? IDC_CHECKS : IDC_NEXT);
}

/* --- folder and end ------------------------------------------------------------------------------------ */

/* A better folder is a click away. */
static void show_other_folder(const Assistant *a, const char *folder)
{
    HWND button = control(a, IDC_FOLDER_OTHER);
    char *other = folder == NULL ? NULL : folder_alternative(folder);
    if (other == NULL && GetFocus() == button) {
        focus_on(a, IDC_FOLDER);
    }
    if (other != NULL) {
        char *shown = words_in_label(other);
        char *text = mem_printf(TEXT_ASSISTANT_OTHER, shown);
        ui_set_text(button, text);
        mem_free(text);
        mem_free(shown);
    }
    ShowWindow(button, other != NULL ? SW_SHOW : SW_HIDE);
    mem_free(other);
}

static void on_other_folder(const Assistant *a)
{
    char *folder = read_text(a, IDC_FOLDER);
    char *other = folder == NULL ? NULL : folder_alternative(folder);
    if (other != NULL) {
        focus_on(a, IDC_FOLDER);
        ui_set_text(control(a, IDC_FOLDER), other); /* which shows the note anew */
    }
    mem_free(other);
    mem_free(folder);
}

static void show_folder_note(const Assistant *a)
{
    char *folder = read_text(a, IDC_FOLDER);
    char *cloud = folder == NULL ? NULL : folder_cloud_name(folder);
    char *share = folder == NULL ? NULL : share_path(folder);
    char *note = folder == NULL               ? mem_strdup(TEXT_ASSISTANT_NO_FOLDER)
                 : share != NULL             ? mem_strdup(TEXT_ASSISTANT_DRIVE)
                 : folder_is_guarded(folder) ? mem_strdup(TEXT_ASSISTANT_GUARDED)
                 : cloud != NULL             ? mem_printf(TEXT_ASSISTANT_CLOUD, cloud)
                                             : mem_strdup("");
    ui_set_text(control(a, IDC_FOLDER_NOTE), note);
    show_other_folder(a, folder);
    mem_free(note);
    mem_free(share);
    mem_free(cloud);
    mem_free(folder);
}

static void show_summary(const Assistant *a)
{
    char *where = connection_text(&a->connection);
    char *text = mem_printf(TEXT_ASSISTANT_SUMMARY, where);
    ui_set_text(control(a, IDC_SUMMARY), text);
    mem_free(text);
    mem_free(where);
}

static void on_browse(const Assistant *a)
{
    Error why = ERROR_INIT;
    char *start = read_text(a, IDC_FOLDER);
    char *folder = NULL;
    if (folder_dialog_choose(a->hwnd, L"" TEXT_ASSISTANT_CHOOSE, start, &folder, &why)) {
        ui_set_text(control(a, IDC_FOLDER), folder);
        show_folder_note(a);
    } else if (why.kind != EK_NONE) {
        message_box_error(a->hwnd, &why);
    }
    error_clear(&why);
    mem_free(folder);
    mem_free(start);
}

/* Over what the profile holds now: there is more in it than these pages show. The password first: a profile without
 * its password would be a promise that is not kept. */
static bool save(SaveJob *job, Error *err)
{
    UserProfile profile;
    userprofile_init(&profile);
    char *target = connection_secret_target(&job->connection);
    bool ok = userprofile_load(&profile, err) && folder_choose(job->wanted, &job->folder, NULL, err) &&
              (!secret_is_set(&job->connection.password) ||
               machine_secret_save(target, &job->connection.password, err));
    if (ok) {
        connection_copy(&profile.connection, &job->connection);
        if (job->changed) {
            mem_free(profile.folder);
            profile.folder = mem_strdup(job->wanted);
        }
        ok = userprofile_save(&profile, err);
    }
    mem_free(target);
    userprofile_release(&profile);
    return ok;
}

static void run_save(void *context, const Cancel *cancel)
{
    SaveJob *job = context;
    (void)cancel;
    job->ok = save(job, &job->error) &&
              (job->with_windows == job->with_windows_before || with_windows_set(job->with_windows, &job->error));
}

static void start_save(Assistant *a)
{
    char *folder = read_text(a, IDC_FOLDER);
    if (folder == NULL) {
        show_folder_note(a);
        focus_on(a, IDC_FOLDER);
        return;
    }
    connection_copy(&a->save.connection, &a->connection);
    mem_free(a->save.wanted);
    mem_free(a->save.folder);
    a->save.folder = NULL;
    error_clear(&a->save.error);
    a->save.wanted = folder;
    a->save.changed = a->folder_before == NULL || strcmp(folder, a->folder_before) != 0;
    a->save.with_windows = IsDlgButtonChecked(a->hwnd, IDC_WITH_WINDOWS) == BST_CHECKED;
    a->saving = true;
    a->worker = worker_start(a->hwnd, run_save, &a->save);
    update(a);
}

static void finish(Assistant *a, AssistantEnd end)
{
    a->end = end;
    EndDialog(a->hwnd, 0);
}

static void on_saved(Assistant *a)
{
    a->saving = false;
    update(a);
    if (a->save.ok) {
        finish(a, ASSISTANT_SAVED);
    } else {
        message_box_error(a->hwnd, &a->save.error);
        focus_on(a, IDC_FOLDER);
    }
}

/* --- the dialog ---------------------------------------------------------------------------------------- */

static void on_next(Assistant *a)
{
    if (a->worker != NULL) {
        return;
    }
    if (a->page == PAGE_DATABASE && take_database(a)) {
        show_page(a, PAGE_CHECK);
        start_check(a);
    } else if (a->page == PAGE_CHECK && a->checked) {
        if (a->check.doctor.worst != CHECK_BAD ||
            message_box_ask(a->hwnd, TEXT_ASSISTANT_BAD, TEXT_ASSISTANT_BAD_CONTENT, L"" TEXT_ASSISTANT_GO_ON,
                            L"" TEXT_ASSISTANT_STAY)) {
            show_page(a, PAGE_FOLDER);
            show_folder_note(a);
            show_summary(a);
        }
    } else if (a->page == PAGE_FOLDER) {
        start_save(a);
    }
}

static void leave(Assistant *a, Then then)
{
    if (a->worker != NULL) {
        if (!a->saving && a->then == THEN_NOTHING) {
            a->then = then;
            ui_set_text(control(a, IDC_CHECK_HINT), TEXT_ASSISTANT_STOPPING);
            worker_cancel(a->worker);
            update(a);
        }
    } else if (then == THEN_CLOSE) {
        finish(a, ASSISTANT_CANCELLED);
    } else if (a->page != PAGE_DATABASE) {
        show_page(a, a->page - 1);
    }
}

static void on_worker(Assistant *a)
{
    Then then = a->then;
    worker_end(a->worker);
    a->worker = NULL;
    a->then = THEN_NOTHING;
    if (a->saving) {
        on_saved(a);
    } else {
        on_checked(a);
        if (then != THEN_NOTHING) {
            leave(a, then);
        }
    }
}

static void add_column(HWND list, int index, const wchar_t *title, int width)
{
    wchar_t *text = ui_wide_printf("%ls", title);
    LVCOLUMNW column = {.mask = LVCF_TEXT | LVCF_WIDTH, .pszText = text, .cx = width};
    ListView_InsertColumn(list, index, &column);
    mem_free(text);
}

static void on_init(Assistant *a, HWND hwnd)
{
    a->hwnd = hwnd;
    a->title_font = dpi_message_font(dpi_of_window(hwnd), 140, FW_SEMIBOLD);
    SendMessageW(control(a, IDC_ASSISTANT_TITLE), WM_SETFONT, (WPARAM)a->title_font, FALSE);
    HWND tls = control(a, IDC_CONN_TLS);
    SendMessageW(tls, CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_VERIFY);
    SendMessageW(tls, CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_REQUIRE);
    SendMessageW(tls, CB_ADDSTRING, 0, (LPARAM)L"" TEXT_TLS_DISABLE);
    SendMessageW(control(a, IDC_CONN_STRING), EM_LIMITTEXT, 8192, 0);
    SendMessageW(control(a, IDC_CONN_PORT), EM_LIMITTEXT, 5, 0);
    SendMessageW(control(a, IDC_CONN_PASSWORD), EM_LIMITTEXT, 1024, 0);
    SendMessageW(control(a, IDC_TEST_PROGRESS), PBM_SETMARQUEE, TRUE, 0);
    HWND list = control(a, IDC_CHECKS);
    ListView_SetExtendedListViewStyle(list, LVS_EX_FULLROWSELECT | LVS_EX_DOUBLEBUFFER | LVS_EX_LABELTIP);
    RECT room;
    GetClientRect(list, &room);
    int width = room.right - GetSystemMetrics(SM_CXVSCROLL);
    add_column(list, 0, L"" TEXT_CHECK_STATE, width * 18 / 100);
    add_column(list, 1, L"" TEXT_CHECK_NAME, width * 20 / 100);
    add_column(list, 2, L"" TEXT_CHECK_RESULT, width - width * 18 / 100 - width * 20 / 100);
    a->save.with_windows_before = with_windows_is_on();
    /* The schedule begins with the connection, and who is to see it? */
    CheckDlgButton(hwnd, IDC_WITH_WINDOWS, a->first || a->save.with_windows_before ? BST_CHECKED : BST_UNCHECKED);
    show_connection(a, &a->connection);
    ui_set_text(control(a, IDC_FOLDER), a->folder_before == NULL ? "" : a->folder_before);
    SetWindowTextW(hwnd, a->first ? L"" TEXT_ASSISTANT_WELCOME : L"" TEXT_ASSISTANT_CAPTION);
    show_page(a, PAGE_DATABASE);
    dialog_begin(hwnd);
}

static bool on_command(Assistant *a, int id, int code)
{
    switch (id) {
    case IDC_NEXT:
    case IDOK: /* Enter */
        on_next(a);
        return true;
    case IDC_BACK:
        leave(a, THEN_BACK);
        return true;
    case IDCANCEL:
        leave(a, THEN_CLOSE);
        return true;
    case IDC_TEST_AGAIN:
        if (a->worker == NULL) {
            start_check(a);
        }
        return true;
    case IDC_SAMPLE:
        finish(a, ASSISTANT_SAMPLE);
        return true;
    case IDC_BROWSE:
        on_browse(a);
        return true;
    case IDC_FOLDER_OTHER:
        on_other_folder(a);
        return true;
    case IDC_CONN_STRING:
        if (code == EN_KILLFOCUS) {
            take_string(a);
        }
        return true;
    case IDC_FOLDER:
        if (code == EN_CHANGE && a->page == PAGE_FOLDER) {
            show_folder_note(a);
        }
        return true;
    default:
        return false;
    }
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((Assistant *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    Assistant *a = (Assistant *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (a == NULL) {
        return FALSE;
    }
    switch (message) {
    case WM_APP_WORKER:
        on_worker(a);
        return TRUE;
    case WM_COMMAND:
        return on_command(a, LOWORD(wparam), HIWORD(wparam));
    case WM_NOTIFY: {
        const NMHDR *header = (const NMHDR *)lparam;
        if (header->idFrom == IDC_CHECKS && header->code == LVN_ITEMCHANGED && a->worker == NULL) {
            show_hint(a);
        }
        return FALSE;
    }
    default:
        return FALSE;
    }
}

AssistantEnd assistant_dialog_run(HWND owner, bool first, Connection *connection, char **folder)
{
    Assistant a = {.first = first, .folder_before = *folder, .end = ASSISTANT_CANCELLED};
    connection_init(&a.connection);
    connection_copy(&a.connection, connection);
    connection_init(&a.pasted);
    connection_copy(&a.pasted, connection);
    secret_release(&a.pasted.password);
    connection_init(&a.check.connection);
    doctor_init(&a.check.doctor);
    connection_init(&a.save.connection);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_ASSISTANT), owner, dialog_proc, (LPARAM)&a);
    if (a.end == ASSISTANT_SAVED) {
        connection_copy(connection, &a.connection);
        mem_free(*folder);
        *folder = a.save.folder;
        a.save.folder = NULL;
    }
    if (a.title_font != NULL) {
        DeleteObject(a.title_font);
    }
    error_clear(&a.save.error);
    mem_free(a.save.wanted);
    mem_free(a.save.folder);
    connection_release(&a.save.connection);
    doctor_release(&a.check.doctor);
    mem_free(a.check.folder);
    connection_release(&a.check.connection);
    connection_release(&a.pasted);
    connection_release(&a.connection);
    return a.end;
}
