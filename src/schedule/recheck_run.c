/*
 * recheck_run.c: a thread of its own looks twice a second whether somebody wants the folder, and now and then whether
 * the PC is still plugged in, because what is at work (a decoder, a server that restores) reports in its own time. It
 * requests a stop of this run's own Cancel, which the jobs get in the place of the caller's.
 */
#include "schedule/recheck_run.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/thread.h"
#include "store/folder.h"

#define LOOK_MS 500u
#define LOOKS_A_PLUG 20u /* at the plug */

typedef struct Run {
    const RecheckWorld *world;
    const Opening *opening;
    const JobSink *sink;
    RecheckRules rules;
    bool on_battery; /* when it began */
    bool unplugged;  /* so it ends: by the watcher, until that is joined */
    const Cancel *outer;
    Cancel *stop; /* requested by the watcher */
    Cancel *over; /* ends the watcher */
    Ledger ledger;
    RecheckResult *result;
    const char **names; /* of the files that were read or tried; borrowed */
    char **whys;        /* owned: why they could not be read now, or NULL */
    size_t tried;
} Run;

void recheck_result_init(RecheckResult *result)
{
    *result = (RecheckResult){.read = 0};
}

void recheck_result_release(RecheckResult *result)
{
    for (size_t i = 0; i < result->damaged_count; i++) {
        mem_free(result->damaged[i]);
    }
    mem_free(result->damaged);
    mem_free(result->proven);
    mem_free(result->unproven);
    recheck_result_init(result);
}

static bool has_power(const Run *run)
{
    Conditions conditions;
    run->world->conditions(run->world->context, &conditions);
    return recheck_goes_on(&run->rules, run->on_battery, &conditions);
}

static void watch(void *argument)
{
    Run *run = argument;
    for (unsigned looks = 1; !cancel_wait(run->over, LOOK_MS); looks++) {
        run->unplugged = looks % LOOKS_A_PLUG == 0 && !has_power(run);
        if (run->unplugged || cancel_requested(run->outer) || folder_is_wanted(run->opening->folder)) {
            cancel_request(run->stop);
            return;
        }
    }
}

static void add_damaged(RecheckResult *result, const char *name)
{
    char **names = mem_array(result->damaged_count + 1, sizeof *names);
    for (size_t i = 0; i < result->damaged_count; i++) {
        names[i] = result->damaged[i];
    }
    mem_free(result->damaged);
    names[result->damaged_count++] = mem_strdup(name);
    result->damaged = names;
}

/* What is noted over what others have noted meanwhile. Where it cannot be, the next run does it again. */
static void remember(Run *run, bool proof)
{
    FsLock *lock = NULL;
    Error why = ERROR_INIT;
    const char *folder = run->opening->folder;
    const int64_t now = run->world->now(run->world->context);
    bool ok = ledger_lock_wait(folder, &lock, &why) && ledger_load(folder, true, &run->ledger, &why);
    if (ok) {
        int64_t *moment = proof ? &run->ledger.proof_tried : &run->ledger.checked;
        *moment = now;
        for (size_t i = 0; i < run->tried; i++) {
            ledger_note_unread(&run->ledger, run->names[i], now, run->whys[i]);
        }
        ok = ledger_save(folder, &run->ledger, &why);
    }
    fs_unlock(lock);
    if (!ok) {
        job_log(run->sink, LOG_WARNING, "When backups were last checked could not be kept: %s", why.message);
    }
    error_clear(&why);
}

/* Somebody else has the folder, or wants it: nothing is said against the backup. */
static bool gives_way(Run *run, const Error *why)
{
    run->result->stopped = why->kind == EK_CANCELLED || why->kind == EK_BUSY;
    return run->result->stopped;
}

/* The job of others goes on for long, or the PC is not plugged in any more: the rest comes another time. */
static bool is_over(Run *run, bool *powerless)
{
    *powerless = !has_power(run);
    run->result->stopped = *powerless || folder_is_taken(run->opening->folder);
    return run->result->stopped;
}

static void read_one(Run *run, const CatalogEntry *entry)
{
    Error why = ERROR_INIT;
    char *path = fs_join(run->opening->folder, entry->name), *unread = NULL;
    if (run->world->verify(run->world->context, path, run->sink, run->stop, &why)) {
        run->result->read++;
    } else if (!gives_way(run, &why) && why.kind != EK_NOT_FOUND) { /* it was removed meanwhile */
        char *text = error_text(&why);
        if (why.kind == EK_DAMAGED) {
            add_damaged(run->result, entry->name);
            job_log(run->sink, LOG_BAD, "The weekly check found a damaged backup: %s", text);
        } else {
            unread = mem_strdup(text);
            run->result->unread++;
            job_log(run->sink, LOG_WARNING, "The weekly check could not read a backup: %s", text);
        }
        mem_free(text);
    }
    if (!run->result->stopped) {
        run->names[run->tried] = entry->name;
        run->whys[run->tried++] = unread;
    }
    error_clear(&why);
    mem_free(path);
}

static void prove_one(Run *run, const CatalogEntry *entry)
{
    Error why = ERROR_INIT;
    RecheckResult *result = run->result;
    char *path = fs_join(run->opening->folder, entry->name);
    remember(run, true); /* before: one that ends the program is not begun again at once */
    if (run->world->prove(run->world->context, path, run->sink, run->stop, &result->unproven, &why)) {
        result->proven = result->unproven ? NULL : mem_strdup(entry->name);
    } else if (!gives_way(run, &why)) {
        result->unproven = error_text(&why);
        if (why.kind == EK_DAMAGED) {
            add_damaged(result, entry->name);
        }
        job_log(run->sink, LOG_BAD, "The monthly proof failed: %s", result->unproven);
    }
    error_clear(&why);
    mem_free(path);
}

static void do_all(Run *run, const RecheckLook *look)
{
    const RecheckResult *result = run->result;
    bool powerless = false;
    Thread *watcher = thread_start(watch, run);
    if (look->count > 0) {
        job_log(run->sink, LOG_INFO, "%zu backup%s that nobody has read for long %s read again.", look->count,
                look->count == 1 ? "" : "s", look->count == 1 ? "is" : "are");
    }
    if (look->offline > 0) {
        job_log(run->sink, LOG_INFO, "%zu backup%s kept in the cloud only, and %s not read again.", look->offline,
                look->offline == 1 ? " is" : "s are", look->offline == 1 ? "is" : "are");
    }
    run->names = mem_array(look->count, sizeof *run->names);
    run->whys = mem_array(look->count, sizeof *run->whys);
    thread_give_way(true);
    for (size_t i = 0; i < look->count && !result->stopped && !is_over(run, &powerless); i++) {
        read_one(run, look->files[i]);
    }
    if (run->tried > 0) {
        remember(run, false);
    }
    for (size_t i = 0; i < run->tried; i++) {
        mem_free(run->whys[i]);
    }
    mem_free(run->whys);
    mem_free(run->names);
    run->tried = 0;
    if (look->proof && !result->stopped && !is_over(run, &powerless)) {
        prove_one(run, look->proof);
    }
    thread_give_way(false);
    cancel_request(run->over);
    thread_join(watcher);
    if (result->stopped) {
        job_log(run->sink, LOG_INFO, "%s", powerless || run->unplugged
                    ? "The check of older backups waits until the PC is plugged in; it goes on later."
                    : "The check of older backups made way for another job; it goes on later.");
    }
}

/* What is due now; `look` borrows from the catalog. */
static bool find(Run *run, Catalog *catalog, RecheckLook *look)
{
    const Opening *opening = run->opening;
    Conditions conditions;
    Source source;
    source_init(&source);
    run->world->conditions(run->world->context, &conditions);
    source_of_connection(&opening->connection, &source);
    run->rules = recheck_rules(&opening->settings);
    run->on_battery = conditions.on_battery;
    const RecheckFacts facts = {.catalog = catalog,
                                .source = opening->configured ? &source : NULL,
                                .ledger = &run->ledger,
                                .on_battery = conditions.on_battery,
                                .battery_percent = conditions.battery_percent,
                                .now = run->world->now(run->world->context)};
    recheck_look_release(look);
    if (ledger_load(opening->folder, false, &run->ledger, NULL) &&
        recheck_may(&opening->settings, &run->ledger, facts.now) &&
        catalog_load(opening->folder, facts.now, catalog, NULL)) {
        recheck_look(&run->rules, &facts, run->world->zone, look);
    }
    source_release(&source);
    run->result->offline = look->offline;
    return look->count > 0 || look->proof;
}

void recheck_run_in(const RecheckWorld *world, const Opening *opening, const JobSink *sink, const Cancel *cancel,
                    RecheckResult *result)
{
    Run run = {.world = world, .opening = opening, .sink = sink, .outer = cancel, .result = result};
    FsLock *lock = NULL;
    Catalog catalog;
    RecheckLook look;
    recheck_result_release(result);
    if (cancel_requested(cancel)) {
        return;
    }
    run.stop = cancel_new();
    run.over = cancel_new();
    ledger_init(&run.ledger);
    catalog_init(&catalog);
    recheck_look_init(&look);
    /* Under the lock once more: another program may just have done it. */
    if (find(&run, &catalog, &look) && folder_check_lock(opening->folder, &lock, NULL) &&
        find(&run, &catalog, &look)) {
        do_all(&run, &look);
    }
    recheck_look_release(&look);
    catalog_release(&catalog);
    ledger_release(&run.ledger);
    cancel_free(run.over);
    cancel_free(run.stop);
    fs_unlock(lock);
}

/* --- the world ------------------------------------------------------------------------------------------- */

static int64_t world_now(void *context)
{
    (void)context;
    return clock_now();
}

static void world_conditions(void *context, Conditions *conditions)
{
    (void)context;
    conditions_look(conditions, false);
}

static bool world_verify(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    VerifyResult result;
    (void)context;
    verify_result_init(&result);
    const bool ok = verify_backup(path, false, sink, cancel, &result, err);
    verify_result_release(&result);
    return ok;
}

static bool world_prove(void *context, const char *path, const JobSink *sink, const Cancel *cancel, char **unproven,
                        Error *err)
{
    const ProveSpec spec = {.record = true};
    ProveResult result;
    (void)context;
    prove_result_init(&result);
    const bool ok = prove_backup(path, &spec, sink, cancel, &result, err);
    if (ok && !result.proven) {
        *unproven = mem_strdup(result.not_provable_count > 0 ? result.not_provable[0] : "it is not known why");
    }
    prove_result_release(&result);
    return ok;
}

void recheck_run(const Opening *opening, const JobSink *sink, const Cancel *cancel, RecheckResult *result)
{
    static const RecheckWorld world = {world_now, world_conditions, world_verify, world_prove, &due_here, NULL};
    recheck_run_in(&world, opening, sink, cancel, result);
}
