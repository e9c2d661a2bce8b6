/*
 * list_model.h: all that a listing of the folder finds, made by a worker: the backups, the day on which each goes, and
 * what the status band is judged by. A row's texts are made when it is first seen, and kept: ten thousand rows cost no
 * more than those on the screen.
 */
#ifndef CMMS_UI_LIST_MODEL_H
#define CMMS_UI_LIST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "base/error.h"
#include "jobs/offsite.h"
#include "schedule/keeper.h"
#include "store/catalog.h"
#include "store/health.h"
#include "store/ledger.h"
#include "store/settings.h"

typedef enum ListColumn {
    COLUMN_NAME,
    COLUMN_SIZE,
    COLUMN_CREATED,
    COLUMN_AGE,
    COLUMN_STATUS,
    COLUMN_COPIES,
    COLUMN_PINNED,
    COLUMN_LEAVES,
    COLUMN_COUNT
} ListColumn;

/* Where a backup is, beside this PC; what is safer comes later. */
typedef enum ListPlace { PLACE_HERE, PLACE_WAITING, PLACE_EXPORTED, PLACE_SHAREPOINT } ListPlace;

typedef struct ListRow {
    wchar_t *cells; /* owned: COLUMN_COUNT texts one after the other, each with its NUL; NULL: never seen */
    int64_t leaves; /* RetentionItem */
} ListRow;

#define CONFIG_TIMES 120 /* bytes */

/* What the window shows of the settings. */
typedef struct ConfigValues {
    int retention_days, max_backups;
    bool verify, compress;
    bool scheduled;
    Schedule schedule;
    unsigned weekdays;         /* as in Settings, these */
    int month_day;
    char times[CONFIG_TIMES];  /* "02:00, 12:00": as it is shown, or was entered */
} ConfigValues;

typedef struct ListModel {
    Catalog catalog;
    ListRow *rows; /* by the catalog's order */
    int64_t now; /* when it was read */
    char *frozen; /* why no old backup is removed, or NULL */
    char *alarm;  /* the same, where it is a shrink alarm and no person's wish */
    bool config_known; /* the settings could be read */
    ConfigValues config;
    char *notice; /* what the settings' reading should tell, or NULL */
    char *log_notice; /* why the audit log cannot be read, or NULL */
    bool copies_unread, uploading; /* as in HealthFacts */
    char *copies_notice; /* what reading which copies are on SharePoint should tell, or NULL */
    bool space_known;
    uint64_t free_bytes;
    size_t removals;
    int due_hours;
    char *slot; /* what is wrong with the newest slot of the schedule, or NULL; and when that was */
    int64_t slot_at;
    Settings settings; /* the defaults where they could not be read; nothing before a reading */
    Ledger ledger;     /* empty where it cannot be read */
    OffsiteSignIn sign_in; /* to SharePoint */
    char *silent, *silent_names; /* which other computers have fallen silent (seen_silent_text), or NULL */
    Keeper keeper;     /* which slot is due, and when; the window switches it off where none is to be run */
} ListModel;

void list_model_init(ListModel *model);
void list_model_release(ListModel *model);
/* Replaces what model holds. */
bool list_model_load(const char *folder, ListModel *model, Error *err);
ConfigValues list_model_config(const Settings *settings);
/* The shrink alarm to look at, also where only the backup that raised it says so; NULL: none. Borrowed. */
const char *list_model_alarm(const ListModel *model);
ListPlace list_model_place(const CatalogEntry *entry);
/* Borrowed; `index` is that of the catalog. */
const wchar_t *list_model_cell(const ListModel *model, size_t index, ListColumn column);
/* For the database that is connected, or NULL (source_of_connection): what the status band says of the four facts, and
 * of the task (registration_problem), as protection.h has it. */
void list_model_judge(const ListModel *model, const Source *source, bool configured, const char *task, Health *health);
/* Its newest good backup's moment; 0: there is none. */
int64_t list_model_good(const ListModel *model, const Source *source, bool configured);
/* The name of one that is damaged; NULL: none is. Borrowed. */
const char *list_model_damaged(const ListModel *model, const Source *source, bool configured);
/* Whether older backups are to be read again now, or the newest proven (recheck.h). */
bool list_model_wants_check(const ListModel *model, const Source *source, bool configured);
/* When the next backup comes by itself, in words: "tonight 02:00"; NULL: not known, or now. Caller frees. */
char *list_model_next(const ListModel *model);

#endif
