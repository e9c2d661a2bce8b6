/*
 * sim.h: a whole life of one backup folder, by seed. The production core runs above a played platform: what stands
 * below it (clock, disk, locks, server, tools, SharePoint) is put in its place when the program is linked (PLAY). One
 * seed is one process with one thread: where the core has threads, what they do is done in a row. README.md beside this
 * says what is real and what is played.
 */
#ifndef CMMS_SIM_H
#define CMMS_SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "compiler.h"
#include "platform/cancel.h"
#include "platform/fs.h"
#include "postgres/connection.h"
#include "schedule/keeper.h"
#include "store/settings.h"

/* The linker gives whoever calls `name` this one (--wrap). CMake reads the lines that begin with it. */
#define PLAY(name) extern __typeof__(name) __wrap_##name;

#define SIM_PCS 2
#define SIM_TABLES 3
#define SIM_TIMES 3
#define SIM_SESSIONS 64
#define SIM_PASSWORD "s3cret-of-the-simulation"
#define SIM_MINUTE 60
#define SIM_HOUR 3600
#define SIM_DAY 86400

/* A running program of a PC. Killed, it comes back in sim_program. */
typedef struct Program {
    struct Program *outer; /* that waits meanwhile, on the same or on the other PC; NULL: none */
    int pc;
    const char *what;
    jmp_buf jump;
    int64_t began;      /* true time */
    long calls;         /* on the disk and to the server so far */
    long kill_at;       /* killed at that call; 0: never */
    long fail_at;       /* that call to the disk fails */
    long meanwhile_at;  /* somebody else acts at that call */
    bool faulted;       /* one has failed */
    bool by_hand;       /* a person's own removal, not that of the rules */
    bool watched;       /* it reads older backups again, and a thread would look whether somebody wants the folder */
    Cancel *cancel;     /* borrowed; NULL: nobody can stop it */
} Program;

/* A file or a folder. */
typedef struct Node {
    char *path;
    uint32_t hash;      /* of the path */
    bool dir;
    bool gone;          /* removed, but held open */
    bool lasts;         /* its name would outlive a loss of power */
    bool tried;         /* whether a scanner holds it was settled */
    uint8_t *data;
    size_t len, capacity;
    size_t flushed;     /* bytes that would outlive a loss of power */
    int64_t modified;   /* true time */
    int64_t held_until; /* by a virus scanner */
    int maker;          /* the PC; -1: the world */
    unsigned refs;      /* open files and locks */
    uint64_t id, version;
    uint64_t spoiled;   /* the version that the world made of it; 0: it did not */
    /* sim_check's */
    uint64_t looked_at; /* the version for which the next is known */
    size_t dump;        /* which whole dump it holds: its number and 1; 0: none */
    uint64_t checked;   /* the version that was found good */
    uint64_t checked_manifest; /* with that one of its manifest */
} Node;

/* What pg_dump wrote, and of which moment. */
typedef struct Dump {
    uint64_t hash;
    size_t len;
    bool whole;
    int64_t moment; /* of its snapshot, true time */
    int64_t rows[SIM_TABLES];
    bool wrong;     /* by a clock that was: its name and its manifest may be a day off */
} Dump;

typedef struct Session {
    bool there;
    Program *program; /* NULL: it has no client any more */
    int pc;
    char job[40];
    bool locked;      /* it has the database's advisory lock */
    bool lost;        /* the server has ended it */
    int64_t until;    /* without a client: when the server notices */
} Session;

typedef struct Pc {
    char name[16];
    char *data;         /* the user's own folder */
    int64_t ahead;      /* seconds that its clock is ahead */
    int64_t right_at;   /* when somebody sets it right */
    bool awake;
    int64_t wakes_at;
    int64_t offline_until;
    int64_t low_until;  /* not plugged in, and its battery is low */
    bool has_task, has_window;
    Keeper keeper;
    bool look;          /* the window is to look anew */
    int64_t looks_at;
} Pc;

/* The schedule as somebody has set it, for our own reckoning of its slots. */
typedef struct Plan {
    Schedule pattern;
    unsigned weekdays;
    int month_day;
    int times[SIM_TIMES];
    size_t time_count;
} Plan;

typedef struct Rules {
    int days, most; /* retention_days, max_backups */
} Rules;

typedef struct DoneSlot {
    int64_t slot, at;
    bool kept; /* the ledger had it then */
} DoneSlot;

/* What was looked at, and not passed over because something excused it: of a check that never judges nobody would
 * learn that it cannot fail. */
enum {
    JUDGED_MADE,
    JUDGED_RULES,
    JUDGED_LEFT,
    JUDGED_NEWEST,
    JUDGED_OLDER,
    JUDGED_TWICE,
    JUDGED_LOUD,
    JUDGED_CALM,
    JUDGED
};

typedef struct Sim {
    uint64_t seed;
    int days;
    bool verbose;
    uint64_t random, machine_random; /* two streams: what the core draws does not shift the world's events */
    int64_t ms;                      /* true time, since 1970 */
    StrBuf log;                      /* of events */
    Program *program;                /* the innermost that runs; NULL: the world itself */
    int viewer;                      /* whose clock counts while none runs */
    Pc pcs[SIM_PCS];
    int pc_count;
    char *folder;
    bool shared;                     /* on a server: it outlives a PC's loss of power, and can be away */
    Connection connection;

    Node **nodes;                    /* as they were made */
    size_t node_count, node_capacity;
    uint64_t versions;
    int64_t full_until, away_until;
    uint64_t full_at;                /* bytes of the disk while somebody fills it */

    int64_t rows[SIM_TABLES];
    int64_t down_until, password_until, token_until;
    Session sessions[SIM_SESSIONS];
    Dump *snapshots;                 /* by their number */
    size_t snapshot_count, snapshot_capacity;
    Dump *dumps;
    size_t dump_count, dump_capacity;
    char **copies;                   /* on SharePoint: NAME/SHA-256 */
    size_t copy_count, copy_capacity;

    int jump;                        /* seconds by which clocks go forward and back in this zone, where they do */
    Plan plan;
    bool plan_known;                 /* false: the settings were damaged, or may be the old ones */
    int64_t slots_from;              /* slots before it are nobody's */
    bool ledger_lost;                /* until a run with a right clock has written one */
    int64_t paused_until;
    Rules rules;
    int64_t rules_from;              /* a program that began before may have read others */
    int64_t deleted_at;              /* when a person last took a backup away */
    int64_t disturbed_at;            /* when something last happened that excuses a slot that runs twice */
    bool unsure;                     /* the settings were damaged and not saved since */
    char **touched;                  /* names of files that the world has spoiled */
    size_t touched_count, touched_capacity;
    int64_t clock_right_at;          /* when a wrong clock was last set right */
    bool ever_faulted;               /* a call to the disk has failed, or there was no room, or no share */
    DoneSlot done[64];
    size_t done_count;
    bool calm;                       /* nothing strikes any more */
    long usual_calls;                /* of a run, lately */
    unsigned long programs, kills, backups, removals, checks;
    unsigned long judged[JUDGED];
    int told;                        /* where a life leaves `judged`, when it has ended well */
} Sim;
extern Sim sim;

/* --- simulate.c ------------------------------------------------------------------------------------------- */

int64_t sim_now(void);           /* true time, seconds */
int sim_pc(void);                /* whose program runs, or sim.viewer */
uint64_t sim_draw(uint64_t *state);
int64_t sim_below(int64_t count);                 /* 0..count-1 */
int64_t sim_between(int64_t least, int64_t most); /* both included */
bool sim_chance(int64_t one_in);
void sim_say(const char *format, ...) CMMS_PRINTF(1, 2); /* a line of the event log */
/* A promise is broken: tells the seed, the promise and the events, and ends this life. */
CMMS_NORETURN void sim_broken(const char *promise, const char *format, ...) CMMS_PRINTF(2, 3);
/* Time passes; while a program waits for long, somebody else may act. */
void sim_pass(int64_t ms);
void sim_disturb(void);          /* see Sim.disturbed_at */
bool sim_disturbed(int64_t since);
uint64_t sim_fnv(const void *bytes, size_t len);
/* Before each call of a program to disk or server: may kill it, or let others act. */
void sim_call(void);

/* --- sim_fs.c --------------------------------------------------------------------------------------------- */

Node *sim_find(const char *path);
Node *sim_file(const char *name); /* in the backup folder */
void sim_fs_put(const char *path, const char *bytes, size_t len); /* by the world: no rule of the disk holds */
void sim_fs_make_dir(const char *path);
void sim_fs_drop(Node *node);
void sim_fs_release(Program *program);          /* what it holds open and locked is let go by the system */
size_t sim_fs_held(const Program *program);
void sim_fs_power_loss(int pc);
bool sim_fs_locked(const char *name);           /* by anybody */

/* --- sim_server.c ----------------------------------------------------------------------------------------- */

void sim_server_release(Program *program);      /* its sessions stay a while, without a client */
size_t sim_server_held(const Program *program);
void sim_server_restart(void);                  /* all sessions end */

/* --- sim_programs.c --------------------------------------------------------------------------------------- */

/* Each starts a program on that PC and checks what came of it. */
void sim_run_slots(int pc, const char *why);
void sim_keep(int pc);            /* the window's timer */
void sim_backup_by_hand(int pc);
void sim_person(int pc);          /* something else by hand, in the window */
bool sim_configure(int pc, bool first);
void sim_resume(int pc);          /* no pause any more */
void sim_meanwhile(void);         /* somebody else acts while a program runs */

/* --- sim_check.c ------------------------------------------------------------------------------------------ */

bool sim_is_backup(const char *name);
void sim_touch(const char *name);
bool sim_touched(const char *name);
const Dump *sim_truth(Node *node);  /* the whole dump that it is, NULL: it is none */
Node *sim_any_backup(void);         /* by chance; NULL: there is none */
void sim_check_removal(Node *node); /* before the core removes it */
void sim_check_secret(const char *where, const char *bytes, size_t len);
struct Manifest;
void sim_check_success(const char *path, const struct Manifest *manifest, int64_t began);
/* `told`: it was said that it could not be kept, or somebody else acted since. */
void sim_check_slot_done(int pc, int64_t slot, bool told);
void sim_check_slots(int pc, int64_t began);
void sim_check_folder(void);        /* P1, P6 */
void sim_check_left(int pc);        /* P4, after a backup that succeeded */
void sim_check_loud(void);          /* P8 */
void sim_check_calm(void);          /* P8: after a calm time, by the schedule alone */
void sim_check_end(void);
/* Slots by our own reckoning: those in (from, to], at most `room`; how many there are. */
size_t sim_slots(const Plan *plan, int64_t from, int64_t to, int64_t *slots, size_t room);

#endif
