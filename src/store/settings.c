/*
 * settings.c: backup_config.json.
 *
 * The file's object is kept whole (Settings.document): a save sets our members in it and writes it back,
 * so that members of others, and the order of all, survive. A save holds the lock of the folder's small files
 * (folder_files_lock), because a clean-up in another process may take an unfinished temporary file for one
 * that a crash left.
 */
#include "store/settings.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define SETTINGS_MAX (1024u * 1024u) /* bytes of the file */
#define SHOWN_MAX 40                 /* bytes of a wrong value in a notice */
#define RETENTION_DAYS_MAX 3650
#define MAX_BACKUPS_MAX 10000
#define KEEP_MONTHLY_MAX 120
#define PERCENT_MAX 100
#define STALL_MINUTES_MAX 1440
#define SHRINK_ALARM_PERCENT 30
#define MONTH_DAY_MAX 31
#define UNDO_DAYS 14
#define UNDO_DAYS_MAX 3650
#define UPLOAD_LIMIT_MAX 10000000
#define PROVE_WITHIN_DAYS 35
#define PROVE_WITHIN_MAX 3650
#define BATTERY_PERCENT 20
#define WAIT_DAYS 2
#define WAIT_DAYS_MAX 30
#define RECHECK_DAYS 7
#define PROVE_EVERY_DAYS 30
#define CHECK_DAYS_MAX 365
#define CHECK_HOURS "20:00-06:00"
#define DAY_MINUTES (24 * 60)
#define MONDAY (1u << 1)

static const char *const schedule_names[] = {"daily", "weekly", "monthly"};
#define SCHEDULE_COUNT (sizeof schedule_names / sizeof schedule_names[0])

static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
#define WEEK_DAYS (sizeof day_names / sizeof day_names[0])
#define EVERY_DAY ((1u << WEEK_DAYS) - 1)

static const char *const method_names[] = {"zstd", "gzip", "lz4"};
#define METHOD_COUNT (sizeof method_names / sizeof method_names[0])

/* `count` for a text that is none of them: check_values has the words. */
static size_t index_of(const char *const *names, size_t count, const char *text)
{
    size_t i = 0;
    while (i < count && utf8_casecmp(text, names[i])) {
        i++;
    }
    return i;
}

static Schedule parse_schedule(const char *text)
{
    return (Schedule)index_of(schedule_names, SCHEDULE_COUNT, text);
}

static Method parse_method(const char *text)
{
    return (Method)index_of(method_names, METHOD_COUNT, text);
}

const char *settings_method(const Settings *settings)
{
    return method_names[(size_t)settings->compress_with < METHOD_COUNT ? (size_t)settings->compress_with : 0];
}

const char *schedule_name(Schedule schedule)
{
    return schedule_names[(size_t)schedule < SCHEDULE_COUNT ? (size_t)schedule : 0];
}

void settings_init(Settings *settings)
{
    *settings = (Settings){.enabled = true,
                           .schedule = SCHEDULE_DAILY,
                           .backup_hour = 2,
                           .backup_minute = 0,
                           .weekdays = MONDAY,
                           .month_day = 1,
                           .wake = false,
                           .on_battery = true,
                           .battery_percent = BATTERY_PERCENT,
                           .on_metered = true,
                           .wait_days = WAIT_DAYS,
                           .recheck_days = RECHECK_DAYS,
                           .prove_every_days = PROVE_EVERY_DAYS,
                           .check_hours = {20 * 60, 6 * 60}, /* CHECK_HOURS */
                           .upload_after_backup = false,
                           .prove_within_days = PROVE_WITHIN_DAYS,
                           .retention_days = 30,
                           .max_backups = 50,
                           .compress = true,
                           .verify_after_backup = true,
                           .keep_monthly = 0,
                           .shrink_alarm_percent = SHRINK_ALARM_PERCENT,
                           .stall_minutes = SETTINGS_STALL_MINUTES,
                           .undo_days = UNDO_DAYS,
                           .document = cJSON_CreateObject(),
                           .notice = NULL};
    if (!settings->document) {
        mem_out();
    }
}

void settings_release(Settings *settings)
{
    cJSON_Delete(settings->document);
    mem_free(settings->notice);
    mem_free(settings->unsure);
    settings->document = NULL;
    settings->notice = NULL;
    settings->unsure = NULL;
}

static const char *const keys[] = {"enabled",     "schedule", "backup_time",         "retention_days",
                                   "max_backups", "compress", "verify_after_backup", "keep_monthly",
                                   "shrink_alarm_percent", "stall_minutes", "compress_with",
                                   "more_times",  "weekdays", "month_day",           "wake",
                                   "on_battery",  "prove_within_days", "upload_after_backup",
                                   "undo_days",   "battery_percent", "on_metered",   "quiet_hours",
                                   "wait_days",   "recheck_days", "prove_every_days", "check_hours",
                                   "upload_limit_kb"};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

const char *settings_key(size_t index)
{
    return index < KEY_COUNT ? keys[index] : NULL;
}

/* The bit of a key in Settings.wrong. */
static unsigned bit_of(const char *key)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (!strcmp(keys[i], key)) {
            return 1u << i;
        }
    }
    return 0;
}

void settings_chosen(Settings *settings, const char *key)
{
    settings->wrong &= ~bit_of(key);
}

bool settings_knows(const Settings *settings, const char *key)
{
    /* One wrong value says nothing against the others. */
    return settings->unsure == NULL || (settings->wrong != 0 && (settings->wrong & bit_of(key)) == 0);
}

/* --- reading ------------------------------------------------------------------------------------------- */

/* Adds `retention_days was "abc"; 30 is used` to the notices, which are sentences of one text. */
static void note_value(Settings *settings, StrBuf *notices, const char *name, const cJSON *value, const char *used)
{
    settings->wrong |= bit_of(name);
    char *shown = cJSON_PrintUnformatted(value);
    if (!shown) {
        mem_out();
    }
    size_t len = strlen(shown);
    bool cut = len > SHOWN_MAX;
    if (cut) {
        len = SHOWN_MAX;
        while (len > 0 && ((unsigned char)shown[len] & 0xC0) == 0x80) {
            len--; /* not in the middle of a character */
        }
    }
    strbuf_addf(notices, "%s%s was %.*s%s; %s is used", notices->len ? ". " : "", name, (int)len, shown,
                cut ? "…" : "", used);
    cJSON_free(shown);
}

static void get_bool(Settings *settings, const char *name, bool *value, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, name);
    if (cJSON_IsBool(item)) {
        *value = cJSON_IsTrue(item);
    } else if (item) {
        note_value(settings, notices, name, item, *value ? "true" : "false");
    }
}

static void get_range(Settings *settings, const char *name, int min, int max, int *value, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, name);
    int64_t number = json_int(settings->document, name, (int64_t)min - 1);
    if (number >= min && number <= max) {
        *value = (int)number;
    } else if (item) {
        char *used = mem_printf("%d", *value);
        note_value(settings, notices, name, item, used);
        mem_free(used);
    }
}

static void get_schedule(Settings *settings, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, "schedule");
    const Schedule schedule = cJSON_IsString(item) ? parse_schedule(item->valuestring) : SCHEDULE_COUNT;
    if ((size_t)schedule < SCHEDULE_COUNT) {
        settings->schedule = schedule;
    } else if (item) {
        note_value(settings, notices, "schedule", item, schedule_name(settings->schedule));
    }
}

static void get_method(Settings *settings, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, "compress_with");
    const Method method = cJSON_IsString(item) ? parse_method(item->valuestring) : METHOD_COUNT;
    if ((size_t)method < METHOD_COUNT) {
        settings->compress_with = method;
    } else if (item) {
        note_value(settings, notices, "compress_with", item, settings_method(settings));
    }
}

/* "02:00", also "2:00". */
static bool parse_time(const char *text, int *hour, int *minute)
{
    const char *colon = strchr(text, ':');
    size_t digits = colon ? (size_t)(colon - text) : 0;
    if (digits < 1 || digits > 2 || strlen(colon) != 3) {
        return false;
    }
    int parts[2] = {0, 0};
    for (size_t i = 0; i < digits + 3; i++) {
        if (text + i == colon) {
            continue;
        }
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        int *part = &parts[text + i > colon];
        *part = *part * 10 + (text[i] - '0');
    }
    if (parts[0] > 23 || parts[1] > 59) {
        return false;
    }
    *hour = parts[0];
    *minute = parts[1];
    return true;
}

/* Calls take with each of the texts between commas, without the spaces around it, until it says no. An empty text has
 * none. */
static bool each_of(const char *text, bool (*take)(void *context, const char *item), void *context)
{
    bool ok = true;
    while (ok && *text) {
        const char *end = text + strcspn(text, ",");
        StrBuf item;
        strbuf_init(&item, STRBUF_SMALL);
        strbuf_add(&item, text, (size_t)(end - text));
        strbuf_trim(&item);
        ok = item.len > 0 && take(context, item.buf) && !(*end && !end[1]);
        strbuf_release(&item);
        text = *end ? end + 1 : end;
    }
    return ok;
}

static bool take_day(void *context, const char *item)
{
    unsigned *weekdays = context;
    const size_t day = index_of(day_names, WEEK_DAYS, item);
    *weekdays |= day < WEEK_DAYS ? 1u << day : 0;
    return day < WEEK_DAYS;
}

static bool parse_days(const char *text, unsigned *weekdays)
{
    unsigned found = 0;
    if (!each_of(text, take_day, &found) || !found) {
        return false;
    }
    *weekdays = found;
    return true;
}

static char *days_text(unsigned weekdays)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    for (unsigned i = 1; i <= WEEK_DAYS; i++) { /* from Monday on */
        if (weekdays & 1u << i % WEEK_DAYS) {
            strbuf_addf(&text, "%s%s", text.len ? "," : "", day_names[i % WEEK_DAYS]);
        }
    }
    return strbuf_detach(&text);
}

typedef struct Times {
    int minutes[SETTINGS_MORE_TIMES];
    size_t count;
} Times;

static bool take_time(void *context, const char *item)
{
    Times *times = context;
    int hour = 0, minute = 0;
    if (times->count == SETTINGS_MORE_TIMES || !parse_time(item, &hour, &minute)) {
        return false;
    }
    times->minutes[times->count++] = hour * 60 + minute;
    return true;
}

static bool parse_times(const char *text, Settings *settings)
{
    Times times = {.count = 0};
    if (!each_of(text, take_time, &times)) {
        return false;
    }
    memcpy(settings->more_times, times.minutes, sizeof times.minutes);
    settings->more_time_count = times.count;
    return true;
}

static char *times_text(const Settings *settings)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    for (size_t i = 0; i < settings->more_time_count; i++) {
        strbuf_addf(&text, "%s%02d:%02d", i ? "," : "", settings->more_times[i] / 60, settings->more_times[i] % 60);
    }
    return text.len ? strbuf_detach(&text) : (strbuf_release(&text), mem_strdup(""));
}

/* "22:00-06:00"; "" is none. */
static bool parse_hours(const char *text, DayHours *hours)
{
    const char *dash = strchr(text, '-');
    bool ok = *text == '\0';
    DayHours found = {0, 0};
    if (dash) {
        StrBuf from, to;
        int hour[2] = {0, 0}, minute[2] = {0, 0};
        strbuf_init(&from, STRBUF_SMALL);
        strbuf_init(&to, STRBUF_SMALL);
        strbuf_add(&from, text, (size_t)(dash - text));
        strbuf_addstr(&to, dash + 1);
        strbuf_trim(&from);
        strbuf_trim(&to);
        ok = from.len > 0 && to.len > 0 && parse_time(from.buf, &hour[0], &minute[0]) &&
             parse_time(to.buf, &hour[1], &minute[1]);
        found = (DayHours){hour[0] * 60 + minute[0], hour[1] * 60 + minute[1]};
        ok = ok && found.from != found.to; /* a whole day, or nothing? */
        strbuf_release(&to);
        strbuf_release(&from);
    }
    if (ok) {
        *hours = found;
    }
    return ok;
}

static char *hours_text(const DayHours *hours)
{
    return hours->from == hours->to ? mem_strdup("")
                                    : mem_printf("%02d:%02d-%02d:%02d", hours->from / 60, hours->from % 60,
                                                 hours->to / 60, hours->to % 60);
}

static void get_hours(Settings *settings, const char *name, DayHours *hours, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, name);
    if (item && !(cJSON_IsString(item) && parse_hours(item->valuestring, hours))) {
        char *used = hours_text(hours);
        note_value(settings, notices, name, item, *used ? used : "none");
        mem_free(used);
    }
}

static void get_days(Settings *settings, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, "weekdays");
    if (item && !(cJSON_IsString(item) && parse_days(item->valuestring, &settings->weekdays))) {
        char *used = days_text(settings->weekdays);
        note_value(settings, notices, "weekdays", item, used);
        mem_free(used);
    }
}

static void get_times(Settings *settings, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, "more_times");
    if (item && !(cJSON_IsString(item) && parse_times(item->valuestring, settings))) {
        note_value(settings, notices, "more_times", item, "none");
    }
}

static void get_time(Settings *settings, StrBuf *notices)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, "backup_time");
    if (item && !(cJSON_IsString(item) &&
                  parse_time(item->valuestring, &settings->backup_hour, &settings->backup_minute))) {
        char *used = mem_printf("%02d:%02d", settings->backup_hour, settings->backup_minute);
        note_value(settings, notices, "backup_time", item, used);
        mem_free(used);
    }
}

bool settings_parse(const char *bytes, size_t len, Settings *settings, Error *err)
{
    cJSON *document = NULL;
    if (!json_parse(bytes, len, &document, err)) {
        return false;
    }
    if (!cJSON_IsObject(document)) {
        cJSON_Delete(document);
        return error_set(err, EK_DAMAGED, "it is not a JSON object");
    }
    settings_release(settings);
    settings_init(settings);
    cJSON_Delete(settings->document);
    settings->document = document;

    StrBuf notices;
    strbuf_init(&notices, STRBUF_SMALL);
    get_bool(settings, "enabled", &settings->enabled, &notices);
    get_schedule(settings, &notices);
    get_time(settings, &notices);
    get_range(settings, "retention_days", 1, RETENTION_DAYS_MAX, &settings->retention_days, &notices);
    get_range(settings, "max_backups", 1, MAX_BACKUPS_MAX, &settings->max_backups, &notices);
    get_bool(settings, "compress", &settings->compress, &notices);
    get_method(settings, &notices);
    get_bool(settings, "verify_after_backup", &settings->verify_after_backup, &notices);
    get_range(settings, "keep_monthly", 0, KEEP_MONTHLY_MAX, &settings->keep_monthly, &notices);
    get_range(settings, "shrink_alarm_percent", 0, PERCENT_MAX, &settings->shrink_alarm_percent, &notices);
    get_range(settings, "stall_minutes", 1, STALL_MINUTES_MAX, &settings->stall_minutes, &notices);
    get_times(settings, &notices);
    get_days(settings, &notices);
    get_range(settings, "month_day", 0, MONTH_DAY_MAX, &settings->month_day, &notices);
    get_bool(settings, "wake", &settings->wake, &notices);
    get_bool(settings, "on_battery", &settings->on_battery, &notices);
    get_bool(settings, "upload_after_backup", &settings->upload_after_backup, &notices);
    get_range(settings, "prove_within_days", 0, PROVE_WITHIN_MAX, &settings->prove_within_days, &notices);
    get_range(settings, "undo_days", 0, UNDO_DAYS_MAX, &settings->undo_days, &notices);
    get_range(settings, "battery_percent", 0, PERCENT_MAX, &settings->battery_percent, &notices);
    get_bool(settings, "on_metered", &settings->on_metered, &notices);
    get_hours(settings, "quiet_hours", &settings->quiet_hours, &notices);
    get_range(settings, "wait_days", 0, WAIT_DAYS_MAX, &settings->wait_days, &notices);
    get_range(settings, "recheck_days", 0, CHECK_DAYS_MAX, &settings->recheck_days, &notices);
    get_range(settings, "prove_every_days", 0, CHECK_DAYS_MAX, &settings->prove_every_days, &notices);
    get_hours(settings, "check_hours", &settings->check_hours, &notices);
    get_range(settings, "upload_limit_kb", 0, UPLOAD_LIMIT_MAX, &settings->upload_limit_kb, &notices);
    if (notices.len) {
        settings->notice = strbuf_detach(&notices);
        settings->unsure = mem_printf("%s holds a value that cannot be used (%s)", SETTINGS_FILE, settings->notice);
    } else {
        strbuf_release(&notices);
    }
    return true;
}

/* The file is not what it should be: it gets another name, and the defaults are used. */
static bool keep_aside(const char *folder, const char *path, const Error *why, Settings *settings, Error *err)
{
    Error failed = ERROR_INIT;
    char *kept = NULL;
    bool ok = folder_keep_aside(path, &kept, &failed);
    if (!ok && failed.kind != EK_NOT_FOUND) {
        error_context(&failed, "%s in %s is damaged and cannot be kept aside", SETTINGS_FILE, folder);
        return error_move(err, &failed);
    }
    settings_release(settings);
    settings_init(settings);
    settings->unsure = mem_strdup("the settings could not be read");
    if (ok) { /* else another process has just done the same, and says so */
        settings->notice = mem_printf("%s could not be read (%s) and was kept as %s; the default settings are used",
                                      SETTINGS_FILE, why->message, fs_base_name(kept));
    }
    error_clear(&failed);
    mem_free(kept);
    return true;
}

/* What a damaged file was renamed to, or what a sync client makes of two versions: "backup_config-PC2.json",
 * "backup_config (1).json". */
static bool find_copy(void *context, const char *name, const FsInfo *info)
{
    char **copy = context;
    const size_t len = strlen(name), stem = sizeof SETTINGS_FILE - 1 - 5;
    char *start = mem_strndup(name, len < stem ? len : stem), *wanted = mem_strndup(SETTINGS_FILE, stem);
    if (!info->is_dir && !*copy && len > stem + 5 && !utf8_casecmp(start, wanted) &&
        !utf8_casecmp(name + len - 5, ".json")) {
        *copy = mem_strdup(name);
    }
    mem_free(wanted);
    mem_free(start);
    return true;
}

/* There is no file: the defaults. Whether they are what is wanted, is another matter. */
static bool use_defaults(const char *folder, Settings *settings, Error *err)
{
    char *copy = NULL;
    if (!folder_is_there(folder, err) || !fs_list(folder, find_copy, &copy, err)) {
        return error_context(err, "the settings cannot be read");
    }
    settings_release(settings);
    settings_init(settings);
    if (copy) {
        settings->unsure = mem_printf("%s is not there, and %s is", SETTINGS_FILE, copy);
    } else if (auditlog_mentions(folder, "settings")) {
        settings->unsure = mem_printf("%s is not there, although settings were saved in this folder", SETTINGS_FILE);
    }
    if (settings->unsure) {
        settings->notice = mem_printf("%s; the default settings are used, and no old backup is removed by them. Save "
                                      "the settings again", settings->unsure);
    }
    mem_free(copy);
    return true;
}

bool settings_load(const char *folder, Settings *settings, Error *err)
{
    char *path = fs_join(folder, SETTINGS_FILE);
    Error failed = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, SETTINGS_MAX);
    bool ok = fs_read_all(path, SETTINGS_MAX, &sb, &failed) && settings_parse(sb.buf, sb.len, settings, &failed);
    if (!ok) {
        switch (failed.kind) {
        case EK_NOT_FOUND:
            ok = use_defaults(folder, settings, err);
            break;
        case EK_DAMAGED:
            ok = keep_aside(folder, path, &failed, settings, err);
            break;
        default:
            error_context(&failed, "the settings cannot be read");
            error_move(err, &failed);
            break;
        }
    }
    error_clear(&failed);
    strbuf_release(&sb);
    mem_free(path);
    return ok;
}

/* --- writing ------------------------------------------------------------------------------------------- */

static bool check_range(const char *name, int value, int min, int max, Error *err)
{
    return (value >= min && value <= max) ||
           error_set(err, EK_SETTINGS, "%s must be a whole number from %d to %d", name, min, max);
}

static bool check_hours(const char *name, const DayHours *hours, Error *err)
{
    return (hours->from >= 0 && hours->from < DAY_MINUTES && hours->to >= 0 && hours->to < DAY_MINUTES) ||
           error_set(err, EK_SETTINGS, "%s must be two times of day such as 22:00-06:00, or nothing", name);
}

static bool check_values(const Settings *settings, Error *err)
{
    if ((size_t)settings->schedule >= SCHEDULE_COUNT) {
        return error_set(err, EK_SETTINGS, "schedule must be daily, weekly or monthly");
    }
    if ((size_t)settings->compress_with >= METHOD_COUNT) {
        return error_set(err, EK_SETTINGS, "compress_with must be zstd, gzip or lz4");
    }
    if (settings->backup_hour < 0 || settings->backup_hour > 23 || settings->backup_minute < 0 ||
        settings->backup_minute > 59) {
        return error_set(err, EK_SETTINGS, "backup_time must be a time of day from 00:00 to 23:59");
    }
    if (!(settings->weekdays & EVERY_DAY)) {
        return error_set(err, EK_SETTINGS, "weekdays must be days such as mon,thu");
    }
    for (size_t i = 0; i < settings->more_time_count; i++) {
        if (settings->more_times[i] < 0 || settings->more_times[i] >= DAY_MINUTES) {
            return error_set(err, EK_SETTINGS, "more_times must be at most %d times of day such as 12:00,18:30",
                             SETTINGS_MORE_TIMES);
        }
    }
    return check_range("retention_days", settings->retention_days, 1, RETENTION_DAYS_MAX, err) &&
           check_range("max_backups", settings->max_backups, 1, MAX_BACKUPS_MAX, err) &&
           check_range("keep_monthly", settings->keep_monthly, 0, KEEP_MONTHLY_MAX, err) &&
           check_range("shrink_alarm_percent", settings->shrink_alarm_percent, 0, PERCENT_MAX, err) &&
           check_range("stall_minutes", settings->stall_minutes, 1, STALL_MINUTES_MAX, err) &&
           check_range("month_day", settings->month_day, 0, MONTH_DAY_MAX, err) &&
           check_range("prove_within_days", settings->prove_within_days, 0, PROVE_WITHIN_MAX, err) &&
           check_range("undo_days", settings->undo_days, 0, UNDO_DAYS_MAX, err) &&
           check_range("battery_percent", settings->battery_percent, 0, PERCENT_MAX, err) &&
           check_hours("quiet_hours", &settings->quiet_hours, err) &&
           check_range("wait_days", settings->wait_days, 0, WAIT_DAYS_MAX, err) &&
           check_range("recheck_days", settings->recheck_days, 0, CHECK_DAYS_MAX, err) &&
           check_range("prove_every_days", settings->prove_every_days, 0, CHECK_DAYS_MAX, err) &&
           check_hours("check_hours", &settings->check_hours, err) &&
           check_range("upload_limit_kb", settings->upload_limit_kb, 0, UPLOAD_LIMIT_MAX, err);
}

/* The predecessor's file does not have these: they come into it when they are not the default. */
static void set_extra(cJSON *document, const char *name, int value, int usual)
{
    if (value != usual || cJSON_GetObjectItemCaseSensitive(document, name)) {
        json_set_int(document, name, value);
    }
}

static void set_extra_bool(cJSON *document, const char *name, bool value, bool usual)
{
    if (value != usual || cJSON_GetObjectItemCaseSensitive(document, name)) {
        json_set_bool(document, name, value);
    }
}

/* Takes the value. */
static void set_extra_text(cJSON *document, const char *name, char *value, const char *usual)
{
    if (strcmp(value, usual) != 0 || cJSON_GetObjectItemCaseSensitive(document, name)) {
        json_set_string(document, name, value);
    }
    mem_free(value);
}

/* A value that is none stays until another is chosen: what stands in its place was nobody's choice. */
static void keep_wrong(const Settings *settings, cJSON *document)
{
    for (size_t i = 0; settings->document && i < KEY_COUNT; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, keys[i]);
        if (item && settings->wrong & 1u << i) {
            cJSON *copy = cJSON_Duplicate(item, true);
            if (!copy || !cJSON_ReplaceItemInObjectCaseSensitive(document, keys[i], copy)) {
                mem_out();
            }
        }
    }
}

static char *document_text(const Settings *settings)
{
    cJSON *document = settings->document ? cJSON_Duplicate(settings->document, true) : cJSON_CreateObject();
    if (!document) {
        mem_out();
    }
    char *time_text = mem_printf("%02d:%02d", settings->backup_hour, settings->backup_minute);
    json_set_bool(document, "enabled", settings->enabled);
    json_set_string(document, "schedule", schedule_name(settings->schedule));
    json_set_string(document, "backup_time", time_text);
    json_set_int(document, "retention_days", settings->retention_days);
    json_set_int(document, "max_backups", settings->max_backups);
    json_set_bool(document, "compress", settings->compress);
    json_set_bool(document, "verify_after_backup", settings->verify_after_backup);
    set_extra(document, "keep_monthly", settings->keep_monthly, 0);
    set_extra(document, "shrink_alarm_percent", settings->shrink_alarm_percent, SHRINK_ALARM_PERCENT);
    set_extra(document, "stall_minutes", settings->stall_minutes, SETTINGS_STALL_MINUTES);
    if (settings->compress_with != METHOD_ZSTD || cJSON_GetObjectItemCaseSensitive(document, "compress_with")) {
        json_set_string(document, "compress_with", settings_method(settings));
    }
    set_extra_text(document, "more_times", times_text(settings), "");
    set_extra_text(document, "weekdays", days_text(settings->weekdays), day_names[1]);
    set_extra(document, "month_day", settings->month_day, 1);
    set_extra_bool(document, "wake", settings->wake, false);
    set_extra_bool(document, "on_battery", settings->on_battery, true);
    set_extra_bool(document, "upload_after_backup", settings->upload_after_backup, false);
    set_extra(document, "prove_within_days", settings->prove_within_days, PROVE_WITHIN_DAYS);
    set_extra(document, "undo_days", settings->undo_days, UNDO_DAYS);
    set_extra(document, "battery_percent", settings->battery_percent, BATTERY_PERCENT);
    set_extra_bool(document, "on_metered", settings->on_metered, true);
    set_extra_text(document, "quiet_hours", hours_text(&settings->quiet_hours), "");
    set_extra(document, "wait_days", settings->wait_days, WAIT_DAYS);
    set_extra(document, "recheck_days", settings->recheck_days, RECHECK_DAYS);
    set_extra(document, "prove_every_days", settings->prove_every_days, PROVE_EVERY_DAYS);
    set_extra_text(document, "check_hours", hours_text(&settings->check_hours), CHECK_HOURS);
    set_extra(document, "upload_limit_kb", settings->upload_limit_kb, 0);
    keep_wrong(settings, document);
    char *text = json_text(document);
    mem_free(time_text);
    cJSON_Delete(document);
    return text;
}

static bool write_settings(const char *folder, const char *text, Error *err)
{
    char *path = fs_join(folder, SETTINGS_FILE);
    bool ok = fs_write_atomic(path, text, strlen(text), err);
    mem_free(path);
    return ok;
}

bool settings_save(const char *folder, const Settings *settings, Error *err)
{
    if (!check_values(settings, err)) {
        return false;
    }
    FsLock *lock = NULL;
    char *text = document_text(settings);
    bool ok = (folder_files_lock(folder, &lock, err) && write_settings(folder, text, err)) ||
              error_context(err, "the settings cannot be saved");
    fs_unlock(lock);
    mem_free(text);
    return ok;
}

bool settings_change(const char *folder, bool (*change)(void *context, Settings *settings, Error *err), void *context,
                     Settings *settings, Error *err)
{
    FsLock *lock = NULL;
    Settings changed;
    char *before = NULL, *after = NULL;
    settings_init(&changed);
    if (!folder_files_lock(folder, &lock, err)) {
        return error_context(err, "the settings cannot be saved");
    }
    bool ok = settings_load(folder, &changed, err);
    before = ok ? document_text(&changed) : NULL;
    ok = ok && change(context, &changed, err) && check_values(&changed, err);
    after = ok ? document_text(&changed) : NULL;
    /* What is chosen may be just what the defaults are: then the file says so. */
    if (ok && (strcmp(before, after) != 0 || changed.unsure) && !write_settings(folder, after, err)) {
        ok = error_context(err, "the settings cannot be saved");
    }
    if (ok && !changed.wrong) {
        mem_free(changed.unsure);
        changed.unsure = NULL;
    }
    fs_unlock(lock);
    mem_free(before);
    mem_free(after);
    if (ok) {
        settings_release(settings);
        *settings = changed;
    } else {
        settings_release(&changed);
    }
    return ok;
}

/* --- one value by its key ------------------------------------------------------------------------------ */

static bool *bool_of(Settings *settings, const char *key)
{
    return !strcmp(key, "enabled")               ? &settings->enabled
           : !strcmp(key, "compress")            ? &settings->compress
           : !strcmp(key, "verify_after_backup") ? &settings->verify_after_backup
           : !strcmp(key, "wake")                ? &settings->wake
           : !strcmp(key, "on_battery")          ? &settings->on_battery
           : !strcmp(key, "on_metered")          ? &settings->on_metered
           : !strcmp(key, "upload_after_backup") ? &settings->upload_after_backup
                                                 : NULL;
}

static int *int_of(Settings *settings, const char *key)
{
    return !strcmp(key, "retention_days")         ? &settings->retention_days
           : !strcmp(key, "max_backups")          ? &settings->max_backups
           : !strcmp(key, "keep_monthly")         ? &settings->keep_monthly
           : !strcmp(key, "shrink_alarm_percent") ? &settings->shrink_alarm_percent
           : !strcmp(key, "stall_minutes")        ? &settings->stall_minutes
           : !strcmp(key, "month_day")            ? &settings->month_day
           : !strcmp(key, "prove_within_days")    ? &settings->prove_within_days
           : !strcmp(key, "undo_days")            ? &settings->undo_days
           : !strcmp(key, "battery_percent")      ? &settings->battery_percent
           : !strcmp(key, "wait_days")            ? &settings->wait_days
           : !strcmp(key, "recheck_days")         ? &settings->recheck_days
           : !strcmp(key, "prove_every_days")     ? &settings->prove_every_days
           : !strcmp(key, "upload_limit_kb")      ? &settings->upload_limit_kb
                                                  : NULL;
}

static DayHours *hours_of(Settings *settings, const char *key)
{
    return !strcmp(key, "quiet_hours")   ? &settings->quiet_hours
           : !strcmp(key, "check_hours") ? &settings->check_hours
                                         : NULL;
}

char *settings_get(const Settings *settings, const char *key)
{
    Settings copy = *settings; /* only looked at */
    const bool *flag = bool_of(&copy, key);
    const int *number = int_of(&copy, key);
    if (flag) {
        return mem_strdup(*flag ? "true" : "false");
    }
    if (number) {
        return mem_printf("%d", *number);
    }
    const DayHours *hours = hours_of(&copy, key);
    if (hours) {
        return hours_text(hours);
    }
    if (!strcmp(key, "schedule")) {
        return mem_strdup(schedule_name(settings->schedule));
    }
    if (!strcmp(key, "compress_with")) {
        return mem_strdup(settings_method(settings));
    }
    if (!strcmp(key, "weekdays")) {
        return days_text(settings->weekdays);
    }
    if (!strcmp(key, "more_times")) {
        return times_text(settings);
    }
    return strcmp(key, "backup_time") != 0
               ? NULL
               : mem_printf("%02d:%02d", settings->backup_hour, settings->backup_minute);
}

static bool set_flag(bool *flag, const char *key, const char *value, Error *err)
{
    bool yes = !utf8_casecmp(value, "true"), no = !utf8_casecmp(value, "false");
    if (!yes && !no) {
        return error_set(err, EK_SETTINGS, "%s must be true or false", key);
    }
    *flag = yes;
    return true;
}

static int parse_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits >= 1 && digits <= 6 && !text[digits] ? (int)strtol(text, NULL, 10) : -1;
}

bool settings_set(Settings *settings, const char *key, const char *value, Error *err)
{
    Settings changed = *settings; /* borrows the document */
    bool *flag = bool_of(&changed, key);
    int *number = int_of(&changed, key);
    DayHours *hours = hours_of(&changed, key);
    if (flag) {
        if (!set_flag(flag, key, value, err)) {
            return false;
        }
    } else if (number) {
        *number = parse_number(value);
    } else if (hours) {
        if (!parse_hours(value, hours)) {
            hours->from = -1;
        }
    } else if (!strcmp(key, "schedule")) {
        changed.schedule = parse_schedule(value);
    } else if (!strcmp(key, "compress_with")) {
        changed.compress_with = parse_method(value);
    } else if (!strcmp(key, "weekdays")) {
        if (!parse_days(value, &changed.weekdays)) {
            changed.weekdays = 0;
        }
    } else if (!strcmp(key, "more_times")) {
        if (!parse_times(value, &changed)) {
            changed.more_times[0] = -1;
            changed.more_time_count = 1;
        }
    } else if (!strcmp(key, "backup_time")) {
        if (!parse_time(value, &changed.backup_hour, &changed.backup_minute)) {
            changed.backup_hour = -1;
        }
    } else {
        error_set(err, EK_USAGE, "there is no setting \"%s\"", key);
        return error_hint(err, "See 'cmms-backup-cli config' for their names.");
    }
    if (!check_values(&changed, err)) {
        return false;
    }
    *settings = changed;
    settings_chosen(settings, key);
    return true;
}
