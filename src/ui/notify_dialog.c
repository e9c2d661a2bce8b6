/*
 * notify_dialog.c: an address that is saved is shown shortened, without what may be a secret in it: as long as its box
 * says that, it stays as it is saved; an empty box takes the receiver away. A password is never shown: an empty box
 * leaves it as it is saved, for the same server and user. All reading, saving and sending is a worker's.
 */
#include "notify_dialog.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf.h"
#include "cloud/receiver.h"
#include "dialog.h"
#include "jobs/heartbeats.h"
#include "message_box.h"
#include "platform/machine.h"
#include "platform/wide.h"
#include "resource.h"
#include "schedule/outward.h"
#include "texts.h"
#include "ui_text.h"
#include "worker.h"

/* The boxes. */
enum { PING, WEBHOOK, TEAMS, SERVER, USER, PASSWORD, FROM, TO, GRAPH, BOXES };
static const int boxes[BOXES] = {IDC_NOTIFY_PING, IDC_NOTIFY_WEBHOOK, IDC_NOTIFY_TEAMS, IDC_NOTIFY_SERVER,
                                 IDC_NOTIFY_USER, IDC_NOTIFY_PASSWORD, IDC_NOTIFY_FROM, IDC_NOTIFY_TO,
                                 IDC_NOTIFY_GRAPH};
/* In the order of ReceiverKind. */
static const int tests[RECEIVER_KINDS] = {IDC_NOTIFY_TEST_PING, IDC_NOTIFY_TEST_WEBHOOK, IDC_NOTIFY_TEST_TEAMS,
                                          IDC_NOTIFY_TEST_SMTP, IDC_NOTIFY_TEST_GRAPH};
#define BOX_LIMIT 4000

typedef enum NotifyWork { NOTIFY_LOADS, NOTIFY_SAVES, NOTIFY_TESTS, NOTIFY_RETIRES } NotifyWork;

typedef struct NotifyJob {
    NotifyWork work;
    const char *folder, *actor; /* borrowed */
    ReceiverKind kind;      /* that is tested */
    SeenComputers seen;
    char *own;              /* owned: this computer's name as heartbeats have it */
    char *computer;         /* owned: that is retired */
    char *problem;          /* owned: a receiver that did not take the last notice, in words; or NULL */
    Secret shown[BOXES];    /* what was put into the boxes; unset: nothing */
    Secret texts[BOXES];    /* what is in them */
    bool told, tell;        /* that a backup was made is told: as it was loaded, and as it is chosen */
    bool quiet[RECEIVER_KINDS];
    bool ok;
    Error error;
} NotifyJob;

typedef struct NotifyDialog {
    HWND hwnd;
    Worker *worker;
    bool leaving;
    NotifyJob job;
} NotifyDialog;

/* --- the worker ------------------------------------------------------------------------------------------- */

static const char *text_of(const Secret *secret)
{
    return secret_is_set(secret) ? secret->bytes : "";
}

static bool is_changed(const NotifyJob *job, int box)
{
    return strcmp(text_of(&job->texts[box]), text_of(&job->shown[box])) != 0;
}

static void show(NotifyJob *job, int box, const char *text)
{
    secret_release(&job->shown[box]);
    if (text != NULL && text[0] != '\0') {
        secret_set(&job->shown[box], text, strlen(text));
    }
}

static void look_at_computers(NotifyJob *job)
{
    char *host = machine_host_name();
    char *file = heartbeat_file(host != NULL ? host : "");
    char name[HEARTBEAT_NAME] = "";
    (void)heartbeat_computer(file, name);
    mem_free(job->own);
    job->own = mem_strdup(name);
    heartbeats_known(job->folder, &job->seen);
    mem_free(file);
    mem_free(host);
}

static void look_at_problems(NotifyJob *job)
{
    OutwardState states[RECEIVER_KINDS];
    (void)outward_look(states, NULL);
    for (int i = 0; i < RECEIVER_KINDS && job->problem == NULL; i++) {
        job->problem = mem_strdup(states[i].problem);
    }
    outward_states_release(states);
}

static void load(NotifyJob *job)
{
    Receivers receivers;
    receivers_init(&receivers);
    job->ok = receivers_load(&receivers, &job->error);
    if (!job->ok && job->error.kind == EK_SETTINGS) { /* what is set now takes its place */
        error_clear(&job->error);
        job->ok = true;
    }
    bool any = false, quiet = true;
    for (int i = 0; i < RECEIVER_KINDS; i++) {
        const Receiver *receiver = &receivers.of[i];
        any = any || receiver->set;
        quiet = quiet && (!receiver->set || receiver->quiet);
        job->quiet[i] = receiver->quiet;
        if (receiver->set && i <= TEAMS) {
            char *shown = receiver_shown((ReceiverKind)i, receiver);
            show(job, i, shown);
            mem_free(shown);
        }
    }
    const Receiver *smtp = &receivers.of[RECEIVER_SMTP];
    show(job, SERVER, text_of(&smtp->address));
    show(job, USER, smtp->user);
    show(job, FROM, smtp->from);
    show(job, TO, smtp->to);
    show(job, GRAPH, receivers.of[RECEIVER_GRAPH].to);
    job->told = !any || !quiet;
    receivers_release(&receivers);
    look_at_problems(job);
    look_at_computers(job);
}

static char *copy_if_any(const Secret *text)
{
    return secret_is_set(text) && text->len > 0 ? mem_strdup(text->bytes) : NULL;
}

/* What the boxes say of a receiver; `receiver` is initialised. True: it is not as it is saved. */
static bool make(const NotifyJob *job, ReceiverKind kind, Receiver *receiver)
{
    static const int firsts[RECEIVER_KINDS] = {PING, WEBHOOK, TEAMS, SERVER, GRAPH};
    const int first = firsts[kind], last = kind == RECEIVER_SMTP ? TO : first;
    bool changed = false;
    for (int box = first; box <= last; box++) {
        changed = changed || is_changed(job, box);
        receiver->set = receiver->set || (box != PASSWORD && secret_is_set(&job->texts[box]));
    }
    if (kind != RECEIVER_GRAPH && is_changed(job, first) && secret_is_set(&job->texts[first])) {
        secret_copy(&receiver->address, &job->texts[first]);
    }
    if (kind == RECEIVER_SMTP) {
        receiver->user = copy_if_any(&job->texts[USER]);
        receiver->from = copy_if_any(&job->texts[FROM]);
        receiver->to = copy_if_any(&job->texts[TO]);
        secret_copy(&receiver->password, &job->texts[PASSWORD]);
    } else if (kind == RECEIVER_GRAPH) {
        receiver->to = copy_if_any(&job->texts[GRAPH]);
    }
    receiver->quiet = job->tell == job->told ? job->quiet[kind] : !job->tell;
    return changed || (receiver->set && receiver->quiet != job->quiet[kind]);
}

static void save(NotifyJob *job)
{
    job->ok = true;
    for (int i = 0; job->ok && i < RECEIVER_KINDS; i++) {
        Receiver receiver;
        receiver_init(&receiver);
        if (make(job, (ReceiverKind)i, &receiver)) {
            job->ok = outward_set((ReceiverKind)i, &receiver, &job->error);
        }
        receiver_release(&receiver);
    }
}

static void test(NotifyJob *job, const Cancel *cancel)
{
    Receiver receiver;
    receiver_init(&receiver);
    make(job, job->kind, &receiver);
    job->ok = outward_test(job->kind, &receiver, cancel, &job->error);
    receiver_release(&receiver);
}

static void retire(NotifyJob *job, const Cancel *cancel)
{
    job->ok = heartbeats_retire(job->folder, job->computer, job->actor, cancel, &job->error);
    if (job->ok) {
        look_at_computers(job);
    }
}

static void run_job(void *context, const Cancel *cancel)
{
    NotifyJob *job = context;
    switch (job->work) {
    case NOTIFY_LOADS: load(job); break;
    case NOTIFY_SAVES: save(job); break;
    case NOTIFY_TESTS: test(job, cancel); break;
    case NOTIFY_RETIRES: retire(job, cancel); break;
    }
}

/* --- the dialog ------------------------------------------------------------------------------------------- */

static HWND control(const NotifyDialog *d, int id)
{
    return GetDlgItem(d->hwnd, id);
}

static bool has_computers(const NotifyDialog *d)
{
    return SendMessageW(control(d, IDC_NOTIFY_COMPUTER), CB_GETCOUNT, 0, 0) > 0;
}

static void update(const NotifyDialog *d, bool busy)
{
    for (int i = 0; i < BOXES; i++) {
        EnableWindow(control(d, boxes[i]), !busy);
    }
    for (int i = 0; i < RECEIVER_KINDS; i++) {
        EnableWindow(control(d, tests[i]), !busy);
    }
    EnableWindow(control(d, IDC_NOTIFY_TELL), !busy);
    EnableWindow(control(d, IDC_NOTIFY_COMPUTER), !busy && has_computers(d));
    EnableWindow(control(d, IDC_NOTIFY_RETIRE), !busy && has_computers(d));
    EnableWindow(control(d, IDC_NOTIFY_SAVE), !busy);
}

/* The others that are not retired. */
static void fill_computers(const NotifyDialog *d)
{
    const SeenComputers *seen = &d->job.seen;
    HWND list = control(d, IDC_NOTIFY_COMPUTER);
    SendMessageW(list, CB_RESETCONTENT, 0, 0);
    for (size_t i = 0; i < seen->count; i++) {
        const SeenComputer *computer = &seen->computers[i];
        if (!computer->retired && utf8_casecmp(computer->computer, d->job.own) != 0) {
            wchar_t *name = wide_from_utf8(computer->computer);
            SendMessageW(list, CB_ADDSTRING, 0, (LPARAM)name);
            mem_free(name);
        }
    }
    SendMessageW(list, CB_SETCURSEL, 0, 0);
}

static void start(NotifyDialog *d, NotifyWork work)
{
    d->job.work = work;
    error_clear(&d->job.error);
    if (work == NOTIFY_SAVES || work == NOTIFY_TESTS) {
        for (int i = 0; i < BOXES; i++) {
            secret_release(&d->job.texts[i]);
            ui_get_secret(control(d, boxes[i]), &d->job.texts[i]);
        }
        d->job.tell = IsDlgButtonChecked(d->hwnd, IDC_NOTIFY_TELL) == BST_CHECKED;
    }
    d->worker = worker_start(d->hwnd, run_job, &d->job);
    update(d, true);
}

static void on_test(NotifyDialog *d, ReceiverKind kind)
{
    if (d->worker == NULL) {
        d->job.kind = kind;
        ui_set_text(control(d, IDC_NOTIFY_NOTE), TEXT_NOTIFY_TESTING);
        start(d, NOTIFY_TESTS);
    }
}

static void on_retire(NotifyDialog *d)
{
    if (d->worker == NULL && has_computers(d)) {
        wchar_t *name = ui_get_wide(control(d, IDC_NOTIFY_COMPUTER));
        mem_free(d->job.computer);
        d->job.computer = utf8_from_wide(name);
        mem_free(name);
        start(d, NOTIFY_RETIRES);
    }
}

static void on_retired(NotifyDialog *d)
{
    if (d->job.ok) {
        char *text = mem_printf(TEXT_NOTIFY_RETIRED, d->job.computer);
        ui_set_text(control(d, IDC_NOTIFY_NOTE), text);
        mem_free(text);
        fill_computers(d);
    } else {
        ui_set_problem(control(d, IDC_NOTIFY_NOTE), &d->job.error);
    }
    update(d, false);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, has_computers(d) ? IDC_NOTIFY_COMPUTER : IDCANCEL), TRUE);
}

static void on_loaded(NotifyDialog *d)
{
    for (int i = 0; i < BOXES; i++) {
        ui_set_text(control(d, boxes[i]), text_of(&d->job.shown[i]));
    }
    CheckDlgButton(d->hwnd, IDC_NOTIFY_TELL, d->job.told ? BST_CHECKED : BST_UNCHECKED);
    char *problem = d->job.problem != NULL ? mem_printf(TEXT_NOTIFY_PROBLEM, d->job.problem) : NULL;
    ui_set_text(control(d, IDC_NOTIFY_NOTE), problem != NULL ? problem : TEXT_NOTIFY_NOTE);
    mem_free(problem);
    fill_computers(d);
    update(d, false);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, IDC_NOTIFY_PING), TRUE);
}

static void on_tested(NotifyDialog *d)
{
    if (d->job.ok) {
        char *text = mem_printf(TEXT_NOTIFY_TAKEN, receiver_title(d->job.kind));
        ui_set_text(control(d, IDC_NOTIFY_NOTE), text);
        mem_free(text);
    } else {
        ui_set_problem(control(d, IDC_NOTIFY_NOTE), &d->job.error);
    }
    update(d, false);
    SendMessageW(d->hwnd, WM_NEXTDLGCTL, (WPARAM)control(d, tests[d->job.kind]), TRUE);
}

static void on_worker(NotifyDialog *d)
{
    worker_end(d->worker);
    d->worker = NULL;
    if (d->leaving) {
        EndDialog(d->hwnd, 0);
    } else if (d->job.work == NOTIFY_TESTS) {
        on_tested(d);
    } else if (d->job.work == NOTIFY_RETIRES) {
        on_retired(d);
    } else if (!d->job.ok) {
        message_box_error(d->hwnd, &d->job.error);
        if (d->job.work == NOTIFY_LOADS) {
            EndDialog(d->hwnd, 0);
        } else {
            update(d, false);
        }
    } else if (d->job.work == NOTIFY_SAVES) {
        EndDialog(d->hwnd, 0);
    } else {
        on_loaded(d);
    }
}

static void on_init(NotifyDialog *d, HWND hwnd)
{
    d->hwnd = hwnd;
    for (int i = 0; i < BOXES; i++) {
        SendMessageW(control(d, boxes[i]), EM_LIMITTEXT, BOX_LIMIT, 0);
    }
    start(d, NOTIFY_LOADS);
    dialog_begin(hwnd);
}

static bool on_command(NotifyDialog *d, int id)
{
    for (int i = 0; i < RECEIVER_KINDS; i++) {
        if (id == tests[i]) {
            on_test(d, (ReceiverKind)i);
            return true;
        }
    }
    if (id == IDC_NOTIFY_RETIRE) {
        on_retire(d);
    } else if (id == IDC_NOTIFY_SAVE && d->worker == NULL) {
        start(d, NOTIFY_SAVES);
    } else if (id == IDCANCEL) {
        d->leaving = true;
        if (d->worker == NULL) {
            EndDialog(d->hwnd, 0);
        } else {
            worker_cancel(d->worker);
        }
    } else {
        return id == IDC_NOTIFY_SAVE;
    }
    return true;
}

static INT_PTR CALLBACK dialog_proc(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_INITDIALOG) {
        SetWindowLongPtrW(hwnd, DWLP_USER, lparam);
        on_init((NotifyDialog *)lparam, hwnd);
        return TRUE;
    }
    NotifyDialog *d = (NotifyDialog *)GetWindowLongPtrW(hwnd, DWLP_USER);
    if (d == NULL) {
        return FALSE;
    }
    if (message == WM_APP_WORKER) {
        on_worker(d);
        return TRUE;
    }
    return message == WM_COMMAND && on_command(d, LOWORD(wparam));
}

void notify_dialog_run(HWND owner, const char *folder, const char *actor)
{
    NotifyDialog d = {.job = {.folder = folder, .actor = actor}};
    seen_init(&d.job.seen);
    DialogBoxParamW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDD_NOTIFY), owner, dialog_proc, (LPARAM)&d);
    for (int i = 0; i < BOXES; i++) {
        secret_release(&d.job.shown[i]);
        secret_release(&d.job.texts[i]);
    }
    seen_release(&d.job.seen);
    mem_free(d.job.own);
    mem_free(d.job.computer);
    mem_free(d.job.problem);
    error_clear(&d.job.error);
}
