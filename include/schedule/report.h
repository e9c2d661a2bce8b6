/*
 * report.h: the health report: how the backups of the last year went, where things stand, and what is ahead, for people
 * who were not there: one page to look at, mail and print, and the same as JSON.
 *
 * report_build is pure: what a look at the folder found in, the report out. It tells what is recorded (the audit log
 * with its rotated files, the manifests, the ledger of the schedule) and nothing more: a day without a record is a day
 * of which nothing is recorded. Where the log cannot tell all, that is said, and proofs are also those of the
 * manifests. The log knows no databases, so calendar, trends and failures are those of the whole folder, which the
 * report says where the folder holds backups of several; where things stand is said of the one that is configured.
 */
#ifndef CMMS_REPORT_H
#define CMMS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "schedule/due.h"
#include "schedule/protection.h"
#include "store/copies.h"
#include "store/health.h"
#include "store/source.h"
#include "version.h"

#define REPORT_DAYS 366        /* of the calendar: today and a year before */
#define REPORT_EVENTS 15       /* proofs, restores and failures each: the newest */
#define REPORT_PAGE CMMS_PRODUCT " health report.html"

typedef enum DayState {
    DAY_NOTHING, /* nothing is recorded */
    DAY_GOOD,    /* a backup was made and is, or was, verified or proven */
    DAY_WEAK,    /* one was made, and is not: read or listed only, or damaged now */
    DAY_FAILED,  /* none was made, and a try has failed */
    DAY_MISSED   /* none was made, and a slot of the schedule was missed */
} DayState;
const char *day_state_word(DayState state); /* "nothing", "good", "weak", "failed", "missed"; static */

typedef struct ReportDay {
    int64_t day;     /* clock_days, local */
    DayState state;
    unsigned good, weak, failed, missed; /* backups, tries, slots */
    unsigned proofs, restores;           /* that went well */
} ReportDay;

/* One backup of the last year, of which size or duration is recorded. */
typedef struct ReportPoint {
    int64_t when;   /* unix seconds */
    uint64_t bytes; /* 0: not recorded */
    double seconds; /* < 0: not recorded */
} ReportPoint;

/* An entry of the log. */
typedef struct ReportEvent {
    char *when;      /* owned: as the log has it; or NULL */
    char *operation; /* owned: "prove", "restore", "backup", … */
    char *file;      /* owned; or NULL */
    char *server;    /* owned: what a proof ran on; or NULL */
    char *text;      /* owned: its message; or NULL */
    uint64_t bytes;
    double seconds;  /* < 0: not recorded */
    bool ok;
} ReportEvent;

typedef struct ReportEvents {
    ReportEvent items[REPORT_EVENTS]; /* the newest first */
    size_t count;
    size_t total;    /* in the whole year */
} ReportEvents;

/* A backup that lies in the folder now. */
typedef struct ReportBackup {
    char *name;      /* owned */
    int64_t created, proven; /* proven 0: never */
    uint64_t bytes;
    double seconds;  /* < 0: not known */
    Level level;
    bool pinned;
    bool offsite, waiting; /* it has a copy on SharePoint that was compared; it waits for one */
    int64_t leaves;  /* when it would go, as things stand (RetentionItem); 0: it stays */
    char *reason;    /* owned: why */
} ReportBackup;

typedef struct Report {
    int64_t made;
    char *folder, *source;    /* owned; source: the configured database in words, or NULL */
    size_t sources;           /* of how many databases the folder holds backups, as far as that is known */
    Health health;
    Protection protection;
    char *last_good;          /* owned: the newest good backup of the database; NULL: none */
    int64_t last_good_at, next; /* 0: none */
    char *next_text;          /* owned: "tonight 02:00"; NULL: none */
    char *waits;              /* owned: what the newest slot waits for; NULL: it does not wait */
    ReportDay days[REPORT_DAYS]; /* oldest first; the last is today */
    unsigned state_days[DAY_MISSED + 1]; /* how many days of each state */
    ReportPoint *points;      /* owned, oldest first */
    size_t point_count;
    ReportEvents proofs, restores, failures;
    /* What a restore of the newest good backup would take: by the last restore of a whole backup, else by the last
     * proof, in the ratio of their sizes. Nothing is added for a safety backup that took longer. */
    double restore_seconds;   /* < 0: not known */
    bool by_restore;
    double measured_seconds;  /* what that one took, */
    uint64_t measured_bytes;  /* its size, */
    char *measured_when;      /* owned: and when, as the log has it */
    ReportBackup *backups;    /* owned, the newest first */
    size_t backup_count;
    bool copies_known;        /* else the record of the copies could not be read, and the next four are 0 */
    size_t here, both, there, waiting; /* without a copy on SharePoint; with one; copies alone; waiting for theirs */
    char *frozen;             /* owned: why nothing goes: alarm, a person, settings that are not known; NULL: it may */
    size_t log_entries;       /* that follow from one another */
    char *log_problem;        /* owned: what is wrong with the log; NULL: nothing */
    bool log_broken;          /* that its chain does not hold; else it could not be looked at */
    size_t log_odd;           /* its entries of which nobody knows when they were: in nothing else */
    char **notices;           /* owned: what could not be read, and so is not in it */
    size_t notice_count;
} Report;

typedef struct ReportFacts { /* all borrowed */
    const char *folder;
    const HealthFacts *health; /* its catalog with the copies */
    const Settings *settings;
    const Ledger *ledger;
    const Copies *copies;
    const char *frozen;        /* retention_frozen, or NULL: also where a person has stopped clean-ups */
    const DueZone *zone;
    const cJSON *log;          /* an array: its entries, oldest first; older ones than a year are passed over */
    size_t log_entries;
    const char *log_problem;   /* or NULL */
    bool log_broken;           /* it is that the log is damaged, and not that it could not be looked at */
    bool copies_unknown;       /* `copies` could not be read */
} ReportFacts;

void report_init(Report *report);
void report_release(Report *report);
/* Replaces what it holds, but for the notices; adds one of entries of the log that are in nothing. */
void report_build(const ReportFacts *facts, Report *report);
void report_notice(Report *report, const char *text); /* NULL is nothing */

/* The page; `page` is initialised. */
void report_page(const Report *report, StrBuf *page);
/* For JSON; caller deletes. */
cJSON *report_document(const Report *report);

typedef struct ReportSpec { /* all borrowed */
    const char *folder;
    const char *named_folder; /* where somebody has named it: as registration_look wants it. NULL: the usual one */
    const Source *source;     /* the configured database; NULL: none is */
} ReportSpec;

/* Looks at the folder, asks no server. What cannot be read becomes a notice, but for the folder itself and its
 * settings. `report` is initialised. */
bool report_make(const ReportSpec *spec, Report *report, Error *err);
/* Makes it and writes the page to `out`; NULL: to the user's own pages (page.h). *written (caller frees) is where. */
bool report_issue(const ReportSpec *spec, const char *out, Report *report, char **written, Error *err);

#endif
