/*
 * simulate.c: simulate [--log] [--tests] SEED[-SEED] [DAYS]: lives of one backup folder, each by its seed, in a process
 * of its own, as many at a time as there are processors. With --tests it prints a line for each ("ok seed 7"), and
 * lives the first 100 days of the first of them twice more: it must be the same life. Exit code 1: a promise was
 * broken; its events are printed.
 */
#include "sim.h"

#include <errno.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/clock.h"

#define USUAL_DAYS 400
#define ENOUGH 10          /* lives of USUAL_DAYS: each check has had something to judge */
#define TWICE_DAYS 100     /* of the life that is lived twice more */
#define SHOWN 160          /* events that are shown of a life that failed; --log shows all */
#define LOG_MAX (64u << 20)
#define LOG_KEPT (6u << 10) /* bytes of a log of the years before */
#define HEAP_KEPT (64 << 20) /* bytes that are not given back to the system, only to be asked for again */
#define START 1767225600   /* 2026-01-01 */
#define MEANWHILE_MS 5000  /* who waits so long is not alone */
#define CRASHED 3

Sim sim;

/* --- chance, time, the log of events -------------------------------------------------------------------------- */

/* SplitMix64, which is public domain. */
uint64_t sim_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int64_t sim_below(int64_t count)
{
    return count > 0 ? (int64_t)(sim_draw(&sim.random) % (uint64_t)count) : 0;
}

int64_t sim_between(int64_t least, int64_t most)
{
    return least + sim_below(most - least + 1);
}

bool sim_chance(int64_t one_in)
{
    return sim_below(one_in) == 0;
}

uint64_t sim_fnv(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * 0x100000001B3u;
    }
    return hash;
}

int64_t sim_now(void)
{
    return sim.ms / 1000;
}

int sim_pc(void)
{
    return sim.program ? sim.program->pc : sim.viewer;
}

void sim_say(const char *format, ...)
{
    CivilTime t;
    va_list args;
    clock_local(sim_now(), &t);
    strbuf_addf(&sim.log, "%04d-%02d-%02d %02d:%02d:%02d ", t.year, t.month, t.day, t.hour, t.minute, t.second);
    for (const Program *program = sim.program; program; program = program->outer) {
        strbuf_addstr(&sim.log, "  ");
    }
    va_start(args, format);
    strbuf_vaddf(&sim.log, format, args);
    va_end(args);
    strbuf_addch(&sim.log, '\n');
}

static void print_log(void)
{
    const char *from = sim.log.buf;
    size_t lines = 0;
    for (size_t i = sim.log.len; !sim.verbose && i > 0; i--) {
        lines += sim.log.buf[i - 1] == '\n';
        if (lines > SHOWN) {
            from = sim.log.buf + i;
            break;
        }
    }
    printf("%s", from == sim.log.buf ? "" : "  (…)\n");
    while (*from) {
        const size_t len = strcspn(from, "\n");
        printf("  %.*s\n", (int)len, from);
        from += len + (from[len] == '\n');
    }
}

void sim_broken(const char *promise, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim_say("BROKEN %s: %s", promise, text);
    printf("not ok seed %llu: %s: %s\n", (unsigned long long)sim.seed, promise, text);
    printf("  ./dev simulate --log %llu %d    lives it again\n", (unsigned long long)sim.seed, sim.days);
    print_log();
    fflush(stdout);
    _exit(1); /* as it stands: the core's memory is not ours to free here */
}

void sim_disturb(void)
{
    sim.disturbed_at = sim_now();
}

bool sim_disturbed(int64_t since)
{
    bool now = sim.full_until > since || sim.away_until > since || sim.unsure || !sim.plan_known;
    for (int i = 0; i < sim.pc_count; i++) {
        now = now || sim.pcs[i].ahead != 0;
    }
    return now || sim.disturbed_at >= since;
}

void sim_pass(int64_t ms)
{
    sim.ms += ms;
    if (sim.program && ms >= MEANWHILE_MS && !sim.calm && sim_chance(12)) {
        sim_meanwhile();
    }
}

void sim_call(void)
{
    Program *program = sim.program;
    sim.ms++;
    if (!program) {
        return;
    }
    program->calls++;
    if (program->calls == program->meanwhile_at) {
        sim_meanwhile();
    }
    if (program->calls == program->kill_at) {
        longjmp(program->jump, 1);
    }
}

/* --- the world's events ------------------------------------------------------------------------------------- */

static int any_pc(void)
{
    return (int)sim_below(sim.pc_count);
}

static void wake(int pc)
{
    Pc *it = &sim.pcs[pc];
    it->awake = true;
    it->look = true;
    it->looks_at = sim_now();
    sim_say("%s wakes", it->name);
    if (it->has_task) {
        sim_run_slots(pc, "the task, at unlock");
    }
}

static void sleep_pc(int pc)
{
    Pc *it = &sim.pcs[pc];
    const int64_t hours = sim_chance(8) ? sim_between(48, 400) : sim_between(1, 40);
    it->awake = false;
    it->wakes_at = sim_now() + hours * SIM_HOUR;
    sim_say("%s sleeps for %lld h", it->name, (long long)hours);
}

static void set_clock(int pc)
{
    static const int64_t most[] = {2 * SIM_HOUR, 20 * SIM_HOUR, 10 * SIM_DAY, 400 * SIM_DAY};
    Pc *it = &sim.pcs[pc];
    const int64_t by = sim_between(300, most[sim_below(4)]);
    it->ahead = sim_chance(2) ? by : -by;
    it->right_at = sim_now() + sim_between(1, 60) * SIM_HOUR;
    it->look = true;
    it->looks_at = sim_now();
    sim_disturb();
    sim_say("the clock of %s is set %lld s %s", it->name, (long long)by, it->ahead > 0 ? "ahead" : "back");
}

static void set_right(int pc)
{
    sim_disturb();
    sim.ledger_lost = true;
    sim.clock_right_at = sim_now();
    sim.pcs[pc].ahead = 0;
    sim.pcs[pc].look = true;
    sim.pcs[pc].looks_at = sim_now();
    sim_say("the clock of %s is right again", sim.pcs[pc].name);
}

static void lose_power(int pc)
{
    sim_say("%s loses its power", sim.pcs[pc].name);
    sim_disturb();
    sim_fs_power_loss(pc);
    sim.pcs[pc].keeper = (Keeper){0};
    sleep_pc(pc);
}

static void rot(void)
{
    Node *node = sim_any_backup();
    if (node && node->len > 0) {
        sim_say("a bit of %s rots", fs_base_name(node->path));
        sim_touch(fs_base_name(node->path));
        node->data[sim_below((int64_t)node->len)] ^= (uint8_t)(1u << sim_below(8));
        node->version = ++sim.versions;
    }
}

static void explorer(void)
{
    Node *node = sim_any_backup();
    if (!node) {
        return;
    }
    char *name = mem_strdup(fs_base_name(node->path)), *manifest = mem_printf("%s.manifest.json", name);
    Node *beside = sim_file(manifest);
    sim_touch(name);
    if (sim_chance(2) && beside) {
        sim_say("somebody deletes the manifest of %s in the Explorer", name);
        sim_touch(manifest);
        sim_fs_drop(beside);
    } else {
        sim_say("somebody deletes %s in the Explorer", name);
        sim.deleted_at = sim_now();
        sim_fs_drop(node);
    }
    mem_free(manifest);
    mem_free(name);
}

static void spoil_small_file(void)
{
    static const char *const names[] = {"backup_config.json", "schedule_ledger.json", "backup_log.json"};
    static const char *const texts[] = {"", "{\"retention_days\": ", "\x01\x02 no text at all"};
    const size_t which = (size_t)sim_below(3);
    const char *text = texts[sim_below(3)];
    if (!sim_file(names[which])) {
        return;
    }
    char *path = fs_join(sim.folder, names[which]);
    sim_fs_put(path, text, strlen(text));
    sim_file(names[which])->spoiled = sim.versions;
    mem_free(path);
    sim_disturb();
    sim.unsure = sim.unsure || which == 0;
    sim.plan_known = sim.plan_known && which != 0;
    sim.ledger_lost = sim.ledger_lost || which == 1;
    sim_say("%s is spoiled", names[which]);
}

static void lose_rows(void)
{
    const size_t table = (size_t)sim_below(SIM_TABLES);
    sim.rows[table] = sim.rows[table] * sim_between(0, 60) / 100 + 1;
    sim_say("an accident: table %zu has %lld rows left", table, (long long)sim.rows[table]);
}

static void until(int64_t *moment, int64_t most_hours, const char *what)
{
    const int64_t hours = sim_between(1, most_hours);
    *moment = sim_now() + hours * SIM_HOUR;
    sim_say("%s for %lld h", what, (long long)hours);
}

static void fill_disk(void)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        taken += sim.nodes[i]->len;
    }
    sim.full_at = taken + (uint64_t)sim_below(200000);
    until(&sim.full_until, 60, "the disk is full");
    sim.ever_faulted = true;
    sim_disturb();
}

static void strike(void)
{
    const int pc = any_pc();
    if (!sim.plan_known && sim.pcs[pc].awake && sim_chance(3)) {
        sim_configure(pc, false);
        return;
    }
    switch (sim_below(25)) {
    case 0: case 1: case 2: case 3:
        if (sim.pcs[pc].awake) {
            sleep_pc(pc);
        }
        break;
    case 4:
        until(&sim.down_until, 96, "the server is away");
        sim_server_restart();
        break;
    case 5: until(&sim.pcs[pc].offline_until, 72, "a PC has no network"); break;
    case 6: until(&sim.password_until, 60, "the password is no longer right"); break;
    case 7: until(&sim.token_until, 200, "the sign-in to SharePoint is dead"); break;
    case 8: fill_disk(); break;
    case 9:
        if (sim.shared) {
            until(&sim.away_until, 30, "the share is away");
            sim.ever_faulted = true;
            sim_disturb();
        }
        break;
    case 10: set_clock(pc); break;
    case 11: lose_power(pc); break;
    case 12:
        if (sim_chance(3)) {
            rot();
        }
        break;
    case 13:
        if (sim_chance(3)) {
            explorer();
        }
        break;
    case 14:
        if (sim_chance(4)) {
            spoil_small_file();
        }
        break;
    case 15:
        if (sim_chance(5)) {
            lose_rows();
        }
        break;
    case 16:
        until(&sim.pcs[pc].low_until, sim_chance(3) ? 90 : 20, "a PC is not plugged in, and its battery is low");
        break;
    case 17: case 18: case 19:
        if (sim.pcs[pc].awake) {
            sim_backup_by_hand(pc);
        }
        break;
    default:
        if (sim.pcs[pc].awake) {
            sim_person(pc);
        }
        break;
    }
}

/* Logs grow for years; here somebody files them away in time, else lives would do little but write them. */
static void file_away(void)
{
    for (size_t i = sim.node_count; i > 0; i--) {
        Node *node = sim.nodes[i - 1];
        if (!node->dir && node->len > LOG_KEPT && !strncmp(fs_base_name(node->path), "backup_log_", 11)) {
            sim_say("somebody files %s away", fs_base_name(node->path));
            sim_fs_drop(node);
        }
    }
}

static void grow(void)
{
    for (size_t i = 0; i < SIM_TABLES; i++) {
        sim.rows[i] += sim.rows[i] < 400 ? sim_between(0, 3) : sim_between(0, 2) - 1;
    }
}

/* --- a life ------------------------------------------------------------------------------------------------- */

static void choose_zone(void)
{
    static const char *const half_an_hour = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"; /* Lord Howe */
    const char *const zones[] = {
        "CET-1CEST,M3.5.0,M10.5.0/3",             /* Berlin */
        "EST5EDT,M3.2.0,M11.1.0",                 /* New York */
        half_an_hour,
        "NZST-12NZDT,M9.5.0,M4.1.0/3",            /* Auckland */
        "EET-2EEST,M3.5.0/0,M10.5.0/0",           /* Beirut: at midnight */
        "IST-5:30", "UTC0"};
    const char *zone = zones[sim_below(sizeof zones / sizeof zones[0])];
    sim.jump = zone == half_an_hour ? 1800 : 3600;
    setenv("TZ", zone, 1);
    tzset();
}

static void begin(void)
{
    strbuf_init(&sim.log, LOG_MAX);
    choose_zone();
    sim.ms = (START + sim_below(365 * SIM_DAY)) * (int64_t)1000;
    sim.pc_count = sim_chance(3) ? 1 : SIM_PCS;
    sim.shared = sim.pc_count > 1 || sim_chance(3);
    sim.folder = mem_strdup(sim.shared ? "/share/backups" : "/pc1/backups");
    sim_fs_make_dir("/share");
    sim_fs_make_dir("/program");
    for (int i = 0; i < SIM_PCS; i++) {
        Pc *pc = &sim.pcs[i];
        snprintf(pc->name, sizeof pc->name, "PC-%d", i + 1);
        pc->data = mem_printf("/pc%d/data", i + 1);
        pc->awake = true;
        pc->has_task = sim_chance(4) ? false : true;
        pc->has_window = !pc->has_task || sim_chance(2);
        pc->look = true;
        pc->looks_at = sim_now();
        char *home = fs_dir_name(pc->data);
        sim_fs_make_dir(home);
        sim_fs_make_dir(pc->data);
        mem_free(home);
    }
    sim_fs_make_dir(sim.folder);
    for (size_t i = 0; i < SIM_TABLES; i++) {
        sim.rows[i] = sim_between(60, 250);
    }
    sim.usual_calls = 300;
    connection_init(&sim.connection);
    sim.connection.host = mem_strdup("db.example.org");
    sim.connection.port = mem_strdup("5432");
    sim.connection.user = mem_strdup("keeper");
    sim.connection.database = mem_strdup("cmms");
    secret_set(&sim.connection.password, SIM_PASSWORD, strlen(SIM_PASSWORD));
    sim.calm = true;
    sim_configure(0, true);
    sim.calm = false;
}

/* Wakes, slots of the awake, the windows' timers, clocks that are set right: the first of them, or `moment`. */
static int64_t next_moment(int64_t moment)
{
    for (int i = 0; i < sim.pc_count; i++) {
        const Pc *pc = &sim.pcs[i];
        int64_t slot = 0;
        if (!pc->awake && pc->wakes_at < moment) {
            moment = pc->wakes_at;
        }
        if (pc->ahead != 0 && pc->right_at < moment) {
            moment = pc->right_at;
        }
        if (pc->awake && pc->has_window && pc->looks_at < moment) {
            moment = pc->looks_at;
        }
        const int64_t here = sim_now() + pc->ahead;
        if (pc->awake && pc->has_task && sim_slots(&sim.plan, here, moment + pc->ahead, &slot, 1) > 0) {
            moment = slot - pc->ahead;
        }
    }
    return moment;
}

static void one_pc(int i, int64_t before)
{
    Pc *pc = &sim.pcs[i];
    int64_t slot = 0;
    if (pc->ahead != 0 && pc->right_at <= sim_now()) {
        set_right(i);
    }
    if (!pc->awake) {
        if (pc->wakes_at <= sim_now()) {
            wake(i);
        }
        return;
    }
    if (pc->has_task && sim_slots(&sim.plan, before + pc->ahead, sim_now() + pc->ahead, &slot, 1) > 0) {
        sim_run_slots(i, "the task, at its time");
    }
    if (pc->has_window && pc->looks_at <= sim_now()) {
        sim_keep(i);
    }
}

static void check(void)
{
    sim.checks++;
    sim_check_folder();
    if (sim.checks % 8 == 0) {
        sim_check_loud();
    }
}

/* On to that moment, with all that happens until then. */
static void live_until(int64_t moment)
{
    while (sim_now() < moment) {
        const int64_t before = sim_now(), next = next_moment(moment);
        const unsigned long programs = sim.programs;
        if (next > before) {
            sim.ms = next * 1000;
        } else {
            sim.ms += 1000;
        }
        for (int i = 0; i < sim.pc_count; i++) {
            one_pc(i, before);
        }
        if (sim.programs != programs) {
            check();
        }
    }
}

static void mend_all(void)
{
    sim.full_until = sim.away_until = sim.down_until = sim.password_until = sim.token_until = 0;
    for (int i = 0; i < sim.pc_count; i++) {
        Pc *pc = &sim.pcs[i];
        pc->offline_until = pc->low_until = 0;
        if (pc->ahead != 0) {
            set_right(i);
        }
        pc->awake = true;
        pc->look = true;
        pc->looks_at = sim_now();
    }
    sim_say("from here on all is well");
    sim_disturb();
    sim.calm = true;
}

/* A calm time in the end: all must be as it should, without a repair by hand. */
static void live(void)
{
    begin();
    const int64_t end = sim_now() + (int64_t)sim.days * SIM_DAY;
    int64_t day = sim_now();
    while (sim_now() < end) {
        live_until(sim_now() + sim_between(SIM_HOUR / 2, 2 * SIM_DAY));
        for (; day < sim_now(); day += SIM_DAY) {
            grow();
        }
        strike();
        file_away();
        check();
    }
    mend_all();
    if (!sim.plan_known || sim.unsure) {
        sim_configure(0, true);
    }
    sim_resume(0);
    const int64_t calm = sim_now() + (sim.plan.pattern == SCHEDULE_MONTHLY ? 34 : 9) * SIM_DAY;
    live_until(calm);
    sim_check_calm();
    for (int i = 0; i < sim.pc_count; i++) {
        sim_backup_by_hand(i);
    }
    check();
    sim_check_end();
}

static _Noreturn void live_and_tell(bool digest_only)
{
    sim.random = sim.seed * 0x2545F4914F6CDD1Du + 1;
    sim.machine_random = sim.seed ^ 0x5DEECE66Du;
    live();
    if (digest_only) {
        printf("%016llx\n", (unsigned long long)sim_fnv(sim.log.buf, sim.log.len));
    } else {
        printf("ok seed %llu: %lu programs, %lu of them killed, %lu backups, %lu removed by the rules, %d PC%s\n",
               (unsigned long long)sim.seed, sim.programs, sim.kills, sim.backups, sim.removals, sim.pc_count,
               sim.pc_count > 1 ? "s" : "");
        if (sim.verbose) {
            print_log();
        }
        if (write(sim.told, sim.judged, sizeof sim.judged) != (ssize_t)sizeof sim.judged) { /* at once: it is little */
            _exit(CRASHED);
        }
    }
    fflush(stdout);
    _exit(0);
}

/* --- many lives --------------------------------------------------------------------------------------------- */

static pid_t start(uint64_t seed, int days, bool verbose, int told)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(CRASHED);
    }
    if (child == 0) {
        sim.seed = seed;
        sim.days = days;
        sim.verbose = verbose;
        sim.told = told;
        live_and_tell(false);
    }
    return child;
}

/* The digest of a life's events; "" where it did not end. */
static void digest(uint64_t seed, int days, char text[20])
{
    int ends[2];
    size_t len = 0;
    ssize_t got = 1;
    text[0] = '\0';
    fflush(stdout);
    if (pipe(ends) != 0) {
        return;
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        sim.seed = seed;
        sim.days = days;
        live_and_tell(true);
    }
    close(ends[1]);
    while (len < 19 && got > 0) {
        got = read(ends[0], text + len, 19 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static bool same_twice(uint64_t seed, int days)
{
    char one[20], other[20];
    digest(seed, days, one);
    digest(seed, days, other);
    const bool same = strlen(one) == 17 && !strcmp(one, other);
    printf(same ? "ok seed %llu is the same life twice\n" : "not ok seed %llu: lived twice it is not the same life\n",
           (unsigned long long)seed);
    return same;
}

typedef struct Child {
    pid_t id;
    uint64_t seed;
} Child;

static bool collect(Child *children, size_t *running)
{
    int status = 0;
    const pid_t ended = wait(&status);
    for (size_t i = 0; i < *running; i++) {
        if (children[i].id == ended) {
            if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1) {
                printf("not ok seed %llu: crashed (%s %d)\n", (unsigned long long)children[i].seed,
                       WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            }
            children[i] = children[--*running];
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
    }
    return true;
}

/* What one that has ended well has left. */
static bool add_judged(int from, unsigned long all[JUDGED])
{
    unsigned long one[JUDGED];
    if (read(from, one, sizeof one) != (ssize_t)sizeof one) {
        return false;
    }
    for (size_t i = 0; i < JUDGED; i++) {
        all[i] += one[i];
    }
    return true;
}

/* Of so many lives each check has had something to judge. */
static bool tell_judged(const unsigned long all[JUDGED])
{
    static const char *const names[JUDGED] = {"a backup that was made",          "a removal by the rules",
                                              "what a backup leaves",            "the newest slot after a run",
                                              "an older slot after a run",       "whether a slot was done before",
                                              "what the band says",              "the slot after a calm time"};
    bool ok = true;
    for (size_t i = 0; i < JUDGED; i++) {
        printf("%s judged: %s, %lu times\n", all[i] > 0 ? "ok" : "not ok", names[i], all[i]);
        ok = ok && all[i] > 0;
    }
    return ok;
}

static bool live_all(uint64_t from, uint64_t to, int days, bool verbose)
{
    enum { MOST = 64 };
    Child children[MOST];
    int told[2];
    unsigned long judged[JUDGED] = {0};
    if (pipe(told) != 0) {
        perror("pipe");
        return false;
    }
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = processors > MOST ? MOST : processors < 1 ? 1 : (size_t)processors;
    size_t running = 0;
    bool ok = true;
    for (uint64_t seed = from; seed <= to || running > 0;) {
        if (seed <= to && running < most) {
            children[running++] = (Child){start(seed, days, verbose, told[1]), seed};
            seed++;
        } else {
            ok = collect(children, &running) && add_judged(told[0], judged) && ok;
        }
    }
    close(told[0]);
    close(told[1]);
    return (to - from + 1 < ENOUGH || days < USUAL_DAYS || tell_judged(judged)) && ok;
}

static bool number(const char *text, const char **end, uint64_t *value)
{
    char *stop = NULL;
    errno = 0;
    *value = strtoull(text, &stop, 10);
    *end = stop;
    return *text >= '0' && *text <= '9' && errno == 0;
}

static int usage(void)
{
    fputs("simulate [--log] [--tests] SEED[-SEED] [DAYS]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool verbose = false, tests = false;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        verbose = verbose || !strcmp(argv[at], "--log");
        tests = tests || !strcmp(argv[at], "--tests");
        if (strcmp(argv[at], "--log") != 0 && strcmp(argv[at], "--tests") != 0) {
            return usage();
        }
    }
    uint64_t from = 0, to = 0, days = USUAL_DAYS;
    const char *end = "";
    if (at >= argc || !number(argv[at], &end, &from)) {
        return usage();
    }
    to = from;
    if ((*end == '-' && !number(end + 1, &end, &to)) || *end || to < from ||
        (at + 1 < argc && (!number(argv[at + 1], &end, &days) || *end || days < 1 || days > 5000))) {
        return usage();
    }
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
    bool ok = !tests || same_twice(from, days < TWICE_DAYS ? (int)days : TWICE_DAYS);
    ok = live_all(from, to, (int)days, verbose) && ok;
    return ok ? 0 : 1;
}
