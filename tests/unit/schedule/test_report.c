#include "test_util.h"

#include "base/jsonutil.h"
#include "schedule/report.h"

#define DAY  ((int64_t)86400)
#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC, a Monday */
#define SHA  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * 3600 + local->minute * 60 +
           local->second;
}

static const DueZone zone = {to_local, to_moment};

/* What a look has found. */
typedef struct World {
    const char *log;       /* the entries, without the array's brackets; NULL: none */
    LedgerSlot slots[3];   /* moment 0: no more */
    CatalogEntry entries[3];
    size_t entry_count;
    Copy copies[2];
    size_t copy_count;
    const char *alarm, *frozen, *waits, *log_problem;
    bool off, log_broken, copies_unknown;
} World;

/* Of that time, with what the catalog has of it. */
static void build(const World *world, int64_t now, Report *report)
{
    CatalogEntry entries[3];
    memcpy(entries, world->entries, sizeof entries);
    const Catalog catalog = {entries, world->entry_count};
    Settings settings;
    Ledger ledger;
    Copies copies;
    cJSON *log = NULL;
    Error err = ERROR_INIT;
    char *text = mem_printf("[%s]", world->log != NULL ? world->log : "");
    assert_ok(json_parse(text, strlen(text), &log, &err), &err);
    settings_init(&settings);
    settings.enabled = !world->off;
    ledger_init(&ledger);
    copies_init(&copies);
    for (size_t i = 0; i < 3 && world->slots[i].moment != 0; i++) {
        ledger_note(&ledger, &world->slots[i]);
    }
    ledger_note_wait(&ledger, NOON - 10 * 3600, NOON - 3600, NOON, world->waits); /* that of last night 02:00 */
    for (size_t i = 0; i < world->copy_count; i++) {
        copies_set(&copies, &world->copies[i]);
        for (size_t k = 0; k < world->entry_count; k++) {
            if (strcmp(entries[k].name, world->copies[i].file) == 0) {
                entries[k].copy = (Copy *)&world->copies[i];
            }
        }
    }
    const HealthFacts health = {.catalog = &catalog, .configured = true, .frozen = world->alarm, .due_hours = 36,
                                .now = now};
    const ReportFacts facts = {.folder = "C:\\Backups", .health = &health, .settings = &settings, .ledger = &ledger,
                               .copies = &copies, .frozen = world->frozen, .zone = &zone, .log = log, .log_entries = 3,
                               .log_problem = world->log_problem, .log_broken = world->log_broken,
                               .copies_unknown = world->copies_unknown};
    report_build(&facts, report);
    copies_release(&copies);
    ledger_release(&ledger);
    settings_release(&settings);
    cJSON_Delete(log);
    mem_free(text);
}

#define ENTRY(time, operation, status, file, more)                                                         \
    "{\"timestamp\":\"" time "\",\"operation\":\"" operation "\",\"status\":\"" status "\",\"backup_file\":\"" \
    file "\"" more "}"
#define GOOD    ",\"level\":\"verified\""
#define WEAK    ",\"level\":\"read\""
#define A       "cmms_backup_20261129_020000.backup"
#define ON_29TH (NOON - DAY - 10 * 3600) /* 02:00 */
#define LYING(level_, created_)                                                                             \
    {                                                                                                       \
        .name = (char *)A, .created = (created_), .level = (level_), .size = 1000, .rows = -1, .seconds = 5 \
    }

/* What 29 November 2026 was. */
static void days(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        World world;
        DayState state;
        unsigned good, weak, failed, missed, proofs, restores;
    } rows[] = {
        {"nothing", {0}, DAY_NOTHING, 0, 0, 0, 0, 0, 0},
        {"a good one", {.log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, GOOD)}, DAY_GOOD, 1, 0, 0, 0, 0, 0},
        {"a good one, proven since", {.log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, GOOD),
                                      .entries = {LYING(LEVEL_PROVEN, ON_29TH)}, .entry_count = 1},
         DAY_GOOD, 1, 0, 0, 0, 0, 0},
        {"one that is damaged now", {.log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, GOOD),
                                     .entries = {LYING(LEVEL_BAD, ON_29TH)}, .entry_count = 1},
         DAY_WEAK, 0, 1, 0, 0, 0, 0},
        {"one that was only read", {.log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, WEAK)}, DAY_WEAK, 0, 1,
         0, 0, 0, 0},
        {"only read, verified since", {.log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, WEAK),
                                       .entries = {LYING(LEVEL_VERIFIED, ON_29TH)}, .entry_count = 1},
         DAY_GOOD, 1, 0, 0, 0, 0, 0},
        {"the predecessor's", {.log = "{\"timestamp\":\"2026-11-29 02:00:10\",\"backup_file\":\"" A
                                      "\",\"status\":\"success\",\"message\":\"\",\"file_size\":5}"},
         DAY_WEAK, 0, 1, 0, 0, 0, 0},
        {"no log, but it lies here", {.entries = {LYING(LEVEL_VERIFIED, ON_29TH)}, .entry_count = 1}, DAY_GOOD, 1, 0, 0,
         0, 0, 0},
        {"failed", {.log = ENTRY("2026-11-29 02:00:10", "backup", "failed", A, "")}, DAY_FAILED, 0, 0, 1, 0, 0, 0},
        {"failed, by the ledger alone", {.slots = {{ON_29TH, SLOT_FAILED, ON_29TH, 3, NULL, NULL}}}, DAY_FAILED, 0, 0,
         1, 0, 0, 0},
        {"failed, by both", {.log = ENTRY("2026-11-29 02:00:10", "backup", "failed", A, "") ","
                                    ENTRY("2026-11-29 02:15:10", "backup", "failed", A, ""),
                             .slots = {{ON_29TH, SLOT_FAILED, ON_29TH, 2, NULL, NULL}}},
         DAY_FAILED, 0, 0, 2, 0, 0, 0},
        {"missed", {.slots = {{ON_29TH, SLOT_MISSED, NOON, 0, NULL, NULL}}}, DAY_MISSED, 0, 0, 0, 1, 0, 0},
        {"missed, and failed", {.log = ENTRY("2026-11-29 14:00:00", "backup", "failed", A, ""),
                                .slots = {{ON_29TH, SLOT_MISSED, NOON, 0, NULL, NULL}}},
         DAY_FAILED, 0, 0, 1, 1, 0, 0},
        {"missed, failed, and made", {.log = ENTRY("2026-11-29 14:00:00", "backup", "failed", A, "") ","
                                             ENTRY("2026-11-29 15:00:00", "backup", "success", A, GOOD),
                                      .slots = {{ON_29TH, SLOT_MISSED, NOON, 0, NULL, NULL}}},
         DAY_GOOD, 1, 0, 1, 1, 0, 0},
        {"done, by the ledger alone", {.slots = {{ON_29TH, SLOT_DONE, ON_29TH, 1, NULL, NULL}}}, DAY_NOTHING, 0, 0, 0,
         0, 0, 0},
        {"a proof and a restore", {.log = ENTRY("2026-11-29 12:00:00", "prove", "success", A, "") ","
                                          ENTRY("2026-11-29 13:00:00", "prove", "failed", A, "") ","
                                          ENTRY("2026-11-29 14:00:00", "restore", "success", A, "")},
         DAY_NOTHING, 0, 0, 0, 0, 1, 1},
        {"its first second", {.log = ENTRY("2026-11-29 00:00:00", "backup", "success", A, GOOD)}, DAY_GOOD, 1, 0, 0, 0,
         0, 0},
        {"its last", {.log = ENTRY("2026-11-29 23:59:59", "backup", "success", A, GOOD)}, DAY_GOOD, 1, 0, 0, 0, 0, 0},
        {"the next day", {.log = ENTRY("2026-11-30 00:00:00", "backup", "success", A, GOOD)}, DAY_NOTHING, 0, 0, 0, 0,
         0, 0},
        {"no time that there is", {.log = ENTRY("2026-11-29", "backup", "success", A, GOOD) ","
                                          ENTRY("2026-11-29 25:00:00", "backup", "success", A, GOOD) ","
                                          "{\"timestamp\":7,\"status\":\"success\"}, 5, null, \"x\", []"},
         DAY_NOTHING, 0, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Report report;
        report_init(&report);
        build(&rows[i].world, NOON, &report);
        const ReportDay *day = &report.days[REPORT_DAYS - 2];
        assert_int_equal(day->day, clock_days(2026, 11, 29));
        const unsigned got[] = {day->good, day->weak, day->failed, day->missed, day->proofs, day->restores};
        const unsigned wanted[] = {rows[i].good,   rows[i].weak,   rows[i].failed,
                                   rows[i].missed, rows[i].proofs, rows[i].restores};
        if (day->state != rows[i].state || memcmp(got, wanted, sizeof got) != 0) {
            fail_msg("%s: %s, %u %u %u %u %u %u", rows[i].what, day_state_word(day->state), got[0], got[1], got[2],
                     got[3], got[4], got[5]);
        }
        report_release(&report);
    }
}

/* A year and a day, whatever the calendar does; what is before and after it is in none of them. */
static void the_year(void **state)
{
    (void)state;
    static const int64_t moments[] = {NOON, 1835481600 /* 2028-03-01 00:00 */, 1835481599 /* the leap day's end */,
                                      1767225600 /* 2026-01-01 00:00 */};
    for (size_t i = 0; i < TEST_COUNT(moments); i++) {
        Report report;
        CivilTime t;
        report_init(&report);
        clock_utc(moments[i] - (int64_t)REPORT_DAYS * DAY, &t);
        char *before = mem_printf(ENTRY("%04d-%02d-%02d 23:59:59", "backup", "success", A, GOOD) ","
                                  ENTRY("9999-12-31 00:00:00", "backup", "success", "b", GOOD) ","
                                  ENTRY("0001-01-01 00:00:00", "backup", "success", "c", GOOD), t.year, t.month, t.day);
        const World world = {.log = before, .slots = {{moments[i] + 40 * DAY, SLOT_MISSED, NOON, 0, NULL, NULL}}};
        build(&world, moments[i], &report);
        unsigned sum = 0;
        for (int k = 0; k <= DAY_MISSED; k++) {
            sum += report.state_days[k];
        }
        assert_int_equal(sum, REPORT_DAYS);
        assert_int_equal(report.state_days[DAY_NOTHING], REPORT_DAYS);
        assert_int_equal(report.point_count, 0);
        for (int k = 1; k < REPORT_DAYS; k++) {
            assert_int_equal(report.days[k].day, report.days[k - 1].day + 1);
        }
        clock_utc(moments[i], &t);
        assert_int_equal(report.days[REPORT_DAYS - 1].day, clock_days(t.year, t.month, t.day));
        mem_free(before);
        report_release(&report);
    }
}

#define TOOK(bytes, seconds, message) \
    ",\"file_size\":" bytes ",\"seconds\":" seconds ",\"message\":\"" message "\""
#define WHOLE "Restored into cmms: 12 tables"
#define PARTS "Restored 2 tables with 5 rows into the new schema x"

static void what_a_restore_takes(void **state)
{
    (void)state;
    static const struct {
        const char *what, *log;
        bool by_restore;
        double measured, restore; /* < 0: not known */
    } rows[] = {
        {"nothing", NULL, false, -1, -1},
        {"a proof of half the size", ENTRY("2026-11-20 12:00:00", "prove", "success", "x", TOOK("500", "30", "")),
         false, 30, 60},
        {"the newest of two proofs", ENTRY("2026-11-20 12:00:00", "prove", "success", "x", TOOK("500", "30", "")) ","
                                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("1000", "50", "")),
         false, 50, 50},
        {"a restore before a proof", ENTRY("2026-11-20 12:00:00", "restore", "success", "x",
                                           TOOK("1000", "90", WHOLE)) ","
                                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("1000", "50", "")),
         true, 90, 90},
        {"a restore after a proof", ENTRY("2026-11-20 12:00:00", "prove", "success", "x", TOOK("1000", "50", "")) ","
                                    ENTRY("2026-11-21 12:00:00", "restore", "success", "x",
                                          TOOK("2000", "90", WHOLE)),
         true, 90, 45},
        {"a restore of some tables", ENTRY("2026-11-21 12:00:00", "restore", "success", "x", TOOK("1000", "3", PARTS)),
         false, -1, -1},
        {"what failed", ENTRY("2026-11-21 12:00:00", "prove", "failed", "x", TOOK("1000", "3", "")), false, -1, -1},
        {"more than a year ago", ENTRY("2025-11-01 12:00:00", "prove", "success", "x", TOOK("1000", "3", "")), false,
         -1, -1},
        {"nonsense", ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("-5", "3", "")) ","
                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("5", "-3", "")) ","
                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("0", "3", "")) ","
                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("5", "1e300", "")) ","
                     ENTRY("2026-11-21 12:00:00", "prove", "success", "x", TOOK("\"5\"", "[]", "")),
         false, -1, -1},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const World world = {.log = rows[i].log, .entries = {LYING(LEVEL_VERIFIED, ON_29TH)}, .entry_count = 1};
        Report report;
        report_init(&report);
        build(&world, NOON, &report);
        const bool near = report.measured_seconds - rows[i].measured < 0.01 &&
                          rows[i].measured - report.measured_seconds < 0.01 &&
                          report.restore_seconds - rows[i].restore < 0.01 &&
                          rows[i].restore - report.restore_seconds < 0.01;
        if (!near || report.by_restore != rows[i].by_restore) {
            fail_msg("%s: %f, %f", rows[i].what, report.measured_seconds, report.restore_seconds);
        }
        report_release(&report);
    }
}

static void how_things_stand(void **state)
{
    (void)state;
    const World world = {
        .log = ENTRY("2026-11-29 02:00:10", "backup", "success", A, GOOD TOOK("900", "4", "")),
        .entries = {{.name = (char *)"newest.backup", .created = NOON - 3600, .level = LEVEL_BAD, .size = 1100,
                     .rows = -1, .seconds = -1},
                    LYING(LEVEL_VERIFIED, ON_29TH),
                    {.name = (char *)"old.backup", .created = NOON - 400 * DAY, .level = LEVEL_NONE, .size = 1,
                     .rows = -1, .seconds = -1}},
        .entry_count = 3,
        .copies = {{.file = (char *)A, .bytes = 1000, .sha256 = (char *)SHA, .state = COPY_THERE, .when = NOON,
                    .hash = true},
                   {.file = (char *)"gone.backup", .bytes = 1, .sha256 = (char *)SHA, .state = COPY_THERE,
                    .when = NOON}},
        .copy_count = 2,
        .alarm = "a table lost its rows",
        .frozen = "a table lost its rows",
        .log_problem = "entry 5 does not follow"};
    Report report;
    report_init(&report);
    report_notice(&report, "first");
    report_notice(&report, NULL);
    report_notice(&report, "second");
    build(&world, NOON, &report);
    assert_int_equal(report.notice_count, 2);
    assert_string_equal(report.notices[1], "second");
    assert_string_equal(report.last_good, A);
    assert_true(report.last_good_at == ON_29TH);
    assert_string_equal(report.next_text, "tonight 02:00");
    assert_false(report.protection.holds);
    assert_int_equal(report.health.state, HEALTH_WARNING);
    assert_true(report.here == 2 && report.both == 1 && report.there == 1 && report.waiting == 0);
    assert_string_equal(report.frozen, "a table lost its rows");
    assert_int_equal(report.backup_count, 3);
    assert_true(report.backups[1].offsite && !report.backups[0].offsite);
    /* The log's size and duration of one that it has, the manifest's of the other; the oldest is of no day. */
    assert_int_equal(report.point_count, 2);
    assert_true(report.points[0].bytes == 900 && report.points[0].seconds > 3.9 && report.points[0].seconds < 4.1);
    assert_true(report.points[1].bytes == 1100 && report.points[1].seconds < 0);
    assert_int_equal(report.state_days[DAY_WEAK], 1);
    const World off = {.off = true};
    build(&off, NOON, &report);
    assert_null(report.last_good);
    assert_true(report.next == 0 && report.next_text == NULL);
    assert_null(report.frozen);
    assert_int_equal(report.notice_count, 2);
    report_release(&report);
}

/* A person has stopped clean-ups: nothing goes, and nobody is alarmed. And a slot that waits is no backup. */
static void stopped_and_waiting(void **state)
{
    (void)state;
    World world = {.entries = {LYING(LEVEL_VERIFIED, ON_29TH)}, .entry_count = 1, .frozen = "ana asked for it",
                   .slots = {{ON_29TH, SLOT_DONE, ON_29TH, 1, NULL, NULL}}, .waits = "the network is metered"};
    Report report;
    report_init(&report);
    build(&world, NOON, &report);
    assert_string_equal(report.frozen, "ana asked for it");
    assert_int_equal(report.health.state, HEALTH_GOOD);
    assert_string_equal(report.waits, "the network is metered");
    assert_string_equal(report.protection.facts[FACT_SLOT].text,
                        "the backup of last night 02:00 waits: the network is metered");
    world.slots[1] = (LedgerSlot){NOON - 10 * 3600, SLOT_DONE, NOON, 1, NULL, NULL};
    build(&world, NOON, &report);
    assert_null(report.waits);
    report_release(&report);
}

/* Many entries: the newest are shown, all are counted. */
static void events(void **state)
{
    (void)state;
    StrBuf log;
    Report report;
    strbuf_init(&log, STRBUF_LARGE);
    report_init(&report);
    for (int i = 0; i < 40; i++) {
        strbuf_addf(&log, "%s" ENTRY("2026-11-%02d 12:00:%02d", "prove", "failed", "f%d", "") ","
                          ENTRY("2026-11-01 12:00:00", "sign-in", "failed", "", ""),
                    i > 0 ? "," : "", 1 + i / 2, i, i);
    }
    const World world = {.log = log.buf};
    build(&world, NOON, &report);
    assert_int_equal(report.failures.total, 40);
    assert_int_equal(report.failures.count, REPORT_EVENTS);
    assert_string_equal(report.failures.items[0].file, "f39");
    assert_string_equal(report.failures.items[0].when, "2026-11-20 12:00:39");
    assert_string_equal(report.failures.items[REPORT_EVENTS - 1].file, "f25");
    assert_false(report.failures.items[0].ok);
    assert_int_equal(report.proofs.total, 0);
    report_release(&report);
    strbuf_release(&log);
}

static size_t count(const char *page, const char *what)
{
    size_t found = 0;
    for (const char *at = strstr(page, what); at != NULL; at = strstr(at + 1, what)) {
        found++;
    }
    return found;
}

/* Every element that is opened is closed, in order; text outside of tags has no '<' or '>' of its own. */
static void assert_well_formed(const char *page)
{
    static const char *const empty[] = {"meta", "br", "!DOCTYPE"};
    const char *open[64];
    size_t depth = 0;
    for (const char *at = strchr(page, '<'); at != NULL; at = strchr(at, '<')) {
        const char *end = strchr(at, '>');
        assert_non_null(end);
        const bool closes = at[1] == '/';
        const char *name = at + (closes ? 2 : 1);
        const size_t len = strcspn(name, " />");
        bool alone = end[-1] == '/';
        for (size_t i = 0; i < TEST_COUNT(empty); i++) {
            alone = alone || (len == strlen(empty[i]) && strncmp(name, empty[i], len) == 0);
        }
        if (closes) {
            assert_true(depth > 0);
            depth--;
            if (strcspn(open[depth], " />") != len || strncmp(open[depth], name, len) != 0) {
                fail_msg("%.20s closes %.20s", at, open[depth]);
            }
        } else if (!alone) {
            assert_true(depth < TEST_COUNT(open));
            open[depth++] = name;
        }
        at = end;
    }
    assert_int_equal(depth, 0);
}

#define EVIL "<script>alert('\\\"&')</script>\xE2\x80\xAE\xD7\xA9"

static void a_page_of_hostile_texts(void **state)
{
    (void)state;
    const World world = {
        .log = ENTRY("2026-11-29 02:00:10", "backup", "failed", EVIL, ",\"message\":\"" EVIL "\"") ","
               ENTRY("2026-11-29 03:00:10", "prove", "success", EVIL, TOOK("1000", "3", EVIL)) ","
               ENTRY("2026-11-29 03:00:10", "restore", "success", EVIL, TOOK("1000", "3", WHOLE EVIL)) ","
               ENTRY("2026-11-28 03:00:10", "backup", "success", EVIL, GOOD TOOK("1e15", "5e8", EVIL)),
        .slots = {{NOON - 5 * DAY, SLOT_MISSED, NOON, 0, NULL, NULL}},
        .entries = {{.name = (char *)"<b>\"'&.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED, .size = 5,
                     .rows = -1, .seconds = 1},
                    LYING(LEVEL_PROVEN, ON_29TH)},
        .entry_count = 2,
        .frozen = "<i>" EVIL,
        .waits = "<i>" EVIL,
        .log_problem = EVIL,
        .log_broken = true};
    Report report;
    StrBuf page;
    report_init(&report);
    strbuf_init(&page, STRBUF_LARGE);
    report_notice(&report, "<u>");
    build(&world, NOON, &report);
    report_page(&report, &page);
    assert_false(page.full);
    static const char *const not_there[] = {"<script", "<i>", "<u>", "<b>", "\xE2\x80\xAE", "http:", "https:", "src=",
                                            "href=", "onload", "url("};
    for (size_t i = 0; i < TEST_COUNT(not_there); i++) {
        if (strstr(page.buf, not_there[i]) != NULL) {
            fail_msg("the page has %s", not_there[i]);
        }
    }
    assert_non_null(strstr(page.buf, "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;[U+202E]\xD7\xA9"));
    assert_int_equal(count(page.buf, "<g><title>"), REPORT_DAYS);
    assert_non_null(strstr(page.buf, "<title>2026-11-29, 1 good, 1 failed, 1 proven, 1 restored</title>"));
    assert_non_null(strstr(page.buf, "<title>2026-11-25, 1 missed</title>"));
    assert_non_null(strstr(page.buf, "<title>2025-11-30, nothing</title>"));
    assert_well_formed(page.buf);
    cJSON *document = report_document(&report);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(document, "days")), 4);
    assert_false(json_bool(document, "protected", true));
    assert_false(json_bool(cJSON_GetObjectItemCaseSensitive(document, "log"), "holds", true));
    cJSON_Delete(document);
    strbuf_release(&page);
    report_release(&report);
}

static void assert_on_page(const Report *report, const char *text, size_t times)
{
    StrBuf page;
    strbuf_init(&page, STRBUF_LARGE);
    report_page(report, &page);
    if (count(page.buf, text) != times) {
        fail_msg("%s: %zu times on the page", text, count(page.buf, text));
    }
    strbuf_release(&page);
}

/* A log that cannot tell is none that says that nothing happened; and one that was busy is no broken one. */
static void what_the_log_cannot_tell(void **state)
{
    (void)state;
    World world = {.entries = {LYING(LEVEL_PROVEN, ON_29TH)}, .entry_count = 1, .log_problem = "it is busy"};
    Report report;
    world.entries[0].proven = ON_29TH;
    report_init(&report);
    build(&world, NOON, &report);
    assert_int_equal(report.days[REPORT_DAYS - 2].proofs, 1);
    assert_int_equal(report.proofs.total, 1);
    assert_string_equal(report.proofs.items[0].when, "2026-11-29 02:00:00");
    assert_on_page(&report, "Proven, as its manifest says", 1);
    assert_on_page(&report, "The log cannot tell: it is busy", 2); /* of restores, and of failures */
    assert_on_page(&report, "not known: the log cannot tell", 1);
    assert_on_page(&report, "it could not be checked: it is busy", 1);
    assert_on_page(&report, "in the last year.", 0);
    cJSON *document = report_document(&report);
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(document, "log"), "holds")));
    cJSON_Delete(document);
    world.log = ENTRY("2026-11-29 02:00:00", "prove", "success", A, "");
    world.log_broken = true;
    build(&world, NOON, &report);
    assert_int_equal(report.proofs.total, 1); /* it has an entry */
    assert_on_page(&report, "it does not hold: it is busy", 1);
    world.log = NULL;
    world.log_problem = NULL;
    build(&world, NOON, &report);
    assert_int_equal(report.proofs.total, 0); /* one that tells all */
    assert_false(report.log_broken);
    assert_on_page(&report, "No backup was proven in the last year.", 1);
    report_release(&report);
}

/* Of a clock that was wrong, or of another hand: they are not lost without a word. Tomorrow is another zone's today. */
static void times_that_cannot_be(void **state)
{
    (void)state;
    const World world = {.log = ENTRY("2027-11-30 02:00:00", "backup", "failed", A, "") ","
                                ENTRY("2026-12-02 00:00:00", "backup", "failed", A, "") ","
                                ENTRY("30.11.2026 02:00", "backup", "failed", A, "") ","
                                ENTRY("2026-12-01 01:00:00", "backup", "failed", A, "")};
    const World one = {.log = ENTRY("2027-11-30 02:00:00", "backup", "failed", A, "")};
    Report report;
    report_init(&report);
    build(&world, NOON, &report);
    assert_int_equal(report.log_odd, 3);
    assert_int_equal(report.failures.total, 1);
    assert_int_equal(report.days[REPORT_DAYS - 1].failed, 1);
    assert_int_equal(report.notice_count, 1);
    assert_string_equal(report.notices[0], "3 entries of the log have a time that cannot be: not in here");
    report_release(&report);
    build(&one, NOON, &report);
    assert_string_equal(report.notices[0], "1 entry of the log has a time that cannot be: not in here");
    report_release(&report);
}

/* Nobody who keeps copies elsewhere is told that there are none. */
static void what_is_known_of_copies(void **state)
{
    (void)state;
    World world = {.entries = {LYING(LEVEL_VERIFIED, ON_29TH)}, .entry_count = 1};
    Report report;
    report_init(&report);
    build(&world, NOON, &report);
    assert_on_page(&report, "1 without a copy on SharePoint, 0 with one; 0 there alone; 0 wait for their copy", 1);
    world.copies_unknown = true;
    build(&world, NOON, &report);
    assert_on_page(&report, "not known: the record of the copies on SharePoint could not be read", 1);
    cJSON *document = report_document(&report);
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(document, "copies")));
    cJSON_Delete(document);
    report_release(&report);
}

/* Nothing at all, and as much as there can be. */
static void the_ends(void **state)
{
    (void)state;
    StrBuf log, page;
    Report report;
    report_init(&report);
    strbuf_init(&log, STRBUF_LARGE);
    strbuf_init(&page, STRBUF_LARGE);
    const World nothing = {.off = true};
    build(&nothing, NOON, &report);
    report_page(&report, &page);
    assert_well_formed(page.buf);
    assert_non_null(strstr(page.buf, "There is no backup in the folder."));
    assert_int_equal(count(page.buf, "<polyline"), 0);
    strbuf_clear(&page);
    for (int i = 0; i < 5000; i++) {
        strbuf_addf(&log, "%s" ENTRY("2026-%02d-%02d %02d:00:00", "backup", "success", "f%d",
                                     GOOD ",\"file_size\":%d,\"seconds\":0"),
                    i > 0 ? "," : "", 1 + i % 11, 1 + i / 11 % 28, i % 24, i, i);
    }
    const World much = {.log = log.buf};
    build(&much, NOON, &report);
    assert_int_equal(report.point_count, 5000);
    for (size_t i = 1; i < report.point_count; i++) {
        assert_true(report.points[i - 1].when <= report.points[i].when);
    }
    report_page(&report, &page);
    assert_false(page.full);
    assert_well_formed(page.buf);
    assert_int_equal(count(page.buf, "<polyline"), 2);
    strbuf_release(&page);
    strbuf_release(&log);
    report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days),
        cmocka_unit_test(the_year),
        cmocka_unit_test(what_a_restore_takes),
        cmocka_unit_test(how_things_stand),
        cmocka_unit_test(stopped_and_waiting),
        cmocka_unit_test(events),
        cmocka_unit_test(a_page_of_hostile_texts),
        cmocka_unit_test(what_the_log_cannot_tell),
        cmocka_unit_test(times_that_cannot_be),
        cmocka_unit_test(what_is_known_of_copies),
        cmocka_unit_test(the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
