/*
 * outward.c: decided under a lock, sent without it: two programs that end at once do not send the same twice, and a
 * receiver that is slow keeps none of them from its own. What is to be sent counts as sent before it is; where it fails
 * that is taken back.
 */
#include "schedule/outward.h"

#include <string.h>

#include "base/mem.h"
#include "jobs/heartbeats.h"
#include "jobs/offsite.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "schedule/notice.h"
#include "store/catalog.h"
#include "store/health.h"
#include "store/heartbeat.h"
#include "store/retention.h"
#include "store/source.h"

#define STATE_MAX 262144u
#define LOCK_FILE "notify.lock"
#define LOCK_MS 5000u

/* --- what was sent before --------------------------------------------------------------------------------- */

static char *own_path(const char *name)
{
    char *dir = machine_local_data_dir();
    char *path = dir != NULL ? fs_join(dir, name) : NULL;
    mem_free(dir);
    return path;
}

/* NULL: another program has it for too long, or there is no folder; then it is done without. */
static FsLock *lock_state(const Cancel *cancel)
{
    const uint64_t until = clock_monotonic_ms() + LOCK_MS;
    char *path = own_path(LOCK_FILE);
    FsLock *lock = NULL;
    Error why = ERROR_INIT;
    while (path != NULL && !fs_lock(path, &lock, &why) && why.kind == EK_BUSY && clock_monotonic_ms() < until &&
           !cancel_wait(cancel, 50)) {
        error_clear(&why);
    }
    error_clear(&why);
    mem_free(path);
    return lock;
}

static void load_state(DispatchMemory *memory)
{
    char *path = own_path(OUTWARD_STATE_FILE);
    StrBuf text;
    strbuf_init(&text, STATE_MAX);
    if (path != NULL && fs_read_all(path, STATE_MAX, &text, NULL)) {
        dispatch_memory_parse(text.buf, text.len, memory);
    }
    strbuf_release(&text);
    mem_free(path);
}

static bool save_state(const DispatchMemory *memory, Error *err)
{
    char *path = own_path(OUTWARD_STATE_FILE);
    char *text = dispatch_memory_text(memory);
    const bool ok = path != NULL ? fs_write_atomic(path, text, strlen(text), err)
                                 : error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    mem_free(text);
    mem_free(path);
    return ok;
}

/* What became of one that was sent, over what is kept now. */
static void keep_end(const Dispatch *dispatch, const char *why)
{
    FsLock *lock = lock_state(NULL);
    DispatchMemory memory;
    dispatch_memory_init(&memory);
    load_state(&memory);
    dispatch_ended(&memory, dispatch, clock_now(), why);
    save_state(&memory, NULL); /* then the next look sends it once more */
    fs_unlock(lock);
    dispatch_memory_release(&memory);
}

/* --- one message ------------------------------------------------------------------------------------------ */

static bool send_one(ReceiverKind kind, const Receiver *receiver, OutEvent event, const char *text,
                     const Cancel *cancel, Error *err)
{
    char *host = machine_host_name();
    const Message message = {.event = out_event_word(event),
                             .title = out_event_title(event),
                             .text = text,
                             .computer = host != NULL ? host : "?",
                             .when = clock_now(),
                             .bad = out_event_is_bad(event)};
    const bool ok = receiver_send(kind, receiver, &message, cancel, err);
    mem_free(host);
    return ok;
}

static void send_all(const Dispatch *list, size_t count, const Receivers *receivers, const JobSink *sink,
                     const Cancel *cancel)
{
    for (size_t i = 0; i < count; i++) {
        const Dispatch *one = &list[i];
        Error why = ERROR_INIT;
        char *text = NULL;
        if (!send_one(one->to, &receivers->of[one->to], one->event, one->text, cancel, &why)) {
            text = error_text(&why);
            job_log(sink, LOG_WARNING, "%s was not notified: %s", receiver_title(one->to), text);
        }
        keep_end(one, text);
        mem_free(text);
        error_clear(&why);
    }
}

/* --- what is so ------------------------------------------------------------------------------------------- */

/* All that is owned of the facts. */
typedef struct Found {
    DispatchFacts facts;
    char *overdue, *shrink, *alarm, *damaged, *damaged_name, *silent, *silent_names, *mark, *sign_in_text;
    SeenComputers seen;
} Found;

static void found_release(Found *found)
{
    mem_free(found->overdue);
    mem_free(found->shrink);
    mem_free(found->alarm);
    mem_free(found->damaged);
    mem_free(found->damaged_name);
    mem_free(found->silent);
    mem_free(found->silent_names);
    mem_free(found->mark);
    mem_free(found->sign_in_text);
    seen_release(&found->seen);
}

static void fact(Found *found, OutEvent event, const char *text, const char *cause)
{
    found->facts.text[event] = text;
    found->facts.cause[event] = cause;
}

/* Of the backups of the database, the newest good one (0: there is none) and one that is damaged. */
static bool find_backups(const OutwardSpec *spec, int64_t now, Found *found, int64_t *good)
{
    Catalog catalog;
    Source source;
    catalog_init(&catalog);
    source_init(&source);
    const bool ok = spec->connection != NULL && catalog_load(spec->folder, now, &catalog, NULL);
    if (ok) {
        source_of_connection(spec->connection, &source);
        const HealthFacts facts = {.catalog = &catalog, .source = &source, .configured = true, .now = now};
        const CatalogEntry *newest = health_newest(&facts, true);
        const CatalogEntry *damaged = health_damaged(&facts);
        *good = newest != NULL ? newest->created : 0;
        found->damaged_name = mem_strdup(damaged != NULL ? damaged->name : NULL);
    }
    source_release(&source);
    catalog_release(&catalog);
    return ok;
}

static void find_overdue(const OutwardSpec *spec, Found *found, bool known, int64_t good)
{
    const NoticeFacts facts = {.now = found->facts.now,
                               .configured = known && spec->settings->enabled,
                               .good = good,
                               .since = spec->since,
                               .due_hours = health_due_hours(spec->settings)};
    found->overdue = notice_overdue_text(&facts);
    found->facts.unknown[OUT_OVERDUE] = !known;
    fact(found, OUT_OVERDUE, found->overdue, "overdue");
}

static void find_shrink(const OutwardSpec *spec, Found *found)
{
    found->alarm = retention_alarm(spec->folder);
    if (found->alarm != NULL) {
        found->shrink = notice_shrink_text(found->alarm);
        fact(found, OUT_SHRINK, found->shrink, NULL);
    }
}

static void find_damaged(Found *found, bool known)
{
    found->facts.unknown[OUT_DAMAGED] = !known;
    if (found->damaged_name != NULL) {
        found->damaged = notice_damaged_text(found->damaged_name);
        fact(found, OUT_DAMAGED, found->damaged, found->damaged_name);
    }
}

static void find_sign_in(Found *found)
{
    OffsiteSignIn sign_in;
    offsite_sign_in(&sign_in);
    if (sign_in.set_up && sign_in.warning >= 0) {
        found->sign_in_text = mem_printf("Attention: %s", sign_in.text);
        found->mark = mem_printf("%d", sign_in.warning);
        fact(found, OUT_SIGN_IN, found->sign_in_text, found->mark);
    }
    offsite_sign_in_release(&sign_in);
}

static void find_silent(const OutwardSpec *spec, Found *found, int64_t good, const JobSink *sink, const Cancel *cancel)
{
    const HeartbeatSpec beat = {spec->folder, health_due_hours(spec->settings), good};
    char *host = machine_host_name();
    Error why = ERROR_INIT;
    if (!heartbeats_beat(&beat, cancel, &found->seen, &why)) {
        char *text = error_text(&why);
        job_log(sink, LOG_WARNING, "%s", text);
        mem_free(text);
        error_clear(&why);
        found->facts.unknown[OUT_SILENT] = true; /* what was seen before says nothing of now */
    } else {
        found->silent = seen_silent_text(&found->seen, host != NULL ? host : "", &found->silent_names, 0);
    }
    if (found->silent != NULL) {
        job_log(sink, LOG_WARNING, "%s", found->silent);
        fact(found, OUT_SILENT, found->silent, found->silent_names);
    }
    mem_free(host);
}

static void find_standing(const OutwardSpec *spec, Found *found, const JobSink *sink, const Cancel *cancel)
{
    int64_t good = 0;
    const bool known = find_backups(spec, found->facts.now, found, &good);
    find_overdue(spec, found, known, good);
    find_shrink(spec, found);
    find_damaged(found, known);
    find_sign_in(found);
    find_silent(spec, found, known ? good : -1, sink, cancel);
}

/* Nothing else is looked at, and so nothing is mended. */
static void find_event(const OutwardSpec *spec, Found *found)
{
    static const OutEvent events[] = {OUT_START, OUT_DONE, OUT_FAILED, OUT_TEST, OUT_UNSEEN, OUT_UNVERIFIED};
    for (size_t i = 0; i < OUT_EVENTS; i++) {
        found->facts.unknown[i] = true;
    }
    fact(found, events[spec->what], spec->text, spec->cause);
}

static void decide_and_send(const Found *found, const JobSink *sink, const Cancel *cancel)
{
    Receivers receivers;
    Error why = ERROR_INIT;
    receivers_init(&receivers);
    if (!receivers_load(&receivers, &why)) {
        job_log(sink, LOG_WARNING, "Nobody was notified: %s", why.message);
        error_clear(&why);
        return;
    }
    bool any = false;
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        any = any || receivers.of[i].set;
    }
    if (any) {
        Dispatch list[DISPATCH_MAX];
        DispatchMemory memory;
        FsLock *lock = lock_state(cancel);
        dispatch_memory_init(&memory);
        load_state(&memory);
        const size_t count = dispatch_decide(&found->facts, &receivers, &memory, list);
        if (!save_state(&memory, &why)) {
            job_log(sink, LOG_WARNING, "What is sent to whom could not be kept: %s", why.message);
            error_clear(&why);
        }
        fs_unlock(lock);
        dispatch_memory_release(&memory);
        send_all(list, count, &receivers, sink, cancel);
    }
    receivers_release(&receivers);
}

void outward_tell(const OutwardSpec *spec, const JobSink *sink, const Cancel *cancel)
{
    Found found = {.facts = {.now = clock_now()}};
    seen_init(&found.seen);
    if (spec->what != OUTWARD_NOTHING) { /* first: it is awaited, and the heartbeats may take a minute */
        find_event(spec, &found);
        decide_and_send(&found, sink, cancel);
    }
    if (spec->what != OUTWARD_BEGAN && spec->what != OUTWARD_UNSEEN && spec->folder != NULL) {
        found.facts = (DispatchFacts){.now = clock_now()};
        find_standing(spec, &found, sink, cancel);
        decide_and_send(&found, sink, cancel);
    }
    found_release(&found);
}

/* --- settings and status ---------------------------------------------------------------------------------- */

static bool same_secret(const Secret *a, const Secret *b)
{
    return secret_is_set(a) && secret_is_set(b) && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool same_text(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool is_saved(ReceiverKind kind, const Receiver *receiver)
{
    Receivers saved;
    receivers_init(&saved);
    const bool loaded = receivers_load(&saved, NULL);
    const Receiver *one = &saved.of[kind];
    const bool same = loaded && one->set && same_text(one->to, receiver->to) && same_text(one->from, receiver->from) &&
                      same_text(one->user, receiver->user) &&
                      (kind == RECEIVER_GRAPH || same_secret(&one->address, &receiver->address));
    receivers_release(&saved);
    return same;
}

/* Secrets that are not said are those that are saved. */
static void fill(ReceiverKind kind, const Receivers *saved, const Receiver *receiver, Receiver *whole)
{
    const Receiver *old = &saved->of[kind];
    receiver_copy(whole, receiver);
    whole->broken = false;
    if (!old->set || old->broken) {
        return;
    }
    if (!secret_is_set(&whole->address)) {
        secret_copy(&whole->address, &old->address);
    }
    /* A password goes to no other server, and is no other user's. */
    if (!secret_is_set(&whole->password) && whole->user != NULL && same_text(whole->user, old->user) &&
        same_secret(&whole->address, &old->address)) {
        secret_copy(&whole->password, &old->password);
    }
}

bool outward_test(ReceiverKind kind, const Receiver *receiver, const Cancel *cancel, Error *err)
{
    Receivers saved;
    Receiver whole;
    receivers_init(&saved);
    receiver_init(&whole);
    (void)receivers_load(&saved, NULL);
    fill(kind, &saved, receiver, &whole);
    Error why = ERROR_INIT;
    const bool ok = send_one(kind, &whole, OUT_TEST,
                             "This is a test: notices of the backups of this computer arrive here.", cancel, &why);
    if (is_saved(kind, &whole) && why.kind != EK_CANCELLED) {
        const Dispatch dispatch = {.to = kind, .event = OUT_TEST};
        char *text = ok ? NULL : error_text(&why);
        keep_end(&dispatch, text);
        mem_free(text);
    }
    receiver_release(&whole);
    receivers_release(&saved);
    return ok || error_move(err, &why);
}

static void forget(ReceiverKind kind)
{
    FsLock *lock = lock_state(NULL);
    DispatchMemory memory;
    dispatch_memory_init(&memory);
    load_state(&memory);
    dispatch_forget(&memory, kind);
    save_state(&memory, NULL); /* what is remembered of another address keeps at most a repetition back */
    fs_unlock(lock);
    dispatch_memory_release(&memory);
}

bool outward_set(ReceiverKind kind, const Receiver *receiver, Error *err)
{
    Receivers receivers;
    Receiver whole;
    Error why = ERROR_INIT;
    receivers_init(&receivers);
    receiver_init(&whole);
    bool ok = receivers_load(&receivers, &why);
    if (!ok && why.kind == EK_SETTINGS) { /* what is damaged is replaced by what somebody sets now */
        error_clear(&why);
        ok = true;
    }
    if (ok && receiver->set) {
        fill(kind, &receivers, receiver, &whole);
        ok = receiver_check(kind, &whole, &why);
    }
    if (ok) {
        receiver_copy(&receivers.of[kind], &whole);
        ok = receivers_save(&receivers, &why);
    }
    if (ok) {
        forget(kind);
    } else if (why.kind == EK_SETTINGS) {
        error_context(&why, "%s", receiver_title(kind));
    }
    receiver_release(&whole);
    receivers_release(&receivers);
    return ok || error_move(err, &why);
}

bool outward_look(OutwardState states[RECEIVER_KINDS], Error *err)
{
    Receivers receivers;
    DispatchMemory memory;
    receivers_init(&receivers);
    dispatch_memory_init(&memory);
    const bool ok = receivers_load(&receivers, err);
    load_state(&memory);
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        const ReceiverKind kind = (ReceiverKind)i;
        const Receiver *receiver = &receivers.of[i];
        Error why = ERROR_INIT;
        states[i] = (OutwardState){.set = ok && receiver->set, .quiet = receiver->quiet};
        if (!states[i].set) {
            continue;
        }
        states[i].shown = receiver_shown(kind, receiver);
        states[i].sent = memory.sent[i];
        states[i].failed = memory.failed[i];
        if (!receiver_check(kind, receiver, &why)) {
            states[i].problem = mem_printf("%s cannot be notified: %s", receiver_title(kind), why.message);
        } else if (memory.failed[i] != 0) {
            states[i].problem = mem_printf("%s was not notified: %s", receiver_title(kind),
                                           memory.why[i] != NULL ? memory.why[i] : "it is not known why");
        }
        error_clear(&why);
    }
    dispatch_memory_release(&memory);
    receivers_release(&receivers);
    return ok;
}

void outward_states_release(OutwardState states[RECEIVER_KINDS])
{
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        mem_free(states[i].shown);
        mem_free(states[i].problem);
        states[i] = (OutwardState){.set = false};
    }
}
