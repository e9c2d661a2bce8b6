/*
 * schedule_world.h: a run of the schedule in a world that is made up: its clock, its server, its backups. For
 * test_run.c and test_run_waits.c.
 */
#ifndef CMMS_SCHEDULE_WORLD_H
#define CMMS_SCHEDULE_WORLD_H

#include "test_util.h"

#include "schedule/run.h"
#include "store/auditlog.h"
#include "store/settings.h"
#include "test_env.h"

#define DAY 86400
#define NOON 1796040000 /* 2026-11-30 12:00 UTC */
#define SLOT (NOON - 10 * 3600)

/* A world that does as it is told, one letter a try: "c" the server cannot be reached when it is awaited, "r" it
 * answers; of backups "d" done, "U" done and not verified, "P" lost, and the clock is set back by a day, "C" lost, "B"
 * another at work, "W" wrong password, "S" stopped, "o" another computer has done it meanwhile (and EK_BUSY). */
typedef struct World {
    const char *script;
    int64_t now;
    StrBuf waits, told;
    unsigned backups;
    char *folder;
    StrBuf copies; /* what went to SharePoint: the backup's name, or "-"; "!" without patience */
    size_t waiting; /* copies that do not get there */
    StrBuf outward; /* what was told elsewhere: "began", "done", "failed", "nothing", "unseen",
                       "unverified" */
    char *last;     /* owned: its last sentence */
    char *cause;    /* owned: what makes it another one, or NULL */
    const char *conditions; /* conditions_parse; NULL: nothing is known */
    bool asked_network;     /* whether it counts bytes */
    int64_t plugged;        /* from then on it is "mains"; 0: never */
    unsigned checks;        /* how often older backups were looked at */
    const char *damaged;    /* what that finds, or NULL */
    int64_t ahead;          /* of the server's clock, as backups are told; 0: they are not */
} World;

static inline void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static inline int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * 3600 + local->minute * 60;
}

static const DueZone zone = {to_local, to_moment};

static inline int64_t now(void *context)
{
    return ((World *)context)->now;
}

static inline bool pass(void *context, unsigned seconds, const Cancel *cancel)
{
    World *world = context;
    (void)cancel;
    strbuf_addf(&world->waits, "%u ", seconds);
    world->now += seconds;
    return false;
}

static inline bool reach(void *context, const Connection *connection, const Cancel *cancel, Error *err)
{
    World *world = context;
    (void)cancel;
    assert_string_equal(connection->host, "h");
    if (*world->script == 'r') {
        world->script++;
        return true;
    }
    if (*world->script == 'c') {
        world->script++;
        return error_set(err, EK_CONNECT, "the host is not known");
    }
    return error_set(err, EK_REFUSED, "left to the backup");
}

static inline void note(World *world, int64_t moment, SlotState state, int attempts)
{
    Ledger ledger;
    Error err = ERROR_INIT;
    ledger_init(&ledger);
    assert_ok(ledger_load(world->folder, true, &ledger, &err), &err);
    const LedgerSlot slot = {.moment = moment, .state = state, .began = moment, .attempts = attempts};
    ledger_note(&ledger, &slot);
    assert_ok(ledger_save(world->folder, &ledger, &err), &err);
    ledger_release(&ledger);
}

static inline bool backup(void *context, const BackupSpec *spec, const JobSink *sink, const Cancel *cancel,
                          BackupResult *result, Error *err)
{
    World *world = context;
    FsLock *second = NULL;
    (void)sink;
    (void)cancel;
    assert_false(ledger_lock(spec->folder, &second, NULL)); /* nobody else runs slots now */
    world->backups++;
    world->now += 60;
    const int tried = *world->script ? *world->script++ : 'd';
    switch (tried) {
    case 'd':
    case 'U':
        result->path = fs_join(spec->folder, "cmms_backup_20261130_120000.backup");
        result->manifest.level = tried == 'U' ? LEVEL_READ : LEVEL_VERIFIED;
        result->manifest.started = world->now;
        result->manifest.server_time = world->ahead != 0 ? world->now - world->ahead : 0;
        return true;
    case 'P':
        world->now -= DAY;
        return error_set(err, EK_CONNECT, "the connection was lost");
    case 'C': return error_set(err, EK_CONNECT, "the connection was lost");
    case 'B': return error_set(err, EK_BUSY, "another job is at work");
    case 'W': return error_set(err, EK_REFUSED, "the password is wrong");
    case 'S': return error_set(err, EK_CANCELLED, "cancelled");
    default:
        note(world, SLOT, SLOT_DONE, 1);
        return error_set(err, EK_BUSY, "another job is at work");
    }
}

static inline void offsite(void *context, const OffsiteAfterSpec *spec, const JobSink *sink, const Cancel *cancel,
                           OffsiteAfter *after)
{
    World *world = context;
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    (void)sink;
    (void)cancel;
    assert_ok(ledger_lock(spec->folder, &lock, &err), &err); /* other programs may run slots meanwhile */
    fs_unlock(lock);
    strbuf_addf(&world->copies, "%s%s ", spec->made ? fs_base_name(spec->made) : "-", spec->patient ? "" : "!");
    after->waiting = world->waiting;
}

static inline void outward(void *context, const OutwardSpec *spec, const JobSink *sink, const Cancel *cancel)
{
    static const char *const words[] = {"began", "done", "failed", "nothing", "unseen", "unverified"};
    World *world = context;
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    (void)sink;
    (void)cancel;
    if (spec->what != OUTWARD_BEGAN && spec->what != OUTWARD_UNSEEN && spec->folder != NULL) {
        /* A slow receiver keeps nobody from the slots. */
        assert_ok(ledger_lock(spec->folder, &lock, &err), &err);
        fs_unlock(lock);
    }
    assert_true(spec->folder == NULL || strcmp(spec->folder, world->folder) == 0);
    strbuf_addf(&world->outward, "%s ", words[spec->what]);
    mem_free(world->last);
    world->last = mem_strdup(spec->text);
    mem_free(world->cause);
    world->cause = mem_strdup(spec->cause);
}

static inline void conditions(void *context, bool network, Conditions *found)
{
    World *world = context;
    const bool mains = world->plugged != 0 && world->now >= world->plugged;
    conditions_parse(mains ? "mains" : world->conditions ? world->conditions : "", found);
    found->metered = found->metered && network;
    world->asked_network = world->asked_network || network;
}

static inline void checks(void *context, const Opening *opening, const JobSink *sink, const Cancel *cancel,
                          RecheckResult *result)
{
    World *world = context;
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    (void)sink;
    (void)cancel;
    assert_string_equal(opening->folder, world->folder);
    assert_ok(ledger_lock(opening->folder, &lock, &err), &err);
    fs_unlock(lock);
    world->checks++;
    if (world->damaged) {
        result->damaged = mem_array(1, sizeof *result->damaged);
        result->damaged[result->damaged_count++] = mem_strdup(world->damaged);
    }
}

static inline void hear(void *context, LogLevel level, const char *text)
{
    World *world = context;
    if (level == LOG_WARNING) {
        strbuf_addf(&world->told, "[%s]", text);
    }
}

/* What a run sees of the world. */
static inline ScheduledWorld world_of(World *world)
{
    return (ScheduledWorld){now, pass, reach, backup, offsite, outward, conditions, checks, &zone, world};
}

static inline bool run(World *world, bool once, ScheduledResult *result, Error *err)
{
    static const ConnectionSwitches switches = {.host = "h", .database = "d"};
    const ScheduledWorld in = world_of(world);
    const ScheduledSpec spec = {.folder = world->folder, .switches = &switches, .once = once, .checks = !once};
    const JobSink sink = {.log = hear, .context = world};
    return scheduled_run_in(&in, &spec, &sink, NULL, result, err);
}

static inline char *begin(World *world)
{
    char *dir = test_dir_new(), *own = fs_join(dir, "own");
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", own);
    *world = (World){.script = "", .now = NOON, .folder = fs_join(dir, "b")};
    assert_ok(fs_make_dirs(world->folder, &err), &err);
    strbuf_init(&world->waits, STRBUF_SMALL);
    strbuf_init(&world->told, STRBUF_SMALL);
    strbuf_init(&world->copies, STRBUF_SMALL);
    strbuf_init(&world->outward, STRBUF_SMALL);
    mem_free(own);
    return dir;
}

static inline void end(World *world, char *dir)
{
    mem_free(world->cause);
    mem_free(world->last);
    strbuf_release(&world->outward);
    strbuf_release(&world->copies);
    strbuf_release(&world->told);
    strbuf_release(&world->waits);
    mem_free(world->folder);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

static inline size_t log_count(const World *world)
{
    Error err = ERROR_INIT;
    cJSON *log = NULL;
    assert_ok(auditlog_read(world->folder, 100, &log, &err), &err);
    const int count = cJSON_GetArraySize(log);
    cJSON_Delete(log);
    return (size_t)count;
}

static inline void set(const World *world, const char *key, const char *value)
{
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    assert_ok(settings_load(world->folder, &settings, &err), &err);
    assert_ok(settings_set(&settings, key, value, &err), &err);
    assert_ok(settings_save(world->folder, &settings, &err), &err);
    settings_release(&settings);
}

#endif
