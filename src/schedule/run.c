/*
 * run.c: one slot.
 *
 * The lock is held over the tries and the waits between them, so that a second program says "another is at work" and
 * does not queue up behind. A computer that sees the same files through a sync client holds a lock of its own: there
 * the database's advisory lock keeps two backups apart, which comes back as EK_BUSY, is waited for, and then the ledger
 * that the client has brought may say that the slot is done. Is it late, one backup too many is made.
 */
#include "schedule/run.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/power.h"
#include "postgres/pg.h"
#include "schedule/waiting.h"
#include "store/auditlog.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/source.h"

#define REACH_SECONDS 600u  /* that the server is awaited at most */
#define REACH_PAUSE 15u
#define COPY_PAUSE 3600 /* until a copy that waits is tried again */
#define LEAST_STAY 60
#define STAY_LOCK_FILE "schedule-waits.lock"

static const unsigned pauses[] = {60, 300, 900}; /* seconds between the tries */
#define PAUSE_COUNT (sizeof pauses / sizeof pauses[0])

typedef struct Run {
    const ScheduledWorld *world;
    const ScheduledSpec *spec;
    const JobSink *sink;
    const Cancel *cancel;
    Opening opening;
    DuePlan plan;
    Ledger ledger;
    DueLook look;
    WaitingLook wait;
    char *doubt;    /* owned: why the ledger cannot be relied on, or NULL */
    bool forgot;    /* all that the ledger had was of a clock that was wrong: to be saved as it is now */
    bool overtaken; /* while the slot was tried, a newer one came */
    bool began;     /* receivers elsewhere know of a slot, and wait for how it ends */
    char *when;     /* owned: that slot, in words; NULL: none was run */
    Error tried;    /* why the last try of it failed, where that was left at it */
    ScheduledResult *result;
} Run;

void scheduled_result_init(ScheduledResult *result)
{
    *result = (ScheduledResult){.outcome = SCHEDULED_NOTHING};
    backup_result_init(&result->backup);
    offsite_after_init(&result->offsite);
    recheck_result_init(&result->checks);
}

void scheduled_result_release(ScheduledResult *result)
{
    mem_free(result->waits);
    mem_free(result->missed_text);
    backup_result_release(&result->backup);
    offsite_after_release(&result->offsite);
    recheck_result_release(&result->checks);
    scheduled_result_init(result);
}

int scheduled_code(const ScheduledResult *result)
{
    return result->checks.damaged_count > 0 ? error_exit_code(EK_DAMAGED) : 0;
}

static int64_t now_of(const Run *run)
{
    return run->world->now(run->world->context);
}

static char *slot_text(const Run *run, int64_t slot)
{
    return due_slot_text(run->world->zone, slot, now_of(run));
}

/* What the log cannot take is told where somebody may see it. */
static void log_as(const Run *run, const char *status, const char *message)
{
    Error err = ERROR_INIT;
    const AuditEntry entry = {.operation = "schedule", .status = status, .message = message, .seconds = -1,
                              .actor = job_actor(run->sink)};
    if (!auditlog_append(run->opening.folder, &entry, &err)) {
        job_log(run->sink, LOG_WARNING, "The log could not be written: %s", err.message);
        error_clear(&err);
    }
}

static void log_schedule(const Run *run, const char *message)
{
    log_as(run, "failed", message);
}

/* A slot that waits, or has waited: no failure, and no success either. */
static void log_waits(const Run *run, const char *message)
{
    job_log(run->sink, LOG_WARNING, "%s", message);
    log_as(run, "started", message);
}

/* Of the database, and whole: without a ledger that is what says that a slot was run. */
static bool made_since(const Run *run, int64_t slot)
{
    const int64_t now = now_of(run);
    bool made = false;
    Catalog catalog;
    Source source;
    catalog_init(&catalog);
    source_init(&source);
    source_of_connection(&run->opening.connection, &source);
    if (run->opening.configured && catalog_load(run->opening.folder, now, &catalog, NULL)) {
        for (size_t i = 0; i < catalog.count; i++) {
            const CatalogEntry *entry = &catalog.entries[i];
            made = made || (source_answers(&entry->from, &source) && entry->level > LEVEL_NONE &&
                            entry->level != LEVEL_BAD && !entry->contents && entry->created >= slot &&
                            entry->created <= now + DUE_FUTURE);
        }
    }
    source_release(&source);
    catalog_release(&catalog);
    return made;
}

/* A ledger that cannot be read or written does not keep a backup from being made (P8). Each start would make another,
 * if the folder did not say that there is one. */
static void look_without_ledger(Run *run)
{
    if (run->doubt && run->look.slot && !run->look.done && made_since(run, run->look.slot)) {
        run->look.done = true;
        run->look.due = false;
    }
}

/* Takes the error. */
static void doubt(Run *run, Error *why)
{
    if (!run->doubt) {
        run->doubt = error_text(why);
        job_log(run->sink, LOG_WARNING, "%s", run->doubt);
    }
    error_clear(why);
}

/* Reads the ledger as it is now; where it cannot be read, what was read before counts. */
static void look(Run *run)
{
    Error why = ERROR_INIT;
    if (!ledger_load(run->opening.folder, true, &run->ledger, &why)) {
        doubt(run, &why);
    } else if (run->ledger.notice) {
        job_log(run->sink, LOG_WARNING, "%s", run->ledger.notice);
    }
    const int64_t now = now_of(run);
    const size_t wrong = ledger_drop_after(&run->ledger, now + DUE_FUTURE) + ledger_drop_ahead(&run->ledger, now);
    if (wrong > 0) {
        job_log(run->sink, LOG_WARNING,
                "%zu slot(s) of the schedule's ledger are dated in the future and do not count: this computer's clock "
                "was or is wrong", wrong);
    }
    due_forget_since(&run->ledger, now);
    /* They may have pushed out all that a right clock had noted: it begins anew with the slot that is due now. */
    run->forgot = wrong > 0 && run->ledger.count == 0 && run->ledger.since == 0;
    if (run->forgot) {
        run->ledger.since = due_before(&run->plan, run->world->zone, now) - 1;
    }
    due_look(&run->plan, run->world->zone, &run->ledger, now, &run->look);
    look_without_ledger(run);
    run->result->slot = run->look.slot;
    run->result->next = due_again(&run->look, now);
}

/* Of a slot that waited until the next one came, what for. */
static void note_waited(Run *run)
{
    const LedgerSlot *entry = ledger_find(&run->ledger, run->ledger.waits_slot);
    if (entry && entry->state == SLOT_MISSED && !entry->text && run->ledger.waits_why) {
        LedgerSlot told = *entry;
        told.text = mem_printf("it waited: %s", run->ledger.waits_why);
        ledger_note(&run->ledger, &told); /* frees what `entry` has */
        mem_free(told.text);
    }
}

/* Also saves what a look has dropped; and shows before a slot is run whether what becomes of it can be kept. */
static void note_missed(Run *run)
{
    Error why = ERROR_INIT;
    const size_t count = run->look.missed_count;
    char *text = due_missed_text(&run->look, run->world->zone, now_of(run));
    run->result->missed += count;
    if (count > 0) {
        due_note_missed(&run->look, now_of(run), &run->ledger);
        note_waited(run);
        run->look.entry = ledger_find(&run->ledger, run->look.slot);
    }
    if (!run->doubt && (count > 0 || run->forgot || (run->look.due && ledger_begun(&run->ledger))) &&
        !ledger_save(run->opening.folder, &run->ledger, &why)) {
        doubt(run, &why);
        look_without_ledger(run);
    }
    if (text) {
        job_log(run->sink, LOG_WARNING, "%s", text);
        if (!run->doubt) { /* else the next run says it again */
            log_schedule(run, text);
        }
        mem_free(run->result->missed_text);
        run->result->missed_text = text;
    }
}

static bool may_pass(const Error *err)
{
    return err->kind == EK_CONNECT || err->kind == EK_BUSY || err->kind == EK_IO;
}

static bool stopped(Error *err)
{
    return error_set(err, EK_CANCELLED, "cancelled");
}

/* What keeps the server from being reached for another reason than the network is the backup's to say. */
static bool await_server(Run *run, Error *err)
{
    const ScheduledWorld *world = run->world;
    for (unsigned waited = 0; !run->spec->once && waited < REACH_SECONDS; waited += REACH_PAUSE) {
        Error why = ERROR_INIT;
        const bool reached = world->reach(world->context, &run->opening.connection, run->cancel, &why);
        const bool again = !reached && why.kind == EK_CONNECT;
        if (again && waited == 0) {
            job_log(run->sink, LOG_INFO, "Waiting for the server, at most %u minutes: %s", REACH_SECONDS / 60,
                    why.message);
        }
        error_clear(&why);
        if (cancel_requested(run->cancel) || (again && world->wait(world->context, REACH_PAUSE, run->cancel))) {
            return stopped(err);
        }
        if (!again) {
            break;
        }
    }
    return true;
}

static bool run_backup(Run *run, Error *err)
{
    const BackupSpec spec = {.connection = run->opening.connection, .folder = run->opening.folder};
    return await_server(run, err) &&
           run->world->backup(run->world->context, &spec, run->sink, run->cancel, &run->result->backup, err);
}

/* The tries. False with the last one's error. */
static bool run_slot(Run *run, int64_t slot, Error *err)
{
    if (!run->opening.configured) { /* a backup by hand would try this computer; here nobody would notice */
        error_set(err, EK_SETTINGS, "no database is connected");
        return error_hint(err, "Connect it in the window.");
    }
    for (size_t i = 0;; i++) {
        Error why = ERROR_INIT;
        if (run_backup(run, &why)) {
            run->result->outcome = SCHEDULED_DONE;
            return true;
        }
        if (!may_pass(&why) || i == PAUSE_COUNT || run->spec->once) {
            return error_move(err, &why);
        }
        char *text = error_text(&why);
        job_log(run->sink, LOG_WARNING, "The scheduled backup failed and is tried again in %u minute%s: %s",
                pauses[i] / 60, pauses[i] == 60 ? "" : "s", text);
        mem_free(text);
        if (run->world->wait(run->world->context, pauses[i], run->cancel)) {
            error_clear(&why);
            return stopped(err);
        }
        look(run);
        if (!run->look.done && run->look.slot > slot) {
            run->overtaken = true;
            return error_move(err, &why);
        }
        if (run->look.done || run->look.slot != slot) { /* the latter: the clock was set back */
            run->result->outcome = run->look.done ? SCHEDULED_BY_OTHERS : SCHEDULED_NOTHING;
            error_move(&run->tried, &why);
            return true;
        }
        error_clear(&why);
    }
}

/* The server has said whether this computer's clock is right. */
static void note_clock(Run *run, int64_t began)
{
    const Manifest *made = &run->result->backup.manifest;
    const size_t early = made->server_time > 0 ? due_note_clock(&run->ledger, began, made->started - made->server_time)
                                               : 0;
    if (early > 0) {
        char *text = mem_printf("%zu slot(s) of the schedule count as missed: their backup was made days before, while "
                                "this computer's clock was ahead", early);
        job_log(run->sink, LOG_WARNING, "%s", text);
        log_schedule(run, text);
        mem_free(text);
    }
}

/* What became of it, over what the ledger says now. A ledger that cannot be written does not undo a backup; one that
 * cannot be read is not overwritten. */
static void record(Run *run, int64_t slot, int64_t began, int attempts, SlotState state, const char *text)
{
    Error err = ERROR_INIT;
    char *computer = machine_host_name();
    const LedgerSlot entry = {slot, state, began, attempts, computer, (char *)text};
    const bool known = !run->doubt || ledger_load(run->opening.folder, true, &run->ledger, &err);
    if (state == SLOT_DONE) {
        note_clock(run, began);
    }
    ledger_note(&run->ledger, &entry);
    if (state == SLOT_DONE) { /* one that failed has waited, and does not begin to anew */
        ledger_note_wait(&run->ledger, 0, 0, 0, NULL);
    }
    if (!known || !ledger_save(run->opening.folder, &run->ledger, &err)) {
        char *why = error_text(&err);
        job_log(run->sink, LOG_WARNING, "What became of the scheduled backup could not be kept: %s", why);
        mem_free(why);
        error_clear(&err);
    }
    mem_free(computer);
}

/* --- what is told elsewhere ------------------------------------------------------------------------------- */

/* Takes the text. `why`: of a failure, which is another one where that is, and not where the slot is; or NULL. */
static void announce(Run *run, OutwardWhat what, char *text, const Error *why)
{
    char *cause = why ? mem_printf("%d: %s", (int)why->kind, why->message) : NULL;
    const OutwardSpec spec = {.what = what,
                              .text = text,
                              .cause = cause,
                              .folder = run->opening.folder,
                              .settings = run->opening.folder ? &run->opening.settings : NULL,
                              .connection = run->opening.configured ? &run->opening.connection : NULL,
                              .since = run->ledger.since};
    run->world->outward(run->world->context, &spec, run->sink, run->cancel);
    mem_free(cause);
    mem_free(text);
}

static void tell_begin(Run *run, const char *when)
{
    mem_free(run->when);
    run->when = mem_strdup(when);
    run->began = true;
    announce(run, OUTWARD_BEGAN, mem_printf("The scheduled backup of %s begins", when), NULL);
}

/* What a server or a tool said of a failure stays here. */
static char *failure_text(const Run *run, const Error *why)
{
    return mem_printf("The scheduled backup of %s failed: %s%s%s", run->when, why->message, why->hint ? ". " : "",
                      why->hint ? why->hint : "");
}

/* Whoever knows of the slot waits for its end; what is no backup is told as none. */
static void tell_slot(Run *run)
{
    const ScheduledResult *result = run->result;
    const char *path = result->backup.path;
    const bool good = level_is_good(result->backup.manifest.level);
    switch (result->outcome) {
    case SCHEDULED_DONE:
        announce(run, good ? OUTWARD_DONE : OUTWARD_UNVERIFIED,
                 mem_printf("The scheduled backup of %s was made%s: %s", run->when,
                            good ? " and verified" : ", and is not verified", path ? fs_base_name(path) : "?"), NULL);
        break;
    case SCHEDULED_BY_OTHERS:
        announce(run, OUTWARD_DONE, mem_printf("Another computer has made the scheduled backup of %s", run->when),
                 NULL);
        break;
    case SCHEDULED_WAITS: /* the newer one, by which it was overtaken */
        announce(run, OUTWARD_FAILED, mem_printf("The scheduled backup of %s failed. %s", run->when, result->waits),
                 &run->tried);
        break;
    case SCHEDULED_NOTHING: /* the clock was set back between two tries */
        announce(run, OUTWARD_FAILED, failure_text(run, &run->tried), &run->tried);
        break;
    }
}

static void tell_end(Run *run, bool ok, const Error *why)
{
    if (cancel_requested(run->cancel) || (!ok && why->kind == EK_CANCELLED)) {
        return;
    }
    if (!ok && run->when) {
        announce(run, OUTWARD_FAILED, failure_text(run, why), why);
    } else if (run->began) {
        tell_slot(run);
    } else {
        announce(run, OUTWARD_NOTHING, NULL, NULL);
    }
}

/* The folder is gone, or its lock cannot be made: nobody else will say so. Whether a slot is due is not known. */
static void tell_unseen(Run *run, const Error *why)
{
    if (!cancel_requested(run->cancel) && why->kind != EK_CANCELLED && why->kind != EK_BUSY) {
        announce(run, OUTWARD_UNSEEN,
                 mem_printf("Whether a scheduled backup is due could not be looked at: %s%s%s", why->message,
                            why->hint ? ". " : "", why->hint ? why->hint : ""), why);
    }
}

/* --- one slot --------------------------------------------------------------------------------------------- */

static bool run_due(Run *run, Error *err)
{
    const int64_t slot = run->look.slot, began = now_of(run);
    const int attempts = run->look.entry && run->look.entry->state == SLOT_FAILED ? run->look.entry->attempts + 1 : 1;
    Error why = ERROR_INIT;
    char *when = slot_text(run, slot);
    job_log(run->sink, LOG_INFO, "The scheduled backup of %s is due.", when);
    if (run->doubt) {
        log_schedule(run, run->doubt);
    }
    tell_begin(run, when);
    const bool ok = run_slot(run, slot, &why);
    if (ok && run->result->outcome == SCHEDULED_DONE) {
        const char *path = run->result->backup.path;
        record(run, slot, began, attempts, SLOT_DONE, path ? fs_base_name(path) : NULL);
    } else if (!ok && why.kind != EK_CANCELLED) {
        char *text = error_text(&why);
        char *message = mem_printf("The scheduled backup of %s failed: %s", when, text);
        record(run, slot, began, attempts, SLOT_FAILED, text);
        log_schedule(run, message);
        if (run->overtaken) { /* else the caller tells it */
            job_log(run->sink, LOG_WARNING, "%s", message);
            error_set(&run->tried, why.kind, "%s", why.message);
        }
        run->result->next = began + due_patience(attempts);
        mem_free(message);
        mem_free(text);
    }
    mem_free(when);
    return ok || error_move(err, &why);
}

/* --- waiting --------------------------------------------------------------------------------------------- */

static void ask(const Run *run, int64_t since, WaitingLook *wait)
{
    Conditions conditions;
    const WaitingRules rules = waiting_rules(&run->opening.settings);
    /* Where it does not matter the network is not asked: that may take long, and the ledger is locked. */
    run->world->conditions(run->world->context, !rules.on_metered, &conditions);
    waiting_look(&rules, &conditions, run->world->zone, since, now_of(run), wait);
}

/* 0: none has waited since one was done, whoever did it. */
static int64_t waits_since(const Ledger *ledger)
{
    int64_t since = ledger->waits_since;
    for (size_t i = 0; i < ledger->count; i++) {
        since = ledger->slots[i].state == SLOT_DONE && ledger->slots[i].began >= since ? 0 : since;
    }
    return since;
}

/* Where that cannot be kept nobody would know for how long it has waited. */
static bool keep_wait(Run *run)
{
    Error why = ERROR_INIT;
    const WaitingLook *wait = &run->wait;
    const bool told = ledger_waits(&run->ledger, run->look.slot) != NULL;
    ledger_note_wait(&run->ledger, run->look.slot, wait->since, wait->again, wait->why);
    if (run->ledger.since == 0 && run->ledger.count == 0) { /* it begins, or was lost: this slot is its first */
        run->ledger.since = run->look.slot - 1;
    }
    if (!ledger_save(run->opening.folder, &run->ledger, &why)) {
        doubt(run, &why);
        return false;
    }
    if (!told) {
        log_waits(run, run->result->waits);
    }
    return true;
}

/* Whether the slot that is due waits; and says so. */
static bool waits(Run *run)
{
    ScheduledResult *result = run->result;
    waiting_look_release(&run->wait);
    if (run->doubt) {
        return false;
    }
    ask(run, waits_since(&run->ledger), &run->wait);
    char *when = slot_text(run, run->look.slot);
    char *latest = run->wait.waits ? slot_text(run, run->wait.latest) : NULL;
    if (run->wait.waits) {
        mem_free(result->waits);
        result->waits = mem_printf("The scheduled backup of %s waits: %s; it is made %s at the latest", when,
                                   run->wait.why, latest);
    } else if (run->wait.why) {
        char *text = mem_printf("The scheduled backup of %s has waited long enough and is made all the same: %s", when,
                                run->wait.why);
        log_waits(run, text);
        mem_free(text);
    }
    run->wait.waits = run->wait.waits && keep_wait(run);
    if (run->wait.waits) {
        result->outcome = SCHEDULED_WAITS;
        result->next = result->next == 0 || result->next > run->wait.again ? run->wait.again : result->next;
    }
    mem_free(latest);
    mem_free(when);
    return run->wait.waits;
}

/* Since when the first copy waits; 0: none does, or that is not known. */
static int64_t copies_since(const Run *run)
{
    Copies copies;
    int64_t since = 0;
    copies_init(&copies);
    copies_load(run->opening.folder, &copies, NULL);
    for (size_t i = 0; i < copies.count; i++) {
        const Copy *copy = &copies.items[i];
        char *path = fs_join(run->opening.folder, copy->file); /* what was removed since waits for nothing */
        if (copy->state == COPY_WAITING && fs_exists(path) && (since == 0 || copy->when < since)) {
            since = copy->when;
        }
        mem_free(path);
    }
    copies_release(&copies);
    return since;
}

/* What speaks against a slot speaks against copies, which go for each run also where nothing is due; for as long as
 * against a slot. */
static bool copies_wait(Run *run)
{
    if (run->wait.waits) {
        return true;
    }
    if (!run->opening.settings.upload_after_backup || run->result->outcome == SCHEDULED_DONE) {
        return false; /* what has waited long enough for its backup is not to wait for its copy */
    }
    ask(run, copies_since(run), &run->wait);
    if (run->wait.waits && (run->result->next == 0 || run->result->next > run->wait.again)) {
        run->result->next = run->wait.again;
    }
    return run->wait.waits;
}

/* The newest slot; and where it was overtaken while it was tried, the newer one too, whose own start found this run at
 * work. What is said of the run is said of the last. */
static bool run_slots(Run *run, Error *err)
{
    Error why = ERROR_INIT;
    bool ok = true;
    do {
        run->overtaken = false;
        look(run);
        note_missed(run);
        if (run->look.due) {
            error_clear(&why);
            ok = waits(run) || run_due(run, &why);
        }
    } while (run->overtaken);
    return ok || error_move(err, &why);
}

/* Behind the lock: an upload may take hours, and the next slot is not to wait for it. */
static void copy_off_site(Run *run)
{
    ScheduledResult *result = run->result;
    const OffsiteAfterSpec spec = {.folder = run->opening.folder,
                                   .made = result->outcome == SCHEDULED_DONE ? result->backup.path : NULL,
                                   .patient = !run->spec->once};
    if (cancel_requested(run->cancel) || run->look.paused != 0 || copies_wait(run)) {
        return; /* what was made waits: it has no copy; and a pause is for a slow line as well */
    }
    run->world->offsite(run->world->context, &spec, run->sink, run->cancel, &result->offsite);
    const int64_t again = now_of(run) + COPY_PAUSE;
    if (result->offsite.waiting > 0 && (result->next == 0 || result->next > again)) {
        result->next = again;
    }
}

/* Last, because it may take hours, and behind the lock as well. What speaks against a slot speaks against it too. */
static void check_older(Run *run)
{
    if (run->spec->checks && !cancel_requested(run->cancel) && run->result->outcome != SCHEDULED_WAITS) {
        run->world->checks(run->world->context, &run->opening, run->sink, run->cancel, &run->result->checks);
        if (run->result->checks.damaged_count > 0) { /* it stands from now on */
            announce(run, OUTWARD_NOTHING, NULL, NULL);
        }
    }
}

static OpeningSpec opening_of(const ScheduledSpec *spec)
{
    return (OpeningSpec){.use = OPENING_WRITES,
                         .folder = spec->folder,
                         .settings = true,
                         .environment = spec->environment,
                         .switches = spec->switches,
                         .chosen = spec->chosen};
}

bool scheduled_run_in(const ScheduledWorld *world, const ScheduledSpec *spec, const JobSink *sink,
                      const Cancel *cancel, ScheduledResult *result, Error *err)
{
    const OpeningSpec opening = opening_of(spec);
    Run run = {.world = world, .spec = spec, .sink = sink, .cancel = cancel, .result = result};
    FsLock *lock = NULL;
    opening_init(&run.opening);
    ledger_init(&run.ledger);
    scheduled_result_release(result);
    Error why = ERROR_INIT;
    bool ok = opening_open(&opening, sink, &run.opening, &why) && ledger_lock_wait(run.opening.folder, &lock, &why);
    if (ok) {
        run.plan = due_plan(&run.opening.settings);
        ok = run_slots(&run, &why);
        fs_unlock(lock);
        tell_end(&run, ok, &why);
        copy_off_site(&run);
        check_older(&run);
    } else {
        tell_unseen(&run, &why);
    }
    ledger_release(&run.ledger);
    opening_release(&run.opening);
    waiting_look_release(&run.wait);
    error_clear(&run.tried);
    mem_free(run.when);
    mem_free(run.doubt);
    return ok || error_move(err, &why);
}

/* --- staying --------------------------------------------------------------------------------------------- */

/* Each sign-in and each unlock starts another: one of them is enough. */
static bool lock_stay(FsLock **lock)
{
    char *data = machine_local_data_dir(), *path = data ? fs_join(data, STAY_LOCK_FILE) : NULL;
    const bool ok = *lock != NULL || (path && fs_lock(path, lock, NULL));
    mem_free(path);
    mem_free(data);
    return ok;
}

/* Of an earlier look, which it takes: it counts where the newest has found none. */
static void keep_missed(char *missed, ScheduledResult *result)
{
    if (result->missed_text == NULL) {
        result->missed_text = missed;
    } else {
        mem_free(missed);
    }
}

bool scheduled_stay_in(const ScheduledWorld *world, const ScheduledSpec *spec, const char *reason, const JobSink *sink,
                       const Cancel *cancel, ScheduledResult *result, Error *err)
{
    const int64_t began = world->now(world->context);
    FsLock *lock = NULL;
    bool ok = true, stays = true;
    scheduled_result_release(result);
    while (ok && stays) {
        Power *power = power_hold(reason);
        char *missed = result->missed_text; /* the ledger has it: no later look finds it again */
        result->missed_text = NULL;
        ok = scheduled_run_in(world, spec, sink, cancel, result, err);
        keep_missed(missed, result);
        power_release(power);
        const int64_t now = world->now(world->context), again = result->next > now ? result->next - now : LEAST_STAY;
        /* A clock that was set meanwhile ends it as well. */
        stays = ok && result->outcome == SCHEDULED_WAITS && now >= began && now - began + again <= SCHEDULED_STAY &&
                lock_stay(&lock) && !world->wait(world->context, (unsigned)again, cancel);
    }
    fs_unlock(lock);
    return ok;
}

/* --- the world ------------------------------------------------------------------------------------------- */

static int64_t world_now(void *context)
{
    (void)context;
    return clock_now();
}

static bool world_wait(void *context, unsigned seconds, const Cancel *cancel)
{
    (void)context;
    return cancel_wait(cancel, seconds * 1000);
}

static bool world_reach(void *context, const Connection *connection, const Cancel *cancel, Error *err)
{
    (void)context;
    Connection resolved;
    Pg *pg = NULL;
    connection_init(&resolved);
    connection_copy(&resolved, connection);
    const bool ok = connection_resolve(&resolved, err) && pg_connect(&resolved, cancel, &pg, err);
    pg_close(pg);
    connection_release(&resolved);
    return ok;
}

static bool world_backup(void *context, const BackupSpec *spec, const JobSink *sink, const Cancel *cancel,
                         BackupResult *result, Error *err)
{
    (void)context;
    return backup_run(spec, sink, cancel, result, err);
}

static void world_offsite(void *context, const OffsiteAfterSpec *spec, const JobSink *sink, const Cancel *cancel,
                          OffsiteAfter *after)
{
    (void)context;
    offsite_after(spec, sink, cancel, after);
}

static void world_outward(void *context, const OutwardSpec *spec, const JobSink *sink, const Cancel *cancel)
{
    (void)context;
    outward_tell(spec, sink, cancel);
}

static void world_conditions(void *context, bool network, Conditions *conditions)
{
    (void)context;
    conditions_look(conditions, network);
}

static void world_checks(void *context, const Opening *opening, const JobSink *sink, const Cancel *cancel,
                         RecheckResult *result)
{
    (void)context;
    recheck_run(opening, sink, cancel, result);
}

bool scheduled_checks(const ScheduledSpec *spec, const JobSink *sink, const Cancel *cancel, RecheckResult *result,
                      Error *err)
{
    const OpeningSpec how = opening_of(spec);
    Opening opening;
    opening_init(&opening);
    const bool ok = opening_open(&how, sink, &opening, err);
    if (ok) {
        recheck_run(&opening, sink, cancel, result);
    }
    opening_release(&opening);
    return ok;
}

static const ScheduledWorld real = {world_now,     world_wait,       world_reach,  world_backup, world_offsite,
                                    world_outward, world_conditions, world_checks, &due_here,    NULL};

bool scheduled_stay(const ScheduledSpec *spec, const char *reason, const JobSink *sink, const Cancel *cancel,
                    ScheduledResult *result, Error *err)
{
    return scheduled_stay_in(&real, spec, reason, sink, cancel, result, err);
}

bool scheduled_run(const ScheduledSpec *spec, const JobSink *sink, const Cancel *cancel, ScheduledResult *result,
                   Error *err)
{
    return scheduled_run_in(&real, spec, sink, cancel, result, err);
}
