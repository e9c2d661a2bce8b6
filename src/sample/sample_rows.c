/*
 * sample_rows.c: the rows of the sample database. A row begins a generator (splitmix64) with its table and its
 * number, so that any row can be made alone. Dates count from 2019-01-01 and end in 2025; rows that have a date
 * come in its order.
 */
#include "sample_data.h"

#include "base/hash.h"
#include "sample_words.h"

#define DAYS 2370 /* of history, from 2019-01-01 */

/* --- a row ----------------------------------------------------------------------------------------------- */

typedef struct Row {
    StrBuf *line;
    bool begun;
    uint64_t state;
} Row;

/* splitmix64 (public domain, Sebastiano Vigna). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t next(Row *row)
{
    row->state += 0x9E3779B97F4A7C15u;
    return mix(row->state);
}

/* The start is mixed too: with starts that are one step apart every row would be its neighbour, shifted. */
static Row row_begin(StrBuf *line, unsigned table, int64_t index)
{
    return (Row){line, false, mix((uint64_t)index * 0xD1B54A32D192ED03u + table)};
}

static int below(Row *row, int limit)
{
    return (int)(next(row) % (uint64_t)limit);
}

#define PICK(row, list) ((list)[below((row), (int)(sizeof(list) / sizeof((list)[0])))])

static void column(Row *row)
{
    if (row->begun) {
        strbuf_addch(row->line, '\t');
    }
    row->begun = true;
}

static void add_null(Row *row)
{
    column(row);
    strbuf_addstr(row->line, "\\N");
}

static void add_nulls(Row *row, int count)
{
    while (count-- > 0) {
        add_null(row);
    }
}

static void add_text(Row *row, const char *text)
{
    column(row);
    for (; *text; text++) {
        switch (*text) {
        case '\\': strbuf_addstr(row->line, "\\\\"); break;
        case '\t': strbuf_addstr(row->line, "\\t"); break;
        case '\n': strbuf_addstr(row->line, "\\n"); break;
        case '\r': strbuf_addstr(row->line, "\\r"); break;
        default: strbuf_addch(row->line, *text); break;
        }
    }
}

static void add_text_or_null(Row *row, const char *text)
{
    if (text) {
        add_text(row, text);
    } else {
        add_null(row);
    }
}

static void add_int(Row *row, int64_t value)
{
    column(row);
    strbuf_addf(row->line, "%lld", (long long)value);
}

/* Hundredths, so that no floating point is printed. */
static void add_hundredths(Row *row, int64_t value)
{
    column(row);
    strbuf_addf(row->line, "%lld.%02d", (long long)(value / 100), (int)(value % 100));
}

static void add_bool(Row *row, bool value)
{
    column(row);
    strbuf_addch(row->line, value ? 't' : 'f');
}

/* A text made of a prefix and a number. */
static void add_number(Row *row, const char *prefix, int64_t number)
{
    column(row);
    strbuf_addf(row->line, "%s%06lld", prefix, (long long)number);
}

/* Days since 2019-01-01 as a date of the Gregorian calendar. */
static void put_date(StrBuf *line, int64_t days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 2019, month = 0;
    for (;;) {
        bool leap = year % 4 == 0; /* none of the exceptions is near */
        if (days < 365 + leap) {
            break;
        }
        days -= 365 + leap;
        year++;
    }
    for (;;) {
        int length = lengths[month] + (month == 1 && year % 4 == 0);
        if (days < length) {
            break;
        }
        days -= length;
        month++;
    }
    strbuf_addf(line, "%04d-%02d-%02d", year, month + 1, (int)days + 1);
}

static void add_date(Row *row, int64_t days)
{
    column(row);
    put_date(row->line, days);
}

/* In the working day. */
static void add_time(Row *row, int64_t days)
{
    column(row);
    put_date(row->line, days);
    int seconds = 6 * 3600 + below(row, 12 * 3600);
    strbuf_addf(row->line, " %02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* The day of row `index` of `count`, evenly over the history. */
static int64_t day_of(int64_t index, int64_t count)
{
    return count > 1 ? index * (DAYS - 1) / (count - 1) : 0;
}

/* --- words ----------------------------------------------------------------------------------------------- */

static const char *technician(Row *row)
{
    return people[FIRST_TECHNICIAN + below(row, TECHNICIANS)].full_name;
}

/* The sentences are put together in a buffer of their own, then escaped as one column. */
static void add_fault(Row *row)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    const char *component = PICK(row, components);
    const char *fault = PICK(row, faults);
    strbuf_addf(&text, "The %s %s. %s", component, fault, PICK(row, circumstances));
    add_text(row, text.buf);
    strbuf_release(&text);
}

static int64_t equipment_count(int megabytes)
{
    return 40 + 24 * (int64_t)megabytes;
}

static void add_equipment_no(Row *row, int64_t equipment)
{
    add_number(row, "BFM-", equipment + 1);
}

static void add_any_equipment(Row *row, int megabytes)
{
    add_equipment_no(row, (int64_t)(next(row) % (uint64_t)equipment_count(megabytes)));
}

/* What a machine is called and where it stands follow from its number, so that all tables agree. */
static const char *machine_name(int64_t equipment)
{
    return machines[equipment * 7 % (int64_t)(sizeof machines / sizeof machines[0])];
}

static void add_location(Row *row, int64_t equipment)
{
    column(row);
    strbuf_addf(row->line, "%s / Line %d", halls[equipment % 8], (int)(equipment / 8 % 12) + 1);
}

/* --- photos ---------------------------------------------------------------------------------------------- */

static void put_hex(StrBuf *line, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[128];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        text[n++] = digits[bytes[i] >> 4];
        text[n++] = digits[bytes[i] & 15];
        if (n == sizeof text) {
            strbuf_add(line, text, n);
            n = 0;
        }
    }
    strbuf_add(line, text, n);
}

/* Begins and ends like a JPEG file, and like one cannot be compressed. */
static void add_photo(Row *row)
{
    static const unsigned char head[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F',
                                         0,    1,    1,    0,    0, 72, 0,   72,  0,   0};
    static const unsigned char tail[] = {0xFF, 0xD9};
    column(row);
    strbuf_addstr(row->line, "\\\\x");
    put_hex(row->line, head, sizeof head);
    int left = 20000 + below(row, 40000);
    while (left > 0) {
        unsigned char bytes[8];
        uint64_t random = next(row);
        for (size_t i = 0; i < sizeof bytes; i++) {
            unsigned char byte = (unsigned char)(random >> (8 * i));
            bytes[i] = byte == 0xFF ? 0xFE : byte; /* 0xFF begins a marker */
        }
        put_hex(row->line, bytes, sizeof bytes);
        left -= (int)sizeof bytes;
    }
    put_hex(row->line, tail, sizeof tail);
}

static void add_photo_or_null(Row *row, bool wanted)
{
    if (wanted) {
        add_photo(row);
    } else {
        add_null(row);
    }
}

/* --- the tables ------------------------------------------------------------------------------------------ */

enum {
    USERS = 1, SESSIONS, EQUIPMENT, TEMPLATES, CHECKLIST, COMPLETIONS, SCHEDULES, CORRECTIVE, INVENTORY, STOCK,
    TRANSACTIONS, PARTS, REQUESTS, USED, MISSING_PARTS, NOT_FOUND, TO_FAILURE, ORDERS, KPIS, MANUAL, RESULTS, EXPORTS,
    AUDIT
};

static void users_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    const Person *person = &people[index];
    Row row = row_begin(line, USERS, index);
    char hash[65];
    Sha256 *sha = sha256_new();
    sha256_update(sha, "sample", 6);
    sha256_finish(sha, hash);
    add_int(&row, index + 1);
    add_text(&row, person->username);
    add_text(&row, hash);
    add_text(&row, person->full_name);
    add_text(&row, person->role);
    column(&row);
    strbuf_addf(line, "%s@example.com", person->username);
    add_bool(&row, person->active);
    add_time(&row, index * 20);
    add_time(&row, index * 20 + 400);
    if (person->active) {
        add_time(&row, DAYS - 1 - below(&row, 20));
    } else {
        add_time(&row, 900 + below(&row, 300));
    }
    add_text_or_null(&row, index == 0 ? NULL : "manager");
    add_text_or_null(&row, person->active ? NULL : "Has left the company; kept for the history.");
}

static void sessions_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, SESSIONS, index);
    int64_t user = below(&row, (int)PEOPLE);
    int64_t day = day_of(index, 100 + 40 * (int64_t)megabytes);
    add_int(&row, index + 1);
    add_int(&row, user + 1);
    add_text(&row, people[user].username);
    add_time(&row, day);
    add_time(&row, day);
    if (below(&row, 10) == 0) {
        add_null(&row);
    } else {
        add_time(&row, day + 1);
    }
    add_bool(&row, false);
}

/* The date of a yearly, half-yearly or monthly service, or nothing where there is none. */
static void add_pm_date(Row *row, bool wanted, int64_t day)
{
    if (wanted) {
        add_date(row, day);
    } else {
        add_null(row);
    }
}

static void equipment_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, EQUIPMENT, index);
    bool monthly = below(&row, 10) < 6, half = below(&row, 10) < 4, annual = below(&row, 10) < 8;
    int64_t last = DAYS - 1 - below(&row, 28);
    int status = below(&row, 40);
    add_int(&row, index + 1);
    add_number(&row, "700", 10000 + index * 3);
    add_equipment_no(&row, index);
    column(&row);
    strbuf_addf(line, "%s no. %d", machine_name(index), (int)(index / 25) + 1);
    column(&row);
    strbuf_addf(line, "DWG-%05d-%c", 10000 + below(&row, 80000), 'A' + below(&row, 6));
    add_location(&row, index);
    column(&row);
    strbuf_addf(line, "LIN%04d", below(&row, 10000));
    add_bool(&row, monthly);
    add_bool(&row, half);
    add_bool(&row, annual);
    add_pm_date(&row, monthly, last);
    add_pm_date(&row, half, last - 90);
    add_pm_date(&row, annual, last - 200);
    add_pm_date(&row, monthly, last + 30);
    add_pm_date(&row, half, last + 92);
    add_pm_date(&row, annual, last + 165);
    add_text(&row, status == 0 ? "Missing" : status == 1 ? "Run to Failure" : "Active");
    add_time(&row, below(&row, 300));
    add_time(&row, last);
    add_photo_or_null(&row, index % 2 == 0);
    add_photo_or_null(&row, index % 8 == 0);
}

static void templates_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, TEMPLATES, index);
    int64_t equipment = index * 4;
    const char *type = PICK(&row, pm_types);
    add_int(&row, index + 1);
    add_equipment_no(&row, equipment);
    column(&row);
    strbuf_addf(line, "%s: %s", machine_name(equipment), type);
    add_text(&row, type);
    column(&row);
    strbuf_addf(line, "[\"Lock out and tag out\", \"Check the %s\", \"Check the %s\", \"Clean\", \"Test run\"]",
                PICK(&row, components), PICK(&row, components));
    add_text_or_null(&row, below(&row, 3) == 0 ? "Ask the shift leader before stopping the line." : NULL);
    add_text(&row, "Lock out energy sources. Wear eye protection.");
    add_hundredths(&row, 50 * (1 + below(&row, 8)));
    add_time(&row, 30);
    add_time(&row, 30 + below(&row, 2000));
}

static void checklist_row(StrBuf *line, int megabytes, int64_t index)
{
    static const char *const types[] = {"Monthly", "Six Month", "Annual"};
    static const char *const steps[] = {
        "Lock out and tag out the machine", "Clean the machine and its surroundings", "Check for leaks",
        "Check belts and chains", "Grease all points of the lubrication plan", "Check fastenings",
        "Check electrical cabinets and cables", "Test emergency stops and guards", "Test run under load",
        "Hand over to production and record the work"};
    (void)megabytes;
    Row row = row_begin(line, CHECKLIST, index);
    add_int(&row, index + 1);
    add_text(&row, types[index / 10]);
    add_int(&row, index % 10 + 1);
    add_text(&row, steps[index % 10]);
    add_bool(&row, true);
}

static void completions_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, COMPLETIONS, index);
    int64_t day = day_of(index, 400 * (int64_t)megabytes);
    const char *type = PICK(&row, pm_types);
    add_int(&row, index + 1);
    add_any_equipment(&row, megabytes);
    add_text(&row, type);
    add_text(&row, technician(&row));
    add_date(&row, day);
    add_int(&row, below(&row, 4));
    add_int(&row, 5 * below(&row, 12));
    add_date(&row, day + below(&row, 10));
    add_text_or_null(&row, below(&row, 8) == 0 ? "Scissor lift" : NULL);
    if (below(&row, 3) == 0) {
        add_fault(&row);
    } else {
        add_text(&row, "All points checked, no findings.");
    }
    if (type == pm_types[4]) {
        add_date(&row, day + 365);
    } else {
        add_null(&row);
    }
    add_time(&row, day);
}

static void schedules_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, SCHEDULES, index);
    int64_t day = day_of(index, 300 * (int64_t)megabytes);
    int64_t monday = day >= 6 ? (day - 6) / 7 * 7 + 6 : 6; /* 2019-01-07 was a Monday */
    bool done = monday < DAYS - 14 && below(&row, 12) != 0;
    add_int(&row, index + 1);
    add_date(&row, monday);
    add_any_equipment(&row, megabytes);
    add_text(&row, PICK(&row, pm_types));
    add_text(&row, technician(&row));
    int64_t planned = monday + below(&row, 5);
    add_date(&row, planned);
    add_text(&row, done ? "Completed" : "Scheduled");
    add_pm_date(&row, done, planned + below(&row, 2));
    if (done) {
        add_hundredths(&row, 25 * (1 + below(&row, 12)));
    } else {
        add_null(&row);
    }
    add_text_or_null(&row, below(&row, 20) == 0 ? "Moved: the machine was needed" : NULL);
    add_time(&row, monday - 3);
}

static void corrective_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, CORRECTIVE, index);
    int64_t day = day_of(index, 80 * (int64_t)megabytes);
    bool closed = day < DAYS - 30 || below(&row, 3) != 0;
    add_int(&row, index + 1);
    add_number(&row, "CM-", index + 1);
    add_any_equipment(&row, megabytes);
    add_fault(&row);
    add_text(&row, PICK(&row, priorities));
    add_text(&row, technician(&row));
    add_text(&row, closed ? "Closed" : "Open");
    add_date(&row, day);
    add_pm_date(&row, closed, day + 1 + below(&row, 20));
    if (closed) {
        add_hundredths(&row, 25 * (1 + below(&row, 40)));
        add_text(&row, PICK(&row, causes));
        add_text(&row, PICK(&row, actions));
    } else {
        add_nulls(&row, 3);
    }
    add_text_or_null(&row, below(&row, 6) == 0 ? "See the photo in the asset's record." : NULL);
    add_time(&row, day);
}

static int64_t inventory_count(int megabytes)
{
    return 60 + 10 * (int64_t)megabytes;
}

static void add_any_part(Row *row, int megabytes)
{
    add_number(row, "MRO-", (int64_t)(next(row) % (uint64_t)inventory_count(megabytes)) + 1);
}

static void inventory_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, INVENTORY, index);
    add_int(&row, index + 1);
    add_text(&row, parts[index % 20]);
    add_number(&row, "MRO-", index + 1);
    column(&row);
    strbuf_addf(line, "%c%c-%d", 'A' + below(&row, 26), 'A' + below(&row, 26), 100 + below(&row, 900));
    add_text(&row, PICK(&row, machines));
    add_text(&row, PICK(&row, systems));
    add_text(&row, index % 20 == 14 ? "l" : "ea");
    add_int(&row, below(&row, 60));
    add_hundredths(&row, 95 + below(&row, 40000));
    add_int(&row, 1 + below(&row, 8));
    add_text(&row, PICK(&row, suppliers));
    column(&row);
    strbuf_addf(line, "Store %c", 'A' + below(&row, 3));
    add_text(&row, below(&row, 30) == 0 ? "Inactive" : "Active");
    add_text_or_null(&row, below(&row, 12) == 0 ? "Fits no. 2 and no. 4 only; path C:\\drawings\\mro" : NULL);
    add_time(&row, below(&row, DAYS));
}

static void stock_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, STOCK, index);
    add_int(&row, index + 1);
    add_number(&row, "MRO-", index + 1);
    add_number(&row, "R", index / 100);
    add_int(&row, index / 10 % 10);
    add_int(&row, index % 10);
    add_int(&row, below(&row, 60));
    add_date(&row, DAYS - 1 - below(&row, 300));
}

static void transactions_row(StrBuf *line, int megabytes, int64_t index)
{
    static const char *const types[] = {"Add", "Remove", "Remove", "Remove", "Adjust"};
    Row row = row_begin(line, TRANSACTIONS, index);
    const char *type = PICK(&row, types);
    add_int(&row, index + 1);
    add_any_part(&row, megabytes);
    add_text(&row, type);
    add_int(&row, 1 + below(&row, 12));
    add_text(&row, technician(&row));
    if (type == types[1] || type == types[2] || type == types[3]) {
        add_number(&row, "WO-", 1 + below(&row, 400 * (megabytes < 1000 ? megabytes : 1000)));
    } else {
        add_null(&row);
    }
    add_text_or_null(&row, type == types[4] ? "Stocktaking" : NULL);
    add_time(&row, day_of(index, 60 * (int64_t)megabytes));
}

static void parts_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, PARTS, index);
    add_int(&row, index + 1);
    add_number(&row, "P-", index + 1);
    add_text(&row, parts[(index * 3 + 1) % 20]);
    add_text(&row, PICK(&row, systems));
    add_int(&row, below(&row, 40));
    add_int(&row, below(&row, 5));
    add_hundredths(&row, 50 + below(&row, 90000));
    column(&row);
    strbuf_addf(line, "Shelf %d-%d", 1 + below(&row, 20), 1 + below(&row, 6));
    add_text(&row, PICK(&row, suppliers));
    add_time(&row, below(&row, DAYS));
}

/* A corrective order by number, and the day on which it was reported. */
static void add_any_cm(Row *row, int megabytes, int64_t *day)
{
    int64_t count = 80 * (int64_t)megabytes;
    int64_t any = (int64_t)(next(row) % (uint64_t)count);
    *day = day_of(any, count);
    add_number(row, "CM-", any + 1);
}

static void requests_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, REQUESTS, index);
    int64_t day = 0;
    add_int(&row, index + 1);
    add_any_cm(&row, megabytes, &day);
    add_any_equipment(&row, megabytes);
    add_number(&row, "P-", 1 + below(&row, 50));
    add_null(&row);
    add_text(&row, PICK(&row, parts));
    add_int(&row, 1 + below(&row, 6));
    add_text(&row, technician(&row));
    add_time(&row, day);
    add_text(&row, day < DAYS - 60 ? "Delivered" : "Requested");
    add_null(&row);
}

static void used_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, USED, index);
    int64_t day = 0;
    int quantity = 1 + below(&row, 4);
    add_int(&row, index + 1);
    add_any_cm(&row, megabytes, &day);
    add_any_part(&row, megabytes);
    add_int(&row, quantity);
    add_hundredths(&row, quantity * (int64_t)(95 + below(&row, 40000)));
    add_time(&row, day + 1);
    add_text(&row, technician(&row));
    add_null(&row);
}

static void missing_parts_row(StrBuf *line, int megabytes, int64_t index)
{
    Row row = row_begin(line, MISSING_PARTS, index);
    int64_t day = day_of(index, 10 * (int64_t)megabytes);
    bool closed = below(&row, 4) != 0;
    add_int(&row, index + 1);
    add_number(&row, "EMP-", index + 1);
    add_any_equipment(&row, megabytes);
    column(&row);
    strbuf_addf(line, "The %s is missing", PICK(&row, components));
    add_text(&row, PICK(&row, priorities));
    add_text(&row, technician(&row));
    add_text(&row, closed ? "Closed" : "Open");
    add_text(&row, PICK(&row, parts));
    add_text(&row, technician(&row));
    add_date(&row, day);
    add_pm_date(&row, closed, day + 5 + below(&row, 40));
    add_null(&row);
}

static void not_found_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, NOT_FOUND, index);
    int64_t equipment = index * 11 + 5; /* always among those that there are */
    add_int(&row, index + 1);
    add_equipment_no(&row, equipment);
    add_text(&row, machine_name(equipment));
    add_location(&row, equipment);
    add_text(&row, technician(&row));
    add_date(&row, 700 + below(&row, DAYS - 700));
    add_text(&row, "Missing");
    add_text_or_null(&row, below(&row, 2) == 0 ? "Not at its place; perhaps moved with the line." : NULL);
}

static void to_failure_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, TO_FAILURE, index);
    int64_t equipment = index * 13 + 8;
    add_int(&row, index + 1);
    add_equipment_no(&row, equipment);
    add_text(&row, machine_name(equipment));
    add_location(&row, equipment);
    add_text(&row, technician(&row));
    add_date(&row, 700 + below(&row, DAYS - 700));
    add_hundredths(&row, 50);
    add_text(&row, "Not worth maintaining; will be replaced when it fails.");
}

static void orders_row(StrBuf *line, int megabytes, int64_t index)
{
    static const char *const types[] = {"Repair", "Repair", "Inspection", "Modification", "Safety", "Calibration"};
    Row row = row_begin(line, ORDERS, index);
    int64_t day = day_of(index, 400 * (int64_t)megabytes);
    int64_t equipment = (int64_t)(next(&row) % (uint64_t)equipment_count(megabytes));
    bool recent = day >= DAYS - 21;
    int state = recent ? below(&row, 3) : below(&row, 40) == 0 ? 3 : 2;
    static const char *const states[] = {"Open", "In Progress", "Completed", "Cancelled"};
    int hours = 25 * (1 + below(&row, 32));
    add_int(&row, index + 1);
    add_number(&row, "WO-", index + 1);
    add_equipment_no(&row, equipment);
    add_text(&row, PICK(&row, types));
    add_fault(&row);
    add_location(&row, equipment);
    add_text(&row, people[below(&row, (int)PEOPLE)].full_name);
    add_date(&row, day);
    add_text(&row, PICK(&row, priorities));
    add_text(&row, states[state]);
    add_text(&row, technician(&row));
    add_hundredths(&row, hours);
    if (state == 2) {
        add_hundredths(&row, hours + 25 * below(&row, 9));
        add_date(&row, day + below(&row, 20));
        add_text(&row, PICK(&row, actions));
    } else {
        add_nulls(&row, 3);
    }
    add_time(&row, day);
}

static const char *const kpis[] = {
    "PM Completion Rate", "Mean Time Between Failures", "Mean Time To Repair", "Emergency Work Share",
    "Work Order Backlog", "Schedule Compliance", "Stock Accuracy", "Stock Turnover", "Injury Frequency Rate",
    "Maintenance Cost per Asset", "Overdue PMs", "First Time Fix Rate"};
#define KPI_COUNT ((int64_t)(sizeof kpis / sizeof kpis[0]))

static void kpis_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, KPIS, index);
    add_int(&row, index + 1);
    add_text(&row, kpis[index]);
    column(&row);
    strbuf_addf(line, "M%d", (int)index + 1);
    column(&row);
    strbuf_addf(line, "%s, for each month", kpis[index]);
    add_text(&row, "value / plan * 100");
    add_text(&row, "\xE2\x89\xA5 90 %");
    add_text(&row, "Monthly");
    add_bool(&row, true);
}

static void add_month(Row *row, int64_t month)
{
    column(row);
    strbuf_addf(row->line, "%04d-%02d", (int)(2019 + month / 12), (int)(month % 12) + 1);
}

static void manual_row(StrBuf *line, int megabytes, int64_t index)
{
    static const char *const fields[] = {"Accidents", "Hours worked", "Budget", "Audit findings"};
    (void)megabytes;
    Row row = row_begin(line, MANUAL, index);
    int64_t month = index / 4;
    add_int(&row, index + 1);
    add_text(&row, kpis[8 + index % 4]);
    add_month(&row, month);
    add_text(&row, fields[index % 4]);
    add_hundredths(&row, below(&row, 1000000));
    add_null(&row);
    add_text(&row, "manager");
    add_time(&row, month * 30 + 30);
}

static void results_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, RESULTS, index);
    int64_t month = index / KPI_COUNT;
    int value = 8000 + below(&row, 2000);
    add_int(&row, index + 1);
    add_text(&row, kpis[index % KPI_COUNT]);
    add_month(&row, month);
    add_hundredths(&row, value);
    add_hundredths(&row, 9000);
    add_bool(&row, value >= 9000);
    add_text(&row, "manager");
    add_time(&row, month * 30 + 31);
}

static void exports_row(StrBuf *line, int megabytes, int64_t index)
{
    (void)megabytes;
    Row row = row_begin(line, EXPORTS, index);
    add_int(&row, index + 1);
    add_text(&row, "Monthly KPI report");
    add_month(&row, index * 3);
    column(&row);
    strbuf_addf(line, "KPI_%04d_Q%d.pdf", (int)(2019 + index / 4), (int)(index % 4) + 1);
    add_text(&row, "manager");
    add_time(&row, index * 90 + 92);
}

static void audit_row(StrBuf *line, int megabytes, int64_t index)
{
    static const char *const tables[] = {"equipment", "work_orders", "corrective_maintenance", "mro_inventory",
                                         "users"};
    static const char *const verbs[] = {"INSERT", "UPDATE", "UPDATE", "UPDATE", "DELETE", "LOGIN"};
    Row row = row_begin(line, AUDIT, index);
    int64_t day = day_of(index, 500 * (int64_t)megabytes);
    const char *verb = PICK(&row, verbs);
    bool change = verb != verbs[0] && verb != verbs[4] && verb != verbs[5];
    add_int(&row, index + 1);
    add_text(&row, people[below(&row, (int)PEOPLE)].username);
    add_text(&row, verb);
    add_text_or_null(&row, verb == verbs[5] ? NULL : PICK(&row, tables));
    add_int(&row, 1 + below(&row, 20000));
    if (change) {
        column(&row);
        strbuf_addf(line, "{\"status\": \"Open\", \"assigned_technician\": \"%s\"}", technician(&row));
        column(&row);
        strbuf_addf(line, "{\"status\": \"Completed\", \"assigned_technician\": \"%s\"}", technician(&row));
    } else {
        add_nulls(&row, 2);
    }
    add_null(&row);
    add_time(&row, day);
}

const SampleTable sample_tables[] = {
    {"users",
     "id, username, password_hash, full_name, role, email, is_active, created_date, updated_date, last_login, "
     "created_by, notes",
     PEOPLE, 0, 220, users_row},
    {"user_sessions", "id, user_id, username, login_time, last_activity, logout_time, is_active", 100, 40, 90,
     sessions_row},
    {"equipment",
     "id, sap_material_no, bfm_equipment_no, description, tool_id_drawing_no, location, master_lin, monthly_pm, "
     "six_month_pm, annual_pm, last_monthly_pm, last_six_month_pm, last_annual_pm, next_monthly_pm, "
     "next_six_month_pm, next_annual_pm, status, created_date, updated_date, picture_1_data, picture_2_data",
     40, 24, 25300, equipment_row},
    {"pm_templates",
     "id, bfm_equipment_no, template_name, pm_type, checklist_items, special_instructions, safety_notes, "
     "estimated_hours, created_date, updated_date",
     10, 6, 300, templates_row},
    {"default_pm_checklist", "id, pm_type, step_number, description, is_active", 30, 0, 60, checklist_row},
    {"pm_completions",
     "id, bfm_equipment_no, pm_type, technician_name, completion_date, labor_hours, labor_minutes, pm_due_date, "
     "special_equipment, notes, next_annual_pm_date, created_date",
     0, 400, 150, completions_row},
    {"weekly_pm_schedules",
     "id, week_start_date, bfm_equipment_no, pm_type, assigned_technician, scheduled_date, status, completion_date, "
     "labor_hours, notes, created_date",
     0, 300, 120, schedules_row},
    {"corrective_maintenance",
     "id, cm_number, bfm_equipment_no, description, priority, assigned_technician, status, reported_date, "
     "completion_date, labor_hours, root_cause, corrective_action, notes, created_date",
     0, 80, 260, corrective_row},
    {"mro_inventory",
     "id, name, part_number, model_number, equipment, engineering_system, unit_of_measure, quantity_in_stock, "
     "unit_price, minimum_stock, supplier, location, status, notes, last_updated",
     60, 10, 170, inventory_row},
    {"mro_stock", "id, part_number, rack, shelf, bin, quantity, last_counted", 60, 10, 45, stock_row},
    {"mro_stock_transactions",
     "id, part_number, transaction_type, quantity, technician_name, work_order, notes, transaction_date", 0, 60, 80,
     transactions_row},
    {"parts_inventory",
     "id, part_number, description, category, quantity, min_quantity, unit_price, location, supplier, updated_date", 50,
     8, 110, parts_row},
    {"cm_parts_requests",
     "id, cm_number, bfm_equipment_no, part_number, model_number, description, quantity, requested_by, "
     "requested_date, status, notes",
     0, 30, 110, requests_row},
    {"cm_parts_used", "id, cm_number, part_number, quantity_used, total_cost, recorded_date, recorded_by, notes", 0, 40,
     80, used_row},
    {"equipment_missing_parts",
     "id, emp_number, bfm_equipment_no, description, priority, assigned_technician, status, missing_parts, "
     "reported_by, reported_date, closed_date, notes",
     0, 10, 150, missing_parts_row},
    {"cannot_find_assets", "id, bfm_equipment_no, description, location, technician_name, reported_date, status, notes",
     3, 1, 120, not_found_row},
    {"run_to_failure_assets",
     "id, bfm_equipment_no, description, location, technician_name, completion_date, labor_hours, notes", 4, 1, 140,
     to_failure_row},
    {"work_orders",
     "id, wo_number, bfm_equipment_no, wo_type, description, location, requested_by, requested_date, priority, "
     "status, assigned_technician, estimated_hours, actual_hours, completed_date, notes, created_date",
     0, 400, 290, orders_row},
    {"kpi_definitions",
     "id, kpi_name, function_code, description, formula, acceptance_criteria, frequency, is_active", KPI_COUNT, 0, 120,
     kpis_row},
    {"kpi_manual_data",
     "id, kpi_name, measurement_period, data_field, data_value, notes, entered_by, entered_date", 4 * 78, 0, 80,
     manual_row},
    {"kpi_results",
     "id, kpi_name, measurement_period, calculated_value, target_value, meets_criteria, calculated_by, "
     "calculation_date",
     KPI_COUNT * 78, 0, 80, results_row},
    {"kpi_exports", "id, export_name, measurement_period, file_name, exported_by, exported_date", 26, 0, 80,
     exports_row},
    {"audit_log", "id, user_name, action, table_name, record_id, old_values, new_values, notes, action_timestamp", 0,
     500, 170, audit_row},
};
const size_t sample_table_count = sizeof sample_tables / sizeof sample_tables[0];
