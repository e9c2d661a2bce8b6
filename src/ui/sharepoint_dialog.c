/*
 * sharepoint_dialog.c: one page. What is decided is decided in jobs/offsite.h and jobs/ask_it.h; here it is asked,
 * shown and handed over.
 *
 * A set-up, a look and a sign-out run in a worker. What a set-up wants to be shown meanwhile (the address for the
 * browser, a code, what it is at) it leaves in SpJob under the mutex, and posts one message. Whatever is asked for
 * while the worker is at work stops it first and is done when it has ended (`then`).
 */
#include "sharepoint_dialog.h"

#include <string.h>

#include <commctrl.h>

#include "ask_it_dialog.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cloud/place.h"
#include "dialog.h"
#include "jobs/ask_it.h"
#include "jobs/offsite.h"
#include "jobs/offsite_folder.h"
#include "message_box.h"
#include "parts/clipboard.h"
#include "parts/dpi.h"
#include "platform/thread.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"
#include "worker.h"

#define WM_APP_SHOWN (WM_APP + 21)
#define RIGHTS 3

static const char *const rights[RIGHTS] = {"all", PLACE_SELECTED, PLACE_LIST}; /* as in the list of the dialog */

typedef enum Work { WORK_LOOK, WORK_SET_UP, WORK_SIGN_OUT, WORK_FORGET } Work;
typedef enum Then { THEN_NOTHING, THEN_STOP, THEN_CLOSE, THEN_SIGN_IN, THEN_DEVICE, THEN_SIGN_OUT, THEN_FORGET } Then;

typedef struct SpJob {
    /* Set before start. */
    Work work;
    char *link, *client_id, *tenant, *cloud;
    const char *rights; /* one of `rights` */
    bool device_code;
    HWND bell;
    /* Under the mutex. */
    Mutex *mutex;
    char *address, *code, *note;
    /* The worker's until it has ended. */
    OffsiteStatus status;
    bool ok;
    Error error;
} SpJob;

typedef struct SpDialog {
    HWND hwnd;
    HFONT title_font;
    Worker *worker;
    Then then;
    SpJob job;
    CloudPlace place; /* what is set up; no drive: nothing */
    char *folder;     /* that OneDrive keeps in step, and is used instead; or NULL */
    bool signed_in;
    Error failed; /* the last failure, for the page for IT */
} SpDialog;

static HWND control(const SpDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static int row_of_rights(const char *of)
{
    int row = 0;
    for (int i = 1; of != NULL && i < RIGHTS; i++) {
        row = strcmp(of, rights[i]) == 0 ? i : row;
    }
    return row;
}

/* Without white space at its ends; NULL where nothing is left. Caller frees. */
static char *read_text(const SpDialog *d, int id)
{
    wchar_t *wide = ui_get_wide(control(d, id));
    char *text = utf8_from_wide(wide);
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addstr(&sb, text);
    strbuf_trim(&sb);
    mem_free(text);
    mem_free(wide);
    if (sb.len == 0) {
        strbuf_release(&sb);
        return NULL;
    }
    return strbuf_detach(&sb);
}

static void replace(char **field, char *owned)
{
    mem_free(*field);
    *field = owned;
}

/* --- the worker ------------------------------------------------------------------------------------------ */

static void leave_note(SpJob *job, const char *note)
{
    mutex_lock(job->mutex);
    replace(&job->note, mem_strdup(note));
    mutex_unlock(job->mutex);
    PostMessageW(job->bell, WM_APP_SHOWN, 0, 0);
}

static void on_show(void *context, const char *address, const char *code)
{
    SpJob *job = context;
    mutex_lock(job->mutex);
    replace(&job->address, mem_strdup(address));
    replace(&job->code, mem_strdup(code));
    mutex_unlock(job->mutex);
    leave_note(job, code == NULL ? TEXT_SP_BROWSER : TEXT_SP_DEVICE);
}

static void on_log(void *context, LogLevel level, const char *text)
{
    (void)level;
    leave_note(context, text);
}

static OffsiteSetUp spec_of(SpJob *job)
{
    return (OffsiteSetUp){.link = job->link,
                          .client_id = job->client_id,
                          .tenant = job->tenant,
                          .cloud = job->cloud,
                          .rights = job->rights,
                          .device_code = job->device_code,
                          .show = on_show,
                          .context = job};
}

static void run_job(void *context, const Cancel *cancel)
{
    SpJob *job = context;
    const JobSink sink = {.log = on_log, .context = job};
    OffsiteSetUp spec;
    switch (job->work) {
    case WORK_LOOK: /* reads no input: those may be taken anew meanwhile */
        job->ok = offsite_look(NULL, cancel, &job->status, &job->error);
        break;
    case WORK_SET_UP:
        spec = spec_of(job);
        job->ok = offsite_set_up(&spec, &sink, cancel, &job->status.place, &job->error);
        break;
    case WORK_SIGN_OUT:
        job->ok = place_sign_out(cancel, &job->error);
        break;
    case WORK_FORGET:
        job->ok = offsite_forget(cancel, &job->error);
        break;
    }
}

/* --- what is shown --------------------------------------------------------------------------------------- */

static void focus_on(const SpDialog *d, int id)
{
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, id), TRUE);
}

static void set_status(const SpDialog *d, const char *text)
{
    ui_set_text(control(d, IDC_SP_STATUS), text);
}

static void show(const SpDialog *d, int id, bool on)
{
    ShowWindow(control(d, id), on ? SW_SHOWNA : SW_HIDE);
}

static bool signs_in(const SpDialog *d)
{
    return d->worker != NULL && d->job.work == WORK_SET_UP;
}

static void show_advanced(const SpDialog *d)
{
    static const int fields[] = {IDC_SP_CLIENT_LABEL, IDC_SP_CLIENT, IDC_SP_TENANT_LABEL, IDC_SP_TENANT,
                                 IDC_SP_CLOUD_LABEL,  IDC_SP_CLOUD,  IDC_SP_RIGHTS_LABEL, IDC_SP_RIGHTS, IDC_SP_NOTE};
    const bool on = IsDlgButtonChecked(d->hwnd, IDC_SP_ADVANCED) == BST_CHECKED;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        show(d, fields[i], on);
    }
    show(d, IDC_SP_STEPS, !on);
}

static void enable(const SpDialog *d, int id, bool on)
{
    if (IsWindowEnabled(control(d, id)) != (BOOL)on) {
        EnableWindow(control(d, id), on);
    }
}

static void update(const SpDialog *d)
{
    static const int inputs[] = {IDC_SP_LINK,   IDC_SP_ADVANCED, IDC_SP_CLIENT,
                                 IDC_SP_TENANT, IDC_SP_CLOUD,    IDC_SP_RIGHTS};
    const bool busy = d->worker != NULL && d->job.work != WORK_LOOK;
    const bool idle = !busy && d->then == THEN_NOTHING;
    const bool linked = GetWindowTextLengthW(control(d, IDC_SP_LINK)) > 0;
    const bool browsing = signs_in(d) && !d->job.device_code && d->then == THEN_NOTHING;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        enable(d, inputs[i], idle);
    }
    enable(d, IDC_SP_SIGN_IN, idle && linked);
    enable(d, IDC_SP_DEVICE, (idle && linked) || browsing);
    enable(d, IDC_SP_ASK, idle);
    enable(d, IDC_SP_OUT, idle && d->signed_in);
    enable(d, IDC_SP_FORGET, idle && (d->place.drive != NULL || d->folder != NULL));
    enable(d, IDCANCEL, d->then == THEN_NOTHING);
    SetDlgItemTextW(d->hwnd, IDCANCEL, busy ? L"" TEXT_SP_STOP : L"" TEXT_SP_CLOSE);
    show(d, IDC_SP_PROGRESS, d->worker != NULL);
}

/* What the worker has left to be shown. */
static void show_notes(SpDialog *d)
{
    mutex_lock(d->job.mutex);
    char *address = signs_in(d) ? mem_strdup(d->job.address) : NULL;
    char *code = signs_in(d) ? mem_strdup(d->job.code) : NULL;
    char *note = signs_in(d) && d->then == THEN_NOTHING ? mem_strdup(d->job.note) : NULL;
    mutex_unlock(d->job.mutex);
    const bool first = address != NULL && !IsWindowVisible(control(d, IDC_SP_ADDRESS));
    ui_set_text(control(d, IDC_SP_ADDRESS), address == NULL ? "" : address);
    ui_set_text(control(d, IDC_SP_CODE), code == NULL ? "" : code);
    show(d, IDC_SP_ADDRESS_LABEL, address != NULL);
    show(d, IDC_SP_ADDRESS, address != NULL);
    show(d, IDC_SP_COPY, address != NULL);
    show(d, IDC_SP_CODE_LABEL, code != NULL);
    show(d, IDC_SP_CODE, code != NULL);
    if (note != NULL) {
        set_status(d, note);
    }
    if (first) {
        focus_on(d, IDC_SP_COPY); /* which does no harm when it is pressed once too often */
    }
    mem_free(note);
    mem_free(code);
    mem_free(address);
}

/* By what is saved. */
static void load_place(SpDialog *d)
{
    OauthTokens tokens;
    place_release(&d->place);
    oauth_tokens_init(&tokens);
    d->signed_in = place_load(&d->place, NULL) && place_find_tokens(&d->place, &tokens);
    oauth_tokens_release(&tokens);
    char *folder = NULL;
    Error why = ERROR_INIT;
    const bool known = offsite_folder_load(&folder, &why);
    replace(&d->folder, folder);
    if (!known) {
        ui_set_text(control(d, IDC_SP_STATE), why.message);
        error_clear(&why);
    } else if (d->folder != NULL) {
        char *text = mem_printf(TEXT_SP_FOLDER, d->folder);
        ui_set_text(control(d, IDC_SP_STATE), text);
        mem_free(text);
    } else if (d->place.drive == NULL) {
        ui_set_text(control(d, IDC_SP_STATE), TEXT_SP_NONE);
    }
}

static void show_looking(const SpDialog *d)
{
    char *name = place_name(&d->place);
    char *text = mem_printf(TEXT_SP_LOOKING, name);
    ui_set_text(control(d, IDC_SP_STATE), text);
    mem_free(text);
    mem_free(name);
}

static void add_sentence(StrBuf *text, const char *words)
{
    if (words != NULL && words[0] != '\0') {
        const char first = words[0] >= 'a' && words[0] <= 'z' ? (char)(words[0] - 'a' + 'A') : words[0];
        strbuf_addf(text, " %c%s.", first, words + 1);
    }
}

/* How long it will hold, and a clock that will end it. */
static void add_outlook(const SpDialog *d, StrBuf *text)
{
    const OffsiteStatus *status = &d->job.status;
    OffsiteSignIn sign_in;
    offsite_sign_in(&sign_in);
    add_sentence(text, sign_in.text);
    offsite_sign_in_release(&sign_in);
    char *clock = status->clock_known ? offsite_clock_words(status->clock_ahead) : NULL;
    add_sentence(text, clock);
    mem_free(clock);
}

static void show_looked(SpDialog *d)
{
    char *name = place_name(&d->place);
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    if (d->job.ok) {
        strbuf_addf(&text, TEXT_SP_REACHED, name, d->place.tenant);
        if (d->job.status.remaining >= 0) {
            char *left = words_size((uint64_t)d->job.status.remaining);
            strbuf_addf(&text, TEXT_SP_FREE, left);
            mem_free(left);
        }
        add_outlook(d, &text);
    } else {
        const char *why = d->job.error.message;
        strbuf_addf(&text, TEXT_SP_NOT_REACHED, name, why == NULL ? TEXT_BOX_WRONG : why);
    }
    ui_set_text(control(d, IDC_SP_STATE), text.buf);
    strbuf_release(&text);
    mem_free(name);
}

/* The failure as a sentence with its remedy; where IT is needed, that there is a page for them. */
static void show_failure(SpDialog *d)
{
    HWND status = control(d, IDC_SP_STATUS);
    ui_set_problem(status, &d->failed);
    if (ask_it_step(&d->failed) != ASK_IT_NOTHING) {
        wchar_t *wide = ui_get_wide(status);
        char *text = utf8_from_wide(wide);
        char *more = mem_printf("%s%s", text, TEXT_SP_ASK);
        ui_set_text(status, more);
        mem_free(more);
        mem_free(text);
        mem_free(wide);
    }
}

/* --- work ------------------------------------------------------------------------------------------------ */

static void start(SpDialog *d, Work work)
{
    SpJob *job = &d->job;
    job->work = work;
    job->ok = false;
    error_clear(&job->error);
    offsite_status_release(&job->status);
    mutex_lock(job->mutex);
    replace(&job->address, NULL);
    replace(&job->code, NULL);
    replace(&job->note, NULL);
    mutex_unlock(job->mutex);
    d->worker = worker_start(d->hwnd, run_job, job);
    show_notes(d);
    update(d);
}

static void look(SpDialog *d)
{
    if (d->place.drive != NULL && d->folder == NULL) {
        show_looking(d);
        start(d, WORK_LOOK);
    }
}

static void take_inputs(SpDialog *d, bool device_code)
{
    SpJob *job = &d->job;
    replace(&job->link, read_text(d, IDC_SP_LINK));
    replace(&job->client_id, read_text(d, IDC_SP_CLIENT));
    replace(&job->tenant, read_text(d, IDC_SP_TENANT));
    replace(&job->cloud, read_text(d, IDC_SP_CLOUD));
    const LRESULT row = SendMessageW(control(d, IDC_SP_RIGHTS), CB_GETCURSEL, 0, 0);
    job->rights = rights[row > 0 && row < RIGHTS ? row : 0];
    job->device_code = device_code;
}

/* What is wrong with the inputs is told before the browser opens. */
static bool inputs_are_good(SpDialog *d)
{
    const OffsiteSetUp spec = spec_of(&d->job);
    CloudPlace chosen;
    place_init(&chosen);
    error_clear(&d->failed);
    const bool ok = offsite_choose(&spec, &chosen, &d->failed);
    place_release(&chosen);
    if (!ok) {
        show_failure(d);
        if (d->failed.kind == EK_SETTINGS) { /* what stands behind Advanced */
            CheckDlgButton(d->hwnd, IDC_SP_ADVANCED, BST_CHECKED);
            show_advanced(d);
            focus_on(d, IDC_SP_CLIENT);
        } else {
            focus_on(d, IDC_SP_LINK);
        }
    }
    return ok;
}

/* A folder of this PC stands where the link goes: nobody signs in. */
static void choose_folder(SpDialog *d)
{
    error_clear(&d->failed);
    if (offsite_folder_choose(d->job.link, &d->failed)) {
        load_place(d);
        set_status(d, TEXT_SP_FOLDER_DONE);
    } else {
        show_failure(d);
    }
    update(d);
}

static void sign_in(SpDialog *d, bool device_code)
{
    take_inputs(d, device_code);
    if (d->job.link != NULL && offsite_folder_is_path(d->job.link)) {
        choose_folder(d);
        return;
    }
    if (inputs_are_good(d)) {
        set_status(d, TEXT_SP_WORKING);
        focus_on(d, IDCANCEL); /* what has the focus now is disabled in a moment */
        start(d, WORK_SET_UP);
    } else {
        update(d);
        look(d); /* the one that ran was stopped for this */
    }
}

static void do_then(SpDialog *d, Then then)
{
    switch (then) {
    case THEN_NOTHING:
    case THEN_STOP:
        break;
    case THEN_CLOSE:
        EndDialog(d->hwnd, 0);
        break;
    case THEN_SIGN_IN:
    case THEN_DEVICE:
        sign_in(d, then == THEN_DEVICE);
        break;
    case THEN_SIGN_OUT:
    case THEN_FORGET:
        focus_on(d, IDCANCEL);
        start(d, then == THEN_FORGET ? WORK_FORGET : WORK_SIGN_OUT);
        break;
    }
}

/* At once, or when the worker has been stopped. */
static void next(SpDialog *d, Then then)
{
    if (d->worker == NULL) {
        do_then(d, then);
    } else if (d->then == THEN_NOTHING) {
        d->then = then;
        if (signs_in(d)) {
            set_status(d, TEXT_SP_STOPPING);
        }
        worker_cancel(d->worker);
        update(d);
    }
}

static void on_set_up(SpDialog *d)
{
    SetForegroundWindow(d->hwnd); /* the browser is in front; where Windows does not allow it, the taskbar flashes */
    if (d->job.ok) {
        error_clear(&d->failed);
        load_place(d);
        set_status(d, TEXT_SP_DONE);
        update(d);
        focus_on(d, IDCANCEL);
    } else if (d->job.error.kind == EK_CANCELLED) {
        set_status(d, TEXT_SP_STOPPED);
        update(d);
        focus_on(d, IDC_SP_SIGN_IN);
    } else {
        error_move(&d->failed, &d->job.error);
        show_failure(d);
        update(d);
        focus_on(d, ask_it_step(&d->failed) != ASK_IT_NOTHING ? IDC_SP_ASK : IDC_SP_SIGN_IN);
    }
    look(d);
}

static void on_left(SpDialog *d)
{
    if (!d->job.ok) {
        if (d->job.error.kind != EK_CANCELLED) {
            message_box_error(d->hwnd, &d->job.error);
        }
    } else if (d->job.work == WORK_FORGET) {
        SetWindowTextW(control(d, IDC_SP_LINK), L"");
        set_status(d, TEXT_SP_FORGOTTEN);
    } else {
        set_status(d, TEXT_SP_SIGNED_OUT);
    }
    load_place(d);
    update(d);
    focus_on(d, IDC_SP_LINK);
    look(d);
}

static void on_worker(SpDialog *d)
{
    const Then then = d->then;
    worker_end(d->worker);
    d->worker = NULL;
    d->then = THEN_NOTHING;
    show_notes(d);
    if (then != THEN_NOTHING && then != THEN_STOP && !(d->job.ok && d->job.work == WORK_SET_UP)) {
        load_place(d); /* it may have been forgotten just before */
        update(d);
        do_then(d, then);
        return;
    }
    switch (d->job.work) {
    case WORK_LOOK:
        show_looked(d);
        if (!d->job.ok && d->failed.kind == EK_NONE) { /* a sign-in's failure says more */
            error_move(&d->failed, &d->job.error);
        }
        update(d);
        break;
    case WORK_SET_UP:
        on_set_up(d);
        break;
    case WORK_SIGN_OUT:
    case WORK_FORGET:
        on_left(d);
        break;
    }
}

static void on_copy(SpDialog *d)
{
    Error err = ERROR_INIT;
    char *code = read_text(d, IDC_SP_CODE);
    char *address = read_text(d, IDC_SP_ADDRESS);
    if ((code != NULL || address != NULL) && !clipboard_set(d->hwnd, code != NULL ? code : address, &err)) {
        message_box_error(d->hwnd, &err);
    }
    error_clear(&err);
    mem_free(address);
    mem_free(code);
}

static void on_ask(SpDialog *d)
{
    take_inputs(d, false);
    const OffsiteSetUp spec = spec_of(&d->job);
    char *page = offsite_ask_it(&spec, d->failed.kind == EK_NONE ? NULL : &d->failed);
    ask_it_dialog_show(d->hwnd, page);
    mem_free(page);
}

static void on_forget(SpDialog *d)
{
    if (message_box_ask(d->hwnd, TEXT_SP_FORGET, TEXT_SP_FORGET_CONTENT, L"" TEXT_SP_FORGET_YES,
                        L"" TEXT_SP_FORGET_NO)) {
        next(d, THEN_FORGET);
    }
}

/* --- the dialog ------------------------------------------------------------------------------------------ */

static void on_init(SpDialog *d, HWND hwnd)
{
    static const wchar_t *const clouds[] = {L"global", L"gcc-high", L"dod", L"china"};
    d->hwnd = hwnd;
    d->job.bell = hwnd;
    d->title_font = dpi_message_font(dpi_of_window(hwnd), 140, FW_SEMIBOLD);
    SendMessageW(control(d, IDC_SP_TITLE), WM_SETFONT, (WPARAM)d->title_font, FALSE);
    ui_set_text(control(d, IDC_SP_TITLE), TEXT_SP_TITLE);
    ui_set_text(control(d, IDC_SP_STEPS), TEXT_SP_STEPS);
    ui_set_text(control(d, IDC_SP_NOTE), TEXT_SP_NOTE);
    for (size_t i = 0; i < sizeof clouds / sizeof *clouds; i++) {
        SendMessageW(control(d, IDC_SP_CLOUD), CB_ADDSTRING, 0, (LPARAM)clouds[i]);
    }
    SendMessageW(control(d, IDC_SP_RIGHTS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_SP_RIGHTS_ALL);
    SendMessageW(control(d, IDC_SP_RIGHTS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_SP_RIGHTS_SELECTED);
    SendMessageW(control(d, IDC_SP_RIGHTS), CB_ADDSTRING, 0, (LPARAM)L"" TEXT_SP_RIGHTS_LIST);
    SendMessageW(control(d, IDC_SP_LINK), EM_LIMITTEXT, 4096, 0);
    SendMessageW(control(d, IDC_SP_PROGRESS), PBM_SETMARQUEE, TRUE, 0);
    load_place(d);
    SendMessageW(control(d, IDC_SP_RIGHTS), CB_SETCURSEL, (WPARAM)row_of_rights(d->place.rights), 0);
    ui_set_text(control(d, IDC_SP_LINK), d->place.web_url == NULL ? "" : d->place.web_url);
    ui_set_text(control(d, IDC_SP_CLIENT), d->place.client_id == NULL ? "" : d->place.client_id);
    set_status(d, d->place.web_url == NULL ? TEXT_SP_NEEDS_LINK : "");
    show_advanced(d);
    show_notes(d);
    update(d);
    SendDlgItemMessageW(hwnd, IDC_SP_LINK, EM_SETSEL, 0, -1);
    SetFocus(control(d, IDC_SP_LINK));
    dialog_begin(hwnd);
    look(d);
}

static void on_link(SpDialog *d)
{
    if (d->worker == NULL || d->job.work == WORK_LOOK) {
        set_status(d, GetWindowTextLengthW(control(d, IDC_SP_LINK)) > 0 ? "" : TEXT_SP_NEEDS_LINK);
        update(d);
    }
}

static bool on_command(SpDialog *d, int id, int code)
{
    switch (id) {
    case IDC_SP_LINK:
        if (code == EN_CHANGE) {
            on_link(d);
        }
        return true;
    case IDC_SP_ADVANCED:
        show_advanced(d);
        return true;
    case IDC_SP_SIGN_IN:
        next(d, THEN_SIGN_IN);
        return true;
    case IDC_SP_DEVICE:
        next(d, THEN_DEVICE);
        return true;
    case IDC_SP_COPY:
        on_copy(d);
        return true;
    case IDC_SP_ASK:
        on_ask(d);
        return true;
    case IDC_SP_OUT:
        next(d, THEN_SIGN_OUT);
        return true;
    case IDC_SP_FORGET:
        on_forget(d);
        return true;
    case IDCANCEL:
        next(d, signs_in(d) ? THEN_STOP : THEN_CLOSE);
        return true;
    default:
        return false;
    }
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((SpDialog *)lparam, hwnd);
        return FALSE; /* the focus is set */
    }
    SpDialog *d = (SpDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL || d->hwnd == NULL) {
        return FALSE;
    }
    switch (message) {
    case WM_APP_WORKER:
        on_worker(d);
        return TRUE;
    case WM_APP_SHOWN:
        show_notes(d);
        return TRUE;
    case WM_COMMAND:
        return on_command(d, LOWORD(wparam), HIWORD(wparam));
    default:
        return FALSE;
    }
}

bool sharepoint_dialog_run(HWND owner)
{
    SpDialog d = {.failed = ERROR_INIT, .job = {.mutex = mutex_new(), .error = ERROR_INIT}};
    place_init(&d.place);
    offsite_status_init(&d.job.status);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_SHAREPOINT), owner, dialog_proc, (LPARAM)&d);
    const bool ready = (d.place.drive != NULL && d.signed_in) || d.folder != NULL;
    if (d.title_font != NULL) {
        DeleteObject(d.title_font);
    }
    error_clear(&d.failed);
    error_clear(&d.job.error);
    offsite_status_release(&d.job.status);
    place_release(&d.place);
    mem_free(d.folder);
    mem_free(d.job.link);
    mem_free(d.job.client_id);
    mem_free(d.job.tenant);
    mem_free(d.job.cloud);
    mem_free(d.job.address);
    mem_free(d.job.code);
    mem_free(d.job.note);
    mutex_free(d.job.mutex);
    return ready;
}
