/*
 * settings.h: backup_config.json in the backup folder, as the predecessor wrote it. Unknown keys survive a save. A
 * file that cannot be read as JSON is renamed to backup_config.damaged-YYYYMMDD_HHMMSS.json, and the defaults are
 * used; a single nonsensical value is replaced by its default and named, and stays in the file until another is
 * chosen. What is not as it should be also sets `unsure`: defaults in the place of what somebody chose may keep
 * backups, not remove them. The same where the file is gone though settings were saved in this folder (the log says
 * so), or a damaged one or a sync client's copy lies there: until somebody saves settings again.
 */
#ifndef CMMS_SETTINGS_H
#define CMMS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/error.h"

typedef enum Method { METHOD_ZSTD, METHOD_GZIP, METHOD_LZ4 } Method;
typedef enum Schedule { SCHEDULE_DAILY, SCHEDULE_WEEKLY, SCHEDULE_MONTHLY } Schedule;

#define SETTINGS_MORE_TIMES 11

/* Hours of each day by local clocks, minutes since midnight: from the one until before the other, over midnight where
 * that is earlier. Two alike: none. As text "22:00-06:00". */
typedef struct DayHours {
    int from, to;
} DayHours;

typedef struct Settings {
    bool enabled;             /* scheduled backups on; default true */
    Schedule schedule;        /* default daily */
    int backup_hour, backup_minute; /* "backup_time": "02:00" */
    int more_times[SETTINGS_MORE_TIMES]; /* "more_times": "12:00,18:30", minutes since midnight; default none */
    size_t more_time_count;
    unsigned weekdays;        /* "weekdays": "mon,thu", of a weekly schedule: bit 0 Sunday; default Monday */
    int month_day;            /* 0..31, of a monthly one; 0, and where the month is shorter: its last; default 1 */
    bool wake;                /* the PC is woken for a slot; default false */
    bool on_battery;          /* slots are run on battery too; default true */
    int battery_percent;      /* 0..100, default 20: on battery with less charge a slot waits (waiting.h); 0: it does
                                 not */
    bool on_metered;          /* slots are run over a network that counts each byte too; default true */
    DayHours quiet_hours;     /* in which no slot is begun; default none */
    int wait_days;            /* 0..30, default 2: for so long a slot waits at most; 0: none waits */
    int recheck_days;         /* 0..365, default 7: each file is read again to its last byte after so many days
                                 (recheck.h); 0: none is */
    int prove_every_days;     /* 0..365, default 30: the newest good backup is proven after so many; 0: not by itself */
    DayHours check_hours;     /* in which that is done; default 20:00-06:00; none: at any hour */
    bool upload_after_backup; /* default false: each backup is copied to SharePoint when it is made (offsite.h) */
    int upload_limit_kb;      /* 0..10000000, default 0: uploads go as fast as they can; else so many KB a second, all
                                 of them together; below 16 it counts as 16 (rate.h) */
    int prove_within_days;    /* 0..3650, default 35: a proof that is older than so many days protects no more; 0: none
                                 is asked for */
    int retention_days;       /* 1..3650, default 30 */
    int max_backups;          /* 1..10000, default 50 */
    bool compress;            /* default true */
    Method compress_with;     /* default zstd, which takes pg_restore 16 or newer, built with it; gzip: any of them */
    bool verify_after_backup; /* default true */
    int keep_monthly;         /* 0..120, default 0: the newest backup of each of so many months stays */
    int shrink_alarm_percent; /* 0..100, default 30; 0: no alarm */
    int undo_days;            /* 0..3650, default 14: of what restores replaced a clean-up that somebody asks for drops
                                 what is older (restore.h); 0: nothing */
    int stall_minutes; /* 1..1440, default 10: a dump from which nothing comes for so long is stopped */
    cJSON *document;          /* owned: the file's object with all its keys */
    char *notice;             /* owned: what the user should be told about the load, or NULL */
    char *unsure;             /* owned: why these may not be the rules that somebody chose, so that nothing may be
                                 removed by them ("the settings could not be read"); NULL: they are */
    unsigned wrong;           /* bits, in the order of settings_key: what the file holds for it is no value */
} Settings;

#define SETTINGS_FILE "backup_config.json"
/* A hint that the console says in its own words (cli/hints.c). */
#define SETTINGS_NAMES "See the settings for their names."

void settings_init(Settings *settings); /* the defaults */
void settings_release(Settings *settings);
/* `settings` is initialised; what it holds is replaced. A missing file gives the defaults. EK_IO when it is there
 * and cannot be read, or is damaged and cannot be renamed, or when the folder is not there. */
bool settings_load(const char *folder, Settings *settings, Error *err);
/* EK_SETTINGS names a value that is out of its range; EK_IO, EK_SPACE or EK_BUSY: the file is as it was. */
bool settings_save(const char *folder, const Settings *settings, Error *err);
/* Loads, lets `change` alter what was loaded, and saves that if it differs, with no other process in between: of two
 * who change different values at once both get theirs. `settings` then has what is in the file. False from `change`:
 * nothing is saved, and `settings` is as it was. */
bool settings_change(const char *folder, bool (*change)(void *context, Settings *settings, Error *err), void *context,
                     Settings *settings, Error *err);
/* Parses bytes as the file's content: the fuzzer's way in. */
bool settings_parse(const char *bytes, size_t len, Settings *settings, Error *err);
/* One value by its key in the file, given as text ("retention_days", "14"). EK_USAGE names a key that there is not,
 * EK_SETTINGS a value that does not fit. */
bool settings_set(Settings *settings, const char *key, const char *value, Error *err);
/* The keys, in the order of the table in settings.c, NULL at the end of them. */
const char *settings_key(size_t index);
/* A value as text, as settings_set takes it; NULL for an unknown key. Caller frees. */
char *settings_get(const Settings *settings, const char *key);
const char *settings_method(const Settings *settings); /* "zstd", as pg_dump's --compress has it */
/* The value that `settings` has for that key is what somebody chose: a save writes it over one that is no value. */
void settings_chosen(Settings *settings, const char *key);
/* What stands for that key is what somebody chose, or the default that nobody changed; false: it stands in the place of
 * what could not be read. */
bool settings_knows(const Settings *settings, const char *key);
const char *schedule_name(Schedule schedule); /* "daily", "weekly", "monthly" */

#endif
