#include "test_util.h"

#include "schedule/waiting.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define SPRING ((int64_t)1774746000) /* 2026-03-29 01:00 UTC: 02:00 becomes 03:00 in Berlin */
#define AUTUMN ((int64_t)1792890000) /* 2026-10-25 01:00 UTC: 03:00 becomes 02:00 */

static int64_t iso(const char *text)
{
    int64_t moment = 0;
    assert_true(clock_parse_iso(text, &moment));
    return moment;
}

static void berlin(int64_t moment, CivilTime *out)
{
    clock_utc(moment + (moment >= SPRING && moment < AUTUMN ? 2 : 1) * HOUR, out);
}

static void utc(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

/* These only ask what the clock shows. */
static int64_t no_moment(const CivilTime *local)
{
    (void)local;
    return -1;
}

static const DueZone berlin_zone = {berlin, no_moment}, utc_zone = {utc, no_moment};

#define AT(from_hour, from_minute, to_hour, to_minute) \
    {(from_hour) * 60 + (from_minute), (to_hour) * 60 + (to_minute)}

static void hours(void **state)
{
    (void)state;
    static const struct {
        DayHours hours;
        const char *now, *end; /* NULL: it is none of them */
    } rows[] = {
        {AT(22, 0, 6, 0), "2026-11-30T20:59:59Z", NULL},
        {AT(22, 0, 6, 0), "2026-11-30T21:00:00Z", "2026-12-01T05:00:00Z"},
        {AT(22, 0, 6, 0), "2026-11-30T22:59:59Z", "2026-12-01T05:00:00Z"},
        {AT(22, 0, 6, 0), "2026-11-30T23:00:00Z", "2026-12-01T05:00:00Z"},
        {AT(22, 0, 6, 0), "2026-12-01T04:59:59Z", "2026-12-01T05:00:00Z"},
        {AT(22, 0, 6, 0), "2026-12-01T05:00:00Z", NULL},
        {AT(8, 0, 17, 0), "2026-11-30T06:59:59Z", NULL},
        {AT(8, 0, 17, 0), "2026-11-30T07:00:00Z", "2026-11-30T16:00:00Z"},
        {AT(8, 0, 17, 0), "2026-11-30T16:00:00Z", NULL},
        {AT(0, 0, 0, 0), "2026-11-30T12:00:00Z", NULL},
        {AT(9, 0, 9, 0), "2026-11-30T08:00:00Z", NULL},
        {AT(23, 59, 0, 0), "2026-11-30T22:59:30Z", "2026-11-30T23:00:00Z"},
        {AT(0, 0, 23, 59), "2026-11-30T11:00:00Z", "2026-11-30T22:59:00Z"},
        {AT(6, 0, 5, 59), "2026-11-30T11:00:00Z", "2026-12-01T04:59:00Z"},
        /* The night that is an hour shorter: an end that there is not is the jump. */
        {AT(22, 0, 6, 0), "2026-03-28T22:00:00Z", "2026-03-29T04:00:00Z"},
        {AT(1, 30, 2, 30), "2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z"},
        {AT(2, 0, 3, 0), "2026-03-29T00:59:59Z", NULL},
        {AT(2, 0, 3, 0), "2026-03-29T01:00:00Z", NULL},
        /* And the one that is longer: an hour that comes twice counts twice. */
        {AT(22, 0, 6, 0), "2026-10-24T21:00:00Z", "2026-10-25T05:00:00Z"},
        {AT(2, 0, 3, 0), "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"},
        {AT(2, 30, 3, 0), "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"},
        {AT(2, 30, 3, 0), "2026-10-25T01:00:00Z", NULL},
        {AT(2, 30, 3, 0), "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t end = 7;
        const bool in = waiting_in_hours(&rows[i].hours, &berlin_zone, iso(rows[i].now), &end);
        if (in != (rows[i].end != NULL) || end != (rows[i].end ? iso(rows[i].end) : 7)) {
            print_error("row %u at %s: %d until %lld\n", (unsigned)i, rows[i].now, in, (long long)end);
            fail();
        }
    }
    /* However the clock is set, a day has as many minutes of them as they say. */
    static const DayHours night = AT(22, 0, 6, 0);
    int minutes = 0;
    for (int64_t moment = iso("2026-11-30T12:00:00Z"); moment < iso("2026-12-01T12:00:00Z"); moment += 60) {
        minutes += waiting_in_hours(&night, &berlin_zone, moment, NULL);
    }
    assert_int_equal(minutes, 8 * 60);
    assert_text(waiting_hours_text(&night), "22:00 to 06:00");
}

#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */
#define USUAL {true, true, 20, {0, 0}, 2}
#define QUIET {true, true, 20, AT(8, 0, 17, 0), 2}

static void decides(void **state)
{
    (void)state;
    static const char low[] = "the battery is at 19 %, and below 20 % it waits to be plugged in";
    static const char quiet[] = "from 08:00 to 17:00 it is quiet";
    static const struct {
        const char *what;
        WaitingRules rules;
        const char *conditions;
        int64_t began; /* so long ago; 0: it did not wait yet */
        bool waits;
        const char *why;
        int64_t since, again; /* after NOON; those of nothing: 0 */
    } rows[] = {
        {"nothing is known", USUAL, "", 0, false, NULL, 0, 0},
        {"plugged in", USUAL, "mains", 0, false, NULL, 0, 0},
        {"a battery of which nothing is known", USUAL, "battery", 0, false, NULL, 0, 0},
        {"charge enough", USUAL, "battery=20", 0, false, NULL, 0, 0},
        {"too little", USUAL, "battery=19", 0, true, low, 0, WAITING_LOOK},
        {"no limit", {true, true, 0, {0, 0}, 2}, "battery=0", 0, false, NULL, 0, 0},
        {"not on battery at all", {false, true, 20, {0, 0}, 2}, "battery=90", 0, true, "the PC is not plugged in", 0,
         WAITING_LOOK},
        {"nor on one of which nothing is known", {false, true, 20, {0, 0}, 2}, "battery", 0, true,
         "the PC is not plugged in", 0, WAITING_LOOK},
        {"metered, and it may", USUAL, "metered", 0, false, NULL, 0, 0},
        {"metered", {true, false, 20, {0, 0}, 2}, "metered", 0, true, "the network is metered", 0, WAITING_LOOK},
        {"quiet", QUIET, "", 0, true, quiet, 0, 5 * HOUR},
        {"the battery is said before the hour", QUIET, "battery=19", 0, true, low, 0, WAITING_LOOK},
        {"for a day", USUAL, "battery=19", DAY, true, low, -DAY, WAITING_LOOK},
        {"almost long enough", QUIET, "", 2 * DAY - 60, true, quiet, -2 * DAY + 60, 60},
        {"long enough", USUAL, "battery=19", 2 * DAY, false, low, -2 * DAY, 0},
        {"and much longer, for another reason", QUIET, "", 90 * DAY, false, quiet, -90 * DAY, 0},
        {"no patience", {false, false, 20, AT(8, 0, 17, 0), 0}, "battery=1,metered", 0, false, NULL, 0, 0},
        /* Clocks: set back over its beginning, by an hour and by a year. */
        {"the clock was set back", USUAL, "battery=19", -HOUR, true, low, HOUR, WAITING_LOOK},
        {"the clock was a year ahead", USUAL, "battery=19", -365 * DAY, true, low, 0, WAITING_LOOK},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Conditions conditions;
        WaitingLook look;
        waiting_look_init(&look);
        conditions_parse(rows[i].conditions, &conditions);
        waiting_look(&rows[i].rules, &conditions, &utc_zone, rows[i].began ? NOON - rows[i].began : 0, NOON, &look);
        const bool said = look.why && rows[i].why ? strcmp(look.why, rows[i].why) == 0 : look.why == rows[i].why;
        if (look.waits != rows[i].waits || !said) {
            print_error("%s: %d, %s\n", rows[i].what, look.waits, look.why ? look.why : "(nothing)");
            fail();
        }
        assert_int_equal(look.since, rows[i].why ? NOON + rows[i].since : 0);
        if (look.waits) {
            assert_int_equal(look.again, NOON + rows[i].again);
            assert_int_equal(look.latest, look.since + rows[i].rules.days * DAY);
        }
        waiting_look_release(&look);
    }
}

/* Whatever the hour, and over both changes of the clocks: a slot that has begun to wait is run within its days. */
static void never_longer(void **state)
{
    (void)state;
    static const DayHours all[] = {AT(22, 0, 6, 0), AT(0, 0, 23, 59), AT(2, 0, 3, 0), AT(1, 30, 2, 30)};
    static const int64_t starts[] = {SPRING - DAY, AUTUMN - DAY, NOON};
    for (size_t i = 0; i < TEST_COUNT(all) * TEST_COUNT(starts) * 2; i++) {
        const WaitingRules rules = {i % 2 == 0, true, 20, all[i / 2 % TEST_COUNT(all)], 2};
        const int64_t start = starts[i / 2 / TEST_COUNT(all)];
        int64_t now = start, since = 0;
        Conditions conditions;
        WaitingLook look;
        waiting_look_init(&look);
        conditions_parse("battery=50", &conditions);
        waiting_look(&rules, &conditions, &berlin_zone, since, now, &look);
        while (look.waits) {
            assert_true(look.again > now); /* or it would be looked at without end */
            now = look.again;
            since = look.since;
            waiting_look(&rules, &conditions, &berlin_zone, since, now, &look);
        }
        assert_true(now >= start && now - start <= 2 * DAY);
        waiting_look_release(&look);
    }
}

static void of_settings(void **state)
{
    (void)state;
    Settings settings;
    Error err = ERROR_INIT;
    settings_init(&settings);
    WaitingRules rules = waiting_rules(&settings);
    assert_true(rules.on_battery && rules.on_metered && rules.quiet.from == rules.quiet.to);
    assert_int_equal(rules.battery_percent, 20);
    assert_int_equal(rules.days, 2);
    assert_ok(settings_set(&settings, "on_battery", "false", &err), &err);
    assert_ok(settings_set(&settings, "on_metered", "false", &err), &err);
    assert_ok(settings_set(&settings, "battery_percent", "40", &err), &err);
    assert_ok(settings_set(&settings, "quiet_hours", "22:00-6:00", &err), &err);
    assert_ok(settings_set(&settings, "wait_days", "5", &err), &err);
    rules = waiting_rules(&settings);
    assert_true(!rules.on_battery && !rules.on_metered);
    assert_int_equal(rules.battery_percent, 40);
    assert_int_equal(rules.quiet.from, 22 * 60);
    assert_int_equal(rules.quiet.to, 6 * 60);
    assert_int_equal(rules.days, 5);
    settings_release(&settings);
}

/* What the ledger says counts for as long as somebody keeps it. */
static void why_now(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t slot, now; /* after SINCE */
        int days;
        bool failed, waits;
    } rows[] = {
        {"it waits", 0, 600, 2, false, true},
        {"another slot does", 60, 600, 2, false, false},
        {"an hour after it was to be looked at", 0, 900 + 3600, 2, false, true},
        {"and a second", 0, 900 + 3601, 2, false, false},
        {"nothing waits any more", 0, 600, 0, false, false},
        {"it has failed since", 0, 600, 2, true, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const int64_t since = 1796040000;
        const LedgerSlot failed = {since, SLOT_FAILED, since, 1, NULL, NULL};
        Ledger ledger;
        ledger_init(&ledger);
        ledger_note_wait(&ledger, since, since, since + 900, "the network is metered");
        if (rows[i].failed) {
            ledger_note(&ledger, &failed);
        }
        const char *why = waiting_why(&ledger, rows[i].days, since + rows[i].slot, since + rows[i].now);
        if ((why != NULL) != rows[i].waits) {
            print_error("%s: %s\n", rows[i].what, why ? why : "(none)");
            fail();
        }
        ledger_release(&ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours),
        cmocka_unit_test(decides),
        cmocka_unit_test(never_longer),
        cmocka_unit_test(of_settings),
        cmocka_unit_test(why_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
