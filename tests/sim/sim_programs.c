/*
 * sim_programs.c: the programs that run on the PCs: the scheduled run, as the task and as the window start it, and what
 * people do in the window. Each is the core's own function, called as cli and ui call it. Now and then one is killed at
 * some call, one of its calls fails, or somebody else acts while it runs.
 */
#include "sim.h"

#include <stdlib.h>

#include "jobs/backup.h"
#include "jobs/configure.h"
#include "jobs/offsite.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "schedule/pause.h"
#include "schedule/recheck_run.h"
#include "schedule/run.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/retention.h"

PLAY(offsite_upload)
PLAY(recheck_run)

#define KILLED_ONE_IN 24
#define FAULT_ONE_IN 50
#define MEANWHILE_ONE_IN 10
#define OFTEN 3600 /* seconds: a window that could not look tries again */

typedef enum End { KILLED, FAULTED, ENDED } End;

/* --- a program ---------------------------------------------------------------------------------------------- */

/* A function of its own: nothing in it changes after setjmp. */
static bool guarded(Program *program, void (*body)(void *argument), void *argument)
{
    if (setjmp(program->jump) != 0) {
        return false;
    }
    body(argument);
    return true;
}

static void draw_strikes(Program *program)
{
    const long most = sim.usual_calls + sim.usual_calls / 8 + 20;
    if (sim.calm) {
        return;
    }
    if (sim_chance(KILLED_ONE_IN)) {
        program->kill_at = (long)sim_between(1, most);
    } else if (sim_chance(FAULT_ONE_IN)) {
        program->fail_at = (long)sim_between(1, most);
    }
    if (!program->outer && sim_chance(MEANWHILE_ONE_IN)) {
        program->meanwhile_at = (long)sim_between(1, most);
    }
}

static void was_killed(Program *program)
{
    sim.kills++;
    sim_say("%s: killed at call %ld", program->what, program->calls);
    sim_disturb();
    sim_fs_release(program);
    sim_server_release(program);
    if (!program->outer && sim_chance(3)) {
        sim_say("it was the power of %s", sim.pcs[program->pc].name);
        sim_fs_power_loss(program->pc);
    }
}

/* What a program that ends by itself leaves to the system to clean up, it has forgotten. (P4) */
static void has_ended(const Program *program)
{
    const size_t held = sim_fs_held(program), sessions = sim_server_held(program);
    if (held + sessions > 0) {
        sim_broken("P4", "%s ends with %zu open file(s) or lock(s) and %zu session(s)", program->what, held, sessions);
    }
}

static End run_program(int pc, const char *what, bool by_hand, Cancel *cancel, void (*body)(void *argument),
                       void *argument)
{
    Program *program = mem_alloc(sizeof *program);
    program->outer = sim.program;
    program->pc = pc;
    program->what = what;
    program->began = sim_now();
    program->by_hand = by_hand;
    program->cancel = cancel;
    draw_strikes(program);
    sim.program = program;
    sim.programs++;
    const bool ended = guarded(program, body, argument);
    if (ended) {
        has_ended(program);
        /* Near the longest lately, so that its last calls are met as well. */
        sim.usual_calls = program->calls > sim.usual_calls ? (sim.usual_calls + program->calls) / 2
                                                           : sim.usual_calls - sim.usual_calls / 64;
    } else {
        was_killed(program);
    }
    sim.program = program->outer;
    const End end = !ended ? KILLED : program->faulted ? FAULTED : ENDED;
    mem_free(program);
    return end;
}

static bool said_lost; /* what became of a slot could not be kept */

static void hear(void *context, LogLevel level, const char *text)
{
    (void)context;
    said_lost = said_lost || strstr(text, "What became of the scheduled backup could not be kept");
    sim_check_secret("a line of a job's log", text, strlen(text));
    if (level == LOG_WARNING || level == LOG_BAD) {
        sim_say("says: %.300s", text);
    }
}

static const JobSink sink = {.log = hear, .actor = "ann"};

/* The error of a program that has ended: told, and judged as far as its kind alone says something. */
static void tell_error(const char *what, Error *err)
{
    if (err->kind == EK_NONE) {
        return;
    }
    char *text = error_text(err);
    sim_check_secret("an error", text, strlen(text));
    sim_say("%s: %s: %.400s", what, error_kind_name(err->kind), text);
    if (err->kind == EK_INTERNAL) {
        sim_broken("core", "%s: %s", what, text);
    }
    mem_free(text);
    error_clear(err);
}

/* --- the schedule ------------------------------------------------------------------------------------------- */

typedef struct SlotRun {
    bool look, run;  /* the window looks first, and runs only what is due */
    bool once;
    bool looked, ran;
    Cancel *cancel;
    Keeper *keeper;
    ScheduledResult result;
    Error err;
    bool ok;
} SlotRun;

static void run_slots(void *argument)
{
    SlotRun *run = argument;
    const ScheduledSpec spec = {.folder = sim.folder, .chosen = &sim.connection, .once = run->once,
                                .checks = !run->once};
    run->ran = true;
    run->ok = scheduled_run(&spec, &sink, run->cancel, &run->result, &run->err);
}

/* As the window: what a listing finds, then the timer's question. */
static void look_and_run(void *argument)
{
    SlotRun *run = argument;
    Settings settings;
    Ledger ledger;
    Keeper found = {0};
    settings_init(&settings);
    ledger_init(&ledger);
    if (settings_load(sim.folder, &settings, &run->err) && ledger_load(sim.folder, false, &ledger, &run->err)) {
        const DuePlan plan = due_plan(&settings);
        char *here = machine_host_name();
        keeper_look(&plan, &due_here, &ledger, here, clock_now(), &found);
        mem_free(here);
        keeper_take(run->keeper, &found);
        run->looked = true;
    }
    ledger_release(&ledger);
    settings_release(&settings);
    if (run->looked && keeper_is_due(run->keeper, clock_now())) {
        run_slots(run);
        keeper_ended(run->keeper, !run->ok && run->err.kind == EK_CANCELLED, run->result.next, clock_now());
    }
}

static void judge(int pc, SlotRun *run, End end, int64_t began, bool alone)
{
    const ErrorKind kind = run->err.kind;
    const ScheduledResult *result = &run->result;
    if (run->ok && result->outcome == SCHEDULED_DONE) {
        sim.backups++;
        sim_say("the slot of %lld is done: %s", (long long)result->slot, fs_base_name(result->backup.path));
        if (alone) {
            sim_check_success(result->backup.path, &result->backup.manifest, began);
        }
        sim_check_slot_done(pc, result->slot, said_lost || !alone);
        if (alone && end == ENDED && !sim.program) { /* else what is unfinished may be the one's that waits meanwhile */
            sim_check_left(pc);
        }
    }
    if (result->slot != 0 && kind != EK_CANCELLED) {
        sim_check_slots(pc, began);
    }
}

static bool run_slot_program(int pc, const char *what, SlotRun *run)
{
    const unsigned long before = sim.programs;
    const int64_t began = sim_now();
    run->cancel = cancel_new();
    run->err = (Error)ERROR_INIT;
    scheduled_result_init(&run->result);
    said_lost = false;
    sim_say("%s: %s", sim.pcs[pc].name, what);
    const End end = run_program(pc, what, false, run->cancel, run->look ? look_and_run : run_slots, run);
    if (end == KILLED) {
        return false; /* its memory is gone with it */
    }
    if (run->ran) {
        judge(pc, run, end, began, sim.programs == before + 1);
    }
    tell_error(what, &run->err);
    scheduled_result_release(&run->result);
    cancel_free(run->cancel);
    return true;
}

void sim_run_slots(int pc, const char *why)
{
    SlotRun run = {.run = true};
    run_slot_program(pc, why, &run);
}

void sim_keep(int pc)
{
    Pc *it = &sim.pcs[pc];
    const int64_t here = sim_now() + it->ahead;
    if (it->look || keeper_is_due(&it->keeper, here)) {
        SlotRun run = {.look = true, .keeper = &it->keeper, .once = sim_chance(4)};
        const bool ended = run_slot_program(pc, "the window", &run);
        if (!ended) {
            it->keeper = (Keeper){0};
        }
        it->look = run.ran || !run.looked || !ended; /* after each job it lists anew */
    }
    const int64_t wait = it->look ? OFTEN : (int64_t)keeper_wait(&it->keeper, sim_now() + it->ahead);
    it->looks_at = sim_now() + wait;
}

/* --- a backup by hand --------------------------------------------------------------------------------------- */

typedef struct HandRun {
    Cancel *cancel;
    BackupResult result;
    Error err;
    bool ok;
} HandRun;

static void run_backup(void *argument)
{
    HandRun *run = argument;
    const BackupSpec spec = {.connection = sim.connection, .folder = sim.folder};
    run->ok = backup_run(&spec, &sink, run->cancel, &run->result, &run->err);
}

void sim_backup_by_hand(int pc)
{
    const unsigned long before = sim.programs;
    const int64_t began = sim_now();
    HandRun run = {.cancel = cancel_new()};
    backup_result_init(&run.result);
    sim_say("%s: a backup by hand", sim.pcs[pc].name);
    const End end = run_program(pc, "a backup by hand", false, run.cancel, run_backup, &run);
    if (end == KILLED) {
        return;
    }
    const bool alone = sim.programs == before + 1;
    if (run.ok) {
        sim.backups++;
        if (alone) {
            sim_check_success(run.result.path, &run.result.manifest, began);
        }
        if (alone && end == ENDED && !sim.program) {
            sim_check_left(pc);
        }
    } else if (sim.calm) {
        sim_broken("P4", "all is well, but a backup fails: %s", run.err.message);
    }
    tell_error("a backup by hand", &run.err);
    backup_result_release(&run.result);
    cancel_free(run.cancel);
}

/* --- what people do in the window ----------------------------------------------------------------------------- */

typedef struct Deed {
    char *name, *path; /* of a backup */
    bool flag;
    int64_t moment;
    const char *const *pairs;
    size_t pair_count;
    Cancel *cancel;
    Error err;
    bool ok;
} Deed;

static void pin(void *argument)
{
    Deed *deed = argument;
    deed->ok = retention_pin(sim.folder, deed->name, deed->flag, "by hand", &sink, &deed->err);
}

static void delete_one(void *argument)
{
    Deed *deed = argument;
    RetentionRead read = {NULL, 0};
    deed->ok = retention_delete(sim.folder, deed->name, false, &read, &sink, deed->cancel, &deed->err);
    retention_read_release(&read);
}

static void verify(void *argument)
{
    Deed *deed = argument;
    VerifyResult result;
    verify_result_init(&result);
    deed->ok = verify_backup(deed->path, deed->flag, &sink, deed->cancel, &result, &deed->err);
    verify_result_release(&result);
}

static void clean_up(void *argument)
{
    Deed *deed = argument;
    FsLock *lock = NULL;
    Settings settings;
    size_t removed = 0;
    settings_init(&settings);
    deed->ok = settings_load(sim.folder, &settings, &deed->err) && folder_lock(sim.folder, &lock, &deed->err);
    if (deed->ok) {
        backup_finish_left(sim.folder, &sink, deed->cancel);
        deed->ok = folder_clean_up(sim.folder, NULL, NULL, &deed->err) &&
                   retention_run(sim.folder, &settings, NULL, clock_now(), &sink, deed->cancel, &removed, &deed->err);
    }
    fs_unlock(lock);
    settings_release(&settings);
}

static void unfreeze(void *argument)
{
    Deed *deed = argument;
    deed->ok = retention_unfreeze(sim.folder, NULL, &sink, &deed->err);
}

static void set_pause(void *argument)
{
    Deed *deed = argument;
    deed->moment = deed->flag ? pause_moment((Pause)sim_between(PAUSE_HOUR, PAUSE_WEEK), &due_here, clock_now()) : 0;
    deed->ok = pause_set(sim.folder, deed->moment, "ann", NULL, &deed->err);
}

static void configure(void *argument)
{
    Deed *deed = argument;
    Settings settings;
    settings_init(&settings);
    deed->ok = configure_set(sim.folder, deed->pairs, deed->pair_count, "ann", &settings, &deed->err);
    settings_release(&settings);
}

/* Of a verification: what it says of a file must be so. (P1, P3) Where the manifest was taken away there is nothing to
 * compare with. */
static void judge_verify(const Deed *deed, ErrorKind kind)
{
    Node *node = sim_find(deed->path);
    char *manifest = mem_printf("%s" FOLDER_MANIFEST_SUFFIX, deed->name);
    const bool known = node && !sim_touched(manifest);
    mem_free(manifest);
    if (!known) {
        return;
    }
    const bool whole = sim_truth(node) != NULL;
    if (deed->ok && !whole) {
        sim_broken("P3", "%s is said to be whole, and is not what pg_dump wrote", deed->name);
    }
    if (!deed->ok && kind == EK_DAMAGED && whole && !sim_touched(deed->name)) {
        sim_broken("P1", "%s is said to be damaged, and is whole", deed->name);
    }
}

static bool do_deed(int pc, const char *what, bool by_hand, Deed *deed, void (*body)(void *argument))
{
    const unsigned long before = sim.programs;
    deed->cancel = cancel_new();
    sim_say("%s: %s%s%s", sim.pcs[pc].name, what, deed->name ? " " : "", deed->name ? deed->name : "");
    const End end = run_program(pc, what, by_hand, deed->cancel, body, deed);
    if (end == KILLED) {
        deed->ok = false;
        return false;
    }
    if (body == verify && end == ENDED && sim.programs == before + 1) {
        judge_verify(deed, deed->err.kind);
    }
    tell_error(what, &deed->err);
    cancel_free(deed->cancel);
    return true;
}

static void person_pauses(int pc, bool yes)
{
    Deed deed = {.flag = yes};
    do_deed(pc, yes ? "the schedule is paused" : "the schedule goes on", false, &deed, set_pause);
    sim.paused_until = deed.ok && !yes ? 0 : deed.moment > sim.paused_until ? deed.moment : sim.paused_until;
    sim_disturb();
}

void sim_resume(int pc)
{
    person_pauses(pc, false);
}

void sim_person(int pc)
{
    const int64_t which = sim_below(16);
    const Node *node = which < 6 ? sim_any_backup() : NULL;
    Deed deed = {.name = node ? mem_strdup(fs_base_name(node->path)) : NULL,
                 .path = node ? mem_strdup(node->path) : NULL,
                 .flag = sim_chance(2)};
    if (which < 6 && !node) {
        sim_backup_by_hand(pc);
    } else if (which < 2) {
        do_deed(pc, deed.flag ? "somebody pins" : "somebody unpins", false, &deed, pin);
    } else if (which < 4) {
        do_deed(pc, "somebody deletes", true, &deed, delete_one);
    } else if (which < 6) {
        deed.flag = sim_chance(6);
        do_deed(pc, "somebody verifies", false, &deed, verify);
    } else if (which < 9) {
        do_deed(pc, "a clean-up by hand", false, &deed, clean_up);
    } else if (which < 11) {
        do_deed(pc, "somebody allows clean-ups again", false, &deed, unfreeze);
    } else if (which < 13) {
        person_pauses(pc, deed.flag);
    } else if (which < 14 || !sim.plan_known) {
        sim_configure(pc, false);
    }
    mem_free(deed.path);
    mem_free(deed.name);
}

/* --- settings ----------------------------------------------------------------------------------------------- */

static void draw_plan(Plan *plan)
{
    static const int usual[] = {120, 150, 0, 30, 180, 735, 1020, 1439};
    const int64_t kind = sim_below(20);
    *plan = (Plan){.pattern = kind < 10 ? SCHEDULE_DAILY : kind < 17 ? SCHEDULE_WEEKLY : SCHEDULE_MONTHLY};
    plan->weekdays = (unsigned)sim_between(1, 127);
    plan->month_day = (int)sim_below(32);
    plan->time_count = sim_chance(5) ? (size_t)sim_between(2, SIM_TIMES) : 1;
    for (size_t i = 0; i < plan->time_count; i++) {
        plan->times[i] = usual[((size_t)sim_below(2) + 2 * i + (size_t)sim_below(3)) % 8];
    }
    for (size_t i = 1; i < plan->time_count; i++) {
        if (plan->times[i] == plan->times[i - 1]) {
            plan->time_count = i;
        }
    }
}

static char *times_text(const Plan *plan)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    for (size_t i = 0; i < plan->time_count; i++) {
        strbuf_addf(&text, "%s%02d:%02d", i == 0 ? "times=" : ",", plan->times[i] / 60, plan->times[i] % 60);
    }
    return strbuf_detach(&text);
}

static char *days_text(const Plan *plan)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    strbuf_addstr(&text, "weekdays=");
    for (size_t i = 0, count = 0; i < 7; i++) {
        if (plan->weekdays & 1u << i) {
            strbuf_addf(&text, "%s%s", count++ == 0 ? "" : ",", names[i]);
        }
    }
    return strbuf_detach(&text);
}

bool sim_configure(int pc, bool first)
{
    Plan plan;
    draw_plan(&plan);
    const Rules rules = {(int)sim_between(3, 40), (int)sim_between(2, 14)};
    char *pairs[] = {mem_printf("schedule=%s", schedule_name(plan.pattern)),
                     times_text(&plan),
                     days_text(&plan),
                     mem_printf("month_day=%d", plan.month_day),
                     mem_printf("retention_days=%d", rules.days),
                     mem_printf("max_backups=%d", rules.most),
                     mem_printf("keep_monthly=%d", sim_chance(3) ? (int)sim_between(1, 6) : 0),
                     mem_printf("upload_after_backup=%s", sim_chance(2) ? "true" : "false"),
                     mem_printf("compress=%s", sim_chance(2) ? "true" : "false")};
    const size_t count = sizeof pairs / sizeof pairs[0];
    Deed deed = {.pairs = (const char *const *)pairs, .pair_count = count};
    sim_say("somebody sets %s %s %s %s %s %s", pairs[0], pairs[1], pairs[2], pairs[3], pairs[4], pairs[5]);
    do_deed(pc, "the settings are saved", false, &deed, configure);
    sim.rules = rules;
    sim.rules_from = sim_now();
    sim.plan = plan;
    sim.plan_known = deed.ok;
    sim.unsure = false; /* killed, it may have been saved all the same */
    sim.slots_from = sim_now();
    sim.ledger_lost = sim.ledger_lost || sim.pcs[pc].ahead != 0; /* it begins at another moment */
    sim_disturb();
    if (!deed.ok && first) {
        sim_broken("simulation", "the settings cannot be saved");
    }
    for (size_t i = 0; i < count; i++) {
        mem_free(pairs[i]);
    }
    return deed.ok;
}

/* --- while a program runs --------------------------------------------------------------------------------------- */

void sim_meanwhile(void)
{
    Program *program = sim.program;
    const int other = (int)sim_below(sim.pc_count);
    if (!program || program->outer || sim.calm) {
        return;
    }
    if (sim_fs_locked(FOLDER_FILES_LOCK_FILE)) {
        sim_disturb(); /* stopped with that lock it keeps others from noting anything, longer than they wait */
    }
    switch (sim_below(6)) {
    case 0:
        sim.down_until = sim_now() + sim_between(10, 3000);
        sim_server_restart();
        sim_say("meanwhile the server is away for %lld s", (long long)(sim.down_until - sim_now()));
        break;
    case 1:
        sim_say("meanwhile somebody says stop");
        cancel_request(program->cancel);
        break;
    case 2:
        if (sim.pcs[other].awake) {
            sim_backup_by_hand(other);
        }
        break;
    case 3:
        if (sim.pcs[other].awake) {
            sim_person(other);
        }
        break;
    default:
        if (sim.pcs[other].awake) {
            sim_run_slots(other, "meanwhile the task");
        }
        break;
    }
}

/* --- older backups ---------------------------------------------------------------------------------------------- */

static int64_t check_now(void *context)
{
    (void)context;
    return clock_now();
}

static void check_conditions(void *context, Conditions *conditions)
{
    (void)context;
    conditions_look(conditions, false);
}

/* What the real one's thread does while a file is read is done before. */
static bool check_file(void *context, const char *path, const JobSink *told, const Cancel *cancel, Error *err)
{
    VerifyResult result;
    (void)context;
    if (folder_is_wanted(sim.folder)) {
        cancel_request((Cancel *)cancel);
    }
    verify_result_init(&result);
    const bool ok = verify_backup(path, false, told, cancel, &result, err);
    verify_result_release(&result);
    return ok;
}

static bool check_proof(void *context, const char *path, const JobSink *told, const Cancel *cancel, char **unproven,
                        Error *err)
{
    (void)context;
    (void)path;
    (void)told;
    (void)cancel;
    (void)err;
    *unproven = mem_strdup("the bundled server is not played");
    return true;
}

/* What is called damaged is not what pg_dump wrote. (P1) */
static void judge_damaged(const RecheckResult *result)
{
    for (size_t i = 0; i < result->damaged_count; i++) {
        const char *name = result->damaged[i];
        char *manifest = mem_printf("%s" FOLDER_MANIFEST_SUFFIX, name);
        Node *node = sim_file(name);
        if (node && sim_truth(node) && !sim_touched(name) && !sim_touched(manifest)) {
            sim_broken("P1", "the weekly check calls %s damaged, and it is whole", name);
        }
        mem_free(manifest);
    }
}

void __wrap_recheck_run(const Opening *opening, const JobSink *told, const Cancel *cancel, RecheckResult *result)
{
    const RecheckWorld world = {check_now, check_conditions, check_file, check_proof, &due_here, NULL};
    const unsigned long before = sim.programs;
    sim.program->watched = true;
    recheck_run_in(&world, opening, told, cancel, result);
    sim.program->watched = false;
    if (!sim.program->faulted && sim.programs == before) {
        judge_damaged(result);
    }
}

/* --- SharePoint ------------------------------------------------------------------------------------------------- */

static bool bring(const char *name, const Manifest *manifest, Error *err)
{
    sim_pass(sim_between(1000, 600000));
    sim_call();
    if (sim.token_until > sim_now()) {
        return error_set(err, EK_REFUSED, "the sign-in to SharePoint has run out");
    }
    if (sim.pcs[sim_pc()].offline_until > sim_now() || (!sim.calm && sim_chance(25))) {
        return error_set(err, EK_CONNECT, "SharePoint cannot be reached");
    }
    mem_grow((void **)&sim.copies, &sim.copy_capacity, sim.copy_count + 1, sizeof *sim.copies);
    sim.copies[sim.copy_count++] = mem_printf("%s/%s", name, manifest->sha256);
    sim_call(); /* killed between the copy and its note */
    return true;
}

/* What the real one does in the folder, with a played SharePoint in between. */
bool __wrap_offsite_upload(const char *path, const JobSink *told, const Cancel *cancel, UploadResult *result,
                           Error *err)
{
    (void)told;
    (void)cancel;
    (void)result;
    char *manifest_path = folder_manifest_path(path);
    const char *name = fs_base_name(path);
    FsLock *lock = NULL;
    Manifest manifest;
    manifest_init(&manifest);
    const bool ok = folder_upload_lock(sim.folder, name, &lock, err) && manifest_read(manifest_path, &manifest, err) &&
                    bring(name, &manifest, err);
    if (ok) {
        const Copy copy = {.file = (char *)name, .bytes = manifest.bytes, .sha256 = manifest.sha256,
                           .level = manifest.level, .created = manifest.started, .state = COPY_THERE,
                           .when = clock_now(), .hash = true, .drive = (char *)"drive", .item = (char *)"item"};
        copies_note(sim.folder, &copy, NULL);
    }
    fs_unlock(lock);
    manifest_release(&manifest);
    mem_free(manifest_path);
    return ok;
}
