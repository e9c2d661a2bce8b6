/*
 * settings.c: backup_config.json. What is known of a setting is its row of the table, which all else walks.
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
#define DAY_MINUTES (24 * 60)

static const char *const schedule_names[] = {"daily", "weekly", "monthly"};
#define SCHEDULE_COUNT (sizeof schedule_names / sizeof schedule_names[0])

static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
#define WEEK_DAYS (sizeof day_names / sizeof day_names[0])
#define EVERY_DAY ((1u << WEEK_DAYS) - 1)

static const char *const method_names[] = {"zstd", "gzip", "lz4"};
#define METHOD_COUNT (sizeof method_names / sizeof method_names[0])

typedef enum SettingKind {
    KIND_FLAG,   /* a bool: true or false */
    KIND_NUMBER, /* an int from min to max */
    KIND_WORD,   /* an enum, from min to max, by its words */
    KIND_TIME,   /* backup_hour and backup_minute: "02:00" */
    KIND_TIMES,  /* more_times: "12:00,18:30" */
    KIND_DAYS,   /* weekdays: "mon,thu" */
    KIND_HOURS   /* DayHours: "22:00-06:00" */
} SettingKind;

typedef struct SettingRow {
    const char *key; /* in the file */
    SettingKind kind;
    size_t place;      /* its (first) member of Settings */
    const char *usual; /* the default */
    int min, max;
    const char *const *words;
    bool ours; /* the predecessor's file does not have it: it comes into it when it is not the default */
} SettingRow;

/* In the order in which they are shown and checked. The bits of Settings.wrong follow it. */
#define AT(member) offsetof(Settings, member)
static const SettingRow rows[] = {
    {"enabled", KIND_FLAG, AT(enabled), "true", 0, 0, NULL, false},
    {"schedule", KIND_WORD, AT(schedule), "daily", 0, SCHEDULE_COUNT - 1, schedule_names, false},
    {"backup_time", KIND_TIME, AT(backup_hour), "02:00", 0, 0, NULL, false},
    {"retention_days", KIND_NUMBER, AT(retention_days), "30", 1, 3650, NULL, false},
    {"max_backups", KIND_NUMBER, AT(max_backups), "50", 1, 10000, NULL, false},
    {"compress", KIND_FLAG, AT(compress), "true", 0, 0, NULL, false},
    {"verify_after_backup", KIND_FLAG, AT(verify_after_backup), "true", 0, 0, NULL, false},
    {"keep_monthly", KIND_NUMBER, AT(keep_monthly), "0", 0, 120, NULL, true},
    {"shrink_alarm_percent", KIND_NUMBER, AT(shrink_alarm_percent), "30", 0, 100, NULL, true},
    {"stall_minutes", KIND_NUMBER, AT(stall_minutes), "10", 1, 1440, NULL, true},
    {"compress_with", KIND_WORD, AT(compress_with), "zstd", 0, METHOD_COUNT - 1, method_names, true},
    {"more_times", KIND_TIMES, AT(more_times), "", 0, 0, NULL, true},
    {"weekdays", KIND_DAYS, AT(weekdays), "mon", 0, 0, NULL, true},
    {"month_day", KIND_NUMBER, AT(month_day), "1", 0, 31, NULL, true},
    {"wake", KIND_FLAG, AT(wake), "false", 0, 0, NULL, true},
    {"on_battery", KIND_FLAG, AT(on_battery), "true", 0, 0, NULL, true},
    {"prove_within_days", KIND_NUMBER, AT(prove_within_days), "35", 0, 3650, NULL, true},
    {"upload_after_backup", KIND_FLAG, AT(upload_after_backup), "false", 0, 0, NULL, true},
    {"undo_days", KIND_NUMBER, AT(undo_days), "14", 0, 3650, NULL, true},
    {"battery_percent", KIND_NUMBER, AT(battery_percent), "20", 0, 100, NULL, true},
    {"on_metered", KIND_FLAG, AT(on_metered), "true", 0, 0, NULL, true},
    {"quiet_hours", KIND_HOURS, AT(quiet_hours), "", 0, 0, NULL, true},
    {"wait_days", KIND_NUMBER, AT(wait_days), "2", 0, 30, NULL, true},
    {"recheck_days", KIND_NUMBER, AT(recheck_days), "7", 0, 365, NULL, true},
    {"prove_every_days", KIND_NUMBER, AT(prove_every_days), "30", 0, 365, NULL, true},
    {"check_hours", KIND_HOURS, AT(check_hours), "20:00-06:00", 0, 0, NULL, true},
    {"upload_limit_kb", KIND_NUMBER, AT(upload_limit_kb), "0", 0, 10000000, NULL, true},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])
_Static_assert(ROW_COUNT <= 32, "Settings.wrong has a bit for each");
_Static_assert(sizeof(Schedule) == sizeof(unsigned) && sizeof(Method) == sizeof(unsigned), "word_at copies them");

static const SettingRow *row_of(const char *key)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!strcmp(rows[i].key, key)) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *settings_key(size_t index)
{
    return index < ROW_COUNT ? rows[index].key : NULL;
}

/* Its bit in Settings.wrong. */
static unsigned bit_of(const SettingRow *row)
{
    return row ? 1u << (unsigned)(row - rows) : 0;
}

void settings_chosen(Settings *settings, const char *key)
{
    settings->wrong &= ~bit_of(row_of(key));
}

bool settings_knows(const Settings *settings, const char *key)
{
    /* One wrong value says nothing against the others. */
    return settings->unsure == NULL || (settings->wrong != 0 && (settings->wrong & bit_of(row_of(key))) == 0);
}

const char *settings_method(const Settings *settings)
{
    return method_names[(size_t)settings->compress_with < METHOD_COUNT ? (size_t)settings->compress_with : 0];
}

const char *schedule_name(Schedule schedule)
{
    return schedule_names[(size_t)schedule < SCHEDULE_COUNT ? (size_t)schedule : 0];
}

/* --- a value as a text --------------------------------------------------------------------------------- */

/* `count` for a text that is none of them. */
static size_t index_of(const char *const *names, size_t count, const char *text)
{
    size_t i = 0;
    while (i < count && utf8_casecmp(text, names[i])) {
        i++;
    }
    return i;
}

static bool parse_flag(const char *text, bool *flag)
{
    const bool yes = !utf8_casecmp(text, "true"), no = !utf8_casecmp(text, "false");
    if (yes || no) {
        *flag = yes;
    }
    return yes || no;
}

static bool parse_number(const SettingRow *row, const char *text, int *number)
{
    const size_t digits = strspn(text, "0123456789");
    const long value = digits >= 1 && digits <= 9 && !text[digits] ? strtol(text, NULL, 10) : -1;
    if (value < row->min || value > row->max) {
        return false;
    }
    *number = (int)value;
    return true;
}

static bool parse_word(const SettingRow *row, const char *text, void *place)
{
    const unsigned count = (unsigned)row->max + 1, word = (unsigned)index_of(row->words, count, text);
    if (word == count) {
        return false;
    }
    memcpy(place, &word, sizeof word);
    return true;
}

static unsigned word_at(const void *place)
{
    unsigned word;
    memcpy(&word, place, sizeof word);
    return word;
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

/* False: it is none of this setting's, and nothing is changed. */
static bool parse_value(const SettingRow *row, const char *text, Settings *settings)
{
    void *place = (char *)settings + row->place;
    switch (row->kind) {
    case KIND_FLAG: return parse_flag(text, place);
    case KIND_NUMBER: return parse_number(row, text, place);
    case KIND_WORD: return parse_word(row, text, place);
    case KIND_TIME: return parse_time(text, &settings->backup_hour, &settings->backup_minute);
    case KIND_TIMES: return parse_times(text, settings);
    case KIND_DAYS: return parse_days(text, &settings->weekdays);
    case KIND_HOURS: return parse_hours(text, place);
    }
    return false;
}

/* Caller frees. */
static char *value_text(const SettingRow *row, const Settings *settings)
{
    const void *place = (const char *)settings + row->place;
    switch (row->kind) {
    case KIND_FLAG: return mem_strdup(*(const bool *)place ? "true" : "false");
    case KIND_NUMBER: return mem_printf("%d", *(const int *)place);
    case KIND_WORD: return mem_strdup(row->words[word_at(place) <= (unsigned)row->max ? word_at(place) : 0]);
    case KIND_TIME: return mem_printf("%02d:%02d", settings->backup_hour, settings->backup_minute);
    case KIND_TIMES: return times_text(settings);
    case KIND_DAYS: return days_text(settings->weekdays);
    case KIND_HOURS: return hours_text(place);
    }
    return NULL;
}

void settings_init(Settings *settings)
{
    *settings = (Settings){.document = cJSON_CreateObject()};
    if (!settings->document) {
        mem_out();
    }
    for (size_t i = 0; i < ROW_COUNT; i++) {
        parse_value(&rows[i], rows[i].usual, settings);
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

/* --- reading ------------------------------------------------------------------------------------------- */

/* Adds `retention_days was "abc"; 30 is used` to the notices, which are sentences of one text. */
static void note_value(Settings *settings, StrBuf *notices, const SettingRow *row, const cJSON *value)
{
    char *used = value_text(row, settings);
    settings->wrong |= bit_of(row);
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
    strbuf_addf(notices, "%s%s was %.*s%s; %s is used", notices->len ? ". " : "", row->key, (int)len, shown,
                cut ? "…" : "", *used ? used : "none");
    cJSON_free(shown);
    mem_free(used);
}

static bool read_value(const SettingRow *row, const cJSON *item, Settings *settings)
{
    void *place = (char *)settings + row->place;
    if (row->kind == KIND_FLAG) {
        if (cJSON_IsBool(item)) {
            *(bool *)place = cJSON_IsTrue(item);
        }
        return cJSON_IsBool(item);
    }
    if (row->kind == KIND_NUMBER) {
        const int64_t number = json_int(settings->document, row->key, (int64_t)row->min - 1);
        const bool fits = number >= row->min && number <= row->max;
        if (fits) {
            *(int *)place = (int)number;
        }
        return fits;
    }
    return cJSON_IsString(item) && parse_value(row, item->valuestring, settings);
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
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, rows[i].key);
        if (item && !read_value(&rows[i], item, settings)) {
            note_value(settings, &notices, &rows[i], item);
        }
    }
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

static bool is_time(int minutes)
{
    return minutes >= 0 && minutes < DAY_MINUTES;
}

static bool are_times(const Settings *settings)
{
    for (size_t i = 0; i < settings->more_time_count; i++) {
        if (!is_time(settings->more_times[i])) {
            return false;
        }
    }
    return true;
}

static bool is_value(const SettingRow *row, const Settings *settings)
{
    const void *place = (const char *)settings + row->place;
    switch (row->kind) {
    case KIND_FLAG: return true;
    case KIND_NUMBER: return *(const int *)place >= row->min && *(const int *)place <= row->max;
    case KIND_WORD: return word_at(place) <= (unsigned)row->max;
    case KIND_TIME:
        return settings->backup_hour >= 0 && settings->backup_hour <= 23 && settings->backup_minute >= 0 &&
               settings->backup_minute <= 59;
    case KIND_TIMES: return are_times(settings);
    case KIND_DAYS: return (settings->weekdays & EVERY_DAY) != 0;
    case KIND_HOURS: return is_time(((const DayHours *)place)->from) && is_time(((const DayHours *)place)->to);
    }
    return false;
}

/* "zstd, gzip or lz4". Caller frees. */
static char *words_text(const SettingRow *row)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    for (int i = 0; i <= row->max; i++) {
        strbuf_addf(&text, "%s%s", i == 0 ? "" : i < row->max ? ", " : " or ", row->words[i]);
    }
    return strbuf_detach(&text);
}

/* What it must be. Returns false. */
static bool refuse(const SettingRow *row, Error *err)
{
    char *words;
    switch (row->kind) {
    case KIND_FLAG: return error_set(err, EK_SETTINGS, "%s must be true or false", row->key);
    case KIND_NUMBER:
        return error_set(err, EK_SETTINGS, "%s must be a whole number from %d to %d", row->key, row->min, row->max);
    case KIND_WORD:
        words = words_text(row);
        error_set(err, EK_SETTINGS, "%s must be %s", row->key, words);
        mem_free(words);
        return false;
    case KIND_TIME: return error_set(err, EK_SETTINGS, "%s must be a time of day from 00:00 to 23:59", row->key);
    case KIND_TIMES:
        return error_set(err, EK_SETTINGS, "%s must be at most %d times of day such as 12:00,18:30", row->key,
                         SETTINGS_MORE_TIMES);
    case KIND_DAYS: return error_set(err, EK_SETTINGS, "%s must be days such as mon,thu", row->key);
    case KIND_HOURS:
        return error_set(err, EK_SETTINGS, "%s must be two times of day such as 22:00-06:00, or nothing", row->key);
    }
    return false;
}

static bool check_values(const Settings *settings, Error *err)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!is_value(&rows[i], settings)) {
            return refuse(&rows[i], err);
        }
    }
    return true;
}

static void write_value(const SettingRow *row, const Settings *settings, cJSON *document)
{
    const void *place = (const char *)settings + row->place;
    char *text = value_text(row, settings);
    if (row->ours && !strcmp(text, row->usual) && !cJSON_GetObjectItemCaseSensitive(document, row->key)) {
        mem_free(text);
        return;
    }
    switch (row->kind) {
    case KIND_FLAG:
        json_set_bool(document, row->key, *(const bool *)place);
        break;
    case KIND_NUMBER:
        json_set_int(document, row->key, *(const int *)place);
        break;
    case KIND_WORD:
    case KIND_TIME:
    case KIND_TIMES:
    case KIND_DAYS:
    case KIND_HOURS:
        json_set_string(document, row->key, text);
        break;
    }
    mem_free(text);
}

/* A value that is none stays until another is chosen: what stands in its place was nobody's choice. */
static void keep_wrong(const Settings *settings, cJSON *document)
{
    for (size_t i = 0; settings->document && i < ROW_COUNT; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(settings->document, rows[i].key);
        if (item && settings->wrong & 1u << i) {
            cJSON *copy = cJSON_Duplicate(item, true);
            if (!copy || !cJSON_ReplaceItemInObjectCaseSensitive(document, rows[i].key, copy)) {
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
    for (size_t i = 0; i < ROW_COUNT; i++) {
        write_value(&rows[i], settings, document);
    }
    keep_wrong(settings, document);
    char *text = json_text(document);
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

char *settings_get(const Settings *settings, const char *key)
{
    const SettingRow *row = row_of(key);
    return row ? value_text(row, settings) : NULL;
}

bool settings_set(Settings *settings, const char *key, const char *value, Error *err)
{
    const SettingRow *row = row_of(key);
    Settings changed = *settings; /* borrows the document */
    if (!row) {
        error_set(err, EK_USAGE, "there is no setting \"%s\"", key);
        return error_hint(err, SETTINGS_NAMES);
    }
    if (!parse_value(row, value, &changed)) {
        return refuse(row, err);
    }
    if (!check_values(&changed, err)) {
        return false;
    }
    *settings = changed;
    settings_chosen(settings, key);
    return true;
}
