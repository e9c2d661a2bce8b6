/*
 * ui_pictures.c: pictures for ./dev shot, taken by test_dialogs.py wherever a scenario says so, and the scenario that
 * goes to the window's states. Its folder has backups of several weeks (folders.py), its database is the sample.
 */
#include "ui_drive.h"

#include "platform/machine.h"
#include "store/retention.h"

/* --- taking one ---------------------------------------------------------------------------------------- */

#define MOST_TEXTS 200

/* The texts that are longer while a picture is taken. */
typedef struct Longer {
    const Ui *ui;
    size_t count;
    struct {
        HWND control;
        char *text, *made;
    } texts[MOST_TEXTS];
} Longer;

static void set_text_of(const Ui *ui, HWND control, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    ask(ui, control, WM_SETTEXT, 0, (LPARAM)wide);
    mem_free(wide);
}

/* 40 % more of letters as wide as most; long texts have words that wrap. */
static BOOL CALLBACK lengthen(HWND control, LPARAM data)
{
    Longer *longer = (Longer *)data;
    wchar_t name[32] = L"";
    GetClassNameW(control, name, 32);
    if ((wcscmp(name, L"Static") != 0 && wcscmp(name, L"Button") != 0) || !IsWindowVisible(control) ||
        GetDlgCtrlID(control) == IDC_CHART || longer->count == MOST_TEXTS) {
        return TRUE;
    }
    char *text = text_of(longer->ui, control);
    wchar_t *wide = wide_from_utf8(text);
    const size_t length = wcslen(wide);
    char *more = mem_array(length + 1, 1);
    for (size_t i = 0; i < length * 2 / 5; i++) {
        more[i] = length > 24 ? " retains"[i % 8] : "retai"[i % 5];
    }
    char *made = mem_printf("%s%s", text, more);
    set_text_of(longer->ui, control, made);
    longer->texts[longer->count].control = control;
    longer->texts[longer->count].text = text;
    longer->texts[longer->count++].made = made;
    mem_free(more);
    mem_free(wide);
    return TRUE;
}

/* But the system's boxes, which make themselves as large as their texts were. */
static BOOL CALLBACK lengthen_all(HWND window, LPARAM data)
{
    DWORD process = 0;
    wchar_t title[32] = L"";
    GetWindowThreadProcessId(window, &process);
    GetWindowTextW(window, title, 32);
    if (process == ((const Longer *)data)->ui->process.dwProcessId && IsWindowVisible(window) &&
        wcscmp(title, L"CMMS Backup") != 0) {
        EnumChildWindows(window, lengthen, data);
    }
    return TRUE;
}

/* What the program wrote meanwhile stays. */
static void shorten(Longer *longer)
{
    for (size_t i = 0; i < longer->count; i++) {
        char *now = text_of(longer->ui, longer->texts[i].control);
        if (strcmp(now, longer->texts[i].made) == 0) {
            set_text_of(longer->ui, longer->texts[i].control, longer->texts[i].text);
        }
        mem_free(now);
        mem_free(longer->texts[i].text);
        mem_free(longer->texts[i].made);
    }
}

static bool is_set(const char *name)
{
    char *value = machine_getenv(name);
    const bool set = value != NULL && value[0] != 0;
    mem_free(value);
    return set;
}

/* test_dialogs.py --shots takes it, and answers with a line; with --long the texts are as long as other languages'. */
void picture(Ui *ui, const char *name)
{
    if (!is_set("UITEST_SHOTS")) {
        return;
    }
    Longer *longer = mem_alloc(sizeof *longer);
    longer->ui = ui;
    if (is_set("UITEST_LONG")) {
        EnumWindows(lengthen_all, (LPARAM)longer);
    }
    char line[16];
    printf("shot %s\n", name);
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        printf("# nobody takes pictures\n");
    }
    shorten(longer);
    mem_free(longer);
}

/* --- the states ---------------------------------------------------------------------------------------- */

static bool cleanup_is_there(Ui *ui, const void *data)
{
    (void)data;
    HWND dialog = find(ui, L"#32770");
    return dialog != NULL && GetDlgItem(dialog, IDC_CLEANUP_LIST) != NULL;
}

static bool cleanup_is_gone(Ui *ui, const void *data)
{
    return !cleanup_is_there(ui, data);
}

static bool is_halfway(Ui *ui, const void *data)
{
    (void)data;
    return ask(ui, item(ui, IDC_PROGRESS), PBM_GETPOS, 0, 0) > 250; /* of 1000 */
}

static void close_box(Ui *ui, const char *name)
{
    picture(ui, name);
    answer_box(ui, IDCANCEL);
}

static void close_menu(Ui *ui, const char *name)
{
    wait_for(ui, SHORT_MS, menu_is_there, NULL);
    picture(ui, name);
    PostMessageW(ui->window, WM_CANCELMODE, 0, 0);
    wait_for(ui, SHORT_MS, menu_is_gone, NULL);
}

/* A shrink alarm, as another program's backup leaves it; afterwards all is as before. */
static void picture_alarm(Ui *ui)
{
    static const char alarm[] = "{\"reason\": \"table parts lost 96 % of its rows (12,410 before, 400 now)\"}";
    Error err = ERROR_INIT;
    char *band = text_of(ui, item(ui, IDC_STATUS));
    char *path = fs_join(ui->folder, RETENTION_FROZEN_FILE);
    fs_write_atomic(path, alarm, sizeof alarm - 1, &err);
    ok(ui, wait_text(ui, IDC_STATUS, "Look at this: table parts lost 96 % of its rows", SHORT_MS), "an alarm is told",
       "it is not");
    picture(ui, "alarm");
    click(ui, IDC_MEND);
    wait_for(ui, SHORT_MS, question_is_there, NULL);
    close_box(ui, "alarm-question");
    fs_remove(path, &err);
    ok(ui, wait_text(ui, IDC_STATUS, band, SHORT_MS), "and then no more", "it is");
    mem_free(path);
    mem_free(band);
    error_clear(&err);
}

/* Closed while a backup runs: asked, and then stopped. */
static void picture_closing(Ui *ui)
{
    click(ui, IDC_CREATE);
    ok(ui, wait_enabled(ui, IDC_CANCEL_JOB, SHORT_MS), "another backup runs", "it does not");
    PostMessageW(ui->window, WM_CLOSE, 0, 0);
    ok(ui, wait_for(ui, SHORT_MS, question_is_there, NULL), "to close the window then is asked", "it is not");
    picture(ui, "closing");
    answer_box(ui, IDYES);
}

void scenario_pictures(Ui *ui)
{
    static const WORD view[] = {VK_MENU, 'I'};
    if (!open_window(ui) || !ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "the database is ready", "it is not")) {
        return;
    }
    focus_list(ui);
    select_rows(ui, 1, 2);
    wait_enabled(ui, IDC_VERIFY, SHORT_MS);
    picture(ui, "idle");
    picture_alarm(ui);
    select_rows(ui, 1, 2);
    wait_enabled(ui, IDC_DELETE, SHORT_MS);
    PostMessageW(ui->window, WM_COMMAND, IDC_DELETE, 0);
    wait_for(ui, SHORT_MS, question_is_there, NULL);
    close_box(ui, "question");
    SetForegroundWindow(ui->window);
    focus_list(ui);
    type(view, 2);
    close_menu(ui, "menu");
    PostMessageW(item(ui, IDC_LIST), WM_CONTEXTMENU, (WPARAM)item(ui, IDC_LIST), -1);
    close_menu(ui, "context-menu");
    dialog_set(ui, IDC_MAXIMUM, "15");
    click(ui, IDC_SAVE_CONFIG);
    wait_enabled(ui, IDC_SAVE_CONFIG, SHORT_MS);
    PostMessageW(ui->window, WM_COMMAND, IDC_CLEANUP, 0);
    ok(ui, wait_for(ui, SHORT_MS, cleanup_is_there, NULL), "the clean-up's preview comes", "it does not");
    picture(ui, "cleanup");
    press(ui, VK_ESCAPE);
    wait_for(ui, SHORT_MS, cleanup_is_gone, NULL);
    ok(ui, wait_enabled(ui, IDC_CREATE, SHORT_MS), "after it the buttons can be pressed again", "they are grey");
    SetForegroundWindow(ui->window);
    focus_list(ui);
    click(ui, IDC_CREATE);
    ok(ui, wait_for(ui, LONG_MS, is_halfway, NULL), "a backup runs", "it does not");
    picture(ui, "running");
    ok(ui, wait_enabled(ui, IDC_CREATE, LONG_MS), "and ends", "it does not");
    wait_lines(ui, "Backup successful!", 1, SHORT_MS);
    wait_text(ui, IDC_STATUS, "Protected", SHORT_MS);
    picture(ui, "done");
    picture_closing(ui);
    check_exit(ui, 0, "the program ends");
}
